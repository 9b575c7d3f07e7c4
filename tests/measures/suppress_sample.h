/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_sample.h: tables of counts of people for the tests of suppression, with room for what is shown.
 */
#ifndef TANDEM_TESTS_SUPPRESS_SAMPLE_H
#define TANDEM_TESTS_SUPPRESS_SAMPLE_H

#include "tandem/suppress.h"

enum { SIDE = 9, FIGURES = SIDE * SIDE };

/* Rows and columns with their totals; keys "a", "b"..., "all". */
typedef struct sample {
    tdm_people_table table;
    int64_t counts[FIGURES];
    tdm_shown shown[FIGURES];
    tdm_span row_keys[SIDE];
    tdm_span column_keys[SIDE];
} sample;

const tdm_people_rule *rule_of(const char *word); /* fails the test if there is none */
void sample_init(sample *s, size_t rows, size_t columns, bool row_totals, bool column_totals, bool grand);
size_t at(const sample *s, size_t row, size_t column); /* the index of a figure */
void add_up(sample *s);                                /* the totals, from 0 */
void publish(const char *rule, sample *s);
/* What is shown: "* 10 45 60 / ..." */
void print(const char *rule, const sample *s, char *out, size_t room);

#endif
