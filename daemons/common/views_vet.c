/* SPDX-License-Identifier: MPL-2.0
 *
 * views_vet.c: the views looked over in a child process before a daemon opens them.
 */
#include "views_vet.h"

#include "child.h"
#include "log.h"

#include "tandem/fold.h"
#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char DATA[] = "views/data.mdb";
static const char LOCK[] = "views/lock.mdb";
static const char CLOSED[] = "views/closed";
static const char DOUBTED[] = "views/doubted";

enum { NOTE_BYTES = 128 };

static tdm_code remove_file(const char *folder, const char *name, tdm_err *err)
{
    char path[PATH_MAX];
    tdm_code code = tdm_path_join(path, folder, name, err);
    return code == TDM_OK && unlink(path) != 0 && errno != ENOENT ? tdm_path_fail(err, "removing", path)
                                                                  : code;
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    if (tdm_path_join(path, folder, name, NULL) != TDM_OK)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bool written = tdm_path_write(fd, text, strlen(text));
    if (close(fd) != 0 || !written)
        unlink(path);
}

/* The file as it is now; false: there is none, or nothing in it. */
static bool describe(const char *folder, char out[NOTE_BYTES])
{
    char path[PATH_MAX];
    struct stat info;
    if (tdm_path_join(path, folder, DATA, NULL) != TDM_OK || stat(path, &info) != 0 || info.st_size == 0)
        return false;
    snprintf(out, NOTE_BYTES, "%lld %lld.%09ld %llu\n", (long long)info.st_size,
             (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec, (unsigned long long)info.st_ino);
    return true;
}

static bool is_as_closed(const char *folder, const char *now)
{
    char path[PATH_MAX];
    char text[NOTE_BYTES] = "";
    if (tdm_path_join(path, folder, DOUBTED, NULL) != TDM_OK || access(path, F_OK) == 0)
        return false;
    int fd = tdm_path_join(path, folder, CLOSED, NULL) == TDM_OK ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    return len > 0 && strcmp(text, now) == 0;
}

/* ---- in the child */

typedef struct look {
    const char *folder;
    bool whole;
} look;

static void look_over(void *context, int fd, tdm_verdict *out)
{
    const look *at = context;
    char path[PATH_MAX];
    tdm_kv *views = NULL;
    (void)fd;
    const tdm_kv_options options = { .path = path,
                                     .mode = TDM_KV_READ_ONLY,
                                     .tables = TDM_VIEWS_TABLES,
                                     .table_count = TDM_VIEWS_TABLE_COUNT };
    out->code = tdm_path_join(path, at->folder, "views", &out->err);
    if (out->code == TDM_OK)
        out->code = tdm_kv_open_lmdb(&views, &options, &out->err);
    if (out->code == TDM_OK)
        out->code = tdm_views_check(views, at->whole, &out->err);
    tdm_kv_close(&views);
}

static tdm_code ask_child(look *at, tdm_err *why)
{
    tdm_child child;
    tdm_verdict verdict = { 0 };
    tdm_code code = tdm_child_start(&child, look_over, at, why);
    if (code == TDM_OK)
        code = tdm_child_end(&child, &verdict, why);
    if (code == TDM_OK && verdict.code != TDM_OK)
        *why = verdict.err;
    return code == TDM_OK ? verdict.code : code;
}

/* ---- the daemon */

/* A new store has no log either. */
static void tell_absence(const char *folder)
{
    char path[PATH_MAX];
    if (tdm_path_join(path, folder, "ledger/data.mdb", NULL) == TDM_OK && access(path, F_OK) == 0)
        tdm_log(TDM_LOG_NOTICE, "VIEWS-MADE-ANEW",
                tdm_log_text("what", "no figures are kept beside the log"));
}

/* A crash from here on is seen by there being no note. */
tdm_code tdm_views_vet(const char *folder, tdm_err *err)
{
    static const char *const FILES[] = { DATA, LOCK, DOUBTED };
    char now[NOTE_BYTES];
    if (!describe(folder, now)) {
        tell_absence(folder);
        return TDM_OK;
    }
    look at = { .folder = folder, .whole = !is_as_closed(folder, now) };
    tdm_err why = { .code = TDM_OK };
    tdm_code found = ask_child(&at, &why);
    bool unfit = found == TDM_CORRUPT || found == TDM_UNSUPPORTED;
    tdm_code code = remove_file(folder, CLOSED, err);
    if (unfit)
        tdm_log_failure(found == TDM_UNSUPPORTED ? TDM_LOG_NOTICE : TDM_LOG_WARN, "VIEWS-MADE-ANEW", &why);
    for (size_t i = unfit ? 0 : TDM_COUNT(FILES) - 1; i < TDM_COUNT(FILES) && code == TDM_OK; i++)
        code = remove_file(folder, FILES[i], err);
    return code;
}

void tdm_views_closed(const char *folder)
{
    char now[NOTE_BYTES];
    if (describe(folder, now))
        write_file(folder, CLOSED, now);
}

void tdm_views_doubt(const char *folder)
{
    write_file(folder, DOUBTED, "");
}
