/* SPDX-License-Identifier: MPL-2.0
 *
 * refold_test.c: whatever is learnt later of organisations or of closings, what was folded before is told
 * anew: the state is that of a fold which held everything from the start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"
#include "tandem/measure.h"

static const tdm_about EARLY = { 1, "R0A", "R0A", "1" };
static const tdm_about LATE = { 1, "R0A", "R0A", "2" };

/* ---- closings ---- */

static int close_between(tdm_book *book)
{
    book_partner(book, 1, "R0A");
    book_delivered(book, EARLY, "2017-04-05", 300, 12);
    book_at(book, "2018-04-20");
    int closing = book_close(book, "2017/18");
    book_delivered(book, LATE, "2017-04-06", 300, 12);
    return closing;
}

static size_t move_later(tdm_book *book)
{
    int closing = close_between(book);
    size_t first = book->count;
    book_move_closing(book, "2017/18", closing);
    return first;
}

static size_t take_back(tdm_book *book)
{
    int closing = close_between(book);
    size_t first = book->count;
    book_void_at(book, 0, "period/2017/18", closing);
    return first;
}

static size_t close_at_last(tdm_book *book)
{
    book_partner(book, 1, "R0A");
    book_delivered(book, EARLY, "2017-04-05", 300, 12);
    size_t first = book->count;
    book_at(book, "2018-04-20");
    book_close(book, "2017/18");
    return first;
}

static size_t another_log_instead(tdm_book *book)
{
    int closing = close_between(book);
    book->last[1] = 0; /* the tide that follows tells of another store of the node */
    book->incarnation[1] = 555;
    book_delivered(book, LATE, "2017-04-06", 300, 12);
    size_t first = book->count;
    book_move_closing(book, "2017/18", closing);
    return first;
}

/* The second closing of a period says nothing, until the first is taken back. */
static size_t close_twice(tdm_book *book)
{
    int closing = close_between(book);
    book_close(book, "2017/18");
    size_t first = book->count;
    book_void_at(book, 0, "period/2017/18", closing);
    return first;
}

/* ---- organisations ---- */

static size_t registered_late(tdm_book *book)
{
    book_partner(book, 1, "R0A");
    book_delivered(book, EARLY, "2017-04-05", 300, 12);
    book_assert(book, EARLY, "R0B", TDM_PHASE_IS_DELIVER);
    size_t first = book->count;
    book_partner(book, 2, "R0B");
    return first;
}

static const struct refold_row {
    const char *name;
    size_t (*tell)(tdm_book *book); /* where the second part begins */
} ROWS[] = {
    { "an organisation of a link is registered late", registered_late },
    { "a closing is moved to a later tide", move_later },
    { "a closing is taken back", take_back },
    { "a closing is stated at last", close_at_last },
    { "a closing is moved to a tide that names as many other logs", another_log_instead },
    { "the first of two closings is taken back", close_twice },
};

static void check_refold(void **state)
{
    const struct refold_row *row = *state;
    tdm_fold_options options = { .has_authority = true, .authority = book_id(0) };
    tdm_book book;
    tdm_err err = { 0 };
    tdm_fold *fold = NULL;
    book_init(&book);
    size_t first = row->tell(&book);
    assert_int_equal(tdm_fold_open(&fold, NULL, &options, &err), TDM_OK);
    book_apply(&book, fold, 0, first);
    book_settle(fold);
    tdm_digest before = book_hash(fold);
    book_apply(&book, fold, first, book.count - first);
    book_settle(fold);
    tdm_digest after = book_hash(fold);
    tdm_fold *whole = book_fold(&book, false);
    tdm_digest wanted = book_hash(whole);
    assert_memory_not_equal(before.bytes, after.bytes, sizeof before.bytes);
    assert_memory_equal(after.bytes, wanted.bytes, sizeof wanted.bytes);
    tdm_fold_close(&whole);
    tdm_fold_close(&fold);
    book_free(&book);
}

/* While everything is told anew, answers say that they are not complete. */
static bool is_complete(tdm_fold *fold)
{
    const tdm_measure_question question = { .measure = tdm_measure_find("N1") };
    tdm_measure_answer answer;
    tdm_err err = { 0 };
    assert_int_equal(tdm_fold_measure(fold, &question, &answer, &err), TDM_OK);
    bool complete = answer.complete;
    tdm_measure_answer_free(&answer);
    return complete;
}

static void check_complete(void **state)
{
    (void)state;
    tdm_fold_options options = { .has_authority = true, .authority = book_id(0) };
    tdm_book book;
    tdm_err err = { 0 };
    tdm_fold *fold = NULL;
    book_init(&book);
    size_t first = move_later(&book);
    assert_int_equal(tdm_fold_open(&fold, NULL, &options, &err), TDM_OK);
    book_apply(&book, fold, 0, first);
    book_settle(fold);
    assert_true(is_complete(fold));
    book_apply(&book, fold, first, book.count - first);
    assert_false(is_complete(fold));
    book_settle(fold);
    assert_true(is_complete(fold));
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 1];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_refold, NULL, NULL, (void *)&ROWS[i] };
    tests[TDM_COUNT(ROWS)] =
        (struct CMUnitTest){ "what is not settled is not complete", check_complete, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("refold", tests, NULL, NULL);
}
