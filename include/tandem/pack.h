/* SPDX-License-Identifier: MPL-2.0
 *
 * pack.h: canonical MessagePack: the scanner that foreign bytes must pass, a cursor over scanned
 * bytes, and a writer.
 *
 * The canonical profile: nil, bool, integers in -2^63..2^63-1, str (valid UTF-8), bin, arrays, and maps
 * whose keys are unsigned integers in ascending order without duplicates; every form the shortest; no
 * floats, no ext; exactly one value, no trailing bytes.
 */
#ifndef TANDEM_PACK_H
#define TANDEM_PACK_H

#include "tandem/base.h"

typedef struct tdm_scan_limits {
    size_t bytes;   /* largest input */
    uint32_t depth; /* nested containers; at most TDM_SCAN_DEPTH_MAX */
    uint32_t items; /* values in all, keys included */
} tdm_scan_limits;

#define TDM_SCAN_DEPTH_MAX 16

/* Never allocates and never recurses. TDM_MALFORMED names the offset and what was found. */
tdm_code tdm_scan(tdm_span bytes, const tdm_scan_limits *limits, tdm_err *err);
/* The same of the first value of bytes that may hold more behind it; the limits are the value's. */
tdm_code tdm_scan_first(tdm_span bytes, const tdm_scan_limits *limits, size_t *len, tdm_err *err);

/* A cursor reads bytes that passed tdm_scan. A read of the wrong kind sets `failed`, returns zero values,
 * and later reads do nothing: ask once, at the end. It never reads past `end`. */
typedef struct tdm_cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
} tdm_cursor;

typedef enum tdm_item {
    TDM_ITEM_NIL,
    TDM_ITEM_BOOL,
    TDM_ITEM_INT,
    TDM_ITEM_STR,
    TDM_ITEM_BIN,
    TDM_ITEM_ARRAY,
    TDM_ITEM_MAP,
    TDM_ITEM_END /* no more bytes, or failed */
} tdm_item;

tdm_cursor tdm_cursor_over(tdm_span bytes);
tdm_item tdm_cursor_peek(const tdm_cursor *cursor);
uint32_t tdm_cursor_map(tdm_cursor *cursor);   /* number of pairs */
uint32_t tdm_cursor_array(tdm_cursor *cursor); /* number of elements */
int64_t tdm_cursor_int(tdm_cursor *cursor);
uint64_t tdm_cursor_uint(tdm_cursor *cursor); /* fails if negative */
bool tdm_cursor_bool(tdm_cursor *cursor);
void tdm_cursor_nil(tdm_cursor *cursor);
tdm_span tdm_cursor_str(tdm_cursor *cursor);                      /* borrowed from the bytes */
tdm_span tdm_cursor_bin(tdm_cursor *cursor);                      /* borrowed from the bytes */
bool tdm_cursor_fixed(tdm_cursor *cursor, void *out, size_t len); /* bin of exactly len bytes, copied */
tdm_span tdm_cursor_skip(tdm_cursor *cursor);                     /* one whole value; returns its bytes */

/* Writers append to a buffer (buf.failed tells of lost memory). Keys must be given in ascending order. */
void tdm_pack_map(tdm_buf *out, uint32_t pairs);
void tdm_pack_array(tdm_buf *out, uint32_t elements);
void tdm_pack_int(tdm_buf *out, int64_t value);
void tdm_pack_uint(tdm_buf *out, uint64_t value);
void tdm_pack_bool(tdm_buf *out, bool value);
void tdm_pack_nil(tdm_buf *out);
void tdm_pack_str(tdm_buf *out, tdm_span text);
void tdm_pack_bin(tdm_buf *out, const void *data, size_t len);
void tdm_pack_raw(tdm_buf *out, tdm_span value); /* bytes that are one canonical value already */

#endif
