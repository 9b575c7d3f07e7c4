/* SPDX-License-Identifier: MPL-2.0
 *
 * event_line_test.c: lines read at a stroke against the same lines read by way of a tree: where the one
 * reads, the other gives the same bytes, and what both ways together refuse is what the tree refuses, in its
 * words.
 */
#include "event_line.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* By hand, of one type that has nothing optional, so that a line can be named by what is different in it. */
#define HEX16 "000102030405060708090a0b0c0d0e0f"
#define HEAD                                                                                                 \
    "{\"kind\":\"event\",\"version\":1,\"origin\":\"" HEX16 "\",\"incarnation\":\"0000000000000007\","
#define NAME "\"sequence\":3,\"type\":\"session\",\"subject\":\"unit/AB1/x\",\"fact\":\"" HEX16 "\","
#define TIMES                                                                                                \
    "\"event_time\":\"2017-04-01T10:00:00.000+01:00\",\"recorded_time\":\"2017-04-01T09:00:00.001Z\","
#define AUTHOR "\"author\":\"daemon\","
#define PAYLOAD "\"payload\":{\"recorder\":\"AB1\",\"date\":\"2017-04-01\",\"hours_hundredths\":150}}"
#define SESSION(fields) HEAD NAME TIMES AUTHOR "\"payload\":{\"recorder\":\"AB1\"," fields "}}"

struct row {
    const char *name;
    const char *line;
    bool at_a_stroke;
    bool by_tree;
};

static const struct row ROWS[] = {
    { "a line as it is written is read at a stroke", HEAD NAME TIMES AUTHOR PAYLOAD, true, true },
    { "a blank is left to the tree", " " HEAD NAME TIMES AUTHOR PAYLOAD, false, true },
    { "a blank behind is left to the tree", HEAD NAME TIMES AUTHOR PAYLOAD " ", false, true },
    { "keys in another order are left to the tree", HEAD NAME AUTHOR TIMES PAYLOAD, false, true },
    { "fields in another order are left to the tree",
      SESSION("\"hours_hundredths\":150,\"date\":\"2017-04-01\""), false, true },
    { "an escape is left to the tree",
      HEAD NAME TIMES AUTHOR "\"payload\":{\"recorder\":\"\\u0041B1\",\"date\":\"2017-04-01\","
                             "\"hours_hundredths\":150}}",
      false, true },
    { "an unknown field is left to the tree",
      SESSION("\"date\":\"2017-04-01\",\"hours_hundredths\":150,\"#99\":1"), false, true },
    { "upper-case hex is left to the tree",
      "{\"kind\":\"event\",\"version\":1,\"origin\":\"000102030405060708090A0b0c0d0e0f\","
      "\"incarnation\":\"0000000000000007\"," NAME TIMES AUTHOR PAYLOAD,
      false, true },
    { "a field twice is refused",
      SESSION("\"date\":\"2017-04-01\",\"date\":\"2017-04-01\",\"hours_hundredths\":1"), false, false },
    { "a needed field that is missing is refused", SESSION("\"date\":\"2017-04-01\""), false, false },
    { "a number out of bounds is refused", SESSION("\"date\":\"2017-04-01\",\"hours_hundredths\":-1"), false,
      false },
    { "a leading zero is refused", SESSION("\"date\":\"2017-04-01\",\"hours_hundredths\":0150"), false,
      false },
    { "a minus alone is refused", SESSION("\"date\":\"2017-04-01\",\"hours_hundredths\":-"), false, false },
    { "a fraction is refused", SESSION("\"date\":\"2017-04-01\",\"hours_hundredths\":150.0"), false, false },
    { "a number beyond 64 bits is refused",
      SESSION("\"date\":\"2017-04-01\",\"hours_hundredths\":18446744073709551766"), false, false },
    { "text that is not UTF-8 is refused",
      HEAD "\"sequence\":3,\"type\":\"session\",\"subject\":\"\xff\",\"fact\":\"" HEX16
           "\"," TIMES AUTHOR PAYLOAD,
      false, false },
    { "a control character is refused",
      HEAD "\"sequence\":3,\"type\":\"session\",\"subject\":\"\x01\",\"fact\":\"" HEX16
           "\"," TIMES AUTHOR PAYLOAD,
      false, false },
    { "a comma too many is refused", SESSION("\"date\":\"2017-04-01\",\"hours_hundredths\":150,"), false,
      false },
    { "a second value is refused", HEAD NAME TIMES AUTHOR PAYLOAD "{}", false, false },
    { "a cut line is refused", HEAD NAME TIMES AUTHOR "\"payload\":{\"recorder\":\"AB1\"", false, false },
};

/* Both ways alone, and as tdm_event_from_json goes them; returns whether the first one did. */
static bool compare_ways(tdm_span line, bool *by_tree)
{
    tdm_buf stroke = { 0 }, tree = { 0 }, both = { 0 };
    tdm_err tree_err = { 0 }, both_err = { 0 };
    tdm_buf_text(&stroke, "before");
    bool read = tdm_event_from_line(line, &stroke);
    tdm_code code = tdm_event_from_tree(line, &tree, &tree_err);
    assert_int_equal(tdm_event_from_json(line, &both, &both_err), code);
    assert_true(tdm_span_equal(tdm_buf_span(&both), tdm_buf_span(&tree)));
    assert_string_equal(both_err.what, tree_err.what);
    assert_int_equal(stroke.len, read ? 6 + tree.len : 6);
    if (read) {
        assert_int_equal(code, TDM_OK);
        assert_memory_equal(stroke.data + 6, tree.data, tree.len);
    }
    tdm_buf_free(&stroke);
    tdm_buf_free(&tree);
    tdm_buf_free(&both);
    *by_tree = code == TDM_OK;
    return read;
}

static void check_row(void **state)
{
    const struct row *row = *state;
    bool by_tree;
    assert_int_equal(compare_ways(tdm_span_text(row->line), &by_tree), row->at_a_stroke);
    assert_int_equal(by_tree, row->by_tree);
}

/* Each escape becomes one letter, as it stands for one byte. */
static void drop_escapes(tdm_buf *line)
{
    size_t to = 0;
    for (size_t i = 0; i < line->len; i++) {
        bool escape = line->data[i] == '\\';
        if (escape)
            i += line->data[i + 1] == 'u' ? 5 : 1;
        line->data[to++] = escape ? 'x' : line->data[i];
    }
    line->len = to;
}

/* A line of a random event, now and then with escapes. is_plain: nothing in it is left to the tree. */
static void random_line(dice *d, tdm_buf *line, bool *is_plain)
{
    tdm_buf bytes = { 0 };
    tdm_event event;
    tdm_err err = { 0 };
    tdm_buf_clear(line);
    random_event(d, random_type(d), &bytes);
    if (tdm_event_decode(tdm_buf_span(&bytes), &event, &err) != TDM_OK
        || tdm_event_to_json(&event, line, &err) != TDM_OK)
        fail_msg("%s", err.what);
    if (dice_below(d, 5) > 0)
        drop_escapes(line);
    *is_plain = memchr(line->data, '\\', line->len) == NULL && memchr(line->data, '#', line->len) == NULL;
    tdm_buf_free(&bytes);
}

/* Nothing that has the common form goes the long way. */
static void every_plain_line_is_read_at_a_stroke(void **state)
{
    (void)state;
    dice d = { 5 };
    tdm_buf line = { 0 };
    size_t plain_lines = 0;
    for (int i = 0; i < 5000; i++) {
        bool is_plain, by_tree;
        random_line(&d, &line, &is_plain);
        bool read = compare_ways(tdm_buf_span(&line), &by_tree);
        assert_true(by_tree);
        if (is_plain && !read)
            fail_msg("%.*s", (int)line.len, (const char *)line.data);
        plain_lines += is_plain;
    }
    assert_in_range(plain_lines, 1000, 5000);
    tdm_buf_free(&line);
}

/* One byte or a few changed, left out, put in twice, or two parts exchanged. */
static size_t change(dice *d, uint8_t *line, size_t len)
{
    static const char LETTERS[] = "{}[]\",:0123456789.-+eE#$\\nutabcdfTZ \x7f\xc3\xa9\xff";
    size_t at = dice_below(d, len), part = 1 + dice_below(d, 12);
    part = part < len - at ? part : len - at;
    switch (dice_below(d, 4)) {
    case 0:
        line[at] = (uint8_t)LETTERS[dice_below(d, sizeof LETTERS)];
        return len;
    case 1:
        memmove(line + at, line + at + part, len - at - part);
        return len - part;
    case 2:
        memmove(line + at + part, line + at, len - at);
        return len + part;
    default:
        memmove(line + at, line + dice_below(d, len - part + 1), part);
        return len;
    }
}

static void changed_lines_are_read_as_the_tree_reads_them(void **state)
{
    (void)state;
    dice d = { 6 };
    tdm_buf line = { 0 };
    size_t counts[2][2] = { { 0 } };
    for (int i = 0; i < 60000; i++) {
        static uint8_t changed[1 << 17];
        bool is_plain, by_tree;
        if (i % 10 == 0)
            random_line(&d, &line, &is_plain);
        if (line.len > sizeof changed - 64)
            continue;
        memcpy(changed, line.data, line.len);
        size_t len = line.len;
        for (uint64_t times = 1 + dice_below(&d, 3); times > 0 && len > 0; times--)
            len = change(&d, changed, len);
        bool read = compare_ways((tdm_span){ changed, len }, &by_tree);
        counts[read][by_tree]++;
    }
    assert_int_equal(counts[true][false], 0);
    assert_true(counts[true][true] > 1000);    /* changed, and still of the form */
    assert_true(counts[false][true] > 1000);   /* of another form */
    assert_true(counts[false][false] > 10000); /* wrong */
    tdm_buf_free(&line);
}

/* No line makes the reader go deeper than an event may be. */
static void bodies_within_bodies_are_refused(void **state)
{
    (void)state;
    tdm_buf line = { 0 };
    bool by_tree;
    tdm_buf_text(&line, HEAD "\"sequence\":3,\"type\":\"correction\",\"subject\":\"x\",\"fact\":\"" HEX16
                             "\"," TIMES AUTHOR "\"payload\":");
    for (int i = 0; i < 7000; i++) /* nearly as long as a line may be */
        tdm_buf_text(&line, "{\"target_type\":\"correction\",\"body\":");
    assert_false(compare_ways(tdm_buf_span(&line), &by_tree));
    assert_false(by_tree);
    tdm_buf_free(&line);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 3];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[count++] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_plain_line_is_read_at_a_stroke);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(changed_lines_are_read_as_the_tree_reads_them);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(bodies_within_bodies_are_refused);
    return _cmocka_run_group_tests("event line", tests, count, NULL, NULL);
}
