/* SPDX-License-Identifier: MPL-2.0
 *
 * hash_test.c: what the state hash depends on: every part of a fact, and nothing that only this store knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "build.h"
#include "fold_inner.h"

/* A session of a unit, and all that can be said about it but its place. */
typedef struct statement {
    int origin;
    int fact;
    uint64_t incarnation;
    uint64_t before; /* sequences of the origin that came before */
    const char *recorded;
    const char *subject;
    int hours_hundredths;
} statement;

static const statement PLAIN = { 1, 7, 101, 3, "2017-04-10", "unit/R0A/1", 300 };

typedef struct difference_row {
    const char *name;
    statement other;
} difference_row;

static const difference_row ROWS[] = {
    { "another origin gives another hash", { 2, 7, 101, 3, "2017-04-10", "unit/R0A/1", 300 } },
    { "another fact gives another hash", { 1, 8, 101, 3, "2017-04-10", "unit/R0A/1", 300 } },
    { "another incarnation gives another hash", { 1, 7, 102, 3, "2017-04-10", "unit/R0A/1", 300 } },
    { "another sequence gives another hash", { 1, 7, 101, 4, "2017-04-10", "unit/R0A/1", 300 } },
    { "another recorded time gives another hash", { 1, 7, 101, 3, "2017-04-11", "unit/R0A/1", 300 } },
    { "another subject gives another hash", { 1, 7, 101, 3, "2017-04-10", "unit/R0A/2", 300 } },
    { "another content gives another hash", { 1, 7, 101, 3, "2017-04-10", "unit/R0A/1", 301 } },
};

static void make_book(tdm_book *book, const statement *say)
{
    tdm_record r;
    book_init(book);
    book_at(book, say->recorded);
    book->incarnation[say->origin] = say->incarnation;
    book->last[say->origin] = say->before;
    tdm_record_init(&r, TDM_TYPE_SESSION);
    tdm_record_set_text(&r, TDM_SESSION_RECORDER, "R0A");
    tdm_record_set_number(&r, TDM_SESSION_DATE, book_date("2017-09-12"));
    tdm_record_set_number(&r, TDM_SESSION_HOURS, say->hours_hundredths);
    book_state(book, say->origin, say->subject, say->fact, &r);
}

/* Of the book's first event, at that position of the log. */
static tdm_digest hash_of_book(tdm_book *book, uint64_t position)
{
    tdm_err err = { 0 };
    tdm_digest digest;
    tdm_fold *fold = NULL;
    tdm_fold_options options = { .has_authority = true, .authority = book_id(0) };
    assert_int_equal(tdm_fold_open(&fold, NULL, &options, &err), TDM_OK);
    tdm_ledger_entry entry = { .position = position,
                               .received_ms = (int64_t)position * 5,
                               .bytes = book->events[0] };
    assert_int_equal(tdm_fold_apply(fold, &entry, 1, &err), TDM_OK);
    assert_int_equal(tdm_fold_state_hash(fold, &digest, &err), TDM_OK);
    tdm_fold_close(&fold);
    book_free(book);
    return digest;
}

static tdm_digest hash_of(const statement *say, uint64_t position)
{
    tdm_book book;
    make_book(&book, say);
    return hash_of_book(&book, position);
}

/* Two types whose payloads are alike. */
static void check_type(void **state)
{
    (void)state;
    const tdm_about about = { 1, "R0A", "R0A", "1" };
    tdm_book one;
    tdm_book other;
    book_init(&one);
    book_init(&other);
    book_void(&one, about, 7);
    book_unvoid(&other, about, 7);
    tdm_digest gone = hash_of_book(&one, 1);
    tdm_digest back = hash_of_book(&other, 1);
    assert_false(tdm_digest_equal(&gone, &back));
}

static void check_difference(void **state)
{
    const difference_row *row = *state;
    tdm_digest plain = hash_of(&PLAIN, 1);
    tdm_digest other = hash_of(&row->other, 1);
    assert_false(tdm_digest_equal(&plain, &other));
}

static void check_place(void **state)
{
    (void)state;
    tdm_digest here = hash_of(&PLAIN, 1);
    tdm_digest there = hash_of(&PLAIN, 40);
    assert_true(tdm_digest_equal(&here, &there));
}

/* ---- figures: each amount of each cell is in the hash ---- */

static tdm_digest state_of(tdm_fold *fold)
{
    tdm_digest digest;
    tdm_err err = { 0 };
    assert_int_equal(tdm_fold_state_hash(fold, &digest, &err), TDM_OK);
    return digest;
}

static void check_amounts(tdm_fold *fold, int64_t *amounts, size_t count, const tdm_digest *plain)
{
    for (size_t i = 0; i < count; i++) {
        amounts[i] += 1;
        tdm_digest other = state_of(fold);
        assert_false(tdm_digest_equal(&other, plain));
        amounts[i] -= 1;
    }
    tdm_digest again = state_of(fold);
    assert_true(tdm_digest_equal(&again, plain));
}

static tdm_fold *fold_of_unit(tdm_book *book)
{
    const tdm_about about = { 1, "R0A", "R0A", "1" };
    book_init(book);
    book_partner(book, 1, "R0A");
    book_partner(book, 2, "R0B");
    book_delivered(book, about, "2017-04-05", 300, 12);
    book_assert(book, about, "R0B", TDM_PHASE_IS_DELIVER);
    return book_fold(book, false);
}

static void check_cells(void **state)
{
    (void)state;
    tdm_book book;
    tdm_fold *fold = fold_of_unit(&book);
    size_t count;
    tdm_digest plain = state_of(fold);
    tdm_cell **cells = tdm_cells_sorted(&fold->cells, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        check_amounts(fold, cells[i]->v, cells[i]->width, &plain);
    free(cells);
    tdm_fold_close(&fold);
    book_free(&book);
}

static void check_tables(void **state)
{
    (void)state;
    tdm_book book;
    tdm_fold *fold = fold_of_unit(&book);
    size_t count;
    tdm_digest plain = state_of(fold);
    tdm_table_slot **slots = tdm_tables_sorted(&fold->tables, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        check_amounts(fold, slots[i]->n, TDM_TABLE_AMOUNTS, &plain);
    free(slots);
    tdm_fold_close(&fold);
    book_free(&book);
}

/* Where an amount stands matters, not only that it is there. */
static void check_keys(void **state)
{
    (void)state;
    tdm_book book;
    tdm_fold *fold = fold_of_unit(&book);
    size_t count;
    tdm_digest plain = state_of(fold);
    tdm_cell **cells = tdm_cells_sorted(&fold->cells, &count);
    cells[0]->place++; /* sorted as before: no other cell is between */
    tdm_digest other = state_of(fold);
    assert_false(tdm_digest_equal(&other, &plain));
    cells[0]->place--;
    free(cells);
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 5];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_difference, NULL, NULL, (void *)&ROWS[i] };
    tests[TDM_COUNT(ROWS)] =
        (struct CMUnitTest){ "place and time of arrival are not in the hash", check_place, NULL, NULL, NULL };
    tests[TDM_COUNT(ROWS) + 1] =
        (struct CMUnitTest){ "another type gives another hash", check_type, NULL, NULL, NULL };
    tests[TDM_COUNT(ROWS) + 2] =
        (struct CMUnitTest){ "each amount of a level's cell is in the hash", check_cells, NULL, NULL, NULL };
    tests[TDM_COUNT(ROWS) + 3] =
        (struct CMUnitTest){ "each amount of a table's cell is in the hash", check_tables, NULL, NULL, NULL };
    tests[TDM_COUNT(ROWS) + 4] =
        (struct CMUnitTest){ "the name of a cell is in the hash", check_keys, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
