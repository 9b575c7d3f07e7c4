/* SPDX-License-Identifier: MPL-2.0
 *
 * zap_table.h: link keys and what they may do; private to the ZAP actor.
 *
 * Every function takes the table's own lock for a bounded time: handshakes ask from the actor's thread, links
 * ask for each message, the registry changes it.
 */
#ifndef TANDEM_ZAP_TABLE_H
#define TANDEM_ZAP_TABLE_H

#include "zap.h"

#define TDM_KEY_BYTES 32

/* X(symbol, word): words are the label values of zap_denied_total. */
#define TDM_ZAP_REASONS(X)                                                                                   \
    X(UNKNOWN, "unknown_key")                                                                                \
    X(REVOKED, "revoked")                                                                                    \
    X(EXPIRED, "expired_code")                                                                               \
    X(USED, "used_code")                                                                                     \
    X(MALFORMED, "malformed")                                                                                \
    X(OTHER, "other")
typedef enum tdm_zap_reason {
#define X(symbol, word) TDM_ZAP_##symbol,
    TDM_ZAP_REASONS(X)
#undef X
        TDM_ZAP_REASON_COUNT
} tdm_zap_reason;

typedef struct tdm_zap_table tdm_zap_table;

tdm_code tdm_zap_table_new(tdm_zap_table **out, tdm_err *err);
void tdm_zap_table_destroy(tdm_zap_table **table);
tdm_code tdm_zap_table_put(tdm_zap_table *table, const uint8_t key[TDM_KEY_BYTES], tdm_admission admission,
                           const tdm_id *origin, int64_t expires_ms);
void tdm_zap_table_remove(tdm_zap_table *table, const uint8_t key[TDM_KEY_BYTES]);
/* What a key may do at now_ms; *reason (may be NULL) is set if that is nothing. */
tdm_admission tdm_zap_table_judge(tdm_zap_table *table, const uint8_t key[TDM_KEY_BYTES], int64_t now_ms,
                                  tdm_id *origin, tdm_zap_reason *reason);

#endif
