/* SPDX-License-Identifier: MPL-2.0
 *
 * recovery_keys.c: whether the keys from the safe are those that the log which came back ends with.
 */
#include "recovery.h"

#include "hub_rotation.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

typedef struct own_keys {
    tdm_identity self;
    bool over; /* one of them is revoked */
} own_keys;

static tdm_code look(void *context, const tdm_key_fact *key, tdm_err *err)
{
    (void)err;
    own_keys *own = context;
    const uint8_t *held =
        key->purpose == TDM_PURPOSE_IS_SEAL ? own->self.seal.public_key : own->self.link_public;
    own->over =
        own->over
        || (!key->active && tdm_id_equal(&key->origin, &own->self.origin) && memcmp(key->key, held, 32) == 0);
    return TDM_OK;
}

static tdm_code check_over(tdm_core *core, own_keys *own, tdm_err *err)
{
    tdm_fold *fold = tdm_core_fold(core);
    tdm_code code = tdm_fold_keys(fold, look, own, err);
    tdm_core_fold_release(core, fold);
    if (code == TDM_OK && own->over)
        code =
            tdm_fail(err, TDM_DENIED, 0,
                     "the log says that these keys were turned over: take the identity that was saved after "
                     "that, and a new folder");
    return code;
}

/* Heads are a chain: one run that the present key sealed vouches for all before it, which older keys sealed.
 */
static bool vouches(tdm_core *core, const own_keys *own, const tdm_tip *tip, tdm_proof *proof)
{
    return tdm_id_equal(&tip->origin, &own->self.origin)
           && tdm_ledger_proof(tdm_core_ledger(core), &tip->origin, tip->incarnation, tip->last, proof, NULL)
                  == TDM_OK
           && memcmp(proof->seal.key, own->self.seal.public_key, 32) == 0;
}

static tdm_code check_vouched(tdm_core *core, const own_keys *own, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    bool vouched = false;
    tdm_proof *proof = malloc(sizeof *proof);
    tdm_code code = proof == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory for a proof")
                                  : tdm_ledger_tips(tdm_core_ledger(core), &tips, &count, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        vouched = vouched || vouches(core, own, &tips[i], proof);
    free(tips);
    free(proof);
    if (code == TDM_OK && !vouched)
        code =
            tdm_fail(err, TDM_CONFLICT, 0,
                     "what came of the log ends before the hub's keys were turned over, and older keys alone "
                     "prove nothing: run this again when other nodes are there; if none heard of the new "
                     "keys, take the identity saved before them, and a new folder");
    return code;
}

tdm_code tdm_recovery_check_keys(tdm_core *core, tdm_err *err)
{
    own_keys own = { .over = false };
    tdm_buf retired = { 0 };
    tdm_core_identity(core, &own.self);
    tdm_code code = tdm_hub_rotation_retired(core, &retired, err);
    if (code == TDM_OK)
        code = check_over(core, &own, err);
    if (code == TDM_OK && retired.len > 0)
        code = check_vouched(core, &own, err);
    tdm_buf_free(&retired);
    sodium_memzero(&own.self, sizeof own.self);
    return code;
}
