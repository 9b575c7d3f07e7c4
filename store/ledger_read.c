/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_read.c: reading by position, by name and by run, and proofs. Each call is one short read
 * transaction.
 */
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_PER_READ 256 /* visits may be slow; a reader that stays keeps old pages alive */

/* ---- by position ------------------------------------------------------------------------------- */

typedef struct scan_state {
    tdm_kv_cursor *cursor;
    uint64_t next; /* the position expected */
    tdm_ledger_visit *visit;
    void *context;
} scan_state;

static tdm_code scan_row(scan_state *scan, tdm_span key, tdm_span row, tdm_err *err)
{
    tdm_ledger_entry entry;
    tdm_code code = tdm_ledger_read_event(key, row, scan->next, &entry, err);
    if (code != TDM_OK)
        return code;
    code = scan->visit(scan->context, &entry, err);
    if (code == TDM_OK || code == TDM_END)
        scan->next++;
    return code;
}

static tdm_code scan_rows(scan_state *scan, size_t limit, tdm_err *err)
{
    if (limit == 0)
        return TDM_OK;
    row_key from = tdm_key_of_position(scan->next);
    tdm_span key, row;
    tdm_code code = tdm_kv_cursor_seek(scan->cursor, key_span(&from), &key, &row);
    for (size_t done = 0; code == TDM_OK && done < limit; done++) {
        if (done > 0)
            code = tdm_kv_cursor_next(scan->cursor, &key, &row);
        if (code == TDM_OK)
            code = scan_row(scan, key, row, err);
    }
    if (tdm_kv_failure(scan->cursor->txn)->code != TDM_OK)
        return tdm_kv_failed(scan->cursor->txn, err);
    return code == TDM_END ? TDM_OK : code;
}

tdm_code tdm_ledger_scan(tdm_ledger *ledger, uint64_t from, size_t limit, tdm_ledger_visit *visit,
                         void *context, uint64_t *next, tdm_err *err)
{
    scan_state scan = { .next = from > 0 ? from : 1, .visit = visit, .context = context };
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = tdm_kv_cursor_open(txn, TABLE_EVENTS, &scan.cursor, err);
    if (code == TDM_OK)
        code = scan_rows(&scan, limit, err);
    tdm_kv_abort(&txn);
    *next = scan.next;
    return code;
}

static tdm_code add_event(const tdm_ledger_entry *entry, tdm_buf *out, tdm_err *err)
{
    tdm_buf_add(out, entry->bytes.data, entry->bytes.len);
    return out->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for events") : TDM_OK;
}

tdm_code tdm_ledger_event_at(tdm_ledger *ledger, uint64_t position, tdm_buf *out, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    tdm_ledger_entry entry;
    code = tdm_ledger_get_event(txn, position, &entry, err);
    if (code == TDM_OK)
        code = add_event(&entry, out, err);
    tdm_kv_abort(&txn);
    return code;
}

tdm_code tdm_ledger_notices(tdm_ledger *ledger, uint64_t *out, tdm_err *err)
{
    tdm_kv_stats stats;
    *out = 0;
    tdm_code code = tdm_kv_stat(ledger->kv, &stats, err);
    if (code == TDM_OK)
        *out = stats.entries[TABLE_NOTICES];
    return code;
}

/* ---- by name ----------------------------------------------------------------------------------- */

static tdm_code find_position(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                              uint64_t *position, tdm_err *err)
{
    run_row run;
    notice_row notice;
    tdm_code code = tdm_ledger_find_run(txn, origin, incarnation, sequence, &run, err);
    if (code == TDM_OK)
        *position = run.position + (sequence - run.run.first);
    if (code != TDM_NOT_FOUND)
        return code;
    code = tdm_ledger_get_notice(txn, origin, incarnation, sequence, &notice, err);
    if (code == TDM_OK)
        *position = notice.position;
    return code;
}

tdm_code tdm_ledger_event_find(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation,
                               uint64_t sequence, uint64_t *position, tdm_err *err)
{
    *position = 0;
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    code = find_position(txn, origin, incarnation, sequence, position, err);
    tdm_kv_abort(&txn);
    return code;
}

tdm_code tdm_ledger_head_at(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                            tdm_digest *out, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    run_row run;
    code = tdm_ledger_get_run(txn, origin, incarnation, last, &run, err);
    if (code == TDM_OK)
        *out = run.run.head;
    tdm_kv_abort(&txn);
    return code;
}

/* ---- runs for sending -------------------------------------------------------------------------- */

typedef struct gathering {
    tdm_kv_txn *txn;
    tdm_kv_cursor *events;
    tdm_kv_cursor *seals;
    const tdm_id *origin;
    uint64_t incarnation;
    size_t max_bytes;
    size_t max_runs;
    bool only_sealed;
    tdm_buf runs; /* of tdm_run */
    tdm_run_batch *out;
    size_t sealed_runs; /* how far a seal reaches: runs, bytes and events up to there */
    size_t sealed_bytes;
    size_t sealed_events;
} gathering;

static tdm_code add_run(gathering *g, const run_row *run, tdm_err *err)
{
    for (uint64_t sequence = run->run.first; sequence <= run->run.last; sequence++) {
        tdm_ledger_entry entry;
        tdm_code code = tdm_ledger_step_event_of_run(g->events, run, sequence, &entry, err);
        if (code == TDM_OK)
            code = add_event(&entry, &g->out->events, err);
        if (code != TDM_OK)
            return code;
    }
    g->out->run_count++;
    g->out->event_count += (size_t)(run->run.last - run->run.first) + 1;
    tdm_buf_add(&g->runs, &run->run, sizeof run->run);
    return g->runs.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for runs") : TDM_OK;
}

static tdm_code note_seal(gathering *g, uint64_t last, tdm_err *err)
{
    tdm_seal seal;
    g->out->has_seal = false;
    tdm_code code = tdm_ledger_seek_seal(g->seals, g->origin, g->incarnation, last, &seal, err);
    if (code == TDM_END)
        return TDM_OK;
    if (code != TDM_OK)
        return code;
    g->out->has_seal = seal.last == last;
    if (!g->out->has_seal)
        return TDM_OK;
    if (g->only_sealed && g->sealed_runs > 0 && memcmp(g->out->seal.key, seal.key, sizeof seal.key) != 0)
        return TDM_END; /* another key: cut_to_seal takes back what came since the last seal */
    g->out->seal = seal;
    g->sealed_runs = g->out->run_count;
    g->sealed_bytes = g->out->events.len;
    g->sealed_events = g->out->event_count;
    return TDM_OK;
}

/* The bounds hold once there is something to send: one run, or one sealed stretch where only that may go. */
static bool is_over(const gathering *g, size_t usable)
{
    return usable > 0 && (g->out->run_count > g->max_runs || g->out->events.len > g->max_bytes);
}

/* Whether a run will go beyond the bounds, if its events are as long as those before. */
static bool will_be_over(const gathering *g, const run_row *run, size_t usable)
{
    size_t events = (size_t)(run->run.last - run->run.first) + 1;
    return usable > 0
           && (g->out->run_count == g->max_runs
               || g->out->events.len + events * (g->out->events.len / g->out->event_count) > g->max_bytes);
}

/* Take one run, and give it back if it goes beyond the bounds: TDM_END. */
static tdm_code take_run(gathering *g, const run_row *run, tdm_err *err)
{
    size_t usable = g->only_sealed ? g->sealed_runs : g->out->run_count;
    if (will_be_over(g, run, usable)) /* not read for nothing */
        return TDM_END;
    size_t runs = g->out->run_count, events = g->out->event_count, bytes = g->out->events.len;
    tdm_code code = add_run(g, run, err);
    if (code != TDM_OK)
        return code;
    if (!is_over(g, usable))
        return note_seal(g, run->run.last, err);
    g->out->run_count = runs;
    g->out->event_count = events;
    g->out->events.len = bytes;
    return TDM_END;
}

static tdm_code gather(gathering *g, uint64_t from, tdm_err *err)
{
    tdm_kv_cursor *runs = NULL;
    tdm_code code = tdm_kv_cursor_open(g->txn, TABLE_RUNS, &runs, err);
    if (code == TDM_OK)
        code = tdm_kv_cursor_open(g->txn, TABLE_SEALS, &g->seals, err);
    if (code == TDM_OK)
        code = tdm_kv_cursor_open(g->txn, TABLE_EVENTS, &g->events, err);
    if (code != TDM_OK)
        return code;
    run_row run;
    code = tdm_ledger_seek_run(runs, g->origin, g->incarnation, from, &run, err);
    while (code == TDM_OK) {
        code = take_run(g, &run, err);
        if (code == TDM_OK)
            code = tdm_ledger_next_run(runs, g->origin, g->incarnation, &run, err);
    }
    return code == TDM_END ? TDM_OK : code;
}

static void cut_to_seal(gathering *g)
{
    g->out->run_count = g->sealed_runs;
    g->out->event_count = g->sealed_events;
    g->out->events.len = g->sealed_bytes;
    g->out->has_seal = g->sealed_runs > 0;
}

tdm_code tdm_ledger_runs(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                         size_t max_bytes, size_t max_runs, bool only_sealed, tdm_run_batch *out,
                         tdm_err *err)
{
    *out = (tdm_run_batch){ 0 };
    gathering g = { .origin = origin,
                    .incarnation = incarnation,
                    .max_bytes = max_bytes,
                    .max_runs = max_runs,
                    .only_sealed = only_sealed,
                    .out = out };
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &g.txn, err);
    if (code == TDM_OK)
        code = gather(&g, from, err);
    tdm_kv_abort(&g.txn);
    out->runs = (tdm_run *)g.runs.data;
    if (code != TDM_OK)
        tdm_run_batch_free(out);
    else if (only_sealed)
        cut_to_seal(&g);
    return code;
}

void tdm_run_batch_free(tdm_run_batch *batch)
{
    free(batch->runs);
    tdm_buf_free(&batch->events);
    *batch = (tdm_run_batch){ 0 };
}

/* ---- proofs ------------------------------------------------------------------------------------ */

static tdm_code prove_path(tdm_kv_txn *txn, const run_row *run, uint64_t sequence, tdm_proof *out,
                           tdm_err *err)
{
    size_t count = (size_t)(run->run.last - run->run.first) + 1;
    tdm_kv_cursor *events = NULL;
    tdm_digest *digests = malloc(count * sizeof *digests);
    if (digests == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a proof");
    tdm_code code = tdm_kv_cursor_open(txn, TABLE_EVENTS, &events, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        tdm_ledger_entry entry;
        code = tdm_ledger_step_event_of_run(events, run, run->run.first + i, &entry, err);
        if (code == TDM_OK)
            tdm_event_digest(entry.bytes, &digests[i]);
    }
    if (code == TDM_OK)
        tdm_proof_path(digests, count, (size_t)(sequence - run->run.first), out);
    free(digests);
    return code;
}

static tdm_code not_sealed(uint64_t sequence, tdm_err *err)
{
    return tdm_fail(err, TDM_BUSY, 0, "no seal covers sequence %llu within %d runs yet",
                    (unsigned long long)sequence, TDM_PROOF_ROOTS_MAX);
}

/* The roots from the event's run on to the first sealed one, and that seal. */
static tdm_code prove_seal(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, const run_row *run,
                           tdm_proof *out, tdm_err *err)
{
    tdm_kv_cursor *runs = NULL, *seals = NULL;
    run_row later;
    tdm_code code = tdm_kv_cursor_open(txn, TABLE_RUNS, &runs, err);
    if (code == TDM_OK)
        code = tdm_kv_cursor_open(txn, TABLE_SEALS, &seals, err);
    if (code == TDM_OK)
        code = tdm_ledger_seek_seal(seals, origin, incarnation, run->run.last, &out->seal, err);
    if (code == TDM_END)
        return not_sealed(run->run.first, err);
    if (code == TDM_OK)
        code = tdm_ledger_seek_run(runs, origin, incarnation, run->run.last, &later, err);
    while (code == TDM_OK && later.run.last < out->seal.last) {
        code = tdm_ledger_next_run(runs, origin, incarnation, &later, err);
        if (code == TDM_OK && out->root_count == TDM_PROOF_ROOTS_MAX)
            return not_sealed(run->run.first, err);
        if (code == TDM_OK)
            out->roots[out->root_count++] = later.run.root;
    }
    if (code == TDM_END)
        return tdm_fail(err, TDM_CORRUPT, 0, "the seal at %llu ends no run",
                        (unsigned long long)out->seal.last);
    return code;
}

static tdm_code prove_run(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                          const run_row *run, tdm_proof *out, tdm_err *err)
{
    run_row before;
    out->first = run->run.first;
    out->last = run->run.last;
    tdm_code code = TDM_OK;
    if (run->run.first > 1) {
        code = tdm_ledger_get_run(txn, origin, incarnation, run->run.first - 1, &before, err);
        if (code == TDM_OK)
            out->previous_head = before.run.head;
        else if (code == TDM_NOT_FOUND)
            code =
                tdm_fail(err, TDM_CORRUPT, 0, "no run ends at %llu", (unsigned long long)run->run.first - 1);
    }
    if (code == TDM_OK)
        code = prove_seal(txn, origin, incarnation, run, out, err);
    return code == TDM_OK ? prove_path(txn, run, sequence, out, err) : code;
}

static tdm_code prove(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                      tdm_proof *out, tdm_err *err)
{
    run_row run;
    notice_row notice;
    tdm_code code = tdm_ledger_find_run(txn, origin, incarnation, sequence, &run, err);
    tdm_code held = code;
    if (code == TDM_OK)
        code = prove_run(txn, origin, incarnation, sequence, &run, out, err);
    if (code != TDM_NOT_FOUND && code != TDM_BUSY)
        return code;
    code = tdm_ledger_get_notice(txn, origin, incarnation, sequence, &notice, err);
    if (code == TDM_OK)
        return tdm_proof_decode(notice.proof, out, err);
    return code == TDM_NOT_FOUND && held == TDM_OK ? not_sealed(sequence, err) : code;
}

tdm_code tdm_ledger_proof(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                          tdm_proof *out, tdm_err *err)
{
    *out = (tdm_proof){ 0 };
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    code = prove(txn, origin, incarnation, sequence, out, err);
    tdm_kv_abort(&txn);
    return code;
}

/* ---- every run --------------------------------------------------------------------------------- */

static tdm_code visit_run(tdm_kv_cursor *seals, tdm_span key, tdm_span row, tdm_ledger_seal_visit *visit,
                          void *context, tdm_err *err)
{
    tdm_id origin = { { 0 } };
    uint64_t incarnation = 0, last = 0;
    run_row run;
    tdm_seal seal;
    bool named = tdm_key_split(key, &origin, &incarnation, &last);
    if (!named || !tdm_row_is_sound(key, row, RUN_ROW_BYTES) || !tdm_run_row_read(key, row, &run))
        return tdm_ledger_row_is_damaged(err, "runs", &origin, incarnation, last);
    tdm_code code = tdm_ledger_seek_seal(seals, &origin, incarnation, last, &seal, err);
    if (code != TDM_OK && code != TDM_END)
        return code;
    bool sealed = code == TDM_OK && seal.last == last;
    return visit(context, &origin, incarnation, &run.run, sealed ? &seal : NULL, err);
}

/* Up to RUNS_PER_READ runs behind `after`, which moves along. TDM_OK while there may be more. */
static tdm_code visit_some_runs(tdm_kv_txn *txn, tdm_run_place *after, tdm_ledger_seal_visit *visit,
                                void *context, tdm_err *err)
{
    tdm_kv_cursor *runs = NULL, *seals = NULL;
    row_key from = tdm_key_of_sequence(&after->origin, after->incarnation, after->last);
    tdm_span key, row;
    tdm_code code = tdm_kv_cursor_open(txn, TABLE_RUNS, &runs, err);
    if (code == TDM_OK)
        code = tdm_kv_cursor_open(txn, TABLE_SEALS, &seals, err);
    if (code == TDM_OK && after->last > 0)
        code = tdm_kv_cursor_seek_last(runs, key_span(&from), &key, &row);
    for (size_t i = 0; code == TDM_OK && i < RUNS_PER_READ; i++) {
        code = tdm_kv_cursor_next(runs, &key, &row);
        if (code == TDM_OK)
            code = visit_run(seals, key, row, visit, context, err);
        if (code == TDM_OK) /* a key that was visited has its parts */
            tdm_key_split(key, &after->origin, &after->incarnation, &after->last);
    }
    return tdm_kv_failure(txn)->code == TDM_OK ? code : tdm_kv_failed(txn, err);
}

tdm_code tdm_ledger_some_runs(tdm_ledger *ledger, tdm_run_place *after, tdm_ledger_seal_visit *visit,
                              void *context, tdm_err *err)
{
    tdm_kv_txn *txn = NULL;
    tdm_code code = tdm_kv_begin(ledger->kv, TDM_KV_READ_ONLY, &txn, err);
    if (code == TDM_OK)
        code = visit_some_runs(txn, after, visit, context, err);
    tdm_kv_abort(&txn);
    return code;
}

tdm_code tdm_ledger_each_run(tdm_ledger *ledger, tdm_ledger_seal_visit *visit, void *context, tdm_err *err)
{
    tdm_run_place after = { .last = 0 };
    tdm_code code = TDM_OK;
    while (code == TDM_OK)
        code = tdm_ledger_some_runs(ledger, &after, visit, context, err);
    return code == TDM_END ? TDM_OK : code;
}
