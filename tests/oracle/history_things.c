/* SPDX-License-Identifier: MPL-2.0
 *
 * history_things.c: what nodes can say of posts, needs, teams, projects, resources and support in a random
 * history, a function for each type, and counts: references and summaries.
 */
#include "history_parts.h"

#include <stdio.h>
#include <string.h>

#include "tandem/pack.h"

static const char *const IDS[] = { "1", "2", "3" };
static const char *const PLACES[] = { "east", "north", "west" };

/* One of a few words. */
#define PICK(words) (words)[history_roll(m, TDM_COUNT(words))]

static void maybe_text(history_maker *m, tdm_record *r, uint32_t field, const char *text, unsigned percent)
{
    if (history_chance(m, percent))
        tdm_record_set_text(r, field, history_chance(m, 10) ? "" : text);
}

/* 1 to `known`, and now and then a number that has no word. */
static int64_t word_number(history_maker *m, size_t known)
{
    return history_chance(m, 4) ? 77 : 1 + (int64_t)history_roll(m, known);
}

/* Days near each other, so that orders, gaps and edges of periods come about. */
static void near_date(history_maker *m, tdm_record *r, uint32_t field, tdm_date from, unsigned percent)
{
    if (history_chance(m, percent))
        tdm_record_set_number(r, field, from + (tdm_date)(31 * history_roll(m, 5)) - 31);
}

void history_keep(history_stated *s, const history_stated *about)
{
    history_stated kept = *about;
    kept.type = s->type;
    kept.origin = about->type == s->type ? about->origin : s->origin;
    kept.fact = s->fact;
    *s = kept;
}

/* A thing of the home organisation, or a correction of what was said before, of the same mostly. */
static bool begin_thing(history_maker *m, size_t origin, const history_stated *about, history_stated *s)
{
    bool again = about != NULL && about->type == s->type;
    if (!again || history_chance(m, 8))
        history_copy_code(s->recorder, history_home(m, origin));
    if (!again || history_chance(m, 8))
        s->phase = (int64_t)history_roll(m, TDM_COUNT(IDS));
    return true;
}

/* Filed rightly, mostly: prefix/owner/id/more. */
static void file_under(history_maker *m, history_stated *s, const char *prefix, const char *owner,
                       const char *id)
{
    (void)snprintf(s->subject, sizeof(s->subject), "%s/%.12s/%.24s", prefix, owner, id);
    if (history_chance(m, 4))
        (void)snprintf(s->subject, sizeof(s->subject), "%s/%.12s/elsewhere", prefix, owner);
    if (history_chance(m, 1))
        (void)snprintf(s->subject, sizeof(s->subject), "unit/%.12s/1", owner);
}

/* Codes, repeated now and then, some that are none. */
static tdm_span pack_codes(history_maker *m, size_t most)
{
    size_t count = history_roll(m, most + 1);
    m->scratch.len = 0;
    tdm_pack_array(&m->scratch, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const char *code = history_chance(m, 90) ? history_code(m) : "not a code, and long for one";
        tdm_pack_str(&m->scratch, tdm_span_text(history_chance(m, 95) ? code : "ZZZ9"));
    }
    return tdm_buf_span(&m->scratch);
}

HISTORY_FILLER(history_role_holder)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "role", s->recorder, IDS[s->phase]);
    tdm_date from = history_date(m);
    tdm_record_set_text(r, TDM_ROLE_HOLDER_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_ROLE_HOLDER_POST, IDS[s->phase]);
    tdm_record_set_number(r, TDM_ROLE_HOLDER_FROM, from);
    near_date(m, r, TDM_ROLE_HOLDER_UNTIL, from, 60);
    tdm_record_set_number(r, TDM_ROLE_HOLDER_ROLE, word_number(m, 2));
    if (history_chance(m, 50))
        tdm_record_set_number(r, TDM_ROLE_HOLDER_VACANT, history_chance(m, 60));
    maybe_text(m, r, TDM_ROLE_HOLDER_LOCALITY, PICK(PLACES), 70);
    return true;
}

HISTORY_FILLER(history_need)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "need", s->recorder, IDS[s->phase]);
    tdm_date stated = history_date(m);
    tdm_record_set_text(r, TDM_NEED_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_NEED_NEED_ID, IDS[s->phase]);
    tdm_record_set_number(r, TDM_NEED_THEME, word_number(m, 3));
    tdm_record_set_number(r, TDM_NEED_STATED, stated);
    if (history_chance(m, 60))
        tdm_record_set_number(r, TDM_NEED_SEVERITY, 1 + (int64_t)history_roll(m, 5));
    if (history_chance(m, 60))
        tdm_record_set_number(r, TDM_NEED_LEVEL, word_number(m, 3));
    maybe_text(m, r, TDM_NEED_LOCALITY, PICK(PLACES), 70);
    near_date(m, r, TDM_NEED_ANSWERED, stated, 50);
    return true;
}

static void pack_members(history_maker *m)
{
    size_t count = history_roll(m, 4);
    m->scratch.len = 0;
    tdm_pack_array(&m->scratch, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        tdm_pack_map(&m->scratch, 2);
        tdm_pack_uint(&m->scratch, TDM_MEMBER_COUNT_ORGANISATION);
        tdm_pack_str(&m->scratch, tdm_span_text(history_chance(m, 93) ? history_code(m) : "ZZZ9"));
        tdm_pack_uint(&m->scratch, TDM_MEMBER_COUNT_PEOPLE);
        tdm_pack_uint(&m->scratch, history_roll(m, 4));
    }
}

HISTORY_FILLER(history_team)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "team", s->recorder, IDS[s->phase]);
    tdm_date formed = history_date(m);
    tdm_record_set_text(r, TDM_TEAM_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_TEAM_TEAM_ID, IDS[s->phase]);
    tdm_record_set_number(r, TDM_TEAM_FORMED, formed);
    near_date(m, r, TDM_TEAM_ENDED, formed, 50);
    if (history_chance(m, 50))
        tdm_record_set_number(r, TDM_TEAM_TOP, history_chance(m, 60));
    maybe_text(m, r, TDM_TEAM_LOCALITY, PICK(PLACES), 70);
    if (history_chance(m, 85)) {
        pack_members(m);
        tdm_record_set_bytes(r, TDM_TEAM_MEMBERS, tdm_buf_span(&m->scratch));
    }
    return true;
}

HISTORY_FILLER(history_cycle)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "cycle", s->recorder, IDS[s->phase]);
    tdm_date plan = history_date(m), day = plan;
    tdm_record_set_text(r, TDM_PDSA_CYCLE_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_PDSA_CYCLE_GROUP, IDS[s->phase]);
    tdm_record_set_text(r, TDM_PDSA_CYCLE_CYCLE, PICK(IDS));
    tdm_record_set_number(r, TDM_PDSA_CYCLE_PLAN, plan);
    for (uint32_t field = TDM_PDSA_CYCLE_DO; field <= TDM_PDSA_CYCLE_ACT; field++) {
        day += history_chance(m, 95) ? (tdm_date)history_roll(m, 3) : -1;
        if (history_chance(m, 90))
            tdm_record_set_number(r, field, day);
    }
    if (history_chance(m, 80))
        tdm_record_set_number(r, TDM_PDSA_CYCLE_PREDICTION, plan + (tdm_date)history_roll(m, 3));
    if (history_chance(m, 70))
        tdm_record_set_number(r, TDM_PDSA_CYCLE_CHALLENGE, word_number(m, 2));
    return true;
}

HISTORY_FILLER(history_protected)
{
    begin_thing(m, origin, about, s);
    (void)snprintf(s->subject, sizeof(s->subject), "protected/%.12s%s", s->recorder,
                   history_chance(m, 4) ? "/1" : "");
    tdm_date from = history_date(m);
    tdm_record_set_text(r, TDM_PROTECTED_TIME_RECORDER, s->recorder);
    tdm_record_set_number(r, TDM_PROTECTED_TIME_FROM, from);
    near_date(m, r, TDM_PROTECTED_TIME_UNTIL, from, 50);
    if (history_chance(m, 60))
        tdm_record_set_number(r, TDM_PROTECTED_TIME_HOURS, (int64_t)history_roll(m, 9) * 125);
    if (history_chance(m, 60))
        tdm_record_set_number(r, TDM_PROTECTED_TIME_PEOPLE, (int64_t)history_roll(m, 9));
    if (history_chance(m, 60))
        tdm_record_set_number(r, TDM_PROTECTED_TIME_POLICY, history_chance(m, 70));
    return true;
}

HISTORY_FILLER(history_action)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "action", s->recorder, IDS[s->phase]);
    tdm_date opened = history_date(m);
    tdm_record_set_text(r, TDM_ACTION_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_ACTION_ACTION_ID, IDS[s->phase]);
    tdm_record_set_number(r, TDM_ACTION_KIND, word_number(m, 3));
    tdm_record_set_number(r, TDM_ACTION_OPENED, opened);
    near_date(m, r, TDM_ACTION_DUE, opened, 70);
    near_date(m, r, TDM_ACTION_DONE, opened, 60);
    return true;
}

/* Both lists in one buffer that is full before either is borrowed. */
static void set_project_lists(history_maker *m, tdm_record *r)
{
    size_t half = pack_codes(m, 3).len, places = history_roll(m, 4);
    tdm_pack_array(&m->scratch, (uint32_t)places);
    for (size_t i = 0; i < places; i++)
        tdm_pack_str(&m->scratch, tdm_span_text(PICK(PLACES)));
    if (history_chance(m, 85))
        tdm_record_set_bytes(r, TDM_JOINT_PROJECT_ORGANISATIONS, (tdm_span){ m->scratch.data, half });
    if (history_chance(m, 85))
        tdm_record_set_bytes(r, TDM_JOINT_PROJECT_LOCALITIES,
                             (tdm_span){ m->scratch.data + half, m->scratch.len - half });
}

HISTORY_FILLER(history_project)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "project", s->recorder, IDS[s->phase]);
    tdm_record_set_text(r, TDM_JOINT_PROJECT_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_JOINT_PROJECT_PROJECT_ID, IDS[s->phase]);
    tdm_record_set_number(r, TDM_JOINT_PROJECT_STATUS, word_number(m, 4));
    tdm_record_set_number(r, TDM_JOINT_PROJECT_STARTED, history_date(m));
    set_project_lists(m, r);
    maybe_text(m, r, TDM_JOINT_PROJECT_OBJECTIVE, "A0A/1", 60);
    return true;
}

HISTORY_FILLER(history_resource)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "resource", s->recorder, IDS[s->phase]);
    tdm_record_set_text(r, TDM_RESOURCE_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_RESOURCE_RESOURCE_ID, IDS[s->phase]);
    tdm_record_set_number(r, TDM_RESOURCE_KIND, word_number(m, 3));
    tdm_record_set_number(r, TDM_RESOURCE_PUBLISHED, history_date(m));
    maybe_text(m, r, TDM_RESOURCE_ADAPTED_FROM, "A0A/1", 60);
    return true;
}

/* What an owner has, mostly something that was said. */
static void choose_owned(history_maker *m, const history_stated *about, uint32_t type, history_stated *s)
{
    if (about != NULL && about->type == s->type && history_chance(m, 90)) {
        history_keep(s, about);
        return;
    }
    bool known = about != NULL && about->type == type && history_chance(m, 85);
    history_copy_code(s->organisation, known ? about->recorder : history_code(m));
    s->phase = known ? about->phase : (int64_t)history_roll(m, TDM_COUNT(IDS));
}

HISTORY_FILLER(history_use)
{
    choose_owned(m, about, TDM_TYPE_RESOURCE, s);
    history_copy_code(s->recorder, history_home(m, origin));
    file_under(m, s, "resource", s->organisation, IDS[s->phase]);
    tdm_record_set_text(r, TDM_RESOURCE_USE_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_RESOURCE_USE_OWNER, s->organisation);
    tdm_record_set_text(r, TDM_RESOURCE_USE_RESOURCE_ID, IDS[s->phase]);
    tdm_record_set_number(r, TDM_RESOURCE_USE_DATE, history_date(m));
    tdm_record_set_number(r, TDM_RESOURCE_USE_USE, word_number(m, 2));
    return true;
}

HISTORY_FILLER(history_support)
{
    static const char *const THEMES[] = { "coaching", "mentoring" }, *const WHOM[] = { "all", "frontline" };
    begin_thing(m, origin, about, s);
    file_under(m, s, "support", s->recorder, IDS[s->phase]);
    tdm_date from = history_date(m);
    tdm_record_set_text(r, TDM_SUPPORT_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_SUPPORT_SUPPORT_ID, IDS[s->phase]);
    tdm_record_set_number(r, TDM_SUPPORT_KIND, word_number(m, 3));
    tdm_record_set_text(r, TDM_SUPPORT_THEME, PICK(THEMES));
    tdm_record_set_number(r, TDM_SUPPORT_FROM, from);
    near_date(m, r, TDM_SUPPORT_UNTIL, from, 40);
    maybe_text(m, r, TDM_SUPPORT_AUDIENCE, PICK(WHOM), 60);
    return true;
}

HISTORY_FILLER(history_support_match)
{
    choose_owned(m, about, TDM_TYPE_SUPPORT, s);
    bool again = about != NULL && about->type == s->type; /* often the other side's word for the same */
    if (!again || history_chance(m, 30))
        s->start = (int64_t)history_roll(m, m->code_count);
    const char *other = m->codes[s->start], *recorder = history_chance(m, 50) ? s->organisation : other;
    s->origin = history_chance(m, 90) ? history_speaker(m, recorder) : origin;
    history_copy_code(s->recorder, history_chance(m, 93) ? recorder : history_code(m));
    file_under(m, s, "support", s->organisation, IDS[s->phase]);
    tdm_record_set_text(r, TDM_SUPPORT_MATCH_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_SUPPORT_MATCH_OWNER, s->organisation);
    tdm_record_set_text(r, TDM_SUPPORT_MATCH_SUPPORT_ID, IDS[s->phase]);
    tdm_record_set_text(r, TDM_SUPPORT_MATCH_OTHER, other);
    tdm_record_set_number(r, TDM_SUPPORT_MATCH_DATE,
                          history_chance(m, 40) ? history_date(m) : oracle_date(2017, 7, 1));
    return true;
}

HISTORY_FILLER(history_member)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "network", s->recorder, IDS[s->phase]);
    tdm_date from = history_date(m);
    tdm_record_set_text(r, TDM_NETWORK_MEMBER_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_NETWORK_MEMBER_NETWORK, IDS[s->phase]);
    tdm_record_set_number(r, TDM_NETWORK_MEMBER_ROLE, word_number(m, 5));
    tdm_record_set_number(r, TDM_NETWORK_MEMBER_FROM, from);
    near_date(m, r, TDM_NETWORK_MEMBER_UNTIL, from, 50);
    return true;
}

HISTORY_FILLER(history_discussion)
{
    static const char *const TYPES[] = { "patients", "staff", "managers" };
    begin_thing(m, origin, about, s);
    file_under(m, s, "network", s->recorder, IDS[s->phase]);
    tdm_record_set_text(r, TDM_DISCUSSION_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_DISCUSSION_NETWORK, IDS[s->phase]);
    tdm_record_set_number(r, TDM_DISCUSSION_DATE, history_date(m));
    size_t count = history_roll(m, 4);
    m->scratch.len = 0;
    tdm_pack_array(&m->scratch, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        tdm_pack_str(&m->scratch, tdm_span_text(PICK(TYPES)));
    if (history_chance(m, 85))
        tdm_record_set_bytes(r, TDM_DISCUSSION_STAKEHOLDERS, tdm_buf_span(&m->scratch));
    return true;
}

HISTORY_FILLER(history_objective)
{
    begin_thing(m, origin, about, s);
    file_under(m, s, "objective", s->recorder, IDS[s->phase]);
    tdm_record_set_text(r, TDM_OBJECTIVE_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_OBJECTIVE_OBJECTIVE_ID, IDS[s->phase]);
    maybe_text(m, r, TDM_OBJECTIVE_FRAMEWORK, "wellbeing", 60);
    return true;
}
