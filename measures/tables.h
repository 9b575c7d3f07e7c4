/* SPDX-License-Identifier: MPL-2.0
 *
 * tables.h: cells of the measures beside the level, by (table, period, organisation, a, b), and what one
 * dossier adds to them (docs/figures.md section 8).
 *
 * Key of a cell, as stored: table 1, period kind 1 (or DAY), number 4 with the sign bit turned so that keys
 * sort as numbers do, organisation, 0, a, 0, b. Texts hold no zero bytes: the schema refuses control
 * characters.
 */
#ifndef TANDEM_MEASURES_TABLES_H
#define TANDEM_MEASURES_TABLES_H

#include "map.h"
#include "tandem/measure.h"

enum { TDM_TABLE_DAY = 15 }; /* in place of the period kind: a change on a day, of an in-force table */
enum { TDM_TABLE_TEXT_MAX = 200, TDM_TABLE_KEY_MAX = 6 + 12 + 2 + 2 * TDM_TABLE_TEXT_MAX };

/* ---- what a dossier adds: under construction ---- */

void tdm_amounts_add(int64_t to[TDM_TABLE_AMOUNTS], const int64_t n[TDM_TABLE_AMOUNTS]);
bool tdm_amounts_are_zero(const int64_t n[TDM_TABLE_AMOUNTS]);

typedef struct tdm_tally_entry {
    size_t key; /* offset in `keys` */
    size_t key_len;
    int64_t n[TDM_TABLE_AMOUNTS];
} tdm_tally_entry;

typedef struct tdm_tally {
    tdm_tally_entry *entries; /* in the order added, repeats and all */
    size_t count;
    size_t capacity;
    tdm_buf keys;
} tdm_tally;

void tdm_tally_clear(tdm_tally *tally);
void tdm_tally_free(tdm_tally *tally);
/* Amounts of one cell, to be added to: zeroes. Texts beyond the bound are cut. Valid until the next call. */
int64_t *tdm_tally_at(tdm_tally *tally, int table, tdm_period period, tdm_span organisation, tdm_span a,
                      tdm_span b);
/* The same on each of year, quarter and month that hold the date; amounts are copied. */
void tdm_tally_on(tdm_tally *tally, int table, tdm_date date, tdm_span organisation, tdm_span a, tdm_span b,
                  const int64_t n[TDM_TABLE_AMOUNTS]);
/* Of an in-force table: n from a day on, until a day if there is one after it. */
void tdm_tally_from(tdm_tally *tally, int table, tdm_date from, bool has_until, tdm_date until,
                    tdm_span organisation, tdm_span a, tdm_span b, const int64_t n[TDM_TABLE_AMOUNTS]);
/* Sorted, repeats added up, zeroes dropped. Nothing: no bytes. */
void tdm_tally_encode(tdm_tally *tally, tdm_buf *out);
bool tdm_tally_is_sound(tdm_span encoded);
/* Walks an encoded tally: begin with *at = 0; false at the end. The key is borrowed. */
bool tdm_tally_next(tdm_span encoded, size_t *at, tdm_span *key, int64_t n[TDM_TABLE_AMOUNTS]);

/* ---- cells ---- */

typedef struct tdm_table_slot {
    int64_t n[TDM_TABLE_AMOUNTS];
    uint64_t check; /* of its row in the views; 0: none */
    bool dirty;
    uint16_t key_len;
    uint8_t key[];
} tdm_table_slot;

typedef struct tdm_tables {
    tdm_map slots;   /* by whole key */
    tdm_map shelves; /* by the first 6 bytes: what one table holds of one period */
    tdm_table_slot **dirty;
    size_t dirty_count;
    size_t dirty_capacity;
} tdm_tables;

void tdm_tables_init(tdm_tables *tables);
void tdm_tables_free(tdm_tables *tables);
/* Take the old tally out and put the new one in; both encoded and sound. Returns how many entries that were.
 */
size_t tdm_tables_replace(tdm_tables *tables, tdm_span old, tdm_span new);

bool tdm_table_slot_is_zero(const tdm_table_slot *slot);
void tdm_table_slot_encode(const tdm_table_slot *slot, tdm_buf *out);
tdm_code tdm_tables_load(tdm_tables *tables, tdm_span key, tdm_span value, uint64_t check, tdm_err *err);
void tdm_tables_saved(tdm_tables *tables);

/* Slots of one table and period, in order of key; some may be zero. *count 0: none. Borrowed. */
tdm_table_slot *const *tdm_tables_of(tdm_tables *tables, int table, tdm_period period, size_t *count);
/* The shelves of a table, as periods (kind TDM_TABLE_DAY: days), in order: an array to be freed. */
tdm_period *tdm_tables_periods(const tdm_tables *tables, int table, size_t *count);
/* All slots that are not zero, in order of key: an array of borrowed slots, to be freed. */
tdm_table_slot **tdm_tables_sorted(const tdm_tables *tables, size_t *count);
/* What a key says. Spans are borrowed from it. n is not set. */
void tdm_table_key_read(tdm_span key, tdm_table_cell *out);

#endif
