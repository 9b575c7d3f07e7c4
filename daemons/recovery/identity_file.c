/* SPDX-License-Identifier: MPL-2.0
 *
 * identity_file.c: one sealed box behind a header that tells how to come by its key.
 */
#include "identity_file.h"

#include "tandem/pack.h"
#include "tandem/path.h"
#include "tandem/private.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT 1
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define FILE_MAX 4096
/* magic 8, format 1, passes 4, memory 8, salt 16, nonce */
#define SALT_AT 21
#define NONCE_AT 37
#define HEADER_BYTES (NONCE_AT + NONCE_BYTES)
#define PASSES_MAX 10
#define MEMORY_MAX ((uint64_t)1 << 30)

static const uint8_t MAGIC[8] = "TDMSELF"; /* with the zero behind it */

void tdm_saved_identity_wipe(tdm_saved_identity *identity)
{
    sodium_memzero(identity, sizeof *identity);
}

static void put_number(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--, value >>= 8)
        out[i - 1] = (uint8_t)value;
}

static uint64_t get_number(const uint8_t *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | in[i];
    return value;
}

/* ---- content */

static void pack_content(const tdm_saved_identity *identity, tdm_buf *out)
{
    uint8_t incarnation[8];
    const tdm_identity *self = &identity->self;
    tdm_incarnation_bytes(self->incarnation, incarnation);
    tdm_pack_array(out, identity->retired_count > 0 ? 10 : 9);
    tdm_pack_uint(out, identity->hub);
    tdm_pack_bin(out, self->origin.bytes, TDM_ID_BYTES);
    tdm_pack_bin(out, incarnation, sizeof incarnation);
    tdm_pack_bin(out, self->seal.secret_key, sizeof self->seal.secret_key);
    tdm_pack_bin(out, self->link_public, sizeof self->link_public);
    tdm_pack_bin(out, self->link_secret, sizeof self->link_secret);
    tdm_pack_str(out, tdm_span_text(identity->has_hub ? identity->at.endpoint : ""));
    tdm_pack_bin(out, identity->at.hub_key, sizeof identity->at.hub_key);
    tdm_pack_bin(out, identity->at.hub.bytes, TDM_ID_BYTES);
    if (identity->retired_count > 0)
        tdm_pack_bin(out, identity->retired, identity->retired_count * 32);
}

static bool read_retired(tdm_cursor *cursor, tdm_saved_identity *out)
{
    tdm_span keys = tdm_cursor_bin(cursor);
    if (cursor->failed || keys.len == 0 || keys.len % 32 != 0 || keys.len > sizeof out->retired)
        return false;
    memcpy(out->retired, keys.data, keys.len);
    out->retired_count = keys.len / 32;
    return true;
}

static bool read_content(tdm_span bytes, tdm_saved_identity *out)
{
    static const tdm_scan_limits limits = { .bytes = FILE_MAX, .depth = 2, .items = 16 };
    uint8_t incarnation[8] = { 0 };
    tdm_identity *self = &out->self;
    if (tdm_scan(bytes, &limits, NULL) != TDM_OK)
        return false;
    tdm_cursor cursor = tdm_cursor_over(bytes);
    uint32_t fields = tdm_cursor_array(&cursor);
    out->hub = tdm_cursor_uint(&cursor) != 0;
    tdm_cursor_fixed(&cursor, self->origin.bytes, TDM_ID_BYTES);
    tdm_cursor_fixed(&cursor, incarnation, sizeof incarnation);
    tdm_cursor_fixed(&cursor, self->seal.secret_key, sizeof self->seal.secret_key);
    tdm_cursor_fixed(&cursor, self->link_public, sizeof self->link_public);
    tdm_cursor_fixed(&cursor, self->link_secret, sizeof self->link_secret);
    tdm_span endpoint = tdm_cursor_str(&cursor);
    tdm_cursor_fixed(&cursor, out->at.hub_key, sizeof out->at.hub_key);
    tdm_cursor_fixed(&cursor, out->at.hub.bytes, TDM_ID_BYTES);
    if (cursor.failed || fields < 9 || fields > 10 || (fields == 10 && !read_retired(&cursor, out))
        || endpoint.len >= sizeof out->at.endpoint)
        return false;
    self->incarnation = get_number(incarnation, sizeof incarnation);
    /* libsodium: the secret key ends with the public one */
    memcpy(self->seal.public_key, self->seal.secret_key + 32, sizeof self->seal.public_key);
    out->has_hub = endpoint.len > 0;
    memcpy(out->at.endpoint, endpoint.data, endpoint.len);
    return true;
}

/* ---- the box */

static tdm_code seal_content(const tdm_saved_identity *identity, const tdm_cipher_lock *lock,
                             uint8_t file[FILE_MAX], size_t *len, tdm_err *err)
{
    tdm_buf content = { .secret = true };
    unsigned long long sealed = 0;
    memcpy(file, MAGIC, sizeof MAGIC);
    file[8] = FORMAT;
    put_number(file + 9, lock->passes, 4);
    put_number(file + 13, lock->memory_bytes, 8);
    memcpy(file + SALT_AT, lock->salt, sizeof lock->salt);
    randombytes_buf(file + NONCE_AT, NONCE_BYTES);
    pack_content(identity, &content);
    bool fits = !content.failed && content.len + TAG_BYTES <= FILE_MAX - HEADER_BYTES;
    if (fits)
        crypto_aead_xchacha20poly1305_ietf_encrypt(file + HEADER_BYTES, &sealed, content.data, content.len,
                                                   file, HEADER_BYTES, NULL, file + NONCE_AT, lock->key);
    tdm_buf_free(&content);
    *len = HEADER_BYTES + (size_t)sealed;
    return fits ? TDM_OK : tdm_fail(err, TDM_FULL, 0, "no room for an identity");
}

static tdm_code sync_folder_of(const char *file, tdm_err *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(file, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - file + 1),
             slash == NULL ? "." : file);
    return tdm_path_sync(folder, err);
}

static tdm_code write_file(const char *file, const uint8_t *bytes, size_t len, tdm_err *err)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return tdm_fail(err, TDM_EXISTS, 0, "%.200s is there already and is not written over", file);
    if (fd < 0)
        return tdm_path_fail(err, "making", file);
    bool whole = tdm_path_write(fd, bytes, len) && fsync(fd) == 0;
    tdm_code code = whole ? TDM_OK : tdm_path_fail(err, "writing", file);
    close(fd);
    if (code == TDM_OK)
        return sync_folder_of(file, err);
    unlink(file);
    return code;
}

tdm_code tdm_identity_save(const char *file, const tdm_saved_identity *identity, tdm_span passphrase,
                           uint32_t passes, uint64_t memory_bytes, tdm_err *err)
{
    tdm_cipher_lock lock;
    uint8_t bytes[FILE_MAX];
    size_t len = 0;
    tdm_code code = tdm_cipher_lock_of_passphrase(&lock, passphrase, passes, memory_bytes, err);
    if (code == TDM_OK)
        code = seal_content(identity, &lock, bytes, &len, err);
    tdm_cipher_lock_wipe(&lock);
    return code == TDM_OK ? write_file(file, bytes, len, err) : code;
}

static tdm_code read_file(const char *file, uint8_t bytes[FILE_MAX], size_t *len, tdm_err *err)
{
    FILE *from = fopen(file, "rbe");
    if (from == NULL)
        return tdm_path_fail(err, "opening", file);
    *len = fread(bytes, 1, FILE_MAX, from);
    bool failed = ferror(from) != 0;
    fclose(from);
    if (failed)
        return tdm_path_fail(err, "reading", file);
    if (*len < HEADER_BYTES + TAG_BYTES || memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
        return tdm_fail(err, TDM_MALFORMED, 0, "%.200s is no saved identity: tandem key save makes one",
                        file);
    if (bytes[8] != FORMAT)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "%.200s has format %d, not this program's %d", file,
                        bytes[8], FORMAT);
    return TDM_OK;
}

/* Bounds first: costs may come from a file of strangers. */
static tdm_code stretch(const uint8_t *header, tdm_span passphrase, uint8_t key[32], tdm_err *err)
{
    uint64_t passes = get_number(header + 9, 4);
    uint64_t memory = get_number(header + 13, 8);
    if (passes < 1 || passes > PASSES_MAX || memory < crypto_pwhash_MEMLIMIT_MIN || memory > MEMORY_MAX)
        return tdm_fail(err, TDM_MALFORMED, 0, "the saved identity asks for costs out of bounds");
    if (crypto_pwhash(key, 32, (const char *)passphrase.data, passphrase.len, header + SALT_AT, passes,
                      (size_t)memory, crypto_pwhash_ALG_ARGON2ID13)
        != 0)
        return tdm_fail(err, TDM_FULL, 0, "no %llu bytes of memory to work out a key from a passphrase",
                        (unsigned long long)memory);
    return TDM_OK;
}

tdm_code tdm_identity_load(const char *file, tdm_span passphrase, tdm_saved_identity *out, tdm_err *err)
{
    uint8_t bytes[FILE_MAX];
    uint8_t content[FILE_MAX];
    uint8_t key[32];
    size_t len = 0;
    unsigned long long opened = 0;
    memset(out, 0, sizeof *out);
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    tdm_code code = read_file(file, bytes, &len, err);
    if (code == TDM_OK)
        code = stretch(bytes, passphrase, key, err);
    if (code != TDM_OK)
        return code;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(content, &opened, NULL, bytes + HEADER_BYTES,
                                                   len - HEADER_BYTES, bytes, HEADER_BYTES, bytes + NONCE_AT,
                                                   key)
        != 0)
        code = tdm_fail(err, TDM_DENIED, 0, "the passphrase does not open %.200s, or the file was changed",
                        file);
    else if (!read_content((tdm_span){ content, (size_t)opened }, out))
        code = tdm_fail(err, TDM_MALFORMED, 0, "what %.200s holds is no identity", file);
    sodium_memzero(key, sizeof key);
    sodium_memzero(content, sizeof content);
    if (code != TDM_OK)
        tdm_saved_identity_wipe(out);
    return code;
}
