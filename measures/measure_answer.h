/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_answer.h: the answer to a question about a measure, being made.
 */
#ifndef TANDEM_MEASURES_MEASURE_ANSWER_H
#define TANDEM_MEASURES_MEASURE_ANSWER_H

#include "measure_inner.h"

typedef struct tdm_answering {
    size_t width;          /* figures of a row */
    tdm_measure_row *rows; /* their figures and groups are set at the end */
    size_t count;
    size_t capacity;
    tdm_figure *figures;
    size_t figure_capacity;
    tdm_buf groups; /* of the rows, each with its terminator */
} tdm_answering;

/* Rows in order, all in storage of the answer's own. Leaves `answering` empty. */
void tdm_answering_finish(tdm_answering *answering, tdm_measure_answer *out);

#endif
