/* SPDX-License-Identifier: MPL-2.0
 *
 * claims.c: the links of a class on a date: asserted, disputed, standing, corroborated (docs/figures.md
 * section 4).
 */
#include "unit.h"

#include <stdlib.h>

#include "bytes.h"

enum { DISPUTED = 1, UNANSWERED = 2, CORROBORATED = 3 };

const tdm_digest *tdm_statement_digest(tdm_statement *statement)
{
    if (!statement->has_digest) {
        tdm_assertion_digest(tdm_slot_target(statement->fact.base), tdm_dossier_subject(statement->dossier),
                             tdm_slot_fact(statement->fact.base), &statement->record, &statement->digest);
        statement->has_digest = true;
    }
    return &statement->digest;
}

static bool is_explicit(const tdm_statement *statement)
{
    return statement->valid && statement->type == TDM_TYPE_LINK_ASSERT
           && statement->record.values[TDM_LINK_ASSERT_SUPPLIER].number == 0;
}

/* An assertion, explicit or implied by a record, with the link it names. */
static bool read_assertion(const tdm_statement *statement, tdm_org_code *organisation, uint32_t *phase)
{
    if (is_explicit(statement)) {
        *organisation = statement->organisation;
        *phase = statement->phase;
        return true;
    }
    *organisation = statement->recorder;
    *phase = TDM_PHASE_IS_DELIVER;
    return statement->valid && statement->type == TDM_TYPE_UNIT && statement->reason == NULL;
}

static bool is_counted(uint32_t phase)
{
    return phase >= TDM_PHASE_IS_PLAN && phase <= TDM_PHASE_IS_SUPPORT;
}

static bool is_link(const tdm_link *link, const tdm_org_code *root, uint32_t phase)
{
    return link->phase == phase && tdm_org_code_equal(&link->root, root);
}

static tdm_link *find_or_add(tdm_links *links, size_t first, const tdm_org_code *root, uint32_t phase)
{
    for (size_t i = first; i < links->count; i++) {
        if (is_link(&links->items[i], root, phase))
            return &links->items[i];
    }
    links->items = tdm_memory_grow(links->items, &links->capacity, links->count + 1, sizeof *links->items);
    tdm_link *link = &links->items[links->count++];
    *link = (tdm_link){ *root, phase, 0, INT64_MAX, INT64_MAX };
    return link;
}

/* One date of one class. */
typedef struct judged_day {
    tdm_unit_view *view;
    tdm_date date;
    tdm_org_code lead_root;
    bool has_recorder; /* root of the first statement met */
    tdm_org_code recorder_root;
    bool several; /* records or assertions stand under recorders of several roots */
} judged_day;

/* The link a statement states on the day, if any. */
static bool states_link(const judged_day *day, const tdm_statement *statement, tdm_org_code *root,
                        uint32_t *phase)
{
    tdm_org_code organisation;
    if (!read_assertion(statement, &organisation, phase) || !is_counted(*phase))
        return false;
    tdm_rooted rooted = tdm_registry_root(day->view->registry, &organisation, day->date);
    *root = rooted.root;
    return rooted.countable && !tdm_org_code_equal(root, &day->lead_root);
}

/* status is UNANSWERED, or CORROBORATED as a mark that the partner states the link itself. */
static void take_assertion(judged_day *day, const tdm_statement *statement, size_t first)
{
    tdm_org_code root;
    uint32_t phase;
    if (!read_assertion(statement, &root, &phase))
        return;
    tdm_org_code stated_under = tdm_registry_root(day->view->registry, &statement->recorder, day->date).root;
    if (!day->has_recorder)
        day->recorder_root = stated_under;
    day->several =
        day->several || (day->has_recorder && !tdm_org_code_equal(&day->recorder_root, &stated_under));
    day->has_recorder = true;
    if (!states_link(day, statement, &root, &phase))
        return;
    tdm_link *link = find_or_add(&day->view->dated, first, &root, phase);
    int64_t recorded = tdm_slot_recorded(statement->fact.base);
    link->asserted_ms = recorded < link->asserted_ms ? recorded : link->asserted_ms;
    uint8_t status = tdm_org_code_equal(&stated_under, &root) ? CORROBORATED : UNANSWERED;
    link->status = status > link->status ? status : link->status;
}

/* ---- answers ---- */

typedef struct ordered_answer {
    tdm_id origin;
    tdm_order order;
    size_t index;
} ordered_answer;

static int compare_answers(const void *a, const void *b)
{
    const ordered_answer *x = a;
    const ordered_answer *y = b;
    int order = tdm_id_compare(&x->origin, &y->origin);
    return order != 0 ? order : tdm_order_compare(&x->order, &y->order);
}

static void gather_answers(tdm_unit_view *view)
{
    ordered_answer *found = NULL;
    size_t capacity = 0;
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        if (!s->valid || (s->type != TDM_TYPE_LINK_CONFIRM && s->type != TDM_TYPE_LINK_DISPUTE))
            continue;
        found = tdm_memory_grow(found, &capacity, count + 1, sizeof *found);
        found[count++] = (ordered_answer){ *tdm_slot_target(s->fact.base),
                                           tdm_slot_order(s->fact.base, view->lineage), i };
    }
    if (count > 1)
        qsort(found, count, sizeof *found, compare_answers);
    view->answers = tdm_memory_grow(view->answers, &view->answer_capacity, count, sizeof *view->answers);
    for (size_t i = 0; i < count; i++)
        view->answers[i] = found[i].index;
    view->answer_count = count;
    free(found);
}

/* A confirmation holds while an explicit assertion of the link has the digest it names. */
static bool is_in_force(const judged_day *day, const tdm_link *link, const tdm_statement *confirm)
{
    tdm_digest named = tdm_value_digest(&confirm->record.values[TDM_LINK_CONFIRM_ASSERTION]);
    for (size_t i = 0; i < day->view->count; i++) {
        tdm_statement *statement = &day->view->statements[i];
        tdm_org_code root;
        uint32_t phase;
        if (is_explicit(statement) && statement->phase == link->phase
            && states_link(day, statement, &root, &phase) && is_link(link, &root, phase)
            && tdm_digest_equal(tdm_statement_digest(statement), &named))
            return true;
    }
    return false;
}

typedef struct verdict {
    bool disputed;
    bool confirmed;
    int64_t answered_ms;
} verdict;

static void take_answer(const judged_day *day, const tdm_link *link, const tdm_statement *answer,
                        verdict *out)
{
    bool dispute = answer->type == TDM_TYPE_LINK_DISPUTE;
    if (!dispute && !is_in_force(day, link, answer))
        return;
    out->disputed = out->disputed || dispute;
    out->confirmed = out->confirmed || !dispute;
    int64_t recorded = tdm_slot_recorded(answer->fact.base);
    out->answered_ms = recorded < out->answered_ms ? recorded : out->answered_ms;
}

static bool answers_link(const judged_day *day, const tdm_link *link, const tdm_statement *answer)
{
    if (answer->phase != link->phase)
        return false;
    tdm_rooted rooted = tdm_registry_root(day->view->registry, &answer->recorder, day->date);
    return rooted.countable && tdm_org_code_equal(&rooted.root, &link->root);
}

/* Answers lie by (origin, order): of each origin the last one to this link counts. */
static verdict judge_answers(const judged_day *day, const tdm_link *link)
{
    verdict out = { false, false, INT64_MAX };
    const tdm_statement *latest = NULL;
    for (size_t i = 0; i < day->view->answer_count; i++) {
        const tdm_statement *answer = &day->view->statements[day->view->answers[i]];
        if (!answers_link(day, link, answer))
            continue;
        if (latest != NULL
            && !tdm_id_equal(tdm_slot_target(latest->fact.base), tdm_slot_target(answer->fact.base)))
            take_answer(day, link, latest, &out);
        latest = answer;
    }
    if (latest != NULL)
        take_answer(day, link, latest, &out);
    return out;
}

static void judge_link(const judged_day *day, tdm_link *link)
{
    verdict answers = judge_answers(day, link);
    bool stated_by_partner = link->status == CORROBORATED && day->several;
    link->answered_ms = answers.answered_ms;
    link->status = answers.disputed                         ? DISPUTED
                   : answers.confirmed || stated_by_partner ? CORROBORATED
                                                            : UNANSWERED;
}

static void read_day(tdm_unit_view *view, tdm_date date)
{
    if (view->answer_count == SIZE_MAX)
        gather_answers(view);
    judged_day day = { .view = view, .date = date };
    day.lead_root = tdm_registry_root(view->registry, &view->lead, date).root;
    size_t first = view->dated.count;
    for (size_t i = 0; i < view->count; i++)
        take_assertion(&day, &view->statements[i], first);
    for (size_t i = first; i < view->dated.count; i++)
        judge_link(&day, &view->dated.items[i]);
    view->dates =
        tdm_memory_grow(view->dates, &view->date_capacity, view->date_count + 1, sizeof *view->dates);
    view->dates[view->date_count++] = (tdm_links_on){ date, first, view->dated.count - first };
}

const tdm_link *tdm_unit_view_links(tdm_unit_view *view, tdm_date date, size_t *count)
{
    *count = 0;
    if (view->single || view->principal == SIZE_MAX)
        return NULL;
    for (size_t i = view->date_count; i-- > 0;) {
        if (view->steady || view->dates[i].date == date) {
            *count = view->dates[i].count;
            return *count == 0 ? NULL : view->dated.items + view->dates[i].first;
        }
    }
    read_day(view, date);
    const tdm_links_on *made = &view->dates[view->date_count - 1];
    *count = made->count;
    return made->count == 0 ? NULL : view->dated.items + made->first;
}

/* ---- claims over several dates ---- */

void tdm_links_merge(tdm_links *merged, const tdm_link *links, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tdm_link *best = find_or_add(merged, 0, &links[i].root, links[i].phase);
        best->status = links[i].status > best->status ? links[i].status : best->status;
        if (links[i].asserted_ms < best->asserted_ms)
            best->asserted_ms = links[i].asserted_ms;
        if (links[i].answered_ms < best->answered_ms)
            best->answered_ms = links[i].answered_ms;
    }
}

static int compare_links(const void *a, const void *b)
{
    const tdm_link *x = a;
    const tdm_link *y = b;
    int order = tdm_org_code_compare(&x->root, &y->root);
    return order != 0 ? order : (int)x->phase - (int)y->phase;
}

void tdm_links_sort(tdm_links *links)
{
    if (links->count > 1)
        qsort(links->items, links->count, sizeof *links->items, compare_links);
}

size_t tdm_links_claim(const tdm_links *links, size_t first, tdm_link *claim)
{
    *claim = links->items[first];
    size_t at = first + 1;
    for (; at < links->count && tdm_org_code_equal(&links->items[at].root, &claim->root); at++) {
        const tdm_link *link = &links->items[at];
        claim->status = link->status > claim->status ? link->status : claim->status;
        if (link->asserted_ms < claim->asserted_ms)
            claim->asserted_ms = link->asserted_ms;
        if (link->answered_ms < claim->answered_ms)
            claim->answered_ms = link->answered_ms;
    }
    return at;
}
