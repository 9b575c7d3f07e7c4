/* SPDX-License-Identifier: MPL-2.0
 *
 * cell.h: what people write in the cells of spreadsheets and behind options: words, codes, dates, numbers,
 * lists. Every reader of rows reads them alike.
 */
#ifndef TANDEM_SERVICES_CELL_H
#define TANDEM_SERVICES_CELL_H

#include "tandem/civil.h"
#include "tandem/schema.h"

enum { TDM_CELL_WHAT = 180 }; /* bytes of a sentence that refuses a cell */

/* A word of an enumeration, also in capitals, with spaces or dashes. */
bool tdm_cell_word(tdm_enum_set set, tdm_span cell, int64_t *number);
/* An organisation code, also in small letters. */
bool tdm_cell_code(tdm_span cell, char out[16]);
/* YYYY-MM-DD, or day, month and year where they cannot be taken for each other; from 1990 to 2199. False:
 * what (TDM_CELL_WHAT bytes) says what to do. */
bool tdm_cell_date(tdm_span cell, tdm_date *out, char *what);
/* Digits, and up to `places` after a point; the value in units of 10^-places, at most max. */
bool tdm_cell_decimal(tdm_span cell, int places, int64_t max, int64_t *out);

tdm_span tdm_cell_trim(tdm_span text);
/* The part before the next sign, trimmed; *rest goes on behind it. */
tdm_span tdm_cell_next(tdm_span *rest, char sign);

#endif
