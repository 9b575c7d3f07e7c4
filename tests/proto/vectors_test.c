/* SPDX-License-Identifier: MPL-2.0
 *
 * vectors_test.c: proto/vectors/ as a specification. The files come from another implementation, make.py;
 * each event vector runs under its own name.
 */
#include "support.h"
#include "tandem/pack.h"
#include "tandem/run.h"

#include <jansson.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static json_t *read_json(const char *path)
{
    tdm_buf file = tree_file(path);
    json_t *json = json_loadb((const char *)file.data, file.len, JSON_ALLOW_NUL, NULL);
    tdm_buf_free(&file);
    assert_non_null(json);
    return json;
}

static const char *text(const json_t *row, const char *key)
{
    const char *value = json_string_value(json_object_get(row, key));
    assert_non_null(value);
    return value;
}

static tdm_buf bytes_of(const json_t *row, const char *key)
{
    return hex_bytes(text(row, key));
}

static void fill(void *out, size_t len, const json_t *row, const char *key)
{
    assert_true(tdm_unhex(out, len, tdm_span_text(text(row, key))));
}

static void check_valid(const json_t *row, tdm_span bytes)
{
    tdm_event event;
    tdm_err err = { 0 };
    tdm_span line = tdm_span_text(text(row, "json"));
    tdm_buf out = { 0 };
    if (tdm_event_decode(bytes, &event, &err) != TDM_OK || tdm_event_to_json(&event, &out, &err) != TDM_OK)
        fail_msg("%s", err.what);
    if (!tdm_span_equal(tdm_buf_span(&out), line))
        fail_msg("printed %.*s", (int)out.len, (const char *)out.data);
    tdm_buf_clear(&out);
    if (tdm_event_from_json(line, &out, &err) != TDM_OK)
        fail_msg("%s", err.what);
    assert_true(tdm_span_equal(tdm_buf_span(&out), bytes));
    tdm_buf_clear(&out);
    assert_int_equal(tdm_event_encode(&event, event.payload, &out, &err), TDM_OK);
    assert_true(tdm_span_equal(tdm_buf_span(&out), bytes));
    tdm_buf_free(&out);
}

static void check_refused(const json_t *row, tdm_span bytes)
{
    tdm_event event;
    tdm_err err = { 0 };
    assert_int_not_equal(tdm_event_decode(bytes, &event, &err), TDM_OK);
    if (strstr(err.what, text(row, "error")) == NULL)
        fail_msg("the reason is: %s", err.what);
}

static void check_event(void **state)
{
    const json_t *row = *state;
    tdm_buf bytes = bytes_of(row, "hex");
    if (json_is_true(json_object_get(row, "valid")))
        check_valid(row, tdm_buf_span(&bytes));
    else
        check_refused(row, tdm_buf_span(&bytes));
    tdm_buf_free(&bytes);
}

static void every_type_has_a_vector(void **state)
{
    const json_t *events = *state;
    size_t count;
    const tdm_type *types = tdm_types(&count);
    for (size_t i = 0; i < count; i++) {
        size_t found = 0;
        for (size_t k = 0; k < json_array_size(events); k++) {
            const char *name = text(json_array_get(events, k), "name");
            size_t len = strlen(types[i].name);
            found += strncmp(name, types[i].name, len) == 0 && name[len] == ':';
        }
        if (found == 0 && types[i].scope == TDM_SCOPE_SYSTEM)
            fail_msg("%s has none; run proto/vectors/make.py", types[i].name);
    }
    assert_true(json_array_size(events) >= 60);
}

static void check_run(const json_t *row)
{
    tdm_digest leaves[TDM_RUN_EVENTS_MAX];
    tdm_digest expected;
    tdm_digest root;
    tdm_digest previous;
    const json_t *events = json_object_get(row, "events");
    size_t count = json_array_size(events);
    for (size_t i = 0; i < count; i++) {
        tdm_buf event = hex_bytes(json_string_value(json_array_get(events, i)));
        tdm_event_digest(tdm_buf_span(&event), &leaves[i]);
        tdm_buf_free(&event);
    }
    tdm_run_root(leaves, count, &root);
    fill(&expected, sizeof expected, row, "root");
    assert_true(tdm_digest_equal(&root, &expected));
    fill(&previous, sizeof previous, row, "previous");
    tdm_run_head(&previous, &root, &leaves[0]);
    fill(&expected, sizeof expected, row, "head");
    assert_true(tdm_digest_equal(&leaves[0], &expected));
}

static void check_seal(const json_t *row)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    uint8_t incarnation[8];
    tdm_seal_key key;
    tdm_id origin;
    tdm_digest head;
    tdm_seal seal;
    tdm_seal expected;
    fill(seed, sizeof seed, row, "seed");
    crypto_sign_seed_keypair(key.public_key, key.secret_key, seed);
    fill(&origin, sizeof origin, row, "origin");
    fill(incarnation, sizeof incarnation, row, "incarnation");
    fill(&head, sizeof head, row, "head");
    fill(expected.key, sizeof expected.key, row, "public");
    fill(expected.signature, sizeof expected.signature, row, "signature");
    tdm_value number = { .bytes = { incarnation, sizeof incarnation } };
    uint64_t last = (uint64_t)json_integer_value(json_object_get(row, "last"));
    tdm_seal_sign(&key, &origin, tdm_value_incarnation(&number), last, &head, &seal);
    assert_memory_equal(seal.key, expected.key, sizeof seal.key);
    assert_memory_equal(seal.signature, expected.signature, sizeof seal.signature);
    assert_int_equal(tdm_seal_check(&seal, &origin, tdm_value_incarnation(&number), &head, NULL), TDM_OK);
}

static void check_proof(const json_t *row)
{
    tdm_buf event_bytes = bytes_of(row, "event");
    tdm_buf proof_bytes = bytes_of(row, "proof");
    tdm_buf again = { 0 };
    tdm_event event;
    tdm_proof proof;
    assert_int_equal(tdm_event_decode(tdm_buf_span(&event_bytes), &event, NULL), TDM_OK);
    assert_int_equal(tdm_proof_decode(tdm_buf_span(&proof_bytes), &proof, NULL), TDM_OK);
    assert_int_equal(tdm_proof_check(&proof, &event, NULL), TDM_OK);
    tdm_proof_encode(&proof, &again);
    assert_true(tdm_span_equal(tdm_buf_span(&again), tdm_buf_span(&proof_bytes)));
    tdm_buf_free(&again);
    tdm_buf_free(&event_bytes);
    tdm_buf_free(&proof_bytes);
}

static void check_assertion(const json_t *row)
{
    tdm_buf bytes = bytes_of(row, "event");
    tdm_event event;
    tdm_record record;
    tdm_digest expected;
    tdm_digest digest;
    assert_int_equal(tdm_event_decode(tdm_buf_span(&bytes), &event, NULL), TDM_OK);
    assert_int_equal(tdm_record_decode(event.type, event.payload, &record, NULL), TDM_OK);
    tdm_assertion_digest(&event.origin, event.subject, &event.fact, &record, &digest);
    fill(&expected, sizeof expected, row, "digest");
    assert_true(tdm_digest_equal(&digest, &expected));
    tdm_buf_free(&bytes);
}

static const struct run_vectors {
    const char *name;
    const char *key;
    void (*check)(const json_t *row);
} RUNS[] = {
    { "roots and heads are those of the file", "runs", check_run },
    { "seals are those of the file", "seals", check_seal },
    { "proofs of the file hold and are written the same", "proofs", check_proof },
    { "assertion digests are those of the file", "assertions", check_assertion },
};

static void check_runs(void **state)
{
    const struct run_vectors *vectors = *state;
    json_t *file = read_json("proto/vectors/runs.json");
    const json_t *rows = json_object_get(file, vectors->key);
    assert_true(json_array_size(rows) >= 3);
    for (size_t i = 0; i < json_array_size(rows); i++)
        vectors->check(json_array_get(rows, i));
    json_decref(file);
}

int main(void)
{
    json_t *events = read_json("proto/vectors/events.json");
    size_t rows = json_array_size(events);
    struct CMUnitTest *tests = calloc(rows + TDM_COUNT(RUNS) + 1, sizeof *tests);
    size_t count = 0;
    for (size_t i = 0; i < rows; i++) {
        json_t *row = json_array_get(events, i);
        tests[count++] = (struct CMUnitTest){ text(row, "name"), check_event, NULL, NULL, row };
    }
    for (size_t i = 0; i < TDM_COUNT(RUNS); i++)
        tests[count++] = (struct CMUnitTest){ RUNS[i].name, check_runs, NULL, NULL, (void *)&RUNS[i] };
    tests[count++] =
        (struct CMUnitTest){ "every event type has a vector", every_type_has_a_vector, NULL, NULL, events };
    int failed = _cmocka_run_group_tests("vectors", tests, count, NULL, NULL);
    free(tests);
    json_decref(events);
    return failed;
}
