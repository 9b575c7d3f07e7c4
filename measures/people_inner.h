/* SPDX-License-Identifier: MPL-2.0
 *
 * people_inner.h: one person while being counted, for the files that share the work.
 */
#ifndef TANDEM_MEASURES_PEOPLE_INNER_H
#define TANDEM_MEASURES_PEOPLE_INNER_H

#include "people.h"
#include "tandem/event.h"

typedef struct tdm_person {
    tdm_record *records; /* in the order of the log */
    size_t count;
    const tdm_record *profile; /* NULL: none */
    tdm_date today;
    tdm_summary counted;
    tdm_code code; /* of the first cell that could not be counted */
    tdm_err *err;
} tdm_person;

/* A row in its place among others of its type. */
typedef struct tdm_step {
    const tdm_record *record;
    int64_t group; /* rows of one (group, a, b) belong together */
    tdm_span a;
    tdm_span b;
    int64_t at; /* date or wave */
} tdm_step;

/* What makes steps of a type's rows: numbers of its fields, 0: none. */
typedef struct tdm_step_rule {
    uint32_t type;
    uint32_t group;
    uint32_t a;
    uint32_t b;
    uint32_t at;
} tdm_step_rule;

/* Rows of one type by (group, a, b, at, order in the log): the caller's to free. */
tdm_step *tdm_person_steps(const tdm_person *person, const tdm_step_rule *rule, size_t *count);

void tdm_person_put(tdm_person *person, const tdm_summary_cell *cell);
/* To the year, the quarter and the month of a day. The cell's period is not asked. */
void tdm_person_put_dated(tdm_person *person, tdm_date date, const tdm_summary_cell *cell);

/* What the rows of one group come to; at least one. */
typedef void tdm_person_counter(tdm_person *person, tdm_step *steps, size_t count);
tdm_person_counter tdm_person_count_reached;
tdm_person_counter tdm_person_count_applications;
tdm_person_counter tdm_person_count_waiting;
tdm_person_counter tdm_person_count_stages;
tdm_person_counter tdm_person_count_stage_days;
tdm_person_counter tdm_person_count_faculty;
tdm_person_counter tdm_person_count_responses;
tdm_person_counter tdm_person_count_change;
tdm_person_counter tdm_person_count_team_answers;
tdm_person_counter tdm_person_count_development;

#endif
