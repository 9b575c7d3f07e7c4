/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_service_test.c: the specification of figures at the exit: measures listed and shown, explained,
 * released to those who may not see exact ones, and the causes of a revision.
 */
#include "service_system.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* People reached and staff of north by staff group, as its node would count them. */
static const char SUMMARIES[] = "table,period,a,b,count\n"
                                "reached,2017/18,staff_group,medical_and_dental,6\n"
                                "reached,2017/18,staff_group,nursing_and_midwifery_registered,30\n"
                                "reached,2017/18,staff_group,allied_health_professionals,12\n"
                                "reached,2017/18,staff_group,unknown,3\n"
                                "reached,2017/18,total,,51\n";
static const char COUNTS[] = "organisation,indicator,dimension,group,date,amount\n"
                             "R0A,workforce,staff_group,medical_and_dental,2017-04-01,100\n"
                             "R0A,workforce,staff_group,nursing_and_midwifery_registered,2017-04-01,400\n"
                             "R0A,workforce,staff_group,allied_health_professionals,2017-04-01,300\n"
                             "R0A,workforce,,,2017-04-01,900\n";

static void record(tdm_world *world, const char *type, const char *csv)
{
    char args[64];
    json_t *keep = NULL;
    snprintf(args, sizeof args, "{\"type\":\"%s\"}", type);
    const json_t *row = world_row(world, "record.fact", args, csv, &keep);
    assert_int_equal(world_int(row, "refused"), 0);
    json_decref(keep);
}

static void tell_people(void)
{
    system_set_up();
    record(&system_now()->north, "summary", SUMMARIES);
    record(&system_now()->north, "reference_count", COUNTS);
    world_copy_log(&system_now()->north, &system_now()->hub);
}

/* The row of a group; NULL: there is none. */
static json_t *row_of(json_t *answer, const char *group)
{
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(answer, "data"), index,
                       row) if (strcmp(world_text(row, "group"), group) == 0) return row;
    return NULL;
}

static json_t *show(tdm_world *world, const char *args, int wanted)
{
    int status = 0;
    json_t *answer = world_ask(world, "measure.show", args, NULL, &status);
    if (status != wanted)
        fail_msg("%s: exit status %d: %s", args, status, json_dumps(answer, 0));
    return answer;
}

static void every_measure_is_listed_and_shown(void **state)
{
    (void)state;
    tell_people();
    json_t *list = world_ask(&system_now()->hub, "measure.list", NULL, NULL, NULL);
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(list, "data"), index, row)
    {
        char args[96];
        snprintf(args, sizeof args, "{\"measure\":\"%s\",\"fy\":\"2017/18\"}", world_text(row, "measure"));
        assert_true(strlen(world_text(row, "title")) > 10 && strlen(world_text(row, "definition")) > 20);
        json_decref(show(&system_now()->hub, args, 0));
        json_decref(show(&system_now()->north, args, 0));
    }
    assert_true(index >= 35);
    json_decref(list);
}

static const struct refused_row {
    const char *name;
    const char *args;
    int exit;
} REFUSED[] = {
    { "no measure is named", "{}", 2 },
    { "an unknown measure", "{\"measure\":\"N99\"}", 3 },
    { "an unknown breakdown", "{\"measure\":\"N1\",\"by\":\"colour\"}", 2 },
    { "an unknown line", "{\"measure\":\"N1\",\"line\":\"middle\"}", 2 },
    { "an unknown period kind", "{\"measure\":\"N1\",\"per\":\"week\"}", 2 },
    { "an unknown indicator", "{\"measure\":\"R1\",\"indicator\":\"mood\"}", 2 },
    { "an unknown audience", "{\"measure\":\"R1\",\"audience\":\"press\"}", 2 },
    { "figures of people as of a moment, for the public",
      "{\"measure\":\"R1\",\"audience\":\"public\",\"as_of\":\"2018-01-01\"}", 4 },
    { "figures of people never released", "{\"measure\":\"R1\",\"audience\":\"board\"}", 3 },
    { "figures of own rows alone are no figures of all", "{\"measure\":\"R1\",\"audience\":\"facilitator\"}",
      3 },
};

static void check_refused(void **state)
{
    const struct refused_row *refused = *state;
    system_set_up();
    json_decref(show(&system_now()->hub, refused->args, refused->exit));
}

static void who_may_see_exact_figures_does(void **state)
{
    (void)state;
    tell_people();
    json_t *answer = show(&system_now()->hub, "{\"measure\":\"R1\",\"fy\":\"2017/18\"}", 0);
    json_t *doctors = row_of(answer, "medical_and_dental");
    assert_non_null(doctors);
    assert_int_equal(world_int(doctors, "reached"), 6);
    assert_true(system_number(doctors, "rate") == 6.0);
    assert_true(system_number(row_of(answer, "nursing_and_midwifery_registered"), "ratio") == 1.88);
    assert_true(json_is_null(json_object_get(row_of(answer, "unknown"), "rate")));
    json_decref(answer);
}

static bool is_suppressed(const json_t *row, const char *name)
{
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(row, "suppressed"), index,
                       one) if (strcmp(json_string_value(one), name)
                                == 0) return json_is_null(json_object_get(row, name));
    return false;
}

static void others_see_what_was_released(void **state)
{
    (void)state;
    tell_people();
    system_ask(&system_now()->hub, "release",
               "{\"measure\":\"R1\",\"period\":\"2017/18\",\"by\":\"group\",\"rule\":\"hes\"}", NULL);
    static const char PUBLIC[] = "{\"measure\":\"R1\",\"audience\":\"public\"}";
    json_t *answer = show(&system_now()->hub, PUBLIC, 0);
    json_t *doctors = row_of(answer, "medical_and_dental");
    json_t *nurses = row_of(answer, "nursing_and_midwifery_registered");
    assert_true(is_suppressed(doctors, "reached") && is_suppressed(doctors, "rate"));
    assert_int_equal(world_int(nurses, "reached"), 30);
    assert_true(system_number(nurses, "rate") == 7.5);
    assert_int_equal(world_int(row_of(answer, "allied_health_professionals"), "reached"), 10);
    json_decref(answer);

    /* What is learnt later does not move it. */
    record(&system_now()->north, "summary",
           "table,period,a,b,count\nreached,2017/18,staff_group,nursing_and_midwifery_registered,80\n");
    world_copy_log(&system_now()->north, &system_now()->hub);
    answer = show(&system_now()->hub, PUBLIC, 0);
    assert_int_equal(world_int(row_of(answer, "nursing_and_midwifery_registered"), "reached"), 30);
    json_decref(answer);
    answer = show(&system_now()->hub, "{\"measure\":\"R1\"}", 0);
    assert_int_equal(world_int(row_of(answer, "nursing_and_midwifery_registered"), "reached"), 80);
    json_decref(answer);
}

/* Two releases a few people apart would tell of these few. */
static void a_later_release_does_not_give_few_away(void **state)
{
    (void)state;
    static const char RELEASE[] =
        "{\"measure\":\"R1\",\"period\":\"2017/18\",\"by\":\"group\",\"rule\":\"lt5\"}";
    tell_people();
    system_ask(&system_now()->hub, "release", RELEASE, NULL);
    record(&system_now()->north, "summary",
           "table,period,a,b,count\nreached,2017/18,staff_group,nursing_and_midwifery_registered,32\n");
    world_copy_log(&system_now()->north, &system_now()->hub);
    system_now()->hub.context.now_ms += 1000;
    system_ask(&system_now()->hub, "release", RELEASE, NULL);
    json_t *answer = show(&system_now()->hub, "{\"measure\":\"R1\",\"audience\":\"public\"}", 0);
    json_t *nurses = row_of(answer, "nursing_and_midwifery_registered");
    assert_true(is_suppressed(nurses, "reached"));
    json_decref(answer);
}

/* Whoever knows the whole would work out how many are of no known group: three. */
static void groups_do_not_give_away_what_the_whole_adds(void **state)
{
    (void)state;
    static const char SHOW[] = "{\"measure\":\"R1\",\"audience\":\"regional_academy\"}";
    tell_people();
    system_ask(&system_now()->hub, "release",
               "{\"measure\":\"R1\",\"period\":\"2017/18\",\"by\":\"total\",\"rule\":\"lt5\"}", NULL);
    system_now()->hub.context.now_ms += 1000;
    system_ask(&system_now()->hub, "release",
               "{\"measure\":\"R1\",\"period\":\"2017/18\",\"by\":\"group\",\"rule\":\"lt5\"}", NULL);
    json_t *answer = show(&system_now()->hub, SHOW, 0);
    assert_true(is_suppressed(row_of(answer, "medical_and_dental"), "reached"));
    json_decref(answer);
}

/* Nor does the whole, told after its groups (48 of 51); nor another cut of the same people. */
static void the_whole_does_not_give_away_what_its_groups_leave_out(void **state)
{
    (void)state;
    static const char *const OTHERS[] = { "total", "sector" };
    for (size_t i = 0; i < TDM_COUNT(OTHERS); i++) {
        char release[128];
        char shown[128];
        tell_people();
        record(&system_now()->north, "summary",
               "table,period,a,b,count\nreached,2017/18,staff_group,unknown,0\n");
        world_copy_log(&system_now()->north, &system_now()->hub);
        system_ask(&system_now()->hub, "release",
                   "{\"measure\":\"R1\",\"period\":\"2017/18\",\"by\":\"group\",\"rule\":\"lt5\"}", NULL);
        system_now()->hub.context.now_ms += 1000;
        snprintf(release, sizeof release,
                 "{\"measure\":\"R1\",\"period\":\"2017/18\",\"by\":\"%s\",\"rule\":\"lt5\"}", OTHERS[i]);
        snprintf(shown, sizeof shown, "{\"measure\":\"R1\",\"by\":\"%s\",\"audience\":\"board\"}", OTHERS[i]);
        system_ask(&system_now()->hub, "release", release, NULL);
        json_t *answer = show(&system_now()->hub, shown, 0);
        json_t *row = row_of(answer, i == 0 ? "" : "trust");
        assert_true(is_suppressed(row, "reached"));
        json_decref(answer);
    }
}

/* Hours of people and counts that lie within each other: told whole, or not at all. */
static void hours_of_people_and_nested_counts_are_guarded(void **state)
{
    (void)state;
    static const struct {
        const char *measure;
        const char *rule;
        const char *column;
        bool hidden;
    } ROWS[] = {
        { "C4", "hes", "amount", true },  /* five people were in single work */
        { "C3", "hes", "amount", false }, /* 35, rounded: 30 and 35 may lie 1 to 9 apart */
        { "C3", "lt5", "amount", true },  /* exact ones would tell of the five */
    };
    tell_people();
    system_ask(&system_now()->north, "record",
               "{\"unit_id\":\"few\",\"kind\":\"programme\",\"title\":\"Few\",\"start_date\":\"2017-11-02\","
               "\"hours\":\"3\",\"participants\":\"5\"}",
               NULL);
    world_copy_log(&system_now()->north, &system_now()->hub);
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++) {
        char args[128];
        snprintf(args, sizeof args, "{\"measure\":\"%s\",\"period\":\"2017/18\",\"rule\":\"%s\"}",
                 ROWS[i].measure, ROWS[i].rule);
        system_ask(&system_now()->hub, "release", args, NULL);
        snprintf(args, sizeof args, "{\"measure\":\"%s\",\"audience\":\"public\"}", ROWS[i].measure);
        json_t *answer = show(&system_now()->hub, args, 0);
        assert_int_equal(is_suppressed(row_of(answer, ""), ROWS[i].column), ROWS[i].hidden);
        json_decref(answer);
        system_now()->hub.context.now_ms += 1000;
    }
}

static void what_counts_no_people_needs_no_release(void **state)
{
    (void)state;
    int status = 0;
    system_set_up();
    json_decref(show(&system_now()->hub, "{\"measure\":\"C1\",\"audience\":\"public\"}", 0));
    json_decref(world_ask(&system_now()->hub, "release", "{\"measure\":\"C1\",\"period\":\"2017/18\"}", NULL,
                          &status));
    assert_int_equal(status, 2);
}

/* The parts of an explanation add up to the figure. */
static void a_figure_is_explained_by_what_adds_up_to_it(void **state)
{
    (void)state;
    tell_people();
    json_t *level = show(&system_now()->hub, "{\"measure\":\"C1\",\"fy\":\"2017/18\"}", 0);
    long units = world_int(row_of(level, ""), "amount");
    json_decref(level);
    json_t *answer =
        world_ask(&system_now()->hub, "explain", "{\"measure\":\"C1\",\"period\":\"2017/18\"}", NULL, NULL);
    size_t index;
    json_t *row;
    long parts = 0;
    json_array_foreach(json_object_get(answer, "data"), index, row)
    {
        parts += strncmp(world_text(row, "adds"), "units 1", 7) == 0;
        assert_true(world_int(row, "fact_count") >= 2);
        assert_int_equal(json_array_size(json_object_get(row, "facts")), world_int(row, "fact_count"));
    }
    assert_int_equal(parts, units);
    assert_true(units > 0);
    json_decref(answer);
    answer = world_ask(
        &system_now()->hub, "explain",
        "{\"measure\":\"R1\",\"period\":\"2017/18\",\"by\":\"group\",\"group\":\"medical_and_dental\"}", NULL,
        NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2); /* reached, and staff */
    json_decref(answer);
}

static void a_revision_tells_the_units_and_facts_behind_it(void **state)
{
    (void)state;
    int status = 0;
    json_t *keep = NULL;
    system_set_up();
    json_decref(world_ask(&system_now()->hub, "revision", "{\"period\":\"2017/18\"}", NULL, &status));
    assert_int_equal(status, 3);
    system_ask(&system_now()->hub, "period.close", "{\"period\":\"2017/18\"}", NULL);
    json_t *answer = world_ask(&system_now()->hub, "revision", "{\"period\":\"2017/18\"}", NULL, &status);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 0);
    json_decref(answer);
    system_ask(
        &system_now()->north, "record",
        "{\"unit_id\":\"late\",\"kind\":\"programme\",\"title\":\"Late\",\"start_date\":\"2017-11-02\","
        "\"hours\":\"3\"}",
        NULL);
    world_copy_log(&system_now()->north, &system_now()->hub);
    const json_t *row = world_row(&system_now()->hub, "revision", "{\"period\":\"2017/18\"}", NULL, &keep);
    assert_string_equal(world_text(row, "subject"), "unit/R0A/late");
    assert_int_equal(world_int(row, "units_then"), 0);
    assert_int_equal(world_int(row, "units_now"), 1);
    assert_int_equal(world_int(row, "cause_count"), 2);
    json_decref(keep);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, system_open, system_close)

int main(void)
{
    struct CMUnitTest tests[10 + TDM_COUNT(REFUSED)] = {
        TEST(every_measure_is_listed_and_shown),
        TEST(who_may_see_exact_figures_does),
        TEST(others_see_what_was_released),
        TEST(a_later_release_does_not_give_few_away),
        TEST(groups_do_not_give_away_what_the_whole_adds),
        TEST(the_whole_does_not_give_away_what_its_groups_leave_out),
        TEST(hours_of_people_and_nested_counts_are_guarded),
        TEST(what_counts_no_people_needs_no_release),
        TEST(a_figure_is_explained_by_what_adds_up_to_it),
        TEST(a_revision_tells_the_units_and_facts_behind_it),
    };
    size_t count = 9;
    for (size_t i = 0; i < TDM_COUNT(REFUSED); i++)
        tests[count++] = (struct CMUnitTest){ REFUSED[i].name, check_refused, system_open, system_close,
                                              (void *)&REFUSED[i] };
    return _cmocka_run_group_tests("measures", tests, count, NULL, NULL);
}
