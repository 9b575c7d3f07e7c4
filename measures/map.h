/* SPDX-License-Identifier: MPL-2.0
 *
 * map.h: a hash map of items that hold their own key. Open addressing, borrowed items.
 */
#ifndef TANDEM_MEASURES_MAP_H
#define TANDEM_MEASURES_MAP_H

#include "tandem/base.h"

typedef tdm_span tdm_map_key(const void *item);

typedef struct tdm_map_place {
    uint64_t hash;
    void *item; /* NULL: empty */
} tdm_map_place;

typedef struct tdm_map {
    tdm_map_key *key;
    tdm_map_place *places;
    size_t size; /* a power of two, or 0 */
    size_t count;
} tdm_map;

void tdm_map_init(tdm_map *map, tdm_map_key *key);
/* Frees the places; each item first goes to release, if there is one. Leaves an empty map. */
void tdm_map_free(tdm_map *map, void (*release)(void *item));
void *tdm_map_find(const tdm_map *map, tdm_span key); /* NULL if absent */
/* Two steps that bring what a key will be found at near to the processor, ahead of finding it: its place,
 * then the item there, which may be another's of the same hash; NULL if there is none. */
void tdm_map_expect(const tdm_map *map, uint64_t hash);
void *tdm_map_glance(const tdm_map *map, uint64_t hash);
void tdm_map_add(tdm_map *map, void *item);      /* its key must be absent */
void tdm_map_remove(tdm_map *map, tdm_span key); /* an absent key is no error */
/* Items one by one in no order: begin with *at = 0; NULL at the end. The map must not change meanwhile. */
void *tdm_map_next(const tdm_map *map, size_t *at);

#endif
