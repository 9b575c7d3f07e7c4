/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_test.c: a ledger folded dossier by dossier leaves the rows that following along it leaves: each row of
 * each table, feeds and their numbers among them, whatever the size of the parts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "history.h"
#include "story.h"
#include "views.h"

enum { STORIES = 60, STATEMENTS = 260 };

typedef struct scene {
    bool of_history; /* then the events are the history's */
    tdm_history history;
    tdm_book book;
    tdm_ledger *ledger;
    tdm_fold_options options;
} scene;

/* Of a subject that nothing else is said of, what no program of this version can read: it makes no dossier.
 */
static void tell_unreadable(tdm_book *book)
{
    enum { UNHEARD_OF = 998, FACT = 500000 };
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_CORRECTION);
    tdm_record_set_number(&r, TDM_CORRECTION_TARGET_TYPE, UNHEARD_OF);
    tdm_record_set_bytes(&r, TDM_CORRECTION_BODY, TDM_SPAN_LITERAL("\x80"));
    book_state(book, 1, "unit/R0A/nothing", FACT, &r);
}

static void begin(scene *s, uint64_t seed, bool feeds)
{
    s->of_history = false;
    story_tell(&s->book, seed, STATEMENTS);
    tell_unreadable(&s->book);
    s->ledger = book_ledger_in_order(&s->book);
    s->options = (tdm_fold_options){ .has_authority = true, .authority = book_id(0), .with_feeds = feeds };
}

typedef struct log_ends {
    struct {
        tdm_id origin;
        uint64_t incarnation;
        uint64_t last;
    } items[64];
    size_t count;
} log_ends;

/* True if the event is the next of its log, which then goes on from it. */
static bool goes_on(log_ends *t, tdm_span bytes)
{
    tdm_event event;
    size_t at = 0;
    assert_int_equal(tdm_event_peek(bytes, &event, NULL), TDM_OK);
    while (at < t->count
           && (t->items[at].incarnation != event.incarnation
               || !tdm_id_equal(&t->items[at].origin, &event.origin)))
        at++;
    assert_true(at < TDM_COUNT(t->items));
    if (at == t->count) {
        t->items[t->count].origin = event.origin;
        t->items[t->count].incarnation = event.incarnation;
        t->items[t->count++].last = 0;
    }
    bool next = event.sequence == t->items[at].last + 1;
    t->items[at].last += next;
    return next;
}

/* A ledger takes a log in its order and without gaps: what can not follow is left out. */
static size_t put_in_order(tdm_span *events, size_t count)
{
    log_ends t = { .count = 0 };
    size_t kept = 0;
    for (size_t before = count; kept < count && before != kept;) {
        before = kept;
        for (size_t i = kept; i < count; i++) {
            tdm_span next = events[i];
            if (!goes_on(&t, next))
                continue;
            memmove(events + kept + 1, events + kept, (i - kept) * sizeof *events);
            events[kept++] = next;
        }
    }
    return kept;
}

/* Everything that the schema lets anybody say. */
static void begin_history(scene *s, uint64_t seed, bool feeds)
{
    s->of_history = true;
    tdm_history_make(&s->history, seed);
    s->book = (tdm_book){ .events = tdm_sheaf_spans(&s->history.sheaf), .count = s->history.sheaf.count };
    s->book.count = put_in_order(s->book.events, s->book.count);
    assert_true(s->book.count > 10);
    s->ledger = book_ledger_in_order(&s->book);
    s->options = (tdm_fold_options){ .has_authority = s->history.has_authority,
                                     .authority = s->history.authority,
                                     .with_feeds = feeds };
}

static void end(scene *s)
{
    tdm_ledger_close(&s->ledger);
    if (!s->of_history) {
        book_free(&s->book);
        return;
    }
    free(s->book.events);
    tdm_history_free(&s->history);
}

static tdm_kv *empty_views(void)
{
    tdm_kv *kv = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_kv_open_memory(&kv, TDM_VIEWS_TABLE_COUNT, &err), TDM_OK);
    return kv;
}

/* Along the ledger, in steps of any size. *kv stays the fold's. */
static tdm_fold *follow(const scene *s, uint64_t seed, tdm_kv **kv)
{
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    tdm_kv *given = *kv = empty_views();
    assert_int_equal(tdm_fold_open(&fold, &given, &s->options, &err), TDM_OK);
    for (size_t at = 0; at < s->book.count;) {
        size_t step = 1 + story_roll(&seed, 40);
        step = step < s->book.count - at ? step : s->book.count - at;
        book_apply(&s->book, fold, at, step);
        at += step;
        if (story_roll(&seed, 3) == 0)
            assert_int_equal(tdm_fold_checkpoint(fold, &err), TDM_OK);
    }
    book_settle(fold);
    assert_int_equal(tdm_fold_checkpoint(fold, &err), TDM_OK);
    return fold;
}

static tdm_kv *bulk(const scene *s, size_t part_bytes, const tdm_frontier *frontier, tdm_bulk_made *made)
{
    tdm_kv *kv = empty_views();
    tdm_err err = { 0 };
    const tdm_bulk_options how = { .folder = "/tmp", .part_bytes = part_bytes, .frontier = frontier };
    tdm_code code = tdm_fold_bulk(&kv, s->ledger, &s->options, &how, made, &err);
    if (code != TDM_OK)
        fail_msg("%s: %s", tdm_code_word(code), err.what);
    return kv;
}

/* ---- rows */

static void begin_rows(tdm_kv *kv, size_t table, tdm_kv_txn **txn, tdm_kv_cursor **cursor)
{
    tdm_err err = { 0 };
    assert_int_equal(tdm_kv_begin(kv, TDM_KV_READ_ONLY, txn, &err), TDM_OK);
    assert_int_equal(tdm_kv_cursor_open(*txn, table, cursor, &err), TDM_OK);
}

static void end_rows(tdm_kv_txn **txn, tdm_kv_cursor **cursor)
{
    tdm_kv_cursor_close(cursor);
    tdm_kv_abort(txn);
}

/* Rows until the two differ; *count of those that are the same. */
static bool same_table(tdm_kv *one, tdm_kv *other, size_t table, size_t *count)
{
    tdm_kv_txn *txns[2];
    tdm_kv_cursor *cursors[2];
    tdm_span keys[2];
    tdm_span values[2];
    begin_rows(one, table, &txns[0], &cursors[0]);
    begin_rows(other, table, &txns[1], &cursors[1]);
    tdm_code codes[2] = { TDM_OK, TDM_OK };
    bool same = true;
    while (same && codes[0] == TDM_OK) {
        for (size_t i = 0; i < 2; i++)
            codes[i] = tdm_kv_cursor_next(cursors[i], &keys[i], &values[i]);
        same = codes[0] == codes[1]
               && (codes[0] != TDM_OK
                   || (tdm_span_equal(keys[0], keys[1]) && tdm_span_equal(values[0], values[1])));
        *count += same && codes[0] == TDM_OK;
    }
    for (size_t i = 0; i < 2; i++)
        end_rows(&txns[i], &cursors[i]);
    return same;
}

/* The record of what they hold lists its sums in no order: it is read below. */
static const char *first_difference(tdm_kv *one, tdm_kv *other, size_t counts[TDM_VIEWS_DISPLACED + 1])
{
    for (size_t table = TDM_VIEWS_DOSSIERS; table <= TDM_VIEWS_DISPLACED; table++)
        if (!same_table(one, other, table, &counts[table]))
            return TDM_VIEWS_TABLES[table];
    return NULL;
}

/* Views at rest are held against the sums; *kv is taken over. */
static tdm_digest hash_of(const scene *s, tdm_kv **kv)
{
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    tdm_code code = tdm_fold_at_rest(&fold, s->ledger, kv, NULL, &s->options, NULL, &err);
    if (code != TDM_OK)
        fail_msg("%s: %s", tdm_code_word(code), err.what);
    assert_true(tdm_fold_position(fold) == s->book.count && tdm_fold_is_settled(fold));
    tdm_digest hash = book_hash(fold);
    tdm_fold_close(&fold);
    return hash;
}

typedef struct sort {
    void (*begin)(scene *s, uint64_t seed, bool feeds);
    bool feeds; /* as a hub keeps them */
} sort;

static void check_rows(void **state)
{
    const sort *of = *state;
    bool feeds = of->feeds;
    size_t counts[TDM_VIEWS_DISPLACED + 1] = { 0 };
    for (uint64_t i = 1; i <= STORIES; i++) {
        scene s;
        tdm_kv *along = NULL;
        of->begin(&s, i, feeds);
        tdm_fold *followed = follow(&s, i, &along);
        tdm_digest wanted = book_hash(followed);
        const size_t sizes[] = { 500, 4000, 0 };
        for (size_t p = 0; p < TDM_COUNT(sizes); p++) {
            tdm_bulk_made told;
            tdm_kv *made = bulk(&s, sizes[p], NULL, &told);
            const char *differs = first_difference(along, made, counts);
            if (differs != NULL)
                fail_msg("story %d, parts of %zu bytes: %s differ", (int)i, sizes[p], differs);
            tdm_digest got = hash_of(&s, &made);
            assert_memory_equal(got.bytes, wanted.bytes, sizeof got.bytes);
            assert_memory_equal(told.hash.bytes, wanted.bytes, sizeof got.bytes);
            assert_int_equal(told.position, s.book.count);
            assert_int_equal(told.counts.events, s.book.count);
        }
        tdm_fold_close(&followed);
        end(&s);
    }
    for (size_t table = TDM_VIEWS_DOSSIERS; table <= TDM_VIEWS_DISPLACED; table++) {
        bool of_hub = table == TDM_VIEWS_FEEDS || table == TDM_VIEWS_RECIPIENTS;
        assert_true((counts[table] > 0) == (feeds || !of_hub)); /* else nothing was compared */
    }
}

/* Control: one event less is seen in the rows. */
static void check_control(void **state)
{
    (void)state;
    scene s;
    tdm_kv *along = NULL;
    size_t counts[TDM_VIEWS_DISPLACED + 1] = { 0 };
    begin(&s, 7, true);
    s.book.count -= 2; /* and what nobody can read */
    tdm_fold *followed = follow(&s, 7, &along);
    s.book.count += 2;
    tdm_bulk_made told;
    tdm_kv *made = bulk(&s, 500, NULL, &told);
    assert_non_null(first_difference(along, made, counts));
    tdm_kv_close(&made);
    tdm_fold_close(&followed);
    end(&s);
}

/* ---- cut short */

/* What a failure left behind says of itself that it is empty: following fills it as if nothing had been. */
static void follow_after(const scene *s, tdm_kv **kv, const tdm_digest *wanted)
{
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_fold_open(&fold, kv, &s->options, &err), TDM_OK);
    assert_int_equal(tdm_fold_position(fold), 0);
    book_apply(&s->book, fold, 0, s->book.count);
    tdm_digest hash = book_hash(fold);
    assert_memory_equal(hash.bytes, wanted->bytes, sizeof hash.bytes);
    tdm_fold_close(&fold);
}

static void check_failed_commits(void **state)
{
    (void)state;
    scene s;
    tdm_kv *along = NULL;
    begin(&s, 9, true);
    tdm_fold *followed = follow(&s, 9, &along);
    tdm_digest wanted = book_hash(followed);
    tdm_code code = TDM_IO;
    uint64_t commits = 0;
    while (code != TDM_OK) {
        tdm_kv *inner = empty_views();
        tdm_kv *kv = NULL;
        tdm_err err = { 0 };
        tdm_bulk_made told;
        const tdm_kv_faults faults = { .fail_commit_at = ++commits };
        const tdm_kv_faults none = { 0 };
        const tdm_bulk_options how = { .folder = "/tmp", .part_bytes = 4000 };
        assert_int_equal(tdm_kv_open_faulty(&kv, &inner, &faults, &err), TDM_OK);
        code = tdm_fold_bulk(&kv, s.ledger, &s.options, &how, &told, &err);
        if (kv != NULL) /* else they could not be opened */
            tdm_kv_faults_set(kv, &none);
        if (code != TDM_OK && kv != NULL)
            follow_after(&s, &kv, &wanted);
        assert_true(code == TDM_OK || code == TDM_IO);
        tdm_kv_close(&kv);
    }
    assert_true(commits > 10); /* it was cut short at so many places less one */
    tdm_fold_close(&followed);
    end(&s);
}

static bool stop(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    return done < *(const uint64_t *)context;
}

static void check_interrupted(void **state)
{
    (void)state;
    scene s;
    tdm_kv *along = NULL;
    begin(&s, 9, true);
    tdm_fold *followed = follow(&s, 9, &along);
    tdm_digest wanted = book_hash(followed);
    uint64_t end_at = 1;
    tdm_kv *kv = empty_views();
    tdm_err err = { 0 };
    tdm_bulk_made told;
    const tdm_told listener = { stop, &end_at };
    const tdm_bulk_options how = { .folder = "/tmp", .part_bytes = 4000, .told = &listener };
    assert_int_not_equal(tdm_fold_bulk(&kv, s.ledger, &s.options, &how, &told, &err), TDM_OK);
    end_at = UINT64_MAX;
    assert_int_equal(tdm_fold_bulk(&kv, s.ledger, &s.options, &how, &told, &err), TDM_EXISTS);
    tdm_kv_close(&kv);
    kv = empty_views();
    end_at = 0; /* at once */
    assert_int_not_equal(tdm_fold_bulk(&kv, s.ledger, &s.options, &how, &told, &err), TDM_OK);
    follow_after(&s, &kv, &wanted);
    tdm_fold_close(&followed);
    end(&s);
}

static void check_empty_log(void **state)
{
    (void)state;
    tdm_book book;
    book_init(&book);
    scene s = { .ledger = book_ledger_in_order(&book), .options = { .has_authority = true } };
    tdm_bulk_made told;
    tdm_kv *kv = bulk(&s, 0, NULL, &told);
    assert_int_equal(told.position, 0);
    tdm_digest got = hash_of(&s, &kv);
    assert_memory_equal(got.bytes, told.hash.bytes, sizeof got.bytes);
    tdm_ledger_close(&s.ledger);
    book_free(&book);
}

/* The covered facts alone: as the same fold in memory. */
static void check_moments(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= STORIES; i++) {
        scene s;
        tdm_tip *tips = NULL;
        size_t count = 0;
        tdm_err err = { 0 };
        tdm_bulk_made told;
        tdm_fold *wanted = NULL;
        uint64_t seed = i;
        tdm_frontier frontier = { NULL, 0 };
        begin(&s, i, false);
        assert_int_equal(tdm_ledger_tips(s.ledger, &tips, &count, &err), TDM_OK);
        frontier.entries = calloc(count, sizeof *frontier.entries);
        for (size_t t = 0; t < count; t++)
            frontier.entries[frontier.count++] =
                (tdm_frontier_entry){ .origin = tips[t].origin,
                                      .incarnation = tips[t].incarnation,
                                      .sequence = story_roll(&seed, (uint32_t)tips[t].last + 1) };
        tdm_kv *kv = bulk(&s, 500, &frontier, &told);
        assert_int_equal(tdm_fold_of(s.ledger, &s.options, &frontier, &wanted, &err), TDM_OK);
        tdm_digest hash = book_hash(wanted);
        assert_memory_equal(told.hash.bytes, hash.bytes, sizeof hash.bytes);
        tdm_digest read = hash_of(&s, &kv);
        assert_memory_equal(read.bytes, hash.bytes, sizeof hash.bytes);
        tdm_fold_close(&wanted);
        tdm_frontier_free(&frontier);
        free(tips);
        end(&s);
    }
}

int main(void)
{
    static sort hub = { begin, true };
    static sort node = { begin, false };
    static sort hub_of_all = { begin_history, true };
    static sort node_of_all = { begin_history, false };
    const struct CMUnitTest tests[] = {
        { "a hub's rows", check_rows, NULL, NULL, &hub },
        { "a node's rows", check_rows, NULL, NULL, &node },
        { "a hub's rows of everything that can be said", check_rows, NULL, NULL, &hub_of_all },
        { "a node's rows of everything that can be said", check_rows, NULL, NULL, &node_of_all },
        { "control: one event less is seen", check_control, NULL, NULL, NULL },
        { "the facts of a moment alone", check_moments, NULL, NULL, NULL },
        { "a commit that fails, each of them", check_failed_commits, NULL, NULL, NULL },
        { "interrupted", check_interrupted, NULL, NULL, NULL },
        { "an empty log", check_empty_log, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("bulk", tests, NULL, NULL);
}
