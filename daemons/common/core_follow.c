/* SPDX-License-Identifier: MPL-2.0
 *
 * core_follow.c: the fold follows the ledger on a thread of its own: scan, apply, refold what the registry
 * changed, checkpoint. After a crash it goes on from its last checkpoint.
 */
#include "core_inner.h"
#include "clock.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BATCH_EVENTS 2048    /* read at once */
#define SLICE 256            /* filed or judged at once: whoever asks the fold waits so long */
#define GATHER_EVENTS 262144 /* filed before they are judged, at most: some 0.7 s */
#define WORK_SUBJECTS 512
#define FOLLOW_NICE 19
#define REST_MS 1000 /* while facts stream in, from one step's beginning to the next one's, at most */
#define QUIET_MS 20  /* without a commit: they stream no more */
#define IDLE_CHECKPOINT_MS 2000 /* a quiet fold checkpoints after so long */
#define RETRY_MS 1000           /* between tries of a checkpoint that failed */

typedef struct batch {
    tdm_ledger_entry entries[BATCH_EVENTS];
    size_t offsets[BATCH_EVENTS];
    size_t count;
    tdm_buf bytes;
} batch;

static tdm_code gather(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    (void)err;
    batch *taken = context;
    taken->offsets[taken->count] = taken->bytes.len;
    taken->entries[taken->count] = *entry;
    taken->count++;
    tdm_buf_add(&taken->bytes, entry->bytes.data, entry->bytes.len);
    return TDM_OK;
}

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

static tdm_code views_open(tdm_core *core, tdm_fold **out, tdm_err *err)
{
    char path[600];
    snprintf(path, sizeof path, "%s/views", core->folder);
    tdm_kv_options options = { .path = path,
                               .mode = TDM_KV_READ_WRITE,
                               .map_bytes = core->map_bytes,
                               .tables = TDM_VIEWS_TABLES,
                               .table_count = TDM_VIEWS_TABLE_COUNT };
    tdm_kv *kv = NULL;
    tdm_code code = tdm_kv_open_lmdb(&kv, &options, err);
    if (code != TDM_OK)
        return code;
    tdm_fold_options fold = { .with_feeds = core->hub, .cache_bytes = core->cache_bytes };
    fold.has_authority = tdm_core_authority(core, &fold.authority);
    return tdm_fold_open(out, &kv, &fold, err);
}

/* Views hold nothing that cannot be folded again. */
static tdm_code views_remove(tdm_core *core, tdm_err *err)
{
    static const char *const FILES[] = { "data.mdb", "lock.mdb" };
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        char path[620];
        snprintf(path, sizeof path, "%s/views/%s", core->folder, FILES[i]);
        if (unlink(path) != 0 && errno != ENOENT)
            return tdm_fail(err, TDM_IO, errno, "could not remove %.150s", path);
    }
    return TDM_OK;
}

/* Views further on than the ledger are of another one (its folder was restored, its views were not). */
tdm_code core_fold_open(tdm_core *core, tdm_fold **out, tdm_err *err)
{
    tdm_code code = views_open(core, out, err);
    if (code != TDM_OK || tdm_fold_position(*out) <= atomic_load(&core->committed))
        return code;
    tdm_log(TDM_LOG_WARN, "VIEWS-AHEAD", tdm_log_uint("views", tdm_fold_position(*out)),
            tdm_log_uint("ledger", atomic_load(&core->committed)));
    tdm_fold_close(out);
    code = views_remove(core, err);
    return code == TDM_OK ? views_open(core, out, err) : code;
}

static tdm_code read_next(tdm_core *core, batch *taken, tdm_err *err)
{
    uint64_t next = 0;
    taken->count = 0;
    tdm_buf_clear(&taken->bytes);
    tdm_code code = tdm_ledger_scan(core->ledger, tdm_fold_position(core->fold) + 1, BATCH_EVENTS, gather,
                                    taken, &next, err);
    if (code != TDM_OK && code != TDM_END)
        return code;
    if (taken->bytes.failed)
        return tdm_fail(err, TDM_FULL, 0, "no memory to fold %zu events", taken->count);
    for (size_t i = 0; i < taken->count; i++)
        taken->entries[i].bytes.data = taken->bytes.data + taken->offsets[i];
    return TDM_OK;
}

static tdm_code file_all(tdm_core *core, const batch *taken, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t done = 0; done < taken->count && code == TDM_OK; done += SLICE) {
        size_t left = taken->count - done;
        code = tdm_fold_file(core->fold, taken->entries + done, left < SLICE ? left : SLICE, err);
    }
    return code;
}

/* What has gathered is filed first, in slices, and then judged once, in slices: the further the figures are
 * behind, the less each event costs. Little is applied whole. *moved tells whether there was anything. */
static tdm_code fold_step(tdm_core *core, batch *taken, bool *moved, tdm_err *err)
{
    uint64_t begun = tdm_fold_position(core->fold);
    tdm_code code = read_next(core, taken, err);
    *moved = code == TDM_OK && taken->count > 0;
    if (code == TDM_OK && taken->count <= SLICE)
        return taken->count == 0 ? TDM_OK : tdm_fold_apply(core->fold, taken->entries, taken->count, err);
    if (code == TDM_OK)
        code = file_all(core, taken, err);
    while (code == TDM_OK && taken->count == BATCH_EVENTS && !tdm_fold_needs_checkpoint(core->fold)
           && tdm_fold_position(core->fold) - begun < GATHER_EVENTS) {
        code = read_next(core, taken, err);
        if (code == TDM_OK)
            code = file_all(core, taken, err);
    }
    tdm_err why = { .code = code };
    while (why.code == TDM_OK && tdm_fold_judge(core->fold, SLICE, &why))
        ;
    if (code == TDM_OK && why.code != TDM_OK)
        *err = why;
    return code != TDM_OK ? code : why.code;
}

static void publish_progress(tdm_core *core)
{
    atomic_store(&core->settled, tdm_fold_is_settled(core->fold));
    atomic_store(&core->folded, tdm_fold_position(core->fold));
    atomic_fetch_add(&core->fold_steps, 1);
    core_tell_grown(core);
}

static tdm_code refold_step(tdm_core *core, bool *moved, tdm_err *err)
{
    if (tdm_fold_is_settled(core->fold))
        return TDM_OK;
    tdm_err why = { .code = TDM_OK };
    tdm_fold_work(core->fold, WORK_SUBJECTS, &why);
    *moved = true;
    if (why.code != TDM_OK) {
        *err = why;
        return why.code;
    }
    return TDM_OK;
}

static struct timespec in_ms(long ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += ms * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* Wait until something changes or the idle checkpoint is due. True to go on. */
static bool wait_for_change(tdm_core *core, bool dirty)
{
    struct timespec until = in_ms(IDLE_CHECKPOINT_MS);
    int waited = 0;
    pthread_mutex_lock(&core->lock);
    while (!core->stopping && !core->swap_wanted && waited != ETIMEDOUT
           && atomic_load(&core->committed) == atomic_load(&core->folded))
        waited = dirty ? pthread_cond_timedwait(&core->changed, &core->lock, &until)
                       : pthread_cond_wait(&core->changed, &core->lock);
    bool go_on = !core->stopping;
    pthread_mutex_unlock(&core->lock);
    return go_on;
}

/* Readers must find something: an empty fold, which says that it is incomplete. */
static tdm_fold *empty_fold(void)
{
    tdm_fold *fold = NULL;
    tdm_err err;
    if (tdm_fold_open(&fold, NULL, &(tdm_fold_options){ 0 }, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "FOLD-FAILED", &err);
    return fold;
}

/* The authority changed: close the fold when nobody uses it, and begin again under the new one. */
static tdm_code swap_fold(tdm_core *core, tdm_err *err)
{
    pthread_mutex_lock(&core->lock);
    tdm_fold *old = core->fold;
    core->fold = NULL;
    while (core->fold_users > 0)
        pthread_cond_wait(&core->changed, &core->lock);
    tdm_id taken = core->identity.authority;
    pthread_mutex_unlock(&core->lock);
    tdm_fold_close(&old);
    tdm_fold *fresh = NULL;
    tdm_code code = core_fold_open(core, &fresh, err);
    if (code != TDM_OK)
        fresh = empty_fold();
    pthread_mutex_lock(&core->lock);
    core->fold = fresh;
    core->follow_failed = code;
    if (code != TDM_OK)
        core->follow_err = *err;
    /* The new fold's position first: who waits for a position must not see the old one. */
    atomic_store(&core->settled, code == TDM_OK && tdm_fold_is_settled(fresh));
    atomic_store(&core->folded, fresh == NULL ? 0 : tdm_fold_position(fresh));
    /* Another authority may have come meanwhile: then once more. */
    core->swap_wanted = code == TDM_OK && !tdm_id_equal(&taken, &core->identity.authority);
    pthread_cond_broadcast(&core->changed);
    pthread_mutex_unlock(&core->lock);
    if (code == TDM_OK)
        publish_progress(core);
    return code;
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
    struct timespec until = in_ms(RETRY_MS);
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

static tdm_code step(tdm_core *core, batch *taken, bool *moved, tdm_err *err)
{
    tdm_code code = fold_step(core, taken, moved, err);
    if (code == TDM_OK && !*moved)
        code = refold_step(core, moved, err);
    if (code == TDM_OK && *moved && tdm_fold_needs_checkpoint(core->fold))
        code = checkpoint(core, err);
    return code;
}

/* What comes now and then is folded at once. While facts stream in they gather: each costs less then, and
 * whoever waits for a commit is not held up for figures that nobody asks for. Who waits for figures is. */
static void rest(tdm_core *core, int64_t begun_ms)
{
    uint64_t enough = core->lag_max / 2 < GATHER_EVENTS ? core->lag_max / 2 : GATHER_EVENTS;
    uint64_t seen = 0;
    int waited = 0;
    pthread_mutex_lock(&core->lock);
    while (!core->stopping && !core->swap_wanted && core->fold_waiters == 0
           && (waited != ETIMEDOUT || atomic_load(&core->committed) != seen)
           && tdm_core_fold_lag(core) < enough && tdm_clock_mono_ms() < begun_ms + REST_MS) {
        struct timespec until = in_ms(QUIET_MS);
        seen = atomic_load(&core->committed);
        waited = pthread_cond_timedwait(&core->pressed, &core->lock, &until);
    }
    pthread_mutex_unlock(&core->lock);
}

static tdm_code follow_until_stopped(tdm_core *core, batch *taken, tdm_err *err)
{
    for (;;) {
        bool moved = false;
        pthread_mutex_lock(&core->lock);
        bool swap = core->swap_wanted;
        bool stopping = core->stopping;
        pthread_mutex_unlock(&core->lock);
        int64_t begun_ms = tdm_clock_mono_ms();
        tdm_code code = swap ? swap_fold(core, err) : TDM_OK;
        if (code == TDM_OK && stopping)
            return tdm_fold_checkpoint(core->fold, err);
        if (code == TDM_OK)
            code = step(core, taken, &moved, err);
        if (code != TDM_OK)
            return code;
        if (moved) {
            publish_progress(core);
            rest(core, begun_ms);
            continue;
        }
        bool dirty = tdm_fold_checkpointed(core->fold) != tdm_fold_position(core->fold);
        uint64_t before = atomic_load(&core->folded);
        if (wait_for_change(core, dirty) && dirty && atomic_load(&core->committed) == before
            && (code = checkpoint(core, err)) != TDM_OK)
            return code;
    }
}

/* Acknowledgements go first: they cover the ledger alone, while figures may lag behind, by CORE_LAG_MAX at
 * most. On Linux each thread has a nice value of its own, and may always raise it. */
static void give_way(void)
{
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + FOLLOW_NICE);
}

static void *follow(void *argument)
{
    pthread_setname_np(pthread_self(), "fold"); /* as top -H shows it */
    tdm_core *core = argument;
    give_way();
    tdm_err err = { .code = TDM_OK };
    batch *taken = calloc(1, sizeof *taken);
    tdm_code code = taken == NULL ? tdm_fail(&err, TDM_FULL, 0, "no memory to follow the ledger")
                                  : follow_until_stopped(core, taken, &err);
    if (code != TDM_OK) {
        tdm_log_failure(TDM_LOG_ERROR, "FOLD-FAILED", &err);
        set_failed(core, code, &err);
    }
    if (taken != NULL)
        tdm_buf_free(&taken->bytes);
    free(taken);
    return NULL;
}

tdm_code core_follow_start(tdm_core *core, tdm_err *err)
{
    atomic_store(&core->folded, tdm_fold_position(core->fold));
    atomic_store(&core->settled, tdm_fold_is_settled(core->fold));
    atomic_store(&core->fold_steps, 1);
    int failed = pthread_create(&core->follower, NULL, follow, core);
    if (failed != 0)
        return tdm_fail(err, TDM_INTERNAL, failed, "could not start the fold's thread");
    core->follower_runs = true;
    return TDM_OK;
}

void core_follow_stop(tdm_core *core)
{
    pthread_mutex_lock(&core->lock);
    core->stopping = true;
    pthread_cond_signal(&core->pressed);
    pthread_cond_broadcast(&core->changed);
    pthread_mutex_unlock(&core->lock);
    if (core->follower_runs)
        pthread_join(core->follower, NULL);
    core->follower_runs = false;
}
