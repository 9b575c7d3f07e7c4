/* SPDX-License-Identifier: MPL-2.0
 *
 * m_course.c: L2: whether people come, stay, and get what was planned.
 */
#include "measure_inner.h"

/* ---- what a unit adds ---- */

/* Counting sessions with attendance: first and last by (date, fact id), the largest, how many. */
typedef struct attendances {
    int64_t first;
    int64_t last;
    int64_t largest;
    size_t count;
} attendances;

static bool is_before(const tdm_statement *a, const tdm_statement *b)
{
    int64_t x = a->record.values[TDM_SESSION_DATE].number;
    int64_t y = b->record.values[TDM_SESSION_DATE].number;
    return x != y ? x < y : tdm_id_compare(tdm_slot_fact(a->fact.base), tdm_slot_fact(b->fact.base)) < 0;
}

static attendances read_attendances(const tdm_unit_view *view)
{
    attendances all = { 0 };
    const tdm_statement *first = NULL;
    const tdm_statement *last = NULL;
    for (size_t i = 0; i < view->session_count; i++) {
        const tdm_statement *s = &view->statements[view->sessions[i].index];
        if (!s->counts || s->people < 0)
            continue;
        first = first == NULL || is_before(s, first) ? s : first;
        last = last == NULL || is_before(last, s) ? s : last;
        all.largest = s->people > all.largest ? s->people : all.largest;
        all.count++;
    }
    all.first = first == NULL ? 0 : first->people;
    all.last = last == NULL ? 0 : last->people;
    return all;
}

static tdm_date last_day(const tdm_unit_view *view)
{
    tdm_date last = 0;
    for (size_t i = 0; i < view->session_count; i++)
        if (view->statements[view->sessions[i].index].counts)
            last = view->sessions[i].date;
    return last;
}

static void tell_course(tdm_unit_view *view, tdm_tally *tally)
{
    enum { TWO = 2 };
    if (view->counting == 0)
        return;
    int64_t n[TDM_TABLE_AMOUNTS] = { 0 };
    attendances all = read_attendances(view);
    const tdm_statement *design = tdm_unit_view_detail(view, TDM_TYPE_UNIT_DESIGN);
    const tdm_value *values = design == NULL ? NULL : design->record.values;
    if (all.count < TWO && values == NULL)
        return;
    if (all.count >= TWO) {
        n[0] = all.first;
        n[1] = all.last;
    }
    if (values != NULL && values[TDM_UNIT_DESIGN_ENROLLED].present) {
        n[2] = all.largest;
        n[3] = values[TDM_UNIT_DESIGN_ENROLLED].number;
    }
    if (values != NULL && values[TDM_UNIT_DESIGN_SESSIONS].present) {
        n[4] = (int64_t)view->counting;
        n[5] = values[TDM_UNIT_DESIGN_SESSIONS].number;
    }
    tdm_tally_on(tally, TDM_TABLE_COURSE, last_day(view), tdm_org_code_span(&view->lead),
                 TDM_SPAN_LITERAL(""), TDM_SPAN_LITERAL(""), n);
}

/* ---- L2 ---- */

static void course(tdm_formula *f)
{
    int64_t n[6];
    for (size_t i = 0; i < TDM_COUNT(n); i++)
        n[i] = tdm_formula_sum(f, TDM_TABLE_COURSE, i, TDM_ANY, TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_share(&out[0], n[2], n[3]);
    tdm_figure_share(&out[1], n[1], n[0]);
    tdm_figure_share(&out[2], n[4], n[5]);
    if (n[3] > 0)
        tdm_formula_base(f, n[3]);
    if (n[0] > 0)
        tdm_formula_base(f, n[0]);
}

static const tdm_column_row COLUMNS[] = {
    { "attendance", TDM_SHAPE_SHARE, 1, true, "most that came to a session / enrolled", 0, 0 },
    { "retention", TDM_SHAPE_SHARE, 1, true, "attendance of the last session / of the first", 0, 0 },
    { "dosage", TDM_SHAPE_SHARE, 1, false, "sessions held / planned", 0, 0 },
};
static const tdm_breakdown_row BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },       { "lead", TDM_BREAK_LEAD },           { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },     { "programme", TDM_BREAK_PROGRAMME }, { "kind", TDM_BREAK_KIND },
    { "locality", TDM_BREAK_LOCALITY }, { "core_programme", TDM_BREAK_CORE },
};

const tdm_measure TDM_MEASURE_L2 = {
    .facts = { .id = "L2",
               .name = "attendance",
               .title = "whether people come, stay, and get what was planned",
               .text = "attended / enrolled; last session / first session; sessions held / planned. A unit "
                       "counts in "
                       "the period of its last session.",
               .class = "within the dossier",
               .version = 1,
               .people = true,
               TDM_COLUMNS_OF(COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .tables = { TDM_TABLE_COURSE },
    .of_unit = tell_course,
    .formula = course,
};
