/* SPDX-License-Identifier: MPL-2.0
 *
 * crash_test.c: a writer is killed at random moments and at named points; what it had reported as committed
 * must be there, whole. The control reports before it commits, and must be caught.
 */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 20

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

/* ---- the writer that dies ---------------------------------------------------------------------- */

typedef enum order { COMMIT_THEN_REPORT, REPORT_THEN_DIE } order;

static void report(int to, uint64_t last)
{
    if (write(to, &last, sizeof last) != sizeof last)
        _exit(2);
}

/* Where the ledger stands, the chain goes on. */
static chain chain_at_tip(tdm_ledger *ledger)
{
    chain c = chain_new(1);
    tdm_tip tip;
    tdm_ledger_tip(ledger, &c.origin, c.incarnation, &tip, NULL);
    c.last = tip.last;
    c.head = tip.head;
    return c;
}

static void write_for_ever(const char *path, int to, uint64_t seed, order how)
{
    tdm_ledger *ledger = open_ledger(open_lmdb(path, TDM_KV_READ_WRITE, 1 << 20, true));
    chain c = chain_at_tip(ledger);
    for (int i = 0;; i++) {
        tdm_ledger_txn *txn = NULL;
        made_run run = chain_run(&c, 1 + random_below(&seed, 60), 255, 0);
        tdm_seal seal = chain_seal(&c);
        if (tdm_ledger_begin(ledger, &txn, NULL) != TDM_OK
            || tdm_ledger_append_run(txn, &c.origin, c.incarnation, &run.run, run.events, 1, NULL) != TDM_OK
            || tdm_ledger_put_seal(txn, &c.origin, c.incarnation, &seal, NULL) != TDM_OK)
            _exit(3);
        if (how == REPORT_THEN_DIE && i == 3) {
            report(to, c.last);
            raise(SIGKILL);
        }
        if (tdm_ledger_commit(&txn, NULL) != TDM_OK)
            _exit(4);
        report(to, c.last);
        made_run_free(&run);
    }
}

/* The last sequence reported by a writer that was killed after about `reports` of them. */
static uint64_t run_and_kill(const place *p, uint64_t reports, uint64_t seed, order how)
{
    int ends[2], status = 0;
    uint64_t last = 0, value;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t id = fork();
    assert_true(id >= 0);
    if (id == 0) {
        close(ends[0]);
        write_for_ever(p->path, ends[1], seed, how);
    }
    close(ends[1]);
    for (uint64_t i = 0; i < reports && read(ends[0], &value, sizeof value) == sizeof value; i++)
        last = value;
    for (uint64_t spins = random_below(&seed, 200000); spins > 0; spins--)
        __asm__ volatile("" ::: "memory"); /* a different moment within the next transaction each time */
    kill(id, SIGKILL);
    while (read(ends[0], &value, sizeof value) == sizeof value)
        last = value;
    assert_int_equal(waitpid(id, &status, 0), id);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(ends[0]);
    return last;
}

static uint64_t count_lost(const place *p, uint64_t reported)
{
    tdm_ledger *ledger = open_ledger(open_lmdb(p->path, TDM_KV_READ_WRITE, 1 << 20, true));
    chain c = chain_at_tip(ledger);
    assert_int_equal(ledger_faults(ledger), 0);
    tdm_ledger_close(&ledger);
    return reported > c.last ? reported - c.last : 0;
}

static void what_was_reported_is_there(void **state)
{
    place *p = *state;
    uint64_t random = 20, last = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t reported =
            run_and_kill(p, random_below(&random, 30), next_random(&random), COMMIT_THEN_REPORT);
        assert_int_equal(count_lost(p, reported), 0);
        last = reported > last ? reported : last;
    }
    assert_true(last > ROUNDS);
}

static void reporting_first_is_caught(void **state)
{
    place *p = *state;
    uint64_t reported = run_and_kill(p, 100, 5, REPORT_THEN_DIE);
    assert_true(reported > 0);
    assert_true(count_lost(p, reported) > 0);
}

/* Killed while it is being made: the next opening makes it. */
static void a_store_killed_at_birth_is_made_again(void **state)
{
    place *p = *state;
    uint64_t random = 3;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t id = fork();
        assert_true(id >= 0);
        if (id == 0)
            write_for_ever(p->path, open("/dev/null", O_WRONLY), 1, COMMIT_THEN_REPORT);
        for (uint64_t spins = random_below(&random, 3000000); spins > 0; spins--)
            __asm__ volatile("" ::: "memory");
        kill(id, SIGKILL);
        assert_int_equal(waitpid(id, NULL, 0), id);
        assert_int_equal(count_lost(p, 0), 0);
        scratch_remove(p->path);
    }
}

#define TEST(name, function)                                                                                 \
    {                                                                                                        \
        name, function, set_up, tear_down, NULL                                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("what a killed writer reported is there, and whole", what_was_reported_is_there),
        TEST("control: reporting before the commit is caught", reporting_first_is_caught),
        TEST("a store killed at its birth is made again", a_store_killed_at_birth_is_made_again),
    };
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
