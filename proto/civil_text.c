/* SPDX-License-Identifier: MPL-2.0
 *
 * civil_text.c: dates, times and periods as people write them.
 */
#include "tandem/civil.h"

#include "civil_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL

/* A reader of fixed forms: each step does nothing once one has failed. */
typedef struct form {
    tdm_span rest;
    bool failed;
} form;

static int take_digits(form *f, size_t count)
{
    int number = 0;
    for (size_t i = 0; i < count; i++) {
        if (f->failed || f->rest.len <= i || f->rest.data[i] < '0' || f->rest.data[i] > '9') {
            f->failed = true;
            return 0;
        }
        number = 10 * number + (f->rest.data[i] - '0');
    }
    f->rest = (tdm_span){ f->rest.data + count, f->rest.len - count };
    return number;
}

static bool next_is(const form *f, char c)
{
    return !f->failed && f->rest.len > 0 && f->rest.data[0] == (uint8_t)c;
}

static bool take_if(form *f, char c)
{
    if (!next_is(f, c))
        return false;
    f->rest = (tdm_span){ f->rest.data + 1, f->rest.len - 1 };
    return true;
}

static void take_char(form *f, char c)
{
    if (!take_if(f, c))
        f->failed = true;
}

static int take_bounded(form *f, size_t digits, int max)
{
    int number = take_digits(f, digits);
    if (number > max)
        f->failed = true;
    return number;
}

static int64_t take_date(form *f)
{
    int year = take_digits(f, 4);
    take_char(f, '-');
    int month = take_digits(f, 2);
    take_char(f, '-');
    int day = take_digits(f, 2);
    if (f->failed || !tdm_date_is_real(year, month, day)) {
        f->failed = true;
        return 0;
    }
    return tdm_days_from(year, month, day);
}

static bool is_done(const form *f)
{
    return !f->failed && f->rest.len == 0;
}

/* At most 40 bytes of what came, so that the message stays short. */
static tdm_code refuse(tdm_err *err, tdm_span text, const char *wanted)
{
    return tdm_fail(err, TDM_MALFORMED, 0, "'%.*s' is not %s", (int)(text.len < 40 ? text.len : 40),
                    text.len == 0 ? "" : (const char *)text.data, wanted);
}

/* So many digits; returns where to go on. */
static char *put_digits(char *out, unsigned number, size_t count)
{
    for (size_t i = count; i-- > 0; number /= 10)
        out[i] = (char)('0' + number % 10);
    return out + count;
}

/* The texts of a whole log are made here: snprintf is for what no log holds. */
static char *put_date(char *out, unsigned year, unsigned month, unsigned day)
{
    out = put_digits(out, year, 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    return put_digits(out, day, 2);
}

tdm_code tdm_date_parse(tdm_span text, tdm_date *out, tdm_err *err)
{
    form f = { text, false };
    int64_t days = take_date(&f);
    if (!is_done(&f))
        return refuse(err, text, "a date like 2017-04-01");
    *out = (tdm_date)days;
    return TDM_OK;
}

void tdm_date_text(tdm_date date, char out[16])
{
    int year;
    int month;
    int day;
    tdm_date_split(date, &year, &month, &day);
    if (year >= 0 && year <= 9999)
        *put_date(out, (unsigned)year, (unsigned)month, (unsigned)day) = '\0';
    else
        snprintf(out, 16, "%04d-%02u-%02u", year, (unsigned)month % 100u, (unsigned)day % 100u);
}

/* 0-999 of ".d", ".dd" or ".ddd"; 0 without a fraction. */
static int take_fraction_ms(form *f)
{
    static const int SCALE[] = { 0, 100, 10, 1 };
    if (!take_if(f, '.'))
        return 0;
    size_t digits = 0;
    while (digits < 4 && digits < f->rest.len && f->rest.data[digits] >= '0' && f->rest.data[digits] <= '9')
        digits++;
    if (digits == 0 || digits > 3) {
        f->failed = true;
        return 0;
    }
    return take_digits(f, digits) * SCALE[digits];
}

static int take_offset_min(form *f)
{
    if (take_if(f, 'Z') || take_if(f, 'z'))
        return 0;
    int sign = take_if(f, '-') ? -1 : 1;
    if (sign == 1)
        take_char(f, '+');
    int hours = take_bounded(f, 2, 23);
    take_char(f, ':');
    return sign * (60 * hours + take_bounded(f, 2, 59));
}

tdm_code tdm_time_parse(tdm_span text, int64_t *ms_utc, int32_t *offset_min, tdm_err *err)
{
    form f = { text, false };
    int64_t days = take_date(&f);
    if (!take_if(&f, 't'))
        take_char(&f, 'T');
    int hour = take_bounded(&f, 2, 23);
    take_char(&f, ':');
    int minute = take_bounded(&f, 2, 59);
    take_char(&f, ':');
    int second = take_bounded(&f, 2, 59);
    int ms = take_fraction_ms(&f);
    int offset = take_offset_min(&f);
    if (!is_done(&f))
        return refuse(err, text, "a time like 2017-04-01T10:00:00.000+01:00");
    *ms_utc = days * DAY_MS + ((hour * 60 + minute - offset) * 60LL + second) * 1000 + ms;
    *offset_min = offset;
    return TDM_OK;
}

/* The zone as it is written: "Z", "+01:00". */
static void offset_text(int32_t offset_min, char out[8])
{
    unsigned minutes = (unsigned)(offset_min < 0 ? -offset_min : offset_min);
    if (minutes == 0)
        snprintf(out, 8, "Z");
    else
        snprintf(out, 8, "%c%02u:%02u", offset_min < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
}

static void put_day_time(char *out, unsigned ms, const char *zone)
{
    static const struct {
        char before;
        unsigned unit;
        unsigned below;
        size_t digits;
    } PARTS[] = { { 'T', 3600000, 24, 2 }, { ':', 60000, 60, 2 }, { ':', 1000, 60, 2 }, { '.', 1, 1000, 3 } };
    for (size_t i = 0; i < TDM_COUNT(PARTS); i++) {
        *out++ = PARTS[i].before;
        out = put_digits(out, ms / PARTS[i].unit % PARTS[i].below, PARTS[i].digits);
    }
    strcpy(out, zone);
}

void tdm_time_text(int64_t ms_utc, int32_t offset_min, char out[40])
{
    char zone[8];
    offset_text(offset_min, zone);
    int64_t days = tdm_floor_div(ms_utc, DAY_MS);
    int64_t ms = tdm_floor_mod(ms_utc, DAY_MS) + offset_min * 60000LL;
    days += tdm_floor_div(ms, DAY_MS);
    ms = tdm_floor_mod(ms, DAY_MS);
    int64_t year;
    int month;
    int day;
    tdm_days_split(days, &year, &month, &day);
    char *at = year >= 0 && year <= 9999 ? put_date(out, (unsigned)year, (unsigned)month, (unsigned)day)
                                         : out
                                               + snprintf(out, 25, "%04" PRId64 "-%02u-%02u", year,
                                                          (unsigned)month % 100u, (unsigned)day % 100u);
    put_day_time(at, (unsigned)ms, zone);
}

tdm_code tdm_period_parse(tdm_span text, tdm_period *out, tdm_err *err)
{
    form f = { text, false };
    int year = take_digits(&f, 4);
    if (take_if(&f, '-')) {
        int month = take_bounded(&f, 2, 12);
        *out = (tdm_period){ TDM_PERIOD_MONTH, 12 * year + month - 1 };
        if (is_done(&f) && month >= 1)
            return TDM_OK;
        return refuse(err, text, "a month like 2017-04");
    }
    take_char(&f, '/');
    int next = take_digits(&f, 2);
    *out = (tdm_period){ TDM_PERIOD_YEAR, year };
    if (take_if(&f, 'Q')) {
        int quarter = take_bounded(&f, 1, 4);
        f.failed |= quarter < 1;
        *out = (tdm_period){ TDM_PERIOD_QUARTER, 4 * year + quarter - 1 };
    }
    if (is_done(&f) && next == (year + 1) % 100)
        return TDM_OK;
    return refuse(err, text, "a period like 2017/18, 2017/18Q1 or 2017-04");
}

/* Years outside 0-9999 have no text form; they show as the nearest that has one. */
static unsigned four_digits(int32_t year)
{
    return year < 0 ? 0u : year > 9999 ? 9999u : (unsigned)year;
}

void tdm_period_text(tdm_period period, char out[16])
{
    if (period.kind == TDM_PERIOD_MONTH) {
        int32_t year = (int32_t)tdm_floor_div(period.number, 12);
        snprintf(out, 16, "%04u-%02u", four_digits(year), (unsigned)(period.number - 12 * year + 1) % 100u);
        return;
    }
    unsigned year = four_digits(tdm_period_year(period).number);
    if (period.kind == TDM_PERIOD_YEAR)
        snprintf(out, 16, "%04u/%02u", year, (year + 1) % 100);
    else
        snprintf(out, 16, "%04u/%02uQ%u", year, (year + 1) % 100, (unsigned)period.number % 4u + 1);
}
