/* SPDX-License-Identifier: MPL-2.0
 *
 * civil.c: civil dates, London time and financial years, without any time zone files.
 */
#include "tandem/civil.h"

#include "civil_text.h"

#define DAY_MS 86400000LL
#define HOUR_MS 3600000LL

int64_t tdm_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t tdm_floor_mod(int64_t a, int64_t b)
{
    return a % b + (a % b < 0 ? b : 0);
}

/* Days since 1970-01-01, counted in years that start in March, so that the leap day comes last.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
int64_t tdm_days_from(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = tdm_floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void tdm_days_split(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097 - (z % 146097 < 0);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

bool tdm_date_is_real(int year, int month, int day)
{
    static const int DAYS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= DAYS[month - 1] + (month == 2 && leap);
}

tdm_date tdm_date_from(int year, int month, int day)
{
    TDM_ASSERT(tdm_date_is_real(year, month, day));
    int64_t days = tdm_days_from(year, month, day);
    TDM_ASSERT(days >= INT32_MIN && days <= INT32_MAX);
    return (tdm_date)days;
}

void tdm_date_split(tdm_date date, int *year, int *month, int *day)
{
    int64_t wide;
    tdm_days_split(date, &wide, month, day);
    *year = (int)wide;
}

/* 01:00 UTC on the last Sunday of March or October: both have 31 days. */
static int64_t last_sunday_ms(int64_t year, int month)
{
    int64_t last = tdm_days_from(year, month, 31);
    int64_t weekday =
        (last + 4) - 7 * tdm_floor_div(last + 4, 7); /* 1970-01-01 was a Thursday; 0 is Sunday */
    return (last - weekday) * DAY_MS + HOUR_MS;
}

int tdm_london_offset_min(int64_t ms_utc)
{
    int64_t year;
    int month;
    int day;
    tdm_days_split(tdm_floor_div(ms_utc, DAY_MS), &year, &month, &day);
    if (month < 3 || month > 10) /* also keeps the products below in range at the ends of int64 */
        return 0;
    if (month > 3 && month < 10)
        return 60;
    int64_t change = last_sunday_ms(year, month);
    return (ms_utc >= change) == (month == 3) ? 60 : 0;
}

tdm_date tdm_date_in_london(int64_t ms_utc)
{
    int64_t days = tdm_floor_div(ms_utc, DAY_MS);
    int64_t ms_of_day = tdm_floor_mod(ms_utc, DAY_MS);
    days += ms_of_day + tdm_london_offset_min(ms_utc) * 60000LL >= DAY_MS;
    return (tdm_date)(days < INT32_MIN ? INT32_MIN : days > INT32_MAX ? INT32_MAX : days);
}

/* Whole number of calendar months since year 0, April being 0 of its financial year. */
static int32_t month_number(tdm_date date)
{
    int year;
    int month;
    int day;
    tdm_date_split(date, &year, &month, &day);
    return 12 * year + month - 1;
}

/* Months per period; the number of a year or quarter counts from its April. */
static const struct {
    int32_t months;
    int32_t shift; /* first month of number 0, counted from January of year 0 */
} PERIODS[] = {
    [TDM_PERIOD_YEAR] = { 12, 3 },
    [TDM_PERIOD_QUARTER] = { 3, 3 },
    [TDM_PERIOD_MONTH] = { 1, 0 },
};

/* Divisors that the compiler knows: every event judged asks this some twenty times. */
static int32_t floor_by(tdm_period_kind kind, int32_t months)
{
    if (kind == TDM_PERIOD_YEAR)
        return months / 12 - (months % 12 < 0);
    return kind == TDM_PERIOD_QUARTER ? months / 3 - (months % 3 < 0) : months;
}

tdm_period tdm_period_holding(tdm_period_kind kind, tdm_period month)
{
    return (tdm_period){ kind, floor_by(kind, month.number - PERIODS[kind].shift) };
}

tdm_period tdm_period_of(tdm_period_kind kind, tdm_date date)
{
    return tdm_period_holding(kind, (tdm_period){ TDM_PERIOD_MONTH, month_number(date) });
}

static tdm_date first_of(tdm_period_kind kind, int64_t number)
{
    int64_t month = number * PERIODS[kind].months + PERIODS[kind].shift;
    int64_t year = tdm_floor_div(month, 12);
    return (tdm_date)tdm_days_from(year, month - 12 * year + 1, 1);
}

tdm_date tdm_period_first(tdm_period period)
{
    return first_of(period.kind, period.number);
}

tdm_date tdm_period_last(tdm_period period)
{
    return first_of(period.kind, (int64_t)period.number + 1) - 1;
}

tdm_period tdm_period_year(tdm_period period)
{
    int64_t month = (int64_t)period.number * PERIODS[period.kind].months + PERIODS[period.kind].shift;
    return (tdm_period){ TDM_PERIOD_YEAR, (int32_t)tdm_floor_div(month - 3, 12) };
}

bool tdm_share_tenths(int64_t num, int64_t den, int64_t *tenths)
{
    *tenths = 0;
    if (den == 0)
        return false;
    __int128 over = 2000 * (__int128)(den < 0 ? -(__int128)num : num) + (den < 0 ? -(__int128)den : den);
    __int128 under = 2 * (den < 0 ? -(__int128)den : (__int128)den);
    __int128 share = over / under - (over % under < 0);
    *tenths = (int64_t)(share > INT64_MAX ? INT64_MAX : share < INT64_MIN ? INT64_MIN : share);
    return true;
}
