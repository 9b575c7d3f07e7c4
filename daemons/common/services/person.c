/* SPDX-License-Identifier: MPL-2.0
 *
 * person.c: who is in the node's private log, what it holds of one person, and looking for damage.
 */
#include "person.h"

#include <string.h>

tdm_code tdm_person_enter(const tdm_service_context *context, tdm_private **out, tdm_err *err)
{
    *out = NULL;
    if (context->people == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "this daemon keeps no private log");
    tdm_code code = tdm_people_enter(context->people, out, err);
    if (code == TDM_OK && *out == NULL) {
        tdm_people_leave(context->people);
        return tdm_fail(err, TDM_NOT_FOUND, 0,
                        "no person was ever recorded here: tandem record participant_profile begins");
    }
    return code;
}

/* ---- list */

/* The salt is no row to anybody. */
static tdm_code write_person(void *context, const tdm_private_person *person, tdm_err *err)
{
    tdm_json *json = context;
    (void)err;
    tdm_json_begin_object(json);
    tdm_member_span(json, "person", person->person);
    tdm_member_int(json, "rows", person->in_force == 0 ? 0 : (int64_t)person->in_force - 1);
    tdm_json_end_object(json);
    return TDM_OK;
}

tdm_code tdm_serve_person_list(const tdm_service_context *context, const tdm_request *request,
                               tdm_answer *answer, tdm_err *err)
{
    (void)request;
    tdm_private *log;
    tdm_document document;
    tdm_code code = tdm_person_enter(context, &log, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    tdm_document_open(&document, answer, "tandem.people/1", context->now_ms, true);
    if (code == TDM_OK) {
        code = tdm_private_each_person(log, write_person, &document.json, err);
        tdm_people_leave(context->people);
    } else {
        code = TDM_OK;
    }
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}

/* ---- show */

static tdm_code write_row(void *context, const tdm_private_entry *entry, tdm_err *err)
{
    tdm_json *json = context;
    tdm_buf text = { .secret = true };
    const tdm_type *type = tdm_type_find(entry->type);
    if (!tdm_people_is_row(entry->type))
        return TDM_OK;
    tdm_code code = type == NULL ? TDM_OK : tdm_payload_to_json(entry->type, entry->payload, &text, err);
    if (code == TDM_OK) {
        tdm_json_begin_object(json);
        tdm_json_key(json, "type");
        if (type != NULL)
            tdm_json_text(json, type->name);
        else
            tdm_json_int(json, entry->type);
        tdm_member_time(json, "recorded", true, entry->recorded_ms);
        tdm_member_int(json, "sequence", (int64_t)entry->sequence);
        tdm_json_key(json, "fields");
        if (type != NULL)
            tdm_json_raw(json, tdm_buf_span(&text));
        else
            tdm_json_null(json);
        tdm_json_end_object(json);
    }
    tdm_buf_free(&text);
    return code;
}

tdm_code tdm_serve_person_show(const tdm_service_context *context, const tdm_request *request,
                               tdm_answer *answer, tdm_err *err)
{
    const char *person = NULL;
    tdm_private *log;
    tdm_document document;
    tdm_code code = tdm_arg_needed(request->args, "person", "P-17", &person, err);
    if (code == TDM_OK)
        code = tdm_person_enter(context, &log, err);
    if (code != TDM_OK)
        return code;
    tdm_document_open(&document, answer, "tandem.person/1", context->now_ms, true);
    code = tdm_private_each_row(log, tdm_span_text(person), write_row, &document.json, err);
    tdm_people_leave(context->people);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}

/* ---- verify */

static void write_fault(void *context, const tdm_private_fault *fault)
{
    tdm_json *json = context;
    tdm_json_begin_object(json);
    tdm_member_text(json, "kind", "fault");
    tdm_member_text(json, "invariant", fault->invariant);
    tdm_json_key(json, "sequence");
    if (fault->sequence == 0)
        tdm_json_null(json);
    else
        tdm_json_int(json, (int64_t)fault->sequence);
    tdm_member_text(json, "what", fault->what);
    tdm_json_end_object(json);
}

static void write_summary(tdm_json *json, const tdm_private_summary *summary)
{
    tdm_json_begin_object(json);
    tdm_member_text(json, "kind", "summary");
    tdm_member_int(json, "people", (int64_t)summary->people);
    tdm_member_int(json, "erased", (int64_t)summary->erased);
    tdm_member_int(json, "rows", (int64_t)summary->rows);
    tdm_member_int(json, "readable", (int64_t)summary->readable);
    tdm_member_int(json, "residuals", (int64_t)summary->residuals);
    tdm_member_int(json, "faults", (int64_t)summary->faults);
    tdm_json_end_object(json);
}

tdm_code tdm_serve_person_verify(const tdm_service_context *context, const tdm_request *request,
                                 tdm_answer *answer, tdm_err *err)
{
    (void)request;
    tdm_private *log;
    tdm_document document;
    tdm_private_summary summary = { 0 };
    tdm_code code = tdm_person_enter(context, &log, err);
    if (code != TDM_OK)
        return code;
    tdm_document_open(&document, answer, "tandem.person-verify/1", context->now_ms, true);
    code = tdm_private_verify(log, write_fault, &document.json, &summary, err);
    tdm_people_leave(context->people);
    if (code != TDM_OK && code != TDM_DIFFERS)
        return code;
    answer->exit = code == TDM_DIFFERS ? 1 : 0;
    write_summary(&document.json, &summary);
    return tdm_document_close(&document, err);
}
