/* SPDX-License-Identifier: MPL-2.0
 *
 * pack_test.c: the writer's bytes, written down by hand, and a cursor that fails once and stays failed.
 */
#include "support.h"
#include "tandem/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct int_row {
    const char *name;
    int64_t value;
    const char *hex;
};

static const struct int_row INTS[] = {
    { "0 is one byte", 0, "00" },
    { "127 is one byte", 127, "7f" },
    { "128 is cc and one byte", 128, "cc80" },
    { "255 is cc and one byte", 255, "ccff" },
    { "256 is cd and two bytes", 256, "cd0100" },
    { "65535 is cd and two bytes", 65535, "cdffff" },
    { "65536 is ce and four bytes", 65536, "ce00010000" },
    { "2^32-1 is ce and four bytes", 4294967295, "ceffffffff" },
    { "2^32 is cf and eight bytes", 4294967296, "cf0000000100000000" },
    { "2^63-1 is cf and eight bytes", INT64_MAX, "cf7fffffffffffffff" },
    { "-1 is one byte", -1, "ff" },
    { "-32 is one byte", -32, "e0" },
    { "-33 is d0 and one byte", -33, "d0df" },
    { "-128 is d0 and one byte", -128, "d080" },
    { "-129 is d1 and two bytes", -129, "d1ff7f" },
    { "-32768 is d1 and two bytes", -32768, "d18000" },
    { "-32769 is d2 and four bytes", -32769, "d2ffff7fff" },
    { "-2^31 is d2 and four bytes", INT32_MIN, "d280000000" },
    { "-2^31-1 is d3 and eight bytes", (int64_t)INT32_MIN - 1, "d3ffffffff7fffffff" },
    { "-2^63 is d3 and eight bytes", INT64_MIN, "d38000000000000000" },
};

static void check_int(void **state)
{
    const struct int_row *row = *state;
    tdm_buf expected = hex_bytes(row->hex);
    tdm_buf out = { 0 };
    tdm_pack_int(&out, row->value);
    assert_true(tdm_span_equal(tdm_buf_span(&out), tdm_buf_span(&expected)));
    tdm_cursor cursor = tdm_cursor_over(tdm_buf_span(&out));
    assert_true(tdm_cursor_int(&cursor) == row->value);
    assert_false(cursor.failed);
    tdm_buf_free(&out);
    tdm_buf_free(&expected);
}

struct len_row {
    const char *name;
    uint32_t count;
    const char *head;
    void (*pack)(tdm_buf *out, uint32_t count);
};

static void pack_text(tdm_buf *out, uint32_t count)
{
    static uint8_t text[70000];
    memset(text, 'x', sizeof text);
    tdm_pack_str(out, (tdm_span){ text, count });
}

static void pack_binary(tdm_buf *out, uint32_t count)
{
    static uint8_t binary[70000];
    tdm_pack_bin(out, binary, count);
}

static const struct len_row LENGTHS[] = {
    { "a text of 31 bytes has a one-byte head", 31, "bf", pack_text },
    { "a text of 32 bytes has head d9", 32, "d920", pack_text },
    { "a text of 256 bytes has head da", 256, "da0100", pack_text },
    { "a text of 65536 bytes has head db", 65536, "db00010000", pack_text },
    { "a binary of 255 bytes has head c4", 255, "c4ff", pack_binary },
    { "a binary of 256 bytes has head c5", 256, "c50100", pack_binary },
    { "a binary of 65536 bytes has head c6", 65536, "c600010000", pack_binary },
    { "an array of 15 has a one-byte head", 15, "9f", tdm_pack_array },
    { "an array of 16 has head dc", 16, "dc0010", tdm_pack_array },
    { "an array of 65536 has head dd", 65536, "dd00010000", tdm_pack_array },
    { "a map of 15 has a one-byte head", 15, "8f", tdm_pack_map },
    { "a map of 16 has head de", 16, "de0010", tdm_pack_map },
    { "a map of 65536 has head df", 65536, "df00010000", tdm_pack_map },
};

static void check_length(void **state)
{
    const struct len_row *row = *state;
    tdm_buf head = hex_bytes(row->head);
    tdm_buf out = { 0 };
    row->pack(&out, row->count);
    assert_true(out.len >= head.len);
    assert_memory_equal(out.data, head.data, head.len);
    if (row->pack == pack_text || row->pack == pack_binary)
        assert_int_equal(out.len, head.len + row->count);
    tdm_buf_free(&out);
    tdm_buf_free(&head);
}

static void a_number_above_the_profile_fails_the_buffer(void **state)
{
    (void)state;
    tdm_buf out = { 0 };
    tdm_pack_uint(&out, (uint64_t)INT64_MAX + 1);
    assert_true(out.failed);
    tdm_buf_free(&out);
}

/* nil, bool, int, str, bin, array and map, each read as each other kind */
static void a_read_of_the_wrong_kind_fails_and_moves_nothing(void **state)
{
    (void)state;
    static const char *const VALUES[] = { "c0", "c3", "05", "a161", "c40161", "91c0", "8101c0" };
    for (tdm_item item = TDM_ITEM_NIL; item < TDM_ITEM_END; item++) {
        tdm_buf bytes = hex_bytes(VALUES[item]);
        tdm_cursor cursor = tdm_cursor_over(tdm_buf_span(&bytes));
        assert_int_equal(tdm_cursor_peek(&cursor), item);
        tdm_cursor wrong = cursor;
        if (item == TDM_ITEM_INT)
            assert_int_equal(tdm_cursor_str(&wrong).len, 0);
        else
            assert_int_equal(tdm_cursor_int(&wrong), 0);
        assert_true(wrong.failed);
        assert_ptr_equal(wrong.at, cursor.at);
        tdm_cursor_skip(&wrong);
        tdm_cursor_nil(&wrong);
        assert_true(wrong.failed && wrong.at == cursor.at);
        assert_int_equal(tdm_cursor_peek(&wrong), TDM_ITEM_END);
        assert_int_equal(tdm_cursor_skip(&cursor).len, bytes.len);
        assert_int_equal(tdm_cursor_peek(&cursor), TDM_ITEM_END);
        tdm_buf_free(&bytes);
    }
}

static void a_fixed_binary_of_another_length_fails(void **state)
{
    (void)state;
    static const uint8_t BYTES[] = { 0xc4, 2, 7, 8 };
    uint8_t out[3] = { 1, 1, 1 };
    tdm_cursor cursor = tdm_cursor_over((tdm_span){ BYTES, sizeof BYTES });
    assert_true(tdm_cursor_fixed(&cursor, out, 2));
    assert_int_equal(out[1], 8);
    cursor = tdm_cursor_over((tdm_span){ BYTES, sizeof BYTES });
    assert_false(tdm_cursor_fixed(&cursor, out, 3));
    assert_true(cursor.failed);
    assert_int_equal(out[0], 0);
}

static void a_negative_integer_is_no_uint(void **state)
{
    (void)state;
    static const uint8_t MINUS_ONE = 0xff;
    tdm_cursor cursor = tdm_cursor_over((tdm_span){ &MINUS_ONE, 1 });
    assert_true(tdm_cursor_uint(&cursor) == 0 && cursor.failed);
}

/* A cursor over bytes that no scanner saw must still stay inside them. */
static void a_cursor_never_leaves_its_bytes(void **state)
{
    (void)state;
    dice d = { 5 };
    for (int i = 0; i < 100000; i++) {
        uint8_t bytes[12];
        size_t len = dice_below(&d, sizeof bytes + 1);
        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)(k % 2 == 0 ? 0x90 + dice_below(&d, 0x60) : dice_roll(&d));
        tdm_cursor cursor = tdm_cursor_over((tdm_span){ bytes, len });
        tdm_span value = tdm_cursor_skip(&cursor);
        assert_true(cursor.at >= bytes && cursor.at <= bytes + len && value.len <= len);
    }
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(INTS) + TDM_COUNT(LENGTHS) + 5];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(INTS); i++)
        tests[count++] = (struct CMUnitTest){ INTS[i].name, check_int, NULL, NULL, (void *)&INTS[i] };
    for (size_t i = 0; i < TDM_COUNT(LENGTHS); i++)
        tests[count++] =
            (struct CMUnitTest){ LENGTHS[i].name, check_length, NULL, NULL, (void *)&LENGTHS[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_number_above_the_profile_fails_the_buffer);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_read_of_the_wrong_kind_fails_and_moves_nothing);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_fixed_binary_of_another_length_fails);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_negative_integer_is_no_uint);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_cursor_never_leaves_its_bytes);
    return _cmocka_run_group_tests("pack", tests, count, NULL, NULL);
}
