/* SPDX-License-Identifier: MPL-2.0
 *
 * event_json_test.c: JSON both ways, and JSON that is refused.
 */
#include "support.h"
#include "tandem/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEX16 "000102030405060708090a0b0c0d0e0f"
#define START                                                                                                \
    "{\"kind\":\"event\",\"version\":1,\"origin\":\"" HEX16 "\",\"incarnation\":\"0000000000000007\","
#define NUMBERS START "\"sequence\":3,"
#define MIDDLE                                                                                               \
    "\"subject\":\"unit/AB1/x\",\"fact\":\"" HEX16 "\",\"event_time\":\"2017-04-01T10:00:00.000+01:00\","    \
    "\"recorded_time\":\"2017-04-01T09:00:00.001Z\",\"author\":\"daemon\","
#define OF(type, payload) NUMBERS "\"type\":" type "," MIDDLE "\"payload\":" payload "}"
#define SESSION(date) OF("\"session\"", "{\"recorder\":\"AB1\",\"date\":" date ",\"hours_hundredths\":150}")
#define VOID(unknown) OF("\"void\"", "{\"#9\":" unknown "}")

struct row {
    const char *name;
    const char *line;
    const char *error; /* NULL: read, and printed the same */
};

static const struct row ROWS[] = {
    { "a session is read", SESSION("\"2017-04-01\""), NULL },
    { "a date is text", SESSION("17257"), "session.date is not a date like \"2017-04-01\"" },
    { "a date must exist", SESSION("\"2017-02-29\""), "session.date is not a date like \"2017-04-01\"" },
    { "bounds are those of bytes", SESSION("\"9999-01-01\""), "session.date is out of bounds" },
    { "an unknown type is a number", OF("997", "{\"#1\":[],\"#2\":\"\"}"), NULL },
    { "an unknown type's name is refused", OF("\"nothing\"", "{}"), "type is not an event type" },
    { "a part is no event", OF("\"category_count\"", "{}"), "type is not an event type" },
    { "a type above 999 is refused", OF("1001", "{}"), "type is not an event type" },
    { "a misspelt field is named", OF("\"void\"", "{\"resaon\":\"x\"}"), "void.resaon is not a field" },
    { "a known field by number is refused", OF("\"void\"", "{\"#2\":\"x\"}"), "void.#2 is not a field" },
    { "a field number with a leading zero is refused", OF("\"void\"", "{\"#09\":1}"),
      "void.#09 is not a field" },
    { "a field number above 2^63-1 is refused", OF("\"void\"", "{\"#9223372036854775808\":1}"),
      "is not a field" },
    { "the largest field number is kept", OF("\"void\"", "{\"#9223372036854775807\":1}"), NULL },
    { "field 0 is kept", OF("\"void\"", "{\"#0\":1,\"reason\":\"\"}"), NULL },
    { "a missing field is named", OF("\"target\"", "{\"financial_year\":\"2017/18\"}"),
      "target.level_tenths is missing" },
    { "a wrong year is named", OF("\"target\"", "{\"financial_year\":\"2017/19\",\"level_tenths\":1}"),
      "target.financial_year is not a financial year" },
    { "a month is no year", OF("\"target\"", "{\"financial_year\":\"2017-04\",\"level_tenths\":1}"),
      "target.financial_year is not a financial year" },
    { "a wrong word is named",
      OF("\"link_confirm\"", "{\"recorder\":\"AB1\",\"phase\":\"soon\",\"assertion\":\"00\"}"),
      "link_confirm.phase is not a known word" },
    { "hex of the wrong length is named",
      OF("\"link_confirm\"", "{\"recorder\":\"AB1\",\"phase\":\"plan\",\"assertion\":\"00\"}"),
      "link_confirm.assertion has the wrong length" },
    { "hex of odd length is named",
      OF("\"link_confirm\"", "{\"recorder\":\"AB1\",\"phase\":\"plan\",\"assertion\":\"000\"}"),
      "link_confirm.assertion is not a string of hex digits" },
    { "a body without its type is refused", OF("\"correction\"", "{\"body\":{}}"),
      "correction.body needs its target_type" },
    { "a fault in a body names its field",
      OF("\"correction\"", "{\"target_type\":\"void\",\"body\":{\"reason\":1}}"),
      "void.reason is not a string" },
    { "null is kept", VOID("null"), NULL },
    { "the smallest integer is kept", VOID("-9223372036854775808"), NULL },
    { "an integer beyond 64 bits is refused", VOID("9223372036854775808"), "too big integer" },
    { "a binary is kept", VOID("{\"$bin\":\"00ff\"}"), NULL },
    { "an empty map is kept", VOID("{\"$map\":[]}"), NULL },
    { "nested values are kept", VOID("{\"$map\":[[1,[true,{\"$map\":[[300,{\"$bin\":\"\"}]]}]]]}"), NULL },
    { "a map of descending keys is refused", VOID("{\"$map\":[[2,null],[1,null]]}"),
      "keys are not ascending" },
    { "a map with a negative key is refused", VOID("{\"$map\":[[-2,null]]}"), "unsigned integer" },
    { "a map of no pairs is refused", VOID("{\"$map\":[1]}"), "void.#9 has a $map pair" },
    { "an untagged object is refused", VOID("{\"a\":1}"), "void.#9 has an object that is neither" },
    { "a float is refused", VOID("1.5"), "void.#9 is not an integer" },
    { "escapes are printed the short way", VOID("\"\\b\\f\\n\\r\\t\\\"\\\\\\u0001\\u0000/\""), NULL },
    { "letters are not escaped", VOID("\"é€😀\""), NULL },
    { "a lone surrogate is refused", VOID("\"\\ud800\""), "invalid Unicode" },
    { "a name given twice is refused", VOID("1,\"#9\":2"), "duplicate" },
    { "an unknown key is named", START "\"colour\":1,\"sequence\":3}", "colour is not a key of an event" },
    { "a missing key is named", START "\"sequence\":3}", "type is missing" },
    { "a newer version is told", "{\"kind\":\"event\",\"version\":2}", "event version 2" },
    { "another kind is refused", "{\"kind\":\"run\"}", "kind is not \"event\"" },
    { "a sequence of zero is refused", START "\"sequence\":0}", "sequence is not an integer of at least 1" },
    { "no line is refused", "", "a line of 0 bytes" },
    { "an array is refused", "[1]", "a line is not a JSON object" },
    { "two values are refused", "{} {}", "end of file expected" },
    { "a cut line is refused", "{\"kind\":\"ev", "byte" },
};

static void check_row(void **state)
{
    const struct row *row = *state;
    tdm_err err = { 0 };
    tdm_buf bytes = { 0 };
    tdm_buf again = { 0 };
    tdm_event event;
    tdm_code code = tdm_event_from_json(tdm_span_text(row->line), &bytes, &err);
    if (row->error == NULL) {
        if (code != TDM_OK || tdm_event_decode(tdm_buf_span(&bytes), &event, &err) != TDM_OK)
            fail_msg("%s", err.what);
        assert_int_equal(tdm_event_to_json(&event, &again, &err), TDM_OK);
        assert_true(tdm_span_equal(tdm_buf_span(&again), tdm_span_text(row->line)));
    } else {
        assert_true(code == TDM_MALFORMED || code == TDM_UNSUPPORTED);
        assert_int_equal(code, err.code);
        assert_int_equal(bytes.len, 0);
        if (strstr(err.what, row->error) == NULL)
            fail_msg("the reason is: %s", err.what);
    }
    tdm_buf_free(&bytes);
    tdm_buf_free(&again);
}

static void random_events_go_round(void **state)
{
    (void)state;
    dice d = { 3 };
    for (int i = 0; i < 5000; i++) {
        tdm_buf bytes = { 0 };
        tdm_buf line = { 0 };
        tdm_buf again = { 0 };
        tdm_event event;
        tdm_err err = { 0 };
        random_event(&d, random_type(&d), &bytes);
        if (tdm_event_decode(tdm_buf_span(&bytes), &event, &err) != TDM_OK
            || tdm_event_to_json(&event, &line, &err) != TDM_OK
            || tdm_event_from_json(tdm_buf_span(&line), &again, &err) != TDM_OK)
            fail_msg("%s", err.what);
        assert_true(tdm_span_equal(tdm_buf_span(&bytes), tdm_buf_span(&again)));
        tdm_buf_free(&bytes);
        tdm_buf_free(&line);
        tdm_buf_free(&again);
    }
}

static void broken_lines_never_get_in_otherwise(void **state)
{
    (void)state;
    dice d = { 4 };
    static const char LETTERS[] = "{}[]\",:0-9.e#$\\nu";
    for (int i = 0; i < 20000; i++) {
        char line[1024];
        tdm_buf bytes = { 0 };
        tdm_event event;
        int len = snprintf(line, sizeof line, "%s", ROWS[dice_below(&d, TDM_COUNT(ROWS))].line);
        for (int k = 0; k < 3 && len > 0; k++)
            line[dice_below(&d, (uint64_t)len)] = LETTERS[dice_below(&d, sizeof LETTERS)];
        if (tdm_event_from_json((tdm_span){ (uint8_t *)line, (size_t)len }, &bytes, NULL) == TDM_OK)
            assert_int_equal(tdm_event_decode(tdm_buf_span(&bytes), &event, NULL), TDM_OK);
        tdm_buf_free(&bytes);
    }
}

static void deep_and_long_lines_are_refused(void **state)
{
    (void)state;
    tdm_buf line = { 0 };
    tdm_buf out = { 0 };
    tdm_err err = { 0 };
    tdm_buf_text(&line, NUMBERS "\"type\":\"void\"," MIDDLE "\"payload\":{\"#9\":");
    for (int i = 0; i < 15; i++)
        tdm_buf_text(&line, "[");
    for (int i = 0; i < 15; i++)
        tdm_buf_text(&line, "]");
    tdm_buf_text(&line, "}}");
    assert_int_equal(tdm_event_from_json(tdm_buf_span(&line), &out, &err), TDM_MALFORMED);
    assert_string_equal(err.what, "void.#9 is nested too deep");
    tdm_buf_clear(&line);
    for (int i = 0; i < 300000; i++)
        tdm_buf_text(&line, "[");
    assert_int_equal(tdm_event_from_json((tdm_span){ line.data, 200000 }, &out, &err), TDM_MALFORMED);
    assert_int_equal(tdm_event_from_json(tdm_buf_span(&line), &out, &err), TDM_MALFORMED);
    assert_non_null(strstr(err.what, "a line of 300000 bytes"));
    tdm_buf_free(&line);
    tdm_buf_free(&out);
}

/* 14 containers below envelope and payload: as deep as bytes may be. */
static void the_deepest_event_goes_round(void **state)
{
    (void)state;
    static const char LINE[] = VOID("[[[[[[[[[[[[[[1,{\"$bin\":\"00\"}]]]]]]]]]]]]]]");
    struct row row = { "", LINE, NULL };
    void *pointer = &row;
    check_row(&pointer);
}

/* Nothing grows more in JSON than an empty map of one byte. */
static void the_longest_line_goes_round(void **state)
{
    (void)state;
    tdm_buf payload = { 0 };
    tdm_buf bytes = { 0 };
    tdm_buf line = { 0 };
    tdm_buf again = { 0 };
    tdm_event event = { .incarnation = 1, .sequence = 1, .type = TDM_TYPE_VOID, .author = 1 };
    event.subject = TDM_SPAN_LITERAL("log");
    tdm_pack_map(&payload, 1);
    tdm_pack_uint(&payload, 9);
    tdm_pack_array(&payload, 16250);
    for (int i = 0; i < 16250; i++)
        tdm_pack_map(&payload, 0);
    assert_int_equal(tdm_event_encode(&event, tdm_buf_span(&payload), &bytes, NULL), TDM_OK);
    assert_int_equal(tdm_event_decode(tdm_buf_span(&bytes), &event, NULL), TDM_OK);
    assert_int_equal(tdm_event_to_json(&event, &line, NULL), TDM_OK);
    assert_int_equal(tdm_event_from_json(tdm_buf_span(&line), &again, NULL), TDM_OK);
    assert_true(tdm_span_equal(tdm_buf_span(&bytes), tdm_buf_span(&again)));
    tdm_buf_free(&payload);
    tdm_buf_free(&bytes);
    tdm_buf_free(&line);
    tdm_buf_free(&again);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 5];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[count++] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(random_events_go_round);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(broken_lines_never_get_in_otherwise);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(deep_and_long_lines_are_refused);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_deepest_event_goes_round);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_longest_line_goes_round);
    return _cmocka_run_group_tests("event JSON", tests, count, NULL, NULL);
}
