/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_part.h: one part of a ledger folded by itself: all events of some subjects, in memory. Several threads
 * each fold one at a time; the whole's registry, lineage and speakers are shared and stay as they are.
 */
#ifndef TANDEM_MEASURES_BULK_PART_H
#define TANDEM_MEASURES_BULK_PART_H

#include "bulk_aside.h"
#include "fold_inner.h"

enum { HALVES = 2 }; /* of the ledger, gathered beside each other */

/* A dossier of a part that was folded: its row for the views, and the digest of what it states. */
typedef struct tdm_part_row {
    size_t at; /* in the part's rows */
    size_t len;
    tdm_digest digest;
} tdm_part_row;

typedef struct tdm_part {
    tdm_fold
        *fold; /* its dirty dossiers are all of the part's subjects, in order, with what each contributes;
                  classes of several dossiers are not judged, for not all of theirs may be here */
    tdm_buf rows;
    tdm_part_row *row; /* by dirty dossier */
} tdm_part;

/* A part of the whole, which must outlive it. */
tdm_part *tdm_part_open(const tdm_fold *whole);
void tdm_part_close(tdm_part **part); /* NULL-safe */
/* File and judge what was put aside of it. TDM_FULL: more events than a part can have. */
tdm_code tdm_part_fold(tdm_part *part, tdm_asides *const asides[HALVES], size_t number, tdm_err *err);
static inline tdm_span tdm_part_row_of(const tdm_part *part, size_t dossier)
{
    return (tdm_span){ part->rows.data + part->row[dossier].at, part->row[dossier].len };
}

#endif
