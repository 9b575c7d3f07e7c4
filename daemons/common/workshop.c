/* SPDX-License-Identifier: MPL-2.0
 *
 * workshop.c: where a store is made before it appears.
 */
#include "workshop.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

tdm_code tdm_workshop_make(tdm_workshop *out, const char *path, const char *suffix, tdm_err *err)
{
    int len = snprintf(out->path, sizeof out->path, "%s%s", path, suffix);
    if (len < 0 || len >= (int)sizeof out->path) {
        out->path[0] = '\0';
        return tdm_fail(err, TDM_INVALID, ENAMETOOLONG, "the path is too long");
    }
    if (mkdtemp(out->path) != NULL)
        return TDM_OK;
    tdm_code code = tdm_path_fail(err, "making the folder", out->path);
    out->path[0] = '\0';
    return code;
}

void tdm_workshop_clear(const tdm_workshop *w)
{
    if (w->path[0] != '\0')
        tdm_path_remove_tree(w->path, NULL);
}

tdm_code tdm_workshop_path(char out[PATH_MAX], const char *path, tdm_err *err)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len == 0 || len >= PATH_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "the path is empty or too long");
    memcpy(out, path, len);
    out[len] = '\0';
    return TDM_OK;
}

tdm_code tdm_workshop_appear(const char *from, const char *to, tdm_err *err)
{
    if (rename(from, to) != 0)
        return tdm_path_fail(err, "putting in place", to);
    return tdm_path_sync_parent(to, err);
}

tdm_code tdm_workshop_take_folder(const char *folder, struct stat *found, bool *made, tdm_err *err)
{
    tdm_code code = tdm_path_make_folder(folder, made, err);
    DIR *dir = code == TDM_OK ? opendir(folder) : NULL;
    if (dir == NULL || fstat(dirfd(dir), found) != 0) {
        code = code == TDM_OK ? tdm_path_fail(err, "looking into", folder) : code;
    } else {
        for (const struct dirent *entry = readdir(dir); entry != NULL && code == TDM_OK; entry = readdir(dir))
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                code = tdm_fail(err, TDM_EXISTS, 0, "%.120s is not empty: name a new folder", folder);
    }
    if (dir != NULL)
        closedir(dir);
    return code;
}

tdm_code tdm_workshop_yield_ledger(const tdm_workshop *workshop, const char *folder, tdm_err *err)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    tdm_code code = tdm_path_join(from, workshop->path, "ledger", err);
    if (code == TDM_OK)
        code = tdm_path_join(to, folder, "ledger", err);
    return code == TDM_OK ? tdm_workshop_appear(from, to, err) : code;
}
