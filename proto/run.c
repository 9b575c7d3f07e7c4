/* SPDX-License-Identifier: MPL-2.0
 *
 * run.c: digests, roots, heads, seals and what a confirmation names.
 */
#include "tandem/run.h"

#include "hash.h"
#include "tandem/pack.h"

#include <sodium.h>
#include <string.h>

enum prefix { PREFIX_LEAF = 0, PREFIX_NODE = 1, PREFIX_HEAD = 2 };

static tdm_span pair_span(const tdm_digest *pair)
{
    return (tdm_span){ (const uint8_t *)pair, 2 * sizeof *pair };
}

void tdm_event_digest(tdm_span bytes, tdm_digest *out)
{
    tdm_hash_each(PREFIX_LEAF, &bytes, 1, out);
}

void tdm_event_digests(const tdm_span *events, size_t count, tdm_digest *out)
{
    tdm_hash_each(PREFIX_LEAF, events, count, out);
}

/* One level up, in place: pairs become nodes, an odd last one is carried. */
static size_t fold_level(tdm_digest *digests, size_t count)
{
    size_t pairs = count / 2;
    for (size_t done = 0; done < pairs;) {
        tdm_span nodes[HASH_TOGETHER];
        size_t some = pairs - done < TDM_COUNT(nodes) ? pairs - done : TDM_COUNT(nodes);
        for (size_t i = 0; i < some; i++)
            nodes[i] = pair_span(&digests[2 * (done + i)]);
        tdm_hash_each(PREFIX_NODE, nodes, some, digests + done);
        done += some;
    }
    if (count % 2 != 0)
        digests[pairs] = digests[count - 1];
    return pairs + count % 2;
}

void tdm_run_root(tdm_digest *digests, size_t count, tdm_digest *root)
{
    TDM_ASSERT(count >= 1);
    while (count > 1)
        count = fold_level(digests, count);
    *root = digests[0];
}

void tdm_run_head(const tdm_digest *previous, const tdm_digest *root, tdm_digest *head)
{
    tdm_digest pair[2] = { *previous, *root };
    tdm_span node = pair_span(pair);
    tdm_hash_each(PREFIX_HEAD, &node, 1, head);
}

void tdm_seal_key_new(tdm_seal_key *key)
{
    crypto_sign_keypair(key->public_key, key->secret_key);
}

/* What a seal signs, in room[SEALED_MAX]: 1 + 15 + 12 + 18 + 10 + 1 + 9 + 34 bytes. */
#define SEALED_MAX 100

static tdm_span sealed_bytes(uint8_t *room, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                             const tdm_digest *head)
{
    uint8_t incarnation_bytes[8];
    tdm_incarnation_bytes(incarnation, incarnation_bytes);
    tdm_buf buf = { .data = room, .capacity = SEALED_MAX };
    tdm_pack_array(&buf, 7);
    tdm_pack_str(&buf, TDM_SPAN_LITERAL("tandem.seal/1"));
    tdm_pack_str(&buf, TDM_SPAN_LITERAL(TDM_HASH_NAME));
    tdm_pack_bin(&buf, origin->bytes, TDM_ID_BYTES);
    tdm_pack_bin(&buf, incarnation_bytes, sizeof incarnation_bytes);
    tdm_pack_uint(&buf, 1);
    tdm_pack_uint(&buf, last);
    tdm_pack_bin(&buf, head->bytes, TDM_DIGEST_BYTES);
    TDM_ASSERT(!buf.failed && buf.data == room);
    return tdm_buf_span(&buf);
}

void tdm_seal_sign(const tdm_seal_key *key, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                   const tdm_digest *head, tdm_seal *seal)
{
    TDM_ASSERT(last <= INT64_MAX);
    uint8_t room[SEALED_MAX];
    tdm_span sealed = sealed_bytes(room, origin, incarnation, last, head);
    seal->last = last;
    memcpy(seal->key, key->public_key, sizeof seal->key);
    crypto_sign_detached(seal->signature, NULL, sealed.data, sealed.len, key->secret_key);
}

tdm_code tdm_seal_check(const tdm_seal *seal, const tdm_id *origin, uint64_t incarnation,
                        const tdm_digest *head, tdm_err *err)
{
    if (seal->last < 1 || seal->last > INT64_MAX)
        return tdm_fail(err, TDM_DENIED, 0, "seal: last sequence out of bounds");
    uint8_t room[SEALED_MAX];
    tdm_span sealed = sealed_bytes(room, origin, incarnation, seal->last, head);
    if (crypto_sign_verify_detached(seal->signature, sealed.data, sealed.len, seal->key) == 0)
        return TDM_OK;
    return tdm_fail(err, TDM_DENIED, 0, "seal up to sequence %llu: the signature does not fit",
                    (unsigned long long)seal->last);
}

/* Room for the longest assertion: texts of 18 + 160 + 12 + 60 bytes, two ids, two integers, heads. */
#define ASSERTION_MAX 400

void tdm_assertion_digest(const tdm_id *origin, tdm_span subject, const tdm_id *fact,
                          const tdm_record *link_assert, tdm_digest *out)
{
    const tdm_value *values = link_assert->values;
    const tdm_value *role = &values[TDM_LINK_ASSERT_ROLE];
    const tdm_value *hours = &values[TDM_LINK_ASSERT_HOURS];
    const tdm_value *organisation = &values[TDM_LINK_ASSERT_ORGANISATION];
    TDM_ASSERT(link_assert->type->number == TDM_TYPE_LINK_ASSERT);
    TDM_ASSERT(subject.len <= TDM_SUBJECT_MAX && organisation->bytes.len <= 12 && role->bytes.len <= 60);
    uint8_t room[ASSERTION_MAX];
    tdm_buf buf = { .data = room, .capacity = sizeof room };
    tdm_pack_array(&buf, 9);
    tdm_pack_str(&buf, TDM_SPAN_LITERAL("tandem.assertion/1"));
    tdm_pack_bin(&buf, origin->bytes, TDM_ID_BYTES);
    tdm_pack_str(&buf, subject);
    tdm_pack_bin(&buf, fact->bytes, TDM_ID_BYTES);
    tdm_pack_str(&buf, organisation->bytes);
    tdm_pack_int(&buf, values[TDM_LINK_ASSERT_PHASE].number);
    tdm_pack_str(&buf, role->bytes);
    if (hours->present)
        tdm_pack_int(&buf, hours->number);
    else
        tdm_pack_nil(&buf);
    tdm_pack_bool(&buf, values[TDM_LINK_ASSERT_SUPPLIER].number != 0);
    TDM_ASSERT(!buf.failed && buf.data == room);
    tdm_hash(tdm_buf_span(&buf), (tdm_span){ 0 }, out);
}
