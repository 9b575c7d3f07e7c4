/* SPDX-License-Identifier: MPL-2.0
 *
 * control_world.c: a control socket with a service of the tests' own behind it.
 */
#include "control_world.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

struct stage stage;

static int64_t next_ms(void)
{
    return ++stage.clock;
}

/* ---- the service behind the socket: a verb is what to do ---- */

static void serve_echo(const tdm_request *request, tdm_answer *answer)
{
    char *args = json_dumps(request->args, JSON_COMPACT);
    tdm_buf_format(&answer->bytes, "{\"args\":%s,\"body\":%zu}", args, request->body.len);
    free(args);
}

static void serve_raw(const tdm_request *request, tdm_answer *answer)
{
    answer->raw = true;
    answer->exit = 1;
    tdm_buf_add(&answer->bytes, request->body.data, request->body.len);
}

static void serve_crowd(const tdm_request *request, tdm_answer *answer)
{
    stage.crowded += __atomic_add_fetch(&stage.inside, 1, __ATOMIC_SEQ_CST) > 1;
    serve_raw(request, answer);
    __atomic_sub_fetch(&stage.inside, 1, __ATOMIC_SEQ_CST);
}

static void serve_slow(const tdm_request *request, tdm_answer *answer)
{
    sem_post(&stage.entered);
    sem_wait(&stage.leave);
    serve_echo(request, answer);
}

/* Long ones are told whether to go on. */
static void serve_until_told(const tdm_service_context *context, tdm_answer *answer)
{
    tdm_err err = { 0 };
    sem_post(&stage.entered);
    while (tdm_told_tell(context->told, 1, 2, &err) == TDM_OK)
        sched_yield();
    tdm_buf_text(&answer->bytes, err.what);
}

static const struct {
    const char *verb;
    void (*function)(const tdm_request *request, tdm_answer *answer);
} VERBS[] = { { "echo", serve_echo },
              { "raw", serve_raw },
              { "crowd", serve_crowd },
              { "slow", serve_slow },
              { "long-slow", serve_slow } };

static tdm_code handle(const tdm_service_context *context, const char *verb, const tdm_request *request,
                       tdm_answer *answer, tdm_err *err)
{
    for (size_t i = 0; i < TDM_COUNT(VERBS); i++)
        if (strcmp(VERBS[i].verb, verb) == 0) {
            VERBS[i].function(request, answer);
            return TDM_OK;
        }
    if (strcmp(verb, "long-until-told") == 0) {
        serve_until_told(context, answer);
        return TDM_OK;
    }
    if (strcmp(verb, "clock") == 0) {
        tdm_buf_format(&answer->bytes, "%lld %s", (long long)context->now_ms, context->own_organisation);
        return TDM_OK;
    }
    answer->exit = 3;
    tdm_buf_text(&answer->bytes, "{\"type\":\"error\",\"kind\":\"not-found\"}");
    return tdm_fail(err, TDM_NOT_FOUND, 0, "no such thing");
}

static bool is_long_one(const char *verb)
{
    return strncmp(verb, "long-", 5) == 0;
}

/* ---- fixtures ---- */

tdm_code serve_at(struct world *world, const char *endpoint, tdm_control **out, tdm_err *err)
{
    tdm_service_context context = { .own_organisation = "north" };
    return tdm_control_serve(out, world->context, endpoint, &context, next_ms, handle, is_long_one, err);
}

tdm_code start(struct world *world, tdm_err *err)
{
    return serve_at(world, world->endpoint, &world->control, err);
}

int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    memset(&stage, 0, sizeof stage);
    sem_init(&stage.entered, 0, 0);
    sem_init(&stage.leave, 0, 0);
    snprintf(world->folder, sizeof world->folder, "/tmp/tandem-control-XXXXXX");
    if (mkdtemp(world->folder) == NULL)
        return -1;
    snprintf(world->endpoint, sizeof world->endpoint, "ipc://%s/control.sock", world->folder);
    world->context = zmq_ctx_new();
    world->client = zmq_ctx_new();
    return start(world, NULL) == TDM_OK ? 0 : -1;
}

int close_world(void **state)
{
    struct world *world = *state;
    tdm_control_stop(&world->control);
    alarm(10); /* a failed test left a socket open: end in place of waiting for it */
    zmq_ctx_term(world->client);
    zmq_ctx_term(world->context);
    alarm(0);
    unlink(world->endpoint + strlen("ipc://")); /* of a socket that a test bound itself */
    int left = rmdir(world->folder);
    free(world);
    return left;
}

tdm_code call(struct world *world, const char *verb, const char *args, tdm_span body, tdm_answer *answer,
              tdm_err *err)
{
    return tdm_control_call(world->client, world->endpoint, verb, tdm_span_text(args), body, LONG_MS, answer,
                            err);
}

void assert_text(const tdm_answer *answer, const char *text)
{
    assert_true(tdm_span_equal(tdm_buf_span(&answer->bytes), tdm_span_text(text)));
}

tdm_span zeros(size_t len)
{
    return (tdm_span){ calloc(1, len), len };
}

void drop(tdm_span span)
{
    free((void *)span.data);
}

void check_well(struct world *world)
{
    tdm_answer answer;
    assert_int_equal(call(world, "echo", "{}", TDM_SPAN_LITERAL("x"), &answer, NULL), TDM_OK);
    assert_text(&answer, "{\"args\":{},\"body\":1}");
    tdm_buf_free(&answer.bytes);
}

void *raw_client(struct world *world, int type)
{
    void *socket = zmq_socket(world->client, type);
    int none = 0, wait_ms = LONG_MS;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    assert_int_equal(zmq_connect(socket, world->endpoint), 0);
    return socket;
}
