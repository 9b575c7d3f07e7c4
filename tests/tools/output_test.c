/* SPDX-License-Identifier: MPL-2.0
 *
 * output_test.c: the specification of tools/tandem/output*.c, page.c and terminal.c on fixed documents.
 */
#include "output.h"
#include "imports.h"
#include "support.h"
#include "terminal.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEAD                                                                                                 \
    "{\"schema\":\"tandem.test/1\",\"as_of\":\"2017-09-30T12:00:00.000Z\",\"complete\":true,\"data\":"
#define DOCUMENT(rows) HEAD rows "}"

static const tdm_command COMMAND = { .words = "test", .columns = "a,b=Second|line,n", .more = "deep.x" };
static const tdm_command RECORD = { .words = "test", .record = true };

struct row {
    const char *name;
    const char *format;
    size_t terminal; /* its width; 0: a pipe */
    const char *fields;
    const char *document;
    const char *wanted;
    const tdm_command *command;
};

static const struct row ROWS[] = {
    { "plain is tab-separated with a header", "plain", 0, NULL,
      DOCUMENT("[{\"a\":\"x\",\"b\":\"y\",\"n\":3},{\"a\":\"\",\"n\":40}]"), "a\tb\tn\nx\ty\t3\n\t\t40\n",
      &COMMAND },
    { "a table aligns, numbers to the right, empty columns left out", "table", 80, NULL,
      DOCUMENT("[{\"a\":\"x\",\"n\":3},{\"a\":\"longer\",\"n\":40}]"), "a        n\nx        3\nlonger  40\n",
      &COMMAND },
    { "a title may have two lines", "table", 80, NULL, DOCUMENT("[{\"a\":\"x\",\"b\":\"y\",\"n\":3}]"),
      "   Second\na  line    n\nx  y       3\n", &COMMAND },
    { "a table in a pipe is not cut", "table", 0, NULL,
      DOCUMENT("[{\"a\":\"0123456789012345678901234567890123456789\",\"b\":\"y\",\"n\":3}]"),
      "                                          Second\n"
      "a                                         line    n\n"
      "0123456789012345678901234567890123456789  y       3\n",
      &COMMAND },
    { "text gives way to the terminal's width", "table", 24, "a,n",
      DOCUMENT("[{\"a\":\"0123456789012345678901234567890123456789\",\"n\":3}]"),
      "a                      n\n012345678901234567890\xe2\x80\xa6 3\n", &COMMAND },
    { "a number is never cut: the column is left out", "table", 20, "n,m",
      DOCUMENT("[{\"n\":123456789012,\"m\":123456789012}]"), "           n\n123456789012\n", &COMMAND },
    { "wide characters take two columns", "table", 80, "a,n",
      DOCUMENT("[{\"a\":\"\xe6\x97\xa5\xe6\x9c\xac\",\"n\":1},{\"a\":\"abcde\",\"n\":2}]"),
      "a      n\n\xe6\x97\xa5\xe6\x9c\xac   1\nabcde  2\n", &COMMAND },
    { "decimals of a column are aligned", "table", 80, "n", DOCUMENT("[{\"n\":1.5},{\"n\":10.25}]"),
      "    n\n 1.50\n10.25\n", &COMMAND },
    { "an undefined figure is n/a", "plain", 0, "n", DOCUMENT("[{\"n\":null,\"undefined\":true}]"),
      "n\nn/a\n", &COMMAND },
    { "a suppressed figure is a star", "csv", 0, "n", DOCUMENT("[{\"n\":null,\"suppressed\":true}]"),
      "n\r\n*\r\n", &COMMAND },
    { "nothing is nothing", "csv", 0, "n", DOCUMENT("[{\"n\":null}]"), "n\r\n\r\n", &COMMAND },
    { "a level keeps its one decimal", "csv", 0, "n", DOCUMENT("[{\"n\":50.0},{\"n\":33.3}]"),
      "n\r\n50.0\r\n33.3\r\n", &COMMAND },
    { "CSV has the further columns, too", "csv", 0, NULL,
      DOCUMENT("[{\"a\":\"x\",\"n\":1,\"deep\":{\"x\":2}}]"), "a,b,n,deep.x\r\nx,,1,2\r\n", &COMMAND },
    { "CSV quotes commas, quotation marks and line ends", "csv", 0, "a",
      DOCUMENT("[{\"a\":\"x,y\"},{\"a\":\"say \\\"x\\\"\"},{\"a\":\"x\\ny\"}]"),
      "a\r\n\"x,y\"\r\n\"say \"\"x\"\"\"\r\n\"x\ny\"\r\n", &COMMAND },
    { "CSV gives a spreadsheet no formula", "csv", 0, "a,n", DOCUMENT("[{\"a\":\"=1+1\",\"n\":-1}]"),
      "a,n\r\n\"'=1+1\",-1\r\n", &COMMAND },
    { "lists are joined", "plain", 0, "a", DOCUMENT("[{\"a\":[\"x\",\"y\"]}]"), "a\nx; y\n", &COMMAND },
    { "truth is yes or no", "plain", 0, "a,b", DOCUMENT("[{\"a\":true,\"b\":false}]"), "a\tb\nyes\tno\n",
      &COMMAND },
    { "control characters are escaped in plain text", "plain", 0, "a",
      DOCUMENT("[{\"a\":\"x\\u001b[31m\\ty\\n\"}]"), "a\nx\\x1b[31m\\ty\\n\n", &COMMAND },
    { "control characters are escaped in tables", "table", 80, "a",
      DOCUMENT("[{\"a\":\"\\u001b]0;x\\u0007\\u009b\\u202e\"}]"), "a\n\\x1b]0;x\\x07\\u{9b}\\u{202e}\n",
      &COMMAND },
    { "json is the document as it came", "json", 0, NULL, DOCUMENT("[{\"a\":1.50, \"z\":[]}]"),
      DOCUMENT("[{\"a\":1.50, \"z\":[]}]") "\n", &COMMAND },
    { "json with fields keeps the rest of the document", "json", 0, "n",
      DOCUMENT("[{\"a\":\"x\",\"n\":33.3}]"), DOCUMENT("[{\"n\":33.3}]") "\n", &COMMAND },
    { "json with fields keeps the sign of a null", "json", 0, "n",
      DOCUMENT("[{\"n\":null,\"undefined\":true}]"), DOCUMENT("[{\"n\":null,\"undefined\":true}]") "\n",
      &COMMAND },
    { "jsonl is a row a line", "jsonl", 0, NULL, DOCUMENT("[{\"a\":\"x\"},{\"n\":50.0}]"),
      "{\"a\":\"x\"}\n{\"n\":50.0}\n", &COMMAND },
    { "deep fields are named with dots", "plain", 0, "deep.x", DOCUMENT("[{\"deep\":{\"x\":7}}]"),
      "deep.x\n7\n", &COMMAND },
    { "a record is lines of name and value", "table", 80, NULL, DOCUMENT("[{\"first_name\":\"x\",\"n\":3}]"),
      "first name  x\nn           3\n", &RECORD },
    { "a single object is a record, too", "table", 80, NULL, DOCUMENT("{\"a\":\"x\",\"l\":[\"y\",\"z\"]}"),
      "a  x\nl  y; z\n", &COMMAND },
    { "a list of objects in a record is a table", "table", 80, NULL,
      DOCUMENT("[{\"a\":\"x\",\"facts\":[{\"t\":1,\"p\":{\"q\":1}},{\"t\":12}]}]"),
      "a  x\n\nfacts\n t\n 1\n12\n", &RECORD },
    { "ids and times stand short on a terminal", "table", 80, "a,b",
      DOCUMENT("[{\"a\":\"0123456789abcdef0123456789abcdef\",\"b\":\"2017-09-30T12:00:00.123Z\"}]"),
      "              Second\na             line\n0123456789ab  2017-09-30T12:00:00Z\n", &COMMAND },
    { "an unknown field is refused", "plain", 0, "a,nn", DOCUMENT("[{\"a\":\"x\"}]"), NULL, &COMMAND },
    { "a field that only a row has is known", "plain", 0, "z", DOCUMENT("[{\"z\":1}]"), "z\n1\n", &COMMAND },
    { "a list in place of a document is refused", "plain", 0, NULL, "[]", NULL, &COMMAND },
    { "a document cut short is refused", "plain", 0, NULL, HEAD, NULL, &COMMAND },
    { "a doubled member is refused", "plain", 0, NULL, "{\"data\":[],\"data\":[]}", NULL, &COMMAND },
};

static void check_row(void **state)
{
    const struct row *row = *state;
    memory_session memory;
    tdm_err err = { 0 };
    memory_session_open(&memory, row->format);
    memory.session.out_is_terminal = row->terminal != 0;
    memory.session.width = row->terminal;
    tdm_invocation invocation = { .command = row->command, .own = json_object(), .args = json_object() };
    if (row->fields != NULL)
        json_object_set_new(invocation.own, "fields", json_string(row->fields));
    tdm_code code = tdm_output_document(&memory.session, &invocation, tdm_span_text(row->document), &err);
    memory_session_flush(&memory);
    if (row->wanted == NULL) {
        assert_int_not_equal(code, TDM_OK);
        assert_true(err.what[0] != '\0');
    } else {
        assert_int_equal(code, TDM_OK);
        assert_string_equal(memory.out, row->wanted);
    }
    tdm_invocation_free(&invocation);
    memory_session_close(&memory);
}

/* ---- talk */

static void notes_go_to_stderr(void **state)
{
    (void)state;
    tdm_invocation invocation = { .command = &COMMAND, .own = json_object(), .args = json_object() };
    static const struct {
        const char *document;
        bool quiet;
        const char *wanted;
    } NOTES[] = {
        { DOCUMENT("[{\"a\":\"x\"}]"), false, "as of 2017-09-30T12:00:00.000Z, complete\n" },
        { DOCUMENT("[{\"a\":\"x\"}]"), true, "" },
        { "{\"as_of\":\"t\",\"complete\":false,\"data\":[{\"a\":\"x\"}]}", false, "as of t, not complete: " },
    };
    for (size_t i = 0; i < TDM_COUNT(NOTES); i++) {
        memory_session memory;
        memory_session_open(&memory, "table");
        memory.session.quiet = NOTES[i].quiet;
        assert_int_equal(
            tdm_output_document(&memory.session, &invocation, tdm_span_text(NOTES[i].document), NULL),
            TDM_OK);
        memory_session_flush(&memory);
        assert_memory_equal(memory.err, NOTES[i].wanted, strlen(NOTES[i].wanted));
        assert_null(strstr(memory.out, "as of"));
        memory_session_close(&memory);
    }
    tdm_invocation_free(&invocation);
}

static void failures_as_text_and_object(void **state)
{
    (void)state;
    tdm_err err;
    tdm_fail(&err, TDM_NOT_FOUND, 0, "there is no \"x\"\x1b");
    memory_session text;
    memory_session_open(&text, "table");
    assert_int_equal(tdm_session_fail(&text.session, "unit show", &err, "look"), 3);
    memory_session_flush(&text);
    assert_string_equal(text.err, "tandem unit show: there is no \"x\"\\x1b\n  next: look\n");
    memory_session_close(&text);

    memory_session json;
    memory_session_open(&json, "json");
    assert_int_equal(tdm_session_fail(&json.session, "unit show", &err, "look"), 3);
    memory_session_flush(&json);
    assert_string_equal(json.err,
                        "{\"type\":\"error\",\"exit\":3,\"kind\":\"not-found\",\"what\":\"there is no "
                        "\\\"x\\\"\\u001b\",\"hint\":\"look\"}\n");
    memory_session_close(&json);
}

static void failures_of_a_daemon(void **state)
{
    (void)state;
    static const struct {
        const char *told;
        int status;
        const char *wanted;
    } TOLD[] = {
        { "{\"type\":\"error\",\"exit\":4,\"kind\":\"denied\",\"what\":\"no\",\"hint\":\"ask\"}", 4,
          "tandem x: no\n  next: ask\n" },
        { "{\"type\":\"error\",\"exit\":99,\"kind\":\"denied\",\"what\":\"no\"}", 10,
          "tandem x: the daemon failed" },
        { "{\"type\":\"error\"", 10, "tandem x: the daemon failed" },
    };
    for (size_t i = 0; i < TDM_COUNT(TOLD); i++) {
        memory_session memory;
        memory_session_open(&memory, "plain");
        assert_int_equal(tdm_session_fail_told(&memory.session, "x", tdm_span_text(TOLD[i].told)),
                         TOLD[i].status);
        memory_session_flush(&memory);
        assert_memory_equal(memory.err, TOLD[i].wanted, strlen(TOLD[i].wanted));
        memory_session_close(&memory);
    }
}

/* ---- the report of an import */

static void report_groups_by_cause(void **state)
{
    (void)state;
    static const char DOCUMENT_TEXT[] = DOCUMENT(
        "[{\"rows\":4,\"new\":1,\"known\":0,\"refused\":3,\"dry_run\":true,"
        "\"warnings\":[{\"row\":2,\"column\":\"end_date\",\"value\":\"x\\u001b\",\"what\":\"Look.\"}],"
        "\"refusals\":["
        "{\"row\":3,\"column\":\"hours\",\"value\":\"\",\"what\":\"Enter hours.\"},"
        "{\"row\":4,\"column\":\"kind\",\"value\":\"odd\",\"what\":\"Enter a kind.\"},"
        "{\"row\":5,\"column\":\"hours\",\"value\":\"many\",\"what\":\"Enter hours.\"}]}]");
    static const char WANTED[] =
        "f.csv: 4 rows\n"
        "       1  new\n"
        "       0  known already, nothing to do\n"
        "       3  refused\n"
        "This was a dry run: nothing was saved.\n"
        "\nSaved, but please look again (1):\n"
        "  row 2, column end_date: \"x\\x1b\"\n    Look.\n"
        "\nRefused, by cause:\n"
        "Enter hours. (2 rows)\n  row 3, column hours: empty\n  row 5, column hours: \"many\"\n"
        "Enter a kind. (1 row)\n  row 4, column kind: \"odd\"\n"
        "\nMend these rows and import the file again: rows that are recorded are not "
        "counted twice.\n";
    memory_session memory;
    memory_session_open(&memory, "table");
    assert_int_equal(tdm_import_report(&memory.session, "f.csv", tdm_span_text(DOCUMENT_TEXT), NULL), TDM_OK);
    memory_session_flush(&memory);
    assert_string_equal(memory.out, WANTED);
    memory_session_close(&memory);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 4];
    size_t count = 0;
    for (; count < TDM_COUNT(ROWS); count++)
        tests[count] = (struct CMUnitTest){ ROWS[count].name, check_row, NULL, NULL, (void *)&ROWS[count] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(notes_go_to_stderr);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(failures_as_text_and_object);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(failures_of_a_daemon);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(report_groups_by_cause);
    return _cmocka_run_group_tests("output", tests, count, NULL, NULL);
}
