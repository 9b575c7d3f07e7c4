/* SPDX-License-Identifier: MPL-2.0
 *
 * dossier_record_test.c: a dossier comes back from its record as it was; a record that was damaged is refused
 * or gives a dossier that can be walked.
 */
#include "dossier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support.h"
#include "tables.h"

#define SUBJECT TDM_SPAN_LITERAL("unit/R0A/1")

/* Of few, so that slots share them; and now and then any. */
static tdm_id random_id(dice *d, uint64_t few)
{
    tdm_id id = { { 0 } };
    for (size_t i = 0; i < TDM_ID_BYTES; i++)
        id.bytes[i] = (uint8_t)(dice_below(d, 20) == 0 ? dice_roll(d) : 7);
    id.bytes[3] = (uint8_t)dice_below(d, few);
    return id;
}

/* Numbers that grow, and now and then one from the ends of what 64 bits hold. */
static uint64_t random_number(dice *d, uint64_t near)
{
    static const uint64_t ENDS[] = { 0, 1, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1 };
    return dice_below(d, 10) == 0 ? ENDS[dice_below(d, TDM_COUNT(ENDS))] : near + dice_below(d, 300);
}

static void file_random(dice *d, tdm_dossier *dossier, size_t number)
{
    uint8_t payload[300];
    tdm_slot_parts parts = { .role = (tdm_role)dice_below(d, 4),
                             .type = (uint32_t)(dice_below(d, 8) == 0 ? dice_roll(d) : dice_below(d, 60)),
                             .target = random_id(d, 3),
                             .fact = random_id(d, 12),
                             .incarnation = dice_below(d, 3) == 0 ? dice_roll(d) : 42,
                             .sequence = random_number(d, number * 10),
                             .recorded_ms = (int64_t)random_number(d, 1500000000000 + number),
                             .position = random_number(d, number * 100),
                             .readable = dice_below(d, 2) == 0,
                             .payload = { payload, dice_below(d, 2) == 0 ? 0 : dice_below(d, 300) } };
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)dice_roll(d);
    parts.author = dice_below(d, 3) == 0 ? random_id(d, 3) : parts.target;
    parts.target_type = parts.role == TDM_ROLE_CONTENT ? (uint32_t)dice_below(d, 70) : 0;
    tdm_dossier_file(dossier, &parts);
}

static tdm_buf random_contribution(dice *d)
{
    tdm_contribution made = { 0 };
    tdm_buf out = { 0 };
    tdm_entry *entry =
        tdm_contribution_add(&made, TDM_FAMILY_DELIVERED, (tdm_period){ 0, (int32_t)dice_below(d, 3000) });
    tdm_entry_set(entry, 0, (int64_t)dice_below(d, 1000));
    tdm_contribution_encode(&made, &out);
    tdm_contribution_free(&made);
    return out;
}

static tdm_buf random_tally(dice *d)
{
    static const tdm_period YEAR = { TDM_PERIOD_YEAR, 2017 };
    tdm_tally made = { 0 };
    tdm_buf out = { 0 };
    tdm_tally_at(&made, TDM_TABLE_TIES, YEAR, TDM_SPAN_LITERAL("R0A"), TDM_SPAN_LITERAL("a"),
                 TDM_SPAN_LITERAL("b"))[0] = (int64_t)dice_below(d, 1000);
    tdm_tally_encode(&made, &out);
    tdm_tally_free(&made);
    return out;
}

static tdm_dossier *random_dossier(dice *d)
{
    static const char *const NAMES[] = { "R0A", "R0B", "A81001", "X" };
    tdm_dossier *dossier = tdm_dossier_new(SUBJECT);
    size_t slots = (size_t)dice_below(d, 30);
    for (size_t i = 0; i < TDM_COUNT(NAMES); i++)
        if (dice_below(d, 2) == 0)
            tdm_dossier_name(dossier, tdm_span_text(NAMES[i]));
    for (uint64_t count = dice_below(d, 4); count > 0; count--) {
        tdm_id follower = random_id(d, 9);
        if (!tdm_dossier_is_followed(dossier, &follower))
            tdm_dossier_follow(dossier, &follower);
    }
    for (size_t i = 0; i < slots; i++)
        file_random(d, dossier, i);
    if (dice_below(d, 2) == 0) {
        tdm_buf contribution = random_contribution(d);
        tdm_buf tally = random_tally(d);
        tdm_dossier_contribute(dossier, tdm_buf_span(&contribution));
        tdm_dossier_set_tally(dossier, tdm_buf_span(&tally));
        tdm_buf_free(&contribution);
        tdm_buf_free(&tally);
    }
    dossier->resident = dice_below(d, 2) == 0;
    return dossier;
}

static tdm_buf encode(const tdm_dossier *dossier)
{
    tdm_packing packing = { 0 };
    tdm_buf record = { 0 };
    tdm_dossier_encode(dossier, tdm_dossier_pack(&packing, dossier), &record);
    tdm_packing_free(&packing);
    return record;
}

static void assert_same(const tdm_dossier *a, const tdm_dossier *b)
{
    assert_int_equal(a->names_len, b->names_len);
    assert_int_equal(a->followers_len, b->followers_len);
    assert_int_equal(a->contribution_len, b->contribution_len);
    assert_int_equal(a->tally_len, b->tally_len);
    assert_int_equal(a->slots_len, b->slots_len);
    assert_int_equal(a->resident, b->resident);
    if (tdm_dossier_length(a) > 0)
        assert_memory_equal(a->block, b->block, tdm_dossier_length(a));
}

static void check_comes_back(void **state)
{
    (void)state;
    dice d = { 1 };
    size_t packed = 0;
    size_t plain = 0;
    for (size_t round = 0; round < 2000; round++) {
        tdm_dossier *dossier = random_dossier(&d);
        tdm_dossier *back = NULL;
        tdm_buf record = encode(dossier);
        assert_int_equal(tdm_dossier_decode(SUBJECT, tdm_buf_span(&record), &back, NULL), TDM_OK);
        assert_same(dossier, back);
        assert_true(back->stored);
        packed += record.len;
        plain += tdm_dossier_length(dossier);
        file_random(&d, back, 40); /* its block grows like any other */
        tdm_buf_free(&record);
        tdm_dossier_free(dossier);
        tdm_dossier_free(back);
    }
    assert_true(packed < plain);
}

/* All that others do with a block relies on its sections' being what they are. */
static void walk(const tdm_dossier *dossier)
{
    size_t slots = 0;
    size_t names = 0;
    size_t at = 0;
    for (tdm_slot slot = tdm_dossier_next(dossier, NULL); slot != NULL;
         slot = tdm_dossier_next(dossier, slot))
        slots += tdm_slot_length(slot) - tdm_slot_payload(slot).len;
    for (tdm_span name = tdm_dossier_next_name(dossier, &at); name.len > 0;
         name = tdm_dossier_next_name(dossier, &at))
        names += 1 + name.len;
    assert_true(slots <= dossier->slots_len && names <= dossier->names_len);
    tdm_dossier_is_followed(dossier, &(tdm_id){ { 0 } });
}

/* Into memory of just its size, so that a sanitizer sees who reads beyond it. */
static bool decodes(tdm_span bytes)
{
    uint8_t *copy = malloc(bytes.len + 1);
    tdm_dossier *back = NULL;
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);
    uint8_t *tight = realloc(copy, bytes.len > 0 ? bytes.len : 1);
    assert_non_null(tight);
    tdm_err err = { 0 };
    tdm_code code = tdm_dossier_decode(SUBJECT, (tdm_span){ tight, bytes.len }, &back, &err);
    if (code == TDM_OK)
        walk(back);
    else
        assert_int_equal(code, TDM_CORRUPT);
    tdm_dossier_free(back);
    free(tight);
    return code == TDM_OK;
}

static void check_damaged(void **state)
{
    (void)state;
    dice d = { 2 };
    size_t refused = 0;
    for (size_t round = 0; round < 100; round++) {
        tdm_dossier *dossier = random_dossier(&d);
        tdm_buf record = encode(dossier);
        assert_true(decodes(tdm_buf_span(&record)));
        for (size_t len = 0; len < record.len; len++)
            assert_false(decodes((tdm_span){ record.data, len }));
        tdm_buf_add(&record, "\x00", 1);
        assert_false(decodes(tdm_buf_span(&record)));
        record.len--;
        for (size_t flip = 0; flip < 200; flip++) {
            size_t at = (size_t)dice_below(&d, record.len);
            uint8_t was = record.data[at];
            record.data[at] = (uint8_t)dice_roll(&d);
            refused += !decodes(tdm_buf_span(&record));
            record.data[at] = was;
        }
        tdm_buf_free(&record);
        tdm_dossier_free(dossier);
    }
    assert_true(refused > 1000);
}

/* A few bytes that say they hold much are refused before memory is taken for it. */
static void check_boasts(void **state)
{
    (void)state;
    static const uint8_t SLOTS[] = { 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 1, 2, 3 };
    static const uint8_t LIST[] = { 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0 };
    static const uint8_t NAMES[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0, 0, 0, 0
    };
    static const uint8_t NOTHING[] = { 0, 0, 0, 0, 0, 0, 0, 0 };
    assert_true(decodes((tdm_span){ NOTHING, sizeof NOTHING }));
    assert_false(decodes((tdm_span){ SLOTS, sizeof SLOTS }));
    assert_false(decodes((tdm_span){ LIST, sizeof LIST }));
    assert_false(decodes((tdm_span){ NAMES, sizeof NAMES }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "a dossier comes back from its record as it was", check_comes_back, NULL, NULL, NULL },
        { "a damaged record is refused or can be walked", check_damaged, NULL, NULL, NULL },
        { "a record that boasts takes no memory", check_boasts, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("dossier_record", tests, NULL, NULL);
}
