/* SPDX-License-Identifier: MPL-2.0
 *
 * manual.c: manual pages in mdoc, from the rows.
 */
#include "help.h"

#include <ctype.h>
#include <string.h>

/* One word as roff reads it as text: a backslash is escaped, and what would begin a request. */
static void add_word(tdm_buf *out, const char *word, size_t len, bool first)
{
    if (first && (*word == '.' || *word == '\''))
        tdm_buf_text(out, "\\&");
    for (size_t i = 0; i < len; i++)
        tdm_buf_add(out, word[i] == '\\' ? "\\e" : &word[i], word[i] == '\\' ? 2 : 1);
}

/* A sentence a line, and no line over the width. */
static void add_text(tdm_buf *out, const char *text)
{
    enum { LINE_MAX_BYTES = 78 };
    size_t at = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        bool fresh = at == 0 || at + 1 + len > LINE_MAX_BYTES;
        tdm_buf_text(out, at == 0 ? "" : fresh ? "\n" : " ");
        add_word(out, text, len, fresh);
        at = fresh ? len : at + 1 + len;
        if (text[len] == ' ' && text[len - 1] == '.') {
            tdm_buf_text(out, "\n");
            at = 0;
        }
        text += len + (text[len] == ' ');
    }
    tdm_buf_text(out, "\n");
}

static void add_page_name(tdm_buf *out, const char *words)
{
    for (const char *at = words; *at != '\0'; at++)
        tdm_buf_add(out, *at == ' ' ? "-" : at, 1);
}

static void add_head(tdm_buf *out, const tdm_command *command, const char *summary)
{
    const char *words = command == NULL ? "" : command->words;
    tdm_buf_text(out,
                 ".\\\" SPDX-License-Identifier: MPL-2.0\n.\\\" Made by `tandem manual` from the rows of "
                 "the command.\n.Dd $Mdocdate$\n.Dt TANDEM");
    tdm_buf_text(out, command == NULL ? "" : "-");
    for (const char *at = words; *at != '\0'; at++) {
        char upper = *at == ' ' ? '-' : (char)toupper((unsigned char)*at);
        tdm_buf_add(out, &upper, 1);
    }
    tdm_buf_text(out, " 1\n.Os\n.Sh NAME\n.Nm tandem");
    tdm_buf_text(out, command == NULL ? "" : "-");
    add_page_name(out, words);
    tdm_buf_format(out, "\n.Nd %s\n", summary);
}

static void add_choices(tdm_buf *out, const char *choices)
{
    tdm_buf_text(out, "One of");
    while (choices != NULL && *choices != '\0') {
        size_t len = strcspn(choices, "|");
        tdm_buf_format(out, "\n.Cm %.*s%s", (int)len, choices, choices[len] == '|' ? " ," : " .");
        choices += len + (choices[len] == '|');
    }
    tdm_buf_text(out, "\n");
}

static void add_option(tdm_buf *out, const tdm_option *option)
{
    const char *placeholder = tdm_word_placeholder(option->word);
    tdm_buf_text(out, ".It");
    if (option->letter != 0)
        tdm_buf_format(out, " Fl %c ,", option->letter);
    tdm_buf_format(out, " Fl -%s", option->name);
    if (placeholder[0] != '\0')
        tdm_buf_format(out, " Ar %s", placeholder);
    tdm_buf_text(out, "\n");
    add_text(out, option->help);
    if (option->choices != NULL) {
        tdm_buf_text(out, ".Pp\n");
        add_choices(out, option->choices);
    }
}

static void add_options(tdm_buf *out, const tdm_command *command)
{
    size_t count;
    const tdm_option *globals = tdm_global_options(&count);
    tdm_buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; command != NULL && i < command->option_count; i++)
        add_option(out, &command->options[i]);
    for (size_t i = 0; i < count; i++)
        if (command == NULL || tdm_command_takes(command, &globals[i]))
            add_option(out, &globals[i]);
    tdm_buf_text(out, ".El\n");
}

static void add_exit(tdm_buf *out)
{
    static const char *const STATUSES[] = {
        "done; the answer is yes, same or sound",
        "worked, the answer is no: damaged, or rows refused",
        "wrong usage or configuration",
        "no such node, unit or period",
        "not permitted",
        "not reachable or timed out: trying again may help",
        "store busy: another writer holds it",
        "store unusable: corrupt, full, or the disk failed",
        "needs a confirmation it was not given",
        "format or protocol newer than this program",
        "internal error: please report it",
    };
    tdm_buf_text(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < TDM_COUNT(STATUSES); i++)
        tdm_buf_format(out, ".It %zu\n%s\n", i, STATUSES[i]);
    tdm_buf_text(out, ".El\n");
}

static void add_synopsis(tdm_buf *out, const tdm_command *command)
{
    tdm_buf_format(out, ".Sh SYNOPSIS\n.Nm tandem\n.Cm %s\n", command->words);
    for (size_t i = 0; i < command->positional_count; i++) {
        const tdm_positional *row = &command->positionals[i];
        tdm_buf_format(out, ".%sAr %s%s\n", row->needed ? "" : "Op ", row->name, row->many ? " ..." : "");
    }
    tdm_buf_text(out, ".Op Ar options\n");
}

/* Of a command that others begin with. */
static void add_followers(tdm_buf *out, const char *word)
{
    size_t len = strlen(word);
    const tdm_command *command;
    bool found = false;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
        const char *next = tdm_command_behind(command, word, len);
        if (next == NULL)
            continue;
        if (!found)
            tdm_buf_format(
                out,
                ".Pp\nWith one more word, which has options of its own as\n.Ic tandem %s Ar WORD Fl h"
                "\ntells:\n.Bl -tag -width Ds\n",
                word);
        found = true;
        tdm_buf_format(out, ".It Ic %s\n", next);
        add_text(out, command->summary);
    }
    tdm_buf_text(out, found ? ".El\n" : "");
}

static void page_of_command(const tdm_command *command, tdm_buf *out)
{
    add_head(out, command, command->summary);
    add_synopsis(out, command);
    tdm_buf_text(out, ".Sh DESCRIPTION\n");
    if (command->detail != NULL)
        add_text(out, command->detail);
    tdm_buf_format(out, "Where it works: %s.\n", tdm_command_place(command));
    if (command->positional_count > 0)
        tdm_buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < command->positional_count; i++) {
        tdm_buf_format(out, ".It Ar %s\n", command->positionals[i].name);
        add_text(out, command->positionals[i].help);
    }
    if (command->positional_count > 0)
        tdm_buf_text(out, ".El\n");
    tdm_buf_text(out, ".Pp\nThe options are:\n");
    add_options(out, command);
    add_followers(out, command->words);
    add_exit(out);
    tdm_buf_text(out, ".Sh EXAMPLES\n.Dl ");
    add_word(out, command->example, strlen(command->example), false);
    tdm_buf_text(out, "\n");
    tdm_buf_text(out, ".Sh SEE ALSO\n.Xr tandem 1\n");
}

static void page_of_all(tdm_buf *out)
{
    size_t count;
    const tdm_group *const *groups = tdm_groups(&count);
    add_head(out, NULL, "ask and tell the hub and the nodes of a Tandem system");
    tdm_buf_text(out,
                 ".Sh SYNOPSIS\n.Nm tandem\n.Ar command\n.Op Ar options\n.Sh DESCRIPTION\nThe commands, each "
                 "with a page of its own, are:\n");
    for (size_t i = 0; i < count; i++) {
        if (groups[i]->make != NULL)
            continue;
        tdm_buf_format(out, ".Ss %s\n.Bl -tag -width Ds\n", groups[i]->title);
        for (size_t k = 0; k < groups[i]->count; k++) {
            tdm_buf_format(out, ".It Cm %s\n", groups[i]->commands[k].words);
            add_text(out, groups[i]->commands[k].summary);
        }
        tdm_buf_text(out, ".El\n");
    }
    tdm_buf_text(out, ".Sh OPTIONS\nOptions may stand anywhere.\nEvery command knows:\n");
    add_options(out, NULL);
    tdm_buf_text(out,
                 ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev TANDEM_HOME\nThe state folder of the daemon to "
                 "ask, if no option names one.\n.It Ev NO_COLOR\nIf not empty: no colour.\n.El\n");
    add_exit(out);
}

tdm_code tdm_manual_text(const char *words, tdm_buf *out, tdm_err *err)
{
    const tdm_command *command = tdm_command_find(words);
    if (words[0] == '\0')
        page_of_all(out);
    else if (command != NULL)
        page_of_command(command, out);
    else
        return tdm_fail(err, TDM_NOT_FOUND, 0, "there is no command \"%.40s\"", words);
    return out->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a manual page") : TDM_OK;
}
