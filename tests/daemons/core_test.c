/* SPDX-License-Identifier: MPL-2.0
 *
 * core_test.c: the specification of the core (daemons/common/core.h): identity, own facts, groups, what is
 * kept for links, listeners.
 */
#include "core_world.h"

#include "tandem/run.h"

#include <pthread.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- identity */

static void identity_lasts(fixture *f)
{
    tdm_id origin = *tdm_core_origin(f->core);
    uint64_t incarnation = tdm_core_incarnation(f->core);
    tdm_seal_key before;
    tdm_seal_key after;
    tdm_core_seal_key(f->core, &before);
    assert_int_equal(own_last(f->core), 1);
    fixture_reopen(f, false);
    tdm_core_seal_key(f->core, &after);
    assert_true(tdm_id_equal(&origin, tdm_core_origin(f->core)));
    assert_int_equal(incarnation, tdm_core_incarnation(f->core));
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(own_last(f->core), 1);
    assert_int_equal(verify_whole(f->core), 1);
}

static void hub_is_its_authority(fixture *f)
{
    tdm_id authority;
    assert_true(tdm_core_authority(f->core, &authority));
    assert_true(tdm_id_equal(&authority, tdm_core_origin(f->core)));
}

static void joined_store_is_no_hub(fixture *f)
{
    tdm_id hub;
    tdm_id_random(&hub);
    assert_ok(tdm_core_set_authority(f->core, &hub, err));
    fixture_reopen(f, false);
    tdm_core_close(&f->core);
    tdm_err err;
    tdm_core_options options = { .folder = f->folder, .hub = true, .map_bytes = 1 << 26 };
    assert_code(TDM_INVALID, tdm_core_open(&f->core, &options, &err));
    assert_null(f->core);
}

static void one_writer_only(fixture *f)
{
    tdm_core *second = NULL;
    tdm_err err;
    tdm_core_options options = { .folder = f->folder, .map_bytes = 1 << 26 };
    assert_code(TDM_BUSY, tdm_core_open(&second, &options, &err));
    assert_null(second);
}

/* ---- own facts */

static void stated_is_folded(fixture *f)
{
    tdm_stated stated;
    assert_code(TDM_OK, state_some(f->core, 1, 3, &stated));
    assert_int_equal(stated.first, 2);
    assert_int_equal(stated.last, 4);
    assert_ok(tdm_core_wait_folded(f->core, stated.position, WAIT_MS, err));
    assert_true(tdm_core_is_complete(f->core));
    tdm_fold *fold = tdm_core_fold(f->core);
    tdm_fold_counts counts;
    tdm_fold_counts_read(fold, &counts);
    tdm_core_fold_release(f->core, fold);
    assert_int_equal(counts.events, 4);
}

static void large_statement_becomes_runs(fixture *f)
{
    tdm_stated stated;
    assert_code(TDM_OK, state_some(f->core, 1, 3 * TDM_RUN_EVENTS_MAX, &stated));
    assert_int_equal(stated.last - stated.first + 1, 3 * TDM_RUN_EVENTS_MAX);
    assert_int_equal(verify_whole(f->core), 3 * TDM_RUN_EVENTS_MAX + 1);
    tdm_tip tip;
    assert_ok(tdm_ledger_tip(tdm_core_ledger(f->core), tdm_core_origin(f->core),
                             tdm_core_incarnation(f->core), &tip, err));
    assert_int_equal(tip.sealed, tip.last);
}

static void bad_fact_states_nothing(fixture *f)
{
    const tdm_draft bad = { .type = TDM_TYPE_TARGET,
                            .author = TDM_AUTHOR_IS_DAEMON,
                            .subject = TDM_SPAN_LITERAL("log"),
                            .payload = TDM_SPAN_LITERAL("\x80") };
    tdm_stated stated;
    tdm_err err;
    assert_code(TDM_MALFORMED, tdm_core_state(f->core, &bad, 1, &stated, &err));
    assert_non_null(strstr(err.what, "fact 1 of 1"));
    assert_int_equal(own_last(f->core), 1);
}

enum { CALLERS = 8, CALLS = 40 };

typedef struct caller {
    tdm_core *core;
    unsigned number;
    uint64_t seen[CALLS]; /* first sequence of each call */
    unsigned wrong;
} caller;

static void *call_on(void *argument)
{
    caller *self = argument;
    for (unsigned i = 0; i < CALLS; i++) {
        tdm_stated stated = { 0 };
        const tdm_draft bad = { .type = TDM_TYPE_TARGET, .payload = TDM_SPAN_LITERAL("\x80") };
        tdm_err err;
        unsigned count = 1 + i % 3;
        if (state_some(self->core, self->number * 10000 + i * 10, count, &stated) != TDM_OK
            || stated.last - stated.first + 1 != count)
            self->wrong++;
        if (tdm_core_state(self->core, &bad, 1, &stated, &err) != TDM_MALFORMED)
            self->wrong++;
        if (tdm_core_local_put(self->core, "", TDM_SPAN_LITERAL("x"), &err) != TDM_INVALID)
            self->wrong++;
        self->seen[i] = stated.first;
    }
    return NULL;
}

static uint64_t drafts_of_all(void)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < CALLS; i++)
        all += CALLERS * (1 + i % 3);
    return all;
}

/* Each caller's facts stand under the sequences it was told. */
static void check_own(caller *self)
{
    tdm_core *core = self->core;
    for (unsigned i = 0; i < CALLS; i++) {
        uint64_t position;
        tdm_buf bytes = { 0 };
        tdm_event event;
        char subject[48];
        snprintf(subject, sizeof subject, "programme/p%u", self->number * 10000 + i * 10);
        assert_ok(tdm_ledger_event_find(tdm_core_ledger(core), tdm_core_origin(core),
                                        tdm_core_incarnation(core), self->seen[i], &position, err));
        assert_ok(tdm_ledger_event_at(tdm_core_ledger(core), position, &bytes, err));
        assert_ok(tdm_event_decode(tdm_buf_span(&bytes), &event, err));
        assert_true(tdm_span_equal(event.subject, tdm_span_text(subject)));
        tdm_buf_free(&bytes);
    }
}

static void many_callers(fixture *f)
{
    caller callers[CALLERS];
    pthread_t threads[CALLERS];
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (caller){ .core = f->core, .number = i + 1 };
        pthread_create(&threads[i], NULL, call_on, &callers[i]);
    }
    for (unsigned i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < CALLERS; i++) {
        assert_int_equal(callers[i].wrong, 0);
        check_own(&callers[i]);
    }
    assert_int_equal(own_last(f->core), 1 + drafts_of_all());
    assert_int_equal(verify_whole(f->core), 1 + drafts_of_all());
}

static void local_state(fixture *f)
{
    tdm_buf value = { 0 };
    assert_ok(tdm_core_local_put(f->core, "test/name", TDM_SPAN_LITERAL("value"), err));
    fixture_reopen(f, false);
    assert_ok(tdm_core_local_get(f->core, "test/name", &value, err));
    assert_true(tdm_span_equal(tdm_buf_span(&value), TDM_SPAN_LITERAL("value")));
    assert_ok(tdm_core_local_put(f->core, "test/name", (tdm_span){ 0 }, err));
    assert_code(TDM_NOT_FOUND, tdm_core_local_get(f->core, "test/name", &value, NULL));
    tdm_buf_free(&value);
}

/* ---- what is kept for links */

static void kept_batch_counts(fixture *f)
{
    log_maker log;
    made_batch made;
    log_maker_init(&log);
    batch_make(&made, &log, 3, 50, 0);
    assert_code(TDM_OK, keep_one(f, &made));
    wait_folded(f->core);
    assert_int_equal(verify_whole(f->core), 151);
    struct pollfd grew = { .fd = f->grew_fd, .events = POLLIN };
    assert_int_equal(poll(&grew, 1, 0), 1);
    batch_free(&made);
}

static void known_batch_exists(fixture *f)
{
    log_maker log;
    made_batch made;
    log_maker_init(&log);
    batch_make(&made, &log, 1, 5, 0);
    assert_code(TDM_OK, keep_one(f, &made));
    assert_code(TDM_EXISTS, keep_one(f, &made));
    assert_int_equal(verify_whole(f->core), 6);
    batch_free(&made);
}

static tdm_code note_aside(void *context, const tdm_id *origin, const char *reason, tdm_span bytes,
                           int64_t received_ms, tdm_err *err)
{
    (void)origin;
    (void)received_ms;
    (void)err;
    assert_string_equal(reason, "fork");
    *(size_t *)context += bytes.len;
    return TDM_OK;
}

static void fork_is_set_aside(fixture *f)
{
    log_maker log;
    made_batch first;
    made_batch other;
    log_maker_init(&log);
    log_maker copy = log;
    batch_make(&first, &log, 1, 5, 0);
    batch_make(&other, &copy, 1, 5, 1);
    assert_code(TDM_OK, keep_one(f, &first));
    assert_code(TDM_CONFLICT, keep_one(f, &other));
    size_t bytes = 0;
    assert_ok(tdm_ledger_each_aside(tdm_core_ledger(f->core), note_aside, &bytes, err));
    assert_int_equal(bytes, other.bytes.len);
    assert_int_equal(verify_whole(f->core), 6);
    batch_free(&first);
    batch_free(&other);
}

static void gap_is_refused(fixture *f)
{
    log_maker log;
    made_batch first;
    made_batch second;
    log_maker_init(&log);
    batch_make(&first, &log, 1, 5, 0);
    batch_make(&second, &log, 1, 5, 0);
    assert_code(TDM_INVALID, keep_one(f, &second));
    assert_code(TDM_OK, keep_one(f, &first));
    assert_code(TDM_OK, keep_one(f, &second));
    batch_free(&first);
    batch_free(&second);
}

static void empty_batch_is_refused(fixture *f)
{
    const tdm_log_batch nothing = { .incarnation = 1 };
    assert_code(TDM_BUSY, tdm_core_keep(f->core, f->queue, &nothing, f, 1));
}

/* ---- notices */

static void make_notices(const made_batch *made, const log_maker *log, tdm_event *events, tdm_proof *proofs,
                         uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tdm_digest digests[8];
        assert_ok(tdm_event_decode(made->spans[i], &events[i], err));
        for (size_t j = 0; j < made->batch.event_count; j++)
            tdm_event_digest(made->spans[j], &digests[j]);
        proofs[i] = (tdm_proof){ .first = 1, .last = made->batch.event_count, .seal = made->batch.seal };
        tdm_proof_path(digests, made->batch.event_count, i, &proofs[i]);
        assert_ok(tdm_proof_check(&proofs[i], &events[i], err));
        numbers[i] = i + 1;
    }
    (void)log;
}

static void notices_move_the_cursor(fixture *f)
{
    log_maker log;
    made_batch made;
    tdm_event events[3];
    tdm_proof proofs[3];
    uint64_t numbers[3];
    log_maker_init(&log);
    batch_make(&made, &log, 1, 5, 0);
    make_notices(&made, &log, events, proofs, numbers, 3);
    tdm_notice_batch batch = { .count = 3, .numbers = numbers, .events = events, .proofs = proofs };
    tdm_id_random(&batch.epoch);
    assert_code(TDM_OK, tdm_core_keep_notices(f->core, f->queue, &batch, f, 4));
    tdm_core_done *done = next_done(f);
    assert_int_equal(done->what, TDM_DONE_NOTICES);
    assert_code(TDM_OK, done->code);
    free(done);
    fixture_reopen(f, false);
    bool has_epoch;
    tdm_id epoch;
    uint64_t number;
    tdm_core_feed_cursor(f->core, &has_epoch, &epoch, &number);
    assert_true(has_epoch && tdm_id_equal(&epoch, &batch.epoch));
    assert_int_equal(number, 3);
    assert_int_equal(verify_whole(f->core), 4);
    batch_free(&made);
}

static void no_cursor_at_first(fixture *f)
{
    bool has_epoch;
    tdm_id epoch;
    uint64_t number;
    tdm_core_feed_cursor(f->core, &has_epoch, &epoch, &number);
    assert_false(has_epoch);
    assert_int_equal(number, 0);
}

/* ---- listeners and closing */

static void unlisten_under_way(fixture *f)
{
    log_maker log;
    made_batch made[20];
    log_maker_init(&log);
    for (size_t i = 0; i < TDM_COUNT(made); i++) {
        batch_make(&made[i], &log, 1, 100, 0);
        assert_code(TDM_OK, tdm_core_keep(f->core, f->queue, &made[i].batch, f, i));
        batch_free(&made[i]);
    }
    tdm_core_unlisten(f->core, f->queue);
    tdm_queue_destroy(&f->queue, free);
    close(f->grew_fd);
    /* Nobody listens any more, and yet what was handed over is kept. */
    assert_int_equal(verify_whole(f->core), 1 + TDM_COUNT(made) * 100);
}

static void close_with_work_waiting(fixture *f)
{
    log_maker log;
    made_batch made[30];
    log_maker_init(&log);
    for (size_t i = 0; i < TDM_COUNT(made); i++) {
        batch_make(&made[i], &log, 1, 100, 0);
        assert_code(TDM_OK, tdm_core_keep(f->core, f->queue, &made[i].batch, f, i));
        batch_free(&made[i]);
    }
    tdm_core_close(&f->core);
    core_reopen_with(f, &(tdm_core_options){ 0 });
    assert_int_equal(verify_whole(f->core), 1 + TDM_COUNT(made) * 100);
    wait_folded(f->core);
    tdm_queue_destroy(&f->queue, free);
    close(f->grew_fd);
}

static void five_listeners_are_too_many(fixture *f)
{
    tdm_queue *queues[4] = { 0 };
    for (size_t i = 0; i < 4; i++) {
        assert_ok(tdm_queue_open(&queues[i], 1, err));
        tdm_code code = tdm_core_listen(f->core, queues[i], f->grew_fd, NULL);
        assert_code(i < 3 ? TDM_OK : TDM_BUSY, code);
    }
    for (size_t i = 0; i < 4; i++) {
        tdm_core_unlisten(f->core, queues[i]);
        tdm_queue_destroy(&queues[i], free);
    }
}

/* ---- a disk that says no */

static size_t file_bytes(const fixture *f, const char *name)
{
    char path[300];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    assert_int_equal(stat(path, &status), 0);
    return (size_t)status.st_size;
}

/* Files may not grow beyond this size; 0: as large as they like. */
static void limit_files(size_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_passes(fixture *f)
{
    tdm_stated stated;
    assert_code(TDM_OK, state_some(f->core, 1, 100, &stated));
    wait_folded(f->core);
    limit_files(file_bytes(f, "ledger/data.mdb"));
    tdm_code refused = state_some(f->core, 1000, 2000, &stated);
    limit_files(0);
    assert_true(refused == TDM_IO || refused == TDM_FULL);
    assert_int_equal(own_last(f->core), 101);
    assert_code(TDM_OK, state_some(f->core, 1000, 2000, &stated));
    assert_int_equal(stated.first, 102);
    assert_int_equal(verify_whole(f->core), 2101);
    wait_folded(f->core);
}

static void group_larger_than_the_map(fixture *f)
{
    core_reopen_with(f, &(tdm_core_options){ .map_bytes = 1 << 20 });
    tdm_stated stated;
    /* Some 150 bytes each: far more than the map has room for when the transaction begins. */
    assert_code(TDM_OK, state_some(f->core, 1, 600000, &stated));
    assert_int_equal(own_last(f->core), 600001);
    tdm_queue_destroy(&f->queue, free);
    close(f->grew_fd);
}

static const core_row ROWS[] = {
    { "a store's identity is made once and kept", identity_lasts, false },
    { "a hub is its own authority", hub_is_its_authority, true },
    { "the store of a node that joined cannot be opened as a hub", joined_store_is_no_hub, false },
    { "a second writer of a store is refused", one_writer_only, false },
    { "a stated fact is durable, then folded", stated_is_folded, false },
    { "a statement of any length becomes runs that are sealed", large_statement_becomes_runs, false },
    { "a fact that does not fit the schema states nothing", bad_fact_states_nothing, false },
    { "facts of many threads are all there, and refused requests spoil none", many_callers, false },
    { "local state lasts until it is emptied", local_state, false },
    { "a batch of another origin is kept, counted and told of", kept_batch_counts, false },
    { "a batch that is held already is known", known_batch_exists, false },
    { "of a fork both sides are kept, one of them aside", fork_is_set_aside, false },
    { "a batch beyond a gap is refused, and fits once the gap is filled", gap_is_refused, false },
    { "a batch without runs is refused", empty_batch_is_refused, false },
    { "notices and the feed's cursor become durable together", notices_move_the_cursor, false },
    { "a store that never had a notice has no cursor", no_cursor_at_first, false },
    { "a listener may leave while its requests are under way", unlisten_under_way, false },
    { "closing finishes what was handed over", close_with_work_waiting, false },
    { "a store has at most four listeners", five_listeners_are_too_many, false },
    { "a full disk refuses, and what comes after it has passed has no gap", full_disk_passes, false },
    { "a statement larger than the map is stored as the map grows", group_larger_than_the_map, false },
};

int main(void)
{
    return core_suite("core", ROWS, TDM_COUNT(ROWS));
}
