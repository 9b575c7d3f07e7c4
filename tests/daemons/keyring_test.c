/* SPDX-License-Identifier: MPL-2.0
 *
 * keyring_test.c: the specification of the keyring: which key may seal what, by the authority's facts.
 */
#include "core_world.h"
#include "keyring.h"

#include <string.h>

typedef struct stated_key {
    uint8_t origin; /* what its bytes are filled with, as with the key */
    uint8_t key;
    int64_t purpose;
    int64_t state;
    uint64_t first;
    uint64_t last;
} stated_key;

typedef struct keyring_row {
    const char *name;
    stated_key keys[3]; /* purpose 0 ends them */
    uint8_t origin;     /* the question */
    uint8_t key;
    uint64_t last;
    bool may;
} keyring_row;

#define SEAL TDM_PURPOSE_IS_SEAL
#define LINK TDM_PURPOSE_IS_LINK
#define ACTIVE TDM_KEYSTATE_IS_ACTIVE
#define REVOKED TDM_KEYSTATE_IS_REVOKED

static const keyring_row ROWS[] = {
    { "without keys nobody may seal", { { 0 } }, 1, 1, 1, false },
    { "an active seal key may seal for its origin", { { 1, 1, SEAL, ACTIVE, 0, 0 } }, 1, 1, 900, true },
    { "it may not seal for another origin", { { 1, 1, SEAL, ACTIVE, 0, 0 } }, 2, 1, 1, false },
    { "another key may not seal for its origin", { { 1, 1, SEAL, ACTIVE, 0, 0 } }, 1, 2, 1, false },
    { "a link key does not seal", { { 1, 1, LINK, ACTIVE, 0, 0 } }, 1, 1, 1, false },
    { "one key may be a link key and a seal key",
      { { 1, 1, LINK, ACTIVE, 0, 0 }, { 1, 1, SEAL, ACTIVE, 0, 0 } },
      1,
      1,
      1,
      true },
    { "a seal key does not seal before its first sequence",
      { { 1, 1, SEAL, ACTIVE, 5, 0 } },
      1,
      1,
      4,
      false },
    { "a seal key seals from its first sequence on", { { 1, 1, SEAL, ACTIVE, 5, 0 } }, 1, 1, 5, true },
    { "a seal key seals up to its last sequence", { { 1, 1, SEAL, ACTIVE, 0, 7 } }, 1, 1, 7, true },
    { "a seal key does not seal beyond its last sequence", { { 1, 1, SEAL, ACTIVE, 0, 7 } }, 1, 1, 8, false },
    { "a revoked key without a last sequence seals nothing",
      { { 1, 1, SEAL, REVOKED, 0, 0 } },
      1,
      1,
      1,
      false },
    { "what a revoked key sealed before its last sequence stays",
      { { 1, 1, SEAL, REVOKED, 0, 7 } },
      1,
      1,
      7,
      true },
    { "a revoked key seals nothing after its last sequence",
      { { 1, 1, SEAL, REVOKED, 0, 7 } },
      1,
      1,
      8,
      false },
    { "two keys of one origin may seal during a change-over",
      { { 1, 1, SEAL, ACTIVE, 0, 0 }, { 1, 2, SEAL, ACTIVE, 0, 0 } },
      1,
      2,
      1,
      true },
    { "the latest fact about a key holds",
      { { 1, 1, SEAL, ACTIVE, 0, 0 }, { 1, 1, SEAL, REVOKED, 0, 0 } },
      1,
      1,
      1,
      false },
};

static void add_key(tdm_drafts *drafts, const stated_key *stated, size_t number)
{
    uint8_t origin[16];
    uint8_t key[32];
    memset(origin, stated->origin, sizeof origin);
    memset(key, stated->key, sizeof key);
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_KEY);
    tdm_record_set_bytes(&record, TDM_KEY_ORIGIN, (tdm_span){ origin, sizeof origin });
    tdm_record_set_number(&record, TDM_KEY_PURPOSE, stated->purpose);
    tdm_record_set_bytes(&record, TDM_KEY_PUBLIC_KEY, (tdm_span){ key, sizeof key });
    tdm_record_set_number(&record, TDM_KEY_STATE, stated->state);
    if (stated->first > 0)
        tdm_record_set_number(&record, TDM_KEY_FIRST, (int64_t)stated->first);
    if (stated->last > 0)
        tdm_record_set_number(&record, TDM_KEY_LAST, (int64_t)stated->last);
    tdm_id fact = { { 0 } };
    fact.bytes[0] = (uint8_t)(number + 1);
    tdm_buf subject = { 0 };
    tdm_subject_origin(&subject, (const tdm_id *)origin);
    assert_ok(
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, 17000, &record, err));
    tdm_buf_free(&subject);
}

static void state_keys(fixture *f, const keyring_row *row)
{
    tdm_drafts *drafts = tdm_drafts_new();
    for (size_t i = 0; i < TDM_COUNT(row->keys) && row->keys[i].purpose != 0; i++)
        add_key(drafts, &row->keys[i], i);
    tdm_stated stated;
    if (tdm_drafts_count(drafts) > 0)
        assert_ok(tdm_core_state_drafts(f->core, drafts, &stated, err));
    tdm_drafts_free(&drafts);
    wait_folded(f->core);
}

static void check_row(void **state)
{
    const keyring_row *row = *state;
    fixture f;
    fixture_open(&f, true, false);
    state_keys(&f, row);
    tdm_keyring *keyring;
    assert_ok(tdm_keyring_new(&keyring, err));
    tdm_fold *fold = tdm_core_fold(f.core);
    assert_ok(tdm_keyring_load(keyring, fold, err));
    tdm_id origin;
    uint8_t key[32];
    memset(origin.bytes, row->origin, sizeof origin.bytes);
    memset(key, row->key, sizeof key);
    assert_int_equal(tdm_keyring_may_seal(keyring, &origin, key, row->last), row->may);
    /* The figures' own rule is the same. */
    assert_int_equal(tdm_fold_key_may_seal(fold, &origin, key, row->last), row->may);
    assert_int_equal(tdm_keyring_knows(keyring, &origin),
                     row->keys[0].purpose != 0 && row->keys[0].origin == row->origin);
    tdm_core_fold_release(f.core, fold);
    tdm_keyring_destroy(&keyring);
    fixture_close(&f);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
