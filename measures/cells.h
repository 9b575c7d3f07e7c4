/* SPDX-License-Identifier: MPL-2.0
 *
 * cells.h: amounts by period and group: what all figures are read from.
 *
 * Key of a cell, as stored: place 8 (family 1, period kind 1, number 4 with the sign bit turned so that keys
 * sort as numbers do, days 2), dimension 1, group. The group is the raw id: programme, kind (1 byte), lead
 * code, locality; empty for the total. In memory cells hang on their group, found by the place as a number:
 * one event changes some thirty cells of five groups.
 */
#ifndef TANDEM_MEASURES_CELLS_H
#define TANDEM_MEASURES_CELLS_H

#include "map.h"
#include "tandem/fold.h"

/* What every event of a unit changes comes first, beside the cell's head in memory. */
typedef enum tdm_amount {
    TDM_AMOUNT_WEIGHT,                        /* 4: units, hours, participants, phours */
    TDM_AMOUNT_FACTS = TDM_AMOUNT_WEIGHT + 4, /* base events */
    TDM_AMOUNT_LATE,
    TDM_AMOUNT_ESTIMATED, /* units */
    TDM_AMOUNT_UNREPORTED,
    TDM_AMOUNT_CANCELLED,
    TDM_AMOUNT_JOINT,                                    /* 3 lines x 4 weights */
    TDM_AMOUNT_PHASE = TDM_AMOUNT_JOINT + TDM_LINES * 4, /* 3: plan, deliver, support */
    TDM_AMOUNT_ALL_PHASES = TDM_AMOUNT_PHASE + 3,
    TDM_AMOUNT_DEPTH,
    TDM_AMOUNT_CLAIMS,                         /* 4: all, disputed, unanswered, corroborated */
    TDM_AMOUNT_DOUBTS = TDM_AMOUNT_CLAIMS + 4, /* the summary only */
    TDM_AMOUNTS
} tdm_amount;

typedef struct tdm_amounts {
    int64_t v[TDM_AMOUNTS];
} tdm_amounts;

typedef enum tdm_family {
    TDM_FAMILY_DELIVERED,
    TDM_FAMILY_PLANNED,
    TDM_FAMILY_SUMMARY,        /* one cell: what the fold counts for the metrics */
    TDM_FAMILY_DAYS_DELIVERED, /* claims by days to their answer: one number a cell */
    TDM_FAMILY_DAYS_PLANNED
} tdm_family;

#define TDM_CELL_KEY_MAX 200

typedef struct tdm_group tdm_group;

typedef struct tdm_cell {
    const tdm_group *group;
    uint64_t place; /* the key's first 8 bytes */
    uint64_t check; /* of its row in the views; 0: none */
    bool dirty;
    uint8_t width; /* numbers held: TDM_AMOUNTS, or 1 for answer days */
    int64_t v[];
} tdm_cell;

typedef struct tdm_cells {
    tdm_map groups;
    tdm_cell **all; /* in no order; a cell that became zero stays until the next start */
    size_t count;
    size_t capacity;
    tdm_cell **dirty;
    size_t dirty_count;
    size_t dirty_capacity;
} tdm_cells;

typedef struct tdm_cell_place {
    tdm_family family;
    tdm_period period;
    tdm_dimension dimension;
    int32_t days; /* of the families of answer days; else 0 */
    tdm_span group;
} tdm_cell_place;

void tdm_cells_init(tdm_cells *cells);
void tdm_cells_free(tdm_cells *cells);

/* The group, made if it is new. Borrowed; stays where it is. */
tdm_group *tdm_cells_group(tdm_cells *cells, tdm_dimension dimension, tdm_span group);
/* Amounts that are not zero, listed once for all groups they go to. */
typedef struct tdm_changes {
    size_t count;
    uint8_t index[TDM_AMOUNTS];
    int64_t amount[TDM_AMOUNTS];
} tdm_changes;
/* Add to a cell of the group. Exact also when a sum wraps: what went in comes out again. */
void tdm_cells_add(tdm_cells *cells, tdm_group *group, tdm_family family, tdm_period period,
                   const tdm_changes *changes);
void tdm_cells_add_days(tdm_cells *cells, tdm_group *group, tdm_family family, tdm_period period,
                        int32_t days, int64_t count);
const tdm_cell *tdm_cells_find(const tdm_cells *cells, const tdm_cell_place *place);

bool tdm_cell_is_zero(const tdm_cell *cell);
void tdm_cell_place_read(const tdm_cell *cell, tdm_cell_place *out); /* group borrowed */
/* The key of a cell; returns its length. */
size_t tdm_cell_key(const tdm_cell *cell, uint8_t out[TDM_CELL_KEY_MAX]);
/* Cells that are not zero, in order of key: an array of borrowed cells, the caller's to free. */
tdm_cell **tdm_cells_sorted(const tdm_cells *cells, size_t *count);

/* Stored form of a value, and back. */
void tdm_cell_encode(const tdm_cell *cell, tdm_buf *out);
/* Adds to what the cell has gathered, if it was touched before its row was read. */
tdm_code tdm_cells_load(tdm_cells *cells, tdm_span key, tdm_span value, uint64_t check, tdm_err *err);
void tdm_cells_saved(tdm_cells *cells); /* after a checkpoint: nothing is dirty */

#endif
