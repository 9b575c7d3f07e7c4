/* SPDX-License-Identifier: MPL-2.0
 *
 * lmdb_test.c: what only LMDB has: folders and modes, birth, the writer's lock, other processes, files that
 * were cut, what readers hold back.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs near the largest: much written in few commits. */
#define RUN_EVENTS 400
#define RUN_EVENT_BYTES 420

typedef struct place {
    char folder[64];
    char path[96];
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    scratch_make(p->folder);
    snprintf(p->path, sizeof p->path, "%s/store", p->folder);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    scratch_remove(p->folder);
    free(p);
    return 0;
}

static const char *inside(const place *p, const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", p->path, name);
    return path;
}

static tdm_code try_open(const place *p, tdm_kv_mode mode, tdm_kv **kv, tdm_err *err)
{
    tdm_kv_options options = { .path = p->path,
                               .mode = mode,
                               .map_bytes = 1 << 20,
                               .tables = TDM_LEDGER_TABLES,
                               .table_count = TDM_LEDGER_TABLE_COUNT };
    return tdm_kv_open_lmdb(kv, &options, err);
}

static tdm_code open_and_close(const place *p, tdm_kv_mode mode, tdm_err *err)
{
    tdm_kv *kv = NULL;
    tdm_code code = try_open(p, mode, &kv, err);
    tdm_kv_close(&kv);
    return code;
}

/* ---- folders, birth, locks --------------------------------------------------------------------- */

static unsigned mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void a_new_store_is_the_owners_alone(void **state)
{
    place *p = *state;
    mode_t old = umask(0);
    tdm_kv *kv = open_lmdb(p->path, TDM_KV_READ_WRITE, 1 << 20, true);
    umask(old);
    assert_int_equal(mode_of(p->path), 0700);
    assert_int_equal(mode_of(inside(p, "data.mdb")), 0600);
    assert_int_equal(mode_of(inside(p, "lock.mdb")), 0600);
    assert_int_equal(mode_of(inside(p, "writer.lock")), 0600);
    assert_int_equal(access(inside(p, "new.tmp"), F_OK), -1);
    tdm_kv_close(&kv);
    assert_null(kv);
    tdm_kv_close(&kv);
}

static void an_absent_store_is_not_found_by_readers(void **state)
{
    place *p = *state;
    tdm_err err = { 0 };
    assert_code(TDM_NOT_FOUND, open_and_close(p, TDM_KV_READ_ONLY, &err));
    assert_int_equal(access(p->path, F_OK), -1);
    assert_int_equal(mkdir(p->path, 0700), 0);
    assert_code(TDM_NOT_FOUND, open_and_close(p, TDM_KV_READ_ONLY, &err));
    assert_non_null(strstr(err.what, p->path));
}

static void write_file(const char *path, size_t bytes)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < bytes; i++)
        fputc('x', file);
    fclose(file);
}

static void a_birth_cut_short_is_begun_again(void **state)
{
    place *p = *state;
    assert_int_equal(mkdir(p->path, 0700), 0);
    assert_int_equal(mkdir(inside(p, "new.tmp"), 0700), 0);
    write_file(inside(p, "new.tmp/data.mdb"), 5000);
    write_file(inside(p, "new.tmp/lock.mdb"), 100);
    assert_code(TDM_OK, open_and_close(p, TDM_KV_READ_WRITE, NULL));
    assert_int_equal(access(inside(p, "new.tmp"), F_OK), -1);
    assert_code(TDM_OK, open_and_close(p, TDM_KV_READ_ONLY, NULL));
}

static void foreign_bytes_are_no_store(void **state)
{
    place *p = *state;
    tdm_err err = { 0 };
    assert_int_equal(mkdir(p->path, 0700), 0);
    write_file(inside(p, "data.mdb"), 20000);
    assert_code(TDM_CORRUPT, open_and_close(p, TDM_KV_READ_WRITE, &err));
    assert_code(TDM_CORRUPT, open_and_close(p, TDM_KV_READ_ONLY, &err));
}

static void a_file_cut_short_is_refused(void **state)
{
    place *p = *state;
    tdm_err err = { 0 };
    chain c = chain_new(1);
    tdm_ledger *ledger = open_ledger(open_lmdb(p->path, TDM_KV_READ_WRITE, 1 << 20, true));
    ledger_fill(ledger, &c, 4, 200, 255);
    tdm_ledger_close(&ledger);
    struct stat info;
    assert_int_equal(stat(inside(p, "data.mdb"), &info), 0);
    assert_int_equal(truncate(inside(p, "data.mdb"), info.st_size / 2), 0);
    assert_code(TDM_CORRUPT, open_and_close(p, TDM_KV_READ_ONLY, &err));
    assert_code(TDM_CORRUPT, open_and_close(p, TDM_KV_READ_WRITE, &err));
    assert_non_null(strstr(err.what, "cut"));
}

static void a_reader_may_not_write(void **state)
{
    place *p = *state;
    assert_code(TDM_OK, open_and_close(p, TDM_KV_READ_WRITE, NULL));
    tdm_kv *kv = open_lmdb(p->path, TDM_KV_READ_ONLY, 0, true);
    tdm_kv_txn *txn = NULL;
    assert_code(TDM_INVALID, tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, NULL));
    assert_null(txn);
    tdm_ledger *ledger = NULL;
    assert_code(TDM_NOT_FOUND, tdm_ledger_open(&ledger, &kv, NULL));
}

/* As a newer program finds it, that keeps more than the one that made the store. */
static void a_table_that_is_lacking_is_told_and_made_by_the_writer(void **state)
{
    static const char *const NAMES[] = { "old", "new" };
    place *p = *state;
    tdm_err err = { 0 };
    tdm_kv *kv = NULL;
    tdm_kv_options options = {
        .path = p->path, .mode = TDM_KV_READ_WRITE, .map_bytes = 1 << 20, .tables = NAMES, .table_count = 1
    };
    assert_code(TDM_OK, tdm_kv_open_lmdb(&kv, &options, &err));
    tdm_kv_close(&kv);
    options.table_count = TDM_COUNT(NAMES);
    options.mode = TDM_KV_READ_ONLY;
    assert_code(TDM_CORRUPT, tdm_kv_open_lmdb(&kv, &options, &err));
    assert_null(kv);
    assert_non_null(strstr(err.what, p->path));
    assert_non_null(strstr(err.what, "start its daemon once"));
    options.mode = TDM_KV_READ_WRITE;
    assert_code(TDM_OK, tdm_kv_open_lmdb(&kv, &options, &err));
    tdm_kv_close(&kv);
    options.mode = TDM_KV_READ_ONLY;
    assert_code(TDM_OK, tdm_kv_open_lmdb(&kv, &options, &err));
    tdm_kv_close(&kv);
}

/* ---- other processes --------------------------------------------------------------------------- */

/* A child that opens the store for writing, appends runs until told to stop, and tells when each is done. */
typedef struct child {
    pid_t id;
    int done; /* a byte per run */
    int stop; /* closed to stop it */
} child;

static void child_main(const char *path, int done, int stop, size_t runs)
{
    tdm_ledger *ledger = open_ledger(open_lmdb(path, TDM_KV_READ_WRITE, 1 << 20, true));
    chain c = chain_new(1);
    for (size_t i = 0; i < runs; i++) {
        made_run run = chain_run(&c, RUN_EVENTS, RUN_EVENT_BYTES, 0);
        if (ledger_add(ledger, &c, &run, 1) != TDM_OK || write(done, "r", 1) != 1)
            _exit(1);
        made_run_free(&run);
    }
    char byte;
    while (read(stop, &byte, 1) < 0 && errno == EINTR) {
    }
    tdm_ledger_close(&ledger);
    _exit(0);
}

static child child_start(const place *p, size_t runs)
{
    int done[2], stop[2];
    assert_int_equal(pipe2(done, O_CLOEXEC), 0);
    assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
    pid_t id = fork();
    assert_true(id >= 0);
    if (id == 0) {
        close(done[0]);
        close(stop[1]);
        child_main(p->path, done[1], stop[0], runs);
    }
    close(done[1]);
    close(stop[0]);
    return (child){ id, done[0], stop[1] };
}

static void child_wait_for_run(const child *c)
{
    char byte;
    assert_int_equal(read(c->done, &byte, 1), 1);
}

static void child_stop(child *c)
{
    int status = 0;
    close(c->stop);
    assert_int_equal(waitpid(c->id, &status, 0), c->id);
    close(c->done);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_second_writer_is_told_busy(void **state)
{
    place *p = *state;
    tdm_err err = { 0 };
    child c = child_start(p, 1);
    child_wait_for_run(&c);
    assert_code(TDM_BUSY, open_and_close(p, TDM_KV_READ_WRITE, &err));
    assert_non_null(strstr(err.what, "another process"));
    child_stop(&c);
    assert_code(TDM_OK, open_and_close(p, TDM_KV_READ_WRITE, &err));
}

/* The writer's map grows well beyond the reader's meanwhile. */
static void a_reader_beside_a_live_writer_sees_each_commit(void **state)
{
    enum { SEEN_RUNS = 3, ALL_RUNS = 230 };
    place *p = *state;
    child c = child_start(p, ALL_RUNS);
    for (int i = 0; i < SEEN_RUNS; i++)
        child_wait_for_run(&c);
    tdm_ledger *ledger = open_ledger(open_lmdb(p->path, TDM_KV_READ_ONLY, 0, true));
    uint64_t last = 0;
    tdm_kv_stats before, after;
    assert_ok(tdm_kv_stat(tdm_ledger_kv(ledger), &before, err));
    assert_ok(tdm_ledger_last_position(ledger, &last, err));
    assert_true(last >= SEEN_RUNS * RUN_EVENTS);
    for (uint64_t i = SEEN_RUNS; i < ALL_RUNS; i++) {
        child_wait_for_run(&c);
        assert_ok(tdm_ledger_last_position(ledger, &last, err));
        assert_true(last >= (i + 1) * RUN_EVENTS);
    }
    assert_ok(tdm_kv_stat(tdm_ledger_kv(ledger), &after, err));
    assert_true(after.used_bytes > before.map_bytes); /* it had to take the larger map over */
    assert_int_equal(ledger_faults(ledger), 0);
    tdm_ledger_close(&ledger);
    child_stop(&c);
}

/* ---- copies ------------------------------------------------------------------------------------- */

static uint64_t last_of(tdm_ledger *ledger)
{
    uint64_t last = 0;
    assert_ok(tdm_ledger_last_position(ledger, &last, err));
    return last;
}

/* A moment of it: whole commits only, whatever the writer does meanwhile. */
static void a_copy_beside_a_live_writer_is_whole(void **state)
{
    enum { SEEN_RUNS = 3, COPIES = 5, ALL_RUNS = 230 };
    place *p = *state;
    child c = child_start(p, ALL_RUNS);
    for (int i = 0; i < SEEN_RUNS; i++)
        child_wait_for_run(&c);
    tdm_ledger *ledger = open_ledger(open_lmdb(p->path, TDM_KV_READ_ONLY, 0, true));
    for (int i = 0; i < COPIES; i++) {
        char folder[128];
        tdm_err err = { 0 };
        snprintf(folder, sizeof folder, "%s/copy%d", p->folder, i);
        uint64_t before = last_of(ledger);
        assert_code(TDM_OK, tdm_kv_copy(tdm_ledger_kv(ledger), folder, &err));
        assert_code(TDM_EXISTS, tdm_kv_copy(tdm_ledger_kv(ledger), folder, &err));
        tdm_ledger *copy = open_ledger(open_lmdb(folder, TDM_KV_READ_ONLY, 0, true));
        uint64_t last = last_of(copy);
        assert_true(last >= before && last % RUN_EVENTS == 0);
        assert_int_equal(ledger_faults(copy), 0);
        tdm_ledger_close(&copy);
        snprintf(folder, sizeof folder, "%s/copy%d/data.mdb", p->folder, i);
        assert_int_equal(mode_of(folder), 0600);
    }
    for (int i = SEEN_RUNS; i < ALL_RUNS; i++)
        child_wait_for_run(&c);
    tdm_ledger_close(&ledger);
    child_stop(&c);
}

/* What is thrown away if it is cut short need not wait for the disk at each commit. */
static void unsynced_commits_are_there_once_synced(void **state)
{
    enum { COMMITS = 50 };
    const place *p = *state;
    tdm_kv *kv = NULL;
    tdm_kv_txn *txn = NULL;
    tdm_kv_stats stats;
    tdm_err err = { 0 };
    const tdm_kv_options options = { .path = p->path,
                                     .mode = TDM_KV_READ_WRITE,
                                     .tables = TDM_LEDGER_TABLES,
                                     .table_count = TDM_LEDGER_TABLE_COUNT,
                                     .unsynced = true };
    assert_int_equal(tdm_kv_open_lmdb(&kv, &options, &err), TDM_OK);
    for (uint8_t i = 0; i < COMMITS; i++) {
        assert_int_equal(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, &err), TDM_OK);
        assert_int_equal(tdm_kv_append(txn, 0, (tdm_span){ &i, 1 }, (tdm_span){ &i, 1 }), TDM_OK);
        assert_int_equal(tdm_kv_commit(&txn, &err), TDM_OK);
    }
    assert_int_equal(tdm_kv_sync(kv, &err), TDM_OK);
    tdm_kv_close(&kv);
    assert_int_equal(try_open(p, TDM_KV_READ_WRITE, &kv, &err), TDM_OK); /* synced again from now on */
    assert_int_equal(tdm_kv_stat(kv, &stats, &err), TDM_OK);
    assert_int_equal(stats.entries[0], COMMITS);
    assert_int_equal(tdm_kv_sync(kv, &err), TDM_OK);
    tdm_kv_close(&kv);
}

static void memory_has_no_file_to_copy(void **state)
{
    place *p = *state;
    tdm_kv *kv = NULL;
    assert_ok(tdm_kv_open_memory(&kv, 1, err));
    assert_code(TDM_UNSUPPORTED, tdm_kv_copy(kv, p->path, NULL));
    tdm_kv_close(&kv);
}

/* ---- readers ------------------------------------------------------------------------------------ */

/* With the reader, and as the control without it. */
static void the_oldest_read_is_told(void **state)
{
    enum { COMMITS = 7 };
    place *p = *state;
    tdm_kv *kv = open_lmdb(p->path, TDM_KV_READ_WRITE, 1 << 20, false);
    tdm_kv_txn *reader = NULL, *writer = NULL;
    tdm_kv_stats stats = { 0 };
    assert_ok(tdm_kv_begin(kv, TDM_KV_READ_ONLY, &reader, err));
    for (int i = 0; i < COMMITS; i++) {
        assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &writer, err));
        tdm_kv_put(writer, 0, tdm_span_text("key"), (tdm_span){ (const uint8_t *)&i, sizeof i });
        assert_ok(tdm_kv_commit(&writer, err));
    }
    assert_ok(tdm_kv_stat(kv, &stats, err));
    assert_int_equal(stats.reader_behind, COMMITS);
    assert_int_equal(stats.reader_pid, getpid());
    tdm_kv_abort(&reader);
    assert_ok(tdm_kv_stat(kv, &stats, err));
    assert_int_equal(stats.reader_behind, 0);
    tdm_kv_close(&kv);
}

#define TEST(name, function)                                                                                 \
    {                                                                                                        \
        name, function, set_up, tear_down, NULL                                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("a new store is its owner's alone", a_new_store_is_the_owners_alone),
        TEST("an absent store is not found by readers, nor made", an_absent_store_is_not_found_by_readers),
        TEST("a birth cut short is begun again", a_birth_cut_short_is_begun_again),
        TEST("foreign bytes are no store", foreign_bytes_are_no_store),
        TEST("a file cut short is refused", a_file_cut_short_is_refused),
        TEST("a reader may not write, and makes no ledger", a_reader_may_not_write),
        TEST("a table that is lacking is told, and made by who writes",
             a_table_that_is_lacking_is_told_and_made_by_the_writer),
        TEST("a second writer is told busy", a_second_writer_is_told_busy),
        TEST("a reader beside a live writer sees each commit",
             a_reader_beside_a_live_writer_sees_each_commit),
        TEST("a copy beside a live writer is whole", a_copy_beside_a_live_writer_is_whole),
        TEST("unsynced commits are there once they are synced", unsynced_commits_are_there_once_synced),
        TEST("memory has no file to copy", memory_has_no_file_to_copy),
        TEST("the oldest read is told, and whose it is", the_oldest_read_is_told),
    };
    return cmocka_run_group_tests_name("lmdb", tests, NULL, NULL);
}
