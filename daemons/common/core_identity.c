/* SPDX-License-Identifier: MPL-2.0
 *
 * core_identity.c: who a store is: origin, incarnation and keys. A new one is made together with the store's
 * first event; one that takes its log back states that event when the log is there (tdm_core_begin).
 */
#include "core_inner.h"
#include "clock.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

const char CORE_AUTHORITY_NAME[] = "identity/authority";
const char CORE_CURSOR_NAME[] = "feed/cursor";
static const char SELF_NAME[] = "identity/self";
static const char RECOVERS_NAME[] = "identity/recovers"; /* there until the incarnation has begun */

/* "identity/self": origin 16, incarnation 8 (big-endian), seal secret 64, link public 32, link secret 32 */
#define SELF_BYTES (16 + 8 + 64 + 32 + 32)

static void write_self(const tdm_identity *self, uint8_t out[SELF_BYTES])
{
    memcpy(out, self->origin.bytes, 16);
    tdm_incarnation_bytes(self->incarnation, out + 16);
    memcpy(out + 24, self->seal.secret_key, 64);
    memcpy(out + 88, self->link_public, 32);
    memcpy(out + 120, self->link_secret, 32);
}

static void read_self(tdm_identity *self, const uint8_t in[SELF_BYTES])
{
    memcpy(self->origin.bytes, in, 16);
    self->incarnation = 0;
    for (int i = 0; i < 8; i++)
        self->incarnation = self->incarnation << 8 | in[16 + i];
    memcpy(self->seal.secret_key, in + 24, 64);
    memcpy(self->seal.public_key, in + 56, 32); /* libsodium: the secret key ends with the public one */
    memcpy(self->link_public, in + 88, 32);
    memcpy(self->link_secret, in + 120, 32);
}

void tdm_identity_renew(tdm_identity *identity)
{
    do
        randombytes_buf(&identity->incarnation, sizeof identity->incarnation);
    while (identity->incarnation == 0);
    tdm_seal_key_new(&identity->seal);
    /* CURVE keys are Curve25519 pairs, as crypto_box makes them (RFC 26). */
    crypto_box_keypair(identity->link_public, identity->link_secret);
}

/* ---- the first event of an incarnation */

/* The incarnation that is followed. */
typedef struct ancestor {
    uint32_t generation; /* 0: there is none */
    tdm_tip tip;
} ancestor;

/* Owns what its draft borrows. */
typedef struct birth {
    tdm_buf payload;
    tdm_buf subject;
    tdm_draft draft;
} birth;

static tdm_code make_birth(const tdm_identity *self, const ancestor *before, birth *out, tdm_err *err)
{
    tdm_record record;
    char hex[17];
    uint8_t bytes[8];
    tdm_record_init(&record, TDM_TYPE_INCARNATION);
    tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, before->generation + 1);
    if (before->generation > 0) {
        tdm_incarnation_bytes(before->tip.incarnation, bytes);
        tdm_record_set_bytes(&record, TDM_INCARNATION_PREDECESSOR, (tdm_span){ bytes, sizeof bytes });
        tdm_record_set_number(&record, TDM_INCARNATION_PREDECESSOR_LAST, (int64_t)before->tip.last);
        tdm_record_set_bytes(&record, TDM_INCARNATION_PREDECESSOR_HEAD,
                             (tdm_span){ before->tip.head.bytes, TDM_DIGEST_BYTES });
    }
    tdm_record_set_bytes(&record, TDM_INCARNATION_SEAL_KEY, (tdm_span){ self->seal.public_key, 32 });
    tdm_subject_origin(&out->subject, &self->origin);
    tdm_code code = tdm_record_encode(&record, &out->payload, err);
    uint8_t own[8];
    tdm_incarnation_bytes(self->incarnation, own);
    tdm_hex(hex, own, sizeof own);
    const char *words[] = { "incarnation", hex };
    out->draft = (tdm_draft){ .type = TDM_TYPE_INCARNATION,
                              .author = TDM_AUTHOR_IS_DAEMON,
                              .subject = tdm_buf_span(&out->subject),
                              .fact = tdm_fact_named(words, before->generation == 0 ? 1 : 2),
                              .event_ms = tdm_clock_wall_ms(),
                              .payload = tdm_buf_span(&out->payload) };
    return code;
}

static void birth_free(birth *made)
{
    tdm_buf_free(&made->payload);
    tdm_buf_free(&made->subject);
}

/* ---- a new store */

/* The store's first event: an incarnation begins. Same transaction as the identity. */
static tdm_code append_birth(tdm_core *core, tdm_ledger_txn *txn, tdm_err *err)
{
    const tdm_identity *self = &core->identity.self;
    birth made = { 0 };
    tdm_code code = make_birth(self, &(ancestor){ 0 }, &made, err);
    core_own_log own = { .origin = self->origin, .incarnation = self->incarnation };
    if (code == TDM_OK)
        code = core_own_append(txn, &own, &self->seal, &made.draft, 1, made.draft.event_ms, err);
    birth_free(&made);
    return code;
}

/* recovers: no first event yet, and a note that says so. */
static tdm_code keep_self(tdm_core *core, bool recovers, tdm_err *err)
{
    uint8_t bytes[SELF_BYTES];
    tdm_ledger_txn *txn = NULL;
    tdm_code code = tdm_ledger_begin(core->ledger, &txn, err);
    if (code != TDM_OK)
        return code;
    write_self(&core->identity.self, bytes);
    code = tdm_ledger_local_put(txn, tdm_span_text(SELF_NAME), (tdm_span){ bytes, sizeof bytes });
    if (code == TDM_OK)
        code = recovers ? tdm_ledger_local_put(txn, tdm_span_text(RECOVERS_NAME), TDM_SPAN_LITERAL("1"))
                        : append_birth(core, txn, err);
    sodium_memzero(bytes, sizeof bytes);
    if (code != TDM_OK) {
        tdm_ledger_abort(&txn);
        return code;
    }
    return tdm_ledger_commit(&txn, err);
}

static tdm_code create(tdm_core *core, const tdm_identity *recovers, tdm_err *err)
{
    atomic_store(&core->recovers, recovers != NULL);
    if (recovers != NULL) {
        core->identity.self = *recovers;
    } else {
        tdm_id_random(&core->identity.self.origin);
        tdm_identity_renew(&core->identity.self);
    }
    return keep_self(core, recovers != NULL, err);
}

/* ---- a store that is there */

/* One that takes its log back is opened only to go on with that, by the origin that it is. */
static tdm_code check_recovery(tdm_core *core, const tdm_identity *recovers, tdm_err *err)
{
    tdm_buf value = { 0 };
    tdm_code code = tdm_ledger_local_get(core->ledger, tdm_span_text(RECOVERS_NAME), &value, err);
    tdm_buf_free(&value);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    atomic_store(&core->recovers, code == TDM_OK);
    if (core->read_only)
        return TDM_OK;
    if (code == TDM_OK && recovers == NULL)
        return tdm_fail(
            err, TDM_CONFLICT, 0,
            "%.200s is a store whose log is being taken back: finish that first, with the command "
            "that began it",
            core->folder);
    if (code == TDM_NOT_FOUND && recovers != NULL)
        return tdm_fail(err, TDM_EXISTS, 0, "%.200s is a whole store: it needs no log back", core->folder);
    if (recovers != NULL && !tdm_id_equal(&recovers->origin, &core->identity.self.origin))
        return tdm_fail(err, TDM_CONFLICT, 0, "in %.200s the log of another origin is being taken back",
                        core->folder);
    return TDM_OK;
}

static tdm_code read_authority(tdm_core *core, tdm_err *err)
{
    tdm_buf value = { 0 };
    tdm_code code = tdm_ledger_local_get(core->ledger, tdm_span_text(CORE_AUTHORITY_NAME), &value, err);
    if (code == TDM_OK && value.len == TDM_ID_BYTES) {
        core->identity.has_authority = true;
        memcpy(core->identity.authority.bytes, value.data, TDM_ID_BYTES);
    }
    tdm_buf_free(&value);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

tdm_code core_identity_open(tdm_core *core, const tdm_identity *recovers, tdm_err *err)
{
    tdm_buf value = { .secret = true };
    tdm_code code = tdm_ledger_local_get(core->ledger, tdm_span_text(SELF_NAME), &value, err);
    if (code == TDM_OK && value.len == SELF_BYTES) {
        read_self(&core->identity.self, value.data);
        code = check_recovery(core, recovers, err);
    } else if (code == TDM_OK) {
        code = tdm_fail(err, TDM_CORRUPT, 0, "the store's identity has %zu bytes, not %d", value.len,
                        SELF_BYTES);
    } else if (code == TDM_NOT_FOUND) {
        /* a log imported for reading has no identity */
        code = core->read_only ? TDM_OK : create(core, recovers, err);
    }
    tdm_buf_free(&value);
    if (code != TDM_OK)
        return code;
    code = read_authority(core, err);
    if (code == TDM_OK && core->hub && core->identity.has_authority)
        return tdm_fail(err, TDM_INVALID, 0, "%.120s is the store of a node that joined a hub", core->folder);
    if (core->hub) {
        core->identity.has_authority = true;
        core->identity.authority = core->identity.self.origin;
    }
    return code;
}

/* ---- while it is open */

tdm_code tdm_core_take_keys(tdm_core *core, const tdm_identity *keys, tdm_err *err)
{
    uint8_t bytes[SELF_BYTES];
    tdm_identity next = *keys;
    next.origin = core->identity.self.origin;
    next.incarnation = core->identity.self.incarnation;
    write_self(&next, bytes);
    tdm_code code = tdm_core_local_put(core, SELF_NAME, (tdm_span){ bytes, sizeof bytes }, err);
    sodium_memzero(bytes, sizeof bytes);
    if (code == TDM_OK) {
        pthread_mutex_lock(&core->lock);
        core->identity.self = next;
        pthread_mutex_unlock(&core->lock);
    }
    sodium_memzero(&next, sizeof next);
    return code;
}

bool tdm_core_recovers(const tdm_core *core)
{
    return atomic_load(&core->recovers);
}

/* The generation that the first event of this log names; 0 if it is no such event. */
static uint32_t generation_of(tdm_core *core, const tdm_tip *tip)
{
    uint64_t position = 0;
    uint32_t generation = 0;
    tdm_buf bytes = { 0 };
    tdm_event event;
    tdm_record record;
    if (tdm_ledger_event_find(core->ledger, &tip->origin, tip->incarnation, 1, &position, NULL) == TDM_OK
        && tdm_ledger_event_at(core->ledger, position, &bytes, NULL) == TDM_OK
        && tdm_event_decode(tdm_buf_span(&bytes), &event, NULL) == TDM_OK
        && event.type == TDM_TYPE_INCARNATION
        && tdm_record_decode(TDM_TYPE_INCARNATION, event.payload, &record, NULL) == TDM_OK)
        generation = (uint32_t)record.values[TDM_INCARNATION_GENERATION].number;
    tdm_buf_free(&bytes);
    return generation;
}

static tdm_code find_ancestor(tdm_core *core, ancestor *out, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    tdm_code code = tdm_ledger_tips(core->ledger, &tips, &count, err);
    *out = (ancestor){ 0 };
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        if (!tdm_id_equal(&tips[i].origin, &core->identity.self.origin)
            || tips[i].incarnation == core->identity.self.incarnation)
            continue;
        uint32_t generation = generation_of(core, &tips[i]);
        if (generation == 0)
            code = tdm_fail(err, TDM_CORRUPT, 0, "the first event of a log of this origin can not be read");
        else if (generation > out->generation)
            *out = (ancestor){ generation, tips[i] };
    }
    free(tips);
    return code;
}

static tdm_code state_birth(tdm_core *core, tdm_err *err)
{
    ancestor before;
    tdm_identity self;
    tdm_stated stated;
    birth made = { 0 };
    tdm_code code = find_ancestor(core, &before, err);
    tdm_core_identity(core, &self);
    if (code == TDM_OK)
        code = make_birth(&self, &before, &made, err);
    sodium_memzero(&self, sizeof self);
    if (code == TDM_OK)
        code = tdm_core_state(core, &made.draft, 1, &stated, err);
    birth_free(&made);
    return code;
}

tdm_code tdm_core_begin(tdm_core *core, tdm_err *err)
{
    tdm_tip own;
    if (!tdm_core_recovers(core))
        return TDM_OK;
    tdm_code code =
        tdm_ledger_tip(core->ledger, &core->identity.self.origin, core->identity.self.incarnation, &own, err);
    if (code == TDM_NOT_FOUND)
        code = state_birth(core, err);
    if (code == TDM_OK)
        code = tdm_core_local_put(core, RECOVERS_NAME, (tdm_span){ 0 }, err);
    if (code == TDM_OK)
        atomic_store(&core->recovers, false);
    return code;
}
