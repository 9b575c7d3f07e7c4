/* SPDX-License-Identifier: MPL-2.0
 *
 * session.h: where a command speaks: results to `out`, all else to `err`.
 */
#ifndef TANDEM_TOOLS_SESSION_H
#define TANDEM_TOOLS_SESSION_H

#include "parse.h"

#include <stdio.h>

typedef struct tdm_session {
    FILE *in;
    FILE *out;
    FILE *err;
    bool in_is_terminal;
    bool out_is_terminal;
    bool err_is_terminal;
    size_t width; /* columns of the terminal */
    bool colored; /* results may be coloured */
    bool quiet;   /* results and errors only */
    bool verbose;
    bool asks;          /* questions may be put: a terminal, and no --no-input */
    const char *format; /* table, plain, json, jsonl or csv */
} tdm_session;

/* The process's own streams, and what the options and the environment (NO_COLOR, TERM, COLUMNS) say. */
void tdm_session_open(tdm_session *session, const tdm_invocation *invocation);
bool tdm_session_is_json(const tdm_session *session); /* json or jsonl: failures are objects, too */

/* One line of talk to err, unless --quiet. What comes from outside must be escaped by the caller. */
void tdm_session_say(tdm_session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A failure in the form asked for: what, and what to do next. Returns the exit status of err->code. */
int tdm_session_fail(tdm_session *session, const char *words, const tdm_err *err, const char *hint);
/* The same for a failure that a daemon told, {"type":"error",...}; bytes of another form are an internal
 * error. */
int tdm_session_fail_told(tdm_session *session, const char *words, tdm_span object);

#endif
