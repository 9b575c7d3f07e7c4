/* SPDX-License-Identifier: MPL-2.0
 *
 * private.c: opening the private log, and the checked look-ups that its other files share.
 */
#include "private_inner.h"

#include <stdlib.h>

const char *const TDM_PRIVATE_TABLES[] = { "meta", "rows", "people", "erased", "ids", "index", "residuals" };
const size_t TDM_PRIVATE_TABLE_COUNT = TDM_COUNT(TDM_PRIVATE_TABLES);
_Static_assert(TDM_COUNT(TDM_PRIVATE_TABLES) == PRIVATE_TABLES, "a name for each table");

/* ---- opening ----------------------------------------------------------------------------------- */

static tdm_code read_meta(tdm_private *log, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_span row;
    tdm_code code = tdm_kv_begin(log->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_kv_get(txn, PRIVATE_META, TDM_PRIVATE_META_KEY, &row, err);
    if (code == TDM_OK)
        code = tdm_meta_row_read(row, log->keys, err);
    tdm_kv_abort(&txn);
    return code;
}

/* A first description is written into an empty environment only: a log that lost its own must not get
 * another, under which nothing of it opens. */
static tdm_code write_meta(tdm_private *log, tdm_err *err)
{
    tdm_private_tip tip;
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(log->kv, TDM_KV_READ_WRITE, &txn, err);
    if (code == TDM_OK)
        code = tdm_private_get_tip(txn, &tip, err);
    if (code == TDM_OK && tip.rows > 0)
        code = tdm_fail(err, TDM_CORRUPT, 0, "the private log lacks its own description; restore it");
    if (code != TDM_OK) {
        tdm_kv_abort(&txn);
        return code;
    }
    uint8_t row[PRIVATE_META_BYTES];
    tdm_keys_new_name(log->keys);
    tdm_meta_row_write(row, log->keys);
    tdm_kv_put(txn, PRIVATE_META, TDM_PRIVATE_META_KEY, (tdm_span){ row, sizeof row });
    return tdm_kv_commit(&txn, err);
}

static tdm_code load(tdm_private *log, const uint8_t secret[TDM_PRIVATE_SECRET_BYTES], tdm_err *err)
{
    log->keys = tdm_secret_new(sizeof *log->keys);
    if (log->keys == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory for keys");
    tdm_keys_derive(log->keys, secret);
    tdm_code code = read_meta(log, err);
    if (code != TDM_NOT_FOUND)
        return code;
    if (log->kv->mode == TDM_KV_READ_ONLY)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "there is no private log in this store");
    return write_meta(log, err);
}

tdm_code tdm_private_open(tdm_private **out, tdm_kv **kv, const uint8_t secret[TDM_PRIVATE_SECRET_BYTES],
                          tdm_err *err)
{
    *out = NULL;
    TDM_ASSERT((*kv)->table_count >= PRIVATE_TABLES);
    tdm_code code = tdm_keys_start(err);
    tdm_private *log = code == TDM_OK ? calloc(1, sizeof *log) : NULL;
    if (log == NULL) {
        tdm_kv_close(kv);
        return code != TDM_OK ? code : tdm_fail(err, TDM_FULL, 0, "no memory for a private log");
    }
    log->kv = *kv;
    *kv = NULL;
    code = load(log, secret, err);
    if (code != TDM_OK) {
        tdm_private_close(&log);
        return code;
    }
    *out = log;
    return TDM_OK;
}

tdm_code tdm_private_open_path(tdm_private **out, const char *path, size_t map_bytes,
                               const uint8_t secret[TDM_PRIVATE_SECRET_BYTES], tdm_err *err)
{
    *out = NULL;
    tdm_kv_options options = { .path = path,
                               .mode = TDM_KV_READ_WRITE,
                               .map_bytes = map_bytes,
                               .tables = TDM_PRIVATE_TABLES,
                               .table_count = TDM_PRIVATE_TABLE_COUNT };
    tdm_kv *kv = NULL;
    tdm_code code = tdm_kv_open_lmdb(&kv, &options, err);
    if (code == TDM_OK)
        code = tdm_private_copy_clean(path, err); /* the writer's lock is held: nobody makes it */
    if (code == TDM_OK)
        return tdm_private_open(out, &kv, secret, err);
    tdm_kv_close(&kv);
    return code;
}

void tdm_private_close(tdm_private **log)
{
    if (log == NULL || *log == NULL)
        return;
    tdm_kv_close(&(*log)->kv);
    tdm_secret_free((*log)->keys);
    free(*log);
    *log = NULL;
}

tdm_kv *tdm_private_kv(tdm_private *log)
{
    return log->kv;
}

void tdm_private_person_id(const tdm_private *log, tdm_span person, tdm_id *out)
{
    tdm_keys_person_id(log->keys, person, out);
}

tdm_code tdm_private_tip_get(tdm_private *log, tdm_private_tip *out, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    *out = (tdm_private_tip){ 0 };
    tdm_code code = tdm_kv_begin(log->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_private_get_tip(txn, out, err);
    tdm_kv_abort(&txn);
    return code;
}

/* ---- checked look-ups -------------------------------------------------------------------------- */

tdm_code tdm_private_damaged(tdm_err *err, const char *table, const tdm_id *id)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, id->bytes, TDM_ID_BYTES);
    return tdm_fail(err, TDM_CORRUPT, 0, "damaged row in %s of the private log: person id %s", table, hex);
}

tdm_code tdm_private_check_person(tdm_span person, tdm_err *err)
{
    if (person.len >= 1 && person.len <= TDM_PRIVATE_PERSON_MAX)
        return TDM_OK;
    return tdm_fail(err, TDM_INVALID, 0, "a person key of %zu bytes, not 1 to %d", person.len,
                    TDM_PRIVATE_PERSON_MAX);
}

tdm_code tdm_private_get_tip(tdm_kv_txn *txn, tdm_private_tip *out, tdm_err *err)
{
    tdm_span row;
    *out = (tdm_private_tip){ 0 };
    tdm_code code = tdm_kv_get(txn, PRIVATE_META, TDM_PRIVATE_TIP_KEY, &row, err);
    if (code == TDM_NOT_FOUND)
        return TDM_OK;
    if (code == TDM_OK && !tdm_private_tip_read(row, out))
        return tdm_fail(err, TDM_CORRUPT, 0, "the private log's tip is damaged; verify and restore it");
    return code;
}

void tdm_private_put_tip(tdm_kv_txn *txn, const tdm_private_tip *tip)
{
    uint8_t row[PRIVATE_TIP_BYTES];
    tdm_private_tip_write(row, tip);
    tdm_kv_put(txn, PRIVATE_META, TDM_PRIVATE_TIP_KEY, (tdm_span){ row, sizeof row });
}

tdm_code tdm_private_get_person(tdm_kv_txn *txn, private_person *person, tdm_err *err)
{
    row_key key = tdm_key_of_person(&person->id);
    tdm_span row;
    tdm_code code = tdm_kv_get(txn, PRIVATE_PEOPLE, key_span(&key), &row, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, code, 0, "the private log has nobody by this person key");
    if (code == TDM_OK && !tdm_person_row_read(key_span(&key), row, &person->row))
        return tdm_private_damaged(err, "people", &person->id);
    return code;
}

tdm_code tdm_private_open_person(const tdm_private *log, tdm_kv_txn *txn, private_person *person,
                                 tdm_err *err)
{
    tdm_code code = tdm_private_get_person(txn, person, err);
    if (code == TDM_OK && !tdm_person_open(log->keys, person))
        return tdm_private_damaged(err, "people", &person->id);
    return code;
}

tdm_code tdm_private_last_erased(tdm_kv_txn *txn, const tdm_id *id, uint32_t *generation, tdm_err *err)
{
    *generation = 0;
    tdm_kv_cursor *cursor = NULL;
    row_key behind = tdm_key_of_erased(id, UINT32_MAX);
    tdm_span key, row;
    tdm_code code = tdm_kv_cursor_open(txn, PRIVATE_ERASED, &cursor, err);
    if (code != TDM_OK)
        return code;
    code = tdm_kv_cursor_seek_last(cursor, key_span(&behind), &key, &row);
    tdm_kv_cursor_close(&cursor);
    if (code != TDM_OK && code != TDM_END)
        return tdm_kv_failed(txn, err);
    if (code == TDM_OK && key.len == ERASED_KEY_BYTES && tdm_key_is_of_person(key, id))
        *generation = tdm_read_u32(key.data + PERSON_KEY_BYTES);
    return TDM_OK;
}
