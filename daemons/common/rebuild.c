/* SPDX-License-Identifier: MPL-2.0
 *
 * rebuild.c: figures made again from the ledger alone: the same rows as a daemon makes along its ledger.
 */
#include "rebuild.h"

#include "child.h"

#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char IN_USE[] = "views";
static const char NEW[] = "views.new";
static const char OLD[] = "views.old";

static void fail_state(tdm_figures_state *out, tdm_code code, const char *what)
{
    *out = (tdm_figures_state){ .code = code };
    snprintf(out->what, sizeof out->what, "%s", what);
}

static tdm_code read_state(tdm_fold *fold, tdm_figures_state *out, tdm_err *err)
{
    out->code = tdm_fold_state_hash(fold, &out->hash, err);
    out->position = tdm_fold_position(fold);
    tdm_fold_counts_read(fold, &out->counts);
    return out->code;
}

/* ---- folders ---- */

static bool exists(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return tdm_path_join(path, folder, name, NULL) == TDM_OK && access(path, F_OK) == 0;
}

static tdm_code drop(const char *folder, const char *views, tdm_err *err)
{
    char path[PATH_MAX];
    tdm_code code = tdm_path_join(path, folder, views, err);
    if (code == TDM_OK)
        code = tdm_path_remove_tree(path, err);
    return code == TDM_OK ? tdm_path_sync(folder, err) : code;
}

/* ---- new figures ---- */

static tdm_code open_log(tdm_core **out, const tdm_rebuild_options *options, tdm_err *err)
{
    const tdm_core_options core_options = { .folder = options->folder,
                                            .hub = options->hub,
                                            .read_only = true,
                                            .log_only = true,
                                            .map_bytes = options->map_bytes };
    return tdm_core_open(out, &core_options, err);
}

static tdm_fold_options options_of(tdm_core *core, bool hub)
{
    tdm_fold_options options = { .with_feeds = hub };
    options.has_authority = tdm_core_authority(core, &options.authority);
    return options;
}

/* What is being made is nothing until it is whole. */
static tdm_code open_views(tdm_kv **out, const char *path, tdm_kv_mode mode, tdm_err *err)
{
    const tdm_kv_options views = { .path = path,
                                   .mode = mode,
                                   .tables = TDM_VIEWS_TABLES,
                                   .table_count = TDM_VIEWS_TABLE_COUNT,
                                   .unsynced = mode == TDM_KV_READ_WRITE };
    return tdm_kv_open_lmdb(out, &views, err);
}

/* Begun anew each time: what an interrupted run left is of no use. */
static tdm_code fold_new(tdm_core *core, const tdm_rebuild_options *options, tdm_figures_state *out,
                         tdm_err *err)
{
    char path[PATH_MAX];
    tdm_kv *views = NULL;
    tdm_bulk_made made;
    const tdm_fold_options folds = options_of(core, options->hub);
    const tdm_bulk_options how = { .folder = path, .told = options->told };
    tdm_code code = drop(options->folder, NEW, err);
    if (code == TDM_OK)
        code = tdm_path_join(path, options->folder, NEW, err);
    if (code == TDM_OK)
        code = open_views(&views, path, TDM_KV_READ_WRITE, err);
    if (code == TDM_OK)
        code = tdm_fold_bulk(&views, tdm_core_ledger(core), &folds, &how, &made, err);
    if (code == TDM_OK)
        code = tdm_kv_sync(views, err);
    if (code == TDM_OK)
        *out = (tdm_figures_state){ .position = made.position, .hash = made.hash, .counts = made.counts };
    tdm_kv_close(&views);
    return code;
}

static tdm_code make_new(const tdm_rebuild_options *options, tdm_figures_state *out, tdm_err *err)
{
    tdm_core *core = NULL;
    tdm_code code = open_log(&core, options, err);
    if (code == TDM_OK)
        code = fold_new(core, options, out, err);
    tdm_core_close(&core);
    return code;
}

/* ---- figures in use: read as they are; what they lack of the log is added in memory ---- */

static tdm_code apply_one(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    return tdm_fold_file(context, entry, 1, err);
}

static tdm_code catch_up(tdm_fold *fold, tdm_ledger *ledger, tdm_err *err)
{
    enum { STEP = 8192 };
    uint64_t last = 0;
    tdm_code code = tdm_ledger_last_position(ledger, &last, err);
    if (code == TDM_OK && tdm_fold_position(fold) > last)
        return tdm_fail(err, TDM_DIFFERS, 0, "they go on after the end of this log: they are of another one");
    while (code == TDM_OK && tdm_fold_position(fold) < last) {
        uint64_t next = 0;
        code = tdm_ledger_scan(ledger, tdm_fold_position(fold) + 1, STEP, apply_one, fold, &next, err);
        code = code == TDM_END ? TDM_OK : code;
        tdm_err why = { .code = TDM_OK };
        while (code == TDM_OK && tdm_fold_judge(fold, STEP, &why))
            code = why.code;
    }
    return code;
}

static tdm_code open_in_use(tdm_fold **out, tdm_core *core, const tdm_rebuild_options *options, tdm_err *err)
{
    char path[PATH_MAX];
    tdm_kv *kv = NULL;
    const tdm_fold_options folds = options_of(core, options->hub);
    tdm_code code = tdm_path_join(path, options->folder, IN_USE, err);
    if (code == TDM_OK)
        code = open_views(&kv, path, TDM_KV_READ_ONLY, err);
    if (code == TDM_OK)
        code = tdm_fold_open(out, &kv, &folds, err);
    if (code == TDM_INVALID) /* it would have emptied them */
        code =
            tdm_fail(err, TDM_DIFFERS, 0, "they are of another hub, or of another version of this program");
    return code;
}

static tdm_code read_in_use(const tdm_rebuild_options *options, tdm_figures_state *out, tdm_err *err)
{
    tdm_core *core = NULL;
    tdm_fold *fold = NULL;
    tdm_code code = open_log(&core, options, err);
    if (code == TDM_OK)
        code = open_in_use(&fold, core, options, err);
    if (code == TDM_OK)
        code = catch_up(fold, tdm_core_ledger(core), err);
    if (code == TDM_OK)
        code = read_state(fold, out, err);
    tdm_fold_close(&fold);
    tdm_core_close(&core);
    return code;
}

/* ---- in a child, since a damaged file may end whoever reads it ---- */

typedef tdm_code task(const tdm_rebuild_options *options, tdm_figures_state *out, tdm_err *err);

/* Through a pipe, each less than it takes at once. */
typedef struct message {
    bool last;
    uint64_t done;
    uint64_t total;
    tdm_figures_state state; /* of the last one */
} message;

static bool send_progress(void *context, uint64_t done, uint64_t total)
{
    message m;
    memset(&m, 0, sizeof m);
    m.done = done;
    m.total = total;
    return tdm_path_write(*(int *)context, &m, sizeof m);
}

typedef struct job {
    const tdm_rebuild_options *options;
    task *run;
} job;

static void be_child(void *context, int fd, tdm_verdict *out)
{
    const job *j = context;
    tdm_rebuild_options own = *j->options;
    const tdm_told told = { send_progress, &fd };
    message m;
    memset(&m, 0, sizeof m);
    m.last = true;
    own.told = &told;
    out->code = j->run(&own, &m.state, &out->err);
    if (out->code != TDM_OK)
        fail_state(&m.state, out->code, out->err.what);
    tdm_path_write(fd, &m, sizeof m);
}

static bool read_message(int fd, message *out)
{
    size_t have = 0;
    ssize_t got;
    while (have < sizeof *out && (got = read(fd, (char *)out + have, sizeof *out - have)) != 0) {
        if (got < 0 && errno != EINTR)
            return false;
        have += got > 0 ? (size_t)got : 0;
    }
    return have == sizeof *out;
}

static void run_in_child(const tdm_rebuild_options *options, task *run, tdm_figures_state *out)
{
    job j = { options, run };
    message m = { .last = false };
    tdm_child child;
    tdm_verdict verdict;
    tdm_err told = { 0 };
    tdm_err err = { 0 };
    tdm_code code = tdm_child_start(&child, be_child, &j, &err);
    while (code == TDM_OK && !m.last && read_message(child.data, &m))
        if (!m.last && tdm_told_tell(options->told, m.done, m.total, &told) != TDM_OK)
            break;
    if (code == TDM_OK) /* if it still works, it ends at its next word */
        code = tdm_child_end(&child, &verdict, &err);
    if (m.last)
        *out = m.state;
    else if (told.code != TDM_OK)
        fail_state(out, told.code, "interrupted; the figures in use are as they were");
    else
        fail_state(out, code == TDM_OK ? TDM_IO : code, err.what);
}

/* ---- the whole ---- */

struct tdm_rebuild {
    char folder[512];
    tdm_rebuild_options options; /* folder within */
    int lock;                    /* of the ledger: who holds it is the store's only writer (kv.h) */
};

static tdm_code take_lock(tdm_rebuild *rebuild, tdm_err *err)
{
    char ledger[PATH_MAX];
    rebuild->lock = -1;
    tdm_code code = tdm_path_join(ledger, rebuild->folder, "ledger", err);
    return code == TDM_OK ? tdm_path_lock(ledger, &rebuild->lock, NULL, err) : code;
}

tdm_code tdm_rebuild_open(tdm_rebuild **out, const tdm_rebuild_options *options, tdm_err *err)
{
    *out = NULL;
    if (strlen(options->folder) >= sizeof((tdm_rebuild *)0)->folder)
        return tdm_fail(err, TDM_INVALID, 0, "the state folder's path is too long");
    if (!exists(options->folder, "ledger/data.mdb"))
        return tdm_fail(err, TDM_NOT_FOUND, 0, "%.120s holds no Tandem store", options->folder);
    tdm_rebuild *rebuild = calloc(1, sizeof *rebuild);
    if (rebuild == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to make figures");
    rebuild->options = *options;
    strcpy(rebuild->folder, options->folder);
    rebuild->options.folder = rebuild->folder;
    tdm_code code = take_lock(rebuild, err);
    if (code != TDM_OK)
        tdm_rebuild_close(&rebuild);
    *out = rebuild;
    return code;
}

void tdm_rebuild_close(tdm_rebuild **rebuild)
{
    if (*rebuild == NULL)
        return;
    if ((*rebuild)->lock >= 0)
        close((*rebuild)->lock);
    free(*rebuild);
    *rebuild = NULL;
}

tdm_code tdm_rebuild_make(tdm_rebuild *rebuild, tdm_rebuilt *out, tdm_err *err)
{
    *out = (tdm_rebuilt){ 0 };
    if (exists(rebuild->folder, "views/data.mdb"))
        run_in_child(&rebuild->options, read_in_use, &out->before);
    else
        fail_state(&out->before, TDM_NOT_FOUND, "there were no figures");
    run_in_child(&rebuild->options, make_new, &out->after);
    return out->after.code == TDM_OK ? TDM_OK : tdm_fail(err, out->after.code, 0, "%s", out->after.what);
}

bool tdm_figures_same(const tdm_figures_state *a, const tdm_figures_state *b)
{
    return a->code == TDM_OK && b->code == TDM_OK && tdm_digest_equal(&a->hash, &b->hash);
}

tdm_code tdm_rebuild_drop_new(tdm_rebuild *rebuild, tdm_err *err)
{
    return drop(rebuild->folder, NEW, err);
}

tdm_code tdm_rebuild_drop_old(tdm_rebuild *rebuild, tdm_err *err)
{
    return drop(rebuild->folder, OLD, err);
}

tdm_code tdm_rebuild_swap(tdm_rebuild *rebuild, tdm_err *err)
{
    char in_use[PATH_MAX];
    char fresh[PATH_MAX];
    char old[PATH_MAX];
    tdm_code code = tdm_path_join(in_use, rebuild->folder, IN_USE, err);
    if (code == TDM_OK)
        code = tdm_path_join(fresh, rebuild->folder, NEW, err);
    if (code == TDM_OK)
        code = tdm_path_join(old, rebuild->folder, OLD, err);
    if (code == TDM_OK)
        code = drop(rebuild->folder, OLD, err);
    if (code != TDM_OK)
        return code;
    bool replaces = exists(rebuild->folder, IN_USE);
    code = tdm_path_exchange(fresh, in_use, err);
    if (code == TDM_OK && replaces && rename(fresh, old) != 0)
        code = tdm_path_fail(err, "keeping what was replaced in", old);
    return code == TDM_OK ? tdm_path_sync(rebuild->folder, err) : code;
}
