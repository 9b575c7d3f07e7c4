/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_test.c: what every backend of kv.h must do, one suite over all of them.
 */
#include "support.h"
#include "kv_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_A, TABLE_B };

static tdm_span text(const char *words)
{
    return tdm_span_text(words);
}

static tdm_kv_txn *begin(fixture *f, tdm_kv_mode mode)
{
    tdm_kv_txn *txn = NULL;
    assert_ok(tdm_kv_begin(f->kv, mode, &txn, err));
    return txn;
}

static void commit(tdm_kv_txn *txn)
{
    assert_ok(tdm_kv_commit(&txn, err));
    assert_null(txn);
}

/* "a=1 b=2 ..." into table A, committed. */
static void put_all(fixture *f, const char *const *pairs, size_t count)
{
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    for (size_t i = 0; i < count; i += 2)
        assert_code(TDM_OK, tdm_kv_put(txn, TABLE_A, text(pairs[i]), text(pairs[i + 1])));
    commit(txn);
}

static void put_one(fixture *f, const char *key, const char *value)
{
    const char *const pair[] = { key, value };
    put_all(f, pair, 2);
}

static void expect_in(tdm_kv_txn *txn, const char *key, const char *value)
{
    tdm_span found;
    if (value == NULL) {
        assert_code(TDM_NOT_FOUND, tdm_kv_get(txn, TABLE_A, text(key), &found, NULL));
        return;
    }
    assert_ok(tdm_kv_get(txn, TABLE_A, text(key), &found, err));
    assert_int_equal(found.len, strlen(value));
    assert_memory_equal(found.data, value, found.len);
}

static void expect(fixture *f, const char *key, const char *value)
{
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_ONLY);
    expect_in(txn, key, value);
    tdm_kv_abort(&txn);
}

/* ---- values ------------------------------------------------------------------------------------ */

static void put_and_get(fixture *f)
{
    put_one(f, "k", "v");
    expect(f, "k", "v");
    expect(f, "K", NULL);
}

static void put_replaces(fixture *f)
{
    put_one(f, "k", "first");
    put_one(f, "k", "2");
    expect(f, "k", "2");
}

static void tables_are_apart(fixture *f)
{
    put_one(f, "k", "v");
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_ONLY);
    tdm_span found;
    assert_code(TDM_NOT_FOUND, tdm_kv_get(txn, TABLE_B, text("k"), &found, NULL));
    tdm_kv_abort(&txn);
}

static void del_removes(fixture *f)
{
    put_one(f, "k", "v");
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    assert_code(TDM_OK, tdm_kv_del(txn, TABLE_A, text("k")));
    assert_code(TDM_OK, tdm_kv_del(txn, TABLE_A, text("never there")));
    expect_in(txn, "k", NULL);
    commit(txn);
    expect(f, "k", NULL);
}

static void empty_values(fixture *f)
{
    put_one(f, "k", "");
    expect(f, "k", "");
    put_one(f, "k", "v");
    put_one(f, "k", "");
    expect(f, "k", "");
}

static void large_values(fixture *f)
{
    enum { BYTES = 3 << 20 };
    uint8_t *big = malloc(BYTES);
    memset(big, 0x5A, BYTES);
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    tdm_kv_put(txn, TABLE_A, text("big"), (tdm_span){ big, BYTES });
    commit(txn);
    txn = begin(f, TDM_KV_READ_ONLY);
    tdm_span found;
    assert_ok(tdm_kv_get(txn, TABLE_A, text("big"), &found, err));
    assert_int_equal(found.len, BYTES);
    assert_memory_equal(found.data, big, BYTES);
    tdm_kv_abort(&txn);
    free(big);
}

static void key_bounds(fixture *f)
{
    uint8_t key[512];
    memset(key, 'k', sizeof key);
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    assert_code(TDM_OK, tdm_kv_put(txn, TABLE_A, (tdm_span){ key, 511 }, text("longest")));
    assert_code(TDM_INVALID, tdm_kv_put(txn, TABLE_A, (tdm_span){ key, 512 }, text("longer")));
    assert_code(TDM_INVALID, tdm_kv_commit(&txn, NULL));
    txn = begin(f, TDM_KV_READ_WRITE);
    assert_code(TDM_INVALID, tdm_kv_put(txn, TABLE_A, (tdm_span){ key, 0 }, text("none")));
    tdm_kv_abort(&txn);
}

/* ---- transactions ------------------------------------------------------------------------------ */

static void abort_leaves_nothing(fixture *f)
{
    put_one(f, "old", "1");
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    tdm_kv_put(txn, TABLE_A, text("new"), text("2"));
    tdm_kv_put(txn, TABLE_A, text("old"), text("3"));
    tdm_kv_del(txn, TABLE_A, text("old"));
    tdm_kv_abort(&txn);
    assert_null(txn);
    expect(f, "new", NULL);
    expect(f, "old", "1");
}

static void own_writes_are_seen(fixture *f)
{
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    tdm_kv_put(txn, TABLE_A, text("k"), text("v"));
    expect_in(txn, "k", "v");
    tdm_kv_abort(&txn);
}

static void uncommitted_is_unseen(fixture *f)
{
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    tdm_kv_put(txn, TABLE_A, text("k"), text("v"));
    expect(f, "k", NULL);
    commit(txn);
    expect(f, "k", "v");
}

static void readers_keep_their_view(fixture *f)
{
    put_one(f, "k", "before");
    tdm_kv_txn *reader = begin(f, TDM_KV_READ_ONLY);
    tdm_span borrowed;
    assert_ok(tdm_kv_get(reader, TABLE_A, text("k"), &borrowed, err));
    for (int i = 0; i < 20; i++)
        put_one(f, "k", "after");
    expect_in(reader, "k", "before");
    assert_memory_equal(borrowed.data, "before", borrowed.len);
    tdm_kv_abort(&reader);
    expect(f, "k", "after");
}

static void a_failed_call_fails_the_commit(fixture *f)
{
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    tdm_kv_append(txn, TABLE_A, text("b"), text("1"));
    assert_code(TDM_EXISTS, tdm_kv_append(txn, TABLE_A, text("a"), text("2")));
    assert_code(TDM_EXISTS, tdm_kv_put(txn, TABLE_A, text("c"), text("3")));
    tdm_span found;
    assert_code(TDM_EXISTS, tdm_kv_get(txn, TABLE_A, text("b"), &found, NULL));
    tdm_err err = { 0 };
    assert_code(TDM_EXISTS, tdm_kv_commit(&txn, &err));
    assert_code(TDM_EXISTS, err.code);
    expect(f, "b", NULL);
    put_one(f, "b", "again");
    expect(f, "b", "again");
}

static void append_refuses_an_equal_key(fixture *f)
{
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    assert_code(TDM_OK, tdm_kv_append(txn, TABLE_A, text("a"), text("1")));
    assert_code(TDM_OK, tdm_kv_append(txn, TABLE_A, text("ab"), text("2")));
    assert_code(TDM_EXISTS, tdm_kv_append(txn, TABLE_A, text("ab"), text("3")));
    tdm_kv_abort(&txn);
}

static void survives_reopening(fixture *f)
{
    put_one(f, "k", "v");
    fixture_reopen(f);
    expect(f, "k", "v");
}

static void entries_are_counted(fixture *f)
{
    const char *const pairs[] = { "a", "1", "b", "2", "c", "3" };
    put_all(f, pairs, 6);
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    tdm_kv_del(txn, TABLE_A, text("b"));
    tdm_kv_put(txn, TABLE_A, text("a"), text("9"));
    commit(txn);
    tdm_kv_stats stats;
    assert_ok(tdm_kv_stat(f->kv, &stats, err));
    assert_int_equal(stats.entries[TABLE_A], 2);
    assert_int_equal(stats.entries[TABLE_B], 0);
    tdm_kv_sweep_readers(f->kv);
}

/* ---- cursors ----------------------------------------------------------------------------------- */

typedef struct step {
    char move; /* s: seek, l: seek_last, n: next, p: previous */
    const char *key;
    const char *found; /* NULL: TDM_END */
} step;

static tdm_code move(tdm_kv_cursor *cursor, const step *s, tdm_span *found, tdm_span *value)
{
    switch (s->move) {
    case 's':
        return tdm_kv_cursor_seek(cursor, text(s->key), found, value);
    case 'l':
        return tdm_kv_cursor_seek_last(cursor, text(s->key), found, value);
    case 'n':
        return tdm_kv_cursor_next(cursor, found, value);
    default:
        return tdm_kv_cursor_previous(cursor, found, value);
    }
}

static void take_steps(tdm_kv_txn *txn, const step *steps, size_t count)
{
    tdm_kv_cursor *cursor = NULL;
    assert_ok(tdm_kv_cursor_open(txn, TABLE_A, &cursor, err));
    for (size_t i = 0; i < count; i++) {
        tdm_span found, value;
        tdm_code code = move(cursor, &steps[i], &found, &value);
        if (steps[i].found == NULL) {
            assert_code(TDM_END, code);
            continue;
        }
        assert_code(TDM_OK, code);
        if (!tdm_span_equal(found, text(steps[i].found)))
            fail_msg("step %zu finds %.*s, not %s", i, (int)found.len, found.data, steps[i].found);
        assert_true(tdm_span_equal(value, found));
    }
    tdm_kv_cursor_close(&cursor);
    assert_null(cursor);
}

static const char *const LETTERS[] = { "b", "b", "bb", "bb", "d", "d", "f", "f" };

static const step WALKS[][8] = {
    { { 'n', "", "b" },
      { 'n', "", "bb" },
      { 'n', "", "d" },
      { 'n', "", "f" },
      { 'n', "", NULL },
      { 'n', "", NULL },
      { 'p', "", "d" },
      { 'n', "", "f" } },
    { { 'p', "", "f" },
      { 'p', "", "d" },
      { 'p', "", "bb" },
      { 'p', "", "b" },
      { 'p', "", NULL },
      { 'p', "", NULL },
      { 'n', "", "bb" },
      { 'p', "", "b" } },
    { { 's', "a", "b" },
      { 's', "b", "b" },
      { 's', "ba", "bb" },
      { 's', "c", "d" },
      { 'p', "", "bb" },
      { 's', "g", NULL },
      { 'p', "", "f" },
      { 's', "f", "f" } },
    { { 'l', "z", "f" },
      { 'l', "f", "f" },
      { 'l', "e", "d" },
      { 'l', "c", "bb" },
      { 'n', "", "d" },
      { 'l', "a", NULL },
      { 'n', "", "b" },
      { 'l', "b", "b" } },
};

static void cursors_move(fixture *f)
{
    put_all(f, LETTERS, TDM_COUNT(LETTERS));
    for (size_t i = 0; i < TDM_COUNT(WALKS); i++) {
        tdm_kv_txn *reader = begin(f, TDM_KV_READ_ONLY);
        take_steps(reader, WALKS[i], 8);
        tdm_kv_abort(&reader);
        tdm_kv_txn *writer = begin(f, TDM_KV_READ_WRITE);
        tdm_kv_put(writer, TABLE_B, text("x"), text("y"));
        take_steps(writer, WALKS[i], 8);
        tdm_kv_abort(&writer);
    }
}

static void cursors_in_an_empty_table(fixture *f)
{
    static const step NOTHING[] = {
        { 'n', "", NULL }, { 'p', "", NULL }, { 's', "a", NULL }, { 'l', "a", NULL }
    };
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_ONLY);
    take_steps(txn, NOTHING, TDM_COUNT(NOTHING));
    tdm_kv_abort(&txn);
}

static void a_cursor_outlives_writes(fixture *f)
{
    put_all(f, LETTERS, TDM_COUNT(LETTERS));
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    tdm_kv_cursor *cursor = NULL;
    tdm_span found, value;
    assert_ok(tdm_kv_cursor_open(txn, TABLE_A, &cursor, err));
    assert_code(TDM_OK, tdm_kv_cursor_seek(cursor, text("bb"), &found, &value));
    tdm_kv_del(txn, TABLE_A, text("bb"));
    tdm_kv_put(txn, TABLE_A, text("c"), text("c"));
    assert_code(TDM_OK, tdm_kv_cursor_next(cursor, &found, &value));
    assert_true(tdm_span_equal(found, text("c")));
    tdm_kv_del(txn, TABLE_A, text("b"));
    assert_code(TDM_END, tdm_kv_cursor_previous(cursor, &found, &value));
    commit(txn);
}

static void delete_while_walking(fixture *f)
{
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    char key[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "%04d", i);
        tdm_kv_append(txn, TABLE_A, text(key), text(key));
    }
    tdm_kv_cursor *cursor = NULL;
    tdm_span found, value;
    int seen = 0;
    assert_ok(tdm_kv_cursor_open(txn, TABLE_A, &cursor, err));
    while (tdm_kv_cursor_next(cursor, &found, &value) == TDM_OK) {
        snprintf(key, sizeof key, "%04d", seen++);
        assert_true(tdm_span_equal(found, text(key)));
        tdm_kv_del(txn, TABLE_A, text(key));
    }
    assert_int_equal(seen, 1000);
    commit(txn);
    tdm_kv_stats stats;
    assert_ok(tdm_kv_stat(f->kv, &stats, err));
    assert_int_equal(stats.entries[TABLE_A], 0);
}

typedef struct visits {
    tdm_kv_txn *deletes; /* what is visited; NULL: nothing */
    const char *until;   /* the value that is enough; NULL: none */
    tdm_buf values;
} visits;

static tdm_code visit(void *context, tdm_span key, tdm_span value, tdm_err *err)
{
    (void)err;
    visits *v = context;
    char own = (char)key.data[key.len - 1];
    tdm_buf_add(&v->values, value.data, value.len);
    if (v->until != NULL && tdm_span_equal(value, text(v->until)))
        return TDM_CONFLICT;
    if (v->deletes != NULL)
        tdm_kv_del(v->deletes, TABLE_A, (tdm_span){ (uint8_t[]){ 'b', (uint8_t)own }, 2 });
    return TDM_OK;
}

static void expect_walk(tdm_kv_txn *txn, visits v, const char *prefix, tdm_code code, const char *values)
{
    assert_code(code, tdm_kv_each(txn, TABLE_A, text(prefix), visit, &v, NULL));
    assert_int_equal(v.values.len, strlen(values));
    if (v.values.len > 0)
        assert_memory_equal(v.values.data, values, v.values.len);
    tdm_buf_free(&v.values);
}

static void a_walk_visits_what_begins_alike(fixture *f)
{
    static const char *const PAIRS[] = { "a", "1", "b", "2", "b1", "3", "b2", "4", "c", "5" };
    put_all(f, PAIRS, TDM_COUNT(PAIRS));
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    visits all = { 0 }, some = { .until = "3" }, deleting = { .deletes = txn };
    expect_walk(txn, all, "", TDM_OK, "12345");
    expect_walk(txn, all, "b", TDM_OK, "234");
    expect_walk(txn, all, "bb", TDM_OK, "");
    expect_walk(txn, all, "d", TDM_OK, "");
    expect_walk(txn, some, "", TDM_CONFLICT, "123");
    expect_walk(txn, deleting, "b", TDM_OK, "234");
    expect_walk(txn, all, "", TDM_OK, "125");
    assert_int_equal(tdm_kv_put(txn, TABLE_A, text(""), text("")), TDM_INVALID);
    expect_walk(txn, all, "", TDM_INVALID, ""); /* of a transaction that has failed */
    tdm_kv_abort(&txn);
}

static void open_cursors_end_with_the_transaction(fixture *f)
{
    put_one(f, "k", "v");
    for (int i = 0; i < 2; i++) {
        tdm_kv_txn *txn = begin(f, i == 0 ? TDM_KV_READ_ONLY : TDM_KV_READ_WRITE);
        tdm_kv_cursor *one = NULL, *two = NULL, *three = NULL;
        assert_ok(tdm_kv_cursor_open(txn, TABLE_A, &one, err));
        assert_ok(tdm_kv_cursor_open(txn, TABLE_A, &two, err));
        assert_ok(tdm_kv_cursor_open(txn, TABLE_B, &three, err));
        tdm_kv_cursor_close(&two);
        commit(txn); /* the sanitizer tells of what was left */
    }
    expect(f, "k", "v");
}

/* ---- against a naive table --------------------------------------------------------------------- */

#define NAIVE_KEYS 64

typedef struct naive {
    bool there[NAIVE_KEYS];
    uint32_t value[NAIVE_KEYS];
} naive;

static void naive_check(fixture *f, const naive *table)
{
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_ONLY);
    tdm_kv_cursor *cursor = NULL;
    tdm_span found, value;
    assert_ok(tdm_kv_cursor_open(txn, TABLE_A, &cursor, err));
    for (uint8_t i = 0; i < NAIVE_KEYS; i++) {
        if (!table->there[i])
            continue;
        assert_code(TDM_OK, tdm_kv_cursor_next(cursor, &found, &value));
        assert_int_equal(found.data[0], i);
        assert_int_equal(value.len, sizeof(uint32_t) + table->value[i] % 700);
        assert_memory_equal(value.data, &table->value[i], sizeof(uint32_t));
    }
    assert_code(TDM_END, tdm_kv_cursor_next(cursor, &found, &value));
    tdm_kv_abort(&txn);
}

static void naive_round(fixture *f, naive *table, uint64_t *random)
{
    naive changed = *table;
    uint8_t bytes[704] = { 0 };
    tdm_kv_txn *txn = begin(f, TDM_KV_READ_WRITE);
    for (uint64_t left = random_below(random, 40); left > 0; left--) {
        uint8_t key = (uint8_t)random_below(random, NAIVE_KEYS);
        changed.there[key] = random_below(random, 3) > 0;
        changed.value[key] = (uint32_t)next_random(random);
        memcpy(bytes, &changed.value[key], sizeof(uint32_t));
        if (changed.there[key])
            tdm_kv_put(txn, TABLE_A, (tdm_span){ &key, 1 },
                       (tdm_span){ bytes, sizeof(uint32_t) + changed.value[key] % 700 });
        else
            tdm_kv_del(txn, TABLE_A, (tdm_span){ &key, 1 });
    }
    if (random_below(random, 4) == 0) {
        tdm_kv_abort(&txn);
        return;
    }
    commit(txn);
    *table = changed;
}

static void agrees_with_a_naive_table(fixture *f)
{
    naive table = { 0 };
    uint64_t random = 7;
    for (int round = 0; round < 300; round++) {
        naive_round(f, &table, &random);
        naive_check(f, &table);
    }
}

static const store_row ROWS[] = {
    { "a value put is read back", put_and_get, false },
    { "a put replaces the value", put_replaces, false },
    { "tables are apart", tables_are_apart, false },
    { "a del removes, and an absent key is no error", del_removes, false },
    { "empty values are values", empty_values, false },
    { "values of megabytes are kept", large_values, false },
    { "keys are 1 to 511 bytes", key_bounds, false },
    { "an abort leaves nothing", abort_leaves_nothing, false },
    { "a transaction sees its own writes", own_writes_are_seen, false },
    { "nobody sees what is not committed", uncommitted_is_unseen, false },
    { "a reader keeps its view and its borrowed bytes", readers_keep_their_view, false },
    { "a failed call fails the commit with the first error", a_failed_call_fails_the_commit, false },
    { "append refuses a key that is not behind the last", append_refuses_an_equal_key, false },
    { "what was committed is there after opening again", survives_reopening, true },
    { "entries are counted by table", entries_are_counted, false },
    { "cursors move both ways, and past neither end", cursors_move, false },
    { "a cursor in an empty table finds nothing", cursors_in_an_empty_table, false },
    { "a cursor goes on by key after writes", a_cursor_outlives_writes, false },
    { "what a cursor stands on may be deleted", delete_while_walking, false },
    { "a walk visits what begins alike, until a visit ends it", a_walk_visits_what_begins_alike, false },
    { "open cursors end with their transaction", open_cursors_end_with_the_transaction, false },
    { "random writes agree with a naive table", agrees_with_a_naive_table, false },
};

int main(void)
{
    return store_suite("kv", ROWS, TDM_COUNT(ROWS), false);
}
