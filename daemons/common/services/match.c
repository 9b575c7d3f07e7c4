/* SPDX-License-Identifier: MPL-2.0
 *
 * match.c: two subjects that are one unit: proposed from likeness, accepted by a person, voided again. Match
 * facts are filed under the smaller of the two subjects.
 */
#include "services.h"
#include "../statement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    tdm_buf a; /* the smaller */
    tdm_buf b;
} pair;

static void free_pair(pair *p)
{
    tdm_buf_free(&p->a);
    tdm_buf_free(&p->b);
}

static void make_pair(pair *p, tdm_span a, tdm_span b)
{
    bool in_order = tdm_span_compare(a, b) < 0;
    *p = (pair){ 0 };
    tdm_buf_add(&p->a, in_order ? a.data : b.data, in_order ? a.len : b.len);
    tdm_buf_add(&p->b, in_order ? b.data : a.data, in_order ? b.len : a.len);
}

static tdm_id name_match(const char *kind, const pair *p)
{
    char a[TDM_SUBJECT_MAX + 1];
    char b[TDM_SUBJECT_MAX + 1];
    snprintf(a, sizeof a, "%.*s", (int)p->a.len, (const char *)p->a.data);
    snprintf(b, sizeof b, "%.*s", (int)p->b.len, (const char *)p->b.data);
    const char *words[] = { kind, a, b };
    return tdm_fact_named(words, TDM_COUNT(words));
}

static void write_pair(tdm_json *json, const pair *p)
{
    tdm_member_span(json, "a", tdm_unit_text(tdm_buf_span(&p->a)));
    tdm_member_span(json, "b", tdm_unit_text(tdm_buf_span(&p->b)));
}

/* ---- propose */

typedef struct proposing {
    pair *pairs;
    int *likeness;
    size_t count;
    size_t limit;
} proposing;

static tdm_code note_likely(void *context, tdm_span a, tdm_span b, int likeness, tdm_err *err)
{
    (void)err;
    proposing *p = context;
    if (p->count == p->limit)
        return TDM_END;
    make_pair(&p->pairs[p->count], a, b);
    p->likeness[p->count++] = likeness;
    return TDM_OK;
}

/* A pair that has been proposed once is not proposed again: a person saw it. */
static tdm_code propose_pair(const tdm_service_context *context, tdm_fold *fold, const pair *p, int likeness,
                             tdm_drafts *drafts, tdm_json *json, tdm_err *err)
{
    tdm_held held = { 0 };
    tdm_id fact = name_match("match_proposed", p);
    tdm_span subject = tdm_buf_span(&p->a);
    tdm_code code = tdm_held_load(&held, fold, tdm_core_origin(context->core), subject, err);
    if (code == TDM_OK && tdm_held_find(&held, &fact) == NULL) {
        tdm_record record;
        tdm_record_init(&record, TDM_TYPE_MATCH_PROPOSED);
        tdm_record_set_bytes(&record, TDM_MATCH_PROPOSED_A, subject);
        tdm_record_set_bytes(&record, TDM_MATCH_PROPOSED_B, tdm_buf_span(&p->b));
        tdm_record_set_number(&record, TDM_MATCH_PROPOSED_LIKENESS, likeness);
        code = tdm_drafts_add(drafts, TDM_AUTHOR_IS_DAEMON, subject, &fact, tdm_today(context), &record, err);
        tdm_json_begin_object(json);
        write_pair(json, p);
        tdm_member_int(json, "likeness", likeness);
        tdm_json_end_object(json);
    }
    tdm_held_free(&held);
    return code;
}

static tdm_code propose_all(const tdm_service_context *context, proposing *p, tdm_json *json, tdm_err *err)
{
    tdm_drafts *drafts = tdm_drafts_new();
    if (drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for proposals");
    tdm_fold *fold = tdm_core_fold(context->core);
    tdm_code code = tdm_fold_likely_matches(fold, p->limit, note_likely, p, err);
    code = code == TDM_END ? TDM_OK : code;
    for (size_t i = 0; i < p->count && code == TDM_OK; i++)
        code = propose_pair(context, fold, &p->pairs[i], p->likeness[i], drafts, json, err);
    tdm_core_fold_release(context->core, fold);
    tdm_stated stated;
    if (code == TDM_OK && tdm_drafts_count(drafts) > 0)
        code = tdm_core_state_drafts(context->core, drafts, &stated, err);
    tdm_drafts_free(&drafts);
    return code;
}

tdm_code tdm_serve_match_propose(const tdm_service_context *context, const tdm_request *request,
                                 tdm_answer *answer, tdm_err *err)
{
    int64_t limit = 0;
    proposing p = { 0 };
    tdm_code code = tdm_arg_number(request->args, "limit", 100, 1, 100000, &limit, err);
    if (code != TDM_OK)
        return code;
    p.limit = (size_t)limit;
    p.pairs = calloc(p.limit, sizeof *p.pairs);
    p.likeness = calloc(p.limit, sizeof *p.likeness);
    if (p.pairs == NULL || p.likeness == NULL)
        code = tdm_fail(err, TDM_FULL, 0, "no memory for proposals");
    if (code == TDM_OK)
        code = tdm_settle(context, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.matches/1", context->now_ms, true);
        code = propose_all(context, &p, &document.json, err);
        if (code == TDM_OK)
            code = tdm_document_close(&document, err);
    }
    for (size_t i = 0; i < p.count; i++)
        free_pair(&p.pairs[i]);
    free(p.pairs);
    free(p.likeness);
    return code;
}

/* ---- list: the hub's own log tells which subjects hold matches */

typedef struct match_subjects {
    const tdm_id *authority;
    tdm_buf texts; /* each with a zero byte behind */
} match_subjects;

static bool holds_text(const tdm_buf *texts, tdm_span text)
{
    for (size_t at = 0; at < texts->len;) {
        tdm_span one = tdm_span_text((const char *)texts->data + at);
        if (tdm_span_equal(one, text))
            return true;
        at += one.len + 1;
    }
    return false;
}

static tdm_code note_subject(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    match_subjects *subjects = context;
    tdm_event event;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code != TDM_OK || (event.type != TDM_TYPE_MATCH && event.type != TDM_TYPE_MATCH_PROPOSED)
        || !tdm_id_equal(&event.origin, subjects->authority) || holds_text(&subjects->texts, event.subject))
        return code;
    tdm_buf_add(&subjects->texts, event.subject.data, event.subject.len);
    tdm_buf_add(&subjects->texts, "", 1);
    return TDM_OK;
}

typedef struct match_row {
    pair pair;
    int64_t likeness; /* -1: never proposed */
    bool accepted;
    bool voided;
} match_row;

typedef struct match_rows {
    const tdm_id *authority;
    match_row *rows;
    size_t count;
    size_t capacity;
} match_rows;

static match_row *find_row(match_rows *rows, tdm_span a, tdm_span b)
{
    for (size_t i = 0; i < rows->count; i++)
        if (tdm_span_equal(tdm_buf_span(&rows->rows[i].pair.a), a)
            && tdm_span_equal(tdm_buf_span(&rows->rows[i].pair.b), b))
            return &rows->rows[i];
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? 16 : rows->capacity * 2;
        match_row *grown = realloc(rows->rows, capacity * sizeof *grown);
        if (grown == NULL)
            return NULL;
        rows->rows = grown;
        rows->capacity = capacity;
    }
    match_row *row = &rows->rows[rows->count++];
    *row = (match_row){ .likeness = -1 };
    make_pair(&row->pair, a, b);
    return row;
}

static tdm_code note_match(void *context, const tdm_fact *fact, tdm_err *err)
{
    match_rows *rows = context;
    tdm_record record;
    bool proposed = fact->type == TDM_TYPE_MATCH_PROPOSED;
    if ((fact->type != TDM_TYPE_MATCH && !proposed) || !tdm_id_equal(&fact->origin, rows->authority)
        || tdm_record_decode(fact->type, fact->payload, &record, NULL) != TDM_OK)
        return TDM_OK;
    match_row *row = find_row(rows, record.values[TDM_MATCH_A].bytes, record.values[TDM_MATCH_B].bytes);
    if (row == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the matches");
    if (proposed)
        row->likeness = record.values[TDM_MATCH_PROPOSED_LIKENESS].number;
    else
        *(fact->visible ? &row->accepted : &row->voided) = true;
    return TDM_OK;
}

static void write_match(tdm_json *json, const match_row *row)
{
    tdm_json_begin_object(json);
    write_pair(json, &row->pair);
    tdm_json_key(json, "likeness");
    if (row->likeness < 0)
        tdm_json_null(json);
    else
        tdm_json_int(json, row->likeness);
    tdm_member_text(json, "state", row->accepted ? "accepted" : row->voided ? "voided" : "proposed");
    tdm_json_end_object(json);
}

static tdm_code list_matches(const tdm_service_context *context, const tdm_view *view, match_rows *rows,
                             tdm_err *err)
{
    tdm_id authority = *tdm_core_origin(context->core);
    tdm_core_authority(context->core, &authority);
    match_subjects subjects = { .authority = &authority };
    rows->authority = &authority;
    tdm_ledger *ledger = tdm_core_ledger(context->core);
    uint64_t last = 0;
    tdm_code code = tdm_ledger_last_position(ledger, &last, err);
    for (uint64_t at = 1; code == TDM_OK && at <= last;)
        code = tdm_ledger_scan(ledger, at, 4096, note_subject, &subjects, &at, err);
    for (size_t at = 0; code == TDM_OK && at < subjects.texts.len;) {
        tdm_span one = tdm_span_text((const char *)subjects.texts.data + at);
        at += one.len + 1;
        code = tdm_fold_facts(view->fold, one, note_match, rows, err);
        code = code == TDM_NOT_FOUND ? TDM_OK : code;
    }
    tdm_buf_free(&subjects.texts);
    return code;
}

tdm_code tdm_serve_match_list(const tdm_service_context *context, const tdm_request *request,
                              tdm_answer *answer, tdm_err *err)
{
    tdm_view view = { 0 };
    match_rows rows = { 0 };
    tdm_code code = tdm_view_open(context, request->args, &view, err);
    if (code == TDM_OK)
        code = list_matches(context, &view, &rows, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.matches/1", view.as_of_ms, view.complete);
        for (size_t i = 0; i < rows.count; i++)
            write_match(&document.json, &rows.rows[i]);
        code = tdm_document_close(&document, err);
    }
    for (size_t i = 0; i < rows.count; i++)
        free_pair(&rows.rows[i].pair);
    free(rows.rows);
    tdm_view_close(context, &view);
    return code;
}

/* ---- accept and void */

static tdm_code read_pair(const json_t *args, pair *p, tdm_err *err)
{
    const char *a = NULL;
    const char *b = NULL;
    tdm_buf first = { 0 };
    tdm_buf second = { 0 };
    tdm_code code = tdm_arg_needed(args, "a", "R0A/17", &a, err);
    if (code == TDM_OK)
        code = tdm_arg_needed(args, "b", "RXA/4", &b, err);
    if (code == TDM_OK)
        code = tdm_arg_unit(a, &first, err);
    if (code == TDM_OK)
        code = tdm_arg_unit(b, &second, err);
    if (code == TDM_OK && tdm_span_equal(tdm_buf_span(&first), tdm_buf_span(&second)))
        code = tdm_fail(err, TDM_INVALID, 0, "a and b are the same unit; name two");
    if (code == TDM_OK)
        make_pair(p, tdm_buf_span(&first), tdm_buf_span(&second));
    tdm_buf_free(&first);
    tdm_buf_free(&second);
    return code;
}

static tdm_code write_result(const tdm_service_context *context, const pair *p, const char *state, bool did,
                             tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.matches/1", context->now_ms, true);
    tdm_json_begin_object(&document.json);
    write_pair(&document.json, p);
    tdm_member_text(&document.json, "state", state);
    tdm_member_bool(&document.json, "stated", did);
    tdm_json_end_object(&document.json);
    return tdm_document_close(&document, err);
}

tdm_code tdm_serve_match_accept(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    pair p = { 0 };
    bool did = false;
    const char *reason = tdm_arg_text(request->args, "reason");
    tdm_code code = read_pair(request->args, &p, err);
    if (code == TDM_OK && reason != NULL && strlen(reason) > 300)
        code = tdm_fail(err, TDM_INVALID, 0, "the reason has over 300 bytes; shorten it");
    if (code == TDM_OK) {
        tdm_id fact = name_match("match", &p);
        tdm_record record;
        tdm_record_init(&record, TDM_TYPE_MATCH);
        tdm_record_set_bytes(&record, TDM_MATCH_A, tdm_buf_span(&p.a));
        tdm_record_set_bytes(&record, TDM_MATCH_B, tdm_buf_span(&p.b));
        if (reason != NULL)
            tdm_record_set_text(&record, TDM_MATCH_REASON, reason);
        code = tdm_state_fact(context, tdm_buf_span(&p.a), &fact, tdm_today(context), &record, &did, err);
    }
    if (code == TDM_OK)
        code = write_result(context, &p, "accepted", did, answer, err);
    free_pair(&p);
    return code;
}

static tdm_code void_match(const tdm_service_context *context, const pair *p, const char *reason,
                           tdm_err *err)
{
    bool did = false;
    tdm_held held = { 0 };
    tdm_id fact = name_match("match", p);
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_fold *fold = tdm_core_fold(context->core);
    tdm_code code = tdm_held_load(&held, fold, tdm_core_origin(context->core), tdm_buf_span(&p->a), err);
    tdm_core_fold_release(context->core, fold);
    if (code == TDM_OK)
        code = tdm_fact_hide(&held, tdm_buf_span(&p->a), &fact, TDM_TYPE_VOID, reason, tdm_today(context),
                             TDM_AUTHOR_IS_OPERATOR, drafts, &did, err);
    tdm_stated stated;
    if (code == TDM_OK && !did)
        code = tdm_fail(err, TDM_NOT_FOUND, 0, "these two are not matched; see tandem match list");
    if (code == TDM_OK)
        code = tdm_core_state_drafts(context->core, drafts, &stated, err);
    tdm_held_free(&held);
    tdm_drafts_free(&drafts);
    return code;
}

tdm_code tdm_serve_match_void(const tdm_service_context *context, const tdm_request *request,
                              tdm_answer *answer, tdm_err *err)
{
    pair p = { 0 };
    tdm_code code = read_pair(request->args, &p, err);
    if (code == TDM_OK)
        code = tdm_settle(context, err);
    if (code == TDM_OK)
        code = void_match(context, &p, tdm_arg_text(request->args, "reason"), err);
    if (code == TDM_OK)
        code = write_result(context, &p, "voided", true, answer, err);
    free_pair(&p);
    return code;
}
