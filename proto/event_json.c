/* SPDX-License-Identifier: MPL-2.0
 *
 * event_json.c: events and payloads as JSON, by the rows of the schema table.
 */
#include "tandem/event.h"

#include "event_json.h"
#include "tandem/civil.h"
#include "tandem/pack.h"

#include <inttypes.h>

typedef struct printing {
    tdm_buf *out;
    tdm_cursor cursor;
    uint32_t target_type; /* of the BODY that may follow */
    uint32_t depth;
} printing;

/* A printer takes one value of its kind from the cursor. */
typedef void printer(printing *p, const tdm_field *field);

static void print_object(printing *p, const tdm_type *type);

/* The short forms that common writers choose, so that their output and ours are the same text. */
static void put_escaped(tdm_buf *out, uint8_t c)
{
    static const char SHORT[256] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\'
    };
    if (SHORT[c] != 0)
        tdm_buf_format(out, "\\%c", SHORT[c]);
    else
        tdm_buf_format(out, "\\u%04x", c);
}

static void put_string(tdm_buf *out, tdm_span text)
{
    tdm_buf_add(out, "\"", 1);
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        tdm_buf_add(out, text.data + done, i - done);
        put_escaped(out, c);
        done = i + 1;
    }
    tdm_buf_add(out, text.data + done, text.len - done);
    tdm_buf_add(out, "\"", 1);
}

static void put_hex(tdm_buf *out, tdm_span bytes)
{
    static const char DIGITS[] = "0123456789abcdef";
    enum { PART = 32 };
    char text[2 * PART];
    tdm_buf_add(out, "\"", 1);
    for (size_t done = 0; done < bytes.len;) {
        size_t part = bytes.len - done < PART ? bytes.len - done : PART;
        for (size_t i = 0; i < part; i++) {
            text[2 * i] = DIGITS[bytes.data[done + i] >> 4];
            text[2 * i + 1] = DIGITS[bytes.data[done + i] & 15];
        }
        tdm_buf_add(out, text, 2 * part);
        done += part;
    }
    tdm_buf_add(out, "\"", 1);
}

static void put_uint(tdm_buf *out, uint64_t number)
{
    char text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    tdm_buf_add(out, text + at, sizeof text - at);
}

static void put_int(tdm_buf *out, int64_t number)
{
    if (number < 0)
        tdm_buf_add(out, "-", 1);
    put_uint(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* A word where there is one, else the number. */
static void put_word(tdm_buf *out, const char *word, int64_t number)
{
    if (word != NULL)
        put_string(out, tdm_span_text(word));
    else
        put_int(out, number);
}

static void print_int(printing *p, const tdm_field *field)
{
    (void)field;
    put_int(p->out, tdm_cursor_int(&p->cursor));
}

static void print_bool(printing *p, const tdm_field *field)
{
    (void)field;
    tdm_buf_text(p->out, tdm_cursor_bool(&p->cursor) ? "true" : "false");
}

static void print_text(printing *p, const tdm_field *field)
{
    (void)field;
    put_string(p->out, tdm_cursor_str(&p->cursor));
}

static void print_hex(printing *p, const tdm_field *field)
{
    (void)field;
    put_hex(p->out, tdm_cursor_bin(&p->cursor));
}

static void print_date(printing *p, const tdm_field *field)
{
    (void)field;
    char text[16];
    tdm_date_text((tdm_date)tdm_cursor_int(&p->cursor), text);
    put_string(p->out, tdm_span_text(text));
}

static void print_time(printing *p, const tdm_field *field)
{
    (void)field;
    char text[40];
    int64_t ms = tdm_cursor_int(&p->cursor);
    tdm_time_text(ms, 0, text);
    bool has_text = ms >= TDM_JSON_TIME_MIN_MS && ms <= TDM_JSON_TIME_MAX_MS;
    put_word(p->out, has_text ? text : NULL, ms);
}

static void print_year(printing *p, const tdm_field *field)
{
    (void)field;
    char text[16];
    tdm_period_text((tdm_period){ TDM_PERIOD_YEAR, (int32_t)tdm_cursor_int(&p->cursor) }, text);
    put_string(p->out, tdm_span_text(text));
}

static void print_enum(printing *p, const tdm_field *field)
{
    int64_t number = tdm_cursor_int(&p->cursor);
    put_word(p->out, tdm_enum_word(field->set, number), number);
}

static void print_type(printing *p, const tdm_field *field)
{
    (void)field;
    p->target_type = (uint32_t)tdm_cursor_int(&p->cursor);
    const tdm_type *type = tdm_type_find(p->target_type);
    put_word(p->out, type == NULL ? NULL : type->name, p->target_type);
}

static void print_texts(printing *p, const tdm_field *field)
{
    uint32_t count = tdm_cursor_array(&p->cursor);
    tdm_buf_text(p->out, "[");
    for (uint32_t i = 0; i < count && !p->cursor.failed; i++) {
        tdm_buf_text(p->out, i == 0 ? "" : ",");
        print_text(p, field);
    }
    tdm_buf_text(p->out, "]");
}

static void print_list(printing *p, const tdm_field *field)
{
    const tdm_type *part = tdm_type_find(field->part_type);
    uint32_t count = tdm_cursor_array(&p->cursor);
    tdm_buf_text(p->out, "[");
    for (uint32_t i = 0; i < count && !p->cursor.failed; i++) {
        tdm_buf_text(p->out, i == 0 ? "" : ",");
        print_object(p, part);
    }
    tdm_buf_text(p->out, "]");
}

static void print_body(printing *p, const tdm_field *field)
{
    (void)field;
    print_object(p, tdm_type_find(p->target_type));
}

static printer *const PRINTERS[] = {
    [TDM_KIND_UINT] = print_int,    [TDM_KIND_INT] = print_int,     [TDM_KIND_BOOL] = print_bool,
    [TDM_KIND_TEXT] = print_text,   [TDM_KIND_CODE] = print_text,   [TDM_KIND_SUBJECT] = print_text,
    [TDM_KIND_PERIOD] = print_text, [TDM_KIND_ID] = print_hex,      [TDM_KIND_INCARNATION] = print_hex,
    [TDM_KIND_DIGEST] = print_hex,  [TDM_KIND_KEY] = print_hex,     [TDM_KIND_DATE] = print_date,
    [TDM_KIND_TIME] = print_time,   [TDM_KIND_YEAR] = print_year,   [TDM_KIND_ENUM] = print_enum,
    [TDM_KIND_TYPE] = print_type,   [TDM_KIND_TEXTS] = print_texts, [TDM_KIND_LIST] = print_list,
    [TDM_KIND_BODY] = print_body,
};

/* ---- values of unknown fields: by their MessagePack shape ---- */

static void print_any(printing *p);

static void print_nil(printing *p, const tdm_field *field)
{
    (void)field;
    tdm_cursor_nil(&p->cursor);
    tdm_buf_text(p->out, "null");
}

static void print_tagged_bin(printing *p, const tdm_field *field)
{
    tdm_buf_text(p->out, "{\"$bin\":");
    print_hex(p, field);
    tdm_buf_text(p->out, "}");
}

static void print_array(printing *p, const tdm_field *field)
{
    (void)field;
    uint32_t count = tdm_cursor_array(&p->cursor);
    tdm_buf_text(p->out, "[");
    for (uint32_t i = 0; i < count && !p->cursor.failed; i++) {
        tdm_buf_text(p->out, i == 0 ? "" : ",");
        print_any(p);
    }
    tdm_buf_text(p->out, "]");
}

static void print_tagged_map(printing *p, const tdm_field *field)
{
    uint32_t pairs = tdm_cursor_map(&p->cursor);
    tdm_buf_text(p->out, "{\"$map\":[");
    for (uint32_t i = 0; i < pairs && !p->cursor.failed; i++) {
        tdm_buf_text(p->out, i == 0 ? "[" : ",[");
        print_int(p, field);
        tdm_buf_text(p->out, ",");
        print_any(p);
        tdm_buf_text(p->out, "]");
    }
    tdm_buf_text(p->out, "]}");
}

static void print_end(printing *p, const tdm_field *field)
{
    (void)field;
    p->cursor.failed = true;
}

static printer *const SHAPES[] = {
    [TDM_ITEM_NIL] = print_nil,        [TDM_ITEM_BOOL] = print_bool,      [TDM_ITEM_INT] = print_int,
    [TDM_ITEM_STR] = print_text,       [TDM_ITEM_BIN] = print_tagged_bin, [TDM_ITEM_ARRAY] = print_array,
    [TDM_ITEM_MAP] = print_tagged_map, [TDM_ITEM_END] = print_end,
};

static void print_any(printing *p)
{
    if (++p->depth > TDM_SCAN_DEPTH_MAX + 1)
        p->cursor.failed = true;
    else
        SHAPES[tdm_cursor_peek(&p->cursor)](p, NULL);
    p->depth--;
}

static void print_object(printing *p, const tdm_type *type)
{
    uint32_t pairs = tdm_cursor_map(&p->cursor);
    tdm_buf_text(p->out, "{");
    for (uint32_t i = 0; i < pairs && !p->cursor.failed; i++) {
        uint64_t number = tdm_cursor_uint(&p->cursor);
        tdm_buf_text(p->out, i == 0 ? "" : ",");
        if (type != NULL && number >= 1 && number <= type->field_count) {
            const tdm_field *field = &type->fields[number - 1];
            tdm_buf_add(p->out, "\"", 1);
            tdm_buf_text(p->out, field->name);
            tdm_buf_add(p->out, "\":", 2);
            PRINTERS[field->kind](p, field);
        } else {
            tdm_buf_format(p->out, "\"#%" PRIu64 "\":", number);
            print_any(p);
        }
    }
    tdm_buf_text(p->out, "}");
}

tdm_code tdm_payload_to_json(uint32_t type, tdm_span payload, tdm_buf *out, tdm_err *err)
{
    tdm_record record; /* only that the kinds are right: print_object trusts them */
    if (tdm_type_find(type) != NULL && tdm_record_decode(type, payload, &record, err) != TDM_OK)
        return TDM_MALFORMED;
    printing p = { out, tdm_cursor_over(payload), 0, 0 };
    print_object(&p, tdm_type_find(type));
    if (p.cursor.failed || p.cursor.at != p.cursor.end)
        return tdm_fail(err, TDM_MALFORMED, 0, "payload: not one map of values");
    return out->failed ? tdm_fail(err, TDM_INTERNAL, 0, "JSON: out of memory") : TDM_OK;
}

static void put_key(tdm_buf *out, const char *key)
{
    tdm_buf_add(out, ",\"", 2);
    tdm_buf_text(out, key);
    tdm_buf_add(out, "\":", 2);
}

static void put_time(tdm_buf *out, int64_t ms, int32_t offset_min)
{
    char text[40];
    tdm_time_text(ms, offset_min, text);
    put_string(out, tdm_span_text(text));
}

tdm_code tdm_event_to_json(const tdm_event *event, tdm_buf *out, tdm_err *err)
{
    uint8_t incarnation[8];
    tdm_incarnation_bytes(event->incarnation, incarnation);
    const tdm_type *type = tdm_type_find(event->type);
    tdm_buf_text(out, "{\"kind\":\"event\",\"version\":");
    put_uint(out, TDM_EVENT_VERSION);
    put_key(out, "origin");
    put_hex(out, (tdm_span){ event->origin.bytes, TDM_ID_BYTES });
    put_key(out, "incarnation");
    put_hex(out, (tdm_span){ incarnation, sizeof incarnation });
    put_key(out, "sequence");
    put_uint(out, event->sequence);
    put_key(out, "type");
    put_word(out, type == NULL ? NULL : type->name, event->type);
    put_key(out, "subject");
    put_string(out, event->subject);
    put_key(out, "fact");
    put_hex(out, (tdm_span){ event->fact.bytes, TDM_ID_BYTES });
    put_key(out, "event_time");
    put_time(out, event->event_ms, event->event_offset_min);
    put_key(out, "recorded_time");
    put_time(out, event->recorded_ms, 0);
    put_key(out, "author");
    put_word(out, tdm_enum_word(TDM_ENUM_AUTHOR, event->author), event->author);
    put_key(out, "payload");
    tdm_code code = tdm_payload_to_json(event->type, event->payload, out, err);
    tdm_buf_text(out, "}");
    if (code == TDM_OK && out->failed)
        return tdm_fail(err, TDM_INTERNAL, 0, "JSON: out of memory");
    return code;
}
