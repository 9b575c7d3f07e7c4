/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_inner.h: what a measure is made of. A measure is one file that defines a `const tdm_measure`, and
 * one row of TDM_MEASURE_LIST. It may fill a table of its own (of_unit, things) and always has a formula over
 * cells.
 */
#ifndef TANDEM_MEASURES_MEASURE_INNER_H
#define TANDEM_MEASURES_MEASURE_INNER_H

#include "formula.h"
#include "tables.h"
#include "tandem/pack.h"
#include "unit.h"

/* Every measure, in the order in which they are listed. X(ID) */
#define TDM_MEASURE_LIST(X)                                                                                  \
    X(C1)                                                                                                    \
    X(C2)                                                                                                    \
    X(C3)                                                                                                    \
    X(C4)                                                                                                    \
    X(C5)                                                                                                    \
    X(C6)                                                                                                    \
    X(C7)                                                                                                    \
    X(C8)                                                                                                    \
    X(C9)                                                                                                    \
    X(C10)                                                                                                   \
    X(N1)                                                                                                    \
    X(N2)                                                                                                    \
    X(N3)                                                                                                    \
    X(N4)                                                                                                    \
    X(N5)                                                                                                    \
    X(N6)                                                                                                    \
    X(N7)                                                                                                    \
    X(N8)                                                                                                    \
    X(R1)                                                                                                    \
    X(R2)                                                                                                    \
    X(R3)                                                                                                    \
    X(R4)                                                                                                    \
    X(R5)                                                                                                    \
    X(R6)                                                                                                    \
    X(R7)                                                                                                    \
    X(L1)                                                                                                    \
    X(L2)                                                                                                    \
    X(L3)                                                                                                    \
    X(L4)                                                                                                    \
    X(L5)                                                                                                    \
    X(L6)                                                                                                    \
    X(L7)                                                                                                    \
    X(L8)                                                                                                    \
    X(L9)                                                                                                    \
    X(L10)                                                                                                   \
    X(S1)                                                                                                    \
    X(S2)                                                                                                    \
    X(S3)                                                                                                    \
    X(S4)                                                                                                    \
    X(S5)                                                                                                    \
    X(S6)                                                                                                    \
    X(S7)                                                                                                    \
    X(S8)                                                                                                    \
    X(S9)                                                                                                    \
    X(S10)

/* Told of one valid statement of a type, filed under a subject of its own. */
typedef void tdm_tell(tdm_unit_view *view, const tdm_statement *statement, tdm_tally *tally);
typedef struct tdm_thing {
    uint32_t type;
    tdm_tell *tell;
} tdm_thing;

/* One cell in hand: amounts summed up to the day, if the table is one in force. Spans borrowed. */
typedef struct tdm_table_row {
    int table;
    tdm_span organisation;
    tdm_span a;
    tdm_span b;
    int64_t n[TDM_TABLE_AMOUNTS];
} tdm_table_row;

/* One call of a formula: the cells of one group in one period (all of the period's, if the measure makes its
 * own rows). */
typedef struct tdm_formula {
    const tdm_measure_question *question;
    const char *dimension;
    const char *indicator;
    const tdm_registry *registry;
    tdm_period period;
    tdm_date day; /* the period's last, or the as-of date */
    tdm_span group;
    const tdm_table_row *rows; /* by table, organisation, a, b */
    size_t count;
    const tdm_level_row *level;   /* of the same period and group; NULL: none */
    const tdm_level_row *history; /* the level of every period and group; of measures that ask for it */
    size_t history_count;
    const tdm_org_code *registered; /* by code; of measures that ask for them */
    size_t registered_count;
    struct tdm_answering *out;
} tdm_formula;

typedef void tdm_formula_function(tdm_formula *formula);

enum { TDM_MEASURE_TABLES = 3, TDM_MEASURE_THINGS = 3 };

struct tdm_measure {
    tdm_measure_facts facts;
    int tables[TDM_MEASURE_TABLES]; /* that it reads; 0: no more */
    bool level;                     /* reads the level's rows, too */
    bool history;                   /* of every period, also of those not asked for */
    tdm_weight weight;              /* of these */
    bool by_programme;              /* its level is of each programme, given as history; one call a period */
    bool registered;                /* asks who is registered */
    bool whole;                     /* breakdowns but its own are of all people, whatever the dimension */
    void (*of_unit)(tdm_unit_view *view, tdm_tally *tally); /* what a unit adds to its table; NULL: nothing */
    tdm_thing things[TDM_MEASURE_THINGS];
    tdm_formula_function *formula;
};

#define X(ID) extern const tdm_measure TDM_MEASURE_##ID;
TDM_MEASURE_LIST(X)
#undef X

#define TDM_COLUMNS_OF(array) .columns = (array), .column_count = TDM_COUNT(array)
#define TDM_BREAKDOWNS_OF(array) .breakdowns = (array), .breakdown_count = TDM_COUNT(array)

/* What all measures add for a judged class; nothing for most units. */
void tdm_measures_tally(tdm_unit_view *view, tdm_tally *tally);

/* ---- for formulas (measure_answer.c) ---- */

/* A row of the answer for this group, in the formula's period: figures undefined. Valid until the next. */
tdm_figure *tdm_formula_row(tdm_formula *formula, tdm_span group);
/* Number of people that figures of the row rest on: the smallest of those told. */
void tdm_formula_base(tdm_formula *formula, int64_t people);
static inline void tdm_figure_count(tdm_figure *figure, int64_t number)
{
    figure->defined = true;
    figure->number = number;
}
static inline void tdm_figure_tenths(tdm_figure *figure, bool defined, int64_t tenths)
{
    figure->defined = defined;
    figure->number = tenths;
}
static inline void tdm_figure_share(tdm_figure *figure, int64_t part, int64_t whole)
{
    tdm_share share = tdm_share_of(part, whole);
    tdm_figure_tenths(figure, share.defined, share.tenths);
}
static inline void tdm_figure_real(tdm_figure *figure, tdm_real real)
{
    figure->defined = real.defined;
    figure->real = real.value;
}
/* Amount n of all rows of a table; with a or b given (data not NULL) of those alone. */
int64_t tdm_formula_sum(const tdm_formula *formula, int table, size_t n, tdm_span a, tdm_span b);
#define TDM_ANY ((tdm_span){ NULL, 0 })
/* Rows of one table: the first, and how many. */
const tdm_table_row *tdm_formula_table(const tdm_formula *formula, int table, size_t *count);
/* Distinct values of a dimension (0: a, 1: b) in the rows of a table, in order: the caller's to free. */
tdm_span *tdm_formula_values(const tdm_formula *formula, int table, int dimension, size_t *count);
tdm_org_code tdm_formula_root(const tdm_formula *formula, tdm_span code);
/* A row of the group "low - high": of two texts in order of their bytes. */
tdm_figure *tdm_formula_pair_row(tdm_formula *formula, tdm_span x, tdm_span y);
#define TDM_PAIR_SIGN " - "
/* Distinct roots of the organisations with an amount n0 above 0 in a table's rows. */
int64_t tdm_formula_organisations(const tdm_formula *formula, int table);
int tdm_compare_spans(const void *a, const void *b); /* of tdm_span, for qsort and bsearch */
bool tdm_spans_have(const tdm_span *spans, size_t count, tdm_span text);
/* Sorted, repeats dropped; how many are left. */
size_t tdm_spans_distinct(tdm_span *spans, size_t count);

/* ---- for contributors ---- */
/* A value's word; of an unknown number its digits, written to `digits`; empty if it is not stated. */
tdm_span tdm_word(tdm_enum_set set, const tdm_value *value, char digits[24]);
/* The latest of the principal's statements of a type; NULL if there is none. */
const tdm_statement *tdm_unit_view_detail(const tdm_unit_view *view, uint32_t type);
/* Whether the principal says later what `same` holds to be the same. */
bool tdm_unit_view_is_superseded(const tdm_unit_view *view, const tdm_statement *statement,
                                 bool (*same)(const tdm_statement *a, const tdm_statement *b));
/* Texts of a TEXTS value one by one, from tdm_texts_of on. */
typedef struct tdm_texts {
    tdm_cursor cursor;
    uint32_t left;
} tdm_texts;
tdm_texts tdm_texts_of(const tdm_value *value);
bool tdm_texts_next(tdm_texts *texts, tdm_span *out);
/* Parts of a LIST value. */
bool tdm_parts_next(tdm_texts *parts, uint32_t part_type, tdm_record *out);

#endif
