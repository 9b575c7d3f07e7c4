/* SPDX-License-Identifier: MPL-2.0
 *
 * scene.h: random histories in random orders and splits, folded by the engine; what fails is made small and
 * told.
 *
 * TANDEM_SEEDS histories (200 if unset) from TANDEM_FIRST_SEED (1) on.
 */
#ifndef TANDEM_TESTS_MEASURES_SCENE_H
#define TANDEM_TESTS_MEASURES_SCENE_H

#include <stdio.h>

#include "history.h"
#include "oracle.h"

/* Some events of a history, in some order, and who has the authority. */
typedef struct scene {
    tdm_span *events;
    size_t count;
    bool has_authority;
    tdm_id authority;
    tdm_date today;
    tdm_oracle_faults faults;
} scene;

void scene_must(tdm_code code, const tdm_err *err); /* fails the test */
void scene_shuffle(tdm_span *events, size_t count, tdm_dice *dice);
/* The events in the scene's order, in random splits, with refolding in between: settled. */
tdm_fold *scene_fold(const scene *s, uint64_t seed);
/* The oracle over the same events. */
tdm_oracle *scene_oracle(const scene *s);
scene scene_of(const tdm_history *history, uint64_t order); /* its events are the caller's to free */

/* Says on out what differs; true if nothing does. */
typedef bool scene_check(const scene *s, uint64_t seed, FILE *out);
/* Checks every seed; a failing one is shrunk and told, as JSON lines, and at most three are. */
void scene_check_seeds(scene_check *check);
/* Whether some history among a few hundred shows a difference; the check fails if none does. */
void scene_check_control(scene_check *check, tdm_oracle_faults faults);

#endif
