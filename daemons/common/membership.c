/* SPDX-License-Identifier: MPL-2.0
 *
 * membership.c: join codes, invites and what a node remembers of its hub.
 */
#include "membership.h"

#include "tandem/pack.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_PREFIX "tandem1."
#define CODE_TEXT_MAX 4096
static const char CODE_NAME[] = "membership/code";
static const char HUB_NAME[] = "membership/hub";

/* ---- the join code
 * ------------------------------------------------------------------------------------------------ */

static void pack_codes(tdm_buf *out, const char (*codes)[13], size_t count)
{
    tdm_pack_array(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        tdm_pack_str(out, tdm_span_text(codes[i]));
}

static size_t read_codes(tdm_cursor *cursor, char (*codes)[13])
{
    uint32_t count = tdm_cursor_array(cursor);
    if (count > TDM_INVITE_CODES_MAX)
        cursor->failed = true;
    for (uint32_t i = 0; i < count && !cursor->failed; i++) {
        tdm_span code = tdm_cursor_str(cursor);
        if (!tdm_code_is_valid(code)) {
            cursor->failed = true;
            break;
        }
        memcpy(codes[i], code.data, code.len);
        codes[i][code.len] = '\0';
    }
    return cursor->failed ? 0 : count;
}

static void check_digits(tdm_span bytes, char out[5])
{
    uint8_t digest[32];
    char hex[65];
    crypto_generichash(digest, sizeof digest, bytes.data, bytes.len, NULL, 0);
    tdm_hex(hex, digest, sizeof digest);
    memcpy(out, hex, 4);
    out[4] = '\0';
}

tdm_code tdm_join_code_write(const tdm_join_code *code, tdm_buf *out, tdm_err *err)
{
    tdm_buf bytes = { .secret = true };
    tdm_pack_array(&bytes, code->restores ? 8 : 7);
    tdm_pack_uint(&bytes, code->restores ? 2 : 1);
    tdm_pack_str(&bytes, tdm_span_text(code->endpoint));
    tdm_pack_bin(&bytes, code->hub_key, 32);
    tdm_pack_bin(&bytes, code->hub.bytes, TDM_ID_BYTES);
    pack_codes(&bytes, code->organisations, code->count);
    tdm_pack_bin(&bytes, code->secret, 32);
    tdm_pack_int(&bytes, code->expires_ms);
    if (code->restores)
        tdm_pack_bin(&bytes, code->origin.bytes, TDM_ID_BYTES);
    char text[CODE_TEXT_MAX];
    char check[5];
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    bool fits = !bytes.failed && sodium_base64_ENCODED_LEN(bytes.len, variant) <= sizeof text - 32;
    if (fits) {
        sodium_bin2base64(text, sizeof text, bytes.data, bytes.len, variant);
        check_digits(tdm_buf_span(&bytes), check);
        tdm_buf_format(out, CODE_PREFIX "%s.%s", text, check);
    }
    sodium_memzero(text, sizeof text);
    tdm_buf_free(&bytes);
    return fits && !out->failed ? TDM_OK
                                : tdm_fail(err, TDM_INVALID, 0, "too many organisations for one join code");
}

static tdm_code read_fields(tdm_span bytes, tdm_join_code *out, tdm_err *err)
{
    static const tdm_scan_limits limits = { .bytes = CODE_TEXT_MAX, .depth = 3, .items = 200 };
    tdm_code scanned = tdm_scan(bytes, &limits, err);
    if (scanned != TDM_OK)
        return scanned;
    tdm_cursor cursor = tdm_cursor_over(bytes);
    uint32_t fields = tdm_cursor_array(&cursor);
    uint64_t version = tdm_cursor_uint(&cursor);
    if (!cursor.failed && version > 2)
        return tdm_fail(err, TDM_UNSUPPORTED, 0,
                        "this join code is for a newer Tandem: update this node first");
    tdm_span endpoint = tdm_cursor_str(&cursor);
    tdm_cursor_fixed(&cursor, out->hub_key, 32);
    tdm_cursor_fixed(&cursor, out->hub.bytes, TDM_ID_BYTES);
    out->count = read_codes(&cursor, out->organisations);
    tdm_cursor_fixed(&cursor, out->secret, 32);
    out->expires_ms = tdm_cursor_int(&cursor);
    out->restores = version == 2;
    if (out->restores)
        tdm_cursor_fixed(&cursor, out->origin.bytes, TDM_ID_BYTES);
    if (cursor.failed || fields != (out->restores ? 8 : 7) || endpoint.len >= sizeof out->endpoint
        || endpoint.len == 0)
        return tdm_fail(err, TDM_MALFORMED, 0, "this is no join code of a hub: ask for a new one");
    memcpy(out->endpoint, endpoint.data, endpoint.len);
    crypto_scalarmult_base(out->public_key, out->secret);
    return TDM_OK;
}

tdm_code tdm_join_code_read(tdm_span text, tdm_join_code *out, tdm_err *err)
{
    char clean[CODE_TEXT_MAX];
    size_t len = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < text.len; i++) {
        if (isspace(text.data[i]))
            continue;
        if (len == sizeof clean - 1)
            return tdm_fail(err, TDM_MALFORMED, 0, "this is too long for a join code");
        clean[len++] = (char)text.data[i];
    }
    clean[len] = '\0';
    const size_t prefix = sizeof CODE_PREFIX - 1;
    if (len < prefix || memcmp(clean, CODE_PREFIX, prefix) != 0)
        return tdm_fail(err, TDM_MALFORMED, 0, "this is no join code: it begins with \"" CODE_PREFIX "\"");
    char *dot = strrchr(clean, '.');
    if (dot < clean + prefix || strlen(dot + 1) != 4)
        return tdm_fail(err, TDM_MALFORMED, 0, "the join code was cut short: copy the whole line");
    uint8_t bytes[CODE_TEXT_MAX];
    size_t byte_count = 0;
    char check[5];
    if (sodium_base642bin(bytes, sizeof bytes, clean + prefix, (size_t)(dot - clean) - prefix, NULL,
                          &byte_count, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING)
        != 0)
        return tdm_fail(err, TDM_MALFORMED, 0, "the join code is mistyped or was cut: copy the whole line");
    check_digits((tdm_span){ bytes, byte_count }, check);
    tdm_code code =
        memcmp(check, dot + 1, 4) != 0
            ? tdm_fail(err, TDM_MALFORMED, 0, "the join code is mistyped or was cut: copy the whole line")
            : read_fields((tdm_span){ bytes, byte_count }, out, err);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(clean, sizeof clean);
    return code;
}

/* ---- invites at the hub: "invite/<hex>" = [[organisation...], expires, used by or nil, restores or nothing]
 * ------------------------------------- */

static void invite_name(const uint8_t public_key[32], char out[80])
{
    strcpy(out, "invite/");
    tdm_hex(out + 7, public_key, 32);
}

static tdm_code invite_put(tdm_core *core, const tdm_invite *invite, tdm_err *err)
{
    char name[80];
    invite_name(invite->public_key, name);
    tdm_buf value = { 0 };
    tdm_pack_array(&value, invite->restores ? 4 : 3);
    pack_codes(&value, invite->organisations, invite->count);
    tdm_pack_int(&value, invite->expires_ms);
    if (invite->used)
        tdm_pack_bin(&value, invite->used_by.bytes, TDM_ID_BYTES);
    else
        tdm_pack_nil(&value);
    if (invite->restores)
        tdm_pack_bin(&value, invite->origin.bytes, TDM_ID_BYTES);
    tdm_code code = value.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for an invite")
                                 : tdm_core_local_put(core, name, tdm_buf_span(&value), err);
    tdm_buf_free(&value);
    return code;
}

static bool invite_decode(tdm_span value, tdm_invite *out)
{
    tdm_cursor cursor = tdm_cursor_over(value);
    uint32_t fields = tdm_cursor_array(&cursor);
    out->count = read_codes(&cursor, out->organisations);
    out->expires_ms = tdm_cursor_int(&cursor);
    out->used = tdm_cursor_peek(&cursor) == TDM_ITEM_BIN;
    if (out->used)
        tdm_cursor_fixed(&cursor, out->used_by.bytes, TDM_ID_BYTES);
    else
        tdm_cursor_nil(&cursor);
    out->restores = fields == 4;
    if (out->restores)
        tdm_cursor_fixed(&cursor, out->origin.bytes, TDM_ID_BYTES);
    return fields >= 3 && fields <= 4 && !cursor.failed;
}

tdm_code tdm_invite_make(tdm_core *core, tdm_join_code *code, tdm_err *err)
{
    crypto_box_keypair(code->public_key, code->secret);
    tdm_invite invite = { .count = code->count,
                          .expires_ms = code->expires_ms,
                          .restores = code->restores,
                          .origin = code->origin };
    memcpy(invite.public_key, code->public_key, 32);
    memcpy(invite.organisations, code->organisations, sizeof invite.organisations);
    return invite_put(core, &invite, err);
}

tdm_code tdm_invite_find(tdm_core *core, const uint8_t public_key[32], tdm_invite *out, tdm_err *err)
{
    char name[80];
    invite_name(public_key, name);
    tdm_buf value = { 0 };
    memset(out, 0, sizeof *out);
    memcpy(out->public_key, public_key, 32);
    tdm_code code = tdm_core_local_get(core, name, &value, err);
    if (code == TDM_NOT_FOUND)
        code = tdm_fail(err, TDM_NOT_FOUND, 0, "this hub never gave out that join code");
    else if (code == TDM_OK && !invite_decode(tdm_buf_span(&value), out))
        code = tdm_fail(err, TDM_CORRUPT, 0, "the stored invite cannot be read");
    tdm_buf_free(&value);
    return code;
}

typedef struct each_invite {
    tdm_invite_visit *visit;
    void *context;
} each_invite;

static tdm_code visit_invite(void *context, tdm_span name, tdm_span value, tdm_err *err)
{
    const each_invite *each = context;
    tdm_invite invite = { 0 };
    tdm_span hex = { name.data + 7, name.len - 7 };
    if (name.len < 7 || !tdm_unhex(invite.public_key, 32, hex) || !invite_decode(value, &invite))
        return tdm_fail(err, TDM_CORRUPT, 0, "a stored invite cannot be read");
    return each->visit(each->context, &invite, err);
}

tdm_code tdm_invite_each(tdm_core *core, tdm_invite_visit *visit, void *context, tdm_err *err)
{
    each_invite each = { visit, context };
    return tdm_ledger_local_each(tdm_core_ledger(core), TDM_SPAN_LITERAL("invite/"), visit_invite, &each,
                                 err);
}

tdm_code tdm_invite_use(tdm_core *core, const uint8_t public_key[32], const tdm_id *origin, int64_t now_ms,
                        tdm_invite *out, tdm_err *err)
{
    tdm_code code = tdm_invite_find(core, public_key, out, err);
    if (code != TDM_OK)
        return code;
    if (out->restores && !tdm_id_equal(&out->origin, origin))
        return tdm_fail(err, TDM_DENIED, 0, "this code restores another node: ask the hub for one to join");
    if (out->used && tdm_id_equal(&out->used_by, origin))
        return TDM_OK;
    if (out->used)
        return tdm_fail(err, TDM_DENIED, 0, "this join code was used already: ask the hub for a new one");
    if (out->expires_ms <= now_ms)
        return tdm_fail(err, TDM_DENIED, 0, "this join code has expired: ask the hub for a new one");
    out->used = true;
    out->used_by = *origin;
    return invite_put(core, out, err);
}

/* ---- what a node remembers: "membership/hub" = [endpoint, hub key, hub origin]
 * ----------------------------------------------- */

static bool hub_decode(tdm_span value, tdm_membership *out)
{
    tdm_cursor cursor = tdm_cursor_over(value);
    uint32_t fields = tdm_cursor_array(&cursor);
    tdm_span endpoint = tdm_cursor_str(&cursor);
    tdm_cursor_fixed(&cursor, out->hub_key, 32);
    tdm_cursor_fixed(&cursor, out->hub.bytes, TDM_ID_BYTES);
    if (fields != 3 || cursor.failed || endpoint.len >= sizeof out->endpoint)
        return false;
    memcpy(out->endpoint, endpoint.data, endpoint.len);
    return true;
}

tdm_code tdm_membership_read(tdm_core *core, tdm_membership *out, tdm_err *err)
{
    memset(out, 0, sizeof *out);
    tdm_buf value = { .secret = true };
    tdm_code code = tdm_core_local_get(core, HUB_NAME, &value, err);
    if (code == TDM_OK) {
        out->joined = hub_decode(tdm_buf_span(&value), out);
        if (!out->joined)
            code = tdm_fail(err, TDM_CORRUPT, 0, "the stored membership cannot be read");
    }
    if (code == TDM_OK || code == TDM_NOT_FOUND) {
        tdm_buf_clear(&value);
        tdm_code pending = tdm_core_local_get(core, CODE_NAME, &value, err);
        if (pending == TDM_OK)
            pending = tdm_join_code_read(tdm_buf_span(&value), &out->code, err);
        out->pending = pending == TDM_OK;
        if (pending != TDM_NOT_FOUND)
            code = pending;
    }
    tdm_buf_free(&value);
    return code;
}

static tdm_code put_hub(tdm_core *core, const char *endpoint, const uint8_t key[32], const tdm_id *hub,
                        tdm_err *err)
{
    tdm_buf value = { 0 };
    tdm_pack_array(&value, 3);
    tdm_pack_str(&value, tdm_span_text(endpoint));
    tdm_pack_bin(&value, key, 32);
    tdm_pack_bin(&value, hub->bytes, TDM_ID_BYTES);
    tdm_code code = value.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the membership")
                                 : tdm_core_local_put(core, HUB_NAME, tdm_buf_span(&value), err);
    tdm_buf_free(&value);
    return code;
}

tdm_code tdm_membership_hub_key(tdm_core *core, tdm_membership *membership, const uint8_t key[32],
                                tdm_err *err)
{
    tdm_code code = put_hub(core, membership->endpoint, key, &membership->hub, err);
    if (code == TDM_OK)
        memcpy(membership->hub_key, key, sizeof membership->hub_key);
    return code;
}

tdm_code tdm_membership_begin(tdm_core *core, tdm_span code_text, int64_t now_ms, tdm_join_code *out,
                              tdm_err *err)
{
    tdm_code code = tdm_join_code_read(code_text, out, err);
    if (code != TDM_OK)
        return code;
    if (out->restores && !tdm_id_equal(&out->origin, tdm_core_origin(core)))
        return tdm_fail(
            err, TDM_INVALID, 0,
            "this code restores a node that lost its disk: stop this one and give the code to tandem "
            "node restore, with a new folder");
    tdm_membership known;
    code = tdm_membership_read(core, &known, err);
    sodium_memzero(&known.code, sizeof known.code);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    bool same = known.joined && tdm_id_equal(&known.hub, &out->hub);
    if (same && strcmp(known.endpoint, out->endpoint) == 0 && memcmp(known.hub_key, out->hub_key, 32) == 0)
        return tdm_fail(err, TDM_EXISTS, 0, "this node has joined that hub already");
    if (known.joined && !same)
        return tdm_fail(err, TDM_CONFLICT, 0, "this node has joined another hub");
    if (out->expires_ms <= now_ms)
        return tdm_fail(err, TDM_DENIED, 0, "this join code has expired: ask the hub for a new one");
    if (same)
        return put_hub(core, out->endpoint, out->hub_key, &out->hub, err);
    tdm_buf text = { .secret = true };
    code = tdm_join_code_write(out, &text, err);
    if (code == TDM_OK)
        code = tdm_core_local_put(core, CODE_NAME, tdm_buf_span(&text), err);
    tdm_buf_free(&text);
    return code;
}

tdm_code tdm_membership_complete(tdm_core *core, const tdm_join_code *code, tdm_err *err)
{
    /* The authority first: after a crash between, the code is still there and enrolling again is harmless. */
    tdm_code result = tdm_core_set_authority(core, &code->hub, err);
    if (result == TDM_OK)
        result = put_hub(core, code->endpoint, code->hub_key, &code->hub, err);
    if (result == TDM_OK)
        result = tdm_core_local_put(core, CODE_NAME, (tdm_span){ 0 }, err);
    return result;
}
