/* SPDX-License-Identifier: MPL-2.0
 *
 * base_test.c: growing buffers, and those whose bytes are overwritten when they are done with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tandem/base.h"

static const char TEXT[] = "four words nobody guesses";

/* The memory is the test's own: what was freed can not be looked at. */
static void clearing_overwrites_a_secret_alone(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++) {
        uint8_t room[64] = { 0 };
        tdm_buf buf = { .data = room, .capacity = sizeof room, .secret = secret };
        tdm_buf_text(&buf, TEXT);
        assert_int_equal(buf.len, strlen(TEXT));
        assert_non_null(memmem(room, sizeof room, TEXT, strlen(TEXT))); /* control */
        tdm_buf_clear(&buf);
        assert_int_equal(buf.len, 0);
        assert_int_equal(memmem(room, sizeof room, TEXT, strlen(TEXT)) == NULL, secret);
    }
}

static void a_buffer_grows_and_keeps_what_it_has(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++) {
        tdm_buf buf = { .secret = secret };
        for (size_t i = 0; i < 10000; i++)
            tdm_buf_add(&buf, &(uint8_t){ (uint8_t)(i % 251) }, 1);
        assert_false(buf.failed);
        assert_int_equal(buf.len, 10000);
        for (size_t i = 0; i < buf.len; i++)
            assert_int_equal(buf.data[i], i % 251);
        tdm_buf_free(&buf);
        assert_null(buf.data);
        assert_int_equal(buf.secret, secret); /* whoever uses it again need not say so again */
    }
}

static void what_cannot_be_had_fails_once_and_stays_so(void **state)
{
    (void)state;
    tdm_buf buf = { 0 };
    tdm_buf_text(&buf, TEXT);
    tdm_buf_add(&buf, TEXT, SIZE_MAX / 2);
    assert_true(buf.failed);
    tdm_buf_text(&buf, TEXT);
    assert_int_equal(buf.len, strlen(TEXT));
    tdm_buf_clear(&buf);
    assert_false(buf.failed);
    tdm_buf_free(&buf);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(clearing_overwrites_a_secret_alone),
        cmocka_unit_test(a_buffer_grows_and_keeps_what_it_has),
        cmocka_unit_test(what_cannot_be_had_fails_once_and_stays_so),
    };
    return cmocka_run_group_tests_name("base", TESTS, NULL, NULL);
}
