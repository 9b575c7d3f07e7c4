/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_parts.h: what the files of the measures tell each other.
 */
#ifndef TANDEM_ORACLE_MEASURES_PARTS_H
#define TANDEM_ORACLE_MEASURES_PARTS_H

#include "measures.h"
#include "tables_parts.h"

typedef tdm_oracle_measure_row oracle_row;

typedef struct oracle_rows {
    oracle_row *list;
    size_t count;
} oracle_rows;

/* A cell in the group that a breakdown puts it in. */
typedef struct oracle_item {
    const tdm_oracle_cell *cell;
    char group[TDM_ORACLE_TEXT];
} oracle_item;

/* What a row is computed from: the cells of its group in its period; in-force tables as they are on the day.
 */
typedef struct oracle_view {
    const tdm_oracle *o;
    const tdm_oracle_question *question; /* whole: nothing is NULL */
    tdm_period period;
    tdm_date day;
    const oracle_item *items;
    size_t count;
    const struct oracle_view *whole; /* all groups of the period */
} oracle_view;

/* A formula that fills no figure makes no row. */
typedef void oracle_formula(const oracle_view *view, oracle_row *row);
/* What depends on the other rows of the period. */
typedef void oracle_finish(const oracle_view *view, oracle_row *rows, size_t count);
/* The group of a cell in a breakdown of the measure's own. False: it is in none. */
typedef bool oracle_grouping(const oracle_view *view, const tdm_oracle_cell *cell, const char **group);

typedef struct oracle_breakdown {
    const char *word;
    oracle_grouping *group;
} oracle_breakdown;

typedef struct oracle_measure {
    const char *id;
    const char *dimension;   /* asked for if none is given; NULL: takes none */
    int tables[5];           /* ends with 0 */
    bool with_level;         /* has the level's rows as cells of ORACLE_TABLE_LEVEL: hours in n0 */
    bool of_units;           /* takes the breakdowns by a unit's own attributes */
    oracle_breakdown own[4]; /* ends with a NULL word */
    oracle_formula *formula; /* NULL: `rows` makes them */
    oracle_finish *finish;   /* NULL: nothing */
    void (*rows)(const tdm_oracle *o, const tdm_oracle_question *question, oracle_rows *rows);
    const char *const *words; /* its breakdowns; NULL: those of its tables */
} oracle_measure;

extern const oracle_measure ORACLE_MEASURES[];
extern const size_t ORACLE_MEASURE_COUNT;

/* The group of a unit by one of its attributes. False: the word is none of these. */
bool oracle_unit_text(const tdm_oracle *o, const oracle_fact *unit, const char *word, tdm_span *out);
tdm_dimension oracle_level_dimension(const char *by);

void oracle_sum_rows(const tdm_oracle *o, const oracle_measure *measure, const tdm_oracle_question *question,
                     oracle_rows *rows);

/* ---- figures: one call a column, in their order */
void oracle_count(oracle_row *row, const char *name, int64_t number);
void oracle_hours(oracle_row *row, const char *name, int64_t hundredths);
void oracle_tenths(oracle_row *row, const char *name, bool defined, int64_t tenths);
void oracle_share_of(oracle_row *row, const char *name, int64_t num, int64_t den);
void oracle_real(oracle_row *row, const char *name, bool defined, double real);
void oracle_ratio(oracle_row *row, const char *name, int64_t num, int64_t den);
void oracle_undefined(oracle_row *row, const char *name, tdm_shape shape);
int64_t oracle_share_tenths(int64_t num, int64_t den); /* den > 0 */

/* ---- cells: the sum of an amount over a view; NULL: of any a, of any b */
int64_t oracle_sum(const oracle_view *view, int table, const char *a, const char *b, int amount);
/* Lower middle of days by their cells: the days are in a or in b. */
void oracle_median_days(const oracle_view *view, int table, const char *a, bool in_b, oracle_row *row);
bool oracle_is_by(const oracle_view *view, const char *word);

/* ---- organisations of a period (section 10) */
oracle_roots oracle_registered(const tdm_oracle *o, tdm_period period); /* free(list) */
tdm_date oracle_period_day(const tdm_oracle_question *question, tdm_period period);

/* ---- the measures, by family */
typedef void oracle_rows_maker(const tdm_oracle *o, const tdm_oracle_question *question, oracle_rows *rows);
oracle_rows_maker oracle_c1, oracle_c2, oracle_c3, oracle_c4, oracle_c5, oracle_c6, oracle_c7, oracle_c8;
oracle_rows_maker oracle_n1, oracle_n2, oracle_n3, oracle_n4, oracle_n7;
oracle_formula oracle_c9, oracle_c10, oracle_n5, oracle_n6;
oracle_formula oracle_r1, oracle_r2, oracle_r3, oracle_r4, oracle_r5, oracle_r6, oracle_r7;
oracle_finish oracle_r1_finish;
oracle_formula oracle_l1, oracle_l2, oracle_l3, oracle_l4, oracle_l5, oracle_l6, oracle_l7, oracle_l8,
    oracle_l9;
oracle_formula oracle_l10;
oracle_formula oracle_s1, oracle_s2, oracle_s3, oracle_s4, oracle_s5, oracle_s6, oracle_s7, oracle_s10;
oracle_rows_maker oracle_n8, oracle_s8, oracle_s9;
oracle_grouping oracle_by_indicator;
oracle_grouping oracle_by_a, oracle_by_b; /* the table's dimensions */
oracle_grouping oracle_by_dimension_group, oracle_by_reason, oracle_by_stage, oracle_by_locality_pair;
oracle_grouping oracle_by_aim, oracle_by_need_theme;

#endif
