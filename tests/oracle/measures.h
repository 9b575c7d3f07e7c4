/* SPDX-License-Identifier: MPL-2.0
 *
 * measures.h: the oracle's measures (docs/figures.md sections 10 and 11): formulas over its own tables,
 * written naively, one after another.
 */
#ifndef TANDEM_ORACLE_MEASURES_H
#define TANDEM_ORACLE_MEASURES_H

#include "tables.h"

typedef struct tdm_oracle_question {
    const char *measure; /* id: "C1" */
    tdm_period_kind period_kind;
    bool has_year;
    int32_t year;
    const char *by;        /* a word of tdm_oracle_measure_word; NULL: "total" */
    const char *dimension; /* NULL: the measure's own: staff_group (N6, R1), ethnicity (R5, R6), locality
                              (R2-R4), objective (L7) */
    const char *indicator; /* NULL: workforce */
    const char *top;       /* of R5; NULL: white */
    const char *bottom;    /* NULL: bme */
    int line;              /* TDM_LINE_*: of N1-N4 and N7 */
    bool planned;          /* of C1-C8 and S8 */
    tdm_date as_of;
} tdm_oracle_question;

/* One column of a row. */
typedef struct tdm_oracle_figure {
    const char *name;
    tdm_shape shape;
    bool defined;
    int64_t number;   /* COUNT; SHARE: tenths of a percent; HOURS: hundredths */
    double real;      /* REAL, not rounded */
    const char *word; /* WORD */
} tdm_oracle_figure;

#define TDM_ORACLE_FIGURES 14
typedef struct tdm_oracle_measure_row {
    tdm_period period;
    char group[TDM_ORACLE_TEXT]; /* "" for total; two sectors as "trust - voluntary" */
    tdm_oracle_figure figures[TDM_ORACLE_FIGURES];
    size_t count; /* of figures: the same for every row of a measure */
} tdm_oracle_measure_row;

/* Rows by period, then group (bytes); *rows is the caller's (free). False, and no rows: no such measure,
 * breakdown or indicator. */
bool tdm_oracle_measure(const tdm_oracle *oracle, const tdm_oracle_question *question,
                        tdm_oracle_measure_row **rows, size_t *count);

const char *tdm_oracle_measure_id(size_t index);                     /* NULL past the end */
const char *tdm_oracle_measure_word(const char *measure, size_t at); /* its breakdowns; NULL past the end */
const tdm_oracle_figure *tdm_oracle_figure_of(const tdm_oracle_measure_row *row,
                                              const char *name); /* or NULL */

/* One line: id, period, breakdown, group, then column=value;... tabs between, without the line's end. Reals
 * with nine digits, what is undefined as n/a. */
void tdm_oracle_measure_text(const tdm_oracle_question *question, const tdm_oracle_measure_row *row,
                             char out[TDM_ORACLE_LINE]);
/* The lines of every breakdown of a measure (of the one asked for, if one is). */
void tdm_oracle_measure_print(FILE *out, const tdm_oracle *oracle, const tdm_oracle_question *question);

#endif
