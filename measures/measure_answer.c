/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_answer.c: what formulas ask and tell.
 */
#include "measure_answer.h"

#include <stdlib.h>

#include "bytes.h"

/* ---- rows told ---- */

tdm_figure *tdm_formula_row(tdm_formula *formula, tdm_span group)
{
    tdm_answering *out = formula->out;
    out->rows = tdm_memory_grow(out->rows, &out->capacity, out->count + 1, sizeof *out->rows);
    out->figures = tdm_memory_grow(out->figures, &out->figure_capacity, (out->count + 1) * out->width,
                                   sizeof *out->figures);
    out->rows[out->count] = (tdm_measure_row){ .period = formula->period, .base = -1 };
    tdm_figure *figures = out->figures + out->count * out->width;
    memset(figures, 0, out->width * sizeof *figures);
    out->count++;
    tdm_buf_add(&out->groups, group.data, group.len);
    tdm_buf_add(&out->groups, "", 1);
    TDM_ASSERT(!out->groups.failed);
    return figures;
}

void tdm_formula_base(tdm_formula *formula, int64_t people)
{
    tdm_measure_row *row = &formula->out->rows[formula->out->count - 1];
    if (row->base < 0 || people < row->base)
        row->base = people;
}

static int compare_rows(const void *a, const void *b)
{
    const tdm_measure_row *x = a;
    const tdm_measure_row *y = b;
    if (x->period.number != y->period.number)
        return x->period.number < y->period.number ? -1 : 1;
    return strcmp(x->group, y->group);
}

/* What the rows of an answer point to. */
struct tdm_answer_storage {
    tdm_figure *figures;
    tdm_buf groups;
};

void tdm_answering_finish(tdm_answering *answering, tdm_measure_answer *out)
{
    struct tdm_answer_storage *storage = tdm_memory_new(sizeof *storage);
    storage->figures = answering->figures;
    storage->groups = answering->groups;
    const char *group = (const char *)storage->groups.data;
    for (size_t i = 0; i < answering->count; i++) {
        answering->rows[i].figures = storage->figures + i * answering->width;
        answering->rows[i].group = group;
        group += strlen(group) + 1;
    }
    if (answering->count > 1)
        qsort(answering->rows, answering->count, sizeof *answering->rows, compare_rows);
    out->rows = answering->rows;
    out->count = answering->count;
    out->storage = storage;
    *answering = (tdm_answering){ 0 };
}

void tdm_measure_answer_free(tdm_measure_answer *answer)
{
    if (answer->storage != NULL) {
        free(answer->storage->figures);
        tdm_buf_free(&answer->storage->groups);
        free(answer->storage);
    }
    free(answer->rows);
    *answer = (tdm_measure_answer){ 0 };
}

int tdm_column_digits(const tdm_column_row *column)
{
    return column->shape == TDM_SHAPE_SHARE ? 1 : column->shape == TDM_SHAPE_HOURS ? 2 : column->digits;
}

int64_t tdm_figure_scaled(const tdm_column_row *column, const tdm_figure *figure)
{
    if (column->shape == TDM_SHAPE_WORD || !figure->defined)
        return 0;
    return column->shape == TDM_SHAPE_REAL ? tdm_real_scaled(figure->real, column->digits) : figure->number;
}

/* ---- cells asked for ---- */

const tdm_table_row *tdm_formula_table(const tdm_formula *formula, int table, size_t *count)
{
    size_t first = 0;
    while (first < formula->count && formula->rows[first].table < table)
        first++;
    *count = 0;
    while (first + *count < formula->count && formula->rows[first + *count].table == table)
        ++*count;
    return formula->rows + first;
}

static bool fits(tdm_span wanted, tdm_span text)
{
    return wanted.data == NULL || tdm_span_equal(wanted, text);
}

int64_t tdm_formula_sum(const tdm_formula *formula, int table, size_t n, tdm_span a, tdm_span b)
{
    size_t count;
    const tdm_table_row *rows = tdm_formula_table(formula, table, &count);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        if (fits(a, rows[i].a) && fits(b, rows[i].b))
            sum = tdm_add_wrapping(sum, rows[i].n[n]);
    return sum;
}

int tdm_compare_spans(const void *a, const void *b)
{
    return tdm_span_compare(*(const tdm_span *)a, *(const tdm_span *)b);
}

bool tdm_spans_have(const tdm_span *spans, size_t count, tdm_span text)
{
    bool has = false;
    for (size_t i = 0; i < count; i++)
        has = has || tdm_span_equal(spans[i], text);
    return has;
}

tdm_figure *tdm_formula_pair_row(tdm_formula *formula, tdm_span x, tdm_span y)
{
    bool turned = tdm_span_compare(x, y) > 0;
    tdm_span low = turned ? y : x;
    tdm_span high = turned ? x : y;
    tdm_buf group = { 0 };
    tdm_buf_add(&group, low.data, low.len);
    tdm_buf_text(&group, TDM_PAIR_SIGN);
    tdm_buf_add(&group, high.data, high.len);
    TDM_ASSERT(!group.failed);
    tdm_figure *out = tdm_formula_row(formula, tdm_buf_span(&group));
    tdm_buf_free(&group);
    return out;
}

size_t tdm_spans_distinct(tdm_span *spans, size_t count)
{
    if (count > 1)
        qsort(spans, count, sizeof *spans, tdm_compare_spans);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !tdm_span_equal(spans[kept - 1], spans[i]))
            spans[kept++] = spans[i];
    return kept;
}

tdm_span *tdm_formula_values(const tdm_formula *formula, int table, int dimension, size_t *count)
{
    size_t rows;
    const tdm_table_row *row = tdm_formula_table(formula, table, &rows);
    tdm_span *out = tdm_memory_new((rows + 1) * sizeof *out);
    for (size_t i = 0; i < rows; i++)
        out[i] = dimension == 0 ? row[i].a : row[i].b;
    *count = tdm_spans_distinct(out, rows);
    return out;
}

tdm_org_code tdm_formula_root(const tdm_formula *formula, tdm_span text)
{
    tdm_org_code code = tdm_org_code_of(text);
    return tdm_registry_root(formula->registry, &code, tdm_period_last(formula->period)).root;
}

int64_t tdm_formula_organisations(const tdm_formula *formula, int table)
{
    size_t count;
    size_t distinct = 0;
    const tdm_table_row *rows = tdm_formula_table(formula, table, &count);
    tdm_org_code *roots = tdm_memory_new((count + 1) * sizeof *roots);
    for (size_t i = 0; i < count; i++) {
        tdm_org_code root = tdm_formula_root(formula, rows[i].organisation);
        size_t at = 0;
        while (at < distinct && !tdm_org_code_equal(&roots[at], &root))
            at++;
        if (rows[i].n[0] > 0 && at == distinct)
            roots[distinct++] = root;
    }
    free(roots);
    return (int64_t)distinct;
}
