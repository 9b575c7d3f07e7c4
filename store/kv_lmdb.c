/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_lmdb.c: kv.h over LMDB: transactions, values, cursors and a map that grows between transactions.
 */
#include "kv_lmdb.h"
#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MAP_HEADROOM ((size_t)16 << 20) /* free address space a write transaction begins with, at least */
#define MAP_WAIT_MS 1000 /* readers are shorter than that; one that is not keeps the map small */
#define DISK_FULL_BYTES ((size_t)256 << 10)

typedef struct lmdb_txn {
    tdm_kv_txn base;
    MDB_txn *txn;
    /* Where the last value of a table was put: what comes next is often put beside it, and found there
     * without a way down the tree. They end with the transaction. */
    MDB_cursor *puts[TDM_KV_TABLES_MAX];
} lmdb_txn;

typedef struct lmdb_cursor {
    tdm_kv_cursor base;
    MDB_cursor *cursor;
    uint64_t writes; /* the transaction's count when the position was taken */
    bool placed;
    size_t key_len;
    uint8_t key[TDM_KV_KEY_MAX]; /* the last one found, kept in write transactions only */
} lmdb_cursor;

/* ---- errors ------------------------------------------------------------------------------------ */

static const struct {
    int rc;
    tdm_code code;
    const char *advice;
} MEANINGS[] = {
    { MDB_NOTFOUND, TDM_NOT_FOUND, "" },
    { MDB_KEYEXIST, TDM_EXISTS, "" },
    { MDB_MAP_FULL, TDM_FULL, "; the map grows before the next transaction: try again" },
    { MDB_TXN_FULL, TDM_FULL, "; write less in one transaction" },
    { MDB_CORRUPTED, TDM_CORRUPT, "; verify the store and restore it" },
    { MDB_PAGE_NOTFOUND, TDM_CORRUPT, "; verify the store and restore it" },
    { MDB_CURSOR_FULL, TDM_CORRUPT, "; verify the store and restore it" },
    { MDB_INVALID, TDM_CORRUPT, "; this is no store" },
    { MDB_INCOMPATIBLE, TDM_CORRUPT, "" },
    { MDB_VERSION_MISMATCH, TDM_UNSUPPORTED, "; it was written by another version of LMDB" },
    { MDB_PANIC, TDM_IO, "; start again" },
    { EIO, TDM_IO, "; start again" },
    { MDB_READERS_FULL, TDM_BUSY, "; too many readers" },
    { MDB_MAP_RESIZED, TDM_BUSY, "; a long read keeps the map from growing" },
    { MDB_BAD_VALSIZE, TDM_INVALID, "" },
};

static bool disk_is_full(const char *path)
{
    struct statvfs fs;
    return path != NULL && statvfs(path, &fs) == 0 && (size_t)fs.f_bavail * fs.f_frsize < DISK_FULL_BYTES;
}

tdm_code tdm_kv_lmdb_fail(tdm_err *err, const char *path, int rc, const char *step)
{
    if (rc == MDB_SUCCESS)
        return TDM_OK;
    if (rc == EIO && disk_is_full(path)) /* LMDB calls a short write EIO */
        return tdm_fail(err, TDM_FULL, rc, "%s: the disk is full; free space on it", step);
    for (size_t i = 0; i < TDM_COUNT(MEANINGS); i++) {
        if (MEANINGS[i].rc == rc)
            return tdm_fail(err, MEANINGS[i].code, rc, "%s: %s%s", step, mdb_strerror(rc),
                            MEANINGS[i].advice);
    }
    const char *advice;
    tdm_code code = tdm_path_code(rc, &advice);
    return tdm_fail(err, code, rc, "%s: %s%s", step, mdb_strerror(rc), advice);
}

/* ---- the map ----------------------------------------------------------------------------------- */

static size_t map_used(MDB_env *env, size_t *map_bytes)
{
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(env, &info);
    mdb_env_stat(env, &stat);
    *map_bytes = info.me_mapsize;
    return (info.me_last_pgno + 1) * stat.ms_psize;
}

/*
 * With the writer's mutex held and no write transaction: more address space when less than a quarter is left.
 * LMDB must not change the map under a transaction of this process. If readers do not go away in time the
 * map stays as it is, which matters only once it is full.
 */
static tdm_code grow_map(lmdb_kv *kv, tdm_err *err)
{
    size_t map_bytes, used = map_used(kv->env, &map_bytes);
    size_t headroom = map_bytes / 4 > MAP_HEADROOM ? map_bytes / 4 : MAP_HEADROOM;
    bool full = atomic_load(&kv->map_full);
    if (!full && used + headroom <= map_bytes)
        return TDM_OK;
    size_t wanted = 2 * map_bytes > used + 2 * headroom ? 2 * map_bytes : used + 2 * headroom;
    if (!tdm_kv_gate_close(&kv->gate, MAP_WAIT_MS))
        return full ? tdm_kv_lmdb_fail(err, kv->path, MDB_MAP_RESIZED, "growing the map") : TDM_OK;
    int rc = mdb_env_set_mapsize(kv->env, wanted);
    tdm_kv_gate_open(&kv->gate);
    if (rc == MDB_SUCCESS)
        atomic_store(&kv->map_full, false);
    return tdm_kv_lmdb_fail(err, kv->path, rc, "growing the map");
}

/* Another process grew the map: take its size over, with no transaction of this process open. */
int tdm_kv_lmdb_adopt_map(lmdb_kv *kv)
{
    if (!tdm_kv_gate_close(&kv->gate, MAP_WAIT_MS))
        return MDB_MAP_RESIZED;
    int rc = mdb_env_set_mapsize(kv->env, 0);
    tdm_kv_gate_open(&kv->gate);
    return rc;
}

/* ---- transactions ------------------------------------------------------------------------------ */

static int begin_reader(lmdb_kv *kv, MDB_txn **out)
{
    int rc = MDB_SUCCESS;
    for (int attempt = 0; attempt < 3; attempt++) {
        tdm_kv_gate_enter(&kv->gate);
        rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, out);
        if (rc == MDB_SUCCESS)
            return rc;
        tdm_kv_gate_leave(&kv->gate);
        int dead = 0;
        if (rc == MDB_MAP_RESIZED)
            rc = tdm_kv_lmdb_adopt_map(kv);
        else if (rc == MDB_READERS_FULL && mdb_reader_check(kv->env, &dead) == 0 && dead > 0)
            rc = MDB_SUCCESS;
        if (rc != MDB_SUCCESS)
            return rc;
    }
    return MDB_MAP_RESIZED;
}

static tdm_code begin_writer(lmdb_kv *kv, MDB_txn **out, tdm_err *err)
{
    pthread_mutex_lock(&kv->writer);
    tdm_code code = grow_map(kv, err);
    if (code == TDM_OK)
        code = tdm_kv_lmdb_fail(err, kv->path, mdb_txn_begin(kv->env, NULL, 0, out), "beginning to write");
    if (code != TDM_OK)
        pthread_mutex_unlock(&kv->writer);
    return code;
}

static tdm_code lmdb_begin(tdm_kv *base, tdm_kv_mode mode, tdm_kv_txn **out, tdm_err *err)
{
    lmdb_kv *kv = (lmdb_kv *)base;
    lmdb_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a transaction");
    tdm_code code = mode == TDM_KV_READ_WRITE
                        ? begin_writer(kv, &txn->txn, err)
                        : tdm_kv_lmdb_fail(err, kv->path, begin_reader(kv, &txn->txn), "beginning to read");
    if (code != TDM_OK) {
        free(txn);
        return code;
    }
    *out = &txn->base;
    return TDM_OK;
}

static void end_txn(lmdb_txn *txn)
{
    lmdb_kv *kv = (lmdb_kv *)txn->base.kv;
    if (txn->base.mode == TDM_KV_READ_WRITE)
        pthread_mutex_unlock(&kv->writer);
    else
        tdm_kv_gate_leave(&kv->gate);
    free(txn);
}

static void lmdb_abort(tdm_kv_txn *base)
{
    lmdb_txn *txn = (lmdb_txn *)base;
    mdb_txn_abort(txn->txn);
    end_txn(txn);
}

static tdm_code fail_write(lmdb_kv *kv, int rc, const char *step, tdm_err *err)
{
    if (rc == MDB_MAP_FULL)
        atomic_store(&kv->map_full, true);
    return tdm_kv_lmdb_fail(err, kv->path, rc, step);
}

/* The disk works meanwhile: who waits for it in the end finds most of it done. */
static void begin_writing_out(lmdb_kv *kv)
{
    mdb_filehandle_t fd;
    if (mdb_env_get_fd(kv->env, &fd) == MDB_SUCCESS)
        (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static tdm_code lmdb_commit(tdm_kv_txn *base, tdm_err *err)
{
    lmdb_txn *txn = (lmdb_txn *)base;
    lmdb_kv *kv = (lmdb_kv *)base->kv;
    tdm_code code = fail_write(kv, mdb_txn_commit(txn->txn), "committing", err);
    if (code == TDM_OK && kv->unsynced)
        begin_writing_out(kv);
    end_txn(txn);
    return code;
}

static tdm_code lmdb_sync(tdm_kv *base, tdm_err *err)
{
    lmdb_kv *kv = (lmdb_kv *)base;
    return tdm_kv_lmdb_fail(err, kv->path, mdb_env_sync(kv->env, 1), "waiting for the disk");
}

MDB_txn *tdm_kv_lmdb_txn(tdm_kv_txn *txn)
{
    return ((lmdb_txn *)txn)->txn;
}

/* ---- values ------------------------------------------------------------------------------------ */

static MDB_val value_of(tdm_span span)
{
    return (MDB_val){ span.len, (void *)span.data };
}

static tdm_span span_of(const MDB_val *value)
{
    return (tdm_span){ value->mv_data, value->mv_size };
}

static tdm_code lmdb_get(tdm_kv_txn *base, size_t table, tdm_span key, tdm_span *value, tdm_err *err)
{
    lmdb_kv *kv = (lmdb_kv *)base->kv;
    MDB_val k = value_of(key), v;
    int rc = mdb_get(((lmdb_txn *)base)->txn, kv->tables[table], &k, &v);
    if (rc != MDB_SUCCESS)
        return tdm_kv_lmdb_fail(err, kv->path, rc, "reading");
    *value = span_of(&v);
    return TDM_OK;
}

static tdm_code lmdb_reserve(tdm_kv_txn *base, size_t table, tdm_span key, size_t len, bool append,
                             uint8_t **place, tdm_err *err)
{
    lmdb_kv *kv = (lmdb_kv *)base->kv;
    lmdb_txn *txn = (lmdb_txn *)base;
    MDB_val k = value_of(key), v = { len, NULL };
    unsigned flags = MDB_RESERVE | (append ? MDB_APPEND : 0);
    int rc = MDB_SUCCESS;
    if (txn->puts[table] == NULL)
        rc = mdb_cursor_open(txn->txn, kv->tables[table], &txn->puts[table]);
    if (rc == MDB_SUCCESS)
        rc = mdb_cursor_put(txn->puts[table], &k, &v, flags);
    if (rc != MDB_SUCCESS)
        return fail_write(kv, rc, "writing", err);
    *place = v.mv_data;
    return TDM_OK;
}

static tdm_code lmdb_del(tdm_kv_txn *base, size_t table, tdm_span key, tdm_err *err)
{
    lmdb_kv *kv = (lmdb_kv *)base->kv;
    lmdb_txn *txn = (lmdb_txn *)base;
    MDB_val k = value_of(key);
    if (txn->puts[table] != NULL) /* the place it remembers may go */
        mdb_cursor_close(txn->puts[table]);
    txn->puts[table] = NULL;
    int rc = mdb_del(txn->txn, kv->tables[table], &k, NULL);
    return rc == MDB_NOTFOUND ? TDM_OK : fail_write(kv, rc, "deleting", err);
}

/* ---- cursors ----------------------------------------------------------------------------------- */

static tdm_code lmdb_cursor_open(tdm_kv_txn *base, size_t table, tdm_kv_cursor **out, tdm_err *err)
{
    lmdb_kv *kv = (lmdb_kv *)base->kv;
    lmdb_cursor *cursor = malloc(sizeof *cursor);
    if (cursor == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a cursor");
    int rc = mdb_cursor_open(((lmdb_txn *)base)->txn, kv->tables[table], &cursor->cursor);
    if (rc != MDB_SUCCESS) {
        free(cursor);
        return tdm_kv_lmdb_fail(err, kv->path, rc, "opening a cursor");
    }
    cursor->writes = base->writes;
    cursor->placed = false;
    cursor->key_len = 0;
    *out = &cursor->base;
    return TDM_OK;
}

static void lmdb_cursor_close(tdm_kv_cursor *base)
{
    mdb_cursor_close(((lmdb_cursor *)base)->cursor);
    free(base);
}

static int seek(MDB_cursor *cursor, tdm_kv_move move, tdm_span key, MDB_val *k, MDB_val *v)
{
    *k = value_of(key);
    int rc = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    if (move == TDM_KV_SEEK)
        return rc;
    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, k, v, MDB_LAST);
    if (rc == MDB_SUCCESS && !tdm_span_equal(span_of(k), key))
        return mdb_cursor_get(cursor, k, v, MDB_PREV);
    return rc;
}

/* After writes LMDB's own position may have slipped: go by the key found last. */
static int step_by_key(lmdb_cursor *cursor, tdm_kv_move move, MDB_val *k, MDB_val *v)
{
    tdm_span from = { cursor->key, cursor->key_len };
    *k = value_of(from);
    int rc = mdb_cursor_get(cursor->cursor, k, v, MDB_SET_RANGE);
    if (move == TDM_KV_PREVIOUS)
        return mdb_cursor_get(cursor->cursor, k, v, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    if (rc == MDB_SUCCESS && tdm_span_equal(span_of(k), from))
        return mdb_cursor_get(cursor->cursor, k, v, MDB_NEXT);
    return rc;
}

static int step(lmdb_cursor *cursor, tdm_kv_move move, MDB_val *k, MDB_val *v)
{
    if (!cursor->placed)
        return mdb_cursor_get(cursor->cursor, k, v, move == TDM_KV_NEXT ? MDB_FIRST : MDB_LAST);
    if (cursor->writes != cursor->base.txn->writes)
        return step_by_key(cursor, move, k, v);
    return mdb_cursor_get(cursor->cursor, k, v, move == TDM_KV_NEXT ? MDB_NEXT : MDB_PREV);
}

static tdm_code lmdb_cursor_move(tdm_kv_cursor *base, tdm_kv_move move, tdm_span key, tdm_span *found,
                                 tdm_span *value, tdm_err *err)
{
    lmdb_cursor *cursor = (lmdb_cursor *)base;
    bool seeks = move == TDM_KV_SEEK || move == TDM_KV_SEEK_LAST;
    MDB_val k, v;
    int rc = seeks ? seek(cursor->cursor, move, key, &k, &v) : step(cursor, move, &k, &v);
    if (rc == MDB_NOTFOUND) {
        cursor->placed = cursor->placed && !seeks;
        return TDM_END;
    }
    if (rc != MDB_SUCCESS)
        return tdm_kv_lmdb_fail(err, ((lmdb_kv *)base->txn->kv)->path, rc, "moving a cursor");
    *found = span_of(&k);
    *value = span_of(&v);
    cursor->placed = true;
    if (base->txn->mode == TDM_KV_READ_WRITE) {
        cursor->writes = base->txn->writes;
        cursor->key_len = found->len;
        memcpy(cursor->key, found->data, found->len);
    }
    return TDM_OK;
}

/* ---- the environment --------------------------------------------------------------------------- */

typedef struct reader_look {
    unsigned long long last; /* transaction committed */
    tdm_kv_stats *out;
} reader_look;

/* A line of LMDB's list: process, thread, and the transaction it reads, or "-" while it reads none. */
static int look_at_reader(const char *line, void *context)
{
    const reader_look *look = context;
    int pid = 0;
    unsigned long long txn = 0;
    if (sscanf(line, "%d %*x %llu", &pid, &txn) != 2 || txn > look->last
        || (look->out->reader_pid != 0 && look->last - txn <= look->out->reader_behind))
        return 0;
    look->out->reader_behind = look->last - txn;
    look->out->reader_pid = pid;
    return 0;
}

static tdm_code lmdb_stat(tdm_kv *base, tdm_kv_stats *out, tdm_err *err)
{
    lmdb_kv *kv = (lmdb_kv *)base;
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(base, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    MDB_envinfo info;
    size_t map_bytes;
    out->used_bytes = map_used(kv->env, &map_bytes);
    out->map_bytes = map_bytes;
    mdb_env_info(kv->env, &info);
    out->readers = info.me_numreaders;
    out->reader_behind = 0;
    out->reader_pid = 0;
    mdb_reader_list(kv->env, look_at_reader, &(reader_look){ info.me_last_txnid, out });
    for (size_t i = 0; i < base->table_count && code == TDM_OK; i++) {
        MDB_stat stat;
        code = tdm_kv_lmdb_fail(err, kv->path, mdb_stat(((lmdb_txn *)txn)->txn, kv->tables[i], &stat),
                                "counting entries");
        out->entries[i] = code == TDM_OK ? stat.ms_entries : 0;
    }
    tdm_kv_abort(&txn);
    return code;
}

static void lmdb_sweep_readers(tdm_kv *kv)
{
    int dead = 0;
    mdb_reader_check(((lmdb_kv *)kv)->env, &dead);
}

static void lmdb_close(tdm_kv *kv)
{
    tdm_kv_lmdb_free((lmdb_kv *)kv);
}

const tdm_kv_backend TDM_KV_LMDB = {
    .close = lmdb_close,
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .reserve = lmdb_reserve,
    .del = lmdb_del,
    .cursor_open = lmdb_cursor_open,
    .cursor_close = lmdb_cursor_close,
    .cursor_move = lmdb_cursor_move,
    .stat = lmdb_stat,
    .sweep_readers = lmdb_sweep_readers,
    .sync = lmdb_sync,
    .copy = tdm_kv_lmdb_copy,
    .copy_out = tdm_kv_lmdb_copy_out,
    .check = tdm_kv_lmdb_check,
};
