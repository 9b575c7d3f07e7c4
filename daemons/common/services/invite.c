/* SPDX-License-Identifier: MPL-2.0
 *
 * invite.c: a hub invites organisations with a join code; a node joins with it.
 */
#include "services.h"
#include "nodes.h"
#include "organisation.h"
#include "../membership.h"

#include <stdio.h>
#include <string.h>

enum { HOURS_DEFAULT = 72, HOURS_MAX = 24 * 90 };

static tdm_code add_code(tdm_join_code *out, const char *text, tdm_err *err)
{
    char code[16];
    tdm_code checked = tdm_check_code(text, code, err);
    if (checked != TDM_OK)
        return checked;
    for (size_t i = 0; i < out->count; i++)
        if (strcmp(out->organisations[i], code) == 0)
            return TDM_OK;
    if (out->count == TDM_INVITE_CODES_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "one join code names at most %d organisations",
                        TDM_INVITE_CODES_MAX);
    memcpy(out->organisations[out->count++], code, sizeof out->organisations[0]);
    return TDM_OK;
}

/* A list, or one text with commas. */
static tdm_code read_organisations(const json_t *args, tdm_join_code *out, tdm_err *err)
{
    const json_t *value = json_object_get(args, "organisations");
    const char *text = json_string_value(value);
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < json_array_size(value) && code == TDM_OK; i++) {
        const char *one = json_string_value(json_array_get(value, i));
        code = add_code(out, one == NULL ? "" : one, err);
    }
    while (text != NULL && *text != '\0' && code == TDM_OK) {
        char one[40];
        size_t len = strcspn(text, ", ");
        snprintf(one, sizeof one, "%.*s", (int)(len < 39 ? len : 39), text);
        text += len + strspn(text + len, ", ");
        code = len == 0 ? TDM_OK : add_code(out, one, err);
    }
    if (code == TDM_OK && out->count == 0 && tdm_arg_text(args, "for") == NULL)
        code = tdm_fail(err, TDM_INVALID, 0, "organisations is missing; give the codes it shall speak for");
    return code;
}

static tdm_code add_represented(void *context, tdm_span code, tdm_err *err)
{
    char text[16];
    snprintf(text, sizeof text, "%.*s", (int)code.len, (const char *)code.data);
    return add_code(context, text, err);
}

/* A code for a node that is known: it speaks for whom it spoke. */
static tdm_code read_node(const tdm_service_context *context, const json_t *args, tdm_join_code *out,
                          tdm_err *err)
{
    const char *node = tdm_arg_text(args, "for");
    if (node == NULL)
        return TDM_OK;
    if (out->count > 0)
        return tdm_fail(err, TDM_INVALID, 0,
                        "a code that restores a node names no organisations: it speaks for whom it spoke");
    tdm_code code = tdm_settle(context, err);
    if (code != TDM_OK)
        return code;
    tdm_fold *fold = tdm_core_fold(context->core);
    code = tdm_node_named(context, fold, node, &out->origin, err);
    if (code == TDM_OK)
        code = tdm_fold_represented(fold, &out->origin, tdm_today(context), add_represented, out, err);
    tdm_core_fold_release(context->core, fold);
    out->restores = true;
    return code;
}

/* Facts of codes nobody registered yet, when name and sector are given. */
static tdm_code register_codes(const tdm_service_context *context, const json_t *args,
                               const tdm_join_code *invite, tdm_err *err)
{
    const char *name = tdm_arg_text(args, "name");
    const char *sector = tdm_arg_text(args, "sector");
    if (name == NULL && sector == NULL)
        return TDM_OK;
    int64_t number = 0;
    if (name == NULL || sector == NULL || strlen(name) > 200
        || !tdm_enum_number(TDM_ENUM_SECTOR, tdm_span_text(sector), &number))
        return tdm_fail(err, TDM_INVALID, 0,
                        "to register an organisation give both name (at most 200 bytes) and sector: trust, "
                        "primary_care, commissioner, local_authority, voluntary, independent, education...");
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < invite->count && code == TDM_OK; i++)
        code = tdm_organisation_register(context, invite->organisations[i], name, number, err);
    return code;
}

static tdm_code write_invite(const tdm_service_context *context, const tdm_join_code *invite,
                             tdm_answer *answer, tdm_err *err)
{
    tdm_buf text = { 0 };
    tdm_code code = tdm_join_code_write(invite, &text, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.invite/1", context->now_ms, true);
        tdm_json *json = &document.json;
        tdm_json_begin_object(json);
        tdm_member_span(json, "code", tdm_buf_span(&text));
        tdm_member_time(json, "expires", true, invite->expires_ms);
        tdm_member_text(json, "endpoint", invite->endpoint);
        tdm_json_begin_array(tdm_json_key(json, "organisations"));
        for (size_t i = 0; i < invite->count; i++)
            tdm_json_text(json, invite->organisations[i]);
        tdm_json_end_array(json);
        tdm_json_key(json, "restores");
        if (invite->restores)
            tdm_json_id(json, &invite->origin);
        else
            tdm_json_null(json);
        tdm_json_end_object(json);
        code = tdm_document_close(&document, err);
    }
    tdm_buf_free(&text);
    return code;
}

tdm_code tdm_serve_invite(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    tdm_join_code invite = { .hub = *tdm_core_origin(context->core) };
    uint8_t secret[32];
    int64_t hours = 0;
    tdm_code code = read_organisations(request->args, &invite, err);
    if (code == TDM_OK)
        code = read_node(context, request->args, &invite, err);
    if (code == TDM_OK)
        code = tdm_arg_number(request->args, "hours", HOURS_DEFAULT, 1, HOURS_MAX, &hours, err);
    if (code == TDM_OK && context->listen_endpoint == NULL)
        code = tdm_fail(err, TDM_INVALID, 0, "this hub does not listen for nodes; set hub.listen");
    if (code == TDM_OK)
        code = register_codes(context, request->args, &invite, err);
    if (code != TDM_OK)
        return code;
    snprintf(invite.endpoint, sizeof invite.endpoint, "%s", context->listen_endpoint);
    tdm_core_link_key(context->core, invite.hub_key, secret);
    memset(secret, 0, sizeof secret);
    invite.expires_ms = context->now_ms + hours * 3600000;
    code = tdm_invite_make(context->core, &invite, err);
    if (code == TDM_OK && context->admit != NULL)
        context->admit(context->context, invite.public_key, invite.expires_ms);
    return code == TDM_OK ? write_invite(context, &invite, answer, err) : code;
}

/* ---- join */

static void write_hub(tdm_json *json, const tdm_join_code *code, bool stated)
{
    tdm_json_begin_object(json);
    tdm_json_id(tdm_json_key(json, "hub"), &code->hub);
    tdm_member_text(json, "endpoint", code->endpoint);
    tdm_json_begin_array(tdm_json_key(json, "organisations"));
    for (size_t i = 0; i < code->count; i++)
        tdm_json_text(json, code->organisations[i]);
    tdm_json_end_array(json);
    tdm_member_text(json, "state", stated ? "joining" : "joined already");
    tdm_json_end_object(json);
}

tdm_code tdm_serve_join(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                        tdm_err *err)
{
    tdm_join_code code;
    if (request->body.len == 0)
        return tdm_fail(err, TDM_INVALID, 0,
                        "the join code is missing: give the line that tandem invite printed at the hub");
    tdm_code done = tdm_membership_begin(context->core, request->body, context->now_ms, &code, err);
    if (done != TDM_OK && done != TDM_EXISTS)
        return done;
    if (done == TDM_OK && context->rejoin != NULL)
        context->rejoin(context->context);
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.join/1", context->now_ms, true);
    write_hub(&document.json, &code, done == TDM_OK);
    return tdm_document_close(&document, err);
}
