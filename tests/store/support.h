/* SPDX-License-Identifier: MPL-2.0
 *
 * support.h: what the store's tests share: a store of each kind in a scratch folder, rows that run over all
 * kinds, a seeded random source, and logs of made-up origins.
 */
#ifndef TANDEM_TESTS_STORE_SUPPORT_H
#define TANDEM_TESTS_STORE_SUPPORT_H

#include "tandem/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* ---- stores ------------------------------------------------------------------------------------ */

typedef enum store_kind { STORE_LMDB, STORE_MEMORY, STORE_FAULTY, STORE_KINDS } store_kind;

typedef struct fixture {
    store_kind kind;
    char folder[64]; /* scratch, removed at the end */
    char path[96];   /* the store within it */
    tdm_kv *kv;      /* the open environment; NULL once a ledger took it */
    tdm_ledger *ledger;
    const struct store_row *row;
} fixture;

typedef struct store_row {
    const char *name; /* a sentence */
    void (*run)(fixture *f);
    bool durable; /* closes and opens again: not for memory */
} store_row;

/* Run every row over every kind, each with a new store; with_ledger: a ledger in it. */
int store_suite(const char *group, const store_row *rows, size_t count, bool with_ledger);

void scratch_make(char folder[64]);
void scratch_remove(const char *folder);
/* Three tables a, b, c, or those of the ledger. */
tdm_kv *open_lmdb(const char *path, tdm_kv_mode mode, size_t map_bytes, bool with_ledger);
tdm_kv *open_kind(store_kind kind, const char *path, bool with_ledger);
tdm_ledger *open_ledger(tdm_kv *kv);
void fixture_reopen(fixture *f);

#define assert_ok(expression)                                                                                \
    do {                                                                                                     \
        tdm_err assert_err = { 0 };                                                                          \
        tdm_err *err = &assert_err;                                                                          \
        tdm_code assert_code = (expression);                                                                 \
        if (assert_code != TDM_OK)                                                                           \
            fail_msg("%s: %s", tdm_code_word(assert_code), assert_err.what);                                 \
    } while (0)
#define assert_code(expected, expression)                                                                    \
    assert_string_equal(tdm_code_word(expected), tdm_code_word(expression))

/* ---- faults ------------------------------------------------------------------------------------ */

typedef enum fault_kind {
    FAULT_PUT,
    FAULT_COMMIT,
    FAULT_UNKNOWN_COMMIT,
    FAULT_DISK_FULL,
    FAULT_FLIPPED_READ,
    FAULT_KINDS
} fault_kind;

tdm_kv_faults fault_at(fault_kind kind, uint64_t n); /* the n-th call, or from it on */

/* One kind of fault at call 1 to the last. `one_call` does the work with the fault and looks afterwards what
 * is there; true if the fault was met. */
typedef struct fault_row {
    fault_kind kind;
    uint64_t least_hits; /* calls at which the fault must have been met: the loop reached something */
    bool (*one_call)(const struct fault_row *row, uint64_t n);
} fault_row;

tdm_code fault_code(fault_kind kind);               /* what the caller of the store is told */
struct CMUnitTest fault_test(const fault_row *row); /* borrows the row */

/* ---- random, the same for the same seed -------------------------------------------------------- */

uint64_t next_random(uint64_t *state);
uint64_t random_below(uint64_t *state, uint64_t bound);

/* ---- logs -------------------------------------------------------------------------------------- */

typedef struct chain {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t last;
    tdm_digest head;
    tdm_seal_key key;
} chain;

typedef struct made_run {
    tdm_run run;
    size_t count;
    tdm_buf bytes;
    tdm_span *events;
} made_run;

/* The n-th origin, with a key of its own, nothing stated yet. */
chain chain_new(uint8_t n);
/* The next `count` events of about `size` bytes as a run; the chain goes on behind it. salt tells apart runs
 * of a forked chain. */
made_run chain_run(chain *c, size_t count, size_t size, uint64_t salt);
void made_run_free(made_run *run);
tdm_seal chain_seal(const chain *c); /* over what was stated so far */

/* Append in a transaction of its own. */
tdm_code ledger_add(tdm_ledger *ledger, const chain *c, const made_run *run, int64_t received_ms);
tdm_code ledger_add_seal(tdm_ledger *ledger, const chain *c);
/* `runs` runs of `count` events each, sealed at the end. */
void ledger_fill(tdm_ledger *ledger, chain *c, size_t runs, size_t count, size_t size);
tdm_ledger_txn *txn_begin(fixture *f);
void txn_commit(tdm_ledger_txn *txn);
tdm_code txn_append(tdm_ledger_txn *txn, const chain *c, const made_run *run);
uint64_t last_position(fixture *f);
/* The event is found by name at this position, with these bytes. */
void expect_event(fixture *f, const chain *c, uint64_t sequence, uint64_t position, tdm_span bytes);
/* The number of faults; 0 for a clean ledger. */
uint64_t ledger_faults(tdm_ledger *ledger);

#endif
