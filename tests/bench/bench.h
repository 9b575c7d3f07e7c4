/* SPDX-License-Identifier: MPL-2.0
 *
 * bench.h: what the files of tandem-bench share: the workload, the bare ceilings, the load generator, the hub
 * as a process of its own, and nodes with stores of their own. A failure of any step ends the program: a
 * number that was not measured is not printed.
 */
#ifndef TANDEM_TESTS_BENCH_H
#define TANDEM_TESTS_BENCH_H

#include "core.h"

#include <sys/types.h>

#define BENCH_LINKS 16
#define BENCH_WINDOW 8192 /* events in flight per link: the hub's default */
#define BENCH_PATH 512

_Noreturn void bench_die(const char *step, const char *why);
void bench_must(tdm_code code, const char *step, const tdm_err *err);
double bench_now(void); /* seconds, monotonic */
double bench_median(const double *values, size_t count);
void bench_remove(const char *folder); /* with all that is in it */
uint64_t bench_mix(uint64_t number);   /* a spread-out number of a small one */

/* ---- bench_events.c: the workload */

/* One EVENTS frame, and the same events as the bare ceiling sends them. */
typedef struct bench_frame {
    tdm_span wire;  /* the frame as a node sends it */
    tdm_span bare;  /* u32 count, u16 length of each, the events */
    tdm_span bytes; /* the events alone, in one piece */
    uint32_t events;
    uint64_t last; /* sequence */
} bench_frame;

/* One partner: its keys, and its log ready to be sent. */
typedef struct bench_log {
    tdm_id origin;
    uint64_t incarnation;
    tdm_seal_key seal;
    uint8_t link_public[32];
    uint8_t link_secret[32];
    char organisation[8];
    bench_frame *frames;
    size_t frame_count;
    size_t unit_frames; /* the first of them: units; the rest: sessions */
    uint64_t last;
} bench_log;

typedef struct bench_load {
    bench_log logs[BENCH_LINKS];
    size_t units;
    size_t sessions;
    double mean_bytes; /* of a session's event */
} bench_load;

/* units and sessions are spread evenly over the logs, rounded down to a multiple of their number. */
void bench_load_make(bench_load *load, size_t units, size_t sessions);
void bench_load_free(bench_load *load);

/* At most so many frames of each log's sessions: where they end in a log, and how many events they are. */
size_t bench_log_until(const bench_log *log, size_t frames);
size_t bench_load_events(const bench_load *load, size_t frames);

/* ---- bench_bare.c: DEALER/ROUTER + CURVE + LMDB group commit, and nothing else */

/* One receiving thread, one writing thread, an acknowledgement after each synced commit. */
typedef struct bench_bare bench_bare;
bench_bare *bench_bare_start(const char *folder, bool counters);
void bench_bare_stop(bench_bare **bare);
const char *bench_bare_endpoint(const bench_bare *bare);
const uint8_t *bench_bare_key(const bench_bare *bare);
/* LMDB as both bare ends use it. */
struct MDB_env;
struct MDB_env *bench_lmdb_open(const char *folder, unsigned *table);
void bench_lmdb_put(struct MDB_env *env, unsigned table, tdm_span bare, uint64_t *position); /* synced */

/* ---- bench_outbox.c: bare edges with a durable outbox each */
/* Seconds from the first append at an edge until all is acknowledged: so many frames of sessions of each log.
 */
double bench_outbox_run(const bench_bare *bare, const bench_load *load, size_t frames, const char *folder);
/* Median seconds from append to acknowledgement, one event at a time. */
double bench_outbox_latency(const bench_bare *bare, const bench_load *load, const char *folder, size_t count);

/* ---- bench_load.c: the load generator: prebuilt frames over 16 connections */
typedef struct bench_links bench_links;
/* hub: the origin to greet; NULL: bare, which greets nobody. Returns when every link may send. */
bench_links *bench_links_open(const char *endpoint, const uint8_t server_key[32], const bench_load *load,
                              const tdm_id *hub);
/* Send the units, or at most so many frames of sessions of each log, and return when all are acknowledged:
 * the seconds it took. */
double bench_links_send_units(bench_links *links);
double bench_links_send_sessions(bench_links *links, size_t frames);
void bench_links_close(bench_links **links);

/* ---- bench_hub.c: the real hub */
typedef struct bench_key {
    tdm_id origin;
    uint8_t seal[32];
    uint8_t link[32];
} bench_key;

typedef struct bench_hub {
    char folder[BENCH_PATH];
    char program[BENCH_PATH];
    char endpoint[64];
    tdm_id origin;
    uint8_t key[32];
    pid_t pid;
    uint16_t http;
    uint64_t facts; /* of the hub's own, stated beforehand */
} bench_hub;

/* Make a hub's store that knows these partners; every key's organisation is registered. */
void bench_hub_prepare(bench_hub *hub, const char *program, const char *folder, const bench_key *keys,
                       size_t count);
void bench_hub_prepare_load(bench_hub *hub, const char *program, const char *folder, const bench_load *load);
void bench_hub_start(bench_hub *hub); /* returns when its doors are open */
void bench_hub_stop(bench_hub *hub, int signal);
/* Events the figures are behind, or -1 if the hub does not answer. *complete: figures are whole. */
int64_t bench_hub_lag(const bench_hub *hub, bool *complete);
void bench_hub_wait_folded(const bench_hub *hub);
/* The body of an answer with status 200 appended, false otherwise. */
bool bench_hub_get(const bench_hub *hub, const char *path, tdm_buf *out);
/* Such as VmRSS or RssAnon, in bytes. */
size_t bench_hub_memory(const bench_hub *hub, const char *word);
double bench_hub_cpu(const bench_hub *hub); /* seconds used so far */

/* ---- bench_edge.c: a node with a real store and link machine, in a process of its own */
typedef struct bench_order {
    enum { BENCH_CONNECT, BENCH_PREPARE, BENCH_STATE, BENCH_WAIT_FOLDED, BENCH_LATENCY, BENCH_CLOSE } what;
    bool units;   /* PREPARE: all units, else frames of sessions */
    size_t count; /* PREPARE: frames; LATENCY: facts */
    tdm_id hub;   /* CONNECT: to whom */
    uint8_t key[32];
    char endpoint[64];
} bench_order;
/* Sends its bench_key, then answers each order with a double, seconds, until it is told to close. */
void bench_edge_serve(int orders, const bench_log *log, const char *folder, size_t index);

/* ---- bench_edges.c: such nodes */
typedef struct bench_edges bench_edges;
/* Opens the stores, prepares `hub` for them, starts it and connects. */
bench_edges *bench_edges_open(bench_hub *hub, const char *program, const char *folder, const bench_load *load,
                              size_t count);
/* State all units, or so many frames of sessions, at every edge, in groups; seconds until the hub
 * acknowledged all. */
double bench_edges_run(bench_edges *edges, bool units, size_t frames);
void bench_edges_wait_folded(bench_edges *edges); /* the nodes' own figures */
/* Median seconds from stating one fact to its acknowledgement. */
double bench_edges_latency(bench_edges *edges, size_t count);
void bench_edges_close(bench_edges **edges);

/* ---- bench_start.c: one hub that holds much, or many */
typedef struct bench_start {
    double after_kill; /* seconds from exec to the first whole and right level document */
    double after_stop;
} bench_start;
void bench_start_run(bench_start *out, const char *program, const char *folder, const bench_load *load);
/* Bytes of memory at the hub per connected idle link. */
double bench_idle_run(const char *program, const char *folder, size_t links);
/* The most anonymous memory, in bytes, that a hub has while it takes and folds the load. */
double bench_units_run(const char *program, const char *folder, const bench_load *load);

#endif
