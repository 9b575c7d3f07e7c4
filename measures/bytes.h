/* SPDX-License-Identifier: MPL-2.0
 *
 * bytes.h: what the fold's structures are made of: hashing, growing arrays, compact integers.
 *
 * A lost allocation ends the process: everything here is derived from the ledger, the cache is bounded, and a
 * process that starts again goes on from its last checkpoint. So no caller handles it.
 */
#ifndef TANDEM_MEASURES_BYTES_H
#define TANDEM_MEASURES_BYTES_H

#include <string.h>

#include "tandem/base.h"

uint64_t tdm_bytes_hash(tdm_span bytes);
/* The same in every process and never 0, for what is stored: shows that bytes changed by accident. `kind`
 * keeps apart what must not be taken for each other. */
uint64_t tdm_bytes_check(uint64_t kind, tdm_span key, tdm_span value);

void *tdm_memory_new(size_t bytes); /* zeroed */
/* items with room for at least `need` elements; grows by half. */
void *tdm_memory_grow(void *items, size_t *capacity, size_t need, size_t item_size);

/* Unsigned LEB128; signed numbers by zigzag. */
enum { TDM_VARINT_MAX = 10 };
static inline uint8_t *tdm_varint_write(uint8_t *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *out++ = (uint8_t)(value | 0x80);
    *out++ = (uint8_t)value;
    return out;
}
static inline uint64_t tdm_zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}
void tdm_varint_put(tdm_buf *out, uint64_t value);
void tdm_varint_put_signed(tdm_buf *out, int64_t value);

/* Read from *at; at the end of the bytes *at becomes NULL and 0 is read from then on. */
static inline uint64_t tdm_varint_get(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at != NULL && *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return value;
    }
    *at = NULL;
    return 0;
}
static inline int64_t tdm_varint_get_signed(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = tdm_varint_get(at, end);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static inline uint32_t tdm_load_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t tdm_load_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* Amounts of strangers may be any: beyond int64 they go round, the same in any order. */
static inline int64_t tdm_add_wrapping(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t tdm_take_wrapping(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* Big-endian, so that stored keys sort as numbers do. */
static inline void tdm_put_be(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

static inline uint64_t tdm_get_be(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

#endif
