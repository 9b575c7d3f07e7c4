/* SPDX-License-Identifier: MPL-2.0
 *
 * event_from_json.c: fuzz entry: whatever JSON gives is an event that decodes.
 */
#include "entry.h"
#include "tandem/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    tdm_buf out = { 0 };
    tdm_event event;
    if (tdm_event_from_json((tdm_span){ data, len }, &out, NULL) == TDM_OK)
        TDM_ASSERT(tdm_event_decode(tdm_buf_span(&out), &event, NULL) == TDM_OK);
    tdm_buf_free(&out);
    return 0;
}
