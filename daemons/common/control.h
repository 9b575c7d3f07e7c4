/* SPDX-License-Identifier: MPL-2.0
 *
 * control.h: the local door of a daemon: requests over a Unix socket in its state folder (0700), one at a
 * time, on a thread of its own, so that a long import never holds up a link. Frames, over ZeroMQ REQ/ROUTER
 * ipc://FOLDER/control.sock: request  [verb][JSON arguments][body]       answer  [exit status as decimal
 * text]["json" or "raw"][bytes] Limits: verb 64 bytes, arguments 64 KiB, body 64 MiB.
 */
#ifndef TANDEM_CONTROL_H
#define TANDEM_CONTROL_H

#include "service.h"

typedef struct tdm_control tdm_control;
/* context is copied except now_ms, which is read anew for each request. Returns when it listens. */
tdm_code tdm_control_start(tdm_control **out, void *zmq_context, const char *endpoint,
                           const tdm_service_context *context, tdm_err *err);
void tdm_control_stop(tdm_control **control); /* finishes the request at hand; returns when gone */

/* The client's side: TDM_UNREACHABLE with what to do when no daemon answers in time. exit_status: the
 * daemon's. */
tdm_code tdm_control_call(void *zmq_context, const char *endpoint, const char *verb, tdm_span args,
                          tdm_span body, int64_t timeout_ms, tdm_answer *answer, tdm_err *err);

#endif
