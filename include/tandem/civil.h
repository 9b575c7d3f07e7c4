/* SPDX-License-Identifier: MPL-2.0
 *
 * civil.h: civil dates, London time, financial years and the periods of figures. Today is never read here.
 *
 * A civil date is a count of days since 1970-01-01 in the proleptic Gregorian calendar. A delivery date is a
 * civil date and is never moved through a time zone; only instants are converted.
 */
#ifndef TANDEM_CIVIL_H
#define TANDEM_CIVIL_H

#include "tandem/base.h"

typedef int32_t tdm_date; /* days since 1970-01-01 */

tdm_date tdm_date_from(int year, int month, int day); /* must be a real date */
bool tdm_date_is_real(int year, int month, int day);
void tdm_date_split(tdm_date date, int *year, int *month, int *day);
/* "2017-04-01" exactly; TDM_MALFORMED also for dates that do not exist. */
tdm_code tdm_date_parse(tdm_span text, tdm_date *out, tdm_err *err);
void tdm_date_text(tdm_date date, char out[16]);

/* The date in London of an instant. Summer time from 01:00 UTC on the last Sunday of March to 01:00 UTC on
 * the last Sunday of October (the rule since 1996, used for all years). */
tdm_date tdm_date_in_london(int64_t ms_utc);
int tdm_london_offset_min(int64_t ms_utc); /* 0 or 60 */

/* RFC 3339 with any offset; ms precision; TDM_MALFORMED otherwise. Text form always has ms. */
tdm_code tdm_time_parse(tdm_span text, int64_t *ms_utc, int32_t *offset_min, tdm_err *err);
void tdm_time_text(int64_t ms_utc, int32_t offset_min, char out[40]); /* offset 0 prints Z */

/* A period of figures. Its number orders periods of one kind:
 * year: calendar year in which it starts; quarter: 4 * year + (0..3), 0 = April-June; month: 12 * calendar
 * year + (0..11). */
typedef enum tdm_period_kind { TDM_PERIOD_YEAR, TDM_PERIOD_QUARTER, TDM_PERIOD_MONTH } tdm_period_kind;
typedef struct tdm_period {
    tdm_period_kind kind;
    int32_t number;
} tdm_period;

tdm_period tdm_period_of(tdm_period_kind kind, tdm_date date);
tdm_date tdm_period_first(tdm_period period); /* first day */
tdm_date tdm_period_last(tdm_period period);  /* last day */
/* The period of a kind that holds a month (TDM_PERIOD_MONTH). */
tdm_period tdm_period_holding(tdm_period_kind kind, tdm_period month);
/* The financial year that holds it. */
tdm_period tdm_period_year(tdm_period period);
/* "2017/18", "2017/18Q1", "2017-04". Parse refuses "2017/19" and months outside 1-12. */
tdm_code tdm_period_parse(tdm_span text, tdm_period *out, tdm_err *err);
void tdm_period_text(tdm_period period, char out[16]);

/* Shares and rounding, domain rules: tenths of a percent, halves up, from exact integers:
 * floor((2000 * num + den) / (2 * den)). False ("n/a") if den is 0. Exact for any int64 (128-bit inside). */
bool tdm_share_tenths(int64_t num, int64_t den, int64_t *tenths);

#endif
