/* SPDX-License-Identifier: MPL-2.0
 *
 * people_set_test.c: sets of summary cells: what an erased person leaves to the others, and that what differs
 * is stated, once and in order, and nothing else.
 */
#include "people_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { PEOPLE = 6 };

static size_t cell_count(const tdm_summary *set)
{
    size_t count;
    free(tdm_summary_sorted(set, &count));
    return count;
}

static void assert_none_found(const tdm_summary *set, const tdm_summary *places)
{
    size_t count;
    const tdm_summary_cell **cells = tdm_summary_sorted(places, &count);
    for (size_t i = 0; i < count; i++)
        assert_null(tdm_summary_find(set, cells[i]));
    free(cells);
}

static void an_erased_person_leaves_the_others(void **state)
{
    (void)state;
    dice d = { 3 };
    for (size_t round = 0; round < 30; round++) {
        tdm_summary people[PEOPLE];
        tdm_summary all, others;
        tdm_summary_init(&all);
        tdm_summary_init(&others);
        size_t erased = dice_below(&d, PEOPLE);
        for (size_t i = 0; i < PEOPLE; i++) {
            random_person(&d, &people[i]);
            assert_int_equal(tdm_summary_merge(&all, &people[i], NULL), TDM_OK);
            if (i != erased)
                assert_int_equal(tdm_summary_merge(&others, &people[i], NULL), TDM_OK);
        }
        assert_int_equal(tdm_summary_equal(&all, &others), cell_count(&people[erased]) == 0);
        assert_int_equal(tdm_summary_subtract(&all, &people[erased], NULL), TDM_OK);
        assert_true(tdm_summary_equal(&all, &others));
        assert_int_equal(cell_count(&all), cell_count(&others));
        assert_int_equal(tdm_summary_subtract(&all, &all, NULL), TDM_OK);
        assert_int_equal(cell_count(&all), 0);
        assert_none_found(&all, &others);
        for (size_t i = 0; i < PEOPLE; i++)
            tdm_summary_free(&people[i]);
        tdm_summary_free(&all);
        tdm_summary_free(&others);
    }
}

static const tdm_summary_cell SAMPLE = { .table = 7,
                                         .period = { TDM_PERIOD_QUARTER, 8071 },
                                         .n = { 1, -2, INT64_MAX, INT64_MIN } };

static void a_sum_too_large_changes_nothing(void **state)
{
    (void)state;
    tdm_summary set, before, more;
    tdm_summary_cell other = SAMPLE;
    other.table = 3;
    tdm_summary_init(&set);
    tdm_summary_init(&before);
    tdm_summary_init(&more);
    assert_int_equal(tdm_summary_add(&set, &SAMPLE, NULL), TDM_OK);
    assert_int_equal(tdm_summary_add(&before, &SAMPLE, NULL), TDM_OK);
    assert_int_equal(tdm_summary_add(&set, &SAMPLE, NULL), TDM_FULL);
    assert_true(tdm_summary_equal(&set, &before));
    for (int i = 1; i < 50; i++) {
        other.period.number = i; /* some of them walked before the one that does not fit */
        assert_int_equal(tdm_summary_add(&more, &other, NULL), TDM_OK);
    }
    assert_int_equal(tdm_summary_add(&more, &SAMPLE, NULL), TDM_OK);
    assert_int_equal(tdm_summary_merge(&set, &more, NULL), TDM_FULL);
    assert_true(tdm_summary_equal(&set, &before));
    assert_int_equal(tdm_summary_subtract(&set, &more, NULL), TDM_FULL); /* 0 less the smallest */
    assert_true(tdm_summary_equal(&set, &before));
    tdm_summary_free(&set);
    tdm_summary_free(&before);
    tdm_summary_free(&more);
}

static void a_person_too_many_changes_nothing(void **state)
{
    (void)state;
    static person_rows rows;
    tdm_summary set, before;
    tdm_summary_init(&set);
    tdm_summary_init(&before);
    tdm_summary_cell full = { .table = TDM_SUMMARYTABLE_IS_APPLICATIONS,
                              .period = tdm_period_of(TDM_PERIOD_MONTH, 17700),
                              .a = TDM_SPAN_LITERAL("applied"),
                              .n = { INT64_MAX } };
    assert_int_equal(tdm_summary_add(&set, &full, NULL), TDM_OK);
    assert_int_equal(tdm_summary_add(&before, &full, NULL), TDM_OK);
    attendance_row(&rows, "AB1/u", 17700);
    application_row(&rows, "AB1/u", TDM_APPLICATIONSTATE_IS_APPLIED, 17700);
    assert_int_equal(tdm_person_count(rows.rows, rows.count, 17800, &set, NULL, NULL), TDM_FULL);
    assert_true(tdm_summary_equal(&set, &before));
    assert_int_equal(tdm_person_count(rows.rows, 1, 17800, &set, NULL, NULL), TDM_OK);
    assert_int_equal(amount(&set, TDM_SUMMARYTABLE_IS_REACHED, "2018/19", "total", "", 0), 1);
    rows_clear(&rows);
    tdm_summary_free(&set);
    tdm_summary_free(&before);
}

/* ---- differences ---- */

typedef struct application {
    const tdm_summary *stated;
    tdm_summary applied;
    tdm_summary touched;
    size_t seen[3];
    size_t left; /* visits until it ends with TDM_BUSY */
    tdm_buf last_key;
} application;

static tdm_code apply(void *context, tdm_difference difference, const tdm_summary_cell *cell, tdm_err *err)
{
    application *a = context;
    tdm_buf key = { 0 };
    tdm_buf value = { 0 };
    const tdm_summary_cell *was = tdm_summary_find(a->stated, cell);
    tdm_summary_cell change = *cell;
    if (a->left-- == 0)
        return tdm_fail(err, TDM_BUSY, 0, "enough");
    assert_true((was == NULL) == (difference == TDM_DIFFERENCE_STATE));
    assert_null(tdm_summary_find(&a->touched, cell)); /* once for each cell */
    for (size_t i = 0; i < TDM_SUMMARY_AMOUNTS; i++)
        change.n[i] = (difference == TDM_DIFFERENCE_VOID ? 0 : cell->n[i]) - (was == NULL ? 0 : was->n[i]);
    assert_int_equal(tdm_summary_add(&a->applied, &change, NULL), TDM_OK);
    assert_int_equal(tdm_summary_add(&a->touched, cell, NULL), TDM_OK);
    assert_int_equal(tdm_summary_encode(cell, &key, &value, NULL), TDM_OK);
    assert_true(tdm_span_compare(tdm_buf_span(&a->last_key), tdm_buf_span(&key)) < 0);
    tdm_buf_free(&a->last_key);
    tdm_buf_free(&value);
    a->last_key = key;
    a->seen[difference]++;
    return TDM_OK;
}

static tdm_code run(application *a, const tdm_summary *wanted, const tdm_summary *stated, size_t left)
{
    *a = (application){ .stated = stated, .left = left };
    tdm_summary_init(&a->applied);
    tdm_summary_init(&a->touched);
    assert_int_equal(tdm_summary_merge(&a->applied, stated, NULL), TDM_OK);
    return tdm_summary_differences(wanted, stated, apply, a, NULL);
}

static void finish(application *a)
{
    tdm_summary_free(&a->applied);
    tdm_summary_free(&a->touched);
    tdm_buf_free(&a->last_key);
}

static void differences_make_the_wanted(void **state)
{
    (void)state;
    dice d = { 6 };
    size_t seen[3] = { 0 };
    for (size_t round = 0; round < 60; round++) {
        tdm_summary base, wanted, stated;
        application a;
        random_person(&d, &base);
        random_person(&d, &wanted);
        random_person(&d, &stated);
        assert_int_equal(tdm_summary_merge(&wanted, &base, NULL), TDM_OK);
        assert_int_equal(tdm_summary_merge(&stated, &base, NULL), TDM_OK);
        assert_int_equal(run(&a, &wanted, &stated, SIZE_MAX), TDM_OK);
        assert_true(tdm_summary_equal(&a.applied, &wanted));
        for (size_t i = 0; i < 3; i++)
            seen[i] += a.seen[i];
        size_t all = a.seen[0] + a.seen[1] + a.seen[2];
        finish(&a);
        assert_int_equal(run(&a, &wanted, &wanted, 0), TDM_OK); /* nothing differs: no visit */
        finish(&a);
        if (all > 0) {
            assert_int_equal(run(&a, &wanted, &stated, all - 1), TDM_BUSY);
            assert_int_equal(a.seen[0] + a.seen[1] + a.seen[2], all - 1);
            finish(&a);
        }
        tdm_summary_free(&base);
        tdm_summary_free(&wanted);
        tdm_summary_free(&stated);
    }
    for (size_t i = 0; i < 3; i++)
        assert_in_range(seen[i], 1, SIZE_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_erased_person_leaves_the_others),
        cmocka_unit_test(a_sum_too_large_changes_nothing),
        cmocka_unit_test(a_person_too_many_changes_nothing),
        cmocka_unit_test(differences_make_the_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
