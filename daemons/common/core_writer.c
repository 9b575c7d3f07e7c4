/* SPDX-License-Identifier: MPL-2.0
 *
 * core_writer.c: the one writer of a store. It takes everything that waits, writes it in one transaction,
 * syncs once and answers all; while a sync runs the next group gathers by itself. Nothing waits on purpose,
 * and no answer leaves before the commit.
 */
#include "core_request.h"
#include "clock.h"
#include "log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUESTS_AT_ONCE 512
#define MAP_TRIES 12 /* a group that does not fit the map is tried so often while it grows */

/* ---- one request within a group
 * ------------------------------------------------------------------------------------------ */

typedef struct group {
    tdm_core *core;
    tdm_ledger_txn *txn;
    core_own_log own;
    tdm_seal_key seal;
    int64_t now;
    tdm_err err;
} group;

static tdm_code write_state(group *g, core_request *item)
{
    item->waiter->stated.first = g->own.last + 1;
    tdm_code code =
        core_own_append(g->txn, &g->own, &g->seal, item->drafts, item->draft_count, g->now, &g->err);
    item->waiter->stated.last = g->own.last;
    return code;
}

/* A batch that cannot follow what is held concerns its own link alone; of a fork both sides are kept. */
static tdm_code give_back(group *g, core_request *item, tdm_code why)
{
    item->code = why;
    if (why != TDM_CONFLICT)
        return TDM_OK;
    return tdm_ledger_set_aside(g->txn, &item->origin, "fork", (tdm_span){ item->bytes, item->byte_count },
                                g->now, &g->err);
}

static tdm_code write_keep(group *g, core_request *item)
{
    const tdm_span *spans = item->spans;
    tdm_code result = TDM_OK;
    for (size_t i = 0; i < item->run_count; i++) {
        const tdm_run *run = &item->runs[i];
        tdm_code code =
            tdm_ledger_append_run(g->txn, &item->origin, item->incarnation, run, spans, g->now, &g->err);
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

static tdm_code write_notices(group *g, core_request *item)
{
    for (size_t i = 0; i < item->event_count; i++) {
        tdm_code code = tdm_ledger_append_notice(g->txn, &item->events[i], &item->proofs[i], g->now, &g->err);
        if (code == TDM_CONFLICT)
            code = tdm_ledger_set_aside(g->txn, &item->events[i].origin, "notice-conflict",
                                        item->events[i].bytes, g->now, &g->err);
        if (code != TDM_OK && code != TDM_EXISTS)
            return code;
    }
    uint8_t cursor[24];
    memcpy(cursor, item->epoch.bytes, 16);
    tdm_incarnation_bytes(item->numbers[item->event_count - 1], cursor + 16);
    return tdm_ledger_local_put(g->txn, tdm_span_text(CORE_CURSOR_NAME), (tdm_span){ cursor, sizeof cursor });
}

static tdm_code write_local(group *g, core_request *item)
{
    tdm_code code = tdm_ledger_local_put(g->txn, tdm_span_text(item->local_name), item->local_value);
    return code == TDM_OK ? code : tdm_fail(&g->err, code, 0, "\"%.100s\" cannot be kept", item->local_name);
}

static tdm_code write_aside(group *g, core_request *item)
{
    return tdm_ledger_set_aside(g->txn, &item->origin, item->reason,
                                (tdm_span){ item->bytes, item->byte_count }, g->now, &g->err);
}

static tdm_code (*const WRITE[])(group *, core_request *) = {
    [REQUEST_STATE] = write_state, [REQUEST_KEEP] = write_keep,   [REQUEST_NOTICES] = write_notices,
    [REQUEST_LOCAL] = write_local, [REQUEST_ASIDE] = write_aside,
};

/* ---- answers
 * -------------------------------------------------------------------------------------------------------------
 */

static void answer_waiter(core_waiter *waiting, tdm_code code, const tdm_err *err, uint64_t position)
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

static void answer(core_request *item, tdm_code code, const tdm_err *err, uint64_t position)
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
    core_request_free(item);
}

/* ---- a group
 * ----------------------------------------------------------------------------------------------------------------
 */

static tdm_code read_own_tip(tdm_core *core, core_own_log *own, tdm_err *err)
{
    tdm_tip tip;
    tdm_code code =
        tdm_ledger_tip(core->ledger, &core->identity.self.origin, core->identity.self.incarnation, &tip, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    *own = (core_own_log){ tip.origin, tip.incarnation, tip.last, tip.head };
    return TDM_OK;
}

static tdm_code write_group(group *g, core_request **items, size_t count)
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
static void acknowledge_first(core_request **items, size_t count)
{
    static const struct timespec A_WHILE = { .tv_nsec = 700000000 };
    for (size_t i = 0; i < count; i++) {
        void *done = items[i]->done;
        if (done != NULL && tdm_queue_push(items[i]->answers, &done) == TDM_OK)
            items[i]->done = NULL;
    }
    nanosleep(&A_WHILE, NULL);
}
#endif

/* Where the ledger is now: also after a commit that failed, for it may have reached the disk all the same. */
static uint64_t read_position(tdm_core *core)
{
    uint64_t position = atomic_load(&core->committed);
    if (tdm_ledger_last_position(core->ledger, &position, NULL) == TDM_OK)
        atomic_store(&core->committed, position);
    return position;
}

/* A full or failing disk concerns everybody; whatever else went wrong is one request's own trouble. */
static bool is_of_one(tdm_code code)
{
    return code != TDM_OK && code != TDM_FULL && code != TDM_IO;
}

/* The map grows between transactions: a full one is worth another try while it does. */
static tdm_code write_as_map_grows(group *g, core_request **items, size_t count)
{
    tdm_code code = TDM_FULL;
    uint64_t map_before = 0;
    for (int i = 0; i < MAP_TRIES && code == TDM_FULL; i++) {
        tdm_kv_stats stats;
        code = write_group(g, items, count);
        if (code != TDM_FULL || tdm_kv_stat(tdm_ledger_kv(g->core->ledger), &stats, NULL) != TDM_OK
            || stats.map_bytes == map_before)
            break;
        map_before = stats.map_bytes;
    }
    return code;
}

static void commit_group(tdm_core *core, core_request **items, size_t count)
{
    group g = { .core = core, .now = tdm_clock_wall_ms() };
#ifdef TANDEM_FAULT_ACK_FIRST
    acknowledge_first(items, count);
#endif
    tdm_core_seal_key(core, &g.seal);
    tdm_code code = write_as_map_grows(&g, items, count);
    sodium_memzero(&g.seal, sizeof g.seal);
    if (is_of_one(code) && count > 1) {
        for (size_t i = 0; i < count; i++)
            commit_group(core, &items[i], 1);
        return;
    }
    if (code != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "STORE-COMMIT-FAILED", &g.err);
    uint64_t position = read_position(core);
    for (size_t i = 0; i < count; i++)
        answer(items[i], code, code == TDM_OK ? NULL : &g.err, position);
    core_tell_grown(core); /* also after a failure: see read_position */
}

/* The fold's lag is bounded: the writer waits, requests queue up, and the links' windows fill. */
static void wait_for_fold(tdm_core *core)
{
    if (tdm_core_fold_lag(core) <= core->lag_max)
        return;
    pthread_mutex_lock(&core->lock);
    core->fold_waiters++;
    pthread_cond_signal(&core->pressed);
    /* A swap waits for whoever has the fold, who may be waiting for this writer. */
    while (!core->stopping && core->follow_failed == TDM_OK && !core->swap_wanted && core->fold != NULL
           && tdm_core_fold_lag(core) > core->lag_max)
        pthread_cond_wait(&core->changed, &core->lock);
    core->fold_waiters--;
    pthread_mutex_unlock(&core->lock);
}

static size_t request_events(const core_request *item)
{
    return item->draft_count + item->event_count + 1;
}

static void *write_on(void *argument)
{
    pthread_setname_np(pthread_self(), "writer"); /* as top -H shows it */
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
            commit_group(core, (core_request **)items + done, until - done);
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
