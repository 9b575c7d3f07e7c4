/* SPDX-License-Identifier: MPL-2.0
 *
 * link.c: what partners say of joint work that names an organisation here, and the answers to it.
 *
 * Each answer is a fact of its own, named by its place in the row of one's answers to a link, since the fold
 * takes the latest: confirm, dispute, confirm again are three facts, and the same answer twice is one.
 */
#include "claims.h"
#include "../statement.h"

#include <stdio.h>
#include <string.h>

/* ---- pending */

typedef struct find_stated {
    const tdm_claim_row *row;
    bool found;
    int64_t recorded_ms;
} find_stated;

static tdm_code match_assertion(void *context, const tdm_fact *fact, tdm_err *err)
{
    (void)err;
    find_stated *find = context;
    if (tdm_id_equal(&fact->fact, &find->row->fact) && tdm_id_equal(&fact->origin, &find->row->asserter)) {
        find->found = true;
        find->recorded_ms = fact->recorded_ms;
    }
    return TDM_OK;
}

static tdm_code write_pending(const tdm_view *view, const tdm_claim_row *row, tdm_json *json, tdm_err *err)
{
    find_stated find = { .row = row };
    tdm_code code = tdm_fold_facts(view->fold, tdm_buf_span(&row->subject), match_assertion, &find, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    tdm_json_begin_object(json);
    tdm_claim_write(json, row);
    tdm_member_date(json, "stated_on", find.found, tdm_date_in_london(find.recorded_ms));
    tdm_member_text(json, "state", row->state);
    tdm_member_text(json, "reference", row->reference);
    tdm_json_end_object(json);
    return TDM_OK;
}

static bool waits(const tdm_claim_row *row)
{
    return strcmp(row->state, "unanswered") == 0 || strcmp(row->state, "lapsed") == 0;
}

tdm_code tdm_serve_link_pending(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    tdm_view view = { 0 };
    tdm_claim_rows rows = { 0 };
    bool all = tdm_arg_flag(request->args, "all");
    tdm_code code = tdm_view_open(context, request->args, &view, err);
    if (code == TDM_OK)
        code = tdm_claim_rows_read(context, view.fold, &rows, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.claims/1", view.as_of_ms, view.complete);
        for (size_t i = 0; i < rows.count && code == TDM_OK; i++)
            if (all || waits(&rows.rows[i]))
                code = write_pending(&view, &rows.rows[i], &document.json, err);
        if (code == TDM_OK)
            code = tdm_document_close(&document, err);
    }
    tdm_claim_rows_free(&rows);
    tdm_view_close(context, &view);
    return code;
}

/* ---- answers */

typedef enum reply { REPLY_CONFIRM, REPLY_DISPUTE, REPLY_WITHDRAW } reply;

typedef struct replying {
    const tdm_service_context *context;
    reply reply;
    const char *reason;
    tdm_drafts *drafts;
    tdm_held held;
    tdm_json *json;
    int64_t matched;
    tdm_err *err;
} replying;

/* One's own answer to a link. */
typedef struct own_answer {
    const tdm_held_fact *fact;
    tdm_record record;
} own_answer;

/* confirm and dispute have recorder, phase and assertion in the same fields */
static bool read_answer(const tdm_held *held, size_t index, const tdm_claim_row *row, own_answer *out)
{
    out->fact = &held->facts[index];
    if (out->fact->type != TDM_TYPE_LINK_CONFIRM && out->fact->type != TDM_TYPE_LINK_DISPUTE)
        return false;
    return tdm_record_decode(out->fact->type, tdm_held_payload(held, out->fact), &out->record, NULL) == TDM_OK
           && out->record.values[TDM_LINK_CONFIRM_PHASE].number == row->phase
           && tdm_span_equal(out->record.values[TDM_LINK_CONFIRM_RECORDER].bytes,
                             tdm_span_text(row->organisation));
}

static bool is_later(const tdm_held_fact *a, const tdm_held_fact *b)
{
    return a->recorded_ms != b->recorded_ms ? a->recorded_ms > b->recorded_ms : a->sequence > b->sequence;
}

/* How many answers there are, and whether the reply stands already: the figures say so, or one's latest
 * answer does (which another origin's dispute may outweigh). */
static size_t count_answers(const replying *r, const tdm_claim_row *row, bool *stands)
{
    bool confirm = r->reply == REPLY_CONFIRM;
    size_t count = 0;
    own_answer latest = { .fact = NULL };
    for (size_t i = 0; i < r->held.count; i++) {
        own_answer own;
        if (!read_answer(&r->held, i, row, &own))
            continue;
        count++;
        if (own.fact->visible && (latest.fact == NULL || is_later(own.fact, latest.fact)))
            latest = own;
    }
    *stands = strcmp(row->state, confirm ? "confirmed" : "disputed") == 0;
    if (latest.fact == NULL)
        return count;
    tdm_digest named = tdm_value_digest(&latest.record.values[TDM_LINK_CONFIRM_ASSERTION]);
    bool same_type = latest.fact->type == (uint32_t)(confirm ? TDM_TYPE_LINK_CONFIRM : TDM_TYPE_LINK_DISPUTE);
    *stands = same_type && (*stands || tdm_digest_equal(&named, &row->assertion));
    return count;
}

static tdm_id name_answer(const tdm_claim_row *row, const char *word, size_t number)
{
    char subject[TDM_SUBJECT_MAX + 1];
    char hex[2 * TDM_DIGEST_BYTES + 1];
    char phase[24];
    char place[24];
    snprintf(subject, sizeof subject, "%.*s", (int)row->subject.len, (const char *)row->subject.data);
    tdm_hex(hex, row->assertion.bytes, TDM_DIGEST_BYTES);
    snprintf(phase, sizeof phase, "%lld", (long long)row->phase);
    snprintf(place, sizeof place, "%zu", number);
    const char *words[] = { "answer", row->organisation, subject, phase, hex, word, place };
    return tdm_fact_named(words, TDM_COUNT(words));
}

static tdm_code draft_answer(replying *r, const tdm_claim_row *row, size_t number)
{
    bool confirm = r->reply == REPLY_CONFIRM;
    tdm_record record;
    tdm_record_init(&record, confirm ? TDM_TYPE_LINK_CONFIRM : TDM_TYPE_LINK_DISPUTE);
    tdm_record_set_text(&record, TDM_LINK_CONFIRM_RECORDER, row->organisation);
    tdm_record_set_number(&record, TDM_LINK_CONFIRM_PHASE, row->phase);
    tdm_record_set_bytes(&record, TDM_LINK_CONFIRM_ASSERTION,
                         (tdm_span){ row->assertion.bytes, TDM_DIGEST_BYTES });
    if (!confirm && r->reason != NULL)
        tdm_record_set_text(&record, TDM_LINK_DISPUTE_REASON, r->reason);
    tdm_id fact = name_answer(row, confirm ? "confirm" : "dispute", number);
    return tdm_drafts_add(r->drafts, TDM_AUTHOR_IS_LEAD_STAFF, tdm_buf_span(&row->subject), &fact,
                          tdm_today(r->context), &record, r->err);
}

static tdm_code withdraw_answers(replying *r, const tdm_claim_row *row, bool *did)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < r->held.count && code == TDM_OK; i++) {
        own_answer own;
        if (read_answer(&r->held, i, row, &own))
            code = tdm_fact_hide(&r->held, tdm_buf_span(&row->subject), &own.fact->fact,
                                 TDM_TYPE_LINK_WITHDRAW, r->reason, tdm_today(r->context),
                                 TDM_AUTHOR_IS_LEAD_STAFF, r->drafts, did, r->err);
    }
    return code;
}

static tdm_code answer_one(replying *r, tdm_fold *fold, const tdm_claim_row *row)
{
    static const char *const DONE[] = { "confirmed", "disputed", "withdrawn" };
    static const char *const KNOWN[] = { "already confirmed", "already disputed", "no answer to withdraw" };
    bool did = false;
    tdm_code code =
        tdm_held_load(&r->held, fold, tdm_core_origin(r->context->core), tdm_buf_span(&row->subject), r->err);
    if (code == TDM_OK && r->reply == REPLY_WITHDRAW) {
        code = withdraw_answers(r, row, &did);
    } else if (code == TDM_OK) {
        bool stands = false;
        size_t count = count_answers(r, row, &stands);
        did = !stands;
        code = did ? draft_answer(r, row, count) : TDM_OK;
    }
    if (code != TDM_OK)
        return code;
    r->matched++;
    tdm_json_begin_object(r->json);
    tdm_claim_write(r->json, row);
    tdm_member_text(r->json, "reference", row->reference);
    tdm_member_text(r->json, "result", did ? DONE[r->reply] : KNOWN[r->reply]);
    tdm_member_bool(r->json, "stated", did);
    tdm_json_end_object(r->json);
    return TDM_OK;
}

static tdm_code answer_chosen(replying *r, const tdm_claim_choice *choice)
{
    tdm_claim_rows rows = { 0 };
    tdm_fold *fold = tdm_core_fold(r->context->core);
    tdm_code code = tdm_claim_rows_read(r->context, fold, &rows, r->err);
    for (size_t i = 0; i < rows.count && code == TDM_OK; i++)
        if (tdm_claim_is_chosen(choice, &rows.rows[i]))
            code = answer_one(r, fold, &rows.rows[i]);
    tdm_core_fold_release(r->context->core, fold);
    tdm_claim_rows_free(&rows);
    if (code == TDM_OK && r->matched == 0 && !choice->all)
        code = tdm_fail(r->err, TDM_NOT_FOUND, 0,
                        "no claim on this node's organisations fits; see tandem link pending --all");
    tdm_stated stated;
    if (code == TDM_OK && tdm_drafts_count(r->drafts) > 0)
        code = tdm_core_state_drafts(r->context->core, r->drafts, &stated, r->err);
    return code;
}

static tdm_code serve_reply(const tdm_service_context *context, const tdm_request *request, reply what,
                            tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    tdm_claim_choice choice = { 0 };
    replying r = { .context = context,
                   .reply = what,
                   .reason = tdm_arg_text(request->args, "reason"),
                   .drafts = tdm_drafts_new(),
                   .json = &document.json,
                   .err = err };
    tdm_code code = tdm_claim_choice_read(request->args, &choice, err);
    if (code == TDM_OK && r.reason != NULL && strlen(r.reason) > 300)
        code = tdm_fail(err, TDM_INVALID, 0, "the reason has over 300 bytes; shorten it");
    if (code == TDM_OK && r.drafts == NULL)
        code = tdm_fail(err, TDM_FULL, 0, "no memory for an answer");
    if (code == TDM_OK)
        code = tdm_settle(context, err);
    if (code == TDM_OK) {
        tdm_document_open(&document, answer, "tandem.claims/1", context->now_ms, true);
        code = answer_chosen(&r, &choice);
        if (code == TDM_OK)
            code = tdm_document_close(&document, err);
    }
    tdm_claim_choice_free(&choice);
    tdm_held_free(&r.held);
    tdm_drafts_free(&r.drafts);
    return code;
}

tdm_code tdm_serve_link_confirm(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    return serve_reply(context, request, REPLY_CONFIRM, answer, err);
}

tdm_code tdm_serve_link_dispute(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    return serve_reply(context, request, REPLY_DISPUTE, answer, err);
}

tdm_code tdm_serve_link_withdraw(const tdm_service_context *context, const tdm_request *request,
                                 tdm_answer *answer, tdm_err *err)
{
    return serve_reply(context, request, REPLY_WITHDRAW, answer, err);
}
