/* SPDX-License-Identifier: MPL-2.0
 *
 * views.c: rows of the views with their checks, and the sums of those.
 */
#include "views.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

static const char *const DAMAGED =
    "views: a row of %s is damaged; start the daemon again, which makes the figures anew";

extern const char *const TDM_VIEWS_TABLES[];

uint64_t tdm_views_seal_from(enum tdm_views_table table, tdm_span key, tdm_buf *values, size_t from)
{
    tdm_span value = tdm_buf_span(values);
    if (from > 0)
        value = (tdm_span){ value.data + from, value.len - from };
    uint64_t check = tdm_bytes_check((uint64_t)table, key, value);
    tdm_buf_add(values, &check, sizeof check);
    return check;
}

uint64_t tdm_views_seal(enum tdm_views_table table, tdm_span key, tdm_buf *value)
{
    return tdm_views_seal_from(table, key, value, 0);
}

uint64_t tdm_views_put(tdm_kv_txn *txn, enum tdm_views_table table, tdm_span key, tdm_span value)
{
    tdm_buf row = { 0 };
    tdm_buf_add(&row, value.data, value.len);
    uint64_t check = tdm_views_seal(table, key, &row);
    TDM_ASSERT(!row.failed);
    tdm_kv_put(txn, table, key, tdm_buf_span(&row));
    tdm_buf_free(&row);
    return check;
}

tdm_code tdm_views_open(enum tdm_views_table table, tdm_span key, tdm_span *value, uint64_t *check,
                        tdm_err *err)
{
    uint64_t told = 0;
    if (value->len >= TDM_VIEWS_CHECK) {
        value->len -= TDM_VIEWS_CHECK;
        told = tdm_load_u64(value->data + value->len);
        if (told == tdm_bytes_check((uint64_t)table, key, *value)) {
            if (check != NULL)
                *check = told;
            return TDM_OK;
        }
    }
    return tdm_fail(err, TDM_CORRUPT, 0, DAMAGED, TDM_VIEWS_TABLES[table]);
}

tdm_code tdm_views_get(tdm_kv_txn *txn, enum tdm_views_table table, tdm_span key, tdm_span *value,
                       uint64_t *check, tdm_err *err)
{
    tdm_code code = tdm_kv_get(txn, table, key, value, err);
    return code == TDM_OK ? tdm_views_open(table, key, value, check, err) : code;
}

static bool begins_with(tdm_span key, tdm_span prefix)
{
    return prefix.len == 0 || (key.len >= prefix.len && memcmp(key.data, prefix.data, prefix.len) == 0);
}

tdm_code tdm_views_each(tdm_kv_txn *txn, enum tdm_views_table table, tdm_span prefix, tdm_views_visit *visit,
                        void *context, tdm_err *err)
{
    tdm_kv_cursor *cursor = NULL;
    tdm_span key;
    tdm_span value;
    uint64_t check;
    tdm_code code = tdm_kv_cursor_open(txn, table, &cursor, err);
    if (code == TDM_OK)
        code = tdm_kv_cursor_seek(cursor, prefix.len > 0 ? prefix : TDM_SPAN_LITERAL("\0"), &key, &value);
    while (code == TDM_OK && begins_with(key, prefix)) {
        code = tdm_views_open(table, key, &value, &check, err);
        if (code == TDM_OK)
            code = visit(context, key, value, check, err);
        if (code == TDM_OK)
            code = tdm_kv_cursor_next(cursor, &key, &value);
    }
    tdm_kv_cursor_close(&cursor);
    return code == TDM_END ? TDM_OK : code;
}

/* ---- sums ---- */

uint32_t tdm_views_range(enum tdm_views_table table, tdm_span key)
{
    uint32_t range = (uint32_t)table << 16;
    bool by_key = table == TDM_VIEWS_CELLS || table == TDM_VIEWS_TABLES_CELLS;
    return by_key && key.len >= 2 ? range | (uint32_t)key.data[0] << 8 | key.data[1] : range;
}

tdm_views_sum *tdm_views_sum_find(const tdm_views_sums *sums, uint32_t range)
{
    for (size_t i = 0; i < sums->count; i++)
        if (sums->items[i].range == range)
            return &sums->items[i];
    return NULL;
}

void tdm_views_count(tdm_views_sums *sums, uint32_t range, uint64_t before, uint64_t after)
{
    tdm_views_sum *at = tdm_views_sum_find(sums, range);
    if (at == NULL) {
        sums->items = tdm_memory_grow(sums->items, &sums->capacity, sums->count + 1, sizeof *sums->items);
        at = &sums->items[sums->count++];
        *at = (tdm_views_sum){ .range = range };
    }
    at->sum += after - before;
}

uint64_t tdm_views_sum_of(const tdm_views_sums *sums, uint32_t range)
{
    const tdm_views_sum *at = tdm_views_sum_find(sums, range);
    return at == NULL ? 0 : at->sum;
}

void tdm_views_sums_encode(const tdm_views_sums *sums, tdm_buf *out)
{
    tdm_varint_put(out, sums->count);
    for (size_t i = 0; i < sums->count; i++) {
        tdm_varint_put(out, sums->items[i].range);
        tdm_buf_add(out, &sums->items[i].sum, sizeof sums->items[i].sum);
    }
}

bool tdm_views_sums_decode(tdm_views_sums *sums, const uint8_t **at, const uint8_t *end)
{
    uint64_t count = tdm_varint_get(at, end);
    sums->count = 0;
    for (uint64_t i = 0; *at != NULL && i < count; i++) {
        uint64_t range = tdm_varint_get(at, end);
        if (*at == NULL || end - *at < 8 || range > UINT32_MAX)
            return false;
        tdm_views_count(sums, (uint32_t)range, 0, tdm_load_u64(*at));
        *at += 8;
    }
    return *at != NULL;
}

void tdm_views_sums_free(tdm_views_sums *sums)
{
    free(sums->items);
    *sums = (tdm_views_sums){ 0 };
}
