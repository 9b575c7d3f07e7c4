/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_details.c: the tables of units that come from details: mix, course, sets, aims, places, criteria
 * (docs/figures.md section 8.2 and "of units").
 */
#include "tables_unit.h"

#include <string.h>

#include "tandem/pack.h"

#define GAP_MAX 92

/* ---- details: of several with one meaning the latest in order */
static bool is_detail(const oracle_unit *u, const oracle_fact *fact, uint32_t type)
{
    return oracle_goes_with(u->class->principal, fact, type);
}

static bool same_meaning(const oracle_fact *a, const oracle_fact *b)
{
    switch (a->base->e.type) {
    case TDM_TYPE_UNIT_MIX:
        return oracle_value(a, TDM_UNIT_MIX_YEAR)->number == oracle_value(b, TDM_UNIT_MIX_YEAR)->number
               && tdm_span_equal(oracle_text(a, TDM_UNIT_MIX_DIMENSION),
                                 oracle_text(b, TDM_UNIT_MIX_DIMENSION));
    case TDM_TYPE_CRITERION:
        return tdm_span_equal(oracle_text(a, TDM_CRITERION_CRITERION),
                              oracle_text(b, TDM_CRITERION_CRITERION));
    default:
        return true;
    }
}

static bool counts(const oracle_unit *u, const oracle_fact *fact, uint32_t type)
{
    if (!is_detail(u, fact, type))
        return false;
    for (size_t i = 0; i < u->class->count; i++) {
        const oracle_fact *other = u->class->facts[i];
        if (is_detail(u, other, type) && same_meaning(fact, other)
            && oracle_order(fact->base, other->base) < 0)
            return false;
    }
    return true;
}

const oracle_fact *oracle_design_of(const oracle_unit *u)
{
    for (size_t i = 0; i < u->class->count; i++)
        if (counts(u, u->class->facts[i], TDM_TYPE_UNIT_DESIGN))
            return u->class->facts[i];
    return NULL;
}

/* ---- mix */
static bool unit_is_in(const oracle_unit *u, tdm_period period)
{
    for (size_t i = 0; i < u->session_count; i++)
        if (session_is_in(u->sessions[i], period))
            return true;
    return false;
}

static tdm_record category_at(tdm_cursor *list)
{
    tdm_record part;
    TDM_ASSERT(tdm_record_decode(TDM_TYPE_CATEGORY_COUNT, tdm_cursor_skip(list), &part, NULL) == TDM_OK);
    return part;
}

/* How many categories have people: each name once. */
static size_t categories_with_people(const oracle_fact *mix)
{
    oracle_texts names = { NULL, 0 };
    tdm_cursor list = tdm_cursor_over(oracle_value(mix, TDM_UNIT_MIX_CATEGORIES)->bytes);
    for (uint32_t left = tdm_cursor_array(&list); left > 0; left--) {
        tdm_record part = category_at(&list);
        bool known = part.values[TDM_CATEGORY_COUNT_PEOPLE].number == 0;
        for (size_t i = 0; i < names.count; i++)
            known = known || tdm_span_equal(names.list[i], part.values[TDM_CATEGORY_COUNT_CATEGORY].bytes);
        if (!known)
            ORACLE_PUSH(names.list, names.count, part.values[TDM_CATEGORY_COUNT_CATEGORY].bytes);
    }
    free(names.list);
    return names.count;
}

static void put_mix(const oracle_unit *u, const oracle_fact *mix)
{
    tdm_period year = { TDM_PERIOD_YEAR, (int32_t)oracle_value(mix, TDM_UNIT_MIX_YEAR)->number };
    tdm_span dimension = oracle_text(mix, TDM_UNIT_MIX_DIMENSION);
    if (!unit_is_in(u, year))
        return;
    oracle_place all = unit_place(u, TDM_TABLE_MIX, dimension, TDM_SPAN_LITERAL(""));
    oracle_put_in(u->tally, &all, year, AMOUNTS(0, 1, categories_with_people(mix) >= 2));
    tdm_cursor list = tdm_cursor_over(oracle_value(mix, TDM_UNIT_MIX_CATEGORIES)->bytes);
    for (uint32_t left = tdm_cursor_array(&list); left > 0; left--) {
        tdm_record part = category_at(&list);
        oracle_place place =
            unit_place(u, TDM_TABLE_MIX, dimension, part.values[TDM_CATEGORY_COUNT_CATEGORY].bytes);
        oracle_put_in(u->tally, &place, year, AMOUNTS(part.values[TDM_CATEGORY_COUNT_PEOPLE].number));
    }
}

/* ---- course */
static int64_t attendance_of(const oracle_unit *u, const oracle_fact *session, bool *known)
{
    const oracle_fact *fact = oracle_attendance(u->class, session);
    *known = fact != NULL;
    return fact != NULL ? oracle_value(fact, TDM_ATTENDANCE_PEOPLE)->number : 0;
}

static void put_course(const oracle_unit *u)
{
    int64_t first = 0, last = 0, largest = 0, attended = 0;
    for (size_t i = 0; i < u->session_count; i++) {
        bool known;
        int64_t people = attendance_of(u, u->sessions[i], &known);
        if (!known)
            continue;
        first = attended++ == 0 ? people : first;
        last = people;
        largest = people > largest ? people : largest;
    }
    static const tdm_value NOTHING = { 0 };
    const tdm_value *enrolled = u->design ? oracle_value(u->design, TDM_UNIT_DESIGN_ENROLLED) : &NOTHING;
    const tdm_value *planned = u->design ? oracle_value(u->design, TDM_UNIT_DESIGN_SESSIONS) : &NOTHING;
    oracle_place place = unit_place_alone(u, TDM_TABLE_COURSE);
    oracle_put_on(u->tally, &place, unit_date(u->sessions[u->session_count - 1]),
                  AMOUNTS(attended >= 2 ? first : 0, attended >= 2 ? last : 0,
                          enrolled->present ? largest : 0, enrolled->number,
                          planned->present ? (int64_t)u->session_count : 0, planned->number));
}

/* ---- sets */
static void put_set(const oracle_unit *u)
{
    const oracle_fact *before = NULL;
    size_t meetings = 0, claim_count;
    int64_t standing = 0;
    bool gap = false;
    for (size_t i = 0; i < u->session_count; i++) {
        if (oracle_value(u->sessions[i], TDM_SESSION_TYPE)->number != TDM_SESSIONTYPE_IS_ACTION_LEARNING)
            continue;
        gap = gap || (before != NULL && unit_date(u->sessions[i]) - unit_date(before) > GAP_MAX);
        before = u->sessions[i];
        meetings++;
    }
    if (before == NULL)
        return;
    oracle_claim *claims =
        oracle_claims_in(u, oracle_period_of(TDM_PERIOD_YEAR, unit_date(before)), &claim_count);
    for (size_t i = 0; i < claim_count; i++)
        standing += claims[i].status >= ORACLE_STANDING;
    free(claims);
    oracle_place place = unit_place_alone(u, TDM_TABLE_SETS);
    oracle_put_on(u->tally, &place, unit_date(before), AMOUNTS(1, meetings >= 2 && !gap, 1 + standing));
}

/* ---- aims: each (a, b) once */
typedef struct aim {
    tdm_span a, b;
} aim;

static void add_aim(aim **aims, size_t *count, tdm_span a, tdm_span b)
{
    for (size_t i = 0; i < *count; i++)
        if (tdm_span_equal((*aims)[i].a, a) && tdm_span_equal((*aims)[i].b, b))
            return;
    ORACLE_PUSH(*aims, *count, ((aim){ a, b }));
}

static aim *aims_of(const oracle_unit *u, size_t *count)
{
    aim *aims = NULL;
    *count = 0;
    oracle_texts objectives = oracle_texts_of(oracle_value(u->design, TDM_UNIT_DESIGN_OBJECTIVES));
    oracle_texts tags = oracle_texts_of(oracle_value(u->design, TDM_UNIT_DESIGN_TAGS));
    for (size_t i = 0; i < objectives.count; i++)
        add_aim(&aims, count, TDM_SPAN_LITERAL("objective"), objectives.list[i]);
    for (size_t i = 0; i < tags.count; i++) {
        const uint8_t *colon = memchr(tags.list[i].data, ':', tags.list[i].len);
        if (colon == NULL)
            continue;
        size_t before = (size_t)(colon - tags.list[i].data);
        add_aim(&aims, count, (tdm_span){ tags.list[i].data, before },
                (tdm_span){ colon + 1, tags.list[i].len - before - 1 });
    }
    free(objectives.list);
    free(tags.list);
    return aims;
}

void oracle_put_aims(const oracle_unit *u, tdm_period period, int64_t hours)
{
    size_t count;
    aim *aims = u->design != NULL ? aims_of(u, &count) : NULL;
    for (size_t i = 0; aims != NULL && i < count; i++) {
        oracle_place place = unit_place(u, TDM_TABLE_AIMS, aims[i].a, aims[i].b);
        oracle_put_in(u->tally, &place, period, AMOUNTS(1, hours));
    }
    free(aims);
}

/* ---- places and criteria, on the unit's start */
static void put_places(const oracle_unit *u, tdm_date start)
{
    const tdm_value *places = oracle_value(u->design, TDM_UNIT_DESIGN_PLACES);
    oracle_place place = unit_place_alone(u, TDM_TABLE_PLACES);
    oracle_put_on(u->tally, &place, start, AMOUNTS(places->number, places->present));
}

static bool is_by(const tdm_value *date, tdm_date day)
{
    return date->present && date->number <= day;
}

static void put_criteria(const oracle_unit *u, tdm_date start)
{
    int64_t criteria = 0, met = 0, not_met = 0, co_designed = 0;
    bool in_time = false;
    for (size_t i = 0; i < u->class->count; i++) {
        const oracle_fact *fact = u->class->facts[i];
        if (!counts(u, fact, TDM_TYPE_CRITERION))
            continue;
        int64_t outcome = oracle_value(fact, TDM_CRITERION_OUTCOME)->number;
        bool together = oracle_value(fact, TDM_CRITERION_CO_DESIGNED)->number != 0;
        criteria++;
        met += outcome == TDM_OUTCOME_IS_MET;
        not_met += outcome == TDM_OUTCOME_IS_NOT_MET;
        co_designed += together;
        in_time = in_time || (together && is_by(oracle_value(fact, TDM_CRITERION_AGREED), start));
    }
    bool diagnosed = u->design != NULL && is_by(oracle_value(u->design, TDM_UNIT_DESIGN_DIAGNOSED), start);
    oracle_place place = unit_place_alone(u, TDM_TABLE_CRITERIA);
    oracle_put_on(u->tally, &place, start,
                  AMOUNTS(criteria, met, not_met, co_designed, criteria > 0, diagnosed && in_time,
                          u->design != NULL || criteria > 0));
}

static void put_by_start(const oracle_unit *u)
{
    tdm_date start = (tdm_date)oracle_value(u->class->principal, TDM_UNIT_START)->number;
    if (oracle_value(u->class->principal, TDM_UNIT_STATUS)->number == TDM_STATUS_IS_CANCELLED)
        return;
    if (u->design != NULL)
        put_places(u, start);
    put_criteria(u, start);
}

void oracle_put_details(const oracle_unit *u)
{
    put_by_start(u);
    for (size_t i = 0; i < u->class->count; i++)
        if (counts(u, u->class->facts[i], TDM_TYPE_UNIT_MIX))
            put_mix(u, u->class->facts[i]);
    if (u->session_count > 0)
        put_course(u);
    put_set(u);
}
