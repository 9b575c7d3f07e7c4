/* SPDX-License-Identifier: MPL-2.0
 *
 * event.c: the envelope of an event, read and written.
 */
#include "tandem/event.h"

#include "tandem/pack.h"
#include "tandem/utf8.h"

/* Instants from 0001-01-02 to 9999-12-30 UTC, so that every one has a four-digit year in every zone. */
#define TIME_MIN_MS (-62135510400000)
#define TIME_MAX_MS 253402214399999
#define OFFSET_MAX_MIN 1080
/* Keys and values of the envelope at their longest, but for the payload's: 11 keys, 1 + 1 + 18 + 10 + 9 + 3 +
 * 162 + 18 + 13 + 9 + 1. */
#define ENVELOPE_MAX 256

static const tdm_scan_limits LIMITS = { TDM_EVENT_MAX, TDM_SCAN_DEPTH_MAX, TDM_EVENT_MAX };

/* What a value of the envelope may be. NULL, or what is wrong with it. */
typedef const char *rule(const tdm_event *event);

static const char *check_incarnation(const tdm_event *event)
{
    return event->incarnation != 0 ? NULL : "is zero";
}

static const char *check_sequence(const tdm_event *event)
{
    return event->sequence >= 1 && event->sequence <= INT64_MAX ? NULL : "is not an integer of at least 1";
}

static const char *check_type(const tdm_event *event)
{
    const tdm_type *type = tdm_type_find(event->type);
    if (type != NULL && type->scope == TDM_SCOPE_NODE)
        return "belongs to a node's private log: it is never an event";
    return event->type >= 1 && event->type <= 999 ? NULL : "is not an integer from 1 to 999";
}

static const char *check_subject(const tdm_event *event)
{
    if (event->subject.len < 1 || event->subject.len > TDM_SUBJECT_MAX)
        return "is not a text of 1-160 bytes";
    return tdm_text_is_plain(event->subject) ? NULL : "has control characters";
}

static bool time_in_bounds(int64_t ms)
{
    return ms >= TIME_MIN_MS && ms <= TIME_MAX_MS;
}

static const char *check_event_time(const tdm_event *event)
{
    bool ok = time_in_bounds(event->event_ms) && event->event_offset_min >= -OFFSET_MAX_MIN
              && event->event_offset_min <= OFFSET_MAX_MIN;
    return ok ? NULL : "is out of bounds";
}

static const char *check_recorded(const tdm_event *event)
{
    return time_in_bounds(event->recorded_ms) ? NULL : "is out of bounds";
}

static const char *check_author(const tdm_event *event)
{
    return event->author >= 1 && event->author <= 99 ? NULL : "is not an integer from 1 to 99";
}

/* A reader takes the value of one envelope key. NULL, or why it is not even of the kind. */
typedef const char *reader(tdm_cursor *cursor, tdm_event *event);

/* Read ahead by check_version already. */
static const char *read_version(tdm_cursor *cursor, tdm_event *event)
{
    (void)event;
    return tdm_cursor_uint(cursor) == TDM_EVENT_VERSION ? NULL : "is not 1";
}

static const char *read_origin(tdm_cursor *cursor, tdm_event *event)
{
    return tdm_cursor_fixed(cursor, event->origin.bytes, TDM_ID_BYTES) ? NULL : "is not 16 bytes of binary";
}

static const char *read_incarnation(tdm_cursor *cursor, tdm_event *event)
{
    tdm_value value = { .bytes = tdm_cursor_bin(cursor) };
    if (cursor->failed || value.bytes.len != 8)
        return "is not 8 bytes of binary";
    event->incarnation = tdm_value_incarnation(&value);
    return NULL;
}

static const char *read_sequence(tdm_cursor *cursor, tdm_event *event)
{
    event->sequence = tdm_cursor_uint(cursor); /* 0, which no sequence is, where there is none */
    return NULL;
}

/* What is too great for the field stays too great. 0 if it is no integer. */
static uint32_t take_small(tdm_cursor *cursor)
{
    uint64_t number = tdm_cursor_uint(cursor);
    return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

static const char *read_type(tdm_cursor *cursor, tdm_event *event)
{
    event->type = take_small(cursor);
    return NULL;
}

static const char *read_subject(tdm_cursor *cursor, tdm_event *event)
{
    event->subject = tdm_cursor_str(cursor);
    return NULL;
}

static const char *read_fact(tdm_cursor *cursor, tdm_event *event)
{
    return tdm_cursor_fixed(cursor, event->fact.bytes, TDM_ID_BYTES) ? NULL : "is not 16 bytes of binary";
}

static const char *read_event_time(tdm_cursor *cursor, tdm_event *event)
{
    if (tdm_cursor_array(cursor) != 2)
        return "is not an array of two";
    event->event_ms = tdm_cursor_int(cursor);
    int64_t offset = tdm_cursor_int(cursor);
    event->event_offset_min = offset < INT32_MIN   ? INT32_MIN
                              : offset > INT32_MAX ? INT32_MAX
                                                   : (int32_t)offset;
    return cursor->failed ? "is not two integers" : NULL;
}

static const char *read_recorded(tdm_cursor *cursor, tdm_event *event)
{
    event->recorded_ms = tdm_cursor_int(cursor);
    return cursor->failed ? "is not an integer" : NULL;
}

static const char *read_author(tdm_cursor *cursor, tdm_event *event)
{
    event->author = take_small(cursor);
    return NULL;
}

/* The last key, and nothing may follow the event: the rest is the payload, no need to walk it. */
static const char *read_payload(tdm_cursor *cursor, tdm_event *event)
{
    if (tdm_cursor_peek(cursor) != TDM_ITEM_MAP)
        return "is not a map";
    event->payload = (tdm_span){ cursor->at, (size_t)(cursor->end - cursor->at) };
    return NULL;
}

static const struct envelope_row {
    const char *name;
    reader *read;
    rule *check; /* NULL: whatever can be read will do */
} ENVELOPE[] = {
    [TDM_ENVELOPE_VERSION] = { "version", read_version, NULL },
    [TDM_ENVELOPE_ORIGIN] = { "origin", read_origin, NULL },
    [TDM_ENVELOPE_INCARNATION] = { "incarnation", read_incarnation, check_incarnation },
    [TDM_ENVELOPE_SEQUENCE] = { "sequence", read_sequence, check_sequence },
    [TDM_ENVELOPE_TYPE] = { "type", read_type, check_type },
    [TDM_ENVELOPE_SUBJECT] = { "subject", read_subject, check_subject },
    [TDM_ENVELOPE_FACT] = { "fact", read_fact, NULL },
    [TDM_ENVELOPE_EVENT_TIME] = { "event_time", read_event_time, check_event_time },
    [TDM_ENVELOPE_RECORDED] = { "recorded_time", read_recorded, check_recorded },
    [TDM_ENVELOPE_AUTHOR] = { "author", read_author, check_author },
    [TDM_ENVELOPE_PAYLOAD] = { "payload", read_payload, NULL },
};

/* A newer envelope may have other keys, so the version is judged before any of them. */
static tdm_code check_version(tdm_cursor cursor, tdm_err *err)
{
    if (tdm_cursor_map(&cursor) == 0 || tdm_cursor_uint(&cursor) != TDM_ENVELOPE_VERSION)
        return cursor.failed
                   ? tdm_fail(err, TDM_MALFORMED, 0, "an event is a map that starts with its version")
                   : tdm_fail(err, TDM_MALFORMED, 0, "version is missing");
    uint64_t version = tdm_cursor_uint(&cursor);
    if (version > TDM_EVENT_VERSION)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "event version %llu; this program knows %d",
                        (unsigned long long)version, TDM_EVENT_VERSION);
    return TDM_OK;
}

static tdm_code read_envelope(tdm_span bytes, tdm_event *out, tdm_err *err)
{
    tdm_cursor cursor = tdm_cursor_over(bytes);
    tdm_code code = check_version(cursor, err);
    if (code != TDM_OK)
        return code;
    uint32_t pairs = tdm_cursor_map(&cursor);
    for (uint64_t key = 1; key < TDM_COUNT(ENVELOPE); key++) {
        if (key > pairs || tdm_cursor_uint(&cursor) != key)
            return tdm_fail(err, TDM_MALFORMED, 0, "%s is missing", ENVELOPE[key].name);
        const char *fault = ENVELOPE[key].read(&cursor, out);
        if (fault == NULL && ENVELOPE[key].check != NULL)
            fault = ENVELOPE[key].check(out);
        if (fault != NULL)
            return tdm_fail(err, TDM_MALFORMED, 0, "%s %s", ENVELOPE[key].name, fault);
    }
    if (pairs != TDM_COUNT(ENVELOPE) - 1)
        return tdm_fail(err, TDM_MALFORMED, 0, "unknown key after payload");
    out->bytes = bytes;
    return TDM_OK;
}

/* Of bytes that passed the scanner. */
static tdm_code read_whole(tdm_span bytes, tdm_event *out, tdm_err *err)
{
    tdm_code code = read_envelope(bytes, out, err);
    if (code != TDM_OK || tdm_type_find(out->type) == NULL)
        return code;
    tdm_record record;
    return tdm_record_decode(out->type, out->payload, &record, err);
}

tdm_code tdm_event_decode(tdm_span bytes, tdm_event *out, tdm_err *err)
{
    tdm_code code = tdm_scan(bytes, &LIMITS, err);
    return code == TDM_OK ? read_whole(bytes, out, err) : code;
}

tdm_code tdm_event_decode_first(tdm_span bytes, tdm_event *out, tdm_err *err)
{
    size_t len;
    tdm_code code = tdm_scan_first(bytes, &LIMITS, &len, err);
    return code == TDM_OK ? read_whole((tdm_span){ bytes.data, len }, out, err) : code;
}

tdm_code tdm_event_peek(tdm_span bytes, tdm_event *out, tdm_err *err)
{
    if (read_envelope(bytes, out, err) == TDM_OK)
        return TDM_OK;
    if (err != NULL)
        err->code = TDM_CORRUPT;
    return TDM_CORRUPT;
}

void tdm_event_pack(const tdm_event *event, tdm_span payload, tdm_buf *out)
{
    uint8_t incarnation[8];
    tdm_incarnation_bytes(event->incarnation, incarnation);
    tdm_pack_map(out, TDM_ENVELOPE_PAYLOAD);
    tdm_pack_uint(out, TDM_ENVELOPE_VERSION);
    tdm_pack_uint(out, TDM_EVENT_VERSION);
    tdm_pack_uint(out, TDM_ENVELOPE_ORIGIN);
    tdm_pack_bin(out, event->origin.bytes, TDM_ID_BYTES);
    tdm_pack_uint(out, TDM_ENVELOPE_INCARNATION);
    tdm_pack_bin(out, incarnation, sizeof incarnation);
    tdm_pack_uint(out, TDM_ENVELOPE_SEQUENCE);
    tdm_pack_uint(out, event->sequence);
    tdm_pack_uint(out, TDM_ENVELOPE_TYPE);
    tdm_pack_uint(out, event->type);
    tdm_pack_uint(out, TDM_ENVELOPE_SUBJECT);
    tdm_pack_str(out, event->subject);
    tdm_pack_uint(out, TDM_ENVELOPE_FACT);
    tdm_pack_bin(out, event->fact.bytes, TDM_ID_BYTES);
    tdm_pack_uint(out, TDM_ENVELOPE_EVENT_TIME);
    tdm_pack_array(out, 2);
    tdm_pack_int(out, event->event_ms);
    tdm_pack_int(out, event->event_offset_min);
    tdm_pack_uint(out, TDM_ENVELOPE_RECORDED);
    tdm_pack_int(out, event->recorded_ms);
    tdm_pack_uint(out, TDM_ENVELOPE_AUTHOR);
    tdm_pack_uint(out, event->author);
    tdm_pack_uint(out, TDM_ENVELOPE_PAYLOAD);
    tdm_pack_raw(out, payload);
}

tdm_code tdm_event_encode(const tdm_event *event, tdm_span payload, tdm_buf *out, tdm_err *err)
{
    if (event->sequence > INT64_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "sequence above 2^63-1");
    size_t start = out->len;
    tdm_event_pack(event, payload, out);
    if (out->failed)
        return tdm_fail(err, TDM_INTERNAL, 0, "event: out of memory");
    tdm_event again;
    if (tdm_event_decode((tdm_span){ out->data + start, out->len - start }, &again, err) == TDM_OK)
        return TDM_OK;
    out->len = start;
    if (err != NULL)
        err->code = TDM_INVALID;
    return TDM_INVALID;
}

static tdm_code check_payload(const tdm_event *event, tdm_span payload, tdm_err *err)
{
    static const tdm_scan_limits WITHIN = { TDM_EVENT_MAX, TDM_SCAN_DEPTH_MAX - 1, TDM_EVENT_MAX };
    tdm_record record;
    tdm_cursor cursor = tdm_cursor_over(payload);
    tdm_code code = tdm_scan(payload, &WITHIN, err);
    if (code != TDM_OK)
        return code;
    if (tdm_cursor_peek(&cursor) != TDM_ITEM_MAP)
        return tdm_fail(err, TDM_MALFORMED, 0, "payload is not a map");
    return tdm_type_find(event->type) == NULL ? TDM_OK
                                              : tdm_record_decode(event->type, payload, &record, err);
}

/* Near the bound only its bytes tell how long it will be. */
static tdm_code check_length(const tdm_event *event, tdm_span payload, tdm_err *err)
{
    if (payload.len + ENVELOPE_MAX <= TDM_EVENT_MAX)
        return TDM_OK;
    tdm_buf bytes = { 0 };
    tdm_code code = tdm_event_encode(event, payload, &bytes, err);
    tdm_buf_free(&bytes);
    return code;
}

tdm_code tdm_event_check(const tdm_event *event, tdm_span payload, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t key = 1; key < TDM_COUNT(ENVELOPE) && code == TDM_OK; key++) {
        const char *fault = ENVELOPE[key].check == NULL ? NULL : ENVELOPE[key].check(event);
        if (fault != NULL)
            code = tdm_fail(err, TDM_INVALID, 0, "%s %s", ENVELOPE[key].name, fault);
    }
    if (code == TDM_OK && !tdm_utf8_is_valid(event->subject))
        code = tdm_fail(err, TDM_INVALID, 0, "subject: text is not UTF-8");
    if (code == TDM_OK)
        code = check_payload(event, payload, err);
    if (code == TDM_OK)
        code = check_length(event, payload, err);
    if (code == TDM_OK)
        return code;
    if (err != NULL)
        err->code = TDM_INVALID;
    return TDM_INVALID;
}
