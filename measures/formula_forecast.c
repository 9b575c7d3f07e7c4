/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_forecast.c: where a level goes if it goes on as it went.
 *
 * All exact: with x counted from the first point and D = n Sxx - Sx^2, the line at x is
 * (Sy D + (n Sxy - Sx Sy)(n x - Sx)) / (n D). The bounds in the header keep this below 2^120.
 */
#include "formula.h"

enum { WHOLE = 1000 };

typedef struct sums {
    __int128 n, x, y, xx, xy;
} sums;

static __int128 floor_divide(__int128 numerator, __int128 denominator)
{
    return numerator / denominator - (numerator % denominator < 0);
}

/* How far a period is from the first point; false if that is out of bounds. */
static bool distance(int64_t period, int64_t first, int64_t *x)
{
    return !__builtin_sub_overflow(period, first, x) && *x <= TDM_FORECAST_SPAN && *x >= -TDM_FORECAST_SPAN;
}

static bool add_up(const tdm_forecast_point *points, size_t count, sums *out)
{
    *out = (sums){ 0 };
    for (size_t i = 0; i < count; i++) {
        int64_t x;
        int64_t y = points[i].level;
        if (!distance(points[i].period, points[0].period, &x) || y > TDM_FORECAST_LEVEL
            || y < -TDM_FORECAST_LEVEL)
            return false;
        out->n++;
        out->x += x;
        out->y += y;
        out->xx += (__int128)x * x;
        out->xy += (__int128)x * y;
    }
    return true;
}

tdm_share tdm_forecast_at(const tdm_forecast_point *points, size_t count, int64_t period)
{
    sums s;
    int64_t x;
    if (count < 2 || count > TDM_FORECAST_POINTS || !add_up(points, count, &s)
        || !distance(period, points[0].period, &x))
        return (tdm_share){ 0 };
    __int128 spread = s.n * s.xx - s.x * s.x;
    if (spread == 0)
        return (tdm_share){ 0 };
    __int128 over = s.y * spread + (s.n * s.xy - s.x * s.y) * (s.n * x - s.x);
    __int128 under = s.n * spread;
    __int128 level = floor_divide(2 * over + under, 2 * under);
    return (tdm_share){ true, (int64_t)(level < 0 ? 0 : level > WHOLE ? WHOLE : level) };
}

tdm_share tdm_forecast_next(const tdm_forecast_point *points, size_t count)
{
    int64_t latest = INT64_MIN;
    for (size_t i = 0; i < count; i++)
        if (points[i].period > latest)
            latest = points[i].period;
    if (latest == INT64_MAX)
        return (tdm_share){ 0 };
    return tdm_forecast_at(points, count, latest + 1);
}
