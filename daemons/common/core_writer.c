/* SPDX-License-Identifier: MPL-2.0
 *
 * core_writer.c: the one writer of a store. It takes everything that waits, writes it in one transaction,
 * syncs once and answers all; while a sync runs the next group gathers by itself. Nothing waits on purpose,
 * and no answer leaves before the commit.
 */
#include "core_inner.h"
#include "clock.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUESTS_AT_ONCE 512

typedef enum request_kind {
    REQUEST_STATE,
    REQUEST_KEEP,
    REQUEST_NOTICES,
    REQUEST_LOCAL,
    REQUEST_ASIDE
} request_kind;

/* A caller that blocks until its request is durable. */
typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done_signal;
    bool done;
    tdm_code code;
    tdm_err err;
    tdm_stated stated;
} waiter;

typedef struct request {
    request_kind kind;
    waiter *waiter;          /* STATE, LOCAL */
    tdm_queue *answers;      /* KEEP, NOTICES */
    tdm_core_done *done;     /* KEEP, NOTICES: made beforehand, so that an answer cannot fail for memory */
    const tdm_draft *drafts; /* STATE: borrowed from the waiting caller */
    size_t draft_count;
    const char *local_name; /* LOCAL: borrowed from the waiting caller */
    tdm_span local_value;
    tdm_id origin; /* KEEP, ASIDE */
    uint64_t incarnation;
    tdm_run *runs; /* KEEP: own copies from here on */
    size_t run_count;
    tdm_span *spans;
    size_t event_count;
    bool has_seal;
    tdm_seal seal;
    tdm_id epoch; /* NOTICES */
    uint64_t *numbers;
    tdm_event *events;
    tdm_proof *proofs;
    char reason[32]; /* ASIDE */
    uint8_t *bytes;  /* KEEP, NOTICES, ASIDE: what the spans point into */
    size_t byte_count;
    tdm_code code;
} request;

static void request_free(request *item)
{
    if (item == NULL)
        return;
    free(item->done);
    free(item->runs);
    free(item->spans);
    free(item->numbers);
    free(item->events);
    free(item->proofs);
    free(item->bytes);
    free(item);
}

/* ---- own events
 * ------------------------------------------------------------------------------------------------------- */

/* Fill the run that begins at drafts[0] with as many events as a run may hold; returns how many, 0 on
 * failure. */
static size_t encode_run(const core_own_log *own, const tdm_draft *drafts, size_t count, int64_t recorded_ms,
                         tdm_buf *bytes, size_t *offsets, tdm_digest *digests, tdm_err *err)
{
    size_t taken = 0;
    tdm_buf_clear(bytes);
    while (taken < count && taken < TDM_RUN_EVENTS_MAX) {
        const tdm_draft *draft = &drafts[taken];
        tdm_event event = { .origin = own->origin,
                            .incarnation = own->incarnation,
                            .sequence = own->last + taken + 1,
                            .type = draft->type,
                            .author = draft->author,
                            .subject = draft->subject,
                            .fact = draft->fact,
                            .event_ms = draft->event_ms,
                            .event_offset_min = draft->event_offset_min,
                            .recorded_ms = recorded_ms };
        offsets[taken] = bytes->len;
        if (tdm_event_encode(&event, draft->payload, bytes, err) != TDM_OK)
            return 0;
        if (bytes->len > TDM_RUN_BYTES_MAX && taken > 0) {
            bytes->len = offsets[taken];
            break;
        }
        tdm_event_digest((tdm_span){ bytes->data + offsets[taken], bytes->len - offsets[taken] },
                         &digests[taken]);
        taken++;
    }
    offsets[taken] = bytes->len;
    return taken;
}

static tdm_code append_one_run(tdm_ledger_txn *txn, core_own_log *own, const tdm_seal_key *key, size_t count,
                               const tdm_buf *bytes, const size_t *offsets, tdm_span *spans,
                               tdm_digest *digests, int64_t now, tdm_err *err)
{
    for (size_t i = 0; i < count; i++)
        spans[i] = (tdm_span){ bytes->data + offsets[i], offsets[i + 1] - offsets[i] };
    tdm_run run = { .first = own->last + 1, .last = own->last + count };
    tdm_run_root(digests, count, &run.root);
    tdm_run_head(&own->head, &run.root, &run.head);
    tdm_code code = tdm_ledger_append_run(txn, &own->origin, own->incarnation, &run, spans, now, err);
    if (code != TDM_OK)
        return code;
    own->last = run.last;
    own->head = run.head;
    tdm_seal seal;
    tdm_seal_sign(key, &own->origin, own->incarnation, own->last, &own->head, &seal);
    return tdm_ledger_put_seal(txn, &own->origin, own->incarnation, &seal, err);
}

typedef struct run_scratch {
    size_t offsets[TDM_RUN_EVENTS_MAX + 1];
    tdm_digest digests[TDM_RUN_EVENTS_MAX];
    tdm_span spans[TDM_RUN_EVENTS_MAX];
} run_scratch;

tdm_code core_own_append(tdm_ledger_txn *txn, core_own_log *own, const tdm_seal_key *key,
                         const tdm_draft *drafts, size_t count, int64_t recorded_ms, tdm_err *err)
{
    run_scratch *scratch = malloc(sizeof *scratch);
    tdm_buf bytes = { 0 };
    tdm_code code = scratch == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory to write a run") : TDM_OK;
    while (code == TDM_OK && count > 0) {
        tdm_err why = { .code = TDM_INVALID };
        size_t taken =
            encode_run(own, drafts, count, recorded_ms, &bytes, scratch->offsets, scratch->digests, &why);
        if (taken == 0 || bytes.failed) {
            code = tdm_fail(err, TDM_MALFORMED, 0, "a fact does not fit the schema: %s", why.what);
            break;
        }
        code = append_one_run(txn, own, key, taken, &bytes, scratch->offsets, scratch->spans,
                              scratch->digests, recorded_ms, err);
        drafts += taken;
        count -= taken;
    }
    tdm_buf_free(&bytes);
    free(scratch);
    return code;
}

/* Before anything is written: would each draft pass? So that one bad draft never spoils a group. */
static tdm_code check_drafts(const tdm_core *core, const tdm_draft *drafts, size_t count, tdm_err *err)
{
    tdm_buf bytes = { 0 };
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        tdm_event event = { .origin = core->identity.origin,
                            .incarnation = core->identity.incarnation,
                            .sequence = INT64_MAX,
                            .type = drafts[i].type,
                            .author = drafts[i].author,
                            .subject = drafts[i].subject,
                            .fact = drafts[i].fact,
                            .event_ms = drafts[i].event_ms,
                            .event_offset_min = drafts[i].event_offset_min };
        tdm_buf_clear(&bytes);
        tdm_err why = { .code = TDM_OK };
        if (tdm_event_encode(&event, drafts[i].payload, &bytes, &why) != TDM_OK)
            code = tdm_fail(err, TDM_MALFORMED, 0, "fact %zu of %zu does not fit the schema: %s", i + 1,
                            count, why.what);
    }
    tdm_buf_free(&bytes);
    return code;
}

/* ---- one request within a group
 * ------------------------------------------------------------------------------------------ */

typedef struct group {
    tdm_core *core;
    tdm_ledger_txn *txn;
    core_own_log own;
    int64_t now;
    tdm_err err;
} group;

static tdm_code write_state(group *g, request *item)
{
    item->waiter->stated.first = g->own.last + 1;
    tdm_code code = core_own_append(g->txn, &g->own, &g->core->identity.seal, item->drafts, item->draft_count,
                                    g->now, &g->err);
    item->waiter->stated.last = g->own.last;
    return code;
}

/* A batch that cannot follow what is held concerns its own link alone; of a fork both sides are kept. */
static tdm_code give_back(group *g, request *item, tdm_code why)
{
    item->code = why;
    if (why != TDM_CONFLICT)
        return TDM_OK;
    return tdm_ledger_set_aside(g->txn, &item->origin, "fork", (tdm_span){ item->bytes, item->byte_count },
                                g->now, &g->err);
}

static tdm_code write_keep(group *g, request *item)
{
    const tdm_span *spans = item->spans;
    tdm_code result = TDM_OK;
    for (size_t i = 0; i < item->run_count; i++) {
        const tdm_run *run = &item->runs[i];
        tdm_err why;
        tdm_code code =
            tdm_ledger_append_run(g->txn, &item->origin, item->incarnation, run, spans, g->now, &why);
        spans += run->last - run->first + 1;
        if (code == TDM_CONFLICT || code == TDM_INVALID)
            return give_back(g, item, code);
        if (code != TDM_OK && code != TDM_EXISTS)
            return code;
        result = code;
    }
    item->code = result == TDM_EXISTS ? TDM_EXISTS : TDM_OK;
    if (!item->has_seal)
        return TDM_OK;
    return tdm_ledger_put_seal(g->txn, &item->origin, item->incarnation, &item->seal, &g->err);
}

static tdm_code write_notices(group *g, request *item)
{
    for (size_t i = 0; i < item->event_count; i++) {
        tdm_err why;
        tdm_code code = tdm_ledger_append_notice(g->txn, &item->events[i], &item->proofs[i], g->now, &why);
        if (code == TDM_CONFLICT)
            code = tdm_ledger_set_aside(g->txn, &item->events[i].origin, "notice-conflict",
                                        item->events[i].bytes, g->now, &why);
        if (code != TDM_OK && code != TDM_EXISTS)
            return code;
    }
    uint8_t cursor[24];
    memcpy(cursor, item->epoch.bytes, 16);
    tdm_incarnation_bytes(item->numbers[item->event_count - 1], cursor + 16);
    return tdm_ledger_local_put(g->txn, tdm_span_text(CORE_CURSOR_NAME), (tdm_span){ cursor, sizeof cursor });
}

static tdm_code write_local(group *g, request *item)
{
    return tdm_ledger_local_put(g->txn, tdm_span_text(item->local_name), item->local_value);
}

static tdm_code write_aside(group *g, request *item)
{
    return tdm_ledger_set_aside(g->txn, &item->origin, item->reason,
                                (tdm_span){ item->bytes, item->byte_count }, g->now, &g->err);
}

static tdm_code (*const WRITE[])(group *, request *) = {
    [REQUEST_STATE] = write_state, [REQUEST_KEEP] = write_keep,   [REQUEST_NOTICES] = write_notices,
    [REQUEST_LOCAL] = write_local, [REQUEST_ASIDE] = write_aside,
};

/* ---- answers
 * -------------------------------------------------------------------------------------------------------------
 */

static void answer_waiter(waiter *waiting, tdm_code code, const tdm_err *err, uint64_t position)
{
    pthread_mutex_lock(&waiting->lock);
    waiting->code = code;
    if (err != NULL)
        waiting->err = *err;
    waiting->stated.position = position;
    waiting->done = true;
    pthread_cond_signal(&waiting->done_signal);
    pthread_mutex_unlock(&waiting->lock);
}

static void answer(request *item, tdm_code code, const tdm_err *err, uint64_t position)
{
    if (item->waiter != NULL) {
        answer_waiter(item->waiter, code, err, position);
    } else if (item->done != NULL) {
        item->done->code = code != TDM_OK ? code : item->code;
        void *done = item->done;
        /* The listener's queue is sized for all that may be in flight; a closed one means nobody waits. */
        if (tdm_queue_push(item->answers, &done) == TDM_OK)
            item->done = NULL;
    }
    request_free(item);
}

/* ---- a group
 * ----------------------------------------------------------------------------------------------------------------
 */

static tdm_code read_own_tip(tdm_core *core, core_own_log *own, tdm_err *err)
{
    tdm_tip tip;
    tdm_code code =
        tdm_ledger_tip(core->ledger, &core->identity.origin, core->identity.incarnation, &tip, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    *own = (core_own_log){ tip.origin, tip.incarnation, tip.last, tip.head };
    return TDM_OK;
}

static tdm_code write_group(group *g, request **items, size_t count)
{
    tdm_code code = read_own_tip(g->core, &g->own, &g->err);
    if (code == TDM_OK)
        code = tdm_ledger_begin(g->core->ledger, &g->txn, &g->err);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        code = WRITE[items[i]->kind](g, items[i]);
    if (code != TDM_OK) {
        tdm_ledger_abort(&g->txn);
        return code;
    }
    return tdm_ledger_commit(&g->txn, &g->err);
}

#ifdef TANDEM_FAULT_ACK_FIRST
/* A fault for the control of the kill tests, never in a daemon that is installed: acknowledge, then commit a
 * while later. */
static void acknowledge_first(request **items, size_t count)
{
    static const struct timespec A_WHILE = { .tv_nsec = 30000000 };
    for (size_t i = 0; i < count; i++) {
        void *done = items[i]->done;
        if (done != NULL && tdm_queue_push(items[i]->answers, &done) == TDM_OK)
            items[i]->done = NULL;
    }
    nanosleep(&A_WHILE, NULL);
}
#endif

static void commit_group(tdm_core *core, request **items, size_t count)
{
    group g = { .core = core, .now = tdm_clock_wall_ms() };
#ifdef TANDEM_FAULT_ACK_FIRST
    acknowledge_first(items, count);
#endif
    tdm_code code = write_group(&g, items, count);
    if (code != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "STORE-COMMIT-FAILED", &g.err);
    uint64_t position = atomic_load(&core->committed);
    if (code == TDM_OK && tdm_ledger_last_position(core->ledger, &position, NULL) == TDM_OK)
        atomic_store(&core->committed, position);
    for (size_t i = 0; i < count; i++)
        answer(items[i], code, code == TDM_OK ? NULL : &g.err, position);
    if (code == TDM_OK)
        core_tell_grown(core);
}

/* The fold's lag is bounded: the writer waits, requests queue up, and the links' windows fill. */
static void wait_for_fold(tdm_core *core)
{
    pthread_mutex_lock(&core->lock);
    while (!core->stopping && core->follow_failed == TDM_OK
           && atomic_load(&core->committed) - atomic_load(&core->folded) > CORE_LAG_MAX)
        pthread_cond_wait(&core->changed, &core->lock);
    pthread_mutex_unlock(&core->lock);
}

static size_t request_events(const request *item)
{
    return item->draft_count + item->event_count + 1;
}

static void *write_on(void *argument)
{
    tdm_core *core = argument;
    void *items[REQUESTS_AT_ONCE];
    size_t count;
    while ((count = tdm_queue_wait(core->requests, items, REQUESTS_AT_ONCE)) > 0) {
        for (size_t done = 0; done < count;) {
            size_t events = 0;
            size_t until = done;
            while (until < count && (until == done || events < core->gather_events))
                events += request_events(items[until++]);
            wait_for_fold(core);
            commit_group(core, (request **)items + done, until - done);
            done = until;
        }
    }
    return NULL;
}

tdm_code core_writer_start(tdm_core *core, tdm_err *err)
{
    tdm_code code = tdm_queue_open(&core->requests, CORE_REQUESTS_MAX, err);
    if (code != TDM_OK)
        return code;
    int failed = pthread_create(&core->writer, NULL, write_on, core);
    if (failed != 0)
        return tdm_fail(err, TDM_INTERNAL, failed, "could not start the writer's thread");
    core->writer_runs = true;
    return TDM_OK;
}

void core_writer_stop(tdm_core *core)
{
    if (core->requests != NULL)
        tdm_queue_close(core->requests);
    if (core->writer_runs)
        pthread_join(core->writer, NULL);
    core->writer_runs = false;
    tdm_queue_destroy(&core->requests, NULL);
}

/* ---- asking
 * --------------------------------------------------------------------------------------------------------------------
 */

static tdm_code refuse_read_only(const tdm_core *core, tdm_err *err)
{
    return core->read_only ? tdm_fail(err, TDM_DENIED, 0, "the store is open for reading only") : TDM_OK;
}

static tdm_code ask_and_wait(tdm_core *core, request *item, tdm_stated *stated, tdm_err *err)
{
    waiter waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .done_signal = PTHREAD_COND_INITIALIZER };
    item->waiter = &waiting;
    void *pointer = item;
    if (tdm_queue_push(core->requests, &pointer) != TDM_OK) {
        request_free(item);
        return tdm_fail(err, TDM_UNREACHABLE, 0, "the store is closing");
    }
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.done)
        pthread_cond_wait(&waiting.done_signal, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    if (err != NULL && waiting.code != TDM_OK)
        *err = waiting.err;
    if (stated != NULL)
        *stated = waiting.stated;
    return waiting.code;
}

static request *request_new(request_kind kind)
{
    request *item = calloc(1, sizeof *item);
    if (item != NULL)
        item->kind = kind;
    return item;
}

tdm_code tdm_core_state(tdm_core *core, const tdm_draft *drafts, size_t count, tdm_stated *out, tdm_err *err)
{
    tdm_code code = refuse_read_only(core, err);
    if (code == TDM_OK)
        code = check_drafts(core, drafts, count, err);
    if (code != TDM_OK)
        return code;
    request *item = request_new(REQUEST_STATE);
    if (item == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to state %zu facts", count);
    item->drafts = drafts;
    item->draft_count = count;
    return ask_and_wait(core, item, out, err);
}

tdm_code tdm_core_local_put(tdm_core *core, const char *name, tdm_span value, tdm_err *err)
{
    tdm_code code = refuse_read_only(core, err);
    if (code != TDM_OK)
        return code;
    request *item = request_new(REQUEST_LOCAL);
    if (item == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to keep \"%s\"", name);
    item->local_name = name;
    item->local_value = value;
    return ask_and_wait(core, item, NULL, err);
}

static tdm_code push_or_free(tdm_core *core, request *item)
{
    void *pointer = item;
    tdm_code code = tdm_queue_try_push(core->requests, &pointer);
    if (code != TDM_OK)
        request_free(item);
    return code == TDM_OK ? TDM_OK : TDM_BUSY;
}

static bool attach_answer(request *item, tdm_queue *queue, void *owner, uint64_t token, int what)
{
    item->answers = queue;
    item->done = calloc(1, sizeof *item->done);
    if (item->done == NULL)
        return false;
    item->done->owner = owner;
    item->done->token = token;
    item->done->what = what;
    item->done->events = item->event_count;
    return true;
}

static void *copy_of(const void *data, size_t bytes)
{
    void *copy = malloc(bytes == 0 ? 1 : bytes);
    if (copy != NULL && bytes > 0)
        memcpy(copy, data, bytes);
    return copy;
}

tdm_code tdm_core_keep(tdm_core *core, tdm_queue *queue, const tdm_log_batch *batch, void *owner,
                       uint64_t token)
{
    request *item = request_new(REQUEST_KEEP);
    if (item == NULL)
        return TDM_BUSY;
    item->origin = batch->origin;
    item->incarnation = batch->incarnation;
    item->run_count = batch->run_count;
    item->event_count = batch->event_count;
    item->has_seal = batch->has_seal;
    item->seal = batch->seal;
    item->runs = copy_of(batch->runs, batch->run_count * sizeof *batch->runs);
    item->spans = copy_of(batch->event_spans, batch->event_count * sizeof *batch->event_spans);
    item->bytes = copy_of(batch->events.data, batch->events.len);
    item->byte_count = batch->events.len;
    if (item->runs == NULL || item->spans == NULL || item->bytes == NULL
        || !attach_answer(item, queue, owner, token, TDM_DONE_KEPT)) {
        request_free(item);
        return TDM_BUSY;
    }
    item->done->head = item->runs[item->run_count - 1].head;
    for (size_t i = 0; i < item->event_count; i++)
        item->spans[i].data = item->bytes + (batch->event_spans[i].data - batch->events.data);
    return push_or_free(core, item);
}

/* Events of a notice batch come from one frame, but not in one piece: copy each behind the other. */
static bool copy_events(request *item, const tdm_notice_batch *batch)
{
    size_t bytes = 0;
    for (size_t i = 0; i < batch->count; i++)
        bytes += batch->events[i].bytes.len;
    item->bytes = malloc(bytes == 0 ? 1 : bytes);
    if (item->bytes == NULL)
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        tdm_span from = batch->events[i].bytes;
        uint8_t *to = item->bytes + item->byte_count;
        memcpy(to, from.data, from.len);
        item->byte_count += from.len;
        if (tdm_event_peek((tdm_span){ to, from.len }, &item->events[i], NULL) != TDM_OK)
            return false;
    }
    return true;
}

tdm_code tdm_core_keep_notices(tdm_core *core, tdm_queue *queue, const tdm_notice_batch *batch, void *owner,
                               uint64_t token)
{
    request *item = request_new(REQUEST_NOTICES);
    if (item == NULL || batch->count == 0) {
        request_free(item);
        return TDM_BUSY;
    }
    item->epoch = batch->epoch;
    item->event_count = batch->count;
    item->numbers = copy_of(batch->numbers, batch->count * sizeof *batch->numbers);
    item->events = calloc(batch->count, sizeof *item->events);
    item->proofs = copy_of(batch->proofs, batch->count * sizeof *batch->proofs);
    if (item->numbers == NULL || item->events == NULL || item->proofs == NULL || !copy_events(item, batch)
        || !attach_answer(item, queue, owner, token, TDM_DONE_NOTICES)) {
        request_free(item);
        return TDM_BUSY;
    }
    return push_or_free(core, item);
}

tdm_code tdm_core_set_aside(tdm_core *core, const tdm_id *origin, const char *reason, tdm_span bytes)
{
    request *item = request_new(REQUEST_ASIDE);
    if (item == NULL)
        return TDM_BUSY;
    item->origin = *origin;
    strncpy(item->reason, reason, sizeof item->reason - 1);
    item->bytes = copy_of(bytes.data, bytes.len);
    item->byte_count = bytes.len;
    if (item->bytes == NULL) {
        request_free(item);
        return TDM_BUSY;
    }
    return push_or_free(core, item);
}
