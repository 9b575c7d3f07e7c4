/* SPDX-License-Identifier: MPL-2.0
 *
 * scan.c: the scanner that foreign bytes must pass before anything else sees them.
 */
#include "tandem/pack.h"

#include "head.h"

#include "tandem/utf8.h"

#include <string.h>

#define NO(why)                                                                                              \
    {                                                                                                        \
        TDM_ITEM_END, 0, false, 0, why                                                                       \
    }

const head_form TDM_HEAD_FORMS[32] = {
    { TDM_ITEM_NIL, 0, false, 0, NULL },         /* c0 */
    NO("the byte 0xc1 starts nothing"),          /* c1 */
    { TDM_ITEM_BOOL, 0, false, 0, NULL },        /* c2 */
    { TDM_ITEM_BOOL, 0, false, 1, NULL },        /* c3 */
    { TDM_ITEM_BIN, 1, false, 0, NULL },         /* c4 */
    { TDM_ITEM_BIN, 2, false, 0x100, NULL },     /* c5 */
    { TDM_ITEM_BIN, 4, false, 0x10000, NULL },   /* c6 */
    NO("ext is not allowed"),                    /* c7 */
    NO("ext is not allowed"),                    /* c8 */
    NO("ext is not allowed"),                    /* c9 */
    NO("float is not allowed"),                  /* ca */
    NO("float is not allowed"),                  /* cb */
    { TDM_ITEM_INT, 1, false, 0x80, NULL },      /* cc */
    { TDM_ITEM_INT, 2, false, 0x100, NULL },     /* cd */
    { TDM_ITEM_INT, 4, false, 0x10000, NULL },   /* ce */
    { TDM_ITEM_INT, 8, false, 1LL << 32, NULL }, /* cf */
    { TDM_ITEM_INT, 1, true, -32, NULL },        /* d0 */
    { TDM_ITEM_INT, 2, true, INT8_MIN, NULL },   /* d1 */
    { TDM_ITEM_INT, 4, true, INT16_MIN, NULL },  /* d2 */
    { TDM_ITEM_INT, 8, true, INT32_MIN, NULL },  /* d3 */
    NO("ext is not allowed"),                    /* d4 */
    NO("ext is not allowed"),                    /* d5 */
    NO("ext is not allowed"),                    /* d6 */
    NO("ext is not allowed"),                    /* d7 */
    NO("ext is not allowed"),                    /* d8 */
    { TDM_ITEM_STR, 1, false, 32, NULL },        /* d9 */
    { TDM_ITEM_STR, 2, false, 0x100, NULL },     /* da */
    { TDM_ITEM_STR, 4, false, 0x10000, NULL },   /* db */
    { TDM_ITEM_ARRAY, 2, false, 16, NULL },      /* dc */
    { TDM_ITEM_ARRAY, 4, false, 0x10000, NULL }, /* dd */
    { TDM_ITEM_MAP, 2, false, 16, NULL },        /* de */
    { TDM_ITEM_MAP, 4, false, 0x10000, NULL },   /* df */
};

/* One open array or map. */
typedef struct level {
    uint64_t left; /* values still to come; of a map even when a key is due */
    uint64_t next; /* map: the smallest key that may come */
    bool is_map;
} level;

typedef struct scan {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t depth; /* open levels */
    uint32_t depth_max;
    uint32_t items_left;
    level top;                       /* the innermost; at depth 0 what holds the one value */
    level below[TDM_SCAN_DEPTH_MAX]; /* those around it, outermost first */
} scan;

static size_t bytes_left(const scan *s)
{
    return (size_t)(s->end - s->at);
}

static const char *check_key(level *top, const head *h)
{
    if (!top->is_map || top->left % 2 != 0)
        return NULL;
    if (h->item != TDM_ITEM_INT || h->value > INT64_MAX)
        return "a key is not an unsigned integer";
    if (h->value < top->next)
        return h->value + 1 == top->next ? "a key comes twice" : "keys are not ascending";
    top->next = h->value + 1;
    return NULL;
}

static const char *take_bytes(scan *s, const head *h)
{
    if (h->value > bytes_left(s))
        return "cut short";
    if (h->item == TDM_ITEM_STR && !tdm_utf8_is_valid((tdm_span){ s->at, (size_t)h->value }))
        return "text is not UTF-8";
    s->at += h->value;
    return NULL;
}

#define TOO_MANY "more elements promised than bytes follow"

static const char *open_level(scan *s, const head *h)
{
    bool is_map = h->item == TDM_ITEM_MAP;
    uint64_t values = is_map ? 2 * h->value : h->value;
    if (values > bytes_left(s))
        return TOO_MANY;
    if (s->depth == s->depth_max)
        return "nested too deep";
    if (values > 0) {
        s->below[s->depth++] = s->top;
        s->top = (level){ values, 0, is_map };
    }
    return NULL;
}

/* One value, without what an array or map holds. NULL, or the fault that stands at s->at. */
static const char *take_item(scan *s)
{
    if (s->at == s->end)
        return "cut short";
    if (s->items_left-- == 0)
        return "too many values";
    head h = head_read(s->at, bytes_left(s));
    if (h.fault != NULL)
        return h.fault;
    const char *fault = check_key(&s->top, &h);
    if (fault != NULL)
        return fault;
    s->top.left--;
    s->at += h.size;
    if (h.item == TDM_ITEM_INT) /* most are */
        return NULL;
    if (h.item == TDM_ITEM_STR || h.item == TDM_ITEM_BIN)
        return take_bytes(s, &h);
    if (h.item == TDM_ITEM_ARRAY || h.item == TDM_ITEM_MAP)
        return open_level(s, &h);
    return NULL;
}

static const char *take_value(scan *s)
{
    while (s->top.left > 0) {
        const char *fault = take_item(s);
        if (fault != NULL)
            return fault;
        while (s->top.left == 0 && s->depth > 0)
            s->top = s->below[--s->depth];
    }
    return NULL;
}

tdm_code tdm_scan_first(tdm_span bytes, const tdm_scan_limits *limits, size_t *len, tdm_err *err)
{
    *len = 0;
    if (bytes.len == 0)
        return tdm_fail(err, TDM_MALFORMED, 0, "byte 0: cut short");
    scan s;
    s.at = bytes.data;
    s.end = bytes.data + (bytes.len < limits->bytes ? bytes.len : limits->bytes);
    s.depth = 0;
    s.depth_max = limits->depth < TDM_SCAN_DEPTH_MAX ? limits->depth : TDM_SCAN_DEPTH_MAX;
    s.items_left = limits->items;
    s.top = (level){ 1, 0, false };
    const char *fault = take_value(&s);
    *len = (size_t)(s.at - bytes.data);
    if (fault == NULL)
        return TDM_OK;
    bool ran_out = strcmp(fault, "cut short") == 0 || strcmp(fault, TOO_MANY) == 0;
    if (ran_out && bytes.len > limits->bytes)
        return tdm_fail(err, TDM_MALFORMED, 0, "at most %zu bytes are allowed", limits->bytes);
    return tdm_fail(err, TDM_MALFORMED, 0, "byte %zu: %s", *len, fault);
}

tdm_code tdm_scan(tdm_span bytes, const tdm_scan_limits *limits, tdm_err *err)
{
    if (bytes.len > limits->bytes)
        return tdm_fail(err, TDM_MALFORMED, 0, "%zu bytes; at most %zu are allowed", bytes.len,
                        limits->bytes);
    size_t len;
    tdm_code code = tdm_scan_first(bytes, limits, &len, err);
    if (code == TDM_OK && len < bytes.len)
        return tdm_fail(err, TDM_MALFORMED, 0, "byte %zu: bytes after the end", len);
    return code;
}
