/* SPDX-License-Identifier: MPL-2.0
 *
 * cipher_lock.c: what opens an encrypted file: a key, or a passphrase with its salt and costs.
 */
#include "private_keys.h"
#include "cipher_header.h"

#include <sodium.h>
#include <string.h>

_Static_assert(crypto_pwhash_argon2id_SALTBYTES == sizeof((tdm_cipher_lock *)0)->salt, "salt");

#define PASSES_MAX 10
#define MEMORY_MIN 8192
#define MEMORY_MAX ((uint64_t)1 << 30)

void tdm_cipher_lock_of_key(tdm_cipher_lock *out, const uint8_t key[32])
{
    *out = (tdm_cipher_lock){ 0 };
    memcpy(out->key, key, sizeof out->key);
}

void tdm_cipher_lock_wipe(tdm_cipher_lock *lock)
{
    sodium_memzero(lock, sizeof *lock);
}

/* Bounds first: salt and costs may come from a file of strangers. */
static tdm_code stretch(tdm_cipher_lock *lock, tdm_span passphrase, tdm_err *err)
{
    if (passphrase.len < 1 || passphrase.len > 1024)
        return tdm_fail(err, TDM_INVALID, 0, "a passphrase of %zu bytes, not 1 to 1024", passphrase.len);
    if (lock->passes < 1 || lock->passes > PASSES_MAX || lock->memory_bytes < MEMORY_MIN
        || lock->memory_bytes > MEMORY_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "%u passes over %llu bytes; 1 to %d over %d to %llu",
                        (unsigned)lock->passes, (unsigned long long)lock->memory_bytes, PASSES_MAX,
                        MEMORY_MIN, (unsigned long long)MEMORY_MAX);
    if (crypto_pwhash(lock->key, sizeof lock->key, (const char *)passphrase.data, passphrase.len, lock->salt,
                      lock->passes, (size_t)lock->memory_bytes, crypto_pwhash_ALG_ARGON2ID13)
        != 0)
        return tdm_fail(err, TDM_FULL, 0, "no %llu bytes of memory to work out a key from a passphrase",
                        (unsigned long long)lock->memory_bytes);
    return TDM_OK;
}

static tdm_code stretch_or_wipe(tdm_cipher_lock *lock, tdm_span passphrase, tdm_err *err)
{
    tdm_code code = stretch(lock, passphrase, err);
    if (code != TDM_OK)
        tdm_cipher_lock_wipe(lock);
    return code;
}

tdm_code tdm_cipher_lock_of_passphrase(tdm_cipher_lock *out, tdm_span passphrase, uint32_t passes,
                                       uint64_t memory_bytes, tdm_err *err)
{
    *out = (tdm_cipher_lock){ .from_passphrase = true,
                              .passes = passes == 0 ? crypto_pwhash_OPSLIMIT_MODERATE : passes,
                              .memory_bytes =
                                  memory_bytes == 0 ? crypto_pwhash_MEMLIMIT_MODERATE : memory_bytes };
    tdm_code code = tdm_keys_start(err);
    if (code != TDM_OK)
        return code;
    randombytes_buf(out->salt, sizeof out->salt);
    return stretch_or_wipe(out, passphrase, err);
}

tdm_code tdm_cipher_lock_of_file(tdm_cipher_lock *out, tdm_cipher_kind kind, const char *file,
                                 tdm_span passphrase, tdm_err *err)
{
    uint8_t header[TDM_CIPHER_HEADER_BYTES];
    *out = (tdm_cipher_lock){ 0 };
    tdm_code code = tdm_keys_start(err);
    if (code == TDM_OK)
        code = tdm_cipher_header_load(header, kind, file, err);
    if (code != TDM_OK)
        return code;
    tdm_cipher_header_costs(header, out);
    if (!out->from_passphrase)
        return tdm_fail(err, TDM_INVALID, 0, "%.120s was made with a key, not a passphrase", file);
    return stretch_or_wipe(out, passphrase, err);
}

tdm_code tdm_cipher_asks_passphrase(tdm_cipher_kind kind, const char *file, bool *out, tdm_err *err)
{
    uint8_t header[TDM_CIPHER_HEADER_BYTES];
    tdm_cipher_lock told = { .from_passphrase = false };
    tdm_code code = tdm_cipher_header_load(header, kind, file, err);
    if (code == TDM_OK)
        tdm_cipher_header_costs(header, &told);
    *out = told.from_passphrase;
    return code;
}
