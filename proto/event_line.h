/* SPDX-License-Identifier: MPL-2.0
 *
 * event_line.h: the two ways from a line of JSON to an event: by a tree, which reads every form that JSON has
 * and tells what is wrong, and at a stroke, which reads lines just as tdm_event_to_json writes them.
 */
#ifndef TANDEM_PROTO_EVENT_LINE_H
#define TANDEM_PROTO_EVENT_LINE_H

#include "tandem/event.h"

/*
 * Append the event that a line says, read from its first byte to its last once and without memory of its own.
 *
 * False, and out as it was: the line is wrong, or it is another form than tdm_event_to_json writes of a known
 * type without unknown fields and without escapes in its texts. Only the tree tells which. Where this is
 * true, the tree gives the same bytes.
 */
bool tdm_event_from_line(tdm_span line, tdm_buf *out);

/* As tdm_event_from_json, by the tree alone. line is not too long. */
tdm_code tdm_event_from_tree(tdm_span line, tdm_buf *out, tdm_err *err);

#endif
