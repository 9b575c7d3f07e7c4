/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_feeds.h: what dossiers send to partners, put aside by its moment, and numbered in that order once all
 * is there (feed_replay.c tells what a moment is).
 */
#ifndef TANDEM_MEASURES_BULK_FEEDS_H
#define TANDEM_MEASURES_BULK_FEEDS_H

#include "fold_inner.h"

typedef struct tdm_bulk_feeds tdm_bulk_feeds;

/* Of a ledger up to `last`, in at most `parts` parts. TDM_IO, TDM_FULL. */
tdm_code tdm_bulk_feeds_open(tdm_bulk_feeds **out, const char *folder, uint64_t last, size_t parts,
                             tdm_err *err);
void tdm_bulk_feeds_close(tdm_bulk_feeds **feeds); /* NULL-safe */
/* Of one moment, what comes first goes out first. */
tdm_code tdm_bulk_feeds_put(tdm_bulk_feeds *feeds, const tdm_replay_entry *entries, size_t count,
                            tdm_err *err);
/* All of them, as the fold's feeds, written to its views. */
tdm_code tdm_bulk_feeds_number(tdm_bulk_feeds *feeds, tdm_fold *fold, tdm_err *err);

#endif
