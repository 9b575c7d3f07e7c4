/* SPDX-License-Identifier: MPL-2.0
 *
 * membership_test.c: the specification of join codes, invites and what a node remembers of its hub.
 */
#include "core_world.h"
#include "membership.h"

#include "tandem/pack.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPIRES (WORLD_NOW + 3600000)

static tdm_join_code code_of(size_t organisations)
{
    tdm_join_code code = { .endpoint = "tcp://hub.example.org:5670",
                           .count = organisations,
                           .expires_ms = EXPIRES };
    memset(code.hub_key, 7, sizeof code.hub_key);
    memset(code.hub.bytes, 8, sizeof code.hub.bytes);
    /* Always the same keys: of random ones, a changed character passes once in 65,536. */
    uint8_t seed[crypto_box_SEEDBYTES];
    memset(seed, (int)organisations, sizeof seed);
    crypto_box_seed_keypair(code.public_key, code.secret, seed);
    for (size_t i = 0; i < organisations; i++)
        snprintf(code.organisations[i], sizeof code.organisations[i], "ORG%zu", i);
    return code;
}

static tdm_buf text_of(const tdm_join_code *code)
{
    tdm_buf text = { 0 };
    assert_ok(tdm_join_code_write(code, &text, err));
    tdm_buf_add(&text, "", 1);
    text.len--;
    return text;
}

/* ---- join codes */

static void round_trip(fixture *f)
{
    (void)f;
    for (size_t count = 1; count <= TDM_INVITE_CODES_MAX; count += 21) {
        tdm_join_code code = code_of(count);
        tdm_join_code read;
        tdm_buf text = text_of(&code);
        assert_ok(tdm_join_code_read(tdm_buf_span(&text), &read, err));
        assert_string_equal(read.endpoint, code.endpoint);
        assert_memory_equal(read.hub_key, code.hub_key, 32);
        assert_memory_equal(read.secret, code.secret, 32);
        assert_memory_equal(read.public_key, code.public_key, 32);
        assert_true(tdm_id_equal(&read.hub, &code.hub));
        assert_int_equal(read.count, count);
        assert_memory_equal(read.organisations, code.organisations, sizeof code.organisations);
        assert_int_equal(read.expires_ms, EXPIRES);
        tdm_buf_free(&text);
    }
}

static void white_space_is_ignored(fixture *f)
{
    (void)f;
    tdm_join_code code = code_of(2);
    tdm_join_code read;
    tdm_buf text = text_of(&code);
    tdm_buf broken = { 0 };
    for (size_t i = 0; i < text.len; i++) {
        tdm_buf_add(&broken, &text.data[i], 1);
        if (i % 40 == 0)
            tdm_buf_text(&broken, "\r\n ");
    }
    assert_ok(tdm_join_code_read(tdm_buf_span(&broken), &read, err));
    assert_memory_equal(read.secret, code.secret, 32);
    tdm_buf_free(&text);
    tdm_buf_free(&broken);
}

static void expect_refused(tdm_span text)
{
    tdm_join_code read;
    tdm_err err = { 0 };
    tdm_code code = tdm_join_code_read(text, &read, &err);
    if (code != TDM_MALFORMED)
        fail_msg("%s: %.*s", tdm_code_word(code), (int)text.len, (const char *)text.data);
    assert_true(strlen(err.what) > 20);
}

static void cut_code_is_refused(fixture *f)
{
    (void)f;
    tdm_join_code code = code_of(2);
    tdm_buf text = text_of(&code);
    for (size_t len = 0; len < text.len; len++)
        expect_refused((tdm_span){ text.data, len });
    tdm_buf_free(&text);
}

static void changed_code_is_refused(fixture *f)
{
    (void)f;
    tdm_join_code code = code_of(2);
    tdm_buf text = text_of(&code);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t was = text.data[i];
        for (const char *c = "A5z_.-"; *c != '\0'; c++) {
            text.data[i] = (uint8_t)*c;
            if (*c != was)
                expect_refused(tdm_buf_span(&text));
        }
        text.data[i] = was;
    }
    tdm_buf_free(&text);
}

static void wrap(const tdm_buf *bytes, tdm_buf *out)
{
    char text[400];
    uint8_t digest[32];
    char hex[65];
    sodium_bin2base64(text, sizeof text, bytes->data, bytes->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    crypto_generichash(digest, sizeof digest, bytes->data, bytes->len, NULL, 0);
    tdm_hex(hex, digest, sizeof digest);
    tdm_buf_format(out, "tandem1.%s.%.4s", text, hex);
}

static void newer_code_asks_for_an_update(fixture *f)
{
    (void)f;
    tdm_buf bytes = { 0 };
    tdm_buf text = { 0 };
    tdm_join_code read;
    tdm_err err;
    tdm_pack_array(&bytes, 2);
    tdm_pack_uint(&bytes, 3);
    tdm_pack_str(&bytes, TDM_SPAN_LITERAL("what version 3 says"));
    wrap(&bytes, &text);
    assert_code(TDM_UNSUPPORTED, tdm_join_code_read(tdm_buf_span(&text), &read, &err));
    assert_non_null(strstr(err.what, "update"));
    tdm_buf_free(&bytes);
    tdm_buf_free(&text);
}

static void other_text_is_no_code(fixture *f)
{
    (void)f;
    static const char *const TEXTS[] = { "",          "hello",           "tandem1.",
                                         "tandem1..", "tandem1.AA.1234", "tandem2.AA.1234" };
    for (size_t i = 0; i < TDM_COUNT(TEXTS); i++)
        expect_refused(tdm_span_text(TEXTS[i]));
    tdm_buf long_text = { 0 };
    for (int i = 0; i < 5000; i++)
        tdm_buf_text(&long_text, "tandem1.");
    expect_refused(tdm_buf_span(&long_text));
    tdm_buf_free(&long_text);
}

/* ---- invites */

static tdm_join_code invite(fixture *f)
{
    tdm_join_code code = code_of(2);
    assert_ok(tdm_invite_make(f->core, &code, err));
    return code;
}

static tdm_code use(fixture *f, const tdm_join_code *code, const tdm_id *origin, int64_t now_ms)
{
    tdm_invite used;
    tdm_err err;
    return tdm_invite_use(f->core, code->public_key, origin, now_ms, &used, &err);
}

static void invite_lasts(fixture *f)
{
    tdm_join_code code = invite(f);
    tdm_invite found;
    fixture_reopen(f, true);
    assert_ok(tdm_invite_find(f->core, code.public_key, &found, err));
    assert_int_equal(found.count, 2);
    assert_string_equal(found.organisations[1], "ORG1");
    assert_int_equal(found.expires_ms, EXPIRES);
    assert_false(found.used);
}

static void invite_works_once(fixture *f)
{
    tdm_join_code code = invite(f);
    tdm_id first;
    tdm_id second;
    tdm_id_random(&first);
    tdm_id_random(&second);
    assert_code(TDM_OK, use(f, &code, &first, WORLD_NOW));
    fixture_reopen(f, true);
    assert_code(TDM_DENIED, use(f, &code, &second, WORLD_NOW));
    assert_code(TDM_OK, use(f, &code, &first, WORLD_NOW));
}

static void expired_invite_is_denied(fixture *f)
{
    tdm_join_code code = invite(f);
    tdm_id origin;
    tdm_id_random(&origin);
    assert_code(TDM_DENIED, use(f, &code, &origin, EXPIRES));
    assert_code(TDM_OK, use(f, &code, &origin, EXPIRES - 1));
}

static void unknown_invite_is_told(fixture *f)
{
    tdm_join_code code = code_of(1);
    tdm_id origin;
    tdm_id_random(&origin);
    assert_code(TDM_NOT_FOUND, use(f, &code, &origin, WORLD_NOW));
}

static tdm_code count_invite(void *context, const tdm_invite *made, tdm_err *err)
{
    (void)err;
    assert_int_equal(made->count, 2);
    ++*(int *)context;
    return TDM_OK;
}

static void invites_are_listed(fixture *f)
{
    int count = 0;
    for (int i = 0; i < 3; i++)
        invite(f);
    assert_ok(tdm_invite_each(f->core, count_invite, &count, err));
    assert_int_equal(count, 3);
}

/* ---- what a node remembers */

static tdm_code begin(fixture *f, const tdm_join_code *code, int64_t now_ms)
{
    tdm_buf text = text_of(code);
    tdm_join_code read;
    tdm_err err;
    tdm_code result = tdm_membership_begin(f->core, tdm_buf_span(&text), now_ms, &read, &err);
    tdm_buf_free(&text);
    return result;
}

static void alone_at_first(fixture *f)
{
    tdm_membership membership;
    assert_code(TDM_NOT_FOUND, tdm_membership_read(f->core, &membership, NULL));
    assert_false(membership.joined || membership.pending);
}

static void code_waits(fixture *f)
{
    tdm_join_code code = code_of(1);
    tdm_membership membership;
    assert_code(TDM_OK, begin(f, &code, WORLD_NOW));
    fixture_reopen(f, false);
    assert_ok(tdm_membership_read(f->core, &membership, err));
    assert_true(membership.pending && !membership.joined);
    assert_memory_equal(membership.code.secret, code.secret, 32);
}

static void enrolled_node_remembers(fixture *f)
{
    tdm_join_code code = code_of(1);
    tdm_membership membership;
    tdm_id authority;
    assert_code(TDM_OK, begin(f, &code, WORLD_NOW));
    assert_ok(tdm_membership_complete(f->core, &code, err));
    fixture_reopen(f, false);
    assert_ok(tdm_membership_read(f->core, &membership, err));
    assert_true(membership.joined && !membership.pending);
    assert_string_equal(membership.endpoint, code.endpoint);
    assert_memory_equal(membership.hub_key, code.hub_key, 32);
    assert_true(tdm_core_authority(f->core, &authority) && tdm_id_equal(&authority, &code.hub));
    assert_code(TDM_EXISTS, begin(f, &code, WORLD_NOW));
    code.hub.bytes[0]++;
    assert_code(TDM_CONFLICT, begin(f, &code, WORLD_NOW));
}

/* The hub's keys were turned over, or it moved: a code of the same hub tells, and nothing is enrolled. */
static void code_tells_where_the_hub_is_now(fixture *f)
{
    tdm_join_code code = code_of(1);
    tdm_membership membership;
    assert_ok(tdm_membership_complete(f->core, &code, err));
    code.hub_key[0]++;
    assert_code(TDM_DENIED, begin(f, &code, EXPIRES));
    assert_code(TDM_OK, begin(f, &code, WORLD_NOW));
    fixture_reopen(f, false);
    assert_ok(tdm_membership_read(f->core, &membership, err));
    assert_true(membership.joined && !membership.pending);
    assert_memory_equal(membership.hub_key, code.hub_key, 32);
    assert_code(TDM_EXISTS, begin(f, &code, WORLD_NOW));
    strcpy(code.endpoint, "tcp://elsewhere.example:7411");
    assert_code(TDM_OK, begin(f, &code, WORLD_NOW));
    assert_ok(tdm_membership_read(f->core, &membership, err));
    assert_string_equal(membership.endpoint, code.endpoint);
}

static void expired_code_is_not_taken(fixture *f)
{
    tdm_join_code code = code_of(1);
    tdm_membership membership;
    assert_code(TDM_DENIED, begin(f, &code, EXPIRES));
    assert_code(TDM_NOT_FOUND, tdm_membership_read(f->core, &membership, NULL));
}

static void newer_code_replaces_one_that_waits(fixture *f)
{
    tdm_join_code first = code_of(1);
    tdm_join_code second = code_of(2);
    tdm_membership membership;
    assert_code(TDM_OK, begin(f, &first, WORLD_NOW));
    assert_code(TDM_OK, begin(f, &second, WORLD_NOW));
    assert_ok(tdm_membership_read(f->core, &membership, err));
    assert_memory_equal(membership.code.secret, second.secret, 32);
}

/* A crash after the authority was stored: the code is there still, and completing again ends the same. */
static void crash_between_is_mended(fixture *f)
{
    tdm_join_code code = code_of(1);
    tdm_membership membership;
    assert_code(TDM_OK, begin(f, &code, WORLD_NOW));
    assert_ok(tdm_core_set_authority(f->core, &code.hub, err));
    fixture_reopen(f, false);
    assert_ok(tdm_membership_read(f->core, &membership, err));
    assert_true(membership.pending && !membership.joined);
    assert_ok(tdm_membership_complete(f->core, &membership.code, err));
    assert_ok(tdm_membership_read(f->core, &membership, err));
    assert_true(membership.joined && !membership.pending);
}

/* A crash after the membership was stored and before the code was forgotten: it is a member. */
static void crash_before_forgetting(fixture *f)
{
    tdm_join_code code = code_of(1);
    tdm_membership membership;
    tdm_buf text = text_of(&code);
    assert_ok(tdm_membership_complete(f->core, &code, err));
    assert_ok(tdm_core_local_put(f->core, "membership/code", tdm_buf_span(&text), err));
    assert_ok(tdm_membership_read(f->core, &membership, err));
    assert_true(membership.joined && membership.pending);
    tdm_buf_free(&text);
}

static const core_row ROWS[] = {
    { "a join code comes back as it was written", round_trip, false },
    { "white space and line breaks in a join code are ignored", white_space_is_ignored, false },
    { "a join code cut anywhere is refused with a sentence", cut_code_is_refused, false },
    { "a join code with any character changed is refused", changed_code_is_refused, false },
    { "a join code of a newer version asks for an update", newer_code_asks_for_an_update, false },
    { "other text is no join code", other_text_is_no_code, false },
    { "an invite lasts", invite_lasts, true },
    { "an invite works for one origin, and for it again", invite_works_once, true },
    { "an expired invite is denied", expired_invite_is_denied, true },
    { "a code this hub never gave out is told so", unknown_invite_is_told, true },
    { "every invite is listed", invites_are_listed, true },
    { "a new node belongs to nobody", alone_at_first, false },
    { "a join code waits until the hub has answered", code_waits, false },
    { "an enrolled node remembers its hub and takes no other code", enrolled_node_remembers, false },
    { "a code of its hub tells a node by which key and where that answers now",
      code_tells_where_the_hub_is_now, false },
    { "an expired join code is not taken", expired_code_is_not_taken, false },
    { "a second join code replaces one that waits", newer_code_replaces_one_that_waits, false },
    { "a crash between authority and membership is mended by enrolling again", crash_between_is_mended,
      false },
    { "a member whose code was not forgotten is a member", crash_before_forgetting, false },
};

int main(void)
{
    return core_suite("membership", ROWS, TDM_COUNT(ROWS));
}
