/* SPDX-License-Identifier: MPL-2.0
 *
 * keyring.h: the keys the authority states, read off the fold into memory, so that a frame is judged without
 * asking the fold. Used by one loop thread; reload when the authority's log grew and the fold has passed it.
 */
#ifndef TANDEM_KEYRING_H
#define TANDEM_KEYRING_H

#include "tandem/fold.h"

typedef struct tdm_keyring tdm_keyring;

tdm_code tdm_keyring_new(tdm_keyring **out, tdm_err *err);
void tdm_keyring_destroy(tdm_keyring **keyring);
/* Read all keys anew. On failure the old ones stay. */
tdm_code tdm_keyring_load(tdm_keyring *keyring, tdm_fold *fold, tdm_err *err);
/* May this key seal for this origin up to `last`? A revoked key only where its last sequence was stated, and
 * up to that: what it sealed before stays proven. */
bool tdm_keyring_may_seal(const tdm_keyring *keyring, const tdm_id *origin, const uint8_t key[32],
                          uint64_t last);
/* What is stated of one key; NULL if nothing. Borrowed until the next load. */
const tdm_key_fact *tdm_keyring_find(const tdm_keyring *keyring, const tdm_id *origin, uint32_t purpose,
                                     const uint8_t key[32]);
/* Is any key stated of this origin? */
bool tdm_keyring_knows(const tdm_keyring *keyring, const tdm_id *origin);
/* All keys, ordered by (origin, purpose, key). Borrowed until the next load. */
const tdm_key_fact *tdm_keyring_keys(const tdm_keyring *keyring, size_t *count);

#endif
