/* SPDX-License-Identifier: MPL-2.0
 *
 * key_facts.h: the hub states which keys an origin holds: active from now on, or revoked. What is stated so
 * already is not stated again.
 */
#ifndef TANDEM_KEY_FACTS_H
#define TANDEM_KEY_FACTS_H

#include "core.h"
#include "statement.h"

typedef struct tdm_key_facts {
    tdm_held held; /* the hub's facts about this origin */
    tdm_buf subject;
    tdm_id origin;
    tdm_date today;
    tdm_fold *fold; /* borrowed until free */
    tdm_drafts *drafts;
} tdm_key_facts;

/* drafts: borrowed, grow. The fold is the hub's own. */
tdm_code tdm_key_facts_open(tdm_key_facts *facts, tdm_core *core, tdm_fold *fold, const tdm_id *origin,
                            tdm_date today, tdm_drafts *drafts, tdm_err *err);
void tdm_key_facts_free(tdm_key_facts *facts);
/* purpose: TDM_PURPOSE_IS_*. last: of a revoked seal key, what it sealed up to there stays valid; 0: nothing
 * does. */
tdm_code tdm_key_facts_want(tdm_key_facts *facts, uint32_t purpose, const uint8_t key[32], bool active,
                            uint64_t last, tdm_err *err);
/* Every active key but the two: NULL for none. *count grows by what is revoked. */
tdm_code tdm_key_facts_revoke(tdm_key_facts *facts, const uint8_t *seal, const uint8_t *link, uint64_t last,
                              size_t *count, tdm_err *err);
/* How far the longest log of this origin that is held goes; 0: none is. */
uint64_t tdm_key_facts_held(tdm_core *core, const tdm_id *origin);

#endif
