/* SPDX-License-Identifier: MPL-2.0
 *
 * payload_json_read.c: payloads from JSON, by the rows of the schema table.
 *
 * Values are only brought into their MessagePack shape here; bounds are judged by tdm_event_encode, so that
 * JSON and bytes obey one set of rules.
 */
#include "json_read.h"

#include "tandem/civil.h"
#include "tandem/pack.h"

#include <stdlib.h>
#include <string.h>

typedef struct reading {
    tdm_buf *out;
    tdm_err *err;
    uint32_t depth;
} reading;

/* A reader packs one value of its kind. NULL, or what is wrong with it; SAID if err tells already.
 * `object` is where the value stands, for a BODY that asks its neighbour. */
typedef const char *reader(reading *r, const json_t *value, const tdm_field *field, const json_t *object);

static const char SAID[] = "said";

static const char *read_object(reading *r, const json_t *object, const tdm_type *type);
static const char *read_any(reading *r, const json_t *value);

tdm_span tdm_jansson_text(const json_t *value)
{
    return (tdm_span){ (const uint8_t *)json_string_value(value), json_string_length(value) };
}

static const char *read_int(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)field, (void)object;
    if (!json_is_integer(value))
        return "is not an integer";
    tdm_pack_int(r->out, json_integer_value(value));
    return NULL;
}

static const char *read_bool(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)field, (void)object;
    if (!json_is_boolean(value))
        return "is not true or false";
    tdm_pack_bool(r->out, json_is_true(value));
    return NULL;
}

static const char *read_text(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)field, (void)object;
    if (!json_is_string(value))
        return "is not a string";
    tdm_pack_str(r->out, tdm_jansson_text(value));
    return NULL;
}

static const char *pack_hex(reading *r, const json_t *value)
{
    tdm_span text = tdm_jansson_text(value);
    if (!json_is_string(value) || text.len % 2 != 0)
        return "is not a string of hex digits";
    uint8_t *bytes = malloc(text.len / 2 + 1);
    bool ok = bytes != NULL && tdm_unhex(bytes, text.len / 2, text);
    if (ok)
        tdm_pack_bin(r->out, bytes, text.len / 2);
    free(bytes);
    return ok ? NULL : "is not a string of hex digits";
}

static const char *read_hex(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)field, (void)object;
    return pack_hex(r, value);
}

static const char *read_date(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)field, (void)object;
    tdm_date date;
    if (!json_is_string(value) || tdm_date_parse(tdm_jansson_text(value), &date, NULL) != TDM_OK)
        return "is not a date like \"2017-04-01\"";
    tdm_pack_int(r->out, date);
    return NULL;
}

static const char *read_time(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    if (json_is_integer(value))
        return read_int(r, value, field, object);
    int64_t ms;
    int32_t offset_min;
    if (!json_is_string(value) || tdm_time_parse(tdm_jansson_text(value), &ms, &offset_min, NULL) != TDM_OK)
        return "is not a time like \"2017-04-01T10:00:00.000Z\"";
    tdm_pack_int(r->out, ms);
    return NULL;
}

static const char *read_year(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)field, (void)object;
    tdm_period period;
    if (!json_is_string(value) || tdm_period_parse(tdm_jansson_text(value), &period, NULL) != TDM_OK
        || period.kind != TDM_PERIOD_YEAR)
        return "is not a financial year like \"2017/18\"";
    tdm_pack_int(r->out, period.number);
    return NULL;
}

static const char *read_enum(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    if (json_is_integer(value))
        return read_int(r, value, field, object);
    int64_t number;
    if (!json_is_string(value) || !tdm_enum_number(field->set, tdm_jansson_text(value), &number))
        return "is not a known word";
    tdm_pack_int(r->out, number);
    return NULL;
}

uint32_t tdm_jansson_type(const json_t *value)
{
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        return number >= 1 && number <= 999 ? (uint32_t)number : 0;
    }
    const tdm_type *type = json_is_string(value) ? tdm_type_named(tdm_jansson_text(value)) : NULL;
    return type == NULL || type->scope == TDM_SCOPE_PART ? 0 : type->number;
}

static const char *read_type(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)field, (void)object;
    uint32_t number = tdm_jansson_type(value);
    if (number == 0)
        return "is not an event type";
    tdm_pack_uint(r->out, number);
    return NULL;
}

static const char *read_texts(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    if (!json_is_array(value))
        return "is not an array";
    size_t count = json_array_size(value);
    tdm_pack_array(r->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const char *fault = read_text(r, json_array_get(value, i), field, object);
        if (fault != NULL)
            return "has an item that is not a string";
    }
    return NULL;
}

static const char *read_list(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)object;
    if (!json_is_array(value))
        return "is not an array";
    size_t count = json_array_size(value);
    tdm_pack_array(r->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const char *fault = read_object(r, json_array_get(value, i), tdm_type_find(field->part_type));
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

static const char *read_body(reading *r, const json_t *value, const tdm_field *field, const json_t *object)
{
    (void)field;
    uint32_t target = tdm_jansson_type(json_object_get(object, "target_type"));
    return target == 0 ? "needs its target_type" : read_object(r, value, tdm_type_find(target));
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

/* ---- values of unknown fields: by their MessagePack shape ---- */

static const char *read_array(reading *r, const json_t *value)
{
    size_t count = json_array_size(value);
    tdm_pack_array(r->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const char *fault = read_any(r, json_array_get(value, i));
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

/* Pairs are taken as they come; a wrong order is refused by the scanner at the end. */
static const char *read_pairs(reading *r, const json_t *pairs)
{
    if (!json_is_array(pairs))
        return "has a $map that is not an array of pairs";
    size_t count = json_array_size(pairs);
    tdm_pack_map(r->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(pairs, i);
        if (json_array_size(pair) != 2 || !json_is_integer(json_array_get(pair, 0)))
            return "has a $map pair that is not [key, value]";
        tdm_pack_int(r->out, json_integer_value(json_array_get(pair, 0)));
        const char *fault = read_any(r, json_array_get(pair, 1));
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

static const char *read_tagged(reading *r, const json_t *value)
{
    const json_t *bin = json_object_get(value, "$bin");
    const json_t *map = json_object_get(value, "$map");
    if (json_object_size(value) != 1 || (bin == NULL && map == NULL))
        return "has an object that is neither {\"$bin\":..} nor {\"$map\":..}";
    return bin != NULL ? pack_hex(r, bin) : read_pairs(r, map);
}

static const char *read_plain(reading *r, const json_t *value)
{
    if (json_is_string(value))
        return read_text(r, value, NULL, NULL);
    if (json_is_boolean(value))
        return read_bool(r, value, NULL, NULL);
    if (!json_is_null(value))
        return read_int(r, value, NULL, NULL);
    tdm_pack_nil(r->out);
    return NULL;
}

/* A tagged binary is an object in JSON only: it counts as no level, as the scanner counts. */
static const char *read_any(reading *r, const json_t *value)
{
    bool is_bin = json_object_get(value, "$bin") != NULL;
    if (is_bin || (!json_is_array(value) && !json_is_object(value)))
        return is_bin ? read_tagged(r, value) : read_plain(r, value);
    if (r->depth == TDM_SCAN_DEPTH_MAX)
        return "is nested too deep";
    r->depth++;
    const char *fault = json_is_array(value) ? read_array(r, value) : read_tagged(r, value);
    r->depth--;
    return fault;
}

/* ---- objects ---- */

typedef struct member {
    int64_t number;
    const tdm_field *field; /* NULL: unknown */
    const char *name;
    const json_t *value;
} member;

static int compare_members(const void *a, const void *b)
{
    int64_t x = ((const member *)a)->number;
    int64_t y = ((const member *)b)->number;
    return (x > y) - (x < y);
}

/* "#12": a number without leading zeros, at most 2^63-1; -1 if it is not one. */
static int64_t hash_number(const char *name)
{
    if (name[0] != '#' || name[1] == '\0' || (name[1] == '0' && name[2] != '\0'))
        return -1;
    int64_t number = 0;
    for (const char *c = name + 1; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || number > (INT64_MAX - (*c - '0')) / 10)
            return -1;
        number = 10 * number + (*c - '0');
    }
    return number;
}

static bool find_member(const tdm_type *type, const char *name, member *out)
{
    for (size_t i = 0; type != NULL && i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            *out = (member){ type->fields[i].number, &type->fields[i], name, out->value };
            return true;
        }
    }
    *out = (member){ hash_number(name), NULL, name, out->value };
    return out->number >= 0
           && !(type != NULL && out->number >= 1 && (size_t)out->number <= type->field_count);
}

static const char *say(reading *r, const tdm_type *type, const char *name, const char *fault)
{
    if (fault != SAID)
        tdm_fail(r->err, TDM_MALFORMED, 0, "%s.%.60s %s", type == NULL ? "payload" : type->name, name, fault);
    return SAID;
}

static const char *read_members(reading *r, const json_t *object, const tdm_type *type, const member *members,
                                size_t count)
{
    tdm_pack_map(r->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const member *m = &members[i];
        tdm_pack_int(r->out, m->number);
        const char *fault =
            m->field == NULL ? read_any(r, m->value) : READERS[m->field->kind](r, m->value, m->field, object);
        if (fault != NULL)
            return say(r, type, m->name, fault);
    }
    return NULL;
}

static const char *collect_members(reading *r, const json_t *object, const tdm_type *type, member *members)
{
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        members[count].value = value;
        if (!find_member(type, name, &members[count]))
            return say(r, type, name, "is not a field; an unknown one is written as \"#\" and its number");
        count++;
    }
    qsort(members, count, sizeof *members, compare_members);
    return NULL;
}

static const char *read_object(reading *r, const json_t *object, const tdm_type *type)
{
    if (!json_is_object(object))
        return "is not an object";
    if (r->depth == TDM_SCAN_DEPTH_MAX)
        return "is nested too deep";
    size_t count = json_object_size(object);
    member *members = calloc(count + 1, sizeof *members);
    if (members == NULL)
        return "does not fit in memory";
    r->depth++;
    const char *fault = collect_members(r, object, type, members);
    if (fault == NULL)
        fault = read_members(r, object, type, members, count);
    r->depth--;
    free(members);
    return fault;
}

tdm_code tdm_payload_from_json(const json_t *object, uint32_t type, tdm_buf *out, tdm_err *err)
{
    reading r = { out, err, 1 };
    const char *fault = read_object(&r, object, tdm_type_find(type));
    if (fault != NULL && fault != SAID)
        tdm_fail(err, TDM_MALFORMED, 0, "payload %s", fault);
    if (fault == NULL && out->failed)
        return tdm_fail(err, TDM_MALFORMED, 0, "payload: a number out of range, or out of memory");
    return fault == NULL ? TDM_OK : TDM_MALFORMED;
}
