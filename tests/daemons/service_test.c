/* SPDX-License-Identifier: MPL-2.0
 *
 * service_test.c: the specification of the services: levels, moments, documents, invitations, and what is
 * refused with which words.
 */
#include "service_system.h"
#include "services/services.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- level */

struct level_case {
    const char *name;
    const char *args;
    size_t rows;
    const char *period;
    const char *group;
    double units, joint, level; /* asserted */
};

static const struct level_case LEVELS[] = {
    { "a row per year", "{}", 2, "2017/18", "", 3, 2, 66.7 },
    { "one year", "{\"fy\":\"2018/19\"}", 1, "2018/19", "", 1, 0, 0.0 },
    { "by programme", "{\"fy\":\"2017/18\",\"by\":\"programme\"}", 2, "2017/18", "boards", 1, 0, 0.0 },
    { "by kind", "{\"fy\":\"2017/18\",\"by\":\"kind\"}", 2, "2017/18", "programme", 2, 2, 100.0 },
    { "by lead", "{\"fy\":\"2017/18\",\"by\":\"lead\"}", 1, "2017/18", "R0A", 3, 2, 66.7 },
    { "by sector", "{\"fy\":\"2017/18\",\"by\":\"sector\"}", 1, "2017/18", "trust", 3, 2, 66.7 },
    { "by locality", "{\"fy\":\"2017/18\",\"by\":\"locality\"}", 1, "2017/18", "(none)", 3, 2, 66.7 },
    { "by month", "{\"fy\":\"2017/18\",\"by\":\"month\"}", 3, "2017-05", "", 1, 1, 100.0 },
    { "by quarter", "{\"fy\":\"2017/18\",\"by\":\"quarter\"}", 2, "2017/18Q1", "", 2, 2, 100.0 },
    { "by hours", "{\"fy\":\"2017/18\",\"weight\":\"hours\"}", 1, "2017/18", "", 3, 5, 50.0 },
    { "by participants", "{\"fy\":\"2017/18\",\"weight\":\"participants\"}", 1, "2017/18", "", 3, 30, 100.0 },
    { "by participant hours", "{\"fy\":\"2017/18\",\"weight\":\"participant_hours\"}", 1, "2017/18", "", 3,
      80, 100.0 },
};

static void check_level(void **state)
{
    const struct level_case *row = *state;
    json_t *keep = NULL;
    system_set_up();
    const json_t *got = system_level(&system_now()->hub, row->args, &keep);
    assert_string_equal(world_text(keep, "schema"), "tandem.level/1");
    assert_string_equal(world_text(keep, "as_of"), "2026-08-04T10:00:00.000Z");
    assert_true(json_is_true(json_object_get(keep, "complete")));
    assert_int_equal(json_array_size(json_object_get(keep, "data")), row->rows);
    assert_string_equal(world_text(got, "period"), row->period);
    assert_string_equal(world_text(got, "group"), row->group);
    assert_true(system_number(got, "units") == row->units);
    assert_true(system_number(got, "joint_asserted") == row->joint);
    assert_true(system_number(got, "level_asserted") == row->level);
    json_decref(keep);
}

struct wrong_case {
    const char *name;
    const char *verb;
    const char *args;
    int status;
    const char *says;
};

static const struct wrong_case WRONGS[] = {
    { "a year that is none", "level", "{\"fy\":\"2017/19\"}", 2, "2017/18" },
    { "a breakdown that is none", "level", "{\"by\":\"colour\"}", 2, "locality" },
    { "a weight that is none", "level", "{\"weight\":\"kilos\"}", 2, "participant_hours" },
    { "a moment that is none", "level", "{\"as_of\":\"yesterday\"}", 2, "2017-09-30" },
    { "a moment before any tide", "level", "{\"as_of\":\"2001-01-01\"}", 3, "no moment" },
    { "a node that is not known", "level", "{\"as_of\":\"seq:ffffffffff/3\"}", 3, "no node" },
    { "too few digits of a node", "level", "{\"as_of\":\"seq:ff/3\"}", 2, "6 digits" },
    { "nothing published", "level", "{\"as_of\":\"published:2017/18\"}", 3, "published" },
    { "a unit that is none", "unit.show", "{\"unit\":\"R0A\"}", 2, "LEAD/UNIT_ID" },
    { "a unit that is not there", "unit.show", "{\"unit\":\"R0A/99\"}", 3, "no unit" },
    { "a status that is none", "unit.list", "{\"status\":\"odd\"}", 2, "cancelled" },
    { "a limit that is none", "unit.list", "{\"limit\":\"x\"}", 2, "whole number" },
    { "a verb that is none", "levels", "{}", 2, "no service" },
    { "a node's verb at a hub", "import", "{}", 2, "for a node" },
    { "a percent that is none", "target.set", "{\"fy\":\"2017/18\",\"percent\":\"101\"}", 2, "0 to 100" },
    { "a period that is none", "period.close", "{\"period\":\"2017-13\"}", 2, "2017-04" },
    { "a period without units", "publish", "{\"period\":\"2030/31\"}", 3, "nothing to publish" },
    { "an invitation of nobody", "invite", "{}", 2, "organisations" },
    { "an invitation of a bad code", "invite", "{\"organisations\":[\"r\"]}", 2, "organisation code" },
    { "a match of one", "match.accept", "{\"a\":\"R0A/1\",\"b\":\"R0A/1\"}", 2, "same unit" },
    { "a match that is not there", "match.void", "{\"a\":\"R0A/1\",\"b\":\"R0A/2\"}", 3, "not matched" },
};

static void check_wrong(void **state)
{
    const struct wrong_case *row = *state;
    int status = 0;
    json_t *answer = world_ask(&system_now()->hub, row->verb, row->args, NULL, &status);
    assert_int_equal(status, row->status);
    assert_string_equal(world_text(answer, "type"), "error");
    assert_int_equal(world_int(answer, "exit"), row->status);
    if (strstr(world_text(answer, "what"), row->says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", world_text(answer, "what"), row->says);
    json_decref(answer);
}

/* ---- documents */

static const struct {
    const char *verb;
    const char *args;
    bool at_node;
    const char *schema;
} SCHEMAS[] = {
    { "unit.list", NULL, true, "tandem.units/1" },
    { "unit.list", NULL, false, "tandem.units/1" },
    { "unit.show", "{\"unit\":\"R0A/1\"}", false, "tandem.unit/1" },
    { "link.pending", NULL, true, "tandem.claims/1" },
    { "link.pending", "{\"all\":true}", false, "tandem.claims/1" },
    { "match.list", NULL, false, "tandem.matches/1" },
    { "match.propose", NULL, false, "tandem.matches/1" },
    { "node.list", NULL, true, "tandem.nodes/1" },
    { "node.list", NULL, false, "tandem.nodes/1" },
    { "organisation.list", NULL, true, "tandem.organisations/1" },
    { "organisation.list", NULL, false, "tandem.organisations/1" },
    { "status", NULL, true, "tandem.status/1" },
    { "status", NULL, false, "tandem.status/1" },
    { "doubts", NULL, false, "tandem.doubts/1" },
    { "verify", NULL, true, "tandem.verify/1" },
    { "verify", NULL, false, "tandem.verify/1" },
    { "catalogue.add", "{\"programme\":\"coaching\",\"name\":\"Coaching\"}", false, "tandem.catalogue/1" },
    { "return.make", "{\"period\":\"2017/18\",\"nil\":true}", true, "tandem.returns/1" },
};

static void every_document_names_its_schema(void **state)
{
    (void)state;
    system_set_up();
    for (size_t i = 0; i < TDM_COUNT(SCHEMAS); i++) {
        int status = 0;
        json_t *answer = world_ask(SCHEMAS[i].at_node ? &system_now()->north : &system_now()->hub,
                                   SCHEMAS[i].verb, SCHEMAS[i].args, NULL, &status);
        if (status != 0)
            fail_msg("%s: exit %d, %s", SCHEMAS[i].verb, status, world_text(answer, "what"));
        assert_string_equal(world_text(answer, "schema"), SCHEMAS[i].schema);
        assert_true(json_is_string(json_object_get(answer, "as_of")));
        assert_true(json_is_boolean(json_object_get(answer, "complete")));
        assert_true(json_is_array(json_object_get(answer, "data")));
        json_decref(answer);
    }
}

static void status_tells_who_and_what_waits(void **state)
{
    (void)state;
    json_t *keep = NULL;
    system_set_up();
    const json_t *row = world_row(&system_now()->south, "status", NULL, NULL, &keep);
    assert_string_equal(world_text(row, "role"), "node");
    assert_int_equal(world_int(row, "pending_claims"), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "organisations"), 0)), "RXA");
    assert_int_equal(strlen(world_text(row, "hub")), 32);
    assert_true(world_int(row, "store_bytes") > 0);
    json_decref(keep);
}

/* ---- moments */

static void an_origin_is_limited_by_its_sequence(void **state)
{
    (void)state;
    char args[120];
    char hex[33];
    json_t *keep = NULL;
    system_set_up();
    tdm_hex(hex, tdm_core_origin(system_now()->north.core)->bytes, TDM_ID_BYTES);
    /* 1 incarnation, then unit 1: unit, session, attendance, link */
    snprintf(args, sizeof args, "{\"as_of\":\"seq:%.8s/5\"}", hex);
    const json_t *row = system_level(&system_now()->hub, args, &keep);
    assert_int_equal(json_array_size(json_object_get(keep, "data")), 1);
    assert_int_equal(world_int(row, "units"), 1);
    json_decref(keep);
    snprintf(args, sizeof args, "{\"as_of\":\"seq:%s/999999\"}", hex);
    row = system_level(&system_now()->north, args, &keep);
    assert_int_equal(world_int(row, "units"), 3);
    json_decref(keep);
}

struct when_case {
    const char *name;
    const char *text;
    const char *wanted; /* NULL: refused */
};

static const struct when_case WHENS[] = {
    { "a time", "2017-09-30T12:00:00Z", "2017-09-30T12:00:00.000Z" },
    { "a time with an offset", "2017-09-30T12:00:00+01:00", "2017-09-30T11:00:00.000Z" },
    { "a summer day ends in London", "2017-09-30", "2017-09-30T22:59:59.999Z" },
    { "a winter day ends in London", "2017-12-31", "2017-12-31T23:59:59.999Z" },
    { "the day the clocks go forward ends in summer time", "2018-03-25", "2018-03-25T22:59:59.999Z" },
    { "the day the clocks go back ends in winter time", "2018-10-28", "2018-10-28T23:59:59.999Z" },
    { "days before now", "-2d", "2026-08-02T10:00:00.000Z" },
    { "hours before now", "-3h", "2026-08-04T07:00:00.000Z" },
    { "minutes before now", "-30min", "2026-08-04T09:30:00.000Z" },
    { "weeks before now", "-1w", "2026-07-28T10:00:00.000Z" },
    { "no unit", "-2", NULL },
    { "no number", "-d", NULL },
    { "a day that does not exist", "2017-02-30", NULL },
    { "words", "yesterday", NULL },
    { "nothing", "", NULL },
};

static void check_when(void **state)
{
    const struct when_case *row = *state;
    int64_t ms = 0;
    char text[40];
    tdm_err err = { 0 };
    tdm_code code = tdm_when_parse(row->text, WORLD_NOW, &ms, &err);
    assert_int_equal(code, row->wanted == NULL ? TDM_INVALID : TDM_OK);
    if (row->wanted == NULL)
        return;
    tdm_time_text(ms, 0, text);
    assert_string_equal(text, row->wanted);
}

/* ---- invitations */

static void an_invitation_is_joined_with(void **state)
{
    (void)state;
    json_t *keep = NULL;
    const json_t *row = world_row(
        &system_now()->hub, "invite",
        "{\"organisations\":[\"R0A\",\"r0b\"],\"name\":\"North\",\"sector\":\"trust\"}", NULL, &keep);
    char line[2000];
    snprintf(line, sizeof line, "%.40s\n  %s\n", world_text(row, "code"), world_text(row, "code") + 40);
    json_decref(keep);
    row = world_row(&system_now()->north, "join", NULL, line, &keep);
    assert_string_equal(world_text(row, "endpoint"), "tcp://127.0.0.1:5670");
    assert_int_equal(json_array_size(json_object_get(row, "organisations")), 2);
    json_decref(keep);
    json_t *answer = world_ask(&system_now()->hub, "organisation.list", NULL, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2);
    json_decref(answer);
}

static void a_join_code_that_was_touched_is_refused(void **state)
{
    (void)state;
    json_t *keep = NULL;
    char code[2000];
    const json_t *row =
        world_row(&system_now()->hub, "invite", "{\"organisations\":\"R0A\",\"hours\":1}", NULL, &keep);
    snprintf(code, sizeof code, "%s", world_text(row, "code"));
    json_decref(keep);
    size_t length = strlen(code);
    for (size_t at = 0; at < length; at += 7) {
        int status = 0;
        char kept = code[at];
        code[at] = kept == 'A' ? 'B' : 'A';
        json_t *answer = world_ask(&system_now()->north, "join", NULL, code, &status);
        assert_int_not_equal(status, 0);
        json_decref(answer);
        code[at] = kept;
    }
    int status = 0;
    system_now()->north.context.now_ms = WORLD_NOW + 2 * 3600000;
    json_t *answer = world_ask(&system_now()->north, "join", NULL, code, &status);
    assert_int_equal(status, 4); /* expired */
    json_decref(answer);
}

/* The door answers others meanwhile (control_turns_test.c). */
static void what_reads_the_whole_log_is_served_aside(void **state)
{
    static const char *const WHOLE[] = { "export", "snapshot", "verify" };
    size_t count, found = 0;
    const tdm_service *services = tdm_services(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool expected = false;
        for (size_t k = 0; k < TDM_COUNT(WHOLE); k++)
            expected = expected || strcmp(services[i].verb, WHOLE[k]) == 0;
        found += expected;
        assert_int_equal(services[i].needs == TDM_NEEDS_WHOLE_LOG, expected);
    }
    assert_int_equal(found, TDM_COUNT(WHOLE));
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, system_open, system_close)
static const struct CMUnitTest STORIES[] = {
    STORY(every_document_names_its_schema),
    STORY(status_tells_who_and_what_waits),
    STORY(an_origin_is_limited_by_its_sequence),
    STORY(an_invitation_is_joined_with),
    STORY(a_join_code_that_was_touched_is_refused),
    cmocka_unit_test(what_reads_the_whole_log_is_served_aside),
};

#define ROWS_OF(table, function, setup, teardown)                                                            \
    for (size_t i = 0; i < TDM_COUNT(table); i++)                                                            \
        tests[count++] = (struct CMUnitTest)                                                                 \
        {                                                                                                    \
            (table)[i].name, function, setup, teardown, (void *)&(table)[i]                                  \
        }

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(STORIES) + TDM_COUNT(LEVELS) + TDM_COUNT(WRONGS) + TDM_COUNT(WHENS)];
    size_t count = 0;
    ROWS_OF(LEVELS, check_level, system_open, system_close);
    ROWS_OF(WRONGS, check_wrong, system_open, system_close);
    ROWS_OF(WHENS, check_when, NULL, NULL);
    for (size_t i = 0; i < TDM_COUNT(STORIES); i++)
        tests[count++] = STORIES[i];
    return _cmocka_run_group_tests("services", tests, count, NULL, NULL);
}
