/* SPDX-License-Identifier: MPL-2.0
 *
 * arena.h: bytes that live as long as what holds them and are freed together.
 */
#ifndef TANDEM_MEASURES_ARENA_H
#define TANDEM_MEASURES_ARENA_H

#include "tandem/base.h"

typedef struct tdm_arena_chunk tdm_arena_chunk;
typedef struct tdm_arena {
    tdm_arena_chunk *chunks;
} tdm_arena;

/* A copy; its address stays. */
tdm_span tdm_arena_keep(tdm_arena *arena, tdm_span bytes);
void tdm_arena_free(tdm_arena *arena);

#endif
