/* SPDX-License-Identifier: MPL-2.0
 *
 * scan_test.c: which bytes the scanner lets in; msgpack-c is the judge of what they mean.
 */
#include "support.h"
#include "tandem/pack.h"

#include <jansson.h>
#include <msgpack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const tdm_scan_limits WIDE = { 1 << 20, TDM_SCAN_DEPTH_MAX, 1 << 20 };

struct row {
    const char *name;
    const char *hex;
    const char *error; /* NULL: accepted */
};

static const struct row ROWS[] = {
    { "nil is accepted", "c0", NULL },
    { "false and true are accepted", "92 c2 c3", NULL },
    { "the largest one-byte integer is accepted", "7f", NULL },
    { "the smallest one-byte integer is accepted", "e0", NULL },
    { "128 in one more byte is accepted", "cc80", NULL },
    { "127 in one more byte is refused", "cc7f", "byte 0: not the shortest form" },
    { "256 in two more bytes is accepted", "cd0100", NULL },
    { "255 in two more bytes is refused", "cd00ff", "byte 0: not the shortest form" },
    { "65536 in four more bytes is accepted", "ce00010000", NULL },
    { "65535 in four more bytes is refused", "ce0000ffff", "byte 0: not the shortest form" },
    { "2^32 in eight more bytes is accepted", "cf0000000100000000", NULL },
    { "2^32-1 in eight more bytes is refused", "cf00000000ffffffff", "byte 0: not the shortest form" },
    { "2^63-1 is accepted", "cf7fffffffffffffff", NULL },
    { "2^63 is refused", "cf8000000000000000", "byte 0: integer above 2^63-1" },
    { "-33 in one more byte is accepted", "d0df", NULL },
    { "-32 in one more byte is refused", "d0e0", "byte 0: not the shortest form" },
    { "5 as a signed integer is refused", "d005", "byte 0: not the shortest form" },
    { "-129 in two more bytes is accepted", "d1ff7f", NULL },
    { "-128 in two more bytes is refused", "d1ff80", "byte 0: not the shortest form" },
    { "-32769 in four more bytes is accepted", "d2ffff7fff", NULL },
    { "-32768 in four more bytes is refused", "d2ffff8000", "byte 0: not the shortest form" },
    { "-2^31-1 in eight more bytes is accepted", "d3ffffffff7fffffff", NULL },
    { "-2^31 in eight more bytes is refused", "d3ffffffff80000000", "byte 0: not the shortest form" },
    { "-2^63 is accepted", "d38000000000000000", NULL },
    { "an empty text is accepted", "a0", NULL },
    { "a short text in the long form is refused", "d90161", "byte 0: not the shortest form" },
    { "an empty binary is accepted", "c400", NULL },
    { "a short binary in the long form is refused", "c5000161", "byte 0: not the shortest form" },
    { "an empty array and an empty map are accepted", "92 90 80", NULL },
    { "a short array in the long form is refused", "dc0001c0", "byte 0: not the shortest form" },
    { "a short map in the long form is refused", "de00010101", "byte 0: not the shortest form" },
    { "ascending keys are accepted", "82 01c0 02c0", NULL },
    { "descending keys are refused at the second", "82 02c0 01c0", "byte 3: keys are not ascending" },
    { "the same key twice is refused", "82 01c0 01c0", "byte 3: a key comes twice" },
    { "keys start anew in a nested map", "82 0181 00c0 02c0", NULL },
    { "keys go on after a nested map", "82 0281 00c0 01c0", "byte 5: keys are not ascending" },
    { "a text as key is refused", "81 a161 c0", "byte 1: a key is not an unsigned integer" },
    { "a negative key is refused", "81 ff c0", "byte 1: a key is not an unsigned integer" },
    { "a map as key is refused", "81 80 c0", "byte 1: a key is not an unsigned integer" },
    { "a text as value is accepted", "81 01 a161", NULL },
    { "no bytes at all are refused", "", "byte 0: cut short" },
    { "a number cut short is refused", "cd01", "byte 0: cut short" },
    { "a text cut short is refused", "a361 62", "byte 1: cut short" },
    { "an array cut short is refused", "92c0", "byte 1: more elements promised" },
    { "a map with half a pair is refused", "81 01", "byte 1: more elements promised" },
    { "a huge array is refused at its head", "ddffffffff", "byte 5: more elements promised" },
    { "a huge map is refused at its head", "dfffffffff", "byte 5: more elements promised" },
    { "a huge text is refused at its head", "dbffffffff", "byte 5: cut short" },
    { "a byte after the end is refused", "c0c0", "byte 1: bytes after the end" },
    { "a 32-bit float is refused", "ca00000000", "byte 0: float" },
    { "a 64-bit float is refused", "cb0000000000000000", "byte 0: float" },
    { "an ext is refused", "c70105 61", "byte 0: ext" },
    { "a fixed ext is refused", "d4 05 61", "byte 0: ext" },
    { "the byte c1 is refused", "91c1", "byte 1: the byte 0xc1" },
    { "letters of two, three and four bytes are accepted", "a9 c3a9 e282ac f09f9880", NULL },
    { "the last code point is accepted", "a4 f48fbfbf", NULL },
    { "a point above it is refused", "a4 f4908080", "byte 1: text is not UTF-8" },
    { "an overlong slash is refused", "a2 c0af", "byte 1: text is not UTF-8" },
    { "an overlong three-byte form is refused", "a3 e08080", "byte 1: text is not UTF-8" },
    { "an overlong four-byte form is refused", "a4 f08080 80", "byte 1: text is not UTF-8" },
    { "a surrogate is refused", "a3 eda080", "byte 1: text is not UTF-8" },
    { "a letter cut short is refused", "a2 e282", "byte 1: text is not UTF-8" },
    { "a broken letter after eight plain ones is refused", "a9 6162636465666768 80",
      "byte 1: text is not UTF-8" },
    { "NUL in a text is accepted", "a1 00", NULL },
    { "sixteen nested arrays are accepted", "91919191919191919191919191919191c0", NULL },
    { "seventeen nested arrays are refused", "9191919191919191919191919191919191c0",
      "byte 17: nested too deep" },
};

static void check_row(void **state)
{
    const struct row *row = *state;
    tdm_buf bytes = hex_bytes(row->hex);
    tdm_err err = { 0 };
    tdm_code code = tdm_scan(tdm_buf_span(&bytes), &WIDE, &err);
    if (row->error == NULL) {
        assert_int_equal(code, TDM_OK);
    } else {
        assert_int_equal(code, TDM_MALFORMED);
        assert_memory_equal(err.what, row->error, strlen(row->error));
    }
    tdm_buf_free(&bytes);
}

static void limits_are_kept(void **state)
{
    (void)state;
    static const uint8_t ARRAY[] = { 0x93, 0x01, 0x91, 0x02, 0x03 };
    tdm_span bytes = { ARRAY, sizeof ARRAY };
    assert_int_equal(tdm_scan(bytes, &(tdm_scan_limits){ 5, 2, 5 }, NULL), TDM_OK);
    assert_int_equal(tdm_scan(bytes, &(tdm_scan_limits){ 4, 2, 5 }, NULL), TDM_MALFORMED);
    assert_int_equal(tdm_scan(bytes, &(tdm_scan_limits){ 5, 1, 5 }, NULL), TDM_MALFORMED);
    assert_int_equal(tdm_scan(bytes, &(tdm_scan_limits){ 5, 2, 4 }, NULL), TDM_MALFORMED);
}

/* ---- msgpack-c as the judge ---- */

/* Values one behind the other are taken one by one; the limits are each value's own. */
static void the_first_value_is_taken_alone(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        size_t first; /* 0: refused */
    } TRIES[] = {
        { "\x01\x02", 2, 1 },
        { "\x92\x01\x02\xc1", 4, 3 },
        { "\x81\x01\xa1k\x05", 5, 4 },
        { "\xc1\x01", 2, 0 },
        { "\x92\x01", 2, 0 },
        { "", 0, 0 },
        { "\x91\x91\x01\x01", 4, 0 }, /* too deep */
        { "\xa5"
          "12345",
          6, 0 }, /* too long */
        { "\x94\x01\x02\x03\x04", 5, 5 },
        { "\x95\x01\x02\x03\x04\x05", 6, 0 },
    };
    for (size_t i = 0; i < TDM_COUNT(TRIES); i++) {
        size_t len = 99;
        tdm_span bytes = { (const uint8_t *)TRIES[i].bytes, TRIES[i].len };
        tdm_code code = tdm_scan_first(bytes, &(tdm_scan_limits){ 5, 1, 5 }, &len, NULL);
        assert_int_equal(code, TRIES[i].first > 0 ? TDM_OK : TDM_MALFORMED);
        if (code == TDM_OK)
            assert_int_equal(len, TRIES[i].first);
    }
}

static void same_value(tdm_cursor *cursor, const msgpack_object *object);

static void same_bytes(tdm_span ours, const char *theirs, uint32_t len)
{
    assert_int_equal(ours.len, len);
    if (len > 0)
        assert_memory_equal(ours.data, theirs, len);
}

static void same_array(tdm_cursor *cursor, const msgpack_object *object)
{
    assert_int_equal(tdm_cursor_array(cursor), object->via.array.size);
    for (uint32_t i = 0; i < object->via.array.size; i++)
        same_value(cursor, &object->via.array.ptr[i]);
}

static void same_map(tdm_cursor *cursor, const msgpack_object *object)
{
    assert_int_equal(tdm_cursor_map(cursor), object->via.map.size);
    for (uint32_t i = 0; i < object->via.map.size; i++) {
        same_value(cursor, &object->via.map.ptr[i].key);
        same_value(cursor, &object->via.map.ptr[i].val);
    }
}

static void same_value(tdm_cursor *cursor, const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        tdm_cursor_nil(cursor);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        assert_int_equal(tdm_cursor_bool(cursor), object->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        assert_true(tdm_cursor_uint(cursor) == object->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        assert_true(tdm_cursor_int(cursor) == object->via.i64);
        break;
    case MSGPACK_OBJECT_STR:
        same_bytes(tdm_cursor_str(cursor), object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        same_bytes(tdm_cursor_bin(cursor), object->via.bin.ptr, object->via.bin.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        same_array(cursor, object);
        break;
    case MSGPACK_OBJECT_MAP:
        same_map(cursor, object);
        break;
    default:
        fail_msg("the scanner let in kind %d", object->type);
    }
    assert_false(cursor->failed);
}

/* Accepted bytes mean the same to msgpack-c, and its own packer gives them back. */
static void agree(tdm_span bytes)
{
    msgpack_zone zone;
    msgpack_object object;
    size_t offset = 0;
    assert_true(msgpack_zone_init(&zone, 2048));
    assert_int_equal(msgpack_unpack((const char *)bytes.data, bytes.len, &offset, &zone, &object),
                     MSGPACK_UNPACK_SUCCESS);
    tdm_cursor cursor = tdm_cursor_over(bytes);
    same_value(&cursor, &object);
    assert_ptr_equal(cursor.at, cursor.end);
    cursor = tdm_cursor_over(bytes);
    assert_int_equal(tdm_cursor_skip(&cursor).len, bytes.len);
    msgpack_sbuffer again;
    msgpack_packer packer;
    msgpack_sbuffer_init(&again);
    msgpack_packer_init(&packer, &again, msgpack_sbuffer_write);
    assert_int_equal(msgpack_pack_object(&packer, object), 0);
    same_bytes(bytes, again.data, (uint32_t)again.size);
    msgpack_sbuffer_destroy(&again);
    msgpack_zone_destroy(&zone);
}

static void all_short_inputs_agree_with_msgpack(void **state)
{
    (void)state;
    size_t accepted[4] = { 0 };
    for (uint32_t len = 1; len <= 3; len++) {
        for (uint32_t n = 0; n < 1u << 8 * len; n++) {
            uint8_t bytes[3] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16) };
            tdm_span span = { bytes, len };
            if (tdm_scan(span, &WIDE, NULL) != TDM_OK)
                continue;
            accepted[len]++;
            agree(span);
        }
    }
    /* 1: 128 + 32 integers, nil, two bools, empty text, array and map. */
    assert_int_equal(accepted[1], 166);
    assert_true(accepted[2] > 0 && accepted[3] > accepted[2]);
}

static bool in_profile(const msgpack_object *object)
{
    if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        return object->via.u64 <= INT64_MAX;
    if (object->type == MSGPACK_OBJECT_STR) {
        json_t *text =
            json_stringn(object->via.str.size == 0 ? "" : object->via.str.ptr, object->via.str.size);
        json_decref(text);
        return text != NULL;
    }
    if (object->type == MSGPACK_OBJECT_ARRAY) {
        for (uint32_t i = 0; i < object->via.array.size; i++)
            if (!in_profile(&object->via.array.ptr[i]))
                return false;
        return true;
    }
    if (object->type != MSGPACK_OBJECT_MAP)
        return object->type != MSGPACK_OBJECT_EXT && object->type != MSGPACK_OBJECT_FLOAT32
               && object->type != MSGPACK_OBJECT_FLOAT64;
    for (uint32_t i = 0; i < object->via.map.size; i++) {
        const msgpack_object_kv *pair = &object->via.map.ptr[i];
        if (pair->key.type != MSGPACK_OBJECT_POSITIVE_INTEGER || !in_profile(&pair->val)
            || (i > 0 && pair->key.via.u64 <= pair[-1].key.via.u64))
            return false;
    }
    return true;
}

/* Whether the profile of pack.h allows the bytes, asked of msgpack-c and jansson alone. */
static bool is_canonical(const uint8_t *bytes, size_t len)
{
    msgpack_zone zone;
    msgpack_object object;
    msgpack_sbuffer again;
    msgpack_packer packer;
    size_t offset = 0;
    assert_true(msgpack_zone_init(&zone, 2048));
    msgpack_sbuffer_init(&again);
    msgpack_packer_init(&packer, &again, msgpack_sbuffer_write);
    bool ok = msgpack_unpack((const char *)bytes, len, &offset, &zone, &object) == MSGPACK_UNPACK_SUCCESS
              && offset == len && in_profile(&object) && msgpack_pack_object(&packer, object) == 0
              && again.size == len && memcmp(again.data, bytes, len) == 0;
    msgpack_sbuffer_destroy(&again);
    msgpack_zone_destroy(&zone);
    return ok;
}

static void every_canonical_input_is_accepted(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 1u << 24; n += n < 1u << 16 ? 1 : 61) {
        uint8_t bytes[3] = { (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
        const uint8_t *from = n < 1u << 16 ? bytes + 1 : bytes;
        size_t len = n < 1u << 16 ? 2 : 3;
        bool accepted = tdm_scan((tdm_span){ from, len }, &WIDE, NULL) == TDM_OK;
        if (accepted != is_canonical(from, len))
            fail_msg("bytes %02x %02x %02x: accepted is %d", from[0], from[1], len == 3 ? from[2] : 0,
                     accepted);
    }
}

static void random_events_agree_with_msgpack(void **state)
{
    (void)state;
    dice d = { 11 };
    for (int i = 0; i < 2000; i++) {
        tdm_buf event = { 0 };
        random_event(&d, random_type(&d), &event);
        agree(tdm_buf_span(&event));
        tdm_buf_free(&event);
    }
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 5];
    size_t count = TDM_COUNT(ROWS);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(limits_are_kept);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_first_value_is_taken_alone);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(all_short_inputs_agree_with_msgpack);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_canonical_input_is_accepted);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(random_events_agree_with_msgpack);
    return _cmocka_run_group_tests("scan", tests, count, NULL, NULL);
}
