/* SPDX-License-Identifier: MPL-2.0
 *
 * record.c: payloads, read and written by the rows of the schema table.
 */
#include "tandem/event.h"

#include "tandem/civil.h"
#include "head.h"
#include "tandem/pack.h"
#include "tandem/utf8.h"

#include <string.h>

#define TEXT_ITEM_MAX 200 /* bytes of one text in a TEXTS field */

/* A reader takes one value of its kind. NULL, or what is wrong with it. */
typedef const char *reader(tdm_cursor *cursor, const tdm_field *field, tdm_value *value);

static bool in_bounds(const tdm_field *field, int64_t number)
{
    return number >= field->min && number <= field->max;
}

static const char *read_number(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    value->number = tdm_cursor_int(cursor);
    if (cursor->failed)
        return "is not an integer";
    return in_bounds(field, value->number) ? NULL : "is out of bounds";
}

static const char *read_bool(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    (void)field;
    value->number = tdm_cursor_bool(cursor);
    return cursor->failed ? "is not true or false" : NULL;
}

static const char *read_text(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    value->bytes = tdm_cursor_str(cursor);
    if (cursor->failed)
        return "is not text";
    if (!in_bounds(field, (int64_t)value->bytes.len))
        return "is too short or too long";
    return tdm_text_is_plain(value->bytes) ? NULL : "has control characters";
}

static const char *read_code(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    const char *fault = read_text(cursor, field, value);
    if (fault != NULL)
        return fault;
    return tdm_code_is_valid(value->bytes) ? NULL : "is not 3-12 upper-case letters and digits";
}

static const char *read_period(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    const char *fault = read_text(cursor, field, value);
    if (fault != NULL)
        return fault;
    tdm_period period;
    return tdm_period_parse(value->bytes, &period, NULL) == TDM_OK ? NULL : "is not a period";
}

static const char *read_fixed(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    value->bytes = tdm_cursor_bin(cursor);
    if (cursor->failed)
        return "is not binary";
    return in_bounds(field, (int64_t)value->bytes.len) ? NULL : "has the wrong length";
}

static const char *read_incarnation(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    const char *fault = read_fixed(cursor, field, value);
    if (fault != NULL)
        return fault;
    return tdm_value_incarnation(value) != 0 ? NULL : "is zero";
}

static const char *read_texts(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    static const tdm_field ITEM = { .min = 1, .max = TEXT_ITEM_MAX };
    const uint8_t *start = cursor->at;
    uint32_t count = tdm_cursor_array(cursor);
    if (cursor->failed)
        return "is not an array";
    if (!in_bounds(field, count))
        return "has too few or too many items";
    for (uint32_t i = 0; i < count; i++) {
        tdm_value item;
        if (read_text(cursor, &ITEM, &item) != NULL)
            return "has an item that is not a plain text of 1-200 bytes";
    }
    value->bytes = (tdm_span){ start, (size_t)(cursor->at - start) };
    return NULL;
}

/* What the elements hold is checked by check_parts, once the whole map is read. */
static const char *read_list(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    tdm_cursor ahead = *cursor;
    uint32_t count = tdm_cursor_array(&ahead);
    if (ahead.failed)
        return "is not an array";
    if (!in_bounds(field, count))
        return "has too few or too many items";
    value->bytes = tdm_cursor_skip(cursor);
    return cursor->failed ? "is cut short" : NULL;
}

/* What the body holds is checked by check_body, once target_type is known for sure. */
static const char *read_body(tdm_cursor *cursor, const tdm_field *field, tdm_value *value)
{
    if (tdm_cursor_peek(cursor) != TDM_ITEM_MAP)
        return "is not a map";
    value->bytes = tdm_cursor_skip(cursor);
    if (cursor->failed)
        return "is cut short";
    return in_bounds(field, (int64_t)value->bytes.len) ? NULL : "is too short or too long";
}

static reader *const READERS[] = {
    [TDM_KIND_UINT] = read_number,   [TDM_KIND_INT] = read_number,  [TDM_KIND_BOOL] = read_bool,
    [TDM_KIND_TEXT] = read_text,     [TDM_KIND_CODE] = read_code,   [TDM_KIND_SUBJECT] = read_text,
    [TDM_KIND_PERIOD] = read_period, [TDM_KIND_ID] = read_fixed,    [TDM_KIND_INCARNATION] = read_incarnation,
    [TDM_KIND_DIGEST] = read_fixed,  [TDM_KIND_KEY] = read_fixed,   [TDM_KIND_DATE] = read_number,
    [TDM_KIND_TIME] = read_number,   [TDM_KIND_YEAR] = read_number, [TDM_KIND_ENUM] = read_number,
    [TDM_KIND_TYPE] = read_number,   [TDM_KIND_TEXTS] = read_texts, [TDM_KIND_LIST] = read_list,
    [TDM_KIND_BODY] = read_body,
};

static tdm_code refuse(tdm_err *err, const tdm_type *type, const char *field, const char *fault)
{
    return tdm_fail(err, TDM_MALFORMED, 0, "%s.%s %s", type->name, field, fault);
}

static tdm_code check_needed(const tdm_record *record, tdm_err *err)
{
    const tdm_type *type = record->type;
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].needed && !record->values[i + 1].present)
            return refuse(err, type, type->fields[i].name, "is missing");
    return TDM_OK;
}

/* One map by the rows of a type; lists and bodies are not looked into. */
static tdm_code read_map(const tdm_type *type, tdm_cursor *cursor, tdm_record *out, tdm_err *err)
{
    memset(out, 0, sizeof *out);
    out->type = type;
    uint32_t pairs = tdm_cursor_map(cursor);
    for (uint32_t i = 0; i < pairs && !cursor->failed; i++) {
        uint64_t number = tdm_cursor_uint(cursor);
        if (number == 0 || number > type->field_count) {
            tdm_cursor_skip(cursor);
            out->unknown_fields++;
            continue;
        }
        const tdm_field *field = &type->fields[number - 1];
        const char *fault = READERS[field->kind](cursor, field, &out->values[number]);
        if (fault != NULL)
            return refuse(err, type, field->name, fault);
        out->values[number].present = true;
    }
    if (cursor->failed)
        return tdm_fail(err, TDM_MALFORMED, 0, "%s: not a map of fields", type->name);
    return check_needed(out, err);
}

static tdm_code check_parts(const tdm_record *record, tdm_err *err)
{
    for (size_t i = 0; i < record->type->field_count; i++) {
        const tdm_field *field = &record->type->fields[i];
        if (field->kind != TDM_KIND_LIST || !record->values[i + 1].present)
            continue;
        tdm_cursor cursor = tdm_cursor_over(record->values[i + 1].bytes);
        const tdm_type *type = tdm_type_find(field->part_type);
        uint32_t count = tdm_cursor_array(&cursor);
        for (uint32_t k = 0; k < count; k++) {
            tdm_record part;
            tdm_code code = read_map(type, &cursor, &part, err);
            if (code != TDM_OK)
                return code;
        }
    }
    return TDM_OK;
}

static const tdm_value *value_of_kind(const tdm_record *record, tdm_kind kind)
{
    for (size_t i = 0; i < record->type->field_count; i++)
        if (record->type->fields[i].kind == kind && record->values[i + 1].present)
            return &record->values[i + 1];
    return NULL;
}

/* A body is never an amendment, so one level down is as deep as it gets. */
static tdm_code check_body(const tdm_record *record, tdm_err *err)
{
    const tdm_value *body = value_of_kind(record, TDM_KIND_BODY);
    if (body == NULL)
        return TDM_OK;
    const tdm_value *target = value_of_kind(record, TDM_KIND_TYPE);
    const tdm_type *type = target == NULL ? NULL : tdm_type_find((uint32_t)target->number);
    if (type == NULL)
        return TDM_OK;
    if (type->duty == TDM_DUTY_AMENDMENT || type->scope != TDM_SCOPE_SYSTEM)
        return refuse(err, record->type, "target_type", "is a type that cannot be amended");
    tdm_cursor cursor = tdm_cursor_over(body->bytes);
    tdm_record inner;
    tdm_code code = read_map(type, &cursor, &inner, err);
    return code != TDM_OK ? code : check_parts(&inner, err);
}

tdm_code tdm_record_decode(uint32_t type_number, tdm_span payload, tdm_record *out, tdm_err *err)
{
    const tdm_type *type = tdm_type_find(type_number);
    if (type == NULL)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "unknown type %u", type_number);
    tdm_cursor cursor = tdm_cursor_over(payload);
    tdm_code code = read_map(type, &cursor, out, err);
    if (code == TDM_OK && cursor.at != cursor.end)
        code = tdm_fail(err, TDM_MALFORMED, 0, "%s: bytes after the end", type->name);
    if (code == TDM_OK)
        code = check_parts(out, err);
    return code != TDM_OK ? code : check_body(out, err);
}

/* One value of any kind at the cursor, as the readers above leave it. */
static void peek_value(tdm_cursor *cursor, tdm_value *value)
{
    head h = head_read(cursor->at, (size_t)(cursor->end - cursor->at));
    value->present = true;
    if (h.item == TDM_ITEM_MAP || h.item == TDM_ITEM_ARRAY) {
        value->bytes = tdm_cursor_skip(cursor);
        return;
    }
    bool counted = h.item == TDM_ITEM_STR || h.item == TDM_ITEM_BIN;
    size_t len = counted ? (size_t)h.value : 0;
    if (h.fault != NULL || len > (size_t)(cursor->end - cursor->at) - h.size) {
        cursor->failed = true;
        return;
    }
    cursor->at += h.size;
    value->number = counted ? 0 : (int64_t)h.value;
    value->bytes = (tdm_span){ counted ? cursor->at : NULL, len };
    cursor->at += len;
}

void tdm_record_peek(uint32_t type, tdm_span payload, tdm_record *out)
{
    memset(out, 0, sizeof *out);
    out->type = tdm_type_find(type);
    tdm_cursor cursor = tdm_cursor_over(payload);
    uint32_t pairs = tdm_cursor_map(&cursor);
    for (uint32_t i = 0; i < pairs && !cursor.failed && cursor.at != cursor.end; i++) {
        uint64_t number = tdm_cursor_uint(&cursor);
        bool known = number > 0 && out->type != NULL && number <= out->type->field_count;
        tdm_value unknown;
        if (cursor.failed || cursor.at == cursor.end)
            return;
        peek_value(&cursor, known ? &out->values[number] : &unknown);
        out->unknown_fields += !known;
    }
}

static void write_number(tdm_buf *out, const tdm_value *value)
{
    tdm_pack_int(out, value->number);
}

static void write_bool(tdm_buf *out, const tdm_value *value)
{
    tdm_pack_bool(out, value->number != 0);
}

static void write_text(tdm_buf *out, const tdm_value *value)
{
    tdm_pack_str(out, value->bytes);
}

static void write_binary(tdm_buf *out, const tdm_value *value)
{
    tdm_pack_bin(out, value->bytes.data, value->bytes.len);
}

static void write_ready(tdm_buf *out, const tdm_value *value)
{
    tdm_pack_raw(out, value->bytes);
}

static void (*const WRITERS[])(tdm_buf *out, const tdm_value *value) = {
    [TDM_KIND_UINT] = write_number,   [TDM_KIND_INT] = write_number,  [TDM_KIND_BOOL] = write_bool,
    [TDM_KIND_TEXT] = write_text,     [TDM_KIND_CODE] = write_text,   [TDM_KIND_SUBJECT] = write_text,
    [TDM_KIND_PERIOD] = write_text,   [TDM_KIND_ID] = write_binary,   [TDM_KIND_INCARNATION] = write_binary,
    [TDM_KIND_DIGEST] = write_binary, [TDM_KIND_KEY] = write_binary,  [TDM_KIND_DATE] = write_number,
    [TDM_KIND_TIME] = write_number,   [TDM_KIND_YEAR] = write_number, [TDM_KIND_ENUM] = write_number,
    [TDM_KIND_TYPE] = write_number,   [TDM_KIND_TEXTS] = write_ready, [TDM_KIND_LIST] = write_ready,
    [TDM_KIND_BODY] = write_ready,
};

void tdm_record_pack(const tdm_record *record, tdm_buf *out)
{
    const tdm_type *type = record->type;
    uint32_t present = 0;
    for (size_t i = 0; i < type->field_count; i++)
        present += record->values[i + 1].present;
    tdm_pack_map(out, present);
    for (size_t i = 0; i < type->field_count; i++) {
        const tdm_value *value = &record->values[i + 1];
        if (!value->present)
            continue;
        tdm_pack_uint(out, type->fields[i].number);
        WRITERS[type->fields[i].kind](out, value);
    }
}

/* What was written is read again by the reader's rules, so both always agree on what is allowed. */
tdm_code tdm_record_encode(const tdm_record *record, tdm_buf *out, tdm_err *err)
{
    static const tdm_scan_limits LIMITS = { TDM_EVENT_MAX, TDM_SCAN_DEPTH_MAX, TDM_EVENT_MAX };
    size_t start = out->len;
    tdm_record_pack(record, out);
    if (out->failed)
        return tdm_fail(err, TDM_INTERNAL, 0, "%s: out of memory", record->type->name);
    tdm_span written = { out->data + start, out->len - start };
    tdm_record again;
    tdm_code code = tdm_scan(written, &LIMITS, err);
    if (code == TDM_OK)
        code = tdm_record_decode(record->type->number, written, &again, err);
    if (code == TDM_OK)
        return TDM_OK;
    out->len = start;
    if (err != NULL)
        err->code = TDM_INVALID;
    return TDM_INVALID;
}

void tdm_record_init(tdm_record *record, uint32_t type)
{
    memset(record, 0, sizeof *record);
    record->type = tdm_type_find(type);
    TDM_ASSERT(record->type != NULL);
}

void tdm_record_set_number(tdm_record *record, uint32_t field, int64_t number)
{
    TDM_ASSERT(field >= 1 && field <= record->type->field_count);
    record->values[field] = (tdm_value){ .present = true, .number = number };
}

void tdm_record_set_bytes(tdm_record *record, uint32_t field, tdm_span bytes)
{
    TDM_ASSERT(field >= 1 && field <= record->type->field_count);
    record->values[field] = (tdm_value){ .present = true, .bytes = bytes };
}

void tdm_record_set_text(tdm_record *record, uint32_t field, const char *text)
{
    tdm_record_set_bytes(record, field, tdm_span_text(text));
}

tdm_id tdm_value_id(const tdm_value *value)
{
    tdm_id id = { { 0 } };
    if (value->present && value->bytes.len == TDM_ID_BYTES)
        memcpy(id.bytes, value->bytes.data, TDM_ID_BYTES);
    return id;
}

tdm_digest tdm_value_digest(const tdm_value *value)
{
    tdm_digest digest = { { 0 } };
    if (value->present && value->bytes.len == TDM_DIGEST_BYTES)
        memcpy(digest.bytes, value->bytes.data, TDM_DIGEST_BYTES);
    return digest;
}

/* `present` is not asked: the reader above uses it before the value counts as present. */
uint64_t tdm_value_incarnation(const tdm_value *value)
{
    uint64_t incarnation = 0;
    for (size_t i = 0; value->bytes.len == 8 && i < 8; i++)
        incarnation = incarnation << 8 | value->bytes.data[i];
    return incarnation;
}

void tdm_incarnation_bytes(uint64_t incarnation, uint8_t out[8])
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(incarnation >> 8 * (7 - i));
}
