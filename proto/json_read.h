/* SPDX-License-Identifier: MPL-2.0
 *
 * json_read.h: what the readers of payloads and of envelopes share.
 */
#ifndef TANDEM_PROTO_JSON_READ_H
#define TANDEM_PROTO_JSON_READ_H

#include "tandem/event.h"

#include <jansson.h>

/* Append the canonical map that the object says; bounds are not judged. TDM_MALFORMED names the field. */
tdm_code tdm_payload_from_json(const json_t *object, uint32_t type, tdm_buf *out, tdm_err *err);

/* The bytes of a string, borrowed; empty for any other value. */
tdm_span tdm_jansson_text(const json_t *value);

/* The number of an event type given by name or number; 0 if there is none. */
uint32_t tdm_jansson_type(const json_t *value);

#endif
