/* SPDX-License-Identifier: MPL-2.0
 *
 * match_test.c: lists of subjects, and small things that measures are told by.
 */
#include "match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tandem/measure.h"

static const struct list_row {
    const char *name;
    const char *given; /* a letter a subject */
    const char *sorted;
} LISTS[] = {
    { "none", "", "" },
    { "one", "b", "b" },
    { "two alike are one", "aa", "a" },
    { "two in order", "ab", "ab" },
    { "two the other way round", "ba", "ab" },
    { "many, with repeats", "cabacab", "abc" },
    { "repeats at the end", "abbb", "ab" },
};

static void check_list(void **state)
{
    const struct list_row *row = *state;
    tdm_subjects subjects = { 0 };
    char sorted[16] = "";
    for (const char *at = row->given; *at != '\0'; at++)
        tdm_subjects_add(&subjects, (tdm_span){ (const uint8_t *)at, 1 });
    tdm_subjects_sort(&subjects);
    for (size_t i = 0; i < subjects.count; i++)
        sorted[i] = (char)subjects.items[i].data[0];
    assert_string_equal(sorted, row->sorted);
    tdm_subjects_free(&subjects);
}

static void amounts_have_names(void **state)
{
    (void)state;
    assert_string_equal(tdm_table_amount(0, 2), "participants");
    assert_string_equal(tdm_table_amount(TDM_TABLE_TIES, 1), "standing");
    assert_null(tdm_table_amount(TDM_TABLE_TIES, 5));
    assert_string_equal(tdm_table_amount(TDM_TABLE_REACHED, 0), "count");
    assert_null(tdm_table_amount(TDM_TABLE_REACHED, 1));
}

static void figures_are_scaled_to_what_is_shown(void **state)
{
    (void)state;
    const tdm_column_row count = { "n", TDM_SHAPE_COUNT, 0, false, "", 0, 0 };
    const tdm_column_row word = { "w", TDM_SHAPE_WORD, 0, false, "", 0, 0 };
    const tdm_column_row real = { "r", TDM_SHAPE_REAL, 2, false, "", 0, 0 };
    const tdm_figure seven = { .defined = true, .number = 7, .real = 1.005, .word = "seven" };
    const tdm_figure none = { .defined = false, .number = 7, .real = 1.005 };
    assert_int_equal(tdm_figure_scaled(&count, &seven), 7);
    assert_int_equal(tdm_figure_scaled(&count, &none), 0);
    assert_int_equal(tdm_figure_scaled(&word, &seven), 0);
    assert_int_equal(tdm_figure_scaled(&real, &seven), 101);
    assert_int_equal(tdm_figure_scaled(&real, &none), 0);
}

int main(void)
{
    enum { OTHERS = 2 };
    struct CMUnitTest tests[OTHERS + TDM_COUNT(LISTS)] = {
        cmocka_unit_test(amounts_have_names),
        cmocka_unit_test(figures_are_scaled_to_what_is_shown),
    };
    for (size_t i = 0; i < TDM_COUNT(LISTS); i++)
        tests[OTHERS + i] = (struct CMUnitTest){ LISTS[i].name, check_list, NULL, NULL, (void *)&LISTS[i] };
    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
