/* SPDX-License-Identifier: MPL-2.0
 *
 * at_rest_test.c: figures read from views at rest are those of a fold over just the covered facts, wherever
 * the views stand and whatever the moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"
#include "tandem/measure.h"

enum { STORIES = 40, MOMENTS = 12, STATEMENTS = 220 };

/* Views of the first events of a book, in memory. */
static tdm_fold *views_of(const tdm_book *book, size_t events, size_t work, bool feeds)
{
    const tdm_fold_options options = { .has_authority = true, .authority = book_id(0), .with_feeds = feeds };
    tdm_kv *kv = NULL;
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_kv_open_memory(&kv, TDM_VIEWS_TABLE_COUNT, &err), TDM_OK);
    assert_int_equal(tdm_fold_open(&fold, &kv, &options, &err), TDM_OK);
    book_apply(book, fold, 0, events);
    while (work > 0 && tdm_fold_work(fold, 3, &err))
        work--;
    assert_int_equal(tdm_fold_checkpoint(fold, &err), TDM_OK);
    return fold;
}

static tdm_fold *at_rest(tdm_fold *views, tdm_ledger *ledger, const tdm_frontier *frontier, bool feeds)
{
    const tdm_fold_options options = { .has_authority = true, .authority = book_id(0), .with_feeds = feeds };
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    tdm_code code = tdm_fold_at_rest(&fold, ledger, NULL, views, &options, frontier, &err);
    if (code != TDM_OK)
        fail_msg("%s: %s", tdm_code_word(code), err.what);
    return fold;
}

static tdm_fold *anew(tdm_ledger *ledger, const tdm_frontier *frontier)
{
    const tdm_fold_options options = { .has_authority = true, .authority = book_id(0) };
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_fold_of(ledger, &options, frontier, &fold, &err), TDM_OK);
    return fold;
}

/* ---- moments */

/* Each log up to anywhere, or not at all. */
static void any_frontier(tdm_ledger *ledger, uint64_t *seed, tdm_frontier *out)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    tdm_err err = { 0 };
    uint32_t near = story_roll(seed, 3);
    assert_int_equal(tdm_ledger_tips(ledger, &tips, &count, &err), TDM_OK);
    out->entries = calloc(count, sizeof *out->entries);
    out->count = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t back = near == 0 ? story_roll(seed, 3) : story_roll(seed, (uint32_t)tips[i].last + 1);
        if (back >= tips[i].last)
            continue;
        out->entries[out->count++] = (tdm_frontier_entry){ .origin = tips[i].origin,
                                                           .incarnation = tips[i].incarnation,
                                                           .sequence = tips[i].last - back };
    }
    free(tips);
}

static bool tide_frontier(tdm_ledger *ledger, uint64_t *seed, tdm_frontier *out)
{
    tdm_err err = { 0 };
    tdm_id hub = book_id(0);
    int64_t ms = ((int64_t)book_date("2017-01-01") + story_roll(seed, 365)) * 86400000;
    return tdm_frontier_at_time(ledger, &hub, ms, out, &err) == TDM_OK;
}

static void same_level(tdm_fold *one, tdm_fold *other, tdm_period_kind kind, tdm_dimension by)
{
    const tdm_level_question question = { .period_kind = kind, .by = by, .as_of = book_date("2018-06-01") };
    tdm_level_answer a;
    tdm_level_answer b;
    tdm_err err = { 0 };
    assert_int_equal(tdm_fold_level(one, &question, &a, &err), TDM_OK);
    assert_int_equal(tdm_fold_level(other, &question, &b, &err), TDM_OK);
    assert_true(a.complete && b.complete);
    assert_int_equal(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        assert_string_equal(a.rows[i].group, b.rows[i].group);
        a.rows[i].group = b.rows[i].group = NULL;
        assert_memory_equal(&a.rows[i], &b.rows[i], sizeof a.rows[i]);
    }
    tdm_level_answer_free(&a);
    tdm_level_answer_free(&b);
}

static tdm_code add_up(void *context, const tdm_explained *part, tdm_err *err)
{
    (void)err;
    uint64_t *sum = context;
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        *sum = *sum * 31 + (uint64_t)part->n[i] * (i + 1) + part->subject.len;
    return TDM_OK;
}

static uint64_t explained(tdm_fold *fold)
{
    const tdm_measure_question question = { .measure = tdm_measure_find("level"),
                                            .as_of = book_date("2018-06-01") };
    tdm_period period;
    uint64_t sum = 0;
    tdm_err err = { 0 };
    assert_int_equal(tdm_period_parse(TDM_SPAN_LITERAL("2017/18"), &period, NULL), TDM_OK);
    assert_int_equal(tdm_fold_explain(fold, &question, period, NULL, add_up, &sum, &err), TDM_OK);
    return sum;
}

static tdm_code count_units(void *context, const tdm_unit *unit, tdm_err *err)
{
    (void)err;
    uint64_t *sum = context;
    *sum =
        *sum * 31 + unit->name.len + unit->claim_count * 7 + unit->session_count * 3 + (uint64_t)unit->hours;
    return TDM_OK;
}

static uint64_t listed(tdm_fold *fold)
{
    uint64_t sum = 1;
    tdm_err err = { 0 };
    assert_int_equal(tdm_fold_units(fold, (tdm_span){ NULL, 0 }, count_units, &sum, &err), TDM_OK);
    return sum;
}

static void same(tdm_fold *one, tdm_fold *other)
{
    tdm_fold_counts a;
    tdm_fold_counts b;
    same_level(one, other, TDM_PERIOD_YEAR, TDM_BY_TOTAL);
    same_level(one, other, TDM_PERIOD_MONTH, TDM_BY_LEAD);
    tdm_fold_counts_read(one, &a);
    tdm_fold_counts_read(other, &b);
    assert_int_equal(a.events, b.events);
    assert_int_equal(a.unknown_types, b.unknown_types);
    assert_int_equal(a.units, b.units);
    assert_int_equal(explained(one), explained(other));
    assert_int_equal(listed(one), listed(other));
    tdm_digest x = book_hash(one);
    tdm_digest y = book_hash(other);
    assert_memory_equal(x.bytes, y.bytes, sizeof x.bytes);
}

static void compare_at(tdm_fold *views, tdm_ledger *ledger, const tdm_frontier *frontier, bool feeds)
{
    tdm_fold *fold = at_rest(views, ledger, frontier, feeds);
    tdm_fold *wanted = anew(ledger, frontier);
    same(fold, wanted);
    tdm_fold_close(&wanted);
    tdm_fold_close(&fold);
}

/* feeds: as a hub, whose bounds are known; else as a node. */
static void check_stories(void **state)
{
    bool feeds = *state != NULL;
    for (uint64_t s = 1; s <= STORIES; s++) {
        uint64_t seed = s * 77;
        tdm_book book;
        story_tell(&book, s, STATEMENTS);
        tdm_ledger *ledger = book_ledger_in_order(&book);
        for (size_t m = 0; m < MOMENTS; m++) {
            tdm_frontier frontier = { 0 };
            size_t held = m % 3 == 0 ? book.count : story_roll(&seed, (uint32_t)book.count + 1);
            tdm_fold *views = views_of(&book, held, m % 2 == 0 ? SIZE_MAX : story_roll(&seed, 5), feeds);
            compare_at(views, ledger, NULL, feeds);
            any_frontier(ledger, &seed, &frontier);
            compare_at(views, ledger, &frontier, feeds);
            tdm_frontier_free(&frontier);
            if (tide_frontier(ledger, &seed, &frontier))
                compare_at(views, ledger, &frontier, feeds);
            tdm_frontier_free(&frontier);
            tdm_fold_close(&views);
        }
        tdm_ledger_close(&ledger);
        book_free(&book);
    }
}

/* Control: a frontier that is one event short must show. */
static void check_one_short(void **state)
{
    (void)state;
    tdm_book book;
    tdm_frontier frontier;
    uint64_t seed = 5;
    size_t differ = 0;
    story_tell(&book, 3, STATEMENTS);
    tdm_ledger *ledger = book_ledger_in_order(&book);
    tdm_fold *views = views_of(&book, book.count, SIZE_MAX, true);
    any_frontier(ledger, &seed, &frontier);
    tdm_fold *fold = at_rest(views, ledger, &frontier, true);
    tdm_digest got = book_hash(fold);
    for (size_t i = 0; i < frontier.count; i++) {
        frontier.entries[i].sequence--;
        tdm_fold *other = anew(ledger, &frontier);
        tdm_digest wanted = book_hash(other);
        differ += memcmp(got.bytes, wanted.bytes, sizeof got.bytes) != 0;
        tdm_fold_close(&other);
        frontier.entries[i].sequence++;
    }
    assert_true(differ > 0 && differ + 2 > frontier.count); /* one in a store's generation changes nothing */
    tdm_fold_close(&fold);
    tdm_fold_close(&views);
    tdm_frontier_free(&frontier);
    tdm_ledger_close(&ledger);
    book_free(&book);
}

/* ---- views that are not of this log */

static tdm_code try_views(tdm_fold *views, tdm_ledger *ledger, int authority, bool feeds)
{
    const tdm_fold_options options = { .has_authority = true,
                                       .authority = book_id(authority),
                                       .with_feeds = feeds };
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    tdm_code code = tdm_fold_at_rest(&fold, ledger, NULL, views, &options, NULL, &err);
    tdm_fold_close(&fold);
    return code;
}

static void check_others(void **state)
{
    (void)state;
    tdm_book book;
    tdm_book other;
    story_tell(&book, 1, STATEMENTS);
    story_tell(&other, 2, STATEMENTS / 2);
    tdm_ledger *ledger = book_ledger_in_order(&book);
    tdm_ledger *shorter = book_ledger_in_order(&other);
    tdm_fold *views = views_of(&book, book.count, SIZE_MAX, true);
    tdm_fold *others = views_of(&other, other.count, SIZE_MAX, true);
    assert_int_equal(try_views(views, ledger, 0, true), TDM_OK);
    assert_int_equal(try_views(views, ledger, 1, true), TDM_INVALID);  /* another hub's */
    assert_int_equal(try_views(views, ledger, 0, false), TDM_INVALID); /* a hub's, not a node's */
    assert_int_equal(try_views(views, shorter, 0, true), TDM_DIFFERS); /* beyond its end */
    assert_int_equal(try_views(others, ledger, 0, true), TDM_DIFFERS); /* another event there */
    tdm_fold_close(&others);
    tdm_fold_close(&views);
    tdm_ledger_close(&shorter);
    tdm_ledger_close(&ledger);
    book_free(&other);
    book_free(&book);
}

int main(void)
{
    static int hub;
    const struct CMUnitTest tests[] = {
        { "at a hub, now and at any moment", check_stories, NULL, NULL, &hub },
        { "at a node, now and at any moment", check_stories, NULL, NULL, NULL },
        { "control: one event less is seen", check_one_short, NULL, NULL, NULL },
        { "views of another hub, kind or log are refused", check_others, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("at rest", tests, NULL, NULL);
}
