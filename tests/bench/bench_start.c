/* SPDX-License-Identifier: MPL-2.0
 *
 * bench_start.c: a hub that holds much: how soon it serves figures after a start, and how much memory it
 * takes for many units and for many idle links.
 */
#include "bench.h"

#include "tandem/frame.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zmq.h>

#define START_S 120
#define LOOK_MS 1
#define WATCH_MS 20
#define IDLE_MAX 1000

/* ---- figures after a start */

/* The rows of the level document if it is whole, as text; false if there is none yet. */
static bool read_level(const bench_hub *hub, tdm_buf *rows)
{
    tdm_buf body = { 0 };
    bool whole = false;
    if (bench_hub_get(hub, "/api/v1/level", &body)) {
        const char *text = (const char *)body.data;
        const char *data = strstr(text, "\"data\":");
        whole = strstr(text, "\"complete\":true") != NULL && data != NULL;
        if (whole)
            tdm_buf_text(rows, data);
    }
    tdm_buf_free(&body);
    return whole;
}

static double start_until_right(bench_hub *hub, const tdm_buf *wanted)
{
    tdm_buf rows = { 0 };
    double start = bench_now();
    bench_hub_start(hub);
    for (;;) {
        tdm_buf_clear(&rows);
        if (read_level(hub, &rows) && rows.len == wanted->len
            && memcmp(rows.data, wanted->data, rows.len) == 0)
            break;
        if (bench_now() - start > START_S)
            bench_die("start", "the level document is not what it was before");
        poll(NULL, 0, LOOK_MS);
    }
    tdm_buf_free(&rows);
    return bench_now() - start;
}

static void send_all(const bench_hub *hub, const bench_load *load)
{
    bench_links *links = bench_links_open(hub->endpoint, hub->key, load, &hub->origin);
    bench_links_send_units(links);
    bench_links_send_sessions(links, SIZE_MAX);
    bench_links_close(&links);
    bench_hub_wait_folded(hub);
}

void bench_start_run(bench_start *out, const char *program, const char *folder, const bench_load *load)
{
    char path[BENCH_PATH + 32];
    bench_hub hub;
    tdm_buf wanted = { 0 };
    snprintf(path, sizeof path, "%s/hub", folder);
    bench_hub_prepare_load(&hub, program, path, load);
    bench_hub_start(&hub);
    send_all(&hub, load);
    if (!read_level(&hub, &wanted))
        bench_die("start", "there is no level document");
    bench_hub_stop(&hub, SIGKILL);
    out->after_kill = start_until_right(&hub, &wanted);
    bench_hub_stop(&hub, SIGTERM);
    out->after_stop = start_until_right(&hub, &wanted);
    bench_hub_stop(&hub, SIGTERM);
    tdm_buf_free(&wanted);
}

/* ---- memory */

typedef struct watch {
    const bench_hub *hub;
    _Atomic bool stop;
    size_t most;
} watch;

static void *watch_memory(void *argument)
{
    watch *w = argument;
    while (!atomic_load(&w->stop)) {
        size_t now = bench_hub_memory(w->hub, "RssAnon");
        w->most = now > w->most ? now : w->most;
        poll(NULL, 0, WATCH_MS);
    }
    return NULL;
}

double bench_units_run(const char *program, const char *folder, const bench_load *load)
{
    char path[BENCH_PATH + 32];
    bench_hub hub = { .pid = 0 };
    pthread_t thread;
    watch w = { .hub = &hub };
    snprintf(path, sizeof path, "%s/hub", folder);
    bench_hub_prepare_load(&hub, program, path, load);
    bench_hub_start(&hub);
    if (pthread_create(&thread, NULL, watch_memory, &w) != 0)
        bench_die("memory", "cannot start a thread");
    send_all(&hub, load);
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    bench_hub_stop(&hub, SIGTERM);
    return (double)w.most;
}

typedef struct idler {
    void *socket;
    uint8_t link_public[32];
    uint8_t link_secret[32];
} idler;

static void make_idlers(idler *idlers, bench_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char public_text[41];
        char secret_text[41];
        tdm_seal_key seal;
        tdm_seal_key_new(&seal);
        tdm_id_random(&keys[i].origin);
        memcpy(keys[i].seal, seal.public_key, 32);
        zmq_curve_keypair(public_text, secret_text);
        zmq_z85_decode(idlers[i].link_public, public_text);
        zmq_z85_decode(idlers[i].link_secret, secret_text);
        memcpy(keys[i].link, idlers[i].link_public, 32);
    }
}

static void greet(idler *one, void *zmq, const bench_hub *hub, const bench_key *key, tdm_frame *frame)
{
    tdm_buf bytes = { 0 };
    tdm_err err = { 0 };
    int off = 0;
    one->socket = zmq_socket(zmq, ZMQ_DEALER);
    zmq_setsockopt(one->socket, ZMQ_CURVE_SERVERKEY, hub->key, 32);
    zmq_setsockopt(one->socket, ZMQ_CURVE_PUBLICKEY, one->link_public, 32);
    zmq_setsockopt(one->socket, ZMQ_CURVE_SECRETKEY, one->link_secret, 32);
    zmq_setsockopt(one->socket, ZMQ_LINGER, &off, sizeof off);
    memset(frame, 0, sizeof *frame);
    frame->kind = TDM_FRAME_HELLO;
    frame->hello.version = TDM_LINK_VERSION;
    frame->hello.origin = key->origin;
    frame->hello.incarnation = 1;
    bench_must(tdm_frame_encode(frame, &bytes, &err), "hello", &err);
    if (zmq_connect(one->socket, hub->endpoint) != 0 || zmq_send(one->socket, bytes.data, bytes.len, 0) < 0)
        bench_die("idle", "cannot greet");
    tdm_buf_free(&bytes);
}

static void wait_welcome(const idler *one, tdm_frame *frame)
{
    char bytes[65536];
    tdm_err err = { 0 };
    zmq_pollitem_t item = { .socket = one->socket, .events = ZMQ_POLLIN };
    int len = zmq_poll(&item, 1, START_S * 1000) > 0 ? zmq_recv(one->socket, bytes, sizeof bytes, 0) : -1;
    if (len < 0 || (size_t)len > sizeof bytes)
        bench_die("idle", "no welcome");
    bench_must(tdm_frame_decode((tdm_span){ (uint8_t *)bytes, (size_t)len }, frame, &err), "welcome", &err);
    if (frame->kind != TDM_FRAME_WELCOME)
        bench_die("idle", "the hub does not welcome");
}

static void allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static double connect_idlers(const bench_hub *hub, idler *idlers, const bench_key *keys, size_t count)
{
    tdm_frame *frame = malloc(sizeof *frame);
    void *zmq = zmq_ctx_new();
    if (frame == NULL || zmq == NULL)
        bench_die("idle", "out of memory");
    zmq_ctx_set(zmq, ZMQ_MAX_SOCKETS, 4096);
    double before = (double)bench_hub_memory(hub, "VmRSS");
    for (size_t i = 0; i < count; i++)
        greet(&idlers[i], zmq, hub, &keys[i], frame);
    for (size_t i = 0; i < count; i++)
        wait_welcome(&idlers[i], frame);
    double after = (double)bench_hub_memory(hub, "VmRSS");
    for (size_t i = 0; i < count; i++)
        zmq_close(idlers[i].socket);
    zmq_ctx_term(zmq);
    free(frame);
    return (after - before) / (double)count;
}

double bench_idle_run(const char *program, const char *folder, size_t count)
{
    char path[BENCH_PATH + 32];
    bench_hub hub;
    if (count > IDLE_MAX)
        count = IDLE_MAX;
    idler *idlers = calloc(count, sizeof *idlers);
    bench_key *keys = calloc(count, sizeof *keys);
    if (idlers == NULL || keys == NULL)
        bench_die("idle", "out of memory");
    snprintf(path, sizeof path, "%s/hub", folder);
    allow_files();
    make_idlers(idlers, keys, count);
    bench_hub_prepare(&hub, program, path, keys, count);
    bench_hub_start(&hub);
    bench_hub_wait_folded(&hub);
    double each = connect_idlers(&hub, idlers, keys, count);
    bench_hub_stop(&hub, SIGTERM);
    free(idlers);
    free(keys);
    return each;
}
