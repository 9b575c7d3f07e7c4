/* SPDX-License-Identifier: MPL-2.0
 *
 * private_backup.c: the private log as one encrypted file.
 *
 * Entries go as they are, checksums included, but for the keys: what is sealed under the node secret is
 * opened here, so that it can be sealed under another one.
 */
#include "private_inner.h"
#include "private_item.h"

#include <string.h>

/* Lives in memory of tdm_secret_new. */
typedef struct backup {
    const tdm_private *log;
    tdm_kv_txn *txn;
    tdm_cipher_writer *to;
    uint64_t items;
    uint8_t table; /* that goes now */
    private_person person;
    uint8_t value[PERSON_ITEM_BYTES];
} backup;

static tdm_code put_item(backup *b, uint8_t table, tdm_span key, tdm_span value, tdm_err *err)
{
    uint8_t head[ITEM_HEAD_BYTES] = { table, (uint8_t)(key.len >> 8), (uint8_t)key.len };
    TDM_ASSERT(key.len <= ITEM_KEY_MAX);
    if (value.len > ITEM_VALUE_MAX)
        return tdm_fail(err, TDM_CORRUPT, 0, "a value of %zu bytes in table %d of the private log", value.len,
                        table);
    tdm_write_u32(head + 3, (uint32_t)value.len);
    tdm_code code = tdm_cipher_write(b->to, head, sizeof head, err);
    if (code == TDM_OK)
        code = tdm_cipher_write(b->to, key.data, key.len, err);
    if (code == TDM_OK)
        code = tdm_cipher_write(b->to, value.data, value.len, err);
    b->items++;
    return code;
}

static tdm_code put_meta(backup *b, tdm_err *err)
{
    tdm_write_u64(b->value, TDM_PRIVATE_FORMAT);
    memcpy(b->value + 8, b->log->keys->name, DATA_KEY_BYTES);
    return put_item(b, PRIVATE_META, TDM_PRIVATE_META_KEY, (tdm_span){ b->value, META_ITEM_BYTES }, err);
}

static tdm_code put_person(backup *b, tdm_span key, tdm_span row, tdm_err *err)
{
    private_person *person = &b->person;
    memset(&person->id, 0, sizeof person->id);
    if (key.len == PERSON_KEY_BYTES)
        memcpy(person->id.bytes, key.data, TDM_ID_BYTES);
    if (!tdm_person_row_read(key, row, &person->row) || !tdm_person_open(b->log->keys, person))
        return tdm_private_damaged(err, "people", &person->id);
    tdm_write_u32(b->value, person->row.generation);
    tdm_write_u64(b->value + 4, person->row.rows);
    tdm_write_u64(b->value + 12, person->row.in_force);
    memcpy(b->value + 20, person->plain, sizeof person->plain);
    return put_item(b, PRIVATE_PEOPLE, key, (tdm_span){ b->value, PERSON_ITEM_BYTES }, err);
}

static tdm_code put_entry(void *context, tdm_span key, tdm_span row, tdm_err *err)
{
    backup *b = context;
    if (b->table == PRIVATE_META && tdm_span_equal(key, TDM_PRIVATE_META_KEY))
        return put_meta(b, err);
    if (b->table == PRIVATE_PEOPLE)
        return put_person(b, key, row, err);
    if (!tdm_row_is_sound(key, row, CHECKSUM_BYTES))
        return tdm_fail(err, TDM_CORRUPT, 0, "a row in %s of the private log is damaged; verify it",
                        TDM_PRIVATE_TABLES[b->table]);
    return put_item(b, b->table, key, row, err);
}

static tdm_code put_end(backup *b, tdm_err *err)
{
    uint8_t count[8];
    tdm_write_u64(count, b->items);
    return put_item(b, ITEM_END, (tdm_span){ NULL, 0 }, (tdm_span){ count, sizeof count }, err);
}

static tdm_code write_backup(backup *b, const char *file, const tdm_cipher_lock *lock, tdm_err *err)
{
    tdm_code code = tdm_cipher_create(&b->to, TDM_CIPHER_PRIVATE, file, lock, err);
    if (code == TDM_OK)
        code = tdm_kv_begin(b->log->kv, TDM_KV_READ_ONLY, &b->txn, err);
    for (b->table = 0; code == TDM_OK && b->table < PRIVATE_TABLES; b->table++)
        code = tdm_kv_each(b->txn, b->table, (tdm_span){ NULL, 0 }, put_entry, b, err);
    tdm_kv_abort(&b->txn);
    if (code == TDM_OK)
        code = put_end(b, err);
    if (code == TDM_OK)
        return tdm_cipher_finish(&b->to, err);
    tdm_cipher_discard(&b->to);
    return code;
}

tdm_code tdm_private_backup(tdm_private *log, const char *file, const tdm_cipher_lock *lock, tdm_err *err)
{
    backup *b = tdm_secret_new(sizeof *b);
    if (b == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory for a backup");
    b->log = log;
    tdm_code code = write_backup(b, file, lock, err);
    tdm_secret_free(b);
    return code;
}
