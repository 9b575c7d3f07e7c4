/* SPDX-License-Identifier: MPL-2.0
 *
 * json.c: a streaming JSON writer.
 */
#include "json.h"

#include "tandem/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool needs_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f;
}

static void escape(tdm_buf *out, uint8_t byte)
{
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof SHORT; i += 2)
        if ((uint8_t)SHORT[i] == byte) {
            tdm_buf_add(out, (char[]){ '\\', SHORT[i + 1] }, 2);
            return;
        }
    tdm_buf_format(out, "\\u%04x", byte);
}

bool tdm_json_quote(tdm_buf *out, tdm_span text)
{
    bool valid = true;
    size_t plain = 0; /* start of what waits to be copied as it is */
    tdm_buf_text(out, "\"");
    for (size_t i = 0; i < text.len;) {
        size_t len = tdm_utf8_sequence((tdm_span){ text.data + i, text.len - i });
        if (len != 0 && !needs_escape(text.data[i])) {
            i += len;
            continue;
        }
        tdm_buf_add(out, text.data + plain, i - plain);
        if (len == 0)
            tdm_buf_text(out, "\xef\xbf\xbd");
        else
            escape(out, text.data[i]);
        valid = valid && len != 0;
        plain = ++i;
    }
    if (text.len > plain) /* empty text may be a NULL pointer */
        tdm_buf_add(out, text.data + plain, text.len - plain);
    tdm_buf_text(out, "\"");
    return valid;
}

tdm_json tdm_json_open(tdm_buf *out)
{
    return (tdm_json){ .out = out, .failed = TDM_OK };
}

tdm_code tdm_json_close(tdm_json *json, tdm_err *err)
{
    if (json->failed == TDM_OK && json->out->failed)
        json->failed = TDM_FULL;
    switch (json->failed) {
    case TDM_OK:
        TDM_ASSERT(json->depth == 0 && json->whole && !json->keyed);
        return TDM_OK;
    case TDM_MALFORMED:
        return tdm_fail(err, TDM_MALFORMED, 0, "text in a JSON document is not UTF-8");
    case TDM_INVALID:
        return tdm_fail(err, TDM_INVALID, 0, "a JSON document is deeper than %d", TDM_JSON_DEPTH);
    default:
        return tdm_fail(err, TDM_FULL, 0, "no memory for a JSON document");
    }
}

static uint64_t level_bit(const tdm_json *json)
{
    return UINT64_C(1) << (json->depth - 1);
}

/* Stand where a value may begin: writes the comma, takes the key. False once the document has failed. */
static bool begin_value(tdm_json *json)
{
    if (json->failed != TDM_OK)
        return false;
    if (json->depth == 0) {
        TDM_ASSERT(!json->whole);
        json->whole = true;
        return true;
    }
    if ((json->objects & level_bit(json)) != 0) {
        TDM_ASSERT(json->keyed);
        json->keyed = false;
        return true;
    }
    if ((json->filled & level_bit(json)) != 0)
        tdm_buf_text(json->out, ",");
    json->filled |= level_bit(json);
    return true;
}

static void begin_container(tdm_json *json, bool object)
{
    if (!begin_value(json))
        return;
    if (json->depth == TDM_JSON_DEPTH) {
        json->failed = TDM_INVALID;
        return;
    }
    json->depth++;
    json->filled &= ~level_bit(json);
    json->objects = object ? json->objects | level_bit(json) : json->objects & ~level_bit(json);
    tdm_buf_text(json->out, object ? "{" : "[");
}

static void end_container(tdm_json *json, bool object)
{
    if (json->failed != TDM_OK)
        return;
    TDM_ASSERT(json->depth > 0 && !json->keyed);
    TDM_ASSERT(((json->objects & level_bit(json)) != 0) == object);
    tdm_buf_text(json->out, object ? "}" : "]");
    json->depth--;
}

void tdm_json_begin_object(tdm_json *json)
{
    begin_container(json, true);
}

void tdm_json_end_object(tdm_json *json)
{
    end_container(json, true);
}

void tdm_json_begin_array(tdm_json *json)
{
    begin_container(json, false);
}

void tdm_json_end_array(tdm_json *json)
{
    end_container(json, false);
}

tdm_json *tdm_json_key(tdm_json *json, const char *key)
{
    if (json->failed != TDM_OK)
        return json;
    TDM_ASSERT(json->depth > 0 && (json->objects & level_bit(json)) != 0 && !json->keyed);
    if ((json->filled & level_bit(json)) != 0)
        tdm_buf_text(json->out, ",");
    json->filled |= level_bit(json);
    if (!tdm_json_quote(json->out, tdm_span_text(key)))
        json->failed = TDM_MALFORMED;
    tdm_buf_text(json->out, ":");
    json->keyed = true;
    return json;
}

void tdm_json_span(tdm_json *json, tdm_span text)
{
    if (begin_value(json) && !tdm_json_quote(json->out, text))
        json->failed = TDM_MALFORMED;
}

void tdm_json_text(tdm_json *json, const char *text)
{
    if (text == NULL)
        tdm_json_null(json);
    else
        tdm_json_span(json, tdm_span_text(text));
}

void tdm_json_int(tdm_json *json, int64_t value)
{
    if (begin_value(json))
        tdm_buf_format(json->out, "%" PRId64, value);
}

void tdm_json_bool(tdm_json *json, bool value)
{
    if (begin_value(json))
        tdm_buf_text(json->out, value ? "true" : "false");
}

void tdm_json_null(tdm_json *json)
{
    if (begin_value(json))
        tdm_buf_text(json->out, "null");
}

void tdm_json_id(tdm_json *json, const tdm_id *id)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, id->bytes, TDM_ID_BYTES);
    tdm_json_text(json, hex);
}

void tdm_json_decimal(tdm_json *json, int64_t value, unsigned digits)
{
    TDM_ASSERT(digits <= 18);
    if (!begin_value(json))
        return;
    uint64_t scale = 1;
    for (unsigned i = 0; i < digits; i++)
        scale *= 10;
    /* Negated as unsigned, since -INT64_MIN does not exist. */
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    tdm_buf_format(json->out, "%s%" PRIu64, value < 0 ? "-" : "", size / scale);
    if (digits > 0)
        tdm_buf_format(json->out, ".%0*" PRIu64, (int)digits, size % scale);
}

void tdm_json_raw(tdm_json *json, tdm_span value)
{
    if (begin_value(json))
        tdm_buf_add(json->out, value.data, value.len);
}
