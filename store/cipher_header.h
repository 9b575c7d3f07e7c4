/* SPDX-License-Identifier: MPL-2.0
 *
 * cipher_header.h: the first bytes of an encrypted file (drawn in cipher_file.h).
 */
#ifndef TANDEM_STORE_CIPHER_HEADER_H
#define TANDEM_STORE_CIPHER_HEADER_H

#include "tandem/cipher_file.h"

#include <stdio.h>

#define TDM_CIPHER_FORMAT 1
#define TDM_CIPHER_START_AT 38 /* the secretstream's own header */
#define TDM_CIPHER_CHECK_AT 62
#define TDM_CIPHER_HEADER_BYTES 78

/* All but the secretstream's header and the check. */
void tdm_cipher_header_write(uint8_t header[TDM_CIPHER_HEADER_BYTES], tdm_cipher_kind kind,
                             const tdm_cipher_lock *lock);
void tdm_cipher_header_seal(uint8_t header[TDM_CIPHER_HEADER_BYTES], const uint8_t key[32]);
bool tdm_cipher_header_fits(const uint8_t header[TDM_CIPHER_HEADER_BYTES], const uint8_t key[32]);
/* Of an open file, or a file by name. TDM_MALFORMED: no file of this kind. TDM_UNSUPPORTED: of a newer
 * format. */
tdm_code tdm_cipher_header_read(uint8_t header[TDM_CIPHER_HEADER_BYTES], tdm_cipher_kind kind, FILE *from,
                                const char *file, tdm_err *err);
tdm_code tdm_cipher_header_load(uint8_t header[TDM_CIPHER_HEADER_BYTES], tdm_cipher_kind kind,
                                const char *file, tdm_err *err);
/* How the key comes from a passphrase. */
void tdm_cipher_header_costs(const uint8_t header[TDM_CIPHER_HEADER_BYTES], tdm_cipher_lock *out);

#endif
