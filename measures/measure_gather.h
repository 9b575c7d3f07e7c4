/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_gather.h: the cells that a question takes, from the maintained tables or, for breakdowns by the
 * attributes of units, from their dossiers.
 */
#ifndef TANDEM_MEASURES_MEASURE_GATHER_H
#define TANDEM_MEASURES_MEASURE_GATHER_H

#include "fold_inner.h"
#include "measure_inner.h"

/* A row with the group it goes to. */
typedef struct tdm_grouped_row {
    tdm_span group;
    tdm_period period;
    tdm_table_row row;
} tdm_grouped_row;

typedef struct tdm_gathered {
    tdm_grouped_row *items; /* by (period, group, table, organisation, a, b), no two alike */
    size_t count;
    size_t capacity;
    tdm_arena arena; /* texts that are borrowed from nothing else */
} tdm_gathered;

bool tdm_measure_reads(const tdm_measure *measure, int table);
/* The level's breakdown of the same name; TDM_BY_TOTAL for those that the level has not. */
tdm_dimension tdm_breakdown_dimension(tdm_breakdown by);
/* Days up to which an in-force table is summed: the period's last, or the as-of date if that is earlier. */
tdm_date tdm_question_day(const tdm_measure_question *question, tdm_period period);
/* With the measure's breakdown, dimension and indicator where none is asked for; planned only where there are
 * plans. */
tdm_measure_question tdm_question_settled(const tdm_measure_question *asked);
bool tdm_question_asks(const tdm_measure_question *question, tdm_period period);

/* All rows of the question's periods. Under the fold's lock, which must be held while they are used. */
tdm_code tdm_gather(tdm_fold *fold, const tdm_measure_question *question, tdm_gathered *out, tdm_err *err);
void tdm_gathered_free(tdm_gathered *gathered);

#endif
