/* SPDX-License-Identifier: MPL-2.0
 *
 * event_show_test.c: the specification of event.show: the event, what became of its fact, what it moves.
 */
#include "service_system.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The event of a type and subject that is the last in the hub's log, as event.show tells it. */
static json_t *show(const char *type, const char *subject)
{
    char args[128];
    json_t *keep = NULL;
    int status = 0;
    snprintf(args, sizeof args, "{\"type\":\"%s\",\"subject\":\"%s\",\"limit\":1}", type, subject);
    const json_t *event = world_row(&system_now()->hub, "event.list", args, NULL, &keep);
    snprintf(args, sizeof args, "{\"event\":\"%.10s/%ld\"}", world_text(event, "origin"),
             world_int(event, "sequence"));
    json_decref(keep);
    json_t *answer = world_ask(&system_now()->hub, "event.show", args, NULL, &status);
    assert_int_equal(status, 0);
    return answer;
}

/* "before -> now" of the first row of a part whose `what` begins so; "" if there is none. */
static const char *row_of(const json_t *answer, const char *part, const char *what)
{
    static char text[512];
    size_t index;
    json_t *row;
    text[0] = '\0';
    json_array_foreach(json_object_get(answer, "data"), index, row)
    {
        if (strcmp(world_text(row, "part"), part) == 0
            && strncmp(world_text(row, "what"), what, strlen(what)) == 0) {
            snprintf(text, sizeof text, "%s -> %s", world_text(row, "before"), world_text(row, "now"));
            break;
        }
    }
    return text;
}

static size_t rows_of(const json_t *answer, const char *part)
{
    size_t count = 0;
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(answer, "data"), index, row) count +=
        strcmp(world_text(row, "part"), part) == 0;
    return count;
}

static void a_link_moves_the_level_and_a_tie(void **state)
{
    (void)state;
    system_set_up();
    json_t *answer = show("link_assert", "unit/R0A/1");
    assert_string_equal(row_of(answer, "event", "type"), " -> link_assert");
    assert_string_equal(row_of(answer, "event", "filed under"), " -> unit/R0A/1");
    assert_string_equal(row_of(answer, "event", "came"), " -> within its node's log");
    assert_string_equal(row_of(answer, "event", "stored here, synced"), " -> yes");
    assert_string_equal(row_of(answer, "fact", "link_assert"), " -> in force: this event");
    assert_string_equal(row_of(answer, "fact", "counts"), " -> yes");
    assert_string_equal(row_of(answer, "moves", "level 2017/18"),
                        "units 1, participants 10, claims 0, hours 2.00, asserted 0.00, standing 0.00, "
                        "corroborated 0.00 -> units 1, participants 10, claims 1, hours 2.00, asserted 2.00, "
                        "standing 2.00, corroborated 0.00");
    assert_string_equal(row_of(answer, "moves", "ties 2017/18"), "- -> asserted 1, standing 1");
    json_decref(answer);
}

static void an_answer_moves_what_is_confirmed(void **state)
{
    (void)state;
    system_set_up();
    system_reply("link.confirm", "{\"unit\":\"R0A/1\"}", "confirmed");
    world_copy_log(&system_now()->south, &system_now()->hub);
    json_t *answer = show("link_confirm", "unit/R0A/1");
    assert_string_equal(row_of(answer, "moves", "level 2017/18"),
                        "units 1, participants 10, claims 1, hours 2.00, asserted 2.00, standing 2.00, "
                        "corroborated 0.00 -> units 1, participants 10, claims 1, hours 2.00, asserted 2.00, "
                        "standing 2.00, corroborated 2.00");
    assert_int_equal(strlen(row_of(answer, "moves", "sessions ")), 0);
    json_decref(answer);
}

static void what_is_superseded_moves_nothing(void **state)
{
    (void)state;
    static const char *const HOURS[] = { "6", "7" };
    system_set_up();
    for (size_t i = 0; i < TDM_COUNT(HOURS); i++) {
        char args[160];
        snprintf(args, sizeof args,
                 "{\"type\":\"session\",\"fields\":{\"unit\":\"R0A/"
                 "1\",\"id\":\"x\",\"date\":\"2017-09-01\",\"hours\":\"%s\"}}",
                 HOURS[i]);
        system_ask(&system_now()->north, "record.fact", args, NULL);
    }
    world_copy_log(&system_now()->north, &system_now()->hub);
    json_t *answer = show("correction", "unit/R0A/1");
    assert_string_equal(row_of(answer, "fact", "session"), " -> in force");
    assert_string_equal(row_of(answer, "fact", "correction"), " -> in force: this event");
    assert_true(rows_of(answer, "moves") > 0);
    json_decref(answer);
}

static void what_the_hub_states_moves_the_level_alone(void **state)
{
    (void)state;
    system_set_up();
    json_t *answer = show("organisation", "organisation/RXA");
    assert_true(strlen(row_of(answer, "moves", "level 2017/18")) > 0);
    assert_int_equal(strlen(row_of(answer, "moves", "ties ")), 0);
    json_decref(answer);
}

static const struct refused_row {
    const char *name;
    const char *args;
    int exit;
} REFUSED[] = {
    { "none is named", "{}", 2 },
    { "no name of an event", "{\"event\":\"unit\"}", 2 },
    { "too few digits", "{\"event\":\"4b/1\"}", 2 },
    { "a sequence of 0", "{\"event\":\"4be1c0/0\"}", 2 },
    { "a node that is not there", "{\"event\":\"zzzzzz/1\"}", 3 },
    { "beyond the end", "{\"event\":\"100000\"}", 3 },
};

static void check_refused(void **state)
{
    const struct refused_row *row = *state;
    int status = 0;
    system_set_up();
    json_decref(world_ask(&system_now()->hub, "event.show", row->args, NULL, &status));
    assert_int_equal(status, row->exit);
}

#define TEST(function)                                                                                       \
    {                                                                                                        \
#function, function, system_open, system_close, NULL                                                 \
    }

int main(void)
{
    enum { OTHERS = 4 };
    struct CMUnitTest tests[OTHERS + TDM_COUNT(REFUSED)] = {
        TEST(a_link_moves_the_level_and_a_tie),
        TEST(an_answer_moves_what_is_confirmed),
        TEST(what_is_superseded_moves_nothing),
        TEST(what_the_hub_states_moves_the_level_alone),
    };
    for (size_t i = 0; i < TDM_COUNT(REFUSED); i++)
        tests[OTHERS + i] = (struct CMUnitTest){ REFUSED[i].name, check_refused, system_open, system_close,
                                                 (void *)&REFUSED[i] };
    return cmocka_run_group_tests_name("event.show", tests, NULL, NULL);
}
