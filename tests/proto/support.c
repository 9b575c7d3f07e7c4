/* SPDX-License-Identifier: MPL-2.0
 *
 * support.c: what the tests of proto/ share.
 */
#include "support.h"

#include "tandem/civil.h"
#include "tandem/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

tdm_buf hex_bytes(const char *hex)
{
    tdm_buf out = { 0 };
    for (const char *c = hex; *c != '\0';) {
        if (*c == ' ') {
            c++;
            continue;
        }
        uint8_t byte;
        assert_true(tdm_unhex(&byte, 1, (tdm_span){ (const uint8_t *)c, strnlen(c, 2) }));
        tdm_buf_add(&out, &byte, 1);
        c += 2;
    }
    return out;
}

tdm_buf tree_file(const char *path)
{
    char name[4096];
    const char *tree = getenv("TANDEM_SOURCE");
    snprintf(name, sizeof name, "%s/%s", tree == NULL ? "." : tree, path);
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        fail_msg("cannot open %s", name);
    tdm_buf out = { 0 };
    char part[4096];
    for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
        tdm_buf_add(&out, part, got);
    fclose(file);
    return out;
}

uint64_t dice_roll(dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t dice_below(dice *d, uint64_t limit)
{
    return dice_roll(d) % limit;
}

int64_t dice_between(dice *d, int64_t low, int64_t high)
{
    uint64_t width = (uint64_t)high - (uint64_t)low;
    uint64_t step = width == UINT64_MAX ? dice_roll(d) : dice_below(d, width + 1);
    return (int64_t)((uint64_t)low + step);
}

/* Letters of one to four bytes; never a control character. */
static void put_letters(dice *d, tdm_buf *out, size_t len)
{
    static const char *const LETTERS[] = { "a", "Z", " ", "\"", "\\", "/", "é", "ß", "€", "語", "😀" };
    for (size_t end = out->len + len; out->len < end;) {
        const char *letter = LETTERS[dice_below(d, TDM_COUNT(LETTERS))];
        tdm_buf_text(out, out->len + strlen(letter) <= end ? letter : "x");
    }
}

static void put_code(dice *d, tdm_buf *out)
{
    static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (uint64_t len = 3 + dice_below(d, 10); len > 0; len--)
        tdm_buf_add(out, &LETTERS[dice_below(d, 36)], 1);
}

static void put_period(dice *d, tdm_buf *out)
{
    char text[16];
    tdm_period_kind kind = (tdm_period_kind)dice_below(d, 3);
    tdm_period_text(tdm_period_of(kind, (tdm_date)dice_between(d, 0, 80000)), text);
    tdm_buf_text(out, text);
}

static void put_binary(dice *d, tdm_buf *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)(1 + dice_below(d, 255));
        tdm_buf_add(out, &byte, 1);
    }
}

static void put_texts(dice *d, tdm_buf *out, const tdm_field *field)
{
    uint32_t count = (uint32_t)dice_between(d, field->min, field->max);
    tdm_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        tdm_buf text = { 0 };
        put_letters(d, &text, 1 + dice_below(d, 20));
        tdm_pack_str(out, tdm_buf_span(&text));
        tdm_buf_free(&text);
    }
}

static void put_payload(dice *d, const tdm_type *type, tdm_buf *out);

static void put_list(dice *d, tdm_buf *out, const tdm_field *field)
{
    uint32_t count = (uint32_t)dice_between(d, field->min, field->max < 8 ? field->max : 8);
    tdm_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++)
        put_payload(d, tdm_type_find(field->part_type), out);
}

static bool is_number(tdm_kind kind)
{
    return kind == TDM_KIND_UINT || kind == TDM_KIND_INT || kind == TDM_KIND_BOOL || kind == TDM_KIND_DATE
           || kind == TDM_KIND_TIME || kind == TDM_KIND_YEAR || kind == TDM_KIND_ENUM
           || kind == TDM_KIND_TYPE;
}

static void put_bytes(dice *d, const tdm_field *field, const tdm_type *target, tdm_buf *out)
{
    size_t len = (size_t)dice_between(d, field->min, field->max);
    if (field->kind == TDM_KIND_TEXT || field->kind == TDM_KIND_SUBJECT)
        put_letters(d, out, len);
    else if (field->kind == TDM_KIND_CODE)
        put_code(d, out);
    else if (field->kind == TDM_KIND_PERIOD)
        put_period(d, out);
    else if (field->kind == TDM_KIND_TEXTS)
        put_texts(d, out, field);
    else if (field->kind == TDM_KIND_LIST)
        put_list(d, out, field);
    else if (field->kind == TDM_KIND_BODY)
        put_payload(d, target, out);
    else
        put_binary(d, out, len);
}

static const tdm_type *random_target(dice *d)
{
    const tdm_type *type = random_type(d);
    while (type->duty == TDM_DUTY_AMENDMENT)
        type = random_type(d);
    return type;
}

static void put_payload(dice *d, const tdm_type *type, tdm_buf *out)
{
    tdm_record record;
    tdm_buf rooms[TDM_FIELDS_MAX] = { 0 };
    const tdm_type *target = random_target(d);
    tdm_record_init(&record, type->number);
    for (size_t i = 0; i < type->field_count; i++) {
        const tdm_field *field = &type->fields[i];
        if (!field->needed && dice_below(d, 2) == 0)
            continue;
        if (field->kind == TDM_KIND_TYPE)
            tdm_record_set_number(&record, field->number, target->number);
        else if (is_number(field->kind))
            tdm_record_set_number(&record, field->number, dice_between(d, field->min, field->max));
        else {
            put_bytes(d, field, target, &rooms[i]);
            tdm_record_set_bytes(&record, field->number, tdm_buf_span(&rooms[i]));
        }
    }
    tdm_err err = { 0 };
    if (tdm_record_encode(&record, out, &err) != TDM_OK)
        fail_msg("%s", err.what);
    for (size_t i = 0; i < TDM_FIELDS_MAX; i++)
        tdm_buf_free(&rooms[i]);
}

/* A value of any shape, at most `depth` containers deep. */
static void put_any(dice *d, tdm_buf *out, uint32_t depth)
{
    uint64_t shape = dice_below(d, depth == 0 ? 5 : 7);
    uint32_t count = (uint32_t)dice_below(d, 4);
    char bytes[4] = { 'a', '\n', 0, 'z' };
    if (shape == 0)
        tdm_pack_nil(out);
    else if (shape == 1)
        tdm_pack_bool(out, count > 1);
    else if (shape == 2)
        tdm_pack_int(out, (int64_t)dice_roll(d) >> dice_below(d, 64));
    else if (shape == 3)
        tdm_pack_str(out, (tdm_span){ (const uint8_t *)bytes, count });
    else if (shape == 4)
        tdm_pack_bin(out, bytes, count);
    else if (shape == 5)
        tdm_pack_array(out, count);
    else
        tdm_pack_map(out, count);
    for (uint32_t i = 0; shape >= 5 && i < count; i++) {
        if (shape == 6)
            tdm_pack_uint(out, i * 40);
        put_any(d, out, depth - 1);
    }
}

/* Unknown fields after the known ones: known and unknown together fit in the shortest map head. */
static void add_unknown(dice *d, tdm_buf *payload)
{
    uint64_t key = TDM_FIELDS_MAX;
    for (uint64_t more = dice_below(d, 3); more > 0; more--) {
        payload->data[0]++;
        tdm_pack_uint(payload, key);
        put_any(d, payload, 5);
        key += 1 + (dice_roll(d) >> dice_between(d, 4, 63));
    }
}

void random_event(dice *d, const tdm_type *type, tdm_buf *out)
{
    tdm_buf payload = { 0 };
    tdm_buf subject = { 0 };
    put_payload(d, type, &payload);
    if (dice_below(d, 2) == 0)
        add_unknown(d, &payload);
    put_letters(d, &subject, 1 + dice_below(d, TDM_SUBJECT_MAX));
    tdm_event event = {
        .incarnation = 1 + (dice_roll(d) >> 1),
        .sequence = 1 + (dice_roll(d) >> dice_between(d, 2, 63)),
        .type = type->number,
        .author = 1 + (uint32_t)dice_below(d, 99),
        .subject = tdm_buf_span(&subject),
        .event_ms = dice_between(d, -62135510400000, 253402214399999),
        .event_offset_min = (int32_t)dice_between(d, -1080, 1080),
        .recorded_ms = dice_between(d, -62135510400000, 253402214399999),
    };
    for (size_t i = 0; i < TDM_ID_BYTES; i++) {
        event.origin.bytes[i] = (uint8_t)dice_roll(d);
        event.fact.bytes[i] = (uint8_t)dice_roll(d);
    }
    tdm_err err = { 0 };
    if (tdm_event_encode(&event, tdm_buf_span(&payload), out, &err) != TDM_OK)
        fail_msg("%s: %s", type->name, err.what);
    tdm_buf_free(&payload);
    tdm_buf_free(&subject);
}

const tdm_type *random_type(dice *d)
{
    size_t count;
    const tdm_type *types = tdm_types(&count);
    const tdm_type *type;
    do
        type = &types[dice_below(d, count)];
    while (type->scope != TDM_SCOPE_SYSTEM);
    return type;
}
