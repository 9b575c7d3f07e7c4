/* SPDX-License-Identifier: MPL-2.0
 *
 * import_test.c: the specification of the import service: files on one node (organisation R0A), what the
 * report says, and what stands afterwards.
 */
#include "service_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEADER "unit_id,kind,programme,title,start_date,end_date,hours,participants,status,partners\n"
#define ROW_A "a,programme,coaching,First,2017-05-01,,2,10,,RXA:plan+deliver\n"
#define ROW_B "b,top_team,board,Second,2017-06-01,,1.5,,,\n"

static tdm_world world;

static int open_world(void **state)
{
    (void)state;
    world_open(&world, false, "R0A");
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

/* ---- one file */

struct counts {
    long added, known, changed, withdrawn, returned, refused;
};

static void expect_counts(const json_t *report, const struct counts *wanted)
{
    assert_int_equal(world_int(report, "new"), wanted->added);
    assert_int_equal(world_int(report, "known"), wanted->known);
    assert_int_equal(world_int(report, "changed"), wanted->changed);
    assert_int_equal(world_int(report, "withdrawn"), wanted->withdrawn);
    assert_int_equal(world_int(report, "returned"), wanted->returned);
    assert_int_equal(world_int(report, "refused"), wanted->refused);
}

static void import(const char *args, const char *file, struct counts wanted)
{
    json_t *keep = NULL;
    const json_t *report = world_row(&world, "import", args, file, &keep);
    char *text = json_dumps(report, JSON_COMPACT);
    print_message("%s\n", text);
    free(text);
    expect_counts(report, &wanted);
    json_decref(keep);
}

/* A row behind the header that is refused: its column and a part of what is said. */
struct refused_row {
    const char *name;
    const char *line;
    const char *column;
    const char *says;
};

static const struct refused_row REFUSED[] = {
    { "a date that does not exist", "a,programme,p,t,2017-02-30,,2,,,", "start_date", "no such day" },
    { "a date in words", "a,programme,p,t,5 May 2017,,2,,,", "start_date", "YYYY-MM-DD" },
    { "a blank start date", "a,programme,p,t,,,2,,,", "start_date", "YYYY-MM-DD" },
    { "day and month that could be swapped", "a,programme,p,t,03/04/2017,,2,,,", "start_date", "either way" },
    { "month before day", "a,programme,p,t,04/13/2017,,2,,,", "start_date", "no such day" },
    { "a year of two digits", "a,programme,p,t,13/04/17,,2,,,", "start_date", "YYYY-MM-DD" },
    { "a year out of reach", "a,programme,p,t,0017-04-13,,2,,,", "start_date", "no such day" },
    { "an end before the start", "a,programme,p,t,2017-05-02,2017-05-01,2,,,", "end_date",
      "before it starts" },
    { "an end that is no date", "a,programme,p,t,2017-05-02,soon,2,,,", "end_date", "YYYY-MM-DD" },
    { "an unknown kind", "a,course,p,t,2017-05-01,,2,,,", "kind", "team_intervention" },
    { "a blank kind", "a,,p,t,2017-05-01,,2,,,", "kind", "programme" },
    { "an unknown status", "a,programme,p,t,2017-05-01,,2,,done,", "status", "cancelled" },
    { "hours in words", "a,programme,p,t,2017-05-01,,two,,,", "hours", "1.5" },
    { "hours with a comma", "a,programme,p,t,2017-05-01,,\"2,5\",,,", "hours", "1.5" },
    { "hours with three decimals", "a,programme,p,t,2017-05-01,,2.125,,,", "hours", "two decimals" },
    { "negative hours", "a,programme,p,t,2017-05-01,,-2,,,", "hours", "from 0" },
    { "more than 10000 hours", "a,programme,p,t,2017-05-01,,10000.01,,,", "hours", "10000" },
    { "hours that would overflow", "a,programme,p,t,2017-05-01,,99999999999999999999999,,,", "hours",
      "10000" },
    { "no hours of what was delivered", "a,programme,p,t,2017-05-01,,,,,", "hours", "Enter how many hours" },
    { "negative participants", "a,programme,p,t,2017-05-01,,2,-3,,", "participants", "whole number" },
    { "half a participant", "a,programme,p,t,2017-05-01,,2,3.5,,", "participants", "whole number" },
    { "a million and one participants", "a,programme,p,t,2017-05-01,,2,1000001,,", "participants",
      "1000000" },
    { "a partner's code with a dash", "a,programme,p,t,2017-05-01,,2,,,R-1", "partners", "R-1" },
    { "a partner of two letters", "a,programme,p,t,2017-05-01,,2,,,RX", "partners", "3 to 12" },
    { "an unknown phase", "a,programme,p,t,2017-05-01,,2,,,RXA:design", "partners", "plan" },
    { "a colon without a phase", "a,programme,p,t,2017-05-01,,2,,,RXA:", "partners", "plan" },
    { "oneself as a partner", "a,programme,p,t,2017-05-01,,2,,,R0A", "partners", "itself" },
    { "too few cells", "a,programme,p,t,2017-05-01", "", "cells" },
    { "too many cells", "a,programme,p,t,2017-05-01,,2,,,RXA,more", "", "cells" },
};

static void check_refused(void **state)
{
    const struct refused_row *row = *state;
    char file[600];
    json_t *keep = NULL;
    int status = 0;
    snprintf(file, sizeof file, HEADER ROW_B "%s\n", row->line);
    keep = world_ask(&world, "import", NULL, file, &status);
    const json_t *report = json_array_get(json_object_get(keep, "data"), 0);
    expect_counts(report, &(struct counts){ .added = 1, .refused = 1 });
    assert_int_equal(status, 1);
    const json_t *refusals = json_object_get(report, "refusals");
    assert_int_equal(json_array_size(refusals), 1);
    const json_t *refusal = json_array_get(refusals, 0);
    assert_int_equal(world_int(refusal, "row"), 3);
    assert_string_equal(world_text(refusal, "column"), row->column);
    if (strstr(world_text(refusal, "what"), row->says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", world_text(refusal, "what"), row->says);
    json_decref(keep);
}

/* A row that is taken, and the unit as unit show tells it: one key and its value as JSON. */
struct taken_row {
    const char *name;
    const char *line;
    const char *key;
    const char *value;
};

static const struct taken_row TAKEN[] = {
    { "a plain date", "a,programme,p,t,2017-05-01,,2,,,", "start", "\"2017-05-01\"" },
    { "a date that begins with a day over 12", "a,programme,p,t,13/04/2017,,2,,,", "start",
      "\"2017-04-13\"" },
    { "a date with day and month the same", "a,programme,p,t,5/5/2017,,2,,,", "start", "\"2017-05-05\"" },
    { "a date with slashes, year first", "a,programme,p,t,2017/4/3,,2,,,", "start", "\"2017-04-03\"" },
    { "a kind with a space", "a,Top Team,p,t,2017-05-01,,2,,,", "kind", "\"top_team\"" },
    { "a blank status is delivered", "a,programme,p,t,2017-05-01,,2,,,", "status", "\"delivered\"" },
    { "planned without hours", "a,programme,p,t,2017-05-01,,,,planned,", "status", "\"planned\"" },
    { "cancelled without hours", "a,programme,p,t,2017-05-01,,,,Cancelled,", "status", "\"cancelled\"" },
    { "hours in hundredths", "a,programme,p,t,2017-05-01,,2.25,,,", "hours", "2.25" },
    { "hours with needless zeros", "a,programme,p,t,2017-05-01,,2.5000,,,", "hours", "2.5" },
    { "no hours at all is a number", "a,programme,p,t,2017-05-01,,0,,,", "hours", "0.0" },
    { "participants", "a,programme,p,t,2017-05-01,,2,12,,", "people", "12" },
    { "participants with needless zeros", "a,programme,p,t,2017-05-01,,2,12.0,,", "people", "12" },
    { "a blank lead is one's own", "a,programme,p,t,2017-05-01,,2,,,", "lead", "\"R0A\"" },
    { "spaces around everything", " a , programme , p , t , 2017-05-01 ,, 2 ,,, ", "unit", "\"R0A/a\"" },
};

static void check_taken(void **state)
{
    const struct taken_row *row = *state;
    char file[600];
    json_t *keep = NULL;
    snprintf(file, sizeof file, HEADER "%s\n", row->line);
    import(NULL, file, (struct counts){ .added = 1 });
    const json_t *unit = world_row(&world, "unit.show", "{\"unit\":\"R0A/a\"}", NULL, &keep);
    json_t *wanted = json_loads(row->value, JSON_DECODE_ANY, NULL);
    const json_t *got = json_object_get(unit, row->key);
    char *text = json_dumps(got, JSON_ENCODE_ANY);
    bool same = json_is_real(wanted) || json_is_real(got)
                    ? json_number_value(wanted) == json_number_value(got)
                    : json_equal(wanted, got);
    if (!same)
        fail_msg("%s is %s, not %s", row->key, text, row->value);
    free(text);
    json_decref(wanted);
    json_decref(keep);
}

/* ---- partners */

struct partner_row {
    const char *name;
    const char *cell;
    const char *links; /* code:phase, in order of the report, with spaces */
};

static const struct partner_row PARTNERS[] = {
    { "no partner", "", "" },
    { "a code alone delivers", "RXA", "RXA:deliver " },
    { "a phase", "RXA:plan", "RXA:plan " },
    { "two phases", "RXA:plan+support", "RXA:plan RXA:support " },
    { "several partners", "RXA; RXB:support ;", "RXA:deliver RXB:support " },
    { "a partner twice joins its phases", "RXA:plan;RXA:deliver", "RXA:deliver RXA:plan " },
    { "lower case and spaces", " rxa : Plan + deliver ", "RXA:deliver RXA:plan " },
};

static int compare_words(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void check_partners(void **state)
{
    const struct partner_row *row = *state;
    char file[600];
    char words[8][32];
    char got[300] = "";
    size_t count = 0;
    json_t *keep = NULL;
    snprintf(file, sizeof file, HEADER "a,programme,p,t,2017-05-01,,2,,,%s\n", row->cell);
    import(NULL, file, (struct counts){ .added = 1 });
    const json_t *unit = world_row(&world, "unit.show", "{\"unit\":\"R0A/a\"}", NULL, &keep);
    size_t index;
    json_t *fact;
    json_array_foreach(json_object_get(unit, "facts"), index, fact)
    {
        const json_t *payload = json_object_get(fact, "payload");
        if (strcmp(world_text(fact, "type"), "link_assert") == 0 && count < TDM_COUNT(words))
            snprintf(words[count++], sizeof words[0], "%.12s:%.12s ", world_text(payload, "organisation"),
                     world_text(payload, "phase"));
    }
    qsort(words, count, sizeof words[0], compare_words);
    for (size_t i = 0; i < count; i++)
        strcat(got, words[i]);
    assert_string_equal(got, row->links);
    json_decref(keep);
}

/* ---- files as a whole */

struct bad_file {
    const char *name;
    const char *file;
    const char *says;
};

static const struct bad_file BAD_FILES[] = {
    { "a file without title and unit_id", "kind,start_date,hours\nprogramme,2017-05-01,2\n",
      "title (or unit_id)" },
    { "a file without start_date", "unit_id,kind,hours\na,programme,2\n", "start_date" },
    { "a file without kind", "unit_id,start_date,hours\na,2017-05-01,2\n", "kind" },
    { "a file in another encoding", "unit_id,kind,start_date\nZo\xEB,programme,2017-05-01\n", "CSV UTF-8" },
};

static void check_bad_file(void **state)
{
    const struct bad_file *row = *state;
    int status = 0;
    uint64_t before = world_last_sequence(&world);
    json_t *answer = world_ask(&world, "import", NULL, row->file, &status);
    assert_int_equal(status, 1);
    assert_string_equal(world_text(answer, "type"), "error");
    if (strstr(world_text(answer, "what"), row->says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", world_text(answer, "what"), row->says);
    assert_int_equal(world_last_sequence(&world), before);
    json_decref(answer);
}

/* ---- stories */

static void the_same_file_again_states_nothing(void **state)
{
    (void)state;
    import(NULL, HEADER ROW_A ROW_B, (struct counts){ .added = 2 });
    uint64_t before = world_last_sequence(&world);
    import(NULL, HEADER ROW_A ROW_B, (struct counts){ .known = 2 });
    assert_int_equal(world_last_sequence(&world), before);
    world_reopen(&world);
    import(NULL, HEADER ROW_B ROW_A, (struct counts){ .known = 2 });
    assert_int_equal(world_last_sequence(&world), before);
}

static void a_dry_run_reports_and_states_nothing(void **state)
{
    (void)state;
    uint64_t before = world_last_sequence(&world);
    import("{\"dry_run\":true}", HEADER ROW_A ROW_B, (struct counts){ .added = 2 });
    assert_int_equal(world_last_sequence(&world), before);
    import(NULL, HEADER ROW_A ROW_B, (struct counts){ .added = 2 });
}

static void changed_rows_become_corrections(void **state)
{
    (void)state;
    json_t *keep = NULL;
    import(NULL, HEADER ROW_A ROW_B, (struct counts){ .added = 2 });
    import(NULL, HEADER "a,programme,coaching,First,2017-05-02,,3,,,RXA:plan;RXB\n" ROW_B,
           (struct counts){ .known = 1, .changed = 1 });
    const json_t *unit = world_row(&world, "unit.show", "{\"unit\":\"R0A/a\"}", NULL, &keep);
    assert_string_equal(world_text(unit, "start"), "2017-05-02");
    assert_true(json_number_value(json_object_get(unit, "hours")) == 3.0);
    assert_int_equal(world_int(unit, "people"), 0);
    json_decref(keep);
    import(NULL, HEADER ROW_A ROW_B, (struct counts){ .known = 1, .changed = 1 });
    unit = world_row(&world, "unit.show", "{\"unit\":\"R0A/a\"}", NULL, &keep);
    assert_int_equal(world_int(unit, "people"), 10);
    assert_string_equal(world_text(unit, "start"), "2017-05-01");
    json_decref(keep);
    import(NULL, HEADER ROW_A ROW_B, (struct counts){ .known = 2 });
}

static void without_a_register_nothing_is_withdrawn(void **state)
{
    (void)state;
    import(NULL, HEADER ROW_A ROW_B, (struct counts){ .added = 2 });
    import(NULL, HEADER ROW_A, (struct counts){ .known = 1 });
    import("{\"register\":\"other\"}", HEADER "c,programme,,C,2017-05-01,,2,,,\n",
           (struct counts){ .added = 1 });
}

static long count_units(void)
{
    json_t *answer = world_ask(&world, "unit.list", NULL, NULL, NULL);
    long count = (long)json_array_size(json_object_get(answer, "data"));
    json_decref(answer);
    return count;
}

/* A sheet has no column for paid outsiders: it says nothing of them. */
static void a_register_leaves_suppliers_alone(void **state)
{
    (void)state;
    static const char REGISTER[] = "{\"register\":\"lists\"}";
    import(REGISTER, HEADER ROW_A, (struct counts){ .added = 1 });
    json_t *keep = NULL;
    const json_t *row =
        world_row(&world, "record.fact",
                  "{\"type\":\"link_assert\",\"unit\":\"R0A/a\",\"fields\":{\"organisation\":\"RPP\","
                  "\"phase\":\"deliver\",\"supplier\":\"yes\"}}",
                  NULL, &keep);
    assert_int_equal(world_int(row, "new"), 1);
    json_decref(keep);
    import(REGISTER, HEADER ROW_A, (struct counts){ .known = 1 });
}

static void a_register_withdraws_and_brings_back(void **state)
{
    (void)state;
    static const char REGISTER[] = "{\"register\":\"lists\"}";
    import(REGISTER, HEADER ROW_A ROW_B, (struct counts){ .added = 2 });
    for (int round = 0; round < 2; round++) {
        import(REGISTER, HEADER ROW_B, (struct counts){ .known = 1, .withdrawn = 1 });
        assert_int_equal(count_units(), 1);
        import(REGISTER, HEADER ROW_B, (struct counts){ .known = 1 });
        import(REGISTER, HEADER ROW_A ROW_B, (struct counts){ .known = 1, .returned = 1 });
        assert_int_equal(count_units(), 2);
        import(REGISTER, HEADER ROW_A ROW_B, (struct counts){ .known = 2 });
    }
}

static void a_refused_row_is_not_missing_from_its_register(void **state)
{
    (void)state;
    static const char REGISTER[] = "{\"register\":\"lists\"}";
    import(REGISTER, HEADER ROW_A ROW_B, (struct counts){ .added = 2 });
    import(REGISTER, HEADER ROW_B "a,programme,coaching,First,2017-02-30,,2,,,\n",
           (struct counts){ .known = 1, .refused = 1 });
    import(REGISTER, HEADER ROW_B "a,programme\n", (struct counts){ .known = 1, .refused = 1 });
    /* a refused row without an id could be any unit: nothing is withdrawn */
    import(REGISTER, HEADER ROW_B ",programme,coaching,First,2017-02-30,,2,,,\n",
           (struct counts){ .known = 1, .refused = 1 });
    assert_int_equal(count_units(), 2);
}

static void an_empty_register_is_refused(void **state)
{
    (void)state;
    int status = 0;
    json_t *answer = world_ask(&world, "import", "{\"register\":\"lists\"}", HEADER, &status);
    assert_int_equal(status, 2);
    json_decref(answer);
}

static void columns_that_are_absent_keep_their_values(void **state)
{
    (void)state;
    json_t *keep = NULL;
    import(NULL, HEADER ROW_A, (struct counts){ .added = 1 });
    import(NULL, "unit_id,kind,start_date\na,programme,2017-05-01\n", (struct counts){ .known = 1 });
    import(NULL, "unit_id,kind,start_date,title\na,programme,2017-05-01,Renamed\n",
           (struct counts){ .changed = 1 });
    const json_t *unit = world_row(&world, "unit.show", "{\"unit\":\"R0A/a\"}", NULL, &keep);
    assert_string_equal(world_text(unit, "title"), "Renamed");
    assert_string_equal(world_text(unit, "programme"), "coaching");
    assert_int_equal(world_int(unit, "people"), 10);
    json_decref(keep);
    import(NULL, "unit_id,kind,start_date\nz,programme,2017-05-01\n", (struct counts){ .refused = 1 });
}

static void a_unit_twice_in_one_file(void **state)
{
    (void)state;
    import(NULL, HEADER ROW_A ROW_A, (struct counts){ .added = 1, .known = 1 });
    import(NULL, HEADER ROW_A "a,programme,coaching,Other,2017-05-01,,2,10,,\n",
           (struct counts){ .known = 1, .refused = 1 });
    /* without ids the same words are two occurrences, and found again */
    static const char BLANK[] =
        HEADER ",programme,p,Same,2017-05-01,,2,,,\n,programme,p,Same,2017-05-01,,3,,,\n";
    import(NULL, BLANK, (struct counts){ .added = 2 });
    import(NULL, BLANK, (struct counts){ .known = 2 });
}

static void unknown_columns_are_named_and_a_year_crossed_is_warned_about(void **state)
{
    (void)state;
    json_t *keep = NULL;
    const json_t *report = world_row(
        &world, "import", NULL,
        "unit_id,kind,start_date,end_date,hours,colour\na,programme,2018-03-30,2018-04-02,2,red\n", &keep);
    const json_t *warnings = json_object_get(report, "warnings");
    assert_int_equal(json_array_size(warnings), 2);
    assert_string_equal(world_text(json_array_get(warnings, 0), "value"), "colour");
    assert_int_equal(world_int(json_array_get(warnings, 1), "row"), 2);
    assert_string_equal(world_text(json_array_get(warnings, 1), "column"), "end_date");
    json_decref(keep);
}

static void a_lead_elsewhere_makes_a_record_of_its_unit(void **state)
{
    (void)state;
    json_t *keep = NULL;
    import(NULL, "unit_id,kind,start_date,hours,lead,partners\n7,programme,2017-05-01,2,rxa,RXC\n",
           (struct counts){ .added = 1 });
    const json_t *unit = world_row(&world, "unit.show", "{\"unit\":\"RXA/7\"}", NULL, &keep);
    assert_string_equal(world_text(unit, "lead"), "RXA");
    json_decref(keep);
    import(NULL, "unit_id,kind,start_date,hours,lead,partners\n8,programme,2017-05-01,2,RXA,RXA\n",
           (struct counts){ .refused = 1 });
}

static void a_record_by_hand_is_a_row(void **state)
{
    (void)state;
    json_t *keep = NULL;
    static const char ONE[] = "{\"unit_id\":\"a\",\"kind\":\"programme\",\"title\":\"Say \\\"hi\\\", all\","
                              "\"start_date\":\"2017-05-01\",\"hours\":2.5,\"participants\":7}";
    const json_t *report = world_row(&world, "record", ONE, NULL, &keep);
    expect_counts(report, &(struct counts){ .added = 1 });
    json_decref(keep);
    report = world_row(&world, "record", ONE, NULL, &keep);
    expect_counts(report, &(struct counts){ .known = 1 });
    json_decref(keep);
    const json_t *unit = world_row(&world, "unit.show", "{\"unit\":\"R0A/a\"}", NULL, &keep);
    assert_string_equal(world_text(unit, "title"), "Say \"hi\", all");
    json_decref(keep);
}

/* Issue 2: 50,000 rows within 10 s. Under sanitizers only that it works is looked at. */
static void fifty_thousand_rows(void **state)
{
    (void)state;
    enum { ROWS = 50000 };
    tdm_buf file = { 0 };
    tdm_buf_text(&file, HEADER);
    for (int i = 0; i < ROWS; i++)
        tdm_buf_format(&file, "u%d,programme,coaching,Unit %d,20%02d-%02d-%02d,,%d.5,%d,,RX%c\n", i, i,
                       15 + i % 9, 1 + i % 12, 1 + i % 28, i % 7, i % 40, 'A' + i % 26);
    tdm_buf_add(&file, "", 1);
    import(NULL, (const char *)file.data, (struct counts){ .added = ROWS });
    import(NULL, (const char *)file.data, (struct counts){ .known = ROWS });
    tdm_buf_free(&file);
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, open_world, close_world)
static const struct CMUnitTest STORIES[] = {
    STORY(the_same_file_again_states_nothing),
    STORY(a_dry_run_reports_and_states_nothing),
    STORY(changed_rows_become_corrections),
    STORY(without_a_register_nothing_is_withdrawn),
    STORY(a_register_withdraws_and_brings_back),
    STORY(a_register_leaves_suppliers_alone),
    STORY(a_refused_row_is_not_missing_from_its_register),
    STORY(an_empty_register_is_refused),
    STORY(columns_that_are_absent_keep_their_values),
    STORY(a_unit_twice_in_one_file),
    STORY(unknown_columns_are_named_and_a_year_crossed_is_warned_about),
    STORY(a_lead_elsewhere_makes_a_record_of_its_unit),
    STORY(a_record_by_hand_is_a_row),
    STORY(fifty_thousand_rows),
};

#define ROWS_OF(table, function)                                                                             \
    for (size_t i = 0; i < TDM_COUNT(table); i++)                                                            \
        tests[count++] = (struct CMUnitTest)                                                                 \
        {                                                                                                    \
            (table)[i].name, function, open_world, close_world, (void *)&(table)[i]                          \
        }

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(REFUSED) + TDM_COUNT(TAKEN) + TDM_COUNT(PARTNERS) + TDM_COUNT(BAD_FILES)
                            + TDM_COUNT(STORIES)];
    size_t count = 0;
    ROWS_OF(REFUSED, check_refused);
    ROWS_OF(TAKEN, check_taken);
    ROWS_OF(PARTNERS, check_partners);
    ROWS_OF(BAD_FILES, check_bad_file);
    for (size_t i = 0; i < TDM_COUNT(STORIES); i++)
        tests[count++] = STORIES[i];
    return _cmocka_run_group_tests("import", tests, count, NULL, NULL);
}
