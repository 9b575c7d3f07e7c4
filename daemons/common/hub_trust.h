/* SPDX-License-Identifier: MPL-2.0
 *
 * hub_trust.h: whose seals a node believes. The hub's own log: the key it used first, over the connection
 * that the join code vouches for (pinned), and keys its own log states since, each as far as it says; and
 * which link keys may answer for the hub, by the same log. Everybody else's: keys that the hub's log states.
 * Belongs to one loop's thread.
 */
#ifndef TANDEM_HUB_TRUST_H
#define TANDEM_HUB_TRUST_H

#include "core.h"
#include "keyring.h"

typedef struct tdm_hub_trust {
    tdm_core *core; /* borrowed */
    tdm_id hub;
    tdm_keyring *keyring;
    uint64_t keys_at; /* position of the hub's newest event the keyring has been read for */
    bool has_pin;
    uint8_t pin[32];
    bool pin_wanted; /* remember it durably */
} tdm_hub_trust;

tdm_code tdm_hub_trust_open(tdm_hub_trust *trust, tdm_core *core, tdm_err *err);
void tdm_hub_trust_close(tdm_hub_trust *trust); /* of a zeroed one, too */
/* From now on this hub. */
void tdm_hub_trust_begin(tdm_hub_trust *trust, const tdm_id *hub);
/* Read the keys again if the hub's log grew and the figures have passed what it grew by. */
void tdm_hub_trust_refresh(tdm_hub_trust *trust);
bool tdm_hub_trust_may_seal(tdm_hub_trust *trust, const tdm_id *origin, const uint8_t key[32], uint64_t last);
/* The hub's link key to dial: the known one at first (tried NULL), and after `tried` failed the next that its
 * log states as active, in turn. False: all are revoked. out: 32 bytes; may be tried. */
bool tdm_hub_trust_link_key(const tdm_hub_trust *trust, const uint8_t known[32], const uint8_t *tried,
                            uint8_t out[32]);
bool tdm_hub_trust_may_answer(const tdm_hub_trust *trust, const uint8_t key[32]); /* not revoked by its log */
/* Keep a pin that was just made. Blocks for a commit: not from within a link machine. */
void tdm_hub_trust_keep(tdm_hub_trust *trust);

#endif
