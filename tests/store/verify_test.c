/* SPDX-License-Identifier: MPL-2.0
 *
 * verify_test.c: verify finds each kind of damage and names it.
 *
 * The ledger: origin A with runs of 4 events (positions 1-4, 5-8, 9-12), sealed; origin B with runs of 3
 * (13-15, 16-18), sealed; a notice of origin C (19); one local record, one set aside.
 */
#include "support.h"
#include "ledger_rows.h"

#include <stdlib.h>
#include <string.h>

#define ALL_EVENTS 19

static void add_notice(tdm_ledger *ledger, chain *c)
{
    tdm_kv *kv = NULL;
    assert_ok(tdm_kv_open_memory(&kv, TDM_LEDGER_TABLE_COUNT, err));
    tdm_ledger *far = open_ledger(kv);
    made_run run = chain_run(c, 5, 255, 0);
    tdm_proof proof;
    tdm_event event;
    tdm_ledger_txn *txn = NULL;
    assert_code(TDM_OK, ledger_add(far, c, &run, 1));
    assert_code(TDM_OK, ledger_add_seal(far, c));
    assert_ok(tdm_ledger_proof(far, &c->origin, c->incarnation, 3, &proof, err));
    assert_ok(tdm_event_decode(run.events[2], &event, err));
    assert_ok(tdm_ledger_begin(ledger, &txn, err));
    assert_ok(tdm_ledger_append_notice(txn, &event, &proof, 9, err));
    assert_code(TDM_OK, tdm_ledger_local_put(txn, tdm_span_text("keys/seal"), tdm_span_text("secret")));
    assert_ok(tdm_ledger_set_aside(txn, &c->origin, "because", tdm_span_text("bytes"), 9, err));
    assert_ok(tdm_ledger_commit(&txn, err));
    tdm_ledger_close(&far);
    made_run_free(&run);
}

static void build(tdm_ledger *ledger)
{
    chain a = chain_new(1), b = chain_new(2), c = chain_new(3);
    ledger_fill(ledger, &a, 3, 4, 255);
    ledger_fill(ledger, &b, 2, 3, 255);
    add_notice(ledger, &c);
    assert_int_equal(ledger_faults(ledger), 0);
}

/* ---- reports ----------------------------------------------------------------------------------- */

typedef struct heard {
    size_t count;
    tdm_ledger_fault faults[64];
} heard;

static void hear(void *context, const tdm_ledger_fault *fault)
{
    heard *h = context;
    if (h->count < TDM_COUNT(h->faults))
        h->faults[h->count] = *fault;
    h->count++;
}

static heard verify(tdm_ledger *ledger)
{
    heard h = { 0 };
    tdm_ledger_summary summary;
    tdm_code code = tdm_ledger_verify(ledger, hear, &h, NULL, &summary, NULL);
    assert_code(h.count > 0 ? TDM_DIFFERS : TDM_OK, code);
    assert_int_equal(summary.faults, h.count);
    return h;
}

static const tdm_ledger_fault *find_fault(const heard *h, const char *invariant, uint64_t position)
{
    for (size_t i = 0; i < h->count && i < TDM_COUNT(h->faults); i++) {
        if (strcmp(h->faults[i].invariant, invariant) == 0
            && (position == 0 || h->faults[i].position == position))
            return &h->faults[i];
    }
    return NULL;
}

/* ---- raw rows ---------------------------------------------------------------------------------- */

typedef struct raw_row {
    uint8_t key[64];
    size_t key_len;
    uint8_t value[4096];
    size_t value_len;
} raw_row;

static tdm_span raw_key(const raw_row *row)
{
    return (tdm_span){ row->key, row->key_len };
}

/* The n-th row of a table, from 0. False past the end. */
static bool raw_read(fixture *f, size_t table, size_t n, raw_row *out)
{
    tdm_kv_txn *txn = NULL;
    tdm_kv_cursor *cursor = NULL;
    tdm_span key, value;
    assert_ok(tdm_kv_begin(f->kv, TDM_KV_READ_ONLY, &txn, err));
    assert_ok(tdm_kv_cursor_open(txn, table, &cursor, err));
    tdm_code code = tdm_kv_cursor_next(cursor, &key, &value);
    while (code == TDM_OK && n-- > 0)
        code = tdm_kv_cursor_next(cursor, &key, &value);
    if (code == TDM_OK) {
        assert_true(key.len <= sizeof out->key && value.len <= sizeof out->value);
        memcpy(out->key, key.data, out->key_len = key.len);
        memcpy(out->value, value.data, out->value_len = value.len);
    }
    tdm_kv_abort(&txn);
    return code == TDM_OK;
}

static void raw_write(fixture *f, size_t table, const raw_row *row)
{
    tdm_kv_txn *txn = NULL;
    assert_ok(tdm_kv_begin(f->kv, TDM_KV_READ_WRITE, &txn, err));
    tdm_kv_put(txn, table, raw_key(row), (tdm_span){ row->value, row->value_len });
    assert_ok(tdm_kv_commit(&txn, err));
}

static void raw_delete(fixture *f, size_t table, const raw_row *row)
{
    tdm_kv_txn *txn = NULL;
    assert_ok(tdm_kv_begin(f->kv, TDM_KV_READ_WRITE, &txn, err));
    tdm_kv_del(txn, table, raw_key(row));
    assert_ok(tdm_kv_commit(&txn, err));
}

static void raw_reseal(raw_row *row)
{
    tdm_row_seal(raw_key(row), row->value, row->value_len);
}

/* ---- a flipped byte in each row ---------------------------------------------------------------- */

static void a_flip_anywhere_is_found(fixture *f)
{
    build(f->ledger);
    uint64_t random = 11;
    size_t rows = 0;
    for (size_t table = 0; table < TDM_LEDGER_TABLE_COUNT; table++) {
        raw_row row;
        for (size_t n = 0; raw_read(f, table, n, &row); n++, rows++) {
            raw_row bad = row;
            bad.value[random_below(&random, bad.value_len)] ^= (uint8_t)(1u << random_below(&random, 8));
            raw_write(f, table, &bad);
            heard h = verify(f->ledger);
            uint64_t position = table == TABLE_EVENTS ? n + 1 : 0;
            if (find_fault(&h, "checksum", position) == NULL)
                fail_msg("table %zu row %zu: not found", table, n);
            raw_write(f, table, &row);
        }
    }
    assert_int_equal(rows, 1 + ALL_EVENTS + 5 + 2 + 2 + 1 + 1 + 2);
    assert_int_equal(ledger_faults(f->ledger), 0);
}

/* The control: the received time is guarded by nothing but the checksum. */
static void without_the_checksum_a_flip_is_missed(fixture *f)
{
    raw_row row;
    build(f->ledger);
    assert_true(raw_read(f, TABLE_EVENTS, 6, &row));
    row.value[8] ^= 1;
    raw_write(f, TABLE_EVENTS, &row);
    heard h = verify(f->ledger);
    assert_int_equal(h.count, 1);
    assert_non_null(find_fault(&h, "checksum", 7));
    raw_reseal(&row);
    raw_write(f, TABLE_EVENTS, &row);
    assert_int_equal(verify(f->ledger).count, 0);
}

static void a_sound_row_under_another_key_is_found(fixture *f)
{
    raw_row one, two;
    build(f->ledger);
    assert_true(raw_read(f, TABLE_EVENTS, 5, &one));
    assert_true(raw_read(f, TABLE_EVENTS, 6, &two));
    memcpy(one.key, two.key, two.key_len);
    raw_write(f, TABLE_EVENTS, &one);
    heard h = verify(f->ledger);
    assert_non_null(find_fault(&h, "checksum", 7));
}

/* ---- damage with a matching checksum ----------------------------------------------------------- */

/* Event rows have 13 bytes before the event; its origin begins behind its first 5 bytes or so. */
#define IN_ORIGIN (EVENT_HEAD_BYTES + 8)

static const struct damage {
    const char *name;
    enum ledger_table table;
    size_t row;
    size_t offset; /* of the byte changed; DELETE: the row goes */
    const char *invariant;
    uint64_t position;
} DAMAGES[] = {
#define DELETE SIZE_MAX
    { "a record that is gone leaves a hole", TABLE_EVENTS, 5, DELETE, "position", 6 },
    { "a last record that is gone is missed by its row", TABLE_EVENTS, 18, DELETE, "index", 0 },
    { "bytes that are no event are named", TABLE_EVENTS, 5, EVENT_HEAD_BYTES, "undecodable", 6 },
    { "an event of another origin is named", TABLE_EVENTS, 5, IN_ORIGIN, "identity", 6 },
    { "a changed event breaks its run's root", TABLE_EVENTS, 5, EVENT_HEAD_BYTES + 200, "root", 5 },
    { "an event called a notice has no notice's row", TABLE_EVENTS, 5, 4, "index", 6 },
    { "a changed root is not that of the events", TABLE_RUNS, 1, 20, "root", 5 },
    { "a changed root does not lead to the head", TABLE_RUNS, 1, 20, "head", 5 },
    { "a changed head does not follow", TABLE_RUNS, 1, 60, "head", 5 },
    { "a changed first sequence does not tile", TABLE_RUNS, 1, 11, "sequence-gap", 0 },
    { "a changed position is another event's", TABLE_RUNS, 1, 19, "identity", 0 },
    { "a run that is gone leaves a gap", TABLE_RUNS, 1, DELETE, "sequence-gap", 0 },
    { "records of a run that is gone are named", TABLE_RUNS, 1, DELETE, "index", 7 },
    { "a last run that is gone is missed by the tip", TABLE_RUNS, 4, DELETE, "tip", 0 },
    { "a changed signature does not verify", TABLE_SEALS, 0, 50, "seal", 0 },
    { "another key does not verify", TABLE_SEALS, 0, 10, "seal", 0 },
    { "a seal that is gone is missed by the tip", TABLE_SEALS, 0, DELETE, "tip", 0 },
    { "a tip with another end is named", TABLE_TIPS, 0, 11, "tip", 0 },
    { "a tip with another head is named", TABLE_TIPS, 0, 12, "tip", 0 },
    { "a tip sealed elsewhere is named", TABLE_TIPS, 0, 51, "tip", 0 },
    { "a tip at another position is named", TABLE_TIPS, 0, 67, "tip", 0 },
    { "a tip that is gone is missed by its runs", TABLE_TIPS, 0, DELETE, "tip", 0 },
    { "a notice's row that is gone is missed", TABLE_NOTICES, 0, DELETE, "index", 19 },
    { "a notice's row with another position tells of a run's event", TABLE_NOTICES, 0, 11, "index", 0 },
    { "a notice's row with another digest is named", TABLE_NOTICES, 0, 12, "proof", 19 },
    { "a notice whose proof was changed is named", TABLE_NOTICES, 0, NOTICE_HEAD_BYTES + 60, "proof", 19 },
};

static store_row damage_rows[TDM_COUNT(DAMAGES)];

static void damage_is_named(fixture *f)
{
    const struct damage *d = &DAMAGES[f->row - damage_rows];
    raw_row row;
    build(f->ledger);
    assert_true(raw_read(f, d->table, d->row, &row));
    if (d->offset == DELETE) {
        raw_delete(f, d->table, &row);
    } else {
        assert_true(d->offset < row.value_len);
        row.value[d->offset] ^= 1;
        raw_reseal(&row);
        raw_write(f, d->table, &row);
    }
    heard h = verify(f->ledger);
    if (find_fault(&h, d->invariant, d->position) == NULL)
        fail_msg("%s at %llu not among %zu faults, first %s at %llu", d->invariant,
                 (unsigned long long)d->position, h.count, h.count > 0 ? h.faults[0].invariant : "none",
                 (unsigned long long)h.faults[0].position);
    assert_null(find_fault(&h, "checksum", 0));
}

/* ---- damage that takes more than a byte -------------------------------------------------------- */

static void a_seal_inside_a_run_is_named(fixture *f)
{
    raw_row row;
    build(f->ledger);
    assert_true(raw_read(f, TABLE_SEALS, 0, &row));
    row.key[row.key_len - 1] = 10;
    raw_reseal(&row);
    raw_write(f, TABLE_SEALS, &row);
    heard h = verify(f->ledger);
    const tdm_ledger_fault *found = find_fault(&h, "seal", 0);
    assert_non_null(found);
    assert_int_equal(found->sequence, 10);
}

static void a_log_without_its_first_event_is_named(fixture *f)
{
    chain c = chain_new(1);
    tdm_event event = { .origin = c.origin,
                        .incarnation = c.incarnation,
                        .sequence = 1,
                        .type = 900,
                        .author = TDM_AUTHOR_IS_DAEMON,
                        .subject = TDM_SPAN_LITERAL("log"),
                        .fact = { { 1 } } };
    tdm_buf bytes = { 0 };
    assert_ok(tdm_event_encode(&event, (tdm_span){ (const uint8_t *)"\x80", 1 }, &bytes, err));
    tdm_span events[] = { tdm_buf_span(&bytes) };
    tdm_digest digest;
    tdm_run run = { .first = 1, .last = 1 };
    tdm_event_digest(events[0], &digest);
    tdm_run_root(&digest, 1, &run.root);
    tdm_run_head(&c.head, &run.root, &run.head);
    made_run made = { .run = run, .count = 1, .events = events };
    assert_code(TDM_OK, ledger_add(f->ledger, &c, &made, 1));
    heard h = verify(f->ledger);
    assert_int_equal(h.count, 1);
    assert_non_null(find_fault(&h, "first-event", 1));
    tdm_buf_free(&bytes);
}

/* A notice that says other than the whole log: append refuses it, so its row is moved by hand. */
static void two_bodies_for_one_name_are_named(fixture *f)
{
    raw_row row, run;
    build(f->ledger);
    assert_true(raw_read(f, TABLE_NOTICES, 0, &row));
    assert_true(raw_read(f, TABLE_RUNS, 0, &run));
    raw_delete(f, TABLE_NOTICES, &row);
    memcpy(row.key, run.key, CHAIN_KEY_BYTES);
    raw_reseal(&row);
    raw_write(f, TABLE_NOTICES, &row);
    heard h = verify(f->ledger);
    assert_non_null(find_fault(&h, "body", 19));
}

static bool count_progress(void *context, uint64_t done, uint64_t all)
{
    uint64_t *reached = context;
    assert_true(done >= *reached && done <= all);
    *reached = done;
    return true;
}

static void progress_reaches_the_end(fixture *f)
{
    chain c = chain_new(1);
    ledger_fill(f->ledger, &c, 5, 700, 120);
    uint64_t reached = 0;
    tdm_ledger_summary summary;
    assert_ok(
        tdm_ledger_verify(f->ledger, NULL, NULL, &(tdm_told){ count_progress, &reached }, &summary, err));
    assert_int_equal(reached, 3500);
    assert_int_equal(summary.events, 3500);
    assert_int_equal(summary.runs, 5);
    assert_int_equal(summary.seals, 1);
    assert_int_equal(summary.notices, 0);
}

static const store_row ROWS[] = {
    { "a flipped bit in any row of any table is found", a_flip_anywhere_is_found, false },
    { "without the checksum a flipped bit would be missed", without_the_checksum_a_flip_is_missed, false },
    { "a sound row under another key is found", a_sound_row_under_another_key_is_found, false },
    { "a seal inside a run is named", a_seal_inside_a_run_is_named, false },
    { "a log that does not begin with its incarnation is named", a_log_without_its_first_event_is_named,
      false },
    { "two bodies for one name are named", two_bodies_for_one_name_are_named, false },
    { "progress reaches the end and the summary counts", progress_reaches_the_end, false },
};

int main(void)
{
    for (size_t i = 0; i < TDM_COUNT(DAMAGES); i++)
        damage_rows[i] = (store_row){ DAMAGES[i].name, damage_is_named, false };
    int failed = store_suite("verify", ROWS, TDM_COUNT(ROWS), true);
    return failed + store_suite("damage", damage_rows, TDM_COUNT(damage_rows), true);
}
