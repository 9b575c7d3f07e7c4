/* SPDX-License-Identifier: MPL-2.0
 *
 * output_table.c: tables and records for people, cut to the terminal's width.
 *
 * A number is never cut, since a part of it would read as another number: what does not fit is left out as a
 * whole column, and that is said.
 */
#include "output.h"

#include "terminal.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_LEAST = 8, GAP_WIDE = 2, GAP_NARROW = 1 };

static const char BOLD[] = "\033[1m";
static const char PLAIN[] = "\033[0m";
static const char ELLIPSIS[] = "\xe2\x80\xa6";

typedef struct plan {
    const tdm_column *column;
    size_t width;
    size_t title; /* width of its title */
    int decimals;
    bool number; /* all cells are numbers: to the right, never cut */
    bool short_ids;
    bool empty; /* no cell holds anything: not shown unless asked for */
} plan;

typedef struct layout {
    plan items[TDM_PAGE_COLUMNS_MAX];
    size_t count;
    size_t gap;
    bool second_line; /* some title has two */
} layout;

/* On a terminal an id stands as its first 12 digits, which every WHEN accepts, and a time without its
 * thousandths. */
static void shorten(tdm_buf *raw)
{
    enum { ID_DIGITS = 32, ID_SHOWN = 12, TIME_LEN = 24, TIME_SHOWN = 19 };
    tdm_id id;
    if (raw->len == ID_DIGITS && tdm_unhex(&id, sizeof id, tdm_buf_span(raw)))
        raw->len = ID_SHOWN;
    if (raw->len == TIME_LEN && raw->data[10] == 'T' && raw->data[TIME_SHOWN] == '.'
        && raw->data[TIME_LEN - 1] == 'Z') {
        raw->data[TIME_SHOWN] = 'Z';
        raw->len = TIME_SHOWN + 1;
    }
}

static void safe_cell(tdm_buf *out, const json_t *row, const plan *item, bool *number)
{
    tdm_buf raw = { 0 };
    *number = tdm_row_cell(&raw, row, item->column->field, item->decimals);
    if (item->short_ids)
        shorten(&raw);
    tdm_terminal_add(out, tdm_buf_span(&raw));
    tdm_buf_free(&raw);
}

static size_t text_width(const char *text)
{
    return tdm_terminal_width(tdm_span_text(text));
}

static plan measure_column(const tdm_page *page, const tdm_column *column, bool short_ids)
{
    plan item = { .column = column, .short_ids = short_ids, .number = true, .empty = true, .decimals = 1 };
    size_t second = text_width(column->title[1]);
    item.title = text_width(column->title[0]);
    item.title = item.title > second ? item.title : second;
    item.width = item.title;
    for (size_t i = 0; i < json_array_size(page->rows); i++) {
        int decimals = tdm_row_decimals(json_array_get(page->rows, i), column->field);
        item.decimals = decimals > item.decimals ? decimals : item.decimals;
    }
    tdm_buf cell = { 0 };
    for (size_t i = 0; i < json_array_size(page->rows); i++) {
        bool number;
        tdm_buf_clear(&cell);
        safe_cell(&cell, json_array_get(page->rows, i), &item, &number);
        size_t width = tdm_terminal_width(tdm_buf_span(&cell));
        item.width = width > item.width ? width : item.width;
        item.number = item.number && (number || cell.len == 0);
        item.empty = item.empty && cell.len == 0;
    }
    item.number = item.number && !item.empty;
    tdm_buf_free(&cell);
    return item;
}

static size_t total_width(const layout *all)
{
    size_t total = all->count == 0 ? 0 : (all->count - 1) * all->gap;
    for (size_t i = 0; i < all->count; i++)
        total += all->items[i].width;
    return total;
}

static size_t text_least(const plan *item)
{
    return item->title > TEXT_LEAST ? item->title : TEXT_LEAST;
}

/* The widest text gives way first. False: none can. */
static bool shrink_widest(layout *all)
{
    plan *widest = NULL;
    for (size_t i = 0; i < all->count; i++) {
        plan *item = &all->items[i];
        if (!item->number && item->width > text_least(item)
            && (widest == NULL || item->width > widest->width))
            widest = item;
    }
    if (widest != NULL)
        widest->width--;
    return widest != NULL;
}

static size_t fit(layout *all, size_t width)
{
    size_t left_out = 0;
    all->gap = GAP_WIDE;
    if (total_width(all) > width)
        all->gap = GAP_NARROW;
    while (total_width(all) > width && shrink_widest(all))
        continue;
    while (total_width(all) > width && all->count > 1) {
        all->count--;
        left_out++;
    }
    return left_out;
}

static layout *make_layout(const tdm_page *page, const tdm_columns *columns, bool short_ids)
{
    layout *all = calloc(1, sizeof *all);
    if (all == NULL)
        return NULL;
    for (size_t i = 0; i < columns->count; i++) {
        plan item = measure_column(page, &columns->items[i], short_ids);
        if (item.empty && columns->count > 1)
            continue;
        all->second_line = all->second_line || columns->items[i].title[1][0] != '\0';
        all->items[all->count++] = item;
    }
    return all;
}

static void pad(tdm_buf *line, size_t count)
{
    while (count-- > 0)
        tdm_buf_text(line, " ");
}

static void add_cell(tdm_buf *line, tdm_span text, const plan *item, bool last)
{
    size_t width = tdm_terminal_width(text);
    if (width > item->width) {
        size_t len = tdm_terminal_cut(text, item->width - 1);
        tdm_buf_add(line, text.data, len);
        pad(line, item->width - 1 - tdm_terminal_width((tdm_span){ text.data, len }));
        tdm_buf_text(line, ELLIPSIS);
        return;
    }
    if (item->number)
        pad(line, item->width - width);
    tdm_buf_add(line, text.data, text.len);
    if (!item->number && !last)
        pad(line, item->width - width);
}

static void print_line(tdm_session *session, tdm_buf *line, bool bold)
{
    while (line->len > 0 && line->data[line->len - 1] == ' ')
        line->len--;
    bool marked = bold && session->colored;
    fprintf(session->out, "%s%.*s%s\n", marked ? BOLD : "", (int)line->len,
            line->len == 0 ? "" : (const char *)line->data, marked ? PLAIN : "");
    tdm_buf_clear(line);
}

/* One-line titles stand on the lower of two lines. */
static void print_titles(tdm_session *session, const layout *all)
{
    tdm_buf line = { 0 };
    for (int height = all->second_line ? 0 : 1; height < 2; height++) {
        for (size_t i = 0; i < all->count; i++) {
            const tdm_column *column = all->items[i].column;
            bool two = column->title[1][0] != '\0';
            const char *title = two ? column->title[height] : height == 1 ? column->title[0] : "";
            pad(&line, i == 0 ? 0 : all->gap);
            add_cell(&line, tdm_span_text(title), &all->items[i], false);
        }
        print_line(session, &line, true);
    }
    tdm_buf_free(&line);
}

static void print_rows(tdm_session *session, const tdm_page *page, const layout *all)
{
    tdm_buf line = { 0 };
    tdm_buf cell = { 0 };
    for (size_t r = 0; r < json_array_size(page->rows); r++) {
        for (size_t i = 0; i < all->count; i++) {
            bool number;
            tdm_buf_clear(&cell);
            safe_cell(&cell, json_array_get(page->rows, r), &all->items[i], &number);
            pad(&line, i == 0 ? 0 : all->gap);
            add_cell(&line, tdm_buf_span(&cell), &all->items[i], i + 1 == all->count);
        }
        print_line(session, &line, false);
    }
    tdm_buf_free(&line);
    tdm_buf_free(&cell);
}

void tdm_output_table(tdm_session *session, const tdm_page *page, const tdm_columns *columns)
{
    layout *all = make_layout(page, columns, session->out_is_terminal);
    if (all == NULL)
        return;
    size_t before = all->count;
    size_t left_out = session->out_is_terminal ? fit(all, session->width) : 0;
    if (!session->out_is_terminal)
        all->gap = GAP_WIDE;
    print_titles(session, all);
    print_rows(session, page, all);
    if (left_out > 0) {
        fflush(session->out);
        tdm_session_say(session, "%zu of %zu columns do not fit; choose with --fields, or widen the window",
                        left_out, before);
    }
    free(all);
}

/* ---- one object */

/* A table within a record shows the rows' own fields: what lies deeper stands in the JSON. */
static void drop_members(tdm_columns *columns)
{
    size_t kept = 0;
    for (size_t i = 0; i < columns->count; i++)
        if (strchr(columns->items[i].field, '.') == NULL)
            columns->items[kept++] = columns->items[i];
    columns->count = kept;
}

static void sub_table(tdm_session *session, const char *field, json_t *rows)
{
    tdm_page page = { .rows = rows };
    tdm_columns *columns = calloc(1, sizeof *columns);
    if (columns == NULL)
        return;
    tdm_columns_of_rows(columns, &page);
    drop_members(columns);
    fprintf(session->out, "\n%s%s%s\n", session->colored ? BOLD : "", field, session->colored ? PLAIN : "");
    tdm_output_table(session, &page, columns);
    free(columns);
}

static bool is_table(const json_t *value)
{
    return json_array_size(value) > 0 && json_is_object(json_array_get(value, 0));
}

static void print_member(tdm_session *session, const json_t *row, const tdm_column *column, size_t width)
{
    tdm_buf line = { 0 };
    plan item = { .column = column, .decimals = 1 };
    bool number;
    tdm_buf_text(&line, column->title[0]);
    pad(&line, width - text_width(column->title[0]) + GAP_WIDE);
    safe_cell(&line, row, &item, &number);
    print_line(session, &line, false);
    tdm_buf_free(&line);
}

/* Lists of plain values become a line, too. */
static void add_lists(tdm_columns *columns, const json_t *row)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)row, key,
                        value) if (json_is_array(value) && !is_table(value) && json_array_size(value) > 0)
        tdm_columns_add(columns, key);
}

void tdm_output_record(tdm_session *session, const tdm_page *page, const tdm_columns *asked)
{
    json_t *row = json_array_get(page->rows, 0);
    tdm_columns *columns = calloc(1, sizeof *columns);
    if (columns == NULL)
        return;
    if (asked != NULL)
        *columns = *asked;
    else
        tdm_columns_of_rows(columns, page);
    if (asked == NULL)
        add_lists(columns, row);
    size_t width = 0;
    for (size_t i = 0; i < columns->count; i++) {
        size_t one = text_width(columns->items[i].title[0]);
        width = one > width ? one : width;
    }
    for (size_t i = 0; i < columns->count; i++)
        print_member(session, row, &columns->items[i], width);
    free(columns);
    const char *key;
    json_t *value;
    json_object_foreach(row, key, value) if (asked == NULL && is_table(value)) sub_table(session, key, value);
}
