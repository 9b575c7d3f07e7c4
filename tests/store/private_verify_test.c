/* SPDX-License-Identifier: MPL-2.0
 *
 * private_verify_test.c: verify finds each kind of damage and names it.
 *
 * The log: ann has row 1 (id 1), amended by row 3 (id 3); bob row 2 (id 2); ann row 4 (id 4), void by row 5
 * (id 5); eve rows 6 and 7, erased; a residual.
 */
#include "private_support.h"

#include <stdlib.h>
#include <string.h>

static void build(tdm_private *log)
{
    must_add(log, new_row("ann", 1, "a"));
    must_add(log, new_row("bob", 2, "b"));
    must_add(log, amend_row("ann", 3, 1, "c"));
    must_add(log, new_row("ann", 4, "d"));
    must_add(log, void_row("ann", 5, 4));
    must_add(log, new_row("eve", 6, "e"));
    must_add(log, new_row("eve", 7, "f"));
    must_erase(log, "eve");
    put_residual(log, "sum", "42");
}

static tdm_id person_id(tdm_private *log, const char *name)
{
    tdm_id id;
    tdm_private_person_id(log, tdm_span_text(name), &id);
    return id;
}

static void flip(tdm_private *log, size_t table, tdm_span key, size_t at, bool reseal)
{
    tdm_buf row = raw_get(log, table, key);
    assert_true(at < row.len);
    row.data[at] ^= 0x10;
    if (reseal)
        tdm_row_seal(key, row.data, row.len);
    raw_put(log, table, key, tdm_buf_span(&row));
    tdm_buf_free(&row);
}

/* ---- damages ----------------------------------------------------------------------------------- */

static void none(tdm_private *log)
{
    (void)log;
}

static void flip_record(tdm_private *log)
{
    row_key key = tdm_key_of_position(3);
    flip(log, PRIVATE_ROWS, key_span(&key), RECORD_HEAD_BYTES + 5, false);
}

static void forge_record(tdm_private *log)
{
    row_key key = tdm_key_of_position(3);
    flip(log, PRIVATE_ROWS, key_span(&key), RECORD_HEAD_BYTES + 5, true);
}

static void forge_time(tdm_private *log)
{
    row_key key = tdm_key_of_position(2);
    flip(log, PRIVATE_ROWS, key_span(&key), 10, true);
}

static void forge_erased_record(tdm_private *log)
{
    row_key key = tdm_key_of_position(6);
    flip(log, PRIVATE_ROWS, key_span(&key), RECORD_HEAD_BYTES + 5, true);
}

static void drop_record(tdm_private *log)
{
    row_key key = tdm_key_of_position(2);
    raw_del(log, PRIVATE_ROWS, key_span(&key));
}

static void drop_last_record(tdm_private *log)
{
    row_key key = tdm_key_of_position(7);
    raw_del(log, PRIVATE_ROWS, key_span(&key));
}

static void swap_records(tdm_private *log)
{
    row_key a = tdm_key_of_position(1), b = tdm_key_of_position(4);
    tdm_buf first = raw_get(log, PRIVATE_ROWS, key_span(&a));
    tdm_buf second = raw_get(log, PRIVATE_ROWS, key_span(&b));
    tdm_row_seal(key_span(&b), first.data, first.len);
    tdm_row_seal(key_span(&a), second.data, second.len);
    raw_put(log, PRIVATE_ROWS, key_span(&a), tdm_buf_span(&second));
    raw_put(log, PRIVATE_ROWS, key_span(&b), tdm_buf_span(&first));
    tdm_buf_free(&first);
    tdm_buf_free(&second);
}

static void drop_index(tdm_private *log)
{
    tdm_id id = person_id(log, "ann");
    row_key key = tdm_key_of_index(&id, 3);
    raw_del(log, PRIVATE_INDEX, key_span(&key));
}

static void add_index(tdm_private *log, const char *name, uint64_t sequence)
{
    tdm_id id = person_id(log, name);
    row_key key = tdm_key_of_index(&id, sequence);
    uint8_t row[CHECKSUM_BYTES];
    tdm_row_seal(key_span(&key), row, sizeof row);
    raw_put(log, PRIVATE_INDEX, key_span(&key), (tdm_span){ row, sizeof row });
}

static void revive_void(tdm_private *log)
{
    add_index(log, "ann", 4);
}

static void index_of_erased(tdm_private *log)
{
    add_index(log, "eve", 6);
}

static void drop_id(tdm_private *log)
{
    tdm_id id = person_id(log, "bob"), row = id_of(2);
    row_key key = tdm_key_of_row_id(&id, &row);
    raw_del(log, PRIVATE_IDS, key_span(&key));
}

static void flip_id(tdm_private *log)
{
    tdm_id id = person_id(log, "bob"), row = id_of(2);
    row_key key = tdm_key_of_row_id(&id, &row);
    flip(log, PRIVATE_IDS, key_span(&key), 11, false);
}

static void flip_person(tdm_private *log)
{
    tdm_id id = person_id(log, "bob");
    row_key key = tdm_key_of_person(&id);
    flip(log, PRIVATE_PEOPLE, key_span(&key), PERSON_HEAD_BYTES + 60, false);
}

static void forge_person(tdm_private *log)
{
    tdm_id id = person_id(log, "bob");
    row_key key = tdm_key_of_person(&id);
    flip(log, PRIVATE_PEOPLE, key_span(&key), PERSON_HEAD_BYTES + 60, true);
}

static void forge_person_count(tdm_private *log)
{
    tdm_id id = person_id(log, "bob");
    row_key key = tdm_key_of_person(&id);
    flip(log, PRIVATE_PEOPLE, key_span(&key), 15, true);
}

static void drop_person(tdm_private *log)
{
    tdm_id id = person_id(log, "bob");
    row_key key = tdm_key_of_person(&id);
    raw_del(log, PRIVATE_PEOPLE, key_span(&key));
}

static void drop_erased(tdm_private *log)
{
    tdm_id id = person_id(log, "eve");
    row_key key = tdm_key_of_erased(&id, 1);
    raw_del(log, PRIVATE_ERASED, key_span(&key));
}

static void flip_erased(tdm_private *log)
{
    tdm_id id = person_id(log, "eve");
    row_key key = tdm_key_of_erased(&id, 1);
    flip(log, PRIVATE_ERASED, key_span(&key), 8, false);
}

static void forge_head(tdm_private *log)
{
    flip(log, PRIVATE_META, TDM_PRIVATE_TIP_KEY, 40, true);
}

static void forge_counts(tdm_private *log)
{
    flip(log, PRIVATE_META, TDM_PRIVATE_TIP_KEY, 27, true);
}

static void flip_tip(tdm_private *log)
{
    flip(log, PRIVATE_META, TDM_PRIVATE_TIP_KEY, 27, false);
}

static void flip_residual(tdm_private *log)
{
    flip(log, PRIVATE_RESIDUALS, tdm_span_text("sum"), 5, false);
}

static const struct damage {
    const char *name;
    void (*make)(tdm_private *log);
    const char *words[3]; /* among those reported */
    uint64_t sequence;    /* of the first word; 0: any */
} DAMAGES[] = {
    { "a sound log has no faults", none, { NULL }, 0 },
    { "a flipped byte in a row", flip_record, { "checksum", "row", "head" }, 3 },
    { "a flipped byte with a forged checksum", forge_record, { "row", "head" }, 3 },
    { "a forged time", forge_time, { "row", "head" }, 2 },
    { "a forged row of somebody erased", forge_erased_record, { "head" }, 0 },
    { "a missing row", drop_record, { "sequence", "head" }, 3 },
    { "the last row missing", drop_last_record, { "sequence", "head", "counts" }, 7 },
    { "two rows of one person in each other's place", swap_records, { "row", "head", "index" }, 1 },
    { "a missing entry of the index", drop_index, { "index", "counts" }, 3 },
    { "a void row in the index", revive_void, { "index", "counts" }, 4 },
    { "a row of somebody erased in the index", index_of_erased, { "index" }, 0 },
    { "a missing row id", drop_id, { "index", "counts" }, 2 },
    { "a flipped byte in a row id's entry", flip_id, { "index", "checksum" }, 2 },
    { "a flipped byte in a person", flip_person, { "checksum" }, 0 },
    { "a person whose key does not open", forge_person, { "person" }, 0 },
    { "a person with another count", forge_person_count, { "counts" }, 0 },
    { "a missing person", drop_person, { "owner", "counts" }, 2 },
    { "a missing mark of an erasure", drop_erased, { "owner", "counts" }, 6 },
    { "a flipped byte in the mark of an erasure", flip_erased, { "checksum" }, 0 },
    { "another head", forge_head, { "head" }, 0 },
    { "another count of people", forge_counts, { "counts" }, 0 },
    { "a flipped byte in the tip", flip_tip, { "checksum" }, 0 },
    { "a flipped byte in a residual", flip_residual, { "checksum" }, 0 },
};

typedef struct heard {
    size_t count;
    tdm_private_fault faults[32];
} heard;

static void hear(void *context, const tdm_private_fault *fault)
{
    heard *h = context;
    if (h->count < TDM_COUNT(h->faults))
        h->faults[h->count] = *fault;
    h->count++;
}

static bool was_heard(const heard *h, const char *word, uint64_t sequence)
{
    for (size_t i = 0; i < h->count && i < TDM_COUNT(h->faults); i++) {
        if (strcmp(h->faults[i].invariant, word) == 0 && (sequence == 0 || h->faults[i].sequence == sequence))
            return true;
    }
    return false;
}

static heard verify(tdm_private *log)
{
    heard h = { 0 };
    tdm_private_summary summary;
    tdm_code code = tdm_private_verify(log, hear, &h, &summary, NULL);
    assert_code(h.count > 0 ? TDM_DIFFERS : TDM_OK, code);
    assert_int_equal(summary.faults, h.count);
    return h;
}

static tdm_private *memory_log(void)
{
    tdm_kv *kv = NULL;
    tdm_private *log = NULL;
    assert_ok(tdm_kv_open_memory(&kv, TDM_PRIVATE_TABLE_COUNT, err));
    assert_ok(tdm_private_open(&log, &kv, SECRET, err));
    build(log);
    return log;
}

static void damage_is_named(void **state)
{
    const struct damage *damage = *state;
    tdm_private *log = memory_log();
    damage->make(log);
    heard h = verify(log);
    assert_int_equal(h.count > 0, damage->words[0] != NULL);
    for (size_t i = 0; i < TDM_COUNT(damage->words) && damage->words[i] != NULL; i++) {
        if (!was_heard(&h, damage->words[i], i == 0 ? damage->sequence : 0))
            fail_msg("no fault \"%s\"", damage->words[i]);
    }
    tdm_private_close(&log);
}

/* Each byte of each record: verify finds it, and no reader shows the row. */
static void each_byte_of_a_row_counts(void **state)
{
    (void)state;
    tdm_private *log = memory_log();
    for (uint64_t sequence = 1; sequence <= 7; sequence++) {
        row_key key = tdm_key_of_position(sequence);
        tdm_buf row = raw_get(log, PRIVATE_ROWS, key_span(&key));
        for (size_t at = 0; at < row.len; at++) {
            flip(log, PRIVATE_ROWS, key_span(&key), at, false);
            heard h = verify(log);
            assert_true(was_heard(&h, "checksum", sequence));
            flip(log, PRIVATE_ROWS, key_span(&key), at, false);
        }
        tdm_buf_free(&row);
    }
    assert_int_equal(verify(log).count, 0);
    tdm_private_close(&log);
}

static tdm_code ignore(void *context, const tdm_private_entry *entry, tdm_err *err)
{
    (void)err;
    ++*(size_t *)context;
    assert_int_equal(entry->type, 7);
    return TDM_OK;
}

/* A forged row is not shown, whichever byte of it was changed. */
static void no_forged_row_is_read(void **state)
{
    (void)state;
    tdm_private *log = memory_log();
    row_key key = tdm_key_of_position(3);
    tdm_buf row = raw_get(log, PRIVATE_ROWS, key_span(&key));
    size_t shown = 0;
    for (size_t at = CHECKSUM_BYTES; at < row.len; at++) {
        flip(log, PRIVATE_ROWS, key_span(&key), at, true);
        assert_code(TDM_CORRUPT, tdm_private_each_row(log, tdm_span_text("ann"), ignore, &shown, NULL));
        flip(log, PRIVATE_ROWS, key_span(&key), at, true);
    }
    assert_int_equal(shown, 0);
    tdm_buf_free(&row);
    tdm_private_close(&log);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(DAMAGES) + 2];
    for (size_t i = 0; i < TDM_COUNT(DAMAGES); i++)
        tests[i] = (struct CMUnitTest){ DAMAGES[i].name, damage_is_named, NULL, NULL, (void *)&DAMAGES[i] };
    tests[TDM_COUNT(DAMAGES)] =
        (struct CMUnitTest){ "each byte of each row counts", each_byte_of_a_row_counts, NULL, NULL, NULL };
    tests[TDM_COUNT(DAMAGES) + 1] =
        (struct CMUnitTest){ "no forged row is read", no_forged_row_is_read, NULL, NULL, NULL };
    return _cmocka_run_group_tests("private verify", tests, TDM_COUNT(tests), NULL, NULL);
}
