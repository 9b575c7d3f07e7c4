/* SPDX-License-Identifier: MPL-2.0
 *
 * unit.c: units as a list, and one unit with every fact about it.
 */
#include "services.h"

#include <stdlib.h>
#include <string.h>

static const char *const CLAIM_WORDS[] = { "none", "disputed", "unanswered", "corroborated" };
static const char *const PHASE_WORDS[] = { "none", "disputed", "standing", "corroborated" };

static void write_partners(tdm_json *json, const tdm_unit *unit)
{
    tdm_buf text = { 0 };
    for (size_t i = 0; i < unit->claim_count; i++)
        tdm_buf_format(&text, "%s%s:%s", i > 0 ? ";" : "", unit->claims[i].root,
                       CLAIM_WORDS[unit->claims[i].status & 3]);
    tdm_member_span(json, "partners", tdm_buf_span(&text));
    tdm_buf_free(&text);
}

static void write_record(tdm_json *json, const tdm_unit *unit)
{
    const tdm_value *values = unit->record.values;
    tdm_member_span(json, "title", values[TDM_UNIT_TITLE].bytes);
    tdm_member_span(json, "programme", values[TDM_UNIT_PROGRAMME].bytes);
    tdm_member_enum(json, "kind", TDM_ENUM_UNITKIND, &values[TDM_UNIT_KIND]);
    tdm_member_enum(json, "status", TDM_ENUM_STATUS, &values[TDM_UNIT_STATUS]);
    tdm_member_date(json, "start", values[TDM_UNIT_START].present, (tdm_date)values[TDM_UNIT_START].number);
    tdm_member_date(json, "end", values[TDM_UNIT_END].present, (tdm_date)values[TDM_UNIT_END].number);
    tdm_member_span(json, "lead", values[TDM_UNIT_LEAD].bytes);
    tdm_member_span(json, "locality", values[TDM_UNIT_LOCALITY].bytes);
}

static void write_counts(tdm_json *json, const tdm_unit *unit)
{
    tdm_member_int(json, "sessions", (int64_t)unit->session_count);
    tdm_json_decimal(tdm_json_key(json, "hours"), unit->hours, 2);
    tdm_member_int(json, "people", unit->people);
}

/* ---- list */

typedef struct unit_list {
    tdm_json *json;
    bool has_year;
    int32_t year;
    int64_t status; /* 0: any */
    int64_t limit;  /* 0: all */
    int64_t count;
} unit_list;

static bool is_wanted(const unit_list *list, const tdm_unit *unit)
{
    const tdm_value *values = unit->record.values;
    tdm_date start = (tdm_date)values[TDM_UNIT_START].number;
    return unit->has_record && (!list->has_year || tdm_period_of(TDM_PERIOD_YEAR, start).number == list->year)
           && (list->status == 0 || values[TDM_UNIT_STATUS].number == list->status);
}

static tdm_code write_unit_row(void *context, const tdm_unit *unit, tdm_err *err)
{
    (void)err;
    unit_list *list = context;
    if (!is_wanted(list, unit))
        return TDM_OK;
    if (list->limit > 0 && list->count == list->limit)
        return TDM_END;
    list->count++;
    tdm_json_begin_object(list->json);
    tdm_member_span(list->json, "unit", tdm_unit_text(unit->name));
    write_record(list->json, unit);
    write_counts(list->json, unit);
    write_partners(list->json, unit);
    tdm_member_int(list->json, "warnings", (int64_t)unit->warning_count);
    tdm_json_end_object(list->json);
    return TDM_OK;
}

static tdm_code read_list(const json_t *args, unit_list *list, char organisation[16], tdm_err *err)
{
    const char *code_text = tdm_arg_text(args, "organisation");
    const char *status = tdm_arg_text(args, "status");
    organisation[0] = '\0';
    tdm_code code = tdm_arg_year(args, "fy", &list->has_year, &list->year, err);
    if (code == TDM_OK)
        code = tdm_arg_number(args, "limit", 0, 0, 1000000, &list->limit, err);
    if (code == TDM_OK && code_text != NULL)
        code = tdm_check_code(code_text, organisation, err);
    if (code == TDM_OK && status != NULL
        && !tdm_enum_number(TDM_ENUM_STATUS, tdm_span_text(status), &list->status))
        return tdm_fail(err, TDM_INVALID, 0,
                        "\"%.20s\" is no status; use planned, started, delivered or cancelled", status);
    return code;
}

tdm_code tdm_serve_unit_list(const tdm_service_context *context, const tdm_request *request,
                             tdm_answer *answer, tdm_err *err)
{
    unit_list list = { 0 };
    char organisation[16];
    tdm_view view = { 0 };
    tdm_code code = read_list(request->args, &list, organisation, err);
    if (code == TDM_OK)
        code = tdm_view_open(context, request->args, &view, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.units/1", view.as_of_ms, view.complete);
        list.json = &document.json;
        code = tdm_fold_units(view.fold, tdm_span_text(organisation), write_unit_row, &list, err);
        if (code == TDM_OK || code == TDM_END)
            code = tdm_document_close(&document, err);
    }
    tdm_view_close(context, &view);
    return code;
}

/* ---- one unit */

typedef struct unit_page {
    tdm_json *json;
    tdm_buf subjects; /* with a zero byte behind each: facts are asked for after the unit */
} unit_page;

static void write_claims(tdm_json *json, const tdm_unit *unit)
{
    tdm_json_begin_array(tdm_json_key(json, "claims"));
    for (size_t i = 0; i < unit->claim_count; i++) {
        const tdm_claim *claim = &unit->claims[i];
        tdm_json_begin_object(json);
        tdm_member_text(json, "organisation", claim->root);
        tdm_member_text(json, "state", CLAIM_WORDS[claim->status & 3]);
        for (int phase = 0; phase < 3; phase++)
            tdm_member_text(json, tdm_enum_word(TDM_ENUM_PHASE, phase + 1),
                            PHASE_WORDS[claim->phases[phase] & 3]);
        tdm_json_end_object(json);
    }
    tdm_json_end_array(json);
}

static tdm_code write_unit_page(void *context, const tdm_unit *unit, tdm_err *err)
{
    unit_page *page = context;
    tdm_json *json = page->json;
    tdm_member_span(json, "unit", tdm_unit_text(unit->name));
    tdm_json_begin_array(tdm_json_key(json, "subjects"));
    for (size_t i = 0; i < unit->subject_count; i++) {
        tdm_json_span(json, tdm_unit_text(unit->subjects[i]));
        tdm_buf_add(&page->subjects, unit->subjects[i].data, unit->subjects[i].len);
        tdm_buf_add(&page->subjects, "", 1);
    }
    tdm_json_end_array(json);
    tdm_member_bool(json, "has_record", unit->has_record);
    if (unit->has_record) {
        write_record(json, unit);
        tdm_json_id(tdm_json_key(json, "origin"), &unit->origin);
        write_counts(json, unit);
    }
    write_claims(json, unit);
    tdm_json_begin_array(tdm_json_key(json, "warnings"));
    for (size_t i = 0; i < unit->warning_count; i++)
        tdm_json_text(json, unit->warnings[i]);
    tdm_json_end_array(json);
    return page->subjects.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the unit") : TDM_OK;
}

static tdm_code write_fact(void *context, const tdm_fact *fact, tdm_err *err)
{
    tdm_json *json = context;
    const tdm_type *type = tdm_type_find(fact->type);
    tdm_buf payload = { 0 };
    tdm_code code = TDM_OK;
    tdm_json_begin_object(json);
    tdm_member_text(json, "type", type == NULL ? "unknown" : type->name);
    tdm_member_span(json, "unit", tdm_unit_text(fact->subject));
    tdm_json_id(tdm_json_key(json, "origin"), &fact->origin);
    tdm_json_id(tdm_json_key(json, "fact"), &fact->fact);
    tdm_member_time(json, "recorded", true, fact->recorded_ms);
    tdm_member_bool(json, "visible", fact->visible);
    tdm_member_bool(json, "amended", fact->amended);
    tdm_member_text(json, "reason", fact->reason);
    if (type != NULL)
        code = tdm_payload_to_json(fact->type, fact->payload, &payload, err);
    if (code == TDM_OK && payload.len > 0)
        tdm_json_raw(tdm_json_key(json, "payload"), tdm_buf_span(&payload));
    tdm_json_end_object(json);
    tdm_buf_free(&payload);
    return code;
}

static tdm_code write_page(const tdm_view *view, tdm_span subject, tdm_json *json, tdm_err *err)
{
    unit_page page = { .json = json };
    tdm_json_begin_object(json);
    tdm_code code = tdm_fold_unit(view->fold, subject, write_unit_page, &page, err);
    if (code == TDM_NOT_FOUND)
        code = tdm_fail(err, TDM_NOT_FOUND, 0, "there is no unit %.*s here", (int)tdm_unit_text(subject).len,
                        (const char *)tdm_unit_text(subject).data);
    if (code == TDM_OK) {
        tdm_json_begin_array(tdm_json_key(json, "facts"));
        for (size_t at = 0; code == TDM_OK && at < page.subjects.len;) {
            tdm_span one = tdm_span_text((const char *)page.subjects.data + at);
            at += one.len + 1;
            code = tdm_fold_facts(view->fold, one, write_fact, json, err);
            code = code == TDM_NOT_FOUND ? TDM_OK : code;
        }
        tdm_json_end_array(json);
    }
    tdm_buf_free(&page.subjects);
    tdm_json_end_object(json);
    return code;
}

tdm_code tdm_serve_unit_show(const tdm_service_context *context, const tdm_request *request,
                             tdm_answer *answer, tdm_err *err)
{
    const char *text = NULL;
    tdm_view view = { 0 };
    tdm_buf subject = { 0 };
    tdm_code code = tdm_arg_needed(request->args, "unit", "R0A/17", &text, err);
    if (code == TDM_OK)
        code = tdm_arg_unit(text, &subject, err);
    if (code == TDM_OK)
        code = tdm_view_open(context, request->args, &view, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.unit/1", view.as_of_ms, view.complete);
        code = write_page(&view, tdm_buf_span(&subject), &document.json, err);
        if (code == TDM_OK)
            code = tdm_document_close(&document, err);
    }
    tdm_view_close(context, &view);
    tdm_buf_free(&subject);
    return code;
}
