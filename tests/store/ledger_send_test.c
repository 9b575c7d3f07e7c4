/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_send_test.c: what the ledger gives to be sent on: batches of runs, seals, proofs and notices, over
 * every backend.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* ---- batches of runs --------------------------------------------------------------------------- */

/* Six runs of 10 events; runs 2, 4 and 5 are sealed; each has about 2,550 bytes. */
static const struct batch_row {
    uint64_t from;
    size_t max_bytes;
    size_t max_runs;
    bool only_sealed;
    uint64_t first; /* 0: nothing */
    uint64_t last;
    bool has_seal;
} BATCHES[] = {
    { 1, 1 << 20, 99, false, 1, 60, false },  { 1, 1 << 20, 99, true, 1, 50, true },
    { 1, 1 << 20, 1, false, 1, 10, false },   { 1, 1 << 20, 1, true, 1, 20, true },
    { 1, 1 << 20, 3, true, 1, 20, true },     { 1, 1 << 20, 4, true, 1, 40, true },
    { 1, 100, 99, false, 1, 10, false },      { 1, 6000, 99, false, 1, 20, true },
    { 15, 1 << 20, 1, false, 11, 20, true },  { 20, 1 << 20, 2, false, 11, 30, false },
    { 21, 100, 99, true, 21, 40, true },      { 51, 1 << 20, 9, true, 0, 0, false },
    { 51, 1 << 20, 9, false, 51, 60, false }, { 61, 1 << 20, 9, false, 0, 0, false },
    { 41, 1 << 20, 1, false, 41, 50, true },
};

static void check_batch(const made_run *runs, const struct batch_row *row, const tdm_run_batch *batch)
{
    if (row->first == 0) {
        assert_int_equal(batch->run_count, 0);
        assert_int_equal(batch->events.len, 0);
        assert_int_equal(batch->event_count, 0);
        assert_false(batch->has_seal);
        return;
    }
    assert_int_equal(batch->runs[0].first, row->first);
    assert_int_equal(batch->runs[batch->run_count - 1].last, row->last);
    assert_int_equal(batch->event_count, row->last - row->first + 1);
    assert_int_equal(batch->has_seal, row->has_seal);
    assert_true(!row->has_seal || batch->seal.last == row->last);
    const uint8_t *at = batch->events.data;
    for (size_t i = 0; i < batch->run_count; i++) {
        const made_run *run = &runs[(batch->runs[i].first - 1) / 10];
        assert_true(tdm_digest_equal(&batch->runs[i].head, &run->run.head));
        assert_memory_equal(at, run->bytes.data, run->bytes.len);
        at += run->bytes.len;
    }
    assert_ptr_equal(at, batch->events.data + batch->events.len);
}

static void batches_keep_their_bounds(fixture *f)
{
    chain c = chain_new(1), other = chain_new(2);
    made_run runs[6];
    for (size_t i = 0; i < 6; i++) {
        runs[i] = chain_run(&c, 10, 255, 0);
        assert_code(TDM_OK, ledger_add(f->ledger, &c, &runs[i], 1));
        if (i == 1 || i == 3 || i == 4)
            assert_code(TDM_OK, ledger_add_seal(f->ledger, &c));
    }
    ledger_fill(f->ledger, &other, 2, 10, 255);
    for (size_t i = 0; i < TDM_COUNT(BATCHES); i++) {
        const struct batch_row *row = &BATCHES[i];
        tdm_run_batch batch;
        assert_ok(tdm_ledger_runs(f->ledger, &c.origin, c.incarnation, row->from, row->max_bytes,
                                  row->max_runs, row->only_sealed, &batch, err));
        check_batch(runs, row, &batch);
        tdm_run_batch_free(&batch);
    }
    for (size_t i = 0; i < 6; i++)
        made_run_free(&runs[i]);
}

/* Six runs of 10 events, each sealed: three by the key that was, three by the one that came. */
static void a_batch_to_send_has_one_key(fixture *f)
{
    static const struct {
        uint64_t from;
        bool only_sealed;
        uint64_t last;
    } rows[] = { { 1, true, 30 }, { 25, true, 30 }, { 31, true, 60 }, { 1, false, 60 } };
    chain c = chain_new(1);
    for (size_t i = 0; i < 6; i++) {
        if (i == 3)
            tdm_seal_key_new(&c.key);
        ledger_fill(f->ledger, &c, 1, 10, 255);
    }
    for (size_t i = 0; i < TDM_COUNT(rows); i++) {
        tdm_run_batch batch;
        assert_ok(tdm_ledger_runs(f->ledger, &c.origin, c.incarnation, rows[i].from, 1 << 20, 99,
                                  rows[i].only_sealed, &batch, err));
        assert_int_equal(batch.runs[batch.run_count - 1].last, rows[i].last);
        assert_int_equal(batch.event_count, rows[i].last - batch.runs[0].first + 1);
        assert_true(batch.has_seal && batch.seal.last == rows[i].last);
        tdm_run_batch_free(&batch);
    }
}

typedef struct run_walk {
    size_t runs;
    size_t seals;
    tdm_id origin;
    uint64_t last;
} run_walk;

static tdm_code walk_run(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *run,
                         const tdm_seal *seal, tdm_err *err)
{
    run_walk *w = context;
    if (!tdm_id_equal(origin, &w->origin)) {
        assert_true(tdm_id_compare(&w->origin, origin) < 0);
        w->last = 0;
    }
    w->origin = *origin;
    assert_int_equal(run->first, w->last + 1);
    w->last = run->last;
    w->runs++;
    w->seals += seal != NULL;
    return seal == NULL ? TDM_OK : tdm_seal_check(seal, origin, incarnation, &run->head, err);
}

static void every_run_is_visited(fixture *f)
{
    chain b = chain_new(2), a = chain_new(1);
    ledger_fill(f->ledger, &b, 300, 1, 255); /* more than one read takes in */
    ledger_fill(f->ledger, &a, 2, 4, 255);
    ledger_fill(f->ledger, &b, 2, 4, 255);
    run_walk w = { 0 };
    assert_ok(tdm_ledger_each_run(f->ledger, walk_run, &w, err));
    assert_int_equal(w.runs, 304);
    assert_int_equal(w.seals, 3);
}

/* ---- seals and proofs -------------------------------------------------------------------------- */

static tdm_event decoded(tdm_span bytes)
{
    tdm_event event;
    assert_ok(tdm_event_decode(bytes, &event, err));
    return event;
}

static void every_event_is_proven(fixture *f)
{
    static const size_t COUNTS[] = { 1, 2, 3, 7, 8, 33, 1 };
    chain c = chain_new(1);
    made_run runs[TDM_COUNT(COUNTS)];
    for (size_t i = 0; i < TDM_COUNT(COUNTS); i++) {
        runs[i] = chain_run(&c, COUNTS[i], 200, 0);
        assert_code(TDM_OK, ledger_add(f->ledger, &c, &runs[i], 1));
        if (i == 2 || i == 6)
            assert_code(TDM_OK, ledger_add_seal(f->ledger, &c));
    }
    for (size_t i = 0; i < TDM_COUNT(COUNTS); i++) {
        for (size_t j = 0; j < COUNTS[i]; j++) {
            tdm_event event = decoded(runs[i].events[j]);
            tdm_proof proof;
            assert_ok(tdm_ledger_proof(f->ledger, &c.origin, c.incarnation, event.sequence, &proof, err));
            assert_ok(tdm_proof_check(&proof, &event, err));
            assert_int_equal(proof.seal.last, i <= 2 ? 6 : c.last);
        }
    }
    for (size_t i = 0; i < TDM_COUNT(COUNTS); i++)
        made_run_free(&runs[i]);
}

static void without_a_seal_there_is_no_proof(fixture *f)
{
    chain c = chain_new(1);
    tdm_proof proof;
    made_run run = chain_run(&c, 3, 255, 0);
    assert_code(TDM_OK, ledger_add(f->ledger, &c, &run, 1));
    assert_code(TDM_BUSY, tdm_ledger_proof(f->ledger, &c.origin, c.incarnation, 2, &proof, NULL));
    assert_code(TDM_NOT_FOUND, tdm_ledger_proof(f->ledger, &c.origin, c.incarnation, 4, &proof, NULL));
    ledger_fill(f->ledger, &c, TDM_PROOF_ROOTS_MAX, 1, 255);
    tdm_event event = decoded(run.events[1]);
    assert_ok(tdm_ledger_proof(f->ledger, &c.origin, c.incarnation, 2, &proof, err));
    assert_int_equal(proof.root_count, TDM_PROOF_ROOTS_MAX);
    assert_ok(tdm_proof_check(&proof, &event, err));
    made_run_free(&run);
    chain d = chain_new(2);
    ledger_fill(f->ledger, &d, TDM_PROOF_ROOTS_MAX + 2, 1, 255);
    assert_code(TDM_BUSY, tdm_ledger_proof(f->ledger, &d.origin, d.incarnation, 1, &proof, NULL));
    assert_ok(tdm_ledger_proof(f->ledger, &d.origin, d.incarnation, 2, &proof, err));
}

static void a_seal_must_end_a_run(fixture *f)
{
    chain c = chain_new(1);
    ledger_fill(f->ledger, &c, 1, 5, 255);
    chain inside = c;
    inside.last = 3;
    assert_code(TDM_NOT_FOUND, ledger_add_seal(f->ledger, &inside));
    tdm_tip tip;
    assert_ok(tdm_ledger_tip(f->ledger, &c.origin, c.incarnation, &tip, err));
    assert_int_equal(tip.sealed, 5);
}

/* ---- notices ----------------------------------------------------------------------------------- */

static tdm_code add_notice(fixture *f, tdm_span bytes, const tdm_proof *proof)
{
    tdm_event event = decoded(bytes);
    tdm_ledger_txn *txn = txn_begin(f);
    tdm_code code = tdm_ledger_append_notice(txn, &event, proof, 5, NULL);
    txn_commit(txn);
    return code;
}

/* A run of another store with its seal, and the proof of its event `index`. */
static made_run foreign_run(chain *c, size_t count, uint64_t salt, size_t index, tdm_proof *proof)
{
    tdm_kv *kv = NULL;
    assert_ok(tdm_kv_open_memory(&kv, TDM_LEDGER_TABLE_COUNT, err));
    tdm_ledger *ledger = open_ledger(kv);
    made_run run = chain_run(c, count, 255, salt);
    assert_code(TDM_OK, ledger_add(ledger, c, &run, 1));
    assert_code(TDM_OK, ledger_add_seal(ledger, c));
    assert_ok(tdm_ledger_proof(ledger, &c->origin, c->incarnation, index + 1, proof, err));
    tdm_ledger_close(&ledger);
    return run;
}

static void notices_are_kept_with_their_proof(fixture *f)
{
    chain own = chain_new(1), far = chain_new(2);
    tdm_proof proof, kept;
    ledger_fill(f->ledger, &own, 1, 3, 255);
    made_run run = foreign_run(&far, 5, 0, 3, &proof);
    assert_code(TDM_OK, add_notice(f, run.events[3], &proof));
    assert_code(TDM_EXISTS, add_notice(f, run.events[3], &proof));
    expect_event(f, &far, 4, 4, run.events[3]);
    assert_ok(tdm_ledger_proof(f->ledger, &far.origin, far.incarnation, 4, &kept, err));
    tdm_event event = decoded(run.events[3]);
    assert_ok(tdm_proof_check(&kept, &event, err));
    tdm_tip tip;
    assert_code(TDM_NOT_FOUND, tdm_ledger_tip(f->ledger, &far.origin, far.incarnation, &tip, NULL));
    assert_int_equal(ledger_faults(f->ledger), 0);
    made_run_free(&run);
}

static void notices_and_the_whole_log_agree(fixture *f)
{
    chain far = chain_new(2), clone = far;
    tdm_proof proof, other_proof;
    made_run run = foreign_run(&far, 5, 0, 3, &proof);
    made_run other = foreign_run(&clone, 5, 99, 3, &other_proof);
    assert_code(TDM_OK, add_notice(f, run.events[3], &proof));
    assert_code(TDM_CONFLICT, add_notice(f, other.events[3], &other_proof));
    assert_code(TDM_CONFLICT, ledger_add(f->ledger, &clone, &other, 1));
    assert_code(TDM_OK, ledger_add(f->ledger, &far, &run, 1));
    expect_event(f, &far, 4, 5, run.events[3]);
    assert_code(TDM_EXISTS, add_notice(f, run.events[2], &proof));
    assert_code(TDM_CONFLICT, add_notice(f, other.events[1], &other_proof));
    assert_code(TDM_OK, ledger_add_seal(f->ledger, &far));
    assert_int_equal(ledger_faults(f->ledger), 0);
    made_run_free(&run);
    made_run_free(&other);
}

static const store_row ROWS[] = {
    { "batches of runs keep their bounds and end at seals", batches_keep_their_bounds, false },
    { "a batch to be sent ends where another key begins to seal", a_batch_to_send_has_one_key, false },
    { "every run is visited in order, with its seal", every_run_is_visited, false },
    { "every event is proven", every_event_is_proven, false },
    { "without a seal within reach there is no proof", without_a_seal_there_is_no_proof, false },
    { "a seal must end a run", a_seal_must_end_a_run, false },
    { "notices are kept with their proof", notices_are_kept_with_their_proof, false },
    { "notices and the whole log agree or conflict", notices_and_the_whole_log_agree, false },
};

int main(void)
{
    return store_suite("ledger to send", ROWS, TDM_COUNT(ROWS), true);
}
