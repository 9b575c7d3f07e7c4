/* SPDX-License-Identifier: MPL-2.0
 *
 * link_service_test.c: the specification of claims and answers: what a partner is asked, and what answering
 * does.
 */
#include "service_system.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *pending_state(tdm_world *world, const char *unit, json_t **keep)
{
    *keep = world_ask(world, "link.pending", "{\"all\":true}", NULL, NULL);
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(*keep, "data"), index,
                       row) if (strcmp(world_text(row, "unit"), unit) == 0) return world_text(row, "state");
    return "none";
}

static void expect_state(const char *unit, const char *wanted)
{
    json_t *keep = NULL;
    assert_string_equal(pending_state(&system_now()->south, unit, &keep), wanted);
    json_decref(keep);
}

static void a_partner_confirms_disputes_and_takes_back(void **state)
{
    (void)state;
    static const char ONE[] = "{\"unit\":\"R0A/1\"}";
    system_set_up();
    expect_state("R0A/1", "unanswered");
    system_reply("link.confirm", ONE, "confirmed");
    expect_state("R0A/1", "confirmed");
    system_expect_corroborated(33.3);
    uint64_t before = world_last_sequence(&system_now()->south);
    system_reply("link.confirm", ONE, "already confirmed");
    assert_int_equal(world_last_sequence(&system_now()->south), before);
    system_reply("link.dispute", "{\"unit\":\"R0A/1\",\"reason\":\"not us\"}", "disputed");
    expect_state("R0A/1", "disputed");
    system_expect_corroborated(0.0);
    system_reply("link.dispute", ONE, "already disputed");
    system_reply("link.confirm", ONE, "confirmed");
    expect_state("R0A/1", "confirmed");
    system_reply("link.withdraw", ONE, "withdrawn");
    expect_state("R0A/1", "unanswered");
    system_reply("link.withdraw", ONE, "no answer to withdraw");
    system_reply("link.confirm", ONE, "confirmed");
    system_expect_corroborated(33.3);
}

static void all_claims_are_confirmed_at_once(void **state)
{
    (void)state;
    system_set_up();
    json_t *answer = world_ask(&system_now()->south, "link.confirm", "{\"all\":true}", NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2);
    json_decref(answer);
    system_expect_corroborated(66.7);
    answer = world_ask(&system_now()->south, "link.pending", NULL, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 0);
    json_decref(answer);
}

struct choice_case {
    const char *name;
    const char *args;
    int status;
    size_t rows;
};

static const struct choice_case CHOICES[] = {
    { "a claim is chosen by its phase", "{\"phase\":\"plan\"}", 0, 1 },
    { "a claim is chosen by the organisation named", "{\"organisation\":\"rxa\"}", 0, 2 },
    { "a claim is chosen by unit and phase", "{\"unit\":\"R0A/2\",\"phase\":\"plan\"}", 0, 1 },
    { "no claim fits", "{\"unit\":\"R0A/2\",\"phase\":\"support\"}", 3, 0 },
    { "nothing is chosen", "{}", 2, 0 },
    { "a reference is too short", "{\"reference\":\"ab\"}", 2, 0 },
};

static void check_choice(void **state)
{
    const struct choice_case *row = *state;
    int status = 0;
    system_set_up();
    json_t *answer = world_ask(&system_now()->south, "link.confirm", row->args, NULL, &status);
    assert_int_equal(status, row->status);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), row->rows);
    json_decref(answer);
}

static void a_claim_is_chosen_by_its_reference(void **state)
{
    (void)state;
    char args[64];
    json_t *keep = NULL;
    system_set_up();
    const json_t *row = world_row(&system_now()->south, "link.pending", NULL, NULL, &keep);
    snprintf(args, sizeof args, "{\"reference\":\"%s\"}", world_text(row, "reference"));
    json_t *answer = world_ask(&system_now()->south, "link.confirm", args, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 1);
    assert_string_equal(world_text(row, "stated_by"), "R0A");
    assert_int_equal(strlen(world_text(row, "stated_on")), 10);
    json_decref(answer);
    json_decref(keep);
}

static void a_changed_assertion_lapses_its_confirmation(void **state)
{
    (void)state;
    system_set_up();
    system_reply("link.confirm", "{\"unit\":\"R0A/1\"}", "confirmed");
    system_ask(&system_now()->north, "import", NULL,
               "unit_id,kind,start_date,partners\n1,programme,2017-05-01,RXA:deliver+support\n");
    world_copy_log(&system_now()->north, &system_now()->south);
    json_t *answer = world_ask(&system_now()->south, "link.pending", NULL, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2); /* support, and unit 2's plan */
    json_decref(answer);
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, system_open, system_close)
static const struct CMUnitTest STORIES[] = {
    STORY(a_partner_confirms_disputes_and_takes_back),
    STORY(all_claims_are_confirmed_at_once),
    STORY(a_claim_is_chosen_by_its_reference),
    STORY(a_changed_assertion_lapses_its_confirmation),
};

#define ROWS_OF(table, function, setup, teardown)                                                            \
    for (size_t i = 0; i < TDM_COUNT(table); i++)                                                            \
        tests[count++] = (struct CMUnitTest)                                                                 \
        {                                                                                                    \
            (table)[i].name, function, setup, teardown, (void *)&(table)[i]                                  \
        }

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(STORIES) + TDM_COUNT(CHOICES)];
    size_t count = 0;
    ROWS_OF(CHOICES, check_choice, system_open, system_close);
    for (size_t i = 0; i < TDM_COUNT(STORIES); i++)
        tests[count++] = STORIES[i];
    return _cmocka_run_group_tests("links", tests, count, NULL, NULL);
}
