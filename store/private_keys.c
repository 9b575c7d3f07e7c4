/* SPDX-License-Identifier: MPL-2.0
 *
 * private_keys.c: the secrets of the private log and what is done with them.
 *
 * Sealed bytes are | nonce 24 | XChaCha20-Poly1305 |, the nonce random. Each use binds what it belongs to as
 * associated data, so that no sealed bytes can stand in for others.
 */
#include "private_keys.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == DATA_KEY_BYTES, "key");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NONCE_BYTES, "nonce");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == TAG_BYTES, "tag");

static const tdm_span SEAL_USE = { (const uint8_t *)"tandem.private/1 seal", 21 };
static const tdm_span NAME_USE = { (const uint8_t *)"tandem.private/1 name", 21 };

/* ---- memory ------------------------------------------------------------------------------------ */

tdm_code tdm_keys_start(tdm_err *err)
{
    return sodium_init() < 0 ? tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start") : TDM_OK;
}

void *tdm_secret_new(size_t len)
{
    void *secret = sodium_malloc(len);
    if (secret != NULL)
        memset(secret, 0, len);
    return secret;
}

void tdm_secret_free(void *secret)
{
    sodium_free(secret);
}

/* ---- sealed bytes ------------------------------------------------------------------------------ */

static void seal(uint8_t *sealed, tdm_span plain, tdm_span bound, const uint8_t key[32])
{
    randombytes_buf(sealed, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, NULL, plain.data, plain.len, bound.data,
                                               bound.len, NULL, sealed, key);
}

static bool unseal(uint8_t *plain, tdm_span sealed, tdm_span bound, const uint8_t key[32])
{
    return sealed.len >= SEALED_BYTES(0)
           && crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed.data + NONCE_BYTES,
                                                         sealed.len - NONCE_BYTES, bound.data, bound.len,
                                                         sealed.data, key)
                  == 0;
}

/* ---- the store's keys -------------------------------------------------------------------------- */

void tdm_keys_derive(private_keys *keys, const uint8_t secret[TDM_PRIVATE_SECRET_BYTES])
{
    crypto_generichash(keys->seal, sizeof keys->seal, SEAL_USE.data, SEAL_USE.len, secret,
                       TDM_PRIVATE_SECRET_BYTES);
}

void tdm_keys_new_name(private_keys *keys)
{
    randombytes_buf(keys->name, sizeof keys->name);
}

void tdm_meta_row_write(uint8_t row[PRIVATE_META_BYTES], const private_keys *keys)
{
    tdm_write_u64(row + 4, TDM_PRIVATE_FORMAT);
    seal(row + 12, (tdm_span){ keys->name, sizeof keys->name }, NAME_USE, keys->seal);
    tdm_row_seal(TDM_PRIVATE_META_KEY, row, PRIVATE_META_BYTES);
}

tdm_code tdm_meta_row_read(tdm_span row, private_keys *keys, tdm_err *err)
{
    if (!tdm_row_is_sound(TDM_PRIVATE_META_KEY, row, 12))
        return tdm_fail(err, TDM_CORRUPT, 0, "the private log's own description is damaged");
    uint64_t format = tdm_read_u64(row.data + 4);
    if (format > TDM_PRIVATE_FORMAT)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "private log format %llu is newer than this program's %d",
                        (unsigned long long)format, TDM_PRIVATE_FORMAT);
    if (row.len != PRIVATE_META_BYTES)
        return tdm_fail(err, TDM_CORRUPT, 0, "the private log's own description has %zu bytes", row.len);
    if (!unseal(keys->name, (tdm_span){ row.data + 12, row.len - 12 }, NAME_USE, keys->seal))
        return tdm_fail(err, TDM_DENIED, 0, "the private log was made under another node secret");
    return TDM_OK;
}

void tdm_keys_person_id(const private_keys *keys, tdm_span person, tdm_id *out)
{
    crypto_generichash(out->bytes, TDM_ID_BYTES, person.data, person.len, keys->name, sizeof keys->name);
}

/* ---- people ------------------------------------------------------------------------------------ */

tdm_span tdm_person_name(const private_person *person)
{
    return (tdm_span){ person->plain + DATA_KEY_BYTES + 1, person->plain[DATA_KEY_BYTES] };
}

void tdm_person_begin(const private_keys *keys, private_person *person, tdm_span name)
{
    TDM_ASSERT(name.len >= 1 && name.len <= TDM_PRIVATE_PERSON_MAX);
    memset(person->plain, 0, sizeof person->plain);
    randombytes_buf(person->plain, DATA_KEY_BYTES);
    person->plain[DATA_KEY_BYTES] = (uint8_t)name.len;
    memcpy(person->plain + DATA_KEY_BYTES + 1, name.data, name.len);
    tdm_person_seal(keys, person);
}

/* Bound to person id and generation, which together are the key of an erased row. */
void tdm_person_seal(const private_keys *keys, private_person *person)
{
    row_key bound = tdm_key_of_erased(&person->id, person->row.generation);
    seal(person->row.sealed, (tdm_span){ person->plain, sizeof person->plain }, key_span(&bound), keys->seal);
}

bool tdm_person_open(const private_keys *keys, private_person *person)
{
    row_key bound = tdm_key_of_erased(&person->id, person->row.generation);
    tdm_id id;
    if (!unseal(person->plain, (tdm_span){ person->row.sealed, sizeof person->row.sealed }, key_span(&bound),
                keys->seal))
        return false;
    size_t len = person->plain[DATA_KEY_BYTES];
    if (len < 1 || len > TDM_PRIVATE_PERSON_MAX)
        return false;
    tdm_keys_person_id(keys, tdm_person_name(person), &id);
    return tdm_id_equal(&id, &person->id);
}

/* ---- records ----------------------------------------------------------------------------------- */

#define BOUND_BYTES (8 + RECORD_NONCE_AT - CHECKSUM_BYTES + NONCE_BYTES)

/* Sequence, header and nonce. */
static void bind(uint8_t bound[BOUND_BYTES], const uint8_t *record, uint64_t sequence)
{
    tdm_write_u64(bound, sequence);
    memcpy(bound + 8, record + CHECKSUM_BYTES, BOUND_BYTES - 8);
}

static size_t write_plain(uint8_t *plain, const tdm_private_row *row)
{
    tdm_write_u32(plain, row->type);
    plain[4] = (uint8_t)row->person.len;
    memcpy(plain + 5, row->person.data, row->person.len);
    size_t len = 5 + row->person.len;
    if (row->payload.len > 0)
        memcpy(plain + len, row->payload.data, row->payload.len);
    return len + row->payload.len;
}

size_t tdm_record_seal(uint8_t *record, uint64_t sequence, const private_person *person,
                       const tdm_private_row *row, uint8_t plain[RECORD_PLAIN_MAX])
{
    record_head head = { RECORD_VERSION,
                         row->change,
                         row->recorded_ms,
                         row->id,
                         row->change == TDM_PRIVATE_NEW ? row->id : row->of,
                         person->id,
                         person->row.generation };
    uint8_t bound[BOUND_BYTES];
    size_t len = write_plain(plain, row);
    tdm_record_head_write(record, &head);
    randombytes_buf(record + RECORD_NONCE_AT, NONCE_BYTES);
    bind(bound, record, sequence);
    crypto_aead_xchacha20poly1305_ietf_encrypt(record + RECORD_HEAD_BYTES, NULL, plain, len, bound,
                                               sizeof bound, NULL, record + RECORD_NONCE_AT, person->plain);
    return RECORD_HEAD_BYTES + len + TAG_BYTES;
}

static bool read_plain(const uint8_t *plain, size_t len, tdm_private_entry *out)
{
    if (len < 5 || len < 5 + (size_t)plain[4])
        return false;
    out->type = tdm_read_u32(plain);
    out->person = (tdm_span){ plain + 5, plain[4] };
    out->payload = (tdm_span){ plain + 5 + plain[4], len - 5 - plain[4] };
    return true;
}

bool tdm_record_open(tdm_span record, const record_head *head, uint64_t sequence,
                     const private_person *person, uint8_t plain[RECORD_PLAIN_MAX], tdm_private_entry *out)
{
    uint8_t bound[BOUND_BYTES];
    unsigned long long len = 0;
    bind(bound, record.data, sequence);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &len, NULL, record.data + RECORD_HEAD_BYTES,
                                                   record.len - RECORD_HEAD_BYTES, bound, sizeof bound,
                                                   record.data + RECORD_NONCE_AT, person->plain)
            != 0
        || !read_plain(plain, (size_t)len, out))
        return false;
    out->person_id = head->person;
    out->id = head->of;
    out->sequence = sequence;
    out->recorded_ms = head->recorded_ms;
    return tdm_span_equal(out->person, tdm_person_name(person));
}
