/* SPDX-License-Identifier: MPL-2.0
 *
 * cells.c: amounts by period and group.
 */
#include "cells.h"

#include <stdlib.h>

#include "bytes.h"

static tdm_span cell_key(const void *item)
{
    const tdm_cell *cell = item;
    return (tdm_span){ cell->key, cell->key_len };
}

void tdm_cells_init(tdm_cells *cells)
{
    *cells = (tdm_cells){ 0 };
    tdm_map_init(&cells->map, cell_key);
}

void tdm_cells_free(tdm_cells *cells)
{
    tdm_map_free(&cells->map, free);
    free(cells->dirty);
    tdm_cells_init(cells);
}

static bool has_days(tdm_family family)
{
    return family >= TDM_FAMILY_DAYS_DELIVERED;
}

static size_t write_key(uint8_t out[TDM_CELL_KEY_MAX], const tdm_cell_place *place)
{
    out[0] = (uint8_t)place->family;
    out[1] = (uint8_t)place->period.kind;
    tdm_put_be(out + 2, (uint32_t)place->period.number ^ 0x80000000u, 4);
    out[6] = (uint8_t)place->dimension;
    size_t len = 7;
    if (has_days(place->family)) {
        tdm_put_be(out + len, (uint32_t)place->days, 4);
        len += 4;
    }
    TDM_ASSERT(place->group.len <= TDM_CELL_KEY_MAX - len);
    if (place->group.len > 0)
        memcpy(out + len, place->group.data, place->group.len);
    return len + place->group.len;
}

void tdm_cell_place_read(const tdm_cell *cell, tdm_cell_place *out)
{
    const uint8_t *at = cell->key;
    *out = (tdm_cell_place){ .family = (tdm_family)at[0], .dimension = (tdm_dimension)at[6] };
    out->period.kind = (tdm_period_kind)at[1];
    out->period.number = (int32_t)((uint32_t)tdm_get_be(at + 2, 4) ^ 0x80000000u);
    at += 7;
    if (has_days(out->family)) {
        out->days = (int32_t)tdm_get_be(at, 4);
        at += 4;
    }
    out->group = (tdm_span){ at, (size_t)(cell->key + cell->key_len - at) };
}

static tdm_cell *make_cell(tdm_span key, size_t width)
{
    tdm_cell *cell = tdm_memory_new(sizeof *cell + width * sizeof cell->v[0] + key.len);
    cell->width = (uint8_t)width;
    cell->key = (uint8_t *)&cell->v[width];
    cell->key_len = (uint16_t)key.len;
    memcpy(cell->key, key.data, key.len);
    return cell;
}

static tdm_cell *touch(tdm_cells *cells, const tdm_cell_place *place)
{
    uint8_t bytes[TDM_CELL_KEY_MAX];
    tdm_span key = { bytes, write_key(bytes, place) };
    tdm_cell *cell = tdm_map_find(&cells->map, key);
    if (cell == NULL) {
        cell = make_cell(key, has_days(place->family) ? 1 : TDM_AMOUNTS);
        tdm_map_add(&cells->map, cell);
    }
    if (!cell->dirty) {
        cell->dirty = true;
        cells->dirty = tdm_memory_grow(cells->dirty, &cells->dirty_capacity, cells->dirty_count + 1,
                                       sizeof *cells->dirty);
        cells->dirty[cells->dirty_count++] = cell;
    }
    return cell;
}

static int64_t add_wrapping(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void tdm_cells_add(tdm_cells *cells, const tdm_cell_place *place, const tdm_amounts *amounts)
{
    tdm_cell *cell = touch(cells, place);
    for (size_t i = 0; i < TDM_AMOUNTS; i++)
        cell->v[i] = add_wrapping(cell->v[i], amounts->v[i]);
}

void tdm_cells_add_days(tdm_cells *cells, const tdm_cell_place *place, int64_t count)
{
    tdm_cell *cell = touch(cells, place);
    cell->v[0] = add_wrapping(cell->v[0], count);
}

const tdm_cell *tdm_cells_find(const tdm_cells *cells, const tdm_cell_place *place)
{
    uint8_t bytes[TDM_CELL_KEY_MAX];
    return tdm_map_find(&cells->map, (tdm_span){ bytes, write_key(bytes, place) });
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
    return tdm_span_compare(cell_key(*(tdm_cell *const *)a), cell_key(*(tdm_cell *const *)b));
}

tdm_cell **tdm_cells_sorted(const tdm_cells *cells, size_t *count)
{
    tdm_cell **sorted = tdm_memory_new(cells->map.count * sizeof(tdm_cell *));
    size_t n = 0;
    size_t at = 0;
    for (tdm_cell *cell = tdm_map_next(&cells->map, &at); cell != NULL;
         cell = tdm_map_next(&cells->map, &at)) {
        if (!tdm_cell_is_zero(cell))
            sorted[n++] = cell;
    }
    qsort(sorted, n, sizeof(tdm_cell *), compare_cells);
    *count = n;
    return sorted;
}

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

tdm_code tdm_cells_load(tdm_cells *cells, tdm_span key, tdm_span value, tdm_err *err)
{
    if (key.len < 7 || key.len > TDM_CELL_KEY_MAX || (has_days((tdm_family)key.data[0]) && key.len < 11))
        return tdm_fail(err, TDM_CORRUPT, 0, "views: a cell has a key of %zu bytes", key.len);
    tdm_cell *cell = make_cell(key, has_days((tdm_family)key.data[0]) ? 1 : TDM_AMOUNTS);
    const uint8_t *at = value.data;
    const uint8_t *end = value.data + value.len;
    while (at != NULL && at < end) {
        uint64_t index = tdm_varint_get(&at, end);
        int64_t amount = tdm_varint_get_signed(&at, end);
        if (index < cell->width)
            cell->v[index] = amount;
        else
            at = NULL;
    }
    if (at == NULL || tdm_map_find(&cells->map, key) != NULL) {
        free(cell);
        return tdm_fail(err, TDM_CORRUPT, 0, "views: a cell's value is damaged");
    }
    tdm_map_add(&cells->map, cell);
    return TDM_OK;
}

void tdm_cells_saved(tdm_cells *cells)
{
    for (size_t i = 0; i < cells->dirty_count; i++) {
        tdm_cell *cell = cells->dirty[i];
        cell->dirty = false;
        if (tdm_cell_is_zero(cell)) {
            tdm_map_remove(&cells->map, cell_key(cell));
            free(cell);
        }
    }
    cells->dirty_count = 0;
}
