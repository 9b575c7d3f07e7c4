/* SPDX-License-Identifier: MPL-2.0
 *
 * model_test.c: a ledger kept in plain arrays, driven by the same seeded operations as the real one; both
 * must agree after every transaction.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define CHAINS 4
#define RUNS_MAX 400
#define ENTRIES_MAX 4000
#define ROUNDS 120

typedef struct model_chain {
    chain c;
    made_run runs[RUNS_MAX]; /* as appended; bytes live in the arena */
    size_t run_count;
    uint64_t sealed;
} model_chain;

typedef struct model_entry {
    uint8_t chain;
    uint64_t sequence;
    tdm_span bytes;
    int64_t received_ms;
} model_entry;

typedef struct model {
    model_chain chains[CHAINS];
    model_entry entries[ENTRIES_MAX];
    size_t entry_count;
    char local[8][16]; /* "" is absent */
} model;

typedef struct play {
    fixture *f;
    model *now;     /* what is committed */
    model *pending; /* what the open transaction would make of it */
    uint64_t random;
    made_run arena[4 * RUNS_MAX]; /* every run ever made, freed at the end */
    size_t arena_count;
    tdm_ledger_txn *txn;
} play;

static uint64_t pick(play *p, uint64_t bound)
{
    return random_below(&p->random, bound);
}

/* ---- operations: on the ledger and on the model ------------------------------------------------ */

static made_run make_run(play *p, chain *c, uint64_t salt)
{
    assert_true(p->arena_count < TDM_COUNT(p->arena));
    return p->arena[p->arena_count++] = chain_run(c, 1 + pick(p, 12), 130 + pick(p, 300), salt);
}

static tdm_code append(play *p, const chain *c, const made_run *run, int64_t received_ms)
{
    return tdm_ledger_append_run(p->txn, &c->origin, c->incarnation, &run->run, run->events, received_ms,
                                 NULL);
}

static void append_next(play *p, model_chain *m, uint8_t number)
{
    if (m->run_count == RUNS_MAX || p->pending->entry_count + 12 > ENTRIES_MAX)
        return;
    made_run run = make_run(p, &m->c, 0);
    int64_t received_ms = (int64_t)pick(p, 1000000);
    assert_code(TDM_OK, append(p, &m->c, &run, received_ms));
    m->runs[m->run_count++] = run;
    for (size_t i = 0; i < run.count; i++)
        p->pending->entries[p->pending->entry_count++] =
            (model_entry){ number, run.run.first + i, run.events[i], received_ms };
}

static void append_again(play *p, model_chain *m, uint8_t number)
{
    (void)number;
    if (m->run_count > 0)
        assert_code(TDM_EXISTS, append(p, &m->c, &m->runs[pick(p, m->run_count)], 1));
}

static void append_fork(play *p, model_chain *m, uint8_t number)
{
    (void)number;
    if (m->run_count == 0)
        return;
    size_t at = pick(p, m->run_count);
    chain clone = m->c;
    clone.last = m->runs[at].run.first - 1;
    clone.head = at > 0 ? m->runs[at - 1].run.head : (tdm_digest){ { 0 } };
    made_run run = make_run(p, &clone, 1 + pick(p, 900));
    assert_code(TDM_CONFLICT, append(p, &m->c, &run, 1));
}

static void append_gap(play *p, model_chain *m, uint8_t number)
{
    (void)number;
    chain ahead = m->c;
    ahead.last += 1 + pick(p, 5);
    made_run run = make_run(p, &ahead, 0);
    assert_code(TDM_INVALID, append(p, &m->c, &run, 1));
}

static void seal(play *p, model_chain *m, uint8_t number)
{
    (void)number;
    if (m->c.last == 0)
        return;
    tdm_seal made = chain_seal(&m->c);
    assert_ok(tdm_ledger_put_seal(p->txn, &m->c.origin, m->c.incarnation, &made, err));
    m->sealed = m->c.last;
}

static void put_local(play *p, model_chain *m, uint8_t number)
{
    (void)m;
    char name[2] = { (char)('a' + number), '\0' };
    char *value = p->pending->local[number];
    size_t len = pick(p, 15);
    memset(value, 0, 16);
    memset(value, 'a' + (int)pick(p, 26), len);
    assert_code(TDM_OK, tdm_ledger_local_put(p->txn, tdm_span_text(name), tdm_span_text(value)));
}

static void (*const OPERATIONS[])(play *p, model_chain *m, uint8_t number) = {
    append_next, append_next, append_next, append_again, append_fork, append_gap, seal, put_local,
};

/* ---- agreement --------------------------------------------------------------------------------- */

static tdm_code compare_entry(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    (void)err;
    const model *m = context;
    assert_true(entry->position <= m->entry_count);
    const model_entry *expected = &m->entries[entry->position - 1];
    assert_true(tdm_span_equal(entry->bytes, expected->bytes));
    assert_int_equal(entry->received_ms, expected->received_ms);
    assert_false(entry->notice);
    return TDM_OK;
}

static void compare_scan(play *p)
{
    uint64_t next = 1, last = 0;
    assert_ok(tdm_ledger_last_position(p->f->ledger, &last, err));
    assert_int_equal(last, p->now->entry_count);
    while (next <= last)
        assert_ok(tdm_ledger_scan(p->f->ledger, next, 1 + pick(p, 500), compare_entry, p->now, &next, err));
    assert_int_equal(next, last + 1);
}

static void compare_names(play *p)
{
    for (int i = 0; i < 5 && p->now->entry_count > 0; i++) {
        size_t at = pick(p, p->now->entry_count);
        const model_entry *e = &p->now->entries[at];
        const model_chain *m = &p->now->chains[e->chain];
        uint64_t position = 0;
        assert_ok(
            tdm_ledger_event_find(p->f->ledger, &m->c.origin, m->c.incarnation, e->sequence, &position, err));
        assert_int_equal(position, at + 1);
        tdm_proof proof;
        tdm_event event;
        tdm_code code =
            tdm_ledger_proof(p->f->ledger, &m->c.origin, m->c.incarnation, e->sequence, &proof, NULL);
        if (code == TDM_BUSY)
            continue;
        assert_code(TDM_OK, code);
        assert_true(e->sequence <= m->sealed);
        assert_ok(tdm_event_decode(e->bytes, &event, err));
        assert_ok(tdm_proof_check(&proof, &event, err));
    }
}

static void compare_chain(play *p, const model_chain *m)
{
    tdm_tip tip;
    tdm_code code = tdm_ledger_tip(p->f->ledger, &m->c.origin, m->c.incarnation, &tip, NULL);
    assert_code(m->run_count > 0 ? TDM_OK : TDM_NOT_FOUND, code);
    assert_int_equal(tip.last, m->c.last);
    assert_int_equal(tip.sealed, m->sealed);
    assert_true(tdm_digest_equal(&tip.head, &m->c.head));
    if (m->run_count == 0)
        return;
    size_t at = pick(p, m->run_count), i = 0;
    tdm_run_batch batch;
    uint64_t from = m->runs[at].run.first + pick(p, m->runs[at].count);
    assert_ok(tdm_ledger_runs(p->f->ledger, &m->c.origin, m->c.incarnation, from, 1 + pick(p, 20000),
                              1 + pick(p, 8), false, &batch, err));
    assert_true(batch.run_count >= 1);
    const uint8_t *bytes = batch.events.data;
    for (; i < batch.run_count; bytes += m->runs[at + i].bytes.len, i++) {
        assert_true(tdm_digest_equal(&batch.runs[i].root, &m->runs[at + i].run.root));
        assert_memory_equal(bytes, m->runs[at + i].bytes.data, m->runs[at + i].bytes.len);
    }
    assert_ptr_equal(bytes, batch.events.data + batch.events.len);
    tdm_run_batch_free(&batch);
}

static void compare_locals(play *p)
{
    for (uint8_t number = 0; number < CHAINS; number++) {
        char name[2] = { (char)('a' + number), '\0' };
        const char *expected = p->now->local[number];
        tdm_buf value = { 0 };
        tdm_code code = tdm_ledger_local_get(p->f->ledger, tdm_span_text(name), &value, NULL);
        assert_code(expected[0] == '\0' ? TDM_NOT_FOUND : TDM_OK, code);
        assert_true(tdm_span_equal(tdm_buf_span(&value), tdm_span_text(expected)));
        tdm_buf_free(&value);
    }
}

static void compare(play *p)
{
    compare_scan(p);
    compare_names(p);
    compare_locals(p);
    for (size_t i = 0; i < CHAINS; i++)
        compare_chain(p, &p->now->chains[i]);
}

/* ---- the play ---------------------------------------------------------------------------------- */

static void play_round(play *p)
{
    memcpy(p->pending, p->now, sizeof *p->now);
    assert_ok(tdm_ledger_begin(p->f->ledger, &p->txn, err));
    for (uint64_t left = pick(p, 6); left > 0; left--) {
        uint8_t number = (uint8_t)pick(p, CHAINS);
        OPERATIONS[pick(p, TDM_COUNT(OPERATIONS))](p, &p->pending->chains[number], number);
    }
    if (pick(p, 5) == 0) {
        tdm_ledger_abort(&p->txn);
        return;
    }
    assert_ok(tdm_ledger_commit(&p->txn, err));
    model *old = p->now;
    p->now = p->pending;
    p->pending = old;
}

static void agrees_with_arrays(fixture *f, uint64_t seed)
{
    play *p = calloc(1, sizeof *p);
    *p = (play){
        .f = f, .random = seed, .now = calloc(1, sizeof(model)), .pending = calloc(1, sizeof(model))
    };
    for (uint8_t i = 0; i < CHAINS; i++)
        p->now->chains[i].c = chain_new(i);
    for (int round = 0; round < ROUNDS; round++) {
        play_round(p);
        compare(p);
        if (f->kind != STORE_MEMORY && pick(p, 30) == 0)
            fixture_reopen(f);
    }
    assert_true(p->now->entry_count > 200);
    assert_int_equal(ledger_faults(f->ledger), 0);
    for (size_t i = 0; i < p->arena_count; i++)
        made_run_free(&p->arena[i]);
    free(p->now);
    free(p->pending);
    free(p);
}

static void agrees_at_seed_1(fixture *f)
{
    agrees_with_arrays(f, 1);
}

static void agrees_at_seed_2(fixture *f)
{
    agrees_with_arrays(f, 2);
}

static void agrees_at_seed_3(fixture *f)
{
    agrees_with_arrays(f, 3);
}

static const store_row ROWS[] = {
    { "random operations agree with plain arrays, seed 1", agrees_at_seed_1, false },
    { "random operations agree with plain arrays, seed 2", agrees_at_seed_2, false },
    { "random operations agree with plain arrays, seed 3", agrees_at_seed_3, false },
};

int main(void)
{
    return store_suite("model", ROWS, TDM_COUNT(ROWS), true);
}
