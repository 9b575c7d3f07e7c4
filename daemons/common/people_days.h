/* SPDX-License-Identifier: MPL-2.0
 *
 * people_days.h: a node counts its people once a day by itself: at its start if the last count was on an
 * earlier day, and when the day changes. On a thread of its own ("people"), since counting waits for the
 * writer and the fold, which neither the loop nor the local door may.
 */
#ifndef TANDEM_COMMON_PEOPLE_DAYS_H
#define TANDEM_COMMON_PEOPLE_DAYS_H

#include "service.h"

typedef struct tdm_people_days tdm_people_days;

/* context is copied except now_ms, which is read anew each time. */
tdm_code tdm_people_days_start(tdm_people_days **out, const tdm_service_context *context, tdm_err *err);
void tdm_people_days_stop(tdm_people_days **days); /* NULL-safe; finishes a count at hand */

/* What it does each day: count, if the last count was on an earlier day and there is a private log. */
tdm_code tdm_people_daily(const tdm_service_context *context, bool *did, tdm_err *err);

#endif
