/* SPDX-License-Identifier: MPL-2.0
 *
 * admin_ceiling.c: the least that reading a log can cost: LMDB's own cursor over the events, each scanned and
 * read by the project's scanner, 20 counters; no checksum, no chain, no dossiers.
 */
#include "admin_bench.h"

#include "tandem/pack.h"

#include <lmdb.h>
#include <stdio.h>

#define GROUPINGS 10
#define GROUPS 4096
#define ROW_HEAD 13 /* checksum, flags and received time before an event's bytes */

static uint64_t cells[GROUPINGS][GROUPS][2];

static bool count_event(tdm_span bytes)
{
    static const tdm_scan_limits LIMITS = { TDM_EVENT_MAX, TDM_SCAN_DEPTH_MAX, TDM_EVENT_MAX };
    tdm_event event;
    if (tdm_scan(bytes, &LIMITS, NULL) != TDM_OK || tdm_event_peek(bytes, &event, NULL) != TDM_OK)
        return false;
    tdm_cursor payload = tdm_cursor_over(event.payload);
    uint64_t values[5] = { event.subject.len, event.type, event.origin.bytes[0], 0, 0 };
    uint32_t pairs = tdm_cursor_map(&payload);
    for (uint32_t i = 0; i < pairs; i++) {
        uint64_t field = tdm_cursor_uint(&payload);
        tdm_cursor inner = tdm_cursor_over(tdm_cursor_skip(&payload));
        if (field >= 2 && field <= 4)
            values[field] = (uint64_t)tdm_cursor_int(&inner);
    }
    for (size_t g = 0; g < GROUPINGS; g++) {
        uint64_t *cell = cells[g][(values[g % 5] + values[(g * 3 + 1) % 5] * 31) % GROUPS];
        cell[0]++;
        cell[1] += values[3];
    }
    return true;
}

int admin_ceiling(void *folder)
{
    char path[BENCH_PATH + 16];
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi events;
    MDB_cursor *cursor = NULL;
    MDB_val key, row;
    snprintf(path, sizeof path, "%s/ledger", (const char *)folder);
    if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 16) != 0
        || mdb_env_open(env, path, MDB_RDONLY, 0600) != 0 || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0
        || mdb_dbi_open(txn, "events", 0, &events) != 0 || mdb_cursor_open(txn, events, &cursor) != 0)
        return 1;
    int rc;
    while ((rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT)) == 0)
        if (row.mv_size < ROW_HEAD
            || !count_event((tdm_span){ (const uint8_t *)row.mv_data + ROW_HEAD, row.mv_size - ROW_HEAD }))
            return 1;
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return rc == MDB_NOTFOUND ? 0 : 1;
}
