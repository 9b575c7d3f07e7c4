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
#include "worked.h"

/* ---- rows: a figure of 2017/18 */
typedef struct row {
    const char *name;
    worked *scenario;
    const char *measure, *by, *group, *column; /* by: with a colon and the dimension, if one is asked for */
    double expected;                           /* tenths, hundredths, whole; reals to `digits` */
    int digits;
} row;

static const row ROWS[] = {
    { "C9: 28 of 50 hours external are 56.0", worked_fair_share, "C9", NULL, "", "external_share", 560, 0 },
    { "C9: 22 hours internal", worked_fair_share, "C9", NULL, "", "internal_hours", 2200, 0 },
    { "C9: E-I index 0.12", worked_fair_share, "C9", "lead", "LEA", "ei_index", 0.12, 2 },
    { "C9: three share a session", worked_fair_share_and_supplier, "C9", NULL, "", "partner_hours", 1000, 0 },
    { "C9: a supplier is no partner", worked_fair_share_and_supplier, "C9", NULL, "", "supplier_hours", 1000,
      0 },
    { "C10: Wilson of 45/60 from 62.8", worked_sample, "C10", NULL, "", "low", 628, 0 },
    { "C10: to 84.2", worked_sample, "C10", NULL, "", "high", 842, 0 },
    { "N1: five organisations", worked_network, "N1", NULL, "", "organisations", 5, 0 },
    { "N1: four ties", worked_network, "N1", NULL, "", "ties", 4, 0 },
    { "N1: density 0.4000", worked_network, "N1", NULL, "", "density", 0.4, 4 },
    { "N2: A has two partners", worked_network, "N2", "organisation", "LEA", "degree", 2, 0 },
    { "N2: A has three ties by weight", worked_network, "N2", "organisation", "LEA", "weighted", 3, 0 },
    { "N2: B has three by weight", worked_network, "N2", "organisation", "PAR", "weighted", 3, 0 },
    { "N2: C has three partners", worked_network, "N2", "organisation", "THI", "degree", 3, 0 },
    { "N2: D has one", worked_network, "N2", "organisation", "HUB", "degree", 1, 0 },
    { "N2: E has none", worked_network, "N2", "organisation", "EEE", "degree", 0, 0 },
    { "N2: three is the highest", worked_network, "N2", NULL, "", "degree", 3, 0 },
    { "N3: one isolate", worked_network, "N3", NULL, "", "isolates", 1, 0 },
    { "N3: two components", worked_network, "N3", NULL, "", "components", 2, 0 },
    { "N4: centralisation 0.5833", worked_network, "N4", NULL, "", "centralisation", 0.5833, 4 },
    { "N5: HHI 0.3800", worked_concentration, "N5", NULL, "", "hhi", 0.38, 4 },
    { "N5: 2.6316 effective partners", worked_concentration, "N5", NULL, "", "effective", 2.6316, 4 },
    { "N5: normalised 0.0700", worked_concentration, "N5", NULL, "", "normalised", 0.07, 4 },
    { "N5: Shannon 1.0297", worked_concentration, "N5", NULL, "", "shannon", 1.0297, 4 },
    { "N5: evenness 0.9372", worked_concentration, "N5", "organisation", "LEA", "evenness", 0.9372, 4 },
    { "N6: Blau 0.5400", worked_mixing, "N6", NULL, "", "blau", 0.54, 4 },
    { "N6: normalised 0.8100", worked_mixing, "N6", NULL, "", "normalised", 0.81, 4 },
    { "N6: the unit is mixed", worked_mixing, "N6", "locality", "(none)", "mixed_share", 1000, 0 },
    { "N7: two of four ties between sectors", worked_network_of_sectors, "N7", NULL, "", "cross_share", 500,
      0 },
    { "N7: by the pair", worked_network_of_sectors, "N7", "sector_pair", "primary_care - trust", "ties", 2,
      0 },
    { "N7: within a sector", worked_network_of_sectors, "N7", "sector_pair", "trust - trust", "ties", 2, 0 },
    { "N8: two offers taken up", worked_exchange, "N8", NULL, "", "taken_up", 2, 0 },
    { "N8: one request met", worked_exchange, "N8", "organisation", "PAR", "met", 1, 0 },
    { "N8: who only meets requests has balance -1", worked_exchange, "N8", "organisation", "PAR", "balance",
      -1, 2 },
    { "N8: one pair of two both ways", worked_exchange, "N8", NULL, "", "reciprocity", 500, 0 },
    { "R1: 30 of 400 are 7.5", worked_reach, "R1", "group:locality", "one", "rate", 75, 0 },
    { "R1: 12 of 300 are 4.0", worked_reach, "R1", "group:locality", "two", "rate", 40, 0 },
    { "R1: ratio 1.875", worked_reach, "R1", "group:locality", "one", "ratio", 1.875, 3 },
    { "R1: difference 3.5", worked_reach, "R1", "group:locality", "one", "difference", 3.5, 1 },
    { "R1: from 0.98", worked_reach, "R1", "group:locality", "one", "low", 0.98, 2 },
    { "R1: to 3.60", worked_reach, "R1", "group:locality", "one", "high", 3.60, 2 },
    { "R2: SII 0.0677", worked_inequality, "R2", NULL, "", "sii", 0.0677, 4 },
    { "R2: intercept 0.0371", worked_inequality, "R2", NULL, "", "intercept", 0.0371, 4 },
    { "R2: RII 2.8234", worked_inequality, "R2", NULL, "", "rii", 2.8234, 4 },
    { "R2: slope/mean 0.9538", worked_inequality, "R2", NULL, "", "slope_over_mean", 0.9538, 4 },
    { "R3: Theil 0.0375", worked_inequality, "R3", NULL, "", "theil", 0.0375, 4 },
    { "R4: Gini 0.1507", worked_inequality, "R4", NULL, "", "gini", 0.1507, 4 },
    { "R5: likelihood 1.33", worked_representation, "R5", NULL, "", "likelihood", 1.3333, 4 },
    { "R6: 60 of 360 against 400 of 1900", worked_representation, "R6", "group", "bme", "ratio", 0.79, 2 },
    { "R6: 40 of 400 of no known group", worked_representation, "R6", "group", "bme", "unknown", 100, 0 },
    { "R7: capacity 0.60", worked_capacity, "R7", NULL, "", "capacity", 0.6, 2 },
    { "R7: 120 unmet", worked_capacity, "R7", NULL, "", "unmet", 120, 0 },
    { "R7: the lower middle of 10 30 30 200", worked_capacity, "R7", NULL, "", "median_days", 30, 0 },
    { "R7: refusals by reason", worked_capacity, "R7", "reason", "no_place", "refused", 9, 0 },
    { "L1: 30 of 40 are 75.0", worked_stages, "L1", "stage", "1", "conversion", 750, 0 },
    { "L1: 24 of 30 are 80.0", worked_stages, "L1", "stage", "2", "conversion", 800, 0 },
    { "L1: 18 of 24 are 75.0", worked_stages, "L1", "stage", "3", "conversion", 750, 0 },
    { "L1: the lower middle of 20 20 50 50", worked_stages, "L1", "stage", "1", "median_days", 20, 0 },
    { "L1: one runs backwards", worked_stages, "L1", "stage", "1", "backwards", 1, 0 },
    { "L1: yield 45.0", worked_stages, "L1", NULL, "", "yield", 450, 0 },
    { "L1: 12 of 18 active", worked_stages, "L1", NULL, "", "active_share", 667, 0 },
    { "L1: cascade 30.0", worked_stages, "L1", NULL, "", "cascade", 30, 1 },
    { "L2: dosage 80.0", worked_course, "L2", NULL, "", "dosage", 800, 0 },
    { "L2: retention 70.0", worked_course, "L2", NULL, "", "retention", 700, 0 },
    { "L2: attendance 83.3", worked_course, "L2", NULL, "", "attendance", 833, 0 },
    { "L3: in-team 90.0", worked_team_answers, "L3", NULL, "", "in_team", 900, 0 },
    { "L3: real 40.0", worked_team_answers, "L3", NULL, "", "real", 400, 0 },
    { "L3: pseudo 50.0", worked_team_answers, "L3", NULL, "", "pseudo", 500, 0 },
    { "L3: none 10.0", worked_team_answers, "L3", NULL, "", "none", 100, 0 },
    { "L3: real among those in a team 44.4", worked_team_answers, "L3", NULL, "", "real_in_team", 444, 0 },
    { "L4: mean change 0.60", worked_change, "L4", NULL, "", "change", 0.6, 4 },
    { "L4: sd 0.8433", worked_change, "L4", NULL, "", "sd", 0.8433, 4 },
    { "L4: mean/sd 0.7115", worked_change, "L4", NULL, "", "standardised", 0.7115, 4 },
    { "L4: improved 60.0", worked_change, "L4", "instrument", "wellbeing", "improved", 600, 0 },
    { "L4: mean score 3.50", worked_change, "L4", NULL, "", "mean", 3.5, 2 },
    { "L5: 6 of 8 cycles complete", worked_cycles, "L5", NULL, "", "complete", 750, 0 },
    { "L5: 2 of 8 adaptive", worked_cycles, "L5", NULL, "", "adaptive", 250, 0 },
    { "L5: 90 hours for 12 people", worked_cycles, "L5", NULL, "", "hours_per_head", 7.5, 2 },
    { "L6: one of two criteria met", worked_learning, "L6", NULL, "", "met", 500, 0 },
    { "L6: diagnosed and designed together in time", worked_learning, "L6", NULL, "", "designed", 1000, 0 },
    { "L6: half of the actions done", worked_learning, "L6", NULL, "", "done", 500, 0 },
    { "L6: half kept", worked_learning, "L6", NULL, "", "kept", 500, 0 },
    { "L6: one project", worked_learning, "L6", NULL, "", "projects", 1, 0 },
    { "L7: half of the needs answered", worked_learning, "L7", "theme", "time", "answered", 500, 0 },
    { "L7: hours of a framework", worked_course, "L7", "aim:framework", "wellbeing", "hours", 400, 0 },
    { "L7: units of an objective", worked_course, "L7", "aim", "LEA/1", "units", 1, 0 },
    { "L8: three of four uses by others", worked_resources, "L8", NULL, "", "by_others", 750, 0 },
    { "L8: one of four adopted by others", worked_resources, "L8", NULL, "", "adopted_by_others", 250, 0 },
    { "L8: an adaptation is reused", worked_resources, "L8", "organisation", "LEA", "reused", 3, 0 },
    { "L9: one of four organisations offers", worked_exchange, "L9", "theme", "coaching", "share", 250, 0 },
    { "L9: two offers in force", worked_exchange, "L9", NULL, "", "supports", 2, 0 },
    { "L10: 50 of 200 appraised", worked_development, "L10", NULL, "", "appraisal", 250, 0 },
    { "L10: half of the appraisals good", worked_development, "L10", NULL, "", "good_appraisals", 500, 0 },
    { "L10: 3 of 200 moved up", worked_development, "L10", "region", "unknown", "moves", 15, 0 },
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
    worked_representation(&w);
    tdm_oracle *oracle = open_world(&w, &events);
    tdm_oracle_question question = {
        .measure = "R5", .has_year = true, .year = 2017, .as_of = oracle_date(2017, 4, 20)
    };
    assert_true(tdm_oracle_measure(oracle, &question, &rows, &count));
    assert_int_equal(count, 1);
    char line[TDM_ORACLE_LINE];
    tdm_oracle_measure_text(&question, &rows[0], line);
    assert_string_equal(line, "R5\t2017/18\ttotal\t\ttop_reached=300;top_staff=1500;bottom_reached=60;"
                              "bottom_staff=400;likelihood=1.33333333;band=above;unknown=40;");
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
