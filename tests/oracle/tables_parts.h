/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_parts.h: what the files that gather and read tables tell each other.
 */
#ifndef TANDEM_ORACLE_TABLES_PARTS_H
#define TANDEM_ORACLE_TABLES_PARTS_H

#include "parts.h"
#include "tables.h"

/* The level's cells are kept beside the tables, as one more: n0 units, n1 hours; of measures only. */
enum { ORACLE_TABLE_LEVEL = 0 };

/* What one fact or unit adds to one cell. */
typedef struct oracle_entry {
    tdm_oracle_cell cell;
    const oracle_class *class; /* of units; NULL: a thing */
} oracle_entry;

typedef struct oracle_tally {
    oracle_entry *entries; /* in no order, not zero each */
    size_t entry_count;
    tdm_oracle_cell *cells; /* entries of one key added up, in order */
    size_t cell_count;
    const oracle_fact **things; /* valid statements of things */
    size_t thing_count;
} oracle_tally;

const oracle_tally *oracle_tally_of(const tdm_oracle *o);
void oracle_tally_free(oracle_tally *tally);

/* Cells sorted, equal keys added up, zeros left out; returns how many are left. */
size_t oracle_cells_merge(tdm_oracle_cell *cells, size_t count);

/* Where something is put: all but dates and amounts. */
typedef struct oracle_place {
    int table;
    const oracle_class *class;
    tdm_span organisation;
    tdm_span a;
    tdm_span b;
} oracle_place;

#define AMOUNTS(...) ((const int64_t[TDM_TABLE_AMOUNTS]){ __VA_ARGS__ })
void oracle_put_in(oracle_tally *tally, const oracle_place *place, tdm_period period, const int64_t *n);
/* The year, the quarter and the month of a day. */
void oracle_put_on(oracle_tally *tally, const oracle_place *place, tdm_date day, const int64_t *n);
/* In force from a day until another (not present: for good). */
void oracle_put_from(oracle_tally *tally, const oracle_place *place, tdm_date from, const tdm_value *until,
                     const int64_t *n);

/* ---- gathering */
void oracle_tables_of_units(const tdm_oracle *o, oracle_tally *tally);
void oracle_tables_of_things(const tdm_oracle *o, oracle_tally *tally);
/* Those that look at other facts than their own. */
void oracle_table_use(const tdm_oracle *o, oracle_tally *tally, const oracle_fact *fact);
void oracle_table_exchange(const tdm_oracle *o, oracle_tally *tally, const oracle_fact *fact);
void oracle_table_reference(const tdm_oracle *o, oracle_tally *tally, const oracle_fact *fact);

/* ---- lists of texts and of roots, each once and in order */
typedef struct oracle_texts {
    tdm_span *list;
    size_t count;
} oracle_texts;

oracle_texts oracle_texts_of(const tdm_value *value); /* of a field of kind TEXTS; free(list) */

typedef struct oracle_roots {
    oracle_code *list;
    size_t count;
} oracle_roots;

void oracle_roots_add(oracle_roots *roots, const oracle_code *root); /* free(list) */

/* A field's text; empty if it is not there. Enumerations by their words. */
tdm_span oracle_text(const oracle_fact *fact, uint32_t field);
bool oracle_is_stated(const oracle_fact *fact, uint32_t field); /* present, and no empty text */

#endif
