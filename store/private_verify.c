/* SPDX-License-Identifier: MPL-2.0
 *
 * private_verify.c: walk the whole private log and name each broken invariant.
 *
 * The records are walked in order and each is looked up in the indexes; then the indexes are walked and
 * counted. As every record has its own entries, equal counts mean that there are no others.
 */
#include "private_inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Lives in memory of tdm_secret_new. */
typedef struct walk {
    tdm_private *log;
    tdm_kv_txn *txn;
    tdm_private_report *report;
    void *context;
    tdm_private_summary *summary;
    tdm_private_tip tip;   /* as stored */
    tdm_private_tip found; /* as walked */
    uint64_t living_rows;  /* of those who are there */
    uint64_t in_force;
    uint64_t promised_rows; /* as their rows in people and erased say */
    uint64_t ids;
    uint64_t index;
    private_person person; /* the last one opened */
    bool has_person;
    uint8_t plain[RECORD_PLAIN_MAX];
} walk;

static void fault(walk *w, const char *invariant, uint64_t sequence, const tdm_id *person, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));

static void fault(walk *w, const char *invariant, uint64_t sequence, const tdm_id *person, const char *format,
                  ...)
{
    tdm_private_fault found = { .invariant = invariant, .sequence = sequence };
    if (person != NULL)
        found.person = *person;
    va_list args;
    va_start(args, format);
    vsnprintf(found.what, sizeof found.what, format, args);
    va_end(args);
    w->summary->faults++;
    if (w->report != NULL)
        w->report(w->context, &found);
}

/* The id a key begins with; zero if it is too short. */
static tdm_id id_of(tdm_span key)
{
    tdm_id id = { { 0 } };
    if (key.len >= PERSON_KEY_BYTES)
        memcpy(id.bytes, key.data, TDM_ID_BYTES);
    return id;
}

static bool get(walk *w, size_t table, const row_key *key, tdm_span *row)
{
    return tdm_kv_get(w->txn, table, key_span(key), row, NULL) == TDM_OK;
}

/* ---- one table --------------------------------------------------------------------------------- */

typedef void row_check(walk *w, tdm_span key, tdm_span row);

typedef struct checking {
    walk *w;
    row_check *check;
} checking;

static tdm_code check_entry(void *context, tdm_span key, tdm_span row, tdm_err *err)
{
    const checking *c = context;
    (void)err;
    c->check(c->w, key, row);
    return TDM_OK;
}

static tdm_code walk_table(walk *w, size_t table, row_check *check, tdm_err *err)
{
    checking c = { w, check };
    return tdm_kv_each(w->txn, table, (tdm_span){ NULL, 0 }, check_entry, &c, err);
}

/* ---- records ----------------------------------------------------------------------------------- */

/* True if the record's person is there in the record's generation, as w->person, opened. A person whose row
 * is damaged is told of once, with the people; the rows are left alone. */
static bool enter_owner(walk *w, uint64_t sequence, const record_head *head)
{
    row_key mark = tdm_key_of_erased(&head->person, head->generation);
    tdm_span row;
    if (w->has_person && tdm_id_equal(&head->person, &w->person.id)
        && head->generation == w->person.row.generation)
        return true;
    w->person.id = head->person;
    tdm_code code = tdm_private_get_person(w->txn, &w->person, NULL);
    bool is_there = code == TDM_OK && w->person.row.generation == head->generation;
    w->has_person = is_there && tdm_person_open(w->log->keys, &w->person);
    if (is_there || code == TDM_CORRUPT)
        return w->has_person;
    if (!get(w, PRIVATE_ERASED, &mark, &row))
        fault(w, "owner", sequence, &head->person,
              "row %llu belongs to nobody who is there and nobody who was erased",
              (unsigned long long)sequence);
    return false;
}

/* What the indexes must say of a row of somebody who is there. */
static void check_indexes(walk *w, uint64_t sequence, const record_head *head)
{
    row_key own_key = tdm_key_of_row_id(&head->person, &head->id);
    row_key of_key = tdm_key_of_row_id(&head->person, &head->of);
    row_key index_key = tdm_key_of_index(&head->person, sequence);
    tdm_span row;
    id_row own = { 0 }, of = { 0 };
    if (!get(w, PRIVATE_IDS, &own_key, &row) || !tdm_id_row_read(key_span(&own_key), row, &own)
        || own.sequence != sequence || (own.last == 0) != (head->change != TDM_PRIVATE_NEW)) {
        fault(w, "index", sequence, &head->person, "ids does not tell of row %llu",
              (unsigned long long)sequence);
        return;
    }
    if (!get(w, PRIVATE_IDS, &of_key, &row) || !tdm_id_row_read(key_span(&of_key), row, &of)
        || of.last < sequence || of.last > w->tip.rows) {
        fault(w, "index", sequence, &head->person, "row %llu changes a row that ids does not tell of",
              (unsigned long long)sequence);
        return;
    }
    bool in_force = of.last == sequence && head->change != TDM_PRIVATE_VOID;
    w->in_force += in_force;
    if (get(w, PRIVATE_INDEX, &index_key, &row) != in_force)
        fault(w, "index", sequence, &head->person, "row %llu is %s force, and the index says otherwise",
              (unsigned long long)sequence, in_force ? "in" : "not in");
}

static void check_owned(walk *w, uint64_t sequence, tdm_span record, const record_head *head)
{
    tdm_private_entry entry;
    if (!enter_owner(w, sequence, head))
        return;
    if (tdm_record_open(record, head, sequence, &w->person, w->plain, &entry))
        w->summary->readable++;
    else
        fault(w, "row", sequence, &head->person, "row %llu does not open with its person's key",
              (unsigned long long)sequence);
    w->living_rows++;
    check_indexes(w, sequence, head);
}

static void check_gap(walk *w, uint64_t sequence)
{
    if (sequence != w->found.rows + 1)
        fault(w, "sequence", sequence, NULL, "row %llu comes behind row %llu", (unsigned long long)sequence,
              (unsigned long long)w->found.rows);
}

static void check_record(walk *w, tdm_span key, tdm_span record)
{
    uint64_t sequence = key.len == POSITION_KEY_BYTES ? tdm_read_u64(key.data) : 0;
    record_head head;
    tdm_digest digest;
    check_gap(w, sequence);
    w->summary->rows++;
    w->found.rows = sequence;
    w->found.bytes += record.len;
    if (record.len >= CHECKSUM_BYTES) {
        tdm_record_digest(record, &digest);
        tdm_run_head(&w->found.head, &digest, &w->found.head);
    }
    if (!tdm_row_is_sound(key, record, RECORD_HEAD_BYTES))
        fault(w, "checksum", sequence, NULL, "row %llu is damaged", (unsigned long long)sequence);
    if (tdm_record_head_read(record, &head))
        check_owned(w, sequence, record, &head);
    else
        fault(w, "row", sequence, NULL, "row %llu has no header", (unsigned long long)sequence);
}

static void check_chain(walk *w)
{
    for (uint64_t missing = w->found.rows + 1; missing <= w->tip.rows; missing++) {
        fault(w, "sequence", missing, NULL, "row %llu is missing", (unsigned long long)missing);
        if (missing - w->found.rows == 100) /* the tip may be what is wrong */
            break;
    }
    if (w->found.rows > w->tip.rows)
        fault(w, "sequence", w->found.rows, NULL, "row %llu is behind the tip %llu",
              (unsigned long long)w->found.rows, (unsigned long long)w->tip.rows);
    if (!tdm_digest_equal(&w->found.head, &w->tip.head))
        fault(w, "head", w->tip.rows, NULL, "the chain of %llu rows does not lead to the head",
              (unsigned long long)w->summary->rows);
}

/* ---- people and indexes ------------------------------------------------------------------------ */

static tdm_code count_entry(void *context, tdm_span key, tdm_span row, tdm_err *err)
{
    uint64_t *count = context;
    (void)key, (void)row, (void)err;
    ++*count;
    return TDM_OK;
}

/* A failure is met again by the walk that asks. */
static uint64_t count_entries(walk *w, size_t table, const tdm_id *id)
{
    row_key of_person = tdm_key_of_person(id);
    uint64_t count = 0;
    tdm_kv_each(w->txn, table, key_span(&of_person), count_entry, &count, NULL);
    return count;
}

static void check_person(walk *w, tdm_span key, tdm_span row)
{
    private_person *person = &w->person;
    person->id = id_of(key);
    w->found.people++;
    w->summary->people++;
    if (!tdm_person_row_read(key, row, &person->row)) {
        fault(w, "checksum", 0, &person->id, "a row in people is damaged");
        return;
    }
    if (!tdm_person_open(w->log->keys, person))
        fault(w, "person", 0, &person->id, "the key of a person does not open, or is of another person");
    w->promised_rows += person->row.rows;
    uint64_t rows = count_entries(w, PRIVATE_IDS, &person->id);
    uint64_t in_force = count_entries(w, PRIVATE_INDEX, &person->id);
    if (rows != person->row.rows || in_force != person->row.in_force)
        fault(w, "counts", 0, &person->id, "a person with %llu rows, %llu in force, has %llu and %llu",
              (unsigned long long)person->row.rows, (unsigned long long)person->row.in_force,
              (unsigned long long)rows, (unsigned long long)in_force);
}

static void check_erased(walk *w, tdm_span key, tdm_span row)
{
    tdm_id id = id_of(key);
    uint64_t rows = 0;
    w->found.erased++;
    w->summary->erased++;
    if (!tdm_erased_row_read(key, row, &rows))
        fault(w, "checksum", 0, &id, "a row in erased is damaged");
    w->promised_rows += rows;
}

static void check_id(walk *w, tdm_span key, tdm_span row)
{
    tdm_id id = id_of(key);
    id_row found;
    w->ids++;
    if (!tdm_id_row_read(key, row, &found))
        fault(w, "checksum", 0, &id, "a row in ids is damaged");
}

static void check_index(walk *w, tdm_span key, tdm_span row)
{
    tdm_id id = id_of(key);
    w->index++;
    if (key.len != INDEX_KEY_BYTES || row.len != CHECKSUM_BYTES
        || !tdm_row_is_sound(key, row, CHECKSUM_BYTES))
        fault(w, "checksum", 0, &id, "a row in index is damaged");
}

static void check_residual(walk *w, tdm_span key, tdm_span row)
{
    w->summary->residuals++;
    if (!tdm_row_is_sound(key, row, CHECKSUM_BYTES))
        fault(w, "checksum", 0, NULL, "a residual is damaged");
}

static void check_counts(walk *w)
{
    if (w->ids != w->living_rows)
        fault(w, "index", 0, NULL, "ids tells of %llu rows, and %llu are there", (unsigned long long)w->ids,
              (unsigned long long)w->living_rows);
    if (w->index != w->in_force)
        fault(w, "index", 0, NULL, "the index tells of %llu rows, and %llu are in force",
              (unsigned long long)w->index, (unsigned long long)w->in_force);
    if (w->promised_rows != w->tip.rows)
        fault(w, "counts", 0, NULL, "people and erased have %llu rows, of %llu",
              (unsigned long long)w->promised_rows, (unsigned long long)w->tip.rows);
    if (w->found.people != w->tip.people || w->found.erased != w->tip.erased
        || w->found.bytes != w->tip.bytes)
        fault(w, "counts", 0, NULL,
              "people %llu, erased %llu, bytes %llu are there; the tip says %llu, %llu, %llu",
              (unsigned long long)w->found.people, (unsigned long long)w->found.erased,
              (unsigned long long)w->found.bytes, (unsigned long long)w->tip.people,
              (unsigned long long)w->tip.erased, (unsigned long long)w->tip.bytes);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static const struct {
    size_t table;
    row_check *check;
    void (*after)(walk *w);
} STEPS[] = {
    { PRIVATE_ROWS, check_record, check_chain },  { PRIVATE_PEOPLE, check_person, NULL },
    { PRIVATE_ERASED, check_erased, NULL },       { PRIVATE_IDS, check_id, NULL },
    { PRIVATE_INDEX, check_index, check_counts }, { PRIVATE_RESIDUALS, check_residual, NULL },
};

static tdm_code walk_all(walk *w, tdm_err *err)
{
    tdm_code code = tdm_private_get_tip(w->txn, &w->tip, err);
    if (code == TDM_CORRUPT) {
        fault(w, "checksum", 0, NULL, "the tip is damaged");
        code = TDM_OK;
    }
    for (size_t i = 0; i < TDM_COUNT(STEPS) && code == TDM_OK; i++) {
        code = walk_table(w, STEPS[i].table, STEPS[i].check, err);
        if (code == TDM_OK && STEPS[i].after != NULL)
            STEPS[i].after(w);
    }
    if (code != TDM_OK || w->summary->faults == 0)
        return code;
    return tdm_fail(err, TDM_DIFFERS, 0, "%llu broken invariants in the private log",
                    (unsigned long long)w->summary->faults);
}

tdm_code tdm_private_verify(tdm_private *log, tdm_private_report *report, void *context,
                            tdm_private_summary *summary, tdm_err *err)
{
    *summary = (tdm_private_summary){ 0 };
    walk *w = tdm_secret_new(sizeof *w);
    if (w == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory to verify");
    w->log = log;
    w->report = report;
    w->context = context;
    w->summary = summary;
    tdm_code code = tdm_kv_begin(log->kv, TDM_KV_READ_ONLY, &w->txn, err);
    if (code == TDM_OK)
        code = walk_all(w, err);
    tdm_kv_abort(&w->txn);
    tdm_secret_free(w);
    return code;
}
