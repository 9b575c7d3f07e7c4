/* SPDX-License-Identifier: MPL-2.0
 *
 * people_erase_test.c: the specification of erasing a person and of copies of the private log: the figures
 * stay as they are, and a backup comes back only where nobody is.
 */
#include "people_world.h"

#include "people.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STAGES TDM_SUMMARYTABLE_IS_STAGES
#define DAY_MS 86400000

static people_world node;

static int open_node(void **state)
{
    (void)state;
    people_open(&node);
    return 0;
}

static int close_node(void **state)
{
    (void)state;
    people_close(&node);
    return 0;
}

#define PROFILE(fields) "{\"type\":\"participant_profile\",\"fields\":{\"person\":\"P-1\"" fields "}}"

static long summarise(const char *args, const char *key)
{
    return people_number(&node, "person.summarise", args, key);
}

/* ---- erasing */

static void erasing_needs_the_name(void **state)
{
    (void)state;
    people_record_cohort(&node);
    people_fails(&node, "person.erase", "{\"person\":\"P-1\"}", NULL, 8, "can not be undone");
    people_fails(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-2\"}", NULL, 8,
                 "can not be undone");
    people_fails(&node, "person.erase", "{\"person\":\"P-99\",\"confirm\":\"P-99\"}", NULL, 3, "");
    assert_int_equal(people_number(&node, "status", NULL, "people"), COHORT);
}

static void erasing_keeps_the_figures(void **state)
{
    (void)state;
    people_record_cohort(&node);
    people_record(&node, PROFILE(",\"sex\":\"f\",\"staff_group\":\"medical_and_dental\""), NULL, "new", 1);
    people_record(
        &node,
        "{\"type\":\"person_attendance\",\"fields\":{\"person\":\"P-1\",\"unit\":\"R0A/1\",\"date\":"
        "\"2026-05-04\"}}",
        NULL, "new", 1);
    summarise(NULL, "stated");
    char *before = people_all_stated(&node);
    assert_int_equal(
        people_number(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", "events"), 0);
    assert_int_equal(
        people_number(&node, "person.erase", "{\"person\":\"P-2\",\"confirm\":\"P-2\"}", "events"), 0);
    char *after = people_all_stated(&node);
    assert_string_equal(before, after);
    free(after);
    assert_int_equal(people_number(&node, "status", NULL, "people"), COHORT - 2);
    people_fails(&node, "person.show", "{\"person\":\"P-1\"}", NULL, 3, "");
    json_t *keep = NULL;
    const json_t *row = people_ask(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", &keep);
    assert_string_equal(world_text(row, "state"), "erased before");
    json_decref(keep);
    people_reopen(&node, false);
    assert_string_equal(world_text(people_ask(&node, "person.compact", NULL, &keep), "state"), "compacted");
    json_decref(keep);
    node.world.context.now_ms += 400LL * DAY_MS;
    assert_int_equal(summarise(NULL, "events"), 0);
    after = people_all_stated(&node);
    assert_string_equal(before, after);
    free(after);
    free(before);
}

/* The residual keeps the membership of the periods until then; the erased does not go on as a member. */
static void the_erased_leaves_the_faculty(void **state)
{
    (void)state;
    people_record(&node,
                  "{\"type\":\"facilitator_stage\",\"fields\":{\"person\":\"P-1\",\"stage\":4,\"state\":"
                  "\"joined_faculty\",\"date\":\"2026-05-04\"}}",
                  NULL, "new", 1);
    summarise(NULL, "stated");
    assert_int_equal(people_stated(&node, TDM_SUMMARYTABLE_IS_FACULTY, "2026/27", "", ""), 1);
    assert_int_equal(
        people_number(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", "events"), 0);
    node.world.context.now_ms += 400LL * DAY_MS;
    summarise(NULL, "stated");
    assert_int_equal(people_stated(&node, TDM_SUMMARYTABLE_IS_FACULTY, "2026/27", "", ""), 1);
    assert_int_equal(people_stated(&node, TDM_SUMMARYTABLE_IS_FACULTY, "2027/28", "", ""), NOT_STATED);
}

static void put_residual(const tdm_summary_cell *cell)
{
    tdm_private *log;
    tdm_buf key = { 0 };
    tdm_buf value = { 0 };
    assert_int_equal(tdm_summary_encode(cell, &key, &value, NULL), TDM_OK);
    tdm_private_pair pair = { tdm_buf_span(&key), tdm_buf_span(&value) };
    assert_int_equal(tdm_people_enter(node.people, &log, NULL), TDM_OK);
    assert_int_equal(tdm_private_residuals_put(log, &pair, 1, NULL), TDM_OK);
    tdm_people_leave(node.people);
    tdm_buf_free(&key);
    tdm_buf_free(&value);
}

/* The residual has no room for what the person adds: the figures would lose it. */
static void nobody_is_erased_whose_amounts_find_no_room(void **state)
{
    (void)state;
    tdm_summary_cell full = {
        .table = STAGES, .a = TDM_SPAN_LITERAL("1"), .b = TDM_SPAN_LITERAL("entered"), .n = { INT64_MAX }
    };
    assert_int_equal(tdm_period_parse(TDM_SPAN_LITERAL("2026/27"), &full.period, NULL), TDM_OK);
    people_record_cohort(&node);
    put_residual(&full);
    people_fails(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", NULL, 7,
                 "an amount of the residual is too large");
    assert_int_equal(people_number(&node, "status", NULL, "people"), COHORT);
    full.n[0] = 0;
    put_residual(&full);
    people_number(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", "events");
    assert_int_equal(people_number(&node, "status", NULL, "people"), COHORT - 1);
}

/* ---- the destroyed key */

enum { PEOPLE_TABLE = 2, PIECE = 24 };

/* A piece of the person's entry in the log's table of people that only the sealed key can have. */
static void sealed_key(const char *person, uint8_t out[PIECE])
{
    tdm_private *log;
    tdm_kv_txn *txn = NULL;
    tdm_id id;
    tdm_span row;
    assert_string_equal(TDM_PRIVATE_TABLES[PEOPLE_TABLE], "people");
    assert_int_equal(tdm_people_enter(node.people, &log, NULL), TDM_OK);
    tdm_private_person_id(log, tdm_span_text(person), &id);
    assert_int_equal(tdm_kv_begin(tdm_private_kv(log), TDM_KV_READ_ONLY, &txn, NULL), TDM_OK);
    assert_int_equal(tdm_kv_get(txn, PEOPLE_TABLE, (tdm_span){ id.bytes, TDM_ID_BYTES }, &row, NULL), TDM_OK);
    assert_true(row.len > 2 * PIECE);
    memcpy(out, row.data + row.len - PIECE, PIECE);
    tdm_kv_abort(&txn);
    tdm_people_leave(node.people);
}

static bool file_has(const uint8_t piece[PIECE])
{
    char path[300];
    tdm_buf bytes = { 0 };
    uint8_t part[65536];
    size_t got;
    snprintf(path, sizeof path, "%s/private/data.mdb", node.world.folder);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        tdm_buf_add(&bytes, part, got);
    fclose(file);
    bool has = memmem(bytes.data, bytes.len, piece, PIECE) != NULL;
    tdm_buf_free(&bytes);
    return has;
}

static void compacting_leaves_no_key(void **state)
{
    (void)state;
    uint8_t erased[PIECE];
    uint8_t stays[PIECE];
    json_t *keep = NULL;
    people_record_cohort(&node);
    sealed_key("P-3", erased);
    sealed_key("P-4", stays);
    assert_true(file_has(erased)); /* control */
    people_ask(&node, "person.erase", "{\"person\":\"P-3\",\"confirm\":\"P-3\"}", &keep);
    json_decref(keep);
    people_ask(&node, "person.compact", NULL, &keep);
    json_decref(keep);
    assert_false(file_has(erased));
    assert_true(file_has(stays));
    people_record(&node, PROFILE(""), NULL, "new", 1); /* the log is open again */
    assert_int_equal(people_number(&node, "person.verify", NULL, "faults"), 0);
}

/* ---- copies */

static void backup(const char *file, const char *passphrase, char args[400])
{
    json_t *keep = NULL;
    snprintf(args, 400, "{\"file\":\"%s/%s\"}", node.world.folder, file);
    const json_t *row = world_row(&node.world, "person.backup", args, passphrase, &keep);
    assert_string_equal(world_text(row, "state"), "written");
    json_decref(keep);
}

static void a_backup_comes_back_in_an_empty_node(void **state)
{
    (void)state;
    char args[400];
    people_world other;
    json_t *keep = NULL;
    people_fails(&node, "person.backup", "{\"file\":\"/tmp/none\"}", "correct horse battery", 3, "no person");
    people_record_cohort(&node);
    summarise(NULL, "stated");
    people_fails(&node, "person.backup", "{\"file\":\"/tmp/none\"}", "short", 2, "a passphrase has 12");
    people_fails(&node, "person.backup", "{\"file\":\"none\"}", "correct horse battery", 2, "whole path");
    backup("people.tdmpriv", "correct horse battery\n", args);
    people_fails(&node, "person.restore", args, "correct horse battery", 1, "has a private log");
    people_open(&other);
    people_fails(&other, "person.restore", args, "wrong horse battery", 4, "");
    assert_int_equal(people_number(&other, "status", NULL, "people"), 0);
    const json_t *row = world_row(&other.world, "person.restore", args, "correct horse battery", &keep);
    assert_string_equal(world_text(row, "state"), "restored");
    assert_string_equal(world_text(row, "summaries"), "stated");
    json_decref(keep);
    assert_int_equal(people_number(&other, "status", NULL, "people"), COHORT);
    assert_int_equal(people_stated(&other, STAGES, "2026/27", "3", "passed"), 18);
    people_reopen(&other, false);
    assert_int_equal(people_number(&other, "person.verify", NULL, "faults"), 0);
    people_close(&other);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, open_node, close_node)
        T(erasing_needs_the_name),        T(erasing_keeps_the_figures),
        T(the_erased_leaves_the_faculty), T(nobody_is_erased_whose_amounts_find_no_room),
        T(compacting_leaves_no_key),      T(a_backup_comes_back_in_an_empty_node),
#undef T
    };
    return cmocka_run_group_tests_name("people erased", TESTS, NULL, NULL);
}
