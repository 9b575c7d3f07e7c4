/* SPDX-License-Identifier: MPL-2.0
 *
 * event_json_read.c: events from any form of JSON: the envelope.
 */
#include "tandem/event.h"

#include "event_json.h"
#include "event_line.h"
#include "json_read.h"
#include "tandem/civil.h"

#include <string.h>

/* NULL, or what is wrong with the value of one envelope key. */
typedef const char *envelope_reader(const json_t *value, tdm_event *event);

static const char *envelope_kind(const json_t *value, tdm_event *event)
{
    (void)event;
    return tdm_span_equal(tdm_jansson_text(value), TDM_SPAN_LITERAL("event")) ? NULL : "is not \"event\"";
}

/* Judged by read_version before all others. */
static const char *envelope_version(const json_t *value, tdm_event *event)
{
    (void)event;
    return json_integer_value(value) == TDM_EVENT_VERSION ? NULL : "is not 1";
}

static const char *envelope_origin(const json_t *value, tdm_event *event)
{
    return tdm_unhex(event->origin.bytes, TDM_ID_BYTES, tdm_jansson_text(value)) ? NULL
                                                                                 : "is not 32 hex digits";
}

static const char *envelope_incarnation(const json_t *value, tdm_event *event)
{
    uint8_t bytes[8];
    if (!tdm_unhex(bytes, sizeof bytes, tdm_jansson_text(value)))
        return "is not 16 hex digits";
    tdm_value read = { .bytes = { bytes, sizeof bytes } };
    event->incarnation = tdm_value_incarnation(&read);
    return NULL;
}

static const char *envelope_sequence(const json_t *value, tdm_event *event)
{
    if (!json_is_integer(value) || json_integer_value(value) < 1)
        return "is not an integer of at least 1";
    event->sequence = (uint64_t)json_integer_value(value);
    return NULL;
}

static const char *envelope_type(const json_t *value, tdm_event *event)
{
    event->type = tdm_jansson_type(value);
    return event->type != 0 ? NULL : "is not an event type";
}

static const char *envelope_subject(const json_t *value, tdm_event *event)
{
    event->subject = tdm_jansson_text(value);
    return json_is_string(value) ? NULL : "is not a string";
}

static const char *envelope_fact(const json_t *value, tdm_event *event)
{
    return tdm_unhex(event->fact.bytes, TDM_ID_BYTES, tdm_jansson_text(value)) ? NULL
                                                                               : "is not 32 hex digits";
}

static const char *envelope_event_time(const json_t *value, tdm_event *event)
{
    bool ok = json_is_string(value)
              && tdm_time_parse(tdm_jansson_text(value), &event->event_ms, &event->event_offset_min, NULL)
                     == TDM_OK;
    return ok ? NULL : "is not a time like \"2017-04-01T10:00:00.000+01:00\"";
}

static const char *envelope_recorded(const json_t *value, tdm_event *event)
{
    int32_t offset_min;
    bool ok = json_is_string(value)
              && tdm_time_parse(tdm_jansson_text(value), &event->recorded_ms, &offset_min, NULL) == TDM_OK;
    return ok ? NULL : "is not a time like \"2017-04-01T10:00:00.000Z\"";
}

static const char *envelope_author(const json_t *value, tdm_event *event)
{
    int64_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    if (json_is_string(value) && !tdm_enum_number(TDM_ENUM_AUTHOR, tdm_jansson_text(value), &number))
        return "is not a known word";
    event->author = number >= 1 && number <= 99 ? (uint32_t)number : 0;
    return event->author != 0 ? NULL : "is not an author role";
}

static const char *envelope_payload(const json_t *value, tdm_event *event)
{
    (void)event;
    return json_is_object(value) ? NULL : "is not an object";
}

static const struct envelope_row {
    const char *name;
    envelope_reader *read;
} ENVELOPE[] = {
    { "kind", envelope_kind },
    { "version", envelope_version },
    { "origin", envelope_origin },
    { "incarnation", envelope_incarnation },
    { "sequence", envelope_sequence },
    { "type", envelope_type },
    { "subject", envelope_subject },
    { "fact", envelope_fact },
    { "event_time", envelope_event_time },
    { "recorded_time", envelope_recorded },
    { "author", envelope_author },
    { "payload", envelope_payload },
};

static tdm_code check_version(const json_t *line, tdm_err *err)
{
    const json_t *version = json_object_get(line, "version");
    if (json_is_integer(version) && json_integer_value(version) > TDM_EVENT_VERSION)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "event version %lld; this program knows %d",
                        (long long)json_integer_value(version), TDM_EVENT_VERSION);
    return TDM_OK;
}

static tdm_code check_names(const json_t *line, tdm_err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)line, name, value)
    {
        size_t i = 0;
        while (i < TDM_COUNT(ENVELOPE) && strcmp(ENVELOPE[i].name, name) != 0)
            i++;
        if (i == TDM_COUNT(ENVELOPE))
            return tdm_fail(err, TDM_MALFORMED, 0, "%.60s is not a key of an event", name);
    }
    return TDM_OK;
}

static tdm_code read_envelope(const json_t *line, tdm_event *event, tdm_err *err)
{
    tdm_code code = check_version(line, err);
    if (code == TDM_OK)
        code = check_names(line, err);
    if (code != TDM_OK)
        return code;
    for (size_t i = 0; i < TDM_COUNT(ENVELOPE); i++) {
        const json_t *value = json_object_get(line, ENVELOPE[i].name);
        if (value == NULL)
            return tdm_fail(err, TDM_MALFORMED, 0, "%s is missing", ENVELOPE[i].name);
        const char *fault = ENVELOPE[i].read(value, event);
        if (fault != NULL)
            return tdm_fail(err, TDM_MALFORMED, 0, "%s %s", ENVELOPE[i].name, fault);
    }
    return TDM_OK;
}

static tdm_code read_event(const json_t *line, tdm_buf *payload, tdm_buf *out, tdm_err *err)
{
    tdm_event event = { 0 };
    tdm_code code = read_envelope(line, &event, err);
    if (code != TDM_OK)
        return code;
    code = tdm_payload_from_json(json_object_get(line, "payload"), event.type, payload, err);
    if (code != TDM_OK)
        return code;
    code = tdm_event_encode(&event, tdm_buf_span(payload), out, err);
    if (code == TDM_INVALID && err != NULL)
        err->code = TDM_MALFORMED;
    return code == TDM_INVALID ? TDM_MALFORMED : code;
}

tdm_code tdm_event_from_tree(tdm_span line, tdm_buf *out, tdm_err *err)
{
    json_error_t fault;
    json_t *json =
        json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &fault);
    if (json == NULL)
        return tdm_fail(err, TDM_MALFORMED, 0, "byte %d: %s", fault.position, fault.text);
    tdm_buf payload = { 0 };
    tdm_code code = json_is_object(json) ? read_event(json, &payload, out, err)
                                         : tdm_fail(err, TDM_MALFORMED, 0, "a line is not a JSON object");
    tdm_buf_free(&payload);
    json_decref(json);
    return code;
}

tdm_code tdm_event_from_json(tdm_span line, tdm_buf *out, tdm_err *err)
{
    if (line.len == 0 || line.len > TDM_JSON_LINE_MAX)
        return tdm_fail(err, TDM_MALFORMED, 0, "a line of %zu bytes; 1 to %d are allowed", line.len,
                        TDM_JSON_LINE_MAX);
    return tdm_event_from_line(line, out) ? TDM_OK : tdm_event_from_tree(line, out, err);
}
