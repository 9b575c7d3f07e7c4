/* SPDX-License-Identifier: MPL-2.0
 *
 * help.h: texts made from the rows: help, manual pages, completion.
 */
#ifndef TANDEM_TOOLS_HELP_H
#define TANDEM_TOOLS_HELP_H

#include "command.h"

/* words: "" for all commands, the first word of several ("link"), or a command's. TDM_NOT_FOUND: no such
 * words. */
tdm_code tdm_help_text(const char *words, tdm_buf *out, tdm_err *err);

/* tandem-WORDS(1) in mdoc; "" gives tandem(1). TDM_NOT_FOUND. */
tdm_code tdm_manual_text(const char *words, tdm_buf *out, tdm_err *err);

/* shell: bash, zsh or fish. TDM_INVALID: another one. */
tdm_code tdm_completion_text(const char *shell, tdm_buf *out, tdm_err *err);

/* Does this option of every command mean anything here? */
bool tdm_command_takes(const tdm_command *command, const tdm_option *option);
/* "hub", "node", "hub and node", "no daemon needed" */
const char *tdm_command_place(const tdm_command *command);

#endif
