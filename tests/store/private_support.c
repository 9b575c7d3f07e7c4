/* SPDX-License-Identifier: MPL-2.0
 *
 * private_support.c: what the tests of the private log share.
 */
#include "private_support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const uint8_t SECRET[TDM_PRIVATE_SECRET_BYTES] = { 1, 2, 3 };
const uint8_t OTHER_SECRET[TDM_PRIVATE_SECRET_BYTES] = { 3, 2, 1 };

/* ---- logs -------------------------------------------------------------------------------------- */

tdm_private *open_at(const char *path, const uint8_t *secret)
{
    tdm_private *log = NULL;
    assert_ok(tdm_private_open_path(&log, path, 1 << 20, secret, err));
    return log;
}

static void bed_open(bed *b)
{
    tdm_kv *kv = NULL;
    if (b->kind == STORE_LMDB) {
        b->log = open_at(b->path, SECRET);
        return;
    }
    assert_ok(tdm_kv_open_memory(&kv, TDM_PRIVATE_TABLE_COUNT, err));
    assert_ok(tdm_private_open(&b->log, &kv, SECRET, err));
    assert_null(kv);
}

void bed_reopen(bed *b)
{
    tdm_private_close(&b->log);
    assert_null(b->log);
    bed_open(b);
}

typedef struct bed_case {
    store_kind kind;
    const bed_row *row;
    char name[200];
} bed_case;

static int set_up(void **state)
{
    const bed_case *c = *state;
    bed *b = calloc(1, sizeof *b);
    b->kind = c->kind;
    b->row = c->row;
    scratch_make(b->folder);
    snprintf(b->path, sizeof b->path, "%s/private", b->folder);
    bed_open(b);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    bed *b = *state;
    tdm_private_close(&b->log);
    scratch_remove(b->folder);
    free(b);
    return 0;
}

static void run_bed(void **state)
{
    bed *b = *state;
    b->row->run(b);
}

int bed_suite(const char *group, const bed_row *rows, size_t count)
{
    static const store_kind KINDS[] = { STORE_LMDB, STORE_MEMORY };
    bed_case *cases = calloc(count * TDM_COUNT(KINDS), sizeof *cases);
    struct CMUnitTest *tests = calloc(count * TDM_COUNT(KINDS), sizeof *tests);
    size_t used = 0;
    for (size_t i = 0; i < count * TDM_COUNT(KINDS); i++) {
        const bed_row *row = &rows[i / TDM_COUNT(KINDS)];
        store_kind kind = KINDS[i % TDM_COUNT(KINDS)];
        if (row->durable && kind == STORE_MEMORY)
            continue;
        bed_case *c = &cases[used];
        *c = (bed_case){ .kind = kind, .row = row };
        snprintf(c->name, sizeof c->name, "%s (%s)", row->name, kind == STORE_LMDB ? "lmdb" : "memory");
        tests[used++] = (struct CMUnitTest){ c->name, run_bed, set_up, tear_down, c };
    }
    int failed = _cmocka_run_group_tests(group, tests, used, NULL, NULL);
    free(tests);
    free(cases);
    return failed;
}

/* ---- rows -------------------------------------------------------------------------------------- */

tdm_id id_of(unsigned n)
{
    tdm_id id;
    memset(id.bytes, 0xA0, sizeof id.bytes);
    tdm_write_u32(id.bytes + 12, n);
    return id;
}

tdm_private_row new_row(const char *person, unsigned id, const char *payload)
{
    return (tdm_private_row){ .person = tdm_span_text(person),
                              .change = TDM_PRIVATE_NEW,
                              .id = id_of(id),
                              .type = 7,
                              .recorded_ms = 1000 + (int64_t)id,
                              .payload = tdm_span_text(payload) };
}

tdm_private_row amend_row(const char *person, unsigned id, unsigned of, const char *payload)
{
    tdm_private_row row = new_row(person, id, payload);
    row.change = TDM_PRIVATE_AMEND;
    row.of = id_of(of);
    return row;
}

tdm_private_row void_row(const char *person, unsigned id, unsigned of)
{
    tdm_private_row row = amend_row(person, id, of, "");
    row.change = TDM_PRIVATE_VOID;
    return row;
}

tdm_code add_one(tdm_private *log, tdm_private_row row)
{
    size_t added = 9;
    tdm_code code = tdm_private_append(log, &row, 1, &added, NULL);
    assert_true(code == TDM_OK ? added <= 1 : added == 0);
    return code;
}

void must_add(tdm_private *log, tdm_private_row row)
{
    size_t added = 0;
    assert_ok(tdm_private_append(log, &row, 1, &added, err));
    assert_int_equal(added, 1);
}

void must_erase(tdm_private *log, const char *person)
{
    assert_ok(tdm_private_erase(log, tdm_span_text(person), 5000, NULL, 0, err));
}

void put_residual(tdm_private *log, const char *key, const char *value)
{
    tdm_private_pair pair = { tdm_span_text(key), tdm_span_text(value) };
    assert_ok(tdm_private_residuals_put(log, &pair, 1, err));
}

/* ---- looking ----------------------------------------------------------------------------------- */

static tdm_code add_entry(void *context, const tdm_private_entry *entry, tdm_err *err)
{
    (void)err;
    tdm_buf *out = context;
    tdm_buf_format(out, "%s%u=%.*s", out->len > 0 ? " " : "", (unsigned)tdm_read_u32(entry->id.bytes + 12),
                   (int)entry->payload.len, (const char *)entry->payload.data);
    assert_int_equal(entry->type, 7);
    assert_true(entry->recorded_ms > 1000);
    return TDM_OK;
}

char *in_force(tdm_private *log, const char *person)
{
    tdm_buf out = { 0 };
    tdm_err failure = { 0 };
    tdm_code code = tdm_private_each_row(log, tdm_span_text(person), add_entry, &out, &failure);
    if (code == TDM_NOT_FOUND)
        tdm_buf_text(&out, "-");
    else if (code != TDM_OK)
        fail_msg("%s", failure.what);
    tdm_buf_add(&out, "", 1);
    return (char *)out.data;
}

void expect_in_force(tdm_private *log, const char *person, const char *expected)
{
    char *found = in_force(log, person);
    assert_string_equal(found, expected);
    free(found);
}

tdm_private_tip tip_of(tdm_private *log)
{
    tdm_private_tip tip;
    assert_ok(tdm_private_tip_get(log, &tip, err));
    return tip;
}

static void print_fault(void *context, const tdm_private_fault *fault)
{
    (void)context;
    print_message("  %s at %llu: %s\n", fault->invariant, (unsigned long long)fault->sequence, fault->what);
}

uint64_t private_faults(tdm_private *log)
{
    tdm_private_summary summary;
    tdm_err err = { 0 };
    tdm_code code = tdm_private_verify(log, print_fault, NULL, &summary, &err);
    if (code != TDM_OK && code != TDM_DIFFERS)
        fail_msg("verify: %s", err.what);
    assert_int_equal(code == TDM_DIFFERS, summary.faults > 0);
    return summary.faults;
}

/* ---- bytes ------------------------------------------------------------------------------------- */

static struct {
    const void *bytes;
    size_t len;
    size_t found;
} search; /* nftw has no context */

static int search_file(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)at;
    if (kind != FTW_F || info->st_size == 0)
        return 0;
    FILE *file = fopen(path, "rb");
    uint8_t *content = malloc((size_t)info->st_size);
    size_t len = fread(content, 1, (size_t)info->st_size, file);
    assert_int_equal(len, info->st_size);
    search.found += memmem(content, len, search.bytes, search.len) != NULL;
    free(content);
    fclose(file);
    return 0;
}

size_t files_with(const char *folder, const void *bytes, size_t len)
{
    search.bytes = bytes;
    search.len = len;
    search.found = 0;
    assert_int_equal(nftw(folder, search_file, 8, FTW_PHYS), 0);
    return search.found;
}

tdm_buf raw_get(tdm_private *log, size_t table, tdm_span key)
{
    tdm_kv_txn *txn = NULL;
    tdm_span value;
    tdm_buf out = { 0 };
    assert_ok(tdm_kv_begin(tdm_private_kv(log), TDM_KV_READ_ONLY, &txn, err));
    assert_ok(tdm_kv_get(txn, table, key, &value, err));
    tdm_buf_add(&out, value.data, value.len);
    tdm_kv_abort(&txn);
    return out;
}

void raw_put(tdm_private *log, size_t table, tdm_span key, tdm_span value)
{
    tdm_kv_txn *txn = NULL;
    assert_ok(tdm_kv_begin(tdm_private_kv(log), TDM_KV_READ_WRITE, &txn, err));
    tdm_kv_put(txn, table, key, value);
    assert_ok(tdm_kv_commit(&txn, err));
}

void raw_del(tdm_private *log, size_t table, tdm_span key)
{
    tdm_kv_txn *txn = NULL;
    assert_ok(tdm_kv_begin(tdm_private_kv(log), TDM_KV_READ_WRITE, &txn, err));
    tdm_kv_del(txn, table, key);
    assert_ok(tdm_kv_commit(&txn, err));
}

/* ---- backups ----------------------------------------------------------------------------------- */

const uint8_t KEY[32] = { 9, 9, 9 };
const uint8_t OTHER_KEY[32] = { 8, 8, 8 };

tdm_cipher_lock lock_of(const uint8_t key[32])
{
    tdm_cipher_lock lock;
    tdm_cipher_lock_of_key(&lock, key);
    return lock;
}

void name_in(char out[128], const bed *b, const char *name)
{
    snprintf(out, 128, "%s/%s", b->folder, name);
}

tdm_code restore(const bed *b, const char *name, const char *file, const uint8_t *key, tdm_err *err)
{
    char path[128], backup[128];
    tdm_cipher_lock lock = lock_of(key);
    name_in(path, b, name);
    name_in(backup, b, file);
    return tdm_private_restore(path, backup, &lock, OTHER_SECRET, err);
}

void expect_nothing_left(const bed *b)
{
    char path[128];
    name_in(path, b, "again");
    assert_int_equal(access(path, F_OK), -1);
}
