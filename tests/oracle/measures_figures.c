/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_figures.c: columns of a row, and sums over its cells.
 */
#include "measures_parts.h"

#include <string.h>

static void add(oracle_row *row, tdm_oracle_figure figure)
{
    TDM_ASSERT(row->count < TDM_ORACLE_FIGURES);
    row->figures[row->count++] = figure;
}

void oracle_count(oracle_row *row, const char *name, int64_t number)
{
    add(row, (tdm_oracle_figure){ name, TDM_SHAPE_COUNT, true, number, 0, NULL });
}

void oracle_hours(oracle_row *row, const char *name, int64_t hundredths)
{
    add(row, (tdm_oracle_figure){ name, TDM_SHAPE_HOURS, true, hundredths, 0, NULL });
}

void oracle_tenths(oracle_row *row, const char *name, bool defined, int64_t tenths)
{
    add(row, (tdm_oracle_figure){ name, TDM_SHAPE_SHARE, defined, defined ? tenths : 0, 0, NULL });
}

void oracle_real(oracle_row *row, const char *name, bool defined, double real)
{
    add(row, (tdm_oracle_figure){ name, TDM_SHAPE_REAL, defined, 0, defined ? real : 0, NULL });
}

void oracle_undefined(oracle_row *row, const char *name, tdm_shape shape)
{
    add(row, (tdm_oracle_figure){ name, shape, false, 0, 0, NULL });
}

int64_t oracle_share_tenths(int64_t num, int64_t den)
{
    return oracle_floor_div((__int128)2000 * num + den, (__int128)2 * den);
}

/* Of less than nothing there is no share either. */
void oracle_share_of(oracle_row *row, const char *name, int64_t num, int64_t den)
{
    oracle_tenths(row, name, den > 0, den > 0 ? oracle_share_tenths(num, den) : 0);
}

void oracle_ratio(oracle_row *row, const char *name, int64_t num, int64_t den)
{
    oracle_real(row, name, den > 0, den > 0 ? (double)num / (double)den : 0);
}

bool oracle_by_a(const oracle_view *view, const tdm_oracle_cell *cell, const char **group)
{
    (void)view;
    *group = cell->a;
    return true;
}

bool oracle_by_b(const oracle_view *view, const tdm_oracle_cell *cell, const char **group)
{
    (void)view;
    *group = cell->b;
    return true;
}

bool oracle_is_by(const oracle_view *view, const char *word)
{
    return strcmp(view->question->by, word) == 0;
}

static bool is_text(const char *text, const char *asked)
{
    return asked == NULL || strcmp(text, asked) == 0;
}

int64_t oracle_sum(const oracle_view *view, int table, const char *a, const char *b, int amount)
{
    int64_t sum = 0;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        if (cell->table == table && is_text(cell->a, a) && is_text(cell->b, b))
            sum += cell->n[amount];
    }
    return sum;
}

/* ---- medians */
typedef struct days {
    int64_t days;
    int64_t times;
} days;

static int by_days(const void *left, const void *right)
{
    const days *a = left, *b = right;
    return (a->days > b->days) - (a->days < b->days);
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

void oracle_median_days(const oracle_view *view, int table, const char *a, bool in_b, oracle_row *row)
{
    days *list = NULL;
    size_t count = 0;
    int64_t all = 0, before = 0;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        const char *text = in_b ? cell->b : cell->a;
        if (cell->table != table || !is_text(cell->a, a) || !is_number(text) || cell->n[0] <= 0)
            continue;
        ORACLE_PUSH(list, count, ((days){ strtoll(text, NULL, 10), cell->n[0] }));
        all += cell->n[0];
    }
    if (count == 0) {
        oracle_undefined(row, "median_days", TDM_SHAPE_COUNT);
        return;
    }
    qsort(list, count, sizeof(*list), by_days);
    size_t at = 0;
    while (before + list[at].times <= (all - 1) / 2)
        before += list[at++].times;
    oracle_count(row, "median_days", list[at].days);
    free(list);
}
