/* SPDX-License-Identifier: MPL-2.0
 *
 * core_world.h: what the tests of the core share: cores in scratch folders, facts to state, logs of made-up
 * origins, and a listener that waits for completions.
 */
#ifndef TANDEM_TESTS_CORE_WORLD_H
#define TANDEM_TESTS_CORE_WORLD_H

#include "core.h"
#include "queue.h"
#include "service_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define WAIT_MS 60000 /* far more than anything here takes */

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

/* One core, opened for the test and removed after it. */
typedef struct fixture {
    char folder[256];
    tdm_core *core;
    tdm_queue *queue; /* of the listener, if there is one */
    int grew_fd;
} fixture;

void fixture_open(fixture *f, bool hub, bool listens);
void fixture_reopen(fixture *f, bool hub);
void fixture_close(fixture *f);
void core_reopen_with(fixture *f, const tdm_core_options *options); /* folder filled in */

/* A test's row: a sentence and what checks it, with a fresh core and a listener. */
typedef struct core_row {
    const char *name;
    void (*run)(fixture *f);
    bool hub;
} core_row;
int core_suite(const char *group, const core_row *rows, size_t count);

/* A catalogue entry named after the number: as good a fact as any. */
tdm_drafts *drafts_of(unsigned from, unsigned count);
tdm_code state_some(tdm_core *core, unsigned from, unsigned count, tdm_stated *out);
uint64_t own_last(tdm_core *core);
/* Every broken invariant of the ledger fails the test; returns the count of events. */
uint64_t verify_whole(tdm_core *core);
void wait_folded(tdm_core *core);

/* A log that somebody else keeps. */
typedef struct log_maker {
    tdm_id origin;
    uint64_t incarnation;
    tdm_seal_key key;
    uint64_t last;
    tdm_digest head;
} log_maker;
void log_maker_init(log_maker *log);

typedef struct made_batch {
    tdm_buf bytes;
    tdm_run *runs;
    tdm_span *spans;
    tdm_log_batch batch;
} made_batch;
/* The next runs of a log; `salt` makes other content of the same sequences. The log moves on. */
void batch_make(made_batch *made, log_maker *log, size_t runs, size_t events_per_run, unsigned salt);
void batch_free(made_batch *made);
/* Wait for one completion of the listener's queue; the caller frees it. */
tdm_core_done *next_done(fixture *f);
/* Hand over, wait, and tell the code. */
tdm_code keep_one(fixture *f, made_batch *made);

#endif
