/* SPDX-License-Identifier: MPL-2.0
 *
 * unit_amounts.c: what a unit class adds to each period it is in (docs/figures.md section 5).
 */
#include "unit.h"

#include "bytes.h"
#include "tandem/civil.h"

enum { DAYS_MAX = 3660, CORROBORATED = 3 };

static int64_t multiply(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

static void add_session(tdm_unit_period *sums, const tdm_statement *session)
{
    int64_t hours = session->record.values[TDM_SESSION_HOURS].number;
    sums->hours += hours;
    if (session->people < 0)
        return;
    sums->people = session->people > sums->people ? session->people : sums->people;
    sums->people_hours += multiply(hours, session->people);
}

static bool is_covered(const tdm_frontier *frontier, tdm_slot slot)
{
    return slot == NULL
           || tdm_frontier_covers(frontier, tdm_slot_author(slot), tdm_slot_incarnation(slot),
                                  tdm_slot_sequence(slot));
}

static bool is_fact(uint32_t type)
{
    return (type >= TDM_TYPE_UNIT && type <= TDM_TYPE_ATTENDANCE)
           || (type >= TDM_TYPE_LINK_ASSERT && type <= TDM_TYPE_LINK_DISPUTE);
}

/* What came after a period was closed, of all there is. In a period without a closing neither is counted: a
 * fact more would change every period the unit is in, and tell nothing. */
static void count_facts(const tdm_unit_view *view, tdm_entry *entry)
{
    const tdm_closing *closing =
        view->registry->closing_count == 0 ? NULL : tdm_registry_closing(view->registry, entry->period);
    if (closing == NULL || !closing->has_frontier)
        return;
    int64_t late = 0;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_standing *fact = &view->statements[i].fact;
        if (fact->base != NULL && is_fact(view->statements[i].type))
            late += !is_covered(&closing->frontier, fact->base)
                    || !is_covered(&closing->frontier, fact->content)
                    || !is_covered(&closing->frontier, fact->visibility);
    }
    tdm_entry_set(entry, TDM_AMOUNT_FACTS, view->facts);
    tdm_entry_set(entry, TDM_AMOUNT_LATE, late);
}

static void add_claim(const tdm_link *claim, tdm_contribution *out, tdm_entry *entry)
{
    tdm_entry_count(entry, TDM_AMOUNT_CLAIMS);
    tdm_entry_count(entry, TDM_AMOUNT_CLAIMS + claim->status);
    if (claim->answered_ms == INT64_MAX)
        return;
    int32_t days = tdm_date_in_london(claim->answered_ms) - tdm_date_in_london(claim->asserted_ms);
    tdm_contribution_add_day(out, entry, days < 0 ? 0 : days > DAYS_MAX ? DAYS_MAX : days);
}

static void add_joint(uint8_t best, tdm_entry *entry)
{
    for (size_t line = 0; line < TDM_LINES && line < best; line++) {
        for (size_t w = 0; w < 4; w++)
            tdm_entry_set(entry, TDM_AMOUNT_JOINT + line * 4 + w,
                          tdm_entry_get(entry, TDM_AMOUNT_WEIGHT + w));
    }
}

/* Claims, phases and joint amounts from the links in view->merged. */
static void add_links(tdm_unit_view *view, tdm_contribution *out, tdm_entry *entry)
{
    tdm_links_sort(&view->merged);
    uint8_t best = 0;
    for (size_t at = 0; at < view->merged.count;) {
        tdm_link claim;
        at = tdm_links_claim(&view->merged, at, &claim);
        add_claim(&claim, out, entry);
        best = claim.status > best ? claim.status : best;
    }
    int64_t depth = 0;
    for (uint32_t phase = TDM_PHASE_IS_PLAN; phase <= TDM_PHASE_IS_SUPPORT; phase++) {
        bool any = false;
        for (size_t i = 0; i < view->merged.count; i++)
            any =
                any || (view->merged.items[i].status == CORROBORATED && view->merged.items[i].phase == phase);
        tdm_entry_set(entry, TDM_AMOUNT_PHASE + phase - TDM_PHASE_IS_PLAN, any);
        depth += any;
    }
    tdm_entry_set(entry, TDM_AMOUNT_DEPTH, depth);
    tdm_entry_set(entry, TDM_AMOUNT_ALL_PHASES, depth == 3);
    add_joint(best, entry);
}

/* stated: people of the year as the lead stated them, -1 if it did not. */
static void add_entry(tdm_unit_view *view, tdm_contribution *out, tdm_family family, tdm_period period,
                      const tdm_unit_period *sums, int64_t stated)
{
    tdm_entry *entry = tdm_contribution_add(out, family, period);
    int64_t people = stated >= 0 ? stated : sums->people;
    tdm_entry_set(entry, TDM_AMOUNT_WEIGHT + TDM_WEIGHT_COUNT, 1);
    tdm_entry_set(entry, TDM_AMOUNT_WEIGHT + TDM_WEIGHT_HOURS, sums->hours);
    tdm_entry_set(entry, TDM_AMOUNT_WEIGHT + TDM_WEIGHT_PARTICIPANTS, people < 0 ? 0 : people);
    tdm_entry_set(entry, TDM_AMOUNT_WEIGHT + TDM_WEIGHT_PARTICIPANT_HOURS, sums->people_hours);
    tdm_entry_set(entry, TDM_AMOUNT_ESTIMATED, stated < 0 && people >= 0);
    tdm_entry_set(entry, TDM_AMOUNT_UNREPORTED, people < 0);
    count_facts(view, entry);
    if (view->merged.count > 0)
        add_links(view, out, entry);
}

/* People of the unit in a year as the principal record's origin states them; -1 if it does not. */
static int64_t stated_people(const tdm_unit_view *view, int32_t year)
{
    const tdm_statement *principal = &view->statements[view->principal];
    const tdm_statement *latest = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        if (s->type == TDM_TYPE_UNIT_PARTICIPANTS && s->valid && s->dossier == principal->dossier
            && tdm_id_equal(tdm_slot_target(s->fact.base), tdm_slot_target(principal->fact.base))
            && tdm_org_code_equal(&s->recorder, &principal->recorder)
            && s->record.values[TDM_UNIT_PARTICIPANTS_YEAR].number == year
            && (latest == NULL || tdm_slot_is_later(s->fact.base, latest->fact.base, view->lineage)))
            latest = s;
    }
    return latest == NULL ? -1 : latest->record.values[TDM_UNIT_PARTICIPANTS_PEOPLE].number;
}

static void merge_links(tdm_unit_view *view, tdm_date date)
{
    size_t count;
    const tdm_link *links = tdm_unit_view_links(view, date, &count);
    if (count > 0)
        tdm_links_merge(&view->merged, links, count);
}

static int32_t period_number(const tdm_unit_view *view, tdm_period_kind kind, size_t session)
{
    return tdm_period_holding(kind, (tdm_period){ TDM_PERIOD_MONTH, view->sessions[session].month }).number;
}

/* Sessions lie by date, so those of one period lie together. */
bool tdm_unit_view_period(tdm_unit_view *view, tdm_period_kind kind, size_t *at, tdm_unit_period *out)
{
    bool any = false;
    while (*at < view->session_count && !any) {
        *out = (tdm_unit_period){ .period = { kind, period_number(view, kind, *at) }, .people = -1 };
        view->merged.count = 0;
        for (; *at < view->session_count && period_number(view, kind, *at) == out->period.number; ++*at) {
            const tdm_statement *session = &view->statements[view->sessions[*at].index];
            if (!session->counts)
                continue;
            any = true;
            out->last = view->sessions[*at].date;
            add_session(out, session);
            merge_links(view, out->last);
        }
    }
    return any;
}

static void add_periods(tdm_unit_view *view, tdm_contribution *out, tdm_period_kind kind)
{
    tdm_unit_period at;
    for (size_t session = 0; tdm_unit_view_period(view, kind, &session, &at);)
        add_entry(view, out, TDM_FAMILY_DELIVERED, at.period, &at,
                  kind == TDM_PERIOD_YEAR ? stated_people(view, at.period.number) : -1);
}

static void add_planned(tdm_unit_view *view, tdm_contribution *out)
{
    tdm_unit_period sums = { .people = -1 };
    for (size_t i = 0; i < view->session_count; i++)
        add_session(&sums, &view->statements[view->sessions[i].index]);
    sums.people_hours = sums.people < 0 ? 0 : multiply(sums.hours, sums.people);
    view->merged.count = 0;
    merge_links(view, view->start);
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++)
        add_entry(view, out, TDM_FAMILY_PLANNED, tdm_period_of((tdm_period_kind)kind, view->start), &sums,
                  -1);
}

static void add_cancelled(const tdm_unit_view *view, tdm_contribution *out, tdm_family family)
{
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++) {
        tdm_entry *entry =
            tdm_contribution_add(out, family, tdm_period_of((tdm_period_kind)kind, view->start));
        tdm_entry_set(entry, TDM_AMOUNT_CANCELLED, 1);
    }
}

/* What the metrics count: the unit, its claims by their best status over all its sessions, its doubts. */
static void add_summary(tdm_unit_view *view, tdm_contribution *out)
{
    bool is_unit = view->principal != SIZE_MAX;
    if (!is_unit && view->doubts == 0)
        return;
    tdm_entry *entry = tdm_contribution_add(out, TDM_FAMILY_SUMMARY, (tdm_period){ TDM_PERIOD_YEAR, 0 });
    tdm_entry_set(entry, TDM_AMOUNT_WEIGHT, is_unit);
    tdm_entry_set(entry, TDM_AMOUNT_DOUBTS, view->doubts);
    view->merged.count = 0;
    for (size_t i = 0; is_unit && i < view->session_count; i++) {
        if (view->statements[view->sessions[i].index].counts)
            merge_links(view, view->sessions[i].date);
    }
    tdm_links_sort(&view->merged);
    for (size_t at = 0; at < view->merged.count;) {
        tdm_link claim;
        at = tdm_links_claim(&view->merged, at, &claim);
        tdm_entry_count(entry, TDM_AMOUNT_CLAIMS);
        tdm_entry_count(entry, TDM_AMOUNT_CLAIMS + claim.status);
    }
}

static void set_groups(const tdm_unit_view *view, tdm_contribution *out)
{
    const tdm_value *values = tdm_unit_view_record(view)->values;
    out->kind = (uint8_t)values[TDM_UNIT_KIND].number;
    out->groups[TDM_BY_PROGRAMME] = values[TDM_UNIT_PROGRAMME].bytes;
    out->groups[TDM_BY_KIND] = (tdm_span){ &out->kind, 1 };
    out->groups[TDM_BY_LEAD] = values[TDM_UNIT_LEAD].bytes;
    out->groups[TDM_BY_LOCALITY] = values[TDM_UNIT_LOCALITY].bytes;
}

void tdm_unit_view_contribute(tdm_unit_view *view, tdm_contribution *out)
{
    tdm_contribution_clear(out);
    if (view->principal != SIZE_MAX) {
        set_groups(view, out);
        bool cancelled =
            tdm_unit_view_record(view)->values[TDM_UNIT_STATUS].number == TDM_STATUS_IS_CANCELLED;
        bool countable = tdm_registry_root(view->registry, &view->lead, view->start).countable;
        for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH && view->counting > 0; kind++)
            add_periods(view, out, (tdm_period_kind)kind);
        if (countable && cancelled) {
            add_cancelled(view, out, TDM_FAMILY_DELIVERED);
            add_cancelled(view, out, TDM_FAMILY_PLANNED);
        } else if (countable) {
            add_planned(view, out);
        }
    }
    add_summary(view, out);
}
