/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_earlier_test.c: what is hidden because an earlier publication, compared with this one, would tell
 * few people, as worked examples.
 */
#include "suppress_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* Differencing against what other figures add up to. */
static const struct {
    const char *name;
    const char *rule;
    int64_t low, high; /* of the sum */
    int64_t now;
    bool hidden;
} SUM_ROWS[] = {
    { "the same people", "lt5", 48, 48, 48, false },
    { "three more than the groups", "lt5", 48, 48, 51, true },
    { "seven fewer than the groups", "lt5", 48, 48, 41, true },
    { "eight more", "lt5", 48, 48, 56, false },
    { "perhaps the same", "lt5", 45, 51, 51, false },
    { "surely one more", "lt5", 45, 51, 52, true },
    { "surely one fewer", "lt5", 45, 51, 44, true },
    { "a sum that may be anything", "lt5", 45, INT64_MAX, 51, false },
    { "a sum of nobody: the figure itself", "lt5", 0, 0, 6, false },
    { "a sum of one", "lt5", 1, 1, 8, true },
    { "rounded, surely one more", "hes", 40, 52, 53, true },
    { "rounded, perhaps the same", "hes", 40, 53, 53, false },
    { "exact figures are not compared", "exact", 48, 48, 51, false },
};

static void check_sum(void **state)
{
    size_t i = (size_t)(uintptr_t)*state;
    sample s;
    sample_init(&s, 1, 1, false, false, false);
    s.counts[0] = SUM_ROWS[i].now;
    const tdm_people_rule *rule = rule_of(SUM_ROWS[i].rule);
    tdm_published before = { .row = s.row_keys[0],
                             .column = s.column_keys[0],
                             .is_sum = true,
                             .low = SUM_ROWS[i].low,
                             .high = SUM_ROWS[i].high };
    tdm_people_table_show(rule, &s.table);
    assert_int_equal(tdm_people_table_compare(rule, &s.table, &before, 1), SUM_ROWS[i].hidden);
}

/* Differencing. */
static const struct {
    const char *name;
    const char *rule;
    const char *rule_before; /* NULL: not known */
    int64_t before;
    int64_t now;
    bool hidden;
} DIFFERENCE_ROWS[] = {
    { "the same figure again", "hes", "hes", 57, 57, false },
    { "no change that is shown", "hes", "hes", 53, 57, false },
    { "5 more may be one", "hes", "hes", 57, 58, true },
    { "5 fewer may be one", "hes", "hes", 58, 57, true },
    { "10 more may be six", "hes", "hes", 57, 63, true },
    { "10 more may be six, though they are fourteen", "hes", "hes", 53, 67, true },
    { "15 more are eleven at least", "hes", "hes", 57, 68, false },
    { "a hidden figure is no figure", "hes", "hes", 7, 8, false },
    { "what is hidden now stays so", "hes", "hes", 8, 7, false },
    { "from 0 the difference is the figure itself", "lt5", "lt5", 0, 6, false },
    { "to 0 also", "lt5", "lt5", 6, 0, false },
    { "one more", "lt5", "lt5", 12, 13, true },
    { "seven fewer", "lt5", "lt5", 19, 12, true },
    { "eight more", "lt5", "lt5", 12, 20, false },
    { "nine more under lt10", "lt10", "lt10", 12, 21, true },
    { "ten more under lt10", "lt10", "lt10", 12, 22, false },
    { "exact after rounded, perhaps the same", "lt5", "hes", 12, 11, false },
    { "exact after rounded, surely more", "lt5", "hes", 12, 13, true },
    { "an unknown rule, few in truth", "lt5", NULL, 12, 13, true },
    { "an unknown rule, many in truth", "lt5", NULL, 12, 30, false },
    { "exact figures are not compared", "exact", "exact", 12, 13, false },
};

static void check_difference(void **state)
{
    size_t i = (size_t)(uintptr_t)*state;
    sample s;
    sample_init(&s, 1, 1, false, false, false);
    s.counts[0] = DIFFERENCE_ROWS[i].now;
    const char *word = DIFFERENCE_ROWS[i].rule_before;
    const tdm_people_rule *rule = rule_of(DIFFERENCE_ROWS[i].rule);
    tdm_published before = { .row = s.row_keys[0],
                             .column = s.column_keys[0],
                             .rule = word != NULL ? rule_of(word) : NULL,
                             .shown = tdm_people_show(rule_of(word != NULL ? word : "exact"),
                                                      DIFFERENCE_ROWS[i].before),
                             .exact = DIFFERENCE_ROWS[i].before };
    tdm_people_table_show(rule, &s.table);
    assert_int_equal(tdm_people_table_compare(rule, &s.table, &before, 1), DIFFERENCE_ROWS[i].hidden);
    assert_int_equal(s.shown[0].why == TDM_HIDDEN_DIFFERENCE, DIFFERENCE_ROWS[i].hidden);
    before.column = TDM_SPAN_LITERAL("another");
    tdm_people_table_show(rule, &s.table);
    assert_int_equal(tdm_people_table_compare(rule, &s.table, &before, 1), 0);
}

/* One figure of a row of three, or its total, was published before. */
static const struct {
    const char *name;
    const char *rule;
    int64_t counts[3];
    size_t column;
    int64_t before;
    size_t tally[TDM_HIDDEN_WHYS]; /* numbers, small, derivable, blurred, difference */
    const char *shown;
} EARLIER_ROWS[] = {
    { "a total that gained three", "lt5", { 12, 45, 3 }, 3, 57, { 2, 1, 0, 0, 1 }, "12 45 <5 *" },
    { "a total that gained three, rounded", "hes", { 12, 45, 3 }, 3, 57, { 2, 1, 0, 0, 1 }, "10 45 * *" },
    { "a total that gained six takes the six along",
      "lt5",
      { 12, 45, 6 },
      3,
      57,
      { 2, 0, 1, 0, 1 },
      "12 45 * *" },
    { "a total that gained eight stays", "lt5", { 12, 45, 8 }, 3, 57, { 4, 0, 0, 0, 0 }, "12 45 8 65" },
    { "a cell that changed is not left alone", "lt5", { 46, 0, 20 }, 0, 45, { 2, 0, 1, 0, 1 }, "* 0 * 66" },
    { "nor if it is rounded", "hes", { 58, 0, 20 }, 0, 57, { 2, 0, 1, 0, 1 }, "* 0 * 80" },
    { "the same cell again", "hes", { 58, 0, 20 }, 0, 58, { 4, 0, 0, 0, 0 }, "60 0 20 80" },
};

static void check_earlier(void **state)
{
    size_t i = (size_t)(uintptr_t)*state;
    const tdm_people_rule *rule = rule_of(EARLIER_ROWS[i].rule);
    sample s;
    char text[512];
    size_t tally[TDM_HIDDEN_WHYS];
    sample_init(&s, 1, 3, true, false, false);
    memcpy(s.counts, EARLIER_ROWS[i].counts, sizeof EARLIER_ROWS[i].counts);
    add_up(&s);
    tdm_published before = { .row = s.row_keys[0],
                             .column = s.column_keys[EARLIER_ROWS[i].column],
                             .rule = rule,
                             .shown = tdm_people_show(rule, EARLIER_ROWS[i].before),
                             .exact = EARLIER_ROWS[i].before };
    tdm_people_table_publish(rule, &s.table, &before, 1, tally);
    print(EARLIER_ROWS[i].rule, &s, text, sizeof text);
    assert_string_equal(text, EARLIER_ROWS[i].shown);
    assert_memory_equal(tally, EARLIER_ROWS[i].tally, sizeof tally);
}

int main(void)
{
    struct CMUnitTest sums[TDM_COUNT(SUM_ROWS)];
    for (size_t i = 0; i < TDM_COUNT(sums); i++)
        sums[i] = (struct CMUnitTest){ SUM_ROWS[i].name, check_sum, NULL, NULL, (void *)(uintptr_t)i };
    struct CMUnitTest differences[TDM_COUNT(DIFFERENCE_ROWS)];
    for (size_t i = 0; i < TDM_COUNT(differences); i++)
        differences[i] = (struct CMUnitTest){ DIFFERENCE_ROWS[i].name, check_difference, NULL, NULL,
                                              (void *)(uintptr_t)i };
    struct CMUnitTest earlier[TDM_COUNT(EARLIER_ROWS)];
    for (size_t i = 0; i < TDM_COUNT(earlier); i++)
        earlier[i] =
            (struct CMUnitTest){ EARLIER_ROWS[i].name, check_earlier, NULL, NULL, (void *)(uintptr_t)i };
    int failed = cmocka_run_group_tests_name("differences", differences, NULL, NULL);
    failed += cmocka_run_group_tests_name("sums of earlier publications", sums, NULL, NULL);
    return failed + cmocka_run_group_tests_name("earlier publications", earlier, NULL, NULL);
}
