/* SPDX-License-Identifier: MPL-2.0
 *
 * rebuild_test.c: figures made again from the ledger: the same as those in use, or the difference is told;
 * damaged ones are replaced; an interrupted run is begun again.
 */
#include "core_world.h"
#include "rebuild.h"
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FACTS = 3000 };

static void path_of(const fixture *f, const char *name, char out[320])
{
    snprintf(out, 320, "%s/%s", f->folder, name);
}

static bool is_there(const fixture *f, const char *name)
{
    char path[320];
    struct stat found;
    path_of(f, name, path);
    return stat(path, &found) == 0;
}

/* A store with facts, folded and closed. */
static void make_store(fixture *f)
{
    tdm_stated stated;
    assert_code(TDM_OK, state_some(f->core, 1, FACTS, &stated));
    wait_folded(f->core);
    tdm_core_close(&f->core);
}

/* A process that was killed may hold the lock a moment longer. */
static tdm_rebuild *begin(const fixture *f)
{
    const tdm_rebuild_options options = { .folder = f->folder, .hub = true };
    tdm_rebuild *rebuild = NULL;
    tdm_err err = { 0 };
    for (int tries = 0; tries < 1000; tries++) {
        if (tdm_rebuild_open(&rebuild, &options, &err) != TDM_BUSY)
            break;
        poll(NULL, 0, 10);
    }
    if (rebuild == NULL)
        fail_msg("%s", err.what);
    return rebuild;
}

static tdm_rebuilt make(const fixture *f)
{
    tdm_rebuild *rebuild = begin(f);
    tdm_rebuilt out;
    assert_ok(tdm_rebuild_make(rebuild, &out, err));
    tdm_rebuild_close(&rebuild);
    return out;
}

static void swap(const fixture *f)
{
    tdm_rebuild *rebuild = begin(f);
    assert_ok(tdm_rebuild_swap(rebuild, err));
    tdm_rebuild_close(&rebuild);
}

static void same_again(fixture *f)
{
    make_store(f);
    tdm_rebuilt first = make(f);
    assert_true(tdm_figures_same(&first.before, &first.after));
    assert_int_equal(first.after.counts.events, FACTS + 1);
    assert_int_equal(first.after.position, FACTS + 1);
    assert_true(is_there(f, "views.new"));
    swap(f);
    assert_false(is_there(f, "views.new"));
    assert_true(is_there(f, "views.old/data.mdb"));
    tdm_rebuilt second = make(f);
    assert_true(tdm_figures_same(&second.before, &first.after));
    tdm_rebuild *rebuild = begin(f);
    assert_ok(tdm_rebuild_drop_new(rebuild, err));
    assert_ok(tdm_rebuild_drop_old(rebuild, err));
    assert_ok(tdm_rebuild_drop_old(rebuild, err));
    tdm_core *core = NULL;
    const tdm_core_options other = { .folder = f->folder, .hub = true };
    assert_code(TDM_BUSY, tdm_core_open(&core, &other, NULL)); /* no daemon starts meanwhile */
    tdm_rebuild_close(&rebuild);
    assert_false(is_there(f, "views.new") || is_there(f, "views.old"));
    fixture_reopen(f, true);
    wait_folded(f->core);
}

/* ---- figures that are not those of the ledger */

static tdm_kv *open_views(const fixture *f)
{
    char path[320];
    tdm_kv *kv = NULL;
    path_of(f, "views", path);
    const tdm_kv_options options = { .path = path,
                                     .mode = TDM_KV_READ_WRITE,
                                     .tables = TDM_VIEWS_TABLES,
                                     .table_count = TDM_VIEWS_TABLE_COUNT };
    assert_ok(tdm_kv_open_lmdb(&kv, &options, err));
    return kv;
}

static size_t table_named(const char *name)
{
    size_t table = 0;
    while (strcmp(TDM_VIEWS_TABLES[table], name) != 0)
        table++;
    return table;
}

/* One dossier less: what a fault of the machine, or of the program, may leave behind. */
static void lose_a_dossier(const fixture *f)
{
    tdm_kv *kv = open_views(f);
    tdm_kv_txn *txn = NULL;
    tdm_kv_cursor *cursor = NULL;
    tdm_span key;
    tdm_span value;
    uint8_t copy[512];
    size_t table = table_named("dossiers");
    assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, err));
    assert_ok(tdm_kv_cursor_open(txn, table, &cursor, err));
    assert_int_equal(tdm_kv_cursor_seek(cursor, TDM_SPAN_LITERAL("programme/"), &key, &value), TDM_OK);
    memcpy(copy, key.data, key.len);
    tdm_span gone = { copy, key.len };
    tdm_kv_cursor_close(&cursor);
    assert_code(TDM_OK, tdm_kv_del(txn, table, gone));
    assert_ok(tdm_kv_commit(&txn, err));
    tdm_kv_close(&kv);
}

static void others_are_told(fixture *f)
{
    make_store(f);
    lose_a_dossier(f);
    tdm_rebuilt made = make(f);
    assert_false(tdm_figures_same(&made.before, &made.after));
    swap(f);
    tdm_rebuilt again = make(f);
    assert_true(tdm_figures_same(&again.before, &made.after));
}

static void none_are_made(fixture *f)
{
    char path[320];
    make_store(f);
    path_of(f, "views/data.mdb", path);
    assert_int_equal(unlink(path), 0);
    tdm_rebuilt made = make(f);
    assert_int_equal(made.before.code, TDM_NOT_FOUND);
    assert_int_equal(made.after.counts.events, FACTS + 1);
    assert_false(tdm_figures_same(&made.before, &made.after));
    swap(f);
    tdm_rebuilt again = make(f);
    assert_true(tdm_figures_same(&again.before, &made.after));
}

/* All but the meta pages. */
static void garble(const char *path)
{
    enum { PAGE = 4096, META_PAGES = 2 };
    static uint8_t page[PAGE];
    struct stat found;
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &found), 0);
    memset(page, 0xA5, sizeof page);
    for (off_t at = META_PAGES * PAGE; at < found.st_size; at += PAGE)
        assert_int_equal(pwrite(fd, page, sizeof page, at), PAGE);
    close(fd);
}

/* Whatever that does to whoever reads it, it is a child's end. */
static void garbled_ones_are_replaced(fixture *f)
{
    char path[320];
    make_store(f);
    path_of(f, "views/data.mdb", path);
    garble(path);
    tdm_rebuilt made = make(f);
    assert_int_not_equal(made.before.code, TDM_OK);
    assert_int_equal(made.after.counts.events, FACTS + 1);
    swap(f);
    tdm_rebuilt again = make(f);
    assert_true(tdm_figures_same(&again.before, &made.after));
}

static void unfinished_ones_are_begun_again(fixture *f)
{
    char path[320];
    make_store(f);
    tdm_rebuilt first = make(f);
    path_of(f, "views.new/data.mdb", path);
    garble(path);
    tdm_rebuilt second = make(f);
    assert_true(tdm_figures_same(&first.after, &second.after));
}

/* What is called views.new is not gone on with. */
static void others_unfinished_ones_are_not_believed(fixture *f)
{
    char from[320];
    char to[320];
    make_store(f);
    lose_a_dossier(f);
    path_of(f, "views", from);
    path_of(f, "views.new", to);
    assert_int_equal(rename(from, to), 0);
    tdm_rebuilt made = make(f);
    assert_int_equal(made.before.code, TDM_NOT_FOUND);
    swap(f);
    fixture_reopen(f, true);
    wait_folded(f->core);
    tdm_core_close(&f->core);
    tdm_rebuilt again = make(f);
    assert_true(tdm_figures_same(&again.before, &made.after));
    assert_true(tdm_figures_same(&again.before, &again.after));
}

/* The log was brought back from an older copy, its figures were not. */
static void figures_of_a_longer_log_are_told(fixture *f)
{
    char from[320];
    char to[320];
    tdm_snapshot snapshot;
    tdm_stated stated;
    assert_code(TDM_OK, state_some(f->core, 1, 10, &stated));
    path_of(f, "snapshot", to);
    assert_ok(tdm_snapshot_make(f->core, to, 0, NULL, &snapshot, err));
    assert_code(TDM_OK, state_some(f->core, 11, 10, &stated));
    wait_folded(f->core);
    tdm_core_close(&f->core);
    path_of(f, "ledger/data.mdb", to);
    path_of(f, "snapshot/ledger/data.mdb", from);
    assert_int_equal(rename(from, to), 0);
    tdm_rebuilt made = make(f);
    assert_int_equal(made.before.code, TDM_DIFFERS);
    assert_int_equal(made.after.counts.events, 11);
}

/* A file cut short is told by its length. */
static void damaged_ones_are_replaced(fixture *f)
{
    char path[320];
    make_store(f);
    path_of(f, "views/data.mdb", path);
    assert_int_equal(truncate(path, 3 * 4096), 0);
    tdm_rebuilt made = make(f);
    assert_int_not_equal(made.before.code, TDM_OK);
    assert_true(strlen(made.before.what) > 0);
    assert_int_equal(made.after.counts.events, FACTS + 1);
    swap(f);
    tdm_rebuilt again = make(f);
    assert_true(tdm_figures_same(&again.before, &made.after));
}

static struct stat state_of(const fixture *f, const char *name)
{
    char path[320];
    struct stat found;
    path_of(f, name, path);
    assert_int_equal(stat(path, &found), 0);
    return found;
}

static void assert_unchanged(const struct stat *before, const struct stat *after)
{
    assert_int_equal(before->st_mtim.tv_sec, after->st_mtim.tv_sec);
    assert_int_equal(before->st_mtim.tv_nsec, after->st_mtim.tv_nsec);
    assert_int_equal(before->st_size, after->st_size);
}

/* The log at all times; the figures in use until others are put in their place, though they lag behind. */
static void what_is_there_is_only_read(fixture *f)
{
    make_store(f);
    struct stat ledger = state_of(f, "ledger/data.mdb");
    struct stat views = state_of(f, "views/data.mdb");
    make(f);
    struct stat after = state_of(f, "views/data.mdb");
    assert_unchanged(&views, &after);
    swap(f);
    after = state_of(f, "ledger/data.mdb");
    assert_unchanged(&ledger, &after);
}

/* ---- interruptions */

static bool stop_here(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    if (done == total)
        _exit(7); /* all is folded, nothing is told: the last moment at which a run may end */
    return true;
}

static void an_interrupted_one_is_begun_again(fixture *f)
{
    make_store(f);
    pid_t child = fork();
    if (child == 0) {
        const tdm_told told = { stop_here, NULL };
        const tdm_rebuild_options options = { .folder = f->folder, .hub = true, .told = &told };
        tdm_rebuild *rebuild = NULL;
        tdm_rebuilt out;
        tdm_err err;
        _exit(tdm_rebuild_open(&rebuild, &options, &err) == TDM_OK
                      && tdm_rebuild_make(rebuild, &out, &err) == TDM_OK
                  ? 0
                  : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    assert_true(is_there(f, "views.new"));
    tdm_rebuilt made = make(f);
    assert_true(tdm_figures_same(&made.before, &made.after));
}

/* ---- refusals */

static void a_running_daemon_is_left_alone(fixture *f)
{
    const tdm_rebuild_options options = { .folder = f->folder, .hub = true };
    tdm_rebuild *rebuild = NULL;
    assert_code(TDM_BUSY, tdm_rebuild_open(&rebuild, &options, NULL));
    assert_null(rebuild);
    assert_false(is_there(f, "views.new"));
}

static void a_folder_without_a_store(fixture *f)
{
    char folder[256];
    tdm_rebuild *rebuild = NULL;
    (void)f;
    world_folder(folder);
    const tdm_rebuild_options options = { .folder = folder, .hub = true };
    assert_code(TDM_NOT_FOUND, tdm_rebuild_open(&rebuild, &options, NULL));
    world_remove(folder);
}

static const core_row ROWS[] = {
    { "figures made again are the same, and take the old ones' place", same_again, true },
    { "figures that are not the ledger's are told", others_are_told, true },
    { "where there were none, they are made", none_are_made, true },
    { "a damaged file is told and replaced", damaged_ones_are_replaced, true },
    { "garbled pages are told and replaced", garbled_ones_are_replaced, true },
    { "garbled unfinished figures are begun again", unfinished_ones_are_begun_again, true },
    { "unfinished figures of another log are not believed", others_unfinished_ones_are_not_believed, true },
    { "figures of a longer log are told", figures_of_a_longer_log_are_told, true },
    { "what is there is only read", what_is_there_is_only_read, true },
    { "an interrupted run is begun again", an_interrupted_one_is_begun_again, true },
    { "a running daemon is left alone", a_running_daemon_is_left_alone, true },
    { "a folder without a store is refused", a_folder_without_a_store, true },
};

int main(void)
{
    return core_suite("rebuild", ROWS, TDM_COUNT(ROWS));
}
