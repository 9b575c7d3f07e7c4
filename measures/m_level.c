/* SPDX-License-Identifier: MPL-2.0
 *
 * m_level.c: C1 to C8, figures of the level's rows (docs/figures.md sections 6 and 11).
 */
#include "bytes.h"
#include "measure_inner.h"
#include "target.h"

#include <stdlib.h>

static const tdm_breakdown_row BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },   { "programme", TDM_BREAK_PROGRAMME }, { "kind", TDM_BREAK_KIND },
    { "lead", TDM_BREAK_LEAD },     { "locality", TDM_BREAK_LOCALITY },   { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION }, { "core_programme", TDM_BREAK_CORE },
};

static tdm_figure *level_row(tdm_formula *f)
{
    return f->level == NULL ? NULL : tdm_formula_row(f, f->group);
}

/* ---- C1 to C4 ---- */

static void rest_on(tdm_formula *f, int64_t people)
{
    if (people > 0)
        tdm_formula_base(f, people);
}

/* Each line holds the next: whoever sees two of them sees the people between. */
static void set_base(tdm_formula *f)
{
    int64_t wider = f->level->people;
    rest_on(f, wider);
    for (size_t line = 0; line < TDM_LINES; line++) {
        rest_on(f, f->level->people_joint[line]);
        rest_on(f, tdm_take_wrapping(wider, f->level->people_joint[line]));
        wider = f->level->people_joint[line];
    }
}

static void weighted_level(tdm_formula *f)
{
    tdm_figure *out = level_row(f);
    if (out == NULL)
        return;
    tdm_figure_count(out++, f->level->amount);
    for (size_t line = 0; line < TDM_LINES; line++)
        tdm_figure_count(out++, f->level->joint[line]);
    for (size_t line = 0; line < TDM_LINES; line++)
        tdm_figure_tenths(out++, f->level->level_defined, f->level->level[line]);
    set_base(f);
}

#define LEVEL_COLUMNS(SHAPE, PEOPLE, unit)                                                                   \
    {                                                                                                        \
        { "amount", SHAPE, 0, PEOPLE, "all " unit, 0, 0 },                                                   \
            { "joint_asserted", SHAPE, 0, PEOPLE, "of joint units, as claimed", 0, 0 },                      \
            { "joint_standing", SHAPE, 0, PEOPLE, "of joint units that nobody entitled disputes", 0, 0 },    \
            { "joint_corroborated", SHAPE, 0, PEOPLE, "of joint units that the partner confirms", 0, 0 },    \
            { "asserted", TDM_SHAPE_SHARE, 1, PEOPLE, "share as claimed", 2, 1 },                            \
            { "standing", TDM_SHAPE_SHARE, 1, PEOPLE, "share that nobody entitled disputes", 3, 1 },         \
            { "corroborated", TDM_SHAPE_SHARE, 1, PEOPLE, "share that partners confirm", 4, 1 },             \
    }
static const tdm_column_row COUNT_COLUMNS[] = LEVEL_COLUMNS(TDM_SHAPE_COUNT, false, "units");
static const tdm_column_row HOUR_COLUMNS[] = LEVEL_COLUMNS(TDM_SHAPE_HOURS, false, "hours");
static const tdm_column_row PEOPLE_COLUMNS[] = LEVEL_COLUMNS(TDM_SHAPE_COUNT, true, "participants");
static const tdm_column_row PEOPLE_HOUR_COLUMNS[] =
    LEVEL_COLUMNS(TDM_SHAPE_HOURS, true, "hours times people attending");

#define LEVEL_MEASURE(ID, word, heading, words, WEIGHT, COLUMNS, PEOPLE)                                     \
    const tdm_measure TDM_MEASURE_##ID = {                                                                   \
        .facts = { .id = #ID,                                                                                \
                   .name = word,                                                                             \
                   .title = heading,                                                                         \
                   .text = words,                                                                            \
                   .class = "sum",                                                                           \
                   .version = 1,                                                                             \
                   .people = PEOPLE,                                                                         \
                   TDM_COLUMNS_OF(COLUMNS),                                                                  \
                   TDM_BREAKDOWNS_OF(BREAKDOWNS) },                                                          \
        .level = true,                                                                                       \
        .weight = WEIGHT,                                                                                    \
        .formula = weighted_level,                                                                           \
    }

LEVEL_MEASURE(C1, "level", "how much of the work is joint",
              "100 x joint units / units delivered, on three lines: as claimed, standing, corroborated. The "
              "truth lies between corroborated and asserted.",
              TDM_WEIGHT_COUNT, COUNT_COLUMNS, false);
LEVEL_MEASURE(C2, "level_hours", "how much of the hours is joint",
              "100 x hours of joint units / hours of all units.", TDM_WEIGHT_HOURS, HOUR_COLUMNS, false);
LEVEL_MEASURE(C3, "level_participants", "how many participants are in joint units",
              "100 x participants of joint units / all participants: distinct people within a unit.",
              TDM_WEIGHT_PARTICIPANTS, PEOPLE_COLUMNS, true);
LEVEL_MEASURE(C4, "level_participant_hours", "how much of the time people spend is joint",
              "100 x sum over sessions of hours x people attending, of joint units / of all.",
              TDM_WEIGHT_PARTICIPANT_HOURS, PEOPLE_HOUR_COLUMNS, true);

/* ---- C5 ---- */

static void phases(tdm_formula *f)
{
    tdm_figure *out = level_row(f);
    if (out == NULL)
        return;
    tdm_figure_count(out++, f->level->units);
    for (size_t phase = 0; phase < 3; phase++)
        tdm_figure_share(out++, f->level->phase_units[phase], f->level->units);
    tdm_figure_share(out++, f->level->all_phases_units, f->level->units);
    tdm_figure_share(out, f->level->depth, 3 * f->level->units);
}

static const tdm_column_row PHASE_COLUMNS[] = {
    { "units", TDM_SHAPE_COUNT, 0, false, "units delivered", 0, 0 },
    { "plan", TDM_SHAPE_SHARE, 1, false, "with a corroborated partner in planning", 0, 0 },
    { "deliver", TDM_SHAPE_SHARE, 1, false, "with a corroborated partner in delivery", 0, 0 },
    { "support", TDM_SHAPE_SHARE, 1, false, "with a corroborated partner in support", 0, 0 },
    { "all_phases", TDM_SHAPE_SHARE, 1, false, "in all three", 0, 0 },
    { "depth", TDM_SHAPE_SHARE, 1, false, "mean share of the three phases", 0, 0 },
};

const tdm_measure TDM_MEASURE_C5 = {
    .facts = { .id = "C5",
               .name = "phases",
               .title = "in which phases partners take part",
               .text = "share of units with a corroborated partner in plan, deliver, support, and in all "
                       "three; mean "
                       "depth = phases / (3 x units).",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(PHASE_COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .level = true,
    .formula = phases,
};

/* ---- C6 ---- */

static void claims(tdm_formula *f)
{
    tdm_figure *out = level_row(f);
    if (out == NULL)
        return;
    const tdm_level_row *row = f->level;
    tdm_figure_count(out++, row->claims);
    tdm_figure_share(out++, row->claims_corroborated, row->claims);
    tdm_figure_share(out++, row->claims_disputed, row->claims);
    tdm_figure_share(out++, row->claims_unanswered, row->claims);
    tdm_figure_tenths(out, row->median_days_defined, row->median_days);
}

static const tdm_column_row CLAIM_COLUMNS[] = {
    { "claims", TDM_SHAPE_COUNT, 0, false, "unit x partner, phases together", 0, 0 },
    { "corroborated", TDM_SHAPE_SHARE, 1, false, "confirmed by the partner", 0, 0 },
    { "disputed", TDM_SHAPE_SHARE, 1, false, "disputed by the partner", 0, 0 },
    { "unanswered", TDM_SHAPE_SHARE, 1, false, "not answered yet", 0, 0 },
    { "median_days", TDM_SHAPE_COUNT, 0, false, "from the claim to its answer, lower middle", 0, 0 },
};

const tdm_measure TDM_MEASURE_C6 = {
    .facts = { .id = "C6",
               .name = "corroboration",
               .title = "how many claims partners confirm",
               .text = "corroborated, disputed and unanswered claims / asserted claims; median of whole days "
                       "to the "
                       "answer.",
               .class = "median",
               .version = 1,
               TDM_COLUMNS_OF(CLAIM_COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .level = true,
    .formula = claims,
};

/* ---- C7 ---- */

/* The least-squares line through the group's levels up to this period, at the next. */
static tdm_share forecast(const tdm_formula *f)
{
    tdm_forecast_point *points = tdm_memory_new((f->history_count + 1) * sizeof *points);
    size_t count = 0;
    for (size_t i = 0; i < f->history_count; i++) {
        const tdm_level_row *row = &f->history[i];
        if (row->level_defined && row->period.number <= f->period.number
            && strcmp(row->group, f->level->group) == 0)
            points[count++] = (tdm_forecast_point){ row->period.number, row->level[TDM_LINE_CORROBORATED] };
    }
    tdm_share next = tdm_forecast_at(points, count, (int64_t)f->period.number + 1);
    free(points);
    return next;
}

static void target(tdm_formula *f)
{
    tdm_figure *out = level_row(f);
    if (out == NULL)
        return;
    const tdm_level_row *row = f->level;
    int64_t level = row->level[TDM_LINE_CORROBORATED];
    tdm_share next = forecast(f);
    tdm_figure_tenths(out++, row->level_defined, level);
    tdm_figure_tenths(out++, true, row->target);
    tdm_figure_tenths(out++, row->level_defined, row->gap);
    tdm_figure_count(out++, row->to_convert);
    tdm_figure_tenths(out++, true, tdm_target_at_end(f->registry, tdm_period_year(f->period).number));
    tdm_figure_tenths(out++, row->level_defined, 1000 - level);
    tdm_figure_tenths(out, next.defined, next.tenths);
}

static const tdm_column_row TARGET_COLUMNS[] = {
    { "level", TDM_SHAPE_SHARE, 1, false, "corroborated", 0, 0 },
    { "target", TDM_SHAPE_SHARE, 1, false, "expected on the period's last day, or today if that is earlier",
      0, 0 },
    { "gap", TDM_SHAPE_SHARE, 1, false, "level less target, in points", 0, 0 },
    { "to_convert", TDM_SHAPE_COUNT, 0, false, "units to become joint to meet the year's target", 0, 0 },
    { "year_end", TDM_SHAPE_SHARE, 1, false, "target at the end of the financial year", 0, 0 },
    { "uni_organisational", TDM_SHAPE_SHARE, 1, false, "100 less the level", 0, 0 },
    { "forecast", TDM_SHAPE_SHARE, 1, false, "next period by the least-squares line through all so far", 0,
      0 },
};

const tdm_measure TDM_MEASURE_C7 = {
    .facts = { .id = "C7",
               .name = "target",
               .title = "where the level stands against the target",
               .text = "in-year expectation = start + (end - start) x days elapsed / days in the year; gap = "
                       "level - "
                       "expectation; to convert = ceil(target x units) - joint. The forecast is the ordinary "
                       "least-squares line through the levels of this and all earlier periods of the kind, "
                       "at the "
                       "next one, kept within 0 and 100; two periods at least.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(TARGET_COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .level = true,
    .history = true,
    .formula = target,
};

/* ---- C8 ---- */

static void revision(tdm_formula *f)
{
    tdm_figure *out = level_row(f);
    if (out == NULL)
        return;
    const tdm_level_row *row = f->level;
    tdm_figure_tenths(out++, row->published, row->published_level);
    tdm_figure_tenths(out++, row->level_defined, row->level[TDM_LINE_CORROBORATED]);
    tdm_figure_tenths(out++, row->published && row->level_defined, row->revision);
    tdm_figure_share(out++, row->late, row->facts);
    tdm_figure_share(out, row->returns_received, row->returns_expected);
}

static const tdm_column_row REVISION_COLUMNS[] = {
    { "published", TDM_SHAPE_SHARE, 1, false, "as published", 0, 0 },
    { "level", TDM_SHAPE_SHARE, 1, false, "as it is now", 0, 0 },
    { "revision", TDM_SHAPE_SHARE, 1, false, "now less published, of exact values, in points", 0, 0 },
    { "late", TDM_SHAPE_SHARE, 1, false, "facts that came after the period was closed", 0, 0 },
    { "completeness", TDM_SHAPE_SHARE, 1, false, "returns received of those expected (total only)", 0, 0 },
};

const tdm_measure TDM_MEASURE_C8 = {
    .facts = { .id = "C8",
               .name = "revision",
               .title = "what changed since it was published",
               .text = "current - published, in points; late facts / all facts of a closed period; returns "
                       "received / "
                       "expected.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(REVISION_COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .level = true,
    .formula = revision,
};
