/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_interval.c: what a sample tells of a share, and how two rates compare.
 *
 * Products of two counts are taken in 128 bits, so a ratio is rounded once.
 */
#include "formula.h"

#include <math.h>

enum { WHOLE = 1000, TENTHS = 3 }; /* a share with three digits is in tenths of a percent */

static int64_t within_whole(int64_t tenths)
{
    return tenths < 0 ? 0 : tenths > WHOLE ? WHOLE : tenths;
}

tdm_interval tdm_wilson(int64_t k, int64_t n)
{
    if (n <= 0 || k < 0 || k > n)
        return (tdm_interval){ 0 };
    double size = (double)n;
    double share = (double)k / size;
    double spread = TDM_Z_95 * TDM_Z_95 / size;
    double centre = (share + spread / 2) / (1 + spread);
    double variance = share * (1 - share) / size + spread / (4 * size);
    double half = TDM_Z_95 * sqrt(variance) / (1 + spread);
    return (tdm_interval){
        true,
        within_whole(tdm_real_scaled(centre - half, TENTHS)),
        within_whole(tdm_real_scaled(centre + half, TENTHS)),
    };
}

/* The two sides of (a / n) / (c / m) as a fraction. */
typedef struct fraction {
    bool defined;
    __int128 over;
    __int128 under;
} fraction;

static fraction ratio_of_rates(int64_t a, int64_t n, int64_t c, int64_t m)
{
    if (a < 0 || n <= 0 || c <= 0 || m <= 0)
        return (fraction){ 0 };
    return (fraction){ true, (__int128)a * m, (__int128)n * c };
}

static tdm_real real_of(fraction of)
{
    return of.defined ? tdm_real_of((double)of.over / (double)of.under) : (tdm_real){ 0 };
}

static void add_interval(tdm_rates *rates, int64_t a, int64_t n, int64_t c, int64_t m)
{
    if (a > n || c > m)
        return;
    double variance = 1 / (double)a - 1 / (double)n + 1 / (double)c - 1 / (double)m;
    double reach = TDM_Z_95 * sqrt(fmax(variance, 0));
    double middle = log(rates->ratio.value);
    rates->low = tdm_real_of(exp(middle - reach));
    rates->high = tdm_real_of(exp(middle + reach));
}

tdm_rates tdm_rates_compare(int64_t a, int64_t n, int64_t c, int64_t m)
{
    tdm_rates rates = { 0 };
    if (a < 0 || n < 0 || c < 0 || m < 0)
        return rates;
    rates.first = tdm_per_100(a, n);
    rates.second = tdm_per_100(c, m);
    if (n > 0 && m > 0) {
        __int128 gap = (__int128)a * m - (__int128)c * n;
        rates.difference = tdm_real_of(100.0 * (double)gap / (double)((__int128)n * m));
    }
    if (a > 0 && n > 0 && c > 0 && m > 0) {
        rates.ratio = real_of(ratio_of_rates(a, n, c, m));
        add_interval(&rates, a, n, c, m);
    }
    return rates;
}

const char *tdm_band_word(tdm_band band)
{
    static const char *const WORDS[] = { "n/a", "below", "broadly proportionate", "above" };
    TDM_ASSERT((size_t)band < TDM_COUNT(WORDS));
    return WORDS[band];
}

/* over/under >= 4/5 is under - over <= under/5, and <= 5/4 is over - under <= under/4: whole numbers on the
 * left, so the floor on the right decides the same, and nothing overflows. */
static tdm_band band_of(fraction of)
{
    if (!of.defined)
        return TDM_BAND_NONE;
    if (of.under - of.over > of.under / 5)
        return TDM_BAND_BELOW;
    return of.over - of.under > of.under / 4 ? TDM_BAND_ABOVE : TDM_BAND_PROPORTIONATE;
}

tdm_likelihood tdm_relative_likelihood(int64_t a, int64_t n, int64_t c, int64_t m)
{
    fraction of = ratio_of_rates(a, n, c, m);
    return (tdm_likelihood){ real_of(of), band_of(of) };
}

tdm_real tdm_mirror(int64_t part, int64_t whole, int64_t reference_part, int64_t reference_whole)
{
    return real_of(ratio_of_rates(part, whole, reference_part, reference_whole));
}
