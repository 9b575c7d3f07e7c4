/* SPDX-License-Identifier: MPL-2.0
 *
 * identity_file.h: who a store is, in one encrypted file for the safe: origin and keys, and where its hub is.
 * With it a store whose disk is lost comes back under its own name and keys (recovery.h).
 *
 * File: | "TDMSELF" 0x00 | format 1 | passes 4 | memory bytes 8 | salt 16 | nonce 24 | sealed content |
 * The key comes from a passphrase by Argon2id; the content is XChaCha20-Poly1305 with all before it as
 * additional data, a MessagePack array: [role, origin, incarnation, seal secret, link public, link secret,
 * endpoint, hub key, hub origin]; the last three are empty at a hub and at a node that joined none. Of a hub
 * whose keys were turned over a tenth follows: the public halves of the seal keys that were, 32 bytes each.
 */
#ifndef TANDEM_IDENTITY_FILE_H
#define TANDEM_IDENTITY_FILE_H

#include "core.h"
#include "membership.h"

#define TDM_RETIRED_MAX 64

typedef struct tdm_saved_identity {
    bool hub;
    tdm_identity self;
    bool has_hub;                         /* a node that joined one */
    tdm_join_code at;                     /* endpoint, hub_key, hub of that */
    uint8_t retired[TDM_RETIRED_MAX][32]; /* a hub's seal keys that were, public halves, oldest first */
    size_t retired_count;
} tdm_saved_identity;

/* Written whole, synced, then named; for its owner alone. passes, memory_bytes 0: as private.h has them.
 * TDM_EXISTS: a file of that name is never written over. */
tdm_code tdm_identity_save(const char *file, const tdm_saved_identity *identity, tdm_span passphrase,
                           uint32_t passes, uint64_t memory_bytes, tdm_err *err);
/* TDM_DENIED: the passphrase does not open it, or it was changed. TDM_MALFORMED: no such file's content.
 * TDM_UNSUPPORTED: newer. TDM_NOT_FOUND. */
tdm_code tdm_identity_load(const char *file, tdm_span passphrase, tdm_saved_identity *out, tdm_err *err);
void tdm_saved_identity_wipe(tdm_saved_identity *identity);

#endif
