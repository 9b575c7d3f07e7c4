/* SPDX-License-Identifier: MPL-2.0
 *
 * level.c: the oracle opened, asked and closed: rows are sums over the shares of all units.
 */
#include "parts.h"

#include <string.h>

#include "tables_parts.h"

static tdm_code check_events(const tdm_span *events, size_t count, tdm_err *err)
{
    tdm_event event;
    for (size_t i = 0; i < count; i++) {
        tdm_code code = tdm_event_decode(events[i], &event, err);
        if (code != TDM_OK)
            return code;
    }
    return TDM_OK;
}

tdm_code tdm_oracle_open(tdm_oracle **out, const tdm_span *events, size_t count,
                         const tdm_oracle_options *options, tdm_err *err)
{
    tdm_code code = check_events(events, count, err);
    if (code != TDM_OK)
        return code;
    tdm_oracle *o = oracle_zeroed(1, sizeof(*o));
    o->options = *options;
    oracle_events_load(o, events, count);
    oracle_facts_judge(o);
    oracle_registry_load(o);
    oracle_closings_load(o);
    oracle_statements_load(o);
    oracle_classes_load(o);
    o->tally = oracle_zeroed(1, sizeof(*o->tally));
    *out = o;
    return TDM_OK;
}

void tdm_oracle_close(tdm_oracle **oracle)
{
    tdm_oracle *o = *oracle;
    *oracle = NULL;
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->class_count; i++)
        free(o->classes[i].facts);
    free(o->classes);
    oracle_tally_free(o->tally);
    free(o->returns);
    free(o->published);
    free(o->level_facts);
    free(o->tips);
    free(o->closings);
    free(o->catalogue);
    free(o->represents);
    free(o->changes);
    free(o->organisations);
    free(o->successions);
    free(o->facts);
    free(o->events);
    free(o);
}

static tdm_span or_none(tdm_span text)
{
    return text.len > 0 ? text : TDM_SPAN_LITERAL("(none)");
}

static tdm_span group_of(const tdm_oracle *o, const oracle_share *share, tdm_dimension by)
{
    const oracle_fact *unit = share->class->principal;
    switch ((int)by) {
    case TDM_BY_PROGRAMME:
        return or_none(oracle_value(unit, TDM_UNIT_PROGRAMME)->bytes);
    case TDM_BY_KIND:
        return oracle_kind(oracle_value(unit, TDM_UNIT_KIND)->number);
    case TDM_BY_LEAD:
        return oracle_lead(share->class);
    case TDM_BY_LOCALITY:
        return or_none(oracle_value(unit, TDM_UNIT_LOCALITY)->bytes);
    case TDM_BY_SECTOR:
        return oracle_sector(o, oracle_lead(share->class), oracle_period_last(share->period));
    case ORACLE_BY_REGION:
        return oracle_region(o, oracle_lead(share->class));
    case ORACLE_BY_CORE:
        return or_none(oracle_core(o, oracle_value(unit, TDM_UNIT_PROGRAMME)->bytes));
    default:
        return TDM_SPAN_LITERAL("");
    }
}

static int by_row(const void *left, const void *right)
{
    const oracle_share *a = left, *b = right;
    int by = (a->period.number > b->period.number) - (a->period.number < b->period.number);
    return by ? by : tdm_span_compare(a->group, b->group);
}

static int by_number(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t in_weight(const oracle_share *share, tdm_weight weight)
{
    const int64_t amounts[] = { [TDM_WEIGHT_COUNT] = share->units,
                                [TDM_WEIGHT_HOURS] = share->hours,
                                [TDM_WEIGHT_PARTICIPANTS] = share->people,
                                [TDM_WEIGHT_PARTICIPANT_HOURS] = share->people_hours };
    return amounts[weight];
}

static void add_share(tdm_oracle_row *row, const oracle_share *share, tdm_weight weight)
{
    row->units += share->units;
    row->amount += in_weight(share, weight);
    for (int i = 0; i < 3; i++) {
        row->joint[i] += share->joint[i] ? in_weight(share, weight) : 0;
        row->phase_units[i] += share->phase_units[i];
    }
    row->all_phases_units += share->all_phases_units;
    row->depth += share->depth;
    row->cancelled += share->cancelled;
    row->estimated += share->estimated;
    row->unreported += share->unreported;
    row->claims += share->claims;
    row->claims_corroborated += share->claims_corroborated;
    row->claims_disputed += share->claims_disputed;
    row->claims_unanswered += share->claims_unanswered;
    row->facts += share->facts;
    row->late += share->late;
}

/* The lower middle of the answer days of all shares of a row. */
static void set_median(tdm_oracle_row *row, const oracle_share *shares, size_t count)
{
    int64_t *days = NULL;
    size_t day_count = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < shares[i].day_count; k++)
            ORACLE_PUSH(days, day_count, shares[i].days[k]);
    if (day_count > 0) {
        qsort(days, day_count, sizeof(*days), by_number);
        row->median_days_defined = 1;
        row->median_days = days[(day_count - 1) / 2];
    }
    free(days);
}

static bool is_in_period(const oracle_fact *fact, uint32_t field, tdm_period period)
{
    tdm_period stated;
    return oracle_period_parse(oracle_value(fact, field)->bytes, &stated) && stated.kind == period.kind
           && stated.number == period.number;
}

/* A return made for what the expectation asks, by an origin that may. */
static bool is_received(const tdm_oracle *o, const oracle_fact *expected, tdm_period period)
{
    tdm_span code = oracle_value(expected, TDM_RETURN_EXPECTED_ORGANISATION)->bytes;
    for (size_t i = 0; i < o->return_count; i++) {
        const oracle_fact *made = o->returns[i];
        if (made->base->e.type == TDM_TYPE_RETURN_MADE
            && tdm_span_equal(oracle_value(made, TDM_RETURN_MADE_ORGANISATION)->bytes, code)
            && is_in_period(made, TDM_RETURN_MADE_PERIOD, period)
            && oracle_represents(o, &made->base->e.origin, code, oracle_london(made->base->e.recorded_ms)))
            return true;
    }
    return false;
}

static bool is_repeated(const tdm_oracle *o, size_t at, tdm_period period)
{
    for (size_t i = 0; i < at; i++)
        if (o->returns[i]->base->e.type == TDM_TYPE_RETURN_EXPECTED
            && is_in_period(o->returns[i], TDM_RETURN_EXPECTED_PERIOD, period)
            && tdm_span_equal(oracle_value(o->returns[i], TDM_RETURN_EXPECTED_ORGANISATION)->bytes,
                              oracle_value(o->returns[at], TDM_RETURN_EXPECTED_ORGANISATION)->bytes))
            return true;
    return false;
}

static void set_returns(const tdm_oracle *o, tdm_oracle_row *row)
{
    for (size_t i = 0; i < o->return_count; i++) {
        const oracle_fact *expected = o->returns[i];
        if (expected->base->e.type != TDM_TYPE_RETURN_EXPECTED
            || !is_in_period(expected, TDM_RETURN_EXPECTED_PERIOD, row->period)
            || is_repeated(o, i, row->period))
            continue;
        row->returns_expected++;
        row->returns_received += is_received(o, expected, row->period);
    }
}

/* An empty share for each expected return, so that its period has a total row. */
static void add_expected(const tdm_oracle *o, tdm_period_kind kind, oracle_share **shares, size_t *count)
{
    for (size_t i = 0; i < o->return_count; i++) {
        tdm_period period;
        if (o->returns[i]->base->e.type == TDM_TYPE_RETURN_EXPECTED
            && oracle_period_parse(oracle_value(o->returns[i], TDM_RETURN_EXPECTED_PERIOD)->bytes, &period)
            && period.kind == kind)
            ORACLE_PUSH(*shares, *count, ((oracle_share){ .period = period }));
    }
}

static tdm_oracle_row row_of(const tdm_oracle *o, const tdm_level_question *question,
                             const oracle_share *shares, size_t count)
{
    tdm_oracle_row row = { .period = shares[0].period, .group = shares[0].group };
    for (size_t i = 0; i < count; i++)
        add_share(&row, &shares[i], question->weight);
    set_median(&row, shares, count);
    if (question->by == TDM_BY_TOTAL)
        set_returns(o, &row);
    oracle_row_finish(o, question, &row);
    return row;
}

void tdm_oracle_level(const tdm_oracle *o, const tdm_level_question *question, tdm_oracle_row **rows,
                      size_t *count)
{
    oracle_share *shares;
    size_t share_count;
    *rows = NULL;
    *count = 0;
    oracle_shares(o, question->period_kind, question->planned, &shares, &share_count);
    for (size_t i = 0; i < share_count; i++)
        shares[i].group = group_of(o, &shares[i], question->by);
    if (question->by == TDM_BY_TOTAL)
        add_expected(o, question->period_kind, &shares, &share_count);
    if (share_count > 0)
        qsort(shares, share_count, sizeof(*shares), by_row);
    for (size_t first = 0, next; first < share_count; first = next) {
        for (next = first + 1; next < share_count && by_row(&shares[first], &shares[next]) == 0;)
            next++;
        if (!question->has_year || oracle_period_year(shares[first].period) == question->year)
            ORACLE_PUSH(*rows, *count, row_of(o, question, shares + first, next - first));
    }
    for (size_t i = 0; i < share_count; i++)
        free(shares[i].days);
    free(shares);
}
