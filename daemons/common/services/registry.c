/* SPDX-License-Identifier: MPL-2.0
 *
 * registry.c: single facts of the hub's registry (targets, baselines, catalogue, returns expected), and the
 * returns nodes make.
 */
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one fact, one row of answer */

static tdm_code state_one(const tdm_service_context *context, const tdm_record *record, tdm_json *json,
                          tdm_err *err)
{
    bool did = false;
    tdm_buf payload = { 0 };
    tdm_buf text = { 0 };
    tdm_code code = tdm_record_encode(record, &payload, err);
    if (code == TDM_OK)
        code = tdm_state_filed(context, tdm_today(context), record, &did, err);
    if (code == TDM_OK)
        code = tdm_payload_to_json(record->type->number, tdm_buf_span(&payload), &text, err);
    if (code == TDM_OK) {
        tdm_json_begin_object(json);
        tdm_member_text(json, "type", record->type->name);
        tdm_member_bool(json, "stated", did);
        tdm_json_raw(tdm_json_key(json, "fact"), tdm_buf_span(&text));
        tdm_json_end_object(json);
    }
    tdm_buf_free(&payload);
    tdm_buf_free(&text);
    return code;
}

static tdm_code answer_one(const tdm_service_context *context, const tdm_record *record, const char *schema,
                           tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    tdm_document_open(&document, answer, schema, context->now_ms, true);
    tdm_code code = state_one(context, record, &document.json, err);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}

/* ---- targets and baselines: percent of a financial year, one decimal */

static tdm_code read_tenths(const json_t *args, int64_t *tenths, tdm_err *err)
{
    char text[32] = "";
    const json_t *value = json_object_get(args, "percent");
    if (json_is_string(value))
        snprintf(text, sizeof text, "%s", json_string_value(value));
    else if (json_is_number(value))
        snprintf(text, sizeof text, "%.6g", json_number_value(value));
    char *end = NULL;
    long whole = strtol(text, &end, 10);
    long tenth = 0;
    if (*end == '.' && end[1] >= '0' && end[1] <= '9') {
        tenth = end[1] - '0';
        end += 2;
    }
    if (*end == '%')
        end++;
    *tenths = whole * 10 + tenth;
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || whole > 100 || *tenths > 1000)
        return tdm_fail(err, TDM_INVALID, 0,
                        "percent is missing or no number from 0 to 100 with at most one decimal, such as 80");
    return TDM_OK;
}

/* target and baseline have year and level in the same fields */
static tdm_code set_level(const tdm_service_context *context, const tdm_request *request, uint32_t type,
                          tdm_answer *answer, tdm_err *err)
{
    bool has = false;
    int32_t year = 0;
    int64_t tenths = 0;
    tdm_code code = tdm_arg_year(request->args, "fy", &has, &year, err);
    if (code == TDM_OK && !has)
        code = tdm_fail(err, TDM_INVALID, 0, "fy is missing; give for instance 2017/18");
    if (code == TDM_OK)
        code = read_tenths(request->args, &tenths, err);
    if (code != TDM_OK)
        return code;
    tdm_record record;
    tdm_record_init(&record, type);
    tdm_record_set_number(&record, TDM_TARGET_YEAR, year);
    tdm_record_set_number(&record, TDM_TARGET_LEVEL, tenths);
    return answer_one(context, &record, "tandem.targets/1", answer, err);
}

tdm_code tdm_serve_target_set(const tdm_service_context *context, const tdm_request *request,
                              tdm_answer *answer, tdm_err *err)
{
    return set_level(context, request, TDM_TYPE_TARGET, answer, err);
}

tdm_code tdm_serve_baseline_set(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    return set_level(context, request, TDM_TYPE_BASELINE, answer, err);
}

/* ---- catalogue */

tdm_code tdm_serve_catalogue_add(const tdm_service_context *context, const tdm_request *request,
                                 tdm_answer *answer, tdm_err *err)
{
    const char *programme = NULL;
    const char *name = NULL;
    const char *core = tdm_arg_text(request->args, "core");
    tdm_code code = tdm_arg_needed(request->args, "programme", "coaching", &programme, err);
    if (code == TDM_OK)
        code = tdm_arg_needed(request->args, "name", "\"Coaching conversations\"", &name, err);
    if (code != TDM_OK)
        return code;
    if (strlen(programme) > 100 || strlen(name) > 200 || (core != NULL && strlen(core) > 100))
        return tdm_fail(err, TDM_INVALID, 0,
                        "programme and core have at most 100 bytes, name at most 200; shorten them");
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_CATALOGUE_ENTRY);
    tdm_record_set_text(&record, TDM_CATALOGUE_ENTRY_PROGRAMME, programme);
    tdm_record_set_text(&record, TDM_CATALOGUE_ENTRY_NAME, name);
    if (core != NULL)
        tdm_record_set_text(&record, TDM_CATALOGUE_ENTRY_CORE, core);
    return answer_one(context, &record, "tandem.catalogue/1", answer, err);
}

/* ---- returns */

typedef struct code_list {
    char (*codes)[16];
    size_t count;
    size_t capacity;
} code_list;

static tdm_code note_code(void *context, tdm_span code, tdm_err *err)
{
    code_list *list = context;
    char text[16];
    snprintf(text, sizeof text, "%.*s", (int)code.len, (const char *)code.data);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->codes[i], text) == 0)
            return TDM_OK;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        void *codes = realloc(list->codes, capacity * sizeof *list->codes);
        if (codes == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for the organisations");
        list->codes = codes;
        list->capacity = capacity;
    }
    memcpy(list->codes[list->count++], text, sizeof text);
    return TDM_OK;
}

typedef struct origin_list {
    tdm_id origins[4096];
    size_t count;
} origin_list;

static tdm_code note_origin(void *context, const tdm_key_fact *key, tdm_err *err)
{
    (void)err;
    origin_list *list = context;
    bool last = list->count > 0 && tdm_id_equal(&list->origins[list->count - 1], &key->origin);
    if (!last && list->count < TDM_COUNT(list->origins))
        list->origins[list->count++] = key->origin;
    return TDM_OK;
}

/* Every organisation some origin speaks for today. */
static tdm_code find_represented(const tdm_service_context *context, code_list *list, tdm_err *err)
{
    origin_list *origins = calloc(1, sizeof *origins);
    if (origins == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the organisations");
    tdm_fold *fold = tdm_core_fold(context->core);
    tdm_code code = tdm_fold_keys(fold, note_origin, origins, err);
    for (size_t i = 0; i < origins->count && code == TDM_OK; i++)
        code = tdm_fold_represented(fold, &origins->origins[i], tdm_today(context), note_code, list, err);
    tdm_core_fold_release(context->core, fold);
    free(origins);
    return code;
}

static tdm_record make_return(uint32_t type, const char *organisation, const char *period)
{
    tdm_record record;
    tdm_record_init(&record, type);
    tdm_record_set_text(&record, TDM_RETURN_EXPECTED_ORGANISATION, organisation);
    tdm_record_set_text(&record, TDM_RETURN_EXPECTED_PERIOD, period);
    return record;
}

tdm_code tdm_serve_return_expect(const tdm_service_context *context, const tdm_request *request,
                                 tdm_answer *answer, tdm_err *err)
{
    tdm_period period;
    char text[16];
    char organisation[16];
    code_list list = { 0 };
    const char *told = tdm_arg_text(request->args, "organisation");
    tdm_code code = tdm_arg_period(request->args, "period", &period, err);
    if (code == TDM_OK)
        code = tdm_settle(context, err);
    if (code == TDM_OK && told != NULL)
        code = tdm_check_code(told, organisation, err);
    if (code == TDM_OK)
        code = told != NULL ? note_code(&list, tdm_span_text(organisation), err)
                            : find_represented(context, &list, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.returns/1", context->now_ms, true);
        tdm_period_text(period, text);
        for (size_t i = 0; i < list.count && code == TDM_OK; i++) {
            tdm_record record = make_return(TDM_TYPE_RETURN_EXPECTED, list.codes[i], text);
            code = state_one(context, &record, &document.json, err);
        }
        if (code == TDM_OK)
            code = tdm_document_close(&document, err);
    }
    free(list.codes);
    return code;
}

tdm_code tdm_serve_return_make(const tdm_service_context *context, const tdm_request *request,
                               tdm_answer *answer, tdm_err *err)
{
    tdm_period period;
    char text[16];
    char organisation[16];
    tdm_code code = tdm_arg_period(request->args, "period", &period, err);
    if (code == TDM_OK)
        code = tdm_own_organisation(context, request->args, organisation, err);
    if (code != TDM_OK)
        return code;
    tdm_period_text(period, text);
    tdm_record record = make_return(TDM_TYPE_RETURN_MADE, organisation, text);
    if (tdm_arg_flag(request->args, "nil"))
        tdm_record_set_number(&record, TDM_RETURN_MADE_NIL, 1);
    return answer_one(context, &record, "tandem.returns/1", answer, err);
}
