/* SPDX-License-Identifier: MPL-2.0
 *
 * event_decode.c: fuzz entry: a decoded event is encoded to the same bytes, and goes through JSON and back.
 */
#include "entry.h"
#include "tandem/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    tdm_span bytes = { data, len };
    tdm_event event;
    if (tdm_event_decode(bytes, &event, NULL) != TDM_OK)
        return 0;
    tdm_buf out = { 0 };
    tdm_buf line = { 0 };
    TDM_ASSERT(tdm_event_check(&event, event.payload, NULL) == TDM_OK);
    TDM_ASSERT(tdm_event_encode(&event, event.payload, &out, NULL) == TDM_OK);
    TDM_ASSERT(tdm_span_equal(tdm_buf_span(&out), bytes));
    tdm_buf_clear(&out);
    TDM_ASSERT(tdm_event_to_json(&event, &line, NULL) == TDM_OK);
    TDM_ASSERT(tdm_event_from_json(tdm_buf_span(&line), &out, NULL) == TDM_OK);
    TDM_ASSERT(tdm_span_equal(tdm_buf_span(&out), bytes));
    tdm_buf_free(&out);
    tdm_buf_free(&line);
    return 0;
}
