/* SPDX-License-Identifier: MPL-2.0
 *
 * pack.c: a cursor over scanned bytes, and a writer of canonical MessagePack.
 */
#include "tandem/pack.h"

#include "head.h"

#include <string.h>

tdm_cursor tdm_cursor_over(tdm_span bytes)
{
    return (tdm_cursor){ bytes.data, bytes.len == 0 ? bytes.data : bytes.data + bytes.len, false };
}

tdm_item tdm_cursor_peek(const tdm_cursor *cursor)
{
    if (cursor->failed || cursor->at == cursor->end)
        return TDM_ITEM_END;
    return head_read(cursor->at, (size_t)(cursor->end - cursor->at)).item;
}

/* The next head if it is of the wanted kind, and the cursor moves behind it; else fails. */
static inline uint64_t take_head(tdm_cursor *cursor, tdm_item wanted)
{
    if (cursor->failed || cursor->at == cursor->end) {
        cursor->failed = true;
        return 0;
    }
    head h = head_read(cursor->at, (size_t)(cursor->end - cursor->at));
    if (h.item != wanted || h.fault != NULL) {
        cursor->failed = true;
        return 0;
    }
    cursor->at += h.size;
    return h.value;
}

static tdm_span take_bytes(tdm_cursor *cursor, tdm_item wanted)
{
    uint64_t len = take_head(cursor, wanted);
    if (cursor->failed || len > (uint64_t)(cursor->end - cursor->at)) {
        cursor->failed = true;
        return (tdm_span){ 0 };
    }
    tdm_span out = { cursor->at, (size_t)len };
    cursor->at += len;
    return out;
}

/* An array or map that promises more than the bytes can hold fails here, so that a caller's loop is short. */
static uint32_t take_count(tdm_cursor *cursor, tdm_item wanted, uint64_t each)
{
    uint64_t count = take_head(cursor, wanted);
    if (cursor->failed || count * each > (uint64_t)(cursor->end - cursor->at)) {
        cursor->failed = true;
        return 0;
    }
    return (uint32_t)count;
}

uint32_t tdm_cursor_map(tdm_cursor *cursor)
{
    return take_count(cursor, TDM_ITEM_MAP, 2);
}

uint32_t tdm_cursor_array(tdm_cursor *cursor)
{
    return take_count(cursor, TDM_ITEM_ARRAY, 1);
}

/* Most integers are keys and small numbers, of one byte. */
static bool next_is_small(const tdm_cursor *cursor)
{
    return !cursor->failed && cursor->at != cursor->end && *cursor->at < 0x80;
}

int64_t tdm_cursor_int(tdm_cursor *cursor)
{
    if (next_is_small(cursor))
        return *cursor->at++;
    return (int64_t)take_head(cursor, TDM_ITEM_INT);
}

uint64_t tdm_cursor_uint(tdm_cursor *cursor)
{
    if (next_is_small(cursor))
        return *cursor->at++;
    uint64_t number = take_head(cursor, TDM_ITEM_INT);
    if (number <= INT64_MAX)
        return number;
    cursor->failed = true;
    return 0;
}

bool tdm_cursor_bool(tdm_cursor *cursor)
{
    return take_head(cursor, TDM_ITEM_BOOL) != 0;
}

void tdm_cursor_nil(tdm_cursor *cursor)
{
    take_head(cursor, TDM_ITEM_NIL);
}

tdm_span tdm_cursor_str(tdm_cursor *cursor)
{
    return take_bytes(cursor, TDM_ITEM_STR);
}

tdm_span tdm_cursor_bin(tdm_cursor *cursor)
{
    return take_bytes(cursor, TDM_ITEM_BIN);
}

bool tdm_cursor_fixed(tdm_cursor *cursor, void *out, size_t len)
{
    tdm_span bin = take_bytes(cursor, TDM_ITEM_BIN);
    if (cursor->failed || bin.len != len) {
        cursor->failed = true;
        memset(out, 0, len);
        return false;
    }
    memcpy(out, bin.data, len);
    return true;
}

/* Move behind one item; returns how many more values belong to it. */
static uint64_t skip_item(tdm_cursor *cursor)
{
    tdm_item item = tdm_cursor_peek(cursor);
    if (item == TDM_ITEM_STR || item == TDM_ITEM_BIN) {
        take_bytes(cursor, item);
        return 0;
    }
    if (item == TDM_ITEM_MAP)
        return 2 * (uint64_t)tdm_cursor_map(cursor);
    if (item == TDM_ITEM_ARRAY)
        return tdm_cursor_array(cursor);
    take_head(cursor, item == TDM_ITEM_END ? TDM_ITEM_NIL : item);
    return 0;
}

tdm_span tdm_cursor_skip(tdm_cursor *cursor)
{
    const uint8_t *start = cursor->at;
    for (uint64_t left = 1; left > 0 && !cursor->failed; left--)
        left += skip_item(cursor);
    return cursor->failed ? (tdm_span){ 0 } : (tdm_span){ start, (size_t)(cursor->at - start) };
}

#define HEAD_MAX 9

/* A lead byte and a big-endian number of `width` bytes. */
static void put_head(tdm_buf *out, uint8_t lead, uint64_t number, uint32_t width)
{
    uint64_t wide = width == 0 ? 0 : htobe64(number << (64 - 8 * width));
    if (out->failed || out->capacity - out->len < HEAD_MAX) {
        tdm_buf_add(out, &lead, 1);
        tdm_buf_add(out, &wide, width);
        return;
    }
    uint8_t *at = out->data + out->len; /* of known lengths: two stores, and nothing is loaded again */
    at[0] = lead;
    memcpy(at + 1, &wide, sizeof wide);
    out->len += 1 + width;
}

void tdm_pack_map(tdm_buf *out, uint32_t pairs)
{
    if (pairs < 16)
        put_head(out, (uint8_t)(0x80 | pairs), 0, 0);
    else
        put_head(out, pairs <= UINT16_MAX ? 0xde : 0xdf, pairs, pairs <= UINT16_MAX ? 2 : 4);
}

void tdm_pack_array(tdm_buf *out, uint32_t elements)
{
    if (elements < 16)
        put_head(out, (uint8_t)(0x90 | elements), 0, 0);
    else
        put_head(out, elements <= UINT16_MAX ? 0xdc : 0xdd, elements, elements <= UINT16_MAX ? 2 : 4);
}

void tdm_pack_uint(tdm_buf *out, uint64_t value)
{
    if (value > INT64_MAX)
        out->failed = true; /* outside the profile: it must not get out */
    else if (value < 0x80)
        put_head(out, (uint8_t)value, 0, 0);
    else if (value <= UINT8_MAX)
        put_head(out, 0xcc, value, 1);
    else if (value <= UINT16_MAX)
        put_head(out, 0xcd, value, 2);
    else if (value <= UINT32_MAX)
        put_head(out, 0xce, value, 4);
    else
        put_head(out, 0xcf, value, 8);
}

void tdm_pack_int(tdm_buf *out, int64_t value)
{
    if (value >= 0)
        tdm_pack_uint(out, (uint64_t)value);
    else if (value >= -32)
        put_head(out, (uint8_t)value, 0, 0);
    else if (value >= INT8_MIN)
        put_head(out, 0xd0, (uint64_t)value, 1);
    else if (value >= INT16_MIN)
        put_head(out, 0xd1, (uint64_t)value, 2);
    else if (value >= INT32_MIN)
        put_head(out, 0xd2, (uint64_t)value, 4);
    else
        put_head(out, 0xd3, (uint64_t)value, 8);
}

void tdm_pack_bool(tdm_buf *out, bool value)
{
    put_head(out, value ? 0xc3 : 0xc2, 0, 0);
}

void tdm_pack_nil(tdm_buf *out)
{
    put_head(out, 0xc0, 0, 0);
}

void tdm_pack_str(tdm_buf *out, tdm_span text)
{
    if (text.len < 32)
        put_head(out, (uint8_t)(0xa0 | text.len), 0, 0);
    else if (text.len <= UINT8_MAX)
        put_head(out, 0xd9, text.len, 1);
    else if (text.len <= UINT16_MAX)
        put_head(out, 0xda, text.len, 2);
    else if (text.len <= UINT32_MAX)
        put_head(out, 0xdb, text.len, 4);
    else
        out->failed = true;
    tdm_buf_add(out, text.data, text.len);
}

void tdm_pack_bin(tdm_buf *out, const void *data, size_t len)
{
    if (len <= UINT8_MAX)
        put_head(out, 0xc4, len, 1);
    else if (len <= UINT16_MAX)
        put_head(out, 0xc5, len, 2);
    else if (len <= UINT32_MAX)
        put_head(out, 0xc6, len, 4);
    else
        out->failed = true;
    tdm_buf_add(out, data, len);
}

void tdm_pack_raw(tdm_buf *out, tdm_span value)
{
    tdm_buf_add(out, value.data, value.len);
}
