/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_graph.c: N1 to N4 and N7, of the ties between a period's organisations (docs/figures.md sections
 * 10 and 11).
 */
#include "measures_parts.h"

#include <stdio.h>
#include <string.h>

/* Two organisations, by their place among the roots, with a weight on the line asked for. */
typedef struct tie {
    size_t a, b;
    int64_t weight;
} tie;

/* All organisations of a period, and the ties of one line. */
typedef struct graph {
    oracle_roots roots;
    tie *ties;
    size_t tie_count;
    int64_t *degree; /* by root */
    int64_t *weighted;
    int64_t oversize; /* units of too many organisations */
} graph;

static bool is_cell_in(const tdm_oracle_cell *cell, int table, tdm_period period)
{
    return cell->table == table && cell->period.kind == period.kind && cell->period.number == period.number;
}

static oracle_code code_of(const char *text)
{
    oracle_code code = { "" };
    (void)snprintf(code.text, sizeof(code.text), "%.15s", text);
    return code;
}

static void add_root_on(const tdm_oracle *o, oracle_roots *roots, tdm_span code, tdm_date date)
{
    oracle_code root = oracle_root(o, code, date, NULL);
    oracle_roots_add(roots, &root);
}

oracle_roots oracle_registered(const tdm_oracle *o, tdm_period period)
{
    tdm_date last = oracle_period_last(period);
    tdm_date first = oracle_period_last((tdm_period){ period.kind, period.number - 1 }) + 1;
    const oracle_tally *tally = oracle_tally_of(o);
    oracle_roots roots = { NULL, 0 };
    for (size_t i = 0; i < o->organisation_count; i++) {
        if (oracle_is_countable(o, o->organisations[i].code, first))
            add_root_on(o, &roots, o->organisations[i].code, first);
        if (oracle_is_countable(o, o->organisations[i].code, last))
            add_root_on(o, &roots, o->organisations[i].code, last);
    }
    for (size_t i = 0; i < tally->cell_count; i++) {
        const tdm_oracle_cell *cell = &tally->cells[i];
        if (is_cell_in(cell, ORACLE_TABLE_LEVEL, period) && cell->n[0] > 0)
            add_root_on(o, &roots, tdm_span_text(cell->organisation), last);
        if (!is_cell_in(cell, TDM_TABLE_TIES, period) || cell->n[0] == 0)
            continue;
        oracle_code a = code_of(cell->a), b = code_of(cell->b);
        oracle_roots_add(&roots, &a);
        oracle_roots_add(&roots, &b);
    }
    return roots;
}

static size_t place_of(const oracle_roots *roots, const char *text)
{
    size_t at = 0;
    while (strcmp(roots->list[at].text, text) != 0)
        at++;
    return at;
}

static void add_tie(graph *g, size_t a, size_t b, int64_t weight)
{
    g->weighted[a] += weight;
    g->weighted[b] += weight;
    for (size_t i = 0; i < g->tie_count; i++) {
        if (g->ties[i].a != a || g->ties[i].b != b)
            continue;
        g->ties[i].weight += weight;
        return;
    }
    g->degree[a]++;
    g->degree[b]++;
    ORACLE_PUSH(g->ties, g->tie_count, ((tie){ a, b, weight }));
}

static graph graph_of(const tdm_oracle *o, tdm_period period)
{
    graph g = { .roots = oracle_registered(o, period) };
    g.degree = oracle_zeroed(g.roots.count, sizeof(*g.degree));
    g.weighted = oracle_zeroed(g.roots.count, sizeof(*g.weighted));
    return g;
}

static void add_cell(graph *g, const tdm_oracle_cell *cell, int line)
{
    g->oversize += cell->n[3];
    if (cell->n[line] > 0)
        add_tie(g, place_of(&g->roots, cell->a), place_of(&g->roots, cell->b), cell->n[line]);
}

static void graph_free(graph *g)
{
    free(g->roots.list);
    free(g->ties);
    free(g->degree);
    free(g->weighted);
}

/* ---- rows: a graph for each period with a tie */
typedef void describer(const tdm_oracle *o, const tdm_oracle_question *question, const graph *g,
                       const oracle_row *empty, oracle_rows *rows);

static void make(const tdm_oracle *o, const tdm_oracle_question *question, describer *describe,
                 oracle_rows *rows)
{
    const oracle_tally *tally = oracle_tally_of(o);
    tdm_period before = { TDM_PERIOD_YEAR, INT32_MIN };
    for (size_t i = 0; i < tally->cell_count; i++) {
        tdm_period period = tally->cells[i].period;
        graph g;
        bool wanted = tally->cells[i].table == TDM_TABLE_TIES && period.kind == question->period_kind
                      && period.number != before.number
                      && (!question->has_year || oracle_period_year(period) == question->year);
        if (!wanted)
            continue;
        before = period; /* cells are in order of period */
        oracle_row empty = { .period = period };
        g = graph_of(o, period);
        for (size_t k = i; k < tally->cell_count && is_cell_in(&tally->cells[k], TDM_TABLE_TIES, period); k++)
            add_cell(&g, &tally->cells[k], question->line);
        describe(o, question, &g, &empty, rows);
        graph_free(&g);
    }
}

/* ---- N1 by what a unit is: the ties of its units, among all organisations of the period */
typedef struct unit_tie {
    const tdm_oracle_cell *cell;
    tdm_span group;
} unit_tie;

static int by_place(const void *left, const void *right)
{
    const unit_tie *a = left, *b = right;
    int32_t x = a->cell->period.number, y = b->cell->period.number;
    return x != y ? (x > y) - (x < y) : tdm_span_compare(a->group, b->group);
}

static unit_tie *unit_ties_of(const tdm_oracle *o, const tdm_oracle_question *question, size_t *count)
{
    const oracle_tally *tally = oracle_tally_of(o);
    unit_tie *ties = NULL;
    *count = 0;
    for (size_t i = 0; i < tally->entry_count; i++) {
        const oracle_entry *entry = &tally->entries[i];
        unit_tie one = { &entry->cell, { NULL, 0 } };
        if (entry->cell.table == TDM_TABLE_TIES && entry->cell.period.kind == question->period_kind
            && (!question->has_year || oracle_period_year(entry->cell.period) == question->year)
            && oracle_unit_text(o, entry->class->principal, question->by, &one.group))
            ORACLE_PUSH(ties, *count, one);
    }
    if (*count > 0)
        qsort(ties, *count, sizeof(*ties), by_place);
    return ties;
}

static void make_by_unit(const tdm_oracle *o, const tdm_oracle_question *question, describer *describe,
                         oracle_rows *rows)
{
    size_t count;
    unit_tie *ties = unit_ties_of(o, question, &count);
    for (size_t i = 0, next; i < count; i = next) {
        oracle_row empty = { .period = ties[i].cell->period };
        graph g = graph_of(o, empty.period);
        (void)snprintf(empty.group, sizeof(empty.group), "%.*s", (int)ties[i].group.len,
                       (const char *)ties[i].group.data);
        for (next = i; next < count && by_place(&ties[i], &ties[next]) == 0; next++)
            add_cell(&g, ties[next].cell, question->line);
        describe(o, question, &g, &empty, rows);
        graph_free(&g);
    }
    free(ties);
}

static void describe_density(const tdm_oracle *o, const tdm_oracle_question *question, const graph *g,
                             const oracle_row *empty, oracle_rows *rows)
{
    oracle_row row = *empty;
    int64_t n = (int64_t)g->roots.count;
    (void)o;
    (void)question;
    oracle_count(&row, "organisations", n);
    oracle_count(&row, "ties", (int64_t)g->tie_count);
    oracle_ratio(&row, "density", 2 * (int64_t)g->tie_count, n * (n - 1));
    oracle_count(&row, "oversize", g->oversize);
    ORACLE_PUSH(rows->list, rows->count, row);
}

static int64_t highest(const int64_t *list, size_t count)
{
    int64_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = list[i] > most ? list[i] : most;
    return most;
}

static void describe_degree(const tdm_oracle *o, const tdm_oracle_question *question, const graph *g,
                            const oracle_row *empty, oracle_rows *rows)
{
    bool total = strcmp(question->by, "total") == 0;
    (void)o;
    for (size_t i = 0; i < (total ? 1 : g->roots.count); i++) {
        oracle_row row = *empty;
        if (!total)
            (void)snprintf(row.group, sizeof(row.group), "%s", g->roots.list[i].text);
        oracle_count(&row, "degree", total ? highest(g->degree, g->roots.count) : g->degree[i]);
        oracle_count(&row, "weighted", total ? highest(g->weighted, g->roots.count) : g->weighted[i]);
        ORACLE_PUSH(rows->list, rows->count, row);
    }
}

/* Each organisation takes the smallest place it can reach, until none changes. */
static int64_t components_of(const graph *g)
{
    size_t *place = oracle_zeroed(g->roots.count, sizeof(*place));
    int64_t components = 0;
    for (size_t i = 0; i < g->roots.count; i++)
        place[i] = i;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < g->tie_count; i++) {
            size_t *a = &place[g->ties[i].a], *b = &place[g->ties[i].b];
            changed = changed || *a != *b;
            *a = *b = *a < *b ? *a : *b;
        }
    }
    for (size_t i = 0; i < g->roots.count; i++)
        components += place[i] == i;
    free(place);
    return components;
}

static void describe_components(const tdm_oracle *o, const tdm_oracle_question *question, const graph *g,
                                const oracle_row *empty, oracle_rows *rows)
{
    oracle_row row = *empty;
    int64_t isolates = 0;
    (void)o;
    (void)question;
    for (size_t i = 0; i < g->roots.count; i++)
        isolates += g->degree[i] == 0;
    oracle_count(&row, "isolates", isolates);
    oracle_count(&row, "components", components_of(g));
    ORACLE_PUSH(rows->list, rows->count, row);
}

static void describe_centralisation(const tdm_oracle *o, const tdm_oracle_question *question, const graph *g,
                                    const oracle_row *empty, oracle_rows *rows)
{
    oracle_row row = *empty;
    int64_t n = (int64_t)g->roots.count, most = highest(g->degree, g->roots.count), below = 0;
    (void)o;
    (void)question;
    for (size_t i = 0; i < g->roots.count; i++)
        below += most - g->degree[i];
    oracle_count(&row, "highest_degree", most);
    oracle_ratio(&row, "centralisation", below, n < 3 ? 0 : (n - 1) * (n - 2));
    ORACLE_PUSH(rows->list, rows->count, row);
}

/* ---- sectors */
typedef struct sector_pair {
    char text[TDM_ORACLE_TEXT];
    int64_t ties;
    bool across;
} sector_pair;

static bool pair_of(const tdm_oracle *o, const graph *g, const tie *t, tdm_period period, sector_pair *out)
{
    tdm_date last = oracle_period_last(period);
    tdm_span a = oracle_sector(o, oracle_code_span(&g->roots.list[t->a]), last);
    tdm_span b = oracle_sector(o, oracle_code_span(&g->roots.list[t->b]), last);
    bool swap = tdm_span_compare(a, b) > 0;
    tdm_span first = swap ? b : a, second = swap ? a : b;
    out->ties = 1;
    (void)snprintf(out->text, sizeof(out->text), "%.*s - %.*s", (int)first.len, (const char *)first.data,
                   (int)second.len, (const char *)second.data);
    out->across = !tdm_span_equal(a, b);
    return out->across;
}

static void add_pair(sector_pair **pairs, size_t *count, const sector_pair *pair)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp((*pairs)[i].text, pair->text) != 0)
            continue;
        (*pairs)[i].ties++;
        return;
    }
    ORACLE_PUSH(*pairs, *count, *pair);
}

static void describe_sectors(const tdm_oracle *o, const tdm_oracle_question *question, const graph *g,
                             const oracle_row *empty, oracle_rows *rows)
{
    sector_pair *pairs = NULL;
    size_t count = 0;
    int64_t across = 0;
    for (size_t i = 0; i < g->tie_count; i++) {
        sector_pair pair;
        across += pair_of(o, g, &g->ties[i], empty->period, &pair);
        add_pair(&pairs, &count, &pair);
    }
    bool total = strcmp(question->by, "total") == 0;
    for (size_t i = 0; i < (total ? 1 : count); i++) {
        oracle_row row = *empty;
        if (!total)
            (void)snprintf(row.group, sizeof(row.group), "%s", pairs[i].text);
        int64_t ties = total ? (int64_t)g->tie_count : pairs[i].ties;
        oracle_share_of(&row, "cross_share", total ? across : pairs[i].across ? ties : 0, ties);
        oracle_count(&row, "ties", ties);
        ORACLE_PUSH(rows->list, rows->count, row);
    }
    free(pairs);
}

#define GRAPH_MEASURE(name, describe)                                                                        \
    void name(const tdm_oracle *o, const tdm_oracle_question *question, oracle_rows *rows)                   \
    {                                                                                                        \
        make(o, question, describe, rows);                                                                   \
    }
void oracle_n1(const tdm_oracle *o, const tdm_oracle_question *question, oracle_rows *rows)
{
    bool total = strcmp(question->by, "total") == 0;
    (total ? make : make_by_unit)(o, question, describe_density, rows);
}

GRAPH_MEASURE(oracle_n2, describe_degree)
GRAPH_MEASURE(oracle_n3, describe_components)
GRAPH_MEASURE(oracle_n4, describe_centralisation)
GRAPH_MEASURE(oracle_n7, describe_sectors)
