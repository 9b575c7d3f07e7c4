/* SPDX-License-Identifier: MPL-2.0
 *
 * rebuild.c: figures made again from the ledger alone, by the way a daemon makes them.
 */
#include "rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CACHE_BYTES = 64 << 20, TELL_EACH_MS = 200 };
static const char IN_USE[] = "views";
static const char NEW[] = "views.new";
static const char OLD[] = "views.old";

/* ---- folding to the end ---- */

static tdm_code follow(tdm_core *core, const tdm_rebuild_options *options, tdm_err *err)
{
    uint64_t total = 0;
    tdm_code code = tdm_ledger_last_position(tdm_core_ledger(core), &total, err);
    while (code == TDM_OK) {
        code = tdm_core_wait_folded(core, total, TELL_EACH_MS, err);
        if (options->told != NULL)
            options->told(options->context, tdm_core_folded(core), total);
        if (code != TDM_UNREACHABLE)
            break;
        code = TDM_OK; /* not yet */
    }
    return code;
}

static void read_state(tdm_core *core, tdm_figures_state *out, tdm_err *err)
{
    tdm_fold *fold = tdm_core_fold(core);
    out->code = tdm_fold_state_hash(fold, &out->hash, err);
    out->position = tdm_fold_position(fold);
    tdm_fold_counts_read(fold, &out->counts);
    tdm_core_fold_release(core, fold);
}

/* The figures of one folder, brought up to the ledger's end. */
static tdm_code bring_up(const tdm_rebuild_options *options, const char *views, tdm_figures_state *out,
                         tdm_err *err)
{
    const tdm_core_options core_options = { .folder = options->folder,
                                            .hub = options->hub,
                                            .read_only = true,
                                            .map_bytes = options->map_bytes,
                                            .views = views,
                                            .views_cache_bytes = options->cache_bytes == 0
                                                                     ? CACHE_BYTES
                                                                     : options->cache_bytes };
    tdm_core *core = NULL;
    *out = (tdm_figures_state){ 0 };
    tdm_code code = tdm_core_open(&core, &core_options, err);
    if (code == TDM_OK)
        code = follow(core, options, err);
    if (code == TDM_OK) {
        read_state(core, out, err);
        code = out->code;
    }
    tdm_core_close(&core);
    return code;
}

/* ---- figures in use: read by a child, since a damaged file may end whoever reads it ---- */

static void fail_state(tdm_figures_state *out, tdm_code code, const char *what)
{
    *out = (tdm_figures_state){ .code = code };
    snprintf(out->what, sizeof out->what, "%s", what);
}

static _Noreturn void be_reader(const tdm_rebuild_options *options, int fd)
{
    tdm_rebuild_options quiet = *options;
    tdm_figures_state state;
    tdm_err err = { 0 };
    quiet.told = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tdm_code code = bring_up(&quiet, IN_USE, &state, &err);
    if (code != TDM_OK)
        fail_state(&state, code, err.what);
    ssize_t written = write(fd, &state, sizeof state); /* less than a pipe takes at once */
    _exit(written == (ssize_t)sizeof state ? 0 : 1);
}

static void read_in_child(const tdm_rebuild_options *options, tdm_figures_state *out)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fail_state(out, TDM_IO, "a pipe could not be made");
        return;
    }
    pid_t child = fork();
    if (child == 0)
        be_reader(options, ends[1]);
    close(ends[1]);
    ssize_t got = -1;
    do
        got = child < 0 ? -1 : read(ends[0], out, sizeof *out);
    while (got < 0 && child > 0 && errno == EINTR);
    close(ends[0]);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (got == (ssize_t)sizeof *out)
        return;
    if (child > 0 && WIFSIGNALED(status))
        fail_state(out, TDM_CORRUPT, "reading them ended with a signal: their file is damaged");
    else
        fail_state(out, TDM_IO, "no process could read them");
}

static bool exists(const char *folder, const char *name)
{
    char path[700];
    struct stat found;
    snprintf(path, sizeof path, "%.500s/%s", folder, name);
    return stat(path, &found) == 0;
}

/* ---- making ---- */

struct tdm_rebuild {
    char folder[512];
    tdm_rebuild_options options; /* folder within */
    int lock;                    /* of the ledger: who holds it is the store's only writer (kv.h) */
};

static tdm_code take_lock(tdm_rebuild *rebuild, tdm_err *err)
{
    char path[700];
    snprintf(path, sizeof path, "%s/ledger/writer.lock", rebuild->folder);
    rebuild->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (rebuild->lock < 0)
        return tdm_fail(err, TDM_IO, errno, "%.150s could not be opened: %s", path, strerror(errno));
    if (flock(rebuild->lock, LOCK_EX | LOCK_NB) == 0)
        return TDM_OK;
    return tdm_fail(err, errno == EWOULDBLOCK ? TDM_BUSY : TDM_IO, errno,
                    "another process writes to %.120s: stop its daemon first", rebuild->folder);
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
        read_in_child(&rebuild->options, &out->before); /* before this process has threads */
    else
        fail_state(&out->before, TDM_NOT_FOUND, "there were no figures");
    if (out->before.code == TDM_BUSY)
        return tdm_fail(err, TDM_BUSY, 0, "%s", out->before.what);
    return bring_up(&rebuild->options, NEW, &out->after, err);
}

bool tdm_figures_same(const tdm_figures_state *a, const tdm_figures_state *b)
{
    return a->code == TDM_OK && b->code == TDM_OK && tdm_digest_equal(&a->hash, &b->hash);
}

/* ---- folders ---- */

static tdm_code sync_folder(const char *folder, tdm_err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int sys = errno;
    if (fd >= 0)
        close(fd);
    return synced ? TDM_OK
                  : tdm_fail(err, TDM_IO, sys, "%.120s could not be synced: %s", folder, strerror(sys));
}

static tdm_code drop(const char *folder, const char *name, tdm_err *err)
{
    static const char *const FILES[] = { "/data.mdb", "/lock.mdb", "/writer.lock", "" };
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        char path[700];
        snprintf(path, sizeof path, "%.500s/%s%s", folder, name, FILES[i]);
        int failed = FILES[i][0] == 0 ? rmdir(path) : unlink(path);
        if (failed != 0 && errno != ENOENT)
            return tdm_fail(err, TDM_IO, errno, "%.150s could not be removed: %s", path, strerror(errno));
    }
    return sync_folder(folder, err);
}

tdm_code tdm_rebuild_drop_new(tdm_rebuild *rebuild, tdm_err *err)
{
    return drop(rebuild->folder, NEW, err);
}

tdm_code tdm_rebuild_drop_old(tdm_rebuild *rebuild, tdm_err *err)
{
    return drop(rebuild->folder, OLD, err);
}

/* The two names change places at once: whenever the power goes, views are whole ones. */
tdm_code tdm_rebuild_swap(tdm_rebuild *rebuild, tdm_err *err)
{
    const char *folder = rebuild->folder;
    char in_use[700];
    char fresh[700];
    char old[700];
    snprintf(in_use, sizeof in_use, "%.500s/%s", folder, IN_USE);
    snprintf(fresh, sizeof fresh, "%.500s/%s", folder, NEW);
    snprintf(old, sizeof old, "%.500s/%s", folder, OLD);
    tdm_code code = drop(folder, OLD, err);
    if (code != TDM_OK)
        return code;
    bool had = exists(folder, IN_USE);
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, in_use, had ? RENAME_EXCHANGE : 0) != 0)
        return tdm_fail(err, TDM_IO, errno, "%.150s could not be put in place: %s", fresh, strerror(errno));
    if (had && rename(fresh, old) != 0)
        return tdm_fail(err, TDM_IO, errno, "%.150s could not be kept as %s: %s", fresh, OLD,
                        strerror(errno));
    return sync_folder(folder, err);
}
