/* SPDX-License-Identifier: MPL-2.0
 *
 * private_faults_test.c: each fault at each call, 1 to the last. What was told to be done is there, what was
 * told to have failed is there whole or not at all, and doing it again ends where no fault would have.
 */
#include "private_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- steps, each of one transaction ------------------------------------------------------------- */

static tdm_code state_two_people(tdm_private *log)
{
    tdm_private_row rows[] = { new_row("ann", 1, "a"), new_row("bob", 2, "b"), new_row("ann", 3, "c") };
    size_t added;
    return tdm_private_append(log, rows, TDM_COUNT(rows), &added, NULL);
}

static tdm_code amend_and_void(tdm_private *log)
{
    tdm_private_row rows[] = { amend_row("ann", 4, 1, "d"), void_row("ann", 5, 3), new_row("eve", 6, "e") };
    size_t added;
    return tdm_private_append(log, rows, TDM_COUNT(rows), &added, NULL);
}

static tdm_code erase_bob(tdm_private *log)
{
    tdm_private_pair pair = { tdm_span_text("sum"), tdm_span_text("1") };
    tdm_code code = tdm_private_erase(log, tdm_span_text("bob"), 5, &pair, 1, NULL);
    return code == TDM_EXISTS ? TDM_OK : code;
}

static tdm_code put_sum(tdm_private *log)
{
    tdm_private_pair pair = { tdm_span_text("other"), tdm_span_text("2") };
    return tdm_private_residuals_put(log, &pair, 1, NULL);
}

typedef tdm_code step(tdm_private *log);
static step *const STEPS[] = { state_two_people, amend_and_void, erase_bob, put_sum };
#define STEP_COUNT TDM_COUNT(STEPS)

static tdm_code add_residual(void *context, tdm_span key, tdm_span value, tdm_err *err)
{
    (void)err;
    tdm_buf_format(context, "|%.*s=%.*s", (int)key.len, (const char *)key.data, (int)value.len,
                   (const char *)value.data);
    return TDM_OK;
}

/* All that the log says, but for what is random. The caller's. */
static char *said(tdm_private *log)
{
    static const char *const PEOPLE[] = { "ann", "bob", "eve" };
    tdm_buf out = { 0 };
    tdm_private_tip tip = tip_of(log);
    for (size_t i = 0; i < TDM_COUNT(PEOPLE); i++) {
        char *rows = in_force(log, PEOPLE[i]);
        tdm_buf_format(&out, "%s[%s] ", PEOPLE[i], rows);
        free(rows);
    }
    tdm_buf_format(&out, "%d rows %d people %d erased %d bytes", (int)tip.rows, (int)tip.people,
                   (int)tip.erased, (int)tip.bytes);
    assert_ok(tdm_private_each_residual(log, add_residual, &out, err));
    tdm_buf_add(&out, "", 1);
    return (char *)out.data;
}

/* After 0, 1, .. all steps, with no fault. */
static char *expected[STEP_COUNT + 1];

static int work_out_expected(void **state)
{
    (void)state;
    tdm_kv *kv = NULL;
    tdm_private *log = NULL;
    assert_ok(tdm_kv_open_memory(&kv, TDM_PRIVATE_TABLE_COUNT, err));
    assert_ok(tdm_private_open(&log, &kv, SECRET, err));
    for (size_t i = 0; i <= STEP_COUNT; i++) {
        expected[i] = said(log);
        if (i < STEP_COUNT)
            assert_code(TDM_OK, STEPS[i](log));
    }
    tdm_private_close(&log);
    return 0;
}

static int free_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i <= STEP_COUNT; i++)
        free(expected[i]);
    return 0;
}

/* ---- faults ------------------------------------------------------------------------------------ */

typedef struct place {
    char folder[64];
    char path[96];
} place;

/* NULL if the fault hit the opening itself. */
static tdm_private *open_faulty(const place *p, const tdm_kv_faults *faults)
{
    tdm_kv_options options = {
        p->path, TDM_KV_READ_WRITE, 1 << 20, TDM_PRIVATE_TABLES, TDM_PRIVATE_TABLE_COUNT, false
    };
    tdm_kv *inner = NULL, *kv = NULL;
    tdm_private *log = NULL;
    assert_ok(tdm_kv_open_lmdb(&inner, &options, err));
    assert_ok(tdm_kv_open_faulty(&kv, &inner, faults, err));
    tdm_private_open(&log, &kv, SECRET, NULL);
    return log;
}

static tdm_code take_steps(tdm_private *log, size_t *done)
{
    tdm_code code = TDM_OK;
    while (*done < STEP_COUNT && (code = STEPS[*done](log)) == TDM_OK)
        ++*done;
    return code;
}

/* Reopened without faults: what was done is there; the step that failed is whole or not there, and there only
 * if its outcome was unknown. Then on from the step that failed. */
static void check_afterwards(const place *p, size_t done, bool unknown)
{
    tdm_private *log = open_at(p->path, SECRET);
    char *found = said(log);
    assert_int_equal(private_faults(log), 0);
    if (strcmp(found, expected[done]) != 0) {
        assert_true(unknown && done < STEP_COUNT);
        assert_string_equal(found, expected[done + 1]);
    }
    free(found);
    if (done < STEP_COUNT) {
        assert_code(TDM_OK, take_steps(log, &done));
        found = said(log);
        assert_string_equal(found, expected[STEP_COUNT]);
        free(found);
    }
    assert_int_equal(private_faults(log), 0);
    tdm_private_close(&log);
}

/* True if the fault was met. */
static bool one_call(const fault_row *row, uint64_t n)
{
    place p;
    size_t done = 0;
    tdm_kv_faults faults = fault_at(row->kind, n);
    scratch_make(p.folder);
    snprintf(p.path, sizeof p.path, "%s/private", p.folder);
    tdm_private *log = open_faulty(&p, &faults);
    tdm_code code = log == NULL ? fault_code(row->kind) : take_steps(log, &done);
    if (code != TDM_OK)
        assert_code(fault_code(row->kind), code);
    tdm_private_close(&log);
    check_afterwards(&p, done, row->kind == FAULT_UNKNOWN_COMMIT);
    scratch_remove(p.folder);
    return code != TDM_OK;
}

static const fault_row FAULTS[] = {
    { FAULT_PUT, 20, one_call },
    { FAULT_COMMIT, STEP_COUNT, one_call },
    { FAULT_UNKNOWN_COMMIT, STEP_COUNT, one_call },
    { FAULT_DISK_FULL, STEP_COUNT, one_call },
    { FAULT_FLIPPED_READ, 8, one_call },
};

static void an_unknown_commit_may_be_asked_in_the_same_process(void **state)
{
    (void)state;
    place p;
    size_t done = 0;
    tdm_kv_faults faults = fault_at(FAULT_UNKNOWN_COMMIT, 2); /* the first is the opening */
    scratch_make(p.folder);
    snprintf(p.path, sizeof p.path, "%s/private", p.folder);
    tdm_private *log = open_faulty(&p, &faults);
    assert_code(TDM_IO, take_steps(log, &done));
    assert_code(TDM_OK, take_steps(log, &done));
    char *found = said(log);
    assert_string_equal(found, expected[STEP_COUNT]);
    free(found);
    tdm_private_close(&log);
    scratch_remove(p.folder);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(FAULTS) + 1];
    for (size_t i = 0; i < TDM_COUNT(FAULTS); i++)
        tests[i] = fault_test(&FAULTS[i]);
    tests[TDM_COUNT(FAULTS)] =
        (struct CMUnitTest){ "a commit of unknown outcome may be asked again in the same process",
                             an_unknown_commit_may_be_asked_in_the_same_process, NULL, NULL, NULL };
    return _cmocka_run_group_tests("private faults", tests, TDM_COUNT(tests), work_out_expected,
                                   free_expected);
}
