/* SPDX-License-Identifier: MPL-2.0
 *
 * service_world.c: stores for tests.
 */
#include "service_world.h"
#include "queue.h"
#include "services/services.h"

#include "tandem/pack.h"

#include <stdarg.h>
#include <setjmp.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { MAP_BYTES = 1 << 28 };

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void world_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void world_folder(char out[256])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, 256, "%s/tandem-service-XXXXXX", base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(out));
}

static void open_core(tdm_world *world, bool hub)
{
    tdm_err err = { 0 };
    tdm_core_options options = { .folder = world->folder, .hub = hub, .map_bytes = MAP_BYTES };
    if (tdm_core_open(&world->core, &options, &err) != TDM_OK)
        fail_msg("store: %s", err.what);
    world->context.core = world->core;
}

void world_open(tdm_world *world, bool hub, const char *organisation)
{
    *world = (tdm_world){ 0 };
    world_folder(world->folder);
    snprintf(world->organisation, sizeof world->organisation, "%s", organisation);
    world->context = (tdm_service_context){ .own_organisation = hub ? NULL : world->organisation,
                                            .listen_endpoint = hub ? "tcp://127.0.0.1:5670" : NULL,
                                            .now_ms = WORLD_NOW };
    open_core(world, hub);
}

void world_reopen(tdm_world *world)
{
    bool hub = tdm_core_is_hub(world->core);
    tdm_core_close(&world->core);
    open_core(world, hub);
}

void world_close(tdm_world *world)
{
    tdm_core_close(&world->core);
    if (world->folder[0] != '\0')
        world_remove(world->folder);
}

static void settle(tdm_world *world)
{
    tdm_err err = { 0 };
    if (!tdm_core_is_read_only(world->core) && tdm_settle(&world->context, &err) != TDM_OK)
        fail_msg("fold: %s", err.what);
}

json_t *world_ask(tdm_world *world, const char *verb, const char *args, const char *body, int *exit_status)
{
    tdm_err err = { 0 };
    tdm_answer answer;
    json_error_t why;
    json_t *parsed = args == NULL ? json_object() : json_loads(args, 0, &why);
    assert_non_null(parsed);
    tdm_request request = { .args = parsed, .body = body == NULL ? (tdm_span){ 0 } : tdm_span_text(body) };
    tdm_service_call(&world->context, verb, &request, &answer, &err);
    json_t *document = json_loadb((const char *)answer.bytes.data, answer.bytes.len, 0, &why);
    if (document == NULL)
        fail_msg("%s: %s in %.*s", verb, why.text, (int)answer.bytes.len, (const char *)answer.bytes.data);
    if (exit_status != NULL)
        *exit_status = answer.exit;
    tdm_answer_free(&answer);
    json_decref(parsed);
    return document;
}

const json_t *world_row(tdm_world *world, const char *verb, const char *args, const char *body, json_t **keep)
{
    *keep = world_ask(world, verb, args, body, NULL);
    const json_t *data = json_object_get(*keep, "data");
    if (data == NULL)
        fail_msg("%s: %s", verb, world_text(*keep, "what"));
    return json_array_get(data, 0);
}

long world_int(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

const char *world_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

void world_export(tdm_world *world, tdm_buf *out)
{
    tdm_err err = { 0 };
    tdm_answer answer;
    settle(world);
    if (tdm_service_call(&world->context, "export", &(tdm_request){ 0 }, &answer, &err) != TDM_OK)
        fail_msg("export: %s", err.what);
    assert_true(answer.raw);
    tdm_buf_add(out, answer.bytes.data, answer.bytes.len);
    tdm_answer_free(&answer);
}

/* ---- logs from store to store */

static void keep_batch(tdm_world *from, tdm_world *to, tdm_queue *done, const tdm_run_batch *runs)
{
    tdm_span *spans = calloc(runs->event_count, sizeof *spans);
    tdm_cursor cursor = tdm_cursor_over(tdm_buf_span(&runs->events));
    for (size_t i = 0; i < runs->event_count; i++)
        spans[i] = tdm_cursor_skip(&cursor);
    tdm_log_batch batch = { .origin = *tdm_core_origin(from->core),
                            .incarnation = tdm_core_incarnation(from->core),
                            .runs = runs->runs,
                            .run_count = runs->run_count,
                            .event_spans = spans,
                            .event_count = runs->event_count,
                            .events = tdm_buf_span(&runs->events),
                            .has_seal = runs->has_seal,
                            .seal = runs->seal };
    assert_int_equal(tdm_core_keep(to->core, done, &batch, NULL, 1), TDM_OK);
    void *item = NULL;
    assert_int_equal(tdm_queue_wait(done, &item, 1), 1);
    assert_int_equal(((tdm_core_done *)item)->code, TDM_OK);
    free(item);
    free(spans);
}

void world_copy_log(tdm_world *from, tdm_world *to)
{
    tdm_err err = { 0 };
    tdm_queue *done = NULL;
    tdm_tip tip;
    tdm_tip held;
    tdm_ledger *source = tdm_core_ledger(from->core);
    const tdm_id *origin = tdm_core_origin(from->core);
    uint64_t incarnation = tdm_core_incarnation(from->core);
    assert_int_equal(tdm_queue_open(&done, 16, &err), TDM_OK);
    assert_int_equal(tdm_core_listen(to->core, done, -1, &err), TDM_OK);
    assert_int_equal(tdm_ledger_tip(source, origin, incarnation, &tip, &err), TDM_OK);
    tdm_ledger_tip(tdm_core_ledger(to->core), origin, incarnation, &held, &err);
    for (uint64_t next = held.last + 1; next <= tip.last;) {
        tdm_run_batch batch = { 0 };
        assert_int_equal(tdm_ledger_runs(source, origin, incarnation, next, 1 << 18, 64, false, &batch, &err),
                         TDM_OK);
        keep_batch(from, to, done, &batch);
        next = batch.runs[batch.run_count - 1].last + 1;
        tdm_run_batch_free(&batch);
    }
    tdm_core_unlisten(to->core, done);
    tdm_queue_destroy(&done, free);
}

static void keep_notice(tdm_world *from, tdm_world *to, tdm_queue *done, uint64_t sequence)
{
    tdm_err err = { 0 };
    tdm_buf bytes = { 0 };
    tdm_event event;
    tdm_proof proof;
    uint64_t position = 0;
    tdm_ledger *source = tdm_core_ledger(from->core);
    const tdm_id *origin = tdm_core_origin(from->core);
    uint64_t incarnation = tdm_core_incarnation(from->core);
    assert_int_equal(tdm_ledger_event_find(source, origin, incarnation, sequence, &position, &err), TDM_OK);
    assert_int_equal(tdm_ledger_event_at(source, position, &bytes, &err), TDM_OK);
    assert_int_equal(tdm_event_decode(tdm_buf_span(&bytes), &event, &err), TDM_OK);
    if (tdm_ledger_proof(source, origin, incarnation, sequence, &proof, &err) != TDM_OK)
        fail_msg("proof: %s", err.what);
    tdm_notice_batch batch = { .count = 1, .numbers = &sequence, .events = &event, .proofs = &proof };
    assert_int_equal(tdm_core_keep_notices(to->core, done, &batch, NULL, 1), TDM_OK);
    void *item = NULL;
    assert_int_equal(tdm_queue_wait(done, &item, 1), 1);
    assert_int_equal(((tdm_core_done *)item)->code, TDM_OK);
    free(item);
    tdm_buf_free(&bytes);
}

void world_copy_notices(tdm_world *from, tdm_world *to, uint64_t first, uint64_t last)
{
    tdm_err err = { 0 };
    tdm_queue *done = NULL;
    assert_int_equal(tdm_queue_open(&done, 16, &err), TDM_OK);
    assert_int_equal(tdm_core_listen(to->core, done, -1, &err), TDM_OK);
    for (uint64_t sequence = first; sequence <= last; sequence++)
        keep_notice(from, to, done, sequence);
    tdm_core_unlisten(to->core, done);
    tdm_queue_destroy(&done, free);
}

uint64_t world_last_sequence(tdm_world *world)
{
    tdm_tip tip;
    tdm_err err = { 0 };
    assert_int_equal(tdm_ledger_tip(tdm_core_ledger(world->core), tdm_core_origin(world->core),
                                    tdm_core_incarnation(world->core), &tip, &err),
                     TDM_OK);
    return tip.last;
}
