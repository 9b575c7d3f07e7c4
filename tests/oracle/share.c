/* SPDX-License-Identifier: MPL-2.0
 *
 * share.c: what one unit adds to the figures of one period (docs/figures.md sections 3.6, 3.7 and 5).
 */
#include "parts.h"

#include <string.h>

#define DAYS_MAX 3660

static int64_t unit_number(const oracle_class *class, uint32_t field)
{
    return oracle_value(class->principal, field)->number;
}

static bool is_unit_fact(const oracle_fact *fact)
{
    static const uint32_t TYPES[] = { TDM_TYPE_UNIT,        TDM_TYPE_UNIT_PARTICIPANTS, TDM_TYPE_SESSION,
                                      TDM_TYPE_ATTENDANCE,  TDM_TYPE_LINK_ASSERT,       TDM_TYPE_LINK_CONFIRM,
                                      TDM_TYPE_LINK_DISPUTE };
    for (size_t i = 0; i < TDM_COUNT(TYPES); i++)
        if (fact->base->e.type == TYPES[i])
            return true;
    return false;
}

static void add_facts(const tdm_oracle *o, oracle_share *share)
{
    for (size_t i = 0; i < share->class->count && oracle_is_closed(o, share->period); i++) {
        if (!is_unit_fact(share->class->facts[i]))
            continue;
        share->facts++;
        share->late += oracle_is_late(o, share->class->facts[i], share->period);
    }
}

static void add_days(oracle_share *share, int64_t asserted_ms, int64_t answered_ms)
{
    if (answered_ms == INT64_MAX)
        return;
    int64_t days = oracle_london(answered_ms) - oracle_london(asserted_ms);
    days = days < 0 ? 0 : days > DAYS_MAX ? DAYS_MAX : days;
    ORACLE_PUSH(share->days, share->day_count, days);
}

/* One claim: all links of the root of links[first], which is the first of its root in the list. */
static void add_claim(oracle_share *share, const oracle_link *links, size_t count, size_t first)
{
    oracle_link claim = links[first];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(links[i].root.text, claim.root.text) != 0)
            continue;
        if (i < first)
            return;
        claim.status = links[i].status > claim.status ? links[i].status : claim.status;
        if (links[i].first_asserted < claim.first_asserted)
            claim.first_asserted = links[i].first_asserted;
        if (links[i].first_answered < claim.first_answered)
            claim.first_answered = links[i].first_answered;
    }
    share->claims++;
    share->claims_disputed += claim.status == ORACLE_DISPUTED;
    share->claims_unanswered += claim.status == ORACLE_STANDING;
    share->claims_corroborated += claim.status == ORACLE_CORROBORATED;
    for (int line = 0; line < 3; line++) /* asserted 1, standing 2, corroborated 3, as the statuses are */
        share->joint[line] |= claim.status > line;
    add_days(share, claim.first_asserted, claim.first_answered);
}

static void add_links(oracle_share *share, const oracle_link *links, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_claim(share, links, count, i);
        if (links[i].status == ORACLE_CORROBORATED)
            share->phase_units[links[i].phase - 1] = 1;
    }
    share->depth = share->phase_units[0] + share->phase_units[1] + share->phase_units[2];
    share->all_phases_units = share->depth == 3;
}

static bool is_dated_in(const oracle_fact *session, tdm_period period)
{
    tdm_date date = (tdm_date)oracle_value(session, TDM_SESSION_DATE)->number;
    return oracle_period_of(period.kind, date).number == period.number;
}

/* Hours, the largest attendance and participant-hours of one more session. */
static void add_session(oracle_share *share, const oracle_fact *session, bool *attended)
{
    const oracle_fact *attendance = oracle_attendance(share->class, session);
    int64_t hours = oracle_value(session, TDM_SESSION_HOURS)->number;
    share->hours += hours;
    if (attendance == NULL)
        return;
    int64_t people = oracle_value(attendance, TDM_ATTENDANCE_PEOPLE)->number;
    *attended = true;
    share->people = people > share->people ? people : share->people;
    share->people_hours += hours * people;
}

static void set_participants(oracle_share *share, bool attended)
{
    const oracle_fact *stated = share->period.kind == TDM_PERIOD_YEAR
                                    ? oracle_participants(share->class, share->period.number)
                                    : NULL;
    if (stated != NULL)
        share->people = oracle_value(stated, TDM_UNIT_PARTICIPANTS_PEOPLE)->number;
    share->estimated = stated == NULL && attended;
    share->unreported = stated == NULL && !attended;
}

/* A unit in a period by its counting sessions; units stays 0 if none is dated in it. */
static oracle_share delivered_in(const tdm_oracle *o, const oracle_class *class, tdm_period period)
{
    oracle_share share = { .period = period, .class = class };
    oracle_link *links = NULL;
    size_t link_count = 0;
    bool attended = false;
    for (size_t i = 0; i < class->count; i++) {
        const oracle_fact *session = class->facts[i];
        if (!oracle_is_session(class, session) || !is_dated_in(session, period)
            || !oracle_session_counts(o, class, session))
            continue;
        share.units = 1;
        add_session(&share, session, &attended);
        oracle_links_on(o, class, (tdm_date)oracle_value(session, TDM_SESSION_DATE)->number, &links,
                        &link_count);
    }
    set_participants(&share, attended);
    add_links(&share, links, link_count);
    add_facts(o, &share);
    free(links);
    return share;
}

/* A unit as planned: one session on its first day, with everything. */
static oracle_share planned_in(const tdm_oracle *o, const oracle_class *class, tdm_period period)
{
    oracle_share share = { .period = period, .class = class, .units = 1 };
    oracle_link *links = NULL;
    size_t link_count = 0;
    bool attended = false;
    for (size_t i = 0; i < class->count; i++)
        if (oracle_is_session(class, class->facts[i]))
            add_session(&share, class->facts[i], &attended);
    share.people_hours = share.hours * share.people;
    share.estimated = attended;
    share.unreported = !attended;
    oracle_links_on(o, class, (tdm_date)unit_number(class, TDM_UNIT_START), &links, &link_count);
    add_links(&share, links, link_count);
    add_facts(o, &share);
    free(links);
    return share;
}

/* The first session of this period in the class: so that each period is looked at once. */
static bool is_first_of_period(const oracle_class *class, size_t at, tdm_period period)
{
    for (size_t i = 0; i < at; i++)
        if (oracle_is_session(class, class->facts[i]) && is_dated_in(class->facts[i], period))
            return false;
    return true;
}

static void share_delivered(const tdm_oracle *o, const oracle_class *class, tdm_period_kind kind,
                            oracle_share **shares, size_t *count)
{
    for (size_t i = 0; i < class->count; i++) {
        if (!oracle_is_session(class, class->facts[i]))
            continue;
        tdm_period period =
            oracle_period_of(kind, (tdm_date)oracle_value(class->facts[i], TDM_SESSION_DATE)->number);
        if (!is_first_of_period(class, i, period))
            continue;
        oracle_share share = delivered_in(o, class, period);
        if (share.units > 0)
            ORACLE_PUSH(*shares, *count, share);
        else
            free(share.days);
    }
}

static void share_by_start(const tdm_oracle *o, const oracle_class *class, tdm_period_kind kind, bool planned,
                           oracle_share **shares, size_t *count)
{
    tdm_date start = (tdm_date)unit_number(class, TDM_UNIT_START);
    tdm_period period = oracle_period_of(kind, start);
    bool cancelled = unit_number(class, TDM_UNIT_STATUS) == TDM_STATUS_IS_CANCELLED;
    if ((!cancelled && !planned) || !oracle_is_countable(o, oracle_lead(class), start))
        return;
    oracle_share share = { .period = period, .class = class, .cancelled = 1 };
    if (!cancelled)
        share = planned_in(o, class, period);
    ORACLE_PUSH(*shares, *count, share);
}

void oracle_shares(const tdm_oracle *o, tdm_period_kind kind, bool planned, oracle_share **shares,
                   size_t *count)
{
    *shares = NULL;
    *count = 0;
    for (size_t i = 0; i < o->class_count; i++) {
        const oracle_class *class = &o->classes[i];
        if (class->principal == NULL)
            continue;
        if (!planned)
            share_delivered(o, class, kind, shares, count);
        share_by_start(o, class, kind, planned, shares, count);
    }
}
