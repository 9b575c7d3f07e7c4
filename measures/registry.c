/* SPDX-License-Identifier: MPL-2.0
 *
 * registry.c: organisations, their roots and validity by date, who represents whom.
 */
#include "registry.h"

#include <stdlib.h>

#include "bytes.h"
#include "match.h"

enum { STEPS_MAX = 16 };

tdm_org_code tdm_org_code_of(tdm_span text)
{
    tdm_org_code code = { { 0 } };
    size_t len = text.len > 15 ? 15 : text.len;
    for (size_t i = 0; i < len; i++) /* mostly three to six: less than a call costs */
        code.text[i] = (char)text.data[i];
    return code;
}

tdm_span tdm_org_code_span(const tdm_org_code *code)
{
    return (tdm_span){ (const uint8_t *)code->text, strnlen(code->text, sizeof code->text) };
}

int tdm_org_code_compare(const tdm_org_code *a, const tdm_org_code *b)
{
    return memcmp(a->text, b->text, sizeof a->text);
}

static tdm_span organisation_key(const void *item)
{
    return (tdm_span){ (const uint8_t *)((const tdm_organisation *)item)->code.text, 16 };
}

static void release_organisation(void *item)
{
    tdm_organisation *organisation = item;
    free(organisation->changes);
    free(organisation->representations);
    free(organisation);
}

static tdm_span catalogue_key(const void *item)
{
    return ((const tdm_catalogue *)item)->programme;
}

tdm_registry *tdm_registry_new(bool open)
{
    tdm_registry *registry = tdm_memory_new(sizeof *registry);
    registry->open = open;
    tdm_map_init(&registry->organisations, organisation_key);
    tdm_map_init(&registry->catalogue, catalogue_key);
    tdm_neighbours_init(&registry->neighbours);
    return registry;
}

void tdm_registry_free(tdm_registry *registry)
{
    if (registry == NULL)
        return;
    tdm_map_free(&registry->organisations, release_organisation);
    tdm_map_free(&registry->catalogue, free);
    tdm_neighbours_free(&registry->neighbours);
    for (size_t i = 0; i < registry->closing_count; i++)
        tdm_frontier_free(&registry->closings[i].frontier);
    free(registry->matches);
    free(registry->points);
    free(registry->expected);
    free(registry->made);
    free(registry->closings);
    free(registry->publications);
    free(registry->keys);
    free(registry->places);
    tdm_arena_free(&registry->arena);
    free(registry);
}

/* ---- finding an organisation ---- */

static size_t place_of(const tdm_registry *registry, const tdm_org_code *code)
{
    uint64_t halves[2];
    memcpy(halves, code->text, sizeof halves);
    size_t mask = registry->place_count - 1;
    size_t at = ((halves[0] ^ halves[1] << 7) * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (registry->places[at].organisation != NULL && !tdm_org_code_equal(&registry->places[at].code, code))
        at = (at + 1) & mask;
    return at;
}

static void place_organisations(tdm_registry *registry)
{
    size_t size = 16;
    while (size < registry->organisations.count * 2)
        size *= 2;
    registry->places = tdm_memory_new(size * sizeof *registry->places);
    registry->place_count = size;
    size_t at = 0;
    for (const tdm_organisation *o = tdm_map_next(&registry->organisations, &at); o != NULL;
         o = tdm_map_next(&registry->organisations, &at))
        registry->places[place_of(registry, &o->code)] = (tdm_code_place){ o->code, o };
}

const tdm_organisation *tdm_registry_find(const tdm_registry *registry, const tdm_org_code *code)
{
    if (registry->place_count > 0)
        return registry->places[place_of(registry, code)].organisation;
    return tdm_map_find(&registry->organisations, (tdm_span){ (const uint8_t *)code->text, 16 });
}

tdm_organisation *tdm_registry_organisation(tdm_registry *registry, const tdm_org_code *code)
{
    tdm_organisation *found =
        tdm_map_find(&registry->organisations, (tdm_span){ (const uint8_t *)code->text, 16 });
    if (found != NULL)
        return found;
    found = tdm_memory_new(sizeof *found);
    found->code = *code;
    tdm_map_add(&registry->organisations, found);
    return found;
}

/* ---- roots ---- */

/* The latest change of the wanted kinds (a mask of 1 << kind) effective on or before the date. */
static const tdm_change *latest(const tdm_organisation *organisation, unsigned kinds, tdm_date date)
{
    for (size_t i = organisation->change_count; i-- > 0;) {
        const tdm_change *change = &organisation->changes[i];
        if (change->effective <= date && change->change < 32 && (kinds >> change->change & 1))
            return change;
    }
    return NULL;
}

/* The merger in force: the latest with a successor, unless a later day reopened the organisation. */
static const tdm_change *merger(const tdm_organisation *organisation, tdm_date date)
{
    const tdm_change *reopened = latest(organisation, 1u << TDM_CHANGE_IS_REOPENED, date);
    for (size_t i = organisation->change_count; i-- > 0;) {
        const tdm_change *change = &organisation->changes[i];
        if (change->effective > date || change->change != TDM_CHANGE_IS_MERGED || !change->has_successor)
            continue;
        return reopened != NULL && reopened->effective > change->effective ? NULL : change;
    }
    return NULL;
}

bool tdm_registry_parent(const tdm_organisation *organisation, tdm_date date, tdm_org_code *parent,
                         int64_t *belongs)
{
    const tdm_change *moved = latest(organisation, 1u << TDM_CHANGE_IS_MOVED, date);
    *parent = moved != NULL ? moved->parent : organisation->parent;
    *belongs = moved != NULL ? moved->belongs : organisation->belongs;
    return moved != NULL ? moved->has_parent : organisation->has_parent;
}

bool tdm_registry_is_closed(const tdm_organisation *organisation, tdm_date date)
{
    for (size_t i = organisation->change_count; i-- > 0;) {
        const tdm_change *change = &organisation->changes[i];
        if (change->effective > date)
            continue;
        if (change->change == TDM_CHANGE_IS_REOPENED)
            return false;
        if (change->change == TDM_CHANGE_IS_CLOSED
            || (change->change == TDM_CHANGE_IS_MERGED && !change->has_successor))
            return true;
    }
    return false;
}

/* One step towards the root; false at the root. */
static bool step(const tdm_organisation *organisation, tdm_date date, tdm_org_code *next)
{
    const tdm_change *merged = merger(organisation, date);
    if (merged != NULL) {
        *next = merged->successor;
        return true;
    }
    int64_t belongs = 0;
    return tdm_registry_parent(organisation, date, next, &belongs)
           && (belongs == TDM_BELONGS_IS_SITE || belongs == TDM_BELONGS_IS_DEPARTMENT);
}

static tdm_org_code smallest(const tdm_org_code *met, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        if (tdm_org_code_compare(&met[i], &met[best]) < 0)
            best = i;
    }
    return met[best];
}

static bool is_met(const tdm_org_code *met, size_t count, const tdm_org_code *code)
{
    for (size_t i = 0; i < count; i++) {
        if (tdm_org_code_equal(&met[i], code))
            return true;
    }
    return false;
}

/* The root by the rule; *steady turns false if any organisation on the way has dated changes. */
static tdm_org_code walk(const tdm_registry *registry, const tdm_org_code *code, tdm_date date, bool *steady)
{
    tdm_org_code met[STEPS_MAX + 1] = { *code };
    size_t count = 1;
    *steady = true;
    for (;;) {
        const tdm_organisation *at = tdm_registry_find(registry, &met[count - 1]);
        if (at == NULL || !at->registered)
            return met[count - 1];
        *steady = *steady && at->change_count == 0;
        tdm_org_code next;
        if (!step(at, date, &next))
            return met[count - 1];
        if (count == STEPS_MAX + 1 || is_met(met, count, &next))
            return smallest(met, count);
        met[count++] = next;
    }
}

static tdm_rooted look_up(const tdm_registry *registry, const tdm_org_code *code, tdm_date date)
{
    tdm_rooted out = { 0 };
    out.root = walk(registry, code, date, &out.steady);
    const tdm_organisation *self = tdm_registry_find(registry, code);
    const tdm_organisation *root = tdm_registry_find(registry, &out.root);
    out.registered = self != NULL && self->registered;
    out.countable = out.registered && root != NULL && root->registered && !tdm_registry_is_closed(self, date)
                    && !tdm_registry_is_closed(root, date);
    return out;
}

tdm_rooted tdm_registry_root(const tdm_registry *registry, const tdm_org_code *code, tdm_date date)
{
    if (registry->open)
        return (tdm_rooted){ .root = *code, .registered = true, .countable = true, .steady = true };
    const tdm_organisation *self = tdm_registry_find(registry, code);
    if (self == NULL)
        return (tdm_rooted){ .root = *code, .steady = true };
    if (self->steady)
        return (tdm_rooted){ self->steady_root, self->registered, self->steady_countable, true };
    return look_up(registry, code, date);
}

int64_t tdm_registry_sector(const tdm_registry *registry, const tdm_org_code *code, tdm_date date)
{
    const tdm_organisation *self = tdm_registry_find(registry, code);
    if (self == NULL || !self->registered)
        return 0;
    for (size_t i = self->change_count; i-- > 0;) {
        const tdm_change *change = &self->changes[i];
        if (change->effective <= date && change->change == TDM_CHANGE_IS_RECLASSIFIED && change->sector != 0)
            return change->sector;
    }
    return self->sector;
}

/* ---- representation ---- */

static bool holds_on(const tdm_representation *representation, tdm_date date)
{
    return (!representation->has_from || representation->from <= date)
           && (!representation->has_until || representation->until > date);
}

bool tdm_registry_represents(const tdm_registry *registry, const tdm_id *origin, const tdm_org_code *code,
                             tdm_date date)
{
    const tdm_organisation *self = registry->open ? NULL : tdm_registry_find(registry, code);
    for (size_t i = 0; self != NULL && i < self->representation_count; i++) {
        if (tdm_id_equal(&self->representations[i].origin, origin)
            && holds_on(&self->representations[i], date))
            return true;
    }
    return registry->open;
}

bool tdm_registry_represents_at(const tdm_registry *registry, const tdm_id *origin, const tdm_org_code *code,
                                int64_t ms_utc)
{
    const tdm_organisation *self = registry->open ? NULL : tdm_registry_find(registry, code);
    bool dated = false;
    for (size_t i = 0; self != NULL && i < self->representation_count; i++) {
        const tdm_representation *at = &self->representations[i];
        if (!tdm_id_equal(&at->origin, origin))
            continue;
        if (!at->has_from && !at->has_until)
            return true;
        dated = true;
    }
    if (!dated)
        return registry->open;
    return tdm_registry_represents(registry, origin, code, tdm_date_in_london(ms_utc));
}

/* ---- finish ---- */

static int compare_changes(const void *a, const void *b)
{
    const tdm_change *x = a;
    const tdm_change *y = b;
    if (x->effective != y->effective)
        return x->effective < y->effective ? -1 : 1;
    return tdm_order_compare(&x->order, &y->order);
}

static int compare_representations(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(tdm_representation));
}

static int compare_returns(const void *a, const void *b)
{
    const tdm_return *x = a;
    const tdm_return *y = b;
    if (x->period.kind != y->period.kind)
        return x->period.kind < y->period.kind ? -1 : 1;
    if (x->period.number != y->period.number)
        return x->period.number < y->period.number ? -1 : 1;
    return tdm_org_code_compare(&x->code, &y->code);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(items, count, size, compare);
}

static size_t sort_returns(tdm_return *returns, size_t count)
{
    sort(returns, count, sizeof *returns, compare_returns);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_returns(&returns[kept - 1], &returns[i]) != 0)
            returns[kept++] = returns[i];
    }
    return kept;
}

void tdm_registry_finish(tdm_registry *registry)
{
    size_t at = 0;
    place_organisations(registry);
    for (tdm_organisation *o = tdm_map_next(&registry->organisations, &at); o != NULL;
         o = tdm_map_next(&registry->organisations, &at)) {
        sort(o->changes, o->change_count, sizeof *o->changes, compare_changes);
        sort(o->representations, o->representation_count, sizeof *o->representations,
             compare_representations);
    }
    at = 0;
    for (tdm_organisation *o = tdm_map_next(&registry->organisations, &at); o != NULL;
         o = tdm_map_next(&registry->organisations, &at)) {
        tdm_rooted rooted = look_up(registry, &o->code, 0);
        const tdm_organisation *root = tdm_registry_find(registry, &rooted.root);
        o->steady = rooted.steady && (root == NULL || root->change_count == 0) && o->change_count == 0;
        o->steady_root = rooted.root;
        o->steady_countable = rooted.countable;
    }
    registry->expected_count = sort_returns(registry->expected, registry->expected_count);
    registry->made_count = sort_returns(registry->made, registry->made_count);
    tdm_registry_tie(registry);
}

const tdm_closing *tdm_registry_closing(const tdm_registry *registry, tdm_period period)
{
    for (size_t i = 0; i < registry->closing_count; i++) {
        const tdm_closing *closing = &registry->closings[i];
        if (closing->period.kind == period.kind && closing->period.number == period.number)
            return closing;
    }
    return NULL;
}

tdm_span tdm_registry_region(const tdm_registry *registry, const tdm_org_code *code)
{
    const tdm_organisation *organisation = tdm_registry_find(registry, code);
    return organisation == NULL ? (tdm_span){ NULL, 0 } : organisation->region;
}

const tdm_catalogue *tdm_registry_catalogue(const tdm_registry *registry, tdm_span programme)
{
    return tdm_map_find(&registry->catalogue, programme);
}
