/* SPDX-License-Identifier: MPL-2.0
 *
 * commands.c: all rows together, and what every command has.
 */
#include "command.h"

/* tdm_nearest: the same distance that the settings use, so that both programs guess alike. */
#include "config_internal.h"

#include <string.h>

const char *tdm_word_placeholder(tdm_word word)
{
    static const char *const PLACEHOLDERS[] = {
#define X(symbol, placeholder) placeholder,
        TDM_WORDS(X)
#undef X
    };
    return PLACEHOLDERS[word];
}

/* clang-format off */
static const tdm_option GLOBALS[] = {
    { "format", 0, TDM_WORD_CHOICE, "table|plain|json|jsonl|csv", NULL,
      "how results are written; without it a table on a terminal and tab-separated text elsewhere" },
    { "json", 0, TDM_WORD_FLAG, NULL, NULL, "the same as --format json" },
    { "fields", 0, TDM_WORD_FIELDS, NULL, NULL, "show these fields, separated by commas, in this order" },
    { "as-of", 0, TDM_WORD_WHEN, NULL, "as_of",
      "answer as it stood then: a time, a date, -2d, seq:NODE/1234, snapshot:DIR or published:2017/18" },
    { "fy", 0, TDM_WORD_YEAR, NULL, "fy", "this financial year only, such as 2017/18" },
    { "config", 0, TDM_WORD_FILE, NULL, NULL, "the daemon's configuration file: names its state folder" },
    { "store", 0, TDM_WORD_FOLDER, NULL, NULL, "read this state folder without a daemon" },
    { "connect", 0, TDM_WORD_ENDPOINT, NULL, NULL,
      "the daemon to ask: its state folder, or ipc:// and the path of its control socket" },
    { "timeout", 0, TDM_WORD_NUMBER, NULL, NULL, "seconds to wait for an answer" },
    { "dry-run", 'n', TDM_WORD_FLAG, NULL, "dry_run", "say what would happen; change nothing" },
    { "yes", 'y', TDM_WORD_FLAG, NULL, NULL, "answer yes to every question" },
    { "no-input", 0, TDM_WORD_FLAG, NULL, NULL, "ask nothing: leave with status 8 instead" },
    { "quiet", 'q', TDM_WORD_FLAG, NULL, NULL, "results and errors only" },
    { "verbose", 'v', TDM_WORD_FLAG, NULL, NULL, "say more about what is done" },
    { "color", 0, TDM_WORD_CHOICE, "auto|always|never", NULL, "colour; auto: on a terminal only" },
    { "progress", 0, TDM_WORD_CHOICE, "auto|tty|json|none", NULL, "how long work tells how far it is" },
    { "version", 0, TDM_WORD_FLAG, NULL, NULL, "show the version and leave" },
    { "help", 'h', TDM_WORD_FLAG, NULL, NULL, "show help and leave" },
};
/* clang-format on */

static const struct {
    const char *name;
    int needs;
} NEEDS[] = {
    { "as-of", TDM_TAKES_AS_OF },
    { "fy", TDM_TAKES_YEAR },
    { "store", TDM_TAKES_STORE },
};

const tdm_option *tdm_global_options(size_t *count)
{
    *count = TDM_COUNT(GLOBALS);
    return GLOBALS;
}

int tdm_global_needs(const tdm_option *option)
{
    for (size_t i = 0; i < TDM_COUNT(NEEDS); i++)
        if (strcmp(NEEDS[i].name, option->name) == 0)
            return NEEDS[i].needs;
    return 0;
}

static const tdm_group *const GROUPS[] = {
#define X(name) &tdm_group_##name,
    TDM_GROUPS(X)
#undef X
};

const tdm_group *const *tdm_groups(size_t *count)
{
    *count = TDM_COUNT(GROUPS);
    return GROUPS;
}

static const tdm_command *rows_of(const tdm_group *group, size_t *count)
{
    *count = group->count;
    return group->make != NULL ? group->make(count) : group->commands;
}

size_t tdm_command_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(GROUPS); i++) {
        size_t own;
        rows_of(GROUPS[i], &own);
        count += own;
    }
    return count;
}

const tdm_command *tdm_command_at(size_t index)
{
    for (size_t i = 0; i < TDM_COUNT(GROUPS); i++) {
        size_t count;
        const tdm_command *rows = rows_of(GROUPS[i], &count);
        if (index < count)
            return &rows[index];
        index -= count;
    }
    return NULL;
}

static bool same_words(const char *own, const char *given, size_t len)
{
    if (strlen(own) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((own[i] == '_' ? '-' : own[i]) != (given[i] == '_' ? '-' : given[i]))
            return false;
    return true;
}

const tdm_command *tdm_command_find(const char *words)
{
    const tdm_command *command;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++)
        if (same_words(command->words, words, strlen(words)))
            return command;
    return NULL;
}

const char *tdm_command_behind(const tdm_command *command, const char *first, size_t len)
{
    bool begins = strncmp(command->words, first, len) == 0 && command->words[len] == ' ';
    return begins ? command->words + len + 1 : NULL;
}

bool tdm_command_begins(const char *word)
{
    size_t len = strlen(word);
    const tdm_command *command;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++)
        if (strncmp(command->words, word, len) == 0
            && (command->words[len] == ' ' || command->words[len] == '\0'))
            return true;
    return false;
}

static const tdm_option *option_among(const tdm_option *options, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (same_words(options[i].name, name, len))
            return &options[i];
    return NULL;
}

/* Of the rows that are made, or of the others. */
static const tdm_option *option_of_any(bool made, const char *name, size_t len)
{
    const tdm_option *found = NULL;
    for (size_t i = 0; i < TDM_COUNT(GROUPS); i++) {
        size_t count;
        const tdm_command *rows = rows_of(GROUPS[i], &count);
        for (size_t k = 0; (GROUPS[i]->make != NULL) == made && k < count && found == NULL; k++)
            found = option_among(rows[k].options, rows[k].option_count, name, len);
    }
    return found;
}

const tdm_option *tdm_option_find(const tdm_command *command, const char *name, size_t len)
{
    const tdm_option *found = option_among(GLOBALS, TDM_COUNT(GLOBALS), name, len);
    if (found == NULL && command != NULL)
        return option_among(command->options, command->option_count, name, len);
    if (found == NULL)
        found = option_of_any(false, name, len);
    return found != NULL ? found : option_of_any(true, name, len);
}

const tdm_option *tdm_option_lettered(char letter)
{
    for (size_t i = 0; i < TDM_COUNT(GLOBALS); i++)
        if (letter != 0 && GLOBALS[i].letter == letter)
            return &GLOBALS[i];
    return NULL;
}

enum { NAMES_MAX = 128 };

const char *tdm_nearest_command(const char *text)
{
    const char *names[NAMES_MAX];
    size_t count = tdm_command_count();
    TDM_ASSERT(count <= NAMES_MAX);
    for (size_t i = 0; i < count; i++)
        names[i] = tdm_command_at(i)->words;
    return tdm_nearest(text, names, count);
}

const char *tdm_nearest_option(const tdm_command *command, const char *text)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(GLOBALS); i++)
        names[count++] = GLOBALS[i].name;
    for (size_t i = 0; command != NULL && i < command->option_count && count < NAMES_MAX; i++)
        names[count++] = command->options[i].name;
    return tdm_nearest(text, names, count);
}
