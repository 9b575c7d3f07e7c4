/* SPDX-License-Identifier: MPL-2.0
 *
 * log.c: structured records, each formed in memory and written by one write(2).
 */
#include "log.h"
#include "json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The one piece of process-wide state: a log that had to be handed to every function would not be used. Set
 * before there are threads, then only read. */
static tdm_log_options current = { TDM_LOG_LOGFMT, TDM_LOG_INFO, STDERR_FILENO, true };

static const char *const LEVELS[] = {
    [TDM_LOG_FATAL] = "fatal",   [TDM_LOG_ERROR] = "error", [TDM_LOG_WARN] = "warn",
    [TDM_LOG_NOTICE] = "notice", [TDM_LOG_INFO] = "info",   [TDM_LOG_DEBUG] = "debug"
};

static const char *const FORMATS[] = { [TDM_LOG_LOGFMT] = "logfmt", [TDM_LOG_JSON] = "json" };

tdm_log_options tdm_log_default(tdm_log_format format, tdm_log_level level)
{
    bool journal = getenv("JOURNAL_STREAM") != NULL;
    return (tdm_log_options){ format, level, STDERR_FILENO, format == TDM_LOG_LOGFMT || journal };
}

bool tdm_log_format_from(tdm_log_format *out, const char *word)
{
    for (size_t i = 0; i < TDM_COUNT(FORMATS); i++)
        if (strcmp(FORMATS[i], word) == 0) {
            *out = (tdm_log_format)i;
            return true;
        }
    return false;
}

bool tdm_log_level_from(tdm_log_level *out, const char *word)
{
    for (size_t i = TDM_LOG_FATAL; i < TDM_COUNT(LEVELS); i++)
        if (strcmp(LEVELS[i], word) == 0) {
            *out = (tdm_log_level)i;
            return true;
        }
    return false;
}

void tdm_log_open(const tdm_log_options *options)
{
    current = *options;
}

bool tdm_log_is_on(tdm_log_level level)
{
    return level <= current.level;
}

tdm_log_field tdm_log_span(const char *name, tdm_span text)
{
    return (tdm_log_field){ name, TDM_FIELD_TEXT, { .bytes = text } };
}

tdm_log_field tdm_log_text(const char *name, const char *text)
{
    return tdm_log_span(name, tdm_span_text(text));
}

tdm_log_field tdm_log_int(const char *name, int64_t value)
{
    return (tdm_log_field){ name, TDM_FIELD_INT, { .integer = value } };
}

tdm_log_field tdm_log_uint(const char *name, uint64_t value)
{
    return (tdm_log_field){ name, TDM_FIELD_UINT, { .natural = value } };
}

tdm_log_field tdm_log_bool(const char *name, bool value)
{
    return (tdm_log_field){ name, TDM_FIELD_BOOL, { .truth = value } };
}

tdm_log_field tdm_log_hex(const char *name, const void *data, size_t len)
{
    return (tdm_log_field){ name, TDM_FIELD_HEX, { .bytes = { data, len } } };
}

tdm_log_field tdm_log_id(const char *name, const tdm_id *id)
{
    return tdm_log_hex(name, id->bytes, TDM_ID_BYTES);
}

tdm_log_field tdm_log_end(void)
{
    return (tdm_log_field){ .name = NULL };
}

/* logfmt values without these need no quotes. */
static bool is_plain(tdm_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '=' || byte == '\\')
            return false;
    }
    return true;
}

/* Cut at the bound, not inside a character: a cut text of valid UTF-8 stays valid. */
static tdm_span cut(tdm_span text)
{
    if (text.len <= TDM_LOG_VALUE_MAX)
        return text;
    text.len = TDM_LOG_VALUE_MAX;
    while (text.len > TDM_LOG_VALUE_MAX - 4 && (text.data[text.len] & 0xc0) == 0x80)
        text.len--;
    return text;
}

static void write_text(tdm_buf *out, tdm_span text, bool json)
{
    tdm_span kept = cut(text);
    if (!json && kept.len == text.len && is_plain(text)) {
        tdm_buf_add(out, text.data, text.len);
        return;
    }
    tdm_json_quote(out, kept);
    if (kept.len < text.len && !out->failed) {
        out->len--; /* the closing quote: the ellipsis goes before it */
        tdm_buf_text(out, "\xe2\x80\xa6\"");
    }
}

static void write_hex(tdm_buf *out, tdm_span bytes, bool json)
{
    char hex[2 * TDM_LOG_VALUE_MAX + 1];
    tdm_hex(hex, bytes.data, bytes.len < TDM_LOG_VALUE_MAX ? bytes.len : TDM_LOG_VALUE_MAX);
    tdm_buf_format(out, json ? "\"%s\"" : "%s", hex);
}

static void write_value(tdm_buf *out, const tdm_log_field *field, bool json)
{
    switch (field->kind) {
    case TDM_FIELD_TEXT:
        write_text(out, field->value.bytes, json);
        break;
    case TDM_FIELD_HEX:
        write_hex(out, field->value.bytes, json);
        break;
    case TDM_FIELD_INT:
        tdm_buf_format(out, "%" PRId64, field->value.integer);
        break;
    case TDM_FIELD_UINT:
        tdm_buf_format(out, "%" PRIu64, field->value.natural);
        break;
    case TDM_FIELD_BOOL:
        tdm_buf_text(out, field->value.truth ? "true" : "false");
        break;
    }
}

static void write_head(tdm_buf *out, tdm_log_level level, const char *id, bool json)
{
    struct timespec now;
    struct tm utc;
    char ts[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(ts, sizeof ts, "%Y-%m-%dT%H:%M:%S", &utc);
    tdm_buf_format(
        out, json ? "{\"ts\":\"%s.%03ldZ\",\"level\":\"%s\",\"id\":\"%s\"" : "ts=%s.%03ldZ level=%s id=%s",
        ts, now.tv_nsec / 1000000, LEVELS[level], id);
}

/* A log that can not be written has nobody to tell; the record is lost and the daemon goes on. */
static void write_out(const tdm_buf *out)
{
    if (!out->failed && write(current.fd, out->data, out->len) < 0)
        return;
}

void tdm_log_list(tdm_log_level level, const char *id, const tdm_log_field *fields)
{
    if (!tdm_log_is_on(level))
        return;
    bool json = current.format == TDM_LOG_JSON;
    tdm_buf out = { 0 };
    if (current.prefix)
        tdm_buf_format(&out, "<%d>", (int)level);
    write_head(&out, level, id, json);
    for (size_t i = 0; i < TDM_LOG_FIELDS_MAX && fields[i].name != NULL; i++) {
        tdm_buf_format(&out, json ? ",\"%s\":" : " %s=", fields[i].name);
        write_value(&out, &fields[i], json);
    }
    tdm_buf_text(&out, json ? "}\n" : "\n");
    write_out(&out);
    tdm_buf_free(&out);
}

void tdm_log_fields(tdm_log_level level, const char *id, ...)
{
    if (!tdm_log_is_on(level))
        return;
    tdm_log_field fields[TDM_LOG_FIELDS_MAX + 1];
    size_t count = 0;
    va_list args;
    va_start(args, id);
    do {
        fields[count] = va_arg(args, tdm_log_field);
    } while (fields[count].name != NULL && ++count < TDM_LOG_FIELDS_MAX);
    va_end(args);
    fields[count] = tdm_log_end();
    tdm_log_list(level, id, fields);
}

void tdm_log_failure(tdm_log_level level, const char *id, const tdm_err *err)
{
    tdm_log_list(level, id,
                 (const tdm_log_field[]){
                     tdm_log_text("kind", tdm_code_word(err->code)), tdm_log_text("what", err->what),
                     err->sys == 0 ? tdm_log_end() : tdm_log_int("errno", err->sys), tdm_log_end() });
}

void tdm_log_fatal(const tdm_err *err)
{
    tdm_log_failure(TDM_LOG_FATAL, "FATAL", err);
}
