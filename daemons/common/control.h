/* SPDX-License-Identifier: MPL-2.0
 *
 * control.h: the local door of a daemon: requests over a Unix socket in its state folder (0700), one at a
 * time, on a thread of its own, so that a long import never holds up a link; those that read for long, one at
 * a time on another thread, so that they hold up nobody, and end with an error when the daemon stops. Frames,
 * over ZeroMQ REQ/ROUTER ipc://FOLDER/control.sock: request  [verb][JSON arguments][body]       answer  [exit
 * status as decimal text]["json" or "raw"][bytes] Limits: verb 64 bytes, arguments 64 KiB, body 64 MiB,
 * answer 1 GiB.
 */
#ifndef TANDEM_CONTROL_H
#define TANDEM_CONTROL_H

#include "service.h"

#define TDM_CONTROL_VERB_MAX 64
#define TDM_CONTROL_ARGS_MAX ((size_t)64 << 10)
#define TDM_CONTROL_BODY_MAX ((size_t)64 << 20)
#define TDM_CONTROL_ANSWER_MAX ((size_t)1 << 30)

typedef struct tdm_control tdm_control;
/* context is copied except now_ms, which is read anew for each request. Returns when it listens.
 * TDM_INVALID: the path is too long for a Unix socket (107 bytes). */
tdm_code tdm_control_start(tdm_control **out, void *zmq_context, const char *endpoint,
                           const tdm_service_context *context, tdm_err *err);
void tdm_control_stop(tdm_control **control); /* finishes the request at hand; returns when gone */

/* The same door with another function behind it, as tests have. tdm_service_call is one. */
typedef tdm_code tdm_control_handler(const tdm_service_context *context, const char *verb,
                                     const tdm_request *request, tdm_answer *answer, tdm_err *err);
/* Does this verb read for long? Those are served beside the others. */
typedef bool tdm_control_is_long(const char *verb);
/* is_long_one NULL: none is. */
tdm_code tdm_control_serve(tdm_control **out, void *zmq_context, const char *endpoint,
                           const tdm_service_context *context, int64_t (*now_ms)(void),
                           tdm_control_handler *handler, tdm_control_is_long *is_long_one, tdm_err *err);

/* The client's side. TDM_OK: a daemon answered, be it with a failure: answer->exit is its status, and
 * answer's bytes (free them with tdm_answer_free) its document. TDM_UNREACHABLE, with what to do: no daemon
 * listens, it ended before it answered, or did not answer in time (then it may still do what was asked).
 * TDM_INVALID: over a limit, nothing was sent. timeout_ms -1: no limit, for an import or an export; a daemon
 * that ends is noticed. */
tdm_code tdm_control_call(void *zmq_context, const char *endpoint, const char *verb, tdm_span args,
                          tdm_span body, int64_t timeout_ms, tdm_answer *answer, tdm_err *err);

/* ---- control_address.c */
/* A Unix socket's path holds so many bytes (unix(7): 108 with the end). */
#define TDM_SOCKET_PATH_MAX 107
#define TDM_CONTROL_ADDRESS_MAX 128
#define TDM_CONTROL_HINT_MAX 200

/* The endpoint of a state folder, or of ipc:// and a path. TDM_INVALID: neither, or too long for a socket. */
tdm_code tdm_control_address(const char *where, char out[TDM_CONTROL_ADDRESS_MAX], tdm_err *err);
/* Does somebody listen at an endpoint? TDM_UNREACHABLE, TDM_DENIED: no, and why. Answers at once, so that
 * nobody waits for a daemon that does not run. */
tdm_code tdm_control_probe(const char *endpoint, tdm_err *err);
/* Is the answer a failure's object, {"type":"error",...}? */
bool tdm_control_failed(const tdm_answer *answer);
/* What such an object says: its code and words, and what to do next. Bytes of another form: TDM_INTERNAL. */
tdm_code tdm_control_failure(tdm_span object, char hint[TDM_CONTROL_HINT_MAX], tdm_err *err);

#endif
