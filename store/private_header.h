/* SPDX-License-Identifier: MPL-2.0
 *
 * private_header.h: the first bytes of a backup (drawn in private.h).
 */
#ifndef TANDEM_STORE_PRIVATE_HEADER_H
#define TANDEM_STORE_PRIVATE_HEADER_H

#include "tandem/private.h"

#include <stdio.h>

#define STREAM_FORMAT 1
#define STREAM_START_AT 38 /* the secretstream's own header */
#define STREAM_CHECK_AT 62
#define STREAM_HEADER_BYTES 78

/* All but the secretstream's header and the check. */
void tdm_stream_header_write(uint8_t header[STREAM_HEADER_BYTES], const tdm_private_lock *lock);
void tdm_stream_header_seal(uint8_t header[STREAM_HEADER_BYTES], const uint8_t key[32]);
bool tdm_stream_header_fits(const uint8_t header[STREAM_HEADER_BYTES], const uint8_t key[32]);
/* Of an open file, or a file by name. TDM_MALFORMED: no backup. TDM_UNSUPPORTED: of a newer format. */
tdm_code tdm_stream_header_read(uint8_t header[STREAM_HEADER_BYTES], FILE *from, const char *file,
                                tdm_err *err);
tdm_code tdm_stream_header_load(uint8_t header[STREAM_HEADER_BYTES], const char *file, tdm_err *err);
/* How the key comes from a passphrase. */
void tdm_stream_header_costs(const uint8_t header[STREAM_HEADER_BYTES], tdm_private_lock *out);

#endif
