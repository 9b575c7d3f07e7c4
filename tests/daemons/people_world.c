/* SPDX-License-Identifier: MPL-2.0
 *
 * people_world.c: a node with people in it.
 */
#include "people_world.h"

#include "filing.h"
#include "services/services.h"
#include "statement.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { PRIVATE_MAP_BYTES = 1 << 26 };

static void open_log(people_world *p)
{
    tdm_err err = { 0 };
    if (tdm_people_open(&p->people, p->world.core, PRIVATE_MAP_BYTES, &err) != TDM_OK)
        fail_msg("private log: %s", err.what);
    p->world.context.people = p->people;
}

void people_open(people_world *p)
{
    *p = (people_world){ 0 };
    world_open(&p->world, false, "R0A");
    open_log(p);
}

void people_reopen(people_world *p, bool read_only)
{
    tdm_err err = { 0 };
    tdm_core_options options = { .folder = p->world.folder, .read_only = read_only, .map_bytes = 1 << 28 };
    tdm_people_close(&p->people);
    tdm_core_close(&p->world.core);
    if (tdm_core_open(&p->world.core, &options, &err) != TDM_OK)
        fail_msg("store: %s", err.what);
    p->world.context.core = p->world.core;
    open_log(p);
}

void people_close(people_world *p)
{
    tdm_people_close(&p->people);
    world_close(&p->world);
}

/* ---- asking */

void people_record(people_world *p, const char *args, const char *body, const char *fate, long wanted)
{
    static const char *const FATES[] = { "new", "known", "changed", "returned", "hidden", "refused" };
    json_t *keep = NULL;
    const json_t *row = world_row(&p->world, "record.fact", args, body, &keep);
    for (size_t i = 0; i < TDM_COUNT(FATES); i++)
        if (world_int(row, FATES[i]) != (strcmp(FATES[i], fate) == 0 ? wanted : 0)) {
            char *text = json_dumps(row, JSON_COMPACT);
            fail_msg("%s: not %ld %s: %s", args, wanted, fate, text);
        }
    json_decref(keep);
}

const json_t *people_ask(people_world *p, const char *verb, const char *args, json_t **keep)
{
    return world_row(&p->world, verb, args, NULL, keep);
}

long people_number(people_world *p, const char *verb, const char *args, const char *key)
{
    json_t *keep = NULL;
    const json_t *row = people_ask(p, verb, args, &keep);
    assert_non_null(json_object_get(row, key));
    long number = world_int(row, key);
    json_decref(keep);
    return number;
}

void people_fails(people_world *p, const char *verb, const char *args, const char *body, int status,
                  const char *says)
{
    int got = -1;
    json_t *answer = world_ask(&p->world, verb, args, body, &got);
    if (got != status || strstr(world_text(answer, "what"), says) == NULL)
        fail_msg("%s leaves with %d: %s", verb, got, world_text(answer, "what"));
    json_decref(answer);
}

/* ---- what is stated */

static tdm_code settled_fold(people_world *p, tdm_fold **fold)
{
    tdm_err err = { 0 };
    if (tdm_settle(&p->world.context, &err) != TDM_OK)
        fail_msg("fold: %s", err.what);
    *fold = tdm_core_fold(p->world.core);
    return TDM_OK;
}

long people_stated(people_world *p, int table, const char *period, const char *a, const char *b)
{
    tdm_record record;
    tdm_buf subject = { 0 };
    tdm_held held = { 0 };
    tdm_fold *fold;
    long count = NOT_STATED;
    settled_fold(p, &fold);
    tdm_record_init(&record, TDM_TYPE_SUMMARY);
    tdm_record_set_text(&record, TDM_SUMMARY_RECORDER, "R0A");
    tdm_record_set_number(&record, TDM_SUMMARY_TABLE, table);
    tdm_record_set_text(&record, TDM_SUMMARY_PERIOD, period);
    tdm_record_set_text(&record, TDM_SUMMARY_A, a);
    tdm_record_set_text(&record, TDM_SUMMARY_B, b);
    tdm_id name = tdm_filing_place(&record, &subject);
    assert_int_equal(tdm_held_load(&held, fold, tdm_core_origin(p->world.core), tdm_buf_span(&subject), NULL),
                     TDM_OK);
    const tdm_held_fact *fact = tdm_held_find(&held, &name);
    if (fact != NULL && fact->visible) {
        assert_int_equal(tdm_record_decode(fact->type, tdm_held_payload(&held, fact), &record, NULL), TDM_OK);
        count = (long)record.values[TDM_SUMMARY_COUNT].number;
    }
    tdm_core_fold_release(p->world.core, fold);
    tdm_held_free(&held);
    tdm_buf_free(&subject);
    return count;
}

typedef struct listing {
    tdm_fold *fold;
    tdm_buf text;
} listing;

static tdm_code list_fact(void *context, const tdm_fact *fact, tdm_err *err)
{
    listing *list = context;
    if (!fact->visible)
        return TDM_OK;
    tdm_buf_add(&list->text, fact->subject.data, fact->subject.len);
    tdm_buf_text(&list->text, " ");
    tdm_code code = tdm_payload_to_json(fact->type, fact->payload, &list->text, err);
    tdm_buf_text(&list->text, "\n");
    return code;
}

static tdm_code list_subject(void *context, tdm_span subject, tdm_err *err)
{
    listing *list = context;
    static const char FACULTY[] = "summary/R0A/faculty";
    if (subject.len > strlen(FACULTY) && memcmp(subject.data, FACULTY, strlen(FACULTY)) == 0)
        return TDM_OK;
    return tdm_fold_facts(list->fold, subject, list_fact, list, err);
}

char *people_all_stated(people_world *p)
{
    listing list = { 0 };
    tdm_err err = { 0 };
    settled_fold(p, &list.fold);
    if (tdm_fold_subjects(list.fold, tdm_span_text("summary/"), list_subject, &list, &err) != TDM_OK)
        fail_msg("summaries: %s", err.what);
    tdm_core_fold_release(p->world.core, list.fold);
    tdm_buf_add(&list.text, "", 1);
    assert_false(list.text.failed);
    return (char *)list.text.data;
}

/* ---- the cohort */

void people_record_cohort(people_world *p)
{
    static const struct {
        int people;
        int stage;
        const char *state;
        const char *date;
    } STEPS[] = {
        { 40, 1, "entered", "2026-04-10" }, { 30, 1, "passed", "2026-05-10" },
        { 30, 2, "entered", "2026-05-20" }, { 24, 2, "passed", "2026-06-20" },
        { 24, 3, "entered", "2026-06-25" }, { 18, 3, "passed", "2026-07-25" },
    };
    tdm_buf body = { 0 };
    long rows = 0;
    tdm_buf_text(&body, "person,stage,state,date\n");
    for (size_t i = 0; i < TDM_COUNT(STEPS); i++)
        for (int person = 1; person <= STEPS[i].people; person++, rows++)
            tdm_buf_format(&body, "P-%d,%d,%s,%s\n", person, STEPS[i].stage, STEPS[i].state, STEPS[i].date);
    tdm_buf_add(&body, "", 1);
    people_record(p, "{\"type\":\"facilitator_stage\"}", (const char *)body.data, "new", rows);
    tdm_buf_free(&body);
}
