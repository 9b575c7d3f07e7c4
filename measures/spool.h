/* SPDX-License-Identifier: MPL-2.0
 *
 * spool.h: records put aside in parts, in a file without a name: what does not fit in memory at once and is
 * wanted in another order. Parts are filled beside one another and read one at a time; within a part records
 * keep their order. Nothing of it outlives the process.
 */
#ifndef TANDEM_MEASURES_SPOOL_H
#define TANDEM_MEASURES_SPOOL_H

#include "tandem/base.h"

typedef struct tdm_spool tdm_spool;

/* In the folder's file system, with `parts` parts, 64 KiB of memory each. TDM_IO, TDM_FULL. */
tdm_code tdm_spool_open(tdm_spool **out, const char *folder, size_t parts, tdm_err *err);
void tdm_spool_close(tdm_spool **spool); /* NULL-safe */

/* number and tag are the caller's. */
tdm_code tdm_spool_add(tdm_spool *spool, size_t part, uint64_t number, uint32_t tag, tdm_span bytes,
                       tdm_err *err);
size_t tdm_spool_count(const tdm_spool *spool, size_t part); /* records */
/* All records of a part, behind what `out` holds. It may be read again; by several threads at once, while
 * nobody adds. */
tdm_code tdm_spool_read(const tdm_spool *spool, size_t part, tdm_buf *out, tdm_err *err);

/* One record of what was read. */
typedef struct tdm_spooled {
    uint64_t number;
    uint32_t tag;
    tdm_span bytes; /* borrowed */
} tdm_spooled;
/* The record at *at, which moves on behind it; false at the end. */
bool tdm_spool_next(tdm_span records, size_t *at, tdm_spooled *out);

#endif
