/* SPDX-License-Identifier: MPL-2.0
 *
 * query.c: facts, units and doubts as they stand. Each step takes the lock, judges one class, and lets go.
 */
#include "at_rest.h"

#include <stdlib.h>

/* ---- one class, for reading ---- */

tdm_code tdm_fold_view(tdm_fold *fold, tdm_span subject, tdm_class_look *look, tdm_err *err)
{
    *look = (tdm_class_look){ 0 };
    tdm_registry_class(fold->registry, subject, &look->subjects);
    look->dossiers = tdm_memory_new(look->subjects.count * sizeof *look->dossiers);
    look->owned = tdm_memory_new(look->subjects.count * sizeof *look->owned);
    tdm_code code = tdm_rest_need_closings(fold, err);
    for (size_t i = 0; i < look->subjects.count && code == TDM_OK; i++) {
        code = tdm_shelf_look(&fold->shelf, look->subjects.items[i], &look->dossiers[look->count],
                              &look->owned[look->count], err);
        if (code == TDM_OK && look->dossiers[look->count] != NULL)
            look->count++;
    }
    fold->view.registry = fold->registry;
    fold->view.lineage = &fold->lineage;
    fold->view.authority = fold->options.has_authority ? &fold->options.authority : NULL;
    if (code == TDM_OK)
        tdm_unit_view_read(&fold->view, look->dossiers, look->count);
    return code;
}

void tdm_fold_view_done(tdm_fold *fold, tdm_class_look *look)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->owned[i])
            tdm_dossier_free(look->dossiers[i]);
    }
    free(look->dossiers);
    free(look->owned);
    tdm_subjects_free(&look->subjects);
    tdm_shelf_end(&fold->shelf);
}

/* ---- facts ---- */

void tdm_statement_fact(const tdm_statement *from, tdm_fact *out)
{
    tdm_slot base = from->fact.base != NULL ? from->fact.base : from->fact.first;
    *out = (tdm_fact){ .origin = *tdm_slot_target(base),
                       .fact = *tdm_slot_fact(base),
                       .type = tdm_slot_type(base),
                       .incarnation = tdm_slot_incarnation(base),
                       .sequence = tdm_slot_sequence(base),
                       .recorded_ms = tdm_slot_recorded(base),
                       .subject = tdm_dossier_subject(from->dossier),
                       .visible = from->fact.visible,
                       .amended = from->fact.content != NULL,
                       .reason = from->reason };
    out->payload = from->fact.base != NULL ? tdm_standing_payload(&from->fact) : tdm_slot_payload(base);
}

static tdm_code visit_facts(tdm_fold *fold, tdm_span subject, tdm_fact_visit *visit, void *context,
                            tdm_err *err)
{
    tdm_class_look look;
    tdm_fold_lock(fold);
    tdm_code code = tdm_fold_view(fold, subject, &look, err);
    bool found = false;
    for (size_t i = 0; code == TDM_OK && i < fold->view.count; i++) {
        const tdm_statement *statement = &fold->view.statements[i];
        if (!tdm_span_equal(tdm_dossier_subject(statement->dossier), subject))
            continue;
        found = true;
        tdm_fact fact;
        tdm_statement_fact(statement, &fact);
        code = visit(context, &fact, err);
    }
    if (code == TDM_OK && !found)
        code = tdm_fail(err, TDM_NOT_FOUND, 0, "nothing is known of %.*s", (int)subject.len,
                        (const char *)subject.data);
    tdm_fold_view_done(fold, &look);
    tdm_fold_unlock(fold);
    return code;
}

tdm_code tdm_fold_facts(tdm_fold *fold, tdm_span subject, tdm_fact_visit *visit, void *context, tdm_err *err)
{
    tdm_code code = visit_facts(fold, subject, visit, context, err);
    return code == TDM_END ? TDM_OK : code;
}

/* ---- units ---- */

static const char *const NO_RECORD = "no organisation that may has recorded this unit yet";
static const char *const NO_LEAD_RECORD = "the lead has not recorded this unit; another's record stands in";
static const char *const NO_SESSION = "no session counts yet";
static const char *const DOUBTS = "some of its facts are stored and not counted";

static size_t warn(const tdm_unit_view *view, const char *warnings[4])
{
    size_t count = 0;
    if (view->principal == SIZE_MAX) {
        warnings[count++] = NO_RECORD;
    } else {
        tdm_org_code recorder = view->statements[view->principal].recorder;
        tdm_org_code of = tdm_registry_root(view->registry, &recorder, view->start).root;
        tdm_org_code lead = tdm_registry_root(view->registry, &view->lead, view->start).root;
        if (!tdm_org_code_equal(&of, &lead))
            warnings[count++] = NO_LEAD_RECORD;
        if (view->counting == 0
            && tdm_unit_view_record(view)->values[TDM_UNIT_STATUS].number != TDM_STATUS_IS_CANCELLED)
            warnings[count++] = NO_SESSION;
    }
    if (view->doubts > 0)
        warnings[count++] = DOUBTS;
    return count;
}

/* Links over all counting sessions; of a unit without any, on its start. */
static void merge_all(tdm_unit_view *view)
{
    size_t count;
    view->merged.count = 0;
    for (size_t i = 0; i < view->session_count; i++) {
        if (!view->statements[view->sessions[i].index].counts)
            continue;
        const tdm_link *links = tdm_unit_view_links(view, view->sessions[i].date, &count);
        tdm_links_merge(&view->merged, links, count);
    }
    if (view->counting == 0) {
        const tdm_link *links = tdm_unit_view_links(view, view->start, &count);
        tdm_links_merge(&view->merged, links, count);
    }
    tdm_links_sort(&view->merged);
}

static tdm_claim *list_claims(const tdm_links *links, size_t *count)
{
    tdm_claim *claims = tdm_memory_new(links->count * sizeof *claims);
    *count = 0;
    for (size_t at = 0; at < links->count;) {
        tdm_link best;
        tdm_claim *claim = &claims[(*count)++];
        size_t next = tdm_links_claim(links, at, &best);
        memcpy(claim->root, best.root.text, sizeof claim->root);
        claim->status = best.status;
        for (; at < next; at++)
            claim->phases[links->items[at].phase - TDM_PHASE_IS_PLAN] = links->items[at].status;
    }
    return claims;
}

static void add_up(const tdm_unit_view *view, tdm_unit *out)
{
    for (size_t i = 0; i < view->session_count; i++) {
        const tdm_statement *session = &view->statements[view->sessions[i].index];
        if (!session->counts)
            continue;
        out->hours += session->record.values[TDM_SESSION_HOURS].number;
        out->people = session->people > out->people ? session->people : out->people;
    }
}

static tdm_code show_unit(tdm_fold *fold, const tdm_class_look *look, tdm_unit_visit *visit, void *context,
                          tdm_err *err)
{
    tdm_unit_view *view = &fold->view;
    const char *warnings[4];
    tdm_unit out = { .has_record = view->principal != SIZE_MAX, .session_count = view->counting };
    tdm_span *subjects = tdm_memory_new(look->count * sizeof *subjects);
    for (size_t i = 0; i < look->count; i++)
        subjects[i] = tdm_dossier_subject(look->dossiers[i]);
    out.name = subjects[0];
    out.subjects = subjects;
    out.subject_count = look->count;
    out.warning_count = warn(view, warnings);
    out.warnings = warnings;
    tdm_claim *claims = NULL;
    if (out.has_record) {
        out.record = *tdm_unit_view_record(view);
        out.origin = *tdm_slot_target(view->statements[view->principal].fact.base);
        add_up(view, &out);
        merge_all(view);
        claims = list_claims(&view->merged, &out.claim_count);
        out.claims = claims;
    }
    tdm_code code = visit(context, &out, err);
    free(claims);
    free(subjects);
    return code;
}

/* The class of a subject, if the subject is its smallest (so that each class is shown once) or `any`. */
static tdm_code visit_class(tdm_fold *fold, tdm_span subject, bool any, bool *found, tdm_unit_visit *visit,
                            void *context, tdm_err *err)
{
    tdm_class_look look;
    tdm_fold_lock(fold);
    tdm_code code = tdm_fold_view(fold, subject, &look, err);
    *found = code == TDM_OK && look.count > 0;
    if (*found && (any || tdm_span_equal(tdm_dossier_subject(look.dossiers[0]), subject)))
        code = show_unit(fold, &look, visit, context, err);
    tdm_fold_view_done(fold, &look);
    tdm_fold_unlock(fold);
    return code;
}

tdm_code tdm_fold_unit(tdm_fold *fold, tdm_span subject, tdm_unit_visit *visit, void *context, tdm_err *err)
{
    bool found = false;
    tdm_code code = subject.len > 5 && memcmp(subject.data, "unit/", 5) == 0
                        ? visit_class(fold, subject, true, &found, visit, context, err)
                        : TDM_OK;
    if (code == TDM_OK && !found)
        code = tdm_fail(err, TDM_NOT_FOUND, 0, "no unit %.*s", (int)subject.len, (const char *)subject.data);
    return code == TDM_END ? TDM_OK : code;
}

tdm_code tdm_fold_subjects(tdm_fold *fold, tdm_span prefix, tdm_subject_visit *visit, void *context,
                           tdm_err *err)
{
    tdm_walk walk = tdm_walk_begin(prefix);
    tdm_code code = TDM_OK;
    while (code == TDM_OK && walk.more) {
        tdm_fold_lock(fold);
        code = tdm_walk_step(&fold->shelf, &walk, err);
        tdm_shelf_end(&fold->shelf);
        tdm_fold_unlock(fold);
        for (size_t i = 0; code == TDM_OK && i < walk.found.count; i++)
            code = visit(context, walk.found.items[i], err);
    }
    tdm_walk_end(&walk);
    return code == TDM_END ? TDM_OK : code;
}

typedef struct fact_walk {
    tdm_fold *fold;
    tdm_fact_visit *visit;
    void *context;
} fact_walk;

static tdm_code walk_facts(void *context, tdm_span subject, tdm_err *err)
{
    const fact_walk *walk = context;
    return visit_facts(walk->fold, subject, walk->visit, walk->context, err);
}

tdm_code tdm_fold_facts_below(tdm_fold *fold, tdm_span prefix, tdm_fact_visit *visit, void *context,
                              tdm_err *err)
{
    fact_walk walk = { fold, visit, context };
    return tdm_fold_subjects(fold, prefix, walk_facts, &walk, err);
}

typedef struct unit_walk {
    tdm_fold *fold;
    tdm_unit_visit *visit;
    void *context;
} unit_walk;

static tdm_code walk_class(void *context, tdm_span subject, tdm_err *err)
{
    unit_walk *walk = context;
    bool known;
    return visit_class(walk->fold, subject, false, &known, walk->visit, walk->context, err);
}

static tdm_code all_units(tdm_fold *fold, tdm_unit_visit *visit, void *context, tdm_err *err)
{
    unit_walk walk = { fold, visit, context };
    return tdm_fold_subjects(fold, TDM_SPAN_LITERAL("unit/"), walk_class, &walk, err);
}

/* Smallest subjects of the classes that the named subjects belong to. */
static tdm_code named_classes(tdm_fold *fold, tdm_span organisation, tdm_subjects *out, tdm_arena *arena,
                              tdm_err *err)
{
    tdm_subjects named = { 0 };
    tdm_subjects class = { 0 };
    tdm_fold_lock(fold);
    tdm_code code = tdm_naming_subjects(fold, organisation, &named, arena, err);
    for (size_t i = 0; code == TDM_OK && i < named.count; i++) {
        if (named.items[i].len <= 5 || memcmp(named.items[i].data, "unit/", 5) != 0)
            continue;
        bool names = true;
        code = tdm_rest_names(fold, named.items[i], organisation, &names, err);
        if (code != TDM_OK || !names)
            continue;
        tdm_registry_class(fold->registry, named.items[i], &class);
        tdm_subjects_add(out, tdm_arena_keep(arena, class.items[0]));
    }
    tdm_shelf_end(&fold->shelf);
    tdm_fold_unlock(fold);
    tdm_subjects_sort(out);
    tdm_subjects_free(&named);
    tdm_subjects_free(&class);
    return code;
}

tdm_code tdm_fold_units(tdm_fold *fold, tdm_span organisation, tdm_unit_visit *visit, void *context,
                        tdm_err *err)
{
    tdm_code code;
    if (organisation.len == 0) {
        code = all_units(fold, visit, context, err);
        return code == TDM_END ? TDM_OK : code;
    }
    tdm_subjects subjects = { 0 };
    tdm_arena arena = { 0 };
    code = named_classes(fold, organisation, &subjects, &arena, err);
    bool found;
    for (size_t i = 0; code == TDM_OK && i < subjects.count; i++)
        code = visit_class(fold, subjects.items[i], true, &found, visit, context, err);
    tdm_subjects_free(&subjects);
    tdm_arena_free(&arena);
    return code == TDM_END ? TDM_OK : code;
}

/* ---- doubts ---- */

typedef struct doubt_walk {
    tdm_fold *fold;
    tdm_doubt_visit *visit;
    void *context;
    size_t left;
} doubt_walk;

static tdm_code show_doubt(doubt_walk *walk, const tdm_statement *statement, const char *reason, tdm_err *err)
{
    tdm_fact fact;
    if (reason == NULL)
        return TDM_OK;
    if (walk->left == 0)
        return TDM_END;
    walk->left--;
    tdm_statement_fact(statement, &fact);
    return walk->visit(walk->context, &fact, reason, err);
}

static tdm_code show_doubts(void *context, tdm_span subject, tdm_err *err)
{
    doubt_walk *walk = context;
    tdm_fold *fold = walk->fold;
    tdm_class_look look;
    tdm_fold_lock(fold);
    tdm_code code = tdm_fold_view(fold, subject, &look, err);
    for (size_t i = 0; code == TDM_OK && i < fold->view.count; i++) {
        const tdm_statement *s = &fold->view.statements[i];
        if (!tdm_span_equal(tdm_dossier_subject(s->dossier), subject))
            continue;
        code = show_doubt(walk, s, s->reason, err);
        for (uint32_t c = 0; c < s->fact.conflicts && code == TDM_OK; c++)
            code = show_doubt(walk, s, "conflict", err);
        for (uint32_t c = 0; c < s->fact.strangers && code == TDM_OK; c++)
            code = show_doubt(walk, s, "not the author's", err);
    }
    tdm_fold_view_done(fold, &look);
    tdm_fold_unlock(fold);
    return code;
}

tdm_code tdm_fold_doubts(tdm_fold *fold, size_t limit, tdm_doubt_visit *visit, void *context, tdm_err *err)
{
    doubt_walk walk = { fold, visit, context, limit };
    return tdm_fold_subjects(fold, (tdm_span){ NULL, 0 }, show_doubts, &walk, err);
}

/* ---- counts ---- */

void tdm_fold_counts_read(tdm_fold *fold, tdm_fold_counts *out)
{
    *out = (tdm_fold_counts){ 0 };
    tdm_fold_lock(fold);
    tdm_rest_need_cells(fold, TDM_FAMILY_SUMMARY, TDM_PERIOD_YEAR, NULL);
    tdm_cell_place place = { .family = TDM_FAMILY_SUMMARY, .period = { TDM_PERIOD_YEAR, 0 } };
    const tdm_cell *cell = tdm_cells_find(&fold->cells, &place);
    if (cell != NULL) {
        out->units = cell->v[TDM_AMOUNT_WEIGHT];
        out->doubts = cell->v[TDM_AMOUNT_DOUBTS];
        for (size_t status = 1; status < 4; status++)
            out->claims[status] = cell->v[TDM_AMOUNT_CLAIMS + status];
    }
    out->events = fold->events;
    out->unknown_types = fold->unknown_types;
    out->exchanged = fold->exchanged;
    out->refold_pending = fold->work.count - fold->work_done + fold->everything;
    tdm_fold_unlock(fold);
}
