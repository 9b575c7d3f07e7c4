/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_level.c: C1 to C8, columns of the level's rows (docs/figures.md sections 6 and 11).
 */
#include "measures_parts.h"

#include <string.h>

typedef void filler(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight, oracle_row *row);

tdm_dimension oracle_level_dimension(const char *by)
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
                                    .by = oracle_level_dimension(asked->by),
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
    static const char *const LEVEL[] = { "asserted", "standing", "corroborated" };
    (void)o;
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
    oracle_count(row, "units", level->units);
    for (int phase = 0; phase < 3; phase++)
        oracle_share_of(row, PHASES[phase], level->phase_units[phase], level->units);
    oracle_share_of(row, "all_phases", level->all_phases_units, level->units);
    oracle_share_of(row, "depth", level->depth, 3 * level->units);
}

static void fill_answers(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight, oracle_row *row)
{
    (void)o;
    (void)weight;
    oracle_count(row, "claims", level->claims);
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
}

/* The line through the points (period, level) so far, at the period after this. With X = n x - sum of x it is
 * there (sum of y) / n + (X at it) (sum of X y) / (sum of X X). */
static void add_forecast(const tdm_oracle_row *level, size_t count, size_t at, oracle_row *row)
{
    __int128 n = 0, sum_x = 0, sum_y = 0, xy = 0, xx = 0;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i <= at && i < count; i++) {
            __int128 x = level[i].period.number, y = level[i].level[TDM_LINE_CORROBORATED];
            if (!level[i].level_defined || !tdm_span_equal(level[i].group, level[at].group))
                continue;
            n += round == 0;
            sum_x += round == 0 ? x : 0;
            sum_y += round == 0 ? y : 0;
            xy += round == 1 ? (n * x - sum_x) * y : 0;
            xx += round == 1 ? (n * x - sum_x) * (n * x - sum_x) : 0;
        }
    if (n < 2) {
        oracle_undefined(row, "forecast", TDM_SHAPE_SHARE);
        return;
    }
    __int128 next = n * ((__int128)level[at].period.number + 1) - sum_x;
    __int128 over = sum_y * xx + n * next * xy, under = n * xx;
    int64_t tenths = oracle_floor_div(2 * over + under, 2 * under);
    oracle_tenths(row, "forecast", true, tenths < 0 ? 0 : tenths > 1000 ? 1000 : tenths);
}

void oracle_c7(const tdm_oracle *o, const tdm_oracle_question *asked, oracle_rows *rows)
{
    tdm_level_question question = { .period_kind = asked->period_kind,
                                    .by = oracle_level_dimension(asked->by),
                                    .weight = TDM_WEIGHT_COUNT,
                                    .planned = asked->planned,
                                    .as_of = asked->as_of };
    tdm_oracle_row *level;
    size_t count;
    tdm_oracle_level(o, &question, &level, &count);
    for (size_t i = 0; i < count; i++) {
        oracle_row row = { .period = level[i].period };
        if (asked->has_year && oracle_period_year(row.period) != asked->year)
            continue;
        memcpy(row.group, level[i].group.len > 0 ? (const char *)level[i].group.data : "",
               level[i].group.len);
        fill_target(o, &level[i], TDM_WEIGHT_COUNT, &row);
        add_forecast(level, count, i, &row);
        ORACLE_PUSH(rows->list, rows->count, row);
    }
    free(level);
}

static void fill_revision(const tdm_oracle *o, const tdm_oracle_row *level, tdm_weight weight,
                          oracle_row *row)
{
    bool published = level->published != 0;
    (void)o;
    (void)weight;
    oracle_tenths(row, "published", published, level->published_level);
    oracle_tenths(row, "level", level->level_defined != 0, level->level[TDM_LINE_CORROBORATED]);
    oracle_tenths(row, "revision", published && level->level_defined != 0, level->revision);
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
LEVEL_MEASURE(oracle_c8, TDM_WEIGHT_COUNT, fill_revision)

/* ---- S8: of the programmes that units of the period name, what the catalogue says of them */
typedef struct offer {
    int64_t programmes, known, evidence, reviewed, targeted;
    int64_t hours, bespoke, system;
} offer;

static void add_programme(const tdm_oracle *o, const tdm_oracle_row *level, tdm_date day, offer *all)
{
    enum { DAYS = 731 };
    const oracle_fact *entry = oracle_catalogue(o, level->group);
    all->programmes++;
    all->hours += level->amount;
    if (entry == NULL)
        return;
    const tdm_value *reviewed = oracle_value(entry, TDM_CATALOGUE_ENTRY_REVIEWED);
    all->known++;
    all->evidence += oracle_is_stated(entry, TDM_CATALOGUE_ENTRY_EVIDENCE);
    all->targeted += oracle_is_stated(entry, TDM_CATALOGUE_ENTRY_TARGET_GROUP);
    all->reviewed += reviewed->present && reviewed->number > day - DAYS && reviewed->number <= day;
    all->bespoke += oracle_value(entry, TDM_CATALOGUE_ENTRY_BESPOKE)->number ? level->amount : 0;
    all->system +=
        oracle_value(entry, TDM_CATALOGUE_ENTRY_AIM)->number == TDM_AIM_IS_SYSTEM ? level->amount : 0;
}

static void describe_offer(const offer *all, oracle_row *row)
{
    oracle_count(row, "programmes", all->programmes);
    oracle_count(row, "in_catalogue", all->known);
    oracle_share_of(row, "evidence", all->evidence, all->known);
    oracle_share_of(row, "reviewed", all->reviewed, all->known);
    oracle_share_of(row, "targeted", all->targeted, all->known);
    oracle_share_of(row, "bespoke_hours", all->bespoke, all->hours);
    oracle_share_of(row, "system_hours", all->system, all->hours);
}

void oracle_s8(const tdm_oracle *o, const tdm_oracle_question *asked, oracle_rows *rows)
{
    tdm_level_question question = { .has_year = asked->has_year,
                                    .year = asked->year,
                                    .period_kind = asked->period_kind,
                                    .by = TDM_BY_PROGRAMME,
                                    .weight = TDM_WEIGHT_HOURS,
                                    .planned = asked->planned,
                                    .as_of = asked->as_of };
    tdm_oracle_row *level;
    size_t count;
    tdm_oracle_level(o, &question, &level, &count);
    for (size_t i = 0, next; i < count; i = next) {
        oracle_row row = { .period = level[i].period };
        offer all = { 0 };
        for (next = i; next < count && level[next].period.number == row.period.number; next++)
            if (level[next].units > 0 && !tdm_span_equal(level[next].group, TDM_SPAN_LITERAL("(none)")))
                add_programme(o, &level[next], oracle_period_day(asked, row.period), &all);
        describe_offer(&all, &row);
        ORACLE_PUSH(rows->list, rows->count, row);
    }
    free(level);
}

/* ---- S9: programmes of the period before that go on */
static bool is_delivered(const tdm_oracle_row *level, size_t count, int64_t period, tdm_span programme)
{
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found
                || (level[i].period.number == period && level[i].units > 0
                    && tdm_span_equal(level[i].group, programme));
    return found;
}

static oracle_row continue_period(const tdm_oracle_row *level, size_t count, tdm_period period)
{
    oracle_row row = { .period = period };
    int64_t before = tdm_period_of(period.kind, tdm_period_first(period) - 1).number;
    int64_t programmes = 0, continued = 0;
    for (size_t i = 0; i < count; i++) {
        if (tdm_span_equal(level[i].group, TDM_SPAN_LITERAL("(none)"))
            || !is_delivered(level, count, before, level[i].group) || level[i].period.number != before)
            continue;
        programmes++;
        continued += is_delivered(level, count, period.number, level[i].group);
    }
    oracle_count(&row, "programmes", programmes);
    oracle_count(&row, "continued", continued);
    oracle_share_of(&row, "continuation", continued, programmes);
    return row;
}

void oracle_s9(const tdm_oracle *o, const tdm_oracle_question *asked, oracle_rows *rows)
{
    tdm_level_question question = { .period_kind = asked->period_kind,
                                    .by = TDM_BY_PROGRAMME,
                                    .planned = asked->planned,
                                    .as_of = asked->as_of };
    tdm_oracle_row *level;
    size_t count;
    tdm_oracle_level(o, &question, &level, &count);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && level[i].period.number == level[i - 1].period.number;
        if (again || (asked->has_year && tdm_period_year(level[i].period).number != asked->year))
            continue;
        oracle_row row = continue_period(level, count, level[i].period);
        ORACLE_PUSH(rows->list, rows->count, row);
    }
    free(level);
}
