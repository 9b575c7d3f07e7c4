/* SPDX-License-Identifier: MPL-2.0
 *
 * directory_test.c: organisations, their names and keys, as the fold tells them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"

static void state_name(tdm_book *book, const char *name, const char *date)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_ORGANISATION_CHANGE);
    tdm_record_set_text(&r, TDM_ORGANISATION_CHANGE_CODE, "R0A");
    tdm_record_set_number(&r, TDM_ORGANISATION_CHANGE_CHANGE, TDM_CHANGE_IS_RENAMED);
    tdm_record_set_number(&r, TDM_ORGANISATION_CHANGE_EFFECTIVE, book_date(date));
    if (name != NULL)
        tdm_record_set_text(&r, TDM_ORGANISATION_CHANGE_NAME, name);
    book_state(book, 0, "organisation/R0A", 500 + (int)book->count, &r);
}

static tdm_fold *make_fold(tdm_book *book)
{
    book_init(book);
    book_organisation(book, "R0C", 0, NULL, 0);
    book_partner(book, 1, "R0A");
    book_partner(book, 2, "R0B");
    book_represents(book, 1, "R0B", NULL);
    state_name(book, "North", "2018-01-01");
    state_name(book, "Far North", "2019-01-01");
    state_name(book, NULL, "2020-01-01");
    book_change(book, "R0A", TDM_CHANGE_IS_REORGANISED, "2021-01-01", NULL);
    return book_fold(book, false);
}

/* ---- names ---- */

typedef struct name_row {
    const char *name;
    const char *date;
    const char *called;
} name_row;

static const name_row NAMES[] = {
    { "before it is renamed an organisation has its first name", "2017-12-31", "R0A" },
    { "on the day it is renamed it has the new one", "2018-01-01", "North" },
    { "until the day before the next", "2018-12-31", "North" },
    { "on the next day it has the next", "2019-01-01", "Far North" },
    { "a change without a name leaves the name", "2020-01-01", "Far North" },
    { "a change of something else leaves the name", "2021-01-01", "Far North" },
};

static tdm_code see_name(void *context, const tdm_organisation_row *row, tdm_err *err)
{
    (void)err;
    snprintf(context, 64, "%.*s", (int)row->name.len, (const char *)row->name.data);
    return TDM_OK;
}

static void check_name(void **state)
{
    const name_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    char called[64] = "";
    tdm_fold *fold = make_fold(&book);
    assert_int_equal(
        tdm_fold_organisation(fold, TDM_SPAN_LITERAL("R0A"), book_date(row->date), see_name, called, &err),
        TDM_OK);
    assert_string_equal(called, row->called);
    tdm_fold_close(&fold);
    book_free(&book);
}

/* ---- lists, and visitors that have seen enough or fail ---- */

typedef struct visitor {
    size_t wanted;   /* sees so many */
    tdm_code answer; /* then says this */
    size_t count;
    char text[64];
} visitor;

static tdm_code see_code(void *context, tdm_span code, tdm_err *err)
{
    (void)err;
    visitor *in = context;
    size_t len = strlen(in->text);
    snprintf(in->text + len, sizeof in->text - len, "%.*s ", (int)code.len, (const char *)code.data);
    return ++in->count == in->wanted ? in->answer : TDM_OK;
}

static tdm_code see_row(void *context, const tdm_organisation_row *row, tdm_err *err)
{
    return see_code(context, row->code, err);
}

static tdm_code list_organisations(tdm_fold *fold, visitor *in, tdm_err *err)
{
    return tdm_fold_organisations(fold, book_date("2018-01-01"), see_row, in, err);
}

static tdm_code list_represented(tdm_fold *fold, visitor *in, tdm_err *err)
{
    tdm_id one = book_id(1);
    return tdm_fold_represented(fold, &one, book_date("2018-01-01"), see_code, in, err);
}

static tdm_code show_organisation(tdm_fold *fold, visitor *in, tdm_err *err)
{
    return tdm_fold_organisation(fold, TDM_SPAN_LITERAL("R0B"), book_date("2018-01-01"), see_row, in, err);
}

typedef struct list_row {
    const char *name;
    tdm_code (*list)(tdm_fold *fold, visitor *in, tdm_err *err);
    size_t wanted;
    tdm_code answer;
    const char *text;
    tdm_code code;
} list_row;

static const list_row LISTS[] = {
    { "organisations come in order of code", list_organisations, 0, TDM_OK, "R0A R0B R0C ", TDM_OK },
    { "who has seen enough of them is told no more", list_organisations, 2, TDM_END, "R0A R0B ", TDM_OK },
    { "who fails at one hears of the failure", list_organisations, 1, TDM_IO, "R0A ", TDM_IO },
    { "what an origin represents comes in order of code", list_represented, 0, TDM_OK, "R0A R0B ", TDM_OK },
    { "who has seen enough of that is told no more", list_represented, 1, TDM_END, "R0A ", TDM_OK },
    { "who fails at one of those hears of it", list_represented, 1, TDM_IO, "R0A ", TDM_IO },
    { "one organisation is shown alone", show_organisation, 0, TDM_OK, "R0B ", TDM_OK },
    { "who has seen enough in one has no failure", show_organisation, 1, TDM_END, "R0B ", TDM_OK },
    { "who fails at the one hears of it", show_organisation, 1, TDM_IO, "R0B ", TDM_IO },
};

static void check_list(void **state)
{
    const list_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    visitor in = { .wanted = row->wanted, .answer = row->answer };
    tdm_fold *fold = make_fold(&book);
    assert_int_equal(row->list(fold, &in, &err), row->code);
    assert_string_equal(in.text, row->text);
    tdm_fold_close(&fold);
    book_free(&book);
}

/* ---- keys ---- */

static void state_key(tdm_book *book, int origin, int64_t purpose, uint8_t first_byte, uint8_t last_byte)
{
    uint8_t key[32] = { first_byte };
    tdm_id id = book_id(origin);
    tdm_record r;
    key[31] = last_byte;
    tdm_record_init(&r, TDM_TYPE_KEY);
    tdm_record_set_bytes(&r, TDM_KEY_ORIGIN, (tdm_span){ id.bytes, sizeof id.bytes });
    tdm_record_set_number(&r, TDM_KEY_PURPOSE, purpose);
    tdm_record_set_bytes(&r, TDM_KEY_PUBLIC_KEY, (tdm_span){ key, sizeof key });
    tdm_record_set_number(&r, TDM_KEY_STATE, TDM_KEYSTATE_IS_ACTIVE);
    book_state(book, 0, "origin/1", 500 + (int)book->count, &r);
}

typedef struct key_row {
    const char *name;
    int origin;
    int64_t purpose;
    uint8_t first;
    uint8_t last;
    size_t told; /* of this key and that of origin 1: purpose seal, bytes 9 and 1 */
    bool may;    /* whether that of origin 1 may still seal */
} key_row;

static const key_row KEYS[] = {
    { "a key stated again is told once", 1, TDM_PURPOSE_IS_SEAL, 9, 1, 1, true },
    { "another origin's key is told too", 2, TDM_PURPOSE_IS_SEAL, 9, 1, 2, true },
    { "a key for links is told too", 1, TDM_PURPOSE_IS_LINK, 9, 1, 2, true },
    { "a key that differs in its first byte is told too", 1, TDM_PURPOSE_IS_SEAL, 8, 1, 2, true },
    { "a key that differs in its last byte is told too", 1, TDM_PURPOSE_IS_SEAL, 9, 2, 2, true },
};

static tdm_code count_key(void *context, const tdm_key_fact *key, tdm_err *err)
{
    (void)key;
    (void)err;
    ++*(size_t *)context;
    return TDM_OK;
}

static tdm_code enough_keys(void *context, const tdm_key_fact *key, tdm_err *err)
{
    (void)count_key(context, key, err);
    return TDM_END;
}

static tdm_code fail_at_key(void *context, const tdm_key_fact *key, tdm_err *err)
{
    (void)count_key(context, key, err);
    return TDM_IO;
}

static void check_key(void **state)
{
    const key_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    size_t told = 0;
    size_t enough = 0;
    size_t failed = 0;
    tdm_id one = book_id(1);
    uint8_t key[32] = { 9 };
    key[31] = 1;
    book_init(&book);
    state_key(&book, 1, TDM_PURPOSE_IS_SEAL, 9, 1);
    state_key(&book, row->origin, row->purpose, row->first, row->last);
    tdm_fold *fold = book_fold(&book, false);
    assert_int_equal(tdm_fold_keys(fold, count_key, &told, &err), TDM_OK);
    assert_int_equal(told, row->told);
    assert_int_equal(tdm_fold_keys(fold, enough_keys, &enough, &err), TDM_OK);
    assert_int_equal(enough, 1);
    assert_int_equal(tdm_fold_keys(fold, fail_at_key, &failed, &err), TDM_IO);
    assert_int_equal(failed, 1);
    assert_int_equal(tdm_fold_key_may_seal(fold, &one, key, 5), row->may);
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(NAMES) + TDM_COUNT(LISTS) + TDM_COUNT(KEYS)];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(NAMES); i++)
        tests[count++] = (struct CMUnitTest){ NAMES[i].name, check_name, NULL, NULL, (void *)&NAMES[i] };
    for (size_t i = 0; i < TDM_COUNT(LISTS); i++)
        tests[count++] = (struct CMUnitTest){ LISTS[i].name, check_list, NULL, NULL, (void *)&LISTS[i] };
    for (size_t i = 0; i < TDM_COUNT(KEYS); i++)
        tests[count++] = (struct CMUnitTest){ KEYS[i].name, check_key, NULL, NULL, (void *)&KEYS[i] };
    return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
