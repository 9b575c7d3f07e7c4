/* SPDX-License-Identifier: MPL-2.0
 *
 * state.c: the one record of the views that says what they hold: whose, by which definition, how far.
 */
#include "fold_inner.h"

enum { STATE_FORMAT = 5, EMPTY_STEP = 20000 };

#define STATE_KEY TDM_SPAN_LITERAL("state")

const char *const TDM_VIEWS_TABLES[] = { "meta",      "dossiers",   "cells",    "naming",
                                         "feeds",     "recipients", "tides",    "incarnations",
                                         "residents", "tables",     "displaced" };
const size_t TDM_VIEWS_TABLE_COUNT = TDM_COUNT(TDM_VIEWS_TABLES);

/* format | definition | authority flag | feeds flag | authority 16 | position | events | unknown types |
 * everything flag | cursor length | cursor | check of the event at the position 8 | sums (views.h) */
void tdm_state_save(tdm_fold *fold, tdm_kv_txn *txn)
{
    tdm_buf out = { 0 };
    tdm_varint_put(&out, STATE_FORMAT);
    tdm_varint_put(&out, TDM_DEFINITION_VERSION);
    tdm_varint_put(&out, fold->options.has_authority);
    tdm_varint_put(&out, fold->options.with_feeds);
    tdm_buf_add(&out, fold->options.authority.bytes, TDM_ID_BYTES);
    tdm_varint_put(&out, fold->position);
    tdm_varint_put_signed(&out, fold->events);
    tdm_varint_put_signed(&out, fold->unknown_types);
    /* Single subjects still to do are not kept: after a restart everything is folded again instead. */
    bool single = fold->work.count > fold->work_done;
    tdm_varint_put(&out, fold->everything || single);
    tdm_span cursor = single ? (tdm_span){ NULL, 0 } : tdm_buf_span(&fold->cursor);
    tdm_varint_put(&out, cursor.len);
    tdm_buf_add(&out, cursor.data, cursor.len);
    tdm_buf_add(&out, &fold->last_check, sizeof fold->last_check);
    tdm_views_sums_encode(&fold->shelf.sums, &out);
    tdm_views_seal(TDM_VIEWS_META, STATE_KEY, &out);
    TDM_ASSERT(!out.failed);
    tdm_kv_put(txn, TDM_VIEWS_META, STATE_KEY, tdm_buf_span(&out));
    tdm_buf_free(&out);
}

tdm_code tdm_state_check_version(tdm_kv_txn *txn, tdm_err *err)
{
    tdm_span value;
    tdm_code code = tdm_views_get(txn, TDM_VIEWS_META, STATE_KEY, &value, NULL, err);
    if (code != TDM_OK)
        return code == TDM_NOT_FOUND ? TDM_OK : code;
    const uint8_t *at = value.data;
    const uint8_t *end = value.data + value.len;
    return tdm_varint_get(&at, end) == STATE_FORMAT && tdm_varint_get(&at, end) == TDM_DEFINITION_VERSION
               ? TDM_OK
               : tdm_fail(err, TDM_UNSUPPORTED, 0, "they are of another version of this program");
}

/* False if the record is of another format, definition, authority or kind, or damaged. */
static bool read_state(tdm_fold *fold, tdm_span value)
{
    if (tdm_views_open(TDM_VIEWS_META, STATE_KEY, &value, NULL, NULL) != TDM_OK)
        return false;
    const uint8_t *at = value.data;
    const uint8_t *end = value.data + value.len;
    bool same = tdm_varint_get(&at, end) == STATE_FORMAT && tdm_varint_get(&at, end) == TDM_DEFINITION_VERSION
                && tdm_varint_get(&at, end) == fold->options.has_authority
                && tdm_varint_get(&at, end) == fold->options.with_feeds;
    if (!same || at == NULL || end - at < TDM_ID_BYTES
        || memcmp(at, fold->options.authority.bytes, TDM_ID_BYTES) != 0)
        return false;
    at += TDM_ID_BYTES;
    fold->position = tdm_varint_get(&at, end);
    fold->events = tdm_varint_get_signed(&at, end);
    fold->unknown_types = tdm_varint_get_signed(&at, end);
    fold->everything = tdm_varint_get(&at, end) != 0;
    uint64_t cursor = tdm_varint_get(&at, end);
    if (at == NULL || cursor > (uint64_t)(end - at))
        return false;
    tdm_buf_add(&fold->cursor, at, (size_t)cursor);
    at += cursor;
    if (end - at < 8)
        return false;
    fold->last_check = tdm_load_u64(at);
    at += 8;
    fold->checkpointed = fold->position;
    return tdm_views_sums_decode(&fold->shelf.sums, &at, end);
}

/* Delete up to a step's worth of one table's keys; *more tells whether any was there. */
static tdm_code empty_step(tdm_kv *kv, size_t table, bool *more, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_code code = tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, err);
    *more = false;
    for (size_t i = 0; code == TDM_OK && i < EMPTY_STEP; i++) {
        tdm_kv_cursor *cursor = NULL;
        tdm_span key;
        tdm_span value;
        code = tdm_kv_cursor_open(txn, table, &cursor, err);
        if (code == TDM_OK)
            code = tdm_kv_cursor_seek(cursor, TDM_SPAN_LITERAL("\0"), &key, &value);
        uint8_t copy[511];
        size_t len = code == TDM_OK ? key.len : 0;
        memcpy(copy, len > 0 ? key.data : copy, len);
        tdm_kv_cursor_close(&cursor);
        if (code == TDM_OK)
            code = tdm_kv_del(txn, table, (tdm_span){ copy, len });
        *more = *more || code == TDM_OK;
    }
    if (code != TDM_OK && code != TDM_END) {
        tdm_kv_abort(&txn);
        return code;
    }
    return tdm_kv_commit(&txn, err);
}

/* The state goes first: an emptying cut short begins again at position 0. */
static tdm_code empty(tdm_kv *kv, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t table = 0; table < TDM_VIEWS_TABLE_COUNT; table++) {
        bool more = true;
        while (code == TDM_OK && more)
            code = empty_step(kv, table, &more, err);
    }
    return code;
}

tdm_code tdm_state_load(tdm_fold *fold, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_span value;
    tdm_code code = tdm_shelf_reader(&fold->shelf, &txn, err);
    if (code != TDM_OK || txn == NULL)
        return code;
    code = tdm_kv_get(txn, TDM_VIEWS_META, STATE_KEY, &value, err);
    bool same = code == TDM_OK && read_state(fold, value);
    tdm_shelf_end(&fold->shelf);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    if (same)
        return TDM_OK;
    if (fold->options.at_rest)
        return tdm_fail(err, TDM_INVALID, 0,
                        "they are of another hub, or of another version of this program");
    fold->position = fold->checkpointed = 0;
    fold->events = fold->unknown_types = 0;
    fold->everything = false;
    fold->last_check = 0;
    fold->shelf.sums.count = 0;
    tdm_buf_clear(&fold->cursor);
    return empty(fold->shelf.kv, err);
}
