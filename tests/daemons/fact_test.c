/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_test.c: the specification of the service record.fact: every type of the schema table that people
 * record, by hand and from a file.
 */
#include "filing.h"
#include "people_log.h"
#include "service_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEX16 "00112233445566778899aabbccddeeff"
#define HEX32 HEX16 HEX16
#define OTHER32 HEX16 "ffeeddccbbaa99887766554433221100"

enum { TYPES_MAX = 128, PRIVATE_MAP_BYTES = 1 << 26 };

static tdm_world node;
static tdm_world hub;
static tdm_people *people; /* of the node */

static int open_worlds(void **state)
{
    (void)state;
    world_open(&node, false, "R0A");
    world_open(&hub, true, "QOP");
    assert_int_equal(tdm_people_open(&people, node.core, PRIVATE_MAP_BYTES, NULL), TDM_OK);
    node.context.people = people;
    return 0;
}

static int close_worlds(void **state)
{
    (void)state;
    tdm_people_close(&people);
    world_close(&node);
    world_close(&hub);
    return 0;
}

/* ---- asking */

/* The one count that is 1 in data[0]; all others must be 0. The caller frees it. */
static json_t *ask(tdm_world *world, const char *args, const char *wanted)
{
    static const char *const FATES[] = { "new", "known", "changed", "returned", "hidden", "refused" };
    json_t *keep = NULL;
    const json_t *row = world_row(world, "record.fact", args, NULL, &keep);
    for (size_t i = 0; i < TDM_COUNT(FATES); i++)
        if (world_int(row, FATES[i]) != (strcmp(FATES[i], wanted) == 0)) {
            char *text = json_dumps(row, JSON_COMPACT);
            fail_msg("%s: not %s: %s", args, wanted, text);
        }
    return keep;
}

static void expect(tdm_world *world, const char *args, const char *wanted)
{
    json_decref(ask(world, args, wanted));
}

static void expect_failure(tdm_world *world, const char *args, const char *says)
{
    int status = 0;
    json_t *answer = world_ask(world, "record.fact", args, NULL, &status);
    assert_int_equal(status, 2);
    if (strstr(world_text(answer, "what"), says) == NULL)
        fail_msg("it says: %s", world_text(answer, "what"));
    json_decref(answer);
}

static void expect_refusal(tdm_world *world, const char *args, const char *column, const char *says)
{
    json_t *keep = ask(world, args, "refused");
    const json_t *row = json_array_get(json_object_get(keep, "data"), 0);
    const json_t *refusal = json_array_get(json_object_get(row, "refusals"), 0);
    assert_string_equal(world_text(refusal, "column"), column);
    if (strstr(world_text(refusal, "what"), says) == NULL)
        fail_msg("it says: %s", world_text(refusal, "what"));
    json_decref(keep);
}

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

/* ---- refused */

static const struct refused {
    const char *name;
    bool hub;
    const char *args;
    const char *column; /* NULL: the whole request fails */
    const char *says;
} REFUSED[] = {
    { "no type", false, "{}", NULL, "type is missing" },
    { "an unknown type", false, "{\"type\":\"sesion\"}", NULL, "did you mean session?" },
    { "a type like no other", false, "{\"type\":\"zzzzzzzzzz\"}", NULL, "--help lists them" },
    { "the log itself", false, "{\"type\":\"tide\"}", NULL, "their own log" },
    { "a part of lists", false, "{\"type\":\"category_count\"}", NULL, "part of lists" },
    { "a key", true, "{\"type\":\"key\"}", NULL, "tandem invite" },
    { "who represents", true, "{\"type\":\"represents\"}", NULL, "tandem invite" },
    { "a succession", true, "{\"type\":\"succession\"}", NULL, "takes over" },
    { "a proposed match", true, "{\"type\":\"match_proposed\"}", NULL, "tandem match propose" },
    { "a closing", true, "{\"type\":\"period_closed\"}", NULL, "tandem period close" },
    { "a publication", true, "{\"type\":\"figure_published\"}", NULL, "tandem publish" },
    { "a release", true, "{\"type\":\"figures_released\"}", NULL, "tandem release" },
    { "an unknown field", false, "{\"type\":\"need\",\"fields\":{\"them\":\"time\"}}", NULL,
      "did you mean theme?" },
    { "fields that are no object", false, "{\"type\":\"need\",\"fields\":[]}", NULL, "an object" },
    { "a field told twice", false, "{\"type\":\"need\",\"fields\":{\"need-id\":\"1\",\"need_id\":\"1\"}}",
      NULL, "each once" },
    { "an id where none is", false, "{\"type\":\"need\",\"id\":\"1\"}", NULL, "no field \"id\"" },
    { "a reason without void", false, "{\"type\":\"need\",\"reason\":\"x\"}", NULL, "goes with void" },
    { "an amendment taken back", false, "{\"type\":\"void\",\"void\":true}", NULL, "record unvoid" },
    { "no unit", false, "{\"type\":\"session\",\"fields\":{\"date\":\"2017-05-04\",\"hours\":1}}", "unit",
      "LEAD/UNIT_ID" },
    { "no such unit form", false, "{\"type\":\"session\",\"unit\":\"17\"}", "unit", "LEAD/UNIT_ID" },
    { "a name that is missing", false, "{\"type\":\"need\",\"fields\":{\"theme\":\"time\"}}", "need_id",
      "named by it" },
    { "a value that does not fit", false,
      "{\"type\":\"need\",\"fields\":{\"need_id\":\"1\",\"theme\":\"tim\",\"stated\":\"2017-05-04\"}}",
      "theme", "Did you mean time?" },
    { "control characters", false,
      "{\"type\":\"need\",\"fields\":{\"need_id\":\"1\",\"theme\":\"time\",\"stated\":\"2017-05-04\","
      "\"locality\":\"a\\tb\"}}",
      "", "control characters" },
    { "void of what is not there", false, "{\"type\":\"need\",\"void\":true,\"fields\":{\"need_id\":\"1\"}}",
      "", "no such fact" },
    { "a confirmation without an assertion", false,
      "{\"type\":\"link_confirm\",\"unit\":\"R0A/1\",\"fields\":{\"phase\":\"plan\"}}", "assertion", "" },
    { "a dispute without an assertion", false,
      "{\"type\":\"link_dispute\",\"unit\":\"R0A/1\",\"fields\":{\"phase\":\"plan\"}}", "assertion",
      "tandem link dispute" },
    { "a match the wrong way round", true,
      "{\"type\":\"match\",\"fields\":{\"a\":\"unit/R0B/1\",\"b\":\"unit/R0A/1\"}}", "a", "smaller" },
    { "an end before the start", false,
      "{\"type\":\"unit\",\"fields\":{\"unit_id\":\"1\",\"kind\":\"programme\",\"status\":\"planned\","
      "\"start\":\"2017-05-04\",\"end\":\"2017-05-03\"}}",
      "end", "ends before" },
    { "a recorder that is not known", true,
      "{\"type\":\"need\",\"fields\":{\"need_id\":\"1\",\"theme\":\"time\",\"stated\":\"2017-05-04\"}}",
      "recorder", "speaks for no organisation" },
};

static void check_refused(void **state)
{
    const struct refused *row = *state;
    tdm_world *world = row->hub ? &hub : &node;
    uint64_t last = world_last_sequence(world);
    if (row->column == NULL)
        expect_failure(world, row->args, row->says);
    else
        expect_refusal(world, row->args, row->column, row->says);
    assert_int_equal(world_last_sequence(world), last);
}

/* ---- files */

static const json_t *send(const char *args, const char *file, json_t **keep)
{
    const json_t *report = world_row(&node, "record.fact", args, file, keep);
    char *text = json_dumps(report, JSON_COMPACT);
    print_message("%s\n", text);
    free(text);
    return report;
}

static void a_file_keeps_its_good_rows(void **state)
{
    (void)state;
    static const char FILE_OF[] = "Unit,id,Date,hours,type,colour\n"
                                  "R0A/1,1,2017-05-04,6.5,workshop,red\n"
                                  "R0A/1,2,2017-05-11,2,,red\n"
                                  "R0A/1,2,2017-05-11,2,,red\n"
                                  "R0A/1,3,2017-05-18,many,,red\n"
                                  "R0A/1,2,2017-05-12,2,,red\n"
                                  "17,1,2017-05-18,1,,red\n"
                                  "R0A/2\n";
    static const struct {
        long row;
        const char *column;
        const char *says;
    } WANTED[] = { { 5, "hours_hundredths", "from 0 to 10000" },
                   { 6, "", "other content in row 3" },
                   { 7, "unit", "LEAD/UNIT_ID" },
                   { 8, "", "cells" } };
    json_t *keep = NULL;
    uint64_t last = world_last_sequence(&node);
    send("{\"type\":\"session\",\"dry_run\":true}", FILE_OF, &keep);
    json_decref(keep);
    assert_int_equal(world_last_sequence(&node), last);
    const json_t *report = send("{\"type\":\"session\"}", FILE_OF, &keep);
    assert_int_equal(world_int(report, "rows"), 7);
    assert_int_equal(world_int(report, "new"), 2);
    assert_int_equal(world_int(report, "known"), 1);
    assert_int_equal(world_int(report, "refused"), 4);
    assert_int_equal(world_int(report, "events"), 2);
    assert_int_equal(json_array_size(json_object_get(report, "warnings")), 2);
    const json_t *refusals = json_object_get(report, "refusals");
    assert_int_equal(json_array_size(refusals), TDM_COUNT(WANTED));
    for (size_t i = 0; i < TDM_COUNT(WANTED); i++) {
        const json_t *refusal = json_array_get(refusals, i);
        assert_int_equal(world_int(refusal, "row"), WANTED[i].row);
        assert_string_equal(world_text(refusal, "column"), WANTED[i].column);
        assert_non_null(strstr(world_text(refusal, "what"), WANTED[i].says));
    }
    assert_string_equal(world_text(json_array_get(refusals, 0), "value"), "many");
    json_decref(keep);
    last = world_last_sequence(&node);
    report = send("{\"type\":\"session\"}", FILE_OF, &keep);
    assert_int_equal(world_int(report, "known"), 3);
    assert_int_equal(world_int(report, "events"), 0);
    assert_int_equal(world_last_sequence(&node), last);
    json_decref(keep);
}

static void values_for_all_rows_stand_beside_the_file(void **state)
{
    (void)state;
    json_t *keep = NULL;
    const json_t *report =
        send("{\"type\":\"link_assert\",\"unit\":\"R0A/1\",\"fields\":{\"phase\":\"plan\"}}",
             "organisation\nRXA\nRYB\n", &keep);
    assert_int_equal(world_int(report, "new"), 2);
    json_decref(keep);
    report =
        send("{\"type\":\"link_assert\",\"unit\":\"R0A/1\",\"fields\":{\"phase\":\"plan\"},\"void\":true}",
             "organisation\nRXA\nRZZ\n", &keep);
    assert_int_equal(world_int(report, "hidden"), 1);
    assert_int_equal(world_int(report, "refused"), 1);
    json_decref(keep);
}

static const struct bad_file {
    const char *name;
    const char *args;
    const char *file;
    const char *says;
} BAD_FILES[] = {
    { "a file without a unit", "{\"type\":\"session\"}", "date,hours\n2017-05-04,1\n", "no column unit" },
    { "a file without a name", "{\"type\":\"need\"}", "theme\ntime\n", "no column need_id" },
    { "a column twice", "{\"type\":\"need\"}", "need_id,Need-ID\n1,1\n", "need_id twice" },
    { "a column by both its names", "{\"type\":\"session\"}", "unit,hours,hours_hundredths\nR0A/1,1,100\n",
      "twice" },
    { "a column that is told for all", "{\"type\":\"need\",\"fields\":{\"theme\":\"time\"}}",
      "need_id,theme\n1,time\n", "give it once" },
    { "a workbook", "{\"type\":\"need\"}", "PK\003\004xxxx", "" },
};

static void check_bad_file(void **state)
{
    const struct bad_file *row = *state;
    json_t *answer = world_ask(&node, "record.fact", row->args, row->file, NULL);
    assert_string_equal(world_text(answer, "type"), "error");
    if (strstr(world_text(answer, "what"), row->says) == NULL)
        fail_msg("it says: %s", world_text(answer, "what"));
    json_decref(answer);
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
    STORY(a_file_keeps_its_good_rows),
    STORY(values_for_all_rows_stand_beside_the_file),
};

int main(void)
{
    static struct CMUnitTest
        tests[TYPES_MAX + TDM_COUNT(REFUSED) + TDM_COUNT(BAD_FILES) + TDM_COUNT(STORIES)];
    size_t count = 0;
    size_t type_count;
    const char *why;
    const tdm_type *types = tdm_types(&type_count);
    for (size_t i = 0; i < type_count && i < TYPES_MAX; i++)
        if (types[i].duty != TDM_DUTY_AMENDMENT && tdm_type_recorded_at(&types[i], &why) != 0)
            tests[count++] = (struct CMUnitTest){ types[i].name, check_type, NULL, NULL, (void *)&types[i] };
    for (size_t i = 0; i < TDM_COUNT(REFUSED); i++)
        tests[count++] = (struct CMUnitTest){ REFUSED[i].name, check_refused, open_worlds, close_worlds,
                                              (void *)&REFUSED[i] };
    for (size_t i = 0; i < TDM_COUNT(BAD_FILES); i++)
        tests[count++] = (struct CMUnitTest){ BAD_FILES[i].name, check_bad_file, open_worlds, close_worlds,
                                              (void *)&BAD_FILES[i] };
    for (size_t i = 0; i < TDM_COUNT(STORIES); i++)
        tests[count++] = STORIES[i];
    return _cmocka_run_group_tests("facts", tests, count, NULL, NULL);
}
