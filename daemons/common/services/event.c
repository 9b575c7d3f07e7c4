/* SPDX-License-Identifier: MPL-2.0
 *
 * event.c: the events of the log, in the order in which this store took them.
 */
#include "services.h"

#include <stdlib.h>
#include <string.h>

enum { LOOKED_AT = 65536, LISTED_MAX = 1000, FIRST_WINDOW = 4096 };

/* Which events are asked for. */
typedef struct filter {
    const tdm_type *type; /* NULL: any */
    const char *origin;   /* leading hex digits; NULL: any */
    const char *subject;  /* what subjects begin with; NULL: any */
} filter;

static tdm_code read_filter(const json_t *args, filter *out, tdm_err *err)
{
    const char *type = tdm_arg_text(args, "type");
    *out = (filter){ .origin = tdm_arg_text(args, "origin"), .subject = tdm_arg_text(args, "subject") };
    if (type != NULL && (out->type = tdm_type_named(tdm_span_text(type))) == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "there is no type of events \"%.40s\"", type);
    return TDM_OK;
}

static bool passes(const filter *wanted, const tdm_event *event)
{
    char hex[2 * TDM_ID_BYTES + 1];
    size_t len = wanted->subject == NULL ? 0 : strlen(wanted->subject);
    tdm_hex(hex, event->origin.bytes, TDM_ID_BYTES);
    return (wanted->type == NULL || wanted->type->number == event->type)
           && (wanted->origin == NULL || strncmp(hex, wanted->origin, strlen(wanted->origin)) == 0)
           && event->subject.len >= len
           && (len == 0 || memcmp(event->subject.data, wanted->subject, len) == 0);
}

/* ---- one event as a row ---- */

static tdm_code write_event(const tdm_ledger_entry *entry, const tdm_event *event, tdm_json *json,
                            tdm_err *err)
{
    const tdm_type *type = tdm_type_find(event->type);
    uint8_t bytes[8];
    char incarnation[17];
    tdm_buf payload = { 0 };
    tdm_incarnation_bytes(event->incarnation, bytes);
    tdm_hex(incarnation, bytes, sizeof bytes);
    tdm_json_begin_object(json);
    tdm_member_int(json, "position", (int64_t)entry->position);
    tdm_member_time(json, "received", true, entry->received_ms);
    tdm_member_time(json, "recorded", true, event->recorded_ms);
    tdm_member_text(json, "type", type == NULL ? "unknown" : type->name);
    tdm_member_span(json, "subject", event->subject);
    tdm_json_id(tdm_json_key(json, "origin"), &event->origin);
    tdm_member_text(json, "incarnation", incarnation);
    tdm_member_int(json, "sequence", (int64_t)event->sequence);
    tdm_json_id(tdm_json_key(json, "fact"), &event->fact);
    tdm_member_bool(json, "notice", entry->notice);
    tdm_code code = tdm_payload_to_json(event->type, event->payload, &payload, err);
    if (code == TDM_OK)
        tdm_json_raw(tdm_json_key(json, "payload"), tdm_buf_span(&payload));
    tdm_json_end_object(json);
    tdm_buf_free(&payload);
    return code;
}

/* ---- from a position on ---- */

typedef struct listing {
    filter wanted;
    tdm_json *json; /* NULL: positions only */
    int64_t limit;
    int64_t count;
    uint64_t reached;    /* the last position looked at */
    uint64_t *positions; /* of the last `limit` that pass, in turn */
} listing;

static tdm_code list_one(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    listing *l = context;
    tdm_event event;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    l->reached = entry->position;
    if (code != TDM_OK || !passes(&l->wanted, &event))
        return code;
    if (l->json == NULL) {
        l->positions[l->count++ % l->limit] = entry->position;
        return TDM_OK;
    }
    code = write_event(entry, &event, l->json, err);
    return code == TDM_OK && ++l->count == l->limit ? TDM_END : code;
}

static tdm_code list_from(tdm_ledger *ledger, uint64_t from, size_t most, listing *l, tdm_err *err)
{
    uint64_t next = from;
    l->reached = from - 1;
    tdm_code code = tdm_ledger_scan(ledger, from, most, list_one, l, &next, err);
    return code == TDM_END ? TDM_OK : code;
}

/* ---- the last ones ---- */

/* Where to begin so that the last `limit` that pass are listed: a window from the end, wider until it holds
 * them. */
static tdm_code find_begin(tdm_ledger *ledger, uint64_t last, listing *l, uint64_t *begin, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (uint64_t window = FIRST_WINDOW; code == TDM_OK; window *= 8) {
        uint64_t from = last >= window ? last - window + 1 : 1;
        l->count = 0;
        for (uint64_t at = from; code == TDM_OK && at <= last; at = l->reached + 1)
            code = list_from(ledger, at, LOOKED_AT, l, err);
        if (l->count >= l->limit || from == 1)
            break;
    }
    *begin = l->count == 0 ? last + 1 : l->positions[l->count < l->limit ? 0 : l->count % l->limit];
    return code;
}

static tdm_code begin_of_last(tdm_ledger *ledger, const listing *wanted, uint64_t last, uint64_t *begin,
                              tdm_err *err)
{
    listing look = { .wanted = wanted->wanted, .limit = wanted->limit };
    look.positions = calloc((size_t)look.limit, sizeof *look.positions);
    if (look.positions == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to look for the last events");
    tdm_code code = find_begin(ledger, last, &look, begin, err);
    free(look.positions);
    return code;
}

tdm_code tdm_serve_event_list(const tdm_service_context *context, const tdm_request *request,
                              tdm_answer *answer, tdm_err *err)
{
    tdm_ledger *ledger = tdm_core_ledger(context->core);
    listing l = { .limit = 0 };
    int64_t after = 0;
    uint64_t last = 0;
    tdm_code code = read_filter(request->args, &l.wanted, err);
    if (code == TDM_OK)
        code = tdm_arg_number(request->args, "limit", 10, 1, LISTED_MAX, &l.limit, err);
    if (code == TDM_OK)
        code = tdm_arg_number(request->args, "after", -1, -1, INT64_MAX - 1, &after, err);
    if (code == TDM_OK)
        code = tdm_ledger_last_position(ledger, &last, err);
    uint64_t from = (uint64_t)after + 1;
    if (code == TDM_OK && after < 0)
        code = begin_of_last(ledger, &l, last, &from, err);
    if (code != TDM_OK)
        return code;
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.events/1", context->now_ms, true);
    l.json = &document.json;
    l.reached = from - 1;
    bool follows =
        tdm_arg_flag(request->args, "follow"); /* it asks again, and others are to have their turn */
    do
        code = list_from(ledger, l.reached + 1, LOOKED_AT, &l, err);
    while (code == TDM_OK && !follows && l.count < l.limit && l.reached < last);
    if (code != TDM_OK)
        return code;
    tdm_json_end_array(&document.json);
    tdm_member_int(&document.json, "reached", (int64_t)l.reached); /* all up to it was looked at */
    tdm_member_int(&document.json, "last", (int64_t)last);
    tdm_json_end_object(&document.json);
    return tdm_json_close(&document.json, err);
}
