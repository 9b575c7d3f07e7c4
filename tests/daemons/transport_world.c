/* SPDX-License-Identifier: MPL-2.0
 *
 * transport_world.c: see transport_world.h.
 */
#include "transport_world.h"

#include "log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define DEADLINE_MS 20000 /* never reached where the code is right; long, for slow machines */
#define TURN_MS 20

int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t world_now(void)
{
    return 1000000;
}

struct keys keys_new(void)
{
    char public_text[41], secret_text[41];
    struct keys made;
    assert_int_equal(zmq_curve_keypair(public_text, secret_text), 0);
    assert_non_null(zmq_z85_decode(made.public_key, public_text));
    assert_non_null(zmq_z85_decode(made.secret_key, secret_text));
    return made;
}

int world_open(void **state)
{
    struct world *made = calloc(1, sizeof *made);
    *state = made;
    tdm_log_open(&(tdm_log_options){ TDM_LOG_LOGFMT, TDM_LOG_ERROR, 2, false });
    made->context = zmq_ctx_new();
    made->hub = keys_new();
    made->peer = keys_new();
    made->options = (tdm_transport_options){ .max_message_bytes = WORLD_MAX_MESSAGE,
                                             .heartbeat_interval_ms = 500,
                                             .heartbeat_timeout_ms = 5000,
                                             .handshake_ms = WORLD_HANDSHAKE_MS,
                                             .reconnect_min_ms = 10,
                                             .reconnect_max_ms = 50,
                                             .queue_messages = 8 };
    if (tdm_zap_start(&made->zap, made->context, world_now, NULL) != TDM_OK)
        return -1;
    tdm_zap_admit(made->zap, made->peer.public_key, TDM_ADMIT_PEER, NULL, 0);
    return tdm_listener_open(&made->listener, made->context, "tcp://127.0.0.1:*", made->hub.public_key,
                             made->hub.secret_key, &made->options, NULL)
                   == TDM_OK
               ? 0
               : -1;
}

int world_close(void **state)
{
    struct world *closing = *state;
    tdm_listener_close(&closing->listener);
    tdm_zap_stop(&closing->zap);
    alarm(10); /* a failed test left a socket open: end in place of waiting for it */
    zmq_ctx_term(closing->context);
    alarm(0);
    free(closing);
    return 0;
}

int world_port(const struct world *world)
{
    const char *colon = strrchr(tdm_listener_endpoint(world->listener), ':');
    return atoi(colon + 1);
}

tdm_dialer *world_dial_as(struct world *world, const struct keys *own, const uint8_t server_key[32])
{
    tdm_dialer *dialer = NULL;
    assert_int_equal(tdm_dialer_open(&dialer, world->context, tdm_listener_endpoint(world->listener),
                                     server_key, own->public_key, own->secret_key, &world->options, NULL),
                     TDM_OK);
    return dialer;
}

tdm_dialer *world_dial(struct world *world, const struct keys *own)
{
    return world_dial_as(world, own, world->hub.public_key);
}

tdm_dialer *world_connect(struct world *world)
{
    tdm_dialer *dialer = world_dial(world, &world->peer);
    world_await(world, dialer, TDM_DIALER_CONNECTED);
    return dialer;
}

static void read_news(struct world *world)
{
    tdm_listener_news news;
    tdm_listener_news_read(world->listener, &news);
    world->news.accepted += news.accepted;
    world->news.accept_failed += news.accept_failed;
    world->news.admitted += news.admitted;
    world->news.handshake_failed += news.handshake_failed;
    world->news.disconnected += news.disconnected;
}

void world_turn(struct world *world)
{
    zmq_pollitem_t item = { tdm_listener_monitor(world->listener), 0, ZMQ_POLLIN, 0 };
    zmq_poll(&item, 1, TURN_MS);
    read_news(world);
}

tdm_dialer_event world_news(struct world *world, tdm_dialer *dialer)
{
    int64_t deadline = mono_ms() + DEADLINE_MS;
    tdm_dialer_event event = TDM_DIALER_NOTHING;
    while (event == TDM_DIALER_NOTHING && mono_ms() < deadline) {
        zmq_pollitem_t item = { tdm_dialer_monitor(dialer), 0, ZMQ_POLLIN, 0 };
        zmq_poll(&item, 1, TURN_MS);
        event = tdm_dialer_news(dialer);
    }
    if (world->listener != NULL)
        read_news(world);
    return event;
}

void world_await(struct world *world, tdm_dialer *dialer, tdm_dialer_event wanted)
{
    assert_int_equal(world_news(world, dialer), wanted);
}

void world_await_count(struct world *world, const uint64_t *count, uint64_t wanted)
{
    int64_t deadline = mono_ms() + DEADLINE_MS;
    while (*count < wanted && mono_ms() < deadline)
        world_turn(world);
    assert_true(*count >= wanted);
}

struct taken world_take(struct world *world)
{
    zmq_pollitem_t item = { tdm_listener_socket(world->listener), 0, ZMQ_POLLIN, 0 };
    assert_int_equal(zmq_poll(&item, 1, DEADLINE_MS), 1);
    struct taken got = { .len = 0 };
    tdm_span bytes;
    bool strange = true;
    assert_int_equal(tdm_listener_receive(world->listener, &got.route, got.key, &bytes, &strange, NULL),
                     TDM_OK);
    assert_false(strange);
    got.len = bytes.len;
    memcpy(got.text, bytes.data, bytes.len < sizeof got.text ? bytes.len : sizeof got.text - 1);
    return got;
}

void world_check_empty(struct world *world)
{
    tdm_route route;
    uint8_t key[32];
    tdm_span bytes;
    bool strange;
    assert_int_equal(tdm_listener_receive(world->listener, &route, key, &bytes, &strange, NULL), TDM_END);
    assert_int_equal(route.len, 0);
    assert_null(bytes.data);
}

void world_say(tdm_dialer *dialer, const char *text)
{
    assert_int_equal(tdm_dialer_send(dialer, tdm_span_text(text), NULL), TDM_OK);
}

void world_expect(tdm_dialer *dialer, const char *text)
{
    zmq_pollitem_t item = { tdm_dialer_socket(dialer), 0, ZMQ_POLLIN, 0 };
    assert_int_equal(zmq_poll(&item, 1, DEADLINE_MS), 1);
    tdm_span bytes;
    assert_int_equal(tdm_dialer_receive(dialer, &bytes, NULL), TDM_OK);
    assert_true(tdm_span_equal(bytes, tdm_span_text(text)));
}

void world_check_passage(struct world *world, tdm_dialer *dialer)
{
    world_say(dialer, "there");
    struct taken got = world_take(world);
    assert_string_equal(got.text, "there");
    assert_memory_equal(got.key, world->peer.public_key, 32);
    assert_int_equal(tdm_listener_send(world->listener, &got.route, tdm_span_text("back"), NULL), TDM_OK);
    world_expect(dialer, "back");
}

void *raw_client(struct world *world, int type, const struct keys *own)
{
    void *socket = zmq_socket(world->context, type);
    int none = 0, deadline = DEADLINE_MS;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &deadline, sizeof deadline);
    if (own == NULL)
        return socket;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, world->hub.public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own->public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own->secret_key, 32), 0);
    return socket;
}

int tcp_client(const struct world *world)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)world_port(world)) };
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

int tcp_server(char endpoint[64])
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof address;
    int one = 1;
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(endpoint, 64, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

void tcp_await_end(int fd)
{
    int64_t deadline = mono_ms() + DEADLINE_MS;
    struct pollfd item = { fd, POLLIN, 0 };
    char scrap[256];
    ssize_t got = 1;
    while (got > 0 && mono_ms() < deadline)
        if (poll(&item, 1, TURN_MS) == 1)
            got = read(fd, scrap, sizeof scrap);
    assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
    close(fd);
}
