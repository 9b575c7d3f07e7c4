/* SPDX-License-Identifier: MPL-2.0
 *
 * refold.c: contributions exchanged: for what a step touched, and for what a change of the registry left to
 * do. What a class last put into the cells is stored with it, so taking it out is exact whatever changed
 * since.
 */
#include "fold_inner.h"
#include "measure_inner.h"

#include <stdlib.h>

enum { WALK_STEP = 256, WORK_MAX = 200000 };

/* ---- one class ---- */

static tdm_code gather_members(tdm_fold *fold, tdm_span subject, size_t *count, tdm_err *err)
{
    *count = 0;
    tdm_registry_class(fold->registry, subject, &fold->class);
    fold->members =
        tdm_memory_grow(fold->members, &fold->member_capacity, fold->class.count, sizeof(tdm_dossier *));
    for (size_t i = 0; i < fold->class.count; i++) {
        tdm_dossier *member;
        tdm_code code = tdm_shelf_get(&fold->shelf, fold->class.items[i], false, &member, err);
        if (code != TDM_OK)
            return code;
        if (member != NULL)
            fold->members[(*count)++] = member;
    }
    return TDM_OK;
}

static void store_contribution(tdm_fold *fold, tdm_dossier *dossier, tdm_span contribution)
{
    size_t bytes = tdm_shelf_change(&fold->shelf, dossier);
    tdm_dossier_contribute(dossier, contribution);
    tdm_shelf_changed(&fold->shelf, dossier, bytes);
}

static void exchange(tdm_fold *fold, tdm_dossier *dossier, tdm_span contribution)
{
    tdm_span before = tdm_dossier_contribution(dossier);
    if (tdm_span_equal(before, contribution))
        return;
    if (!fold->in_part)
        tdm_contribution_replace(before, contribution, &dossier->groups, &fold->cells);
    store_contribution(fold, dossier, contribution);
}

static void exchange_tally(tdm_fold *fold, tdm_dossier *dossier, tdm_span tally)
{
    tdm_span before = tdm_dossier_tally(dossier);
    if (tdm_span_equal(before, tally))
        return;
    if (!fold->in_part)
        fold->exchanged += tdm_tables_replace(&fold->tables, before, tally);
    size_t bytes = tdm_shelf_change(&fold->shelf, dossier);
    tdm_dossier_set_tally(dossier, tally);
    tdm_shelf_changed(&fold->shelf, dossier, bytes);
}

static void judge(tdm_fold *fold, size_t count)
{
    fold->view.registry = fold->registry;
    fold->view.lineage = &fold->lineage;
    fold->view.authority = fold->options.has_authority ? &fold->options.authority : NULL;
    tdm_unit_view_read(&fold->view, fold->members, count);
}

/* Judge the gathered members anew and exchange what they contribute. */
static void refold_members(tdm_fold *fold, size_t count, bool release)
{
    if (count == 0)
        return;
    judge(fold, count);
    /* Both are made before either is stored: storing moves what the view points to. */
    tdm_unit_view_contribute(&fold->view, &fold->contribution);
    tdm_tally_clear(&fold->tally);
    tdm_measures_tally(&fold->view, &fold->tally);
    tdm_buf_clear(&fold->encoded);
    tdm_contribution_encode(&fold->contribution, &fold->encoded);
    size_t split = fold->encoded.len;
    tdm_tally_encode(&fold->tally, &fold->encoded);
    TDM_ASSERT(!fold->encoded.failed);
    const tdm_span contribution = { fold->encoded.data, split };
    const uint8_t *end = split == 0 ? fold->encoded.data : fold->encoded.data + split;
    const tdm_span tally = { end, fold->encoded.len - split };
    const tdm_span nothing = { NULL, 0 };
    for (size_t i = 0; i < count; i++) {
        exchange(fold, fold->members[i], i == 0 ? contribution : nothing);
        exchange_tally(fold, fold->members[i], i == 0 ? tally : nothing);
    }
    for (size_t i = 0; release && i < count; i++)
        tdm_shelf_release(&fold->shelf, fold->members[i]);
}

tdm_code tdm_fold_refold(tdm_fold *fold, tdm_span subject, bool release, tdm_err *err)
{
    size_t count;
    tdm_code code = gather_members(fold, subject, &count, err);
    if (code == TDM_OK)
        refold_members(fold, count, release);
    return code;
}

void tdm_fold_judge_alone(tdm_fold *fold, tdm_dossier *dossier)
{
    fold->members = tdm_memory_grow(fold->members, &fold->member_capacity, 1, sizeof(tdm_dossier *));
    fold->members[0] = dossier;
    refold_members(fold, 1, false);
}

/* A dossier at hand: nearly all are a class of their own and need no looking up. */
static tdm_code refold_dossier(tdm_fold *fold, tdm_dossier *dossier, tdm_err *err)
{
    if (tdm_registry_is_matched(fold->registry, tdm_dossier_subject(dossier)))
        return tdm_fold_refold(fold, tdm_dossier_subject(dossier), false, err);
    tdm_fold_judge_alone(fold, dossier);
    return TDM_OK;
}

/* ---- the registry made anew ---- */

static void leave_everything(tdm_fold *fold)
{
    fold->everything = true;
    tdm_buf_clear(&fold->cursor);
    fold->work.count = fold->work_done = 0;
    tdm_arena_free(&fold->work_arena);
}

static tdm_code leave_work(tdm_fold *fold, const tdm_registry_changes *changes, tdm_err *err)
{
    tdm_subjects found = { 0 };
    tdm_arena arena = { 0 };
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < changes->codes.count && code == TDM_OK && !changes->everything; i++) {
        code = tdm_naming_subjects(fold, changes->codes.items[i], &found, &arena, err);
        for (size_t s = 0; s < found.count; s++)
            tdm_subjects_add(&fold->work, tdm_arena_keep(&fold->work_arena, found.items[s]));
        tdm_arena_free(&arena);
    }
    tdm_subjects_free(&found);
    if (changes->everything || fold->work.count - fold->work_done > WORK_MAX)
        leave_everything(fold);
    return code;
}

static tdm_code renew_registry(tdm_fold *fold, tdm_err *err)
{
    tdm_registry_changes changes;
    tdm_registry *old = fold->registry;
    tdm_registry *new = tdm_registry_new(false);
    tdm_registry_read(new, &fold->lineage, &fold->options.authority, fold->shelf.residents,
                      fold->shelf.resident_count);
    tdm_code code = tdm_tides_close(fold, new, err);
    fold->registry = new;
    fold->countable.registry = NULL;
    fold->registry_stale = false;
    tdm_registry_compare(old, new, &changes);
    if (code == TDM_OK)
        code = leave_work(fold, &changes, err);
    /* Classes tied or untied are exchanged now: a half-split class would count twice. */
    for (size_t i = 0; i < changes.subjects.count && code == TDM_OK; i++)
        code = tdm_fold_refold(fold, changes.subjects.items[i], false, err);
    tdm_registry_changes_free(&changes);
    tdm_registry_free(old);
    return code;
}

tdm_code tdm_fold_judge_in(tdm_fold *fold, size_t subjects, tdm_err *err)
{
    enum { AHEAD = 8 }; /* dossiers: their heads twice as far, for a block is found by its head */
    tdm_code code = TDM_OK;
    if (fold->registry_stale && fold->options.has_authority)
        code = renew_registry(fold, err);
    fold->registry_stale = false;
    for (; fold->judged < fold->touched_count && subjects > 0 && code == TDM_OK; subjects--) {
        if (fold->judged + 2 * AHEAD < fold->touched_count) {
            tdm_dossier_head_near(fold->touched[fold->judged + 2 * AHEAD]);
            tdm_dossier_near(fold->touched[fold->judged + AHEAD]);
        }
        code = refold_dossier(fold, fold->touched[fold->judged++], err);
    }
    if (fold->judged == fold->touched_count) {
        fold->touched_count = fold->judged = 0;
        fold->batch++;
    }
    return code;
}

bool tdm_fold_judge(tdm_fold *fold, size_t subjects, tdm_err *err)
{
    tdm_fold_lock(fold);
    err->code = tdm_fold_judge_in(fold, subjects, err);
    tdm_shelf_end(&fold->shelf);
    bool more = err->code == TDM_OK && fold->touched_count > 0;
    tdm_fold_unlock(fold);
    return more;
}

/* ---- what is left to do ---- */

static tdm_code work_single(tdm_fold *fold, size_t *subjects, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (; fold->work_done<fold->work.count && * subjects> 0 && code == TDM_OK; (*subjects)--)
        code = tdm_fold_refold(fold, fold->work.items[fold->work_done++], true, err);
    if (fold->work_done == fold->work.count) {
        fold->work.count = fold->work_done = 0;
        tdm_arena_free(&fold->work_arena);
    }
    return code;
}

static tdm_code work_everything(tdm_fold *fold, size_t subjects, tdm_err *err)
{
    tdm_subjects found = { 0 };
    tdm_arena arena = { 0 };
    tdm_code code = TDM_OK;
    while (fold->everything && subjects > 0 && code == TDM_OK) {
        size_t step = subjects < WALK_STEP ? subjects : WALK_STEP;
        code = tdm_shelf_walk(&fold->shelf, (tdm_span){ NULL, 0 }, tdm_buf_span(&fold->cursor), step, &found,
                              &arena, err);
        for (size_t i = 0; i < found.count && code == TDM_OK; i++)
            code = tdm_fold_refold(fold, found.items[i], true, err);
        if (code != TDM_OK)
            break;
        tdm_buf_clear(&fold->cursor);
        if (found.count > 0)
            tdm_buf_add(&fold->cursor, found.items[found.count - 1].data, found.items[found.count - 1].len);
        fold->everything = found.count == step;
        subjects -= step;
        tdm_arena_free(&arena);
    }
    if (!fold->everything)
        tdm_buf_clear(&fold->cursor);
    tdm_subjects_free(&found);
    tdm_arena_free(&arena);
    return code;
}

static bool is_settled(const tdm_fold *fold)
{
    return fold->touched_count == 0 && fold->work_done == fold->work.count && !fold->everything;
}

bool tdm_fold_is_settled(const tdm_fold *fold)
{
    tdm_fold_lock((tdm_fold *)fold);
    bool settled = is_settled(fold);
    tdm_fold_unlock((tdm_fold *)fold);
    return settled;
}

bool tdm_fold_work(tdm_fold *fold, size_t subjects, tdm_err *err)
{
    tdm_fold_lock(fold);
    tdm_code code = tdm_fold_judge_in(fold, subjects, err);
    if (code == TDM_OK)
        code = work_single(fold, &subjects, err);
    if (code == TDM_OK && subjects > 0)
        code = work_everything(fold, subjects, err);
    tdm_shelf_end(&fold->shelf);
    bool more = code == TDM_OK && !is_settled(fold);
    tdm_fold_unlock(fold);
    return more;
}
