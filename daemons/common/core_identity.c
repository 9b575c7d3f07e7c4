/* SPDX-License-Identifier: MPL-2.0
 *
 * core_identity.c: who a store is: origin, incarnation and keys, made together with the store's first event.
 */
#include "core_inner.h"
#include "clock.h"

#include <sodium.h>
#include <string.h>

const char CORE_AUTHORITY_NAME[] = "identity/authority";
const char CORE_CURSOR_NAME[] = "feed/cursor";
static const char SELF_NAME[] = "identity/self";

/* "identity/self": origin 16, incarnation 8 (big-endian), seal secret 64, link public 32, link secret 32 */
#define SELF_BYTES (16 + 8 + 64 + 32 + 32)

static void write_self(const core_identity *self, uint8_t out[SELF_BYTES])
{
    memcpy(out, self->origin.bytes, 16);
    tdm_incarnation_bytes(self->incarnation, out + 16);
    memcpy(out + 24, self->seal.secret_key, 64);
    memcpy(out + 88, self->link_public, 32);
    memcpy(out + 120, self->link_secret, 32);
}

static void read_self(core_identity *self, const uint8_t in[SELF_BYTES])
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

static void make_self(core_identity *self)
{
    tdm_id_random(&self->origin);
    while (self->incarnation == 0)
        randombytes_buf(&self->incarnation, sizeof self->incarnation);
    tdm_seal_key_new(&self->seal);
    /* CURVE keys are Curve25519 pairs, as crypto_box makes them (RFC 26). */
    crypto_box_keypair(self->link_public, self->link_secret);
}

static tdm_code encode_birth(const core_identity *self, tdm_buf *payload, tdm_buf *subject, tdm_err *err)
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_INCARNATION);
    tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, 1);
    tdm_record_set_bytes(&record, TDM_INCARNATION_SEAL_KEY, (tdm_span){ self->seal.public_key, 32 });
    tdm_subject_origin(subject, &self->origin);
    return tdm_record_encode(&record, payload, err);
}

/* The store's first event: an incarnation begins. Same transaction as the identity. */
static tdm_code append_birth(tdm_core *core, tdm_ledger_txn *txn, tdm_err *err)
{
    const core_identity *self = &core->identity;
    tdm_buf payload = { 0 };
    tdm_buf subject = { 0 };
    tdm_code code = encode_birth(self, &payload, &subject, err);
    if (code == TDM_OK) {
        const char *words[] = { "incarnation" };
        int64_t now = tdm_clock_wall_ms();
        tdm_draft draft = { .type = TDM_TYPE_INCARNATION,
                            .author = TDM_AUTHOR_IS_DAEMON,
                            .subject = tdm_buf_span(&subject),
                            .fact = tdm_fact_named(words, 1),
                            .event_ms = now,
                            .payload = tdm_buf_span(&payload) };
        core_own_log own = { .origin = self->origin, .incarnation = self->incarnation };
        code = core_own_append(txn, &own, &self->seal, &draft, 1, now, err);
    }
    tdm_buf_free(&payload);
    tdm_buf_free(&subject);
    return code;
}

static tdm_code create(tdm_core *core, tdm_err *err)
{
    make_self(&core->identity);
    uint8_t bytes[SELF_BYTES];
    write_self(&core->identity, bytes);
    tdm_ledger_txn *txn = NULL;
    tdm_code code = tdm_ledger_begin(core->ledger, &txn, err);
    if (code != TDM_OK)
        return code;
    code = tdm_ledger_local_put(txn, tdm_span_text(SELF_NAME), (tdm_span){ bytes, sizeof bytes });
    if (code == TDM_OK)
        code = append_birth(core, txn, err);
    sodium_memzero(bytes, sizeof bytes);
    if (code != TDM_OK) {
        tdm_ledger_abort(&txn);
        return code;
    }
    return tdm_ledger_commit(&txn, err);
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

tdm_code core_identity_open(tdm_core *core, tdm_err *err)
{
    tdm_buf value = { .secret = true };
    tdm_code code = tdm_ledger_local_get(core->ledger, tdm_span_text(SELF_NAME), &value, err);
    if (code == TDM_OK && value.len == SELF_BYTES)
        read_self(&core->identity, value.data);
    else if (code == TDM_OK)
        code = tdm_fail(err, TDM_CORRUPT, 0, "the store's identity has %zu bytes, not %d", value.len,
                        SELF_BYTES);
    else if (code == TDM_NOT_FOUND)
        code = core->read_only ? TDM_OK : create(core, err); /* a log imported for reading has no identity */
    tdm_buf_free(&value);
    if (code != TDM_OK)
        return code;
    code = read_authority(core, err);
    if (code == TDM_OK && core->hub && core->identity.has_authority)
        return tdm_fail(err, TDM_INVALID, 0, "%.120s is the store of a node that joined a hub", core->folder);
    if (core->hub) {
        core->identity.has_authority = true;
        core->identity.authority = core->identity.origin;
    }
    return code;
}
