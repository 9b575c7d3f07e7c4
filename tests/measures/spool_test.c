/* SPDX-License-Identifier: MPL-2.0
 *
 * spool_test.c: what is put aside in parts comes back, each part in the order it was filled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spool.h"

enum { PARTS = 5, RECORDS = 20000, LONGEST = 300 << 10 };

static uint64_t mix(uint64_t seed)
{
    seed = (seed ^ seed >> 31) * 0x9e3779b97f4a7c15u;
    return seed ^ seed >> 29;
}

/* Short as events are; one in a thousand longer than what is kept in memory of a part. */
static size_t length_of(uint64_t number)
{
    return mix(number) % 1000 == 0 ? LONGEST - number % 7 : mix(number) % 300;
}

static tdm_span bytes_of(uint64_t number, uint8_t room[LONGEST])
{
    size_t len = length_of(number);
    memset(room, (int)(mix(number + 1) & 0xff), len);
    return (tdm_span){ room, len };
}

static void check_part(const tdm_spool *spool, size_t part, uint8_t *room)
{
    static const char BEFORE[] = "what was there";
    tdm_buf all = { 0 };
    tdm_err err = { 0 };
    size_t at = sizeof BEFORE;
    tdm_buf_add(&all, BEFORE, sizeof BEFORE);
    assert_int_equal(tdm_spool_read(spool, part, &all, &err), TDM_OK);
    assert_memory_equal(all.data, BEFORE, sizeof BEFORE);
    assert_int_equal(tdm_spool_bytes(spool, part), all.len - sizeof BEFORE);
    for (uint64_t number = 0; number < RECORDS; number++) {
        if (mix(number + 2) % PARTS != part)
            continue;
        tdm_span want = bytes_of(number, room);
        assert_true(at + want.len <= all.len);
        assert_memory_equal(all.data + at, want.data, want.len);
        at += want.len;
    }
    assert_int_equal(at, all.len);
    tdm_buf_free(&all);
}

static void check_order(void **state)
{
    (void)state;
    tdm_spool *spool = NULL;
    tdm_err err = { 0 };
    uint8_t *room = malloc(LONGEST);
    assert_int_equal(tdm_spool_open(&spool, "/tmp", PARTS + 1, &err), TDM_OK);
    for (uint64_t number = 0; number < RECORDS; number++)
        assert_int_equal(tdm_spool_add(spool, mix(number + 2) % PARTS, bytes_of(number, room), &err), TDM_OK);
    for (size_t i = 0; i < PARTS; i++)
        check_part(spool, i, room);
    check_part(spool, PARTS, room); /* nothing was put there */
    tdm_spool_close(&spool);
    free(room);
}

static void check_no_folder(void **state)
{
    (void)state;
    tdm_spool *spool = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_spool_open(&spool, "/nowhere/at/all", 1, &err), TDM_NOT_FOUND);
    assert_null(spool);
    assert_non_null(strstr(err.what, "/nowhere/at/all"));
    tdm_spool_close(&spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "each part comes back in order", check_order, NULL, NULL, NULL },
        { "a folder that is not there is told", check_no_folder, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
