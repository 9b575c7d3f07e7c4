/* SPDX-License-Identifier: MPL-2.0
 *
 * hash_lanes.h: SHA-256 of sixteen messages at once, where the processor can
 * (docs/decisions/0016-hashing-by-lanes.md).
 */
#ifndef TANDEM_PROTO_HASH_LANES_H
#define TANDEM_PROTO_HASH_LANES_H

#include "tandem/base.h"

enum { HASH_LANES = 16 };

/* Has this processor what it takes? Else nothing below is to be called. */
bool tdm_hash_lanes_are_there(void);

/* H over prefix and message, of each lane. Every message is read before the first digest is written. */
void tdm_hash_lanes(uint8_t prefix, const tdm_span messages[HASH_LANES], tdm_digest out[HASH_LANES]);

#endif
