/* SPDX-License-Identifier: MPL-2.0
 *
 * ask.h: questions in words, over a fold of a small world. A mistake in the words ends the test program.
 */
#ifndef TANDEM_TESTS_MEASURES_ASK_H
#define TANDEM_TESTS_MEASURES_ASK_H

#include "tandem/measure.h"
#include "world.h"

/* The question borrows from it. */
typedef struct asked {
    tdm_measure_question question;
    tdm_period period;
    char words[64];
} asked;

/* A settled memory fold over everything stated, judged at once, of which nothing is kept. */
tdm_fold *ask_fold(const world *w);
/* What was stated after the first `told` events is learnt, too. */
void ask_more(tdm_fold *fold, const world *w, size_t told);
/* by: a breakdown's word; after colons the dimension and the indicator, if they are asked for. period: a
 * financial year. as_of: a date. */
void ask(asked *out, const char *measure, const char *by, const char *period, const char *as_of);

#endif
