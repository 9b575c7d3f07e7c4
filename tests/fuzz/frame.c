/* SPDX-License-Identifier: MPL-2.0
 *
 * frame.c: fuzz entry: a decoded frame of this version is encoded to the same bytes.
 */
#include "entry.h"
#include "tandem/frame.h"

#include <stdlib.h>

static bool is_of_our_version(const tdm_frame *frame)
{
    if (frame->kind == TDM_FRAME_ENROL)
        return frame->enrol.version == TDM_LINK_VERSION;
    return (frame->kind != TDM_FRAME_HELLO && frame->kind != TDM_FRAME_WELCOME)
           || frame->hello.version == TDM_LINK_VERSION;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    tdm_frame *frame = malloc(sizeof *frame);
    TDM_ASSERT(frame != NULL);
    if (tdm_frame_decode((tdm_span){ data, len }, frame, NULL) == TDM_OK && is_of_our_version(frame)) {
        tdm_buf out = { 0 };
        TDM_ASSERT(tdm_frame_encode(frame, &out, NULL) == TDM_OK);
        TDM_ASSERT(tdm_span_equal(tdm_buf_span(&out), (tdm_span){ data, len }));
        tdm_buf_free(&out);
    }
    free(frame);
    return 0;
}
