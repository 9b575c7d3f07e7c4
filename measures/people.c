/* SPDX-License-Identifier: MPL-2.0
 *
 * people.c: one person's rows, read, put in order and handed to what counts them.
 */
#include "people_inner.h"

#include <stdlib.h>

#include "bytes.h"
#include "tandem/pack.h"

/* Days of a DATE field. */
enum { DAYS_MAX = 200000 };

/* Rows of docs/figures.md section 9, in its order. */
static const struct {
    tdm_step_rule rule;
    tdm_person_counter *count;
} COUNTED[] = {
    { { .type = TDM_TYPE_PERSON_ATTENDANCE, .at = TDM_PERSON_ATTENDANCE_DATE }, tdm_person_count_reached },
    { { .type = TDM_TYPE_APPLICATION }, tdm_person_count_applications },
    { { .type = TDM_TYPE_APPLICATION, .a = TDM_APPLICATION_UNIT, .at = TDM_APPLICATION_DATE },
      tdm_person_count_waiting },
    { { .type = TDM_TYPE_FACILITATOR_STAGE }, tdm_person_count_stages },
    { { .type = TDM_TYPE_FACILITATOR_STAGE,
        .group = TDM_FACILITATOR_STAGE_STAGE,
        .at = TDM_FACILITATOR_STAGE_DATE },
      tdm_person_count_stage_days },
    { { .type = TDM_TYPE_FACILITATOR_STAGE, .at = TDM_FACILITATOR_STAGE_DATE }, tdm_person_count_faculty },
    { { .type = TDM_TYPE_RESPONSE }, tdm_person_count_responses },
    { { .type = TDM_TYPE_RESPONSE,
        .a = TDM_RESPONSE_INSTRUMENT,
        .b = TDM_RESPONSE_DIMENSION,
        .at = TDM_RESPONSE_WAVE },
      tdm_person_count_change },
    { { .type = TDM_TYPE_TEAM_ANSWER }, tdm_person_count_team_answers },
    { { .type = TDM_TYPE_DEVELOPMENT, .group = TDM_DEVELOPMENT_KIND, .at = TDM_DEVELOPMENT_DATE },
      tdm_person_count_development },
};

/* ---- rows ---- */

static bool read_row(const tdm_person_row *row, tdm_record *out)
{
    static const tdm_scan_limits LIMITS = { TDM_EVENT_MAX, TDM_SCAN_DEPTH_MAX, TDM_EVENT_MAX };
    const tdm_type *type = tdm_type_find(row->type);
    return type != NULL && type->duty == TDM_DUTY_PERSON && tdm_scan(row->payload, &LIMITS, NULL) == TDM_OK
           && tdm_record_decode(row->type, row->payload, out, NULL) == TDM_OK;
}

static void read_rows(tdm_person *person, const tdm_person_row *rows, size_t count)
{
    person->records = tdm_memory_new((count + 1) * sizeof *person->records);
    for (size_t i = 0; i < count; i++) {
        tdm_record *record = &person->records[person->count];
        if (!read_row(&rows[i], record))
            continue;
        person->count++;
        if (record->type->number == TDM_TYPE_PROFILE)
            person->profile = record;
    }
}

/* ---- steps ---- */

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_groups(const tdm_step *a, const tdm_step *b)
{
    int order = by_number(a->group, b->group);
    order = order != 0 ? order : tdm_span_compare(a->a, b->a);
    return order != 0 ? order : tdm_span_compare(a->b, b->b);
}

/* Records lie in the order of the log. */
static int compare_steps(const void *left, const void *right)
{
    const tdm_step *a = left;
    const tdm_step *b = right;
    int order = compare_groups(a, b);
    order = order != 0 ? order : by_number(a->at, b->at);
    return order != 0 ? order : (a->record > b->record) - (a->record < b->record);
}

tdm_step *tdm_person_steps(const tdm_person *person, const tdm_step_rule *rule, size_t *count)
{
    tdm_step *steps = tdm_memory_new((person->count + 1) * sizeof *steps);
    *count = 0;
    for (size_t i = 0; i < person->count; i++) {
        const tdm_record *record = &person->records[i];
        if (record->type->number != rule->type)
            continue;
        steps[(*count)++] =
            (tdm_step){ record, record->values[rule->group].number, record->values[rule->a].bytes,
                        record->values[rule->b].bytes, record->values[rule->at].number };
    }
    if (*count > 0)
        qsort(steps, *count, sizeof *steps, compare_steps);
    return steps;
}

static void count_groups(tdm_person *person, const tdm_step_rule *rule, tdm_person_counter *counter)
{
    size_t count;
    tdm_step *steps = tdm_person_steps(person, rule, &count);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && compare_groups(&steps[from], &steps[to]) == 0;)
            to++;
        counter(person, steps + from, to - from);
    }
    free(steps);
}

/* ---- cells ---- */

void tdm_person_put(tdm_person *person, const tdm_summary_cell *cell)
{
    if (person->code == TDM_OK)
        person->code = tdm_summary_add(&person->counted, cell, person->err);
}

void tdm_person_put_dated(tdm_person *person, tdm_date date, const tdm_summary_cell *cell)
{
    tdm_summary_cell dated = *cell;
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++) {
        dated.period = tdm_period_of((tdm_period_kind)kind, date);
        tdm_person_put(person, &dated);
    }
}

static tdm_date within_days(tdm_date day)
{
    return day < -DAYS_MAX ? -DAYS_MAX : day > DAYS_MAX ? DAYS_MAX : day;
}

tdm_code tdm_person_count(const tdm_person_row *rows, size_t count, tdm_date today, tdm_summary *out,
                          size_t *skipped, tdm_err *err)
{
    tdm_person person = { .today = within_days(today), .code = TDM_OK, .err = err };
    tdm_summary_init(&person.counted);
    read_rows(&person, rows, count);
    for (size_t i = 0; i < TDM_COUNT(COUNTED); i++)
        count_groups(&person, &COUNTED[i].rule, COUNTED[i].count);
    if (person.code == TDM_OK)
        person.code = tdm_summary_merge(out, &person.counted, err);
    if (skipped != NULL)
        *skipped = count - person.count;
    tdm_summary_free(&person.counted);
    free(person.records);
    return person.code;
}
