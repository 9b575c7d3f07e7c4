/* SPDX-License-Identifier: MPL-2.0
 *
 * closing.c: closed periods and what came after (docs/figures.md section 5, "late").
 */
#include "parts.h"

#include "tandem/pack.h"

static bool is_tide(const tdm_oracle *o, const oracle_event *event)
{
    return event->e.type == TDM_TYPE_TIDE && oracle_is_authority(o, &event->e.origin);
}

/* The first closing of a period in order; NULL if it is open. */
static const oracle_closing *closing_of(const tdm_oracle *o, tdm_period period)
{
    const oracle_closing *first = NULL;
    for (size_t i = 0; i < o->closing_count; i++) {
        const oracle_closing *closing = &o->closings[i];
        if (closing->period.kind == period.kind && closing->period.number == period.number
            && (first == NULL || oracle_order(closing->fact->base, first->fact->base) < 0))
            first = closing;
    }
    return first;
}

/* The event a closing names; NULL if it is not held or no tide of the authority. */
static const oracle_event *tide_of(const tdm_oracle *o, const oracle_fact *closing)
{
    uint64_t incarnation = tdm_value_incarnation(oracle_value(closing, TDM_PERIOD_CLOSED_TIDE_INCARNATION));
    uint64_t sequence = (uint64_t)oracle_value(closing, TDM_PERIOD_CLOSED_TIDE_SEQUENCE)->number;
    for (size_t i = 0; i < o->event_count; i++)
        if (is_tide(o, &o->events[i]) && o->events[i].e.incarnation == incarnation
            && o->events[i].e.sequence == sequence)
            return &o->events[i];
    return NULL;
}

static bool covers(const tdm_oracle *o, const oracle_event *last, const oracle_event *event)
{
    if (oracle_is_authority(o, &event->e.origin))
        return oracle_order(event, last) <= 0;
    for (size_t i = 0; i < o->tip_count; i++) {
        const oracle_tip *tip = &o->tips[i];
        if (tip->sequence >= event->e.sequence && tip->incarnation == event->e.incarnation
            && tdm_id_equal(&tip->origin, &event->e.origin) && oracle_order(tip->tide, last) <= 0)
            return true;
    }
    return false;
}

bool oracle_is_closed(const tdm_oracle *o, tdm_period period)
{
    const oracle_closing *closing = closing_of(o, period);
    return closing != NULL && closing->tide != NULL;
}

bool oracle_is_late(const tdm_oracle *o, const oracle_fact *fact, tdm_period period)
{
    const oracle_closing *closing = closing_of(o, period);
    const oracle_event *last = closing != NULL ? closing->tide : NULL;
    if (last == NULL)
        return false;
    return !covers(o, last, fact->base) || (fact->content_by != NULL && !covers(o, last, fact->content_by))
           || (fact->hidden_by != NULL && !covers(o, last, fact->hidden_by));
}

static void list_tips(tdm_oracle *o, const oracle_event *tide)
{
    tdm_record record, entry;
    TDM_ASSERT(tdm_record_decode(tide->e.type, tide->e.payload, &record, NULL) == TDM_OK);
    tdm_cursor list = tdm_cursor_over(record.values[TDM_TIDE_ENTRIES].bytes);
    for (uint32_t left = tdm_cursor_array(&list); left > 0; left--) {
        if (tdm_record_decode(TDM_TYPE_FRONTIER_ENTRY, tdm_cursor_skip(&list), &entry, NULL) != TDM_OK)
            continue;
        oracle_tip tip = { tide, tdm_value_id(&entry.values[TDM_FRONTIER_ENTRY_ORIGIN]),
                           tdm_value_incarnation(&entry.values[TDM_FRONTIER_ENTRY_INCARNATION]),
                           (uint64_t)entry.values[TDM_FRONTIER_ENTRY_SEQUENCE].number };
        ORACLE_PUSH(o->tips, o->tip_count, tip);
    }
}

void oracle_closings_load(tdm_oracle *o)
{
    for (size_t i = 0; i < o->fact_count; i++) {
        const oracle_fact *fact = &o->facts[i];
        if (!oracle_counts_as(o, fact, TDM_TYPE_PERIOD_CLOSED))
            continue;
        oracle_closing closing = { .fact = fact, .tide = tide_of(o, fact) };
        if (oracle_period_parse(oracle_value(fact, TDM_PERIOD_CLOSED_PERIOD)->bytes, &closing.period))
            ORACLE_PUSH(o->closings, o->closing_count, closing);
    }
    for (size_t i = 0; i < o->event_count; i++)
        if (is_tide(o, &o->events[i]))
            list_tips(o, &o->events[i]);
}
