/* SPDX-License-Identifier: MPL-2.0
 *
 * tokens.h: the first pass over a command line: options with their values, and plain words.
 */
#ifndef TANDEM_TOOLS_TOKENS_H
#define TANDEM_TOOLS_TOKENS_H

#include "parse.h"

typedef struct tdm_token {
    const char *text; /* as given */
    bool plain;
    const tdm_option *option; /* as the first pass took it; NULL: unknown */
    const char *value;
} tdm_token;

typedef struct tdm_tokens {
    tdm_token *items;
    size_t count;
} tdm_tokens;

/* argv as main gets it; list->items is the caller's to free. */
tdm_code tdm_tokens_split(tdm_tokens *list, int argc, char *const argv[], tdm_err *err);
/* The first plain words; returns how many. */
size_t tdm_tokens_plain(const tdm_tokens *list, const char **out, size_t max);
/* The command that the plain words name, into out->command and out->words. Returns how many of them it took.
 */
size_t tdm_tokens_command(tdm_invocation *out, const tdm_tokens *list);

#endif
