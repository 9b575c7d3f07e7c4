/* SPDX-License-Identifier: MPL-2.0
 *
 * cipher_header.c: the first bytes of an encrypted file.
 */
#include "cipher_header.h"
#include "tandem/path.h"
#include "private_rows.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define MAGIC_BYTES 8 /* with the zero behind it */

static const struct {
    const char magic[MAGIC_BYTES];
    const char *what;
} KINDS[] = {
#define X(symbol, magic_text, what_text) { magic_text, what_text },
    TDM_CIPHER_KINDS(X)
#undef X
};

_Static_assert(TDM_CIPHER_START_AT + crypto_secretstream_xchacha20poly1305_HEADERBYTES == TDM_CIPHER_CHECK_AT,
               "");

void tdm_cipher_header_write(uint8_t header[TDM_CIPHER_HEADER_BYTES], tdm_cipher_kind kind,
                             const tdm_cipher_lock *lock)
{
    memcpy(header, KINDS[kind].magic, MAGIC_BYTES);
    header[8] = TDM_CIPHER_FORMAT;
    header[9] = lock->from_passphrase;
    tdm_write_u32(header + 10, lock->passes);
    tdm_write_u64(header + 14, lock->memory_bytes);
    memcpy(header + 22, lock->salt, sizeof lock->salt);
}

static void make_check(uint8_t check[16], const uint8_t *header, const uint8_t key[32])
{
    crypto_generichash(check, 16, header, TDM_CIPHER_CHECK_AT, key, 32);
}

void tdm_cipher_header_seal(uint8_t header[TDM_CIPHER_HEADER_BYTES], const uint8_t key[32])
{
    make_check(header + TDM_CIPHER_CHECK_AT, header, key);
}

bool tdm_cipher_header_fits(const uint8_t header[TDM_CIPHER_HEADER_BYTES], const uint8_t key[32])
{
    uint8_t check[16];
    make_check(check, header, key);
    return sodium_memcmp(check, header + TDM_CIPHER_CHECK_AT, sizeof check) == 0;
}

tdm_code tdm_cipher_header_read(uint8_t header[TDM_CIPHER_HEADER_BYTES], tdm_cipher_kind kind, FILE *from,
                                const char *file, tdm_err *err)
{
    size_t len = fread(header, 1, TDM_CIPHER_HEADER_BYTES, from);
    if (len < TDM_CIPHER_HEADER_BYTES && ferror(from))
        return tdm_path_fail(err, "reading", file);
    if (len < MAGIC_BYTES || memcmp(header, KINDS[kind].magic, MAGIC_BYTES) != 0)
        return tdm_fail(err, TDM_MALFORMED, 0, "%.120s is no %s", file, KINDS[kind].what);
    if (len > 8 && header[8] > TDM_CIPHER_FORMAT)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "%.120s has format %d, newer than this program's %d", file,
                        header[8], TDM_CIPHER_FORMAT);
    if (len < TDM_CIPHER_HEADER_BYTES || header[8] < 1 || header[9] > 1)
        return tdm_fail(err, TDM_MALFORMED, 0, "%.120s has no whole header: it is no %s any more", file,
                        KINDS[kind].what);
    return TDM_OK;
}

tdm_code tdm_cipher_header_load(uint8_t header[TDM_CIPHER_HEADER_BYTES], tdm_cipher_kind kind,
                                const char *file, tdm_err *err)
{
    FILE *from = fopen(file, "rbe");
    if (from == NULL)
        return tdm_path_fail(err, "opening", file);
    tdm_code code = tdm_cipher_header_read(header, kind, from, file, err);
    fclose(from);
    return code;
}

void tdm_cipher_header_costs(const uint8_t header[TDM_CIPHER_HEADER_BYTES], tdm_cipher_lock *out)
{
    out->from_passphrase = header[9] != 0;
    out->passes = tdm_read_u32(header + 10);
    out->memory_bytes = tdm_read_u64(header + 14);
    memcpy(out->salt, header + 22, sizeof out->salt);
}
