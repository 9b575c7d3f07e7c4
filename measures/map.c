/* SPDX-License-Identifier: MPL-2.0
 *
 * map.c: a hash map of items that hold their own key.
 */
#include "map.h"

#include <stdlib.h>

#include "bytes.h"

void tdm_map_init(tdm_map *map, tdm_map_key *key)
{
    *map = (tdm_map){ .key = key };
}

void tdm_map_free(tdm_map *map, void (*release)(void *item))
{
    if (release != NULL) {
        for (size_t i = 0; i < map->size; i++) {
            if (map->places[i].item != NULL)
                release(map->places[i].item);
        }
    }
    free(map->places);
    tdm_map_init(map, map->key);
}

/* The place of the key, or the empty one where it would go. The map has room. */
static size_t place_of(const tdm_map *map, uint64_t hash, tdm_span key)
{
    size_t at = hash & (map->size - 1);
    while (map->places[at].item != NULL) {
        if (map->places[at].hash == hash && tdm_span_equal(map->key(map->places[at].item), key))
            break;
        at = (at + 1) & (map->size - 1);
    }
    return at;
}

void *tdm_map_find(const tdm_map *map, tdm_span key)
{
    return map->size == 0 ? NULL : map->places[place_of(map, tdm_bytes_hash(key), key)].item;
}

void tdm_map_expect(const tdm_map *map, uint64_t hash)
{
    if (map->size > 0)
        __builtin_prefetch(&map->places[hash & (map->size - 1)]);
}

void *tdm_map_glance(const tdm_map *map, uint64_t hash)
{
    size_t at = hash & (map->size - 1);
    if (map->size == 0)
        return NULL;
    while (map->places[at].item != NULL && map->places[at].hash != hash)
        at = (at + 1) & (map->size - 1);
    return map->places[at].item;
}

static void insert(tdm_map *map, tdm_map_place place)
{
    size_t at = place.hash & (map->size - 1);
    while (map->places[at].item != NULL)
        at = (at + 1) & (map->size - 1);
    map->places[at] = place;
}

static void widen(tdm_map *map)
{
    tdm_map_place *old = map->places;
    size_t old_size = map->size;
    map->size = old_size == 0 ? 16 : old_size * 2;
    map->places = tdm_memory_new(map->size * sizeof *map->places);
    for (size_t i = 0; i < old_size; i++) {
        if (old[i].item != NULL)
            insert(map, old[i]);
    }
    free(old);
}

void tdm_map_add(tdm_map *map, void *item)
{
    if ((map->count + 1) * 4 > map->size * 3)
        widen(map);
    insert(map, (tdm_map_place){ tdm_bytes_hash(map->key(item)), item });
    map->count++;
}

/* Deletion without tombstones: later members of the same chain move back. */
void tdm_map_remove(tdm_map *map, tdm_span key)
{
    if (map->size == 0)
        return;
    size_t mask = map->size - 1;
    size_t hole = place_of(map, tdm_bytes_hash(key), key);
    if (map->places[hole].item == NULL)
        return;
    for (size_t at = (hole + 1) & mask; map->places[at].item != NULL; at = (at + 1) & mask) {
        size_t home = map->places[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->places[hole] = map->places[at];
            hole = at;
        }
    }
    map->places[hole] = (tdm_map_place){ 0, NULL };
    map->count--;
}

void *tdm_map_next(const tdm_map *map, size_t *at)
{
    while (*at < map->size) {
        void *item = map->places[(*at)++].item;
        if (item != NULL)
            return item;
    }
    return NULL;
}
