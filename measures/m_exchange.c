/* SPDX-License-Identifier: MPL-2.0
 *
 * m_exchange.c: N8 and L9: support given and taken, and where it is offered.
 */
#include "measure_inner.h"

#include <stdlib.h>

#include "bytes.h"

/* ---- what things add ---- */

/* The latest valid `support` of the dossier, by the owner. */
static const tdm_statement *find_support(const tdm_unit_view *view, const tdm_org_code *owner)
{
    const tdm_statement *found = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        if (s->type == TDM_TYPE_SUPPORT && s->valid && s->reason == NULL
            && tdm_org_code_equal(&s->recorder, owner)
            && (found == NULL
                || tdm_id_compare(tdm_slot_target(s->fact.base), tdm_slot_target(found->fact.base)) < 0
                || (tdm_id_equal(tdm_slot_target(s->fact.base), tdm_slot_target(found->fact.base))
                    && tdm_slot_is_later(s->fact.base, found->fact.base, view->lineage))))
            found = s;
    }
    return found;
}

static bool is_between(const tdm_statement *match)
{
    tdm_span recorder = tdm_org_code_span(&match->recorder);
    return tdm_span_equal(recorder, match->record.values[TDM_SUPPORT_MATCH_OWNER].bytes)
           || tdm_span_equal(recorder, match->record.values[TDM_SUPPORT_MATCH_OTHER].bytes);
}

/* Both sides may state one match: that of the smallest origin counts. */
static bool is_repeated(const tdm_unit_view *view, const tdm_statement *match)
{
    const tdm_value *values = match->record.values;
    for (const tdm_statement *s = view->statements; s < view->statements + view->count; s++) {
        const tdm_value *others = s->record.values;
        if (s == match || s->type != TDM_TYPE_SUPPORT_MATCH || !s->valid || s->reason != NULL
            || !is_between(s)
            || !tdm_span_equal(others[TDM_SUPPORT_MATCH_OTHER].bytes, values[TDM_SUPPORT_MATCH_OTHER].bytes)
            || others[TDM_SUPPORT_MATCH_DATE].number != values[TDM_SUPPORT_MATCH_DATE].number)
            continue;
        int order = tdm_id_compare(tdm_slot_target(s->fact.base), tdm_slot_target(match->fact.base));
        if (order < 0 || (order == 0 && s < match))
            return true;
    }
    return false;
}

static void tell_match(tdm_unit_view *view, const tdm_statement *match, tdm_tally *tally)
{
    const tdm_value *values = match->record.values;
    tdm_date date = (tdm_date)values[TDM_SUPPORT_MATCH_DATE].number;
    tdm_org_code owner = tdm_org_code_of(values[TDM_SUPPORT_MATCH_OWNER].bytes);
    tdm_org_code other = tdm_org_code_of(values[TDM_SUPPORT_MATCH_OTHER].bytes);
    const tdm_statement *support = find_support(view, &owner);
    if (support == NULL || !is_between(match) || is_repeated(view, match))
        return;
    bool request = support->record.values[TDM_SUPPORT_KIND].number == TDM_SUPPORTKIND_IS_REQUEST;
    tdm_org_code owner_root = tdm_registry_root(view->registry, &owner, date).root;
    tdm_org_code other_root = tdm_registry_root(view->registry, &other, date).root;
    if (tdm_org_code_equal(&owner_root, &other_root))
        return;
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1, !request, request };
    tdm_tally_on(tally, TDM_TABLE_EXCHANGE, date, tdm_org_code_span(&owner),
                 tdm_org_code_span(request ? &other_root : &owner_root),
                 tdm_org_code_span(request ? &owner_root : &other_root), n);
}

static void tell_support(tdm_unit_view *view, const tdm_statement *support, tdm_tally *tally)
{
    (void)view;
    const tdm_value *values = support->record.values;
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1 };
    if (values[TDM_SUPPORT_KIND].number == TDM_SUPPORTKIND_IS_REQUEST)
        return;
    tdm_tally_from(tally, TDM_TABLE_SUPPORT, (tdm_date)values[TDM_SUPPORT_FROM].number,
                   values[TDM_SUPPORT_UNTIL].present, (tdm_date)values[TDM_SUPPORT_UNTIL].number,
                   tdm_org_code_span(&support->recorder), values[TDM_SUPPORT_THEME].bytes,
                   values[TDM_SUPPORT_AUDIENCE].bytes, n);
}

/* ---- N8 ---- */

/* Everybody who gave or took, in order. */
static tdm_span *list_sides(const tdm_formula *f, size_t *count)
{
    size_t rows;
    const tdm_table_row *row = tdm_formula_table(f, TDM_TABLE_EXCHANGE, &rows);
    tdm_span *sides = tdm_memory_new((2 * rows + 1) * sizeof *sides);
    for (size_t i = 0; i < rows; i++) {
        sides[2 * i] = row[i].a;
        sides[2 * i + 1] = row[i].b;
    }
    *count = tdm_spans_distinct(sides, 2 * rows);
    return sides;
}

static size_t index_of(const tdm_span *sides, size_t count, tdm_span side)
{
    const tdm_span *found = bsearch(&side, sides, count, sizeof side, tdm_compare_spans);
    TDM_ASSERT(found != NULL);
    return (size_t)(found - sides);
}

static void write_reciprocity(tdm_formula *f, const tdm_span *sides, size_t count, tdm_figure *out)
{
    size_t rows;
    const tdm_table_row *row = tdm_formula_table(f, TDM_TABLE_EXCHANGE, &rows);
    tdm_tie *flows = tdm_memory_new((rows + 1) * sizeof *flows);
    for (size_t i = 0; i < rows; i++)
        flows[i] =
            (tdm_tie){ index_of(sides, count, row[i].a), index_of(sides, count, row[i].b), row[i].n[0] };
    tdm_reciprocity both = tdm_reciprocity_of(flows, rows);
    tdm_figure_count(&out[3], both.pairs);
    tdm_figure_count(&out[4], both.mutual);
    tdm_figure_share(&out[5], both.mutual, both.pairs);
    free(flows);
}

static void write_balance(tdm_formula *f, tdm_span giver, tdm_figure *out)
{
    int64_t taken_up = tdm_formula_sum(f, TDM_TABLE_EXCHANGE, 1, giver, TDM_ANY);
    int64_t met = tdm_formula_sum(f, TDM_TABLE_EXCHANGE, 2, giver, TDM_ANY);
    tdm_figure_count(&out[0], taken_up);
    tdm_figure_count(&out[1], met);
    tdm_figure_real(&out[2], tdm_exchange_balance(taken_up, met));
}

static void exchange(tdm_formula *f)
{
    size_t count;
    tdm_span *sides = list_sides(f, &count);
    if (f->question->by->by == TDM_BREAK_OWN) {
        for (size_t i = 0; i < count; i++)
            write_balance(f, sides[i], tdm_formula_row(f, sides[i]));
    } else if (count > 0) {
        tdm_figure *out = tdm_formula_row(f, f->group);
        write_balance(f, TDM_ANY, out);
        write_reciprocity(f, sides, count, out);
    }
    free(sides);
}

static const tdm_column_row EXCHANGE_COLUMNS[] = {
    { "taken_up", TDM_SHAPE_COUNT, 0, false, "offers of the organisation that others took up", 0, 0 },
    { "met", TDM_SHAPE_COUNT, 0, false, "requests of others that it met", 0, 0 },
    { "balance", TDM_SHAPE_REAL, 2, false, "(taken up - met) / both", 0, 0 },
    { "pairs", TDM_SHAPE_COUNT, 0, false, "pairs of organisations with an exchange", 0, 0 },
    { "both_ways", TDM_SHAPE_COUNT, 0, false, "of them in both directions", 0, 0 },
    { "reciprocity", TDM_SHAPE_SHARE, 1, false, "both ways of all pairs", 0, 0 },
};
static const tdm_breakdown_row EXCHANGE_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "organisation", TDM_BREAK_OWN },
};

const tdm_measure TDM_MEASURE_N8 = {
    .facts = { .id = "N8",
               .name = "exchange",
               .title = "who gives and who takes support",
               .text = "balance = (offers taken up - requests met) / both; reciprocity = pairs with exchange "
                       "in both "
                       "directions / pairs with any.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(EXCHANGE_COLUMNS),
               TDM_BREAKDOWNS_OF(EXCHANGE_BREAKDOWNS) },
    .tables = { TDM_TABLE_EXCHANGE },
    .things = { { TDM_TYPE_SUPPORT_MATCH, tell_match } },
    .formula = exchange,
};

/* ---- L9 ---- */

static void availability(tdm_formula *f)
{
    int64_t organisations = tdm_formula_organisations(f, TDM_TABLE_SUPPORT);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], organisations);
    tdm_figure_count(&out[1], (int64_t)f->registered_count);
    tdm_figure_share(&out[2], organisations, (int64_t)f->registered_count);
    tdm_figure_count(&out[3], tdm_formula_sum(f, TDM_TABLE_SUPPORT, 0, TDM_ANY, TDM_ANY));
}

static const tdm_column_row AVAILABILITY_COLUMNS[] = {
    { "organisations", TDM_SHAPE_COUNT, 0, false, "that offer support on the day", 0, 0 },
    { "registered", TDM_SHAPE_COUNT, 0, false, "organisations registered in the period", 0, 0 },
    { "share", TDM_SHAPE_SHARE, 1, false, "of them that offer", 0, 0 },
    { "supports", TDM_SHAPE_COUNT, 0, false, "offers in force on the day", 0, 0 },
};
static const tdm_breakdown_row AVAILABILITY_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },   { "theme", TDM_BREAK_A },
    { "audience", TDM_BREAK_B },    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION }, { "organisation", TDM_BREAK_ORGANISATION },
};

const tdm_measure TDM_MEASURE_L9 = {
    .facts = { .id = "L9",
               .name = "availability",
               .title = "where support can be had",
               .text =
                   "organisations with an offer or standing availability in force on the day / organisations "
                   "registered in the period. How it is taken up is N8.",
               .class = "in force on a day",
               .version = 1,
               TDM_COLUMNS_OF(AVAILABILITY_COLUMNS),
               TDM_BREAKDOWNS_OF(AVAILABILITY_BREAKDOWNS) },
    .tables = { TDM_TABLE_SUPPORT },
    .registered = true,
    .things = { { TDM_TYPE_SUPPORT, tell_support } },
    .formula = availability,
};
