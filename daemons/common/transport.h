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
    size_t max_message_bytes;  /* 1 MiB; the largest message that passes. The socket's own limit is set higher
                                  by  what CURVE adds to a frame */
    int heartbeat_interval_ms; /* the other end is told to give up after heartbeat_timeout_ms, too */
    int heartbeat_timeout_ms;
    int handshake_ms; /* also the limit for the TCP connection itself */
    int reconnect_min_ms;
    int reconnect_max_ms;
    int queue_messages; /* high-water mark of sending, per link. Receiving has none: libzmq 4.3.4 can abort
                           where heartbeats meet one, see transport_options.c; take what comes in each turn */
} tdm_transport_options;

/* A route is how a live connection is addressed; it changes with each reconnect. Only the ROUTER's own ids
 * are taken: a peer that chose one itself could squat another's. */
typedef struct tdm_route {
    uint8_t bytes[16];
    size_t len;
} tdm_route;

typedef struct tdm_listener tdm_listener;
/* endpoint tcp://ADDRESS:PORT; port * chooses. The ZAP actor must be up: without it every connection is
 * refused. secret/public: raw 32 bytes. One thread uses a listener. TDM_BUSY: the address is taken;
 * TDM_INVALID: an endpoint or an option that is no such thing; TDM_INTERNAL: this libzmq did not take an
 * option of the trade, named in err. */
tdm_code tdm_listener_open(tdm_listener **out, void *zmq_context, const char *endpoint,
                           const uint8_t public_key[32], const uint8_t secret_key[32],
                           const tdm_transport_options *options, tdm_err *err);
/* Before the ZAP actor stops. What was sent and waits goes out in the background for at most a second. */
void tdm_listener_close(tdm_listener **listener);
const char *tdm_listener_endpoint(const tdm_listener *listener); /* as bound */
void *tdm_listener_socket(tdm_listener *listener);               /* for polling */
void *tdm_listener_monitor(tdm_listener *listener);              /* for polling */
/* One message. key: the peer's CURVE key from User-Id of the payload frame. bytes are borrowed until the next
 * receive. TDM_END: nothing waits. TDM_OK with *strange: a message was dropped that has no User-Id, is not
 * one frame, or whose sender chose its own routing id; count it and go on: route, key and bytes are empty. */
tdm_code tdm_listener_receive(tdm_listener *listener, tdm_route *route, uint8_t key[32], tdm_span *bytes,
                              bool *strange, tdm_err *err);
/* Never blocks. TDM_UNREACHABLE: the route is gone; TDM_BUSY: its queue is full; TDM_INVALID: larger than
 * max_message_bytes. */
tdm_code tdm_listener_send(tdm_listener *listener, const tdm_route *route, tdm_span bytes, tdm_err *err);

/* End the connection that the message last received came by, such as one of a revoked key or of a peer that
 * ignores its window. It shows as disconnected in the news, and its route becomes unreachable; what it sent
 * before may still be received. TDM_UNREACHABLE: it had ended already. */
tdm_code tdm_listener_cut(tdm_listener *listener, tdm_err *err);

/* Which connection the message last received came by: a number that `gone` of the news names when it ends. It
 * may be given again after that, so read all news before noting the number of a route not seen before. */
int tdm_listener_source(tdm_listener *listener);

#define TDM_GONE_MAX 64

typedef struct tdm_listener_news {
    uint64_t accepted;         /* TCP connections taken, of anybody */
    uint64_t accept_failed;    /* such as for want of files */
    uint64_t admitted;         /* handshakes that succeeded */
    uint64_t handshake_failed; /* protocol, no detail, auth */
    uint64_t disconnected;
    size_t gone_count; /* TDM_GONE_MAX: there may be more, read again */
    int gone[TDM_GONE_MAX];
} tdm_listener_news;
/* Read what the monitor says; counts since the last call. */
void tdm_listener_news_read(tdm_listener *listener, tdm_listener_news *out);

typedef struct tdm_dialer tdm_dialer;
/* Connects by itself: at once, and with back-off after a connection that could not be made or ended. Who
 * opens many spreads them itself. Errors as tdm_listener_open; an absent listener is none. One thread uses a
 * dialer. */
tdm_code tdm_dialer_open(tdm_dialer **out, void *zmq_context, const char *endpoint,
                         const uint8_t server_key[32], const uint8_t public_key[32],
                         const uint8_t secret_key[32], const tdm_transport_options *options, tdm_err *err);
void tdm_dialer_close(tdm_dialer **dialer);
void *tdm_dialer_socket(tdm_dialer *dialer);
/* For polling; to be asked for in each turn of the loop, since a dialer whose back-off is over dials again
 * here. */
void *tdm_dialer_monitor(tdm_dialer *dialer);
tdm_code tdm_dialer_receive(tdm_dialer *dialer, tdm_span *bytes, tdm_err *err); /* TDM_END: nothing waits */
/* Never blocks. TDM_BUSY: the queue is full; TDM_UNREACHABLE: no connection (as of the last news);
 * TDM_INVALID: larger than max_message_bytes. TDM_OK says queued, no more: the link resends. */
tdm_code tdm_dialer_send(tdm_dialer *dialer, tdm_span bytes, tdm_err *err);
typedef enum tdm_dialer_event {
    TDM_DIALER_NOTHING,
    TDM_DIALER_CONNECTED,    /* handshake succeeded */
    TDM_DIALER_DISCONNECTED, /* tries again by itself */
    TDM_DIALER_DENIED,       /* the key is not admitted */
    TDM_DIALER_FAILED        /* handshake failed otherwise: wrong server key, protocol, cut or silent midway;
                                       tries again by itself */
} tdm_dialer_event;
/* One event; NOTHING when all are read.
 * After FAILED the dialer hangs up, and dials again from news or monitor after a back-off from
 * reconnect_min_ms to reconnect_max_ms with chance in it: libzmq itself would not try again after some
 * failures, and after others without back-off. After DENIED it stays hung up until the caller, after a
 * back-off of its own, calls redial. */
tdm_dialer_event tdm_dialer_news(tdm_dialer *dialer);
tdm_code tdm_dialer_redial(tdm_dialer *dialer, tdm_err *err);

#endif
