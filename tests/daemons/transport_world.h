/* SPDX-License-Identifier: MPL-2.0
 *
 * transport_world.h: one context, ZAP actor and listener on loopback, with what the transport tests need
 * around it. All waiting is for a state, bounded by a deadline that fails the test.
 */
#ifndef TANDEM_TEST_TRANSPORT_WORLD_H
#define TANDEM_TEST_TRANSPORT_WORLD_H

#include "transport.h"
#include "zap.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define WORLD_MAX_MESSAGE 65536
#define WORLD_HANDSHAKE_MS 400

struct keys {
    uint8_t public_key[32];
    uint8_t secret_key[32];
};

struct world {
    void *context;
    tdm_zap *zap;
    tdm_listener *listener;
    struct keys hub;
    struct keys peer; /* admitted from the start */
    tdm_transport_options options;
    tdm_listener_news news; /* all so far */
};

struct taken {
    tdm_route route;
    uint8_t key[32];
    size_t len;
    char text[64]; /* the beginning, with a terminator */
};

int world_open(void **state);
int world_close(void **state);

struct keys keys_new(void);
int64_t world_now(void); /* what the ZAP actor takes for the time */
int world_port(const struct world *world);
int64_t mono_ms(void);

tdm_dialer *world_dial(struct world *world, const struct keys *own);
tdm_dialer *world_dial_as(struct world *world, const struct keys *own, const uint8_t server_key[32]);
/* A dialer with the admitted key, connected. */
tdm_dialer *world_connect(struct world *world);
/* The dialer's next news; NOTHING only if none comes by the deadline. */
tdm_dialer_event world_news(struct world *world, tdm_dialer *dialer);
/* Read news until one of the dialer's comes; the test fails if it is another. */
void world_await(struct world *world, tdm_dialer *dialer, tdm_dialer_event wanted);
/* Until the listener's own count is reached. */
void world_await_count(struct world *world, const uint64_t *count, uint64_t wanted);
void world_turn(struct world *world); /* wait a moment for anything at the listener, and read its news */
/* The next message at the listener; strange ones fail the test. */
struct taken world_take(struct world *world);
void world_check_empty(struct world *world); /* nothing waits at the listener */
void world_say(tdm_dialer *dialer, const char *text);
/* What a dialer is sent must be this. */
void world_expect(tdm_dialer *dialer, const char *text);
/* All the ways there and back: the listener is well. */
void world_check_passage(struct world *world, tdm_dialer *dialer);

/* A socket of libzmq's own as others might set it up: linger 0, receive time-out, CURVE keys unless NULL. */
void *raw_client(struct world *world, int type, const struct keys *own);
/* A bare TCP connection to the listener. */
int tcp_client(const struct world *world);
/* A bare TCP socket that listens on a port of its own. */
int tcp_server(char endpoint[64]);
/* Read until the other end has closed. */
void tcp_await_end(int fd);

#endif
