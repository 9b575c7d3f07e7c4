/* SPDX-License-Identifier: MPL-2.0
 *
 * people_rows.h: rows of a person written down in tests, and what is asked of the cells they come to.
 */
#ifndef TANDEM_TESTS_MEASURES_PEOPLE_ROWS_H
#define TANDEM_TESTS_MEASURES_PEOPLE_ROWS_H

#include "people.h"
#include "support.h"
#include "tandem/event.h"

typedef struct row_value {
    uint32_t field; /* 0 ends the list */
    int64_t number;
    const char *text; /* instead of the number */
} row_value;

enum { ROWS_MAX = 1024 };
typedef struct person_rows {
    tdm_person_row rows[ROWS_MAX];
    tdm_buf payloads[ROWS_MAX];
    size_t count;
} person_rows;

/* A row of the type with these values; the person (field 1) is added. Fails the test if the schema does. */
void rows_add(person_rows *rows, uint32_t type, const row_value *values);
#define ROW(rows, type, ...) rows_add(rows, type, (const row_value[]){ __VA_ARGS__, { 0 } })
/* Any bytes as a payload. */
void rows_add_bytes(person_rows *rows, uint32_t type, tdm_span payload);
void rows_clear(person_rows *rows);

tdm_date day(const char *text); /* "2017-04-01" */

void stage_row(person_rows *rows, int64_t stage, int64_t state, tdm_date date);
void facilitation_row(person_rows *rows, const char *unit, tdm_date date, int64_t people);
void application_row(person_rows *rows, const char *unit, int64_t state, tdm_date date);
void attendance_row(person_rows *rows, const char *unit, tdm_date date);
void response_row(person_rows *rows, int64_t wave, int64_t score, tdm_date date);

/* Adds the person to the set and clears the rows; returns how many were skipped. */
size_t count_person(person_rows *rows, tdm_date today, tdm_summary *set);
/* Amount n of a cell; 0 if it is not there. */
int64_t amount(const tdm_summary *set, int table, const char *period, const char *a, const char *b, size_t n);
/* How many cells of the table the set has. */
size_t cells_of(const tdm_summary *set, int table);

/* A row within the schema's bounds, of any type; fields that may be missing are now and then. */
void add_random_row(dice *d, person_rows *rows);
/* Makes the set, with what some such rows amount to. */
void random_person(dice *d, tdm_summary *set);

#endif
