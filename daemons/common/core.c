/* SPDX-License-Identifier: MPL-2.0
 *
 * core.c: opening and closing a store with its two threads, and lending out its parts.
 */
#include "core_inner.h"
#include "clock.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static tdm_code ledger_open(tdm_core *core, tdm_err *err)
{
    char path[600];
    snprintf(path, sizeof path, "%s/ledger", core->folder);
    tdm_kv_options options = { .path = path,
                               .mode = core->read_only ? TDM_KV_READ_ONLY : TDM_KV_READ_WRITE,
                               .map_bytes = core->map_bytes,
                               .tables = TDM_LEDGER_TABLES,
                               .table_count = TDM_LEDGER_TABLE_COUNT };
    if (!core->read_only && mkdir(core->folder, 0700) != 0 && errno != EEXIST)
        return tdm_fail(err, TDM_IO, errno, "could not make the state folder %s", core->folder);
    tdm_kv *kv = NULL;
    tdm_code code = tdm_kv_open_lmdb(&kv, &options, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "%s holds no Tandem store", core->folder);
    return code == TDM_OK ? tdm_ledger_open(&core->ledger, &kv, err) : code;
}

static tdm_code open_for_reading(tdm_core *core, const tdm_core_options *from, tdm_err *err)
{
    enum { MEMORY_EVENTS = 200000 }; /* take some 100 MB */
    uint64_t most = from->memory_events == 0 ? MEMORY_EVENTS : from->memory_events;
    tdm_err why = { .code = TDM_OK };
    tdm_code code = TDM_NOT_FOUND;
    if (from->without_views)
        tdm_fail(&why, TDM_OK, 0, "the figures kept beside it are damaged");
    else
        code = core_fold_open_at_rest(core, from->frontier, &why);
    if (code != TDM_OK) {
        snprintf(core->way, sizeof core->way, "from the whole log: %.150s", why.what);
        code = atomic_load(&core->committed) > most
                   ? core_fold_open_aside(core, from->frontier, err)
                   : tdm_fold_of(core->ledger,
                                 &(tdm_fold_options){ .has_authority = core->identity.has_authority,
                                                      .authority = core->identity.authority },
                                 from->frontier, &core->fold, err);
    }
    if (code != TDM_OK)
        return code;
    atomic_store(&core->folded, atomic_load(&core->committed));
    atomic_store(&core->settled, tdm_fold_is_settled(core->fold));
    return TDM_OK;
}

static tdm_code open_for_the_log(tdm_core *core, tdm_err *err)
{
    return tdm_fold_open(&core->fold, NULL, &(tdm_fold_options){ 0 }, err);
}

static tdm_code open_for_writing(tdm_core *core, tdm_err *err)
{
    tdm_code code = core_fold_open(core, &core->fold, err);
    if (code == TDM_OK)
        code = core_follow_start(core, err);
    return code == TDM_OK ? core_writer_start(core, err) : code;
}

static void init_locks(tdm_core *core)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&core->changed, &monotonic);
    pthread_cond_init(&core->pressed, &monotonic);
    pthread_cond_init(&core->stopped, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&core->lock, NULL);
    pthread_mutex_init(&core->turn, NULL);
    pthread_rwlock_init(&core->listening, NULL);
}

tdm_code tdm_core_open(tdm_core **out, const tdm_core_options *options, tdm_err *err)
{
    *out = NULL;
    if (strlen(options->folder) >= sizeof((tdm_core *)0)->folder)
        return tdm_fail(err, TDM_INVALID, 0, "the state folder's path is too long");
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    tdm_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a store");
    strcpy(core->folder, options->folder);
    core->hub = options->hub;
    core->read_only = options->read_only;
    core->map_bytes = options->map_bytes;
    core->cache_bytes = options->views_cache_bytes;
    core->gather_events = options->gather_events == 0 ? CORE_GATHER_EVENTS : options->gather_events;
    core->lag_max = options->fold_lag_max == 0 ? CORE_LAG_MAX : options->fold_lag_max;
    init_locks(core);
    tdm_code code = ledger_open(core, err);
    if (code == TDM_OK)
        code = core_identity_open(core, options->recovers, err);
    uint64_t position = 0;
    if (code == TDM_OK)
        code = tdm_ledger_last_position(core->ledger, &position, err);
    atomic_store(&core->committed, position);
    if (code == TDM_OK)
        code = !core->read_only    ? open_for_writing(core, err)
               : options->log_only ? open_for_the_log(core, err)
                                   : open_for_reading(core, options, err);
    if (code != TDM_OK)
        tdm_core_close(&core);
    *out = core;
    return code;
}

void tdm_core_close(tdm_core **pointer)
{
    tdm_core *core = *pointer;
    if (core == NULL)
        return;
    core_writer_stop(core);
    core_follow_stop(core);
    tdm_fold_close(&core->fold);
    core_fold_drop_aside(core);
    tdm_ledger_close(&core->ledger);
    pthread_cond_destroy(&core->changed);
    pthread_cond_destroy(&core->pressed);
    pthread_cond_destroy(&core->stopped);
    pthread_rwlock_destroy(&core->listening);
    pthread_mutex_destroy(&core->lock);
    pthread_mutex_destroy(&core->turn);
    sodium_memzero(&core->identity, sizeof core->identity);
    free(core);
    *pointer = NULL;
}

bool tdm_core_is_hub(const tdm_core *core)
{
    return core->hub;
}

bool tdm_core_is_read_only(const tdm_core *core)
{
    return core->read_only;
}

const char *tdm_core_way(const tdm_core *core)
{
    return core->way;
}

const char *tdm_core_folder(const tdm_core *core)
{
    return core->folder;
}

const tdm_id *tdm_core_origin(const tdm_core *core)
{
    return &core->identity.self.origin;
}

uint64_t tdm_core_incarnation(const tdm_core *core)
{
    return core->identity.self.incarnation;
}

void tdm_core_identity(tdm_core *core, tdm_identity *out)
{
    pthread_mutex_lock(&core->lock);
    *out = core->identity.self;
    pthread_mutex_unlock(&core->lock);
}

void tdm_core_seal_key(tdm_core *core, tdm_seal_key *out)
{
    pthread_mutex_lock(&core->lock);
    *out = core->identity.self.seal;
    pthread_mutex_unlock(&core->lock);
}

void tdm_core_link_key(tdm_core *core, uint8_t public_key[32], uint8_t secret_key[32])
{
    pthread_mutex_lock(&core->lock);
    memcpy(public_key, core->identity.self.link_public, 32);
    memcpy(secret_key, core->identity.self.link_secret, 32);
    pthread_mutex_unlock(&core->lock);
}

tdm_ledger *tdm_core_ledger(tdm_core *core)
{
    return core->ledger;
}

bool tdm_core_authority(tdm_core *core, tdm_id *out)
{
    pthread_mutex_lock(&core->lock);
    bool known = core->identity.has_authority;
    *out = core->identity.authority;
    pthread_mutex_unlock(&core->lock);
    return known;
}

/* ---- the fold
 * -----------------------------------------------------------------------------------------------------------
 */

tdm_fold *tdm_core_fold(tdm_core *core)
{
    pthread_mutex_lock(&core->lock);
    while (core->fold == NULL && core->follow_failed == TDM_OK)
        pthread_cond_wait(&core->changed, &core->lock);
    tdm_fold *fold = core->fold;
    TDM_ASSERT(fold != NULL); /* a swap that failed has been logged; there is nothing to answer from */
    core->fold_users++;
    pthread_mutex_unlock(&core->lock);
    return fold;
}

void tdm_core_fold_release(tdm_core *core, tdm_fold *fold)
{
    (void)fold;
    pthread_mutex_lock(&core->lock);
    core->fold_users--;
    if (core->fold == NULL) /* a swap waits for it */
        pthread_cond_broadcast(&core->changed);
    pthread_mutex_unlock(&core->lock);
}

uint64_t tdm_core_folded(const tdm_core *core)
{
    return atomic_load(&core->folded);
}

uint64_t tdm_core_fold_lag(tdm_core *core)
{
    uint64_t folded = atomic_load(&core->folded);
    uint64_t committed = atomic_load(&core->committed);
    return committed > folded ? committed - folded : 0;
}

uint64_t tdm_core_fold_steps(tdm_core *core)
{
    return atomic_load(&core->fold_steps);
}

bool tdm_core_is_complete(tdm_core *core)
{
    return tdm_core_fold_lag(core) == 0 && atomic_load(&core->settled);
}

struct timespec core_in_ms(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += ms % 1000 * 1000000;
    at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

tdm_code tdm_core_wait_folded(tdm_core *core, uint64_t position, int64_t timeout_ms, tdm_err *err)
{
    struct timespec until = core_in_ms(timeout_ms);
    int waited = 0;
    pthread_mutex_lock(&core->lock);
    core->fold_waiters += timeout_ms > 0;
    pthread_cond_signal(&core->pressed);
    while (waited != ETIMEDOUT && core->follow_failed == TDM_OK
           && (core->swap_wanted || atomic_load(&core->folded) < position || !atomic_load(&core->settled)))
        waited = pthread_cond_timedwait(&core->changed, &core->lock, &until);
    core->fold_waiters -= timeout_ms > 0;
    tdm_code failed = core->follow_failed;
    tdm_err why = core->follow_err;
    pthread_mutex_unlock(&core->lock);
    if (failed != TDM_OK) {
        if (err != NULL)
            *err = why;
        return failed;
    }
    if (waited == ETIMEDOUT)
        return tdm_fail(err, TDM_UNREACHABLE, 0, "the figures did not catch up within %lld ms",
                        (long long)timeout_ms);
    return TDM_OK;
}

tdm_code tdm_core_set_authority(tdm_core *core, const tdm_id *hub, tdm_err *err)
{
    tdm_code code =
        tdm_core_local_put(core, CORE_AUTHORITY_NAME, (tdm_span){ hub->bytes, TDM_ID_BYTES }, err);
    if (code != TDM_OK)
        return code;
    pthread_mutex_lock(&core->lock);
    bool same = core->identity.has_authority && tdm_id_equal(&core->identity.authority, hub);
    core->identity.has_authority = true;
    core->identity.authority = *hub;
    core->swap_wanted = core->swap_wanted || !same; /* another call may be waiting for its swap */
    pthread_cond_signal(&core->pressed);
    pthread_cond_broadcast(&core->changed);
    while (core->swap_wanted && core->follow_failed == TDM_OK)
        pthread_cond_wait(&core->changed, &core->lock);
    code = core->follow_failed;
    if (code != TDM_OK && err != NULL)
        *err = core->follow_err;
    pthread_mutex_unlock(&core->lock);
    return code;
}

/* ---- local state, listeners
 * ------------------------------------------------------------------------------------------------ */

tdm_code tdm_core_local_get(tdm_core *core, const char *name, tdm_buf *out, tdm_err *err)
{
    return tdm_ledger_local_get(core->ledger, tdm_span_text(name), out, err);
}

bool tdm_core_local_number(tdm_core *core, const char *name, uint64_t *out)
{
    tdm_buf value = { 0 };
    bool found = tdm_core_local_get(core, name, &value, NULL) == TDM_OK && value.len == 8;
    *out = 0;
    for (size_t i = 0; found && i < value.len; i++)
        *out = *out << 8 | value.data[i];
    tdm_buf_free(&value);
    return found;
}

void tdm_core_feed_cursor(tdm_core *core, bool *has_epoch, tdm_id *epoch, uint64_t *number)
{
    tdm_buf value = { 0 };
    *has_epoch = tdm_core_local_get(core, CORE_CURSOR_NAME, &value, NULL) == TDM_OK && value.len == 24;
    *number = 0;
    memset(epoch, 0, sizeof *epoch);
    if (*has_epoch) {
        memcpy(epoch->bytes, value.data, 16);
        for (int i = 16; i < 24; i++)
            *number = *number << 8 | value.data[i];
    }
    tdm_buf_free(&value);
}

tdm_code tdm_core_listen(tdm_core *core, tdm_queue *queue, int grew_fd, tdm_err *err)
{
    tdm_code code = TDM_BUSY;
    pthread_rwlock_wrlock(&core->listening);
    for (size_t i = 0; i < CORE_LISTENERS_MAX && code != TDM_OK; i++) {
        if (core->listeners[i].queue != NULL)
            continue;
        core->listeners[i] = (core_listener){ queue, grew_fd };
        code = TDM_OK;
    }
    pthread_rwlock_unlock(&core->listening);
    return code == TDM_OK ? code
                          : tdm_fail(err, code, 0, "a store has at most %d listeners", CORE_LISTENERS_MAX);
}

void tdm_core_unlisten(tdm_core *core, tdm_queue *queue)
{
    /* The writer may be about to push: a local write behind what waits tells that it is past that. */
    tdm_queue_close(queue);
    tdm_core_local_put(core, "listener/barrier", (tdm_span){ 0 }, NULL);
    pthread_rwlock_wrlock(&core->listening);
    for (size_t i = 0; i < CORE_LISTENERS_MAX; i++)
        if (core->listeners[i].queue == queue)
            core->listeners[i] = (core_listener){ 0 };
    pthread_rwlock_unlock(&core->listening);
}
