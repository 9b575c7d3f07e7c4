/* SPDX-License-Identifier: MPL-2.0
 *
 * proof_decode.c: fuzz entry: a decoded proof is encoded to the same bytes, and checking it stays inside it.
 */
#include "entry.h"
#include "tandem/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    tdm_proof proof;
    if (tdm_proof_decode((tdm_span){ data, len }, &proof, NULL) != TDM_OK)
        return 0;
    tdm_buf out = { 0 };
    tdm_event event = { .sequence = proof.first, .incarnation = 1, .bytes = { data, len } };
    tdm_proof_encode(&proof, &out);
    TDM_ASSERT(tdm_span_equal(tdm_buf_span(&out), (tdm_span){ data, len }));
    tdm_proof_check(&proof, &event, NULL); /* denied or not: it only must not go astray */
    tdm_buf_free(&out);
    return 0;
}
