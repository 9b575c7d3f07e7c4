/* SPDX-License-Identifier: MPL-2.0
 *
 * people_bytes_test.c: summary cells as bytes and back; damaged keys, values and rows are told and do no
 * harm.
 */
#include "people_rows.h"
#include "tandem/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Cells in their order, and keys in the same. */
static void check_order(const tdm_summary_cell *a, const tdm_summary_cell *b, const tdm_buf *a_key,
                        const tdm_buf *b_key)
{
    int64_t left[] = { a->table, a->period.kind, a->period.number, tdm_span_compare(a->a, b->a),
                       tdm_span_compare(a->b, b->b) };
    int64_t right[] = { b->table, b->period.kind, b->period.number, 0, 0 };
    size_t i = 0;
    while (i < TDM_COUNT(left) - 1 && left[i] == right[i])
        i++;
    assert_true(left[i] < right[i]);
    assert_true(tdm_span_compare(tdm_buf_span(a_key), tdm_buf_span(b_key)) < 0);
}

static void cells_come_back_from_bytes(void **state)
{
    (void)state;
    dice d = { 4 };
    size_t cells = 0;
    for (size_t round = 0; round < 40; round++) {
        tdm_summary made, again;
        size_t count;
        random_person(&d, &made);
        tdm_summary_init(&again);
        const tdm_summary_cell **sorted = tdm_summary_sorted(&made, &count);
        tdm_buf keys[2] = { { 0 }, { 0 } };
        for (size_t i = 0; i < count; i++, cells++) {
            tdm_summary_cell cell;
            tdm_buf *key = &keys[i % 2];
            tdm_buf value = { 0 };
            tdm_buf_clear(key);
            assert_int_equal(tdm_summary_encode(sorted[i], key, &value, NULL), TDM_OK);
            assert_int_equal(tdm_summary_decode(tdm_buf_span(key), tdm_buf_span(&value), &cell, NULL),
                             TDM_OK);
            assert_int_equal(tdm_summary_add(&again, &cell, NULL), TDM_OK);
            if (i > 0)
                check_order(sorted[i - 1], sorted[i], &keys[(i + 1) % 2], key);
            tdm_buf_free(&value);
        }
        assert_true(tdm_summary_equal(&made, &again));
        assert_true(tdm_summary_equal(&again, &made));
        free(sorted);
        tdm_buf_free(&keys[0]);
        tdm_buf_free(&keys[1]);
        tdm_summary_free(&made);
        tdm_summary_free(&again);
    }
    assert_in_range(cells, 1000, SIZE_MAX / 2);
}

/* Such a cell can be a fact: the schema takes its payload. */
static void check_statable(const tdm_summary_cell *cell)
{
    static const tdm_scan_limits LIMITS = { TDM_EVENT_MAX, TDM_SCAN_DEPTH_MAX, TDM_EVENT_MAX };
    tdm_record record;
    tdm_buf payload = { 0 };
    char period[16];
    tdm_period_text(cell->period, period);
    tdm_record_init(&record, TDM_TYPE_SUMMARY);
    tdm_record_set_text(&record, TDM_SUMMARY_RECORDER, "AB1");
    tdm_record_set_number(&record, TDM_SUMMARY_TABLE, cell->table);
    tdm_record_set_text(&record, TDM_SUMMARY_PERIOD, period);
    tdm_record_set_bytes(&record, TDM_SUMMARY_A, cell->a);
    tdm_record_set_bytes(&record, TDM_SUMMARY_B, cell->b);
    tdm_record_set_number(&record, TDM_SUMMARY_COUNT, 1);
    assert_int_equal(tdm_record_encode(&record, &payload, NULL), TDM_OK);
    assert_int_equal(tdm_scan(tdm_buf_span(&payload), &LIMITS, NULL), TDM_OK);
    tdm_buf_free(&payload);
}

/* From memory of just this length; what is taken encodes to the same bytes. */
static bool is_taken(tdm_span key, tdm_span value)
{
    uint8_t *cut = malloc(key.len > 0 ? key.len : 1);
    tdm_summary_cell cell;
    tdm_buf again[2] = { { 0 }, { 0 } };
    assert_non_null(cut);
    memcpy(cut, key.data, key.len);
    bool taken = tdm_summary_decode((tdm_span){ cut, key.len }, value, &cell, NULL) == TDM_OK;
    if (taken) {
        check_statable(&cell);
        assert_int_equal(tdm_summary_encode(&cell, &again[0], &again[1], NULL), TDM_OK);
        assert_true(tdm_span_equal(tdm_buf_span(&again[0]), key));
        assert_true(tdm_span_equal(tdm_buf_span(&again[1]), value));
    }
    tdm_buf_free(&again[0]);
    tdm_buf_free(&again[1]);
    free(cut);
    return taken;
}

static const tdm_summary_cell SAMPLE = { .table = 7,
                                         .period = { TDM_PERIOD_QUARTER, 8071 },
                                         .n = { 1, -2, INT64_MAX, INT64_MIN } };

static void damage_is_told_or_is_another_cell(void **state)
{
    (void)state;
    tdm_buf key = { 0 };
    tdm_buf value = { 0 };
    tdm_summary_cell cell = SAMPLE;
    cell.a = TDM_SPAN_LITERAL("ab\xc3\xa9");
    cell.b = TDM_SPAN_LITERAL("c");
    dice d = { 5 };
    size_t taken = 0;
    assert_int_equal(tdm_summary_encode(&cell, &key, &value, NULL), TDM_OK);
    assert_true(is_taken(tdm_buf_span(&key), tdm_buf_span(&value)));
    for (size_t len = 0; len < value.len; len++)
        assert_false(is_taken(tdm_buf_span(&key), (tdm_span){ value.data, len }));
    for (size_t len = 0; len < key.len - 1; len++) /* one without its b is a cell */
        assert_false(is_taken((tdm_span){ key.data, len }, tdm_buf_span(&value)));
    for (size_t at = 0; at < key.len; at++) {
        uint8_t was = key.data[at];
        for (int byte = 0; byte < 256; byte++) {
            key.data[at] = (uint8_t)byte;
            taken += is_taken(tdm_buf_span(&key), tdm_buf_span(&value));
        }
        key.data[at] = was;
    }
    assert_in_range(taken, 100, 256 * key.len / 2);
    for (size_t round = 0; round < 20000; round++) {
        uint8_t noise[140];
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)dice_below(&d, round % 2 == 0 ? 256 : 3);
        (void)is_taken((tdm_span){ noise, dice_below(&d, sizeof noise) }, tdm_buf_span(&value));
    }
    tdm_buf_free(&key);
    tdm_buf_free(&value);
}

static void bounds_of_a_cell(void **state)
{
    (void)state;
    char long_text[62];
    memset(long_text, 'x', sizeof long_text);
    long_text[61] = 0;
    tdm_summary set;
    tdm_summary_init(&set);
    tdm_summary_cell cells[6];
    for (size_t i = 0; i < TDM_COUNT(cells); i++)
        cells[i] = SAMPLE;
    cells[0].a = tdm_span_text(long_text);
    cells[1].b = tdm_span_text(long_text);
    cells[2].a = TDM_SPAN_LITERAL("a\0b");
    cells[3].table = 100;
    cells[4].period = (tdm_period){ TDM_PERIOD_YEAR, 10000 };
    cells[5].period.kind = (tdm_period_kind)3;
    for (size_t i = 0; i < TDM_COUNT(cells); i++) {
        tdm_buf bytes = { 0 };
        assert_int_equal(tdm_summary_add(&set, &cells[i], NULL), TDM_INVALID);
        assert_int_equal(tdm_summary_encode(&cells[i], &bytes, &bytes, NULL), TDM_INVALID);
        assert_null(tdm_summary_find(&set, &cells[i]));
        assert_int_equal(bytes.len, 0);
    }
    cells[0].a.len = TDM_SUMMARY_TEXT_MAX;
    cells[0].b = cells[0].a;
    assert_int_equal(tdm_summary_add(&set, &cells[0], NULL), TDM_OK);
    assert_non_null(tdm_summary_find(&set, &cells[0]));
    tdm_summary_free(&set);
}

/* ---- rows ---- */

static void what_cannot_be_read_is_skipped(void **state)
{
    (void)state;
    static person_rows rows;
    static const uint8_t NO_MAP[] = { 0x01 };
    static const uint8_t INCARNATION[] = { 0x81, 0x01, 0x01 };
    static const uint8_t NO_TEXT[] = { 0x82, 0x01, 0xa1, 'k', 0x03, 0xa1, 0xff };
    static const uint8_t CUT[] = { 0x83, 0x01 };
    tdm_summary set, sound;
    tdm_summary_init(&set);
    tdm_summary_init(&sound);
    attendance_row(&rows, "AB1/u", 17700);
    assert_int_equal(count_person(&rows, 17800, &sound), 0);
    tdm_buf good = { 0 };
    attendance_row(&rows, "AB1/u", 17700);
    tdm_buf_add(&good, rows.rows[0].payload.data, rows.rows[0].payload.len);
    rows_add_bytes(&rows, 299, tdm_buf_span(&good)); /* no type */
    rows_add_bytes(&rows, TDM_TYPE_INCARNATION,
                   (tdm_span){ INCARNATION, sizeof INCARNATION });                  /* sound, no person's */
    rows_add_bytes(&rows, TDM_TYPE_DEVELOPMENT, tdm_buf_span(&good));               /* of another type */
    rows_add_bytes(&rows, TDM_TYPE_PROFILE, (tdm_span){ NO_TEXT, sizeof NO_TEXT }); /* no UTF-8 */
    rows_add_bytes(&rows, TDM_TYPE_PERSON_ATTENDANCE, (tdm_span){ NO_MAP, sizeof NO_MAP });
    rows_add_bytes(&rows, TDM_TYPE_PERSON_ATTENDANCE, (tdm_span){ CUT, sizeof CUT });
    rows_add_bytes(&rows, TDM_TYPE_PERSON_ATTENDANCE, (tdm_span){ good.data, good.len - 1 });
    rows_add_bytes(&rows, TDM_TYPE_PERSON_ATTENDANCE, (tdm_span){ NULL, 0 });
    ROW(&rows, TDM_TYPE_POST_HELD, { TDM_POST_HELD_POST, 0, "p" }, { TDM_POST_HELD_FROM, 17000, NULL });
    assert_int_equal(count_person(&rows, 17800, &set), 8);
    assert_true(tdm_summary_equal(&set, &sound));
    assert_int_equal(tdm_person_count(NULL, 0, 17800, &set, NULL, NULL), TDM_OK);
    tdm_buf_free(&good);
    tdm_summary_free(&set);
    tdm_summary_free(&sound);
}

static void damaged_rows_do_no_harm(void **state)
{
    (void)state;
    static person_rows rows;
    dice d = { 8 };
    size_t told = 0;
    size_t all = 0;
    for (size_t round = 0; round < 400; round++) {
        tdm_summary set;
        tdm_summary_init(&set);
        for (size_t i = 0; i < 20; i++, all++) {
            add_random_row(&d, &rows);
            tdm_buf *payload = &rows.payloads[i];
            payload->data[dice_below(&d, payload->len)] = (uint8_t)dice_below(&d, 256);
        }
        told += count_person(&rows, (tdm_date)dice_between(&d, INT32_MIN, INT32_MAX), &set);
        tdm_summary_free(&set);
    }
    assert_in_range(told, all / 10, all - all / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_come_back_from_bytes), cmocka_unit_test(damage_is_told_or_is_another_cell),
        cmocka_unit_test(bounds_of_a_cell),           cmocka_unit_test(what_cannot_be_read_is_skipped),
        cmocka_unit_test(damaged_rows_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
