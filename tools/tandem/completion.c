/* SPDX-License-Identifier: MPL-2.0
 *
 * completion.c: completion scripts of three shells, from the rows.
 *
 * Each script carries the same table: for the words typed so far, what may follow. Nothing is asked of a
 * daemon while a person types.
 */
#include "help.h"

#include <stdio.h>
#include <string.h>

static bool is_file(tdm_word word)
{
    return word == TDM_WORD_FILE || word == TDM_WORD_FOLDER || word == TDM_WORD_ENDPOINT;
}

/* "level unit link": each first word once. */
static void add_first_words(tdm_buf *out)
{
    const tdm_command *command;
    const char *last = "";
    size_t last_len = 0;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
        size_t len = strcspn(command->words, " ");
        bool same = len == last_len && strncmp(command->words, last, len) == 0;
        if (!same)
            tdm_buf_format(out, "%s%.*s", i == 0 ? "" : " ", (int)len, command->words);
        last = command->words;
        last_len = len;
    }
}

static void add_followers(tdm_buf *out, const char *first, size_t len)
{
    const tdm_command *command;
    const char *next;
    bool any = false;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++)
        if ((next = tdm_command_behind(command, first, len)) != NULL) {
            tdm_buf_format(out, "%s%s", any ? " " : "", next);
            any = true;
        }
}

static void add_option_names(tdm_buf *out, const tdm_command *command)
{
    size_t count;
    const tdm_option *globals = tdm_global_options(&count);
    for (size_t i = 0; i < command->option_count; i++)
        tdm_buf_format(out, "--%s ", command->options[i].name);
    for (size_t i = 0; i < count; i++)
        if (tdm_command_takes(command, &globals[i]))
            tdm_buf_format(out, "--%s%s", globals[i].name, i + 1 == count ? "" : " ");
}

static void add_spaced(tdm_buf *out, const char *choices)
{
    for (; *choices != '\0'; choices++)
        tdm_buf_add(out, *choices == '|' ? " " : choices, 1);
}

/* Is the first word a command itself? */
static bool begins_alone(const char *words, size_t len)
{
    char word[32];
    snprintf(word, sizeof word, "%.*s", (int)len, words);
    return tdm_command_find(word) != NULL;
}

/* The same behind what may follow the word alone. */
static void add_more_words(tdm_buf *out, const char *word)
{
    tdm_buf more = { 0 };
    add_followers(&more, word, strlen(word));
    if (more.len > 0)
        tdm_buf_text(out, " ");
    tdm_buf_add(out, more.data, more.len);
    tdm_buf_free(&more);
}

/* ---- bash (and zsh, by its bashcompinit) */

static void bash_values(tdm_buf *out, const tdm_option *options, size_t count, const char *words)
{
    for (size_t i = 0; i < count; i++) {
        if (options[i].choices == NULL && !is_file(options[i].word))
            continue;
        tdm_buf_format(out, "        %s\"%s --%s\") ", words[0] == '\0' ? "*" : "", words, options[i].name);
        if (options[i].choices == NULL) {
            tdm_buf_text(out, "COMPREPLY=($(compgen -f -- \"$cur\"));;\n");
            continue;
        }
        tdm_buf_text(out, "COMPREPLY=($(compgen -W '");
        add_spaced(out, options[i].choices);
        tdm_buf_text(out, "' -- \"$cur\"));;\n");
    }
}

static void bash_tables(tdm_buf *out)
{
    size_t count;
    const tdm_option *globals = tdm_global_options(&count);
    const tdm_command *command;
    tdm_buf_text(out, "    case \"$words $prev\" in\n");
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++)
        bash_values(out, command->options, command->option_count, command->words);
    bash_values(out, globals, count, "");
    tdm_buf_text(out, "    esac\n    [ ${#COMPREPLY[@]} -gt 0 ] && return\n    case \"$words\" in\n");
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
        tdm_buf_format(out, "        \"%s\") next='", command->words);
        add_option_names(out, command);
        if (strchr(command->words, ' ') == NULL)
            add_more_words(out, command->words);
        for (size_t k = 0; k < command->positional_count; k++)
            if (command->positionals[k].choices != NULL) {
                tdm_buf_text(out, " ");
                add_spaced(out, command->positionals[k].choices);
            }
        tdm_buf_text(out, "'");
        if (command->positional_count > 0 && is_file(command->positionals[0].word))
            tdm_buf_text(out, " files=1");
        tdm_buf_text(out, ";;\n");
    }
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
        size_t len = strcspn(command->words, " ");
        if (begins_alone(command->words, len))
            continue;
        bool first = i == 0 || strncmp(tdm_command_at(i - 1)->words, command->words, len + 1) != 0;
        if (command->words[len] == '\0' || !first)
            continue;
        tdm_buf_format(out, "        \"%.*s\") next='", (int)len, command->words);
        add_followers(out, command->words, len);
        tdm_buf_text(out, "';;\n");
    }
    tdm_buf_text(out, "        *) next='");
    add_first_words(out);
    tdm_buf_text(out, "';;\n    esac\n");
}

static void add_bash(tdm_buf *out)
{
    tdm_buf_text(out, "# bash completion of tandem, made by `tandem completion bash`\n_tandem() {\n"
                      "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                      "    local words='' next='' files='' word\n    COMPREPLY=()\n"
                      "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                      "        case \"$word\" in -*) continue;; esac\n"
                      "        case \" $_tandem_words \" in *\"|${words:+$words }$word|\"*) "
                      "words=\"${words:+$words }$word\";; esac\n"
                      "    done\n");
    bash_tables(out);
    tdm_buf_text(out, "    COMPREPLY=($(compgen -W \"$next\" -- \"$cur\"))\n"
                      "    [ -n \"$files\" ] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n    return 0\n}\n"
                      "_tandem_words='");
    const tdm_command *command;
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++) {
        size_t len = strcspn(command->words, " ");
        tdm_buf_format(out, "|%.*s|", (int)len, command->words);
        if (command->words[len] != '\0')
            tdm_buf_format(out, "|%s|", command->words);
    }
    tdm_buf_text(out, "'\ncomplete -F _tandem tandem\n");
}

static void add_zsh(tdm_buf *out)
{
    tdm_buf_text(out, "#compdef tandem\n# zsh completion of tandem, made by `tandem completion zsh`\n"
                      "autoload -Uz bashcompinit && bashcompinit\n");
    add_bash(out);
}

/* ---- fish */

static void fish_quoted(tdm_buf *out, const char *text)
{
    tdm_buf_text(out, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            tdm_buf_text(out, "\\");
        tdm_buf_add(out, text, 1);
    }
    tdm_buf_text(out, "'");
}

static void fish_option(tdm_buf *out, const tdm_option *option, const char *condition)
{
    tdm_buf_format(out, "complete -c tandem%s -l %s", condition, option->name);
    if (option->letter != 0)
        tdm_buf_format(out, " -s %c", option->letter);
    if (option->word != TDM_WORD_FLAG)
        tdm_buf_text(out, is_file(option->word) ? " -r -F" : " -x");
    if (option->choices != NULL) {
        tdm_buf_text(out, " -a '");
        add_spaced(out, option->choices);
        tdm_buf_text(out, "'");
    }
    tdm_buf_text(out, " -d ");
    fish_quoted(out, option->help);
    tdm_buf_text(out, "\n");
}

static void fish_words(tdm_buf *out, const tdm_command *command)
{
    size_t len = strcspn(command->words, " ");
    if (command->words[len] == '\0')
        tdm_buf_format(out, "complete -c tandem -n __fish_use_subcommand -f -a %s -d ", command->words);
    else if (begins_alone(command->words, len))
        tdm_buf_format(out, "complete -c tandem -n '__fish_seen_subcommand_from %.*s' -f -a %s -d ", (int)len,
                       command->words, command->words + len + 1);
    else
        tdm_buf_format(out,
                       "complete -c tandem -n __fish_use_subcommand -f -a %.*s\n"
                       "complete -c tandem -n '__fish_seen_subcommand_from %.*s' -f -a %s -d ",
                       (int)len, command->words, (int)len, command->words, command->words + len + 1);
    fish_quoted(out, command->summary);
    tdm_buf_text(out, "\n");
}

static void fish_command(tdm_buf *out, const tdm_command *command)
{
    char condition[160] = " -n '__fish_seen_subcommand_from ";
    size_t len = strcspn(command->words, " ");
    strncat(condition, command->words, len);
    if (command->words[len] != '\0') {
        strcat(condition, "; and __fish_seen_subcommand_from ");
        strcat(condition, command->words + len + 1);
    }
    strcat(condition, "'");
    fish_words(out, command);
    for (size_t i = 0; i < command->option_count; i++)
        fish_option(out, &command->options[i], condition);
    for (size_t i = 0; i < command->positional_count; i++)
        if (command->positionals[i].choices != NULL) {
            tdm_buf_format(out, "complete -c tandem%s -f -a '", condition);
            add_spaced(out, command->positionals[i].choices);
            tdm_buf_text(out, "'\n");
        }
}

static void add_fish(tdm_buf *out)
{
    size_t count;
    const tdm_option *globals = tdm_global_options(&count);
    const tdm_command *command;
    tdm_buf_text(out, "# fish completion of tandem, made by `tandem completion fish`\n");
    for (size_t i = 0; i < count; i++)
        fish_option(out, &globals[i], "");
    for (size_t i = 0; (command = tdm_command_at(i)) != NULL; i++)
        fish_command(out, command);
}

static const struct {
    const char *name;
    void (*add)(tdm_buf *out);
} SHELLS[] = { { "bash", add_bash }, { "zsh", add_zsh }, { "fish", add_fish } };

tdm_code tdm_completion_text(const char *shell, tdm_buf *out, tdm_err *err)
{
    for (size_t i = 0; i < TDM_COUNT(SHELLS); i++)
        if (strcmp(SHELLS[i].name, shell) == 0) {
            SHELLS[i].add(out);
            return out->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a script") : TDM_OK;
        }
    return tdm_fail(err, TDM_INVALID, 0, "there is no completion for \"%.20s\"; there is for bash, zsh, fish",
                    shell);
}
