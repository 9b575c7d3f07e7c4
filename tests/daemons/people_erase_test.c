/* SPDX-License-Identifier: MPL-2.0
 *
 * people_erase_test.c: the specification of erasing a person and of copies of the private log: the figures
 * stay as they are, and a backup comes back only where nobody is.
 */
#include "people_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STAGES TDM_SUMMARYTABLE_IS_STAGES
#define DAY_MS 86400000

static people_world node;

static int open_node(void **state)
{
    (void)state;
    people_open(&node);
    return 0;
}

static int close_node(void **state)
{
    (void)state;
    people_close(&node);
    return 0;
}

#define PROFILE(fields) "{\"type\":\"participant_profile\",\"fields\":{\"person\":\"P-1\"" fields "}}"

static long summarise(const char *args, const char *key)
{
    return people_number(&node, "person.summarise", args, key);
}

/* ---- erasing */

static void erasing_needs_the_name(void **state)
{
    (void)state;
    people_record_cohort(&node);
    people_fails(&node, "person.erase", "{\"person\":\"P-1\"}", NULL, 8, "can not be undone");
    people_fails(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-2\"}", NULL, 8,
                 "can not be undone");
    people_fails(&node, "person.erase", "{\"person\":\"P-99\",\"confirm\":\"P-99\"}", NULL, 3, "");
    assert_int_equal(people_number(&node, "status", NULL, "people"), COHORT);
}

static void erasing_keeps_the_figures(void **state)
{
    (void)state;
    people_record_cohort(&node);
    people_record(&node, PROFILE(",\"sex\":\"f\",\"staff_group\":\"medical_and_dental\""), NULL, "new", 1);
    people_record(
        &node,
        "{\"type\":\"person_attendance\",\"fields\":{\"person\":\"P-1\",\"unit\":\"R0A/1\",\"date\":"
        "\"2026-05-04\"}}",
        NULL, "new", 1);
    summarise(NULL, "stated");
    char *before = people_all_stated(&node);
    assert_int_equal(
        people_number(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", "events"), 0);
    assert_int_equal(
        people_number(&node, "person.erase", "{\"person\":\"P-2\",\"confirm\":\"P-2\"}", "events"), 0);
    char *after = people_all_stated(&node);
    assert_string_equal(before, after);
    free(after);
    assert_int_equal(people_number(&node, "status", NULL, "people"), COHORT - 2);
    people_fails(&node, "person.show", "{\"person\":\"P-1\"}", NULL, 3, "");
    json_t *keep = NULL;
    const json_t *row = people_ask(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", &keep);
    assert_string_equal(world_text(row, "state"), "erased before");
    json_decref(keep);
    people_reopen(&node, false);
    assert_string_equal(world_text(people_ask(&node, "person.compact", NULL, &keep), "state"), "compacted");
    json_decref(keep);
    node.world.context.now_ms += 400LL * DAY_MS;
    assert_int_equal(summarise(NULL, "events"), 0);
    after = people_all_stated(&node);
    assert_string_equal(before, after);
    free(after);
    free(before);
}

/* The residual keeps the membership of the periods until then; the erased does not go on as a member. */
static void the_erased_leaves_the_faculty(void **state)
{
    (void)state;
    people_record(&node,
                  "{\"type\":\"facilitator_stage\",\"fields\":{\"person\":\"P-1\",\"stage\":4,\"state\":"
                  "\"joined_faculty\",\"date\":\"2026-05-04\"}}",
                  NULL, "new", 1);
    summarise(NULL, "stated");
    assert_int_equal(people_stated(&node, TDM_SUMMARYTABLE_IS_FACULTY, "2026/27", "", ""), 1);
    assert_int_equal(
        people_number(&node, "person.erase", "{\"person\":\"P-1\",\"confirm\":\"P-1\"}", "events"), 0);
    node.world.context.now_ms += 400LL * DAY_MS;
    summarise(NULL, "stated");
    assert_int_equal(people_stated(&node, TDM_SUMMARYTABLE_IS_FACULTY, "2026/27", "", ""), 1);
    assert_int_equal(people_stated(&node, TDM_SUMMARYTABLE_IS_FACULTY, "2027/28", "", ""), NOT_STATED);
}

/* ---- copies */

static void backup(const char *file, const char *passphrase, char args[400])
{
    json_t *keep = NULL;
    snprintf(args, 400, "{\"file\":\"%s/%s\"}", node.world.folder, file);
    const json_t *row = world_row(&node.world, "person.backup", args, passphrase, &keep);
    assert_string_equal(world_text(row, "state"), "written");
    json_decref(keep);
}

static void a_backup_comes_back_in_an_empty_node(void **state)
{
    (void)state;
    char args[400];
    people_world other;
    json_t *keep = NULL;
    people_fails(&node, "person.backup", "{\"file\":\"/tmp/none\"}", "correct horse battery", 3, "no person");
    people_record_cohort(&node);
    summarise(NULL, "stated");
    people_fails(&node, "person.backup", "{\"file\":\"/tmp/none\"}", "short", 2, "a passphrase has 12");
    people_fails(&node, "person.backup", "{\"file\":\"none\"}", "correct horse battery", 2, "whole path");
    backup("people.tdmpriv", "correct horse battery\n", args);
    people_fails(&node, "person.restore", args, "correct horse battery", 1, "has a private log");
    people_open(&other);
    people_fails(&other, "person.restore", args, "wrong horse battery", 4, "");
    assert_int_equal(people_number(&other, "status", NULL, "people"), 0);
    const json_t *row = world_row(&other.world, "person.restore", args, "correct horse battery", &keep);
    assert_string_equal(world_text(row, "state"), "restored");
    assert_string_equal(world_text(row, "summaries"), "stated");
    json_decref(keep);
    assert_int_equal(people_number(&other, "status", NULL, "people"), COHORT);
    assert_int_equal(people_stated(&other, STAGES, "2026/27", "3", "passed"), 18);
    people_reopen(&other, false);
    assert_int_equal(people_number(&other, "person.verify", NULL, "faults"), 0);
    people_close(&other);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, open_node, close_node)
        T(erasing_needs_the_name),
        T(erasing_keeps_the_figures),
        T(the_erased_leaves_the_faculty),
        T(a_backup_comes_back_in_an_empty_node),
#undef T
    };
    return cmocka_run_group_tests_name("people erased", TESTS, NULL, NULL);
}
