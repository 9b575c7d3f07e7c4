/* SPDX-License-Identifier: MPL-2.0
 *
 * upkeep.h: when a store was last verified and last copied: local state of the ledger's environment, written
 * by the daemon that did it. What is read offline leaves no trace: a store opened for reading is not written.
 */
#ifndef TANDEM_UPKEEP_H
#define TANDEM_UPKEEP_H

#include "core.h"

typedef struct tdm_upkeep {
    bool verified;       /* ever, by its daemon */
    int64_t verified_ms; /* UTC */
    uint64_t faults;     /* it found then */
    bool copied;
    int64_t copied_ms; /* UTC: the moment the last snapshot is of */
} tdm_upkeep;

/* What cannot be read counts as never. */
void tdm_upkeep_read(tdm_core *core, tdm_upkeep *out);
/* Durable when they return TDM_OK. A core that is read-only: TDM_DENIED. */
tdm_code tdm_upkeep_set_verified(tdm_core *core, int64_t now_ms, uint64_t faults, tdm_err *err);
tdm_code tdm_upkeep_set_copied(tdm_core *core, int64_t made_ms, tdm_err *err);

#endif
