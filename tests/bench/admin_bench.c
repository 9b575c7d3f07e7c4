/* SPDX-License-Identifier: MPL-2.0
 *
 * admin_bench.c: what it costs to administer a log: verify, export, import-log, replay, rebuild, diff,
 * snapshot and restore, each the real command on the real store, beside the ceiling of the same run. Not a
 * test.
 *
 * admin_bench [--events N] [--folder DIR] [--keep] [STEP...]
 *   N       200,000, or 10,000,000 for the campaign; about 1 KiB of disk an event
 *   STEP    those steps only
 */
#include "admin_bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS = 200000, WORDS_MAX = 12 };
#define MEMORY_MIB 256.0

typedef struct bench {
    char folder[BENCH_PATH];
    char tandem[BENCH_PATH];
    admin_log log;
    admin_spent ceiling;
    bool missed;
} bench;

/* One step: the command's words, %F standing for the scratch folder. */
typedef struct step {
    const char *name;
    const char *words[WORDS_MAX];
    const char *out;    /* file in the scratch folder for its output */
    const char *text;   /* a file whose bytes count, in the scratch folder */
    double least_ratio; /* of the ceiling's events a second of processor; 0: no aim */
    double least_speed; /* of its events a second; 0: no aim */
    double least_mb;    /* of that file a second; 0: no aim */
    const char *drop;   /* what nobody needs afterwards */
} step;

static const step STEPS[] = {
    { "verify", { "verify", "--store", "%F/hub" }, NULL, NULL, 0.50, 0, 0, NULL },
    { "export",
      { "export", "--store", "%F/hub", "--output", "%F/log.jsonl" },
      NULL,
      "log.jsonl",
      0,
      0,
      150,
      NULL },
    { "export .zst",
      { "export", "--store", "%F/hub", "--output", "%F/log.jsonl.zst" },
      NULL,
      "log.jsonl",
      0,
      0,
      0,
      "log.jsonl.zst" },
    { "import-log",
      { "import-log", "%F/log.jsonl", "--store", "%F/imported" },
      NULL,
      NULL,
      0,
      0,
      0,
      "imported" },
    { "replay", { "replay", "%F/log.jsonl", "--store", "%F/replayed" }, NULL, NULL, 0, 0, 0, "log.jsonl" },
    { "replay, all known", { "replay", "%F/hub", "--store", "%F/replayed" }, NULL, NULL, 0, 0, 0, NULL },
    { "diff --events", { "diff", "%F/hub", "%F/replayed", "--events" }, NULL, NULL, 0, 0, 0, NULL },
    { "rebuild", { "rebuild", "--store", "%F/hub", "--yes", "--drop-old" }, NULL, NULL, 0, 0.25, 0, NULL },
    { "level", { "level", "--store", "%F/hub" }, "level.txt", NULL, 0, 0, 0, NULL },
    { "diff --figures", { "diff", "%F/hub", "%F/replayed", "--figures" }, NULL, NULL, 0, 0, 0, "replayed" },
    { "snapshot", { "snapshot", "%F/snapshot", "--store", "%F/hub" }, NULL, NULL, 0, 0, 0, NULL },
    { "level, snapshot", { "level", "--store", "%F/snapshot" }, "level.txt", NULL, 0, 0, 0, NULL },
    { "restore", { "restore", "%F/snapshot", "--store", "%F/restored" }, NULL, NULL, 0, 0, 0, "restored" },
    { "snapshot, by key",
      { "snapshot", "%F/sealed", "--store", "%F/hub", "--key-file", "%F/key" },
      NULL,
      NULL,
      0,
      0,
      0,
      NULL },
    { "restore, by key",
      { "restore", "%F/sealed", "--store", "%F/opened", "--key-file", "%F/key" },
      NULL,
      NULL,
      0,
      0,
      0,
      "opened" },
};

static void write_key(const bench *b)
{
    char path[BENCH_PATH + 16];
    snprintf(path, sizeof path, "%s/key", b->folder);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file != NULL && i < 64; i++)
        fputc("0123456789abcdef"[i % 16], file);
    if (file == NULL || fclose(file) != 0)
        bench_die("key", "it could not be written");
}

static const char *fill_in(const bench *b, const char *word, char room[BENCH_PATH + 64])
{
    if (strncmp(word, "%F", 2) != 0)
        return word;
    snprintf(room, BENCH_PATH + 64, "%s%s", b->folder, word + 2);
    return room;
}

static void run(const bench *b, const step *s, admin_spent *spent)
{
    static char rooms[WORDS_MAX][BENCH_PATH + 64];
    char out[BENCH_PATH + 64];
    char *words[WORDS_MAX + 2] = { (char *)b->tandem };
    snprintf(out, sizeof out, "%s/%s", b->folder, s->out == NULL ? "" : s->out);
    for (size_t i = 0; i < WORDS_MAX && s->words[i] != NULL; i++)
        words[i + 1] = (char *)fill_in(b, s->words[i], rooms[i]);
    admin_run(words, s->out == NULL ? NULL : out, spent);
}

/* ---- the table */

static const char *met(bool is)
{
    return is ? "met" : "MISSED";
}

static double ratio(const bench *b, const admin_spent *spent)
{
    return b->ceiling.cpu / (spent->cpu > 0 ? spent->cpu : 1e-9);
}

/* Of the ceiling's events a second, on as many cores as it takes. */
static double speed(const bench *b, const admin_spent *spent)
{
    return b->ceiling.seconds / (spent->seconds > 0 ? spent->seconds : 1e-9);
}

static void show(bench *b, const step *s, const admin_spent *spent, uint64_t bytes)
{
    double mb = (double)bytes / 1e6 / spent->seconds;
    bool small = spent->rss_mib <= MEMORY_MIB;
    printf("%-18s %8.1f s %8.1f s %8.0f k/s %6.2f %6.2f %7.1f MiB %-6s", s->name, spent->seconds, spent->cpu,
           (double)b->log.events / spent->seconds / 1e3, ratio(b, spent), speed(b, spent), spent->rss_mib,
           met(small));
    b->missed = b->missed || !small || spent->status != 0;
    if (bytes > 0)
        printf(" %6.0f MB/s of text", mb);
    if (s->least_mb > 0)
        printf(" (aim %.0f: %s)", s->least_mb, met(mb >= s->least_mb));
    if (s->least_ratio > 0)
        printf(" a core: aim %.2f: %s", s->least_ratio, met(ratio(b, spent) >= s->least_ratio));
    if (s->least_speed > 0)
        printf(" in all: aim %.2f: %s", s->least_speed, met(speed(b, spent) >= s->least_speed));
    if (spent->status != 0)
        printf(" ENDED WITH %d", spent->status);
    b->missed = b->missed || (s->least_mb > 0 && mb < s->least_mb)
                || (s->least_ratio > 0 && ratio(b, spent) < s->least_ratio)
                || (s->least_speed > 0 && speed(b, spent) < s->least_speed);
    printf("\n");
    fflush(stdout);
}

static void measure_ceiling(bench *b)
{
    char folder[BENCH_PATH + 16];
    snprintf(folder, sizeof folder, "%s/hub", b->folder);
    for (int i = 0; i < 2; i++) /* the first one brings the file into memory */
        admin_run_function(admin_ceiling, folder, &b->ceiling);
    if (b->ceiling.status != 0)
        bench_die("ceiling", "the log could not be scanned");
    printf("%-18s %8.1f s %8.1f s %8.0f k/s %6.2f %6.2f %7.1f MiB\n", "ceiling", b->ceiling.seconds,
           b->ceiling.cpu, (double)b->log.events / b->ceiling.seconds / 1e3, 1.0, 1.0, b->ceiling.rss_mib);
    fflush(stdout);
}

static bool is_asked(const char *name, char **only, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name, only[i]) == 0)
            return true;
    return count == 0;
}

static void measure_all(bench *b, char **only, int count)
{
    char path[BENCH_PATH + 64];
    printf("%-18s %10s %10s %12s %6s %6s %11s %-6s\n", "", "wall", "processor", "events", "a core", "in all",
           "anonymous", "256MiB");
    measure_ceiling(b);
    for (size_t i = 0; i < TDM_COUNT(STEPS); i++) {
        admin_spent spent;
        const step *s = &STEPS[i];
        uint64_t bytes = 0;
        if (!is_asked(s->name, only, count))
            continue;
        run(b, s, &spent);
        if (s->text != NULL) {
            snprintf(path, sizeof path, "%s/%s", b->folder, s->text);
            bytes = admin_file_bytes(path);
        }
        show(b, s, &spent, bytes);
        if (s->drop != NULL && count == 0) {
            snprintf(path, sizeof path, "%s/%s", b->folder, s->drop);
            bench_remove(path);
        }
    }
}

/* ---- start */

static void find_tandem(bench *b, const char *self)
{
    const char *bin = getenv("TANDEM_BIN");
    const char *slash = strrchr(self, '/');
    if (bin != NULL)
        snprintf(b->tandem, sizeof b->tandem, "%s/tandem", bin);
    else
        snprintf(b->tandem, sizeof b->tandem, "%.*s/tandem", slash == NULL ? 1 : (int)(slash - self),
                 slash == NULL ? "." : self);
    if (access(b->tandem, X_OK) != 0)
        bench_die("start", "no tandem beside this program: set TANDEM_BIN");
}

static void make_log(bench *b, uint64_t events)
{
    char hub[BENCH_PATH + 16];
    double start = bench_now();
    snprintf(hub, sizeof hub, "%s/hub", b->folder);
    if (mkdir(b->folder, 0700) != 0 && errno != EEXIST)
        bench_die(b->folder, strerror(errno));
    write_key(b);
    admin_log_make(hub, events, &b->log);
    strcat(hub, "/views"); /* of the hub's own facts: figures are made from nothing */
    bench_remove(hub);
    printf("%llu events of %.0f bytes in %llu sealed runs of 16 logs, %llu units, made in %.0f s\n",
           (unsigned long long)b->log.events, (double)b->log.bytes / (double)b->log.events,
           (unsigned long long)b->log.runs, (unsigned long long)b->log.units, bench_now() - start);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    bench b = { .folder = "" };
    char fresh[] = "/tmp/tandem-admin-bench-XXXXXX";
    uint64_t events = EVENTS;
    bool keep = false;
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--keep") == 0)
            keep = true;
        else if (strcmp(argv[at], "--events") == 0 && at + 1 < argc)
            events = strtoull(argv[++at], NULL, 10);
        else if (strcmp(argv[at], "--folder") == 0 && at + 1 < argc)
            snprintf(b.folder, sizeof b.folder, "%s", argv[++at]);
        else
            bench_die(argv[at], "admin_bench [--events N] [--folder DIR] [--keep] [STEP...]");
    }
    find_tandem(&b, argv[0]);
    if (b.folder[0] == '\0')
        snprintf(b.folder, sizeof b.folder, "%s", mkdtemp(fresh) == NULL ? "" : fresh);
    make_log(&b, events);
    measure_all(&b, argv + at, argc - at);
    if (!keep)
        bench_remove(b.folder);
    printf("%s\n", b.missed ? "an aim was MISSED" : "every aim was met");
    return 0;
}
