/* SPDX-License-Identifier: MPL-2.0
 *
 * m_network.c: N1 to N4 and N7: organisations tied by the units they do together.
 */
#include "measure_inner.h"

#include <stdlib.h>

#include "bytes.h"

enum { ORGANISATIONS_MAX = 50, STANDING = 2, CORROBORATED = 3 };

/* ---- what a unit adds ---- */

typedef struct member {
    tdm_org_code root;
    int status; /* best of its claim; of the lead: corroborated */
} member;

static int compare_members(const void *a, const void *b)
{
    return tdm_org_code_compare(&((const member *)a)->root, &((const member *)b)->root);
}

/* The lead's root and the partners of the claims in view->merged; sorted. */
static size_t list_members(tdm_unit_view *view, tdm_date day, member *out)
{
    size_t count = 0;
    out[count++] = (member){ tdm_registry_root(view->registry, &view->lead, day).root, CORROBORATED };
    tdm_links_sort(&view->merged);
    for (size_t at = 0; at < view->merged.count;) {
        tdm_link claim;
        at = tdm_links_claim(&view->merged, at, &claim);
        if (tdm_org_code_equal(&claim.root, &out[0].root))
            continue; /* the partner of another day has become the lead's */
        if (count <= ORGANISATIONS_MAX)
            out[count] = (member){ claim.root, claim.status };
        count++;
    }
    if (count <= ORGANISATIONS_MAX)
        qsort(out, count, sizeof *out, compare_members);
    return count;
}

static void tie(tdm_unit_view *view, const tdm_unit_period *at, tdm_tally *tally)
{
    member members[ORGANISATIONS_MAX + 1];
    size_t count = list_members(view, at->last, members);
    tdm_span lead = tdm_org_code_span(&view->lead);
    if (count > ORGANISATIONS_MAX) {
        tdm_tally_at(tally, TDM_TABLE_TIES, at->period, lead, TDM_ANY, TDM_ANY)[3] = 1;
        return;
    }
    for (size_t x = 0; x < count; x++)
        for (size_t y = x + 1; y < count; y++) {
            int status = members[x].status < members[y].status ? members[x].status : members[y].status;
            int64_t *n =
                tdm_tally_at(tally, TDM_TABLE_TIES, at->period, lead, tdm_org_code_span(&members[x].root),
                             tdm_org_code_span(&members[y].root));
            n[TDM_LINE_ASSERTED] = 1;
            n[TDM_LINE_STANDING] = status >= STANDING;
            n[TDM_LINE_CORROBORATED] = status >= CORROBORATED;
        }
}

static void tell_ties(tdm_unit_view *view, tdm_tally *tally)
{
    tdm_unit_period at;
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH && !view->single; kind++)
        for (size_t session = 0; tdm_unit_view_period(view, (tdm_period_kind)kind, &session, &at);)
            if (view->merged.count > 0)
                tie(view, &at, tally);
}

/* ---- the graph of a formula's rows ---- */

typedef struct graph {
    const tdm_org_code *codes; /* registered, in order */
    size_t count;
    tdm_tie *ties;
    size_t tie_count;
    int64_t oversize;
    tdm_network_node *nodes;
    tdm_network network;
} graph;

static size_t index_of(const graph *g, tdm_span text)
{
    tdm_org_code code = tdm_org_code_of(text);
    size_t low = 0;
    size_t high = g->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tdm_org_code_compare(&g->codes[middle], &code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    TDM_ASSERT(low < g->count && tdm_org_code_equal(&g->codes[low], &code));
    return low;
}

static void make_graph(const tdm_formula *f, graph *g)
{
    size_t count;
    const tdm_table_row *rows = tdm_formula_table(f, TDM_TABLE_TIES, &count);
    *g = (graph){ .codes = f->registered, .count = f->registered_count };
    g->ties = tdm_memory_new((count + 1) * sizeof *g->ties);
    for (size_t i = 0; i < count; i++) {
        g->oversize += rows[i].n[3];
        if (rows[i].n[f->question->line] > 0)
            g->ties[g->tie_count++] =
                (tdm_tie){ index_of(g, rows[i].a), index_of(g, rows[i].b), rows[i].n[f->question->line] };
    }
    g->nodes = tdm_memory_new((g->count + 1) * sizeof *g->nodes);
    g->network = tdm_network_of(g->count, g->ties, g->tie_count, g->nodes);
    g->tie_count = (size_t)g->network.ties; /* it has merged them */
}

static void free_graph(graph *g)
{
    free(g->ties);
    free(g->nodes);
}

static const tdm_breakdown_row TOTAL_ONLY[] = { { "total", TDM_BREAK_TOTAL } };
static const tdm_breakdown_row UNIT_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL }, { "programme", TDM_BREAK_PROGRAMME }, { "kind", TDM_BREAK_KIND },
    { "lead", TDM_BREAK_LEAD },   { "locality", TDM_BREAK_LOCALITY },   { "core_programme", TDM_BREAK_CORE },
};

/* ---- N1 ---- */

static void density(tdm_formula *f)
{
    graph g;
    make_graph(f, &g);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], g.network.nodes);
    tdm_figure_count(&out[1], g.network.ties);
    tdm_figure_real(&out[2], g.network.density);
    tdm_figure_count(&out[3], g.oversize);
    free_graph(&g);
}

static const tdm_column_row DENSITY_COLUMNS[] = {
    { "organisations", TDM_SHAPE_COUNT, 0, false, "registered in the period, or in one of its units", 0, 0 },
    { "ties", TDM_SHAPE_COUNT, 0, false, "pairs with a unit together", 0, 0 },
    { "density", TDM_SHAPE_REAL, 4, false, "ties / possible ties", 0, 0 },
    { "oversize", TDM_SHAPE_COUNT, 0, false, "units with over 50 organisations: they add no ties", 0, 0 },
};

const tdm_measure TDM_MEASURE_N1 = {
    .facts = { .id = "N1",
               .name = "density",
               .title = "how closely organisations are knit",
               .text = "ties / (n (n - 1) / 2), n the organisations registered in the period or in one of "
                       "its units.",
               .class = "graph",
               .version = 1,
               TDM_COLUMNS_OF(DENSITY_COLUMNS),
               TDM_BREAKDOWNS_OF(UNIT_BREAKDOWNS) },
    .tables = { TDM_TABLE_TIES },
    .registered = true,
    .of_unit = tell_ties,
    .formula = density,
};

/* ---- N2 ---- */

static void degrees(tdm_formula *f)
{
    graph g;
    make_graph(f, &g);
    bool each = f->question->by->by == TDM_BREAK_OWN;
    int64_t degree = 0;
    int64_t weighted = 0;
    for (size_t i = 0; i < g.count; i++) {
        if (each) {
            tdm_figure *out = tdm_formula_row(f, tdm_org_code_span(&g.codes[i]));
            tdm_figure_count(&out[0], g.nodes[i].degree);
            tdm_figure_count(&out[1], g.nodes[i].weighted);
        }
        degree = g.nodes[i].degree > degree ? g.nodes[i].degree : degree;
        weighted = g.nodes[i].weighted > weighted ? g.nodes[i].weighted : weighted;
    }
    if (!each) {
        tdm_figure *out = tdm_formula_row(f, f->group);
        tdm_figure_count(&out[0], degree);
        tdm_figure_count(&out[1], weighted);
    }
    free_graph(&g);
}

static const tdm_column_row DEGREE_COLUMNS[] = {
    { "degree", TDM_SHAPE_COUNT, 0, false, "organisations it works with (total: the most that any has)", 0,
      0 },
    { "weighted", TDM_SHAPE_COUNT, 0, false, "units together, summed over them (total: the most)", 0, 0 },
};
static const tdm_breakdown_row DEGREE_BREAKDOWNS[] = {
    { "organisation", TDM_BREAK_OWN },
    { "total", TDM_BREAK_TOTAL },
};

const tdm_measure TDM_MEASURE_N2 = {
    .facts = { .id = "N2",
               .name = "degree",
               .title = "which organisations carry the network",
               .text = "number of organisations each works with, and the same weighted by units.",
               .class = "graph",
               .version = 1,
               TDM_COLUMNS_OF(DEGREE_COLUMNS),
               TDM_BREAKDOWNS_OF(DEGREE_BREAKDOWNS) },
    .tables = { TDM_TABLE_TIES },
    .registered = true,
    .formula = degrees,
};

/* ---- N3 ---- */

static void isolates(tdm_formula *f)
{
    graph g;
    make_graph(f, &g);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], g.network.isolates);
    tdm_figure_count(&out[1], g.network.components);
    free_graph(&g);
}

static const tdm_column_row ISOLATE_COLUMNS[] = {
    { "isolates", TDM_SHAPE_COUNT, 0, false, "organisations without a tie", 0, 0 },
    { "components", TDM_SHAPE_COUNT, 0, false, "groups that no tie joins; an isolate is one", 0, 0 },
};

const tdm_measure TDM_MEASURE_N3 = {
    .facts = { .id = "N3",
               .name = "isolates",
               .title = "who works with nobody",
               .text = "organisations without a tie, and the number of connected components.",
               .class = "graph",
               .version = 1,
               TDM_COLUMNS_OF(ISOLATE_COLUMNS),
               TDM_BREAKDOWNS_OF(TOTAL_ONLY) },
    .tables = { TDM_TABLE_TIES },
    .registered = true,
    .formula = isolates,
};

/* ---- N4 ---- */

static void centralisation(tdm_formula *f)
{
    graph g;
    make_graph(f, &g);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], g.network.highest_degree);
    tdm_figure_real(&out[1], g.network.centralisation);
    free_graph(&g);
}

static const tdm_column_row CENTRAL_COLUMNS[] = {
    { "highest_degree", TDM_SHAPE_COUNT, 0, false, "organisations that the best tied one works with", 0, 0 },
    { "centralisation", TDM_SHAPE_REAL, 4, false, "0 all alike, 1 a star", 0, 0 },
};

const tdm_measure TDM_MEASURE_N4 = {
    .facts = { .id = "N4",
               .name = "centralisation",
               .title = "whether all ties run through one organisation",
               .text = "sum(highest degree - degree) / ((n - 1)(n - 2)); n below 3 gives n/a (Freeman).",
               .class = "graph",
               .version = 1,
               TDM_COLUMNS_OF(CENTRAL_COLUMNS),
               TDM_BREAKDOWNS_OF(TOTAL_ONLY) },
    .tables = { TDM_TABLE_TIES },
    .registered = true,
    .formula = centralisation,
};

/* ---- N7 ---- */

static int64_t sector_of(const tdm_formula *f, tdm_span root)
{
    tdm_org_code code = tdm_org_code_of(root);
    return tdm_registry_sector(f->registry, &code, tdm_period_last(f->period));
}

static tdm_span sector_word(int64_t sector, char digits[24])
{
    tdm_value value = { .present = true, .number = sector };
    return sector == 0 ? TDM_SPAN_LITERAL("unknown") : tdm_word(TDM_ENUM_SECTOR, &value, digits);
}

/* One row of the matrix: ties of two sectors; numbers of two digits at most. */
enum { SECTORS = 100 };

static void write_pair(tdm_formula *f, int64_t x, int64_t y, int64_t ties)
{
    char first[24];
    char second[24];
    tdm_figure *out = tdm_formula_pair_row(f, sector_word(x, first), sector_word(y, second));
    tdm_figure_count(&out[0], ties);
    tdm_figure_share(&out[1], x == y ? 0 : ties, ties);
}

static void mixing(tdm_formula *f)
{
    graph g;
    make_graph(f, &g);
    int64_t *matrix = tdm_memory_new((size_t)SECTORS * SECTORS * sizeof *matrix);
    for (size_t i = 0; i < g.tie_count; i++) {
        int64_t x = sector_of(f, tdm_org_code_span(&g.codes[g.ties[i].a]));
        int64_t y = sector_of(f, tdm_org_code_span(&g.codes[g.ties[i].b]));
        matrix[(x < y ? x : y) * SECTORS + (x < y ? y : x)]++;
    }
    if (f->question->by->by == TDM_BREAK_OWN) {
        for (int64_t cell = 0; cell < (int64_t)SECTORS * SECTORS; cell++)
            if (matrix[cell] > 0)
                write_pair(f, cell / SECTORS, cell % SECTORS, matrix[cell]);
    } else {
        tdm_figure *out = tdm_formula_row(f, f->group);
        tdm_share cross = tdm_mixing_cross(matrix, SECTORS);
        tdm_figure_count(&out[0], g.network.ties);
        tdm_figure_tenths(&out[1], cross.defined, cross.tenths);
    }
    free(matrix);
    free_graph(&g);
}

static const tdm_column_row MIXING_COLUMNS[] = {
    { "ties", TDM_SHAPE_COUNT, 0, false, "pairs of organisations with a unit together", 0, 0 },
    { "cross_share", TDM_SHAPE_SHARE, 1, false, "of them between two sectors", 0, 0 },
};
static const tdm_breakdown_row MIXING_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "sector_pair", TDM_BREAK_OWN },
};

const tdm_measure TDM_MEASURE_N7 = {
    .facts = { .id = "N7",
               .name = "sector_mixing",
               .title = "whether sectors work with each other",
               .text = "ties between two sectors / all ties; the matrix by pair of sectors.",
               .class = "graph",
               .version = 1,
               TDM_COLUMNS_OF(MIXING_COLUMNS),
               TDM_BREAKDOWNS_OF(MIXING_BREAKDOWNS) },
    .tables = { TDM_TABLE_TIES },
    .registered = true,
    .formula = mixing,
};
