/* SPDX-License-Identifier: MPL-2.0
 *
 * base.h: the few types that every part of Tandem shares, beside codes and errors: borrowed and growing
 * bytes, identifiers.
 *
 * Ownership, everywhere in Tandem: `const T *` lends for the call, `T **` hands over and leaves NULL,
 * a returned `T *` is the caller's, a returned `const T *` is borrowed from the object asked.
 */
#ifndef TANDEM_BASE_H
#define TANDEM_BASE_H

#include "tandem/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Fill err (may be NULL) and return code, so that a failing function ends in one line. */
tdm_code tdm_fail(tdm_err *err, tdm_code code, int sys, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Borrowed bytes. Text in a span is UTF-8 and has no terminator. */
typedef struct tdm_span {
    const uint8_t *data;
    size_t len;
} tdm_span;

#define TDM_SPAN_LITERAL(text) ((tdm_span){ (const uint8_t *)(text), sizeof(text) - 1 })
tdm_span tdm_span_text(const char *text);
bool tdm_span_equal(tdm_span a, tdm_span b);
bool tdm_span_is(tdm_span span, const char *text); /* the same bytes: quick where most texts differ */
int tdm_span_compare(tdm_span a, tdm_span b);      /* memcmp order, shorter first on a tie */

/* Growing bytes, owned. A failed allocation sets `failed`, and later writes do nothing: ask once, at the end.
 */
typedef struct tdm_buf {
    uint8_t *data;
    size_t len;
    size_t capacity;
    bool failed;
    bool secret; /* what it held is overwritten before it is cleared, moved or freed: set it first */
} tdm_buf;

void tdm_buf_add(tdm_buf *buf, const void *data, size_t len);
void tdm_buf_text(tdm_buf *buf, const char *text);
void tdm_buf_format(tdm_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tdm_buf_clear(tdm_buf *buf); /* keeps the memory */
void tdm_buf_free(tdm_buf *buf);  /* NULL-safe; leaves an empty buffer */
tdm_span tdm_buf_span(const tdm_buf *buf);

/* 16 random or derived bytes: an origin or a fact id. Text form: 32 lower-case hex digits. */
#define TDM_ID_BYTES 16
typedef struct tdm_id {
    uint8_t bytes[TDM_ID_BYTES];
} tdm_id;

static inline bool tdm_id_equal(const tdm_id *a, const tdm_id *b)
{
    return memcmp(a->bytes, b->bytes, TDM_ID_BYTES) == 0;
}
int tdm_id_compare(const tdm_id *a, const tdm_id *b);
bool tdm_id_is_zero(const tdm_id *id);
void tdm_id_random(tdm_id *id);

/* 32 bytes. Of a log's events, runs and heads: SHA-256 (run.h). Where nothing is proven to others:
 * BLAKE2b-256 (libsodium crypto_generichash), and the function says so. */
#define TDM_DIGEST_BYTES 32
typedef struct tdm_digest {
    uint8_t bytes[TDM_DIGEST_BYTES];
} tdm_digest;

bool tdm_digest_equal(const tdm_digest *a, const tdm_digest *b);

/* Lower-case hex with terminator: out holds 2 * len + 1 bytes. */
void tdm_hex(char *out, const void *data, size_t len);
/* Exactly 2 * len hex digits in text, else false. */
bool tdm_unhex(void *out, size_t len, tdm_span text);

#define TDM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* An assertion kept in release builds: for our own mistakes only, never for bytes from outside. */
#define TDM_ASSERT(condition) ((condition) ? (void)0 : tdm_assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void tdm_assert_failed(const char *condition, const char *file, int line);

#endif
