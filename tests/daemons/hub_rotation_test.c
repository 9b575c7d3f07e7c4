/* SPDX-License-Identifier: MPL-2.0
 *
 * hub_rotation_test.c: a hub's keys turned over step by step, interrupted after each; and whom a node that
 * holds its log believes then.
 */
#include "core_world.h"
#include "hub_rotation.h"
#include "hub_trust.h"
#include "key_facts.h"
#include "rotation.h"

#include <sodium.h>
#include <string.h>

/* ---- what stands */

typedef struct standing {
    tdm_id hub;
    size_t seals; /* active */
    size_t links;
    size_t old_seals; /* revoked */
    size_t old_links;
    uint64_t last; /* the greatest bound of a revoked seal key */
} standing;

static tdm_code count_key(void *context, const tdm_key_fact *key, tdm_err *err)
{
    (void)err;
    standing *s = context;
    bool seals = key->purpose == TDM_PURPOSE_IS_SEAL;
    if (!tdm_id_equal(&key->origin, &s->hub))
        return TDM_OK;
    ++*(seals ? key->active ? &s->seals : &s->old_seals : key->active ? &s->links : &s->old_links);
    if (!key->active && key->last > s->last)
        s->last = key->last;
    return TDM_OK;
}

static standing stands(fixture *f)
{
    standing s = { .hub = *tdm_core_origin(f->core) };
    wait_folded(f->core);
    tdm_fold *fold = tdm_core_fold(f->core);
    assert_ok(tdm_fold_keys(fold, count_key, &s, err));
    tdm_core_fold_release(f->core, fold);
    return s;
}

static void expect(fixture *f, size_t seals, size_t old_seals, size_t links, size_t old_links)
{
    standing s = stands(f);
    assert_int_equal(s.seals, seals);
    assert_int_equal(s.old_seals, old_seals);
    assert_int_equal(s.links, links);
    assert_int_equal(s.old_links, old_links);
}

static tdm_identity self_of(fixture *f)
{
    tdm_identity self;
    tdm_core_identity(f->core, &self);
    return self;
}

static void go(fixture *f, tdm_turn until)
{
    assert_ok(tdm_hub_rotation_go(f->core, until, err));
}

static bool sealed_by(fixture *f, uint64_t sequence, const uint8_t key[32])
{
    tdm_proof proof;
    assert_ok(tdm_ledger_proof(tdm_core_ledger(f->core), tdm_core_origin(f->core),
                               tdm_core_incarnation(f->core), sequence, &proof, err));
    return memcmp(proof.seal.key, key, 32) == 0;
}

/* ---- the steps */

static void rotation_keeps_the_link_key(fixture *f)
{
    tdm_identity before = self_of(f);
    state_some(f->core, 1, 5, &(tdm_stated){ 0 });
    go(f, TDM_TURN_TOLD);
    tdm_identity after = self_of(f);
    assert_memory_not_equal(after.seal.public_key, before.seal.public_key, 32);
    assert_memory_equal(after.link_public, before.link_public, 32);
    expect(f, 1, 1, 2, 0);
    assert_int_equal(tdm_hub_rotation_told(f->core), own_last(f->core));
    assert_true(tdm_hub_rotation_is_on(f->core));
}

static void the_bound_is_where_the_new_key_begins(fixture *f)
{
    tdm_identity before = self_of(f);
    state_some(f->core, 1, 40, &(tdm_stated){ 0 });
    go(f, TDM_TURN_SEALS);
    uint64_t last = own_last(f->core);
    state_some(f->core, 41, 7, &(tdm_stated){ 0 }); /* between two steps, sealed anew already */
    go(f, TDM_TURN_TOLD);
    state_some(f->core, 51, 3, &(tdm_stated){ 0 });
    assert_int_equal(stands(f).last, last);
    for (uint64_t sequence = 1; sequence <= own_last(f->core); sequence++)
        assert_int_equal(sealed_by(f, sequence, before.seal.public_key), sequence <= last);
}

static void retiring_takes_the_new_link_key(fixture *f)
{
    tdm_identity before = self_of(f);
    tdm_identity next;
    go(f, TDM_TURN_TOLD);
    assert_ok(tdm_rotation_next(f->core, &next, err));
    go(f, TDM_TURN_DONE);
    tdm_identity after = self_of(f);
    assert_memory_equal(after.link_public, next.link_public, 32);
    assert_memory_not_equal(after.link_public, before.link_public, 32);
    expect(f, 1, 1, 1, 1);
    assert_false(tdm_hub_rotation_is_on(f->core));
    assert_int_equal(tdm_hub_rotation_told(f->core), 0);
}

static void nothing_is_retired_that_was_not_turned_over(fixture *f)
{
    tdm_identity before = self_of(f);
    uint64_t last = own_last(f->core);
    assert_code(TDM_NOT_FOUND, tdm_hub_rotation_go(f->core, TDM_TURN_DONE, NULL));
    assert_code(TDM_OK, tdm_hub_rotation_resume(f->core, NULL));
    tdm_identity after = self_of(f);
    assert_memory_equal(&after, &before, sizeof after);
    assert_int_equal(own_last(f->core), last);
}

/* After each step the hub dies; its next start finishes what was begun, and the command run again no more. */
static void any_step_may_be_the_last_for_now(fixture *f)
{
    for (tdm_turn step = TDM_TURN_MADE; step <= TDM_TURN_DONE; step++) {
        standing was = stands(f);
        go(f, step > TDM_TURN_TOLD ? TDM_TURN_TOLD : step);
        if (step > TDM_TURN_TOLD)
            go(f, step);
        fixture_reopen(f, true);
        wait_folded(f->core);
        assert_code(TDM_OK, tdm_hub_rotation_resume(f->core, NULL));
        if (step < TDM_TURN_ANSWERS) {
            expect(f, 1, was.old_seals + 1, 2, was.old_links);
            uint64_t last = own_last(f->core);
            go(f, TDM_TURN_TOLD);
            assert_int_equal(own_last(f->core), last);
            go(f, TDM_TURN_DONE);
        }
        expect(f, 1, was.old_seals + 1, 1, was.old_links + 1);
        assert_false(tdm_hub_rotation_is_on(f->core));
    }
    verify_whole(f->core);
}

/* A hub that came back from the safe in the middle has lost the link key that was to come. */
static void a_key_that_nobody_holds_ends_with_the_next_rotation(fixture *f)
{
    go(f, TDM_TURN_TOLD);
    assert_ok(tdm_rotation_forget(f->core, err));
    go(f, TDM_TURN_TOLD);
    expect(f, 1, 2, 2, 1);
    go(f, TDM_TURN_DONE);
    expect(f, 1, 2, 1, 2);
}

static void keys_that_were_are_remembered(fixture *f)
{
    tdm_buf retired = { 0 };
    tdm_identity first = self_of(f);
    assert_ok(tdm_hub_rotation_retired(f->core, &retired, err));
    assert_int_equal(retired.len, 0);
    go(f, TDM_TURN_TOLD);
    go(f, TDM_TURN_DONE);
    tdm_identity second = self_of(f);
    go(f, TDM_TURN_TOLD);
    go(f, TDM_TURN_TOLD);
    assert_ok(tdm_hub_rotation_retired(f->core, &retired, err));
    assert_int_equal(retired.len, 64);
    assert_memory_equal(retired.data, first.seal.public_key, 32);
    assert_memory_equal(retired.data + 32, second.seal.public_key, 32);
    tdm_buf_free(&retired);
}

static void who_heard_of_one_rotation_has_not_of_the_next(fixture *f)
{
    tdm_id node;
    tdm_id_random(&node);
    assert_false(tdm_hub_rotation_has_heard(f->core, &node));
    go(f, TDM_TURN_TOLD);
    assert_false(tdm_hub_rotation_has_heard(f->core, &node));
    assert_ok(tdm_hub_rotation_note(f->core, &node, err));
    fixture_reopen(f, true);
    assert_true(tdm_hub_rotation_has_heard(f->core, &node));
    go(f, TDM_TURN_DONE);
    assert_false(tdm_hub_rotation_has_heard(f->core, &node));
    go(f, TDM_TURN_TOLD);
    assert_false(tdm_hub_rotation_has_heard(f->core, &node));
}

/* ---- whom a node believes: by the hub's log, which is the same here */

static tdm_hub_trust trust_of(fixture *f)
{
    tdm_hub_trust trust;
    wait_folded(f->core);
    assert_ok(tdm_hub_trust_open(&trust, f->core, err));
    tdm_hub_trust_begin(&trust, tdm_core_origin(f->core));
    return trust;
}

static void a_pinned_key_ends_where_the_log_says(fixture *f)
{
    tdm_id hub = *tdm_core_origin(f->core);
    tdm_identity before = self_of(f);
    tdm_hub_trust trust = trust_of(f);
    assert_true(tdm_hub_trust_may_seal(&trust, &hub, before.seal.public_key, 1));
    tdm_hub_trust_keep(&trust);
    assert_true(tdm_hub_trust_may_seal(&trust, &hub, before.seal.public_key, 1000)); /* control: pinned */
    go(f, TDM_TURN_TOLD);
    uint64_t last = stands(f).last;
    tdm_hub_trust_refresh(&trust);
    assert_true(tdm_hub_trust_may_seal(&trust, &hub, before.seal.public_key, last));
    assert_false(tdm_hub_trust_may_seal(&trust, &hub, before.seal.public_key, last + 1));
    assert_true(tdm_hub_trust_may_seal(&trust, &hub, self_of(f).seal.public_key, last + 1));
    tdm_identity stranger;
    tdm_identity_renew(&stranger);
    assert_false(tdm_hub_trust_may_seal(&trust, &hub, stranger.seal.public_key, 1));
    tdm_hub_trust_close(&trust);
}

static void expect_dialled(const tdm_hub_trust *trust, const uint8_t known[32], const uint8_t *tried,
                           const uint8_t *wanted)
{
    uint8_t key[32];
    assert_int_equal(tdm_hub_trust_link_key(trust, known, tried, key), wanted != NULL);
    if (wanted != NULL)
        assert_memory_equal(key, wanted, 32);
}

static void link_keys_are_tried_in_turn_until_one_is_revoked(fixture *f)
{
    tdm_identity next;
    tdm_identity before = self_of(f);
    const uint8_t *old = before.link_public;
    tdm_hub_trust trust = trust_of(f);
    expect_dialled(&trust, old, NULL, old);
    expect_dialled(&trust, old, old, old);
    go(f, TDM_TURN_TOLD);
    assert_ok(tdm_rotation_next(f->core, &next, err));
    wait_folded(f->core);
    tdm_hub_trust_refresh(&trust);
    expect_dialled(&trust, old, NULL, old);
    expect_dialled(&trust, old, old, next.link_public);
    expect_dialled(&trust, old, next.link_public, old);
    assert_true(tdm_hub_trust_may_answer(&trust, old));
    go(f, TDM_TURN_DONE);
    wait_folded(f->core);
    tdm_hub_trust_refresh(&trust);
    assert_false(tdm_hub_trust_may_answer(&trust, old));
    expect_dialled(&trust, old, NULL, next.link_public);
    expect_dialled(&trust, old, old, next.link_public);
    expect_dialled(&trust, next.link_public, next.link_public, next.link_public);
    tdm_hub_trust_close(&trust);
}

static const core_row ROWS[] = {
    { "a rotation turns the seal key over and leaves the link key", rotation_keeps_the_link_key, true },
    { "the old seal key ends where the new one begins, whatever came between",
      the_bound_is_where_the_new_key_begins, true },
    { "retiring puts the new link key in the place of the old", retiring_takes_the_new_link_key, true },
    { "without a rotation there is nothing to retire or to resume",
      nothing_is_retired_that_was_not_turned_over, true },
    { "interrupted after any step it ends as if it had not been", any_step_may_be_the_last_for_now, true },
    { "a link key that nobody holds any more ends with the next rotation",
      a_key_that_nobody_holds_ends_with_the_next_rotation, true },
    { "seal keys that were are remembered, each once", keys_that_were_are_remembered, true },
    { "who heard of one rotation has not heard of the next", who_heard_of_one_rotation_has_not_of_the_next,
      true },
    { "the key that a node saw first ends where the log says", a_pinned_key_ends_where_the_log_says, true },
    { "a node tries the hub's link keys in turn, and a revoked one no more",
      link_keys_are_tried_in_turn_until_one_is_revoked, true },
};

int main(void)
{
    return core_suite("hub_rotation", ROWS, TDM_COUNT(ROWS));
}
