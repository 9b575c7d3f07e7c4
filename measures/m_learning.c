/* SPDX-License-Identifier: MPL-2.0
 *
 * m_learning.c: L4 and L5: change on a scale; cycles, action learning, protected time.
 */
#include "measure_inner.h"

#include <stdlib.h>

#include "bytes.h"

#define NOTHING TDM_SPAN_LITERAL("")

/* ---- L4 ---- */

static void change(tdm_formula *f)
{
    enum { HUNDREDTHS = 100 };
    int64_t n[TDM_TABLE_AMOUNTS];
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        n[i] = tdm_formula_sum(f, TDM_TABLE_RESPONSES, i, TDM_ANY, TDM_ANY);
    const tdm_paired_sums sums = {
        .n = n[3], .sum = n[4], .sum_squares = n[5], .improved = n[6], .unit = HUNDREDTHS
    };
    tdm_paired_change paired = tdm_paired_change_of(&sums);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], n[0]);
    tdm_figure_real(&out[1],
                    n[0] <= 0 ? (tdm_real){ 0 } : tdm_real_of((double)n[1] / HUNDREDTHS / (double)n[0]));
    tdm_figure_count(&out[2], n[3]);
    tdm_figure_real(&out[3], paired.mean);
    tdm_figure_real(&out[4], paired.sd);
    tdm_figure_real(&out[5], paired.standardised);
    tdm_figure_tenths(&out[6], paired.improved.defined, paired.improved.tenths);
    tdm_formula_base(f, n[0]);
    if (n[3] > 0)
        tdm_formula_base(f, n[3]);
}

static const tdm_column_row CHANGE_COLUMNS[] = {
    { "responses", TDM_SHAPE_COUNT, 0, true, "scores given in the period", 0, 0 },
    { "mean", TDM_SHAPE_REAL, 2, true, "mean score", 0, 0 },
    { "pairs", TDM_SHAPE_COUNT, 0, true, "people with a first and a last wave", 0, 0 },
    { "change", TDM_SHAPE_REAL, 2, true, "mean of last - first", 0, 0 },
    { "sd", TDM_SHAPE_REAL, 4, true, "standard deviation of the differences, n - 1", 0, 0 },
    { "standardised", TDM_SHAPE_REAL, 4, true, "change / sd", 0, 0 },
    { "improved", TDM_SHAPE_SHARE, 1, true, "pairs that rose", 0, 0 },
};
static const tdm_breakdown_row CHANGE_BREAKDOWNS[] = {
    { "instrument", TDM_BREAK_A },  { "scale", TDM_BREAK_B },
    { "total", TDM_BREAK_TOTAL },   { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR }, { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_L4 = {
    .facts = { .id = "L4",
               .name = "change",
               .title = "whether scores rise",
               .text = "differences of last and first wave, paired by person at the node: mean, standard "
                       "deviation (n - "
                       "1), mean / sd, share improved. Unpaired waves are never mixed in.",
               .class = "at the node",
               .version = 1,
               .people = true,
               TDM_COLUMNS_OF(CHANGE_COLUMNS),
               TDM_BREAKDOWNS_OF(CHANGE_BREAKDOWNS) },
    .tables = { TDM_TABLE_RESPONSES },
    .formula = change,
};

/* ---- L5: what is added ---- */

enum { PDSA_DATES = 5 };

/* NULL: not stated. */
static const tdm_date *date_of(const tdm_value *value, tdm_date *room)
{
    *room = (tdm_date)value->number;
    return value->present ? room : NULL;
}

static void tell_cycle(tdm_unit_view *view, const tdm_statement *cycle, tdm_tally *tally)
{
    (void)view;
    char digits[24];
    const tdm_value *v = cycle->record.values;
    tdm_date days[PDSA_DATES];
    const tdm_pdsa dates = { .planned = date_of(&v[TDM_PDSA_CYCLE_PLAN], &days[0]),
                             .predicted = date_of(&v[TDM_PDSA_CYCLE_PREDICTION], &days[1]),
                             .done = date_of(&v[TDM_PDSA_CYCLE_DO], &days[2]),
                             .studied = date_of(&v[TDM_PDSA_CYCLE_STUDY], &days[3]),
                             .acted = date_of(&v[TDM_PDSA_CYCLE_ACT], &days[4]) };
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1, tdm_pdsa_is_complete(&dates),
                                           v[TDM_PDSA_CYCLE_CHALLENGE].number == TDM_CHALLENGE_IS_ADAPTIVE };
    tdm_tally_on(tally, TDM_TABLE_CYCLES, (tdm_date)v[TDM_PDSA_CYCLE_PLAN].number,
                 tdm_org_code_span(&cycle->recorder), v[TDM_PDSA_CYCLE_GROUP].bytes,
                 tdm_word(TDM_ENUM_CHALLENGE, &v[TDM_PDSA_CYCLE_CHALLENGE], digits), n);
}

static void tell_protected(tdm_unit_view *view, const tdm_statement *time, tdm_tally *tally)
{
    (void)view;
    const tdm_value *v = time->record.values;
    tdm_date from = (tdm_date)v[TDM_PROTECTED_TIME_FROM].number;
    tdm_span recorder = tdm_org_code_span(&time->recorder);
    const int64_t hours[TDM_TABLE_AMOUNTS] = { v[TDM_PROTECTED_TIME_HOURS].number,
                                               v[TDM_PROTECTED_TIME_PEOPLE].number };
    const int64_t policy[TDM_TABLE_AMOUNTS] = { 1 };
    if (v[TDM_PROTECTED_TIME_HOURS].present)
        tdm_tally_on(tally, TDM_TABLE_PROTECTED, from, recorder, NOTHING, NOTHING, hours);
    if (v[TDM_PROTECTED_TIME_POLICY].number != 0)
        tdm_tally_from(tally, TDM_TABLE_POLICIES, from, v[TDM_PROTECTED_TIME_UNTIL].present,
                       (tdm_date)v[TDM_PROTECTED_TIME_UNTIL].number, recorder, NOTHING, NOTHING, policy);
}

/* Claims of the year of a day that stand. */
static int64_t count_standing(tdm_unit_view *view, tdm_date day)
{
    enum { STANDING = 2 };
    int64_t count = 0;
    tdm_unit_period at;
    tdm_period year = tdm_period_of(TDM_PERIOD_YEAR, day);
    for (size_t session = 0; tdm_unit_view_period(view, TDM_PERIOD_YEAR, &session, &at);) {
        if (at.period.number != year.number)
            continue;
        tdm_links_sort(&view->merged);
        for (size_t link = 0; link < view->merged.count;) {
            tdm_link claim;
            link = tdm_links_claim(&view->merged, link, &claim);
            count += claim.status >= STANDING;
        }
    }
    return count;
}

static bool is_meeting(const tdm_statement *session)
{
    return session->counts
           && session->record.values[TDM_SESSION_TYPE].number == TDM_SESSIONTYPE_IS_ACTION_LEARNING;
}

static void tell_set(tdm_unit_view *view, tdm_tally *tally)
{
    tdm_date *meetings = NULL;
    size_t count = 0;
    for (size_t i = 0; i < view->session_count; i++) {
        if (!is_meeting(&view->statements[view->sessions[i].index]))
            continue;
        if (meetings == NULL)
            meetings = tdm_memory_new(view->session_count * sizeof *meetings);
        meetings[count++] = view->sessions[i].date;
    }
    if (count == 0)
        return;
    tdm_date last = meetings[count - 1];
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1, tdm_meetings_are_regular(meetings, count),
                                           1 + count_standing(view, last) };
    tdm_tally_on(tally, TDM_TABLE_SETS, last, tdm_org_code_span(&view->lead), NOTHING, NOTHING, n);
    free(meetings);
}

/* ---- L5 ---- */

static void learning(tdm_formula *f)
{
    int64_t cycles = tdm_formula_sum(f, TDM_TABLE_CYCLES, 0, TDM_ANY, TDM_ANY);
    int64_t sets = tdm_formula_sum(f, TDM_TABLE_SETS, 0, TDM_ANY, TDM_ANY);
    int64_t people = tdm_formula_sum(f, TDM_TABLE_PROTECTED, 1, TDM_ANY, TDM_ANY);
    int64_t hours = tdm_formula_sum(f, TDM_TABLE_PROTECTED, 0, TDM_ANY, TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], cycles);
    tdm_figure_share(&out[1], tdm_formula_sum(f, TDM_TABLE_CYCLES, 1, TDM_ANY, TDM_ANY), cycles);
    tdm_figure_share(&out[2], tdm_formula_sum(f, TDM_TABLE_CYCLES, 2, TDM_ANY, TDM_ANY), cycles);
    tdm_figure_count(&out[3], sets);
    tdm_figure_share(&out[4], tdm_formula_sum(f, TDM_TABLE_SETS, 1, TDM_ANY, TDM_ANY), sets);
    tdm_figure_real(&out[5], tdm_ratio(tdm_formula_sum(f, TDM_TABLE_SETS, 2, TDM_ANY, TDM_ANY), sets));
    tdm_figure_real(&out[6], tdm_ratio(hours, 100 * people));
}

static const tdm_column_row LEARNING_COLUMNS[] = {
    { "cycles", TDM_SHAPE_COUNT, 0, false, "plan-do-study-act cycles planned in the period", 0, 0 },
    { "complete", TDM_SHAPE_SHARE, 1, false, "four dates in order, a prediction before do", 0, 0 },
    { "adaptive", TDM_SHAPE_SHARE, 1, false, "of cycles, on adaptive challenges", 0, 0 },
    { "sets", TDM_SHAPE_COUNT, 0, false, "action learning sets with their last meeting in the period", 0, 0 },
    { "regular", TDM_SHAPE_SHARE, 1, false, "of sets, no gap over 92 days", 0, 0 },
    { "organisations", TDM_SHAPE_REAL, 2, false, "organisations in a set", 0, 0 },
    { "hours_per_head", TDM_SHAPE_REAL, 2, false, "protected hours / people they are kept for", 0, 0 },
};
static const tdm_breakdown_row LEARNING_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_L5 = {
    .facts = { .id = "L5",
               .name = "learning",
               .title = "whether there is time and a rhythm to learn",
               .text = "complete cycles / cycles; regular action learning sets / sets, organisations in a "
                       "set; protected "
                       "hours per head.",
               .class = "within the dossier",
               .version = 1,
               TDM_COLUMNS_OF(LEARNING_COLUMNS),
               TDM_BREAKDOWNS_OF(LEARNING_BREAKDOWNS) },
    .tables = { TDM_TABLE_CYCLES, TDM_TABLE_SETS, TDM_TABLE_PROTECTED },
    .of_unit = tell_set,
    .things = { { TDM_TYPE_PDSA_CYCLE, tell_cycle }, { TDM_TYPE_PROTECTED_TIME, tell_protected } },
    .formula = learning,
};
