/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_guard.c: nothing hidden in a table of people can be worked out from what is shown.
 *
 * A table that adds up is a circulation: rows and columns are the nodes, each figure is an edge between its
 * row and its column. A cell carries its count from the row to the column; a total of a row carries it back
 * from the column of totals to the row, a total of a column from the column to the row of totals, and the
 * grand total from the row of totals to the column of totals. Then every line says: what comes in goes out.
 * What a reader does not know of a figure is the range in which its edge may move, and a figure can have
 * another value exactly if one more (or one fewer) on its edge can be led around a cycle of edges that can
 * move.
 */
#include "tandem/suppress.h"

#include <stdlib.h>

#include "bytes.h"

typedef struct guard {
    const tdm_people_rule *rule;
    const tdm_people_table *table;
    size_t width;
    size_t height;
    bool *reached; /* nodes: rows, then columns */
    size_t *queue;
    size_t hidden;
} guard;

typedef struct place {
    size_t row;
    size_t column;
} place;

/* The figure to hide next: the first of the least. */
typedef struct choice {
    bool found;
    place at;
    int rank;
    int64_t count;
} choice;

/* RANK_CELL etc.: what is given up first. */
enum { RANK_CELL, RANK_TOTAL, RANK_BLUR_TOTAL, RANK_BLUR_CELL };

static size_t index_of(const guard *g, place at)
{
    return at.row * g->width + at.column;
}

static tdm_shown *shown_at(const guard *g, place at)
{
    return &g->table->shown[index_of(g, at)];
}

static int64_t count_at(const guard *g, place at)
{
    return g->table->counts[index_of(g, at)];
}

static bool is_total(const guard *g, place at)
{
    return at.row == g->table->rows || at.column == g->table->columns;
}

static bool is_cell_shown(const tdm_shown *shown)
{
    return shown->kind == TDM_SHOWN_NUMBER && shown->number != 0;
}

/* Does the edge lead from its row to its column? */
static bool leads_to_column(const guard *g, place at)
{
    return (at.row == g->table->rows) == (at.column == g->table->columns);
}

/* May the figure, for all a reader knows, be one more (or one fewer)? */
static bool can_move(const guard *g, place at, bool up)
{
    const tdm_shown *shown = shown_at(g, at);
    int64_t low, high;
    if (shown->kind == TDM_SHOWN_NONE)
        return true;
    tdm_shown_range(g->rule, shown, &low, &high);
    return up ? count_at(g, at) < high : count_at(g, at) > low;
}

/* Can one more be led from the row (or from the column) over the edge? */
static bool can_lead(const guard *g, place at, bool from_row)
{
    return can_move(g, at, from_row == leads_to_column(g, at));
}

static void reach(guard *g, size_t node, size_t *length)
{
    if (g->reached[node])
        return;
    g->reached[node] = true;
    g->queue[(*length)++] = node;
}

/* All nodes to which one more can be led on from `start` without using the edge `except`. */
static void spread(guard *g, size_t start, size_t goal, place except)
{
    size_t length = 0;
    for (size_t node = 0; node < g->height + g->width; node++)
        g->reached[node] = false;
    reach(g, start, &length);
    for (size_t next = 0; next < length && !g->reached[goal]; next++) {
        bool from_row = g->queue[next] < g->height;
        for (size_t i = 0; i < (from_row ? g->width : g->height); i++) {
            place at = from_row ? (place){ g->queue[next], i } : (place){ i, g->queue[next] - g->height };
            if ((at.row != except.row || at.column != except.column) && can_lead(g, at, from_row))
                reach(g, from_row ? g->height + i : i, &length);
        }
    }
}

/* Back by three edges, as nearly always: seen long before all that can be reached is. */
static bool has_square(const guard *g, place at, bool to_column)
{
    for (size_t column = 0; column < g->width; column++) {
        if (column == at.column || !can_lead(g, (place){ at.row, column }, !to_column))
            continue;
        for (size_t row = 0; row < g->height; row++)
            if (row != at.row && can_lead(g, (place){ row, at.column }, !to_column)
                && can_lead(g, (place){ row, column }, to_column))
                return true;
    }
    return false;
}

/* Can the figure be one more (one fewer) if others give way? If not, leaves behind what is reached. */
static bool has_another(guard *g, place at, bool up)
{
    if (!can_move(g, at, up))
        return false;
    bool to_column = up == leads_to_column(g, at);
    if (has_square(g, at, to_column))
        return true;
    size_t row = at.row;
    size_t column = g->height + at.column;
    size_t start = to_column ? column : row;
    size_t goal = to_column ? row : column;
    spread(g, start, goal, at);
    return g->reached[goal];
}

static void consider(choice *best, place at, int rank, int64_t count)
{
    if (best->found && (rank > best->rank || (rank == best->rank && count >= best->count)))
        return;
    *best = (choice){ true, at, rank, count };
}

/* Would the figure let one more out of what is reached, if it were hidden or blurred? */
static void consider_crossing(const guard *g, place at, choice *best)
{
    bool from_row = g->reached[at.row];
    const tdm_shown *shown = shown_at(g, at);
    if (from_row == g->reached[g->height + at.column])
        return;
    bool up = from_row == leads_to_column(g, at);
    int64_t count = count_at(g, at);
    if (is_cell_shown(shown) && (up || count > g->rule->low + 1))
        consider(best, at, is_total(g, at) ? RANK_TOTAL : RANK_CELL, count);
    else if (up && shown->why == TDM_HIDDEN_SMALL)
        consider(best, at, is_total(g, at) ? RANK_BLUR_TOTAL : RANK_BLUR_CELL, count);
}

static void consider_all(const guard *g, place except, choice *best)
{
    for (size_t row = 0; row < g->height; row++)
        for (size_t column = 0; column < g->width; column++)
            if (row != except.row || column != except.column)
                consider_crossing(g, (place){ row, column }, best);
}

static void hide(guard *g, place at)
{
    tdm_shown *shown = shown_at(g, at);
    bool was_small = shown->why == TDM_HIDDEN_SMALL;
    *shown = (tdm_shown){ TDM_SHOWN_STAR, was_small ? TDM_HIDDEN_BLURRED : TDM_HIDDEN_DERIVABLE, 0 };
    g->hidden++;
}

/* Row `number`, or column `number - height`: its figures are places 0..length-1, the last being its total. */
static place in_line(const guard *g, size_t number, size_t i)
{
    return number < g->height ? (place){ number, i } : (place){ i, number - g->height };
}

/* Is exactly one figure of the line unknown, and must it stay so? */
static bool has_a_lonely_one(const guard *g, size_t number, size_t length)
{
    size_t unknown = 0;
    const tdm_shown *lonely = NULL;
    for (size_t i = 0; i < length; i++) {
        const tdm_shown *shown = shown_at(g, in_line(g, number, i));
        if (shown->kind == TDM_SHOWN_NUMBER)
            continue;
        unknown++;
        lonely = shown;
    }
    return unknown == 1 && lonely->kind != TDM_SHOWN_NONE
           && (g->rule->step == 1 || lonely->why == TDM_HIDDEN_DIFFERENCE);
}

static bool join_the_lonely(guard *g, size_t number)
{
    size_t length = number < g->height ? g->width : g->height;
    choice best = { .found = false };
    if (!has_a_lonely_one(g, number, length))
        return false;
    for (size_t i = 0; i < length; i++) {
        place at = in_line(g, number, i);
        if (is_cell_shown(shown_at(g, at)))
            consider(&best, at, i + 1 == length ? RANK_TOTAL : RANK_CELL, count_at(g, at));
    }
    if (best.found)
        hide(g, best.at);
    return best.found;
}

/* Until no line has exactly one hidden figure. */
static void join_all_lonely(guard *g)
{
    for (bool again = true; again;) {
        again = false;
        for (size_t number = 0; number < g->height + g->width; number++)
            again = join_the_lonely(g, number) || again;
    }
}

/*
 * Hide one more if the figure has one possible value only; false if it has several, or nothing helps.
 *
 * Something always helps where the table adds up. If one more cannot be led on, then what the figure brings
 * in leaves again by an edge that cannot be more: it is shown, and can be hidden, or it is the largest small
 * one and can be blurred. So can the figure itself, if it is that.
 */
static bool loosen(guard *g, place at)
{
    choice best = { .found = false };
    if (has_another(g, at, true))
        return false;
    bool can_rise = can_move(g, at, true);
    if (can_rise)
        consider_all(g, at, &best);
    if (has_another(g, at, false))
        return false;
    if (can_move(g, at, false))
        consider_all(g, at, &best);
    if (!can_rise)
        consider(&best, at, RANK_BLUR_CELL, count_at(g, at));
    if (best.found)
        hide(g, best.at);
    return best.found;
}

static bool loosen_all(guard *g)
{
    size_t before = g->hidden;
    for (size_t row = 0; row < g->height; row++)
        for (size_t column = 0; column < g->width; column++)
            while (tdm_shown_is_hidden(shown_at(g, (place){ row, column }))
                   && loosen(g, (place){ row, column }))
                join_all_lonely(g);
    return g->hidden > before;
}

size_t tdm_people_table_guard(const tdm_people_rule *rule, const tdm_people_table *table)
{
    guard g = { .rule = rule, .table = table, .width = table->columns + 1, .height = table->rows + 1 };
    if (rule->low == 0)
        return 0;
    g.reached = tdm_memory_new((g.width + g.height) * sizeof *g.reached);
    g.queue = tdm_memory_new((g.width + g.height) * sizeof *g.queue);
    do
        join_all_lonely(&g);
    while (loosen_all(&g));
    free(g.reached);
    free(g.queue);
    return g.hidden;
}
