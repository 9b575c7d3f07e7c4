/* SPDX-License-Identifier: MPL-2.0
 *
 * answer.c: what services share: reading arguments, writing documents, stating single facts.
 */
#include "services.h"

#include "cell.h"
#include "../filing.h"
#include "../statement.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTLE_MS = 600000, SHOWN_BYTES = 60 };

/* ---- arguments */

const char *tdm_arg_text(const json_t *args, const char *name)
{
    const char *text = json_string_value(json_object_get(args, name));
    return text == NULL || text[0] == '\0' ? NULL : text;
}

bool tdm_arg_flag(const json_t *args, const char *name)
{
    const json_t *value = json_object_get(args, name);
    const char *text = json_string_value(value);
    return json_is_true(value) || (text != NULL && strcmp(text, "true") == 0);
}

tdm_code tdm_arg_number(const json_t *args, const char *name, int64_t fallback, int64_t min, int64_t max,
                        int64_t *out, tdm_err *err)
{
    const json_t *value = json_object_get(args, name);
    const char *text = json_string_value(value);
    char *end = NULL;
    bool good = true;
    *out = fallback;
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
    } else if (text != NULL && text[0] != '\0') {
        *out = strtoll(text, &end, 10);
        good = *end == '\0';
    } else if (value != NULL && !json_is_null(value) && text == NULL) {
        good = false;
    }
    if (!good || *out < min || *out > max)
        return tdm_fail(err, TDM_INVALID, 0, "%s takes a whole number from %lld to %lld", name,
                        (long long)min, (long long)max);
    return TDM_OK;
}

tdm_code tdm_arg_needed(const json_t *args, const char *name, const char *example, const char **out,
                        tdm_err *err)
{
    *out = tdm_arg_text(args, name);
    if (*out == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "%s is missing; give for instance %s", name, example);
    return TDM_OK;
}

tdm_code tdm_check_code(const char *text, char out[16], tdm_err *err)
{
    if (tdm_cell_code(tdm_span_text(text), out))
        return TDM_OK;
    return tdm_fail(err, TDM_INVALID, 0,
                    "\"%.20s\" is no organisation code: 3 to 12 letters and digits, such as R0A", text);
}

tdm_code tdm_arg_period(const json_t *args, const char *name, tdm_period *out, tdm_err *err)
{
    const char *text = NULL;
    tdm_code code = tdm_arg_needed(args, name, "2017/18, 2017/18Q1 or 2017-04", &text, err);
    if (code != TDM_OK)
        return code;
    if (tdm_period_parse(tdm_span_text(text), out, NULL) != TDM_OK)
        return tdm_fail(err, TDM_INVALID, 0, "\"%.20s\" is no period; write 2017/18, 2017/18Q1 or 2017-04",
                        text);
    return TDM_OK;
}

tdm_code tdm_arg_year(const json_t *args, const char *name, bool *has, int32_t *year, tdm_err *err)
{
    const char *text = tdm_arg_text(args, name);
    *has = text != NULL;
    tdm_period period = { 0 };
    if (text != NULL
        && (tdm_period_parse(tdm_span_text(text), &period, NULL) != TDM_OK || period.kind != TDM_PERIOD_YEAR))
        return tdm_fail(err, TDM_INVALID, 0, "\"%.20s\" is no financial year; write it as 2017/18", text);
    *year = period.number;
    return TDM_OK;
}

tdm_code tdm_arg_unit(const char *text, tdm_buf *subject, tdm_err *err)
{
    const char *slash = strchr(text, '/');
    char code[16];
    char lead[16] = "";
    if (slash != NULL && (size_t)(slash - text) < sizeof lead)
        snprintf(lead, sizeof lead, "%.*s", (int)(slash - text), text);
    size_t rest = slash == NULL ? 0 : strlen(slash + 1);
    if (rest == 0 || rest > 100 || tdm_check_code(lead, code, NULL) != TDM_OK)
        return tdm_fail(err, TDM_INVALID, 0, "\"%.60s\" is no unit; write it as LEAD/UNIT_ID, such as R0A/17",
                        text);
    tdm_subject_unit(subject, tdm_span_text(code), tdm_span_text(slash + 1));
    return TDM_OK;
}

tdm_span tdm_unit_text(tdm_span subject)
{
    static const char PREFIX[] = "unit/";
    size_t len = sizeof PREFIX - 1;
    if (subject.len > len && memcmp(subject.data, PREFIX, len) == 0)
        return (tdm_span){ subject.data + len, subject.len - len };
    return subject;
}

/* ---- documents */

void tdm_document_open(tdm_document *document, tdm_answer *answer, const char *schema, int64_t as_of_ms,
                       bool complete)
{
    document->json = tdm_json_open(&answer->bytes);
    tdm_json_begin_object(&document->json);
    tdm_member_text(&document->json, "schema", schema);
    tdm_member_time(&document->json, "as_of", true, as_of_ms);
    tdm_member_bool(&document->json, "complete", complete);
    tdm_json_begin_array(tdm_json_key(&document->json, "data"));
}

tdm_code tdm_document_close(tdm_document *document, tdm_err *err)
{
    tdm_json_end_array(&document->json);
    tdm_json_end_object(&document->json);
    return tdm_json_close(&document->json, err);
}

void tdm_member_text(tdm_json *json, const char *key, const char *text)
{
    tdm_json_text(tdm_json_key(json, key), text);
}

void tdm_member_span(tdm_json *json, const char *key, tdm_span text)
{
    tdm_json_span(tdm_json_key(json, key), text);
}

void tdm_member_shown(tdm_json *json, const char *key, tdm_span text)
{
    size_t len = text.len;
    if (len > SHOWN_BYTES)
        for (len = SHOWN_BYTES; len > 0 && (text.data[len] & 0xC0) == 0x80; len--)
            ; /* not within a character */
    tdm_member_span(json, key, (tdm_span){ text.data, len });
}

void tdm_member_int(tdm_json *json, const char *key, int64_t value)
{
    tdm_json_int(tdm_json_key(json, key), value);
}

void tdm_member_bool(tdm_json *json, const char *key, bool value)
{
    tdm_json_bool(tdm_json_key(json, key), value);
}

void tdm_member_date(tdm_json *json, const char *key, bool has, tdm_date date)
{
    char text[16];
    tdm_date_text(date, text);
    tdm_member_text(json, key, has ? text : NULL);
}

void tdm_member_time(tdm_json *json, const char *key, bool has, int64_t ms)
{
    char text[40];
    tdm_time_text(ms, 0, text);
    tdm_member_text(json, key, has ? text : NULL);
}

void tdm_member_enum(tdm_json *json, const char *key, tdm_enum_set set, const tdm_value *value)
{
    const char *word = tdm_enum_word(set, value->number);
    tdm_json_key(json, key);
    if (!value->present)
        tdm_json_null(json);
    else if (word != NULL)
        tdm_json_text(json, word);
    else
        tdm_json_int(json, value->number);
}

/* ---- own facts */

typedef struct only_code {
    size_t count;
    char code[16];
} only_code;

static tdm_code note_code(void *context, tdm_span code, tdm_err *err)
{
    (void)err;
    only_code *only = context;
    if (only->count++ == 0)
        snprintf(only->code, sizeof only->code, "%.*s", (int)code.len, (const char *)code.data);
    return TDM_OK;
}

tdm_code tdm_own_organisation(const tdm_service_context *context, const json_t *args, char out[16],
                              tdm_err *err)
{
    const char *told = tdm_arg_text(args, "organisation");
    if (told == NULL && context->own_organisation != NULL && context->own_organisation[0] != '\0')
        told = context->own_organisation;
    if (told != NULL)
        return tdm_check_code(told, out, err);
    only_code only = { 0 };
    tdm_fold *fold = tdm_core_fold(context->core);
    tdm_code code =
        tdm_fold_represented(fold, tdm_core_origin(context->core), tdm_today(context), note_code, &only, err);
    tdm_core_fold_release(context->core, fold);
    if (code != TDM_OK)
        return code;
    if (only.count != 1)
        return tdm_fail(err, TDM_INVALID, 0,
                        "this node speaks for %s; say for which one to record: set node.organisation",
                        only.count == 0 ? "no organisation yet" : "several organisations");
    memcpy(out, only.code, sizeof only.code);
    return TDM_OK;
}

/* Has this very fold seen it all? After a swap the one lent may have begun again. */
static bool has_settled(tdm_core *core, uint64_t *position)
{
    tdm_fold *fold = tdm_core_fold(core);
    uint64_t filed = tdm_fold_position(fold);
    bool settled = filed >= *position && tdm_fold_is_settled(fold);
    if (filed > *position)
        *position = filed; /* a step is under way that goes further: wait for its end */
    tdm_core_fold_release(core, fold);
    return settled;
}

tdm_code tdm_settle(const tdm_service_context *context, tdm_err *err)
{
    uint64_t position = 0;
    tdm_code code = tdm_ledger_last_position(tdm_core_ledger(context->core), &position, err);
    while (code == TDM_OK && !has_settled(context->core, &position)) {
        code = tdm_core_wait_folded(context->core, position, SETTLE_MS, err);
        sched_yield();
    }
    return code;
}

tdm_date tdm_today(const tdm_service_context *context)
{
    return tdm_date_in_london(context->now_ms);
}

uint32_t tdm_own_author(const tdm_service_context *context)
{
    return tdm_core_is_hub(context->core) ? TDM_AUTHOR_IS_OPERATOR : TDM_AUTHOR_IS_LEAD_STAFF;
}

void tdm_subject_word(tdm_buf *out, const char *kind, const char *rest)
{
    tdm_buf_format(out, "%s/%s", kind, rest);
}

tdm_code tdm_state_fact(const tdm_service_context *context, tdm_span subject, const tdm_id *fact,
                        tdm_date date, const tdm_record *record, bool *did, tdm_err *err)
{
    *did = false;
    tdm_held held = { 0 };
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_code code = drafts == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory to state a fact") : TDM_OK;
    if (code == TDM_OK)
        code = tdm_settle(context, err);
    if (code == TDM_OK) {
        tdm_fold *fold = tdm_core_fold(context->core);
        code = tdm_held_load(&held, fold, tdm_core_origin(context->core), subject, err);
        tdm_core_fold_release(context->core, fold);
    }
    if (code == TDM_OK)
        code = tdm_fact_want(&held, subject, fact, date, tdm_own_author(context), record, drafts, did, err);
    tdm_stated stated;
    if (code == TDM_OK && *did)
        code = tdm_core_state_drafts(context->core, drafts, &stated, err);
    tdm_held_free(&held);
    tdm_drafts_free(&drafts);
    return code;
}

tdm_code tdm_state_filed(const tdm_service_context *context, tdm_date date, const tdm_record *record,
                         bool *did, tdm_err *err)
{
    tdm_buf subject = { 0 };
    tdm_id fact = tdm_filing_place(record, &subject);
    tdm_code code = tdm_state_fact(context, tdm_buf_span(&subject), &fact, date, record, did, err);
    tdm_buf_free(&subject);
    return code;
}
