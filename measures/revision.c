/* SPDX-License-Identifier: MPL-2.0
 *
 * revision.c: why a closed period's level is another now: the units that add something else than they did,
 * and the facts that came after the closing.
 */
#include "at_rest.h"
#include "frontier.h"
#include "tandem/measure.h"

#include <stdlib.h>

/* ---- two folds side by side ---- */

/* One fold's units. */
typedef struct side {
    tdm_fold *fold;
    tdm_walk walk;
    size_t at; /* of walk.found */
} side;

static side side_of(tdm_fold *fold)
{
    return (side){ .fold = fold, .walk = tdm_walk_begin(TDM_SPAN_LITERAL("unit/")) };
}

static tdm_code fill(side *s, tdm_err *err)
{
    if (s->at < s->walk.found.count || !s->walk.more)
        return TDM_OK;
    tdm_fold_lock(s->fold);
    tdm_code code = tdm_walk_step(&s->fold->shelf, &s->walk, err);
    tdm_shelf_end(&s->fold->shelf);
    tdm_fold_unlock(s->fold);
    s->at = 0;
    return code;
}

static const tdm_span *next_of(const side *s)
{
    return s->at < s->walk.found.count ? &s->walk.found.items[s->at] : NULL;
}

/* What a class adds, as tdm_explained.n of the level; zeroes if it adds nothing. */
static tdm_code read_amounts(tdm_fold *fold, tdm_span subject, tdm_period period,
                             int64_t n[TDM_TABLE_AMOUNTS], tdm_err *err)
{
    int64_t v[TDM_AMOUNTS];
    tdm_dossier *dossier;
    bool owned;
    memset(n, 0, TDM_TABLE_AMOUNTS * sizeof *n);
    tdm_fold_lock(fold);
    tdm_code code = tdm_rest_look(fold, subject, &dossier, &owned, err);
    if (code == TDM_OK && dossier != NULL
        && tdm_contribution_find(tdm_dossier_contribution(dossier), TDM_FAMILY_DELIVERED, period, v))
        tdm_level_amounts(v, TDM_WEIGHT_COUNT, n);
    if (owned)
        tdm_dossier_free(dossier);
    tdm_shelf_end(&fold->shelf);
    tdm_fold_unlock(fold);
    return code;
}

static tdm_code compare_subject(tdm_fold *before, tdm_fold *now, tdm_span subject, tdm_period period,
                                tdm_revised_visit *visit, void *context, tdm_err *err)
{
    int64_t then[TDM_TABLE_AMOUNTS];
    int64_t today[TDM_TABLE_AMOUNTS];
    tdm_code code = read_amounts(before, subject, period, then, err);
    if (code == TDM_OK)
        code = read_amounts(now, subject, period, today, err);
    if (code != TDM_OK || memcmp(then, today, sizeof then) == 0)
        return code;
    const tdm_revised revised = { subject, then, today };
    return visit(context, &revised, err);
}

tdm_code tdm_folds_compare(tdm_fold *before, tdm_fold *now, tdm_period period, tdm_revised_visit *visit,
                           void *context, tdm_err *err)
{
    side then = side_of(before);
    side today = side_of(now);
    tdm_code code = TDM_OK;
    while (code == TDM_OK) {
        code = fill(&then, err);
        if (code == TDM_OK)
            code = fill(&today, err);
        const tdm_span *left = next_of(&then);
        const tdm_span *right = next_of(&today);
        if (code != TDM_OK || (left == NULL && right == NULL))
            break;
        int order = left == NULL ? 1 : right == NULL ? -1 : tdm_span_compare(*left, *right);
        code = compare_subject(before, now, order <= 0 ? *left : *right, period, visit, context, err);
        then.at += order <= 0;
        today.at += order >= 0;
    }
    tdm_walk_end(&then.walk);
    tdm_walk_end(&today.walk);
    return code == TDM_END ? TDM_OK : code;
}

/* ---- what came late ---- */

static tdm_code show_late(const tdm_statement *statement, tdm_slot slot, const tdm_frontier *frontier,
                          tdm_late_visit *visit, void *context, tdm_err *err)
{
    if (slot == NULL
        || tdm_frontier_covers(frontier, tdm_slot_author(slot), tdm_slot_incarnation(slot),
                               tdm_slot_sequence(slot)))
        return TDM_OK;
    tdm_late late = { .type = tdm_slot_type(slot),
                      .author = *tdm_slot_author(slot),
                      .incarnation = tdm_slot_incarnation(slot),
                      .sequence = tdm_slot_sequence(slot),
                      .recorded_ms = tdm_slot_recorded(slot) };
    tdm_statement_fact(statement, &late.fact);
    return visit(context, &late, err);
}

static tdm_code late_of_subject(tdm_fold *fold, tdm_span subject, const tdm_frontier *frontier,
                                tdm_late_visit *visit, void *context, tdm_err *err)
{
    tdm_class_look look;
    tdm_code code = tdm_fold_view(fold, subject, &look, err);
    for (size_t i = 0; code == TDM_OK && i < fold->view.count; i++) {
        const tdm_statement *s = &fold->view.statements[i];
        if (s->fact.base == NULL)
            continue;
        code = show_late(s, s->fact.base, frontier, visit, context, err);
        if (code == TDM_OK)
            code = show_late(s, s->fact.content, frontier, visit, context, err);
        if (code == TDM_OK)
            code = show_late(s, s->fact.visibility, frontier, visit, context, err);
    }
    tdm_fold_view_done(fold, &look);
    return code;
}

tdm_code tdm_fold_late(tdm_fold *fold, tdm_span subject, const tdm_frontier *frontier, tdm_late_visit *visit,
                       void *context, tdm_err *err)
{
    tdm_code code = TDM_OK;
    tdm_fold_lock(fold);
    if (subject.len > 0)
        code = late_of_subject(fold, subject, frontier, visit, context, err);
    for (size_t i = 0; subject.len == 0 && i < fold->shelf.resident_count && code == TDM_OK; i++)
        code = late_of_subject(fold, tdm_dossier_subject(fold->shelf.residents[i]), frontier, visit, context,
                               err);
    tdm_shelf_end(&fold->shelf);
    tdm_fold_unlock(fold);
    return code == TDM_END ? TDM_OK : code;
}
