/* SPDX-License-Identifier: MPL-2.0
 *
 * filing.c: where a fact is filed, from its own fields.
 */
#include "tandem/civil.h"
#include "tandem/event.h"

#include <inttypes.h>

static void add_hex(tdm_buf *out, tdm_span bytes)
{
    char hex[2 * TDM_DIGEST_BYTES + 1];
    TDM_ASSERT(bytes.len <= TDM_DIGEST_BYTES);
    tdm_hex(hex, bytes.data, bytes.len);
    tdm_buf_add(out, hex, 2 * bytes.len);
}

static void add_enum(tdm_buf *out, tdm_enum_set set, int64_t number)
{
    const char *word = tdm_enum_word(set, number);
    if (word != NULL)
        tdm_buf_format(out, "%s", word);
    else
        tdm_buf_format(out, "%" PRId64, number);
}

static void add_date(tdm_buf *out, int64_t date)
{
    char text[16];
    tdm_date_text((tdm_date)date, text);
    tdm_buf_format(out, "%s", text);
}

static void add_year(tdm_buf *out, int64_t year)
{
    char text[16];
    tdm_period_text((tdm_period){ TDM_PERIOD_YEAR, (int32_t)year }, text);
    tdm_buf_format(out, "%s", text);
}

void tdm_value_text(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    if (!value->present)
        return;
    switch (field->kind) {
    case TDM_KIND_ENUM:
        add_enum(out, field->set, value->number);
        return;
    case TDM_KIND_DATE:
        add_date(out, value->number);
        return;
    case TDM_KIND_YEAR:
        add_year(out, value->number);
        return;
    case TDM_KIND_ID:
    case TDM_KIND_INCARNATION:
    case TDM_KIND_DIGEST:
    case TDM_KIND_KEY:
        add_hex(out, value->bytes);
        return;
    case TDM_KIND_UINT:
    case TDM_KIND_INT:
    case TDM_KIND_BOOL:
    case TDM_KIND_TIME:
    case TDM_KIND_TYPE:
        tdm_buf_format(out, "%" PRId64, value->number);
        return;
    default:
        tdm_buf_add(out, value->bytes.data, value->bytes.len);
    }
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
        tdm_buf_add(out, "/", 1);
        tdm_value_text(&record->type->fields[field - 1], &record->values[field], out);
    }
    return !out->failed && out->len <= TDM_SUBJECT_MAX;
}
