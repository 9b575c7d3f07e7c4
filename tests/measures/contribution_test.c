/* SPDX-License-Identifier: MPL-2.0
 *
 * contribution_test.c: what goes into the cells comes out again, and stored bytes that were damaged are
 * either told from sound ones or do no harm.
 */
#include "contribution.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Entries in order, some with days, some amounts negative. */
static tdm_buf random_contribution(dice *d)
{
    static const char *const NAMES[] = { "improving leaders", "\x01", "AB1", "north" };
    tdm_contribution made = { 0 };
    tdm_buf encoded = { 0 };
    for (size_t i = 1; i < TDM_GROUPS; i++)
        made.groups[i] = dice_below(d, 5) == 0 ? (tdm_span){ 0 } : tdm_span_text(NAMES[i - 1]);
    for (int family = TDM_FAMILY_DELIVERED; family <= TDM_FAMILY_SUMMARY; family++)
        for (int32_t number = 2015; number < 2018; number++) {
            tdm_entry *entry = tdm_contribution_add(&made, (tdm_family)family, (tdm_period){ 0, number });
            for (size_t amount = 0; amount < TDM_AMOUNTS; amount++)
                if (dice_below(d, 3) == 0)
                    tdm_entry_set(entry, amount, (int64_t)dice_below(d, 1000000) - 1000);
            for (uint64_t days = dice_below(d, 3); family != TDM_FAMILY_SUMMARY && days > 0; days--)
                tdm_contribution_add_day(&made, entry, (int32_t)dice_below(d, 400));
        }
    tdm_contribution_encode(&made, &encoded);
    tdm_contribution_free(&made);
    return encoded;
}

static void assert_all_zero(const tdm_cells *cells)
{
    size_t count;
    tdm_cell **left = tdm_cells_sorted(cells, &count);
    free(left);
    assert_int_equal(count, 0);
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    dice d = { 1 };
    for (size_t round = 0; round < 200; round++) {
        tdm_cells cells;
        tdm_found_groups groups = { { NULL } };
        tdm_buf before = { 0 };
        tdm_cells_init(&cells);
        for (size_t i = 0; i < 5; i++) {
            tdm_buf now = random_contribution(&d);
            assert_true(tdm_contribution_is_sound(tdm_buf_span(&now)));
            tdm_contribution_replace(tdm_buf_span(&before), tdm_buf_span(&now), &groups, &cells);
            tdm_buf_free(&before);
            before = now;
        }
        tdm_contribution_replace(tdm_buf_span(&before), (tdm_span){ 0 }, &groups, &cells);
        assert_all_zero(&cells);
        tdm_buf_free(&before);
        tdm_cells_free(&cells);
    }
}

/* Into the cells and out again, from memory of just this length: a read beyond it is seen. */
static void use_if_sound(tdm_span bytes, size_t *sound)
{
    uint8_t *cut = malloc(bytes.len > 0 ? bytes.len : 1);
    assert_non_null(cut);
    if (bytes.len > 0)
        memcpy(cut, bytes.data, bytes.len);
    tdm_span kept = { cut, bytes.len };
    if (tdm_contribution_is_sound(kept)) {
        tdm_cells cells;
        tdm_found_groups groups = { { NULL } };
        tdm_cells_init(&cells);
        tdm_contribution_replace((tdm_span){ 0 }, kept, &groups, &cells);
        tdm_contribution_replace(kept, (tdm_span){ 0 }, &groups, &cells);
        assert_all_zero(&cells);
        tdm_cells_free(&cells);
        (*sound)++;
    }
    free(cut);
}

static void damage_is_told_or_does_no_harm(void **state)
{
    (void)state;
    enum { ROUNDS = 20, BYTES = 256 };
    size_t sound = 0;
    size_t tried = 0;
    dice d = { 2 };
    for (size_t round = 0; round < ROUNDS; round++) {
        tdm_buf bytes = random_contribution(&d);
        for (size_t len = 0; len < bytes.len; len++, tried++)
            use_if_sound((tdm_span){ bytes.data, len }, &sound);
        for (size_t at = 0; at < bytes.len; at++) {
            uint8_t was = bytes.data[at];
            for (size_t i = 0; i < 8; i++, tried++) {
                bytes.data[at] = (uint8_t)dice_below(&d, BYTES);
                use_if_sound(tdm_buf_span(&bytes), &sound);
            }
            bytes.data[at] = was;
        }
        tdm_buf_free(&bytes);
    }
    assert_in_range(sound, 1, tried - 1); /* both kinds were met */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(damage_is_told_or_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
