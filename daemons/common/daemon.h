/* SPDX-License-Identifier: MPL-2.0
 *
 * daemon.h: what both programs open before their links and close after them: configuration, run state,
 * metrics, core, the local door and HTTP. A main() only wires: open, links, serve, loop, close.
 */
#ifndef TANDEM_DAEMON_H
#define TANDEM_DAEMON_H

#include "config.h"
#include "control.h"
#include "core.h"
#include "http.h"
#include "metrics.h"
#include "run.h"
#include "transport.h"

#include <stdatomic.h>

typedef struct tdm_daemon {
    tdm_role role;
    tdm_config *config;
    tdm_run *run;
    tdm_metrics *metrics;
    tdm_core *core;
    void *zmq; /* the process's one context */
    tdm_control *control;
    tdm_http *http;
    tdm_service_context services; /* the links fill in their part before serve */
    bool stopping;                /* asked to, before it was open */
    _Atomic int64_t beat_ms;      /* when the loop last turned, monotonic */
    _Atomic bool as_of_busy;      /* one as-of question over HTTP at a time */
    char control_endpoint[640];
} tdm_daemon;

/* TDM_END: the command line asked only for help, version or a check, and all was said; or it was asked to
 * stop while it made figures. Leave with 0. */
tdm_code tdm_daemon_open(tdm_daemon *daemon, tdm_role role, int argc, char **argv, tdm_err *err);
/* Open the doors (control socket, HTTP), write the address file FOLDER/http.address, say READY. */
tdm_code tdm_daemon_serve(tdm_daemon *daemon, const char *status, tdm_err *err);
/* Shut the doors; the links close between this and tdm_daemon_close. */
void tdm_daemon_unserve(tdm_daemon *daemon);
void tdm_daemon_close(tdm_daemon *daemon);
tdm_transport_options tdm_daemon_transport(const tdm_daemon *daemon);
/* The loop turned: watchdog and livez. */
void tdm_daemon_beat(tdm_daemon *daemon);

#endif
