/* SPDX-License-Identifier: MPL-2.0
 *
 * doubts_test.c: facts that are stored and not counted, and why, as the fold tells them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "build.h"

static const tdm_about LEAD = { 1, "R0A", "R0A", "1" };

typedef struct doubt_row {
    const char *name;
    void (*tell)(tdm_book *book);
    const char *reason;
} doubt_row;

static void tell_other_name(tdm_book *book)
{
    book_unit(book, (tdm_about){ 2, "R0A", "R0A", "1" }, 0, "2017-09-12", NULL);
}

static void tell_stranger(tdm_book *book)
{
    char subject[] = "unit/R0A/1";
    book_unit(book, LEAD, 0, "2017-09-12", NULL);
    tdm_id target = book_id(1);
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_VOID);
    tdm_record_set_bytes(&r, TDM_VOID_TARGET_ORIGIN, (tdm_span){ target.bytes, sizeof target.bytes });
    book_state(book, 2, subject, 1000 + (int)book->count - 1, &r);
}

static void tell_waiting(tdm_book *book)
{
    book_void(book, LEAD, 4711);
}

static void tell_outside(tdm_book *book)
{
    book_unit(book, LEAD, 0, "2017-09-12", "2017-09-30");
    book_session(book, LEAD, "2017-10-01", 300);
}

static void tell_not_hubs(tdm_book *book)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_TARGET);
    tdm_record_set_number(&r, TDM_TARGET_YEAR, 2017);
    tdm_record_set_number(&r, TDM_TARGET_LEVEL, 0);
    book_state(book, 1, "period/2017/18", 1, &r);
}

static void tell_conflict(tdm_book *book)
{
    char subject[] = "unit/R0A/1";
    for (int hours = 1; hours <= 2; hours++) {
        tdm_record r;
        tdm_record_init(&r, TDM_TYPE_SESSION);
        tdm_record_set_text(&r, TDM_SESSION_RECORDER, "R0A");
        tdm_record_set_number(&r, TDM_SESSION_DATE, 17000);
        tdm_record_set_number(&r, TDM_SESSION_HOURS, hours);
        book_state(book, 1, subject, 5, &r);
    }
}

static void tell_unregistered(tdm_book *book)
{
    book_assert(book, LEAD, "R0Z", TDM_PHASE_IS_DELIVER);
}

/* A session that says nothing: what a log of another schema might hold. */
static void tell_unreadable(tdm_book *book)
{
    tdm_event event;
    tdm_err err = { 0 };
    book_unit(book, LEAD, 0, "2017-09-12", NULL);
    book_session(book, LEAD, "2017-09-12", 300);
    assert_int_equal(tdm_event_peek(book->events[book->count - 1], &event, &err), TDM_OK);
    *(uint8_t *)event.payload.data = 0x80; /* an empty map, and bytes after it */
}

static const doubt_row DOUBTS[] = {
    { "a session that cannot be read is listed", tell_unreadable, "unreadable" },
    { "a fact in another's name is listed", tell_other_name, "in another's name" },
    { "an amendment by a stranger is listed", tell_stranger, "not the author's" },
    { "an amendment without its target is listed", tell_waiting, "waits for its target" },
    { "a session outside the unit's dates is listed", tell_outside, "outside the unit's dates" },
    { "a target that a partner states is listed", tell_not_hubs, "not the hub's" },
    { "one name with two contents is listed", tell_conflict, "conflict" },
    { "a link to an organisation nobody registered is listed", tell_unregistered,
      "organisation not registered" },
};

typedef struct doubt_seen {
    size_t count;
    char reason[64];
} doubt_seen;

static tdm_code see_doubt(void *context, const tdm_fact *fact, const char *reason, tdm_err *err)
{
    (void)err;
    doubt_seen *seen = context;
    assert_true(fact->subject.len > 0);
    seen->count++;
    snprintf(seen->reason, sizeof seen->reason, "%s", reason);
    return TDM_OK;
}

static void check_doubt(void **state)
{
    const doubt_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    book_two_partners(&book);
    row->tell(&book);
    tdm_fold *fold = book_fold(&book, false);
    doubt_seen seen = { 0 };
    assert_int_equal(tdm_fold_doubts(fold, 10, see_doubt, &seen, &err), TDM_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.reason, row->reason);
    tdm_fold_counts counts;
    tdm_fold_counts_read(fold, &counts);
    assert_int_equal(counts.doubts, 1);
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    static struct CMUnitTest tests[TDM_COUNT(DOUBTS)];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(DOUBTS); i++)
        tests[count++] = (struct CMUnitTest){ DOUBTS[i].name, check_doubt, NULL, NULL, (void *)&DOUBTS[i] };
    return _cmocka_run_group_tests("doubts", tests, count, NULL, NULL);
}
