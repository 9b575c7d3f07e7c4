/* SPDX-License-Identifier: MPL-2.0
 *
 * event_test.c: events and records against bytes written down by hand, random ones, and broken ones.
 */
#include "support.h"
#include "tandem/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A session, key by key as the comment in event.h lists them. */
static const char SESSION[] = "8b"
                              "01 01"
                              "02 c410 000102030405060708090a0b0c0d0e0f"
                              "03 c408 0000000000000107"
                              "04 cd012c"
                              "05 2a"
                              "06 aa 756e69742f4142312f78"
                              "07 c410 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
                              "08 92 cf0000015b28d4a900 d1fc18"
                              "09 d0c0"
                              "0a 03"
                              "0b 84 01 a3414231 02 cd4369 03 cc96 04 05";

static void a_session_is_read_key_by_key(void **state)
{
    (void)state;
    tdm_buf bytes = hex_bytes(SESSION);
    tdm_event event;
    tdm_record record;
    assert_int_equal(tdm_event_decode(tdm_buf_span(&bytes), &event, NULL), TDM_OK);
    assert_int_equal(event.origin.bytes[15], 15);
    assert_int_equal(event.incarnation, 0x107);
    assert_int_equal(event.sequence, 300);
    assert_int_equal(event.type, TDM_TYPE_SESSION);
    assert_true(tdm_span_equal(event.subject, TDM_SPAN_LITERAL("unit/AB1/x")));
    assert_int_equal(event.fact.bytes[0], 0xf0);
    assert_true(event.event_ms == 0x15b28d4a900);
    assert_int_equal(event.event_offset_min, -1000);
    assert_true(event.recorded_ms == -64);
    assert_int_equal(event.author, TDM_AUTHOR_IS_DAEMON);
    assert_int_equal(tdm_record_decode(event.type, event.payload, &record, NULL), TDM_OK);
    assert_true(tdm_span_equal(record.values[TDM_SESSION_RECORDER].bytes, TDM_SPAN_LITERAL("AB1")));
    assert_int_equal(record.values[TDM_SESSION_DATE].number, 17257);
    assert_int_equal(record.values[TDM_SESSION_HOURS].number, 150);
    assert_int_equal(record.values[TDM_SESSION_TYPE].number, TDM_SESSIONTYPE_IS_PDSA);
    assert_int_equal(record.unknown_fields, 0);
    tdm_buf_free(&bytes);
}

static void a_session_is_written_as_by_hand(void **state)
{
    (void)state;
    tdm_buf expected = hex_bytes(SESSION);
    tdm_buf payload = { 0 };
    tdm_buf out = { 0 };
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_SESSION);
    tdm_record_set_number(&record, TDM_SESSION_TYPE, TDM_SESSIONTYPE_IS_PDSA);
    tdm_record_set_number(&record, TDM_SESSION_HOURS, 150);
    tdm_record_set_number(&record, TDM_SESSION_DATE, 17257);
    tdm_record_set_text(&record, TDM_SESSION_RECORDER, "AB1");
    assert_int_equal(tdm_record_encode(&record, &payload, NULL), TDM_OK);
    tdm_event event = { .incarnation = 0x107, .sequence = 300, .type = TDM_TYPE_SESSION, .author = 3 };
    event.subject = TDM_SPAN_LITERAL("unit/AB1/x");
    event.event_ms = 0x15b28d4a900;
    event.event_offset_min = -1000;
    event.recorded_ms = -64;
    for (uint8_t i = 0; i < TDM_ID_BYTES; i++) {
        event.origin.bytes[i] = i;
        event.fact.bytes[i] = (uint8_t)(0xf0 + i);
    }
    assert_int_equal(tdm_event_encode(&event, tdm_buf_span(&payload), &out, NULL), TDM_OK);
    assert_true(tdm_span_equal(tdm_buf_span(&out), tdm_buf_span(&expected)));
    tdm_buf_free(&payload);
    tdm_buf_free(&out);
    tdm_buf_free(&expected);
}

/* payload by hand, type, and what decoding says; NULL: accepted */
static const struct payload_row {
    const char *name;
    uint32_t type;
    const char *hex;
    const char *error;
} PAYLOADS[] = {
    { "a void needs nothing", TDM_TYPE_VOID, "80", NULL },
    { "an attendance with categories is read", TDM_TYPE_ATTENDANCE,
      "84 01 a3414231 02 c410 00000000000000000000000000000000 03 05 04 91 82 01 a178 02 03", NULL },
    { "a category without people is refused", TDM_TYPE_ATTENDANCE,
      "84 01 a3414231 02 c410 00000000000000000000000000000000 03 05 04 91 81 01 a178",
      "category_count.people is missing" },
    { "a correction of a session is read", TDM_TYPE_CORRECTION, "82 02 2a 03 83 01 a3414231 02 cd4369 03 00",
      NULL },
    { "a correction of a correction is refused", TDM_TYPE_CORRECTION, "82 02 3c 03 82 02 2a 03 80",
      "correction.target_type is a type that cannot be amended" },
    { "a field of another kind is refused", TDM_TYPE_TARGET, "82 01 a134 02 05",
      "target.financial_year is not an integer" },
    { "the last year in bounds is read", TDM_TYPE_TARGET, "82 01 cd0898 02 05", NULL },
    { "a year above the bounds is refused", TDM_TYPE_TARGET, "82 01 cd0899 02 05",
      "target.financial_year is out of bounds" },
    { "a text in place of a payload is refused", TDM_TYPE_TARGET, "a3616263", "target: not a map of fields" },
    { "a later field is unknown and counted", TDM_TYPE_VOID, "81 09 c0", NULL },
};

static void check_payload(void **state)
{
    const struct payload_row *row = *state;
    tdm_buf payload = hex_bytes(row->hex);
    tdm_record record;
    tdm_err err = { 0 };
    tdm_code code = tdm_record_decode(row->type, tdm_buf_span(&payload), &record, &err);
    assert_string_equal(err.what, row->error == NULL ? "" : row->error);
    assert_int_equal(code, row->error == NULL ? TDM_OK : TDM_MALFORMED);
    tdm_buf_free(&payload);
}

static void an_unknown_type_has_no_record(void **state)
{
    (void)state;
    tdm_record record;
    assert_int_equal(tdm_record_decode(998, TDM_SPAN_LITERAL("\x80"), &record, NULL), TDM_UNSUPPORTED);
}

static void unknown_fields_are_counted(void **state)
{
    (void)state;
    tdm_buf payload = hex_bytes("83 00 c0 09 92c0c0 cd0400 81 01 c0");
    tdm_record record;
    assert_int_equal(tdm_record_decode(TDM_TYPE_VOID, tdm_buf_span(&payload), &record, NULL), TDM_OK);
    assert_int_equal(record.unknown_fields, 3);
    tdm_buf_free(&payload);
}

static void what_may_not_be_read_is_not_written(void **state)
{
    (void)state;
    tdm_record record;
    tdm_err err = { 0 };
    tdm_buf out = { 0 };
    tdm_buf_text(&out, "before");
    tdm_record_init(&record, TDM_TYPE_TARGET);
    tdm_record_set_number(&record, TDM_TARGET_YEAR, 2017);
    assert_int_equal(tdm_record_encode(&record, &out, &err), TDM_INVALID);
    assert_string_equal(err.what, "target.level_tenths is missing");
    tdm_record_set_number(&record, TDM_TARGET_LEVEL, 1001);
    assert_int_equal(tdm_record_encode(&record, &out, &err), TDM_INVALID);
    assert_string_equal(err.what, "target.level_tenths is out of bounds");
    tdm_record_set_number(&record, TDM_TARGET_LEVEL, 1000);
    tdm_event event = { .incarnation = 1, .sequence = 0, .type = TDM_TYPE_TARGET, .author = 1 };
    assert_int_equal(tdm_event_encode(&event, TDM_SPAN_LITERAL("\x80"), &out, &err), TDM_INVALID);
    assert_int_equal(err.code, TDM_INVALID);
    assert_true(tdm_span_equal(tdm_buf_span(&out), TDM_SPAN_LITERAL("before")));
    tdm_buf_free(&out);
}

static tdm_event good_event(void)
{
    return (tdm_event){ .incarnation = 1,
                        .sequence = 1,
                        .type = 999, /* unknown: any map will do */
                        .author = 1,
                        .subject = TDM_SPAN_LITERAL("unit") };
}

static void check_as_encoded(const tdm_event *event, const tdm_buf *payload, tdm_code expected)
{
    tdm_buf out = { 0 };
    tdm_err err = { 0 };
    assert_int_equal(tdm_event_encode(event, tdm_buf_span(payload), &out, NULL), expected);
    if (tdm_event_check(event, tdm_buf_span(payload), &err) != expected)
        fail_msg("%s", err.what);
    assert_int_equal(err.code, expected);
    tdm_buf_free(&out);
}

/* One value of a good event broken; what is checked is what would be encoded. */
static void a_check_passes_what_can_be_encoded(void **state)
{
    (void)state;
    static char long_subject[TDM_SUBJECT_MAX + 2];
    memset(long_subject, 'u', sizeof long_subject - 1);
    tdm_event events[24];
    bool good[TDM_COUNT(events)];
    size_t count = 0;
#define CASE(passes, change)                                                                                 \
    do {                                                                                                     \
        good[count] = passes;                                                                                \
        events[count] = good_event();                                                                        \
        events[count++].change;                                                                              \
    } while (0)
    CASE(true, author = 99);
    CASE(false, author = 100);
    CASE(false, author = 0);
    CASE(false, incarnation = 0);
    CASE(true, incarnation = UINT64_MAX);
    CASE(true, sequence = INT64_MAX);
    CASE(false, sequence = 0);
    CASE(false, sequence = (uint64_t)INT64_MAX + 1);
    CASE(false, type = 0);
    CASE(false, type = 1000);
    CASE(false, type = TDM_TYPE_TARGET); /* its year is missing */
    CASE(true, event_offset_min = -1080);
    CASE(false, event_offset_min = 1081);
    CASE(false, event_ms = INT64_MIN);
    CASE(true, event_ms = 253402214399999);
    CASE(false, recorded_ms = 253402214400000);
    CASE(false, subject.len = 0);
    CASE(false, subject = TDM_SPAN_LITERAL("a\nb"));
    CASE(false, subject = TDM_SPAN_LITERAL("a\xc3"));
    CASE(false, subject = tdm_span_text(long_subject));
#undef CASE
    tdm_buf empty = hex_bytes("80");
    for (size_t i = 0; i < count; i++)
        check_as_encoded(&events[i], &empty, good[i] ? TDM_OK : TDM_INVALID);
    tdm_buf_free(&empty);
}

static void a_check_knows_the_greatest_length(void **state)
{
    (void)state;
    static uint8_t blob[TDM_EVENT_MAX];
    tdm_event event = good_event();
    size_t refused = 0;
    for (size_t len = TDM_EVENT_MAX - 400; len < TDM_EVENT_MAX; len++) {
        tdm_buf payload = { 0 };
        tdm_buf out = { 0 };
        tdm_pack_map(&payload, 1);
        tdm_pack_uint(&payload, 1);
        tdm_pack_bin(&payload, blob, len);
        tdm_code code = tdm_event_encode(&event, tdm_buf_span(&payload), &out, NULL);
        check_as_encoded(&event, &payload, code);
        refused += code != TDM_OK;
        tdm_buf_free(&payload);
        tdm_buf_free(&out);
    }
    assert_in_range(refused, 1, 399);
}

static void a_check_sees_a_broken_payload(void **state)
{
    (void)state;
    static const char *const BROKEN[] = { "c0", "81 01", "80 80", "81 02 ca 00 00 00 00" };
    tdm_event event = good_event();
    for (size_t i = 0; i < TDM_COUNT(BROKEN); i++) {
        tdm_buf payload = hex_bytes(BROKEN[i]);
        check_as_encoded(&event, &payload, TDM_INVALID);
        tdm_buf_free(&payload);
    }
    for (size_t depth = 1; depth <= 2 * TDM_SCAN_DEPTH_MAX; depth++) {
        tdm_buf payload = { 0 };
        for (size_t i = 0; i < depth; i++) {
            tdm_pack_map(&payload, 1);
            tdm_pack_uint(&payload, 1);
        }
        tdm_pack_nil(&payload);
        check_as_encoded(&event, &payload, depth < TDM_SCAN_DEPTH_MAX ? TDM_OK : TDM_INVALID);
        tdm_buf_free(&payload);
    }
}

static void a_newer_version_is_unsupported_not_malformed(void **state)
{
    (void)state;
    tdm_event event;
    tdm_buf newer = hex_bytes("82 01 02 63 c0");
    assert_int_equal(tdm_event_decode(tdm_buf_span(&newer), &event, NULL), TDM_UNSUPPORTED);
    tdm_buf_free(&newer);
}

static void a_peek_at_broken_bytes_is_corrupt(void **state)
{
    (void)state;
    tdm_event event;
    tdm_err err = { 0 };
    tdm_buf bytes = hex_bytes(SESSION);
    assert_int_equal(tdm_event_peek(tdm_buf_span(&bytes), &event, &err), TDM_OK);
    assert_int_equal(event.sequence, 300);
    for (size_t len = 0; len < 80; len++) {
        assert_int_equal(tdm_event_peek((tdm_span){ bytes.data, len }, &event, &err), TDM_CORRUPT);
        assert_int_equal(err.code, TDM_CORRUPT);
    }
    tdm_buf_free(&bytes);
}

/* Peeking at a payload that was decoded reads the same; packing it leaves out what is not known. */
static void peek_and_pack(const tdm_record *record, tdm_span payload)
{
    tdm_record peeked, again;
    tdm_buf packed = { 0 };
    tdm_err err = { 0 };
    tdm_record_peek(record->type->number, payload, &peeked);
    assert_ptr_equal(peeked.type, record->type);
    assert_int_equal(peeked.unknown_fields, record->unknown_fields);
    tdm_record_pack(record, &packed);
    assert_int_equal(tdm_record_decode(record->type->number, tdm_buf_span(&packed), &again, &err), TDM_OK);
    assert_int_equal(again.unknown_fields, 0);
    assert_true((packed.len == payload.len) == (record->unknown_fields == 0));
    for (size_t i = 0; i < TDM_FIELDS_MAX; i++) {
        const tdm_value *value = &record->values[i];
        assert_int_equal(peeked.values[i].present, value->present);
        assert_int_equal(peeked.values[i].number, value->number);
        assert_ptr_equal(peeked.values[i].bytes.data, value->bytes.data);
        assert_int_equal(peeked.values[i].bytes.len, value->bytes.len);
        assert_int_equal(again.values[i].present, value->present);
        assert_int_equal(again.values[i].number, value->number);
        assert_true(tdm_span_equal(again.values[i].bytes, value->bytes));
    }
    tdm_buf_free(&packed);
}

/* Peeking never reads beyond what it is given, whatever that is (sanitizers look on). */
static void a_peek_at_a_cut_payload_stays_within(void **state)
{
    (void)state;
    tdm_event event;
    tdm_record record;
    tdm_err err = { 0 };
    tdm_buf bytes = hex_bytes(SESSION);
    assert_int_equal(tdm_event_decode(tdm_buf_span(&bytes), &event, &err), TDM_OK);
    for (size_t len = 0; len <= event.payload.len; len++) {
        uint8_t *cut = malloc(len > 0 ? len : 1); /* of just that length: a read beyond it is seen */
        assert_non_null(cut);
        memcpy(cut, event.payload.data, len);
        tdm_record_peek(event.type, (tdm_span){ cut, len }, &record);
        size_t present = 0;
        for (size_t i = 0; i < TDM_FIELDS_MAX; i++)
            present += record.values[i].present;
        assert_true(present <= record.type->field_count);
        free(cut);
    }
    tdm_buf_free(&bytes);
}

/* Decode, then encode from what was decoded: the same bytes. */
static void re_encode(tdm_span bytes)
{
    tdm_event event;
    tdm_err err = { 0 };
    tdm_buf out = { 0 };
    if (tdm_event_decode(bytes, &event, &err) != TDM_OK
        || tdm_event_encode(&event, event.payload, &out, &err) != TDM_OK)
        fail_msg("%s", err.what);
    assert_true(tdm_span_equal(tdm_buf_span(&out), bytes));
    tdm_record record;
    tdm_buf_clear(&out);
    if (tdm_type_find(event.type) != NULL) {
        assert_int_equal(tdm_record_decode(event.type, event.payload, &record, &err), TDM_OK);
        assert_int_equal(tdm_record_encode(&record, &out, &err), TDM_OK);
        if (record.unknown_fields == 0)
            assert_true(tdm_span_equal(tdm_buf_span(&out), event.payload));
        peek_and_pack(&record, event.payload);
    }
    tdm_buf_free(&out);
}

static void every_type_goes_round_with_random_values(void **state)
{
    (void)state;
    dice d = { 1 };
    size_t count;
    const tdm_type *types = tdm_types(&count);
    for (size_t i = 0; i < count; i++) {
        for (int round = 0; round < 100 && types[i].scope == TDM_SCOPE_SYSTEM; round++) {
            tdm_buf event = { 0 };
            random_event(&d, &types[i], &event);
            re_encode(tdm_buf_span(&event));
            tdm_buf_free(&event);
        }
    }
}

static void mutate(dice *d, tdm_buf *bytes)
{
    for (uint64_t times = 1 + dice_below(d, 3); times > 0 && bytes->len > 0; times--) {
        size_t at = dice_below(d, bytes->len);
        uint64_t how = dice_below(d, 4);
        if (how == 0)
            bytes->data[at] ^= (uint8_t)(1u << dice_below(d, 8));
        else if (how == 1)
            bytes->data[at] = (uint8_t)dice_roll(d);
        else if (how == 2)
            bytes->len = at;
        else
            memmove(bytes->data + at, bytes->data + at + 1, --bytes->len - at);
    }
}

/* What is tried lies in memory of its exact size, so that a sanitizer sees a read beyond it. */
static bool try_mutation(dice *d, tdm_span whole)
{
    tdm_buf changed = { 0 };
    tdm_event event;
    tdm_buf_add(&changed, whole.data, whole.len);
    mutate(d, &changed);
    uint8_t *exact = malloc(changed.len + 1);
    assert_non_null(exact);
    uint8_t *start = exact + 1; /* an empty input, too, ends where the memory ends */
    memcpy(start, changed.data, changed.len);
    tdm_span bytes = { start, changed.len };
    bool accepted = tdm_event_decode(bytes, &event, NULL) == TDM_OK;
    if (accepted)
        re_encode(bytes);
    free(exact);
    tdm_buf_free(&changed);
    return accepted;
}

static void mutations_are_refused_or_go_round(void **state)
{
    (void)state;
    dice d = { 2 };
    size_t accepted = 0;
    tdm_buf whole = { 0 };
    for (int round = 0; round < 200000; round++) {
        if (round % 20 == 0) {
            tdm_buf_clear(&whole);
            random_event(&d, random_type(&d), &whole);
        }
        accepted += try_mutation(&d, tdm_buf_span(&whole));
    }
    tdm_buf_free(&whole);
    assert_true(accepted > 1000 && accepted < 150000);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(PAYLOADS) + 24];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(PAYLOADS); i++)
        tests[count++] =
            (struct CMUnitTest){ PAYLOADS[i].name, check_payload, NULL, NULL, (void *)&PAYLOADS[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_session_is_read_key_by_key);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_session_is_written_as_by_hand);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_unknown_type_has_no_record);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(unknown_fields_are_counted);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(what_may_not_be_read_is_not_written);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_check_passes_what_can_be_encoded);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_check_knows_the_greatest_length);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_check_sees_a_broken_payload);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_newer_version_is_unsupported_not_malformed);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_peek_at_broken_bytes_is_corrupt);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_peek_at_a_cut_payload_stays_within);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_type_goes_round_with_random_values);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(mutations_are_refused_or_go_round);
    return _cmocka_run_group_tests("event", tests, count, NULL, NULL);
}
