/* SPDX-License-Identifier: MPL-2.0
 *
 * parse.c: reading a command line by the rows.
 *
 * Two passes, since options may stand before the command's words: the first (tokens.c) tells options and
 * their values from plain words by all rows together, the second judges them by the one row that the words
 * name.
 */
#include "parse.h"
#include "tokens.h"
#include "tandem/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which command is meant */

/* "pending, confirm, dispute": the words that may follow. */
static void list_followers(const char *word, char *out, size_t size)
{
    size_t len = strlen(word);
    size_t used = 0;
    const tdm_command *command;
    const char *next;
    out[0] = '\0';
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL && used < size; i++)
        if ((next = tdm_command_behind(command, word, len)) != NULL)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used == 0 ? "" : ", ", next);
}

static tdm_code no_follower(const tdm_invocation *out, const char *asked, bool given, tdm_err *err)
{
    char followers[120];
    list_followers(out->words, followers, sizeof followers);
    const char *near = given ? tdm_nearest_command(asked) : NULL;
    if (!given)
        return tdm_fail(err, TDM_INVALID, 0, "one more word is needed: %s", followers);
    if (near != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "there is no command \"%s\"; did you mean \"%s\"?", asked, near);
    return tdm_fail(err, TDM_INVALID, 0, "there is no command \"%s\"; %s is followed by %s", asked,
                    out->words, followers);
}

static tdm_code no_command(const tdm_invocation *out, const tdm_tokens *list, tdm_err *err)
{
    const char *words[2];
    size_t count = tdm_tokens_plain(list, words, 2);
    if (count == 0)
        return tdm_fail(err, TDM_INVALID, 0, "no command was given; tandem help lists them");
    char asked[TDM_COMMAND_WORDS];
    snprintf(asked, sizeof asked, "%.30s%s%.30s", words[0], count == 2 ? " " : "",
             count == 2 ? words[1] : "");
    if (out->words[0] != '\0')
        return no_follower(out, asked, count == 2, err);
    const char *near = tdm_nearest_command(asked);
    if (near == NULL)
        near = tdm_nearest_command(words[0]);
    if (near == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "there is no command \"%s\"; tandem help lists them", asked);
    return tdm_fail(err, TDM_INVALID, 0, "there is no command \"%s\"; did you mean \"%s\"?", asked, near);
}

/* ---- second pass: one value */

static bool is_number(const char *text, bool with_point)
{
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    if (with_point && *rest == '.' && rest[1] != '\0')
        rest += 1 + strspn(rest + 1, "0123456789");
    return digits > 0 && digits < 16 && *rest == '\0';
}

static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);
    for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, text, len) == 0 && (at[len] == '|' || at[len] == '\0') && len > 0)
            return true;
        if (*at == '\0')
            break;
    }
    return false;
}

static bool is_period(const char *text, bool year)
{
    tdm_period period;
    return tdm_period_parse(tdm_span_text(text), &period, NULL) == TDM_OK
           && (!year || period.kind == TDM_PERIOD_YEAR);
}

/* What is wrong with a value, as the end of a sentence; NULL: nothing. */
static const char *fault_of(tdm_word word, const char *choices, const char *text)
{
    if (text[0] == '\0')
        return "it is empty";
    switch (word) {
    case TDM_WORD_NUMBER:
        return is_number(text, false) ? NULL : "give a whole number";
    case TDM_WORD_PERCENT:
        return is_number(text, true) ? NULL : "give a percentage such as 45 or 45.5";
    case TDM_WORD_CHOICE:
        return is_choice(choices, text) ? NULL : choices;
    case TDM_WORD_YEAR:
        return is_period(text, true) ? NULL : "write a financial year as 2017/18";
    case TDM_WORD_PERIOD:
        return is_period(text, false) ? NULL : "write a period as 2017/18, 2017/18Q1 or 2017-04";
    default:
        return NULL;
    }
}

static json_t *value_of(tdm_word word, const char *text)
{
    return word == TDM_WORD_NUMBER ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

static tdm_code check_value(const char *dashes, const char *name, tdm_word word, const char *choices,
                            const char *text, tdm_err *err)
{
    const char *fault = fault_of(word, choices, text);
    if (fault == NULL)
        return TDM_OK;
    return tdm_fail(err, TDM_INVALID, 0, "%s%s \"%.40s\": %s%s", dashes, name, text,
                    fault == choices && choices != NULL ? "give one of " : "", fault);
}

static tdm_code keep(json_t *object, const char *name, json_t *value, tdm_err *err)
{
    if (json_object_set_new(object, name, value) != 0)
        return tdm_fail(err, TDM_INVALID, 0, "%s: what was given is not UTF-8 text", name);
    return TDM_OK;
}

static tdm_code keep_both(tdm_invocation *out, const char *name, const char *arg, json_t *value, tdm_err *err)
{
    tdm_code code = keep(out->own, name, json_deep_copy(value), err);
    if (code == TDM_OK && arg != NULL)
        code = keep(out->args, arg, json_incref(value), err);
    json_decref(value);
    return code;
}

/* ---- second pass: options */

static tdm_code unknown_option(const tdm_invocation *out, const tdm_token *item, tdm_err *err)
{
    char name[48];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(item->text, "="), item->text);
    const char *near = item->text[1] == '-' ? tdm_nearest_option(out->command, name + 2) : NULL;
    return tdm_fail(err, TDM_INVALID, 0, "there is no option %s here; %s%s%s", name,
                    near == NULL ? "-h" : "did you mean --", near == NULL ? "" : near,
                    near == NULL ? " lists those it has" : "?");
}

static tdm_code take_option(tdm_invocation *out, const tdm_token *item, tdm_err *err)
{
    const tdm_command *command = out->command;
    const tdm_option *option = item->option == NULL
                                   ? NULL
                                   : tdm_option_find(command, item->option->name, strlen(item->option->name));
    if (option == NULL)
        return unknown_option(out, item, err);
    int needs = tdm_global_needs(option);
    if ((needs & ~command->takes) != 0)
        return tdm_fail(err, TDM_INVALID, 0, "this command takes no --%s: it would have no effect",
                        option->name);
    if (json_object_get(out->own, option->name) != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "--%s stands twice; give it once", option->name);
    if (option->word == TDM_WORD_FLAG && item->value != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "--%s takes no value", option->name);
    if (option->word == TDM_WORD_FLAG)
        return keep_both(out, option->name, option->arg, json_true(), err);
    if (item->value == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "--%s needs a value", option->name);
    if (command->blanks && item->value[0] == '\0')
        return keep_both(out, option->name, option->arg, json_string(""), err);
    tdm_code code = check_value("--", option->name, option->word, option->choices, item->value, err);
    return code == TDM_OK
               ? keep_both(out, option->name, option->arg, value_of(option->word, item->value), err)
               : code;
}

static tdm_code take_options(tdm_invocation *out, const tdm_tokens *list, tdm_err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].plain)
            continue;
        tdm_code code = take_option(out, &list->items[i], err);
        if (code != TDM_OK)
            return code;
    }
    return TDM_OK;
}

/* ---- second pass: the words after the command's */

static tdm_code take_word(tdm_invocation *out, const tdm_positional *row, const char *text, tdm_err *err)
{
    tdm_code code = check_value("", row->name, row->word, row->choices, text, err);
    if (code != TDM_OK)
        return code;
    if (!row->many)
        return keep_both(out, row->name, row->arg, value_of(row->word, text), err);
    json_t *list = json_object_get(out->own, row->name);
    if (list == NULL) {
        code = keep(out->own, row->name, list = json_array(), err);
        if (code == TDM_OK && row->arg != NULL)
            code = keep(out->args, row->arg, json_incref(list), err);
    }
    if (code == TDM_OK && json_array_append_new(list, json_string(text)) != 0)
        code = tdm_fail(err, TDM_INVALID, 0, "%s: what was given is not UTF-8 text", row->name);
    return code;
}

static tdm_code too_many(const tdm_command *command, const char *text, tdm_err *err)
{
    if (command->refuse != NULL)
        return command->refuse(text, err);
    if (command->refusal != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "%s", command->refusal);
    return tdm_fail(err, TDM_INVALID, 0, "\"%.40s\" is one word too many; -h shows what it takes", text);
}

static tdm_code take_words(tdm_invocation *out, const tdm_tokens *list, size_t skip, tdm_err *err)
{
    const tdm_command *command = out->command;
    size_t next = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!list->items[i].plain)
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        if (next == command->positional_count)
            return too_many(command, list->items[i].text, err);
        const tdm_positional *row = &command->positionals[next];
        next += !row->many;
        tdm_code code = take_word(out, row, list->items[i].text, err);
        if (code != TDM_OK)
            return code;
    }
    for (size_t i = 0; i < command->positional_count; i++)
        if (command->positionals[i].needed && json_object_get(out->own, command->positionals[i].name) == NULL)
            return tdm_fail(err, TDM_INVALID, 0, "%s is missing: %s; for example: %s",
                            command->positionals[i].name, command->positionals[i].help, command->example);
    return TDM_OK;
}

/* ---- the whole */

static bool asks_for(const tdm_tokens *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].option != NULL && strcmp(list->items[i].option->name, name) == 0)
            return true;
    return false;
}

/* Known before anything can fail, so that the failure comes in this form. */
static void note_form(tdm_invocation *out, const tdm_tokens *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const tdm_token *item = &list->items[i];
        bool json = item->option != NULL && strcmp(item->option->name, "json") == 0;
        bool format =
            item->option != NULL && strcmp(item->option->name, "format") == 0 && item->value != NULL;
        if (json || (format && strncmp(item->value, "json", 4) == 0))
            json_object_set_new(out->own, "json", json_true());
    }
}

static tdm_code read_tokens(tdm_invocation *out, const tdm_tokens *list, tdm_err *err)
{
    size_t taken = tdm_tokens_command(out, list);
    out->help = asks_for(list, "help");
    if (out->help)
        return TDM_OK;
    if (out->command == NULL && asks_for(list, "version"))
        return keep(out->own, "version", json_true(), err);
    if (out->command == NULL) {
        note_form(out, list);
        return no_command(out, list, err);
    }
    tdm_code code = take_options(out, list, err);
    if (code == TDM_OK)
        code = take_words(out, list, taken, err);
    if (code == TDM_OK && tdm_invocation_flag(out, "json") && tdm_invocation_text(out, "format") != NULL
        && strcmp(tdm_invocation_text(out, "format"), "json") != 0)
        code = tdm_fail(err, TDM_INVALID, 0, "--json and --format %s do not go together",
                        tdm_invocation_text(out, "format"));
    if (code != TDM_OK)
        note_form(out, list);
    return code;
}

tdm_code tdm_invocation_parse(tdm_invocation *out, int argc, char *const argv[], tdm_err *err)
{
    *out = (tdm_invocation){ .args = json_object(), .own = json_object() };
    tdm_tokens list = { 0 };
    tdm_code code = tdm_tokens_split(&list, argc, argv, err);
    if (code == TDM_OK && (out->args == NULL || out->own == NULL))
        code = tdm_fail(err, TDM_FULL, 0, "no memory for the command line");
    if (code == TDM_OK)
        code = read_tokens(out, &list, err);
    free(list.items);
    return code;
}

void tdm_invocation_free(tdm_invocation *invocation)
{
    json_decref(invocation->args);
    json_decref(invocation->own);
    *invocation = (tdm_invocation){ 0 };
}

const char *tdm_invocation_text(const tdm_invocation *invocation, const char *name)
{
    return json_string_value(json_object_get(invocation->own, name));
}

int64_t tdm_invocation_number(const tdm_invocation *invocation, const char *name, int64_t fallback)
{
    const json_t *told = json_object_get(invocation->own, name);
    return json_is_integer(told) ? (int64_t)json_integer_value(told) : fallback;
}

bool tdm_invocation_flag(const tdm_invocation *invocation, const char *name)
{
    return json_is_true(json_object_get(invocation->own, name));
}

const char *tdm_invocation_format(const tdm_invocation *invocation)
{
    const char *format = tdm_invocation_text(invocation, "format");
    return format == NULL && tdm_invocation_flag(invocation, "json") ? "json" : format;
}
