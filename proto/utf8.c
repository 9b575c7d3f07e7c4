/* SPDX-License-Identifier: MPL-2.0
 *
 * utf8.c: which texts are let in.
 */
#include "tandem/utf8.h"

#include <string.h>

/* Lead bytes from..to start a sequence of `size` bytes whose second byte is low..high. */
static const struct lead {
    uint8_t from, to, size, low, high;
} LEADS[] = {
    { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
    { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf }, { 0xf0, 0xf0, 4, 0x90, 0xbf },
    { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

size_t tdm_utf8_sequence(tdm_span text)
{
    const struct lead *lead = LEADS;
    if (text.len == 0 || text.data[0] < 0x80)
        return text.len == 0 ? 0 : 1;
    while (lead < LEADS + TDM_COUNT(LEADS) && !(text.data[0] >= lead->from && text.data[0] <= lead->to))
        lead++;
    if (lead == LEADS + TDM_COUNT(LEADS) || text.len < lead->size)
        return 0;
    if (text.data[1] < lead->low || text.data[1] > lead->high)
        return 0;
    for (size_t i = 2; i < lead->size; i++)
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
    return lead->size;
}

bool tdm_utf8_is_valid(tdm_span text)
{
    for (size_t i = 0; i < text.len;) {
        uint64_t eight;
        if (text.len - i >= sizeof eight) {
            memcpy(&eight, text.data + i, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        size_t size = tdm_utf8_sequence((tdm_span){ text.data + i, text.len - i });
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

/* Whether one of eight bytes is below 0x20 or is 0x7f. Source: "Bit Twiddling Hacks", haszero and hasless. */
static bool has_control(uint64_t eight)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t del = eight ^ (0x7f * ones);
    uint64_t found = ((eight - 0x20 * ones) & ~eight) | ((del - ones) & ~del);
    return (found & (0x80 * ones)) != 0;
}

bool tdm_text_is_plain(tdm_span text)
{
    size_t i = 0;
    for (uint64_t eight; text.len - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, text.data + i, sizeof eight);
        if (has_control(eight))
            return false;
    }
    for (; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return true;
}
