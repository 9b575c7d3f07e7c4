/* SPDX-License-Identifier: MPL-2.0
 *
 * support.c: command lines from text, a session on memory.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

void split_line(command_line *out, const char *text)
{
    char *to = out->text;
    out->argc = 0;
    TDM_ASSERT(strlen(text) < sizeof out->text);
    while (*text != '\0') {
        while (*text == ' ')
            text++;
        if (*text == '\0')
            break;
        TDM_ASSERT(out->argc < WORDS_MAX - 1);
        out->argv[out->argc++] = to;
        bool held = false;
        for (; *text != '\0' && (held || *text != ' '); text++) {
            if (*text == '\'')
                held = !held;
            else
                *to++ = *text;
        }
        *to++ = '\0';
    }
    out->argv[out->argc] = NULL;
}

void memory_session_open(memory_session *memory, const char *format)
{
    *memory = (memory_session){ 0 };
    memory->session.in = stdin;
    memory->session.out = open_memstream(&memory->out, &memory->out_len);
    memory->session.err = open_memstream(&memory->err, &memory->err_len);
    memory->session.width = 80;
    memory->session.format = format;
    TDM_ASSERT(memory->session.out != NULL && memory->session.err != NULL);
}

void memory_session_flush(memory_session *memory)
{
    fflush(memory->session.out);
    fflush(memory->session.err);
}

void memory_session_close(memory_session *memory)
{
    fclose(memory->session.out);
    fclose(memory->session.err);
    free(memory->out);
    free(memory->err);
}
