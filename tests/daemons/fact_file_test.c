/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_file_test.c: facts recorded from a file of them.
 */
#include "fact_world.h"

#include <stdlib.h>
#include <string.h>

static const json_t *send(const char *args, const char *file, json_t **keep)
{
    const json_t *report = world_row(&node, "record.fact", args, file, keep);
    char *text = json_dumps(report, JSON_COMPACT);
    print_message("%s\n", text);
    free(text);
    return report;
}

static void a_file_keeps_its_good_rows(void **state)
{
    (void)state;
    static const char FILE_OF[] = "Unit,id,Date,hours,type,colour\n"
                                  "R0A/1,1,2017-05-04,6.5,workshop,red\n"
                                  "R0A/1,2,2017-05-11,2,,red\n"
                                  "R0A/1,2,2017-05-11,2,,red\n"
                                  "R0A/1,3,2017-05-18,many,,red\n"
                                  "R0A/1,2,2017-05-12,2,,red\n"
                                  "17,1,2017-05-18,1,,red\n"
                                  "R0A/2\n";
    static const struct {
        long row;
        const char *column;
        const char *says;
    } WANTED[] = { { 5, "hours_hundredths", "from 0 to 10000" },
                   { 6, "", "other content in row 3" },
                   { 7, "unit", "LEAD/UNIT_ID" },
                   { 8, "", "cells" } };
    json_t *keep = NULL;
    uint64_t last = world_last_sequence(&node);
    send("{\"type\":\"session\",\"dry_run\":true}", FILE_OF, &keep);
    json_decref(keep);
    assert_int_equal(world_last_sequence(&node), last);
    const json_t *report = send("{\"type\":\"session\"}", FILE_OF, &keep);
    assert_int_equal(world_int(report, "rows"), 7);
    assert_int_equal(world_int(report, "new"), 2);
    assert_int_equal(world_int(report, "known"), 1);
    assert_int_equal(world_int(report, "refused"), 4);
    assert_int_equal(world_int(report, "events"), 2);
    assert_int_equal(json_array_size(json_object_get(report, "warnings")), 2);
    const json_t *refusals = json_object_get(report, "refusals");
    assert_int_equal(json_array_size(refusals), TDM_COUNT(WANTED));
    for (size_t i = 0; i < TDM_COUNT(WANTED); i++) {
        const json_t *refusal = json_array_get(refusals, i);
        assert_int_equal(world_int(refusal, "row"), WANTED[i].row);
        assert_string_equal(world_text(refusal, "column"), WANTED[i].column);
        assert_non_null(strstr(world_text(refusal, "what"), WANTED[i].says));
    }
    assert_string_equal(world_text(json_array_get(refusals, 0), "value"), "many");
    json_decref(keep);
    last = world_last_sequence(&node);
    report = send("{\"type\":\"session\"}", FILE_OF, &keep);
    assert_int_equal(world_int(report, "known"), 3);
    assert_int_equal(world_int(report, "events"), 0);
    assert_int_equal(world_last_sequence(&node), last);
    json_decref(keep);
}

static void values_for_all_rows_stand_beside_the_file(void **state)
{
    (void)state;
    json_t *keep = NULL;
    const json_t *report =
        send("{\"type\":\"link_assert\",\"unit\":\"R0A/1\",\"fields\":{\"phase\":\"plan\"}}",
             "organisation\nRXA\nRYB\n", &keep);
    assert_int_equal(world_int(report, "new"), 2);
    json_decref(keep);
    report =
        send("{\"type\":\"link_assert\",\"unit\":\"R0A/1\",\"fields\":{\"phase\":\"plan\"},\"void\":true}",
             "organisation\nRXA\nRZZ\n", &keep);
    assert_int_equal(world_int(report, "hidden"), 1);
    assert_int_equal(world_int(report, "refused"), 1);
    json_decref(keep);
}

static const struct bad_file {
    const char *name;
    const char *args;
    const char *file;
    const char *says;
} BAD_FILES[] = {
    { "a file without a unit", "{\"type\":\"session\"}", "date,hours\n2017-05-04,1\n", "no column unit" },
    { "a file without a name", "{\"type\":\"need\"}", "theme\ntime\n", "no column need_id" },
    { "a column twice", "{\"type\":\"need\"}", "need_id,Need-ID\n1,1\n", "need_id twice" },
    { "a column by both its names", "{\"type\":\"session\"}", "unit,hours,hours_hundredths\nR0A/1,1,100\n",
      "twice" },
    { "a column that is told for all", "{\"type\":\"need\",\"fields\":{\"theme\":\"time\"}}",
      "need_id,theme\n1,time\n", "give it once" },
    { "a workbook", "{\"type\":\"need\"}", "PK\003\004xxxx", "" },
};

static void check_bad_file(void **state)
{
    const struct bad_file *row = *state;
    json_t *answer = world_ask(&node, "record.fact", row->args, row->file, NULL);
    assert_string_equal(world_text(answer, "type"), "error");
    if (strstr(world_text(answer, "what"), row->says) == NULL)
        fail_msg("it says: %s", world_text(answer, "what"));
    json_decref(answer);
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, open_worlds, close_worlds)
static const struct CMUnitTest STORIES[] = {
    STORY(a_file_keeps_its_good_rows),
    STORY(values_for_all_rows_stand_beside_the_file),
};

int main(void)
{
    static struct CMUnitTest tests[TDM_COUNT(BAD_FILES) + TDM_COUNT(STORIES)];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(BAD_FILES); i++)
        tests[count++] = (struct CMUnitTest){ BAD_FILES[i].name, check_bad_file, open_worlds, close_worlds,
                                              (void *)&BAD_FILES[i] };
    for (size_t i = 0; i < TDM_COUNT(STORIES); i++)
        tests[count++] = STORIES[i];
    return cmocka_run_group_tests_name("files of facts", tests, NULL, NULL);
}
