/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_lmdb.h: what the parts of the LMDB backend share: opening (kv_lmdb_open.c) and use
 * (kv_lmdb.c), copies (kv_lmdb_copy.c) and the check of the pages (kv_lmdb_check.c).
 */
#ifndef TANDEM_STORE_KV_LMDB_H
#define TANDEM_STORE_KV_LMDB_H

#include "kv_backend.h"
#include "kv_gate.h"

#include <lmdb.h>
#include <stdatomic.h>

typedef struct lmdb_kv {
    tdm_kv base;
    MDB_env *env;
    MDB_dbi tables[TDM_KV_TABLES_MAX];
    char *path;
    int writer_lock;        /* descriptor of path/writer.lock; -1 for readers */
    pthread_mutex_t writer; /* held by the open write transaction */
    kv_gate gate;           /* readers inside, changes of the map alone */
    bool unsynced;          /* commits do not wait for the disk */
    atomic_bool map_full;   /* the last write transaction met the end of the map: grow before the next */
} lmdb_kv;

extern const tdm_kv_backend TDM_KV_LMDB;

/* LMDB's numbers become codes here and nowhere else; the system's by path.h. path may be NULL; it tells
 * whether an EIO is a full disk, which LMDB cannot say. */
tdm_code tdm_kv_lmdb_fail(tdm_err *err, const char *path, int rc, const char *step);

/* LMDB's own transaction of one of this backend's. */
MDB_txn *tdm_kv_lmdb_txn(tdm_kv_txn *txn);

/* Use as much of the address space as the file has by now: another process grew it. */
int tdm_kv_lmdb_adopt_map(lmdb_kv *kv);

/* As tdm_kv_copy and tdm_kv_copy_out; kv_lmdb_copy.c. */
tdm_code tdm_kv_lmdb_copy(tdm_kv *kv, const char *path, tdm_err *err);
tdm_code tdm_kv_lmdb_copy_out(tdm_kv *kv, tdm_kv_sink *sink, void *context, tdm_err *err);

/* As tdm_kv_check; kv_lmdb_check.c. */
tdm_code tdm_kv_lmdb_check(tdm_kv *kv, tdm_kv_fault *report, void *context, tdm_err *err);

/* Ends env, gate, locks and memory of a half-open or open environment. */
void tdm_kv_lmdb_free(lmdb_kv *kv);

#endif
