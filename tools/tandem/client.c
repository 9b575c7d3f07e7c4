/* SPDX-License-Identifier: MPL-2.0
 *
 * client.c: asking, and showing what came.
 */
#include "client.h"

#include "output.h"
#include "terminal.h"

#include <stdlib.h>
#include <limits.h>
#include <string.h>

enum { TIMEOUT_DEFAULT_S = 30, TIMEOUT_MAX_S = 86400 };

static int64_t timeout_ms(const tdm_invocation *invocation)
{
    int own_s = invocation->command->timeout_s;
    int64_t seconds = tdm_invocation_number(invocation, "timeout", own_s == 0 ? TIMEOUT_DEFAULT_S : own_s);
    return (int64_t)1000 * (seconds > TIMEOUT_MAX_S ? TIMEOUT_MAX_S : seconds);
}

/* As another program may ask it, too (tandem/connection.h). */
static void say_asked(tdm_session *session, const char *endpoint, const char *verb, const char *args)
{
    tdm_buf safe = { 0 };
    tdm_terminal_add(&safe, tdm_span_text(args));
    tdm_session_say(session, "asking %s for %s %.*s", endpoint, verb, (int)safe.len, (const char *)safe.data);
    tdm_buf_free(&safe);
}

tdm_code tdm_client_connect(const tdm_invocation *invocation, tdm_session *session, const char *verb,
                            const char *args, tdm_connection **out, tdm_err *err)
{
    char endpoint[TDM_CONTROL_ADDRESS_MAX];
    *out = NULL;
    tdm_code code = tdm_endpoint_find(invocation, getenv("TANDEM_HOME"), endpoint, err);
    if (code == TDM_OK)
        code = tdm_connection_open(out, endpoint, err);
    if (code != TDM_OK)
        return code;
    tdm_connection_set_timeout(*out, timeout_ms(invocation));
    if (session->verbose)
        say_asked(session, endpoint, verb, args);
    return TDM_OK;
}

static tdm_code ask_daemon(const tdm_invocation *invocation, tdm_session *session, const char *verb,
                           const char *args, tdm_span body, tdm_answer *answer, tdm_err *err)
{
    tdm_connection *connection = NULL;
    tdm_code code = tdm_client_connect(invocation, session, verb, args, &connection, err);
    if (code == TDM_OK)
        code = tdm_connection_call(connection, verb, args, body, answer, err);
    tdm_connection_close(&connection);
    return code;
}

/* A failure is told; an answer is handed on. */
static int settle(const tdm_invocation *invocation, tdm_session *session, tdm_code code, tdm_answer *answer,
                  const tdm_err *err)
{
    const char *words = invocation->command->words;
    int status = answer->exit;
    if (tdm_control_failed(answer))
        status = tdm_session_fail_told(session, words, tdm_buf_span(&answer->bytes));
    else if (code != TDM_OK)
        status = tdm_session_fail(session, words, err, NULL);
    else
        return status;
    tdm_answer_free(answer);
    *answer = (tdm_answer){ 0 };
    return status;
}

/* The store that is read instead of the daemon's; NULL: none. A snapshot is a store that holds just what was
 * held at its moment. */
static const char *store_of(const tdm_invocation *invocation, json_t *args, char room[PATH_MAX])
{
    static const char SNAPSHOT[] = "snapshot:";
    const char *when = json_string_value(json_object_get(args, "as_of"));
    if (when == NULL || strncmp(when, SNAPSHOT, sizeof SNAPSHOT - 1) != 0)
        return tdm_invocation_text(invocation, "store");
    snprintf(room, PATH_MAX, "%s", when + sizeof SNAPSHOT - 1);
    json_object_del(args, "as_of");
    return room;
}

static tdm_code ask_store(tdm_session *session, const char *folder, const char *verb, const json_t *args,
                          tdm_answer *answer, tdm_err *err)
{
    char way[TDM_WAY_MAX];
    const tdm_offline_task work = { .folder = folder, .verb = verb, .args = args, .way = way };
    tdm_code code = tdm_offline_work(&work, answer, err);
    if (session->verbose && way[0] != '\0')
        tdm_session_say(session, "figures of %s: %s", folder, way);
    return code;
}

int tdm_client_ask(const tdm_invocation *invocation, tdm_session *session, const char *verb, json_t *args,
                   tdm_span body, tdm_answer *answer)
{
    tdm_err err = { 0 };
    tdm_code code = TDM_OK;
    *answer = (tdm_answer){ 0 };
    char room[PATH_MAX];
    const char *folder = store_of(invocation, args, room);
    char *text = json_dumps(args, JSON_COMPACT);
    if (text == NULL)
        code = tdm_fail(&err, TDM_FULL, 0, "no memory for the arguments");
    else if (folder != NULL)
        code = ask_store(session, folder, verb, args, answer, &err);
    else
        code = ask_daemon(invocation, session, verb, text, body, answer, &err);
    free(text);
    return settle(invocation, session, code, answer, &err);
}

static int say_dry_run(const tdm_invocation *invocation, tdm_session *session)
{
    json_object_del(invocation->args, "dry_run");
    char *text = json_dumps(invocation->args, JSON_COMPACT | JSON_SORT_KEYS);
    tdm_buf safe = { 0 };
    tdm_terminal_add(&safe, tdm_span_text(text == NULL ? "" : text));
    tdm_session_say(session, "dry run: nothing was asked for; without --dry-run the daemon gets %s %.*s",
                    invocation->command->verb, (int)safe.len, (const char *)safe.data);
    tdm_buf_free(&safe);
    free(text);
    return 0;
}

tdm_code tdm_client_told(const tdm_answer *answer, tdm_err *err)
{
    char hint[TDM_CONTROL_HINT_MAX];
    return tdm_control_failed(answer) ? tdm_control_failure(tdm_buf_span(&answer->bytes), hint, err) : TDM_OK;
}

tdm_code tdm_client_try(const tdm_invocation *invocation, tdm_session *session, const char *verb,
                        const json_t *args, tdm_span body, tdm_answer *answer, tdm_err *err)
{
    *answer = (tdm_answer){ 0 };
    char *text = json_dumps(args, JSON_COMPACT);
    tdm_code code = text == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory for the arguments")
                                 : ask_daemon(invocation, session, verb, text, body, answer, err);
    free(text);
    if (code == TDM_OK)
        code = tdm_client_told(answer, err);
    if (code != TDM_OK) {
        tdm_answer_free(answer);
        *answer = (tdm_answer){ 0 };
    }
    return code;
}

int tdm_client_ask_row(const tdm_invocation *invocation, tdm_session *session, tdm_span body,
                       tdm_answer *answer)
{
    const tdm_command *command = invocation->command;
    *answer = (tdm_answer){ 0 };
    if (command->writes && (command->takes & TDM_TAKES_DRY_RUN) == 0
        && tdm_invocation_flag(invocation, "dry-run"))
        return say_dry_run(invocation, session);
    return tdm_client_ask(invocation, session, command->verb, invocation->args, body, answer);
}

int tdm_client_show(const tdm_invocation *invocation, tdm_session *session, tdm_answer *answer, int status)
{
    tdm_err err = { 0 };
    tdm_code code = TDM_OK;
    if (answer->raw)
        code = tdm_output_raw(session, tdm_buf_span(&answer->bytes), &err);
    else if (answer->bytes.len > 0)
        code = tdm_output_document(session, invocation, tdm_buf_span(&answer->bytes), &err);
    if (code != TDM_OK)
        status = tdm_session_fail(session, invocation->command->words, &err, NULL);
    tdm_answer_free(answer);
    return status;
}

int tdm_client_run(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer;
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    return tdm_client_show(invocation, session, &answer, status);
}

void tdm_client_answer_rows(const char *schema, json_t *rows, tdm_answer *answer)
{
    json_t *document = json_pack("{s:s, s:o}", "schema", schema, "data", rows);
    char *text = json_dumps(document, JSON_COMPACT);
    *answer = (tdm_answer){ 0 };
    tdm_buf_text(&answer->bytes, text == NULL ? "" : text);
    free(text);
    json_decref(document);
}

int tdm_client_show_rows(const tdm_invocation *invocation, tdm_session *session, const char *schema,
                         json_t *rows, int status)
{
    tdm_answer answer;
    tdm_client_answer_rows(schema, rows, &answer);
    return tdm_client_show(invocation, session, &answer, status);
}
