/* SPDX-License-Identifier: MPL-2.0
 *
 * event_json.h: what the JSON printer and the JSON reader agree on beyond the schema table.
 */
#ifndef TANDEM_PROTO_EVENT_JSON_H
#define TANDEM_PROTO_EVENT_JSON_H

#include "tandem/event.h"

/* A TIME field outside the years 0000-9999 has no RFC 3339 text and is written as a number. */
#define TDM_JSON_TIME_MIN_MS (-62167219200000)
#define TDM_JSON_TIME_MAX_MS 253402300799999

/* Longest line that is read. The longest that is written is an unknown field full of empty maps: each byte
 * becomes {"$map":[]} and a comma. */
#define TDM_JSON_LINE_MAX (16 * TDM_EVENT_MAX)

#endif
