/* SPDX-License-Identifier: MPL-2.0
 *
 * core_views.c: the fold's own environment beside the ledger: opened, emptied when it is of another ledger,
 * and begun again under another authority.
 */
#include "core_inner.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static tdm_code views_open(tdm_core *core, tdm_fold **out, tdm_err *err)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", core->folder, core->views);
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
        char path[640];
        snprintf(path, sizeof path, "%s/%s/%s", core->folder, core->views, FILES[i]);
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
tdm_code core_fold_swap(tdm_core *core, tdm_err *err)
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
        core_tell_progress(core);
    return code;
}
