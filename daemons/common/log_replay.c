/* SPDX-License-Identifier: MPL-2.0
 *
 * log_replay.c: an exported log into a store, new or not.
 */
#include "log_replay_inner.h"

#include "clock.h"
#include "log_pick.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { COMMIT_EVENTS = 16384 };
/* Where core keeps the hub a store belongs to. */
static const char AUTHORITY_NAME[] = "identity/authority";

/* ---- logs ---- */

static bool is_wanted(const replaying *r, const tdm_id *origin)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, origin->bytes, TDM_ID_BYTES);
    return r->options->node == NULL || strncmp(hex, r->options->node, strlen(r->options->node)) == 0;
}

tdm_code tdm_replay_ends_add(tdm_replay_ends *ends, const tdm_id *origin, uint64_t incarnation, tdm_err *err)
{
    if (ends->count == ends->capacity) {
        size_t capacity = ends->capacity == 0 ? 16 : 2 * ends->capacity;
        struct tdm_replay_end *logs = realloc(ends->logs, capacity * sizeof *logs);
        if (logs == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for the logs");
        ends->logs = logs;
        ends->capacity = capacity;
    }
    ends->logs[ends->count++] = (struct tdm_replay_end){ *origin, incarnation };
    return TDM_OK;
}

static bool has_ended(const replaying *r, const tdm_id *origin, uint64_t incarnation)
{
    const tdm_replay_ends *ends = r->options->ends;
    for (size_t i = 0; ends != NULL && i < ends->count; i++)
        if (ends->logs[i].incarnation == incarnation && tdm_id_equal(&ends->logs[i].origin, origin))
            return true;
    return false;
}

/* Nothing more of it is taken. Without memory for that the next part is refused as a gap. */
static void end_log(replaying *r, log_state *log)
{
    if (!log->left_out && r->options->ends != NULL)
        tdm_replay_ends_add(r->options->ends, &log->origin, log->incarnation, NULL);
    log->left_out = true;
}

/* An export tells one log after the other: the last is nearly always the one. */
static tdm_code find_log(replaying *r, const tdm_id *origin, uint64_t incarnation, log_state **out,
                         tdm_err *err)
{
    for (size_t i = r->count; i-- > 0;) {
        *out = &r->logs[i];
        if ((*out)->incarnation == incarnation && tdm_id_equal(&(*out)->origin, origin))
            return TDM_OK;
    }
    if (r->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 16 : 2 * r->capacity;
        log_state *logs = realloc(r->logs, capacity * sizeof *logs);
        if (logs == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for the logs");
        r->logs = logs;
        r->capacity = capacity;
    }
    tdm_tip tip = { 0 };
    tdm_code code =
        r->ledger == NULL ? TDM_NOT_FOUND : tdm_ledger_tip(r->ledger, origin, incarnation, &tip, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    *out = &r->logs[r->count++];
    **out = (log_state){ .origin = *origin,
                         .incarnation = incarnation,
                         .last = tip.last,
                         .head = tip.head,
                         .sealed = tip.sealed,
                         .left_out = !is_wanted(r, origin) || has_ended(r, origin, incarnation) };
    r->out->logs++;
    return TDM_OK;
}

static void note_conflict(replaying *r, log_state *log, uint64_t sequence, uint64_t count)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, log->origin.bytes, TDM_ID_BYTES);
    if (r->out->conflict[0] == '\0')
        snprintf(r->out->conflict, sizeof r->out->conflict, "another event %llu of %.8s is here",
                 (unsigned long long)sequence, hex);
    r->out->conflicting += count;
    end_log(r, log);
}

/* ---- pace ---- */

static tdm_code keep_pace(replaying *r, uint64_t count, tdm_err *err)
{
    r->seen += count;
    tdm_code code = tdm_told_tell(r->options->told, r->seen, 0, err);
    if (r->options->per_second == 0 || code != TDM_OK)
        return code;
    int64_t due_ms = r->begun_ms + (int64_t)(r->seen * 1000 / r->options->per_second);
    int64_t wait_ms = due_ms - tdm_clock_mono_ms();
    if (wait_ms > 0)
        poll(NULL, 0, wait_ms > INT_MAX ? INT_MAX : (int)wait_ms);
    return TDM_OK;
}

/* ---- things of the log ---- */

/* Where it is written: a store's transaction, of which much goes into one commit. */
static tdm_code store_run(replaying *r, log_state *log, const tdm_run *run, const tdm_span *events,
                          tdm_err *err)
{
    r->in_txn += run->last - run->first + 1;
    return tdm_ledger_append_run(r->txn, &log->origin, log->incarnation, run, events, 0, err);
}

static tdm_code store_seal(replaying *r, log_state *log, const tdm_seal *seal, tdm_err *err)
{
    return tdm_ledger_put_seal(r->txn, &log->origin, log->incarnation, seal, err);
}

static tdm_code store_notice(replaying *r, const tdm_event *event, const tdm_proof *proof, tdm_err *err)
{
    r->in_txn++;
    return tdm_ledger_append_notice(r->txn, event, proof, 0, err);
}

static tdm_code store_flush(replaying *r, bool all, tdm_err *err)
{
    if (r->txn == NULL || (!all && r->in_txn < COMMIT_EVENTS))
        return TDM_OK;
    r->in_txn = 0;
    tdm_code code = tdm_ledger_commit(&r->txn, err);
    return code == TDM_OK && !all ? tdm_ledger_begin(r->ledger, &r->txn, err) : code;
}

static tdm_code nothing_run(replaying *r, log_state *log, const tdm_run *run, const tdm_span *events,
                            tdm_err *err)
{
    (void)r, (void)log, (void)run, (void)events, (void)err;
    return TDM_OK;
}

static tdm_code nothing_seal(replaying *r, log_state *log, const tdm_seal *seal, tdm_err *err)
{
    (void)r, (void)log, (void)seal, (void)err;
    return TDM_OK;
}

static tdm_code nothing_notice(replaying *r, const tdm_event *event, const tdm_proof *proof, tdm_err *err)
{
    (void)r, (void)event, (void)proof, (void)err;
    return TDM_OK;
}

static tdm_code nothing_flush(replaying *r, bool all, tdm_err *err)
{
    (void)r, (void)all, (void)err;
    return TDM_OK;
}

static const replay_sink STORE = { store_run, store_seal, store_notice, store_flush };
static const replay_sink NOTHING = { nothing_run, nothing_seal, nothing_notice, nothing_flush };

/* A store that is there keeps the hub it has. */
static tdm_code take_store(void *context, const tdm_id *authority, tdm_err *err)
{
    const replaying *r = context;
    (void)err;
    if (authority == NULL || r->txn == NULL || !r->was_empty)
        return TDM_OK;
    return tdm_ledger_local_put(r->txn, tdm_span_text(AUTHORITY_NAME),
                                (tdm_span){ authority->bytes, TDM_ID_BYTES });
}

static bool is_late(const replaying *r, const tdm_span *events, size_t count)
{
    tdm_event event;
    for (size_t i = 0; r->options->has_until && i < count; i++)
        if (tdm_event_peek(events[i], &event, NULL) == TDM_OK && event.recorded_ms > r->options->until_ms)
            return true;
    return false;
}

/* The head where the run ends, if it is here, follows from every event up to there. */
static tdm_code compare_known(replaying *r, log_state *log, const tdm_run *run, uint64_t count, tdm_err *err)
{
    tdm_digest head;
    log->fresh = false;
    tdm_code code = tdm_ledger_head_at(r->ledger, &log->origin, log->incarnation, run->last, &head, err);
    if (code == TDM_OK && tdm_digest_equal(&head, &run->head))
        r->out->known += count;
    else if (code == TDM_OK || code == TDM_NOT_FOUND)
        note_conflict(r, log, run->first, count);
    else
        return code;
    return TDM_OK;
}

static tdm_code add_run(replaying *r, log_state *log, const tdm_run *told, const tdm_span *events,
                        uint64_t count, tdm_err *err)
{
    tdm_run run = *told;
    tdm_run_head(&log->head, &run.root, &run.head);
    if (!tdm_digest_equal(&run.head, &told->head)) {
        if (log->last == 0 || log->fresh)
            return tdm_fail(err, TDM_DENIED, 0,
                            "root or head do not follow from the events before this line");
        note_conflict(r, log, run.first, count); /* it goes on from another past than the one here */
        return TDM_OK;
    }
    tdm_code code = r->sink->run(r, log, &run, events, err);
    if (code == TDM_CONFLICT) {
        note_conflict(r, log, run.first, count);
        return TDM_OK;
    }
    if (code != TDM_OK)
        return code;
    log->last = run.last;
    log->head = run.head;
    log->fresh = true;
    r->out->added += count;
    return r->sink->flush(r, false, err);
}

static tdm_code take_run(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *run,
                         const tdm_span *events, tdm_err *err)
{
    replaying *r = context;
    uint64_t count = run->last - run->first + 1;
    log_state *log;
    tdm_code code = find_log(r, origin, incarnation, &log, err);
    if (code != TDM_OK)
        return code;
    if (!log->left_out && is_late(r, events, count))
        end_log(r, log);
    if (log->left_out)
        r->out->left_out += count;
    else if (run->last <= log->last && r->ledger != NULL)
        code = compare_known(r, log, run, count, err);
    else if (run->first == log->last + 1)
        code = add_run(r, log, run, events, count, err);
    else if (run->first > log->last + 1)
        code =
            tdm_fail(err, TDM_MALFORMED, 0, "this log goes as far as %llu here: what is between is missing",
                     (unsigned long long)log->last);
    else
        note_conflict(r, log, run->first, count); /* a run that was closed elsewhere */
    return code == TDM_OK ? keep_pace(r, count, err) : code;
}

static tdm_code take_seal(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_seal *seal,
                          tdm_err *err)
{
    replaying *r = context;
    log_state *log;
    tdm_code code = find_log(r, origin, incarnation, &log, err);
    if (code != TDM_OK || log->left_out)
        return code;
    if (!log->fresh && (log->last != seal->last || log->sealed >= seal->last))
        return TDM_OK; /* known; unless the run came before an interruption and its seal did not */
    if (log->last != seal->last)
        return tdm_fail(err, TDM_MALFORMED, 0, "a seal follows the run it seals");
    if (tdm_seal_check(seal, origin, incarnation, &log->head, NULL) != TDM_OK)
        return tdm_fail(err, TDM_DENIED, 0, "the seal does not verify over the log before it");
    log->sealed = seal->last;
    return r->sink->seal(r, log, seal, err);
}

/* Is the event here? *same: with these bytes. */
static bool is_held(replaying *r, const tdm_event *event, bool *same)
{
    uint64_t position = 0;
    tdm_buf bytes = { 0 };
    bool held = r->ledger != NULL
                && tdm_ledger_event_find(r->ledger, &event->origin, event->incarnation, event->sequence,
                                         &position, NULL)
                       == TDM_OK
                && tdm_ledger_event_at(r->ledger, position, &bytes, NULL) == TDM_OK;
    *same = held && tdm_span_equal(tdm_buf_span(&bytes), event->bytes);
    tdm_buf_free(&bytes);
    return held;
}

static tdm_code take_notice(void *context, const tdm_event *event, const tdm_proof *proof, tdm_err *err)
{
    replaying *r = context;
    log_state *log;
    bool same = false;
    tdm_code code = find_log(r, &event->origin, event->incarnation, &log, err);
    if (code != TDM_OK)
        return code;
    if (!is_wanted(r, &event->origin)
        || (r->options->has_until && event->recorded_ms > r->options->until_ms)) {
        r->out->left_out++;
    } else if (is_held(r, event, &same) || event->sequence <= log->last) {
        if (same || event->sequence <= log->last)
            r->out->known++;
        else
            note_conflict(r, log, event->sequence, 1);
    } else {
        code = r->sink->notice(r, event, proof, err);
        r->out->added += code == TDM_OK;
        r->out->left_out += code == TDM_END;
        code = code == TDM_OK || code == TDM_END ? r->sink->flush(r, false, err) : code;
    }
    return code == TDM_OK ? keep_pace(r, 1, err) : code;
}

static const tdm_log_visit VISIT = {
    .store = take_store, .run = take_run, .seal = take_seal, .notice = take_notice
};

/* ---- the store ---- */

/* What is not there gets nothing in a dry run. */
static tdm_code open_folder(replaying *r, tdm_err *err)
{
    bool dry = r->options->dry_run;
    uint64_t last = 0;
    tdm_code code =
        tdm_ledger_open_folder(&r->ledger, r->options->folder, dry ? TDM_KV_READ_ONLY : TDM_KV_READ_WRITE,
                               r->options->map_bytes, err);
    if (code == TDM_NOT_FOUND && dry)
        return TDM_OK;
    if (code == TDM_OK)
        code = tdm_ledger_last_position(r->ledger, &last, err);
    r->was_empty = last == 0;
    return code == TDM_OK && !dry ? tdm_ledger_begin(r->ledger, &r->txn, err) : code;
}

static tdm_code open_target(replaying *r, tdm_err *err)
{
    r->sink = r->options->dry_run ? &NOTHING : &STORE;
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    if (r->options->core == NULL)
        return open_folder(r, err);
    r->ledger = tdm_core_ledger(r->options->core);
    if (r->options->type_count > 0)
        return tdm_fail(err, TDM_INVALID, 0, "a running daemon takes whole logs: leave out the types");
    return r->options->dry_run ? TDM_OK : replay_live_open(r, err);
}

static void close_target(replaying *r)
{
    replay_live_close(r);
    tdm_ledger_abort(&r->txn);
    if (r->options->core == NULL)
        tdm_ledger_close(&r->ledger);
    free(r->logs);
}

static tdm_code read_all(replaying *r, FILE *file, tdm_err *err)
{
    tdm_log_pick *pick = NULL;
    if (r->options->type_count == 0)
        return tdm_log_read(file, &VISIT, r, &r->out->lines, err);
    tdm_code code = tdm_log_pick_open(&pick, r->options->types, r->options->type_count, &VISIT, r, err);
    if (code == TDM_OK)
        code = tdm_log_read(file, &TDM_LOG_PICK, pick, &r->out->lines, err);
    r->out->left_out += pick == NULL ? 0 : tdm_log_pick_passed(pick);
    tdm_log_pick_close(&pick);
    return code;
}

tdm_code tdm_log_replay(const tdm_replay_options *options, FILE *file, tdm_replayed *out, tdm_err *err)
{
    *out = (tdm_replayed){ 0 };
    replaying r = { .options = options, .out = out, .begun_ms = tdm_clock_mono_ms() };
    tdm_code code = open_target(&r, err);
    if (code == TDM_OK)
        code = read_all(&r, file, err);
    tdm_err why = { 0 };
    /* also what came before a bad line: that goes on from there */
    tdm_code committed = r.sink->flush(&r, true, &why);
    if (code == TDM_OK && committed != TDM_OK)
        code = tdm_fail(err, committed, why.sys, "%s", why.what);
    close_target(&r);
    if (code == TDM_OK && out->conflicting > 0)
        code = tdm_fail(err, TDM_DIFFERS, 0, "%s", out->conflict);
    return code;
}
