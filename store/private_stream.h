/* SPDX-License-Identifier: MPL-2.0
 *
 * private_stream.h: an encrypted file, written and read from one end to the other, and the lock that opens it
 * (its header is drawn in private.h). A reader hands out nothing that was not authenticated, and says at its
 * end whether the file ended where its writer did.
 */
#ifndef TANDEM_STORE_PRIVATE_STREAM_H
#define TANDEM_STORE_PRIVATE_STREAM_H

#include "private_rows.h"

typedef struct stream_writer stream_writer;
typedef struct stream_reader stream_reader;

/* Writes to file.tmp. TDM_EXISTS: there is a file of this name. */
tdm_code tdm_stream_create(stream_writer **out, const char *file, const tdm_private_lock *lock, tdm_err *err);
tdm_code tdm_stream_write(stream_writer *writer, const void *bytes, size_t len, tdm_err *err);
/* Close with the final tag, sync, rename. Ends the writer in any case and leaves NULL. */
tdm_code tdm_stream_finish(stream_writer **writer, tdm_err *err);
/* Give up: the file goes. NULL-safe. */
void tdm_stream_discard(stream_writer **writer);

tdm_code tdm_stream_open(stream_reader **out, const char *file, const tdm_private_lock *lock, tdm_err *err);
/* Exactly len bytes. TDM_CORRUPT names the chunk. */
tdm_code tdm_stream_read(stream_reader *reader, void *bytes, size_t len, tdm_err *err);
/* TDM_OK if everything was read, the last chunk had the final tag and nothing comes behind it. */
tdm_code tdm_stream_end(stream_reader *reader, tdm_err *err);
void tdm_stream_close(stream_reader **reader); /* NULL-safe */

/* ---- an item of a backup ------------------------------------------------------------------------ */

/* | table 1 | key length 2 | value length 4 | key | value |. Those of meta "private" and of people hold the
 * keys themselves where the store has them sealed. */
#define ITEM_HEAD_BYTES 7
#define ITEM_END 255 /* key empty, value the number of items before, 8 bytes */
#define ITEM_KEY_MAX 511
#define ITEM_VALUE_MAX RECORD_MAX
#define META_ITEM_BYTES (8 + DATA_KEY_BYTES)        /* format, name key */
#define PERSON_ITEM_BYTES (20 + PERSON_PLAIN_BYTES) /* generation, rows, in force, opened */

#endif
