/* SPDX-License-Identifier: MPL-2.0
 *
 * replay_live.h: a log into the store of a running daemon, in parts that each end with a seal.
 */
#ifndef TANDEM_TOOLS_REPLAY_LIVE_H
#define TANDEM_TOOLS_REPLAY_LIVE_H

#include "client.h"
#include "progress.h"

#include "log_replay.h"

/* lines: of an export. Options: node, until, per_second, dry_run. The status of the command; a failure has
 * been told, *done is what became of the parts before it. */
int tdm_replay_live(const tdm_invocation *invocation, tdm_session *session, FILE *lines,
                    const tdm_replay_options *options, tdm_progress *progress, tdm_replayed *done);

#endif
