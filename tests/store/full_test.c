/* SPDX-License-Identifier: MPL-2.0
 *
 * full_test.c: a disk that is really full: a small tmpfs with a ballast file on it. Needs the right to mount,
 * in a mount namespace of its own so that nothing is left behind; skipped visibly without it.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

typedef struct place {
    char folder[64];
    char path[96];
    char ballast[96];
    bool mounted;
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    scratch_make(p->folder);
    snprintf(p->path, sizeof p->path, "%s/store", p->folder);
    snprintf(p->ballast, sizeof p->ballast, "%s/ballast", p->folder);
    p->mounted = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
                 && mount("tmpfs", p->folder, "tmpfs", 0, "size=8m") == 0;
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    if (p->mounted)
        umount2(p->folder, MNT_DETACH);
    scratch_remove(p->folder);
    free(p);
    return 0;
}

static void fill_disk(const place *p)
{
    static const char ZEROS[4096];
    int fd = open(p->ballast, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0);
    while (write(fd, ZEROS, sizeof ZEROS) > 0) {
    }
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

/* Append until the store refuses. */
static tdm_code fill_store(tdm_ledger *ledger, chain *c, uint64_t *acked)
{
    for (;;) {
        chain before = *c;
        made_run run = chain_run(c, 300, 400, 0);
        tdm_code code = ledger_add(ledger, c, &run, 1);
        made_run_free(&run);
        if (code != TDM_OK) {
            *c = before;
            return code;
        }
        *acked = c->last;
    }
}

static void expect_all(tdm_ledger *ledger, const chain *c, uint64_t acked)
{
    tdm_tip tip;
    assert_ok(tdm_ledger_tip(ledger, &c->origin, c->incarnation, &tip, err));
    assert_int_equal(tip.last, acked);
    assert_int_equal(ledger_faults(ledger), 0);
}

static void a_full_disk_is_told_and_left_behind(void **state)
{
    place *p = *state;
    if (!p->mounted) {
        print_message("SKIPPED: mounting a tmpfs is not permitted here\n");
        skip();
    }
    chain c = chain_new(1);
    uint64_t acked = 0;
    tdm_ledger *ledger = open_ledger(open_lmdb(p->path, TDM_KV_READ_WRITE, 64 << 20, true));
    tdm_ledger_txn *txn = NULL;
    assert_ok(tdm_ledger_begin(ledger, &txn, err));
    tdm_ledger_local_put(txn, tdm_span_text("a"), tdm_span_text("1"));
    assert_ok(tdm_ledger_commit(&txn, err));
    ledger_fill(ledger, &c, 3, 300, 400);
    acked = c.last;
    fill_disk(p);
    assert_code(TDM_FULL, fill_store(ledger, &c, &acked));
    assert_code(TDM_FULL, fill_store(ledger, &c, &acked));
    expect_all(ledger, &c, acked);
    assert_ok(tdm_ledger_begin(ledger, &txn, err));
    tdm_ledger_local_put(txn, tdm_span_text("a"), (tdm_span){ NULL, 0 });
    assert_ok(tdm_ledger_commit(&txn, err)); /* deletes still work */
    assert_int_equal(unlink(p->ballast), 0);
    chain before = c;
    ledger_fill(ledger, &c, 3, 300, 400);
    assert_int_equal(c.last, before.last + 900);
    expect_all(ledger, &c, c.last);
    tdm_ledger_close(&ledger);
    ledger = open_ledger(open_lmdb(p->path, TDM_KV_READ_WRITE, 64 << 20, true));
    expect_all(ledger, &c, c.last);
    tdm_ledger_close(&ledger);
}

static void no_room_for_a_new_store_is_told(void **state)
{
    place *p = *state;
    if (!p->mounted) {
        print_message("SKIPPED: mounting a tmpfs is not permitted here\n");
        skip();
    }
    tdm_kv_options options = { .path = p->path,
                               .mode = TDM_KV_READ_WRITE,
                               .map_bytes = 1 << 20,
                               .tables = TDM_LEDGER_TABLES,
                               .table_count = TDM_LEDGER_TABLE_COUNT };
    tdm_kv *kv = NULL;
    fill_disk(p);
    assert_code(TDM_FULL, tdm_kv_open_lmdb(&kv, &options, NULL));
    assert_int_equal(unlink(p->ballast), 0);
    assert_ok(tdm_kv_open_lmdb(&kv, &options, err));
    tdm_kv_close(&kv);
}

#define TEST(name, function)                                                                                 \
    {                                                                                                        \
        name, function, set_up, tear_down, NULL                                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("a full disk is told, nothing is acknowledged, and it is left behind",
             a_full_disk_is_told_and_left_behind),
        TEST("no room for a new store is told, and it is made later", no_room_for_a_new_store_is_told),
    };
    return cmocka_run_group_tests_name("full", tests, NULL, NULL);
}
