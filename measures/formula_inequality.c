/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_inequality.c: how evenly groups are reached.
 */
#include "formula.h"

#include <math.h>
#include <stdlib.h>

static const double NOTHING = 1e-12; /* an intercept that is 0 but for its last bits */

/* Sums over the groups that have people; false if the groups contradict themselves or there is nobody. */
static bool add_up(const tdm_reach *groups, size_t count, tdm_reach *total)
{
    *total = (tdm_reach){ 0 };
    for (size_t i = 0; i < count; i++) {
        const tdm_reach *group = &groups[i];
        if (group->population < 0 || group->reached < 0 || (group->population == 0 && group->reached > 0)
            || __builtin_add_overflow(total->population, group->population, &total->population)
            || __builtin_add_overflow(total->reached, group->reached, &total->reached))
            return false;
    }
    return total->population > 0;
}

static double part(int64_t of, int64_t whole)
{
    return (double)of / (double)whole;
}

/* ---- slope ---- */

typedef struct line {
    size_t points;
    double spread; /* sum of weight * (x - 1/2)^2 */
    double rise;   /* sum of weight * (x - 1/2) * (rate - mean) */
} line;

/* The mean rank is 1/2 whatever the groups: sum p_i (P_(i-1) + p_i / 2) = 1/2. */
static line fit(const tdm_reach *groups, size_t count, const tdm_reach *total)
{
    line out = { 0 };
    double mean = part(total->reached, total->population);
    __int128 before = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t people = groups[i].population;
        if (people == 0)
            continue;
        double rank = (double)(2 * before + people) / (double)(2 * (__int128)total->population);
        double weight = part(people, total->population);
        out.points++;
        out.spread += weight * (rank - 0.5) * (rank - 0.5);
        out.rise += weight * (rank - 0.5) * (part(groups[i].reached, people) - mean);
        before += people;
    }
    return out;
}

tdm_slope tdm_slope_of(const tdm_reach *groups, size_t count)
{
    tdm_slope out = { 0 };
    tdm_reach total;
    if (!add_up(groups, count, &total))
        return out;
    out.mean = tdm_ratio(total.reached, total.population);
    line fitted = fit(groups, count, &total);
    if (fitted.points < 2)
        return out;
    double slope = fitted.rise / fitted.spread;
    double intercept = out.mean.value - slope / 2;
    out.sii = tdm_real_of(slope);
    out.intercept = tdm_real_of(intercept);
    if (intercept > NOTHING)
        out.rii = tdm_real_of((intercept + slope) / intercept);
    if (total.reached > 0)
        out.relative = tdm_real_of(slope / out.mean.value);
    return out;
}

/* ---- Theil ---- */

/* s ln(s / p), 0 if nobody was reached. */
static double term(const tdm_reach *group, const tdm_reach *total)
{
    if (group->reached == 0)
        return 0;
    double reached = part(group->reached, total->reached);
    return reached * log(reached / part(group->population, total->population));
}

static bool is_first_of_label(const int64_t *labels, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (labels[i] == labels[at])
            return false;
    return true;
}

static tdm_reach sum_of_label(const tdm_reach *groups, const int64_t *labels, size_t count, size_t first)
{
    tdm_reach sum = { 0 };
    for (size_t i = first; i < count; i++)
        if (labels[i] == labels[first]) {
            sum.population += groups[i].population;
            sum.reached += groups[i].reached;
        }
    return sum;
}

static double within_label(const tdm_reach *groups, const int64_t *labels, size_t count, size_t first,
                           const tdm_reach *label)
{
    double sum = 0;
    for (size_t i = first; i < count; i++)
        if (labels[i] == labels[first])
            sum += term(&groups[i], label);
    return sum;
}

tdm_theil tdm_theil_of(const tdm_reach *groups, const int64_t *labels, size_t count)
{
    tdm_theil out = { 0 };
    tdm_reach total;
    double all = 0;
    double between = 0;
    double within = 0;
    if (!add_up(groups, count, &total) || total.reached == 0)
        return out;
    for (size_t i = 0; i < count; i++)
        all += term(&groups[i], &total);
    out.total = tdm_real_of(all);
    if (labels == NULL)
        return out;
    for (size_t i = 0; i < count; i++) {
        if (!is_first_of_label(labels, i))
            continue;
        tdm_reach label = sum_of_label(groups, labels, count, i);
        between += term(&label, &total);
        within += part(label.reached, total.reached) * within_label(groups, labels, count, i, &label);
    }
    out.between = tdm_real_of(between);
    out.within = tdm_real_of(within);
    return out;
}

/* ---- Gini ---- */

static int compare_rates(const void *left, const void *right, void *context)
{
    const tdm_reach *groups = context;
    size_t a = *(const size_t *)left;
    size_t b = *(const size_t *)right;
    __int128 first = (__int128)groups[a].reached * groups[b].population;
    __int128 second = (__int128)groups[b].reached * groups[a].population;
    if (first != second)
        return first < second ? -1 : 1;
    return (a > b) - (a < b);
}

tdm_real tdm_gini(const tdm_reach *groups, size_t count, size_t *order)
{
    tdm_reach total;
    size_t used = 0;
    if (!add_up(groups, count, &total) || total.reached == 0)
        return (tdm_real){ 0 };
    for (size_t i = 0; i < count; i++)
        if (groups[i].population > 0)
            order[used++] = i;
    qsort_r(order, used, sizeof *order, compare_rates, (void *)groups);
    double sum = 0;
    __int128 before = 0;
    for (size_t i = 0; i < used; i++) {
        const tdm_reach *group = &groups[order[i]];
        __int128 after = before + group->reached;
        sum += part(group->population, total.population) * ((double)(before + after) / (double)total.reached);
        before = after;
    }
    return tdm_real_of(1 - sum);
}
