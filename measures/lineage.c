/* SPDX-License-Identifier: MPL-2.0
 *
 * lineage.c: generations of incarnations, successors of origins.
 */
#include "lineage.h"

#include <stdlib.h>

#include "bytes.h"

typedef struct successor {
    tdm_id origin;
    tdm_id successor;
} successor;

static tdm_span incarnation_key(const void *item)
{
    return (tdm_span){ ((const tdm_incarnation *)item)->key, 24 };
}

static tdm_span successor_key(const void *item)
{
    return (tdm_span){ ((const successor *)item)->origin.bytes, TDM_ID_BYTES };
}

int tdm_order_compare(const tdm_order *a, const tdm_order *b)
{
    if (a->generation != b->generation)
        return a->generation < b->generation ? -1 : 1;
    if (a->incarnation != b->incarnation)
        return a->incarnation < b->incarnation ? -1 : 1;
    return a->sequence == b->sequence ? 0 : a->sequence < b->sequence ? -1 : 1;
}

void tdm_lineage_init(tdm_lineage *lineage)
{
    tdm_map_init(&lineage->incarnations, incarnation_key);
    tdm_map_init(&lineage->successors, successor_key);
}

void tdm_lineage_free(tdm_lineage *lineage)
{
    tdm_map_free(&lineage->incarnations, free);
    tdm_map_free(&lineage->successors, free);
}

static void fill_key(uint8_t key[24], const tdm_id *origin, uint64_t incarnation)
{
    memcpy(key, origin->bytes, TDM_ID_BYTES);
    tdm_put_be(key + TDM_ID_BYTES, incarnation, 8);
}

tdm_incarnation *tdm_lineage_incarnation(tdm_lineage *lineage, const tdm_id *origin, uint64_t incarnation)
{
    uint8_t key[24];
    fill_key(key, origin, incarnation);
    tdm_incarnation *found = tdm_map_find(&lineage->incarnations, (tdm_span){ key, sizeof key });
    if (found != NULL)
        return found;
    found = tdm_memory_new(sizeof *found);
    memcpy(found->key, key, sizeof key);
    found->generation = 1;
    found->unsaved = true;
    tdm_map_add(&lineage->incarnations, found);
    return found;
}

tdm_order tdm_lineage_order(const tdm_lineage *lineage, const tdm_id *origin, uint64_t incarnation,
                            uint64_t sequence)
{
    uint8_t key[24];
    fill_key(key, origin, incarnation);
    const tdm_incarnation *found = tdm_map_find(&lineage->incarnations, (tdm_span){ key, sizeof key });
    return (tdm_order){ found == NULL ? 1 : found->generation, incarnation, sequence };
}

void tdm_lineage_clear_successors(tdm_lineage *lineage)
{
    tdm_map_free(&lineage->successors, free);
}

static successor *successor_of(const tdm_lineage *lineage, const tdm_id *origin)
{
    return tdm_map_find(&lineage->successors, (tdm_span){ origin->bytes, TDM_ID_BYTES });
}

void tdm_lineage_succeed(tdm_lineage *lineage, const tdm_id *origin, const tdm_id *successor_id)
{
    if (successor_of(lineage, origin) != NULL)
        return;
    successor *made = tdm_memory_new(sizeof *made);
    made->origin = *origin;
    made->successor = *successor_id;
    tdm_map_add(&lineage->successors, made);
}

int tdm_lineage_distance(const tdm_lineage *lineage, const tdm_id *origin, const tdm_id *author)
{
    if (tdm_id_equal(origin, author))
        return 0;
    const tdm_id *at = origin;
    /* An acyclic walk meets each origin that has a successor at most once, and a cycle brings nothing new. */
    for (size_t steps = 1; steps <= lineage->successors.count; steps++) {
        const successor *next = successor_of(lineage, at);
        if (next == NULL)
            return -1;
        at = &next->successor;
        if (tdm_id_equal(at, author))
            return (int)steps;
    }
    return -1;
}
