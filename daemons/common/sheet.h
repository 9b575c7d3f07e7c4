/* SPDX-License-Identifier: MPL-2.0
 *
 * sheet.h: a spreadsheet saved as text: CSV (RFC 4180) in UTF-8, read whole, with its own row numbers.
 *
 * What people's programs make of CSV is accepted: a byte-order mark, semicolons or tabs instead of commas
 * (seen from the header), any line ends, spaces around values, blank rows. What would be misread is refused
 * with what to do about it: other encodings, workbooks, a quotation mark that never closes.
 */
#ifndef TANDEM_COMMON_SHEET_H
#define TANDEM_COMMON_SHEET_H

#include "tandem/base.h"

#define TDM_SHEET_BYTES_MAX (10u * 1024 * 1024)
#define TDM_SHEET_ROWS_MAX 50000
#define TDM_SHEET_COLUMNS_MAX 200

typedef struct tdm_sheet tdm_sheet;

/* A row that is not blank. Cells are trimmed, valid UTF-8, without control characters (a line break inside a
 * cell became a space); borrowed from the sheet. A ragged row has another number of cells than the header. */
typedef struct tdm_sheet_row {
    size_t number; /* as the spreadsheet numbers it: the header is row 1, blank rows count */
    size_t cell_count;
    const tdm_span *cells;
} tdm_sheet_row;

/* TDM_MALFORMED: not such a file, with the place and what to do; TDM_FULL: over a limit above. */
tdm_code tdm_sheet_read(tdm_sheet **out, tdm_span bytes, tdm_err *err);
void tdm_sheet_free(tdm_sheet **sheet); /* NULL-safe */

size_t tdm_sheet_columns(const tdm_sheet *sheet);
/* A header as written. Empty headers (of trailing empty columns) stay empty. */
tdm_span tdm_sheet_header(const tdm_sheet *sheet, size_t column);
/* A header or a cell as names and words are compared: in small letters, spaces and dashes as underscores.
 * False: out (size bytes) has no room for it. */
bool tdm_sheet_word(tdm_span text, char *out, size_t size);
/* The column whose header is this name; -1: none. */
int tdm_sheet_find(const tdm_sheet *sheet, const char *name);
/* The same; TDM_MALFORMED, with what to do, if two columns have the name: which one counts is not ours to
 * say. */
tdm_code tdm_sheet_find_once(const tdm_sheet *sheet, const char *name, int *out, tdm_err *err);
size_t tdm_sheet_rows(const tdm_sheet *sheet);
tdm_sheet_row tdm_sheet_row_at(const tdm_sheet *sheet, size_t index);
/* The cell of a row in a column: empty if column is -1 or the row is too short. */
tdm_span tdm_sheet_cell(const tdm_sheet_row *row, int column);
/* More cells than headers, or fewer: true only if something other than empty cells is too many, or if any is
 * missing. */
bool tdm_sheet_is_ragged(const tdm_sheet *sheet, const tdm_sheet_row *row);

#endif
