/* SPDX-License-Identifier: MPL-2.0
 *
 * transport_hostile_test.c: what strangers and bad partners try at a listener, and that it stops nobody else.
 * Each row of CONTROLS takes one guard away, on a bare socket, and shows that the stranger then gets in: so
 * the refusals above them are the guards' work.
 */
#include "transport_world.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#define ENFORCE_DOMAIN 93 /* ZMQ_ZAP_ENFORCE_DOMAIN, left out of the header */
#define SILENT 200
#define STRANGERS 8

/* Nothing was let through, and a partner still passes. */
static void check_unharmed(struct world *world)
{
    tdm_dialer *dialer = world_connect(world);
    world_check_passage(world, dialer);
    world_check_empty(world);
    tdm_dialer_close(&dialer);
}

static void check_plain_client(void **state)
{
    struct world *world = *state;
    void *plain = raw_client(world, ZMQ_DEALER, NULL);
    assert_int_equal(zmq_connect(plain, tdm_listener_endpoint(world->listener)), 0);
    zmq_send(plain, "let me in", 9, ZMQ_DONTWAIT);
    world_await_count(world, &world->news.handshake_failed, 1);
    assert_int_equal(world->news.admitted, 0);
    check_unharmed(world);
    zmq_close(plain);
}

/* ---- bytes on the port ---- */

struct bytes_row {
    const char *name;
    const char *bytes;
    size_t len;
};

#define GREETING(mechanism)                                                                                  \
    "\xff\0\0\0\0\0\0\0\x01\x7f\x03\0" mechanism                                                             \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define NULL_20 "NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define CURVE_20 "CURVE\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define READY                                                                                                \
    "\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x06"                                                             \
    "DEALER"
#define BYTES(text) text, sizeof(text) - 1

static const struct bytes_row GARBAGE[] = {
    { "an HTTP request is cut off", BYTES("GET / HTTP/1.1\r\nHost: hub\r\n\r\n") },
    { "a TLS greeting is cut off", BYTES("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03") },
    { "a greeting cut short is cut off", BYTES("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0CUR") },
    { "ZMTP with the NULL mechanism is cut off", BYTES(GREETING(NULL_20) READY "\0\x05hello") },
    { "ZMTP with an unknown mechanism is cut off", BYTES(GREETING("GARBAGE_GARBAGE_GARB") READY) },
    { "CURVE with a READY in place of HELLO is cut off", BYTES(GREETING(CURVE_20) READY) },
    { "CURVE with a message in place of HELLO is cut off", BYTES(GREETING(CURVE_20) "\0\x05hello") },
    { "CURVE with a frame of 2^62 bytes is cut off", BYTES(GREETING(CURVE_20) "\x06\x40\0\0\0\0\0\0\0") },
    { "CURVE with a frame over the limit is cut off", BYTES(GREETING(CURVE_20) "\x06\0\0\0\0\0\x02\0\0") },
    { "ZMTP 2 is cut off", BYTES("\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05\0\0\0\x05hello") },
    { "ZMTP 1 is cut off", BYTES("\x01\0\x06\0hello") },
};

static void check_bytes(void **state)
{
    const struct bytes_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(world_open((void **)&world), 0);
    int fd = tcp_client(world);
    assert_int_equal(send(fd, row->bytes, row->len, MSG_NOSIGNAL), row->len);
    tcp_await_end(fd);
    assert_int_equal(world->news.admitted, 0);
    check_unharmed(world);
    world_close((void **)&world);
}

static void check_silent(void **state)
{
    struct world *world = *state;
    int fds[SILENT];
    int64_t began = mono_ms();
    for (int i = 0; i < SILENT; i++)
        fds[i] = tcp_client(world);
    check_unharmed(world); /* while they are all there */
    for (int i = 0; i < SILENT; i++)
        tcp_await_end(fds[i]);
    assert_true(mono_ms() - began >= WORLD_HANDSHAKE_MS / 2);
    world_await_count(world, &world->news.accepted, SILENT + 1);
    check_unharmed(world);
}

/* ---- partners with a good key ---- */

static void *connect_admitted(struct world *world, const char *routing_id)
{
    void *socket = raw_client(world, ZMQ_DEALER, &world->peer);
    if (routing_id != NULL)
        zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id));
    assert_int_equal(zmq_connect(socket, tdm_listener_endpoint(world->listener)), 0);
    return socket;
}

static void check_oversize(void **state)
{
    struct world *world = *state;
    tdm_dialer *other = world_connect(world);
    void *socket = connect_admitted(world, NULL);
    world_await_count(world, &world->news.admitted, 2);
    char *bytes = calloc(1, WORLD_MAX_MESSAGE + 1);
    assert_int_equal(zmq_send(socket, bytes, WORLD_MAX_MESSAGE + 1, 0), WORLD_MAX_MESSAGE + 1);
    world_await_count(world, &world->news.disconnected, 1);
    world_check_passage(world, other);
    world_check_empty(world);
    free(bytes);
    zmq_close(socket);
    tdm_dialer_close(&other);
}

static void check_is_strange(struct world *world)
{
    zmq_pollitem_t item = { tdm_listener_socket(world->listener), 0, ZMQ_POLLIN, 0 };
    assert_int_equal(zmq_poll(&item, 1, 20000), 1);
    tdm_route route;
    uint8_t key[32], none[32] = { 0 };
    tdm_span bytes;
    bool strange = false;
    assert_int_equal(tdm_listener_receive(world->listener, &route, key, &bytes, &strange, NULL), TDM_OK);
    assert_true(strange);
    assert_int_equal(route.len, 0);
    assert_int_equal(bytes.len, 0);
    assert_memory_equal(key, none, sizeof none);
}

static void check_frames(void **state)
{
    struct world *world = *state;
    void *socket = connect_admitted(world, NULL);
    for (int frames = 2; frames <= 40; frames += 19) {
        for (int i = 1; i < frames; i++)
            assert_int_equal(zmq_send(socket, "part", 4, ZMQ_SNDMORE), 4);
        assert_int_equal(zmq_send(socket, "last", 4, 0), 4);
        check_is_strange(world);
    }
    assert_int_equal(zmq_send(socket, "good", 4, 0), 4);
    assert_string_equal(world_take(world).text, "good");
    zmq_close(socket);
    check_unharmed(world);
}

static void check_own_id(void **state)
{
    struct world *world = *state;
    void *squatter = connect_admitted(world, "hub-1");
    assert_int_equal(zmq_send(squatter, "hello", 5, 0), 5);
    check_is_strange(world);
    void *copy = connect_admitted(world, "hub-1"); /* only now: of two at once either may have the id */
    world_await_count(world, &world->news.admitted, 2);
    zmq_close(squatter);
    zmq_close(copy);
    check_unharmed(world);
}

static void check_multipart_hub(void **state)
{
    struct world *world = *state;
    tdm_dialer *dialer = world_connect(world);
    world_say(dialer, "hello");
    struct taken got = world_take(world);
    void *router = tdm_listener_socket(world->listener);
    zmq_send(router, got.route.bytes, got.route.len, ZMQ_SNDMORE);
    zmq_send(router, "one", 3, ZMQ_SNDMORE);
    zmq_send(router, "two", 3, 0);
    zmq_pollitem_t item = { tdm_dialer_socket(dialer), 0, ZMQ_POLLIN, 0 };
    assert_int_equal(zmq_poll(&item, 1, 20000), 1);
    tdm_span bytes;
    assert_int_equal(tdm_dialer_receive(dialer, &bytes, NULL), TDM_MALFORMED);
    world_check_passage(world, dialer);
    tdm_dialer_close(&dialer);
}

/* Heartbeats at their fastest, a queue that is not read, and a connection that breaks: libzmq 4.3.4 aborts
 * here when receiving has a high-water mark. */
static void check_flood(void **state)
{
    struct world *world = *state;
    for (int round = 0; round < 5; round++) {
        uint64_t gone = world->news.disconnected;
        void *socket = connect_admitted(world, NULL);
        world_await_count(world, &world->news.admitted, (uint64_t)round + 1);
        char bytes[2000] = { 0 };
        for (int i = 0; i < 2000; i++)
            zmq_send(socket, bytes, sizeof bytes, ZMQ_DONTWAIT);
        zmq_close(socket);
        world_await_count(world, &world->news.disconnected, gone + 1);
        for (int64_t until = mono_ms() + 100; mono_ms() < until;) /* several heartbeats */
            world_turn(world);
    }
    zmq_pollitem_t item = { tdm_listener_socket(world->listener), 0, ZMQ_POLLIN, 0 };
    while (zmq_poll(&item, 1, 0) == 1)
        assert_int_equal(world_take(world).len, 2000);
    check_unharmed(world);
}

static int open_quick_world(void **state)
{
    if (world_open(state) != 0)
        return -1;
    struct world *world = *state;
    tdm_listener_close(&world->listener);
    world->options.heartbeat_interval_ms = 10;
    return tdm_listener_open(&world->listener, world->context, "tcp://127.0.0.1:*", world->hub.public_key,
                             world->hub.secret_key, &world->options, NULL)
                   == TDM_OK
               ? 0
               : -1;
}

static void check_cut(void **state)
{
    struct world *world = *state;
    struct keys bad = keys_new();
    tdm_zap_admit(world->zap, bad.public_key, TDM_ADMIT_PEER, NULL, 0);
    tdm_dialer *good = world_connect(world), *revoked = world_dial(world, &bad);
    world_await(world, revoked, TDM_DIALER_CONNECTED);
    world_say(revoked, "hello");
    struct taken got = world_take(world);
    tdm_zap_remove(world->zap, bad.public_key);
    assert_int_equal(tdm_listener_cut(world->listener, NULL), TDM_OK);
    world_await_count(world, &world->news.disconnected, 1);
    world_await(world, revoked, TDM_DIALER_DISCONNECTED);
    world_await(world, revoked, TDM_DIALER_DENIED); /* it dialled again */
    world_check_empty(world);
    assert_int_equal(tdm_listener_send(world->listener, &got.route, tdm_span_text("x"), NULL),
                     TDM_UNREACHABLE);
    assert_int_equal(tdm_listener_cut(world->listener, NULL), TDM_UNREACHABLE);
    world_check_passage(world, good);
    tdm_dialer_close(&good);
    tdm_dialer_close(&revoked);
}

/* ---- the end ---- */

static void check_actor_gone(void **state)
{
    struct world *world = *state;
    tdm_dialer *before = world_connect(world);
    tdm_zap_stop(&world->zap);
    struct keys stranger = keys_new();
    tdm_dialer *unknown = world_dial(world, &stranger), *known = world_dial(world, &world->peer);
    world_await(world, unknown, TDM_DIALER_FAILED);
    world_await(world, known, TDM_DIALER_FAILED);
    assert_int_equal(world->news.admitted, 1);
    world_check_passage(world, before);
    tdm_dialer_close(&before);
    tdm_dialer_close(&unknown);
    tdm_dialer_close(&known);
}

static void check_tries_again(void **state)
{
    struct world *world = *state;
    tdm_zap_stop(&world->zap);
    tdm_dialer *dialer = world_dial(world, &world->peer);
    for (int i = 0; i < 4; i++)
        world_await(world, dialer, TDM_DIALER_FAILED);
    assert_int_equal(tdm_zap_start(&world->zap, world->context, world_now, NULL), TDM_OK);
    tdm_zap_admit(world->zap, world->peer.public_key, TDM_ADMIT_PEER, NULL, 0);
    tdm_dialer_event event;
    while ((event = world_news(world, dialer)) == TDM_DIALER_FAILED)
        continue;
    assert_int_equal(event, TDM_DIALER_CONNECTED);
    world_check_passage(world, dialer);
    tdm_dialer_close(&dialer);
}

/* The dialer dials from within its own functions. */
static int accept_dialer(int server, tdm_dialer *dialer)
{
    struct pollfd item = { server, POLLIN, 0 };
    int64_t deadline = mono_ms() + 20000;
    while (poll(&item, 1, 5) == 0 && mono_ms() < deadline)
        assert_int_equal(tdm_dialer_news(dialer), TDM_DIALER_NOTHING);
    assert_true(mono_ms() < deadline);
    return accept(server, NULL, NULL);
}

/* Something else than a hub has its port for a while. */
static void check_other_service(void **state)
{
    struct world *world = *state;
    char endpoint[64];
    int other = tcp_server(endpoint);
    tdm_dialer *dialer = NULL;
    assert_int_equal(tdm_dialer_open(&dialer, world->context, endpoint, world->hub.public_key,
                                     world->peer.public_key, world->peer.secret_key, &world->options, NULL),
                     TDM_OK);
    for (int i = 0; i < 3; i++) {
        int fd = accept_dialer(other, dialer);
        assert_int_equal(send(fd, GARBAGE[i].bytes, GARBAGE[i].len, MSG_NOSIGNAL), GARBAGE[i].len);
        shutdown(fd, SHUT_WR);
        world_await(world, dialer, TDM_DIALER_FAILED);
        close(fd);
    }
    close(other);
    tdm_listener_close(&world->listener);
    assert_int_equal(tdm_listener_open(&world->listener, world->context, endpoint, world->hub.public_key,
                                       world->hub.secret_key, &world->options, NULL),
                     TDM_OK);
    tdm_dialer_event event;
    while ((event = world_news(world, dialer)) == TDM_DIALER_FAILED)
        continue;
    assert_int_equal(event, TDM_DIALER_CONNECTED);
    world_check_passage(world, dialer);
    tdm_dialer_close(&dialer);
}

/* Strangers dial all the while; then the same port is opened again, which they reach, and are denied. */
static void check_closing(void **state)
{
    struct world *world = *state;
    char endpoint[64];
    memcpy(endpoint, tdm_listener_endpoint(world->listener), sizeof endpoint);
    tdm_dialer *strangers[STRANGERS];
    for (int i = 0; i < STRANGERS; i++) {
        struct keys own = keys_new();
        strangers[i] = world_dial(world, &own);
    }
    tdm_listener_close(&world->listener);
    tdm_zap_stop(&world->zap);
    assert_int_equal(tdm_zap_start(&world->zap, world->context, world_now, NULL), TDM_OK);
    tdm_code code = TDM_BUSY;
    for (int64_t deadline = mono_ms() + 20000; code == TDM_BUSY && mono_ms() < deadline;)
        code = tdm_listener_open(&world->listener, world->context, endpoint, world->hub.public_key,
                                 world->hub.secret_key, &world->options, NULL);
    assert_int_equal(code, TDM_OK);
    for (int i = 0; i < STRANGERS; i++) {
        tdm_dialer_event event = world_news(world, strangers[i]);
        assert_true(event == TDM_DIALER_DENIED || event == TDM_DIALER_FAILED);
        tdm_dialer_close(&strangers[i]);
    }
    assert_int_equal(world->news.admitted, 0);
}

/* ---- the controls ---- */

struct control_row {
    const char *name;
    const char *domain;
    int enforce;
    bool handler;
    bool stranger_gets_in;
};

static const struct control_row CONTROLS[] = {
    { "control: all guards up, a stranger stays out", TDM_ZAP_DOMAIN, 1, true, false },
    { "control: no handler and option 93, a stranger stays out", TDM_ZAP_DOMAIN, 1, false, false },
    { "control: no handler and no option 93, a stranger gets in", TDM_ZAP_DOMAIN, 0, false, true },
    { "control: no handler, option 93 without a domain, a stranger gets in", "", 1, false, true },
};

static void *open_bare(struct world *world, const struct control_row *row, char endpoint[64])
{
    void *server = raw_client(world, ZMQ_ROUTER, NULL);
    int on = 1;
    size_t len = 64;
    zmq_setsockopt(server, ZMQ_CURVE_SERVER, &on, sizeof on);
    zmq_setsockopt(server, ZMQ_CURVE_SECRETKEY, world->hub.secret_key, 32);
    zmq_setsockopt(server, ENFORCE_DOMAIN, &row->enforce, sizeof row->enforce);
    zmq_setsockopt(server, ZMQ_ZAP_DOMAIN, row->domain, strlen(row->domain));
    assert_int_equal(zmq_bind(server, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &len);
    return server;
}

static void check_control(void **state)
{
    const struct control_row *row = *state;
    struct world *world = NULL;
    char endpoint[64];
    assert_int_equal(world_open((void **)&world), 0);
    tdm_listener_close(&world->listener);
    if (!row->handler)
        tdm_zap_stop(&world->zap);
    void *server = open_bare(world, row, endpoint);
    struct keys stranger = keys_new();
    tdm_dialer *dialer = NULL;
    assert_int_equal(tdm_dialer_open(&dialer, world->context, endpoint, world->hub.public_key,
                                     stranger.public_key, stranger.secret_key, &world->options, NULL),
                     TDM_OK);
    tdm_dialer_event told = row->handler ? TDM_DIALER_DENIED : TDM_DIALER_FAILED;
    world_await(world, dialer, row->stranger_gets_in ? TDM_DIALER_CONNECTED : told);
    char text[8] = "";
    if (row->stranger_gets_in) {
        world_say(dialer, "hello");
        assert_int_equal(zmq_recv(server, text, sizeof text, 0), 5); /* the routing id */
        assert_int_equal(zmq_recv(server, text, sizeof text, 0), 5);
        assert_memory_equal(text, "hello", 5);
    }
    tdm_dialer_close(&dialer);
    zmq_close(server);
    world_close((void **)&world);
}

#define IN_WORLD(name, function)                                                                             \
    {                                                                                                        \
        name, function, world_open, world_close, NULL                                                        \
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
        IN_WORLD("a client without CURVE gets nothing through", check_plain_client),
        IN_WORLD("200 silent connections are closed and hold nobody up", check_silent),
        IN_WORLD("a message over the limit ends its own connection alone", check_oversize),
        IN_WORLD("a message of several frames is dropped", check_frames),
        IN_WORLD("a peer that chose its routing id is not heard", check_own_id),
        IN_WORLD("a dialer drops a message of several frames", check_multipart_hub),
        { "a peer that floods and vanishes harms nobody", check_flood, open_quick_world, world_close, NULL },
        IN_WORLD("a revoked peer's connection can be cut", check_cut),
        IN_WORLD("with the ZAP actor gone nobody is admitted", check_actor_gone),
        IN_WORLD("a dialer whose handshake failed tries again by itself", check_tries_again),
        IN_WORLD("a dialer outlives another service on the hub's port", check_other_service),
        IN_WORLD("no stranger gets in while the listener closes", check_closing),
    };
    struct CMUnitTest tests[TDM_COUNT(GARBAGE) + TDM_COUNT(CONTROLS) + TDM_COUNT(cases)];
    size_t count = 0;
    ADD_ROWS(GARBAGE, check_bytes);
    for (size_t i = 0; i < TDM_COUNT(cases); i++)
        tests[count++] = cases[i];
    ADD_ROWS(CONTROLS, check_control);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
