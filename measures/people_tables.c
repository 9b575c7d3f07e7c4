/* SPDX-License-Identifier: MPL-2.0
 *
 * people_tables.c: what a person's rows add to each summary table but the faculty's (docs/figures.md
 * section 9).
 */
#include "people_inner.h"

#include <inttypes.h>
#include <stdio.h>

#define UNKNOWN TDM_SPAN_LITERAL("unknown")
#define NOTHING ((tdm_span){ NULL, 0 })

/* Room for the digits of any number. */
typedef struct digits {
    char text[24];
} digits;

static tdm_span write_digits(digits *room, int width, int64_t number)
{
    int len = snprintf(room->text, sizeof room->text, "%0*" PRId64, width, number);
    return (tdm_span){ (const uint8_t *)room->text, (size_t)len };
}

/* The word of an enumeration's number, or its digits. */
static tdm_span word_of(tdm_enum_set set, int64_t number, digits *room)
{
    const char *word = tdm_enum_word(set, number);
    return word != NULL ? tdm_span_text(word) : write_digits(room, 1, number);
}

static tdm_date date_of(const tdm_record *record, uint32_t field)
{
    return (tdm_date)record->values[field].number;
}

/* First step whose record has the number in the field, `at` or later; NULL if there is none. */
static const tdm_step *first_with(const tdm_step *steps, size_t count, uint32_t field, int64_t number,
                                  int64_t at)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i].record->values[field].number == number && steps[i].at >= at)
            return &steps[i];
    }
    return NULL;
}

/* Steps by date: the first behind `from` that is in a later period of the kind. */
static size_t period_end(const tdm_step *steps, size_t count, size_t from, tdm_period_kind kind)
{
    tdm_date last = tdm_period_last(tdm_period_of(kind, (tdm_date)steps[from].at));
    while (from < count && steps[from].at <= last)
        from++;
    return from;
}

/* ---- reached ---- */

static tdm_span profile_text(const tdm_person *person, uint32_t field, digits *room)
{
    if (person->profile == NULL || !person->profile->values[field].present)
        return UNKNOWN;
    const tdm_value *value = &person->profile->values[field];
    const tdm_field *row = &person->profile->type->fields[field - 1];
    if (row->kind == TDM_KIND_ENUM)
        return word_of(row->set, value->number, room);
    if (row->kind == TDM_KIND_BOOL)
        return value->number != 0 ? TDM_SPAN_LITERAL("yes") : TDM_SPAN_LITERAL("no");
    return value->bytes.len == 0 ? UNKNOWN : value->bytes;
}

/* The dimensions are the profile's fields, under their own names. */
static void put_reached(tdm_person *person, tdm_period period)
{
    tdm_person_put(person,
                   &(tdm_summary_cell){
                       TDM_SUMMARYTABLE_IS_REACHED, period, TDM_SPAN_LITERAL("total"), NOTHING, { 1 } });
    const tdm_field *fields = tdm_type_find(TDM_TYPE_PROFILE)->fields;
    for (uint32_t field = TDM_PROFILE_ORGANISATION; field <= TDM_PROFILE_PREDECESSOR; field++) {
        digits room;
        tdm_span value = profile_text(person, field, &room);
        tdm_person_put(
            person,
            &(tdm_summary_cell){
                TDM_SUMMARYTABLE_IS_REACHED, period, tdm_span_text(fields[field - 1].name), value, { 1 } });
    }
}

void tdm_person_count_reached(tdm_person *person, tdm_step *steps, size_t count)
{
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++) {
        for (size_t i = 0; i < count; i = period_end(steps, count, i, (tdm_period_kind)kind))
            put_reached(person, tdm_period_of((tdm_period_kind)kind, (tdm_date)steps[i].at));
    }
}

/* ---- applications ---- */

void tdm_person_count_applications(tdm_person *person, tdm_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const tdm_value *values = steps[i].record->values;
        digits state;
        digits reason;
        tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_APPLICATIONS, .n = { 1 } };
        cell.a = word_of(TDM_ENUM_APPLICATIONSTATE, values[TDM_APPLICATION_STATE].number, &state);
        if (values[TDM_APPLICATION_REASON].present)
            cell.b = word_of(TDM_ENUM_REASON, values[TDM_APPLICATION_REASON].number, &reason);
        tdm_person_put_dated(person, date_of(steps[i].record, TDM_APPLICATION_DATE), &cell);
    }
}

void tdm_person_count_waiting(tdm_person *person, tdm_step *steps, size_t count)
{
    const tdm_step *applied =
        first_with(steps, count, TDM_APPLICATION_STATE, TDM_APPLICATIONSTATE_IS_APPLIED, INT64_MIN);
    if (applied == NULL)
        return;
    const tdm_step *enrolled =
        first_with(steps, count, TDM_APPLICATION_STATE, TDM_APPLICATIONSTATE_IS_ENROLLED, applied->at);
    if (enrolled == NULL)
        return;
    digits days;
    tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_WAITING, .n = { 1 } };
    cell.a = write_digits(&days, 5, enrolled->at - applied->at);
    tdm_person_put_dated(person, (tdm_date)enrolled->at, &cell);
}

/* ---- stages ---- */

void tdm_person_count_stages(tdm_person *person, tdm_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const tdm_value *values = steps[i].record->values;
        digits stage;
        digits state;
        tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_STAGES, .n = { 1 } };
        cell.a = write_digits(&stage, 1, values[TDM_FACILITATOR_STAGE_STAGE].number);
        cell.b = word_of(TDM_ENUM_STAGESTATE, values[TDM_FACILITATOR_STAGE_STATE].number, &state);
        tdm_person_put_dated(person, date_of(steps[i].record, TDM_FACILITATOR_STAGE_DATE), &cell);
    }
}

void tdm_person_count_stage_days(tdm_person *person, tdm_step *steps, size_t count)
{
    const tdm_step *entered =
        first_with(steps, count, TDM_FACILITATOR_STAGE_STATE, TDM_STAGESTATE_IS_ENTERED, INT64_MIN);
    const tdm_step *passed =
        first_with(steps, count, TDM_FACILITATOR_STAGE_STATE, TDM_STAGESTATE_IS_PASSED, INT64_MIN);
    if (entered == NULL || passed == NULL)
        return;
    digits stage;
    digits days;
    tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_STAGE_DAYS, .n = { 1 } };
    cell.a = write_digits(&stage, 1, steps->group);
    cell.b = passed->at < entered->at ? TDM_SPAN_LITERAL("backwards")
                                      : write_digits(&days, 5, passed->at - entered->at);
    tdm_person_put_dated(person, (tdm_date)passed->at, &cell);
}

/* ---- responses ---- */

void tdm_person_count_responses(tdm_person *person, tdm_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const tdm_value *values = steps[i].record->values;
        int64_t score = values[TDM_RESPONSE_SCORE].number;
        tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_RESPONSES, .n = { 1, score, score * score } };
        cell.a = values[TDM_RESPONSE_INSTRUMENT].bytes;
        cell.b = values[TDM_RESPONSE_DIMENSION].bytes;
        tdm_person_put_dated(person, date_of(steps[i].record, TDM_RESPONSE_DATE), &cell);
    }
}

void tdm_person_count_change(tdm_person *person, tdm_step *steps, size_t count)
{
    const tdm_step *first = &steps[0];
    const tdm_step *last = &steps[count - 1];
    if (first->at == last->at)
        return;
    int64_t rise =
        last->record->values[TDM_RESPONSE_SCORE].number - first->record->values[TDM_RESPONSE_SCORE].number;
    tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_RESPONSES,
                              .a = first->a,
                              .b = first->b,
                              .n = { 0, 0, 0, 1, rise, rise * rise, rise > 0 } };
    tdm_person_put_dated(person, date_of(last->record, TDM_RESPONSE_DATE), &cell);
}

/* ---- teams ---- */

static bool is_no(const tdm_value *value)
{
    return value->present && value->number == 0;
}

static const char *class_of(const tdm_value *values)
{
    const tdm_value *in_team = &values[TDM_TEAM_ANSWER_IN_TEAM];
    if (!in_team->present)
        return "unanswered";
    if (is_no(in_team))
        return "none";
    bool missing = false;
    for (uint32_t field = TDM_TEAM_ANSWER_OBJECTIVES; field <= TDM_TEAM_ANSWER_REVIEWS; field++) {
        if (is_no(&values[field]))
            return "pseudo";
        missing = missing || !values[field].present;
    }
    return missing ? "incomplete" : "real";
}

void tdm_person_count_team_answers(tdm_person *person, tdm_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const tdm_value *values = steps[i].record->values;
        tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_TEAM_ANSWERS, .n = { 1 } };
        cell.a = tdm_span_text(values[TDM_TEAM_ANSWER_TOP].number != 0 ? "top" : "team");
        cell.b = tdm_span_text(class_of(values));
        tdm_person_put_dated(person, date_of(steps[i].record, TDM_TEAM_ANSWER_DATE), &cell);
    }
}

/* ---- development ---- */

void tdm_person_count_development(tdm_person *person, tdm_step *steps, size_t count)
{
    digits kind_room;
    digits level_room;
    tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_DEVELOPMENT };
    cell.a = word_of(TDM_ENUM_DEVELOPMENTKIND, steps->group, &kind_room);
    cell.b = profile_text(person, TDM_PROFILE_LEVEL, &level_room);
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++) {
        for (size_t from = 0, to; from < count; from = to) {
            to = period_end(steps, count, from, (tdm_period_kind)kind);
            cell.period = tdm_period_of((tdm_period_kind)kind, (tdm_date)steps[from].at);
            cell.n[0] = 1;
            cell.n[1] = (int64_t)(to - from);
            cell.n[2] = 0;
            for (size_t i = from; i < to; i++)
                cell.n[2] += steps[i].record->values[TDM_DEVELOPMENT_QUALITY].number;
            tdm_person_put(person, &cell);
        }
    }
}
