/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_lmdb_copy.c: a moment's pages, without the free ones, as another environment or as bytes one after
 * another.
 */
#include "kv_lmdb.h"
#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_BYTES = 1 << 20 };

typedef int copy_function(lmdb_kv *kv, const void *to);

static int copy_to_path(lmdb_kv *kv, const void *to)
{
    return mdb_env_copy2(kv->env, to, MDB_CP_COMPACT);
}

static int copy_to_descriptor(lmdb_kv *kv, const void *to)
{
    return mdb_env_copyfd2(kv->env, *(const int *)to, MDB_CP_COMPACT);
}

/* Nothing was copied where another process had made the map larger. */
static int copy_pages(lmdb_kv *kv, copy_function *copy, const void *to)
{
    int rc = MDB_MAP_RESIZED;
    for (int attempt = 0; attempt < 3 && rc == MDB_MAP_RESIZED; attempt++) {
        if (attempt > 0 && tdm_kv_lmdb_adopt_map(kv) != MDB_SUCCESS)
            break;
        tdm_kv_gate_enter(&kv->gate);
        rc = copy(kv, to);
        tdm_kv_gate_leave(&kv->gate);
    }
    return rc;
}

/* ---- to a folder */

tdm_code tdm_kv_lmdb_copy(tdm_kv *base, const char *path, tdm_err *err)
{
    char data[PATH_MAX];
    tdm_code code = tdm_path_make_folder(path, NULL, err);
    if (code == TDM_OK)
        code = tdm_path_join(data, path, "data.mdb", err);
    if (code == TDM_OK && access(data, F_OK) == 0)
        code = tdm_fail(err, TDM_EXISTS, 0, "%.150s is there already", data);
    if (code == TDM_OK)
        code =
            tdm_kv_lmdb_fail(err, path, copy_pages((lmdb_kv *)base, copy_to_path, path), "copying the store");
    if (code == TDM_OK && chmod(data, 0600) != 0) /* LMDB asks for 0666 */
        code = tdm_path_fail(err, "keeping for its owner alone", data);
    if (code == TDM_OK)
        code = tdm_path_sync(data, err);
    return code == TDM_OK ? tdm_path_sync(path, err) : code;
}

/* ---- to a sink: LMDB writes into a pipe on a thread of its own */

typedef struct pouring {
    lmdb_kv *kv;
    int to;
    int rc;
} pouring;

static void *pour(void *argument)
{
    pouring *p = argument;
    p->rc = copy_pages(p->kv, copy_to_descriptor, &p->to);
    close(p->to);
    return NULL;
}

static tdm_code drain(int from, tdm_kv_sink *sink, void *context, tdm_err *err)
{
    uint8_t *part = malloc(PART_BYTES);
    tdm_code code = part == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory to copy the store") : TDM_OK;
    ssize_t got = 0;
    while (code == TDM_OK && (got = read(from, part, PART_BYTES)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        code = got < 0 ? tdm_fail(err, TDM_IO, errno, "the copy of the store could not be read")
                       : sink(context, (tdm_span){ part, (size_t)got }, err);
    }
    free(part);
    return code;
}

/* No signal is for it: a pipe that nobody reads any more is an error of writing. */
static int start(pthread_t *thread, pouring *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, pour, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

tdm_code tdm_kv_lmdb_copy_out(tdm_kv *base, tdm_kv_sink *sink, void *context, tdm_err *err)
{
    int ends[2];
    pthread_t thread;
    pouring p = { .kv = (lmdb_kv *)base };
    if (pipe2(ends, O_CLOEXEC) != 0)
        return tdm_fail(err, TDM_IO, errno, "no pipe to copy the store through");
    p.to = ends[1];
    int failed = start(&thread, &p);
    if (failed != 0) {
        close(ends[0]);
        close(ends[1]);
        return tdm_fail(err, TDM_FULL, failed, "no thread to copy the store");
    }
    tdm_code code = drain(ends[0], sink, context, err);
    close(ends[0]); /* what still writes then stops */
    pthread_join(thread, NULL);
    return code == TDM_OK ? tdm_kv_lmdb_fail(err, p.kv->path, p.rc, "copying the store") : code;
}
