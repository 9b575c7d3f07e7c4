/* SPDX-License-Identifier: MPL-2.0
 *
 * document.c: the fields of a level row as JSON, from one table for printing and for comparing.
 */
#include "document.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "parts.h"

/* How a field is scaled: integers of the row divided by this. */
typedef enum scaling { PLAIN, TENTHS, AMOUNT } scaling;

typedef struct figure {
    const char *name;
    size_t offset;
    scaling scale;
    bool needs_level; /* null while the level is undefined */
} figure;

#define AT(field) offsetof(tdm_oracle_row, field)
static const figure COLUMNS[] = {
    { "units", AT(units), PLAIN, false },
    { "joint_asserted", AT(joint[0]), AMOUNT, false },
    { "joint_standing", AT(joint[1]), AMOUNT, false },
    { "joint_corroborated", AT(joint[2]), AMOUNT, false },
    { "level_asserted", AT(level[0]), TENTHS, true },
    { "level_standing", AT(level[1]), TENTHS, true },
    { "level_corroborated", AT(level[2]), TENTHS, true },
    { "target", AT(target), TENTHS, false },
    { "gap", AT(gap), TENTHS, true },
};

static int64_t number_at(const tdm_oracle_row *row, const figure *column)
{
    return *(const int64_t *)((const char *)row + column->offset);
}

static int divisor_of(const figure *column, tdm_weight weight)
{
    if (column->scale == AMOUNT)
        return weight == TDM_WEIGHT_HOURS || weight == TDM_WEIGHT_PARTICIPANT_HOURS ? 100 : 1;
    return column->scale == TENTHS ? 10 : 1;
}

static bool is_null(const tdm_oracle_row *row, const figure *column)
{
    return column->needs_level && !row->level_defined;
}

static void print_number(FILE *out, int64_t number, int divisor)
{
    int64_t magnitude = number < 0 ? -number : number;
    (void)fprintf(out, "%s%lld", number < 0 ? "-" : "", (long long)(magnitude / divisor));
    if (divisor > 1)
        (void)fprintf(out, ".%0*lld", divisor == 10 ? 1 : 2, (long long)(magnitude % divisor));
}

static void print_text(FILE *out, tdm_span text)
{
    json_t *string = json_stringn((const char *)text.data, text.len);
    char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    (void)fputs(quoted ? quoted : "null", out);
    free(quoted);
    json_decref(string);
}

static void print_row(FILE *out, const tdm_oracle_row *row, tdm_weight weight)
{
    char period[16];
    oracle_period_text(row->period, period);
    (void)fprintf(out, "{\"period\":\"%s\",\"group\":", period);
    print_text(out, row->group);
    for (size_t i = 0; i < TDM_COUNT(COLUMNS); i++) {
        (void)fprintf(out, ",\"%s\":", COLUMNS[i].name);
        if (is_null(row, &COLUMNS[i]))
            (void)fputs("null", out);
        else
            print_number(out, number_at(row, &COLUMNS[i]), divisor_of(&COLUMNS[i], weight));
    }
    (void)fputc('}', out);
}

void tdm_oracle_print(FILE *out, const tdm_oracle_row *rows, size_t count, tdm_weight weight)
{
    (void)fputs("{\"schema\":\"tandem.level/1\",\"data\":[", out);
    for (size_t i = 0; i < count; i++) {
        (void)fputs(i ? ",\n" : "\n", out);
        print_row(out, &rows[i], weight);
    }
    (void)fputs("\n]}\n", out);
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

static bool is_row_of(const json_t *theirs, const tdm_oracle_row *row)
{
    char period[16];
    oracle_period_text(row->period, period);
    return strcmp(period, text_of(theirs, "period")) == 0
           && tdm_span_equal(row->group, tdm_span_text(text_of(theirs, "group")));
}

static bool same_number(const tdm_oracle_row *row, const figure *column, tdm_weight weight,
                        const json_t *theirs)
{
    if (is_null(row, column))
        return theirs == NULL || json_is_null(theirs);
    if (!json_is_number(theirs))
        return false;
    double scaled = json_number_value(theirs) * divisor_of(column, weight);
    return fabs(scaled - (double)number_at(row, column)) < 1e-4;
}

static size_t compare_row(FILE *out, const tdm_oracle_row *row, tdm_weight weight, const json_t *theirs)
{
    size_t differences = 0;
    for (size_t i = 0; i < TDM_COUNT(COLUMNS); i++) {
        const json_t *value = json_object_get(theirs, COLUMNS[i].name);
        if (same_number(row, &COLUMNS[i], weight, value))
            continue;
        char *found = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12)) : NULL;
        (void)fprintf(out, "%s in ", COLUMNS[i].name);
        print_row(out, row, weight);
        (void)fprintf(out, ": the document has %s\n", found ? found : "nothing");
        free(found);
        differences++;
    }
    return differences;
}

static size_t compare_rows(FILE *out, const tdm_oracle_row *rows, size_t count, tdm_weight weight,
                           const json_t *data)
{
    size_t differences = 0, found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at, same = 0;
        json_t *theirs;
        json_array_foreach(data, at, theirs)
        {
            if (!is_row_of(theirs, &rows[i]))
                continue;
            same++;
            differences += compare_row(out, &rows[i], weight, theirs);
        }
        found += same;
        if (same == 1)
            continue;
        (void)fprintf(out, "the document has %zu rows for ", same);
        print_row(out, &rows[i], weight);
        (void)fputc('\n', out);
        differences++;
    }
    if (found != json_array_size(data)) {
        (void)fprintf(out, "the document has %zu rows, %zu of them expected\n", json_array_size(data), found);
        differences++;
    }
    return differences;
}

tdm_code tdm_oracle_compare(FILE *out, const tdm_oracle_row *rows, size_t count, tdm_weight weight,
                            const char *text, size_t len, size_t *differences, tdm_err *err)
{
    json_error_t problem;
    json_t *document = json_loadb(text, len, 0, &problem);
    json_t *data = json_object_get(document, "data");
    tdm_code code = TDM_OK;
    if (document == NULL)
        code = tdm_fail(err, TDM_MALFORMED, 0, "no JSON, line %d: %s", problem.line, problem.text);
    else if (strcmp(text_of(document, "schema"), "tandem.level/1") != 0 || !json_is_array(data))
        code = tdm_fail(err, TDM_MALFORMED, 0, "no document of schema tandem.level/1 with data");
    else
        *differences = compare_rows(out, rows, count, weight, data);
    json_decref(document);
    return code;
}
