/* SPDX-License-Identifier: MPL-2.0
 *
 * revision_test.c: units that add something else than they did, and the facts that came after a tide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"
#include "tandem/measure.h"

static const tdm_about UNITS[] = {
    { 1, "R0A", "R0A", "1" }, { 1, "R0A", "R0A", "2" }, { 1, "R0A", "R0A", "3" }, { 1, "R0A", "R0A", "4" }
};

static int tell_before(tdm_book *book)
{
    int session = 0;
    book_init(book);
    book_partner(book, 1, "R0A");
    book_partner(book, 2, "R0B");
    for (size_t i = 0; i < 3; i++)
        session = book_delivered(book, UNITS[i], "2017-04-05", 300, 12);
    book_at(book, "2018-04-20");
    book_tide(book);
    return session;
}

/* ---- what came late: a row tells something after the tide ---- */

static void tell_nothing(tdm_book *book, int session)
{
    (void)book;
    (void)session;
}

static void tell_link(tdm_book *book, int session)
{
    (void)session;
    book_assert(book, UNITS[0], "R0B", TDM_PHASE_IS_DELIVER);
}

static void tell_unit(tdm_book *book, int session)
{
    (void)session;
    book_delivered(book, UNITS[3], "2017-05-05", 200, -1);
}

static void move(tdm_book *book, int session)
{
    book_move_session(book, UNITS[2], session, "2017-04-06", 500);
}

static void move_out(tdm_book *book, int session)
{
    book_move_session(book, UNITS[2], session, "2018-04-06", 300);
}

static void take_back(tdm_book *book, int session)
{
    book_void(book, UNITS[2], session);
}

static void two(tdm_book *book, int session)
{
    tell_link(book, session);
    take_back(book, session);
}

static void another_year(tdm_book *book, int session)
{
    (void)session;
    book_delivered(book, UNITS[3], "2018-05-05", 200, -1);
}

static void of_the_hub(tdm_book *book, int session)
{
    (void)session;
    book_level_point(book, true, 2018, 800);
    book_match(book, "unit/R0A/1", "unit/R0A/2");
}

/* A line a unit: what it added, what it adds, and the late facts by type, author and recorded day. */
static const struct row {
    const char *name;
    void (*tell)(tdm_book *book, int session);
    const char *revised;
    const char *registry; /* late facts of the hub's own */
} ROWS[] = {
    { "nothing came late", tell_nothing, "", "" },
    { "a link of a unit", tell_link,
      "unit/R0A/1 1/300/12/0 1/300/12/1 link_assert of unit/R0A/1 by 1.101 at 10 on 17652,; ", "" },
    { "a unit that was not there", tell_unit,
      "unit/R0A/4 0/0/0/0 1/200/0/0 unit of unit/R0A/4 by 1.101 at 10 on 17652, session of unit/R0A/4 by "
      "1.101 at 11 on 17652,; ",
      "" },
    { "a session is corrected", move,
      "unit/R0A/3 1/300/12/0 1/500/12/0 correction of unit/R0A/3 by 1.101 at 10 on 17652,; ", "" },
    { "a session goes to another year", move_out,
      "unit/R0A/3 1/300/12/0 0/0/0/0 correction of unit/R0A/3 by 1.101 at 10 on 17652,; ", "" },
    { "a session is taken back", take_back,
      "unit/R0A/3 1/300/12/0 0/0/0/0 void of unit/R0A/3 by 1.101 at 10 on 17652,; ", "" },
    { "two units, in order of their names", two,
      "unit/R0A/1 1/300/12/0 1/300/12/1 link_assert of unit/R0A/1 by 1.101 at 10 on 17652,; unit/R0A/3 "
      "1/300/12/0 0/0/0/0 void of unit/R0A/3 by 1.101 at 11 on 17652,; ",
      "" },
    { "a unit of another year", another_year, "", "" },
    { "two are found to be one, and a target is set", of_the_hub,
      "unit/R0A/2 1/300/12/0 0/0/0/0 match of unit/R0A/1 by 0.100 at 7 on 17652,; ",
      " target of period/2018/19 by 0.100 at 6 on 17652, match of unit/R0A/1 by 0.100 at 7 on 17652," },
};

typedef struct seen {
    tdm_fold *now;
    tdm_frontier frontier;
    char text[2048];
} seen;

static void add(seen *s, const char *text)
{
    size_t len = strlen(s->text);
    (void)snprintf(s->text + len, sizeof s->text - len, "%s", text);
}

static void add_amounts(seen *s, const int64_t *n)
{
    char text[128];
    (void)snprintf(text, sizeof text, " %lld/%lld/%lld/%lld", (long long)n[0], (long long)n[1],
                   (long long)n[2], (long long)n[3]);
    add(s, text);
}

static tdm_code see_late(void *context, const tdm_late *late, tdm_err *err)
{
    (void)err;
    char text[160];
    (void)snprintf(text, sizeof text, " %s of %.*s by %d.%d at %d on %lld,", tdm_type_find(late->type)->name,
                   (int)late->fact.subject.len, (const char *)late->fact.subject.data, late->author.bytes[3],
                   (int)late->incarnation, (int)late->sequence, (long long)(late->recorded_ms / 86400000));
    add(context, text);
    return TDM_OK;
}

static tdm_code see_unit(void *context, const tdm_revised *revised, tdm_err *err)
{
    seen *s = context;
    char name[TDM_SUBJECT_MAX + 2];
    (void)snprintf(name, sizeof name, "%.*s", (int)revised->subject.len, (const char *)revised->subject.data);
    add(s, name);
    add_amounts(s, revised->before);
    add_amounts(s, revised->now);
    tdm_code code = tdm_fold_late(s->now, revised->subject, &s->frontier, see_late, s, err);
    add(s, "; ");
    return code;
}

static void check_row(void **state)
{
    const struct row *row = *state;
    tdm_fold_options options = { .has_authority = true, .authority = book_id(0) };
    tdm_book book;
    tdm_err err = { 0 };
    tdm_fold *before = NULL;
    seen s = { .text = "" };
    tdm_id hub = book_id(0);
    int session = tell_before(&book);
    int64_t ms = book.now_ms;
    book_at(&book, "2018-05-01");
    row->tell(&book, session);
    tdm_ledger *ledger = book_ledger(&book);
    tdm_period year;
    assert_int_equal(tdm_period_parse(TDM_SPAN_LITERAL("2017/18"), &year, &err), TDM_OK);
    assert_int_equal(tdm_frontier_at_time(ledger, &hub, ms, &s.frontier, &err), TDM_OK);
    assert_int_equal(tdm_fold_of(ledger, &options, &s.frontier, &before, &err), TDM_OK);
    s.now = book_fold(&book, false);
    assert_int_equal(tdm_folds_compare(before, s.now, year, see_unit, &s, &err), TDM_OK);
    assert_string_equal(s.text, row->revised);
    s.text[0] = 0;
    assert_int_equal(tdm_fold_late(s.now, (tdm_span){ NULL, 0 }, &s.frontier, see_late, &s, &err), TDM_OK);
    assert_string_equal(s.text, row->registry);
    tdm_fold_close(&before);
    tdm_fold_close(&s.now);
    tdm_frontier_free(&s.frontier);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("revision", tests, NULL, NULL);
}
