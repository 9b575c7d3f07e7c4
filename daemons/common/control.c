/* SPDX-License-Identifier: MPL-2.0
 *
 * control.c: the daemon's end of the control socket: a thread with a ROUTER that takes one request, has it
 * served, and answers it; long ones it hands to another thread (control_aside.h). Whoever can open the socket
 * owns the store anyway (the folder is 0700), so there are no keys here; the bytes are checked all the same.
 */
#include "control.h"

#include "control_aside.h"
#include "json.h"
#include "transport_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define LINGER_MS 2000    /* the last answer goes out when the daemon stops */
#define HANDSHAKE_MS 5000 /* who connects and says nothing is cut off */
#define QUEUE 16          /* answers and requests per client; a client has one under way */

enum { ROUTE, DELIMITER, VERB, ARGS, BODY, FRAMES };

struct tdm_control {
    void *socket; /* ROUTER; the thread's once it runs */
    int stop;     /* eventfd: readable when the thread shall end */
    pthread_t thread;
    bool running;
    char path[108]; /* of the socket's file, to be removed at the end; empty if there is none */
    tdm_service_context context;
    int64_t (*now_ms)(void);
    tdm_control_handler *handler;
    tdm_control_is_long *is_long; /* NULL: none is */
    tdm_aside *aside;             /* where those are served */
};

struct message {
    zmq_msg_t frames[FRAMES];
    size_t count; /* as received; what is beyond FRAMES was dropped */
};

/* A body may be a passphrase or rows of people. */
static void release(struct message *message)
{
    sodium_memzero(zmq_msg_data(&message->frames[BODY]), zmq_msg_size(&message->frames[BODY]));
    for (size_t i = 0; i < FRAMES; i++)
        zmq_msg_close(&message->frames[i]);
}

/* False if nothing waits. */
static bool receive(void *socket, struct message *message)
{
    message->count = 0;
    for (size_t i = 0; i < FRAMES; i++)
        zmq_msg_init(&message->frames[i]);
    bool more = true;
    while (more && message->count < BODY) {
        zmq_msg_t *frame = &message->frames[message->count];
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
            return false;
        message->count++;
        more = zmq_msg_more(frame) != 0;
    }
    if (more)
        message->count += tdm_frames_receive(socket, &message->frames[BODY]);
    return true;
}

/* A long request on its way. */
typedef struct long_one {
    tdm_aside_job job; /* first: control_aside.h */
    tdm_control *control;
    struct message message;
    tdm_answer answer;
} long_one;

static tdm_span span_of(struct message *message, size_t index)
{
    return (tdm_span){ zmq_msg_data(&message->frames[index]), zmq_msg_size(&message->frames[index]) };
}

static tdm_code check_shape(struct message *message, tdm_err *err)
{
    if (message->count != FRAMES || zmq_msg_size(&message->frames[DELIMITER]) != 0)
        return tdm_fail(err, TDM_MALFORMED, 0,
                        "control: a request is a verb, its arguments and a body, here in %zu frames",
                        message->count < VERB ? (size_t)0 : message->count - VERB);
    tdm_span verb = span_of(message, VERB);
    if (verb.len == 0 || verb.len > TDM_CONTROL_VERB_MAX || memchr(verb.data, 0, verb.len) != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "control: a verb has 1 to %d bytes, this one %zu",
                        TDM_CONTROL_VERB_MAX, verb.len);
    if (zmq_msg_size(&message->frames[ARGS]) > TDM_CONTROL_ARGS_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "control: the arguments have %zu bytes, and may have %zu",
                        zmq_msg_size(&message->frames[ARGS]), TDM_CONTROL_ARGS_MAX);
    if (zmq_msg_size(&message->frames[BODY]) > TDM_CONTROL_BODY_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "control: the body has %zu bytes, and may have %zu",
                        zmq_msg_size(&message->frames[BODY]), TDM_CONTROL_BODY_MAX);
    return TDM_OK;
}

static tdm_code read_args(tdm_span text, json_t **out, tdm_err *err)
{
    json_error_t where;
    json_t *args = text.len == 0
                       ? json_object()
                       : json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &where);
    if (args == NULL)
        return tdm_fail(err, TDM_MALFORMED, 0, "control: the arguments are no JSON: %.100s (byte %d)",
                        where.text, where.position);
    if (!json_is_object(args)) {
        json_decref(args);
        return tdm_fail(err, TDM_MALFORMED, 0, "control: the arguments are no JSON object");
    }
    *out = args;
    return TDM_OK;
}

/* What the door itself refuses, in the shape of a service's failure. */
static void answer_refusal(tdm_answer *answer, const tdm_err *err)
{
    tdm_buf_free(&answer->bytes);
    *answer = (tdm_answer){ .exit = tdm_code_exit(err->code) };
    tdm_json json = tdm_json_open(&answer->bytes);
    tdm_json_begin_object(&json);
    tdm_json_text(tdm_json_key(&json, "type"), "error");
    tdm_json_int(tdm_json_key(&json, "exit"), answer->exit);
    tdm_json_text(tdm_json_key(&json, "kind"), tdm_code_word(err->code));
    tdm_json_text(tdm_json_key(&json, "what"), err->what);
    tdm_json_text(tdm_json_key(&json, "hint"), "");
    tdm_json_end_object(&json);
    (void)tdm_json_close(&json, NULL);
}

static void call_handler(tdm_control *control, struct message *message, const json_t *args,
                         const tdm_told *told, tdm_answer *answer)
{
    char verb[TDM_CONTROL_VERB_MAX + 1] = "";
    tdm_err err = { 0 };
    memcpy(verb, zmq_msg_data(&message->frames[VERB]), zmq_msg_size(&message->frames[VERB]));
    tdm_request request = { .args = args, .body = span_of(message, BODY) };
    tdm_service_context context = control->context;
    context.now_ms = control->now_ms();
    context.told = told;
    tdm_code code = control->handler(&context, verb, &request, answer, &err);
    if (code == TDM_OK && answer->bytes.failed)
        code = tdm_fail(&err, TDM_FULL, 0, "no memory for the answer");
    else if (answer->bytes.len > TDM_CONTROL_ANSWER_MAX)
        code = tdm_fail(&err, TDM_FULL, 0,
                        "the answer has %zu bytes, and may have %zu: read the store with --store",
                        answer->bytes.len, TDM_CONTROL_ANSWER_MAX);
    else
        return; /* with the service's own words, also where it failed */
    err.code = code;
    answer_refusal(answer, &err);
}

static void serve(tdm_control *control, struct message *message, const tdm_told *told, tdm_answer *answer)
{
    json_t *args = NULL;
    tdm_err err = { 0 };
    if (check_shape(message, &err) == TDM_OK && read_args(span_of(message, ARGS), &args, &err) == TDM_OK)
        call_handler(control, message, args, told, answer);
    else
        answer_refusal(answer, &err);
    json_decref(args);
}

static void free_sent(void *data, void *hint)
{
    (void)hint;
    free(data);
}

/* The bytes are handed over, not copied: an export is large. A client that is gone is no loss. */
static void reply(void *socket, struct message *message, tdm_answer *answer)
{
    char status[12];
    int len = snprintf(status, sizeof status, "%d", answer->exit);
    const char *kind = answer->raw ? "raw" : "json";
    zmq_msg_t bytes;
    if (zmq_msg_init_data(&bytes, answer->bytes.data, answer->bytes.len, free_sent, NULL) != 0)
        return;
    answer->bytes = (tdm_buf){ .data = NULL };
    if (!tdm_frame_send(socket, span_of(message, ROUTE), ZMQ_SNDMORE)
        || !tdm_frame_send(socket, (tdm_span){ NULL, 0 }, ZMQ_SNDMORE)
        || !tdm_frame_send(socket, (tdm_span){ (const uint8_t *)status, (size_t)len }, ZMQ_SNDMORE)
        || !tdm_frame_send(socket, tdm_span_text(kind), ZMQ_SNDMORE)
        || zmq_msg_send(&bytes, socket, ZMQ_DONTWAIT) < 0)
        zmq_msg_close(&bytes);
}

/* ---- long requests */

static bool goes_on(void *context, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    return !tdm_aside_is_ending(context);
}

static void serve_long(void *context, tdm_aside_job *job)
{
    tdm_control *control = context;
    long_one *one = (long_one *)job;
    const tdm_told told = { goes_on, control->aside };
    serve(control, &one->message, &told, &one->answer);
}

static void reply_long(tdm_control *control)
{
    bool done = false;
    for (tdm_aside_job *job; (job = tdm_aside_take(control->aside, &done)) != NULL;) {
        long_one *one = (long_one *)job;
        tdm_err err = { .code = TDM_UNREACHABLE, .what = "the daemon stops: ask again when it runs" };
        if (!done)
            answer_refusal(&one->answer, &err);
        reply(control->socket, &one->message, &one->answer);
        tdm_buf_free(&one->answer.bytes);
        release(&one->message);
        free(one);
    }
}

static bool is_long(tdm_control *control, struct message *message)
{
    char verb[TDM_CONTROL_VERB_MAX + 1] = "";
    tdm_span text = span_of(message, VERB);
    if (control->is_long == NULL || check_shape(message, NULL) != TDM_OK)
        return false;
    memcpy(verb, text.data, text.len);
    return control->is_long(verb);
}

/* Takes the message; a passphrase in its body is in no second place then. */
static void put_aside(tdm_control *control, struct message *message)
{
    tdm_err err = { .code = TDM_BUSY, .what = "too many long requests wait already: ask again later" };
    tdm_answer answer = { .exit = 0 };
    long_one *one = calloc(1, sizeof *one);
    if (one != NULL) {
        one->message.count = message->count;
        for (size_t i = 0; i < FRAMES; i++) {
            zmq_msg_init(&one->message.frames[i]);
            zmq_msg_move(&one->message.frames[i], &message->frames[i]);
        }
        message = &one->message;
        if (tdm_aside_give(control->aside, &one->job))
            return;
    }
    answer_refusal(&answer, &err);
    reply(control->socket, message, &answer);
    tdm_buf_free(&answer.bytes);
    release(message);
    free(one);
}

static void serve_one(tdm_control *control)
{
    struct message message;
    tdm_answer answer = { .exit = 0 };
    if (receive(control->socket, &message) && message.count > ROUTE) {
        if (is_long(control, &message)) {
            put_aside(control, &message);
            return;
        }
        serve(control, &message, NULL, &answer);
        reply(control->socket, &message, &answer);
        tdm_buf_free(&answer.bytes);
    }
    release(&message);
}

static void *serve_until_stopped(void *argument)
{
    pthread_setname_np(pthread_self(), "door"); /* as top -H shows it */
    tdm_control *control = argument;
    zmq_pollitem_t items[] = { { control->socket, 0, ZMQ_POLLIN, 0 },
                               { NULL, control->stop, ZMQ_POLLIN, 0 },
                               { NULL, tdm_aside_fd(control->aside), ZMQ_POLLIN, 0 } };
    while ((items[1].revents & ZMQ_POLLIN) == 0) {
        if (zmq_poll(items, TDM_COUNT(items), -1) < 0 && zmq_errno() == ETERM)
            break;
        if ((items[0].revents & ZMQ_POLLIN) != 0 && (items[1].revents & ZMQ_POLLIN) == 0)
            serve_one(control);
        if ((items[2].revents & ZMQ_POLLIN) != 0)
            reply_long(control);
    }
    tdm_aside_end(control->aside);
    reply_long(control);
    zmq_close(control->socket);
    return NULL;
}

static const struct {
    int option;
    int value;
} OPTIONS[] = {
    { ZMQ_LINGER, LINGER_MS }, { ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS }, { ZMQ_SNDHWM, QUEUE },
    { ZMQ_RCVHWM, QUEUE },     { ZMQ_ROUTER_MANDATORY, 1 },
};

static tdm_code bind_failed(const char *endpoint, tdm_err *err)
{
    int sys = zmq_errno();
    if (sys == ENAMETOOLONG)
        return tdm_fail(err, TDM_INVALID, sys,
                        "control: %.120s is too long for a Unix socket: use a shorter "
                        "state folder",
                        endpoint);
    return tdm_fail(err, TDM_IO, sys, "control: cannot listen on %.120s: %s", endpoint, zmq_strerror(sys));
}

static tdm_code bind_socket(tdm_control *control, void *zmq_context, const char *endpoint, tdm_err *err)
{
    int64_t max = (int64_t)TDM_CONTROL_BODY_MAX;
    control->socket = zmq_socket(zmq_context, ZMQ_ROUTER);
    bool set =
        control->socket != NULL && zmq_setsockopt(control->socket, ZMQ_MAXMSGSIZE, &max, sizeof max) == 0;
    for (size_t i = 0; set && i < TDM_COUNT(OPTIONS); i++)
        set = zmq_setsockopt(control->socket, OPTIONS[i].option, &OPTIONS[i].value, sizeof(int)) == 0;
    if (!set)
        return tdm_fail(err, TDM_IO, zmq_errno(), "control: no socket: %s", zmq_strerror(zmq_errno()));
    if (zmq_bind(control->socket, endpoint) != 0)
        return bind_failed(endpoint, err);
    if (strncmp(endpoint, "ipc:///", 7) == 0)
        snprintf(control->path, sizeof control->path, "%s", endpoint + 6);
    if (control->path[0] != '\0' && chmod(control->path, 0600) != 0)
        return tdm_fail(err, TDM_IO, errno, "control: cannot close %.120s to others", endpoint);
    return TDM_OK;
}

static tdm_code start_thread(tdm_control *control, tdm_err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&control->thread, NULL, serve_until_stopped, control);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    control->running = failed == 0;
    return failed == 0 ? TDM_OK : tdm_fail(err, TDM_FULL, failed, "control: no thread");
}

tdm_code tdm_control_serve(tdm_control **out, void *zmq_context, const char *endpoint,
                           const tdm_service_context *context, int64_t (*now_ms)(void),
                           tdm_control_handler *handler, tdm_control_is_long *is_long_one, tdm_err *err)
{
    tdm_control *control = calloc(1, sizeof *control);
    if (control == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for the control socket");
    control->context = *context;
    control->now_ms = now_ms;
    control->handler = handler;
    control->is_long = is_long_one;
    control->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    tdm_code code = control->stop >= 0 ? TDM_OK : tdm_fail(err, TDM_IO, errno, "control: no eventfd");
    if (code == TDM_OK)
        code = bind_socket(control, zmq_context, endpoint, err);
    if (code == TDM_OK)
        code = tdm_aside_start(&control->aside, serve_long, control, err);
    if (code == TDM_OK)
        code = start_thread(control, err);
    if (code != TDM_OK) {
        tdm_control_stop(&control);
        return code;
    }
    *out = control;
    return TDM_OK;
}

void tdm_control_stop(tdm_control **control_at)
{
    tdm_control *control = control_at == NULL ? NULL : *control_at;
    if (control == NULL)
        return;
    if (control->running) {
        TDM_ASSERT(eventfd_write(control->stop, 1) == 0);
        pthread_join(control->thread, NULL);
    } else if (control->socket != NULL) {
        zmq_close(control->socket);
    }
    tdm_aside_free(&control->aside);
    if (control->path[0] != '\0')
        (void)unlink(control->path);
    if (control->stop >= 0)
        close(control->stop);
    free(control);
    *control_at = NULL;
}
