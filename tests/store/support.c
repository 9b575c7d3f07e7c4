/* SPDX-License-Identifier: MPL-2.0
 *
 * support.c: what the store's tests share.
 */
#include "support.h"
#include "tandem/pack.h"

#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- stores ------------------------------------------------------------------------------------ */

static const char *const KIND_NAMES[STORE_KINDS] = { "lmdb", "memory", "faulty" };
static const char *const TABLES[] = { "a", "b", "c" };

void scratch_make(char folder[64])
{
    const char *base = getenv("TMPDIR");
    int len = snprintf(folder, 64, "%s/tandem-store-XXXXXX", base == NULL ? "/tmp" : base);
    assert_true(len > 0 && len < 64);
    assert_non_null(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void scratch_remove(const char *folder)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

tdm_kv *open_lmdb(const char *path, tdm_kv_mode mode, size_t map_bytes, bool with_ledger)
{
    tdm_kv_options options = { .path = path,
                               .mode = mode,
                               .map_bytes = map_bytes,
                               .tables = with_ledger ? TDM_LEDGER_TABLES : TABLES,
                               .table_count = with_ledger ? TDM_LEDGER_TABLE_COUNT : TDM_COUNT(TABLES) };
    tdm_kv *kv = NULL;
    assert_ok(tdm_kv_open_lmdb(&kv, &options, err));
    return kv;
}

tdm_kv *open_kind(store_kind kind, const char *path, bool with_ledger)
{
    tdm_kv *kv = NULL, *inner = NULL;
    size_t tables = with_ledger ? TDM_LEDGER_TABLE_COUNT : TDM_COUNT(TABLES);
    if (kind == STORE_MEMORY) {
        assert_ok(tdm_kv_open_memory(&kv, tables, err));
        return kv;
    }
    inner = open_lmdb(path, TDM_KV_READ_WRITE, 1 << 20, with_ledger);
    if (kind == STORE_LMDB)
        return inner;
    tdm_kv_faults none = { 0 };
    assert_ok(tdm_kv_open_faulty(&kv, &inner, &none, err));
    return kv;
}

tdm_ledger *open_ledger(tdm_kv *kv)
{
    tdm_ledger *ledger = NULL;
    assert_ok(tdm_ledger_open(&ledger, &kv, err));
    assert_null(kv);
    return ledger;
}

static void fixture_open(fixture *f, bool with_ledger)
{
    f->kv = open_kind(f->kind, f->path, with_ledger);
    if (!with_ledger)
        return;
    f->ledger = open_ledger(f->kv);
    f->kv = tdm_ledger_kv(f->ledger);
}

static void fixture_close(fixture *f)
{
    if (f->ledger != NULL)
        tdm_ledger_close(&f->ledger);
    else
        tdm_kv_close(&f->kv);
    f->kv = NULL;
}

void fixture_reopen(fixture *f)
{
    bool with_ledger = f->ledger != NULL;
    fixture_close(f);
    fixture_open(f, with_ledger);
}

typedef struct suite_case {
    store_kind kind;
    const store_row *row;
    bool with_ledger;
    char name[200];
} suite_case;

static int set_up(void **state)
{
    const suite_case *c = *state;
    fixture *f = calloc(1, sizeof *f);
    f->kind = c->kind;
    f->row = c->row;
    scratch_make(f->folder);
    snprintf(f->path, sizeof f->path, "%s/store", f->folder);
    fixture_open(f, c->with_ledger);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    fixture_close(f);
    scratch_remove(f->folder);
    free(f);
    return 0;
}

static void run_row(void **state)
{
    fixture *f = *state;
    f->row->run(f);
}

int store_suite(const char *group, const store_row *rows, size_t count, bool with_ledger)
{
    suite_case *cases = calloc(count * STORE_KINDS, sizeof *cases);
    struct CMUnitTest *tests = calloc(count * STORE_KINDS, sizeof *tests);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        for (store_kind kind = 0; kind < STORE_KINDS; kind++) {
            if (rows[i].durable && kind == STORE_MEMORY)
                continue;
            suite_case *c = &cases[used];
            *c = (suite_case){ .kind = kind, .row = &rows[i], .with_ledger = with_ledger };
            snprintf(c->name, sizeof c->name, "%s (%s)", rows[i].name, KIND_NAMES[kind]);
            tests[used++] = (struct CMUnitTest){ c->name, run_row, set_up, tear_down, c };
        }
    }
    int failed = _cmocka_run_group_tests(group, tests, used, NULL, NULL);
    free(tests);
    free(cases);
    return failed;
}

/* ---- faults */

static const struct {
    const char *name;
    size_t field; /* of tdm_kv_faults */
    tdm_code code;
} FAULTS[FAULT_KINDS] = {
    [FAULT_PUT] = { "a failing put, at each call", offsetof(tdm_kv_faults, fail_put_at), TDM_IO },
    [FAULT_COMMIT] = { "a failing commit, at each call", offsetof(tdm_kv_faults, fail_commit_at), TDM_IO },
    [FAULT_UNKNOWN_COMMIT] = { "a commit of unknown outcome, at each call",
                               offsetof(tdm_kv_faults, unknown_commit_at), TDM_IO },
    [FAULT_DISK_FULL] = { "a full disk, from each commit on", offsetof(tdm_kv_faults, full_from_commit),
                          TDM_FULL },
    [FAULT_FLIPPED_READ] = { "a flipped bit in a read, at each call", offsetof(tdm_kv_faults, flip_get_at),
                             TDM_CORRUPT },
};

tdm_kv_faults fault_at(fault_kind kind, uint64_t n)
{
    tdm_kv_faults faults = { 0 };
    memcpy((char *)&faults + FAULTS[kind].field, &n, sizeof n);
    return faults;
}

tdm_code fault_code(fault_kind kind)
{
    return FAULTS[kind].code;
}

static void fault_at_each_call(void **state)
{
    const fault_row *row = *state;
    uint64_t hits = 0, misses = 0;
    for (uint64_t n = 1; misses < 12; n++) { /* some calls read what nobody looks at; a dozen is the end */
        bool hit = row->one_call(row, n);
        hits += hit;
        misses = hit ? 0 : misses + 1;
    }
    print_message("  met at %llu calls\n", (unsigned long long)hits);
    assert_true(hits >= row->least_hits);
}

struct CMUnitTest fault_test(const fault_row *row)
{
    return (struct CMUnitTest){ FAULTS[row->kind].name, fault_at_each_call, NULL, NULL, (void *)row };
}

/* ---- random ------------------------------------------------------------------------------------ */

uint64_t next_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t random_below(uint64_t *state, uint64_t bound)
{
    return next_random(state) % bound;
}

/* ---- logs -------------------------------------------------------------------------------------- */

chain chain_new(uint8_t n)
{
    chain c = { .incarnation = 0x1000u + n };
    uint8_t seed[crypto_sign_SEEDBYTES];
    memset(c.origin.bytes, n + 1, sizeof c.origin.bytes);
    memset(seed, n, sizeof seed);
    crypto_sign_seed_keypair(c.key.public_key, c.key.secret_key, seed);
    return c;
}

#define UNKNOWN_TYPE 900 /* its payload is not looked into: a size of our own choice */

static void make_payload(tdm_buf *out, uint64_t sequence, size_t size, uint64_t salt)
{
    uint8_t noise[512];
    uint64_t random = sequence * 31 + salt;
    size_t len = size > 130 ? size - 130 : 8;
    assert_true(len <= sizeof noise);
    for (size_t i = 0; i < len; i++)
        noise[i] = (uint8_t)next_random(&random);
    tdm_pack_map(out, 1);
    tdm_pack_uint(out, 1);
    if (sequence == 1)
        tdm_pack_uint(out, 1 + salt % 1000);
    else
        tdm_pack_bin(out, noise, len);
}

static size_t add_event(const chain *c, uint64_t sequence, size_t size, uint64_t salt, tdm_buf *out)
{
    tdm_event event = { .origin = c->origin,
                        .incarnation = c->incarnation,
                        .sequence = sequence,
                        .type = sequence == 1 ? TDM_TYPE_INCARNATION : UNKNOWN_TYPE,
                        .author = TDM_AUTHOR_IS_DAEMON,
                        .subject = TDM_SPAN_LITERAL("log"),
                        .event_ms = 1490000000000 + (int64_t)sequence,
                        .recorded_ms = 1490000000000 };
    memset(event.fact.bytes, (int)(sequence % 251) + 1, sizeof event.fact.bytes);
    tdm_buf payload = { 0 };
    make_payload(&payload, sequence, size, salt);
    size_t before = out->len;
    assert_ok(tdm_event_encode(&event, tdm_buf_span(&payload), out, err));
    tdm_buf_free(&payload);
    return out->len - before;
}

made_run chain_run(chain *c, size_t count, size_t size, uint64_t salt)
{
    made_run made = { .count = count };
    made.run.first = c->last + 1;
    made.run.last = c->last + count;
    made.events = calloc(count, sizeof *made.events);
    for (size_t i = 0; i < count; i++)
        made.events[i].len = add_event(c, made.run.first + i, size, salt, &made.bytes);
    tdm_digest *digests = calloc(count, sizeof *digests);
    const uint8_t *at = made.bytes.data;
    for (size_t i = 0; i < count; at += made.events[i].len, i++) {
        made.events[i].data = at;
        tdm_event_digest(made.events[i], &digests[i]);
    }
    tdm_run_root(digests, count, &made.run.root);
    tdm_run_head(&c->head, &made.run.root, &made.run.head);
    free(digests);
    c->last = made.run.last;
    c->head = made.run.head;
    return made;
}

void made_run_free(made_run *run)
{
    free(run->events);
    tdm_buf_free(&run->bytes);
}

tdm_seal chain_seal(const chain *c)
{
    tdm_seal seal;
    tdm_seal_sign(&c->key, &c->origin, c->incarnation, c->last, &c->head, &seal);
    return seal;
}

tdm_code ledger_add(tdm_ledger *ledger, const chain *c, const made_run *run, int64_t received_ms)
{
    tdm_ledger_txn *txn = NULL;
    tdm_code code = tdm_ledger_begin(ledger, &txn, NULL);
    if (code != TDM_OK)
        return code;
    code = tdm_ledger_append_run(txn, &c->origin, c->incarnation, &run->run, run->events, received_ms, NULL);
    if (code == TDM_OK)
        return tdm_ledger_commit(&txn, NULL);
    tdm_ledger_abort(&txn);
    return code;
}

tdm_code ledger_add_seal(tdm_ledger *ledger, const chain *c)
{
    tdm_seal seal = chain_seal(c);
    tdm_ledger_txn *txn = NULL;
    tdm_code code = tdm_ledger_begin(ledger, &txn, NULL);
    if (code != TDM_OK)
        return code;
    code = tdm_ledger_put_seal(txn, &c->origin, c->incarnation, &seal, NULL);
    if (code == TDM_OK)
        return tdm_ledger_commit(&txn, NULL);
    tdm_ledger_abort(&txn);
    return code;
}

void ledger_fill(tdm_ledger *ledger, chain *c, size_t runs, size_t count, size_t size)
{
    for (size_t i = 0; i < runs; i++) {
        made_run made = chain_run(c, count, size, 0);
        assert_code(TDM_OK, ledger_add(ledger, c, &made, 1000 + (int64_t)i));
        made_run_free(&made);
    }
    assert_code(TDM_OK, ledger_add_seal(ledger, c));
}

static void print_fault(void *context, const tdm_ledger_fault *fault)
{
    (void)context;
    print_message("  %s at %llu: %s\n", fault->invariant, (unsigned long long)fault->position, fault->what);
}

uint64_t ledger_faults(tdm_ledger *ledger)
{
    tdm_ledger_summary summary;
    tdm_err err = { 0 };
    tdm_code code = tdm_ledger_verify(ledger, print_fault, NULL, NULL, &summary, &err);
    if (code != TDM_OK && code != TDM_DIFFERS)
        fail_msg("verify: %s", err.what);
    assert_int_equal(code == TDM_DIFFERS, summary.faults > 0);
    return summary.faults;
}

/* ---- looking into a ledger --------------------------------------------------------------------- */

tdm_ledger_txn *txn_begin(fixture *f)
{
    tdm_ledger_txn *txn = NULL;
    assert_ok(tdm_ledger_begin(f->ledger, &txn, err));
    return txn;
}

void txn_commit(tdm_ledger_txn *txn)
{
    assert_ok(tdm_ledger_commit(&txn, err));
    assert_null(txn);
}

tdm_code txn_append(tdm_ledger_txn *txn, const chain *c, const made_run *run)
{
    return tdm_ledger_append_run(txn, &c->origin, c->incarnation, &run->run, run->events, 1, NULL);
}

uint64_t last_position(fixture *f)
{
    uint64_t last = 99;
    assert_ok(tdm_ledger_last_position(f->ledger, &last, err));
    return last;
}

void expect_event(fixture *f, const chain *c, uint64_t sequence, uint64_t position, tdm_span bytes)
{
    uint64_t found = 0;
    tdm_buf out = { 0 };
    assert_ok(tdm_ledger_event_find(f->ledger, &c->origin, c->incarnation, sequence, &found, err));
    assert_int_equal(found, position);
    assert_ok(tdm_ledger_event_at(f->ledger, position, &out, err));
    assert_true(tdm_span_equal(tdm_buf_span(&out), bytes));
    tdm_buf_free(&out);
}
