/* SPDX-License-Identifier: MPL-2.0
 *
 * worked_test.c: numbers worked out by hand, from facts through the fold and the measures to the text shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tandem/measure.h"
#include "world.h"

typedef void scenario(world *w);

static tdm_date day_of(const char *text)
{
    tdm_date date = 0;
    assert_int_equal(tdm_date_parse(tdm_span_text(text), &date, NULL), TDM_OK);
    return date;
}

static void say(world *w, world_origin by, const char *type, const char *subject, const char *payload)
{
    (void)world_say(w, by, type, subject, payload);
}

/* A cell that LEA counted at its node. */
static void summary(world *w, const char *table, const char *a, const char *b, const char *amounts)
{
    char subject[64], payload[256];
    (void)snprintf(subject, sizeof(subject), "summary/LEA/%s/2017/18", table);
    (void)snprintf(payload, sizeof(payload),
                   "{'recorder':'LEA','table':'%s','period':'2017/18','a':'%s','b':'%s',%s}", table, a, b,
                   amounts);
    say(w, WORLD_LEAD, "summary", subject, payload);
}

static void reference(world *w, const char *indicator, const char *dimension, const char *group, int amount)
{
    char subject[64], payload[256];
    (void)snprintf(subject, sizeof(subject), "reference/LEA/%s", indicator);
    (void)snprintf(payload, sizeof(payload),
                   "{'recorder':'LEA','organisation':'LEA','indicator':'%s','dimension':'%s',"
                   "'group':'%s','date':'2017-04-01','amount':%d}",
                   indicator, dimension, group, amount);
    say(w, WORLD_LEAD, "reference_count", subject, payload);
}

static void reached(world *w, const char *dimension, const char *group, int people, int of)
{
    char count[32];
    (void)snprintf(count, sizeof(count), "'count':%d", people);
    summary(w, "reached", dimension, group, count);
    reference(w, "workforce", dimension, group, of);
}

static world_fact unit_of(world *w, const char *id)
{
    return world_unit(w, WORLD_LEAD, "LEA", "LEA", id, TDM_STATUS_IS_DELIVERED, day_of("2017-04-20"));
}

/* ---- the level: ten units, P1 to P6 claimed joint, P1 to P4 confirmed, P6 disputed */

typedef struct example {
    const char *id;
    int hours;
    int people;
    const char *phases; /* of the claim, by first letters */
} example;

static const example YEAR[] = { { "P1", 12, 40, "pds" }, { "P2", 6, 12, "pd" }, { "P3", 6, 20, "d" },
                                { "P4", 3, 8, "s" },     { "P5", 3, 10, "d" },  { "P6", 10, 30, "d" },
                                { "P7", 6, 25, "" },     { "P8", 2, 6, "" },    { "P9", 1, 5, "" },
                                { "P10", 1, 4, "" } };
enum { CONFIRMED = 4, UNANSWERED = 4, DISPUTED = 5 };

static int64_t phase_of(char letter)
{
    return letter == 'p' ? TDM_PHASE_IS_PLAN : letter == 'd' ? TDM_PHASE_IS_DELIVER : TDM_PHASE_IS_SUPPORT;
}

static void tell_year(world *w, world_fact *unanswered)
{
    for (size_t i = 0; i < TDM_COUNT(YEAR); i++) {
        world_fact unit = unit_of(w, YEAR[i].id);
        world_fact session = world_session(w, &unit, "LEA", day_of("2017-04-20"), 100 * YEAR[i].hours);
        (void)world_attendance(w, &session, "LEA", YEAR[i].people);
        for (const char *letter = YEAR[i].phases; *letter != 0; letter++) {
            world_fact claim = world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", phase_of(*letter), false);
            if (i < CONFIRMED)
                (void)world_confirm(w, &claim, WORLD_PARTNER, "PAR", phase_of(*letter));
            else if (i == DISPUTED)
                (void)world_dispute(w, &claim, WORLD_PARTNER, "PAR", phase_of(*letter));
            else if (i == UNANSWERED)
                *unanswered = claim;
        }
    }
}

static void year(world *w)
{
    world_fact unanswered;
    tell_year(w, &unanswered);
}

/* Eight returns are expected, seven come, and one from who may not make it; what was published, and then two
 * more joint units. */
static void revised(world *w)
{
    static const char *const MORE[] = { "EAA", "EBB", "ECC", "EDD" };
    static const char *const FIRST[] = { "HUB", "LEA", "PAR", "THI" };
    char origin[2 * TDM_ID_BYTES + 1], payload[128];
    world_fact unanswered;
    tell_year(w, &unanswered);
    tdm_hex(origin, &w->pens[WORLD_LEAD].origin, TDM_ID_BYTES);
    for (size_t i = 0; i < 4; i++) {
        (void)world_organisation(w, MORE[i], NULL, 0);
        (void)snprintf(payload, sizeof(payload), "{'origin':'%s','organisation':'%s','mode':'represents'}",
                       origin, MORE[i]);
        say(w, WORLD_HUB, "represents", "organisation/any", payload);
        (void)world_return(w, TDM_TYPE_RETURN_EXPECTED, WORLD_HUB, FIRST[i], "2017/18");
        (void)world_return(w, TDM_TYPE_RETURN_EXPECTED, WORLD_HUB, MORE[i], "2017/18");
        (void)world_return(w, TDM_TYPE_RETURN_MADE, (world_origin)i, FIRST[i], "2017/18");
        if (i > 0)
            (void)world_return(w, TDM_TYPE_RETURN_MADE, WORLD_LEAD, MORE[i], "2017/18");
    }
    (void)world_return(w, TDM_TYPE_RETURN_MADE, WORLD_PARTNER, MORE[0], "2017/18");
    (void)world_publish(w, "2017/18", 4, 10);
    (void)world_confirm(w, &unanswered, WORLD_PARTNER, "PAR", TDM_PHASE_IS_DELIVER);
    world_fact unit = unit_of(w, "P11");
    (void)world_session(w, &unit, "LEA", day_of("2017-04-20"), 100);
    world_fact claim = world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", TDM_PHASE_IS_PLAN, false);
    (void)world_confirm(w, &claim, WORLD_PARTNER, "PAR", TDM_PHASE_IS_PLAN);
}

/* Three facts of a unit before the closing, one after it. */
static void late(world *w)
{
    world_fact unit = unit_of(w, "P1");
    world_fact session = world_session(w, &unit, "LEA", day_of("2017-04-20"), 100);
    (void)world_attendance(w, &session, "LEA", 10);
    world_fact tide = world_tide(w);
    (void)world_close(w, "2017/18", &tide);
    (void)world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", TDM_PHASE_IS_PLAN, false);
}

/* A level of 0.0 in 2016/17, of 50.0 in 2017/18; a unit in 2018/19. */
static void years(world *w)
{
    static const char *const STARTS[] = { "2016-05-01", "2017-05-01", "2017-05-01", "2018-05-01" };
    static const char *const IDS[] = { "1", "2", "3", "4" };
    for (size_t i = 0; i < TDM_COUNT(STARTS); i++) {
        world_fact unit =
            world_unit(w, WORLD_LEAD, "LEA", "LEA", IDS[i], TDM_STATUS_IS_DELIVERED, day_of(STARTS[i]));
        (void)world_session(w, &unit, "LEA", day_of(STARTS[i]), 100);
        world_fact claim = world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", TDM_PHASE_IS_PLAN, false);
        if (i == 1)
            (void)world_confirm(w, &claim, WORLD_PARTNER, "PAR", TDM_PHASE_IS_PLAN);
    }
}

/* ---- hours: 50 in all, some with others */

static void meet(world *w, const world_fact *unit, int hours, const char *facilitators)
{
    char payload[256];
    (void)snprintf(payload, sizeof(payload),
                   "{'recorder':'LEA','date':'2017-04-20','hours_hundredths':%d,'facilitators':[%s]}",
                   100 * hours, facilitators);
    say(w, unit->origin, "session", unit->subject, payload);
}

static void fair_share(world *w)
{
    world_fact unit = unit_of(w, "1");
    meet(w, &unit, 28, "'PAR'");
    meet(w, &unit, 12, "'LEA'");
    meet(w, &unit, 10, "");
}

static void concentration(world *w)
{
    world_fact unit = unit_of(w, "1");
    meet(w, &unit, 50, "'PAR'");
    meet(w, &unit, 30, "'THI'");
    meet(w, &unit, 20, "'HUB'");
}

static void mixing(world *w)
{
    world_fact unit = unit_of(w, "1");
    meet(w, &unit, 1, "");
    say(w, WORLD_LEAD, "unit_mix", unit.subject,
        "{'recorder':'LEA','financial_year':'2017/18','dimension':'staff_group','categories':["
        "{'category':'nurse','people':12},{'category':'doctor','people':6},{'category':'manager','people':2}]"
        "}");
}

/* ---- network: A LEA, B PAR, C THI, D HUB, E EEE. P1 joins A, B, C; P2 A, B; P3 C, D */

static void network(world *w)
{
    tdm_date day = day_of("2017-04-20");
    (void)world_organisation(w, "EEE", NULL, 0);
    world_fact p1 = unit_of(w, "P1");
    world_fact p2 = unit_of(w, "P2");
    world_fact p3 = world_unit(w, WORLD_THIRD, "THI", "THI", "P3", TDM_STATUS_IS_DELIVERED, day);
    (void)world_session(w, &p1, "LEA", day, 100);
    (void)world_session(w, &p2, "LEA", day, 100);
    (void)world_session(w, &p3, "THI", day, 100);
    (void)world_assert(w, &p1, WORLD_LEAD, "LEA", "PAR", TDM_PHASE_IS_PLAN, false);
    (void)world_assert(w, &p1, WORLD_LEAD, "LEA", "THI", TDM_PHASE_IS_DELIVER, false);
    (void)world_assert(w, &p2, WORLD_LEAD, "LEA", "PAR", TDM_PHASE_IS_DELIVER, false);
    (void)world_assert(w, &p3, WORLD_THIRD, "THI", "HUB", TDM_PHASE_IS_DELIVER, false);
}

static void network_of_sectors(world *w)
{
    network(w);
    say(w, WORLD_HUB, "organisation", "organisation/PAR",
        "{'code':'PAR','name':'Par','sector':'primary_care','region':'North'}");
}

/* LEA offers twice and asks once; PAR takes up one offer and meets the request; THI takes up the other. */
static void exchange(world *w)
{
    static const char *const SUPPORTS[][2] = { { "1", "offer" }, { "2", "available" }, { "3", "request" } };
    static const char *const MATCHES[][2] = { { "1", "PAR" }, { "2", "THI" }, { "3", "PAR" } };
    char subject[32], payload[256];
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(subject, sizeof(subject), "support/LEA/%s", SUPPORTS[i][0]);
        (void)snprintf(
            payload, sizeof(payload),
            "{'recorder':'LEA','support_id':'%s','kind':'%s','theme':'coaching','from':'2017-04-01'}",
            SUPPORTS[i][0], SUPPORTS[i][1]);
        say(w, WORLD_LEAD, "support", subject, payload);
        (void)snprintf(payload, sizeof(payload),
                       "{'recorder':'LEA','owner':'LEA','support_id':'%s','other':'%s','date':'2017-05-01'}",
                       MATCHES[i][0], MATCHES[i][1]);
        say(w, WORLD_LEAD, "support_match", subject, payload);
    }
}

/* The owner says the first match again, the other side says it, too. */
static void exchange_repeated(world *w)
{
    exchange(w);
    say(w, WORLD_LEAD, "support_match", "support/LEA/1",
        "{'recorder':'LEA','owner':'LEA','support_id':'1','other':'PAR','date':'2017-05-01'}");
    say(w, WORLD_PARTNER, "support_match", "support/LEA/1",
        "{'recorder':'PAR','owner':'LEA','support_id':'1','other':'PAR','date':'2017-05-01'}");
}

/* ---- reach */

static void reach(world *w)
{
    reached(w, "locality", "one", 30, 400);
    reached(w, "locality", "two", 12, 300);
}

static void inequality(world *w)
{
    static const int REACHED[] = { 4, 10, 21, 16, 20 }, STAFF[] = { 100, 200, 300, 200, 200 };
    static const char *const GROUPS[] = { "1", "2", "3", "4", "5" };
    for (size_t i = 0; i < TDM_COUNT(GROUPS); i++)
        reached(w, "locality", GROUPS[i], REACHED[i], STAFF[i]);
}

static void representation(world *w)
{
    reached(w, "ethnicity", "white", 300, 1500);
    reached(w, "ethnicity", "bme", 60, 400);
    reference(w, "population", "ethnicity", "white", 70);
    reference(w, "population", "ethnicity", "bme", 30);
    summary(w, "reached", "ethnicity", "unknown", "'count':40");
}

static void capacity(world *w)
{
    world_fact unit = unit_of(w, "1");
    say(w, WORLD_LEAD, "unit_design", unit.subject, "{'recorder':'LEA','places':180}");
    summary(w, "applications", "applied", "", "'count':300");
    summary(w, "applications", "refused", "no_place", "'count':9");
    summary(w, "applications", "withdrew", "workload", "'count':4");
    summary(w, "waiting_days", "00010", "", "'count':1");
    summary(w, "waiting_days", "00030", "", "'count':1");
    summary(w, "waiting_days", "00050", "", "'count':1");
    summary(w, "waiting_days", "00200", "", "'count':1");
}

/* ---- pipelines, teams, learning */

static void stages(world *w)
{
    summary(w, "stages", "1", "entered", "'count':40");
    summary(w, "stages", "1", "passed", "'count':30");
    summary(w, "stages", "2", "passed", "'count':24");
    summary(w, "stages", "3", "passed", "'count':18");
    summary(w, "stage_days", "1", "00020", "'count':2");
    summary(w, "stage_days", "1", "00050", "'count':2");
    summary(w, "stage_days", "1", "backwards", "'count':1");
    summary(w, "faculty", "", "", "'count':18,'sum':12,'squares':540");
}

static void faculty_alone(world *w)
{
    summary(w, "faculty", "", "", "'count':18,'sum':12,'squares':540");
}

static void course(world *w)
{
    world_fact unit = unit_of(w, "1");
    for (int i = 0; i < 4; i++) {
        world_fact meeting = world_session(w, &unit, "LEA", day_of("2017-04-20") + 14 * i, 100);
        (void)world_attendance(w, &meeting, "LEA", 10 - i);
    }
    say(w, WORLD_LEAD, "unit_design", unit.subject,
        "{'recorder':'LEA','enrolled':12,'sessions_planned':5,"
        "'objectives':['LEA/1'],'tags':['framework:wellbeing','topic']}");
}

static void team_answers(world *w)
{
    summary(w, "team_answers", "team", "real", "'count':4");
    summary(w, "team_answers", "team", "pseudo", "'count':5");
    summary(w, "team_answers", "team", "none", "'count':1");
    summary(w, "team_answers", "team", "unanswered", "'count':7");
}

static void incomplete_answer(world *w)
{
    summary(w, "team_answers", "team", "real", "'count':1");
    summary(w, "team_answers", "team", "incomplete", "'count':1");
}

static void sample(world *w)
{
    summary(w, "team_answers", "team", "real", "'count':45");
    summary(w, "team_answers", "top", "pseudo", "'count':15");
}

/* Differences 1 0 1 -1 2 1 0 1 1 0, in hundredths. */
static void change(world *w)
{
    summary(w, "responses", "wellbeing", "",
            "'count':20,'sum':7000,'squares':0,'pairs':10,'pair_sum':600,'pair_squares':100000,'improved':6");
}

/* Eight cycles: one predicted on the day it was done, one never acted on. */
static void cycles(world *w)
{
    char payload[256];
    for (int i = 0; i < 8; i++) {
        (void)snprintf(
            payload, sizeof(payload),
            "{'recorder':'LEA','group':'g','cycle':'%d','plan':'2017-05-01','prediction':'2017-05-0%d',"
            "'do':'2017-05-03','study':'2017-05-04'%s,'challenge':'%s'}",
            i, i == 0 ? 3 : 2, i == 1 ? "" : ",'act':'2017-05-05'", i < 2 ? "adaptive" : "technical");
        say(w, WORLD_LEAD, "pdsa_cycle", "cycle/LEA/g", payload);
    }
    say(w, WORLD_LEAD, "protected_time", "protected/LEA",
        "{'recorder':'LEA','from':'2017-05-01','hours_hundredths':9000,'people':12}");
}

/* Meetings 92 days apart, and others 93 days apart. */
static void sets(world *w)
{
    static const char *const IDS[] = { "1", "2" };
    char payload[160];
    for (size_t i = 0; i < TDM_COUNT(IDS); i++) {
        world_fact unit = unit_of(w, IDS[i]);
        for (int meeting = 0; meeting < 2; meeting++) {
            (void)snprintf(payload, sizeof(payload),
                           "{'recorder':'LEA','date':'%s','hours_hundredths':100,'type':'action_learning'}",
                           meeting == 0 ? "2017-05-01"
                           : i == 0     ? "2017-08-01"
                                        : "2017-08-02");
            say(w, WORLD_LEAD, "session", unit.subject, payload);
        }
        if (i == 0)
            (void)world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", TDM_PHASE_IS_PLAN, false);
    }
}

static void learning(world *w)
{
    world_fact unit =
        world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_PLANNED, day_of("2017-04-20"));
    say(w, WORLD_LEAD, "unit_design", unit.subject, "{'recorder':'LEA','diagnosed':'2017-04-20'}");
    say(w, WORLD_LEAD, "criterion", unit.subject,
        "{'recorder':'LEA','criterion':'a','agreed':'2017-04-20','co_designed':true,'outcome':'met'}");
    say(w, WORLD_LEAD, "criterion", unit.subject,
        "{'recorder':'LEA','criterion':'b','agreed':'2017-04-20','outcome':'not_met'}");
    say(w, WORLD_LEAD, "action", "action/LEA/1",
        "{'recorder':'LEA','action_id':'1','kind':'action','opened':'2017-05-01','due':'2017-06-01',"
        "'done':'2017-06-01'}");
    say(w, WORLD_LEAD, "action", "action/LEA/2",
        "{'recorder':'LEA','action_id':'2','kind':'commitment','opened':'2017-05-01','due':'2017-06-01'}");
    say(w, WORLD_LEAD, "joint_project", "project/LEA/1",
        "{'recorder':'LEA','project_id':'1','status':'started','started':'2017-05-01',"
        "'organisations':['LEA','PAR'],'localities':['east','west']}");
    say(w, WORLD_LEAD, "need", "need/LEA/1",
        "{'recorder':'LEA','need_id':'1','theme':'time','stated':'2017-05-01','answered':'2017-06-01'}");
    say(w, WORLD_LEAD, "need", "need/LEA/2",
        "{'recorder':'LEA','need_id':'2','theme':'time','stated':'2017-05-01'}");
}

static void resources(world *w)
{
    static const char *const WHO[] = { "LEA", "PAR", "PAR", "THI" };
    static const world_origin BY[] = { WORLD_LEAD, WORLD_PARTNER, WORLD_PARTNER, WORLD_THIRD };
    char payload[256];
    say(w, WORLD_LEAD, "resource", "resource/LEA/1",
        "{'recorder':'LEA','resource_id':'1','kind':'story','published':'2017-05-01','adapted_from':'PAR/"
        "9'}");
    for (size_t i = 0; i < TDM_COUNT(WHO); i++) {
        (void)snprintf(payload, sizeof(payload),
                       "{'recorder':'%s','owner':'LEA','resource_id':'1','date':'2017-06-01','use':'%s'}",
                       WHO[i], i == 3 ? "adopted" : "used");
        say(w, BY[i], "resource_use", "resource/LEA/1", payload);
    }
}

static void development(world *w)
{
    reference(w, "workforce", "", "", 200);
    summary(w, "development", "appraisal_held", "frontline", "'count':50,'sum':60,'squares':30");
    summary(w, "development", "mentor_paired", "unknown", "'count':10,'sum':10");
    summary(w, "development", "plan_made", "unknown", "'count':20");
    summary(w, "development", "career_talk", "unknown", "'count':8");
    summary(w, "development", "moved_up", "unknown", "'count':3");
}

/* ---- what development happens within: on the last day of 2017/18 */

static void posts(world *w)
{
    say(w, WORLD_LEAD, "role_holder", "role/LEA/east",
        "{'recorder':'LEA','post':'east','from':'2017-04-01','role':'locality_manager','locality':'east'}");
    say(w, WORLD_LEAD, "role_holder", "role/LEA/west",
        "{'recorder':'LEA','post':'west','from':'2017-04-01','role':'locality_manager','vacant':true}");
    say(w, WORLD_LEAD, "role_holder", "role/LEA/gone",
        "{'recorder':'LEA','post':'gone','from':'2017-04-01','until':'2018-03-31','role':'sponsor'}");
}

static void policies(world *w)
{
    say(w, WORLD_LEAD, "protected_time", "protected/LEA",
        "{'recorder':'LEA','from':'2016-05-01','policy':true}");
    say(w, WORLD_PARTNER, "protected_time", "protected/PAR",
        "{'recorder':'PAR','from':'2017-05-01','until':'2017-06-01','policy':true}");
}

static void teams(world *w)
{
    say(w, WORLD_LEAD, "team", "team/LEA/1",
        "{'recorder':'LEA','team_id':'1','formed':'2017-05-01','top':true,'members':["
        "{'organisation':'LEA','people':3},{'organisation':'PAR','people':2}]}");
    say(w, WORLD_LEAD, "team", "team/LEA/2",
        "{'recorder':'LEA','team_id':'2','formed':'2017-05-01','members':["
        "{'organisation':'LEA','people':4},{'organisation':'PAR','people':0}]}");
}

static void networks(world *w)
{
    say(w, WORLD_LEAD, "network_member", "network/LEA/n",
        "{'recorder':'LEA','network':'n','role':'design','from':'2017-05-01'}");
    say(w, WORLD_PARTNER, "network_member", "network/PAR/n",
        "{'recorder':'PAR','network':'n','role':'design','from':'2017-05-01'}");
    say(w, WORLD_PARTNER, "network_member", "network/PAR/n",
        "{'recorder':'PAR','network':'n','role':'evaluate','from':'2017-05-01'}");
    say(w, WORLD_LEAD, "discussion", "network/LEA/n",
        "{'recorder':'LEA','network':'n','date':'2017-05-01','stakeholders':['public','staff','staff']}");
}

static void barriers(world *w)
{
    say(w, WORLD_LEAD, "need", "need/LEA/1",
        "{'recorder':'LEA','need_id':'1','theme':'time','stated':'2017-05-01','level':'middle_manager',"
        "'answered':'2017-06-01'}");
    say(w, WORLD_LEAD, "need", "need/LEA/2",
        "{'recorder':'LEA','need_id':'2','theme':'time','stated':'2017-05-01'}");
}

/* Three units: of a programme in the catalogue, of one that is not, of none. */
static void catalogue(world *w)
{
    static const char *const PROGRAMMES[] = { "'programme':'a',", "'programme':'b',", "" };
    char subject[32], payload[256];
    for (int i = 0; i < 3; i++) {
        (void)snprintf(subject, sizeof(subject), "unit/LEA/%d", i);
        (void)snprintf(payload, sizeof(payload),
                       "{'recorder':'LEA','lead':'LEA','unit_id':'%d','kind':'programme',%s"
                       "'status':'delivered','start':'2017-04-20'}",
                       i, PROGRAMMES[i]);
        world_fact unit = world_say(w, WORLD_LEAD, "unit", subject, payload);
        meet(w, &unit, i + 1, "");
    }
    say(w, WORLD_HUB, "catalogue_entry", "programme/a",
        "{'programme':'a','name':'A','aim':'system','bespoke':true,'evidence':'a review',"
        "'reviewed':'2016-03-31'}");
}

/* ---- rows: a figure as it is shown */

typedef struct row {
    scenario *scenario;
    const char *measure;
    const char *by; /* after colons the dimension and the indicator, if they are asked for */
    const char *group;
    const char *column;
    const char *shown;
    const char *period; /* 2017/18, its last day */
    const char *as_of;
} row;

/* Instead of a column: the smallest number of people that a figure of the row rests on. */
static const char BASE[] = "(base)";

#define ROW(SCENARIO, MEASURE, BY, GROUP, COLUMN, SHOWN)                                                     \
    {                                                                                                        \
        SCENARIO, MEASURE, BY, GROUP, COLUMN, SHOWN, "2017/18", "2018-03-31"                                 \
    }
#define TOTAL(SCENARIO, MEASURE, COLUMN, SHOWN) ROW(SCENARIO, MEASURE, "total", "", COLUMN, SHOWN)

static const row ROWS[] = {
    TOTAL(year, "C1", "amount", "10"),
    TOTAL(year, "C1", "joint_asserted", "6"),
    TOTAL(year, "C1", "asserted", "60.0"),
    TOTAL(year, "C1", "standing", "50.0"),
    TOTAL(year, "C1", "corroborated", "40.0"),
    ROW(year, "C1", "lead", "LEA", "corroborated", "40.0"),
    TOTAL(year, "C2", "amount", "50.00"),
    TOTAL(year, "C2", "corroborated", "54.0"),
    TOTAL(year, "C2", "asserted", "80.0"),
    TOTAL(year, "C3", "amount", "160"),
    TOTAL(year, "C3", "corroborated", "50.0"),
    TOTAL(year, "C3", "asserted", "75.0"),
    TOTAL(year, "C4", "joint_corroborated", "696.00"),
    TOTAL(year, "C4", "amount", "1197.00"),
    TOTAL(year, "C4", "corroborated", "58.1"),
    TOTAL(year, "C5", "plan", "20.0"),
    TOTAL(year, "C5", "deliver", "30.0"),
    TOTAL(year, "C5", "support", "20.0"),
    TOTAL(year, "C5", "all_phases", "10.0"),
    TOTAL(year, "C5", "depth", "23.3"),
    TOTAL(year, "C6", "claims", "6"),
    TOTAL(year, "C6", "corroborated", "66.7"),
    TOTAL(year, "C6", "disputed", "16.7"),
    TOTAL(year, "C6", "unanswered", "16.7"),
    { year, "C7", "total", "", "target", "70.0", "2017/18", "2017-09-30" },
    { year, "C7", "total", "", "gap", "-30.0", "2017/18", "2017-09-30" },
    { years, "C7", "total", "", "year_end", "60.0", "2016/17", "2018-03-31" },
    { years, "C7", "total", "", "year_end", "100.0", "2018/19", "2018-03-31" },
    TOTAL(year, "C7", "level", "40.0"),
    TOTAL(year, "C7", "target", "80.0"),
    TOTAL(year, "C7", "year_end", "80.0"),
    TOTAL(year, "C7", "to_convert", "4"),
    TOTAL(year, "C7", "uni_organisational", "60.0"),
    TOTAL(year, "C7", "forecast", "n/a"),
    TOTAL(years, "C7", "forecast", "100.0"),
    { years, "C7", "total", "", "forecast", "n/a", "2016/17", "2018-03-31" },
    { years, "C7", "total", "", "forecast", "16.7", "2018/19", "2018-03-31" },
    TOTAL(revised, "C8", "published", "40.0"),
    TOTAL(revised, "C8", "level", "54.5"),
    TOTAL(revised, "C8", "revision", "14.5"),
    TOTAL(revised, "C8", "completeness", "87.5"),
    TOTAL(late, "C8", "late", "25.0"),
    TOTAL(fair_share, "C9", "partner_hours", "28.00"),
    TOTAL(fair_share, "C9", "internal_hours", "22.00"),
    TOTAL(fair_share, "C9", "external_share", "56.0"),
    TOTAL(fair_share, "C9", "ei_index", "0.12"),
    TOTAL(sample, "C10", "share", "75.0"),
    TOTAL(sample, "C10", "low", "62.8"),
    TOTAL(sample, "C10", "high", "84.2"),
    TOTAL(network, "N1", "organisations", "5"),
    TOTAL(network, "N1", "ties", "4"),
    TOTAL(network, "N1", "density", "0.4000"),
    ROW(network, "N1", "lead", "THI", "density", "0.1000"),
    ROW(network, "N2", "organisation", "LEA", "degree", "2"),
    ROW(network, "N2", "organisation", "PAR", "degree", "2"),
    ROW(network, "N2", "organisation", "THI", "degree", "3"),
    ROW(network, "N2", "organisation", "HUB", "degree", "1"),
    ROW(network, "N2", "organisation", "EEE", "degree", "0"),
    ROW(network, "N2", "organisation", "LEA", "weighted", "3"),
    ROW(network, "N2", "organisation", "PAR", "weighted", "3"),
    ROW(network, "N2", "organisation", "THI", "weighted", "3"),
    ROW(network, "N2", "organisation", "HUB", "weighted", "1"),
    ROW(network, "N2", "organisation", "EEE", "weighted", "0"),
    TOTAL(network, "N3", "isolates", "1"),
    TOTAL(network, "N3", "components", "2"),
    TOTAL(network, "N4", "centralisation", "0.5833"),
    TOTAL(concentration, "N5", "hhi", "0.3800"),
    TOTAL(concentration, "N5", "effective", "2.6316"),
    TOTAL(concentration, "N5", "normalised", "0.0700"),
    TOTAL(concentration, "N5", "shannon", "1.0297"),
    TOTAL(concentration, "N5", "evenness", "0.9372"),
    TOTAL(mixing, "N6", "blau", "0.5400"),
    TOTAL(mixing, "N6", "normalised", "0.8100"),
    TOTAL(mixing, "N6", "mixed_share", "100.0"),
    TOTAL(network_of_sectors, "N7", "cross_share", "50.0"),
    ROW(network_of_sectors, "N7", "sector_pair", "primary_care - trust", "ties", "2"),
    ROW(network_of_sectors, "N7", "sector_pair", "trust - trust", "ties", "2"),
    TOTAL(exchange, "N8", "taken_up", "2"),
    TOTAL(exchange, "N8", "balance", "0.33"),
    TOTAL(exchange_repeated, "N8", "taken_up", "2"),
    TOTAL(exchange_repeated, "N8", "balance", "0.33"),
    TOTAL(exchange, "N8", "reciprocity", "50.0"),
    ROW(exchange, "N8", "organisation", "PAR", "balance", "-1.00"),
    ROW(exchange, "N8", "organisation", "THI", "balance", "n/a"),
    ROW(reach, "R1", "group:locality", "one", "rate", "7.5"),
    ROW(reach, "R1", "group:locality", "two", "rate", "4.0"),
    ROW(reach, "R1", "group:locality", "one", "ratio", "1.88"),
    ROW(reach, "R1", "group:locality", "one", "difference", "3.5"),
    ROW(reach, "R1", "group:locality", "one", "low", "0.98"),
    ROW(reach, "R1", "group:locality", "one", "high", "3.60"),
    TOTAL(inequality, "R2", "intercept", "0.0371"),
    TOTAL(inequality, "R2", "sii", "0.0677"),
    TOTAL(inequality, "R2", "rii", "2.8234"),
    TOTAL(inequality, "R2", "slope_over_mean", "0.9538"),
    TOTAL(inequality, "R3", "theil", "0.0375"),
    TOTAL(inequality, "R4", "gini", "0.1507"),
    TOTAL(representation, "R5", "likelihood", "1.33"),
    TOTAL(representation, "R5", "band", "above"),
    TOTAL(representation, "R5", "unknown", "40"),
    ROW(representation, "R6", "group", "bme", "ratio", "0.79"),
    ROW(representation, "R6", "group:ethnicity:population", "bme", "ratio", "0.56"),
    ROW(representation, "R6", "group", "bme", "unknown", "10.0"),
    ROW(representation, "R1", "group:ethnicity", "unknown", "reached", "40"),
    ROW(representation, "R1", "group:ethnicity", "unknown", "rate", "n/a"),
    TOTAL(capacity, "R7", "capacity", "0.60"),
    TOTAL(capacity, "R7", "unmet", "120"),
    TOTAL(capacity, "R7", "median_days", "30"),
    ROW(capacity, "R7", "reason", "no_place", "refused", "9"),
    ROW(capacity, "R7", "reason", "workload", "withdrew", "4"),
    ROW(stages, "L1", "stage", "1", "conversion", "75.0"),
    ROW(stages, "L1", "stage", "2", "conversion", "80.0"),
    ROW(stages, "L1", "stage", "3", "conversion", "75.0"),
    ROW(stages, "L1", "stage", "1", "median_days", "20"),
    ROW(stages, "L1", "stage", "1", "backwards", "1"),
    TOTAL(stages, "L1", "yield", "45.0"),
    TOTAL(stages, "L1", "active_share", "66.7"),
    TOTAL(stages, "L1", "cascade", "30.0"),
    TOTAL(course, "L2", "attendance", "83.3"),
    TOTAL(course, "L2", "retention", "70.0"),
    TOTAL(course, "L2", "dosage", "80.0"),
    TOTAL(team_answers, "L3", "answers", "10"),
    TOTAL(team_answers, "L3", "in_team", "90.0"),
    TOTAL(team_answers, "L3", "real", "40.0"),
    TOTAL(team_answers, "L3", "pseudo", "50.0"),
    TOTAL(team_answers, "L3", "none", "10.0"),
    TOTAL(team_answers, "L3", "real_in_team", "44.4"),
    TOTAL(incomplete_answer, "L3", "real_in_team", "50.0"),
    TOTAL(incomplete_answer, "L3", "pseudo", "0.0"),
    TOTAL(incomplete_answer, "L3", "incomplete", "1"),
    TOTAL(change, "L4", "pairs", "10"),
    TOTAL(change, "L4", "change", "0.60"),
    TOTAL(change, "L4", "sd", "0.8433"),
    TOTAL(change, "L4", "standardised", "0.7115"),
    ROW(change, "L4", "instrument", "wellbeing", "improved", "60.0"),
    TOTAL(cycles, "L5", "complete", "75.0"),
    TOTAL(cycles, "L5", "adaptive", "25.0"),
    TOTAL(cycles, "L5", "hours_per_head", "7.50"),
    TOTAL(sets, "L5", "regular", "50.0"),
    TOTAL(sets, "L5", "organisations", "1.50"),
    TOTAL(learning, "L6", "met", "50.0"),
    TOTAL(learning, "L6", "designed", "100.0"),
    TOTAL(learning, "L6", "done", "50.0"),
    TOTAL(learning, "L6", "kept", "50.0"),
    TOTAL(learning, "L6", "across", "1"),
    ROW(learning, "L6", "locality_pair", "east - west", "projects", "1"),
    ROW(course, "L7", "aim", "LEA/1", "units", "1"),
    ROW(course, "L7", "aim:framework", "wellbeing", "hours", "4.00"),
    ROW(learning, "L7", "theme", "time", "answered", "50.0"),
    TOTAL(resources, "L8", "by_others", "75.0"),
    TOTAL(resources, "L8", "adopted_by_others", "25.0"),
    TOTAL(resources, "L8", "reused", "3"),
    ROW(exchange, "L9", "theme", "coaching", "share", "25.0"),
    TOTAL(exchange, "L9", "supports", "2"),
    TOTAL(development, "L10", "appraisal", "25.0"),
    TOTAL(development, "L10", "mentoring", "5.0"),
    TOTAL(development, "L10", "plans", "10.0"),
    TOTAL(development, "L10", "career_talks", "4.0"),
    TOTAL(development, "L10", "moves", "1.5"),
    TOTAL(development, "L10", "good_appraisals", "50.0"),
    TOTAL(posts, "S1", "posts", "2"),
    TOTAL(posts, "S1", "filled_share", "50.0"),
    ROW(posts, "S1", "locality", "east", "filled", "1"),
    ROW(posts, "S1", "locality", "", "filled", "0"),
    TOTAL(policies, "S2", "organisations", "1"),
    TOTAL(policies, "S2", "share", "25.0"),
    TOTAL(teams, "S3", "across_share", "50.0"),
    ROW(teams, "S3", "team", "top", "members", "5"),
    TOTAL(networks, "S4", "organisations", "2"),
    ROW(networks, "S4", "role", "evaluate", "organisations", "1"),
    TOTAL(networks, "S5", "discussions", "1"),
    TOTAL(networks, "S5", "voices", "2"),
    TOTAL(sets, "S6", "sessions", "4"),
    ROW(sets, "S6", "type", "action_learning", "hours", "4.00"),
    ROW(barriers, "S7", "level", "middle_manager", "answered", "100.0"),
    TOTAL(barriers, "S7", "needs", "1"),
    TOTAL(catalogue, "S8", "programmes", "2"),
    TOTAL(catalogue, "S8", "in_catalogue", "1"),
    TOTAL(catalogue, "S8", "evidence", "100.0"),
    TOTAL(catalogue, "S8", "reviewed", "100.0"),
    { catalogue, "S8", "total", "", "reviewed", "0.0", "2017/18", "2016-03-30" },
    TOTAL(catalogue, "S8", "targeted", "0.0"),
    TOTAL(catalogue, "S8", "bespoke_hours", "33.3"),
    TOTAL(catalogue, "S8", "system_hours", "33.3"),
    TOTAL(year, "C1", BASE, "10"),
    TOTAL(year, "C3", BASE, "10"),
    TOTAL(year, "C4", BASE, "10"),
    ROW(reach, "R1", "group:locality", "one", BASE, "400"),
    TOTAL(inequality, "R2", BASE, "100"),
    TOTAL(inequality, "R3", BASE, "100"),
    TOTAL(inequality, "R4", BASE, "100"),
    TOTAL(representation, "R5", BASE, "400"),
    ROW(representation, "R6", "group", "bme", BASE, "400"),
    ROW(representation, "R6", "group:ethnicity:population", "bme", BASE, "30"),
    TOTAL(capacity, "R7", BASE, "300"),
    TOTAL(stages, "L1", BASE, "18"),
    TOTAL(faculty_alone, "L1", BASE, "18"),
    ROW(stages, "L1", "stage", "1", BASE, "40"),
    ROW(stages, "L1", "stage", "2", BASE, "30"),
    ROW(stages, "L1", "stage", "3", BASE, "24"),
    TOTAL(course, "L2", BASE, "10"),
    TOTAL(change, "L4", BASE, "10"),
    TOTAL(mixing, "N6", BASE, "20"),
    TOTAL(development, "L10", BASE, "200"),
};

/* ---- from facts to text */

static tdm_fold *fold_of(const world *w, tdm_span *events)
{
    tdm_fold_options options = { .has_authority = true, .authority = w->pens[WORLD_HUB].origin };
    tdm_fold *fold = NULL;
    tdm_kv *memory = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_fold_open(&fold, &memory, &options, &err), TDM_OK);
    for (size_t i = 0; i < w->sheaf.count; i++) {
        tdm_ledger_entry entry = { .position = i + 1, .bytes = events[i] };
        assert_int_equal(tdm_fold_apply(fold, &entry, 1, &err), TDM_OK);
    }
    while (tdm_fold_work(fold, 100, &err))
        assert_int_equal(err.code, TDM_OK);
    assert_true(tdm_fold_is_settled(fold));
    return fold;
}

static void write_figure(const tdm_column_row *column, const tdm_figure *figure, char out[64])
{
    int64_t scaled = tdm_figure_scaled(column, figure), power = 1;
    int digits = tdm_column_digits(column);
    for (int i = 0; i < digits; i++)
        power *= 10;
    if (!figure->defined)
        (void)snprintf(out, 64, "n/a");
    else if (column->shape == TDM_SHAPE_WORD)
        (void)snprintf(out, 64, "%s", figure->word);
    else if (digits == 0)
        (void)snprintf(out, 64, "%lld", (long long)scaled);
    else
        (void)snprintf(out, 64, "%s%lld.%0*lld", scaled < 0 ? "-" : "", (long long)llabs(scaled / power),
                       digits, (long long)llabs(scaled % power));
}

/* Splits "group:ethnicity:population" in place; NULL where there is no more. */
static const char *part_after(char *text)
{
    char *colon = text != NULL ? strchr(text, ':') : NULL;
    if (colon != NULL)
        *colon++ = 0;
    return colon;
}

static const tdm_breakdown_row *find_breakdown(const tdm_measure_facts *facts, const char *word)
{
    for (size_t i = 0; i < facts->breakdown_count; i++)
        if (strcmp(facts->breakdowns[i].word, word) == 0)
            return &facts->breakdowns[i];
    fail_msg("%s has no %s", facts->id, word);
    return NULL;
}

static void read_row(const row *r, tdm_fold *fold, char out[64])
{
    char by[64];
    tdm_period period;
    tdm_measure_answer answer;
    tdm_err err = { 0 };
    (void)snprintf(by, sizeof(by), "%s", r->by);
    char *dimension = (char *)part_after(by);
    const char *indicator = part_after(dimension);
    assert_int_equal(tdm_period_parse(tdm_span_text(r->period), &period, NULL), TDM_OK);
    tdm_measure_question question = { .measure = tdm_measure_find(r->measure),
                                      .has_year = true,
                                      .year = period.number,
                                      .dimension = dimension,
                                      .indicator = indicator,
                                      .as_of = day_of(r->as_of) };
    const tdm_measure_facts *facts = tdm_measure_read(question.measure);
    question.by = find_breakdown(facts, by);
    assert_int_equal(tdm_fold_measure(fold, &question, &answer, &err), TDM_OK);
    (void)snprintf(out, 64, "no such row or column");
    for (size_t i = 0; i < answer.count && strcmp(r->column, BASE) == 0; i++)
        if (strcmp(answer.rows[i].group, r->group) == 0)
            (void)snprintf(out, 64, "%lld", (long long)answer.rows[i].base);
    for (size_t i = 0; i < answer.count; i++)
        for (size_t c = 0; c < facts->column_count && strcmp(answer.rows[i].group, r->group) == 0; c++)
            if (strcmp(facts->columns[c].name, r->column) == 0)
                write_figure(&facts->columns[c], &answer.rows[i].figures[c], out);
    tdm_measure_answer_free(&answer);
}

static void check_row(void **state)
{
    const row *r = *state;
    char shown[64];
    world w;
    world_begin(&w);
    r->scenario(&w);
    tdm_span *events = tdm_sheaf_spans(&w.sheaf);
    tdm_fold *fold = fold_of(&w, events);
    read_row(r, fold, shown);
    assert_string_equal(shown, r->shown);
    tdm_fold_close(&fold);
    free(events);
    world_end(&w);
}

int main(void)
{
    static char names[TDM_COUNT(ROWS)][96];
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++) {
        const row *r = &ROWS[i];
        (void)snprintf(names[i], sizeof(names[i]), "%s by %s %s %s: %s is %s", r->measure, r->by, r->group,
                       r->period, r->column, r->shown);
        tests[i] = (struct CMUnitTest){ names[i], check_row, NULL, NULL, (void *)r };
    }
    return cmocka_run_group_tests_name("worked numbers", tests, NULL, NULL);
}
