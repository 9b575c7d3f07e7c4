/* SPDX-License-Identifier: MPL-2.0
 *
 * hub_bench.c: tandem-bench: what the hub does per second, what it takes, and how that compares with the bare
 * ceilings of its parts, measured in the same run: rounds of all, interleaved, and the median of each. Not a
 * test: figures depend on the machine; the ratios are what the aims are set for.
 *
 * tandem-bench [--events N] [--rounds N] [--only PART] [--folder DIR] [--json]
 * The hub is taken from TANDEM_BIN, or from beside this program. 0: measured; 1: could not; 2: wrong usage.
 */
#include "bench.h"

#include <getopt.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS_MAX 15
#define UNITS 200000
#define SHORT_FRAMES 40 /* of each log: some 490,000 events; longer runs would measure the fold's brake */
#define LATENCY_EVENTS 500
#define IDLE_LINKS 500
#define START_EVENTS 1000000
#define MEMORY_UNITS 1000000
#define SAMPLE_MS 100

typedef enum figure {
    BARE_SHORT,
    ACKNOWLEDGED,
    BARE_COUNTED,
    FOLDED,
    FOLDED_ACKNOWLEDGED,
    LAG,
    CPU_PER_MILLION,
    BARE_OUTBOX,
    NODES,
    BARE_LATENCY,
    LATENCY,
    AFTER_STOP,
    AFTER_KILL,
    IDLE,
    MEMORY,
    FIGURES
} figure;

/* What a figure is compared with, and the aim of the issue. */
static const struct line {
    const char *name;
    const char *unit;
    double scale;
    int over;      /* figure it is divided by; -1: none */
    double aim;    /* of the ratio, or of the figure where there is none; 0: none */
    bool at_least; /* else at most */
} LINES[FIGURES] = {
    [BARE_SHORT] = { "bare: CURVE + LMDB", "k events/s", 1e-3, -1, 0, false },
    [ACKNOWLEDGED] = { "hub: acknowledged", "k events/s", 1e-3, BARE_SHORT, 0.35, true },
    [BARE_COUNTED] = { "bare + 20 counters", "k events/s", 1e-3, -1, 0, false },
    [FOLDED] = { "hub: folded, sustained", "k events/s", 1e-3, BARE_COUNTED, 0.20, true },
    [FOLDED_ACKNOWLEDGED] = { "  acknowledged meanwhile", "k events/s", 1e-3, BARE_COUNTED, 0, true },
    [LAG] = { "  lag of the figures, most", "k events", 1e-3, -1, 0, false },
    [CPU_PER_MILLION] = { "  hub's CPU per million", "s", 1, -1, 0, false },
    [BARE_OUTBOX] = { "bare + outbox at 16 edges", "k events/s", 1e-3, -1, 0, false },
    [NODES] = { "nodes' stores and hub", "k events/s", 1e-3, BARE_OUTBOX, 0.35, true },
    [BARE_LATENCY] = { "bare + outbox, one event", "ms", 1e3, -1, 0, false },
    [LATENCY] = { "node to hub, one event", "ms", 1e3, BARE_LATENCY, 2.5, false },
    [AFTER_STOP] = { "start with 1 M events", "s", 1, -1, 0.5, false },
    [AFTER_KILL] = { "  the same after kill -9", "s", 1, -1, 0, false },
    [IDLE] = { "memory per idle link", "KiB", 1.0 / 1024, -1, 65536, false },
    [MEMORY] = { "anonymous memory at most", "MiB", 1.0 / 1048576, -1, 1073741824, false },
};

typedef struct bench {
    size_t events;
    size_t rounds;
    const char *only;
    bool json;
    char program[BENCH_PATH];
    char scratch[BENCH_PATH];
    bench_load load;
    double taken[FIGURES][ROUNDS_MAX];
    size_t count[FIGURES];
} bench;

static void note(bench *b, figure which, double value)
{
    if (b->count[which] < ROUNDS_MAX)
        b->taken[which][b->count[which]++] = value;
}

/* A folder of this step's own. */
static void make_folder(const bench *b, char *out, size_t len)
{
    snprintf(out, len, "%.400s/step-XXXXXX", b->scratch);
    if (mkdtemp(out) == NULL)
        bench_die("scratch", "cannot make a folder");
}

/* ---- the steps */

static double bare_rate(bench *b, bool counters, size_t frames)
{
    char folder[BENCH_PATH];
    char store[BENCH_PATH + 16];
    make_folder(b, folder, sizeof folder);
    snprintf(store, sizeof store, "%s/bare", folder);
    bench_bare *bare = bench_bare_start(store, counters);
    bench_links *links = bench_links_open(bench_bare_endpoint(bare), bench_bare_key(bare), &b->load, NULL);
    double took = bench_links_send_sessions(links, frames);
    bench_links_close(&links);
    bench_bare_stop(&bare);
    bench_remove(folder);
    return (double)bench_load_events(&b->load, frames) / took;
}

static void measure_bare(bench *b)
{
    note(b, BARE_SHORT, bare_rate(b, false, SHORT_FRAMES));
}

static void measure_counted(bench *b)
{
    note(b, BARE_COUNTED, bare_rate(b, true, SIZE_MAX));
}

/* A hub that holds the units and has folded them. */
static bench_links *open_hub(bench *b, bench_hub *hub, const char *folder)
{
    char path[BENCH_PATH + 16];
    snprintf(path, sizeof path, "%s/hub", folder);
    bench_hub_prepare_load(hub, b->program, path, &b->load);
    bench_hub_start(hub);
    bench_links *links = bench_links_open(hub->endpoint, hub->key, &b->load, &hub->origin);
    bench_links_send_units(links);
    bench_hub_wait_folded(hub);
    return links;
}

static void measure_acknowledged(bench *b)
{
    char folder[BENCH_PATH];
    bench_hub hub;
    make_folder(b, folder, sizeof folder);
    bench_links *links = open_hub(b, &hub, folder);
    double took = bench_links_send_sessions(links, SHORT_FRAMES);
    note(b, ACKNOWLEDGED, (double)bench_load_events(&b->load, SHORT_FRAMES) / took);
    bench_links_close(&links);
    bench_hub_stop(&hub, SIGKILL);
    bench_remove(folder);
}

typedef struct sampler {
    const bench_hub *hub;
    _Atomic bool stop;
    int64_t most;
} sampler;

static void *sample(void *argument)
{
    sampler *s = argument;
    while (!atomic_load(&s->stop)) {
        bool complete;
        int64_t lag = bench_hub_lag(s->hub, &complete);
        if (lag > s->most)
            s->most = lag;
        poll(NULL, 0, SAMPLE_MS);
    }
    return NULL;
}

static void measure_folded(bench *b)
{
    char folder[BENCH_PATH];
    bench_hub hub;
    pthread_t thread;
    make_folder(b, folder, sizeof folder);
    bench_links *links = open_hub(b, &hub, folder);
    sampler s = { .hub = &hub };
    double events = (double)bench_load_events(&b->load, SIZE_MAX);
    double cpu = bench_hub_cpu(&hub);
    double start = bench_now();
    if (pthread_create(&thread, NULL, sample, &s) != 0)
        bench_die("sampler", "cannot start a thread");
    double acknowledged = bench_links_send_sessions(links, SIZE_MAX);
    bench_hub_wait_folded(&hub);
    note(b, FOLDED, events / (bench_now() - start));
    note(b, CPU_PER_MILLION, (bench_hub_cpu(&hub) - cpu) / events * 1e6);
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    note(b, FOLDED_ACKNOWLEDGED, events / acknowledged);
    note(b, LAG, (double)s.most);
    bench_links_close(&links);
    bench_hub_stop(&hub, SIGKILL);
    bench_remove(folder);
}

static void measure_outbox(bench *b)
{
    char folder[BENCH_PATH];
    char store[BENCH_PATH + 16];
    make_folder(b, folder, sizeof folder);
    snprintf(store, sizeof store, "%s/bare", folder);
    bench_bare *bare = bench_bare_start(store, false);
    double took = bench_outbox_run(bare, &b->load, SHORT_FRAMES, folder);
    note(b, BARE_OUTBOX, (double)bench_load_events(&b->load, SHORT_FRAMES) / took);
    bench_bare_stop(&bare);
    bench_remove(folder);
}

static void measure_nodes(bench *b)
{
    char folder[BENCH_PATH];
    bench_hub hub;
    make_folder(b, folder, sizeof folder);
    bench_edges *edges = bench_edges_open(&hub, b->program, folder, &b->load, BENCH_LINKS);
    bench_edges_run(edges, true, 0);
    bench_edges_wait_folded(edges);
    bench_hub_wait_folded(&hub);
    double took = bench_edges_run(edges, false, SHORT_FRAMES);
    note(b, NODES, (double)bench_load_events(&b->load, SHORT_FRAMES) / took);
    bench_edges_close(&edges);
    bench_hub_stop(&hub, SIGKILL);
    bench_remove(folder);
}

static void measure_latency(bench *b)
{
    char folder[BENCH_PATH];
    char store[BENCH_PATH + 16];
    bench_hub hub;
    make_folder(b, folder, sizeof folder);
    snprintf(store, sizeof store, "%s/bare", folder);
    bench_bare *bare = bench_bare_start(store, false);
    note(b, BARE_LATENCY, bench_outbox_latency(bare, &b->load, folder, LATENCY_EVENTS));
    bench_bare_stop(&bare);
    bench_edges *edges = bench_edges_open(&hub, b->program, folder, &b->load, 1);
    note(b, LATENCY, bench_edges_latency(edges, LATENCY_EVENTS));
    bench_edges_close(&edges);
    bench_hub_stop(&hub, SIGKILL);
    bench_remove(folder);
}

static void measure_start(bench *b)
{
    char folder[BENCH_PATH];
    bench_load *load = malloc(sizeof *load);
    bench_start start;
    if (load == NULL)
        bench_die("start", "out of memory");
    make_folder(b, folder, sizeof folder);
    bench_load_make(load, UNITS, START_EVENTS - UNITS);
    bench_start_run(&start, b->program, folder, load);
    note(b, AFTER_STOP, start.after_stop);
    note(b, AFTER_KILL, start.after_kill);
    bench_load_free(load);
    free(load);
    bench_remove(folder);
}

static void measure_memory(bench *b)
{
    char folder[BENCH_PATH];
    bench_load *load = malloc(sizeof *load);
    if (load == NULL)
        bench_die("memory", "out of memory");
    make_folder(b, folder, sizeof folder);
    note(b, IDLE, bench_idle_run(b->program, folder, IDLE_LINKS));
    bench_remove(folder);
    make_folder(b, folder, sizeof folder);
    bench_load_make(load, MEMORY_UNITS, MEMORY_UNITS);
    note(b, MEMORY, bench_units_run(b->program, folder, load));
    bench_load_free(load);
    free(load);
    bench_remove(folder);
}

/* each: in every round; else once, at the end */
static const struct step {
    const char *part;
    void (*measure)(bench *b);
    bool each;
} STEPS[] = {
    { "acknowledged", measure_bare, true }, { "acknowledged", measure_acknowledged, true },
    { "folded", measure_counted, true },    { "folded", measure_folded, true },
    { "nodes", measure_outbox, true },      { "nodes", measure_nodes, true },
    { "latency", measure_latency, true },   { "start", measure_start, false },
    { "memory", measure_memory, false },
};

static bool is_wanted(const bench *b, const struct step *step)
{
    return b->only == NULL || strcmp(b->only, step->part) == 0;
}

static void measure_all(bench *b)
{
    for (size_t round = 0; round <= b->rounds; round++)
        for (size_t i = 0; i < TDM_COUNT(STEPS); i++)
            if (is_wanted(b, &STEPS[i]) && STEPS[i].each == (round < b->rounds))
                STEPS[i].measure(b);
}

/* ---- the table */

static double value_of(const bench *b, figure which)
{
    return b->count[which] == 0 ? NAN : bench_median(b->taken[which], b->count[which]);
}

/* Of each round its own ratio, since the machine's speed drifts between rounds. */
static double ratio_of(const bench *b, figure which)
{
    double ratios[ROUNDS_MAX];
    size_t count = b->count[which];
    if (LINES[which].over < 0 || count == 0 || b->count[LINES[which].over] != count)
        return NAN;
    for (size_t i = 0; i < count; i++)
        ratios[i] = b->taken[which][i] / b->taken[LINES[which].over][i];
    return bench_median(ratios, count);
}

static const char *verdict(const struct line *line, double value, double ratio)
{
    double judged = line->over >= 0 ? ratio : value;
    if (line->aim == 0)
        return "";
    return (line->at_least ? judged >= line->aim : judged <= line->aim) ? "met" : "MISSED";
}

static void print_line(const bench *b, figure which)
{
    const struct line *line = &LINES[which];
    double value = value_of(b, which);
    double ratio = ratio_of(b, which);
    char aim[32] = "";
    char shown[16] = "";
    if (isnan(value))
        return;
    if (line->aim > 0)
        snprintf(aim, sizeof aim, "%s %.4g",
                 line->at_least ? ">=" : "<=", line->over >= 0 ? line->aim : line->aim * line->scale);
    if (!isnan(ratio))
        snprintf(shown, sizeof shown, "%.2f", ratio);
    printf("%-28s %10.3f %-11s %6s  %-9s %s\n", line->name, value * line->scale, line->unit, shown, aim,
           verdict(line, value, ratio));
}

static void print_table(const bench *b)
{
    double loads[3] = { 0 };
    if (getloadavg(loads, 3) != 3)
        loads[0] = NAN;
    printf("%zu sessions of %.0f bytes over %zu units, %d connections, %ld processors, %zu rounds, "
           "load average %.2f\n",
           b->load.sessions, b->load.mean_bytes, b->load.units, BENCH_LINKS, sysconf(_SC_NPROCESSORS_ONLN),
           b->rounds, loads[0]);
    printf("%-28s %10s %-11s %6s  %-9s\n", "", "median", "", "ratio", "aim");
    for (int i = 0; i < FIGURES; i++)
        print_line(b, (figure)i);
}

static void print_json(const bench *b)
{
    const char *comma = "";
    printf("{\"schema\":\"tandem.bench/1\",\"sessions\":%zu,\"units\":%zu,\"rounds\":%zu,\"data\":[",
           b->load.sessions, b->load.units, b->rounds);
    for (int i = 0; i < FIGURES; i++) {
        double value = value_of(b, (figure)i);
        double ratio = ratio_of(b, (figure)i);
        if (isnan(value))
            continue;
        printf("%s\n{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"", comma,
               LINES[i].name + strspn(LINES[i].name, " "), value * LINES[i].scale, LINES[i].unit);
        if (!isnan(ratio))
            printf(",\"ratio\":%.4f", ratio);
        printf(",\"verdict\":\"%s\"}", verdict(&LINES[i], value, ratio));
        comma = ",";
    }
    printf("\n]}\n");
}

/* ---- options, and a parent that cleans up whatever happens */

static int usage(void)
{
    fprintf(stderr,
            "tandem-bench [--events N] [--rounds 1-%d] [--only acknowledged|folded|nodes|latency|"
            "start|memory] [--folder DIR] [--json]\n",
            ROUNDS_MAX);
    return 2;
}

static bool parse(bench *b, const char **folder, int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        { "events", required_argument, NULL, 'e' }, { "rounds", required_argument, NULL, 'r' },
        { "only", required_argument, NULL, 'o' },   { "folder", required_argument, NULL, 'f' },
        { "json", no_argument, NULL, 'j' },         { NULL, 0, NULL, 0 }
    };
    int option;
    b->events = 2000000;
    b->rounds = 3;
    *folder = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (option == 'e')
            b->events = strtoull(optarg, NULL, 10);
        else if (option == 'r')
            b->rounds = strtoull(optarg, NULL, 10);
        else if (option == 'o')
            b->only = optarg;
        else if (option == 'f')
            *folder = optarg;
        else if (option == 'j')
            b->json = true;
        else
            return false;
    }
    size_t known = 0;
    for (size_t i = 0; i < TDM_COUNT(STEPS); i++)
        known += is_wanted(b, &STEPS[i]);
    return optind == argc && known > 0 && b->events >= BENCH_LINKS && b->rounds >= 1
           && b->rounds <= ROUNDS_MAX;
}

static bool find_hub(bench *b)
{
    char own[BENCH_PATH - 16];
    const char *bin = getenv("TANDEM_BIN");
    ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);
    if (bin == NULL && len > 0) {
        own[len] = '\0';
        *strrchr(own, '/') = '\0';
        bin = own;
    }
    snprintf(b->program, sizeof b->program, "%s/tandem-hub", bin == NULL ? "." : bin);
    return access(b->program, X_OK) == 0;
}

static int measure_and_print(bench *b)
{
    bench_load_make(&b->load, UNITS, b->events);
    measure_all(b);
    (b->json ? print_json : print_table)(b);
    bench_load_free(&b->load);
    return 0;
}

int main(int argc, char **argv)
{
    const char *folder;
    int status = 0;
    bench *b = calloc(1, sizeof *b);
    if (b == NULL || !parse(b, &folder, argc, argv))
        return usage();
    snprintf(b->scratch, sizeof b->scratch, "%.400s/tandem-bench-XXXXXX", folder);
    if (!find_hub(b) || mkdtemp(b->scratch) == NULL) {
        fprintf(stderr, "tandem-bench: there is no %s, or no room in %s\n", b->program, folder);
        return 1;
    }
    pid_t child = fork();
    if (child == 0) {
        status = measure_and_print(b);
        free(b);
        return status;
    }
    signal(SIGINT, SIG_IGN);
    if (child > 0)
        waitpid(child, &status, 0);
    bench_remove(b->scratch);
    free(b);
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
