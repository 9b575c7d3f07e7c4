/* SPDX-License-Identifier: MPL-2.0
 *
 * control_test.c: the specification of the control socket, with a service of the test's own behind it.
 */
#include "control.h"

#include <stdarg.h>
#include <setjmp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>

#define LONG_MS 60000 /* never waited out where the code is right */
#define CLIENTS 2
#define CALLS_EACH 50

struct world {
    void *context; /* the daemon's */
    void *client;  /* the client's, as in another process */
    tdm_control *control;
    char folder[64];
    char endpoint[96];
};

static struct {
    sem_t entered;
    sem_t leave;
    int inside;  /* requests being served now */
    int crowded; /* times there was more than one */
    int64_t clock;
} stage;

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

static tdm_code start(struct world *world, tdm_err *err)
{
    tdm_service_context context = { .own_organisation = "north" };
    return tdm_control_serve(&world->control, world->context, world->endpoint, &context, next_ms, handle,
                             is_long_one, err);
}

static int open_world(void **state)
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

static int close_world(void **state)
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

static tdm_code call(struct world *world, const char *verb, const char *args, tdm_span body,
                     tdm_answer *answer, tdm_err *err)
{
    return tdm_control_call(world->client, world->endpoint, verb, tdm_span_text(args), body, LONG_MS, answer,
                            err);
}

static void assert_text(const tdm_answer *answer, const char *text)
{
    assert_true(tdm_span_equal(tdm_buf_span(&answer->bytes), tdm_span_text(text)));
}

static tdm_span zeros(size_t len)
{
    return (tdm_span){ calloc(1, len), len };
}

static void drop(tdm_span span)
{
    free((void *)span.data);
}

static void check_well(struct world *world)
{
    tdm_answer answer;
    assert_int_equal(call(world, "echo", "{}", TDM_SPAN_LITERAL("x"), &answer, NULL), TDM_OK);
    assert_text(&answer, "{\"args\":{},\"body\":1}");
    tdm_buf_free(&answer.bytes);
}

/* ---- there and back ---- */

struct call_row {
    const char *name;
    const char *verb;
    const char *args;
    const char *body;
    int exit;
    bool raw;
    const char *answer;
};

static const struct call_row CALLS[] = {
    { "arguments and body arrive", "echo", "{\"fy\":\"2017/18\"}", "abc", 0, false,
      "{\"args\":{\"fy\":\"2017/18\"},\"body\":3}" },
    { "no arguments are none", "echo", "", "", 0, false, "{\"args\":{},\"body\":0}" },
    { "raw bytes come back with their status", "raw", "{}", "a,b\n1,2\n", 1, true, "a,b\n1,2\n" },
    { "a service's failure comes back in its own words", "nothing", "{}", "", 3, false,
      "{\"type\":\"error\",\"kind\":\"not-found\"}" },
};

static void check_call(void **state)
{
    const struct call_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(open_world((void **)&world), 0);
    tdm_answer answer;
    assert_int_equal(call(world, row->verb, row->args, tdm_span_text(row->body), &answer, NULL), TDM_OK);
    assert_int_equal(answer.exit, row->exit);
    assert_int_equal(answer.raw, row->raw);
    assert_text(&answer, row->answer);
    tdm_buf_free(&answer.bytes);
    assert_int_equal(close_world((void **)&world), 0);
}

static void check_clock(void **state)
{
    struct world *world = *state;
    const char *wanted[] = { "1 north", "2 north", "3 north" };
    for (size_t i = 0; i < TDM_COUNT(wanted); i++) {
        tdm_answer answer;
        assert_int_equal(call(world, "clock", "{}", tdm_span_text(""), &answer, NULL), TDM_OK);
        assert_text(&answer, wanted[i]);
        tdm_buf_free(&answer.bytes);
    }
}

static void check_big_body(void **state)
{
    struct world *world = *state;
    tdm_span body = zeros(TDM_CONTROL_BODY_MAX);
    tdm_answer answer;
    assert_int_equal(call(world, "raw", "{}", body, &answer, NULL), TDM_OK);
    assert_true(tdm_span_equal(tdm_buf_span(&answer.bytes), body));
    tdm_buf_free(&answer.bytes);
    drop(body);
}

/* ---- over the limits, on the client's side ---- */

struct limit_row {
    const char *name;
    size_t verb;
    size_t args;
    size_t body;
    const char *says;
};

static const struct limit_row LIMITS[] = {
    { "a body over 64 MiB is not sent", 4, 0, TDM_CONTROL_BODY_MAX + 1,
      "67108865 bytes, and may have 67108864: split it" },
    { "arguments over 64 KiB are not sent", 4, TDM_CONTROL_ARGS_MAX + 1, 0,
      "65537 bytes, and may have 65536" },
    { "a verb over 64 bytes is not sent", TDM_CONTROL_VERB_MAX + 1, 0, 0, "is no verb" },
    { "an empty verb is not sent", 0, 0, 0, "is no verb" },
};

static void check_limit(void **state)
{
    const struct limit_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(open_world((void **)&world), 0);
    char verb[TDM_CONTROL_VERB_MAX + 2] = "";
    memset(verb, 'v', row->verb);
    tdm_span args = zeros(row->args + 1), body = zeros(row->body + 1);
    args.len = row->args;
    body.len = row->body;
    tdm_answer answer;
    tdm_err err;
    assert_int_equal(
        tdm_control_call(world->client, world->endpoint, verb, args, body, LONG_MS, &answer, &err),
        TDM_INVALID);
    assert_non_null(strstr(err.what, row->says));
    drop(args);
    drop(body);
    check_well(world);
    assert_int_equal(close_world((void **)&world), 0);
}

/* ---- requests that no client of ours sends ---- */

struct bad_row {
    const char *name;
    const char *frames[5]; /* up to NULL */
    size_t pad;            /* bytes of 'x' after the last frame's own */
    const char *kind;
    const char *says;
};

static const struct bad_row BAD[] = {
    { "a verb alone is refused", { "echo" }, 0, "malformed", "here in 1 frames" },
    { "a request without body is refused", { "echo", "{}" }, 0, "malformed", "here in 2 frames" },
    { "a request of four frames is refused", { "echo", "{}", "", "" }, 0, "malformed", "here in 4 frames" },
    { "an empty verb is refused", { "", "{}", "" }, 0, "invalid", "a verb has 1 to 64 bytes, this one 0" },
    { "a long verb is refused",
      { "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv", "{}", "" },
      0,
      "invalid",
      "this one 65" },
    { "arguments cut short are refused", { "echo", "{\"fy\":", "" }, 0, "malformed", "no JSON" },
    { "arguments as a list are refused", { "echo", "[1]", "" }, 0, "malformed", "no JSON object" },
    { "arguments said twice are refused", { "echo", "{\"a\":1,\"a\":2}", "" }, 0, "malformed", "no JSON" },
    { "arguments that are no UTF-8 are refused",
      { "echo", "{\"a\":\"\xff\"}", "" },
      0,
      "malformed",
      "no JSON" },
    { "arguments over the limit are refused before they are read",
      { "echo", "{", "" },
      TDM_CONTROL_ARGS_MAX,
      "invalid",
      "65537 bytes" },
};

static void *raw_client(struct world *world, int type)
{
    void *socket = zmq_socket(world->client, type);
    int none = 0, wait_ms = LONG_MS;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    assert_int_equal(zmq_connect(socket, world->endpoint), 0);
    return socket;
}

static void send_bad(void *socket, const struct bad_row *row)
{
    for (size_t i = 0; row->frames[i] != NULL; i++) {
        size_t len = strlen(row->frames[i]), pad = i == 1 ? row->pad : 0;
        char *frame = malloc(len + pad + 1);
        memcpy(frame, row->frames[i], len);
        memset(frame + len, 'x', pad);
        assert_true(zmq_send(socket, frame, len + pad, row->frames[i + 1] == NULL ? 0 : ZMQ_SNDMORE) >= 0);
        free(frame);
    }
}

static void check_bad(void **state)
{
    const struct bad_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(open_world((void **)&world), 0);
    void *socket = raw_client(world, ZMQ_REQ);
    send_bad(socket, row);
    char status[8] = "", kind[8] = "", text[512] = "";
    assert_true(zmq_recv(socket, status, sizeof status - 1, 0) > 0);
    assert_true(zmq_recv(socket, kind, sizeof kind - 1, 0) > 0);
    assert_true(zmq_recv(socket, text, sizeof text - 1, 0) > 0);
    json_t *error = json_loads(text, 0, NULL);
    assert_non_null(error);
    assert_string_equal(kind, "json");
    assert_string_equal(json_string_value(json_object_get(error, "type")), "error");
    assert_string_equal(json_string_value(json_object_get(error, "kind")), row->kind);
    assert_int_equal(json_integer_value(json_object_get(error, "exit")), atoi(status));
    assert_non_null(strstr(json_string_value(json_object_get(error, "what")), row->says));
    json_decref(error);
    zmq_close(socket);
    check_well(world);
    assert_int_equal(close_world((void **)&world), 0);
}

/* libzmq ends the connection: there is nobody to answer. */
static void check_raw_oversize(void **state)
{
    struct world *world = *state;
    void *socket = raw_client(world, ZMQ_REQ);
    tdm_span body = zeros(TDM_CONTROL_BODY_MAX + 1);
    zmq_send(socket, "raw", 3, ZMQ_SNDMORE);
    zmq_send(socket, "{}", 2, ZMQ_SNDMORE);
    zmq_send(socket, body.data, body.len, 0);
    check_well(world);
    drop(body);
    zmq_close(socket);
    check_well(world);
}

static void check_no_delimiter(void **state)
{
    struct world *world = *state;
    void *socket = raw_client(world, ZMQ_DEALER);
    char text[512] = "";
    for (int i = 0; i < 4; i++) {
        assert_int_equal(zmq_send(socket, "lone", 4, 0), 4);
        for (int frame = 0; frame < 4; frame++)
            assert_true(zmq_recv(socket, text, sizeof text - 1, 0) >= 0);
        assert_non_null(strstr(text, "malformed"));
    }
    zmq_close(socket);
    check_well(world);
}

/* ---- daemons that are not there ---- */

static void check_no_daemon(void **state)
{
    struct world *world = *state;
    tdm_answer answer;
    tdm_err err;
    time_t began = time(NULL);
    tdm_control_stop(&world->control);
    assert_int_equal(call(world, "echo", "{}", tdm_span_text(""), &answer, &err), TDM_UNREACHABLE);
    assert_non_null(strstr(err.what, "no daemon answers at ipc:///tmp/"));
    assert_non_null(strstr(err.what, "start it"));
    assert_true(time(NULL) - began < LONG_MS / 1000 / 2);
    assert_int_equal(answer.bytes.len, 0);
}

static void *bind_other(struct world *world)
{
    tdm_control_stop(&world->control);
    void *other = zmq_socket(world->context, ZMQ_ROUTER);
    int none = 0, wait_ms = LONG_MS;
    zmq_setsockopt(other, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(other, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    assert_int_equal(zmq_bind(other, world->endpoint), 0);
    return other;
}

static void check_too_slow(void **state)
{
    struct world *world = *state;
    void *silent = bind_other(world);
    tdm_answer answer;
    tdm_err err;
    assert_int_equal(tdm_control_call(world->client, world->endpoint, "echo", tdm_span_text("{}"),
                                      tdm_span_text(""), 50, &answer, &err),
                     TDM_UNREACHABLE);
    assert_non_null(strstr(err.what, "did not answer within 50 ms"));
    zmq_close(silent);
}

static void *end_midway(void *socket)
{
    char frame[64];
    for (int i = 0; i < 5; i++)
        zmq_recv(socket, frame, sizeof frame, 0);
    zmq_close(socket);
    return NULL;
}

static void check_ended(void **state)
{
    struct world *world = *state;
    void *other = bind_other(world);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, end_midway, other), 0);
    tdm_answer answer;
    tdm_err err;
    assert_int_equal(call(world, "import", "{}", tdm_span_text(""), &answer, &err), TDM_UNREACHABLE);
    assert_non_null(strstr(err.what, "import: the daemon ended before it answered"));
    pthread_join(thread, NULL);
}

static void *answer_nonsense(void *socket)
{
    char route[16], frame[64];
    int len = zmq_recv(socket, route, sizeof route, 0);
    for (int i = 0; i < 4; i++)
        zmq_recv(socket, frame, sizeof frame, 0);
    zmq_send(socket, route, (size_t)len, ZMQ_SNDMORE);
    zmq_send(socket, "", 0, ZMQ_SNDMORE);
    zmq_send(socket, "-1", 2, ZMQ_SNDMORE);
    zmq_send(socket, "json", 4, ZMQ_SNDMORE);
    zmq_send(socket, "{}", 2, 0);
    return NULL;
}

static void check_nonsense(void **state)
{
    struct world *world = *state;
    void *other = bind_other(world);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_nonsense, other), 0);
    tdm_answer answer;
    tdm_err err;
    assert_int_equal(call(world, "echo", "{}", tdm_span_text(""), &answer, &err), TDM_MALFORMED);
    assert_non_null(strstr(err.what, "is no Tandem daemon"));
    pthread_join(thread, NULL);
    zmq_close(other);
}

/* ---- several at once, and the end ---- */

struct client {
    struct world *world;
    const char *verb;
    char body[8];
    int calls;
    int right;
};

static void *call_many(void *argument)
{
    struct client *client = argument;
    for (int i = 0; i < client->calls; i++) {
        tdm_answer answer;
        tdm_code code = call(client->world, client->verb, "{}", tdm_span_text(client->body), &answer, NULL);
        bool own = strstr(client->verb, "slow") != NULL || strncmp(client->verb, "long-", 5) == 0
                   || tdm_span_equal(tdm_buf_span(&answer.bytes), tdm_span_text(client->body));
        client->right += code == TDM_OK && own;
        tdm_buf_free(&answer.bytes);
    }
    return NULL;
}

static void check_two_clients(void **state)
{
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){ .world = *state, .verb = "crowd", .calls = CALLS_EACH };
        snprintf(clients[i].body, sizeof clients[i].body, "no %d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, call_many, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].right, CALLS_EACH);
    }
    assert_int_equal(stage.crowded, 0);
}

static void *stop(void *argument)
{
    struct world *world = argument;
    tdm_control_stop(&world->control);
    return NULL;
}

static void check_stop_midway(void **state)
{
    struct world *world = *state;
    struct client client = { .world = world, .verb = "slow", .calls = 1 };
    pthread_t caller, stopper;
    assert_int_equal(pthread_create(&caller, NULL, call_many, &client), 0);
    sem_wait(&stage.entered);
    assert_int_equal(pthread_create(&stopper, NULL, stop, world), 0);
    sem_post(&stage.leave);
    pthread_join(caller, NULL);
    pthread_join(stopper, NULL);
    assert_int_equal(client.right, 1);
    assert_null(world->control);
}

static void check_long_aside(void **state)
{
    struct world *world = *state;
    struct client client = { .world = world, .verb = "long-slow", .calls = 1 };
    pthread_t caller;
    assert_int_equal(pthread_create(&caller, NULL, call_many, &client), 0);
    sem_wait(&stage.entered);
    check_well(world); /* it is still inside */
    assert_int_equal(client.right, 0);
    sem_post(&stage.leave);
    pthread_join(caller, NULL);
    assert_int_equal(client.right, 1);
}

static void check_long_wait_their_turn(void **state)
{
    struct world *world = *state;
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){ .world = world, .verb = "long-slow", .calls = 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, call_many, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        sem_wait(&stage.entered);
        assert_int_equal(sem_trywait(&stage.entered), -1); /* one at a time */
        sem_post(&stage.leave);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].right, 1);
    }
}

static void check_stop_ends_long(void **state)
{
    struct world *world = *state;
    struct client client = { .world = world, .verb = "long-until-told", .calls = 1 };
    pthread_t caller;
    assert_int_equal(pthread_create(&caller, NULL, call_many, &client), 0);
    sem_wait(&stage.entered);
    tdm_control_stop(&world->control);
    pthread_join(caller, NULL);
    assert_null(world->control);
}

static void check_client_leaves(void **state)
{
    struct world *world = *state;
    void *socket = raw_client(world, ZMQ_REQ);
    zmq_send(socket, "slow", 4, ZMQ_SNDMORE);
    zmq_send(socket, "{}", 2, ZMQ_SNDMORE);
    zmq_send(socket, "", 0, 0);
    sem_wait(&stage.entered);
    zmq_close(socket);
    sem_post(&stage.leave);
    check_well(world);
}

static void check_start_again(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 5; i++) {
        tdm_control_stop(&world->control);
        assert_int_not_equal(access(world->endpoint + strlen("ipc://"), F_OK), 0);
        assert_int_equal(start(world, NULL), TDM_OK);
        check_well(world);
    }
}

/* As one that was killed leaves it. */
static void check_left_over(void **state)
{
    struct world *world = *state;
    tdm_control_stop(&world->control);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", world->endpoint + strlen("ipc://"));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    tdm_answer answer;
    assert_int_equal(call(world, "echo", "{}", tdm_span_text(""), &answer, NULL), TDM_UNREACHABLE);
    assert_int_equal(start(world, NULL), TDM_OK);
    check_well(world);
}

static void check_rights(void **state)
{
    struct world *world = *state;
    struct stat status;
    assert_int_equal(stat(world->endpoint + strlen("ipc://"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void check_long_path(void **state)
{
    struct world *world = *state;
    char endpoint[200] = "ipc:///tmp/";
    memset(endpoint + strlen(endpoint), 'x', 150);
    tdm_control *control = NULL;
    tdm_err err;
    tdm_service_context context = { 0 };
    assert_int_equal(
        tdm_control_serve(&control, world->context, endpoint, &context, next_ms, handle, NULL, &err),
        TDM_INVALID);
    assert_non_null(strstr(err.what, "use a shorter state folder"));
    assert_null(control);
}

#define IN_WORLD(name, function)                                                                             \
    {                                                                                                        \
        name, function, open_world, close_world, NULL                                                        \
    }
#define ADD_ROWS(rows, function)                                                                             \
    for (size_t i = 0; i < TDM_COUNT(rows); i++)                                                             \
        tests[count++] = (struct CMUnitTest)                                                                 \
        {                                                                                                    \
            rows[i].name, function, NULL, NULL, (void *)&rows[i]                                             \
        }

int main(void)
{
    static const struct CMUnitTest cases[] = {
        IN_WORLD("the time is read anew for each request", check_clock),
        IN_WORLD("a body of 64 MiB goes there and back", check_big_body),
        IN_WORLD("a foreign body over 64 MiB ends its own connection alone", check_raw_oversize),
        IN_WORLD("frames that are no request are refused", check_no_delimiter),
        IN_WORLD("no daemon is told at once, with what to do", check_no_daemon),
        IN_WORLD("a daemon that is too slow is told", check_too_slow),
        IN_WORLD("a daemon that ends midway is told at once", check_ended),
        IN_WORLD("an answer that is none of ours is told", check_nonsense),
        IN_WORLD("two clients are served one at a time", check_two_clients),
        IN_WORLD("a stop finishes the request at hand", check_stop_midway),
        IN_WORLD("others are answered while a long request is served", check_long_aside),
        IN_WORLD("long requests are served one at a time", check_long_wait_their_turn),
        IN_WORLD("a stop ends a long request", check_stop_ends_long),
        IN_WORLD("a client that leaves holds nobody up", check_client_leaves),
        IN_WORLD("a door closed can be opened again", check_start_again),
        IN_WORLD("a socket's file left over is no daemon and no hindrance", check_left_over),
        IN_WORLD("the socket is closed to others", check_rights),
        IN_WORLD("a path too long for a socket is told", check_long_path),
    };
    struct CMUnitTest tests[TDM_COUNT(CALLS) + TDM_COUNT(LIMITS) + TDM_COUNT(BAD) + TDM_COUNT(cases)];
    size_t count = 0;
    ADD_ROWS(CALLS, check_call);
    ADD_ROWS(LIMITS, check_limit);
    ADD_ROWS(BAD, check_bad);
    for (size_t i = 0; i < TDM_COUNT(cases); i++)
        tests[count++] = cases[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
