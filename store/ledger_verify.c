/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_verify.c: walk the whole ledger and name each broken invariant.
 *
 * Reads by a tolerant path of its own: a damaged row is reported and taken for what its fields say, so that
 * one fault does not hide the next. The walk goes table by table in short read transactions and takes in
 * what stood when it began; a writer may go on beside it.
 *
 * `covered` has a bit per position: every event must be named by exactly one run or notice. Two bits more
 * tell which runs were proven while their events went by.
 */
#include "ledger_verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_PER_READ 8192 /* rows looked at in one read transaction */

void tdm_verify_fault(walk *w, const char *invariant, place at, const char *format, ...)
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
    tdm_verify_hash(w);
    if (code != TDM_OK && code != TDM_END)
        return tdm_kv_failed(w->txn, err);
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
        tdm_code told = tdm_told_tell(w->told, w->done < w->end ? w->done : w->end, w->end, err);
        code = told == TDM_OK ? code : told;
    }
    return code == TDM_END ? TDM_OK : code;
}

/* ---- events ------------------------------------------------------------------------------------ */

bool tdm_verify_get(walk *w, size_t table, const row_key *key, tdm_span *row)
{
    return tdm_kv_get(w->txn, table, key_span(key), row, NULL) == TDM_OK;
}

bool tdm_verify_came_later(walk *w, uint64_t position)
{
    row_key key = tdm_key_of_position(position);
    tdm_span row;
    return position > w->end && tdm_verify_get(w, TABLE_EVENTS, &key, &row);
}

static void check_notice_of(walk *w, uint64_t position, const tdm_event *event)
{
    row_key key = tdm_key_of_sequence(&event->origin, event->incarnation, event->sequence);
    tdm_span row;
    notice_row notice;
    if (!tdm_verify_get(w, TABLE_NOTICES, &key, &row) || !tdm_notice_row_read(row, &notice)
        || notice.position != position)
        tdm_verify_fault(w, "index", (place){ position, &event->origin, event->incarnation, event->sequence },
                         "a notice without a row that tells of it");
}

static void check_event(walk *w, tdm_span key, tdm_span row)
{
    uint64_t position = key.len == POSITION_KEY_BYTES ? tdm_read_u64(key.data) : 0;
    if (position > w->end)
        return;
    for (w->done++; w->done < position; w->done++)
        tdm_verify_fault(w, "position", (place){ .position = w->done }, "no record at position %llu",
                         (unsigned long long)w->done);
    w->summary->events++;
    tdm_ledger_entry entry;
    tdm_event event;
    tdm_err err = { 0 };
    if (!tdm_row_is_sound(key, row, EVENT_HEAD_BYTES))
        tdm_verify_fault(w, "checksum", (place){ .position = position },
                         "the record at position %llu is damaged", (unsigned long long)position);
    if (!tdm_event_row_read(row, &entry))
        return;
    entry.position = position;
    bool sound = tdm_event_decode(entry.bytes, &event, &err) == TDM_OK;
    if (!sound)
        tdm_verify_fault(w, "undecodable", (place){ .position = position }, "%s", err.what);
    else if (entry.notice)
        check_notice_of(w, position, &event);
    tdm_verify_assemble(w, &entry, sound ? &event : NULL);
}

static void check_end(walk *w)
{
    while (w->done < w->end) {
        w->done++;
        tdm_verify_fault(w, "position", (place){ .position = w->done }, "no record at position %llu",
                         (unsigned long long)w->done);
    }
}

/* ---- runs -------------------------------------------------------------------------------------- */

void tdm_verify_cover(walk *w, uint64_t position, place at)
{
    if (position < 1 || position > w->end) {
        tdm_verify_fault(w, "index", at, "a row tells of position %llu, which is not there",
                         (unsigned long long)position);
        return;
    }
    uint8_t bit = (uint8_t)(1u << (position % 8));
    if ((w->covered[position / 8] & bit) != 0)
        tdm_verify_fault(w, "index", at, "position %llu is named twice", (unsigned long long)position);
    w->covered[position / 8] |= bit;
}

/* The event's own bytes must say what the run's row says of them. */
static bool check_member(walk *w, place at, tdm_digest *digest)
{
    row_key key = tdm_key_of_position(at.position);
    tdm_span row;
    tdm_ledger_entry entry;
    tdm_event event;
    tdm_verify_cover(w, at.position, at);
    if (!tdm_verify_get(w, TABLE_EVENTS, &key, &row) || !tdm_event_row_read(row, &entry))
        return false;
    tdm_event_digest(entry.bytes, digest);
    if (entry.notice)
        tdm_verify_fault(w, "index", at, "a run tells of a notice");
    if (tdm_event_decode(entry.bytes, &event, NULL) != TDM_OK)
        return true;
    if (!tdm_id_equal(&event.origin, at.origin) || event.incarnation != at.incarnation
        || event.sequence != at.sequence)
        tdm_verify_fault(w, "identity", at, "the bytes name another origin, incarnation or sequence (%llu)",
                         (unsigned long long)event.sequence);
    else if (event.sequence == 1 && event.type != TDM_TYPE_INCARNATION)
        tdm_verify_fault(w, "first-event", at, "the first event has type %u, not incarnation",
                         (unsigned)event.type);
    return true;
}

static void check_root(walk *w, const run_row *run, place at)
{
    size_t count = (size_t)(run->run.last - run->run.first) + 1;
    bool whole = true;
    if (tdm_verify_is_proven(w, run, at)) {
        for (size_t i = 0; i < count; i++)
            tdm_verify_cover(w, run->position + i,
                             (place){ run->position + i, at.origin, at.incarnation, run->run.first + i });
        return;
    }
    for (size_t i = 0; i < count; i++) {
        place member = { run->position + i, at.origin, at.incarnation, run->run.first + i };
        whole = check_member(w, member, &w->digests[i]) && whole;
    }
    if (!whole) {
        tdm_verify_fault(w, "index", at, "the run %llu to %llu lacks records",
                         (unsigned long long)run->run.first, (unsigned long long)run->run.last);
        return;
    }
    tdm_digest root;
    tdm_run_root(w->digests, count, &root);
    if (!tdm_digest_equal(&root, &run->run.root))
        tdm_verify_fault(w, "root", at, "the root of %llu to %llu is not that of its events",
                         (unsigned long long)run->run.first, (unsigned long long)run->run.last);
}

static void check_chain(walk *w, const run_row *run, place at)
{
    if (run->run.first != w->last + 1) {
        tdm_verify_fault(w, "sequence-gap", at, "a run begins at %llu behind one that ends at %llu",
                         (unsigned long long)run->run.first, (unsigned long long)w->last);
    } else {
        tdm_digest head;
        tdm_run_head(&w->head, &run->run.root, &head);
        if (!tdm_digest_equal(&head, &run->run.head))
            tdm_verify_fault(w, "head", at, "the head at %llu does not follow",
                             (unsigned long long)run->run.last);
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
    row_key key = tdm_key_of_chain(origin, incarnation);
    tdm_span row;
    if (!tdm_verify_get(w, TABLE_TIPS, &key, &row))
        tdm_verify_fault(w, "tip", (place){ 0, origin, incarnation, 0 }, "runs without a tip");
}

static void check_run(walk *w, tdm_span key, tdm_span row)
{
    tdm_id origin = { { 0 } };
    uint64_t incarnation = 0, last = 0;
    run_row run;
    bool named = tdm_key_split(key, &origin, &incarnation, &last);
    place at = { 0, &origin, incarnation, last };
    bool sound = tdm_row_is_sound(key, row, RUN_ROW_BYTES);
    if (!named || !tdm_run_row_read(key, row, &run)) {
        tdm_verify_fault(w, "checksum", at, "a row in runs has the wrong size");
        return;
    }
    if (sound && tdm_verify_came_later(w, run.position))
        return;
    at.position = run.position;
    if (!sound)
        tdm_verify_fault(w, "checksum", at, "the row of the run that ends at %llu is damaged",
                         (unsigned long long)last);
    w->summary->runs++;
    enter_chain(w, &origin, incarnation);
    check_chain(w, &run, at);
    if (run.run.first < 1 || run.run.first > last || last - run.run.first >= TDM_RUN_EVENTS_MAX)
        tdm_verify_fault(w, "sequence-gap", at, "a run from %llu to %llu", (unsigned long long)run.run.first,
                         (unsigned long long)last);
    else
        check_root(w, &run, at);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static void check_covered(walk *w)
{
    for (uint64_t position = 1; position <= w->end; position++) {
        if ((w->covered[position / 8] & (1u << (position % 8))) == 0)
            tdm_verify_fault(w, "index", (place){ .position = position },
                             "no run and no notice tells of position %llu", (unsigned long long)position);
    }
}

static const struct {
    size_t table;
    row_check *check;
    void (*after)(walk *w);
} STEPS[] = {
    { TABLE_EVENTS, check_event, check_end },
    { TABLE_RUNS, check_run, NULL },
    { TABLE_SEALS, tdm_verify_seal, NULL },
    { TABLE_TIPS, tdm_verify_tip, NULL },
    { TABLE_NOTICES, tdm_verify_notice, check_covered },
    { TABLE_LOCAL, tdm_verify_local, NULL },
    { TABLE_ASIDE, tdm_verify_aside, NULL },
    { TABLE_META, tdm_verify_meta, NULL },
};

static void note_page(void *context, uint64_t page, const char *what)
{
    tdm_verify_fault(context, "page", (place){ 0 }, "page %llu %s", (unsigned long long)page, what);
}

static tdm_code walk_all(walk *w, tdm_err *err)
{
    tdm_code code = tdm_kv_check(tdm_ledger_kv(w->ledger), note_page, w, err);
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

tdm_code tdm_ledger_verify(tdm_ledger *ledger, tdm_ledger_report *report, void *context, const tdm_told *told,
                           tdm_ledger_summary *summary, tdm_err *err)
{
    *summary = (tdm_ledger_summary){ 0 };
    walk w = { .ledger = ledger, .report = report, .context = context, .told = told, .summary = summary };
    tdm_code code = tdm_ledger_last_position(ledger, &w.end, err);
    if (code != TDM_OK)
        return code;
    size_t bits = w.end / 8 + 1;
    w.covered = calloc(3, bits);
    w.digests = calloc(TDM_RUN_EVENTS_MAX, sizeof *w.digests);
    if (w.covered == NULL || w.digests == NULL) {
        code = tdm_fail(err, TDM_FULL, 0, "no memory to verify");
    } else {
        w.proven_first = w.covered + bits;
        w.proven_last = w.proven_first + bits;
        code = walk_all(&w, err);
    }
    free(w.covered);
    free(w.digests);
    return code;
}
