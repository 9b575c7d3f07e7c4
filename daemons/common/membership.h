/* SPDX-License-Identifier: MPL-2.0
 *
 * membership.h: how a node comes to a hub: the join code, the hub's invites, and what a node remembers of its
 * hub.
 *
 * A join code is one line of text: "tandem1." + base64url without padding of the canonical array
 *     [1, endpoint, hub link key bin32, hub origin bin16, [organisation...], one-time CURVE secret bin32,
 * expires ms]
 * or, where it is for one origin alone, that of a node which lost its disk,
 *     [2, endpoint, hub link key, hub origin, [organisation...], secret, expires ms, origin bin16]
 * + "." + the first 4 hex digits of BLAKE2b-256 over those bytes. White space and line breaks are ignored
 * when it is read.
 */
#ifndef TANDEM_MEMBERSHIP_H
#define TANDEM_MEMBERSHIP_H

#include "core.h"

#define TDM_INVITE_CODES_MAX 64 /* organisations in one join code */

typedef struct tdm_join_code {
    char endpoint[256];
    uint8_t hub_key[32]; /* CURVE public key */
    tdm_id hub;
    size_t count;
    char organisations[TDM_INVITE_CODES_MAX][13];
    uint8_t secret[32];     /* one-time CURVE secret key */
    uint8_t public_key[32]; /* its public half, derived */
    int64_t expires_ms;
    bool restores; /* for this origin alone, to take its name and log back under new keys */
    tdm_id origin;
} tdm_join_code;

tdm_code tdm_join_code_write(const tdm_join_code *code, tdm_buf *out, tdm_err *err);
/* TDM_MALFORMED says whether it was cut short, mistyped or is no join code at all. */
tdm_code tdm_join_code_read(tdm_span text, tdm_join_code *out, tdm_err *err);

/* Hub: make a one-time key, remember the invite durably ("invite/<hex of the public key>"), fill `code`'s
 * secret, public_key; the other fields are the caller's. */
tdm_code tdm_invite_make(tdm_core *core, tdm_join_code *code, tdm_err *err);
typedef struct tdm_invite {
    uint8_t public_key[32];
    size_t count;
    char organisations[TDM_INVITE_CODES_MAX][13];
    int64_t expires_ms;
    bool used;
    tdm_id used_by;
    bool restores; /* as in the join code */
    tdm_id origin;
} tdm_invite;
tdm_code tdm_invite_find(tdm_core *core, const uint8_t public_key[32], tdm_invite *out, tdm_err *err);
typedef tdm_code tdm_invite_visit(void *context, const tdm_invite *invite, tdm_err *err);
tdm_code tdm_invite_each(tdm_core *core, tdm_invite_visit *visit, void *context, tdm_err *err);
/* Durable before anything is granted, so that a code works once whatever happens between. TDM_DENIED:
 * expired, or used by another origin; the same origin may go on with it. */
tdm_code tdm_invite_use(tdm_core *core, const uint8_t public_key[32], const tdm_id *origin, int64_t now_ms,
                        tdm_invite *out, tdm_err *err);

/* Node: "membership/code" holds the join code's text until the hub has enrolled the node; "membership/hub"
 * what it then knows. */
typedef struct tdm_membership {
    bool pending;       /* a join code waits to be used */
    tdm_join_code code; /* pending */
    bool joined;
    char endpoint[256];
    uint8_t hub_key[32];
    tdm_id hub;
} tdm_membership;
/* TDM_NOT_FOUND: never joined and no code given. */
tdm_code tdm_membership_read(tdm_core *core, tdm_membership *out, tdm_err *err);
/* Check and remember a code (verb join). Of the hub that was joined already it tells where that answers now,
 * and by which key: remembered at once, nothing is enrolled and the code is not used up. TDM_INVALID: it
 * restores another origin. TDM_EXISTS: joined to this hub already, there and by that key. TDM_CONFLICT:
 * joined to another hub. TDM_DENIED: expired. */
tdm_code tdm_membership_begin(tdm_core *core, tdm_span code_text, int64_t now_ms, tdm_join_code *out,
                              tdm_err *err);
/* Its hub answers by this link key now. Durable. */
tdm_code tdm_membership_hub_key(tdm_core *core, tdm_membership *membership, const uint8_t key[32],
                                tdm_err *err);
/* The hub enrolled us: durable membership and authority; the code is forgotten. */
tdm_code tdm_membership_complete(tdm_core *core, const tdm_join_code *code, tdm_err *err);

#endif
