/* SPDX-License-Identifier: MPL-2.0
 *
 * hash.h: H of run.h, over messages that begin with one byte that says what they are.
 */
#ifndef TANDEM_PROTO_HASH_H
#define TANDEM_PROTO_HASH_H

#include "tandem/base.h"

/* Over first and then second. */
void tdm_hash(tdm_span first, tdm_span second, tdm_digest *out);

/*
 * Over the prefix and each of the messages, count of them, none of which is empty.
 *
 * out  may be where the messages are, as long as no out[i] lies behind messages[i]: of HASH_TOGETHER messages
 * all are read before the first digest is written
 */
enum { HASH_TOGETHER = 16 };
void tdm_hash_each(uint8_t prefix, const tdm_span *messages, size_t count, tdm_digest *out);

#endif
