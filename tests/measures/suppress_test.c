/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_test.c: what audiences see of counts of people. The rows are worked examples; the attackers below
 * them know only what is printed, try every table that would print the same, and must never be left with one
 * value.
 */
#include "tandem/suppress.h"
#include "support.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SIDE = 9, FIGURES = SIDE * SIDE };

static const tdm_people_rule *rule_of(const char *word)
{
    const tdm_people_rule *rule = tdm_people_rule_find(tdm_span_text(word));
    assert_non_null(rule);
    return rule;
}

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

/* Tables with room for what is shown. */
typedef struct sample {
    tdm_people_table table;
    int64_t counts[FIGURES];
    tdm_shown shown[FIGURES];
    tdm_span row_keys[SIDE];
    tdm_span column_keys[SIDE];
} sample;

static void sample_init(sample *s, size_t rows, size_t columns, bool row_totals, bool column_totals,
                        bool grand)
{
    static const char *const KEYS[SIDE] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };
    memset(s, 0, sizeof *s);
    s->table = (tdm_people_table){ rows,      columns,  row_totals,  column_totals, grand,
                                   s->counts, s->shown, s->row_keys, s->column_keys };
    for (size_t i = 0; i < SIDE; i++) {
        s->row_keys[i] = tdm_span_text(i == rows ? "all" : KEYS[i]);
        s->column_keys[i] = tdm_span_text(i == columns ? "all" : KEYS[i]);
    }
}

static size_t at(const sample *s, size_t row, size_t column)
{
    return row * (s->table.columns + 1) + column;
}

static void add_up(sample *s)
{
    for (size_t row = 0; row < s->table.rows; row++)
        for (size_t column = 0; column < s->table.columns; column++) {
            int64_t count = s->counts[at(s, row, column)];
            s->counts[at(s, row, s->table.columns)] += count;
            s->counts[at(s, s->table.rows, column)] += count;
            s->counts[at(s, s->table.rows, s->table.columns)] += count;
        }
}

static void publish(const char *rule, sample *s)
{
    size_t tally[TDM_HIDDEN_WHYS];
    tdm_people_table_publish(rule_of(rule), &s->table, NULL, 0, tally);
}

static void print(const char *rule, const sample *s, char *out, size_t room)
{
    out[0] = '\0';
    for (size_t row = 0; row <= s->table.rows; row++)
        for (size_t column = 0; column <= s->table.columns; column++) {
            char text[TDM_SHOWN_TEXT];
            size_t used = strlen(out);
            if (s->shown[at(s, row, column)].kind == TDM_SHOWN_NONE)
                continue;
            tdm_shown_text(rule_of(rule), &s->shown[at(s, row, column)], text);
            snprintf(out + used, room - used, "%s%s", used == 0 ? "" : column == 0 ? " / " : " ", text);
        }
}

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

/* Random tables. */
static int64_t random_count(dice *d, int64_t most)
{
    switch (dice_below(d, 4)) {
    case 0:
        return 0;
    case 1:
        return dice_between(d, 1, most < 9 ? most : 9);
    default:
        return dice_between(d, 0, most);
    }
}

static void random_filled(dice *d, sample *s, size_t rows, size_t columns, int64_t most)
{
    bool row_totals = dice_below(d, 8) != 0;
    bool column_totals = rows > 1 && dice_below(d, 8) != 0;
    sample_init(s, rows, columns, row_totals, column_totals,
                row_totals && column_totals && dice_below(d, 8) != 0);
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            s->counts[at(s, row, column)] = random_count(d, most);
    add_up(s);
}

static void random_sample(dice *d, sample *s, size_t most_rows, size_t most_columns, int64_t most)
{
    size_t rows = 1 + dice_below(d, most_rows);
    size_t columns = 1 + dice_below(d, most_columns);
    random_filled(d, s, rows, columns, most);
}

typedef struct line {
    size_t length; /* the last is the total */
    size_t figures[SIDE];
} line;

static line line_of(const sample *s, size_t number)
{
    size_t rows = s->table.rows + 1;
    size_t columns = s->table.columns + 1;
    line out = { number < rows ? columns : rows, { 0 } };
    for (size_t i = 0; i < out.length; i++)
        out.figures[i] = number < rows ? at(s, number, i) : at(s, i, number - rows);
    return out;
}

static size_t lines_of(const sample *s)
{
    return s->table.rows + s->table.columns + 2;
}

static size_t unknown_in(const sample *s, const line *l)
{
    size_t count = 0;
    for (size_t i = 0; i < l->length; i++)
        count += s->shown[l->figures[i]].kind != TDM_SHOWN_NUMBER;
    return count;
}

static bool has_absent(const sample *s, const line *l)
{
    for (size_t i = 0; i < l->length; i++)
        if (s->shown[l->figures[i]].kind == TDM_SHOWN_NONE)
            return true;
    return false;
}

/* Two quarters of a random table under one rule: no two numbers for one cell are closer than few people. */
static void publications_in_turn_never_differ_by_few(void **state)
{
    (void)state;
    static const char *const WORDS[] = { "lt5", "lt10", "hes" };
    dice d = { 12 };
    for (size_t round = 0; round < 3000; round++) {
        sample first, second;
        tdm_published before[FIGURES];
        size_t tally[TDM_HIDDEN_WHYS];
        const tdm_people_rule *rule = rule_of(WORDS[round % 3]);
        sample_init(&first, 3, 3, true, true, true);
        sample_init(&second, 3, 3, true, true, true);
        for (size_t cell = 0; cell < 9; cell++) {
            int64_t count = random_count(&d, 60);
            int64_t times = dice_between(&d, 0, 3);
            first.counts[at(&first, cell / 3, cell % 3)] = count;
            second.counts[at(&second, cell / 3, cell % 3)] = count + times * dice_between(&d, 0, 6);
        }
        add_up(&first);
        add_up(&second);
        publish(WORDS[round % 3], &first);
        for (size_t i = 0; i < 16; i++)
            before[i] = (tdm_published){ .row = first.row_keys[i / 4],
                                         .column = first.column_keys[i % 4],
                                         .rule = rule,
                                         .shown = first.shown[i],
                                         .exact = first.counts[i] };
        tdm_people_table_publish(rule, &second.table, before, 16, tally);
        for (size_t i = 0; i < 16; i++) {
            const tdm_shown *a = &first.shown[i];
            const tdm_shown *b = &second.shown[i];
            if (a->kind == TDM_SHOWN_NUMBER && b->kind == TDM_SHOWN_NUMBER && a->number > 0
                && a->number != b->number)
                assert_true(llabs(second.counts[i] - first.counts[i]) > 7);
        }
        for (size_t number = 0; number < lines_of(&second); number++) {
            line l = line_of(&second, number);
            assert_true(rule->step > 1 || unknown_in(&second, &l) != 1);
        }
    }
}

static void no_hidden_figure_is_left_by_subtraction(void **state)
{
    (void)state;
    static const char *const WORDS[] = { "lt5", "lt10" };
    dice d = { 8 };
    for (size_t round = 0; round < 6000; round++) {
        sample s;
        const char *word = WORDS[round % 2];
        random_sample(&d, &s, SIDE - 1, SIDE - 1, 60);
        publish(word, &s);
        for (size_t number = 0; number < lines_of(&s); number++) {
            line l = line_of(&s, number);
            assert_true(has_absent(&s, &l) || unknown_in(&s, &l) != 1);
        }
    }
}

static void zero_stays_and_what_is_shown_is_right(void **state)
{
    (void)state;
    size_t count;
    const tdm_people_rule *rules = tdm_people_rules(&count);
    dice d = { 9 };
    for (size_t round = 0; round < 6000; round++) {
        sample s;
        const tdm_people_rule *rule = &rules[round % count];
        size_t tally[TDM_HIDDEN_WHYS];
        random_sample(&d, &s, 6, 6, 60);
        for (size_t i = 0; round % 3 == 0 && i < FIGURES; i++)
            s.counts[i] += s.counts[i] > 0 ? (int64_t)dice_below(&d, 3) : 0; /* totals that are not sums */
        tdm_people_table_publish(rule, &s.table, NULL, 0, tally);
        for (size_t i = 0; i < (s.table.rows + 1) * (s.table.columns + 1); i++) {
            tdm_shown alone = tdm_people_show(rule, s.counts[i]);
            if (s.shown[i].kind == TDM_SHOWN_NUMBER)
                assert_memory_equal(&s.shown[i], &alone, sizeof alone);
            else
                assert_true(s.shown[i].kind == TDM_SHOWN_NONE || s.counts[i] != 0);
        }
    }
}

/* What an attacker knows of a figure from its text alone. The sharp one takes a star for what it mostly is:
 * not small (under hes: small); the careful one only for not 0. */
typedef struct belief {
    int64_t low;
    int64_t high;
} belief;

static belief believe(const char *rule, const tdm_shown *shown, bool is_sharp, int64_t most)
{
    char text[TDM_SHOWN_TEXT];
    bool rounds = strcmp(rule, "hes") == 0;
    int64_t small = rounds ? 7 : strcmp(rule, "lt5") == 0 ? 4 : 9;
    tdm_shown_text(rule_of(rule), shown, text);
    if (strcmp(text, "n/a") == 0)
        return (belief){ 0, most };
    if (text[0] == '<')
        return (belief){ 1, small };
    if (text[0] == '*' && rounds && is_sharp && shown->why == TDM_HIDDEN_SMALL)
        return (belief){ 1, small };
    if (text[0] == '*')
        return (belief){ !is_sharp ? 1 : shown->why == TDM_HIDDEN_BLURRED ? 1 : small + 1, most };
    int64_t number = strtoll(text, NULL, 10);
    int64_t off = rounds && number > 0 ? 2 : 0;
    return (belief){ number - off > small || number == 0 ? number - off : small + 1, number + off };
}

/* Every way to fill a line; what values each figure then takes. */
typedef struct attack {
    size_t length;
    belief knows[SIDE];
    int64_t tried[SIDE];
    belief seen[SIDE];
} attack;

static void see(attack *a)
{
    for (size_t i = 0; i < a->length; i++) {
        if (a->tried[i] < a->seen[i].low)
            a->seen[i].low = a->tried[i];
        if (a->tried[i] > a->seen[i].high)
            a->seen[i].high = a->tried[i];
    }
}

static void fill(attack *a, size_t i, int64_t sum)
{
    const belief *b = &a->knows[i];
    if (sum > a->knows[a->length - 1].high)
        return;
    if (i + 1 == a->length) {
        a->tried[i] = sum;
        if (sum >= b->low)
            see(a);
        return;
    }
    for (a->tried[i] = b->low; a->tried[i] <= b->high; a->tried[i]++)
        fill(a, i + 1, sum + a->tried[i]);
}

/* How many hidden figures one line gives away. */
static size_t attack_line(const char *rule, const sample *s, size_t number, bool is_sharp)
{
    enum { CELL = 14, TOTAL = 40 };
    line l = line_of(s, number);
    attack a = { .length = l.length };
    size_t told = 0;
    for (size_t i = 0; i < l.length; i++) {
        bool is_total = l.figures[i] / (s->table.columns + 1) == s->table.rows
                        || l.figures[i] % (s->table.columns + 1) == s->table.columns;
        a.knows[i] = believe(rule, &s->shown[l.figures[i]], is_sharp, is_total ? TOTAL : CELL);
        a.seen[i] = (belief){ INT64_MAX, INT64_MIN };
    }
    a.knows[l.length - 1].high += s->shown[l.figures[l.length - 1]].kind == TDM_SHOWN_NUMBER ? 0 : 100;
    fill(&a, 0, 0);
    for (size_t i = 0; i < l.length; i++)
        told += tdm_shown_is_hidden(&s->shown[l.figures[i]]) && a.seen[i].low == a.seen[i].high;
    return told;
}

static size_t attack_lines(const char *rule, const sample *s, bool is_sharp)
{
    size_t told = 0;
    for (size_t number = 0; number < lines_of(s); number++)
        told += attack_line(rule, s, number, is_sharp);
    return told;
}

enum { ATTACKED = 4000 };

static void no_line_gives_a_hidden_figure_away(void **state)
{
    (void)state;
    static const char *const WORDS[] = { "lt5", "lt10", "hes" };
    for (size_t w = 0; w < TDM_COUNT(WORDS); w++) {
        dice d = { 10 };
        size_t told_without = 0;
        for (size_t round = 0; round < ATTACKED; round++) {
            sample s;
            random_sample(&d, &s, 3, 3, 12);
            tdm_people_table_show(rule_of(WORDS[w]), &s.table);
            told_without += attack_lines(WORDS[w], &s, true);
            tdm_people_table_guard(rule_of(WORDS[w]), &s.table);
            assert_int_equal(attack_lines(WORDS[w], &s, true), 0);
            assert_int_equal(attack_lines(WORDS[w], &s, false), 0);
        }
        assert_true(told_without > (strcmp(WORDS[w], "hes") == 0 ? 0 : ATTACKED / 10)); /* the control */
    }
}

/* All lines at once: every 2 x 2 table that would print the same. */
static void try_all(const char *rule, const sample *s, belief seen[9])
{
    enum { MOST = 18 };
    belief b[9];
    for (size_t i = 0; i < 9; i++) {
        b[i] = believe(rule, &s->shown[i], true, i == 8 ? 4 * MOST : i % 3 == 2 || i > 5 ? 2 * MOST : MOST);
        seen[i] = (belief){ INT64_MAX, INT64_MIN };
    }
    for (int64_t p = b[0].low; p <= b[0].high; p++)
        for (int64_t q = b[1].low; q <= b[1].high; q++)
            for (int64_t r = b[3].low; r <= b[3].high; r++)
                for (int64_t t = b[4].low; t <= b[4].high; t++) {
                    int64_t v[9] = { p, q, p + q, r, t, r + t, p + r, q + t, p + q + r + t };
                    bool fits = true;
                    for (size_t i = 0; i < 9 && fits; i++)
                        fits = v[i] >= b[i].low && v[i] <= b[i].high;
                    for (size_t i = 0; i < 9 && fits; i++)
                        seen[i] = (belief){ v[i] < seen[i].low ? v[i] : seen[i].low,
                                            v[i] > seen[i].high ? v[i] : seen[i].high };
                }
}

static size_t told_by_all(const char *rule, const sample *s)
{
    belief seen[9];
    size_t told = 0;
    try_all(rule, s, seen);
    for (size_t i = 0; i < 9; i++)
        told += tdm_shown_is_hidden(&s->shown[i]) && seen[i].low == seen[i].high;
    return told;
}

static void all_lines_together_give_nothing_away(void **state)
{
    (void)state;
    static const char *const WORDS[] = { "lt5", "lt10", "hes" };
    for (size_t w = 0; w < TDM_COUNT(WORDS); w++) {
        dice d = { 11 };
        size_t told_without = 0;
        for (size_t round = 0; round < 2000; round++) {
            sample s;
            random_filled(&d, &s, 2, 2, 12);
            tdm_people_table_show(rule_of(WORDS[w]), &s.table);
            told_without += told_by_all(WORDS[w], &s);
            tdm_people_table_guard(rule_of(WORDS[w]), &s.table);
            assert_int_equal(told_by_all(WORDS[w], &s), 0);
        }
        assert_true(told_without > 0);
    }
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
    struct CMUnitTest tables[TDM_COUNT(TABLE_ROWS)];
    struct CMUnitTest differences[TDM_COUNT(DIFFERENCE_ROWS)];
    struct CMUnitTest earlier[TDM_COUNT(EARLIER_ROWS)];
    const struct CMUnitTest others[] = {
        cmocka_unit_test(figures_are_shown_by_the_rule),
        cmocka_unit_test(rules_are_found_by_word),
        cmocka_unit_test(more_people_are_never_shown_as_fewer),
        cmocka_unit_test(percentages_come_from_what_is_shown),
        cmocka_unit_test(statistics_of_few_are_stars),
        cmocka_unit_test(all_at_their_largest_take_the_total),
        cmocka_unit_test(a_bridge_between_blocks_is_not_told),
        cmocka_unit_test(publications_in_turn_never_differ_by_few),
        cmocka_unit_test(no_hidden_figure_is_left_by_subtraction),
        cmocka_unit_test(zero_stays_and_what_is_shown_is_right),
        cmocka_unit_test(no_line_gives_a_hidden_figure_away),
        cmocka_unit_test(all_lines_together_give_nothing_away),
        cmocka_unit_test(audiences_see_what_they_may),
    };
    for (size_t i = 0; i < TDM_COUNT(tables); i++)
        tables[i] = (struct CMUnitTest){ TABLE_ROWS[i].name, check_table, NULL, NULL, (void *)(uintptr_t)i };
    for (size_t i = 0; i < TDM_COUNT(differences); i++)
        differences[i] = (struct CMUnitTest){ DIFFERENCE_ROWS[i].name, check_difference, NULL, NULL,
                                              (void *)(uintptr_t)i };
    for (size_t i = 0; i < TDM_COUNT(earlier); i++)
        earlier[i] =
            (struct CMUnitTest){ EARLIER_ROWS[i].name, check_earlier, NULL, NULL, (void *)(uintptr_t)i };
    int failed = cmocka_run_group_tests_name("tables", tables, NULL, NULL);
    failed += cmocka_run_group_tests_name("differences", differences, NULL, NULL);
    struct CMUnitTest sums[TDM_COUNT(SUM_ROWS)];
    for (size_t i = 0; i < TDM_COUNT(sums); i++)
        sums[i] = (struct CMUnitTest){ SUM_ROWS[i].name, check_sum, NULL, NULL, (void *)(uintptr_t)i };
    failed += cmocka_run_group_tests_name("sums of earlier publications", sums, NULL, NULL);
    failed += cmocka_run_group_tests_name("earlier publications", earlier, NULL, NULL);
    return failed + cmocka_run_group_tests_name("suppression", others, NULL, NULL);
}
