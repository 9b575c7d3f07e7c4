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
/* May this key seal for this origin up to `last`? */
bool tdm_keyring_may_seal(const tdm_keyring *keyring, const tdm_id *origin, const uint8_t key[32],
                          uint64_t last);
/* All keys, ordered by (origin, key). Borrowed until the next load. */
const tdm_key_fact *tdm_keyring_keys(const tdm_keyring *keyring, size_t *count);

#endif
