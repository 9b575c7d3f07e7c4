/* SPDX-License-Identifier: MPL-2.0
 *
 * service_test.c: the specification of the services together: two nodes and a hub in one process, whose logs
 * are handed over as links would.
 */
#include "service_world.h"
#include "services/services.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static tdm_world north; /* R0A, leads */
static tdm_world south; /* RXA, partner */
static tdm_world hub;

static int open_worlds(void **state)
{
    (void)state;
    world_open(&north, false, "R0A");
    world_open(&south, false, "RXA");
    world_open(&hub, true, "QOP");
    return 0;
}

static int close_worlds(void **state)
{
    (void)state;
    world_close(&north);
    world_close(&south);
    world_close(&hub);
    return 0;
}

/* ---- the hub as its links would have made it: organisations, and who speaks for them */

static void state_represents(const tdm_world *node)
{
    tdm_err err = { 0 };
    tdm_stated stated;
    tdm_buf subject = { 0 };
    tdm_record record;
    tdm_drafts *drafts = tdm_drafts_new();
    const tdm_id *origin = tdm_core_origin(node->core);
    const char *words[] = { "represents", node->organisation };
    tdm_id fact = tdm_fact_named(words, 2);
    tdm_subject_origin(&subject, origin);
    tdm_record_init(&record, TDM_TYPE_REPRESENTS);
    tdm_record_set_bytes(&record, TDM_REPRESENTS_ORIGIN, (tdm_span){ origin->bytes, TDM_ID_BYTES });
    tdm_record_set_text(&record, TDM_REPRESENTS_ORGANISATION, node->organisation);
    tdm_record_set_number(&record, TDM_REPRESENTS_MODE, TDM_MODE_IS_REPRESENTS);
    assert_int_equal(
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, 17000, &record, &err),
        TDM_OK);
    assert_int_equal(tdm_core_state_drafts(hub.core, drafts, &stated, &err), TDM_OK);
    tdm_drafts_free(&drafts);
    tdm_buf_free(&subject);
}

static void ask_well(tdm_world *world, const char *verb, const char *args, const char *body)
{
    int status = 0;
    json_t *answer = world_ask(world, verb, args, body, &status);
    if (status != 0)
        fail_msg("%s: exit %d, %s", verb, status, world_text(answer, "what"));
    json_decref(answer);
}

static void share_all(void)
{
    world_copy_log(&north, &hub);
    world_copy_log(&south, &hub);
    world_copy_log(&north, &south);
    world_copy_log(&hub, &north);
    world_copy_log(&hub, &south);
}

#define UNITS                                                                                                \
    "unit_id,kind,programme,start_date,hours,participants,partners\n"                                        \
    "1,programme,coaching,2017-05-01,2,10,RXA\n"                                                             \
    "2,programme,coaching,2017-06-01,3,20,RXA:plan\n"                                                        \
    "3,team_intervention,boards,2017-08-01,5,,\n"                                                            \
    "4,programme,coaching,2018-05-01,2,10,\n"

static void set_up_system(void)
{
    ask_well(&hub, "organisation.import", NULL,
             "code,name,sector\nR0A,North Trust,trust\nRXA,South Trust,trust\nQOP,System,commissioner\n");
    state_represents(&north);
    state_represents(&south);
    ask_well(&north, "import", NULL, UNITS);
    share_all();
    tdm_err err = { 0 };
    assert_int_equal(tdm_core_set_authority(north.core, tdm_core_origin(hub.core), &err), TDM_OK);
    assert_int_equal(tdm_core_set_authority(south.core, tdm_core_origin(hub.core), &err), TDM_OK);
}

static const json_t *level_row(tdm_world *world, const char *args, json_t **keep)
{
    return world_row(world, "level", args, NULL, keep);
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

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
    set_up_system();
    const json_t *got = level_row(&hub, row->args, &keep);
    assert_string_equal(world_text(keep, "schema"), "tandem.level/1");
    assert_string_equal(world_text(keep, "as_of"), "2026-08-04T10:00:00.000Z");
    assert_true(json_is_true(json_object_get(keep, "complete")));
    assert_int_equal(json_array_size(json_object_get(keep, "data")), row->rows);
    assert_string_equal(world_text(got, "period"), row->period);
    assert_string_equal(world_text(got, "group"), row->group);
    assert_true(number(got, "units") == row->units);
    assert_true(number(got, "joint_asserted") == row->joint);
    assert_true(number(got, "level_asserted") == row->level);
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
    json_t *answer = world_ask(&hub, row->verb, row->args, NULL, &status);
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
    set_up_system();
    for (size_t i = 0; i < TDM_COUNT(SCHEMAS); i++) {
        int status = 0;
        json_t *answer =
            world_ask(SCHEMAS[i].at_node ? &north : &hub, SCHEMAS[i].verb, SCHEMAS[i].args, NULL, &status);
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
    set_up_system();
    const json_t *row = world_row(&south, "status", NULL, NULL, &keep);
    assert_string_equal(world_text(row, "role"), "node");
    assert_int_equal(world_int(row, "pending_claims"), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "organisations"), 0)), "RXA");
    assert_int_equal(strlen(world_text(row, "hub")), 32);
    assert_true(world_int(row, "store_bytes") > 0);
    json_decref(keep);
}

/* ---- links */

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
    assert_string_equal(pending_state(&south, unit, &keep), wanted);
    json_decref(keep);
}

static void expect_corroborated(double wanted)
{
    json_t *keep = NULL;
    world_copy_log(&south, &hub);
    const json_t *row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_true(number(row, "level_corroborated") == wanted);
    json_decref(keep);
}

static void reply(const char *verb, const char *args, const char *result)
{
    json_t *keep = NULL;
    const json_t *row = world_row(&south, verb, args, NULL, &keep);
    assert_string_equal(world_text(row, "result"), result);
    json_decref(keep);
}

static void a_partner_confirms_disputes_and_takes_back(void **state)
{
    (void)state;
    static const char ONE[] = "{\"unit\":\"R0A/1\"}";
    set_up_system();
    expect_state("R0A/1", "unanswered");
    reply("link.confirm", ONE, "confirmed");
    expect_state("R0A/1", "confirmed");
    expect_corroborated(33.3);
    uint64_t before = world_last_sequence(&south);
    reply("link.confirm", ONE, "already confirmed");
    assert_int_equal(world_last_sequence(&south), before);
    reply("link.dispute", "{\"unit\":\"R0A/1\",\"reason\":\"not us\"}", "disputed");
    expect_state("R0A/1", "disputed");
    expect_corroborated(0.0);
    reply("link.dispute", ONE, "already disputed");
    reply("link.confirm", ONE, "confirmed");
    expect_state("R0A/1", "confirmed");
    reply("link.withdraw", ONE, "withdrawn");
    expect_state("R0A/1", "unanswered");
    reply("link.withdraw", ONE, "no answer to withdraw");
    reply("link.confirm", ONE, "confirmed");
    expect_corroborated(33.3);
}

static void all_claims_are_confirmed_at_once(void **state)
{
    (void)state;
    set_up_system();
    json_t *answer = world_ask(&south, "link.confirm", "{\"all\":true}", NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2);
    json_decref(answer);
    expect_corroborated(66.7);
    answer = world_ask(&south, "link.pending", NULL, NULL, NULL);
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
    set_up_system();
    json_t *answer = world_ask(&south, "link.confirm", row->args, NULL, &status);
    assert_int_equal(status, row->status);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), row->rows);
    json_decref(answer);
}

static void a_claim_is_chosen_by_its_reference(void **state)
{
    (void)state;
    char args[64];
    json_t *keep = NULL;
    set_up_system();
    const json_t *row = world_row(&south, "link.pending", NULL, NULL, &keep);
    snprintf(args, sizeof args, "{\"reference\":\"%s\"}", world_text(row, "reference"));
    json_t *answer = world_ask(&south, "link.confirm", args, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 1);
    assert_string_equal(world_text(row, "stated_by"), "R0A");
    assert_int_equal(strlen(world_text(row, "stated_on")), 10);
    json_decref(answer);
    json_decref(keep);
}

static void a_changed_assertion_lapses_its_confirmation(void **state)
{
    (void)state;
    set_up_system();
    reply("link.confirm", "{\"unit\":\"R0A/1\"}", "confirmed");
    ask_well(&north, "import", NULL,
             "unit_id,kind,start_date,partners\n1,programme,2017-05-01,RXA:deliver+support\n");
    world_copy_log(&north, &south);
    json_t *answer = world_ask(&south, "link.pending", NULL, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2); /* support, and unit 2's plan */
    json_decref(answer);
}

/* ---- registry, periods, publication */

static void organisations_are_imported_once_and_change_by_date(void **state)
{
    (void)state;
    json_t *keep = NULL;
    static const char FIRST[] = "code,name,sector,parent,belongs_as,closed,successor,succeeded_on\n"
                                "R0A,North Trust,trust,,,,,\n"
                                "R0A01,A site,trust,R0A,site,,,\n"
                                "RW6,Old Trust,trust,,,20210930,,\n"
                                "RTV,Gone Trust,trust,,,2021-05-31,R0A,2021-06-01\n"
                                "bad,,trust,,,,,\n"
                                "RXX,No Sector,,,,,,\n"
                                "R0A,Twice,trust,,,,,\n";
    const json_t *report = world_row(&hub, "organisation.import", NULL, FIRST, &keep);
    assert_int_equal(world_int(report, "new"), 4);
    assert_int_equal(world_int(report, "refused"), 3);
    json_decref(keep);
    uint64_t before = world_last_sequence(&hub);
    report = world_row(&hub, "organisation.import", NULL, FIRST, &keep);
    assert_int_equal(world_int(report, "known"), 4);
    assert_int_equal(world_last_sequence(&hub), before);
    json_decref(keep);
    static const char SECOND[] = "code,name,sector\nR0A,Renamed Trust,voluntary\n";
    report = world_row(&hub, "organisation.import", NULL, SECOND, &keep);
    assert_int_equal(world_int(report, "changed"), 1);
    json_decref(keep);
    report = world_row(&hub, "organisation.import", NULL, SECOND, &keep);
    assert_int_equal(world_int(report, "known"), 1);
    json_decref(keep);
    json_t *answer = world_ask(&hub, "organisation.list", NULL, NULL, NULL);
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(answer, "data"), index, row)
    {
        const char *code = world_text(row, "code");
        if (strcmp(code, "R0A01") == 0 || strcmp(code, "RTV") == 0)
            assert_string_equal(world_text(row, "root"), "R0A");
        assert_int_equal(json_is_true(json_object_get(row, "closed")), strcmp(code, "RW6") == 0);
    }
    assert_int_equal(index, 4);
    json_decref(answer);
}

static void targets_are_set_and_set_again(void **state)
{
    (void)state;
    json_t *keep = NULL;
    set_up_system();
    ask_well(&hub, "target.set", "{\"fy\":\"2017/18\",\"percent\":\"85\"}", NULL);
    const json_t *row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_true(number(row, "target") == 85.0);
    assert_true(number(row, "gap") == -85.0);
    json_decref(keep);
    ask_well(&hub, "target.set", "{\"fy\":\"2017/18\",\"percent\":82.5}", NULL);
    row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_true(number(row, "target") == 82.5);
    json_decref(keep);
    const json_t *again =
        world_row(&hub, "target.set", "{\"fy\":\"2017/18\",\"percent\":\"82.5\"}", NULL, &keep);
    assert_false(json_is_true(json_object_get(again, "stated")));
    json_decref(keep);
}

static void returns_are_expected_and_made(void **state)
{
    (void)state;
    json_t *keep = NULL;
    set_up_system();
    ask_well(&hub, "return.expect", "{\"period\":\"2017/18\",\"organisation\":\"R0A\"}", NULL);
    ask_well(&hub, "return.expect", "{\"period\":\"2017/18\",\"organisation\":\"RXA\"}", NULL);
    ask_well(&north, "return.make", "{\"period\":\"2017/18\"}", NULL);
    world_copy_log(&north, &hub);
    const json_t *row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(json_object_get(row, "returns"), "expected"), 2);
    assert_int_equal(world_int(json_object_get(row, "returns"), "received"), 1);
    json_decref(keep);
}

static void published_figures_stay_and_revisions_show(void **state)
{
    (void)state;
    json_t *keep = NULL;
    set_up_system();
    ask_well(&hub, "period.close", "{\"period\":\"2017/18\"}", NULL);
    uint64_t before = world_last_sequence(&hub);
    const json_t *row = world_row(&hub, "period.close", "{\"period\":\"2017/18\"}", NULL, &keep);
    assert_false(json_is_true(json_object_get(row, "stated")));
    assert_int_equal(world_last_sequence(&hub), before);
    json_decref(keep);
    reply("link.confirm", "{\"unit\":\"R0A/1\"}", "confirmed");
    expect_corroborated(33.3);
    /* published at the closing's frontier, which does not cover the confirmation */
    row = world_row(&hub, "publish", "{\"period\":\"2017/18\",\"by\":\"programme\"}", NULL, &keep);
    assert_int_equal(json_array_size(json_object_get(keep, "data")), 3);
    assert_int_equal(world_int(row, "joint_corroborated"), 0);
    assert_int_equal(world_int(row, "units"), 3);
    json_decref(keep);
    row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_true(json_is_number(json_object_get(row, "published")));
    assert_true(number(row, "published") == 0.0);
    assert_true(number(row, "revision") == 33.3);
    assert_int_equal(world_int(row, "late"), 1);
    json_decref(keep);
    before = world_last_sequence(&hub);
    ask_well(&hub, "publish", "{\"period\":\"2017/18\"}", NULL);
    assert_int_equal(world_last_sequence(&hub), before);
    row = level_row(&hub, "{\"fy\":\"2017/18\",\"as_of\":\"published:2017/18\"}", &keep);
    assert_true(number(row, "level_corroborated") == 0.0);
    json_decref(keep);
}

static void two_records_are_matched_and_split_again(void **state)
{
    (void)state;
    json_t *keep = NULL;
    static const char PAIR[] = "{\"a\":\"RXA/x\",\"b\":\"R0A/1\",\"reason\":\"same day\"}";
    set_up_system();
    ask_well(&south, "import", NULL, "unit_id,kind,start_date,hours\nx,programme,2017-05-01,2\n");
    world_copy_log(&south, &hub);
    const json_t *row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(row, "units"), 4);
    json_decref(keep);
    ask_well(&hub, "match.accept", PAIR, NULL);
    row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(row, "units"), 3);
    json_decref(keep);
    row = world_row(&hub, "match.list", NULL, NULL, &keep);
    assert_string_equal(world_text(row, "a"), "R0A/1");
    assert_string_equal(world_text(row, "state"), "accepted");
    json_decref(keep);
    ask_well(&hub, "match.void", PAIR, NULL);
    row = world_row(&hub, "match.list", NULL, NULL, &keep);
    assert_string_equal(world_text(row, "state"), "voided");
    json_decref(keep);
    row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(row, "units"), 4);
    json_decref(keep);
    ask_well(&hub, "match.accept", PAIR, NULL);
    row = level_row(&hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_int_equal(world_int(row, "units"), 3);
    json_decref(keep);
}

static void likely_matches_are_proposed_once(void **state)
{
    (void)state;
    set_up_system();
    ask_well(&south, "import", NULL,
             "unit_id,kind,programme,start_date,hours,partners\nx,programme,coaching,2017-05-01,2,R0A\n");
    world_copy_log(&south, &hub);
    json_t *answer = world_ask(&hub, "match.propose", NULL, NULL, NULL);
    size_t proposed = json_array_size(json_object_get(answer, "data"));
    json_decref(answer);
    assert_true(proposed >= 1);
    answer = world_ask(&hub, "match.propose", NULL, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 0);
    json_decref(answer);
    json_t *keep = NULL;
    const json_t *row = world_row(&hub, "match.list", NULL, NULL, &keep);
    assert_string_equal(world_text(row, "state"), "proposed");
    assert_true(json_is_integer(json_object_get(row, "likeness")));
    json_decref(keep);
}

/* ---- moments */

static void an_origin_is_limited_by_its_sequence(void **state)
{
    (void)state;
    char args[120];
    char hex[33];
    json_t *keep = NULL;
    set_up_system();
    tdm_hex(hex, tdm_core_origin(north.core)->bytes, TDM_ID_BYTES);
    /* 1 incarnation, then unit 1: unit, session, attendance, link */
    snprintf(args, sizeof args, "{\"as_of\":\"seq:%.8s/5\"}", hex);
    const json_t *row = level_row(&hub, args, &keep);
    assert_int_equal(json_array_size(json_object_get(keep, "data")), 1);
    assert_int_equal(world_int(row, "units"), 1);
    json_decref(keep);
    snprintf(args, sizeof args, "{\"as_of\":\"seq:%s/999999\"}", hex);
    row = level_row(&north, args, &keep);
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
        &hub, "invite", "{\"organisations\":[\"R0A\",\"r0b\"],\"name\":\"North\",\"sector\":\"trust\"}", NULL,
        &keep);
    char line[2000];
    snprintf(line, sizeof line, "%.40s\n  %s\n", world_text(row, "code"), world_text(row, "code") + 40);
    json_decref(keep);
    row = world_row(&north, "join", NULL, line, &keep);
    assert_string_equal(world_text(row, "endpoint"), "tcp://127.0.0.1:5670");
    assert_int_equal(json_array_size(json_object_get(row, "organisations")), 2);
    json_decref(keep);
    json_t *answer = world_ask(&hub, "organisation.list", NULL, NULL, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2);
    json_decref(answer);
}

static void a_join_code_that_was_touched_is_refused(void **state)
{
    (void)state;
    json_t *keep = NULL;
    char code[2000];
    const json_t *row = world_row(&hub, "invite", "{\"organisations\":\"R0A\",\"hours\":1}", NULL, &keep);
    snprintf(code, sizeof code, "%s", world_text(row, "code"));
    json_decref(keep);
    size_t length = strlen(code);
    for (size_t at = 0; at < length; at += 7) {
        int status = 0;
        char kept = code[at];
        code[at] = kept == 'A' ? 'B' : 'A';
        json_t *answer = world_ask(&north, "join", NULL, code, &status);
        assert_int_not_equal(status, 0);
        json_decref(answer);
        code[at] = kept;
    }
    int status = 0;
    north.context.now_ms = WORLD_NOW + 2 * 3600000;
    json_t *answer = world_ask(&north, "join", NULL, code, &status);
    assert_int_equal(status, 4); /* expired */
    json_decref(answer);
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, open_worlds, close_worlds)
static const struct CMUnitTest STORIES[] = {
    STORY(every_document_names_its_schema),
    STORY(status_tells_who_and_what_waits),
    STORY(a_partner_confirms_disputes_and_takes_back),
    STORY(all_claims_are_confirmed_at_once),
    STORY(a_claim_is_chosen_by_its_reference),
    STORY(a_changed_assertion_lapses_its_confirmation),
    STORY(organisations_are_imported_once_and_change_by_date),
    STORY(targets_are_set_and_set_again),
    STORY(returns_are_expected_and_made),
    STORY(published_figures_stay_and_revisions_show),
    STORY(two_records_are_matched_and_split_again),
    STORY(likely_matches_are_proposed_once),
    STORY(an_origin_is_limited_by_its_sequence),
    STORY(an_invitation_is_joined_with),
    STORY(a_join_code_that_was_touched_is_refused),
};

#define ROWS_OF(table, function, setup, teardown)                                                            \
    for (size_t i = 0; i < TDM_COUNT(table); i++)                                                            \
        tests[count++] = (struct CMUnitTest)                                                                 \
        {                                                                                                    \
            (table)[i].name, function, setup, teardown, (void *)&(table)[i]                                  \
        }

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(LEVELS) + TDM_COUNT(WRONGS) + TDM_COUNT(CHOICES) + TDM_COUNT(WHENS)
                            + TDM_COUNT(STORIES)];
    size_t count = 0;
    ROWS_OF(LEVELS, check_level, open_worlds, close_worlds);
    ROWS_OF(WRONGS, check_wrong, open_worlds, close_worlds);
    ROWS_OF(CHOICES, check_choice, open_worlds, close_worlds);
    ROWS_OF(WHENS, check_when, NULL, NULL);
    for (size_t i = 0; i < TDM_COUNT(STORIES); i++)
        tests[count++] = STORIES[i];
    return _cmocka_run_group_tests("services", tests, count, NULL, NULL);
}
