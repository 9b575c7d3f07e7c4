/* SPDX-License-Identifier: MPL-2.0
 *
 * release_table.h: rows of figures made fit to be released: counts of people suppressed as one table, shares
 * made again from what is shown, what rests on few people hidden.
 */
#ifndef TANDEM_SERVICES_RELEASE_TABLE_H
#define TANDEM_SERVICES_RELEASE_TABLE_H

#include "measures.h"

#include "tandem/suppress.h"

typedef struct tdm_release_row {
    const char *group;
    tdm_buf figures; /* a TEXTS value, packed: name=value */
} tdm_release_row;

typedef struct tdm_release_table {
    tdm_release_row *rows;
    size_t count;
} tdm_release_table;

/* rows: those of one period. earlier: what was released of the same table before. */
tdm_code tdm_release_make(const tdm_measure_facts *facts, const tdm_people_rule *rule,
                          const tdm_measure_row *rows, size_t count, const tdm_published *earlier,
                          size_t earlier_count, tdm_release_table *out, tdm_err *err);
void tdm_release_table_free(tdm_release_table *table);

/* A value as released, back: a number, "*", "<5", "<10" or "n/a". */
tdm_shown tdm_shown_parse(tdm_span text);

#endif
