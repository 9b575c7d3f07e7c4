/* SPDX-License-Identifier: MPL-2.0
 *
 * parse_test.c: the specification of tools/tandem/parse.c: what a command line means.
 */
#include "parse.h"
#include "support.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct row {
    const char *name;
    const char *line;
    const char *command; /* NULL: refused */
    const char *wanted;  /* the verb's arguments as JSON with sorted keys, or words of the error */
};

static const struct row ROWS[] = {
    { "words and options give arguments", "tandem level --fy 2017/18 --by lead", "level",
      "{\"by\":\"lead\",\"fy\":\"2017/18\"}" },
    { "options may stand before the words", "tandem --fy 2017/18 level", "level", "{\"fy\":\"2017/18\"}" },
    { "options may stand between the words", "tandem link --phase plan confirm R0A/1", "link confirm",
      "{\"phase\":\"plan\",\"unit\":\"R0A/1\"}" },
    { "options may stand after arguments", "tandem unit show R0A/1 --as-of 2017-04-01", "unit show",
      "{\"as_of\":\"2017-04-01\",\"unit\":\"R0A/1\"}" },
    { "a value may follow an equals sign", "tandem level --by=month", "level", "{\"by\":\"month\"}" },
    { "a value may begin with one dash", "tandem level --as-of -2d", "level", "{\"as_of\":\"-2d\"}" },
    { "a value may hold an equals sign", "tandem record --title=a=b", "record", "{\"title\":\"a=b\"}" },
    { "flags are true", "tandem level --planned", "level", "{\"planned\":true}" },
    { "letters are flags, several together", "tandem import -nq a.csv", "import", "{\"dry_run\":true}" },
    { "numbers are numbers", "tandem unit list --limit 20", "unit list", "{\"limit\":20}" },
    { "several words make a list", "tandem invite R0A R0B", "invite",
      "{\"organisations\":[\"R0A\",\"R0B\"]}" },
    { "a percentage stays as it was written", "tandem target set 2017/18 45.5", "target set",
      "{\"fy\":\"2017/18\",\"percent\":\"45.5\"}" },
    { "after two dashes all are words", "tandem catalogue add -- --x y", "catalogue add",
      "{\"name\":\"y\",\"programme\":\"--x\"}" },
    { "a dash is a word", "tandem import -", "import", "{}" },
    { "options that only the command looks at are not sent", "tandem status --timeout 5 --json", "status",
      "{}" },
    { "each column of an import is an option of record",
      "tandem record --unit-id 7 --kind programme --programme p --title t --lead R0A --start-date 2017-05-04 "
      "--end-date 2017-05-05 --hours 6.5 --participants 9 --locality Leeds --status delivered --partners R0B",
      "record",
      "{\"end_date\":\"2017-05-05\",\"hours\":\"6.5\",\"kind\":\"programme\",\"lead\":\"R0A\","
      "\"locality\":\"Leeds\",\"participants\":9,\"partners\":\"R0B\",\"programme\":\"p\","
      "\"start_date\":\"2017-05-04\",\"status\":\"delivered\",\"title\":\"t\",\"unit_id\":\"7\"}" },

    { "a type's fields are options", "tandem record session --unit R0A/1 --date 2017-05-04 --hours 6.5 -n",
      "record session", "{\"dry_run\":true}" },
    { "underscores go for dashes, and dashes for underscores",
      "tandem record role-holder --post x --until_ 1", NULL, "did you mean --until" },
    { "a field with an underscore is an option", "tandem record need --need_id 1", "record need", "{}" },
    { "a field that is a flag elsewhere takes its value behind the words",
      "tandem record return_made --nil yes --period 2017/18", "record return_made", "{}" },
    { "a flag stays one where it is a field elsewhere", "tandem return make 2017/18 --nil", "return make",
      "{\"nil\":true,\"period\":\"2017/18\"}" },
    { "a flag stands before the words, too", "tandem --nil return make 2017/18", "return make",
      "{\"nil\":true,\"period\":\"2017/18\"}" },
    { "before the words it lacks its value", "tandem --nil record return_made", NULL, "--nil needs a value" },
    { "an empty value takes a field out", "tandem record need --locality=", "record need", "{}" },
    { "a unit is recorded by the schema's fields", "tandem record unit --unit-id 7 --start 2017-05-04",
      "record unit", "{}" },
    { "an unknown type gives the nearest", "tandem record sesion", NULL, "did you mean session?" },
    { "a type that nobody records is refused with the reason", "tandem record tide", NULL, "their own log" },
    { "a key is refused with the command to use", "tandem record key", NULL, "tandem invite" },
    { "a field of another type is no option", "tandem record need --hours 5", NULL, "no option --hours" },
    { "a file is told by its name", "tandem record session --from sessions.csv", "record session", "{}" },

    { "no words at all are refused", "tandem", NULL, "no command was given" },
    { "an unknown command gives the nearest", "tandem lvel", NULL, "did you mean \"level\"" },
    { "an unknown second word gives the nearest", "tandem link confrim", NULL,
      "did you mean \"link confirm\"" },
    { "a first word alone gives those that follow", "tandem link", NULL,
      "pending, confirm, dispute, withdraw" },
    { "commands are not abbreviated", "tandem lev", NULL, "there is no command" },
    { "options are not abbreviated", "tandem level --plan", NULL, "there is no option --plan" },
    { "an unknown option gives the nearest", "tandem level --bi x", NULL, "did you mean --by" },
    { "an option of another command is unknown", "tandem level --register x", NULL, "no option --register" },
    { "an unknown letter is refused", "tandem level -x", NULL, "no option -x" },
    { "an option without its value is refused", "tandem level --by", NULL, "--by needs a value" },
    { "another option is no value", "tandem level --by --json", NULL, "--by needs a value" },
    { "an empty value is refused", "tandem level --by=", NULL, "it is empty" },
    { "a flag takes no value", "tandem level --json=yes", NULL, "--json takes no value" },
    { "an option stands once", "tandem level --by lead --by kind", NULL, "--by stands twice" },
    { "a choice must be one of the words", "tandem level --by year", NULL,
      "give one of programme|core_programme|kind" },
    { "part of a choice is no choice", "tandem level --by lea", NULL, "give one of" },
    { "two choices are no choice", "tandem level --by 'lead|kind'", NULL, "give one of" },
    { "a number must be one", "tandem unit list --limit many", NULL, "give a whole number" },
    { "a negative number is none", "tandem unit list --limit -3", NULL, "give a whole number" },
    { "a financial year has two ends", "tandem level --fy 2017", NULL, "write a financial year as 2017/18" },
    { "the ends of a financial year follow", "tandem level --fy 2017/19", NULL, "write a financial year" },
    { "a quarter is no financial year", "tandem level --fy 2017/18Q1", NULL, "write a financial year" },
    { "a percentage is a number", "tandem target set 2017/18 half", NULL, "give a percentage" },
    { "a period has a form", "tandem period close May", NULL, "write a period as" },
    { "a word too many is refused", "tandem level now", NULL, "one word too many" },
    { "a missing word is named with an example", "tandem unit show", NULL, "UNIT is missing" },
    { "a join code on the command line is refused with the reason", "tandem join tandem1.abc", NULL,
      "a join code is a secret" },
    { "as-of is refused where it means nothing", "tandem publish 2017/18 --as-of -2d", NULL,
      "takes no --as-of" },
    { "a store is refused where something is written", "tandem link confirm --all --store x", NULL,
      "takes no --store" },
    { "json and another format do not go together", "tandem level --json --format csv", NULL,
      "do not go together" },
    { "text that is not UTF-8 is refused", "tandem record --title \xff", NULL, "not UTF-8" },
};

static void check_good(const tdm_invocation *found, const struct row *row)
{
    char *args = json_dumps(found->args, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(found->command);
    assert_string_equal(found->command->words, row->command);
    assert_string_equal(args, row->wanted);
    free(args);
}

static void check_row(void **state)
{
    const struct row *row = *state;
    command_line line;
    tdm_invocation found;
    tdm_err err = { 0 };
    split_line(&line, row->line);
    tdm_code code = tdm_invocation_parse(&found, line.argc, line.argv, &err);
    if (row->command != NULL) {
        if (code != TDM_OK)
            fail_msg("refused: %s", err.what);
        check_good(&found, row);
    } else {
        assert_int_equal(code, TDM_INVALID);
        if (strstr(err.what, row->wanted) == NULL)
            fail_msg("the error says: %s", err.what);
    }
    tdm_invocation_free(&found);
}

/* -h wins over whatever else is wrong on the line. */
static const struct {
    const char *line;
    const char *words;
} HELPED[] = {
    { "tandem -h", "" },
    { "tandem link --help", "link" },
    { "tandem link confirm -h", "link confirm" },
    { "tandem -h level --by nonsense", "level" },
    { "tandem level --unknown -h", "level" },
    { "tandem unit show -qh", "unit show" },
};

static void help_wins(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(HELPED); i++) {
        command_line line;
        tdm_invocation found;
        split_line(&line, HELPED[i].line);
        assert_int_equal(tdm_invocation_parse(&found, line.argc, line.argv, NULL), TDM_OK);
        assert_true(found.help);
        assert_string_equal(found.words, HELPED[i].words);
        tdm_invocation_free(&found);
    }
}

/* Wrong lines under --json are told as JSON: the form is known although the line is not. */
static void form_of_failures(void **state)
{
    (void)state;
    static const char *const LINES[] = { "tandem lvel --json", "tandem level --json --nonsense",
                                         "tandem level --nonsense --format json",
                                         "tandem level a --format=jsonl" };
    for (size_t i = 0; i < TDM_COUNT(LINES); i++) {
        command_line line;
        tdm_invocation found;
        tdm_err err;
        split_line(&line, LINES[i]);
        assert_int_equal(tdm_invocation_parse(&found, line.argc, line.argv, &err), TDM_INVALID);
        assert_non_null(tdm_invocation_format(&found));
        assert_memory_equal(tdm_invocation_format(&found), "json", 4);
        tdm_invocation_free(&found);
    }
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 2];
    size_t count = 0;
    for (; count < TDM_COUNT(ROWS); count++)
        tests[count] = (struct CMUnitTest){ ROWS[count].name, check_row, NULL, NULL, (void *)&ROWS[count] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(help_wins);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(form_of_failures);
    return _cmocka_run_group_tests("parse", tests, count, NULL, NULL);
}
