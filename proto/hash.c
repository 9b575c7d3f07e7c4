/* SPDX-License-Identifier: MPL-2.0
 *
 * hash.c: SHA-256 of one message, and of many short ones.
 *
 * Nearly all that is hashed is an event of some 150 bytes or a node of 65. There the function itself is not
 * all that costs: bytes that were just written one by one and are then loaded sixteen at a time stall it for
 * as long as a third of a block takes. So the first blocks of several messages, where the prefix is, are put
 * together before any of them is hashed, and what follows is read where it stands.
 */
#include "hash.h"

#include "hash_lanes.h"

#include <nettle/sha2.h>
#include <stdatomic.h>
#include <string.h>

/* The first block of a message behind its prefix. */
typedef struct lead {
    uint8_t bytes[SHA256_BLOCK_SIZE];
    size_t taken; /* of the message */
} lead;

void tdm_hash(tdm_span first, tdm_span second, tdm_digest *out)
{
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, first.len, first.data);
    if (second.len > 0)
        sha256_update(&state, second.len, second.data);
    sha256_digest(&state, TDM_DIGEST_BYTES, out->bytes);
}

static void put_lead(uint8_t prefix, tdm_span message, lead *out)
{
    size_t room = sizeof out->bytes - 1;
    out->taken = message.len < room ? message.len : room;
    out->bytes[0] = prefix;
    memcpy(out->bytes + 1, message.data, out->taken);
}

/* Before they are believed the lanes hash once what the library hashes, too: other lengths in each, up to
 * three blocks. */
static bool lanes_agree(void)
{
    uint8_t bytes[HASH_LANES * 12];
    tdm_span messages[HASH_LANES];
    tdm_digest wanted[HASH_LANES], made[HASH_LANES];
    const uint8_t prefix = 7;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t i = 0; i < HASH_LANES; i++) {
        messages[i] = (tdm_span){ bytes + i, 10 * i + i / 2 + 1 };
        tdm_hash((tdm_span){ &prefix, 1 }, messages[i], &wanted[i]);
    }
    tdm_hash_lanes(prefix, messages, made);
    return memcmp(made, wanted, sizeof made) == 0;
}

static bool lanes_may_be_used(void)
{
    static _Atomic int known; /* 0: not asked yet; each thread that asks first finds the same */
    int found = atomic_load_explicit(&known, memory_order_relaxed);
    if (found == 0) {
        found = tdm_hash_lanes_are_there() && lanes_agree() ? 1 : -1;
        atomic_store_explicit(&known, found, memory_order_relaxed);
    }
    return found > 0;
}

/* Lanes go on until the longest message is done: that pays unless most of them would run idle. */
static bool fit_in_lanes(const tdm_span *messages, size_t count)
{
    size_t sum = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        sum += messages[i].len + SHA256_BLOCK_SIZE;
        most = messages[i].len + SHA256_BLOCK_SIZE > most ? messages[i].len + SHA256_BLOCK_SIZE : most;
    }
    return count == HASH_LANES && sum >= HASH_LANES / 2 * most && lanes_may_be_used();
}

static void hash_some(uint8_t prefix, const tdm_span *messages, size_t count, tdm_digest *out)
{
    lead leads[HASH_TOGETHER];
    tdm_digest made[HASH_TOGETHER];
    for (size_t i = 0; i < count; i++)
        put_lead(prefix, messages[i], &leads[i]);
    for (size_t i = 0; i < count; i++)
        tdm_hash((tdm_span){ leads[i].bytes, 1 + leads[i].taken },
                 (tdm_span){ messages[i].data + leads[i].taken, messages[i].len - leads[i].taken }, &made[i]);
    memcpy(out, made, count * sizeof *out);
}

void tdm_hash_each(uint8_t prefix, const tdm_span *messages, size_t count, tdm_digest *out)
{
    for (size_t done = 0; done < count; done += HASH_TOGETHER) {
        size_t some = count - done < HASH_TOGETHER ? count - done : HASH_TOGETHER;
        if (fit_in_lanes(messages + done, some))
            tdm_hash_lanes(prefix, messages + done, out + done);
        else
            hash_some(prefix, messages + done, some, out + done);
    }
}
