/* SPDX-License-Identifier: MPL-2.0
 *
 * likeness_test.c: which two units are proposed as one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"

typedef struct side {
    const char *lead; /* R0A, by origin 1, or R0B, by origin 2 */
    const char *title;
    const char *programme;
    const char *start;
    const char *named; /* partner; NULL: none */
    int kind;          /* 0: programme */
} side;

typedef struct pair_row {
    const char *name;
    side a;
    side b;
    int likeness; /* in percent; 0: not proposed */
} pair_row;

static const pair_row ROWS[] = {
    { "two of one title, one of which names the other's lead, are proposed",
      { "R0A", "Leading well", "", "2017-09-12", "R0B", 0 },
      { "R0B", "Leading well", "", "2017-09-12", NULL, 0 },
      100 },
    { "so they are if it is the other that names",
      { "R0A", "Leading well", "", "2017-09-12", NULL, 0 },
      { "R0B", "Leading well", "", "2017-09-12", "R0A", 0 },
      100 },
    { "two that name nobody are not",
      { "R0A", "Leading well", "", "2017-09-12", NULL, 0 },
      { "R0B", "Leading well", "", "2017-09-12", NULL, 0 },
      0 },
    { "two that name a third are not",
      { "R0A", "Leading well", "", "2017-09-12", "R0C", 0 },
      { "R0B", "Leading well", "", "2017-09-12", "R0C", 0 },
      0 },
    { "two of one lead are not",
      { "R0A", "Leading well", "", "2017-09-12", "R0B", 0 },
      { "R0A", "Leading well", "", "2017-09-12", "R0B", 0 },
      0 },
    { "case and marks make no difference",
      { "R0A", "Leading Well!", "", "2017-09-12", "R0B", 0 },
      { "R0B", "leading-well", "", "2017-09-12", NULL, 0 },
      100 },
    { "without titles programmes are compared",
      { "R0A", "", "Mary Seacole", "2017-09-12", "R0B", 0 },
      { "R0B", "", "Mary Seacole", "2017-09-12", NULL, 0 },
      100 },
    { "with a title the programme is not",
      { "R0A", "Leading well", "Mary Seacole", "2017-09-12", "R0B", 0 },
      { "R0B", "Time to think", "Mary Seacole", "2017-09-12", NULL, 0 },
      0 },
    { "two without title or programme are not proposed",
      { "R0A", "", "", "2017-09-12", "R0B", 0 },
      { "R0B", "", "", "2017-09-12", NULL, 0 },
      0 },
    { "two of other kinds are not",
      { "R0A", "Leading well", "", "2017-09-12", "R0B", 0 },
      { "R0B", "Leading well", "", "2017-09-12", NULL, TDM_UNITKIND_IS_TOP_TEAM },
      0 },
    { "two pairs of letters in three are likeness enough",
      { "R0A", "abcd", "", "2017-09-12", "R0B", 0 },
      { "R0B", "abcx", "", "2017-09-12", NULL, 0 },
      66 },
    { "one in two is just enough",
      { "R0A", "abc", "", "2017-09-12", "R0B", 0 },
      { "R0B", "abd", "", "2017-09-12", NULL, 0 },
      50 },
    { "less is not",
      { "R0A", "abcd", "", "2017-09-12", "R0B", 0 },
      { "R0B", "abx", "", "2017-09-12", NULL, 0 },
      0 },
    { "a pair of letters is shared as often as both have it",
      { "R0A", "aaaaa", "", "2017-09-12", "R0B", 0 },
      { "R0B", "aaa", "", "2017-09-12", NULL, 0 },
      66 },
    { "three days apart they are still proposed",
      { "R0A", "Leading well", "", "2017-09-01", "R0B", 0 },
      { "R0B", "Leading well", "", "2017-09-04", NULL, 0 },
      100 },
    { "a day further apart they are not",
      { "R0A", "Leading well", "", "2017-09-01", "R0B", 0 },
      { "R0B", "Leading well", "", "2017-09-05", NULL, 0 },
      0 },
};

static void tell_side(tdm_book *book, const char *id, const side *unit)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record r;
    tdm_about about = { unit->lead[2] == 'A' ? 1 : 2, unit->lead, unit->lead, id };
    snprintf(subject, sizeof subject, "unit/%s/%s", about.lead, about.id);
    tdm_record_init(&r, TDM_TYPE_UNIT);
    tdm_record_set_text(&r, TDM_UNIT_RECORDER, about.recorder);
    tdm_record_set_text(&r, TDM_UNIT_LEAD, about.lead);
    tdm_record_set_text(&r, TDM_UNIT_UNIT_ID, about.id);
    tdm_record_set_number(&r, TDM_UNIT_KIND, unit->kind == 0 ? TDM_UNITKIND_IS_PROGRAMME : unit->kind);
    tdm_record_set_number(&r, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&r, TDM_UNIT_TITLE, unit->title);
    tdm_record_set_text(&r, TDM_UNIT_PROGRAMME, unit->programme);
    tdm_record_set_number(&r, TDM_UNIT_START, book_date(unit->start));
    book_state(book, about.origin, subject, (int)book->count, &r);
    book_session(book, about, unit->start, 300);
    if (unit->named != NULL)
        book_assert(book, about, unit->named, TDM_PHASE_IS_DELIVER);
}

typedef struct proposed {
    size_t count;
    int likeness;
} proposed;

static tdm_code see_pair(void *context, tdm_span a, tdm_span b, int likeness, tdm_err *err)
{
    (void)err;
    proposed *seen = context;
    assert_true(tdm_span_compare(a, b) < 0);
    seen->count++;
    seen->likeness = likeness;
    return TDM_OK;
}

static void check_pair(void **state)
{
    const pair_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    proposed seen = { 0 };
    book_init(&book);
    book_partner(&book, 1, "R0A");
    book_partner(&book, 2, "R0B");
    book_organisation(&book, "R0C", 0, NULL, 0);
    tell_side(&book, "1", &row->a);
    tell_side(&book, "2", &row->b);
    tdm_fold *fold = book_fold(&book, false);
    assert_int_equal(tdm_fold_likely_matches(fold, 10, see_pair, &seen, &err), TDM_OK);
    assert_int_equal(seen.count, row->likeness > 0);
    assert_int_equal(seen.likeness, row->likeness);
    assert_int_equal(tdm_fold_likely_matches(fold, 0, see_pair, &seen, &err), TDM_OK);
    assert_int_equal(seen.count, row->likeness > 0); /* none was asked for */
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_pair, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("likeness", tests, NULL, NULL);
}
