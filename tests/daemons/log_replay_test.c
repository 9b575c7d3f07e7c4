/* SPDX-License-Identifier: MPL-2.0
 *
 * log_replay_test.c: a log brought into a store: new, known and conflicting events, parts of it, twice, and
 * after an interruption; afterwards it is the same log.
 */
#include "core_world.h"
#include "filing.h"
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

/* A key that the hub states for the origin of a made-up log. */
static void state_seal_key(fixture *f, const log_maker *log)
{
    tdm_record record;
    tdm_stated stated;
    tdm_buf subject = { 0 };
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_record_init(&record, TDM_TYPE_KEY);
    tdm_record_set_bytes(&record, TDM_KEY_ORIGIN, (tdm_span){ log->origin.bytes, TDM_ID_BYTES });
    tdm_record_set_number(&record, TDM_KEY_PURPOSE, TDM_PURPOSE_IS_SEAL);
    tdm_record_set_bytes(&record, TDM_KEY_PUBLIC_KEY, (tdm_span){ log->key.public_key, 32 });
    tdm_record_set_number(&record, TDM_KEY_STATE, TDM_KEYSTATE_IS_ACTIVE);
    tdm_id fact = tdm_filing_place(&record, &subject);
    assert_ok(
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, 17000, &record, err));
    assert_ok(tdm_core_state_drafts(f->core, drafts, &stated, err));
    tdm_drafts_free(&drafts);
    tdm_buf_free(&subject);
    wait_folded(f->core);
}

/* A log of somebody in an export of its own. */
static tdm_buf export_of_log(log_maker *log, made_batch *batches, size_t count)
{
    fixture other;
    fixture_open(&other, true, true);
    for (size_t i = 0; i < count; i++) {
        batch_make(&batches[i], log, 2, 10, 0);
        assert_code(TDM_OK, keep_one(&other, &batches[i]));
    }
    tdm_buf text = export_of(other.core);
    fixture_close(&other);
    return text;
}

static void into_a_running_core(fixture *f)
{
    char digits[9];
    tdm_replayed done;
    log_maker log;
    made_batch batches[3];
    log_maker_init(&log);
    tdm_buf text = export_of_log(&log, batches, 3);
    tdm_hex(digits, log.origin.bytes, 4);
    tdm_replay_options options = { .core = f->core, .node = digits, .dry_run = true };
    assert_code(TDM_OK, replay(&text, text.len, &options, &done));
    assert_int_equal(done.added, 60);
    options.dry_run = false;
    assert_code(TDM_DENIED, replay(&text, text.len, &options, &done)); /* control: nobody stated its key */
    state_seal_key(f, &log);
    uint64_t before = own_last(f->core);
    assert_code(TDM_OK, replay(&text, text.len, &options, &done));
    assert_int_equal(done.added, 60);
    assert_code(TDM_OK, replay(&text, text.len, &options, &done));
    assert_int_equal(done.added, 0);
    assert_int_equal(done.known, 60);
    assert_int_equal(own_last(f->core), before);
    verify_whole(f->core);
    tdm_buf_free(&text);
    for (size_t i = 0; i < TDM_COUNT(batches); i++)
        batch_free(&batches[i]);
}

/* What its own writer goes on with is nobody else's to write. */
static void its_own_log_is_its_own(fixture *f)
{
    tdm_replayed done;
    tdm_stated stated;
    assert_code(TDM_OK, state_some(f->core, 1, 5, &stated));
    tdm_buf text = export_of(f->core);
    tdm_replay_options options = { .core = f->core };
    assert_code(TDM_OK, replay(&text, text.len, &options, &done));
    assert_int_equal(done.added, 0);
    assert_int_equal(done.known, 6);
    tdm_buf_free(&text);
}

/* A log in parts: of what conflicted in an earlier one no more is taken. */
static void what_ended_stays_ended(fixture *f)
{
    tdm_replayed done;
    log_maker log;
    made_batch batch;
    log_maker_init(&log);
    tdm_buf text = export_of_log(&log, &batch, 1);
    state_seal_key(f, &log);
    tdm_replay_ends ends = { 0 };
    assert_ok(tdm_replay_ends_add(&ends, &log.origin, log.incarnation, err));
    char digits[9];
    tdm_hex(digits, log.origin.bytes, 4);
    tdm_replay_options options = { .core = f->core, .node = digits, .ends = &ends };
    assert_code(TDM_OK, replay(&text, text.len, &options, &done));
    expect(&done, 0, 0, 0, 21); /* with the first event of the hub it was exported at */
    options.ends = NULL;
    assert_code(TDM_OK, replay(&text, text.len, &options, &done));
    expect(&done, 20, 0, 0, 1); /* control */
    free(ends.logs);
    tdm_buf_free(&text);
    batch_free(&batch);
}

static void events_of_some_types(fixture *f)
{
    char folder[300];
    tdm_replayed done;
    log_maker log;
    made_batch batches[3];
    log_maker_init(&log);
    tdm_buf text = export_of_log(&log, batches, 3);
    store_of(f, "picked", folder);
    const uint32_t types[] = { TDM_TYPE_CATALOGUE_ENTRY };
    tdm_replay_options options = { .folder = folder, .map_bytes = 1 << 26, .types = types, .type_count = 1 };
    assert_code(TDM_OK, replay(&text, text.len, &options, &done));
    assert_int_equal(done.added, 59); /* all but the first events of the two logs */
    assert_int_equal(done.left_out, 2);
    tdm_buf picked = export_folder(folder);
    assert_null(memmem(picked.data, picked.len, "\"kind\":\"run\"", 12));
    assert_non_null(memmem(picked.data, picked.len, "\"kind\":\"notice\"", 15));
    assert_code(TDM_OK, replay(&text, text.len, &options, &done));
    assert_int_equal(done.known, 59);
    assert_int_equal(done.added, 0);
    tdm_buf_free(&picked);
    tdm_buf_free(&text);
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
    { "into a running core", into_a_running_core, true },
    { "its own log is its own", its_own_log_is_its_own, true },
    { "of a log that ended no more is taken", what_ended_stays_ended, true },
    { "events of some types", events_of_some_types, true },
};

int main(void)
{
    return core_suite("replay", ROWS, TDM_COUNT(ROWS));
}
