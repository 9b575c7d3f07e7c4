/* SPDX-License-Identifier: MPL-2.0
 *
 * help.c: help from the rows.
 */
#include "help.h"

#include <stdio.h>
#include <string.h>

enum { HELP_WIDTH = 80, OPTION_WIDTH = 26, COMMAND_WIDTH = 22 };

bool tdm_command_takes(const tdm_command *command, const tdm_option *option)
{
    return (tdm_global_needs(option) & ~command->takes) == 0;
}

const char *tdm_command_place(const tdm_command *command)
{
    static const char *const PLACES[] = { [TDM_AT_HUB] = "at the hub",
                                          [TDM_AT_NODE] = "at a node",
                                          [TDM_AT_BOTH] = "at the hub and at nodes",
                                          [TDM_ALONE] = "needs no daemon" };
    return PLACES[command->roles];
}

/* Words of text, broken at spaces, each line after `indent` spaces; the first line goes on at `at`. */
static void add_wrapped(tdm_buf *out, const char *text, size_t indent, size_t at)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (at + len > HELP_WIDTH && at > indent) {
            tdm_buf_format(out, "\n%*s", (int)indent, "");
            at = indent;
        }
        tdm_buf_add(out, text, len);
        at += len + 1;
        text += len;
        if (*text == ' ') {
            text++;
            if (at + strcspn(text, " ") <= HELP_WIDTH)
                tdm_buf_text(out, " ");
        }
    }
    tdm_buf_text(out, "\n");
}

static void add_entry(tdm_buf *out, const char *name, size_t width, const char *text)
{
    tdm_buf_format(out, "  %-*s", (int)width, name);
    if (strlen(name) >= width)
        tdm_buf_format(out, "\n  %*s", (int)width, "");
    add_wrapped(out, text, width + 2, width + 2);
}

static void add_option(tdm_buf *out, const tdm_option *option)
{
    char name[64];
    char help[512];
    char letter[8] = "";
    if (option->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    const char *placeholder = tdm_word_placeholder(option->word);
    snprintf(name, sizeof name, "%s--%s%s%s", letter, option->name, placeholder[0] == '\0' ? "" : " ",
             placeholder);
    snprintf(help, sizeof help, "%s%s%s%s", option->help, option->choices == NULL ? "" : " (",
             option->choices == NULL ? "" : option->choices, option->choices == NULL ? "" : ")");
    for (char *at = help + strlen(option->help); *at != '\0'; at++)
        if (*at == '|')
            *at = ' '; /* so that a long list can be broken */
    add_entry(out, name, OPTION_WIDTH, help);
}

static void add_options(tdm_buf *out, const tdm_command *command)
{
    size_t count;
    const tdm_option *globals = tdm_global_options(&count);
    if (command != NULL && command->option_count > 0)
        tdm_buf_text(out, "\nOptions:\n");
    for (size_t i = 0; command != NULL && i < command->option_count; i++)
        add_option(out, &command->options[i]);
    tdm_buf_text(out, "\nOptions of every command:\n");
    for (size_t i = 0; i < count; i++)
        if (command == NULL || tdm_command_takes(command, &globals[i]))
            add_option(out, &globals[i]);
}

static void add_usage(tdm_buf *out, const tdm_command *command)
{
    tdm_buf_format(out, "Usage: tandem %s", command->words);
    for (size_t i = 0; i < command->positional_count; i++) {
        const tdm_positional *row = &command->positionals[i];
        tdm_buf_format(out, " %s%s%s%s", row->needed ? "" : "[", row->name, row->many ? "..." : "",
                       row->needed ? "" : "]");
    }
    tdm_buf_text(out, " [options]\n");
}

/* Of a command that others begin with. */
static void add_followers(const char *word, tdm_buf *out)
{
    size_t len = strlen(word);
    const tdm_command *command;
    bool found = false;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
        const char *next = tdm_command_behind(command, word, len);
        if (next == NULL)
            continue;
        if (!found)
            tdm_buf_format(out, "\nWith one more word (tandem %s WORD -h tells more):\n", word);
        found = true;
        add_entry(out, next, COMMAND_WIDTH, command->summary);
    }
}

static void help_command(const tdm_command *command, tdm_buf *out)
{
    tdm_buf_format(out, "tandem %s: %s (%s)\n\n", command->words, command->summary,
                   tdm_command_place(command));
    add_usage(out, command);
    if (command->detail != NULL) {
        tdm_buf_text(out, "\n");
        add_wrapped(out, command->detail, 0, 0);
    }
    if (command->positional_count > 0)
        tdm_buf_text(out, "\nArguments:\n");
    for (size_t i = 0; i < command->positional_count; i++)
        add_entry(out, command->positionals[i].name, OPTION_WIDTH, command->positionals[i].help);
    add_options(out, command);
    add_followers(command->words, out);
    tdm_buf_format(out, "\nExample:\n  %s\n", command->example);
}

static void help_all(tdm_buf *out)
{
    size_t count;
    const tdm_group *const *groups = tdm_groups(&count);
    tdm_buf_text(out, "tandem: ask and tell the hub and the nodes of a Tandem system\n\n"
                      "Usage: tandem COMMAND [options]\n");
    for (size_t i = 0; i < count; i++) {
        if (groups[i]->make != NULL)
            continue;
        tdm_buf_format(out, "\n%c%s:\n",
                       groups[i]->title[0] >= 'a' ? groups[i]->title[0] - 32 : groups[i]->title[0],
                       groups[i]->title + 1);
        for (size_t k = 0; k < groups[i]->count; k++)
            add_entry(out, groups[i]->commands[k].words, COMMAND_WIDTH, groups[i]->commands[k].summary);
    }
    add_options(out, NULL);
    tdm_buf_text(out, "\nTANDEM_HOME names the state folder of the daemon to ask, if no option does.\n"
                      "tandem COMMAND -h tells more about a command.\n");
}

static bool help_followers(const char *word, tdm_buf *out)
{
    size_t len = strlen(word);
    bool found = false;
    const tdm_command *command;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
        const char *next = tdm_command_behind(command, word, len);
        if (next == NULL)
            continue;
        if (!found)
            tdm_buf_format(out, "Usage: tandem %s COMMAND [options]\n\nCommands:\n", word);
        found = true;
        add_entry(out, command->words + len + 1, COMMAND_WIDTH, command->summary);
    }
    if (found)
        tdm_buf_format(out, "\ntandem %s COMMAND -h tells more.\n", word);
    return found;
}

tdm_code tdm_help_text(const char *words, tdm_buf *out, tdm_err *err)
{
    const tdm_command *command = tdm_command_find(words);
    if (words[0] == '\0')
        help_all(out);
    else if (command != NULL)
        help_command(command, out);
    else if (!help_followers(words, out)) {
        const char *near = tdm_nearest_command(words);
        return tdm_fail(err, TDM_NOT_FOUND, 0, "there is no command \"%.40s\"%s%s%s", words,
                        near == NULL ? "; tandem help lists them" : "; did you mean \"",
                        near == NULL ? "" : near, near == NULL ? "" : "\"?");
    }
    return out->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for help") : TDM_OK;
}
