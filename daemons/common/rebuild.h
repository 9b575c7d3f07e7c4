/* SPDX-License-Identifier: MPL-2.0
 *
 * rebuild.h: figures made again from the ledger alone, beside those in use, compared with them, and put in
 * their place. For a store whose daemon is stopped; the ledger is only read.
 *
 * In the state folder: views/ are the figures in use, views.new/ those being made (whatever an interrupted
 * run left of them is begun again), views.old/ those that were replaced, kept until they are dropped.
 */
#ifndef TANDEM_REBUILD_H
#define TANDEM_REBUILD_H

#include "core.h"

/* What figures amount to: all of it follows from the set of facts. */
typedef struct tdm_figures_state {
    tdm_code code;  /* TDM_NOT_FOUND: there are none; TDM_CORRUPT and others: they could not be read */
    char what[200]; /* of the failure */
    uint64_t position;
    tdm_digest hash; /* tdm_fold_state_hash */
    tdm_fold_counts counts;
} tdm_figures_state;

typedef struct tdm_rebuilt {
    tdm_figures_state before; /* in use: as they are, with what they lack of the log; TDM_DIFFERS: they are of
                                 another log, hub or program */
    tdm_figures_state after;
} tdm_rebuilt;

typedef struct tdm_rebuild_options {
    const char *folder;
    bool hub;
    size_t map_bytes;     /* address space to begin with; 0: the store's default */
    const tdm_told *told; /* hears of events folded; NULL: nobody */
} tdm_rebuild_options;

typedef struct tdm_rebuild tdm_rebuild;

/* Keeps daemons away from the store until it is closed. TDM_BUSY: one runs. TDM_NOT_FOUND: no store. */
tdm_code tdm_rebuild_open(tdm_rebuild **out, const tdm_rebuild_options *options, tdm_err *err);
void tdm_rebuild_close(tdm_rebuild **rebuild); /* NULL-safe */
/* Makes views.new and reads the figures in use. What is wrong with those is told in out->before and is no
 * failure. */
tdm_code tdm_rebuild_make(tdm_rebuild *rebuild, tdm_rebuilt *out, tdm_err *err);
bool tdm_figures_same(const tdm_figures_state *a, const tdm_figures_state *b);
/* Puts views.new in the place of views, in one rename; those are views.old then (an older views.old goes).
 * Durable when it returns TDM_OK. */
tdm_code tdm_rebuild_swap(tdm_rebuild *rebuild, tdm_err *err);
/* Removes views.new (nothing was to be changed) or views.old. Absent ones are no error. */
tdm_code tdm_rebuild_drop_new(tdm_rebuild *rebuild, tdm_err *err);
tdm_code tdm_rebuild_drop_old(tdm_rebuild *rebuild, tdm_err *err);

#endif
