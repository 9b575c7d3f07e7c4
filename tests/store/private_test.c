/* SPDX-License-Identifier: MPL-2.0
 *
 * private_test.c: what the private log promises its callers: what is in force, what is refused, what lasts.
 */
#include "private_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- scenes: steps and what is in force afterwards ------------------------------------------------ */

typedef enum step_kind { NO_STEP, NEW, AMEND, VOID, ERASE, REOPEN } step_kind;

typedef struct scene {
    const char *name;
    struct {
        step_kind kind;
        const char *person;
        unsigned id;
        unsigned of;
        const char *payload;
        tdm_code code;
    } steps[9];
    const char *ann;
    const char *bob;
    tdm_private_tip tip; /* rows, people, erased */
} scene;

static const scene SCENES[] = {
    { "an empty log has nobody", { { 0 } }, "-", "-", { 0 } },
    { "a row is read back", { { NEW, "ann", 1, 0, "a", TDM_OK } }, "1=a", "-", { .rows = 1, .people = 1 } },
    { "rows come in order of sequence, not of id",
      { { NEW, "ann", 9, 0, "a", TDM_OK }, { NEW, "ann", 3, 0, "b", TDM_OK } },
      "9=a 3=b",
      "-",
      { .rows = 2, .people = 1 } },
    { "people are kept apart, ids too",
      { { NEW, "ann", 1, 0, "a", TDM_OK }, { NEW, "bob", 1, 0, "b", TDM_OK } },
      "1=a",
      "1=b",
      { .rows = 2, .people = 2 } },
    { "an id again is known, whatever it holds",
      { { NEW, "ann", 1, 0, "a", TDM_OK }, { NEW, "ann", 1, 0, "x", TDM_OK } },
      "1=a",
      "-",
      { .rows = 1, .people = 1 } },
    { "an amendment stands in place, at its own sequence",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { NEW, "ann", 2, 0, "b", TDM_OK },
        { AMEND, "ann", 3, 1, "c", TDM_OK } },
      "2=b 1=c",
      "-",
      { .rows = 3, .people = 1 } },
    { "an amended row is amended again by its first id",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { AMEND, "ann", 2, 1, "b", TDM_OK },
        { AMEND, "ann", 3, 1, "c", TDM_OK } },
      "1=c",
      "-",
      { .rows = 3, .people = 1 } },
    { "amendments given again are known",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { AMEND, "ann", 2, 1, "b", TDM_OK },
        { AMEND, "ann", 3, 1, "c", TDM_OK },
        { AMEND, "ann", 2, 1, "b", TDM_OK } },
      "1=c",
      "-",
      { .rows = 3, .people = 1 } },
    { "an amendment has no amendments of its own",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { AMEND, "ann", 2, 1, "b", TDM_OK },
        { AMEND, "ann", 3, 2, "c", TDM_NOT_FOUND } },
      "1=b",
      "-",
      { .rows = 2, .people = 1 } },
    { "a void row is in force no more",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { NEW, "ann", 2, 0, "b", TDM_OK },
        { VOID, "ann", 3, 1, "", TDM_OK } },
      "2=b",
      "-",
      { .rows = 3, .people = 1 } },
    { "a person whose rows are all void is there",
      { { NEW, "ann", 1, 0, "a", TDM_OK }, { VOID, "ann", 2, 1, "", TDM_OK } },
      "",
      "-",
      { .rows = 2, .people = 1 } },
    { "void is for good, and given again it is known",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { VOID, "ann", 2, 1, "", TDM_OK },
        { AMEND, "ann", 3, 1, "c", TDM_CONFLICT },
        { VOID, "ann", 4, 1, "", TDM_CONFLICT },
        { VOID, "ann", 2, 1, "", TDM_OK } },
      "",
      "-",
      { .rows = 2, .people = 1 } },
    { "nobody amends another person's row",
      { { NEW, "ann", 1, 0, "a", TDM_OK }, { AMEND, "bob", 2, 1, "b", TDM_NOT_FOUND } },
      "1=a",
      "-",
      { .rows = 1, .people = 1 } },
    { "a payload may be empty", { { NEW, "ann", 1, 0, "", TDM_OK } }, "1=", "-", { .rows = 1, .people = 1 } },
    { "an erased person is gone, the counts stay",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { NEW, "bob", 2, 0, "b", TDM_OK },
        { .kind = ERASE, .person = "ann" } },
      "-",
      "2=b",
      { .rows = 2, .people = 1, .erased = 1 } },
    { "nobody is erased twice, and nobody who never was",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { .kind = ERASE, .person = "ann" },
        { .kind = ERASE, .person = "ann", .code = TDM_EXISTS },
        { .kind = ERASE, .person = "bob", .code = TDM_NOT_FOUND } },
      "-",
      "-",
      { .rows = 1, .erased = 1 } },
    { "after an erasure the same key begins a new person",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { .kind = ERASE, .person = "ann" },
        { AMEND, "ann", 2, 1, "x", TDM_NOT_FOUND },
        { NEW, "ann", 1, 0, "b", TDM_OK } },
      "1=b",
      "-",
      { .rows = 2, .people = 1, .erased = 1 } },
    { "a person is erased as often as begun",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { .kind = ERASE, .person = "ann" },
        { NEW, "ann", 1, 0, "b", TDM_OK },
        { .kind = ERASE, .person = "ann" },
        { NEW, "ann", 2, 0, "c", TDM_OK } },
      "2=c",
      "-",
      { .rows = 3, .people = 1, .erased = 2 } },
    { "all of it lasts over a restart",
      { { NEW, "ann", 1, 0, "a", TDM_OK },
        { AMEND, "ann", 2, 1, "b", TDM_OK },
        { NEW, "bob", 1, 0, "c", TDM_OK },
        { .kind = REOPEN },
        { NEW, "ann", 3, 0, "d", TDM_OK },
        { .kind = ERASE, .person = "bob" },
        { .kind = REOPEN },
        { NEW, "ann", 3, 0, "e", TDM_OK } },
      "1=b 3=d",
      "-",
      { .rows = 4, .people = 1, .erased = 1 } },
};

static tdm_code play_step(bed *b, const scene *s, size_t i)
{
    tdm_private_row row = new_row(s->steps[i].person == NULL ? "" : s->steps[i].person, s->steps[i].id,
                                  s->steps[i].payload == NULL ? "" : s->steps[i].payload);
    switch (s->steps[i].kind) {
    case ERASE:
        return tdm_private_erase(b->log, row.person, 77, NULL, 0, NULL);
    case REOPEN:
        if (b->kind == STORE_LMDB)
            bed_reopen(b);
        return TDM_OK;
    default:
        row.change = (tdm_private_change)(s->steps[i].kind - NEW);
        row.of = id_of(s->steps[i].of);
        return add_one(b->log, row);
    }
}

static void play_scene(bed *b, const scene *s)
{
    for (size_t i = 0; i < TDM_COUNT(s->steps) && s->steps[i].kind != NO_STEP; i++)
        assert_code(s->steps[i].code, play_step(b, s, i));
    expect_in_force(b->log, "ann", s->ann);
    expect_in_force(b->log, "bob", s->bob);
    tdm_private_tip tip = tip_of(b->log);
    assert_int_equal(tip.rows, s->tip.rows);
    assert_int_equal(tip.people, s->tip.people);
    assert_int_equal(tip.erased, s->tip.erased);
    assert_int_equal(private_faults(b->log), 0);
}

static void scenes_end_as_told(bed *b)
{
    for (size_t i = 0; i < TDM_COUNT(SCENES); i++) {
        bed fresh = *b;
        print_message("  %s\n", SCENES[i].name);
        fresh.log = NULL;
        snprintf(fresh.path, sizeof fresh.path, "%s/scene%zu", b->folder, i);
        bed_reopen(&fresh);
        play_scene(&fresh, &SCENES[i]);
        tdm_private_close(&fresh.log);
    }
}

/* ---- batches ----------------------------------------------------------------------------------- */

static void a_batch_is_whole_or_not_there(bed *b)
{
    tdm_private_row rows[] = { new_row("ann", 1, "a"), new_row("bob", 2, "b"), amend_row("ann", 3, 1, "c"),
                               void_row("bob", 4, 9) };
    size_t added = 9;
    assert_code(TDM_NOT_FOUND, tdm_private_append(b->log, rows, 4, &added, NULL));
    assert_int_equal(added, 0);
    expect_in_force(b->log, "ann", "-");
    assert_int_equal(tip_of(b->log).rows, 0);
    rows[3] = void_row("bob", 4, 2);
    assert_ok(tdm_private_append(b->log, rows, 4, &added, err));
    assert_int_equal(added, 4);
    expect_in_force(b->log, "ann", "1=c");
    expect_in_force(b->log, "bob", "");
}

static void a_batch_again_adds_only_what_is_new(bed *b)
{
    tdm_private_row rows[] = { new_row("ann", 1, "a"), amend_row("ann", 2, 1, "b"), void_row("ann", 3, 1),
                               new_row("ann", 1, "twice"), new_row("bob", 5, "e") };
    size_t added = 0;
    assert_ok(tdm_private_append(b->log, rows, 3, &added, err));
    assert_int_equal(added, 3);
    tdm_private_tip before = tip_of(b->log);
    assert_ok(tdm_private_append(b->log, rows, 4, &added, err));
    assert_int_equal(added, 0);
    tdm_private_tip after = tip_of(b->log);
    assert_memory_equal(&before, &after, sizeof before);
    assert_ok(tdm_private_append(b->log, rows, 5, &added, err));
    assert_int_equal(added, 1);
    assert_int_equal(private_faults(b->log), 0);
}

static void bounds_are_kept(bed *b)
{
    char *big = calloc(1, TDM_PRIVATE_PAYLOAD_MAX + 2), key[TDM_PRIVATE_PERSON_MAX + 2];
    memset(big, 'x', TDM_PRIVATE_PAYLOAD_MAX + 1);
    memset(key, 'k', sizeof key);
    key[sizeof key - 1] = '\0';
    struct {
        tdm_private_row row;
        tdm_code code;
    } cases[] = { { new_row("", 1, "a"), TDM_INVALID },          { new_row(key, 2, "a"), TDM_INVALID },
                  { new_row(key + 1, 3, "a"), TDM_OK },          { new_row("ann", 4, big), TDM_INVALID },
                  { new_row("ann", 5, big + 1), TDM_OK },        { void_row("ann", 6, 5), TDM_OK },
                  { amend_row("ann", 7, 7, "a"), TDM_INVALID },  { void_row("ann", 8, 3), TDM_NOT_FOUND },
                  { amend_row("ann", 9, 6, "a"), TDM_NOT_FOUND } };
    for (size_t i = 0; i < TDM_COUNT(cases); i++)
        assert_code(cases[i].code, add_one(b->log, cases[i].row));
    tdm_private_row bad = void_row("ann", 10, 5);
    bad.payload = tdm_span_text("because");
    assert_code(TDM_INVALID, add_one(b->log, bad));
    bad = new_row("ann", 11, "a");
    bad.id = (tdm_id){ { 0 } };
    assert_code(TDM_INVALID, add_one(b->log, bad));
    size_t added;
    assert_code(TDM_INVALID, tdm_private_append(b->log, &bad, 0, &added, NULL));
    assert_code(TDM_INVALID, tdm_private_erase(b->log, tdm_span_text(""), 1, NULL, 0, NULL));
    tdm_private_pair pair = { tdm_span_text("k"), tdm_span_text(big) };
    assert_code(TDM_INVALID, tdm_private_residuals_put(b->log, &pair, 1, NULL));
    pair = (tdm_private_pair){ tdm_span_text(""), tdm_span_text("v") };
    assert_code(TDM_INVALID, tdm_private_residuals_put(b->log, &pair, 1, NULL));
    assert_int_equal(tip_of(b->log).rows, 3);
    assert_int_equal(private_faults(b->log), 0);
    free(big);
}

/* ---- walks ------------------------------------------------------------------------------------- */

typedef struct walked {
    tdm_private *log;
    tdm_id last;
    size_t people;
    size_t rows;
    size_t limit;
} walked;

static tdm_code walk_person(void *context, const tdm_private_person *person, tdm_err *err)
{
    (void)err;
    walked *w = context;
    tdm_id id;
    tdm_private_person_id(w->log, person->person, &id);
    assert_true(tdm_id_equal(&id, &person->id));
    assert_true(w->people == 0 || tdm_id_compare(&w->last, &person->id) < 0);
    w->last = person->id;
    w->rows += person->in_force;
    return ++w->people == w->limit ? TDM_END : TDM_OK;
}

static tdm_code walk_row(void *context, const tdm_private_entry *entry, tdm_err *err)
{
    (void)err;
    walked *w = context;
    w->people += w->rows == 0 || !tdm_id_equal(&w->last, &entry->person_id);
    w->last = entry->person_id;
    assert_true(tdm_span_equal(entry->person, entry->payload));
    return ++w->rows == w->limit ? TDM_END : TDM_OK;
}

static void people_and_rows_are_walked_by_id(bed *b)
{
    char name[20];
    for (unsigned i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "person-%u", i % 20);
        must_add(b->log, new_row(name, i, name));
    }
    must_erase(b->log, "person-3");
    walked w = { .log = b->log };
    assert_ok(tdm_private_each_person(b->log, walk_person, &w, err));
    assert_int_equal(w.people, 19);
    assert_int_equal(w.rows, 57);
    w = (walked){ .log = b->log };
    assert_ok(tdm_private_each_row_of_all(b->log, walk_row, &w, err));
    assert_int_equal(w.people, 19);
    assert_int_equal(w.rows, 57);
    w = (walked){ .log = b->log, .limit = 5 };
    assert_ok(tdm_private_each_person(b->log, walk_person, &w, err));
    assert_int_equal(w.people, 5);
    w = (walked){ .log = b->log, .limit = 5 };
    assert_ok(tdm_private_each_row_of_all(b->log, walk_row, &w, err));
    assert_int_equal(w.rows, 5);
    w = (walked){ .log = b->log, .limit = 2 };
    assert_ok(tdm_private_each_row(b->log, tdm_span_text("person-4"), walk_row, &w, err));
    assert_int_equal(w.rows, 2);
}

static tdm_code add_residual(void *context, tdm_span key, tdm_span value, tdm_err *err)
{
    (void)err;
    tdm_buf_format(context, "%.*s=%.*s ", (int)key.len, (const char *)key.data, (int)value.len,
                   (const char *)value.data);
    return TDM_OK;
}

static void residuals_are_put_got_and_walked(bed *b)
{
    tdm_buf out = { 0 };
    tdm_private_pair pairs[] = { { tdm_span_text("b"), tdm_span_text("2") },
                                 { tdm_span_text("c"), tdm_span_text("3") } };
    put_residual(b->log, "c", "0");
    put_residual(b->log, "a", "1");
    must_add(b->log, new_row("ann", 1, "a"));
    assert_ok(tdm_private_erase(b->log, tdm_span_text("ann"), 1, pairs, 2, err));
    assert_code(TDM_EXISTS, tdm_private_erase(b->log, tdm_span_text("ann"), 1, pairs, 1, NULL));
    put_residual(b->log, "a", "");
    put_residual(b->log, "absent", "");
    assert_ok(tdm_private_each_residual(b->log, add_residual, &out, err));
    assert_true(tdm_span_equal(tdm_buf_span(&out), tdm_span_text("b=2 c=3 ")));
    tdm_buf_clear(&out);
    assert_code(TDM_NOT_FOUND, tdm_private_residual_get(b->log, tdm_span_text("a"), &out, NULL));
    assert_ok(tdm_private_residual_get(b->log, tdm_span_text("c"), &out, err));
    assert_true(tdm_span_equal(tdm_buf_span(&out), tdm_span_text("3")));
    tdm_buf_free(&out);
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void another_secret_is_refused(bed *b)
{
    must_add(b->log, new_row("ann", 1, "a"));
    tdm_private_close(&b->log);
    assert_code(TDM_DENIED, tdm_private_open_path(&b->log, b->path, 0, OTHER_SECRET, NULL));
    assert_null(b->log);
    bed_reopen(b);
    expect_in_force(b->log, "ann", "1=a");
}

static void two_writers_are_refused(bed *b)
{
    tdm_private *second = NULL;
    assert_code(TDM_BUSY, tdm_private_open_path(&second, b->path, 0, SECRET, NULL));
    assert_code(TDM_BUSY, tdm_private_compact(b->path, NULL));
}

static void a_newer_format_is_refused(bed *b)
{
    tdm_buf row = raw_get(b->log, PRIVATE_META, tdm_span_text("private"));
    tdm_write_u64(row.data + 4, TDM_PRIVATE_FORMAT + 1);
    tdm_row_seal(tdm_span_text("private"), row.data, row.len);
    raw_put(b->log, PRIVATE_META, tdm_span_text("private"), tdm_buf_span(&row));
    tdm_private_close(&b->log);
    assert_code(TDM_UNSUPPORTED, tdm_private_open_path(&b->log, b->path, 0, SECRET, NULL));
    tdm_buf_free(&row);
}

static void a_log_without_its_description_gets_no_other(bed *b)
{
    must_add(b->log, new_row("ann", 1, "a"));
    raw_del(b->log, PRIVATE_META, tdm_span_text("private"));
    tdm_private_close(&b->log);
    assert_code(TDM_CORRUPT, tdm_private_open_path(&b->log, b->path, 0, SECRET, NULL));
}

static const bed_row ROWS[] = {
    { "each scene ends as told", scenes_end_as_told, false },
    { "a batch is whole or not there", a_batch_is_whole_or_not_there, false },
    { "a batch given again adds only what is new", a_batch_again_adds_only_what_is_new, false },
    { "bounds are kept", bounds_are_kept, false },
    { "people and rows are walked by id", people_and_rows_are_walked_by_id, false },
    { "residuals are put, got and walked", residuals_are_put_got_and_walked, false },
    { "another secret is refused", another_secret_is_refused, true },
    { "two writers are refused", two_writers_are_refused, true },
    { "a newer format is refused", a_newer_format_is_refused, true },
    { "a log without its description gets no other", a_log_without_its_description_gets_no_other, true },
};

int main(void)
{
    return bed_suite("private", ROWS, TDM_COUNT(ROWS));
}
