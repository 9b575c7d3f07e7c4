/* SPDX-License-Identifier: MPL-2.0
 *
 * log.c: the log itself: export, verify, and the facts that are stored and not counted.
 */
#include "services.h"
#include "../ledger_json.h"
#include "../log.h"
#include "../log_text.h"
#include "../seal_rights.h"
#include "../upkeep.h"

static tdm_code add_lines(void *context, tdm_span lines, tdm_err *err)
{
    tdm_buf *out = context;
    tdm_buf_add(out, lines.data, lines.len);
    return out->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the whole log: export with --store DIR")
                       : TDM_OK;
}

tdm_code tdm_serve_export(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    (void)request;
    answer->raw = true;
    return tdm_log_export(context->core, add_lines, &answer->bytes, context->told, err);
}

/* ---- verify */

static void write_fault(void *context, const tdm_ledger_fault *fault)
{
    tdm_ledger_fault_json(context, fault);
}

/* What was found stands, also where it can not be written down. */
static void note_verified(const tdm_service_context *context, uint64_t faults)
{
    tdm_err err;
    if (!tdm_core_is_read_only(context->core)
        && tdm_upkeep_set_verified(context->core, context->now_ms, faults, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_WARN, "VERIFY-NOT-NOTED", &err);
}

tdm_code tdm_serve_verify(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    (void)request;
    tdm_document document;
    tdm_ledger_summary summary = { 0 };
    tdm_document_open(&document, answer, "tandem.verify/1", context->now_ms, true);
    tdm_code code = tdm_ledger_verify(tdm_core_ledger(context->core), write_fault, &document.json,
                                      context->told, &summary, err);
    if (code != TDM_OK && code != TDM_DIFFERS)
        return code;
    code = tdm_seal_rights_check(context->core, write_fault, &document.json, &summary.faults, err);
    if (code != TDM_OK && summary.faults == 0)
        return code; /* where the log is damaged, that is what is told */
    tdm_ledger_summary_json(&document.json, &summary);
    note_verified(context, summary.faults);
    answer->exit = summary.faults > 0 ? 1 : 0;
    return tdm_document_close(&document, err);
}

/* ---- doubts */

static tdm_code write_doubt(void *context, const tdm_fact *fact, const char *reason, tdm_err *err)
{
    (void)err;
    tdm_json *json = context;
    const tdm_type *type = tdm_type_find(fact->type);
    tdm_json_begin_object(json);
    tdm_member_text(json, "reason", reason);
    tdm_member_span(json, "subject", fact->subject);
    tdm_member_text(json, "type", type == NULL ? "unknown" : type->name);
    tdm_json_id(tdm_json_key(json, "origin"), &fact->origin);
    tdm_json_id(tdm_json_key(json, "fact"), &fact->fact);
    tdm_member_int(json, "sequence", (int64_t)fact->sequence);
    tdm_member_time(json, "recorded", true, fact->recorded_ms);
    tdm_json_end_object(json);
    return TDM_OK;
}

tdm_code tdm_serve_doubts(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    int64_t limit = 0;
    tdm_view view = { 0 };
    tdm_code code = tdm_arg_number(request->args, "limit", 1000, 1, 1000000, &limit, err);
    if (code == TDM_OK)
        code = tdm_view_open(context, request->args, &view, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.doubts/1", view.as_of_ms, view.complete);
        code = tdm_fold_doubts(view.fold, (size_t)limit, write_doubt, &document.json, err);
        if (code == TDM_OK || code == TDM_END)
            code = tdm_document_close(&document, err);
    }
    tdm_view_close(context, &view);
    return code;
}
