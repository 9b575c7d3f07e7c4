/* SPDX-License-Identifier: MPL-2.0
 *
 * import_row.h: one row of an import file read into a statement, or refused cell by cell with what to do.
 */
#ifndef TANDEM_SERVICES_IMPORT_ROW_H
#define TANDEM_SERVICES_IMPORT_ROW_H

#include "../sheet.h"
#include "../statement.h"

#define TDM_REFUSALS_MAX TDM_COLUMNS

/* Why a cell is refused. The value is as written, bounded when it is shown. */
typedef struct tdm_cell_refusal {
    tdm_column column;
    tdm_span value;
    char what[180];
} tdm_cell_refusal;

typedef struct tdm_row_problems {
    tdm_cell_refusal cells[TDM_REFUSALS_MAX];
    size_t count;
} tdm_row_problems;

/* Where the columns are in a file: -1 absent. */
typedef struct tdm_row_columns {
    int at[TDM_COLUMNS];
} tdm_row_columns;

/*
 * Read a row. `statement` borrows from the sheet and from `recorder`. What could be read is filled also when
 * there are problems, so that the row's unit can be told where its id is good. The unit id stays empty if the
 * cell is blank: the caller makes it (tdm_row_make_id).
 */
void tdm_row_read(const tdm_row_columns *columns, const tdm_sheet_row *row, tdm_span recorder,
                  tdm_statement *statement, tdm_row_problems *problems);
/* "auto-" and 16 hex digits over organisation, programme, title, start date and the number of this occurrence
 * (1-based) in the file. */
void tdm_row_make_id(tdm_statement *statement, unsigned occurrence);
bool tdm_row_is_refused_in(const tdm_row_problems *problems, tdm_column column);

#endif
