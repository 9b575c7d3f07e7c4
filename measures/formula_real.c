/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_real.c: figures with and without a value, and how they are rounded and written.
 */
#include "formula.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { MOST_DIGITS = 15 };
static const double NOISE = 1e-9;      /* of the last digit shown */
static const double MOST_NOISE = 1e-3; /* where a double has no digits left, a half is a half */
static const double LAST = 9.2e18;     /* below INT64_MAX: what fits */
static const double PRECISION = DBL_EPSILON * 4;

tdm_real tdm_real_of(double value)
{
    if (!isfinite(value))
        return (tdm_real){ 0 };
    return (tdm_real){ true, value };
}

tdm_share tdm_share_of(int64_t part, int64_t whole)
{
    tdm_share share = { 0 };
    if (whole > 0)
        share.defined = tdm_share_tenths(part, whole, &share.tenths);
    return share;
}

tdm_real tdm_ratio(int64_t part, int64_t whole)
{
    return whole > 0 ? tdm_real_of((double)part / (double)whole) : (tdm_real){ 0 };
}

tdm_real tdm_per_100(int64_t reached, int64_t people)
{
    return people > 0 ? tdm_real_of(100.0 * (double)reached / (double)people) : (tdm_real){ 0 };
}

bool tdm_counts_sum(const int64_t *counts, size_t count, int64_t *sum)
{
    *sum = 0;
    for (size_t i = 0; i < count; i++)
        if (counts[i] < 0 || __builtin_add_overflow(*sum, counts[i], sum))
            return false;
    return true;
}

static int64_t power_of_10(int digits)
{
    TDM_ASSERT(digits >= 0 && digits <= MOST_DIGITS);
    int64_t power = 1;
    while (digits-- > 0)
        power *= 10;
    return power;
}

/* The fraction above the floor is exact, so that noise is weighed against the half alone. */
int64_t tdm_real_scaled(double value, int digits)
{
    double scaled = value * (double)power_of_10(digits);
    if (isnan(scaled))
        return 0;
    if (scaled >= LAST)
        return INT64_MAX;
    if (scaled <= -LAST)
        return INT64_MIN;
    double whole = floor(scaled);
    double noise = fmin(NOISE + PRECISION * fabs(scaled), MOST_NOISE);
    return (int64_t)whole + (scaled - whole >= 0.5 - noise);
}

size_t tdm_real_text(tdm_real real, int digits, char *out, size_t size)
{
    int64_t power = power_of_10(digits);
    int64_t scaled = real.defined ? tdm_real_scaled(real.value, digits) : 0;
    int64_t whole = scaled / power;
    int64_t rest = scaled % power;
    const char *sign = scaled < 0 ? "-" : "";
    int length;
    if (!real.defined || !isfinite(real.value))
        length = snprintf(out, size, "n/a");
    else if (scaled == INT64_MAX || scaled == INT64_MIN)
        length = snprintf(out, size, "%.*f", digits, real.value);
    else if (digits == 0)
        length = snprintf(out, size, "%" PRId64, scaled);
    else
        length = snprintf(out, size, "%s%" PRId64 ".%0*" PRId64, sign, whole < 0 ? -whole : whole, digits,
                          rest < 0 ? -rest : rest);
    return length < 0 ? 0 : (size_t)length;
}
