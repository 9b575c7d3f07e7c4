/* SPDX-License-Identifier: MPL-2.0
 *
 * hash_lanes.c: SHA-256 of sixteen messages at once: word n of each is lane by lane in one vector of AVX-512,
 * and each step of the function is done for all of them.
 *
 * Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1, 5.3.3 and 6.2.
 */
#include "hash_lanes.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <endian.h>
#include <string.h>

enum { BLOCK = 64, WORDS = 16, ROUNDS = 64, LENGTH_BYTES = 8 };

#define WITH_VECTORS __attribute__((target("avx512f")))

typedef uint32_t lanes __attribute__((vector_size(4 * HASH_LANES)));

static const uint32_t FIRST[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

static const uint32_t CONSTANTS[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

/* One message in blocks: the first and the last ones were put together, those between are read where they
 * are. */
typedef struct message {
    uint8_t first[BLOCK];
    uint8_t last[2 * BLOCK];
    const uint8_t *bytes; /* behind the prefix */
    size_t full;          /* blocks before `last` */
    size_t blocks;
} message;

static void lay_out(uint8_t prefix, tdm_span bytes, message *out)
{
    size_t all = 1 + bytes.len;
    size_t taken = bytes.len < BLOCK - 1 ? bytes.len : BLOCK - 1;
    uint64_t bits = htobe64(8 * (uint64_t)all);
    out->full = all / BLOCK;
    out->blocks = (all + 1 + LENGTH_BYTES + BLOCK - 1) / BLOCK;
    out->bytes = bytes.data;
    out->first[0] = prefix;
    memcpy(out->first + 1, bytes.data, taken);
    size_t rest = all % BLOCK;
    memcpy(out->last, out->full == 0 ? out->first : bytes.data + BLOCK * out->full - 1, rest);
    size_t end = BLOCK * (out->blocks - out->full) - LENGTH_BYTES;
    out->last[rest] = 0x80;
    memset(out->last + rest + 1, 0, end - rest - 1);
    memcpy(out->last + end, &bits, sizeof bits);
}

static const uint8_t *block_of(const message *m, size_t index)
{
    if (index >= m->blocks)
        return m->last; /* of a message that is done: its lane runs idle */
    if (index >= m->full)
        return m->last + BLOCK * (index - m->full);
    return index == 0 ? m->first : m->bytes + BLOCK * index - 1;
}

#define TURN(x, by) (((x) >> (by)) | ((x) << (32 - (by))))

/* Word i of the sixteen that are at hand, sixteen rounds on. */
#define NEXT_WORD(i)                                                                                         \
    (words[i] +=                                                                                             \
     (TURN(words[((i) + 14) % 16], 17) ^ TURN(words[((i) + 14) % 16], 19) ^ words[((i) + 14) % 16] >> 10)    \
     + words[((i) + 9) % 16]                                                                                 \
     + (TURN(words[((i) + 1) % 16], 7) ^ TURN(words[((i) + 1) % 16], 18) ^ words[((i) + 1) % 16] >> 3))

/* One round. What the standard moves from a to h stays in its place, and the names move. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                     \
    do {                                                                                                     \
        if (round > 0)                                                                                       \
            NEXT_WORD(i);                                                                                    \
        h += (TURN(e, 6) ^ TURN(e, 11) ^ TURN(e, 25)) + ((e & f) ^ (~e & g)) + CONSTANTS[round + (i)]        \
             + words[i];                                                                                     \
        d += h;                                                                                              \
        h += (TURN(a, 2) ^ TURN(a, 13) ^ TURN(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));                       \
    } while (0)

#define EIGHT_ROUNDS(i)                                                                                      \
    do {                                                                                                     \
        ROUND(a, b, c, d, e, f, g, h, (i) + 0);                                                              \
        ROUND(h, a, b, c, d, e, f, g, (i) + 1);                                                              \
        ROUND(g, h, a, b, c, d, e, f, (i) + 2);                                                              \
        ROUND(f, g, h, a, b, c, d, e, (i) + 3);                                                              \
        ROUND(e, f, g, h, a, b, c, d, (i) + 4);                                                              \
        ROUND(d, e, f, g, h, a, b, c, (i) + 5);                                                              \
        ROUND(c, d, e, f, g, h, a, b, (i) + 6);                                                              \
        ROUND(b, c, d, e, f, g, h, a, (i) + 7);                                                              \
    } while (0)

/* One perfect shuffle: the rows of the upper half between those of the lower. */
WITH_VECTORS static void shuffle(const lanes from[WORDS], lanes to[WORDS])
{
    for (size_t i = 0; i < WORDS / 2; i++) {
        lanes x = from[i], y = from[i + WORDS / 2];
        to[2 * i] = __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        to[2 * i + 1] =
            __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
}

/* Sixteen blocks, a lane each, to sixteen words of all lanes: four shuffles exchange rows and columns. */
WITH_VECTORS static void load_words(const uint8_t *const blocks[HASH_LANES], lanes words[WORDS])
{
    lanes turned[WORDS];
    for (size_t l = 0; l < HASH_LANES; l++)
        memcpy(&words[l], blocks[l], BLOCK);
    shuffle(words, turned);
    shuffle(turned, words);
    shuffle(words, turned);
    shuffle(turned, words);
    for (size_t w = 0; w < WORDS; w++) /* from big-endian */
        words[w] = (TURN(words[w], 8) & 0xff00ff00) | (TURN(words[w], 24) & 0x00ff00ff);
}

/* The next block of every lane into the state. */
WITH_VECTORS static void take_blocks(uint32_t state[8][HASH_LANES], const uint8_t *const blocks[])
{
    lanes words[WORDS], a, b, c, d, e, f, g, h;
    lanes *const names[8] = { &a, &b, &c, &d, &e, &f, &g, &h };
    load_words(blocks, words);
    for (size_t i = 0; i < 8; i++)
        memcpy(names[i], state[i], sizeof a);
    for (size_t round = 0; round < ROUNDS; round += WORDS) {
        EIGHT_ROUNDS(0);
        EIGHT_ROUNDS(8);
    }
    for (size_t i = 0; i < 8; i++) {
        lanes before;
        memcpy(&before, state[i], sizeof before);
        before += *names[i];
        memcpy(state[i], &before, sizeof before);
    }
}

static void put_digest(uint32_t state[8][HASH_LANES], size_t lane, tdm_digest *out)
{
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = htobe32(state[i][lane]);
        memcpy(out->bytes + 4 * i, &word, sizeof word);
    }
}

bool tdm_hash_lanes_are_there(void)
{
    return __builtin_cpu_supports("avx512f");
}

void tdm_hash_lanes(uint8_t prefix, const tdm_span messages[HASH_LANES], tdm_digest out[HASH_LANES])
{
    message laid[HASH_LANES];
    tdm_digest made[HASH_LANES];
    uint32_t state[8][HASH_LANES];
    size_t most = 0;
    for (size_t l = 0; l < HASH_LANES; l++) {
        lay_out(prefix, messages[l], &laid[l]);
        most = laid[l].blocks > most ? laid[l].blocks : most;
    }
    for (size_t i = 0; i < 8; i++)
        for (size_t l = 0; l < HASH_LANES; l++)
            state[i][l] = FIRST[i];
    for (size_t index = 0; index < most; index++) {
        const uint8_t *blocks[HASH_LANES];
        for (size_t l = 0; l < HASH_LANES; l++)
            blocks[l] = block_of(&laid[l], index);
        take_blocks(state, blocks);
        for (size_t l = 0; l < HASH_LANES; l++)
            if (laid[l].blocks == index + 1)
                put_digest(state, l, &made[l]);
    }
    memcpy(out, made, sizeof made);
}

#else

bool tdm_hash_lanes_are_there(void)
{
    return false;
}

void tdm_hash_lanes(uint8_t prefix, const tdm_span messages[HASH_LANES], tdm_digest out[HASH_LANES])
{
    (void)prefix, (void)messages, (void)out;
    TDM_ASSERT(false);
}

#endif
