/* SPDX-License-Identifier: MPL-2.0
 *
 * base.c: result codes, spans, buffers, identifiers.
 */
#include "tandem/told.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    int status;
} CODES[] = {
#define X(symbol, word, status) { word, status },
    TDM_CODES(X)
#undef X
};

const char *tdm_code_word(tdm_code code)
{
    return (size_t)code < TDM_COUNT(CODES) ? CODES[code].word : "unknown";
}

int tdm_code_exit(tdm_code code)
{
    return (size_t)code < TDM_COUNT(CODES) ? CODES[code].status : 10;
}

tdm_code tdm_fail(tdm_err *err, tdm_code code, int sys, const char *format, ...)
{
    if (err != NULL) {
        err->code = code;
        err->sys = sys;
        va_list args;
        va_start(args, format);
        vsnprintf(err->what, sizeof err->what, format, args);
        va_end(args);
    }
    return code;
}

tdm_span tdm_span_text(const char *text)
{
    return (tdm_span){ (const uint8_t *)text, text == NULL ? 0 : strlen(text) };
}

bool tdm_span_equal(tdm_span a, tdm_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool tdm_span_is(tdm_span span, const char *text)
{
    size_t same = 0;
    while (same < span.len && text[same] != '\0' && (uint8_t)text[same] == span.data[same])
        same++;
    return same == span.len && text[same] == '\0';
}

int tdm_span_compare(tdm_span a, tdm_span b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static void forget(const tdm_buf *buf)
{
    if (buf->secret && buf->data != NULL)
        sodium_memzero(buf->data, buf->capacity);
}

static uint8_t *move_secret(const tdm_buf *buf, size_t capacity)
{
    uint8_t *data = malloc(capacity);
    if (data == NULL)
        return NULL;
    if (buf->len > 0)
        memcpy(data, buf->data, buf->len);
    forget(buf);
    free(buf->data);
    return data;
}

static bool reserve(tdm_buf *buf, size_t more)
{
    if (buf->failed || more > SIZE_MAX / 4 - buf->len) {
        buf->failed = true;
        return false;
    }
    if (buf->len + more <= buf->capacity)
        return true;
    size_t capacity = buf->capacity == 0 ? 256 : buf->capacity;
    while (capacity < buf->len + more)
        capacity *= 2;
    uint8_t *data = buf->secret ? move_secret(buf, capacity) : realloc(buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void tdm_buf_add(tdm_buf *buf, const void *data, size_t len)
{
    bool fits = !buf->failed && len <= buf->capacity - buf->len; /* nearly always */
    if (len == 0 || (!fits && !reserve(buf, len)))
        return;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

void tdm_buf_text(tdm_buf *buf, const char *text)
{
    tdm_buf_add(buf, text, strlen(text));
}

void tdm_buf_format(tdm_buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = buf->failed ? 0 : buf->capacity - buf->len; /* nearly always enough */
    int len = vsnprintf(room == 0 ? NULL : (char *)buf->data + buf->len, room, format, args);
    va_end(args);
    bool fits = len >= 0 && (size_t)len < room;
    if (len >= 0 && !fits && reserve(buf, (size_t)len + 1)) {
        vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, again);
        fits = true;
    }
    buf->len += fits ? (size_t)len : 0;
    va_end(again);
}

void tdm_buf_clear(tdm_buf *buf)
{
    forget(buf);
    buf->len = 0;
    buf->failed = false;
}

void tdm_buf_free(tdm_buf *buf)
{
    if (buf == NULL)
        return;
    forget(buf);
    free(buf->data);
    *buf = (tdm_buf){ .secret = buf->secret };
}

tdm_span tdm_buf_span(const tdm_buf *buf)
{
    return (tdm_span){ buf->data, buf->len };
}

int tdm_id_compare(const tdm_id *a, const tdm_id *b)
{
    return memcmp(a->bytes, b->bytes, TDM_ID_BYTES);
}

bool tdm_id_is_zero(const tdm_id *id)
{
    static const tdm_id zero;
    return tdm_id_equal(id, &zero);
}

void tdm_id_random(tdm_id *id)
{
    randombytes_buf(id->bytes, TDM_ID_BYTES);
}

bool tdm_digest_equal(const tdm_digest *a, const tdm_digest *b)
{
    return memcmp(a->bytes, b->bytes, TDM_DIGEST_BYTES) == 0;
}

void tdm_hex(char *out, const void *data, size_t len)
{
    sodium_bin2hex(out, 2 * len + 1, data, len);
}

bool tdm_unhex(void *out, size_t len, tdm_span text)
{
    size_t read = 0;
    const char *end = NULL;
    return text.len == 2 * len
           && sodium_hex2bin(out, len, (const char *)text.data, text.len, NULL, &read, &end) == 0
           && read == len && end == (const char *)text.data + text.len;
}

tdm_code tdm_told_tell(const tdm_told *told, uint64_t done, uint64_t total, tdm_err *err)
{
    return told == NULL || told->tell(told->context, done, total)
               ? TDM_OK
               : tdm_fail(err, TDM_IO, EINTR, "interrupted");
}

_Noreturn void tdm_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "<0>ASSERT %s at %s:%d\n", condition, file, line);
    abort();
}
