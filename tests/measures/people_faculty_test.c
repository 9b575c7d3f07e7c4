/* SPDX-License-Identifier: MPL-2.0
 *
 * people_faculty_test.c: who is of the faculty, until when, and for how long a delivery keeps one active.
 */
#include "people_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define FACULTY TDM_SUMMARYTABLE_IS_FACULTY
#define JOINED TDM_STAGESTATE_IS_JOINED
#define LAPSED TDM_STAGESTATE_IS_LAPSED

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

static int64_t faculty(const char *period, size_t n)
{
    return amount(&set, FACULTY, period, "", "", n);
}

static void active_for_365_days(void **state)
{
    (void)state;
    static const struct {
        const char *delivered;
        const char *today;
        int64_t active;
    } CASES[] = {
        { "2017-06-01", "2018-05-31", 1 }, /* the first of 365 days */
        { "2017-06-01", "2018-06-01", 0 }, /* the 366th */
        { "2019-06-01", "2020-05-30", 1 }, /* over a leap day: a day sooner */
        { "2019-06-01", "2020-05-31", 0 }, { "2018-06-01", "2018-06-01", 1 }, /* the last */
        { "2018-06-02", "2018-06-01", 0 },                                    /* not yet */
    };
    for (size_t i = 0; i < TDM_COUNT(CASES); i++) {
        stage_row(&rows, 4, JOINED, day("2016-05-01"));
        facilitation_row(&rows, "AB1/u", day(CASES[i].delivered), 5);
        tdm_date today = day(CASES[i].today);
        char month[16];
        tdm_period_text(tdm_period_of(TDM_PERIOD_MONTH, today), month);
        count_person(&rows, today, &set);
        assert_int_equal(faculty(month, 0), 1);
        assert_int_equal(faculty(month, 1), CASES[i].active);
        tdm_summary_free(&set);
    }
}

static void years_end_on_31_march(void **state)
{
    (void)state;
    stage_row(&rows, 4, JOINED, day("2017-04-01"));
    facilitation_row(&rows, "AB1/u", day("2018-03-31"), 3);
    facilitation_row(&rows, "AB1/u", day("2018-04-01"), 4);
    facilitation_row(&rows, "AB1/v", day("2018-04-01"), 5);
    stage_row(&rows, 4, LAPSED, day("2019-04-01"));
    count_person(&rows, day("2019-06-15"), &set);
    assert_int_equal(faculty("2016/17", 0), 0);
    assert_int_equal(faculty("2017-03", 0), 0);
    assert_int_equal(faculty("2017/18", 2), 3);
    assert_int_equal(faculty("2017/18Q4", 2), 3);
    assert_int_equal(faculty("2018/19", 2), 9);
    assert_int_equal(faculty("2018/19", 1), 1); /* 31 March 2019 is the 365th day from 1 April 2018 */
    assert_int_equal(faculty("2019-03", 0), 1);
    assert_int_equal(faculty("2019-04", 0), 0);
    assert_int_equal(faculty("2019/20", 0), 0);
}

static void joined_and_lapsed_on_one_day(void **state)
{
    (void)state;
    for (int joins_last = 0; joins_last <= 1; joins_last++) {
        stage_row(&rows, 4, joins_last ? LAPSED : JOINED, day("2018-05-01"));
        stage_row(&rows, 4, joins_last ? JOINED : LAPSED, day("2018-05-01"));
        count_person(&rows, day("2018-06-15"), &set);
        assert_int_equal(faculty("2018-05", 0), joins_last);
        assert_int_equal(faculty("2018-06", 0), joins_last);
        assert_int_equal(cells_of(&set, FACULTY), joins_last ? 4 : 0);
        tdm_summary_free(&set);
    }
}

static void only_joining_makes_a_member(void **state)
{
    (void)state;
    static const int64_t STATES[] = { TDM_STAGESTATE_IS_LAUNCHED, TDM_STAGESTATE_IS_REFRESHED,
                                      TDM_STAGESTATE_IS_PASSED, 88 };
    for (size_t i = 0; i < TDM_COUNT(STATES); i++)
        stage_row(&rows, 4, STATES[i], day("2018-05-01"));
    facilitation_row(&rows, "AB1/u", day("2018-05-02"), 7);
    count_person(&rows, day("2018-06-15"), &set);
    assert_int_equal(cells_of(&set, FACULTY), 0);
    assert_int_equal(amount(&set, TDM_SUMMARYTABLE_IS_STAGES, "2018-05", "4", "launched", 0), 1);
    assert_int_equal(amount(&set, TDM_SUMMARYTABLE_IS_STAGES, "2018-05", "4", "88", 0), 1);
    stage_row(&rows, 4, JOINED, day("2018-06-16")); /* tomorrow */
    count_person(&rows, day("2018-06-15"), &set);
    assert_int_equal(cells_of(&set, FACULTY), 0);
    stage_row(&rows, 4, JOINED, day("2018-06-15"));
    stage_row(&rows, 4, TDM_STAGESTATE_IS_REFRESHED, day("2018-06-15")); /* changes nothing */
    count_person(&rows, day("2018-06-15"), &set);
    assert_int_equal(cells_of(&set, FACULTY), 3);
}

static void fifty_years_are_the_most(void **state)
{
    (void)state;
    stage_row(&rows, 4, JOINED, day("1500-01-01"));
    count_person(&rows, day("2018-04-01"), &set);
    assert_int_equal(faculty("1967/68", 0), 0);
    assert_int_equal(faculty("1968-03", 0), 0);
    assert_int_equal(faculty("1968/69", 0), 1);
    assert_int_equal(faculty("1968-04", 0), 1);
    assert_int_equal(faculty("2018-04", 0), 1);
    assert_int_equal(cells_of(&set, FACULTY), 51 + 50 * 4 + 1 + 50 * 12 + 1);
    tdm_summary_free(&set);
    static const tdm_date ENDS[] = { INT32_MIN, -200000, 200000, INT32_MAX };
    for (size_t i = 0; i < TDM_COUNT(ENDS); i++) {
        stage_row(&rows, 4, JOINED, -200000);
        facilitation_row(&rows, "AB1/u", 200000, 1);
        count_person(&rows, ENDS[i], &set);
        assert_int_equal(faculty("2517/18", 2), ENDS[i] > 0);
        assert_in_range(cells_of(&set, FACULTY), 3, 51 * 17);
        tdm_summary_free(&set);
    }
}

/* ---- against a second way: every day asked by itself ---- */

typedef struct happening {
    bool delivers;
    bool joins;
    tdm_date date;
    int64_t people;
} happening;

static bool is_member(const happening *items, size_t count, tdm_date date)
{
    bool member = false;
    for (tdm_date d = 17000; d <= date; d++) {
        for (size_t i = 0; i < count; i++) {
            if (!items[i].delivers && items[i].date == d)
                member = items[i].joins;
        }
    }
    return member;
}

static void check_period(const happening *items, size_t count, tdm_period period, tdm_date today)
{
    tdm_date last = tdm_period_last(period) < today ? tdm_period_last(period) : today;
    char text[16];
    int64_t active = 0;
    int64_t people = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t age = last - items[i].date;
        active |= items[i].delivers && age >= 0 && age < 365;
        if (items[i].delivers && tdm_period_of(period.kind, items[i].date).number == period.number)
            people += items[i].people;
    }
    bool member = is_member(items, count, last);
    tdm_period_text(period, text);
    assert_int_equal(faculty(text, 0), member);
    assert_int_equal(faculty(text, 1), member ? active : 0);
    assert_int_equal(faculty(text, 2), member ? people : 0);
}

static void as_day_by_day(void **state)
{
    (void)state;
    dice d = { 7 };
    size_t cells = 0;
    for (size_t round = 0; round < 60; round++) {
        happening items[24];
        size_t count = 1 + dice_below(&d, TDM_COUNT(items));
        for (size_t i = 0; i < count; i++) {
            items[i] = (happening){ dice_below(&d, 2) == 0, dice_below(&d, 2) == 0,
                                    (tdm_date)dice_between(&d, 17000, 18500), dice_between(&d, 0, 30) };
            if (items[i].delivers)
                facilitation_row(&rows, "AB1/u", items[i].date, items[i].people);
            else
                stage_row(&rows, 1 + (int64_t)dice_below(&d, 9), items[i].joins ? JOINED : LAPSED,
                          items[i].date);
        }
        tdm_date today = (tdm_date)dice_between(&d, 17000, 19000);
        count_person(&rows, today, &set);
        cells += cells_of(&set, FACULTY);
        for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++) {
            tdm_period period = tdm_period_of((tdm_period_kind)kind, 16900);
            for (; tdm_period_first(period) <= today; period.number++)
                check_period(items, count, period, today);
        }
        tdm_summary_free(&set);
    }
    assert_in_range(cells, 500, SIZE_MAX / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(active_for_365_days),         TEST(years_end_on_31_march),    TEST(joined_and_lapsed_on_one_day),
        TEST(only_joining_makes_a_member), TEST(fifty_years_are_the_most), TEST(as_day_by_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
