/* SPDX-License-Identifier: MPL-2.0
 *
 * parse.h: from a command line to a row, its arguments for the daemon, and what the command itself looks at.
 */
#ifndef TANDEM_TOOLS_PARSE_H
#define TANDEM_TOOLS_PARSE_H

#include "command.h"

#include <jansson.h>

#define TDM_COMMAND_WORDS 64 /* bytes of a command's words with their end */

typedef struct tdm_invocation {
    const tdm_command *command;    /* NULL: none was named */
    char words[TDM_COMMAND_WORDS]; /* as far as the words begin a command: "link", "link confirm", "" */
    bool help;                     /* -h or --help stands somewhere */
    json_t *args;                  /* for the verb: {"fy":"2017/18"} */
    json_t *own;                   /* every option and word given, by its name on the command line */
} tdm_invocation;

/*
 * argv as main gets it. TDM_INVALID says which word is wrong, why, and what is near or taken. What was
 * understood until then stays in `out`, so that the failure can be told in the form asked for. `out` must be
 * freed in each case.
 */
tdm_code tdm_invocation_parse(tdm_invocation *out, int argc, char *const argv[], tdm_err *err);
void tdm_invocation_free(tdm_invocation *invocation);

/* Given on the command line under this name: borrowed; NULL if not. */
const char *tdm_invocation_text(const tdm_invocation *invocation, const char *name);
int64_t tdm_invocation_number(const tdm_invocation *invocation, const char *name, int64_t fallback);
bool tdm_invocation_flag(const tdm_invocation *invocation, const char *name);
/* table, plain, json, jsonl, csv; NULL: not said. */
const char *tdm_invocation_format(const tdm_invocation *invocation);

#endif
