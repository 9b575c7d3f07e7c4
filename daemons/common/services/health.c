/* SPDX-License-Identifier: MPL-2.0
 *
 * health.c: what status does not tell and whoever looks for faults needs: own keys as the hub states them,
 * clocks that are ahead, the oldest read of the store's file. Facts alone: `tandem doctor` judges them.
 */
#include "nodes.h"

#include "../hub_rotation.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- own keys */

typedef struct own_key {
    const char *purpose;
    uint32_t number;
    uint8_t key[32];
    bool stated;
    bool active;
} own_key;

typedef struct key_look {
    const tdm_id *origin;
    own_key *keys;
    size_t count;
} key_look;

static tdm_code note_key(void *context, const tdm_key_fact *fact, tdm_err *err)
{
    (void)err;
    key_look *look = context;
    for (size_t i = 0; i < look->count; i++) {
        own_key *own = &look->keys[i];
        if (own->number != fact->purpose || memcmp(own->key, fact->key, sizeof own->key) != 0
            || !tdm_id_equal(look->origin, &fact->origin))
            continue;
        own->stated = true;
        own->active = own->active || fact->active;
    }
    return TDM_OK;
}

static void read_own(tdm_core *core, own_key keys[2])
{
    tdm_seal_key seal;
    uint8_t secret[32];
    tdm_core_seal_key(core, &seal);
    memcpy(keys[0].key, seal.public_key, sizeof keys[0].key);
    tdm_core_link_key(core, keys[1].key, secret);
    sodium_memzero(&seal, sizeof seal);
    sodium_memzero(secret, sizeof secret);
}

static void write_key_state(tdm_json *json, const char *purpose, const char *state)
{
    tdm_json_begin_object(json);
    tdm_member_text(json, "purpose", purpose);
    tdm_member_text(json, "state", state);
    tdm_json_end_object(json);
}

/* A hub states no link key of its own until it is turned over. A store without an identity (an imported log)
 * has no keys; nor is anything stated of those of a node that joined no hub. */
static tdm_code write_keys(const tdm_service_context *context, tdm_fold *fold, tdm_json *json, tdm_err *err)
{
    tdm_id hub;
    own_key keys[] = { { .purpose = "seal", .number = TDM_PURPOSE_IS_SEAL },
                       { .purpose = "link", .number = TDM_PURPOSE_IS_LINK } };
    const tdm_id *origin = tdm_core_origin(context->core);
    bool any = tdm_core_authority(context->core, &hub) && !tdm_id_is_zero(origin);
    key_look look = { origin, keys, any ? tdm_core_is_hub(context->core) ? 1 : 2 : 0 };
    read_own(context->core, keys);
    tdm_code code = look.count == 0 ? TDM_OK : tdm_fold_keys(fold, note_key, &look, err);
    tdm_json_begin_array(tdm_json_key(json, "keys"));
    for (size_t i = 0; i < look.count; i++)
        write_key_state(json, keys[i].purpose,
                        keys[i].active   ? "active"
                        : keys[i].stated ? "revoked"
                                         : "not stated");
    if (any && tdm_core_is_hub(context->core) && tdm_hub_rotation_is_on(context->core))
        write_key_state(json, "link", "being turned over");
    tdm_json_end_array(json);
    return code;
}

/* ---- clocks
 *
 * An event can not come before it was recorded: if the sender's clock says so, it is ahead of this one by at
 * least that. That it is behind shows at its own end, where ours is ahead; here it would look like a link
 * that was down. The newest own event can not lie in the future, unless this clock was set back. */

static int64_t ahead_s(const tdm_service_context *context, const tdm_tip *tip)
{
    tdm_buf bytes = { 0 };
    tdm_event event = { 0 };
    bool own = tdm_id_equal(&tip->origin, tdm_core_origin(context->core));
    int64_t since_ms = own ? context->now_ms : tip->received_ms;
    bool read =
        tdm_ledger_event_at(tdm_core_ledger(context->core), tip->last_position, &bytes, NULL) == TDM_OK
        && tdm_event_peek(tdm_buf_span(&bytes), &event, NULL) == TDM_OK;
    bool known = read && since_ms > 0; /* what a file brought does not tell when it first came */
    int64_t ahead = known ? (event.recorded_ms - since_ms) / 1000 : 0;
    tdm_buf_free(&bytes);
    return ahead;
}

/* Those that are ahead. */
static tdm_code write_clocks(const tdm_service_context *context, tdm_fold *fold, tdm_json *json, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    tdm_code code = tdm_ledger_tips(tdm_core_ledger(context->core), &tips, &count, err);
    tdm_json_begin_array(tdm_json_key(json, "clocks_ahead"));
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        int64_t ahead = ahead_s(context, &tips[i]);
        if (ahead <= 0)
            continue;
        tdm_json_begin_object(json);
        tdm_json_id(tdm_json_key(json, "origin"), &tips[i].origin);
        code = tdm_write_organisations(context, fold, &tips[i].origin, json, err);
        tdm_member_int(json, "ahead_s", ahead);
        tdm_member_bool(json, "own", tdm_id_equal(&tips[i].origin, tdm_core_origin(context->core)));
        tdm_json_end_object(json);
    }
    tdm_json_end_array(json);
    free(tips);
    return code;
}

/* ---- the whole */

static tdm_code write_readers(const tdm_service_context *context, tdm_json *json, tdm_err *err)
{
    tdm_kv *kv = tdm_ledger_kv(tdm_core_ledger(context->core));
    tdm_kv_stats stats = { 0 };
    tdm_kv_sweep_readers(kv); /* slots of processes that are gone hold nothing up any more */
    tdm_code code = tdm_kv_stat(kv, &stats, err);
    tdm_member_int(json, "store_format", TDM_LEDGER_FORMAT);
    tdm_member_int(json, "reader_behind", (int64_t)stats.reader_behind);
    tdm_member_int(json, "reader_pid", stats.reader_pid);
    return code;
}

tdm_code tdm_serve_health(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    tdm_view view = { 0 };
    tdm_code code = tdm_view_open(context, request->args, &view, err);
    if (code != TDM_OK)
        return code;
    tdm_document document;
    tdm_json *json = &document.json;
    tdm_document_open(&document, answer, "tandem.health/1", view.as_of_ms, view.complete);
    tdm_json_begin_object(json);
    code = write_readers(context, json, err);
    if (code == TDM_OK)
        code = write_keys(context, view.fold, json, err);
    if (code == TDM_OK)
        code = write_clocks(context, view.fold, json, err);
    tdm_json_end_object(json);
    if (code == TDM_OK)
        code = tdm_document_close(&document, err);
    tdm_view_close(context, &view);
    return code;
}
