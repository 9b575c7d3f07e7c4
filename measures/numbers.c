/* SPDX-License-Identifier: MPL-2.0
 *
 * numbers.c: keys by number, and numbers by key.
 */
#include "numbers.h"

#include <stdlib.h>

#include "bytes.h"

static tdm_span numbered_key(const void *item)
{
    return (tdm_span){ ((const tdm_numbered *)item)->key, ((const tdm_numbered *)item)->key_len };
}

void tdm_numbers_init(tdm_numbers *numbers)
{
    *numbers = (tdm_numbers){ .last = NULL };
    tdm_map_init(&numbers->map, numbered_key);
}

void tdm_numbers_free(tdm_numbers *numbers)
{
    tdm_map_free(&numbers->map, free);
    free(numbers->by_number);
}

const tdm_numbered *tdm_numbers_meet(tdm_numbers *numbers, tdm_span key)
{
    if (numbers->last != NULL && tdm_span_equal(numbered_key(numbers->last), key))
        return numbers->last;
    tdm_numbered *found = tdm_map_find(&numbers->map, key);
    if (found == NULL) {
        size_t number = numbers->map.count;
        found = tdm_memory_new(sizeof *found + key.len);
        found->number = (uint32_t)number;
        found->key_len = (uint32_t)key.len;
        memcpy(found->key, key.data, key.len);
        tdm_map_add(&numbers->map, found);
        numbers->by_number =
            tdm_memory_grow(numbers->by_number, &numbers->capacity, number + 1, sizeof(tdm_numbered *));
        numbers->by_number[number] = found;
    }
    return numbers->last = found;
}
