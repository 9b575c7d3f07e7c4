/* SPDX-License-Identifier: MPL-2.0
 *
 * cipher_file.h: an encrypted file, written and read from one end to the other, and the lock that opens it. A
 * reader hands out nothing that was not authenticated, and says at its end whether the file ended where its
 * writer did.
 *
 * File: | kind 7 | 0x00 | format 1 | from passphrase 1 | passes 4 | memory bytes 8 | salt 16 |
 *       | stream header 24 | check 16: BLAKE2b-128 of all before, keyed | chunks |
 * The chunks are a libsodium secretstream (XChaCha20-Poly1305) of 64 KiB of content each, the last with the
 * final tag.
 */
#ifndef TANDEM_CIPHER_FILE_H
#define TANDEM_CIPHER_FILE_H

#include "tandem/base.h"

/* What is in it. X(symbol, the file's first bytes, in sentences) */
#define TDM_CIPHER_KINDS(X)                                                                                  \
    X(PRIVATE, "TDMPRIV", "backup of a private log")                                                         \
    X(SNAPSHOT, "TDMSNAP", "encrypted snapshot")

typedef enum tdm_cipher_kind {
#define X(symbol, magic, what) TDM_CIPHER_##symbol,
    TDM_CIPHER_KINDS(X)
#undef X
} tdm_cipher_kind;

/* ---- the lock */

/* What opens a file: a key, and how to get it from a passphrase if it came from one. Wipe it after use. */
typedef struct tdm_cipher_lock {
    uint8_t key[32];
    bool from_passphrase;
    uint32_t passes; /* of Argon2id (crypto_pwhash) */
    uint64_t memory_bytes;
    uint8_t salt[16];
} tdm_cipher_lock;
void tdm_cipher_lock_of_key(tdm_cipher_lock *out, const uint8_t key[32]);
/* For a new file: with a random salt. passes and memory_bytes 0: libsodium's "moderate" (3 passes, 256 MiB,
 * about a second). TDM_INVALID: out of bounds (1..10 passes, 8 KiB..1 GiB). TDM_FULL: not that much memory.
 */
tdm_code tdm_cipher_lock_of_passphrase(tdm_cipher_lock *out, tdm_span passphrase, uint32_t passes,
                                       uint64_t memory_bytes, tdm_err *err);
/* For reading: with the salt and costs that the file's header tells, within the same bounds. TDM_INVALID:
 * that file was made with a key. TDM_MALFORMED, TDM_UNSUPPORTED, TDM_NOT_FOUND: as for tdm_cipher_open. */
tdm_code tdm_cipher_lock_of_file(tdm_cipher_lock *out, tdm_cipher_kind kind, const char *file,
                                 tdm_span passphrase, tdm_err *err);
/* Was it made with a passphrase, or else with a key? The same errors. */
tdm_code tdm_cipher_asks_passphrase(tdm_cipher_kind kind, const char *file, bool *out, tdm_err *err);
void tdm_cipher_lock_wipe(tdm_cipher_lock *lock);

/* ---- the file */

typedef struct tdm_cipher_writer tdm_cipher_writer;
typedef struct tdm_cipher_reader tdm_cipher_reader;

/* Made with 0600 as file.tmp. TDM_EXISTS: there is a file of this name. */
tdm_code tdm_cipher_create(tdm_cipher_writer **out, tdm_cipher_kind kind, const char *file,
                           const tdm_cipher_lock *lock, tdm_err *err);
tdm_code tdm_cipher_write(tdm_cipher_writer *writer, const void *bytes, size_t len, tdm_err *err);
/* Close with the final tag, sync, rename. Ends the writer in any case and leaves NULL. */
tdm_code tdm_cipher_finish(tdm_cipher_writer **writer, tdm_err *err);
/* Give up: the file goes. NULL-safe. */
void tdm_cipher_discard(tdm_cipher_writer **writer);

/* TDM_DENIED: the key does not open this file (or its header is damaged). TDM_MALFORMED: no file of this
 * kind. TDM_UNSUPPORTED: of a newer format. TDM_NOT_FOUND. */
tdm_code tdm_cipher_open(tdm_cipher_reader **out, tdm_cipher_kind kind, const char *file,
                         const tdm_cipher_lock *lock, tdm_err *err);
/* Exactly len bytes. TDM_CORRUPT names the chunk. */
tdm_code tdm_cipher_read(tdm_cipher_reader *reader, void *bytes, size_t len, tdm_err *err);
/* TDM_OK if everything was read, the last chunk had the final tag and nothing comes behind it. */
tdm_code tdm_cipher_end(tdm_cipher_reader *reader, tdm_err *err);
void tdm_cipher_close(tdm_cipher_reader **reader); /* NULL-safe */

#endif
