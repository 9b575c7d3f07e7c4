/* SPDX-License-Identifier: MPL-2.0
 *
 * json.h: a streaming JSON writer over tdm_buf, for answers too long to build as a tree first.
 *
 *     tdm_json json = tdm_json_open(&out);
 *     tdm_json_begin_object(&json);
 *     tdm_json_int(tdm_json_key(&json, "units"), 10);
 *     tdm_json_decimal(tdm_json_key(&json, "level_standing"), 500, 1);    // 50.0
 *     tdm_json_end_object(&json);
 *     return tdm_json_close(&json, err);
 *
 * A failure (bad UTF-8, no memory, deeper than 64) is kept inside and told by tdm_json_close. A call in the
 * wrong place (a value without a key in an object, an end without a begin) is our mistake and asserts.
 */
#ifndef TANDEM_COMMON_JSON_H
#define TANDEM_COMMON_JSON_H

#include "tandem/base.h"

#define TDM_JSON_DEPTH 64

typedef struct tdm_json {
    tdm_buf *out;
    uint64_t objects; /* bit d: the container at depth d is an object */
    uint64_t filled;  /* bit d: it has a member already, so the next one needs a comma */
    unsigned depth;   /* containers open now */
    bool keyed;       /* a key waits for its value */
    bool whole;       /* a value stands at the top: no second one may follow */
    tdm_code failed;  /* the first failure; later writes do nothing */
} tdm_json;

tdm_json tdm_json_open(tdm_buf *out); /* appends; `out` is borrowed until close */
tdm_code tdm_json_close(tdm_json *json, tdm_err *err);

void tdm_json_begin_object(tdm_json *json);
void tdm_json_end_object(tdm_json *json);
void tdm_json_begin_array(tdm_json *json);
void tdm_json_end_array(tdm_json *json);

/* The name of the next value; returns json, so that a member is one line. */
tdm_json *tdm_json_key(tdm_json *json, const char *key);

void tdm_json_text(tdm_json *json, const char *text); /* NULL becomes null */
void tdm_json_span(tdm_json *json, tdm_span text);
void tdm_json_int(tdm_json *json, int64_t value);
void tdm_json_bool(tdm_json *json, bool value);
void tdm_json_null(tdm_json *json);
void tdm_json_id(tdm_json *json, const tdm_id *id); /* 32 hex digits */
/* value / 10^digits, digits 0..18: (-5, 1) is -0.5. Exact: no floating point on the way. */
void tdm_json_decimal(tdm_json *json, int64_t value, unsigned digits);
/* A value already in JSON. The caller vouches for it. */
void tdm_json_raw(tdm_json *json, tdm_span value);

/* Append text between quotes, escaped for JSON (RFC 8259 section 7). Ill-formed bytes become U+FFFD, so the
 * result is always valid; false tells that there were some. */
bool tdm_json_quote(tdm_buf *out, tdm_span text);

#endif
