/* SPDX-License-Identifier: MPL-2.0
 *
 * contribution.c: what one unit class adds to the cells.
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
    *entry = (tdm_entry){ .family = family, .period = period, .days_first = contribution->days_count };
    return entry;
}

void tdm_contribution_add_day(tdm_contribution *contribution, tdm_entry *entry, int32_t days)
{
    contribution->days = tdm_memory_grow(contribution->days, &contribution->days_capacity,
                                         contribution->days_count + 1, sizeof *contribution->days);
    contribution->days[contribution->days_count++] = days;
    entry->days_count++;
}

static void encode_entry(const tdm_contribution *contribution, const tdm_entry *entry, tdm_buf *out)
{
    uint8_t bytes[TDM_VARINT_MAX * (TDM_AMOUNTS + 4)];
    uint64_t mask = 0;
    for (size_t a = 0; a < TDM_AMOUNTS; a++)
        mask |= (uint64_t)(entry->amounts.v[a] != 0) << a;
    uint8_t *at = tdm_varint_write(bytes, (uint64_t)entry->family << 4 | (uint64_t)entry->period.kind);
    at = tdm_varint_write(at, tdm_zigzag(entry->period.number));
    at = tdm_varint_write(at, mask);
    for (uint64_t left = mask; left != 0; left &= left - 1)
        at = tdm_varint_write(at, tdm_zigzag(entry->amounts.v[__builtin_ctzll(left)]));
    at = tdm_varint_write(at, entry->days_count);
    tdm_buf_add(out, bytes, (size_t)(at - bytes));
    for (size_t d = 0; d < entry->days_count; d++)
        tdm_varint_put(out, (uint64_t)contribution->days[entry->days_first + d]);
}

/* groups (length, bytes) except the total | entries: family and kind 1, number, mask of amounts, the amounts,
 * number of days, the days */
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

static void decode_entry(const uint8_t **at, const uint8_t *end, tdm_contribution *out)
{
    uint64_t what = tdm_varint_get(at, end);
    tdm_period period = { (tdm_period_kind)(what & 15), (int32_t)tdm_varint_get_signed(at, end) };
    tdm_entry *entry = tdm_contribution_add(out, (tdm_family)(what >> 4), period);
    uint64_t mask = tdm_varint_get(at, end);
    for (uint64_t left = mask & (((uint64_t)1 << TDM_AMOUNTS) - 1); left != 0; left &= left - 1)
        entry->amounts.v[__builtin_ctzll(left)] = tdm_varint_get_signed(at, end);
    uint64_t days = tdm_varint_get(at, end);
    for (uint64_t d = 0; d < days && *at != NULL; d++)
        tdm_contribution_add_day(out, entry, (int32_t)tdm_varint_get(at, end));
}

tdm_code tdm_contribution_decode(tdm_span bytes, tdm_contribution *out, tdm_err *err)
{
    tdm_contribution_clear(out);
    if (bytes.len == 0)
        return TDM_OK;
    const uint8_t *at = bytes.data;
    const uint8_t *end = bytes.data + bytes.len;
    for (size_t i = 1; i < TDM_GROUPS && at != NULL; i++) {
        uint64_t len = tdm_varint_get(&at, end);
        if (at == NULL || len > (uint64_t)(end - at) || len > TDM_SUBJECT_MAX)
            return tdm_fail(err, TDM_CORRUPT, 0, "views: a stored contribution is damaged");
        out->groups[i] = (tdm_span){ at, (size_t)len };
        at += len;
    }
    while (at != NULL && at < end)
        decode_entry(&at, end, out);
    return at == NULL ? tdm_fail(err, TDM_CORRUPT, 0, "views: a stored contribution is cut short") : TDM_OK;
}

/* The groups of a contribution, found once for all its entries. */
typedef struct found_groups {
    tdm_group *items[TDM_GROUPS];
} found_groups;

static found_groups find_groups(const tdm_contribution *contribution, tdm_cells *cells)
{
    found_groups out;
    for (size_t i = 0; i < TDM_GROUPS; i++)
        out.items[i] = tdm_cells_group(cells, (tdm_dimension)i, contribution->groups[i]);
    return out;
}

static void add_amounts(const found_groups *groups, const tdm_entry *entry, const tdm_changes *changes,
                        tdm_cells *cells)
{
    size_t count = entry->family == TDM_FAMILY_SUMMARY ? 1 : TDM_GROUPS;
    for (size_t i = 0; i < count && changes->count > 0; i++)
        tdm_cells_add(cells, groups->items[i], entry->family, entry->period, changes);
}

static void add_days(const tdm_contribution *contribution, const found_groups *groups, const tdm_entry *entry,
                     int64_t count, tdm_cells *cells)
{
    for (size_t d = 0; d < entry->days_count; d++) {
        for (size_t i = 0; i < TDM_GROUPS; i++)
            tdm_cells_add_days(cells, groups->items[i], TDM_FAMILY_DAYS_DELIVERED + entry->family,
                               entry->period, contribution->days[entry->days_first + d], count);
    }
}

static void change(tdm_changes *changes, size_t index, int64_t amount)
{
    if (amount == 0)
        return;
    changes->index[changes->count] = (uint8_t)index;
    changes->amount[changes->count++] = amount;
}

static void apply_entry(const tdm_contribution *contribution, const found_groups *groups,
                        const tdm_entry *entry, int sign, tdm_cells *cells)
{
    tdm_changes changes = { .count = 0 };
    for (size_t a = 0; a < TDM_AMOUNTS; a++)
        change(&changes, a, sign < 0 ? (int64_t)(0 - (uint64_t)entry->amounts.v[a]) : entry->amounts.v[a]);
    add_amounts(groups, entry, &changes, cells);
    add_days(contribution, groups, entry, sign, cells);
}

void tdm_contribution_apply(const tdm_contribution *contribution, int sign, tdm_cells *cells)
{
    if (contribution->count == 0)
        return;
    found_groups groups = find_groups(contribution, cells);
    for (size_t i = 0; i < contribution->count; i++)
        apply_entry(contribution, &groups, &contribution->entries[i], sign, cells);
}

static int compare_entries(const tdm_entry *a, const tdm_entry *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (a->period.kind != b->period.kind)
        return a->period.kind < b->period.kind ? -1 : 1;
    return a->period.number == b->period.number ? 0 : a->period.number < b->period.number ? -1 : 1;
}

static bool same_groups(const tdm_contribution *a, const tdm_contribution *b)
{
    for (size_t i = 1; i < TDM_GROUPS; i++) {
        if (!tdm_span_equal(a->groups[i], b->groups[i]))
            return false;
    }
    return true;
}

static bool same_days(const tdm_contribution *old, const tdm_entry *from, const tdm_contribution *new,
                      const tdm_entry *to)
{
    return from->days_count == to->days_count
           && (to->days_count == 0
               || memcmp(old->days + from->days_first, new->days + to->days_first,
                         to->days_count * sizeof *new->days)
                      == 0);
}

/* One entry of both, same place and groups: only the difference goes to the cells. */
static void replace_entry(const tdm_contribution *old, const tdm_entry *from, const tdm_contribution *new,
                          const tdm_entry *to, const found_groups *groups, tdm_cells *cells)
{
    tdm_changes changes = { .count = 0 };
    for (size_t a = 0; a < TDM_AMOUNTS; a++)
        change(&changes, a, (int64_t)((uint64_t)to->amounts.v[a] - (uint64_t)from->amounts.v[a]));
    add_amounts(groups, to, &changes, cells);
    if (same_days(old, from, new, to))
        return;
    add_days(old, groups, from, -1, cells);
    add_days(new, groups, to, 1, cells);
}

void tdm_contribution_replace(const tdm_contribution *old, const tdm_contribution *new, tdm_cells *cells)
{
    if (!same_groups(old, new)) {
        tdm_contribution_apply(old, -1, cells);
        tdm_contribution_apply(new, 1, cells);
        return;
    }
    found_groups groups = find_groups(new, cells);
    size_t i = 0;
    size_t j = 0;
    while (i < old->count || j < new->count) {
        int order = i == old->count   ? 1
                    : j == new->count ? -1
                                      : compare_entries(&old->entries[i], &new->entries[j]);
        if (order < 0)
            apply_entry(old, &groups, &old->entries[i++], -1, cells);
        else if (order > 0)
            apply_entry(new, &groups, &new->entries[j++], 1, cells);
        else
            replace_entry(old, &old->entries[i++], new, &new->entries[j++], &groups, cells);
    }
}
