/* SPDX-License-Identifier: MPL-2.0
 *
 * run_test.c: roots against the recursion of RFC 6962, proofs and seals that cannot be bent, and what an
 * assertion digest depends on.
 */
#include "support.h"
#include "tandem/pack.h"
#include "tandem/run.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* RFC 6962 section 2.1 word by word: split at the largest power of two below the count. */
static tdm_digest tree(const tdm_digest *leaves, size_t count)
{
    if (count == 1)
        return leaves[0];
    size_t k = 1;
    while (2 * k < count)
        k *= 2;
    uint8_t bytes[65] = { 1 };
    tdm_digest left = tree(leaves, k);
    tdm_digest right = tree(leaves + k, count - k);
    tdm_digest out;
    memcpy(bytes + 1, left.bytes, 32);
    memcpy(bytes + 33, right.bytes, 32);
    crypto_hash_sha256(out.bytes, bytes, sizeof bytes);
    return out;
}

static void fill_leaves(tdm_digest *leaves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        crypto_hash_sha256(leaves[i].bytes, (const uint8_t *)&i, sizeof i);
}

static void roots_are_those_of_the_rfc(void **state)
{
    (void)state;
    tdm_digest leaves[TDM_RUN_EVENTS_MAX];
    for (size_t count = 1; count <= TDM_RUN_EVENTS_MAX; count += count < 70 ? 1 : 53) {
        tdm_digest root;
        fill_leaves(leaves, count);
        tdm_digest expected = tree(leaves, count);
        tdm_run_root(leaves, count, &root);
        assert_true(tdm_digest_equal(&root, &expected));
    }
}

static void a_leaf_is_told_from_a_node_and_a_head(void **state)
{
    (void)state;
    tdm_digest pair[2];
    tdm_digest out[3];
    fill_leaves(pair, 2);
    tdm_span bytes = { pair[0].bytes, sizeof pair };
    tdm_event_digest(bytes, &out[0]);
    tdm_run_head(&pair[0], &pair[1], &out[1]);
    tdm_run_root(pair, 2, &out[2]);
    assert_false(tdm_digest_equal(&out[0], &out[1]));
    assert_false(tdm_digest_equal(&out[0], &out[2]));
    assert_false(tdm_digest_equal(&out[1], &out[2]));
}

/* ---- many at once: the same digests, by another library ---- */

enum { MESSAGES = 70, MESSAGE_MAX = 400 };

static size_t length_of(int shape, size_t i)
{
    const size_t lengths[] = { 1 + i * 5,  145,        1 + i % 3, i % 16 == 3 ? MESSAGE_MAX : 100,
                               54 + i % 4, 118 + i % 4 };
    return lengths[shape];
}

static void digests_of_many_are_those_of_each(void **state)
{
    (void)state;
    static uint8_t bytes[MESSAGES][1 + MESSAGE_MAX];
    tdm_span events[MESSAGES];
    tdm_digest out[MESSAGES + 1], expected, none;
    for (int shape = 0; shape < 6; shape++) {
        for (size_t i = 0; i < MESSAGES; i++) {
            events[i] = (tdm_span){ bytes[i] + 1, length_of(shape, i) };
            for (size_t k = 1; k <= MESSAGE_MAX; k++)
                bytes[i][k] = (uint8_t)(i * 131 + k * 7 + k / 256);
        }
        for (size_t count = 0; count <= MESSAGES; count++) {
            memset(out, 0xee, sizeof out);
            memset(&none, 0xee, sizeof none);
            tdm_event_digests(events, count, out);
            assert_memory_equal(&out[count], &none, sizeof none);
            for (size_t i = 0; i < count; i++) {
                crypto_hash_sha256(expected.bytes, bytes[i], 1 + events[i].len);
                assert_memory_equal(&out[i], &expected, sizeof expected);
            }
        }
    }
}

/* ---- proofs ---- */

#define RUN_MAX 40

/* One sealed log: a run before the one asked, the run, and two after it. */
struct log {
    tdm_seal_key key;
    tdm_id origin;
    uint64_t first;
    size_t count;
    tdm_digest leaves[RUN_MAX];
    tdm_event events[RUN_MAX];
    tdm_buf bytes[RUN_MAX];
    tdm_proof proof; /* without path */
};

static void make_event(struct log *log, size_t i)
{
    tdm_event event = { .incarnation = 7,
                        .sequence = log->first + i,
                        .type = TDM_TYPE_VOID,
                        .author = 1,
                        .subject = TDM_SPAN_LITERAL("log"),
                        .origin = log->origin };
    log->bytes[i] = (tdm_buf){ 0 };
    assert_int_equal(tdm_event_encode(&event, TDM_SPAN_LITERAL("\x80"), &log->bytes[i], NULL), TDM_OK);
    assert_int_equal(tdm_event_decode(tdm_buf_span(&log->bytes[i]), &log->events[i], NULL), TDM_OK);
    tdm_event_digest(tdm_buf_span(&log->bytes[i]), &log->leaves[i]);
}

static void log_open(struct log *log, size_t count, uint64_t first, uint32_t later)
{
    static const uint8_t SEED[crypto_sign_SEEDBYTES] = { 3 };
    memset(log, 0, sizeof *log);
    crypto_sign_seed_keypair(log->key.public_key, log->key.secret_key, SEED);
    log->first = first;
    log->count = count;
    for (size_t i = 0; i < count; i++)
        make_event(log, i);
    tdm_proof *proof = &log->proof;
    proof->first = first;
    proof->last = first + count - 1;
    if (first > 1)
        fill_leaves(&proof->previous_head, 1);
    proof->root_count = later;
    fill_leaves(proof->roots, later);
    tdm_digest scratch[RUN_MAX];
    tdm_digest root;
    tdm_digest head;
    memcpy(scratch, log->leaves, sizeof scratch);
    tdm_run_root(scratch, count, &root);
    tdm_run_head(&proof->previous_head, &root, &head);
    for (uint32_t i = 0; i < later; i++) {
        tdm_digest previous = head;
        tdm_run_head(&previous, &proof->roots[i], &head);
    }
    tdm_seal_sign(&log->key, &log->origin, 7, proof->last + 5 * later, &head, &proof->seal);
}

static void log_close(struct log *log)
{
    for (size_t i = 0; i < log->count; i++)
        tdm_buf_free(&log->bytes[i]);
}

static tdm_proof proof_of(const struct log *log, size_t index)
{
    tdm_proof proof = log->proof;
    tdm_digest scratch[RUN_MAX];
    memcpy(scratch, log->leaves, sizeof scratch);
    tdm_proof_path(scratch, log->count, index, &proof);
    return proof;
}

static void every_event_of_every_run_can_be_proven(void **state)
{
    (void)state;
    for (size_t count = 1; count <= RUN_MAX; count++) {
        struct log log;
        log_open(&log, count, count % 2 == 0 ? 1 : 30, (uint32_t)count % 3);
        for (size_t i = 0; i < count; i++) {
            tdm_err err = { 0 };
            tdm_proof proof = proof_of(&log, i);
            if (tdm_proof_check(&proof, &log.events[i], &err) != TDM_OK)
                fail_msg("%zu of %zu: %s", i, count, err.what);
            size_t other = (i + 1) % count;
            if (other != i)
                assert_int_equal(tdm_proof_check(&proof, &log.events[other], NULL), TDM_DENIED);
        }
        log_close(&log);
    }
}

/* first and last only tell the shape of the tree; what is proven lies in the event and under the seal */
static bool same_but_shape(const tdm_proof *a, const tdm_proof *b)
{
    tdm_proof c = *a;
    c.first = b->first;
    c.last = b->last;
    return memcmp(&c, b, sizeof c) == 0;
}

static void check_changed(const struct log *log, size_t index, const tdm_proof *good, tdm_span bytes,
                          size_t at)
{
    tdm_proof changed;
    if (tdm_proof_decode(bytes, &changed, NULL) != TDM_OK)
        return;
    tdm_code code = tdm_proof_check(&changed, &log->events[index], NULL);
    if (code == TDM_OK && !same_but_shape(&changed, good))
        fail_msg("the proof holds with byte %zu changed", at);
}

static void a_proof_with_any_byte_changed_proves_nothing_else(void **state)
{
    (void)state;
    struct log log;
    log_open(&log, 13, 4, 2);
    for (size_t index = 0; index < log.count; index += 4) {
        tdm_proof good = proof_of(&log, index);
        tdm_buf bytes = { 0 };
        tdm_proof_encode(&good, &bytes);
        for (size_t at = 0; at < bytes.len; at++) {
            uint8_t kept = bytes.data[at];
            for (uint8_t flip = 1; flip != 0; flip = (uint8_t)(flip << 3)) {
                bytes.data[at] = kept ^ flip;
                check_changed(&log, index, &good, tdm_buf_span(&bytes), at);
            }
            bytes.data[at] = kept;
        }
        tdm_buf_free(&bytes);
    }
    log_close(&log);
}

static void a_proof_of_a_changed_event_is_denied(void **state)
{
    (void)state;
    struct log log;
    log_open(&log, 5, 1, 0);
    tdm_proof proof = proof_of(&log, 3);
    for (size_t at = 0; at < log.bytes[3].len; at++) {
        log.bytes[3].data[at] ^= 1;
        tdm_event event;
        if (tdm_event_decode(tdm_buf_span(&log.bytes[3]), &event, NULL) == TDM_OK)
            assert_int_equal(tdm_proof_check(&proof, &event, NULL), TDM_DENIED);
        log.bytes[3].data[at] ^= 1;
    }
    log_close(&log);
}

static void a_path_too_short_or_too_long_is_denied(void **state)
{
    (void)state;
    struct log log;
    log_open(&log, 8, 1, 0);
    tdm_proof proof = proof_of(&log, 2);
    assert_int_equal(proof.path_len, 3);
    proof.path_len = 2;
    assert_int_equal(tdm_proof_check(&proof, &log.events[2], NULL), TDM_DENIED);
    proof.path_len = 4;
    assert_int_equal(tdm_proof_check(&proof, &log.events[2], NULL), TDM_DENIED);
    proof.path_len = UINT32_MAX;
    assert_int_equal(tdm_proof_check(&proof, &log.events[2], NULL), TDM_DENIED);
    log_close(&log);
}

static void proofs_cut_short_are_malformed(void **state)
{
    (void)state;
    struct log log;
    tdm_proof out;
    log_open(&log, 8, 1, 1);
    tdm_proof proof = proof_of(&log, 2);
    tdm_buf bytes = { 0 };
    tdm_proof_encode(&proof, &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(tdm_proof_decode((tdm_span){ bytes.data, len }, &out, NULL), TDM_MALFORMED);
    assert_int_equal(tdm_proof_decode(tdm_buf_span(&bytes), &out, NULL), TDM_OK);
    assert_memory_equal(&out.seal, &proof.seal, sizeof out.seal);
    tdm_buf_free(&bytes);
    log_close(&log);
}

/* ---- seals ---- */

static void a_seal_holds_only_for_what_it_signs(void **state)
{
    (void)state;
    tdm_seal_key key;
    tdm_seal_key other;
    tdm_id origin = { { 1 } };
    tdm_id stranger = { { 2 } };
    tdm_digest head = { { 3 } };
    tdm_digest fork = { { 4 } };
    tdm_seal seal;
    tdm_seal_key_new(&key);
    tdm_seal_key_new(&other);
    tdm_seal_sign(&key, &origin, 7, 40, &head, &seal);
    assert_int_equal(tdm_seal_check(&seal, &origin, 7, &head, NULL), TDM_OK);
    assert_int_equal(tdm_seal_check(&seal, &stranger, 7, &head, NULL), TDM_DENIED);
    assert_int_equal(tdm_seal_check(&seal, &origin, 8, &head, NULL), TDM_DENIED);
    assert_int_equal(tdm_seal_check(&seal, &origin, 7, &fork, NULL), TDM_DENIED);
    tdm_seal bent = seal;
    bent.last = 41;
    assert_int_equal(tdm_seal_check(&bent, &origin, 7, &head, NULL), TDM_DENIED);
    bent.last = UINT64_MAX;
    assert_int_equal(tdm_seal_check(&bent, &origin, 7, &head, NULL), TDM_DENIED);
    bent = seal;
    memcpy(bent.key, other.public_key, sizeof bent.key);
    assert_int_equal(tdm_seal_check(&bent, &origin, 7, &head, NULL), TDM_DENIED);
    for (size_t i = 0; i < TDM_SEAL_BYTES; i++) {
        bent = seal;
        bent.signature[i] ^= 0x10;
        assert_int_equal(tdm_seal_check(&bent, &origin, 7, &head, NULL), TDM_DENIED);
    }
}

/* ---- assertions ---- */

static const struct assertion_row {
    const char *name;
    uint32_t field;
    int64_t number;
    const char *text;
    bool changes;
} ASSERTIONS[] = {
    { "another recorder leaves the digest", TDM_LINK_ASSERT_RECORDER, 0, "ZZ9", false },
    { "another organisation changes it", TDM_LINK_ASSERT_ORGANISATION, 0, "ZZ9", true },
    { "another phase changes it", TDM_LINK_ASSERT_PHASE, TDM_PHASE_IS_PLAN, NULL, true },
    { "another role changes it", TDM_LINK_ASSERT_ROLE, 0, "host", true },
    { "an empty role is no role", TDM_LINK_ASSERT_ROLE, 0, "", false },
    { "no hours are not zero hours", TDM_LINK_ASSERT_HOURS, 0, NULL, true },
    { "being a supplier changes it", TDM_LINK_ASSERT_SUPPLIER, 1, NULL, true },
    { "saying that it is no supplier leaves it", TDM_LINK_ASSERT_SUPPLIER, 0, NULL, false },
};

static void link_of_ab1_and_cd2(tdm_record *record)
{
    tdm_record_init(record, TDM_TYPE_LINK_ASSERT);
    tdm_record_set_text(record, TDM_LINK_ASSERT_RECORDER, "AB1");
    tdm_record_set_text(record, TDM_LINK_ASSERT_ORGANISATION, "CD2");
    tdm_record_set_number(record, TDM_LINK_ASSERT_PHASE, TDM_PHASE_IS_DELIVER);
}

static void check_assertion(void **state)
{
    const struct assertion_row *row = *state;
    tdm_id origin = { { 1 } };
    tdm_id fact = { { 2 } };
    tdm_record record;
    tdm_digest before;
    tdm_digest after;
    link_of_ab1_and_cd2(&record);
    tdm_assertion_digest(&origin, TDM_SPAN_LITERAL("unit/AB1/x"), &fact, &record, &before);
    if (row->text != NULL)
        tdm_record_set_text(&record, row->field, row->text);
    else
        tdm_record_set_number(&record, row->field, row->number);
    tdm_assertion_digest(&origin, TDM_SPAN_LITERAL("unit/AB1/x"), &fact, &record, &after);
    assert_int_equal(!tdm_digest_equal(&before, &after), row->changes);
}

static void a_links_identity_is_in_its_digest(void **state)
{
    (void)state;
    tdm_id one = { { 1 } };
    tdm_id two = { { 2 } };
    tdm_record record;
    tdm_digest digests[4];
    link_of_ab1_and_cd2(&record);
    tdm_assertion_digest(&one, TDM_SPAN_LITERAL("unit/AB1/x"), &two, &record, &digests[0]);
    tdm_assertion_digest(&two, TDM_SPAN_LITERAL("unit/AB1/x"), &two, &record, &digests[1]);
    tdm_assertion_digest(&one, TDM_SPAN_LITERAL("unit/AB1/y"), &two, &record, &digests[2]);
    tdm_assertion_digest(&one, TDM_SPAN_LITERAL("unit/AB1/x"), &one, &record, &digests[3]);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(tdm_digest_equal(&digests[i], &digests[k]));
}

int main(void)
{
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(roots_are_those_of_the_rfc),
        cmocka_unit_test(a_leaf_is_told_from_a_node_and_a_head),
        cmocka_unit_test(digests_of_many_are_those_of_each),
        cmocka_unit_test(every_event_of_every_run_can_be_proven),
        cmocka_unit_test(a_proof_with_any_byte_changed_proves_nothing_else),
        cmocka_unit_test(a_proof_of_a_changed_event_is_denied),
        cmocka_unit_test(a_path_too_short_or_too_long_is_denied),
        cmocka_unit_test(proofs_cut_short_are_malformed),
        cmocka_unit_test(a_seal_holds_only_for_what_it_signs),
        cmocka_unit_test(a_links_identity_is_in_its_digest),
    };
    struct CMUnitTest tests[TDM_COUNT(plain) + TDM_COUNT(ASSERTIONS)];
    size_t count = TDM_COUNT(plain);
    memcpy(tests, plain, sizeof plain);
    for (size_t i = 0; i < TDM_COUNT(ASSERTIONS); i++)
        tests[count++] =
            (struct CMUnitTest){ ASSERTIONS[i].name, check_assertion, NULL, NULL, (void *)&ASSERTIONS[i] };
    return _cmocka_run_group_tests("run", tests, count, NULL, NULL);
}
