/* SPDX-License-Identifier: MPL-2.0
 *
 * m_mix.c: N6: how mixed cohorts are.
 */
#include "measure_inner.h"

#include <stdlib.h>

#include "bytes.h"

/* ---- what a unit adds ---- */

static bool is_in_year(const tdm_unit_view *view, int64_t year)
{
    for (size_t i = 0; i < view->session_count; i++)
        if (view->statements[view->sessions[i].index].counts
            && tdm_period_of(TDM_PERIOD_YEAR, view->sessions[i].date).number == year)
            return true;
    return false;
}

static bool same_mix(const tdm_statement *a, const tdm_statement *b)
{
    return a->record.values[TDM_UNIT_MIX_YEAR].number == b->record.values[TDM_UNIT_MIX_YEAR].number
           && tdm_span_equal(a->record.values[TDM_UNIT_MIX_DIMENSION].bytes,
                             b->record.values[TDM_UNIT_MIX_DIMENSION].bytes);
}

static void tell_one(tdm_unit_view *view, const tdm_statement *mix, tdm_tally *tally)
{
    const tdm_value *values = mix->record.values;
    const tdm_period year = { TDM_PERIOD_YEAR, (int32_t)values[TDM_UNIT_MIX_YEAR].number };
    tdm_span lead = tdm_org_code_span(&view->lead);
    tdm_span dimension = values[TDM_UNIT_MIX_DIMENSION].bytes;
    tdm_texts parts = tdm_texts_of(&values[TDM_UNIT_MIX_CATEGORIES]);
    tdm_record part;
    size_t categories = 0;
    tdm_span first = { NULL, 0 };
    while (tdm_parts_next(&parts, TDM_TYPE_CATEGORY_COUNT, &part)) {
        tdm_span category = part.values[TDM_CATEGORY_COUNT_CATEGORY].bytes;
        int64_t people = part.values[TDM_CATEGORY_COUNT_PEOPLE].number;
        tdm_tally_at(tally, TDM_TABLE_MIX, year, lead, dimension, category)[0] = people;
        if (people > 0 && (categories == 0 || !tdm_span_equal(first, category))) {
            first = categories == 0 ? category : first;
            categories++;
        }
    }
    int64_t *unit = tdm_tally_at(tally, TDM_TABLE_MIX, year, lead, dimension, TDM_SPAN_LITERAL(""));
    unit[1] = 1;
    unit[2] = categories >= 2;
}

static void tell_mix(tdm_unit_view *view, tdm_tally *tally)
{
    for (size_t i = 0; i < view->count && view->counting > 0; i++) {
        const tdm_statement *s = &view->statements[i];
        if (s->type == TDM_TYPE_UNIT_MIX && tdm_statement_is_principals(view, s)
            && is_in_year(view, s->record.values[TDM_UNIT_MIX_YEAR].number)
            && !tdm_unit_view_is_superseded(view, s, same_mix))
            tell_one(view, s, tally);
    }
}

/* ---- N6 ---- */

static void mix(tdm_formula *f)
{
    size_t count;
    tdm_span dimension = tdm_span_text(f->dimension);
    tdm_span *categories = tdm_formula_values(f, TDM_TABLE_MIX, 1, &count);
    int64_t *people = tdm_memory_new((count + 1) * sizeof *people);
    for (size_t i = 0; i < count; i++)
        people[i] = tdm_formula_sum(f, TDM_TABLE_MIX, 0, dimension, categories[i]);
    int64_t units = tdm_formula_sum(f, TDM_TABLE_MIX, 1, dimension, TDM_SPAN_LITERAL(""));
    int64_t mixed = tdm_formula_sum(f, TDM_TABLE_MIX, 2, dimension, TDM_SPAN_LITERAL(""));
    if (units > 0) {
        tdm_blau blau = tdm_blau_of(people, count);
        tdm_figure *out = tdm_formula_row(f, f->group);
        tdm_figure_count(&out[0], blau.total);
        tdm_figure_real(&out[1], blau.index);
        tdm_figure_real(&out[2], blau.normalised);
        tdm_figure_count(&out[3], units);
        tdm_figure_count(&out[4], mixed);
        tdm_figure_share(&out[5], mixed, units);
        tdm_formula_base(f, blau.total);
    }
    free(people);
    free(categories);
}

static const tdm_column_row COLUMNS[] = {
    { "people", TDM_SHAPE_COUNT, 0, true, "people counted, over all units", 0, 0 },
    { "blau", TDM_SHAPE_REAL, 4, true, "1 - sum of squared shares: 0 all alike", 0, 0 },
    { "normalised", TDM_SHAPE_REAL, 4, true, "blau / (1 - 1/k), k categories with people", 0, 0 },
    { "units", TDM_SHAPE_COUNT, 0, false, "units that say who took part", 0, 0 },
    { "mixed", TDM_SHAPE_COUNT, 0, false, "units with two categories or more", 0, 0 },
    { "mixed_share", TDM_SHAPE_SHARE, 1, false, "of units that say who took part", 0, 0 },
};
static const tdm_breakdown_row BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },       { "lead", TDM_BREAK_LEAD },           { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },     { "programme", TDM_BREAK_PROGRAMME }, { "kind", TDM_BREAK_KIND },
    { "locality", TDM_BREAK_LOCALITY }, { "core_programme", TDM_BREAK_CORE },
};

const tdm_measure TDM_MEASURE_N6 = {
    .facts = { .id = "N6",
               .name = "mixing",
               .title = "how mixed cohorts are",
               .text =
                   "Blau's index over the people of all units by the dimension asked (staff_group, level, "
                   "clinical, "
                   "organisation, predecessor...), and the share of units with at least two categories. By "
                   "clinical it is the clinical-managerial share.",
               .class = "sum",
               .version = 1,
               .people = true,
               .dimension = "staff_group",
               TDM_COLUMNS_OF(COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .tables = { TDM_TABLE_MIX },
    .of_unit = tell_mix,
    .formula = mix,
};
