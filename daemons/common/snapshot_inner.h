/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot_inner.h: what the parts of snapshot share: the manifest, the encrypted form, and how far a stage
 * is.
 */
#ifndef TANDEM_SNAPSHOT_INNER_H
#define TANDEM_SNAPSHOT_INNER_H

#include "snapshot.h"

#include <sodium.h>

/* One of several stages of a work, each counted in bytes of the store. */
typedef struct tdm_stage {
    const tdm_told *told; /* of the whole; NULL: nobody */
    uint64_t before;      /* bytes of earlier stages */
    uint64_t size;        /* of this one */
    uint64_t all;
} tdm_stage;
tdm_told tdm_stage_told(tdm_stage *stage); /* for the stage's work, in any unit */

/* ---- snapshot_manifest.c */
enum { TDM_SNAPSHOT_MANIFEST_MAX = 65536 };
/* The text of snapshot.json, appended. */
tdm_code tdm_snapshot_manifest_text(const tdm_snapshot *snapshot, tdm_buf *out, tdm_err *err);
tdm_code tdm_snapshot_manifest_write(const char *folder, tdm_span text, tdm_err *err); /* synced */
/* Whatever stands there, appended. TDM_NOT_FOUND: no snapshot. */
tdm_code tdm_snapshot_manifest_load(const char *folder, tdm_buf *text, tdm_err *err);

/* ---- snapshot_cipher.c */
/* The store into folder/ledger.tdmsnap; fills what out tells of the bytes, appends the manifest's text, and
 * closes the file with it. Then reads it back. */
tdm_code tdm_snapshot_encrypt(tdm_core *core, const char *folder, const tdm_cipher_lock *lock,
                              tdm_stage *stage, tdm_snapshot *out, tdm_buf *manifest, tdm_err *err);
/* All of it through the digest, and into the file `copy` if that is not NULL (made with 0600, synced).
 * TDM_CORRUPT: not as it was written, or snapshot.json is not (manifest: its bytes). */
tdm_code tdm_snapshot_decrypt(const char *folder, const char *copy, const tdm_cipher_lock *lock,
                              tdm_span manifest, const tdm_told *told, const tdm_snapshot *wanted,
                              tdm_err *err);

#endif
