/* SPDX-License-Identifier: MPL-2.0
 *
 * faults_test.c: each fault at each call, 1 to the last: nothing acknowledged is lost, no run is half there,
 * and the store goes on afterwards. The control: a writer that acknowledges before it commits is caught.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 5
#define EVENTS 3

typedef struct scene {
    char folder[64];
    char path[96];
    made_run runs[RUNS];
    chain after[RUNS]; /* the chain behind each run */
} scene;

static void scene_open(scene *s)
{
    chain c = chain_new(1);
    scratch_make(s->folder);
    snprintf(s->path, sizeof s->path, "%s/store", s->folder);
    for (size_t i = 0; i < RUNS; i++) {
        s->runs[i] = chain_run(&c, EVENTS, 200, 0);
        s->after[i] = c;
    }
}

static void scene_close(scene *s)
{
    for (size_t i = 0; i < RUNS; i++)
        made_run_free(&s->runs[i]);
    scratch_remove(s->folder);
}

/* NULL if the fault hit the opening itself. */
static tdm_ledger *open_faulty(const scene *s, const tdm_kv_faults *faults)
{
    tdm_kv *inner = open_lmdb(s->path, TDM_KV_READ_WRITE, 1 << 20, true), *kv = NULL;
    tdm_ledger *ledger = NULL;
    assert_ok(tdm_kv_open_faulty(&kv, &inner, faults, err));
    tdm_ledger_open(&ledger, &kv, NULL);
    return ledger;
}

/* One run with its seal. ack_first is the broken writer of the control. */
static tdm_code write_run(tdm_ledger *ledger, const scene *s, size_t i, bool ack_first, uint64_t *acked)
{
    const chain *c = &s->after[i];
    tdm_seal seal = chain_seal(c);
    tdm_ledger_txn *txn = NULL;
    tdm_code code = tdm_ledger_begin(ledger, &txn, NULL);
    if (code != TDM_OK)
        return code;
    code =
        tdm_ledger_append_run(txn, &c->origin, c->incarnation, &s->runs[i].run, s->runs[i].events, 1, NULL);
    if (code == TDM_OK)
        code = tdm_ledger_put_seal(txn, &c->origin, c->incarnation, &seal, NULL);
    if (ack_first && code == TDM_OK)
        *acked = s->runs[i].run.last;
    if (code == TDM_OK)
        code = tdm_ledger_commit(&txn, NULL);
    tdm_ledger_abort(&txn);
    if (code == TDM_OK || code == TDM_EXISTS)
        *acked = s->runs[i].run.last;
    return code == TDM_EXISTS ? TDM_OK : code;
}

static tdm_code write_until_failure(tdm_ledger *ledger, const scene *s, bool ack_first, uint64_t *acked)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < RUNS && code == TDM_OK; i++)
        code = write_run(ledger, s, i, ack_first, acked);
    return code;
}

/* Acknowledged sequences that are not there. */
static uint64_t count_lost(tdm_ledger *ledger, const scene *s, uint64_t acked)
{
    tdm_tip tip;
    tdm_code code = tdm_ledger_tip(ledger, &s->after[0].origin, s->after[0].incarnation, &tip, NULL);
    assert_true(code == TDM_OK || code == TDM_NOT_FOUND);
    assert_int_equal(tip.last % EVENTS, 0);
    return acked > tip.last ? acked - tip.last : 0;
}

/* Open without faults, look, write the rest, look again. */
static void check_afterwards(const scene *s, uint64_t acked)
{
    static const tdm_kv_faults NONE;
    tdm_ledger *ledger = open_faulty(s, &NONE);
    assert_non_null(ledger);
    assert_int_equal(count_lost(ledger, s, acked), 0);
    assert_int_equal(ledger_faults(ledger), 0);
    assert_code(TDM_OK, write_until_failure(ledger, s, false, &acked));
    assert_int_equal(acked, RUNS * EVENTS);
    assert_int_equal(count_lost(ledger, s, acked), 0);
    assert_int_equal(ledger_faults(ledger), 0);
    uint64_t last = 0;
    assert_ok(tdm_ledger_last_position(ledger, &last, err));
    assert_int_equal(last, RUNS * EVENTS); /* and nothing twice */
    tdm_ledger_close(&ledger);
}

/* True if the fault was met. */
static bool one_call(const fault_row *row, uint64_t n)
{
    scene s;
    uint64_t acked = 0;
    scene_open(&s);
    tdm_kv_faults faults = fault_at(row->kind, n);
    tdm_ledger *ledger = open_faulty(&s, &faults);
    tdm_code code = ledger == NULL ? fault_code(row->kind) : write_until_failure(ledger, &s, false, &acked);
    assert_true(code == TDM_OK || code == fault_code(row->kind));
    if (ledger != NULL && code != TDM_OK)
        assert_int_equal(count_lost(ledger, &s, acked), 0); /* reading goes on in the same process */
    tdm_ledger_close(&ledger);
    check_afterwards(&s, acked);
    scene_close(&s);
    return code != TDM_OK;
}

static const fault_row FAULTS[] = {
    { FAULT_PUT, RUNS *(EVENTS + 3), one_call }, { FAULT_COMMIT, RUNS, one_call },
    { FAULT_UNKNOWN_COMMIT, RUNS, one_call },    { FAULT_DISK_FULL, RUNS, one_call },
    { FAULT_FLIPPED_READ, RUNS, one_call },
};

static void ack_before_commit_is_caught(void **state)
{
    (void)state;
    uint64_t caught = 0;
    for (uint64_t n = 2; n < 2 + RUNS; n++) { /* commit 1 is the opening */
        scene s;
        uint64_t acked = 0;
        static const tdm_kv_faults NONE;
        scene_open(&s);
        tdm_kv_faults faults = fault_at(FAULT_COMMIT, n);
        tdm_ledger *ledger = open_faulty(&s, &faults);
        assert_code(TDM_IO, write_until_failure(ledger, &s, true, &acked));
        tdm_ledger_close(&ledger);
        ledger = open_faulty(&s, &NONE);
        caught += count_lost(ledger, &s, acked) == EVENTS;
        tdm_ledger_close(&ledger);
        scene_close(&s);
    }
    assert_int_equal(caught, RUNS);
}

static void a_full_store_reads_and_recovers(void **state)
{
    (void)state;
    scene s;
    uint64_t acked = 0;
    scene_open(&s);
    static const tdm_kv_faults NONE;
    tdm_kv_faults faults = fault_at(FAULT_DISK_FULL, 3);
    tdm_ledger *ledger = open_faulty(&s, &faults);
    for (int i = 0; i < 3; i++)
        assert_code(TDM_FULL, write_until_failure(ledger, &s, false, &acked));
    assert_int_equal(acked, EVENTS);
    assert_int_equal(ledger_faults(ledger), 0);
    tdm_kv_faults_set(tdm_ledger_kv(ledger), &NONE);
    assert_code(TDM_OK, write_until_failure(ledger, &s, false, &acked));
    assert_int_equal(acked, RUNS * EVENTS);
    assert_int_equal(ledger_faults(ledger), 0);
    tdm_ledger_close(&ledger);
    scene_close(&s);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(FAULTS) + 2];
    for (size_t i = 0; i < TDM_COUNT(FAULTS); i++)
        tests[i] = fault_test(&FAULTS[i]);
    tests[TDM_COUNT(FAULTS)] = (struct CMUnitTest){ "control: acknowledging before the commit is caught",
                                                    ack_before_commit_is_caught, NULL, NULL, NULL };
    tests[TDM_COUNT(FAULTS) + 1] =
        (struct CMUnitTest){ "a full store still reads, and goes on once it is not",
                             a_full_store_reads_and_recovers, NULL, NULL, NULL };
    return _cmocka_run_group_tests("faults", tests, TDM_COUNT(tests), NULL, NULL);
}
