/* SPDX-License-Identifier: MPL-2.0
 *
 * contribution.c: what one unit class adds to the cells.
 *
 * Encoded: groups (length, bytes) except the total | entries: length of the rest, family and kind 1, number,
 * mask of amounts, the amounts, the days of answers to the entry's end.
 */
#include "contribution.h"

#include <stdlib.h>

#include "bytes.h"

void tdm_contribution_clear(tdm_contribution *contribution)
{
    contribution->count = 0;
    contribution->days_count = 0;
    memset(contribution->groups, 0, sizeof contribution->groups);
}

void tdm_contribution_free(tdm_contribution *contribution)
{
    free(contribution->entries);
    free(contribution->days);
    *contribution = (tdm_contribution){ 0 };
}

tdm_entry *tdm_contribution_add(tdm_contribution *contribution, tdm_family family, tdm_period period)
{
    contribution->entries = tdm_memory_grow(contribution->entries, &contribution->capacity,
                                            contribution->count + 1, sizeof *contribution->entries);
    tdm_entry *entry = &contribution->entries[contribution->count++];
    entry->family = family;
    entry->period = period;
    entry->used = 0;
    entry->days_first = contribution->days_count;
    entry->days_count = 0;
    return entry;
}

void tdm_contribution_add_day(tdm_contribution *contribution, tdm_entry *entry, int32_t days)
{
    contribution->days = tdm_memory_grow(contribution->days, &contribution->days_capacity,
                                         contribution->days_count + 1, sizeof *contribution->days);
    contribution->days[contribution->days_count++] = days;
    entry->days_count++;
}

/* ---- encoding ---- */

static size_t varint_length(uint64_t value)
{
    size_t length = 1;
    for (; value >= 0x80; value >>= 7)
        length++;
    return length;
}

static size_t days_length(const tdm_contribution *contribution, const tdm_entry *entry)
{
    size_t length = 0;
    for (size_t d = 0; d < entry->days_count; d++)
        length += varint_length((uint64_t)contribution->days[entry->days_first + d]);
    return length;
}

static void encode_entry(const tdm_contribution *contribution, const tdm_entry *entry, tdm_buf *out)
{
    uint8_t bytes[1 + TDM_VARINT_MAX * (TDM_AMOUNTS + 2)];
    uint64_t mask = 0;
    for (uint64_t left = entry->used; left != 0; left &= left - 1)
        mask |= entry->v[__builtin_ctzll(left)] != 0 ? left & -left : 0;
    uint8_t *at = bytes;
    *at++ = (uint8_t)((unsigned)entry->family << 4 | (unsigned)entry->period.kind);
    at = tdm_varint_write(at, tdm_zigzag(entry->period.number));
    at = tdm_varint_write(at, mask);
    for (uint64_t left = mask; left != 0; left &= left - 1)
        at = tdm_varint_write(at, tdm_zigzag(entry->v[__builtin_ctzll(left)]));
    tdm_varint_put(out, (size_t)(at - bytes) + days_length(contribution, entry));
    tdm_buf_add(out, bytes, (size_t)(at - bytes));
    for (size_t d = 0; d < entry->days_count; d++)
        tdm_varint_put(out, (uint64_t)contribution->days[entry->days_first + d]);
}

void tdm_contribution_encode(const tdm_contribution *contribution, tdm_buf *out)
{
    if (contribution->count == 0)
        return;
    for (size_t i = 1; i < TDM_GROUPS; i++) {
        tdm_varint_put(out, contribution->groups[i].len);
        tdm_buf_add(out, contribution->groups[i].data, contribution->groups[i].len);
    }
    for (size_t i = 0; i < contribution->count; i++)
        encode_entry(contribution, &contribution->entries[i], out);
}

/* ---- reading ---- */

/* Where the entries begin; NULL if the groups cannot be read. */
static const uint8_t *read_groups(tdm_span encoded, tdm_span groups[TDM_GROUPS])
{
    const uint8_t *at = encoded.data;
    const uint8_t *end = encoded.data + encoded.len;
    groups[0] = (tdm_span){ NULL, 0 };
    for (size_t i = 1; i < TDM_GROUPS; i++) {
        uint64_t len = tdm_varint_get(&at, end);
        if (at == NULL || len > (uint64_t)(end - at) || len > TDM_SUBJECT_MAX)
            return NULL;
        groups[i] = (tdm_span){ at, (size_t)len };
        at += len;
    }
    return at;
}

bool tdm_contribution_groups(tdm_span encoded, tdm_span groups[TDM_GROUPS])
{
    return encoded.len > 0 && read_groups(encoded, groups) != NULL;
}

/* Walks encoded entries. */
typedef struct entry_reader {
    const uint8_t *at;  /* the entry; NULL: there is none */
    const uint8_t *end; /* of the entry */
    const uint8_t *all_end;
    const uint8_t *amounts; /* mask and what follows */
    uint8_t what;           /* family and kind */
    int32_t number;
} entry_reader;

static void read_entry(entry_reader *reader, const uint8_t *at)
{
    if (at == NULL || at == reader->all_end) {
        reader->at = NULL;
        return;
    }
    uint64_t length = tdm_varint_get(&at, reader->all_end);
    reader->at = at;
    reader->end = at + length;
    reader->what = *at++;
    reader->number = (int32_t)tdm_varint_get_signed(&at, reader->end);
    reader->amounts = at;
}

static bool entry_is_sound(const uint8_t **at, const uint8_t *all_end)
{
    uint64_t length = tdm_varint_get(at, all_end);
    if (*at == NULL || length < 1 || length > (uint64_t)(all_end - *at))
        return false;
    const uint8_t *end = *at + length;
    bool known = **at >> 4 <= TDM_FAMILY_SUMMARY;
    const uint8_t *within = *at + 1;
    tdm_varint_get(&within, end);
    uint64_t mask = tdm_varint_get(&within, end);
    for (uint64_t left = mask; left != 0 && within != NULL; left &= left - 1)
        tdm_varint_get(&within, end);
    while (within != NULL && within < end)
        tdm_varint_get(&within, end);
    *at = end;
    return known && within != NULL && mask >> TDM_AMOUNTS == 0;
}

bool tdm_contribution_is_sound(tdm_span encoded)
{
    tdm_span groups[TDM_GROUPS];
    if (encoded.len == 0)
        return true;
    const uint8_t *at = read_groups(encoded, groups);
    const uint8_t *end = encoded.data + encoded.len;
    bool sound = at != NULL;
    while (sound && at < end)
        sound = entry_is_sound(&at, end);
    return sound;
}

bool tdm_contribution_find(tdm_span encoded, tdm_family family, tdm_period period, int64_t v[TDM_AMOUNTS])
{
    tdm_span groups[TDM_GROUPS];
    if (encoded.len == 0)
        return false;
    entry_reader entry = { .all_end = encoded.data + encoded.len };
    for (read_entry(&entry, read_groups(encoded, groups)); entry.at != NULL; read_entry(&entry, entry.end)) {
        if (entry.what != ((unsigned)family << 4 | (unsigned)period.kind) || entry.number != period.number)
            continue;
        const uint8_t *at = entry.amounts;
        uint64_t mask = tdm_varint_get(&at, entry.end);
        for (unsigned i = 0; i < TDM_AMOUNTS; i++)
            v[i] = mask >> i & 1 ? tdm_varint_get_signed(&at, entry.end) : 0;
        return true;
    }
    return false;
}

void tdm_level_amounts(const int64_t v[TDM_AMOUNTS], tdm_weight weight, int64_t n[TDM_TABLE_AMOUNTS])
{
    n[0] = v[TDM_AMOUNT_WEIGHT + TDM_WEIGHT_COUNT];
    n[1] = v[TDM_AMOUNT_WEIGHT + TDM_WEIGHT_HOURS];
    n[2] = v[TDM_AMOUNT_WEIGHT + TDM_WEIGHT_PARTICIPANTS];
    for (size_t line = 0; line < TDM_LINES; line++)
        n[3 + line] = v[TDM_AMOUNT_JOINT + 4 * line + weight];
    n[3 + TDM_LINES] = v[TDM_AMOUNT_CANCELLED];
}

/* ---- into the cells ---- */

typedef struct exchange {
    tdm_found_groups *groups;
    const tdm_span *names; /* of the groups */
    tdm_cells *cells;
} exchange;

static tdm_group *const *groups_of(exchange *to)
{
    for (size_t i = 0; i < TDM_GROUPS && to->groups->items[TDM_GROUPS - 1] == NULL; i++)
        to->groups->items[i] = tdm_cells_group(to->cells, (tdm_dimension)i, to->names[i]);
    return to->groups->items;
}

static uint64_t mask_of(const entry_reader *entry, const uint8_t **at)
{
    *at = entry == NULL ? NULL : entry->amounts;
    return entry == NULL ? 0 : tdm_varint_get(at, entry->end);
}

static uint64_t next_amount(const entry_reader *entry, uint64_t mask, unsigned bit, const uint8_t **at)
{
    return mask >> bit & 1 ? (uint64_t)tdm_varint_get_signed(at, entry->end) : 0;
}

static void add_days(exchange *to, const entry_reader *entry, const uint8_t *at, int64_t count)
{
    tdm_period period = { (tdm_period_kind)(entry->what & 15), entry->number };
    tdm_family family = TDM_FAMILY_DAYS_DELIVERED + (entry->what >> 4);
    tdm_group *const *groups = groups_of(to);
    while (at != NULL && at < entry->end) {
        int32_t days = (int32_t)tdm_varint_get(&at, entry->end);
        for (size_t i = 0; i < TDM_GROUPS; i++)
            tdm_cells_add_days(to->cells, groups[i], family, period, days, count);
    }
}

static bool same_days(const entry_reader *from, const uint8_t *old, const entry_reader *entry,
                      const uint8_t *new)
{
    size_t old_len = from == NULL ? 0 : (size_t)(from->end - old);
    size_t new_len = entry == NULL ? 0 : (size_t)(entry->end - new);
    return old_len == new_len && (old_len == 0 || memcmp(old, new, old_len) == 0);
}

/* One place of the cells, from what the old one had there to what the new one has; either may be NULL. */
static void exchange_entry(exchange *to, const entry_reader *from, const entry_reader *entry)
{
    const entry_reader *any = entry != NULL ? entry : from;
    const uint8_t *old_at;
    const uint8_t *new_at;
    uint64_t old_mask = mask_of(from, &old_at);
    uint64_t new_mask = mask_of(entry, &new_at);
    tdm_changes changes = { .count = 0 };
    for (uint64_t left = old_mask | new_mask; left != 0; left &= left - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(left);
        uint64_t before = next_amount(from, old_mask, bit, &old_at);
        uint64_t now = next_amount(entry, new_mask, bit, &new_at);
        if (now == before)
            continue;
        changes.index[changes.count] = (uint8_t)bit;
        changes.amount[changes.count++] = (int64_t)(now - before);
    }
    tdm_family family = (tdm_family)(any->what >> 4);
    tdm_period period = { (tdm_period_kind)(any->what & 15), any->number };
    size_t count = changes.count == 0 ? 0 : family == TDM_FAMILY_SUMMARY ? 1 : TDM_GROUPS;
    tdm_group *const *groups = groups_of(to);
    for (size_t i = 0; i < count; i++)
        tdm_cells_add(to->cells, groups[i], family, period, &changes);
    if (same_days(from, old_at, entry, new_at))
        return;
    if (from != NULL)
        add_days(to, from, old_at, -1);
    if (entry != NULL)
        add_days(to, entry, new_at, 1);
}

static int compare_entries(const entry_reader *a, const entry_reader *b)
{
    if (a->at == NULL || b->at == NULL)
        return a->at == NULL ? 1 : -1;
    if (a->what != b->what)
        return a->what < b->what ? -1 : 1;
    return a->number == b->number ? 0 : a->number < b->number ? -1 : 1;
}

static bool same_entries(const entry_reader *a, const entry_reader *b)
{
    return a->end - a->at == b->end - b->at && memcmp(a->at, b->at, (size_t)(a->end - a->at)) == 0;
}

/* Both of the same groups; NULL: no entries. */
static void exchange_entries(exchange *to, const uint8_t *old, const uint8_t *old_end, const uint8_t *new,
                             const uint8_t *new_end)
{
    entry_reader from = { .all_end = old_end };
    entry_reader entry = { .all_end = new_end };
    read_entry(&from, old);
    read_entry(&entry, new);
    while (from.at != NULL || entry.at != NULL) {
        int order = compare_entries(&from, &entry);
        if (order != 0 || !same_entries(&from, &entry))
            exchange_entry(to, order <= 0 ? &from : NULL, order >= 0 ? &entry : NULL);
        if (order <= 0)
            read_entry(&from, from.end);
        if (order >= 0)
            read_entry(&entry, entry.end);
    }
}

void tdm_contribution_replace(tdm_span old, tdm_span new, tdm_found_groups *groups, tdm_cells *cells)
{
    tdm_span old_names[TDM_GROUPS];
    tdm_span new_names[TDM_GROUPS];
    const uint8_t *from = old.len == 0 ? NULL : read_groups(old, old_names);
    const uint8_t *to = new.len == 0 ? NULL : read_groups(new, new_names);
    const uint8_t *from_end = from == NULL ? NULL : old.data + old.len;
    const uint8_t *to_end = to == NULL ? NULL : new.data + new.len;
    size_t head = from == NULL ? 0 : (size_t)(from - old.data);
    bool same = from != NULL && to != NULL && head == (size_t)(to - new.data)
                && memcmp(old.data, new.data, head) == 0;
    if (same) {
        exchange_entries(&(exchange){ groups, new_names, cells }, from, from_end, to, to_end);
        return;
    }
    if (from != NULL)
        exchange_entries(&(exchange){ groups, old_names, cells }, from, from_end, NULL, NULL);
    *groups = (tdm_found_groups){ { NULL } };
    if (to != NULL)
        exchange_entries(&(exchange){ groups, new_names, cells }, NULL, NULL, to, to_end);
}
