/* SPDX-License-Identifier: MPL-2.0
 *
 * control_test.c: the specification of the control socket: there and back, limits, daemons that are not
 * there, and the socket itself.
 */
#include "control_world.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

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

/* ---- the socket ---- */

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
    assert_int_equal(serve_at(world, endpoint, &control, &err), TDM_INVALID);
    assert_non_null(strstr(err.what, "use a shorter state folder"));
    assert_null(control);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        IN_WORLD("the time is read anew for each request", check_clock),
        IN_WORLD("a body of 64 MiB goes there and back", check_big_body),
        IN_WORLD("no daemon is told at once, with what to do", check_no_daemon),
        IN_WORLD("a daemon that is too slow is told", check_too_slow),
        IN_WORLD("a daemon that ends midway is told at once", check_ended),
        IN_WORLD("an answer that is none of ours is told", check_nonsense),
        IN_WORLD("a door closed can be opened again", check_start_again),
        IN_WORLD("a socket's file left over is no daemon and no hindrance", check_left_over),
        IN_WORLD("the socket is closed to others", check_rights),
        IN_WORLD("a path too long for a socket is told", check_long_path),
    };
    struct CMUnitTest tests[TDM_COUNT(CALLS) + TDM_COUNT(LIMITS) + TDM_COUNT(cases)];
    size_t count = 0;
    ADD_ROWS(CALLS, check_call);
    ADD_ROWS(LIMITS, check_limit);
    for (size_t i = 0; i < TDM_COUNT(cases); i++)
        tests[count++] = cases[i];
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
