/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshots.h: tandem snapshot and tandem restore.
 */
#ifndef TANDEM_TOOLS_SNAPSHOTS_H
#define TANDEM_TOOLS_SNAPSHOTS_H

#include "session.h"

int tdm_snapshot_run(const tdm_invocation *invocation, tdm_session *session);
int tdm_restore_run(const tdm_invocation *invocation, tdm_session *session);

#endif
