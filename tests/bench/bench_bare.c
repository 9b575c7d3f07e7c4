/* SPDX-License-Identifier: MPL-2.0
 *
 * bench_bare.c: the ceiling: ROUTER + CURVE, one receiving thread, one LMDB writer that commits what has
 * gathered and syncs once, an acknowledgement after each commit. Nothing is checked. With counters it reads
 * each event and keeps 10 groupings of 2 counters in memory.
 */
#include "bench.h"

#include "tandem/pack.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zmq.h>

#define WAITING_MAX 4096
#define MAP_BYTES ((size_t)64 << 30)
#define GROUPINGS 10
#define GROUPS 4096
#define ROUTE_BYTES 5

typedef struct message {
    uint8_t route[ROUTE_BYTES];
    zmq_msg_t body;
} message;

typedef struct pile {
    message items[WAITING_MAX];
    size_t count;
} pile;

struct bench_bare {
    void *zmq;
    void *socket;      /* the receiving thread's */
    void *wake;        /* its end of a pair: acknowledgements are ready, or stop */
    void *wake_writer; /* the writer's end */
    char endpoint[64];
    uint8_t key[32];
    MDB_env *env;
    unsigned table;
    uint64_t position;
    bool counters;
    uint64_t (*cells)[GROUPS][2];
    pthread_mutex_t lock;
    pthread_cond_t grew;
    pile waiting; /* for the writer */
    pile done;    /* for the receiving thread: bodies are gone */
    bool stopping;
    pthread_t receiver;
    pthread_t writer;
};

/* ---- LMDB */

MDB_env *bench_lmdb_open(const char *folder, unsigned *table)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    if (mkdir(folder, 0700) != 0 || mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, MAP_BYTES) != 0
        || mdb_env_set_maxdbs(env, 4) != 0 || mdb_env_open(env, folder, MDB_NOTLS, 0600) != 0
        || mdb_txn_begin(env, NULL, 0, &txn) != 0 || mdb_dbi_open(txn, "events", MDB_CREATE, table) != 0
        || mdb_txn_commit(txn) != 0)
        bench_die("bare", "LMDB does not open");
    return env;
}

static void put_all(MDB_txn *txn, unsigned table, tdm_span bare, uint64_t *position)
{
    uint32_t count;
    memcpy(&count, bare.data, sizeof count);
    const uint8_t *lengths = bare.data + sizeof count;
    const uint8_t *at = lengths + count * sizeof(uint16_t);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t len;
        memcpy(&len, lengths + i * sizeof len, sizeof len);
        uint64_t number = __builtin_bswap64(++*position);
        MDB_val key = { sizeof number, &number };
        MDB_val value = { len, (void *)at };
        if (mdb_put(txn, table, &key, &value, MDB_APPEND) != 0)
            bench_die("bare", "LMDB does not take an event");
        at += len;
    }
}

void bench_lmdb_put(MDB_env *env, unsigned table, tdm_span bare, uint64_t *position)
{
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(env, NULL, 0, &txn) != 0)
        bench_die("bare", "LMDB does not begin");
    put_all(txn, table, bare, position);
    if (mdb_txn_commit(txn) != 0)
        bench_die("bare", "LMDB does not commit");
}

/* ---- 10 groupings of 2 counters */

static void count_event(bench_bare *bare, tdm_span bytes)
{
    tdm_event event;
    if (tdm_event_peek(bytes, &event, NULL) != TDM_OK)
        bench_die("bare", "an event cannot be read");
    tdm_cursor payload = tdm_cursor_over(event.payload);
    uint64_t values[5] = { event.subject.len, event.type, event.origin.bytes[0], 0, 0 };
    uint32_t pairs = tdm_cursor_map(&payload);
    for (uint32_t i = 0; i < pairs; i++) { /* the numbers among the fields: date, hours, type */
        uint64_t field = tdm_cursor_uint(&payload);
        tdm_span value = tdm_cursor_skip(&payload);
        tdm_cursor inner = tdm_cursor_over(value);
        if (field >= 2 && field <= 4)
            values[field] = (uint64_t)tdm_cursor_int(&inner);
    }
    for (size_t g = 0; g < GROUPINGS; g++) {
        uint64_t *cell = bare->cells[g][(values[g % 5] + values[(g * 3 + 1) % 5] * 31) % GROUPS];
        cell[0]++;
        cell[1] += values[3];
    }
}

static void count_all(bench_bare *bare, tdm_span bytes)
{
    uint32_t count;
    memcpy(&count, bytes.data, sizeof count);
    const uint8_t *lengths = bytes.data + sizeof count;
    const uint8_t *at = lengths + count * sizeof(uint16_t);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t len;
        memcpy(&len, lengths + i * sizeof len, sizeof len);
        count_event(bare, (tdm_span){ at, len });
        at += len;
    }
}

/* ---- the writer */

static void commit_pile(bench_bare *bare, pile *taken)
{
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(bare->env, NULL, 0, &txn) != 0)
        bench_die("bare", "LMDB does not begin");
    for (size_t i = 0; i < taken->count; i++) {
        tdm_span body = { zmq_msg_data(&taken->items[i].body), zmq_msg_size(&taken->items[i].body) };
        put_all(txn, bare->table, body, &bare->position);
        if (bare->counters)
            count_all(bare, body);
    }
    if (mdb_txn_commit(txn) != 0)
        bench_die("bare", "LMDB does not commit");
    for (size_t i = 0; i < taken->count; i++)
        zmq_msg_close(&taken->items[i].body);
}

static void hand_back(bench_bare *bare, const pile *taken)
{
    pthread_mutex_lock(&bare->lock);
    if (bare->done.count + taken->count > WAITING_MAX)
        bench_die("bare", "too many acknowledgements wait");
    memcpy(bare->done.items + bare->done.count, taken->items, taken->count * sizeof taken->items[0]);
    bare->done.count += taken->count;
    pthread_mutex_unlock(&bare->lock);
    zmq_send(bare->wake_writer, "a", 1, 0);
}

static void *write_on(void *argument)
{
    bench_bare *bare = argument;
    pile *taken = calloc(1, sizeof *taken);
    if (taken == NULL)
        bench_die("bare", "out of memory");
    for (;;) {
        pthread_mutex_lock(&bare->lock);
        while (bare->waiting.count == 0 && !bare->stopping)
            pthread_cond_wait(&bare->grew, &bare->lock);
        taken->count = bare->waiting.count;
        memcpy(taken->items, bare->waiting.items, taken->count * sizeof taken->items[0]);
        bare->waiting.count = 0;
        pthread_mutex_unlock(&bare->lock);
        if (taken->count == 0)
            break;
        commit_pile(bare, taken);
        hand_back(bare, taken);
    }
    free(taken);
    return NULL;
}

/* ---- the receiving thread */

static void receive_all(bench_bare *bare)
{
    for (;;) {
        message item;
        if (zmq_recv(bare->socket, item.route, ROUTE_BYTES, ZMQ_DONTWAIT) != ROUTE_BYTES)
            return;
        zmq_msg_init(&item.body);
        if (zmq_msg_recv(&item.body, bare->socket, 0) < 0)
            bench_die("bare", "half a message");
        pthread_mutex_lock(&bare->lock);
        if (bare->waiting.count == WAITING_MAX)
            bench_die("bare", "too many messages wait");
        bare->waiting.items[bare->waiting.count++] = item;
        pthread_cond_signal(&bare->grew);
        pthread_mutex_unlock(&bare->lock);
    }
}

static void acknowledge(bench_bare *bare)
{
    char woken[8];
    while (zmq_recv(bare->wake, woken, sizeof woken, ZMQ_DONTWAIT) > 0)
        continue;
    pthread_mutex_lock(&bare->lock);
    for (size_t i = 0; i < bare->done.count; i++) {
        zmq_send(bare->socket, bare->done.items[i].route, ROUTE_BYTES, ZMQ_SNDMORE);
        zmq_send(bare->socket, "k", 1, 0);
    }
    bare->done.count = 0;
    pthread_mutex_unlock(&bare->lock);
}

static bool stops(bench_bare *bare)
{
    pthread_mutex_lock(&bare->lock);
    bool stopping = bare->stopping;
    pthread_mutex_unlock(&bare->lock);
    return stopping;
}

static void *receive_on(void *argument)
{
    bench_bare *bare = argument;
    zmq_pollitem_t items[] = { { .socket = bare->socket, .events = ZMQ_POLLIN },
                               { .socket = bare->wake, .events = ZMQ_POLLIN } };
    while (!stops(bare)) {
        zmq_poll(items, 2, -1);
        if (items[1].revents != 0)
            acknowledge(bare);
        if (items[0].revents != 0)
            receive_all(bare);
    }
    return NULL;
}

/* ---- start and stop */

static void open_sockets(bench_bare *bare)
{
    char public_text[41];
    char secret_text[41];
    int on = 1;
    int off = 0;
    size_t len = sizeof bare->endpoint;
    bare->zmq = zmq_ctx_new();
    bare->socket = zmq_socket(bare->zmq, ZMQ_ROUTER);
    bare->wake = zmq_socket(bare->zmq, ZMQ_PAIR);
    bare->wake_writer = zmq_socket(bare->zmq, ZMQ_PAIR);
    zmq_curve_keypair(public_text, secret_text);
    zmq_z85_decode(bare->key, public_text);
    zmq_setsockopt(bare->socket, ZMQ_CURVE_SERVER, &on, sizeof on);
    zmq_setsockopt(bare->socket, ZMQ_CURVE_SECRETKEY, secret_text, sizeof secret_text);
    zmq_setsockopt(bare->socket, ZMQ_RCVHWM, &off, sizeof off);
    zmq_setsockopt(bare->socket, ZMQ_SNDHWM, &off, sizeof off);
    zmq_setsockopt(bare->socket, ZMQ_LINGER, &off, sizeof off);
    zmq_setsockopt(bare->wake_writer, ZMQ_LINGER, &off, sizeof off);
    if (zmq_bind(bare->socket, "tcp://127.0.0.1:*") != 0
        || zmq_getsockopt(bare->socket, ZMQ_LAST_ENDPOINT, bare->endpoint, &len) != 0
        || zmq_bind(bare->wake, "inproc://wake") != 0 || zmq_connect(bare->wake_writer, "inproc://wake") != 0)
        bench_die("bare", "cannot listen");
}

bench_bare *bench_bare_start(const char *folder, bool counters)
{
    bench_bare *bare = calloc(1, sizeof *bare);
    if (bare == NULL || (bare->cells = calloc(GROUPINGS, sizeof *bare->cells)) == NULL)
        bench_die("bare", "out of memory");
    bare->counters = counters;
    bare->env = bench_lmdb_open(folder, &bare->table);
    pthread_mutex_init(&bare->lock, NULL);
    pthread_cond_init(&bare->grew, NULL);
    open_sockets(bare);
    if (pthread_create(&bare->writer, NULL, write_on, bare) != 0
        || pthread_create(&bare->receiver, NULL, receive_on, bare) != 0)
        bench_die("bare", "cannot start a thread");
    return bare;
}

void bench_bare_stop(bench_bare **pointer)
{
    bench_bare *bare = *pointer;
    pthread_mutex_lock(&bare->lock);
    bare->stopping = true;
    pthread_cond_signal(&bare->grew);
    pthread_mutex_unlock(&bare->lock);
    pthread_join(bare->writer, NULL);
    zmq_send(bare->wake_writer, "s", 1, 0);
    pthread_join(bare->receiver, NULL);
    zmq_close(bare->wake_writer);
    zmq_close(bare->wake);
    zmq_close(bare->socket);
    zmq_ctx_term(bare->zmq);
    mdb_env_close(bare->env);
    pthread_cond_destroy(&bare->grew);
    pthread_mutex_destroy(&bare->lock);
    free(bare->cells);
    free(bare);
    *pointer = NULL;
}

const char *bench_bare_endpoint(const bench_bare *bare)
{
    return bare->endpoint;
}

const uint8_t *bench_bare_key(const bench_bare *bare)
{
    return bare->key;
}
