/* SPDX-License-Identifier: MPL-2.0
 *
 * rotation.c: what both ends remember of a rotation under way.
 */
#include "rotation.h"

#include "membership.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char NEXT_NAME[] = "identity/next";
static const char TURNED_NAME[] = "identity/turned"; /* milliseconds, 8 bytes, big-endian */

#define JUST_NOW_MS 3600000

/* seal secret 64, link public 32, link secret 32 */
#define NEXT_BYTES (64 + 32 + 32)
/* seal public 32, link public 32 */
#define NOTE_BYTES (32 + 32)

tdm_code tdm_rotation_next(tdm_core *core, tdm_identity *out, tdm_err *err)
{
    tdm_buf value = { .secret = true };
    tdm_core_identity(core, out);
    tdm_code code = tdm_core_local_get(core, NEXT_NAME, &value, err);
    if (code == TDM_OK && value.len != NEXT_BYTES)
        code =
            tdm_fail(err, TDM_CORRUPT, 0, "the keys to come have %zu bytes, not %d", value.len, NEXT_BYTES);
    if (code == TDM_OK) {
        memcpy(out->seal.secret_key, value.data, 64);
        memcpy(out->seal.public_key, value.data + 32, 32);
        memcpy(out->link_public, value.data + 64, 32);
        memcpy(out->link_secret, value.data + 96, 32);
    } else {
        sodium_memzero(out, sizeof *out);
    }
    tdm_buf_free(&value);
    return code;
}

tdm_code tdm_rotation_make(tdm_core *core, tdm_err *err)
{
    tdm_identity next;
    uint8_t bytes[NEXT_BYTES];
    tdm_identity_renew(&next);
    memcpy(bytes, next.seal.secret_key, 64);
    memcpy(bytes + 64, next.link_public, 32);
    memcpy(bytes + 96, next.link_secret, 32);
    tdm_code code = tdm_core_local_put(core, NEXT_NAME, (tdm_span){ bytes, sizeof bytes }, err);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(&next, sizeof next);
    return code;
}

static tdm_code check_joined(tdm_core *core, tdm_err *err)
{
    tdm_membership membership;
    tdm_code code = tdm_membership_read(core, &membership, err);
    bool joined = code == TDM_OK && membership.joined;
    sodium_memzero(&membership, sizeof membership);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    return joined ? TDM_OK
                  : tdm_fail(err, TDM_INVALID, 0,
                             "this node has joined no hub: nobody has to be told of new keys, and none are "
                             "needed");
}

/* A clock that was put back tells nothing. */
static bool is_just_done(tdm_core *core, int64_t now_ms)
{
    uint64_t read = 0;
    if (!tdm_core_local_number(core, TURNED_NAME, &read))
        return false;
    int64_t turned_ms = (int64_t)read;
    return turned_ms <= now_ms && now_ms - turned_ms < JUST_NOW_MS;
}

tdm_code tdm_rotation_look(tdm_core *core, int64_t now_ms, bool again, tdm_rotation_state *state,
                           tdm_err *err)
{
    tdm_identity next;
    tdm_code code = check_joined(core, err);
    if (code != TDM_OK)
        return code;
    code = tdm_rotation_next(core, &next, err);
    sodium_memzero(&next, sizeof next);
    *state = TDM_ROTATION_UNDER_WAY;
    if (code != TDM_NOT_FOUND)
        return code;
    *state = !again && is_just_done(core, now_ms) ? TDM_ROTATION_JUST_DONE : TDM_ROTATION_BEGUN;
    return TDM_OK;
}

tdm_code tdm_rotation_begin(tdm_core *core, int64_t now_ms, bool again, tdm_rotation_state *state,
                            tdm_err *err)
{
    tdm_code code = tdm_rotation_look(core, now_ms, again, state, err);
    return code == TDM_OK && *state == TDM_ROTATION_BEGUN ? tdm_rotation_make(core, err) : code;
}

tdm_code tdm_rotation_forget(tdm_core *core, tdm_err *err)
{
    return tdm_core_local_put(core, NEXT_NAME, (tdm_span){ 0 }, err);
}

/* The next keys are forgotten last: a crash before that takes them once more. */
tdm_code tdm_rotation_take(tdm_core *core, int64_t now_ms, tdm_err *err)
{
    tdm_identity next;
    uint8_t turned[8];
    tdm_incarnation_bytes((uint64_t)now_ms, turned);
    tdm_code code = tdm_rotation_next(core, &next, err);
    if (code == TDM_OK)
        code = tdm_core_take_keys(core, &next, err);
    if (code == TDM_OK)
        code = tdm_core_local_put(core, TURNED_NAME, (tdm_span){ turned, sizeof turned }, err);
    if (code == TDM_OK)
        code = tdm_rotation_forget(core, err);
    sodium_memzero(&next, sizeof next);
    return code;
}

/* ---- at the hub */

static void note_name(const tdm_id *origin, char out[64])
{
    strcpy(out, "rotation/");
    tdm_hex(out + strlen(out), origin->bytes, TDM_ID_BYTES);
}

tdm_code tdm_rotation_note(tdm_core *core, const tdm_id *origin, const uint8_t seal[32],
                           const uint8_t link[32], tdm_err *err)
{
    char name[64];
    uint8_t bytes[NOTE_BYTES];
    note_name(origin, name);
    memcpy(bytes, seal, 32);
    memcpy(bytes + 32, link, 32);
    return tdm_core_local_put(core, name, (tdm_span){ bytes, sizeof bytes }, err);
}

bool tdm_rotation_awaits(tdm_core *core, const tdm_id *origin, const uint8_t link[32], uint8_t seal[32])
{
    char name[64];
    tdm_buf value = { 0 };
    note_name(origin, name);
    bool awaits = tdm_core_local_get(core, name, &value, NULL) == TDM_OK && value.len == NOTE_BYTES
                  && memcmp(value.data + 32, link, 32) == 0;
    if (awaits)
        memcpy(seal, value.data, 32);
    tdm_buf_free(&value);
    return awaits;
}

tdm_code tdm_rotation_done(tdm_core *core, const tdm_id *origin, tdm_err *err)
{
    char name[64];
    note_name(origin, name);
    return tdm_core_local_put(core, name, (tdm_span){ 0 }, err);
}
