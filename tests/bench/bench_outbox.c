/* SPDX-License-Identifier: MPL-2.0
 *
 * bench_outbox.c: bare edges: each appends a batch to an LMDB of its own, synced, and then sends it within
 * its window: the ceiling for nodes that keep what they say.
 */
#include "bench.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define LATENCY_MAX 4096

typedef struct edge {
    const bench_bare *bare;
    const bench_log *log;
    void *zmq;
    void *socket;
    MDB_env *env;
    unsigned table;
    uint64_t position;
    size_t acked; /* frames */
    size_t first;
    size_t until;
    pthread_t thread;
} edge;

static void open_edge(edge *e, const bench_bare *bare, const bench_log *log, void *zmq, const char *folder,
                      size_t index)
{
    char path[BENCH_PATH + 32];
    int off = 0;
    memset(e, 0, sizeof *e);
    snprintf(path, sizeof path, "%s/outbox-%zu", folder, index);
    e->bare = bare;
    e->log = log;
    e->zmq = zmq;
    e->first = e->acked = log->unit_frames;
    e->env = bench_lmdb_open(path, &e->table);
    e->socket = zmq_socket(zmq, ZMQ_DEALER);
    zmq_setsockopt(e->socket, ZMQ_CURVE_SERVERKEY, bench_bare_key(bare), 32);
    zmq_setsockopt(e->socket, ZMQ_CURVE_PUBLICKEY, log->link_public, 32);
    zmq_setsockopt(e->socket, ZMQ_CURVE_SECRETKEY, log->link_secret, 32);
    zmq_setsockopt(e->socket, ZMQ_LINGER, &off, sizeof off);
    if (zmq_connect(e->socket, bench_bare_endpoint(bare)) != 0)
        bench_die("outbox", "cannot connect");
}

static void close_edge(edge *e)
{
    zmq_close(e->socket);
    mdb_env_close(e->env);
}

static void take_acks(edge *e, int flags)
{
    char ack[8];
    while (zmq_recv(e->socket, ack, sizeof ack, flags) > 0) {
        e->acked++;
        flags = ZMQ_DONTWAIT;
    }
}

static void *run_edge(void *argument)
{
    edge *e = argument;
    const bench_log *log = e->log;
    for (size_t i = e->first; i < e->until; i++) {
        const bench_frame *frame = &log->frames[i];
        bench_lmdb_put(e->env, e->table, frame->bare, &e->position);
        while (e->acked < i && log->frames[i].last - log->frames[e->acked].last > BENCH_WINDOW)
            take_acks(e, 0);
        zmq_send(e->socket, frame->bare.data, frame->bare.len, 0);
        take_acks(e, ZMQ_DONTWAIT);
    }
    while (e->acked < e->until)
        take_acks(e, 0);
    return NULL;
}

double bench_outbox_run(const bench_bare *bare, const bench_load *load, size_t frames, const char *folder)
{
    edge edges[BENCH_LINKS];
    void *zmq = zmq_ctx_new();
    for (size_t i = 0; i < BENCH_LINKS; i++) {
        open_edge(&edges[i], bare, &load->logs[i], zmq, folder, i);
        edges[i].until = bench_log_until(&load->logs[i], frames);
    }
    double start = bench_now();
    for (size_t i = 0; i < BENCH_LINKS; i++)
        if (pthread_create(&edges[i].thread, NULL, run_edge, &edges[i]) != 0)
            bench_die("outbox", "cannot start a thread");
    for (size_t i = 0; i < BENCH_LINKS; i++)
        pthread_join(edges[i].thread, NULL);
    double took = bench_now() - start;
    for (size_t i = 0; i < BENCH_LINKS; i++)
        close_edge(&edges[i]);
    zmq_ctx_term(zmq);
    return took;
}

/* One event of a frame, as a frame of its own. */
static tdm_span single(const bench_frame *frame, size_t index, tdm_buf *out)
{
    uint32_t one = 1;
    uint16_t len = 0;
    const uint8_t *lengths = frame->bare.data + sizeof(uint32_t);
    const uint8_t *at = frame->bytes.data;
    for (size_t i = 0; i <= index; i++) {
        at += len;
        memcpy(&len, lengths + i * sizeof len, sizeof len);
    }
    tdm_buf_clear(out);
    tdm_buf_add(out, &one, sizeof one);
    tdm_buf_add(out, &len, sizeof len);
    tdm_buf_add(out, at, len);
    return tdm_buf_span(out);
}

double bench_outbox_latency(const bench_bare *bare, const bench_load *load, const char *folder, size_t count)
{
    edge e;
    tdm_buf bytes = { 0 };
    double took[LATENCY_MAX];
    void *zmq = zmq_ctx_new();
    const bench_frame *frame = &load->logs[0].frames[load->logs[0].unit_frames];
    if (count > LATENCY_MAX)
        count = LATENCY_MAX;
    open_edge(&e, bare, &load->logs[0], zmq, folder, 0);
    for (size_t i = 0; i <= count; i++) { /* the first one connects, and is not counted */
        tdm_span one = single(frame, i % frame->events, &bytes);
        double start = bench_now();
        bench_lmdb_put(e.env, e.table, one, &e.position);
        zmq_send(e.socket, one.data, one.len, 0);
        take_acks(&e, 0);
        if (i > 0)
            took[i - 1] = bench_now() - start;
    }
    close_edge(&e);
    zmq_ctx_term(zmq);
    tdm_buf_free(&bytes);
    return bench_median(took, count);
}
