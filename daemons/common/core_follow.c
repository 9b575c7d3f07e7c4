/* SPDX-License-Identifier: MPL-2.0
 *
 * core_follow.c: the fold follows the ledger on two threads, of which one at a time folds. The one takes what
 * processor time is left over. The other takes its place when figures are waited for or overdue; it alone
 * checkpoints, and begins again under another authority. After a crash the fold goes on from its last
 * checkpoint.
 */
#include "core_inner.h"
#include "clock.h"
#include "log.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LEISURE_NICE 19 /* where there is no idle class */
#define REST_MS 1000    /* while facts stream in, from one step's beginning to the next one's, at most */
#define QUIET_MS 20     /* without a commit: they stream no more */
#define OVERDUE_MS 2000 /* figures that did not move for so long, though there is something to fold */
#define IDLE_CHECKPOINT_MS 2000 /* a quiet fold checkpoints after so long */
#define RETRY_MS 1000           /* between tries of a checkpoint that failed */

/* Writing wakes a loop, which may take this thread's place at once, the fold's above all: so it holds no lock
 * then that loops take. */
void core_tell_grown(tdm_core *core)
{
    pthread_rwlock_rdlock(&core->listening);
    for (size_t i = 0; i < CORE_LISTENERS_MAX; i++) {
        uint64_t one = 1;
        if (core->listeners[i].queue != NULL && write(core->listeners[i].grew_fd, &one, sizeof one) < 0)
            continue; /* a full eventfd is readable already */
    }
    pthread_rwlock_unlock(&core->listening);
    pthread_mutex_lock(&core->lock);
    pthread_cond_broadcast(&core->changed);
    pthread_mutex_unlock(&core->lock);
}

static void set_failed(tdm_core *core, tdm_code code, const tdm_err *err)
{
    pthread_mutex_lock(&core->lock);
    core->follow_failed = code;
    if (code != TDM_OK)
        core->follow_err = *err;
    pthread_cond_broadcast(&core->changed);
    pthread_mutex_unlock(&core->lock);
}

/* False if the store is closing. */
static bool pause_follower(tdm_core *core)
{
    struct timespec until = core_in_ms(RETRY_MS);
    int waited = 0;
    pthread_mutex_lock(&core->lock);
    while (!core->stopping && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&core->changed, &core->lock, &until);
    bool go_on = !core->stopping;
    pthread_mutex_unlock(&core->lock);
    return go_on;
}

/* What a checkpoint that failed would have written is still in memory. So a full disk holds the figures up,
 * says so, and once there is room they go on by themselves. */
static tdm_code checkpoint(tdm_core *core, tdm_err *err)
{
    tdm_code code = tdm_fold_checkpoint(core->fold, err);
    if (code != TDM_FULL && code != TDM_IO)
        return code;
    tdm_log_failure(TDM_LOG_ERROR, "FOLD-HELD-UP", err);
    while (code == TDM_FULL || code == TDM_IO) {
        set_failed(core, code, err);
        if (!pause_follower(core))
            return code;
        code = tdm_fold_checkpoint(core->fold, err);
    }
    set_failed(core, code, err);
    if (code == TDM_OK)
        tdm_log(TDM_LOG_NOTICE, "FOLD-GOES-ON", tdm_log_uint("position", tdm_fold_position(core->fold)));
    return code;
}

/* With the turn held: what the threads decide by. */
static void note_state(tdm_core *core)
{
    bool dirty = tdm_fold_checkpointed(core->fold) != tdm_fold_position(core->fold);
    atomic_store(&core->dirty, dirty);
    atomic_store(&core->full, dirty && core_is_whole(core) && tdm_fold_needs_checkpoint(core->fold));
}

/* With the turn held. */
static tdm_code take_step(tdm_core *core, bool yields, tdm_err *err)
{
    tdm_code code = core_step(core, yields, err);
    note_state(core);
    return code;
}

static bool is_behind(tdm_core *core)
{
    return atomic_load(&core->committed) > atomic_load(&core->folded) || !atomic_load(&core->settled);
}

/* With the lock held: there is something to fold, and nothing that goes before it. */
static bool may_step(tdm_core *core)
{
    return !core->stopping && core->follow_failed == TDM_OK && !core->swap_wanted && !atomic_load(&core->full)
           && is_behind(core);
}

/* With the turn held, so that nobody folds on behind a failure: what failed would be left out. */
static void fail(tdm_core *core, tdm_code code, const tdm_err *err)
{
    if (code == TDM_OK)
        return;
    tdm_log_failure(TDM_LOG_ERROR, "FOLD-FAILED", err);
    set_failed(core, code, err);
}

static bool has_failed(tdm_core *core)
{
    pthread_mutex_lock(&core->lock);
    bool failed = core->follow_failed != TDM_OK;
    pthread_mutex_unlock(&core->lock);
    return failed;
}

/* A step was taken, or a duty done. */
static void tell_threads(tdm_core *core)
{
    pthread_mutex_lock(&core->lock);
    pthread_cond_broadcast(&core->changed);
    pthread_cond_broadcast(&core->pressed);
    pthread_mutex_unlock(&core->lock);
}

/* ---- at leisure ---- */

/* What comes now and then is folded at once. While facts stream in they gather: each costs less then, and
 * whoever waits for a commit is not held up for figures that nobody asks for. */
static void rest(tdm_core *core, int64_t begun_ms)
{
    uint64_t enough = core->lag_max / 2 < CORE_STEP_EVENTS ? core->lag_max / 2 : CORE_STEP_EVENTS;
    uint64_t seen = 0;
    int waited = 0;
    pthread_mutex_lock(&core->lock);
    while (!core->stopping && (waited != ETIMEDOUT || atomic_load(&core->committed) != seen)
           && tdm_core_fold_lag(core) < enough && tdm_clock_mono_ms() < begun_ms + REST_MS) {
        struct timespec until = core_in_ms(QUIET_MS);
        seen = atomic_load(&core->committed);
        waited = pthread_cond_timedwait(&core->stopped, &core->lock, &until);
    }
    pthread_mutex_unlock(&core->lock);
}

/* False when the store closes. */
static bool wait_for_leisure(tdm_core *core)
{
    pthread_mutex_lock(&core->lock);
    while (!core->stopping && (atomic_load(&core->hurry) || !may_step(core)))
        pthread_cond_wait(&core->changed, &core->lock); /* a failure may pass: see checkpoint */
    bool go_on = !core->stopping;
    pthread_mutex_unlock(&core->lock);
    return go_on;
}

/* Acknowledgements go first: they cover the ledger alone, while figures may lag behind, by the bound at most.
 * Within the idle class this thread makes room at once for any other that wakes. */
static void give_way(void)
{
    struct sched_param none = { 0 };
    if (pthread_setschedparam(pthread_self(), SCHED_IDLE, &none) != 0)
        setpriority(PRIO_PROCESS, 0, LEISURE_NICE); /* of this thread alone, on Linux */
}

static void *fold_at_leisure(void *argument)
{
    pthread_setname_np(pthread_self(), "fold"); /* as top -H shows it */
    tdm_core *core = argument;
    give_way();
    while (wait_for_leisure(core)) {
        tdm_err err = { .code = TDM_OK };
        int64_t begun_ms = tdm_clock_mono_ms();
        pthread_mutex_lock(&core->turn);
        if (!has_failed(core))
            fail(core, take_step(core, true, &err), &err);
        pthread_mutex_unlock(&core->turn);
        tell_threads(core);
        rest(core, begun_ms);
    }
    return NULL;
}

/* ---- in due time ---- */

typedef enum duty { DUTY_STEP, DUTY_CHECKPOINT, DUTY_SWAP, DUTY_STOP } duty;

/* With the lock held: until the figures are waited for, overdue, or no longer behind. */
static bool is_step_due(tdm_core *core)
{
    uint64_t steps = atomic_load(&core->fold_steps);
    struct timespec until = core_in_ms(OVERDUE_MS);
    int waited = 0;
    while (may_step(core) && core->fold_waiters == 0 && atomic_load(&core->fold_steps) == steps
           && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&core->pressed, &core->lock, &until);
    return may_step(core) && (core->fold_waiters > 0 || atomic_load(&core->fold_steps) == steps);
}

static duty wait_for_duty(tdm_core *core)
{
    struct timespec until = core_in_ms(IDLE_CHECKPOINT_MS);
    duty found = DUTY_STEP;
    int waited = 0;
    pthread_mutex_lock(&core->lock);
    for (;;) {
        if (core->stopping) {
            found = DUTY_STOP;
            break;
        }
        if (core->follow_failed != TDM_OK) {
            pthread_cond_wait(&core->changed, &core->lock); /* for the end, or for room on the disk */
        } else if (core->swap_wanted) {
            found = DUTY_SWAP;
            break;
        } else if (atomic_load(&core->full)) {
            found = DUTY_CHECKPOINT;
            break;
        } else if (is_behind(core)) {
            if (is_step_due(core))
                break;
            until = core_in_ms(IDLE_CHECKPOINT_MS);
            waited = 0;
        } else if (atomic_load(&core->dirty) && waited == ETIMEDOUT) {
            found = DUTY_CHECKPOINT;
            break;
        } else {
            waited = atomic_load(&core->dirty) ? pthread_cond_timedwait(&core->changed, &core->lock, &until)
                                               : pthread_cond_wait(&core->changed, &core->lock);
        }
    }
    pthread_mutex_unlock(&core->lock);
    return found;
}

static tdm_code do_step(tdm_core *core, tdm_err *err)
{
    return take_step(core, false, err);
}

static tdm_code do_checkpoint(tdm_core *core, tdm_err *err)
{
    tdm_code code = core_is_whole(core) ? checkpoint(core, err) : TDM_OK;
    note_state(core);
    return code;
}

/* Of figures that are whole: what gave way half-way is judged first. */
static tdm_code do_stop(tdm_core *core, tdm_err *err)
{
    tdm_err why = { .code = TDM_OK };
    while (tdm_fold_judge(core->fold, SIZE_MAX, &why))
        ;
    if (why.code != TDM_OK)
        *err = why;
    return why.code != TDM_OK ? why.code : tdm_fold_checkpoint(core->fold, err);
}

static tdm_code (*const DO[])(tdm_core *, tdm_err *) = {
    [DUTY_STEP] = do_step,
    [DUTY_CHECKPOINT] = do_checkpoint,
    [DUTY_SWAP] = core_fold_swap,
    [DUTY_STOP] = do_stop,
};

static void *fold_when_due(void *argument)
{
    pthread_setname_np(pthread_self(), "fold-due");
    tdm_core *core = argument;
    duty found;
    do {
        tdm_err err = { .code = TDM_OK };
        found = wait_for_duty(core);
        atomic_store(&core->hurry, true);
        pthread_mutex_lock(&core->turn);
        if (!has_failed(core))
            fail(core, DO[found](core, &err), &err);
        pthread_mutex_unlock(&core->turn);
        atomic_store(&core->hurry, found == DUTY_STOP);
        tell_threads(core);
    } while (found != DUTY_STOP);
    return NULL;
}

/* ---- start and stop ---- */

static tdm_code start_thread(pthread_t *thread, bool *runs, void *(*function)(void *), tdm_core *core,
                             tdm_err *err)
{
    int failed = pthread_create(thread, NULL, function, core);
    *runs = failed == 0;
    return *runs ? TDM_OK : tdm_fail(err, TDM_INTERNAL, failed, "could not start a thread of the fold");
}

tdm_code core_follow_start(tdm_core *core, tdm_err *err)
{
    atomic_store(&core->folded, tdm_fold_position(core->fold));
    atomic_store(&core->settled, tdm_fold_is_settled(core->fold));
    atomic_store(&core->fold_steps, 1);
    core->batch = core_batch_new();
    if (core->batch == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to follow the ledger");
    tdm_code code = start_thread(&core->due, &core->due_runs, fold_when_due, core, err);
    return code == TDM_OK ? start_thread(&core->leisure, &core->leisure_runs, fold_at_leisure, core, err)
                          : code;
}

void core_follow_stop(tdm_core *core)
{
    pthread_mutex_lock(&core->lock);
    core->stopping = true;
    pthread_cond_broadcast(&core->changed);
    pthread_cond_broadcast(&core->pressed);
    pthread_cond_broadcast(&core->stopped);
    pthread_mutex_unlock(&core->lock);
    if (core->due_runs)
        pthread_join(core->due, NULL);
    if (core->leisure_runs)
        pthread_join(core->leisure, NULL);
    core->due_runs = core->leisure_runs = false;
    core_batch_free(&core->batch);
}
