/* SPDX-License-Identifier: MPL-2.0
 *
 * contribution.h: what one unit class adds to the cells, as a list of entries that apply to each of its
 * groups. Stored with the dossier in an encoded form, so that taking it out again never depends on what the
 * registry says by then; two encoded ones are compared entry by entry, and only what differs is read.
 */
#ifndef TANDEM_MEASURES_CONTRIBUTION_H
#define TANDEM_MEASURES_CONTRIBUTION_H

#include "cells.h"
#include "tandem/measure.h"

enum { TDM_GROUPS = 5 }; /* total, programme, kind, lead, locality: the stored dimensions */

typedef struct tdm_entry {
    tdm_family family;
    tdm_period period;
    uint64_t used; /* amounts that were set, by their bits */
    int64_t v[TDM_AMOUNTS];
    size_t days_first; /* in tdm_contribution.days */
    size_t days_count;
} tdm_entry;

/* Arrays keep their room when cleared. */
typedef struct tdm_contribution {
    tdm_span groups[TDM_GROUPS]; /* borrowed; total is empty */
    uint8_t kind;                /* what groups[TDM_BY_KIND] points to */
    tdm_entry *entries;          /* ordered by family, kind, number; no two alike */
    size_t count;
    size_t capacity;
    int32_t *days;
    size_t days_count;
    size_t days_capacity;
} tdm_contribution;

void tdm_contribution_clear(tdm_contribution *contribution);
void tdm_contribution_free(tdm_contribution *contribution);
/* A new entry at the end; amounts that are not set are zero. */
tdm_entry *tdm_contribution_add(tdm_contribution *contribution, tdm_family family, tdm_period period);
static inline int64_t tdm_entry_get(const tdm_entry *entry, size_t amount)
{
    return entry->used >> amount & 1 ? entry->v[amount] : 0;
}
static inline void tdm_entry_set(tdm_entry *entry, size_t amount, int64_t value)
{
    entry->used |= (uint64_t)1 << amount;
    entry->v[amount] = value;
}
static inline void tdm_entry_count(tdm_entry *entry, size_t amount) /* one more */
{
    tdm_entry_set(entry, amount, tdm_entry_get(entry, amount) + 1);
}
void tdm_contribution_add_day(tdm_contribution *contribution, tdm_entry *entry, int32_t days);

void tdm_contribution_encode(const tdm_contribution *contribution, tdm_buf *out); /* empty: no bytes */
/* Whether stored bytes can be read: asked once, when they come from the views. */
bool tdm_contribution_is_sound(tdm_span encoded);

/* The groups of a sound, stored one; false: it has none. Spans are borrowed. */
bool tdm_contribution_groups(tdm_span encoded, tdm_span groups[TDM_GROUPS]);

/* What a sound, stored one adds to one place; false: nothing. v is all set. */
bool tdm_contribution_find(tdm_span encoded, tdm_family family, tdm_period period, int64_t v[TDM_AMOUNTS]);

/* Of these the ones that an explanation of the level tells: tdm_explained.n. */
void tdm_level_amounts(const int64_t v[TDM_AMOUNTS], tdm_weight weight, int64_t n[TDM_TABLE_AMOUNTS]);

/* Where a contribution went, so that its groups are not looked up each time. All NULL: not known. */
typedef struct tdm_found_groups {
    tdm_group *items[TDM_GROUPS];
} tdm_found_groups;

/* Take the old one out of the cells and put the new one in; both encoded and sound, either may be empty.
 * Cells that do not change are not touched. *groups are those of the old one and become those of the new one.
 */
void tdm_contribution_replace(tdm_span old, tdm_span new, tdm_found_groups *groups, tdm_cells *cells);

#endif
