/* SPDX-License-Identifier: MPL-2.0
 *
 * people_rows.c: rows of a person written down in tests.
 */
#include "people_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

void rows_add_bytes(person_rows *rows, uint32_t type, tdm_span payload)
{
    assert_in_range(rows->count, 0, ROWS_MAX - 1);
    tdm_buf *kept = &rows->payloads[rows->count];
    tdm_buf_add(kept, payload.data, payload.len);
    assert_false(kept->failed);
    rows->rows[rows->count++] = (tdm_person_row){ type, 1500000000000, tdm_buf_span(kept) };
}

void rows_add(person_rows *rows, uint32_t type, const row_value *values)
{
    tdm_record record;
    tdm_buf payload = { 0 };
    tdm_err err = { 0 };
    tdm_record_init(&record, type);
    tdm_record_set_text(&record, 1, "k1");
    for (; values->field != 0; values++) {
        if (values->text != NULL)
            tdm_record_set_text(&record, values->field, values->text);
        else
            tdm_record_set_number(&record, values->field, values->number);
    }
    if (tdm_record_encode(&record, &payload, &err) != TDM_OK)
        fail_msg("%s", err.what);
    rows_add_bytes(rows, type, tdm_buf_span(&payload));
    tdm_buf_free(&payload);
}

void rows_clear(person_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        tdm_buf_free(&rows->payloads[i]);
    rows->count = 0;
}

tdm_date day(const char *text)
{
    tdm_date date;
    assert_int_equal(tdm_date_parse(tdm_span_text(text), &date, NULL), TDM_OK);
    return date;
}

void stage_row(person_rows *rows, int64_t stage, int64_t state, tdm_date date)
{
    ROW(rows, TDM_TYPE_FACILITATOR_STAGE, { TDM_FACILITATOR_STAGE_STAGE, stage, NULL },
        { TDM_FACILITATOR_STAGE_STATE, state, NULL }, { TDM_FACILITATOR_STAGE_DATE, date, NULL });
}

void facilitation_row(person_rows *rows, const char *unit, tdm_date date, int64_t people)
{
    ROW(rows, TDM_TYPE_FACILITATION, { TDM_FACILITATION_UNIT, 0, unit },
        { TDM_FACILITATION_DATE, date, NULL }, { TDM_FACILITATION_PEOPLE, people, NULL });
}

void application_row(person_rows *rows, const char *unit, int64_t state, tdm_date date)
{
    ROW(rows, TDM_TYPE_APPLICATION, { TDM_APPLICATION_UNIT, 0, unit }, { TDM_APPLICATION_STATE, state, NULL },
        { TDM_APPLICATION_DATE, date, NULL });
}

void attendance_row(person_rows *rows, const char *unit, tdm_date date)
{
    ROW(rows, TDM_TYPE_PERSON_ATTENDANCE, { TDM_PERSON_ATTENDANCE_UNIT, 0, unit },
        { TDM_PERSON_ATTENDANCE_DATE, date, NULL });
}

void response_row(person_rows *rows, int64_t wave, int64_t score, tdm_date date)
{
    ROW(rows, TDM_TYPE_RESPONSE, { TDM_RESPONSE_INSTRUMENT, 0, "wellbeing" },
        { TDM_RESPONSE_DIMENSION, 0, "" }, { TDM_RESPONSE_WAVE, wave, NULL },
        { TDM_RESPONSE_SCORE, score, NULL }, { TDM_RESPONSE_DATE, date, NULL });
}

size_t count_person(person_rows *rows, tdm_date today, tdm_summary *set)
{
    tdm_err err = { 0 };
    size_t skipped = SIZE_MAX;
    if (tdm_person_count(rows->rows, rows->count, today, set, &skipped, &err) != TDM_OK)
        fail_msg("%s", err.what);
    rows_clear(rows);
    return skipped;
}

int64_t amount(const tdm_summary *set, int table, const char *period, const char *a, const char *b, size_t n)
{
    tdm_summary_cell place = { .table = table, .a = tdm_span_text(a), .b = tdm_span_text(b) };
    assert_int_equal(tdm_period_parse(tdm_span_text(period), &place.period, NULL), TDM_OK);
    const tdm_summary_cell *found = tdm_summary_find(set, &place);
    return found == NULL ? 0 : found->n[n];
}

size_t cells_of(const tdm_summary *set, int table)
{
    size_t count;
    size_t found = 0;
    const tdm_summary_cell **cells = tdm_summary_sorted(set, &count);
    for (size_t i = 0; i < count; i++)
        found += cells[i]->table == table;
    free(cells);
    return found;
}

/* ---- random ---- */

static int64_t any_date(dice *d)
{
    return dice_between(d, 17600, 18500);
}

/* Values within the bounds of each field that a figure reads; half of those that may be missing are. */
void add_random_row(dice *d, person_rows *rows)
{
    static const char *const TEXTS[] = { "", "north", "\xc3\xa9t\xc3\xa9", "white" };
    uint32_t number = TDM_TYPE_PROFILE + (uint32_t)dice_below(d, 9);
    const tdm_type *type = tdm_type_find(number);
    row_value values[TDM_FIELDS_MAX] = { { 0 } };
    size_t count = 0;
    for (size_t i = 1; i < type->field_count; i++) {
        const tdm_field *field = &type->fields[i];
        if (!field->needed && dice_below(d, 2) == 0)
            continue;
        row_value *value = &values[count++];
        value->field = field->number;
        if (field->kind == TDM_KIND_CODE)
            value->text = "AB1";
        else if (field->kind == TDM_KIND_TEXT)
            value->text = TEXTS[field->min + (int64_t)dice_below(d, 3)];
        else if (field->kind == TDM_KIND_DATE)
            value->number = any_date(d);
        else
            value->number = dice_between(d, field->min, field->max < 4 ? field->max : 9);
    }
    rows_add(rows, number, values);
}

void random_person(dice *d, tdm_summary *set)
{
    static person_rows rows;
    for (uint64_t left = dice_below(d, 40); left > 0; left--)
        add_random_row(d, &rows);
    tdm_summary_init(set);
    assert_int_equal(count_person(&rows, 18400, set), 0);
}
