/* SPDX-License-Identifier: MPL-2.0
 *
 * views_check.c: are the views of one's own version, and whole?
 */
#include "fold_inner.h"

static void count_fault(void *context, uint64_t page, const char *what)
{
    (void)page;
    (void)what;
    ++*(uint64_t *)context;
}

static tdm_code check_pages(tdm_kv *views, tdm_err *err)
{
    uint64_t faults = 0;
    tdm_code code = tdm_kv_check(views, count_fault, &faults, err);
    return code == TDM_OK && faults > 0
               ? tdm_fail(err, TDM_CORRUPT, 0, "views: %llu faults in the pages of their file",
                          (unsigned long long)faults)
               : code;
}

static tdm_code see_row(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    (void)context;
    (void)key;
    (void)value;
    (void)check;
    (void)err;
    return TDM_OK;
}

/* Pages first: rows are found by them. */
tdm_code tdm_views_check(tdm_kv *views, bool whole, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_code code = tdm_kv_begin(views, TDM_KV_READ_ONLY, &txn, err);
    if (code != TDM_OK)
        return code;
    code = tdm_state_check_version(txn, err);
    if (code == TDM_OK && whole)
        code = check_pages(views, err);
    for (size_t table = 0; table < TDM_VIEWS_TABLE_COUNT && code == TDM_OK && whole; table++)
        code = tdm_views_each(txn, (enum tdm_views_table)table, (tdm_span){ NULL, 0 }, see_row, NULL, err);
    tdm_kv_abort(&txn);
    return code;
}
