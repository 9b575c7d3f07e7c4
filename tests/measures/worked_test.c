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

#include "ask.h"
#include "worked.h"

/* ---- rows: a figure as it is shown */

typedef struct row {
    worked *scenario;
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
    TOTAL(worked_year, "C1", "amount", "10"),
    TOTAL(worked_year, "C1", "joint_asserted", "6"),
    TOTAL(worked_year, "C1", "asserted", "60.0"),
    TOTAL(worked_year, "C1", "standing", "50.0"),
    TOTAL(worked_year, "C1", "corroborated", "40.0"),
    ROW(worked_year, "C1", "lead", "LEA", "corroborated", "40.0"),
    TOTAL(worked_year, "C2", "amount", "50.00"),
    TOTAL(worked_year, "C2", "corroborated", "54.0"),
    TOTAL(worked_year, "C2", "asserted", "80.0"),
    TOTAL(worked_year, "C3", "amount", "160"),
    TOTAL(worked_year, "C3", "corroborated", "50.0"),
    TOTAL(worked_year, "C3", "asserted", "75.0"),
    TOTAL(worked_year, "C4", "joint_corroborated", "696.00"),
    TOTAL(worked_year, "C4", "amount", "1197.00"),
    TOTAL(worked_year, "C4", "corroborated", "58.1"),
    TOTAL(worked_year, "C5", "plan", "20.0"),
    TOTAL(worked_year, "C5", "deliver", "30.0"),
    TOTAL(worked_year, "C5", "support", "20.0"),
    TOTAL(worked_year, "C5", "all_phases", "10.0"),
    TOTAL(worked_year, "C5", "depth", "23.3"),
    TOTAL(worked_year, "C6", "claims", "6"),
    TOTAL(worked_year, "C6", "corroborated", "66.7"),
    TOTAL(worked_year, "C6", "disputed", "16.7"),
    TOTAL(worked_year, "C6", "unanswered", "16.7"),
    { worked_year, "C7", "total", "", "target", "70.0", "2017/18", "2017-09-30" },
    { worked_year, "C7", "total", "", "gap", "-30.0", "2017/18", "2017-09-30" },
    { worked_years, "C7", "total", "", "year_end", "60.0", "2016/17", "2018-03-31" },
    { worked_years, "C7", "total", "", "year_end", "100.0", "2018/19", "2018-03-31" },
    TOTAL(worked_year, "C7", "level", "40.0"),
    TOTAL(worked_year, "C7", "target", "80.0"),
    TOTAL(worked_year, "C7", "year_end", "80.0"),
    TOTAL(worked_year, "C7", "to_convert", "4"),
    TOTAL(worked_year, "C7", "uni_organisational", "60.0"),
    TOTAL(worked_year, "C7", "forecast", "n/a"),
    TOTAL(worked_years, "C7", "forecast", "100.0"),
    { worked_years, "C7", "total", "", "forecast", "n/a", "2016/17", "2018-03-31" },
    { worked_years, "C7", "total", "", "forecast", "16.7", "2018/19", "2018-03-31" },
    TOTAL(worked_revised, "C8", "published", "40.0"),
    TOTAL(worked_revised, "C8", "level", "54.5"),
    TOTAL(worked_revised, "C8", "revision", "14.5"),
    TOTAL(worked_revised, "C8", "completeness", "87.5"),
    TOTAL(worked_late, "C8", "late", "25.0"),
    TOTAL(worked_fair_share, "C9", "partner_hours", "28.00"),
    TOTAL(worked_fair_share, "C9", "internal_hours", "22.00"),
    TOTAL(worked_fair_share, "C9", "external_share", "56.0"),
    TOTAL(worked_fair_share, "C9", "ei_index", "0.12"),
    TOTAL(worked_sample, "C10", "share", "75.0"),
    TOTAL(worked_sample, "C10", "low", "62.8"),
    TOTAL(worked_sample, "C10", "high", "84.2"),
    TOTAL(worked_network, "N1", "organisations", "5"),
    TOTAL(worked_network, "N1", "ties", "4"),
    TOTAL(worked_network, "N1", "density", "0.4000"),
    ROW(worked_network, "N1", "lead", "THI", "density", "0.1000"),
    ROW(worked_network, "N2", "organisation", "LEA", "degree", "2"),
    ROW(worked_network, "N2", "organisation", "PAR", "degree", "2"),
    ROW(worked_network, "N2", "organisation", "THI", "degree", "3"),
    ROW(worked_network, "N2", "organisation", "HUB", "degree", "1"),
    ROW(worked_network, "N2", "organisation", "EEE", "degree", "0"),
    ROW(worked_network, "N2", "organisation", "LEA", "weighted", "3"),
    ROW(worked_network, "N2", "organisation", "PAR", "weighted", "3"),
    ROW(worked_network, "N2", "organisation", "THI", "weighted", "3"),
    ROW(worked_network, "N2", "organisation", "HUB", "weighted", "1"),
    ROW(worked_network, "N2", "organisation", "EEE", "weighted", "0"),
    TOTAL(worked_network, "N3", "isolates", "1"),
    TOTAL(worked_network, "N3", "components", "2"),
    TOTAL(worked_network, "N4", "centralisation", "0.5833"),
    TOTAL(worked_concentration, "N5", "hhi", "0.3800"),
    TOTAL(worked_concentration, "N5", "effective", "2.6316"),
    TOTAL(worked_concentration, "N5", "normalised", "0.0700"),
    TOTAL(worked_concentration, "N5", "shannon", "1.0297"),
    TOTAL(worked_concentration, "N5", "evenness", "0.9372"),
    TOTAL(worked_mixing, "N6", "blau", "0.5400"),
    TOTAL(worked_mixing, "N6", "normalised", "0.8100"),
    TOTAL(worked_mixing, "N6", "mixed_share", "100.0"),
    TOTAL(worked_network_of_sectors, "N7", "cross_share", "50.0"),
    ROW(worked_network_of_sectors, "N7", "sector_pair", "primary_care - trust", "ties", "2"),
    ROW(worked_network_of_sectors, "N7", "sector_pair", "trust - trust", "ties", "2"),
    ROW(worked_network_of_sectors, "N7", "sector_pair", "trust - trust", "cross_share", "0.0"),
    ROW(worked_network_of_sectors, "N7", "sector_pair", "primary_care - trust", "cross_share", "100.0"),
    TOTAL(worked_exchange, "N8", "taken_up", "2"),
    TOTAL(worked_exchange, "N8", "balance", "0.33"),
    TOTAL(worked_exchange_repeated, "N8", "taken_up", "2"),
    TOTAL(worked_exchange_repeated, "N8", "balance", "0.33"),
    TOTAL(worked_exchange, "N8", "reciprocity", "50.0"),
    ROW(worked_exchange, "N8", "organisation", "PAR", "balance", "-1.00"),
    ROW(worked_exchange, "N8", "organisation", "THI", "balance", "n/a"),
    ROW(worked_reach, "R1", "group:locality", "one", "rate", "7.5"),
    ROW(worked_reach, "R1", "group:locality", "two", "rate", "4.0"),
    ROW(worked_reach, "R1", "group:locality", "one", "ratio", "1.88"),
    ROW(worked_reach, "R1", "group:locality", "one", "difference", "3.5"),
    ROW(worked_reach, "R1", "group:locality", "one", "low", "0.98"),
    ROW(worked_reach, "R1", "group:locality", "one", "high", "3.60"),
    TOTAL(worked_inequality, "R2", "intercept", "0.0371"),
    TOTAL(worked_inequality, "R2", "sii", "0.0677"),
    TOTAL(worked_inequality, "R2", "rii", "2.8234"),
    TOTAL(worked_inequality, "R2", "slope_over_mean", "0.9538"),
    TOTAL(worked_inequality, "R3", "theil", "0.0375"),
    TOTAL(worked_inequality, "R4", "gini", "0.1507"),
    TOTAL(worked_representation, "R5", "likelihood", "1.33"),
    TOTAL(worked_representation, "R5", "band", "above"),
    TOTAL(worked_representation, "R5", "unknown", "40"),
    ROW(worked_representation, "R6", "group", "bme", "ratio", "0.79"),
    ROW(worked_representation, "R6", "group:ethnicity:population", "bme", "ratio", "0.56"),
    ROW(worked_representation, "R6", "group", "bme", "unknown", "10.0"),
    ROW(worked_representation, "R1", "group:ethnicity", "unknown", "reached", "40"),
    ROW(worked_representation, "R1", "group:ethnicity", "unknown", "rate", "n/a"),
    TOTAL(worked_capacity, "R7", "capacity", "0.60"),
    TOTAL(worked_capacity, "R7", "unmet", "120"),
    TOTAL(worked_capacity, "R7", "median_days", "30"),
    ROW(worked_capacity, "R7", "reason", "no_place", "refused", "9"),
    ROW(worked_capacity, "R7", "reason", "workload", "withdrew", "4"),
    ROW(worked_stages, "L1", "stage", "1", "conversion", "75.0"),
    ROW(worked_stages, "L1", "stage", "2", "conversion", "80.0"),
    ROW(worked_stages, "L1", "stage", "3", "conversion", "75.0"),
    ROW(worked_stages, "L1", "stage", "1", "median_days", "20"),
    ROW(worked_stages, "L1", "stage", "1", "backwards", "1"),
    TOTAL(worked_stages, "L1", "yield", "45.0"),
    TOTAL(worked_stages, "L1", "active_share", "66.7"),
    TOTAL(worked_stages, "L1", "cascade", "30.0"),
    TOTAL(worked_course, "L2", "attendance", "83.3"),
    TOTAL(worked_course, "L2", "retention", "70.0"),
    TOTAL(worked_course, "L2", "dosage", "80.0"),
    TOTAL(worked_team_answers, "L3", "answers", "10"),
    TOTAL(worked_team_answers, "L3", "in_team", "90.0"),
    TOTAL(worked_team_answers, "L3", "real", "40.0"),
    TOTAL(worked_team_answers, "L3", "pseudo", "50.0"),
    TOTAL(worked_team_answers, "L3", "none", "10.0"),
    TOTAL(worked_team_answers, "L3", "real_in_team", "44.4"),
    TOTAL(worked_incomplete_answer, "L3", "real_in_team", "50.0"),
    TOTAL(worked_incomplete_answer, "L3", "pseudo", "0.0"),
    TOTAL(worked_incomplete_answer, "L3", "incomplete", "1"),
    TOTAL(worked_change, "L4", "pairs", "10"),
    TOTAL(worked_change, "L4", "change", "0.60"),
    TOTAL(worked_change, "L4", "sd", "0.8433"),
    TOTAL(worked_change, "L4", "standardised", "0.7115"),
    ROW(worked_change, "L4", "instrument", "wellbeing", "improved", "60.0"),
    TOTAL(worked_cycles, "L5", "complete", "75.0"),
    TOTAL(worked_cycles, "L5", "adaptive", "25.0"),
    TOTAL(worked_cycles, "L5", "hours_per_head", "7.50"),
    TOTAL(worked_sets, "L5", "regular", "50.0"),
    TOTAL(worked_sets, "L5", "organisations", "1.50"),
    TOTAL(worked_learning, "L6", "met", "50.0"),
    TOTAL(worked_learning, "L6", "designed", "100.0"),
    TOTAL(worked_learning, "L6", "done", "50.0"),
    TOTAL(worked_learning, "L6", "kept", "50.0"),
    TOTAL(worked_learning, "L6", "across", "1"),
    ROW(worked_learning, "L6", "locality_pair", "east - west", "projects", "1"),
    ROW(worked_course, "L7", "aim", "LEA/1", "units", "1"),
    ROW(worked_course, "L7", "aim:framework", "wellbeing", "hours", "4.00"),
    ROW(worked_learning, "L7", "theme", "time", "answered", "50.0"),
    TOTAL(worked_resources, "L8", "by_others", "75.0"),
    TOTAL(worked_resources, "L8", "adopted_by_others", "25.0"),
    TOTAL(worked_resources, "L8", "reused", "3"),
    ROW(worked_exchange, "L9", "theme", "coaching", "share", "25.0"),
    TOTAL(worked_exchange, "L9", "supports", "2"),
    TOTAL(worked_development, "L10", "appraisal", "25.0"),
    TOTAL(worked_development, "L10", "mentoring", "5.0"),
    TOTAL(worked_development, "L10", "plans", "10.0"),
    TOTAL(worked_development, "L10", "career_talks", "4.0"),
    TOTAL(worked_development, "L10", "moves", "1.5"),
    TOTAL(worked_development, "L10", "good_appraisals", "50.0"),
    TOTAL(worked_posts, "S1", "posts", "2"),
    TOTAL(worked_posts, "S1", "filled_share", "50.0"),
    ROW(worked_posts, "S1", "locality", "east", "filled", "1"),
    ROW(worked_posts, "S1", "locality", "", "filled", "0"),
    TOTAL(worked_policies, "S2", "organisations", "1"),
    TOTAL(worked_policies, "S2", "share", "25.0"),
    TOTAL(worked_teams, "S3", "across_share", "50.0"),
    ROW(worked_teams, "S3", "team", "top", "members", "5"),
    TOTAL(worked_networks, "S4", "organisations", "2"),
    ROW(worked_networks, "S4", "role", "evaluate", "organisations", "1"),
    TOTAL(worked_networks, "S5", "discussions", "1"),
    TOTAL(worked_networks, "S5", "voices", "2"),
    TOTAL(worked_sets, "S6", "sessions", "4"),
    ROW(worked_sets, "S6", "type", "action_learning", "hours", "4.00"),
    ROW(worked_barriers, "S7", "level", "middle_manager", "answered", "100.0"),
    TOTAL(worked_barriers, "S7", "needs", "1"),
    TOTAL(worked_catalogue, "S8", "programmes", "2"),
    TOTAL(worked_catalogue, "S8", "in_catalogue", "1"),
    TOTAL(worked_catalogue, "S8", "evidence", "100.0"),
    TOTAL(worked_catalogue, "S8", "reviewed", "100.0"),
    { worked_catalogue, "S8", "total", "", "reviewed", "0.0", "2017/18", "2016-03-30" },
    TOTAL(worked_catalogue, "S8", "targeted", "0.0"),
    TOTAL(worked_catalogue, "S8", "bespoke_hours", "33.3"),
    TOTAL(worked_catalogue, "S8", "system_hours", "33.3"),
    TOTAL(worked_alone, "L6", "across", "0"),
    TOTAL(worked_lone, "R2", BASE, "1"),
    TOTAL(worked_team_answers, "L3", BASE, "10"),
    TOTAL(worked_team_answers, "C10", BASE, "10"),
    ROW(worked_outcomes, "S10", "indicator", "retention", "rate", "88.0"),
    ROW(worked_outcomes, "S10", "indicator", "retention", BASE, "100"),
    TOTAL(worked_unpaired, "L4", BASE, "20"),
    TOTAL(worked_few_joint, "C1", BASE, "5"),
    TOTAL(worked_few_joint, "C3", BASE, "5"),
    TOTAL(worked_year, "C1", BASE, "10"),
    TOTAL(worked_year, "C3", BASE, "10"),
    TOTAL(worked_year, "C4", BASE, "10"),
    ROW(worked_reach, "R1", "group:locality", "one", BASE, "400"),
    TOTAL(worked_inequality, "R2", BASE, "100"),
    TOTAL(worked_inequality, "R3", BASE, "100"),
    TOTAL(worked_inequality, "R4", BASE, "100"),
    TOTAL(worked_representation, "R5", BASE, "400"),
    ROW(worked_representation, "R6", "group", "bme", BASE, "400"),
    ROW(worked_representation, "R6", "group:ethnicity:population", "bme", BASE, "30"),
    TOTAL(worked_capacity, "R7", BASE, "300"),
    TOTAL(worked_stages, "L1", BASE, "18"),
    TOTAL(worked_faculty_alone, "L1", BASE, "18"),
    ROW(worked_stages, "L1", "stage", "1", BASE, "40"),
    ROW(worked_stages, "L1", "stage", "2", BASE, "30"),
    ROW(worked_stages, "L1", "stage", "3", BASE, "24"),
    TOTAL(worked_course, "L2", BASE, "10"),
    TOTAL(worked_change, "L4", BASE, "10"),
    TOTAL(worked_mixing, "N6", BASE, "20"),
    TOTAL(worked_development, "L10", BASE, "200"),
};

/* ---- from facts to text */

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

static void read_row(const row *r, tdm_fold *fold, char out[64])
{
    asked a;
    tdm_measure_answer answer;
    tdm_err err = { 0 };
    ask(&a, r->measure, r->by, r->period, r->as_of);
    const tdm_measure_facts *facts = tdm_measure_read(a.question.measure);
    assert_int_equal(tdm_fold_measure(fold, &a.question, &answer, &err), TDM_OK);
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
    tdm_fold *fold = ask_fold(&w);
    read_row(r, fold, shown);
    assert_string_equal(shown, r->shown);
    tdm_fold_close(&fold);
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
