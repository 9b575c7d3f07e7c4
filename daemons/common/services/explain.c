/* SPDX-License-Identifier: MPL-2.0
 *
 * explain.c: what is behind a figure (tandem.explanation/1): each unit or thing that adds to it, with what it
 * adds and the facts it rests on.
 */
#include "release.h"

#include <stdlib.h>
#include <string.h>

typedef struct explanation {
    tdm_fold *fold;
    tdm_json *json;
    tdm_buf parts;    /* one row each: JSON without its closing brace, then a zero byte */
    tdm_buf subjects; /* of the rows, with a zero byte behind each */
    int64_t limit;    /* 0: all */
    int64_t count;
} explanation;

static void write_amounts(tdm_json *json, int table, const int64_t *n)
{
    tdm_buf text = { 0 };
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++) {
        const char *name = tdm_table_amount(table, i);
        if (name == NULL || n[i] == 0)
            continue;
        tdm_buf_format(&text, "%s%s ", text.len == 0 ? "" : ", ", name);
        tdm_decimal_text(n[i], tdm_amount_digits(name), &text);
    }
    tdm_member_span(json, "adds", tdm_buf_span(&text));
    tdm_buf_free(&text);
}

static void write_place(tdm_json *json, const tdm_explained *part)
{
    char text[16];
    tdm_member_text(json, "table", part->table == 0 ? "level" : tdm_table_name(part->table));
    if (part->has_day)
        tdm_date_text(part->day, text);
    else
        tdm_period_text(part->period, text);
    tdm_member_text(json, "when", text);
    tdm_member_span(json, "organisation", part->organisation);
    tdm_member_span(json, "a", part->a);
    tdm_member_span(json, "b", part->b);
    write_amounts(json, part->table, part->n);
}

/* Facts are asked for once the walk is over: it holds the lock. */
static tdm_code note_part(void *context, const tdm_explained *part, tdm_err *err)
{
    explanation *e = context;
    if (e->limit > 0 && e->count == e->limit)
        return TDM_END;
    e->count++;
    tdm_buf row = { 0 };
    tdm_json json = tdm_json_open(&row);
    tdm_json_begin_object(&json);
    tdm_member_span(&json, "subject", part->subject);
    write_place(&json, part);
    tdm_json_end_object(&json);
    tdm_code code = tdm_json_close(&json, err);
    if (code == TDM_OK) {
        tdm_buf_add(&e->parts, row.data, row.len - 1);
        tdm_buf_add(&e->parts, "", 1);
        tdm_buf_add(&e->subjects, part->subject.data, part->subject.len);
        tdm_buf_add(&e->subjects, "", 1);
    }
    tdm_buf_free(&row);
    return code == TDM_OK && (e->parts.failed || e->subjects.failed)
               ? tdm_fail(err, TDM_FULL, 0, "no memory for the explanation")
               : code;
}

typedef struct fact_list {
    tdm_json *json;
    int64_t count;
} fact_list;

static tdm_code write_fact(void *context, const tdm_fact *fact, tdm_err *err)
{
    (void)err;
    fact_list *list = context;
    const tdm_type *type = tdm_type_find(fact->type);
    list->count++;
    tdm_json_begin_object(list->json);
    tdm_member_text(list->json, "type", type == NULL ? "unknown" : type->name);
    tdm_json_id(tdm_json_key(list->json, "origin"), &fact->origin);
    tdm_json_id(tdm_json_key(list->json, "fact"), &fact->fact);
    tdm_member_int(list->json, "sequence", (int64_t)fact->sequence);
    tdm_member_time(list->json, "recorded", true, fact->recorded_ms);
    tdm_member_bool(list->json, "visible", fact->visible);
    tdm_member_bool(list->json, "amended", fact->amended);
    tdm_member_text(list->json, "reason", fact->reason);
    tdm_json_end_object(list->json);
    return TDM_OK;
}

/* {"facts":[...],"fact_count":n} of one subject, as text behind the row. */
static tdm_code write_facts(const explanation *e, tdm_span subject, tdm_buf *out, tdm_err *err)
{
    tdm_json json = tdm_json_open(out);
    fact_list list = { .json = &json };
    tdm_json_begin_object(&json);
    tdm_json_begin_array(tdm_json_key(&json, "facts"));
    tdm_code code = tdm_fold_facts(e->fold, subject, write_fact, &list, err);
    tdm_json_end_array(&json);
    tdm_member_int(&json, "fact_count", list.count);
    tdm_json_end_object(&json);
    tdm_code closed = tdm_json_close(&json, err);
    return code == TDM_OK || code == TDM_NOT_FOUND ? closed : code;
}

/* A row and its facts, joined: {row, facts}. */
static tdm_code write_rows(const explanation *e, tdm_json *json, tdm_err *err)
{
    tdm_code code = TDM_OK;
    const char *part = (const char *)e->parts.data;
    const char *subject = (const char *)e->subjects.data;
    tdm_buf facts = { 0 };
    tdm_buf row = { 0 };
    for (int64_t i = 0; i < e->count && code == TDM_OK; i++) {
        tdm_buf_clear(&facts);
        tdm_buf_clear(&row);
        code = write_facts(e, tdm_span_text(subject), &facts, err);
        tdm_buf_text(&row, part);
        tdm_buf_text(&row, ",");
        if (code == TDM_OK && facts.len > 0)
            tdm_buf_add(&row, facts.data + 1, facts.len - 1);
        if (code == TDM_OK)
            tdm_json_raw(json, tdm_buf_span(&row));
        part += strlen(part) + 1;
        subject += strlen(subject) + 1;
    }
    tdm_buf_free(&facts);
    tdm_buf_free(&row);
    return code;
}

static tdm_code explain(explanation *e, const tdm_view *view, const tdm_request *request,
                        tdm_measure_question *question, tdm_period period, tdm_answer *answer, tdm_err *err)
{
    const char *group = tdm_arg_text(request->args, "group");
    e->fold = view->fold;
    question->as_of = view->date;
    tdm_code code = tdm_fold_explain(view->fold, question, period, group, note_part, e, err);
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.explanation/1", view->as_of_ms, view->complete);
    if (code == TDM_OK)
        code = write_rows(e, &document.json, err);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}

tdm_code tdm_serve_explain(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                           tdm_err *err)
{
    explanation e = { .count = 0 };
    tdm_measure_question question;
    tdm_period period;
    tdm_view view = { 0 };
    const tdm_audience *audience = NULL;
    tdm_code code = tdm_measure_question_read(request->args, &question, err);
    if (code == TDM_OK)
        code = tdm_arg_period(request->args, "period", &period, err);
    if (code == TDM_OK)
        code = tdm_arg_number(request->args, "limit", 0, 0, 1000000, &e.limit, err);
    if (code == TDM_OK)
        code = tdm_audience_read(request->args, &audience, err);
    if (code == TDM_OK && !tdm_audience_sees_all(context, audience))
        code = tdm_fail(err, TDM_DENIED, 0, "what is behind a figure is for those who may see exact ones");
    if (code != TDM_OK)
        return code;
    question.period_kind = period.kind;
    code = tdm_view_open(context, request->args, &view, err);
    if (code == TDM_OK)
        code = explain(&e, &view, request, &question, period, answer, err);
    tdm_view_close(context, &view);
    tdm_buf_free(&e.parts);
    tdm_buf_free(&e.subjects);
    return code;
}
