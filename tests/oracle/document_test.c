/* SPDX-License-Identifier: MPL-2.0
 *
 * document_test.c: level documents are compared field by field, and only a document that agrees passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "document.h"

#define ROW_OF(hours, level)                                                                                 \
    "{\"period\":\"2017/18\",\"group\":\"kind \\\"x\\\"\",\"units\":3,\"joint_asserted\":" hours             \
    ",\"joint_standing\":1.5,\"joint_corroborated\":0.05,\"level_asserted\":" level                          \
    ",\"level_standing\":50.0,\"level_corroborated\":1.7,\"target\":80.0,\"gap\":-78.3,\"more\":1}"
#define DOCUMENT(rows) "{\"schema\":\"tandem.level/1\",\"complete\":true,\"data\":[" rows "]}"

typedef struct row {
    const char *name;
    const char *document;
    tdm_code code;
    bool differs;
} row;

static const row ROWS[] = {
    { "equal numbers in other words agree", DOCUMENT(ROW_OF("2.50", "83.30")), TDM_OK, false },
    { "another hundredth of an hour is found", DOCUMENT(ROW_OF("2.51", "83.3")), TDM_OK, true },
    { "another tenth of a percent is found", DOCUMENT(ROW_OF("2.5", "83.4")), TDM_OK, true },
    { "null in place of a number is found", DOCUMENT(ROW_OF("2.5", "null")), TDM_OK, true },
    { "a missing row is found", DOCUMENT(""), TDM_OK, true },
    { "a row that comes twice is found", DOCUMENT(ROW_OF("2.5", "83.3") "," ROW_OF("2.5", "83.3")), TDM_OK,
      true },
    { "a row too many is found", DOCUMENT(ROW_OF("2.5", "83.3") ",{\"period\":\"2018/19\",\"group\":\"\"}"),
      TDM_OK, true },
    { "another schema is refused", "{\"schema\":\"tandem.level/2\",\"data\":[]}", TDM_MALFORMED, false },
    { "text that is no JSON is refused", "level", TDM_MALFORMED, false },
};

static tdm_oracle_row known_row(void)
{
    return (tdm_oracle_row){ .period = { TDM_PERIOD_YEAR, 2017 },
                             .group = TDM_SPAN_LITERAL("kind \"x\""),
                             .units = 3,
                             .amount = 300,
                             .joint = { 250, 150, 5 },
                             .level_defined = 1,
                             .level = { 833, 500, 17 },
                             .target = 800,
                             .gap = -783 };
}

static tdm_code compare(const char *document, size_t *differences)
{
    tdm_oracle_row known = known_row();
    tdm_err err;
    FILE *nowhere = fopen("/dev/null", "w");
    assert_non_null(nowhere);
    tdm_code code = tdm_oracle_compare(nowhere, &known, 1, TDM_WEIGHT_HOURS, document, strlen(document),
                                       differences, &err);
    (void)fclose(nowhere);
    return code;
}

static void check_row(void **state)
{
    const row *r = *state;
    size_t differences = 0;
    assert_int_equal(compare(r->document, &differences), r->code);
    assert_int_equal(differences > 0, r->differs);
}

static void check_printed(void **state)
{
    (void)state;
    tdm_oracle_row known = known_row();
    char *text = NULL;
    size_t size = 0, differences = 1;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    tdm_oracle_print(out, &known, 1, TDM_WEIGHT_HOURS);
    (void)fclose(out);
    assert_int_equal(compare(text, &differences), TDM_OK);
    assert_int_equal(differences, 0);
    assert_non_null(strstr(text, "\"joint_corroborated\":0.05"));
    assert_non_null(strstr(text, "\"gap\":-78.3"));
    free(text);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 1] = {
        { "a printed document agrees with its rows", check_printed, NULL, NULL, NULL },
    };
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i + 1] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("level documents", tests, NULL, NULL);
}
