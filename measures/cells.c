/* SPDX-License-Identifier: MPL-2.0
 *
 * cells.c: amounts by period and group.
 */
#include "cells.h"

#include <stdlib.h>

#include "bytes.h"

/* Cells by place, open addressing; place 0 with no cell is free. */
struct tdm_group {
    struct group_cell {
        uint64_t place;
        tdm_cell *cell;
    } * cells;
    size_t size;    /* a power of two, or 0 */
    unsigned shift; /* 64 less its logarithm */
    size_t count;
    size_t key_len;
    uint8_t key[]; /* dimension 1, group */
};

static tdm_span group_key(const void *item)
{
    const tdm_group *group = item;
    return (tdm_span){ group->key, group->key_len };
}

static void release_group(void *item)
{
    free(((tdm_group *)item)->cells);
    free(item);
}

void tdm_cells_init(tdm_cells *cells)
{
    *cells = (tdm_cells){ 0 };
    tdm_map_init(&cells->groups, group_key);
}

void tdm_cells_free(tdm_cells *cells)
{
    for (size_t i = 0; i < cells->count; i++)
        free(cells->all[i]);
    free(cells->all);
    free(cells->dirty);
    tdm_map_free(&cells->groups, release_group);
    tdm_cells_init(cells);
}

/* ---- places ---- */

static bool has_days(tdm_family family)
{
    return family >= TDM_FAMILY_DAYS_DELIVERED;
}

static uint64_t write_place(tdm_family family, tdm_period period, int32_t days)
{
    uint32_t number = (uint32_t)period.number ^ 0x80000000u;
    return (uint64_t)family << 56 | (uint64_t)period.kind << 48 | (uint64_t)number << 16 | (uint16_t)days;
}

static tdm_family family_of(uint64_t place)
{
    return (tdm_family)(place >> 56);
}

void tdm_cell_place_read(const tdm_cell *cell, tdm_cell_place *out)
{
    *out = (tdm_cell_place){ .family = family_of(cell->place),
                             .dimension = (tdm_dimension)cell->group->key[0],
                             .days = (int32_t)(cell->place & 0xffff) };
    out->period.kind = (tdm_period_kind)(cell->place >> 48 & 0xff);
    out->period.number = (int32_t)((uint32_t)(cell->place >> 16) ^ 0x80000000u);
    out->group = (tdm_span){ cell->group->key + 1, cell->group->key_len - 1 };
}

size_t tdm_cell_key(const tdm_cell *cell, uint8_t out[TDM_CELL_KEY_MAX])
{
    tdm_put_be(out, cell->place, 8);
    memcpy(out + 8, cell->group->key, cell->group->key_len);
    return 8 + cell->group->key_len;
}

/* ---- groups and their cells ---- */

tdm_group *tdm_cells_group(tdm_cells *cells, tdm_dimension dimension, tdm_span name)
{
    uint8_t bytes[TDM_CELL_KEY_MAX];
    TDM_ASSERT(name.len <= TDM_SUBJECT_MAX);
    bytes[0] = (uint8_t)dimension;
    if (name.len > 0)
        memcpy(bytes + 1, name.data, name.len);
    tdm_span key = { bytes, 1 + name.len };
    tdm_group *group = tdm_map_find(&cells->groups, key);
    if (group != NULL)
        return group;
    group = tdm_memory_new(sizeof *group + key.len);
    group->key_len = key.len;
    memcpy(group->key, key.data, key.len);
    tdm_map_add(&cells->groups, group);
    return group;
}

static size_t spot_of(const tdm_group *group, uint64_t place)
{
    /* The topmost bits of the product: family and kind, the place's topmost, reach no others. */
    size_t at = (size_t)(place * 0x9e3779b97f4a7c15u >> group->shift);
    while (group->cells[at].cell != NULL && group->cells[at].place != place)
        at = (at + 1) & (group->size - 1);
    return at;
}

static void widen(tdm_group *group)
{
    struct group_cell *old = group->cells;
    size_t old_size = group->size;
    group->size = old_size == 0 ? 16 : old_size * 2;
    group->shift = 64 - (unsigned)__builtin_ctzll(group->size);
    group->cells = tdm_memory_new(group->size * sizeof *group->cells);
    for (size_t i = 0; i < old_size; i++) {
        if (old[i].cell != NULL)
            group->cells[spot_of(group, old[i].place)] = old[i];
    }
    free(old);
}

static tdm_cell *make_cell(tdm_cells *cells, tdm_group *group, uint64_t place)
{
    size_t width = has_days(family_of(place)) ? 1 : TDM_AMOUNTS;
    /* On a cache line of its own, so that a session changes one line of each cell. */
    size_t bytes = (sizeof(tdm_cell) + width * sizeof(int64_t) + 63) / 64 * 64;
    tdm_cell *cell = aligned_alloc(64, bytes);
    TDM_ASSERT(cell != NULL);
    memset(cell, 0, bytes);
    cell->width = (uint8_t)width;
    cell->place = place;
    cell->group = group;
    cells->all = tdm_memory_grow(cells->all, &cells->capacity, cells->count + 1, sizeof *cells->all);
    cells->all[cells->count++] = cell;
    if ((group->count + 1) * 2 > group->size)
        widen(group);
    group->cells[spot_of(group, place)] = (struct group_cell){ place, cell };
    group->count++;
    return cell;
}

static tdm_cell *cell_of(const tdm_group *group, uint64_t place)
{
    return group->size == 0 ? NULL : group->cells[spot_of(group, place)].cell;
}

static tdm_cell *touch(tdm_cells *cells, tdm_group *group, uint64_t place)
{
    tdm_cell *cell = cell_of(group, place);
    if (cell == NULL)
        cell = make_cell(cells, group, place);
    if (!cell->dirty) {
        cell->dirty = true;
        cells->dirty =
            tdm_memory_grow(cells->dirty, &cells->dirty_capacity, cells->dirty_count + 1, sizeof(tdm_cell *));
        cells->dirty[cells->dirty_count++] = cell;
    }
    return cell;
}

void tdm_cells_add(tdm_cells *cells, tdm_group *group, tdm_family family, tdm_period period,
                   const tdm_changes *changes)
{
    tdm_cell *cell = touch(cells, group, write_place(family, period, 0));
    for (size_t i = 0; i < changes->count; i++) {
        int64_t *amount = &cell->v[changes->index[i]];
        *amount = tdm_add_wrapping(*amount, changes->amount[i]);
    }
}

void tdm_cells_add_days(tdm_cells *cells, tdm_group *group, tdm_family family, tdm_period period,
                        int32_t days, int64_t count)
{
    tdm_cell *cell = touch(cells, group, write_place(family, period, days));
    cell->v[0] = tdm_add_wrapping(cell->v[0], count);
}

const tdm_cell *tdm_cells_find(const tdm_cells *cells, const tdm_cell_place *place)
{
    uint8_t bytes[TDM_CELL_KEY_MAX] = { (uint8_t)place->dimension };
    if (place->group.len > 0)
        memcpy(bytes + 1, place->group.data, place->group.len);
    const tdm_group *group = tdm_map_find(&cells->groups, (tdm_span){ bytes, 1 + place->group.len });
    return group == NULL ? NULL : cell_of(group, write_place(place->family, place->period, place->days));
}

bool tdm_cell_is_zero(const tdm_cell *cell)
{
    for (size_t i = 0; i < cell->width; i++) {
        if (cell->v[i] != 0)
            return false;
    }
    return true;
}

static int compare_cells(const void *a, const void *b)
{
    const tdm_cell *x = *(tdm_cell *const *)a;
    const tdm_cell *y = *(tdm_cell *const *)b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return tdm_span_compare(group_key(x->group), group_key(y->group));
}

tdm_cell **tdm_cells_sorted(const tdm_cells *cells, size_t *count)
{
    tdm_cell **sorted = tdm_memory_new(cells->count * sizeof(tdm_cell *));
    size_t n = 0;
    for (size_t i = 0; i < cells->count; i++) {
        if (!tdm_cell_is_zero(cells->all[i]))
            sorted[n++] = cells->all[i];
    }
    if (n > 1)
        qsort(sorted, n, sizeof(tdm_cell *), compare_cells);
    *count = n;
    return sorted;
}

/* ---- the views ---- */

/* Pairs of (index, value) of what is not zero. */
void tdm_cell_encode(const tdm_cell *cell, tdm_buf *out)
{
    for (size_t i = 0; i < cell->width; i++) {
        if (cell->v[i] != 0) {
            tdm_varint_put(out, i);
            tdm_varint_put_signed(out, cell->v[i]);
        }
    }
}

tdm_code tdm_cells_load(tdm_cells *cells, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    if (key.len < 9 || key.len > 9 + TDM_SUBJECT_MAX || key.data[0] > TDM_FAMILY_DAYS_PLANNED)
        return tdm_fail(err, TDM_CORRUPT, 0, "views: a cell has a key of %zu bytes", key.len);
    tdm_group *group =
        tdm_cells_group(cells, (tdm_dimension)key.data[8], (tdm_span){ key.data + 9, key.len - 9 });
    uint64_t place = tdm_get_be(key.data, 8);
    tdm_cell *cell = cell_of(group, place);
    if (cell == NULL)
        cell = make_cell(cells, group, place);
    cell->check = check;
    const uint8_t *at = value.data;
    const uint8_t *end = value.data + value.len;
    while (at != NULL && at < end) {
        uint64_t index = tdm_varint_get(&at, end);
        int64_t amount = tdm_varint_get_signed(&at, end);
        if (index < cell->width)
            cell->v[index] = tdm_add_wrapping(cell->v[index], amount);
        else
            at = NULL;
    }
    return at == NULL ? tdm_fail(err, TDM_CORRUPT, 0, "views: a cell's value is damaged") : TDM_OK;
}

void tdm_cells_saved(tdm_cells *cells)
{
    for (size_t i = 0; i < cells->dirty_count; i++)
        cells->dirty[i]->dirty = false;
    cells->dirty_count = 0;
}
