/* SPDX-License-Identifier: MPL-2.0
 *
 * m_resources.c: L8: whether what one publishes is used by others.
 */
#include "measure_inner.h"

#define NOTHING TDM_SPAN_LITERAL("")

/* ---- what things add ---- */

static void tell_resource(tdm_unit_view *view, const tdm_statement *resource, tdm_tally *tally)
{
    (void)view;
    char digits[24];
    const tdm_value *v = resource->record.values;
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1, v[TDM_RESOURCE_ADAPTED_FROM].bytes.len > 0 };
    tdm_tally_on(tally, TDM_TABLE_RESOURCES, (tdm_date)v[TDM_RESOURCE_PUBLISHED].number,
                 tdm_org_code_span(&resource->recorder),
                 tdm_word(TDM_ENUM_RESOURCEKIND, &v[TDM_RESOURCE_KIND], digits), NOTHING, n);
}

/* Any valid statement of the owner that says so. */
static bool is_adapted(const tdm_unit_view *view, const tdm_org_code *owner)
{
    bool adapted = false;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        adapted = adapted
                  || (s->type == TDM_TYPE_RESOURCE && s->valid && s->reason == NULL
                      && tdm_org_code_equal(&s->recorder, owner)
                      && s->record.values[TDM_RESOURCE_ADAPTED_FROM].bytes.len > 0);
    }
    return adapted;
}

static void tell_use(tdm_unit_view *view, const tdm_statement *use, tdm_tally *tally)
{
    char digits[24];
    const tdm_value *v = use->record.values;
    tdm_date date = (tdm_date)v[TDM_RESOURCE_USE_DATE].number;
    tdm_org_code owner = tdm_org_code_of(v[TDM_RESOURCE_USE_OWNER].bytes);
    tdm_org_code owner_root = tdm_registry_root(view->registry, &owner, date).root;
    tdm_org_code user_root = tdm_registry_root(view->registry, &use->recorder, date).root;
    bool other = !tdm_org_code_equal(&owner_root, &user_root);
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1, other, other && is_adapted(view, &owner) };
    tdm_tally_on(tally, TDM_TABLE_USES, date, tdm_org_code_span(&owner),
                 tdm_word(TDM_ENUM_USE, &v[TDM_RESOURCE_USE_USE], digits), NOTHING, n);
}

/* ---- L8 ---- */

static void resources(tdm_formula *f)
{
    const tdm_span adopted = TDM_SPAN_LITERAL("adopted");
    int64_t uses = tdm_formula_sum(f, TDM_TABLE_USES, 0, TDM_ANY, TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], tdm_formula_sum(f, TDM_TABLE_RESOURCES, 0, TDM_ANY, TDM_ANY));
    tdm_figure_count(&out[1], uses);
    tdm_figure_share(&out[2], tdm_formula_sum(f, TDM_TABLE_USES, 1, TDM_ANY, TDM_ANY), uses);
    tdm_figure_share(&out[3], tdm_formula_sum(f, TDM_TABLE_USES, 1, adopted, TDM_ANY), uses);
    tdm_figure_count(&out[4], tdm_formula_sum(f, TDM_TABLE_RESOURCES, 1, TDM_ANY, TDM_ANY));
    tdm_figure_count(&out[5], tdm_formula_sum(f, TDM_TABLE_USES, 2, TDM_ANY, TDM_ANY));
}

static const tdm_column_row COLUMNS[] = {
    { "published", TDM_SHAPE_COUNT, 0, false, "resources, practices and stories published in the period", 0,
      0 },
    { "uses", TDM_SHAPE_COUNT, 0, false, "uses and adoptions", 0, 0 },
    { "by_others", TDM_SHAPE_SHARE, 1, false, "of uses, by organisations other than the owner", 0, 0 },
    { "adopted_by_others", TDM_SHAPE_SHARE, 1, false, "of uses, adoptions by others", 0, 0 },
    { "adapted", TDM_SHAPE_COUNT, 0, false, "published that were made from another", 0, 0 },
    { "reused", TDM_SHAPE_COUNT, 0, false, "uses of adapted ones by others", 0, 0 },
};
static const tdm_breakdown_row BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "kind", TDM_BREAK_A },
    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_L8 = {
    .facts = { .id = "L8",
               .name = "resources",
               .title = "whether what one publishes is used by others",
               .text = "use and adoption by organisations other than the owner / all uses; adaptations, and "
                       "how often "
                       "they are used again.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .tables = { TDM_TABLE_RESOURCES, TDM_TABLE_USES },
    .things = { { TDM_TYPE_RESOURCE, tell_resource }, { TDM_TYPE_RESOURCE_USE, tell_use } },
    .formula = resources,
};
