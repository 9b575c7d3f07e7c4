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
    tdm_spooled record;
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

uint32_t tdm_part_tag(tdm_span event, tdm_span subject)
{
    size_t at = (size_t)(subject.data - event.data);
    return at > UINT16_MAX ? 0 : (uint32_t)(at << 16 | subject.len);
}

static tdm_code subject_of(const tdm_spooled *record, tdm_span *out, tdm_err *err)
{
    tdm_event event;
    *out = (tdm_span){ record->bytes.data + (record->tag >> 16), record->tag & UINT16_MAX };
    if (record->tag != 0)
        return TDM_OK;
    tdm_code code = tdm_event_peek(record->bytes, &event, err);
    *out = event.subject;
    return code;
}

static void add_record(groups *g, tdm_span subject, const tdm_spooled *record)
{
    uint32_t number = (uint32_t)g->count;
    g->places[g->count++] = (place){ *record, NONE };
    size_t slot = tdm_bytes_hash(subject) & (g->table_size - 1);
    while (g->table[slot] != 0 && !tdm_span_equal(g->items[g->table[slot] - 1].subject, subject))
        slot = (slot + 1) & (g->table_size - 1);
    if (g->table[slot] != 0) {
        group *of = &g->items[g->table[slot] - 1];
        g->places[of->last].next = number;
        of->last = number;
        return;
    }
    g->items = tdm_memory_grow(g->items, &g->item_capacity, g->item_count + 1, sizeof *g->items);
    g->items[g->item_count++] = (group){ subject, number, number };
    g->table[slot] = (uint32_t)g->item_count;
}

static int compare_groups(const void *a, const void *b)
{
    return tdm_span_compare(((const group *)a)->subject, ((const group *)b)->subject);
}

static tdm_code group_records(groups *g, tdm_span records, size_t count, tdm_err *err)
{
    tdm_spooled record;
    tdm_code code = TDM_OK;
    if (count >= NONE / 2)
        return tdm_fail(err, TDM_FULL, 0, "too many events about too few subjects to make figures at once");
    for (g->table_size = 64; g->table_size < 2 * count;)
        g->table_size *= 2;
    g->table = tdm_memory_new(g->table_size * sizeof *g->table);
    g->places = tdm_memory_new((count + 1) * sizeof *g->places);
    for (size_t at = 0; code == TDM_OK && tdm_spool_next(records, &at, &record);) {
        tdm_span subject;
        code = subject_of(&record, &subject, err);
        if (code == TDM_OK)
            add_record(g, subject, &record);
    }
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

static tdm_code file_record(tdm_fold *part, tdm_span subject, const tdm_spooled *record,
                            tdm_dossier **dossier, tdm_err *err)
{
    tdm_event event;
    tdm_filed filing;
    bool filed;
    tdm_code code = tdm_event_peek(record->bytes, &event, err);
    if (code != TDM_OK || !tdm_fold_read_filing(part, record->number, &event, &filing))
        return code;
    if (*dossier == NULL) {
        *dossier = tdm_shelf_make(&part->shelf, subject);
        if (part->replay != NULL)
            tdm_replay_begin(part->replay, *dossier);
    }
    if (part->replay != NULL)
        tdm_replay_reach(part->replay, record->number);
    return tdm_fold_file_into(part, *dossier, &filing, &filed, err);
}

/* Amendments that cannot be read make no dossier. */
static tdm_code fold_group(tdm_fold *part, const groups *g, const group *of, tdm_err *err)
{
    tdm_code code = TDM_OK;
    tdm_dossier *dossier = NULL;
    for (uint32_t i = of->first; i != NONE && code == TDM_OK; i = g->places[i].next)
        code = file_record(part, of->subject, &g->places[i].record, &dossier, err);
    if (code != TDM_OK || dossier == NULL)
        return code;
    if (part->replay != NULL)
        tdm_replay_end(part->replay);
    if (!tdm_registry_is_matched(part->registry, of->subject))
        tdm_fold_judge_alone(part, dossier);
    return TDM_OK;
}

tdm_code tdm_part_fold(tdm_fold *part, tdm_spool *const spools[2], size_t number, tdm_err *err)
{
    groups g = { 0 };
    tdm_buf records = { 0 };
    size_t count = tdm_spool_count(spools[0], number) + tdm_spool_count(spools[1], number);
    tdm_code code = tdm_spool_read(spools[0], number, &records, err);
    if (code == TDM_OK)
        code = tdm_spool_read(spools[1], number, &records, err);
    if (code == TDM_OK)
        code = group_records(&g, tdm_buf_span(&records), count, err);
    for (size_t i = 0; i < g.item_count && code == TDM_OK; i++)
        code = fold_group(part, &g, &g.items[i], err);
    free_groups(&g);
    tdm_buf_free(&records);
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
