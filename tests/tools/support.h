/* SPDX-License-Identifier: MPL-2.0
 *
 * support.h: what the tests of the command share: command lines from text, a session on memory.
 */
#ifndef TANDEM_TESTS_TOOLS_SUPPORT_H
#define TANDEM_TESTS_TOOLS_SUPPORT_H

#include "session.h"

#define WORDS_MAX 32

/* "tandem link confirm 'R0A/1'": words at spaces, '' holds a word together, "" at its start is an empty
 * word. The words are storage of `line`. */
typedef struct command_line {
    char text[512];
    int argc;
    char *argv[WORDS_MAX];
} command_line;
void split_line(command_line *out, const char *text);

/* A session that writes to memory: 80 columns, no colour, no terminal. */
typedef struct memory_session {
    tdm_session session;
    char *out;
    size_t out_len;
    char *err;
    size_t err_len;
} memory_session;
void memory_session_open(memory_session *memory, const char *format);
void memory_session_flush(memory_session *memory);
void memory_session_close(memory_session *memory);

#endif
