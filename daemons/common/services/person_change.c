/* SPDX-License-Identifier: MPL-2.0
 *
 * person_change.c: stating what the private log amounts to, and erasing a person.
 */
#include "person.h"

#include "../people_amounts.h"
#include "../people_days.h"

#include <string.h>

/* ---- summarise */

static tdm_code write_summarised(const tdm_service_context *context, const char *state, tdm_date day,
                                 const tdm_person_counts *counts, tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.person-summary/1", context->now_ms, true);
    tdm_json_begin_object(&document.json);
    tdm_member_text(&document.json, "state", state);
    tdm_member_date(&document.json, "day", true, day);
    tdm_person_write_counts(&document.json, counts);
    tdm_json_end_object(&document.json);
    return tdm_document_close(&document, err);
}

tdm_code tdm_serve_person_summarise(const tdm_service_context *context, const tdm_request *request,
                                    tdm_answer *answer, tdm_err *err)
{
    tdm_private *log;
    tdm_date last;
    tdm_date today = tdm_today(context);
    tdm_person_counts counts = { 0 };
    bool dry_run = tdm_arg_flag(request->args, "dry_run");
    tdm_code code = tdm_person_enter(context, &log, err);
    if (code != TDM_OK)
        return code;
    bool done = tdm_people_counted_on(context->core, &last) && last >= today && !dry_run
                && !tdm_arg_flag(request->args, "force");
    if (!done)
        code = tdm_person_restate(context, log, dry_run, &counts, err);
    tdm_people_leave(context->people);
    if (code != TDM_OK)
        return code;
    const char *state = done ? "done before" : dry_run ? "dry run" : "done";
    return write_summarised(context, state, done ? last : today, &counts, answer, err);
}

tdm_code tdm_people_daily(const tdm_service_context *context, bool *did, tdm_err *err)
{
    tdm_private *log;
    tdm_date last;
    tdm_person_counts counts;
    *did = false;
    if (tdm_people_counted_on(context->core, &last) && last >= tdm_today(context))
        return TDM_OK;
    tdm_code code = tdm_person_enter(context, &log, err);
    if (code != TDM_OK)
        return code == TDM_NOT_FOUND ? TDM_OK : code; /* nobody to count, and what is stated by hand stays */
    *did = true;
    code = tdm_person_restate(context, log, false, &counts, err);
    tdm_people_leave(context->people);
    return code;
}

/* ---- erase */

static tdm_code read_person(const json_t *args, const char **person, tdm_err *err)
{
    tdm_code code = tdm_arg_needed(args, "person", "P-17", person, err);
    const char *confirm = tdm_arg_text(args, "confirm");
    if (code == TDM_OK && (confirm == NULL || strcmp(confirm, *person) != 0))
        return tdm_fail(err, TDM_UNCONFIRMED, 0,
                        "erasing can not be undone: give the person's key again with --confirm");
    return code;
}

static tdm_code write_erased(const tdm_service_context *context, const char *state, const char *person,
                             const tdm_err *why, const tdm_person_counts *counts, tdm_answer *answer,
                             tdm_err *err)
{
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.person-erase/1", context->now_ms, true);
    tdm_json_begin_object(&document.json);
    tdm_member_text(&document.json, "person", person);
    tdm_member_text(&document.json, "state", state);
    tdm_member_text(&document.json, "summaries", why->code == TDM_OK ? "stated" : why->what);
    tdm_person_write_counts(&document.json, counts);
    tdm_json_end_object(&document.json);
    return tdm_document_close(&document, err);
}

/* Erased is erased: that the figures could not be stated then is told, and mended by the next count. */
tdm_code tdm_serve_person_erase(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    const char *person = NULL;
    const char *state = "erased";
    tdm_private *log;
    tdm_err why = { .code = TDM_OK };
    tdm_person_counts counts = { 0 };
    tdm_code code = read_person(request->args, &person, err);
    if (code == TDM_OK)
        code = tdm_person_enter(context, &log, err);
    if (code != TDM_OK)
        return code;
    code = tdm_people_erase(log, tdm_span_text(person), tdm_today(context), context->now_ms, err);
    if (code == TDM_EXISTS) {
        state = "erased before";
        code = TDM_OK;
    }
    if (code == TDM_OK && tdm_person_restate(context, log, false, &counts, &why) == TDM_OK)
        why.code = TDM_OK;
    tdm_people_leave(context->people);
    return code == TDM_OK ? write_erased(context, state, person, &why, &counts, answer, err) : code;
}
