/* SPDX-License-Identifier: MPL-2.0
 *
 * admission.c: who may connect: partners by the keys the hub's own log states, newcomers by a one-time key
 * from a join code, for ENROL alone, once, until it expires.
 */
#include "hub_inner.h"

#include "clock.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

/* ---- stating keys and rights
 * ---------------------------------------------------------------------------------------------- */

static tdm_code add_key(tdm_drafts *drafts, const tdm_id *origin, int64_t purpose, const uint8_t key[32],
                        tdm_date today, tdm_err *err)
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_KEY);
    tdm_record_set_bytes(&record, TDM_KEY_ORIGIN, (tdm_span){ origin->bytes, TDM_ID_BYTES });
    tdm_record_set_number(&record, TDM_KEY_PURPOSE, purpose);
    tdm_record_set_bytes(&record, TDM_KEY_PUBLIC_KEY, (tdm_span){ key, 32 });
    tdm_record_set_number(&record, TDM_KEY_STATE, TDM_KEYSTATE_IS_ACTIVE);
    char origin_hex[33];
    char key_hex[65];
    tdm_hex(origin_hex, origin->bytes, TDM_ID_BYTES);
    tdm_hex(key_hex, key, 32);
    const char *words[] = { "key", origin_hex, key_hex };
    tdm_id fact = tdm_fact_named(words, 3);
    tdm_buf subject = { 0 };
    tdm_subject_origin(&subject, origin);
    tdm_code code =
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, today, &record, err);
    tdm_buf_free(&subject);
    return code;
}

/* The first organisation of a join code is the node itself; for the others it answers (a network for its
 * practices). */
static tdm_code add_represents(tdm_drafts *drafts, const tdm_id *origin, const char *organisation, bool first,
                               tdm_date today, tdm_err *err)
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_REPRESENTS);
    tdm_record_set_bytes(&record, TDM_REPRESENTS_ORIGIN, (tdm_span){ origin->bytes, TDM_ID_BYTES });
    tdm_record_set_text(&record, TDM_REPRESENTS_ORGANISATION, organisation);
    tdm_record_set_number(&record, TDM_REPRESENTS_MODE, first ? TDM_MODE_IS_REPRESENTS : TDM_MODE_IS_ANSWERS);
    char origin_hex[33];
    tdm_hex(origin_hex, origin->bytes, TDM_ID_BYTES);
    const char *words[] = { "represents", origin_hex, organisation };
    tdm_id fact = tdm_fact_named(words, 3);
    tdm_buf subject = { 0 };
    tdm_subject_origin(&subject, origin);
    tdm_code code =
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, today, &record, err);
    tdm_buf_free(&subject);
    return code;
}

static tdm_code state_enrolment(tdm_core *core, const tdm_frame *enrol, const tdm_invite *invite,
                                uint64_t *position, tdm_err *err)
{
    tdm_drafts *drafts = tdm_drafts_new();
    if (drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for an enrolment");
    tdm_date today = tdm_date_in_london(tdm_clock_wall_ms());
    const tdm_id *origin = &enrol->enrol.origin;
    tdm_code code = add_key(drafts, origin, TDM_PURPOSE_IS_SEAL, enrol->enrol.seal_key, today, err);
    if (code == TDM_OK)
        code = add_key(drafts, origin, TDM_PURPOSE_IS_LINK, enrol->enrol.link_key, today, err);
    for (size_t i = 0; i < invite->count && code == TDM_OK; i++)
        code = add_represents(drafts, origin, invite->organisations[i], i == 0, today, err);
    tdm_stated stated = { 0 };
    if (code == TDM_OK)
        code = tdm_core_state_drafts(core, drafts, &stated, err);
    *position = stated.position;
    tdm_drafts_free(&drafts);
    return code;
}

/* A hub's own seal key is stated in its own log, so that an exported log names every key it was sealed with.
 */
static tdm_code state_own_key(tdm_hub *hub, tdm_err *err)
{
    tdm_core *core = hub->daemon->core;
    tdm_seal_key own;
    tdm_core_seal_key(core, &own);
    if (tdm_keyring_may_seal(hub->keyring, tdm_core_origin(core), own.public_key, 1))
        return TDM_OK;
    tdm_drafts *drafts = tdm_drafts_new();
    if (drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the hub's key");
    tdm_stated stated;
    tdm_code code = add_key(drafts, tdm_core_origin(core), TDM_PURPOSE_IS_SEAL, own.public_key,
                            tdm_date_in_london(tdm_clock_wall_ms()), err);
    if (code == TDM_OK)
        code = tdm_core_state_drafts(core, drafts, &stated, err);
    tdm_drafts_free(&drafts);
    return code;
}

/* ---- the table of admitted keys
 * ------------------------------------------------------------------------------------------------ */

static tdm_code admit_invite(void *context, const tdm_invite *invite, tdm_err *err)
{
    (void)err;
    tdm_hub *hub = context;
    /* A used code stays known until it expires: its origin may have to ask again, and is then answered the
     * same. */
    if (invite->expires_ms > tdm_clock_wall_ms())
        tdm_zap_admit(hub->zap, invite->public_key, TDM_ADMIT_ENROL, &(tdm_id){ { 0 } }, invite->expires_ms);
    return TDM_OK;
}

static void sync_zap(tdm_hub *hub)
{
    size_t count;
    const tdm_key_fact *keys = tdm_keyring_keys(hub->keyring, &count);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].purpose != TDM_PURPOSE_IS_LINK)
            continue;
        if (keys[i].active)
            tdm_zap_admit(hub->zap, keys[i].key, TDM_ADMIT_PEER, &keys[i].origin, 0);
        else
            tdm_zap_remove(hub->zap, keys[i].key);
    }
}

static tdm_code load_keys(tdm_hub *hub, tdm_err *err)
{
    tdm_fold *fold = tdm_core_fold(hub->daemon->core);
    tdm_code code = tdm_keyring_load(hub->keyring, fold, err);
    tdm_core_fold_release(hub->daemon->core, fold);
    if (code == TDM_OK)
        sync_zap(hub);
    return code;
}

static uint64_t own_last(tdm_hub *hub)
{
    tdm_core *core = hub->daemon->core;
    tdm_tip tip = { 0 };
    tdm_ledger_tip(tdm_core_ledger(core), tdm_core_origin(core), tdm_core_incarnation(core), &tip, NULL);
    return tip.last;
}

tdm_code hub_admission_open(tdm_hub *hub, tdm_err *err)
{
    tdm_code code = tdm_keyring_new(&hub->keyring, err);
    if (code == TDM_OK)
        code = tdm_core_wait_folded(hub->daemon->core, 1, 60000, err); /* keys are there once the fold is */
    if (code == TDM_OK)
        code = load_keys(hub, err);
    if (code == TDM_OK)
        code = state_own_key(hub, err);
    if (code == TDM_OK)
        code = tdm_invite_each(hub->daemon->core, admit_invite, hub, err);
    return code;
}

void hub_admission_refresh(tdm_hub *hub)
{
    uint64_t last = own_last(hub);
    if (last == hub->keyring_at || tdm_core_fold_lag(hub->daemon->core) > 0)
        return;
    tdm_err err;
    if (load_keys(hub, &err) == TDM_OK)
        hub->keyring_at = last;
    else
        tdm_log_failure(TDM_LOG_ERROR, "KEYS-UNREADABLE", &err);
}

/* ---- enrolment
 * --------------------------------------------------------------------------------------------------------------------
 */

tdm_code hub_admission_enrol(hub_peer *peer, const tdm_frame *enrol, uint64_t token)
{
    tdm_hub *hub = peer->hub;
    hub_enrolment *item = calloc(1, sizeof *item);
    if (item == NULL)
        return TDM_BUSY;
    item->peer = peer;
    item->token = token;
    item->code = tdm_invite_use(hub->daemon->core, peer->key, &enrol->enrol.origin, tdm_clock_wall_ms(),
                                &item->invite, &item->err);
    if (item->code == TDM_OK)
        item->code = state_enrolment(hub->daemon->core, enrol, &item->invite, &item->position, &item->err);
    item->next = hub->enrolments;
    hub->enrolments = item;
    return TDM_OK;
}

static bool is_ready(tdm_hub *hub, const hub_enrolment *item)
{
    return item->code != TDM_OK || tdm_core_wait_folded(hub->daemon->core, item->position, 0, NULL) == TDM_OK;
}

static void answer_one(tdm_hub *hub, const hub_enrolment *item)
{
    tdm_span codes[TDM_INVITE_CODES_MAX];
    for (size_t i = 0; i < item->invite.count; i++)
        codes[i] = tdm_span_text(item->invite.organisations[i]);
    tdm_err err;
    if (item->code == TDM_OK && load_keys(hub, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "KEYS-UNREADABLE", &err);
    tdm_log(item->code == TDM_OK ? TDM_LOG_NOTICE : TDM_LOG_WARN, "ENROLMENT",
            tdm_log_text("outcome", tdm_code_word(item->code)),
            tdm_log_text("organisation", item->invite.count > 0 ? item->invite.organisations[0] : ""),
            tdm_log_text("what", item->code == TDM_OK ? "" : item->err.what));
    if (item->code != TDM_OK)
        tdm_metrics_add(hub->daemon->metrics, TDM_METRIC_EVENTS_REJECTED, "enrol_denied", 1);
    tdm_link_enrolled(item->peer->link, item->token, item->code, codes, item->invite.count,
                      item->code == TDM_OK ? "" : item->err.what, tdm_clock_mono_ms());
}

void hub_admission_answer(tdm_hub *hub)
{
    for (hub_enrolment **at = &hub->enrolments; *at != NULL;) {
        hub_enrolment *item = *at;
        if (!is_ready(hub, item)) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        answer_one(hub, item);
        free(item);
    }
}

void hub_admission_forget(tdm_hub *hub, const hub_peer *peer)
{
    for (hub_enrolment **at = &hub->enrolments; *at != NULL;) {
        hub_enrolment *item = *at;
        if (item->peer != peer) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        free(item);
    }
}

void hub_admission_close(tdm_hub *hub)
{
    while (hub->enrolments != NULL) {
        hub_enrolment *item = hub->enrolments;
        hub->enrolments = item->next;
        free(item);
    }
    tdm_keyring_destroy(&hub->keyring);
}
