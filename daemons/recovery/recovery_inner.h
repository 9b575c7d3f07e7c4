/* SPDX-License-Identifier: MPL-2.0
 *
 * recovery_inner.h: what both drivers have: a store's completions, patience, and when a fetched log is whole.
 */
#ifndef TANDEM_RECOVERY_INNER_H
#define TANDEM_RECOVERY_INNER_H

#include "recovery.h"

#include "link_ports.h"
#include "queue.h"
#include "transport.h"

#define RECOVERY_TURN_MS 100

typedef struct recovery {
    tdm_log_ports *ports; /* first, for a link */
    tdm_core *core;
    const tdm_recovery_options *options;
    void *zmq;
    tdm_queue *done;
    int grew_fd;
    int64_t patience_ms;
    int64_t progress_ms; /* monotonic: when something last came */
    const char *what;    /* of the log that comes */
    uint64_t held;
} recovery;

tdm_code recovery_open(recovery *r, tdm_core *core, const tdm_recovery_options *options, tdm_err *err);
void recovery_close(recovery *r); /* of a zeroed one, too */
tdm_transport_options recovery_transport(void);
/* The figures, and with them the keys they know, have passed all that is held. */
tdm_code recovery_settle(recovery *r, tdm_err *err);
/* The log of this origin that the link fetches is here, as far as the other end has it. */
bool recovery_is_whole(const recovery *r, const tdm_link_figures *figures, const tdm_id *origin);
/* Tell how it goes, and note that it goes. */
void recovery_tell(recovery *r, const char *what, uint64_t held, uint64_t total);
/* TDM_UNREACHABLE once patience is over, or somebody ends it. */
tdm_code recovery_check(const recovery *r, tdm_err *err);

#endif
