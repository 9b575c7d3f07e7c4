/* SPDX-License-Identifier: MPL-2.0
 *
 * organisation_merge.c: one organisation becomes part of another, from a day on: the dated change, and if it
 * is told which node ends, who follows it: that node's facts may be amended by its successor, which answers
 * for the organisation from then on, and its keys are revoked. All in one group, or nothing; what stands
 * already is not stated again.
 */
#include "nodes.h"
#include "organisation.h"

#include "../filing.h"
#include "../key_facts.h"

#include <stdio.h>
#include <string.h>

typedef struct merge {
    const tdm_service_context *context;
    tdm_fold *fold;
    char from[16];
    char into[16];
    tdm_date on;
    bool ends; /* a node ends, and another follows */
    tdm_id ending;
    tdm_id following;
    size_t revoked; /* of its keys */
    uint64_t held;  /* how far the log of the one that ends is here */
    tdm_drafts *drafts;
    bool dry_run;
    tdm_json *json;
    tdm_err *err;
} merge;

/* ---- rows of the answer */

static void write_row(const merge *m, const char *what, const char *about, bool did)
{
    tdm_json_begin_object(m->json);
    tdm_member_text(m->json, "what", what);
    tdm_member_text(m->json, "about", about);
    tdm_member_text(m->json, "state", !did ? "stands already" : m->dry_run ? "would be stated" : "stated");
    tdm_json_end_object(m->json);
}

static tdm_code want(merge *m, const tdm_record *record, const char *what, const char *about)
{
    tdm_held held = { 0 };
    tdm_buf subject = { 0 };
    bool did = false;
    tdm_id fact = tdm_filing_place(record, &subject);
    tdm_code code =
        tdm_held_load(&held, m->fold, tdm_core_origin(m->context->core), tdm_buf_span(&subject), m->err);
    if (code == TDM_OK)
        code = tdm_fact_want(&held, tdm_buf_span(&subject), &fact, tdm_today(m->context),
                             TDM_AUTHOR_IS_OPERATOR, record, m->drafts, &did, m->err);
    if (code == TDM_OK)
        write_row(m, what, about, did);
    tdm_held_free(&held);
    tdm_buf_free(&subject);
    return code;
}

/* ---- what is stated */

static tdm_code want_change(merge *m)
{
    char day[16];
    char about[80];
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_ORGANISATION_CHANGE);
    tdm_record_set_text(&record, TDM_ORGANISATION_CHANGE_CODE, m->from);
    tdm_record_set_number(&record, TDM_ORGANISATION_CHANGE_CHANGE, TDM_CHANGE_IS_MERGED);
    tdm_record_set_number(&record, TDM_ORGANISATION_CHANGE_EFFECTIVE, m->on);
    tdm_record_set_text(&record, TDM_ORGANISATION_CHANGE_SUCCESSOR, m->into);
    tdm_date_text(m->on, day);
    snprintf(about, sizeof about, "%s into %s from %s", m->from, m->into, day);
    return want(m, &record, "organisation merged", about);
}

static void name_pair(const merge *m, char out[80])
{
    char ending[2 * TDM_ID_BYTES + 1];
    char following[2 * TDM_ID_BYTES + 1];
    tdm_hex(ending, m->ending.bytes, TDM_ID_BYTES);
    tdm_hex(following, m->following.bytes, TDM_ID_BYTES);
    snprintf(out, 80, "node %.8s by node %.8s", ending, following);
}

static tdm_code want_succession(merge *m)
{
    char about[80];
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_SUCCESSION);
    tdm_record_set_bytes(&record, TDM_SUCCESSION_ORIGIN, (tdm_span){ m->ending.bytes, TDM_ID_BYTES });
    tdm_record_set_bytes(&record, TDM_SUCCESSION_SUCCESSOR, (tdm_span){ m->following.bytes, TDM_ID_BYTES });
    name_pair(m, about);
    return want(m, &record, "facts taken over", about);
}

static tdm_code want_answers(merge *m)
{
    char about[80];
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_REPRESENTS);
    tdm_record_set_bytes(&record, TDM_REPRESENTS_ORIGIN, (tdm_span){ m->following.bytes, TDM_ID_BYTES });
    tdm_record_set_text(&record, TDM_REPRESENTS_ORGANISATION, m->from);
    tdm_record_set_number(&record, TDM_REPRESENTS_MODE, TDM_MODE_IS_ANSWERS);
    tdm_hex(hex, m->following.bytes, TDM_ID_BYTES);
    snprintf(about, sizeof about, "node %.8s for %s", hex, m->from);
    return want(m, &record, "answers", about);
}

static tdm_code want_revoked(merge *m)
{
    char about[80];
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_key_facts facts;
    tdm_code code = tdm_key_facts_open(&facts, m->context->core, m->fold, &m->ending, tdm_today(m->context),
                                       m->drafts, m->err);
    if (code == TDM_OK)
        code = tdm_key_facts_revoke(&facts, NULL, NULL, m->held, &m->revoked, m->err);
    tdm_key_facts_free(&facts);
    tdm_hex(hex, m->ending.bytes, TDM_ID_BYTES);
    snprintf(about, sizeof about, "of node %.8s, valid to its event %llu", hex, (unsigned long long)m->held);
    if (code == TDM_OK)
        write_row(m, "keys revoked", about, m->revoked > 0);
    return code;
}

/* ---- what is asked */

static tdm_code read_code(const merge *m, const json_t *args, const char *name, char out[16])
{
    const char *text = NULL;
    tdm_code code = tdm_arg_needed(args, name, "an organisation's code", &text, m->err);
    if (code == TDM_OK)
        code = tdm_check_code(text, out, m->err);
    return code == TDM_OK ? tdm_organisation_check(m->context, m->fold, out, m->err) : code;
}

/* Facts of the node that ends which the hub has not got would be lost. */
static tdm_code check_shared(const merge *m)
{
    json_t *links = tdm_links_read(m->context);
    const json_t *link = tdm_link_row(links, &m->ending);
    int64_t behind = tdm_link_number(link, "peer_last") - tdm_link_number(link, "held");
    json_decref(links);
    return behind <= 0
               ? TDM_OK
               : tdm_fail(m->err, TDM_BUSY, 0,
                          "the node that ends has %lld events that are not here yet: wait until tandem "
                          "node list shows none",
                          (long long)behind);
}

static tdm_code read_nodes(merge *m, const json_t *args)
{
    const char *ending = tdm_arg_text(args, "end_node");
    const char *following = tdm_arg_text(args, "to");
    m->ends = ending != NULL;
    if ((ending == NULL) != (following == NULL))
        return tdm_fail(m->err, TDM_INVALID, 0,
                        "name the node that ends and the one that follows: --end-node, --to");
    if (!m->ends)
        return TDM_OK;
    if (m->on > tdm_today(m->context))
        return tdm_fail(m->err, TDM_INVALID, 0,
                        "a node ends on the day of the merger or later: do the same again then, or leave out "
                        "--end-node");
    tdm_code code = tdm_node_named(m->context, m->fold, ending, &m->ending, m->err);
    if (code == TDM_OK)
        code = tdm_node_named(m->context, m->fold, following, &m->following, m->err);
    if (code == TDM_OK && tdm_id_equal(&m->ending, &m->following))
        code = tdm_fail(m->err, TDM_INVALID, 0, "a node does not follow itself");
    return code == TDM_OK ? check_shared(m) : code;
}

static tdm_code read_merge(merge *m, const json_t *args)
{
    const char *on = NULL;
    tdm_code code = read_code(m, args, "from", m->from);
    if (code == TDM_OK)
        code = read_code(m, args, "into", m->into);
    if (code == TDM_OK && strcmp(m->from, m->into) == 0)
        code = tdm_fail(m->err, TDM_INVALID, 0, "an organisation does not become part of itself");
    if (code == TDM_OK)
        code = tdm_arg_needed(args, "on", "the day it takes effect, such as 2018-04-01", &on, m->err);
    if (code == TDM_OK)
        code = tdm_date_parse(tdm_span_text(on), &m->on, m->err);
    return code == TDM_OK ? read_nodes(m, args) : code;
}

static tdm_code draft_merge(merge *m, const json_t *args)
{
    (void)args;
    tdm_code code = want_change(m);
    if (code == TDM_OK && m->ends)
        code = want_succession(m);
    if (code == TDM_OK && m->ends)
        code = want_answers(m);
    if (code == TDM_OK && m->ends)
        code = want_revoked(m);
    return code;
}

/* The fold is given back before anything is written: the writer may have to wait for it. */
static tdm_code with_fold(merge *m, tdm_code (*what)(merge *m, const json_t *args), const json_t *args)
{
    m->fold = tdm_core_fold(m->context->core);
    tdm_code code = what(m, args);
    tdm_core_fold_release(m->context->core, m->fold);
    return code;
}

static tdm_code state_merge(merge *m)
{
    tdm_stated stated;
    tdm_code code = with_fold(m, draft_merge, NULL);
    return code == TDM_OK && !m->dry_run && tdm_drafts_count(m->drafts) > 0
               ? tdm_core_state_drafts(m->context->core, m->drafts, &stated, m->err)
               : code;
}

/* Of a node that ends nothing more is taken, from before its keys' last event is read. */
static tdm_code end_and_state(merge *m)
{
    m->held = m->ends ? tdm_key_facts_held(m->context->core, &m->ending) : 0;
    if (!m->ends || m->dry_run)
        return state_merge(m);
    tdm_code code = tdm_node_shut_out(m->context, &m->ending, &m->held, m->err);
    if (code != TDM_OK)
        return code;
    code = state_merge(m);
    if (code != TDM_OK || m->revoked == 0)
        tdm_node_let_in(m->context);
    return code;
}

tdm_code tdm_serve_organisation_merge(const tdm_service_context *context, const tdm_request *request,
                                      tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    merge m = { .context = context,
                .dry_run = tdm_arg_flag(request->args, "dry_run"),
                .drafts = tdm_drafts_new(),
                .json = &document.json,
                .err = err };
    if (m.drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a merger");
    tdm_code code = tdm_settle(context, err);
    if (code == TDM_OK)
        code = with_fold(&m, read_merge, request->args);
    if (code == TDM_OK) {
        tdm_document_open(&document, answer, "tandem.organisation.merge/1", context->now_ms, true);
        code = end_and_state(&m);
    }
    if (code == TDM_OK)
        code = tdm_document_close(&document, err);
    tdm_drafts_free(&m.drafts);
    return code;
}
