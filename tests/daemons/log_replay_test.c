/* SPDX-License-Identifier: MPL-2.0
 *
 * log_replay_test.c: a log brought into a store: new, known and conflicting events, parts of it, twice, and
 * after an interruption; afterwards it is the same log.
 */
#include "core_world.h"
#include "log_replay.h"
#include "log_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FACTS = 200 };

static tdm_code add_lines(void *context, tdm_span lines, tdm_err *err)
{
    (void)err;
    tdm_buf_add(context, lines.data, lines.len);
    return TDM_OK;
}

static tdm_buf export_of(tdm_core *core)
{
    tdm_buf out = { 0 };
    assert_ok(tdm_log_export(core, add_lines, &out, NULL, err));
    return out;
}

/* The export of a store that lies in a folder. */
static tdm_buf export_folder(const char *folder)
{
    const tdm_core_options options = { .folder = folder, .read_only = true };
    tdm_core *core = NULL;
    assert_ok(tdm_core_open(&core, &options, err));
    verify_whole(core);
    tdm_buf out = export_of(core);
    tdm_core_close(&core);
    return out;
}

static tdm_code replay(const tdm_buf *lines, size_t len, const tdm_replay_options *options, tdm_replayed *out)
{
    FILE *file = fmemopen((void *)lines->data, len, "r");
    assert_non_null(file);
    tdm_code code = tdm_log_replay(options, file, out, NULL);
    fclose(file);
    return code;
}

/* Counts as "new known conflicting left_out". */
static void expect(const tdm_replayed *done, int added, int known, int conflicting, int left_out)
{
    assert_int_equal(done->added, added);
    assert_int_equal(done->known, known);
    assert_int_equal(done->conflicting, conflicting);
    assert_int_equal(done->left_out, left_out);
}

static void store_of(const fixture *f, const char *name, char out[300])
{
    snprintf(out, 300, "%s/%s", f->folder, name);
}

static void same_log(const char *folder, const tdm_buf *wanted)
{
    tdm_buf got = export_folder(folder);
    assert_true(tdm_span_equal(tdm_buf_span(&got), tdm_buf_span(wanted)));
    tdm_buf_free(&got);
}

static void into_nothing_and_again(fixture *f)
{
    char folder[300];
    tdm_stated stated;
    tdm_replayed done;
    assert_code(TDM_OK, state_some(f->core, 1, FACTS, &stated));
    tdm_buf log = export_of(f->core);
    store_of(f, "copy", folder);
    tdm_replay_options options = { .folder = folder, .map_bytes = 1 << 26, .dry_run = true };
    assert_code(TDM_OK, replay(&log, log.len, &options, &done));
    expect(&done, FACTS + 1, 0, 0, 0);
    assert_int_not_equal(access(folder, F_OK), 0);
    options.dry_run = false;
    assert_code(TDM_OK, replay(&log, log.len, &options, &done));
    expect(&done, FACTS + 1, 0, 0, 0);
    assert_code(TDM_OK, replay(&log, log.len, &options, &done));
    expect(&done, 0, FACTS + 1, 0, 0);
    same_log(folder, &log);
    tdm_buf_free(&log);
}

static void what_came_since_is_added(fixture *f)
{
    char folder[300];
    tdm_stated stated;
    tdm_replayed done;
    assert_code(TDM_OK, state_some(f->core, 1, FACTS, &stated));
    tdm_buf first = export_of(f->core);
    assert_code(TDM_OK, state_some(f->core, FACTS + 1, 50, &stated));
    tdm_buf second = export_of(f->core);
    store_of(f, "copy", folder);
    tdm_replay_options options = { .folder = folder, .map_bytes = 1 << 26 };
    assert_code(TDM_OK, replay(&first, first.len, &options, &done));
    options.dry_run = true;
    assert_code(TDM_OK, replay(&second, second.len, &options, &done));
    expect(&done, 50, FACTS + 1, 0, 0);
    same_log(folder, &first);
    options.dry_run = false;
    assert_code(TDM_OK, replay(&second, second.len, &options, &done));
    expect(&done, 50, FACTS + 1, 0, 0);
    same_log(folder, &second);
    assert_code(TDM_OK, replay(&first, first.len, &options, &done)); /* an older one changes nothing */
    expect(&done, 0, FACTS + 1, 0, 0);
    same_log(folder, &second);
    tdm_buf_free(&first);
    tdm_buf_free(&second);
}

/* Whole runs are kept of what was cut; the rest comes with the next try. */
static void an_interrupted_one_goes_on(fixture *f)
{
    char folder[300];
    tdm_replayed done;
    for (unsigned i = 0; i < 20; i++) {
        tdm_stated stated;
        assert_code(TDM_OK, state_some(f->core, 1 + 10 * i, 10, &stated));
    }
    tdm_buf log = export_of(f->core);
    store_of(f, "copy", folder);
    const tdm_replay_options options = { .folder = folder, .map_bytes = 1 << 26 };
    uint64_t held = 0;
    for (size_t part = 1; part < 10; part++) {
        assert_code(TDM_MALFORMED, replay(&log, log.len * part / 10, &options, &done));
        assert_int_equal(done.known, held);
        held = done.known + done.added;
    }
    assert_true(held > 0 && held < 201);
    assert_code(TDM_OK, replay(&log, log.len, &options, &done));
    assert_int_equal(done.known, held);
    assert_int_equal(done.known + done.added, 201);
    same_log(folder, &log);
    tdm_buf_free(&log);
}

/* Two stores that went on from one place: what is here stays, and the other is told. */
static void a_fork_conflicts(fixture *f)
{
    char folder[300];
    tdm_stated stated;
    tdm_replayed done;
    made_batch batches[3];
    log_maker here;
    log_maker there;
    (void)stated;
    log_maker_init(&here);
    there = here;
    batch_make(&batches[0], &here, 2, 10, 0);
    there = here;
    batch_make(&batches[1], &here, 1, 10, 1);
    batch_make(&batches[2], &there, 1, 10, 2);
    assert_code(TDM_OK, keep_one(f, &batches[0]));
    tdm_buf common = export_of(f->core);
    assert_code(TDM_OK, keep_one(f, &batches[1]));
    tdm_buf mine = export_of(f->core);
    fixture other;
    fixture_open(&other, true, true);
    assert_code(TDM_OK, keep_one(&other, &batches[0]));
    assert_code(TDM_OK, keep_one(&other, &batches[2]));
    tdm_buf theirs = export_of(other.core);
    fixture_close(&other);
    store_of(f, "copy", folder);
    const tdm_replay_options options = { .folder = folder, .map_bytes = 1 << 26 };
    assert_code(TDM_OK, replay(&mine, mine.len, &options, &done));
    tdm_buf before = export_folder(folder);
    assert_code(TDM_DIFFERS, replay(&theirs, theirs.len, &options, &done));
    assert_int_equal(done.known, 20);
    assert_int_equal(done.conflicting, 10);
    assert_non_null(strstr(done.conflict, "another event 21 of"));
    assert_int_equal(done.added, 1); /* the other hub's own first event */
    assert_code(TDM_OK, replay(&common, common.len, &options, &done));
    assert_int_equal(done.conflicting, 0);
    tdm_buf_free(&before);
    tdm_buf_free(&common);
    tdm_buf_free(&mine);
    tdm_buf_free(&theirs);
    for (size_t i = 0; i < TDM_COUNT(batches); i++)
        batch_free(&batches[i]);
}

static void parts_of_it(fixture *f)
{
    char folder[300];
    char digits[9];
    tdm_replayed done;
    made_batch batch;
    log_maker other;
    tdm_stated stated;
    log_maker_init(&other);
    batch_make(&batch, &other, 2, 10, 0);
    assert_code(TDM_OK, state_some(f->core, 1, FACTS, &stated));
    assert_code(TDM_OK, keep_one(f, &batch));
    tdm_buf log = export_of(f->core);
    tdm_hex(digits, other.origin.bytes, 4);
    store_of(f, "one", folder);
    tdm_replay_options options = { .folder = folder, .map_bytes = 1 << 26, .node = digits };
    assert_code(TDM_OK, replay(&log, log.len, &options, &done));
    expect(&done, 20, 0, 0, FACTS + 1);
    options.node = NULL; /* the rest comes later */
    assert_code(TDM_OK, replay(&log, log.len, &options, &done));
    expect(&done, FACTS + 1, 20, 0, 0);
    tdm_buf got = export_folder(folder);
    assert_true(tdm_span_equal(tdm_buf_span(&got), tdm_buf_span(&log)));
    tdm_buf_free(&got);
    store_of(f, "early", folder);
    options.has_until = true;
    options.until_ms = 0;
    assert_code(TDM_OK, replay(&log, log.len, &options, &done));
    assert_int_equal(done.added + done.left_out, FACTS + 21);
    assert_true(done.left_out >= FACTS + 1);
    tdm_buf_free(&log);
    batch_free(&batch);
}

/* A log that begins after the end of what is here, and one of which a byte was changed. */
static void what_does_not_follow_is_refused(fixture *f)
{
    char folder[300];
    tdm_stated stated;
    tdm_replayed done;
    assert_code(TDM_OK, state_some(f->core, 1, 10, &stated));
    tdm_buf log = export_of(f->core);
    store_of(f, "copy", folder);
    const tdm_replay_options options = { .folder = folder, .map_bytes = 1 << 26 };
    char *name = memmem(log.data, log.len, "\"name\":\"p3\"", 11);
    assert_non_null(name);
    name[9] = '4';
    assert_code(TDM_DENIED, replay(&log, log.len, &options, &done));
    name[9] = '3';
    name[8] = 'p';
    assert_code(TDM_OK, replay(&log, log.len, &options, &done));
    tdm_buf_free(&log);
}

static void a_store_in_use_is_left_alone(fixture *f)
{
    tdm_replayed done;
    tdm_buf log = export_of(f->core);
    const tdm_replay_options options = { .folder = f->folder, .map_bytes = 1 << 26 };
    assert_code(TDM_BUSY, replay(&log, log.len, &options, &done));
    tdm_buf_free(&log);
}

static const core_row ROWS[] = {
    { "into nothing, and again", into_nothing_and_again, true },
    { "what came since is added", what_came_since_is_added, true },
    { "an interrupted one goes on", an_interrupted_one_goes_on, true },
    { "a fork conflicts", a_fork_conflicts, true },
    { "parts of it", parts_of_it, true },
    { "what does not follow is refused", what_does_not_follow_is_refused, true },
    { "a store in use is left alone", a_store_in_use_is_left_alone, true },
};

int main(void)
{
    return core_suite("replay", ROWS, TDM_COUNT(ROWS));
}
