/* SPDX-License-Identifier: MPL-2.0
 *
 * proof.c: that one event is in an origin's log, for somebody who has nothing but a seal.
 */
#include "tandem/run.h"

#include "tandem/pack.h"

#include <sodium.h>
#include <string.h>

static const char NAME[] = "tandem.proof/1";

/* Source: RFC 9162 section 2.1.3, with an odd node carried up: it then has no sibling at that level. */
static bool has_sibling(size_t index, size_t count)
{
    return index % 2 != 0 || index + 1 < count;
}

static void hash_node(const tdm_digest *left, const tdm_digest *right, tdm_digest *out)
{
    tdm_digest pair[2] = { *left, *right };
    tdm_run_root(pair, 2, out);
}

void tdm_proof_path(tdm_digest *digests, size_t count, size_t index, tdm_proof *proof)
{
    TDM_ASSERT(count >= 1 && count <= TDM_RUN_EVENTS_MAX && index < count);
    proof->path_len = 0;
    for (; count > 1; count = (count + 1) / 2, index /= 2) {
        if (has_sibling(index, count))
            proof->path[proof->path_len++] = digests[index ^ 1];
        for (size_t i = 0; i < count / 2; i++)
            hash_node(&digests[2 * i], &digests[2 * i + 1], &digests[i]);
        if (count % 2 != 0)
            digests[count / 2] = digests[count - 1];
    }
}

/* False if the path has not the length that index and count ask for. */
static bool climb(const tdm_proof *proof, size_t index, size_t count, tdm_digest *node)
{
    uint32_t used = 0;
    for (; count > 1; count = (count + 1) / 2, index /= 2) {
        if (!has_sibling(index, count))
            continue;
        if (used == proof->path_len)
            return false;
        const tdm_digest *sibling = &proof->path[used++];
        if (index % 2 != 0)
            hash_node(sibling, node, node);
        else
            hash_node(node, sibling, node);
    }
    return used == proof->path_len;
}

static bool shape_is_right(const tdm_proof *proof, const tdm_event *event)
{
    static const tdm_digest ZERO;
    bool starts = tdm_digest_equal(&proof->previous_head, &ZERO);
    return proof->first >= 1 && proof->last >= proof->first && proof->last - proof->first < TDM_RUN_EVENTS_MAX
           && event->sequence >= proof->first && event->sequence <= proof->last
           && proof->path_len <= TDM_PROOF_PATH_MAX && proof->root_count <= TDM_PROOF_ROOTS_MAX
           && starts == (proof->first == 1) && proof->seal.last >= proof->last
           && proof->seal.last - proof->last >= proof->root_count
           && (proof->root_count == 0) == (proof->seal.last == proof->last);
}

tdm_code tdm_proof_check(const tdm_proof *proof, const tdm_event *event, tdm_err *err)
{
    if (!shape_is_right(proof, event))
        return tdm_fail(err, TDM_DENIED, 0, "proof: run, event and seal do not belong together");
    tdm_digest node;
    tdm_event_digest(event->bytes, &node);
    if (!climb(proof, event->sequence - proof->first, proof->last - proof->first + 1, &node))
        return tdm_fail(err, TDM_DENIED, 0, "proof: the path has the wrong length");
    tdm_digest head;
    tdm_run_head(&proof->previous_head, &node, &head);
    for (uint32_t i = 0; i < proof->root_count; i++) {
        tdm_digest previous = head;
        tdm_run_head(&previous, &proof->roots[i], &head);
    }
    return tdm_seal_check(&proof->seal, &event->origin, event->incarnation, &head, err);
}

static void write_digests(const tdm_digest *digests, uint32_t count, tdm_buf *out)
{
    tdm_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++)
        tdm_pack_bin(out, digests[i].bytes, TDM_DIGEST_BYTES);
}

void tdm_proof_encode(const tdm_proof *proof, tdm_buf *out)
{
    tdm_pack_array(out, 10);
    tdm_pack_str(out, tdm_span_text(NAME));
    tdm_pack_str(out, TDM_SPAN_LITERAL(TDM_HASH_NAME));
    tdm_pack_uint(out, proof->first);
    tdm_pack_uint(out, proof->last);
    tdm_pack_bin(out, proof->previous_head.bytes, TDM_DIGEST_BYTES);
    write_digests(proof->path, proof->path_len, out);
    write_digests(proof->roots, proof->root_count, out);
    tdm_pack_uint(out, proof->seal.last);
    tdm_pack_bin(out, proof->seal.key, sizeof proof->seal.key);
    tdm_pack_bin(out, proof->seal.signature, sizeof proof->seal.signature);
}

static uint32_t read_digests(tdm_cursor *cursor, tdm_digest *digests, uint32_t max)
{
    uint32_t count = tdm_cursor_array(cursor);
    if (count > max)
        cursor->failed = true;
    for (uint32_t i = 0; i < count && !cursor->failed; i++)
        tdm_cursor_fixed(cursor, digests[i].bytes, TDM_DIGEST_BYTES);
    return cursor->failed ? 0 : count;
}

tdm_code tdm_proof_decode(tdm_span bytes, tdm_proof *out, tdm_err *err)
{
    static const tdm_scan_limits LIMITS = { 4096, 2, 100 };
    tdm_code code = tdm_scan(bytes, &LIMITS, err);
    if (code != TDM_OK)
        return code;
    tdm_cursor cursor = tdm_cursor_over(bytes);
    if (tdm_cursor_array(&cursor) != 10 || !tdm_span_equal(tdm_cursor_str(&cursor), tdm_span_text(NAME)))
        return tdm_fail(err, TDM_MALFORMED, 0, "not a %s", NAME);
    if (!tdm_span_equal(tdm_cursor_str(&cursor), TDM_SPAN_LITERAL(TDM_HASH_NAME)))
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "proof: a hash other than " TDM_HASH_NAME);
    memset(out, 0, sizeof *out);
    out->first = tdm_cursor_uint(&cursor);
    out->last = tdm_cursor_uint(&cursor);
    tdm_cursor_fixed(&cursor, out->previous_head.bytes, TDM_DIGEST_BYTES);
    out->path_len = read_digests(&cursor, out->path, TDM_PROOF_PATH_MAX);
    out->root_count = read_digests(&cursor, out->roots, TDM_PROOF_ROOTS_MAX);
    out->seal.last = tdm_cursor_uint(&cursor);
    tdm_cursor_fixed(&cursor, out->seal.key, sizeof out->seal.key);
    tdm_cursor_fixed(&cursor, out->seal.signature, sizeof out->seal.signature);
    if (cursor.failed)
        return tdm_fail(err, TDM_MALFORMED, 0, "proof: a value is of the wrong kind, length or count");
    return TDM_OK;
}
