/* SPDX-License-Identifier: MPL-2.0
 *
 * bytes.c: hashing, growing arrays, compact integers.
 */
#include "bytes.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Drawn once per process: partners choose the names that are hashed, and nobody may choose where they fall.
 */
static uint64_t seed(void)
{
    static _Atomic uint64_t drawn;
    uint64_t held = atomic_load_explicit(&drawn, memory_order_relaxed);
    while (held == 0) {
        tdm_id random;
        uint64_t fresh;
        tdm_id_random(&random);
        memcpy(&fresh, random.bytes, sizeof fresh);
        atomic_compare_exchange_strong(&drawn, &held, fresh);
        held = atomic_load_explicit(&drawn, memory_order_relaxed);
    }
    return held;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A multiply-and-fold hash: eight bytes a step. */
static uint64_t hash_from(uint64_t hash, tdm_span bytes)
{
    const uint8_t *at = bytes.data;
    size_t left = bytes.len;
    for (; left >= 8; left -= 8, at += 8)
        hash = mix(hash ^ tdm_load_u64(at), 0xa0761d6478bd642fu);
    uint64_t tail = 0;
    if (left > 0)
        memcpy(&tail, at, left);
    return mix(hash ^ tail, 0xe7037ed1a0b428dbu);
}

/* Never stored and never part of the state hash. */
uint64_t tdm_bytes_hash(tdm_span bytes)
{
    return hash_from(seed() ^ bytes.len, bytes);
}

uint64_t tdm_bytes_check(uint64_t kind, tdm_span key, tdm_span value)
{
    uint64_t hash = hash_from(0x8ebc6af09c88c6e3u ^ (kind << 32) ^ key.len, key);
    hash = hash_from(hash ^ value.len, value);
    return hash == 0 ? 1 : hash;
}

void *tdm_memory_new(size_t bytes)
{
    void *memory = calloc(1, bytes == 0 ? 1 : bytes);
    TDM_ASSERT(memory != NULL);
    return memory;
}

void *tdm_memory_grow(void *items, size_t *capacity, size_t need, size_t item_size)
{
    if (need <= *capacity)
        return items;
    size_t room = *capacity + *capacity / 2;
    if (room < need)
        room = need;
    if (room < 8)
        room = 8;
    TDM_ASSERT(room < SIZE_MAX / item_size);
    void *grown = realloc(items, room * item_size);
    TDM_ASSERT(grown != NULL);
    *capacity = room;
    return grown;
}

void tdm_varint_put(tdm_buf *out, uint64_t value)
{
    uint8_t bytes[TDM_VARINT_MAX];
    tdm_buf_add(out, bytes, (size_t)(tdm_varint_write(bytes, value) - bytes));
}

void tdm_varint_put_signed(tdm_buf *out, int64_t value)
{
    tdm_varint_put(out, tdm_zigzag(value));
}
