/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_part.c: records grouped by subject, the subjects in order; each filed and judged while it is at hand.
 */
#include "bulk_part.h"

#include <stdlib.h>

/* ---- groups ---- */

/* Records of one subject, in order of position. */
typedef struct group {
    tdm_span subject;
    uint32_t first;
    uint32_t last;
} group;

typedef struct place {
    tdm_aside event;
    uint32_t next;
} place;

enum { NONE = UINT32_MAX };

typedef struct groups {
    place *places;
    size_t count;
    group *items;
    size_t item_count;
    size_t item_capacity;
    uint32_t *table; /* item + 1 by hash; a power of two of them */
    size_t table_size;
} groups;

static tdm_code add_record(void *context, const tdm_aside *event, tdm_err *err)
{
    groups *g = context;
    uint32_t number = (uint32_t)g->count;
    (void)err;
    g->places[g->count++] = (place){ *event, NONE };
    size_t slot = tdm_bytes_hash(event->subject) & (g->table_size - 1);
    while (g->table[slot] != 0 && !tdm_span_equal(g->items[g->table[slot] - 1].subject, event->subject))
        slot = (slot + 1) & (g->table_size - 1);
    if (g->table[slot] != 0) {
        group *of = &g->items[g->table[slot] - 1];
        g->places[of->last].next = number;
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

static tdm_code group_records(groups *g, tdm_asides *const *asides, size_t number, tdm_buf *room,
                              tdm_err *err)
{
    size_t count = tdm_asides_count(asides[0], number) + tdm_asides_count(asides[1], number);
    if (count >= NONE / 2)
        return tdm_fail(err, TDM_FULL, 0, "too many events about too few subjects to make figures at once");
    for (g->table_size = 64; g->table_size < 2 * count;)
        g->table_size *= 2;
    g->table = tdm_memory_new(g->table_size * sizeof *g->table);
    g->places = tdm_memory_new((count + 1) * sizeof *g->places);
    tdm_code code = tdm_asides_each(asides, HALVES, number, room, add_record, g, err);
    if (g->item_count > 1)
        qsort(g->items, g->item_count, sizeof *g->items, compare_groups);
    return code;
}

static void free_groups(groups *g)
{
    free(g->places);
    free(g->items);
    free(g->table);
}

/* ---- dossiers ---- */

static tdm_code file_record(tdm_fold *part, tdm_span subject, const tdm_aside *record, tdm_dossier **dossier,
                            tdm_err *err)
{
    tdm_event event;
    tdm_filed filing;
    bool filed;
    tdm_aside_event(record, &event);
    if (!tdm_fold_read_filing(part, record->position, &event, &filing))
        return TDM_OK;
    if (*dossier == NULL) {
        *dossier = tdm_shelf_make(&part->shelf, subject);
        if (part->replay != NULL)
            tdm_replay_begin(part->replay, *dossier);
    }
    if (part->replay != NULL)
        tdm_replay_reach(part->replay, record->position);
    return tdm_fold_file_into(part, *dossier, &filing, &filed, err);
}

/* Amendments that cannot be read make no dossier. */
static tdm_code fold_group(tdm_fold *part, const groups *g, const group *of, tdm_err *err)
{
    tdm_code code = TDM_OK;
    tdm_dossier *dossier = NULL;
    for (uint32_t i = of->first; i != NONE && code == TDM_OK; i = g->places[i].next)
        code = file_record(part, of->subject, &g->places[i].event, &dossier, err);
    if (code != TDM_OK || dossier == NULL)
        return code;
    if (part->replay != NULL)
        tdm_replay_end(part->replay);
    if (!tdm_registry_is_matched(part->registry, of->subject))
        tdm_fold_judge_alone(part, dossier);
    return TDM_OK;
}

tdm_code tdm_part_fold(tdm_fold *part, tdm_asides *const asides[HALVES], size_t number, tdm_err *err)
{
    groups g = { 0 };
    tdm_buf room = { 0 };
    tdm_code code = group_records(&g, asides, number, &room, err);
    for (size_t i = 0; i < g.item_count && code == TDM_OK; i++)
        code = fold_group(part, &g, &g.items[i], err);
    free_groups(&g);
    tdm_buf_free(&room);
    return code;
}

/* ---- open and close ---- */

tdm_fold *tdm_part_open(const tdm_fold *whole)
{
    tdm_fold *part = NULL;
    tdm_code code = tdm_fold_open(&part, NULL, &whole->options, NULL);
    TDM_ASSERT(code == TDM_OK); /* in memory alone */
    tdm_registry_free(part->registry);
    tdm_lineage_free(&part->lineage);
    part->registry = whole->registry;
    part->lineage = whole->lineage;
    part->speakers = whole->speakers;
    part->in_part = true;
    if (whole->options.with_feeds && whole->options.has_authority)
        tdm_replay_new(part);
    return part;
}

void tdm_part_close(tdm_fold **part)
{
    tdm_fold *fold = *part;
    if (fold == NULL)
        return;
    tdm_replay_free(fold->replay);
    fold->registry = NULL; /* the whole's */
    tdm_lineage_init(&fold->lineage);
    tdm_feeds_init(fold);
    tdm_fold_close(part);
}
