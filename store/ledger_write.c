/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_write.c: appending runs, seals and notices, in one transaction of one writer.
 *
 * Everything is judged before the first byte is written: a run that is refused leaves no trace, and the
 * transaction goes on.
 */
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

tdm_code tdm_ledger_begin(tdm_ledger *ledger, tdm_ledger_txn **out, tdm_err *err)
{
    *out = NULL;
    tdm_ledger_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a transaction");
    uint64_t last = 0;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_WRITE, &txn->kv, err);
    if (code == TDM_OK)
        code = tdm_ledger_get_last_position(txn->kv, &last, err);
    if (code != TDM_OK) {
        tdm_ledger_abort(&txn);
        return code;
    }
    txn->next_position = last + 1;
    *out = txn;
    return TDM_OK;
}

tdm_code tdm_ledger_commit(tdm_ledger_txn **txn, tdm_err *err)
{
    tdm_code code = tdm_kv_commit(&(*txn)->kv, err);
    free(*txn);
    *txn = NULL;
    return code;
}

void tdm_ledger_abort(tdm_ledger_txn **txn)
{
    if (txn == NULL || *txn == NULL)
        return;
    tdm_kv_abort(&(*txn)->kv);
    free(*txn);
    *txn = NULL;
}

tdm_code tdm_ledger_txn_tip(tdm_ledger_txn *txn, const tdm_id *origin, uint64_t incarnation, tdm_tip *out,
                            tdm_err *err)
{
    return tdm_ledger_get_tip(txn->kv, origin, incarnation, out, err);
}

/* The failure that makes the whole transaction fail, told at once. */
static tdm_code put_result(const tdm_ledger_txn *txn, tdm_err *err)
{
    return tdm_kv_failure(txn->kv)->code == TDM_OK ? TDM_OK : tdm_kv_failed(txn->kv, err);
}

/* ---- runs -------------------------------------------------------------------------------------- */

static tdm_code check_shape(const tdm_run *run, const tdm_span *events, tdm_err *err)
{
    if (run->first < 1 || run->last < run->first || run->last - run->first >= TDM_RUN_EVENTS_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "a run from %llu to %llu; at most %d events",
                        (unsigned long long)run->first, (unsigned long long)run->last, TDM_RUN_EVENTS_MAX);
    size_t count = (size_t)(run->last - run->first) + 1, bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (events[i].len < 1 || events[i].len > TDM_EVENT_MAX)
            return tdm_fail(err, TDM_INVALID, 0, "event %zu of the run has %zu bytes; at most %d", i,
                            events[i].len, TDM_EVENT_MAX);
        bytes += events[i].len;
    }
    if (bytes > TDM_RUN_BYTES_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "a run of %zu bytes; at most %d", bytes, TDM_RUN_BYTES_MAX);
    return TDM_OK;
}

/* A run that ends at or before the tip: the same one, or another history. */
static tdm_code check_covered(tdm_ledger_txn *txn, const tdm_tip *tip, const tdm_run *run, tdm_err *err)
{
    run_row held;
    tdm_code code = tdm_ledger_get_run(txn->kv, &tip->origin, tip->incarnation, run->last, &held, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    if (code == TDM_OK && held.run.first == run->first && tdm_digest_equal(&held.run.head, &run->head))
        return tdm_fail(err, TDM_EXISTS, 0, "run %llu to %llu is held already",
                        (unsigned long long)run->first, (unsigned long long)run->last);
    return tdm_fail(err, TDM_CONFLICT, 0, "run %llu to %llu is held with another head: a fork",
                    (unsigned long long)run->first, (unsigned long long)run->last);
}

static tdm_code check_follows(const tdm_tip *tip, const tdm_run *run, tdm_err *err)
{
    if (run->first > tip->last + 1)
        return tdm_fail(err, TDM_INVALID, 0, "a run from %llu does not follow the tip %llu: a gap",
                        (unsigned long long)run->first, (unsigned long long)tip->last);
    tdm_digest head;
    tdm_run_head(&tip->head, &run->root, &head);
    if (run->first == tip->last + 1 && tdm_digest_equal(&head, &run->head))
        return TDM_OK;
    return tdm_fail(err, TDM_CONFLICT, 0, "run %llu to %llu does not follow from the head at %llu: a fork",
                    (unsigned long long)run->first, (unsigned long long)run->last,
                    (unsigned long long)tip->last);
}

/* Notices that came before the whole log did: what they proved must be what the log says. */
static tdm_code check_notices(tdm_ledger_txn *txn, const tdm_tip *tip, const tdm_run *run,
                              const tdm_span *events, tdm_err *err)
{
    tdm_kv_cursor *cursor = NULL;
    tdm_code code = tdm_kv_cursor_open(txn->kv, TABLE_NOTICES, &cursor, err);
    if (code != TDM_OK)
        return code;
    row_key from = tdm_key_of_sequence(&tip->origin, tip->incarnation, run->first);
    tdm_span key, row;
    uint64_t sequence;
    code = tdm_kv_cursor_seek(cursor, key_span(&from), &key, &row);
    while (code == TDM_OK && tdm_key_in_chain(key, &tip->origin, tip->incarnation, &sequence)
           && sequence <= run->last) {
        notice_row held;
        tdm_digest digest;
        if (!tdm_row_is_sound(key, row, NOTICE_HEAD_BYTES) || !tdm_notice_row_read(row, &held)) {
            code = tdm_ledger_row_is_damaged(err, "notices", &tip->origin, tip->incarnation, sequence);
            break;
        }
        tdm_event_digest(events[sequence - run->first], &digest);
        if (!tdm_digest_equal(&digest, &held.digest)) {
            code = tdm_fail(err, TDM_CONFLICT, 0, "sequence %llu came before with another body: a fork",
                            (unsigned long long)sequence);
            break;
        }
        code = tdm_kv_cursor_next(cursor, &key, &row);
    }
    tdm_kv_cursor_close(&cursor);
    if (code != TDM_END && tdm_kv_failure(txn->kv)->code != TDM_OK)
        return tdm_kv_failed(txn->kv, err);
    return code == TDM_END ? TDM_OK : code;
}

static tdm_code check_run(tdm_ledger_txn *txn, tdm_tip *tip, const tdm_run *run, const tdm_span *events,
                          tdm_err *err)
{
    tdm_code code = check_shape(run, events, err);
    if (code != TDM_OK)
        return code;
    if (run->last <= tip->last)
        return check_covered(txn, tip, run, err);
    code = check_follows(tip, run, err);
    return code == TDM_OK ? check_notices(txn, tip, run, events, err) : code;
}

/* The hot path: each event is written once, straight into its page. */
static void write_events(tdm_ledger_txn *txn, const tdm_span *events, size_t count, int64_t received_ms)
{
    for (size_t i = 0; i < count; i++) {
        row_key key = tdm_key_of_position(txn->next_position);
        uint8_t *row =
            tdm_kv_reserve(txn->kv, TABLE_EVENTS, key_span(&key), EVENT_HEAD_BYTES + events[i].len, true);
        if (row == NULL)
            return;
        tdm_event_row_write(row, key_span(&key), 0, received_ms, events[i]);
        txn->next_position++;
    }
}

static void put_tip(tdm_ledger_txn *txn, const tdm_tip *tip)
{
    uint8_t row[TIP_ROW_BYTES];
    row_key key = tdm_key_of_chain(&tip->origin, tip->incarnation);
    tdm_tip_row_write(row, key_span(&key), tip);
    tdm_kv_put(txn->kv, TABLE_TIPS, key_span(&key), (tdm_span){ row, sizeof row });
}

tdm_code tdm_ledger_append_run(tdm_ledger_txn *txn, const tdm_id *origin, uint64_t incarnation,
                               const tdm_run *run, const tdm_span *events, int64_t received_ms, tdm_err *err)
{
    tdm_tip tip;
    tdm_code code = tdm_ledger_get_tip(txn->kv, origin, incarnation, &tip, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    code = check_run(txn, &tip, run, events, err);
    if (code != TDM_OK)
        return code;
    run_row stored = { *run, txn->next_position };
    write_events(txn, events, (size_t)(run->last - run->first) + 1, received_ms);
    uint8_t row[RUN_ROW_BYTES];
    row_key key = tdm_key_of_sequence(origin, incarnation, run->last);
    tdm_run_row_write(row, key_span(&key), &stored);
    tdm_kv_put(txn->kv, TABLE_RUNS, key_span(&key), (tdm_span){ row, sizeof row });
    tip.last = run->last;
    tip.head = run->head;
    tip.received_ms = received_ms;
    tip.last_position = txn->next_position - 1;
    put_tip(txn, &tip);
    return put_result(txn, err);
}

tdm_code tdm_ledger_put_seal(tdm_ledger_txn *txn, const tdm_id *origin, uint64_t incarnation,
                             const tdm_seal *seal, tdm_err *err)
{
    run_row run;
    tdm_tip tip;
    tdm_code code = tdm_ledger_get_run(txn->kv, origin, incarnation, seal->last, &run, err);
    if (code == TDM_OK)
        code = tdm_ledger_get_tip(txn->kv, origin, incarnation, &tip, err);
    if (code != TDM_OK)
        return code;
    uint8_t row[SEAL_ROW_BYTES];
    row_key key = tdm_key_of_sequence(origin, incarnation, seal->last);
    tdm_seal_row_write(row, key_span(&key), seal);
    tdm_kv_put(txn->kv, TABLE_SEALS, key_span(&key), (tdm_span){ row, sizeof row });
    if (seal->last > tip.sealed) {
        tip.sealed = seal->last;
        put_tip(txn, &tip);
    }
    return put_result(txn, err);
}

/* ---- notices ----------------------------------------------------------------------------------- */

static tdm_code same_or_conflict(const tdm_digest *held, const tdm_digest *came, uint64_t sequence,
                                 tdm_err *err)
{
    if (tdm_digest_equal(held, came))
        return tdm_fail(err, TDM_EXISTS, 0, "sequence %llu is held already", (unsigned long long)sequence);
    return tdm_fail(err, TDM_CONFLICT, 0, "sequence %llu is held with another body: a fork",
                    (unsigned long long)sequence);
}

/* TDM_OK if the event is held neither in a run nor as a notice. */
static tdm_code check_unheld(tdm_ledger_txn *txn, const tdm_event *event, const tdm_digest *digest,
                             tdm_err *err)
{
    run_row run;
    tdm_ledger_entry entry;
    notice_row notice;
    tdm_code code =
        tdm_ledger_find_run(txn->kv, &event->origin, event->incarnation, event->sequence, &run, err);
    if (code == TDM_OK) {
        code = tdm_ledger_get_event_of_run(txn->kv, &run, event->sequence, &entry, err);
        if (code != TDM_OK)
            return code;
        tdm_digest held;
        tdm_event_digest(entry.bytes, &held);
        return same_or_conflict(&held, digest, event->sequence, err);
    }
    if (code != TDM_NOT_FOUND)
        return code;
    code = tdm_ledger_get_notice(txn->kv, &event->origin, event->incarnation, event->sequence, &notice, err);
    if (code == TDM_OK)
        return same_or_conflict(&notice.digest, digest, event->sequence, err);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

static tdm_code write_notice(tdm_ledger_txn *txn, const tdm_event *event, const notice_row *notice,
                             int64_t received_ms, tdm_err *err)
{
    row_key position = tdm_key_of_position(notice->position);
    uint8_t *row =
        tdm_kv_reserve(txn->kv, TABLE_EVENTS, key_span(&position), EVENT_HEAD_BYTES + event->bytes.len, true);
    if (row != NULL)
        tdm_event_row_write(row, key_span(&position), EVENT_FLAG_NOTICE, received_ms, event->bytes);
    row_key key = tdm_key_of_sequence(&event->origin, event->incarnation, event->sequence);
    row =
        tdm_kv_reserve(txn->kv, TABLE_NOTICES, key_span(&key), NOTICE_HEAD_BYTES + notice->proof.len, false);
    if (row != NULL)
        tdm_notice_row_write(row, key_span(&key), notice);
    tdm_code code = put_result(txn, err);
    if (code == TDM_OK)
        txn->next_position++;
    return code;
}

tdm_code tdm_ledger_append_notice(tdm_ledger_txn *txn, const tdm_event *event, const tdm_proof *proof,
                                  int64_t received_ms, tdm_err *err)
{
    if (event->bytes.len < 1 || event->bytes.len > TDM_EVENT_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "a notice of %zu bytes; at most %d", event->bytes.len,
                        TDM_EVENT_MAX);
    notice_row notice = { .position = txn->next_position };
    tdm_event_digest(event->bytes, &notice.digest);
    tdm_code code = check_unheld(txn, event, &notice.digest, err);
    if (code != TDM_OK)
        return code;
    tdm_buf packed = { 0 };
    tdm_proof_encode(proof, &packed);
    notice.proof = tdm_buf_span(&packed);
    code = packed.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a proof")
                         : write_notice(txn, event, &notice, received_ms, err);
    tdm_buf_free(&packed);
    return code;
}
