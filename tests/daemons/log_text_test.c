/* SPDX-License-Identifier: MPL-2.0
 *
 * log_text_test.c: the specification of the log as JSON Lines (daemons/common/log_export.c, log_import.c).
 */
#include "log_text.h"
#include "service_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static tdm_world north;
static tdm_world hub;
static tdm_buf exported;

static void ask_well(tdm_world *world, const char *verb, const char *args, const char *body)
{
    int status = 0;
    json_t *answer = world_ask(world, verb, args, body, &status);
    if (status != 0)
        fail_msg("%s: %s", verb, world_text(answer, "what"));
    json_decref(answer);
}

static int open_worlds(void **state)
{
    (void)state;
    world_open(&north, false, "R0A");
    world_open(&hub, true, "QOP");
    ask_well(&hub, "organisation.import", NULL, "code,name,sector\nR0A,North,trust\n");
    ask_well(&north, "import", NULL,
             "unit_id,kind,title,start_date,hours,participants,partners\n"
             "1,programme,\"Zo\xC3\xAB's, \"\"first\"\"\",2017-05-01,2,10,RXA\n");
    ask_well(&north, "import", NULL,
             "unit_id,kind,title,start_date,hours,participants,partners\n"
             "1,programme,again,2017-05-01,2.5,10,RXA:plan\n2,top_team,b,2018-05-01,1,,\n");
    world_copy_log(&north, &hub);
    world_export(&hub, &exported);
    return 0;
}

static int close_worlds(void **state)
{
    (void)state;
    tdm_buf_free(&exported);
    world_close(&north);
    world_close(&hub);
    return 0;
}

/* ---- round trip */

static tdm_code import_lines(const char *folder, const void *data, size_t len, tdm_log_imported *out,
                             tdm_err *err)
{
    FILE *file = fmemopen((void *)(uintptr_t)data, len, "r");
    assert_non_null(file);
    tdm_code code = tdm_log_import(folder, 1 << 26, file, NULL, out, err);
    fclose(file);
    return code;
}

static void open_imported(tdm_world *world, const char *folder)
{
    tdm_err err = { 0 };
    tdm_core_options options = { .folder = folder, .read_only = true, .map_bytes = 1 << 26 };
    *world = (tdm_world){ 0 };
    if (tdm_core_open(&world->core, &options, &err) != TDM_OK)
        fail_msg("%s", err.what);
    world->context = (tdm_service_context){ .core = world->core, .now_ms = WORLD_NOW };
}

static void export_import_export_gives_the_same_bytes(void **state)
{
    (void)state;
    char folder[256];
    tdm_log_imported counts;
    tdm_err err = { 0 };
    tdm_world copy;
    tdm_buf again = { 0 };
    world_folder(folder);
    if (import_lines(folder, exported.data, exported.len, &counts, &err) != TDM_OK)
        fail_msg("%s", err.what);
    assert_true(counts.events > 8 && counts.runs >= 4 && counts.seals >= 2);
    open_imported(&copy, folder);
    world_export(&copy, &again);
    assert_int_equal(again.len, exported.len);
    assert_memory_equal(again.data, exported.data, again.len);
    int status = 1;
    json_t *verified = world_ask(&copy, "verify", NULL, NULL, &status);
    assert_int_equal(status, 0);
    json_decref(verified);
    json_t *denied = world_ask(&copy, "import", NULL, "x", &status);
    assert_int_equal(status, 4);
    json_decref(denied);
    tdm_core_close(&copy.core);
    tdm_buf_free(&again);
    world_remove(folder);
}

static void figures_of_the_imported_log_are_the_same(void **state)
{
    (void)state;
    char folder[256];
    tdm_log_imported counts;
    tdm_err err = { 0 };
    tdm_world copy;
    world_folder(folder);
    assert_int_equal(import_lines(folder, exported.data, exported.len, &counts, &err), TDM_OK);
    open_imported(&copy, folder);
    json_t *wanted = world_ask(&hub, "level", NULL, NULL, NULL);
    json_t *got = world_ask(&copy, "level", NULL, NULL, NULL);
    assert_true(json_equal(wanted, got));
    json_decref(wanted);
    json_decref(got);
    tdm_core_close(&copy.core);
    world_remove(folder);
}

static void events_that_came_alone_keep_their_proofs(void **state)
{
    (void)state;
    char folder[256];
    tdm_log_imported counts;
    tdm_err err = { 0 };
    tdm_world south;
    tdm_world copy;
    tdm_buf first = { 0 };
    tdm_buf again = { 0 };
    world_open(&south, false, "RXA");
    world_copy_notices(&north, &south, 2, 5);
    world_export(&south, &first);
    world_folder(folder);
    if (import_lines(folder, first.data, first.len, &counts, &err) != TDM_OK)
        fail_msg("%s", err.what);
    assert_int_equal(counts.notices, 4);
    open_imported(&copy, folder);
    world_export(&copy, &again);
    assert_int_equal(again.len, first.len);
    assert_memory_equal(again.data, first.data, again.len);
    tdm_core_close(&copy.core);
    world_close(&south);
    tdm_buf_free(&first);
    tdm_buf_free(&again);
    world_remove(folder);
}

/* ---- offline proof: from the lines alone */

typedef struct prover {
    tdm_digest leaves[TDM_RUN_EVENTS_MAX];
    size_t count;
    tdm_digest head;
    char log[64]; /* origin and incarnation of the head */
    size_t runs;
    size_t seals;
} prover;

static void prove_run(prover *p, const json_t *line)
{
    char log[64];
    char hex[65];
    tdm_digest root;
    snprintf(log, sizeof log, "%.32s/%.16s", world_text(line, "origin"), world_text(line, "incarnation"));
    if (strcmp(log, p->log) != 0)
        memset(&p->head, 0, sizeof p->head);
    strcpy(p->log, log);
    assert_int_equal(world_int(line, "last") - world_int(line, "first") + 1, (long)p->count);
    tdm_run_root(p->leaves, p->count, &root);
    tdm_hex(hex, root.bytes, sizeof root.bytes);
    assert_string_equal(world_text(line, "root"), hex);
    tdm_run_head(&p->head, &root, &p->head);
    tdm_hex(hex, p->head.bytes, sizeof p->head.bytes);
    assert_string_equal(world_text(line, "head"), hex);
    assert_string_equal(world_text(line, "hash"), TDM_HASH_NAME);
    p->count = 0;
    p->runs++;
}

static void prove_seal(prover *p, const json_t *line)
{
    tdm_seal seal = { .last = (uint64_t)world_int(line, "last") };
    tdm_id origin;
    tdm_err err = { 0 };
    uint64_t incarnation = strtoull(world_text(line, "incarnation"), NULL, 16);
    assert_true(tdm_unhex(origin.bytes, TDM_ID_BYTES, tdm_span_text(world_text(line, "origin"))));
    assert_true(tdm_unhex(seal.key, 32, tdm_span_text(world_text(line, "key"))));
    assert_true(tdm_unhex(seal.signature, TDM_SEAL_BYTES, tdm_span_text(world_text(line, "signature"))));
    assert_int_equal(tdm_seal_check(&seal, &origin, incarnation, &p->head, &err), TDM_OK);
    p->seals++;
}

static void the_lines_prove_themselves(void **state)
{
    (void)state;
    prover p = { 0 };
    char *text = strndup((const char *)exported.data, exported.len);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        json_t *parsed = json_loads(line, 0, NULL);
        assert_non_null(parsed);
        const char *kind = world_text(parsed, "kind");
        tdm_buf bytes = { 0 };
        tdm_err err = { 0 };
        if (strcmp(kind, "event") == 0) {
            assert_int_equal(tdm_event_from_json(tdm_span_text(line), &bytes, &err), TDM_OK);
            tdm_event_digest(tdm_buf_span(&bytes), &p.leaves[p.count++]);
        } else if (strcmp(kind, "run") == 0) {
            prove_run(&p, parsed);
        } else if (strcmp(kind, "seal") == 0) {
            prove_seal(&p, parsed);
        }
        tdm_buf_free(&bytes);
        json_decref(parsed);
    }
    assert_true(p.runs >= 4);
    assert_true(p.seals >= 2);
    free(text);
}

/* ---- what is refused */

/* The first occurrence of one text in the export replaced by another of the same length. */
struct touch {
    const char *name;
    const char *from;
    const char *to;

    tdm_code code;
};

static const struct touch TOUCHES[] = {
    { "an event that was changed", "\"hours_hundredths\":200", "\"hours_hundredths\":300", TDM_DENIED },
    { "a title that was changed", "again", "agaim", TDM_DENIED },
    { "a root that was changed", "\"root\":\"", "\"rood\":\"", TDM_MALFORMED },
    { "an unknown kind of line", "{\"kind\":\"run\"", "{\"kind\":\"rum\"", TDM_MALFORMED },
    { "a hash that is not known", "sha-256", "sha-512", TDM_UNSUPPORTED },
    { "a store line that is missing", "{\"kind\":\"store\"", "{\"kind\":\"stoke\"", TDM_MALFORMED },
    { "a newer version", "\"version\":1", "\"version\":9", TDM_UNSUPPORTED },
};

static void check_touch(void **state)
{
    const struct touch *row = *state;
    char folder[256];
    tdm_log_imported counts;
    tdm_err err = { 0 };
    char *text = strndup((const char *)exported.data, exported.len);
    char *found = strstr(text, row->from);
    assert_non_null(found);
    memcpy(found, row->to, strlen(row->to));
    world_folder(folder);
    assert_int_equal(import_lines(folder, text, strlen(text), &counts, &err), row->code);
    assert_non_null(strstr(err.what, "line "));
    world_remove(folder);
    free(text);
}

static void a_log_cut_anywhere_within_a_run_is_refused(void **state)
{
    (void)state;
    char *text = strndup((const char *)exported.data, exported.len);
    const char *first_run = strstr(text, "{\"kind\":\"run\"");
    for (size_t len = 1; len < (size_t)(first_run - text); len += 41) {
        char folder[256];
        tdm_log_imported counts;
        tdm_err err = { 0 };
        world_folder(folder);
        tdm_code code = import_lines(folder, text, len, &counts, &err);
        bool only_store = len == strcspn(text, "\n") || len == strcspn(text, "\n") + 1;
        if (!only_store)
            assert_int_not_equal(code, TDM_OK);
        world_remove(folder);
    }
    free(text);
}

static void a_folder_in_use_is_refused(void **state)
{
    (void)state;
    tdm_log_imported counts;
    tdm_err err = { 0 };
    assert_int_equal(import_lines(north.folder, exported.data, exported.len, &counts, &err), TDM_EXISTS);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(TOUCHES) + 6];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(TOUCHES); i++)
        tests[count++] = (struct CMUnitTest){ TOUCHES[i].name, check_touch, NULL, NULL, (void *)&TOUCHES[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(export_import_export_gives_the_same_bytes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(figures_of_the_imported_log_are_the_same);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(events_that_came_alone_keep_their_proofs);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_lines_prove_themselves);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_log_cut_anywhere_within_a_run_is_refused);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_folder_in_use_is_refused);
    return _cmocka_run_group_tests("log text", tests, count, open_worlds, close_worlds);
}
