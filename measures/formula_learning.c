/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_learning.c: pipelines, change in people, teams, and learning that goes on.
 */
#include "formula.h"

#include <math.h>

static bool is_part(int64_t part, int64_t whole)
{
    return part >= 0 && part <= whole;
}

bool tdm_median(const tdm_bin *bins, size_t count, int64_t *median)
{
    __int128 total = 0;
    __int128 seen = 0;
    *median = 0;
    for (size_t i = 0; i < count; i++) {
        if (bins[i].count < 0 || (i > 0 && bins[i].value <= bins[i - 1].value))
            return false;
        total += bins[i].count;
    }
    for (size_t i = 0; i < count; i++) {
        seen += bins[i].count;
        if (seen > (total - 1) / 2 && total > 0) {
            *median = bins[i].value;
            return true;
        }
    }
    return false;
}

tdm_share tdm_funnel(const int64_t *people, size_t count, tdm_share *conversions)
{
    for (size_t i = 1; i < count; i++)
        conversions[i - 1] = tdm_share_of(people[i], people[i - 1]);
    return count > 0 ? tdm_share_of(people[count - 1], people[0]) : (tdm_share){ 0 };
}

/* The variance over n - 1 is (n sum_squares - sum^2) / (n (n - 1)): exact up to the root. */
tdm_paired_change tdm_paired_change_of(const tdm_paired_sums *sums)
{
    tdm_paired_change out = { 0 };
    if (sums->n <= 0 || sums->unit <= 0 || !is_part(sums->improved, sums->n))
        return out;
    double n = (double)sums->n;
    double unit = (double)sums->unit;
    __int128 spread = (__int128)sums->n * sums->sum_squares - (__int128)sums->sum * sums->sum;
    out.mean = tdm_real_of((double)sums->sum / (n * unit));
    out.improved = tdm_share_of(sums->improved, sums->n);
    if (sums->n < 2 || spread < 0)
        return out;
    out.sd = tdm_real_of(sqrt((double)spread / (n * (n - 1))) / unit);
    if (spread > 0)
        out.standardised = tdm_real_of(out.mean.value / out.sd.value);
    return out;
}

tdm_team_shares tdm_team_shares_of(const tdm_team_counts *counts)
{
    int64_t all = counts->answers;
    int64_t in_team = counts->in_team;
    int64_t real = counts->real;
    int64_t incomplete = counts->incomplete;
    if (!is_part(in_team, all) || !is_part(real, in_team) || !is_part(incomplete, in_team - real))
        return (tdm_team_shares){ 0 };
    return (tdm_team_shares){
        .in_team = tdm_share_of(in_team, all),
        .real = tdm_share_of(real, all),
        .pseudo = tdm_share_of(in_team - real - incomplete, all),
        .none = tdm_share_of(all - in_team, all),
        .incomplete = tdm_share_of(incomplete, all),
        .real_in_team = tdm_share_of(real, in_team),
    };
}

bool tdm_longest_gap(const tdm_date *meetings, size_t count, int64_t *days)
{
    *days = 0;
    for (size_t i = 1; i < count; i++) {
        int64_t gap = (int64_t)meetings[i] - meetings[i - 1];
        if (gap < 0)
            return false;
        if (gap > *days)
            *days = gap;
    }
    return count >= 2;
}

bool tdm_meetings_are_regular(const tdm_date *meetings, size_t count)
{
    int64_t days;
    return tdm_longest_gap(meetings, count, &days) && days <= TDM_MEETING_GAP;
}

bool tdm_pdsa_is_complete(const tdm_pdsa *cycle)
{
    const tdm_date *const order[] = { cycle->planned, cycle->done, cycle->studied, cycle->acted };
    for (size_t i = 0; i < TDM_COUNT(order); i++)
        if (order[i] == NULL || (i > 0 && *order[i - 1] > *order[i]))
            return false;
    return cycle->predicted != NULL && *cycle->predicted < *cycle->done;
}
