/* SPDX-License-Identifier: MPL-2.0
 *
 * frontier.c: frontiers: gathered from tides, and asked what they cover.
 */
#include "frontier.h"

#include <stdlib.h>

#include "bytes.h"
#include "tandem/event.h"
#include "tandem/pack.h"

typedef struct gathered {
    uint8_t key[24]; /* origin, incarnation */
    tdm_frontier_entry entry;
} gathered;

static tdm_span gathered_key(const void *item)
{
    return (tdm_span){ ((const gathered *)item)->key, 24 };
}

void tdm_frontier_builder_init(tdm_frontier_builder *builder)
{
    tdm_map_init(&builder->entries, gathered_key);
}

void tdm_frontier_builder_clear(tdm_frontier_builder *builder)
{
    tdm_map_free(&builder->entries, free);
}

void tdm_frontier_add(tdm_frontier_builder *builder, const tdm_id *origin, uint64_t incarnation,
                      uint64_t sequence, const tdm_digest *head)
{
    uint8_t key[24];
    memcpy(key, origin->bytes, TDM_ID_BYTES);
    tdm_put_be(key + TDM_ID_BYTES, incarnation, 8);
    gathered *found = tdm_map_find(&builder->entries, (tdm_span){ key, sizeof key });
    if (found == NULL) {
        found = tdm_memory_new(sizeof *found);
        memcpy(found->key, key, sizeof key);
        found->entry.origin = *origin;
        found->entry.incarnation = incarnation;
        tdm_map_add(&builder->entries, found);
    } else if (found->entry.sequence >= sequence) {
        return;
    }
    found->entry.sequence = sequence;
    memset(&found->entry.head, 0, sizeof found->entry.head);
    if (head != NULL)
        found->entry.head = *head;
}

void tdm_frontier_add_tide(tdm_frontier_builder *builder, tdm_span payload)
{
    tdm_record tide;
    if (tdm_record_decode(TDM_TYPE_TIDE, payload, &tide, NULL) != TDM_OK)
        return;
    tdm_cursor cursor = tdm_cursor_over(tide.values[TDM_TIDE_ENTRIES].bytes);
    uint32_t count = tdm_cursor_array(&cursor);
    for (uint32_t i = 0; i < count && !cursor.failed; i++) {
        tdm_record entry;
        if (tdm_record_decode(TDM_TYPE_FRONTIER_ENTRY, tdm_cursor_skip(&cursor), &entry, NULL) != TDM_OK)
            return;
        tdm_id origin = tdm_value_id(&entry.values[TDM_FRONTIER_ENTRY_ORIGIN]);
        tdm_digest head = tdm_value_digest(&entry.values[TDM_FRONTIER_ENTRY_HEAD]);
        tdm_frontier_add(builder, &origin,
                         tdm_value_incarnation(&entry.values[TDM_FRONTIER_ENTRY_INCARNATION]),
                         (uint64_t)entry.values[TDM_FRONTIER_ENTRY_SEQUENCE].number, &head);
    }
}

void tdm_frontier_drop_origin(tdm_frontier_builder *builder, const tdm_id *origin)
{
    tdm_map kept;
    tdm_map_init(&kept, gathered_key);
    size_t at = 0;
    for (gathered *item = tdm_map_next(&builder->entries, &at); item != NULL;
         item = tdm_map_next(&builder->entries, &at)) {
        if (tdm_id_equal(&item->entry.origin, origin))
            free(item);
        else
            tdm_map_add(&kept, item);
    }
    tdm_map_free(&builder->entries, NULL);
    builder->entries = kept;
}

static int compare_entries(const void *a, const void *b)
{
    const tdm_frontier_entry *x = a;
    const tdm_frontier_entry *y = b;
    int order = tdm_id_compare(&x->origin, &y->origin);
    if (order != 0)
        return order;
    return x->incarnation == y->incarnation ? 0 : x->incarnation < y->incarnation ? -1 : 1;
}

void tdm_frontier_build(tdm_frontier_builder *builder, tdm_frontier *out)
{
    out->entries = tdm_memory_new(builder->entries.count * sizeof *out->entries);
    out->count = 0;
    size_t at = 0;
    for (const gathered *item = tdm_map_next(&builder->entries, &at); item != NULL;
         item = tdm_map_next(&builder->entries, &at))
        out->entries[out->count++] = item->entry;
    if (out->count > 1)
        qsort(out->entries, out->count, sizeof *out->entries, compare_entries);
    tdm_frontier_builder_clear(builder);
}

void tdm_frontier_free(tdm_frontier *frontier)
{
    if (frontier == NULL)
        return;
    free(frontier->entries);
    *frontier = (tdm_frontier){ 0 };
}

bool tdm_frontier_covers(const tdm_frontier *frontier, const tdm_id *origin, uint64_t incarnation,
                         uint64_t sequence)
{
    tdm_frontier_entry asked = { .origin = *origin, .incarnation = incarnation };
    size_t low = 0;
    size_t high = frontier->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_entries(&frontier->entries[middle], &asked);
        if (order == 0)
            return frontier->entries[middle].sequence >= sequence;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
