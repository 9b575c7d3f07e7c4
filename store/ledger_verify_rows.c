/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_verify_rows.c: seals, tips, notices and what lies beside the log, one row at a time.
 */
#include "ledger_verify.h"

#include <stdlib.h>

/* ---- seals, tips, notices ---------------------------------------------------------------------- */

void tdm_verify_seal(walk *w, tdm_span key, tdm_span row)
{
    tdm_id origin = { { 0 } };
    uint64_t incarnation = 0, last = 0;
    tdm_seal seal;
    run_row run;
    tdm_err err = { 0 };
    bool named = tdm_key_split(key, &origin, &incarnation, &last);
    place at = { 0, &origin, incarnation, last };
    w->summary->seals++;
    if (!tdm_row_is_sound(key, row, SEAL_ROW_BYTES))
        tdm_verify_fault(w, "checksum", at, "the row of the seal at %llu is damaged",
                         (unsigned long long)last);
    row_key run_key = tdm_key_of_sequence(&origin, incarnation, last);
    tdm_span run_bytes;
    if (!named || !tdm_seal_row_read(key, row, &seal))
        return;
    if (!tdm_verify_get(w, TABLE_RUNS, &run_key, &run_bytes)
        || !tdm_run_row_read(key_span(&run_key), run_bytes, &run))
        tdm_verify_fault(w, "seal", at, "the seal at %llu ends no run", (unsigned long long)last);
    else if (tdm_seal_check(&seal, &origin, incarnation, &run.run.head, &err) != TDM_OK)
        tdm_verify_fault(w, "seal", at, "the seal at %llu: %s", (unsigned long long)last, err.what);
}

/* The greatest last sequence of a chain in runs or seals, and its row; 0 if there is none. */
static uint64_t last_of_chain(walk *w, size_t table, const tdm_tip *tip, tdm_span *row)
{
    row_key from = tdm_key_of_sequence(&tip->origin, tip->incarnation, UINT64_MAX);
    tdm_kv_cursor *cursor = NULL;
    tdm_span key;
    uint64_t last = 0;
    if (tdm_kv_cursor_open(w->txn, table, &cursor, NULL) != TDM_OK)
        return 0;
    if (tdm_kv_cursor_seek_last(cursor, key_span(&from), &key, row) != TDM_OK
        || !tdm_key_in_chain(key, &tip->origin, tip->incarnation, &last))
        last = 0;
    tdm_kv_cursor_close(&cursor);
    return last;
}

void tdm_verify_tip(walk *w, tdm_span key, tdm_span row)
{
    tdm_tip tip = { 0 };
    run_row run;
    tdm_span run_bytes, seal_bytes;
    bool named = tdm_key_split(key, &tip.origin, &tip.incarnation, &tip.last);
    place at = { 0, &tip.origin, tip.incarnation, 0 };
    if (!tdm_row_is_sound(key, row, TIP_ROW_BYTES))
        tdm_verify_fault(w, "checksum", at, "the row of the tip is damaged");
    if (!named || !tdm_tip_row_read(key, row, &tip))
        return;
    at.incarnation = tip.incarnation;
    at.sequence = tip.last;
    uint64_t last = last_of_chain(w, TABLE_RUNS, &tip, &run_bytes);
    row_key run_key = tdm_key_of_sequence(&tip.origin, tip.incarnation, last);
    if (last != tip.last || !tdm_run_row_read(key_span(&run_key), run_bytes, &run)
        || !tdm_digest_equal(&run.run.head, &tip.head))
        tdm_verify_fault(w, "tip", at, "the tip says %llu, the last run ends at %llu, or their heads differ",
                         (unsigned long long)tip.last, (unsigned long long)last);
    else if (tip.last_position != run.position + (run.run.last - run.run.first))
        tdm_verify_fault(w, "tip", at, "the tip's last position %llu is not that of its last run",
                         (unsigned long long)tip.last_position);
    uint64_t sealed = last_of_chain(w, TABLE_SEALS, &tip, &seal_bytes);
    if (sealed != tip.sealed)
        tdm_verify_fault(w, "tip", at, "the tip says sealed up to %llu, the last seal is at %llu",
                         (unsigned long long)tip.sealed, (unsigned long long)sealed);
}

static void check_proof(walk *w, const notice_row *notice, const tdm_event *event, place at)
{
    tdm_proof *proof = malloc(sizeof *proof);
    tdm_err err = { 0 };
    if (proof == NULL || tdm_proof_decode(notice->proof, proof, &err) != TDM_OK
        || tdm_proof_check(proof, event, &err) != TDM_OK)
        tdm_verify_fault(w, "proof", at, "the notice's proof: %s", err.what);
    free(proof);
}

static void check_notice_body(walk *w, const notice_row *notice, const tdm_ledger_entry *entry, place at)
{
    tdm_event event;
    tdm_digest digest;
    tdm_event_digest(entry->bytes, &digest);
    if (!entry->notice)
        tdm_verify_fault(w, "index", at, "the row of a notice tells of an event of a run");
    if (!tdm_digest_equal(&digest, &notice->digest))
        tdm_verify_fault(w, "proof", at, "the notice's digest is not that of its event");
    if (tdm_event_decode(entry->bytes, &event, NULL) != TDM_OK)
        return;
    if (!tdm_id_equal(&event.origin, at.origin) || event.incarnation != at.incarnation
        || event.sequence != at.sequence)
        tdm_verify_fault(w, "identity", at, "the bytes name another origin, incarnation or sequence (%llu)",
                         (unsigned long long)event.sequence);
    else
        check_proof(w, notice, &event, at);
}

/* Of one name there is one body: a notice and the same event within its whole log are equal. */
static void check_one_body(walk *w, const notice_row *notice, place at)
{
    run_row run;
    tdm_span row;
    tdm_ledger_entry entry;
    tdm_digest digest;
    if (tdm_ledger_find_run(w->txn, at.origin, at.incarnation, at.sequence, &run, NULL) != TDM_OK)
        return;
    row_key key = tdm_key_of_position(run.position + (at.sequence - run.run.first));
    if (!tdm_verify_get(w, TABLE_EVENTS, &key, &row) || !tdm_event_row_read(row, &entry))
        return;
    tdm_event_digest(entry.bytes, &digest);
    if (!tdm_digest_equal(&digest, &notice->digest))
        tdm_verify_fault(w, "body", at, "the whole log has another body for sequence %llu",
                         (unsigned long long)at.sequence);
}

void tdm_verify_notice(walk *w, tdm_span key, tdm_span row)
{
    tdm_id origin = { { 0 } };
    uint64_t incarnation = 0, sequence = 0;
    notice_row notice = { 0 };
    bool named = tdm_key_split(key, &origin, &incarnation, &sequence);
    bool sound = tdm_row_is_sound(key, row, NOTICE_HEAD_BYTES);
    bool readable = tdm_notice_row_read(row, &notice);
    place at = { notice.position, &origin, incarnation, sequence };
    if (readable && sound && tdm_verify_came_later(w, notice.position))
        return;
    w->summary->notices++;
    if (!sound)
        tdm_verify_fault(w, "checksum", at, "the row of the notice of %llu is damaged",
                         (unsigned long long)sequence);
    if (!named || !readable)
        return;
    tdm_verify_cover(w, notice.position, at);
    row_key event_key = tdm_key_of_position(notice.position);
    tdm_span event_row;
    tdm_ledger_entry entry;
    if (!tdm_verify_get(w, TABLE_EVENTS, &event_key, &event_row) || !tdm_event_row_read(event_row, &entry))
        tdm_verify_fault(w, "index", at, "the row of a notice tells of nothing");
    else
        check_notice_body(w, &notice, &entry, at);
    check_one_body(w, &notice, at);
}

/* ---- beside the log ---------------------------------------------------------------------------- */

void tdm_verify_local(walk *w, tdm_span key, tdm_span row)
{
    if (!tdm_row_is_sound(key, row, CHECKSUM_BYTES))
        tdm_verify_fault(w, "checksum", (place){ 0 }, "the local record %.*s is damaged",
                         (int)(key.len < 100 ? key.len : 100), (const char *)key.data);
}

void tdm_verify_aside(walk *w, tdm_span key, tdm_span row)
{
    tdm_id origin = { { 0 } };
    uint64_t number = 0, none;
    tdm_key_split(key, &origin, &number, &none);
    if (!tdm_row_is_sound(key, row, ASIDE_COUNT_BYTES))
        tdm_verify_fault(w, "checksum", (place){ 0, &origin, 0, number },
                         "what was set aside as %llu is damaged", (unsigned long long)number);
}

void tdm_verify_meta(walk *w, tdm_span key, tdm_span row)
{
    if (!tdm_row_is_sound(key, row, META_ROW_BYTES))
        tdm_verify_fault(w, "checksum", (place){ 0 }, "the ledger's own description is damaged");
}
