/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_law_test.c: what holds of the figures of any counts: a second way to the same number, and what must
 * not change it. The figures of given counts are in formula_test.c.
 */
#include "formula.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_ITEMS = 64 };
#define BIG INT64_MAX

static void assert_near(tdm_real a, double b)
{
    assert_true(a.defined && fabs(a.value - b) <= 1e-9 * fmax(1, fabs(b)));
}

static void assert_same(tdm_real a, tdm_real b)
{
    assert_int_equal(a.defined, b.defined);
    if (a.defined)
        assert_near(a, b.value);
}

/* num / den as a double rounds as the fraction does. */
static void fractions_round_as_they_are(void **state)
{
    (void)state;
    dice d = { 11 };
    for (size_t round = 0; round < 200000; round++) {
        int digits = (int)dice_below(&d, 5);
        int64_t den = 2 * dice_between(&d, 1, 4000);
        int64_t num = dice_between(&d, -100000, 100000);
        __int128 over = 2 * (__int128)num;
        for (int i = 0; i < digits; i++)
            over *= 10;
        over += den;
        int64_t exact = (int64_t)(over / (2 * den) - (over % (2 * den) < 0));
        assert_true(tdm_real_scaled((double)num / (double)den, digits) == exact);
    }
}

static size_t random_groups(dice *d, tdm_reach *groups)
{
    size_t count = 1 + (size_t)dice_below(d, MOST_ITEMS / 2);
    for (size_t i = 0; i < count; i++) {
        groups[i].population = dice_between(d, 0, 40);
        groups[i].reached = groups[i].population == 0 ? 0 : dice_between(d, 0, groups[i].population);
    }
    groups[0] = (tdm_reach){ 40, 7 };
    return count;
}

static void shuffle(dice *d, void *items, size_t count, size_t size)
{
    unsigned char *bytes = items;
    unsigned char kept[64];
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)dice_below(d, i);
        memcpy(kept, bytes + (i - 1) * size, size);
        memmove(bytes + (i - 1) * size, bytes + j * size, size);
        memcpy(bytes + j * size, kept, size);
    }
}

/* Half the mean difference of rates between two people drawn at random, over the mean rate. */
static double naive_gini(const tdm_reach *groups, size_t count)
{
    double sum = 0;
    double population = 0;
    double reached = 0;
    for (size_t i = 0; i < count; i++) {
        population += (double)groups[i].population;
        reached += (double)groups[i].reached;
        for (size_t j = 0; j < count; j++)
            sum += fabs((double)groups[i].reached * (double)groups[j].population
                        - (double)groups[j].reached * (double)groups[i].population);
    }
    return sum / (2 * population * reached);
}

static void gini_is_of_rates_whatever_their_order(void **state)
{
    (void)state;
    dice d = { 12 };
    tdm_reach groups[MOST_ITEMS];
    size_t order[MOST_ITEMS];
    for (size_t round = 0; round < 2000; round++) {
        size_t count = random_groups(&d, groups);
        tdm_real before = tdm_gini(groups, count, order);
        assert_near(before, naive_gini(groups, count));
        shuffle(&d, groups, count, sizeof *groups);
        assert_same(tdm_gini(groups, count, order), before);
        tdm_reach first = groups[0]; /* in two parts of one rate */
        groups[count] = first;
        tdm_real parted = tdm_gini(groups, count + 1, order);
        groups[0] = (tdm_reach){ 2 * first.population, 2 * first.reached };
        assert_same(tdm_gini(groups, count, order), parted);
    }
}

static void equal_rates_keep_their_order(void **state)
{
    (void)state;
    const tdm_reach groups[] = { { 6, 3 }, { 0, 0 }, { 3, 1 }, { 2, 1 }, { 9, 3 }, { 4, 2 } };
    const size_t wanted[] = { 2, 4, 0, 3, 5 };
    size_t order[TDM_COUNT(groups)];
    assert_true(tdm_gini(groups, TDM_COUNT(groups), order).defined);
    assert_memory_equal(order, wanted, sizeof wanted);
}

/* Rates that differ by less than a double tells are still in order. */
static void rates_are_compared_exactly(void **state)
{
    (void)state;
    const tdm_reach groups[] = { { BIG / 4, BIG / 8 }, { BIG / 4, BIG / 8 - 1 } };
    size_t order[2];
    assert_true(tdm_gini(groups, 2, order).defined);
    assert_int_equal(order[0], 1);
}

static void theil_is_between_and_within(void **state)
{
    (void)state;
    dice d = { 13 };
    tdm_reach groups[MOST_ITEMS];
    int64_t labels[MOST_ITEMS];
    for (size_t round = 0; round < 2000; round++) {
        size_t count = random_groups(&d, groups);
        for (size_t i = 0; i < count; i++)
            labels[i] = dice_between(&d, -2, 3);
        tdm_theil parts = tdm_theil_of(groups, labels, count);
        assert_near(parts.total, parts.between.value + parts.within.value);
        assert_true(parts.between.value > -1e-12 && parts.within.value > -1e-12);
        assert_same(tdm_theil_of(groups, NULL, count).total, parts.total);
        assert_false(tdm_theil_of(groups, NULL, count).within.defined);
        for (size_t i = 0; i < count; i++)
            labels[i] = (int64_t)i;
        assert_near(tdm_theil_of(groups, labels, count).within, 0);
    }
}

/* The textbook's normal equations, in people instead of shares. */
static void slope_is_that_of_the_normal_equations(void **state)
{
    (void)state;
    dice d = { 14 };
    tdm_reach groups[MOST_ITEMS];
    for (size_t round = 0; round < 2000; round++) {
        size_t count = random_groups(&d, groups);
        double n = 0;
        double x = 0;
        double y = 0;
        double xx = 0;
        double xy = 0;
        for (size_t i = 0; i < count; i++) {
            double people = (double)groups[i].population;
            double rank = n + people / 2;
            x += people * rank;
            y += (double)groups[i].reached;
            xx += people * rank * rank;
            xy += rank * (double)groups[i].reached;
            n += people;
        }
        tdm_slope fitted = tdm_slope_of(groups, count);
        assert_near(fitted.mean, y / n);
        if (!fitted.sii.defined)
            continue;
        double slope_of_people = (n * xy - x * y) / (n * xx - x * x);
        assert_near(fitted.sii, slope_of_people * n);
        assert_near(fitted.intercept, (y - slope_of_people * x) / n);
        assert_int_equal(fitted.rii.defined, fitted.intercept.value > 1e-12);
    }
}

enum { NODES = 24 };

/* Ties of random nodes, and the same from the other end in another order. */
static size_t random_ties(dice *d, tdm_tie *ties, tdm_tie *again)
{
    size_t count = (size_t)dice_below(d, MOST_ITEMS / 2);
    for (size_t i = 0; i < count; i++) {
        size_t a = (size_t)dice_below(d, NODES);
        size_t b = (size_t)dice_below(d, NODES);
        ties[i] = (tdm_tie){ a, b, dice_between(d, 0, 3) };
        again[i] = (tdm_tie){ b, a, ties[i].weight };
    }
    shuffle(d, again, count, sizeof *again);
    return count;
}

/* The smallest node that can be reached from each, by asking every tie until nothing changes. */
static void reach_by_asking(const tdm_tie *ties, size_t count, size_t *smallest)
{
    for (size_t i = 0; i < NODES; i++)
        smallest[i] = i;
    for (size_t round = 0; round < NODES; round++)
        for (size_t i = 0; i < count; i++) {
            size_t *a = &smallest[ties[i].a];
            size_t *b = &smallest[ties[i].b];
            if (ties[i].weight > 0)
                *a = *b = *a < *b ? *a : *b;
        }
}

static void network_does_not_depend_on_order(void **state)
{
    (void)state;
    dice d = { 15 };
    for (size_t round = 0; round < 2000; round++) {
        tdm_tie ties[MOST_ITEMS];
        tdm_tie again[MOST_ITEMS];
        tdm_network_node each[NODES];
        tdm_network_node each_again[NODES];
        size_t smallest[NODES];
        int64_t ends = 0;
        size_t count = random_ties(&d, ties, again);
        reach_by_asking(ties, count, smallest);
        tdm_network first = tdm_network_of(NODES, ties, count, each);
        tdm_network second = tdm_network_of(NODES, again, count, each_again);
        assert_int_equal(first.ties, second.ties);
        assert_int_equal(first.components, second.components);
        assert_same(first.density, second.density);
        assert_same(first.centralisation, second.centralisation);
        for (size_t i = 0; i < NODES; i++) {
            assert_int_equal(each[i].degree, each_again[i].degree);
            assert_int_equal(each[i].weighted, each_again[i].weighted);
            assert_int_equal(each[i].component, smallest[i]);
            assert_int_equal(each_again[i].component, smallest[i]);
            ends += each[i].degree;
        }
        assert_int_equal(ends, 2 * first.ties);
    }
}

static void weights_end_at_64_bits(void **state)
{
    (void)state;
    tdm_tie ties[] = { { 0, 1, BIG }, { 1, 0, 5 }, { 1, 2, BIG }, { 2, 1, -7 } };
    tdm_network_node each[3];
    assert_int_equal(tdm_network_of(3, ties, TDM_COUNT(ties), each).ties, 2);
    assert_true(ties[0].weight == BIG && each[1].weighted == BIG);
    assert_int_equal(tdm_network_of(0, NULL, 0, NULL).nodes, 0);
    assert_int_equal(tdm_reciprocity_of(NULL, 0).pairs, 0);
}

static void concentration_and_blau_are_two_sides(void **state)
{
    (void)state;
    dice d = { 16 };
    int64_t amounts[MOST_ITEMS];
    for (size_t round = 0; round < 2000; round++) {
        size_t count = 1 + (size_t)dice_below(&d, MOST_ITEMS - 1);
        for (size_t i = 0; i < count; i++)
            amounts[i] = dice_between(&d, 0, 9) * (INT64_C(1) << dice_below(&d, 50));
        amounts[0]++;
        tdm_concentration found = tdm_concentration_of(amounts, count);
        tdm_blau blau_found = tdm_blau_of(amounts, count);
        assert_near(blau_found.index, 1 - found.hhi.value);
        assert_near(found.effective, 1 / found.hhi.value);
        assert_true(found.effective.value < (double)found.parties + 1e-9);
        if (found.parties > 1)
            assert_near(found.normalised, 1 - blau_found.normalised.value);
        shuffle(&d, amounts, count, sizeof *amounts);
        assert_same(tdm_concentration_of(amounts, count).shannon, found.shannon);
    }
}

static void median_is_that_of_the_list(void **state)
{
    (void)state;
    dice d = { 17 };
    for (size_t round = 0; round < 2000; round++) {
        tdm_bin bins[8];
        int64_t list[8 * 4];
        size_t length = 0;
        int64_t found;
        for (size_t i = 0; i < TDM_COUNT(bins); i++) {
            bins[i] = (tdm_bin){ (int64_t)i * 3 - 10, dice_between(&d, 0, 4) };
            for (int64_t j = 0; j < bins[i].count; j++)
                list[length++] = bins[i].value;
        }
        assert_int_equal(tdm_median(bins, TDM_COUNT(bins), &found), length > 0);
        if (length > 0)
            assert_int_equal(found, list[(length - 1) / 2]);
    }
}

/* A line through two points is the line, so what it says is known exactly. */
static void forecast_of_two_points_is_their_line(void **state)
{
    (void)state;
    dice d = { 18 };
    for (size_t round = 0; round < 20000; round++) {
        tdm_forecast_point points[2] = { { dice_between(&d, -99, 0), dice_between(&d, 0, 1000) },
                                         { dice_between(&d, 1, 99), dice_between(&d, 0, 1000) } };
        int64_t at = dice_between(&d, -200, 200);
        int64_t run = points[1].period - points[0].period;
        int64_t over =
            2 * (points[0].level * run + (points[1].level - points[0].level) * (at - points[0].period)) + run;
        int64_t level = over / (2 * run) - (over % (2 * run) < 0);
        tdm_share found = tdm_forecast_at(points, 2, at);
        assert_true(found.defined);
        assert_int_equal(found.tenths, level < 0 ? 0 : level > 1000 ? 1000 : level);
    }
}

static void paired_change_is_that_of_the_list(void **state)
{
    (void)state;
    dice d = { 19 };
    for (size_t round = 0; round < 2000; round++) {
        double list[MOST_ITEMS];
        size_t n = 2 + (size_t)dice_below(&d, MOST_ITEMS - 2);
        tdm_paired_sums added = { .n = (int64_t)n, .unit = 100 };
        double mean = 0;
        double squares = 0;
        for (size_t i = 0; i < n; i++) {
            int64_t difference = dice_between(&d, -1000, 1000);
            added.sum += difference;
            added.sum_squares += difference * difference;
            list[i] = (double)difference / 100;
            mean += list[i] / (double)n;
        }
        for (size_t i = 0; i < n; i++)
            squares += (list[i] - mean) * (list[i] - mean);
        tdm_paired_change found = tdm_paired_change_of(&added);
        assert_near(found.mean, mean);
        assert_near(found.sd, sqrt(squares / (double)(n - 1)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fractions_round_as_they_are),
        cmocka_unit_test(gini_is_of_rates_whatever_their_order),
        cmocka_unit_test(equal_rates_keep_their_order),
        cmocka_unit_test(rates_are_compared_exactly),
        cmocka_unit_test(theil_is_between_and_within),
        cmocka_unit_test(slope_is_that_of_the_normal_equations),
        cmocka_unit_test(network_does_not_depend_on_order),
        cmocka_unit_test(weights_end_at_64_bits),
        cmocka_unit_test(concentration_and_blau_are_two_sides),
        cmocka_unit_test(median_is_that_of_the_list),
        cmocka_unit_test(forecast_of_two_points_is_their_line),
        cmocka_unit_test(paired_change_is_that_of_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
