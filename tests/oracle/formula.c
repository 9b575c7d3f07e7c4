/* SPDX-License-Identifier: MPL-2.0
 *
 * formula.c: what follows from a row's sums (docs/figures.md section 6).
 */
#include "parts.h"

#define STEP_TENTHS 200
#define FULL_TENTHS 1000
#define DEFAULT_YEAR 2016
#define DEFAULT_TENTHS 600

static int64_t share_tenths(int64_t num, int64_t den)
{
    return den == 0 ? 0 : oracle_floor_div(((__int128)2000 * num) + den, (__int128)2 * den);
}

/* The level a fact of this type states for exactly this year; -1: none does. The latest counts. */
static int64_t stated_level(const tdm_oracle *o, uint32_t type, int32_t year)
{
    _Static_assert(TDM_BASELINE_YEAR == (int)TDM_TARGET_YEAR && TDM_BASELINE_LEVEL == (int)TDM_TARGET_LEVEL,
                   "both have the same fields");
    const oracle_fact *latest = NULL;
    for (size_t i = 0; i < o->level_fact_count; i++) {
        const oracle_fact *fact = o->level_facts[i];
        if (oracle_counts_as(o, fact, type) && oracle_value(fact, TDM_TARGET_YEAR)->number == year
            && (latest == NULL || oracle_order(latest->base, fact->base) < 0))
            latest = fact;
    }
    return latest != NULL ? oracle_value(latest, TDM_TARGET_LEVEL)->number : -1;
}

static int64_t stated_at_all(const tdm_oracle *o, int32_t year)
{
    int64_t level = stated_level(o, TDM_TYPE_TARGET, year);
    return level >= 0 ? level : stated_level(o, TDM_TYPE_BASELINE, year);
}

static int64_t rising(int64_t level, int32_t years)
{
    level += (int64_t)STEP_TENTHS * years;
    return level > FULL_TENTHS ? FULL_TENTHS : level;
}

/* Years are bounded by the schema to 1990..2200, so all are asked in turn. */
int64_t oracle_year_end(const tdm_oracle *o, int32_t year)
{
    enum { FIRST = 1990, LAST = 2200 };
    int64_t level = stated_at_all(o, year);
    if (level >= 0)
        return level;
    for (int32_t earlier = (year <= LAST ? year - 1 : LAST); earlier >= FIRST; earlier--)
        if ((level = stated_at_all(o, earlier)) >= 0)
            return rising(level, year - earlier);
    for (int32_t later = (year >= FIRST ? year + 1 : FIRST); later <= LAST; later++)
        if ((level = stated_level(o, TDM_TYPE_BASELINE, later)) >= 0)
            return level;
    return year <= DEFAULT_YEAR ? DEFAULT_TENTHS : rising(DEFAULT_TENTHS, year - DEFAULT_YEAR);
}

static int64_t expectation(const tdm_oracle *o, tdm_date date)
{
    int32_t year = oracle_period_of(TDM_PERIOD_YEAR, date).number;
    tdm_date first = oracle_date(year, 4, 1), last = oracle_date(year + 1, 3, 31);
    int64_t start = oracle_year_end(o, year - 1), end = oracle_year_end(o, year);
    int64_t elapsed = date - first + 1, all = last - first + 1;
    return start + oracle_floor_div((__int128)2 * (end - start) * elapsed + all, (__int128)2 * all);
}

static tdm_span measure_of(tdm_weight weight)
{
    static const char *const MEASURES[] = { [TDM_WEIGHT_COUNT] = "C1",
                                            [TDM_WEIGHT_HOURS] = "C2",
                                            [TDM_WEIGHT_PARTICIPANTS] = "C3",
                                            [TDM_WEIGHT_PARTICIPANT_HOURS] = "C4" };
    return tdm_span_text(MEASURES[weight]);
}

static tdm_span dimension_of(tdm_dimension by)
{
    static const char *const WORDS[] = {
        [TDM_BY_TOTAL] = "total",      [TDM_BY_PROGRAMME] = "programme",   [TDM_BY_KIND] = "kind",
        [TDM_BY_LEAD] = "lead",        [TDM_BY_LOCALITY] = "locality",     [TDM_BY_SECTOR] = "sector",
        [ORACLE_BY_REGION] = "region", [ORACLE_BY_CORE] = "core_programme"
    };
    return tdm_span_text(WORDS[by]);
}

static bool is_published(const oracle_fact *fact, const tdm_level_question *question,
                         const tdm_oracle_row *row)
{
    tdm_period period;
    return oracle_period_parse(oracle_value(fact, TDM_FIGURE_PUBLISHED_PERIOD)->bytes, &period)
           && period.kind == row->period.kind && period.number == row->period.number
           && oracle_value(fact, TDM_FIGURE_PUBLISHED_DEFINITION)->number == TDM_DEFINITION_VERSION
           && tdm_span_equal(oracle_value(fact, TDM_FIGURE_PUBLISHED_MEASURE)->bytes,
                             measure_of(question->weight))
           && tdm_span_equal(oracle_value(fact, TDM_FIGURE_PUBLISHED_DIMENSION)->bytes,
                             dimension_of(question->by))
           && tdm_span_equal(oracle_value(fact, TDM_FIGURE_PUBLISHED_GROUP)->bytes, row->group);
}

static void add_publication(const tdm_oracle *o, const tdm_level_question *question, tdm_oracle_row *row)
{
    const oracle_fact *latest = NULL;
    for (size_t i = 0; i < o->published_count; i++)
        if (is_published(o->published[i], question, row)
            && (latest == NULL || oracle_order(latest->base, o->published[i]->base) < 0))
            latest = o->published[i];
    if (latest == NULL || question->planned)
        return;
    __int128 a = row->joint[TDM_LINE_CORROBORATED], b = row->amount;
    __int128 old_a = oracle_value(latest, TDM_FIGURE_PUBLISHED_CORROBORATED)->number;
    __int128 old_b = oracle_value(latest, TDM_FIGURE_PUBLISHED_UNITS)->number;
    row->published = 1;
    row->published_level = share_tenths((int64_t)old_a, (int64_t)old_b);
    if (b != 0 && old_b != 0)
        row->revision =
            oracle_floor_div((__int128)2000 * (a * old_b - old_a * b) + b * old_b, (__int128)2 * b * old_b);
}

void oracle_row_finish(const tdm_oracle *o, const tdm_level_question *question, tdm_oracle_row *row)
{
    tdm_date last = oracle_period_last(row->period);
    row->level_defined = row->amount > 0;
    for (int line = 0; line < TDM_LINES; line++)
        row->level[line] = share_tenths(row->joint[line], row->amount);
    row->target = expectation(o, question->as_of < last ? question->as_of : last);
    row->gap = row->level_defined ? row->level[TDM_LINE_CORROBORATED] - row->target : 0;
    __int128 wanted = (__int128)oracle_year_end(o, oracle_period_year(row->period)) * row->amount;
    int64_t missing = (int64_t)((wanted + 999) / 1000) - row->joint[TDM_LINE_CORROBORATED];
    row->to_convert = missing > 0 ? missing : 0;
    add_publication(o, question, row);
}

void oracle_statements_load(tdm_oracle *o)
{
    for (size_t i = 0; i < o->fact_count; i++) {
        const oracle_fact *fact = &o->facts[i];
        if (oracle_counts_as(o, fact, TDM_TYPE_TARGET) || oracle_counts_as(o, fact, TDM_TYPE_BASELINE))
            ORACLE_PUSH(o->level_facts, o->level_fact_count, fact);
        if (oracle_counts_as(o, fact, TDM_TYPE_FIGURE_PUBLISHED))
            ORACLE_PUSH(o->published, o->published_count, fact);
        if (oracle_counts_as(o, fact, TDM_TYPE_RETURN_EXPECTED)
            || oracle_counts_as(o, fact, TDM_TYPE_RETURN_MADE))
            ORACLE_PUSH(o->returns, o->return_count, fact);
    }
}
