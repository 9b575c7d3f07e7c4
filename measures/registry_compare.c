/* SPDX-License-Identifier: MPL-2.0
 *
 * registry_compare.c: what differs between two registries, as far as contributions depend on it.
 */
#include "registry_read.h"

#include <stdlib.h>

#include "bytes.h"

void tdm_registry_changes_free(tdm_registry_changes *changes)
{
    tdm_subjects_free(&changes->codes);
    tdm_subjects_free(&changes->subjects);
}

static bool same_change(const tdm_change *a, const tdm_change *b)
{
    return a->effective == b->effective && a->change == b->change && a->has_successor == b->has_successor
           && a->has_parent == b->has_parent && a->belongs == b->belongs && a->sector == b->sector
           && tdm_org_code_equal(&a->successor, &b->successor) && tdm_org_code_equal(&a->parent, &b->parent);
}

/* Equal as far as roots, validity and sectors go (whose counts are a publisher's): names move no cell. */
static bool same_structure(const tdm_organisation *a, const tdm_organisation *b)
{
    if (a->registered != b->registered || a->sector != b->sector || a->has_parent != b->has_parent
        || a->belongs != b->belongs || !tdm_org_code_equal(&a->parent, &b->parent)
        || a->change_count != b->change_count)
        return false;
    for (size_t i = 0; i < a->change_count; i++) {
        if (!same_change(&a->changes[i], &b->changes[i]))
            return false;
    }
    return true;
}

static bool same_representations(const tdm_organisation *a, const tdm_organisation *b)
{
    return a->representation_count == b->representation_count
           && (a->representation_count == 0
               || memcmp(a->representations, b->representations,
                         a->representation_count * sizeof *a->representations)
                      == 0);
}

/* A set of codes: the organisations found so far. */
typedef struct marked {
    tdm_org_code code;
} marked;

static tdm_span marked_key(const void *item)
{
    return (tdm_span){ (const uint8_t *)((const marked *)item)->code.text, 16 };
}

static bool is_marked(const tdm_map *set, const tdm_org_code *code)
{
    return tdm_map_find(set, (tdm_span){ (const uint8_t *)code->text, 16 }) != NULL;
}

static void mark(tdm_map *set, const tdm_org_code *code)
{
    if (is_marked(set, code))
        return;
    marked *item = tdm_memory_new(sizeof *item);
    item->code = *code;
    tdm_map_add(set, item);
}

static const tdm_organisation NONE;

static void mark_differing(const tdm_registry *one, const tdm_registry *other, tdm_map *roots,
                           tdm_map *answers)
{
    size_t at = 0;
    for (const tdm_organisation *a = tdm_map_next(&one->organisations, &at); a != NULL;
         a = tdm_map_next(&one->organisations, &at)) {
        const tdm_organisation *b = tdm_registry_find(other, &a->code);
        if (b == NULL)
            b = &NONE;
        if (!same_structure(a, b))
            mark(roots, &a->code);
        if (!same_representations(a, b))
            mark(answers, &a->code);
    }
}

/* Whether the organisation's way to its root may lead over a marked one, on any date. */
static bool leads_over(const tdm_organisation *organisation, const tdm_map *set)
{
    if (organisation->has_parent && is_marked(set, &organisation->parent))
        return true;
    for (size_t i = 0; i < organisation->change_count; i++) {
        const tdm_change *change = &organisation->changes[i];
        if ((change->has_successor && is_marked(set, &change->successor))
            || (change->has_parent && is_marked(set, &change->parent)))
            return true;
    }
    return false;
}

static void mark_below(const tdm_registry *registry, tdm_map *set)
{
    size_t before;
    do {
        before = set->count;
        size_t at = 0;
        for (const tdm_organisation *o = tdm_map_next(&registry->organisations, &at); o != NULL;
             o = tdm_map_next(&registry->organisations, &at)) {
            if (!is_marked(set, &o->code) && leads_over(o, set))
                mark(set, &o->code);
        }
    } while (set->count > before);
}

/* Names of organisations, borrowed from whichever registry knows them. */
static void list_codes(const tdm_registry *old, const tdm_registry *new, const tdm_map *set,
                       tdm_subjects *out)
{
    size_t at = 0;
    for (const marked *item = tdm_map_next(set, &at); item != NULL; item = tdm_map_next(set, &at)) {
        const tdm_organisation *known = tdm_registry_find(new, &item->code);
        if (known == NULL)
            known = tdm_registry_find(old, &item->code);
        tdm_subjects_add(out, tdm_org_code_span(&known->code));
    }
}

static bool same_frontiers(const tdm_frontier *a, const tdm_frontier *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!tdm_id_equal(&a->entries[i].origin, &b->entries[i].origin)
            || a->entries[i].incarnation != b->entries[i].incarnation
            || a->entries[i].sequence != b->entries[i].sequence)
            return false;
    }
    return true;
}

static bool closings_within(const tdm_registry *one, const tdm_registry *other)
{
    for (size_t i = 0; i < one->closing_count; i++) {
        const tdm_closing *a = &one->closings[i];
        const tdm_closing *b = tdm_registry_closing(other, a->period);
        if (a->has_frontier != (b != NULL && b->has_frontier)
            || (a->has_frontier && !same_frontiers(&a->frontier, &b->frontier)))
            return false;
    }
    return true;
}

static int compare_pairs(const tdm_match *a, const tdm_match *b)
{
    int order = tdm_span_compare(a->a, b->a);
    return order != 0 ? order : tdm_span_compare(a->b, b->b);
}

/* The classes of every pair that only `one` ties. Both lists are sorted. */
static void compare_matches(const tdm_registry *one, const tdm_registry *other, tdm_subjects *out)
{
    tdm_subjects class = { 0 };
    size_t j = 0;
    for (size_t i = 0; i < one->match_count; i++) {
        while (j < other->match_count && compare_pairs(&other->matches[j], &one->matches[i]) < 0)
            j++;
        if (j < other->match_count && compare_pairs(&other->matches[j], &one->matches[i]) == 0)
            continue;
        tdm_registry_class(one, one->matches[i].a, &class);
        for (size_t m = 0; m < class.count; m++)
            tdm_subjects_add(out, class.items[m]);
    }
    tdm_subjects_free(&class);
}

void tdm_registry_compare(const tdm_registry *old, const tdm_registry *new, tdm_registry_changes *out)
{
    *out = (tdm_registry_changes){ 0 };
    tdm_map roots;
    tdm_map answers;
    tdm_map_init(&roots, marked_key);
    tdm_map_init(&answers, marked_key);
    mark_differing(old, new, &roots, &answers);
    mark_differing(new, old, &roots, &answers);
    if (roots.count > 0) {
        mark_below(old, &roots);
        mark_below(new, &roots);
    }
    list_codes(old, new, &roots, &out->codes);
    list_codes(old, new, &answers, &out->codes);
    tdm_subjects_sort(&out->codes);
    out->everything = old->succession_print != new->succession_print || !closings_within(old, new)
                      || !closings_within(new, old);
    compare_matches(old, new, &out->subjects);
    compare_matches(new, old, &out->subjects);
    tdm_subjects_sort(&out->subjects);
    tdm_map_free(&roots, free);
    tdm_map_free(&answers, free);
}
