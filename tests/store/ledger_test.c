/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_test.c: what the ledger promises, over every backend.
 */
#include "support.h"
#include "ledger_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_tip(fixture *f, const chain *c)
{
    tdm_tip tip;
    assert_ok(tdm_ledger_tip(f->ledger, &c->origin, c->incarnation, &tip, err));
    assert_int_equal(tip.last, c->last);
    assert_true(tdm_digest_equal(&tip.head, &c->head));
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void a_new_one_is_empty(fixture *f)
{
    chain c = chain_new(1);
    tdm_tip tip;
    tdm_tip *tips = NULL;
    size_t count = 9;
    assert_false(tdm_id_is_zero(tdm_ledger_store_id(f->ledger)));
    assert_int_equal(last_position(f), 0);
    assert_code(TDM_NOT_FOUND, tdm_ledger_tip(f->ledger, &c.origin, c.incarnation, &tip, NULL));
    assert_true(tdm_id_equal(&tip.origin, &c.origin) && tip.incarnation == c.incarnation && tip.last == 0);
    assert_ok(tdm_ledger_tips(f->ledger, &tips, &count, err));
    assert_int_equal(count, 0);
    free(tips);
    assert_int_equal(ledger_faults(f->ledger), 0);
}

static void reopening_keeps_all(fixture *f)
{
    chain c = chain_new(1);
    tdm_id id = *tdm_ledger_store_id(f->ledger);
    ledger_fill(f->ledger, &c, 3, 50, 255);
    fixture_reopen(f);
    assert_true(tdm_id_equal(&id, tdm_ledger_store_id(f->ledger)));
    assert_int_equal(last_position(f), 150);
    expect_tip(f, &c);
    ledger_fill(f->ledger, &c, 1, 50, 255);
    assert_int_equal(last_position(f), 200);
    assert_int_equal(ledger_faults(f->ledger), 0);
}

static void a_newer_format_is_refused(fixture *f)
{
    tdm_span key = TDM_SPAN_LITERAL("ledger");
    uint8_t row[META_ROW_BYTES] = { 0 };
    tdm_write_u64(row + 4, TDM_LEDGER_FORMAT + 1);
    tdm_row_seal(key, row, sizeof row);
    tdm_kv_txn *txn = NULL;
    assert_ok(tdm_kv_begin(f->kv, TDM_KV_READ_WRITE, &txn, err));
    tdm_kv_put(txn, TABLE_META, key, (tdm_span){ row, sizeof row });
    assert_ok(tdm_kv_commit(&txn, err));
    tdm_ledger_close(&f->ledger);
    f->kv = NULL;
    tdm_kv *kv = open_lmdb(f->path, TDM_KV_READ_WRITE, 1 << 20, true);
    tdm_ledger *ledger = NULL;
    assert_code(TDM_UNSUPPORTED, tdm_ledger_open(&ledger, &kv, NULL));
    assert_null(ledger);
    assert_null(kv);
}

/* ---- runs -------------------------------------------------------------------------------------- */

static void runs_are_read_back(fixture *f)
{
    chain a = chain_new(1), b = chain_new(2);
    made_run runs[] = { chain_run(&a, 3, 255, 0), chain_run(&b, 1, 200, 0), chain_run(&a, 2, 255, 0) };
    assert_code(TDM_OK, ledger_add(f->ledger, &a, &runs[0], 1));
    tdm_ledger_txn *txn = txn_begin(f);
    assert_code(TDM_OK, txn_append(txn, &b, &runs[1]));
    assert_code(TDM_OK, txn_append(txn, &a, &runs[2]));
    txn_commit(txn);
    assert_int_equal(last_position(f), 6);
    expect_event(f, &a, 1, 1, runs[0].events[0]);
    expect_event(f, &a, 3, 3, runs[0].events[2]);
    expect_event(f, &b, 1, 4, runs[1].events[0]);
    expect_event(f, &a, 5, 6, runs[2].events[1]);
    expect_tip(f, &a);
    expect_tip(f, &b);
    uint64_t position;
    assert_code(TDM_NOT_FOUND,
                tdm_ledger_event_find(f->ledger, &a.origin, a.incarnation, 6, &position, NULL));
    assert_code(TDM_NOT_FOUND, tdm_ledger_event_at(f->ledger, 7, &runs[0].bytes, NULL));
    for (size_t i = 0; i < TDM_COUNT(runs); i++)
        made_run_free(&runs[i]);
}

static void a_run_held_is_told(fixture *f)
{
    chain c = chain_new(1);
    made_run one = chain_run(&c, 4, 255, 0), two = chain_run(&c, 4, 255, 0);
    tdm_ledger_txn *txn = txn_begin(f);
    assert_code(TDM_OK, txn_append(txn, &c, &one));
    assert_code(TDM_EXISTS, txn_append(txn, &c, &one));
    assert_code(TDM_OK, txn_append(txn, &c, &two));
    assert_code(TDM_EXISTS, txn_append(txn, &c, &one));
    txn_commit(txn);
    assert_code(TDM_EXISTS, ledger_add(f->ledger, &c, &two, 1));
    assert_int_equal(last_position(f), 8);
    made_run_free(&one);
    made_run_free(&two);
}

/* A run that must be refused beside one that is taken; nothing of it may be there. */
static void expect_refused(fixture *f, chain *held, const made_run *bad, tdm_code expected)
{
    uint64_t before = last_position(f);
    made_run good = chain_run(held, 2, 255, 0);
    tdm_ledger_txn *txn = txn_begin(f);
    tdm_err err = { 0 };
    assert_code(expected, tdm_ledger_append_run(txn, &held->origin, held->incarnation, &bad->run, bad->events,
                                                1, &err));
    assert_code(expected, err.code);
    assert_true(strlen(err.what) > 10);
    assert_code(TDM_OK, txn_append(txn, held, &good));
    txn_commit(txn);
    assert_int_equal(last_position(f), before + 2);
    expect_event(f, held, good.run.first, before + 1, good.events[0]);
    assert_int_equal(ledger_faults(f->ledger), 0);
    made_run_free(&good);
}

static void a_fork_is_refused(fixture *f)
{
    chain c = chain_new(1);
    ledger_fill(f->ledger, &c, 1, 4, 255);
    chain before = c;
    ledger_fill(f->ledger, &c, 1, 4, 255);
    chain clone = before;
    made_run same_place = chain_run(&clone, 4, 255, 77), behind = chain_run(&clone, 2, 255, 77);
    expect_refused(f, &c, &same_place, TDM_CONFLICT);
    clone = before;
    made_run longer = chain_run(&clone, 20, 255, 0);
    expect_refused(f, &c, &longer, TDM_CONFLICT);
    clone = before;
    made_run shorter = chain_run(&clone, 2, 255, 0);
    expect_refused(f, &c, &shorter, TDM_CONFLICT);
    behind.run.first = c.last + 1;
    behind.run.last = c.last + 2;
    expect_refused(f, &c, &behind, TDM_CONFLICT);
    made_run_free(&same_place);
    made_run_free(&behind);
    made_run_free(&longer);
    made_run_free(&shorter);
}

static void a_gap_is_refused(fixture *f)
{
    chain c = chain_new(1), ahead = c;
    made_run first = chain_run(&ahead, 3, 255, 0), later = chain_run(&ahead, 3, 255, 0);
    expect_refused(f, &c, &later, TDM_INVALID);
    made_run_free(&first);
    made_run_free(&later);
}

static void bad_shapes_are_refused(fixture *f)
{
    chain c = chain_new(1), copy = c;
    made_run run = chain_run(&copy, 4, 255, 0);
    made_run bad = run;
    bad.run.first = 0;
    expect_refused(f, &c, &bad, TDM_INVALID);
    copy = c;
    made_run next = chain_run(&copy, 4, 255, 0);
    bad = next;
    bad.run.last = bad.run.first + TDM_RUN_EVENTS_MAX;
    expect_refused(f, &c, &bad, TDM_INVALID);
    copy = c;
    made_run third = chain_run(&copy, 2, 255, 0);
    tdm_span events[2] = { third.events[0], { third.events[1].data, TDM_EVENT_MAX + 1 } };
    bad = third;
    bad.events = events;
    expect_refused(f, &c, &bad, TDM_INVALID);
    events[1].len = 0;
    copy = c;
    expect_refused(f, &c, &bad, TDM_INVALID);
    made_run_free(&run);
    made_run_free(&next);
    made_run_free(&third);
}

static void tips_are_ordered(fixture *f)
{
    chain chains[] = { chain_new(9), chain_new(3), chain_new(7), chain_new(3) };
    chains[3].incarnation = 5;
    for (size_t i = 0; i < TDM_COUNT(chains); i++)
        ledger_fill(f->ledger, &chains[i], 1, 2 + i, 255);
    static const size_t ORDER[] = { 3, 1, 2, 0 };
    tdm_tip *tips = NULL;
    size_t count = 0;
    assert_ok(tdm_ledger_tips(f->ledger, &tips, &count, err));
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        const chain *c = &chains[ORDER[i]];
        assert_true(tdm_id_equal(&tips[i].origin, &c->origin));
        assert_int_equal(tips[i].incarnation, c->incarnation);
        assert_int_equal(tips[i].last, 2 + ORDER[i]);
        assert_int_equal(tips[i].sealed, tips[i].last);
        assert_int_equal(tips[i].received_ms, 1000);
    }
    free(tips);
}

static void an_abort_leaves_nothing(fixture *f)
{
    chain c = chain_new(1), copy = c;
    made_run run = chain_run(&copy, 5, 255, 0);
    tdm_ledger_txn *txn = txn_begin(f);
    assert_code(TDM_OK, txn_append(txn, &c, &run));
    tdm_tip tip;
    assert_ok(tdm_ledger_txn_tip(txn, &c.origin, c.incarnation, &tip, err));
    assert_int_equal(tip.last, 5);
    tdm_ledger_abort(&txn);
    assert_null(txn);
    assert_int_equal(last_position(f), 0);
    assert_code(TDM_NOT_FOUND, tdm_ledger_tip(f->ledger, &c.origin, c.incarnation, &tip, NULL));
    assert_code(TDM_OK, ledger_add(f->ledger, &c, &run, 1));
    made_run_free(&run);
}

static void heads_are_found(fixture *f)
{
    chain c = chain_new(1), copy;
    ledger_fill(f->ledger, &c, 1, 5, 255);
    copy = c;
    ledger_fill(f->ledger, &c, 1, 5, 255);
    tdm_digest head;
    assert_ok(tdm_ledger_head_at(f->ledger, &c.origin, c.incarnation, 5, &head, err));
    assert_true(tdm_digest_equal(&head, &copy.head));
    assert_code(TDM_NOT_FOUND, tdm_ledger_head_at(f->ledger, &c.origin, c.incarnation, 7, &head, NULL));
    assert_code(TDM_NOT_FOUND, tdm_ledger_head_at(f->ledger, &c.origin, c.incarnation, 11, &head, NULL));
}

/* ---- scans ------------------------------------------------------------------------------------- */

typedef struct seen {
    uint64_t positions[300];
    size_t count;
    size_t stop_at;
    tdm_code stop_with;
} seen;

static tdm_code see(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    (void)err;
    seen *s = context;
    s->positions[s->count++] = entry->position;
    assert_true(entry->bytes.len > 50);
    return s->count == s->stop_at ? s->stop_with : TDM_OK;
}

static void scans_go_on_where_they_stopped(fixture *f)
{
    chain c = chain_new(1);
    ledger_fill(f->ledger, &c, 5, 50, 255);
    seen s = { 0 };
    uint64_t next = 0;
    while (last_position(f) >= next)
        assert_ok(tdm_ledger_scan(f->ledger, next, 70, see, &s, &next, err));
    assert_int_equal(s.count, 250);
    for (size_t i = 0; i < s.count; i++)
        assert_int_equal(s.positions[i], i + 1);
    assert_int_equal(next, 251);
    assert_ok(tdm_ledger_scan(f->ledger, next, 70, see, &s, &next, err));
    assert_int_equal(next, 251);
    s = (seen){ .stop_at = 4, .stop_with = TDM_END };
    assert_ok(tdm_ledger_scan(f->ledger, 10, 70, see, &s, &next, err));
    assert_int_equal(next, 14);
    s = (seen){ .stop_at = 4, .stop_with = TDM_DENIED };
    assert_code(TDM_DENIED, tdm_ledger_scan(f->ledger, 10, 70, see, &s, &next, NULL));
    assert_int_equal(next, 13);
}

static void damage_is_not_handed_out(fixture *f)
{
    chain c = chain_new(1);
    ledger_fill(f->ledger, &c, 2, 10, 255);
    row_key key = tdm_key_of_position(7);
    tdm_kv_txn *txn = NULL;
    tdm_span row;
    uint8_t copy[600];
    assert_ok(tdm_kv_begin(f->kv, TDM_KV_READ_WRITE, &txn, err));
    assert_ok(tdm_kv_get(txn, TABLE_EVENTS, key_span(&key), &row, err));
    size_t len = row.len;
    memcpy(copy, row.data, len);
    copy[len - 1] ^= 1;
    tdm_kv_put(txn, TABLE_EVENTS, key_span(&key), (tdm_span){ copy, len });
    assert_ok(tdm_kv_commit(&txn, err));
    seen s = { 0 };
    uint64_t next;
    tdm_err err = { 0 };
    assert_code(TDM_CORRUPT, tdm_ledger_scan(f->ledger, 1, 100, see, &s, &next, &err));
    assert_int_equal(s.count, 6);
    assert_int_equal(next, 7);
    assert_non_null(strstr(err.what, "position 7"));
    tdm_buf out = { 0 };
    assert_code(TDM_CORRUPT, tdm_ledger_event_at(f->ledger, 7, &out, NULL));
    tdm_run_batch batch;
    assert_code(TDM_CORRUPT,
                tdm_ledger_runs(f->ledger, &c.origin, c.incarnation, 1, 1 << 20, 9, false, &batch, NULL));
    tdm_run_batch_free(&batch);
    tdm_buf_free(&out);
}

/* ---- local state, set aside -------------------------------------------------------------------- */

static void local_put(fixture *f, const char *name, const char *value)
{
    tdm_ledger_txn *txn = txn_begin(f);
    assert_code(TDM_OK, tdm_ledger_local_put(txn, tdm_span_text(name), tdm_span_text(value)));
    txn_commit(txn);
}

static tdm_code join_names(void *context, tdm_span name, tdm_span value, tdm_err *err)
{
    (void)err;
    tdm_buf_add(context, name.data, name.len);
    tdm_buf_text(context, "=");
    tdm_buf_add(context, value.data, value.len);
    tdm_buf_text(context, " ");
    return TDM_OK;
}

static void expect_locals(fixture *f, const char *prefix, const char *expected)
{
    tdm_buf all = { 0 };
    assert_ok(tdm_ledger_local_each(f->ledger, tdm_span_text(prefix), join_names, &all, err));
    tdm_buf_add(&all, "", 1);
    assert_string_equal((const char *)all.data, expected);
    tdm_buf_free(&all);
}

static void local_state_is_kept(fixture *f)
{
    tdm_buf value = { 0 };
    local_put(f, "keys/seal", "secret");
    local_put(f, "feed/a", "1");
    local_put(f, "feed/b", "2");
    local_put(f, "feed/a", "3");
    local_put(f, "feeds", "4");
    assert_ok(tdm_ledger_local_get(f->ledger, tdm_span_text("keys/seal"), &value, err));
    assert_true(tdm_span_equal(tdm_buf_span(&value), tdm_span_text("secret")));
    assert_code(TDM_NOT_FOUND, tdm_ledger_local_get(f->ledger, tdm_span_text("keys"), &value, NULL));
    expect_locals(f, "feed/", "feed/a=3 feed/b=2 ");
    expect_locals(f, "", "feed/a=3 feed/b=2 feeds=4 keys/seal=secret ");
    local_put(f, "feed/a", "");
    expect_locals(f, "feed/", "feed/b=2 ");
    char long_name[201];
    memset(long_name, 'n', sizeof long_name);
    tdm_ledger_txn *txn = txn_begin(f);
    assert_code(TDM_INVALID,
                tdm_ledger_local_put(txn, (tdm_span){ (uint8_t *)long_name, 201 }, tdm_span_text("v")));
    assert_code(TDM_INVALID, tdm_ledger_local_put(txn, (tdm_span){ NULL, 0 }, tdm_span_text("v")));
    tdm_ledger_abort(&txn);
    tdm_buf_free(&value);
}

typedef struct aside_seen {
    size_t count;
    tdm_id origin;
} aside_seen;

static tdm_code see_aside(void *context, const tdm_id *origin, const char *reason, tdm_span bytes,
                          int64_t received_ms, tdm_err *err)
{
    (void)err;
    aside_seen *s = context;
    if (tdm_id_equal(origin, &s->origin)) {
        char expected[32];
        snprintf(expected, sizeof expected, "reason %zu", s->count);
        assert_string_equal(reason, expected);
        assert_int_equal(received_ms, s->count);
        assert_true(tdm_span_equal(bytes, tdm_span_text("bytes")));
        s->count++;
    }
    return TDM_OK;
}

static void what_is_set_aside_is_bounded(fixture *f)
{
    chain a = chain_new(1), b = chain_new(2);
    tdm_ledger_txn *txn = txn_begin(f);
    for (int i = 0; i < 1010; i++) {
        char reason[32];
        snprintf(reason, sizeof reason, "reason %d", i);
        assert_ok(tdm_ledger_set_aside(txn, &a.origin, reason, tdm_span_text("bytes"), i, err));
    }
    assert_ok(tdm_ledger_set_aside(txn, &b.origin, "", (tdm_span){ NULL, 0 }, 1, err));
    txn_commit(txn);
    aside_seen s = { .origin = a.origin };
    assert_ok(tdm_ledger_each_aside(f->ledger, see_aside, &s, err));
    assert_int_equal(s.count, 1000);
    uint64_t count = 0;
    assert_ok(tdm_ledger_aside_count(f->ledger, &a.origin, &count, err));
    assert_int_equal(count, 1010);
    assert_ok(tdm_ledger_aside_count(f->ledger, &b.origin, &count, err));
    assert_int_equal(count, 1);
    assert_int_equal(last_position(f), 0);
    assert_int_equal(ledger_faults(f->ledger), 0);
}

static const store_row ROWS[] = {
    { "a new ledger is empty and has an id", a_new_one_is_empty, false },
    { "opening again keeps all and goes on", reopening_keeps_all, true },
    { "a newer format is refused", a_newer_format_is_refused, true },
    { "runs of several origins are read back by name and position", runs_are_read_back, false },
    { "a run held already is told and not stored twice", a_run_held_is_told, false },
    { "a fork is refused and the transaction goes on", a_fork_is_refused, false },
    { "a gap is refused", a_gap_is_refused, false },
    { "runs of a wrong shape are refused", bad_shapes_are_refused, false },
    { "tips come ordered by origin and incarnation", tips_are_ordered, false },
    { "an abort leaves nothing", an_abort_leaves_nothing, false },
    { "heads are found where runs end", heads_are_found, false },
    { "a scan goes on where it stopped", scans_go_on_where_they_stopped, false },
    { "a damaged record is named and not handed out", damage_is_not_handed_out, false },
    { "local state is kept, listed and deleted", local_state_is_kept, false },
    { "what is set aside is kept up to a bound, then counted", what_is_set_aside_is_bounded, false },
};

int main(void)
{
    return store_suite("ledger", ROWS, TDM_COUNT(ROWS), true);
}
