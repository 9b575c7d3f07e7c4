/* SPDX-License-Identifier: MPL-2.0
 *
 * release_table.c: rows of figures made fit to be released.
 */
#include "release_table.h"

#include "tandem/pack.h"

#include <stdlib.h>
#include <string.h>

/* ---- counts of people as one table */

typedef struct counts {
    size_t *columns; /* of the measure */
    size_t column_count;
    int64_t *exact; /* (rows + 1) x (columns + 1) */
    tdm_shown *shown;
    tdm_span *row_keys;
    tdm_span *column_keys;
} counts;

/* Hours of people are no counts: they are shown as they are, or not at all. */
static bool is_count(const tdm_column_row *column)
{
    return column->people && column->shape == TDM_SHAPE_COUNT;
}

static void free_counts(counts *c)
{
    free(c->columns);
    free(c->exact);
    free(c->shown);
    free(c->row_keys);
    free(c->column_keys);
}

static tdm_code make_counts(const tdm_measure_facts *facts, size_t rows, counts *c, tdm_err *err)
{
    *c = (counts){ 0 };
    c->columns = calloc(facts->column_count + 1, sizeof *c->columns);
    for (size_t i = 0; c->columns != NULL && i < facts->column_count; i++)
        if (is_count(&facts->columns[i]))
            c->columns[c->column_count++] = i;
    size_t cells = (rows + 1) * (c->column_count + 1);
    c->exact = calloc(cells, sizeof *c->exact);
    c->shown = calloc(cells, sizeof *c->shown);
    c->row_keys = calloc(rows + 1, sizeof *c->row_keys);
    c->column_keys = calloc(c->column_count + 1, sizeof *c->column_keys);
    if (c->columns == NULL || c->exact == NULL || c->shown == NULL || c->row_keys == NULL
        || c->column_keys == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the release");
    return TDM_OK;
}

/* The columns' totals guard the rows: a reader may know them from a release of the whole. */
static void fill_counts(const tdm_measure_facts *facts, const tdm_measure_row *rows, size_t count, counts *c)
{
    size_t width = c->column_count + 1;
    for (size_t r = 0; r < count; r++) {
        c->row_keys[r] = tdm_span_text(rows[r].group);
        for (size_t k = 0; k < c->column_count; k++) {
            const tdm_figure *figure = &rows[r].figures[c->columns[k]];
            c->exact[r * width + k] = figure->defined ? figure->number : 0;
            c->exact[count * width + k] += figure->defined ? figure->number : 0;
        }
    }
    c->row_keys[count] = TDM_SPAN_LITERAL("(all)");
    for (size_t k = 0; k < c->column_count; k++)
        c->column_keys[k] = tdm_span_text(facts->columns[c->columns[k]].name);
    c->column_keys[c->column_count] = TDM_SPAN_LITERAL("(all)");
}

/* ---- one row as texts */

typedef struct writing {
    const tdm_measure_facts *facts;
    const tdm_people_rule *rule;
    const tdm_measure_row *row;
    const tdm_shown *shown; /* of the row's counts of people */
    const counts *counts;
    bool any_hidden;
    bool hides_all; /* exact counts of the row would tell of few people by their differences */
} writing;

static const tdm_shown *shown_of(const writing *w, size_t column)
{
    for (size_t k = 0; k < w->counts->column_count; k++)
        if (w->counts->columns[k] == column)
            return &w->shown[k];
    return NULL;
}

/* Made of two counts that are shown. */
static bool is_made_again(const writing *w, const tdm_column_row *column)
{
    return column->part > 0 && shown_of(w, (size_t)column->part - 1) != NULL
           && shown_of(w, (size_t)column->whole - 1) != NULL;
}

static void write_share(const writing *w, const tdm_column_row *column, tdm_buf *out)
{
    const tdm_shown *part = shown_of(w, (size_t)column->part - 1);
    const tdm_shown *whole = shown_of(w, (size_t)column->whole - 1);
    char text[TDM_SHOWN_TEXT];
    tdm_percent percent = tdm_people_percent(part, whole, false);
    tdm_percent_text(&percent, text);
    tdm_buf_text(out, text);
}

static void write_value(const writing *w, size_t at, tdm_buf *out)
{
    const tdm_column_row *column = &w->facts->columns[at];
    const tdm_figure *figure = &w->row->figures[at];
    const tdm_shown *shown = shown_of(w, at);
    char text[TDM_SHOWN_TEXT];
    if (!figure->defined || !column->people) {
        tdm_figure_text(column, figure, out);
    } else if (w->hides_all) {
        tdm_buf_text(out, "*");
    } else if (shown != NULL) {
        tdm_shown_text(w->rule, shown, text);
        tdm_buf_text(out, text);
    } else if (is_made_again(w, column)) {
        write_share(w, column, out);
    } else if (w->any_hidden || w->row->base < 0
               || tdm_people_index(w->rule, &w->row->base, 1) == TDM_SHOWN_STAR) {
        tdm_buf_text(out, "*");
    } else {
        tdm_figure_text(column, figure, out);
    }
}

static void write_row(writing *w, tdm_buf *out)
{
    tdm_buf text = { 0 };
    w->any_hidden = false;
    w->hides_all = w->rule->step == 1 && tdm_people_index(w->rule, &w->row->base, 1) == TDM_SHOWN_STAR;
    for (size_t k = 0; k < w->counts->column_count; k++)
        w->any_hidden =
            w->any_hidden
            || (w->row->figures[w->counts->columns[k]].defined && tdm_shown_is_hidden(&w->shown[k]));
    tdm_pack_array(out, (uint32_t)w->facts->column_count);
    for (size_t i = 0; i < w->facts->column_count; i++) {
        tdm_buf_clear(&text);
        tdm_buf_format(&text, "%s=", w->facts->columns[i].name);
        write_value(w, i, &text);
        tdm_pack_str(out, tdm_buf_span(&text));
    }
    tdm_buf_free(&text);
}

tdm_code tdm_release_make(const tdm_measure_facts *facts, const tdm_people_rule *rule,
                          const tdm_measure_row *rows, size_t count, const tdm_published *earlier,
                          size_t earlier_count, tdm_release_table *out, tdm_err *err)
{
    counts c;
    size_t tally[TDM_HIDDEN_WHYS] = { 0 };
    *out = (tdm_release_table){ .rows = calloc(count + 1, sizeof *out->rows) };
    tdm_code code = make_counts(facts, count, &c, err);
    if (code == TDM_OK && out->rows == NULL)
        code = tdm_fail(err, TDM_FULL, 0, "no memory for the release");
    if (code == TDM_OK) {
        fill_counts(facts, rows, count, &c);
        const tdm_people_table table = { .rows = count,
                                         .columns = c.column_count,
                                         .has_column_totals = true,
                                         .counts = c.exact,
                                         .shown = c.shown,
                                         .row_keys = c.row_keys,
                                         .column_keys = c.column_keys };
        tdm_people_table_publish(rule, &table, earlier, earlier_count, tally);
    }
    for (; code == TDM_OK && out->count < count; out->count++) {
        writing w = { .facts = facts,
                      .rule = rule,
                      .row = &rows[out->count],
                      .shown = c.shown + out->count * (c.column_count + 1),
                      .counts = &c };
        out->rows[out->count].group = rows[out->count].group;
        write_row(&w, &out->rows[out->count].figures);
        if (out->rows[out->count].figures.failed)
            code = tdm_fail(err, TDM_FULL, 0, "no memory for the release");
    }
    free_counts(&c);
    return code;
}

void tdm_release_table_free(tdm_release_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        tdm_buf_free(&table->rows[i].figures);
    free(table->rows);
    *table = (tdm_release_table){ 0 };
}

tdm_shown tdm_shown_parse(tdm_span text)
{
    int64_t number = 0;
    if (tdm_span_equal(text, TDM_SPAN_LITERAL("*")))
        return (tdm_shown){ .kind = TDM_SHOWN_STAR };
    if (text.len > 0 && text.data[0] == '<')
        return (tdm_shown){ .kind = TDM_SHOWN_LOW, .why = TDM_HIDDEN_SMALL };
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > INT64_MAX / 10 - 9)
            return (tdm_shown){ .kind = TDM_SHOWN_NONE };
        number = number * 10 + (text.data[i] - '0');
    }
    return (tdm_shown){ .kind = text.len == 0 ? TDM_SHOWN_NONE : TDM_SHOWN_NUMBER, .number = number };
}
