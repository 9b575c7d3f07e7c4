/* SPDX-License-Identifier: MPL-2.0
 *
 * dossier.c: everything stated about one subject, as one block of bytes.
 */
#include "dossier.h"

#include <stdlib.h>

enum { HEAD = 74 };

tdm_dossier *tdm_dossier_new(tdm_span subject)
{
    tdm_dossier *dossier = tdm_memory_new(sizeof *dossier + subject.len);
    dossier->subject_len = (uint16_t)subject.len;
    memcpy(dossier->subject, subject.data, subject.len);
    return dossier;
}

void tdm_dossier_free(tdm_dossier *dossier)
{
    if (dossier == NULL)
        return;
    free(dossier->block);
    free(dossier);
}

bool tdm_dossier_is_unit(const tdm_dossier *dossier)
{
    return dossier->subject_len > 5 && memcmp(dossier->subject, "unit/", 5) == 0;
}

size_t tdm_dossier_bytes(const tdm_dossier *dossier)
{
    /* 64: what the allocator and the map add for the two pieces */
    return sizeof *dossier + dossier->subject_len + dossier->capacity + 64;
}

static size_t tally_begins(const tdm_dossier *dossier)
{
    return (size_t)dossier->names_len + dossier->followers_len + dossier->contribution_len;
}

static size_t slots_begin(const tdm_dossier *dossier)
{
    return tally_begins(dossier) + dossier->tally_len;
}

void tdm_dossier_reserve(tdm_dossier *dossier, size_t bytes)
{
    if (bytes <= dossier->capacity)
        return;
    TDM_ASSERT(bytes < UINT32_MAX);
    dossier->block = realloc(dossier->block, bytes);
    TDM_ASSERT(dossier->block != NULL);
    dossier->capacity = (uint32_t)bytes;
}

/* Replace `old_len` bytes at `at` by `new_len` bytes to be written by the caller. */
static uint8_t *splice(tdm_dossier *dossier, size_t at, size_t old_len, size_t new_len)
{
    size_t len = tdm_dossier_length(dossier);
    size_t need = len - old_len + new_len;
    if (need > dossier->capacity)
        tdm_dossier_reserve(dossier, need + need / 4 + 64);
    if (len > at + old_len)
        memmove(dossier->block + at + new_len, dossier->block + at + old_len, len - at - old_len);
    return dossier->block + at;
}

uint32_t tdm_slot_target_type(tdm_slot slot)
{
    if (tdm_slot_role(slot) != TDM_ROLE_CONTENT)
        return 0;
    return tdm_load_u32(slot + HEAD + (tdm_slot_is_foreign(slot) ? TDM_ID_BYTES : 0));
}

tdm_span tdm_slot_payload(tdm_slot slot)
{
    size_t head = HEAD + (tdm_slot_is_foreign(slot) ? TDM_ID_BYTES : 0);
    if (tdm_slot_role(slot) == TDM_ROLE_CONTENT)
        head += 4;
    return (tdm_span){ slot + head, tdm_slot_length(slot) - head };
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a == b ? 0 : a < b ? -1 : 1;
}

/* Where the parts belong, seen from a slot; amendments of one incarnation share a place. */
static int compare(const tdm_slot_parts *parts, tdm_slot slot)
{
    int order = memcmp(parts->target.bytes, slot + 40, TDM_ID_BYTES);
    if (order == 0)
        order = memcmp(parts->fact.bytes, slot + 56, TDM_ID_BYTES);
    if (order == 0)
        order = (int)parts->role - (int)tdm_slot_role(slot);
    if (order == 0)
        order = memcmp(parts->author.bytes, tdm_slot_author(slot), TDM_ID_BYTES);
    if (order == 0)
        order = compare_numbers(parts->role == TDM_ROLE_CONTENT ? parts->target_type : 0,
                                tdm_slot_target_type(slot));
    if (order == 0)
        order = compare_numbers(parts->incarnation, tdm_slot_incarnation(slot));
    if (order == 0 && (parts->role == TDM_ROLE_BASE || parts->role == TDM_ROLE_UNKNOWN))
        order = compare_numbers(parts->sequence, tdm_slot_sequence(slot));
    return order;
}

static bool is_foreign(const tdm_slot_parts *parts)
{
    return !tdm_id_equal(&parts->target, &parts->author);
}

size_t tdm_slot_need(const tdm_slot_parts *parts)
{
    return HEAD + (is_foreign(parts) ? TDM_ID_BYTES : 0) + (parts->role == TDM_ROLE_CONTENT ? 4 : 0)
           + parts->payload.len;
}

void tdm_slot_write(uint8_t *out, const tdm_slot_parts *parts)
{
    bool foreign = is_foreign(parts);
    uint32_t length = (uint32_t)tdm_slot_need(parts);
    memcpy(out, &length, 4);
    memcpy(out + 4, &parts->type, 4);
    memcpy(out + 8, &parts->incarnation, 8);
    memcpy(out + 16, &parts->sequence, 8);
    memcpy(out + 24, &parts->recorded_ms, 8);
    memcpy(out + 32, &parts->position, 8);
    memcpy(out + 40, parts->target.bytes, TDM_ID_BYTES);
    memcpy(out + 56, parts->fact.bytes, TDM_ID_BYTES);
    out[72] = (uint8_t)parts->role;
    out[73] = (uint8_t)((foreign ? TDM_SLOT_FOREIGN : 0) | (parts->readable ? TDM_SLOT_READABLE : 0));
    uint8_t *at = out + HEAD;
    if (foreign) {
        memcpy(at, parts->author.bytes, TDM_ID_BYTES);
        at += TDM_ID_BYTES;
    }
    if (parts->role == TDM_ROLE_CONTENT) {
        memcpy(at, &parts->target_type, 4);
        at += 4;
    }
    if (parts->payload.len > 0)
        memcpy(at, parts->payload.data, parts->payload.len);
}

bool tdm_dossier_file_over(tdm_dossier *dossier, const tdm_slot_parts *parts, uint64_t *displaced)
{
    *displaced = 0;
    size_t begin = slots_begin(dossier);
    size_t end = tdm_dossier_length(dossier);
    size_t at = begin;
    size_t replaced = 0;
    while (at < end) {
        tdm_slot slot = dossier->block + at;
        int order = compare(parts, slot);
        if (order < 0)
            break;
        if (order == 0) {
            if (parts->sequence < tdm_slot_sequence(slot))
                *displaced = parts->position;
            if (parts->sequence <= tdm_slot_sequence(slot))
                return false;
            *displaced = tdm_slot_position(slot);
            replaced = tdm_slot_length(slot);
            break;
        }
        at += tdm_slot_length(slot);
    }
    size_t length = tdm_slot_need(parts);
    tdm_slot_write(splice(dossier, at, replaced, length), parts);
    dossier->slots_len += (uint32_t)(length - replaced);
    return true;
}

static bool is_covered(const uint8_t *slot, const tdm_frontier *frontier)
{
    return tdm_frontier_covers(frontier, tdm_slot_author(slot), tdm_slot_incarnation(slot),
                               tdm_slot_sequence(slot));
}

bool tdm_dossier_is_covered(const tdm_dossier *dossier, const tdm_frontier *frontier)
{
    for (tdm_slot at = tdm_dossier_next(dossier, NULL); at != NULL; at = tdm_dossier_next(dossier, at))
        if (!is_covered(at, frontier))
            return false;
    return true;
}

void tdm_dossier_cut(tdm_dossier *dossier, const tdm_frontier *frontier)
{
    size_t begin = slots_begin(dossier);
    size_t end = tdm_dossier_length(dossier);
    size_t kept = begin;
    for (size_t at = begin; at < end;) {
        uint8_t *slot = dossier->block + at;
        size_t length = tdm_slot_length(slot);
        bool stays = is_covered(slot, frontier);
        at += length;
        if (stays && kept + length < at)
            memmove(dossier->block + kept, slot, length);
        kept += stays ? length : 0;
    }
    dossier->slots_len = (uint32_t)(kept - begin);
}

void tdm_dossier_merge(tdm_dossier *dossier, const tdm_dossier *from)
{
    size_t next = 0;
    for (tdm_slot at = tdm_dossier_next(from, NULL); at != NULL; at = tdm_dossier_next(from, at)) {
        const tdm_slot_parts parts = { .role = tdm_slot_role(at),
                                       .type = tdm_slot_type(at),
                                       .target_type = tdm_slot_target_type(at),
                                       .target = *tdm_slot_target(at),
                                       .author = *tdm_slot_author(at),
                                       .fact = *tdm_slot_fact(at),
                                       .incarnation = tdm_slot_incarnation(at),
                                       .sequence = tdm_slot_sequence(at),
                                       .recorded_ms = tdm_slot_recorded(at),
                                       .position = tdm_slot_position(at),
                                       .readable = tdm_slot_is_readable(at),
                                       .payload = tdm_slot_payload(at) };
        tdm_dossier_file(dossier, &parts);
    }
    for (tdm_span name = tdm_dossier_next_name(from, &next); name.len > 0;
         name = tdm_dossier_next_name(from, &next))
        tdm_dossier_name(dossier, name);
}

bool tdm_dossier_file(tdm_dossier *dossier, const tdm_slot_parts *parts)
{
    uint64_t displaced;
    return tdm_dossier_file_over(dossier, parts, &displaced);
}

void tdm_dossier_exchange(tdm_dossier *one, tdm_dossier *other)
{
    tdm_dossier was = *one; /* without its subject, which stays */
    one->block = other->block;
    one->capacity = other->capacity;
    one->names_len = other->names_len;
    one->followers_len = other->followers_len;
    one->contribution_len = other->contribution_len;
    one->tally_len = other->tally_len;
    one->slots_len = other->slots_len;
    other->block = was.block;
    other->capacity = was.capacity;
    other->names_len = was.names_len;
    other->followers_len = was.followers_len;
    other->contribution_len = was.contribution_len;
    other->tally_len = was.tally_len;
    other->slots_len = was.slots_len;
}

tdm_slot tdm_dossier_next(const tdm_dossier *dossier, tdm_slot slot)
{
    if (dossier->slots_len == 0)
        return NULL;
    if (slot == NULL)
        return dossier->block + slots_begin(dossier);
    slot += tdm_slot_length(slot);
    return slot < dossier->block + tdm_dossier_length(dossier) ? slot : NULL;
}

tdm_slot tdm_dossier_find(const tdm_dossier *dossier, const tdm_id *target, const tdm_id *fact)
{
    for (tdm_slot slot = tdm_dossier_next(dossier, NULL); slot != NULL;
         slot = tdm_dossier_next(dossier, slot)) {
        if (tdm_id_equal(tdm_slot_target(slot), target) && tdm_id_equal(tdm_slot_fact(slot), fact))
            return slot;
    }
    return NULL;
}

tdm_span tdm_dossier_next_name(const tdm_dossier *dossier, size_t *at)
{
    if (*at >= dossier->names_len)
        return (tdm_span){ NULL, 0 };
    tdm_span name = { dossier->block + *at + 1, dossier->block[*at] };
    *at += 1 + name.len;
    return name;
}

bool tdm_dossier_name(tdm_dossier *dossier, tdm_span code)
{
    size_t at = 0;
    for (tdm_span name = tdm_dossier_next_name(dossier, &at); name.len > 0;
         name = tdm_dossier_next_name(dossier, &at)) {
        if (tdm_span_equal(name, code))
            return false;
    }
    uint8_t *out = splice(dossier, dossier->names_len, 0, 1 + code.len);
    out[0] = (uint8_t)code.len;
    memcpy(out + 1, code.data, code.len);
    dossier->names_len += (uint32_t)(1 + code.len);
    return true;
}

static size_t follower_at(const tdm_dossier *dossier, const tdm_id *recipient)
{
    size_t end = (size_t)dossier->names_len + dossier->followers_len;
    for (size_t at = dossier->names_len; at < end; at += TDM_ID_BYTES) {
        if (memcmp(dossier->block + at, recipient->bytes, TDM_ID_BYTES) == 0)
            return at;
    }
    return SIZE_MAX;
}

bool tdm_dossier_is_followed(const tdm_dossier *dossier, const tdm_id *recipient)
{
    return follower_at(dossier, recipient) != SIZE_MAX;
}

void tdm_dossier_follow(tdm_dossier *dossier, const tdm_id *recipient)
{
    size_t end = (size_t)dossier->names_len + dossier->followers_len;
    memcpy(splice(dossier, end, 0, TDM_ID_BYTES), recipient->bytes, TDM_ID_BYTES);
    dossier->followers_len += TDM_ID_BYTES;
}

void tdm_dossier_unfollow(tdm_dossier *dossier, const tdm_id *recipient)
{
    size_t at = follower_at(dossier, recipient);
    if (at == SIZE_MAX)
        return;
    splice(dossier, at, TDM_ID_BYTES, 0);
    dossier->followers_len -= TDM_ID_BYTES;
}

tdm_span tdm_dossier_contribution(const tdm_dossier *dossier)
{
    if (dossier->contribution_len == 0)
        return (tdm_span){ NULL, 0 };
    return (tdm_span){ dossier->block + dossier->names_len + dossier->followers_len,
                       dossier->contribution_len };
}

void tdm_dossier_contribute(tdm_dossier *dossier, tdm_span contribution)
{
    size_t at = (size_t)dossier->names_len + dossier->followers_len;
    uint8_t *out = splice(dossier, at, dossier->contribution_len, contribution.len);
    if (contribution.len > 0)
        memcpy(out, contribution.data, contribution.len);
    dossier->contribution_len = (uint32_t)contribution.len;
}

tdm_span tdm_dossier_tally(const tdm_dossier *dossier)
{
    if (dossier->tally_len == 0)
        return (tdm_span){ NULL, 0 };
    return (tdm_span){ dossier->block + tally_begins(dossier), dossier->tally_len };
}

void tdm_dossier_set_tally(tdm_dossier *dossier, tdm_span tally)
{
    uint8_t *out = splice(dossier, tally_begins(dossier), dossier->tally_len, tally.len);
    if (tally.len > 0)
        memcpy(out, tally.data, tally.len);
    dossier->tally_len = (uint32_t)tally.len;
}
