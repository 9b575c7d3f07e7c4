/* SPDX-License-Identifier: MPL-2.0
 *
 * kv.c: the part of kv.h that all backends share: checks, the first failure of a transaction, cursors.
 */
#include "kv_backend.h"

#include <stdlib.h>
#include <string.h>

static tdm_code check_key(tdm_span key, tdm_err *err)
{
    if (key.len >= 1 && key.len <= TDM_KV_KEY_MAX)
        return TDM_OK;
    return tdm_fail(err, TDM_INVALID, 0, "a key of %zu bytes, not 1 to %d", key.len, TDM_KV_KEY_MAX);
}

void tdm_kv_close(tdm_kv **kv)
{
    if (kv == NULL || *kv == NULL)
        return;
    (*kv)->backend->close(*kv);
    *kv = NULL;
}

tdm_code tdm_kv_begin(tdm_kv *kv, tdm_kv_mode mode, tdm_kv_txn **out, tdm_err *err)
{
    *out = NULL;
    if (mode == TDM_KV_READ_WRITE && kv->mode == TDM_KV_READ_ONLY)
        return tdm_fail(err, TDM_INVALID, 0, "the store is open for reading only");
    tdm_kv_txn *txn = NULL;
    tdm_code code = kv->backend->begin(kv, mode, &txn, err);
    if (code != TDM_OK)
        return code;
    txn->kv = kv;
    txn->mode = mode;
    *out = txn;
    return TDM_OK;
}

static void close_cursors(tdm_kv_txn *txn)
{
    while (txn->cursors != NULL) {
        tdm_kv_cursor *cursor = txn->cursors;
        txn->cursors = cursor->next;
        txn->kv->backend->cursor_close(cursor);
    }
}

tdm_code tdm_kv_commit(tdm_kv_txn **txn, tdm_err *err)
{
    tdm_kv_txn *ending = *txn;
    *txn = NULL;
    close_cursors(ending);
    const tdm_kv_backend *backend = ending->kv->backend;
    tdm_code code = tdm_kv_failed(ending, ending->failure.code == TDM_OK ? NULL : err);
    if (code == TDM_OK && ending->mode == TDM_KV_READ_WRITE)
        return backend->commit(ending, err);
    backend->abort(ending);
    return code;
}

void tdm_kv_abort(tdm_kv_txn **txn)
{
    if (txn == NULL || *txn == NULL)
        return;
    close_cursors(*txn);
    (*txn)->kv->backend->abort(*txn);
    *txn = NULL;
}

const tdm_err *tdm_kv_failure(const tdm_kv_txn *txn)
{
    return &txn->failure;
}

tdm_code tdm_kv_failed(const tdm_kv_txn *txn, tdm_err *err)
{
    if (err != NULL)
        *err = txn->failure;
    return txn->failure.code;
}

tdm_code tdm_kv_get(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span *value, tdm_err *err)
{
    TDM_ASSERT(table < txn->kv->table_count);
    *value = (tdm_span){ NULL, 0 };
    if (txn->failure.code != TDM_OK)
        return tdm_kv_failed(txn, err);
    tdm_err found = { TDM_OK, 0, "" };
    tdm_code code = check_key(key, &found);
    if (code == TDM_OK)
        code = txn->kv->backend->get(txn, table, key, value, &found);
    if (code == TDM_OK)
        return TDM_OK;
    if (code != TDM_NOT_FOUND)
        txn->failure = found;
    if (err != NULL)
        *err = found;
    return code;
}

uint8_t *tdm_kv_reserve(tdm_kv_txn *txn, size_t table, tdm_span key, size_t len, bool append)
{
    TDM_ASSERT(txn->mode == TDM_KV_READ_WRITE && table < txn->kv->table_count);
    uint8_t *place = NULL;
    tdm_err *err = &txn->failure;
    if (err->code != TDM_OK || check_key(key, err) != TDM_OK)
        return NULL;
    txn->writes++;
    if (txn->kv->backend->reserve(txn, table, key, len, append, &place, err) != TDM_OK)
        return NULL;
    return place;
}

static tdm_code write_value(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span value, bool append)
{
    uint8_t *place = tdm_kv_reserve(txn, table, key, value.len, append);
    if (txn->failure.code != TDM_OK)
        return txn->failure.code;
    if (value.len > 0)
        memcpy(place, value.data, value.len);
    return TDM_OK;
}

tdm_code tdm_kv_put(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span value)
{
    return write_value(txn, table, key, value, false);
}

tdm_code tdm_kv_append(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span value)
{
    return write_value(txn, table, key, value, true);
}

tdm_code tdm_kv_del(tdm_kv_txn *txn, size_t table, tdm_span key)
{
    TDM_ASSERT(txn->mode == TDM_KV_READ_WRITE && table < txn->kv->table_count);
    tdm_err *err = &txn->failure;
    if (err->code != TDM_OK || check_key(key, err) != TDM_OK)
        return err->code;
    txn->writes++;
    return txn->kv->backend->del(txn, table, key, err);
}

tdm_code tdm_kv_cursor_open(tdm_kv_txn *txn, size_t table, tdm_kv_cursor **out, tdm_err *err)
{
    TDM_ASSERT(table < txn->kv->table_count);
    *out = NULL;
    if (txn->failure.code != TDM_OK)
        return tdm_kv_failed(txn, err);
    tdm_kv_cursor *cursor = NULL;
    tdm_code code = txn->kv->backend->cursor_open(txn, table, &cursor, err);
    if (code != TDM_OK)
        return code;
    cursor->txn = txn;
    cursor->table = table;
    cursor->next = txn->cursors;
    txn->cursors = cursor;
    *out = cursor;
    return TDM_OK;
}

void tdm_kv_cursor_close(tdm_kv_cursor **cursor)
{
    if (cursor == NULL || *cursor == NULL)
        return;
    tdm_kv_txn *txn = (*cursor)->txn;
    tdm_kv_cursor **link = &txn->cursors;
    while (*link != *cursor)
        link = &(*link)->next;
    *link = (*cursor)->next;
    txn->kv->backend->cursor_close(*cursor);
    *cursor = NULL;
}

static tdm_code move_cursor(tdm_kv_cursor *cursor, tdm_kv_move move, tdm_span key, tdm_span *found,
                            tdm_span *value)
{
    tdm_kv_txn *txn = cursor->txn;
    *found = *value = (tdm_span){ NULL, 0 };
    if (txn->failure.code != TDM_OK)
        return txn->failure.code;
    tdm_code code = txn->kv->backend->cursor_move(cursor, move, key, found, value, &txn->failure);
    if (code == TDM_END)
        txn->failure = (tdm_err){ TDM_OK, 0, "" };
    return code;
}

tdm_code tdm_kv_cursor_seek(tdm_kv_cursor *cursor, tdm_span key, tdm_span *found, tdm_span *value)
{
    return move_cursor(cursor, TDM_KV_SEEK, key, found, value);
}

tdm_code tdm_kv_cursor_seek_last(tdm_kv_cursor *cursor, tdm_span key, tdm_span *found, tdm_span *value)
{
    return move_cursor(cursor, TDM_KV_SEEK_LAST, key, found, value);
}

tdm_code tdm_kv_cursor_next(tdm_kv_cursor *cursor, tdm_span *found, tdm_span *value)
{
    return move_cursor(cursor, TDM_KV_NEXT, (tdm_span){ NULL, 0 }, found, value);
}

tdm_code tdm_kv_cursor_previous(tdm_kv_cursor *cursor, tdm_span *found, tdm_span *value)
{
    return move_cursor(cursor, TDM_KV_PREVIOUS, (tdm_span){ NULL, 0 }, found, value);
}

static bool begins_with(tdm_span key, tdm_span prefix)
{
    return key.len >= prefix.len && (prefix.len == 0 || memcmp(key.data, prefix.data, prefix.len) == 0);
}

tdm_code tdm_kv_each(tdm_kv_txn *txn, size_t table, tdm_span prefix, tdm_kv_visit *visit, void *context,
                     tdm_err *err)
{
    tdm_kv_cursor *cursor = NULL;
    tdm_span key, value;
    tdm_code code = tdm_kv_cursor_open(txn, table, &cursor, err), visited = TDM_OK;
    if (code != TDM_OK)
        return code;
    code = prefix.len > 0 ? tdm_kv_cursor_seek(cursor, prefix, &key, &value)
                          : tdm_kv_cursor_next(cursor, &key, &value);
    while (code == TDM_OK && begins_with(key, prefix)) {
        visited = visit(context, key, value, err);
        if (visited != TDM_OK)
            break;
        code = tdm_kv_cursor_next(cursor, &key, &value);
    }
    tdm_kv_cursor_close(&cursor);
    if (visited != TDM_OK)
        return visited;
    return code == TDM_OK || code == TDM_END ? TDM_OK : tdm_kv_failed(txn, err);
}

tdm_code tdm_kv_stat(tdm_kv *kv, tdm_kv_stats *out, tdm_err *err)
{
    *out = (tdm_kv_stats){ 0 };
    return kv->backend->stat(kv, out, err);
}

tdm_code tdm_kv_copy_out(tdm_kv *kv, tdm_kv_sink *sink, void *context, tdm_err *err)
{
    if (kv->backend->copy_out == NULL)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "a store in memory has no file to copy");
    return kv->backend->copy_out(kv, sink, context, err);
}

tdm_code tdm_kv_copy(tdm_kv *kv, const char *path, tdm_err *err)
{
    if (kv->backend->copy == NULL)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "a store in memory has no file to copy");
    return kv->backend->copy(kv, path, err);
}

tdm_code tdm_kv_check(tdm_kv *kv, tdm_kv_fault *report, void *context, tdm_err *err)
{
    return kv->backend->check == NULL ? TDM_OK : kv->backend->check(kv, report, context, err);
}

tdm_code tdm_kv_sync(tdm_kv *kv, tdm_err *err)
{
    return kv->backend->sync == NULL ? TDM_OK : kv->backend->sync(kv, err);
}

void tdm_kv_sweep_readers(tdm_kv *kv)
{
    kv->backend->sweep_readers(kv);
}
