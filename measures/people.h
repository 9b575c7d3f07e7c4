/* SPDX-License-Identifier: MPL-2.0
 *
 * people.h: what a node counts of people (docs/figures.md section 9): from one person's rows to amounts in
 * the summary tables, and sets of such amounts: added, taken away, kept, set against what is stated.
 *
 * Pure: no log, no clock. Nothing here keeps a row or a person's key.
 */
#ifndef TANDEM_MEASURES_PEOPLE_H
#define TANDEM_MEASURES_PEOPLE_H

#include "map.h"
#include "tandem/civil.h"
#include "tandem/schema.h"

/* ---- sets of cells ---- */

/* n[i] is field TDM_SUMMARY_COUNT + i of a `summary` fact. */
enum { TDM_SUMMARY_AMOUNTS = TDM_SUMMARY_IMPROVED - TDM_SUMMARY_COUNT + 1, TDM_SUMMARY_TEXT_MAX = 60 };

typedef struct tdm_summary_cell {
    int table; /* TDM_SUMMARYTABLE_IS_*, 1 to 99 */
    tdm_period period;
    tdm_span a; /* each at most TDM_SUMMARY_TEXT_MAX bytes, none of them 0 */
    tdm_span b;
    int64_t n[TDM_SUMMARY_AMOUNTS];
} tdm_summary_cell;

/* A cell that is zero is not in the set: it is not found, not listed and makes no difference. */
typedef struct tdm_summary {
    tdm_map cells;
} tdm_summary;

void tdm_summary_init(tdm_summary *set);
void tdm_summary_free(tdm_summary *set); /* leaves an empty set */

/* Add to the cell of that place. TDM_INVALID: no such place can be stated. TDM_FULL: an amount would leave
 * int64. Then nothing is changed, here as in the two below. */
tdm_code tdm_summary_add(tdm_summary *set, const tdm_summary_cell *cell, tdm_err *err);
tdm_code tdm_summary_merge(tdm_summary *set, const tdm_summary *more, tdm_err *err);
tdm_code tdm_summary_subtract(tdm_summary *set, const tdm_summary *less, tdm_err *err);

/* The cell at the place of `place`, whose amounts are not asked. Borrowed until the set changes. */
const tdm_summary_cell *tdm_summary_find(const tdm_summary *set, const tdm_summary_cell *place);
/* In order of (table, period kind, period number, a, b), texts as bytes: an array of borrowed cells, the
 * caller's to free. */
const tdm_summary_cell **tdm_summary_sorted(const tdm_summary *set, size_t *count);
bool tdm_summary_equal(const tdm_summary *a, const tdm_summary *b);

/* ---- a cell as bytes: keys sort as cells do ---- */

/* Appended to key and value. TDM_INVALID as of tdm_summary_add. */
tdm_code tdm_summary_encode(const tdm_summary_cell *cell, tdm_buf *key, tdm_buf *value, tdm_err *err);
/* Of any bytes: TDM_MALFORMED, or a cell that encodes to just these bytes and whose place the schema of a
 * `summary` takes; its amounts may be any. Its texts are borrowed from the key. */
tdm_code tdm_summary_decode(tdm_span key, tdm_span value, tdm_summary_cell *out, tdm_err *err);

/* ---- what is to be stated ---- */

typedef enum tdm_difference {
    TDM_DIFFERENCE_STATE,
    TDM_DIFFERENCE_CORRECT,
    TDM_DIFFERENCE_VOID
} tdm_difference;
/* cell: as it is wanted; of a void as it is stated. Any code but TDM_OK ends the walk and is returned. */
typedef tdm_code tdm_difference_visit(void *context, tdm_difference difference, const tdm_summary_cell *cell,
                                      tdm_err *err);
/* Once for each cell in which the two sets differ, in order. Neither set may change meanwhile. */
tdm_code tdm_summary_differences(const tdm_summary *wanted, const tdm_summary *stated,
                                 tdm_difference_visit *visit, void *context, tdm_err *err);

/* ---- one person's rows ---- */

typedef struct tdm_person_row {
    uint32_t type;
    int64_t recorded_ms; /* as the log has it; the order of the rows decides, not this */
    tdm_span payload;    /* as tdm_record_encode makes it; any bytes do no harm */
} tdm_person_row;

/* The faculty is counted from this many financial years before today's on. */
enum { TDM_FACULTY_YEARS = 50 };

/*
 * Add to `out` what one person's rows in force amount to. The rows are in the order of the log, at most one
 * of each row name. `today` beyond the bounds of a DATE field counts as the bound. `skipped` (may be NULL):
 * rows of no type of a person's that this program knows, and payloads that are none of their type.
 * TDM_FULL: an amount would leave int64; `out` is as it was.
 */
tdm_code tdm_person_count(const tdm_person_row *rows, size_t count, tdm_date today, tdm_summary *out,
                          size_t *skipped, tdm_err *err);

#endif
