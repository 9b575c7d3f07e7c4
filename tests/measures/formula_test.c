/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_test.c: what each figure is of given counts, to the digits at which it is shown.
 */
#include "formula.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_INPUTS = 24 };
#define MANY INT64_C(1000000000000000) /* 1e15 */
#define BIG INT64_MAX

/* ---- figures as rows: counts in, text out ---- */

typedef struct inputs {
    size_t count;
    int64_t at[MOST_INPUTS];
} inputs;
#define IN(...)                                                                                              \
    {                                                                                                        \
        sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t),                                                \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

static tdm_real whole(int64_t number)
{
    return tdm_real_of((double)number);
}

static tdm_real percent(tdm_share share)
{
    return share.defined ? tdm_real_of((double)share.tenths / 10) : (tdm_real){ 0 };
}

/* population, reached, population, reached... */
static size_t groups_in(const inputs *in, tdm_reach *groups)
{
    for (size_t i = 0; i < in->count / 2; i++)
        groups[i] = (tdm_reach){ in->at[2 * i], in->at[2 * i + 1] };
    return in->count / 2;
}

static tdm_slope slope(const inputs *in)
{
    tdm_reach groups[MOST_INPUTS];
    return tdm_slope_of(groups, groups_in(in, groups));
}

static tdm_real gini(const inputs *in)
{
    tdm_reach groups[MOST_INPUTS];
    size_t order[MOST_INPUTS];
    return tdm_gini(groups, groups_in(in, groups), order);
}

/* label, population, reached, label... */
static tdm_theil theil(const inputs *in)
{
    tdm_reach groups[MOST_INPUTS];
    int64_t labels[MOST_INPUTS];
    for (size_t i = 0; i < in->count / 3; i++) {
        labels[i] = in->at[3 * i];
        groups[i] = (tdm_reach){ in->at[3 * i + 1], in->at[3 * i + 2] };
    }
    return tdm_theil_of(groups, labels, in->count / 3);
}

static size_t ties_in(const int64_t *pairs, size_t count, tdm_tie *ties)
{
    for (size_t i = 0; i < count / 2; i++)
        ties[i] = (tdm_tie){ (size_t)pairs[2 * i], (size_t)pairs[2 * i + 1], 1 };
    return count / 2;
}

/* nodes, then pairs of nodes */
static tdm_network network(const inputs *in, tdm_network_node *each)
{
    tdm_tie ties[MOST_INPUTS];
    size_t count = ties_in(in->at + 1, in->count - 1, ties);
    return tdm_network_of((size_t)in->at[0], ties, count, each);
}

/* a node to ask about, then as for the network */
static tdm_network_node node(const inputs *in)
{
    tdm_network_node each[MOST_INPUTS];
    inputs rest = { in->count - 1, { 0 } };
    memcpy(rest.at, in->at + 1, rest.count * sizeof *rest.at);
    network(&rest, each);
    return each[in->at[0]];
}

static tdm_network shape(const inputs *in)
{
    tdm_network_node each[MOST_INPUTS];
    return network(in, each);
}

static tdm_reciprocity reciprocity(const inputs *in)
{
    tdm_tie flows[MOST_INPUTS];
    return tdm_reciprocity_of(flows, ties_in(in->at, in->count, flows));
}

static tdm_real interval_end(tdm_interval interval, bool high)
{
    return percent((tdm_share){ interval.defined, high ? interval.high : interval.low });
}

/* the stage asked for, or 0 for the yield; then people */
static tdm_real funnel(const inputs *in)
{
    tdm_share conversions[MOST_INPUTS] = { { 0 } };
    tdm_share yield = tdm_funnel(in->at + 1, in->count - 1, conversions);
    return percent(in->at[0] == 0 ? yield : conversions[in->at[0] - 1]);
}

/* value, count, value, count... */
static tdm_real median(const inputs *in)
{
    tdm_bin bins[MOST_INPUTS];
    int64_t found;
    for (size_t i = 0; i < in->count / 2; i++)
        bins[i] = (tdm_bin){ in->at[2 * i], in->at[2 * i + 1] };
    return tdm_median(bins, in->count / 2, &found) ? whole(found) : (tdm_real){ 0 };
}

/* period, level, period, level... */
static size_t points_in(const int64_t *at, size_t count, tdm_forecast_point *points)
{
    for (size_t i = 0; i < count / 2; i++)
        points[i] = (tdm_forecast_point){ at[2 * i], at[2 * i + 1] };
    return count / 2;
}

static tdm_real next(const inputs *in)
{
    tdm_forecast_point points[MOST_INPUTS];
    return percent(tdm_forecast_next(points, points_in(in->at, in->count, points)));
}

/* the period asked for, then points */
static tdm_real level_at(const inputs *in)
{
    tdm_forecast_point points[MOST_INPUTS];
    size_t count = points_in(in->at + 1, in->count - 1, points);
    return percent(tdm_forecast_at(points, count, in->at[0]));
}

/* the unit, then differences */
static tdm_paired_change differences(const inputs *in)
{
    tdm_paired_sums sums = { .n = (int64_t)in->count - 1, .unit = in->at[0] };
    for (size_t i = 1; i < in->count; i++) {
        sums.sum += in->at[i];
        sums.sum_squares += in->at[i] * in->at[i];
        sums.improved += in->at[i] > 0;
    }
    return tdm_paired_change_of(&sums);
}

/* n, sum, sum of squares, improved, unit */
static tdm_paired_change sums(const inputs *in)
{
    const int64_t *x = in->at;
    return tdm_paired_change_of(&(tdm_paired_sums){ x[0], x[1], x[2], x[3], x[4] });
}

/* answers, in a team, real, incomplete */
static tdm_team_shares team(const inputs *in)
{
    const int64_t *x = in->at;
    return tdm_team_shares_of(&(tdm_team_counts){ x[0], x[1], x[2], x[3] });
}

static tdm_rates rates(const inputs *in)
{
    return tdm_rates_compare(in->at[0], in->at[1], in->at[2], in->at[3]);
}

static tdm_likelihood likelihood(const inputs *in)
{
    return tdm_relative_likelihood(in->at[0], in->at[1], in->at[2], in->at[3]);
}

static tdm_concentration parties(const inputs *in)
{
    return tdm_concentration_of(in->at, in->count);
}

static tdm_blau cohort(const inputs *in)
{
    return tdm_blau_of(in->at, in->count);
}

#define QUESTION(name, figure)                                                                               \
    static tdm_real name(const inputs *in)                                                                   \
    {                                                                                                        \
        return figure;                                                                                       \
    }

/* clang-format off */
QUESTION(share, percent(tdm_share_of(in->at[0], in->at[1])))
QUESTION(ratio, tdm_ratio(in->at[0], in->at[1]))
QUESTION(per_100, tdm_per_100(in->at[0], in->at[1]))
QUESTION(wilson_low, interval_end(tdm_wilson(in->at[0], in->at[1]), false))
QUESTION(wilson_high, interval_end(tdm_wilson(in->at[0], in->at[1]), true))
QUESTION(forecast_next, next(in))
QUESTION(forecast_at, level_at(in))
QUESTION(ei_index, tdm_ei_index(in->at[0], in->at[1]))
QUESTION(density, shape(in).density)
QUESTION(centralisation, shape(in).centralisation)
QUESTION(ties, whole(shape(in).ties))
QUESTION(isolates, whole(shape(in).isolates))
QUESTION(components, whole(shape(in).components))
QUESTION(highest_degree, whole(shape(in).highest_degree))
QUESTION(degree, whole(node(in).degree))
QUESTION(weighted, whole(node(in).weighted))
QUESTION(component, whole((int64_t)node(in).component))
QUESTION(balance, tdm_exchange_balance(in->at[0], in->at[1]))
QUESTION(mutual, reciprocity(in).ratio)
QUESTION(hhi, parties(in).hhi)
QUESTION(effective, parties(in).effective)
QUESTION(normalised, parties(in).normalised)
QUESTION(shannon, parties(in).shannon)
QUESTION(evenness, parties(in).evenness)
QUESTION(blau, cohort(in).index)
QUESTION(blau_normalised, cohort(in).normalised)
QUESTION(categories, whole(cohort(in).categories))
QUESTION(cross_2, percent(tdm_mixing_cross(in->at, 2)))
QUESTION(cross_3, percent(tdm_mixing_cross(in->at, 3)))
QUESTION(rate_first, rates(in).first)
QUESTION(rate_second, rates(in).second)
QUESTION(rate_ratio, rates(in).ratio)
QUESTION(rate_difference, rates(in).difference)
QUESTION(rate_low, rates(in).low)
QUESTION(rate_high, rates(in).high)
QUESTION(sii, slope(in).sii)
QUESTION(intercept, slope(in).intercept)
QUESTION(rii, slope(in).rii)
QUESTION(relative, slope(in).relative)
QUESTION(mean_rate, slope(in).mean)
QUESTION(theil_total, theil(in).total)
QUESTION(theil_between, theil(in).between)
QUESTION(theil_within, theil(in).within)
QUESTION(gini_of, gini(in))
QUESTION(likely, likelihood(in).ratio)
QUESTION(band, whole(likelihood(in).band))
QUESTION(represented, tdm_mirror(in->at[0], in->at[1], in->at[2], in->at[3]))
QUESTION(median_of, median(in))
QUESTION(funnel_of, funnel(in))
QUESTION(change_mean, differences(in).mean)
QUESTION(change_sd, differences(in).sd)
QUESTION(change_standardised, differences(in).standardised)
QUESTION(change_improved, percent(differences(in).improved))
QUESTION(sums_mean, sums(in).mean)
QUESTION(sums_sd, sums(in).sd)
QUESTION(sums_improved, percent(sums(in).improved))
QUESTION(team_in, percent(team(in).in_team))
QUESTION(team_real, percent(team(in).real))
QUESTION(team_pseudo, percent(team(in).pseudo))
QUESTION(team_none, percent(team(in).none))
QUESTION(team_incomplete, percent(team(in).incomplete))
QUESTION(team_real_in, percent(team(in).real_in_team))
/* clang-format on */

/* A to E are 0 to 4: P1 joins A, B, C; P2 A, B; P3 C, D; E is alone. */
#define FIVE 5, 0, 1, 0, 2, 1, 2, 0, 1, 2, 3
#define DEPRIVED 100, 4, 200, 10, 300, 21, 200, 16, 200, 20
#define DEPRIVED_LABELLED 1, 100, 4, 1, 200, 10, 2, 300, 21, 2, 200, 16, 2, 200, 20

static const struct figure_row {
    const char *name;
    tdm_real (*ask)(const inputs *in);
    inputs in;
    int digits;
    const char *text;
} FIGURES[] = {
    { "a share: 5 of 11", share, IN(5, 11), 1, "45.5" },
    { "C8 returns received of expected", share, IN(7, 8), 1, "87.5" },
    { "L1 Faculty active", share, IN(12, 18), 1, "66.7" },
    { "L2 four of five one-to-ones", share, IN(4, 5), 1, "80.0" },
    { "L5 six of eight cycles", share, IN(6, 8), 1, "75.0" },
    { "a share of nothing", share, IN(0, 0), 1, "n/a" },
    { "R7 places for applicants", ratio, IN(180, 300), 2, "0.60" },
    { "L1 people reached for each of the Faculty", ratio, IN(540, 18), 1, "30.0" },
    { "a ratio to nothing", ratio, IN(3, 0), 2, "n/a" },

    { "C10 45 of 60, from", wilson_low, IN(45, 60), 1, "62.8" },
    { "C10 45 of 60, to", wilson_high, IN(45, 60), 1, "84.2" },
    { "none of 10 begins at 0", wilson_low, IN(0, 10), 1, "0.0" },
    { "none of 10 may still be a quarter", wilson_high, IN(0, 10), 1, "27.8" },
    { "all of 10 ends at 100", wilson_high, IN(10, 10), 1, "100.0" },
    { "all of 10 mirrors none of 10", wilson_low, IN(10, 10), 1, "72.2" },
    { "a sample of nobody has no interval", wilson_low, IN(0, 0), 1, "n/a" },
    { "more than all has no interval", wilson_low, IN(4, 3), 1, "n/a" },
    { "half of a huge sample is narrow", wilson_high, IN(MANY / 2, MANY), 1, "50.0" },
    { "half of the largest sample is narrow", wilson_low, IN(BIG / 2, BIG), 1, "50.0" },

    { "20 points a year go on", forecast_next, IN(2016, 600, 2017, 800), 1, "100.0" },
    { "a forecast ends at 100", forecast_next, IN(2016, 600, 2017, 900), 1, "100.0" },
    { "a forecast ends at 0", forecast_next, IN(0, 300, 1, 100), 1, "0.0" },
    { "the line passes between the points", forecast_next, IN(0, 100, 1, 200, 2, 200), 1, "26.7" },
    { "order of points does not matter", forecast_next, IN(2, 200, 0, 100, 1, 200), 1, "26.7" },
    { "a gap of periods counts as such", forecast_next, IN(0, 100, 4, 200), 1, "22.5" },
    { "an exact half of a tenth goes up", forecast_at, IN(1, 0, 100, 2, 101), 1, "10.1" },
    { "less than half a tenth goes down", forecast_at, IN(1, 0, 100, 3, 101), 1, "10.0" },
    { "far numbers of periods", forecast_next, IN(24000, 100, 24001, 110), 1, "12.0" },
    { "one point has no line", forecast_next, IN(2016, 600), 1, "n/a" },
    { "no point has no line", forecast_at, { 1, { 2 } }, 1, "n/a" },
    { "one period twice has no line", forecast_next, IN(7, 100, 7, 200), 1, "n/a" },
    { "periods too far apart", forecast_next, IN(0, 100, MANY, 200), 1, "n/a" },
    { "no period after the last number", forecast_next, IN(BIG, 100, BIG - 1, 200), 1, "n/a" },
    { "a level too large", forecast_next, IN(0, 100, 1, MANY), 1, "n/a" },
    { "the largest level", forecast_next, IN(0, 1 << 20, 1, 1 << 20), 1, "100.0" },
    { "a level beyond it", forecast_next, IN(0, (1 << 20) + 1, 1, 0), 1, "n/a" },
    { "the lowest level", forecast_next, IN(0, -(1 << 20), 1, -(1 << 20)), 1, "0.0" },
    { "a level below it", forecast_next, IN(0, -(1 << 20) - 1, 1, 0), 1, "n/a" },
    { "the farthest points", forecast_at, IN(0, 0, 5, 1 << 24, 5), 1, "0.5" },

    { "C9 28 external of 50", ei_index, IN(28, 50), 2, "0.12" },
    { "all internal", ei_index, IN(0, 50), 2, "-1.00" },
    { "all external", ei_index, IN(50, 50), 2, "1.00" },
    { "no hours at all", ei_index, IN(0, 0), 2, "n/a" },
    { "more external than all", ei_index, IN(3, 2), 2, "n/a" },
    { "less than none external", ei_index, IN(-1, 2), 2, "n/a" },

    { "N1 density", density, IN(FIVE), 4, "0.4000" },
    { "N1 pairs met twice are one tie", ties, IN(FIVE), 0, "4" },
    { "N2 degree of A", degree, IN(0, FIVE), 0, "2" },
    { "N2 degree of B", degree, IN(1, FIVE), 0, "2" },
    { "N2 degree of C", degree, IN(2, FIVE), 0, "3" },
    { "N2 degree of D", degree, IN(3, FIVE), 0, "1" },
    { "N2 degree of E", degree, IN(4, FIVE), 0, "0" },
    { "N2 weighted degree of A", weighted, IN(0, FIVE), 0, "3" },
    { "N2 weighted degree of B", weighted, IN(1, FIVE), 0, "3" },
    { "N2 weighted degree of C", weighted, IN(2, FIVE), 0, "3" },
    { "N2 weighted degree of D", weighted, IN(3, FIVE), 0, "1" },
    { "N2 weighted degree of E", weighted, IN(4, FIVE), 0, "0" },
    { "N3 isolates", isolates, IN(FIVE), 0, "1" },
    { "N3 components", components, IN(FIVE), 0, "2" },
    { "N3 a component is named by its smallest node", component, IN(3, FIVE), 0, "0" },
    { "N4 highest degree", highest_degree, IN(FIVE), 0, "3" },
    { "N4 centralisation", centralisation, IN(FIVE), 4, "0.5833" },
    { "a star is wholly centralised", centralisation, IN(4, 2, 0, 2, 1, 2, 3), 4, "1.0000" },
    { "a ring is not centralised", centralisation, IN(4, 0, 1, 1, 2, 2, 3, 3, 0), 4, "0.0000" },
    { "two nodes have no centralisation", centralisation, IN(2, 0, 1), 4, "n/a" },
    { "two nodes can be dense", density, IN(2, 1, 0), 4, "1.0000" },
    { "one node has no density", density, IN(1), 4, "n/a" },
    { "one node is a component", components, IN(1), 0, "1" },
    { "no node has no component", components, IN(0), 0, "0" },
    { "a tie with oneself is none", isolates, IN(1, 0, 0), 0, "1" },

    { "N8 more taken than met", balance, IN(3, 1), 2, "0.50" },
    { "N8 as much as", balance, IN(4, 4), 2, "0.00" },
    { "N8 only received", balance, IN(0, 4), 2, "-1.00" },
    { "N8 nothing exchanged", balance, IN(0, 0), 2, "n/a" },
    { "N8 huge amounts", balance, IN(BIG, BIG), 2, "0.00" },
    { "N8 one of two pairs gives both ways", mutual, IN(0, 1, 1, 0, 2, 1), 2, "0.50" },
    { "N8 twice the same way is one way", mutual, IN(0, 1, 0, 1), 2, "0.00" },
    { "N8 giving to oneself is no exchange", mutual, IN(1, 1), 2, "n/a" },

    { "N5 HHI", hhi, IN(50, 30, 20), 4, "0.3800" },
    { "N5 effective partners", effective, IN(50, 30, 20), 4, "2.6316" },
    { "N5 normalised", normalised, IN(50, 30, 20), 4, "0.0700" },
    { "N5 Shannon", shannon, IN(50, 30, 20), 4, "1.0297" },
    { "N5 evenness", evenness, IN(50, 30, 20), 4, "0.9372" },
    { "partners without hours are none", normalised, IN(50, 0, 30, 0, 20), 4, "0.0700" },
    { "one partner is all", hhi, IN(0, 7), 4, "1.0000" },
    { "one partner holds no surprise", shannon, IN(7), 4, "0.0000" },
    { "one partner cannot be normalised", normalised, IN(7), 4, "n/a" },
    { "one partner cannot be even", evenness, IN(7), 4, "n/a" },
    { "equal partners", evenness, IN(MANY, MANY, MANY), 4, "1.0000" },
    { "equal partners are not concentrated", normalised, IN(MANY, MANY, MANY), 4, "0.0000" },
    { "no hours have no concentration", hhi, IN(0, 0), 4, "n/a" },
    { "negative hours have no concentration", hhi, IN(5, -1), 4, "n/a" },
    { "hours beyond 64 bits", hhi, IN(BIG, BIG), 4, "n/a" },

    { "N6 Blau of 12, 6 and 2", blau, IN(12, 6, 2), 4, "0.5400" },
    { "N6 normalised by the three groups", blau_normalised, IN(12, 6, 2), 4, "0.8100" },
    { "N6 groups without people are none", blau_normalised, IN(12, 6, 0, 2), 4, "0.8100" },
    { "N6 groups that have people", categories, IN(12, 6, 0, 2), 0, "3" },
    { "N6 equal groups are mixed as can be", blau_normalised, IN(5, 5, 5, 5), 4, "1.0000" },
    { "N6 one group is not mixed", blau, IN(9), 4, "0.0000" },
    { "N6 one group cannot be normalised", blau_normalised, IN(9), 4, "n/a" },
    { "N6 nobody", blau, IN(0), 4, "n/a" },
    { "N7 one of three ties crosses", cross_2, IN(1, 1, 0, 1), 1, "33.3" },
    { "N7 above or below the diagonal", cross_3, IN(2, 1, 0, 0, 1, 2, 1, 0, 1), 1, "50.0" },
    { "N7 no ties", cross_2, IN(0, 0, 0, 0), 1, "n/a" },
    { "N7 huge numbers of ties", cross_2, IN(MANY, MANY, MANY, MANY), 1, "50.0" },

    { "R1 reach of locality 1", rate_first, IN(30, 400, 12, 300), 1, "7.5" },
    { "R1 reach of locality 2", rate_second, IN(30, 400, 12, 300), 1, "4.0" },
    { "R1 reach alone", per_100, IN(30, 400), 1, "7.5" },
    { "R1 reach of nobody", per_100, IN(0, 0), 1, "n/a" },
    { "R1 rate ratio is 1.875", rate_ratio, IN(30, 400, 12, 300), 3, "1.875" },
    { "R1 rate ratio as shown", rate_ratio, IN(30, 400, 12, 300), 2, "1.88" },
    { "R1 difference per 100", rate_difference, IN(30, 400, 12, 300), 1, "3.5" },
    { "R1 interval from", rate_low, IN(30, 400, 12, 300), 2, "0.98" },
    { "R1 interval to", rate_high, IN(30, 400, 12, 300), 2, "3.60" },
    { "R1 a group of one has a ratio", rate_ratio, IN(1, 1, 1, 2), 2, "2.00" },
    { "R1 one reached of the others is enough", rate_ratio, IN(2, 10, 1, 10), 2, "2.00" },
    { "R1 one reached of one other is enough", rate_ratio, IN(1, 2, 1, 1), 2, "0.50" },
    { "R1 nobody reached has no ratio", rate_ratio, IN(0, 400, 12, 300), 2, "n/a" },
    { "R1 nobody reached in the other has none", rate_ratio, IN(30, 400, 0, 300), 2, "n/a" },
    { "R1 nobody reached still differs", rate_difference, IN(0, 400, 12, 300), 1, "-4.0" },
    { "R1 nobody there has no difference", rate_difference, IN(3, 10, 0, 0), 1, "n/a" },
    { "R1 nobody there leaves the other's rate", rate_first, IN(3, 10, 0, 0), 1, "30.0" },
    { "R1 more reached than there are: a ratio", rate_ratio, IN(6, 5, 3, 5), 2, "2.00" },
    { "R1 more reached than there are: no interval", rate_low, IN(6, 5, 3, 5), 2, "n/a" },
    { "R1 all reached: no doubt", rate_high, IN(5, 5, 3, 3), 2, "1.00" },
    { "R1 huge counts", rate_high, IN(MANY, 2 * MANY, MANY, 4 * MANY), 2, "2.00" },
    { "R1 less than none reached", rate_second, IN(-1, 400, 12, 300), 1, "n/a" },
    { "R1 fewer than nobody there", rate_second, IN(30, -400, 12, 300), 1, "n/a" },
    { "R1 less than none reached in the other", rate_first, IN(30, 400, -12, 300), 1, "n/a" },
    { "R1 fewer than nobody in the other", rate_first, IN(30, 400, 12, -300), 1, "n/a" },
    { "R1 nobody there: the other's rate", rate_second, IN(0, 0, 12, 300), 1, "4.0" },
    { "R1 the other is one", rate_difference, IN(1, 2, 1, 1), 1, "-50.0" },
    { "R1 largest counts", rate_difference, IN(BIG, BIG, BIG, BIG), 1, "0.0" },

    { "R2 slope index", sii, IN(DEPRIVED), 4, "0.0677" },
    { "R2 intercept", intercept, IN(DEPRIVED), 4, "0.0371" },
    { "R2 relative index", rii, IN(DEPRIVED), 4, "2.8234" },
    { "R2 slope over mean", relative, IN(DEPRIVED), 4, "0.9538" },
    { "R2 mean", mean_rate, IN(DEPRIVED), 4, "0.0710" },
    { "R2 groups of nobody change nothing", rii, IN(0, 0, DEPRIVED, 0, 0), 4, "2.8234" },
    { "R2 equal rates have no slope", sii, IN(100, 10, 300, 30), 4, "0.0000" },
    { "R2 one group has no slope", sii, IN(100, 10), 4, "n/a" },
    { "R2 one group has a mean", mean_rate, IN(100, 10), 4, "0.1000" },
    { "R2 an intercept below 0 has no ratio", rii, IN(100, 0, 100, 50), 4, "n/a" },
    { "R2 an intercept below 0 is shown", intercept, IN(100, 0, 100, 50), 4, "-0.2500" },
    { "R2 an intercept of 0 has no ratio", rii, IN(300, 10, 300, 30, 300, 50), 4, "n/a" },
    { "R2 nobody reached: no slope over mean", relative, IN(100, 0, 100, 0), 4, "n/a" },
    { "R2 reached where nobody is", sii, IN(DEPRIVED, 0, 1), 4, "n/a" },
    { "R2 nobody anywhere", mean_rate, IN(0, 0, 0, 0), 4, "n/a" },
    { "R2 fewer than nobody in a group", sii, IN(-5, 0, 100, 5, 100, 6), 4, "n/a" },
    { "R2 less than none reached in a group", sii, IN(100, -1, 100, 5), 4, "n/a" },
    { "R2 nobody in any group", mean_rate, IN(0, 0, 0, 0), 4, "n/a" },
    { "R2 huge groups", sii, IN(MANY, MANY / 4, MANY, MANY / 2), 4, "0.5000" },

    { "R3 Theil", theil_total, IN(DEPRIVED_LABELLED), 4, "0.0375" },
    { "R3 between", theil_between, IN(DEPRIVED_LABELLED), 4, "0.0273" },
    { "R3 within", theil_within, IN(DEPRIVED_LABELLED), 4, "0.0102" },
    { "R3 a group that was not reached", theil_total, IN(1, 100, 0, 1, 100, 7), 4, "0.6931" },
    { "R3 one label has all within", theil_within, IN(1, 100, 0, 1, 100, 7), 4, "0.6931" },
    { "R3 one label has nothing between", theil_between, IN(1, 100, 0, 1, 100, 7), 4, "0.0000" },
    { "R3 a label that was not reached", theil_between, IN(8, 100, 0, 9, 100, 7), 4, "0.6931" },
    { "R3 nobody reached", theil_total, IN(1, 100, 0), 4, "n/a" },
    { "R3 one group", theil_total, IN(1, 100, 3), 4, "0.0000" },

    { "R4 Gini", gini_of, IN(DEPRIVED), 4, "0.1507" },
    { "R4 order does not matter", gini_of, IN(200, 20, 300, 21, 100, 4, 200, 16, 200, 10), 4, "0.1507" },
    { "R4 equal rates", gini_of, IN(100, 10, 300, 30, 50, 5), 4, "0.0000" },
    { "R4 one group", gini_of, IN(100, 10), 4, "0.0000" },
    { "R4 reached where nobody is", gini_of, IN(100, 10, 0, 1), 4, "n/a" },
    { "R4 half of them have all", gini_of, IN(100, 0, 100, 10), 4, "0.5000" },
    { "R4 nobody reached", gini_of, IN(100, 0, 100, 0), 4, "n/a" },
    { "R4 no groups", gini_of, { 0, { 0 } }, 4, "n/a" },
    { "R4 huge groups", gini_of, IN(MANY, 0, MANY, MANY), 4, "0.5000" },

    { "R5 likelihood", likely, IN(300, 1500, 60, 400), 2, "1.33" },
    { "R5 one of them had access", likely, IN(1, 10, 2, 10), 2, "0.50" },
    { "R5 one of the others had access", likely, IN(2, 10, 1, 10), 2, "2.00" },
    { "R5 one all told", likely, IN(1, 1, 1, 2), 2, "2.00" },
    { "R5 one other all told", likely, IN(1, 2, 1, 1), 2, "0.50" },
    { "R5 above", band, IN(300, 1500, 60, 400), 0, "3" },
    { "R5 1.25 is proportionate", band, IN(5, 10, 4, 10), 0, "2" },
    { "R5 0.80 is proportionate", band, IN(4, 10, 5, 10), 0, "2" },
    { "R5 a person over 1.25 is above", band, IN(5 * MANY + 1, 8 * MANY, 4 * MANY, 8 * MANY), 0, "3" },
    { "R5 a person under 0.80 is below", band, IN(4 * MANY - 1, 8 * MANY, 5 * MANY, 8 * MANY), 0, "1" },
    { "R5 none had access: below", band, IN(0, 10, 5, 10), 0, "1" },
    { "R5 none of the other: no band", band, IN(5, 10, 0, 10), 0, "0" },
    { "R5 none of the other: no likelihood", likely, IN(5, 10, 0, 10), 2, "n/a" },
    { "R5 largest counts", band, IN(BIG, BIG, BIG, BIG), 0, "2" },
    { "R6 against the workforce", represented, IN(60, 360, 400, 1900), 2, "0.79" },
    { "R6 against 30 % of the population", represented, IN(60, 360, 30, 100), 2, "0.56" },
    { "R6 a group that the reference does not have", represented, IN(60, 360, 0, 100), 2, "n/a" },

    { "R7 the lower middle of an even list", median_of, IN(3, 1, 5, 1, 9, 2), 0, "5" },
    { "the middle of an odd list", median_of, IN(3, 1, 5, 1, 9, 1), 0, "5" },
    { "values of nobody do not count", median_of, IN(-3, 0, 5, 0, 9, 1), 0, "9" },
    { "the median of nothing", median_of, IN(3, 0), 0, "n/a" },
    { "the median of an empty list", median_of, { 0, { 0 } }, 0, "n/a" },
    { "a list out of order has no median", median_of, IN(5, 1, 3, 1), 0, "n/a" },
    { "half below is the lower middle", median_of, IN(1, BIG, 2, BIG), 0, "1" },

    { "L1 stage 1", funnel_of, IN(1, 40, 30, 24, 18), 1, "75.0" },
    { "L1 stage 2", funnel_of, IN(2, 40, 30, 24, 18), 1, "80.0" },
    { "L1 stage 3", funnel_of, IN(3, 40, 30, 24, 18), 1, "75.0" },
    { "L1 yield", funnel_of, IN(0, 40, 30, 24, 18), 1, "45.0" },
    { "L1 nobody passed", funnel_of, IN(2, 40, 0, 0), 1, "n/a" },
    { "L1 nobody passed: yield 0", funnel_of, IN(0, 40, 0, 0), 1, "0.0" },
    { "L1 nobody entered", funnel_of, IN(0, 0, 0), 1, "n/a" },
    { "L1 no stages", funnel_of, IN(0), 1, "n/a" },

    { "L3 in a team", team_in, IN(10, 9, 4, 0), 1, "90.0" },
    { "L3 more in a team than answered", team_in, IN(8, 9, 4, 0), 1, "n/a" },
    { "L3 more real than in a team", team_in, IN(10, 4, 5, 0), 1, "n/a" },
    { "L3 more incomplete than are left", team_in, IN(10, 9, 4, 6), 1, "n/a" },
    { "L3 real", team_real, IN(10, 9, 4, 0), 1, "40.0" },
    { "L3 pseudo", team_pseudo, IN(10, 9, 4, 0), 1, "50.0" },
    { "L3 none", team_none, IN(10, 9, 4, 0), 1, "10.0" },
    { "L3 real among those in a team", team_real_in, IN(10, 9, 4, 0), 1, "44.4" },
    { "L3 incomplete is not pseudo", team_pseudo, IN(10, 9, 4, 2), 1, "30.0" },
    { "L3 incomplete", team_incomplete, IN(10, 9, 4, 2), 1, "20.0" },
    { "L3 no answers", team_real, IN(0, 0, 0, 0), 1, "n/a" },
    { "L3 nobody in a team", team_real_in, IN(5, 0, 0, 0), 1, "n/a" },
    { "L3 more real than in a team", team_in, IN(10, 3, 4, 0), 1, "n/a" },

    { "L4 mean", change_mean, IN(1, 1, 0, 1, -1, 2, 1, 0, 1, 1, 0), 2, "0.60" },
    { "L4 sd", change_sd, IN(1, 1, 0, 1, -1, 2, 1, 0, 1, 1, 0), 4, "0.8433" },
    { "L4 mean over sd", change_standardised, IN(1, 1, 0, 1, -1, 2, 1, 0, 1, 1, 0), 4, "0.7115" },
    { "L4 improved", change_improved, IN(1, 1, 0, 1, -1, 2, 1, 0, 1, 1, 0), 1, "60.0" },
    { "L4 in hundredths", change_sd, IN(100, 100, 0, 100, -100, 200, 100, 0, 100, 100, 0), 4, "0.8433" },
    { "L4 mean in hundredths", change_mean, IN(100, 25, 50), 3, "0.375" },
    { "L4 one pair has a mean", change_mean, IN(1, 2), 2, "2.00" },
    { "L4 one pair has no sd", change_sd, IN(1, 2), 4, "n/a" },
    { "L4 the least two can differ", change_standardised, IN(1, 1, 0), 4, "0.7071" },
    { "L4 all alike: sd 0", change_sd, IN(1, 2, 2, 2), 4, "0.0000" },
    { "L4 all alike: no mean over sd", change_standardised, IN(1, 2, 2, 2), 4, "n/a" },
    { "L4 no pairs", change_mean, IN(1), 2, "n/a" },
    { "L4 sums that cannot be", sums_sd, IN(2, 10, 1, 2, 1), 4, "n/a" },
    { "L4 more improved than pairs", sums_improved, IN(2, 1, 1, 3, 1), 1, "n/a" },
    { "L4 a scale without a unit", sums_mean, IN(2, 1, 1, 1, 0), 2, "n/a" },
    { "L4 largest sums", sums_mean, IN(BIG, INT64_MIN, BIG, 0, 1), 2, "-1.00" },
    { "L4 smallest sums", sums_sd, IN(BIG, INT64_MIN, INT64_MIN, 0, 1), 2, "n/a" },
};

static void check_figure(void **state)
{
    const struct figure_row *row = *state;
    char text[64];
    size_t length = tdm_real_text(row->ask(&row->in), row->digits, text, sizeof text);
    assert_string_equal(text, row->text);
    assert_int_equal(length, strlen(row->text));
}

/* ---- rounding and text ---- */

static const struct real_row {
    const char *name;
    double value;
    int digits;
    int64_t scaled;
    const char *text;
} REALS[] = {
    { "0", 0, 2, 0, "0.00" },
    { "0 from below has no sign", -0.0, 2, 0, "0.00" },
    { "a little below 0 has no sign", -0.001, 2, 0, "0.00" },
    { "a half goes up", 1.875, 2, 188, "1.88" },
    { "a half below 0 goes up", -1.875, 2, -187, "-1.87" },
    { "a half of one goes up", 0.5, 0, 1, "1" },
    { "minus a half goes up to 0", -0.5, 0, 0, "0" },
    { "0.285 is at a half", 0.285, 2, 29, "0.29" },
    { "-0.285 is at a half", -0.285, 2, -28, "-0.28" },
    { "1.005 is at a half", 1.005, 2, 101, "1.01" },
    { "below a half goes down", 0.2849999, 2, 28, "0.28" },
    { "0.1 + 0.2", 0.1 + 0.2, 1, 3, "0.3" },
    { "zeros after the point", 1.05, 2, 105, "1.05" },
    { "digits between sign and point", -0.05, 2, -5, "-0.05" },
    { "a whole number below 0", -3, 1, -30, "-3.0" },
    { "a large whole number stays", 4503599627370497.0, 0, INT64_C(4503599627370497), "4503599627370497" },
    { "a large number with a half", 1e15 + 0.5, 0, INT64_C(1000000000000001), "1000000000000001" },
    { "beyond 64 bits is written in full", 1e15, 4, INT64_MAX, "1000000000000000.0000" },
    { "far below 0, too", -1e15, 4, INT64_MIN, "-1000000000000000.0000" },
    { "all digits", 0.123456789012345, 15, INT64_C(123456789012345), "0.123456789012345" },
    { "no number is not shown", NAN, 2, 0, "n/a" },
    { "infinite is not shown", INFINITY, 2, INT64_MAX, "n/a" },
};

static void check_real(void **state)
{
    const struct real_row *row = *state;
    char text[64];
    assert_true(tdm_real_scaled(row->value, row->digits) == row->scaled);
    tdm_real_text((tdm_real){ true, row->value }, row->digits, text, sizeof text);
    assert_string_equal(text, row->text);
    assert_int_equal(tdm_real_of(row->value).defined, strcmp(row->text, "n/a") != 0);
}

static void text_is_cut_and_its_length_told(void **state)
{
    (void)state;
    char text[4];
    assert_int_equal(tdm_real_text(tdm_real_of(-12.345), 2, text, sizeof text), 6);
    assert_string_equal(text, "-12");
    assert_int_equal(tdm_real_text((tdm_real){ 0 }, 2, NULL, 0), 3);
}

/* ---- dates ---- */

static const struct meeting_row {
    const char *name;
    size_t count;
    tdm_date dates[4];
    bool regular;
} MEETINGS[] = {
    { "L5 92 days are regular", 3, { 0, 92, 100 }, true },
    { "L5 93 days are not", 3, { 0, 92, 185 }, false },
    { "L5 one day, twice", 2, { 5, 5 }, true },
    { "L5 one meeting is no rule", 1, { 5 }, false },
    { "L5 no meeting is no rule", 0, { 0 }, false },
    { "L5 not in order", 3, { 0, 20, 10 }, false },
    { "L5 ends of time", 2, { INT32_MIN, INT32_MAX }, false },
};

static void check_meetings(void **state)
{
    const struct meeting_row *row = *state;
    assert_int_equal(tdm_meetings_are_regular(row->dates, row->count), row->regular);
}

enum { NEVER = INT32_MIN };
static const struct pdsa_row {
    const char *name;
    tdm_date dates[5]; /* planned, predicted, done, studied, acted */
    bool complete;
} CYCLES[] = {
    { "L5 four dates and a prediction", { 1, 1, 2, 3, 4 }, true },
    { "L5 do, study and act on one day", { 1, 1, 2, 2, 2 }, true },
    { "L5 a prediction before the plan", { 1, 0, 2, 3, 4 }, true },
    { "L5 a prediction on the day of do comes late", { 1, 2, 2, 3, 4 }, false },
    { "L5 no prediction", { 1, NEVER, 2, 3, 4 }, false },
    { "L5 no plan", { NEVER, 1, 2, 3, 4 }, false },
    { "L5 no act", { 1, 1, 2, 3, NEVER }, false },
    { "L5 study before do", { 1, 1, 3, 2, 4 }, false },
    { "L5 act before study", { 1, 1, 2, 4, 3 }, false },
    { "L5 do before plan", { 3, 1, 2, 4, 5 }, false },
};

static const tdm_date *stated(const tdm_date *date)
{
    return *date == NEVER ? NULL : date;
}

static void check_cycle(void **state)
{
    const struct pdsa_row *row = *state;
    const tdm_date *at = row->dates;
    tdm_pdsa cycle = { stated(at), stated(at + 1), stated(at + 2), stated(at + 3), stated(at + 4) };
    assert_int_equal(tdm_pdsa_is_complete(&cycle), row->complete);
}

static void bands_have_words(void **state)
{
    (void)state;
    assert_string_equal(tdm_band_word(TDM_BAND_NONE), "n/a");
    assert_string_equal(tdm_band_word(TDM_BAND_BELOW), "below");
    assert_string_equal(tdm_band_word(TDM_BAND_PROPORTIONATE), "broadly proportionate");
    assert_string_equal(tdm_band_word(TDM_BAND_ABOVE), "above");
}

/* Any 64 bits at all: nothing but a figure or "n/a". Undefined behaviour is the sanitizers' to see. */
static void no_count_does_harm(void **state)
{
    (void)state;
    static const int64_t ENDS[] = { 0, 1, -1, MANY, BIG, BIG - 1, INT64_MIN, INT64_MIN + 1 };
    static tdm_real (*const ASKED[])(const inputs *in) = {
        share,       ratio,         per_100,         wilson_low,   wilson_high, forecast_next,
        forecast_at, ei_index,      balance,         hhi,          evenness,    blau,
        cross_2,     cross_3,       rate_ratio,      rate_high,    sii,         rii,
        relative,    theil_between, theil_total,     theil_within, gini_of,     likely,
        band,        represented,   median_of,       sums_mean,    sums_sd,     sums_improved,
        team_pseudo, team_real_in,  rate_difference,
    };
    dice d = { 20 };
    for (size_t round = 0; round < 5000; round++) {
        inputs in = { 9, { 0 } };
        for (size_t i = 0; i < in.count; i++)
            in.at[i] =
                dice_below(&d, 3) == 0 ? (int64_t)dice_roll(&d) : ENDS[dice_below(&d, TDM_COUNT(ENDS))];
        for (size_t i = 0; i < TDM_COUNT(ASKED); i++)
            assert_true(isfinite(ASKED[i](&in).value));
    }
}

#define ADD_ROWS(ROWS, check)                                                                                \
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)                                                             \
        tests[count++] = (struct CMUnitTest)                                                                 \
        {                                                                                                    \
            (ROWS)[i].name, check, NULL, NULL, (void *)&(ROWS)[i]                                            \
        }

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(text_is_cut_and_its_length_told),
        cmocka_unit_test(bands_have_words),
        cmocka_unit_test(no_count_does_harm),
    };
    struct CMUnitTest tests[TDM_COUNT(FIGURES) + TDM_COUNT(REALS) + TDM_COUNT(MEETINGS) + TDM_COUNT(CYCLES)
                            + TDM_COUNT(others)];
    size_t count = 0;
    ADD_ROWS(FIGURES, check_figure);
    ADD_ROWS(REALS, check_real);
    ADD_ROWS(MEETINGS, check_meetings);
    ADD_ROWS(CYCLES, check_cycle);
    memcpy(tests + count, others, sizeof others);
    return _cmocka_run_group_tests("formula", tests, count + TDM_COUNT(others), NULL, NULL);
}
