/* SPDX-License-Identifier: MPL-2.0
 *
 * hub_rotation.h: new keys for a hub that goes on (docs/decisions/0019). `key rotate`: the next keys are
 * stated by a run that the present seal key seals; from then on the new one seals, and the old one is revoked
 * at the last sequence it sealed. The link key goes on answering until `key retire`: then the new one takes
 * its place and the old one is revoked. At every moment one link key answers, and whoever followed the log
 * knows which may be next.
 *
 * Each step is durable before the next and does nothing where it is done: whatever interrupts, the same again
 * goes on. One thread at a time calls the functions that change something; they block for commits.
 *
 * Local state: "identity/next" (rotation.h) from the first step to the last; "identity/retired", the seal
 * keys that were; "hub-rotation/told", own sequence behind all that a rotation states until the link key's
 * turn; "hub-rotation/heard/<origin>", that sequence again, of a node that acknowledged it.
 */
#ifndef TANDEM_HUB_ROTATION_H
#define TANDEM_HUB_ROTATION_H

#include "core.h"

/* In this order. */
typedef enum tdm_turn {
    TDM_TURN_MADE,     /* the next keys are kept */
    TDM_TURN_STATED,   /* they are stated, sealed by the old key */
    TDM_TURN_SEALS,    /* the new key seals */
    TDM_TURN_REVOKED,  /* the old seal key is over */
    TDM_TURN_TOLD,     /* what nodes must have heard is known: `key rotate` ends here */
    TDM_TURN_ANSWERS,  /* the new link key is in use: the listener is to be opened anew */
    TDM_TURN_UNLINKED, /* the old link key is over */
    TDM_TURN_DONE      /* nothing is under way: `key retire` ends here */
} tdm_turn;

/* A rotation is under way. */
bool tdm_hub_rotation_is_on(tdm_core *core);
/* Take all steps up to this one that are not taken yet. TDM_NOT_FOUND: beyond TDM_TURN_TOLD, and nothing is
 * under way. TDM_UNREACHABLE: the figures do not catch up. */
tdm_code tdm_hub_rotation_go(tdm_core *core, tdm_turn until, tdm_err *err);
/* At a start: what was interrupted is finished, each command as far as it goes; nothing else is begun. */
tdm_code tdm_hub_rotation_resume(tdm_core *core, tdm_err *err);

/* Own sequence that a node must hold to know the next link key; 0: none is to come. */
uint64_t tdm_hub_rotation_told(tdm_core *core);
/* This node acknowledged it. Kept durably. */
tdm_code tdm_hub_rotation_note(tdm_core *core, const tdm_id *origin, tdm_err *err);
bool tdm_hub_rotation_has_heard(tdm_core *core, const tdm_id *origin);

/* Public halves of the seal keys that were, 32 bytes each, oldest first; none: out stays empty. */
tdm_code tdm_hub_rotation_retired(tdm_core *core, tdm_buf *out, tdm_err *err);
/* Of a store that takes its log back: those that its saved identity knows. */
tdm_code tdm_hub_rotation_remember(tdm_core *core, tdm_span retired, tdm_err *err);

#endif
