/* SPDX-License-Identifier: MPL-2.0
 *
 * page.h: an answer's document as rows of cells: {"schema","as_of","complete","data":[...]}.
 */
#ifndef TANDEM_TOOLS_PAGE_H
#define TANDEM_TOOLS_PAGE_H

#include "tandem/base.h"

#include <jansson.h>

#define TDM_PAGE_COLUMNS_MAX 64

typedef struct tdm_page {
    json_t *root;
    json_t *rows;      /* borrowed from root: an array; a single object was made an array of one */
    bool single;       /* data was one object */
    const char *as_of; /* borrowed; NULL: not told */
    bool complete;
    bool tells_complete;
} tdm_page;

/* TDM_MALFORMED: not such a document. */
tdm_code tdm_page_read(tdm_page *out, tdm_span bytes, tdm_err *err);
void tdm_page_free(tdm_page *page);

typedef struct tdm_column {
    char field[64];    /* a name, or names joined by dots */
    char title[2][24]; /* one or two lines; the second may be empty */
} tdm_column;

typedef struct tdm_columns {
    size_t count;
    tdm_column items[TDM_PAGE_COLUMNS_MAX];
} tdm_columns;

/* Append the columns of a row's text, as in tdm_command.columns. NULL: nothing. */
void tdm_columns_add(tdm_columns *columns, const char *text);
/* The members of the rows themselves, in order, objects by their members, lists left out. */
void tdm_columns_of_rows(tdm_columns *columns, const tdm_page *page);
/* What --fields asks for. TDM_INVALID: a field neither among `known` nor in any row. */
tdm_code tdm_columns_asked(tdm_columns *columns, const char *fields, const tdm_columns *known,
                           const tdm_page *page, tdm_err *err);

/* The value under a field; NULL if the row has none. Borrowed. */
json_t *tdm_row_value(const json_t *row, const char *field);
/* A member's text; "" if it is none. Borrowed. */
const char *tdm_row_text(const json_t *row, const char *key);
/* Append a cell's text, unescaped: numbers in their shortest form with at least `decimals` places if they are
 * no integers, lists joined by "; ", an undefined figure "n/a", a suppressed one "*", nothing if there is
 * nothing. True if it is a number or stands for one. */
bool tdm_row_cell(tdm_buf *out, const json_t *row, const char *field, int decimals);
/* Decimal places of a number in shortest form; 0 for anything else. */
int tdm_row_decimals(const json_t *row, const char *field);

#endif
