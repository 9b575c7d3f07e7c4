/* SPDX-License-Identifier: MPL-2.0
 *
 * path.c: the files and folders of a store, and what the system says of them.
 */
#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    int number;
    tdm_code code;
    const char *advice;
} MEANINGS[] = {
    { ENOSPC, TDM_FULL, "; free space on the disk" },
    { EDQUOT, TDM_FULL, "; free space within the quota" },
    { ENOMEM, TDM_FULL, "" },
    { ENOENT, TDM_NOT_FOUND, "" },
    { EACCES, TDM_DENIED, "; see the owner and mode of the folder" },
    { EPERM, TDM_DENIED, "; see the owner and mode of the folder" },
    { EROFS, TDM_DENIED, "; what is mounted there is for reading only" },
    { EEXIST, TDM_EXISTS, "; name another one" },
    { ENOTEMPTY, TDM_EXISTS, "; name another one" },
};

tdm_code tdm_path_code(int number, const char **advice)
{
    *advice = "";
    for (size_t i = 0; i < TDM_COUNT(MEANINGS); i++) {
        if (MEANINGS[i].number != number)
            continue;
        *advice = MEANINGS[i].advice;
        return MEANINGS[i].code;
    }
    return TDM_IO;
}

tdm_code tdm_path_fail(tdm_err *err, const char *step, const char *path)
{
    int number = errno;
    const char *advice;
    tdm_code code = tdm_path_code(number, &advice);
    return tdm_fail(err, code, number, "%s %.120s: %s%s", step, path, strerror(number), advice);
}

tdm_code tdm_path_join(char out[PATH_MAX], const char *folder, const char *name, tdm_err *err)
{
    int len = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    if (len < 0 || len >= PATH_MAX)
        return tdm_fail(err, TDM_INVALID, ENAMETOOLONG, "the path of the store is too long");
    return TDM_OK;
}

bool tdm_path_write(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t done = write(fd, at, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        len -= (size_t)done;
    }
    return true;
}

tdm_code tdm_path_sync(const char *path, tdm_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tdm_path_fail(err, "opening", path);
    tdm_code code = fsync(fd) == 0 ? TDM_OK : tdm_path_fail(err, "syncing", path);
    close(fd);
    return code;
}

tdm_code tdm_path_sync_parent(const char *path, tdm_err *err)
{
    char parent[PATH_MAX];
    tdm_code code = tdm_path_join(parent, path, "..", err);
    return code == TDM_OK ? tdm_path_sync(parent, err) : code;
}

tdm_code tdm_path_make_folder(const char *path, bool *made, tdm_err *err)
{
    bool is_new = mkdir(path, 0700) == 0;
    if (made != NULL)
        *made = is_new;
    if (is_new)
        return tdm_path_sync_parent(path, err);
    return errno == EEXIST ? TDM_OK : tdm_path_fail(err, "making the folder", path);
}

/* Over a third name. */
static int exchange_by_turns(const char *fresh, const char *in_use)
{
    char aside[PATH_MAX];
    int len = snprintf(aside, sizeof aside, "%s.aside", in_use);
    if (len < 0 || (size_t)len >= sizeof aside) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return rename(in_use, aside) != 0 ? -1 : rename(fresh, in_use) != 0 ? -1 : rename(aside, fresh);
}

tdm_code tdm_path_exchange(const char *fresh, const char *in_use, tdm_err *err)
{
    int failed = renameat2(AT_FDCWD, fresh, AT_FDCWD, in_use, RENAME_EXCHANGE);
    if (failed != 0 && errno == ENOENT)
        failed = rename(fresh, in_use);
    else if (failed != 0 && (errno == EINVAL || errno == ENOSYS))
        failed = exchange_by_turns(fresh, in_use);
    return failed == 0 ? TDM_OK : tdm_path_fail(err, "putting in place", fresh);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

tdm_code tdm_path_remove_tree(const char *folder, tdm_err *err)
{
    if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return TDM_OK;
    return tdm_path_fail(err, "removing", folder);
}

tdm_code tdm_path_lock(const char *folder, int *lock, bool *made, tdm_err *err)
{
    char path[PATH_MAX];
    *lock = -1;
    tdm_code code = tdm_path_join(path, folder, "writer.lock", err);
    if (code != TDM_OK)
        return code;
    *lock = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made != NULL)
        *made = *lock >= 0;
    if (*lock < 0)
        *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*lock < 0)
        return tdm_path_fail(err, "opening", path);
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
        return TDM_OK;
    if (errno == EWOULDBLOCK)
        return tdm_fail(err, TDM_BUSY, errno, "another process writes to %.120s; stop it or open for reading",
                        folder);
    return tdm_path_fail(err, "locking", path);
}
