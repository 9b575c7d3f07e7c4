/* SPDX-License-Identifier: MPL-2.0
 *
 * support.h: what the tests of proto/ share: bytes from hex, files of the tree, seeded randomness and
 * random events within the schema's bounds.
 */
#ifndef TANDEM_TESTS_PROTO_SUPPORT_H
#define TANDEM_TESTS_PROTO_SUPPORT_H

#include "tandem/event.h"

/* Bytes from hex digits, blanks between them ignored; the caller frees the buffer. Fails the test on other
 * letters. */
tdm_buf hex_bytes(const char *hex);

/* A file of the source tree, whole; the caller frees the buffer. Fails the test if it cannot be read. */
tdm_buf tree_file(const char *path);

/* Numbers from a seed (splitmix64), the same on every machine. */
typedef struct dice {
    uint64_t state;
} dice;

uint64_t dice_roll(dice *d);
uint64_t dice_below(dice *d, uint64_t limit); /* 0..limit-1 */
int64_t dice_between(dice *d, int64_t low, int64_t high);

/* Append a random valid event of the type, now and then with unknown fields. */
void random_event(dice *d, const tdm_type *type, tdm_buf *out);
/* A random event type. */
const tdm_type *random_type(dice *d);

#endif
