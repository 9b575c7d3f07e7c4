/* SPDX-License-Identifier: MPL-2.0
 *
 * pending.c: assertions that name an organisation, with the state of the answer to each.
 */
#include "fold_inner.h"

#include <stdlib.h>

static bool represents_ever(const tdm_organisation *organisation, const tdm_id *origin)
{
    for (size_t i = 0; i < organisation->representation_count; i++) {
        if (origin == NULL || tdm_id_equal(&organisation->representations[i].origin, origin))
            return true;
    }
    return false;
}

/* Organisations that the origin represents by any fact (all that anybody represents if NULL). */
static void list_represented(const tdm_registry *registry, const tdm_id *origin, tdm_subjects *out,
                             tdm_arena *arena)
{
    size_t at = 0;
    for (const tdm_organisation *o = tdm_map_next(&registry->organisations, &at); o != NULL;
         o = tdm_map_next(&registry->organisations, &at)) {
        if (represents_ever(o, origin))
            tdm_subjects_add(out, tdm_arena_keep(arena, tdm_org_code_span(&o->code)));
    }
    tdm_subjects_sort(out);
}

/* The day on which a class's links are looked at: its last counting session, else its start. */
static tdm_date day_of(const tdm_unit_view *view)
{
    tdm_date day = view->start;
    for (size_t i = 0; i < view->session_count; i++) {
        if (view->statements[view->sessions[i].index].counts)
            day = view->sessions[i].date;
    }
    return day;
}

/* The latest answer by each origin that may answer for the organisation named, seen from one assertion. */
typedef struct answer_state {
    bool confirmed;
    bool disputed;
    bool lapsed;
} answer_state;

static bool may_answer(const tdm_unit_view *view, const tdm_statement *answer, const tdm_statement *assertion,
                       tdm_date day)
{
    if (!answer->valid || answer->phase != assertion->phase
        || (answer->type != TDM_TYPE_LINK_CONFIRM && answer->type != TDM_TYPE_LINK_DISPUTE))
        return false;
    tdm_org_code by = tdm_registry_root(view->registry, &answer->recorder, day).root;
    tdm_org_code named = tdm_registry_root(view->registry, &assertion->organisation, day).root;
    return tdm_org_code_equal(&by, &named);
}

static bool is_superseded(const tdm_unit_view *view, size_t index, const tdm_statement *assertion,
                          tdm_date day)
{
    const tdm_statement *answer = &view->statements[index];
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *other = &view->statements[i];
        if (i != index && may_answer(view, other, assertion, day)
            && tdm_id_equal(tdm_slot_target(other->fact.base), tdm_slot_target(answer->fact.base))
            && tdm_slot_is_later(other->fact.base, answer->fact.base, view->lineage))
            return true;
    }
    return false;
}

static answer_state find_answers(tdm_unit_view *view, tdm_statement *assertion, tdm_date day)
{
    answer_state out = { false, false, false };
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *answer = &view->statements[i];
        if (!may_answer(view, answer, assertion, day) || is_superseded(view, i, assertion, day))
            continue;
        if (answer->type == TDM_TYPE_LINK_DISPUTE) {
            out.disputed = true;
            continue;
        }
        tdm_digest named = tdm_value_digest(&answer->record.values[TDM_LINK_CONFIRM_ASSERTION]);
        if (tdm_digest_equal(&named, tdm_statement_digest(assertion)))
            out.confirmed = true;
        else
            out.lapsed = true;
    }
    return out;
}

static const char *state_word(answer_state state)
{
    if (state.disputed)
        return "disputed";
    if (state.confirmed)
        return "confirmed";
    return state.lapsed ? "lapsed" : "unanswered";
}

static tdm_code show(tdm_unit_view *view, tdm_statement *assertion, tdm_pending_visit *visit, void *context,
                     tdm_err *err)
{
    tdm_pending out = { .subject = tdm_dossier_subject(assertion->dossier),
                        .asserter = *tdm_slot_target(assertion->fact.base),
                        .fact = *tdm_slot_fact(assertion->fact.base),
                        .link = assertion->record,
                        .assertion = *tdm_statement_digest(assertion) };
    tdm_date day = tdm_date_in_london(tdm_slot_recorded(assertion->fact.base));
    if (view->principal != SIZE_MAX) {
        out.unit = *tdm_unit_view_record(view);
        day = day_of(view);
    }
    out.state = state_word(find_answers(view, assertion, day));
    return visit(context, &out, err);
}

static tdm_code show_subject(tdm_fold *fold, tdm_span subject, const tdm_id *origin,
                             const tdm_subjects *codes, tdm_pending_visit *visit, void *context, tdm_err *err)
{
    tdm_class_look look;
    tdm_fold_lock(fold);
    tdm_code code = tdm_fold_view(fold, subject, &look, err);
    for (size_t i = 0; code == TDM_OK && i < fold->view.count; i++) {
        tdm_statement *s = &fold->view.statements[i];
        if (!s->valid || s->type != TDM_TYPE_LINK_ASSERT
            || s->record.values[TDM_LINK_ASSERT_SUPPLIER].number != 0
            || !tdm_span_equal(tdm_dossier_subject(s->dossier), subject)
            || (origin != NULL && tdm_id_equal(tdm_slot_target(s->fact.base), origin)))
            continue;
        tdm_span named = tdm_org_code_span(&s->organisation);
        for (size_t c = 0; c < codes->count && code == TDM_OK; c++) {
            if (tdm_span_equal(codes->items[c], named))
                code = show(&fold->view, s, visit, context, err);
        }
    }
    tdm_fold_view_done(fold, &look);
    tdm_fold_unlock(fold);
    return code;
}

/* Subjects whose dossiers name any of the codes. */
static tdm_code list_subjects(tdm_fold *fold, const tdm_subjects *codes, tdm_subjects *out, tdm_arena *arena,
                              tdm_err *err)
{
    tdm_subjects found = { 0 };
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < codes->count && code == TDM_OK; i++) {
        code = tdm_naming_subjects(fold, codes->items[i], &found, arena, err);
        for (size_t s = 0; s < found.count; s++)
            tdm_subjects_add(out, found.items[s]);
    }
    tdm_subjects_free(&found);
    tdm_subjects_sort(out);
    return code;
}

tdm_code tdm_fold_claims_on(tdm_fold *fold, const tdm_id *origin, tdm_pending_visit *visit, void *context,
                            tdm_err *err)
{
    tdm_subjects codes = { 0 };
    tdm_subjects subjects = { 0 };
    tdm_arena arena = { 0 };
    tdm_fold_lock(fold);
    list_represented(fold->registry, origin, &codes, &arena);
    tdm_code code = list_subjects(fold, &codes, &subjects, &arena, err);
    tdm_shelf_end(&fold->shelf);
    tdm_fold_unlock(fold);
    for (size_t i = 0; i < subjects.count && code == TDM_OK; i++)
        code = show_subject(fold, subjects.items[i], origin, &codes, visit, context, err);
    tdm_subjects_free(&codes);
    tdm_subjects_free(&subjects);
    tdm_arena_free(&arena);
    return code == TDM_END ? TDM_OK : code;
}
