/* SPDX-License-Identifier: MPL-2.0
 *
 * imports.c: sending a spreadsheet.
 */
#include "imports.h"

#include "output.h"
#include "terminal.h"

#include "filing.h"

#include <string.h>
#include <strings.h>

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

static const char *shown_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
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

static int send_file(const tdm_invocation *invocation, tdm_session *session, const char *path)
{
    const char *name = shown_name(path);
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

int tdm_import_run(const tdm_invocation *invocation, tdm_session *session)
{
    return send_file(invocation, session, tdm_invocation_text(invocation, "FILE"));
}

int tdm_record_run(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer;
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    return show_report(invocation, session, "this record", &answer, status);
}

/* ---- facts of a type */

tdm_code tdm_record_refuse(const char *word, tdm_err *err)
{
    const tdm_type *type;
    tdm_code code = tdm_type_to_record(word, &type, err);
    TDM_ASSERT(code != TDM_OK); /* a type that is recorded has a row, which was found before this one */
    return code;
}

/* Where `from` is a field, too, a file is told by its name: - or ending in .csv. */
static bool is_file(const tdm_type *type, const char *value)
{
    size_t len = strlen(value);
    return tdm_field_named(type, tdm_span_text("from")) == NULL || strcmp(value, "-") == 0
           || (len > 4 && strcasecmp(value + len - 4, ".csv") == 0);
}

/* Options become fields, by their names with underscores. Returns the file, or NULL. */
static const char *take_fields(const tdm_invocation *invocation, const tdm_type *type, json_t *fields)
{
    const char *file = NULL;
    bool hide = tdm_invocation_flag(invocation, "void");
    for (size_t i = 0; i < invocation->command->option_count; i++) {
        const char *option = invocation->command->options[i].name;
        json_t *value = json_object_get(invocation->own, option);
        char name[64];
        size_t len = strlen(option);
        TDM_ASSERT(len < sizeof name);
        for (size_t k = 0; k <= len; k++)
            name[k] = (char)(option[k] == '-' ? '_' : option[k]);
        bool field = tdm_field_named(type, tdm_span_text(name)) != NULL;
        if (value == NULL || strcmp(name, "void") == 0)
            continue;
        if (strcmp(name, "from") == 0 && is_file(type, json_string_value(value)))
            file = json_string_value(value);
        else if (strcmp(name, "reason") == 0 && (hide || !field))
            json_object_set(invocation->args, "reason", value);
        else
            json_object_set(fields, name, value);
    }
    return file;
}

int tdm_facts_run(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer;
    tdm_err err = { 0 };
    const tdm_type *type = NULL;
    const char *name = strchr(invocation->command->words, ' ') + 1;
    if (tdm_type_to_record(name, &type, &err) != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    json_t *fields = json_object();
    const char *file = take_fields(invocation, type, fields);
    json_object_set_new(invocation->args, "type", json_string(type->name));
    json_object_set_new(invocation->args, "fields", fields);
    if (tdm_invocation_flag(invocation, "void"))
        json_object_set_new(invocation->args, "void", json_true());
    if (file != NULL)
        return send_file(invocation, session, file);
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    return show_report(invocation, session, "this fact", &answer, status);
}
