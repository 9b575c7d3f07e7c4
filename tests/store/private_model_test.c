/* SPDX-License-Identifier: MPL-2.0
 *
 * private_model_test.c: random batches, amendments, voids, erasures, compactions and restarts agree with
 * plain arrays. The seed is printed; PRIVATE_SEED plays another one.
 */
#include "private_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE 6
#define IDS 40 /* few enough that they come again */
#define STEPS 400
#define BATCH 5

/* A new row, and what it says at present. */
typedef struct model_row {
    bool is_new; /* false: an amendment or void, known by its id only */
    bool is_void;
    unsigned order; /* of the last change */
    unsigned value;
} model_row;

typedef struct model_person {
    bool known[IDS];
    model_row rows[IDS];
    bool is_there;
    bool was_erased;
} model_person;

typedef struct model {
    model_person people[PEOPLE];
    unsigned appended; /* rows in all */
    unsigned erased;
    unsigned sum; /* the residual */
} model;

typedef struct play {
    bed *b;
    uint64_t random;
    model now;
    unsigned value; /* the next payload */
} play;

static const char *const NAMES[PEOPLE] = { "ann", "bob", "cat", "dan", "eve", "fay" };

static unsigned pick(play *p, unsigned bound)
{
    return (unsigned)random_below(&p->random, bound);
}

/* ---- the model --------------------------------------------------------------------------------- */

static tdm_code model_add(model *m, unsigned who, tdm_private_change change, unsigned id, unsigned of,
                          unsigned value)
{
    model_person *person = &m->people[who];
    if (person->known[id])
        return TDM_OK;
    if (change != TDM_PRIVATE_NEW && (!person->known[of] || !person->rows[of].is_new))
        return TDM_NOT_FOUND;
    if (change != TDM_PRIVATE_NEW && person->rows[of].is_void)
        return TDM_CONFLICT;
    person->is_there = person->known[id] = true;
    person->rows[id] = (model_row){ .is_new = change == TDM_PRIVATE_NEW };
    model_row *target = &person->rows[change == TDM_PRIVATE_NEW ? id : of];
    target->order = ++m->appended;
    target->value = value;
    target->is_void = change == TDM_PRIVATE_VOID;
    return TDM_OK;
}

static tdm_code model_erase(model *m, unsigned who, unsigned sum)
{
    model_person *person = &m->people[who];
    if (!person->is_there)
        return person->was_erased ? TDM_EXISTS : TDM_NOT_FOUND;
    *person = (model_person){ .was_erased = true };
    m->erased++;
    m->sum = sum;
    return TDM_OK;
}

static void model_say(const model_person *person, char *out, size_t size)
{
    size_t len = 0;
    unsigned last = 0;
    snprintf(out, size, "%s", person->is_there ? "" : "-");
    for (;;) {
        unsigned best = IDS;
        for (unsigned id = 0; id < IDS; id++) {
            const model_row *row = &person->rows[id];
            if (person->known[id] && row->is_new && !row->is_void && row->order > last
                && (best == IDS || row->order < person->rows[best].order))
                best = id;
        }
        if (best == IDS)
            return;
        last = person->rows[best].order;
        len += (size_t)snprintf(out + len, size - len, "%s%u=%u", len > 0 ? " " : "", best + 1,
                                person->rows[best].value);
    }
}

/* ---- operations -------------------------------------------------------------------------------- */

static void append_batch(play *p)
{
    model next = p->now;
    tdm_private_row rows[BATCH];
    char payloads[BATCH][16];
    size_t count = 1 + pick(p, BATCH), added = 0;
    tdm_code expected = TDM_OK;
    for (size_t i = 0; i < count; i++) {
        unsigned who = pick(p, PEOPLE), id = pick(p, IDS), of = pick(p, IDS), kind = pick(p, 6);
        tdm_private_change change = kind < 4 ? TDM_PRIVATE_NEW : (tdm_private_change)(kind - 3);
        for (unsigned i_of = 0; i_of < 8 && !p->now.people[who].rows[of].is_new; i_of++)
            of = pick(p, IDS); /* mostly one that can be amended */
        change = of == id ? TDM_PRIVATE_NEW : change;
        unsigned value = ++p->value;
        snprintf(payloads[i], sizeof payloads[i], "%u", value);
        rows[i] = change == TDM_PRIVATE_VOID ? void_row(NAMES[who], id + 1, of + 1)
                                             : amend_row(NAMES[who], id + 1, of + 1, payloads[i]);
        rows[i].change = change;
        if (expected == TDM_OK)
            expected = model_add(&next, who, change, id, of, value);
    }
    assert_code(expected, tdm_private_append(p->b->log, rows, count, &added, NULL));
    assert_int_equal(added, expected == TDM_OK ? next.appended - p->now.appended : 0);
    if (expected == TDM_OK)
        p->now = next;
}

static void erase(play *p)
{
    char sum[16];
    unsigned who = pick(p, PEOPLE);
    snprintf(sum, sizeof sum, "%u", ++p->value);
    tdm_private_pair pair = { tdm_span_text("sum"), tdm_span_text(sum) };
    tdm_code expected = model_erase(&p->now, who, p->value);
    assert_code(expected, tdm_private_erase(p->b->log, tdm_span_text(NAMES[who]), 1, &pair, 1, NULL));
}

static void restart(play *p)
{
    if (p->b->kind == STORE_LMDB)
        bed_reopen(p->b);
}

static void compact(play *p)
{
    if (p->b->kind != STORE_LMDB)
        return;
    tdm_private_close(&p->b->log);
    assert_ok(tdm_private_compact(p->b->path, err));
    bed_reopen(p->b);
}

static void compare(play *p)
{
    char said[IDS * 20];
    tdm_private_tip tip = tip_of(p->b->log);
    unsigned people = 0;
    for (unsigned who = 0; who < PEOPLE; who++) {
        people += p->now.people[who].is_there;
        model_say(&p->now.people[who], said, sizeof said);
        expect_in_force(p->b->log, NAMES[who], said);
    }
    assert_int_equal(tip.rows, p->now.appended);
    assert_int_equal(tip.people, people);
    assert_int_equal(tip.erased, p->now.erased);
    tdm_buf sum = { 0 };
    snprintf(said, sizeof said, "%u", p->now.sum);
    if (p->now.erased > 0)
        assert_ok(tdm_private_residual_get(p->b->log, tdm_span_text("sum"), &sum, err));
    assert_true(p->now.erased == 0 || tdm_span_equal(tdm_buf_span(&sum), tdm_span_text(said)));
    tdm_buf_free(&sum);
}

static void agrees_with_arrays(bed *b, uint64_t seed)
{
    const char *chosen = getenv("PRIVATE_SEED");
    play *p = calloc(1, sizeof *p);
    p->b = b;
    p->random = chosen == NULL ? seed : strtoull(chosen, NULL, 0);
    print_message("  seed %llu\n", (unsigned long long)p->random);
    for (int i = 0; i < STEPS; i++) {
        unsigned kind = pick(p, 100);
        if (kind < 88)
            append_batch(p);
        else if (kind < 95)
            erase(p);
        else if (kind < 98)
            restart(p);
        else
            compact(p);
        compare(p);
        if (i % 20 == 0)
            assert_int_equal(private_faults(b->log), 0);
    }
    assert_int_equal(private_faults(b->log), 0);
    assert_true(p->now.appended > STEPS / 2 && p->now.erased > 5);
    free(p);
}

static void agrees_at_seed_1(bed *b)
{
    agrees_with_arrays(b, 1);
}

static void agrees_at_seed_2(bed *b)
{
    agrees_with_arrays(b, 2);
}

static void agrees_at_seed_3(bed *b)
{
    agrees_with_arrays(b, 3);
}

static const bed_row ROWS[] = {
    { "random operations agree with plain arrays, seed 1", agrees_at_seed_1, false },
    { "random operations agree with plain arrays, seed 2", agrees_at_seed_2, false },
    { "random operations agree with plain arrays, seed 3", agrees_at_seed_3, false },
};

int main(void)
{
    return bed_suite("private model", ROWS, TDM_COUNT(ROWS));
}
