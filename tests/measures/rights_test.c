/* SPDX-License-Identifier: MPL-2.0
 *
 * rights_test.c: who speaks for whom, and with what key, as the fold tells it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"

typedef struct codes_seen {
    char text[64];
} codes_seen;

static tdm_code see_code(void *context, tdm_span code, tdm_err *err)
{
    (void)err;
    codes_seen *seen = context;
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof seen->text - len, "%.*s ", (int)code.len, (const char *)code.data);
    return TDM_OK;
}

static tdm_code see_organisation(void *context, const tdm_organisation_row *row, tdm_err *err)
{
    (void)err;
    *(tdm_organisation_row *)context = *row;
    return TDM_OK;
}

static void check_rights(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    tdm_id two = book_id(2);
    book_two_partners(&book);
    book_organisation(&book, "R0C", TDM_SECTOR_IS_VOLUNTARY, "R0A", TDM_BELONGS_IS_SITE);
    book_represents(&book, 2, "R0C", "2017-10-01");
    book_change(&book, "R0C", TDM_CHANGE_IS_CLOSED, "2018-01-01", NULL);
    tdm_fold *fold = book_fold(&book, false);
    assert_true(tdm_fold_represents(fold, &two, TDM_SPAN_LITERAL("R0C"), book_date("2017-09-30")));
    assert_false(tdm_fold_represents(fold, &two, TDM_SPAN_LITERAL("R0C"), book_date("2017-10-01")));
    codes_seen seen = { "" };
    assert_int_equal(tdm_fold_represented(fold, &two, book_date("2017-09-30"), see_code, &seen, &err),
                     TDM_OK);
    assert_string_equal(seen.text, "R0B R0C ");
    tdm_organisation_row row;
    assert_int_equal(tdm_fold_organisation(fold, TDM_SPAN_LITERAL("R0C"), book_date("2018-01-01"),
                                           see_organisation, &row, &err),
                     TDM_OK);
    assert_true(row.closed);
    assert_string_equal(row.root, "R0A");
    assert_int_equal(row.sector, TDM_SECTOR_IS_VOLUNTARY);
    assert_int_equal(tdm_fold_organisation(fold, TDM_SPAN_LITERAL("R0Z"), 0, see_organisation, &row, &err),
                     TDM_NOT_FOUND);
    tdm_fold_close(&fold);
    book_free(&book);
}

/* bound 0: not stated */
static void state_key(tdm_book *book, int64_t key_state, int64_t first, int64_t last)
{
    uint8_t key[32] = { 9 };
    tdm_id one = book_id(1);
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_KEY);
    tdm_record_set_bytes(&r, TDM_KEY_ORIGIN, (tdm_span){ one.bytes, sizeof one.bytes });
    tdm_record_set_number(&r, TDM_KEY_PURPOSE, TDM_PURPOSE_IS_SEAL);
    tdm_record_set_bytes(&r, TDM_KEY_PUBLIC_KEY, (tdm_span){ key, sizeof key });
    tdm_record_set_number(&r, TDM_KEY_STATE, key_state);
    if (first > 0)
        tdm_record_set_number(&r, TDM_KEY_FIRST, first);
    if (last > 0)
        tdm_record_set_number(&r, TDM_KEY_LAST, last);
    book_state(book, 0, "origin/1", (int)book->count, &r);
}

static bool may_seal(const tdm_book *book, uint64_t last)
{
    uint8_t key[32] = { 9 };
    tdm_id one = book_id(1);
    tdm_fold *fold = book_fold(book, false);
    bool may = tdm_fold_key_may_seal(fold, &one, key, last);
    tdm_fold_close(&fold);
    return may;
}

static const struct key_row {
    const char *name;
    int64_t state, first, last;
    uint64_t sealed;
    bool may;
} KEYS[] = {
    { "a key in use seals any log", TDM_KEYSTATE_IS_ACTIVE, 0, 0, 1000, true },
    { "from its first sequence on", TDM_KEYSTATE_IS_ACTIVE, 20, 0, 20, true },
    { "not before it", TDM_KEYSTATE_IS_ACTIVE, 20, 0, 19, false },
    { "from the very first", TDM_KEYSTATE_IS_ACTIVE, 1, 0, 1, true },
    { "up to its last", TDM_KEYSTATE_IS_ACTIVE, 0, 50, 50, true },
    { "not after it", TDM_KEYSTATE_IS_ACTIVE, 0, 50, 51, false },
    { "within both", TDM_KEYSTATE_IS_ACTIVE, 20, 50, 30, true },
    { "before both", TDM_KEYSTATE_IS_ACTIVE, 20, 50, 10, false },
    { "after both", TDM_KEYSTATE_IS_ACTIVE, 20, 50, 60, false },
    { "what a revoked one sealed up to its last stays proven", TDM_KEYSTATE_IS_REVOKED, 0, 50, 50, true },
    { "a revoked one seals nothing after it", TDM_KEYSTATE_IS_REVOKED, 0, 50, 51, false },
    { "a revoked one without a last seals nothing", TDM_KEYSTATE_IS_REVOKED, 0, 0, 1, false },
};

static void check_key(void **state)
{
    const struct key_row *row = *state;
    tdm_book book;
    book_init(&book);
    assert_false(may_seal(&book, row->sealed));
    state_key(&book, row->state, row->first, row->last);
    assert_int_equal(may_seal(&book, row->sealed), row->may);
    book_free(&book);
}

/* The latest word on a key holds. */
static void check_keys(void **state)
{
    (void)state;
    tdm_book book;
    book_init(&book);
    state_key(&book, TDM_KEYSTATE_IS_ACTIVE, 0, 0);
    state_key(&book, TDM_KEYSTATE_IS_REVOKED, 0, 50);
    assert_false(may_seal(&book, 51));
    state_key(&book, TDM_KEYSTATE_IS_REVOKED, 0, 0);
    assert_false(may_seal(&book, 1));
    book_free(&book);
}

int main(void)
{
    static struct CMUnitTest tests[2 + TDM_COUNT(KEYS)] = {
        { "who represents an organisation depends on the date", check_rights, NULL, NULL, NULL },
        { "the latest word on a key holds", check_keys, NULL, NULL, NULL },
    };
    size_t count = 2;
    for (size_t i = 0; i < TDM_COUNT(KEYS); i++)
        tests[count++] = (struct CMUnitTest){ KEYS[i].name, check_key, NULL, NULL, (void *)&KEYS[i] };
    return _cmocka_run_group_tests("rights", tests, count, NULL, NULL);
}
