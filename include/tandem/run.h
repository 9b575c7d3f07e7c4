/* SPDX-License-Identifier: MPL-2.0
 *
 * run.h: runs, heads, seals and inclusion proofs: how a log can be proven to somebody who trusts nobody
 * who carried it.
 *
 * A run is what an origin committed together: events first..last of one incarnation. Its root is the
 * Merkle root of the event digests, built as in RFC 6962 section 2.1 (leaf and node are told apart by a first
 * byte; an odd node is carried up, never doubled): leaf = H(0x00 || event bytes)     node = H(0x01 || left ||
 * right) The chain head after a run is  head = H(0x02 || previous head || root), the head before the first
 * run being 32 zero bytes. H is SHA-256, as there (docs/decisions/0010-sha-256.md); formats carry its name.
 *
 * A seal is an Ed25519 signature over the canonical MessagePack array
 *     ["tandem.seal/1", "sha-256", origin bin16, incarnation bin8, first, last, head bin32]
 * where last is the last sequence of a run, head the head after it, and first the first sequence that the
 * sealing origin stated under this incarnation: always 1. One seal thus covers the incarnation up to last.
 */
#ifndef TANDEM_RUN_H
#define TANDEM_RUN_H

#include "tandem/event.h"

#define TDM_HASH_NAME "sha-256"
#define TDM_RUN_EVENTS_MAX 1024  /* events in one run */
#define TDM_RUN_BYTES_MAX 196608 /* bytes of events in one run, so that a run fits in one EVENTS frame */
#define TDM_SEAL_BYTES 64

typedef struct tdm_run {
    uint64_t first;
    uint64_t last;
    tdm_digest root;
    tdm_digest head; /* after this run */
} tdm_run;

typedef struct tdm_seal {
    uint64_t last; /* the run it closes ends here */
    uint8_t key[32];
    uint8_t signature[TDM_SEAL_BYTES];
} tdm_seal;

/* A key pair for seals, as libsodium has it (the secret half ends with the public one). */
typedef struct tdm_seal_key {
    uint8_t public_key[32];
    uint8_t secret_key[64];
} tdm_seal_key;

void tdm_seal_key_new(tdm_seal_key *key);

/* digests: count leaves; scratch is used up: the array's content is destroyed. count >= 1. */
void tdm_run_root(tdm_digest *digests, size_t count, tdm_digest *root);
void tdm_run_head(const tdm_digest *previous, const tdm_digest *root, tdm_digest *head);

void tdm_seal_sign(const tdm_seal_key *key, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                   const tdm_digest *head, tdm_seal *seal);
/* TDM_DENIED if the signature is not by seal->key over these values. Whether the key may seal is the
 * caller's. */
tdm_code tdm_seal_check(const tdm_seal *seal, const tdm_id *origin, uint64_t incarnation,
                        const tdm_digest *head, tdm_err *err);

/* Proof that one event is in an origin's log: its path to the run's root, the head before the run, and the
 * roots of the runs after it up to the sealed one. What is proven is the event with the origin, incarnation
 * and sequence in its bytes; first and last only tell the shape of the run's tree. On the wire the array
 *     ["tandem.proof/1", "sha-256", first, last, previous head bin32, [path bin32..], [roots bin32..],
 *      seal last, seal key bin32, seal signature bin64] */
#define TDM_PROOF_PATH_MAX 10 /* 2^10 = TDM_RUN_EVENTS_MAX */
#define TDM_PROOF_ROOTS_MAX 64

typedef struct tdm_proof {
    uint64_t first; /* the run */
    uint64_t last;
    tdm_digest previous_head;
    uint32_t path_len;
    tdm_digest path[TDM_PROOF_PATH_MAX]; /* siblings from the leaf up */
    uint32_t root_count;
    tdm_digest roots[TDM_PROOF_ROOTS_MAX]; /* roots of later runs, up to the sealed one */
    tdm_seal seal;
} tdm_proof;

/* The path of leaf `index` among `count` leaves: fills path and path_len. digests is scratch, as above. */
void tdm_proof_path(tdm_digest *digests, size_t count, size_t index, tdm_proof *proof);
/* TDM_DENIED if the event's bytes do not lead to the seal. The event must have been decoded from those bytes.
 */
tdm_code tdm_proof_check(const tdm_proof *proof, const tdm_event *event, tdm_err *err);
void tdm_proof_encode(const tdm_proof *proof, tdm_buf *out);
tdm_code tdm_proof_decode(tdm_span bytes, tdm_proof *out, tdm_err *err); /* scanned bytes, bounded */

/*
 * The digest a confirmation names: H over the canonical array
 *     ["tandem.assertion/1", origin, subject, fact, organisation, phase, role, hours, supplier]
 * of a link_assert as it stands (after amendments); an absent role is "", absent hours are nil, absent
 * supplier false. It changes exactly when phase, role, hours or supplier (or the link's identity) do, so a
 * confirmation lapses then. The record must have been decoded, or be within the schema's bounds.
 */
void tdm_assertion_digest(const tdm_id *origin, tdm_span subject, const tdm_id *fact,
                          const tdm_record *link_assert, tdm_digest *out);

#endif
