/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_table_test.c: what is hidden in a table so that its totals do not tell it, as worked examples.
 */
#include "suppress_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* Tables of three columns; the total of a row without column totals may be said apart. */
static const struct {
    const char *name;
    const char *rule;
    size_t rows;
    bool column_totals;
    int64_t counts[9];
    int64_t total; /* of one row; 0: the sum */
    const char *shown;
} TABLE_ROWS[] = {
    { "hes rounds and needs no second step", "hes", 1, false, { 3, 12, 45 }, 0, "* 10 45 60" },
    { "lt5 hides the next smallest", "lt5", 1, false, { 3, 12, 45 }, 0, "<5 * 45 60" },
    { "a total is rounded from the true one", "hes", 1, false, { 12, 12, 12 }, 0, "10 10 10 35" },
    { "a true total may hold more than the cells", "hes", 1, false, { 12, 12, 12 }, 58, "10 10 10 60" },
    { "two hidden ones hide each other", "lt5", 1, false, { 3, 2, 45 }, 0, "<5 <5 45 50" },
    { "0 hides nothing", "lt5", 1, false, { 3, 0, 45 }, 0, "<5 0 * 48" },
    { "with nothing else the total goes", "lt10", 1, false, { 0, 7, 0 }, 0, "0 <10 0 <10" },
    { "of equals the first is taken", "lt5", 1, false, { 12, 3, 12 }, 0, "* <5 12 27" },
    { "nothing small, nothing hidden", "lt5", 1, false, { 5, 12, 45 }, 0, "5 12 45 62" },
    { "all 0", "lt5", 1, false, { 0, 0, 0 }, 0, "0 0 0 0" },
    { "1 and 1 take a third along", "lt10", 1, false, { 1, 1, 45 }, 0, "<10 <10 * 47" },
    { "4 and 4 of 8 take the total along", "lt5", 1, false, { 4, 4, 0 }, 0, "<5 <5 0 *" },
    { "three ones of a hidden total are not told", "lt5", 1, false, { 1, 1, 1 }, 0, "<5 <5 <5 <5" },
    { "twice 7 is shown as 15", "hes", 1, false, { 7, 7, 0 }, 0, "* * 0 15" },
    { "roundings that all lean one way tell", "hes", 1, false, { 78, 48, 1 }, 0, "80 * * 125" },
    { "exact hides nothing", "exact", 1, false, { 3, 1, 0 }, 0, "3 1 0 4" },
    { "in a table rows and columns both",
      "lt5",
      3,
      true,
      { 3, 12, 45, 20, 30, 40, 50, 60, 70 },
      0,
      "<5 * 45 60 / * * 40 90 / 50 60 70 180 / 73 102 155 330" },
    { "a row of one cell takes its total, totals their next",
      "lt5",
      3,
      true,
      { 3, 0, 0, 20, 30, 40, 50, 60, 70 },
      0,
      "<5 0 0 <5 / * 30 40 * / 50 60 70 180 / 73 90 110 273" },
};

static void check_table(void **state)
{
    size_t i = (size_t)(uintptr_t)*state;
    sample s;
    char text[512];
    bool both = TABLE_ROWS[i].column_totals;
    sample_init(&s, TABLE_ROWS[i].rows, 3, true, both, both);
    for (size_t cell = 0; cell < 3 * TABLE_ROWS[i].rows; cell++)
        s.counts[at(&s, cell / 3, cell % 3)] = TABLE_ROWS[i].counts[cell];
    add_up(&s);
    if (TABLE_ROWS[i].total != 0)
        s.counts[3] = TABLE_ROWS[i].total;
    publish(TABLE_ROWS[i].rule, &s);
    print(TABLE_ROWS[i].rule, &s, text, sizeof text);
    assert_string_equal(text, TABLE_ROWS[i].shown);
}

/* Rounding hides no total by itself: four times 7 is shown as 30, which only 28 and four sevens allow. */
static void all_at_their_largest_take_the_total(void **state)
{
    (void)state;
    sample s;
    char text[512];
    sample_init(&s, 1, 4, true, false, false);
    for (size_t column = 0; column < 4; column++)
        s.counts[column] = 7;
    add_up(&s);
    publish("hes", &s);
    print("hes", &s, text, sizeof text);
    assert_string_equal(text, "* * * * *");
    memset(s.counts, 0, sizeof s.counts);
    for (size_t column = 0; column < 4; column++)
        s.counts[column] = 1;
    add_up(&s);
    publish("lt5", &s);
    print("lt5", &s, text, sizeof text);
    assert_string_equal(text, "<5 <5 <5 <5 *");
    assert_int_equal(s.shown[4].why, TDM_HIDDEN_BLURRED);
}

/* Two blocks joined by one cell: no line tells it, all together do. */
static void a_bridge_between_blocks_is_not_told(void **state)
{
    (void)state;
    static const int64_t COUNTS[4][4] = {
        { 2, 2, 50, 60 }, { 2, 2, 3, 70 }, { 80, 90, 2, 2 }, { 55, 65, 2, 2 }
    };
    sample s;
    sample_init(&s, 4, 4, true, true, true);
    for (size_t row = 0; row < 4; row++)
        for (size_t column = 0; column < 4; column++)
            s.counts[at(&s, row, column)] = COUNTS[row][column];
    add_up(&s);
    char text[512];
    tdm_people_table_show(rule_of("lt5"), &s.table);
    assert_int_equal(tdm_people_table_guard(rule_of("lt5"), &s.table), 1);
    print("lt5", &s, text, sizeof text);
    assert_string_equal(
        text, "<5 <5 * 60 114 / <5 <5 <5 70 77 / 80 90 <5 <5 174 / 55 65 <5 <5 124 / 139 159 57 134 489");
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(all_at_their_largest_take_the_total),
        cmocka_unit_test(a_bridge_between_blocks_is_not_told),
    };
    struct CMUnitTest tables[TDM_COUNT(TABLE_ROWS)];
    for (size_t i = 0; i < TDM_COUNT(tables); i++)
        tables[i] = (struct CMUnitTest){ TABLE_ROWS[i].name, check_table, NULL, NULL, (void *)(uintptr_t)i };
    int failed = cmocka_run_group_tests_name("tables", tables, NULL, NULL);
    return failed + cmocka_run_group_tests_name("tables that tell together", others, NULL, NULL);
}
