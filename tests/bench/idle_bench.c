/* SPDX-License-Identifier: MPL-2.0
 *
 * idle_bench.c: memory of a listener per connected idle node, with libzmq's own share taken in the same run.
 *
 *     idle_bench [NODES]        1000 nodes unless told
 *
 * Each listener runs in a process of its own, its nodes in another: what is counted is the listener's alone.
 * A node is counted after one message there and one back.
 */
#include "transport.h"
#include "zap.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define MAX_MESSAGE 1048576
#define WAIT_MS 60000

struct keys {
    uint8_t public_key[32];
    uint8_t secret_key[32];
};

struct plan {
    size_t nodes;
    struct keys hub;
    struct keys *node; /* as many as nodes */
    int to_nodes[2];   /* pipe: the endpoint, then a byte: leave */
};

struct usage {
    double heap; /* bytes handed out by malloc */
    double resident;
};

static const tdm_transport_options OPTIONS = { .max_message_bytes = MAX_MESSAGE,
                                               .heartbeat_interval_ms = 15000,
                                               .heartbeat_timeout_ms = 45000,
                                               .handshake_ms = 30000,
                                               .reconnect_min_ms = 100,
                                               .reconnect_max_ms = 30000,
                                               .queue_messages = 256 };

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "idle_bench: %s\n", what);
    exit(1);
}

static int64_t no_time(void)
{
    return 0;
}

static struct keys keys_new(void)
{
    char public_text[41], secret_text[41];
    struct keys keys;
    zmq_curve_keypair(public_text, secret_text);
    zmq_z85_decode(keys.public_key, public_text);
    zmq_z85_decode(keys.secret_key, secret_text);
    return keys;
}

static void *context_new(void)
{
    void *context = zmq_ctx_new();
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 65535);
    return context;
}

static struct usage usage_now(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2)
        give_up("cannot read /proc/self/statm");
    fclose(file);
    struct mallinfo2 heap = mallinfo2();
    return (struct usage){ (double)(heap.uordblks + heap.hblkhd),
                           (double)resident * (double)sysconf(_SC_PAGESIZE) };
}

/* ---- the nodes' process ---- */

static void await(void *socket)
{
    zmq_pollitem_t item = { socket, 0, ZMQ_POLLIN, 0 };
    if (zmq_poll(&item, 1, WAIT_MS) != 1)
        give_up("nothing came in time");
}

static tdm_dialer *dial(const struct plan *plan, void *context, const char *endpoint, const struct keys *own)
{
    tdm_dialer *dialer = NULL;
    tdm_err err;
    if (tdm_dialer_open(&dialer, context, endpoint, plan->hub.public_key, own->public_key, own->secret_key,
                        &OPTIONS, &err)
        != TDM_OK)
        give_up(err.what);
    await(tdm_dialer_monitor(dialer));
    if (tdm_dialer_news(dialer) != TDM_DIALER_CONNECTED)
        give_up("a node was not admitted");
    if (tdm_dialer_send(dialer, tdm_span_text("hello"), &err) != TDM_OK)
        give_up(err.what);
    await(tdm_dialer_socket(dialer));
    return dialer;
}

static int run_nodes(const struct plan *plan)
{
    char endpoint[256] = "", leave;
    if (read(plan->to_nodes[0], endpoint, sizeof endpoint - 1) <= 0)
        give_up("no endpoint");
    void *context = context_new();
    tdm_dialer **dialers = calloc(plan->nodes, sizeof(tdm_dialer *));
    for (size_t i = 0; i < plan->nodes; i++)
        dialers[i] = dial(plan, context, endpoint, &plan->node[i]);
    (void)!read(plan->to_nodes[0], &leave, 1);
    for (size_t i = 0; i < plan->nodes; i++)
        tdm_dialer_close(&dialers[i]);
    free(dialers);
    zmq_ctx_term(context);
    return 0;
}

/* ---- the listener's process, in two forms ---- */

static void tell(const struct plan *plan, const char *text)
{
    if (write(plan->to_nodes[1], text, strlen(text)) < 0)
        give_up("the nodes are gone");
}

static struct usage report(const struct plan *plan, struct usage before)
{
    struct usage after = usage_now();
    tell(plan, "x");
    double nodes = (double)plan->nodes;
    return (struct usage){ (after.heap - before.heap) / nodes, (after.resident - before.resident) / nodes };
}

static struct usage run_listener(const struct plan *plan)
{
    void *context = context_new();
    tdm_zap *zap = NULL;
    tdm_listener *listener = NULL;
    tdm_err err;
    if (tdm_zap_start(&zap, context, no_time, &err) != TDM_OK
        || tdm_listener_open(&listener, context, "tcp://127.0.0.1:*", plan->hub.public_key,
                             plan->hub.secret_key, &OPTIONS, &err)
               != TDM_OK)
        give_up(err.what);
    struct usage before = usage_now();
    for (size_t i = 0; i < plan->nodes; i++)
        tdm_zap_admit(zap, plan->node[i].public_key, TDM_ADMIT_PEER, NULL, 0);
    tell(plan, tdm_listener_endpoint(listener));
    for (size_t i = 0; i < plan->nodes;) {
        tdm_route route;
        uint8_t key[32];
        tdm_span bytes;
        bool strange;
        tdm_listener_news news;
        await(tdm_listener_socket(listener));
        if (tdm_listener_receive(listener, &route, key, &bytes, &strange, &err) != TDM_OK)
            continue;
        tdm_listener_send(listener, &route, tdm_span_text("welcome"), NULL);
        tdm_listener_news_read(listener, &news);
        i++;
    }
    struct usage usage = report(plan, before);
    tdm_listener_close(&listener);
    tdm_zap_stop(&zap);
    zmq_ctx_term(context);
    return usage;
}

static struct usage run_bare(const struct plan *plan)
{
    void *context = context_new(), *router = zmq_socket(context, ZMQ_ROUTER);
    int on = 1;
    zmq_setsockopt(router, ZMQ_CURVE_SERVER, &on, sizeof on);
    zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, plan->hub.secret_key, 32);
    if (zmq_bind(router, "tcp://127.0.0.1:*") != 0)
        give_up("cannot bind");
    char endpoint[256];
    size_t len = sizeof endpoint;
    zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &len);
    struct usage before = usage_now();
    tell(plan, endpoint);
    for (size_t i = 0; i < plan->nodes; i++) {
        char route[256], text[16];
        await(router);
        int route_len = zmq_recv(router, route, sizeof route, 0);
        zmq_recv(router, text, sizeof text, 0);
        zmq_send(router, route, (size_t)route_len, ZMQ_SNDMORE);
        zmq_send(router, "welcome", 7, 0);
    }
    struct usage usage = report(plan, before);
    zmq_close(router);
    zmq_ctx_term(context);
    return usage;
}

/* Forked before the first call into libzmq: its contexts do not survive a fork. */
static struct usage measure(struct plan *plan, struct usage (*run)(const struct plan *plan))
{
    int result[2];
    struct usage usage;
    if (pipe(plan->to_nodes) != 0 || pipe(result) != 0)
        give_up("no pipe");
    pid_t nodes = fork();
    if (nodes == 0)
        exit(run_nodes(plan));
    pid_t listener = fork();
    if (listener == 0) {
        usage = run(plan);
        exit(write(result[1], &usage, sizeof usage) == (ssize_t)sizeof usage ? 0 : 1);
    }
    close(result[1]);
    if (read(result[0], &usage, sizeof usage) != (ssize_t)sizeof usage)
        give_up("no figures");
    waitpid(nodes, NULL, 0);
    waitpid(listener, NULL, 0);
    return usage;
}

int main(int argc, char **argv)
{
    struct plan plan = { .nodes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, .hub = keys_new() };
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    plan.node = calloc(plan.nodes + 1, sizeof *plan.node);
    if (plan.nodes == 0 || plan.node == NULL)
        give_up("how many nodes?");
    for (size_t i = 0; i < plan.nodes; i++)
        plan.node[i] = keys_new();
    struct usage bare = measure(&plan, run_bare), ours = measure(&plan, run_listener);
    printf("idle nodes %zu\n", plan.nodes);
    printf("libzmq alone   heap %6.1f KiB  resident %6.1f KiB a node\n", bare.heap / 1024,
           bare.resident / 1024);
    printf("our listener   heap %6.1f KiB  resident %6.1f KiB a node, of at most 64\n", ours.heap / 1024,
           ours.resident / 1024);
    printf("the difference heap %6.1f KiB  resident %6.1f KiB a node\n", (ours.heap - bare.heap) / 1024,
           (ours.resident - bare.resident) / 1024);
    free(plan.node);
    return ours.resident <= 64 * 1024 ? 0 : 1;
}
