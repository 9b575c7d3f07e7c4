/* SPDX-License-Identifier: MPL-2.0
 *
 * base.h: the few types that every part of Tandem shares: result codes, the error with its context,
 * borrowed and growing bytes, identifiers.
 *
 * Ownership, everywhere in Tandem: `const T *` lends for the call, `T **` hands over and leaves NULL,
 * a returned `T *` is the caller's, a returned `const T *` is borrowed from the object asked.
 */
#ifndef TANDEM_BASE_H
#define TANDEM_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Callers branch on the code and on nothing else. X(symbol, word, exit status of the `tandem` command) */
#define TDM_CODES(X)                                                                                         \
    X(TDM_OK, "ok", 0)                                                                                       \
    X(TDM_DIFFERS, "differs", 1)         /* worked; the answer is no: damaged, rejected rows */              \
    X(TDM_INVALID, "invalid", 2)         /* wrong usage or configuration */                                  \
    X(TDM_NOT_FOUND, "not-found", 3)     /* no such node, unit, key, period */                               \
    X(TDM_DENIED, "denied", 4)           /* key, signature, role */                                          \
    X(TDM_UNREACHABLE, "unreachable", 5) /* not reachable or timed out: trying again may help */             \
    X(TDM_BUSY, "busy", 6)               /* another writer holds the store, or a window is full */           \
    X(TDM_FULL, "full", 7)               /* map, disk or another bound is used up */                         \
    X(TDM_IO, "io", 7)                   /* the disk or the system said no */                                \
    X(TDM_CORRUPT, "corrupt", 7)         /* stored bytes break an invariant */                               \
    X(TDM_UNCONFIRMED, "unconfirmed", 8) /* needs a confirmation that was not given */                       \
    X(TDM_UNSUPPORTED, "unsupported", 9) /* a format or protocol newer than this program */                  \
    X(TDM_INTERNAL, "internal", 10)                                                                          \
    X(TDM_MALFORMED, "malformed", 1) /* bytes that break the format; err.what says where */                  \
    X(TDM_CONFLICT, "conflict", 1)   /* same name, other content: a fork or a doubled fact */                \
    X(TDM_EXISTS, "exists", 1)       /* already there, the same */                                           \
    X(TDM_END, "end", 0)             /* an iteration has no more */

typedef enum tdm_code {
#define X(symbol, word, status) symbol,
    TDM_CODES(X)
#undef X
} tdm_code;

const char *tdm_code_word(tdm_code code);
int tdm_code_exit(tdm_code code);

typedef struct tdm_err {
    tdm_code code;
    int sys;        /* errno, LMDB or ZeroMQ number as met; 0 if none */
    char what[200]; /* for a person: which object, which step, what to do */
} tdm_err;

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
int tdm_span_compare(tdm_span a, tdm_span b); /* memcmp order, shorter first on a tie */

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

bool tdm_id_equal(const tdm_id *a, const tdm_id *b);
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
