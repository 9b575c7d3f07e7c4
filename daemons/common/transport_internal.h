/* SPDX-License-Identifier: MPL-2.0
 *
 * transport_internal.h: what listener and dialer share; private to the transport.
 */
#ifndef TANDEM_TRANSPORT_INTERNAL_H
#define TANDEM_TRANSPORT_INTERNAL_H

#include "transport.h"

#include <zmq.h>

#define TDM_ENDPOINT_MAX 256

/* What a CURVE frame is larger than its payload: command name 8, nonce 8, authenticator 16, flags 1. libzmq
 * holds the frame as it came against its limit. */
#define TDM_CURVE_OVERHEAD 33

/* ZMQ_ZAP_ENFORCE_DOMAIN: left out of the header of a libzmq without drafts, works by number. Without it a
 * server whose ZAP handler is away lets everybody in. */
#define TDM_ZMQ_ZAP_ENFORCE_DOMAIN 93

typedef enum tdm_side { TDM_SIDE_LISTENER = 1, TDM_SIDE_DIALER = 2 } tdm_side;

typedef struct tdm_curve_keys {
    const uint8_t *public_key;
    const uint8_t *secret_key;
    const uint8_t *server_key; /* dialer only */
} tdm_curve_keys;

/* Set every option of the trade on a fresh socket and read back those that can be read. */
tdm_code tdm_socket_prepare(void *socket, tdm_side side, const tdm_transport_options *options,
                            const tdm_curve_keys *keys, tdm_err *err);
/* After bind or connect: the socket speaks CURVE, in the role of its side, and nothing else. */
tdm_code tdm_socket_verify(void *socket, tdm_side side, tdm_err *err);
tdm_code tdm_endpoint_check(const char *endpoint, tdm_err *err);

/* Events of one socket, told over inproc. */
typedef struct tdm_monitor {
    void *watched; /* NULL: not open */
    void *reader;
} tdm_monitor;
tdm_code tdm_monitor_open(tdm_monitor *monitor, void *zmq_context, void *watched, int events, tdm_err *err);
void tdm_monitor_close(tdm_monitor *monitor); /* before the watched socket */
/* The next event, never waiting; 0 if there is none. value: what comes with it, such as a descriptor; NULL if
 * it is not wanted. */
int tdm_monitor_next(tdm_monitor *monitor, int32_t *value);

#define TDM_HANDSHAKE_FAILED                                                                                 \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL                              \
     | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

/* Receive a message into frame, never waiting; how many frames there were. Only the first is kept. 0: none
 * waits or the socket failed (zmq_errno). */
size_t tdm_frames_receive(void *socket, zmq_msg_t *frame);
tdm_code tdm_receive_failed(tdm_err *err); /* TDM_END where it is no fault */
/* Never waits; false with zmq_errno. */
bool tdm_frame_send(void *socket, tdm_span bytes, int flags);
tdm_code tdm_send_check(tdm_span bytes, size_t max, tdm_err *err);

#endif
