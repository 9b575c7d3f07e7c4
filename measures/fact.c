/* SPDX-License-Identifier: MPL-2.0
 *
 * fact.c: the facts of a dossier as they stand.
 */
#include "fact.h"

tdm_order tdm_slot_order(tdm_slot slot, const tdm_lineage *lineage)
{
    return tdm_lineage_order(lineage, tdm_slot_author(slot), tdm_slot_incarnation(slot),
                             tdm_slot_sequence(slot));
}

bool tdm_slot_is_later(tdm_slot a, tdm_slot b, const tdm_lineage *lineage)
{
    if (tdm_slot_incarnation(a) == tdm_slot_incarnation(b))
        return tdm_slot_sequence(a) > tdm_slot_sequence(b);
    tdm_order of_a = tdm_slot_order(a, lineage);
    tdm_order of_b = tdm_slot_order(b, lineage);
    return tdm_order_compare(&of_a, &of_b) > 0;
}

bool tdm_standing_is_readable(const tdm_standing *standing)
{
    return tdm_slot_is_readable(standing->content != NULL ? standing->content : standing->base);
}

tdm_span tdm_standing_payload(const tdm_standing *standing)
{
    return tdm_slot_payload(standing->content != NULL ? standing->content : standing->base);
}

static bool same_statement(tdm_slot a, tdm_slot b)
{
    return tdm_slot_type(a) == tdm_slot_type(b) && tdm_span_equal(tdm_slot_payload(a), tdm_slot_payload(b));
}

/* The earliest base among those from `first` on; they lie together, before the amendments. */
static void read_bases(const tdm_dossier *dossier, tdm_slot first, const tdm_lineage *lineage,
                       tdm_standing *out)
{
    size_t count = 0;
    for (tdm_slot at = first;
         at != NULL && tdm_slot_same_fact(at, first) && tdm_slot_role(at) == TDM_ROLE_BASE;
         at = tdm_dossier_next(dossier, at)) {
        if (out->base == NULL || tdm_slot_is_later(out->base, at, lineage))
            out->base = at;
        count++;
    }
    if (count < 2)
        return;
    for (tdm_slot at = first; count > 0; at = tdm_dossier_next(dossier, at), count--)
        out->conflicts += !same_statement(at, out->base);
}

/* Later among counting amendments: by the author's distance, then in order. */
static void take_amendment(tdm_slot *held, int *held_distance, tdm_slot slot, int distance,
                           const tdm_lineage *lineage)
{
    if (*held != NULL
        && (distance < *held_distance
            || (distance == *held_distance && !tdm_slot_is_later(slot, *held, lineage))))
        return;
    *held = slot;
    *held_distance = distance;
}

typedef struct distances {
    int content;
    int visibility;
} distances;

static void read_amendment(tdm_slot slot, const tdm_lineage *lineage, tdm_standing *out, distances *held)
{
    int distance = tdm_slot_is_foreign(slot)
                       ? tdm_lineage_distance(lineage, tdm_slot_target(slot), tdm_slot_author(slot))
                       : 0;
    if (distance < 0) {
        out->strangers++;
        return;
    }
    if (tdm_slot_role(slot) == TDM_ROLE_VISIBILITY)
        take_amendment(&out->visibility, &held->visibility, slot, distance, lineage);
    else if (out->base != NULL && tdm_slot_target_type(slot) == tdm_slot_type(out->base))
        take_amendment(&out->content, &held->content, slot, distance, lineage);
}

void tdm_standing_read(const tdm_dossier *dossier, tdm_slot first, const tdm_lineage *lineage,
                       tdm_standing *out, tdm_slot *next)
{
    *out = (tdm_standing){ .first = first };
    distances held = { 0, 0 };
    read_bases(dossier, first, lineage, out);
    tdm_slot at = first;
    for (; at != NULL && tdm_slot_same_fact(at, first); at = tdm_dossier_next(dossier, at)) {
        if (tdm_slot_role(at) == TDM_ROLE_CONTENT || tdm_slot_role(at) == TDM_ROLE_VISIBILITY)
            read_amendment(at, lineage, out, &held);
    }
    *next = at;
    out->visible =
        out->base != NULL && (out->visibility == NULL || tdm_slot_type(out->visibility) == TDM_TYPE_UNVOID);
}
