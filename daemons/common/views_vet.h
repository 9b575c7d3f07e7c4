/* SPDX-License-Identifier: MPL-2.0
 *
 * views_vet.h: may a daemon open the figures kept beside its log? LMDB trusts its file, and a fold that
 * follows meets a damaged row only when it needs it, or ends its process by it. So they are looked over
 * before, in a child process: their version always; every page and row of them unless the daemon that had
 * them last closed them, and nobody wrote since. What is not fit is removed: figures hold nothing that the
 * log does not.
 *
 * "views/closed" tells of such a close: size, time and number of the file. "views/doubted": somebody met
 * damage.
 */
#ifndef TANDEM_VIEWS_VET_H
#define TANDEM_VIEWS_VET_H

#include "tandem/base.h"

/* Before the store of this state folder is opened, by the one process that may, with no thread beside. Logs
 * VIEWS-MADE-ANEW and why. TDM_OK also where there are none, and where they cannot be looked at: who opens
 * them says so. TDM_IO: they cannot be removed. */
tdm_code tdm_views_vet(const char *folder, tdm_err *err);
/* The daemon has closed them. Best effort: what is not noted is looked over. */
void tdm_views_closed(const char *folder);
/* Something there is damaged, maybe them: the next start looks. Best effort. */
void tdm_views_doubt(const char *folder);

#endif
