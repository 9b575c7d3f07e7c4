/* SPDX-License-Identifier: MPL-2.0
 *
 * nearest.c: what was meant by a name that is not there.
 */
#include "nearest.h"

#include <string.h>

/* Levenshtein's distance of two short names. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 96 };
    size_t row[LONGEST + 1];
    size_t b_len = strnlen(b, LONGEST);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0' && i <= LONGEST; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            size_t shifted = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shifted ? replaced : shifted;
        }
    }
    return row[b_len];
}

const char *tdm_nearest(const char *name, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t bound = strnlen(name, 96) / 3 + 1; /* farther than this is no slip of the fingers */
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(name, candidates[i]);
        if (distance <= bound && (best == NULL || distance < bound)) {
            best = candidates[i];
            bound = distance;
        }
    }
    return best;
}
