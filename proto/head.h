/* SPDX-License-Identifier: MPL-2.0
 *
 * head.h: the first bytes of one MessagePack value, as scanner and cursor both read them.
 * Source: the MessagePack specification, "Formats".
 */
#ifndef TANDEM_PROTO_HEAD_H
#define TANDEM_PROTO_HEAD_H

#include "tandem/pack.h"

#include <endian.h>
#include <string.h>

typedef struct head {
    tdm_item item;
    uint32_t size;     /* bytes of the head itself */
    uint64_t value;    /* int as two's complement; bool; bytes of a str or bin; elements or pairs */
    const char *fault; /* why the form is not canonical; NULL if it is */
} head;

/* A lead byte from 0xc0 to 0xdf: what it starts and when it is the shortest form. */
typedef struct head_form {
    uint8_t item;
    uint8_t width;  /* bytes of the number that follows */
    bool is_signed; /* then the number must be below `bound`; otherwise at least `bound` */
    int64_t bound;
    const char *fault; /* never allowed */
} head_form;

extern const head_form TDM_HEAD_FORMS[32];

/* width is 1, 2, 4 or 8 and at most left. Eight bytes are read at once where there are eight. */
static inline uint64_t head_number(const uint8_t *at, size_t left, uint32_t width)
{
    uint64_t number = 0;
    if (left < sizeof number) {
        for (uint32_t i = 0; i < width; i++)
            number = number << 8 | at[i];
        return number;
    }
    memcpy(&number, at, sizeof number);
    return be64toh(number) >> (64 - 8 * width);
}

static inline int64_t head_extend(uint64_t number, uint32_t width)
{
    uint32_t unused = 64 - 8 * width;
    return (int64_t)(number << unused) >> unused;
}

static inline head head_long(const uint8_t *at, size_t left)
{
    const head_form *form = &TDM_HEAD_FORMS[*at - 0xc0];
    if (form->fault != NULL)
        return (head){ TDM_ITEM_END, 1, 0, form->fault };
    if (left < 1u + form->width)
        return (head){ TDM_ITEM_END, 1, 0, "cut short" };
    if (form->width == 0)
        return (head){ (tdm_item)form->item, 1, (uint64_t)form->bound, NULL };
    head out = { (tdm_item)form->item, 1u + form->width, head_number(at + 1, left - 1, form->width), NULL };
    if (form->is_signed) {
        int64_t number = head_extend(out.value, form->width);
        out.value = (uint64_t)number;
        out.fault = number < form->bound ? NULL : "not the shortest form";
    } else if (out.value < (uint64_t)form->bound) {
        out.fault = "not the shortest form";
    } else if (out.value > INT64_MAX) {
        out.fault = "integer above 2^63-1";
    }
    return out;
}

/* left is at least 1. item is TDM_ITEM_END if no value can be read at all. */
static inline head head_read(const uint8_t *at, size_t left)
{
    uint8_t lead = *at;
    if (lead < 0x80)
        return (head){ TDM_ITEM_INT, 1, lead, NULL };
    if (lead < 0x90)
        return (head){ TDM_ITEM_MAP, 1, lead & 0x0f, NULL };
    if (lead < 0xa0)
        return (head){ TDM_ITEM_ARRAY, 1, lead & 0x0f, NULL };
    if (lead < 0xc0)
        return (head){ TDM_ITEM_STR, 1, lead & 0x1f, NULL };
    if (lead < 0xe0)
        return head_long(at, left);
    return (head){ TDM_ITEM_INT, 1, (uint64_t)(int64_t)(int8_t)lead, NULL };
}

#endif
