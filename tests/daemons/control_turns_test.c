/* SPDX-License-Identifier: MPL-2.0
 *
 * control_turns_test.c: several who ask at the control socket at once, requests that take long, and the end
 * of both.
 */
#include "control_world.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define CLIENTS 2
#define CALLS_EACH 50

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

int main(void)
{
    static const struct CMUnitTest cases[] = {
        IN_WORLD("two clients are served one at a time", check_two_clients),
        IN_WORLD("a stop finishes the request at hand", check_stop_midway),
        IN_WORLD("others are answered while a long request is served", check_long_aside),
        IN_WORLD("long requests are served one at a time", check_long_wait_their_turn),
        IN_WORLD("a stop ends a long request", check_stop_ends_long),
        IN_WORLD("a client that leaves holds nobody up", check_client_leaves),
    };
    return cmocka_run_group_tests_name("control, turns", cases, NULL, NULL);
}
