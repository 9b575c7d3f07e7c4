/* SPDX-License-Identifier: MPL-2.0
 *
 * likeness.c: pairs of units that look like one unit recorded twice under different leads. Only proposed: a
 * person decides.
 */
#include "fold_inner.h"

#include <ctype.h>
#include <stdlib.h>

enum { NEAR_DAYS = 3, LIKELY_PERCENT = 50, ORGANISATIONS_MAX = 16 };

typedef struct sketch {
    tdm_span name; /* smallest subject */
    tdm_date start;
    int64_t kind;
    tdm_org_code lead;                     /* root on the start */
    tdm_org_code named[ORGANISATIONS_MAX]; /* roots of recorders and link partners, the lead's too */
    size_t named_count;
    tdm_span title; /* or the programme, where no title is given */
} sketch;

typedef struct sketches {
    const tdm_fold *fold;
    tdm_arena arena;
    sketch *items;
    size_t count;
    size_t capacity;
} sketches;

static bool names(const sketch *unit, const tdm_org_code *root)
{
    for (size_t i = 0; i < unit->named_count; i++) {
        if (tdm_org_code_equal(&unit->named[i], root))
            return true;
    }
    return false;
}

static void name(sketch *unit, const tdm_org_code *root)
{
    if (unit->named_count < ORGANISATIONS_MAX && !names(unit, root))
        unit->named[unit->named_count++] = *root;
}

static tdm_code draw(void *context, const tdm_unit *unit, tdm_err *err)
{
    (void)err;
    sketches *all = context;
    if (!unit->has_record)
        return TDM_OK;
    const tdm_value *values = unit->record.values;
    tdm_date start = (tdm_date)values[TDM_UNIT_START].number;
    tdm_org_code lead = tdm_org_code_of(values[TDM_UNIT_LEAD].bytes);
    tdm_org_code recorder = tdm_org_code_of(values[TDM_UNIT_RECORDER].bytes);
    all->items = tdm_memory_grow(all->items, &all->capacity, all->count + 1, sizeof *all->items);
    sketch *out = &all->items[all->count++];
    memset(out, 0, sizeof *out);
    out->name = tdm_arena_keep(&all->arena, unit->name);
    out->start = start;
    out->kind = values[TDM_UNIT_KIND].number;
    tdm_span title = values[TDM_UNIT_TITLE].bytes;
    out->title = tdm_arena_keep(&all->arena, title.len > 0 ? title : values[TDM_UNIT_PROGRAMME].bytes);
    out->lead = tdm_registry_root(all->fold->registry, &lead, start).root;
    name(out, &out->lead);
    recorder = tdm_registry_root(all->fold->registry, &recorder, start).root;
    name(out, &recorder);
    for (size_t i = 0; i < unit->claim_count; i++) {
        tdm_org_code partner;
        memcpy(partner.text, unit->claims[i].root, sizeof partner.text);
        name(out, &partner);
    }
    return TDM_OK;
}

static int compare_sketches(const void *a, const void *b)
{
    const sketch *x = a;
    const sketch *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return tdm_span_compare(x->name, y->name);
}

/* Pairs of neighbouring letters and digits, as numbers; case and everything else left out. */
static size_t letter_pairs(tdm_span text, uint16_t out[256])
{
    size_t count = 0;
    int before = 0;
    for (size_t i = 0; i < text.len && count < 256; i++) {
        int byte = text.data[i];
        if (byte < 128 && !isalnum(byte))
            continue;
        byte = byte < 128 ? tolower(byte) : byte;
        if (before != 0)
            out[count++] = (uint16_t)(before << 8 | byte);
        before = byte;
    }
    return count;
}

/* Dice's coefficient over letter pairs, in percent. */
static int text_likeness(tdm_span a, tdm_span b)
{
    uint16_t of_a[256];
    uint16_t of_b[256];
    size_t count_a = letter_pairs(a, of_a);
    size_t count_b = letter_pairs(b, of_b);
    size_t shared = 0;
    for (size_t i = 0; i < count_a; i++) {
        for (size_t j = 0; j < count_b; j++) {
            if (of_b[j] != 0 && of_a[i] == of_b[j]) {
                of_b[j] = 0;
                shared++;
                break;
            }
        }
    }
    return count_a + count_b == 0 ? 0 : (int)(200 * shared / (count_a + count_b));
}

/* One names the other's lead, under a lead of its own. */
static bool crosses(const sketch *a, const sketch *b)
{
    return !tdm_org_code_equal(&a->lead, &b->lead) && (names(a, &b->lead) || names(b, &a->lead));
}

static tdm_code propose(const sketches *all, size_t limit, tdm_likeness_visit *visit, void *context,
                        tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < all->count && code == TDM_OK; i++) {
        const sketch *a = &all->items[i];
        for (size_t j = i + 1; j < all->count && code == TDM_OK && limit > 0; j++) {
            const sketch *b = &all->items[j];
            if (b->kind != a->kind || b->start - a->start > NEAR_DAYS)
                break;
            int likeness = crosses(a, b) ? text_likeness(a->title, b->title) : 0;
            if (likeness < LIKELY_PERCENT)
                continue;
            bool turned = tdm_span_compare(a->name, b->name) > 0;
            code = visit(context, turned ? b->name : a->name, turned ? a->name : b->name, likeness, err);
            limit--;
        }
    }
    return code;
}

tdm_code tdm_fold_likely_matches(tdm_fold *fold, size_t limit, tdm_likeness_visit *visit, void *context,
                                 tdm_err *err)
{
    sketches all = { .fold = fold };
    tdm_code code = tdm_fold_units(fold, (tdm_span){ NULL, 0 }, draw, &all, err);
    if (all.count > 1)
        qsort(all.items, all.count, sizeof *all.items, compare_sketches);
    if (code == TDM_OK)
        code = propose(&all, limit, visit, context, err);
    free(all.items);
    tdm_arena_free(&all.arena);
    return code == TDM_END ? TDM_OK : code;
}
