/* SPDX-License-Identifier: MPL-2.0
 *
 * closing.c: closed periods and what came after (docs/figures.md section 5, "late").
 */
#include "parts.h"

#include "tandem/pack.h"

/* The first closing of a period in order; NULL if it is open. */
static const oracle_fact *closing_of(const tdm_oracle *o, tdm_period period)
{
    const oracle_fact *first = NULL;
    for (size_t i = 0; i < o->closing_count; i++) {
        tdm_period closed;
        const oracle_fact *fact = o->closings[i];
        if (oracle_period_parse(oracle_value(fact, TDM_PERIOD_CLOSED_PERIOD)->bytes, &closed)
            && closed.kind == period.kind && closed.number == period.number
            && (first == NULL || oracle_order(fact->base, first->base) < 0))
            first = fact;
    }
    return first;
}

static const oracle_event *tide_of(const tdm_oracle *o, const oracle_fact *closing)
{
    uint64_t incarnation = tdm_value_incarnation(oracle_value(closing, TDM_PERIOD_CLOSED_TIDE_INCARNATION));
    uint64_t sequence = (uint64_t)oracle_value(closing, TDM_PERIOD_CLOSED_TIDE_SEQUENCE)->number;
    for (size_t i = 0; i < o->tide_count; i++)
        if (o->tides[i]->e.incarnation == incarnation && o->tides[i]->e.sequence == sequence)
            return o->tides[i];
    return NULL;
}

/* The highest sequence one tide states for the event's incarnation; 0 if none. */
static uint64_t stated_for(const oracle_event *tide, const oracle_event *event)
{
    tdm_record record, entry;
    TDM_ASSERT(tdm_record_decode(tide->e.type, tide->e.payload, &record, NULL) == TDM_OK);
    tdm_cursor list = tdm_cursor_over(record.values[TDM_TIDE_ENTRIES].bytes);
    uint64_t highest = 0;
    for (uint32_t left = tdm_cursor_array(&list); left > 0; left--) {
        if (tdm_record_decode(TDM_TYPE_FRONTIER_ENTRY, tdm_cursor_skip(&list), &entry, NULL) != TDM_OK)
            continue;
        tdm_id origin = tdm_value_id(&entry.values[TDM_FRONTIER_ENTRY_ORIGIN]);
        uint64_t sequence = (uint64_t)entry.values[TDM_FRONTIER_ENTRY_SEQUENCE].number;
        if (tdm_id_equal(&origin, &event->e.origin) && sequence > highest
            && tdm_value_incarnation(&entry.values[TDM_FRONTIER_ENTRY_INCARNATION]) == event->e.incarnation)
            highest = sequence;
    }
    return highest;
}

static bool covers(const tdm_oracle *o, const oracle_event *last, const oracle_event *event)
{
    if (oracle_is_authority(o, &event->e.origin))
        return oracle_order(event, last) <= 0;
    for (size_t i = 0; i < o->tide_count; i++)
        if (oracle_order(o->tides[i], last) <= 0 && stated_for(o->tides[i], event) >= event->e.sequence)
            return true;
    return false;
}

bool oracle_is_late(const tdm_oracle *o, const oracle_fact *fact, tdm_period period)
{
    const oracle_fact *closing = closing_of(o, period);
    const oracle_event *last = closing != NULL ? tide_of(o, closing) : NULL;
    if (last == NULL)
        return false;
    return !covers(o, last, fact->base) || (fact->content_by != NULL && !covers(o, last, fact->content_by))
           || (fact->hidden_by != NULL && !covers(o, last, fact->hidden_by));
}

void oracle_closings_load(tdm_oracle *o)
{
    for (size_t i = 0; i < o->fact_count; i++)
        if (oracle_counts_as(o, &o->facts[i], TDM_TYPE_PERIOD_CLOSED))
            ORACLE_PUSH(o->closings, o->closing_count, &o->facts[i]);
    for (size_t i = 0; i < o->event_count; i++)
        if (o->events[i].e.type == TDM_TYPE_TIDE && oracle_is_authority(o, &o->events[i].e.origin))
            ORACLE_PUSH(o->tides, o->tide_count, &o->events[i]);
}
