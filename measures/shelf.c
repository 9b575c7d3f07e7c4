/* SPDX-License-Identifier: MPL-2.0
 *
 * shelf.c: the dossiers, partly in memory, partly in the views.
 */
#include "shelf.h"

#include <stdlib.h>

static tdm_span dossier_key(const void *item)
{
    return tdm_dossier_subject(item);
}

static void release_dossier(void *item)
{
    tdm_dossier_free(item);
}

void tdm_shelf_init(tdm_shelf *shelf, tdm_kv *kv)
{
    *shelf = (tdm_shelf){ .kv = kv };
    tdm_map_init(&shelf->dossiers, dossier_key);
    tdm_map_init(&shelf->added, dossier_key);
}

void tdm_shelf_close(tdm_shelf *shelf)
{
    tdm_kv_abort(&shelf->txn);
    if (!shelf->lent)
        tdm_kv_close(&shelf->kv);
    tdm_frontier_free(&shelf->frontier);
    tdm_map_free(&shelf->added, release_dossier);
    tdm_views_sums_free(&shelf->sums);
    tdm_map_free(&shelf->dossiers, release_dossier);
    free(shelf->dirty);
    free(shelf->fresh);
    free(shelf->residents);
}

tdm_code tdm_shelf_reader(tdm_shelf *shelf, tdm_kv_txn **out, tdm_err *err)
{
    tdm_code code = TDM_OK;
    if (shelf->txn == NULL && shelf->kv != NULL)
        code = tdm_kv_begin(shelf->kv, TDM_KV_READ_ONLY, &shelf->txn, err);
    *out = shelf->txn;
    return code;
}

void tdm_shelf_end(tdm_shelf *shelf)
{
    if (!shelf->reads) /* one moment of the views, as long as they are read */
        tdm_kv_abort(&shelf->txn);
}

static void list_add(tdm_dossier ***items, size_t *count, size_t *capacity, tdm_dossier *dossier)
{
    *items = tdm_memory_grow(*items, capacity, *count + 1, sizeof **items);
    (*items)[(*count)++] = dossier;
}

static void shelve(tdm_shelf *shelf, tdm_dossier *dossier)
{
    tdm_map_add(&shelf->dossiers, dossier);
    shelf->bytes += tdm_dossier_bytes(dossier);
}

/* From the views; *out is NULL if they hold none. */
static tdm_code fetch_stored(tdm_shelf *shelf, tdm_span subject, tdm_dossier **out, uint64_t *check,
                             tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_span record;
    *out = NULL;
    tdm_code code = tdm_shelf_reader(shelf, &txn, err);
    if (code != TDM_OK || txn == NULL || subject.len == 0)
        return code;
    code = tdm_views_get(txn, TDM_VIEWS_DOSSIERS, subject, &record, check, err);
    if (code == TDM_NOT_FOUND)
        return TDM_OK;
    return code == TDM_OK ? tdm_dossier_decode(subject, record, out, err) : code;
}

void tdm_shelf_take_to_moment(const tdm_shelf *shelf, tdm_dossier **dossier)
{
    const tdm_dossier *added = tdm_map_find(&shelf->added, tdm_dossier_subject(*dossier));
    if (shelf->has_frontier)
        tdm_dossier_cut(*dossier, &shelf->frontier);
    if (added != NULL)
        tdm_dossier_merge(*dossier, added);
    if ((*dossier)->slots_len == 0) {
        tdm_dossier_free(*dossier);
        *dossier = NULL;
    }
}

static tdm_code fetch(tdm_shelf *shelf, tdm_span subject, tdm_dossier **out, tdm_err *err)
{
    *out = NULL;
    tdm_code code = tdm_shelf_trust(shelf, err);
    if (code == TDM_OK)
        code = fetch_stored(shelf, subject, out, NULL, err);
    if (code != TDM_OK || !shelf->has_moment)
        return code;
    if (*out == NULL && tdm_map_find(&shelf->added, subject) != NULL)
        *out = tdm_dossier_new(subject);
    if (*out != NULL)
        tdm_shelf_take_to_moment(shelf, out);
    return TDM_OK;
}

static tdm_dossier *make_fresh(tdm_shelf *shelf, tdm_span subject)
{
    tdm_dossier *dossier = tdm_dossier_new(subject);
    list_add(&shelf->fresh, &shelf->fresh_count, &shelf->fresh_capacity, dossier);
    shelf->fresh_sorted = false;
    return dossier;
}

tdm_dossier *tdm_shelf_at_hand(const tdm_shelf *shelf, tdm_span subject)
{
    return tdm_map_find(&shelf->dossiers, subject);
}

tdm_dossier *tdm_shelf_make(tdm_shelf *shelf, tdm_span subject)
{
    tdm_dossier *dossier = tdm_shelf_at_hand(shelf, subject);
    if (dossier == NULL) {
        dossier = make_fresh(shelf, subject);
        shelve(shelf, dossier);
    }
    return dossier;
}

tdm_code tdm_shelf_get(tdm_shelf *shelf, tdm_span subject, bool make, tdm_dossier **out, tdm_err *err)
{
    *out = tdm_map_find(&shelf->dossiers, subject);
    if (*out != NULL)
        return TDM_OK;
    tdm_code code = fetch(shelf, subject, out, err);
    if (code != TDM_OK)
        return code;
    if (*out == NULL && make)
        *out = make_fresh(shelf, subject);
    if (*out != NULL)
        shelve(shelf, *out);
    return TDM_OK;
}

void tdm_shelf_expect(const tdm_shelf *shelf, const tdm_span *subjects, size_t count)
{
    uint64_t hashes[TDM_SHELF_NEAR];
    const tdm_dossier *dossiers[TDM_SHELF_NEAR];
    for (size_t i = 0; i < count; i++) {
        hashes[i] = tdm_bytes_hash(subjects[i]);
        tdm_map_expect(&shelf->dossiers, hashes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        dossiers[i] = tdm_map_glance(&shelf->dossiers, hashes[i]);
        if (dossiers[i] != NULL)
            tdm_dossier_head_near(dossiers[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (dossiers[i] != NULL)
            tdm_dossier_near(dossiers[i]);
}

tdm_code tdm_shelf_look(tdm_shelf *shelf, tdm_span subject, tdm_dossier **out, bool *owned, tdm_err *err)
{
    *owned = false;
    *out = tdm_map_find(&shelf->dossiers, subject);
    if (*out != NULL)
        return TDM_OK;
    tdm_code code = fetch(shelf, subject, out, err);
    *owned = code == TDM_OK && *out != NULL;
    return code;
}

size_t tdm_shelf_change(tdm_shelf *shelf, tdm_dossier *dossier)
{
    if (!dossier->dirty) {
        dossier->dirty = true;
        list_add(&shelf->dirty, &shelf->dirty_count, &shelf->dirty_capacity, dossier);
    }
    return tdm_dossier_bytes(dossier);
}

void tdm_shelf_changed(tdm_shelf *shelf, const tdm_dossier *dossier, size_t bytes_before)
{
    shelf->bytes = shelf->bytes - bytes_before + tdm_dossier_bytes(dossier);
}

void tdm_shelf_make_resident(tdm_shelf *shelf, tdm_dossier *dossier)
{
    if (dossier->resident)
        return;
    dossier->resident = true;
    list_add(&shelf->residents, &shelf->resident_count, &shelf->resident_capacity, dossier);
}

void tdm_shelf_release(tdm_shelf *shelf, tdm_dossier *dossier)
{
    if (shelf->kv == NULL || dossier->dirty || dossier->resident || !dossier->stored)
        return;
    shelf->bytes -= tdm_dossier_bytes(dossier);
    tdm_map_remove(&shelf->dossiers, tdm_dossier_subject(dossier));
    tdm_dossier_free(dossier);
}

/* ---- walking in order of subject ---- */

static int compare_dossiers(const void *a, const void *b)
{
    return tdm_span_compare(dossier_key(*(tdm_dossier *const *)a), dossier_key(*(tdm_dossier *const *)b));
}

static void sort_dossiers(tdm_dossier **items, size_t count)
{
    if (count > 1)
        qsort(items, count, sizeof *items, compare_dossiers);
}

/* The first of the sorted dossiers whose subject is greater. */
static size_t first_after(tdm_dossier *const *items, size_t count, tdm_span after)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (tdm_span_compare(tdm_dossier_subject(items[middle]), after) <= 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

static bool begins_with(tdm_span subject, tdm_span prefix)
{
    return subject.len >= prefix.len
           && (prefix.len == 0 || memcmp(subject.data, prefix.data, prefix.len) == 0);
}

static tdm_code walk_views(tdm_shelf *shelf, tdm_span prefix, tdm_span after, size_t limit, tdm_subjects *out,
                           tdm_arena *arena, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_kv_cursor *cursor = NULL;
    tdm_code code = tdm_shelf_reader(shelf, &txn, err);
    if (code != TDM_OK || txn == NULL)
        return code;
    code = tdm_shelf_trust(shelf, err);
    if (code == TDM_OK)
        code = tdm_kv_cursor_open(txn, TDM_VIEWS_DOSSIERS, &cursor, err);
    if (code != TDM_OK)
        return code;
    tdm_span key;
    tdm_span value;
    tdm_span from = after.len > 0 ? after : prefix.len > 0 ? prefix : TDM_SPAN_LITERAL("\0");
    code = tdm_kv_cursor_seek(cursor, from, &key, &value);
    if (code == TDM_OK && after.len > 0 && tdm_span_equal(key, after))
        code = tdm_kv_cursor_next(cursor, &key, &value);
    size_t found = 0;
    for (; code == TDM_OK && found < limit && begins_with(key, prefix); found++) {
        code =
            tdm_views_open(TDM_VIEWS_DOSSIERS, key, &value, NULL, err); /* else the subject may be another */
        if (code == TDM_OK)
            tdm_subjects_add(out, tdm_arena_keep(arena, key));
        if (code == TDM_OK)
            code = tdm_kv_cursor_next(cursor, &key, &value);
    }
    tdm_kv_cursor_close(&cursor);
    return code == TDM_END ? TDM_OK : code;
}

tdm_code tdm_shelf_walk(tdm_shelf *shelf, tdm_span prefix, tdm_span after, size_t limit, tdm_subjects *out,
                        tdm_arena *arena, tdm_err *err)
{
    out->count = 0;
    tdm_code code = walk_views(shelf, prefix, after, limit, out, arena, err);
    if (code != TDM_OK)
        return code;
    if (!shelf->fresh_sorted)
        sort_dossiers(shelf->fresh, shelf->fresh_count);
    shelf->fresh_sorted = true;
    /* A subject after `prefix` itself, but not before it: subjects are never shorter than their prefix. */
    size_t at = first_after(shelf->fresh, shelf->fresh_count, after.len > 0 ? after : prefix);
    for (size_t found = 0; at < shelf->fresh_count && found < limit; at++, found++) {
        tdm_span subject = tdm_dossier_subject(shelf->fresh[at]);
        if (!begins_with(subject, prefix))
            break;
        tdm_subjects_add(out, tdm_arena_keep(arena, subject));
    }
    tdm_subjects_sort(out);
    if (out->count > limit)
        out->count = limit;
    return TDM_OK;
}

enum { WALK_STEP = 256 };

tdm_walk tdm_walk_begin(tdm_span prefix)
{
    return (tdm_walk){ .prefix = prefix, .more = true };
}

tdm_code tdm_walk_step(tdm_shelf *shelf, tdm_walk *walk, tdm_err *err)
{
    tdm_arena_free(&walk->arena);
    tdm_code code = tdm_shelf_walk(shelf, walk->prefix, tdm_buf_span(&walk->last), WALK_STEP, &walk->found,
                                   &walk->arena, err);
    if (code != TDM_OK)
        walk->found.count = 0;
    walk->more = walk->found.count == WALK_STEP;
    tdm_buf_clear(&walk->last);
    if (walk->more) {
        tdm_span last = walk->found.items[WALK_STEP - 1];
        tdm_buf_add(&walk->last, last.data, last.len);
        TDM_ASSERT(!walk->last.failed);
    }
    return code;
}

void tdm_walk_end(tdm_walk *walk)
{
    tdm_arena_free(&walk->arena);
    tdm_subjects_free(&walk->found);
    tdm_buf_free(&walk->last);
}

/* ---- checkpoint ---- */

static void save_resident(tdm_shelf *shelf, tdm_kv_txn *txn, tdm_dossier *dossier, uint64_t record)
{
    tdm_span key = tdm_dossier_subject(dossier);
    uint64_t check =
        tdm_views_put(txn, TDM_VIEWS_RESIDENTS, key, (tdm_span){ (const uint8_t *)&record, sizeof record });
    tdm_views_count(&shelf->sums, tdm_views_range(TDM_VIEWS_RESIDENTS, key), dossier->resident_check, check);
    dossier->resident_check = check;
}

typedef tdm_code put_row(tdm_kv_txn *txn, size_t table, tdm_span key, tdm_span value);

static void save_all(tdm_shelf *shelf, tdm_kv_txn *txn, put_row *put, tdm_dossier *const *dossiers,
                     size_t count)
{
    tdm_buf record = { 0 };
    tdm_packing packing = { 0 };
    for (size_t i = 0; i < count; i++) {
        tdm_span subject = tdm_dossier_subject(dossiers[i]);
        tdm_buf_clear(&record);
        tdm_dossier_encode(dossiers[i], tdm_dossier_pack(&packing, dossiers[i]), &record);
        uint64_t check = tdm_views_seal(TDM_VIEWS_DOSSIERS, subject, &record);
        TDM_ASSERT(!record.failed);
        put(txn, TDM_VIEWS_DOSSIERS, subject, tdm_buf_span(&record));
        if (dossiers[i]->resident)
            save_resident(shelf, txn, dossiers[i], check);
    }
    tdm_packing_free(&packing);
    tdm_buf_free(&record);
}

void tdm_shelf_save(tdm_shelf *shelf, tdm_kv_txn *txn)
{
    sort_dossiers(shelf->dirty, shelf->dirty_count); /* pages of the tree are touched once each */
    save_all(shelf, txn, tdm_kv_put, shelf->dirty, shelf->dirty_count);
}

void tdm_shelf_append(tdm_shelf *shelf, tdm_kv_txn *txn, tdm_dossier *const *dossiers, size_t count)
{
    save_all(shelf, txn, tdm_kv_append, dossiers, count);
    for (size_t i = 0; i < count; i++)
        dossiers[i]->stored = true;
}

/* Let all go but those that stay. Reading one back is cheaper than writing one out, so the room is better
 * spent on dossiers that gather changes than on clean ones. */
static void evict(tdm_shelf *shelf)
{
    tdm_map kept;
    tdm_map_init(&kept, dossier_key);
    size_t at = 0;
    shelf->bytes = 0;
    for (tdm_dossier *dossier = tdm_map_next(&shelf->dossiers, &at); dossier != NULL;
         dossier = tdm_map_next(&shelf->dossiers, &at)) {
        if (!dossier->resident) {
            tdm_dossier_free(dossier);
            continue;
        }
        tdm_map_add(&kept, dossier);
        shelf->bytes += tdm_dossier_bytes(dossier);
    }
    tdm_map_free(&shelf->dossiers, NULL);
    shelf->dossiers = kept;
    shelf->kept_bytes = shelf->bytes;
}

void tdm_shelf_saved(tdm_shelf *shelf, size_t cache_bytes)
{
    for (size_t i = 0; i < shelf->dirty_count; i++) {
        shelf->dirty[i]->dirty = false;
        shelf->dirty[i]->stored = true;
    }
    shelf->dirty_count = 0;
    shelf->fresh_count = 0;
    if (shelf->bytes - shelf->kept_bytes > cache_bytes / 2)
        evict(shelf);
}

typedef struct resident_load {
    tdm_shelf *shelf;
    uint64_t sum;
} resident_load;

static tdm_code load_resident(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    resident_load *load = context;
    tdm_dossier *dossier = NULL;
    uint64_t record = 0;
    tdm_code code = fetch_stored(load->shelf, key, &dossier, &record, err);
    if (code != TDM_OK)
        return code;
    if (dossier == NULL || value.len != sizeof record || tdm_load_u64(value.data) != record) {
        tdm_dossier_free(dossier);
        return tdm_fail(err, TDM_CORRUPT, 0, "views: a dossier of the registry is missing or an old one");
    }
    load->sum += check;
    dossier->resident = true;
    dossier->resident_check = check;
    shelve(load->shelf, dossier);
    list_add(&load->shelf->residents, &load->shelf->resident_count, &load->shelf->resident_capacity, dossier);
    return TDM_OK;
}

tdm_code tdm_shelf_load_residents(tdm_shelf *shelf, tdm_err *err)
{
    tdm_kv_txn *txn;
    resident_load load = { .shelf = shelf };
    tdm_code code = tdm_shelf_reader(shelf, &txn, err);
    if (code != TDM_OK || txn == NULL)
        return code;
    code = tdm_views_each(txn, TDM_VIEWS_RESIDENTS, (tdm_span){ NULL, 0 }, load_resident, &load, err);
    shelf->kept_bytes = shelf->bytes;
    if (code == TDM_OK && load.sum != tdm_views_sum_of(&shelf->sums, (uint32_t)TDM_VIEWS_RESIDENTS << 16))
        code = tdm_fail(err, TDM_CORRUPT, 0, "views: the list of the registry's dossiers is damaged");
    return code;
}

/* ---- at rest ---- */

tdm_dossier *tdm_shelf_add(tdm_shelf *shelf, tdm_span subject)
{
    tdm_dossier *dossier = tdm_map_find(&shelf->added, subject);
    if (dossier != NULL)
        return dossier;
    dossier = tdm_dossier_new(subject);
    tdm_map_add(&shelf->added, dossier);
    list_add(&shelf->fresh, &shelf->fresh_count, &shelf->fresh_capacity, dossier);
    shelf->fresh_sorted = false;
    return dossier;
}

void tdm_shelf_set_moment(tdm_shelf *shelf, const tdm_frontier *frontier)
{
    shelf->has_moment = true;
    shelf->has_frontier = frontier != NULL;
    if (frontier == NULL)
        return;
    shelf->frontier.count = frontier->count;
    shelf->frontier.entries = tdm_memory_new(frontier->count * sizeof *frontier->entries);
    if (frontier->count > 0)
        memcpy(shelf->frontier.entries, frontier->entries, frontier->count * sizeof *frontier->entries);
}

/* The list names dossiers of the views, and dossiers of what was added. */
tdm_code tdm_shelf_renew_residents(tdm_shelf *shelf, tdm_err *err)
{
    tdm_arena arena = { 0 };
    tdm_subjects subjects = { 0 };
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < shelf->resident_count; i++)
        tdm_subjects_add(&subjects, tdm_arena_keep(&arena, tdm_dossier_subject(shelf->residents[i])));
    tdm_subjects_sort(&subjects);
    tdm_map_free(&shelf->dossiers, release_dossier); /* residents are all that was loaded */
    tdm_map_init(&shelf->dossiers, dossier_key);
    shelf->bytes = shelf->resident_count = 0;
    for (size_t i = 0; i < subjects.count && code == TDM_OK; i++) {
        tdm_dossier *dossier;
        code = fetch(shelf, subjects.items[i], &dossier, err);
        if (code != TDM_OK || dossier == NULL)
            continue;
        dossier->resident = true;
        shelve(shelf, dossier);
        list_add(&shelf->residents, &shelf->resident_count, &shelf->resident_capacity, dossier);
    }
    shelf->kept_bytes = shelf->bytes;
    tdm_subjects_free(&subjects);
    tdm_arena_free(&arena);
    return code;
}

tdm_code tdm_shelf_stored(tdm_shelf *shelf, tdm_span subject, tdm_dossier **out, tdm_err *err)
{
    *out = NULL;
    tdm_code code = tdm_shelf_trust(shelf, err);
    return code == TDM_OK ? fetch_stored(shelf, subject, out, NULL, err) : code;
}

static void count_fault(void *context, uint64_t page, const char *what)
{
    (void)page;
    (void)what;
    ++*(uint64_t *)context;
}

tdm_code tdm_shelf_trust(tdm_shelf *shelf, tdm_err *err)
{
    uint64_t faults = 0;
    if (!shelf->reads || shelf->trusted)
        return TDM_OK;
    tdm_code code = tdm_kv_check(shelf->kv, count_fault, &faults, err);
    if (code == TDM_OK && faults > 0)
        code = tdm_fail(err, TDM_CORRUPT, 0, "views: %llu faults in the pages of their file",
                        (unsigned long long)faults);
    shelf->trusted = code == TDM_OK;
    return code;
}
