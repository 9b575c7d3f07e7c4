/* SPDX-License-Identifier: MPL-2.0
 *
 * queue_test.c: the specification of daemons/common/queue.c.
 */
#include "queue.h"

#include <stdarg.h>
#include <setjmp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <cmocka.h>

#define PRODUCERS 4
#define EACH 20000

static int numbers[PRODUCERS * EACH];

static bool is_readable(const tdm_queue *queue)
{
    struct pollfd fd = { tdm_queue_fd(queue), POLLIN, 0 };
    return poll(&fd, 1, 0) == 1;
}

static int open_queue(void **state)
{
    return tdm_queue_open((tdm_queue **)state, 3, NULL) == TDM_OK ? 0 : -1;
}

static int close_queue(void **state)
{
    tdm_queue_destroy((tdm_queue **)state, NULL);
    return *state == NULL ? 0 : -1;
}

static tdm_code push(tdm_queue *queue, int i)
{
    void *item = &numbers[i];
    tdm_code code = tdm_queue_try_push(queue, &item);
    assert_true((item == NULL) == (code == TDM_OK));
    return code;
}

static void check_order(void **state)
{
    void *items[8];
    for (int round = 0; round < 5; round++) { /* the ring's end falls elsewhere each time */
        assert_int_equal(push(*state, 1), TDM_OK);
        assert_int_equal(push(*state, 2), TDM_OK);
        assert_int_equal(tdm_queue_pop(*state, items, 8), 2);
        assert_ptr_equal(items[0], &numbers[1]);
        assert_ptr_equal(items[1], &numbers[2]);
    }
}

static void check_full(void **state)
{
    void *items[1];
    for (int i = 0; i < 3; i++)
        assert_int_equal(push(*state, i), TDM_OK);
    assert_int_equal(push(*state, 3), TDM_BUSY);
    assert_int_equal(tdm_queue_length(*state), 3);
    assert_int_equal(tdm_queue_pop(*state, items, 1), 1);
    assert_int_equal(push(*state, 3), TDM_OK);
}

static void check_eventfd(void **state)
{
    void *items[1];
    assert_false(is_readable(*state));
    push(*state, 1);
    push(*state, 2);
    assert_true(is_readable(*state));
    tdm_queue_pop(*state, items, 1);
    assert_true(is_readable(*state));
    tdm_queue_pop(*state, items, 1);
    assert_false(is_readable(*state));
}

static void check_close(void **state)
{
    void *items[8];
    push(*state, 1);
    tdm_queue_close(*state);
    assert_true(tdm_queue_is_closed(*state));
    assert_int_equal(push(*state, 2), TDM_END);
    assert_int_equal(tdm_queue_wait(*state, items, 8), 1);
    assert_int_equal(tdm_queue_wait(*state, items, 8), 0);
    assert_true(is_readable(*state));
}

static void drop_item(void *item)
{
    *(int *)item += 1;
}

static void check_destroy(void **state)
{
    (void)state;
    tdm_queue *queue = NULL;
    assert_int_equal(tdm_queue_open(&queue, 4, NULL), TDM_OK);
    numbers[0] = numbers[1] = 0;
    push(queue, 0);
    push(queue, 1);
    tdm_queue_destroy(&queue, drop_item);
    assert_null(queue);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], 1);
}

struct producer {
    tdm_queue *queue;
    int first;
};

static void *produce(void *user)
{
    const struct producer *producer = user;
    for (int i = 0; i < EACH; i++) {
        void *item = &numbers[producer->first + i];
        if (tdm_queue_push(producer->queue, &item) != TDM_OK)
            return user;
    }
    return NULL;
}

static void check_threads(void **state)
{
    pthread_t threads[PRODUCERS];
    struct producer producers[PRODUCERS];
    int next[PRODUCERS] = { 0 };
    void *items[16];
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){ *state, i * EACH };
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (size_t seen = 0; seen < PRODUCERS * EACH;) {
        size_t taken = tdm_queue_wait(*state, items, 16);
        assert_in_range(taken, 1, 3);
        for (size_t i = 0; i < taken; i++, seen++) {
            int at = (int)((int *)items[i] - numbers);
            assert_int_equal(at % EACH, next[at / EACH]++);
        }
    }
    for (int i = 0; i < PRODUCERS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(tdm_queue_length(*state), 0);
}

static void *push_until_closed(void *user)
{
    void *item = &numbers[0];
    while (tdm_queue_push(user, &item) == TDM_OK)
        item = &numbers[0];
    return item;
}

static void check_close_wakes(void **state)
{
    pthread_t thread;
    void *left = NULL;
    assert_int_equal(pthread_create(&thread, NULL, push_until_closed, *state), 0);
    while (tdm_queue_length(*state) < 3)
        continue;
    tdm_queue_close(*state);
    pthread_join(thread, &left);
    assert_ptr_equal(left, &numbers[0]);
}

/* Who waits on a corked queue is woken by enough items, by one that somebody waits for, by the cork's end, or
 * by the queue's; and takes all that gathered. */
static void check_cork(void **state)
{
    void *items[8];
    void *urgent = &numbers[9];
    tdm_queue_cork(*state, 2);
    assert_int_equal(push(*state, 1), TDM_OK);
    assert_int_equal(push(*state, 2), TDM_OK);
    assert_int_equal(tdm_queue_wait(*state, items, 8), 2);
    tdm_queue_cork(*state, 100);
    assert_int_equal(push(*state, 1), TDM_OK);
    assert_int_equal(tdm_queue_push(*state, &urgent), TDM_OK);
    assert_int_equal(tdm_queue_wait(*state, items, 8), 2);
    tdm_queue_cork(*state, 100);
    assert_int_equal(push(*state, 1), TDM_OK);
    tdm_queue_uncork(*state);
    assert_int_equal(tdm_queue_wait(*state, items, 8), 1);
    tdm_queue_cork(*state, 100);
    assert_int_equal(push(*state, 1), TDM_OK);
    tdm_queue_close(*state);
    assert_int_equal(tdm_queue_wait(*state, items, 8), 1);
    assert_int_equal(tdm_queue_wait(*state, items, 8), 0);
}

static void *take_once(void *argument)
{
    void *items[8];
    return (void *)(uintptr_t)tdm_queue_wait(argument, items, 8);
}

/* However the threads run, two corked items are never taken one by one. */
static void check_cork_between_threads(void **state)
{
    for (int round = 0; round < 500; round++) {
        pthread_t taker;
        void *taken = NULL;
        tdm_queue_cork(*state, 2);
        assert_int_equal(pthread_create(&taker, NULL, take_once, *state), 0);
        assert_int_equal(push(*state, 1), TDM_OK);
        sched_yield();
        assert_int_equal(push(*state, 2), TDM_OK);
        pthread_join(taker, &taken);
        assert_int_equal((uintptr_t)taken, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "items come out in the order they went in", check_order, open_queue, close_queue, NULL },
        { "a full queue says busy and keeps the item with the caller", check_full, open_queue, close_queue,
          NULL },
        { "the eventfd is readable while something waits", check_eventfd, open_queue, close_queue, NULL },
        { "a closed queue gives what waits, then nothing", check_close, open_queue, close_queue, NULL },
        { "destroy drops what still waits", check_destroy, NULL, NULL, NULL },
        { "four producers lose and reorder nothing", check_threads, open_queue, close_queue, NULL },
        { "close wakes a producer that waits for room", check_close_wakes, open_queue, close_queue, NULL },
        { "a cork lets items gather", check_cork, open_queue, close_queue, NULL },
        { "corked items are not taken one by one", check_cork_between_threads, open_queue, close_queue,
          NULL },
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
