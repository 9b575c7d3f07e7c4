/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_backend.h: what a backend of kv.h fills in, and what the store's own files ask of kv.c besides. Private
 * to the store.
 *
 * The common halves of environment, transaction and cursor are the first member of a backend's own structs.
 * kv.c keeps them: it checks keys, remembers the first failure of a transaction, and closes cursors before a
 * transaction ends, so that a backend only moves bytes.
 */
#ifndef TANDEM_STORE_KV_BACKEND_H
#define TANDEM_STORE_KV_BACKEND_H

#include "tandem/kv.h"

#define TDM_KV_KEY_MAX 511
#define TDM_KV_TABLES_MAX 16

typedef enum tdm_kv_move {
    TDM_KV_SEEK,
    TDM_KV_SEEK_LAST,
    TDM_KV_NEXT,
    TDM_KV_PREVIOUS,
} tdm_kv_move;

typedef struct tdm_kv_backend {
    void (*close)(tdm_kv *kv);
    tdm_code (*begin)(tdm_kv *kv, tdm_kv_mode mode, tdm_kv_txn **out, tdm_err *err);
    tdm_code (*commit)(tdm_kv_txn *txn, tdm_err *err); /* frees txn either way; only for writers */
    void (*abort)(tdm_kv_txn *txn);                    /* frees txn */
    tdm_code (*get)(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span *value, tdm_err *err);
    /* Room for a value of len bytes under key; append as in tdm_kv_append. */
    tdm_code (*reserve)(tdm_kv_txn *txn, size_t table, tdm_span key, size_t len, bool append, uint8_t **place,
                        tdm_err *err);
    tdm_code (*del)(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_err *err);
    tdm_code (*cursor_open)(tdm_kv_txn *txn, size_t table, tdm_kv_cursor **out, tdm_err *err);
    void (*cursor_close)(tdm_kv_cursor *cursor);
    tdm_code (*cursor_move)(tdm_kv_cursor *cursor, tdm_kv_move move, tdm_span key, tdm_span *found,
                            tdm_span *value, tdm_err *err);
    tdm_code (*stat)(tdm_kv *kv, tdm_kv_stats *out, tdm_err *err);
    void (*sweep_readers)(tdm_kv *kv);
    tdm_code (*sync)(tdm_kv *kv, tdm_err *err);                   /* NULL: nothing waits for the disk */
    tdm_code (*copy)(tdm_kv *kv, const char *path, tdm_err *err); /* NULL: cannot, as the next */
    tdm_code (*copy_out)(tdm_kv *kv, tdm_kv_sink *sink, void *context, tdm_err *err);
    /* NULL: there are no pages to check */
    tdm_code (*check)(tdm_kv *kv, tdm_kv_fault *report, void *context, tdm_err *err);
} tdm_kv_backend;

struct tdm_kv {
    const tdm_kv_backend *backend;
    tdm_kv_mode mode;
    size_t table_count;
};

struct tdm_kv_txn {
    tdm_kv *kv;
    tdm_kv_mode mode;
    uint64_t writes;        /* puts and dels so far: a cursor sees by it that pages may have moved */
    tdm_err failure;        /* the first one; code TDM_OK while there is none */
    tdm_kv_cursor *cursors; /* open ones */
};

struct tdm_kv_cursor {
    tdm_kv_txn *txn;
    size_t table;
    tdm_kv_cursor *next; /* in txn->cursors */
};

/* Room for a value that the caller fills before the next call on txn; NULL if the transaction has failed. */
uint8_t *tdm_kv_reserve(tdm_kv_txn *txn, size_t table, tdm_span key, size_t len, bool append);

/* Calls on cursors and writes carry no tdm_err. The first failure of the transaction, and the same as what a
 * function fills in and returns. */
const tdm_err *tdm_kv_failure(const tdm_kv_txn *txn);
tdm_code tdm_kv_failed(const tdm_kv_txn *txn, tdm_err *err);

/* An entry, lent until the next write. Any other code than TDM_OK ends the walk. */
typedef tdm_code tdm_kv_visit(void *context, tdm_span key, tdm_span value, tdm_err *err);
/*
 * Visit a table's entries whose keys begin with prefix, which may be empty, in order of key. The visit may
 * write to the table. TDM_OK if none was left, else what the visit returned or how the transaction failed.
 */
tdm_code tdm_kv_each(tdm_kv_txn *txn, size_t table, tdm_span prefix, tdm_kv_visit *visit, void *context,
                     tdm_err *err);

#endif
