/* SPDX-License-Identifier: MPL-2.0
 *
 * terminal.h: text of others made harmless for a terminal, and how wide it stands there.
 */
#ifndef TANDEM_TOOLS_TERMINAL_H
#define TANDEM_TOOLS_TERMINAL_H

#include "tandem/base.h"

#include <stdio.h>

/* Append text so that it can not move the cursor, change colours or reorder what stands around it: control
 * characters (C0, DEL, C1), characters that change the writing direction and bytes that are not UTF-8 appear
 * as \xNN or \u{NNNN}; a line end and a tab as \n and \t. */
void tdm_terminal_add(tdm_buf *out, tdm_span text);
/* The same, printed; NULL is nothing. */
void tdm_terminal_print(FILE *out, const char *text);

/* Columns the text takes. Marks that combine take none, East Asian wide characters two. */
size_t tdm_terminal_width(tdm_span text);
/* Bytes of the longest beginning that takes at most `width` columns. */
size_t tdm_terminal_cut(tdm_span text, size_t width);

#endif
