/* SPDX-License-Identifier: MPL-2.0
 *
 * transport_listener.c: the hub's end, a ROUTER.
 */
#include "transport_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ROUTE_BYTES 5 /* ids that ROUTER gives itself: a zero byte and a 32-bit number */
#define USER_ID_LEN 40
#define EVENTS                                                                                               \
    (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED   \
     | TDM_HANDSHAKE_FAILED)

struct tdm_listener {
    void *socket;
    tdm_monitor monitor;
    char endpoint[TDM_ENDPOINT_MAX]; /* as bound */
    size_t max_message_bytes;
    zmq_msg_t payload; /* of the last receive; what bytes borrow from */
};

static const struct {
    int event;
    size_t offset; /* in tdm_listener_news */
} NEWS[] = {
    { ZMQ_EVENT_ACCEPTED, offsetof(tdm_listener_news, accepted) },
    { ZMQ_EVENT_ACCEPT_FAILED, offsetof(tdm_listener_news, accept_failed) },
    { ZMQ_EVENT_HANDSHAKE_SUCCEEDED, offsetof(tdm_listener_news, admitted) },
    { ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, offsetof(tdm_listener_news, handshake_failed) },
    { ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, offsetof(tdm_listener_news, handshake_failed) },
    { ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, offsetof(tdm_listener_news, handshake_failed) },
    { ZMQ_EVENT_DISCONNECTED, offsetof(tdm_listener_news, disconnected) },
};

static tdm_code bind_failed(const char *endpoint, tdm_err *err)
{
    int sys = zmq_errno();
    tdm_code code = sys == EADDRINUSE ? TDM_BUSY : sys == EACCES ? TDM_DENIED : TDM_INVALID;
    return tdm_fail(err, code, sys, "link: cannot listen on %.120s: %s", endpoint, zmq_strerror(sys));
}

static tdm_code bind_socket(tdm_listener *listener, const char *endpoint, tdm_err *err)
{
    if (zmq_bind(listener->socket, endpoint) != 0)
        return bind_failed(endpoint, err);
    size_t len = sizeof listener->endpoint;
    if (zmq_getsockopt(listener->socket, ZMQ_LAST_ENDPOINT, listener->endpoint, &len) != 0)
        return tdm_fail(err, TDM_IO, zmq_errno(), "link: cannot ask for the port that was bound");
    return tdm_socket_verify(listener->socket, TDM_SIDE_LISTENER, err);
}

tdm_code tdm_listener_open(tdm_listener **out, void *zmq_context, const char *endpoint,
                           const uint8_t public_key[32], const uint8_t secret_key[32],
                           const tdm_transport_options *options, tdm_err *err)
{
    tdm_code code = tdm_endpoint_check(endpoint, err);
    if (code != TDM_OK)
        return code;
    tdm_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for a listener");
    zmq_msg_init(&listener->payload);
    listener->max_message_bytes = options->max_message_bytes;
    tdm_curve_keys keys = { public_key, secret_key, NULL };
    listener->socket = zmq_socket(zmq_context, ZMQ_ROUTER);
    if (listener->socket == NULL)
        code = tdm_fail(err, TDM_IO, zmq_errno(), "link: no socket: %s", zmq_strerror(zmq_errno()));
    if (code == TDM_OK)
        code = tdm_socket_prepare(listener->socket, TDM_SIDE_LISTENER, options, &keys, err);
    if (code == TDM_OK)
        code = tdm_monitor_open(&listener->monitor, zmq_context, listener->socket, EVENTS, err);
    if (code == TDM_OK)
        code = bind_socket(listener, endpoint, err);
    if (code != TDM_OK) {
        tdm_listener_close(&listener);
        return code;
    }
    *out = listener;
    return TDM_OK;
}

void tdm_listener_close(tdm_listener **listener_at)
{
    tdm_listener *listener = listener_at == NULL ? NULL : *listener_at;
    if (listener == NULL)
        return;
    tdm_monitor_close(&listener->monitor);
    if (listener->socket != NULL)
        zmq_close(listener->socket);
    zmq_msg_close(&listener->payload);
    free(listener);
    *listener_at = NULL;
}

const char *tdm_listener_endpoint(const tdm_listener *listener)
{
    return listener->endpoint;
}

void *tdm_listener_socket(tdm_listener *listener)
{
    return listener->socket;
}

void *tdm_listener_monitor(tdm_listener *listener)
{
    return listener->monitor.reader;
}

/* From the payload frame: the frame of the routing id can lack it in this libzmq. */
static bool read_user_id(const zmq_msg_t *payload, uint8_t key[32])
{
    const char *user_id = zmq_msg_gets(payload, "User-Id");
    return user_id != NULL && strlen(user_id) == USER_ID_LEN && zmq_z85_decode(key, user_id) != NULL;
}

static bool read_route(zmq_msg_t *frame, tdm_route *route)
{
    const uint8_t *id = zmq_msg_data(frame);
    if (zmq_msg_size(frame) != ROUTE_BYTES || id[0] != 0)
        return false;
    memcpy(route->bytes, id, ROUTE_BYTES);
    route->len = ROUTE_BYTES;
    return true;
}

tdm_code tdm_listener_receive(tdm_listener *listener, tdm_route *route, uint8_t key[32], tdm_span *bytes,
                              bool *strange, tdm_err *err)
{
    *route = (tdm_route){ .len = 0 };
    *bytes = (tdm_span){ NULL, 0 };
    *strange = false;
    memset(key, 0, 32);
    zmq_msg_t id;
    zmq_msg_init(&id);
    if (zmq_msg_recv(&id, listener->socket, ZMQ_DONTWAIT) < 0) {
        tdm_code code = tdm_receive_failed(err);
        zmq_msg_close(&id);
        zmq_msg_close(&listener->payload); /* nothing waits: hold no large message meanwhile */
        zmq_msg_init(&listener->payload);
        return code;
    }
    size_t frames = zmq_msg_more(&id) ? tdm_frames_receive(listener->socket, &listener->payload) : 0;
    if (frames == 1 && read_route(&id, route) && read_user_id(&listener->payload, key)) {
        *bytes = (tdm_span){ zmq_msg_data(&listener->payload), zmq_msg_size(&listener->payload) };
    } else {
        *strange = true;
        *route = (tdm_route){ .len = 0 };
        memset(key, 0, 32);
    }
    zmq_msg_close(&id);
    return TDM_OK;
}

int tdm_listener_source(tdm_listener *listener)
{
    return zmq_msg_get(&listener->payload, ZMQ_SRCFD);
}

static tdm_code send_failed(tdm_err *err)
{
    int sys = zmq_errno();
    if (sys == EHOSTUNREACH)
        return tdm_fail(err, TDM_UNREACHABLE, sys, "link: the connection is gone");
    if (sys == EAGAIN)
        return tdm_fail(err, TDM_BUSY, sys, "link: the peer does not take what it is sent");
    return tdm_fail(err, TDM_IO, sys, "link: cannot send: %s", zmq_strerror(sys));
}

tdm_code tdm_listener_send(tdm_listener *listener, const tdm_route *route, tdm_span bytes, tdm_err *err)
{
    tdm_code code = tdm_send_check(bytes, listener->max_message_bytes, err);
    if (code != TDM_OK)
        return code;
    tdm_span to = { route->bytes, route->len };
    if (!tdm_frame_send(listener->socket, to, ZMQ_SNDMORE) || !tdm_frame_send(listener->socket, bytes, 0))
        return send_failed(err);
    return TDM_OK;
}

/*
 * By the descriptor that libzmq notes in each message: shut down and not closed, so that it stays libzmq's. A
 * message can outlive its connection, and the number be in use again: then its socket is asked where it is
 * bound first, and at worst another partner's connection to this very listener is ended, which dials again.
 */
tdm_code tdm_listener_cut(tdm_listener *listener, tdm_err *err)
{
    int fd = tdm_listener_source(listener);
    struct sockaddr_in own = { 0 };
    socklen_t len = sizeof own;
    const char *colon = strrchr(listener->endpoint, ':');
    bool ours = fd >= 0 && colon != NULL && getsockname(fd, (struct sockaddr *)&own, &len) == 0
                && own.sin_family == AF_INET && ntohs(own.sin_port) == strtol(colon + 1, NULL, 10);
    if (!ours || shutdown(fd, SHUT_RDWR) != 0)
        return tdm_fail(err, TDM_UNREACHABLE, 0, "link: the connection had ended already");
    return TDM_OK;
}

void tdm_listener_news_read(tdm_listener *listener, tdm_listener_news *out)
{
    *out = (tdm_listener_news){ 0 };
    int event;
    int32_t value;
    while (out->gone_count < TDM_GONE_MAX && (event = tdm_monitor_next(&listener->monitor, &value)) != 0) {
        if (event == ZMQ_EVENT_DISCONNECTED)
            out->gone[out->gone_count++] = value;
        for (size_t i = 0; i < TDM_COUNT(NEWS); i++)
            if (NEWS[i].event == event)
                ++*(uint64_t *)((char *)out + NEWS[i].offset);
    }
}
