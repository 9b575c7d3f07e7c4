/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_test.c: the specification of the service record.fact: every type of the schema table that people
 * record, and amendments of what was.
 */
#include "filing.h"
#include "fact_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX32 HEX16 HEX16
#define OTHER32 HEX16 "ffeeddccbbaa99887766554433221100"

enum { TYPES_MAX = 128 };

/* ---- a fact of every type, with values made from its rows */

static const char *sample(const tdm_type *type, const tdm_field *field, bool other)
{
    switch (field->kind) {
    case TDM_KIND_BOOL:
        return other ? "no" : "yes";
    case TDM_KIND_CODE:
        return other ? "RYB" : "RXA";
    case TDM_KIND_SUBJECT:
        return field->number == 1 ? "unit/R0A/1" : "unit/R0A/2";
    case TDM_KIND_PERIOD:
        return other ? "2018/19" : "2017/18";
    case TDM_KIND_ID:
        return HEX16;
    case TDM_KIND_DIGEST:
        return other ? OTHER32 : HEX32;
    case TDM_KIND_DATE:
        return other ? "2017-06-01" : "2017-05-04";
    case TDM_KIND_YEAR:
        return other ? "2018/19" : "2017/18";
    case TDM_KIND_ENUM:
        return tdm_enum_word(field->set, other ? 2 : 1);
    case TDM_KIND_TEXTS:
        return other ? "a;c" : "a;b";
    case TDM_KIND_LIST:
        return other ? "RXA:4" : "RXA:3";
    default:
        (void)type;
        return other ? "2" : "1";
    }
}

/* The last field that is neither in the name nor the subject; NULL: none. */
static const tdm_field *free_field(const tdm_type *type)
{
    const tdm_field *found = NULL;
    for (size_t i = 0; i < type->field_count; i++)
        if (!tdm_field_names(type, &type->fields[i]))
            found = &type->fields[i];
    return found;
}

static char *make_args(const tdm_type *type, const tdm_field *changed, bool hide)
{
    json_t *fields = json_object();
    for (size_t i = 0; i < type->field_count; i++) {
        const tdm_field *field = &type->fields[i];
        if (strcmp(field->name, "recorder") != 0)
            json_object_set_new(fields, field->name, json_string(sample(type, field, field == changed)));
    }
    json_t *args = json_pack("{s:s, s:o}", "type", type->name, "fields", fields);
    if (tdm_type_takes_unit(type))
        json_object_set_new(args, "unit", json_string("R0A/1"));
    if (hide)
        json_object_set_new(args, "void", json_true());
    char *text = json_dumps(args, JSON_COMPACT);
    json_decref(args);
    return text;
}

static void expect_made(tdm_world *world, const tdm_type *type, const tdm_field *changed, bool hide,
                        const char *wanted)
{
    char *args = make_args(type, changed, hide);
    expect(world, args, wanted);
    free(args);
}

static void check_type(void **state)
{
    const tdm_type *type = *state;
    const char *why;
    bool at_node = (tdm_type_recorded_at(type, &why) & TDM_RECORDED_AT_NODE) != 0;
    tdm_world *world = at_node ? &node : &hub;
    const tdm_field *changed = free_field(type);
    open_worlds(NULL);
    expect_made(world, type, NULL, false, "new");
    uint64_t last = world_last_sequence(world);
    expect_made(world, type, NULL, false, "known");
    assert_int_equal(world_last_sequence(world), last);
    if (changed != NULL)
        expect_made(world, type, changed, false, "changed");
    expect_made(world, type, NULL, true, "hidden");
    expect_made(world, type, NULL, true, "known");
    expect_made(world, type, NULL, false, "returned");
    expect_made(world, type, NULL, false, "known");
    if (!at_node) {
        char *args = make_args(type, NULL, false);
        expect_failure(&node, args, "from the hub alone");
        free(args);
    }
    if (type->duty == TDM_DUTY_PERSON) {
        json_t *keep = NULL;
        const json_t *row = world_row(&node, "person.show", "{\"person\":\"1\"}", NULL, &keep);
        assert_string_equal(world_text(row, "type"), type->name);
        json_decref(keep);
    }
    close_worlds(NULL);
}

/* ---- the other ways to state the same facts */

#define ROW "1,programme,coaching,First,2017-05-04,6.5,12,RXA:plan\n"

static void an_imported_unit_is_known(void **state)
{
    (void)state;
    json_t *keep = NULL;
    world_row(&node, "import", "{\"register\":\"ours\"}",
              "unit_id,kind,programme,title,start_date,hours,participants,partners\n" ROW, &keep);
    json_decref(keep);
    uint64_t last = world_last_sequence(&node);
    expect(&node,
           "{\"type\":\"unit\",\"fields\":{\"unit_id\":\"1\",\"kind\":\"programme\",\"status\":\"delivered\","
           "\"programme\":\"coaching\",\"title\":\"First\",\"start\":\"2017-05-04\"}}",
           "known");
    expect(&node,
           "{\"type\":\"session\",\"unit\":\"R0A/1\",\"fields\":{\"date\":\"2017-05-04\",\"hours\":\"6.5\"}}",
           "known");
    expect(&node, "{\"type\":\"attendance\",\"unit\":\"r0a/1\",\"fields\":{\"session\":\"1\",\"people\":12}}",
           "known");
    expect(&node,
           "{\"type\":\"link_assert\",\"unit\":\"R0A/"
           "1\",\"fields\":{\"organisation\":\"RXA\",\"phase\":\"plan\"}}",
           "known");
    assert_int_equal(world_last_sequence(&node), last);
    expect(&node, "{\"type\":\"session\",\"unit\":\"R0A/1\",\"fields\":{\"hours\":7}}", "changed");
    expect(&node,
           "{\"type\":\"session\",\"unit\":\"R0A/"
           "1\",\"id\":\"2\",\"fields\":{\"date\":\"2017-05-11\",\"hours\":7}}",
           "new");
    expect(&node, "{\"type\":\"attendance\",\"unit\":\"R0A/1\",\"fields\":{\"session\":\"2\",\"people\":9}}",
           "new");
}

static void a_recorded_unit_is_known_to_the_import(void **state)
{
    (void)state;
    json_t *keep = NULL;
    expect(&node,
           "{\"type\":\"unit\",\"fields\":{\"unit_id\":\"1\",\"kind\":\"programme\",\"status\":\"delivered\","
           "\"programme\":\"coaching\",\"title\":\"First\",\"start\":\"2017-05-04\"}}",
           "new");
    expect(&node,
           "{\"type\":\"session\",\"unit\":\"R0A/1\",\"fields\":{\"date\":\"2017-05-04\",\"hours\":6.5}}",
           "new");
    expect(&node, "{\"type\":\"attendance\",\"unit\":\"R0A/1\",\"fields\":{\"people\":12}}", "new");
    expect(&node,
           "{\"type\":\"link_assert\",\"unit\":\"R0A/"
           "1\",\"fields\":{\"organisation\":\"RXA\",\"phase\":\"plan\"}}",
           "new");
    const json_t *report =
        world_row(&node, "import", NULL,
                  "unit_id,kind,programme,title,start_date,hours,participants,partners\n" ROW, &keep);
    assert_int_equal(world_int(report, "known"), 1);
    assert_int_equal(world_int(report, "events"), 0);
    json_decref(keep);
}

static void stated(tdm_world *world, const char *verb, const char *args, const char *body)
{
    json_t *keep = NULL;
    world_row(world, verb, args, body, &keep);
    json_decref(keep);
}

static void the_registry_is_known_either_way(void **state)
{
    (void)state;
    stated(&hub, "organisation.import", NULL,
           "code,name,sector,closed\nR0A,North Trust,trust,\nRXA,South Trust,trust,2021-03-31\n");
    stated(&hub, "target.set", "{\"fy\":\"2017/18\",\"percent\":\"45\"}", NULL);
    stated(&hub, "baseline.set", "{\"fy\":\"2016/17\",\"percent\":\"30.5\"}", NULL);
    stated(&hub, "catalogue.add", "{\"programme\":\"coaching\",\"name\":\"Coaching\"}", NULL);
    stated(&hub, "return.expect", "{\"period\":\"2017/18\",\"organisation\":\"R0A\"}", NULL);
    stated(&node, "return.make", "{\"period\":\"2017/18\",\"nil\":true}", NULL);
    static const char *const SAME[] = {
        "{\"type\":\"organisation\",\"fields\":{\"code\":\"r0a\",\"name\":\"North "
        "Trust\",\"sector\":\"trust\"}}",
        "{\"type\":\"organisation_change\",\"fields\":{\"code\":\"RXA\",\"change\":\"closed\",\"effective\":"
        "\"2021-03-31\"}}",
        "{\"type\":\"target\",\"fields\":{\"financial_year\":\"2017/18\",\"level_tenths\":450}}",
        "{\"type\":\"baseline\",\"fields\":{\"financial-year\":\"2016/17\",\"level\":\"30.5\"}}",
        "{\"type\":\"catalogue-entry\",\"fields\":{\"programme\":\"coaching\",\"name\":\"Coaching\"}}",
        "{\"type\":\"return_expected\",\"fields\":{\"period\":\"2017/18\",\"organisation\":\"R0A\"}}",
    };
    for (size_t i = 0; i < TDM_COUNT(SAME); i++)
        expect(&hub, SAME[i], "known");
    expect(&node, "{\"type\":\"return_made\",\"fields\":{\"period\":\"2017/18\",\"nil\":\"yes\"}}", "known");
}

/* ---- single facts */

static void the_answer_names_the_fact(void **state)
{
    (void)state;
    json_t *keep =
        ask(&node,
            "{\"type\":\"need\",\"fields\":{\"need_id\":\"7\",\"theme\":\"time\",\"stated\":\"2017-05-04\"}}",
            "new");
    const json_t *row = json_array_get(json_object_get(keep, "data"), 0);
    char hex[33];
    tdm_id fact = tdm_fact_named((const char *[]){ "need", "R0A", "need/R0A/7", "7" }, 4);
    tdm_hex(hex, fact.bytes, sizeof fact.bytes);
    assert_string_equal(world_text(row, "fact"), hex);
    assert_string_equal(world_text(row, "subject"), "need/R0A/7");
    assert_int_equal(world_int(row, "events"), 1);
    json_decref(keep);
}

#define NEED(rest) "{\"type\":\"need\"," rest "}"

static void what_is_not_told_stays(void **state)
{
    (void)state;
    expect(&node,
           NEED("\"fields\":{\"need_id\":\"7\",\"theme\":\"time\",\"stated\":\"2017-05-04\",\"locality\":"
                "\"Leeds\"}"),
           "new");
    expect(&node, NEED("\"fields\":{\"need_id\":\"7\",\"answered\":\"2017-06-01\"}"), "changed");
    expect(&node,
           NEED("\"fields\":{\"need_id\":\"7\",\"theme\":\"time\",\"locality\":\"Leeds\",\"answered\":\"2017-"
                "06-01\"}"),
           "known");
    expect(&node, NEED("\"fields\":{\"need_id\":\"7\",\"locality\":null}"), "changed");
    expect(&node, NEED("\"fields\":{\"need_id\":\"7\",\"locality\":\"\"}"), "known");
    expect_refusal(&node, NEED("\"fields\":{\"need_id\":\"8\",\"answered\":\"2017-06-01\"}"), "theme",
                   "needed");
    expect_refusal(&node, NEED("\"fields\":{\"need_id\":\"7\",\"theme\":\"\"}"), "theme", "needed");
}

static void a_dry_run_states_nothing(void **state)
{
    (void)state;
    static const char DRY[] =
        NEED("\"dry_run\":true,\"fields\":{\"need_id\":\"7\",\"theme\":\"time\",\"stated\":\"2017-05-04\"}");
    uint64_t last = world_last_sequence(&node);
    expect(&node, DRY, "new");
    expect(&node, DRY, "new");
    assert_int_equal(world_last_sequence(&node), last);
}

/* A link comes back from a link_withdraw, anything else from a void: both say why. */
static void hiding_says_why(void **state)
{
    (void)state;
    tdm_buf log = { 0 };
    expect(&node,
           "{\"type\":\"link_assert\",\"unit\":\"R0A/"
           "1\",\"fields\":{\"organisation\":\"RXA\",\"phase\":\"plan\"}}",
           "new");
    expect(&node,
           "{\"type\":\"link_assert\",\"unit\":\"R0A/1\",\"void\":true,\"reason\":\"not them\","
           "\"fields\":{\"organisation\":\"RXA\",\"phase\":\"plan\"}}",
           "hidden");
    expect(&node,
           "{\"type\":\"session\",\"unit\":\"R0A/1\",\"fields\":{\"date\":\"2017-05-04\",\"hours\":1}}",
           "new");
    expect(&node, "{\"type\":\"session\",\"unit\":\"R0A/1\",\"void\":true,\"reason\":\"fell through\"}",
           "hidden");
    world_export(&node, &log);
    tdm_buf_add(&log, "", 1);
    assert_non_null(strstr((const char *)log.data, "\"type\":\"link_withdraw\""));
    assert_non_null(strstr((const char *)log.data, "\"reason\":\"not them\""));
    assert_non_null(strstr((const char *)log.data, "\"type\":\"void\""));
    assert_non_null(strstr((const char *)log.data, "\"reason\":\"fell through\""));
    assert_non_null(strstr((const char *)log.data, "\"event_time\":\"2017-05-04T12:00:00.000+01:00\""));
    tdm_buf_free(&log);
}

static void rows_of_people_need_a_private_log(void **state)
{
    (void)state;
    static const char ROW_OF[] = "{\"type\":\"application\",\"fields\":{\"person\":\"p1\",\"unit\":\"R0A/"
                                 "1\",\"state\":\"applied\",\"date\":\"2017-05-04\"}}";
    uint64_t last = world_last_sequence(&node);
    expect(&node, ROW_OF, "new");
    assert_int_equal(world_last_sequence(&node), last);
    expect_refusal(&node, "{\"type\":\"application\",\"fields\":{\"unit\":\"R0A/1\",\"state\":\"applied\"}}",
                   "person", "named by it");
    node.context.people = NULL;
    expect_failure(&node, ROW_OF, "keeps no private log");
    expect_failure(&hub, ROW_OF, "keeps no private log");
}

/* ---- amendments by name */

static void amendments_take_a_named_fact(void **state)
{
    (void)state;
    char args[500];
    char fact[40];
    json_t *keep = ask(
        &node, "{\"type\":\"session\",\"unit\":\"R0A/1\",\"fields\":{\"date\":\"2017-05-04\",\"hours\":1}}",
        "new");
    snprintf(fact, sizeof fact, "%s", world_text(json_array_get(json_object_get(keep, "data"), 0), "fact"));
    json_decref(keep);
    static const struct {
        const char *rest;
        const char *wanted;
    } STEPS[] = {
        { "\"type\":\"unvoid\"", "known" },
        { "\"type\":\"void\",\"fields\":{\"reason\":\"twice\"}", "hidden" },
        { "\"type\":\"void\"", "known" },
        { "\"type\":\"unvoid\"", "returned" },
        { "\"type\":\"correction\",\"fields\":{\"target_type\":\"session\",\"body\":{\"recorder\":\"R0A\","
          "\"date\":\"2017-05-04\",\"hours\":2}}",
          "changed" },
        { "\"type\":\"correction\",\"fields\":{\"body\":\"{\\\"recorder\\\":\\\"R0A\\\",\\\"date\\\":"
          "\\\"2017-05-04\\\",\\\"hours\\\":2}\"}",
          "known" },
        { "\"type\":\"correction\",\"fields\":{\"body\":{\"recorder\":\"R0A\"}}", "refused" },
        { "\"type\":\"correction\",\"fields\":{\"target_type\":\"unit\",\"body\":{}}", "refused" },
        { "\"type\":\"correction\"", "refused" },
        { "\"type\":\"link_withdraw\"", "refused" },
        { "\"type\":\"link_amend\",\"fields\":{\"body\":{}}", "refused" },
        { "\"type\":\"void\",\"fields\":{\"target_origin\":\"" HEX16 "\"}", "refused" },
    };
    for (size_t i = 0; i < TDM_COUNT(STEPS); i++) {
        snprintf(args, sizeof args, "{\"subject\":\"unit/R0A/1\",\"fact\":\"%s\",%s}", fact, STEPS[i].rest);
        expect(&node, args, STEPS[i].wanted);
    }
    expect_refusal(&node, "{\"type\":\"void\",\"subject\":\"unit/R0A/1\",\"fact\":\"" HEX16 "\"}", "fact",
                   "no such fact");
    expect_refusal(&node, "{\"type\":\"void\",\"fact\":\"" HEX16 "\"}", "subject", "filed under");
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, open_worlds, close_worlds)
static const struct CMUnitTest STORIES[] = {
    STORY(an_imported_unit_is_known),
    STORY(a_recorded_unit_is_known_to_the_import),
    STORY(the_registry_is_known_either_way),
    STORY(the_answer_names_the_fact),
    STORY(what_is_not_told_stays),
    STORY(a_dry_run_states_nothing),
    STORY(hiding_says_why),
    STORY(rows_of_people_need_a_private_log),
    STORY(amendments_take_a_named_fact),
};

int main(void)
{
    static struct CMUnitTest tests[TYPES_MAX + TDM_COUNT(STORIES)];
    size_t count = 0;
    size_t type_count;
    const char *why;
    const tdm_type *types = tdm_types(&type_count);
    for (size_t i = 0; i < type_count && i < TYPES_MAX; i++)
        if (types[i].duty != TDM_DUTY_AMENDMENT && tdm_type_recorded_at(&types[i], &why) != 0)
            tests[count++] = (struct CMUnitTest){ types[i].name, check_type, NULL, NULL, (void *)&types[i] };
    for (size_t i = 0; i < TDM_COUNT(STORIES); i++)
        tests[count++] = STORIES[i];
    return _cmocka_run_group_tests("facts", tests, count, NULL, NULL);
}
