/* SPDX-License-Identifier: MPL-2.0
 *
 * registry_service_test.c: the specification of what a hub states: organisations, targets, returns, closings,
 * publications, matches.
 */
#include "service_system.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void organisations_are_imported_once_and_change_by_date(void **state)
{
    (void)state;
    json_t *keep = NULL;
    static const char FIRST[] = "code,name,sector,parent,belongs_as,closed,successor,succeeded_on\n"
                                "R0A,North Trust,trust,,,,,\n"
                                "R0A01,A site,trust,R0A,site,,,\n"
                                "RW6,Old Trust,trust,,,20210930,,\n"
                                "RTV,Gone Trust,trust,,,2021-05-31,R0A,2021-06-01\n"
                                "bad,,trust,,,,,\n"
                                "RXX,No Sector,,,,,,\n"
                                "R0A,Twice,trust,,,,,\n";
    const json_t *report = world_row(&system_now()->hub, "organisation.import", NULL, FIRST, &keep);
    assert_int_equal(world_int(report, "new"), 4);
    assert_int_equal(world_int(report, "refused"), 3);
    json_decref(keep);
    uint64_t before = world_last_sequence(&system_now()->hub);
    report = world_row(&system_now()->hub, "organisation.import", NULL, FIRST, &keep);
    assert_int_equal(world_int(report, "known"), 4);
    assert_int_equal(world_last_sequence(&system_now()->hub), before);
    json_decref(keep);
    static const char SECOND[] = "code,name,sector\nR0A,Renamed Trust,voluntary\n";
    report = world_row(&system_now()->hub, "organisation.import", NULL, SECOND, &keep);
    assert_int_equal(world_int(report, "changed"), 1);
    json_decref(keep);
    report = world_row(&system_now()->hub, "organisation.import", NULL, SECOND, &keep);
    assert_int_equal(world_int(report, "known"), 1);
    json_decref(keep);
    json_t *answer = world_ask(&system_now()->hub, "organisation.list", NULL, NULL, NULL);
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(answer, "data"), index, row)
    {
        const char *code = world_text(row, "code");
        if (strcmp(code, "R0A01") == 0 || strcmp(code, "RTV") == 0)
            assert_string_equal(world_text(row, "root"), "R0A");
        assert_int_equal(json_is_true(json_object_get(row, "closed")), strcmp(code, "RW6") == 0);
    }
    assert_int_equal(index, 4);
    json_decref(answer);
}

static void targets_are_set_and_set_again(void **state)
{
    (void)state;
    json_t *keep = NULL;
    system_set_up();
    system_ask(&system_now()->hub, "target.set", "{\"fy\":\"2017/18\",\"percent\":\"85\"}", NULL);
    const json_t *row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_true(system_number(row, "target") == 85.0);
    assert_true(system_number(row, "gap") == -85.0);
    json_decref(keep);
    system_ask(&system_now()->hub, "target.set", "{\"fy\":\"2017/18\",\"percent\":82.5}", NULL);
    row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_true(system_number(row, "target") == 82.5);
    json_decref(keep);
    const json_t *again =
        world_row(&system_now()->hub, "target.set", "{\"fy\":\"2017/18\",\"percent\":\"82.5\"}", NULL, &keep);
    assert_false(json_is_true(json_object_get(again, "stated")));
    json_decref(keep);
}

static void returns_are_expected_and_made(void **state)
{
    (void)state;
    json_t *keep = NULL;
    system_set_up();
    system_ask(&system_now()->hub, "return.expect", "{\"period\":\"2017/18\",\"organisation\":\"R0A\"}",
               NULL);
    system_ask(&system_now()->hub, "return.expect", "{\"period\":\"2017/18\",\"organisation\":\"RXA\"}",
               NULL);
    system_ask(&system_now()->north, "return.make", "{\"period\":\"2017/18\"}", NULL);
    world_copy_log(&system_now()->north, &system_now()->hub);
    const json_t *row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(json_object_get(row, "returns"), "expected"), 2);
    assert_int_equal(world_int(json_object_get(row, "returns"), "received"), 1);
    json_decref(keep);
}

static void published_figures_stay_and_revisions_show(void **state)
{
    (void)state;
    json_t *keep = NULL;
    system_set_up();
    system_ask(&system_now()->hub, "period.close", "{\"period\":\"2017/18\"}", NULL);
    uint64_t before = world_last_sequence(&system_now()->hub);
    const json_t *row =
        world_row(&system_now()->hub, "period.close", "{\"period\":\"2017/18\"}", NULL, &keep);
    assert_false(json_is_true(json_object_get(row, "stated")));
    assert_int_equal(world_last_sequence(&system_now()->hub), before);
    json_decref(keep);
    system_reply("link.confirm", "{\"unit\":\"R0A/1\"}", "confirmed");
    system_expect_corroborated(33.3);
    /* published at the closing's frontier, which does not cover the confirmation */
    row = world_row(&system_now()->hub, "publish", "{\"period\":\"2017/18\",\"by\":\"programme\"}", NULL,
                    &keep);
    assert_int_equal(json_array_size(json_object_get(keep, "data")), 3);
    assert_int_equal(world_int(row, "joint_corroborated"), 0);
    assert_int_equal(world_int(row, "units"), 3);
    json_decref(keep);
    row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_true(json_is_number(json_object_get(row, "published")));
    assert_true(system_number(row, "published") == 0.0);
    assert_true(system_number(row, "revision") == 33.3);
    assert_int_equal(world_int(row, "late"), 1);
    json_decref(keep);
    before = world_last_sequence(&system_now()->hub);
    system_ask(&system_now()->hub, "publish", "{\"period\":\"2017/18\"}", NULL);
    assert_int_equal(world_last_sequence(&system_now()->hub), before);
    row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\",\"as_of\":\"published:2017/18\"}", &keep);
    assert_true(system_number(row, "level_corroborated") == 0.0);
    json_decref(keep);
}

static void two_records_are_matched_and_split_again(void **state)
{
    (void)state;
    json_t *keep = NULL;
    static const char PAIR[] = "{\"a\":\"RXA/x\",\"b\":\"R0A/1\",\"reason\":\"same day\"}";
    system_set_up();
    system_ask(&system_now()->south, "import", NULL,
               "unit_id,kind,start_date,hours\nx,programme,2017-05-01,2\n");
    world_copy_log(&system_now()->south, &system_now()->hub);
    const json_t *row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(row, "units"), 4);
    json_decref(keep);
    system_ask(&system_now()->hub, "match.accept", PAIR, NULL);
    row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(row, "units"), 3);
    json_decref(keep);
    row = world_row(&system_now()->hub, "match.list", NULL, NULL, &keep);
    assert_string_equal(world_text(row, "a"), "R0A/1");
    assert_string_equal(world_text(row, "state"), "accepted");
    json_decref(keep);
    system_ask(&system_now()->hub, "match.void", PAIR, NULL);
    row = world_row(&system_now()->hub, "match.list", NULL, NULL, &keep);
    assert_string_equal(world_text(row, "state"), "voided");
    json_decref(keep);
    row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(row, "units"), 4);
    json_decref(keep);
    system_ask(&system_now()->hub, "match.accept", PAIR, NULL);
    row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(row, "units"), 3);
    json_decref(keep);
}

static void likely_matches_are_proposed_once(void **state)
{
    (void)state;
    system_set_up();
    system_ask(&system_now()->south, "import", NULL,
               "unit_id,kind,programme,start_date,hours,partners\nx,programme,coaching,2017-05-01,2,R0A\n");
    world_copy_log(&system_now()->south, &system_now()->hub);
    json_t *answer = world_ask(&system_now()->hub, "match.propose", NULL, NULL, NULL);
    size_t proposed = json_array_size(json_object_get(answer, "data"));
    json_decref(answer);
    assert_true(proposed >= 1);
    answer = world_ask(&system_now()->hub, "match.propose", NULL, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 0);
    json_decref(answer);
    json_t *keep = NULL;
    const json_t *row = world_row(&system_now()->hub, "match.list", NULL, NULL, &keep);
    assert_string_equal(world_text(row, "state"), "proposed");
    assert_true(json_is_integer(json_object_get(row, "likeness")));
    json_decref(keep);
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, system_open, system_close)
static const struct CMUnitTest STORIES[] = {
    STORY(organisations_are_imported_once_and_change_by_date),
    STORY(targets_are_set_and_set_again),
    STORY(returns_are_expected_and_made),
    STORY(published_figures_stay_and_revisions_show),
    STORY(two_records_are_matched_and_split_again),
    STORY(likely_matches_are_proposed_once),
};

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(STORIES)];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(STORIES); i++)
        tests[count++] = STORIES[i];
    return _cmocka_run_group_tests("registry", tests, count, NULL, NULL);
}
