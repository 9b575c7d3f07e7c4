/* SPDX-License-Identifier: MPL-2.0
 *
 * store_bench.c: appending through the ledger against bare mdb_put of the same bytes, synced commits of the
 * same sizes, interleaved in one run. Hashing is done beforehand, as the link or the writer does it. Prints
 * events per second and the ratio (median of the rounds).
 *
 * store_bench [folder] [rounds]
 */
#include "tandem/ledger.h"
#include "tandem/pack.h"

#include <ftw.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EVENT_BYTES 255
#define MAP_BYTES ((size_t)1 << 30)
#define RUN_EVENTS 500 /* the longest run; larger commits take several */
#define ROUNDS_MAX 31

static const struct batch {
    size_t per_commit;
    size_t commits;
} BATCHES[] = { { 1, 400 }, { 100, 200 }, { 1000, 100 }, { 10000, 20 } };

typedef struct log {
    tdm_id origin;
    uint64_t incarnation;
    tdm_buf bytes;
    tdm_span *events;
    tdm_run *runs;
    size_t count;
    size_t run_count;
} log;

static void die(const char *step, const char *why)
{
    fprintf(stderr, "store_bench: %s: %s\n", step, why);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the same events for both ------------------------------------------------------------------ */

static void add_event(log *l, uint64_t sequence)
{
    uint8_t noise[EVENT_BYTES - 96];
    tdm_err err = { 0 };
    tdm_buf payload = { 0 };
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(sequence * 131 + i * 7);
    tdm_pack_map(&payload, 1);
    tdm_pack_uint(&payload, 1);
    tdm_pack_bin(&payload, noise, sizeof noise);
    tdm_event event = { .origin = l->origin,
                        .incarnation = l->incarnation,
                        .sequence = sequence,
                        .type = 900,
                        .author = TDM_AUTHOR_IS_DAEMON,
                        .subject = TDM_SPAN_LITERAL("log"),
                        .fact = { { 1 } },
                        .event_ms = 1490000000000,
                        .recorded_ms = 1490000000000 };
    if (tdm_event_encode(&event, tdm_buf_span(&payload), &l->bytes, &err) != TDM_OK)
        die("encode", err.what);
    tdm_buf_free(&payload);
}

static void cut_events(log *l)
{
    const uint8_t *at = l->bytes.data;
    tdm_cursor cursor = tdm_cursor_over(tdm_buf_span(&l->bytes));
    for (size_t i = 0; i < l->count; i++, at += l->events[i - 1].len) {
        l->events[i] = tdm_cursor_skip(&cursor);
        if (l->events[i].data != at)
            die("cut", "events do not follow one another");
    }
}

static void make_runs(log *l, size_t per_run)
{
    tdm_digest *digests = calloc(per_run, sizeof *digests), head = { { 0 } };
    for (size_t at = 0; at < l->count; at += per_run) {
        tdm_run *run = &l->runs[l->run_count++];
        for (size_t i = 0; i < per_run; i++)
            tdm_event_digest(l->events[at + i], &digests[i]);
        run->first = at + 1;
        run->last = at + per_run;
        tdm_run_root(digests, per_run, &run->root);
        tdm_run_head(&head, &run->root, &run->head);
        head = run->head;
    }
    free(digests);
}

static log log_new(size_t count, size_t per_run)
{
    log l = { .incarnation = 7, .count = count };
    memset(l.origin.bytes, 5, sizeof l.origin.bytes);
    l.events = calloc(count, sizeof *l.events);
    l.runs = calloc(count / per_run, sizeof *l.runs);
    for (size_t i = 0; i < count; i++)
        add_event(&l, i + 1);
    cut_events(&l);
    make_runs(&l, per_run);
    return l;
}

static void log_free(log *l)
{
    tdm_buf_free(&l->bytes);
    free(l->events);
    free(l->runs);
}

/* ---- the two ways ------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static double through_ledger(const char *path, const log *l, size_t per_commit)
{
    tdm_kv_options options = { path, TDM_KV_READ_WRITE, MAP_BYTES, TDM_LEDGER_TABLES, TDM_LEDGER_TABLE_COUNT,
                               false };
    tdm_kv *kv = NULL;
    tdm_ledger *ledger = NULL;
    tdm_err err = { 0 };
    if (tdm_kv_open_lmdb(&kv, &options, &err) != TDM_OK || tdm_ledger_open(&ledger, &kv, &err) != TDM_OK)
        die("open", err.what);
    size_t per_run = (size_t)(l->runs[0].last - l->runs[0].first) + 1, next = 0;
    double start = now_s();
    for (size_t done = 0; done < l->count; done += per_commit) {
        tdm_ledger_txn *txn = NULL;
        tdm_code code = tdm_ledger_begin(ledger, &txn, &err);
        for (size_t i = 0; i < per_commit && code == TDM_OK; i += per_run, next++)
            code = tdm_ledger_append_run(txn, &l->origin, l->incarnation, &l->runs[next],
                                         &l->events[next * per_run], 1, &err);
        if (code != TDM_OK || tdm_ledger_commit(&txn, &err) != TDM_OK)
            die("append", err.what);
    }
    double took = now_s() - start;
    tdm_ledger_close(&ledger);
    return took;
}

static int put_bare(MDB_env *env, MDB_dbi table, const log *l, size_t from, size_t count)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env, NULL, 0, &txn);
    for (size_t i = from; i < from + count && rc == 0; i++) {
        uint64_t position = __builtin_bswap64(i + 1);
        MDB_val key = { sizeof position, &position }, value = { l->events[i].len, (void *)l->events[i].data };
        rc = mdb_put(txn, table, &key, &value, MDB_APPEND);
    }
    return rc == 0 ? mdb_txn_commit(txn) : rc;
}

static double through_lmdb(const char *path, const log *l, size_t per_commit)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi table;
    if (mkdir(path, 0700) != 0 || mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, MAP_BYTES) != 0
        || mdb_env_set_maxdbs(env, 4) != 0 || mdb_env_open(env, path, 0, 0600) != 0
        || mdb_txn_begin(env, NULL, 0, &txn) != 0 || mdb_dbi_open(txn, "events", MDB_CREATE, &table) != 0
        || mdb_txn_commit(txn) != 0)
        die("bare", "cannot open");
    double start = now_s();
    for (size_t done = 0; done < l->count; done += per_commit) {
        int rc = put_bare(env, table, l, done, per_commit);
        if (rc != 0)
            die("bare", mdb_strerror(rc));
    }
    double took = now_s() - start;
    mdb_env_close(env);
    return took;
}

/* ---- rounds ------------------------------------------------------------------------------------ */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return values[count / 2];
}

static void measure(const char *folder, const struct batch *batch, size_t rounds)
{
    size_t per_run = batch->per_commit < RUN_EVENTS ? batch->per_commit : RUN_EVENTS;
    log l = log_new(batch->per_commit * batch->commits, per_run);
    double ledger[ROUNDS_MAX], bare[ROUNDS_MAX], ratio[ROUNDS_MAX];
    char path[512];
    snprintf(path, sizeof path, "%s/store", folder);
    for (size_t i = 0; i < rounds; i++) {
        bare[i] = (double)l.count / through_lmdb(path, &l, batch->per_commit);
        nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        ledger[i] = (double)l.count / through_ledger(path, &l, batch->per_commit);
        nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        ratio[i] = ledger[i] / bare[i];
    }
    printf("%6zu per commit, %3zu bytes: ledger %9.0f/s  bare %9.0f/s  ratio %.2f\n", batch->per_commit,
           l.bytes.len / l.count, median(ledger, rounds), median(bare, rounds), median(ratio, rounds));
    log_free(&l);
}

int main(int argc, char **argv)
{
    char folder[400] = "/tmp/tandem-bench-XXXXXX";
    size_t rounds = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 5;
    if (argc > 1)
        snprintf(folder, sizeof folder, "%s/tandem-bench-XXXXXX", argv[1]);
    if (rounds < 1 || rounds > ROUNDS_MAX || mkdtemp(folder) == NULL)
        die("start", "store_bench [folder] [rounds 1-31]");
    for (size_t i = 0; i < TDM_COUNT(BATCHES); i++)
        measure(folder, &BATCHES[i], rounds);
    rmdir(folder);
    return 0;
}
