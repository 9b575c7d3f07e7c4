/* SPDX-License-Identifier: MPL-2.0
 *
 * walk_test.c: walks over all units and all doubts, which go 256 subjects at a time: each is met once, in
 * order, and no more than asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"

typedef struct walk_row {
    const char *name;
    int units;    /* each with a session that is in doubt */
    size_t limit; /* of the doubts asked for */
} walk_row;

static const walk_row ROWS[] = {
    { "no unit is met where there is none", 0, 10 },
    { "one unit is met", 1, 10 },
    { "no doubt is told if none is asked for", 1, 0 },
    { "one doubt is told if one is asked for", 2, 1 },
    { "a step of units is met", 256, 300 },
    { "a step and one are met", 257, 300 },
    { "two steps and one are met", 513, 600 },
    { "no more doubts than asked for are told", 513, 511 },
};

typedef struct met {
    size_t count;
    bool in_order;
    char last[TDM_SUBJECT_MAX + 1];
} met;

static void meet(met *all, tdm_span name)
{
    char now[TDM_SUBJECT_MAX + 1];
    snprintf(now, sizeof now, "%.*s", (int)name.len, (const char *)name.data);
    all->in_order = all->in_order && strcmp(all->last, now) < 0;
    memcpy(all->last, now, sizeof now);
    all->count++;
}

static tdm_code see_unit(void *context, const tdm_unit *unit, tdm_err *err)
{
    (void)err;
    meet(context, unit->name);
    return TDM_OK;
}

static tdm_code see_doubt(void *context, const tdm_fact *fact, const char *reason, tdm_err *err)
{
    (void)err;
    assert_string_equal(reason, "in another's name");
    meet(context, fact->subject);
    return TDM_OK;
}

static void tell_units(tdm_book *book, int units)
{
    book_init(book);
    book_partner(book, 1, "R0A");
    for (int i = 0; i < units; i++) {
        char id[16];
        snprintf(id, sizeof id, "%05d", i);
        book_unit(book, (tdm_about){ 1, "R0A", "R0A", id }, 0, "2017-09-12", NULL);
        book_session(book, (tdm_about){ 1, "R0Z", "R0A", id }, "2017-09-12", 300);
    }
}

static void check_walk(void **state)
{
    const walk_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    met units = { .in_order = true };
    met doubts = { .in_order = true };
    size_t told = row->limit < (size_t)row->units ? row->limit : (size_t)row->units;
    tell_units(&book, row->units);
    tdm_fold *fold = book_fold(&book, false);
    assert_int_equal(tdm_fold_units(fold, (tdm_span){ NULL, 0 }, see_unit, &units, &err), TDM_OK);
    assert_int_equal(units.count, row->units);
    assert_true(units.in_order);
    assert_int_equal(tdm_fold_doubts(fold, row->limit, see_doubt, &doubts, &err), TDM_OK);
    assert_int_equal(doubts.count, told);
    assert_true(doubts.in_order);
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_walk, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
