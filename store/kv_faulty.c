/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_faulty.c: an environment that wraps another and fails as told, so that what happens after a failure is
 * tested as often as what happens without one.
 */
#include "kv_backend.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct faulty_kv {
    tdm_kv base;
    tdm_kv *inner;
    pthread_mutex_t lock; /* over the fields below */
    tdm_kv_faults faults;
    uint64_t puts;
    uint64_t reads;
    uint64_t commits;
} faulty_kv;

typedef struct faulty_txn {
    tdm_kv_txn base;
    tdm_kv_txn *inner;
    uint8_t *flipped; /* the value that was damaged on the way out; lives as long as a borrowed one */
} faulty_txn;

typedef struct faulty_cursor {
    tdm_kv_cursor base;
    tdm_kv_cursor *inner;
} faulty_cursor;

/* Count one call and return its number. */
static uint64_t count_call(faulty_kv *kv, uint64_t *counter, tdm_kv_faults *faults)
{
    pthread_mutex_lock(&kv->lock);
    uint64_t number = ++*counter;
    *faults = kv->faults;
    pthread_mutex_unlock(&kv->lock);
    return number;
}

static void faulty_close(tdm_kv *base)
{
    faulty_kv *kv = (faulty_kv *)base;
    tdm_kv_close(&kv->inner);
    pthread_mutex_destroy(&kv->lock);
    free(kv);
}

static tdm_code faulty_begin(tdm_kv *base, tdm_kv_mode mode, tdm_kv_txn **out, tdm_err *err)
{
    faulty_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a transaction");
    tdm_code code = tdm_kv_begin(((faulty_kv *)base)->inner, mode, &txn->inner, err);
    if (code != TDM_OK) {
        free(txn);
        return code;
    }
    *out = &txn->base;
    return TDM_OK;
}

static void faulty_abort(tdm_kv_txn *base)
{
    faulty_txn *txn = (faulty_txn *)base;
    tdm_kv_abort(&txn->inner);
    free(txn->flipped);
    free(txn);
}

static tdm_code faulty_commit(tdm_kv_txn *base, tdm_err *err)
{
    faulty_txn *txn = (faulty_txn *)base;
    faulty_kv *kv = (faulty_kv *)base->kv;
    tdm_kv_faults faults;
    uint64_t number = count_call(kv, &kv->commits, &faults);
    tdm_code code = TDM_OK;
    if (number == faults.fail_commit_at)
        code = tdm_fail(err, TDM_IO, 0, "commit %llu failed as told", (unsigned long long)number);
    else if (faults.full_from_commit != 0 && number >= faults.full_from_commit)
        code =
            tdm_fail(err, TDM_FULL, 0, "commit %llu found the disk full as told", (unsigned long long)number);
    if (code == TDM_OK)
        code = tdm_kv_commit(&txn->inner, err);
    if (code == TDM_OK && number == faults.unknown_commit_at)
        code = tdm_fail(err, TDM_IO, 0, "commit %llu happened and says it failed, as told",
                        (unsigned long long)number);
    faulty_abort(base);
    return code;
}

/* One bit of the middle byte, in a copy. */
static tdm_code flip(faulty_txn *txn, tdm_span *value, tdm_err *err)
{
    uint8_t *copy = realloc(txn->flipped, value->len);
    if (copy == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a damaged value");
    memcpy(copy, value->data, value->len);
    copy[value->len / 2] ^= 0x10;
    txn->flipped = copy;
    value->data = copy;
    return TDM_OK;
}

static tdm_code count_read(faulty_txn *txn, tdm_span *value, tdm_err *err)
{
    faulty_kv *kv = (faulty_kv *)txn->base.kv;
    tdm_kv_faults faults;
    uint64_t number = count_call(kv, &kv->reads, &faults);
    return number == faults.flip_get_at && value->len > 0 ? flip(txn, value, err) : TDM_OK;
}

static tdm_code faulty_get(tdm_kv_txn *base, size_t table, tdm_span key, tdm_span *value, tdm_err *err)
{
    faulty_txn *txn = (faulty_txn *)base;
    tdm_code code = tdm_kv_get(txn->inner, table, key, value, err);
    return code == TDM_OK ? count_read(txn, value, err) : code;
}

static tdm_code inner_failure(const tdm_kv_txn *inner, tdm_err *err)
{
    if (tdm_kv_failure(inner)->code != TDM_OK)
        *err = *tdm_kv_failure(inner);
    return tdm_kv_failure(inner)->code;
}

static tdm_code faulty_reserve(tdm_kv_txn *base, size_t table, tdm_span key, size_t len, bool append,
                               uint8_t **place, tdm_err *err)
{
    faulty_txn *txn = (faulty_txn *)base;
    faulty_kv *kv = (faulty_kv *)base->kv;
    tdm_kv_faults faults;
    uint64_t number = count_call(kv, &kv->puts, &faults);
    if (number == faults.fail_put_at)
        return tdm_fail(err, TDM_IO, 0, "put %llu failed as told", (unsigned long long)number);
    *place = tdm_kv_reserve(txn->inner, table, key, len, append);
    return inner_failure(txn->inner, err);
}

static tdm_code faulty_del(tdm_kv_txn *base, size_t table, tdm_span key, tdm_err *err)
{
    faulty_txn *txn = (faulty_txn *)base;
    tdm_kv_del(txn->inner, table, key);
    return inner_failure(txn->inner, err);
}

static tdm_code faulty_cursor_open(tdm_kv_txn *base, size_t table, tdm_kv_cursor **out, tdm_err *err)
{
    faulty_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a cursor");
    tdm_code code = tdm_kv_cursor_open(((faulty_txn *)base)->inner, table, &cursor->inner, err);
    if (code != TDM_OK) {
        free(cursor);
        return code;
    }
    *out = &cursor->base;
    return TDM_OK;
}

static void faulty_cursor_close(tdm_kv_cursor *base)
{
    tdm_kv_cursor_close(&((faulty_cursor *)base)->inner);
    free(base);
}

static tdm_code faulty_cursor_move(tdm_kv_cursor *base, tdm_kv_move move, tdm_span key, tdm_span *found,
                                   tdm_span *value, tdm_err *err)
{
    tdm_kv_cursor *inner = ((faulty_cursor *)base)->inner;
    tdm_code code = TDM_END;
    if (move == TDM_KV_SEEK)
        code = tdm_kv_cursor_seek(inner, key, found, value);
    else if (move == TDM_KV_SEEK_LAST)
        code = tdm_kv_cursor_seek_last(inner, key, found, value);
    else if (move == TDM_KV_NEXT)
        code = tdm_kv_cursor_next(inner, found, value);
    else
        code = tdm_kv_cursor_previous(inner, found, value);
    if (code == TDM_OK)
        return count_read((faulty_txn *)base->txn, value, err);
    return code == TDM_END ? code : inner_failure(inner->txn, err);
}

static tdm_code faulty_stat(tdm_kv *kv, tdm_kv_stats *out, tdm_err *err)
{
    return tdm_kv_stat(((faulty_kv *)kv)->inner, out, err);
}

static void faulty_sweep_readers(tdm_kv *kv)
{
    tdm_kv_sweep_readers(((faulty_kv *)kv)->inner);
}

static const tdm_kv_backend FAULTY = {
    .close = faulty_close,
    .begin = faulty_begin,
    .commit = faulty_commit,
    .abort = faulty_abort,
    .get = faulty_get,
    .reserve = faulty_reserve,
    .del = faulty_del,
    .cursor_open = faulty_cursor_open,
    .cursor_close = faulty_cursor_close,
    .cursor_move = faulty_cursor_move,
    .stat = faulty_stat,
    .sweep_readers = faulty_sweep_readers,
    .copy = NULL,
    .copy_out = NULL,
    .check = NULL,
};

tdm_code tdm_kv_open_faulty(tdm_kv **out, tdm_kv **inner, const tdm_kv_faults *faults, tdm_err *err)
{
    *out = NULL;
    faulty_kv *kv = calloc(1, sizeof *kv);
    if (kv == NULL) {
        tdm_kv_close(inner);
        return tdm_fail(err, TDM_FULL, 0, "no memory for a store");
    }
    kv->base = (tdm_kv){ &FAULTY, (*inner)->mode, (*inner)->table_count };
    kv->inner = *inner;
    *inner = NULL;
    kv->faults = *faults;
    pthread_mutex_init(&kv->lock, NULL);
    *out = &kv->base;
    return TDM_OK;
}

void tdm_kv_faults_set(tdm_kv *faulty, const tdm_kv_faults *faults)
{
    TDM_ASSERT(faulty->backend == &FAULTY);
    faulty_kv *kv = (faulty_kv *)faulty;
    pthread_mutex_lock(&kv->lock);
    kv->faults = *faults;
    pthread_mutex_unlock(&kv->lock);
}
