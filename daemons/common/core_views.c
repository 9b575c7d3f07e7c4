/* SPDX-License-Identifier: MPL-2.0
 *
 * core_views.c: the fold's own environment beside the ledger: opened, emptied when it is of another ledger,
 * and begun again under another authority.
 */
#include "core_inner.h"
#include "log.h"

#include "tandem/path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ---- at rest: read, and nothing written ---- */

static bool same_folder(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* A rebuild exchanges two folders: LMDB's lock and data must be of the same one. */
static tdm_code open_in_place(tdm_kv **out, const tdm_kv_options *options, tdm_err *err)
{
    enum { TRIES = 5 };
    tdm_code code = TDM_BUSY;
    for (int i = 0; i < TRIES && code == TDM_BUSY; i++) {
        struct stat before;
        struct stat after;
        if (stat(options->path, &before) != 0)
            return tdm_fail(err, TDM_NOT_FOUND, errno, "no figures are kept beside it");
        code = tdm_kv_open_lmdb(out, options, err);
        if (code == TDM_OK && (stat(options->path, &after) != 0 || !same_folder(&before, &after))) {
            tdm_kv_close(out);
            code = tdm_fail(err, TDM_BUSY, 0, "the figures kept beside it are being replaced");
        }
    }
    return code;
}

/* The views' position first, then the ledger's end: the ledger then holds all that the views were made of. */
tdm_code core_fold_open_at_rest(tdm_core *core, const tdm_frontier *frontier, tdm_err *err)
{
    char path[600];
    snprintf(path, sizeof path, "%s/views", core->folder);
    const tdm_kv_options views = { .path = path,
                                   .mode = TDM_KV_READ_ONLY,
                                   .tables = TDM_VIEWS_TABLES,
                                   .table_count = TDM_VIEWS_TABLE_COUNT };
    const tdm_fold_options options = { .has_authority = core->identity.has_authority,
                                       .authority = core->identity.authority,
                                       .with_feeds = core->hub };
    tdm_kv *kv = NULL;
    tdm_code code = open_in_place(&kv, &views, err);
    if (code == TDM_OK)
        code = tdm_fold_at_rest(&core->fold, core->ledger, &kv, NULL, &options, frontier, err);
    if (code != TDM_OK)
        return code;
    uint64_t held = tdm_fold_checkpointed(core->fold);
    atomic_store(&core->committed, tdm_fold_position(core->fold));
    snprintf(core->way, sizeof core->way,
             "from those kept beside it, of %llu events; %llu more are in the log", (unsigned long long)held,
             (unsigned long long)(atomic_load(&core->committed) - held));
    return TDM_OK;
}

/* ---- aside: no views are kept that are sound ---- */

/* Files that are open need no name: whatever ends the process leaves at most an empty folder. */
static tdm_code open_nameless(tdm_core *core, tdm_kv **out, tdm_err *err)
{
    static const char *const FILES[] = { "data.mdb", "lock.mdb", "writer.lock" };
    const char *base = getenv("TMPDIR");
    const tdm_kv_options options = { .path = core->aside,
                                     .mode = TDM_KV_READ_WRITE,
                                     .tables = TDM_VIEWS_TABLES,
                                     .table_count = TDM_VIEWS_TABLE_COUNT,
                                     .unsynced = true };
    base = base == NULL || base[0] == '\0' ? "/var/tmp" : base;
    int len = snprintf(core->aside, sizeof core->aside, "%s/tandem-figures-XXXXXX", base);
    if (len < 0 || (size_t)len >= sizeof core->aside || mkdtemp(core->aside) == NULL) {
        core->aside[0] = '\0';
        return tdm_fail(
            err, TDM_IO, errno,
            "no folder for the figures of this log could be made in %.80s: set TMPDIR to one with "
            "room for about twice the log",
            base);
    }
    tdm_code code = tdm_kv_open_lmdb(out, &options, err);
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        char path[PATH_MAX];
        if (tdm_path_join(path, core->aside, FILES[i], NULL) == TDM_OK)
            unlink(path);
    }
    return code;
}

void core_fold_drop_aside(tdm_core *core)
{
    if (core->aside[0] != '\0')
        rmdir(core->aside);
}

tdm_code core_fold_open_aside(tdm_core *core, const tdm_frontier *frontier, tdm_err *err)
{
    const tdm_fold_options options = { .has_authority = core->identity.has_authority,
                                       .authority = core->identity.authority,
                                       .with_feeds = core->hub };
    const tdm_bulk_options how = { .folder = core->aside, .frontier = frontier };
    tdm_kv *kv = NULL;
    tdm_bulk_made made;
    tdm_err why = { .code = TDM_OK };
    tdm_code code = open_nameless(core, &kv, &why);
    if (code == TDM_OK)
        code = tdm_fold_bulk(&kv, core->ledger, &options, &how, &made, &why);
    if (code != TDM_OK)
        tdm_fail(err, code, why.sys, "figures of this log, made in %.60s (set TMPDIR to choose): %.100s",
                 core->aside, why.what);
    if (code == TDM_OK) /* of the covered facts alone already */
        code = tdm_fold_at_rest(&core->fold, core->ledger, &kv, NULL, &options, NULL, err);
    tdm_kv_close(&kv);
    return code;
}

/* ---- following ---- */

/* Views hold nothing that cannot be folded again. */
static tdm_code views_remove(tdm_core *core, tdm_err *err)
{
    static const char *const FILES[] = { "data.mdb", "lock.mdb" };
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        char path[640];
        snprintf(path, sizeof path, "%s/views/%s", core->folder, FILES[i]);
        if (unlink(path) != 0 && errno != ENOENT)
            return tdm_fail(err, TDM_IO, errno, "could not remove %.150s", path);
    }
    return TDM_OK;
}

/* Damaged, or of another log (its folder was restored, theirs was not): they are made anew. */
tdm_code core_fold_open(tdm_core *core, tdm_fold **out, tdm_err *err)
{
    tdm_err why = { .code = TDM_OK };
    tdm_code code = views_open(core, out, &why);
    if (code == TDM_OK)
        code = tdm_fold_check_log(*out, core->ledger, &why);
    if (code != TDM_CORRUPT && code != TDM_DIFFERS) {
        if (code != TDM_OK && err != NULL)
            *err = why;
        return code;
    }
    tdm_log_failure(TDM_LOG_WARN, "VIEWS-MADE-ANEW", &why);
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
