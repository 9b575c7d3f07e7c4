/* SPDX-License-Identifier: MPL-2.0
 *
 * bench_edge.c: a node with a real store and link machine in a process of its own: the core, the dialer and
 * the ports of the node's daemon, without its doors: a loop for the link, and a thread that states facts in
 * groups as an import does. It does what it is ordered (bench_edges.c).
 */
#include "bench.h"

#include "clock.h"
#include "link_ports.h"
#include "transport.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#define TICK_MS 100
#define PATIENCE_S 120
#define LATENCY_MAX 4096
#define MAP_BYTES ((size_t)16 << 30)
#define CACHE_BYTES ((size_t)32 << 20)

/* One frame as facts to be stated. */
typedef struct sheaf {
    tdm_draft *drafts;
    size_t count;
} sheaf;

typedef struct edge {
    tdm_log_ports *ports; /* first, for the link */
    void *zmq;
    tdm_core *core;
    tdm_queue *done;
    int grew_fd;
    int stop_fd;
    tdm_dialer *dialer;
    tdm_link *link;
    const bench_log *log;
    sheaf *sheaves; /* to state now */
    size_t sheaf_count;
    uint64_t stated;
    uint64_t position;
    pthread_t loop;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t acked; /* under lock */
    bool live;      /* under lock */
} edge;

/* ---- ports */

static void port_send(void *context, tdm_span frame)
{
    tdm_err err;
    tdm_dialer_send(((edge *)context)->dialer, frame, &err);
}

static void port_note(void *context, const char *word, const char *text)
{
    (void)context;
    if (strcmp(word, "link-live") != 0 && getenv("TANDEM_BENCH_NOTES") != NULL)
        fprintf(stderr, "edge: %s: %s\n", word, text);
}

static tdm_code port_keep(void *context, const tdm_log_batch *batch, uint64_t token)
{
    return tdm_log_ports_keep(((edge *)context)->ports, batch, context, token);
}

static bool port_may_seal(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    (void)context;
    (void)origin;
    (void)key;
    (void)last;
    return true; /* the hub of this very program */
}

static tdm_code port_keep_notices(void *context, const tdm_notice_batch *batch, uint64_t token)
{
    return tdm_log_ports_keep_notices(((edge *)context)->ports, batch, context, token);
}

static void port_feed_cursor(void *context, bool *has_epoch, tdm_id *epoch, uint64_t *number)
{
    tdm_core_feed_cursor(((edge *)context)->core, has_epoch, epoch, number);
}

static void port_enrolled(void *context, const tdm_id *hub, const tdm_span *organisations, size_t count)
{
    (void)context;
    (void)hub;
    (void)organisations;
    (void)count;
    bench_die("edge", "a node that is known need not enrol");
}

TDM_LOG_PORTS_LEAD(edge, ports);
static const tdm_link_ports PORTS = {
    TDM_LOG_PORTS,
    .send = port_send,
    .note = port_note,
    .keep = port_keep,
    .may_seal = port_may_seal,
    .keep_notices = port_keep_notices,
    .feed_cursor = port_feed_cursor,
    .enrolled = port_enrolled,
};

/* ---- the loop, as the node's */

static void tell_progress(edge *e)
{
    tdm_link_figures figures;
    tdm_link_figures_read(e->link, &figures);
    pthread_mutex_lock(&e->lock);
    e->acked = figures.events_acked;
    e->live = tdm_link_state_of(e->link) == TDM_LINK_LIVE;
    pthread_cond_signal(&e->moved);
    pthread_mutex_unlock(&e->lock);
}

static void receive(edge *e)
{
    tdm_span bytes;
    tdm_err err;
    for (size_t i = 0; i < 64 && tdm_dialer_receive(e->dialer, &bytes, &err) == TDM_OK; i++)
        tdm_link_frame(e->link, bytes, tdm_clock_mono_ms());
}

static void finish(edge *e)
{
    void *item;
    while (tdm_queue_pop(e->done, &item, 1) == 1) {
        tdm_core_done *done = item;
        if (done->what == TDM_DONE_KEPT)
            tdm_link_kept(e->link, done->token, done->code, &done->head, tdm_clock_mono_ms());
        else
            tdm_link_notices_kept(e->link, done->token, done->code, tdm_clock_mono_ms());
        free(done);
    }
}

static void read_news(edge *e)
{
    tdm_dialer_event event;
    while ((event = tdm_dialer_news(e->dialer)) != TDM_DIALER_NOTHING) {
        if (event == TDM_DIALER_CONNECTED)
            tdm_link_connected(e->link, tdm_clock_mono_ms());
        else if (event == TDM_DIALER_DISCONNECTED)
            tdm_link_disconnected(e->link, tdm_clock_mono_ms());
        else
            bench_die("edge", "the hub does not admit a node");
    }
}

static void *turn_edge(void *argument)
{
    edge *e = argument;
    pthread_setname_np(pthread_self(), "loop");
    for (;;) {
        uint64_t count;
        zmq_pollitem_t items[] = {
            { .fd = e->stop_fd, .events = ZMQ_POLLIN },
            { .fd = tdm_queue_fd(e->done), .events = ZMQ_POLLIN },
            { .fd = e->grew_fd, .events = ZMQ_POLLIN },
            { .socket = tdm_dialer_socket(e->dialer), .events = ZMQ_POLLIN },
            { .socket = tdm_dialer_monitor(e->dialer), .events = ZMQ_POLLIN },
        };
        zmq_poll(items, (int)TDM_COUNT(items), TICK_MS);
        if (items[0].revents != 0)
            return NULL;
        if (items[1].revents != 0)
            finish(e);
        if (items[2].revents != 0 && read(e->grew_fd, &count, sizeof count) > 0)
            tdm_link_more(e->link, tdm_clock_mono_ms());
        if (items[4].revents != 0)
            read_news(e);
        if (items[3].revents != 0)
            receive(e);
        if (tdm_link_deadline(e->link) <= tdm_clock_mono_ms())
            tdm_link_tick(e->link, tdm_clock_mono_ms());
        tell_progress(e);
    }
}

/* ---- stating */

static size_t cut_drafts(const bench_frame *frame, tdm_draft *drafts)
{
    const uint8_t *lengths = frame->bare.data + sizeof(uint32_t);
    const uint8_t *at = frame->bytes.data;
    size_t made = 0;
    for (uint32_t i = 0; i < frame->events; i++) {
        uint16_t len;
        tdm_event event;
        memcpy(&len, lengths + i * sizeof len, sizeof len);
        if (tdm_event_peek((tdm_span){ at, len }, &event, NULL) != TDM_OK)
            bench_die("edge", "an event of the workload cannot be read");
        at += len;
        if (event.type == TDM_TYPE_INCARNATION)
            continue; /* a store states its own */
        drafts[made++] = (tdm_draft){ .type = event.type,
                                      .author = event.author,
                                      .subject = event.subject,
                                      .fact = event.fact,
                                      .event_ms = event.event_ms,
                                      .event_offset_min = event.event_offset_min,
                                      .payload = event.payload };
    }
    return made;
}

static void drop_sheaves(edge *e)
{
    for (size_t i = 0; i < e->sheaf_count; i++)
        free(e->sheaves[i].drafts);
    free(e->sheaves);
    e->sheaves = NULL;
    e->sheaf_count = 0;
}

/* Before the clock starts, as the frames of the bare edges are made. */
static double prepare(edge *e, const bench_order *order)
{
    size_t from = order->units ? 0 : e->log->unit_frames;
    size_t until = order->units ? e->log->unit_frames : bench_log_until(e->log, order->count);
    drop_sheaves(e);
    e->sheaves = calloc(until - from + 1, sizeof *e->sheaves);
    e->sheaf_count = until - from;
    for (size_t i = 0; i < e->sheaf_count; i++) {
        const bench_frame *frame = &e->log->frames[from + i];
        e->sheaves[i].drafts = calloc(frame->events, sizeof(tdm_draft));
        e->sheaves[i].count = cut_drafts(frame, e->sheaves[i].drafts);
    }
    return 0;
}

static void state_all(edge *e)
{
    for (size_t i = 0; i < e->sheaf_count; i++) {
        const sheaf *facts = &e->sheaves[i];
        tdm_stated stated;
        tdm_err err = { 0 };
        if (facts->count == 0)
            continue;
        bench_must(tdm_core_state(e->core, facts->drafts, facts->count, &stated, &err), "stating", &err);
        e->stated = stated.last;
        e->position = stated.position;
    }
}

static void wait_acked(edge *e, uint64_t last)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    int failed = 0;
    pthread_mutex_lock(&e->lock);
    while (failed == 0 && (!e->live || e->acked < last))
        failed = pthread_cond_timedwait(&e->moved, &e->lock, &until);
    pthread_mutex_unlock(&e->lock);
    if (failed != 0)
        bench_die("edge", "the hub does not acknowledge");
}

static double state_and_wait(edge *e, const bench_order *order)
{
    (void)order;
    double start = bench_now();
    state_all(e);
    wait_acked(e, e->stated);
    return bench_now() - start;
}

static double wait_folded(edge *e, const bench_order *order)
{
    (void)order;
    tdm_err err = { 0 };
    double start = bench_now();
    bench_must(tdm_core_wait_folded(e->core, e->position, PATIENCE_S * 1000, &err), "a node's figures", &err);
    return bench_now() - start;
}

static double measure_latency(edge *e, const bench_order *order)
{
    double took[LATENCY_MAX];
    tdm_draft *drafts = calloc(TDM_RUN_EVENTS_MAX, sizeof *drafts);
    size_t made = cut_drafts(&e->log->frames[e->log->unit_frames], drafts);
    size_t count = order->count > LATENCY_MAX ? LATENCY_MAX : order->count;
    for (size_t i = 0; i <= count; i++) { /* the first warms up, and is not counted */
        tdm_stated stated;
        tdm_err err = { 0 };
        double start = bench_now();
        bench_must(tdm_core_state(e->core, &drafts[i % made], 1, &stated, &err), "stating", &err);
        wait_acked(e, stated.last);
        if (i > 0)
            took[i - 1] = bench_now() - start;
    }
    free(drafts);
    return bench_median(took, count);
}

/* ---- open and close */

static void open_store(edge *e, const char *folder, size_t index, bench_key *key)
{
    char path[BENCH_PATH + 32];
    uint8_t secret[32];
    tdm_seal_key seal;
    tdm_err err = { 0 };
    snprintf(path, sizeof path, "%s/node-%zu", folder, index);
    tdm_core_options options = { .folder = path, .map_bytes = MAP_BYTES, .views_cache_bytes = CACHE_BYTES };
    bench_must(tdm_core_open(&e->core, &options, &err), "a node's store", &err);
    key->origin = *tdm_core_origin(e->core);
    tdm_core_seal_key(e->core, &seal);
    memcpy(key->seal, seal.public_key, 32);
    tdm_core_link_key(e->core, key->link, secret);
}

static void open_link(edge *e, const bench_order *order)
{
    tdm_err err = { 0 };
    tdm_link_options options = {
        .role = TDM_LINK_NODE,
        .own_origin = *tdm_core_origin(e->core),
        .own_incarnation = tdm_core_incarnation(e->core),
        .has_peer = true,
        .peer_origin = order->hub,
        .hello_timeout_ms = 10000,
        .ack_timeout_ms = 30000,
        .retry_min_ms = 500,
        .retry_max_ms = 60000,
    };
    tdm_link_ports ports = PORTS;
    ports.context = e;
    bench_must(tdm_log_ports_new(&e->ports, e->core, e->done, &err), "ports", &err);
    bench_must(tdm_link_new(&e->link, &options, &ports, &err), "a link", &err);
}

static double connect_edge(edge *e, const bench_order *order)
{
    uint8_t public_key[32];
    uint8_t secret_key[32];
    tdm_err err = { 0 };
    tdm_transport_options options = { .max_message_bytes = 1048576,
                                      .heartbeat_interval_ms = 15000,
                                      .heartbeat_timeout_ms = 45000,
                                      .handshake_ms = 10000,
                                      .reconnect_min_ms = 100,
                                      .reconnect_max_ms = 30000,
                                      .queue_messages = 256 };
    tdm_core_link_key(e->core, public_key, secret_key);
    bench_must(tdm_core_set_authority(e->core, &order->hub, &err), "joining", &err);
    bench_must(tdm_queue_open(&e->done, 8192, &err), "a queue", &err);
    e->grew_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    e->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->moved, NULL);
    open_link(e, order);
    bench_must(tdm_core_listen(e->core, e->done, e->grew_fd, &err), "listening", &err);
    bench_must(tdm_dialer_open(&e->dialer, e->zmq, order->endpoint, order->key, public_key, secret_key,
                               &options, &err),
               "dialling", &err);
    if (pthread_create(&e->loop, NULL, turn_edge, e) != 0)
        bench_die("edge", "cannot start a thread");
    wait_acked(e, 1);
    return 0;
}

static double close_edge(edge *e, const bench_order *order)
{
    (void)order;
    uint64_t one = 1;
    if (write(e->stop_fd, &one, sizeof one) < 0)
        bench_die("edge", "cannot stop a loop");
    pthread_join(e->loop, NULL);
    drop_sheaves(e);
    tdm_link_destroy(&e->link);
    tdm_dialer_close(&e->dialer);
    tdm_core_unlisten(e->core, e->done);
    tdm_log_ports_destroy(&e->ports);
    tdm_queue_destroy(&e->done, free);
    tdm_core_close(&e->core);
    close(e->grew_fd);
    close(e->stop_fd);
    pthread_cond_destroy(&e->moved);
    pthread_mutex_destroy(&e->lock);
    zmq_ctx_term(e->zmq);
    return 0;
}

/* ---- orders */

static double (*const OBEY[])(edge *, const bench_order *) = {
    [BENCH_CONNECT] = connect_edge,    [BENCH_PREPARE] = prepare,         [BENCH_STATE] = state_and_wait,
    [BENCH_WAIT_FOLDED] = wait_folded, [BENCH_LATENCY] = measure_latency, [BENCH_CLOSE] = close_edge,
};

void bench_edge_serve(int orders, const bench_log *log, const char *folder, size_t index)
{
    mallopt(M_ARENA_MAX, 1); /* as every daemon does (run.c) */
    edge e = { .log = log, .zmq = zmq_ctx_new() };
    bench_key key;
    bench_order order = { .what = BENCH_CONNECT };
    open_store(&e, folder, index, &key);
    if (send(orders, &key, sizeof key, 0) != sizeof key)
        bench_die("edge", "nobody to take its keys");
    while (order.what != BENCH_CLOSE && recv(orders, &order, sizeof order, 0) == sizeof order) {
        double took = OBEY[order.what](&e, &order);
        if (send(orders, &took, sizeof took, 0) != sizeof took)
            bench_die("edge", "nobody to take its answer");
    }
}
