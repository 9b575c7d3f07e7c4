/* SPDX-License-Identifier: MPL-2.0
 *
 * zap_test.c: the specification of daemons/common/zap.c, asked as libzmq asks it: over inproc, by RFC 27.
 */
#include "zap.h"

#include "log.h"
#include "metrics.h"

#include <stdarg.h>
#include <setjmp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>

#define KEY_A "0123456789abcdef0123456789abcdef"
#define KEY_B "fedcba9876543210fedcba9876543210"
#define LONG_300                                                                                             \
    "..........................................................................................."            \
    "..........................................................................................."            \
    "..........................................................................................."            \
    "..........................."
#define WAIT_MS 10000

static int64_t test_now_ms;

static int64_t now_ms(void)
{
    return __atomic_load_n(&test_now_ms, __ATOMIC_SEQ_CST);
}

static void turn_clock(int64_t ms)
{
    __atomic_store_n(&test_now_ms, ms, __ATOMIC_SEQ_CST);
}

struct world {
    void *context;
    tdm_zap *zap;
    tdm_metrics *metrics;
};

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    turn_clock(1000);
    world->context = zmq_ctx_new();
    *state = world;
    if (tdm_metrics_new(&world->metrics, &(tdm_metrics_options){ 0 }, NULL) != TDM_OK
        || tdm_zap_start(&world->zap, world->context, now_ms, NULL) != TDM_OK)
        return -1;
    tdm_zap_count(world->zap, world->metrics);
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    tdm_zap_stop(&world->zap);
    tdm_metrics_destroy(&world->metrics);
    zmq_ctx_term(world->context);
    free(world);
    return 0;
}

static const uint8_t *key_bytes(const char *key)
{
    return (const uint8_t *)key;
}

static void *open_asker(struct world *world)
{
    void *socket = zmq_socket(world->context, ZMQ_REQ);
    int wait_ms = WAIT_MS, none = 0;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    assert_int_equal(zmq_connect(socket, "inproc://zeromq.zap.01"), 0);
    return socket;
}

#define ANSWER_FRAMES 6
struct answer {
    char frames[ANSWER_FRAMES][320];
};

/* frames: up to NULL. */
static struct answer ask(struct world *world, const char *const *frames)
{
    void *socket = open_asker(world);
    for (size_t i = 0; frames[i] != NULL; i++)
        assert_true(zmq_send(socket, frames[i], strlen(frames[i]), frames[i + 1] == NULL ? 0 : ZMQ_SNDMORE)
                    >= 0);
    struct answer answer = { 0 };
    for (size_t i = 0; i < ANSWER_FRAMES; i++) {
        assert_true(zmq_recv(socket, answer.frames[i], sizeof answer.frames[i] - 1, 0) >= 0);
        int more;
        size_t len = sizeof more;
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &len);
        assert_int_equal(more, i + 1 < ANSWER_FRAMES);
    }
    zmq_close(socket);
    return answer;
}

static struct answer ask_key(struct world *world, const char *key)
{
    const char *frames[] = { "1.0", "1", "tandem", "192.0.2.7", "", "CURVE", key, NULL };
    return ask(world, frames);
}

/* ---- what a request is answered ---- */

struct request_row {
    const char *name;
    const char *frames[10];
    const char *status;
    const char *id;     /* as given back */
    const char *reason; /* it is counted under; NULL: not counted */
};

static const struct request_row REQUESTS[] = {
    { "an admitted key is answered 200",
      { "1.0", "1", "tandem", "192.0.2.7", "", "CURVE", KEY_A },
      "200",
      "1",
      NULL },
    { "the request id is given back",
      { "1.0", "id 77", "tandem", "", "r", "CURVE", KEY_A },
      "200",
      "id 77",
      NULL },
    { "an unknown key is answered 400",
      { "1.0", "1", "tandem", "192.0.2.7", "", "CURVE", KEY_B },
      "400",
      "1",
      "unknown_key" },
    { "NULL is denied", { "1.0", "1", "tandem", "192.0.2.7", "", "NULL" }, "400", "1", "other" },
    { "PLAIN is denied",
      { "1.0", "1", "tandem", "192.0.2.7", "", "PLAIN", "admin", "admin" },
      "400",
      "1",
      "other" },
    { "an admitted key by another mechanism is denied",
      { "1.0", "1", "tandem", "", "", "GSSAPI", KEY_A },
      "400",
      "1",
      "other" },
    { "another domain is denied", { "1.0", "1", "global", "", "", "CURVE", KEY_A }, "400", "1", "other" },
    { "an empty domain is denied", { "1.0", "1", "", "", "", "CURVE", KEY_A }, "400", "1", "other" },
    { "another version is malformed",
      { "2.0", "1", "tandem", "", "", "CURVE", KEY_A },
      "500",
      "1",
      "malformed" },
    { "a version with a tail is malformed",
      { "1.0.1", "1", "tandem", "", "", "CURVE", KEY_A },
      "500",
      "1",
      "malformed" },
    { "a lone version is malformed", { "1.0" }, "500", "", "malformed" },
    { "an empty frame alone is malformed", { "" }, "500", "", "malformed" },
    { "a request without mechanism is malformed", { "1.0", "1", "tandem", "", "" }, "500", "1", "malformed" },
    { "a request without key is malformed",
      { "1.0", "1", "tandem", "", "", "CURVE" },
      "500",
      "1",
      "malformed" },
    { "an empty key is malformed", { "1.0", "1", "tandem", "", "", "CURVE", "" }, "500", "1", "malformed" },
    { "a key of 31 bytes is malformed",
      { "1.0", "1", "tandem", "", "", "CURVE", "0123456789abcdef0123456789abcde" },
      "500",
      "1",
      "malformed" },
    { "a key of 33 bytes is malformed",
      { "1.0", "1", "tandem", "", "", "CURVE", KEY_A "0" },
      "500",
      "1",
      "malformed" },
    { "a second key is malformed",
      { "1.0", "1", "tandem", "", "", "CURVE", KEY_A, KEY_A },
      "500",
      "1",
      "malformed" },
    { "frames without end are malformed",
      { "1.0", "1", "tandem", "", "", "CURVE", KEY_A, "", "" },
      "500",
      "1",
      "malformed" },
    { "an empty request id is malformed",
      { "1.0", "", "tandem", "", "", "CURVE", KEY_A },
      "500",
      "",
      "malformed" },
    { "a domain over 255 bytes is malformed",
      { "1.0", "1", LONG_300, "", "", "CURVE", KEY_A },
      "500",
      "1",
      "malformed" },
    { "a mechanism over 20 bytes is malformed",
      { "1.0", "1", "tandem", "", "", LONG_300, KEY_A },
      "500",
      "1",
      "malformed" },
};

static void check_request(void **state)
{
    const struct request_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(open_world((void **)&world), 0);
    assert_int_equal(tdm_zap_admit(world->zap, key_bytes(KEY_A), TDM_ADMIT_PEER, NULL, 0), TDM_OK);
    struct answer answer = ask(world, row->frames);
    bool admitted = row->reason == NULL;
    char z85[41] = "";
    if (admitted)
        zmq_z85_encode(z85, key_bytes(KEY_A), 32);
    assert_string_equal(answer.frames[0], "1.0");
    assert_string_equal(answer.frames[1], row->id);
    assert_string_equal(answer.frames[2], row->status);
    assert_string_equal(answer.frames[4], z85);
    assert_string_equal(answer.frames[5], "");
    assert_int_equal(tdm_zap_denied(world->zap), admitted ? 0 : 1);
    if (!admitted)
        assert_int_equal(
            (int)tdm_series_value(tdm_metrics_series(world->metrics, TDM_METRIC_ZAP_DENIED, row->reason)), 1);
    close_world((void **)&world);
}

/* ---- what becomes of a key ---- */

struct key_row {
    const char *name;
    tdm_admission admission;
    int64_t expires_ms;
    int64_t asked_ms;
    bool removed;
    bool admitted;
    const char *reason;
};

static const struct key_row KEYS[] = {
    { "a peer's key without end is admitted", TDM_ADMIT_PEER, 0, INT64_MAX, false, true, NULL },
    { "a peer's key is admitted before its end", TDM_ADMIT_PEER, 2000, 1999, false, true, NULL },
    { "a peer's key is revoked at its end", TDM_ADMIT_PEER, 2000, 2000, false, false, "revoked" },
    { "a peer's removed key is revoked", TDM_ADMIT_PEER, 0, 1000, true, false, "revoked" },
    { "a one-time key is admitted before its end", TDM_ADMIT_ENROL, 2000, 1999, false, true, NULL },
    { "a one-time key expires at its end", TDM_ADMIT_ENROL, 2000, 2000, false, false, "expired_code" },
    { "a one-time key is used once removed", TDM_ADMIT_ENROL, 2000, 1000, true, false, "used_code" },
    { "a key admitted for nothing is unknown", TDM_ADMIT_NONE, 0, 1000, false, false, "unknown_key" },
};

static void check_key(void **state)
{
    const struct key_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(open_world((void **)&world), 0);
    tdm_id origin = { { 7 } }, found;
    assert_int_equal(tdm_zap_admit(world->zap, key_bytes(KEY_A), row->admission, &origin, row->expires_ms),
                     TDM_OK);
    if (row->removed)
        tdm_zap_remove(world->zap, key_bytes(KEY_A));
    turn_clock(row->asked_ms);
    struct answer answer = ask_key(world, KEY_A);
    assert_string_equal(answer.frames[2], row->admitted ? "200" : "400");
    assert_int_equal(tdm_zap_find(world->zap, key_bytes(KEY_A), &found),
                     row->admitted ? row->admission : TDM_ADMIT_NONE);
    assert_int_equal(found.bytes[0], row->admitted ? 7 : 0);
    if (!row->admitted)
        assert_int_equal(
            (int)tdm_series_value(tdm_metrics_series(world->metrics, TDM_METRIC_ZAP_DENIED, row->reason)), 1);
    close_world((void **)&world);
}

/* ---- the actor ---- */

static void check_second(void **state)
{
    struct world *world = *state;
    tdm_zap *second = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_zap_start(&second, world->context, now_ms, &err), TDM_BUSY);
    assert_null(second);
    assert_non_null(strstr(err.what, "no listener may start"));
    assert_string_equal(ask_key(world, KEY_A).frames[2], "400");
}

static void check_again(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++) {
        tdm_zap_stop(&world->zap);
        assert_null(world->zap);
        assert_int_equal(tdm_zap_start(&world->zap, world->context, now_ms, NULL), TDM_OK);
    }
    assert_string_equal(ask_key(world, KEY_A).frames[2], "400");
}

static void check_readmitted(void **state)
{
    struct world *world = *state;
    tdm_zap_admit(world->zap, key_bytes(KEY_A), TDM_ADMIT_ENROL, NULL, 0);
    tdm_zap_remove(world->zap, key_bytes(KEY_A));
    tdm_zap_admit(world->zap, key_bytes(KEY_A), TDM_ADMIT_PEER, NULL, 0);
    assert_int_equal(tdm_zap_find(world->zap, key_bytes(KEY_A), NULL), TDM_ADMIT_PEER);
    assert_string_equal(ask_key(world, KEY_A).frames[2], "200");
}

static void on_signal(int number)
{
    (void)number;
}

static void check_signal(void **state)
{
    struct world *world = *state;
    struct sigaction action = { .sa_handler = on_signal }, before;
    sigaction(SIGTERM, &action, &before);
    for (int i = 0; i < 20; i++)
        kill(getpid(), SIGTERM);
    assert_string_equal(ask_key(world, KEY_A).frames[2], "400");
    sigaction(SIGTERM, &before, NULL);
}

/* An asker that leaves before its answer must not hold the actor up. */
static void check_gone(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 50; i++) {
        void *socket = open_asker(world);
        zmq_send(socket, "1.0", 3, 0);
        zmq_close(socket);
    }
    assert_string_equal(ask_key(world, KEY_A).frames[2], "400");
}

#define THREADS 4
#define KEYS_EACH 2000
struct worker {
    tdm_zap *zap;
    int number;
    int wrong;
};

static void *admit_many(void *argument)
{
    struct worker *worker = argument;
    for (int i = 0; i < KEYS_EACH; i++) {
        uint8_t key[32] = { (uint8_t)worker->number, (uint8_t)(i >> 8), (uint8_t)i };
        tdm_id origin = { { (uint8_t)i } }, found;
        worker->wrong += tdm_zap_find(worker->zap, key, NULL) != TDM_ADMIT_NONE;
        worker->wrong += tdm_zap_admit(worker->zap, key, TDM_ADMIT_PEER, &origin, 0) != TDM_OK;
        worker->wrong += tdm_zap_find(worker->zap, key, &found) != TDM_ADMIT_PEER;
        worker->wrong += !tdm_id_equal(&origin, &found);
        if (i % 2 == 0)
            tdm_zap_remove(worker->zap, key);
    }
    return NULL;
}

static void check_threads(void **state)
{
    struct world *world = *state;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ world->zap, i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, admit_many, &workers[i]), 0);
    }
    assert_string_equal(ask_key(world, KEY_A).frames[2], "400");
    int admitted = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    for (int i = 0; i < THREADS * KEYS_EACH; i++) {
        int each = i % KEYS_EACH;
        uint8_t key[32] = { (uint8_t)(i / KEYS_EACH), (uint8_t)(each >> 8), (uint8_t)each };
        admitted += tdm_zap_find(world->zap, key, NULL) == TDM_ADMIT_PEER;
    }
    assert_int_equal(admitted, THREADS * KEYS_EACH / 2);
}

#define IN_WORLD(name, function)                                                                             \
    {                                                                                                        \
        name, function, open_world, close_world, NULL                                                        \
    }

int main(void)
{
    static const struct CMUnitTest actor[] = {
        IN_WORLD("a second handler in one context is refused", check_second),
        IN_WORLD("a handler stopped can be started again at once", check_again),
        IN_WORLD("what is said of a key replaces what was said", check_readmitted),
        IN_WORLD("signals do not end it", check_signal),
        IN_WORLD("an asker that leaves holds nobody up", check_gone),
        IN_WORLD("several threads change the table", check_threads),
    };
    struct CMUnitTest tests[TDM_COUNT(REQUESTS) + TDM_COUNT(KEYS) + TDM_COUNT(actor)];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(REQUESTS); i++)
        tests[count++] =
            (struct CMUnitTest){ REQUESTS[i].name, check_request, NULL, NULL, (void *)&REQUESTS[i] };
    for (size_t i = 0; i < TDM_COUNT(KEYS); i++)
        tests[count++] = (struct CMUnitTest){ KEYS[i].name, check_key, NULL, NULL, (void *)&KEYS[i] };
    for (size_t i = 0; i < TDM_COUNT(actor); i++)
        tests[count++] = actor[i];
    /* What the actor logs is not the subject here. */
    tdm_log_open(&(tdm_log_options){ TDM_LOG_LOGFMT, TDM_LOG_ERROR, 2, false });
    return cmocka_run_group_tests(tests, NULL, NULL);
}
