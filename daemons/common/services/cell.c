/* SPDX-License-Identifier: MPL-2.0
 *
 * cell.c: reading what people write.
 */
#include "cell.h"

#include "../sheet.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_YEAR = 1990, LAST_YEAR = 2199 };

/* ---- words and codes */

bool tdm_cell_word(tdm_enum_set set, tdm_span cell, int64_t *number)
{
    char word[64];
    return tdm_sheet_word(cell, word, sizeof word) && tdm_enum_number(set, tdm_span_text(word), number);
}

bool tdm_cell_code(tdm_span text, char out[16])
{
    if (text.len > 12)
        return false;
    for (size_t i = 0; i < text.len; i++)
        out[i] = (char)(text.data[i] >= 'a' && text.data[i] <= 'z' ? text.data[i] - 'a' + 'A' : text.data[i]);
    out[text.len] = '\0';
    return tdm_code_is_valid(tdm_span_text(out));
}

/* ---- dates */

static bool refuse(char *what, const char *sentence)
{
    snprintf(what, TDM_CELL_WHAT, "%s", sentence);
    return false;
}

/* Digits up to something else; returns how many. */
static size_t take_digits(tdm_span text, size_t at, int *value)
{
    size_t count = 0;
    for (*value = 0; at + count < text.len && count < 5; count++) {
        uint8_t c = text.data[at + count];
        if (c < '0' || c > '9')
            break;
        *value = *value * 10 + (c - '0');
    }
    return count;
}

/* Three numbers with the same sign between them. */
static bool split_date(tdm_span text, int part[3], size_t digits[3])
{
    size_t at = 0;
    uint8_t sign = 0;
    for (int i = 0; i < 3; i++) {
        digits[i] = take_digits(text, at, &part[i]);
        at += digits[i];
        if (digits[i] == 0 || (i == 2 && at != text.len))
            return false;
        if (i == 2)
            return true;
        if (at >= text.len || strchr("-/.", text.data[at]) == NULL || (i == 1 && text.data[at] != sign))
            return false;
        sign = text.data[at++];
    }
    return false;
}

static bool take_date(char *what, int year, int month, int day, tdm_date *out)
{
    if (year < FIRST_YEAR || year > LAST_YEAR || !tdm_date_is_real(year, month, day)) {
        snprintf(what, TDM_CELL_WHAT,
                 "There is no such day between %d and %d. Enter the date as YYYY-MM-DD, "
                 "such as 2017-09-30.",
                 FIRST_YEAR, LAST_YEAR);
        return false;
    }
    *out = tdm_date_from(year, month, day);
    return true;
}

bool tdm_cell_date(tdm_span cell, tdm_date *out, char *what)
{
    int part[3];
    size_t digits[3];
    if (cell.len == 0)
        return refuse(what, "Enter the date as YYYY-MM-DD, such as 2017-09-30.");
    if (!split_date(cell, part, digits))
        return refuse(what, "This is not read as a date. Enter it as YYYY-MM-DD, such as 2017-09-30.");
    if (digits[0] == 4 && digits[1] <= 2 && digits[2] <= 2)
        return take_date(what, part[0], part[1], part[2], out);
    if (digits[2] != 4 || digits[0] > 2 || digits[1] > 2)
        return refuse(what, "This is not read as a date. Enter it as YYYY-MM-DD, such as 2017-09-30.");
    if (part[0] <= 12 && part[1] <= 12 && part[0] != part[1])
        return refuse(what, "Day and month could be either way round. Enter the date as YYYY-MM-DD, such as "
                            "2017-09-30.");
    return take_date(what, part[2], part[1], part[0], out);
}

/* ---- numbers */

bool tdm_cell_decimal(tdm_span text, int places, int64_t max, int64_t *out)
{
    int64_t value = 0;
    int after = -1; /* digits after the point */
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '.' && after < 0 && i > 0) {
            after = 0;
            continue;
        }
        bool zero_beyond = after >= places && c == '0'; /* 12.0, 1.500: nothing is lost */
        if (c < '0' || c > '9' || value > max || (after >= places && !zero_beyond))
            return false;
        if (zero_beyond)
            continue;
        value = value * 10 + (c - '0');
        after += after >= 0;
    }
    for (int i = after < 0 ? 0 : after; i < places; i++)
        value *= 10;
    *out = value;
    return text.len > 0 && value <= max;
}

/* ---- lists */

tdm_span tdm_cell_trim(tdm_span text)
{
    while (text.len > 0 && text.data[0] == ' ')
        text = (tdm_span){ text.data + 1, text.len - 1 };
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

tdm_span tdm_cell_next(tdm_span *rest, char sign)
{
    const uint8_t *found = rest->len == 0 ? NULL : memchr(rest->data, sign, rest->len);
    tdm_span part = { rest->data, found == NULL ? rest->len : (size_t)(found - rest->data) };
    size_t used = part.len + (found != NULL);
    *rest = (tdm_span){ rest->data + used, rest->len - used };
    return tdm_cell_trim(part);
}
