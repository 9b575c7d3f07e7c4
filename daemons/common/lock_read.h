/* SPDX-License-Identifier: MPL-2.0
 *
 * lock_read.h: what opens an encrypted file, from what a person gave: a passphrase, or a key as digits.
 */
#ifndef TANDEM_LOCK_READ_H
#define TANDEM_LOCK_READ_H

#include "tandem/cipher_file.h"

enum { TDM_PASSPHRASE_MIN = 12, TDM_PASSPHRASE_MAX = 1024 };

/*
 * word    "passphrase" (12 to 1024 bytes where it is new), or "key" (64 hexadecimal digits)
 * secret  one line; its end may be an editor's
 * file    to be read, its header tells salt and costs; NULL: a new one
 *
 * TDM_INVALID: out of bounds. Else as tdm_cipher_lock_of_passphrase and tdm_cipher_lock_of_file. The lock is
 * to be wiped after use.
 */
tdm_code tdm_lock_read(tdm_cipher_lock *out, tdm_cipher_kind kind, const char *word, tdm_span secret,
                       const char *file, tdm_err *err);

#endif
