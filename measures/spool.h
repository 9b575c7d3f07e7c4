/* SPDX-License-Identifier: MPL-2.0
 *
 * spool.h: bytes put aside in parts, in a file without a name: what does not fit in memory at once and is
 * wanted in another order. Parts are filled beside one another and read one at a time; within a part bytes
 * keep their order. Nothing of it outlives the process.
 */
#ifndef TANDEM_MEASURES_SPOOL_H
#define TANDEM_MEASURES_SPOOL_H

#include "tandem/base.h"

typedef struct tdm_spool tdm_spool;

/* In the folder's file system, with `parts` parts, 64 KiB of memory each. TDM_IO, TDM_FULL. */
tdm_code tdm_spool_open(tdm_spool **out, const char *folder, size_t parts, tdm_err *err);
void tdm_spool_close(tdm_spool **spool); /* NULL-safe */

/* Bytes behind those that the part has. */
tdm_code tdm_spool_add(tdm_spool *spool, size_t part, tdm_span bytes, tdm_err *err);
size_t tdm_spool_bytes(const tdm_spool *spool, size_t part); /* put into it */
/* All of a part, behind what `out` holds. It may be read again; by several threads at once, while nobody
 * adds.
 */
tdm_code tdm_spool_read(const tdm_spool *spool, size_t part, tdm_buf *out, tdm_err *err);

#endif
