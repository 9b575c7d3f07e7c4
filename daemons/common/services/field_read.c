/* SPDX-License-Identifier: MPL-2.0
 *
 * field_read.c: single values, a reader for each kind. Lists and objects are in field_list.c.
 */
#include "field_list.h"

#include "cell.h"
#include "../filing.h"
#include "../nearest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 99 };

bool tdm_field_refuse(char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(what, TDM_FIELD_WHAT, format, args);
    va_end(args);
    return false;
}

/* ---- names */

/* Numbers that are kept in parts of a whole. */
static const struct {
    const char *suffix;
    int places;
} SUFFIXES[] = { { "_hundredths", 2 }, { "_tenths", 1 } };

int tdm_field_short_name(const tdm_field *field, char out[64])
{
    size_t len = strlen(field->name);
    for (size_t i = 0; i < TDM_COUNT(SUFFIXES); i++) {
        size_t tail = strlen(SUFFIXES[i].suffix);
        if (len <= tail || len - tail >= 64 || strcmp(field->name + len - tail, SUFFIXES[i].suffix) != 0)
            continue;
        memcpy(out, field->name, len - tail);
        out[len - tail] = '\0';
        return SUFFIXES[i].places;
    }
    return 0;
}

static bool is_short_name(const tdm_field *field, tdm_span name, int *places)
{
    char own[64];
    *places = tdm_field_short_name(field, own);
    return *places != 0 && tdm_name_is(name, own);
}

const tdm_field *tdm_field_asked(const tdm_type *type, tdm_span name, int *places)
{
    *places = 0;
    const tdm_field *field = tdm_field_named(type, name);
    for (size_t i = 0; field == NULL && i < type->field_count; i++)
        if (is_short_name(&type->fields[i], name, places))
            return &type->fields[i];
    if (field == NULL)
        *places = 0;
    return field;
}

/* ---- numbers */

static void write_decimal(int64_t value, int places, char out[32])
{
    int64_t one = places == 0 ? 1 : places == 1 ? 10 : 100;
    const char *sign = value < 0 ? "-" : "";
    uint64_t all = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
    if (all % (uint64_t)one == 0)
        snprintf(out, 32, "%s%" PRIu64, sign, all / (uint64_t)one);
    else
        snprintf(out, 32, "%s%" PRIu64 ".%0*" PRIu64, sign, all / (uint64_t)one, places, all % (uint64_t)one);
}

static bool read_number(const tdm_reading *r)
{
    bool minus = r->text.len > 1 && r->text.data[0] == '-';
    tdm_span digits = { r->text.data + minus, r->text.len - minus };
    int64_t bound = minus ? (r->field->min == INT64_MIN ? INT64_MAX : -r->field->min) : r->field->max;
    int64_t number = 0;
    bool good =
        bound >= 0 && bound <= INT64_MAX / 2000 && tdm_cell_decimal(digits, r->places, bound, &number);
    r->value->number = minus ? -number : number;
    if (good && r->value->number >= r->field->min && r->value->number <= r->field->max)
        return true;
    char least[32];
    char most[32];
    write_decimal(r->field->min, r->places, least);
    write_decimal(r->field->max, r->places, most);
    return r->places == 0
               ? tdm_field_refuse(r->what, "Enter a whole number from %s to %s.", least, most)
               : tdm_field_refuse(r->what,
                                  "Enter a number from %s to %s with at most %d decimal%s, such as 6.5.",
                                  least, most, r->places, r->places == 1 ? "" : "s");
}

static bool read_bool(const tdm_reading *r)
{
    static const struct {
        const char *word;
        int64_t number;
    } ANSWERS[] = { { "yes", 1 }, { "no", 0 }, { "true", 1 }, { "false", 0 }, { "1", 1 }, { "0", 0 } };
    for (size_t i = 0; i < TDM_COUNT(ANSWERS); i++) {
        bool same = r->text.len == strlen(ANSWERS[i].word);
        for (size_t k = 0; same && k < r->text.len; k++)
            same = (r->text.data[k] | 0x20) == (ANSWERS[i].word[k] | 0x20);
        r->value->number = ANSWERS[i].number;
        if (same)
            return true;
    }
    return tdm_field_refuse(r->what, "Enter yes or no.");
}

/* ---- texts */

static bool keep_text(const tdm_reading *r, const void *text, size_t len)
{
    tdm_buf_clear(r->bytes);
    tdm_buf_add(r->bytes, text, len);
    r->value->bytes = len == 0 ? TDM_SPAN_LITERAL("") : tdm_buf_span(r->bytes);
    return true;
}

static bool read_text(const tdm_reading *r)
{
    if ((int64_t)r->text.len < r->field->min || (int64_t)r->text.len > r->field->max)
        return tdm_field_refuse(r->what, "Enter a text of %" PRId64 " to %" PRId64 " bytes; this has %zu.",
                                r->field->min, r->field->max, r->text.len);
    return keep_text(r, r->text.data, r->text.len);
}

static bool read_code(const tdm_reading *r)
{
    char code[16];
    if (!tdm_cell_code(r->text, code))
        return tdm_field_refuse(r->what,
                                "Enter an organisation's code, %" PRId64 " to %" PRId64
                                " letters and digits such as R0A.",
                                r->field->min, r->field->max);
    return keep_text(r, code, strlen(code));
}

static bool read_period(const tdm_reading *r)
{
    tdm_period period;
    char text[16];
    if (tdm_period_parse(r->text, &period, NULL) != TDM_OK)
        return tdm_field_refuse(r->what, "Enter a period as 2017/18, 2017/18Q1 or 2017-04.");
    tdm_period_text(period, text);
    return keep_text(r, text, strlen(text));
}

static bool read_hex(const tdm_reading *r)
{
    uint8_t bytes[TDM_DIGEST_BYTES];
    size_t len = (size_t)r->field->max;
    TDM_ASSERT(len <= sizeof bytes);
    bool good = tdm_unhex(bytes, len, r->text);
    bool zero = true;
    for (size_t i = 0; good && i < len; i++)
        zero = zero && bytes[i] == 0;
    if (!good || (zero && r->field->kind == TDM_KIND_INCARNATION))
        return tdm_field_refuse(r->what, "Enter %zu hex digits%s.", 2 * len,
                                r->field->kind == TDM_KIND_INCARNATION ? " that are not all 0" : "");
    return keep_text(r, bytes, len);
}

/* ---- times */

/* As written by machines in any year; otherwise as the import reads dates. */
static bool read_date(const tdm_reading *r)
{
    tdm_date date;
    char least[16];
    char most[16];
    if (tdm_date_parse(r->text, &date, NULL) != TDM_OK && !tdm_cell_date(r->text, &date, r->what))
        return false;
    r->value->number = date;
    if (date >= r->field->min && date <= r->field->max)
        return true;
    tdm_date_text((tdm_date)r->field->min, least);
    tdm_date_text((tdm_date)r->field->max, most);
    return tdm_field_refuse(r->what, "Enter a day from %s to %s.", least, most);
}

static bool read_time(const tdm_reading *r)
{
    int32_t offset_min;
    return tdm_time_parse(r->text, &r->value->number, &offset_min, NULL) == TDM_OK
           || tdm_field_refuse(r->what, "Enter a time such as 2017-04-01T10:00:00Z.");
}

static bool read_year(const tdm_reading *r)
{
    tdm_period period;
    char least[16];
    char most[16];
    bool good = tdm_period_parse(r->text, &period, NULL) == TDM_OK && period.kind == TDM_PERIOD_YEAR;
    r->value->number = period.number;
    if (good && period.number >= r->field->min && period.number <= r->field->max)
        return true;
    tdm_period_text((tdm_period){ TDM_PERIOD_YEAR, (int32_t)r->field->min }, least);
    tdm_period_text((tdm_period){ TDM_PERIOD_YEAR, (int32_t)r->field->max }, most);
    return tdm_field_refuse(r->what, "Enter a financial year from %s to %s, written as 2017/18.", least,
                            most);
}

/* ---- words */

static bool read_enum(const tdm_reading *r)
{
    if (tdm_cell_word(r->field->set, r->text, &r->value->number))
        return true;
    const char *words[WORDS_MAX];
    char asked[64];
    size_t count = 0;
    size_t used = (size_t)snprintf(r->what, TDM_FIELD_WHAT, "Enter one of");
    for (int64_t number = r->field->min; number <= r->field->max && count < WORDS_MAX; number++) {
        const char *word = tdm_enum_word(r->field->set, number);
        if (word == NULL)
            continue;
        if (used < TDM_FIELD_WHAT)
            used +=
                (size_t)snprintf(r->what + used, TDM_FIELD_WHAT - used, "%s %s", count == 0 ? "" : ",", word);
        words[count++] = word;
    }
    snprintf(asked, sizeof asked, "%.*s", r->text.len > 60 ? 60 : (int)r->text.len,
             (const char *)r->text.data);
    const char *near = tdm_nearest(asked, words, count);
    if (used < TDM_FIELD_WHAT)
        snprintf(r->what + used, TDM_FIELD_WHAT - used, near == NULL ? ".%s" : ". Did you mean %s?",
                 near == NULL ? "" : near);
    return false;
}

static bool read_type(const tdm_reading *r)
{
    const tdm_type *type = tdm_type_named(r->text);
    if (type == NULL || type->scope != TDM_SCOPE_SYSTEM)
        return tdm_field_refuse(r->what, "Enter the type of the fact, such as session.");
    r->value->number = type->number;
    return true;
}

static bool read_body(const tdm_reading *r)
{
    return tdm_field_refuse(r->what, "Enter the new content as a JSON object.");
}

static bool (*const READERS[])(const tdm_reading *r) = {
    [TDM_KIND_UINT] = read_number,   [TDM_KIND_INT] = read_number,     [TDM_KIND_BOOL] = read_bool,
    [TDM_KIND_TEXT] = read_text,     [TDM_KIND_CODE] = read_code,      [TDM_KIND_SUBJECT] = read_text,
    [TDM_KIND_PERIOD] = read_period, [TDM_KIND_ID] = read_hex,         [TDM_KIND_INCARNATION] = read_hex,
    [TDM_KIND_DIGEST] = read_hex,    [TDM_KIND_KEY] = read_hex,        [TDM_KIND_DATE] = read_date,
    [TDM_KIND_TIME] = read_time,     [TDM_KIND_YEAR] = read_year,      [TDM_KIND_ENUM] = read_enum,
    [TDM_KIND_TYPE] = read_type,     [TDM_KIND_TEXTS] = tdm_read_list, [TDM_KIND_LIST] = tdm_read_list,
    [TDM_KIND_BODY] = read_body,
};

bool tdm_field_read(const tdm_field *field, int places, tdm_span text, tdm_value *value, tdm_buf *bytes,
                    char *what)
{
    *value = (tdm_value){ 0 };
    tdm_reading r = { field, places, text, value, bytes, what };
    value->present = READERS[field->kind](&r);
    if (value->present && bytes->failed)
        value->present = tdm_field_refuse(what, "There is no memory for this value.");
    return value->present;
}
