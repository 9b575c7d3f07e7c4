/* SPDX-License-Identifier: MPL-2.0
 *
 * terminal.c: harmless text and its width.
 */
#include "terminal.h"

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

/* Characters that act on their surroundings: C1 controls, line and paragraph ends, direction marks, tags. */
static const range UNSAFE[] = {
    { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x061c, 0x061c }, { 0x200e, 0x200f },   { 0x2028, 0x202e },
    { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

static const range NARROW[] = {
    /* combining: no column of their own */
    { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x064b, 0x065f }, { 0x1ab0, 0x1aff },
    { 0x1dc0, 0x1dff }, { 0x200b, 0x200d }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

static const range WIDE[] = {
    /* East Asian wide and full width (Unicode annex 11), emoji */
    { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
    { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
    { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool is_among(const range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

/* The character at the start of text; *len its bytes. Ill-formed: false and one byte. */
static bool read_point(tdm_span text, uint32_t *point, size_t *len)
{
    static const uint32_t LEAST[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t first = text.data[0];
    size_t want = first < 0x80   ? 1
                  : first < 0xc2 ? 0
                  : first < 0xe0 ? 2
                  : first < 0xf0 ? 3
                  : first < 0xf5 ? 4
                                 : 0;
    *len = 1;
    *point = first;
    if (want == 1)
        return true;
    if (want == 0 || want > text.len)
        return false;
    uint32_t value = first & (0x7fu >> want);
    for (size_t i = 1; i < want; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return false;
        value = value << 6 | (text.data[i] & 0x3fu);
    }
    if (value < LEAST[want] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return false;
    *point = value;
    *len = want;
    return true;
}

static void add_escaped(tdm_buf *out, uint32_t point, bool good)
{
    if (point == '\n')
        tdm_buf_text(out, "\\n");
    else if (point == '\t')
        tdm_buf_text(out, "\\t");
    else if (!good || point < 0x80)
        tdm_buf_format(out, "\\x%02x", point);
    else
        tdm_buf_format(out, "\\u{%x}", point);
}

void tdm_terminal_add(tdm_buf *out, tdm_span text)
{
    while (text.len > 0) {
        uint32_t point;
        size_t len;
        bool good = read_point(text, &point, &len);
        if (good && !is_among(UNSAFE, TDM_COUNT(UNSAFE), point))
            tdm_buf_add(out, text.data, len);
        else
            add_escaped(out, point, good);
        text.data += len;
        text.len -= len;
    }
}

void tdm_terminal_print(FILE *out, const char *text)
{
    tdm_buf safe = { 0 };
    tdm_terminal_add(&safe, tdm_span_text(text == NULL ? "" : text));
    fwrite(safe.data, 1, safe.len, out);
    tdm_buf_free(&safe);
}

static size_t point_width(uint32_t point)
{
    if (point < 0x300)
        return 1;
    if (is_among(NARROW, TDM_COUNT(NARROW), point))
        return 0;
    return is_among(WIDE, TDM_COUNT(WIDE), point) ? 2 : 1;
}

static size_t walk(tdm_span text, size_t width, size_t *used)
{
    size_t at = 0;
    *used = 0;
    while (at < text.len) {
        uint32_t point;
        size_t len;
        read_point((tdm_span){ text.data + at, text.len - at }, &point, &len);
        if (*used + point_width(point) > width)
            break;
        *used += point_width(point);
        at += len;
    }
    return at;
}

size_t tdm_terminal_width(tdm_span text)
{
    size_t used;
    walk(text, SIZE_MAX / 2, &used);
    return used;
}

size_t tdm_terminal_cut(tdm_span text, size_t width)
{
    size_t used;
    return walk(text, width, &used);
}
