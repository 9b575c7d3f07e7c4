/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger.c: opening the ledger, its tips, and the checked look-ups that its other files share.
 */
#include "ledger_private.h"

#include "tandem/path.h"

#include <stdlib.h>
#include <string.h>

const char *const TDM_LEDGER_TABLES[] = { "meta", "events",  "runs",  "seals",
                                          "tips", "notices", "local", "aside" };
const size_t TDM_LEDGER_TABLE_COUNT = TDM_COUNT(TDM_LEDGER_TABLES);

static const tdm_span META_KEY = { (const uint8_t *)"ledger", 6 };

/* ---- opening ----------------------------------------------------------------------------------- */

static tdm_code read_meta(tdm_ledger *ledger, tdm_kv_txn *txn, tdm_err *err)
{
    tdm_span row;
    tdm_code code = tdm_kv_get(txn, TABLE_META, META_KEY, &row, err);
    if (code != TDM_OK)
        return code;
    if (!tdm_row_is_sound(META_KEY, row, META_ROW_BYTES))
        return tdm_fail(err, TDM_CORRUPT, 0, "the ledger's own description is damaged");
    uint64_t format = tdm_read_u64(row.data + 4);
    if (format > TDM_LEDGER_FORMAT)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "ledger format %llu is newer than this program's %d",
                        (unsigned long long)format, TDM_LEDGER_FORMAT);
    memcpy(ledger->store_id.bytes, row.data + 12, TDM_ID_BYTES);
    return TDM_OK;
}

static tdm_code write_meta(tdm_ledger *ledger, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_WRITE, &txn, err);
    if (code != TDM_OK)
        return code;
    uint8_t row[META_ROW_BYTES];
    tdm_id_random(&ledger->store_id);
    tdm_write_u64(row + 4, TDM_LEDGER_FORMAT);
    memcpy(row + 12, ledger->store_id.bytes, TDM_ID_BYTES);
    tdm_row_seal(META_KEY, row, sizeof row);
    tdm_kv_put(txn, TABLE_META, META_KEY, (tdm_span){ row, sizeof row });
    return tdm_kv_commit(&txn, err);
}

static tdm_code load(tdm_ledger *ledger, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    code = read_meta(ledger, txn, err);
    tdm_kv_abort(&txn);
    if (code != TDM_NOT_FOUND)
        return code;
    if (ledger->kv->mode == TDM_KV_READ_ONLY)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "there is no ledger in this store");
    return write_meta(ledger, err);
}

tdm_code tdm_ledger_open(tdm_ledger **out, tdm_kv **kv, tdm_err *err)
{
    *out = NULL;
    TDM_ASSERT((*kv)->table_count >= TDM_LEDGER_TABLE_COUNT);
    tdm_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        tdm_kv_close(kv);
        return tdm_fail(err, TDM_FULL, 0, "no memory for a ledger");
    }
    ledger->kv = *kv;
    *kv = NULL;
    tdm_code code = load(ledger, err);
    if (code != TDM_OK) {
        tdm_ledger_close(&ledger);
        return code;
    }
    *out = ledger;
    return TDM_OK;
}

tdm_code tdm_ledger_open_folder(tdm_ledger **out, const char *folder, tdm_kv_mode mode, size_t map_bytes,
                                tdm_err *err)
{
    char path[PATH_MAX];
    tdm_kv *kv = NULL;
    *out = NULL;
    tdm_code code = tdm_path_join(path, folder, "ledger", err);
    const tdm_kv_options options = { .path = path,
                                     .mode = mode,
                                     .map_bytes = map_bytes,
                                     .tables = TDM_LEDGER_TABLES,
                                     .table_count = TDM_LEDGER_TABLE_COUNT };
    if (code == TDM_OK && mode == TDM_KV_READ_WRITE)
        code = tdm_path_make_folder(folder, NULL, err);
    if (code == TDM_OK)
        code = tdm_kv_open_lmdb(&kv, &options, err);
    if (code == TDM_OK)
        code = tdm_ledger_open(out, &kv, err);
    if (code == TDM_NOT_FOUND && mode == TDM_KV_READ_ONLY)
        return tdm_fail(err, code, 0, "%.120s holds no Tandem store", folder);
    return code;
}

void tdm_ledger_close(tdm_ledger **ledger)
{
    if (ledger == NULL || *ledger == NULL)
        return;
    tdm_kv_close(&(*ledger)->kv);
    free(*ledger);
    *ledger = NULL;
}

tdm_kv *tdm_ledger_kv(tdm_ledger *ledger)
{
    return ledger->kv;
}

const tdm_id *tdm_ledger_store_id(const tdm_ledger *ledger)
{
    return &ledger->store_id;
}

/* ---- checked look-ups -------------------------------------------------------------------------- */

tdm_code tdm_ledger_row_is_damaged(tdm_err *err, const char *table, const tdm_id *origin,
                                   uint64_t incarnation, uint64_t sequence)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, origin->bytes, TDM_ID_BYTES);
    return tdm_fail(err, TDM_CORRUPT, 0, "damaged row in %s: origin %s incarnation %016llx sequence %llu",
                    table, hex, (unsigned long long)incarnation, (unsigned long long)sequence);
}

tdm_code tdm_ledger_get_tip(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, tdm_tip *out,
                            tdm_err *err)
{
    *out = (tdm_tip){ .origin = *origin, .incarnation = incarnation };
    row_key key = tdm_key_of_chain(origin, incarnation);
    tdm_span row;
    tdm_code code = tdm_kv_get(txn, TABLE_TIPS, key_span(&key), &row, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, code, 0, "nothing is held of incarnation %016llx",
                        (unsigned long long)incarnation);
    if (code != TDM_OK)
        return code;
    if (!tdm_row_is_sound(key_span(&key), row, TIP_ROW_BYTES) || !tdm_tip_row_read(key_span(&key), row, out))
        return tdm_ledger_row_is_damaged(err, "tips", origin, incarnation, 0);
    return TDM_OK;
}

tdm_code tdm_ledger_get_last_position(tdm_kv_txn *txn, uint64_t *out, tdm_err *err)
{
    *out = 0;
    tdm_kv_cursor *cursor = NULL;
    tdm_code code = tdm_kv_cursor_open(txn, TABLE_EVENTS, &cursor, err);
    if (code != TDM_OK)
        return code;
    tdm_span key, row;
    code = tdm_kv_cursor_previous(cursor, &key, &row);
    tdm_kv_cursor_close(&cursor);
    if (code == TDM_END)
        return TDM_OK;
    if (code != TDM_OK)
        return tdm_kv_failed(txn, err);
    if (key.len != POSITION_KEY_BYTES)
        return tdm_fail(err, TDM_CORRUPT, 0, "a key of %zu bytes in events", key.len);
    *out = tdm_read_u64(key.data);
    return TDM_OK;
}

static tdm_code read_run(tdm_span key, tdm_span row, run_row *out, tdm_err *err)
{
    if (tdm_row_is_sound(key, row, RUN_ROW_BYTES) && tdm_run_row_read(key, row, out))
        return TDM_OK;
    tdm_id origin = { { 0 } };
    uint64_t incarnation = 0, last = 0;
    tdm_key_split(key, &origin, &incarnation, &last);
    return tdm_ledger_row_is_damaged(err, "runs", &origin, incarnation, last);
}

tdm_code tdm_ledger_get_run(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                            run_row *out, tdm_err *err)
{
    row_key key = tdm_key_of_sequence(origin, incarnation, last);
    tdm_span row;
    tdm_code code = tdm_kv_get(txn, TABLE_RUNS, key_span(&key), &row, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, code, 0, "no run of incarnation %016llx ends at %llu",
                        (unsigned long long)incarnation, (unsigned long long)last);
    return code == TDM_OK ? read_run(key_span(&key), row, out, err) : code;
}

tdm_code tdm_ledger_read_event(tdm_span key, tdm_span row, uint64_t position, tdm_ledger_entry *out,
                               tdm_err *err)
{
    if (key.len != POSITION_KEY_BYTES || tdm_read_u64(key.data) != position)
        return tdm_fail(err, TDM_CORRUPT, 0, "position %llu is missing", (unsigned long long)position);
    if (!tdm_row_is_sound(key, row, EVENT_HEAD_BYTES) || !tdm_event_row_read(row, out))
        return tdm_fail(err, TDM_CORRUPT, 0, "the record at position %llu is damaged",
                        (unsigned long long)position);
    out->position = position;
    return TDM_OK;
}

tdm_code tdm_ledger_get_event(tdm_kv_txn *txn, uint64_t position, tdm_ledger_entry *out, tdm_err *err)
{
    row_key key = tdm_key_of_position(position);
    tdm_span row;
    tdm_code code = tdm_kv_get(txn, TABLE_EVENTS, key_span(&key), &row, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, code, 0, "nothing at position %llu", (unsigned long long)position);
    return code == TDM_OK ? tdm_ledger_read_event(key_span(&key), row, position, out, err) : code;
}

static tdm_code run_has_no_event(uint64_t position, tdm_err *err)
{
    return tdm_fail(err, TDM_CORRUPT, 0, "a run tells of position %llu, where nothing is",
                    (unsigned long long)position);
}

tdm_code tdm_ledger_get_event_of_run(tdm_kv_txn *txn, const run_row *run, uint64_t sequence,
                                     tdm_ledger_entry *out, tdm_err *err)
{
    uint64_t position = run->position + (sequence - run->run.first);
    tdm_code code = tdm_ledger_get_event(txn, position, out, err);
    return code == TDM_NOT_FOUND ? run_has_no_event(position, err) : code;
}

tdm_code tdm_ledger_step_event_of_run(tdm_kv_cursor *events, const run_row *run, uint64_t sequence,
                                      tdm_ledger_entry *out, tdm_err *err)
{
    uint64_t position = run->position + (sequence - run->run.first);
    row_key from = tdm_key_of_position(position);
    tdm_span key, row;
    tdm_code code = sequence == run->run.first ? tdm_kv_cursor_seek(events, key_span(&from), &key, &row)
                                               : tdm_kv_cursor_next(events, &key, &row);
    if (code == TDM_END)
        return run_has_no_event(position, err);
    return code == TDM_OK ? tdm_ledger_read_event(key, row, position, out, err)
                          : tdm_kv_failed(events->txn, err);
}

tdm_code tdm_ledger_get_notice(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                               notice_row *out, tdm_err *err)
{
    row_key key = tdm_key_of_sequence(origin, incarnation, sequence);
    tdm_span row;
    tdm_code code = tdm_kv_get(txn, TABLE_NOTICES, key_span(&key), &row, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, code, 0, "sequence %llu of incarnation %016llx is not held",
                        (unsigned long long)sequence, (unsigned long long)incarnation);
    if (code != TDM_OK)
        return code;
    if (!tdm_row_is_sound(key_span(&key), row, NOTICE_HEAD_BYTES) || !tdm_notice_row_read(row, out))
        return tdm_ledger_row_is_damaged(err, "notices", origin, incarnation, sequence);
    return TDM_OK;
}

/* ---- cursors ----------------------------------------------------------------------------------- */

static tdm_code found_run(tdm_kv_cursor *cursor, tdm_code code, tdm_span key, tdm_span row,
                          const tdm_id *origin, uint64_t incarnation, run_row *out, tdm_err *err)
{
    uint64_t last;
    if (code == TDM_OK && !tdm_key_in_chain(key, origin, incarnation, &last))
        return TDM_END;
    if (code == TDM_OK)
        return read_run(key, row, out, err);
    return code == TDM_END ? code : tdm_kv_failed(cursor->txn, err);
}

tdm_code tdm_ledger_seek_run(tdm_kv_cursor *cursor, const tdm_id *origin, uint64_t incarnation,
                             uint64_t sequence, run_row *out, tdm_err *err)
{
    row_key from = tdm_key_of_sequence(origin, incarnation, sequence);
    tdm_span key, row;
    tdm_code code = tdm_kv_cursor_seek(cursor, key_span(&from), &key, &row);
    return found_run(cursor, code, key, row, origin, incarnation, out, err);
}

tdm_code tdm_ledger_next_run(tdm_kv_cursor *cursor, const tdm_id *origin, uint64_t incarnation, run_row *out,
                             tdm_err *err)
{
    tdm_span key, row;
    tdm_code code = tdm_kv_cursor_next(cursor, &key, &row);
    return found_run(cursor, code, key, row, origin, incarnation, out, err);
}

tdm_code tdm_ledger_seek_seal(tdm_kv_cursor *cursor, const tdm_id *origin, uint64_t incarnation,
                              uint64_t sequence, tdm_seal *out, tdm_err *err)
{
    row_key from = tdm_key_of_sequence(origin, incarnation, sequence);
    tdm_span key, row;
    uint64_t last;
    tdm_code code = tdm_kv_cursor_seek(cursor, key_span(&from), &key, &row);
    if (code == TDM_OK && !tdm_key_in_chain(key, origin, incarnation, &last))
        return TDM_END;
    if (code == TDM_OK && (!tdm_row_is_sound(key, row, SEAL_ROW_BYTES) || !tdm_seal_row_read(key, row, out)))
        return tdm_ledger_row_is_damaged(err, "seals", origin, incarnation, last);
    return code == TDM_OK || code == TDM_END ? code : tdm_kv_failed(cursor->txn, err);
}

tdm_code tdm_ledger_find_run(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                             run_row *out, tdm_err *err)
{
    tdm_kv_cursor *cursor = NULL;
    tdm_code code = tdm_kv_cursor_open(txn, TABLE_RUNS, &cursor, err);
    if (code != TDM_OK)
        return code;
    code = tdm_ledger_seek_run(cursor, origin, incarnation, sequence, out, err);
    tdm_kv_cursor_close(&cursor);
    if (code == TDM_END || (code == TDM_OK && out->run.first > sequence))
        return tdm_fail(err, TDM_NOT_FOUND, 0, "no run of incarnation %016llx holds %llu",
                        (unsigned long long)incarnation, (unsigned long long)sequence);
    return code;
}

/* ---- tips -------------------------------------------------------------------------------------- */

tdm_code tdm_ledger_tip(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation, tdm_tip *out,
                        tdm_err *err)
{
    *out = (tdm_tip){ .origin = *origin, .incarnation = incarnation };
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    code = tdm_ledger_get_tip(txn, origin, incarnation, out, err);
    tdm_kv_abort(&txn);
    return code;
}

static tdm_code collect_tip(void *context, tdm_span key, tdm_span row, tdm_err *err)
{
    tdm_buf *tips = context;
    tdm_tip tip = { 0 };
    if (!tdm_row_is_sound(key, row, TIP_ROW_BYTES) || !tdm_tip_row_read(key, row, &tip)) {
        tdm_key_split(key, &tip.origin, &tip.incarnation, &tip.last);
        return tdm_ledger_row_is_damaged(err, "tips", &tip.origin, tip.incarnation, 0);
    }
    tdm_buf_add(tips, &tip, sizeof tip);
    return tips->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the tips") : TDM_OK;
}

tdm_code tdm_ledger_tips(tdm_ledger *ledger, tdm_tip **out, size_t *count, tdm_err *err)
{
    *out = NULL;
    *count = 0;
    tdm_kv_txn *txn = NULL;
    tdm_buf tips = { 0 };
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_kv_each(txn, TABLE_TIPS, (tdm_span){ NULL, 0 }, collect_tip, &tips, err);
    tdm_kv_abort(&txn);
    if (code != TDM_OK) {
        tdm_buf_free(&tips);
        return code;
    }
    *out = (tdm_tip *)tips.data;
    *count = tips.len / sizeof **out;
    return TDM_OK;
}

tdm_code tdm_ledger_last_position(tdm_ledger *ledger, uint64_t *out, tdm_err *err)
{
    *out = 0;
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    code = tdm_ledger_get_last_position(txn, out, err);
    tdm_kv_abort(&txn);
    return code;
}
