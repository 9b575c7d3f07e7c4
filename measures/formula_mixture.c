/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_mixture.c: how an amount spreads over parties, and people over categories.
 */
#include "formula.h"

#include <math.h>

/* What both families start from. */
typedef struct spread {
    int64_t total;
    int64_t parties;
    double squares; /* sum of squared shares */
    double entropy; /* -sum p ln p */
} spread;

static bool measure(const int64_t *amounts, size_t count, spread *out)
{
    *out = (spread){ 0 };
    if (!tdm_counts_sum(amounts, count, &out->total)) {
        *out = (spread){ 0 };
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (amounts[i] == 0)
            continue;
        double share = (double)amounts[i] / (double)out->total;
        out->parties++;
        out->squares += share * share;
        out->entropy -= share * log(share);
    }
    return out->total > 0;
}

tdm_concentration tdm_concentration_of(const int64_t *amounts, size_t count)
{
    spread found;
    bool any = measure(amounts, count, &found);
    tdm_concentration out = { .total = found.total, .parties = found.parties };
    if (!any)
        return out;
    double parties = (double)found.parties;
    out.hhi = tdm_real_of(found.squares);
    out.effective = tdm_real_of(1 / found.squares);
    out.shannon = tdm_real_of(found.entropy);
    if (found.parties > 1) {
        out.normalised = tdm_real_of((found.squares - 1 / parties) / (1 - 1 / parties));
        out.evenness = tdm_real_of(found.entropy / log(parties));
    }
    return out;
}

tdm_blau tdm_blau_of(const int64_t *people, size_t count)
{
    spread found;
    bool any = measure(people, count, &found);
    tdm_blau out = { .total = found.total, .categories = found.parties };
    if (!any)
        return out;
    out.index = tdm_real_of(1 - found.squares);
    if (found.parties > 1)
        out.normalised = tdm_real_of((1 - found.squares) / (1 - 1 / (double)found.parties));
    return out;
}

tdm_share tdm_mixing_cross(const int64_t *matrix, size_t kinds)
{
    int64_t all;
    int64_t same = 0;
    if (!tdm_counts_sum(matrix, kinds * kinds, &all))
        return (tdm_share){ 0 };
    for (size_t i = 0; i < kinds; i++)
        same += matrix[i * kinds + i];
    return tdm_share_of(all - same, all);
}
