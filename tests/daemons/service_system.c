/* SPDX-License-Identifier: MPL-2.0
 *
 * service_system.c: a small system for tests.
 */
#include "service_system.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

tdm_system *system_now(void)
{
    static tdm_system the_system;
    return &the_system;
}

int system_open(void **state)
{
    (void)state;
    world_open(&system_now()->north, false, "R0A");
    world_open(&system_now()->south, false, "RXA");
    world_open(&system_now()->hub, true, "QOP");
    return 0;
}

int system_close(void **state)
{
    (void)state;
    world_close(&system_now()->north);
    world_close(&system_now()->south);
    world_close(&system_now()->hub);
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
    assert_int_equal(tdm_core_state_drafts(system_now()->hub.core, drafts, &stated, &err), TDM_OK);
    tdm_drafts_free(&drafts);
    tdm_buf_free(&subject);
}

void system_ask(tdm_world *world, const char *verb, const char *args, const char *body)
{
    int status = 0;
    json_t *answer = world_ask(world, verb, args, body, &status);
    if (status != 0)
        fail_msg("%s: exit %d, %s", verb, status, world_text(answer, "what"));
    json_decref(answer);
}

static void share_all(void)
{
    world_copy_log(&system_now()->north, &system_now()->hub);
    world_copy_log(&system_now()->south, &system_now()->hub);
    world_copy_log(&system_now()->north, &system_now()->south);
    world_copy_log(&system_now()->hub, &system_now()->north);
    world_copy_log(&system_now()->hub, &system_now()->south);
}

#define UNITS                                                                                                \
    "unit_id,kind,programme,start_date,hours,participants,partners\n"                                        \
    "1,programme,coaching,2017-05-01,2,10,RXA\n"                                                             \
    "2,programme,coaching,2017-06-01,3,20,RXA:plan\n"                                                        \
    "3,team_intervention,boards,2017-08-01,5,,\n"                                                            \
    "4,programme,coaching,2018-05-01,2,10,\n"

void system_set_up(void)
{
    system_ask(&system_now()->hub, "organisation.import", NULL,
               "code,name,sector\nR0A,North Trust,trust\nRXA,South Trust,trust\nQOP,System,commissioner\n");
    state_represents(&system_now()->north);
    state_represents(&system_now()->south);
    system_ask(&system_now()->north, "import", NULL, UNITS);
    share_all();
    tdm_err err = { 0 };
    assert_int_equal(
        tdm_core_set_authority(system_now()->north.core, tdm_core_origin(system_now()->hub.core), &err),
        TDM_OK);
    assert_int_equal(
        tdm_core_set_authority(system_now()->south.core, tdm_core_origin(system_now()->hub.core), &err),
        TDM_OK);
}

const json_t *system_level(tdm_world *world, const char *args, json_t **keep)
{
    return world_row(world, "level", args, NULL, keep);
}

double system_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

void system_expect_corroborated(double wanted)
{
    json_t *keep = NULL;
    world_copy_log(&system_now()->south, &system_now()->hub);
    const json_t *row = system_level(&system_now()->hub, "{\"fy\":\"2017/18\"}", &keep);
    assert_true(system_number(row, "level_corroborated") == wanted);
    json_decref(keep);
}

void system_reply(const char *verb, const char *args, const char *result)
{
    json_t *keep = NULL;
    const json_t *row = world_row(&system_now()->south, verb, args, NULL, &keep);
    assert_string_equal(world_text(row, "result"), result);
    json_decref(keep);
}
