/* SPDX-License-Identifier: MPL-2.0
 *
 * zap.h: who may connect. An actor of our own behind inproc://zeromq.zap.01 (RFC 27): it answers CURVE only,
 * from a table of keys in memory; everything else is denied and counted. It is bound before any listener and
 * ends after all of them.
 */
#ifndef TANDEM_ZAP_H
#define TANDEM_ZAP_H

#include "tandem/base.h"

typedef struct tdm_zap tdm_zap;
typedef enum tdm_admission { TDM_ADMIT_NONE, TDM_ADMIT_PEER, TDM_ADMIT_ENROL } tdm_admission;
#define TDM_ZAP_DOMAIN "tandem"

/* Returns when bound. now: wall clock for expiry, given by the caller so that tests can turn it.
 * TDM_BUSY: the context has a handler already. */
tdm_code tdm_zap_start(tdm_zap **out, void *zmq_context, int64_t (*now_ms)(void), tdm_err *err);
/* Returns when the thread is gone. NULL-safe. No signal ends it: only this. */
void tdm_zap_stop(tdm_zap **zap);
/* Any thread. origin: whose key it is (ENROL: zero, may be NULL). expires_ms 0: never. Replaces what was said
 * of the key. TDM_ADMIT_NONE is the same as remove. TDM_FULL: no memory; nothing changed. */
tdm_code tdm_zap_admit(tdm_zap *zap, const uint8_t key[32], tdm_admission admission, const tdm_id *origin,
                       int64_t expires_ms);
/* From now on every key is admitted, as a peer's, but those that were removed. For a hub that has to take its
 * log back before it can know anybody (recovery_hub.c). Any thread. */
void tdm_zap_admit_all(tdm_zap *zap);
/* Any thread. Acts at the next message of a live connection, too: see find. The key is remembered, so that
 * later tries are counted as revoked (a peer's) or used (a one-time key's) and not as unknown. */
void tdm_zap_remove(tdm_zap *zap, const uint8_t key[32]);
/* What the table says of a key now; checked for every message received. origin may be NULL. */
tdm_admission tdm_zap_find(tdm_zap *zap, const uint8_t key[32], tdm_id *origin);

struct tdm_metrics;
/* From now on refusals are counted in zap_denied_total as well. metrics is borrowed until stop. Any thread.
 */
void tdm_zap_count(tdm_zap *zap, struct tdm_metrics *metrics);
/* Refusals since the start, of any reason. Any thread. */
uint64_t tdm_zap_denied(const tdm_zap *zap);

#endif
