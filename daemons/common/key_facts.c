/* SPDX-License-Identifier: MPL-2.0
 *
 * key_facts.c: one fact a key, named by origin and key.
 */
#include "key_facts.h"

#include "filing.h"

#include <stdlib.h>
#include <string.h>

tdm_code tdm_key_facts_open(tdm_key_facts *facts, tdm_core *core, tdm_fold *fold, const tdm_id *origin,
                            tdm_date today, tdm_drafts *drafts, tdm_err *err)
{
    *facts = (tdm_key_facts){ .origin = *origin, .today = today, .fold = fold, .drafts = drafts };
    tdm_subject_origin(&facts->subject, origin);
    return tdm_held_load(&facts->held, fold, tdm_core_origin(core), tdm_buf_span(&facts->subject), err);
}

void tdm_key_facts_free(tdm_key_facts *facts)
{
    tdm_held_free(&facts->held);
    tdm_buf_free(&facts->subject);
}

tdm_code tdm_key_facts_want(tdm_key_facts *facts, uint32_t purpose, const uint8_t key[32], bool active,
                            uint64_t last, tdm_err *err)
{
    tdm_record record;
    tdm_buf subject = { 0 };
    bool did = false;
    tdm_record_init(&record, TDM_TYPE_KEY);
    tdm_record_set_bytes(&record, TDM_KEY_ORIGIN, (tdm_span){ facts->origin.bytes, TDM_ID_BYTES });
    tdm_record_set_number(&record, TDM_KEY_PURPOSE, purpose);
    tdm_record_set_bytes(&record, TDM_KEY_PUBLIC_KEY, (tdm_span){ key, 32 });
    tdm_record_set_number(&record, TDM_KEY_STATE, active ? TDM_KEYSTATE_IS_ACTIVE : TDM_KEYSTATE_IS_REVOKED);
    if (!active && purpose == TDM_PURPOSE_IS_SEAL && last > 0)
        tdm_record_set_number(&record, TDM_KEY_LAST, (int64_t)last);
    tdm_id fact = tdm_filing_place(&record, &subject);
    tdm_code code = tdm_fact_want(&facts->held, tdm_buf_span(&subject), &fact, facts->today,
                                  TDM_AUTHOR_IS_OPERATOR, &record, facts->drafts, &did, err);
    tdm_buf_free(&subject);
    return code;
}

typedef struct revocation {
    tdm_key_facts *facts;
    const uint8_t *seal;
    const uint8_t *link;
    uint64_t last;
    size_t *count;
} revocation;

static bool stays(const revocation *r, const tdm_key_fact *key)
{
    const uint8_t *kept = key->purpose == TDM_PURPOSE_IS_SEAL ? r->seal : r->link;
    return !key->active || !tdm_id_equal(&key->origin, &r->facts->origin)
           || (kept != NULL && memcmp(kept, key->key, 32) == 0);
}

static tdm_code revoke_one(void *context, const tdm_key_fact *key, tdm_err *err)
{
    const revocation *r = context;
    if (stays(r, key))
        return TDM_OK;
    ++*r->count;
    return tdm_key_facts_want(r->facts, key->purpose, key->key, false, r->last, err);
}

tdm_code tdm_key_facts_revoke(tdm_key_facts *facts, const uint8_t *seal, const uint8_t *link, uint64_t last,
                              size_t *count, tdm_err *err)
{
    revocation r = { facts, seal, link, last, count };
    return tdm_fold_keys(facts->fold, revoke_one, &r, err);
}

uint64_t tdm_key_facts_held(tdm_core *core, const tdm_id *origin)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    uint64_t last = 0;
    if (tdm_ledger_tips(tdm_core_ledger(core), &tips, &count, NULL) == TDM_OK)
        for (size_t i = 0; i < count; i++)
            if (tdm_id_equal(&tips[i].origin, origin) && tips[i].last > last)
                last = tips[i].last;
    free(tips);
    return last;
}
