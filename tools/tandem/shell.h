/* SPDX-License-Identifier: MPL-2.0
 *
 * shell.h: commands for somebody to type: a path in them must be read by a shell as what it is.
 */
#ifndef TANDEM_TOOLS_SHELL_H
#define TANDEM_TOOLS_SHELL_H

#include <limits.h>

enum { TDM_SHELL_WORD_MAX = PATH_MAX * 4 + 3 };

/* The text as one word of a shell, quoted where it has to be. Returns out. Text of PATH_MAX and more: "DIR",
 * since a part of it would be another path. */
const char *tdm_shell_word(char out[TDM_SHELL_WORD_MAX], const char *text);

#endif
