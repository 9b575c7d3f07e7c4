/* SPDX-License-Identifier: MPL-2.0
 *
 * query_test.c: facts, units, claims and likely matches as the fold tells them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"

static const tdm_about LEAD = { 1, "R0A", "R0A", "1" };
static const tdm_about PARTNER = { 2, "R0B", "R0A", "1" };

/* ---- the state of the answer to a claim ---- */

typedef struct answer_row {
    const char *name;
    void (*answer)(tdm_book *book, int assertion);
    const char *state;
} answer_row;

static void say_nothing(tdm_book *book, int assertion)
{
    (void)book;
    (void)assertion;
}

static void confirm(tdm_book *book, int assertion)
{
    book_confirm(book, PARTNER, TDM_PHASE_IS_DELIVER, LEAD, assertion);
}

static void dispute(tdm_book *book, int assertion)
{
    confirm(book, assertion);
    book_dispute(book, PARTNER, TDM_PHASE_IS_DELIVER);
}

static void confirm_other(tdm_book *book, int assertion)
{
    book_confirm(book, PARTNER, TDM_PHASE_IS_DELIVER, LEAD, assertion + 500);
}

static void confirm_after_dispute(tdm_book *book, int assertion)
{
    book_dispute(book, PARTNER, TDM_PHASE_IS_DELIVER);
    confirm(book, assertion);
}

static void answer_another_phase(tdm_book *book, int assertion)
{
    (void)assertion;
    book_dispute(book, PARTNER, TDM_PHASE_IS_PLAN);
}

static void assert_another(tdm_book *book, int assertion)
{
    (void)assertion;
    book_assert(book, PARTNER, "R0C", TDM_PHASE_IS_DELIVER);
}

static const answer_row ANSWERS[] = {
    { "a claim nobody answered is unanswered", say_nothing, "unanswered" },
    { "a claim confirmed is confirmed", confirm, "confirmed" },
    { "the latest answer is the one that counts", dispute, "disputed" },
    { "a confirmation of other content has lapsed", confirm_other, "lapsed" },
    { "a claim confirmed after a dispute is confirmed", confirm_after_dispute, "confirmed" },
    { "an answer about another phase is none", answer_another_phase, "unanswered" },
    { "a claim of the partner's own on another is no answer", assert_another, "unanswered" },
};

typedef struct pending_seen {
    size_t count;
    char state[16];
} pending_seen;

static tdm_code see_pending(void *context, const tdm_pending *pending, tdm_err *err)
{
    (void)err;
    pending_seen *seen = context;
    seen->count++;
    assert_non_null(pending->unit.type);
    snprintf(seen->state, sizeof seen->state, "%s", pending->state);
    return TDM_OK;
}

static void check_answer(void **state)
{
    const answer_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    tdm_id partner = book_id(2);
    tdm_id lead = book_id(1);
    book_two_partners(&book);
    book_delivered(&book, LEAD, "2017-09-12", 300, 12);
    row->answer(&book, book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER));
    tdm_fold *fold = book_fold(&book, false);
    pending_seen seen = { 0 };
    assert_int_equal(tdm_fold_claims_on(fold, &partner, see_pending, &seen, &err), TDM_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.state, row->state);
    seen.count = 0;
    assert_int_equal(tdm_fold_claims_on(fold, &lead, see_pending, &seen, &err), TDM_OK);
    assert_int_equal(seen.count, 0); /* nobody is asked about its own claims */
    tdm_fold_close(&fold);
    book_free(&book);
}

/* ---- units ---- */

typedef struct unit_seen {
    size_t count;
    size_t subjects;
    size_t claims;
    uint8_t status;
    int64_t hours;
    int64_t people;
    char name[TDM_SUBJECT_MAX];
} unit_seen;

static tdm_code see_unit(void *context, const tdm_unit *unit, tdm_err *err)
{
    (void)err;
    unit_seen *seen = context;
    seen->count++;
    seen->subjects = unit->subject_count;
    seen->claims = unit->claim_count;
    seen->status = unit->claim_count > 0 ? unit->claims[0].status : 0;
    seen->hours = unit->hours;
    seen->people = unit->people;
    snprintf(seen->name, sizeof seen->name, "%.*s", (int)unit->name.len, (const char *)unit->name.data);
    return TDM_OK;
}

static void check_units(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    book_two_partners(&book);
    book_delivered(&book, LEAD, "2017-09-12", 300, 12);
    book_delivered(&book, (tdm_about){ 2, "R0B", "R0B", "77" }, "2017-09-12", 300, 12);
    book_delivered(&book, (tdm_about){ 1, "R0A", "R0A", "2" }, "2017-09-12", 100, 2);
    book_match(&book, "unit/R0A/1", "unit/R0B/77");
    tdm_fold *fold = book_fold(&book, false);
    unit_seen seen = { 0 };
    assert_int_equal(tdm_fold_units(fold, (tdm_span){ NULL, 0 }, see_unit, &seen, &err), TDM_OK);
    assert_int_equal(seen.count, 2);
    memset(&seen, 0, sizeof seen);
    assert_int_equal(tdm_fold_units(fold, TDM_SPAN_LITERAL("R0B"), see_unit, &seen, &err), TDM_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.name, "unit/R0A/1");
    assert_int_equal(seen.subjects, 2);
    assert_int_equal(seen.claims, 1);
    assert_int_equal(seen.status, 3);
    assert_int_equal(seen.hours, 300);
    assert_int_equal(seen.people, 12);
    assert_int_equal(tdm_fold_unit(fold, TDM_SPAN_LITERAL("unit/R0B/77"), see_unit, &seen, &err), TDM_OK);
    assert_string_equal(seen.name, "unit/R0A/1");
    assert_int_equal(tdm_fold_unit(fold, TDM_SPAN_LITERAL("unit/R0A/9"), see_unit, &seen, &err),
                     TDM_NOT_FOUND);
    tdm_fold_counts counts;
    tdm_fold_counts_read(fold, &counts);
    assert_int_equal(counts.units, 2);
    assert_int_equal(counts.claims[3], 1);
    assert_int_equal(counts.events, (int64_t)book.count);
    assert_int_equal(counts.doubts, 0);
    tdm_fold_close(&fold);
    book_free(&book);
}

/* ---- what a unit is warned of ---- */

static void tell_delivered(tdm_book *book)
{
    book_delivered(book, LEAD, "2017-09-12", 300, 12);
}

static void tell_planned(tdm_book *book)
{
    book_unit(book, LEAD, TDM_STATUS_IS_PLANNED, "2017-09-12", NULL);
}

static void tell_cancelled(tdm_book *book)
{
    book_unit(book, LEAD, TDM_STATUS_IS_CANCELLED, "2017-09-12", NULL);
}

static void tell_stand_in(tdm_book *book)
{
    book_delivered(book, PARTNER, "2017-09-12", 300, 12);
}

static void tell_session_alone(tdm_book *book)
{
    book_session(book, LEAD, "2017-09-12", 300);
}

static void tell_stand_in_and_doubt(tdm_book *book)
{
    book_unit(book, PARTNER, TDM_STATUS_IS_PLANNED, "2017-09-12", NULL);
    book_assert(book, PARTNER, "R0Z", TDM_PHASE_IS_DELIVER);
}

static const struct warning_row {
    const char *name;
    void (*tell)(tdm_book *book);
    const char *warnings;
} WARNINGS[] = {
    { "a delivered unit of its lead is warned of nothing", tell_delivered, "" },
    { "a planned unit waits for a session", tell_planned, "no session counts yet;" },
    { "a cancelled unit waits for nothing", tell_cancelled, "" },
    { "a partner's record stands in", tell_stand_in,
      "the lead has not recorded this unit; another's record stands in;" },
    { "a session without its unit", tell_session_alone,
      "no organisation that may has recorded this unit yet;" },
    { "everything at once", tell_stand_in_and_doubt,
      "the lead has not recorded this unit; another's record stands in;no session counts yet;"
      "some of its facts are stored and not counted;" },
};

static tdm_code see_warnings(void *context, const tdm_unit *unit, tdm_err *err)
{
    (void)err;
    char *seen = context;
    for (size_t i = 0; i < unit->warning_count; i++) {
        size_t used = strlen(seen);
        snprintf(seen + used, 512 - used, "%s;", unit->warnings[i]);
    }
    return TDM_OK;
}

static void check_warnings(void **state)
{
    const struct warning_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    char seen[512] = "";
    book_two_partners(&book);
    row->tell(&book);
    tdm_fold *fold = book_fold(&book, false);
    assert_int_equal(tdm_fold_unit(fold, TDM_SPAN_LITERAL("unit/R0A/1"), see_warnings, seen, &err), TDM_OK);
    assert_string_equal(seen, row->warnings);
    tdm_fold_close(&fold);
    book_free(&book);
}

/* ---- likely matches ---- */

static tdm_code see_pair(void *context, tdm_span a, tdm_span b, int likeness, tdm_err *err)
{
    (void)err;
    (*(size_t *)context)++;
    assert_true(tdm_span_equal(a, TDM_SPAN_LITERAL("unit/R0A/1")));
    assert_true(tdm_span_equal(b, TDM_SPAN_LITERAL("unit/R0B/9")));
    assert_int_equal(likeness, 100);
    return TDM_OK;
}

static void tell_titled(tdm_book *book, tdm_about about, const char *title, const char *start)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record r;
    snprintf(subject, sizeof subject, "unit/%s/%s", about.lead, about.id);
    tdm_record_init(&r, TDM_TYPE_UNIT);
    tdm_record_set_text(&r, TDM_UNIT_RECORDER, about.recorder);
    tdm_record_set_text(&r, TDM_UNIT_LEAD, about.lead);
    tdm_record_set_text(&r, TDM_UNIT_UNIT_ID, about.id);
    tdm_record_set_number(&r, TDM_UNIT_KIND, TDM_UNITKIND_IS_PROGRAMME);
    tdm_record_set_number(&r, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&r, TDM_UNIT_TITLE, title);
    tdm_record_set_number(&r, TDM_UNIT_START, book_date(start));
    book_state(book, about.origin, subject, (int)book->count, &r);
}

static void check_likeness(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    book_two_partners(&book);
    tdm_about other = { 2, "R0B", "R0B", "9" };
    tdm_about far = { 2, "R0B", "R0B", "8" };
    tell_titled(&book, LEAD, "Leading Well Together", "2017-09-12");
    book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER);
    tell_titled(&book, other, "leading well - together", "2017-09-14");
    tell_titled(&book, far, "leading well together", "2017-09-20");
    tdm_fold *fold = book_fold(&book, false);
    size_t pairs = 0;
    assert_int_equal(tdm_fold_likely_matches(fold, 10, see_pair, &pairs, &err), TDM_OK);
    assert_int_equal(pairs, 1);
    tdm_fold_close(&fold);
    book_match(&book, "unit/R0A/1", "unit/R0B/9");
    fold = book_fold(&book, false);
    pairs = 0;
    assert_int_equal(tdm_fold_likely_matches(fold, 10, see_pair, &pairs, &err), TDM_OK);
    assert_int_equal(pairs, 0);
    tdm_fold_close(&fold);
    book_free(&book);
}

/* ---- facts ---- */

static tdm_code see_fact(void *context, const tdm_fact *fact, tdm_err *err)
{
    (void)err;
    size_t *sessions = context;
    if (fact->type == TDM_TYPE_SESSION && fact->visible && fact->amended)
        (*sessions)++;
    return TDM_OK;
}

static void check_facts(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    size_t sessions = 0;
    book_two_partners(&book);
    int session = book_delivered(&book, LEAD, "2017-09-12", 300, 12);
    book_move_session(&book, LEAD, session, "2017-09-13", 200);
    tdm_fold *fold = book_fold(&book, false);
    assert_int_equal(tdm_fold_facts(fold, TDM_SPAN_LITERAL("unit/R0A/1"), see_fact, &sessions, &err), TDM_OK);
    assert_int_equal(sessions, 1);
    assert_int_equal(tdm_fold_facts(fold, TDM_SPAN_LITERAL("unit/R0A/2"), see_fact, &sessions, &err),
                     TDM_NOT_FOUND);
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    static struct CMUnitTest tests[3 + TDM_COUNT(ANSWERS) + TDM_COUNT(WARNINGS)] = {
        { "units are listed once per class, by name or by organisation", check_units, NULL, NULL, NULL },
        { "a pair alike is proposed until it is matched", check_likeness, NULL, NULL, NULL },
        { "facts are told as they stand", check_facts, NULL, NULL, NULL },
    };
    size_t count = 3;
    for (size_t i = 0; i < TDM_COUNT(ANSWERS); i++)
        tests[count++] =
            (struct CMUnitTest){ ANSWERS[i].name, check_answer, NULL, NULL, (void *)&ANSWERS[i] };
    for (size_t i = 0; i < TDM_COUNT(WARNINGS); i++)
        tests[count++] =
            (struct CMUnitTest){ WARNINGS[i].name, check_warnings, NULL, NULL, (void *)&WARNINGS[i] };
    return _cmocka_run_group_tests("query", tests, count, NULL, NULL);
}
