/* SPDX-License-Identifier: MPL-2.0
 *
 * m_goals.c: L6 and L7: criteria, actions and projects; what the work serves, and needs answered.
 */
#include "measure_inner.h"

#include <stdlib.h>

#include "bytes.h"

#define NOTHING TDM_SPAN_LITERAL("")

/* ---- L6: what is added ---- */

static bool same_criterion(const tdm_statement *a, const tdm_statement *b)
{
    return tdm_span_equal(a->record.values[TDM_CRITERION_CRITERION].bytes,
                          b->record.values[TDM_CRITERION_CRITERION].bytes);
}

static void tell_criteria(tdm_unit_view *view, tdm_tally *tally)
{
    const tdm_statement *design = tdm_unit_view_detail(view, TDM_TYPE_UNIT_DESIGN);
    int64_t n[TDM_TABLE_AMOUNTS] = { 0 };
    bool agreed = false;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        if (s->type != TDM_TYPE_CRITERION || !tdm_statement_is_principals(view, s)
            || tdm_unit_view_is_superseded(view, s, same_criterion))
            continue;
        const tdm_value *v = s->record.values;
        bool co_designed = v[TDM_CRITERION_CO_DESIGNED].number != 0;
        n[0]++;
        n[1] += v[TDM_CRITERION_OUTCOME].number == TDM_OUTCOME_IS_MET;
        n[2] += v[TDM_CRITERION_OUTCOME].number == TDM_OUTCOME_IS_NOT_MET;
        n[3] += co_designed;
        agreed = agreed
                 || (co_designed && v[TDM_CRITERION_AGREED].present
                     && v[TDM_CRITERION_AGREED].number <= view->start);
    }
    bool diagnosed = design != NULL && design->record.values[TDM_UNIT_DESIGN_DIAGNOSED].present
                     && design->record.values[TDM_UNIT_DESIGN_DIAGNOSED].number <= view->start;
    n[4] = n[0] > 0;
    n[5] = diagnosed && agreed;
    n[6] = design != NULL || n[0] > 0;
    if (n[6] != 0 && tdm_unit_view_record(view)->values[TDM_UNIT_STATUS].number != TDM_STATUS_IS_CANCELLED)
        tdm_tally_on(tally, TDM_TABLE_CRITERIA, view->start, tdm_org_code_span(&view->lead), NOTHING, NOTHING,
                     n);
}

static void tell_action(tdm_unit_view *view, const tdm_statement *action, tdm_tally *tally)
{
    (void)view;
    char digits[24];
    const tdm_value *v = action->record.values;
    bool done = v[TDM_ACTION_DONE].present;
    bool due = v[TDM_ACTION_DUE].present;
    const int64_t n[TDM_TABLE_AMOUNTS] = {
        1, done, due, done && due && v[TDM_ACTION_DONE].number <= v[TDM_ACTION_DUE].number
    };
    tdm_tally_on(tally, TDM_TABLE_ACTIONS, (tdm_date)v[TDM_ACTION_OPENED].number,
                 tdm_org_code_span(&action->recorder),
                 tdm_word(TDM_ENUM_ACTIONKIND, &v[TDM_ACTION_KIND], digits), NOTHING, n);
}

enum { LOCALITIES_MAX = 60 };

static void tell_localities(const tdm_statement *project, tdm_date started, tdm_tally *tally)
{
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1 };
    tdm_span list[LOCALITIES_MAX];
    size_t count = 0;
    tdm_texts texts = tdm_texts_of(&project->record.values[TDM_JOINT_PROJECT_LOCALITIES]);
    tdm_span text;
    while (count < LOCALITIES_MAX && tdm_texts_next(&texts, &text))
        if (!tdm_spans_have(list, count, text))
            list[count++] = text;
    for (size_t x = 0; x < count; x++)
        for (size_t y = 0; y < count; y++)
            if (tdm_span_compare(list[x], list[y]) < 0)
                tdm_tally_on(tally, TDM_TABLE_PROJECTS, started, tdm_org_code_span(&project->recorder),
                             list[x], list[y], n);
}

static bool has_two_roots(const tdm_unit_view *view, const tdm_value *organisations, tdm_date date)
{
    tdm_texts texts = tdm_texts_of(organisations);
    tdm_span text;
    tdm_org_code first;
    bool any = false;
    while (tdm_texts_next(&texts, &text)) {
        if (!tdm_code_is_valid(text))
            continue;
        tdm_org_code code = tdm_org_code_of(text);
        tdm_rooted rooted = tdm_registry_root(view->registry, &code, date);
        if (!rooted.registered)
            continue;
        if (any && !tdm_org_code_equal(&first, &rooted.root))
            return true;
        first = rooted.root;
        any = true;
    }
    return false;
}

static void tell_project(tdm_unit_view *view, const tdm_statement *project, tdm_tally *tally)
{
    const tdm_value *v = project->record.values;
    tdm_date started = (tdm_date)v[TDM_JOINT_PROJECT_STARTED].number;
    if (v[TDM_JOINT_PROJECT_STATUS].number == TDM_STATUS_IS_CANCELLED)
        return;
    const int64_t n[TDM_TABLE_AMOUNTS] = { 0, 1,
                                           has_two_roots(view, &v[TDM_JOINT_PROJECT_ORGANISATIONS], started),
                                           v[TDM_JOINT_PROJECT_OBJECTIVE].bytes.len > 0 };
    tell_localities(project, started, tally);
    tdm_tally_on(tally, TDM_TABLE_PROJECTS, started, tdm_org_code_span(&project->recorder), NOTHING, NOTHING,
                 n);
}

/* ---- L6 ---- */

static void goals(tdm_formula *f)
{
    int64_t n[TDM_TABLE_AMOUNTS];
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        n[i] = tdm_formula_sum(f, TDM_TABLE_CRITERIA, i, TDM_ANY, TDM_ANY);
    int64_t actions = tdm_formula_sum(f, TDM_TABLE_ACTIONS, 0, TDM_ANY, TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], n[0]);
    tdm_figure_share(&out[1], n[1], n[0]);
    tdm_figure_share(&out[2], n[5], n[6]);
    tdm_figure_count(&out[3], actions);
    tdm_figure_share(&out[4], tdm_formula_sum(f, TDM_TABLE_ACTIONS, 1, TDM_ANY, TDM_ANY), actions);
    tdm_figure_share(&out[5], tdm_formula_sum(f, TDM_TABLE_ACTIONS, 3, TDM_ANY, TDM_ANY),
                     tdm_formula_sum(f, TDM_TABLE_ACTIONS, 2, TDM_ANY, TDM_ANY));
    tdm_figure_count(&out[6], tdm_formula_sum(f, TDM_TABLE_PROJECTS, 1, TDM_ANY, TDM_ANY));
    tdm_figure_count(&out[7], tdm_formula_sum(f, TDM_TABLE_PROJECTS, 2, TDM_ANY, TDM_ANY));
}

static void write_pairs(tdm_formula *f)
{
    size_t firsts;
    size_t count;
    tdm_span *lower = tdm_formula_values(f, TDM_TABLE_PROJECTS, 0, &firsts);
    tdm_span *higher = tdm_formula_values(f, TDM_TABLE_PROJECTS, 1, &count);
    for (size_t x = 0; x < firsts; x++)
        for (size_t y = 0; y < count; y++) {
            int64_t projects = tdm_formula_sum(f, TDM_TABLE_PROJECTS, 0, lower[x], higher[y]);
            if (projects == 0)
                continue;
            tdm_figure_count(&tdm_formula_pair_row(f, lower[x], higher[y])[6], projects);
        }
    free(lower);
    free(higher);
}

static void goals_or_pairs(tdm_formula *f)
{
    if (f->question->by->by == TDM_BREAK_OWN)
        write_pairs(f);
    else
        goals(f);
}

static const tdm_column_row GOAL_COLUMNS[] = {
    { "criteria", TDM_SHAPE_COUNT, 0, false, "success criteria of units that start in the period", 0, 0 },
    { "met", TDM_SHAPE_SHARE, 1, false, "of criteria", 0, 0 },
    { "designed", TDM_SHAPE_SHARE, 1, false,
      "units with diagnosis and co-designed criteria before they start, of units that tell their design", 0,
      0 },
    { "actions", TDM_SHAPE_COUNT, 0, false, "actions and commitments opened in the period", 0, 0 },
    { "done", TDM_SHAPE_SHARE, 1, false, "of actions", 0, 0 },
    { "kept", TDM_SHAPE_SHARE, 1, false, "done by the day due, of those with one", 0, 0 },
    { "projects", TDM_SHAPE_COUNT, 0, false, "joint projects begun in the period", 0, 0 },
    { "across", TDM_SHAPE_COUNT, 0, false, "of them, of two organisations or more", 0, 0 },
};
static const tdm_breakdown_row GOAL_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "locality_pair", TDM_BREAK_OWN },
    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_L6 = {
    .facts = { .id = "L6",
               .name = "criteria",
               .title = "whether what was agreed is reached",
               .text = "criteria met / stated; units with diagnosis and co-designed criteria before start; "
                       "actions done / "
                       "opened; commitments kept; projects per pair of localities.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(GOAL_COLUMNS),
               TDM_BREAKDOWNS_OF(GOAL_BREAKDOWNS) },
    .tables = { TDM_TABLE_CRITERIA, TDM_TABLE_ACTIONS, TDM_TABLE_PROJECTS },
    .of_unit = tell_criteria,
    .things = { { TDM_TYPE_ACTION, tell_action }, { TDM_TYPE_JOINT_PROJECT, tell_project } },
    .formula = goals_or_pairs,
};

/* ---- L7: what is added ---- */

typedef struct aim {
    tdm_span kind;
    tdm_span name;
} aim;

static void add_aim(aim *aims, size_t *count, tdm_span kind, tdm_span name)
{
    for (size_t i = 0; i < *count; i++)
        if (tdm_span_equal(aims[i].kind, kind) && tdm_span_equal(aims[i].name, name))
            return;
    aims[(*count)++] = (aim){ kind, name };
}

enum { AIMS_MAX = 80 };

static size_t list_aims(const tdm_statement *design, aim *aims)
{
    size_t count = 0;
    tdm_span text;
    tdm_texts objectives = tdm_texts_of(&design->record.values[TDM_UNIT_DESIGN_OBJECTIVES]);
    while (tdm_texts_next(&objectives, &text))
        add_aim(aims, &count, TDM_SPAN_LITERAL("objective"), text);
    tdm_texts tags = tdm_texts_of(&design->record.values[TDM_UNIT_DESIGN_TAGS]);
    while (tdm_texts_next(&tags, &text)) {
        const uint8_t *colon = memchr(text.data, ':', text.len);
        size_t len = colon == NULL ? 0 : (size_t)(colon - text.data);
        if (colon != NULL)
            add_aim(aims, &count, (tdm_span){ text.data, len }, (tdm_span){ colon + 1, text.len - len - 1 });
    }
    return count;
}

static void tell_aims(tdm_unit_view *view, tdm_tally *tally)
{
    aim aims[AIMS_MAX];
    const tdm_statement *design = tdm_unit_view_detail(view, TDM_TYPE_UNIT_DESIGN);
    size_t count = design == NULL ? 0 : list_aims(design, aims);
    tdm_unit_period at;
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH && count > 0; kind++)
        for (size_t session = 0; tdm_unit_view_period(view, (tdm_period_kind)kind, &session, &at);)
            for (size_t i = 0; i < count; i++) {
                int64_t *n = tdm_tally_at(tally, TDM_TABLE_AIMS, at.period, tdm_org_code_span(&view->lead),
                                          aims[i].kind, aims[i].name);
                n[0] = 1;
                n[1] = at.hours;
            }
}

static void tell_need(tdm_unit_view *view, const tdm_statement *need, tdm_tally *tally)
{
    (void)view;
    char theme[24];
    char level[24];
    const tdm_value *v = need->record.values;
    tdm_date stated = (tdm_date)v[TDM_NEED_STATED].number;
    tdm_span recorder = tdm_org_code_span(&need->recorder);
    tdm_span themed = tdm_word(TDM_ENUM_THEME, &v[TDM_NEED_THEME], theme);
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1, v[TDM_NEED_ANSWERED].present, v[TDM_NEED_SEVERITY].number,
                                           v[TDM_NEED_SEVERITY].present };
    const int64_t barrier[TDM_TABLE_AMOUNTS] = { 1, v[TDM_NEED_ANSWERED].present };
    tdm_tally_on(tally, TDM_TABLE_NEEDS, stated, recorder, themed, v[TDM_NEED_LOCALITY].bytes, n);
    if (v[TDM_NEED_LEVEL].present)
        tdm_tally_on(tally, TDM_TABLE_BARRIERS, stated, recorder,
                     tdm_word(TDM_ENUM_LEVEL, &v[TDM_NEED_LEVEL], level), themed, barrier);
}

/* ---- L7 ---- */

static void alignment(tdm_formula *f)
{
    int64_t needs = tdm_formula_sum(f, TDM_TABLE_NEEDS, 0, TDM_ANY, TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[2], needs);
    tdm_figure_share(&out[3], tdm_formula_sum(f, TDM_TABLE_NEEDS, 1, TDM_ANY, TDM_ANY), needs);
}

/* By the names of one kind of aim: the dimension asked. */
static void write_aims(tdm_formula *f)
{
    size_t count;
    tdm_span kind = tdm_span_text(f->dimension);
    tdm_span *names = tdm_formula_values(f, TDM_TABLE_AIMS, 1, &count);
    for (size_t i = 0; i < count; i++) {
        int64_t units = tdm_formula_sum(f, TDM_TABLE_AIMS, 0, kind, names[i]);
        if (units == 0)
            continue;
        tdm_figure *out = tdm_formula_row(f, names[i]);
        tdm_figure_count(&out[0], units);
        tdm_figure_count(&out[1], tdm_formula_sum(f, TDM_TABLE_AIMS, 1, kind, names[i]));
    }
    free(names);
}

static void write_themes(tdm_formula *f)
{
    size_t count;
    tdm_span *themes = tdm_formula_values(f, TDM_TABLE_NEEDS, 0, &count);
    for (size_t i = 0; i < count; i++) {
        int64_t needs = tdm_formula_sum(f, TDM_TABLE_NEEDS, 0, themes[i], TDM_ANY);
        tdm_figure *out = tdm_formula_row(f, themes[i]);
        tdm_figure_count(&out[2], needs);
        tdm_figure_share(&out[3], tdm_formula_sum(f, TDM_TABLE_NEEDS, 1, themes[i], TDM_ANY), needs);
    }
    free(themes);
}

static void align(tdm_formula *f)
{
    if (f->question->by->by != TDM_BREAK_OWN)
        alignment(f);
    else if (strcmp(f->question->by->word, "theme") == 0)
        write_themes(f);
    else
        write_aims(f);
}

static const tdm_column_row ALIGNMENT_COLUMNS[] = {
    { "units", TDM_SHAPE_COUNT, 0, false, "units that serve it; one may serve several", 0, 0 },
    { "hours", TDM_SHAPE_HOURS, 2, false, "their hours in the period", 0, 0 },
    { "needs", TDM_SHAPE_COUNT, 0, false, "needs found in the period", 0, 0 },
    { "answered", TDM_SHAPE_SHARE, 1, false, "needs that a unit or resource answers", 0, 0 },
};
static const tdm_breakdown_row ALIGNMENT_BREAKDOWNS[] = {
    { "aim", TDM_BREAK_OWN },       { "theme", TDM_BREAK_OWN },
    { "total", TDM_BREAK_TOTAL },   { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR }, { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_L7 = {
    .facts = { .id = "L7",
               .name = "alignment",
               .title = "what the work serves, and which needs it answers",
               .text = "units and hours by objective, framework, method, topic, driver or stage "
                       "(--dimension); needs "
                       "answered / needs, by theme.",
               .class = "sum",
               .version = 1,
               .dimension = "objective",
               TDM_COLUMNS_OF(ALIGNMENT_COLUMNS),
               TDM_BREAKDOWNS_OF(ALIGNMENT_BREAKDOWNS) },
    .tables = { TDM_TABLE_AIMS, TDM_TABLE_NEEDS },
    .of_unit = tell_aims,
    .things = { { TDM_TYPE_NEED, tell_need } },
    .formula = align,
};
