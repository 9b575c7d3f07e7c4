/* SPDX-License-Identifier: MPL-2.0
 *
 * target.h: the level that a financial year should end with, and what is expected on a day of it
 * (docs/figures.md section 6, C7).
 */
#ifndef TANDEM_MEASURES_TARGET_H
#define TANDEM_MEASURES_TARGET_H

#include "registry.h"

/* Tenths of a percent; year: the calendar year in which the financial year starts. */
int64_t tdm_target_at_end(const tdm_registry *registry, int64_t year);
/* What is expected at the end of the day. */
int64_t tdm_target_on(const tdm_registry *registry, tdm_date day);
/* Units (or weight) to become joint so that `amount` meets the level: never below 0. */
int64_t tdm_target_to_convert(int64_t level, int64_t amount, int64_t joint);

/* floor(numerator / denominator), denominator > 0. */
int64_t tdm_floor_divide(__int128 numerator, __int128 denominator);

#endif
