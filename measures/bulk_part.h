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

/* A part of the whole, which must outlive it. */
tdm_fold *tdm_part_open(const tdm_fold *whole);
void tdm_part_close(tdm_fold **part); /* NULL-safe */
/* File and judge what was put aside of it. Afterwards the part's dirty dossiers are all of its subjects, in
 * order, with what each contributes; classes of several dossiers are not judged, for not all of theirs may be
 * here. TDM_FULL: more events than a part can have. */
tdm_code tdm_part_fold(tdm_fold *part, tdm_asides *const asides[HALVES], size_t number, tdm_err *err);

#endif
