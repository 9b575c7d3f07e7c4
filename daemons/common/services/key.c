/* SPDX-License-Identifier: MPL-2.0
 *
 * key.c: the keys of the system: which ones stand, and a node's taken away. Turned over: key_rotate.c.
 */
#include "nodes.h"

#include "../key_facts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- list */

typedef struct key_list {
    const tdm_service_context *context;
    tdm_fold *fold;
    tdm_identity own;
    tdm_json *json;
} key_list;

static bool is_in_use(const key_list *list, const tdm_key_fact *key)
{
    const uint8_t *own =
        key->purpose == TDM_PURPOSE_IS_SEAL ? list->own.seal.public_key : list->own.link_public;
    return memcmp(key->key, own, 32) == 0;
}

static tdm_code write_key(void *context, const tdm_key_fact *key, tdm_err *err)
{
    key_list *list = context;
    char hex[65];
    const char *purpose = tdm_enum_word(TDM_ENUM_PURPOSE, key->purpose);
    tdm_json *json = list->json;
    tdm_json_begin_object(json);
    tdm_json_id(tdm_json_key(json, "origin"), &key->origin);
    tdm_code code = tdm_write_organisations(list->context, list->fold, &key->origin, json, err);
    tdm_member_text(json, "purpose", purpose == NULL ? "unknown" : purpose);
    tdm_member_text(json, "state", key->active ? "active" : "revoked");
    tdm_json_key(json, "valid_to");
    if (key->last > 0)
        tdm_json_int(json, (int64_t)key->last);
    else
        tdm_json_null(json);
    tdm_member_bool(json, "here", is_in_use(list, key));
    tdm_hex(hex, key->key, 32);
    tdm_member_text(json, "key", hex);
    tdm_json_end_object(json);
    return code;
}

tdm_code tdm_serve_key_list(const tdm_service_context *context, const tdm_request *request,
                            tdm_answer *answer, tdm_err *err)
{
    tdm_view view = { 0 };
    tdm_code code = tdm_view_open(context, request->args, &view, err);
    if (code == TDM_OK) {
        tdm_document document;
        key_list list = { .context = context, .fold = view.fold, .json = &document.json };
        tdm_core_identity(context->core, &list.own);
        tdm_document_open(&document, answer, "tandem.keys/1", view.as_of_ms, view.complete);
        code = tdm_fold_keys(view.fold, write_key, &list, err);
        if (code == TDM_OK)
            code = tdm_document_close(&document, err);
        sodium_memzero(&list.own, sizeof list.own);
    }
    tdm_view_close(context, &view);
    return code;
}

/* ---- one node, by the beginning of its origin or an organisation it speaks for */

typedef struct node_search {
    const char *wanted;
    bool speaks;
} node_search;

static tdm_code compare_code(void *context, tdm_span code, tdm_err *err)
{
    (void)err;
    node_search *search = context;
    search->speaks =
        search->speaks
        || (code.len == strlen(search->wanted) && memcmp(code.data, search->wanted, code.len) == 0);
    return TDM_OK;
}

static bool is_meant(const tdm_service_context *context, tdm_fold *fold, const tdm_id *origin,
                     const char *wanted)
{
    char hex[2 * TDM_ID_BYTES + 1];
    node_search search = { .wanted = wanted };
    tdm_hex(hex, origin->bytes, TDM_ID_BYTES);
    if (strlen(wanted) >= 4 && strncmp(hex, wanted, strlen(wanted)) == 0)
        return true;
    tdm_fold_represented(fold, origin, tdm_today(context), compare_code, &search, NULL);
    return search.speaks;
}

tdm_code tdm_node_named(const tdm_service_context *context, tdm_fold *fold, const char *wanted, tdm_id *out,
                        tdm_err *err)
{
    tdm_origins origins = { 0 };
    size_t found = 0;
    tdm_code code = tdm_origins_read(context, fold, &origins, err);
    for (size_t i = 0; i < origins.count && code == TDM_OK; i++) {
        if (tdm_id_equal(&origins.ids[i], tdm_core_origin(context->core))
            || !is_meant(context, fold, &origins.ids[i], wanted))
            continue;
        *out = origins.ids[i];
        found++;
    }
    tdm_origins_free(&origins);
    if (code == TDM_OK && found == 0)
        code = tdm_fail(err, TDM_NOT_FOUND, 0,
                        "no node begins with or speaks for \"%.40s\": see tandem node list", wanted);
    if (code == TDM_OK && found > 1)
        code =
            tdm_fail(err, TDM_INVALID, 0,
                     "\"%.40s\" means %zu nodes: give the beginning of one's origin, as in tandem node list",
                     wanted, found);
    return code;
}

/* ---- revoke */

/* What was handed to the writer before is durable when a local write behind it is. */
tdm_code tdm_node_shut_out(const tdm_service_context *context, const tdm_id *origin, uint64_t *held,
                           tdm_err *err)
{
    if (context->shut_out != NULL && !context->shut_out(context->context, origin))
        return tdm_fail(err, TDM_BUSY, 0, "another node's keys are being revoked: try again in a moment");
    tdm_code code = tdm_core_local_put(context->core, "node/shut-out", (tdm_span){ 0 }, err);
    *held = tdm_key_facts_held(context->core, origin);
    if (code != TDM_OK)
        tdm_node_let_in(context);
    return code;
}

void tdm_node_let_in(const tdm_service_context *context)
{
    if (context->shut_out != NULL)
        context->shut_out(context->context, NULL);
}

static tdm_code write_changed(const tdm_service_context *context, const tdm_id *origin, size_t count,
                              uint64_t last, bool dry, tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.keys.changed/1", context->now_ms, true);
    tdm_json *json = &document.json;
    tdm_json_begin_object(json);
    tdm_json_id(tdm_json_key(json, "origin"), origin);
    tdm_member_text(json, "state", count == 0 ? "nothing to revoke" : dry ? "would be revoked" : "revoked");
    tdm_member_int(json, "keys", (int64_t)count);
    tdm_member_int(json, "valid_to", (int64_t)last);
    tdm_json_end_object(json);
    return tdm_document_close(&document, err);
}

/* One under way. */
typedef struct revocation {
    tdm_id origin;
    uint64_t last; /* how far its log is held: what is sealed up to there stays valid */
    size_t count;  /* of keys */
    tdm_drafts *drafts;
} revocation;

static tdm_code read_revocation(const tdm_service_context *context, const json_t *args, revocation *r,
                                tdm_err *err)
{
    const char *node = NULL;
    const char *confirm = tdm_arg_text(args, "confirm");
    tdm_code code = tdm_arg_needed(args, "node", "a node as in tandem node list", &node, err);
    if (code == TDM_OK && !tdm_arg_flag(args, "dry_run") && (confirm == NULL || strcmp(confirm, node) != 0))
        code = tdm_fail(err, TDM_UNCONFIRMED, 0,
                        "a revoked key never comes back: give the node again with --confirm");
    if (code == TDM_OK)
        code = tdm_settle(context, err);
    if (code != TDM_OK)
        return code;
    tdm_fold *fold = tdm_core_fold(context->core);
    code = tdm_node_named(context, fold, node, &r->origin, err);
    tdm_core_fold_release(context->core, fold);
    return code;
}

static tdm_code draft_revocation(const tdm_service_context *context, revocation *r, tdm_err *err)
{
    tdm_key_facts facts;
    tdm_fold *fold = tdm_core_fold(context->core);
    tdm_code code =
        tdm_key_facts_open(&facts, context->core, fold, &r->origin, tdm_today(context), r->drafts, err);
    if (code == TDM_OK)
        code = tdm_key_facts_revoke(&facts, NULL, NULL, r->last, &r->count, err);
    tdm_key_facts_free(&facts);
    tdm_core_fold_release(context->core, fold);
    return code;
}

static tdm_code state_revocation(const tdm_service_context *context, revocation *r, tdm_err *err)
{
    tdm_stated stated;
    tdm_code code = tdm_node_shut_out(context, &r->origin, &r->last, err);
    if (code != TDM_OK)
        return code;
    code = draft_revocation(context, r, err);
    bool states = code == TDM_OK && tdm_drafts_count(r->drafts) > 0;
    if (states)
        code = tdm_core_state_drafts(context->core, r->drafts, &stated, err);
    if (!states || code != TDM_OK)
        tdm_node_let_in(context);
    return code;
}

tdm_code tdm_serve_key_revoke(const tdm_service_context *context, const tdm_request *request,
                              tdm_answer *answer, tdm_err *err)
{
    revocation r = { .drafts = tdm_drafts_new() };
    bool dry = tdm_arg_flag(request->args, "dry_run");
    if (r.drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to revoke keys");
    tdm_code code = read_revocation(context, request->args, &r, err);
    r.last = code == TDM_OK ? tdm_key_facts_held(context->core, &r.origin) : 0;
    if (code == TDM_OK)
        code = dry ? draft_revocation(context, &r, err) : state_revocation(context, &r, err);
    tdm_drafts_free(&r.drafts);
    return code == TDM_OK ? write_changed(context, &r.origin, r.count, r.last, dry, answer, err) : code;
}
