/* SPDX-License-Identifier: MPL-2.0
 *
 * history_sayings.c: what hub and origins can say in a random history, a function for each type.
 */
#include "history_parts.h"

#include <stdio.h>
#include <string.h>

#include "tandem/pack.h"

#define FILLER(name)                                                                                         \
    static bool name(history_maker *m, size_t origin, const history_stated *about, tdm_record *r,            \
                     history_stated *s)
#define UNUSED (void)origin, (void)about, (void)m

static void set_subject(history_stated *s, const char *folder, const char *name)
{
    (void)snprintf(s->subject, sizeof(s->subject), "%s/%s", folder, name);
}

void history_copy_code(char out[16], const char *code)
{
    (void)snprintf(out, 16, "%.12s", code);
}

static void maybe_date(history_maker *m, tdm_record *r, uint32_t field, unsigned percent)
{
    if (history_chance(m, percent))
        tdm_record_set_number(r, field, history_date(m));
}

static const char *period_text(history_maker *m)
{
    static const char *const PERIODS[] = { "2016/17",   "2017/18", "2018/19", "2017/18Q1",
                                           "2017/18Q4", "2017-04", "2017-06", "2018-03" };
    return PERIODS[history_roll(m, TDM_COUNT(PERIODS))];
}

static tdm_span origin_id(history_maker *m)
{
    return (tdm_span){ m->pens[2 * history_roll(m, m->origin_count)].origin.bytes, TDM_ID_BYTES };
}

/* ---- registry */
FILLER(fill_organisation)
{
    UNUSED;
    const char *code = history_code(m);
    set_subject(s, "organisation", code);
    tdm_record_set_text(r, TDM_ORGANISATION_CODE, code);
    tdm_record_set_text(r, TDM_ORGANISATION_NAME, "Name");
    tdm_record_set_number(r, TDM_ORGANISATION_SECTOR, 1 + (int64_t)history_roll(m, 10));
    if (history_chance(m, 50))
        tdm_record_set_text(r, TDM_ORGANISATION_PARENT, history_code(m));
    if (history_chance(m, 80))
        tdm_record_set_number(r, TDM_ORGANISATION_BELONGS, 1 + (int64_t)history_roll(m, 3));
    history_more_of_organisation(m, r);
    return true;
}

FILLER(fill_change)
{
    UNUSED;
    const char *code = history_chance(m, 25) ? m->codes[1] : history_code(m);
    set_subject(s, "organisation", code);
    tdm_record_set_text(r, TDM_ORGANISATION_CHANGE_CODE, code);
    tdm_record_set_number(r, TDM_ORGANISATION_CHANGE_CHANGE, 1 + (int64_t)history_roll(m, 7));
    tdm_record_set_number(r, TDM_ORGANISATION_CHANGE_EFFECTIVE, history_date(m));
    if (history_chance(m, 60))
        tdm_record_set_text(r, TDM_ORGANISATION_CHANGE_SUCCESSOR, history_code(m));
    if (history_chance(m, 60))
        tdm_record_set_text(r, TDM_ORGANISATION_CHANGE_PARENT, history_code(m));
    if (history_chance(m, 70))
        tdm_record_set_number(r, TDM_ORGANISATION_CHANGE_BELONGS, 1 + (int64_t)history_roll(m, 3));
    if (history_chance(m, 60))
        tdm_record_set_number(r, TDM_ORGANISATION_CHANGE_SECTOR, 1 + (int64_t)history_roll(m, 10));
    return true;
}

FILLER(fill_represents)
{
    UNUSED;
    size_t speaker = history_roll(m, m->origin_count);
    const char *code = history_home(m, speaker);
    set_subject(s, "organisation", code);
    tdm_record_set_bytes(r, TDM_REPRESENTS_ORIGIN,
                         (tdm_span){ m->pens[2 * speaker].origin.bytes, TDM_ID_BYTES });
    tdm_record_set_text(r, TDM_REPRESENTS_ORGANISATION, code);
    tdm_record_set_number(r, TDM_REPRESENTS_MODE, 1 + (int64_t)history_roll(m, 2));
    maybe_date(m, r, TDM_REPRESENTS_FROM, 40);
    maybe_date(m, r, TDM_REPRESENTS_UNTIL, 30);
    return true;
}

FILLER(fill_succession)
{
    UNUSED;
    set_subject(s, "origin", "any");
    bool of_hub = history_chance(m, 25);
    tdm_record_set_bytes(r, TDM_SUCCESSION_ORIGIN,
                         of_hub ? (tdm_span){ m->pens[0].origin.bytes, TDM_ID_BYTES } : origin_id(m));
    tdm_record_set_bytes(r, TDM_SUCCESSION_SUCCESSOR, origin_id(m));
    return true;
}

FILLER(fill_match)
{
    static const char *const IDS[] = { "1", "2" };
    UNUSED;
    set_subject(s, "match", "any");
    m->scratch.len = 0;
    for (int side = 0; side < 2; side++) {
        const char *code = history_code(m), *id = IDS[history_roll(m, 2)];
        tdm_buf_format(&m->scratch, "unit/%s/%s", code, id);
    }
    size_t half = m->scratch.len / 2; /* all codes are of one length */
    tdm_span a = { m->scratch.data, half }, b = { m->scratch.data + half, half };
    bool swap = tdm_span_compare(a, b) > 0 && !history_chance(m, 5);
    tdm_record_set_bytes(r, TDM_MATCH_A, swap ? b : a);
    tdm_record_set_bytes(r, TDM_MATCH_B, swap ? a : b);
    return true;
}

/* For baselines and targets. */
FILLER(fill_level)
{
    UNUSED;
    set_subject(s, "programme", "all");
    tdm_record_set_number(r, TDM_TARGET_YEAR, 2014 + (int64_t)history_roll(m, 6));
    tdm_record_set_number(r, TDM_TARGET_LEVEL, (int64_t)history_roll(m, 11) * 97);
    return true;
}

/* For returns expected, and made: mostly what is expected, by somebody who may say so. */
FILLER(fill_return)
{
    UNUSED;
    bool expected = about != NULL && about->type == TDM_TYPE_RETURN_EXPECTED && history_chance(m, 85);
    history_copy_code(s->organisation, expected ? about->organisation : history_home(m, origin));
    if (expected)
        (void)snprintf(s->subject, sizeof(s->subject), "%s", about->subject);
    else
        set_subject(s, "period", period_text(m));
    if (s->type == TDM_TYPE_RETURN_MADE && expected)
        s->origin = history_speaker(m, s->organisation);
    tdm_record_set_text(r, TDM_RETURN_MADE_ORGANISATION, s->organisation);
    tdm_record_set_text(r, TDM_RETURN_MADE_PERIOD, s->subject + strlen("period/"));
    return true;
}

static void pack_entry(history_maker *m, size_t origin)
{
    static const uint8_t HEAD[TDM_DIGEST_BYTES] = { 7 };
    const tdm_pen *pen = &m->pens[2 * origin + (m->twice[origin] ? history_roll(m, 2) : 0)];
    uint8_t incarnation[8];
    tdm_record entry;
    tdm_incarnation_bytes(pen->incarnation, incarnation);
    tdm_record_init(&entry, TDM_TYPE_FRONTIER_ENTRY);
    tdm_record_set_bytes(&entry, TDM_FRONTIER_ENTRY_ORIGIN, (tdm_span){ pen->origin.bytes, TDM_ID_BYTES });
    tdm_record_set_bytes(&entry, TDM_FRONTIER_ENTRY_INCARNATION, (tdm_span){ incarnation, 8 });
    tdm_record_set_number(&entry, TDM_FRONTIER_ENTRY_SEQUENCE, (int64_t)history_roll(m, pen->sequence + 1));
    tdm_record_set_bytes(&entry, TDM_FRONTIER_ENTRY_HEAD, (tdm_span){ HEAD, sizeof(HEAD) });
    TDM_ASSERT(tdm_record_encode(&entry, &m->scratch, NULL) == TDM_OK);
}

FILLER(fill_tide)
{
    UNUSED;
    (void)snprintf(s->subject, sizeof(s->subject), "tide");
    tdm_record_set_number(r, TDM_TIDE_TIME, history_time(m));
    m->scratch.len = 0;
    tdm_pack_array(&m->scratch, (uint32_t)m->origin_count - 1);
    for (size_t i = 1; i < m->origin_count; i++)
        pack_entry(m, i);
    tdm_record_set_bytes(r, TDM_TIDE_ENTRIES, tdm_buf_span(&m->scratch));
    return true;
}

/* At a place of the hub's log that, often enough, is a tide. */
FILLER(fill_closing)
{
    UNUSED;
    const char *period = period_text(m);
    const tdm_pen *pen = history_pen(m, 0);
    uint64_t sequence = 1 + history_roll(m, pen->sequence + 1), incarnation = pen->incarnation;
    tdm_span *events = tdm_sheaf_spans(&m->sheaf);
    for (size_t tries = 0; tries < 400; tries++) {
        tdm_event event;
        if (tdm_event_peek(events[history_roll(m, m->sheaf.count)], &event, NULL) != TDM_OK
            || event.type != TDM_TYPE_TIDE)
            continue;
        sequence = event.sequence;
        incarnation = event.incarnation;
        break;
    }
    free(events);
    set_subject(s, "period", period);
    m->scratch.len = 0;
    uint8_t bytes[8];
    tdm_incarnation_bytes(incarnation, bytes);
    tdm_buf_add(&m->scratch, bytes, 8);
    tdm_record_set_text(r, TDM_PERIOD_CLOSED_PERIOD, period);
    tdm_record_set_bytes(r, TDM_PERIOD_CLOSED_TIDE_INCARNATION, tdm_buf_span(&m->scratch));
    tdm_record_set_number(r, TDM_PERIOD_CLOSED_TIDE_SEQUENCE, (int64_t)sequence);
    return true;
}

FILLER(fill_published)
{
    static const char *const MEASURES[] = { "C1", "C1", "C2", "C3", "C4", "C9" };
    static const char *const PLACES[][2] = { { "total", "" },
                                             { "total", "" },
                                             { "kind", "programme" },
                                             { "programme", "(none)" },
                                             { "programme", "lead well" },
                                             { "sector", "trust" },
                                             { "sector", "trust" },
                                             { "sector", "unknown" } };
    UNUSED;
    const char *period = period_text(m), *const *place = PLACES[history_roll(m, TDM_COUNT(PLACES))];
    set_subject(s, "period", period);
    m->scratch.len = 0;
    tdm_buf_add(&m->scratch, "\1\2\3\4\5\6\7\10", 8);
    int64_t units = (int64_t)history_roll(m, 8), joint = (int64_t)history_roll(m, (size_t)units + 1);
    tdm_record_set_text(r, TDM_FIGURE_PUBLISHED_PERIOD, period);
    tdm_record_set_text(r, TDM_FIGURE_PUBLISHED_MEASURE, MEASURES[history_roll(m, TDM_COUNT(MEASURES))]);
    tdm_record_set_number(r, TDM_FIGURE_PUBLISHED_DEFINITION, history_chance(m, 90) ? 1 : 2);
    tdm_record_set_text(r, TDM_FIGURE_PUBLISHED_DIMENSION, place[0]);
    tdm_record_set_text(r, TDM_FIGURE_PUBLISHED_GROUP, place[1]);
    tdm_record_set_number(r, TDM_FIGURE_PUBLISHED_UNITS, units);
    tdm_record_set_number(r, TDM_FIGURE_PUBLISHED_ASSERTED, units);
    tdm_record_set_number(r, TDM_FIGURE_PUBLISHED_STANDING, units);
    tdm_record_set_number(r, TDM_FIGURE_PUBLISHED_CORROBORATED, joint);
    tdm_record_set_bytes(r, TDM_FIGURE_PUBLISHED_TIDE_INCARNATION, tdm_buf_span(&m->scratch));
    tdm_record_set_number(r, TDM_FIGURE_PUBLISHED_TIDE_SEQUENCE, 1);
    return true;
}

/* ---- dossiers */
FILLER(fill_unit)
{
    static const int64_t STATUSES[] = { 3, 3, 3, 3, 3, 3, 2, 2, 1, 4, 7 };
    static const char *const TEXTS[] = { "", "lead well", "kind teams" };
    const char *home = history_home(m, origin);
    char name[24];
    UNUSED;
    int64_t start = history_date(m);
    if (about == NULL || history_chance(m, 15)) { /* else a correction, which keeps the unit's identity */
        history_copy_code(s->organisation, history_chance(m, 55) ? home : history_code(m));
        s->phase = 1 + (int64_t)history_roll(m, 2);
    }
    const char *id = s->phase == 1 ? "1" : "2";
    (void)snprintf(name, sizeof(name), "%.12s/%s", s->organisation, id);
    set_subject(s, "unit", name);
    if (history_chance(m, 3))
        set_subject(s, "unit", "elsewhere");
    history_copy_code(s->recorder, home);
    s->start = start;
    tdm_record_set_text(r, TDM_UNIT_RECORDER, home);
    tdm_record_set_text(r, TDM_UNIT_LEAD, s->organisation);
    tdm_record_set_text(r, TDM_UNIT_UNIT_ID, id);
    tdm_record_set_number(r, TDM_UNIT_KIND, 1 + (int64_t)history_roll(m, 4));
    tdm_record_set_number(r, TDM_UNIT_STATUS, STATUSES[history_roll(m, TDM_COUNT(STATUSES))]);
    tdm_record_set_number(r, TDM_UNIT_START, start);
    maybe_date(m, r, TDM_UNIT_END, 20);
    if (history_chance(m, 70))
        tdm_record_set_text(r, TDM_UNIT_PROGRAMME, TEXTS[history_roll(m, 3)]);
    if (history_chance(m, 50))
        tdm_record_set_text(r, TDM_UNIT_LOCALITY, TEXTS[history_roll(m, 3)]);
    return true;
}

void history_go_with(history_maker *m, const history_stated *about, history_stated *s)
{
    (void)snprintf(s->subject, sizeof(s->subject), "%s", about->subject);
    history_copy_code(s->recorder, about->recorder);
    s->start = about->start;
    if (history_chance(m, 92))
        s->origin = about->origin;
}

FILLER(fill_participants)
{
    UNUSED;
    history_go_with(m, about, s);
    tdm_record_set_text(r, TDM_UNIT_PARTICIPANTS_RECORDER, s->recorder);
    tdm_record_set_number(r, TDM_UNIT_PARTICIPANTS_YEAR, 2016 + (int64_t)history_roll(m, 3));
    tdm_record_set_number(r, TDM_UNIT_PARTICIPANTS_PEOPLE, (int64_t)history_roll(m, 30));
    return true;
}

FILLER(fill_session)
{
    UNUSED;
    history_go_with(m, about, s);
    int64_t date = s->start + (int64_t)history_roll(m, 3) * 45;
    tdm_record_set_text(r, TDM_SESSION_RECORDER, s->recorder);
    tdm_record_set_number(r, TDM_SESSION_DATE, history_chance(m, 75) ? date : history_date(m));
    tdm_record_set_number(r, TDM_SESSION_HOURS, (int64_t)history_roll(m, 9) * 75);
    history_more_of_session(m, r);
    return true;
}

FILLER(fill_attendance)
{
    UNUSED;
    history_go_with(m, about, s);
    m->scratch.len = 0;
    if (about->type == TDM_TYPE_SESSION)
        s->session = about->fact;
    tdm_buf_add(&m->scratch, s->session.bytes, TDM_ID_BYTES);
    tdm_record_set_text(r, TDM_ATTENDANCE_RECORDER, s->recorder);
    tdm_record_set_bytes(r, TDM_ATTENDANCE_SESSION, tdm_buf_span(&m->scratch));
    tdm_record_set_number(r, TDM_ATTENDANCE_PEOPLE, (int64_t)history_roll(m, 25));
    return true;
}

/* By the unit's own recorder, or by anybody for itself. */
FILLER(fill_assert)
{
    static const char *const ROLES[] = { "", "host" };
    UNUSED;
    history_go_with(m, about, s);
    if (history_chance(m, 35)) {
        s->origin = history_roll(m, m->origin_count);
        history_copy_code(s->recorder, history_home(m, s->origin));
    }
    history_copy_code(s->organisation, history_chance(m, 80) ? history_code(m) : s->recorder);
    s->phase = 1 + (int64_t)history_roll(m, 3);
    /* a throw of its own: the order within one sum is the compiler's */
    s->phase += history_chance(m, 4) ? 3 : 0;
    tdm_record_set_text(r, TDM_LINK_ASSERT_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_LINK_ASSERT_ORGANISATION, s->organisation);
    tdm_record_set_number(r, TDM_LINK_ASSERT_PHASE, s->phase);
    if (history_chance(m, 40))
        tdm_record_set_text(r, TDM_LINK_ASSERT_ROLE, ROLES[history_roll(m, 2)]);
    if (history_chance(m, 30))
        tdm_record_set_number(r, TDM_LINK_ASSERT_HOURS, 150);
    if (history_chance(m, 15))
        tdm_record_set_number(r, TDM_LINK_ASSERT_SUPPLIER, history_chance(m, 70));
    tdm_assertion_digest(&m->pens[2 * s->origin].origin, tdm_span_text(s->subject), &s->fact, r, &s->digest);
    return true;
}

/* For confirmations and disputes: by the organisation named, mostly. */
FILLER(fill_answer)
{
    UNUSED;
    char subject[HISTORY_SUBJECT];
    (void)snprintf(subject, sizeof(subject), "%s", about->subject);
    if (about->type == TDM_TYPE_LINK_ASSERT) {
        history_copy_code(s->organisation, about->organisation);
        s->phase = about->phase;
        s->digest = about->digest;
    } /* else a correction of an answer: about is that answer, and *s has what it said */
    (void)snprintf(s->subject, sizeof(s->subject), "%s", subject);
    const char *recorder = history_chance(m, 80) ? s->organisation : history_code(m);
    if (strcmp(s->organisation, m->codes[0]) == 0 && history_chance(m, 25))
        recorder = m->codes[1]; /* often its site */
    if (about->type == TDM_TYPE_LINK_ASSERT && history_chance(m, 90))
        s->origin = history_speaker(m, recorder);
    if (history_chance(m, 12))
        s->digest.bytes[3] ^= 1;
    m->scratch.len = 0;
    tdm_buf_add(&m->scratch, s->digest.bytes, TDM_DIGEST_BYTES);
    history_copy_code(s->recorder, recorder);
    tdm_record_set_text(r, TDM_LINK_CONFIRM_RECORDER, s->recorder);
    tdm_record_set_number(r, TDM_LINK_CONFIRM_PHASE, history_chance(m, 92) ? s->phase : 2);
    tdm_record_set_bytes(r, TDM_LINK_CONFIRM_ASSERTION, tdm_buf_span(&m->scratch));
    return true;
}

/* The level's first; what is said beside them comes after. */
const history_saying HISTORY_SAYINGS[] = {
    { TDM_TYPE_ORGANISATION, 0, 2, true, fill_organisation },
    { TDM_TYPE_ORGANISATION_CHANGE, 0, 5, true, fill_change },
    { TDM_TYPE_REPRESENTS, 0, 3, true, fill_represents },
    { TDM_TYPE_SUCCESSION, 0, 4, true, fill_succession },
    { TDM_TYPE_MATCH, 0, 5, true, fill_match },
    { TDM_TYPE_BASELINE, 0, 1, true, fill_level },
    { TDM_TYPE_TARGET, 0, 1, true, fill_level },
    { TDM_TYPE_RETURN_EXPECTED, 0, 3, true, fill_return },
    { TDM_TYPE_RETURN_MADE, TDM_TYPE_RETURN_EXPECTED, 5, false, fill_return },
    { TDM_TYPE_TIDE, 0, 2, true, fill_tide },
    { TDM_TYPE_PERIOD_CLOSED, 0, 2, true, fill_closing },
    { TDM_TYPE_FIGURE_PUBLISHED, 0, 7, true, fill_published },
    { TDM_TYPE_UNIT, 0, 12, false, fill_unit },
    { TDM_TYPE_UNIT_PARTICIPANTS, TDM_TYPE_UNIT, 4, false, fill_participants },
    { TDM_TYPE_SESSION, TDM_TYPE_UNIT, 14, false, fill_session },
    { TDM_TYPE_ATTENDANCE, TDM_TYPE_SESSION, 10, false, fill_attendance },
    { TDM_TYPE_LINK_ASSERT, TDM_TYPE_UNIT, 12, false, fill_assert },
    { TDM_TYPE_LINK_CONFIRM, TDM_TYPE_LINK_ASSERT, 8, false, fill_answer },
    { TDM_TYPE_LINK_DISPUTE, TDM_TYPE_LINK_ASSERT, 3, false, fill_answer },
    { TDM_TYPE_CATALOGUE_ENTRY, 0, 3, true, history_catalogue },
    { TDM_TYPE_UNIT_DESIGN, TDM_TYPE_UNIT, 9, false, history_design },
    { TDM_TYPE_UNIT_MIX, TDM_TYPE_UNIT, 7, false, history_mix },
    { TDM_TYPE_CRITERION, TDM_TYPE_UNIT, 9, false, history_criterion },
    { TDM_TYPE_ROLE_HOLDER, 0, 4, false, history_role_holder },
    { TDM_TYPE_NEED, 0, 6, false, history_need },
    { TDM_TYPE_TEAM, 0, 4, false, history_team },
    { TDM_TYPE_PDSA_CYCLE, 0, 6, false, history_cycle },
    { TDM_TYPE_PROTECTED_TIME, 0, 4, false, history_protected },
    { TDM_TYPE_ACTION, 0, 5, false, history_action },
    { TDM_TYPE_JOINT_PROJECT, 0, 5, false, history_project },
    { TDM_TYPE_RESOURCE, 0, 6, false, history_resource },
    { TDM_TYPE_RESOURCE_USE, TDM_TYPE_RESOURCE, 8, false, history_use },
    { TDM_TYPE_SUPPORT, 0, 7, false, history_support },
    { TDM_TYPE_SUPPORT_MATCH, TDM_TYPE_SUPPORT, 10, false, history_support_match },
    { TDM_TYPE_NETWORK_MEMBER, 0, 4, false, history_member },
    { TDM_TYPE_DISCUSSION, 0, 4, false, history_discussion },
    { TDM_TYPE_OBJECTIVE, 0, 2, false, history_objective },
    { TDM_TYPE_REFERENCE_COUNT, 0, 14, false, history_reference },
    { TDM_TYPE_SUMMARY, 0, 30, false, history_summary },
};
const size_t HISTORY_SAYING_COUNT = TDM_COUNT(HISTORY_SAYINGS);
const size_t HISTORY_LEVEL_COUNT = 19;

static void register_organisation(history_maker *m, size_t at)
{
    tdm_record record;
    history_stated s = { .type = TDM_TYPE_ORGANISATION };
    s.fact.bytes[1] = (uint8_t)(at + 1);
    tdm_record_init(&record, TDM_TYPE_ORGANISATION);
    (void)fill_organisation(m, 0, NULL, &record, &s);
    tdm_record_set_text(&record, TDM_ORGANISATION_CODE, m->codes[at]);
    if (at == 1 && history_chance(m, 60)) {
        tdm_record_set_text(&record, TDM_ORGANISATION_PARENT, m->codes[0]);
        tdm_record_set_number(&record, TDM_ORGANISATION_BELONGS, TDM_BELONGS_IS_SITE);
    }
    int64_t when = history_time(m); /* before the pen, whatever order a compiler gives arguments */
    if (tdm_sheaf_state(&m->sheaf, history_pen(m, 0), s.subject, &s.fact, when, &record))
        ORACLE_PUSH(m->stated, m->stated_count, s);
}

static void register_speaker(history_maker *m, size_t origin, size_t code)
{
    tdm_record record;
    history_stated s = { .type = TDM_TYPE_REPRESENTS };
    s.fact.bytes[2] = (uint8_t)(code + 1);
    set_subject(&s, "organisation", m->codes[code]);
    tdm_record_init(&record, TDM_TYPE_REPRESENTS);
    tdm_record_set_bytes(&record, TDM_REPRESENTS_ORIGIN,
                         (tdm_span){ m->pens[2 * origin].origin.bytes, TDM_ID_BYTES });
    tdm_record_set_text(&record, TDM_REPRESENTS_ORGANISATION, m->codes[code]);
    tdm_record_set_number(&record, TDM_REPRESENTS_MODE, TDM_MODE_IS_REPRESENTS);
    maybe_date(m, &record, TDM_REPRESENTS_FROM, 10);
    int64_t when = history_time(m); /* before the pen, whatever order a compiler gives arguments */
    if (tdm_sheaf_state(&m->sheaf, history_pen(m, 0), s.subject, &s.fact, when, &record))
        ORACLE_PUSH(m->stated, m->stated_count, s);
}

void history_register(history_maker *m)
{
    for (size_t i = 0; i < m->code_count; i++) {
        if (history_chance(m, 90))
            register_organisation(m, i);
        if (history_chance(m, 90))
            register_speaker(m, i % m->origin_count, i);
    }
}
