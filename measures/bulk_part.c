/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_part.c: records grouped by subject, the subjects in order; each filed and judged while it is at hand.
 */
#include "bulk_part.h"

#include <stdlib.h>

/* ---- groups ---- */

/* Events of one subject, in order of position. */
typedef struct group {
    tdm_span subject;
    uint32_t first; /* event */
    uint32_t last;
} group;

/* Events are numbered as they come. What is kept of one is where it lies: there are some hundred thousand of
 * them, and what is small stays near to the processor. */
enum { NONE = UINT32_MAX };

typedef struct groups {
    tdm_asides *const *asides;
    size_t part;
    tdm_buf room;      /* the events */
    uint32_t *offsets; /* of each event, in the room */
    uint32_t *next;    /* event of its group; NONE: it is the last */
    size_t count;
    group *items;
    size_t item_count;
    size_t item_capacity;
    uint32_t *table; /* item + 1 by hash; a power of two of them */
    size_t table_size;
} groups;

static tdm_code add_event(void *context, const tdm_aside *event, tdm_err *err)
{
    groups *g = context;
    uint32_t number = (uint32_t)g->count++;
    (void)err;
    g->offsets[number] = (uint32_t)(event->bytes - g->room.data);
    g->next[number] = NONE;
    size_t slot = tdm_bytes_hash(event->subject) & (g->table_size - 1);
    while (g->table[slot] != 0 && !tdm_span_equal(g->items[g->table[slot] - 1].subject, event->subject))
        slot = (slot + 1) & (g->table_size - 1);
    if (g->table[slot] != 0) {
        group *of = &g->items[g->table[slot] - 1];
        g->next[of->last] = number;
        of->last = number;
        return TDM_OK;
    }
    g->items = tdm_memory_grow(g->items, &g->item_capacity, g->item_count + 1, sizeof *g->items);
    g->items[g->item_count++] = (group){ event->subject, number, number };
    g->table[slot] = (uint32_t)g->item_count;
    return TDM_OK;
}

static int compare_groups(const void *a, const void *b)
{
    return tdm_span_compare(((const group *)a)->subject, ((const group *)b)->subject);
}

/* Offsets in the order in which they are wanted, in place of those as they came. */
static void put_in_order(groups *g)
{
    uint32_t *sorted = tdm_memory_new((g->count + 1) * sizeof *sorted);
    uint32_t at = 0;
    for (size_t i = 0; i < g->item_count; i++) {
        group *of = &g->items[i];
        uint32_t begins = at;
        for (uint32_t number = of->first; number != NONE; number = g->next[number])
            sorted[at++] = g->offsets[number];
        of->first = begins;
        of->last = at - 1;
    }
    free(g->offsets);
    g->offsets = sorted;
}

static tdm_code group_events(groups *g, tdm_err *err)
{
    size_t count = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < HALVES; i++) {
        count += tdm_asides_count(g->asides[i], g->part);
        bytes += tdm_asides_bytes(g->asides[i], g->part);
    }
    if (count >= NONE / 2 || bytes >= UINT32_MAX)
        return tdm_fail(err, TDM_FULL, 0, "too many events about too few subjects to make figures at once");
    for (g->table_size = 64; g->table_size < 2 * count;)
        g->table_size *= 2;
    g->table = tdm_memory_new(g->table_size * sizeof *g->table);
    g->offsets = tdm_memory_new((count + 1) * sizeof *g->offsets);
    g->next = tdm_memory_new((count + 1) * sizeof *g->next);
    tdm_code code = tdm_asides_each(g->asides, HALVES, g->part, &g->room, add_event, g, err);
    if (code != TDM_OK)
        return code;
    if (g->item_count > 1)
        qsort(g->items, g->item_count, sizeof *g->items, compare_groups);
    put_in_order(g);
    return TDM_OK;
}

static void free_groups(groups *g)
{
    free(g->offsets);
    free(g->next);
    free(g->items);
    free(g->table);
    tdm_buf_free(&g->room);
}

/* An event in order; those that come soon are brought near to the processor meanwhile. */
static void event_at(const groups *g, uint32_t at, tdm_aside *out)
{
    enum { AHEAD = 6, LINE = 64 };
    if (at + AHEAD < g->count) {
        __builtin_prefetch(g->room.data + g->offsets[at + AHEAD]);
        __builtin_prefetch(g->room.data + g->offsets[at + AHEAD] + LINE);
    }
    size_t half = g->offsets[at] < tdm_asides_bytes(g->asides[0], g->part) ? 0 : 1;
    tdm_asides_again(g->asides[half],
                     (tdm_span){ g->room.data + g->offsets[at], g->room.len - g->offsets[at] }, out);
}

/* ---- dossiers ---- */

enum { SLOT_BYTES = 104, REST_BYTES = 400 }; /* of most dossiers; what is larger grows */

static tdm_code file_event(tdm_fold *part, const group *of, const tdm_aside *aside, tdm_dossier **dossier,
                           tdm_err *err)
{
    tdm_event event;
    tdm_filed filing;
    bool filed;
    tdm_aside_event(aside, &event);
    if (!tdm_fold_read_filing(part, aside->position, &event, &filing))
        return TDM_OK;
    if (*dossier == NULL) {
        *dossier = tdm_shelf_make(&part->shelf, of->subject);
        tdm_dossier_reserve(*dossier, (of->last - of->first + 1) * (size_t)SLOT_BYTES + REST_BYTES);
        if (part->replay != NULL)
            tdm_replay_begin(part->replay, *dossier);
    }
    if (part->replay != NULL)
        tdm_replay_reach(part->replay, aside->position);
    return tdm_fold_file_into(part, *dossier, &filing, &filed, err);
}

/* Amendments that cannot be read make no dossier. */
static tdm_code fold_group(tdm_fold *part, const groups *g, const group *of, tdm_err *err)
{
    tdm_code code = TDM_OK;
    tdm_dossier *dossier = NULL;
    for (uint32_t i = of->first; i <= of->last && code == TDM_OK; i++) {
        tdm_aside aside;
        event_at(g, i, &aside);
        code = file_event(part, of, &aside, &dossier, err);
    }
    if (code != TDM_OK || dossier == NULL)
        return code;
    if (part->replay != NULL)
        tdm_replay_end(part->replay);
    if (!tdm_registry_is_matched(part->registry, of->subject))
        tdm_fold_judge_alone(part, dossier);
    return TDM_OK;
}

static void make_rows(tdm_part *part)
{
    const tdm_shelf *shelf = &part->fold->shelf;
    tdm_packing packing = { 0 };
    part->row = tdm_memory_new((shelf->dirty_count + 1) * sizeof *part->row);
    for (size_t i = 0; i < shelf->dirty_count; i++) {
        const tdm_dossier *dossier = shelf->dirty[i];
        tdm_part_row *row = &part->row[i];
        tdm_span packed = tdm_dossier_pack(&packing, dossier);
        tdm_state_digest(tdm_dossier_subject(dossier), packed, &row->digest);
        row->at = part->rows.len;
        tdm_dossier_encode(dossier, packed, &part->rows);
        tdm_views_seal_from(TDM_VIEWS_DOSSIERS, tdm_dossier_subject(dossier), &part->rows, row->at);
        TDM_ASSERT(!part->rows.failed);
        row->len = part->rows.len - row->at;
    }
    tdm_packing_free(&packing);
}

tdm_code tdm_part_fold(tdm_part *part, tdm_asides *const asides[HALVES], size_t number, tdm_err *err)
{
    groups g = { .asides = asides, .part = number };
    tdm_code code = group_events(&g, err);
    for (size_t i = 0; i < g.item_count && code == TDM_OK; i++)
        code = fold_group(part->fold, &g, &g.items[i], err);
    free_groups(&g);
    if (code == TDM_OK)
        make_rows(part);
    return code;
}

/* ---- open and close ---- */

tdm_part *tdm_part_open(const tdm_fold *whole)
{
    tdm_part *part = tdm_memory_new(sizeof *part);
    tdm_code code = tdm_fold_open(&part->fold, NULL, &whole->options, NULL);
    TDM_ASSERT(code == TDM_OK); /* in memory alone */
    tdm_fold *fold = part->fold;
    tdm_registry_free(fold->registry);
    tdm_lineage_free(&fold->lineage);
    fold->registry = whole->registry;
    fold->lineage = whole->lineage;
    fold->speakers = whole->speakers;
    fold->in_part = true;
    if (whole->options.with_feeds && whole->options.has_authority)
        tdm_replay_new(fold);
    return part;
}

void tdm_part_close(tdm_part **handle)
{
    tdm_part *part = *handle;
    if (part == NULL)
        return;
    *handle = NULL;
    tdm_replay_free(part->fold->replay);
    part->fold->registry = NULL; /* the whole's */
    tdm_lineage_init(&part->fold->lineage);
    tdm_feeds_init(part->fold);
    tdm_fold_close(&part->fold);
    tdm_buf_free(&part->rows);
    free(part->row);
    free(part);
}
