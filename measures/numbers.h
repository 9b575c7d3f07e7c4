/* SPDX-License-Identifier: MPL-2.0
 *
 * numbers.h: keys numbered from 0 as they are first met, so that what names them often is short.
 */
#ifndef TANDEM_MEASURES_NUMBERS_H
#define TANDEM_MEASURES_NUMBERS_H

#include "map.h"

typedef struct tdm_numbered {
    uint32_t number;
    uint32_t key_len;
    uint8_t key[];
} tdm_numbered;

typedef struct tdm_numbers {
    tdm_map map;
    tdm_numbered **by_number;
    size_t capacity;
    const tdm_numbered *last; /* met */
} tdm_numbers;

void tdm_numbers_init(tdm_numbers *numbers);
void tdm_numbers_free(tdm_numbers *numbers);
static inline size_t tdm_numbers_count(const tdm_numbers *numbers)
{
    return numbers->map.count;
}
/* Of a key; numbered now if it is new. Quick where it is the one met last. Borrowed. */
const tdm_numbered *tdm_numbers_meet(tdm_numbers *numbers, tdm_span key);

#endif
