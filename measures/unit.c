/* SPDX-License-Identifier: MPL-2.0
 *
 * unit.c: one unit class as it stands: statements judged, the principal record found, its sessions counted
 * (docs/figures.md section 3).
 */
#include "unit.h"

#include <stdlib.h>

#include "bytes.h"

void tdm_unit_view_free(tdm_unit_view *view)
{
    free(view->statements);
    free(view->sessions);
    free(view->dated.items);
    free(view->dates);
    free(view->answers);
    free(view->merged.items);
    tdm_buf_free(&view->subject);
    *view = (tdm_unit_view){ 0 };
}

/* Field 1 of every type that is judged (schema.def). */
enum { RECORDER = TDM_UNIT_RECORDER };

static uint32_t phase_field(uint32_t type)
{
    return type == TDM_TYPE_LINK_ASSERT    ? (uint32_t)TDM_LINK_ASSERT_PHASE
           : type == TDM_TYPE_LINK_CONFIRM ? (uint32_t)TDM_LINK_CONFIRM_PHASE
           : type == TDM_TYPE_LINK_DISPUTE ? (uint32_t)TDM_LINK_DISPUTE_PHASE
                                           : 0;
}

static tdm_statement *add_statement(tdm_unit_view *view)
{
    view->statements =
        tdm_memory_grow(view->statements, &view->capacity, view->count + 1, sizeof *view->statements);
    tdm_statement *out = &view->statements[view->count++];
    out->valid = false;
    out->reason = NULL;
    out->phase = 0;
    out->has_digest = false;
    out->counts = false;
    out->people = -1;
    out->type = 0;
    return out;
}

/* A record is filed under its own lead and id, and its recorder must be registered. */
static void judge_record(tdm_statement *statement, const tdm_registry *registry)
{
    tdm_span lead;
    tdm_span unit_id;
    const tdm_value *values = statement->record.values;
    tdm_span subject = tdm_dossier_subject(statement->dossier);
    if (!tdm_subject_is_unit(subject, &lead, &unit_id) || !tdm_span_equal(lead, values[TDM_UNIT_LEAD].bytes)
        || !tdm_span_equal(unit_id, values[TDM_UNIT_UNIT_ID].bytes))
        statement->reason = "subject differs";
    else if (!tdm_registry_root(registry, &statement->recorder, 0).registered)
        statement->reason = "recorder not registered";
}

/* A thing is filed where its fields say. */
static void judge_thing(tdm_unit_view *view, tdm_statement *statement)
{
    tdm_buf_clear(&view->subject);
    if (!tdm_record_subject(&statement->record, &view->subject)
        || !tdm_span_equal(tdm_buf_span(&view->subject), tdm_dossier_subject(statement->dossier)))
        statement->reason = "subject differs";
    else if (!tdm_registry_root(view->registry, &statement->recorder, 0).registered)
        statement->reason = "recorder not registered";
}

static void judge(tdm_unit_view *view, tdm_statement *statement, tdm_duty duty)
{
    const tdm_registry *registry = view->registry;
    if (!tdm_standing_is_readable(&statement->fact)) {
        statement->reason = "unreadable";
        return;
    }
    tdm_record_peek(statement->type, tdm_standing_payload(&statement->fact), &statement->record);
    const tdm_value *values = statement->record.values;
    uint32_t phase = phase_field(statement->type);
    statement->recorder = tdm_org_code_of(values[RECORDER].bytes);
    if (phase != 0)
        statement->phase = (uint32_t)values[phase].number;
    if (statement->type == TDM_TYPE_LINK_ASSERT)
        statement->organisation = tdm_org_code_of(values[TDM_LINK_ASSERT_ORGANISATION].bytes);
    if (!statement->fact.visible)
        return;
    tdm_slot base = statement->fact.base;
    statement->valid = tdm_registry_represents_at(registry, tdm_slot_target(base), &statement->recorder,
                                                  tdm_slot_recorded(base));
    if (!statement->valid)
        statement->reason = "in another's name";
    else if (statement->type == TDM_TYPE_UNIT)
        judge_record(statement, registry);
    else if (duty == TDM_DUTY_THING)
        judge_thing(view, statement);
    else if (statement->type == TDM_TYPE_LINK_ASSERT
             && !tdm_registry_root(registry, &statement->organisation, 0).registered)
        statement->reason = "organisation not registered";
}

/* A fact without a recorder: those of the registry count from the authority alone. */
static const char *judge_other(const tdm_unit_view *view, const tdm_statement *statement, tdm_duty duty)
{
    if (duty != TDM_DUTY_REGISTRY)
        return NULL;
    bool own =
        view->authority != NULL && tdm_id_equal(tdm_slot_target(statement->fact.base), view->authority);
    return own ? NULL : "not the hub's";
}

static void read_dossier(tdm_unit_view *view, const tdm_dossier *dossier)
{
    tdm_slot next = NULL;
    for (tdm_slot at = tdm_dossier_next(dossier, NULL); at != NULL; at = next) {
        tdm_statement *statement = add_statement(view);
        statement->dossier = dossier;
        tdm_standing_read(dossier, at, view->lineage, &statement->fact, &next);
        view->doubts += statement->fact.conflicts + statement->fact.strangers;
        if (statement->fact.base == NULL) {
            if (tdm_slot_role(at) == TDM_ROLE_UNKNOWN)
                continue;
            statement->reason = "waits for its target";
            view->doubts++;
            continue;
        }
        statement->type = tdm_slot_type(statement->fact.base);
        tdm_duty duty = tdm_type_find(statement->type)->duty;
        bool detail = duty == TDM_DUTY_DETAIL || duty == TDM_DUTY_THING;
        if (duty == TDM_DUTY_DOSSIER || detail) {
            view->facts += !detail;
            view->detailed = view->detailed || detail;
            judge(view, statement, duty);
        } else if (statement->fact.visible) {
            statement->reason = judge_other(view, statement, duty);
        }
        view->doubts += statement->reason != NULL;
    }
}

static bool is_record(const tdm_statement *statement)
{
    return statement->valid && statement->type == TDM_TYPE_UNIT && statement->reason == NULL;
}

/* ---- the principal record ---- */

typedef struct candidate {
    size_t index;
    bool leads;
    tdm_org_code root;
} candidate;

static int compare_candidates(const tdm_unit_view *view, const candidate *a, const candidate *b)
{
    if (a->leads != b->leads)
        return a->leads ? -1 : 1;
    int order = tdm_org_code_compare(&a->root, &b->root);
    const tdm_statement *x = &view->statements[a->index];
    const tdm_statement *y = &view->statements[b->index];
    if (order == 0)
        order = tdm_id_compare(tdm_slot_target(x->fact.base), tdm_slot_target(y->fact.base));
    if (order == 0)
        order = tdm_span_compare(tdm_dossier_subject(x->dossier), tdm_dossier_subject(y->dossier));
    if (order == 0)
        order = tdm_id_compare(tdm_slot_fact(x->fact.base), tdm_slot_fact(y->fact.base));
    return order;
}

static void find_principal(tdm_unit_view *view)
{
    candidate best = { SIZE_MAX, false, { { 0 } } };
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *statement = &view->statements[i];
        if (!is_record(statement))
            continue;
        const tdm_value *values = statement->record.values;
        tdm_date start = (tdm_date)values[TDM_UNIT_START].number;
        tdm_org_code lead = tdm_org_code_of(values[TDM_UNIT_LEAD].bytes);
        tdm_org_code lead_root = tdm_registry_root(view->registry, &lead, start).root;
        candidate here = { i, false, tdm_registry_root(view->registry, &statement->recorder, start).root };
        here.leads = tdm_org_code_equal(&here.root, &lead_root);
        if (best.index == SIZE_MAX || compare_candidates(view, &here, &best) < 0)
            best = here;
    }
    view->principal = best.index;
    if (best.index == SIZE_MAX)
        return;
    const tdm_value *values = view->statements[best.index].record.values;
    view->lead = tdm_org_code_of(values[TDM_UNIT_LEAD].bytes);
    view->start = (tdm_date)values[TDM_UNIT_START].number;
}

const tdm_record *tdm_unit_view_record(const tdm_unit_view *view)
{
    return view->principal == SIZE_MAX ? NULL : &view->statements[view->principal].record;
}

/* ---- sessions ---- */

/* Stated by the principal record's origin, under its subject and recorder. */
bool tdm_statement_is_principals(const tdm_unit_view *view, const tdm_statement *statement)
{
    const tdm_statement *principal = &view->statements[view->principal];
    return statement->valid && statement->dossier == principal->dossier
           && tdm_id_equal(tdm_slot_target(statement->fact.base), tdm_slot_target(principal->fact.base))
           && tdm_org_code_equal(&statement->recorder, &principal->recorder);
}

static void judge_session(tdm_unit_view *view, tdm_statement *session)
{
    const tdm_value *unit = view->statements[view->principal].record.values;
    int64_t date = session->record.values[TDM_SESSION_DATE].number;
    if (date < unit[TDM_UNIT_START].number
        || (unit[TDM_UNIT_END].present && date > unit[TDM_UNIT_END].number))
        session->reason = "outside the unit's dates";
    else if (!tdm_registry_root(view->registry, &view->lead, (tdm_date)date).countable)
        session->reason = "organisation not countable";
    int64_t status = unit[TDM_UNIT_STATUS].number;
    session->counts =
        session->reason == NULL && (status == TDM_STATUS_IS_STARTED || status == TDM_STATUS_IS_DELIVERED);
    view->counting += session->counts;
    const tdm_value *values = session->record.values;
    view->detailed = view->detailed || values[TDM_SESSION_FACILITATORS].present
                     || (values[TDM_SESSION_TYPE].present
                         && values[TDM_SESSION_TYPE].number != TDM_SESSIONTYPE_IS_WORKSHOP);
    view->doubts += session->reason != NULL;
}

static void add_session(tdm_unit_view *view, size_t index)
{
    view->sessions = tdm_memory_grow(view->sessions, &view->session_capacity, view->session_count + 1,
                                     sizeof *view->sessions);
    tdm_date date = (tdm_date)view->statements[index].record.values[TDM_SESSION_DATE].number;
    view->sessions[view->session_count++] =
        (tdm_dated_session){ date, tdm_period_of(TDM_PERIOD_MONTH, date).number, index };
}

static int compare_dated(const void *a, const void *b)
{
    const tdm_dated_session *x = a;
    const tdm_dated_session *y = b;
    if (x->date != y->date)
        return x->date < y->date ? -1 : 1;
    return x->index == y->index ? 0 : x->index < y->index ? -1 : 1;
}

/* Most units have a dozen sessions: insertion. */
static void sort_sessions(tdm_unit_view *view)
{
    enum { FEW = 32 };
    tdm_dated_session *sessions = view->sessions;
    if (view->session_count > FEW) {
        qsort(sessions, view->session_count, sizeof *sessions, compare_dated);
        return;
    }
    for (size_t i = 1; i < view->session_count; i++) {
        tdm_dated_session moved = sessions[i];
        size_t at = i;
        for (; at > 0 && compare_dated(&moved, &sessions[at - 1]) < 0; at--)
            sessions[at] = sessions[at - 1];
        sessions[at] = moved;
    }
}

/* Attendance names its session by fact id; statements lie sorted by (dossier, origin, fact id). */
static tdm_statement *find_session(tdm_unit_view *view, const tdm_statement *attendance)
{
    const tdm_value *value = &attendance->record.values[TDM_ATTENDANCE_SESSION];
    size_t low = 0;
    size_t high = view->session_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        tdm_statement *session = &view->statements[view->sessions[middle].index];
        int order = memcmp(tdm_slot_fact(session->fact.base)->bytes, value->bytes.data, TDM_ID_BYTES);
        if (order == 0)
            return session;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void take_attendance(tdm_unit_view *view, size_t *latest_by_session)
{
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *attendance = &view->statements[i];
        if (attendance->type != TDM_TYPE_ATTENDANCE || !tdm_statement_is_principals(view, attendance))
            continue;
        tdm_statement *session = find_session(view, attendance);
        if (session == NULL)
            continue;
        size_t *latest = &latest_by_session[session - view->statements];
        if (*latest != 0
            && !tdm_slot_is_later(attendance->fact.base, view->statements[*latest - 1].fact.base,
                                  view->lineage))
            continue;
        view->attended += *latest == 0;
        *latest = i + 1;
        session->people = attendance->record.values[TDM_ATTENDANCE_PEOPLE].number;
    }
}

static void read_sessions(tdm_unit_view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        tdm_statement *statement = &view->statements[i];
        if (statement->type != TDM_TYPE_SESSION || !tdm_statement_is_principals(view, statement))
            continue;
        judge_session(view, statement);
        add_session(view, i);
    }
    enum { FEW = 256 };
    size_t few[FEW];
    size_t *latest = view->count <= FEW ? few : tdm_memory_new(view->count * sizeof *latest);
    memset(latest, 0, view->count * sizeof *latest);
    take_attendance(view, latest);
    if (latest != few)
        free(latest);
    sort_sessions(view);
}

/* ---- what can be seen of links before any date is asked ---- */

static void survey_links(tdm_unit_view *view)
{
    view->steady = tdm_registry_root(view->registry, &view->lead, 0).steady;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *statement = &view->statements[i];
        if (!statement->valid)
            continue;
        bool link = statement->type == TDM_TYPE_LINK_ASSERT || statement->type == TDM_TYPE_LINK_CONFIRM
                    || statement->type == TDM_TYPE_LINK_DISPUTE;
        if (!link && !is_record(statement))
            continue;
        view->single = view->single && !link && tdm_org_code_equal(&statement->recorder, &view->lead);
        view->steady = view->steady && tdm_registry_root(view->registry, &statement->recorder, 0).steady;
        if (statement->type == TDM_TYPE_LINK_ASSERT)
            view->steady =
                view->steady && tdm_registry_root(view->registry, &statement->organisation, 0).steady;
    }
}

void tdm_unit_view_read(tdm_unit_view *view, tdm_dossier *const *dossiers, size_t count)
{
    view->count = 0;
    view->principal = SIZE_MAX;
    view->session_count = 0;
    view->counting = 0;
    view->attended = 0;
    view->detailed = false;
    view->single = true;
    view->dated.count = 0;
    view->date_count = 0;
    view->answer_count = SIZE_MAX; /* not gathered yet */
    view->facts = 0;
    view->doubts = 0;
    for (size_t i = 0; i < count; i++)
        read_dossier(view, dossiers[i]);
    find_principal(view);
    if (view->principal == SIZE_MAX)
        return;
    read_sessions(view);
    survey_links(view);
}
