/* SPDX-License-Identifier: MPL-2.0
 *
 * arena_test.c: what an arena keeps stays as it was, whatever is kept after it.
 */
#include "arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct size_row {
    const char *name;
    size_t len; /* kept so often that chunks fill */
    size_t times;
} size_row;

static const size_row ROWS[] = {
    { "nothing is kept", 0, 3 },
    { "short texts stay", 7, 40000 },
    { "half chunks stay", 32768, 9 },
    { "whole chunks stay", 65536, 5 },
    { "what is greater than a chunk stays", 65537, 5 },
    { "what is far greater stays", 1000000, 4 },
};

static void fill(uint8_t *bytes, size_t len, size_t number)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(number * 31 + i);
}

static void check_size(void **state)
{
    const size_row *row = *state;
    tdm_arena arena = { 0 };
    uint8_t *bytes = malloc(row->len + 1);
    tdm_span *kept = calloc(row->times, sizeof *kept);
    assert_non_null(bytes);
    assert_non_null(kept);
    for (size_t i = 0; i < row->times; i++) {
        fill(bytes, row->len, i);
        kept[i] = tdm_arena_keep(&arena, (tdm_span){ bytes, row->len });
    }
    for (size_t i = 0; i < row->times; i++) {
        fill(bytes, row->len, i);
        assert_int_equal(kept[i].len, row->len);
        assert_memory_equal(kept[i].data, bytes, row->len);
    }
    tdm_arena_free(&arena);
    assert_null(arena.chunks);
    free(bytes);
    free(kept);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_size, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
