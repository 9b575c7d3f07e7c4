/* SPDX-License-Identifier: MPL-2.0
 *
 * control_call.c: the client's end of the control socket. A monitor tells at once when no daemon listens or
 * it ends midway, so that a command never waits for one that is not there.
 */
#include "control.h"

#include "transport_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define GONE (ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED | TDM_HANDSHAKE_FAILED)

struct call {
    void *socket;
    tdm_monitor monitor;
    const char *endpoint;
    const char *verb;
    bool connected; /* a daemon was there */
};

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static tdm_code check_limits(const char *verb, tdm_span args, tdm_span body, tdm_err *err)
{
    if (strlen(verb) == 0 || strlen(verb) > TDM_CONTROL_VERB_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "\"%.80s\" is no verb", verb);
    if (args.len > TDM_CONTROL_ARGS_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "%s: the arguments have %zu bytes, and may have %zu", verb,
                        args.len, TDM_CONTROL_ARGS_MAX);
    if (body.len > TDM_CONTROL_BODY_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "%s: the input has %zu bytes, and may have %zu: split it", verb,
                        body.len, TDM_CONTROL_BODY_MAX);
    return TDM_OK;
}

static tdm_code open_call(struct call *call, void *zmq_context, tdm_err *err)
{
    int none = 0;
    int64_t max = (int64_t)TDM_CONTROL_ANSWER_MAX;
    call->socket = zmq_socket(zmq_context, ZMQ_REQ);
    if (call->socket == NULL || zmq_setsockopt(call->socket, ZMQ_LINGER, &none, sizeof none) != 0
        || zmq_setsockopt(call->socket, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0)
        return tdm_fail(err, TDM_IO, zmq_errno(), "control: no socket: %s", zmq_strerror(zmq_errno()));
    tdm_code code = tdm_monitor_open(&call->monitor, zmq_context, call->socket,
                                     GONE | ZMQ_EVENT_HANDSHAKE_SUCCEEDED, err);
    if (code == TDM_OK && zmq_connect(call->socket, call->endpoint) != 0)
        code = tdm_fail(err, TDM_INVALID, zmq_errno(), "control: cannot connect to %.120s: %s",
                        call->endpoint, zmq_strerror(zmq_errno()));
    return code;
}

static void close_call(struct call *call)
{
    tdm_monitor_close(&call->monitor);
    if (call->socket != NULL)
        zmq_close(call->socket);
}

static tdm_code send_request(struct call *call, tdm_span args, tdm_span body, tdm_err *err)
{
    if (tdm_frame_send(call->socket, tdm_span_text(call->verb), ZMQ_SNDMORE)
        && tdm_frame_send(call->socket, args, ZMQ_SNDMORE) && tdm_frame_send(call->socket, body, 0))
        return TDM_OK;
    return tdm_fail(err, TDM_IO, zmq_errno(), "control: cannot send: %s", zmq_strerror(zmq_errno()));
}

/* True once the daemon is known to be away. */
static bool is_gone(struct call *call)
{
    int event;
    while ((event = tdm_monitor_next(&call->monitor, NULL)) != 0) {
        if ((event & GONE) != 0)
            return true;
        call->connected = true;
    }
    return false;
}

static tdm_code say_gone(const struct call *call, tdm_err *err)
{
    if (!call->connected)
        return tdm_fail(err, TDM_UNREACHABLE, 0,
                        "no daemon answers at %.100s: start it, or read its store with --store",
                        call->endpoint);
    return tdm_fail(err, TDM_UNREACHABLE, 0,
                    "%s: the daemon ended before it answered: see its log, start it, and ask again",
                    call->verb);
}

static tdm_code wait_answer(struct call *call, int64_t timeout_ms, tdm_err *err)
{
    zmq_pollitem_t items[] = { { call->socket, 0, ZMQ_POLLIN, 0 },
                               { call->monitor.reader, 0, ZMQ_POLLIN, 0 } };
    int64_t deadline = mono_ms() + timeout_ms;
    for (;;) {
        int64_t left = timeout_ms < 0 ? -1 : deadline - mono_ms();
        if (timeout_ms >= 0 && left <= 0)
            return tdm_fail(err, TDM_UNREACHABLE, 0,
                            "%s: the daemon did not answer within %lld ms; it may still do what was asked",
                            call->verb, (long long)timeout_ms);
        int ready = zmq_poll(items, TDM_COUNT(items), left);
        if (ready < 0 && zmq_errno() != EINTR)
            return tdm_fail(err, TDM_IO, zmq_errno(), "control: cannot wait: %s", zmq_strerror(zmq_errno()));
        if ((items[0].revents & ZMQ_POLLIN) != 0)
            return TDM_OK;
        if (ready > 0 && is_gone(call))
            return say_gone(call, err);
    }
}

enum { STATUS, KIND, BYTES, FRAMES };

static bool frame_is(zmq_msg_t *frame, const char *text)
{
    tdm_span bytes = { zmq_msg_data(frame), zmq_msg_size(frame) };
    return tdm_span_equal(bytes, tdm_span_text(text));
}

static bool read_status(zmq_msg_t *frame, int *out)
{
    const char *text = zmq_msg_data(frame);
    size_t len = zmq_msg_size(frame);
    int value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || value > 255)
            return false;
        value = 10 * value + (text[i] - '0');
    }
    *out = value;
    return len > 0 && value <= 255;
}

static bool read_answer(zmq_msg_t frames[FRAMES], tdm_answer *answer)
{
    answer->raw = frame_is(&frames[KIND], "raw");
    if (!read_status(&frames[STATUS], &answer->exit) || (!answer->raw && !frame_is(&frames[KIND], "json")))
        return false;
    tdm_buf_add(&answer->bytes, zmq_msg_data(&frames[BYTES]), zmq_msg_size(&frames[BYTES]));
    return true;
}

static tdm_code take_answer(struct call *call, tdm_answer *answer, tdm_err *err)
{
    zmq_msg_t frames[FRAMES];
    for (size_t i = 0; i < FRAMES; i++)
        zmq_msg_init(&frames[i]);
    bool whole =
        zmq_msg_recv(&frames[STATUS], call->socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&frames[STATUS])
        && zmq_msg_recv(&frames[KIND], call->socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&frames[KIND])
        && tdm_frames_receive(call->socket, &frames[BYTES]) == 1 && read_answer(frames, answer);
    for (size_t i = 0; i < FRAMES; i++)
        zmq_msg_close(&frames[i]);
    if (!whole)
        return tdm_fail(err, TDM_MALFORMED, 0, "what listens at %.100s is no Tandem daemon", call->endpoint);
    if (answer->bytes.failed)
        return tdm_fail(err, TDM_FULL, ENOMEM, "%s: no memory for the answer", call->verb);
    return TDM_OK;
}

tdm_code tdm_control_call(void *zmq_context, const char *endpoint, const char *verb, tdm_span args,
                          tdm_span body, int64_t timeout_ms, tdm_answer *answer, tdm_err *err)
{
    struct call call = { .endpoint = endpoint, .verb = verb };
    *answer = (tdm_answer){ .exit = 0 };
    tdm_code code = check_limits(verb, args, body, err);
    if (code == TDM_OK)
        code = open_call(&call, zmq_context, err);
    if (code == TDM_OK)
        code = send_request(&call, args, body, err);
    if (code == TDM_OK)
        code = wait_answer(&call, timeout_ms, err);
    if (code == TDM_OK)
        code = take_answer(&call, answer, err);
    if (code != TDM_OK)
        tdm_buf_free(&answer->bytes);
    close_call(&call);
    return code;
}
