/* SPDX-License-Identifier: MPL-2.0
 *
 * rotation.h: new keys for a node that goes on; a hub's own: hub_rotation.h. The next ones are made and kept
 * durably first; the hub is asked for them over the link that the present ones open (LINK.md, Enrolment);
 * from its answer on they are the node's. Interrupted anywhere, the node asks again for the same ones.
 * Whoever asks for new keys again because the first try was cut off gets no second ones: see begin.
 *
 * Local state: "identity/next" at the node (and at a hub whose own are turned over), until they are in use;
 * "identity/turned" there, when that was;
 * "rotation/<origin>" at the hub, from the asking until the node has come with the new link key.
 */
#ifndef TANDEM_ROTATION_H
#define TANDEM_ROTATION_H

#include "core.h"

typedef enum tdm_rotation_state {
    TDM_ROTATION_BEGUN,
    TDM_ROTATION_UNDER_WAY, /* begun before: the next keys are there already */
    TDM_ROTATION_JUST_DONE  /* the keys in use are of less than an hour ago: no next ones are made */
} tdm_rotation_state;

/* Either: make the next keys and keep them durably, in the place of any that waited. */
tdm_code tdm_rotation_make(tdm_core *core, tdm_err *err);
/* Node: what asking for new keys comes to now; begin makes the next ones too, durable when it returns.
 * now_ms: wall clock. again: also where the keys in use are new. TDM_INVALID: it has joined no hub. */
tdm_code tdm_rotation_look(tdm_core *core, int64_t now_ms, bool again, tdm_rotation_state *state,
                           tdm_err *err);
tdm_code tdm_rotation_begin(tdm_core *core, int64_t now_ms, bool again, tdm_rotation_state *state,
                            tdm_err *err);
/* Either: the keys that are to come; origin and incarnation are the store's. TDM_NOT_FOUND: none. */
tdm_code tdm_rotation_next(tdm_core *core, tdm_identity *out, tdm_err *err);
/* Node: the hub has stated them: they are in use from now on. now_ms: wall clock. */
tdm_code tdm_rotation_take(tdm_core *core, int64_t now_ms, tdm_err *err);
/* No keys are to come: they are in use, or the hub of a node does not know how. */
tdm_code tdm_rotation_forget(tdm_core *core, tdm_err *err);

/* Hub: these were asked for and stated. */
tdm_code tdm_rotation_note(tdm_core *core, const tdm_id *origin, const uint8_t seal[32],
                           const uint8_t link[32], tdm_err *err);
/* Hub: true if the node is to have come with this link key; seal is its new seal key then. */
bool tdm_rotation_awaits(tdm_core *core, const tdm_id *origin, const uint8_t link[32], uint8_t seal[32]);
tdm_code tdm_rotation_done(tdm_core *core, const tdm_id *origin, tdm_err *err);

#endif
