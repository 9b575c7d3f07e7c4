/* SPDX-License-Identifier: MPL-2.0
 *
 * people_test.c: the specification of a node's people: rows recorded, corrected, taken back and returned;
 * what they amount to stated as summaries.
 */
#include "filing.h"
#include "people_days.h"
#include "people_world.h"

#include <stdarg.h>
#include <setjmp.h>
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

/* ---- rows */

#define PROFILE(fields) "{\"type\":\"participant_profile\",\"fields\":{\"person\":\"P-1\"" fields "}}"
#define PROFILE_VOID "{\"type\":\"participant_profile\",\"void\":true,\"fields\":{\"person\":\"P-1\"}}"

static void expect_sex(const char *wanted)
{
    json_t *keep = NULL;
    const json_t *row = people_ask(&node, "person.show", "{\"person\":\"P-1\"}", &keep);
    assert_int_equal(json_array_size(json_object_get(keep, "data")), 1);
    assert_string_equal(world_text(row, "type"), "participant_profile");
    assert_string_equal(world_text(json_object_get(row, "fields"), "sex"), wanted);
    json_decref(keep);
}

static void a_row_has_its_fates(void **state)
{
    (void)state;
    people_record(&node, PROFILE_VOID, NULL, "known", 1); /* there was none */
    people_fails(&node, "person.show", "{\"person\":\"P-1\"}", NULL, 3, "no person was ever recorded");
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "new", 1);
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "known", 1);
    people_record(&node, PROFILE(",\"sex\":\"x\""), NULL, "changed", 1);
    expect_sex("x");
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "changed", 1);
    expect_sex("f");
    people_record(&node, PROFILE_VOID, NULL, "hidden", 1);
    people_record(&node, PROFILE_VOID, NULL, "known", 1);
    people_record(&node, PROFILE(",\"sex\":\"m\""), NULL, "returned", 1);
    expect_sex("m");
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "changed", 1);
    people_record(&node, PROFILE_VOID, NULL, "hidden", 1);
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "returned", 1);
    expect_sex("f");
    assert_int_equal(world_last_sequence(&node.world), 1); /* nothing of it is in the shared log */
}

static void a_dry_run_keeps_nothing(void **state)
{
    (void)state;
#define DRY(fields)                                                                                          \
    "{\"type\":\"participant_profile\",\"dry_run\":true,\"fields\":{\"person\":\"P-1\"" fields "}}"
    people_record(&node, DRY(",\"sex\":\"f\""), NULL, "new", 1);
    assert_int_equal(people_number(&node, "status", NULL, "people"), 0);
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "new", 1);
    people_record(&node, DRY(",\"sex\":\"f\""), NULL, "known", 1);
    people_record(&node, DRY(",\"sex\":\"m\""), NULL, "changed", 1);
    expect_sex("f");
    people_record(&node, PROFILE_VOID, NULL, "hidden", 1);
    people_record(&node, DRY(",\"sex\":\"m\""), NULL, "returned", 1);
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "returned", 1);
}

static void rows_survive_a_restart(void **state)
{
    (void)state;
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "new", 1);
    people_reopen(&node, false);
    expect_sex("f");
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "known", 1);
    assert_int_equal(people_number(&node, "status", NULL, "people"), 1);
    assert_int_equal(people_number(&node, "person.list", NULL, "rows"), 1);
}

static void reading_alone_reads_and_refuses_to_write(void **state)
{
    (void)state;
    people_record(&node, PROFILE(",\"sex\":\"f\""), NULL, "new", 1);
    people_reopen(&node, true);
    expect_sex("f");
    assert_int_equal(people_number(&node, "person.list", NULL, "rows"), 1);
    people_fails(&node, "person.summarise", NULL, NULL, 4, "open for reading only");
    people_fails(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", NULL, 4,
                 "for reading only");
    people_reopen(&node, false);
}

/* What stays readable after erasing says nothing: the same row has another id in each log, and for each
 * person begun anew. */
static tdm_code note_row(void *context, const tdm_private_entry *entry, tdm_err *err)
{
    (void)err;
    if (tdm_people_is_row(entry->type))
        *(tdm_id *)context = entry->id;
    return TDM_OK;
}

static tdm_id id_of_profile(people_world *p)
{
    tdm_private *log;
    tdm_id id = { 0 };
    assert_int_equal(tdm_people_enter(p->people, &log, NULL), TDM_OK);
    assert_int_equal(tdm_private_each_row(log, tdm_span_text("P-1"), note_row, &id, NULL), TDM_OK);
    tdm_people_leave(p->people);
    assert_false(tdm_id_is_zero(&id));
    return id;
}

static void ids_can_not_be_guessed(void **state)
{
    (void)state;
    people_world other;
    people_open(&other);
    people_record(&node, PROFILE(""), NULL, "new", 1);
    people_record(&other, PROFILE(""), NULL, "new", 1);
    tdm_id here = id_of_profile(&node);
    tdm_id there = id_of_profile(&other);
    assert_false(tdm_id_equal(&here, &there));
    assert_int_equal(
        people_number(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", "people"), 0);
    people_record(&node, PROFILE(""), NULL, "new", 1);
    there = id_of_profile(&node);
    assert_false(tdm_id_equal(&here, &there));
    people_close(&other);
}

/* More rows than wait at once, several of a person in one group and across groups. */
static void a_long_file_is_kept_whole(void **state)
{
    (void)state;
    tdm_buf body = { 0 };
    tdm_buf_text(&body, "person,unit,date\n");
    for (int day = 1; day <= 2; day++)
        for (int i = 0; i < 700; i++)
            tdm_buf_format(&body, "Q-%d,R0A/1,2026-05-0%d\n", i / 2, 2 * day + i % 2);
    tdm_buf_add(&body, "", 1);
    const char *text = (const char *)body.data;
    people_record(&node, "{\"type\":\"person_attendance\"}", text, "new", 1400);
    people_record(&node, "{\"type\":\"person_attendance\"}", text, "known", 1400);
    people_reopen(&node, false);
    people_record(&node, "{\"type\":\"person_attendance\"}", text, "known", 1400);
    assert_int_equal(people_number(&node, "status", NULL, "people"), 350);
    assert_int_equal(people_number(&node, "person.list", NULL, "rows"), 4);
    assert_int_equal(people_number(&node, "person.verify", NULL, "rows"), 1750); /* with 350 salts */
    tdm_buf_free(&body);
}

/* What waits counts as if it were there. */
static void rows_that_wait_are_known(void **state)
{
    (void)state;
    static const char *const SEXES[] = { "f", "f", "m", "" };
    static const tdm_person_fate FATES[] = { TDM_PERSON_NEW, TDM_PERSON_KNOWN, TDM_PERSON_CHANGED,
                                             TDM_PERSON_HIDDEN };
    for (size_t i = 0; i < TDM_COUNT(SEXES); i++) {
        tdm_buf payload = { 0 };
        tdm_record record;
        tdm_person_fate fate;
        tdm_record_init(&record, TDM_TYPE_PROFILE);
        tdm_record_set_text(&record, TDM_PROFILE_PERSON, "P-1");
        tdm_record_set_text(&record, TDM_PROFILE_SEX, SEXES[i]);
        tdm_person_entry entry = { .type = TDM_TYPE_PROFILE,
                                   .person = tdm_span_text("P-1"),
                                   .row = tdm_filing_row(&record) };
        assert_int_equal(tdm_record_encode(&record, &payload, NULL), TDM_OK);
        if (SEXES[i][0] != '\0')
            entry.record = tdm_buf_span(&payload);
        assert_int_equal(tdm_people_take(node.people, &entry, WORLD_NOW, &fate, NULL), TDM_OK);
        assert_int_equal(fate, FATES[i]);
        tdm_buf_free(&payload);
    }
    assert_int_equal(tdm_people_keep(node.people, NULL), TDM_OK);
    assert_int_equal(people_number(&node, "person.list", NULL, "rows"), 0);
}

static void a_hub_keeps_nobody(void **state)
{
    (void)state;
    people_world hub = { 0 };
    world_open(&hub.world, true, "QOP");
    people_fails(&hub, "record.fact", PROFILE(""), NULL, 2, "keeps no private log");
    people_fails(&hub, "person.list", NULL, NULL, 2, "is for a node");
    world_close(&hub.world);
}

/* ---- summaries */

static void expect_stages(const long wanted[6])
{
    static const struct {
        const char *stage;
        const char *state;
    } CELLS[] = { { "1", "entered" }, { "1", "passed" },  { "2", "entered" },
                  { "2", "passed" },  { "3", "entered" }, { "3", "passed" } };
    for (size_t i = 0; i < TDM_COUNT(CELLS); i++)
        assert_int_equal(people_stated(&node, STAGES, "2026/27", CELLS[i].stage, CELLS[i].state), wanted[i]);
}

static long summarise(const char *args, const char *key)
{
    return people_number(&node, "person.summarise", args, key);
}

static void a_cohort_is_stated(void **state)
{
    (void)state;
    people_record_cohort(&node);
    long cells = summarise("{\"dry_run\":true}", "stated");
    assert_true(cells > 18); /* six amounts in year, quarter and month, and the days */
    expect_stages((const long[]){ -1, -1, -1, -1, -1, -1 });
    assert_int_equal(summarise(NULL, "stated"), cells);
    expect_stages((const long[]){ 40, 30, 30, 24, 24, 18 });
    assert_int_equal(people_stated(&node, STAGES, "2026/27Q1", "1", "entered"), 40);
    assert_int_equal(people_stated(&node, STAGES, "2026-07", "3", "passed"), 18);
    assert_int_equal(people_stated(&node, STAGES, "2026-06", "3", "passed"), NOT_STATED);
    uint64_t last = world_last_sequence(&node.world);
    json_t *keep = NULL;
    assert_string_equal(world_text(people_ask(&node, "person.summarise", NULL, &keep), "state"),
                        "done before");
    json_decref(keep);
    assert_int_equal(summarise("{\"force\":true}", "events"), 0);
    assert_int_equal(world_last_sequence(&node.world), last);
}

static void a_change_corrects_and_a_void_takes_back(void **state)
{
    (void)state;
    people_record_cohort(&node);
    summarise(NULL, "stated");
    people_record(&node,
                  "{\"type\":\"facilitator_stage\",\"fields\":{\"person\":\"P-19\",\"stage\":3,\"state\":"
                  "\"passed\",\"date\":\"2026-07-26\"}}",
                  NULL, "new", 1);
    assert_int_equal(summarise("{\"force\":true}", "corrected"), 3); /* year, quarter, month */
    expect_stages((const long[]){ 40, 30, 30, 24, 24, 19 });
    people_record(&node,
                  "{\"type\":\"facilitator_stage\",\"void\":true,\"fields\":{\"person\":\"P-19\",\"stage\":3,"
                  "\"state\":\"passed\",\"date\":\"2026-07-26\"}}",
                  NULL, "hidden", 1);
    assert_int_equal(summarise("{\"force\":true}", "corrected"), 3);
    expect_stages((const long[]){ 40, 30, 30, 24, 24, 18 });
}

static void all_taken_back_voids_all(void **state)
{
    (void)state;
    people_record(&node, PROFILE(""), NULL, "new", 1);
    people_record(
        &node,
        "{\"type\":\"person_attendance\",\"fields\":{\"person\":\"P-1\",\"unit\":\"R0A/1\",\"date\":"
        "\"2026-05-04\"}}",
        NULL, "new", 1);
    long cells = summarise(NULL, "stated");
    assert_int_equal(people_stated(&node, TDM_SUMMARYTABLE_IS_REACHED, "2026/27", "total", ""), 1);
    people_record(&node,
                  "{\"type\":\"person_attendance\",\"void\":true,\"fields\":{\"person\":\"P-1\",\"unit\":"
                  "\"R0A/1\",\"date\":\"2026-05-04\"}}",
                  NULL, "hidden", 1);
    assert_int_equal(summarise("{\"force\":true}", "voided"), cells);
    assert_int_equal(people_stated(&node, TDM_SUMMARYTABLE_IS_REACHED, "2026/27", "total", ""), NOT_STATED);
    char *left = people_all_stated(&node);
    assert_string_equal(left, "");
    free(left);
}

#define BY_HAND(b, count)                                                                                    \
    "{\"type\":\"summary\",\"fields\":{\"table\":\"stages\",\"period\":\"2026/27\",\"a\":\"9\",\"b\":\"" b   \
    "\",\"count\":" count "}}"

static void what_was_stated_by_hand_gives_way(void **state)
{
    (void)state;
    people_record(&node, BY_HAND("passed", "0"), NULL, "new", 1);
    people_record(&node, BY_HAND("entered", "7"), NULL, "new", 1);
    people_fails(&node, "person.summarise", NULL, NULL, 3, "no person was ever recorded");
    assert_int_equal(people_stated(&node, STAGES, "2026/27", "9", "entered"), 7);
    people_record(&node, PROFILE(""), NULL, "new", 1);
    assert_int_equal(summarise(NULL, "voided"), 2);
    assert_int_equal(people_stated(&node, STAGES, "2026/27", "9", "entered"), NOT_STATED);
    assert_int_equal(people_stated(&node, STAGES, "2026/27", "9", "passed"), NOT_STATED);
}

static void each_day_is_counted_once(void **state)
{
    (void)state;
    bool did = true;
    tdm_err err = { 0 };
    assert_int_equal(tdm_people_daily(&node.world.context, &did, &err), TDM_OK);
    assert_false(did); /* nobody */
    people_record_cohort(&node);
    assert_int_equal(tdm_people_daily(&node.world.context, &did, &err), TDM_OK);
    assert_true(did);
    expect_stages((const long[]){ 40, 30, 30, 24, 24, 18 });
    people_reopen(&node, false);
    assert_int_equal(tdm_people_daily(&node.world.context, &did, &err), TDM_OK);
    assert_false(did);
    node.world.context.now_ms += DAY_MS;
    assert_int_equal(tdm_people_daily(&node.world.context, &did, &err), TDM_OK);
    assert_true(did);
}

static void the_thread_counts_at_the_start(void **state)
{
    (void)state;
    tdm_people_days *days = NULL;
    tdm_date day;
    people_record_cohort(&node);
    assert_int_equal(tdm_people_days_start(&days, &node.world.context, NULL), TDM_OK);
    for (int i = 0; i < 30000 && !tdm_people_counted_on(node.world.core, &day); i++)
        (void)people_number(&node, "status", NULL, "events");
    tdm_people_days_stop(&days);
    assert_null(days);
    expect_stages((const long[]){ 40, 30, 30, 24, 24, 18 });
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, open_node, close_node)
        T(a_row_has_its_fates),      T(a_dry_run_keeps_nothing),
        T(rows_survive_a_restart),   T(reading_alone_reads_and_refuses_to_write),
        T(ids_can_not_be_guessed),   T(a_long_file_is_kept_whole),
        T(rows_that_wait_are_known), T(a_hub_keeps_nobody),
        T(a_cohort_is_stated),       T(a_change_corrects_and_a_void_takes_back),
        T(all_taken_back_voids_all), T(what_was_stated_by_hand_gives_way),
        T(each_day_is_counted_once), T(the_thread_counts_at_the_start),
#undef T
    };
    return cmocka_run_group_tests_name("people", TESTS, NULL, NULL);
}
