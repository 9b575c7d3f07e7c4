/* SPDX-License-Identifier: MPL-2.0
 *
 * tables.h: the oracle's tables (docs/figures.md section 8), gathered from the set of facts alone.
 */
#ifndef TANDEM_ORACLE_TABLES_H
#define TANDEM_ORACLE_TABLES_H

#include <stdio.h>

#include "oracle.h"
#include "tandem/measure.h" /* its list of tables; none of its functions */

#define TDM_ORACLE_TEXT 208 /* room for any text of a cell */

typedef struct tdm_oracle_cell {
    int table;    /* TDM_TABLE_* */
    bool has_day; /* of an in-force table: a change on a day; else the period is set */
    tdm_date day;
    tdm_period period;
    char organisation[16];
    char a[TDM_ORACLE_TEXT];
    char b[TDM_ORACLE_TEXT];
    int64_t n[TDM_TABLE_AMOUNTS];
} tdm_oracle_cell;

/* All cells that are not zero, by (table, kind of period, period or day, organisation, a, b); *cells is the
 * caller's (free). Gathered at the first call, which therefore belongs to one thread. */
void tdm_oracle_tables(const tdm_oracle *oracle, tdm_oracle_cell **cells, size_t *count);

/* One line a cell, tabs between: table name, period or YYYY-MM-DD, organisation, a, b, n0 to n6. Without the
 * line's end; out has room for every cell's line. */
#define TDM_ORACLE_LINE 1024
void tdm_oracle_cell_text(const tdm_oracle_cell *cell, char out[TDM_ORACLE_LINE]);
/* The lines of all cells, sorted by bytes. */
void tdm_oracle_tables_print(FILE *out, const tdm_oracle_cell *cells, size_t count);

const char *tdm_oracle_table_name(int table); /* NULL: no such table */
bool tdm_oracle_is_in_force(int table);

#endif
