/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_private.h: what the ledger's files share. Functions here work inside a transaction given to them and
 * check the checksum of every row they hand out.
 */
#ifndef TANDEM_STORE_LEDGER_PRIVATE_H
#define TANDEM_STORE_LEDGER_PRIVATE_H

#include "kv_backend.h"
#include "ledger_rows.h"

struct tdm_ledger {
    tdm_kv *kv;
    tdm_id store_id;
};

struct tdm_ledger_txn {
    tdm_kv_txn *kv;
    uint64_t next_position;
};

/* TDM_NOT_FOUND, TDM_CORRUPT. On TDM_NOT_FOUND *out is zero but for its name. */
tdm_code tdm_ledger_get_tip(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, tdm_tip *out,
                            tdm_err *err);
tdm_code tdm_ledger_get_last_position(tdm_kv_txn *txn, uint64_t *out, tdm_err *err);
/* The run that ends at last exactly. */
tdm_code tdm_ledger_get_run(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                            run_row *out, tdm_err *err);
tdm_code tdm_ledger_get_event(tdm_kv_txn *txn, uint64_t position, tdm_ledger_entry *out, tdm_err *err);
/* An event that the run's row promises: its absence is TDM_CORRUPT. */
tdm_code tdm_ledger_get_event_of_run(tdm_kv_txn *txn, const run_row *run, uint64_t sequence,
                                     tdm_ledger_entry *out, tdm_err *err);
/* The same of one after the other: `events` is a cursor that stands at the one before, unless it is the
 * first. */
tdm_code tdm_ledger_step_event_of_run(tdm_kv_cursor *events, const run_row *run, uint64_t sequence,
                                      tdm_ledger_entry *out, tdm_err *err);
/* A row that was found where `position` is expected. */
tdm_code tdm_ledger_read_event(tdm_span key, tdm_span row, uint64_t position, tdm_ledger_entry *out,
                               tdm_err *err);
tdm_code tdm_ledger_get_notice(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                               notice_row *out, tdm_err *err);

/* Cursors over one table: find and check the row at or after `sequence`, or the next one. TDM_END outside of
 * the incarnation. */
tdm_code tdm_ledger_seek_run(tdm_kv_cursor *cursor, const tdm_id *origin, uint64_t incarnation,
                             uint64_t sequence, run_row *out, tdm_err *err);
tdm_code tdm_ledger_next_run(tdm_kv_cursor *cursor, const tdm_id *origin, uint64_t incarnation, run_row *out,
                             tdm_err *err);
tdm_code tdm_ledger_seek_seal(tdm_kv_cursor *cursor, const tdm_id *origin, uint64_t incarnation,
                              uint64_t sequence, tdm_seal *out, tdm_err *err);
/* The run that holds a sequence: TDM_NOT_FOUND if none does. */
tdm_code tdm_ledger_find_run(tdm_kv_txn *txn, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                             run_row *out, tdm_err *err);

tdm_code tdm_ledger_row_is_damaged(tdm_err *err, const char *table, const tdm_id *origin,
                                   uint64_t incarnation, uint64_t sequence);

#endif
