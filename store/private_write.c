/* SPDX-License-Identifier: MPL-2.0
 *
 * private_write.c: appending rows, in one transaction of one writer.
 *
 * The shape of all rows is checked before the transaction begins; what depends on the rows before is checked
 * as they come, and a failure drops the transaction.
 */
#include "private_inner.h"

/* Lives in memory of tdm_secret_new: it holds keys and plain payloads. */
typedef struct batch {
    const tdm_private *log;
    tdm_kv_txn *txn;
    tdm_private_tip tip;
    private_person person; /* whose rows come at present */
    bool has_person;
    bool is_new; /* not in the people table yet */
    size_t added;
    uint8_t plain[RECORD_PLAIN_MAX];
    uint8_t record[RECORD_MAX];
} batch;

/* ---- bounds ------------------------------------------------------------------------------------ */

static tdm_code check_row(const tdm_private_row *row, size_t number, tdm_err *err)
{
    tdm_code code = tdm_private_check_person(row->person, err);
    if (code != TDM_OK)
        return code;
    if ((unsigned)row->change > TDM_PRIVATE_VOID || tdm_id_is_zero(&row->id))
        return tdm_fail(err, TDM_INVALID, 0, "row %zu lacks an id or changes nothing known", number);
    if (row->payload.len > (row->change == TDM_PRIVATE_VOID ? 0 : TDM_PRIVATE_PAYLOAD_MAX))
        return tdm_fail(err, TDM_INVALID, 0, "row %zu has %zu bytes of payload; at most %d, a void none",
                        number, row->payload.len, TDM_PRIVATE_PAYLOAD_MAX);
    if (row->change != TDM_PRIVATE_NEW && tdm_id_equal(&row->id, &row->of))
        return tdm_fail(err, TDM_INVALID, 0, "row %zu amends or voids itself", number);
    return TDM_OK;
}

static tdm_code check_rows(const tdm_private_row *rows, size_t count, tdm_err *err)
{
    size_t bytes = 0;
    if (count < 1 || count > TDM_PRIVATE_BATCH_ROWS_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "%zu rows at once, not 1 to %d", count,
                        TDM_PRIVATE_BATCH_ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        tdm_code code = check_row(&rows[i], i, err);
        if (code != TDM_OK)
            return code;
        bytes += rows[i].payload.len;
    }
    if (bytes > TDM_PRIVATE_BATCH_BYTES_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "%zu bytes of payload at once; at most %d", bytes,
                        TDM_PRIVATE_BATCH_BYTES_MAX);
    return TDM_OK;
}

/* ---- the person -------------------------------------------------------------------------------- */

static void put_person(batch *b)
{
    uint8_t row[PERSON_ROW_BYTES];
    row_key key = tdm_key_of_person(&b->person.id);
    tdm_person_row_write(row, key_span(&key), &b->person.row);
    tdm_kv_put(b->txn, PRIVATE_PEOPLE, key_span(&key), (tdm_span){ row, sizeof row });
}

/* A person is begun with the first row: one whose rows were all refused is never put. */
static void leave_person(batch *b)
{
    if (b->has_person && b->person.row.rows > 0)
        put_person(b);
    b->has_person = false;
}

static tdm_code begin_person(batch *b, tdm_span name, tdm_err *err)
{
    uint32_t generation;
    tdm_code code = tdm_private_last_erased(b->txn, &b->person.id, &generation, err);
    if (code != TDM_OK)
        return code;
    b->person.row = (person_row){ .generation = generation + 1 };
    tdm_person_begin(b->log->keys, &b->person, name);
    return TDM_OK;
}

static tdm_code enter_person(batch *b, tdm_span name, tdm_err *err)
{
    if (b->has_person && tdm_span_equal(name, tdm_person_name(&b->person)))
        return TDM_OK;
    leave_person(b);
    tdm_keys_person_id(b->log->keys, name, &b->person.id);
    tdm_code code = tdm_private_open_person(b->log, b->txn, &b->person, err);
    b->is_new = code == TDM_NOT_FOUND;
    if (b->is_new)
        code = begin_person(b, name, err);
    b->has_person = code == TDM_OK;
    return code;
}

/* ---- the row ----------------------------------------------------------------------------------- */

static tdm_code get_id(batch *b, const tdm_id *id, id_row *out, tdm_err *err)
{
    row_key key = tdm_key_of_row_id(&b->person.id, id);
    tdm_span row;
    tdm_code code = tdm_kv_get(b->txn, PRIVATE_IDS, key_span(&key), &row, err);
    if (code == TDM_OK && !tdm_id_row_read(key_span(&key), row, out))
        return tdm_private_damaged(err, "ids", &b->person.id);
    return code;
}

static void put_id(batch *b, const tdm_id *id, const id_row *in)
{
    uint8_t row[ID_ROW_BYTES];
    row_key key = tdm_key_of_row_id(&b->person.id, id);
    tdm_id_row_write(row, key_span(&key), in);
    tdm_kv_put(b->txn, PRIVATE_IDS, key_span(&key), (tdm_span){ row, sizeof row });
}

/* The new row that an amendment or a void is about. */
static tdm_code find_target(batch *b, const tdm_private_row *row, id_row *target, tdm_err *err)
{
    tdm_span found;
    tdm_code code = get_id(b, &row->of, target, err);
    if (code == TDM_NOT_FOUND || (code == TDM_OK && target->last == 0))
        return tdm_fail(err, TDM_NOT_FOUND, 0, "the row to be amended or voided is no new row of the person");
    if (code != TDM_OK)
        return code;
    row_key key = tdm_key_of_index(&b->person.id, target->last);
    code = tdm_kv_get(b->txn, PRIVATE_INDEX, key_span(&key), &found, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, TDM_CONFLICT, 0, "the row to be amended or voided is void");
    if (code == TDM_OK && !tdm_row_is_sound(key_span(&key), found, CHECKSUM_BYTES))
        return tdm_private_damaged(err, "index", &b->person.id);
    return code;
}

/* What was in force under `of` makes way. */
static void replace(batch *b, const tdm_private_row *row, id_row *target, uint64_t sequence)
{
    row_key key = tdm_key_of_index(&b->person.id, target->last);
    tdm_kv_del(b->txn, PRIVATE_INDEX, key_span(&key));
    b->person.row.in_force--;
    target->last = sequence;
    put_id(b, &row->of, target);
}

static void put_in_force(batch *b, uint64_t sequence)
{
    uint8_t row[CHECKSUM_BYTES];
    row_key key = tdm_key_of_index(&b->person.id, sequence);
    tdm_row_seal(key_span(&key), row, sizeof row);
    tdm_kv_put(b->txn, PRIVATE_INDEX, key_span(&key), (tdm_span){ row, sizeof row });
    b->person.row.in_force++;
}

static void put_record(batch *b, const tdm_private_row *row, uint64_t sequence)
{
    row_key key = tdm_key_of_position(sequence);
    tdm_digest digest;
    size_t len = tdm_record_seal(b->record, sequence, &b->person, row, b->plain);
    tdm_span record = { b->record, len };
    tdm_row_seal(key_span(&key), b->record, len);
    tdm_kv_append(b->txn, PRIVATE_ROWS, key_span(&key), record);
    tdm_record_digest(record, &digest);
    tdm_run_head(&b->tip.head, &digest, &b->tip.head);
    b->tip.rows = sequence;
    b->tip.bytes += len;
    b->person.row.rows++;
}

static tdm_code add_row(batch *b, const tdm_private_row *row, tdm_err *err)
{
    id_row own, target;
    uint64_t sequence = b->tip.rows + 1;
    tdm_code code = enter_person(b, row->person, err);
    if (code != TDM_OK)
        return code;
    code = get_id(b, &row->id, &own, err);
    if (code != TDM_NOT_FOUND)
        return code; /* known already */
    code = row->change == TDM_PRIVATE_NEW ? TDM_OK : find_target(b, row, &target, err);
    if (code != TDM_OK)
        return code;
    put_record(b, row, sequence);
    if (row->change != TDM_PRIVATE_NEW)
        replace(b, row, &target, sequence);
    put_id(b, &row->id, &(id_row){ sequence, row->change == TDM_PRIVATE_NEW ? sequence : 0 });
    if (row->change != TDM_PRIVATE_VOID)
        put_in_force(b, sequence);
    b->tip.people += b->is_new;
    b->is_new = false;
    b->added++;
    return TDM_OK;
}

/* ---- the batch --------------------------------------------------------------------------------- */

static tdm_code add_rows(batch *b, const tdm_private_row *rows, size_t count, tdm_err *err)
{
    tdm_code code = tdm_private_get_tip(b->txn, &b->tip, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        code = add_row(b, &rows[i], err);
    if (code != TDM_OK)
        return code;
    leave_person(b);
    tdm_private_put_tip(b->txn, &b->tip);
    return TDM_OK;
}

static tdm_code run_batch(batch *b, const tdm_private_row *rows, size_t count, tdm_err *err)
{
    tdm_code code = tdm_kv_begin(b->log->kv, TDM_KV_READ_WRITE, &b->txn, err);
    if (code == TDM_OK)
        code = add_rows(b, rows, count, err);
    if (code == TDM_OK && b->added > 0)
        return tdm_kv_commit(&b->txn, err);
    tdm_kv_abort(&b->txn);
    return code;
}

tdm_code tdm_private_append(tdm_private *log, const tdm_private_row *rows, size_t count, size_t *added,
                            tdm_err *err)
{
    *added = 0;
    tdm_code code = check_rows(rows, count, err);
    if (code != TDM_OK)
        return code;
    batch *b = tdm_secret_new(sizeof *b);
    if (b == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory for rows");
    b->log = log;
    code = run_batch(b, rows, count, err);
    if (code == TDM_OK)
        *added = b->added;
    tdm_secret_free(b);
    return code;
}
