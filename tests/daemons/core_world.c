/* SPDX-License-Identifier: MPL-2.0
 *
 * core_world.c: cores, facts and logs for the tests of the core.
 */
#include "core_world.h"

#include "tandem/run.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MAP_BYTES = 1 << 26 };

/* ---- cores */

void core_reopen_with(fixture *f, const tdm_core_options *options)
{
    tdm_core_options all = *options;
    all.folder = f->folder;
    if (all.map_bytes == 0)
        all.map_bytes = MAP_BYTES;
    tdm_core_close(&f->core);
    assert_ok(tdm_core_open(&f->core, &all, err));
}

void fixture_open(fixture *f, bool hub, bool listens)
{
    *f = (fixture){ .grew_fd = -1 };
    world_folder(f->folder);
    core_reopen_with(f, &(tdm_core_options){ .hub = hub });
    if (!listens)
        return;
    f->grew_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_true(f->grew_fd >= 0);
    assert_ok(tdm_queue_open(&f->queue, 8192, err));
    assert_ok(tdm_core_listen(f->core, f->queue, f->grew_fd, err));
}

static void stop_listening(fixture *f)
{
    if (f->queue == NULL)
        return;
    if (f->core != NULL) /* a test may have closed it */
        tdm_core_unlisten(f->core, f->queue);
    tdm_queue_destroy(&f->queue, free);
    close(f->grew_fd);
}

void fixture_reopen(fixture *f, bool hub)
{
    stop_listening(f);
    core_reopen_with(f, &(tdm_core_options){ .hub = hub });
}

void fixture_close(fixture *f)
{
    stop_listening(f);
    tdm_core_close(&f->core);
    world_remove(f->folder);
}

static void run_row(void **state)
{
    const core_row *row = *state;
    fixture f;
    fixture_open(&f, row->hub, true);
    row->run(&f);
    fixture_close(&f);
}

int core_suite(const char *group, const core_row *rows, size_t count)
{
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){ rows[i].name, run_row, NULL, NULL, (void *)&rows[i] };
    int failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    free(tests);
    return failed;
}

/* ---- facts */

static void entry_record(tdm_record *record, char text[32], unsigned number)
{
    snprintf(text, 32, "p%u", number);
    tdm_record_init(record, TDM_TYPE_CATALOGUE_ENTRY);
    tdm_record_set_text(record, TDM_CATALOGUE_ENTRY_PROGRAMME, text);
    tdm_record_set_text(record, TDM_CATALOGUE_ENTRY_NAME, text);
}

tdm_drafts *drafts_of(unsigned from, unsigned count)
{
    tdm_drafts *drafts = tdm_drafts_new();
    for (unsigned i = from; i < from + count; i++) {
        char text[32];
        char subject[48];
        tdm_record record;
        entry_record(&record, text, i);
        snprintf(subject, sizeof subject, "programme/%s", text);
        tdm_id fact = tdm_fact_named((const char *[]){ "entry", text }, 2);
        assert_ok(
            tdm_drafts_add(drafts, TDM_AUTHOR_IS_DAEMON, tdm_span_text(subject), &fact, 17000, &record, err));
    }
    return drafts;
}

tdm_code state_some(tdm_core *core, unsigned from, unsigned count, tdm_stated *out)
{
    tdm_drafts *drafts = drafts_of(from, count);
    tdm_err err;
    tdm_code code = tdm_core_state_drafts(core, drafts, out, &err);
    tdm_drafts_free(&drafts);
    return code;
}

uint64_t own_last(tdm_core *core)
{
    tdm_tip tip;
    assert_ok(
        tdm_ledger_tip(tdm_core_ledger(core), tdm_core_origin(core), tdm_core_incarnation(core), &tip, err));
    return tip.last;
}

static void report_fault(void *context, const tdm_ledger_fault *fault)
{
    (void)context;
    print_error("%s: %s\n", fault->invariant, fault->what);
}

uint64_t verify_whole(tdm_core *core)
{
    tdm_ledger_summary summary;
    assert_ok(tdm_ledger_verify(tdm_core_ledger(core), report_fault, NULL, NULL, &summary, err));
    return summary.events;
}

void wait_folded(tdm_core *core)
{
    uint64_t position;
    assert_ok(tdm_ledger_last_position(tdm_core_ledger(core), &position, err));
    assert_ok(tdm_core_wait_folded(core, position, WAIT_MS, err));
}

/* ---- logs of others */

void log_maker_init(log_maker *log)
{
    memset(log, 0, sizeof *log);
    tdm_id_random(&log->origin);
    log->incarnation = 77;
    tdm_seal_key_new(&log->key);
}

static void birth_payload(const log_maker *log, tdm_buf *out)
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_INCARNATION);
    tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, 1);
    tdm_record_set_bytes(&record, TDM_INCARNATION_SEAL_KEY, (tdm_span){ log->key.public_key, 32 });
    assert_ok(tdm_record_encode(&record, out, err));
}

static void entry_payload(unsigned number, tdm_buf *out)
{
    char text[32];
    tdm_record record;
    entry_record(&record, text, number);
    assert_ok(tdm_record_encode(&record, out, err));
}

static void add_event(const log_maker *log, uint64_t sequence, unsigned salt, tdm_buf *out)
{
    tdm_buf subject = { 0 };
    tdm_buf payload = { 0 };
    tdm_event event = { .origin = log->origin,
                        .incarnation = log->incarnation,
                        .sequence = sequence,
                        .type = sequence == 1 ? TDM_TYPE_INCARNATION : TDM_TYPE_CATALOGUE_ENTRY,
                        .author = TDM_AUTHOR_IS_DAEMON,
                        .recorded_ms = WORLD_NOW + salt };
    if (sequence == 1) {
        birth_payload(log, &payload);
        tdm_subject_origin(&subject, &log->origin);
    } else {
        entry_payload((unsigned)sequence, &payload);
        tdm_buf_format(&subject, "programme/p%u", (unsigned)sequence);
    }
    memcpy(event.fact.bytes, &sequence, sizeof sequence);
    event.subject = tdm_buf_span(&subject);
    assert_ok(tdm_event_encode(&event, tdm_buf_span(&payload), out, err));
    tdm_buf_free(&subject);
    tdm_buf_free(&payload);
}

static void close_run(made_batch *made, log_maker *log, size_t at, size_t events)
{
    tdm_digest *digests = calloc(events, sizeof *digests);
    for (size_t i = 0; i < events; i++)
        tdm_event_digest(made->spans[at * events + i], &digests[i]);
    tdm_run *run = &made->runs[at];
    *run = (tdm_run){ .first = log->last + 1, .last = log->last + events };
    tdm_run_root(digests, events, &run->root);
    tdm_run_head(&log->head, &run->root, &run->head);
    log->last = run->last;
    log->head = run->head;
    free(digests);
}

void batch_make(made_batch *made, log_maker *log, size_t runs, size_t events_per_run, unsigned salt)
{
    size_t count = runs * events_per_run;
    size_t *starts = calloc(count + 1, sizeof *starts);
    *made =
        (made_batch){ .runs = calloc(runs, sizeof *made->runs), .spans = calloc(count, sizeof *made->spans) };
    for (size_t i = 0; i < count; i++) {
        starts[i] = made->bytes.len;
        add_event(log, log->last + i + 1, salt, &made->bytes);
    }
    starts[count] = made->bytes.len;
    for (size_t i = 0; i < count; i++)
        made->spans[i] = (tdm_span){ made->bytes.data + starts[i], starts[i + 1] - starts[i] };
    free(starts);
    for (size_t i = 0; i < runs; i++)
        close_run(made, log, i, events_per_run);
    made->batch = (tdm_log_batch){ .origin = log->origin,
                                   .incarnation = log->incarnation,
                                   .runs = made->runs,
                                   .run_count = runs,
                                   .event_spans = made->spans,
                                   .event_count = count,
                                   .events = tdm_buf_span(&made->bytes),
                                   .has_seal = true,
                                   .sender_last = log->last };
    tdm_seal_sign(&log->key, &log->origin, log->incarnation, log->last, &log->head, &made->batch.seal);
}

void batch_free(made_batch *made)
{
    tdm_buf_free(&made->bytes);
    free(made->runs);
    free(made->spans);
}

tdm_core_done *next_done(fixture *f)
{
    void *item = NULL;
    assert_int_equal(tdm_queue_wait(f->queue, &item, 1), 1);
    return item;
}

tdm_code keep_one(fixture *f, made_batch *made)
{
    assert_code(TDM_OK, tdm_core_keep(f->core, f->queue, &made->batch, f, 9));
    tdm_core_done *done = next_done(f);
    assert_ptr_equal(done->owner, f);
    assert_int_equal(done->token, 9);
    tdm_code code = done->code;
    if (code == TDM_OK)
        assert_memory_equal(&done->head, &made->runs[made->batch.run_count - 1].head, sizeof(tdm_digest));
    free(done);
    return code;
}
