/* SPDX-License-Identifier: MPL-2.0
 *
 * json_test.c: the specification of daemons/common/json.c.
 */
#include "json.h"

#include "tandem/utf8.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void expect_text(const tdm_buf *out, const char *wanted)
{
    assert_int_equal(out->len, strlen(wanted));
    assert_memory_equal(out->data, wanted, out->len);
}

struct quote_row {
    const char *name;
    const char *text;
    const char *wanted;
    bool valid;
};

static const struct quote_row QUOTES[] = {
    { "plain text is copied", "north", "\"north\"", true },
    { "a quote and a backslash are escaped", "a\"b\\c", "\"a\\\"b\\\\c\"", true },
    { "newline, tab, return have short escapes", "\n\t\r\b\f", "\"\\n\\t\\r\\b\\f\"", true },
    { "other control bytes become \\u", "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"", true },
    { "text beyond ASCII stays as it is", "Z\xc3\xbcrich \xf0\x9f\x8c\x8a",
      "\"Z\xc3\xbcrich \xf0\x9f\x8c\x8a\"", true },
    { "a lone continuation byte is replaced", "a\x80z", "\"a\xef\xbf\xbdz\"", false },
    { "an overlong slash is replaced", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", false },
    { "a surrogate is replaced", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false },
    { "a character cut short is replaced", "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"", false },
    { "a code point past the last is replaced", "\xf4\x90\x80\x80",
      "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false },
    { "nothing is an empty string", "", "\"\"", true },
};

static void check_quote(void **state)
{
    const struct quote_row *row = *state;
    tdm_buf out = { 0 };
    assert_int_equal(tdm_json_quote(&out, tdm_span_text(row->text)), row->valid);
    expect_text(&out, row->wanted);
    assert_int_equal(tdm_utf8_is_valid(tdm_span_text(row->text)), row->valid);
    tdm_buf_free(&out);
}

struct decimal_row {
    const char *name;
    int64_t value;
    unsigned digits;
    const char *wanted;
};

static const struct decimal_row DECIMALS[] = {
    { "tenths have one decimal", 543, 1, "54.3" },
    { "a whole number of tenths keeps its zero", 500, 1, "50.0" },
    { "a small negative keeps its sign", -5, 1, "-0.5" },
    { "hundredths are padded", 1205, 2, "12.05" },
    { "no decimals is a whole number", -12, 0, "-12" },
    { "the smallest number is written whole", INT64_MIN, 2, "-92233720368547758.08" },
};

static void check_decimal(void **state)
{
    const struct decimal_row *row = *state;
    tdm_buf out = { 0 };
    tdm_json json = tdm_json_open(&out);
    tdm_json_decimal(&json, row->value, row->digits);
    assert_int_equal(tdm_json_close(&json, NULL), TDM_OK);
    expect_text(&out, row->wanted);
    tdm_buf_free(&out);
}

static void check_document(void **state)
{
    (void)state;
    tdm_buf out = { 0 };
    tdm_json json = tdm_json_open(&out);
    tdm_json_begin_object(&json);
    tdm_json_text(tdm_json_key(&json, "schema"), "tandem.level/1");
    tdm_json_bool(tdm_json_key(&json, "complete"), false);
    tdm_json_begin_array(tdm_json_key(&json, "data"));
    tdm_json_begin_object(&json);
    tdm_json_int(tdm_json_key(&json, "units"), -3);
    tdm_json_null(tdm_json_key(&json, "group"));
    tdm_json_end_object(&json);
    tdm_json_begin_array(&json);
    tdm_json_end_array(&json);
    tdm_json_raw(&json, TDM_SPAN_LITERAL("{\"x\":1}"));
    tdm_json_text(&json, NULL);
    tdm_json_end_array(&json);
    tdm_json_end_object(&json);
    assert_int_equal(tdm_json_close(&json, NULL), TDM_OK);
    expect_text(
        &out, "{\"schema\":\"tandem.level/1\",\"complete\":false,\"data\":[{\"units\":-3,\"group\":null},[],"
              "{\"x\":1},null]}");
    tdm_buf_free(&out);
}

static void check_bad_text(void **state)
{
    (void)state;
    tdm_err err = { 0 };
    tdm_buf out = { 0 };
    tdm_json json = tdm_json_open(&out);
    tdm_json_begin_array(&json);
    tdm_json_text(&json, "\xff");
    tdm_json_int(&json, 1);
    tdm_json_end_array(&json);
    assert_int_equal(tdm_json_close(&json, &err), TDM_MALFORMED);
    assert_non_null(strstr(err.what, "UTF-8"));
    tdm_buf_free(&out);
}

static void check_depth(void **state)
{
    (void)state;
    for (unsigned depth = TDM_JSON_DEPTH; depth <= TDM_JSON_DEPTH + 1; depth++) {
        tdm_buf out = { 0 };
        tdm_json json = tdm_json_open(&out);
        for (unsigned i = 0; i < depth; i++)
            tdm_json_begin_array(&json);
        for (unsigned i = 0; i < depth; i++)
            tdm_json_end_array(&json);
        assert_int_equal(tdm_json_close(&json, NULL), depth > TDM_JSON_DEPTH ? TDM_INVALID : TDM_OK);
        tdm_buf_free(&out);
    }
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(QUOTES) + TDM_COUNT(DECIMALS) + 3];
    size_t n = 0;
    for (size_t i = 0; i < TDM_COUNT(QUOTES); i++)
        tests[n++] = (struct CMUnitTest){ QUOTES[i].name, check_quote, NULL, NULL, (void *)&QUOTES[i] };
    for (size_t i = 0; i < TDM_COUNT(DECIMALS); i++)
        tests[n++] = (struct CMUnitTest){ DECIMALS[i].name, check_decimal, NULL, NULL, (void *)&DECIMALS[i] };
    tests[n++] =
        (struct CMUnitTest){ "commas and keys stand where they must", check_document, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "bad UTF-8 fails the document", check_bad_text, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "64 levels are written, 65 refused", check_depth, NULL, NULL, NULL };
    return _cmocka_run_group_tests("json", tests, n, NULL, NULL);
}
