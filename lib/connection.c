/* SPDX-License-Identifier: MPL-2.0
 *
 * connection.c: asking a daemon on this machine. Each question has a socket of its own (control_call.c), so a
 * connection outlives its daemon.
 */
#include "connection_internal.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { TIMEOUT_DEFAULT_MS = 30000 };

struct tdm_connection {
    void *context; /* ZeroMQ's */
    char endpoint[TDM_CONTROL_ADDRESS_MAX];
    int64_t timeout_ms;
    char hint[TDM_CONTROL_HINT_MAX];
};

struct tdm_reply {
    tdm_buf bytes; /* with a terminator */
};

/* ---- the connection ---- */

tdm_code tdm_connection_open(tdm_connection **out, const char *where, tdm_err *err)
{
    char endpoint[TDM_CONTROL_ADDRESS_MAX];
    *out = NULL;
    if (where == NULL)
        where = getenv("TANDEM_HOME");
    if (where == NULL || where[0] == '\0')
        return tdm_fail(err, TDM_INVALID, 0,
                        "no daemon is named: set TANDEM_HOME to its state folder, or name the folder");
    tdm_code code = tdm_control_address(where, endpoint, err);
    if (code != TDM_OK)
        return code;
    tdm_connection *made = calloc(1, sizeof *made);
    if (made == NULL || (made->context = zmq_ctx_new()) == NULL) {
        free(made);
        return tdm_fail(err, TDM_FULL, zmq_errno(), "no memory or descriptors for a connection");
    }
    memcpy(made->endpoint, endpoint, sizeof endpoint);
    made->timeout_ms = TIMEOUT_DEFAULT_MS;
    *out = made;
    return TDM_OK;
}

void tdm_connection_close(tdm_connection **connection)
{
    if (connection == NULL || *connection == NULL)
        return;
    zmq_ctx_term((*connection)->context);
    free(*connection);
    *connection = NULL;
}

void tdm_connection_set_timeout(tdm_connection *connection, int64_t timeout_ms)
{
    connection->timeout_ms = timeout_ms < 0 ? -1 : timeout_ms;
}

const char *tdm_connection_hint(const tdm_connection *connection)
{
    return connection->hint;
}

const char *tdm_connection_endpoint(const tdm_connection *connection)
{
    return connection->endpoint;
}

/* ---- asking ---- */

tdm_code tdm_connection_call(tdm_connection *connection, const char *verb, const char *arguments,
                             tdm_span body, tdm_answer *answer, tdm_err *err)
{
    *answer = (tdm_answer){ 0 };
    connection->hint[0] = '\0';
    tdm_code code = tdm_control_probe(connection->endpoint, err);
    if (code != TDM_OK)
        return code;
    return tdm_control_call(connection->context, connection->endpoint, verb, tdm_span_text(arguments), body,
                            connection->timeout_ms, answer, err);
}

tdm_code tdm_connection_judge(tdm_connection *connection, const tdm_answer *answer, tdm_err *err)
{
    if (tdm_control_failed(answer))
        return tdm_control_failure(tdm_buf_span(&answer->bytes), connection->hint, err);
    if (answer->exit > 1)
        return tdm_fail(err, TDM_INTERNAL, 0, "the daemon failed without saying why");
    return answer->exit == 0 ? TDM_OK : tdm_fail(err, TDM_DIFFERS, 0, "the answer is no: it says why");
}

static tdm_code check_object(const char *arguments, tdm_err *err)
{
    json_error_t why;
    json_t *object = json_loads(arguments, JSON_REJECT_DUPLICATES, &why);
    bool is_json = object != NULL;
    bool is_object = json_is_object(object);
    json_decref(object);
    if (is_object)
        return TDM_OK;
    return tdm_fail(err, TDM_INVALID, 0, "\"%.60s\" is no JSON object%s%.80s", arguments, is_json ? "" : ": ",
                    is_json ? "" : why.text);
}

/* The answer's bytes move to a new reply. */
static tdm_code make_reply(tdm_answer *answer, tdm_reply **out, tdm_err *err)
{
    tdm_buf_add(&answer->bytes, "", 1);
    tdm_reply *made = answer->bytes.failed ? NULL : malloc(sizeof *made);
    if (made == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the answer");
    made->bytes = answer->bytes;
    answer->bytes = (tdm_buf){ 0 };
    *out = made;
    return TDM_OK;
}

tdm_code tdm_connection_send(tdm_connection *connection, const char *verb, const char *arguments,
                             const void *bytes, size_t len, tdm_reply **out, tdm_err *err)
{
    tdm_answer answer = { 0 };
    *out = NULL;
    connection->hint[0] = '\0';
    if (arguments == NULL)
        arguments = "{}";
    tdm_code code = check_object(arguments, err);
    if (code == TDM_OK)
        code = tdm_connection_call(connection, verb, arguments, (tdm_span){ bytes, len }, &answer, err);
    if (code == TDM_OK)
        code = tdm_connection_judge(connection, &answer, err);
    if (code == TDM_OK || code == TDM_DIFFERS) {
        tdm_code kept = make_reply(&answer, out, err);
        code = kept == TDM_OK ? code : kept;
    }
    tdm_buf_free(&answer.bytes);
    return code;
}

tdm_code tdm_connection_ask(tdm_connection *connection, const char *verb, const char *arguments,
                            tdm_reply **out, tdm_err *err)
{
    return tdm_connection_send(connection, verb, arguments, NULL, 0, out, err);
}

tdm_code tdm_connection_record(tdm_connection *connection, const char *type, const char *fields,
                               tdm_reply **out, tdm_err *err)
{
    *out = NULL;
    connection->hint[0] = '\0';
    tdm_code code = check_object(fields, err);
    if (code != TDM_OK)
        return code;
    json_t *arguments = json_pack("{s:s, s:o}", "type", type, "fields", json_loads(fields, 0, NULL));
    char *text = arguments == NULL ? NULL : json_dumps(arguments, JSON_COMPACT);
    if (text == NULL)
        code = tdm_fail(err, TDM_INVALID, 0, "\"%.60s\" is no type, or there is no memory", type);
    else
        code = tdm_connection_ask(connection, "record.fact", text, out, err);
    free(text);
    json_decref(arguments);
    return code;
}

/* ---- the answer ---- */

const char *tdm_reply_text(const tdm_reply *reply)
{
    return (const char *)reply->bytes.data;
}

size_t tdm_reply_size(const tdm_reply *reply)
{
    return reply->bytes.len - 1;
}

void tdm_reply_free(tdm_reply **reply)
{
    if (reply == NULL || *reply == NULL)
        return;
    tdm_buf_free(&(*reply)->bytes);
    free(*reply);
    *reply = NULL;
}
