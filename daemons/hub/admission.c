/* SPDX-License-Identifier: MPL-2.0
 *
 * admission.c: who may connect: partners by the keys the hub's own log states, newcomers by a one-time key
 * from a join code, for ENROL alone, once, until it expires.
 */
#include "hub_inner.h"

#include "clock.h"
#include "filing.h"
#include "key_facts.h"
#include "log.h"
#include "rotation.h"

#include "tandem/pack.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static bool has_active(const tdm_hub *hub, const tdm_id *origin, uint32_t purpose, const uint8_t key[32])
{
    const tdm_key_fact *found = tdm_keyring_find(hub->keyring, origin, purpose, key);
    return found != NULL && found->active;
}

/* ---- stating keys and rights
 * ---------------------------------------------------------------------------------------------- */

static tdm_code add_filed(tdm_drafts *drafts, const tdm_record *record, tdm_date today, tdm_err *err)
{
    tdm_buf subject = { 0 };
    tdm_id fact = tdm_filing_place(record, &subject);
    tdm_code code =
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, today, record, err);
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
    return add_filed(drafts, &record, today, err);
}

/* The keys it names, and where a code restores the node, an end to those it had. */
static tdm_code draft_keys(tdm_hub *hub, tdm_fold *fold, const tdm_frame *enrol, bool restores,
                           tdm_date today, tdm_drafts *drafts, tdm_err *err)
{
    tdm_core *core = hub->daemon->core;
    const tdm_id *origin = &enrol->enrol.origin;
    tdm_key_facts facts;
    size_t revoked = 0;
    tdm_code code = tdm_key_facts_open(&facts, core, fold, origin, today, drafts, err);
    if (code == TDM_OK)
        code = tdm_key_facts_want(&facts, TDM_PURPOSE_IS_SEAL, enrol->enrol.seal_key, true, 0, err);
    if (code == TDM_OK)
        code = tdm_key_facts_want(&facts, TDM_PURPOSE_IS_LINK, enrol->enrol.link_key, true, 0, err);
    if (code == TDM_OK && restores)
        code = tdm_key_facts_revoke(&facts, enrol->enrol.seal_key, enrol->enrol.link_key,
                                    tdm_key_facts_held(core, origin), &revoked, err);
    tdm_key_facts_free(&facts);
    return code;
}

/* A node that asks again (its answer was lost, the hub crashed) is known by then: what stands already is not
 * stated twice. */
static tdm_code draft_enrolment(tdm_hub *hub, const tdm_frame *enrol, const tdm_invite *invite,
                                tdm_drafts *drafts, tdm_err *err)
{
    tdm_date today = tdm_date_in_london(tdm_clock_wall_ms());
    const tdm_id *origin = &enrol->enrol.origin;
    tdm_fold *fold = tdm_core_fold(hub->daemon->core);
    tdm_code code = draft_keys(hub, fold, enrol, invite->restores, today, drafts, err);
    for (size_t i = 0; i < invite->count && code == TDM_OK; i++)
        if (!tdm_fold_represents(fold, origin, tdm_span_text(invite->organisations[i]), today))
            code = add_represents(drafts, origin, invite->organisations[i], i == 0, today, err);
    tdm_core_fold_release(hub->daemon->core, fold);
    return code;
}

static tdm_code state_enrolment(tdm_hub *hub, const tdm_frame *enrol, const tdm_invite *invite,
                                uint64_t *position, tdm_err *err)
{
    tdm_drafts *drafts = tdm_drafts_new();
    if (drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for an enrolment");
    tdm_stated stated = { 0 };
    tdm_code code = draft_enrolment(hub, enrol, invite, drafts, err);
    if (code == TDM_OK && tdm_drafts_count(drafts) > 0)
        code = tdm_core_state_drafts(hub->daemon->core, drafts, &stated, err);
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
    sodium_memzero(own.secret_key, sizeof own.secret_key);
    if (tdm_keyring_may_seal(hub->keyring, tdm_core_origin(core), own.public_key, 1))
        return TDM_OK;
    tdm_drafts *drafts = tdm_drafts_new();
    if (drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the hub's key");
    tdm_stated stated;
    tdm_key_facts facts;
    tdm_fold *fold = tdm_core_fold(core);
    tdm_code code = tdm_key_facts_open(&facts, core, fold, tdm_core_origin(core),
                                       tdm_date_in_london(tdm_clock_wall_ms()), drafts, err);
    if (code == TDM_OK)
        code = tdm_key_facts_want(&facts, TDM_PURPOSE_IS_SEAL, own.public_key, true, 0, err);
    tdm_key_facts_free(&facts);
    tdm_core_fold_release(core, fold);
    if (code == TDM_OK && tdm_drafts_count(drafts) > 0)
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

/* Whose link keys are admitted: nodes dial, and the hub's own key is what they dial. */
static bool dials(const tdm_hub *hub, const tdm_key_fact *key)
{
    return key->purpose == TDM_PURPOSE_IS_LINK
           && !tdm_id_equal(&key->origin, tdm_core_origin(hub->daemon->core));
}

static void sync_zap(tdm_hub *hub)
{
    size_t count;
    const tdm_key_fact *keys = tdm_keyring_keys(hub->keyring, &count);
    for (size_t i = 0; i < count; i++) {
        if (!dials(hub, &keys[i]))
            continue;
        if (keys[i].active)
            tdm_zap_admit(hub->zap, keys[i].key, TDM_ADMIT_PEER, &keys[i].origin, 0);
        else
            tdm_zap_remove(hub->zap, keys[i].key);
    }
}

/* Link keys that were admitted and no longer stand as active: revoked, or their fact was voided. */
static void remove_stale(tdm_hub *hub, const tdm_key_fact *before, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (before[i].purpose == TDM_PURPOSE_IS_LINK
            && !has_active(hub, &before[i].origin, TDM_PURPOSE_IS_LINK, before[i].key))
            tdm_zap_remove(hub->zap, before[i].key);
}

static tdm_code load_keys(tdm_hub *hub, tdm_err *err)
{
    size_t count;
    const tdm_key_fact *held = tdm_keyring_keys(hub->keyring, &count);
    tdm_key_fact *before = calloc(count + 1, sizeof *before);
    if (before == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for %zu keys", count);
    if (count > 0)
        memcpy(before, held, count * sizeof *before);
    tdm_fold *fold = tdm_core_fold(hub->daemon->core);
    tdm_code code = tdm_keyring_load(hub->keyring, fold, err);
    tdm_core_fold_release(hub->daemon->core, fold);
    if (code == TDM_OK) {
        remove_stale(hub, before, count);
        sync_zap(hub);
    }
    free(before);
    return code;
}

/* Keys and rights are filed under their origin; nothing else in the hub's log, tides above all, moves them.
 * What cannot be read may have. */
static bool touches_keys(tdm_hub *hub, uint64_t from)
{
    enum { STEP_BYTES = 262144, STEP_RUNS = 64 };
    tdm_core *core = hub->daemon->core;
    tdm_run_batch batch = { 0 };
    bool touches = tdm_ledger_runs(tdm_core_ledger(core), tdm_core_origin(core), tdm_core_incarnation(core),
                                   from, STEP_BYTES, STEP_RUNS, false, &batch, NULL)
                       != TDM_OK
                   || batch.run_count == 0;
    tdm_cursor cursor = tdm_cursor_over(tdm_buf_span(&batch.events));
    while (!touches && tdm_cursor_peek(&cursor) != TDM_ITEM_END) {
        tdm_event event;
        touches = tdm_event_peek(tdm_cursor_skip(&cursor), &event, NULL) != TDM_OK
                  || tdm_subject_is_origin(event.subject);
    }
    if (!touches)
        hub->keyring_at = batch.runs[batch.run_count - 1].last;
    tdm_run_batch_free(&batch);
    return touches;
}

tdm_code hub_admission_open(tdm_hub *hub, tdm_err *err)
{
    tdm_code code = tdm_keyring_new(&hub->keyring, err);
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
    tdm_core *core = hub->daemon->core;
    tdm_tip own = { 0 };
    tdm_ledger_tip(tdm_core_ledger(core), tdm_core_origin(core), tdm_core_incarnation(core), &own, NULL);
    if (own.last == hub->keyring_at || tdm_core_folded(core) < own.last_position)
        return;
    while (hub->keyring_at > 0 && hub->keyring_at < own.last)
        if (touches_keys(hub, hub->keyring_at + 1))
            break;
    if (hub->keyring_at == own.last)
        return;
    tdm_err err;
    if (load_keys(hub, &err) != TDM_OK) {
        tdm_log_failure(TDM_LOG_ERROR, "KEYS-UNREADABLE", &err);
        return;
    }
    hub->keyring_at = own.last;
    hub_peers_expel(hub);
}

/* ---- enrolment
 * --------------------------------------------------------------------------------------------------------------------
 */

/* Who comes with a node's own key, or with a code for it, may name it. */
static bool may_name(const hub_peer *peer, const hub_enrolment *item)
{
    return peer->admission == TDM_ADMIT_PEER
               ? tdm_id_equal(&peer->origin, &item->origin)
               : item->invite.restores && tdm_id_equal(&item->invite.origin, &item->origin);
}

/* A newcomer names itself. The name must be free, or its own: else any guest with a join code could seal in
 * another's name. TDM_BUSY: somebody of that name is being enrolled. */
static tdm_code check_name(hub_peer *peer, const hub_enrolment *own, const tdm_frame *enrol, tdm_err *err)
{
    tdm_hub *hub = peer->hub;
    const tdm_id *origin = &enrol->enrol.origin;
    for (const hub_enrolment *item = hub->enrolments; item != NULL; item = item->next)
        if (item->code == TDM_OK && tdm_id_equal(&item->origin, origin))
            return tdm_fail(err, TDM_BUSY, 0, "a node of this name is being enrolled");
    if (tdm_id_equal(origin, tdm_core_origin(hub->daemon->core))
        || (tdm_keyring_knows(hub->keyring, origin) && !may_name(peer, own)
            && !has_active(hub, origin, TDM_PURPOSE_IS_SEAL, enrol->enrol.seal_key)))
        return tdm_fail(err, TDM_DENIED, 0, "this name is another's here, or its key was revoked");
    return TDM_OK;
}

static bool is_revoked(const tdm_hub *hub, const tdm_id *origin, uint32_t purpose, const uint8_t key[32])
{
    const tdm_key_fact *found = tdm_keyring_find(hub->keyring, origin, purpose, key);
    return found != NULL && !found->active;
}

/* Who may name the node may not bring back what was on the disk that it lost. */
static tdm_code check_keys(const tdm_hub *hub, const tdm_frame *enrol, tdm_err *err)
{
    const tdm_id *origin = &enrol->enrol.origin;
    bool revoked = is_revoked(hub, origin, TDM_PURPOSE_IS_SEAL, enrol->enrol.seal_key)
                   || is_revoked(hub, origin, TDM_PURPOSE_IS_LINK, enrol->enrol.link_key);
    return revoked ? tdm_fail(err, TDM_DENIED, 0, "a revoked key does not come back: enrol new ones")
                   : TDM_OK;
}

/* By a join code, or a peer that asks for keys to take the place of those it has. */
static tdm_code judge_enrolment(hub_peer *peer, hub_enrolment *item, const tdm_frame *enrol)
{
    tdm_core *core = peer->hub->daemon->core;
    bool known = peer->admission == TDM_ADMIT_PEER;
    tdm_code code = known ? TDM_OK : tdm_invite_find(core, peer->key, &item->invite, &item->err);
    if (code == TDM_OK)
        code = check_name(peer, item, enrol, &item->err);
    if (code == TDM_OK)
        code = check_keys(peer->hub, enrol, &item->err);
    /* Its origin is known beforehand, so its keys tell who used it. */
    if (code == TDM_OK && item->invite.restores && item->invite.used
        && !has_active(peer->hub, &item->origin, TDM_PURPOSE_IS_SEAL, enrol->enrol.seal_key))
        code = tdm_fail(&item->err, TDM_DENIED, 0, "this code was used already: ask the hub for a new one");
    if (code == TDM_OK && known)
        return tdm_rotation_note(core, &item->origin, enrol->enrol.seal_key, enrol->enrol.link_key,
                                 &item->err);
    return code == TDM_OK ? tdm_invite_use(core, peer->key, &item->origin, tdm_clock_wall_ms(), &item->invite,
                                           &item->err)
                          : code;
}

/* The node has come with the link key that it asked for: those it had are over. What the old seal key sealed
 * up to where the node's log is now stays valid. */
static tdm_code end_rotation(hub_peer *peer, const uint8_t seal[32], tdm_err *err)
{
    tdm_core *core = peer->hub->daemon->core;
    tdm_link_figures figures;
    tdm_key_facts facts;
    tdm_stated stated;
    size_t revoked = 0;
    tdm_drafts *drafts = tdm_drafts_new();
    if (drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to end a rotation");
    tdm_link_figures_read(peer->link, &figures);
    uint64_t last = tdm_key_facts_held(core, &peer->origin);
    last = figures.peer_last > last ? figures.peer_last : last;
    tdm_fold *fold = tdm_core_fold(core);
    tdm_code code = tdm_key_facts_open(&facts, core, fold, &peer->origin,
                                       tdm_date_in_london(tdm_clock_wall_ms()), drafts, err);
    if (code == TDM_OK)
        code = tdm_key_facts_revoke(&facts, seal, peer->key, last, &revoked, err);
    tdm_key_facts_free(&facts);
    tdm_core_fold_release(core, fold);
    if (code == TDM_OK && tdm_drafts_count(drafts) > 0)
        code = tdm_core_state_drafts(core, drafts, &stated, err);
    if (code == TDM_OK)
        code = tdm_rotation_done(core, &peer->origin, err);
    tdm_drafts_free(&drafts);
    tdm_log(TDM_LOG_NOTICE, "KEYS-ROTATED", tdm_log_id("node", &peer->origin),
            tdm_log_uint("revoked", revoked));
    return code;
}

void hub_admission_live(hub_peer *peer)
{
    uint8_t seal[32];
    tdm_err err;
    if (!tdm_rotation_awaits(peer->hub->daemon->core, &peer->origin, peer->key, seal))
        return;
    if (end_rotation(peer, seal, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "ROTATION-FAILED", &err);
}

tdm_code hub_admission_enrol(hub_peer *peer, const tdm_frame *enrol, uint64_t token)
{
    tdm_hub *hub = peer->hub;
    hub_enrolment *item = calloc(1, sizeof *item);
    if (item == NULL)
        return TDM_BUSY;
    item->peer = peer;
    item->token = token;
    item->origin = enrol->enrol.origin;
    item->code = judge_enrolment(peer, item, enrol);
    if (item->code == TDM_OK)
        item->code = state_enrolment(hub, enrol, &item->invite, &item->position, &item->err);
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

static hub_enrolment *take_ready(tdm_hub *hub)
{
    for (hub_enrolment **at = &hub->enrolments; *at != NULL; at = &(*at)->next) {
        hub_enrolment *item = *at;
        if (!is_ready(hub, item))
            continue;
        *at = item->next;
        return item;
    }
    return NULL;
}

/* One by one from the start: an answer may drop peers, and with them enrolments that wait. */
void hub_admission_answer(tdm_hub *hub)
{
    hub_enrolment *item;
    while ((item = take_ready(hub)) != NULL) {
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
