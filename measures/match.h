/* SPDX-License-Identifier: MPL-2.0
 *
 * match.h: unit subjects joined by matches: the classes that are counted as one unit.
 */
#ifndef TANDEM_MEASURES_MATCH_H
#define TANDEM_MEASURES_MATCH_H

#include "registry.h"

void tdm_neighbours_init(tdm_map *neighbours);
void tdm_neighbours_free(tdm_map *neighbours);

/* Sorts the registry's matches, drops repeats and builds its neighbours. */
void tdm_registry_tie(tdm_registry *registry);

/* A growing list of borrowed subjects. */
typedef struct tdm_subjects {
    tdm_span *items;
    size_t count;
    size_t capacity;
} tdm_subjects;

void tdm_subjects_add(tdm_subjects *subjects, tdm_span subject);
void tdm_subjects_free(tdm_subjects *subjects);
void tdm_subjects_sort(tdm_subjects *subjects); /* by bytes, repeats dropped */

/* True if the subject is matched with anything. */
bool tdm_registry_is_matched(const tdm_registry *registry, tdm_span subject);
/* Add the subject's whole class to `out` (cleared first), sorted. Spans live as long as the registry and the
 * subject given. */
void tdm_registry_class(const tdm_registry *registry, tdm_span subject, tdm_subjects *out);

#endif
