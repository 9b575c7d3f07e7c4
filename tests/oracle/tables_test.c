/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_test.c: the oracle's tables against cells worked out by hand: a small world for each rule that is
 * easily got wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parts.h"
#include "tables.h"
#include "world.h"

typedef void scenario(world *w);

#define APRIL oracle_date(2017, 4, 20)

static void say(world *w, world_origin by, const char *type, const char *subject, const char *payload)
{
    (void)world_say(w, by, type, subject, payload);
}

static world_fact unit(world *w)
{
    return world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_DELIVERED, APRIL);
}

static void met(world *w, const world_fact *of, const char *date, const char *more)
{
    char payload[256];
    (void)snprintf(payload, sizeof(payload), "{'recorder':'LEA','date':'%s','hours_hundredths':100%s}", date,
                   more);
    say(w, of->origin, "session", of->subject, payload);
}

/* ---- ties */
static void tie(world *w, bool disputed)
{
    world_fact of = unit(w);
    met(w, &of, "2017-04-20", "");
    world_fact a = world_assert(w, &of, WORLD_LEAD, "LEA", "PAR", 1, false);
    world_fact b = world_assert(w, &of, WORLD_LEAD, "LEA", "THI", 2, false);
    (void)world_confirm(w, &a, WORLD_PARTNER, "PAR", 1);
    if (disputed)
        (void)world_dispute(w, &b, WORLD_THIRD, "THI", 2);
}

static void ties(world *w)
{
    tie(w, false);
}

static void disputed(world *w)
{
    tie(w, true);
}

/* The partner becomes the lead's own between two sessions: one organisation at the end. */
static void merged(world *w)
{
    ties(w);
    world_fact of = { .origin = WORLD_LEAD, .subject = "unit/LEA/1" };
    met(w, &of, "2017-06-20", "");
    (void)world_change(w, "PAR", TDM_CHANGE_IS_MERGED, oracle_date(2017, 6, 1), "LEA");
}

static void many(world *w, int partners)
{
    world_fact of = unit(w);
    met(w, &of, "2017-04-20", "");
    for (int i = 0; i < partners; i++) {
        char code[16];
        (void)snprintf(code, sizeof(code), "X%02d", i);
        (void)world_organisation(w, code, NULL, 0);
        (void)world_assert(w, &of, WORLD_LEAD, "LEA", code, 2, false);
    }
}

static void fifty_organisations(world *w)
{
    many(w, 49);
}

static void more_than_fifty(world *w)
{
    many(w, 50);
}

/* ---- contributed */
static void thirds(world *w)
{
    world_fact of = unit(w);
    met(w, &of, "2017-04-20", ",'facilitators':['THI','PAR','LEA','PAR','NOBODY','a coach']");
    (void)world_organisation(w, "PARSITE", "PAR", TDM_BELONGS_IS_SITE);
    (void)world_assert(w, &of, WORLD_LEAD, "LEA", "PARSITE", 1, true);
}

static void first_has_the_rest(world *w)
{
    world_fact of = unit(w);
    (void)world_organisation(w, "AAA", NULL, 0);
    met(w, &of, "2017-04-20", ",'facilitators':['LEA','PAR','AAA']");
}

/* ---- sessions */
static void types(world *w)
{
    world_fact of = unit(w);
    met(w, &of, "2017-04-20", ",'type':'workshop'");
    met(w, &of, "2017-04-20", "");
    met(w, &of, "2017-04-21", ",'type':'one_to_one'");
    met(w, &of, "2017-04-22", ",'type':55,'mode':'online'");
}

/* ---- mix */
static void mix(world *w, const char *year)
{
    char payload[256];
    world_fact of = unit(w);
    met(w, &of, "2017-04-20", "");
    (void)snprintf(payload, sizeof(payload),
                   "{'recorder':'LEA','financial_year':'%s','dimension':'level','categories':["
                   "{'category':'x','people':2},{'category':'x','people':3},{'category':'y','people':0}]}",
                   year);
    say(w, WORLD_LEAD, "unit_mix", of.subject,
        "{'recorder':'LEA','financial_year':'2017/18','dimension':'level','categories':[]}");
    say(w, WORLD_LEAD, "unit_mix", of.subject, payload);
    say(w, WORLD_THIRD, "unit_mix", of.subject,
        "{'recorder':'LEA','financial_year':'2017/18','dimension':'level','categories':[]}");
}

static void mix_of_year(world *w)
{
    mix(w, "2017/18");
}

static void mix_of_other_year(world *w)
{
    mix(w, "2018/19");
}

/* ---- sets */
static void set(world *w, const char *second)
{
    world_fact of = unit(w);
    met(w, &of, "2017-04-20", ",'type':'action_learning'");
    met(w, &of, second, ",'type':'action_learning'");
    met(w, &of, "2017-12-01", "");
    (void)world_assert(w, &of, WORLD_LEAD, "LEA", "PAR", 2, false);
}

static void regular_set(world *w)
{
    set(w, "2017-07-21"); /* 92 days */
}

static void irregular_set(world *w)
{
    set(w, "2017-07-22");
}

/* ---- course, aims, places, criteria */
static void design(world *w)
{
    world_fact of = unit(w);
    met(w, &of, "2017-04-20", "");
    say(w, WORLD_LEAD, "unit_design", of.subject, "{'recorder':'LEA','places':3}");
    say(w, WORLD_LEAD, "unit_design", of.subject,
        "{'recorder':'LEA','places':0,'sessions_planned':4,'diagnosed':'2017-04-20',"
        "'objectives':['x','x'],'tags':['objective:x','a:b:c','plain']}");
    say(w, WORLD_PARTNER, "unit_design", of.subject, "{'recorder':'PAR','places':9}");
    say(w, WORLD_LEAD, "criterion", of.subject,
        "{'recorder':'LEA','criterion':'c','agreed':'2017-04-21','co_designed':true,'outcome':'met'}");
}

static void cancelled_design(world *w)
{
    world_fact of = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_CANCELLED, APRIL);
    say(w, WORLD_LEAD, "unit_design", of.subject, "{'recorder':'LEA','places':3}");
}

/* ---- things */
static void posts(world *w)
{
    say(w, WORLD_LEAD, "role_holder", "role/LEA/a",
        "{'recorder':'LEA','post':'a','from':'2017-05-01','until':'2017-06-01','role':'steward','vacant':"
        "true}");
    say(w, WORLD_LEAD, "role_holder", "role/LEA/b",
        "{'recorder':'LEA','post':'b','from':'2017-06-01','role':'steward','vacant':true}");
    say(w, WORLD_LEAD, "role_holder", "role/LEA/c",
        "{'recorder':'LEA','post':'c','from':'2017-06-01','until':'2017-06-01','role':'sponsor'}");
}

static const char NEED[] = "{'recorder':'LEA','need_id':'1','theme':'time','stated':'2017-05-01'}";

static void need(world *w)
{
    say(w, WORLD_LEAD, "need", "need/LEA/1", NEED);
}

static void need_elsewhere(world *w)
{
    say(w, WORLD_LEAD, "need", "need/LEA/2", NEED);
}

static void need_of_another(world *w)
{
    say(w, WORLD_THIRD, "need", "need/LEA/1", NEED);
}

static void need_voided(world *w)
{
    world_fact fact = world_say(w, WORLD_LEAD, "need", "need/LEA/1", NEED);
    world_amend(w, &fact, WORLD_LEAD, TDM_TYPE_VOID, NULL);
}

static void team(world *w)
{
    say(w, WORLD_LEAD, "team", "team/LEA/1",
        "{'recorder':'LEA','team_id':'1','formed':'2017-05-01','members':["
        "{'organisation':'LEA','people':2},{'organisation':'PAR','people':0},{'organisation':'LEA','people':"
        "1}]}");
}

static void project(world *w)
{
    say(w, WORLD_LEAD, "joint_project", "project/LEA/1",
        "{'recorder':'LEA','project_id':'1','status':'started','started':'2017-05-01',"
        "'organisations':['LEA','NOBODY'],'localities':['west','east','east','mid'],'objective':''}");
}

static void adapted_use(world *w)
{
    (void)world_organisation(w, "PARSITE", "PAR", TDM_BELONGS_IS_SITE);
    say(w, WORLD_LEAD, "resource", "resource/LEA/1",
        "{'recorder':'LEA','resource_id':'1','kind':'story','published':'2017-05-01','adapted_from':'PAR/"
        "9'}");
    say(w, WORLD_PARTNER, "resource_use", "resource/LEA/1",
        "{'recorder':'PAR','owner':'LEA','resource_id':'1','date':'2017-06-01','use':'used'}");
    say(w, WORLD_PARTNER, "resource_use", "resource/PARSITE/1",
        "{'recorder':'PAR','owner':'PARSITE','resource_id':'1','date':'2017-06-01','use':'used'}");
}

/* Both sides say that a request was met; later it is an offer. */
static void match(world *w, const char *kind)
{
    static const char MATCH[] = "'owner':'LEA','support_id':'1','other':'PAR','date':'2017-06-01'}";
    char text[256];
    (void)snprintf(text, sizeof(text),
                   "{'recorder':'LEA','support_id':'1','kind':'%s','theme':'t','from':'2017-05-01'}", kind);
    say(w, WORLD_LEAD, "support", "support/LEA/1", text);
    (void)snprintf(text, sizeof(text), "{'recorder':'LEA',%s", MATCH);
    say(w, WORLD_LEAD, "support_match", "support/LEA/1", text);
    (void)snprintf(text, sizeof(text), "{'recorder':'PAR',%s", MATCH);
    say(w, WORLD_PARTNER, "support_match", "support/LEA/1", text);
    (void)snprintf(text, sizeof(text), "{'recorder':'THI',%s", MATCH);
    say(w, WORLD_THIRD, "support_match", "support/LEA/1", text);
}

static void offer(world *w)
{
    match(w, "offer");
}

static void request(world *w)
{
    match(w, "request");
}

static void count(world *w, world_origin by, const char *recorder, const char *date, int amount)
{
    char subject[64], payload[256];
    (void)snprintf(subject, sizeof(subject), "reference/%s/workforce", recorder);
    (void)snprintf(
        payload, sizeof(payload),
        "{'recorder':'%s','organisation':'LEA','indicator':'workforce','dimension':'sex','group':'f',"
        "'date':'%s','amount':%d}",
        recorder, date, amount);
    say(w, by, "reference_count", subject, payload);
}

static void references(world *w)
{
    say(w, WORLD_HUB, "organisation", "organisation/THI",
        "{'code':'THI','name':'Third','sector':'national_body'}");
    count(w, WORLD_LEAD, "LEA", "2017-04-01", 5);
    count(w, WORLD_LEAD, "LEA", "2017-04-01", 7);
    count(w, WORLD_LEAD, "LEA", "2017-09-01", 9);
    count(w, WORLD_THIRD, "THI", "2017-04-01", 100);
    count(w, WORLD_PARTNER, "PAR", "2017-04-01", 1000);
}

/* ---- rows: a line that is there, or with ! before it a table that has no cell */
typedef struct row {
    const char *name;
    scenario *scenario;
    const char *line;
} row;

static const row ROWS[] = {
    { "the lead and a partner who confirms are corroborated", ties,
      "ties\t2017/18\tLEA\tLEA\tPAR\t1\t1\t1\t0\t0\t0\t0" },
    { "two partners are a tie as well, of the lesser status", ties,
      "ties\t2017-04\tLEA\tPAR\tTHI\t1\t1\t0\t0\t0\t0\t0" },
    { "a disputed claim is a tie asserted only", disputed,
      "ties\t2017/18Q1\tLEA\tLEA\tTHI\t1\t0\t0\t0\t0\t0\t0" },
    { "a partner merged into the lead is the lead", merged,
      "ties\t2017/18\tLEA\tLEA\tTHI\t1\t1\t0\t0\t0\t0\t0" },
    { "before the merger it is another", merged, "ties\t2017-04\tLEA\tLEA\tPAR\t1\t1\t1\t0\t0\t0\t0" },
    { "fifty organisations tie", fifty_organisations, "ties\t2017/18\tLEA\tX00\tX48\t1\t1\t0\t0\t0\t0\t0" },
    { "more than fifty do not", more_than_fifty, "ties\t2017/18\tLEA\t\t\t0\t0\t0\t1\t0\t0\t0" },
    { "hours are shared by root, those not registered left out", thirds,
      "contributed\t2017/18\tLEA\tTHI\tpartner\t33\t0\t0\t0\t0\t0\t0" },
    { "a supplier by its site is one", thirds,
      "contributed\t2017/18\tLEA\tPAR\tsupplier\t33\t0\t0\t0\t0\t0\t0" },
    { "the first in order has the rest", first_has_the_rest,
      "contributed\t2017-04\tLEA\tAAA\tpartner\t34\t0\t0\t0\t0\t0\t0" },
    { "a session of a type", types, "sessions\t2017-04\tLEA\tone_to_one\t\t1\t100\t0\t0\t0\t0\t0" },
    { "a type without a word is digits", types, "sessions\t2017-04\tLEA\t55\tonline\t1\t100\t0\t0\t0\t0\t0" },
    { "categories of one name are one", mix_of_year, "mix\t2017/18\tLEA\tlevel\tx\t5\t0\t0\t0\t0\t0\t0" },
    { "and not two with people", mix_of_year, "mix\t2017/18\tLEA\tlevel\t\t0\t1\t0\t0\t0\t0\t0" },
    { "a mix of a year the unit is not in adds nothing", mix_of_other_year,
      "mix\t2017/18\tLEA\tlevel\t\t0\t1\t0\t0\t0\t0\t0" },
    { "92 days apart are regular", regular_set, "sets\t2017/18Q2\tLEA\t\t\t1\t1\t2\t0\t0\t0\t0" },
    { "93 are not", irregular_set, "sets\t2017/18Q2\tLEA\t\t\t1\t0\t2\t0\t0\t0\t0" },
    { "the latest design says no places", design, "places\t2017/18\tLEA\t\t\t0\t1\t0\t0\t0\t0\t0" },
    { "the latest design plans four sessions", design, "course\t2017/18\tLEA\t\t\t0\t0\t0\t0\t1\t4\t0" },
    { "an objective counts once", design, "aims\t2017/18\tLEA\tobjective\tx\t1\t100\t0\t0\t0\t0\t0" },
    { "a tag is parted at its first colon", design, "aims\t2017/18\tLEA\ta\tb:c\t1\t100\t0\t0\t0\t0\t0" },
    { "a criterion agreed after the start is too late", design,
      "criteria\t2017/18\tLEA\t\t\t1\t1\t0\t1\t1\t0\t1" },
    { "a cancelled unit has no places", cancelled_design, "!places" },
    { "posts begin and end on a day", posts, "posts\t2017-05-01\tLEA\tsteward\t\t1\t0\t0\t0\t0\t0\t0" },
    { "changes of a day that outweigh each other are no cell", posts, "!posts\t2017-06-01" },
    { "a need of nowhere", need, "needs\t2017-05\tLEA\ttime\t\t1\t0\t0\t0\t0\t0\t0" },
    { "a need without a level is no barrier", need, "!barriers" },
    { "a subject that differs counts nowhere", need_elsewhere, "!needs" },
    { "a statement in another's name neither", need_of_another, "!needs" },
    { "nor what is void", need_voided, "!needs" },
    { "members without people are of no organisation", team,
      "teams\t2017-05-01\tLEA\tteam\t\t1\t0\t3\t0\t0\t0\t0" },
    { "localities pair once", project, "projects\t2017/18\tLEA\teast\twest\t1\t0\t0\t0\t0\t0\t0" },
    { "who is not registered is in no project", project, "projects\t2017/18\tLEA\t\t\t0\t1\t0\t0\t0\t0\t0" },
    { "an adaptation used by another is reused", adapted_use,
      "uses\t2017/18\tLEA\tused\t\t1\t1\t1\t0\t0\t0\t0" },
    { "a use of a site's is one's own", adapted_use, "uses\t2017/18\tPARSITE\tused\t\t1\t0\t0\t0\t0\t0\t0" },
    { "both sides' word for an offer taken up is one", offer,
      "exchange\t2017/18\tLEA\tLEA\tPAR\t1\t1\t0\t0\t0\t0\t0" },
    { "who meets a request gives", request, "exchange\t2017/18\tLEA\tPAR\tLEA\t1\t0\t1\t0\t0\t0\t0" },
    { "a request is no support in force", request, "!support" },
    { "own counts and national ones, the latest of a day", references,
      "reference\t2017-04-01\tLEA\tworkforce:sex\tf\t7\t0\t100\t0\t1\t1\t0" },
    { "the next takes the one before away", references,
      "reference\t2017-09-01\tLEA\tworkforce:sex\tf\t2\t0\t0\t0\t0\t0\t0" },
};

static char *dump(const world *w)
{
    tdm_oracle_options options = { .has_authority = true, .authority = w->pens[WORLD_HUB].origin };
    tdm_span *events = tdm_sheaf_spans(&w->sheaf);
    tdm_oracle *oracle = NULL;
    tdm_oracle_cell *cells;
    size_t cell_count, size;
    char *text;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(tdm_oracle_open(&oracle, events, w->sheaf.count, &options, NULL), TDM_OK);
    tdm_oracle_tables(oracle, &cells, &cell_count);
    (void)fputc('\n', out);
    tdm_oracle_tables_print(out, cells, cell_count);
    (void)fclose(out);
    free(cells);
    tdm_oracle_close(&oracle);
    free(events);
    return text;
}

static void check_row(void **state)
{
    const row *r = *state;
    bool absent = r->line[0] == '!';
    char wanted[256];
    world w;
    world_begin(&w);
    r->scenario(&w);
    char *text = dump(&w);
    (void)snprintf(wanted, sizeof(wanted), "\n%s%s", r->line + absent, absent ? "\t" : "\n");
    bool found = strstr(text, wanted) != NULL;
    if (found == absent)
        print_message("%s", text);
    assert_int_equal(found, !absent);
    free(text);
    world_end(&w);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("tables of the oracle", tests, NULL, NULL);
}
