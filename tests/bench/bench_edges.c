/* SPDX-License-Identifier: MPL-2.0
 *
 * bench_edges.c: nodes as processes (bench_edge.c), as they are in life: none waits for another's threads.
 */
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct bench_edges {
    size_t count;
    struct {
        pid_t pid;
        int orders;
    } items[BENCH_LINKS];
};

static void start_edge(bench_edges *edges, size_t index, const bench_load *load, const char *folder)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        bench_die("edge", "no socket");
    pid_t pid = fork();
    if (pid < 0)
        bench_die("edge", "cannot fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        bench_edge_serve(ends[1], &load->logs[index], folder, index);
        _exit(0);
    }
    close(ends[1]);
    edges->items[index].pid = pid;
    edges->items[index].orders = ends[0];
}

/* All at once; the longest of what they answer. */
static double order_all(bench_edges *edges, const bench_order *order)
{
    double longest = 0;
    for (size_t i = 0; i < edges->count; i++)
        if (send(edges->items[i].orders, order, sizeof *order, MSG_NOSIGNAL) != sizeof *order)
            bench_die("edge", "it takes no orders");
    for (size_t i = 0; i < edges->count; i++) {
        double took = 0;
        if (recv(edges->items[i].orders, &took, sizeof took, 0) != sizeof took)
            bench_die("edge", "it went away");
        longest = took > longest ? took : longest;
    }
    return longest;
}

bench_edges *bench_edges_open(bench_hub *hub, const char *program, const char *folder, const bench_load *load,
                              size_t count)
{
    char path[BENCH_PATH + 32];
    bench_key keys[BENCH_LINKS];
    bench_edges *edges = calloc(1, sizeof *edges);
    if (edges == NULL)
        bench_die("edge", "out of memory");
    edges->count = count;
    for (size_t i = 0; i < count; i++)
        start_edge(edges, i, load, folder);
    for (size_t i = 0; i < count; i++)
        if (recv(edges->items[i].orders, &keys[i], sizeof keys[i], 0) != sizeof keys[i])
            bench_die("edge", "it does not start");
    snprintf(path, sizeof path, "%s/hub", folder);
    bench_hub_prepare(hub, program, path, keys, count);
    bench_hub_start(hub);
    bench_order order = { .what = BENCH_CONNECT, .hub = hub->origin };
    memcpy(order.key, hub->key, sizeof order.key);
    snprintf(order.endpoint, sizeof order.endpoint, "%s", hub->endpoint);
    order_all(edges, &order);
    return edges;
}

double bench_edges_run(bench_edges *edges, bool units, size_t frames)
{
    order_all(edges, &(bench_order){ .what = BENCH_PREPARE, .units = units, .count = frames });
    double start = bench_now();
    order_all(edges, &(bench_order){ .what = BENCH_STATE });
    return bench_now() - start;
}

void bench_edges_wait_folded(bench_edges *edges)
{
    order_all(edges, &(bench_order){ .what = BENCH_WAIT_FOLDED });
}

double bench_edges_latency(bench_edges *edges, size_t count)
{
    return order_all(edges, &(bench_order){ .what = BENCH_LATENCY, .count = count });
}

void bench_edges_close(bench_edges **pointer)
{
    bench_edges *edges = *pointer;
    order_all(edges, &(bench_order){ .what = BENCH_CLOSE });
    for (size_t i = 0; i < edges->count; i++) {
        waitpid(edges->items[i].pid, NULL, 0);
        close(edges->items[i].orders);
    }
    free(edges);
    *pointer = NULL;
}
