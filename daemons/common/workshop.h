/* SPDX-License-Identifier: MPL-2.0
 *
 * workshop.h: a folder of one's own in which a store is made, unseen until it appears whole in one rename.
 */
#ifndef TANDEM_WORKSHOP_H
#define TANDEM_WORKSHOP_H

#include "tandem/path.h"

#include <sys/stat.h>

/* Nobody else's folder is ever touched. An end of the process leaves it behind, by its name. */
typedef struct tdm_workshop {
    char path[PATH_MAX]; /* "": there is none */
} tdm_workshop;

/* Made at path + suffix, which ends in XXXXXX; for its maker alone. */
tdm_code tdm_workshop_make(tdm_workshop *out, const char *path, const char *suffix, tdm_err *err);
/* Removes it with what stores are made of: ledger/ and the files of a snapshot. */
void tdm_workshop_clear(const tdm_workshop *workshop);
/* Its ledger appears as folder/ledger. Durable. */
tdm_code tdm_workshop_yield_ledger(const tdm_workshop *workshop, const char *folder, tdm_err *err);

/* A path without slashes at its end. */
tdm_code tdm_workshop_path(char out[PATH_MAX], const char *path, tdm_err *err);
/* In one rename, durable. */
tdm_code tdm_workshop_appear(const char *from, const char *to, tdm_err *err);
/* The folder is there, and empty (TDM_EXISTS). *made: it was not there. found: its owner and mode. */
tdm_code tdm_workshop_take_folder(const char *folder, struct stat *found, bool *made, tdm_err *err);

#endif
