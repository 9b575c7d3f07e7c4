/* SPDX-License-Identifier: MPL-2.0
 *
 * worked.c: the examples whose figures were worked out by hand.
 */
#include "worked.h"

#include <stdio.h>
#include <string.h>

#include "tandem/base.h"

static tdm_date day_of(const char *text)
{
    tdm_date date = 0;
    TDM_ASSERT(tdm_date_parse(tdm_span_text(text), &date, NULL) == TDM_OK);
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

void worked_year(world *w)
{
    world_fact unanswered;
    tell_year(w, &unanswered);
}

/* Five people in a joint unit that is confirmed, forty alone. */
void worked_few_joint(world *w)
{
    static const int PEOPLE[] = { 5, 40 };
    static const char *const IDS[] = { "1", "2" };
    for (size_t i = 0; i < TDM_COUNT(PEOPLE); i++) {
        world_fact unit = unit_of(w, IDS[i]);
        world_fact session = world_session(w, &unit, "LEA", day_of("2017-04-20"), 100);
        (void)world_attendance(w, &session, "LEA", PEOPLE[i]);
        if (i > 0)
            continue;
        world_fact claim = world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", TDM_PHASE_IS_PLAN, false);
        (void)world_confirm(w, &claim, WORLD_PARTNER, "PAR", TDM_PHASE_IS_PLAN);
    }
}

/* Eight returns are expected, seven come, and one from who may not make it; what was published, and then two
 * more joint units. */
void worked_revised(world *w)
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
void worked_late(world *w)
{
    world_fact unit = unit_of(w, "P1");
    world_fact session = world_session(w, &unit, "LEA", day_of("2017-04-20"), 100);
    (void)world_attendance(w, &session, "LEA", 10);
    world_fact tide = world_tide(w);
    (void)world_close(w, "2017/18", &tide);
    (void)world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", TDM_PHASE_IS_PLAN, false);
}

/* A level of 0.0 in 2016/17, of 50.0 in 2017/18; a unit in 2018/19. */
void worked_years(world *w)
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

void worked_fair_share(world *w)
{
    world_fact unit = unit_of(w, "1");
    meet(w, &unit, 28, "'PAR'");
    meet(w, &unit, 12, "'LEA'");
    meet(w, &unit, 10, "");
}

void worked_fair_share_and_supplier(world *w)
{
    world_fact unit = unit_of(w, "1");
    meet(w, &unit, 30, "'PAR','THI','LEA'");
    (void)world_assert(w, &unit, WORLD_LEAD, "LEA", "THI", 2, true);
}

void worked_concentration(world *w)
{
    world_fact unit = unit_of(w, "1");
    meet(w, &unit, 50, "'PAR'");
    meet(w, &unit, 30, "'THI'");
    meet(w, &unit, 20, "'HUB'");
}

void worked_mixing(world *w)
{
    world_fact unit = unit_of(w, "1");
    meet(w, &unit, 1, "");
    say(w, WORLD_LEAD, "unit_mix", unit.subject,
        "{'recorder':'LEA','financial_year':'2017/18','dimension':'staff_group','categories':["
        "{'category':'nurse','people':12},{'category':'doctor','people':6},{'category':'manager','people':2}]"
        "}");
}

/* ---- network: A LEA, B PAR, C THI, D HUB, E EEE. P1 joins A, B, C; P2 A, B; P3 C, D */

void worked_network(world *w)
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

void worked_network_of_sectors(world *w)
{
    worked_network(w);
    say(w, WORLD_HUB, "organisation", "organisation/PAR",
        "{'code':'PAR','name':'Par','sector':'primary_care','region':'North'}");
}

/* LEA offers twice and asks once; PAR takes up one offer and meets the request; THI takes up the other. */
void worked_exchange(world *w)
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
void worked_exchange_repeated(world *w)
{
    worked_exchange(w);
    say(w, WORLD_LEAD, "support_match", "support/LEA/1",
        "{'recorder':'LEA','owner':'LEA','support_id':'1','other':'PAR','date':'2017-05-01'}");
    say(w, WORLD_PARTNER, "support_match", "support/LEA/1",
        "{'recorder':'PAR','owner':'LEA','support_id':'1','other':'PAR','date':'2017-05-01'}");
}

/* ---- reach */

void worked_reach(world *w)
{
    reached(w, "locality", "one", 30, 400);
    reached(w, "locality", "two", 12, 300);
}

void worked_inequality(world *w)
{
    static const int REACHED[] = { 4, 10, 21, 16, 20 }, STAFF[] = { 100, 200, 300, 200, 200 };
    static const char *const GROUPS[] = { "1", "2", "3", "4", "5" };
    for (size_t i = 0; i < TDM_COUNT(GROUPS); i++)
        reached(w, "locality", GROUPS[i], REACHED[i], STAFF[i]);
}

/* One in post, nobody of them reached; and a hundred. */
void worked_lone(world *w)
{
    reached(w, "locality", "one", 0, 1);
    reached(w, "locality", "two", 5, 100);
}

void worked_representation(world *w)
{
    reached(w, "ethnicity", "white", 300, 1500);
    reached(w, "ethnicity", "bme", 60, 400);
    reference(w, "population", "ethnicity", "white", 70);
    reference(w, "population", "ethnicity", "bme", 30);
    summary(w, "reached", "ethnicity", "unknown", "'count':40");
}

void worked_dimensions(world *w)
{
    worked_representation(w);
    reached(w, "sex", "unknown", 7, 9);
    summary(w, "reached", "total", "", "'count':400");
    reference(w, "workforce", "", "", 1900);
    reference(w, "retention", "", "", 88);
    reference(w, "retention", "sex", "female", 91);
}

void worked_capacity(world *w)
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

void worked_stages(world *w)
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

void worked_faculty_alone(world *w)
{
    summary(w, "faculty", "", "", "'count':18,'sum':12,'squares':540");
}

void worked_course(world *w)
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

void worked_team_answers(world *w)
{
    summary(w, "team_answers", "team", "real", "'count':4");
    summary(w, "team_answers", "team", "pseudo", "'count':5");
    summary(w, "team_answers", "team", "none", "'count':1");
    summary(w, "team_answers", "team", "unanswered", "'count':7");
}

void worked_incomplete_answer(world *w)
{
    summary(w, "team_answers", "team", "real", "'count':1");
    summary(w, "team_answers", "team", "incomplete", "'count':1");
}

void worked_sample(world *w)
{
    summary(w, "team_answers", "team", "real", "'count':45");
    summary(w, "team_answers", "top", "pseudo", "'count':15");
}

/* Differences 1 0 1 -1 2 1 0 1 1 0, in hundredths. */
void worked_change(world *w)
{
    summary(w, "responses", "wellbeing", "",
            "'count':20,'sum':7000,'squares':0,'pairs':10,'pair_sum':600,'pair_squares':100000,'improved':6");
}

void worked_unpaired(world *w)
{
    summary(w, "responses", "wellbeing", "", "'count':20,'sum':7000,'squares':0");
}

/* Eight cycles: one predicted on the day it was done, one never acted on. */
void worked_cycles(world *w)
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
void worked_sets(world *w)
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

void worked_learning(world *w)
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

/* A project of LEA with an organisation that nobody registered. */
void worked_alone(world *w)
{
    say(w, WORLD_LEAD, "joint_project", "project/LEA/1",
        "{'recorder':'LEA','project_id':'1','status':'started','started':'2017-05-01',"
        "'organisations':['LEA','XXX'],'localities':['east','west']}");
}

void worked_resources(world *w)
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

void worked_outcomes(world *w)
{
    say(w, WORLD_LEAD, "reference_count", "reference/LEA/retention",
        "{'recorder':'LEA','organisation':'LEA','indicator':'retention','dimension':'','group':'',"
        "'date':'2017-04-01','amount':88,'out_of':100}");
}

void worked_development(world *w)
{
    reference(w, "workforce", "", "", 200);
    summary(w, "development", "appraisal_held", "frontline", "'count':50,'sum':60,'squares':30");
    summary(w, "development", "mentor_paired", "unknown", "'count':10,'sum':10");
    summary(w, "development", "plan_made", "unknown", "'count':20");
    summary(w, "development", "career_talk", "unknown", "'count':8");
    summary(w, "development", "moved_up", "unknown", "'count':3");
}

/* ---- what development happens within: on the last day of 2017/18 */

void worked_posts(world *w)
{
    say(w, WORLD_LEAD, "role_holder", "role/LEA/east",
        "{'recorder':'LEA','post':'east','from':'2017-04-01','role':'locality_manager','locality':'east'}");
    say(w, WORLD_LEAD, "role_holder", "role/LEA/west",
        "{'recorder':'LEA','post':'west','from':'2017-04-01','role':'locality_manager','vacant':true}");
    say(w, WORLD_LEAD, "role_holder", "role/LEA/gone",
        "{'recorder':'LEA','post':'gone','from':'2017-04-01','until':'2018-03-31','role':'sponsor'}");
}

void worked_policies(world *w)
{
    say(w, WORLD_LEAD, "protected_time", "protected/LEA",
        "{'recorder':'LEA','from':'2016-05-01','policy':true}");
    say(w, WORLD_PARTNER, "protected_time", "protected/PAR",
        "{'recorder':'PAR','from':'2017-05-01','until':'2017-06-01','policy':true}");
}

void worked_teams(world *w)
{
    say(w, WORLD_LEAD, "team", "team/LEA/1",
        "{'recorder':'LEA','team_id':'1','formed':'2017-05-01','top':true,'members':["
        "{'organisation':'LEA','people':3},{'organisation':'PAR','people':2}]}");
    say(w, WORLD_LEAD, "team", "team/LEA/2",
        "{'recorder':'LEA','team_id':'2','formed':'2017-05-01','members':["
        "{'organisation':'LEA','people':4},{'organisation':'PAR','people':0}]}");
}

void worked_networks(world *w)
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

void worked_barriers(world *w)
{
    say(w, WORLD_LEAD, "need", "need/LEA/1",
        "{'recorder':'LEA','need_id':'1','theme':'time','stated':'2017-05-01','level':'middle_manager',"
        "'answered':'2017-06-01'}");
    say(w, WORLD_LEAD, "need", "need/LEA/2",
        "{'recorder':'LEA','need_id':'2','theme':'time','stated':'2017-05-01'}");
}

/* Three units: of a programme in the catalogue, of one that is not, of none. */
void worked_catalogue(world *w)
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
