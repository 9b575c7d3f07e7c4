/* SPDX-License-Identifier: MPL-2.0
 *
 * transport.h: links over ZeroMQ: ROUTER (hub) and DEALER (node) over TCP with CURVE. Every option of the
 * trade is set by name and read back before the first bind or connect; a socket that did not take one does
 * not start.
 */
#ifndef TANDEM_TRANSPORT_H
#define TANDEM_TRANSPORT_H

#include "tandem/base.h"

typedef struct tdm_transport_options {
    size_t max_message_bytes; /* 1 MiB */
    int heartbeat_interval_ms;
    int heartbeat_timeout_ms;
    int handshake_ms;
    int reconnect_min_ms;
    int reconnect_max_ms;
    int queue_messages; /* high-water marks, both directions */
} tdm_transport_options;

/* A route is how a live connection is addressed; it changes with each reconnect. */
typedef struct tdm_route {
    uint8_t bytes[16];
    size_t len;
} tdm_route;

typedef struct tdm_listener tdm_listener;
/* endpoint tcp://ADDRESS:PORT; port * chooses. The ZAP actor must be up. secret/public: raw 32 bytes. */
tdm_code tdm_listener_open(tdm_listener **out, void *zmq_context, const char *endpoint,
                           const uint8_t public_key[32], const uint8_t secret_key[32],
                           const tdm_transport_options *options, tdm_err *err);
void tdm_listener_close(tdm_listener **listener);
const char *tdm_listener_endpoint(const tdm_listener *listener); /* as bound */
void *tdm_listener_socket(tdm_listener *listener);               /* for polling */
void *tdm_listener_monitor(tdm_listener *listener);              /* for polling */
/* One message. key: the peer's CURVE key from User-Id of the payload frame (a message without it is dropped
 * and counted in *strange). bytes are borrowed until the next receive. TDM_END: nothing waits. */
tdm_code tdm_listener_receive(tdm_listener *listener, tdm_route *route, uint8_t key[32], tdm_span *bytes,
                              bool *strange, tdm_err *err);
/* Never blocks. TDM_UNREACHABLE: the route is gone; TDM_BUSY: its queue is full. */
tdm_code tdm_listener_send(tdm_listener *listener, const tdm_route *route, tdm_span bytes, tdm_err *err);

typedef struct tdm_listener_news {
    uint64_t accepted;
    uint64_t accept_failed;
    uint64_t handshake_failed; /* protocol, no detail, auth */
    uint64_t disconnected;
} tdm_listener_news;
/* Read what the monitor says; counts since the last call. */
void tdm_listener_news_read(tdm_listener *listener, tdm_listener_news *out);

typedef struct tdm_dialer tdm_dialer;
/* Connects by itself, first attempt at once or after jitter_ms, then with back-off. */
tdm_code tdm_dialer_open(tdm_dialer **out, void *zmq_context, const char *endpoint,
                         const uint8_t server_key[32], const uint8_t public_key[32],
                         const uint8_t secret_key[32], const tdm_transport_options *options, tdm_err *err);
void tdm_dialer_close(tdm_dialer **dialer);
void *tdm_dialer_socket(tdm_dialer *dialer);
void *tdm_dialer_monitor(tdm_dialer *dialer);
tdm_code tdm_dialer_receive(tdm_dialer *dialer, tdm_span *bytes, tdm_err *err); /* TDM_END: nothing waits */
tdm_code tdm_dialer_send(tdm_dialer *dialer, tdm_span bytes,
                         tdm_err *err); /* never blocks; TDM_BUSY, TDM_UNREACHABLE */
typedef enum tdm_dialer_event {
    TDM_DIALER_NOTHING,
    TDM_DIALER_CONNECTED, /* handshake succeeded */
    TDM_DIALER_DISCONNECTED,
    TDM_DIALER_DENIED, /* the key is not admitted: does not try again by itself; call redial after a back-off
                        */
    TDM_DIALER_FAILED  /* handshake failed otherwise: wrong server key, protocol */
} tdm_dialer_event;
tdm_dialer_event tdm_dialer_news(tdm_dialer *dialer); /* one event; NOTHING when all are read */
tdm_code tdm_dialer_redial(tdm_dialer *dialer, tdm_err *err);

#endif
