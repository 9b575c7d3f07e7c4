/* SPDX-License-Identifier: MPL-2.0
 *
 * history_test.c: the random histories reach everything that the comparison with the engine wants to see, and
 * the oracle itself does not depend on order or repeats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "history.h"
#include "oracle.h"
#include "parts.h"
#include "tables.h"

#define SEEDS 200

static tdm_oracle *oracle_of(const tdm_history *history, const tdm_span *events, size_t count)
{
    tdm_oracle_options options = { .has_authority = history->has_authority, .authority = history->authority };
    tdm_oracle *oracle = NULL;
    assert_int_equal(tdm_oracle_open(&oracle, events, count, &options, NULL), TDM_OK);
    return oracle;
}

/* ---- what is reached: the sum of a field over the yearly totals and sectors of many histories */
typedef struct reach {
    const char *name;
    size_t field;
    tdm_dimension by;
    int64_t at_least;
} reach;

#define AT(field) offsetof(tdm_oracle_row, field)
static const reach REACHES[] = {
    { "units are delivered", AT(units), TDM_BY_TOTAL, 200 },
    { "units are cancelled", AT(cancelled), TDM_BY_TOTAL, 50 },
    { "links are asserted", AT(joint[0]), TDM_BY_TOTAL, 200 },
    { "links are corroborated", AT(joint[2]), TDM_BY_TOTAL, 100 },
    { "some in all three phases", AT(all_phases_units), TDM_BY_TOTAL, 3 },
    { "claims are disputed", AT(claims_disputed), TDM_BY_TOTAL, 20 },
    { "claims are unanswered", AT(claims_unanswered), TDM_BY_TOTAL, 100 },
    { "answers take days", AT(median_days), TDM_BY_TOTAL, 1000 },
    { "participants are estimated", AT(estimated), TDM_BY_TOTAL, 50 },
    { "participants are not reported", AT(unreported), TDM_BY_TOTAL, 50 },
    { "facts are late", AT(late), TDM_BY_TOTAL, 100 },
    { "returns are received", AT(returns_received), TDM_BY_TOTAL, 3 },
    { "figures are published", AT(published), TDM_BY_TOTAL, 5 },
    { "figures of sectors are published", AT(published), TDM_BY_SECTOR, 1 },
};

static int64_t sum_over(const tdm_history *history, const reach *wanted)
{
    tdm_level_question question = { .by = wanted->by, .as_of = history->today };
    tdm_span *events = tdm_sheaf_spans(&history->sheaf);
    tdm_oracle *oracle = oracle_of(history, events, history->sheaf.count);
    tdm_oracle_row *rows;
    size_t count;
    int64_t sum = 0;
    tdm_oracle_level(oracle, &question, &rows, &count);
    for (size_t i = 0; i < count; i++)
        sum += *(const int64_t *)((const char *)&rows[i] + wanted->field);
    free(rows);
    free(events);
    tdm_oracle_close(&oracle);
    return sum;
}

static void check_reach(void **state)
{
    const reach *row = *state;
    int64_t sum = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        tdm_history history;
        tdm_history_make(&history, seed);
        sum += sum_over(&history, row);
        tdm_history_free(&history);
    }
    assert_true(sum >= row->at_least);
}

static void check_types(void **state)
{
    size_t *seen = oracle_zeroed(1000, sizeof(*seen));
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        tdm_history history;
        tdm_history_make(&history, seed);
        tdm_span *events = tdm_sheaf_spans(&history.sheaf);
        for (size_t i = 0; i < history.sheaf.count; i++) {
            tdm_event event;
            assert_int_equal(tdm_event_decode(events[i], &event, NULL), TDM_OK);
            seen[event.type]++;
        }
        free(events);
        tdm_history_free(&history);
    }
    static const uint32_t AMENDMENTS[] = { TDM_TYPE_LINK_WITHDRAW,
                                           TDM_TYPE_LINK_AMEND,
                                           TDM_TYPE_CORRECTION,
                                           TDM_TYPE_VOID,
                                           TDM_TYPE_UNVOID,
                                           TDM_TYPE_INCARNATION,
                                           900 };
    for (size_t i = 0; i < TDM_COUNT(AMENDMENTS); i++)
        assert_true(seen[AMENDMENTS[i]] > 10);
    for (uint32_t type = TDM_TYPE_UNIT; type <= TDM_TYPE_ATTENDANCE; type++)
        assert_true(seen[type] > 100);
    for (uint32_t type = TDM_TYPE_UNIT_DESIGN; type <= TDM_TYPE_SUMMARY; type++)
        assert_true(tdm_type_find(type) == NULL || seen[type] > 50);
    free(seen);
}

/* Each table has cells. */
static void check_tables(void **state)
{
    size_t seen[TDM_TABLES_END] = { 0 };
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        tdm_history history;
        tdm_oracle_cell *cells;
        size_t count;
        tdm_history_make(&history, seed);
        tdm_span *events = tdm_sheaf_spans(&history.sheaf);
        tdm_oracle *oracle = oracle_of(&history, events, history.sheaf.count);
        tdm_oracle_tables(oracle, &cells, &count);
        for (size_t i = 0; i < count; i++)
            seen[cells[i].table]++;
        free(cells);
        tdm_oracle_close(&oracle);
        free(events);
        tdm_history_free(&history);
    }
    for (int table = 0; table < TDM_TABLES_END; table++)
        assert_true(tdm_oracle_table_name(table) == NULL || seen[table] > 40);
}

/* The lines of a history's tables. */
static char *tables_of(const tdm_oracle *oracle)
{
    tdm_oracle_cell *cells;
    size_t count, size;
    char *text;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    tdm_oracle_tables(oracle, &cells, &count);
    tdm_oracle_tables_print(out, cells, count);
    (void)fclose(out);
    free(cells);
    return text;
}

static void check_same_seed(void **state)
{
    (void)state;
    tdm_history a, b, c;
    tdm_history_make(&a, 17);
    tdm_history_make(&b, 17);
    tdm_history_make(&c, 18);
    assert_true(tdm_span_equal(tdm_buf_span(&a.sheaf.bytes), tdm_buf_span(&b.sheaf.bytes)));
    assert_false(tdm_span_equal(tdm_buf_span(&a.sheaf.bytes), tdm_buf_span(&c.sheaf.bytes)));
    tdm_history_free(&a);
    tdm_history_free(&b);
    tdm_history_free(&c);
}

/* The same events backwards, and every third of them twice. */
static tdm_span *backwards_with_repeats(const tdm_span *events, size_t count, size_t *out_count)
{
    tdm_span *out = NULL;
    *out_count = 0;
    for (size_t i = count; i > 0; i--) {
        ORACLE_PUSH(out, *out_count, events[i - 1]);
        if (i % 3 == 0)
            ORACLE_PUSH(out, *out_count, events[i - 1]);
    }
    return out;
}

static void compare_rows(const tdm_oracle *a, const tdm_oracle *b, const tdm_level_question *question)
{
    tdm_oracle_row *rows_a, *rows_b;
    size_t count_a, count_b;
    tdm_oracle_level(a, question, &rows_a, &count_a);
    tdm_oracle_level(b, question, &rows_b, &count_b);
    assert_int_equal(count_a, count_b);
    for (size_t i = 0; i < count_a; i++) {
        assert_true(tdm_span_equal(rows_a[i].group, rows_b[i].group));
        assert_int_equal(rows_a[i].period.number, rows_b[i].period.number);
#define X(field) assert_int_equal(rows_a[i].field, rows_b[i].field);
        TDM_ORACLE_ROW_FIELDS(X)
#undef X
    }
    free(rows_a);
    free(rows_b);
}

static void check_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS / 4; seed++) {
        tdm_history history;
        size_t count;
        tdm_history_make(&history, seed);
        tdm_span *events = tdm_sheaf_spans(&history.sheaf);
        tdm_span *others = backwards_with_repeats(events, history.sheaf.count, &count);
        tdm_oracle *a = oracle_of(&history, events, history.sheaf.count);
        tdm_oracle *b = oracle_of(&history, others, count);
        for (int by = TDM_BY_TOTAL; by <= TDM_BY_SECTOR; by++) {
            tdm_level_question question = { .by = (tdm_dimension)by, .as_of = history.today };
            compare_rows(a, b, &question);
        }
        char *tables_a = tables_of(a), *tables_b = tables_of(b);
        assert_string_equal(tables_a, tables_b);
        free(tables_a);
        free(tables_b);
        tdm_oracle_close(&a);
        tdm_oracle_close(&b);
        free(events);
        free(others);
        tdm_history_free(&history);
    }
}

/* ---- a rule broken on purpose shows in some history, so the histories test that rule */
typedef struct control {
    const char *name;
    tdm_oracle_faults faults;
} control;

static const control CONTROLS[] = {
    { "implied links matter to some history", { .no_implied_links = true } },
    { "disputes matter to some history", { .disputes_ignored = true } },
    { "digests matter to some history", { .any_digest_confirms = true } },
    { "matches matter to some history", { .matches_ignored = true } },
    { "successions matter to some history", { .succession_ignored = true } },
};

/* The corroborated and standing units of all months, which every one of these rules can move. */
static int64_t fingerprint(const tdm_history *history, const tdm_oracle_faults *faults)
{
    tdm_oracle_options options = { history->has_authority, history->authority, *faults };
    tdm_level_question question = { .period_kind = TDM_PERIOD_MONTH };
    tdm_span *events = tdm_sheaf_spans(&history->sheaf);
    tdm_oracle *oracle = NULL;
    tdm_oracle_row *rows;
    size_t count;
    int64_t print = 0;
    assert_int_equal(tdm_oracle_open(&oracle, events, history->sheaf.count, &options, NULL), TDM_OK);
    tdm_oracle_level(oracle, &question, &rows, &count);
    for (size_t i = 0; i < count; i++)
        print = (print * 31 + rows[i].joint[2] * 7 + rows[i].joint[1] * 3 + rows[i].units) % 1000000007;
    free(rows);
    free(events);
    tdm_oracle_close(&oracle);
    return print;
}

static void check_control(void **state)
{
    const control *row = *state;
    const tdm_oracle_faults none = { 0 };
    bool noticed = false;
    for (uint64_t seed = 1; seed <= SEEDS && !noticed; seed++) {
        tdm_history history;
        tdm_history_make(&history, seed);
        noticed = fingerprint(&history, &none) != fingerprint(&history, &row->faults);
        tdm_history_free(&history);
    }
    assert_true(noticed);
}

int main(void)
{
    struct CMUnitTest tests[4 + TDM_COUNT(REACHES) + TDM_COUNT(CONTROLS)] = {
        { "every type of event is stated", check_types, NULL, NULL, NULL },
        { "the same seed gives the same bytes, another one others", check_same_seed, NULL, NULL, NULL },
        { "every table has cells", check_tables, NULL, NULL, NULL },
        { "order and repeats change no row and no cell of the oracle", check_order, NULL, NULL, NULL },
    };
    for (size_t i = 0; i < TDM_COUNT(REACHES); i++)
        tests[4 + i] = (struct CMUnitTest){ REACHES[i].name, check_reach, NULL, NULL, (void *)&REACHES[i] };
    for (size_t i = 0; i < TDM_COUNT(CONTROLS); i++)
        tests[4 + TDM_COUNT(REACHES) + i] =
            (struct CMUnitTest){ CONTROLS[i].name, check_control, NULL, NULL, (void *)&CONTROLS[i] };
    return cmocka_run_group_tests_name("histories", tests, NULL, NULL);
}
