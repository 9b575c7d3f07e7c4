/* SPDX-License-Identifier: MPL-2.0
 *
 * imports.c: sending a spreadsheet.
 */
#include "imports.h"

#include "output.h"
#include "terminal.h"

#include <string.h>

enum { BODY_MAX = 64 * 1024 * 1024 }; /* what the control socket takes */

static bool for_people(const tdm_session *session)
{
    return strcmp(session->format, "table") == 0 || strcmp(session->format, "plain") == 0;
}

static int show_report(const tdm_invocation *invocation, tdm_session *session, const char *name,
                       tdm_answer *answer, int status)
{
    tdm_err err = { 0 };
    if (answer->bytes.len == 0 || !for_people(session) || tdm_invocation_text(invocation, "fields") != NULL)
        return tdm_client_show(invocation, session, answer, status);
    tdm_code code = tdm_import_report(session, name, tdm_buf_span(&answer->bytes), &err);
    if (code != TDM_OK)
        status = tdm_session_fail(session, invocation->command->words, &err, NULL);
    tdm_answer_free(answer);
    return status;
}

/* The first word within a moment: a large file takes its time. */
static void say_start(const tdm_invocation *invocation, tdm_session *session, const char *name, size_t bytes)
{
    const char *progress = tdm_invocation_text(invocation, "progress");
    tdm_buf safe = { 0 };
    tdm_terminal_add(&safe, tdm_span_text(name));
    if (progress != NULL && strcmp(progress, "json") == 0)
        tdm_session_say(session, "{\"type\":\"progress\",\"bytes\":%zu,\"done\":false}", bytes);
    else if (session->verbose || (progress != NULL ? strcmp(progress, "tty") == 0 : session->err_is_terminal))
        tdm_session_say(session, "reading %.*s, %zu bytes...", (int)safe.len, (const char *)safe.data, bytes);
    tdm_buf_free(&safe);
}

int tdm_import_run(const tdm_invocation *invocation, tdm_session *session)
{
    const char *path = tdm_invocation_text(invocation, "FILE");
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    tdm_buf body = { 0 };
    tdm_err err = { 0 };
    tdm_answer answer = { 0 };
    int status;
    if (tdm_read_file(path, session->in, BODY_MAX, &body, &err) != TDM_OK) {
        status = tdm_session_fail(session, invocation->command->words, &err,
                                  "name a CSV file, or - to read it from a pipe");
    } else {
        say_start(invocation, session, name, body.len);
        status = tdm_client_ask_row(invocation, session, tdm_buf_span(&body), &answer);
        status = show_report(invocation, session, name, &answer, status);
    }
    tdm_buf_free(&body);
    return status;
}

int tdm_record_run(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer;
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    return show_report(invocation, session, "this record", &answer, status);
}
