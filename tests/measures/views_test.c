/* SPDX-License-Identifier: MPL-2.0
 *
 * views_test.c: one state whatever the order, the batches, the checkpoints and the crashes; and as-of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "build.h"

enum { SHUFFLES = 200, REOPENINGS = 25 };

/* A small generator of its own, so that a seed means the same everywhere. */
static uint32_t roll(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

static const char *const CODES[] = { "R0A", "R0B", "R0C", "R0D", "R0E" };
static const char *const DATES[] = { "2017-03-31", "2017-04-01", "2017-09-12", "2018-03-31", "2018-04-01" };

static void tell_registry(tdm_book *book)
{
    for (int i = 0; i < 3; i++)
        book_partner(book, i + 1, CODES[i]);
    book_organisation(book, "R0D", 0, "R0A", TDM_BELONGS_IS_SITE);
    book_represents(book, 4, "R0D", NULL);
    book_represents(book, 5, "R0E", "2017-12-01");
    book_change(book, "R0C", TDM_CHANGE_IS_MERGED, "2018-01-01", "R0B");
    book_level_point(book, true, 2018, 950);
    book_level_point(book, false, 2015, 400);
}

/* One random statement about one of a few units. */
static void tell_one(tdm_book *book, uint64_t *seed)
{
    static const char *const IDS[] = { "1", "2", "3", "4", "5", "6" };
    int by = 1 + (int)roll(seed, 5);
    tdm_about about = { by, CODES[by - 1], CODES[roll(seed, 2)], IDS[roll(seed, 6)] };
    int earlier = 1000 + (int)roll(seed, (uint32_t)book->count + 2);
    const char *date = DATES[roll(seed, TDM_COUNT(DATES))];
    const char *other = CODES[roll(seed, TDM_COUNT(CODES))];
    int phase = 1 + (int)roll(seed, 3);
    switch (roll(seed, 12)) {
    case 0:
    case 1:
        book_unit(book, about, 1 + (int)roll(seed, 4), date, NULL);
        return;
    case 2:
    case 3:
        book_delivered(book, about, date, 100 + (int)roll(seed, 500), (int)roll(seed, 20));
        return;
    case 4:
    case 5: {
        int assertion = book_assert(book, about, other, phase);
        tdm_about answer = about;
        answer.origin = 1 + (int)roll(seed, 5);
        answer.recorder = other;
        book_confirm(book, answer, phase, about, assertion);
        return;
    }
    case 6:
        book_dispute(book, about, phase);
        return;
    case 7:
        book_void(book, about, earlier);
        return;
    case 8:
        book_unvoid(book, about, earlier);
        return;
    case 9:
        book_move_session(book, about, earlier, date, 50 + (int)roll(seed, 100));
        return;
    case 10:
        book_participants(book, about, 2016 + (int)roll(seed, 3), (int)roll(seed, 40));
        return;
    default:
        book_session(book, about, date, (int)roll(seed, 300));
    }
}

static void tell_everything(tdm_book *book)
{
    uint64_t seed = 20171;
    int represented = 0;
    book_init(book);
    tell_registry(book);
    for (int i = 0; i < 200; i++) {
        tell_one(book, &seed);
        if (i == 90)
            book_match(book, "unit/R0A/1", "unit/R0B/2");
        if (i == 60)
            represented = book_represents(book, 4, "R0B", NULL);
        if (i == 110)
            book_void_at(book, 0, "organisation/R0B", represented);
        if (i == 120)
            book_void_at(book, 0, "unit/R0A/3", book_match(book, "unit/R0A/3", "unit/R0A/4"));
        if (i == 150)
            book_close(book, "2017/18");
        if (i == 170)
            book_organisation(book, "R0E", TDM_SECTOR_IS_VOLUNTARY, NULL, 0);
    }
    book_publish(book, "2017/18", 10, 4);
}

static void shuffle(tdm_book *book, uint64_t *seed)
{
    for (size_t i = book->count; i > 1; i--) {
        size_t other = roll(seed, (uint32_t)i);
        tdm_span held = book->events[i - 1];
        book->events[i - 1] = book->events[other];
        book->events[other] = held;
    }
}

static tdm_digest plain_hash(const tdm_book *book)
{
    tdm_fold *fold = book_fold(book, false);
    tdm_digest digest = book_hash(fold);
    tdm_fold_close(&fold);
    return digest;
}

static void check_shuffles(void **state)
{
    (void)state;
    tdm_book book;
    tell_everything(&book);
    tdm_digest want = plain_hash(&book);
    tdm_fold_options options = { .has_authority = true, .authority = book_id(0) };
    for (uint64_t s = 1; s <= SHUFFLES; s++) {
        uint64_t seed = s;
        tdm_fold *fold = NULL;
        tdm_err err = { 0 };
        shuffle(&book, &seed);
        assert_int_equal(tdm_fold_open(&fold, NULL, &options, &err), TDM_OK);
        for (size_t at = 0; at < book.count;) {
            size_t step = 1 + roll(&seed, 40);
            step = book.count - at < step ? book.count - at : step;
            book_apply(&book, fold, at, step);
            at += step;
            if (roll(&seed, 3) == 0)
                tdm_fold_work(fold, 1 + roll(&seed, 5), &err);
        }
        tdm_digest got = book_hash(fold);
        assert_memory_equal(got.bytes, want.bytes, sizeof got.bytes);
        tdm_fold_close(&fold);
    }
    book_free(&book);
}

/* Control: one fact left out must show. */
static void check_missing_fact(void **state)
{
    (void)state;
    tdm_book book;
    tell_everything(&book);
    tdm_digest want = plain_hash(&book);
    book.count--;
    tdm_digest got = plain_hash(&book);
    book.count++;
    assert_true(memcmp(got.bytes, want.bytes, sizeof got.bytes) != 0);
    book_free(&book);
}

/* ---- views on disk ---- */

typedef struct views_place {
    char folder[128];
    char path[144];
} views_place;

static void make_place(views_place *place)
{
    const char *scratch = getenv("TMPDIR");
    snprintf(place->folder, sizeof place->folder, "%s/tandem-views-XXXXXX",
             scratch != NULL ? scratch : "/tmp");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/views", place->folder);
}

static void remove_place(const views_place *place)
{
    static const char *const FILES[] = { "views/data.mdb", "views/lock.mdb", "views/writer.lock", "views",
                                         "" };
    char path[192];
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        snprintf(path, sizeof path, "%s/%s", place->folder, FILES[i]);
        if (unlink(path) != 0)
            rmdir(path);
    }
}

static tdm_fold *open_views(const views_place *place, int authority, size_t cache_bytes)
{
    tdm_kv_options kv_options = { place->path,      TDM_KV_READ_WRITE,     (size_t)8 << 20,
                                  TDM_VIEWS_TABLES, TDM_VIEWS_TABLE_COUNT, false };
    tdm_fold_options options = {
        .has_authority = true, .authority = book_id(authority), .with_feeds = true, .cache_bytes = cache_bytes
    };
    tdm_kv *kv = NULL;
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_kv_open_lmdb(&kv, &kv_options, &err), TDM_OK);
    assert_int_equal(tdm_fold_open(&fold, &kv, &options, &err), TDM_OK);
    return fold;
}

/* Apply all from where the views stand, with checkpoints, restarts and crashes (restarts without one). */
static tdm_fold *fold_roughly(const tdm_book *book, const views_place *place, uint64_t *seed)
{
    tdm_err err = { 0 };
    size_t cache = roll(seed, 2) == 0 ? 0 : 4096;
    tdm_fold *fold = open_views(place, 0, cache);
    while (tdm_fold_position(fold) < book->count) {
        size_t at = (size_t)tdm_fold_position(fold);
        size_t step = 1 + roll(seed, 30);
        book_apply(book, fold, at, book->count - at < step ? book->count - at : step);
        uint32_t what = roll(seed, 8);
        if (what < 3)
            tdm_fold_work(fold, 1 + roll(seed, 5), &err);
        if (what == 3 || what == 4 || tdm_fold_needs_checkpoint(fold))
            assert_int_equal(tdm_fold_checkpoint(fold, &err), TDM_OK);
        if (what == 4 || what == 5) {
            uint64_t checkpointed = tdm_fold_checkpointed(fold);
            tdm_fold_close(&fold);
            fold = open_views(place, 0, cache);
            assert_int_equal(tdm_fold_position(fold), checkpointed);
        }
    }
    return fold;
}

static size_t read_feed(tdm_fold *fold, int recipient, uint64_t *positions, size_t max)
{
    tdm_id id = book_id(recipient);
    uint64_t number = 0;
    tdm_err err = { 0 };
    size_t count = 0;
    while (count < max && tdm_fold_feed_next(fold, &id, count, &number, &positions[count], &err) == TDM_OK)
        count++;
    return count;
}

static size_t same_feeds(tdm_fold *one, tdm_fold *other)
{
    enum { MAX = 2000 };
    static uint64_t a[MAX];
    static uint64_t b[MAX];
    size_t all = 0;
    for (int recipient = 1; recipient <= 5; recipient++) {
        size_t count = read_feed(one, recipient, a, MAX);
        assert_int_equal(read_feed(other, recipient, b, MAX), count);
        assert_memory_equal(a, b, count * sizeof *a);
        all += count;
    }
    assert_true(all > 50 && all < MAX);
    return all;
}

static void check_reopening(void **state)
{
    (void)state;
    tdm_book book;
    tell_everything(&book);
    for (uint64_t s = 1; s <= REOPENINGS; s++) {
        uint64_t seed = s;
        views_place place;
        make_place(&place);
        if (s > 1)
            shuffle(&book, &seed);
        tdm_fold *plain = book_fold(&book, true);
        tdm_fold *fold = fold_roughly(&book, &place, &seed);
        tdm_digest want = book_hash(plain);
        tdm_digest got = book_hash(fold);
        assert_memory_equal(got.bytes, want.bytes, sizeof got.bytes);
        same_feeds(fold, plain);
        tdm_fold_close(&fold);
        tdm_fold_close(&plain);
        remove_place(&place);
    }
    book_free(&book);
}

/* A feed has many numbers to a row of the views: the last row grows from checkpoint to checkpoint, and
 * positions go back where a partner is named late. */
static void check_long_feeds(void **state)
{
    enum { SESSIONS = 500, ROUNDS = 8 };
    (void)state;
    tdm_book book;
    book_two_partners(&book);
    for (int i = 0; i < SESSIONS; i++) {
        char id[4] = { (char)('a' + i % 26), (char)('a' + i / 26), 0 };
        const tdm_about first = { 1, "R0A", "R0A", id };
        const tdm_about before = { 1, "R0A", "R0A", "aa" };
        book_session(&book, first, "2017-09-12", 300);
        book_session(&book, before, "2017-09-12", 300);
        if (i % 7 == 3)
            book_assert(&book, first, "R0B", TDM_PHASE_IS_DELIVER);
        if (i == SESSIONS / 3)
            book_assert(&book, before, "R0B", TDM_PHASE_IS_DELIVER);
    }
    for (uint64_t s = 1; s <= ROUNDS; s++) {
        uint64_t seed = s;
        views_place place;
        make_place(&place);
        tdm_fold *plain = book_fold(&book, true);
        tdm_fold *fold = fold_roughly(&book, &place, &seed);
        assert_true(same_feeds(fold, plain) > SESSIONS);
        tdm_fold_close(&fold);
        tdm_fold_close(&plain);
        remove_place(&place);
    }
    book_free(&book);
}

static void check_other_authority(void **state)
{
    (void)state;
    tdm_book book;
    views_place place;
    tdm_err err = { 0 };
    tell_everything(&book);
    make_place(&place);
    tdm_fold *fold = open_views(&place, 0, 0);
    book_apply(&book, fold, 0, book.count);
    assert_int_equal(tdm_fold_checkpoint(fold, &err), TDM_OK);
    tdm_fold_close(&fold);
    fold = open_views(&place, 1, 0);
    assert_int_equal(tdm_fold_position(fold), 0);
    tdm_fold_counts counts;
    tdm_fold_counts_read(fold, &counts);
    assert_int_equal(counts.events, 0);
    assert_int_equal(counts.units, 0);
    tdm_fold_close(&fold);
    remove_place(&place);
    book_free(&book);
}

/* ---- as of ---- */

static void check_as_of(void **state)
{
    (void)state;
    static const tdm_about LEAD = { 1, "R0A", "R0A", "1" };
    static const tdm_about LATER = { 1, "R0A", "R0A", "2" };
    tdm_book book;
    tdm_err err = { 0 };
    tdm_id authority = book_id(0);
    book_init(&book);
    book_partner(&book, 1, "R0A");
    book_delivered(&book, LEAD, "2017-04-05", 300, 12);
    book_at(&book, "2017-05-01");
    book_tide(&book);
    book_delivered(&book, LATER, "2017-04-05", 300, 12);
    book_at(&book, "2017-06-01");
    book_tide(&book);
    tdm_ledger *ledger = book_ledger(&book);
    tdm_fold_options options = { .has_authority = true, .authority = authority };
    static const struct {
        const char *time;
        int64_t units;
    } MOMENTS[] = { { "2017-05-02", 1 }, { "2017-06-02", 2 } };
    for (size_t i = 0; i < TDM_COUNT(MOMENTS); i++) {
        tdm_frontier frontier;
        tdm_fold *fold = NULL;
        int64_t ms = (int64_t)book_date(MOMENTS[i].time) * 86400000;
        assert_int_equal(tdm_frontier_at_time(ledger, &authority, ms, &frontier, &err), TDM_OK);
        assert_int_equal(tdm_fold_of(ledger, &options, &frontier, &fold, &err), TDM_OK);
        assert_int_equal(book_row(fold, TDM_BY_TOTAL, TDM_WEIGHT_COUNT, "2017/18", "").units,
                         MOMENTS[i].units);
        tdm_fold_close(&fold);
        tdm_frontier_free(&frontier);
    }
    tdm_frontier none;
    assert_int_equal(tdm_frontier_at_time(ledger, &authority, 0, &none, &err), TDM_NOT_FOUND);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

/* The same fold over a whole ledger, origin by origin, as event by event. */
static void check_fold_of_all(void **state)
{
    (void)state;
    tdm_book book;
    tdm_err err = { 0 };
    tell_everything(&book);
    tdm_digest want = plain_hash(&book);
    tdm_ledger *ledger = book_ledger(&book);
    tdm_fold_options options = { .has_authority = true, .authority = book_id(0) };
    tdm_fold *fold = NULL;
    assert_int_equal(tdm_fold_of(ledger, &options, NULL, &fold, &err), TDM_OK);
    tdm_digest got = book_hash(fold);
    assert_memory_equal(got.bytes, want.bytes, sizeof got.bytes);
    tdm_fold_close(&fold);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "two hundred orders and splits give one state hash", check_shuffles, NULL, NULL, NULL },
        { "a fact left out gives another state hash", check_missing_fact, NULL, NULL, NULL },
        { "restarts and crashes of the views give the same state and feeds", check_reopening, NULL, NULL,
          NULL },
        { "feeds of many rows are the same after checkpoints, restarts and crashes", check_long_feeds, NULL,
          NULL, NULL },
        { "views of another authority are emptied", check_other_authority, NULL, NULL, NULL },
        { "a moment shows what the tide before it covered", check_as_of, NULL, NULL, NULL },
        { "a fold over a whole ledger gives the same state", check_fold_of_all, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
