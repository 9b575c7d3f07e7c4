/* SPDX-License-Identifier: MPL-2.0
 *
 * hub.h: the hub's part of the daemon: the listener, the links of its partners, admission and tides, on one
 * loop.
 */
#ifndef TANDEM_HUB_H
#define TANDEM_HUB_H

#include "daemon.h"

typedef struct tdm_hub tdm_hub;

/* Bind the ZAP actor, then the listener; fill daemon->services. The daemon is borrowed and outlives the hub.
 */
tdm_code tdm_hub_open(tdm_hub **out, tdm_daemon *daemon, tdm_err *err);
/* Turn the loop until a signal says stop. */
tdm_code tdm_hub_run(tdm_hub *hub, tdm_err *err);
/* Listener first, ZAP last; waits for what was handed to the writer. NULL-safe. */
void tdm_hub_close(tdm_hub **hub);
const char *tdm_hub_endpoint(const tdm_hub *hub); /* as bound */

#endif
