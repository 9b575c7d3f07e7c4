/* SPDX-License-Identifier: MPL-2.0
 *
 * lock_read.c: a lock from what a person gave.
 */
#include "lock_read.h"

#include <sodium.h>
#include <string.h>

/* One line: an editor or echo may have added its end. */
static tdm_span trim(tdm_span text)
{
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    return text;
}

static tdm_code read_key(tdm_cipher_lock *out, tdm_span digits, tdm_err *err)
{
    uint8_t key[32];
    if (!tdm_unhex(key, sizeof key, digits))
        return tdm_fail(
            err, TDM_INVALID, 0,
            "a key is 64 hexadecimal digits, as openssl rand -hex 32 makes them; here are %zu bytes",
            digits.len);
    tdm_cipher_lock_of_key(out, key);
    sodium_memzero(key, sizeof key);
    return TDM_OK;
}

tdm_code tdm_lock_read(tdm_cipher_lock *out, tdm_cipher_kind kind, const char *word, tdm_span secret,
                       const char *file, tdm_err *err)
{
    tdm_span text = trim(secret);
    if (strcmp(word, "key") == 0)
        return read_key(out, text, err);
    if (text.len == 0 || text.len > TDM_PASSPHRASE_MAX || (file == NULL && text.len < TDM_PASSPHRASE_MIN))
        return tdm_fail(err, TDM_INVALID, 0,
                        "a passphrase has %d to %d bytes: whoever finds it reads all of it",
                        TDM_PASSPHRASE_MIN, TDM_PASSPHRASE_MAX);
    return file == NULL ? tdm_cipher_lock_of_passphrase(out, text, 0, 0, err)
                        : tdm_cipher_lock_of_file(out, kind, file, text, err);
}
