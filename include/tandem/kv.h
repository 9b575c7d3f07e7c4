/* SPDX-License-Identifier: MPL-2.0
 *
 * kv.h: ordered tables of bytes with one writer and any number of readers: the narrow waist between the
 * store's logic and what holds the pages. Three backends, one behaviour: LMDB, memory, and a faulty one that
 * wraps another and fails as told.
 *
 * Keys are 1..511 bytes, compared as unsigned bytes (memcmp, shorter first). Values are any bytes.
 * Spans from get and cursors are borrowed until the transaction ends or (in a write transaction) the next
 * write: a value to be put must not be one that was borrowed from the same transaction.
 */
#ifndef TANDEM_KV_H
#define TANDEM_KV_H

#include "tandem/base.h"

typedef struct tdm_kv tdm_kv;               /* an environment with its tables */
typedef struct tdm_kv_txn tdm_kv_txn;       /* used by one thread */
typedef struct tdm_kv_cursor tdm_kv_cursor; /* ends with its transaction at the latest */

typedef enum tdm_kv_mode { TDM_KV_READ_ONLY, TDM_KV_READ_WRITE } tdm_kv_mode;

typedef struct tdm_kv_options {
    const char *path; /* folder; made with 0700 if absent (read-write only) */
    tdm_kv_mode mode;
    size_t map_bytes;          /* address space to begin with; it grows by itself between transactions */
    const char *const *tables; /* names; a table's index here is how it is named below */
    size_t table_count;
    /* For what is thrown away if its making is cut short, and for nothing else: commits are written out
     * without waiting for the disk. Durable once tdm_kv_sync says so; after a crash before that the file is
     * of no use. */
    bool unsynced;
} tdm_kv_options;

/* LMDB, default durability flags (asserted) unless unsynced: a commit that returned TDM_OK is synced. A new
 * environment is built in a temporary folder, committed, synced and renamed. TDM_NOT_FOUND: read-only and
 * absent. TDM_BUSY: another process is its writer (flock on path/writer.lock, held while open read-write).
 * TDM_CORRUPT, TDM_IO, TDM_FULL. */
tdm_code tdm_kv_open_lmdb(tdm_kv **out, const tdm_kv_options *options, tdm_err *err);
/* Memory twin; nothing survives close. Same semantics, snapshots of readers included. */
tdm_code tdm_kv_open_memory(tdm_kv **out, size_t table_count, tdm_err *err);

/* Faults by call number (1-based, counted since open; 0 = never). The faulty environment owns `inner`. */
typedef struct tdm_kv_faults {
    uint64_t fail_put_at;
    uint64_t fail_commit_at;    /* the commit does not happen and says TDM_IO */
    uint64_t unknown_commit_at; /* the commit happens, yet says TDM_IO */
    uint64_t full_from_commit;  /* every commit from this one on says TDM_FULL until lifted */
    uint64_t flip_get_at;       /* this read (a get or a cursor's) returns a value with one bit changed */
} tdm_kv_faults;
tdm_code tdm_kv_open_faulty(tdm_kv **out, tdm_kv **inner, const tdm_kv_faults *faults, tdm_err *err);
void tdm_kv_faults_set(tdm_kv *faulty, const tdm_kv_faults *faults); /* counters go on */

void tdm_kv_close(tdm_kv **kv); /* NULL-safe; no transaction may be open */

tdm_code tdm_kv_begin(tdm_kv *kv, tdm_kv_mode mode, tdm_kv_txn **out, tdm_err *err);
/* Ends the transaction in any case and leaves NULL. A write transaction in which any call failed is aborted
 * and its first error returned: puts and dels need not be checked one by one. Synced when it returns TDM_OK.
 */
tdm_code tdm_kv_commit(tdm_kv_txn **txn, tdm_err *err);
void tdm_kv_abort(tdm_kv_txn **txn); /* NULL-safe; also ends readers */

/* All that was committed is on the disk. For environments that are opened unsynced; any other is already. */
tdm_code tdm_kv_sync(tdm_kv *kv, tdm_err *err);

tdm_code tdm_kv_get(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span *value,
                    tdm_err *err); /* TDM_NOT_FOUND */
tdm_code tdm_kv_put(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span value);
/* The key must be greater than every key there: LMDB's append mode. Else TDM_EXISTS, and the txn has failed.
 */
tdm_code tdm_kv_append(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span value);
tdm_code tdm_kv_del(tdm_kv_txn *txn, size_t table, tdm_span key); /* an absent key is no error */

tdm_code tdm_kv_cursor_open(tdm_kv_txn *txn, size_t table, tdm_kv_cursor **out, tdm_err *err);
void tdm_kv_cursor_close(tdm_kv_cursor **cursor);
/* Move and read. TDM_END past either end. seek: the first key >= key; seek_last: the last key <= key. next
 * and previous go on from the key found last, also after writes to the table and after a TDM_END of their
 * own; without one (new, or after a seek in vain) next begins at the first key and previous at the last. */
tdm_code tdm_kv_cursor_seek(tdm_kv_cursor *cursor, tdm_span key, tdm_span *found, tdm_span *value);
tdm_code tdm_kv_cursor_seek_last(tdm_kv_cursor *cursor, tdm_span key, tdm_span *found, tdm_span *value);
tdm_code tdm_kv_cursor_next(tdm_kv_cursor *cursor, tdm_span *found, tdm_span *value);
tdm_code tdm_kv_cursor_previous(tdm_kv_cursor *cursor, tdm_span *found, tdm_span *value);

typedef struct tdm_kv_stats {
    uint64_t map_bytes;
    uint64_t used_bytes;
    uint64_t readers;
    uint64_t entries[16]; /* by table */
    uint64_t
        reader_behind; /* commits since the oldest read under way began: their pages are not used again */
    int reader_pid;    /* whose it is; 0: none, or not told */
} tdm_kv_stats;
tdm_code tdm_kv_stat(tdm_kv *kv, tdm_kv_stats *out, tdm_err *err);
/* The environment as it is at this moment, while others go on writing to it, as another one in `path` (made
 * with 0700 if absent), without free pages; synced. TDM_EXISTS: there is one already. TDM_UNSUPPORTED: not an
 * LMDB one. A copy that fails leaves a partial file behind. */
tdm_code tdm_kv_copy(tdm_kv *kv, const char *path, tdm_err *err);
/* The same, as the bytes of its file one part after another, and nothing on a disk. What the sink fails with
 * is returned. The sink is called on the caller's thread. */
typedef tdm_code tdm_kv_sink(void *context, tdm_span bytes, tdm_err *err);
tdm_code tdm_kv_copy_out(tdm_kv *kv, tdm_kv_sink *sink, void *context, tdm_err *err);
/* What is wrong with one page of the file: "says it is page 7, kind 2". */
typedef void tdm_kv_fault(void *context, uint64_t page, const char *what);
/*
 * The structure of the file at this moment, while others may write: every page is reached once or free, is
 * what the one above it says, and has its entries in order; LMDB takes all of that on trust. Not checked:
 * what nothing reads, and the bytes of values. Memory: one bit a page. Each fault is reported; TDM_OK also
 * with faults. A store in memory has none.
 */
tdm_code tdm_kv_check(tdm_kv *kv, tdm_kv_fault *report, void *context, tdm_err *err);
/* Clear reader slots of dead processes; at open and each minute. */
void tdm_kv_sweep_readers(tdm_kv *kv);

#endif
