/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot.h: a store's log at a moment, whole, checked, and brought back as a store.
 *
 * A snapshot is a folder: ledger/data.mdb, and snapshot.json, which says of whose store it is, how far it
 * goes, and the digest of the other. It is a store that can be read (--store). It holds the keys of the
 * store, but nothing of the private log, which has backups of its own; figures are made again from the log.
 *
 * An encrypted one has ledger.tdmsnap in place of ledger/ (cipher_file.h): | length 4 | bytes | for each part
 * of data.mdb, | 0, 4 |, then | length 4 | snapshot.json |, so that neither can be changed. Nothing of it is
 * ever in clear on a disk before it is restored.
 */
#ifndef TANDEM_SNAPSHOT_H
#define TANDEM_SNAPSHOT_H

#include "core.h"
#include "tandem/cipher_file.h"
#include "tandem/told.h"

#define TDM_SNAPSHOT_CIPHER_FILE "ledger.tdmsnap"

typedef struct tdm_snapshot {
    bool encrypted;
    int64_t made_ms;
    bool hub;
    tdm_id origin; /* whose store it is */
    uint64_t incarnation;
    uint64_t sequence; /* of its own log */
    uint64_t events;   /* of all logs */
    uint64_t bytes;    /* of ledger/data.mdb */
    tdm_digest digest; /* BLAKE2b-256 of it */
} tdm_snapshot;

/* How one is made, looked at or brought back. */
typedef struct tdm_snapshot_how {
    const tdm_cipher_lock *lock; /* encrypt with it, or open what was encrypted; NULL: none */
    const tdm_told *told;        /* hears of bytes; NULL: nobody */
} tdm_snapshot_how;

/* While others write to the store. Verified before it appears under `path`, in one rename: a copy in clear
 * is, of an encrypted one the store itself is, and what was written is read back. It is made in path.XXXXXX
 * beside it, which an end of the process may leave behind. Readable by its maker alone. TDM_EXISTS: there is
 * something of that name. TDM_CORRUPT: the store is not sound: nothing appears. Durable when it returns
 * TDM_OK. how may be NULL, here and below. */
tdm_code tdm_snapshot_make(tdm_core *core, const char *path, int64_t now_ms, const tdm_snapshot_how *how,
                           tdm_snapshot *out, tdm_err *err);
/* Could one be made there? TDM_EXISTS. */
tdm_code tdm_snapshot_check_new(const char *path, tdm_err *err);
/* What snapshot.json says. TDM_NOT_FOUND: no snapshot. */
tdm_code tdm_snapshot_read(const char *path, tdm_snapshot *out, tdm_err *err);
/* The same, and the file is the one that was written. TDM_CORRUPT. TDM_DENIED: it is encrypted, and there is
 * no lock, or another. */
tdm_code tdm_snapshot_check(const char *path, const tdm_snapshot_how *how, tdm_snapshot *out, tdm_err *err);
/* A store of what the snapshot holds, in `folder`, which must be absent or empty and keeps its owner and
 * mode: copied, compared with its digest, verified, and put there in one rename; made in
 * folder/.restore.XXXXXX. As root it is given to the folder's owner. TDM_EXISTS: there is something in that
 * folder. TDM_CORRUPT: the snapshot is damaged: nothing appears. TDM_DENIED: as above. Durable when it
 * returns TDM_OK. */
tdm_code tdm_snapshot_restore(const char *path, const char *folder, const tdm_snapshot_how *how,
                              tdm_snapshot *out, tdm_err *err);

#endif
