/* SPDX-License-Identifier: MPL-2.0
 *
 * civil.c: dates by counting, slowly and plainly.
 */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

int64_t oracle_floor_div(__int128 num, __int128 den)
{
    __int128 quotient = num / den;
    return (int64_t)(num % den < 0 ? quotient - 1 : quotient);
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
    static const int DAYS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && is_leap(year) ? 29 : DAYS[month - 1];
}

/* Days from 1970-01-01 to 1 January of the year: 365 each, and the leap days between. */
static tdm_date first_of_year(int year)
{
    int64_t before = (int64_t)year - 1;
    int64_t leaps =
        oracle_floor_div(before, 4) - oracle_floor_div(before, 100) + oracle_floor_div(before, 400);
    return (tdm_date)(365 * (int64_t)(year - 1970) + leaps - (1969 / 4 - 1969 / 100 + 1969 / 400));
}

tdm_date oracle_date(int year, int month, int day)
{
    tdm_date date = first_of_year(year);
    for (int m = 1; m < month; m++)
        date += days_in_month(year, m);
    return date + day - 1;
}

void oracle_date_split(tdm_date date, int *year, int *month, int *day)
{
    int y = 1970 + (int)oracle_floor_div(date, 366); /* at or before the year after 1970, then walk on */
    if (date < 0)
        y = 1970 + (int)oracle_floor_div(date, 365) - 1;
    while (first_of_year(y + 1) <= date)
        y++;
    int m = 1;
    tdm_date left = date - first_of_year(y);
    while (left >= days_in_month(y, m))
        left -= days_in_month(y, m++);
    *year = y;
    *month = m;
    *day = left + 1;
}

/* 1970-01-01 was a Thursday. */
static tdm_date last_sunday(int year, int month)
{
    tdm_date date = oracle_date(year, month, 31);
    while (oracle_floor_div(date + 4, 7) * 7 != date + 4)
        date--;
    return date;
}

tdm_date oracle_london(int64_t ms_utc)
{
    int year, month, day;
    int64_t utc_day = oracle_floor_div(ms_utc, DAY_MS);
    oracle_date_split((tdm_date)utc_day, &year, &month, &day);
    int64_t begins = last_sunday(year, 3) * DAY_MS + DAY_MS / 24;
    int64_t ends = last_sunday(year, 10) * DAY_MS + DAY_MS / 24;
    int64_t local = ms_utc + (ms_utc >= begins && ms_utc < ends ? DAY_MS / 24 : 0);
    return (tdm_date)oracle_floor_div(local, DAY_MS);
}

tdm_period oracle_period_of(tdm_period_kind kind, tdm_date date)
{
    int year, month, day;
    oracle_date_split(date, &year, &month, &day);
    int financial = month >= 4 ? year : year - 1;
    int months_in = (month + 12 - 4) % 12;
    if (kind == TDM_PERIOD_YEAR)
        return (tdm_period){ kind, financial };
    if (kind == TDM_PERIOD_QUARTER)
        return (tdm_period){ kind, 4 * financial + months_in / 3 };
    return (tdm_period){ kind, 12 * year + month - 1 };
}

tdm_date oracle_period_last(tdm_period period)
{
    if (period.kind == TDM_PERIOD_YEAR)
        return oracle_date(period.number + 1, 3, 31);
    if (period.kind == TDM_PERIOD_MONTH) {
        int year = (int)oracle_floor_div(period.number, 12), month = period.number - 12 * year + 1;
        return oracle_date(year, month, days_in_month(year, month));
    }
    static const struct {
        int later, month, day;
    } ENDS[] = { { 0, 6, 30 }, { 0, 9, 30 }, { 0, 12, 31 }, { 1, 3, 31 } };
    int year = (int)oracle_floor_div(period.number, 4), quarter = period.number - 4 * year;
    return oracle_date(year + ENDS[quarter].later, ENDS[quarter].month, ENDS[quarter].day);
}

int32_t oracle_period_year(tdm_period period)
{
    return oracle_period_of(TDM_PERIOD_YEAR, oracle_period_last(period)).number;
}

void oracle_period_text(tdm_period period, char out[16])
{
    char text[48] = { 0 };
    int year = oracle_period_year(period), calendar = (int)oracle_floor_div(period.number, 12);
    if (period.kind == TDM_PERIOD_MONTH)
        (void)snprintf(text, sizeof(text), "%04d-%02d", calendar, period.number - 12 * calendar + 1);
    else if (period.kind == TDM_PERIOD_QUARTER)
        (void)snprintf(text, sizeof(text), "%04d/%02dQ%d", year, (year + 1) % 100,
                       period.number - 4 * year + 1);
    else
        (void)snprintf(text, sizeof(text), "%04d/%02d", year, (year + 1) % 100);
    text[15] = '\0';
    memcpy(out, text, 16);
}

static int digits(tdm_span text, size_t from, size_t count)
{
    int number = 0;
    for (size_t i = from; i < from + count; i++)
        number = number * 10 + (text.data[i] - '0');
    return number;
}

/* Reads by guessing the period and printing it again: equal texts are equal periods. */
bool oracle_period_parse(tdm_span text, tdm_period *out)
{
    if (text.len < 7)
        return false;
    int year = digits(text, 0, 4);
    if (text.len == 7 && text.data[4] == '/')
        *out = (tdm_period){ TDM_PERIOD_YEAR, year };
    else if (text.len == 7)
        *out = (tdm_period){ TDM_PERIOD_MONTH, 12 * year + digits(text, 5, 2) - 1 };
    else
        *out = (tdm_period){ TDM_PERIOD_QUARTER, 4 * year + digits(text, text.len - 1, 1) - 1 };
    char again[16];
    oracle_period_text(*out, again);
    return tdm_span_equal(text, tdm_span_text(again));
}
