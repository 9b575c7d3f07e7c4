/* SPDX-License-Identifier: MPL-2.0
 *
 * transport_test.c: the specification of the transport: who gets in, what passes, what a partner that goes
 * leaves behind. What strangers try is in transport_hostile_test.c.
 */
#include "transport_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ENFORCE_DOMAIN 93 /* ZMQ_ZAP_ENFORCE_DOMAIN, left out of the header */

/* ---- admission ---- */

struct admission_row {
    const char *name;
    tdm_admission admission;
    int64_t expires_in_ms; /* 0: never */
    bool removed;
    bool wrong_server_key;
    tdm_dialer_event told;
};

static const struct admission_row ADMISSIONS[] = {
    { "an admitted key passes", TDM_ADMIT_PEER, 0, false, false, TDM_DIALER_CONNECTED },
    { "a one-time key in time passes", TDM_ADMIT_ENROL, 1, false, false, TDM_DIALER_CONNECTED },
    { "a stranger's key is denied", TDM_ADMIT_NONE, 0, false, false, TDM_DIALER_DENIED },
    { "a revoked key is denied", TDM_ADMIT_PEER, 0, true, false, TDM_DIALER_DENIED },
    { "an expired one-time key is denied", TDM_ADMIT_ENROL, -1, false, false, TDM_DIALER_DENIED },
    { "a used one-time key is denied", TDM_ADMIT_ENROL, 0, true, false, TDM_DIALER_DENIED },
    { "a dialer with a wrong server key fails", TDM_ADMIT_PEER, 0, false, true, TDM_DIALER_FAILED },
};

static void check_admission(void **state)
{
    const struct admission_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(world_open((void **)&world), 0);
    struct keys own = keys_new(), other = keys_new();
    int64_t expires_ms = row->expires_in_ms == 0 ? 0 : world_now() + row->expires_in_ms;
    tdm_zap_admit(world->zap, own.public_key, row->admission, NULL, expires_ms);
    if (row->removed)
        tdm_zap_remove(world->zap, own.public_key);
    const uint8_t *server = row->wrong_server_key ? other.public_key : world->hub.public_key;
    tdm_dialer *dialer = world_dial_as(world, &own, server);
    world_await(world, dialer, row->told);
    bool passes = row->told == TDM_DIALER_CONNECTED;
    tdm_err err = { 0 };
    assert_int_equal(tdm_dialer_send(dialer, tdm_span_text("hello"), &err),
                     passes ? TDM_OK : TDM_UNREACHABLE);
    if (passes)
        assert_memory_equal(world_take(world).key, own.public_key, 32);
    else
        world_await_count(world, &world->news.handshake_failed, 1);
    assert_int_equal(world->news.admitted, passes ? 1 : 0);
    tdm_dialer_close(&dialer);
    world_close((void **)&world);
}

static void check_redial(void **state)
{
    struct world *world = *state;
    struct keys own = keys_new();
    tdm_dialer *dialer = world_dial(world, &own);
    for (int i = 0; i < 3; i++) {
        world_await(world, dialer, TDM_DIALER_DENIED);
        assert_int_equal(tdm_dialer_redial(dialer, NULL), TDM_OK);
    }
    world_await(world, dialer, TDM_DIALER_DENIED);
    tdm_zap_admit(world->zap, own.public_key, TDM_ADMIT_PEER, NULL, 0);
    assert_int_equal(tdm_dialer_redial(dialer, NULL), TDM_OK);
    world_await(world, dialer, TDM_DIALER_CONNECTED);
    world_say(dialer, "hello");
    assert_memory_equal(world_take(world).key, own.public_key, 32);
    tdm_dialer_close(&dialer);
}

static void check_quiet_after_denial(void **state)
{
    struct world *world = *state;
    struct keys own = keys_new();
    tdm_dialer *stranger = world_dial(world, &own);
    world_await(world, stranger, TDM_DIALER_DENIED);
    uint64_t denied = tdm_zap_denied(world->zap);
    for (int i = 0; i < 5; i++) { /* others come and go meanwhile; the stranger does not try again */
        tdm_dialer *dialer = world_connect(world);
        world_check_passage(world, dialer);
        tdm_dialer_close(&dialer);
    }
    assert_int_equal(tdm_zap_denied(world->zap), denied);
    assert_int_equal(tdm_dialer_news(stranger), TDM_DIALER_NOTHING);
    tdm_dialer_close(&stranger);
}

static void check_revoked_live(void **state)
{
    struct world *world = *state;
    tdm_dialer *dialer = world_connect(world);
    world_check_passage(world, dialer);
    tdm_zap_remove(world->zap, world->peer.public_key);
    world_say(dialer, "still here");
    struct taken got = world_take(world);
    assert_int_equal(tdm_zap_find(world->zap, got.key, NULL), TDM_ADMIT_NONE);
    tdm_dialer_close(&dialer);
}

/* ---- what passes ---- */

static void check_two_peers(void **state)
{
    struct world *world = *state;
    struct keys other = keys_new();
    tdm_zap_admit(world->zap, other.public_key, TDM_ADMIT_PEER, NULL, 0);
    tdm_dialer *first = world_connect(world), *second = world_dial(world, &other);
    world_await(world, second, TDM_DIALER_CONNECTED);
    world_say(first, "first");
    struct taken from_first = world_take(world);
    world_say(second, "second");
    struct taken from_second = world_take(world);
    assert_memory_equal(from_first.key, world->peer.public_key, 32);
    assert_memory_equal(from_second.key, other.public_key, 32);
    tdm_listener_send(world->listener, &from_second.route, tdm_span_text("to second"), NULL);
    tdm_listener_send(world->listener, &from_first.route, tdm_span_text("to first"), NULL);
    world_expect(first, "to first");
    world_expect(second, "to second");
    tdm_dialer_close(&first);
    tdm_dialer_close(&second);
}

static void check_largest(void **state)
{
    struct world *world = *state;
    tdm_dialer *dialer = world_connect(world);
    char *bytes = calloc(1, WORLD_MAX_MESSAGE + 1);
    tdm_span largest = { (uint8_t *)bytes, WORLD_MAX_MESSAGE };
    tdm_span larger = { (uint8_t *)bytes, WORLD_MAX_MESSAGE + 1 };
    tdm_err err;
    assert_int_equal(tdm_dialer_send(dialer, largest, NULL), TDM_OK);
    struct taken got = world_take(world);
    assert_int_equal(got.len, WORLD_MAX_MESSAGE);
    assert_int_equal(tdm_dialer_send(dialer, larger, &err), TDM_INVALID);
    assert_int_equal(tdm_listener_send(world->listener, &got.route, larger, &err), TDM_INVALID);
    assert_non_null(strstr(err.what, "65537 bytes"));
    assert_int_equal(tdm_listener_send(world->listener, &got.route, largest, NULL), TDM_OK);
    zmq_pollitem_t item = { tdm_dialer_socket(dialer), 0, ZMQ_POLLIN, 0 };
    assert_int_equal(zmq_poll(&item, 1, 20000), 1);
    tdm_span back;
    assert_int_equal(tdm_dialer_receive(dialer, &back, NULL), TDM_OK);
    assert_int_equal(back.len, WORLD_MAX_MESSAGE);
    free(bytes);
    tdm_dialer_close(&dialer);
}

static void check_nothing_waits(void **state)
{
    struct world *world = *state;
    tdm_dialer *dialer = world_connect(world);
    tdm_span bytes;
    world_check_empty(world);
    assert_int_equal(tdm_dialer_receive(dialer, &bytes, NULL), TDM_END);
    world_check_passage(world, dialer);
    world_check_empty(world);
    assert_int_equal(tdm_dialer_receive(dialer, &bytes, NULL), TDM_END);
    tdm_dialer_close(&dialer);
}

/* ---- partners that go, or do not listen ---- */

static void check_restart(void **state)
{
    struct world *world = *state;
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "%s", tdm_listener_endpoint(world->listener));
    tdm_dialer *dialer = world_connect(world);
    world_check_passage(world, dialer);
    tdm_listener_close(&world->listener);
    world_await(world, dialer, TDM_DIALER_DISCONNECTED);
    assert_int_equal(tdm_dialer_send(dialer, tdm_span_text("x"), NULL), TDM_UNREACHABLE);
    tdm_code code = TDM_BUSY; /* libzmq closes the old one in its own time */
    for (int64_t deadline = mono_ms() + 20000; code == TDM_BUSY && mono_ms() < deadline;)
        code = tdm_listener_open(&world->listener, world->context, endpoint, world->hub.public_key,
                                 world->hub.secret_key, &world->options, NULL);
    assert_int_equal(code, TDM_OK);
    world_await(world, dialer, TDM_DIALER_CONNECTED);
    world_check_passage(world, dialer);
    tdm_dialer_close(&dialer);
}

static void check_gone_route(void **state)
{
    struct world *world = *state;
    tdm_dialer *dialer = world_connect(world);
    world_say(dialer, "hello");
    struct taken got = world_take(world);
    tdm_dialer_close(&dialer);
    world_await_count(world, &world->news.disconnected, 1);
    tdm_code code = TDM_OK;
    for (int64_t deadline = mono_ms() + 20000; code != TDM_UNREACHABLE && mono_ms() < deadline;) {
        world_check_empty(world); /* a route goes once all that came by it was received */
        code = tdm_listener_send(world->listener, &got.route, tdm_span_text("too late"), NULL);
    }
    assert_int_equal(code, TDM_UNREACHABLE);
    tdm_route made_up = { { 0, 1, 2, 3, 4 }, 5 };
    assert_int_equal(tdm_listener_send(world->listener, &made_up, tdm_span_text("nobody"), NULL),
                     TDM_UNREACHABLE);
    dialer = world_connect(world);
    world_check_passage(world, dialer);
    tdm_dialer_close(&dialer);
}

/* Ends of libzmq's own that take one message and no more, without heartbeats; the kernel's buffers come
 * before, so the messages are large. */
static void *open_lazy(struct world *world, int type, const struct keys *own)
{
    void *socket = raw_client(world, type, own);
    int one = 1;
    zmq_setsockopt(socket, ZMQ_RCVHWM, &one, sizeof one);
    return socket;
}

static void check_lazy_peer(void **state)
{
    struct world *world = *state;
    void *lazy = open_lazy(world, ZMQ_DEALER, &world->peer);
    assert_int_equal(zmq_connect(lazy, tdm_listener_endpoint(world->listener)), 0);
    assert_int_equal(zmq_send(lazy, "hello", 5, 0), 5);
    struct taken got = world_take(world);
    tdm_span large = { calloc(1, WORLD_MAX_MESSAGE), WORLD_MAX_MESSAGE };
    tdm_code code = TDM_OK;
    int sent = 0;
    for (; sent < 5000 && code == TDM_OK; sent++)
        code = tdm_listener_send(world->listener, &got.route, large, NULL);
    assert_int_equal(code, TDM_BUSY);
    for (int i = 0; i < sent - 1; i++) /* what was taken arrives, also after that */
        assert_int_equal(zmq_recv(lazy, (void *)large.data, large.len, 0), WORLD_MAX_MESSAGE);
    assert_int_equal(tdm_listener_send(world->listener, &got.route, tdm_span_text("again"), NULL), TDM_OK);
    free((void *)large.data);
    zmq_close(lazy);
}

static void check_lazy_hub(void **state)
{
    struct world *world = *state;
    void *lazy = open_lazy(world, ZMQ_ROUTER, NULL);
    int on = 1;
    zmq_setsockopt(lazy, ZMQ_CURVE_SERVER, &on, sizeof on);
    zmq_setsockopt(lazy, ZMQ_CURVE_SECRETKEY, world->hub.secret_key, 32);
    zmq_setsockopt(lazy, ZMQ_ZAP_DOMAIN, TDM_ZAP_DOMAIN, strlen(TDM_ZAP_DOMAIN));
    assert_int_equal(zmq_bind(lazy, "tcp://127.0.0.1:*"), 0);
    char endpoint[64];
    size_t len = sizeof endpoint;
    zmq_getsockopt(lazy, ZMQ_LAST_ENDPOINT, endpoint, &len);
    tdm_dialer *dialer = NULL;
    assert_int_equal(tdm_dialer_open(&dialer, world->context, endpoint, world->hub.public_key,
                                     world->peer.public_key, world->peer.secret_key, &world->options, NULL),
                     TDM_OK);
    world_await(world, dialer, TDM_DIALER_CONNECTED);
    tdm_span large = { calloc(1, WORLD_MAX_MESSAGE), WORLD_MAX_MESSAGE };
    tdm_code code = TDM_OK;
    for (int sent = 0; sent < 5000 && code == TDM_OK; sent++)
        code = tdm_dialer_send(dialer, large, NULL);
    assert_int_equal(code, TDM_BUSY);
    free((void *)large.data);
    tdm_dialer_close(&dialer);
    zmq_close(lazy);
}

static void check_absent(void **state)
{
    struct world *world = *state;
    tdm_dialer *dialer = NULL;
    tdm_err err;
    assert_int_equal(tdm_dialer_open(&dialer, world->context, "tcp://127.0.0.1:1", world->hub.public_key,
                                     world->peer.public_key, world->peer.secret_key, &world->options, NULL),
                     TDM_OK);
    assert_int_equal(tdm_dialer_send(dialer, tdm_span_text("x"), &err), TDM_UNREACHABLE);
    assert_non_null(strstr(err.what, "tcp://127.0.0.1:1"));
    tdm_dialer_close(&dialer);
}

/* ---- options ---- */

struct option_row {
    const char *name;
    int option;
    int64_t listener; /* as read back; UNSET: not looked at */
    int64_t dialer;
};
#define UNSET INT64_MIN

static const struct option_row OPTIONS[] = {
    { "the largest message leaves room for CURVE", ZMQ_MAXMSGSIZE, WORLD_MAX_MESSAGE + 33,
      WORLD_MAX_MESSAGE + 33 },
    { "linger is a second", ZMQ_LINGER, 1000, 1000 },
    { "the send queue is bounded", ZMQ_SNDHWM, 8, 8 },
    { "the receive queue is left to the windows", ZMQ_RCVHWM, 0, 0 },
    { "sending never blocks", ZMQ_SNDTIMEO, 0, 0 },
    { "receiving never blocks", ZMQ_RCVTIMEO, 0, 0 },
    { "a handshake ends in time", ZMQ_HANDSHAKE_IVL, WORLD_HANDSHAKE_MS, WORLD_HANDSHAKE_MS },
    { "heartbeats are sent", ZMQ_HEARTBEAT_IVL, 500, 500 },
    { "a silent peer is noticed", ZMQ_HEARTBEAT_TIMEOUT, 5000, 5000 },
    { "the peer is told when to give up", ZMQ_HEARTBEAT_TTL, 5000, 5000 },
    { "IPv6 is off", ZMQ_IPV6, 0, 0 },
    { "TCP looks after idle connections", ZMQ_TCP_KEEPALIVE, 1, 1 },
    { "the ZAP domain is enforced", ENFORCE_DOMAIN, 1, 1 },
    { "the mechanism is CURVE", ZMQ_MECHANISM, ZMQ_CURVE, ZMQ_CURVE },
    { "only the listener is the server", ZMQ_CURVE_SERVER, 1, 0 },
    { "many may come at once", ZMQ_BACKLOG, 1024, UNSET },
    { "nothing is queued for nobody", ZMQ_IMMEDIATE, UNSET, 1 },
    { "a connection is made in time", ZMQ_CONNECT_TIMEOUT, UNSET, WORLD_HANDSHAKE_MS },
    { "the first wait before another try", ZMQ_RECONNECT_IVL, 10, 10 },
    { "the longest wait before another try", ZMQ_RECONNECT_IVL_MAX, 50, 50 },
};

static void check_number(void *socket, int option, int64_t wanted)
{
    int64_t value = 0;
    size_t len = option == ZMQ_MAXMSGSIZE ? sizeof(int64_t) : sizeof(int);
    assert_int_equal(zmq_getsockopt(socket, option, &value, &len), 0);
    if (len == sizeof(int)) {
        int small;
        memcpy(&small, &value, sizeof small);
        value = small;
    }
    if (wanted != UNSET)
        assert_int_equal(value, wanted);
}

static void check_option(void **state)
{
    const struct option_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(world_open((void **)&world), 0);
    tdm_dialer *dialer = world_dial(world, &world->peer);
    check_number(tdm_listener_socket(world->listener), row->option, row->listener);
    check_number(tdm_dialer_socket(dialer), row->option, row->dialer);
    tdm_dialer_close(&dialer);
    world_close((void **)&world);
}

static void check_domain(void **state)
{
    struct world *world = *state;
    char domain[64];
    size_t len = sizeof domain;
    assert_int_equal(zmq_getsockopt(tdm_listener_socket(world->listener), ZMQ_ZAP_DOMAIN, domain, &len), 0);
    assert_string_equal(domain, TDM_ZAP_DOMAIN);
}

struct refusal_row {
    const char *name;
    const char *endpoint; /* NULL: a port in use */
    size_t max_message_bytes;
    int heartbeat_timeout_ms;
    int queue_messages;
    tdm_code code;
    const char *says;
};

static const struct refusal_row REFUSALS[] = {
    { "a port in use is told", NULL, 65536, 1000, 8, TDM_BUSY, "cannot listen on tcp://127.0.0.1:" },
    { "another transport is no endpoint", "ipc:///tmp/x", 65536, 1000, 8, TDM_INVALID, "ipc:///tmp/x" },
    { "plain text is no endpoint", "hub.example", 65536, 1000, 8, TDM_INVALID, "hub.example" },
    { "a port out of range is told", "tcp://127.0.0.1:65536", 65536, 1000, 8, TDM_INVALID, "65536" },
    { "a foreign address is told", "tcp://192.0.2.1:5670", 65536, 1000, 8, TDM_INVALID, "192.0.2.1" },
    { "a message limit of nothing is refused", "tcp://127.0.0.1:*", 0, 1000, 8, TDM_INVALID,
      "max_message_bytes" },
    { "heartbeats switched off are refused", "tcp://127.0.0.1:*", 65536, 0, 8, TDM_INVALID,
      "heartbeat_timeout_ms" },
    { "a queue without bound is refused", "tcp://127.0.0.1:*", 65536, 1000, 0, TDM_INVALID,
      "queue_messages" },
};

static void check_refusal(void **state)
{
    const struct refusal_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(world_open((void **)&world), 0);
    tdm_transport_options options = world->options;
    options.max_message_bytes = row->max_message_bytes;
    options.heartbeat_timeout_ms = row->heartbeat_timeout_ms;
    options.queue_messages = row->queue_messages;
    tdm_listener *listener = NULL;
    tdm_err err = { 0 };
    const char *endpoint = row->endpoint == NULL ? tdm_listener_endpoint(world->listener) : row->endpoint;
    assert_int_equal(tdm_listener_open(&listener, world->context, endpoint, world->hub.public_key,
                                       world->hub.secret_key, &options, &err),
                     row->code);
    assert_null(listener);
    assert_non_null(strstr(err.what, row->says));
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
        IN_WORLD("a denied dialer connects once its key is admitted and it redials", check_redial),
        IN_WORLD("a denied dialer does not try again by itself", check_quiet_after_denial),
        IN_WORLD("a key revoked on a live connection is found to be nothing", check_revoked_live),
        IN_WORLD("each message carries the key it was proved with", check_two_peers),
        IN_WORLD("the largest message passes and a larger one is not sent", check_largest),
        IN_WORLD("receiving tells when nothing waits", check_nothing_waits),
        IN_WORLD("a dialer comes back after the listener started again", check_restart),
        IN_WORLD("sending to a gone route says unreachable", check_gone_route),
        IN_WORLD("a peer that does not take its messages makes busy", check_lazy_peer),
        IN_WORLD("a hub that does not take messages makes busy", check_lazy_hub),
        IN_WORLD("an absent listener is no error, only unreachable", check_absent),
        IN_WORLD("the ZAP domain is ours", check_domain),
    };
    struct CMUnitTest
        tests[TDM_COUNT(ADMISSIONS) + TDM_COUNT(OPTIONS) + TDM_COUNT(REFUSALS) + TDM_COUNT(cases)];
    size_t count = 0;
    ADD_ROWS(ADMISSIONS, check_admission);
    ADD_ROWS(OPTIONS, check_option);
    ADD_ROWS(REFUSALS, check_refusal);
    for (size_t i = 0; i < TDM_COUNT(cases); i++)
        tests[count++] = cases[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
