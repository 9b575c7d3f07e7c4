/* SPDX-License-Identifier: MPL-2.0
 *
 * asof.c: what was held at a time: frontiers read from the ledger's tides, and the same fold over the facts
 * they cover.
 */
#include "fold_inner.h"
#include "frontier.h"

#include <stdlib.h>

enum { SCAN_STEP = 8192 };

/* ---- the authority's tides, as the ledger has them ---- */

typedef struct stated_tide {
    tdm_order order;
    int64_t time_ms;
    bool more;
    tdm_span payload;
} stated_tide;

typedef struct tide_list {
    const tdm_id *authority;
    stated_tide *items;
    size_t count;
    size_t capacity;
    tdm_arena arena;
    tdm_lineage lineage; /* of the authority's incarnations */
} tide_list;

static void take_incarnation(tide_list *list, const tdm_event *event)
{
    tdm_record record;
    tdm_incarnation *known = tdm_lineage_incarnation(&list->lineage, &event->origin, event->incarnation);
    if (event->type == TDM_TYPE_INCARNATION && event->sequence == 1
        && tdm_record_decode(event->type, event->payload, &record, NULL) == TDM_OK)
        known->generation = (uint32_t)record.values[TDM_INCARNATION_GENERATION].number;
}

static tdm_code take_tide(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    tide_list *list = context;
    tdm_event event;
    tdm_record record;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code != TDM_OK || !tdm_id_equal(&event.origin, list->authority))
        return code;
    take_incarnation(list, &event);
    if (event.type != TDM_TYPE_TIDE || tdm_record_decode(event.type, event.payload, &record, NULL) != TDM_OK)
        return TDM_OK;
    list->items = tdm_memory_grow(list->items, &list->capacity, list->count + 1, sizeof *list->items);
    list->items[list->count++] = (stated_tide){ .order = { 1, event.incarnation, event.sequence },
                                                .time_ms = record.values[TDM_TIDE_TIME].number,
                                                .more = record.values[TDM_TIDE_MORE].number != 0,
                                                .payload = tdm_arena_keep(&list->arena, event.payload) };
    return TDM_OK;
}

static int compare_tides(const void *a, const void *b)
{
    return tdm_order_compare(&((const stated_tide *)a)->order, &((const stated_tide *)b)->order);
}

/* One event of the log looked for; another's ends the stretch. */
typedef struct own_scan {
    tide_list *list;
    uint64_t incarnation;
    uint64_t next; /* sequence */
} own_scan;

static tdm_code take_own(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    own_scan *own = context;
    tdm_event event;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code != TDM_OK)
        return code;
    if (!tdm_id_equal(&event.origin, own->list->authority) || event.incarnation != own->incarnation)
        return TDM_END;
    own->next = event.sequence + 1;
    return take_tide(own->list, entry, err);
}

/* The events of a log lie in stretches, a run at least. */
static tdm_code scan_log(tdm_ledger *ledger, const tdm_tip *tip, tide_list *list, tdm_err *err)
{
    own_scan own = { .list = list, .incarnation = tip->incarnation, .next = 1 };
    tdm_code code = TDM_OK;
    while (code == TDM_OK && own.next <= tip->last) {
        uint64_t position = 0;
        uint64_t before = own.next;
        code = tdm_ledger_event_find(ledger, &tip->origin, tip->incarnation, own.next, &position, err);
        if (code == TDM_OK)
            code = tdm_ledger_scan(ledger, position, SCAN_STEP, take_own, &own, &position, err);
        code = code == TDM_END ? TDM_OK : code;
        if (code == TDM_OK && own.next == before)
            code = tdm_fail(err, TDM_CORRUPT, 0, "a run is not where the ledger says; verify the store");
    }
    return code;
}

static tdm_code scan_authority(tdm_ledger *ledger, tide_list *list, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    tdm_code code = tdm_ledger_tips(ledger, &tips, &count, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        if (tdm_id_equal(&tips[i].origin, list->authority))
            code = scan_log(ledger, &tips[i], list, err);
    free(tips);
    return code;
}

static tdm_code scan(tdm_ledger *ledger, tdm_ledger_visit *visit, void *context, tdm_err *err)
{
    tdm_code code = TDM_OK;
    uint64_t from = 1;
    uint64_t next = 0;
    while (code == TDM_OK) {
        code = tdm_ledger_scan(ledger, from, SCAN_STEP, visit, context, &next, err);
        if (next <= from)
            break;
        from = next;
    }
    return code == TDM_END ? TDM_OK : code;
}

/* In order. */
static tdm_code list_tides(tdm_ledger *ledger, const tdm_id *authority, tide_list *list, tdm_err *err)
{
    *list = (tide_list){ .authority = authority };
    tdm_lineage_init(&list->lineage);
    uint64_t notices = 0;
    tdm_code code = tdm_ledger_notices(ledger, &notices, err);
    if (code == TDM_OK)
        code = notices == 0 ? scan_authority(ledger, list, err) : scan(ledger, take_tide, list, err);
    for (size_t i = 0; i < list->count; i++)
        list->items[i].order = tdm_lineage_order(&list->lineage, authority, list->items[i].order.incarnation,
                                                 list->items[i].order.sequence);
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_tides);
    return code;
}

static void free_tides(tide_list *list)
{
    free(list->items);
    tdm_arena_free(&list->arena);
    tdm_lineage_free(&list->lineage);
}

/* Everything stated up to the tide at `index`, and the authority's own log up to it. */
static void build_frontier(const tide_list *list, size_t index, tdm_frontier *out)
{
    tdm_frontier_builder builder;
    tdm_frontier_builder_init(&builder);
    for (size_t i = 0; i <= index; i++)
        tdm_frontier_add_tide(&builder, list->items[i].payload);
    tdm_frontier_drop_origin(&builder, list->authority);
    const tdm_order *limit = &list->items[index].order;
    size_t at = 0;
    for (const tdm_incarnation *known = tdm_map_next(&list->lineage.incarnations, &at); known != NULL;
         known = tdm_map_next(&list->lineage.incarnations, &at)) {
        tdm_order last = { known->generation, tdm_get_be(known->key + TDM_ID_BYTES, 8), UINT64_MAX };
        if (last.incarnation != limit->incarnation && tdm_order_compare(&last, limit) < 0)
            tdm_frontier_add(&builder, list->authority, last.incarnation, UINT64_MAX, NULL);
    }
    tdm_frontier_add(&builder, list->authority, limit->incarnation, limit->sequence, NULL);
    tdm_frontier_build(&builder, out);
}

tdm_code tdm_frontier_at_time(tdm_ledger *ledger, const tdm_id *authority, int64_t ms_utc, tdm_frontier *out,
                              tdm_err *err)
{
    tide_list list;
    *out = (tdm_frontier){ 0 };
    tdm_code code = list_tides(ledger, authority, &list, err);
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < list.count; i++) {
        if (!list.items[i].more && list.items[i].time_ms <= ms_utc)
            found = i;
    }
    if (code == TDM_OK && found == SIZE_MAX)
        code = tdm_fail(err, TDM_NOT_FOUND, 0, "the hub had stated no tide by then");
    if (code == TDM_OK)
        build_frontier(&list, found, out);
    free_tides(&list);
    return code;
}

tdm_code tdm_frontier_of_tide(tdm_ledger *ledger, const tdm_id *authority, uint64_t incarnation,
                              uint64_t sequence, tdm_frontier *out, tdm_err *err)
{
    tide_list list;
    *out = (tdm_frontier){ 0 };
    tdm_code code = list_tides(ledger, authority, &list, err);
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].order.incarnation == incarnation && list.items[i].order.sequence == sequence)
            found = i;
    }
    if (code == TDM_OK && found == SIZE_MAX)
        code = tdm_fail(err, TDM_NOT_FOUND, 0, "the hub has stated no such tide");
    if (code == TDM_OK)
        build_frontier(&list, found, out);
    free_tides(&list);
    return code;
}

/* ---- a fold over a part of a ledger ---- */

typedef struct part {
    tdm_fold *fold;
    const tdm_frontier *frontier; /* NULL: all */
    const tdm_span *subjects;     /* of these alone; count 0: all */
    size_t count;
    const tdm_event *except; /* NULL: none */
} part;

static bool is_about(const part *p, const tdm_event *event)
{
    if (p->count == 0 || event->type == TDM_TYPE_INCARNATION
        || (p->fold->options.has_authority && tdm_id_equal(&event->origin, &p->fold->options.authority)))
        return true;
    for (size_t i = 0; i < p->count; i++)
        if (tdm_span_equal(event->subject, p->subjects[i]))
            return true;
    return false;
}

/* It may be held twice: as a notice, and within its origin's log. */
static bool same_event(const tdm_event *a, const tdm_event *b)
{
    return a->sequence == b->sequence && a->incarnation == b->incarnation
           && tdm_id_equal(&a->origin, &b->origin);
}

static tdm_code file_part(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    const part *p = context;
    tdm_event event;
    if (p->frontier != NULL || p->count > 0 || p->except != NULL) {
        tdm_code code = tdm_event_peek(entry->bytes, &event, err);
        if (code != TDM_OK)
            return code;
        if (!is_about(p, &event) || (p->except != NULL && same_event(p->except, &event))
            || (p->frontier != NULL
                && !tdm_frontier_covers(p->frontier, &event.origin, event.incarnation, event.sequence)))
            return TDM_OK;
    }
    return tdm_fold_file_in(p->fold, entry, 1, err);
}

/* All events are filed first and every class judged once: a fold over a whole ledger costs what is there, not
 * what happened on the way. */
static tdm_code fold_part(tdm_ledger *ledger, const tdm_fold_options *options, part *p, tdm_fold **out,
                          tdm_err *err)
{
    tdm_code code = tdm_fold_open(&p->fold, NULL, options, err);
    if (code == TDM_OK)
        code = scan(ledger, file_part, p, err);
    enum { STEP = 1000 };
    while (code == TDM_OK && tdm_fold_work(p->fold, STEP, err))
        ;
    if (code != TDM_OK)
        tdm_fold_close(&p->fold);
    *out = p->fold;
    return code;
}

tdm_code tdm_fold_of(tdm_ledger *ledger, const tdm_fold_options *options, const tdm_frontier *frontier,
                     tdm_fold **out, tdm_err *err)
{
    part p = { .frontier = frontier };
    return fold_part(ledger, options, &p, out, err);
}

tdm_code tdm_fold_about(tdm_ledger *ledger, const tdm_fold_options *options, const tdm_span *subjects,
                        size_t count, const tdm_event *except, tdm_fold **out, tdm_err *err)
{
    part p = { .subjects = subjects, .count = count, .except = except };
    return fold_part(ledger, options, &p, out, err);
}
