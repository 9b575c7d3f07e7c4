/* SPDX-License-Identifier: MPL-2.0
 *
 * path.h: the files and folders of a store, and what the system says of them.
 */
#ifndef TANDEM_PATH_H
#define TANDEM_PATH_H

#include "tandem/base.h"

#include <limits.h>

/* The system's numbers become codes here and nowhere else. *advice: what to do, behind "; ", or "". */
tdm_code tdm_path_code(int number, const char **advice);
/* A step that failed with errno: its code, the step and the path in words. */
tdm_code tdm_path_fail(tdm_err *err, const char *step, const char *path);

/* folder/name, or TDM_INVALID if that is too long. */
tdm_code tdm_path_join(char out[PATH_MAX], const char *folder, const char *name, tdm_err *err);
/* All of it, whatever interrupts; false with errno. */
bool tdm_path_write(int fd, const void *data, size_t len);
/* A file's content, or the names in a folder, are on the disk. */
tdm_code tdm_path_sync(const char *path, tdm_err *err);
/* A folder's own name is on the disk. */
tdm_code tdm_path_sync_parent(const char *folder, tdm_err *err);

/* For its owner alone, and synced. TDM_OK if it was there; *made, if wanted, tells. */
tdm_code tdm_path_make_folder(const char *path, bool *made, tdm_err *err);
/* Two names on one file system change places at once; where `in_use` is not there, `fresh` takes that name.
 * Where the file system can not change them at once there is nothing of the name for a moment. `fresh` then
 * names what was in use. Not synced. */
tdm_code tdm_path_exchange(const char *fresh, const char *in_use, tdm_err *err);
/* A folder that the program made, with all in it. Links are removed, not followed. An absent one is none. */
tdm_code tdm_path_remove_tree(const char *folder, tdm_err *err);
/*
 * Take folder/writer.lock: whoever holds it is the only one who changes what is in the folder. *lock is the
 * descriptor, also after a failure, -1 if there is none: closing it gives the lock back. *made, if wanted,
 * tells that the file was not there before. TDM_BUSY.
 */
tdm_code tdm_path_lock(const char *folder, int *lock, bool *made, tdm_err *err);

#endif
