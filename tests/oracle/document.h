/* SPDX-License-Identifier: MPL-2.0
 *
 * document.h: the oracle's rows as the level document that `tandem level --format json` prints, and back.
 */
#ifndef TANDEM_ORACLE_DOCUMENT_H
#define TANDEM_ORACLE_DOCUMENT_H

#include <stdio.h>

#include "oracle.h"

/* One row per line, so that two documents can be compared with diff. */
void tdm_oracle_print(FILE *out, const tdm_oracle_row *rows, size_t count, tdm_weight weight);

/* Compares the rows with a document in text (len bytes). Each difference is one line on out; returns how many
 * there are. TDM_MALFORMED: no level document. */
tdm_code tdm_oracle_compare(FILE *out, const tdm_oracle_row *rows, size_t count, tdm_weight weight,
                            const char *text, size_t len, size_t *differences, tdm_err *err);

#endif
