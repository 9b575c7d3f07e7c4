/* SPDX-License-Identifier: MPL-2.0
 *
 * hub_rotation.c: the steps of a hub's rotation, a row each.
 */
#include "hub_rotation.h"

#include "clock.h"
#include "key_facts.h"
#include "rotation.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLD_WAIT_MS 60000

static const char RETIRED_NAME[] = "identity/retired";
static const char TOLD_NAME[] = "hub-rotation/told";

/* What a step sees: read anew before each. */
typedef struct turning {
    tdm_core *core;
    tdm_identity self;
    tdm_identity next;
    bool is_on; /* there are next keys */
} turning;

static bool same_key(const uint8_t a[32], const uint8_t b[32])
{
    return memcmp(a, b, 32) == 0;
}

static tdm_code read_turning(tdm_core *core, turning *out, tdm_err *err)
{
    *out = (turning){ .core = core };
    tdm_core_identity(core, &out->self);
    tdm_code code = tdm_rotation_next(core, &out->next, err);
    out->is_on = code == TDM_OK;
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

bool tdm_hub_rotation_is_on(tdm_core *core)
{
    turning t;
    bool is_on = read_turning(core, &t, NULL) == TDM_OK && t.is_on;
    sodium_memzero(&t, sizeof t);
    return is_on;
}

/* Behind every run that was handed to the writer before. */
static tdm_code pass_writer(tdm_core *core, tdm_err *err)
{
    return tdm_core_local_put(core, "hub-rotation/passed", (tdm_span){ 0 }, err);
}

static uint64_t own_last(tdm_core *core)
{
    tdm_tip own = { 0 };
    tdm_ledger_tip(tdm_core_ledger(core), tdm_core_origin(core), tdm_core_incarnation(core), &own, NULL);
    return own.last;
}

/* ---- stating: what the figures know already is not stated again, so they are waited for */

typedef struct stating {
    tdm_drafts *drafts;
    tdm_fold *fold;
    tdm_key_facts facts;
} stating;

typedef tdm_code draft_keys(const turning *t, stating *s, tdm_err *err);

static tdm_code draft(const turning *t, draft_keys *what, tdm_drafts *drafts, tdm_err *err)
{
    stating s = { .drafts = drafts, .fold = tdm_core_fold(t->core) };
    tdm_code code = tdm_key_facts_open(&s.facts, t->core, s.fold, &t->self.origin,
                                       tdm_date_in_london(tdm_clock_wall_ms()), drafts, err);
    if (code == TDM_OK)
        code = what(t, &s, err);
    tdm_key_facts_free(&s.facts);
    tdm_core_fold_release(t->core, s.fold);
    return code;
}

static tdm_code state(const turning *t, draft_keys *what, tdm_err *err)
{
    uint64_t position = 0;
    tdm_stated stated;
    tdm_drafts *drafts = tdm_drafts_new();
    if (drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to turn keys over");
    tdm_code code = tdm_ledger_last_position(tdm_core_ledger(t->core), &position, err);
    if (code == TDM_OK)
        code = tdm_core_wait_folded(t->core, position, FOLD_WAIT_MS, err);
    if (code == TDM_OK)
        code = draft(t, what, drafts, err);
    if (code == TDM_OK && tdm_drafts_count(drafts) > 0)
        code = tdm_core_state_drafts(t->core, drafts, &stated, err);
    tdm_drafts_free(&drafts);
    return code;
}

static tdm_code draft_new(const turning *t, stating *s, tdm_err *err)
{
    const struct {
        uint32_t purpose;
        const uint8_t *key;
    } standing[] = {
        { TDM_PURPOSE_IS_SEAL, t->self.seal.public_key },
        { TDM_PURPOSE_IS_LINK, t->self.link_public },
        { TDM_PURPOSE_IS_SEAL, t->next.seal.public_key },
        { TDM_PURPOSE_IS_LINK, t->next.link_public },
    };
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < TDM_COUNT(standing) && code == TDM_OK; i++)
        code = tdm_key_facts_want(&s->facts, standing[i].purpose, standing[i].key, true, 0, err);
    return code;
}

/* ---- revoking: of the hub's own keys those that neither are in use nor come */

typedef struct ending {
    const turning *t;
    stating *s;
    uint64_t last;
} ending;

static bool ends(const turning *t, const tdm_key_fact *key)
{
    bool seals = key->purpose == TDM_PURPOSE_IS_SEAL;
    const uint8_t *own = seals ? t->self.seal.public_key : t->self.link_public;
    const uint8_t *next = seals ? t->next.seal.public_key : t->next.link_public;
    return key->active && tdm_id_equal(&key->origin, &t->self.origin) && !same_key(key->key, own)
           && !same_key(key->key, next);
}

static tdm_code end_one(void *context, const tdm_key_fact *key, tdm_err *err)
{
    const ending *e = context;
    return ends(e->t, key) ? tdm_key_facts_want(&e->s->facts, key->purpose, key->key, false, e->last, err)
                           : TDM_OK;
}

/* TDM_OK: the key that seals now sealed this event, too. */
static bool is_sealed_by_now(const turning *t, uint64_t sequence, tdm_proof *proof)
{
    return tdm_ledger_proof(tdm_core_ledger(t->core), &t->self.origin, t->self.incarnation, sequence, proof,
                            NULL)
               == TDM_OK
           && same_key(proof->seal.key, t->self.seal.public_key);
}

/* The last own sequence that an older key sealed: before it the old, behind it the new alone. In the memory
 * of one number all incarnations share (docs/recovery.md), so not below the end of any of the others. */
static tdm_code find_last_of_old(const turning *t, uint64_t *out, tdm_err *err)
{
    uint64_t low = 0;
    uint64_t high = own_last(t->core) + 1;
    tdm_tip *tips = NULL;
    size_t count = 0;
    tdm_proof *proof = malloc(sizeof *proof);
    if (proof == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a proof");
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (is_sealed_by_now(t, middle, proof))
            high = middle;
        else
            low = middle;
    }
    free(proof);
    *out = low;
    tdm_code code = tdm_ledger_tips(tdm_core_ledger(t->core), &tips, &count, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        if (tdm_id_equal(&tips[i].origin, &t->self.origin) && tips[i].incarnation != t->self.incarnation
            && tips[i].last > *out)
            *out = tips[i].last;
    free(tips);
    return code;
}

static tdm_code draft_end(const turning *t, stating *s, tdm_err *err)
{
    ending e = { .t = t, .s = s };
    tdm_code code = find_last_of_old(t, &e.last, err);
    return code == TDM_OK ? tdm_fold_keys(s->fold, end_one, &e, err) : code;
}

/* ---- the steps */

static tdm_code make(const turning *t, tdm_err *err)
{
    return t->is_on ? TDM_OK : tdm_rotation_make(t->core, err);
}

static bool seals_anew(const turning *t)
{
    return same_key(t->self.seal.public_key, t->next.seal.public_key);
}

static tdm_code state_new(const turning *t, tdm_err *err)
{
    return seals_anew(t) ? TDM_OK : state(t, draft_new, err);
}

/* Before it seals no more: the log is proven by it, also once its own last word is long past. */
static tdm_code remember_seal(const turning *t, tdm_err *err)
{
    tdm_buf retired = { 0 };
    tdm_code code = tdm_hub_rotation_retired(t->core, &retired, err);
    bool there = retired.len >= 32 && same_key(retired.data + retired.len - 32, t->self.seal.public_key);
    if (code == TDM_OK && !there) {
        tdm_buf_add(&retired, t->self.seal.public_key, 32);
        code = retired.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for keys")
                              : tdm_hub_rotation_remember(t->core, tdm_buf_span(&retired), err);
    }
    tdm_buf_free(&retired);
    return code;
}

static tdm_code take(const turning *t, bool link, tdm_err *err)
{
    tdm_identity keys = t->self;
    keys.seal = t->next.seal;
    if (link) {
        memcpy(keys.link_public, t->next.link_public, sizeof keys.link_public);
        memcpy(keys.link_secret, t->next.link_secret, sizeof keys.link_secret);
    }
    tdm_code code = tdm_core_take_keys(t->core, &keys, err);
    sodium_memzero(&keys, sizeof keys);
    return code == TDM_OK ? pass_writer(t->core, err) : code;
}

static tdm_code take_seal(const turning *t, tdm_err *err)
{
    if (seals_anew(t))
        return TDM_OK;
    tdm_code code = remember_seal(t, err);
    return code == TDM_OK ? take(t, false, err) : code;
}

static tdm_code revoke(const turning *t, tdm_err *err)
{
    return state(t, draft_end, err);
}

static tdm_code note_told(const turning *t, tdm_err *err)
{
    uint8_t bytes[8];
    if (tdm_hub_rotation_told(t->core) != 0)
        return TDM_OK;
    tdm_incarnation_bytes(own_last(t->core), bytes);
    return tdm_core_local_put(t->core, TOLD_NAME, (tdm_span){ bytes, sizeof bytes }, err);
}

static tdm_code take_link(const turning *t, tdm_err *err)
{
    return same_key(t->self.link_public, t->next.link_public) ? TDM_OK : take(t, true, err);
}

static tdm_code forget(const turning *t, tdm_err *err)
{
    tdm_code code = tdm_core_local_put(t->core, TOLD_NAME, (tdm_span){ 0 }, err);
    return code == TDM_OK ? tdm_rotation_forget(t->core, err) : code;
}

static tdm_code (*const STEPS[])(const turning *, tdm_err *) = {
    [TDM_TURN_MADE] = make,       [TDM_TURN_STATED] = state_new, [TDM_TURN_SEALS] = take_seal,
    [TDM_TURN_REVOKED] = revoke,  [TDM_TURN_TOLD] = note_told,   [TDM_TURN_ANSWERS] = take_link,
    [TDM_TURN_UNLINKED] = revoke, [TDM_TURN_DONE] = forget,
};

tdm_code tdm_hub_rotation_go(tdm_core *core, tdm_turn until, tdm_err *err)
{
    tdm_code code = TDM_OK;
    if (until > TDM_TURN_TOLD && !tdm_hub_rotation_is_on(core))
        return tdm_fail(err, TDM_NOT_FOUND, 0,
                        "no old link key stands beside a new one: tandem key rotate makes new keys");
    for (size_t i = 0; i <= (size_t)until && code == TDM_OK; i++) {
        turning t;
        code = read_turning(core, &t, err);
        if (code == TDM_OK)
            code = STEPS[i](&t, err);
        sodium_memzero(&t, sizeof t);
    }
    return code;
}

tdm_code tdm_hub_rotation_resume(tdm_core *core, tdm_err *err)
{
    turning t;
    tdm_code code = read_turning(core, &t, err);
    bool is_on = t.is_on;
    bool answers = is_on && same_key(t.self.link_public, t.next.link_public);
    sodium_memzero(&t, sizeof t);
    if (code != TDM_OK || !is_on || (!answers && tdm_hub_rotation_told(core) != 0))
        return code;
    return tdm_hub_rotation_go(core, answers ? TDM_TURN_DONE : TDM_TURN_TOLD, err);
}

/* ---- who has heard of it */

static uint64_t read_sequence(tdm_core *core, const char *name)
{
    uint64_t sequence = 0;
    return tdm_core_local_number(core, name, &sequence) ? sequence : 0;
}

static void heard_name(const tdm_id *origin, char out[64])
{
    strcpy(out, "hub-rotation/heard/");
    tdm_hex(out + strlen(out), origin->bytes, TDM_ID_BYTES);
}

uint64_t tdm_hub_rotation_told(tdm_core *core)
{
    return read_sequence(core, TOLD_NAME);
}

tdm_code tdm_hub_rotation_note(tdm_core *core, const tdm_id *origin, tdm_err *err)
{
    char name[64];
    uint8_t bytes[8];
    heard_name(origin, name);
    tdm_incarnation_bytes(tdm_hub_rotation_told(core), bytes);
    return tdm_core_local_put(core, name, (tdm_span){ bytes, sizeof bytes }, err);
}

bool tdm_hub_rotation_has_heard(tdm_core *core, const tdm_id *origin)
{
    char name[64];
    uint64_t told = tdm_hub_rotation_told(core);
    heard_name(origin, name);
    return told != 0 && read_sequence(core, name) == told;
}

/* ---- the keys that were */

tdm_code tdm_hub_rotation_retired(tdm_core *core, tdm_buf *out, tdm_err *err)
{
    tdm_code code = tdm_core_local_get(core, RETIRED_NAME, out, err);
    if (code == TDM_NOT_FOUND)
        return TDM_OK;
    return code == TDM_OK && out->len % 32 != 0
               ? tdm_fail(err, TDM_CORRUPT, 0, "the list of old keys has %zu bytes", out->len)
               : code;
}

tdm_code tdm_hub_rotation_remember(tdm_core *core, tdm_span retired, tdm_err *err)
{
    return tdm_core_local_put(core, RETIRED_NAME, retired, err);
}
