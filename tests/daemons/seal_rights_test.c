/* SPDX-License-Identifier: MPL-2.0
 *
 * seal_rights_test.c: verify tells of a log that goes on under a key without the right, and of no other.
 */
#include "core_world.h"
#include "key_facts.h"
#include "seal_rights.h"

#include <string.h>

typedef struct found {
    size_t count;
    tdm_ledger_fault last;
} found;

static void note_fault(void *context, const tdm_ledger_fault *fault)
{
    found *f = context;
    f->count++;
    f->last = *fault;
}

static found check(fixture *f)
{
    found seen = { 0 };
    uint64_t faults = 0;
    verify_whole(f->core); /* to the ledger itself every seal is sound */
    assert_ok(tdm_seal_rights_check(f->core, note_fault, &seen, &faults, err));
    assert_int_equal(faults, seen.count);
    return seen;
}

static void expect_none(fixture *f)
{
    found seen = check(f);
    if (seen.count > 0)
        fail_msg("%s", seen.last.what);
}

static void expect_fault(fixture *f, const log_maker *log, const char *what)
{
    found seen = check(f);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.last.invariant, "key");
    assert_true(tdm_id_equal(&seen.last.origin, &log->origin));
    assert_int_equal(seen.last.incarnation, log->incarnation);
    assert_int_equal(seen.last.sequence, log->last);
    if (strstr(seen.last.what, what) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", seen.last.what, what);
}

static void state_key(fixture *f, const tdm_id *origin, const uint8_t key[32], bool active, uint64_t last)
{
    tdm_stated stated;
    tdm_key_facts facts;
    tdm_drafts *drafts = tdm_drafts_new();
    wait_folded(f->core);
    tdm_fold *fold = tdm_core_fold(f->core);
    assert_ok(tdm_key_facts_open(&facts, f->core, fold, origin, 17000, drafts, err));
    assert_ok(tdm_key_facts_want(&facts, TDM_PURPOSE_IS_SEAL, key, active, last, err));
    tdm_key_facts_free(&facts);
    tdm_core_fold_release(f->core, fold);
    assert_ok(tdm_core_state_drafts(f->core, drafts, &stated, err));
    tdm_drafts_free(&drafts);
}

/* So many runs of three events, sealed once. */
static void go_on(fixture *f, log_maker *log, size_t runs)
{
    made_batch made;
    batch_make(&made, log, runs, 3, 0);
    assert_code(TDM_OK, keep_one(f, &made));
    batch_free(&made);
}

static log_maker a_partner(fixture *f, bool known)
{
    log_maker log;
    log_maker_init(&log);
    if (known)
        state_key(f, &log.origin, log.key.public_key, true, 0);
    go_on(f, &log, 2);
    return log;
}

static void a_log_under_its_key(fixture *f)
{
    a_partner(f, true);
    a_partner(f, true);
    expect_none(f);
    tdm_world world = { .core = f->core, .context = { .core = f->core, .now_ms = WORLD_NOW } };
    int status = 1;
    json_decref(world_ask(&world, "verify", NULL, NULL, &status));
    assert_int_equal(status, 0);
}

static void a_log_of_which_no_key_is_stated(fixture *f)
{
    a_partner(f, false);
    expect_none(f);
}

static void another_key_than_the_stated(fixture *f)
{
    log_maker log = a_partner(f, true);
    tdm_seal_key_new(&log.key);
    go_on(f, &log, 1);
    expect_fault(f, &log, "lets seal nothing of it; by a rightful key up to 6");
}

static void a_revoked_key_up_to_its_end(fixture *f)
{
    log_maker log = a_partner(f, true);
    state_key(f, &log.origin, log.key.public_key, false, log.last);
    expect_none(f);
}

static void a_revoked_key_beyond_its_end(fixture *f)
{
    log_maker log = a_partner(f, true);
    state_key(f, &log.origin, log.key.public_key, false, log.last);
    go_on(f, &log, 2);
    expect_fault(f, &log, "lets seal up to 6 alone");
    tdm_world world = { .core = f->core, .context = { .core = f->core, .now_ms = WORLD_NOW } };
    int status = 0;
    json_decref(world_ask(&world, "verify", NULL, NULL, &status));
    assert_int_equal(status, 1);
}

/* The heads are a chain: a later seal is over all before it. */
static void a_later_rightful_seal_proves_it(fixture *f)
{
    log_maker log = a_partner(f, true);
    state_key(f, &log.origin, log.key.public_key, false, log.last);
    go_on(f, &log, 2);
    tdm_seal_key_new(&log.key);
    state_key(f, &log.origin, log.key.public_key, true, 0);
    go_on(f, &log, 1);
    expect_none(f);
}

static void a_key_before_its_first(fixture *f)
{
    log_maker log = a_partner(f, true);
    tdm_seal_key_new(&log.key);
    state_key(f, &log.origin, log.key.public_key, false, 3);
    go_on(f, &log, 1);
    expect_fault(f, &log, "lets seal up to 3 alone");
}

static void only_the_log_that_is_wrong(fixture *f)
{
    log_maker log = a_partner(f, true);
    a_partner(f, true);
    tdm_seal_key_new(&log.key);
    go_on(f, &log, 1);
    a_partner(f, true);
    expect_fault(f, &log, "lets seal nothing of it");
}

static void a_key_of_another_partner(fixture *f)
{
    log_maker log = a_partner(f, true);
    const log_maker other = a_partner(f, true);
    state_key(f, &log.origin, log.key.public_key, false, log.last);
    log.key = other.key;
    go_on(f, &log, 1);
    expect_fault(f, &log, "lets seal nothing of it");
}

static void no_authority(fixture *f)
{
    log_maker log = a_partner(f, false);
    tdm_seal_key_new(&log.key);
    go_on(f, &log, 1);
    expect_none(f);
}

static const core_row ROWS[] = {
    { "a log sealed by its stated key is sound", a_log_under_its_key, true },
    { "a log of which no key is stated is not judged", a_log_of_which_no_key_is_stated, true },
    { "a log that goes on under another key is told", another_key_than_the_stated, true },
    { "what a revoked key sealed up to its end stays", a_revoked_key_up_to_its_end, true },
    { "what it sealed beyond its end is told", a_revoked_key_beyond_its_end, true },
    { "a later rightful seal proves what was before it", a_later_rightful_seal_proves_it, true },
    { "a key whose right ended before is told", a_key_before_its_first, true },
    { "only the log that is wrong is told", only_the_log_that_is_wrong, true },
    { "one partner's key is none of another's", a_key_of_another_partner, true },
    { "without an authority nothing is judged", no_authority, false },
};

int main(void)
{
    return core_suite("seal rights", ROWS, TDM_COUNT(ROWS));
}
