/* SPDX-License-Identifier: MPL-2.0
 *
 * transport_dialer.c: the node's end, a DEALER.
 */
#include "transport_internal.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVENTS (ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | TDM_HANDSHAKE_FAILED)

enum state {
    DIALING, /* libzmq tries, and tries again */
    CONNECTED,
    RESTING, /* hung up after a failed handshake, until a back-off is over */
    HUNG_UP  /* until the caller redials */
};

struct tdm_dialer {
    void *socket;
    tdm_monitor monitor;
    char endpoint[TDM_ENDPOINT_MAX];
    size_t max_message_bytes;
    enum state state;
    unsigned farewells; /* failed handshakes whose own DISCONNECTED has not been read yet */
    int64_t wait_min_ms;
    int64_t wait_max_ms;
    int64_t wait_ms;    /* the back-off after the next failed handshake */
    int64_t dial_at_ms; /* RESTING: when it is over */
    zmq_msg_t payload;  /* of the last receive; what bytes borrow from */
};

/* What a monitor's event means in a state. A pair without a row is a late word about an earlier connection.
 */
static const struct {
    enum state state;
    int event;
    tdm_dialer_event news;
    enum state next;
} STEPS[] = {
    { DIALING, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, TDM_DIALER_CONNECTED, CONNECTED },
    { DIALING, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, TDM_DIALER_DENIED, HUNG_UP },
    { DIALING, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, TDM_DIALER_FAILED, RESTING },
    { DIALING, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, TDM_DIALER_FAILED, RESTING },
    /* How some failures show alone, such as a peer that speaks ZMTP 1; libzmq does not try again after them.
     */
    { DIALING, ZMQ_EVENT_DISCONNECTED, TDM_DIALER_FAILED, RESTING },
    { CONNECTED, ZMQ_EVENT_DISCONNECTED, TDM_DIALER_DISCONNECTED, DIALING },
};

static tdm_code connect_socket(tdm_dialer *dialer, tdm_err *err)
{
    if (zmq_connect(dialer->socket, dialer->endpoint) != 0)
        return tdm_fail(err, TDM_INVALID, zmq_errno(), "link: cannot connect to %.120s: %s", dialer->endpoint,
                        zmq_strerror(zmq_errno()));
    dialer->state = DIALING;
    return tdm_socket_verify(dialer->socket, TDM_SIDE_DIALER, err);
}

tdm_code tdm_dialer_open(tdm_dialer **out, void *zmq_context, const char *endpoint,
                         const uint8_t server_key[32], const uint8_t public_key[32],
                         const uint8_t secret_key[32], const tdm_transport_options *options, tdm_err *err)
{
    tdm_code code = tdm_endpoint_check(endpoint, err);
    if (code != TDM_OK)
        return code;
    tdm_dialer *dialer = calloc(1, sizeof *dialer);
    if (dialer == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for a dialer");
    zmq_msg_init(&dialer->payload);
    memcpy(dialer->endpoint, endpoint, strlen(endpoint) + 1); /* checked to fit */
    dialer->max_message_bytes = options->max_message_bytes;
    dialer->wait_min_ms = options->reconnect_min_ms;
    dialer->wait_max_ms = options->reconnect_max_ms;
    dialer->wait_ms = options->reconnect_min_ms;
    tdm_curve_keys keys = { public_key, secret_key, server_key };
    dialer->socket = zmq_socket(zmq_context, ZMQ_DEALER);
    if (dialer->socket == NULL)
        code = tdm_fail(err, TDM_IO, zmq_errno(), "link: no socket: %s", zmq_strerror(zmq_errno()));
    if (code == TDM_OK)
        code = tdm_socket_prepare(dialer->socket, TDM_SIDE_DIALER, options, &keys, err);
    if (code == TDM_OK)
        code = tdm_monitor_open(&dialer->monitor, zmq_context, dialer->socket, EVENTS, err);
    if (code == TDM_OK)
        code = connect_socket(dialer, err);
    if (code != TDM_OK) {
        tdm_dialer_close(&dialer);
        return code;
    }
    *out = dialer;
    return TDM_OK;
}

void tdm_dialer_close(tdm_dialer **dialer_at)
{
    tdm_dialer *dialer = dialer_at == NULL ? NULL : *dialer_at;
    if (dialer == NULL)
        return;
    tdm_monitor_close(&dialer->monitor);
    if (dialer->socket != NULL)
        zmq_close(dialer->socket);
    zmq_msg_close(&dialer->payload);
    free(dialer);
    *dialer_at = NULL;
}

void *tdm_dialer_socket(tdm_dialer *dialer)
{
    return dialer->socket;
}

tdm_code tdm_dialer_receive(tdm_dialer *dialer, tdm_span *bytes, tdm_err *err)
{
    *bytes = (tdm_span){ NULL, 0 };
    size_t frames = tdm_frames_receive(dialer->socket, &dialer->payload);
    if (frames == 0)
        return tdm_receive_failed(err);
    if (frames > 1)
        return tdm_fail(err, TDM_MALFORMED, 0, "link: a message of %zu frames was dropped", frames);
    *bytes = (tdm_span){ zmq_msg_data(&dialer->payload), zmq_msg_size(&dialer->payload) };
    return TDM_OK;
}

tdm_code tdm_dialer_send(tdm_dialer *dialer, tdm_span bytes, tdm_err *err)
{
    tdm_code code = tdm_send_check(bytes, dialer->max_message_bytes, err);
    if (code != TDM_OK)
        return code;
    if (dialer->state != CONNECTED)
        return tdm_fail(err, TDM_UNREACHABLE, 0, "link: not connected to %.120s", dialer->endpoint);
    if (tdm_frame_send(dialer->socket, bytes, 0))
        return TDM_OK;
    if (zmq_errno() == EAGAIN)
        return tdm_fail(err, TDM_BUSY, EAGAIN, "link: %.120s does not take what it is sent",
                        dialer->endpoint);
    return tdm_fail(err, TDM_IO, zmq_errno(), "link: cannot send: %s", zmq_strerror(zmq_errno()));
}

/* Also where libzmq has given up already: then there is nothing to take down. */
static void hang_up(tdm_dialer *dialer)
{
    (void)zmq_disconnect(dialer->socket, dialer->endpoint);
}

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Half of the wait is chance, so that nodes which failed together do not come back together. */
static void rest(tdm_dialer *dialer)
{
    int64_t half = dialer->wait_ms / 2;
    dialer->dial_at_ms = mono_ms() + half + randombytes_uniform((uint32_t)half + 1);
    dialer->wait_ms = 2 * dialer->wait_ms < dialer->wait_max_ms ? 2 * dialer->wait_ms : dialer->wait_max_ms;
}

/* A failed handshake is told twice: as such, and then as a disconnection. The second word must not be taken
 * for one about the next connection. */
static bool is_farewell(tdm_dialer *dialer, int event)
{
    if ((event & TDM_HANDSHAKE_FAILED) != 0)
        dialer->farewells++;
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        dialer->farewells = 0;
    if (event != ZMQ_EVENT_DISCONNECTED || dialer->farewells == 0)
        return false;
    dialer->farewells--;
    return true;
}

static tdm_dialer_event take_step(tdm_dialer *dialer, int event)
{
    for (size_t i = 0; i < TDM_COUNT(STEPS); i++) {
        if (STEPS[i].state != dialer->state || STEPS[i].event != event)
            continue;
        dialer->state = STEPS[i].next;
        if (dialer->state == HUNG_UP || dialer->state == RESTING)
            hang_up(dialer);
        if (dialer->state == RESTING)
            rest(dialer);
        if (dialer->state == CONNECTED)
            dialer->wait_ms = dialer->wait_min_ms;
        return STEPS[i].news;
    }
    return TDM_DIALER_NOTHING;
}

static void dial_if_due(tdm_dialer *dialer)
{
    if (dialer->state == RESTING && mono_ms() >= dialer->dial_at_ms)
        (void)connect_socket(dialer, NULL); /* the endpoint was good before */
}

void *tdm_dialer_monitor(tdm_dialer *dialer)
{
    dial_if_due(dialer);
    return dialer->monitor.reader;
}

tdm_dialer_event tdm_dialer_news(tdm_dialer *dialer)
{
    int event;
    while ((event = tdm_monitor_next(&dialer->monitor, NULL)) != 0) {
        if (is_farewell(dialer, event))
            continue;
        tdm_dialer_event news = take_step(dialer, event);
        if (news != TDM_DIALER_NOTHING)
            return news;
    }
    dial_if_due(dialer);
    return TDM_DIALER_NOTHING;
}

tdm_code tdm_dialer_redial(tdm_dialer *dialer, tdm_err *err)
{
    hang_up(dialer);
    return connect_socket(dialer, err);
}
