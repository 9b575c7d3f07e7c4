/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_share.c: C9, C10, N5, N6 and N8: who gave how much, how mixed, and to whom (docs/figures.md
 * section 11).
 */
#include "measures_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- C9: fair share */
void oracle_c9(const oracle_view *view, oracle_row *row)
{
    int64_t hours = oracle_sum(view, ORACLE_TABLE_LEVEL, NULL, NULL, 0);
    int64_t partner = oracle_sum(view, TDM_TABLE_CONTRIBUTED, NULL, "partner", 0);
    int64_t supplier = oracle_sum(view, TDM_TABLE_CONTRIBUTED, NULL, "supplier", 0);
    int64_t internal = hours - partner - supplier;
    oracle_hours(row, "partner_hours", partner);
    oracle_hours(row, "supplier_hours", supplier);
    oracle_hours(row, "internal_hours", internal);
    oracle_share_of(row, "external_share", partner, hours);
    oracle_ratio(row, "ei_index", partner - (internal + supplier), hours);
}

/* ---- C10: Wilson's interval */
static int64_t rounded_tenths(double share)
{
    return (int64_t)floor(1000 * share + 0.5);
}

void oracle_c10(const oracle_view *view, oracle_row *row)
{
    const double z = 1.959964;
    int64_t answers = oracle_sum(view, TDM_TABLE_TEAM_ANSWERS, NULL, NULL, 0)
                      - oracle_sum(view, TDM_TABLE_TEAM_ANSWERS, NULL, "unanswered", 0);
    int64_t real = oracle_sum(view, TDM_TABLE_TEAM_ANSWERS, NULL, "real", 0);
    bool defined = answers > 0;
    double n = defined ? (double)answers : 1, p = (double)real / n, below = 1 + z * z / n;
    double centre = (p + z * z / (2 * n)) / below;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / below;
    oracle_count(row, "answers", answers);
    oracle_share_of(row, "share", real, answers);
    oracle_tenths(row, "low", defined, rounded_tenths(centre - half));
    oracle_tenths(row, "high", defined, rounded_tenths(centre + half));
}

/* ---- amounts by name, in order of name */
typedef struct heap {
    const char *name;
    int64_t amount;
} heap;

static void add_heap(heap **heaps, size_t *count, const char *name, int64_t amount)
{
    size_t at = 0;
    while (at < *count && strcmp((*heaps)[at].name, name) < 0)
        at++;
    if (at < *count && strcmp((*heaps)[at].name, name) == 0) {
        (*heaps)[at].amount += amount;
        return;
    }
    ORACLE_PUSH(*heaps, *count, ((heap){ name, amount }));
    for (size_t i = *count - 1; i > at; i--)
        (*heaps)[i] = (*heaps)[i - 1];
    (*heaps)[at] = (heap){ name, amount };
}

static int64_t sum_of(const heap *heaps, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += heaps[i].amount;
    return sum;
}

static double sum_of_squared_shares(const heap *heaps, size_t count)
{
    double all = (double)sum_of(heaps, count), sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += ((double)heaps[i].amount / all) * ((double)heaps[i].amount / all);
    return sum;
}

static double shannon_of(const heap *heaps, size_t count)
{
    double all = (double)sum_of(heaps, count), sum = 0;
    for (size_t i = 0; i < count; i++)
        sum -= (double)heaps[i].amount / all * log((double)heaps[i].amount / all);
    return sum;
}

/* ---- N5: concentration of the partners' hours. Cells are not zero, so every heap has hours */
void oracle_n5(const oracle_view *view, oracle_row *row)
{
    heap *heaps = NULL;
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++)
        if (strcmp(view->items[i].cell->b, "partner") == 0)
            add_heap(&heaps, &count, view->items[i].cell->a, view->items[i].cell->n[0]);
    bool defined = count > 0, several = count > 1;
    double n = (double)count, hhi = defined ? sum_of_squared_shares(heaps, count) : 1;
    double shannon = shannon_of(heaps, count);
    oracle_hours(row, "hours", sum_of(heaps, count));
    oracle_count(row, "partners", (int64_t)count);
    oracle_real(row, "hhi", defined, hhi);
    oracle_real(row, "effective", defined, 1 / hhi);
    oracle_real(row, "normalised", several, several ? (hhi - 1 / n) / (1 - 1 / n) : 0);
    oracle_real(row, "shannon", defined, shannon);
    oracle_real(row, "evenness", several, several ? shannon / log(n) : 0);
    free(heaps);
}

/* ---- N6: mixing */
void oracle_n6(const oracle_view *view, oracle_row *row)
{
    const char *dimension = view->question->dimension;
    heap *heaps = NULL;
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        if (strcmp(cell->a, dimension) == 0 && cell->b[0] != '\0' && cell->n[0] > 0)
            add_heap(&heaps, &count, cell->b, cell->n[0]);
    }
    bool defined = count > 0, several = count > 1;
    double blau = defined ? 1 - sum_of_squared_shares(heaps, count) : 0;
    int64_t units = oracle_sum(view, TDM_TABLE_MIX, dimension, "", 1);
    int64_t mixed = oracle_sum(view, TDM_TABLE_MIX, dimension, "", 2);
    if (units == 0) { /* no unit says it of this dimension */
        free(heaps);
        return;
    }
    oracle_count(row, "people", sum_of(heaps, count));
    oracle_real(row, "blau", defined, blau);
    oracle_real(row, "normalised", several, several ? blau / (1 - 1 / (double)count) : 0);
    oracle_count(row, "units", units);
    oracle_count(row, "mixed", mixed);
    oracle_share_of(row, "mixed_share", mixed, units);
    free(heaps);
}

/* ---- N8: exchange */
typedef struct flow {
    const tdm_oracle_cell *cell; /* giver a, taker b */
} flow;

static bool gives(const flow *flows, size_t count, const char *giver, const char *taker)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(flows[i].cell->a, giver) == 0 && strcmp(flows[i].cell->b, taker) == 0)
            return true;
    return false;
}

/* NULL: of all givers. */
static void describe_balance(const flow *flows, size_t count, const char *giver, oracle_row *row)
{
    int64_t taken_up = 0, met = 0;
    for (size_t i = 0; i < count; i++) {
        bool counts = giver == NULL || strcmp(flows[i].cell->a, giver) == 0;
        taken_up += counts ? flows[i].cell->n[1] : 0;
        met += counts ? flows[i].cell->n[2] : 0;
    }
    oracle_count(row, "taken_up", taken_up);
    oracle_count(row, "met", met);
    oracle_ratio(row, "balance", taken_up - met, taken_up + met);
}

/* A pair is counted where its first cell is. */
static void describe_pairs(const flow *flows, size_t count, oracle_row *row)
{
    int64_t pairs = 0, both_ways = 0;
    for (size_t i = 0; i < count; i++) {
        const char *a = flows[i].cell->a, *b = flows[i].cell->b;
        if (gives(flows, i, a, b) || gives(flows, i, b, a))
            continue;
        pairs++;
        both_ways += gives(flows, count, b, a);
    }
    oracle_count(row, "pairs", pairs);
    oracle_count(row, "both_ways", both_ways);
    oracle_share_of(row, "reciprocity", both_ways, pairs);
}

static void describe_sides(const flow *flows, size_t count, tdm_period period, oracle_rows *rows)
{
    oracle_roots sides = { NULL, 0 };
    for (size_t i = 0; i < 2 * count; i++) {
        oracle_code side = { "" };
        (void)snprintf(side.text, sizeof(side.text), "%.15s",
                       i % 2 == 0 ? flows[i / 2].cell->a : flows[i / 2].cell->b);
        oracle_roots_add(&sides, &side);
    }
    for (size_t i = 0; i < sides.count; i++) {
        oracle_row row = { .period = period };
        (void)snprintf(row.group, sizeof(row.group), "%s", sides.list[i].text);
        describe_balance(flows, count, sides.list[i].text, &row);
        oracle_undefined(&row, "pairs", TDM_SHAPE_COUNT);
        oracle_undefined(&row, "both_ways", TDM_SHAPE_COUNT);
        oracle_undefined(&row, "reciprocity", TDM_SHAPE_SHARE);
        ORACLE_PUSH(rows->list, rows->count, row);
    }
    free(sides.list);
}

void oracle_n8(const tdm_oracle *o, const tdm_oracle_question *question, oracle_rows *rows)
{
    const oracle_tally *tally = oracle_tally_of(o);
    for (size_t i = 0, next; i < tally->cell_count; i = next) {
        const tdm_oracle_cell *cell = &tally->cells[i];
        flow *flows = NULL;
        size_t count = 0;
        next = i + 1;
        if (cell->table != TDM_TABLE_EXCHANGE || cell->period.kind != question->period_kind
            || (question->has_year && oracle_period_year(cell->period) != question->year))
            continue;
        for (next = i; next < tally->cell_count && tally->cells[next].table == cell->table
                       && tally->cells[next].period.kind == cell->period.kind
                       && tally->cells[next].period.number == cell->period.number;
             next++)
            ORACLE_PUSH(flows, count, ((flow){ &tally->cells[next] }));
        if (strcmp(question->by, "total") == 0) {
            oracle_row row = { .period = cell->period };
            describe_balance(flows, count, NULL, &row);
            describe_pairs(flows, count, &row);
            ORACLE_PUSH(rows->list, rows->count, row);
        } else
            describe_sides(flows, count, cell->period, rows);
        free(flows);
    }
}
