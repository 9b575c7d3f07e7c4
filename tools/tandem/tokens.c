/* SPDX-License-Identifier: MPL-2.0
 *
 * tokens.c: options and plain words, told apart by all rows together, or by the one whose words stand before.
 */
#include "tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which command */

size_t tdm_tokens_plain(const tdm_tokens *list, const char **out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count && count < max; i++)
        if (list->items[i].plain)
            out[count++] = list->items[i].text;
    return count;
}

size_t tdm_tokens_command(tdm_invocation *out, const tdm_tokens *list)
{
    const char *words[2];
    size_t count = tdm_tokens_plain(list, words, 2);
    char pair[TDM_COMMAND_WORDS];
    int len = count == 2 ? snprintf(pair, sizeof pair, "%s %s", words[0], words[1]) : 0;
    if (count == 2 && len < (int)sizeof pair && (out->command = tdm_command_find(pair)) != NULL) {
        strcpy(out->words, pair);
        return 2;
    }
    if (count == 0 || strlen(words[0]) >= sizeof out->words || !tdm_command_begins(words[0]))
        return 0;
    strcpy(out->words, words[0]);
    out->command = tdm_command_find(words[0]);
    return 1;
}

/* ---- options and words */

static void add_token(tdm_tokens *list, tdm_token item)
{
    list->items[list->count++] = item;
}

/* "-qy": letters are flags. */
static void split_letters(tdm_tokens *list, const char *text)
{
    for (const char *at = text + 1; *at != '\0'; at++)
        if (tdm_option_lettered(*at) == NULL) {
            add_token(list, (tdm_token){ .text = text });
            return;
        }
    for (const char *at = text + 1; *at != '\0'; at++)
        add_token(list, (tdm_token){ .text = text, .option = tdm_option_lettered(*at) });
}

/* The option of the command, if its words stand before; else of any. */
static const tdm_option *find_option(const tdm_tokens *list, const char *name, size_t len)
{
    tdm_invocation named = { .command = NULL };
    tdm_tokens_command(&named, list);
    const tdm_option *own = named.command == NULL ? NULL : tdm_option_find(named.command, name, len);
    return own != NULL ? own : tdm_option_find(NULL, name, len);
}

/* "--name", "--name=value", "--name value". A value may begin with one dash (-2d), not with two. */
static int split_long(tdm_tokens *list, const char *text, const char *next)
{
    const char *equals = strchr(text, '=');
    size_t len = equals == NULL ? strlen(text + 2) : (size_t)(equals - text - 2);
    tdm_token item = { .text = text, .option = find_option(list, text + 2, len) };
    bool needs = item.option != NULL && item.option->word != TDM_WORD_FLAG;
    int used = 0;
    if (equals != NULL)
        item.value = equals + 1;
    else if (needs && next != NULL && strncmp(next, "--", 2) != 0) {
        item.value = next;
        used = 1;
    }
    add_token(list, item);
    return used;
}

tdm_code tdm_tokens_split(tdm_tokens *list, int argc, char *const argv[], tdm_err *err)
{
    size_t room = 0;
    for (int i = 1; i < argc; i++)
        room += strlen(argv[i]) + 1; /* "-qy" is several */
    list->items = calloc(room + 1, sizeof *list->items);
    if (list->items == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the command line");
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        if (only_words || argv[i][0] != '-' || argv[i][1] == '\0')
            add_token(list, (tdm_token){ .text = argv[i], .plain = true });
        else if (strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (argv[i][1] == '-')
            i += split_long(list, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        else
            split_letters(list, argv[i]);
    }
    return TDM_OK;
}
