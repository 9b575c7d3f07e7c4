/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_test.c: what a rule shows of one count of people, of percentages and statistics of such, and who
 * may see which figures.
 */
#include "suppress_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

/* One figure. */
static const struct {
    const char *rule;
    int64_t count;
    const char *text;
} FIGURE_ROWS[] = {
    { "hes", 0, "0" },         { "hes", 1, "*" },
    { "hes", 3, "*" },         { "hes", 7, "*" },
    { "hes", 8, "10" },        { "hes", 12, "10" },
    { "hes", 13, "15" },       { "hes", 57, "55" },
    { "hes", 58, "60" },       { "hes", -3, "*" },
    { "hes", 10023, "10025" }, { "hes", INT64_MAX, "9223372036854775805" },
    { "lt5", 0, "0" },         { "lt5", 1, "<5" },
    { "lt5", 4, "<5" },        { "lt5", 5, "5" },
    { "lt5", 10023, "10023" }, { "lt10", 0, "0" },
    { "lt10", 1, "<10" },      { "lt10", 9, "<10" },
    { "lt10", 10, "10" },      { "lt10", -1, "<10" },
    { "exact", 0, "0" },       { "exact", 3, "3" },
    { "exact", 57, "57" },     { "exact", INT64_MAX, "9223372036854775807" },
};

static void figures_are_shown_by_the_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(FIGURE_ROWS); i++) {
        char text[TDM_SHOWN_TEXT];
        tdm_shown shown = tdm_people_show(rule_of(FIGURE_ROWS[i].rule), FIGURE_ROWS[i].count);
        tdm_shown_text(rule_of(FIGURE_ROWS[i].rule), &shown, text);
        assert_string_equal(text, FIGURE_ROWS[i].text);
    }
}

static void rules_are_found_by_word(void **state)
{
    (void)state;
    size_t count;
    const tdm_people_rule *rules = tdm_people_rules(&count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(tdm_people_rule_find(tdm_span_text(rules[i].word)), &rules[i]);
    assert_string_equal(tdm_people_rule_default()->word, "hes");
    assert_null(tdm_people_rule_find(TDM_SPAN_LITERAL("lt")));
    assert_null(tdm_people_rule_find(TDM_SPAN_LITERAL("")));
}

/* What is hidden stands between 0 and the first figure shown; the true count is in the range told. */
static void more_people_are_never_shown_as_fewer(void **state)
{
    (void)state;
    size_t count;
    const tdm_people_rule *rules = tdm_people_rules(&count);
    for (size_t r = 0; r < count; r++) {
        int64_t last = 0;
        for (int64_t people = 0; people < 12000; people++) {
            int64_t low, high;
            tdm_shown shown = tdm_people_show(&rules[r], people);
            tdm_shown_range(&rules[r], &shown, &low, &high);
            assert_true(low <= people && people <= high);
            assert_int_equal(tdm_shown_is_hidden(&shown), people > 0 && people <= rules[r].low);
            int64_t now = tdm_shown_is_hidden(&shown) ? 1 : shown.number;
            assert_true(now >= last && (now == 0) == (people == 0));
            last = now;
        }
    }
}

static const struct {
    const char *rule;
    int64_t part;
    int64_t whole;
    bool in_public;
    const char *text;
} PERCENT_ROWS[] = {
    { "hes", 12, 60, false, "16.7" },    { "hes", 12, 60, true, "17" },
    { "exact", 12, 60, false, "20.0" },  { "exact", 77, 100, false, "77.0" },
    { "hes", 3, 60, false, "*" },        { "hes", 3, 7, true, "*" },
    { "hes", 0, 7, false, "*" },         { "hes", 0, 60, false, "0.0" },
    { "hes", 0, 60, true, "0" },         { "hes", 0, 0, false, "n/a" },
    { "hes", 1000, 3997, true, "25" },   { "hes", 1000, 3998, true, "25.0" },
    { "hes", 1333, 4000, true, "33.4" }, { "lt5", 12, 60, false, "20.0" },
    { "lt5", 4, 60, false, "*" },        { "lt5", 5, 60, true, "8" },
    { "lt10", 9, 60, false, "*" },       { "hes", 60, 60, true, "100" },
    { "exact", -3, 60, false, "n/a" },   { "lt5", 25, 1000, true, "3" },
};

static void percentages_come_from_what_is_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(PERCENT_ROWS); i++) {
        char text[TDM_SHOWN_TEXT];
        const tdm_people_rule *rule = rule_of(PERCENT_ROWS[i].rule);
        tdm_shown part = tdm_people_show(rule, PERCENT_ROWS[i].part);
        tdm_shown whole = tdm_people_show(rule, PERCENT_ROWS[i].whole);
        tdm_percent percent = tdm_people_percent(&part, &whole, PERCENT_ROWS[i].in_public);
        tdm_percent_text(&percent, text);
        assert_string_equal(text, PERCENT_ROWS[i].text);
    }
}

static void statistics_of_few_are_stars(void **state)
{
    (void)state;
    static const char *const HIDING[] = { "hes", "lt5", "lt10" };
    for (size_t r = 0; r < TDM_COUNT(HIDING); r++) {
        const tdm_people_rule *rule = rule_of(HIDING[r]);
        for (int64_t people = 1; people <= 7; people++) {
            assert_int_equal(tdm_people_statistic(rule, people), TDM_SHOWN_STAR);
            assert_int_equal(tdm_people_index(rule, (int64_t[]){ 400, people, 300 }, 3), TDM_SHOWN_STAR);
        }
        assert_int_equal(tdm_people_statistic(rule, 0), TDM_SHOWN_NONE);
        assert_int_equal(tdm_people_statistic(rule, 8), TDM_SHOWN_NUMBER);
        assert_int_equal(tdm_people_index(rule, (int64_t[]){ 8, 0, 300 }, 3), TDM_SHOWN_NUMBER);
        assert_int_equal(tdm_people_index(rule, NULL, 0), TDM_SHOWN_NONE);
    }
    assert_int_equal(tdm_people_statistic(rule_of("exact"), 1), TDM_SHOWN_NUMBER);
    assert_int_equal(tdm_people_index(rule_of("exact"), (int64_t[]){ 1, 2 }, 2), TDM_SHOWN_NUMBER);
}

/* Audiences. */
static const struct {
    const char *word;
    const char *scope;
    bool exact;
    int64_t smallest;
} AUDIENCE_ROWS[] = {
    { "participant", "own-rows", true, 1 },
    { "facilitator", "own-sessions", true, 1 },
    { "team_lead", "own-team", false, 8 },
    { "node_lead", "own-organisation", true, 1 },
    { "locality_manager", "own-locality", false, 8 },
    { "partner_organisation", "links-naming-it", false, 8 },
    { "hub_analyst", "counts-from-all-nodes", true, 1 },
    { "board", "aggregates", false, 8 },
    { "regional_academy", "aggregates", false, 8 },
    { "network", "suppressed-tables-and-levels", false, 8 },
    { "public", "suppressed-tables-and-levels", false, 8 },
};

static void audiences_see_what_they_may(void **state)
{
    (void)state;
    size_t count;
    tdm_audiences(&count);
    assert_int_equal(count, TDM_COUNT(AUDIENCE_ROWS));
    for (size_t i = 0; i < count; i++) {
        const tdm_audience *audience = tdm_audience_find(tdm_span_text(AUDIENCE_ROWS[i].word));
        bool exact = AUDIENCE_ROWS[i].exact;
        assert_non_null(audience);
        assert_string_equal(audience->scope, AUDIENCE_ROWS[i].scope);
        assert_true(tdm_audience_may(audience, TDM_SIGHT_RELEASE));
        assert_int_equal(tdm_audience_may(audience, TDM_SIGHT_EXACT), exact);
        assert_int_equal(tdm_audience_may(audience, TDM_SIGHT_LIVE), exact);
        assert_int_equal(tdm_audience_may(audience, TDM_SIGHT_AS_OF), exact);
        assert_int_equal(tdm_audience_may(audience, TDM_SIGHT_RELEASE | TDM_SIGHT_LIVE), exact);
        assert_true(tdm_audience_may_group(audience, AUDIENCE_ROWS[i].smallest));
        assert_true(tdm_audience_may_group(audience, 0));
        assert_int_equal(tdm_audience_may_group(audience, 7), exact);
        assert_string_equal(tdm_audience_rule(audience, NULL)->word, exact ? "exact" : "hes");
        assert_string_equal(tdm_audience_rule(audience, rule_of("exact"))->word, exact ? "exact" : "hes");
        assert_string_equal(tdm_audience_rule(audience, rule_of("lt10"))->word, "lt10");
    }
    assert_null(tdm_audience_find(TDM_SPAN_LITERAL("everybody")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_shown_by_the_rule),
        cmocka_unit_test(rules_are_found_by_word),
        cmocka_unit_test(more_people_are_never_shown_as_fewer),
        cmocka_unit_test(percentages_come_from_what_is_shown),
        cmocka_unit_test(statistics_of_few_are_stars),
        cmocka_unit_test(audiences_see_what_they_may),
    };
    return cmocka_run_group_tests_name("suppression", tests, NULL, NULL);
}
