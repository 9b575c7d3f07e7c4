/* SPDX-License-Identifier: MPL-2.0
 *
 * import_table.h: what one import file has named so far: its units, the row of each, and how often rows
 * without an id look the same.
 */
#ifndef TANDEM_SERVICES_IMPORT_TABLE_H
#define TANDEM_SERVICES_IMPORT_TABLE_H

#include "../sheet.h"

typedef struct tdm_import_table tdm_import_table;

tdm_import_table *tdm_import_table_new(void); /* NULL: no memory */
void tdm_import_table_free(tdm_import_table **table);

/* Note a row's unit. True if an earlier row had it: then *first is that row's number, and *same whether all
 * cells are equal. */
bool tdm_import_table_seen(tdm_import_table *table, tdm_span subject, const tdm_sheet_row *row, size_t *first,
                           bool *same);
/* Note a unit without its content: the row was refused. */
void tdm_import_table_note(tdm_import_table *table, tdm_span subject);
bool tdm_import_table_holds(const tdm_import_table *table, tdm_span subject);
/* How often this word has been counted, this time included. */
unsigned tdm_import_table_count(tdm_import_table *table, tdm_span word);

#endif
