/* SPDX-License-Identifier: MPL-2.0
 *
 * private_erase.c: erasing a person, and the residuals that are kept of the erased.
 */
#include "private_inner.h"

#include <stdlib.h>
#include <string.h>

/* ---- residuals --------------------------------------------------------------------------------- */

tdm_code tdm_private_check_pairs(const tdm_private_pair *pairs, size_t count, tdm_err *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].key.len < 1 || pairs[i].key.len > TDM_PRIVATE_RESIDUAL_KEY_MAX)
            return tdm_fail(err, TDM_INVALID, 0, "residual %zu has a key of %zu bytes, not 1 to %d", i,
                            pairs[i].key.len, TDM_PRIVATE_RESIDUAL_KEY_MAX);
        if (pairs[i].value.len > TDM_PRIVATE_PAYLOAD_MAX)
            return tdm_fail(err, TDM_INVALID, 0, "residual %zu has %zu bytes; at most %d", i,
                            pairs[i].value.len, TDM_PRIVATE_PAYLOAD_MAX);
        bytes += pairs[i].key.len + pairs[i].value.len;
        if (bytes > TDM_PRIVATE_BATCH_BYTES_MAX)
            return tdm_fail(err, TDM_INVALID, 0, "more than %d bytes of residuals at once",
                            TDM_PRIVATE_BATCH_BYTES_MAX);
    }
    return TDM_OK;
}

void tdm_private_put_pairs(tdm_kv_txn *txn, const tdm_private_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].value.len == 0) {
            tdm_kv_del(txn, PRIVATE_RESIDUALS, pairs[i].key);
            continue;
        }
        size_t len = CHECKSUM_BYTES + pairs[i].value.len;
        uint8_t *row = tdm_kv_reserve(txn, PRIVATE_RESIDUALS, pairs[i].key, len, false);
        if (row == NULL)
            return;
        memcpy(row + CHECKSUM_BYTES, pairs[i].value.data, pairs[i].value.len);
        tdm_row_seal(pairs[i].key, row, len);
    }
}

tdm_code tdm_private_residuals_put(tdm_private *log, const tdm_private_pair *residuals, size_t count,
                                   tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_private_check_pairs(residuals, count, err);
    if (code == TDM_OK)
        code = tdm_kv_begin(log->kv, TDM_KV_READ_WRITE, &txn, err);
    if (code != TDM_OK)
        return code;
    tdm_private_put_pairs(txn, residuals, count);
    return tdm_kv_commit(&txn, err);
}

/* ---- erasing ----------------------------------------------------------------------------------- */

typedef struct deletion {
    tdm_kv_txn *txn;
    size_t table;
} deletion;

/* A failure is the transaction's. */
static tdm_code del_entry(void *context, tdm_span key, tdm_span row, tdm_err *err)
{
    const deletion *d = context;
    uint8_t bytes[TDM_KV_KEY_MAX]; /* a key that was lent ends with the next write */
    (void)row, (void)err;
    memcpy(bytes, key.data, key.len);
    tdm_kv_del(d->txn, d->table, (tdm_span){ bytes, key.len });
    return TDM_OK;
}

/* Every entry of a table whose key begins with the person id. */
static tdm_code del_entries(tdm_kv_txn *txn, size_t table, const tdm_id *id, tdm_err *err)
{
    deletion d = { txn, table };
    row_key of_person = tdm_key_of_person(id);
    return tdm_kv_each(txn, table, key_span(&of_person), del_entry, &d, err);
}

/* Nobody is there by this key: was somebody? */
static tdm_code tell_absent(tdm_kv_txn *txn, const tdm_id *id, tdm_err *err)
{
    uint32_t generation;
    tdm_code code = tdm_private_last_erased(txn, id, &generation, err);
    if (code != TDM_OK)
        return code;
    return generation > 0 ? tdm_fail(err, TDM_EXISTS, 0, "the person was erased before")
                          : tdm_fail(err, TDM_NOT_FOUND, 0, "the private log has nobody by this person key");
}

static tdm_code destroy(tdm_kv_txn *txn, const private_person *person, int64_t erased_ms, tdm_err *err)
{
    uint8_t row[ERASED_ROW_BYTES];
    row_key mark = tdm_key_of_erased(&person->id, person->row.generation);
    row_key key = tdm_key_of_person(&person->id);
    tdm_erased_row_write(row, key_span(&mark), erased_ms, person->row.rows);
    tdm_kv_put(txn, PRIVATE_ERASED, key_span(&mark), (tdm_span){ row, sizeof row });
    tdm_kv_del(txn, PRIVATE_PEOPLE, key_span(&key));
    tdm_code code = del_entries(txn, PRIVATE_IDS, &person->id, err);
    return code == TDM_OK ? del_entries(txn, PRIVATE_INDEX, &person->id, err) : code;
}

/* Needs no key of the person: one whose key does not open can be erased, too. */
static tdm_code erase_within(tdm_kv_txn *txn, private_person *person, int64_t erased_ms, tdm_err *err)
{
    tdm_private_tip tip;
    tdm_code code = tdm_private_get_tip(txn, &tip, err);
    if (code == TDM_OK)
        code = tdm_private_get_person(txn, person, err);
    if (code == TDM_NOT_FOUND)
        return tell_absent(txn, &person->id, err);
    if (code == TDM_OK)
        code = destroy(txn, person, erased_ms, err);
    if (code != TDM_OK)
        return code;
    tip.people--;
    tip.erased++;
    tdm_private_put_tip(txn, &tip);
    return TDM_OK;
}

tdm_code tdm_private_erase(tdm_private *log, tdm_span person, int64_t erased_ms,
                           const tdm_private_pair *residuals, size_t count, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_private_check_person(person, err);
    if (code == TDM_OK)
        code = tdm_private_check_pairs(residuals, count, err);
    if (code != TDM_OK)
        return code;
    private_person *who = tdm_secret_new(sizeof *who);
    if (who == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory for a person");
    tdm_keys_person_id(log->keys, person, &who->id);
    code = tdm_kv_begin(log->kv, TDM_KV_READ_WRITE, &txn, err);
    if (code == TDM_OK)
        code = erase_within(txn, who, erased_ms, err);
    tdm_secret_free(who);
    if (code != TDM_OK) {
        tdm_kv_abort(&txn);
        return code;
    }
    tdm_private_put_pairs(txn, residuals, count);
    return tdm_kv_commit(&txn, err);
}
