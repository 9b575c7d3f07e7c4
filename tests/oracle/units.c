/* SPDX-License-Identifier: MPL-2.0
 *
 * units.c: which facts make one unit, and which of its records and sessions count (docs/figures.md section
 * 3).
 */
#include "parts.h"

#include <string.h>

/* A subject under "unit/", with the class it belongs to: the index of another such, up to itself. */
typedef struct subject {
    tdm_span name;
    size_t up;
} subject;

static bool is_under_unit(tdm_span name)
{
    return name.len >= 5 && memcmp(name.data, "unit/", 5) == 0;
}

static int by_subject(const void *left, const void *right)
{
    return tdm_span_compare(((const subject *)left)->name, ((const subject *)right)->name);
}

static size_t find_subject(const subject *list, size_t count, tdm_span name)
{
    subject key = { name, 0 };
    const subject *found = bsearch(&key, list, count, sizeof(*list), by_subject);
    return (size_t)(found - list);
}

static size_t top_of(const subject *list, size_t at)
{
    while (list[at].up != at)
        at = list[at].up;
    return at;
}

static bool joins(const tdm_oracle *o, const oracle_fact *fact)
{
    return !o->options.faults.matches_ignored && oracle_counts_as(o, fact, TDM_TYPE_MATCH)
           && is_under_unit(oracle_value(fact, TDM_MATCH_A)->bytes)
           && is_under_unit(oracle_value(fact, TDM_MATCH_B)->bytes);
}

static subject *list_subjects(const tdm_oracle *o, size_t *count)
{
    subject *list = NULL;
    *count = 0;
    for (size_t i = 0; i < o->fact_count; i++) {
        const oracle_fact *fact = &o->facts[i];
        if (is_under_unit(fact->base->e.subject))
            ORACLE_PUSH(list, *count, ((subject){ fact->base->e.subject, 0 }));
        if (joins(o, fact)) {
            ORACLE_PUSH(list, *count, ((subject){ oracle_value(fact, TDM_MATCH_A)->bytes, 0 }));
            ORACLE_PUSH(list, *count, ((subject){ oracle_value(fact, TDM_MATCH_B)->bytes, 0 }));
        }
    }
    if (*count == 0)
        return list;
    qsort(list, *count, sizeof(*list), by_subject);
    size_t kept = 1;
    for (size_t i = 1; i < *count; i++)
        if (by_subject(&list[kept - 1], &list[i]) != 0)
            list[kept++] = list[i];
    *count = kept;
    for (size_t i = 0; i < kept; i++)
        list[i].up = i;
    return list;
}

/* The smaller subject is always on top, so a class is named by its smallest. */
static void join_subjects(const tdm_oracle *o, subject *list, size_t count)
{
    for (size_t i = 0; i < o->fact_count; i++) {
        if (!joins(o, &o->facts[i]))
            continue;
        size_t a = top_of(list, find_subject(list, count, oracle_value(&o->facts[i], TDM_MATCH_A)->bytes));
        size_t b = top_of(list, find_subject(list, count, oracle_value(&o->facts[i], TDM_MATCH_B)->bytes));
        list[a > b ? a : b].up = a > b ? b : a;
    }
}

/* Every dossier, detail and thing has its recorder as first field. */
tdm_span oracle_recorder(const oracle_fact *fact)
{
    _Static_assert(TDM_UNIT_RECORDER == 1 && TDM_UNIT_PARTICIPANTS_RECORDER == 1 && TDM_SESSION_RECORDER == 1
                       && TDM_ATTENDANCE_RECORDER == 1 && TDM_LINK_ASSERT_RECORDER == 1
                       && TDM_LINK_CONFIRM_RECORDER == 1 && TDM_LINK_DISPUTE_RECORDER == 1,
                   "the recorder comes first");
    _Static_assert(TDM_UNIT_DESIGN_RECORDER == 1 && TDM_UNIT_MIX_RECORDER == 1 && TDM_CRITERION_RECORDER == 1,
                   "the recorder comes first");
    return oracle_value(fact, TDM_UNIT_RECORDER)->bytes;
}

static bool is_valid(const tdm_oracle *o, const oracle_fact *fact)
{
    tdm_duty duty = fact->base->type->duty;
    return fact->visible && (duty == TDM_DUTY_DOSSIER || duty == TDM_DUTY_DETAIL)
           && oracle_represents(o, &fact->base->e.origin, oracle_recorder(fact),
                                oracle_london(fact->base->e.recorded_ms));
}

static bool names_itself(const oracle_fact *unit)
{
    tdm_buf name = { 0 };
    tdm_span lead = oracle_value(unit, TDM_UNIT_LEAD)->bytes,
             id = oracle_value(unit, TDM_UNIT_UNIT_ID)->bytes;
    tdm_buf_text(&name, "unit/");
    tdm_buf_add(&name, lead.data, lead.len);
    tdm_buf_text(&name, "/");
    tdm_buf_add(&name, id.data, id.len);
    bool same = tdm_span_equal(tdm_buf_span(&name), unit->base->e.subject);
    tdm_buf_free(&name);
    return same;
}

bool oracle_is_record(const tdm_oracle *o, const oracle_fact *fact)
{
    return fact->valid && fact->base->e.type == TDM_TYPE_UNIT && names_itself(fact)
           && oracle_is_registered(o, oracle_recorder(fact));
}

static bool claims_to_lead(const tdm_oracle *o, const oracle_fact *record)
{
    tdm_date start = (tdm_date)oracle_value(record, TDM_UNIT_START)->number;
    oracle_code recorder = oracle_root(o, oracle_recorder(record), start, NULL);
    oracle_code lead = oracle_root(o, oracle_value(record, TDM_UNIT_LEAD)->bytes, start, NULL);
    return strcmp(recorder.text, lead.text) == 0;
}

/* Those that claim to lead first; then by root of the recorder, origin, subject, fact id. */
static int by_precedence(const tdm_oracle *o, const oracle_fact *a, const oracle_fact *b)
{
    int by = (int)claims_to_lead(o, b) - (int)claims_to_lead(o, a);
    oracle_code root_a =
        oracle_root(o, oracle_recorder(a), (tdm_date)oracle_value(a, TDM_UNIT_START)->number, NULL);
    oracle_code root_b =
        oracle_root(o, oracle_recorder(b), (tdm_date)oracle_value(b, TDM_UNIT_START)->number, NULL);
    if (by == 0)
        by = strcmp(root_a.text, root_b.text);
    if (by == 0)
        by = tdm_id_compare(&a->base->e.origin, &b->base->e.origin);
    if (by == 0)
        by = tdm_span_compare(a->base->e.subject, b->base->e.subject);
    return by ? by : tdm_id_compare(&a->base->e.fact, &b->base->e.fact);
}

static const oracle_fact *principal_of(const tdm_oracle *o, const oracle_class *class)
{
    const oracle_fact *first = NULL;
    for (size_t i = 0; i < class->count; i++)
        if (oracle_is_record(o, class->facts[i])
            && (first == NULL || by_precedence(o, class->facts[i], first) < 0))
            first = class->facts[i];
    return first;
}

void oracle_classes_load(tdm_oracle *o)
{
    size_t count;
    subject *list = list_subjects(o, &count);
    join_subjects(o, list, count);
    o->classes = oracle_zeroed(count, sizeof(*o->classes)); /* those of joined subjects stay empty */
    o->class_count = count;
    for (size_t i = 0; i < o->fact_count; i++) {
        oracle_fact *fact = &o->facts[i];
        if (!is_under_unit(fact->base->e.subject))
            continue;
        fact->valid = is_valid(o, fact);
        oracle_class *class = &o->classes[top_of(list, find_subject(list, count, fact->base->e.subject))];
        ORACLE_PUSH(class->facts, class->count, fact);
    }
    for (size_t i = 0; i < count; i++)
        o->classes[i].principal = principal_of(o, &o->classes[i]);
    free(list);
}

bool oracle_goes_with(const oracle_fact *principal, const oracle_fact *fact, uint32_t type)
{
    return fact->valid && fact->base->e.type == type
           && tdm_id_equal(&fact->base->e.origin, &principal->base->e.origin)
           && tdm_span_equal(fact->base->e.subject, principal->base->e.subject)
           && tdm_span_equal(oracle_recorder(fact), oracle_recorder(principal));
}

bool oracle_is_session(const oracle_class *class, const oracle_fact *fact)
{
    return oracle_goes_with(class->principal, fact, TDM_TYPE_SESSION);
}

bool oracle_session_counts(const tdm_oracle *o, const oracle_class *class, const oracle_fact *session)
{
    const oracle_fact *unit = class->principal;
    int64_t status = oracle_value(unit, TDM_UNIT_STATUS)->number;
    int64_t date = oracle_value(session, TDM_SESSION_DATE)->number;
    const tdm_value *end = oracle_value(unit, TDM_UNIT_END);
    return (status == TDM_STATUS_IS_STARTED || status == TDM_STATUS_IS_DELIVERED)
           && date >= oracle_value(unit, TDM_UNIT_START)->number && (!end->present || date <= end->number)
           && oracle_is_countable(o, oracle_lead(class), (tdm_date)date);
}

static const oracle_fact *later_of(const oracle_fact *held, const oracle_fact *other)
{
    return held == NULL || oracle_order(held->base, other->base) < 0 ? other : held;
}

const oracle_fact *oracle_attendance(const oracle_class *class, const oracle_fact *session)
{
    const oracle_fact *latest = NULL;
    for (size_t i = 0; i < class->count; i++) {
        const oracle_fact *fact = class->facts[i];
        if (!oracle_goes_with(session, fact, TDM_TYPE_ATTENDANCE))
            continue;
        tdm_id named = tdm_value_id(oracle_value(fact, TDM_ATTENDANCE_SESSION));
        if (tdm_id_equal(&named, &session->base->e.fact))
            latest = later_of(latest, fact);
    }
    return latest;
}

const oracle_fact *oracle_participants(const oracle_class *class, int32_t year)
{
    const oracle_fact *latest = NULL;
    for (size_t i = 0; i < class->count; i++)
        if (oracle_goes_with(class->principal, class->facts[i], TDM_TYPE_UNIT_PARTICIPANTS)
            && oracle_value(class->facts[i], TDM_UNIT_PARTICIPANTS_YEAR)->number == year)
            latest = later_of(latest, class->facts[i]);
    return latest;
}
