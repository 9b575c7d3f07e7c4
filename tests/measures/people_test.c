/* SPDX-License-Identifier: MPL-2.0
 *
 * people_test.c: what a node counts of people, by figures worked out by hand.
 */
#include "people_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define REACHED TDM_SUMMARYTABLE_IS_REACHED
#define APPLICATIONS TDM_SUMMARYTABLE_IS_APPLICATIONS
#define WAITING TDM_SUMMARYTABLE_IS_WAITING
#define STAGES TDM_SUMMARYTABLE_IS_STAGES
#define STAGE_DAYS TDM_SUMMARYTABLE_IS_STAGE_DAYS
#define FACULTY TDM_SUMMARYTABLE_IS_FACULTY
#define RESPONSES TDM_SUMMARYTABLE_IS_RESPONSES
#define ANSWERS TDM_SUMMARYTABLE_IS_TEAM_ANSWERS
#define DEVELOPMENT TDM_SUMMARYTABLE_IS_DEVELOPMENT

static person_rows rows; /* one test at a time */
static tdm_summary set;

static int begin(void **state)
{
    (void)state;
    rows_clear(&rows);
    tdm_summary_init(&set);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rows_clear(&rows);
    tdm_summary_free(&set);
    return 0;
}

/* Lower middle of the days in cells ("1", days). */
static const char *median_days(int table, const char *period, const char *a, char out[16])
{
    size_t count;
    int64_t all = 0;
    int64_t below = 0;
    const tdm_summary_cell **cells = tdm_summary_sorted(&set, &count);
    out[0] = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++) {
            char text[16];
            tdm_period_text(cells[i]->period, text);
            bool here = cells[i]->table == table && strcmp(text, period) == 0
                        && tdm_span_equal(cells[i]->a, tdm_span_text(a)) && cells[i]->b.len == 5;
            all += here && round == 0 ? cells[i]->n[0] : 0;
            below += here && round == 1 ? cells[i]->n[0] : 0;
            if (here && round == 1 && out[0] == 0 && below >= (all + 1) / 2)
                snprintf(out, 16, "%.*s", (int)cells[i]->b.len, (const char *)cells[i]->b.data);
        }
    }
    free(cells);
    return out;
}

/* Of 40 people 30 pass stage 1 after 10, 11, ... 39 days; 24 pass stage 2, 18 stage 3 and join the faculty,
 * 12 of whom deliver, 45 people each. */
static void stages_as_worked(void **state)
{
    (void)state;
    static const int PASSED[] = { 30, 24, 18 };
    tdm_date start = day("2017-04-10");
    for (int p = 0; p < 40; p++) {
        for (int s = 0; s < 3 && (s == 0 || p < PASSED[s - 1]); s++) {
            stage_row(&rows, s + 1, TDM_STAGESTATE_IS_ENTERED, start + 50 * s);
            if (p < PASSED[s])
                stage_row(&rows, s + 1, TDM_STAGESTATE_IS_PASSED, start + 50 * s + (s == 0 ? 10 + p : 7));
        }
        if (p < 18)
            stage_row(&rows, 4, TDM_STAGESTATE_IS_JOINED, day("2017-10-02"));
        if (p < 12)
            facilitation_row(&rows, "AB1/u", day("2018-02-01"), 45);
        assert_int_equal(count_person(&rows, day("2018-06-01"), &set), 0);
    }
    assert_int_equal(amount(&set, STAGES, "2017/18", "1", "entered", 0), 40);
    assert_int_equal(amount(&set, STAGES, "2017/18", "1", "passed", 0), 30);
    assert_int_equal(amount(&set, STAGES, "2017/18", "2", "passed", 0), 24);
    assert_int_equal(amount(&set, STAGES, "2017/18", "3", "passed", 0), 18);
    assert_int_equal(amount(&set, STAGES, "2017/18Q1", "1", "passed", 0), 30);
    assert_int_equal(amount(&set, STAGES, "2017-04", "1", "passed", 0), 11); /* 10 to 20 days: by 30 April */
    char median[16];
    assert_string_equal(median_days(STAGE_DAYS, "2017/18", "1", median), "00024");
    assert_string_equal(median_days(STAGE_DAYS, "2017/18", "2", median), "00007");
    assert_int_equal(amount(&set, FACULTY, "2017/18", "", "", 0), 18);
    assert_int_equal(amount(&set, FACULTY, "2017/18", "", "", 1), 12);
    assert_int_equal(amount(&set, FACULTY, "2017/18", "", "", 2), 540);
    assert_int_equal(amount(&set, FACULTY, "2017-10", "", "", 1), 0);
    assert_int_equal(amount(&set, FACULTY, "2018/19", "", "", 1), 12);
    assert_int_equal(amount(&set, FACULTY, "2018/19", "", "", 2), 0);
    assert_int_equal(amount(&set, FACULTY, "2018-07", "", "", 0), 0);
}

static void dates_that_run_backwards(void **state)
{
    (void)state;
    stage_row(&rows, 1, TDM_STAGESTATE_IS_ENTERED, day("2017-05-02"));
    stage_row(&rows, 1, TDM_STAGESTATE_IS_PASSED, day("2017-05-01"));
    stage_row(&rows, 2, TDM_STAGESTATE_IS_ENTERED, day("2017-05-02"));
    stage_row(&rows, 2, TDM_STAGESTATE_IS_PASSED, day("2017-05-02"));
    stage_row(&rows, 3, TDM_STAGESTATE_IS_ENTERED, day("2017-05-09")); /* the second time: not the first */
    stage_row(&rows, 3, TDM_STAGESTATE_IS_ENTERED, day("2017-05-02"));
    stage_row(&rows, 3, TDM_STAGESTATE_IS_PASSED, day("2017-05-05"));
    stage_row(&rows, 4, TDM_STAGESTATE_IS_PASSED, day("2017-05-05")); /* never entered */
    stage_row(&rows, 5, TDM_STAGESTATE_IS_ENTERED, -200000);
    stage_row(&rows, 5, TDM_STAGESTATE_IS_PASSED, 200000);
    count_person(&rows, day("2017-06-01"), &set);
    assert_int_equal(amount(&set, STAGE_DAYS, "2017-05", "1", "backwards", 0), 1);
    assert_int_equal(amount(&set, STAGE_DAYS, "2017-05", "2", "00000", 0), 1);
    assert_int_equal(amount(&set, STAGE_DAYS, "2017-05", "3", "00003", 0), 1);
    assert_int_equal(amount(&set, STAGE_DAYS, "2517/18", "5", "400000", 0), 1);
    assert_int_equal(cells_of(&set, STAGE_DAYS), 4 * 3);
}

static void answer_row(const int answers[4], int top)
{
    row_value values[8] = { { TDM_TEAM_ANSWER_DATE, day("2017-04-01"), NULL } };
    size_t count = 1;
    for (uint32_t i = 0; i < 4; i++) {
        if (answers[i] >= 0)
            values[count++] = (row_value){ TDM_TEAM_ANSWER_IN_TEAM + i, answers[i], NULL };
    }
    if (top >= 0)
        values[count++] = (row_value){ TDM_TEAM_ANSWER_TOP, top, NULL };
    rows_add(&rows, TDM_TYPE_TEAM_ANSWER, values);
}

static void teams_as_worked(void **state)
{
    (void)state;
    static const int GIVEN[10][4] = { { 1, 1, 1, 1 }, { 1, 1, 1, 1 }, { 1, 1, 1, 1 }, { 1, 1, 1, 1 },
                                      { 1, 0, 1, 1 }, { 1, 1, 0, 1 }, { 1, 1, 1, 0 }, { 1, 0, 0, 0 },
                                      { 1, 0, 1, 0 }, { 0, 1, 1, 1 } };
    for (size_t i = 0; i < 10; i++) {
        answer_row(GIVEN[i], -1);
        count_person(&rows, day("2018-01-01"), &set);
    }
    assert_int_equal(amount(&set, ANSWERS, "2017/18", "team", "real", 0), 4);
    assert_int_equal(amount(&set, ANSWERS, "2017/18", "team", "pseudo", 0), 5);
    assert_int_equal(amount(&set, ANSWERS, "2017/18", "team", "none", 0), 1);
    assert_int_equal(cells_of(&set, ANSWERS), 9);
}

/* Answers as letters, no, yes or ?: what one would say reading them. */
static const char *say_class(const char *in_team, const char *three)
{
    if (strcmp(in_team, "yes") != 0)
        return strcmp(in_team, "no") == 0 ? "none" : "unanswered";
    if (strcmp(three, "yyy") == 0)
        return "real";
    return strchr(three, 'n') != NULL ? "pseudo" : "incomplete";
}

static void every_answer_has_its_class(void **state)
{
    (void)state;
    static const char *const IN_TEAM[] = { "?", "no", "yes" };
    size_t seen = 0;
    for (int code = 0; code < 81; code++) {
        int answers[4];
        char three[4] = { 0 };
        for (int i = 0, left = code; i < 4; i++, left /= 3)
            answers[i] = left % 3 - 1;
        for (int i = 0; i < 3; i++)
            three[i] = "?ny"[answers[i + 1] + 1];
        for (int top = -1; top <= 1; top++, seen++) {
            answer_row(answers, top);
            count_person(&rows, day("2018-01-01"), &set);
            const char *class = say_class(IN_TEAM[answers[0] + 1], three);
            assert_int_equal(amount(&set, ANSWERS, "2017-04", top == 1 ? "top" : "team", class, 0), 1);
            assert_int_equal(cells_of(&set, ANSWERS), 3);
            tdm_summary_free(&set);
        }
    }
    assert_int_equal(seen, 243);
}

static void change_as_worked(void **state)
{
    (void)state;
    static const int RISE[] = { 1, 0, 1, -1, 2, 1, 0, 1, 1, 0 };
    for (size_t i = 0; i < TDM_COUNT(RISE); i++) {
        response_row(&rows, 3, 300 + 100 * RISE[i], day("2018-04-01")); /* the last wave, entered first */
        response_row(&rows, 2, 900, day("2018-05-01"));
        response_row(&rows, 1, 300, day("2018-03-31"));
        count_person(&rows, day("2018-06-01"), &set);
    }
    response_row(&rows, 1, -700, day("2018-04-01")); /* one wave makes no pair */
    count_person(&rows, day("2018-06-01"), &set);
    static const int64_t LATER[] = {
        10 + 10 + 1, 3600 + 9000 - 700, 1360000 + 8100000 + 490000, 10, 600, 100000, 6
    };
    for (size_t n = 0; n < TDM_COUNT(LATER); n++)
        assert_int_equal(amount(&set, RESPONSES, "2018/19", "wellbeing", "", n), LATER[n]);
    assert_int_equal(amount(&set, RESPONSES, "2018-04", "wellbeing", "", 3), 10);
    assert_int_equal(amount(&set, RESPONSES, "2018-05", "wellbeing", "", 3), 0);
    assert_int_equal(amount(&set, RESPONSES, "2017/18", "wellbeing", "", 0), 10);
    assert_int_equal(amount(&set, RESPONSES, "2017/18", "wellbeing", "", 2), 900000);
}

static void scales_are_not_mixed(void **state)
{
    (void)state;
    static const char *const SCALES[] = { "a", "b" };
    for (int64_t i = 0; i < 2; i++)
        ROW(&rows, TDM_TYPE_RESPONSE, { TDM_RESPONSE_INSTRUMENT, 0, "x" },
            { TDM_RESPONSE_DIMENSION, 0, SCALES[i] }, { TDM_RESPONSE_WAVE, i + 1, NULL },
            { TDM_RESPONSE_SCORE, 100, NULL }, { TDM_RESPONSE_DATE, 18000, NULL });
    count_person(&rows, 18000, &set);
    size_t count;
    const tdm_summary_cell **cells = tdm_summary_sorted(&set, &count);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(cells[i]->n[3], 0);
    free(cells);
}

static void places_are_waited_for(void **state)
{
    (void)state;
    application_row(&rows, "AB1/u", TDM_APPLICATIONSTATE_IS_ENROLLED, day("2018-04-01"));
    application_row(&rows, "AB1/u", TDM_APPLICATIONSTATE_IS_APPLIED, day("2018-03-31"));
    application_row(&rows, "AB1/v", TDM_APPLICATIONSTATE_IS_APPLIED, day("2018-03-31"));
    application_row(&rows, "AB1/v", TDM_APPLICATIONSTATE_IS_ENROLLED, day("2018-03-30")); /* before it */
    application_row(&rows, "AB1/w", TDM_APPLICATIONSTATE_IS_ENROLLED,
                    day("2018-04-02")); /* unit without one */
    application_row(&rows, "AB1/x", TDM_APPLICATIONSTATE_IS_APPLIED, day("2018-04-02"));
    application_row(&rows, "AB1/x", TDM_APPLICATIONSTATE_IS_ENROLLED, day("2018-04-02"));
    application_row(&rows, "AB1/x", 77, day("2018-04-02"));
    ROW(&rows, TDM_TYPE_APPLICATION, { TDM_APPLICATION_UNIT, 0, "AB1/y" },
        { TDM_APPLICATION_STATE, TDM_APPLICATIONSTATE_IS_WITHDREW, NULL },
        { TDM_APPLICATION_DATE, day("2018-04-02"), NULL },
        { TDM_APPLICATION_REASON, TDM_REASON_IS_WORKLOAD, NULL });
    count_person(&rows, day("2018-06-01"), &set);
    assert_int_equal(amount(&set, WAITING, "2018/19", "00001", "", 0), 1);
    assert_int_equal(amount(&set, WAITING, "2018-04", "00000", "", 0), 1);
    assert_int_equal(cells_of(&set, WAITING), 2 * 3);
    assert_int_equal(amount(&set, APPLICATIONS, "2017/18", "applied", "", 0), 2);
    assert_int_equal(amount(&set, APPLICATIONS, "2018/19", "applied", "", 0), 1);
    assert_int_equal(amount(&set, APPLICATIONS, "2018/19Q1", "enrolled", "", 0), 3);
    assert_int_equal(amount(&set, APPLICATIONS, "2018-04", "withdrew", "workload", 0), 1);
    assert_int_equal(amount(&set, APPLICATIONS, "2018-04", "77", "", 0), 1);
}

static void people_are_reached_once_a_period(void **state)
{
    (void)state;
    ROW(&rows, TDM_TYPE_PROFILE, { TDM_PROFILE_LOCALITY, 0, "replaced" });
    ROW(&rows, TDM_TYPE_PROFILE, { TDM_PROFILE_ORGANISATION, 0, "AB1" }, { TDM_PROFILE_LOCALITY, 0, "" },
        { TDM_PROFILE_SECTOR, TDM_SECTOR_IS_TRUST, NULL }, { TDM_PROFILE_LEVEL, 98, NULL },
        { TDM_PROFILE_CLINICAL, 0, NULL }, { TDM_PROFILE_SEX, 0, "female" });
    attendance_row(&rows, "AB1/u", day("2018-04-01"));
    attendance_row(&rows, "AB1/u", day("2018-03-31"));
    attendance_row(&rows, "AB1/v", day("2018-04-01"));
    attendance_row(&rows, "AB1/u", day("2018-06-30"));
    attendance_row(&rows, "AB1/u", day("2018-07-01"));
    count_person(&rows, day("2018-08-01"), &set);
    static const char *const PERIODS[] = { "2017/18", "2018/19", "2017/18Q4", "2018/19Q1", "2018/19Q2",
                                           "2018-03", "2018-04", "2018-06",   "2018-07" };
    static const char *const CELLS[][2] = {
        { "total", "" },
        { "organisation", "AB1" },
        { "locality", "unknown" },
        { "sector", "trust" },
        { "level", "98" },
        { "clinical", "no" },
        { "sex", "female" },
        { "staff_group", "unknown" },
        { "discipline", "unknown" },
        { "ethnicity", "unknown" },
        { "disability", "unknown" },
        { "predecessor", "unknown" },
    };
    for (size_t p = 0; p < TDM_COUNT(PERIODS); p++) {
        for (size_t c = 0; c < TDM_COUNT(CELLS); c++)
            assert_int_equal(amount(&set, REACHED, PERIODS[p], CELLS[c][0], CELLS[c][1], 0), 1);
    }
    assert_int_equal(cells_of(&set, REACHED), TDM_COUNT(PERIODS) * TDM_COUNT(CELLS));
    attendance_row(&rows, "AB1/u", day("2018-03-31")); /* somebody without a profile */
    count_person(&rows, day("2018-08-01"), &set);
    assert_int_equal(amount(&set, REACHED, "2018-03", "total", "", 0), 2);
    assert_int_equal(amount(&set, REACHED, "2018-03", "clinical", "unknown", 0), 1);
    assert_int_equal(amount(&set, REACHED, "2018-03", "locality", "unknown", 0), 2);
}

static void development_by_kind_and_level(void **state)
{
    (void)state;
    static const struct {
        int64_t kind;
        const char *date;
        int64_t quality; /* -1: not stated */
    } STEPS[] = {
        { TDM_DEVELOPMENTKIND_IS_APPRAISAL, "2018-04-02", 1 },
        { TDM_DEVELOPMENTKIND_IS_MENTOR, "2018-04-02", -1 },
        { TDM_DEVELOPMENTKIND_IS_APPRAISAL, "2018-05-02", 0 },
        { TDM_DEVELOPMENTKIND_IS_APPRAISAL, "2018-04-30", 1 },
        { TDM_DEVELOPMENTKIND_IS_APPRAISAL, "2018-03-31", 1 },
    };
    for (size_t i = 0; i < TDM_COUNT(STEPS); i++) {
        row_value values[] = { { TDM_DEVELOPMENT_KIND, STEPS[i].kind, NULL },
                               { TDM_DEVELOPMENT_DATE, day(STEPS[i].date), NULL },
                               { STEPS[i].quality < 0 ? 0 : TDM_DEVELOPMENT_QUALITY, STEPS[i].quality, NULL },
                               { 0 } };
        rows_add(&rows, TDM_TYPE_DEVELOPMENT, values);
    }
    ROW(&rows, TDM_TYPE_PROFILE, { TDM_PROFILE_LEVEL, TDM_LEVEL_IS_FRONTLINE, NULL });
    count_person(&rows, day("2018-06-01"), &set);
    static const int64_t APPRAISALS[] = { 1, 3, 2 };
    for (size_t n = 0; n < 3; n++)
        assert_int_equal(amount(&set, DEVELOPMENT, "2018/19", "appraisal_held", "frontline", n),
                         APPRAISALS[n]);
    assert_int_equal(amount(&set, DEVELOPMENT, "2018-04", "appraisal_held", "frontline", 1), 2);
    assert_int_equal(amount(&set, DEVELOPMENT, "2018-05", "appraisal_held", "frontline", 2), 0);
    assert_int_equal(amount(&set, DEVELOPMENT, "2017/18Q4", "appraisal_held", "frontline", 1), 1);
    assert_int_equal(amount(&set, DEVELOPMENT, "2018/19", "mentor_paired", "frontline", 1), 1);
    assert_int_equal(amount(&set, DEVELOPMENT, "2018/19", "mentor_paired", "frontline", 2), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stages_as_worked),
        TEST(dates_that_run_backwards),
        TEST(teams_as_worked),
        TEST(every_answer_has_its_class),
        TEST(change_as_worked),
        TEST(scales_are_not_mixed),
        TEST(places_are_waited_for),
        TEST(people_are_reached_once_a_period),
        TEST(development_by_kind_and_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
