/* SPDX-License-Identifier: MPL-2.0
 *
 * people_faculty.c: in which periods a person belongs to the faculty, was active in it, and how many people
 * the person reached (docs/figures.md section 9).
 */
#include "people_inner.h"

#include <stdlib.h>

enum { ACTIVE_DAYS = 365 };

typedef struct membership {
    const tdm_step *turns; /* joined and lapsed, by (date, order in the log) */
    size_t turn_count;
    const tdm_step *deliveries; /* by date */
    size_t delivery_count;
} membership;

static int64_t state_of(const tdm_step *step)
{
    return step->record->values[TDM_FACILITATOR_STAGE_STATE].number;
}

/* How many of the steps are on the day or before it. */
static size_t until(const tdm_step *steps, size_t count, int64_t day)
{
    size_t from = 0;
    for (size_t to = count; from < to;) {
        size_t middle = from + (to - from) / 2;
        if (steps[middle].at <= day)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool belongs(const membership *m, tdm_date day)
{
    size_t turns = until(m->turns, m->turn_count, day);
    return turns > 0 && state_of(&m->turns[turns - 1]) == TDM_STAGESTATE_IS_JOINED;
}

static bool is_active(const membership *m, tdm_date day)
{
    return until(m->deliveries, m->delivery_count, day)
           > until(m->deliveries, m->delivery_count, (int64_t)day - ACTIVE_DAYS);
}

static int64_t people_in(const membership *m, tdm_period period)
{
    size_t from = until(m->deliveries, m->delivery_count, (int64_t)tdm_period_first(period) - 1);
    size_t to = until(m->deliveries, m->delivery_count, tdm_period_last(period));
    int64_t people = 0;
    for (size_t i = from; i < to; i++)
        people += m->deliveries[i].record->values[TDM_FACILITATION_PEOPLE].number;
    return people;
}

/* From the one that holds the first joining to the one that holds today. */
static void put_periods(tdm_person *person, const membership *m, tdm_period_kind kind, tdm_date joined)
{
    int32_t end = tdm_period_of(kind, person->today).number;
    for (int32_t number = tdm_period_of(kind, joined).number; number <= end; number++) {
        tdm_summary_cell cell = { .table = TDM_SUMMARYTABLE_IS_FACULTY, .period = { kind, number } };
        tdm_date last = tdm_period_last(cell.period);
        tdm_date day = last < person->today ? last : person->today;
        if (!belongs(m, day))
            continue;
        cell.n[0] = 1;
        cell.n[1] = is_active(m, day);
        cell.n[2] = people_in(m, cell.period);
        tdm_person_put(person, &cell);
    }
}

/* Periods of fifty years and today's are enough for a life's work, and few enough for a date that is none. */
static tdm_date not_before(tdm_date today)
{
    tdm_period year = tdm_period_of(TDM_PERIOD_YEAR, today);
    year.number -= TDM_FACULTY_YEARS;
    return tdm_period_first(year);
}

void tdm_person_count_faculty(tdm_person *person, tdm_step *steps, size_t count)
{
    static const tdm_step_rule DELIVERIES = { .type = TDM_TYPE_FACILITATION, .at = TDM_FACILITATION_DATE };
    tdm_date joined = INT32_MAX;
    size_t turns = 0;
    for (size_t i = 0; i < count; i++) {
        bool joins = state_of(&steps[i]) == TDM_STAGESTATE_IS_JOINED;
        if (joins && joined == INT32_MAX)
            joined = (tdm_date)steps[i].at;
        if (joins || state_of(&steps[i]) == TDM_STAGESTATE_IS_LAPSED)
            steps[turns++] = steps[i];
    }
    if (joined > person->today)
        return;
    if (joined < not_before(person->today))
        joined = not_before(person->today);
    membership m = { .turns = steps, .turn_count = turns };
    tdm_step *deliveries = tdm_person_steps(person, &DELIVERIES, &m.delivery_count);
    m.deliveries = deliveries;
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++)
        put_periods(person, &m, (tdm_period_kind)kind, joined);
    free(deliveries);
}
