/* SPDX-License-Identifier: MPL-2.0
 *
 * organisation.c: the registry of organisations as a list, and single registrations.
 */
#include "organisation.h"

#include <string.h>

static tdm_code write_organisation(void *context, const tdm_organisation_row *row, tdm_err *err)
{
    (void)err;
    tdm_json *json = context;
    const char *sector = tdm_enum_word(TDM_ENUM_SECTOR, row->sector);
    tdm_json_begin_object(json);
    tdm_member_span(json, "code", row->code);
    tdm_member_span(json, "name", row->name);
    tdm_member_text(json, "sector", sector == NULL ? "unknown" : sector);
    tdm_json_key(json, "parent");
    if (row->parent.len > 0)
        tdm_json_span(json, row->parent);
    else
        tdm_json_null(json);
    tdm_member_text(json, "root", row->root);
    tdm_member_bool(json, "closed", row->closed);
    tdm_json_end_object(json);
    return TDM_OK;
}

tdm_code tdm_serve_organisation_list(const tdm_service_context *context, const tdm_request *request,
                                     tdm_answer *answer, tdm_err *err)
{
    tdm_view view = { 0 };
    tdm_code code = tdm_view_open(context, request->args, &view, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.organisations/1", view.as_of_ms, view.complete);
        code = tdm_fold_organisations(view.fold, view.date, write_organisation, &document.json, err);
        if (code == TDM_OK)
            code = tdm_document_close(&document, err);
    }
    tdm_view_close(context, &view);
    return code;
}

/* ---- one registration */

static tdm_code ignore_row(void *context, const tdm_organisation_row *row, tdm_err *err)
{
    (void)context;
    (void)row;
    (void)err;
    return TDM_OK;
}

tdm_code tdm_organisation_check(const tdm_service_context *context, tdm_fold *fold, const char *code,
                                tdm_err *err)
{
    tdm_code found =
        tdm_fold_organisation(fold, tdm_span_text(code), tdm_today(context), ignore_row, NULL, err);
    if (found == TDM_NOT_FOUND)
        tdm_fail(err, found, 0, "no organisation %s is registered: see tandem organisation list", code);
    return found;
}

tdm_code tdm_organisation_register(const tdm_service_context *context, const char *code, const char *name,
                                   int64_t sector, tdm_err *err)
{
    tdm_code found = tdm_settle(context, err);
    if (found != TDM_OK)
        return found;
    tdm_fold *fold = tdm_core_fold(context->core);
    found = tdm_organisation_check(context, fold, code, err);
    tdm_core_fold_release(context->core, fold);
    if (found != TDM_NOT_FOUND)
        return found;
    bool did = false;
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_ORGANISATION);
    tdm_record_set_text(&record, TDM_ORGANISATION_CODE, code);
    tdm_record_set_text(&record, TDM_ORGANISATION_NAME, name);
    tdm_record_set_number(&record, TDM_ORGANISATION_SECTOR, sector);
    return tdm_state_filed(context, tdm_today(context), &record, &did, err);
}
