/* SPDX-License-Identifier: MPL-2.0
 *
 * difference_test.c: what one copy of a store states and the other does not. A row is what both say, then
 * what each says after they part, as words; a word is a fact.
 */
#include "difference.h"

#include "../daemons/core_world.h"

#include <string.h>

typedef struct parting {
    const char *name;
    const char *both;
    const char *here;
    const char *there;
    const char *missing; /* there, in order */
    uint64_t common;
    uint64_t said_twice;
    uint64_t theirs;
} parting;

static const parting PARTINGS[] = {
    { "the same", "a b c", "", "", "", 3, 0, 0 },
    { "here goes on", "a", "b c", "", "b c", 1, 0, 0 },
    { "there goes on", "a", "", "b c", "", 1, 0, 2 },
    { "both go on", "a", "b c", "d", "b c", 1, 0, 1 },
    { "both say one thing, under other numbers", "a", "b c", "c", "b", 1, 1, 1 },
    { "both say the same in another order", "a", "b c d", "d b c", "", 1, 3, 3 },
    { "said twice here and once there", "a", "b b", "x y b", "b", 1, 1, 3 },
    { "said once here and twice there", "a", "b", "x b b", "", 1, 1, 3 },
    { "said before they part is no answer to what is said after", "a b", "a", "c", "a", 2, 0, 1 },
    { "nothing in common", "", "a b", "c", "a b", 0, 0, 1 },
};

/* A log of one origin in two stores: those of the fixture. */
typedef struct copy {
    fixture f;
    log_maker log;
} copy;

/* One event that says this word, as a run of its own: what it says does not depend on its number. */
static void say(copy *c, const char *word, size_t len)
{
    tdm_record record;
    tdm_buf payload = { 0 };
    tdm_buf bytes = { 0 };
    char text[20];
    uint64_t position = 0;
    tdm_run run = { .first = c->log.last + 1, .last = c->log.last + 1 };
    tdm_digest digest;
    snprintf(text, sizeof text, "%.*s", (int)len, word);
    if (c->log.last == 0) {
        tdm_record_init(&record, TDM_TYPE_INCARNATION);
        tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, 1);
    } else {
        tdm_record_init(&record, TDM_TYPE_CATALOGUE_ENTRY);
        tdm_record_set_text(&record, TDM_CATALOGUE_ENTRY_PROGRAMME, text);
        tdm_record_set_text(&record, TDM_CATALOGUE_ENTRY_NAME, text);
    }
    assert_ok(tdm_record_encode(&record, &payload, err));
    tdm_event event = { .origin = c->log.origin,
                        .incarnation = c->log.incarnation,
                        .sequence = run.first,
                        .type = record.type->number,
                        .author = TDM_AUTHOR_IS_OPERATOR,
                        .subject = tdm_span_text("registry"),
                        .fact = tdm_fact_named((const char *[]){ text }, 1),
                        .event_ms = 1000,
                        .recorded_ms = (int64_t)(1000 + run.first) };
    tdm_event_pack(&event, tdm_buf_span(&payload), &bytes);
    tdm_span span = tdm_buf_span(&bytes);
    tdm_event_digest(span, &digest);
    tdm_run_root(&digest, 1, &run.root);
    tdm_run_head(&c->log.head, &run.root, &run.head);
    tdm_log_batch batch = { .origin = c->log.origin,
                            .incarnation = c->log.incarnation,
                            .runs = &run,
                            .run_count = 1,
                            .event_spans = &span,
                            .event_count = 1,
                            .events = span,
                            .has_seal = true };
    tdm_seal_sign(&c->log.key, &c->log.origin, c->log.incarnation, run.last, &run.head, &batch.seal);
    assert_int_equal(tdm_core_keep(c->f.core, c->f.queue, &batch, NULL, run.last), TDM_OK);
    tdm_core_done *done = next_done(&c->f);
    assert_int_equal(done->code, TDM_OK);
    free(done);
    c->log.last = run.last;
    c->log.head = run.head;
    assert_ok(tdm_ledger_last_position(tdm_core_ledger(c->f.core), &position, err));
    tdm_buf_free(&payload);
    tdm_buf_free(&bytes);
}

static void say_all(copy *c, const char *words)
{
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        say(c, words, len);
        words += len + strspn(words + len, " ");
    }
}

static tdm_code note_word(void *context, const tdm_event *event, tdm_err *err)
{
    tdm_record record;
    tdm_buf *out = context;
    tdm_code code = tdm_record_decode(event->type, event->payload, &record, err);
    if (out->len > 0)
        tdm_buf_text(out, " ");
    tdm_span word = record.values[TDM_CATALOGUE_ENTRY_NAME].bytes;
    tdm_buf_add(out, word.data, word.len);
    return code;
}

static void check_parting(void **state)
{
    const parting *row = *state;
    copy here = { 0 };
    copy there = { 0 };
    tdm_buf words = { 0 };
    tdm_difference_counts counts;
    fixture_open(&here.f, false, true);
    fixture_open(&there.f, false, true);
    log_maker_init(&here.log);
    there.log = here.log;
    copy *both[] = { &here, &there };
    for (size_t i = 0; i < 2; i++) {
        say(both[i], "first", 5);
        say_all(both[i], row->both);
    }
    say_all(&here, row->here);
    say_all(&there, row->there);
    assert_ok(tdm_difference_each(tdm_core_ledger(here.f.core), tdm_core_ledger(there.f.core),
                                  &here.log.origin, note_word, &words, &counts, err));
    tdm_buf_add(&words, "", 1);
    assert_string_equal((const char *)words.data, row->missing);
    assert_int_equal(counts.common, row->common);
    assert_int_equal(counts.said_twice, row->said_twice);
    assert_int_equal(counts.theirs, row->theirs);
    tdm_buf_free(&words);
    fixture_close(&here.f);
    fixture_close(&there.f);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(PARTINGS)];
    for (size_t i = 0; i < TDM_COUNT(PARTINGS); i++)
        tests[i] = (struct CMUnitTest){ PARTINGS[i].name, check_parting, NULL, NULL,
                                        (void *)(uintptr_t)&PARTINGS[i] };
    return _cmocka_run_group_tests("difference", tests, TDM_COUNT(PARTINGS), NULL, NULL);
}
