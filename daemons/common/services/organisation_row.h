/* SPDX-License-Identifier: MPL-2.0
 *
 * organisation_row.h: one row of a spreadsheet of organisations, read and checked.
 */
#ifndef TANDEM_SERVICES_ORGANISATION_ROW_H
#define TANDEM_SERVICES_ORGANISATION_ROW_H

#include "../sheet.h"
#include "tandem/civil.h"

/* X(SYMBOL, header) */
#define TDM_ORGANISATION_COLUMNS_X(X)                                                                        \
    X(CODE, "code")                                                                                          \
    X(NAME, "name")                                                                                          \
    X(SECTOR, "sector")                                                                                      \
    X(CONTRACTOR, "contractor")                                                                              \
    X(PARENT, "parent")                                                                                      \
    X(BELONGS, "belongs_as")                                                                                 \
    X(REGION, "region")                                                                                      \
    X(OPENED, "opened")                                                                                      \
    X(CLOSED, "closed")                                                                                      \
    X(SUCCESSOR, "successor")                                                                                \
    X(SUCCEEDED, "succeeded_on")                                                                             \
    X(REOPENED, "reopened")                                                                                  \
    X(LOCALITIES, "localities")

typedef enum tdm_organisation_column {
#define X(symbol, name) TDM_ORGCOL_##symbol,
    TDM_ORGANISATION_COLUMNS_X(X)
#undef X
        TDM_ORGCOLS
} tdm_organisation_column;
const char *tdm_organisation_column_name(tdm_organisation_column column);

/* Where the columns are in a file: -1 absent. */
typedef struct tdm_organisation_columns {
    int at[TDM_ORGCOLS];
} tdm_organisation_columns;

/* Spans are borrowed from the sheet. */
typedef struct tdm_organisation_entry {
    tdm_sheet_row row;
    char code[16];
    char parent[16];
    char successor[16];
    tdm_span name;
    tdm_span region;
    int64_t sector;
    int64_t belongs;
    bool contractor;
    bool has[TDM_ORGCOLS]; /* dates that are given */
    tdm_date dates[TDM_ORGCOLS];
    tdm_buf localities;          /* packed */
    tdm_organisation_column bad; /* refused in this column */
    char what[180];              /* why, and what to do */
} tdm_organisation_entry;

/* False if it is refused: bad and what tell why. Free it in either case. */
bool tdm_organisation_entry_read(tdm_organisation_entry *out, const tdm_organisation_columns *columns,
                                 const tdm_sheet_row *row);
void tdm_organisation_entry_free(tdm_organisation_entry *entry);

#endif
