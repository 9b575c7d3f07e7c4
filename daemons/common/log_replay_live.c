/* SPDX-License-Identifier: MPL-2.0
 *
 * log_replay_live.c: a log into a running core: sealed batches go to its writer as those of a link do, and
 * are as durable when it says so.
 */
#include "log_replay_inner.h"

#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { UNDER_WAY_MAX = 32 };

typedef struct replay_live {
    tdm_core *core;
    tdm_queue *done;
    int grew_fd;
    size_t under_way;
    /* runs that wait for their seal: all of one log */
    log_state log;
    tdm_buf bytes;
    tdm_run runs[TDM_FRAME_RUNS_MAX];
    size_t run_count;
    size_t lengths[TDM_FRAME_EVENTS_MAX];
    size_t event_count;
} replay_live;

static bool is_of(const replay_live *live, const log_state *log)
{
    return live->log.incarnation == log->incarnation && tdm_id_equal(&live->log.origin, &log->origin);
}

static tdm_code unsealed(tdm_err *err)
{
    return tdm_fail(err, TDM_INVALID, 0,
                    "events whose seal does not follow: a running daemon takes sealed ones alone");
}

static tdm_code live_run(replaying *r, log_state *log, const tdm_run *run, const tdm_span *events,
                         tdm_err *err)
{
    replay_live *live = r->live;
    size_t count = (size_t)(run->last - run->first) + 1;
    if (tdm_id_equal(&log->origin, tdm_core_origin(live->core))
        && log->incarnation == tdm_core_incarnation(live->core))
        return TDM_CONFLICT;
    if ((live->run_count > 0 && !is_of(live, log)) || live->run_count == TDM_FRAME_RUNS_MAX
        || live->event_count + count > TDM_FRAME_EVENTS_MAX)
        return unsealed(err);
    live->log = *log;
    live->runs[live->run_count++] = *run;
    for (size_t i = 0; i < count; i++) {
        tdm_buf_add(&live->bytes, events[i].data, events[i].len);
        live->lengths[live->event_count++] = events[i].len;
    }
    return live->bytes.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for events") : TDM_OK;
}

/* Wait for one of those under way. */
static tdm_code finish_one(replay_live *live, tdm_err *err)
{
    void *item = NULL;
    if (tdm_queue_wait(live->done, &item, 1) != 1)
        return tdm_fail(err, TDM_INTERNAL, 0, "the writer has ended");
    tdm_core_done *done = item;
    tdm_code code = done->code == TDM_EXISTS ? TDM_OK : done->code;
    live->under_way--;
    free(done);
    return code == TDM_OK ? code
                          : tdm_fail(err, code, 0, "the store did not take events: %s", tdm_code_word(code));
}

static tdm_code finish_to(replay_live *live, size_t left, tdm_err *err)
{
    tdm_code code = TDM_OK;
    while (live->under_way > left) {
        tdm_code one = finish_one(live, code == TDM_OK ? err : NULL);
        code = code == TDM_OK ? one : code;
    }
    return code;
}

static tdm_code hand_over(replay_live *live, const tdm_seal *seal, tdm_err *err)
{
    tdm_span spans[TDM_FRAME_EVENTS_MAX];
    const uint8_t *at = live->bytes.data;
    for (size_t i = 0; i < live->event_count; at += live->lengths[i++])
        spans[i] = (tdm_span){ at, live->lengths[i] };
    tdm_log_batch batch = { .origin = live->log.origin,
                            .incarnation = live->log.incarnation,
                            .runs = live->runs,
                            .run_count = live->run_count,
                            .event_spans = spans,
                            .event_count = live->event_count,
                            .events = tdm_buf_span(&live->bytes),
                            .has_seal = true,
                            .seal = *seal,
                            .sender_last = seal->last };
    tdm_code code = tdm_core_keep(live->core, live->done, &batch, NULL, 0);
    live->under_way += code == TDM_OK;
    live->run_count = live->event_count = 0;
    tdm_buf_clear(&live->bytes);
    return code == TDM_OK ? code : tdm_fail(err, code, 0, "the writer takes nothing now: try again");
}

static tdm_code live_seal(replaying *r, log_state *log, const tdm_seal *seal, tdm_err *err)
{
    replay_live *live = r->live;
    if (live->run_count == 0 || !is_of(live, log))
        return TDM_OK; /* of a run that is held */
    tdm_fold *fold = tdm_core_fold(live->core);
    bool may = tdm_fold_key_may_seal(fold, &log->origin, seal->key, seal->last);
    tdm_core_fold_release(live->core, fold);
    if (!may)
        return tdm_fail(err, TDM_DENIED, 0, "the key of this seal is none that may seal for its origin here");
    tdm_code code = hand_over(live, seal, err);
    return code == TDM_OK ? finish_to(live, UNDER_WAY_MAX, err) : code;
}

static tdm_code live_notice(replaying *r, const tdm_event *event, const tdm_proof *proof, tdm_err *err)
{
    (void)r, (void)event, (void)proof, (void)err;
    return TDM_END; /* single events come over a link, with a place in the feed */
}

static tdm_code live_flush(replaying *r, bool all, tdm_err *err)
{
    if (!all)
        return TDM_OK;
    bool waits = r->live->run_count > 0;
    tdm_code code = finish_to(r->live, 0, err);
    return code == TDM_OK && waits ? unsealed(err) : code;
}

static const replay_sink LIVE = { live_run, live_seal, live_notice, live_flush };

tdm_code replay_live_open(replaying *r, tdm_err *err)
{
    replay_live *live = calloc(1, sizeof *live);
    if (live == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to replay");
    r->live = live;
    r->sink = &LIVE;
    live->core = r->options->core;
    live->grew_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (live->grew_fd < 0)
        return tdm_fail(err, TDM_IO, errno, "no descriptor to replay");
    tdm_code code = tdm_queue_open(&live->done, 2 * UNDER_WAY_MAX, err);
    return code == TDM_OK ? tdm_core_listen(live->core, live->done, live->grew_fd, err) : code;
}

void replay_live_close(replaying *r)
{
    replay_live *live = r->live;
    if (live == NULL)
        return;
    if (live->done != NULL)
        tdm_core_unlisten(live->core, live->done);
    tdm_queue_destroy(&live->done, free);
    if (live->grew_fd >= 0)
        close(live->grew_fd);
    tdm_buf_free(&live->bytes);
    free(live);
    r->live = NULL;
}
