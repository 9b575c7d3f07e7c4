/* SPDX-License-Identifier: MPL-2.0
 *
 * frame_test.c: the frames of a link against proto/vectors/frames.json, which another implementation made;
 * their limits from both sides; and what damage does.
 */
#include "../proto/support.h"
#include "tandem/frame.h"
#include "tandem/pack.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MUTATIONS 40000

/* A frame is too big for the stack of every test. */
static tdm_frame *frame_new(void)
{
    tdm_frame *frame = calloc(1, sizeof *frame);
    assert_non_null(frame);
    return frame;
}

static const char *text(const json_t *row, const char *key)
{
    const char *value = json_string_value(json_object_get(row, key));
    assert_non_null(value);
    return value;
}

static bool is_of_our_version(const tdm_frame *frame)
{
    return (frame->kind != TDM_FRAME_HELLO && frame->kind != TDM_FRAME_WELCOME)
           || frame->hello.version == TDM_LINK_VERSION;
}

static void assert_same_again(const tdm_frame *frame, tdm_span bytes)
{
    tdm_buf out = { 0 };
    tdm_err err = { 0 };
    if (tdm_frame_encode(frame, &out, &err) != TDM_OK)
        fail_msg("%s", err.what);
    assert_true(tdm_span_equal(tdm_buf_span(&out), bytes));
    tdm_buf_free(&out);
}

/* The cut copy lies in memory of its own size, so that reading on is seen by the sanitizer. */
static void assert_no_prefix_is_read(tdm_span bytes)
{
    tdm_frame *frame = frame_new();
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *cut = malloc(len + (len == 0));
        assert_non_null(cut);
        memcpy(cut, bytes.data, len);
        assert_int_equal(tdm_frame_decode((tdm_span){ cut, len }, frame, NULL), TDM_MALFORMED);
        free(cut);
    }
    free(frame);
}

static void check_right(const json_t *row, tdm_span bytes)
{
    tdm_frame *frame = frame_new();
    tdm_err err = { 0 };
    if (tdm_frame_decode(bytes, frame, &err) != TDM_OK)
        fail_msg("%s", err.what);
    assert_string_equal(tdm_frame_word(frame->kind), text(row, "kind"));
    if (is_of_our_version(frame))
        assert_same_again(frame, bytes);
    assert_no_prefix_is_read(bytes);
    free(frame);
}

static void check_vector(void **state)
{
    const json_t *row = *state;
    tdm_buf bytes = hex_bytes(text(row, "hex"));
    if (json_is_true(json_object_get(row, "valid"))) {
        check_right(row, tdm_buf_span(&bytes));
    } else {
        tdm_frame *frame = frame_new();
        tdm_err err = { 0 };
        tdm_code code = tdm_frame_decode(tdm_buf_span(&bytes), frame, &err);
        assert_string_equal(tdm_code_word(code), text(row, "error"));
        assert_true(err.what[0] != '\0');
        free(frame);
    }
    tdm_buf_free(&bytes);
}

/* ---- limits, on the way out and on the way in */

static tdm_frame *welcome_of(uint32_t tips)
{
    tdm_frame *frame = frame_new();
    frame->kind = TDM_FRAME_WELCOME;
    frame->hello.version = TDM_LINK_VERSION;
    frame->hello.tip_count = tips;
    for (uint32_t i = 0; i < tips && i < TDM_FRAME_TIPS_MAX; i++)
        frame->hello.tips[i] = (tdm_log_tip){ .incarnation = i + 1, .last = INT64_MAX };
    return frame;
}

static tdm_frame *events_of(size_t bytes)
{
    static const uint8_t ZEROS[TDM_FRAME_MAX + 1];
    tdm_frame *frame = frame_new();
    frame->kind = TDM_FRAME_EVENTS;
    frame->events.incarnation = 1;
    frame->events.first = 1;
    frame->events.run_count = 1;
    frame->events.lasts[0] = 1;
    frame->events.sender_last = 1;
    frame->events.packed = (tdm_span){ ZEROS, bytes };
    return frame;
}

typedef struct limit_row {
    const char *name;
    tdm_frame *(*make)(size_t size);
    size_t size;
    tdm_code code;
} limit_row;

static tdm_frame *make_welcome(size_t size)
{
    return welcome_of((uint32_t)size);
}

static const limit_row LIMITS[] = {
    { "a welcome of 512 tips fits", make_welcome, TDM_FRAME_TIPS_MAX, TDM_OK },
    { "a welcome of 513 tips is not made", make_welcome, TDM_FRAME_TIPS_MAX + 1, TDM_INVALID },
    { "events that fill a frame fit", events_of, TDM_FRAME_MAX - 41, TDM_OK },
    { "events that make a frame a byte too big are not made", events_of, TDM_FRAME_MAX - 40, TDM_INVALID },
};

static void check_limit(void **state)
{
    const limit_row *row = *state;
    tdm_frame *frame = row->make(row->size);
    tdm_buf out = { 0 };
    tdm_err err = { 0 };
    assert_int_equal(tdm_frame_encode(frame, &out, &err), row->code);
    if (row->code == TDM_OK) {
        assert_true(out.len <= TDM_FRAME_MAX);
        assert_int_equal(tdm_frame_decode(tdm_buf_span(&out), frame, &err), TDM_OK);
    }
    tdm_buf_free(&out);
    free(frame);
}

static void too_many_tips_are_refused(void **state)
{
    (void)state;
    tdm_buf out = { 0 };
    tdm_pack_array(&out, 8);
    tdm_pack_uint(&out, TDM_FRAME_WELCOME);
    tdm_pack_uint(&out, TDM_LINK_VERSION);
    static const uint8_t ZEROS[TDM_DIGEST_BYTES];
    tdm_pack_bin(&out, ZEROS, TDM_ID_BYTES);
    tdm_pack_uint(&out, 0);
    tdm_pack_uint(&out, 1);
    tdm_pack_array(&out, TDM_FRAME_TIPS_MAX + 1);
    for (uint32_t i = 0; i <= TDM_FRAME_TIPS_MAX; i++)
        tdm_pack_nil(&out);
    tdm_pack_nil(&out);
    tdm_pack_uint(&out, 0);
    tdm_frame *frame = frame_new();
    assert_int_equal(tdm_frame_decode(tdm_buf_span(&out), frame, NULL), TDM_MALFORMED);
    tdm_buf_free(&out);
    free(frame);
}

static void an_oversize_frame_is_refused(void **state)
{
    (void)state;
    tdm_buf out = { 0 };
    tdm_pack_array(&out, 2);
    tdm_pack_uint(&out, TDM_FRAME_ACK);
    uint8_t *bytes = calloc(1, TDM_FRAME_MAX);
    assert_non_null(bytes);
    tdm_pack_bin(&out, bytes, TDM_FRAME_MAX);
    tdm_frame *frame = frame_new();
    assert_int_equal(tdm_frame_decode(tdm_buf_span(&out), frame, NULL), TDM_MALFORMED);
    tdm_buf_free(&out);
    free(bytes);
    free(frame);
}

/* Whatever a damaged frame is taken for, it is exactly what those bytes say. */
static void damage_never_passes_for_something_else(void **state)
{
    const json_t *rows = *state;
    dice d = { 42 };
    tdm_frame *frame = frame_new();
    size_t read = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        const json_t *row = json_array_get(rows, dice_below(&d, json_array_size(rows)));
        tdm_buf bytes = hex_bytes(text(row, "hex"));
        for (uint64_t flips = 1 + dice_below(&d, 3); flips > 0 && bytes.len > 0; flips--)
            bytes.data[dice_below(&d, bytes.len)] ^= (uint8_t)(1 + dice_below(&d, 255));
        if (tdm_frame_decode(tdm_buf_span(&bytes), frame, NULL) == TDM_OK) {
            read++;
            if (is_of_our_version(frame) && (frame->kind != TDM_FRAME_ENROL || frame->enrol.version == 1))
                assert_same_again(frame, tdm_buf_span(&bytes));
        }
        tdm_buf_free(&bytes);
    }
    assert_in_range(read, 100, MUTATIONS);
    free(frame);
}

static void every_reason_has_its_word(void **state)
{
    (void)state;
    assert_string_equal(tdm_refusal_word(TDM_REFUSAL_FORK), "fork");
    assert_string_equal(tdm_refusal_word((tdm_refusal)0), "unknown");
    assert_string_equal(tdm_refusal_word((tdm_refusal)99), "unknown");
    assert_false(tdm_refusal_again(TDM_REFUSAL_FORK));
    assert_true(tdm_refusal_again(TDM_REFUSAL_BUSY));
    assert_true(tdm_refusal_again((tdm_refusal)99));
    assert_string_equal(tdm_frame_word((tdm_frame_kind)12), "unknown");
}

int main(void)
{
    tdm_buf file = tree_file("proto/vectors/frames.json");
    json_t *rows = json_loadb((const char *)file.data, file.len, JSON_ALLOW_NUL, NULL);
    tdm_buf_free(&file);
    if (rows == NULL)
        return 1;
    size_t vectors = json_array_size(rows);
    struct CMUnitTest *tests = calloc(vectors + TDM_COUNT(LIMITS) + 4, sizeof *tests);
    if (tests == NULL)
        return 1;
    size_t count = 0;
    for (size_t i = 0; i < vectors; i++) {
        json_t *row = json_array_get(rows, i);
        tests[count++] = (struct CMUnitTest){ text(row, "name"), check_vector, NULL, NULL, row };
    }
    for (size_t i = 0; i < TDM_COUNT(LIMITS); i++)
        tests[count++] =
            (struct CMUnitTest){ LIMITS[i].name, check_limit, NULL, NULL, (void *)(uintptr_t)&LIMITS[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(too_many_tips_are_refused);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_oversize_frame_is_refused);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test_prestate(damage_never_passes_for_something_else, rows);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_reason_has_its_word);
    int failed = _cmocka_run_group_tests("frames", tests, count, NULL, NULL);
    free(tests);
    json_decref(rows);
    return failed;
}
