/* SPDX-License-Identifier: MPL-2.0
 *
 * hub_trust.c: the pin is local state, the keys come from the figures.
 */
#include "hub_trust.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>

static const char PIN_NAME[] = "membership/seal";

tdm_code tdm_hub_trust_open(tdm_hub_trust *trust, tdm_core *core, tdm_err *err)
{
    *trust = (tdm_hub_trust){ .core = core };
    return tdm_keyring_new(&trust->keyring, err);
}

void tdm_hub_trust_close(tdm_hub_trust *trust)
{
    tdm_keyring_destroy(&trust->keyring);
}

static void read_pin(tdm_hub_trust *trust)
{
    tdm_buf pin = { 0 };
    trust->has_pin = tdm_core_local_get(trust->core, PIN_NAME, &pin, NULL) == TDM_OK && pin.len == 32;
    if (trust->has_pin)
        memcpy(trust->pin, pin.data, 32);
    tdm_buf_free(&pin);
}

void tdm_hub_trust_begin(tdm_hub_trust *trust, const tdm_id *hub)
{
    trust->hub = *hub;
    trust->keys_at = 0;
    tdm_hub_trust_refresh(trust);
    read_pin(trust);
}

/* Where the hub's newest event stands in the ledger: all its incarnations. */
static uint64_t hub_position(const tdm_hub_trust *trust)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    uint64_t last = 0;
    if (tdm_ledger_tips(tdm_core_ledger(trust->core), &tips, &count, NULL) == TDM_OK)
        for (size_t i = 0; i < count; i++)
            if (tdm_id_equal(&tips[i].origin, &trust->hub) && tips[i].last_position > last)
                last = tips[i].last_position;
    free(tips);
    return last;
}

/* Once the figures have passed what the hub's log grew by: what is read then is the newest. */
void tdm_hub_trust_refresh(tdm_hub_trust *trust)
{
    tdm_err err;
    uint64_t position = hub_position(trust);
    if (position == trust->keys_at || tdm_core_folded(trust->core) < position)
        return;
    tdm_fold *fold = tdm_core_fold(trust->core);
    if (tdm_keyring_load(trust->keyring, fold, &err) == TDM_OK)
        trust->keys_at = position;
    else
        tdm_log_failure(TDM_LOG_ERROR, "KEYS-UNREADABLE", &err);
    tdm_core_fold_release(trust->core, fold);
}

/* What the log says of a key goes before what was seen first: the pinned one may be over. */
bool tdm_hub_trust_may_seal(tdm_hub_trust *trust, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    if (!tdm_id_equal(origin, &trust->hub)
        || tdm_keyring_find(trust->keyring, origin, TDM_PURPOSE_IS_SEAL, key) != NULL)
        return tdm_keyring_may_seal(trust->keyring, origin, key, last);
    if (!trust->has_pin) {
        memcpy(trust->pin, key, 32);
        trust->has_pin = true;
        trust->pin_wanted = true;
    }
    return memcmp(trust->pin, key, 32) == 0;
}

/* ---- the key that answers */

#define LINK_KEYS_MAX 8 /* one, and two while they are turned over */

bool tdm_hub_trust_may_answer(const tdm_hub_trust *trust, const uint8_t key[32])
{
    const tdm_key_fact *found = tdm_keyring_find(trust->keyring, &trust->hub, TDM_PURPOSE_IS_LINK, key);
    return found == NULL || found->active;
}

static bool is_stated(const tdm_hub_trust *trust, const tdm_key_fact *key)
{
    return key->purpose == TDM_PURPOSE_IS_LINK && key->active && tdm_id_equal(&key->origin, &trust->hub);
}

/* The known one, then what the log states beside it. */
static size_t link_keys(const tdm_hub_trust *trust, const uint8_t known[32],
                        const uint8_t *out[LINK_KEYS_MAX])
{
    size_t stated;
    size_t count = 0;
    const tdm_key_fact *keys = tdm_keyring_keys(trust->keyring, &stated);
    if (tdm_hub_trust_may_answer(trust, known))
        out[count++] = known;
    for (size_t i = 0; i < stated && count < LINK_KEYS_MAX; i++)
        if (is_stated(trust, &keys[i]) && memcmp(keys[i].key, known, 32) != 0)
            out[count++] = keys[i].key;
    return count;
}

bool tdm_hub_trust_link_key(const tdm_hub_trust *trust, const uint8_t known[32], const uint8_t *tried,
                            uint8_t out[32])
{
    const uint8_t *keys[LINK_KEYS_MAX];
    size_t count = link_keys(trust, known, keys);
    size_t at = 0;
    for (size_t i = 0; i < count && tried != NULL; i++)
        if (memcmp(keys[i], tried, 32) == 0)
            at = (i + 1) % count;
    if (count > 0)
        memmove(out, keys[at], 32);
    return count > 0;
}

void tdm_hub_trust_keep(tdm_hub_trust *trust)
{
    tdm_err err;
    if (!trust->pin_wanted)
        return;
    trust->pin_wanted = false;
    if (tdm_core_local_put(trust->core, PIN_NAME, (tdm_span){ trust->pin, 32 }, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "PIN-FAILED", &err);
}
