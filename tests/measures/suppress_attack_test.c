/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_attack_test.c: random tables of counts of people, and attackers who know only what is printed, try
 * every table that would print the same, and must never be left with one value.
 */
#include "suppress_sample.h"
#include "support.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publications_in_turn_never_differ_by_few),
        cmocka_unit_test(no_hidden_figure_is_left_by_subtraction),
        cmocka_unit_test(zero_stays_and_what_is_shown_is_right),
        cmocka_unit_test(no_line_gives_a_hidden_figure_away),
        cmocka_unit_test(all_lines_together_give_nothing_away),
    };
    return cmocka_run_group_tests_name("attacks on suppression", tests, NULL, NULL);
}
