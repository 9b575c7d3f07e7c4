/* SPDX-License-Identifier: MPL-2.0
 *
 * log_export.c: the log as JSON Lines.
 */
#include "log_text.h"

#include "keyring.h"
#include "json.h"

#include "tandem/pack.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 1 << 20, BATCH_RUNS = 256, SCAN_EVENTS = 1024 };

/* A run that is to be written, and its seal. */
typedef struct sealed_run {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t first;
    uint64_t last;
    bool has_seal;
    tdm_seal seal;
} sealed_run;

typedef struct exporting {
    tdm_core *core;
    tdm_ledger *ledger;
    tdm_log_write *write;
    void *context;
    const tdm_told *told;
    uint64_t done; /* events */
    uint64_t all;
    tdm_buf lines;
    tdm_tip *tips; /* how far the logs went when the export began */
    size_t tip_count;
    sealed_run runs[BATCH_RUNS];
    size_t run_count;
    size_t next_run; /* the one to be written next */
    tdm_err *err;
} exporting;

static tdm_code flush(exporting *e, bool all)
{
    if (e->lines.failed)
        return tdm_fail(e->err, TDM_FULL, 0, "no memory for the export");
    if (e->lines.len == 0 || (!all && e->lines.len < BATCH_BYTES))
        return TDM_OK;
    tdm_code code = e->write(e->context, tdm_buf_span(&e->lines), e->err);
    tdm_buf_clear(&e->lines);
    return code == TDM_OK ? tdm_told_tell(e->told, e->done < e->all ? e->done : e->all, e->all, e->err)
                          : code;
}

static tdm_json begin_line(exporting *e, const char *kind)
{
    tdm_json json = tdm_json_open(&e->lines);
    tdm_json_begin_object(&json);
    tdm_json_text(tdm_json_key(&json, "kind"), kind);
    return json;
}

static tdm_code end_line(exporting *e, tdm_json *json)
{
    tdm_json_end_object(json);
    tdm_code code = tdm_json_close(json, e->err);
    tdm_buf_text(&e->lines, "\n");
    return code;
}

static void put_hex(tdm_json *json, const char *key, const void *data, size_t len)
{
    char hex[2 * TDM_SEAL_BYTES + 1];
    tdm_hex(hex, data, len);
    tdm_json_text(tdm_json_key(json, key), hex);
}

static void put_log(tdm_json *json, const tdm_id *origin, uint64_t incarnation)
{
    uint8_t bytes[8];
    tdm_incarnation_bytes(incarnation, bytes);
    put_hex(json, "origin", origin->bytes, TDM_ID_BYTES);
    put_hex(json, "incarnation", bytes, sizeof bytes);
}

static void put_int(tdm_json *json, const char *key, uint64_t value)
{
    tdm_json_int(tdm_json_key(json, key), (int64_t)value);
}

static tdm_code write_store(exporting *e)
{
    tdm_id authority;
    tdm_json json = begin_line(e, "store");
    put_int(&json, "version", TDM_LEDGER_FORMAT);
    if (tdm_core_authority(e->core, &authority))
        put_hex(&json, "authority", authority.bytes, TDM_ID_BYTES);
    else
        tdm_json_null(tdm_json_key(&json, "authority"));
    return end_line(e, &json);
}

/* ---- whole logs */

static const tdm_tip *tip_of(const exporting *e, const tdm_id *origin, uint64_t incarnation)
{
    for (size_t i = 0; i < e->tip_count; i++)
        if (e->tips[i].incarnation == incarnation && tdm_id_equal(&e->tips[i].origin, origin))
            return &e->tips[i];
    return NULL;
}

/* What came after the export began is left out. */
static tdm_code note_run(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *run,
                         const tdm_seal *seal, tdm_err *err)
{
    exporting *e = context;
    const tdm_tip *tip = tip_of(e, origin, incarnation);
    (void)err;
    if (tip == NULL || run->last > tip->last)
        return TDM_OK;
    if (e->run_count == BATCH_RUNS)
        return TDM_END;
    sealed_run *noted = &e->runs[e->run_count++];
    *noted = (sealed_run){ .origin = *origin,
                           .incarnation = incarnation,
                           .first = run->first,
                           .last = run->last,
                           .has_seal = seal != NULL };
    if (seal != NULL)
        noted->seal = *seal;
    return TDM_OK;
}

static tdm_code write_event(exporting *e, tdm_span bytes)
{
    tdm_event event;
    tdm_code code = tdm_event_peek(bytes, &event, e->err);
    if (code == TDM_OK)
        code = tdm_event_to_json(&event, &e->lines, e->err);
    tdm_buf_text(&e->lines, "\n");
    e->done++;
    return code;
}

static tdm_code write_run(exporting *e, const sealed_run *noted, const tdm_run *run)
{
    tdm_json json = begin_line(e, "run");
    put_log(&json, &noted->origin, noted->incarnation);
    put_int(&json, "first", run->first);
    put_int(&json, "last", run->last);
    put_hex(&json, "root", run->root.bytes, TDM_DIGEST_BYTES);
    put_hex(&json, "head", run->head.bytes, TDM_DIGEST_BYTES);
    tdm_json_text(tdm_json_key(&json, "hash"), TDM_HASH_NAME);
    tdm_code code = end_line(e, &json);
    if (code != TDM_OK || !noted->has_seal)
        return code;
    json = begin_line(e, "seal");
    put_log(&json, &noted->origin, noted->incarnation);
    put_int(&json, "last", noted->seal.last);
    put_hex(&json, "key", noted->seal.key, sizeof noted->seal.key);
    put_hex(&json, "signature", noted->seal.signature, TDM_SEAL_BYTES);
    return end_line(e, &json);
}

static tdm_code write_batch(exporting *e, const tdm_run_batch *batch)
{
    tdm_cursor events = tdm_cursor_over(tdm_buf_span(&batch->events));
    tdm_code code = TDM_OK;
    for (size_t r = 0; r < batch->run_count && code == TDM_OK; r++) {
        const tdm_run *run = &batch->runs[r];
        const sealed_run *noted = &e->runs[e->next_run];
        if (e->next_run == e->run_count || noted->first != run->first)
            return tdm_fail(e->err, TDM_BUSY, 0, "the log changed under the export; export again");
        for (uint64_t s = run->first; s <= run->last && code == TDM_OK; s++)
            code = write_event(e, tdm_cursor_skip(&events));
        if (code == TDM_OK)
            code = write_run(e, noted, run);
        if (code == TDM_OK)
            code = flush(e, false);
        e->next_run++;
    }
    return code;
}

/* Runs of the incarnation of the next run, as many as one batch holds and were noted. */
static tdm_code write_some_runs(exporting *e)
{
    const sealed_run *from = &e->runs[e->next_run];
    tdm_run_batch batch = { 0 };
    size_t same = 1; /* runs that were there when the export began */
    while (same < BATCH_RUNS && e->next_run + same < e->run_count
           && from[same].incarnation == from->incarnation && tdm_id_equal(&from[same].origin, &from->origin))
        same++;
    tdm_code code = tdm_ledger_runs(e->ledger, &from->origin, from->incarnation, from->first, BATCH_BYTES,
                                    same, false, &batch, e->err);
    if (code == TDM_OK && batch.run_count == 0)
        code = tdm_fail(e->err, TDM_CORRUPT, 0, "a run is listed and not there; run tandem verify");
    if (code == TDM_OK)
        code = write_batch(e, &batch);
    tdm_run_batch_free(&batch);
    return code;
}

/* In order of the logs, some at a time. */
static tdm_code write_runs(exporting *e)
{
    tdm_run_place after = { .last = 0 };
    tdm_code code = TDM_OK;
    bool more = true;
    while (code == TDM_OK && more) {
        e->run_count = 0;
        e->next_run = 0;
        code = tdm_ledger_some_runs(e->ledger, &after, note_run, e, e->err);
        more = code == TDM_OK || e->run_count == BATCH_RUNS; /* it stopped because there was no more room */
        code = code == TDM_END ? TDM_OK : code;
        while (code == TDM_OK && e->next_run < e->run_count)
            code = write_some_runs(e);
    }
    return code;
}

/* ---- events that came alone */

static bool is_held_whole(const exporting *e, const tdm_event *event)
{
    const tdm_tip *tip = tip_of(e, &event->origin, event->incarnation);
    return tip != NULL && event->sequence <= tip->last;
}

/* Positions are gathered first: a proof is read in a transaction of its own. */
typedef struct lone_position {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t sequence;
    uint64_t position;
} lone_position;

typedef struct gathering {
    const exporting *e;
    lone_position at[SCAN_EVENTS];
    size_t count;
} gathering;

static tdm_code note_lone(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    gathering *found = context;
    tdm_event event;
    if (!entry->notice)
        return TDM_OK;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code == TDM_OK && !is_held_whole(found->e, &event))
        found->at[found->count++] =
            (lone_position){ event.origin, event.incarnation, event.sequence, entry->position };
    return code;
}

static tdm_code write_lone(exporting *e, const lone_position *at)
{
    tdm_proof proof;
    tdm_buf bytes = { 0 };
    tdm_buf packed = { 0 };
    tdm_code code = tdm_ledger_event_at(e->ledger, at->position, &bytes, e->err);
    if (code == TDM_OK)
        code = write_event(e, tdm_buf_span(&bytes));
    if (code == TDM_OK)
        code = tdm_ledger_proof(e->ledger, &at->origin, at->incarnation, at->sequence, &proof, e->err);
    if (code == TDM_OK) {
        tdm_proof_encode(&proof, &packed);
        char *hex = malloc(2 * packed.len + 1);
        tdm_json json = begin_line(e, "notice");
        put_log(&json, &at->origin, at->incarnation);
        put_int(&json, "sequence", at->sequence);
        if (hex != NULL)
            tdm_hex(hex, packed.data, packed.len);
        tdm_json_text(tdm_json_key(&json, "proof"), hex);
        code = hex == NULL ? tdm_fail(e->err, TDM_FULL, 0, "no memory for a proof") : end_line(e, &json);
        free(hex);
    }
    tdm_buf_free(&bytes);
    tdm_buf_free(&packed);
    return code == TDM_OK ? flush(e, false) : code;
}

static tdm_code write_notices(exporting *e, uint64_t last)
{
    gathering *found = malloc(sizeof *found);
    tdm_code code = found == NULL ? tdm_fail(e->err, TDM_FULL, 0, "no memory for the export") : TDM_OK;
    for (uint64_t from = 1; code == TDM_OK && from <= last;) {
        found->e = e;
        found->count = 0;
        code = tdm_ledger_scan(e->ledger, from, SCAN_EVENTS, note_lone, found, &from, e->err);
        for (size_t i = 0; i < found->count && code == TDM_OK; i++)
            if (found->at[i].position <= last)
                code = write_lone(e, &found->at[i]);
    }
    free(found);
    return code;
}

/* ---- keys */

static tdm_code write_key(exporting *e, const tdm_key_fact *key)
{
    const char *purpose = tdm_enum_word(TDM_ENUM_PURPOSE, key->purpose);
    tdm_json json = begin_line(e, "key");
    put_hex(&json, "origin", key->origin.bytes, TDM_ID_BYTES);
    put_hex(&json, "key", key->key, sizeof key->key);
    tdm_json_text(tdm_json_key(&json, "purpose"), purpose == NULL ? "unknown" : purpose);
    tdm_json_text(tdm_json_key(&json, "state"), key->active ? "active" : "revoked");
    return end_line(e, &json);
}

/* Who only reads has no figures at hand; of the log the registry's part is enough. */
static tdm_code load_keys(exporting *e, tdm_keyring *keyring)
{
    tdm_fold *fold = NULL;
    if (!tdm_core_is_read_only(e->core)) {
        fold = tdm_core_fold(e->core);
        tdm_code code = tdm_keyring_load(keyring, fold, e->err);
        tdm_core_fold_release(e->core, fold);
        return code;
    }
    tdm_fold_options options = { .cache_bytes = 0 };
    options.has_authority = tdm_core_authority(e->core, &options.authority);
    tdm_span none = TDM_SPAN_LITERAL("");
    tdm_code code = tdm_fold_about(e->ledger, &options, &none, 1, NULL, &fold, e->err);
    if (code == TDM_OK)
        code = tdm_keyring_load(keyring, fold, e->err);
    tdm_fold_close(&fold);
    return code;
}

/* In the keyring's order, (origin, key): the fold's own depends on how the facts came. */
static tdm_code write_keys(exporting *e)
{
    tdm_keyring *keyring = NULL;
    size_t count;
    tdm_code code = tdm_keyring_new(&keyring, e->err);
    if (code != TDM_OK)
        return code;
    code = load_keys(e, keyring);
    const tdm_key_fact *keys = tdm_keyring_keys(keyring, &count);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        code = write_key(e, &keys[i]);
    tdm_keyring_destroy(&keyring);
    return code;
}

static tdm_code write_all(exporting *e)
{
    tdm_code code = tdm_ledger_last_position(e->ledger, &e->all, e->err);
    if (code == TDM_OK)
        code = tdm_ledger_tips(e->ledger, &e->tips, &e->tip_count, e->err);
    if (code == TDM_OK)
        code = write_store(e);
    if (code == TDM_OK)
        code = write_runs(e);
    if (code == TDM_OK)
        code = write_notices(e, e->all);
    if (code == TDM_OK)
        code = write_keys(e);
    e->done = e->all;
    return code == TDM_OK ? flush(e, true) : code;
}

tdm_code tdm_log_export(tdm_core *core, tdm_log_write *write, void *context, const tdm_told *told,
                        tdm_err *err)
{
    exporting *e = calloc(1, sizeof *e);
    if (e == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the export");
    *e = (exporting){ .core = core,
                      .ledger = tdm_core_ledger(core),
                      .write = write,
                      .context = context,
                      .told = told,
                      .err = err };
    tdm_code code = write_all(e);
    free(e->tips);
    tdm_buf_free(&e->lines);
    free(e);
    return code;
}
