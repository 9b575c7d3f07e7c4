/* SPDX-License-Identifier: MPL-2.0
 *
 * rows_test.c: the rows against all that is made from them: a word that is in one and not in the other is
 * drift. Each command is a test of its own.
 */
#include "filing.h"
#include "help.h"
#include "parse.h"
#include "service.h"
#include "support.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { COMMANDS_MAX = 256 };

static void assert_holds(const char *where, const tdm_buf *text, const char *wanted)
{
    if (text->data == NULL || memmem(text->data, text->len, wanted, strlen(wanted)) == NULL)
        fail_msg("%s lacks: %s", where, wanted);
}

static void each_option(const tdm_command *command, const tdm_buf *text, const char *where, const char *form)
{
    size_t count;
    const tdm_option *globals = tdm_global_options(&count);
    char wanted[80];
    for (size_t i = 0; i < command->option_count; i++) {
        snprintf(wanted, sizeof wanted, "%s%s", form, command->options[i].name);
        assert_holds(where, text, wanted);
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(wanted, sizeof wanted, "%s%s", form, globals[i].name);
        if (tdm_command_takes(command, &globals[i]))
            assert_holds(where, text, wanted);
        else if (text->data != NULL && memmem(text->data, text->len, wanted, strlen(wanted)) != NULL)
            fail_msg("%s tells of %s, which is refused", where, wanted);
    }
}

static void check_texts(const tdm_command *command)
{
    tdm_buf help = { 0 };
    tdm_buf manual = { 0 };
    assert_int_equal(tdm_help_text(command->words, &help, NULL), TDM_OK);
    assert_int_equal(tdm_manual_text(command->words, &manual, NULL), TDM_OK);
    each_option(command, &help, "help", "--");
    each_option(command, &manual, "the manual page", "Fl -");
    assert_holds("help", &help, command->summary);
    assert_holds("help", &help, command->example);
    assert_holds("the manual page", &manual, command->summary);
    for (size_t i = 0; i < command->positional_count; i++) {
        assert_holds("help", &help, command->positionals[i].name);
        assert_holds("the manual page", &manual, command->positionals[i].name);
    }
    tdm_buf_free(&help);
    tdm_buf_free(&manual);
}

static void check_example(const tdm_command *command)
{
    command_line line;
    tdm_invocation found;
    tdm_err err = { 0 };
    split_line(&line, command->example);
    assert_string_equal(line.argv[0], "tandem");
    if (tdm_invocation_parse(&found, line.argc, line.argv, &err) != TDM_OK)
        fail_msg("the example is refused: %s", err.what);
    assert_ptr_equal(found.command, command);
    tdm_invocation_free(&found);
}

/* Is the row made from the schema table? */
static bool is_made(const tdm_command *command)
{
    return command->verb != NULL && strcmp(command->verb, "record.fact") == 0;
}

/* The verb is a service for the roles that the row tells, and writes if the row says so. */
static void check_verb(const tdm_command *command)
{
    size_t count;
    const tdm_service *services = tdm_services(&count);
    if (command->verb == NULL) {
        assert_non_null(command->function);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(services[i].verb, command->verb) != 0)
            continue;
        int roles = (services[i].hub ? TDM_AT_HUB : 0) | (services[i].node ? TDM_AT_NODE : 0);
        if (is_made(command)) /* a type may be for fewer than the service is */
            assert_int_equal(command->roles & ~roles, 0);
        else
            assert_int_equal(command->roles, roles);
        assert_int_equal(command->writes, services[i].needs == TDM_NEEDS_WRITES);
        /* replay writes to a daemon by its service, and to a store at rest by itself */
        if (command->function == NULL || !command->writes)
            assert_int_equal((command->takes & TDM_TAKES_STORE) != 0, services[i].needs != TDM_NEEDS_WRITES);
        return;
    }
    fail_msg("there is no service %s", command->verb);
}

static void check_command(void **state)
{
    const tdm_command *command = *state;
    assert_true(strlen(command->words) < TDM_COMMAND_WORDS);
    assert_ptr_equal(tdm_command_find(command->words), command);
    check_texts(command);
    check_example(command);
    check_verb(command);
}

static void completion_knows_all(void **state)
{
    (void)state;
    static const char *const SHELLS[] = { "bash", "zsh", "fish" };
    static const char *const FORMS[] = { "--", "--", "-l " };
    for (size_t s = 0; s < TDM_COUNT(SHELLS); s++) {
        tdm_buf text = { 0 };
        assert_int_equal(tdm_completion_text(SHELLS[s], &text, NULL), TDM_OK);
        const tdm_command *command;
        for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
            const char *space = strchr(command->words, ' ');
            assert_holds(SHELLS[s], &text, space == NULL ? command->words : space + 1);
            for (size_t k = 0; k < command->option_count; k++) {
                char wanted[80];
                snprintf(wanted, sizeof wanted, "%s%s", FORMS[s], command->options[k].name);
                assert_holds(SHELLS[s], &text, wanted);
            }
        }
        tdm_buf_free(&text);
    }
    tdm_buf text = { 0 };
    assert_int_equal(tdm_completion_text("tcsh", &text, NULL), TDM_INVALID);
}

/* What bash makes of words typed so far. */
static const struct {
    const char *words; /* the last one is being typed */
    const char *wanted;
} TYPED[] = {
    { "tandem lev", "level" },
    { "tandem link con", "confirm" },
    { "tandem link confirm --pha", "--phase" },
    { "tandem link confirm --phase pl", "plan" },
    { "tandem level --format jsonl", "jsonl" },
    { "tandem --quiet level --by sec", "sector" },
    { "tandem completion f", "fish" },
    { "tandem rec", "record" },
    { "tandem record sess", "session" },
    { "tandem record --kin", "--kind" },
    { "tandem record session --hours-h", "--hours-hundredths" },
    { "tandem record session --type work", "workshop" },
    { "tandem record team --top y", "yes" },
};

static void bash_completes(void **state)
{
    (void)state;
    char path[] = "/tmp/tandem-completion-XXXXXX";
    int fd = mkstemp(path);
    tdm_buf script = { 0 };
    assert_int_equal(tdm_completion_text("bash", &script, NULL), TDM_OK);
    FILE *file = fdopen(fd, "w");
    fwrite(script.data, 1, script.len, file);
    fclose(file);
    tdm_buf_free(&script);
    for (size_t i = 0; i < TDM_COUNT(TYPED); i++) {
        char command[400];
        char got[200] = "";
        snprintf(command, sizeof command,
                 "bash -c '. %s; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _tandem; "
                 "echo \"${COMPREPLY[*]}\"'",
                 path, TYPED[i].words);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        assert_non_null(fgets(got, sizeof got, pipe));
        assert_int_equal(pclose(pipe), 0);
        got[strcspn(got, "\n")] = '\0';
        assert_string_equal(got, TYPED[i].wanted);
    }
    remove(path);
}

static void all_services_have_a_command(void **state)
{
    (void)state;
    size_t count;
    const tdm_service *services = tdm_services(&count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        const tdm_command *command;
        for (size_t k = 0; (command = tdm_command_at(k)) != NULL; k++)
            found = found || (command->verb != NULL && strcmp(command->verb, services[i].verb) == 0);
        if (!found)
            fail_msg("no command asks for %s", services[i].verb);
    }
}

/* Options before the words are only possible if a name takes a value everywhere or nowhere. Rows from the
 * schema table may differ: their options are judged by the words before them. */
static void names_mean_one_kind(void **state)
{
    (void)state;
    const tdm_command *command;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++)
        for (size_t k = 0; k < command->option_count; k++) {
            const tdm_option *own = &command->options[k];
            const tdm_option *any = tdm_option_find(NULL, own->name, strlen(own->name));
            if (!is_made(command) && (any->word == TDM_WORD_FLAG) != (own->word == TDM_WORD_FLAG))
                fail_msg("--%s of %s is of another kind elsewhere", own->name, command->words);
            size_t count;
            const tdm_option *globals = tdm_global_options(&count);
            for (size_t g = 0; g < count; g++)
                assert_string_not_equal(globals[g].name, own->name);
        }
}

static void main_help_lists_all(void **state)
{
    (void)state;
    tdm_buf help = { 0 };
    tdm_buf manual = { 0 };
    assert_int_equal(tdm_help_text("", &help, NULL), TDM_OK);
    assert_int_equal(tdm_manual_text("", &manual, NULL), TDM_OK);
    const tdm_command *command;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
        if (is_made(command))
            continue;
        assert_holds("help", &help, command->words);
        assert_holds("tandem(1)", &manual, command->words);
    }
    tdm_buf_free(&help);
    tdm_buf_free(&manual);
    assert_int_equal(tdm_help_text("lvel", &help, NULL), TDM_NOT_FOUND);
    assert_int_equal(tdm_manual_text("lvel", &manual, NULL), TDM_NOT_FOUND);
}

/* Each type that is recorded has a row; record lists them with what they are; each field is an option that
 * tells its bounds and words. */
static void every_type_has_a_row(void **state)
{
    (void)state;
    size_t count;
    const char *why;
    const tdm_type *types = tdm_types(&count);
    tdm_buf all = { 0 };
    tdm_buf manual = { 0 };
    assert_int_equal(tdm_help_text("record", &all, NULL), TDM_OK);
    assert_int_equal(tdm_manual_text("record", &manual, NULL), TDM_OK);
    for (size_t i = 0; i < count; i++) {
        char words[TDM_COMMAND_WORDS];
        char wanted[80];
        snprintf(words, sizeof words, "record %s", types[i].name);
        const tdm_command *command = tdm_command_find(words);
        assert_int_equal(command != NULL, tdm_type_recorded_at(&types[i], &why) != 0);
        if (command == NULL)
            continue;
        snprintf(wanted, sizeof wanted, "\n  %s ", types[i].name);
        assert_holds("help of record", &all, wanted);
        snprintf(wanted, sizeof wanted, ".It Ic %s\n", types[i].name);
        assert_holds("tandem-record(1)", &manual, wanted);
        for (size_t k = 0; k < types[i].field_count; k++)
            assert_non_null(
                tdm_option_find(command, types[i].fields[k].name, strlen(types[i].fields[k].name)));
    }
    tdm_buf_free(&all);
    tdm_buf_free(&manual);
}

static const struct {
    const char *words;
    const char *wanted;
} TOLD[] = {
    { "record session", "--hours NUMBER" },
    { "record session", "0 to 10000, at most 2" },
    { "record session", "workshop team_meeting" },
    { "record session", "--unit UNIT" },
    { "record session", "--id TEXT" },
    { "record need", "1 to 60 bytes; needed, names the fact" },
    { "record need", "1 to 5" },
    { "record team", "organisation:people" },
    { "record team", "(yes no)" },
    { "record target", "1990/91 to 2200/01" },
    { "record link_confirm", "64 hex digits" },
    { "record role-holder", "ending in .csv" },
    { "record organisation", "(at the hub)" },
    { "record application", "(at a node)" },
    { "record application", "(no_place not_eligible" },
};

/* However the lines are broken. */
static void squeeze(tdm_buf *text)
{
    size_t to = 0;
    for (size_t i = 0; i < text->len; i++) {
        bool space = text->data[i] == ' ' || text->data[i] == '\n';
        if (!space || (to > 0 && text->data[to - 1] != ' '))
            text->data[to++] = space ? ' ' : text->data[i];
    }
    text->len = to;
}

static void help_tells_bounds_and_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(TOLD); i++) {
        tdm_buf help = { 0 };
        assert_int_equal(tdm_help_text(TOLD[i].words, &help, NULL), TDM_OK);
        squeeze(&help);
        assert_holds(TOLD[i].words, &help, TOLD[i].wanted);
        tdm_buf_free(&help);
    }
}

int main(void)
{
    struct CMUnitTest tests[COMMANDS_MAX];
    size_t count = 0;
    const tdm_command *command;
    for (; (command = tdm_command_at(count)) != NULL && count < COMMANDS_MAX - 8; count++)
        tests[count] = (struct CMUnitTest){ command->words, check_command, NULL, NULL, (void *)command };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(completion_knows_all);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(bash_completes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(all_services_have_a_command);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(names_mean_one_kind);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(main_help_lists_all);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_type_has_a_row);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(help_tells_bounds_and_words);
    return _cmocka_run_group_tests("rows", tests, count, NULL, NULL);
}
