/* SPDX-License-Identifier: MPL-2.0
 *
 * private_inner.h: what the private log's files share. Functions here work inside a transaction given to them
 * and check the checksum of every row they hand out.
 */
#ifndef TANDEM_STORE_PRIVATE_INNER_H
#define TANDEM_STORE_PRIVATE_INNER_H

#include "kv_backend.h"
#include "private_keys.h"

struct tdm_private {
    tdm_kv *kv;
    private_keys *keys; /* does not change after open */
};

/* A zero tip if nothing was appended yet. */
tdm_code tdm_private_get_tip(tdm_kv_txn *txn, tdm_private_tip *out, tdm_err *err);
void tdm_private_put_tip(tdm_kv_txn *txn, const tdm_private_tip *tip);
/* person->id is set; fills person->row. TDM_NOT_FOUND, TDM_CORRUPT. */
tdm_code tdm_private_get_person(tdm_kv_txn *txn, private_person *person, tdm_err *err);
/* The same, opened. */
tdm_code tdm_private_open_person(const tdm_private *log, tdm_kv_txn *txn, private_person *person,
                                 tdm_err *err);
/* The last generation of this id that was erased; 0: none. */
tdm_code tdm_private_last_erased(tdm_kv_txn *txn, const tdm_id *id, uint32_t *generation, tdm_err *err);
tdm_code tdm_private_check_person(tdm_span person, tdm_err *err);
tdm_code tdm_private_damaged(tdm_err *err, const char *table, const tdm_id *id);

/* Residuals within a transaction; checked before the first is put. */
tdm_code tdm_private_check_pairs(const tdm_private_pair *pairs, size_t count, tdm_err *err);
void tdm_private_put_pairs(tdm_kv_txn *txn, const tdm_private_pair *pairs, size_t count);

/* ---- a copy in the making (private_copy.c) ------------------------------------------------------- */

/*
 * A second environment in path/copy.tmp that can take the place of path/data.mdb by one rename. Whoever makes
 * one holds path/writer.lock.
 */
typedef struct private_copy {
    const char *path; /* borrowed */
    tdm_kv *kv;       /* in copy.tmp; NULL once the caller took it over or it was closed */
    tdm_kv_txn *txn;
    size_t pending; /* bytes put since the last commit */
} private_copy;

tdm_code tdm_private_copy_begin(private_copy *copy, const char *path, tdm_err *err);
/* Entries of a table must come in order of key. Commits from time to time. */
tdm_code tdm_private_copy_add(private_copy *copy, size_t table, tdm_span key, tdm_span value, tdm_err *err);
/* Commit what is pending. */
tdm_code tdm_private_copy_flush(private_copy *copy, tdm_err *err);
/* copy->kv must be closed. Sync, rename, sync. */
tdm_code tdm_private_copy_install(private_copy *copy, tdm_err *err);
/* Close, and remove what lies in copy.tmp. */
void tdm_private_copy_drop(private_copy *copy);
/* Remove a left-over copy.tmp. */
tdm_code tdm_private_copy_clean(const char *path, tdm_err *err);

#endif
