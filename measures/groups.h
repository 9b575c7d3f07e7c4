/* SPDX-License-Identifier: MPL-2.0
 *
 * groups.h: what a row's group is called: raw ids of cells, joined with the registry where the breakdown
 * asks.
 */
#ifndef TANDEM_MEASURES_GROUPS_H
#define TANDEM_MEASURES_GROUPS_H

#include "registry.h"

/* The stored dimension whose raw group a breakdown is joined from; of a stored one itself. */
tdm_dimension tdm_group_stored(tdm_dimension by);
/* raw: as in the cell (total: ignored; sector, region: an organisation; core: a programme). */
void tdm_group_text(const tdm_registry *registry, tdm_dimension by, tdm_period period, tdm_span raw,
                    char out[TDM_SUBJECT_MAX + 1]);

#endif
