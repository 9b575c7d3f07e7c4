/* SPDX-License-Identifier: MPL-2.0
 *
 * asof_test.c: what the hub's tides say was held at a moment, over the stores the hub has had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"

/* Numbers of incarnations say nothing of their order: generations do. */
enum { FIRST = 300, SECOND = 100, THIRD = 200 };
enum { WHOLE = -1 }; /* all of that store's log */

static const tdm_about UNITS[] = { { 1, "R0A", "R0A", "1" },
                                   { 1, "R0A", "R0A", "2" },
                                   { 1, "R0A", "R0A", "3" } };

/* The hub's log: FIRST 1 generation, 2 organisation, 3 represents, 4 tide; SECOND 1 generation, 2 a
 * generation that is not the log's first event, 3 part of a tide, 4 tide; THIRD 1 generation, 2 to 4 target
 * points, 5 tide. Node 1 states a unit with a session before each tide. */
static void tell(tdm_book *book)
{
    book_init(book);
    book_store(book, 0, FIRST, 1);
    book_partner(book, 1, "R0A");
    book_delivered(book, UNITS[0], "2017-04-05", 300, -1);
    book_at(book, "2017-05-01");
    book_tide(book);
    book_store(book, 0, SECOND, 2);
    book_generation(book, 0, 9);
    book_delivered(book, UNITS[1], "2017-04-06", 300, -1);
    book_at(book, "2017-06-01");
    book_part_of_tide(book);
    book_at(book, "2017-06-05");
    book_tide(book);
    book_store(book, 0, THIRD, 3);
    for (int year = 2017; year < 2020; year++)
        book_level_point(book, true, year, 800);
    book_delivered(book, UNITS[2], "2017-04-07", 300, -1);
    book_at(book, "2017-07-01");
    book_tide(book);
}

typedef struct reach {
    int first, second, third; /* sequence that is covered, WHOLE, or 0 */
    int units;                /* of node 1, two events each */
} reach;

static void check_one(const tdm_frontier *frontier, const tdm_id *origin, uint64_t incarnation, int last)
{
    if (last == WHOLE) {
        assert_true(tdm_frontier_covers(frontier, origin, incarnation, UINT64_MAX));
        return;
    }
    assert_int_equal(tdm_frontier_covers(frontier, origin, incarnation, (uint64_t)last), last > 0);
    assert_false(tdm_frontier_covers(frontier, origin, incarnation, (uint64_t)last + 1));
}

static void check_reach(const tdm_frontier *frontier, const reach *wanted)
{
    tdm_id hub = book_id(0);
    tdm_id node = book_id(1);
    check_one(frontier, &hub, FIRST, wanted->first);
    check_one(frontier, &hub, SECOND, wanted->second);
    check_one(frontier, &hub, THIRD, wanted->third);
    check_one(frontier, &node, 101, 2 * wanted->units);
    assert_int_equal(frontier->count,
                     1 + (wanted->first != 0) + (wanted->second != 0) + (wanted->third != 0));
}

/* ---- a moment ---- */

static const struct moment_row {
    const char *name;
    const char *time;
    reach wanted;
} MOMENTS[] = {
    { "the day after the first tide", "2017-05-02", { 4, 0, 0, 1 } },
    { "a month later nothing else was stated", "2017-05-31", { 4, 0, 0, 1 } },
    { "a part of a tide is no tide", "2017-06-02", { 4, 0, 0, 1 } },
    { "a tide of the second store covers the whole of the first", "2017-06-06", { WHOLE, 4, 0, 2 } },
    { "a tide of the third covers both", "2017-07-02", { WHOLE, WHOLE, 5, 3 } },
    { "the last tide goes on being the last", "2027-01-01", { WHOLE, WHOLE, 5, 3 } },
};

static void check_moment(void **state)
{
    const struct moment_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    tdm_frontier frontier;
    tdm_id hub = book_id(0);
    tell(&book);
    tdm_ledger *ledger = book_ledger(&book);
    int64_t ms = (int64_t)book_date(row->time) * 86400000;
    assert_int_equal(tdm_frontier_at_time(ledger, &hub, ms, &frontier, &err), TDM_OK);
    check_reach(&frontier, &row->wanted);
    tdm_frontier_free(&frontier);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

/* ---- a tide ---- */

static const struct tide_row {
    const char *name;
    uint64_t incarnation, sequence;
    tdm_code code;
    reach wanted;
} TIDES[] = {
    { "the first store's tide", FIRST, 4, TDM_OK, { 4, 0, 0, 1 } },
    { "the second store's, of the same sequence", SECOND, 4, TDM_OK, { WHOLE, 4, 0, 2 } },
    { "the third store's", THIRD, 5, TDM_OK, { WHOLE, WHOLE, 5, 3 } },
    { "no tide of that sequence in that store", THIRD, 4, TDM_NOT_FOUND, { 0 } },
    { "no such store", FIRST + 1, 4, TDM_NOT_FOUND, { 0 } },
};

static void check_tide(void **state)
{
    const struct tide_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    tdm_frontier frontier;
    tdm_id hub = book_id(0);
    tell(&book);
    tdm_ledger *ledger = book_ledger(&book);
    assert_int_equal(tdm_frontier_of_tide(ledger, &hub, row->incarnation, row->sequence, &frontier, &err),
                     row->code);
    if (row->code == TDM_OK)
        check_reach(&frontier, &row->wanted);
    else
        assert_int_equal(frontier.count, 0);
    tdm_frontier_free(&frontier);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

/* ---- who states tides ---- */

static void check_time_on_the_dot(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    tdm_frontier frontier;
    tdm_id hub = book_id(0);
    tell(&book);
    tdm_ledger *ledger = book_ledger(&book);
    int64_t first = ((int64_t)book_date("2017-05-01") * 24 + 12) * 3600000;
    assert_int_equal(tdm_frontier_at_time(ledger, &hub, first - 1, &frontier, &err), TDM_NOT_FOUND);
    tdm_frontier_free(&frontier);
    assert_int_equal(tdm_frontier_at_time(ledger, &hub, first, &frontier, &err), TDM_OK);
    tdm_frontier_free(&frontier);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

static void check_stranger(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    tdm_frontier frontier;
    tdm_id node = book_id(1);
    tell(&book);
    tdm_ledger *ledger = book_ledger(&book);
    int64_t ms = (int64_t)book_date("2027-01-01") * 86400000;
    assert_int_equal(tdm_frontier_at_time(ledger, &node, ms, &frontier, &err), TDM_NOT_FOUND);
    assert_int_equal(tdm_frontier_of_tide(ledger, &node, FIRST, 4, &frontier, &err), TDM_NOT_FOUND);
    tdm_frontier_free(&frontier);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

/* Each moment's figures are those of a fold over just what it covers. */
static void check_figures(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    tdm_id hub = book_id(0);
    tell(&book);
    tdm_ledger *ledger = book_ledger(&book);
    tdm_fold_options options = { .has_authority = true, .authority = hub };
    for (size_t i = 0; i < TDM_COUNT(MOMENTS); i++) {
        tdm_frontier frontier;
        tdm_fold *fold = NULL;
        int64_t ms = (int64_t)book_date(MOMENTS[i].time) * 86400000;
        assert_int_equal(tdm_frontier_at_time(ledger, &hub, ms, &frontier, &err), TDM_OK);
        assert_int_equal(tdm_fold_of(ledger, &options, &frontier, &fold, &err), TDM_OK);
        assert_int_equal(book_row(fold, TDM_BY_TOTAL, TDM_WEIGHT_COUNT, "2017/18", "").units,
                         MOMENTS[i].wanted.units);
        tdm_fold_close(&fold);
        tdm_frontier_free(&frontier);
    }
    tdm_ledger_close(&ledger);
    book_free(&book);
}

/* ---- what one event moves: the same with it and without it ---- */

static int64_t hours_of(tdm_ledger *ledger, const tdm_span *subjects, size_t count, const tdm_event *except)
{
    const tdm_fold_options options = { .has_authority = true, .authority = book_id(0) };
    tdm_err err = { 0 };
    tdm_fold *fold = NULL;
    assert_int_equal(tdm_fold_about(ledger, &options, subjects, count, except, &fold, &err), TDM_OK);
    int64_t hours = book_row(fold, TDM_BY_TOTAL, TDM_WEIGHT_HOURS, "2017/18", "").amount;
    tdm_fold_close(&fold);
    return hours;
}

static void check_one_left_out(void **state)
{
    (void)state;
    tdm_book book;
    tdm_event session;
    const tdm_span first = TDM_SPAN_LITERAL("unit/R0A/1");
    book_init(&book);
    book_partner(&book, 1, "R0A");
    book_delivered(&book, UNITS[0], "2017-04-05", 300, -1);
    int moved = book_session(&book, UNITS[0], "2017-04-06", 100);
    assert_int_equal(tdm_event_peek(book.events[book.count - 1], &session, NULL), TDM_OK);
    book_move_session(&book, UNITS[0], moved, "2017-04-06", 150);
    book_delivered(&book, UNITS[1], "2017-04-05", 700, -1);
    tdm_event correction = session;
    correction.sequence++;
    tdm_event stranger = session;
    stranger.incarnation++;
    tdm_ledger *ledger = book_ledger(&book);
    assert_int_equal(hours_of(ledger, NULL, 0, NULL), 300 + 150 + 700);
    assert_int_equal(hours_of(ledger, NULL, 0, &session), 300 + 700);
    assert_int_equal(hours_of(ledger, NULL, 0, &correction), 300 + 100 + 700);
    assert_int_equal(hours_of(ledger, NULL, 0, &stranger), 300 + 150 + 700);
    assert_int_equal(hours_of(ledger, &first, 1, NULL), 300 + 150);
    assert_int_equal(hours_of(ledger, &first, 1, &session), 300);
    assert_int_equal(hours_of(ledger, &first, 1, &correction), 300 + 100);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

int main(void)
{
    enum { OTHERS = 4 };
    struct CMUnitTest tests[TDM_COUNT(MOMENTS) + TDM_COUNT(TIDES) + OTHERS] = {
        { "a tide holds from the moment it names", check_time_on_the_dot, NULL, NULL, NULL },
        { "only the authority states tides", check_stranger, NULL, NULL, NULL },
        { "one event left out, of all or of one unit", check_one_left_out, NULL, NULL, NULL },
        { "the figures of a moment are those of what it covers", check_figures, NULL, NULL, NULL },
    };
    size_t count = OTHERS;
    for (size_t i = 0; i < TDM_COUNT(MOMENTS); i++)
        tests[count++] =
            (struct CMUnitTest){ MOMENTS[i].name, check_moment, NULL, NULL, (void *)&MOMENTS[i] };
    for (size_t i = 0; i < TDM_COUNT(TIDES); i++)
        tests[count++] = (struct CMUnitTest){ TIDES[i].name, check_tide, NULL, NULL, (void *)&TIDES[i] };
    return cmocka_run_group_tests_name("as of", tests, NULL, NULL);
}
