/* SPDX-License-Identifier: MPL-2.0
 *
 * registry_read.h: making a registry from the dossiers that hold its facts, and telling two apart.
 */
#ifndef TANDEM_MEASURES_REGISTRY_READ_H
#define TANDEM_MEASURES_REGISTRY_READ_H

#include "fact.h"
#include "match.h"

/* Read all facts of `dossiers` (those that hold any of the authority's registry facts or anybody's returns)
 * into an empty registry, and its successions into the lineage. Closings have no frontier yet. */
void tdm_registry_read(tdm_registry *registry, tdm_lineage *lineage, const tdm_id *authority,
                       tdm_dossier *const *dossiers, size_t count);

/* What differs between two registries, as far as contributions depend on it. */
typedef struct tdm_registry_changes {
    bool everything;       /* successions or closings: any subject may count otherwise */
    tdm_subjects codes;    /* organisations whose root, validity or representation may differ */
    tdm_subjects subjects; /* of classes tied or untied; with the classes' other members */
} tdm_registry_changes;

/* Spans in `out` are borrowed from both registries. */
void tdm_registry_compare(const tdm_registry *old, const tdm_registry *new, tdm_registry_changes *out);
void tdm_registry_changes_free(tdm_registry_changes *changes);

#endif
