/* SPDX-License-Identifier: MPL-2.0
 *
 * event_from_json.c: fuzz entry: whatever JSON gives is an event that decodes, and read at a stroke it is
 * what the tree says.
 */
#include "entry.h"
#include "event_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    tdm_span line = { data, len };
    tdm_buf out = { 0 }, tree = { 0 }, stroke = { 0 };
    tdm_event event;
    if (tdm_event_from_json(line, &out, NULL) == TDM_OK) {
        TDM_ASSERT(tdm_event_decode(tdm_buf_span(&out), &event, NULL) == TDM_OK);
        TDM_ASSERT(tdm_event_from_tree(line, &tree, NULL) == TDM_OK);
        TDM_ASSERT(tdm_span_equal(tdm_buf_span(&out), tdm_buf_span(&tree)));
    }
    if (tdm_event_from_line(line, &stroke))
        TDM_ASSERT(tdm_span_equal(tdm_buf_span(&stroke), tdm_buf_span(&tree)));
    tdm_buf_free(&out);
    tdm_buf_free(&tree);
    tdm_buf_free(&stroke);
    return 0;
}
