/* SPDX-License-Identifier: MPL-2.0
 *
 * tally_test.c: what one dossier adds to the tables, as bytes and in the cells; damaged bytes are told.
 */
#include "tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support.h"

#define ORGANISATION TDM_SPAN_LITERAL("R0A")

static const tdm_period YEAR = { TDM_PERIOD_YEAR, 2017 };

/* ---- encoding ---- */

static tdm_buf encode(void (*add)(tdm_tally *tally))
{
    tdm_tally tally = { 0 };
    tdm_buf out = { 0 };
    add(&tally);
    tdm_tally_encode(&tally, &out);
    tdm_tally_free(&tally);
    return out;
}

static void add_one(tdm_tally *tally, const char *a, const char *b, size_t n, int64_t amount)
{
    tdm_tally_at(tally, TDM_TABLE_TIES, YEAR, ORGANISATION, tdm_span_text(a), tdm_span_text(b))[n] = amount;
}

static void add_in_order(tdm_tally *tally)
{
    add_one(tally, "a", "", 0, 5);
    add_one(tally, "a", "b", 6, -2);
    add_one(tally, "b", "", 1, 7);
}

static void add_turned(tdm_tally *tally)
{
    add_one(tally, "b", "", 1, 7);
    add_one(tally, "a", "b", 6, -2);
    add_one(tally, "a", "", 0, 5);
}

static void add_in_parts(tdm_tally *tally)
{
    add_one(tally, "a", "", 0, 4);
    add_one(tally, "b", "", 1, 8);
    add_one(tally, "a", "b", 6, -2);
    add_one(tally, "b", "", 1, -1);
    add_one(tally, "a", "", 0, 1);
}

static void add_with_nothing(tdm_tally *tally)
{
    add_one(tally, "c", "", 3, 1);
    add_in_order(tally);
    add_one(tally, "aa", "", 3, 0);
    add_one(tally, "c", "", 3, -1);
}

static void add_other(tdm_tally *tally)
{
    add_in_order(tally);
    add_one(tally, "b", "", 2, 1);
}

static void add_nothing(tdm_tally *tally)
{
    add_one(tally, "a", "", 0, 1);
    add_one(tally, "a", "", 0, -1);
}

typedef struct encoding_row {
    const char *name;
    void (*add)(tdm_tally *tally);
    bool same;
} encoding_row;

static const encoding_row ENCODINGS[] = {
    { "a tally is the same in any order", add_turned, true },
    { "repeats are added up", add_in_parts, true },
    { "what came to nothing is not there", add_with_nothing, true },
    { "another amount is another tally", add_other, false },
};

static void check_encoding(void **state)
{
    const encoding_row *row = *state;
    tdm_buf plain = encode(add_in_order);
    tdm_buf other = encode(row->add);
    assert_int_equal(tdm_span_equal(tdm_buf_span(&plain), tdm_buf_span(&other)), row->same);
    tdm_buf_free(&plain);
    tdm_buf_free(&other);
}

static void nothing_is_no_bytes(void **state)
{
    (void)state;
    tdm_buf out = encode(add_nothing);
    assert_int_equal(out.len, 0);
    tdm_buf_free(&out);
}

/* ---- bytes ---- */

#define KEY(rest) "\x01\x00\x80\x00\x07\xe1" rest /* ties, 2017/18 */

typedef struct bytes_row {
    const char *name;
    const char *bytes;
    size_t len;
    bool sound;
} bytes_row;

#define BYTES(text) text, sizeof(text) - 1

static const bytes_row SOUND[] = {
    { "no bytes are sound", BYTES(""), true },
    { "a key and an amount are sound", BYTES("\x0d" KEY("R0A\0a\0b") "\x01\x02"), true },
    { "a key with three empty texts is sound", BYTES("\x08" KEY("\0\0") "\x01\x02"), true },
    { "seven amounts are sound", BYTES("\x08" KEY("\0\0") "\x7f\1\1\1\1\1\1\1"), true },
    { "eight amounts are not", BYTES("\x08" KEY("\0\0") "\xff\x01\1\1\1\1\1\1\1\1"), false },
    { "an eighth amount alone is not", BYTES("\x08" KEY("\0\0") "\x80\x01\1"), false },
    { "no amounts are not", BYTES("\x08" KEY("\0\0") "\x00"), false },
    { "an amount too few is not", BYTES("\x08" KEY("\0\0") "\x03\x02"), false },
    { "an amount cut short is not", BYTES("\x08" KEY("\0\0") "\x01\x82"), false },
    { "a key alone is not", BYTES("\x08" KEY("\0\0")), false },
    { "a key cut short is not", BYTES("\x09" KEY("\0\0")), false },
    { "a key of a period alone is not", BYTES("\x07" KEY("\0") "\x01\x02"), false },
    { "a key of two texts is not", BYTES("\x0b" KEY("R0A\0b") "\x01\x02"), false },
    { "a key of four texts is not", BYTES("\x0a" KEY("\0a\0\0") "\x01\x02"), false },
    { "a table that there is not is not", BYTES("\x08\xfe\x00\x80\x00\x07\xe1\0\0\x01\x02"), false },
    { "what follows a sound entry must be sound", BYTES("\x08" KEY("\0\0") "\x01\x02\x08"), false },
};

static void check_sound(void **state)
{
    const bytes_row *row = *state;
    assert_int_equal(tdm_tally_is_sound((tdm_span){ (const uint8_t *)row->bytes, row->len }), row->sound);
}

/* Into the cells and out again, from memory of just this length: a read beyond it is seen. Was it sound? */
static bool use_if_sound(tdm_span bytes)
{
    uint8_t *cut = malloc(bytes.len > 0 ? bytes.len : 1);
    assert_non_null(cut);
    if (bytes.len > 0)
        memcpy(cut, bytes.data, bytes.len);
    tdm_span kept = { cut, bytes.len };
    bool sound = tdm_tally_is_sound(kept);
    if (sound) {
        tdm_tables tables;
        size_t count;
        tdm_tables_init(&tables);
        tdm_tables_replace(&tables, (tdm_span){ 0 }, kept);
        tdm_tables_replace(&tables, kept, (tdm_span){ 0 });
        free(tdm_tables_sorted(&tables, &count));
        assert_int_equal(count, 0);
        tdm_tables_free(&tables);
    }
    free(cut);
    return sound;
}

static void damage_is_told_or_does_no_harm(void **state)
{
    (void)state;
    enum { BYTES_OF_ALL = 256 };
    dice d = { 3 };
    size_t answers[2] = { 0 };
    tdm_buf bytes = encode(add_in_order);
    for (size_t len = 0; len < bytes.len; len++)
        answers[use_if_sound((tdm_span){ bytes.data, len })]++;
    for (size_t at = 0; at < bytes.len; at++) {
        uint8_t was = bytes.data[at];
        for (size_t i = 0; i < 64; i++) {
            bytes.data[at] = (uint8_t)dice_below(&d, BYTES_OF_ALL);
            answers[use_if_sound(tdm_buf_span(&bytes))]++;
        }
        bytes.data[at] = was;
    }
    assert_true(answers[false] > 100 && answers[true] > 100); /* it tells the two apart */
    tdm_buf_free(&bytes);
}

/* ---- one stored cell ---- */

typedef struct load_row {
    const char *name;
    const char *value;
    size_t len;
    tdm_code code;
} load_row;

static const load_row LOADS[] = {
    { "a stored cell is read", BYTES("\x03\x02\x04"), TDM_OK },
    { "a byte too many is damage", BYTES("\x03\x02\x04\x00"), TDM_CORRUPT },
    { "a byte too few is damage", BYTES("\x03\x02"), TDM_CORRUPT },
    { "a cell of nothing is damage", BYTES("\x00"), TDM_CORRUPT },
    { "an amount there is not is damage", BYTES("\x80\x01\x02"), TDM_CORRUPT },
};

static void check_load(void **state)
{
    const load_row *row = *state;
    static const char PLACE[] = KEY("R0A\0a\0b");
    tdm_span key = { (const uint8_t *)PLACE, sizeof PLACE - 1 };
    tdm_tables tables;
    tdm_err err = { 0 };
    size_t count;
    tdm_tables_init(&tables);
    assert_int_equal(
        tdm_tables_load(&tables, key, (tdm_span){ (const uint8_t *)row->value, row->len }, 0, &err),
        row->code);
    tdm_table_slot *const *slots = tdm_tables_of(&tables, TDM_TABLE_TIES, YEAR, &count);
    assert_int_equal(count, row->code == TDM_OK);
    assert_int_equal(tables.dirty_count, 0); /* what was read need not be written */
    if (count > 0) {
        assert_int_equal(slots[0]->n[0], 1);
        assert_int_equal(slots[0]->n[1], 2);
    }
    tdm_tables_free(&tables);
}

/* ---- what holds from a day on ---- */

typedef struct span_row {
    const char *name;
    bool has_until;
    tdm_date until;
    size_t cells;
} span_row;

static const span_row SPANS[] = {
    { "what holds from a day on changes that day", false, 0, 1 },
    { "what ends the day after changes two days", true, 101, 2 },
    { "what ends the same day never holds", true, 100, 0 },
    { "what ends before it began never holds", true, 99, 0 },
};

static void check_span(void **state)
{
    const span_row *row = *state;
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1, 0, 0, 0, 0, 0, 3 };
    tdm_tally tally = { 0 };
    tdm_buf bytes = { 0 };
    tdm_tables tables;
    size_t count;
    tdm_tally_from(&tally, TDM_TABLE_POSTS, 100, row->has_until, row->until, ORGANISATION, ORGANISATION,
                   ORGANISATION, n);
    tdm_tally_encode(&tally, &bytes);
    tdm_tables_init(&tables);
    tdm_tables_replace(&tables, (tdm_span){ 0 }, tdm_buf_span(&bytes));
    tdm_table_slot **slots = tdm_tables_sorted(&tables, &count);
    assert_int_equal(count, row->cells);
    for (size_t i = 0; i < count; i++) {
        tdm_table_cell cell;
        tdm_table_key_read((tdm_span){ slots[i]->key, slots[i]->key_len }, &cell);
        assert_true(cell.has_day);
        assert_int_equal(cell.day, 100 + i);
        assert_int_equal(slots[i]->n[0], i == 0 ? 1 : -1);
        assert_int_equal(slots[i]->n[6], i == 0 ? 3 : -3);
    }
    free(slots);
    tdm_tables_free(&tables);
    tdm_tally_free(&tally);
    tdm_buf_free(&bytes);
}

/* ---- the periods of a table ---- */

static void add_at(tdm_tables *tables, int table, tdm_period period, const char *a, int64_t amount)
{
    tdm_tally tally = { 0 };
    tdm_buf bytes = { 0 };
    tdm_tally_at(&tally, table, period, ORGANISATION, tdm_span_text(a), ORGANISATION)[6] = amount;
    tdm_tally_encode(&tally, &bytes);
    tdm_tables_replace(tables, (tdm_span){ 0 }, tdm_buf_span(&bytes));
    tdm_tally_free(&tally);
    tdm_buf_free(&bytes);
}

static void periods_are_those_with_something_in_order(void **state)
{
    (void)state;
    static const tdm_period WANTED[] = {
        { TDM_PERIOD_YEAR, -3 }, { TDM_PERIOD_YEAR, 2016 }, { TDM_PERIOD_YEAR, 2017 },
        { TDM_PERIOD_MONTH, 5 }, { TDM_PERIOD_MONTH, 9 },
    };
    tdm_tables tables;
    size_t count;
    tdm_tables_init(&tables);
    for (size_t i = TDM_COUNT(WANTED); i-- > 0;)
        add_at(&tables, TDM_TABLE_TIES, WANTED[i], "a", 1);
    add_at(&tables, TDM_TABLE_TIES, (tdm_period){ TDM_PERIOD_YEAR, 2015 }, "a", 1);
    add_at(&tables, TDM_TABLE_TIES, (tdm_period){ TDM_PERIOD_YEAR, 2015 }, "a", -1);
    add_at(&tables, TDM_TABLE_TIES, WANTED[1], "b", 2);
    add_at(&tables, TDM_TABLE_TIES, WANTED[1], "b", -2);
    add_at(&tables, TDM_TABLE_MIX, (tdm_period){ TDM_PERIOD_YEAR, 2014 }, "a", 1);
    tdm_period *periods = tdm_tables_periods(&tables, TDM_TABLE_TIES, &count);
    assert_int_equal(count, TDM_COUNT(WANTED));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(periods[i].kind, WANTED[i].kind);
        assert_int_equal(periods[i].number, WANTED[i].number);
    }
    free(periods);
    tdm_tables_free(&tables);
}

int main(void)
{
    enum { ALONE = 3 };
    struct CMUnitTest
        tests[ALONE + TDM_COUNT(ENCODINGS) + TDM_COUNT(SOUND) + TDM_COUNT(LOADS) + TDM_COUNT(SPANS)] = {
            cmocka_unit_test(nothing_is_no_bytes),
            cmocka_unit_test(damage_is_told_or_does_no_harm),
            cmocka_unit_test(periods_are_those_with_something_in_order),
        };
    size_t count = ALONE;
#define ROWS(list, check)                                                                                    \
    for (size_t i = 0; i < TDM_COUNT(list); i++)                                                             \
        tests[count++] = (struct CMUnitTest){ (list)[i].name, check, NULL, NULL, (void *)&(list)[i] };
    ROWS(ENCODINGS, check_encoding)
    ROWS(SOUND, check_sound)
    ROWS(LOADS, check_load)
    ROWS(SPANS, check_span)
#undef ROWS
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
