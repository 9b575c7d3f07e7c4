/* SPDX-License-Identifier: MPL-2.0
 *
 * fold_save.c: checkpoints: what changed, into the views.
 */
#include "fold_inner.h"

/* Two bounds: the dossiers themselves, and with them the pages that writing them will hold in memory: units
 * come in no order, and two changed ones share a page of 4,096 bytes at this density. The more changes a
 * checkpoint gathers, the fewer pages are written in all. */
bool tdm_fold_needs_checkpoint(const tdm_fold *fold)
{
    enum { PAGE_SHARE = 2048 };
    const tdm_shelf *shelf = &fold->shelf;
    size_t held = shelf->bytes - shelf->kept_bytes;
    size_t bound = fold->options.cache_bytes;
    return shelf->kv != NULL && (held > bound || held + shelf->dirty_count * PAGE_SHARE > bound / 2 * 5);
}

/* Put one row in place of the one there, or delete it; returns its check. */
static uint64_t save_row(tdm_fold *fold, tdm_kv_txn *txn, enum tdm_views_table table, tdm_span key,
                         tdm_buf *value, uint64_t before)
{
    uint64_t check = 0;
    if (value == NULL) {
        tdm_kv_del(txn, table, key);
    } else {
        check = tdm_views_seal(table, key, value);
        TDM_ASSERT(!value->failed);
        tdm_kv_put(txn, table, key, tdm_buf_span(value));
    }
    tdm_views_count(&fold->shelf.sums, tdm_views_range(table, key), before, check);
    return check;
}

static void save_cells(tdm_fold *fold, tdm_kv_txn *txn)
{
    tdm_buf value = { 0 };
    for (size_t i = 0; i < fold->cells.dirty_count; i++) {
        tdm_cell *cell = fold->cells.dirty[i];
        uint8_t bytes[TDM_CELL_KEY_MAX];
        tdm_span key = { bytes, tdm_cell_key(cell, bytes) };
        tdm_buf_clear(&value);
        tdm_cell_encode(cell, &value);
        cell->check =
            save_row(fold, txn, TDM_VIEWS_CELLS, key, tdm_cell_is_zero(cell) ? NULL : &value, cell->check);
    }
    tdm_buf_free(&value);
}

static void save_tables(tdm_fold *fold, tdm_kv_txn *txn)
{
    tdm_buf value = { 0 };
    for (size_t i = 0; i < fold->tables.dirty_count; i++) {
        tdm_table_slot *slot = fold->tables.dirty[i];
        tdm_span key = { slot->key, slot->key_len };
        tdm_buf_clear(&value);
        tdm_table_slot_encode(slot, &value);
        slot->check = save_row(fold, txn, TDM_VIEWS_TABLES_CELLS, key,
                               tdm_table_slot_is_zero(slot) ? NULL : &value, slot->check);
    }
    tdm_buf_free(&value);
}

static void save_incarnations(tdm_fold *fold, tdm_kv_txn *txn)
{
    size_t at = 0;
    tdm_buf value = { 0 };
    for (tdm_incarnation *known = tdm_map_next(&fold->lineage.incarnations, &at); known != NULL;
         known = tdm_map_next(&fold->lineage.incarnations, &at)) {
        uint8_t bytes[4];
        if (!known->unsaved)
            continue;
        tdm_put_be(bytes, known->generation, sizeof bytes);
        tdm_buf_clear(&value);
        tdm_buf_add(&value, bytes, sizeof bytes);
        known->check = save_row(fold, txn, TDM_VIEWS_INCARNATIONS,
                                (tdm_span){ known->key, sizeof known->key }, &value, known->check);
    }
    tdm_buf_free(&value);
}

static tdm_code save(tdm_fold *fold, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_code code = tdm_kv_begin(fold->shelf.kv, TDM_KV_READ_WRITE, &txn, err);
    if (code != TDM_OK)
        return code;
    tdm_shelf_save(&fold->shelf, txn);
    tdm_naming_save(fold, txn);
    tdm_feeds_save(fold, txn);
    tdm_tides_save(fold, txn);
    tdm_displaced_save(fold, txn);
    save_cells(fold, txn);
    save_tables(fold, txn);
    save_incarnations(fold, txn);
    tdm_state_save(fold, txn);
    return tdm_kv_commit(&txn, err);
}

static void mark_saved(tdm_fold *fold)
{
    size_t at = 0;
    for (tdm_incarnation *known = tdm_map_next(&fold->lineage.incarnations, &at); known != NULL;
         known = tdm_map_next(&fold->lineage.incarnations, &at))
        known->unsaved = false;
    tdm_naming_saved(fold);
    tdm_feeds_saved(fold);
    tdm_tides_saved(fold);
    fold->displaced_count = 0;
    tdm_cells_saved(&fold->cells);
    tdm_tables_saved(&fold->tables);
    tdm_shelf_saved(&fold->shelf, fold->options.cache_bytes);
    __atomic_store_n(&fold->checkpointed, fold->position, __ATOMIC_RELEASE);
}

tdm_code tdm_fold_checkpoint(tdm_fold *fold, tdm_err *err)
{
    enum { TRIES = 12 };
    TDM_ASSERT(fold->touched_count == 0); /* the position saved covers them */
    if (fold->shelf.kv == NULL)
        return TDM_OK;
    tdm_code code = TDM_FULL;
    uint64_t map_before = 0;
    /* The map grows between transactions: a full one is worth another try while it does. */
    for (int i = 0; i < TRIES && code == TDM_FULL; i++) {
        tdm_kv_stats stats;
        code = save(fold, err);
        if (code != TDM_FULL || tdm_kv_stat(fold->shelf.kv, &stats, err) != TDM_OK
            || stats.map_bytes == map_before)
            break;
        map_before = stats.map_bytes;
    }
    if (code != TDM_OK)
        return code;
    tdm_fold_lock(fold);
    mark_saved(fold);
    tdm_fold_unlock(fold);
    return TDM_OK;
}
