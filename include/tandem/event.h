/* SPDX-License-Identifier: MPL-2.0
 *
 * event.h: one fact as it is stated, sent and stored.
 *
 * On the wire an event is a canonical map with the keys below. Digests are taken over the bytes as
 * received; nothing ever re-encodes an event that came from elsewhere.
 */
#ifndef TANDEM_EVENT_H
#define TANDEM_EVENT_H

#include "tandem/base.h"
#include "tandem/schema.h"

#define TDM_EVENT_VERSION 1
#define TDM_EVENT_MAX 16384 /* bytes of one event */

enum tdm_envelope_key {
    TDM_ENVELOPE_VERSION = 1,     /* int, 1 */
    TDM_ENVELOPE_ORIGIN = 2,      /* bin 16 */
    TDM_ENVELOPE_INCARNATION = 3, /* bin 8 */
    TDM_ENVELOPE_SEQUENCE = 4,    /* int, dense from 1 within the incarnation */
    TDM_ENVELOPE_TYPE = 5,        /* int */
    TDM_ENVELOPE_SUBJECT = 6,     /* str, 1..TDM_SUBJECT_MAX */
    TDM_ENVELOPE_FACT = 7,        /* bin 16; an amendment carries its target's */
    TDM_ENVELOPE_EVENT_TIME = 8,  /* array: ms since 1970 UTC, minutes east of UTC (-1080..1080) */
    TDM_ENVELOPE_RECORDED = 9, /* int, ms since 1970 UTC by the origin's clock; this one and event time from
                                  0001-01-02 to 9999-12-30 */
    TDM_ENVELOPE_AUTHOR = 10,  /* int, enumeration AUTHOR */
    TDM_ENVELOPE_PAYLOAD = 11  /* map */
};

typedef struct tdm_event {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t sequence;
    uint32_t type;
    uint32_t author;
    tdm_span subject; /* borrowed from bytes */
    tdm_id fact;
    int64_t event_ms;
    int32_t event_offset_min;
    int64_t recorded_ms;
    tdm_span payload; /* borrowed from bytes: one canonical map */
    tdm_span bytes;   /* the whole event as received; empty while an event is being made */
} tdm_event;

/* One decoded field. Texts and binaries are borrowed from the payload. */
typedef struct tdm_value {
    bool present;
    int64_t number; /* UINT INT BOOL DATE TIME YEAR ENUM TYPE */
    tdm_span bytes; /* TEXT CODE SUBJECT PERIOD: the text; ID INCARNATION DIGEST KEY: the binary;
                       TEXTS LIST BODY: the whole MessagePack value, for a cursor */
} tdm_value;

typedef struct tdm_record {
    const tdm_type *type;
    tdm_value values[TDM_FIELDS_MAX]; /* by field number */
    uint32_t unknown_fields;          /* kept in the payload, not here */
} tdm_record;

/*
 * Scan and read one event. `out` borrows from bytes.
 * Refused (TDM_MALFORMED, offset or field named): not canonical, over TDM_EVENT_MAX, an envelope key missing,
 * unknown or out of bounds, a payload field of the wrong kind or out of its bounds, a needed field missing.
 * Accepted and left to the reader: unknown payload fields, unknown types (type->payload unchecked).
 * TDM_UNSUPPORTED: version above TDM_EVENT_VERSION.
 */
tdm_code tdm_event_decode(tdm_span bytes, tdm_event *out, tdm_err *err);

/* The same of the first event of bytes that may hold more behind it; out->bytes is what it takes of them. */
tdm_code tdm_event_decode_first(tdm_span bytes, tdm_event *out, tdm_err *err);

/* The envelope only, of bytes that tdm_event_decode passed before (as those in the ledger): no scan, no
 * payload check. TDM_CORRUPT if the bytes cannot be read. */
tdm_code tdm_event_peek(tdm_span bytes, tdm_event *out, tdm_err *err);

/* Append the event's bytes to out: envelope from `event` (its payload and bytes are ignored), payload given
 * ready-made as one canonical map. TDM_INVALID if the result would not pass tdm_event_decode. */
tdm_code tdm_event_encode(const tdm_event *event, tdm_span payload, tdm_buf *out, tdm_err *err);

/* Whether tdm_event_encode would take it: TDM_OK, or TDM_INVALID and why. Nothing is made. */
tdm_code tdm_event_check(const tdm_event *event, tdm_span payload, tdm_err *err);

/* The same of parts that tdm_event_encode or tdm_event_check passed before, with a sequence and a recorded
 * time as long or longer: nothing is checked again. */
void tdm_event_pack(const tdm_event *event, tdm_span payload, tdm_buf *out);

/* Read a payload by its type's rows. TDM_MALFORMED names the field. TDM_UNSUPPORTED: unknown type. */
tdm_code tdm_record_decode(uint32_t type, tdm_span payload, tdm_record *out, tdm_err *err);
/* The same of a payload that tdm_record_decode passed before: nothing is checked, and what cannot be is
 * absent. */
void tdm_record_peek(uint32_t type, tdm_span payload, tdm_record *out);
/* Append the payload of a record: present values only, in field order; checks kinds and bounds. */
tdm_code tdm_record_encode(const tdm_record *record, tdm_buf *out, tdm_err *err);

/* The same of a record that was decoded: no check is needed. What this program does not know is left out. */
void tdm_record_pack(const tdm_record *record, tdm_buf *out);

/* A record being made. */
void tdm_record_init(tdm_record *record, uint32_t type); /* known types only */
void tdm_record_set_number(tdm_record *record, uint32_t field, int64_t number);
void tdm_record_set_bytes(tdm_record *record, uint32_t field, tdm_span bytes);  /* borrowed until encoded */
void tdm_record_set_text(tdm_record *record, uint32_t field, const char *text); /* borrowed until encoded */

/* Readers for common kinds; absent gives the zero value. */
tdm_id tdm_value_id(const tdm_value *value);
tdm_digest tdm_value_digest(const tdm_value *value);
uint64_t tdm_value_incarnation(const tdm_value *value);
void tdm_incarnation_bytes(uint64_t incarnation, uint8_t out[8]);

/* A value as text, as names and subjects have it: words, dates, hex, digits; lists as their bytes. Appended;
 * nothing if it is absent. */
void tdm_value_text(const tdm_field *field, const tdm_value *value, tdm_buf *out);
/* The subject that a record is filed under by its own fields (schema.def, TDM_FILED), appended. False: it is
 * not made of fields (details of a unit, facts of the log), a field is missing, or it is too long. */
bool tdm_record_subject(const tdm_record *record, tdm_buf *out);

/* Digest of the event's bytes as a leaf of its run (run.h). */
void tdm_event_digest(tdm_span bytes, tdm_digest *out);
/* Of count events at once, which is quicker. */
void tdm_event_digests(const tdm_span *events, size_t count, tdm_digest *out);

/* JSON: one object on one line, no line end, keys in the order of the export format:
 * {"kind":"event","version":..,"origin":hex,"incarnation":hex,"sequence":..,"type":name or
 * number,"subject":.., "fact":hex,"event_time":"RFC3339 with offset and
 * ms","recorded_time":"..Z","author":word,"payload":{field names; unknown fields as "#N" with MessagePack
 * shapes that JSON lacks tagged {"$bin":hex} {"$map":[[k,v],..]}}}. Lossless: from_json(to_json(bytes)) gives
 * the same bytes for every event that tdm_event_decode passes. */
tdm_code tdm_event_to_json(const tdm_event *event, tdm_buf *out, tdm_err *err);
tdm_code tdm_event_from_json(tdm_span line, tdm_buf *out, tdm_err *err);
/* A payload alone, as the object under "payload". It must have passed tdm_scan (that of a decoded event has).
 */
tdm_code tdm_payload_to_json(uint32_t type, tdm_span payload, tdm_buf *out, tdm_err *err);

#endif
