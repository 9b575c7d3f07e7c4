/* SPDX-License-Identifier: MPL-2.0
 *
 * m_share.c: C9 and N5: whose hours the work is.
 */
#include "measure_inner.h"

#include <stdlib.h>

#include "bytes.h"

#define PARTNER TDM_SPAN_LITERAL("partner")
#define SUPPLIER TDM_SPAN_LITERAL("supplier")

/* ---- what a unit adds ---- */

enum { FACILITATORS_MAX = 20 };

static size_t find_root(const tdm_org_code *roots, size_t count, const tdm_org_code *root)
{
    size_t at = 0;
    while (at < count && tdm_org_code_compare(&roots[at], root) < 0)
        at++;
    return at;
}

/* Distinct roots of the facilitators that count on the date, in order. */
static size_t list_roots(const tdm_unit_view *view, const tdm_statement *session, tdm_date date,
                         tdm_org_code roots[FACILITATORS_MAX])
{
    tdm_texts texts = tdm_texts_of(&session->record.values[TDM_SESSION_FACILITATORS]);
    tdm_span text;
    size_t count = 0;
    while (count < FACILITATORS_MAX && tdm_texts_next(&texts, &text)) {
        if (!tdm_code_is_valid(text))
            continue;
        tdm_org_code code = tdm_org_code_of(text);
        tdm_rooted rooted = tdm_registry_root(view->registry, &code, date);
        size_t at = find_root(roots, count, &rooted.root);
        if (!rooted.countable || (at < count && tdm_org_code_equal(&roots[at], &rooted.root)))
            continue;
        memmove(roots + at + 1, roots + at, (count - at) * sizeof *roots);
        roots[at] = rooted.root;
        count++;
    }
    return count;
}

/* A paid outsider, by an assertion of the class. */
static bool is_supplier(const tdm_unit_view *view, const tdm_org_code *root, tdm_date date)
{
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        if (s->type != TDM_TYPE_LINK_ASSERT || !s->valid
            || s->record.values[TDM_LINK_ASSERT_SUPPLIER].number == 0)
            continue;
        tdm_org_code named = tdm_registry_root(view->registry, &s->organisation, date).root;
        if (tdm_org_code_equal(&named, root))
            return true;
    }
    return false;
}

static void share_session(tdm_unit_view *view, const tdm_statement *session, tdm_date date, tdm_tally *tally)
{
    tdm_org_code roots[FACILITATORS_MAX + 1];
    size_t count = list_roots(view, session, date, roots);
    tdm_org_code lead = tdm_registry_root(view->registry, &view->lead, date).root;
    int64_t hours = session->record.values[TDM_SESSION_HOURS].number;
    for (size_t i = 0; i < count; i++) {
        int64_t each = hours / (int64_t)count;
        const int64_t n[TDM_TABLE_AMOUNTS] = { i == 0 ? hours - each * ((int64_t)count - 1) : each };
        if (!tdm_org_code_equal(&roots[i], &lead))
            tdm_tally_on(tally, TDM_TABLE_CONTRIBUTED, date, tdm_org_code_span(&view->lead),
                         tdm_org_code_span(&roots[i]),
                         is_supplier(view, &roots[i], date) ? SUPPLIER : PARTNER, n);
    }
}

static void tell_hours(tdm_unit_view *view, tdm_tally *tally)
{
    for (size_t i = 0; i < view->session_count; i++) {
        const tdm_statement *session = &view->statements[view->sessions[i].index];
        if (session->counts && session->record.values[TDM_SESSION_FACILITATORS].present)
            share_session(view, session, view->sessions[i].date, tally);
    }
}

/* ---- C9 ---- */

static void external(tdm_formula *f)
{
    if (f->level == NULL)
        return;
    int64_t partner = tdm_formula_sum(f, TDM_TABLE_CONTRIBUTED, 0, TDM_ANY, PARTNER);
    int64_t supplier = tdm_formula_sum(f, TDM_TABLE_CONTRIBUTED, 0, TDM_ANY, SUPPLIER);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], partner);
    tdm_figure_count(&out[1], supplier);
    tdm_figure_count(&out[2], tdm_take_wrapping(tdm_take_wrapping(f->level->amount, partner), supplier));
    tdm_figure_share(&out[3], partner, f->level->amount);
    tdm_figure_real(&out[4], tdm_ei_index(partner, f->level->amount));
}

static const tdm_column_row EXTERNAL_COLUMNS[] = {
    { "partner_hours", TDM_SHAPE_HOURS, 2, false, "delivered by partners", 0, 0 },
    { "supplier_hours", TDM_SHAPE_HOURS, 2, false, "delivered by paid outsiders", 0, 0 },
    { "internal_hours", TDM_SHAPE_HOURS, 2, false, "delivered by the lead", 0, 0 },
    { "external_share", TDM_SHAPE_SHARE, 1, false, "partner hours of all hours", 0, 0 },
    { "ei_index", TDM_SHAPE_REAL, 2, false, "-1 all by the lead, 1 all by partners", 0, 0 },
};
static const tdm_breakdown_row EXTERNAL_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },   { "programme", TDM_BREAK_PROGRAMME }, { "kind", TDM_BREAK_KIND },
    { "lead", TDM_BREAK_LEAD },     { "locality", TDM_BREAK_LOCALITY },   { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION }, { "core_programme", TDM_BREAK_CORE },
};

const tdm_measure TDM_MEASURE_C9 = {
    .facts = { .id = "C9",
               .name = "fair_share",
               .title = "whose hours the work is",
               .text = "hours of a session are shared equally among the organisations that ran it; external "
                       "share = "
                       "partner hours / all hours; E-I index = (partner - all others) / all.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(EXTERNAL_COLUMNS),
               TDM_BREAKDOWNS_OF(EXTERNAL_BREAKDOWNS) },
    .tables = { TDM_TABLE_CONTRIBUTED },
    .level = true,
    .weight = TDM_WEIGHT_HOURS,
    .of_unit = tell_hours,
    .formula = external,
};

/* ---- N5 ---- */

/* Partners' hours by root, in the order of the roots: the rows are gone through once. */
static void sum_hours(const tdm_formula *f, const tdm_span *roots, size_t count, int64_t *hours)
{
    size_t rows;
    const tdm_table_row *row = tdm_formula_table(f, TDM_TABLE_CONTRIBUTED, &rows);
    for (size_t i = 0; i < rows; i++) {
        if (!tdm_span_equal(row[i].b, PARTNER))
            continue;
        const tdm_span *root = bsearch(&row[i].a, roots, count, sizeof *roots, tdm_compare_spans);
        hours[root - roots] = tdm_add_wrapping(hours[root - roots], row[i].n[0]);
    }
}

static void concentration(tdm_formula *f)
{
    size_t count;
    tdm_span *roots = tdm_formula_values(f, TDM_TABLE_CONTRIBUTED, 0, &count);
    int64_t *hours = tdm_memory_new((count + 1) * sizeof *hours);
    sum_hours(f, roots, count, hours);
    tdm_concentration c = tdm_concentration_of(hours, count);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], c.total);
    tdm_figure_count(&out[1], c.parties);
    tdm_figure_real(&out[2], c.hhi);
    tdm_figure_real(&out[3], c.effective);
    tdm_figure_real(&out[4], c.normalised);
    tdm_figure_real(&out[5], c.shannon);
    tdm_figure_real(&out[6], c.evenness);
    free(hours);
    free(roots);
}

static const tdm_column_row CONCENTRATION_COLUMNS[] = {
    { "hours", TDM_SHAPE_HOURS, 2, false, "delivered by partners", 0, 0 },
    { "partners", TDM_SHAPE_COUNT, 0, false, "that delivered any", 0, 0 },
    { "hhi", TDM_SHAPE_REAL, 4, false, "Herfindahl-Hirschman: sum of squared shares", 0, 0 },
    { "effective", TDM_SHAPE_REAL, 4, false, "effective number of partners: 1 / hhi", 0, 0 },
    { "normalised", TDM_SHAPE_REAL, 4, false, "0 all alike, 1 all by one", 0, 0 },
    { "shannon", TDM_SHAPE_REAL, 4, false, "- sum p ln p", 0, 0 },
    { "evenness", TDM_SHAPE_REAL, 4, false, "shannon / ln of the number of partners", 0, 0 },
};
static const tdm_breakdown_row CONCENTRATION_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },   { "lead", TDM_BREAK_LEAD },           { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION }, { "programme", TDM_BREAK_PROGRAMME }, { "locality", TDM_BREAK_LOCALITY },
};

const tdm_measure TDM_MEASURE_N5 = {
    .facts = { .id = "N5",
               .name = "concentration",
               .title = "on how few partners the work rests",
               .text =
                   "of partner hours by organisation: HHI = sum of squared shares, effective partners 1/HHI, "
                   "normalised (HHI - 1/N)/(1 - 1/N), Shannon and its evenness.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(CONCENTRATION_COLUMNS),
               TDM_BREAKDOWNS_OF(CONCENTRATION_BREAKDOWNS) },
    .tables = { TDM_TABLE_CONTRIBUTED },
    .formula = concentration,
};
