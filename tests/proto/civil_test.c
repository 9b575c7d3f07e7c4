/* SPDX-License-Identifier: MPL-2.0
 *
 * civil_test.c: dates against counting day by day, London's clock changes, periods, shares.
 */
#include "tandem/civil.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
    return month == 2 ? 28 + is_leap(year) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void check_day(tdm_date date, int year, int month, int day)
{
    int y;
    int m;
    int d;
    char text[16];
    tdm_date parsed;
    assert_int_equal(tdm_date_from(year, month, day), date);
    tdm_date_split(date, &y, &m, &d);
    assert_true(y == year && m == month && d == day);
    tdm_date_text(date, text);
    assert_int_equal(tdm_date_parse(tdm_span_text(text), &parsed, NULL), TDM_OK);
    assert_int_equal(parsed, date);
    for (tdm_period_kind kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++) {
        tdm_period period = tdm_period_of(kind, date);
        assert_true(tdm_period_first(period) <= date && date <= tdm_period_last(period));
        assert_int_equal(tdm_period_of(kind, tdm_period_last(period) + 1).number, period.number + 1);
        assert_int_equal(tdm_period_year(period).number, month >= 4 ? year : year - 1);
    }
}

static void dates_are_those_of_counting(void **state)
{
    (void)state;
    tdm_date date = -25567; /* 1900-01-01, 70 years and 17 leap days before 1970 */
    for (int year = 1900; year <= 2100; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= days_in(year, month); day++)
                check_day(date++, year, month, day);
            assert_false(tdm_date_is_real(year, month, days_in(year, month) + 1));
        }
    }
    assert_int_equal(tdm_date_from(1970, 1, 1), 0);
}

/* ---- instants ---- */

static const struct london_row {
    const char *name;
    const char *instant;
    const char *date;
    int offset_min;
    const char *year;
} LONDON[] = {
    { "a winter evening stays its day", "2018-01-31T23:30:00Z", "2018-01-31", 0, "2017/18" },
    { "half an hour to April in London is April", "2018-03-31T23:30:00Z", "2018-04-01", 60, "2018/19" },
    { "half past ten is still March", "2018-03-31T22:30:00Z", "2018-03-31", 60, "2017/18" },
    { "the last second of winter 2018", "2018-03-25T00:59:59.999Z", "2018-03-25", 0, "2017/18" },
    { "the first second of summer 2018", "2018-03-25T01:00:00Z", "2018-03-25", 60, "2017/18" },
    { "the last second of summer 2018", "2018-10-28T00:59:59.999Z", "2018-10-28", 60, "2018/19" },
    { "the first second of winter 2018", "2018-10-28T01:00:00Z", "2018-10-28", 0, "2018/19" },
    { "summer starts on the 31st in 2019", "2019-03-31T01:00:00Z", "2019-03-31", 60, "2018/19" },
    { "and not a second before", "2019-03-31T00:59:59Z", "2019-03-31", 0, "2018/19" },
    { "the day before the 31st is winter", "2019-03-30T23:30:00Z", "2019-03-30", 0, "2018/19" },
    { "summer ends on the 25th in 2020", "2020-10-25T01:00:00Z", "2020-10-25", 0, "2020/21" },
    { "a summer midnight is the next day", "2020-06-30T23:00:00Z", "2020-07-01", 60, "2020/21" },
    { "the zone of the text does not matter", "2018-03-31T20:30:00-03:00", "2018-04-01", 60, "2018/19" },
    { "before 1970 the rule is the same", "1969-07-01T23:00:00Z", "1969-07-02", 60, "1969/70" },
};

static void check_london(void **state)
{
    const struct london_row *row = *state;
    int64_t ms;
    int32_t offset;
    char text[16];
    assert_int_equal(tdm_time_parse(tdm_span_text(row->instant), &ms, &offset, NULL), TDM_OK);
    assert_int_equal(tdm_london_offset_min(ms), row->offset_min);
    tdm_date date = tdm_date_in_london(ms);
    tdm_date_text(date, text);
    assert_string_equal(text, row->date);
    tdm_period_text(tdm_period_of(TDM_PERIOD_YEAR, date), text);
    assert_string_equal(text, row->year);
}

static void the_ends_of_time_do_not_overflow(void **state)
{
    (void)state;
    char text[40];
    assert_int_equal(tdm_date_in_london(INT64_MAX), INT32_MAX);
    assert_int_equal(tdm_date_in_london(INT64_MIN), INT32_MIN);
    tdm_time_text(INT64_MAX, 1080, text);
    assert_string_equal(text, "292278994-08-18T01:12:55.807+18:00");
    tdm_time_text(INT64_MIN, -1080, text);
    assert_string_equal(text, "-292275055-05-15T22:47:04.192-18:00");
}

static const struct time_row {
    const char *name;
    const char *text;
    int64_t ms;
    int32_t offset_min;
    const char *printed; /* NULL: refused */
} TIMES[] = {
    { "the epoch", "1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00.000Z" },
    { "milliseconds", "1970-01-01T00:00:00.007Z", 7, 0, "1970-01-01T00:00:00.007Z" },
    { "tenths of a second", "1970-01-01T00:00:00.7Z", 700, 0, "1970-01-01T00:00:00.700Z" },
    { "a millisecond before the epoch", "1969-12-31T23:59:59.999Z", -1, 0, "1969-12-31T23:59:59.999Z" },
    { "an eastern zone", "1970-01-01T05:45:00+05:45", 0, 345, "1970-01-01T05:45:00.000+05:45" },
    { "a western zone and the day before", "1969-12-31T23:30:00-00:30", 0, -30,
      "1969-12-31T23:30:00.000-00:30" },
    { "minus zero is Z", "1970-01-01T00:00:00-00:00", 0, 0, "1970-01-01T00:00:00.000Z" },
    { "small letters", "1970-01-01t00:00:00z", 0, 0, "1970-01-01T00:00:00.000Z" },
    { "the leap day of 2000", "2000-02-29T12:00:00Z", 951825600000, 0, "2000-02-29T12:00:00.000Z" },
    { "no zone is refused", "1970-01-01T00:00:00", 0, 0, NULL },
    { "a day that does not exist is refused", "1900-02-29T00:00:00Z", 0, 0, NULL },
    { "hour 24 is refused", "1970-01-01T24:00:00Z", 0, 0, NULL },
    { "second 60 is refused", "1970-01-01T00:00:60Z", 0, 0, NULL },
    { "microseconds are refused", "1970-01-01T00:00:00.0001Z", 0, 0, NULL },
    { "a point without digits is refused", "1970-01-01T00:00:00.Z", 0, 0, NULL },
    { "a zone of 24 hours is refused", "1970-01-01T00:00:00+24:00", 0, 0, NULL },
    { "something after it is refused", "1970-01-01T00:00:00Z ", 0, 0, NULL },
    { "a blank for T is refused", "1970-01-01 00:00:00Z", 0, 0, NULL },
    { "nothing is refused", "", 0, 0, NULL },
};

static void check_time(void **state)
{
    const struct time_row *row = *state;
    int64_t ms;
    int32_t offset;
    char text[40];
    tdm_err err = { 0 };
    tdm_code code = tdm_time_parse(tdm_span_text(row->text), &ms, &offset, &err);
    assert_int_equal(code, row->printed == NULL ? TDM_MALFORMED : TDM_OK);
    if (row->printed == NULL)
        return;
    assert_true(ms == row->ms);
    assert_int_equal(offset, row->offset_min);
    tdm_time_text(ms, offset, text);
    assert_string_equal(text, row->printed);
}

/* ---- periods ---- */

static const struct period_row {
    const char *name;
    const char *text;
    tdm_period_kind kind;
    int32_t number;
    const char *first; /* NULL: refused */
    const char *last;
} PERIODS[] = {
    { "a financial year", "2017/18", TDM_PERIOD_YEAR, 2017, "2017-04-01", "2018-03-31" },
    { "the year over the century", "2099/00", TDM_PERIOD_YEAR, 2099, "2099-04-01", "2100-03-31" },
    { "the first quarter is April to June", "2017/18Q1", TDM_PERIOD_QUARTER, 8068, "2017-04-01",
      "2017-06-30" },
    { "the fourth quarter is January to March", "2015/16Q4", TDM_PERIOD_QUARTER, 8063, "2016-01-01",
      "2016-03-31" },
    { "a month", "2017-04", TDM_PERIOD_MONTH, 24207, "2017-04-01", "2017-04-30" },
    { "a February of a leap year", "2016-02", TDM_PERIOD_MONTH, 24193, "2016-02-01", "2016-02-29" },
    { "two years are refused", "2017/19", 0, 0, NULL, NULL },
    { "the same year is refused", "2017/17", 0, 0, NULL, NULL },
    { "month 0 is refused", "2017-00", 0, 0, NULL, NULL },
    { "month 13 is refused", "2017-13", 0, 0, NULL, NULL },
    { "quarter 0 is refused", "2017/18Q0", 0, 0, NULL, NULL },
    { "quarter 5 is refused", "2017/18Q5", 0, 0, NULL, NULL },
    { "a small q is refused", "2017/18q1", 0, 0, NULL, NULL },
    { "a day is refused", "2017-04-01", 0, 0, NULL, NULL },
    { "a bare year is refused", "2017", 0, 0, NULL, NULL },
    { "letters are refused", "20x7/18", 0, 0, NULL, NULL },
    { "nothing at all is refused", "", 0, 0, NULL, NULL },
};

static void check_period(void **state)
{
    const struct period_row *row = *state;
    tdm_period period;
    char text[16];
    tdm_code code = tdm_period_parse(tdm_span_text(row->text), &period, NULL);
    assert_int_equal(code, row->first == NULL ? TDM_MALFORMED : TDM_OK);
    if (row->first == NULL)
        return;
    assert_int_equal(period.kind, row->kind);
    assert_int_equal(period.number, row->number);
    tdm_period_text(period, text);
    assert_string_equal(text, row->text);
    tdm_date_text(tdm_period_first(period), text);
    assert_string_equal(text, row->first);
    tdm_date_text(tdm_period_last(period), text);
    assert_string_equal(text, row->last);
}

/* ---- shares ---- */

static const struct share_row {
    const char *name;
    int64_t num;
    int64_t den;
    bool known;
    int64_t tenths;
} SHARES[] = {
    { "5 of 11 are 45.5 %", 5, 11, true, 455 },
    { "6 of 10 are 60.0 %", 6, 10, true, 600 },
    { "1 of 3 is 33.3 %", 1, 3, true, 333 },
    { "2 of 3 are 66.7 %", 2, 3, true, 667 },
    { "a half goes up: 1 of 16 is 6.25 %", 1, 16, true, 63 },
    { "a half goes up: 1 of 2000 is 0.05 %", 1, 2000, true, 1 },
    { "below a half goes down", 1, 2001, true, 0 },
    { "none of 7 is 0", 0, 7, true, 0 },
    { "all of 7 are 100 %", 7, 7, true, 1000 },
    { "nothing of nothing has no share", 0, 0, false, 0 },
    { "something of nothing has no share", 5, 0, false, 0 },
    { "a half goes up below zero, too: -1 of 2000", -1, 2000, true, 0 },
    { "-1 of 16 is -6.2 %", -1, 16, true, -62 },
    { "-1 of 3 is -33.3 %", -1, 3, true, -333 },
    { "a negative whole turns both signs", 1, -3, true, -333 },
    { "the largest numbers do not overflow", INT64_MAX, INT64_MAX, true, 1000 },
    { "the smallest number does not overflow", INT64_MIN, INT64_MIN, true, 1000 },
    { "a share beyond 64 bits stays at the end", INT64_MAX, 1, true, INT64_MAX },
    { "a share below 64 bits stays at the end", INT64_MIN, 1, true, INT64_MIN },
};

static void check_share(void **state)
{
    const struct share_row *row = *state;
    int64_t tenths;
    assert_int_equal(tdm_share_tenths(row->num, row->den, &tenths), row->known);
    assert_true(tenths == row->tenths);
}

int main(void)
{
    struct CMUnitTest
        tests[TDM_COUNT(LONDON) + TDM_COUNT(TIMES) + TDM_COUNT(PERIODS) + TDM_COUNT(SHARES) + 2];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(LONDON); i++)
        tests[count++] = (struct CMUnitTest){ LONDON[i].name, check_london, NULL, NULL, (void *)&LONDON[i] };
    for (size_t i = 0; i < TDM_COUNT(TIMES); i++)
        tests[count++] = (struct CMUnitTest){ TIMES[i].name, check_time, NULL, NULL, (void *)&TIMES[i] };
    for (size_t i = 0; i < TDM_COUNT(PERIODS); i++)
        tests[count++] =
            (struct CMUnitTest){ PERIODS[i].name, check_period, NULL, NULL, (void *)&PERIODS[i] };
    for (size_t i = 0; i < TDM_COUNT(SHARES); i++)
        tests[count++] = (struct CMUnitTest){ SHARES[i].name, check_share, NULL, NULL, (void *)&SHARES[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(dates_are_those_of_counting);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_ends_of_time_do_not_overflow);
    return _cmocka_run_group_tests("civil", tests, count, NULL, NULL);
}
