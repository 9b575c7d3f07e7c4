/* SPDX-License-Identifier: MPL-2.0
 *
 * target.c: the level that a financial year should end with.
 */
#include "target.h"

enum { DEFAULT_YEAR = 2016, DEFAULT_LEVEL = 600, RISE = 200, WHOLE = 1000 };

int64_t tdm_floor_divide(__int128 numerator, __int128 denominator)
{
    __int128 quotient = numerator / denominator;
    if (numerator % denominator != 0 && numerator < 0)
        quotient--;
    return (int64_t)quotient;
}

static int64_t rise(int64_t level, int64_t years)
{
    int64_t risen = level + RISE * years;
    return risen < WHOLE ? risen : WHOLE;
}

/* The point of the year itself, a target before a baseline; NULL if there is none. */
static const tdm_level_point *point_of(const tdm_registry *registry, int64_t year)
{
    const tdm_level_point *found = NULL;
    for (size_t i = 0; i < registry->point_count; i++) {
        const tdm_level_point *point = &registry->points[i];
        if (point->year == year && (found == NULL || point->is_target))
            found = point;
    }
    return found;
}

static const tdm_level_point *latest_before(const tdm_registry *registry, int64_t year)
{
    const tdm_level_point *found = NULL;
    for (size_t i = 0; i < registry->point_count; i++) {
        const tdm_level_point *point = &registry->points[i];
        if (point->year < year
            && (found == NULL || point->year > found->year
                || (point->year == found->year && point->is_target)))
            found = point;
    }
    return found;
}

static const tdm_level_point *earliest_baseline(const tdm_registry *registry)
{
    const tdm_level_point *found = NULL;
    for (size_t i = 0; i < registry->point_count; i++) {
        const tdm_level_point *point = &registry->points[i];
        if (!point->is_target && (found == NULL || point->year < found->year))
            found = point;
    }
    return found;
}

int64_t tdm_target_at_end(const tdm_registry *registry, int64_t year)
{
    const tdm_level_point *point = point_of(registry, year);
    if (point != NULL)
        return point->level;
    point = latest_before(registry, year);
    if (point != NULL)
        return rise(point->level, year - point->year);
    point = earliest_baseline(registry);
    if (point != NULL)
        return point->level;
    return year <= DEFAULT_YEAR ? DEFAULT_LEVEL : rise(DEFAULT_LEVEL, year - DEFAULT_YEAR);
}

int64_t tdm_target_on(const tdm_registry *registry, tdm_date day)
{
    tdm_period year = tdm_period_of(TDM_PERIOD_YEAR, day);
    int64_t start = tdm_target_at_end(registry, (int64_t)year.number - 1);
    int64_t end = tdm_target_at_end(registry, year.number);
    int64_t first = tdm_period_first(year);
    int64_t days = tdm_period_last(year) - first + 1;
    int64_t elapsed = day - first + 1;
    return start + tdm_floor_divide(2 * (__int128)(end - start) * elapsed + days, 2 * (__int128)days);
}

int64_t tdm_target_to_convert(int64_t level, int64_t amount, int64_t joint)
{
    __int128 needed = ((__int128)level * amount + WHOLE - 1) / WHOLE;
    return needed > joint ? (int64_t)(needed - joint) : 0;
}
