/* SPDX-License-Identifier: MPL-2.0
 *
 * dossier_record.c: a dossier as the views store it. Most of a block is what its slots repeat: who stated
 * them and in which incarnation, and numbers that grow from slot to slot. The record keeps each origin and
 * each incarnation once, and of the numbers how far they are from those of the slot before.
 *
 *   lengths of names, followers, contribution, tally and slots (as they are in the block); resident 1
 *   names, followers, contribution, tally as they are
 *   what is stated: count of origins, the origins, 16 each; count of incarnations, the incarnations, 8 each
 *       slots: head 1, [origin of the target, [author,] incarnation], [fact 16], type, [target type],
 *              sequence, time, length of the payload, the payload
 *   where: the slots' positions in the ledger
 *
 * Numbers are varints, differences zigzag; incarnations big-endian, so that what is stated is the same bytes
 * on every machine; origins and incarnations of slots are places in their lists.
 */
#include "dossier.h"

#include <stdlib.h>

#include "tables.h"

enum {
    HEAD_ROLE = 3, /* bits of it */
    HEAD_READABLE = 1 << 2,
    HEAD_FOREIGN = 1 << 3,
    HEAD_SAME_FACT = 1 << 4, /* as the slot before */
    HEAD_SAME_BY = 1 << 5,   /* target origin, author and incarnation as in the slot before */
    INCARNATION_BYTES = 8,
    SLOT_GROWS = 16 /* a slot is at most so many times as long as it is packed */
};

/* ---- encode ---- */

/* The place of a value in a list of values of that size, in order of first use: few. */
static size_t place_in(tdm_buf *list, size_t *last, const void *value, size_t size)
{
    size_t count = list->len / size;
    if (*last < count && memcmp(list->data + *last * size, value, size) == 0)
        return *last;
    for (*last = 0; *last < count; ++*last)
        if (memcmp(list->data + *last * size, value, size) == 0)
            return *last;
    tdm_buf_add(list, value, size);
    return *last;
}

static size_t place_of_origin(tdm_packing *p, const tdm_id *origin)
{
    return place_in(&p->origins, &p->last_origin, origin->bytes, TDM_ID_BYTES);
}

static bool same_by(tdm_slot a, tdm_slot b)
{
    return tdm_id_equal(tdm_slot_target(a), tdm_slot_target(b))
           && tdm_slot_is_foreign(a) == tdm_slot_is_foreign(b)
           && tdm_id_equal(tdm_slot_author(a), tdm_slot_author(b))
           && tdm_slot_incarnation(a) == tdm_slot_incarnation(b);
}

static void pack_by(tdm_packing *p, tdm_slot slot)
{
    uint8_t incarnation[INCARNATION_BYTES];
    tdm_put_be(incarnation, tdm_slot_incarnation(slot), sizeof incarnation);
    tdm_varint_put(&p->slots, place_of_origin(p, tdm_slot_target(slot)));
    if (tdm_slot_is_foreign(slot))
        tdm_varint_put(&p->slots, place_of_origin(p, tdm_slot_author(slot)));
    tdm_varint_put(&p->slots,
                   place_in(&p->incarnations, &p->last_incarnation, incarnation, sizeof incarnation));
}

/* Differences go round: any number of 64 bits has one. */
static void put_difference(tdm_buf *out, uint64_t value, uint64_t before)
{
    tdm_varint_put_signed(out, (int64_t)(value - before));
}

static void pack_slot(tdm_packing *p, tdm_slot slot, tdm_slot before)
{
    bool same_fact = before != NULL && tdm_id_equal(tdm_slot_fact(before), tdm_slot_fact(slot));
    bool by_same = before != NULL && same_by(before, slot);
    tdm_span payload = tdm_slot_payload(slot);
    uint8_t head = (uint8_t)((uint8_t)tdm_slot_role(slot) | (tdm_slot_is_readable(slot) ? HEAD_READABLE : 0)
                             | (tdm_slot_is_foreign(slot) ? HEAD_FOREIGN : 0)
                             | (same_fact ? HEAD_SAME_FACT : 0) | (by_same ? HEAD_SAME_BY : 0));
    tdm_buf_add(&p->slots, &head, 1);
    if (!by_same)
        pack_by(p, slot);
    if (!same_fact)
        tdm_buf_add(&p->slots, tdm_slot_fact(slot)->bytes, TDM_ID_BYTES);
    tdm_varint_put(&p->slots, tdm_slot_type(slot));
    if (tdm_slot_role(slot) == TDM_ROLE_CONTENT)
        tdm_varint_put(&p->slots, tdm_slot_target_type(slot));
    put_difference(&p->slots, tdm_slot_sequence(slot), before == NULL ? 0 : tdm_slot_sequence(before));
    put_difference(&p->slots, (uint64_t)tdm_slot_recorded(slot),
                   before == NULL ? 0 : (uint64_t)tdm_slot_recorded(before));
    tdm_varint_put(&p->slots, payload.len);
    tdm_buf_add(&p->slots, payload.data, payload.len);
}

tdm_span tdm_dossier_pack(tdm_packing *p, const tdm_dossier *dossier)
{
    tdm_slot before = NULL;
    tdm_buf_clear(&p->origins);
    tdm_buf_clear(&p->incarnations);
    tdm_buf_clear(&p->slots);
    tdm_buf_clear(&p->packed);
    for (tdm_slot slot = tdm_dossier_next(dossier, NULL); slot != NULL;
         slot = tdm_dossier_next(dossier, slot)) {
        pack_slot(p, slot, before);
        before = slot;
    }
    tdm_varint_put(&p->packed, p->origins.len / TDM_ID_BYTES);
    tdm_buf_add(&p->packed, p->origins.data, p->origins.len);
    tdm_varint_put(&p->packed, p->incarnations.len / INCARNATION_BYTES);
    tdm_buf_add(&p->packed, p->incarnations.data, p->incarnations.len);
    tdm_buf_add(&p->packed, p->slots.data, p->slots.len);
    TDM_ASSERT(!p->origins.failed && !p->incarnations.failed && !p->slots.failed && !p->packed.failed);
    return tdm_buf_span(&p->packed);
}

void tdm_packing_free(tdm_packing *p)
{
    tdm_buf_free(&p->origins);
    tdm_buf_free(&p->incarnations);
    tdm_buf_free(&p->slots);
    tdm_buf_free(&p->packed);
}

void tdm_dossier_encode(const tdm_dossier *dossier, tdm_span packed, tdm_buf *out)
{
    uint8_t resident = dossier->resident;
    uint64_t before = 0;
    tdm_varint_put(out, dossier->names_len);
    tdm_varint_put(out, dossier->followers_len);
    tdm_varint_put(out, dossier->contribution_len);
    tdm_varint_put(out, dossier->tally_len);
    tdm_varint_put(out, dossier->slots_len);
    tdm_buf_add(out, &resident, 1);
    tdm_buf_add(out, dossier->block, tdm_dossier_length(dossier) - dossier->slots_len);
    tdm_buf_add(out, packed.data, packed.len);
    for (tdm_slot slot = tdm_dossier_next(dossier, NULL); slot != NULL;
         slot = tdm_dossier_next(dossier, slot)) {
        put_difference(out, tdm_slot_position(slot), before);
        before = tdm_slot_position(slot);
    }
    TDM_ASSERT(!out->failed);
}

/* ---- decode ---- */

/* What is left to read; at NULL: the record ended too early, or a place is in no list. */
typedef struct reading {
    const uint8_t *at;
    const uint8_t *end;
    tdm_span origins;
    tdm_span incarnations;
    tdm_slot_parts before;
} reading;

static tdm_span take(reading *r, uint64_t len)
{
    if (r->at == NULL || len > (uint64_t)(r->end - r->at)) {
        r->at = NULL;
        return (tdm_span){ NULL, 0 };
    }
    tdm_span taken = { r->at, (size_t)len };
    r->at += len;
    return taken;
}

static tdm_span take_list(reading *r, size_t size)
{
    uint64_t count = tdm_varint_get(&r->at, r->end);
    if (count > UINT32_MAX)
        r->at = NULL;
    return take(r, count * size);
}

static void take_from_list(reading *r, tdm_span values, void *out, size_t size)
{
    uint64_t place = tdm_varint_get(&r->at, r->end);
    if (place >= values.len / size)
        r->at = NULL;
    else
        memcpy(out, values.data + place * size, size);
}

static void take_id(reading *r, tdm_id *out)
{
    tdm_span bytes = take(r, TDM_ID_BYTES);
    if (bytes.data != NULL)
        memcpy(out->bytes, bytes.data, TDM_ID_BYTES);
}

static uint64_t take_difference(reading *r, uint64_t before)
{
    return before + (uint64_t)tdm_varint_get_signed(&r->at, r->end);
}

/* Into r->before. */
static void take_slot(reading *r)
{
    tdm_slot_parts *parts = &r->before;
    tdm_span head = take(r, 1);
    uint8_t bits = head.data == NULL ? 0 : head.data[0];
    parts->role = (tdm_role)(bits & HEAD_ROLE);
    parts->readable = (bits & HEAD_READABLE) != 0;
    if ((bits & HEAD_SAME_BY) == 0) {
        uint8_t incarnation[INCARNATION_BYTES] = { 0 };
        take_from_list(r, r->origins, parts->target.bytes, TDM_ID_BYTES);
        parts->author = parts->target;
        if ((bits & HEAD_FOREIGN) != 0)
            take_from_list(r, r->origins, parts->author.bytes, TDM_ID_BYTES);
        take_from_list(r, r->incarnations, incarnation, sizeof incarnation);
        parts->incarnation = tdm_get_be(incarnation, sizeof incarnation);
    }
    if ((bits & HEAD_SAME_FACT) == 0)
        take_id(r, &parts->fact);
    parts->type = (uint32_t)tdm_varint_get(&r->at, r->end);
    parts->target_type = parts->role == TDM_ROLE_CONTENT ? (uint32_t)tdm_varint_get(&r->at, r->end) : 0;
    parts->sequence = take_difference(r, parts->sequence);
    parts->recorded_ms = (int64_t)take_difference(r, (uint64_t)parts->recorded_ms);
    parts->payload = take(r, tdm_varint_get(&r->at, r->end));
}

/* Slots tile their section: what walks them later relies on it. */
static bool take_slots(reading *r, uint8_t *out, size_t len)
{
    while (len > 0) {
        take_slot(r);
        size_t length = tdm_slot_need(&r->before);
        if (r->at == NULL || length > len)
            return false;
        tdm_slot_write(out, &r->before);
        out += length;
        len -= length;
    }
    return true;
}

static bool take_positions(reading *r, tdm_dossier *dossier)
{
    uint64_t position = 0;
    for (tdm_slot slot = tdm_dossier_next(dossier, NULL); slot != NULL;
         slot = tdm_dossier_next(dossier, slot)) {
        position = take_difference(r, position);
        tdm_slot_set_position((uint8_t *)slot, position);
    }
    return r->at == r->end;
}

/* So do names. */
static bool names_tile(tdm_span names)
{
    size_t at = 0;
    while (at < names.len)
        at += 1 + (size_t)names.data[at];
    return at == names.len;
}

static tdm_code damaged(tdm_span subject, const char *what, tdm_err *err)
{
    return tdm_fail(err, TDM_CORRUPT, 0, "views: dossier %.*s has %s", (int)subject.len,
                    (const char *)subject.data, what);
}

tdm_code tdm_dossier_decode(tdm_span subject, tdm_span record, tdm_dossier **out, tdm_err *err)
{
    enum { NAMES, FOLLOWERS, CONTRIBUTION, TALLY, SLOTS, SECTIONS };
    reading r = { .at = record.data, .end = record.data + record.len };
    uint64_t lengths[SECTIONS];
    tdm_span sections[SLOTS];
    uint64_t all = 0;
    for (size_t i = 0; i < SECTIONS; i++)
        lengths[i] = tdm_varint_get(&r.at, r.end);
    tdm_span resident = take(&r, 1);
    for (size_t i = 0; i < SLOTS; i++) {
        sections[i] = take(&r, lengths[i]);
        all += sections[i].len;
    }
    r.origins = take_list(&r, TDM_ID_BYTES);
    r.incarnations = take_list(&r, INCARNATION_BYTES);
    if (r.at == NULL || !names_tile(sections[NAMES]) || lengths[FOLLOWERS] % TDM_ID_BYTES != 0
        || lengths[SLOTS] > (uint64_t)(r.end - r.at) * SLOT_GROWS || all + lengths[SLOTS] > UINT32_MAX)
        return damaged(subject, "wrong lengths", err);
    if (!tdm_contribution_is_sound(sections[CONTRIBUTION]) || !tdm_tally_is_sound(sections[TALLY]))
        return damaged(subject, "a damaged contribution", err);
    tdm_dossier *dossier = tdm_dossier_new(subject);
    dossier->names_len = (uint32_t)lengths[NAMES];
    dossier->followers_len = (uint32_t)lengths[FOLLOWERS];
    dossier->contribution_len = (uint32_t)lengths[CONTRIBUTION];
    dossier->tally_len = (uint32_t)lengths[TALLY];
    dossier->slots_len = (uint32_t)lengths[SLOTS];
    dossier->resident = resident.data[0] != 0;
    dossier->stored = true;
    dossier->capacity = (uint32_t)tdm_dossier_length(dossier);
    dossier->block = tdm_memory_new(tdm_dossier_length(dossier) + 1);
    if (all > 0)
        memcpy(dossier->block, sections[NAMES].data, (size_t)all);
    if (!take_slots(&r, dossier->block + all, dossier->slots_len) || !take_positions(&r, dossier)) {
        tdm_dossier_free(dossier);
        return damaged(subject, "damaged slots", err);
    }
    *out = dossier;
    return TDM_OK;
}
