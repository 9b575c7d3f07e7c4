/* SPDX-License-Identifier: MPL-2.0
 *
 * node.c: who takes part: at a hub every node it knows, silent ones too; at a node itself and its hub.
 */
#include "nodes.h"

#include <stdlib.h>
#include <string.h>

const json_t *tdm_link_row(const json_t *links, const tdm_id *origin)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, origin->bytes, TDM_ID_BYTES);
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *row = json_array_get(links, i);
        const char *text = json_string_value(json_object_get(row, "origin"));
        if (text != NULL && strcmp(text, hex) == 0)
            return row;
    }
    return NULL;
}

int64_t tdm_link_number(const json_t *row, const char *key)
{
    return row == NULL ? 0 : (int64_t)json_integer_value(json_object_get(row, key));
}

json_t *tdm_links_read(const tdm_service_context *context)
{
    json_t *links = context->links == NULL ? NULL : context->links(context->context);
    return links == NULL ? json_array() : links;
}

/* ---- origins known: those the authority gave keys, and those whose log is here */

static tdm_code add_origin(tdm_origins *list, const tdm_id *origin, tdm_err *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (tdm_id_equal(&list->ids[i], origin))
            return TDM_OK;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        tdm_id *ids = realloc(list->ids, capacity * sizeof *ids);
        if (ids == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for the nodes");
        list->ids = ids;
        list->capacity = capacity;
    }
    list->ids[list->count++] = *origin;
    return TDM_OK;
}

static tdm_code note_key(void *context, const tdm_key_fact *key, tdm_err *err)
{
    return add_origin(context, &key->origin, err);
}

tdm_code tdm_origins_read(const tdm_service_context *context, tdm_fold *fold, tdm_origins *out, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    *out = (tdm_origins){ 0 };
    tdm_code code = tdm_fold_keys(fold, note_key, out, err);
    if (code == TDM_OK)
        code = tdm_ledger_tips(tdm_core_ledger(context->core), &tips, &count, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        code = add_origin(out, &tips[i].origin, err);
    free(tips);
    return code;
}

void tdm_origins_free(tdm_origins *list)
{
    free(list->ids);
    *list = (tdm_origins){ 0 };
}

/* The incarnation an origin is in now: the one that was heard of last. */
static bool newest_tip(const tdm_tip *tips, size_t count, const tdm_id *origin, tdm_tip *out)
{
    bool found = false;
    for (size_t i = 0; i < count && tdm_id_compare(&tips[i].origin, origin) <= 0; i++)
        if (tdm_id_equal(&tips[i].origin, origin) && (!found || tips[i].last_position > out->last_position)) {
            *out = tips[i];
            found = true;
        }
    return found;
}

bool tdm_origin_tip(const tdm_service_context *context, const tdm_id *origin, tdm_tip *out)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    if (tdm_ledger_tips(tdm_core_ledger(context->core), &tips, &count, NULL) != TDM_OK)
        return false;
    bool found = newest_tip(tips, count, origin, out);
    free(tips);
    return found;
}

static tdm_code write_code(void *context, tdm_span code, tdm_err *err)
{
    (void)err;
    tdm_json_span(context, code);
    return TDM_OK;
}

tdm_code tdm_write_organisations(const tdm_service_context *context, tdm_fold *fold, const tdm_id *origin,
                                 tdm_json *json, tdm_err *err)
{
    tdm_json_begin_array(tdm_json_key(json, "organisations"));
    tdm_code code = tdm_fold_represented(fold, origin, tdm_today(context), write_code, json, err);
    tdm_json_end_array(json);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

/* ---- list */

typedef struct node_list {
    const tdm_service_context *context;
    tdm_fold *fold;
    json_t *links;       /* by origin */
    const tdm_tip *tips; /* ordered by origin, read once: a hub has a thousand nodes */
    size_t tip_count;
    tdm_json *json;
    tdm_err *err;
} node_list;

static const json_t *link_of(const node_list *list, const tdm_id *origin)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, origin->bytes, TDM_ID_BYTES);
    return json_object_get(list->links, hex);
}

static json_t *links_by_origin(const json_t *links)
{
    size_t index;
    json_t *row;
    json_t *all = json_object();
    json_array_foreach(links, index, row)
    {
        const char *origin = json_string_value(json_object_get(row, "origin"));
        if (origin != NULL)
            json_object_set(all, origin, row);
    }
    return all;
}

static void write_state(const node_list *list, const tdm_id *origin, const json_t *link, bool heard)
{
    const char *state = json_string_value(json_object_get(link, "state"));
    if (tdm_id_equal(origin, tdm_core_origin(list->context->core)))
        state = "here";
    else if (state == NULL)
        state = heard ? "down" : "never";
    tdm_member_text(list->json, "state", state);
}

static void member_if(tdm_json *json, const char *key, bool known, int64_t value)
{
    tdm_json_key(json, key);
    if (known)
        tdm_json_int(json, value);
    else
        tdm_json_null(json);
}

/* How far behind: at the hub what the node has and the hub has not, at a node what the hub has not. */
static int64_t lag_of(const node_list *list, const json_t *link, int64_t last)
{
    tdm_tip own;
    int64_t lag = tdm_link_number(link, "peer_last") - last;
    if (!tdm_core_is_hub(list->context->core)
        && newest_tip(list->tips, list->tip_count, tdm_core_origin(list->context->core), &own))
        lag = (int64_t)own.last - tdm_link_number(link, "acked");
    return lag < 0 ? 0 : lag;
}

static tdm_code write_node(const node_list *list, const tdm_id *origin)
{
    tdm_tip tip = { 0 };
    bool heard = newest_tip(list->tips, list->tip_count, origin, &tip);
    const json_t *link = link_of(list, origin);
    bool own = tdm_id_equal(origin, tdm_core_origin(list->context->core));
    int64_t seen = tdm_link_number(link, "last_seen_ms");
    tdm_json *json = list->json;
    tdm_json_begin_object(json);
    tdm_json_id(tdm_json_key(json, "origin"), origin);
    tdm_code code = tdm_write_organisations(list->context, list->fold, origin, json, list->err);
    write_state(list, origin, link, heard);
    tdm_member_int(json, "last_sequence", (int64_t)tip.last);
    member_if(json, "lag_events", link != NULL && !own, lag_of(list, link, (int64_t)tip.last));
    tdm_member_time(json, "last_seen", seen > 0, seen);
    tdm_member_time(json, "last_event", heard && tip.received_ms > 0, tip.received_ms);
    bool fed = tdm_core_is_hub(list->context->core) && link != NULL;
    int64_t feed_last = fed ? (int64_t)tdm_fold_feed_last(list->fold, origin) : 0;
    int64_t feed_lag = feed_last - tdm_link_number(link, "feed_acked");
    member_if(json, "feed_lag", fed, feed_lag < 0 ? 0 : feed_lag);
    tdm_member_text(json, "refusal", json_string_value(json_object_get(link, "refusal")));
    tdm_json_end_object(json);
    return code;
}

static tdm_code write_nodes(node_list *list, const tdm_origins *origins, const json_t *links)
{
    tdm_tip *tips = NULL;
    tdm_code code = tdm_ledger_tips(tdm_core_ledger(list->context->core), &tips, &list->tip_count, list->err);
    list->tips = tips;
    list->links = links_by_origin(links);
    for (size_t i = 0; i < origins->count && code == TDM_OK; i++)
        code = write_node(list, &origins->ids[i]);
    json_decref(list->links);
    free(tips);
    return code;
}

tdm_code tdm_serve_node_list(const tdm_service_context *context, const tdm_request *request,
                             tdm_answer *answer, tdm_err *err)
{
    tdm_view view = { 0 };
    tdm_origins origins = { 0 };
    tdm_code code = tdm_view_open(context, request->args, &view, err);
    if (code != TDM_OK)
        return code;
    json_t *links = tdm_links_read(context);
    code = tdm_origins_read(context, view.fold, &origins, err);
    if (code == TDM_OK) {
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.nodes/1", view.as_of_ms, view.complete);
        node_list list = { .context = context, .fold = view.fold, .json = &document.json, .err = err };
        code = write_nodes(&list, &origins, links);
        if (code == TDM_OK)
            code = tdm_document_close(&document, err);
    }
    tdm_origins_free(&origins);
    json_decref(links);
    tdm_view_close(context, &view);
    return code;
}
