/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_verify.c: walk the whole ledger and name each broken invariant.
 *
 * Reads by a tolerant path of its own: a damaged row is reported and taken for what its fields say, so that
 * one fault does not hide the next. The walk goes table by table in short read transactions and takes in
 * what stood when it began; a writer may go on beside it.
 *
 * `covered` has a bit per position: every event must be named by exactly one run or notice.
 */
#include "ledger_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_PER_READ 1024 /* rows looked at in one read transaction */

typedef struct walk {
    tdm_ledger *ledger;
    tdm_ledger_report *report;
    void *context;
    void (*progress)(void *context, uint64_t done, uint64_t all);
    tdm_ledger_summary *summary;
    uint64_t end; /* the last position when the walk began */
    uint64_t done;
    uint8_t *covered;
    tdm_digest *digests; /* of the run being checked */
    tdm_kv_txn *txn;     /* the present read transaction */
    tdm_id origin;       /* the chain being walked */
    uint64_t incarnation;
    uint64_t last; /* how far its runs tile */
    tdm_digest head;
} walk;

/* What a fault is about. Zero where it does not apply. */
typedef struct place {
    uint64_t position;
    const tdm_id *origin;
    uint64_t incarnation;
    uint64_t sequence;
} place;

static void fault(walk *w, const char *invariant, place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void fault(walk *w, const char *invariant, place at, const char *format, ...)
{
    tdm_ledger_fault found = { .invariant = invariant,
                               .position = at.position,
                               .incarnation = at.incarnation,
                               .sequence = at.sequence };
    if (at.origin != NULL)
        found.origin = *at.origin;
    va_list args;
    va_start(args, format);
    vsnprintf(found.what, sizeof found.what, format, args);
    va_end(args);
    w->summary->faults++;
    if (w->report != NULL)
        w->report(w->context, &found);
}

/* ---- one table, in short reads ----------------------------------------------------------------- */

typedef void row_check(walk *w, tdm_span key, tdm_span row);

typedef struct resume_key {
    uint8_t bytes[TDM_KV_KEY_MAX];
    size_t len; /* 0: from the start */
} resume_key;

static tdm_code walk_some(walk *w, size_t table, row_check *check, resume_key *after, tdm_err *err)
{
    tdm_kv_cursor *cursor = NULL;
    tdm_span key, row, from = { after->bytes, after->len };
    tdm_code code = tdm_kv_cursor_open(w->txn, table, &cursor, err);
    if (code != TDM_OK)
        return code;
    code = after->len == 0 ? tdm_kv_cursor_next(cursor, &key, &row)
                           : tdm_kv_cursor_seek(cursor, from, &key, &row);
    if (code == TDM_OK && tdm_span_equal(key, from))
        code = tdm_kv_cursor_next(cursor, &key, &row);
    for (size_t i = 0; code == TDM_OK && i < ROWS_PER_READ; i++) {
        check(w, key, row);
        after->len = key.len;
        memcpy(after->bytes, key.data, key.len);
        code = tdm_kv_cursor_next(cursor, &key, &row);
    }
    if (code != TDM_OK && code != TDM_END)
        return ledger_cursor_failed(w->txn, err);
    return code;
}

static tdm_code walk_table(walk *w, size_t table, row_check *check, tdm_err *err)
{
    resume_key after = { .len = 0 };
    tdm_code code = TDM_OK;
    while (code == TDM_OK) {
        code = tdm_kv_begin(w->ledger->kv, TDM_KV_READ_ONLY, &w->txn, err);
        if (code != TDM_OK)
            return code;
        code = walk_some(w, table, check, &after, err);
        tdm_kv_abort(&w->txn);
        if (w->progress != NULL)
            w->progress(w->context, w->done < w->end ? w->done : w->end, w->end);
    }
    return code == TDM_END ? TDM_OK : code;
}

/* ---- events ------------------------------------------------------------------------------------ */

static bool get_row(walk *w, size_t table, const row_key *key, tdm_span *row)
{
    return tdm_kv_get(w->txn, table, key_span(key), row, NULL) == TDM_OK;
}

/* A row whose record was appended behind the end of the walk. If the record is not there, the row lies. */
static bool came_later(walk *w, uint64_t position)
{
    row_key key = key_of_position(position);
    tdm_span row;
    return position > w->end && get_row(w, TABLE_EVENTS, &key, &row);
}

static void check_notice_of(walk *w, uint64_t position, const tdm_event *event)
{
    row_key key = key_of_sequence(&event->origin, event->incarnation, event->sequence);
    tdm_span row;
    notice_row notice;
    if (!get_row(w, TABLE_NOTICES, &key, &row) || !notice_row_read(row, &notice)
        || notice.position != position)
        fault(w, "index", (place){ position, &event->origin, event->incarnation, event->sequence },
              "a notice without a row that tells of it");
}

static void check_event(walk *w, tdm_span key, tdm_span row)
{
    uint64_t position = key.len == POSITION_KEY_BYTES ? read_u64(key.data) : 0;
    if (position > w->end)
        return;
    for (w->done++; w->done < position; w->done++)
        fault(w, "position", (place){ .position = w->done }, "no record at position %llu",
              (unsigned long long)w->done);
    w->summary->events++;
    tdm_ledger_entry entry;
    tdm_event event;
    tdm_err err = { 0 };
    if (!row_is_sound(key, row, EVENT_HEAD_BYTES))
        fault(w, "checksum", (place){ .position = position }, "the record at position %llu is damaged",
              (unsigned long long)position);
    if (!event_row_read(row, &entry))
        return;
    if (tdm_event_decode(entry.bytes, &event, &err) != TDM_OK)
        fault(w, "undecodable", (place){ .position = position }, "%s", err.what);
    else if (entry.notice)
        check_notice_of(w, position, &event);
}

static void check_end(walk *w)
{
    while (w->done < w->end) {
        w->done++;
        fault(w, "position", (place){ .position = w->done }, "no record at position %llu",
              (unsigned long long)w->done);
    }
}

/* ---- runs -------------------------------------------------------------------------------------- */

static void cover(walk *w, uint64_t position, place at)
{
    if (position < 1 || position > w->end) {
        fault(w, "index", at, "a row tells of position %llu, which is not there",
              (unsigned long long)position);
        return;
    }
    uint8_t bit = (uint8_t)(1u << (position % 8));
    if ((w->covered[position / 8] & bit) != 0)
        fault(w, "index", at, "position %llu is named twice", (unsigned long long)position);
    w->covered[position / 8] |= bit;
}

/* The event's own bytes must say what the run's row says of them. */
static bool check_member(walk *w, place at, tdm_digest *digest)
{
    row_key key = key_of_position(at.position);
    tdm_span row;
    tdm_ledger_entry entry;
    tdm_event event;
    cover(w, at.position, at);
    if (!get_row(w, TABLE_EVENTS, &key, &row) || !event_row_read(row, &entry))
        return false;
    tdm_event_digest(entry.bytes, digest);
    if (entry.notice)
        fault(w, "index", at, "a run tells of a notice");
    if (tdm_event_decode(entry.bytes, &event, NULL) != TDM_OK)
        return true;
    if (!tdm_id_equal(&event.origin, at.origin) || event.incarnation != at.incarnation
        || event.sequence != at.sequence)
        fault(w, "identity", at, "the bytes name another origin, incarnation or sequence (%llu)",
              (unsigned long long)event.sequence);
    else if (event.sequence == 1 && event.type != TDM_TYPE_INCARNATION)
        fault(w, "first-event", at, "the first event has type %u, not incarnation", (unsigned)event.type);
    return true;
}

static void check_root(walk *w, const run_row *run, place at)
{
    size_t count = (size_t)(run->run.last - run->run.first) + 1;
    bool whole = true;
    for (size_t i = 0; i < count; i++) {
        place member = { run->position + i, at.origin, at.incarnation, run->run.first + i };
        whole = check_member(w, member, &w->digests[i]) && whole;
    }
    if (!whole) {
        fault(w, "index", at, "the run %llu to %llu lacks records", (unsigned long long)run->run.first,
              (unsigned long long)run->run.last);
        return;
    }
    tdm_digest root;
    tdm_run_root(w->digests, count, &root);
    if (!tdm_digest_equal(&root, &run->run.root))
        fault(w, "root", at, "the root of %llu to %llu is not that of its events",
              (unsigned long long)run->run.first, (unsigned long long)run->run.last);
}

static void check_chain(walk *w, const run_row *run, place at)
{
    if (run->run.first != w->last + 1) {
        fault(w, "sequence-gap", at, "a run begins at %llu behind one that ends at %llu",
              (unsigned long long)run->run.first, (unsigned long long)w->last);
    } else {
        tdm_digest head;
        tdm_run_head(&w->head, &run->run.root, &head);
        if (!tdm_digest_equal(&head, &run->run.head))
            fault(w, "head", at, "the head at %llu does not follow", (unsigned long long)run->run.last);
    }
    w->last = run->run.last;
    w->head = run->run.head;
}

static void enter_chain(walk *w, const tdm_id *origin, uint64_t incarnation)
{
    if (w->last > 0 && tdm_id_equal(origin, &w->origin) && incarnation == w->incarnation)
        return;
    w->origin = *origin;
    w->incarnation = incarnation;
    w->last = 0;
    w->head = (tdm_digest){ { 0 } };
    row_key key = key_of_chain(origin, incarnation);
    tdm_span row;
    if (!get_row(w, TABLE_TIPS, &key, &row))
        fault(w, "tip", (place){ 0, origin, incarnation, 0 }, "runs without a tip");
}

static void check_run(walk *w, tdm_span key, tdm_span row)
{
    tdm_id origin = { { 0 } };
    uint64_t incarnation = 0, last = 0;
    run_row run;
    bool named = key_split(key, &origin, &incarnation, &last);
    place at = { 0, &origin, incarnation, last };
    bool sound = row_is_sound(key, row, RUN_ROW_BYTES);
    if (!named || !run_row_read(key, row, &run)) {
        fault(w, "checksum", at, "a row in runs has the wrong size");
        return;
    }
    if (sound && came_later(w, run.position))
        return;
    at.position = run.position;
    if (!sound)
        fault(w, "checksum", at, "the row of the run that ends at %llu is damaged", (unsigned long long)last);
    w->summary->runs++;
    enter_chain(w, &origin, incarnation);
    check_chain(w, &run, at);
    if (run.run.first < 1 || run.run.first > last || last - run.run.first >= TDM_RUN_EVENTS_MAX)
        fault(w, "sequence-gap", at, "a run from %llu to %llu", (unsigned long long)run.run.first,
              (unsigned long long)last);
    else
        check_root(w, &run, at);
}

/* ---- seals, tips, notices ---------------------------------------------------------------------- */

static void check_seal(walk *w, tdm_span key, tdm_span row)
{
    tdm_id origin = { { 0 } };
    uint64_t incarnation = 0, last = 0;
    tdm_seal seal;
    run_row run;
    tdm_err err = { 0 };
    bool named = key_split(key, &origin, &incarnation, &last);
    place at = { 0, &origin, incarnation, last };
    w->summary->seals++;
    if (!row_is_sound(key, row, SEAL_ROW_BYTES))
        fault(w, "checksum", at, "the row of the seal at %llu is damaged", (unsigned long long)last);
    row_key run_key = key_of_sequence(&origin, incarnation, last);
    tdm_span run_bytes;
    if (!named || !seal_row_read(key, row, &seal))
        return;
    if (!get_row(w, TABLE_RUNS, &run_key, &run_bytes) || !run_row_read(key_span(&run_key), run_bytes, &run))
        fault(w, "seal", at, "the seal at %llu ends no run", (unsigned long long)last);
    else if (tdm_seal_check(&seal, &origin, incarnation, &run.run.head, &err) != TDM_OK)
        fault(w, "seal", at, "the seal at %llu: %s", (unsigned long long)last, err.what);
}

/* The greatest last sequence of a chain in runs or seals, and its row; 0 if there is none. */
static uint64_t last_of_chain(walk *w, size_t table, const tdm_tip *tip, tdm_span *row)
{
    row_key from = key_of_sequence(&tip->origin, tip->incarnation, UINT64_MAX);
    tdm_kv_cursor *cursor = NULL;
    tdm_span key;
    uint64_t last = 0;
    if (tdm_kv_cursor_open(w->txn, table, &cursor, NULL) != TDM_OK)
        return 0;
    if (tdm_kv_cursor_seek_last(cursor, key_span(&from), &key, row) != TDM_OK
        || !key_in_chain(key, &tip->origin, tip->incarnation, &last))
        last = 0;
    tdm_kv_cursor_close(&cursor);
    return last;
}

static void check_tip(walk *w, tdm_span key, tdm_span row)
{
    tdm_tip tip = { 0 };
    run_row run;
    tdm_span run_bytes, seal_bytes;
    bool named = key_split(key, &tip.origin, &tip.incarnation, &tip.last);
    place at = { 0, &tip.origin, tip.incarnation, 0 };
    if (!row_is_sound(key, row, TIP_ROW_BYTES))
        fault(w, "checksum", at, "the row of the tip is damaged");
    if (!named || !tip_row_read(key, row, &tip))
        return;
    at.incarnation = tip.incarnation;
    at.sequence = tip.last;
    uint64_t last = last_of_chain(w, TABLE_RUNS, &tip, &run_bytes);
    row_key run_key = key_of_sequence(&tip.origin, tip.incarnation, last);
    if (last != tip.last || !run_row_read(key_span(&run_key), run_bytes, &run)
        || !tdm_digest_equal(&run.run.head, &tip.head))
        fault(w, "tip", at, "the tip says %llu, the last run ends at %llu, or their heads differ",
              (unsigned long long)tip.last, (unsigned long long)last);
    else if (tip.last_position != run.position + (run.run.last - run.run.first))
        fault(w, "tip", at, "the tip's last position %llu is not that of its last run",
              (unsigned long long)tip.last_position);
    uint64_t sealed = last_of_chain(w, TABLE_SEALS, &tip, &seal_bytes);
    if (sealed != tip.sealed)
        fault(w, "tip", at, "the tip says sealed up to %llu, the last seal is at %llu",
              (unsigned long long)tip.sealed, (unsigned long long)sealed);
}

static void check_proof(walk *w, const notice_row *notice, const tdm_event *event, place at)
{
    tdm_proof *proof = malloc(sizeof *proof);
    tdm_err err = { 0 };
    if (proof == NULL || tdm_proof_decode(notice->proof, proof, &err) != TDM_OK
        || tdm_proof_check(proof, event, &err) != TDM_OK)
        fault(w, "proof", at, "the notice's proof: %s", err.what);
    free(proof);
}

static void check_notice_body(walk *w, const notice_row *notice, const tdm_ledger_entry *entry, place at)
{
    tdm_event event;
    tdm_digest digest;
    tdm_event_digest(entry->bytes, &digest);
    if (!entry->notice)
        fault(w, "index", at, "the row of a notice tells of an event of a run");
    if (!tdm_digest_equal(&digest, &notice->digest))
        fault(w, "proof", at, "the notice's digest is not that of its event");
    if (tdm_event_decode(entry->bytes, &event, NULL) != TDM_OK)
        return;
    if (!tdm_id_equal(&event.origin, at.origin) || event.incarnation != at.incarnation
        || event.sequence != at.sequence)
        fault(w, "identity", at, "the bytes name another origin, incarnation or sequence (%llu)",
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
    if (ledger_find_run(w->txn, at.origin, at.incarnation, at.sequence, &run, NULL) != TDM_OK)
        return;
    row_key key = key_of_position(run.position + (at.sequence - run.run.first));
    if (!get_row(w, TABLE_EVENTS, &key, &row) || !event_row_read(row, &entry))
        return;
    tdm_event_digest(entry.bytes, &digest);
    if (!tdm_digest_equal(&digest, &notice->digest))
        fault(w, "body", at, "the whole log has another body for sequence %llu",
              (unsigned long long)at.sequence);
}

static void check_notice(walk *w, tdm_span key, tdm_span row)
{
    tdm_id origin = { { 0 } };
    uint64_t incarnation = 0, sequence = 0;
    notice_row notice = { 0 };
    bool named = key_split(key, &origin, &incarnation, &sequence);
    bool sound = row_is_sound(key, row, NOTICE_HEAD_BYTES);
    bool readable = notice_row_read(row, &notice);
    place at = { notice.position, &origin, incarnation, sequence };
    if (readable && sound && came_later(w, notice.position))
        return;
    w->summary->notices++;
    if (!sound)
        fault(w, "checksum", at, "the row of the notice of %llu is damaged", (unsigned long long)sequence);
    if (!named || !readable)
        return;
    cover(w, notice.position, at);
    row_key event_key = key_of_position(notice.position);
    tdm_span event_row;
    tdm_ledger_entry entry;
    if (!get_row(w, TABLE_EVENTS, &event_key, &event_row) || !event_row_read(event_row, &entry))
        fault(w, "index", at, "the row of a notice tells of nothing");
    else
        check_notice_body(w, &notice, &entry, at);
    check_one_body(w, &notice, at);
}

/* ---- the rest ---------------------------------------------------------------------------------- */

static void check_covered(walk *w)
{
    for (uint64_t position = 1; position <= w->end; position++) {
        if ((w->covered[position / 8] & (1u << (position % 8))) == 0)
            fault(w, "index", (place){ .position = position }, "no run and no notice tells of position %llu",
                  (unsigned long long)position);
    }
}

static void check_local(walk *w, tdm_span key, tdm_span row)
{
    if (!row_is_sound(key, row, CHECKSUM_BYTES))
        fault(w, "checksum", (place){ 0 }, "the local record %.*s is damaged",
              (int)(key.len < 100 ? key.len : 100), (const char *)key.data);
}

static void check_aside(walk *w, tdm_span key, tdm_span row)
{
    tdm_id origin = { { 0 } };
    uint64_t number = 0, none;
    key_split(key, &origin, &number, &none);
    if (!row_is_sound(key, row, ASIDE_COUNT_BYTES))
        fault(w, "checksum", (place){ 0, &origin, 0, number }, "what was set aside as %llu is damaged",
              (unsigned long long)number);
}

static void check_meta(walk *w, tdm_span key, tdm_span row)
{
    if (!row_is_sound(key, row, META_ROW_BYTES))
        fault(w, "checksum", (place){ 0 }, "the ledger's own description is damaged");
}

static const struct {
    size_t table;
    row_check *check;
    void (*after)(walk *w);
} STEPS[] = {
    { TABLE_EVENTS, check_event, check_end },
    { TABLE_RUNS, check_run, NULL },
    { TABLE_SEALS, check_seal, NULL },
    { TABLE_TIPS, check_tip, NULL },
    { TABLE_NOTICES, check_notice, check_covered },
    { TABLE_LOCAL, check_local, NULL },
    { TABLE_ASIDE, check_aside, NULL },
    { TABLE_META, check_meta, NULL },
};

static tdm_code walk_all(walk *w, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < TDM_COUNT(STEPS) && code == TDM_OK; i++) {
        code = walk_table(w, STEPS[i].table, STEPS[i].check, err);
        if (code == TDM_OK && STEPS[i].after != NULL)
            STEPS[i].after(w);
    }
    if (code != TDM_OK || w->summary->faults == 0)
        return code;
    return tdm_fail(err, TDM_DIFFERS, 0, "%llu broken invariants in the ledger",
                    (unsigned long long)w->summary->faults);
}

tdm_code tdm_ledger_verify(tdm_ledger *ledger, tdm_ledger_report *report, void *context,
                           void (*progress)(void *context, uint64_t done, uint64_t all),
                           tdm_ledger_summary *summary, tdm_err *err)
{
    *summary = (tdm_ledger_summary){ 0 };
    walk w = {
        .ledger = ledger, .report = report, .context = context, .progress = progress, .summary = summary
    };
    tdm_code code = tdm_ledger_last_position(ledger, &w.end, err);
    if (code != TDM_OK)
        return code;
    w.covered = calloc(w.end / 8 + 1, 1);
    w.digests = calloc(TDM_RUN_EVENTS_MAX, sizeof *w.digests);
    code = w.covered == NULL || w.digests == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory to verify")
                                                  : walk_all(&w, err);
    free(w.covered);
    free(w.digests);
    return code;
}
