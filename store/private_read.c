/* SPDX-License-Identifier: MPL-2.0
 *
 * private_read.c: people, their rows in force, and residuals.
 */
#include "private_inner.h"

#include <stdlib.h>

/* Lives in memory of tdm_secret_new. */
typedef struct reading {
    tdm_private *log;
    tdm_kv_txn *txn;
    private_person person;
    uint8_t plain[RECORD_PLAIN_MAX];
} reading;

static tdm_code reading_new(reading **out, tdm_private *log, tdm_err *err)
{
    *out = tdm_secret_new(sizeof **out);
    if (*out == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory for reading");
    (*out)->log = log;
    return TDM_OK;
}

/* A visit that says TDM_END has had enough, which is no failure. */
static tdm_code ended(tdm_code code)
{
    return code == TDM_END ? TDM_OK : code;
}

/* ---- rows -------------------------------------------------------------------------------------- */

typedef struct row_call {
    reading *r;
    tdm_private_row_visit *visit;
    void *context;
} row_call;

static tdm_code visit_row(const row_call *call, uint64_t sequence, tdm_err *err)
{
    reading *r = call->r;
    row_key key = tdm_key_of_position(sequence);
    tdm_span record;
    record_head head;
    tdm_private_entry entry;
    tdm_code code = tdm_kv_get(r->txn, PRIVATE_ROWS, key_span(&key), &record, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    if (code == TDM_NOT_FOUND || !tdm_row_is_sound(key_span(&key), record, RECORD_HEAD_BYTES)
        || !tdm_record_head_read(record, &head) || !tdm_id_equal(&head.person, &r->person.id)
        || head.generation != r->person.row.generation
        || !tdm_record_open(record, &head, sequence, &r->person, r->plain, &entry))
        return tdm_fail(err, TDM_CORRUPT, 0, "row %llu of the private log is damaged",
                        (unsigned long long)sequence);
    return call->visit(call->context, &entry, err);
}

static tdm_code visit_index(void *context, tdm_span key, tdm_span row, tdm_err *err)
{
    const row_call *call = context;
    if (key.len != INDEX_KEY_BYTES || !tdm_row_is_sound(key, row, CHECKSUM_BYTES))
        return tdm_private_damaged(err, "index", &call->r->person.id);
    return visit_row(call, tdm_read_u64(key.data + PERSON_KEY_BYTES), err);
}

/* TDM_END: the visit has had enough. */
static tdm_code visit_rows(row_call *call, tdm_err *err)
{
    row_key of_person = tdm_key_of_person(&call->r->person.id);
    return tdm_kv_each(call->r->txn, PRIVATE_INDEX, key_span(&of_person), visit_index, call, err);
}

tdm_code tdm_private_each_row(tdm_private *log, tdm_span person, tdm_private_row_visit *visit, void *context,
                              tdm_err *err)
{
    reading *r = NULL;
    tdm_code code = tdm_private_check_person(person, err);
    if (code == TDM_OK)
        code = reading_new(&r, log, err);
    if (code != TDM_OK)
        return code;
    tdm_keys_person_id(log->keys, person, &r->person.id);
    code = tdm_kv_begin(log->kv, TDM_KV_READ_ONLY, &r->txn, err);
    if (code == TDM_OK)
        code = tdm_private_open_person(log, r->txn, &r->person, err);
    if (code == TDM_OK)
        code = ended(visit_rows(&(row_call){ r, visit, context }, err));
    tdm_kv_abort(&r->txn);
    tdm_secret_free(r);
    return code;
}

tdm_code tdm_private_row_known(tdm_private *log, tdm_span person, const tdm_id *id, bool *known, tdm_err *err)
{
    private_person at = { 0 };
    tdm_kv_txn *txn = NULL;
    tdm_span row;
    tdm_code code = tdm_private_check_person(person, err);
    *known = false;
    if (code != TDM_OK)
        return code;
    tdm_keys_person_id(log->keys, person, &at.id);
    row_key key = tdm_key_of_row_id(&at.id, id);
    code = tdm_kv_begin(log->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_private_get_person(txn, &at, err);
    if (code == TDM_OK) {
        code = tdm_kv_get(txn, PRIVATE_IDS, key_span(&key), &row, err);
        *known = code == TDM_OK;
        code = code == TDM_NOT_FOUND ? TDM_OK : code;
    }
    tdm_kv_abort(&txn);
    return code;
}

/* ---- people ------------------------------------------------------------------------------------ */

/* Opens the person behind r->person, or the first one. TDM_END: no more. */
static tdm_code next_person(reading *r, bool first, tdm_err *err)
{
    tdm_kv_cursor *cursor = NULL;
    row_key after = tdm_key_of_person(&r->person.id);
    tdm_span key, row;
    tdm_code code = tdm_kv_cursor_open(r->txn, PRIVATE_PEOPLE, &cursor, err);
    if (code != TDM_OK)
        return code;
    code = first ? tdm_kv_cursor_next(cursor, &key, &row)
                 : tdm_kv_cursor_seek(cursor, key_span(&after), &key, &row);
    if (code == TDM_OK && !first && tdm_span_equal(key, key_span(&after)))
        code = tdm_kv_cursor_next(cursor, &key, &row);
    tdm_kv_cursor_close(&cursor);
    if (code == TDM_END)
        return code;
    if (code != TDM_OK)
        return tdm_kv_failed(r->txn, err);
    if (key.len != PERSON_KEY_BYTES)
        return tdm_fail(err, TDM_CORRUPT, 0, "a key of %zu bytes in people", key.len);
    for (size_t i = 0; i < TDM_ID_BYTES; i++)
        r->person.id.bytes[i] = key.data[i];
    return tdm_private_open_person(r->log, r->txn, &r->person, err);
}

typedef tdm_code person_step(reading *r, void *context, tdm_err *err);

/* One read transaction per person; within: ran inside of it, outside: after it. */
static tdm_code walk_people(tdm_private *log, person_step *within, person_step *outside, void *context,
                            tdm_err *err)
{
    reading *r = NULL;
    tdm_code code = reading_new(&r, log, err);
    for (bool first = true; code == TDM_OK; first = false) {
        code = tdm_kv_begin(log->kv, TDM_KV_READ_ONLY, &r->txn, err);
        if (code == TDM_OK)
            code = next_person(r, first, err);
        if (code == TDM_OK && within != NULL)
            code = within(r, context, err);
        tdm_kv_abort(&r->txn);
        if (code == TDM_OK && outside != NULL)
            code = outside(r, context, err);
    }
    tdm_secret_free(r);
    return ended(code);
}

typedef struct person_call {
    tdm_private_person_visit *visit;
    void *context;
} person_call;

static tdm_code call_person(reading *r, void *context, tdm_err *err)
{
    const person_call *call = context;
    tdm_private_person person = { r->person.id, tdm_person_name(&r->person), r->person.row.rows,
                                  r->person.row.in_force };
    return call->visit(call->context, &person, err);
}

tdm_code tdm_private_each_person(tdm_private *log, tdm_private_person_visit *visit, void *context,
                                 tdm_err *err)
{
    person_call call = { visit, context };
    return walk_people(log, NULL, call_person, &call, err);
}

static tdm_code call_rows(reading *r, void *context, tdm_err *err)
{
    row_call *call = context;
    call->r = r;
    return visit_rows(call, err);
}

tdm_code tdm_private_each_row_of_all(tdm_private *log, tdm_private_row_visit *visit, void *context,
                                     tdm_err *err)
{
    row_call call = { .visit = visit, .context = context };
    return walk_people(log, call_rows, NULL, &call, err);
}

/* ---- residuals --------------------------------------------------------------------------------- */

static tdm_code check_residual(tdm_span key, tdm_span row, tdm_span *value, tdm_err *err)
{
    if (!tdm_row_is_sound(key, row, CHECKSUM_BYTES))
        return tdm_fail(err, TDM_CORRUPT, 0, "a residual of the private log is damaged");
    *value = (tdm_span){ row.data + CHECKSUM_BYTES, row.len - CHECKSUM_BYTES };
    return TDM_OK;
}

tdm_code tdm_private_residual_get(tdm_private *log, tdm_span key, tdm_buf *out, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_span row, value = { NULL, 0 };
    tdm_code code = tdm_kv_begin(log->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_kv_get(txn, PRIVATE_RESIDUALS, key, &row, err);
    if (code == TDM_OK)
        code = check_residual(key, row, &value, err);
    if (code == TDM_OK)
        tdm_buf_add(out, value.data, value.len);
    tdm_kv_abort(&txn);
    return code == TDM_OK && out->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a residual") : code;
}

typedef struct residual_call {
    tdm_private_residual_visit *visit;
    void *context;
} residual_call;

static tdm_code visit_residual(void *context, tdm_span key, tdm_span row, tdm_err *err)
{
    const residual_call *call = context;
    tdm_span value;
    tdm_code code = check_residual(key, row, &value, err);
    return code == TDM_OK ? call->visit(call->context, key, value, err) : code;
}

tdm_code tdm_private_each_residual(tdm_private *log, tdm_private_residual_visit *visit, void *context,
                                   tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    residual_call call = { visit, context };
    tdm_code code = tdm_kv_begin(log->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_kv_each(txn, PRIVATE_RESIDUALS, (tdm_span){ NULL, 0 }, visit_residual, &call, err);
    tdm_kv_abort(&txn);
    return ended(code);
}
