/* SPDX-License-Identifier: MPL-2.0
 *
 * facts.c: events to facts (docs/figures.md section 1).
 */
#include "parts.h"

#include <string.h>

#include "tandem/pack.h"

void *oracle_grow(void *list, size_t count, size_t size)
{
    if (count & (count - 1)) /* room is made whenever the count is a power of two */
        return list;
    void *more = realloc(list, (count ? 2 * count : 1) * size);
    TDM_ASSERT(more != NULL);
    return more;
}

void *oracle_zeroed(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    TDM_ASSERT(memory != NULL);
    return memory;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Incarnations compare as their big-endian bytes, which is as numbers. */
int oracle_order(const oracle_event *a, const oracle_event *b)
{
    int by = compare_u64(a->generation, b->generation);
    if (by == 0)
        by = compare_u64(a->e.incarnation, b->e.incarnation);
    return by ? by : compare_u64(a->e.sequence, b->e.sequence);
}

static int by_place(const void *left, const void *right)
{
    const oracle_event *a = left, *b = right;
    int by = tdm_id_compare(&a->e.origin, &b->e.origin);
    if (by == 0)
        by = compare_u64(a->e.incarnation, b->e.incarnation);
    return by ? by : compare_u64(a->e.sequence, b->e.sequence);
}

static bool same_incarnation(const oracle_event *a, const oracle_event *b)
{
    return tdm_id_equal(&a->e.origin, &b->e.origin) && a->e.incarnation == b->e.incarnation;
}

static uint64_t stated_generation(const oracle_event *first)
{
    tdm_record record;
    if (first->e.sequence != 1 || first->e.type != TDM_TYPE_INCARNATION
        || tdm_record_decode(first->e.type, first->e.payload, &record, NULL) != TDM_OK)
        return 1;
    return (uint64_t)record.values[TDM_INCARNATION_GENERATION].number;
}

static void keep_each_once(tdm_oracle *o)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->event_count; i++)
        if (kept == 0 || by_place(&o->events[kept - 1], &o->events[i]) != 0)
            o->events[kept++] = o->events[i];
    o->event_count = kept;
}

static void read_target(oracle_event *event)
{
    event->target = event->e.origin;
    event->type = tdm_type_find(event->e.type);
    event->amends = event->type != NULL && event->type->duty == TDM_DUTY_AMENDMENT;
    if (!event->amends)
        return;
    TDM_ASSERT(tdm_record_decode(event->e.type, event->e.payload, &event->record, NULL) == TDM_OK);
    /* every amendment has target_origin as its first field */
    _Static_assert(TDM_VOID_TARGET_ORIGIN == 1 && TDM_UNVOID_TARGET_ORIGIN == 1
                       && TDM_CORRECTION_TARGET_ORIGIN == 1 && TDM_LINK_AMEND_TARGET_ORIGIN == 1
                       && TDM_LINK_WITHDRAW_TARGET_ORIGIN == 1,
                   "target_origin comes first");
    if (event->record.values[TDM_VOID_TARGET_ORIGIN].present)
        event->target = tdm_value_id(&event->record.values[TDM_VOID_TARGET_ORIGIN]);
}

/* The events have been decoded into o->events already. */
void oracle_events_load(tdm_oracle *o, const tdm_span *bytes, size_t count)
{
    o->events = oracle_zeroed(count, sizeof(*o->events));
    o->event_count = count;
    for (size_t i = 0; i < count; i++)
        TDM_ASSERT(tdm_event_decode(bytes[i], &o->events[i].e, NULL) == TDM_OK);
    qsort(o->events, count, sizeof(*o->events), by_place);
    keep_each_once(o);
    for (size_t i = 0; i < o->event_count; i++) {
        oracle_event *event = &o->events[i];
        bool goes_on = i > 0 && same_incarnation(event - 1, event);
        event->generation = goes_on ? event[-1].generation : stated_generation(event);
        read_target(event);
    }
}

bool oracle_is_authority(const tdm_oracle *o, const tdm_id *origin)
{
    return o->options.has_authority && tdm_id_equal(&o->options.authority, origin);
}

bool oracle_counts_as(const tdm_oracle *o, const oracle_fact *fact, uint32_t type)
{
    return fact->base->e.type == type && fact->visible
           && (fact->base->type->duty != TDM_DUTY_REGISTRY || oracle_is_authority(o, &fact->base->e.origin));
}

static int by_name(const oracle_event *a, const oracle_event *b)
{
    int by = tdm_id_compare(&a->target, &b->target);
    if (by == 0)
        by = tdm_span_compare(a->e.subject, b->e.subject);
    return by ? by : tdm_id_compare(&a->e.fact, &b->e.fact);
}

static int by_name_then_order(const void *left, const void *right)
{
    const oracle_event *a = *(const oracle_event *const *)left, *b = *(const oracle_event *const *)right;
    int by = by_name(a, b);
    return by ? by : oracle_order(a, b);
}

/* The origin that `origin` was succeeded by, by the latest fact that says so. */
static const tdm_id *successor_of(const tdm_oracle *o, const tdm_id *origin, tdm_id *out)
{
    const oracle_fact *latest = NULL;
    for (size_t i = 0; i < o->succession_count; i++)
        if (tdm_id_equal(&o->successions[i].from, origin)
            && (latest == NULL || oracle_order(latest->base, o->successions[i].fact->base) < 0))
            latest = o->successions[i].fact;
    if (latest == NULL)
        return NULL;
    *out = tdm_value_id(oracle_value(latest, TDM_SUCCESSION_SUCCESSOR));
    return out;
}

/* How many successions lead from the target's origin to the author; -1 if none do. The chain ends at the
 * first origin met twice; it cannot be longer than there are successions. */
static int distance(const tdm_oracle *o, const tdm_id *from, const tdm_id *author)
{
    tdm_id at = *from;
    for (size_t steps = 0; steps <= o->succession_count; steps++) {
        if (tdm_id_equal(&at, author))
            return (int)steps;
        if (successor_of(o, &at, &at) == NULL)
            return -1;
    }
    return -1;
}

static bool is_hide(const oracle_event *event)
{
    return event->e.type == TDM_TYPE_VOID || event->e.type == TDM_TYPE_LINK_WITHDRAW;
}

/* The body an amendment puts in place of this base, if it does. */
static bool replaces(const oracle_event *amendment, const oracle_event *base, tdm_record *content)
{
    _Static_assert(TDM_LINK_AMEND_TARGET_TYPE == (int)TDM_CORRECTION_TARGET_TYPE
                       && TDM_LINK_AMEND_BODY == (int)TDM_CORRECTION_BODY,
                   "both have the same fields");
    if (amendment->e.type != TDM_TYPE_CORRECTION && amendment->e.type != TDM_TYPE_LINK_AMEND)
        return false;
    const tdm_value *values = amendment->record.values;
    return values[TDM_CORRECTION_TARGET_TYPE].number == (int64_t)base->e.type
           && tdm_record_decode(base->e.type, values[TDM_CORRECTION_BODY].bytes, content, NULL) == TDM_OK;
}

/* Is b, at its distance, later than the amendment held in *at? */
static bool is_later(const tdm_oracle *o, const oracle_event *at, const oracle_event *b)
{
    if (at == NULL)
        return true;
    int held = distance(o, &b->target, &at->e.origin), other = distance(o, &b->target, &b->e.origin);
    return held != other ? held < other : oracle_order(at, b) < 0;
}

static bool may_amend(const tdm_oracle *o, const oracle_event *base, const oracle_event *amendment)
{
    if (base->e.type == TDM_TYPE_SUCCESSION) /* who succeeds whom must not depend on itself */
        return tdm_id_equal(&base->e.origin, &amendment->e.origin);
    return distance(o, &base->e.origin, &amendment->e.origin) >= 0;
}

/* events: all of one name, in order. False: no base. */
static bool judge(const tdm_oracle *o, const oracle_event *const *events, size_t count, oracle_fact *fact)
{
    memset(fact, 0, sizeof(*fact));
    for (size_t i = 0; i < count && fact->base == NULL; i++)
        if (events[i]->type != NULL && !events[i]->amends)
            fact->base = events[i];
    if (fact->base == NULL
        || tdm_record_decode(fact->base->e.type, fact->base->e.payload, &fact->content, NULL) != TDM_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        const oracle_event *event = events[i];
        tdm_record content;
        if (!event->amends || !may_amend(o, fact->base, event))
            continue;
        if (replaces(event, fact->base, &content) && is_later(o, fact->content_by, event)) {
            fact->content_by = event;
            fact->content = content;
        }
        if ((is_hide(event) || event->e.type == TDM_TYPE_UNVOID) && is_later(o, fact->hidden_by, event))
            fact->hidden_by = event;
    }
    fact->visible = fact->hidden_by == NULL || !is_hide(fact->hidden_by);
    return true;
}

/* Every fact of the given events; with only_type, those of one type alone. */
static void judge_all(tdm_oracle *o, const oracle_event *const *events)
{
    o->fact_count = 0;
    for (size_t first = 0, next; first < o->event_count; first = next) {
        for (next = first + 1; next < o->event_count && by_name(events[first], events[next]) == 0;)
            next++;
        if (judge(o, events + first, next - first, &o->facts[o->fact_count]))
            o->fact_count++;
    }
}

static void load_successions(tdm_oracle *o)
{
    for (size_t i = 0; i < o->fact_count; i++) {
        const oracle_fact *fact = &o->facts[i];
        if (!oracle_counts_as(o, fact, TDM_TYPE_SUCCESSION) || o->options.faults.succession_ignored)
            continue;
        struct oracle_succession succession = { tdm_value_id(oracle_value(fact, TDM_SUCCESSION_ORIGIN)),
                                                fact };
        ORACLE_PUSH(o->successions, o->succession_count, succession);
    }
}

/* Twice: succession facts are judged without successions, so the first round finds them all, at places that
 * the second fills with the same. */
void oracle_facts_judge(tdm_oracle *o)
{
    const oracle_event **events = oracle_zeroed(o->event_count, sizeof(*events));
    for (size_t i = 0; i < o->event_count; i++)
        events[i] = &o->events[i];
    qsort(events, o->event_count, sizeof(*events), by_name_then_order);
    o->facts = oracle_zeroed(o->event_count, sizeof(*o->facts));
    judge_all(o, events);
    load_successions(o);
    if (o->succession_count > 0)
        judge_all(o, events);
    free(events);
}
