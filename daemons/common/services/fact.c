/* SPDX-License-Identifier: MPL-2.0
 *
 * fact.c: facts of any type that people record, one by hand or a file of them. What stands already is known;
 * other content is a correction; what was hidden returns.
 */
#include "fact_run.h"

#include "../people_log.h"

#include <stdlib.h>
#include <string.h>

enum { REASON_MAX = 300 };

/* ---- one fact */

static tdm_code draft_hiding(tdm_fact_run *run, const tdm_held_fact *old, tdm_fate *fate)
{
    tdm_fact_entry *entry = &run->entry;
    bool did = false;
    if (old == NULL) {
        tdm_fact_entry_refuse(entry, "", tdm_span_text(""), "There is no such fact of yours to take back.");
        return TDM_OK;
    }
    tdm_code code = tdm_fact_hide(
        &run->held, tdm_buf_span(&entry->subject), &entry->fact, tdm_type_hidden_by(entry->type->number),
        run->reason, tdm_today(run->context), tdm_own_author(run->context), run->drafts, &did, run->err);
    *fate = did ? TDM_FATE_HIDDEN : TDM_FATE_KNOWN;
    return code;
}

static tdm_code draft_content(tdm_fact_run *run, const tdm_held_fact *old, tdm_fate *fate)
{
    tdm_fact_entry *entry = &run->entry;
    tdm_record record;
    bool did = false;
    if (old != NULL
        && tdm_record_decode(entry->type->number, tdm_held_payload(&run->held, old), &record, NULL) == TDM_OK)
        tdm_fact_entry_keep(entry, &record);
    if (!tdm_fact_entry_check(entry))
        return TDM_OK;
    tdm_code code = tdm_fact_want(&run->held, tdm_buf_span(&entry->subject), &entry->fact,
                                  tdm_fact_entry_date(entry, tdm_today(run->context)),
                                  tdm_own_author(run->context), &entry->record, run->drafts, &did, run->err);
    *fate = old == NULL     ? TDM_FATE_NEW
            : !old->visible ? TDM_FATE_RETURNED
            : did           ? TDM_FATE_CHANGED
                            : TDM_FATE_KNOWN;
    return code;
}

/* A person's row goes to the private log, which does its own comparing. */
static tdm_code keep_person(tdm_fact_run *run, tdm_fate *fate)
{
    static const tdm_fate FATES[] = { [TDM_PERSON_NEW] = TDM_FATE_NEW,
                                      [TDM_PERSON_KNOWN] = TDM_FATE_KNOWN,
                                      [TDM_PERSON_CHANGED] = TDM_FATE_CHANGED,
                                      [TDM_PERSON_RETURNED] = TDM_FATE_RETURNED,
                                      [TDM_PERSON_HIDDEN] = TDM_FATE_HIDDEN };
    const tdm_fact_entry *entry = &run->entry;
    tdm_buf payload = { .secret = true };
    tdm_person_fate kept = TDM_PERSON_KNOWN;
    if (!run->hide && !tdm_fact_entry_check(&run->entry))
        return TDM_OK;
    tdm_code code = run->hide ? TDM_OK : tdm_record_encode(&entry->record, &payload, run->err);
    tdm_person_entry row = { .type = entry->type->number,
                             .person = entry->record.values[1].bytes,
                             .row = entry->fact,
                             .record = tdm_buf_span(&payload),
                             .dry_run = run->dry_run };
    if (code == TDM_OK)
        code = tdm_people_take(run->context->people, &row, run->context->now_ms, &kept, run->err);
    tdm_buf_free(&payload);
    *fate = FATES[kept];
    return code;
}

tdm_code tdm_fact_draft(tdm_fact_run *run, tdm_fate *fate)
{
    tdm_fact_entry *entry = &run->entry;
    *fate = TDM_FATE_REFUSED;
    if (entry->type->duty == TDM_DUTY_PERSON)
        return keep_person(run, fate);
    tdm_code code = tdm_held_load(&run->held, run->fold, tdm_core_origin(run->context->core),
                                  tdm_buf_span(&entry->subject), run->err);
    if (code != TDM_OK)
        return code;
    if (entry->type->duty == TDM_DUTY_AMENDMENT)
        return tdm_fact_draft_amendment(run, fate);
    const tdm_held_fact *old = tdm_held_find(&run->held, &entry->fact);
    return run->hide ? draft_hiding(run, old, fate) : draft_content(run, old, fate);
}

/* ---- the report */

void tdm_fact_report(tdm_json *list, size_t row, const char *column, tdm_span value, const char *what)
{
    tdm_json_begin_object(list);
    if (row > 0)
        tdm_member_int(list, "row", (int64_t)row);
    tdm_member_text(list, "column", column);
    tdm_member_shown(list, "value", value);
    tdm_member_text(list, "what", what);
    tdm_json_end_object(list);
}

void tdm_fact_refuse(tdm_fact_run *run, size_t row)
{
    const tdm_fact_entry *entry = &run->entry;
    run->fates[TDM_FATE_REFUSED]++;
    for (size_t i = 0; i < entry->problem_count; i++) {
        const tdm_fact_problem *problem = &entry->problems[i];
        tdm_span value = { (const uint8_t *)problem->value, problem->value_len };
        tdm_fact_report(&run->refusals, row, problem->name, value, problem->what);
    }
}

tdm_code tdm_fact_state(tdm_fact_run *run, bool all)
{
    return tdm_core_state_group(run->context->core, run->drafts, all, run->dry_run, &run->events, run->err);
}

tdm_code tdm_fact_take(tdm_fact_run *run, size_t row)
{
    tdm_fate fate = TDM_FATE_REFUSED;
    tdm_code code = TDM_OK;
    if (run->entry.problem_count == 0)
        code = tdm_fact_draft(run, &fate);
    if (code != TDM_OK)
        return code;
    if (fate == TDM_FATE_REFUSED)
        tdm_fact_refuse(run, row);
    else
        run->fates[fate]++;
    return tdm_fact_state(run, row == 0);
}

static const char *const FATE_WORDS[] = {
#define X(symbol, word) word,
    TDM_FATES_X(X)
#undef X
};

/* Of a single fact also where it is filed and how it is named. */
static void write_fact(const tdm_fact_run *run, tdm_json *json)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, run->entry.fact.bytes, TDM_ID_BYTES);
    bool filed = run->fates[TDM_FATE_REFUSED] == 0;
    tdm_json_key(json, "subject");
    if (filed && run->entry.subject.len > 0)
        tdm_json_span(json, tdm_buf_span(&run->entry.subject));
    else
        tdm_json_null(json);
    tdm_member_text(json, "fact", filed ? hex : NULL);
}

static tdm_code write_report(tdm_fact_run *run, bool single, tdm_answer *answer)
{
    tdm_json_end_array(&run->warnings);
    tdm_json_end_array(&run->refusals);
    tdm_code code = tdm_json_close(&run->warnings, run->err);
    if (code == TDM_OK)
        code = tdm_json_close(&run->refusals, run->err);
    if (code != TDM_OK)
        return code;
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.facts/1", run->context->now_ms, true);
    tdm_json *json = &document.json;
    tdm_json_begin_object(json);
    tdm_member_text(json, "type", run->type->name);
    tdm_member_bool(json, "dry_run", run->dry_run);
    if (single)
        write_fact(run, json);
    else
        tdm_member_int(json, "rows", (int64_t)run->rows);
    for (size_t i = 0; i < TDM_FATES; i++)
        tdm_member_int(json, FATE_WORDS[i], run->fates[i]);
    tdm_member_int(json, "events", run->events);
    tdm_json_raw(tdm_json_key(json, "warnings"), tdm_buf_span(&run->warnings_text));
    tdm_json_raw(tdm_json_key(json, "refusals"), tdm_buf_span(&run->refusals_text));
    tdm_json_end_object(json);
    answer->exit = run->fates[TDM_FATE_REFUSED] > 0 ? 1 : 0;
    return tdm_document_close(&document, run->err);
}

/* ---- what is asked for */

static tdm_code check_place(const tdm_service_context *context, const tdm_type *type, tdm_err *err)
{
    const char *why;
    int places = tdm_type_recorded_at(type, &why);
    bool hub = tdm_core_is_hub(context->core);
    if ((places & (hub ? TDM_RECORDED_AT_HUB : TDM_RECORDED_AT_NODE)) != 0
        && (type->scope != TDM_SCOPE_NODE || context->people != NULL))
        return TDM_OK;
    if (type->scope == TDM_SCOPE_NODE)
        return tdm_fail(err, TDM_INVALID, 0, "%s is about one person: this daemon keeps no private log",
                        type->name);
    return tdm_fail(err, TDM_INVALID, 0,
                    "%s is a fact of the registry, which counts from the hub alone: record it there, or ask "
                    "who runs the hub",
                    type->name);
}

/* With underscores for dashes. */
static void plain_name(const char *name, char out[64])
{
    size_t at = 0;
    for (; name[at] != '\0' && at + 1 < 64; at++)
        out[at] = (char)(name[at] == '-' ? '_' : name[at]);
    out[at] = '\0';
}

static tdm_code read_type(tdm_fact_run *run, const json_t *args)
{
    const char *name = NULL;
    tdm_code code = tdm_arg_needed(args, "type", "session", &name, run->err);
    if (code == TDM_OK)
        code = tdm_type_to_record(name, &run->type, run->err);
    return code == TDM_OK ? check_place(run->context, run->type, run->err) : code;
}

static tdm_code check_names(const tdm_fact_run *run)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)run->fields, name, value)
    {
        if (tdm_fact_name_fits(run->type, tdm_span_text(name)))
            continue;
        const char *near = tdm_fact_name_near(run->type, name);
        return tdm_fail(run->err, TDM_INVALID, 0, "%s has no field \"%.40s\"; %s%s%s", run->type->name, name,
                        near == NULL ? "tandem record TYPE --help lists them" : "did you mean ",
                        near == NULL ? "" : near, near == NULL ? "" : "?");
    }
    return TDM_OK;
}

/* Names with underscores. "unit" and the like may stand beside "fields". */
static tdm_code read_fields(tdm_fact_run *run, const json_t *args, json_t *all)
{
    const json_t *fields = json_object_get(args, "fields");
    bool bad = fields != NULL && !json_is_object(fields);
    const char *given;
    json_t *told;
    json_object_foreach((json_t *)fields, given, told)
    {
        char name[64];
        plain_name(given, name);
        bad = bad || json_object_get(all, name) != NULL || json_object_set(all, name, told) != 0;
    }
    for (tdm_fact_extra extra = 0; extra < TDM_FACT_EXTRAS; extra++) {
        const char *name = tdm_fact_extra_name(extra);
        json_t *value = json_object_get(args, name);
        bad = bad || (value != NULL && json_object_set(all, name, value) != 0);
    }
    if (bad)
        return tdm_fail(run->err, TDM_INVALID, 0, "fields takes an object of names, each once, and values");
    run->fields = all;
    return check_names(run);
}

static tdm_code open_run(tdm_fact_run *run, const json_t *args, json_t *all)
{
    tdm_code code =
        all == NULL ? tdm_fail(run->err, TDM_FULL, 0, "no memory for a fact") : read_type(run, args);
    if (code == TDM_OK)
        code = read_fields(run, args, all);
    run->hide = tdm_arg_flag(args, "void");
    run->dry_run = tdm_arg_flag(args, "dry_run");
    run->reason = tdm_arg_text(args, "reason");
    if (code == TDM_OK && run->hide && run->type->duty == TDM_DUTY_AMENDMENT)
        code = tdm_fail(run->err, TDM_INVALID, 0,
                        "an amendment is not taken back: record unvoid, or a correction");
    if (code == TDM_OK && run->reason != NULL && !run->hide)
        code = tdm_fail(run->err, TDM_INVALID, 0,
                        "reason goes with void; a field of this name goes into fields");
    if (code == TDM_OK && run->reason != NULL && strlen(run->reason) > REASON_MAX)
        code = tdm_fail(run->err, TDM_INVALID, 0, "the reason has over %d bytes; shorten it", REASON_MAX);
    run->drafts = tdm_drafts_new();
    run->warnings = tdm_json_open(&run->warnings_text);
    run->refusals = tdm_json_open(&run->refusals_text);
    tdm_json_begin_array(&run->warnings);
    tdm_json_begin_array(&run->refusals);
    if (code == TDM_OK && run->drafts == NULL)
        code = tdm_fail(run->err, TDM_FULL, 0, "no memory for a fact");
    if (code == TDM_OK && tdm_own_organisation(run->context, args, run->own, &run->why_own) != TDM_OK)
        run->own[0] = '\0';
    return code;
}

static void close_run(tdm_fact_run *run)
{
    tdm_drafts_free(&run->drafts);
    tdm_held_free(&run->held);
    tdm_fact_entry_free(&run->entry);
    tdm_buf_free(&run->warnings_text);
    tdm_buf_free(&run->refusals_text);
}

static tdm_code take_single(tdm_fact_run *run)
{
    const char *name;
    json_t *value;
    tdm_fact_entry_begin(&run->entry, run->type);
    json_object_foreach((json_t *)run->fields, name, value)
    {
        tdm_fact_entry_tell_json(&run->entry, name, value);
    }
    if (run->entry.problem_count == 0)
        tdm_fact_entry_settle(&run->entry, run->own, run->why_own.what);
    return tdm_fact_take(run, 0);
}

/* Good rows are kept whatever stopped the others. */
static tdm_code keep_people(const tdm_fact_run *run, tdm_code code)
{
    tdm_err err = { 0 };
    if (run->type->duty != TDM_DUTY_PERSON)
        return code;
    tdm_code kept = tdm_people_keep(run->context->people, &err);
    if (code != TDM_OK || kept == TDM_OK)
        return code;
    return tdm_fail(run->err, kept, err.sys, "%.180s", err.what);
}

tdm_code tdm_serve_record_fact(const tdm_service_context *context, const tdm_request *request,
                               tdm_answer *answer, tdm_err *err)
{
    tdm_fact_run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a fact");
    json_t *all = json_object();
    run->context = context;
    run->err = err;
    tdm_code code = open_run(run, request->args, all);
    if (code == TDM_OK)
        code = tdm_settle(context, err);
    if (code == TDM_OK) {
        run->fold = tdm_core_fold(context->core);
        code = request->body.len > 0 ? tdm_fact_sheet(run, request->body) : take_single(run);
        tdm_core_fold_release(context->core, run->fold);
        code = keep_people(run, code);
    }
    if (code == TDM_OK)
        code = write_report(run, request->body.len == 0, answer);
    close_run(run);
    json_decref(all);
    free(run);
    return code;
}
