/* SPDX-License-Identifier: MPL-2.0
 *
 * status.c: one object that tells how this store is: who it is, what waits, how far the figures are.
 */
#include "claims.h"
#include "nodes.h"

#include "../clock.h"
#include "../people_log.h"
#include "../upkeep.h"

#include <stdlib.h>
#include <string.h>

static void write_links(tdm_json *json, const json_t *links)
{
    char *text = json_dumps(links, JSON_COMPACT);
    tdm_json_key(json, "links");
    if (text != NULL)
        tdm_json_raw(json, tdm_span_text(text));
    else
        tdm_json_null(json);
    free(text);
}

static tdm_code note_received(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    (void)err;
    *(int64_t *)context = entry->received_ms;
    return TDM_OK;
}

/* When the first own event that the hub has not acknowledged was recorded. Before the hub was heard, how far
 * it is is not known. */
static int64_t waiting_since(const tdm_service_context *context, const json_t *row, const tdm_tip *own)
{
    tdm_ledger *ledger = tdm_core_ledger(context->core);
    uint64_t acknowledged = (uint64_t)tdm_link_number(row, "acked");
    const char *state = json_string_value(json_object_get(row, "state"));
    uint64_t position = 0;
    uint64_t next;
    int64_t received_ms = 0;
    bool known = row != NULL && (acknowledged > 0 || strcmp(state, "live") == 0);
    if (known && acknowledged < own->last
        && tdm_ledger_event_find(ledger, &own->origin, own->incarnation, acknowledged + 1, &position, NULL)
               == TDM_OK)
        tdm_ledger_scan(ledger, position, 1, note_received, &received_ms, &next, NULL);
    return received_ms;
}

/* Sharing is a node's matter: how much of the own log the hub has acknowledged. */
static void write_sharing(const tdm_service_context *context, const json_t *links, tdm_json *json)
{
    tdm_id hub;
    tdm_tip own = { 0 };
    bool joined = tdm_core_authority(context->core, &hub);
    const json_t *row = joined ? tdm_link_row(links, &hub) : NULL;
    tdm_origin_tip(context, tdm_core_origin(context->core), &own);
    int64_t acknowledged = tdm_link_number(row, "acked");
    int64_t waiting = (int64_t)own.last - acknowledged;
    tdm_member_int(json, "last_sequence", (int64_t)own.last);
    if (tdm_core_is_hub(context->core))
        return;
    tdm_json_key(json, "acknowledged");
    if (row != NULL)
        tdm_json_int(json, acknowledged);
    else
        tdm_json_null(json);
    tdm_json_key(json, "waiting_to_share");
    if (row != NULL || context->links != NULL)
        tdm_json_int(json, waiting < 0 ? 0 : waiting);
    else
        tdm_json_null(json);
    int64_t since_ms = waiting_since(context, row, &own);
    tdm_member_time(json, "waiting_since", since_ms > 0, since_ms);
}

/* Left out of a glance: it reads every claim. */
static tdm_code write_pending(const tdm_service_context *context, tdm_fold *fold, tdm_json *json,
                              tdm_err *err)
{
    tdm_claim_rows rows = { 0 };
    int64_t waiting = 0;
    tdm_code code = tdm_claim_rows_read(context, fold, &rows, err);
    for (size_t i = 0; i < rows.count; i++)
        waiting += strcmp(rows.rows[i].state, "unanswered") == 0 || strcmp(rows.rows[i].state, "lapsed") == 0;
    tdm_claim_rows_free(&rows);
    tdm_member_int(json, "pending_claims", waiting);
    return code;
}

/* Of a node's private log: how many, and the day they were last counted. */
static void write_people(const tdm_service_context *context, tdm_json *json)
{
    uint64_t people = 0;
    tdm_date day;
    if (context->people == NULL)
        return;
    (void)tdm_people_glance(context->people, &people);
    bool counted = tdm_people_counted_on(context->core, &day);
    tdm_member_int(json, "people", (int64_t)people);
    tdm_member_date(json, "people_summarised", counted, day);
}

static void write_program(const tdm_service_context *context, tdm_json *json)
{
    tdm_member_text(json, "version", TANDEM_VERSION);
    tdm_json_key(json, "uptime_s");
    if (context->began_ms > 0)
        tdm_json_int(json, (tdm_clock_mono_ms() - context->began_ms) / 1000);
    else
        tdm_json_null(json);
}

static void write_upkeep(const tdm_service_context *context, tdm_json *json)
{
    tdm_upkeep upkeep;
    tdm_upkeep_read(context->core, &upkeep);
    tdm_member_time(json, "last_verify", upkeep.verified, upkeep.verified_ms);
    tdm_json_key(json, "last_verify_faults");
    if (upkeep.verified)
        tdm_json_int(json, (int64_t)upkeep.faults);
    else
        tdm_json_null(json);
    tdm_member_time(json, "last_snapshot", upkeep.copied, upkeep.copied_ms);
}

static tdm_code write_store(const tdm_service_context *context, tdm_json *json, tdm_err *err)
{
    tdm_kv_stats stats = { 0 };
    tdm_code code = tdm_kv_stat(tdm_ledger_kv(tdm_core_ledger(context->core)), &stats, err);
    tdm_member_int(json, "store_bytes", (int64_t)stats.used_bytes);
    tdm_member_int(json, "map_bytes", (int64_t)stats.map_bytes);
    write_upkeep(context, json);
    return code;
}

static tdm_code write_figures(const tdm_service_context *context, const tdm_view *view, tdm_json *json,
                              tdm_err *err)
{
    uint64_t held = 0;
    tdm_fold_counts counts = { 0 };
    tdm_code code = tdm_ledger_last_position(tdm_core_ledger(context->core), &held, err);
    tdm_member_int(json, "events_held", (int64_t)held);
    tdm_member_int(json, "fold_lag", (int64_t)tdm_core_fold_lag(context->core));
    tdm_member_bool(json, "complete", tdm_core_is_complete(context->core));
    tdm_fold_counts_read(view->fold, &counts);
    tdm_member_int(json, "units", counts.units);
    tdm_member_int(json, "events", counts.events);
    tdm_member_int(json, "doubts", counts.doubts);
    return code;
}

static tdm_code write_status(const tdm_service_context *context, const tdm_view *view, const json_t *links,
                             bool glance, tdm_json *json, tdm_err *err)
{
    tdm_id hub;
    bool joined = tdm_core_authority(context->core, &hub);
    tdm_json_begin_object(json);
    tdm_member_text(json, "role", tdm_core_is_hub(context->core) ? "hub" : "node");
    tdm_json_id(tdm_json_key(json, "origin"), tdm_core_origin(context->core));
    tdm_code code = tdm_write_organisations(context, view->fold, tdm_core_origin(context->core), json, err);
    tdm_json_key(json, "hub");
    if (joined)
        tdm_json_id(json, &hub);
    else
        tdm_json_null(json);
    write_links(json, links);
    write_sharing(context, links, json);
    if (code == TDM_OK && !glance)
        code = write_pending(context, view->fold, json, err);
    if (code == TDM_OK)
        code = write_figures(context, view, json, err);
    write_people(context, json);
    if (code == TDM_OK)
        code = write_store(context, json, err);
    write_program(context, json);
    tdm_json_end_object(json);
    return code;
}

tdm_code tdm_serve_status(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    tdm_view view = { 0 };
    tdm_code code = tdm_view_open(context, request->args, &view, err);
    if (code != TDM_OK)
        return code;
    tdm_document document;
    json_t *links = tdm_links_read(context);
    tdm_document_open(&document, answer, "tandem.status/1", view.as_of_ms, view.complete);
    code = write_status(context, &view, links, tdm_arg_flag(request->args, "glance"), &document.json, err);
    if (code == TDM_OK)
        code = tdm_document_close(&document, err);
    json_decref(links);
    tdm_view_close(context, &view);
    return code;
}
