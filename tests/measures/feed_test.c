/* SPDX-License-Identifier: MPL-2.0
 *
 * feed_test.c: what a partner's node is sent of others' facts, and in which order.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "build.h"

static const tdm_about LEAD = { 1, "R0A", "R0A", "1" };
static const tdm_about PARTNER = { 2, "R0B", "R0A", "1" };

/* Positions of a recipient's feed from number 1 on; numbers must be dense. */
static size_t read_feed(tdm_fold *fold, int recipient, uint64_t *positions, size_t max)
{
    tdm_id id = book_id(recipient);
    uint64_t number = 0;
    uint64_t after = 0;
    tdm_err err = { 0 };
    size_t count = 0;
    while (count < max && tdm_fold_feed_next(fold, &id, after, &number, &positions[count], &err) == TDM_OK) {
        assert_int_equal(number, after + 1);
        after = number;
        count++;
    }
    assert_int_equal(tdm_fold_feed_last(fold, &id), count);
    return count;
}

static void expect(const tdm_book *book, int recipient, const uint64_t *want, size_t want_count)
{
    uint64_t got[64];
    tdm_fold *fold = book_fold(book, true);
    size_t count = read_feed(fold, recipient, got, TDM_COUNT(got));
    assert_int_equal(count, want_count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(got[i], want[i]);
    tdm_fold_close(&fold);
}

/* Positions are counted from 1; the two partners take 1 to 4. */
static void start(tdm_book *book)
{
    book_init(book);
    book_partner(book, 1, "R0A");
    book_partner(book, 2, "R0B");
}

static void check_named_partner(void **state)
{
    (void)state;
    tdm_book book;
    start(&book);
    book_delivered(&book, LEAD, "2017-09-12", 300, 12);    /* 5 unit, 6 session, 7 attendance */
    book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER); /* 8 names R0B */
    book_session(&book, LEAD, "2017-09-20", 300);          /* 9 */
    book_delivered(&book, (tdm_about){ 1, "R0A", "R0A", "2" }, "2017-09-12", 300, 12); /* not R0B's */
    expect(&book, 2, (const uint64_t[]){ 5, 6, 8, 9 }, 4);
    expect(&book, 1, NULL, 0);
    book_free(&book);
}

static void check_answers_go_back(void **state)
{
    (void)state;
    tdm_book book;
    start(&book);
    book_unit(&book, LEAD, 0, "2017-09-12", NULL);                         /* 5 */
    int assertion = book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER); /* 6 */
    book_confirm(&book, PARTNER, TDM_PHASE_IS_DELIVER, LEAD, assertion);   /* 7 */
    expect(&book, 1, (const uint64_t[]){ 7 }, 1);
    expect(&book, 2, (const uint64_t[]){ 5, 6 }, 2);
    book_free(&book);
}

static void check_late_represents(void **state)
{
    (void)state;
    tdm_book book;
    book_init(&book);
    book_partner(&book, 1, "R0A");
    book_organisation(&book, "R0B", 0, NULL, 0); /* 3 */
    tdm_about second = { 1, "R0A", "R0A", "0" };
    book_unit(&book, LEAD, 0, "2017-09-12", NULL);           /* 4 */
    book_unit(&book, second, 0, "2017-09-12", NULL);         /* 5 */
    book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER);   /* 6 */
    book_assert(&book, second, "R0B", TDM_PHASE_IS_DELIVER); /* 7 */
    book_represents(&book, 2, "R0B", NULL);                  /* 8 */
    expect(&book, 2, (const uint64_t[]){ 5, 7, 4, 6 }, 4);   /* in order of subject: unit 0 first */
    book_free(&book);
}

static void check_private_amendments(void **state)
{
    (void)state;
    tdm_book book;
    start(&book);
    int session = book_delivered(&book, LEAD, "2017-09-12", 300, 12); /* 5 6 7 */
    book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER);            /* 8 */
    book_void(&book, LEAD, session + 1);                              /* 9: of the attendance */
    book_void(&book, LEAD, session);                                  /* 10 */
    expect(&book, 2, (const uint64_t[]){ 5, 6, 8, 10 }, 4);
    book_free(&book);
}

static void check_details(void **state)
{
    (void)state;
    tdm_book book;
    start(&book);
    book_unit(&book, LEAD, 0, "2017-09-12", NULL);         /* 5 */
    book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER); /* 6 */
    int design = book_design(&book, LEAD, 12);             /* 7 */
    book_void(&book, LEAD, design);                        /* 8: of the design */
    book_session(&book, LEAD, "2017-09-12", 300);          /* 9 */
    expect(&book, 2, (const uint64_t[]){ 5, 6, 9 }, 3);
    book_free(&book);
}

static void check_early_amendment(void **state)
{
    (void)state;
    tdm_book book;
    start(&book);
    book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER); /* 5 */
    book_void(&book, LEAD, 1000 + (int)book.count + 1);    /* 6: its target comes next */
    book_session(&book, LEAD, "2017-09-12", 300);          /* 7 */
    expect(&book, 2, (const uint64_t[]){ 5, 6, 7 }, 3);
    book_free(&book);
}

static void check_void_represents(void **state)
{
    (void)state;
    tdm_book book;
    book_init(&book);
    book_partner(&book, 1, "R0A");
    book_organisation(&book, "R0B", 0, NULL, 0);           /* 3 */
    int fact = book_represents(&book, 2, "R0B", NULL);     /* 4 */
    book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_DELIVER); /* 5 */
    book_void_at(&book, 0, "organisation/R0B", fact);      /* 6 */
    book_unit(&book, LEAD, 0, "2017-09-12", NULL);         /* 7: not for 2 any more */
    expect(&book, 2, (const uint64_t[]){ 5 }, 1);
    book_represents(&book, 2, "R0B", NULL); /* 8: all is sent again */
    expect(&book, 2, (const uint64_t[]){ 5, 5, 7 }, 3);
    book_free(&book);
}

/* 2 speaks for two organisations that a unit names: as long as it speaks for one of them, it is told. */
static void check_speaks_for_two(void **state)
{
    (void)state;
    tdm_book book;
    book_init(&book);
    book_partner(&book, 1, "R0A");
    book_organisation(&book, "R0B", 0, NULL, 0);           /* 3 */
    book_organisation(&book, "R0C", 0, NULL, 0);           /* 4 */
    int first = book_represents(&book, 2, "R0B", NULL);    /* 5 */
    int second = book_represents(&book, 2, "R0C", NULL);   /* 6 */
    book_assert(&book, LEAD, "R0B", TDM_PHASE_IS_PLAN);    /* 7 */
    book_assert(&book, LEAD, "R0C", TDM_PHASE_IS_DELIVER); /* 8 */
    book_void_at(&book, 0, "organisation/R0B", first);     /* 9 */
    book_session(&book, LEAD, "2017-09-12", 300);          /* 10 */
    expect(&book, 2, (const uint64_t[]){ 7, 8, 10 }, 3);
    book_void_at(&book, 0, "organisation/R0C", second); /* 11 */
    book_session(&book, LEAD, "2017-09-13", 300);       /* 12: no longer told */
    expect(&book, 2, (const uint64_t[]){ 7, 8, 10 }, 3);
    book_free(&book);
}

static void busy(tdm_book *book)
{
    char id[8];
    start(book);
    for (int i = 0; i < 30; i++) {
        id[0] = (char)('a' + i % 26);
        id[1] = (char)('0' + i / 26);
        id[2] = 0;
        tdm_about lead = { 1, "R0A", "R0A", id };
        tdm_about partner = { 2, "R0B", "R0A", id };
        book_delivered(book, lead, "2017-09-12", 300, 12);
        int assertion = book_assert(book, lead, i % 3 == 0 ? "R0C" : "R0B", TDM_PHASE_IS_DELIVER);
        if (i % 3 != 0)
            book_confirm(book, partner, TDM_PHASE_IS_DELIVER, lead, assertion);
        if (i == 15)
            book_partner(book, 3, "R0C");
    }
}

/* Whatever the batches were, and across a restart of views, the numbers stay the same. */
static void check_batches(void **state)
{
    (void)state;
    enum { MAX = 400 };
    static uint64_t want[3][MAX];
    size_t want_count[3];
    tdm_book book;
    busy(&book);
    tdm_fold *fold = book_fold(&book, true);
    for (int r = 1; r <= 3; r++)
        want_count[r - 1] = read_feed(fold, r, want[r - 1], MAX);
    tdm_fold_close(&fold);
    assert_true(want_count[1] > 20 && want_count[2] > 20);
    for (size_t size = 1; size < 40; size += 7) {
        tdm_fold_options options = { .has_authority = true, .authority = book_id(0), .with_feeds = true };
        tdm_err err = { 0 };
        assert_int_equal(tdm_fold_open(&fold, NULL, &options, &err), TDM_OK);
        for (size_t at = 0; at < book.count; at += size)
            book_apply(&book, fold, at, book.count - at < size ? book.count - at : size);
        for (int r = 1; r <= 3; r++) {
            uint64_t got[MAX];
            assert_int_equal(read_feed(fold, r, got, MAX), want_count[r - 1]);
            assert_memory_equal(got, want[r - 1], want_count[r - 1] * sizeof *got);
        }
        tdm_fold_close(&fold);
    }
    book_free(&book);
}

typedef struct looking {
    tdm_fold *fold;
    unsigned busy;
} looking;

static void *look_from_beside(void *argument)
{
    looking *seen = argument;
    seen->busy += tdm_fold_is_busy(seen->fold);
    return NULL;
}

static tdm_code look_whether_busy(void *context, const tdm_fact *fact, tdm_err *err)
{
    (void)fact;
    (void)err;
    pthread_t beside;
    assert_int_equal(pthread_create(&beside, NULL, look_from_beside, context), 0);
    assert_int_equal(pthread_join(beside, NULL), 0);
    return TDM_OK;
}

static void check_busy(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    book_init(&book);
    book_partner(&book, LEAD.origin, LEAD.recorder);
    book_unit(&book, LEAD, 0, "2017-05-01", NULL);
    looking seen = { book_fold(&book, true), 0 };
    assert_false(tdm_fold_is_busy(seen.fold));
    assert_int_equal(
        tdm_fold_facts(seen.fold, TDM_SPAN_LITERAL("unit/R0A/1"), look_whether_busy, &seen, &err), TDM_OK);
    assert_int_equal(seen.busy, 1);
    assert_false(tdm_fold_is_busy(seen.fold));
    tdm_fold_close(&seen.fold);
    book_free(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "a partner named later gets what came before, but no attendance", check_named_partner, NULL, NULL,
          NULL },
        { "an answer goes to the lead, and nobody gets its own events", check_answers_go_back, NULL, NULL,
          NULL },
        { "a represents fact brings all dossiers that name the organisation", check_late_represents, NULL,
          NULL, NULL },
        { "how a unit was planned stays at home", check_details, NULL, NULL, NULL },
        { "an amendment of an attendance stays at home with it", check_private_amendments, NULL, NULL, NULL },
        { "an amendment waits for its target", check_early_amendment, NULL, NULL, NULL },
        { "who no longer represents gets nothing more; who does again gets all", check_void_represents, NULL,
          NULL, NULL },
        { "who represents one organisation less is still told for the other", check_speaks_for_two, NULL,
          NULL, NULL },
        { "batches make no difference to the numbers", check_batches, NULL, NULL, NULL },
        { "a fold is busy as long as a question lasts", check_busy, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
