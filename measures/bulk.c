/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk.c: a whole ledger folded dossier by dossier. Along the ledger the dossiers come and go: where they do
 * not all fit in memory each is read, changed and written many times. Here the events are first put aside in
 * parts by subject; then each part is filed and judged by itself, on two threads, and written by a third,
 * once, in order of subject.
 *
 *   gather    events into their subject's part, each half of the ledger on a thread; what they tell by
 *             themselves is noted afterwards, in order of position
 *   registry  the dossiers it is made of, since all others are judged by it
 *   parts     one after another (bulk_part.c); what they contribute goes into the cells as they are written
 *   the end   classes of several dossiers, feeds, cells, tables, and the record that says what the views hold
 *
 * Whether a fact counts is judged over the set of facts, so the rows are the same as along the ledger.
 */
#include "bulk_inner.h"

#include <stdlib.h>

enum {
    FEEDS_MAX = 128,  /* parts of feeds: each has up to 64 KiB while they are put aside */
    TELL_EACH = 4096, /* events */
    WORKERS = 2,
    AHEAD = WORKERS + 1 /* parts folded or being folded, and not written */
};

tdm_code tdm_bulk_tell(tdm_bulk *b, uint64_t more, tdm_err *err)
{
    uint64_t before = b->done;
    b->done += more;
    if (before / TELL_EACH == b->done / TELL_EACH)
        return TDM_OK;
    return tdm_told_tell(b->options->told, b->done < 2 * b->last ? b->done / 2 : b->last, b->last, err);
}

/* ---- rows ---- */

/* The map grows between transactions: a full one is worth another try while it does. */
tdm_code tdm_bulk_commit(tdm_kv *kv, tdm_bulk_rows *save, void *context, tdm_err *err)
{
    enum { TRIES = 12 };
    tdm_code code = TDM_FULL;
    for (int i = 0; i < TRIES && code == TDM_FULL; i++) {
        tdm_kv_txn *txn = NULL;
        code = tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, err);
        if (code != TDM_OK)
            break;
        save(context, txn);
        code = tdm_kv_commit(&txn, err);
    }
    return code;
}

/* ---- registry ---- */

static void watch(const tdm_bulk *b, const tdm_dossier *dossier, const tdm_slot_parts *parts,
                  tdm_feed_change *out)
{
    const tdm_fold_options *options = &b->fold->options;
    *out = (tdm_feed_change){ .watched =
                                  b->timeline != NULL && tdm_id_equal(&parts->target, &options->authority) };
    out->had = out->watched && tdm_feed_read_represents(b->fold, dossier, &parts->fact, out);
}

static tdm_code file_registry(void *context, const tdm_aside *aside, tdm_err *err)
{
    tdm_bulk *b = context;
    tdm_event event;
    tdm_filed filed;
    tdm_feed_change before;
    tdm_feed_change now;
    (void)err;
    tdm_dossier *dossier = tdm_shelf_at_hand(&b->fold->shelf, aside->subject);
    if (dossier == NULL)
        return TDM_OK;
    tdm_aside_event(aside, &event);
    if (!tdm_fold_read_filing(b->fold, aside->position, &event, &filed))
        return TDM_OK;
    watch(b, dossier, &filed.parts, &before);
    size_t bytes = tdm_dossier_bytes(dossier);
    tdm_dossier_file(dossier, &filed.parts);
    tdm_shelf_changed(&b->fold->shelf, dossier, bytes);
    watch(b, dossier, &filed.parts, &now);
    if (before.had || now.had)
        tdm_timeline_add(b->timeline, aside->position, &before, &now);
    return TDM_OK;
}

static tdm_code file_registry_of(tdm_bulk *b, size_t part, tdm_err *err)
{
    tdm_buf room = { 0 };
    tdm_code code = tdm_asides_each(b->asides, HALVES, part, &room, file_registry, b, err);
    tdm_buf_free(&room);
    return code;
}

static tdm_code make_registry(tdm_bulk *b, tdm_err *err)
{
    tdm_fold *fold = b->fold;
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < b->parts && code == TDM_OK; i++)
        if (b->with_registry[i])
            code = file_registry_of(b, i, err);
    if (b->timeline != NULL)
        tdm_timeline_tell(b->timeline, fold);
    if (code != TDM_OK || !fold->options.has_authority)
        return code;
    tdm_registry *made = tdm_registry_new(false);
    tdm_registry_read(made, &fold->lineage, &fold->options.authority, fold->shelf.residents,
                      fold->shelf.resident_count);
    fold->tides.changed = true; /* nothing to take over from */
    code = tdm_tides_close(fold, made, err);
    tdm_registry_free(fold->registry);
    fold->registry = made;
    tdm_shelf_end(&fold->shelf); /* what is saved from now on is to be seen */
    return code;
}

/* ---- parts folded ---- */

/* Under the lock. */
static bool is_work_left(const tdm_bulk *b)
{
    return !b->stopping && (b->let_go < b->written || b->next < b->parts);
}

/* What was written is let go of, by a thread that makes such: memory goes back where it is wanted next. */
static void let_one_go(tdm_bulk *b)
{
    tdm_part *part = b->folded[b->let_go].part;
    b->folded[b->let_go++].part = NULL;
    pthread_mutex_unlock(&b->lock);
    tdm_part_close(&part);
    pthread_mutex_lock(&b->lock);
}

static void fold_one(tdm_bulk *b)
{
    size_t number = b->next++;
    pthread_mutex_unlock(&b->lock);
    tdm_folded result = { .part = tdm_part_open(b->fold), .done = true };
    result.err.code = tdm_part_fold(result.part, b->asides, number, &result.err);
    pthread_mutex_lock(&b->lock);
    b->folded[number] = result;
    pthread_cond_broadcast(&b->changed);
}

static void *fold_parts(void *context)
{
    tdm_bulk *b = context;
    pthread_mutex_lock(&b->lock);
    while (is_work_left(b)) {
        if (b->let_go < b->written)
            let_one_go(b);
        else if (b->next < b->written + AHEAD)
            fold_one(b);
        else
            pthread_cond_wait(&b->changed, &b->lock);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static tdm_code wait_for_part(tdm_bulk *b, size_t number, tdm_err *err)
{
    pthread_mutex_lock(&b->lock);
    while (!b->folded[number].done)
        pthread_cond_wait(&b->changed, &b->lock);
    pthread_mutex_unlock(&b->lock);
    if (b->folded[number].err.code != TDM_OK && err != NULL)
        *err = b->folded[number].err;
    return b->folded[number].err.code;
}

/* ---- parts written ---- */

/* The registry's dossiers are held already, filed without their feeds and not judged: they take over. */
static tdm_dossier *adopt(tdm_fold *fold, tdm_dossier *dossier)
{
    tdm_dossier *held = tdm_shelf_at_hand(&fold->shelf, tdm_dossier_subject(dossier));
    if (held == NULL)
        return dossier;
    size_t bytes = tdm_dossier_bytes(held);
    tdm_dossier_exchange(held, dossier);
    tdm_shelf_changed(&fold->shelf, held, bytes);
    return held;
}

static void take_contribution(tdm_fold *fold, tdm_dossier *dossier)
{
    const tdm_span nothing = { NULL, 0 };
    tdm_contribution_replace(nothing, tdm_dossier_contribution(dossier), &dossier->groups, &fold->cells);
    fold->exchanged += tdm_tables_replace(&fold->tables, nothing, tdm_dossier_tally(dossier));
}

static tdm_code put_feeds_aside(tdm_bulk *b, const tdm_fold *part, tdm_err *err)
{
    size_t count;
    if (part->replay == NULL)
        return TDM_OK;
    const tdm_replay_entry *entries = tdm_replay_entries(part->replay, &count);
    return tdm_bulk_feeds_put(b->feeds, entries, count, err);
}

typedef struct part_rows {
    tdm_fold *fold;
    const tdm_part *part;
} part_rows;

static void put_part(void *context, tdm_kv_txn *txn)
{
    const part_rows *rows = context;
    const tdm_shelf *shelf = &rows->part->fold->shelf;
    for (size_t i = 0; i < shelf->dirty_count; i++) {
        if (shelf->dirty[i]->resident)
            tdm_shelf_append(&rows->fold->shelf, txn, &shelf->dirty[i], 1);
        else
            tdm_kv_append(txn, TDM_VIEWS_DOSSIERS, tdm_dossier_subject(shelf->dirty[i]),
                          tdm_part_row_of(rows->part, i));
    }
    tdm_naming_save(rows->part->fold, txn);
    tdm_displaced_save(rows->part->fold, txn);
}

static tdm_code write_part(tdm_bulk *b, size_t number, tdm_err *err)
{
    tdm_part *part = b->folded[number].part;
    tdm_shelf *shelf = &part->fold->shelf;
    for (size_t i = 0; i < shelf->dirty_count; i++) {
        shelf->dirty[i] = adopt(b->fold, shelf->dirty[i]);
        tdm_state_hash_add(b->hasher, &part->row[i].digest);
        take_contribution(b->fold, shelf->dirty[i]);
    }
    tdm_code code = put_feeds_aside(b, part->fold, err);
    if (code == TDM_OK)
        code = tdm_bulk_commit(b->fold->shelf.kv, put_part, &(part_rows){ b->fold, part }, err);
    size_t count = tdm_asides_count(b->asides[0], number) + tdm_asides_count(b->asides[1], number);
    return code == TDM_OK ? tdm_bulk_tell(b, count, err) : code;
}

static void mark_written(tdm_bulk *b, size_t number)
{
    pthread_mutex_lock(&b->lock);
    b->written = number + 1;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static tdm_code write_parts(tdm_bulk *b, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < b->parts && code == TDM_OK; i++) {
        code = wait_for_part(b, i, err);
        if (code == TDM_OK)
            code = write_part(b, i, err);
        mark_written(b, i);
    }
    return code;
}

static tdm_code work_parts(tdm_bulk *b, tdm_err *err)
{
    pthread_t workers[WORKERS];
    size_t count = 0;
    b->folded = tdm_memory_new(b->parts * sizeof *b->folded);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    while (count < WORKERS && pthread_create(&workers[count], NULL, fold_parts, b) == 0)
        count++;
    tdm_code code = count > 0 ? write_parts(b, err)
                              : tdm_fail(err, TDM_INTERNAL, 0, "could not start a thread of the fold");
    pthread_mutex_lock(&b->lock);
    b->stopping = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < count; i++)
        pthread_join(workers[i], NULL);
    for (size_t i = 0; i < b->parts; i++)
        tdm_part_close(&b->folded[i].part);
    free(b->folded);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    return code;
}

/* ---- the end ---- */

static void put_dirty(void *context, tdm_kv_txn *txn)
{
    tdm_shelf_save(context, txn);
}

static tdm_code judge_classes(tdm_bulk *b, tdm_err *err)
{
    enum { SAVE_EACH = 4096 };
    const tdm_registry *registry = b->fold->registry;
    tdm_shelf *shelf = &b->fold->shelf;
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < registry->match_count && code == TDM_OK; i++) {
        code = tdm_fold_refold(b->fold, registry->matches[i].a, false, err);
        if (code != TDM_OK || (i + 1 < registry->match_count && shelf->dirty_count < SAVE_EACH))
            continue;
        tdm_shelf_end(shelf);
        code = tdm_bulk_commit(shelf->kv, put_dirty, shelf, err);
        tdm_shelf_saved(shelf, 0);
    }
    tdm_shelf_end(shelf);
    return code;
}

static tdm_code finish(tdm_bulk *b, tdm_err *err)
{
    tdm_fold *fold = b->fold;
    tdm_code code = judge_classes(b, err);
    if (code == TDM_OK && b->feeds != NULL)
        code = tdm_bulk_feeds_number(b->feeds, fold, err);
    fold->registry_stale = fold->everything = false; /* nothing was judged before all was known */
    return code == TDM_OK ? tdm_fold_checkpoint(fold, err) : code;
}

static tdm_code open_asides(tdm_bulk *b, tdm_err *err)
{
    const tdm_fold_options *options = &b->fold->options;
    b->with_registry = tdm_memory_new(b->parts * sizeof *b->with_registry);
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < HALVES && code == TDM_OK; i++)
        code = tdm_asides_open(&b->asides[i], b->options->folder, b->parts + 1, err);
    if (code != TDM_OK || !options->with_feeds || !options->has_authority)
        return code;
    b->timeline = tdm_timeline_new();
    size_t parts = b->parts < FEEDS_MAX ? b->parts : FEEDS_MAX;
    return tdm_bulk_feeds_open(&b->feeds, b->options->folder, b->last, parts, err);
}

static tdm_code fold_all(tdm_bulk *b, tdm_err *err)
{
    tdm_code code = tdm_told_tell(b->options->told, 0, b->last, err);
    if (code == TDM_OK)
        code = tdm_bulk_choose_parts(b, err);
    if (code == TDM_OK)
        code = open_asides(b, err);
    if (code == TDM_OK)
        code = tdm_bulk_gather(b, err);
    if (code == TDM_OK)
        code = make_registry(b, err);
    if (code == TDM_OK)
        code = work_parts(b, err);
    if (code == TDM_OK)
        code = finish(b, err);
    return code == TDM_OK ? tdm_told_tell(b->options->told, b->last, b->last, err) : code;
}

static void close_bulk(tdm_bulk *b, tdm_bulk_made *made)
{
    tdm_state_hash_end(&b->hasher, b->fold, &made->hash);
    tdm_fold_counts_read(b->fold, &made->counts);
    tdm_fold_close(&b->fold);
    tdm_timeline_free(b->timeline);
    tdm_bulk_feeds_close(&b->feeds);
    for (size_t i = 0; i < HALVES; i++)
        tdm_asides_close(&b->asides[i]);
    free(b->with_registry);
    tdm_subjects_free(&b->bounds);
    free(b->bound_keys);
    tdm_arena_free(&b->arena);
}

tdm_code tdm_fold_bulk(tdm_kv **views, tdm_ledger *ledger, const tdm_fold_options *options,
                       const tdm_bulk_options *how, tdm_bulk_made *made, tdm_err *err)
{
    tdm_bulk b = { .ledger = ledger, .options = how };
    tdm_kv *lent = *views;
    tdm_code code = tdm_ledger_last_position(ledger, &b.last, err);
    if (code == TDM_OK)
        code = tdm_fold_open(&b.fold, views, options, err);
    if (code != TDM_OK)
        return code;
    b.fold->shelf.lent = true; /* they are given back */
    b.hasher = tdm_state_hasher_new();
    if (b.fold->position > 0)
        code = tdm_fail(err, TDM_EXISTS, 0, "there are figures already");
    else if (b.last > 0)
        code = fold_all(&b, err);
    else
        code = tdm_fold_checkpoint(b.fold, err);
    made->position = b.last;
    close_bulk(&b, made);
    *views = lent;
    return code;
}
