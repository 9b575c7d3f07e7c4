/* SPDX-License-Identifier: MPL-2.0
 *
 * contribution.h: what one unit class adds to the cells, as a list of entries that apply to each of its
 * groups. Stored with the dossier in a compact form, so that taking it out again never depends on what the
 * registry says by then.
 */
#ifndef TANDEM_MEASURES_CONTRIBUTION_H
#define TANDEM_MEASURES_CONTRIBUTION_H

#include "cells.h"

enum { TDM_GROUPS = 5 }; /* total, programme, kind, lead, locality: the stored dimensions */

typedef struct tdm_entry {
    tdm_family family;
    tdm_period period;
    tdm_amounts amounts;
    size_t days_first; /* in tdm_contribution.days */
    size_t days_count;
} tdm_entry;

/* Arrays keep their room when cleared. */
typedef struct tdm_contribution {
    tdm_span groups[TDM_GROUPS]; /* borrowed; total is empty */
    uint8_t kind;                /* what groups[TDM_BY_KIND] points to */
    tdm_entry *entries;          /* ordered by family, kind, number */
    size_t count;
    size_t capacity;
    int32_t *days;
    size_t days_count;
    size_t days_capacity;
} tdm_contribution;

void tdm_contribution_clear(tdm_contribution *contribution);
void tdm_contribution_free(tdm_contribution *contribution);
/* A new zero entry at the end. */
tdm_entry *tdm_contribution_add(tdm_contribution *contribution, tdm_family family, tdm_period period);
void tdm_contribution_add_day(tdm_contribution *contribution, tdm_entry *entry, int32_t days);

void tdm_contribution_encode(const tdm_contribution *contribution, tdm_buf *out); /* empty: no bytes */
/* Groups borrow from the bytes. The bytes are our own. */
tdm_code tdm_contribution_decode(tdm_span bytes, tdm_contribution *out, tdm_err *err);

/* Put into the cells (sign 1) or take out (sign -1). */
void tdm_contribution_apply(const tdm_contribution *contribution, int sign, tdm_cells *cells);
/* Replace one by another; cells that do not change are not touched. */
void tdm_contribution_replace(const tdm_contribution *old, const tdm_contribution *new, tdm_cells *cells);

#endif
