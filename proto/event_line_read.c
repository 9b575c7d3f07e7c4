/* SPDX-License-Identifier: MPL-2.0
 *
 * event_line_read.c: events from lines as the export writes them, by the rows of the schema table.
 *
 * A log has millions of lines and nearly all have the one form that tdm_event_to_json gives them. Keys stand
 * in their order, so each is compared and not looked for, and values become bytes where they are met. Nothing
 * is refused here: at the first byte that is not as expected the line is left to the tree
 * (event_json_read.c), which reads any form of JSON and knows the words for what is wrong. What bounds values
 * have is judged at the end, by tdm_event_decode, as it is for bytes that came from anywhere else.
 */
#include "event_line.h"

#include "tandem/civil.h"
#include "tandem/pack.h"

#include <string.h>

/* What is left of the line. Once it failed, nothing more is taken and nothing is believed. */
typedef struct text {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
} text;

typedef struct reading {
    text line;
    tdm_buf *out;
    const tdm_type *target; /* what target_type said, of the object at hand; NULL: nothing yet */
    uint32_t depth;         /* objects that are open */
} reading;

/* A reader takes one value of its kind and packs it. */
typedef void reader(reading *r, const tdm_field *field);

static void read_object(reading *r, const tdm_type *type);

/* ---- JSON ---- */

static bool next_is(const text *t, char c)
{
    return !t->failed && t->at != t->end && *t->at == (uint8_t)c;
}

static bool take_if(text *t, char c)
{
    bool is = next_is(t, c);
    t->at += is;
    return is;
}

static void take(text *t, const char *word, size_t len)
{
    t->failed = t->failed || (size_t)(t->end - t->at) < len || memcmp(t->at, word, len) != 0;
    t->at += t->failed ? 0 : len;
}
#define TAKE(t, literal) take(t, literal, sizeof(literal) - 1)

/* Without escapes. That it is UTF-8 is judged with the whole event. */
static tdm_span take_string(text *t)
{
    TAKE(t, "\"");
    const uint8_t *start = t->at, *at = start;
    while (at != t->end && *at != '"' && *at != '\\' && *at >= 0x20)
        at++;
    t->at = t->failed ? start : at;
    TAKE(t, "\"");
    return (tdm_span){ start, t->failed ? 0 : (size_t)(at - start) };
}

/* From -(2^63-1) to 2^63-1. */
static int64_t take_int(text *t)
{
    bool negative = take_if(t, '-');
    const uint8_t *start = t->at;
    int64_t number = 0;
    for (; !t->failed && t->at != t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
        int digit = *t->at - '0';
        t->failed = number > (INT64_MAX - digit) / 10;
        number = t->failed ? 0 : 10 * number + digit;
    }
    t->failed = t->failed || t->at == start || (*start == '0' && (negative || t->at - start > 1));
    return negative ? -number : number;
}

/* Lower case, as it is written; so many bytes of them. */
static void take_hex_digits(text *t, uint8_t *out, size_t len)
{
    static const uint8_t VALUES[256] = {
        /* one more than the value; 0: no digit */
        ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
        ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16
    };
    t->failed = t->failed || (size_t)(t->end - t->at) < 2 * len;
    for (size_t i = 0; !t->failed && i < len; i++, t->at += 2) {
        uint8_t high = VALUES[t->at[0]], low = VALUES[t->at[1]];
        t->failed = high == 0 || low == 0;
        out[i] = (uint8_t)(16 * (high - 1) + low - 1);
    }
}

static void take_hex(text *t, uint8_t *out, size_t len)
{
    TAKE(t, "\"");
    take_hex_digits(t, out, len);
    TAKE(t, "\"");
}

/* ---- words ---- */

/* An integer where there is no word for it. */
static int64_t take_word(text *t, tdm_enum_set set)
{
    int64_t number = 0;
    if (!next_is(t, '"'))
        return take_int(t);
    tdm_span word = take_string(t);
    t->failed = t->failed || !tdm_enum_number(set, word, &number);
    return number;
}

/* Of a type that has a name and is known. */
static const tdm_type *take_type(text *t)
{
    tdm_span name = take_string(t);
    const tdm_type *type = t->failed ? NULL : tdm_type_named(name);
    t->failed = type == NULL || type->scope == TDM_SCOPE_PART;
    return type;
}

static int64_t take_time(text *t, int32_t *offset_min)
{
    int64_t ms = 0;
    tdm_span word = take_string(t);
    t->failed = t->failed || tdm_time_parse(word, &ms, offset_min, NULL) != TDM_OK;
    return ms;
}

/* ---- values by their kind ---- */

static void read_int(reading *r, const tdm_field *field)
{
    (void)field;
    tdm_pack_int(r->out, take_int(&r->line));
}

static void read_bool(reading *r, const tdm_field *field)
{
    (void)field;
    bool yes = next_is(&r->line, 't');
    if (yes)
        TAKE(&r->line, "true");
    else
        TAKE(&r->line, "false");
    tdm_pack_bool(r->out, yes);
}

static void read_text(reading *r, const tdm_field *field)
{
    (void)field;
    tdm_pack_str(r->out, take_string(&r->line));
}

/* All that the schema has are of one length each, which is their bound. */
static void read_hex(reading *r, const tdm_field *field)
{
    uint8_t bytes[TDM_DIGEST_BYTES];
    size_t len = (size_t)field->max;
    r->line.failed = r->line.failed || field->max > (int64_t)sizeof bytes;
    if (r->line.failed)
        return;
    take_hex(&r->line, bytes, len);
    if (!r->line.failed)
        tdm_pack_bin(r->out, bytes, len);
}

static void read_date(reading *r, const tdm_field *field)
{
    (void)field;
    tdm_date date = 0;
    tdm_span word = take_string(&r->line);
    r->line.failed = r->line.failed || tdm_date_parse(word, &date, NULL) != TDM_OK;
    tdm_pack_int(r->out, date);
}

static void read_time(reading *r, const tdm_field *field)
{
    (void)field;
    int32_t offset_min;
    bool is_text = next_is(&r->line, '"');
    tdm_pack_int(r->out, is_text ? take_time(&r->line, &offset_min) : take_int(&r->line));
}

static void read_year(reading *r, const tdm_field *field)
{
    (void)field;
    tdm_period period = { 0 };
    tdm_span word = take_string(&r->line);
    r->line.failed =
        r->line.failed || tdm_period_parse(word, &period, NULL) != TDM_OK || period.kind != TDM_PERIOD_YEAR;
    tdm_pack_int(r->out, period.number);
}

static void read_enum(reading *r, const tdm_field *field)
{
    tdm_pack_int(r->out, take_word(&r->line, field->set));
}

static void read_type(reading *r, const tdm_field *field)
{
    (void)field;
    r->target = take_type(&r->line);
    tdm_pack_uint(r->out, r->line.failed ? 0 : r->target->number);
}

static void read_body(reading *r, const tdm_field *field)
{
    (void)field;
    const tdm_type *target = r->target;
    r->line.failed = r->line.failed || target == NULL;
    if (!r->line.failed)
        read_object(r, target);
}

static void read_part(reading *r, const tdm_field *field)
{
    read_object(r, tdm_type_find(field->part_type));
}

/* An array whose items stand behind a head of one byte, from start on. If it needs a longer one they move. */
static void put_count(tdm_buf *out, size_t start, uint32_t count)
{
    uint8_t room[16];
    tdm_buf head = { .data = room, .capacity = sizeof room };
    tdm_pack_array(&head, count);
    tdm_buf_add(out, room, head.len - 1);
    if (out->failed)
        return;
    uint8_t *array = out->data + start;
    memmove(array + head.len, array + 1, out->len - start - head.len);
    memcpy(array, room, head.len);
}

static void read_items(reading *r, const tdm_field *field, reader *read)
{
    size_t start = r->out->len;
    uint32_t count = 0;
    tdm_pack_array(r->out, 0);
    TAKE(&r->line, "[");
    for (; !r->line.failed && !next_is(&r->line, ']'); count++) {
        if (count > 0)
            TAKE(&r->line, ",");
        read(r, field);
    }
    TAKE(&r->line, "]");
    if (!r->line.failed && !r->out->failed)
        put_count(r->out, start, count);
}

static void read_texts(reading *r, const tdm_field *field)
{
    read_items(r, field, read_text);
}

static void read_list(reading *r, const tdm_field *field)
{
    read_items(r, field, read_part);
}

static reader *const READERS[] = {
    [TDM_KIND_UINT] = read_int,    [TDM_KIND_INT] = read_int,     [TDM_KIND_BOOL] = read_bool,
    [TDM_KIND_TEXT] = read_text,   [TDM_KIND_CODE] = read_text,   [TDM_KIND_SUBJECT] = read_text,
    [TDM_KIND_PERIOD] = read_text, [TDM_KIND_ID] = read_hex,      [TDM_KIND_INCARNATION] = read_hex,
    [TDM_KIND_DIGEST] = read_hex,  [TDM_KIND_KEY] = read_hex,     [TDM_KIND_DATE] = read_date,
    [TDM_KIND_TIME] = read_time,   [TDM_KIND_YEAR] = read_year,   [TDM_KIND_ENUM] = read_enum,
    [TDM_KIND_TYPE] = read_type,   [TDM_KIND_TEXTS] = read_texts, [TDM_KIND_LIST] = read_list,
    [TDM_KIND_BODY] = read_body,
};

/* ---- objects ---- */

/* The field of this name, from place on; NULL: there is none. */
static const tdm_field *next_field(const tdm_type *type, size_t *place, tdm_span name)
{
    while (*place < type->field_count) {
        const tdm_field *field = &type->fields[(*place)++];
        if (tdm_span_is(name, field->name))
            return field;
    }
    return NULL;
}

_Static_assert(TDM_FIELDS_MAX <= 16, "a map of known fields has a head of one byte");

/* Members stand in the order of their numbers, as in a map. */
static void read_members(reading *r, const tdm_type *type)
{
    size_t head = r->out->len, place = 0;
    uint32_t count = 0;
    tdm_pack_map(r->out, 0);
    TAKE(&r->line, "{");
    for (; !r->line.failed && !next_is(&r->line, '}'); count++) {
        if (count > 0)
            TAKE(&r->line, ",");
        const tdm_field *field = next_field(type, &place, take_string(&r->line));
        TAKE(&r->line, ":");
        r->line.failed = r->line.failed || field == NULL;
        if (r->line.failed)
            return;
        tdm_pack_uint(r->out, field->number);
        READERS[field->kind](r, field);
    }
    TAKE(&r->line, "}");
    if (!r->line.failed && !r->out->failed)
        r->out->data[head] = (uint8_t)(r->out->data[head] + count);
}

static void read_object(reading *r, const tdm_type *type)
{
    const tdm_type *outer = r->target;
    r->target = NULL;
    r->depth++;
    r->line.failed = r->line.failed || r->depth > TDM_SCAN_DEPTH_MAX;
    if (!r->line.failed)
        read_members(r, type);
    r->depth--;
    r->target = outer;
}

/* ---- the line ---- */

static uint64_t take_incarnation(text *t)
{
    uint8_t bytes[8] = { 0 };
    take_hex(t, bytes, sizeof bytes);
    tdm_value value = { .bytes = { bytes, sizeof bytes } };
    return tdm_value_incarnation(&value);
}

static const tdm_type *take_envelope(text *t, tdm_event *event)
{
    int32_t none;
    TAKE(t, "{\"kind\":\"event\",\"version\":1,\"origin\":");
    take_hex(t, event->origin.bytes, TDM_ID_BYTES);
    TAKE(t, ",\"incarnation\":");
    event->incarnation = take_incarnation(t);
    TAKE(t, ",\"sequence\":");
    event->sequence = (uint64_t)take_int(t);
    TAKE(t, ",\"type\":");
    const tdm_type *type = take_type(t);
    TAKE(t, ",\"subject\":");
    event->subject = take_string(t);
    TAKE(t, ",\"fact\":");
    take_hex(t, event->fact.bytes, TDM_ID_BYTES);
    TAKE(t, ",\"event_time\":");
    event->event_ms = take_time(t, &event->event_offset_min);
    TAKE(t, ",\"recorded_time\":");
    event->recorded_ms = take_time(t, &none);
    TAKE(t, ",\"author\":");
    int64_t author = take_word(t, TDM_ENUM_AUTHOR);
    TAKE(t, ",\"payload\":");
    t->failed = t->failed || author < 1 || author > 99;
    event->author = t->failed ? 0 : (uint32_t)author;
    event->type = t->failed ? 0 : type->number;
    return type;
}

_Static_assert(TDM_EVENT_VERSION == 1, "the version that take_envelope expects");

bool tdm_event_from_line(tdm_span line, tdm_buf *out)
{
    size_t start = out->len;
    tdm_event event = { 0 };
    reading r = { .line = { line.data, line.data + line.len, false }, .out = out };
    const tdm_type *type = take_envelope(&r.line, &event);
    if (r.line.failed || event.sequence > INT64_MAX)
        return false;
    tdm_event_pack(&event, (tdm_span){ 0 }, out);
    read_object(&r, type);
    TAKE(&r.line, "}");
    bool whole = !r.line.failed && !out->failed && r.line.at == r.line.end;
    if (whole && tdm_event_decode((tdm_span){ out->data + start, out->len - start }, &event, NULL) == TDM_OK)
        return true;
    out->len = start;
    return false;
}
