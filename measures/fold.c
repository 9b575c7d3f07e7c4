/* SPDX-License-Identifier: MPL-2.0
 *
 * fold.c: the engine opened, over views or in memory, and closed.
 */
#include "fold_inner.h"
#include "measure_inner.h"

#include <stdlib.h>

static const size_t CACHE_BYTES = (size_t)256 << 20;

/* ---- open and close ---- */

static tdm_code load_incarnation(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    tdm_fold *fold = context;
    if (key.len != TDM_ID_BYTES + 8 || value.len != 4)
        return tdm_fail(err, TDM_CORRUPT, 0, "views: an incarnation is damaged");
    tdm_id origin;
    memcpy(origin.bytes, key.data, TDM_ID_BYTES);
    tdm_incarnation *known =
        tdm_lineage_incarnation(&fold->lineage, &origin, tdm_get_be(key.data + TDM_ID_BYTES, 8));
    known->generation = (uint32_t)tdm_get_be(value.data, 4);
    known->unsaved = false;
    known->check = check;
    return TDM_OK;
}

static tdm_code load_cell(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    return tdm_cells_load(&((tdm_fold *)context)->cells, key, value, check, err);
}

static tdm_code load_table_cell(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    return tdm_tables_load(&((tdm_fold *)context)->tables, key, value, check, err);
}

/* ---- ranges: what is read from the views as a whole ---- */

typedef struct range_load {
    tdm_fold *fold;
    tdm_views_visit *take;
    uint64_t sum;
} range_load;

static tdm_code load_row(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    range_load *load = context;
    load->sum += check;
    return load->take(load->fold, key, value, check, err);
}

static tdm_code load_range(tdm_fold *fold, enum tdm_views_table table, tdm_span prefix, tdm_views_visit *take,
                           tdm_err *err)
{
    range_load load = { .fold = fold, .take = take };
    tdm_kv_txn *txn;
    tdm_code code = tdm_shelf_reader(&fold->shelf, &txn, err);
    if (code != TDM_OK || txn == NULL)
        return code;
    code = tdm_views_each(txn, table, prefix, load_row, &load, err);
    if (code == TDM_OK && load.sum != tdm_views_sum_of(&fold->shelf.sums, tdm_views_range(table, prefix)))
        code = tdm_fail(err, TDM_CORRUPT, 0, "views: rows of %s are missing or old ones",
                        TDM_VIEWS_TABLES[table]);
    return code;
}

/* Every range of one table. */
static tdm_code load_ranges(tdm_fold *fold, enum tdm_views_table table, tdm_views_visit *take, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < fold->shelf.sums.count && code == TDM_OK; i++) {
        uint32_t range = fold->shelf.sums.items[i].range;
        const uint8_t prefix[2] = { (uint8_t)(range >> 8), (uint8_t)range };
        if (range >> 16 == (uint32_t)table)
            code = load_range(fold, table, (tdm_span){ prefix, sizeof prefix }, take, err);
    }
    return code;
}

/* What a fold that follows has in memory, and one at rest reads when it is asked. */
static tdm_code load_all(tdm_fold *fold, tdm_err *err)
{
    tdm_code code = load_ranges(fold, TDM_VIEWS_CELLS, load_cell, err);
    if (code == TDM_OK)
        code = load_ranges(fold, TDM_VIEWS_TABLES_CELLS, load_table_cell, err);
    if (code == TDM_OK)
        code = tdm_feeds_load(fold, err);
    if (code == TDM_OK && fold->options.has_authority)
        code = tdm_tides_close(fold, fold->registry, err);
    return code;
}

tdm_code tdm_fold_need(tdm_fold *fold, enum tdm_views_table table, tdm_span range, tdm_err *err)
{
    tdm_views_sum *sum = tdm_views_sum_find(&fold->shelf.sums, tdm_views_range(table, range));
    if (!fold->shelf.reads || sum == NULL || sum->read)
        return TDM_OK;
    sum->read = true;
    return load_range(fold, table, range, table == TDM_VIEWS_CELLS ? load_cell : load_table_cell, err);
}

static tdm_code load(tdm_fold *fold, tdm_err *err)
{
    tdm_code code = tdm_state_load(fold, err);
    if (code == TDM_OK)
        code = load_range(fold, TDM_VIEWS_INCARNATIONS, (tdm_span){ NULL, 0 }, load_incarnation, err);
    if (code == TDM_OK)
        code = tdm_shelf_load_residents(&fold->shelf, err);
    if (code == TDM_OK && fold->options.has_authority)
        tdm_registry_read(fold->registry, &fold->lineage, &fold->options.authority, fold->shelf.residents,
                          fold->shelf.resident_count);
    fold->tides.changed = true; /* nothing to take over from */
    if (code == TDM_OK && !fold->options.at_rest)
        code = load_all(fold, err);
    tdm_shelf_end(&fold->shelf);
    return code;
}

/* Recursive: a visitor may ask the registry about what it is shown. */
static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

tdm_code tdm_fold_open(tdm_fold **out, tdm_kv **kv, const tdm_fold_options *options, tdm_err *err)
{
    tdm_fold *fold = tdm_memory_new(sizeof *fold);
    tdm_kv *taken = kv == NULL ? NULL : *kv;
    if (kv != NULL)
        *kv = NULL;
    fold->options = *options;
    if (!options->has_authority)
        fold->options.authority = (tdm_id){ { 0 } };
    if (fold->options.cache_bytes == 0)
        fold->options.cache_bytes = CACHE_BYTES;
    init_lock(&fold->lock);
    tdm_shelf_init(&fold->shelf, taken);
    fold->shelf.reads = options->at_rest;
    fold->shelf.lent = options->lender != NULL;
    fold->shelf.trusted =
        options->lender != NULL && (!options->lender->shelf.reads || options->lender->shelf.trusted);
    tdm_lineage_init(&fold->lineage);
    tdm_cells_init(&fold->cells);
    tdm_tables_init(&fold->tables);
    tdm_naming_init(fold);
    tdm_feeds_init(fold);
    fold->batch = 1; /* dossiers begin with 0: touched by no batch */
    fold->registry = tdm_registry_new(!options->has_authority);
    tdm_code code = load(fold, err);
    if (code != TDM_OK)
        tdm_fold_close(&fold);
    *out = fold;
    return code;
}

void tdm_fold_close(tdm_fold **handle)
{
    tdm_fold *fold = *handle;
    if (fold == NULL)
        return;
    *handle = NULL;
    tdm_naming_free(fold);
    tdm_feeds_free(fold);
    tdm_shelf_close(&fold->shelf);
    tdm_lineage_free(&fold->lineage);
    tdm_registry_free(fold->registry);
    tdm_cells_free(&fold->cells);
    tdm_tables_free(&fold->tables);
    free(fold->displaced);
    free(fold->tides.items);
    tdm_arena_free(&fold->tides.arena);
    free(fold->touched);
    tdm_subjects_free(&fold->work);
    tdm_arena_free(&fold->work_arena);
    tdm_buf_free(&fold->cursor);
    tdm_unit_view_free(&fold->view);
    tdm_contribution_free(&fold->contribution);
    tdm_tally_free(&fold->tally);
    free(fold->countable.codes);
    tdm_buf_free(&fold->encoded);
    tdm_buf_free(&fold->payload);
    tdm_subjects_free(&fold->class);
    free(fold->members);
    pthread_mutex_destroy(&fold->lock);
    free(fold);
}

uint64_t tdm_fold_position(const tdm_fold *fold)
{
    return __atomic_load_n(&fold->position, __ATOMIC_ACQUIRE);
}

bool tdm_fold_has_views(const tdm_fold *fold)
{
    return fold->shelf.kv != NULL;
}

uint64_t tdm_fold_checkpointed(const tdm_fold *fold)
{
    return __atomic_load_n(&fold->checkpointed, __ATOMIC_ACQUIRE);
}
