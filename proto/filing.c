/* SPDX-License-Identifier: MPL-2.0
 *
 * filing.c: where a fact is filed, from its own fields: values as text, and the subject they make.
 */
#include "tandem/civil.h"
#include "tandem/event.h"

#include <inttypes.h>

typedef void text_writer(const tdm_field *field, const tdm_value *value, tdm_buf *out);

static void text_of_number(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    (void)field;
    tdm_buf_format(out, "%" PRId64, value->number);
}

static void text_of_bool(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    (void)field;
    tdm_buf_text(out, value->number != 0 ? "true" : "false");
}

static void text_of_text(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    (void)field;
    tdm_buf_add(out, value->bytes.data, value->bytes.len);
}

static void text_of_bytes(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    (void)field;
    char hex[2 * TDM_DIGEST_BYTES + 1] = "";
    TDM_ASSERT(value->bytes.len <= TDM_DIGEST_BYTES);
    tdm_hex(hex, value->bytes.data, value->bytes.len);
    tdm_buf_text(out, hex);
}

static void text_of_date(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    (void)field;
    char text[16];
    tdm_date_text((tdm_date)value->number, text);
    tdm_buf_text(out, text);
}

static void text_of_time(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    (void)field;
    char text[40];
    tdm_time_text(value->number, 0, text);
    tdm_buf_text(out, text);
}

static void text_of_year(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    (void)field;
    char text[16];
    tdm_period_text((tdm_period){ TDM_PERIOD_YEAR, (int32_t)value->number }, text);
    tdm_buf_text(out, text);
}

static void text_of_enum(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    const char *word = tdm_enum_word(field->set, value->number);
    if (word != NULL)
        tdm_buf_text(out, word);
    else
        text_of_number(field, value, out);
}

static void text_of_type(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    const tdm_type *type = tdm_type_find((uint32_t)value->number);
    if (type != NULL)
        tdm_buf_text(out, type->name);
    else
        text_of_number(field, value, out);
}

static text_writer *const TEXTS[] = {
    [TDM_KIND_UINT] = text_of_number,
    [TDM_KIND_INT] = text_of_number,
    [TDM_KIND_BOOL] = text_of_bool,
    [TDM_KIND_TEXT] = text_of_text,
    [TDM_KIND_CODE] = text_of_text,
    [TDM_KIND_SUBJECT] = text_of_text,
    [TDM_KIND_PERIOD] = text_of_text,
    [TDM_KIND_ID] = text_of_bytes,
    [TDM_KIND_INCARNATION] = text_of_bytes,
    [TDM_KIND_KEY] = text_of_bytes,
    [TDM_KIND_DIGEST] = text_of_bytes,
    [TDM_KIND_DATE] = text_of_date,
    [TDM_KIND_TIME] = text_of_time,
    [TDM_KIND_YEAR] = text_of_year,
    [TDM_KIND_ENUM] = text_of_enum,
    [TDM_KIND_TYPE] = text_of_type,
    [TDM_KIND_TEXTS] = NULL,
    [TDM_KIND_LIST] = NULL,
    [TDM_KIND_BODY] = NULL,
};

void tdm_value_text(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    if (value->present && TEXTS[field->kind] != NULL)
        TEXTS[field->kind](field, value, out);
}

bool tdm_record_subject(const tdm_record *record, tdm_buf *out)
{
    const tdm_filing *filing = tdm_type_filing(record->type->number);
    if (filing == NULL || filing->parts[0] == 0)
        return false;
    tdm_buf_format(out, "%s", filing->prefix);
    for (size_t i = 0; i < TDM_COUNT(filing->parts) && filing->parts[i] != 0; i++) {
        uint32_t field = filing->parts[i];
        if (!record->values[field].present)
            return false;
        if (out->len > 0)
            tdm_buf_add(out, "/", 1);
        tdm_value_text(&record->type->fields[field - 1], &record->values[field], out);
    }
    return !out->failed && out->len <= TDM_SUBJECT_MAX;
}
