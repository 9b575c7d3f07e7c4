/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_local.c: what lies in the ledger's environment beside the log: local state and what was set aside.
 */
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

#define LOCAL_NAME_MAX 200
#define ASIDE_ROWS_MAX 1000
#define ASIDE_REASON_MAX 200

/* ---- local state ------------------------------------------------------------------------------- */

tdm_code tdm_ledger_local_put(tdm_ledger_txn *txn, tdm_span name, tdm_span value)
{
    if (name.len < 1 || name.len > LOCAL_NAME_MAX)
        return TDM_INVALID;
    if (value.len == 0)
        return tdm_kv_del(txn->kv, TABLE_LOCAL, name);
    uint8_t *row = tdm_kv_reserve(txn->kv, TABLE_LOCAL, name, CHECKSUM_BYTES + value.len, false);
    if (row == NULL)
        return tdm_kv_failure(txn->kv)->code;
    memcpy(row + CHECKSUM_BYTES, value.data, value.len);
    tdm_row_seal(name, row, CHECKSUM_BYTES + value.len);
    return TDM_OK;
}

static tdm_code local_value(tdm_span name, tdm_span row, tdm_span *value, tdm_err *err)
{
    if (!tdm_row_is_sound(name, row, CHECKSUM_BYTES))
        return tdm_fail(err, TDM_CORRUPT, 0, "the local record %.*s is damaged", (int)name.len,
                        (const char *)name.data);
    *value = (tdm_span){ row.data + CHECKSUM_BYTES, row.len - CHECKSUM_BYTES };
    return TDM_OK;
}

static tdm_code copy_local(tdm_kv_txn *txn, tdm_span name, tdm_buf *out, tdm_err *err)
{
    tdm_span row, value = { NULL, 0 };
    tdm_code code = tdm_kv_get(txn, TABLE_LOCAL, name, &row, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, code, 0, "there is no local record %.*s", (int)name.len,
                        (const char *)name.data);
    if (code == TDM_OK)
        code = local_value(name, row, &value, err);
    if (code != TDM_OK)
        return code;
    tdm_buf_add(out, value.data, value.len);
    return out->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a local record") : TDM_OK;
}

tdm_code tdm_ledger_local_get(tdm_ledger *ledger, tdm_span name, tdm_buf *out, tdm_err *err)
{
    if (name.len < 1 || name.len > LOCAL_NAME_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "a local name of %zu bytes", name.len);
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    code = copy_local(txn, name, out, err);
    tdm_kv_abort(&txn);
    return code;
}

typedef struct local_call {
    tdm_ledger_local_visit *visit;
    void *context;
} local_call;

static tdm_code visit_local(void *context, tdm_span name, tdm_span row, tdm_err *err)
{
    const local_call *call = context;
    tdm_span value;
    tdm_code code = local_value(name, row, &value, err);
    return code == TDM_OK ? call->visit(call->context, name, value, err) : code;
}

tdm_code tdm_ledger_local_each(tdm_ledger *ledger, tdm_span prefix, tdm_ledger_local_visit *visit,
                               void *context, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    local_call call = { visit, context };
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_kv_each(txn, TABLE_LOCAL, prefix, visit_local, &call, err);
    tdm_kv_abort(&txn);
    return code == TDM_END ? TDM_OK : code;
}

/* ---- set aside --------------------------------------------------------------------------------- */

static tdm_code get_aside_count(tdm_kv_txn *txn, const tdm_id *origin, uint64_t *out, tdm_err *err)
{
    row_key key = tdm_key_of_aside(origin, 0);
    tdm_span row;
    *out = 0;
    tdm_code code = tdm_kv_get(txn, TABLE_ASIDE, key_span(&key), &row, err);
    if (code == TDM_NOT_FOUND)
        return TDM_OK;
    if (code != TDM_OK)
        return code;
    if (!tdm_row_is_sound(key_span(&key), row, ASIDE_COUNT_BYTES))
        return tdm_ledger_row_is_damaged(err, "aside", origin, 0, 0);
    *out = tdm_read_u64(row.data + CHECKSUM_BYTES);
    return TDM_OK;
}

static void put_aside_count(tdm_kv_txn *txn, const tdm_id *origin, uint64_t count)
{
    row_key key = tdm_key_of_aside(origin, 0);
    uint8_t row[ASIDE_COUNT_BYTES];
    tdm_write_u64(row + CHECKSUM_BYTES, count);
    tdm_row_seal(key_span(&key), row, sizeof row);
    tdm_kv_put(txn, TABLE_ASIDE, key_span(&key), (tdm_span){ row, sizeof row });
}

static void put_aside(tdm_kv_txn *txn, const tdm_id *origin, uint64_t number, const char *reason,
                      tdm_span bytes, int64_t received_ms)
{
    row_key key = tdm_key_of_aside(origin, number);
    size_t reason_len = strnlen(reason, ASIDE_REASON_MAX);
    size_t bytes_len = bytes.len < TDM_RUN_BYTES_MAX ? bytes.len : TDM_RUN_BYTES_MAX;
    size_t len = ASIDE_HEAD_BYTES + reason_len + bytes_len;
    uint8_t *row = tdm_kv_reserve(txn, TABLE_ASIDE, key_span(&key), len, false);
    if (row == NULL)
        return;
    tdm_write_u64(row + CHECKSUM_BYTES, (uint64_t)received_ms);
    row[12] = (uint8_t)reason_len;
    memcpy(row + ASIDE_HEAD_BYTES, reason, reason_len);
    if (bytes_len > 0)
        memcpy(row + ASIDE_HEAD_BYTES + reason_len, bytes.data, bytes_len);
    tdm_row_seal(key_span(&key), row, len);
}

tdm_code tdm_ledger_set_aside(tdm_ledger_txn *txn, const tdm_id *origin, const char *reason, tdm_span bytes,
                              int64_t received_ms, tdm_err *err)
{
    uint64_t count;
    tdm_code code = get_aside_count(txn->kv, origin, &count, err);
    if (code != TDM_OK)
        return code;
    count++;
    put_aside_count(txn->kv, origin, count);
    if (count <= ASIDE_ROWS_MAX)
        put_aside(txn->kv, origin, count, reason, bytes, received_ms);
    return tdm_kv_failure(txn->kv)->code == TDM_OK ? TDM_OK : tdm_kv_failed(txn->kv, err);
}

tdm_code tdm_ledger_aside_count(tdm_ledger *ledger, const tdm_id *origin, uint64_t *out, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    *out = 0;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    code = get_aside_count(txn, origin, out, err);
    tdm_kv_abort(&txn);
    return code;
}

typedef struct aside_call {
    tdm_ledger_aside_visit *visit;
    void *context;
} aside_call;

static tdm_code visit_aside(void *context, tdm_span key, tdm_span row, tdm_err *err)
{
    const aside_call *call = context;
    tdm_id origin = { { 0 } };
    uint64_t number = 0, none;
    bool sound = key.len == ASIDE_KEY_BYTES && tdm_key_split(key, &origin, &number, &none)
                 && tdm_row_is_sound(key, row, ASIDE_COUNT_BYTES);
    if (sound && number == 0)
        return TDM_OK;
    if (!sound || row.len < ASIDE_HEAD_BYTES || row.len - ASIDE_HEAD_BYTES < row.data[12])
        return tdm_ledger_row_is_damaged(err, "aside", &origin, 0, number);
    char reason[256];
    size_t reason_len = row.data[12];
    memcpy(reason, row.data + ASIDE_HEAD_BYTES, reason_len);
    reason[reason_len] = '\0';
    tdm_span bytes = { row.data + ASIDE_HEAD_BYTES + reason_len, row.len - ASIDE_HEAD_BYTES - reason_len };
    return call->visit(call->context, &origin, reason, bytes,
                       (int64_t)tdm_read_u64(row.data + CHECKSUM_BYTES), err);
}

tdm_code tdm_ledger_each_aside(tdm_ledger *ledger, tdm_ledger_aside_visit *visit, void *context, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    aside_call call = { visit, context };
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_kv_each(txn, TABLE_ASIDE, (tdm_span){ NULL, 0 }, visit_aside, &call, err);
    tdm_kv_abort(&txn);
    return code == TDM_END ? TDM_OK : code;
}
