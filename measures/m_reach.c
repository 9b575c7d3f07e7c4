/* SPDX-License-Identifier: MPL-2.0
 *
 * m_reach.c: R1 to R6: who is reached, against who there is.
 */
#include "m_staff.h"

#include <stdlib.h>

#include "bytes.h"

/* ---- groups of a dimension: reached and staff ---- */

typedef struct groups {
    tdm_span *names; /* in order; without the unknown */
    tdm_reach *amounts;
    size_t count;
    int64_t reached;
    int64_t staff;
    int64_t unknown; /* reached */
} groups;

static int64_t reached_of(const tdm_formula *f, tdm_span dimension, tdm_span group)
{
    return tdm_formula_sum(f, TDM_TABLE_REACHED, 0, dimension, group);
}

/* Groups that either table knows of the dimension. */
static size_t list_names(const tdm_formula *f, tdm_span dimension, tdm_span *out)
{
    char indicator[TDM_TABLE_TEXT_MAX + 1];
    const struct {
        int table;
        tdm_span a;
    } from[] = { { TDM_TABLE_REACHED, dimension },
                 { TDM_TABLE_REFERENCE, tdm_staff_key(f, dimension, indicator) } };
    size_t all = 0;
    for (size_t t = 0; t < TDM_COUNT(from); t++) {
        size_t count;
        const tdm_table_row *rows = tdm_formula_table(f, from[t].table, &count);
        for (size_t i = 0; i < count; i++)
            if (tdm_span_equal(rows[i].a, from[t].a)
                && !tdm_span_equal(rows[i].b, TDM_SPAN_LITERAL("unknown")))
                out[all++] = rows[i].b;
    }
    return tdm_spans_distinct(out, all);
}

static groups read_groups(const tdm_formula *f)
{
    groups g = { 0 };
    tdm_span dimension = tdm_span_text(f->dimension);
    g.names = tdm_memory_new((f->count + 1) * sizeof *g.names);
    g.count = list_names(f, dimension, g.names);
    g.amounts = tdm_memory_new((g.count + 1) * sizeof *g.amounts);
    for (size_t i = 0; i < g.count; i++) {
        g.amounts[i].reached = reached_of(f, dimension, g.names[i]);
        g.amounts[i].population = tdm_staff(f, dimension, g.names[i]);
        g.reached = tdm_add_wrapping(g.reached, g.amounts[i].reached);
        g.staff = tdm_add_wrapping(g.staff, g.amounts[i].population);
    }
    g.unknown = reached_of(f, dimension, TDM_SPAN_LITERAL("unknown"));
    return g;
}

static void free_groups(groups *g)
{
    free(g->names);
    free(g->amounts);
}

/* Figures over groups are hidden where one of them is small. */
static void set_base(tdm_formula *f, const groups *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->amounts[i].population > 0)
            tdm_formula_base(f, g->amounts[i].population);
}

static const tdm_breakdown_row OVER_GROUPS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
    { "organisation", TDM_BREAK_ORGANISATION },
};

/* ---- R1 ---- */

/* The group with the lowest rate above 0; SIZE_MAX: there is none. */
static size_t find_lowest(const groups *g)
{
    size_t lowest = SIZE_MAX;
    for (size_t i = 0; i < g->count; i++) {
        const tdm_reach *at = &g->amounts[i];
        if (at->reached <= 0 || at->population <= 0)
            continue;
        const tdm_reach *best = lowest == SIZE_MAX ? NULL : &g->amounts[lowest];
        if (best == NULL
            || (__int128)at->reached * best->population < (__int128)best->reached * at->population)
            lowest = i;
    }
    return lowest;
}

static void write_rates(tdm_figure *out, const tdm_reach *at, const tdm_reach *against)
{
    tdm_rates rates = tdm_rates_compare(at->reached, at->population, against->reached, against->population);
    tdm_figure_real(&out[3], rates.ratio);
    tdm_figure_real(&out[4], rates.difference);
    tdm_figure_real(&out[5], rates.low);
    tdm_figure_real(&out[6], rates.high);
}

static void write_reach(tdm_formula *f, tdm_figure *out, int64_t reached, int64_t staff)
{
    tdm_figure_count(&out[0], reached);
    tdm_figure_count(&out[1], staff);
    tdm_figure_share(&out[2], reached, staff);
    tdm_formula_base(f, staff);
}

static void reach(tdm_formula *f)
{
    if (f->question->by->by != TDM_BREAK_OWN) {
        write_reach(f, tdm_formula_row(f, f->group),
                    reached_of(f, TDM_SPAN_LITERAL("total"), TDM_SPAN_LITERAL("")),
                    tdm_staff(f, TDM_SPAN_LITERAL(""), TDM_SPAN_LITERAL("")));
        return;
    }
    groups g = read_groups(f);
    size_t lowest = find_lowest(&g);
    for (size_t i = 0; i < g.count; i++) {
        tdm_figure *out = tdm_formula_row(f, g.names[i]);
        write_reach(f, out, g.amounts[i].reached, g.amounts[i].population);
        if (lowest != SIZE_MAX)
            write_rates(out, &g.amounts[i], &g.amounts[lowest]);
    }
    if (g.unknown > 0)
        tdm_figure_count(tdm_formula_row(f, TDM_SPAN_LITERAL("unknown")), g.unknown);
    free_groups(&g);
}

static const tdm_column_row REACH_COLUMNS[] = {
    { "reached", TDM_SHAPE_COUNT, 0, true, "distinct people, at each node", 0, 0 },
    { "staff", TDM_SHAPE_COUNT, 0, true, "in post (or in the indicator asked)", 0, 0 },
    { "rate", TDM_SHAPE_SHARE, 1, true, "reached per 100 staff", 1, 2 },
    { "ratio", TDM_SHAPE_REAL, 2, true, "against the group with the lowest rate above 0", 0, 0 },
    { "difference", TDM_SHAPE_REAL, 1, true, "per 100, against the same", 0, 0 },
    { "low", TDM_SHAPE_REAL, 2, true, "of the ratio, 95 %", 0, 0 },
    { "high", TDM_SHAPE_REAL, 2, true, "of the ratio, 95 %", 0, 0 },
};
static const tdm_breakdown_row REACH_BREAKDOWNS[] = {
    { "group", TDM_BREAK_OWN },
    { "total", TDM_BREAK_TOTAL },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
    { "organisation", TDM_BREAK_ORGANISATION },
};

const tdm_measure TDM_MEASURE_R1 = {
    .facts = { .id = "R1",
               .name = "reach",
               .title = "who is reached, and who is not",
               .text = "people reached / staff in post x 100, by the groups of the dimension asked; rate "
                       "ratio with its "
                       "interval exp(ln RR -+ 1.959964 x sqrt(1/a - 1/n + 1/c - 1/m)), and difference, "
                       "against the "
                       "group with the lowest rate above 0.",
               .class = "at the node",
               .version = 1,
               .people = true,
               .dimension = "staff_group",
               .indicator = "workforce",
               TDM_COLUMNS_OF(REACH_COLUMNS),
               TDM_BREAKDOWNS_OF(REACH_BREAKDOWNS) },
    .tables = { TDM_TABLE_REACHED, TDM_TABLE_REFERENCE },
    .whole = true,
    .things = { { TDM_TYPE_SUMMARY, tdm_tell_summary }, { TDM_TYPE_REFERENCE_COUNT, tdm_tell_reference } },
    .formula = reach,
};

/* ---- R2 ---- */

static void slope(tdm_formula *f)
{
    groups g = read_groups(f);
    tdm_slope s = tdm_slope_of(g.amounts, g.count);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_real(&out[0], s.sii);
    tdm_figure_real(&out[1], s.intercept);
    tdm_figure_real(&out[2], s.rii);
    tdm_figure_real(&out[3], s.relative);
    set_base(f, &g);
    free_groups(&g);
}

static const tdm_column_row SLOPE_COLUMNS[] = {
    { "sii", TDM_SHAPE_REAL, 4, true, "slope index of inequality", 0, 0 },
    { "intercept", TDM_SHAPE_REAL, 4, true, "rate at rank 0", 0, 0 },
    { "rii", TDM_SHAPE_REAL, 4, true, "relative index: (intercept + slope) / intercept", 0, 0 },
    { "slope_over_mean", TDM_SHAPE_REAL, 4, true, "slope / mean rate", 0, 0 },
};

const tdm_measure TDM_MEASURE_R2 = {
    .facts = { .id = "R2",
               .name = "slope_index",
               .title = "whether reach follows an order of groups",
               .text =
                   "weighted least squares of the rate on the rank (midpoint of the cumulative population "
                   "share) "
                   "over the groups in the order of their text, such as deprivation bands; unknown left out.",
               .class = "at the node",
               .version = 1,
               .people = true,
               .dimension = "locality",
               .indicator = "workforce",
               TDM_COLUMNS_OF(SLOPE_COLUMNS),
               TDM_BREAKDOWNS_OF(OVER_GROUPS) },
    .tables = { TDM_TABLE_REACHED, TDM_TABLE_REFERENCE },
    .formula = slope,
};

/* ---- R3, R4 ---- */

static void theil(tdm_formula *f)
{
    groups g = read_groups(f);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_real(&out[0], tdm_theil_of(g.amounts, NULL, g.count).total);
    set_base(f, &g);
    free_groups(&g);
}

static const tdm_column_row THEIL_COLUMNS[] = {
    { "theil", TDM_SHAPE_REAL, 4, true, "0 all groups alike", 0, 0 },
};

const tdm_measure TDM_MEASURE_R3 = {
    .facts = { .id = "R3",
               .name = "theil",
               .title = "how unequally groups are reached",
               .text = "sum of s ln(s / p), s a group's share of those reached, p its share of the staff; "
                       "unknown left "
                       "out.",
               .class = "at the node",
               .version = 1,
               .people = true,
               .dimension = "locality",
               .indicator = "workforce",
               TDM_COLUMNS_OF(THEIL_COLUMNS),
               TDM_BREAKDOWNS_OF(OVER_GROUPS) },
    .tables = { TDM_TABLE_REACHED, TDM_TABLE_REFERENCE },
    .formula = theil,
};

static void gini(tdm_formula *f)
{
    groups g = read_groups(f);
    size_t *order = tdm_memory_new((g.count + 1) * sizeof *order);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_real(&out[0], tdm_gini(g.amounts, g.count, order));
    set_base(f, &g);
    free(order);
    free_groups(&g);
}

static const tdm_column_row GINI_COLUMNS[] = {
    { "gini", TDM_SHAPE_REAL, 4, true, "0 all groups alike", 0, 0 },
};

const tdm_measure TDM_MEASURE_R4 = {
    .facts = { .id = "R4",
               .name = "gini",
               .title = "how unequally groups are reached, by rank",
               .text = "1 - sum p (S + S before) over groups sorted by rate, S the cumulative share of those "
                       "reached; "
                       "unknown left out.",
               .class = "at the node",
               .version = 1,
               .people = true,
               .dimension = "locality",
               .indicator = "workforce",
               TDM_COLUMNS_OF(GINI_COLUMNS),
               TDM_BREAKDOWNS_OF(OVER_GROUPS) },
    .tables = { TDM_TABLE_REACHED, TDM_TABLE_REFERENCE },
    .formula = gini,
};

/* ---- R5 ---- */

static void likelihood(tdm_formula *f)
{
    tdm_span dimension = tdm_span_text(f->dimension);
    tdm_span top = tdm_span_text(f->question->top != NULL ? f->question->top : "white");
    tdm_span bottom = tdm_span_text(f->question->bottom != NULL ? f->question->bottom : "bme");
    const int64_t a = reached_of(f, dimension, top);
    const int64_t n = tdm_staff(f, dimension, top);
    const int64_t c = reached_of(f, dimension, bottom);
    const int64_t m = tdm_staff(f, dimension, bottom);
    tdm_likelihood l = tdm_relative_likelihood(a, n, c, m);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], a);
    tdm_figure_count(&out[1], n);
    tdm_figure_count(&out[2], c);
    tdm_figure_count(&out[3], m);
    tdm_figure_real(&out[4], l.ratio);
    out[5].defined = l.ratio.defined;
    out[5].word = tdm_band_word(l.band);
    tdm_figure_count(&out[6], reached_of(f, dimension, TDM_SPAN_LITERAL("unknown")));
    tdm_formula_base(f, n);
    tdm_formula_base(f, m);
}

static const tdm_column_row LIKELIHOOD_COLUMNS[] = {
    { "top_reached", TDM_SHAPE_COUNT, 0, true, "of the group on top (white)", 0, 0 },
    { "top_staff", TDM_SHAPE_COUNT, 0, true, "of the group on top", 0, 0 },
    { "bottom_reached", TDM_SHAPE_COUNT, 0, true, "of the group below (bme)", 0, 0 },
    { "bottom_staff", TDM_SHAPE_COUNT, 0, true, "of the group below", 0, 0 },
    { "likelihood", TDM_SHAPE_REAL, 2, true, "rate on top / rate below", 0, 0 },
    { "band", TDM_SHAPE_WORD, 0, true, "0.80 to 1.25 is broadly proportionate", 0, 0 },
    { "unknown", TDM_SHAPE_COUNT, 0, true, "reached whose group is not known: on neither side", 0, 0 },
};

const tdm_measure TDM_MEASURE_R5 = {
    .facts = { .id = "R5",
               .name = "likelihood",
               .title = "whether one group has more access than another",
               .text = "(reached / staff of the group on top) / (reached / staff of the group below), as in "
                       "the race "
                       "equality standard; --top and --bottom choose the groups of the dimension.",
               .class = "at the node",
               .version = 1,
               .people = true,
               .dimension = "ethnicity",
               .indicator = "workforce",
               TDM_COLUMNS_OF(LIKELIHOOD_COLUMNS),
               TDM_BREAKDOWNS_OF(OVER_GROUPS) },
    .tables = { TDM_TABLE_REACHED, TDM_TABLE_REFERENCE },
    .formula = likelihood,
};

/* ---- R6 ---- */

static void representation(tdm_formula *f)
{
    groups g = read_groups(f);
    for (size_t i = 0; i < g.count; i++) {
        tdm_figure *out = tdm_formula_row(f, g.names[i]);
        tdm_figure_count(&out[0], g.amounts[i].reached);
        tdm_figure_share(&out[1], g.amounts[i].reached, g.reached);
        tdm_figure_share(&out[2], g.amounts[i].population, g.staff);
        tdm_figure_real(&out[3],
                        tdm_mirror(g.amounts[i].reached, g.reached, g.amounts[i].population, g.staff));
        tdm_figure_share(&out[4], g.unknown, tdm_add_wrapping(g.unknown, g.reached));
        tdm_formula_base(f, g.amounts[i].population);
    }
    free_groups(&g);
}

static const tdm_column_row REPRESENTATION_COLUMNS[] = {
    { "reached", TDM_SHAPE_COUNT, 0, true, "participants of the group", 0, 0 },
    { "share", TDM_SHAPE_SHARE, 1, true, "of all participants whose group is known", 0, 0 },
    { "reference_share", TDM_SHAPE_SHARE, 1, true, "of the reference", 0, 0 },
    { "ratio", TDM_SHAPE_REAL, 2, true, "share / reference share: 1 mirrors it", 0, 0 },
    { "unknown", TDM_SHAPE_SHARE, 1, true, "participants whose group is not known", 0, 0 },
};
static const tdm_breakdown_row REPRESENTATION_BREAKDOWNS[] = { { "group", TDM_BREAK_OWN } };

const tdm_measure TDM_MEASURE_R6 = {
    .facts = { .id = "R6",
               .name = "representation",
               .title = "whether participants mirror those they come from, or serve",
               .text = "share among participants / share in the reference: --indicator workforce, leaders or "
                       "population.",
               .class = "at the node",
               .version = 1,
               .people = true,
               .dimension = "ethnicity",
               .indicator = "workforce",
               TDM_COLUMNS_OF(REPRESENTATION_COLUMNS),
               TDM_BREAKDOWNS_OF(REPRESENTATION_BREAKDOWNS) },
    .tables = { TDM_TABLE_REACHED, TDM_TABLE_REFERENCE },
    .formula = representation,
};
