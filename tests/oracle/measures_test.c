/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_test.c: the worked numbers of the measures, recomputed by the oracle from facts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measures.h"
#include "parts.h"
#include "world.h"

typedef void scenario(world *w);

#define APRIL oracle_date(2017, 4, 20)

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

/* Staff of LEA, by a dimension. */
static void staff(world *w, const char *dimension, const char *group, int amount)
{
    char payload[256];
    (void)snprintf(payload, sizeof(payload),
                   "{'recorder':'LEA','organisation':'LEA','indicator':'workforce','dimension':'%s',"
                   "'group':'%s','date':'2017-04-01','amount':%d}",
                   dimension, group, amount);
    say(w, WORLD_LEAD, "reference_count", "reference/LEA/workforce", payload);
}

static void reached(world *w, const char *dimension, const char *group, int people, int of)
{
    char count[32];
    (void)snprintf(count, sizeof(count), "'count':%d", people);
    summary(w, "reached", dimension, group, count);
    staff(w, dimension, group, of);
}

/* ---- network: P1 joins LEA, PAR, THI; P2 LEA, PAR; P3 THI, HUB; EEE alone */
static void network(world *w)
{
    (void)world_organisation(w, "EEE", NULL, 0);
    world_fact p1 = world_unit(w, WORLD_LEAD, "LEA", "LEA", "P1", TDM_STATUS_IS_DELIVERED, APRIL);
    world_fact p2 = world_unit(w, WORLD_LEAD, "LEA", "LEA", "P2", TDM_STATUS_IS_DELIVERED, APRIL);
    world_fact p3 = world_unit(w, WORLD_THIRD, "THI", "THI", "P3", TDM_STATUS_IS_DELIVERED, APRIL);
    (void)world_session(w, &p1, "LEA", APRIL, 100);
    (void)world_session(w, &p2, "LEA", APRIL, 100);
    (void)world_session(w, &p3, "THI", APRIL, 100);
    (void)world_assert(w, &p1, WORLD_LEAD, "LEA", "PAR", 1, false);
    (void)world_assert(w, &p1, WORLD_LEAD, "LEA", "THI", 2, false);
    (void)world_assert(w, &p2, WORLD_LEAD, "LEA", "PAR", 2, false);
    (void)world_assert(w, &p3, WORLD_THIRD, "THI", "HUB", 2, false);
}

static void network_of_sectors(world *w)
{
    network(w);
    say(w, WORLD_HUB, "organisation", "organisation/PAR",
        "{'code':'PAR','name':'Par','sector':'primary_care','region':'North'}");
}

/* ---- hours: 50 in all, some with others */
static void session(world *w, const world_fact *unit, int hours, const char *facilitators)
{
    char payload[256];
    (void)snprintf(payload, sizeof(payload),
                   "{'recorder':'LEA','date':'2017-04-20','hours_hundredths':%d,'facilitators':[%s]}",
                   100 * hours, facilitators);
    say(w, unit->origin, "session", unit->subject, payload);
}

static void fair_share(world *w)
{
    world_fact unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_DELIVERED, APRIL);
    session(w, &unit, 28, "'PAR'");
    session(w, &unit, 12, "'LEA'");
    session(w, &unit, 10, "");
}

static void fair_share_and_supplier(world *w)
{
    world_fact unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_DELIVERED, APRIL);
    session(w, &unit, 30, "'PAR','THI','LEA'");
    (void)world_assert(w, &unit, WORLD_LEAD, "LEA", "THI", 2, true);
}

static void concentration(world *w)
{
    world_fact unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_DELIVERED, APRIL);
    session(w, &unit, 50, "'PAR'");
    session(w, &unit, 30, "'THI'");
    session(w, &unit, 20, "'HUB'");
}

static void mixing(world *w)
{
    world_fact unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_DELIVERED, APRIL);
    session(w, &unit, 1, "");
    say(w, WORLD_LEAD, "unit_mix", unit.subject,
        "{'recorder':'LEA','financial_year':'2017/18','dimension':'staff_group','categories':["
        "{'category':'nurse','people':12},{'category':'doctor','people':6},{'category':'manager','people':2}]"
        "}");
}

/* ---- exchange: LEA offers twice and asks once; PAR takes up one offer and meets the request; THI takes up
 */
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

/* ---- reach */
static void reach(world *w)
{
    reached(w, "staff_group", "one", 30, 400);
    reached(w, "staff_group", "two", 12, 300);
}

static void inequality(world *w)
{
    static const int REACHED[] = { 4, 10, 21, 16, 20 }, STAFF[] = { 100, 200, 300, 200, 200 };
    static const char *const GROUPS[] = { "1", "2", "3", "4", "5" };
    for (size_t i = 0; i < 5; i++)
        reached(w, "locality", GROUPS[i], REACHED[i], STAFF[i]);
}

static void representation(world *w)
{
    reached(w, "ethnicity", "white", 300, 1500);
    reached(w, "ethnicity", "bme", 60, 400);
}

static void capacity(world *w)
{
    world_fact unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_PLANNED, APRIL);
    say(w, WORLD_LEAD, "unit_design", unit.subject, "{'recorder':'LEA','places':180}");
    summary(w, "applications", "applied", "", "'count':300");
    summary(w, "applications", "refused", "no_place", "'count':9");
    summary(w, "applications", "withdrew", "workload", "'count':4");
    summary(w, "waiting_days", "00010", "", "'count':1");
    summary(w, "waiting_days", "00030", "", "'count':2");
    summary(w, "waiting_days", "00200", "", "'count':1");
}

/* ---- pipelines */
static void stages(world *w)
{
    summary(w, "stages", "1", "entered", "'count':40");
    summary(w, "stages", "1", "passed", "'count':30");
    summary(w, "stages", "2", "passed", "'count':24");
    summary(w, "stages", "3", "passed", "'count':18");
    summary(w, "stages", "4", "joined_faculty", "'count':18");
    summary(w, "stage_days", "1", "00020", "'count':2");
    summary(w, "stage_days", "1", "00050", "'count':2");
    summary(w, "stage_days", "1", "backwards", "'count':1");
    summary(w, "faculty", "", "", "'count':18,'sum':12,'squares':540");
}

static void course(world *w)
{
    world_fact unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_DELIVERED, APRIL);
    for (int i = 0; i < 4; i++) {
        world_fact meeting = world_session(w, &unit, "LEA", APRIL + 14 * i, 100);
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
}

static void sample(world *w)
{
    summary(w, "team_answers", "team", "real", "'count':45");
    summary(w, "team_answers", "top", "pseudo", "'count':15");
}

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

static void learning(world *w)
{
    world_fact unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_PLANNED, APRIL);
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
    say(w, WORLD_LEAD, "resource", "resource/LEA/1",
        "{'recorder':'LEA','resource_id':'1','kind':'story','published':'2017-05-01','adapted_from':'PAR/"
        "9'}");
    for (int i = 0; i < 4; i++) {
        static const char *const WHO[] = { "LEA", "PAR", "PAR", "THI" };
        static const world_origin BY[] = { WORLD_LEAD, WORLD_PARTNER, WORLD_PARTNER, WORLD_THIRD };
        char payload[256];
        (void)snprintf(payload, sizeof(payload),
                       "{'recorder':'%s','owner':'LEA','resource_id':'1','date':'2017-06-01','use':'%s'}",
                       WHO[i], i == 3 ? "adopted" : "used");
        say(w, BY[i], "resource_use", "resource/LEA/1", payload);
    }
}

static void development(world *w)
{
    staff(w, "", "", 200);
    summary(w, "development", "appraisal_held", "frontline", "'count':50,'sum':60,'squares':30");
    summary(w, "development", "mentor_paired", "unknown", "'count':10,'sum':10");
    summary(w, "development", "plan_made", "unknown", "'count':20");
    summary(w, "development", "moved_up", "unknown", "'count':3");
}

/* ---- rows: a figure of 2017/18 */
typedef struct row {
    const char *name;
    scenario *scenario;
    const char *measure, *by, *group, *column; /* by: with a colon and the dimension, if one is asked for */
    double expected;                           /* tenths, hundredths, whole; reals to `digits` */
    int digits;
} row;

static const row ROWS[] = {
    { "C9: 28 of 50 hours external are 56.0", fair_share, "C9", NULL, "", "external_share", 560, 0 },
    { "C9: 22 hours internal", fair_share, "C9", NULL, "", "internal_hours", 2200, 0 },
    { "C9: E-I index 0.12", fair_share, "C9", "lead", "LEA", "ei_index", 0.12, 2 },
    { "C9: three share a session", fair_share_and_supplier, "C9", NULL, "", "partner_hours", 1000, 0 },
    { "C9: a supplier is no partner", fair_share_and_supplier, "C9", NULL, "", "supplier_hours", 1000, 0 },
    { "C10: Wilson of 45/60 from 62.8", sample, "C10", NULL, "", "low", 628, 0 },
    { "C10: to 84.2", sample, "C10", NULL, "", "high", 842, 0 },
    { "N1: five organisations", network, "N1", NULL, "", "organisations", 5, 0 },
    { "N1: four ties", network, "N1", NULL, "", "ties", 4, 0 },
    { "N1: density 0.4000", network, "N1", NULL, "", "density", 0.4, 4 },
    { "N2: A has two partners", network, "N2", "organisation", "LEA", "degree", 2, 0 },
    { "N2: A has three ties by weight", network, "N2", "organisation", "LEA", "weighted", 3, 0 },
    { "N2: B has three by weight", network, "N2", "organisation", "PAR", "weighted", 3, 0 },
    { "N2: C has three partners", network, "N2", "organisation", "THI", "degree", 3, 0 },
    { "N2: D has one", network, "N2", "organisation", "HUB", "degree", 1, 0 },
    { "N2: E has none", network, "N2", "organisation", "EEE", "degree", 0, 0 },
    { "N2: three is the highest", network, "N2", NULL, "", "degree", 3, 0 },
    { "N3: one isolate", network, "N3", NULL, "", "isolates", 1, 0 },
    { "N3: two components", network, "N3", NULL, "", "components", 2, 0 },
    { "N4: centralisation 0.5833", network, "N4", NULL, "", "centralisation", 0.5833, 4 },
    { "N5: HHI 0.3800", concentration, "N5", NULL, "", "hhi", 0.38, 4 },
    { "N5: 2.6316 effective partners", concentration, "N5", NULL, "", "effective", 2.6316, 4 },
    { "N5: normalised 0.0700", concentration, "N5", NULL, "", "normalised", 0.07, 4 },
    { "N5: Shannon 1.0297", concentration, "N5", NULL, "", "shannon", 1.0297, 4 },
    { "N5: evenness 0.9372", concentration, "N5", "organisation", "LEA", "evenness", 0.9372, 4 },
    { "N6: Blau 0.5400", mixing, "N6", NULL, "", "blau", 0.54, 4 },
    { "N6: normalised 0.8100", mixing, "N6", NULL, "", "normalised", 0.81, 4 },
    { "N6: the unit is mixed", mixing, "N6", "locality", "(none)", "mixed_share", 1000, 0 },
    { "N7: two of four ties between sectors", network_of_sectors, "N7", NULL, "", "cross_share", 500, 0 },
    { "N7: by the pair", network_of_sectors, "N7", "sector_pair", "primary_care - trust", "ties", 2, 0 },
    { "N7: within a sector", network_of_sectors, "N7", "sector_pair", "trust - trust", "ties", 2, 0 },
    { "N8: two offers taken up", exchange, "N8", NULL, "", "taken_up", 2, 0 },
    { "N8: one request met", exchange, "N8", "organisation", "PAR", "met", 1, 0 },
    { "N8: who only meets requests has balance -1", exchange, "N8", "organisation", "PAR", "balance", -1, 2 },
    { "N8: one pair of two both ways", exchange, "N8", NULL, "", "reciprocity", 500, 0 },
    { "R1: 30 of 400 are 7.5", reach, "R1", "group", "one", "rate", 75, 0 },
    { "R1: 12 of 300 are 4.0", reach, "R1", "group", "two", "rate", 40, 0 },
    { "R1: ratio 1.875", reach, "R1", "group", "one", "ratio", 1.875, 3 },
    { "R1: difference 3.5", reach, "R1", "group", "one", "difference", 3.5, 1 },
    { "R1: from 0.98", reach, "R1", "group", "one", "low", 0.98, 2 },
    { "R1: to 3.60", reach, "R1", "group", "one", "high", 3.60, 2 },
    { "R2: SII 0.0677", inequality, "R2", NULL, "", "sii", 0.0677, 4 },
    { "R2: intercept 0.0371", inequality, "R2", NULL, "", "intercept", 0.0371, 4 },
    { "R2: RII 2.8234", inequality, "R2", NULL, "", "rii", 2.8234, 4 },
    { "R2: slope/mean 0.9538", inequality, "R2", NULL, "", "slope_over_mean", 0.9538, 4 },
    { "R3: Theil 0.0375", inequality, "R3", NULL, "", "theil", 0.0375, 4 },
    { "R4: Gini 0.1507", inequality, "R4", NULL, "", "gini", 0.1507, 4 },
    { "R5: likelihood 1.33", representation, "R5", NULL, "", "likelihood", 1.3333, 4 },
    { "R6: 60 of 360 against 400 of 1900", representation, "R6", "group", "bme", "ratio", 0.79, 2 },
    { "R6: no unknown", representation, "R6", "group", "bme", "unknown", 0, 0 },
    { "R7: capacity 0.60", capacity, "R7", NULL, "", "capacity", 0.6, 2 },
    { "R7: 120 unmet", capacity, "R7", NULL, "", "unmet", 120, 0 },
    { "R7: the lower middle of 10 30 30 200", capacity, "R7", NULL, "", "median_days", 30, 0 },
    { "R7: refusals by reason", capacity, "R7", "reason", "no_place", "refused", 9, 0 },
    { "L1: 30 of 40 are 75.0", stages, "L1", "stage", "1", "conversion", 750, 0 },
    { "L1: 24 of 30 are 80.0", stages, "L1", "stage", "2", "conversion", 800, 0 },
    { "L1: 18 of 24 are 75.0", stages, "L1", "stage", "3", "conversion", 750, 0 },
    { "L1: the lower middle of 20 20 50 50", stages, "L1", "stage", "1", "median_days", 20, 0 },
    { "L1: one runs backwards", stages, "L1", "stage", "1", "backwards", 1, 0 },
    { "L1: yield 45.0", stages, "L1", NULL, "", "yield", 450, 0 },
    { "L1: 12 of 18 active", stages, "L1", NULL, "", "active_share", 667, 0 },
    { "L1: cascade 30.0", stages, "L1", NULL, "", "cascade", 30, 1 },
    { "L2: dosage 80.0", course, "L2", NULL, "", "dosage", 800, 0 },
    { "L2: retention 70.0", course, "L2", NULL, "", "retention", 700, 0 },
    { "L2: attendance 83.3", course, "L2", NULL, "", "attendance", 833, 0 },
    { "L3: in-team 90.0", team_answers, "L3", NULL, "", "in_team", 900, 0 },
    { "L3: real 40.0", team_answers, "L3", NULL, "", "real", 400, 0 },
    { "L3: pseudo 50.0", team_answers, "L3", NULL, "", "pseudo", 500, 0 },
    { "L3: none 10.0", team_answers, "L3", NULL, "", "none", 100, 0 },
    { "L3: real among those in a team 44.4", team_answers, "L3", NULL, "", "real_in_team", 444, 0 },
    { "L4: mean change 0.60", change, "L4", NULL, "", "change", 0.6, 4 },
    { "L4: sd 0.8433", change, "L4", NULL, "", "sd", 0.8433, 4 },
    { "L4: mean/sd 0.7115", change, "L4", NULL, "", "standardised", 0.7115, 4 },
    { "L4: improved 60.0", change, "L4", "instrument", "wellbeing", "improved", 600, 0 },
    { "L4: mean score 3.50", change, "L4", NULL, "", "mean", 3.5, 2 },
    { "L5: 6 of 8 cycles complete", cycles, "L5", NULL, "", "complete", 750, 0 },
    { "L5: 2 of 8 adaptive", cycles, "L5", NULL, "", "adaptive", 250, 0 },
    { "L5: 90 hours for 12 people", cycles, "L5", NULL, "", "hours_per_head", 7.5, 2 },
    { "L6: one of two criteria met", learning, "L6", NULL, "", "met", 500, 0 },
    { "L6: diagnosed and designed together in time", learning, "L6", NULL, "", "designed", 1000, 0 },
    { "L6: half of the actions done", learning, "L6", NULL, "", "done", 500, 0 },
    { "L6: half kept", learning, "L6", NULL, "", "kept", 500, 0 },
    { "L6: one project", learning, "L6", NULL, "", "projects", 1, 0 },
    { "L7: half of the needs answered", learning, "L7", "theme", "time", "answered", 500, 0 },
    { "L7: hours of a framework", course, "L7", "aim:framework", "wellbeing", "hours", 400, 0 },
    { "L7: units of an objective", course, "L7", "aim", "LEA/1", "units", 1, 0 },
    { "L8: three of four uses by others", resources, "L8", NULL, "", "by_others", 750, 0 },
    { "L8: one of four adopted by others", resources, "L8", NULL, "", "adopted_by_others", 250, 0 },
    { "L8: an adaptation is reused", resources, "L8", "organisation", "LEA", "reused", 3, 0 },
    { "L9: one of four organisations offers", exchange, "L9", "theme", "coaching", "share", 250, 0 },
    { "L9: two offers in force", exchange, "L9", NULL, "", "supports", 2, 0 },
    { "L10: 50 of 200 appraised", development, "L10", NULL, "", "appraisal", 250, 0 },
    { "L10: half of the appraisals good", development, "L10", NULL, "", "good_appraisals", 500, 0 },
    { "L10: 3 of 200 moved up", development, "L10", "region", "unknown", "moves", 15, 0 },
};

static const tdm_oracle_figure *find(const tdm_oracle_measure_row *rows, size_t count, const row *r)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].group, r->group) == 0)
            return tdm_oracle_figure_of(&rows[i], r->column);
    return NULL;
}

static tdm_oracle *open_world(const world *w, tdm_span **events)
{
    tdm_oracle_options options = { .has_authority = true, .authority = w->pens[WORLD_HUB].origin };
    tdm_oracle *oracle = NULL;
    *events = tdm_sheaf_spans(&w->sheaf);
    assert_int_equal(tdm_oracle_open(&oracle, *events, w->sheaf.count, &options, NULL), TDM_OK);
    return oracle;
}

static void check_row(void **state)
{
    const row *r = *state;
    world w;
    tdm_span *events;
    tdm_oracle_measure_row *rows;
    size_t count;
    world_begin(&w);
    r->scenario(&w);
    tdm_oracle *oracle = open_world(&w, &events);
    const char *dimension = r->by != NULL ? strchr(r->by, ':') : NULL;
    char by[32];
    (void)snprintf(by, sizeof(by), "%.*s", (int)strcspn(r->by != NULL ? r->by : "total", ":"),
                   r->by != NULL ? r->by : "total");
    tdm_oracle_question question = { .measure = r->measure,
                                     .by = by,
                                     .dimension = dimension != NULL ? dimension + 1 : NULL,
                                     .has_year = true,
                                     .year = 2017,
                                     .as_of = oracle_date(2018, 3, 31) };
    assert_true(tdm_oracle_measure(oracle, &question, &rows, &count));
    const tdm_oracle_figure *found = find(rows, count, r);
    assert_non_null(found);
    assert_true(found->defined);
    double value = found->shape == TDM_SHAPE_REAL ? found->real : (double)found->number;
    double room = r->digits > 0 ? 0.5000001 * pow(10, -r->digits) : 0;
    if (fabs(value - r->expected) > room)
        fail_msg("%.9g", value);
    free(rows);
    tdm_oracle_close(&oracle);
    free(events);
    world_end(&w);
}

static void check_band(void **state)
{
    (void)state;
    world w;
    tdm_span *events;
    tdm_oracle_measure_row *rows;
    size_t count;
    world_begin(&w);
    representation(&w);
    tdm_oracle *oracle = open_world(&w, &events);
    tdm_oracle_question question = { .measure = "R5", .has_year = true, .year = 2017, .as_of = APRIL };
    assert_true(tdm_oracle_measure(oracle, &question, &rows, &count));
    assert_int_equal(count, 1);
    char line[TDM_ORACLE_LINE];
    tdm_oracle_measure_text(&question, &rows[0], line);
    assert_string_equal(line, "R5\t2017/18\ttotal\t\ttop_reached=300;top_staff=1500;bottom_reached=60;"
                              "bottom_staff=400;likelihood=1.33333333;band=above;unknown=0;");
    free(rows);
    question.by = "no such word";
    assert_false(tdm_oracle_measure(oracle, &question, &rows, &count));
    tdm_oracle_close(&oracle);
    free(events);
    world_end(&w);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 1] = {
        { "a row is written as one line, and a word that is none refused", check_band, NULL, NULL, NULL },
    };
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i + 1] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("measures of the oracle", tests, NULL, NULL);
}
