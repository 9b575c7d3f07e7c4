/* SPDX-License-Identifier: MPL-2.0
 *
 * history.h: random histories: a hub and a few origins that say everything the schema lets them say, from
 * small ranges, so that facts collide, lapse, conflict and come late. The same seed gives the same bytes.
 */
#ifndef TANDEM_ORACLE_HISTORY_H
#define TANDEM_ORACLE_HISTORY_H

#include "sheaf.h"
#include "tandem/civil.h"

/* A small generator of numbers (splitmix64), for histories and for those who shuffle them. */
typedef struct tdm_dice {
    uint64_t state;
} tdm_dice;

uint64_t tdm_dice_roll(tdm_dice *dice, uint64_t sides); /* 0 .. sides - 1 */
bool tdm_dice_chance(tdm_dice *dice, unsigned percent);

typedef struct tdm_history {
    tdm_sheaf sheaf; /* each (origin, incarnation, sequence) once */
    bool has_authority;
    tdm_id authority;
    tdm_date today; /* for targets */
} tdm_history;

void tdm_history_make(tdm_history *history, uint64_t seed);
void tdm_history_free(tdm_history *history);

#endif
