/* SPDX-License-Identifier: MPL-2.0
 *
 * lmdb_map_test.c: the map of an LMDB store: it grows as the store does, beside readers that come, go and
 * stay.
 */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Runs near the largest: much written in few commits. */
#define RUN_EVENTS 400
#define RUN_EVENT_BYTES 420

typedef struct place {
    char folder[64];
    char path[96];
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    scratch_make(p->folder);
    snprintf(p->path, sizeof p->path, "%s/store", p->folder);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    scratch_remove(p->folder);
    free(p);
    return 0;
}

typedef struct reading {
    tdm_ledger *ledger;
    atomic_bool stop;
    atomic_ulong rounds;
    atomic_bool failed;
} reading;

static tdm_code touch(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    reading *r = context;
    uint64_t last;
    return entry->position % 64 == 0 ? tdm_ledger_last_position(r->ledger, &last, err) : TDM_OK;
}

/* Scans whose visits read again: a reader within a reader must not block on a map that wants to grow. */
static void *read_all_the_time(void *context)
{
    reading *r = context;
    uint64_t next = 1, before = 0;
    while (!atomic_load(&r->stop)) {
        if (tdm_ledger_scan(r->ledger, next, 500, touch, r, &next, NULL) != TDM_OK)
            atomic_store(&r->failed, true);
        next = next == before ? 1 : next;
        before = next;
        atomic_fetch_add(&r->rounds, 1);
    }
    return NULL;
}

static void the_map_grows_while_readers_come_and_go(void **state)
{
    enum { THREADS = 2, RUNS = 160 };
    place *p = *state;
    chain c = chain_new(1);
    reading r = { .ledger = open_ledger(open_lmdb(p->path, TDM_KV_READ_WRITE, 1 << 20, true)) };
    tdm_kv_stats before, after;
    pthread_t threads[THREADS];
    assert_ok(tdm_kv_stat(tdm_ledger_kv(r.ledger), &before, err));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &r), 0);
    made_run first = chain_run(&c, RUN_EVENTS, RUN_EVENT_BYTES, 0);
    assert_code(TDM_OK, ledger_add(r.ledger, &c, &first, 1));
    for (int i = 0; i < RUNS; i++) {
        made_run run = chain_run(&c, RUN_EVENTS, RUN_EVENT_BYTES, 0);
        assert_code(TDM_OK, ledger_add(r.ledger, &c, &run, 1));
        made_run_free(&run);
    }
    atomic_store(&r.stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(atomic_load(&r.failed));
    assert_true(atomic_load(&r.rounds) > 10);
    assert_ok(tdm_kv_stat(tdm_ledger_kv(r.ledger), &after, err));
    assert_true(after.map_bytes >= 2 * before.map_bytes);
    assert_true(after.used_bytes > (24 << 20));
    assert_int_equal(after.entries[1], RUN_EVENTS * (RUNS + 1));
    made_run_free(&first);
    tdm_ledger_close(&r.ledger);
}

/* More in one transaction than the map and its headroom hold: told, and possible at the next attempt. */
static void a_transaction_beyond_the_map_is_told_and_fits_next_time(void **state)
{
    enum { BYTES = 60 << 20 };
    place *p = *state;
    tdm_kv *kv = open_lmdb(p->path, TDM_KV_READ_WRITE, 1 << 20, false);
    uint8_t *big = calloc(1, BYTES);
    tdm_code code = TDM_FULL;
    for (int attempt = 0; attempt < 4 && code == TDM_FULL; attempt++) {
        tdm_kv_txn *txn = NULL;
        assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, err));
        tdm_kv_put(txn, 0, tdm_span_text("big"), (tdm_span){ big, BYTES });
        code = tdm_kv_commit(&txn, NULL);
        assert_code(attempt == 0 ? TDM_FULL : code, code);
    }
    assert_code(TDM_OK, code);
    free(big);
    tdm_kv_close(&kv);
}

static void a_reader_that_stays_does_not_stop_the_writer(void **state)
{
    place *p = *state;
    tdm_kv *kv = open_lmdb(p->path, TDM_KV_READ_WRITE, 32 << 20, false);
    tdm_kv_txn *reader = NULL, *writer = NULL;
    uint8_t *big = calloc(1, 20 << 20);
    assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &writer, err));
    tdm_kv_put(writer, 0, tdm_span_text("big"), (tdm_span){ big, 20 << 20 });
    assert_ok(tdm_kv_commit(&writer, err));
    assert_ok(tdm_kv_begin(kv, TDM_KV_READ_ONLY, &reader, err));
    assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &writer, err)); /* would like to grow, and cannot yet */
    tdm_kv_put(writer, 0, tdm_span_text("small"), tdm_span_text("v"));
    assert_ok(tdm_kv_commit(&writer, err));
    tdm_kv_abort(&reader);
    free(big);
    tdm_kv_close(&kv);
}

#define TEST(name, function)                                                                                 \
    {                                                                                                        \
        name, function, set_up, tear_down, NULL                                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("the map grows while readers come and go", the_map_grows_while_readers_come_and_go),
        TEST("a transaction beyond the map is told and fits next time",
             a_transaction_beyond_the_map_is_told_and_fits_next_time),
        TEST("a reader that stays does not stop the writer", a_reader_that_stays_does_not_stop_the_writer),
    };
    return cmocka_run_group_tests_name("lmdb map", tests, NULL, NULL);
}
