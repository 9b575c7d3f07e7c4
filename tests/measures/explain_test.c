/* SPDX-License-Identifier: MPL-2.0
 *
 * explain_test.c: what is behind a figure of the worked examples, part by part; and nothing else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ask.h"
#include "tandem/civil.h"
#include "worked.h"

typedef struct row {
    worked *example;
    const char *measure, *by, *group; /* group NULL: all */
    const char *parts;                /* as written by note */
    const char *period, *as_of;
    bool planned;
} row;

#define AT(PERIOD, AS_OF, PLANNED, EXAMPLE, MEASURE, BY, GROUP, PARTS)                                       \
    {                                                                                                        \
        EXAMPLE, MEASURE, BY, GROUP, PARTS, PERIOD, AS_OF, PLANNED                                           \
    }
#define ROW(...) AT("2017/18", "2018-03-31", false, __VA_ARGS__)

static const row ROWS[] = {
    ROW(worked_late, "C1", "total", NULL, "unit/LEA/P1: LEA,, 1 100 10 1 1; "),
    ROW(worked_dimensions, "R1", "group:ethnicity", "unknown",
        "summary/LEA/reached/2017/18: LEA,ethnicity,unknown 40; "),
    ROW(worked_dimensions, "R1", "group:sex", "unknown",
        "reference/LEA/workforce: day 17257 LEA,workforce:sex,unknown 9 0 0 0 1; "
        "summary/LEA/reached/2017/18: "
        "LEA,sex,unknown 7; "),
    ROW(worked_dimensions, "R1", "total:sex", NULL,
        "reference/LEA/workforce: day 17257 LEA,workforce:, 1900 0 0 0 1; summary/LEA/reached/2017/18: "
        "LEA,total, 400; "),
    ROW(worked_dimensions, "L10", "total", NULL,
        "reference/LEA/workforce: day 17257 LEA,workforce:, 1900 0 0 0 1; "),
    ROW(worked_dimensions, "S10", "indicator", "retention",
        "reference/LEA/retention: day 17257 LEA,retention:, 88 0 0 0 1; "),
    ROW(worked_dimensions, "S10", "indicator", NULL,
        "reference/LEA/retention: day 17257 LEA,retention:, 88 0 0 0 1; reference/LEA/workforce: day 17257 "
        "LEA,workforce:, 1900 0 0 0 1; "),
    ROW(worked_dimensions, "S10", "organisation", "LEA",
        "reference/LEA/retention: day 17257 LEA,retention:, 88 0 0 0 1; "),
    ROW(worked_dimensions, "S10", "organisation::workforce", "LEA",
        "reference/LEA/workforce: day 17257 LEA,workforce:, 1900 0 0 0 1; "),
    ROW(worked_years, "N1", "total", NULL, "unit/LEA/2: LEA,LEA,PAR 1 1 1; unit/LEA/3: LEA,LEA,PAR 1 1; "),
    AT("2018/19", "2019-03-31", false, worked_years, "N1", "total", NULL, "unit/LEA/4: LEA,LEA,PAR 1 1; "),
    AT("2017/18", "2018-03-31", true, worked_fair_share, "C9", "total", NULL,
       "unit/LEA/1: LEA,, 1 5000; unit/LEA/1: LEA,PAR,partner 2800; "),
    ROW(worked_late, "C1", "lead", "LEA", "unit/LEA/P1: LEA,, 1 100 10 1 1; "),
    ROW(worked_late, "C1", "lead", "PAR", ""),
    ROW(worked_late, "C1", "sector", "trust", "unit/LEA/P1: LEA,, 1 100 10 1 1; "),
    ROW(worked_late, "C1", "kind", "programme", "unit/LEA/P1: LEA,, 1 100 10 1 1; "),
    ROW(worked_late, "C1", "programme", "(none)", "unit/LEA/P1: LEA,, 1 100 10 1 1; "),
    ROW(worked_late, "C5", "total", NULL, "unit/LEA/P1: LEA,, 1 100 10 1 1; "),
    ROW(worked_network, "N1", "total", NULL,
        "unit/LEA/P1: LEA,LEA,PAR 1 1; unit/LEA/P1: LEA,LEA,THI 1 1; unit/LEA/P1: LEA,PAR,THI 1 1; "
        "unit/LEA/P2: LEA,LEA,PAR 1 1; unit/THI/P3: THI,HUB,THI 1 1; "),
    ROW(worked_network, "N2", "organisation", "LEA",
        "unit/LEA/P1: LEA,LEA,PAR 1 1; unit/LEA/P1: LEA,LEA,THI 1 1; unit/LEA/P2: LEA,LEA,PAR 1 1; "),
    ROW(worked_network, "N2", "organisation", "HUB", "unit/THI/P3: THI,HUB,THI 1 1; "),
    ROW(worked_network_of_sectors, "N7", "sector_pair", "primary_care - trust",
        "unit/LEA/P1: LEA,LEA,PAR 1 1; unit/LEA/P1: LEA,PAR,THI 1 1; unit/LEA/P2: LEA,LEA,PAR 1 1; "),
    ROW(worked_network_of_sectors, "N7", "sector_pair", "trust - primary_care",
        "unit/LEA/P1: LEA,LEA,PAR 1 1; unit/LEA/P1: LEA,PAR,THI 1 1; unit/LEA/P2: LEA,LEA,PAR 1 1; "),
    ROW(worked_network_of_sectors, "N7", "sector_pair", "trust - trust",
        "unit/LEA/P1: LEA,LEA,THI 1 1; unit/THI/P3: THI,HUB,THI 1 1; "),
    ROW(worked_exchange, "N8", "organisation", "PAR",
        "support/LEA/1: LEA,LEA,PAR 1 1; support/LEA/3: LEA,PAR,LEA 1 0 1; "),
    ROW(worked_exchange, "N8", "total", NULL,
        "support/LEA/1: LEA,LEA,PAR 1 1; support/LEA/2: LEA,LEA,THI 1 1; support/LEA/3: LEA,PAR,LEA 1 0 1; "),
    ROW(worked_mixing, "N6", "locality", "(none)",
        "unit/LEA/1: LEA,staff_group, 0 1 1; unit/LEA/1: LEA,staff_group,doctor 6; unit/LEA/1: "
        "LEA,staff_group,manager 2; unit/LEA/1: LEA,staff_group,nurse 12; "),
    ROW(worked_mixing, "N6", "locality", "east", ""),
    ROW(worked_mixing, "N6", "lead", "LEA",
        "unit/LEA/1: LEA,staff_group, 0 1 1; unit/LEA/1: LEA,staff_group,doctor 6; unit/LEA/1: "
        "LEA,staff_group,manager 2; unit/LEA/1: LEA,staff_group,nurse 12; "),
    ROW(worked_reach, "R1", "group:locality", "one",
        "reference/LEA/workforce: day 17257 LEA,workforce:locality,one 400 0 0 0 1; "
        "summary/LEA/reached/2017/18: LEA,locality,one 30; "),
    ROW(worked_dimensions, "R1", "organisation:sex", "LEA",
        "reference/LEA/workforce: day 17257 LEA,workforce:, 1900 0 0 0 1; summary/LEA/reached/2017/18: "
        "LEA,total, 400; "),
    ROW(worked_dimensions, "R1", "sector", "trust",
        "reference/LEA/workforce: day 17257 LEA,workforce:, 1900 0 0 0 1; summary/LEA/reached/2017/18: "
        "LEA,total, 400; "),
    ROW(worked_dimensions, "R1", "sector", "council", ""),
    ROW(worked_dimensions, "R2", "sector:sex", "trust",
        "reference/LEA/workforce: day 17257 LEA,workforce:sex,unknown 9 0 0 0 1; "
        "summary/LEA/reached/2017/18: LEA,sex,unknown 7; "),
    ROW(worked_representation, "R6", "group", "bme",
        "reference/LEA/workforce: day 17257 LEA,workforce:ethnicity,bme 400 0 0 0 1; "
        "summary/LEA/reached/2017/18: LEA,ethnicity,bme 60; "),
    ROW(worked_representation, "R6", "group:ethnicity:population", "bme",
        "reference/LEA/population: day 17257 LEA,population:ethnicity,bme 30 0 0 0 1; "
        "summary/LEA/reached/2017/18: LEA,ethnicity,bme 60; "),
    ROW(worked_development, "L10", "total", NULL,
        "reference/LEA/workforce: day 17257 LEA,workforce:, 200 0 0 0 1; summary/LEA/development/2017/18: "
        "LEA,appraisal_held,frontline 50 60 30; summary/LEA/development/2017/18: LEA,career_talk,unknown 8; "
        "summary/LEA/development/2017/18: LEA,mentor_paired,unknown 10 10; summary/LEA/development/2017/18: "
        "LEA,moved_up,unknown 3; summary/LEA/development/2017/18: LEA,plan_made,unknown 20; "),
    ROW(worked_posts, "S1", "locality", "east", "role/LEA/east: day 17257 LEA,locality_manager,east 1 1; "),
    ROW(worked_posts, "S1", "total", NULL,
        "role/LEA/east: day 17257 LEA,locality_manager,east 1 1; role/LEA/gone: day 17257 LEA,sponsor, 1 1; "
        "role/LEA/gone: day 17621 LEA,sponsor, -1 -1; role/LEA/west: day 17257 LEA,locality_manager, 1; "),
    ROW(worked_teams, "S3", "team", "top", "team/LEA/1: day 17287 LEA,top, 1 1 5; "),
    ROW(worked_networks, "S4", "role", "evaluate", "network/PAR/n: day 17287 PAR,n,evaluate 1; "),
    ROW(worked_fair_share, "C9", "total", NULL,
        "unit/LEA/1: LEA,, 1 5000; unit/LEA/1: LEA,PAR,partner 2800; "),
    ROW(worked_fair_share, "C9", "lead", "LEA",
        "unit/LEA/1: LEA,, 1 5000; unit/LEA/1: LEA,PAR,partner 2800; "),
    ROW(worked_concentration, "N5", "locality", "(none)",
        "unit/LEA/1: LEA,HUB,partner 2000; unit/LEA/1: LEA,PAR,partner 5000; unit/LEA/1: LEA,THI,partner "
        "3000; "),
    ROW(worked_concentration, "N5", "locality", "west", ""),
    ROW(worked_catalogue, "S8", "total", NULL,
        "unit/LEA/0: LEA,a, 1 100; unit/LEA/1: LEA,b, 1 200; unit/LEA/2: LEA,, 1 300; "),
    ROW(worked_sample, "C10", "total", NULL,
        "summary/LEA/team_answers/2017/18: LEA,team,real 45; summary/LEA/team_answers/2017/18: "
        "LEA,top,pseudo "
        "15; "),
    ROW(worked_learning, "L7", "total", NULL, "need/LEA/1: LEA,time, 1 1; need/LEA/2: LEA,time, 1; "),
    ROW(worked_stages, "L1", "stage", "1",
        "summary/LEA/stage_days/2017/18: LEA,1,00020 2; summary/LEA/stage_days/2017/18: LEA,1,00050 2; "
        "summary/LEA/stage_days/2017/18: LEA,1,backwards 1; summary/LEA/stages/2017/18: LEA,1,entered 40; "
        "summary/LEA/stages/2017/18: LEA,1,passed 30; "),
    AT("2017/18", "2017-03-31", false, worked_posts, "S1", "total", NULL, ""),
    AT("2017/18", "2017-04-01", false, worked_posts, "S1", "total", NULL,
       "role/LEA/east: day 17257 LEA,locality_manager,east 1 1; role/LEA/gone: day 17257 LEA,sponsor, 1 1; "
       "role/LEA/west: day 17257 LEA,locality_manager, 1; "),
    AT("2017/18", "2018-03-30", false, worked_posts, "S1", "total", NULL,
       "role/LEA/east: day 17257 LEA,locality_manager,east 1 1; role/LEA/gone: day 17257 LEA,sponsor, 1 1; "
       "role/LEA/west: day 17257 LEA,locality_manager, 1; "),
    AT("2017/18", "2019-01-01", false, worked_posts, "S1", "total", NULL,
       "role/LEA/east: day 17257 LEA,locality_manager,east 1 1; role/LEA/gone: day 17257 LEA,sponsor, 1 1; "
       "role/LEA/gone: day 17621 LEA,sponsor, -1 -1; role/LEA/west: day 17257 LEA,locality_manager, 1; "),
    AT("2016/17", "2019-01-01", false, worked_posts, "S1", "total", NULL, ""),
    AT("2016/17", "2018-03-31", false, worked_late, "C1", "total", NULL, ""),
    ROW(worked_late, "C2", "total", NULL, "unit/LEA/P1: LEA,, 1 100 10 100 100; "),
    ROW(worked_late, "C4", "total", NULL, "unit/LEA/P1: LEA,, 1 100 10 1000 1000; "),
    ROW(worked_learning, "C1", "total", NULL, ""),
    AT("2017/18", "2018-03-31", true, worked_learning, "C1", "total", NULL, "unit/LEA/1: LEA,, 1; "),
    AT("2017/18", "2018-03-31", true, worked_late, "C1", "total", NULL, "unit/LEA/P1: LEA,, 1 100 10 1 1; "),
    AT("2017/18", "2018-03-31", true, worked_course, "L2", "total", NULL,
       "unit/LEA/1: LEA,, 10 7 10 12 4 5; "),
};

/* "unit/LEA/P1: LEA,a,b 1 0 0", zeroes at the end left out; a line a part. */
static tdm_code note(void *context, const tdm_explained *part, tdm_err *err)
{
    (void)err;
    char(*out)[4096] = context;
    size_t last = 0, len = strlen(*out);
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        last = part->n[i] != 0 ? i : last;
    len += (size_t)snprintf(*out + len, sizeof(*out) - len, "%.*s: ", (int)part->subject.len,
                            (const char *)part->subject.data);
    if (part->has_day)
        len += (size_t)snprintf(*out + len, sizeof(*out) - len, "day %d ", part->day);
    len += (size_t)snprintf(*out + len, sizeof(*out) - len, "%.*s,%.*s,%.*s", (int)part->organisation.len,
                            (const char *)part->organisation.data, (int)part->a.len,
                            (const char *)part->a.data, (int)part->b.len, (const char *)part->b.data);
    for (size_t i = 0; i <= last; i++)
        len += (size_t)snprintf(*out + len, sizeof(*out) - len, " %lld", (long long)part->n[i]);
    (void)snprintf(*out + len, sizeof(*out) - len, "; ");
    return TDM_OK;
}

static void check_row(void **state)
{
    const row *r = *state;
    char parts[4096] = "";
    asked a;
    world w;
    tdm_err err = { 0 };
    world_begin(&w);
    r->example(&w);
    tdm_fold *fold = ask_fold(&w);
    ask(&a, r->measure, r->by, r->period, r->as_of);
    a.question.planned = r->planned;
    assert_int_equal(tdm_fold_explain(fold, &a.question, a.period, r->group, note, &parts, &err), TDM_OK);
    assert_string_equal(parts, r->parts);
    tdm_fold_close(&fold);
    world_end(&w);
}

int main(void)
{
    static char names[TDM_COUNT(ROWS)][96];
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++) {
        const row *r = &ROWS[i];
        (void)snprintf(names[i], sizeof(names[i]), "%s by %s %s", r->measure, r->by,
                       r->group == NULL ? "(all)" : r->group);
        tests[i] = (struct CMUnitTest){ names[i], check_row, NULL, NULL, (void *)r };
    }
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
