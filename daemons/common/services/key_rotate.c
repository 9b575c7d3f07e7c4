/* SPDX-License-Identifier: MPL-2.0
 *
 * key_rotate.c: keys turned over: a node's by its hub (rotation.h), a hub's own by itself (hub_rotation.h).
 */
#include "nodes.h"

#include "../hub_rotation.h"
#include "../rotation.h"

/* ---- rotate */

static const char *const TURNED[] = { "turned over", "would be turned over" };
static const char *const ASKED[] = { "asked for", "would be asked for" };
static const char UNDER_WAY[] = "under way already";
static const char JUST_DONE[] = "turned over within the hour";

static tdm_code write_state(const tdm_service_context *context, const char *state, tdm_answer *answer,
                            tdm_err *err)
{
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.rotation/1", context->now_ms, true);
    tdm_json_begin_object(&document.json);
    tdm_json_id(tdm_json_key(&document.json, "origin"), tdm_core_origin(context->core));
    tdm_member_text(&document.json, "state", state);
    tdm_json_end_object(&document.json);
    return tdm_document_close(&document, err);
}

static tdm_code rotate_hub(const tdm_service_context *context, bool dry, const char **state, tdm_err *err)
{
    *state = tdm_hub_rotation_is_on(context->core) ? UNDER_WAY : TURNED[dry];
    return dry ? TDM_OK : tdm_hub_rotation_go(context->core, TDM_TURN_TOLD, err);
}

static tdm_code rotate_node(const tdm_service_context *context, bool again, bool dry, const char **state,
                            tdm_err *err)
{
    tdm_rotation_state found = TDM_ROTATION_BEGUN;
    tdm_code code =
        (dry ? tdm_rotation_look : tdm_rotation_begin)(context->core, context->now_ms, again, &found, err);
    *state = found == TDM_ROTATION_BEGUN       ? ASKED[dry]
             : found == TDM_ROTATION_UNDER_WAY ? UNDER_WAY
                                               : JUST_DONE;
    if (code == TDM_OK && !dry && found != TDM_ROTATION_JUST_DONE && context->rejoin != NULL)
        context->rejoin(context->context);
    return code;
}

tdm_code tdm_serve_key_rotate(const tdm_service_context *context, const tdm_request *request,
                              tdm_answer *answer, tdm_err *err)
{
    const char *state = NULL;
    bool dry = tdm_arg_flag(request->args, "dry_run");
    bool again = tdm_arg_flag(request->args, "again");
    tdm_code code = tdm_core_is_hub(context->core) ? rotate_hub(context, dry, &state, err)
                                                   : rotate_node(context, again, dry, &state, err);
    return code == TDM_OK ? write_state(context, state, answer, err) : code;
}

/* ---- retire: who knows the key that comes, and who will not find the hub */

typedef struct node_rows {
    const tdm_service_context *context;
    tdm_fold *fold;
    tdm_json *json;
    tdm_id before; /* keys come ordered as they were stated: one row an origin */
} node_rows;

static bool is_node(const node_rows *rows, const tdm_key_fact *key)
{
    return key->purpose == TDM_PURPOSE_IS_LINK && key->active
           && !tdm_id_equal(&key->origin, tdm_core_origin(rows->context->core))
           && !tdm_id_equal(&key->origin, &rows->before);
}

static tdm_code write_node(void *context, const tdm_key_fact *key, tdm_err *err)
{
    node_rows *rows = context;
    if (!is_node(rows, key))
        return TDM_OK;
    rows->before = key->origin;
    tdm_json_begin_object(rows->json);
    tdm_json_id(tdm_json_key(rows->json, "node"), &key->origin);
    tdm_code code = tdm_write_organisations(rows->context, rows->fold, &key->origin, rows->json, err);
    bool heard = tdm_hub_rotation_has_heard(rows->context->core, &key->origin);
    tdm_member_text(rows->json, "state", heard ? "knows the new key" : "needs a new code");
    tdm_json_end_object(rows->json);
    return code;
}

/* Before the last step, which forgets who heard. */
static tdm_code write_nodes(const tdm_service_context *context, tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.rotation.nodes/1", context->now_ms, true);
    node_rows rows = { .context = context, .fold = tdm_core_fold(context->core), .json = &document.json };
    tdm_code code = tdm_fold_keys(rows.fold, write_node, &rows, err);
    tdm_core_fold_release(context->core, rows.fold);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}

tdm_code tdm_serve_key_retire(const tdm_service_context *context, const tdm_request *request,
                              tdm_answer *answer, tdm_err *err)
{
    bool dry = tdm_arg_flag(request->args, "dry_run");
    if (!tdm_hub_rotation_is_on(context->core))
        return tdm_fail(err, TDM_NOT_FOUND, 0,
                        "no old link key stands beside a new one: tandem key rotate makes new keys");
    tdm_code code = dry ? TDM_OK : tdm_hub_rotation_go(context->core, TDM_TURN_UNLINKED, err);
    if (code == TDM_OK)
        code = write_nodes(context, answer, err);
    if (code == TDM_OK && !dry)
        code = tdm_hub_rotation_go(context->core, TDM_TURN_DONE, err);
    if (code == TDM_OK && !dry && context->rejoin != NULL)
        context->rejoin(context->context);
    return code;
}
