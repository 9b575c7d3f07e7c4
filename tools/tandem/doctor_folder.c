/* SPDX-License-Identifier: MPL-2.0
 *
 * doctor_folder.c: a state folder as the system sees it: who may read what, and how much room there is.
 */
#include "doctor.h"

#include "terminal.h"

#include "tandem/path.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Folders in it that hold what is kept; others are none of ours. */
static const char *const PARTS[] = { "ledger", "private", "views" };

/* A name may be any bytes; in a document it is text. */
static json_t *name_text(const char *name)
{
    tdm_buf safe = { 0 };
    tdm_terminal_add(&safe, tdm_span_text(name));
    json_t *text = json_stringn(safe.len == 0 ? "" : (const char *)safe.data, safe.len);
    tdm_buf_free(&safe);
    return text;
}

static void add_file(json_t *files, const char *path, const char *name, uid_t owner)
{
    char full[PATH_MAX];
    char mode[8];
    struct stat info;
    if (tdm_path_join(full, path, name, NULL) != TDM_OK || lstat(full, &info) != 0)
        return;
    snprintf(mode, sizeof mode, "%03o", (unsigned)info.st_mode & 0777);
    json_array_append_new(files, json_pack("{s:o, s:s, s:b, s:b, s:I}", "name", name_text(name), "mode", mode,
                                           "folder", S_ISDIR(info.st_mode), "owners", info.st_uid == owner,
                                           "bytes", (json_int_t)(S_ISREG(info.st_mode) ? info.st_size : 0)));
}

static void add_part(json_t *files, const char *path, const char *part, uid_t owner)
{
    char full[PATH_MAX];
    DIR *folder = tdm_path_join(full, path, part, NULL) == TDM_OK ? opendir(full) : NULL;
    if (folder == NULL)
        return;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char name[PATH_MAX];
        if (entry->d_name[0] != '.' && tdm_path_join(name, part, entry->d_name, NULL) == TDM_OK)
            add_file(files, path, name, owner);
    }
    closedir(folder);
}

json_t *tdm_doctor_folder(const char *path, tdm_err *why)
{
    struct stat info;
    struct statvfs disk;
    if (stat(path, &info) != 0 || statvfs(path, &disk) != 0) {
        tdm_path_fail(why, "looking at", path);
        return NULL;
    }
    json_t *files = json_array();
    DIR *folder = opendir(path);
    if (folder == NULL) {
        tdm_path_fail(why, "looking into", path);
        json_decref(files);
        return NULL;
    }
    add_file(files, path, ".", info.st_uid);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.')
            add_file(files, path, entry->d_name, info.st_uid);
    closedir(folder);
    for (size_t i = 0; i < TDM_COUNT(PARTS); i++)
        add_part(files, path, PARTS[i], info.st_uid);
    return json_pack("{s:o, s:I, s:I, s:o}", "path", name_text(path), "bytes_free",
                     (json_int_t)(disk.f_bavail * disk.f_frsize), "bytes_total",
                     (json_int_t)(disk.f_blocks * disk.f_frsize), "files", files);
}
