/* SPDX-License-Identifier: MPL-2.0
 *
 * registry_read.c: making a registry from the dossiers that hold its facts: one reader per type of fact.
 */
#include "registry_read.h"

#include <stdlib.h>

#include "bytes.h"
#include "tandem/pack.h"

/* One visible fact of the authority. */
typedef struct statement {
    tdm_record record;
    tdm_order order;
} statement;

typedef void read_statement(tdm_registry *registry, const statement *stated);

static tdm_org_code code_in(const statement *stated, uint32_t field)
{
    return tdm_org_code_of(stated->record.values[field].bytes);
}

static void read_organisation(tdm_registry *registry, const statement *stated)
{
    tdm_org_code code = code_in(stated, TDM_ORGANISATION_CODE);
    tdm_organisation *out = tdm_registry_organisation(registry, &code);
    if (out->registered && tdm_order_compare(&stated->order, &out->order) < 0)
        return;
    const tdm_value *values = stated->record.values;
    out->registered = true;
    out->order = stated->order;
    out->has_parent = values[TDM_ORGANISATION_PARENT].present;
    out->parent = code_in(stated, TDM_ORGANISATION_PARENT);
    out->belongs = values[TDM_ORGANISATION_BELONGS].number;
    out->sector = values[TDM_ORGANISATION_SECTOR].number;
    out->name = tdm_arena_keep(&registry->arena, values[TDM_ORGANISATION_NAME].bytes);
    out->region = tdm_arena_keep(&registry->arena, values[TDM_ORGANISATION_REGION].bytes);
}

static void read_change(tdm_registry *registry, const statement *stated)
{
    tdm_org_code code = code_in(stated, TDM_ORGANISATION_CHANGE_CODE);
    tdm_organisation *of = tdm_registry_organisation(registry, &code);
    const tdm_value *values = stated->record.values;
    of->changes =
        tdm_memory_grow(of->changes, &of->change_capacity, of->change_count + 1, sizeof *of->changes);
    tdm_change *out = &of->changes[of->change_count++];
    memset(out, 0, sizeof *out);
    out->effective = (tdm_date)values[TDM_ORGANISATION_CHANGE_EFFECTIVE].number;
    out->order = stated->order;
    out->change = values[TDM_ORGANISATION_CHANGE_CHANGE].number;
    out->has_successor = values[TDM_ORGANISATION_CHANGE_SUCCESSOR].present;
    out->successor = code_in(stated, TDM_ORGANISATION_CHANGE_SUCCESSOR);
    out->has_parent = values[TDM_ORGANISATION_CHANGE_PARENT].present;
    out->parent = code_in(stated, TDM_ORGANISATION_CHANGE_PARENT);
    out->belongs = values[TDM_ORGANISATION_CHANGE_BELONGS].number;
    out->sector = values[TDM_ORGANISATION_CHANGE_SECTOR].number;
    out->name = tdm_arena_keep(&registry->arena, values[TDM_ORGANISATION_CHANGE_NAME].bytes);
}

static void read_represents(tdm_registry *registry, const statement *stated)
{
    tdm_org_code code = code_in(stated, TDM_REPRESENTS_ORGANISATION);
    tdm_organisation *of = tdm_registry_organisation(registry, &code);
    const tdm_value *values = stated->record.values;
    of->representations = tdm_memory_grow(of->representations, &of->representation_capacity,
                                          of->representation_count + 1, sizeof *of->representations);
    tdm_representation *out = &of->representations[of->representation_count++];
    memset(out, 0, sizeof *out);
    out->origin = tdm_value_id(&values[TDM_REPRESENTS_ORIGIN]);
    out->has_from = values[TDM_REPRESENTS_FROM].present;
    out->from = (tdm_date)values[TDM_REPRESENTS_FROM].number;
    out->has_until = values[TDM_REPRESENTS_UNTIL].present;
    out->until = (tdm_date)values[TDM_REPRESENTS_UNTIL].number;
}

static void read_key(tdm_registry *registry, const statement *stated)
{
    const tdm_value *values = stated->record.values;
    registry->keys = tdm_memory_grow(registry->keys, &registry->key_capacity, registry->key_count + 1,
                                     sizeof *registry->keys);
    tdm_stated_key *out = &registry->keys[registry->key_count++];
    memset(out, 0, sizeof *out);
    out->order = stated->order;
    out->fact.origin = tdm_value_id(&values[TDM_KEY_ORIGIN]);
    out->fact.purpose = (uint32_t)values[TDM_KEY_PURPOSE].number;
    out->fact.active = values[TDM_KEY_STATE].number == TDM_KEYSTATE_IS_ACTIVE;
    out->fact.first = (uint64_t)values[TDM_KEY_FIRST].number;
    out->fact.last = (uint64_t)values[TDM_KEY_LAST].number;
    memcpy(out->fact.key, values[TDM_KEY_PUBLIC_KEY].bytes.data, sizeof out->fact.key);
}

static void read_point(tdm_registry *registry, int64_t year, int64_t level, bool is_target, tdm_order order)
{
    for (size_t i = 0; i < registry->point_count; i++) {
        tdm_level_point *held = &registry->points[i];
        if (held->year != year || held->is_target != is_target)
            continue;
        if (tdm_order_compare(&order, &held->order) > 0)
            *held = (tdm_level_point){ year, level, is_target, order };
        return;
    }
    registry->points = tdm_memory_grow(registry->points, &registry->point_capacity, registry->point_count + 1,
                                       sizeof *registry->points);
    registry->points[registry->point_count++] = (tdm_level_point){ year, level, is_target, order };
}

static void read_baseline(tdm_registry *registry, const statement *stated)
{
    read_point(registry, stated->record.values[TDM_BASELINE_YEAR].number,
               stated->record.values[TDM_BASELINE_LEVEL].number, false, stated->order);
}

static void read_target(tdm_registry *registry, const statement *stated)
{
    read_point(registry, stated->record.values[TDM_TARGET_YEAR].number,
               stated->record.values[TDM_TARGET_LEVEL].number, true, stated->order);
}

static void read_expected(tdm_registry *registry, const statement *stated)
{
    tdm_return out;
    memset(&out, 0, sizeof out);
    if (tdm_period_parse(stated->record.values[TDM_RETURN_EXPECTED_PERIOD].bytes, &out.period, NULL)
        != TDM_OK)
        return;
    out.code = code_in(stated, TDM_RETURN_EXPECTED_ORGANISATION);
    registry->expected = tdm_memory_grow(registry->expected, &registry->expected_capacity,
                                         registry->expected_count + 1, sizeof *registry->expected);
    registry->expected[registry->expected_count++] = out;
}

static bool is_unit(tdm_span subject)
{
    return subject.len > 5 && memcmp(subject.data, "unit/", 5) == 0;
}

static void read_match(tdm_registry *registry, const statement *stated)
{
    tdm_span a = stated->record.values[TDM_MATCH_A].bytes;
    tdm_span b = stated->record.values[TDM_MATCH_B].bytes;
    if (!is_unit(a) || !is_unit(b) || tdm_span_equal(a, b))
        return;
    bool turned = tdm_span_compare(a, b) > 0;
    registry->matches = tdm_memory_grow(registry->matches, &registry->match_capacity,
                                        registry->match_count + 1, sizeof *registry->matches);
    tdm_match *out = &registry->matches[registry->match_count++];
    out->a = tdm_arena_keep(&registry->arena, turned ? b : a);
    out->b = tdm_arena_keep(&registry->arena, turned ? a : b);
}

static void read_catalogue(tdm_registry *registry, const statement *stated)
{
    const tdm_value *values = stated->record.values;
    tdm_catalogue *out = tdm_map_find(&registry->catalogue, values[TDM_CATALOGUE_ENTRY_PROGRAMME].bytes);
    if (out != NULL && tdm_order_compare(&stated->order, &out->order) < 0)
        return;
    bool is_new = out == NULL;
    if (is_new)
        out = tdm_memory_new(sizeof *out);
    *out = (tdm_catalogue){
        .programme = tdm_arena_keep(&registry->arena, values[TDM_CATALOGUE_ENTRY_PROGRAMME].bytes),
        .core = tdm_arena_keep(&registry->arena, values[TDM_CATALOGUE_ENTRY_CORE].bytes),
        .aim = values[TDM_CATALOGUE_ENTRY_AIM].number,
        .bespoke = values[TDM_CATALOGUE_ENTRY_BESPOKE].number != 0,
        .has_evidence = values[TDM_CATALOGUE_ENTRY_EVIDENCE].bytes.len > 0,
        .targeted = values[TDM_CATALOGUE_ENTRY_TARGET_GROUP].bytes.len > 0,
        .has_reviewed = values[TDM_CATALOGUE_ENTRY_REVIEWED].present,
        .reviewed = (tdm_date)values[TDM_CATALOGUE_ENTRY_REVIEWED].number,
        .order = stated->order,
    };
    if (is_new)
        tdm_map_add(&registry->catalogue, out);
}

static void read_closed(tdm_registry *registry, const statement *stated)
{
    const tdm_value *values = stated->record.values;
    tdm_closing out;
    memset(&out, 0, sizeof out);
    if (tdm_period_parse(values[TDM_PERIOD_CLOSED_PERIOD].bytes, &out.period, NULL) != TDM_OK)
        return;
    out.order = stated->order;
    out.tide_incarnation = tdm_value_incarnation(&values[TDM_PERIOD_CLOSED_TIDE_INCARNATION]);
    out.tide_sequence = (uint64_t)values[TDM_PERIOD_CLOSED_TIDE_SEQUENCE].number;
    tdm_closing *held = (tdm_closing *)tdm_registry_closing(registry, out.period);
    if (held != NULL) {
        if (tdm_order_compare(&out.order, &held->order) < 0)
            *held = out;
        return;
    }
    registry->closings = tdm_memory_grow(registry->closings, &registry->closing_capacity,
                                         registry->closing_count + 1, sizeof *registry->closings);
    registry->closings[registry->closing_count++] = out;
}

static void read_published(tdm_registry *registry, const statement *stated)
{
    const tdm_value *values = stated->record.values;
    tdm_publication out;
    memset(&out, 0, sizeof out);
    if (tdm_period_parse(values[TDM_FIGURE_PUBLISHED_PERIOD].bytes, &out.period, NULL) != TDM_OK)
        return;
    out.measure = tdm_arena_keep(&registry->arena, values[TDM_FIGURE_PUBLISHED_MEASURE].bytes);
    out.definition = values[TDM_FIGURE_PUBLISHED_DEFINITION].number;
    out.dimension = tdm_arena_keep(&registry->arena, values[TDM_FIGURE_PUBLISHED_DIMENSION].bytes);
    out.group = tdm_arena_keep(&registry->arena, values[TDM_FIGURE_PUBLISHED_GROUP].bytes);
    out.units = values[TDM_FIGURE_PUBLISHED_UNITS].number;
    out.joint[TDM_LINE_ASSERTED] = values[TDM_FIGURE_PUBLISHED_ASSERTED].number;
    out.joint[TDM_LINE_STANDING] = values[TDM_FIGURE_PUBLISHED_STANDING].number;
    out.joint[TDM_LINE_CORROBORATED] = values[TDM_FIGURE_PUBLISHED_CORROBORATED].number;
    out.order = stated->order;
    registry->publications = tdm_memory_grow(registry->publications, &registry->publication_capacity,
                                             registry->publication_count + 1, sizeof *registry->publications);
    registry->publications[registry->publication_count++] = out;
}

static const struct {
    uint32_t type;
    read_statement *read;
} READERS[] = {
    { TDM_TYPE_ORGANISATION, read_organisation },  { TDM_TYPE_ORGANISATION_CHANGE, read_change },
    { TDM_TYPE_REPRESENTS, read_represents },      { TDM_TYPE_KEY, read_key },
    { TDM_TYPE_BASELINE, read_baseline },          { TDM_TYPE_TARGET, read_target },
    { TDM_TYPE_RETURN_EXPECTED, read_expected },   { TDM_TYPE_MATCH, read_match },
    { TDM_TYPE_CATALOGUE_ENTRY, read_catalogue },  { TDM_TYPE_PERIOD_CLOSED, read_closed },
    { TDM_TYPE_FIGURE_PUBLISHED, read_published },
};

static read_statement *reader_of(uint32_t type)
{
    for (size_t i = 0; i < TDM_COUNT(READERS); i++) {
        if (READERS[i].type == type)
            return READERS[i].read;
    }
    return NULL;
}

/* ---- successions: first, for they say whose amendments count; amended by the authority alone ---- */

typedef struct stated_succession {
    tdm_id origin;
    tdm_id successor;
    tdm_order order;
} stated_succession;

typedef struct successions {
    stated_succession *items;
    size_t count;
    size_t capacity;
} successions;

static int compare_successions(const void *a, const void *b)
{
    const stated_succession *x = a;
    const stated_succession *y = b;
    int order = tdm_id_compare(&x->origin, &y->origin);
    return order != 0 ? order : -tdm_order_compare(&x->order, &y->order); /* the latest first */
}

static void collect_successions(const tdm_dossier *dossier, const tdm_lineage *lineage,
                                const tdm_id *authority, successions *out)
{
    tdm_slot next = NULL;
    for (tdm_slot at = tdm_dossier_next(dossier, NULL); at != NULL; at = next) {
        tdm_standing fact;
        tdm_record record;
        tdm_standing_read(dossier, at, lineage, &fact, &next);
        if (!fact.visible || tdm_slot_type(fact.base) != TDM_TYPE_SUCCESSION
            || !tdm_id_equal(tdm_slot_target(at), authority)
            || tdm_record_decode(TDM_TYPE_SUCCESSION, tdm_standing_payload(&fact), &record, NULL) != TDM_OK)
            continue;
        out->items = tdm_memory_grow(out->items, &out->capacity, out->count + 1, sizeof *out->items);
        out->items[out->count++] =
            (stated_succession){ tdm_value_id(&record.values[TDM_SUCCESSION_ORIGIN]),
                                 tdm_value_id(&record.values[TDM_SUCCESSION_SUCCESSOR]),
                                 tdm_slot_order(fact.base, lineage) };
    }
}

static void read_successions(tdm_registry *registry, tdm_lineage *lineage, const tdm_id *authority,
                             tdm_dossier *const *dossiers, size_t count)
{
    successions all = { 0 };
    tdm_lineage_clear_successors(lineage);
    for (size_t i = 0; i < count; i++)
        collect_successions(dossiers[i], lineage, authority, &all);
    if (all.count > 1)
        qsort(all.items, all.count, sizeof *all.items, compare_successions);
    for (size_t i = 0; i < all.count; i++) {
        if (i > 0 && tdm_id_equal(&all.items[i - 1].origin, &all.items[i].origin))
            continue;
        tdm_lineage_succeed(lineage, &all.items[i].origin, &all.items[i].successor);
        tdm_span print = { (const uint8_t *)&all.items[i], 2 * TDM_ID_BYTES };
        registry->succession_print = registry->succession_print * 31 + tdm_bytes_hash(print);
    }
    free(all.items);
}

/* ---- all else ---- */

static void read_dossier(tdm_registry *registry, const tdm_lineage *lineage, const tdm_id *authority,
                         const tdm_dossier *dossier)
{
    tdm_slot next = NULL;
    for (tdm_slot at = tdm_dossier_next(dossier, NULL); at != NULL; at = next) {
        tdm_standing fact;
        statement stated;
        tdm_standing_read(dossier, at, lineage, &fact, &next);
        if (!fact.visible || !tdm_id_equal(tdm_slot_target(at), authority))
            continue;
        uint32_t type = tdm_slot_type(fact.base);
        read_statement *read = reader_of(type);
        if (read == NULL
            || tdm_record_decode(type, tdm_standing_payload(&fact), &stated.record, NULL) != TDM_OK)
            continue;
        stated.order = tdm_slot_order(fact.base, lineage);
        read(registry, &stated);
    }
}

static void read_return(tdm_registry *registry, const tdm_standing *fact)
{
    tdm_record record;
    tdm_return out;
    memset(&out, 0, sizeof out);
    if (tdm_record_decode(TDM_TYPE_RETURN_MADE, tdm_standing_payload(fact), &record, NULL) != TDM_OK
        || tdm_period_parse(record.values[TDM_RETURN_MADE_PERIOD].bytes, &out.period, NULL) != TDM_OK)
        return;
    out.code = tdm_org_code_of(record.values[TDM_RETURN_MADE_ORGANISATION].bytes);
    if (!tdm_registry_represents_at(registry, tdm_slot_target(fact->base), &out.code,
                                    tdm_slot_recorded(fact->base)))
        return;
    registry->made = tdm_memory_grow(registry->made, &registry->made_capacity, registry->made_count + 1,
                                     sizeof *registry->made);
    registry->made[registry->made_count++] = out;
}

/* Anybody's returns, once it is known who represents whom. */
static void read_returns(tdm_registry *registry, const tdm_lineage *lineage, const tdm_dossier *dossier)
{
    tdm_slot next = NULL;
    for (tdm_slot at = tdm_dossier_next(dossier, NULL); at != NULL; at = next) {
        tdm_standing fact;
        tdm_standing_read(dossier, at, lineage, &fact, &next);
        if (fact.visible && tdm_slot_type(fact.base) == TDM_TYPE_RETURN_MADE)
            read_return(registry, &fact);
    }
}

void tdm_registry_read(tdm_registry *registry, tdm_lineage *lineage, const tdm_id *authority,
                       tdm_dossier *const *dossiers, size_t count)
{
    read_successions(registry, lineage, authority, dossiers, count);
    for (size_t i = 0; i < count; i++)
        read_dossier(registry, lineage, authority, dossiers[i]);
    for (size_t i = 0; i < count; i++)
        read_returns(registry, lineage, dossiers[i]);
    tdm_registry_finish(registry);
}
