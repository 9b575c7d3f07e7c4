/* SPDX-License-Identifier: MPL-2.0
 *
 * tides.c: the authority's tides, kept apart from dossiers for there are many, and the frontiers that
 * closings take from them (docs/figures.md section 5).
 */
#include "fold_inner.h"
#include "frontier.h"

#include <stdlib.h>

tdm_code tdm_tides_add(tdm_fold *fold, const tdm_event *event, tdm_err *err)
{
    (void)err;
    tdm_tides *tides = &fold->tides;
    tides->items = tdm_memory_grow(tides->items, &tides->capacity, tides->count + 1, sizeof *tides->items);
    tides->items[tides->count++] =
        (tdm_tide){ event->incarnation, event->sequence, tdm_arena_keep(&tides->arena, event->payload) };
    if (fold->registry->closing_count > 0) {
        tides->changed = true;
        fold->registry_stale = true;
    }
    return TDM_OK;
}

/* The order of a tide among the authority's events, as far as frontiers are concerned. */
static tdm_order order_of(const tdm_fold *fold, uint64_t incarnation, uint64_t sequence)
{
    return tdm_lineage_order(&fold->lineage, &fold->options.authority, incarnation, sequence);
}

typedef struct gathering {
    const tdm_fold *fold;
    tdm_order limit; /* the named tide */
    bool found;      /* it is held */
    tdm_frontier_builder builder;
} gathering;

static void gather(gathering *at, uint64_t incarnation, uint64_t sequence, tdm_span payload)
{
    tdm_order order = order_of(at->fold, incarnation, sequence);
    int compared = tdm_order_compare(&order, &at->limit);
    const tdm_shelf *shelf = &at->fold->shelf;
    bool held = !shelf->has_frontier
                || tdm_frontier_covers(&shelf->frontier, &at->fold->options.authority, incarnation, sequence);
    if (compared > 0 || !held)
        return;
    at->found = at->found || compared == 0;
    tdm_frontier_add_tide(&at->builder, payload);
}

static tdm_code gather_row(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    (void)check;
    if (key.len != 16)
        return tdm_fail(err, TDM_CORRUPT, 0, "views: a tide is damaged");
    gather(context, tdm_get_be(key.data, 8), tdm_get_be(key.data + 8, 8), value);
    return TDM_OK;
}

static tdm_code gather_views(tdm_fold *fold, gathering *at, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_code code = tdm_shelf_reader(&fold->shelf, &txn, err);
    if (code == TDM_OK && txn != NULL)
        code = tdm_shelf_trust(&fold->shelf, err);
    if (code != TDM_OK || txn == NULL)
        return code;
    return tdm_views_each(txn, TDM_VIEWS_TIDES, (tdm_span){ NULL, 0 }, gather_row, at, err);
}

/* Of the authority's own events all up to the named tide are covered: other incarnations whole if they are
 * of an earlier order, this one up to the tide. */
static void cover_own(const tdm_fold *fold, gathering *at)
{
    const tdm_id *authority = &fold->options.authority;
    tdm_frontier_drop_origin(&at->builder, authority);
    size_t place = 0;
    for (const tdm_incarnation *known = tdm_map_next(&fold->lineage.incarnations, &place); known != NULL;
         known = tdm_map_next(&fold->lineage.incarnations, &place)) {
        uint64_t incarnation = tdm_get_be(known->key + TDM_ID_BYTES, 8);
        if (memcmp(known->key, authority->bytes, TDM_ID_BYTES) != 0 || incarnation == at->limit.incarnation)
            continue;
        tdm_order last = { known->generation, incarnation, UINT64_MAX };
        if (tdm_order_compare(&last, &at->limit) < 0)
            tdm_frontier_add(&at->builder, authority, incarnation, UINT64_MAX, NULL);
    }
    tdm_frontier_add(&at->builder, authority, at->limit.incarnation, at->limit.sequence, NULL);
}

static tdm_code close_one(tdm_fold *fold, tdm_closing *closing, tdm_err *err)
{
    gathering at = { .fold = fold,
                     .limit = order_of(fold, closing->tide_incarnation, closing->tide_sequence) };
    tdm_frontier_builder_init(&at.builder);
    tdm_code code = gather_views(fold, &at, err);
    for (size_t i = 0; i < fold->tides.count; i++)
        gather(&at, fold->tides.items[i].incarnation, fold->tides.items[i].sequence,
               fold->tides.items[i].payload);
    closing->has_frontier = at.found;
    if (at.found)
        cover_own(fold, &at);
    else
        tdm_frontier_builder_clear(&at.builder);
    tdm_frontier_build(&at.builder, &closing->frontier);
    return code;
}

static bool take_over(tdm_closing *from, tdm_closing *to)
{
    if (from == NULL || from->tide_incarnation != to->tide_incarnation
        || from->tide_sequence != to->tide_sequence)
        return false;
    to->has_frontier = from->has_frontier;
    to->frontier.count = from->frontier.count;
    to->frontier.entries = tdm_memory_new(from->frontier.count * sizeof *from->frontier.entries);
    if (from->frontier.count > 0)
        memcpy(to->frontier.entries, from->frontier.entries,
               from->frontier.count * sizeof *from->frontier.entries);
    return true;
}

tdm_code tdm_tides_close(tdm_fold *fold, tdm_registry *registry, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < registry->closing_count && code == TDM_OK; i++) {
        tdm_closing *closing = &registry->closings[i];
        tdm_closing *before =
            fold->tides.changed ? NULL : (tdm_closing *)tdm_registry_closing(fold->registry, closing->period);
        if (!take_over(before, closing))
            code = close_one(fold, closing, err);
    }
    fold->tides.changed = false;
    return code;
}

void tdm_tides_save(tdm_fold *fold, tdm_kv_txn *txn)
{
    for (size_t i = 0; i < fold->tides.count; i++) {
        uint8_t key[16];
        tdm_put_be(key, fold->tides.items[i].incarnation, 8);
        tdm_put_be(key + 8, fold->tides.items[i].sequence, 8);
        tdm_views_put(txn, TDM_VIEWS_TIDES, (tdm_span){ key, sizeof key }, fold->tides.items[i].payload);
    }
}

void tdm_tides_saved(tdm_fold *fold)
{
    fold->tides.count = 0;
    tdm_arena_free(&fold->tides.arena);
}
