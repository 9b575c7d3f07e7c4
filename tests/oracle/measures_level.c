/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_level.c: C1 to C8, columns of the level's rows (docs/figures.md sections 6 and 11).
 */
#include "measures_parts.h"

#include <string.h>

typedef void filler(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight, oracle_row *row);

static tdm_dimension dimension_of(const char *by)
{
    static const struct {
        const char *word;
        int by;
    } WORDS[] = { { "total", TDM_BY_TOTAL },       { "programme", TDM_BY_PROGRAMME },
                  { "kind", TDM_BY_KIND },         { "lead", TDM_BY_LEAD },
                  { "locality", TDM_BY_LOCALITY }, { "sector", TDM_BY_SECTOR },
                  { "region", ORACLE_BY_REGION },  { "core_programme", ORACLE_BY_CORE } };
    size_t at = 0;
    while (strcmp(WORDS[at].word, by) != 0)
        at++;
    return (tdm_dimension)WORDS[at].by;
}

static void make(const tdm_oracle *o, const tdm_oracle_question *asked, tdm_weight weight, filler *fill,
                 oracle_rows *rows)
{
    tdm_level_question question = { .has_year = asked->has_year,
                                    .year = asked->year,
                                    .period_kind = asked->period_kind,
                                    .by = dimension_of(asked->by),
                                    .weight = weight,
                                    .planned = asked->planned,
                                    .as_of = asked->as_of };
    tdm_oracle_row *level;
    size_t count;
    tdm_oracle_level(o, &question, &level, &count);
    for (size_t i = 0; i < count; i++) {
        oracle_row row = { .period = level[i].period };
        TDM_ASSERT(level[i].group.len < sizeof(row.group));
        if (level[i].group.len > 0)
            memcpy(row.group, level[i].group.data, level[i].group.len);
        fill(o, &level[i], weight, &row);
        ORACLE_PUSH(rows->list, rows->count, row);
    }
    free(level);
}

static void amount(oracle_row *row, const char *name, tdm_weight weight, int64_t number)
{
    bool hours = weight == TDM_WEIGHT_HOURS || weight == TDM_WEIGHT_PARTICIPANT_HOURS;
    (hours ? oracle_hours : oracle_count)(row, name, number);
}

static void fill_level(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight, oracle_row *row)
{
    static const char *const JOINT[] = { "joint_asserted", "joint_standing", "joint_corroborated" };
    static const char *const LEVEL[] = { "level_asserted", "level_standing", "level_corroborated" };
    (void)o;
    oracle_count(row, "units", level->units);
    amount(row, "amount", weight, level->amount);
    for (int line = 0; line < TDM_LINES; line++)
        amount(row, JOINT[line], weight, level->joint[line]);
    for (int line = 0; line < TDM_LINES; line++)
        oracle_share_of(row, LEVEL[line], level->joint[line], level->amount);
}

static void fill_phases(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight, oracle_row *row)
{
    static const char *const PHASES[] = { "plan", "deliver", "support" };
    (void)o;
    (void)weight;
    for (int phase = 0; phase < 3; phase++)
        oracle_share_of(row, PHASES[phase], level->phase_units[phase], level->units);
    oracle_share_of(row, "all_phases", level->all_phases_units, level->units);
    oracle_share_of(row, "depth", level->depth, 3 * level->units);
}

static void fill_answers(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight, oracle_row *row)
{
    (void)o;
    (void)weight;
    oracle_share_of(row, "corroborated", level->claims_corroborated, level->claims);
    oracle_share_of(row, "disputed", level->claims_disputed, level->claims);
    oracle_share_of(row, "unanswered", level->claims_unanswered, level->claims);
    if (level->median_days_defined)
        oracle_count(row, "median_days", level->median_days);
    else
        oracle_undefined(row, "median_days", TDM_SHAPE_COUNT);
}

static void fill_target(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight, oracle_row *row)
{
    bool defined = level->level_defined != 0;
    int64_t reached = level->level[TDM_LINE_CORROBORATED];
    (void)weight;
    oracle_tenths(row, "level", defined, reached);
    oracle_tenths(row, "target", true, level->target);
    oracle_tenths(row, "gap", defined, level->gap);
    oracle_count(row, "to_convert", level->to_convert);
    oracle_tenths(row, "year_end", true, oracle_year_end(o, oracle_period_year(level->period)));
    oracle_tenths(row, "uni_organisational", defined, 1000 - reached);
    oracle_tenths(row, "forecast", false, 0); /* the page gives it no formula */
}

static void fill_revision(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight,
                          oracle_row *row)
{
    bool published = level->published != 0;
    (void)o;
    (void)weight;
    oracle_tenths(row, "published", published, level->published_level);
    oracle_tenths(row, "level", level->level_defined != 0, level->level[TDM_LINE_CORROBORATED]);
    oracle_tenths(row, "revision", published, level->revision);
    oracle_share_of(row, "late", level->late, level->facts);
    oracle_share_of(row, "completeness", level->returns_received, level->returns_expected);
}

#define LEVEL_MEASURE(name, weight, fill)                                                                    \
    void name(const tdm_oracle *o, const tdm_oracle_question *question, oracle_rows *rows)                   \
    {                                                                                                        \
        make(o, question, weight, fill, rows);                                                               \
    }
LEVEL_MEASURE(oracle_c1, TDM_WEIGHT_COUNT, fill_level)
LEVEL_MEASURE(oracle_c2, TDM_WEIGHT_HOURS, fill_level)
LEVEL_MEASURE(oracle_c3, TDM_WEIGHT_PARTICIPANTS, fill_level)
LEVEL_MEASURE(oracle_c4, TDM_WEIGHT_PARTICIPANT_HOURS, fill_level)
LEVEL_MEASURE(oracle_c5, TDM_WEIGHT_COUNT, fill_phases)
LEVEL_MEASURE(oracle_c6, TDM_WEIGHT_COUNT, fill_answers)
LEVEL_MEASURE(oracle_c7, TDM_WEIGHT_COUNT, fill_target)
LEVEL_MEASURE(oracle_c8, TDM_WEIGHT_COUNT, fill_revision)
