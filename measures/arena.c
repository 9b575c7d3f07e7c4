/* SPDX-License-Identifier: MPL-2.0
 *
 * arena.c: bytes that are freed together.
 */
#include "arena.h"

#include <stdlib.h>

#include "bytes.h"

enum { CHUNK_BYTES = 65536 };

struct tdm_arena_chunk {
    tdm_arena_chunk *next;
    size_t used;
    size_t size;
    uint8_t bytes[];
};

static tdm_arena_chunk *add_chunk(tdm_arena *arena, size_t need)
{
    size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
    tdm_arena_chunk *chunk = tdm_memory_new(sizeof *chunk + size);
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

tdm_span tdm_arena_keep(tdm_arena *arena, tdm_span bytes)
{
    tdm_arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < bytes.len)
        chunk = add_chunk(arena, bytes.len);
    uint8_t *copy = chunk->bytes + chunk->used;
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    chunk->used += bytes.len;
    return (tdm_span){ copy, bytes.len };
}

void tdm_arena_free(tdm_arena *arena)
{
    while (arena->chunks != NULL) {
        tdm_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
}
