/* SPDX-License-Identifier: MPL-2.0
 *
 * field_list.c: lists and objects, from text and from JSON.
 */
#include "field_list.h"

#include "cell.h"

#include "tandem/pack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEM_MAX = 200 }; /* bytes of one text of TEXTS */

/* ---- items, packed behind each other until their number is known */

typedef struct items {
    const tdm_reading *r;
    tdm_buf packed;
    uint32_t count;
} items;

static bool add_text(items *list, tdm_span text)
{
    if (text.len < 1 || text.len > ITEM_MAX)
        return tdm_field_refuse(list->r->what, "Each item takes a text of 1 to %d bytes; one has %zu.",
                                ITEM_MAX, text.len);
    tdm_pack_str(&list->packed, text);
    list->count++;
    return true;
}

static bool finish(items *list, bool good)
{
    const tdm_reading *r = list->r;
    if (good && ((int64_t)list->count < r->field->min || (int64_t)list->count > r->field->max))
        good = tdm_field_refuse(r->what, "Enter %" PRId64 " to %" PRId64 " items; these are %u.",
                                r->field->min, r->field->max, list->count);
    tdm_buf_clear(r->bytes);
    tdm_pack_array(r->bytes, list->count);
    tdm_pack_raw(r->bytes, tdm_buf_span(&list->packed));
    r->bytes->failed = r->bytes->failed || list->packed.failed;
    r->value->bytes = tdm_buf_span(r->bytes);
    tdm_buf_free(&list->packed);
    return good;
}

/* "nursing:12": what stands before the last colon is field 1 of the part, the rest field 2. */
static bool add_pair(items *list, tdm_span item)
{
    const tdm_type *part = tdm_type_find(list->r->field->part_type);
    TDM_ASSERT(part != NULL && part->field_count == 2);
    size_t colon = item.len;
    while (colon > 0 && item.data[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return tdm_field_refuse(list->r->what, "Enter %s:%s for each, several with ';'.",
                                part->fields[0].name, part->fields[1].name);
    tdm_span sides[] = { tdm_cell_trim((tdm_span){ item.data, colon - 1 }),
                         tdm_cell_trim((tdm_span){ item.data + colon, item.len - colon }) };
    tdm_record record;
    tdm_buf bytes[2] = { { 0 }, { 0 } };
    bool good = true;
    tdm_record_init(&record, part->number);
    for (size_t i = 0; good && i < 2; i++)
        good = tdm_field_read(&part->fields[i], 0, sides[i], &record.values[i + 1], &bytes[i], list->r->what);
    if (good)
        tdm_record_pack(&record, &list->packed);
    list->count += good;
    tdm_buf_free(&bytes[0]);
    tdm_buf_free(&bytes[1]);
    return good;
}

bool tdm_read_list(const tdm_reading *r)
{
    bool (*add)(items *, tdm_span) = r->field->kind == TDM_KIND_TEXTS ? add_text : add_pair;
    items list = { .r = r };
    tdm_span rest = r->text;
    bool good = true;
    while (good && rest.len > 0) {
        tdm_span item = tdm_cell_next(&rest, ';');
        good = item.len == 0 || add(&list, item);
    }
    return finish(&list, good);
}

/* ---- JSON */

static tdm_span json_text(const json_t *json)
{
    return (tdm_span){ (const uint8_t *)json_string_value(json), json_string_length(json) };
}

static bool read_array(const tdm_reading *r, const json_t *array)
{
    items list = { .r = r };
    bool good = r->field->kind == TDM_KIND_TEXTS || r->field->kind == TDM_KIND_LIST;
    if (!good)
        return tdm_field_refuse(r->what, "Enter one value, no list.");
    for (size_t i = 0; good && i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        if (r->field->kind == TDM_KIND_LIST) {
            good = tdm_object_read(tdm_type_find(r->field->part_type), item, &list.packed, r->what);
            list.count++;
        } else {
            good = json_is_string(item) ? add_text(&list, json_text(item))
                                        : tdm_field_refuse(r->what, "Each item is a text.");
        }
    }
    return finish(&list, good);
}

bool tdm_field_read_json(const tdm_field *field, int places, const json_t *json, tdm_value *value,
                         tdm_buf *bytes, char *what)
{
    char number[40];
    tdm_reading r = { field, places, { 0 }, value, bytes, what };
    *value = (tdm_value){ 0 };
    if (json_is_array(json))
        return value->present = read_array(&r, json);
    if (json_is_string(json))
        return tdm_field_read(field, places, json_text(json), value, bytes, what);
    if (json_is_integer(json))
        snprintf(number, sizeof number, "%" PRId64, (int64_t)json_integer_value(json));
    else if (json_is_real(json))
        snprintf(number, sizeof number, "%.10g", json_real_value(json));
    else if (json_is_boolean(json))
        snprintf(number, sizeof number, "%s", json_is_true(json) ? "true" : "false");
    else
        return tdm_field_refuse(what, "Enter a value, not an object.");
    return tdm_field_read(field, places, tdm_span_text(number), value, bytes, what);
}

static bool read_member(const tdm_type *type, const char *name, const json_t *json, tdm_record *record,
                        tdm_buf *bytes, char *what)
{
    int places;
    const tdm_field *field = tdm_field_asked(type, tdm_span_text(name), &places);
    char why[TDM_FIELD_WHAT] = "";
    if (field == NULL || field->kind == TDM_KIND_BODY)
        return tdm_field_refuse(what, "%s has no field %.60s.", type->name, name);
    if (tdm_field_read_json(field, places, json, &record->values[field->number], &bytes[field->number], why))
        return true;
    return tdm_field_refuse(what, "%s: %.400s", field->name, why);
}

bool tdm_object_read(const tdm_type *type, const json_t *object, tdm_buf *out, char *what)
{
    tdm_record record;
    tdm_buf bytes[TDM_FIELDS_MAX] = { { 0 } };
    tdm_err err = { .code = TDM_OK };
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return tdm_field_refuse(what, "Enter %s as a JSON object.", type->name);
    bool good = true;
    tdm_record_init(&record, type->number);
    json_object_foreach((json_t *)object, name, value)
    {
        good = good && read_member(type, name, value, &record, bytes, what);
    }
    if (good && tdm_record_encode(&record, out, &err) != TDM_OK)
        good = tdm_field_refuse(what, "%s.", err.what);
    for (size_t i = 0; i < TDM_COUNT(bytes); i++)
        tdm_buf_free(&bytes[i]);
    return good;
}
