/* SPDX-License-Identifier: MPL-2.0
 *
 * check_test.c: a flipped bit in any byte of the file that something reads is found. A copy has no free
 * pages, so every page of it is in use; the list of free pages is looked at in the store itself. Each look is
 * a process of its own, for LMDB may follow a damaged page anywhere.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    METAS = 2,
    HEAD = 16,
    NODE = 8,
    PLACES = 500,
    ROWS = 600,
    BRANCH = 1,
    LEAF = 2,
    OVERFLOW = 4,
    BIG = 1,
    META_FREE_ROOT = HEAD + 24 + 40,
    META_TXN = HEAD + 128,
};

typedef struct image {
    char path[160]; /* of data.mdb */
    uint8_t *bytes;
    size_t len;
    size_t *places; /* offsets of bytes that are read */
    size_t count;
} image;

typedef enum verdict { SOUND, DAMAGED } verdict;
typedef verdict look(const char *folder);

/* ---- which bytes are read ---------------------------------------------------------------------- */

static uint16_t u16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void add(image *im, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        im->places[im->count++] = i;
}

/* A page with entries; structure: without what rows' own checksums are for. */
static void add_page(image *im, size_t at, bool structure)
{
    const uint8_t *page = im->bytes + at;
    bool leaf = u16(page + 10) == LEAF;
    size_t lower = u16(page + 12);
    add(im, at, at + 8);
    add(im, at + 10, at + lower);
    for (size_t i = HEAD; i < lower; i += 2) {
        size_t node = at + u16(page + i);
        const uint8_t *n = im->bytes + node;
        size_t key = u16(n + 6);
        size_t value = !leaf ? 0 : (u16(n + 4) & BIG) != 0 ? 8 : u16(n) | (size_t)u16(n + 2) << 16;
        bool big = leaf && (u16(n + 4) & BIG) != 0;
        /* a length that takes as many bytes of pages belongs to the row, whose checksum is over it */
        add(im, node + (structure && big ? 4 : 0), node + (structure ? 6 : NODE + key + value));
    }
}

static void add_pages(image *im, bool structure)
{
    for (size_t at = (size_t)METAS * PAGE; at < im->len; at += PAGE) {
        if (u16(im->bytes + at + 10) != OVERFLOW) {
            add_page(im, at, structure);
            continue;
        }
        add(im, at, at + 8);
        add(im, at + 10, at + HEAD);
        at += (size_t)(u16(im->bytes + at + 12) - 1) * PAGE;
    }
}

static void image_read(image *im, const char *folder)
{
    snprintf(im->path, sizeof im->path, "%s/data.mdb", folder);
    FILE *file = fopen(im->path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    im->len = (size_t)ftell(file);
    rewind(file);
    im->bytes = malloc(im->len);
    im->places = calloc(2 * im->len, sizeof *im->places);
    assert_int_equal(fread(im->bytes, 1, im->len, file), im->len);
    fclose(file);
    im->count = 0;
}

static void image_free(image *im)
{
    free(im->bytes);
    free(im->places);
}

static void write_byte(const image *im, size_t at, uint8_t byte)
{
    FILE *file = fopen(im->path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_int_equal(fputc(byte, file), byte);
    assert_int_equal(fclose(file), 0);
}

/* ---- looks ------------------------------------------------------------------------------------- */

static void count_fault(void *context, uint64_t page, const char *what)
{
    (void)page;
    (void)what;
    ++*(uint64_t *)context;
}

static const char *const TABLES[] = { "a", "b", "c" };

static tdm_code open_to_read(tdm_kv **kv, const char *folder, bool ledger)
{
    const tdm_kv_options options = { .path = folder,
                                     .mode = TDM_KV_READ_ONLY,
                                     .tables = ledger ? TDM_LEDGER_TABLES : TABLES,
                                     .table_count = ledger ? TDM_LEDGER_TABLE_COUNT : TDM_COUNT(TABLES) };
    return tdm_kv_open_lmdb(kv, &options, NULL);
}

static verdict by_pages(const char *folder)
{
    tdm_kv *kv = NULL;
    uint64_t faults = 0;
    tdm_code code = open_to_read(&kv, folder, false);
    if (code == TDM_OK)
        code = tdm_kv_check(kv, count_fault, &faults, NULL);
    tdm_kv_close(&kv);
    return code == TDM_OK && faults == 0 ? SOUND : DAMAGED;
}

/* The control: every entry is there, and nothing was said. */
static verdict by_reading(const char *folder)
{
    tdm_kv *kv = NULL;
    tdm_kv_txn *txn = NULL;
    size_t rows = 0;
    if (open_to_read(&kv, folder, false) != TDM_OK
        || tdm_kv_begin(kv, TDM_KV_READ_ONLY, &txn, NULL) != TDM_OK)
        return DAMAGED;
    for (size_t i = 0; i < TDM_COUNT(TABLES); i++) {
        tdm_kv_cursor *cursor = NULL;
        tdm_span key, value;
        if (tdm_kv_cursor_open(txn, i, &cursor, NULL) != TDM_OK)
            return DAMAGED;
        while (tdm_kv_cursor_next(cursor, &key, &value) == TDM_OK)
            rows++;
        tdm_kv_cursor_close(&cursor);
    }
    tdm_kv_abort(&txn);
    tdm_kv_close(&kv);
    return rows == ROWS ? SOUND : DAMAGED;
}

static void ignore_fault(void *context, const tdm_ledger_fault *fault)
{
    (void)context;
    (void)fault;
}

static verdict by_verify(const char *folder)
{
    tdm_kv *kv = NULL;
    tdm_ledger *ledger = NULL;
    tdm_ledger_summary summary;
    tdm_code code = open_to_read(&kv, folder, true);
    if (code == TDM_OK)
        code = tdm_ledger_open(&ledger, &kv, NULL);
    if (code == TDM_OK)
        code = tdm_ledger_verify(ledger, ignore_fault, NULL, NULL, &summary, NULL);
    return code == TDM_OK ? SOUND : DAMAGED;
}

/* In a process of its own; one that dies or does not come back has noticed, too. */
static verdict looked(look *how, const char *folder)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka's would go on with the tests */
        signal(SIGBUS, SIG_DFL);
        signal(SIGFPE, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        alarm(60);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(DAMAGED);
        _exit(how(folder));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == SOUND ? SOUND : DAMAGED;
}

/* How many of so many flips are not found. */
static size_t missed(const image *im, look *how, const char *folder, size_t tries)
{
    uint64_t seed = 7;
    size_t count = 0;
    assert_int_equal(looked(how, folder), SOUND);
    for (size_t i = 0; i < tries; i++) {
        size_t at = im->places[random_below(&seed, im->count)];
        write_byte(im, at, (uint8_t)(im->bytes[at] ^ 1u << random_below(&seed, 8)));
        if (looked(how, folder) == SOUND) {
            if (how != by_reading)
                print_message("  missed: page %zu, byte %zu\n", at / PAGE, at % PAGE);
            count++;
        }
        write_byte(im, at, im->bytes[at]);
    }
    assert_int_equal(looked(how, folder), SOUND);
    return count;
}

/* ---- stores ------------------------------------------------------------------------------------ */

typedef struct place {
    char folder[64];
    char store[96];
    char copy[96];
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    scratch_make(p->folder);
    snprintf(p->store, sizeof p->store, "%s/store", p->folder);
    snprintf(p->copy, sizeof p->copy, "%s/copy", p->folder);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    scratch_remove(p->folder);
    free(p);
    return 0;
}

/* One transaction a table; twice as many rows as stay, some of them larger than a page. */
static void fill_tables(tdm_kv *kv)
{
    static uint8_t value[3 * PAGE];
    uint64_t seed = 3;
    for (size_t table = 0; table < TDM_COUNT(TABLES); table++) {
        tdm_kv_txn *txn = NULL;
        assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, err));
        for (uint32_t i = 0; i < 2 * ROWS / TDM_COUNT(TABLES); i++) {
            uint8_t key[4] = { (uint8_t)(i >> 8), (uint8_t)i, 7, 7 };
            size_t len = random_below(&seed, i % 20 == 0 ? sizeof value : 200);
            tdm_kv_put(txn, table, (tdm_span){ key, sizeof key }, (tdm_span){ value, len });
        }
        assert_ok(tdm_kv_commit(&txn, err));
        assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, err));
        for (uint32_t i = 0; i < 2 * ROWS / TDM_COUNT(TABLES); i += 2) {
            uint8_t key[4] = { (uint8_t)(i >> 8), (uint8_t)i, 7, 7 };
            tdm_kv_del(txn, table, (tdm_span){ key, sizeof key });
        }
        assert_ok(tdm_kv_commit(&txn, err));
    }
}

static void a_flip_in_the_structure_of_any_page_is_found(void **state)
{
    place *p = *state;
    tdm_kv *kv = open_lmdb(p->store, TDM_KV_READ_WRITE, 1 << 22, false);
    image im;
    fill_tables(kv);
    assert_ok(tdm_kv_copy(kv, p->copy, err));
    tdm_kv_close(&kv);
    image_read(&im, p->copy);
    add_pages(&im, true);
    assert_int_equal(missed(&im, by_pages, p->copy, PLACES), 0);
    assert_true(missed(&im, by_reading, p->copy, PLACES) > PLACES / 10); /* LMDB's own trust */
    image_free(&im);
}

static void a_flip_in_the_list_of_free_pages_is_found(void **state)
{
    place *p = *state;
    tdm_kv *kv = open_lmdb(p->store, TDM_KV_READ_WRITE, 1 << 22, false);
    image im;
    fill_tables(kv);
    tdm_kv_close(&kv);
    image_read(&im, p->store);
    size_t newer = u64(im.bytes + META_TXN) > u64(im.bytes + PAGE + META_TXN) ? 0 : PAGE;
    uint64_t root = u64(im.bytes + newer + META_FREE_ROOT);
    assert_in_range(root, METAS, im.len / PAGE - 1);
    add_page(&im, root * PAGE, false);
    assert_int_equal(missed(&im, by_pages, p->store, PLACES), 0);
    assert_int_equal(missed(&im, by_reading, p->store, PLACES),
                     PLACES); /* the next commit would use live pages */
    image_free(&im);
}

static void a_flip_anywhere_in_a_ledger_is_found(void **state)
{
    place *p = *state;
    tdm_ledger *ledger = open_ledger(open_lmdb(p->store, TDM_KV_READ_WRITE, 1 << 22, true));
    chain c = chain_new(1);
    image im;
    ledger_fill(ledger, &c, 40, 10, 255);
    assert_ok(tdm_kv_copy(tdm_ledger_kv(ledger), p->copy, err));
    tdm_ledger_close(&ledger);
    image_read(&im, p->copy);
    add_pages(&im, false);
    assert_int_equal(missed(&im, by_verify, p->copy, PLACES), 0);
    image_free(&im);
}

static void stores_in_memory_have_no_pages(void **state)
{
    (void)state;
    tdm_kv *kv = NULL;
    uint64_t faults = 0;
    assert_ok(tdm_kv_open_memory(&kv, 3, err));
    assert_ok(tdm_kv_check(kv, count_fault, &faults, err));
    assert_int_equal(faults, 0);
    tdm_kv_close(&kv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flip_in_the_structure_of_any_page_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flip_in_the_list_of_free_pages_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flip_anywhere_in_a_ledger_is_found, set_up, tear_down),
        cmocka_unit_test(stores_in_memory_have_no_pages),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
