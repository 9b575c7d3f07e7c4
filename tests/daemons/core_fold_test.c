/* SPDX-License-Identifier: MPL-2.0
 *
 * core_fold_test.c: the specification of how the fold follows the ledger: authorities that change, readers
 * beside it, views that are not its own, a writer that waits for it, stores opened for reading.
 */
#include "core_world.h"
#include "tide.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int64_t folded_events(tdm_core *core)
{
    tdm_fold_counts counts;
    tdm_fold *fold = tdm_core_fold(core);
    tdm_fold_counts_read(fold, &counts);
    tdm_core_fold_release(core, fold);
    return counts.events;
}

/* ---- authorities */

static void authority_swaps_the_fold(fixture *f)
{
    tdm_id hub;
    tdm_id read;
    tdm_stated stated;
    tdm_id_random(&hub);
    assert_code(TDM_OK, state_some(f->core, 1, 100, &stated));
    assert_false(tdm_core_authority(f->core, &read));
    assert_ok(tdm_core_set_authority(f->core, &hub, err));
    wait_folded(f->core);
    assert_int_equal(folded_events(f->core), 101);
    fixture_reopen(f, false);
    assert_true(tdm_core_authority(f->core, &read) && tdm_id_equal(&read, &hub));
    wait_folded(f->core);
    assert_int_equal(folded_events(f->core), 101);
}

typedef struct reader {
    tdm_core *core;
    atomic_bool stop;
    atomic_uint reads;
} reader;

static void *read_on(void *argument)
{
    reader *self = argument;
    while (!atomic_load(&self->stop)) {
        folded_events(self->core);
        atomic_fetch_add(&self->reads, 1);
    }
    return NULL;
}

static void *set_on(void *argument)
{
    tdm_core *core = argument;
    for (int i = 0; i < 5; i++) {
        tdm_id hub;
        tdm_err err;
        tdm_id_random(&hub);
        if (tdm_core_set_authority(core, &hub, &err) != TDM_OK)
            return core;
    }
    return NULL;
}

static void readers_beside_swaps(fixture *f)
{
    reader readers[2];
    pthread_t threads[4];
    void *failed[2];
    tdm_stated stated;
    for (size_t i = 0; i < TDM_COUNT(readers); i++) {
        readers[i] = (reader){ .core = f->core };
        pthread_create(&threads[i], NULL, read_on, &readers[i]);
    }
    pthread_create(&threads[2], NULL, set_on, f->core);
    pthread_create(&threads[3], NULL, set_on, f->core);
    for (unsigned i = 0; i < 20; i++)
        assert_code(TDM_OK, state_some(f->core, i * 10, 10, &stated));
    pthread_join(threads[2], &failed[0]);
    pthread_join(threads[3], &failed[1]);
    for (size_t i = 0; i < TDM_COUNT(readers); i++) {
        atomic_store(&readers[i].stop, true);
        pthread_join(threads[i], NULL);
        assert_true(atomic_load(&readers[i].reads) > 0);
    }
    assert_null(failed[0]);
    assert_null(failed[1]);
    wait_folded(f->core);
    assert_int_equal(folded_events(f->core), 201);
    fixture_reopen(f, false);
    wait_folded(f->core);
    assert_int_equal(folded_events(f->core), 201);
}

/* ---- views of another ledger */

static void move_folder(const char *from, const char *to, const char *name)
{
    char old[320];
    char fresh[320];
    snprintf(old, sizeof old, "%s/%s", from, name);
    snprintf(fresh, sizeof fresh, "%s/%s", to, name);
    world_remove(fresh);
    assert_int_equal(rename(old, fresh), 0);
}

static void views_ahead_begin_again(fixture *f)
{
    fixture other;
    tdm_stated stated;
    fixture_open(&other, false, false);
    assert_code(TDM_OK, state_some(other.core, 1, 500, &stated));
    wait_folded(other.core);
    tdm_core_close(&other.core);
    assert_code(TDM_OK, state_some(f->core, 1, 20, &stated));
    wait_folded(f->core);
    tdm_core_close(&f->core);
    move_folder(other.folder, f->folder, "views");
    core_reopen_with(f, &(tdm_core_options){ 0 });
    wait_folded(f->core);
    assert_int_equal(folded_events(f->core), 21);
    world_remove(other.folder);
}

static void missing_views_come_back(fixture *f)
{
    tdm_stated stated;
    char views[300];
    assert_code(TDM_OK, state_some(f->core, 1, 50, &stated));
    tdm_core_close(&f->core);
    snprintf(views, sizeof views, "%s/views", f->folder);
    world_remove(views);
    core_reopen_with(f, &(tdm_core_options){ 0 });
    wait_folded(f->core);
    assert_int_equal(folded_events(f->core), 51);
}

/* ---- a fold that lags */

typedef struct holder {
    tdm_core *core;
    sem_t held;
    sem_t release;
} holder;

static tdm_code hold_here(void *context, const tdm_key_fact *key, tdm_err *err)
{
    (void)key;
    (void)err;
    holder *self = context;
    sem_post(&self->held);
    sem_wait(&self->release);
    return TDM_END;
}

/* Whoever visits holds the fold's lock: nothing is folded meanwhile. */
static void *hold_fold(void *argument)
{
    holder *self = argument;
    tdm_fold *fold = tdm_core_fold(self->core);
    tdm_fold_keys(fold, hold_here, self, NULL);
    tdm_core_fold_release(self->core, fold);
    return NULL;
}

static void state_a_key(tdm_core *core)
{
    uint8_t bytes[32] = { 1 };
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_KEY);
    tdm_record_set_bytes(&record, TDM_KEY_ORIGIN, (tdm_span){ bytes, 16 });
    tdm_record_set_number(&record, TDM_KEY_PURPOSE, TDM_PURPOSE_IS_SEAL);
    tdm_record_set_bytes(&record, TDM_KEY_PUBLIC_KEY, (tdm_span){ bytes, 32 });
    tdm_record_set_number(&record, TDM_KEY_STATE, TDM_KEYSTATE_IS_ACTIVE);
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_stated stated;
    assert_ok(tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, TDM_SPAN_LITERAL("log"), (const tdm_id *)bytes,
                             17000, &record, err));
    assert_ok(tdm_core_state_drafts(core, drafts, &stated, err));
    tdm_drafts_free(&drafts);
    wait_folded(core);
}

static void keep_many(fixture *f, size_t batches)
{
    log_maker log;
    log_maker_init(&log);
    for (size_t i = 0; i < batches; i++) {
        made_batch made;
        batch_make(&made, &log, 1, 20, 0);
        assert_code(TDM_OK, tdm_core_keep(f->core, f->queue, &made.batch, f, i));
        batch_free(&made);
    }
}

static void writer_waits_for_the_fold(fixture *f)
{
    enum { BATCHES = 50, QUIET_MS = 200 };
    holder self = { .core = f->core };
    pthread_t thread;
    state_a_key(f->core);
    sem_init(&self.held, 0, 0);
    sem_init(&self.release, 0, 0);
    pthread_create(&thread, NULL, hold_fold, &self);
    sem_wait(&self.held);
    keep_many(f, BATCHES);
    size_t kept = 0;
    struct pollfd done = { .fd = tdm_queue_fd(f->queue), .events = POLLIN };
    for (void *item; poll(&done, 1, QUIET_MS) == 1; kept++) {
        assert_int_equal(tdm_queue_pop(f->queue, &item, 1), 1);
        free(item);
    }
    /* Two groups at most: one before the fold lags, one that is over the bound. */
    assert_true(kept > 0 && kept < BATCHES / 2);
    sem_post(&self.release);
    pthread_join(thread, NULL);
    for (; kept < BATCHES; kept++)
        free(next_done(f));
    wait_folded(f->core);
    assert_int_equal(verify_whole(f->core), 2 + BATCHES * 20);
}

static void run_with_small_lag(fixture *f)
{
    tdm_core_unlisten(f->core, f->queue);
    tdm_queue_destroy(&f->queue, free);
    core_reopen_with(f, &(tdm_core_options){ .hub = true, .gather_events = 100, .fold_lag_max = 50 });
    assert_ok(tdm_queue_open(&f->queue, 1024, err));
    assert_ok(tdm_core_listen(f->core, f->queue, f->grew_fd, err));
    writer_waits_for_the_fold(f);
}

/* ---- reading */

static void offline_reader_sees_all(fixture *f)
{
    tdm_stated stated;
    assert_code(TDM_OK, state_some(f->core, 1, 30, &stated));
    tdm_core *beside = NULL;
    tdm_core_options options = { .folder = f->folder, .read_only = true, .map_bytes = 1 << 26 };
    assert_ok(tdm_core_open(&beside, &options, err));
    assert_true(tdm_core_is_complete(beside));
    assert_int_equal(folded_events(beside), 31);
    assert_true(tdm_id_equal(tdm_core_origin(beside), tdm_core_origin(f->core)));
    assert_code(TDM_DENIED, state_some(beside, 100, 1, &stated));
    assert_code(TDM_DENIED, tdm_core_local_put(beside, "a", TDM_SPAN_LITERAL("b"), NULL));
    tdm_core_close(&beside);
}

static void offline_reader_as_of_a_tide(fixture *f)
{
    tdm_stated stated;
    uint64_t incarnation;
    uint64_t sequence;
    tdm_frontier frontier;
    assert_code(TDM_OK, state_some(f->core, 1, 10, &stated));
    assert_ok(tdm_tide_state(f->core, WORLD_NOW, false, &incarnation, &sequence, err));
    assert_code(TDM_OK, state_some(f->core, 100, 10, &stated));
    assert_ok(tdm_frontier_of_tide(tdm_core_ledger(f->core), tdm_core_origin(f->core), incarnation, sequence,
                                   &frontier, err));
    tdm_core *past = NULL;
    tdm_core_options options = {
        .folder = f->folder, .read_only = true, .frontier = &frontier, .map_bytes = 1 << 26
    };
    assert_ok(tdm_core_open(&past, &options, err));
    tdm_frontier_free(&frontier);
    assert_int_equal(folded_events(past), 12); /* the birth, ten facts, the tide */
    tdm_core_close(&past);
}

/* ---- a log without views: in memory, or aside in a file without a name */

static tdm_digest hash_without_views(const fixture *f, const tdm_frontier *frontier, uint64_t memory_events)
{
    tdm_core *core = NULL;
    tdm_digest hash;
    const tdm_core_options options = { .folder = f->folder,
                                       .hub = true,
                                       .read_only = true,
                                       .without_views = true,
                                       .frontier = frontier,
                                       .memory_events = memory_events };
    assert_ok(tdm_core_open(&core, &options, err));
    tdm_fold *fold = tdm_core_fold(core);
    assert_true(tdm_fold_has_views(fold) == (memory_events == 1));
    assert_ok(tdm_fold_state_hash(fold, &hash, err));
    tdm_core_fold_release(core, fold);
    tdm_core_close(&core);
    return hash;
}

static bool same_either_way(const fixture *f, const tdm_frontier *frontier)
{
    tdm_digest in_memory = hash_without_views(f, frontier, UINT64_MAX);
    tdm_digest aside = hash_without_views(f, frontier, 1);
    return tdm_digest_equal(&in_memory, &aside);
}

static void state_units(tdm_core *core, unsigned from, unsigned count);

static void without_views_aside(fixture *f)
{
    char folder[300];
    tdm_tip *tips = NULL;
    size_t count = 0;
    state_units(f->core, 1, 300);
    snprintf(folder, sizeof folder, "%s/aside", f->folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(setenv("TMPDIR", folder, 1), 0);
    assert_true(same_either_way(f, NULL));
    assert_ok(tdm_ledger_tips(tdm_core_ledger(f->core), &tips, &count, err));
    tdm_frontier_entry entry = { .origin = tips[0].origin,
                                 .incarnation = tips[0].incarnation,
                                 .sequence = 99 };
    const tdm_frontier frontier = { &entry, 1 };
    assert_true(same_either_way(f, &frontier));
    tdm_digest all = hash_without_views(f, NULL, 1);
    tdm_digest some = hash_without_views(f, &frontier, 1);
    assert_false(tdm_digest_equal(&all, &some)); /* control: the moment is another one */
    assert_int_equal(rmdir(folder), 0);          /* nothing is left */
    free(tips);
    unsetenv("TMPDIR");
}

static void without_room_aside(fixture *f)
{
    tdm_core *core = NULL;
    tdm_err err;
    const tdm_core_options options = {
        .folder = f->folder, .hub = true, .read_only = true, .without_views = true, .memory_events = 1
    };
    state_units(f->core, 1, 3);
    assert_int_equal(setenv("TMPDIR", "/nowhere", 1), 0);
    assert_code(TDM_IO, tdm_core_open(&core, &options, &err));
    assert_non_null(strstr(err.what, "/nowhere"));
    assert_non_null(strstr(err.what, "TMPDIR"));
    unsetenv("TMPDIR");
}

static void absent_store_is_told(fixture *f)
{
    char folder[300];
    tdm_core *core = NULL;
    tdm_err err;
    snprintf(folder, sizeof folder, "%s/nothing", f->folder);
    tdm_core_options options = { .folder = folder, .read_only = true, .map_bytes = 1 << 26 };
    assert_code(TDM_NOT_FOUND, tdm_core_open(&core, &options, &err));
    assert_null(core);
}

static void steps_have_numbers(fixture *f)
{
    tdm_stated stated;
    wait_folded(f->core);
    uint64_t before = tdm_core_fold_steps(f->core);
    assert_true(before > 0);
    assert_code(TDM_OK, state_some(f->core, 1, 10, &stated));
    wait_folded(f->core);
    assert_true(tdm_core_fold_steps(f->core) > before);
}

/* Units, whose dossiers are judged after they were filed. */
static void state_units(tdm_core *core, unsigned from, unsigned count)
{
    tdm_stated stated;
    tdm_drafts *drafts = tdm_drafts_new();
    for (unsigned i = from; i < from + count; i++) {
        char name[16];
        char subject[48];
        tdm_record record;
        snprintf(name, sizeof name, "u%u", i);
        snprintf(subject, sizeof subject, "unit/AB1/%s", name);
        tdm_record_init(&record, TDM_TYPE_UNIT);
        tdm_record_set_text(&record, TDM_UNIT_RECORDER, "AB1");
        tdm_record_set_text(&record, TDM_UNIT_LEAD, "AB1");
        tdm_record_set_text(&record, TDM_UNIT_UNIT_ID, name);
        tdm_record_set_number(&record, TDM_UNIT_KIND, TDM_UNITKIND_IS_PROGRAMME);
        tdm_record_set_number(&record, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
        tdm_record_set_number(&record, TDM_UNIT_START, 17000);
        tdm_id fact = tdm_fact_named((const char *[]){ "unit", name }, 2);
        assert_ok(
            tdm_drafts_add(drafts, TDM_AUTHOR_IS_DAEMON, tdm_span_text(subject), &fact, 17000, &record, err));
    }
    assert_ok(tdm_core_state_drafts(core, drafts, &stated, err));
    tdm_drafts_free(&drafts);
}

/* Of some steps at leisure nothing but judging is left when somebody begins to wait: that is gone on with. */
static void whoever_waits_goes_first(fixture *f)
{
    enum { ROUNDS = 30, UNITS = 4000 };
    for (unsigned i = 0; i < ROUNDS; i++) {
        int64_t all = 1 + (int64_t)(i + 1) * UNITS;
        state_units(f->core, i * UNITS, UNITS);
        while (folded_events(f->core) < all)
            sched_yield(); /* until all are filed */
        wait_folded(f->core);
        assert_true(tdm_core_is_complete(f->core));
        assert_int_equal(folded_events(f->core), all);
    }
    fixture_reopen(f, false);
    wait_folded(f->core);
    assert_int_equal(folded_events(f->core), 1 + ROUNDS * UNITS);
}

/* Then a step ends because the fold wants a checkpoint, which must not be of half a step. */
static void whoever_waits_with_a_small_cache(fixture *f)
{
    core_reopen_with(f, &(tdm_core_options){ .views_cache_bytes = 1 << 20 });
    whoever_waits_goes_first(f);
}

static void nobody_need_wait(fixture *f)
{
    tdm_stated stated;
    struct pollfd grown = { .fd = f->grew_fd, .events = POLLIN };
    assert_code(TDM_OK, state_some(f->core, 1, 3000, &stated));
    while (!tdm_core_is_complete(f->core)) {
        uint64_t count;
        assert_int_equal(poll(&grown, 1, WAIT_MS), 1);
        assert_int_equal(read(f->grew_fd, &count, sizeof count), sizeof count);
    }
    assert_int_equal(folded_events(f->core), 3001);
}

/* ---- a disk without room */

static size_t threads_named(const char *wanted)
{
    size_t found = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        char path[300];
        char name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *comm = fopen(path, "r");
        if (comm == NULL)
            continue; /* . and .. */
        found += fgets(name, sizeof name, comm) != NULL && strcmp(strtok(name, "\n"), wanted) == 0;
        fclose(comm);
    }
    closedir(tasks);
    return found;
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static tdm_code wait_a_little(tdm_core *core)
{
    enum { A_LITTLE_MS = 50 };
    tdm_err err;
    return tdm_core_wait_folded(core, UINT64_MAX, A_LITTLE_MS, &err); /* a position that never comes */
}

/* The checkpoint of a quiet fold fails, and goes on by itself once there is room; so does all the rest. */
static void figures_go_on_when_there_is_room(fixture *f)
{
    tdm_code code;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    state_units(f->core, 0, 1000);
    wait_folded(f->core);
    limit_files(1);
    while ((code = wait_a_little(f->core)) == TDM_UNREACHABLE)
        continue;
    limit_files(RLIM_INFINITY);
    assert_true(code == TDM_IO || code == TDM_FULL);
    while ((code = wait_a_little(f->core)) != TDM_UNREACHABLE)
        continue;
    signal(SIGXFSZ, before);
    state_units(f->core, 1000, 1000);
    wait_folded(f->core);
    assert_int_equal(folded_events(f->core), 2001);
    assert_int_equal(threads_named("fold"), 1);
    assert_int_equal(threads_named("fold-due"), 1);
}

static void waiting_ends_in_time(fixture *f)
{
    tdm_err err;
    assert_code(TDM_UNREACHABLE, tdm_core_wait_folded(f->core, 1000, 10, &err));
}

static const core_row ROWS[] = {
    { "a new authority begins the figures again, and lasts", authority_swaps_the_fold, false },
    { "readers go on while authorities change", readers_beside_swaps, false },
    { "views further on than the ledger begin again", views_ahead_begin_again, false },
    { "views that are gone come back", missing_views_come_back, false },
    { "the writer waits for a fold that lags, and all is kept in the end", run_with_small_lag, true },
    { "an offline reader sees all and states nothing", offline_reader_sees_all, false },
    { "an offline reader as of a tide sees what it covers", offline_reader_as_of_a_tide, true },
    { "a log without views is folded aside, all of it or a moment, and leaves nothing", without_views_aside,
      true },
    { "a folder that is not there is told, and how to choose one", without_room_aside, true },
    { "a folder without a store is told so", absent_store_is_told, false },
    { "each step of the fold has another number", steps_have_numbers, false },
    { "figures that are waited for come before those at leisure", whoever_waits_goes_first, false },
    { "the same with a cache that is soon full", whoever_waits_with_a_small_cache, false },
    { "figures follow though nobody waits for them", nobody_need_wait, true },
    { "figures go on when there is room on the disk again", figures_go_on_when_there_is_room, false },
    { "waiting for figures ends in time", waiting_ends_in_time, false },
};

int main(void)
{
    return core_suite("core and fold", ROWS, TDM_COUNT(ROWS));
}
