/* SPDX-License-Identifier: MPL-2.0
 *
 * m_setting.c: S1 to S6: posts, policies, teams, networks, discussions and kinds of sessions: what
 * development happens within.
 */
#include "measure_inner.h"

#include <stdlib.h>

#include "bytes.h"

#define NOTHING TDM_SPAN_LITERAL("")

/* ---- S1: posts ---- */

static void tell_post(tdm_unit_view *view, const tdm_statement *post, tdm_tally *tally)
{
    (void)view;
    char digits[24];
    const tdm_value *v = post->record.values;
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1, v[TDM_ROLE_HOLDER_VACANT].number == 0 };
    tdm_tally_from(
        tally, TDM_TABLE_POSTS, (tdm_date)v[TDM_ROLE_HOLDER_FROM].number, v[TDM_ROLE_HOLDER_UNTIL].present,
        (tdm_date)v[TDM_ROLE_HOLDER_UNTIL].number, tdm_org_code_span(&post->recorder),
        tdm_word(TDM_ENUM_ROLE, &v[TDM_ROLE_HOLDER_ROLE], digits), v[TDM_ROLE_HOLDER_LOCALITY].bytes, n);
}

static void posts(tdm_formula *f)
{
    int64_t all = tdm_formula_sum(f, TDM_TABLE_POSTS, 0, TDM_ANY, TDM_ANY);
    int64_t filled = tdm_formula_sum(f, TDM_TABLE_POSTS, 1, TDM_ANY, TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], all);
    tdm_figure_count(&out[1], filled);
    tdm_figure_share(&out[2], filled, all);
}

static const tdm_column_row POST_COLUMNS[] = {
    { "posts", TDM_SHAPE_COUNT, 0, false, "in being on the day", 0, 0 },
    { "filled", TDM_SHAPE_COUNT, 0, false, "of them, not vacant", 0, 0 },
    { "filled_share", TDM_SHAPE_SHARE, 1, false, "filled of all posts", 0, 0 },
};
static const tdm_breakdown_row POST_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },   { "role", TDM_BREAK_A },
    { "locality", TDM_BREAK_B },    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR }, { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_S1 = {
    .facts = { .id = "S1",
               .name = "posts",
               .title = "whether posts of leaders are filled",
               .text = "posts not vacant / posts in being, on the period's last day; by role and locality.",
               .class = "in force on a day",
               .version = 1,
               TDM_COLUMNS_OF(POST_COLUMNS),
               TDM_BREAKDOWNS_OF(POST_BREAKDOWNS) },
    .tables = { TDM_TABLE_POSTS },
    .things = { { TDM_TYPE_ROLE_HOLDER, tell_post } },
    .formula = posts,
};

/* ---- S2: policies ---- */

static void policies(tdm_formula *f)
{
    int64_t with = tdm_formula_organisations(f, TDM_TABLE_POLICIES);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], with);
    tdm_figure_count(&out[1], (int64_t)f->registered_count);
    tdm_figure_share(&out[2], with, (int64_t)f->registered_count);
}

static const tdm_column_row POLICY_COLUMNS[] = {
    { "organisations", TDM_SHAPE_COUNT, 0, false, "with a policy in force on the day", 0, 0 },
    { "registered", TDM_SHAPE_COUNT, 0, false, "organisations registered in the period", 0, 0 },
    { "share", TDM_SHAPE_SHARE, 1, false, "of them with a policy", 0, 0 },
};
static const tdm_breakdown_row POLICY_BREAKDOWNS[] = { { "total", TDM_BREAK_TOTAL } };

const tdm_measure TDM_MEASURE_S2 = {
    .facts = { .id = "S2",
               .name = "policies",
               .title = "where stepping out of operations is accepted",
               .text = "organisations with a policy of protected time in force / organisations registered.",
               .class = "in force on a day",
               .version = 1,
               TDM_COLUMNS_OF(POLICY_COLUMNS),
               TDM_BREAKDOWNS_OF(POLICY_BREAKDOWNS) },
    .tables = { TDM_TABLE_POLICIES },
    .registered = true,
    .formula = policies,
};

/* ---- S3: teams ---- */

static void tell_team(tdm_unit_view *view, const tdm_statement *team, tdm_tally *tally)
{
    const tdm_value *v = team->record.values;
    tdm_date formed = (tdm_date)v[TDM_TEAM_FORMED].number;
    tdm_texts parts = tdm_texts_of(&v[TDM_TEAM_MEMBERS]);
    tdm_record part;
    tdm_org_code first;
    bool any = false;
    int64_t n[TDM_TABLE_AMOUNTS] = { 1 };
    while (tdm_parts_next(&parts, TDM_TYPE_MEMBER_COUNT, &part)) {
        tdm_org_code code = tdm_org_code_of(part.values[TDM_MEMBER_COUNT_ORGANISATION].bytes);
        tdm_org_code root = tdm_registry_root(view->registry, &code, formed).root;
        int64_t people = part.values[TDM_MEMBER_COUNT_PEOPLE].number;
        if (people == 0)
            continue;
        n[1] = n[1] || (any && !tdm_org_code_equal(&first, &root));
        n[2] += people;
        first = any ? first : root;
        any = true;
    }
    tdm_tally_from(tally, TDM_TABLE_TEAMS, formed, v[TDM_TEAM_ENDED].present,
                   (tdm_date)v[TDM_TEAM_ENDED].number, tdm_org_code_span(&team->recorder),
                   v[TDM_TEAM_TOP].number != 0 ? TDM_SPAN_LITERAL("top") : TDM_SPAN_LITERAL("team"),
                   v[TDM_TEAM_LOCALITY].bytes, n);
}

static void team_setting(tdm_formula *f)
{
    int64_t all = tdm_formula_sum(f, TDM_TABLE_TEAMS, 0, TDM_ANY, TDM_ANY);
    int64_t across = tdm_formula_sum(f, TDM_TABLE_TEAMS, 1, TDM_ANY, TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], all);
    tdm_figure_count(&out[1], across);
    tdm_figure_share(&out[2], across, all);
    tdm_figure_count(&out[3], tdm_formula_organisations(f, TDM_TABLE_TEAMS));
    tdm_figure_count(&out[4], tdm_formula_sum(f, TDM_TABLE_TEAMS, 2, TDM_ANY, TDM_ANY));
}

static const tdm_column_row TEAM_COLUMNS[] = {
    { "teams", TDM_SHAPE_COUNT, 0, false, "at work on the day", 0, 0 },
    { "across", TDM_SHAPE_COUNT, 0, false, "with members of two organisations or more", 0, 0 },
    { "across_share", TDM_SHAPE_SHARE, 1, false, "of teams", 0, 0 },
    { "organisations", TDM_SHAPE_COUNT, 0, false, "that state a team", 0, 0 },
    { "members", TDM_SHAPE_COUNT, 0, true, "people in the teams", 0, 0 },
};
static const tdm_breakdown_row TEAM_BREAKDOWNS[] = {
    { "total", TDM_BREAK_TOTAL },   { "team", TDM_BREAK_A },
    { "locality", TDM_BREAK_B },    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR }, { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_S3 = {
    .facts = { .id = "S3",
               .name = "team_setting",
               .title = "whether teams are put together across organisations",
               .text = "teams with members of two organisations or more / teams at work on the day; boards "
                       "(top) apart.",
               .class = "in force on a day",
               .version = 1,
               .people = true,
               TDM_COLUMNS_OF(TEAM_COLUMNS),
               TDM_BREAKDOWNS_OF(TEAM_BREAKDOWNS) },
    .tables = { TDM_TABLE_TEAMS },
    .things = { { TDM_TYPE_TEAM, tell_team } },
    .formula = team_setting,
};

/* ---- S4: members of learning networks ---- */

static void tell_member(tdm_unit_view *view, const tdm_statement *member, tdm_tally *tally)
{
    (void)view;
    char digits[24];
    const tdm_value *v = member->record.values;
    const int64_t n[TDM_TABLE_AMOUNTS] = { 1 };
    tdm_tally_from(tally, TDM_TABLE_MEMBERS, (tdm_date)v[TDM_NETWORK_MEMBER_FROM].number,
                   v[TDM_NETWORK_MEMBER_UNTIL].present, (tdm_date)v[TDM_NETWORK_MEMBER_UNTIL].number,
                   tdm_org_code_span(&member->recorder), v[TDM_NETWORK_MEMBER_NETWORK].bytes,
                   tdm_word(TDM_ENUM_NETROLE, &v[TDM_NETWORK_MEMBER_ROLE], digits), n);
}

static void members(tdm_formula *f)
{
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], tdm_formula_organisations(f, TDM_TABLE_MEMBERS));
    tdm_figure_count(&out[1], tdm_formula_sum(f, TDM_TABLE_MEMBERS, 0, TDM_ANY, TDM_ANY));
}

static const tdm_column_row MEMBER_COLUMNS[] = {
    { "organisations", TDM_SHAPE_COUNT, 0, false, "in the network on the day", 0, 0 },
    { "roles", TDM_SHAPE_COUNT, 0, false, "they have in it", 0, 0 },
};
static const tdm_breakdown_row MEMBER_BREAKDOWNS[] = {
    { "role", TDM_BREAK_B },        { "network", TDM_BREAK_A },     { "total", TDM_BREAK_TOTAL },
    { "sector", TDM_BREAK_SECTOR }, { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_S4 = {
    .facts = { .id = "S4",
               .name = "network_members",
               .title = "who designs, implements, evaluates, gives and takes in learning networks",
               .text = "organisations in a learning network on the day, by role.",
               .class = "in force on a day",
               .version = 1,
               TDM_COLUMNS_OF(MEMBER_COLUMNS),
               TDM_BREAKDOWNS_OF(MEMBER_BREAKDOWNS) },
    .tables = { TDM_TABLE_MEMBERS },
    .things = { { TDM_TYPE_NETWORK_MEMBER, tell_member } },
    .formula = members,
};

/* ---- S5: discussions ---- */

enum { STAKEHOLDERS_MAX = 20 };

static void tell_discussion(tdm_unit_view *view, const tdm_statement *discussion, tdm_tally *tally)
{
    (void)view;
    const tdm_value *v = discussion->record.values;
    tdm_date date = (tdm_date)v[TDM_DISCUSSION_DATE].number;
    tdm_span network = v[TDM_DISCUSSION_NETWORK].bytes;
    tdm_span recorder = tdm_org_code_span(&discussion->recorder);
    const int64_t one[TDM_TABLE_AMOUNTS] = { 1 };
    const int64_t took_part[TDM_TABLE_AMOUNTS] = { 0, 1 };
    tdm_span told[STAKEHOLDERS_MAX];
    size_t count = 0;
    tdm_texts texts = tdm_texts_of(&v[TDM_DISCUSSION_STAKEHOLDERS]);
    tdm_span text;
    tdm_tally_on(tally, TDM_TABLE_DISCUSSIONS, date, recorder, network, NOTHING, one);
    while (count < STAKEHOLDERS_MAX && tdm_texts_next(&texts, &text)) {
        if (tdm_spans_have(told, count, text))
            continue;
        told[count++] = text;
        tdm_tally_on(tally, TDM_TABLE_DISCUSSIONS, date, recorder, network, text, took_part);
    }
}

static void discussions(tdm_formula *f)
{
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], tdm_formula_sum(f, TDM_TABLE_DISCUSSIONS, 0, TDM_ANY, TDM_ANY));
    tdm_figure_count(&out[1], tdm_formula_sum(f, TDM_TABLE_DISCUSSIONS, 1, TDM_ANY, TDM_ANY));
}

static const tdm_column_row DISCUSSION_COLUMNS[] = {
    { "discussions", TDM_SHAPE_COUNT, 0, false, "held in the period", 0, 0 },
    { "voices", TDM_SHAPE_COUNT, 0, false, "types of stakeholder in them, each once a discussion", 0, 0 },
};
static const tdm_breakdown_row DISCUSSION_BREAKDOWNS[] = {
    { "stakeholder", TDM_BREAK_B },
    { "network", TDM_BREAK_A },
    { "total", TDM_BREAK_TOTAL },
    { "sector", TDM_BREAK_SECTOR },
};

const tdm_measure TDM_MEASURE_S5 = {
    .facts = { .id = "S5",
               .name = "discussions",
               .title = "with whom what is learnt is discussed",
               .text = "discussions held, and the types of stakeholder that took part.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(DISCUSSION_COLUMNS),
               TDM_BREAKDOWNS_OF(DISCUSSION_BREAKDOWNS) },
    .tables = { TDM_TABLE_DISCUSSIONS },
    .things = { { TDM_TYPE_DISCUSSION, tell_discussion } },
    .formula = discussions,
};

/* ---- S6: kinds of sessions, barriers ---- */

static void tell_sessions(tdm_unit_view *view, tdm_tally *tally)
{
    char type[24];
    char mode[24];
    for (size_t i = 0; i < view->session_count; i++) {
        const tdm_statement *s = &view->statements[view->sessions[i].index];
        const tdm_value *v = s->record.values;
        if (!s->counts || !v[TDM_SESSION_TYPE].present
            || v[TDM_SESSION_TYPE].number == TDM_SESSIONTYPE_IS_WORKSHOP)
            continue;
        const int64_t n[TDM_TABLE_AMOUNTS] = { 1, v[TDM_SESSION_HOURS].number };
        tdm_tally_on(tally, TDM_TABLE_SESSIONS, view->sessions[i].date, tdm_org_code_span(&view->lead),
                     tdm_word(TDM_ENUM_SESSIONTYPE, &v[TDM_SESSION_TYPE], type),
                     tdm_word(TDM_ENUM_SESSIONMODE, &v[TDM_SESSION_MODE], mode), n);
    }
}

static void session_kinds(tdm_formula *f)
{
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], tdm_formula_sum(f, TDM_TABLE_SESSIONS, 0, TDM_ANY, TDM_ANY));
    tdm_figure_count(&out[1], tdm_formula_sum(f, TDM_TABLE_SESSIONS, 1, TDM_ANY, TDM_ANY));
}

static const tdm_column_row SESSION_COLUMNS[] = {
    { "sessions", TDM_SHAPE_COUNT, 0, false, "of the kind, delivered in the period", 0, 0 },
    { "hours", TDM_SHAPE_HOURS, 2, false, "of these sessions", 0, 0 },
};
static const tdm_breakdown_row SESSION_BREAKDOWNS[] = {
    { "type", TDM_BREAK_A },
    { "mode", TDM_BREAK_B },
    { "total", TDM_BREAK_TOTAL },
    { "lead", TDM_BREAK_LEAD },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
    { "programme", TDM_BREAK_PROGRAMME },
    { "locality", TDM_BREAK_LOCALITY },
};

const tdm_measure TDM_MEASURE_S6 = {
    .facts = { .id = "S6",
               .name = "session_kinds",
               .title = "how people meet, where it is not a workshop",
               .text = "sessions and hours by type (team meeting, one-to-one, action learning, peer "
                       "coaching, design "
                       "meeting, conference, community event...) and mode; workshops are the level's hours "
                       "less these.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(SESSION_COLUMNS),
               TDM_BREAKDOWNS_OF(SESSION_BREAKDOWNS) },
    .tables = { TDM_TABLE_SESSIONS },
    .of_unit = tell_sessions,
    .formula = session_kinds,
};

static void barriers(tdm_formula *f)
{
    int64_t needs = tdm_formula_sum(f, TDM_TABLE_BARRIERS, 0, TDM_ANY, TDM_ANY);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], needs);
    tdm_figure_share(&out[1], tdm_formula_sum(f, TDM_TABLE_BARRIERS, 1, TDM_ANY, TDM_ANY), needs);
}

static const tdm_column_row BARRIER_COLUMNS[] = {
    { "needs", TDM_SHAPE_COUNT, 0, false, "found at a level of leadership", 0, 0 },
    { "answered", TDM_SHAPE_SHARE, 1, false, "of them", 0, 0 },
};
static const tdm_breakdown_row BARRIER_BREAKDOWNS[] = {
    { "level", TDM_BREAK_A },       { "theme", TDM_BREAK_B },
    { "total", TDM_BREAK_TOTAL },   { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
};

const tdm_measure TDM_MEASURE_S7 = {
    .facts = { .id = "S7",
               .name = "barriers",
               .title = "what holds leaders back at each level",
               .text = "needs found at a level of leadership, and the share of them answered.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(BARRIER_COLUMNS),
               TDM_BREAKDOWNS_OF(BARRIER_BREAKDOWNS) },
    .tables = { TDM_TABLE_BARRIERS },
    .formula = barriers,
};
