/* SPDX-License-Identifier: MPL-2.0
 *
 * match.c: unit subjects joined by matches.
 */
#include "match.h"

#include <stdlib.h>

#include "bytes.h"

/* One subject with what it is matched with directly. */
typedef struct neighbour {
    tdm_span subject; /* in the registry's arena */
    tdm_subjects others;
} neighbour;

static tdm_span neighbour_key(const void *item)
{
    return ((const neighbour *)item)->subject;
}

static void release_neighbour(void *item)
{
    tdm_subjects_free(&((neighbour *)item)->others);
    free(item);
}

void tdm_neighbours_init(tdm_map *neighbours)
{
    tdm_map_init(neighbours, neighbour_key);
}

void tdm_neighbours_free(tdm_map *neighbours)
{
    tdm_map_free(neighbours, release_neighbour);
}

void tdm_subjects_add(tdm_subjects *subjects, tdm_span subject)
{
    subjects->items =
        tdm_memory_grow(subjects->items, &subjects->capacity, subjects->count + 1, sizeof *subjects->items);
    subjects->items[subjects->count++] = subject;
}

void tdm_subjects_free(tdm_subjects *subjects)
{
    free(subjects->items);
    *subjects = (tdm_subjects){ 0 };
}

static int compare_spans(const void *a, const void *b)
{
    return tdm_span_compare(*(const tdm_span *)a, *(const tdm_span *)b);
}

void tdm_subjects_sort(tdm_subjects *subjects)
{
    if (subjects->count < 2)
        return;
    qsort(subjects->items, subjects->count, sizeof *subjects->items, compare_spans);
    size_t kept = 1;
    for (size_t i = 1; i < subjects->count; i++) {
        if (!tdm_span_equal(subjects->items[kept - 1], subjects->items[i]))
            subjects->items[kept++] = subjects->items[i];
    }
    subjects->count = kept;
}

static void tie(tdm_registry *registry, tdm_span from, tdm_span to)
{
    neighbour *found = tdm_map_find(&registry->neighbours, from);
    if (found == NULL) {
        found = tdm_memory_new(sizeof *found);
        found->subject = from;
        tdm_map_add(&registry->neighbours, found);
    }
    tdm_subjects_add(&found->others, to);
}

static int compare_matches(const void *a, const void *b)
{
    const tdm_match *x = a;
    const tdm_match *y = b;
    int order = tdm_span_compare(x->a, y->a);
    return order != 0 ? order : tdm_span_compare(x->b, y->b);
}

void tdm_registry_tie(tdm_registry *registry)
{
    if (registry->match_count > 1)
        qsort(registry->matches, registry->match_count, sizeof *registry->matches, compare_matches);
    size_t kept = 0;
    for (size_t i = 0; i < registry->match_count; i++) {
        if (kept == 0 || compare_matches(&registry->matches[kept - 1], &registry->matches[i]) != 0)
            registry->matches[kept++] = registry->matches[i];
    }
    registry->match_count = kept;
    for (size_t i = 0; i < kept; i++) {
        tie(registry, registry->matches[i].a, registry->matches[i].b);
        tie(registry, registry->matches[i].b, registry->matches[i].a);
    }
}

bool tdm_registry_is_matched(const tdm_registry *registry, tdm_span subject)
{
    return registry->neighbours.count > 0 && tdm_map_find(&registry->neighbours, subject) != NULL;
}

typedef struct seen_subject {
    tdm_span subject;
} seen_subject;

static tdm_span seen_key(const void *item)
{
    return ((const seen_subject *)item)->subject;
}

static void meet(tdm_map *seen, tdm_subjects *out, tdm_span subject)
{
    if (tdm_map_find(seen, subject) != NULL)
        return;
    seen_subject *item = tdm_memory_new(sizeof *item);
    item->subject = subject;
    tdm_map_add(seen, item);
    tdm_subjects_add(out, subject);
}

void tdm_registry_class(const tdm_registry *registry, tdm_span subject, tdm_subjects *out)
{
    out->count = 0;
    if (!tdm_registry_is_matched(registry, subject)) {
        tdm_subjects_add(out, subject);
        return;
    }
    tdm_map seen;
    tdm_map_init(&seen, seen_key);
    meet(&seen, out, subject);
    for (size_t i = 0; i < out->count; i++) {
        const neighbour *at = tdm_map_find(&registry->neighbours, out->items[i]);
        for (size_t j = 0; at != NULL && j < at->others.count; j++)
            meet(&seen, out, at->others.items[j]);
    }
    tdm_map_free(&seen, free);
    tdm_subjects_sort(out);
}
