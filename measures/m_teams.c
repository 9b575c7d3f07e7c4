/* SPDX-License-Identifier: MPL-2.0
 *
 * m_teams.c: L3 and C10: real teams and pseudo teams, and how sure a sample is.
 */
#include "bytes.h"
#include "measure_inner.h"

typedef struct team_classes {
    int64_t real;
    int64_t pseudo;
    int64_t none;
    int64_t incomplete;
    int64_t in_team;
    int64_t answers;
} team_classes;

static int64_t of_class(const tdm_formula *f, tdm_span word)
{
    return tdm_formula_sum(f, TDM_TABLE_TEAM_ANSWERS, 0, TDM_ANY, word);
}

static team_classes read_classes(const tdm_formula *f)
{
    team_classes all = { .real = of_class(f, TDM_SPAN_LITERAL("real")),
                         .pseudo = of_class(f, TDM_SPAN_LITERAL("pseudo")),
                         .none = of_class(f, TDM_SPAN_LITERAL("none")),
                         .incomplete = of_class(f, TDM_SPAN_LITERAL("incomplete")) };
    all.in_team = tdm_add_wrapping(tdm_add_wrapping(all.real, all.pseudo), all.incomplete);
    all.answers = tdm_add_wrapping(all.in_team, all.none);
    return all;
}

static const tdm_breakdown_row BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },
    { "team", TDM_BREAK_A },
    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
};

/* ---- L3 ---- */

static void teams(tdm_formula *f)
{
    team_classes all = read_classes(f);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], all.answers);
    tdm_figure_share(&out[1], all.in_team, all.answers);
    tdm_figure_share(&out[2], all.real, all.answers);
    tdm_figure_share(&out[3], all.pseudo, all.answers);
    tdm_figure_share(&out[4], all.none, all.answers);
    tdm_figure_share(&out[5], all.real, all.in_team);
    tdm_figure_count(&out[6], all.incomplete);
    tdm_formula_base(f, all.answers);
}

static const tdm_column_row TEAM_COLUMNS[] = {
    { "answers", TDM_SHAPE_COUNT, 0, true, "that say whether one works in a team", 0, 0 },
    { "in_team", TDM_SHAPE_SHARE, 1, true, "work in a team", 0, 0 },
    { "real", TDM_SHAPE_SHARE, 1, true, "clear objectives, close work, regular review: all three", 0, 0 },
    { "pseudo", TDM_SHAPE_SHARE, 1, true, "one of the three is missing", 0, 0 },
    { "none", TDM_SHAPE_SHARE, 1, true, "work in no team", 0, 0 },
    { "real_in_team", TDM_SHAPE_SHARE, 1, true, "real of those in a team", 0, 0 },
    { "incomplete", TDM_SHAPE_COUNT, 0, true, "an item is not answered: neither real nor pseudo", 0, 0 },
};

const tdm_measure TDM_MEASURE_L3 = {
    .facts = { .id = "L3",
               .name = "teams",
               .title = "whether teams are real teams",
               .text = "of the answers to the four team questions: in a team, real team (all three yes), "
                       "pseudo team, no "
                       "team; real among those in a team. By team: boards (top) and others.",
               .class = "at the node",
               .version = 1,
               .people = true,
               TDM_COLUMNS_OF(TEAM_COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .tables = { TDM_TABLE_TEAM_ANSWERS },
    .formula = teams,
};

/* ---- C10 ---- */

static void sample(tdm_formula *f)
{
    team_classes all = read_classes(f);
    tdm_interval interval = tdm_wilson(all.real, all.answers);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], all.answers);
    tdm_figure_share(&out[1], all.real, all.answers);
    tdm_figure_tenths(&out[2], interval.defined, interval.low);
    tdm_figure_tenths(&out[3], interval.defined, interval.high);
    tdm_formula_base(f, all.answers);
}

static const tdm_column_row SAMPLE_COLUMNS[] = {
    { "answers", TDM_SHAPE_COUNT, 0, true, "people who answered", 0, 0 },
    { "share", TDM_SHAPE_SHARE, 1, true, "in a real team", 0, 0 },
    { "low", TDM_SHAPE_SHARE, 1, true, "lower end, 95 %", 0, 0 },
    { "high", TDM_SHAPE_SHARE, 1, true, "upper end, 95 %", 0, 0 },
};

const tdm_measure TDM_MEASURE_C10 = {
    .facts = { .id = "C10",
               .name = "sample_interval",
               .title = "how sure a survey's share is",
               .text = "Wilson's interval, z = 1.959964, of the share of people in real teams. A level over "
                       "all units "
                       "needs none: it is a census.",
               .class = "at the node",
               .version = 1,
               .people = true,
               TDM_COLUMNS_OF(SAMPLE_COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .tables = { TDM_TABLE_TEAM_ANSWERS },
    .formula = sample,
};
