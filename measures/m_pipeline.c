/* SPDX-License-Identifier: MPL-2.0
 *
 * m_pipeline.c: R7 and L1: places and applicants; facilitators and their stages.
 */
#include "measure_inner.h"

#include <stdlib.h>

#include "bytes.h"

#define NOTHING TDM_SPAN_LITERAL("")

/* Days in five digits in a dimension of a table; `a` chooses rows (data NULL: all, days in a). */
static bool median_days(const tdm_formula *f, int table, tdm_span a, int64_t *median)
{
    size_t count;
    size_t bins = 0;
    tdm_span *days = tdm_formula_values(f, table, a.data == NULL ? 0 : 1, &count);
    tdm_bin *bin = tdm_memory_new((count + 1) * sizeof *bin);
    for (size_t i = 0; i < count; i++) {
        int64_t number = 0;
        bool digits = days[i].len > 0;
        for (size_t d = 0; d < days[i].len; d++) {
            digits = digits && days[i].data[d] >= '0' && days[i].data[d] <= '9' && number < 1000000;
            number = digits ? number * 10 + days[i].data[d] - '0' : 0;
        }
        int64_t amount = a.data == NULL ? tdm_formula_sum(f, table, 0, days[i], TDM_ANY)
                                        : tdm_formula_sum(f, table, 0, a, days[i]);
        if (digits && amount != 0)
            bin[bins++] = (tdm_bin){ number, amount };
    }
    bool found = tdm_median(bin, bins, median);
    free(bin);
    free(days);
    return found;
}

/* ---- R7 ---- */

static void tell_places(tdm_unit_view *view, tdm_tally *tally)
{
    const tdm_statement *design = tdm_unit_view_detail(view, TDM_TYPE_UNIT_DESIGN);
    const tdm_value *unit = tdm_unit_view_record(view)->values;
    if (design == NULL || !design->record.values[TDM_UNIT_DESIGN_PLACES].present
        || unit[TDM_UNIT_STATUS].number == TDM_STATUS_IS_CANCELLED)
        return;
    const int64_t n[TDM_TABLE_AMOUNTS] = { design->record.values[TDM_UNIT_DESIGN_PLACES].number, 1 };
    tdm_tally_on(tally, TDM_TABLE_PLACES, view->start, tdm_org_code_span(&view->lead), NOTHING, NOTHING, n);
}

static void capacity(tdm_formula *f)
{
    int64_t places = tdm_formula_sum(f, TDM_TABLE_PLACES, 0, TDM_ANY, TDM_ANY);
    int64_t applied = tdm_formula_sum(f, TDM_TABLE_APPLICATIONS, 0, TDM_SPAN_LITERAL("applied"), TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], places);
    tdm_figure_count(&out[1], applied);
    tdm_figure_real(&out[2], tdm_ratio(places, applied));
    tdm_figure_count(&out[3], applied > places ? tdm_take_wrapping(applied, places) : 0);
    out[4].defined = median_days(f, TDM_TABLE_WAITING, TDM_ANY, &out[4].number);
    tdm_figure_count(&out[5],
                     tdm_formula_sum(f, TDM_TABLE_APPLICATIONS, 0, TDM_SPAN_LITERAL("refused"), TDM_ANY));
    tdm_figure_count(&out[6],
                     tdm_formula_sum(f, TDM_TABLE_APPLICATIONS, 0, TDM_SPAN_LITERAL("withdrew"), TDM_ANY));
    tdm_formula_base(f, applied);
}

static void reasons(tdm_formula *f)
{
    size_t count;
    tdm_span *reason = tdm_formula_values(f, TDM_TABLE_APPLICATIONS, 1, &count);
    for (size_t i = 0; i < count; i++) {
        if (reason[i].len == 0)
            continue;
        tdm_figure *out = tdm_formula_row(f, reason[i]);
        tdm_figure_count(
            &out[5], tdm_formula_sum(f, TDM_TABLE_APPLICATIONS, 0, TDM_SPAN_LITERAL("refused"), reason[i]));
        tdm_figure_count(
            &out[6], tdm_formula_sum(f, TDM_TABLE_APPLICATIONS, 0, TDM_SPAN_LITERAL("withdrew"), reason[i]));
    }
    free(reason);
}

static void capacity_or_reasons(tdm_formula *f)
{
    if (f->question->by->by == TDM_BREAK_OWN)
        reasons(f);
    else
        capacity(f);
}

static const tdm_column_row CAPACITY_COLUMNS[] = {
    { "places", TDM_SHAPE_COUNT, 0, false, "offered by units that start in the period", 0, 0 },
    { "applicants", TDM_SHAPE_COUNT, 0, true, "applications made", 0, 0 },
    { "capacity", TDM_SHAPE_REAL, 2, true, "places / applicants", 0, 0 },
    { "unmet", TDM_SHAPE_COUNT, 0, true, "applicants beyond the places", 0, 0 },
    { "median_days", TDM_SHAPE_COUNT, 0, true, "from applying to enrolling, lower middle", 0, 0 },
    { "refused", TDM_SHAPE_COUNT, 0, true, "applications refused", 0, 0 },
    { "withdrew", TDM_SHAPE_COUNT, 0, true, "applications withdrawn", 0, 0 },
};
static const tdm_breakdown_row CAPACITY_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "reason", TDM_BREAK_OWN },
    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_R7 = {
    .facts = { .id = "R7",
               .name = "capacity",
               .title = "whether there are places for those who apply",
               .text = "places / applicants; unmet = applicants - places, at least 0; median of the days "
                       "people waited; "
                       "refusals and withdrawals by reason.",
               .class = "median",
               .version = 1,
               .people = true,
               TDM_COLUMNS_OF(CAPACITY_COLUMNS),
               TDM_BREAKDOWNS_OF(CAPACITY_BREAKDOWNS) },
    .tables = { TDM_TABLE_PLACES, TDM_TABLE_APPLICATIONS, TDM_TABLE_WAITING },
    .of_unit = tell_places,
    .formula = capacity_or_reasons,
};

/* ---- L1 ---- */

static int64_t in_state(const tdm_formula *f, tdm_span stage, const char *state)
{
    return tdm_formula_sum(f, TDM_TABLE_STAGES, 0, stage, tdm_span_text(state));
}

/* Stages that anybody entered or passed, in order: not the Faculty, which one joins. The caller's to free. */
static tdm_span *list_stages(const tdm_formula *f, size_t *count)
{
    size_t all;
    tdm_span *stage = tdm_formula_values(f, TDM_TABLE_STAGES, 0, &all);
    *count = 0;
    for (size_t i = 0; i < all; i++)
        if (in_state(f, stage[i], "entered") != 0 || in_state(f, stage[i], "passed") != 0)
            stage[(*count)++] = stage[i];
    return stage;
}

static void stages(tdm_formula *f)
{
    size_t count;
    int64_t before = 0;
    tdm_span *stage = list_stages(f, &count);
    for (size_t i = 0; i < count; i++) {
        int64_t entered = in_state(f, stage[i], "entered");
        int64_t passed = in_state(f, stage[i], "passed");
        tdm_figure *out = tdm_formula_row(f, stage[i]);
        tdm_figure_count(&out[0], entered);
        tdm_figure_count(&out[1], passed);
        tdm_figure_share(&out[2], passed, i == 0 ? entered : before);
        out[3].defined = median_days(f, TDM_TABLE_STAGE_DAYS, stage[i], &out[3].number);
        tdm_figure_count(
            &out[4], tdm_formula_sum(f, TDM_TABLE_STAGE_DAYS, 0, stage[i], TDM_SPAN_LITERAL("backwards")));
        tdm_formula_base(f, i == 0 ? entered : before);
        before = passed;
    }
    free(stage);
}

static void pipeline(tdm_formula *f)
{
    if (f->question->by->by == TDM_BREAK_OWN) {
        stages(f);
        return;
    }
    size_t count;
    tdm_span *stage = list_stages(f, &count);
    int64_t faculty = tdm_formula_sum(f, TDM_TABLE_FACULTY, 0, TDM_ANY, TDM_ANY);
    int64_t active = tdm_formula_sum(f, TDM_TABLE_FACULTY, 1, TDM_ANY, TDM_ANY);
    int64_t reached = tdm_formula_sum(f, TDM_TABLE_FACULTY, 2, TDM_ANY, TDM_ANY);
    int64_t entered = count == 0 ? 0 : in_state(f, stage[0], "entered");
    int64_t passed = 0;
    for (size_t i = 0; i < count; i++)
        passed = in_state(f, stage[i], "passed") > 0 ? in_state(f, stage[i], "passed") : passed;
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], entered);
    tdm_figure_count(&out[1], passed);
    tdm_figure_share(&out[5], passed, entered);
    tdm_figure_count(&out[6], faculty);
    tdm_figure_count(&out[7], active);
    tdm_figure_share(&out[8], active, faculty);
    tdm_figure_real(&out[9], tdm_ratio(reached, faculty));
    tdm_figure_count(&out[10],
                     tdm_formula_sum(f, TDM_TABLE_STAGES, 0, TDM_ANY, TDM_SPAN_LITERAL("launched")));
    tdm_formula_base(f, entered > 0 && (faculty == 0 || entered < faculty) ? entered : faculty);
    free(stage);
}

static const tdm_column_row PIPELINE_COLUMNS[] = {
    { "entered", TDM_SHAPE_COUNT, 0, true, "facilitators who entered the stage (total: the first)", 0, 0 },
    { "passed", TDM_SHAPE_COUNT, 0, true, "who passed it (total: the last that anybody passed)", 0, 0 },
    { "conversion", TDM_SHAPE_SHARE, 1, true,
      "passed of those who passed the stage before; first: of entered", 0, 0 },
    { "median_days", TDM_SHAPE_COUNT, 0, true, "from entering to passing, lower middle", 0, 0 },
    { "backwards", TDM_SHAPE_COUNT, 0, true, "passed before entered: left out of the median", 0, 0 },
    { "yield", TDM_SHAPE_SHARE, 1, true, "passed the last of those who entered the first", 0, 0 },
    { "faculty", TDM_SHAPE_COUNT, 0, true, "members on the period's last day", 0, 0 },
    { "active", TDM_SHAPE_COUNT, 0, true, "of them, delivered in the last 365 days", 0, 0 },
    { "active_share", TDM_SHAPE_SHARE, 1, true, "active of members", 0, 0 },
    { "cascade", TDM_SHAPE_REAL, 1, true, "people reached in the period for each member", 0, 0 },
    { "launched", TDM_SHAPE_COUNT, 0, true, "launches at home in the period", 0, 0 },
};
static const tdm_breakdown_row PIPELINE_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "stage", TDM_BREAK_OWN },
    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_L1 = {
    .facts = { .id = "L1",
               .name = "pipeline",
               .title = "whether facilitators who are trained deliver",
               .text = "conversion from stage to stage, yield, median days in a stage; Faculty active = "
                       "delivered in the "
                       "last 365 days; cascade = people reached by the Faculty / Faculty.",
               .class = "at the node",
               .version = 1,
               .people = true,
               TDM_COLUMNS_OF(PIPELINE_COLUMNS),
               TDM_BREAKDOWNS_OF(PIPELINE_BREAKDOWNS) },
    .tables = { TDM_TABLE_STAGES, TDM_TABLE_STAGE_DAYS, TDM_TABLE_FACULTY },
    .formula = pipeline,
};
