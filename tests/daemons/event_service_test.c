/* SPDX-License-Identifier: MPL-2.0
 *
 * event_service_test.c: the specification of event.list: the last events, those after a position, and which.
 */
#include "core_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hub whose log holds its first event and forty more: catalogue entries, but every tenth a target. */
enum { FACTS = 40, EVERY = 10, LAST = FACTS + 1 };

static void open_world(tdm_world *world)
{
    world_open(world, true, NULL);
    for (int i = 1; i <= FACTS; i++) {
        char args[128];
        int status = 0;
        if (i % EVERY == 0)
            snprintf(args, sizeof args, "{\"fy\":\"%d/%d\",\"percent\":\"70\"}", 2010 + i / EVERY,
                     11 + i / EVERY);
        else
            snprintf(args, sizeof args, "{\"programme\":\"p%02d\",\"name\":\"P %d\"}", i, i);
        json_decref(world_ask(world, i % EVERY == 0 ? "target.set" : "catalogue.add", args, NULL, &status));
        assert_int_equal(status, 0);
    }
}

static const struct row {
    const char *name;
    const char *args;
    int status;
    const char *positions; /* of what is listed */
    int reached;
} ROWS[] = {
    { "the last ten, if nothing is asked for", "{}", 0, "32 33 34 35 36 37 38 39 40 41 ", 41 },
    { "as many of the last as are asked for", "{\"limit\":2}", 0, "40 41 ", 41 },
    { "all, if there are fewer", "{\"limit\":1000,\"type\":\"target\"}", 0, "11 21 31 41 ", 41 },
    { "the last of a type, in order", "{\"limit\":2,\"type\":\"target\"}", 0, "31 41 ", 41 },
    { "those after a position", "{\"after\":38}", 0, "39 40 41 ", 41 },
    { "as many after it as are asked for", "{\"after\":3,\"limit\":2}", 0, "4 5 ", 5 },
    { "from the beginning", "{\"after\":0,\"limit\":1}", 0, "1 ", 1 },
    { "of a type after it", "{\"after\":12,\"limit\":1,\"type\":\"target\"}", 0, "21 ", 21 },
    { "of a type, and there is none", "{\"after\":12,\"type\":\"session\"}", 0, "", 41 },
    { "of a type of which there never was one", "{\"type\":\"session\"}", 0, "", 41 },
    { "of a subject", "{\"subject\":\"programme/p3\",\"limit\":3}", 0, "38 39 40 ", 40 },
    { "of an origin that is none", "{\"origin\":\"zz\"}", 0, "", 41 },
    { "nothing came after the last", "{\"after\":41}", 0, "", 41 },
    { "a type that is none", "{\"type\":\"meeting\"}", 2, "", 0 },
    { "more than may be asked for", "{\"limit\":1001}", 2, "", 0 },
    { "none at all", "{\"limit\":0}", 2, "", 0 },
};

static void check_row(void **state)
{
    const struct row *row = *state;
    tdm_world world;
    char seen[512] = "";
    int status = 0;
    size_t index;
    json_t *event;
    open_world(&world);
    json_t *answer = world_ask(&world, "event.list", row->args, NULL, &status);
    assert_int_equal(status, row->status);
    json_array_foreach(json_object_get(answer, "data"), index, event)
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%ld ", world_int(event, "position"));
    assert_string_equal(seen, row->positions);
    assert_int_equal(json_integer_value(json_object_get(answer, "reached")), row->reached);
    assert_int_equal(json_integer_value(json_object_get(answer, "last")), status == 0 ? LAST : 0);
    json_decref(answer);
    world_close(&world);
}

static void an_event_says_what_it_is(void **state)
{
    (void)state;
    tdm_world world;
    char digits[8];
    char args[64];
    open_world(&world);
    json_t *answer = world_ask(&world, "event.list", "{\"limit\":1}", NULL, NULL);
    const json_t *event = json_array_get(json_object_get(answer, "data"), 0);
    assert_string_equal(world_text(event, "type"), "target");
    assert_string_equal(world_text(event, "subject"), "period/2014/15");
    assert_int_equal(world_int(event, "sequence"), LAST);
    assert_true(json_is_false(json_object_get(event, "notice")));
    assert_int_equal(world_int(json_object_get(event, "payload"), "level_tenths"), 700);
    snprintf(digits, sizeof digits, "%.6s", world_text(event, "origin"));
    snprintf(args, sizeof args, "{\"origin\":\"%s\",\"after\":0,\"limit\":1000}", digits);
    json_decref(answer);
    answer = world_ask(&world, "event.list", args, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), LAST);
    json_decref(answer);
    world_close(&world);
}

/* More than is looked at in one go, and than the first window from the end holds. */
static void a_long_log_is_looked_through(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    tdm_world world;
    tdm_stated stated;
    size_t index;
    json_t *event;
    long last = 0;
    world_open(&world, true, NULL);
    assert_code(TDM_OK, state_some(world.core, 1, MANY, &stated));
    json_t *first = world_ask(&world, "event.list", "{\"after\":1,\"limit\":1}", NULL, NULL);
    char args[160];
    snprintf(args, sizeof args, "{\"subject\":\"%s\",\"limit\":1000}",
             world_text(json_array_get(json_object_get(first, "data"), 0), "subject"));
    json_decref(first);
    json_t *answer = world_ask(&world, "event.list", args, NULL, NULL);
    json_array_foreach(json_object_get(answer, "data"), index, event)
    {
        assert_true(world_int(event, "position") > last);
        last = world_int(event, "position");
    }
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 1000);
    assert_int_equal(last, MANY + 1); /* p100000, long after p19999 */
    assert_int_equal(json_integer_value(json_object_get(answer, "reached")), last);
    json_decref(answer);
    answer = world_ask(&world, "event.list", "{\"after\":0,\"limit\":1,\"subject\":\"programme/none\"}", NULL,
                       NULL);
    assert_int_equal(json_integer_value(json_object_get(answer, "reached")), MANY + 1);
    json_decref(answer);
    world_close(&world);
}

int main(void)
{
    struct CMUnitTest tests[2 + TDM_COUNT(ROWS)] = {
        { "an event says what it is", an_event_says_what_it_is, NULL, NULL, NULL },
        { "a long log is looked through", a_long_log_is_looked_through, NULL, NULL, NULL },
    };
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i + 2] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
