/* SPDX-License-Identifier: MPL-2.0
 *
 * rejoin.h: a node whose store is a copy, or was put back from an older one, takes the history that its hub
 * holds, begins a new incarnation after it, and states again what only this copy has. For a store whose
 * daemon is stopped.
 *
 * In the state folder: rejoin/ is the store being made (an interrupted run goes on in it); before-rejoin-NN/,
 * the incarnation in its name, keeps the old log and its figures afterwards. Rows about people (private/)
 * stay where they are.
 */
#ifndef TANDEM_REJOIN_H
#define TANDEM_REJOIN_H

#include "difference.h"
#include "recovery.h"

typedef struct tdm_rejoin tdm_rejoin;

/* Keeps daemons away from the store until it is closed. TDM_BUSY: one runs. TDM_NOT_FOUND: no store, or it
 * has joined no hub. TDM_INVALID: a hub's. */
tdm_code tdm_rejoin_open(tdm_rejoin **out, const char *folder, size_t map_bytes, tdm_err *err);
void tdm_rejoin_close(tdm_rejoin **rejoin); /* NULL-safe */

const tdm_id *tdm_rejoin_origin(const tdm_rejoin *rejoin);
const tdm_membership *tdm_rejoin_hub(const tdm_rejoin *rejoin);

/* The hub's history of this origin, and the hub's own log: tdm_recovery_of_node. */
tdm_code tdm_rejoin_take(tdm_rejoin *rejoin, const tdm_recovery_options *options, tdm_err *err);
/* What is stated here and not there. */
tdm_code tdm_rejoin_difference(tdm_rejoin *rejoin, tdm_difference_visit *visit, void *context,
                               tdm_difference_counts *out, tdm_err *err);
/* Begins the incarnation, states the difference under it, and puts the new store in the place of the old. */
typedef struct tdm_rejoined {
    uint64_t stated;
    char kept[64]; /* the folder, within the state folder, with what was replaced */
} tdm_rejoined;
tdm_code tdm_rejoin_finish(tdm_rejoin *rejoin, tdm_rejoined *out, tdm_err *err);
/* Nothing was to be changed: what was fetched goes. */
tdm_code tdm_rejoin_drop(tdm_rejoin *rejoin, tdm_err *err);

#endif
