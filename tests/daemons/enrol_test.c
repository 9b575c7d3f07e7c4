/* SPDX-License-Identifier: MPL-2.0
 *
 * enrol_test.c: who may enrol under which name, at a real hub on loopback.
 */
#include "clock.h"
#include "core_world.h"
#include "hub.h"
#include "hub_rotation.h"
#include "key_facts.h"
#include "membership.h"
#include "rotation.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

typedef struct guest {
    tdm_dialer *dialer;
    tdm_link *link;
    bool enrolled;
} guest;

typedef struct hub_world {
    char folder[256];
    char state[300];
    tdm_daemon daemon;
    tdm_hub *hub;
    pthread_t thread;
    guest guest; /* here, so that it is closed after a failure, too */
} hub_world;

static void guest_close(guest *g)
{
    tdm_link_destroy(&g->link);
    if (g->dialer != NULL)
        tdm_dialer_close(&g->dialer);
}

static void *turn(void *argument)
{
    tdm_err err;
    tdm_hub_run(((hub_world *)argument)->hub, &err);
    return NULL;
}

static int hub_start(void **state)
{
    static hub_world world;
    world_folder(world.folder);
    snprintf(world.state, sizeof world.state, "--hub.state=%s/hub", world.folder);
    char *argv[] = { "tandem-hub", world.state, "--hub.listen=tcp://127.0.0.1:0", "--http.listen=off", NULL };
    assert_ok(tdm_daemon_open(&world.daemon, TDM_ROLE_HUB, (int)TDM_COUNT(argv) - 1, argv, err));
    assert_ok(tdm_hub_open(&world.hub, &world.daemon, err));
    pthread_create(&world.thread, NULL, turn, &world);
    *state = &world;
    return 0;
}

static int hub_stop(void **state)
{
    hub_world *world = *state;
    guest_close(&world->guest);
    kill(getpid(), SIGTERM); /* blocked; the hub reads it off its descriptor */
    pthread_join(world->thread, NULL);
    tdm_hub_close(&world->hub);
    tdm_daemon_close(&world->daemon);
    world_remove(world->folder);
    return 0;
}

/* ---- one who asks */

static void guest_send(void *context, tdm_span frame)
{
    tdm_err err;
    tdm_dialer_send(((guest *)context)->dialer, frame, &err);
}

static void guest_note(void *context, const char *word, const char *text)
{
    (void)context;
    (void)word;
    (void)text;
}

static void guest_enrolled(void *context, const tdm_id *hub, const tdm_span *organisations, size_t count)
{
    (void)hub;
    (void)organisations;
    (void)count;
    ((guest *)context)->enrolled = true;
}

/* Whoever enrols is not asked for logs or notices yet. */
static tdm_code no_tip(void *context, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out)
{
    (void)context;
    *out = (tdm_log_tip){ .origin = *origin, .incarnation = incarnation };
    return TDM_NOT_FOUND;
}

static tdm_code no_head(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                        tdm_digest *out)
{
    (void)context;
    (void)origin;
    (void)incarnation;
    (void)last;
    (void)out;
    return TDM_NOT_FOUND;
}

static size_t no_incarnations(void *context, const tdm_id *origin, uint64_t *out, size_t max)
{
    (void)context;
    (void)origin;
    (void)out;
    (void)max;
    return 0;
}

static tdm_code no_runs(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                        size_t max_bytes, size_t max_runs, tdm_log_batch *out)
{
    (void)context;
    (void)origin;
    (void)incarnation;
    (void)from;
    (void)max_bytes;
    (void)max_runs;
    (void)out;
    return TDM_END;
}

static tdm_code no_keep(void *context, const tdm_log_batch *batch, uint64_t token)
{
    (void)context;
    (void)batch;
    (void)token;
    return TDM_BUSY;
}

static bool no_seal(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    (void)context;
    (void)origin;
    (void)key;
    (void)last;
    return false;
}

static void no_aside(void *context, const tdm_id *origin, const char *reason, tdm_span bytes)
{
    (void)context;
    (void)origin;
    (void)reason;
    (void)bytes;
}

static tdm_code no_notices(void *context, const tdm_notice_batch *batch, uint64_t token)
{
    (void)context;
    (void)batch;
    (void)token;
    return TDM_BUSY;
}

static void no_cursor(void *context, bool *has_epoch, tdm_id *epoch, uint64_t *number)
{
    (void)context;
    *has_epoch = false;
    *epoch = (tdm_id){ { 0 } };
    *number = 0;
}

static const tdm_link_ports GUEST_PORTS = {
    .send = guest_send,
    .note = guest_note,
    .tip = no_tip,
    .head_at = no_head,
    .incarnations = no_incarnations,
    .runs = no_runs,
    .keep = no_keep,
    .may_seal = no_seal,
    .set_aside = no_aside,
    .keep_notices = no_notices,
    .feed_cursor = no_cursor,
    .enrolled = guest_enrolled,
};

/* restores: for this origin alone; NULL: for a newcomer. */
static tdm_join_code invite(hub_world *world, const tdm_id *restores)
{
    tdm_join_code code = { .count = 1,
                           .expires_ms = tdm_clock_wall_ms() + 3600000,
                           .restores = restores != NULL };
    if (restores != NULL)
        code.origin = *restores;
    uint8_t secret[32];
    strcpy(code.organisations[0], "KAA1");
    assert_ok(tdm_invite_make(world->daemon.core, &code, err));
    snprintf(code.endpoint, sizeof code.endpoint, "%s", tdm_hub_endpoint(world->hub));
    tdm_core_link_key(world->daemon.core, code.hub_key, secret);
    world->daemon.services.admit(world->daemon.services.context, code.public_key, code.expires_ms);
    return code;
}

static void guest_open(guest *g, hub_world *world, const tdm_id *origin, const tdm_seal_key *seal,
                       bool restores)
{
    tdm_join_code code = invite(world, restores ? origin : NULL);
    tdm_transport_options transport = tdm_daemon_transport(&world->daemon);
    tdm_link_options options = { .role = TDM_LINK_NODE,
                                 .own_origin = *origin,
                                 .own_incarnation = 5,
                                 .has_peer = true,
                                 .peer_origin = *tdm_core_origin(world->daemon.core),
                                 .enrolling = true,
                                 .seal_key = *seal,
                                 .hello_timeout_ms = 10000,
                                 .ack_timeout_ms = 10000,
                                 .retry_min_ms = 50,
                                 .retry_max_ms = 50 };
    tdm_link_ports ports = GUEST_PORTS;
    ports.context = g;
    randombytes_buf(options.link_key, sizeof options.link_key);
    assert_ok(tdm_dialer_open(&g->dialer, world->daemon.zmq, code.endpoint, code.hub_key, code.public_key,
                              code.secret, &transport, err));
    assert_ok(tdm_link_new(&g->link, &options, &ports, err));
}

static void guest_turn(guest *g)
{
    zmq_pollitem_t items[] = { { .socket = tdm_dialer_socket(g->dialer), .events = ZMQ_POLLIN },
                               { .socket = tdm_dialer_monitor(g->dialer), .events = ZMQ_POLLIN } };
    zmq_poll(items, TDM_COUNT(items), 20);
    tdm_dialer_event event;
    while ((event = tdm_dialer_news(g->dialer)) != TDM_DIALER_NOTHING)
        if (event == TDM_DIALER_CONNECTED)
            tdm_link_connected(g->link, tdm_clock_mono_ms());
    tdm_span bytes;
    tdm_err err;
    while (tdm_dialer_receive(g->dialer, &bytes, &err) == TDM_OK)
        tdm_link_frame(g->link, bytes, tdm_clock_mono_ms());
    tdm_link_tick(g->link, tdm_clock_mono_ms());
}

/* True if the hub took it in; false if it was refused for good. */
static bool enrol_by(hub_world *world, const tdm_id *origin, const tdm_seal_key *seal, bool restores)
{
    guest *g = &world->guest;
    *g = (guest){ 0 };
    guest_open(g, world, origin, seal, restores);
    int64_t until = tdm_clock_mono_ms() + WAIT_MS;
    while (!g->enrolled && tdm_link_state_of(g->link) != TDM_LINK_STOPPED && tdm_clock_mono_ms() < until)
        guest_turn(g);
    tdm_link_figures figures;
    tdm_link_figures_read(g->link, &figures);
    guest_close(g);
    assert_true(g->enrolled || figures.refusal == TDM_REFUSAL_ENROL_DENIED);
    return g->enrolled;
}

static bool enrol(hub_world *world, const tdm_id *origin, const tdm_seal_key *seal)
{
    return enrol_by(world, origin, seal, false);
}

static uint64_t hub_last(hub_world *world)
{
    return own_last(world->daemon.core);
}

/* ---- rows */

typedef struct somebody {
    tdm_id origin;
    tdm_seal_key seal;
} somebody;

static somebody anybody(void)
{
    somebody made;
    tdm_id_random(&made.origin);
    tdm_seal_key_new(&made.seal);
    return made;
}

static void own_name(void **state)
{
    hub_world *world = *state;
    somebody node = anybody();
    uint64_t before = hub_last(world);
    assert_true(enrol(world, &node.origin, &node.seal));
    assert_true(hub_last(world) >= before + 3); /* two keys and whom it represents */
}

/* Its disk was lost, and a code brings it back under new keys. */
static void restored_by_a_code(void **state)
{
    hub_world *world = *state;
    somebody node = anybody();
    somebody again = anybody();
    assert_true(enrol(world, &node.origin, &node.seal));
    assert_false(enrol(world, &node.origin, &again.seal)); /* control: a newcomer's code does not */
    assert_true(enrol_by(world, &node.origin, &again.seal, true));
    assert_false(
        enrol_by(world, &node.origin, &node.seal, true)); /* what was on the disk is revoked for good */
}

static void name_of_another(void **state)
{
    hub_world *world = *state;
    somebody node = anybody();
    somebody thief = anybody();
    assert_true(enrol(world, &node.origin, &node.seal));
    assert_false(enrol(world, &node.origin, &thief.seal));
    tdm_fold *fold = tdm_core_fold(world->daemon.core);
    assert_true(tdm_fold_key_may_seal(fold, &node.origin, node.seal.public_key, 1));
    assert_false(tdm_fold_key_may_seal(fold, &node.origin, thief.seal.public_key, 1));
    tdm_core_fold_release(world->daemon.core, fold);
}

static void name_of_the_hub(void **state)
{
    hub_world *world = *state;
    somebody thief = anybody();
    assert_false(enrol(world, tdm_core_origin(world->daemon.core), &thief.seal));
}

static void second_code(void **state)
{
    hub_world *world = *state;
    somebody node = anybody();
    assert_true(enrol(world, &node.origin, &node.seal));
    uint64_t before = hub_last(world);
    assert_true(enrol(world, &node.origin, &node.seal));
    /* A tide may have come between; of the enrolment only the new link key is news. */
    assert_true(hub_last(world) >= before + 1 && hub_last(world) <= before + 2);
}

static void state_link_key(tdm_core *core, const tdm_id *origin, const uint8_t key[32])
{
    tdm_key_facts facts;
    tdm_stated stated;
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_fold *fold = tdm_core_fold(core);
    assert_ok(tdm_key_facts_open(&facts, core, fold, origin, 17000, drafts, err));
    assert_ok(tdm_key_facts_want(&facts, TDM_PURPOSE_IS_LINK, key, true, 0, err));
    tdm_key_facts_free(&facts);
    tdm_core_fold_release(core, fold);
    assert_ok(tdm_core_state_drafts(core, drafts, &stated, err));
    tdm_drafts_free(&drafts);
}

static tdm_dialer_event first_news(hub_world *world, const tdm_identity *who)
{
    uint8_t server[32];
    uint8_t secret[32];
    tdm_dialer *dialer = NULL;
    tdm_dialer_event event = TDM_DIALER_NOTHING;
    tdm_transport_options transport = tdm_daemon_transport(&world->daemon);
    tdm_core_link_key(world->daemon.core, server, secret);
    assert_ok(tdm_dialer_open(&dialer, world->daemon.zmq, tdm_hub_endpoint(world->hub), server,
                              who->link_public, who->link_secret, &transport, err));
    int64_t until = tdm_clock_mono_ms() + WAIT_MS;
    while (event == TDM_DIALER_NOTHING && tdm_clock_mono_ms() < until) {
        zmq_pollitem_t item = { .socket = tdm_dialer_monitor(dialer), .events = ZMQ_POLLIN };
        zmq_poll(&item, 1, 20);
        event = tdm_dialer_news(dialer);
    }
    tdm_dialer_close(&dialer);
    return event;
}

static bool is_admitted(hub_world *world, const tdm_identity *who)
{
    return first_news(world, who) == TDM_DIALER_CONNECTED;
}

/* A rotation states the hub's own link keys beside those of nodes: they are dialled, and dial nobody. */
static void own_link_key(void **state)
{
    hub_world *world = *state;
    tdm_identity self;
    tdm_identity next;
    tdm_core_identity(world->daemon.core, &self);
    assert_ok(tdm_hub_rotation_go(world->daemon.core, TDM_TURN_TOLD, err));
    assert_ok(tdm_rotation_next(world->daemon.core, &next, err));
    somebody node = anybody();
    tdm_identity admitted = { .origin = node.origin };
    crypto_box_keypair(admitted.link_public, admitted.link_secret);
    state_link_key(world->daemon.core, &node.origin, admitted.link_public);
    int64_t until = tdm_clock_mono_ms() + WAIT_MS;
    while (!is_admitted(world, &admitted) && tdm_clock_mono_ms() < until)
        continue;                               /* the hub reads its own log in its own time */
    assert_true(is_admitted(world, &admitted)); /* control: what stands beside them is admitted */
    assert_false(is_admitted(world, &self));
    assert_false(is_admitted(world, &next));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "a newcomer is enrolled under a name of its own", own_name, NULL, NULL, NULL },
        { "a code brings a node back, but none of the keys it lost", restored_by_a_code, NULL, NULL, NULL },
        { "nobody is enrolled under the name of another", name_of_another, NULL, NULL, NULL },
        { "nobody is enrolled under the hub's own name", name_of_the_hub, NULL, NULL, NULL },
        { "the hub's own link keys open no link to it", own_link_key, NULL, NULL, NULL },
        { "a node may use a second code, and what stands is not stated again", second_code, NULL, NULL,
          NULL },
    };
    return cmocka_run_group_tests(tests, hub_start, hub_stop);
}
