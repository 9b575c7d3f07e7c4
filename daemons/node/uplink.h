/* SPDX-License-Identifier: MPL-2.0
 *
 * uplink.h: the node's link to its hub: joining with a one-time key, then sharing its own log, taking the
 * hub's and what partners state of it. Everything else of the node goes on without it.
 */
#ifndef TANDEM_UPLINK_H
#define TANDEM_UPLINK_H

#include "daemon.h"

typedef struct tdm_uplink tdm_uplink;

/* Fills daemon->services. The daemon is borrowed and outlives the uplink. */
tdm_code tdm_uplink_open(tdm_uplink **out, tdm_daemon *daemon, tdm_err *err);
/* Turn the loop until a signal says stop. */
tdm_code tdm_uplink_run(tdm_uplink *uplink, tdm_err *err);
void tdm_uplink_close(tdm_uplink **uplink); /* NULL-safe */

#endif
