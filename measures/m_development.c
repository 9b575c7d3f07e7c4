/* SPDX-License-Identifier: MPL-2.0
 *
 * m_development.c: L10: whether appraisal, mentoring and careers reach everyone.
 */
#include "m_staff.h"

static int64_t people_with(const tdm_formula *f, const char *kind, size_t n)
{
    return tdm_formula_sum(f, TDM_TABLE_DEVELOPMENT, n, tdm_span_text(kind), TDM_ANY);
}

static void development(tdm_formula *f)
{
    static const char *const KINDS[] = { "appraisal_held", "mentor_paired", "plan_made", "career_talk",
                                         "moved_up" };
    int64_t staff = tdm_staff(f, TDM_SPAN_LITERAL(""), TDM_SPAN_LITERAL(""));
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], staff);
    for (size_t i = 0; i < TDM_COUNT(KINDS); i++) {
        int64_t people = people_with(f, KINDS[i], 0);
        tdm_figure_count(&out[1 + 2 * i], people);
        tdm_figure_share(&out[2 + 2 * i], people, staff);
    }
    tdm_figure_share(&out[11], people_with(f, KINDS[0], 2), people_with(f, KINDS[0], 1));
    tdm_formula_base(f, staff);
}

static const tdm_column_row COLUMNS[] = {
    { "staff", TDM_SHAPE_COUNT, 0, true, "in post on the day", 0, 0 },
    { "appraised", TDM_SHAPE_COUNT, 0, true, "people with an appraisal in the period", 0, 0 },
    { "appraisal", TDM_SHAPE_SHARE, 1, true, "of staff", 2, 1 },
    { "mentored", TDM_SHAPE_COUNT, 0, true, "people paired with a mentor", 0, 0 },
    { "mentoring", TDM_SHAPE_SHARE, 1, true, "of staff", 4, 1 },
    { "planned", TDM_SHAPE_COUNT, 0, true, "people with a personal plan made", 0, 0 },
    { "plans", TDM_SHAPE_SHARE, 1, true, "of staff", 6, 1 },
    { "talked", TDM_SHAPE_COUNT, 0, true, "people with a career talk", 0, 0 },
    { "career_talks", TDM_SHAPE_SHARE, 1, true, "of staff", 8, 1 },
    { "moved", TDM_SHAPE_COUNT, 0, true, "people who moved up a level", 0, 0 },
    { "moves", TDM_SHAPE_SHARE, 1, true, "per 100 staff", 10, 1 },
    { "good_appraisals", TDM_SHAPE_SHARE, 1, true,
      "appraisals with clear objectives in which people felt valued", 0, 0 },
};
static const tdm_breakdown_row BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_L10 = {
    .facts = { .id = "L10",
               .name = "development",
               .title = "whether appraisal, mentoring and careers reach everyone",
               .text = "people with an appraisal, a mentor, a plan, a career talk, a move up a level / staff "
                       "in post; "
                       "quality of appraisals.",
               .class = "at the node",
               .version = 1,
               .people = true,
               .indicator = "workforce",
               TDM_COLUMNS_OF(COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .tables = { TDM_TABLE_DEVELOPMENT, TDM_TABLE_REFERENCE },
    .formula = development,
};
