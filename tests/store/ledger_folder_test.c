/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_folder_test.c: the ledger of a state folder: made by whoever writes, found by whoever reads.
 */
#include "support.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAP_BYTES = 1 << 20 };

typedef struct place {
    char scratch[64];
    char folder[96]; /* the state folder within it */
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    scratch_make(p->scratch);
    snprintf(p->folder, sizeof p->folder, "%s/state", p->scratch);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    scratch_remove(p->scratch);
    free(p);
    return 0;
}

static unsigned mode_of(const place *p, const char *name)
{
    char path[160];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    return stat(path, &info) == 0 ? info.st_mode & 0777 : 0;
}

static tdm_code open_and_close(const place *p, tdm_kv_mode mode, tdm_err *err)
{
    tdm_ledger *ledger = NULL;
    tdm_code code = tdm_ledger_open_folder(&ledger, p->folder, mode, MAP_BYTES, err);
    assert_int_equal(code == TDM_OK, ledger != NULL);
    tdm_ledger_close(&ledger);
    return code;
}

static void who_writes_makes_the_folder_and_its_ledger(void **state)
{
    const place *p = *state;
    mode_t old = umask(0);
    assert_ok(open_and_close(p, TDM_KV_READ_WRITE, err));
    umask(old);
    assert_int_equal(mode_of(p, "."), 0700);
    assert_int_equal(mode_of(p, "ledger"), 0700);
    assert_int_equal(mode_of(p, "ledger/data.mdb"), 0600);
}

static void what_was_written_is_read(void **state)
{
    const place *p = *state;
    tdm_ledger *ledger = NULL;
    uint64_t last = 0;
    chain c = chain_new(1);
    assert_ok(tdm_ledger_open_folder(&ledger, p->folder, TDM_KV_READ_WRITE, MAP_BYTES, err));
    ledger_fill(ledger, &c, 2, 10, 100);
    assert_code(TDM_BUSY, open_and_close(p, TDM_KV_READ_WRITE, NULL));
    tdm_ledger_close(&ledger);
    assert_ok(tdm_ledger_open_folder(&ledger, p->folder, TDM_KV_READ_ONLY, 0, err));
    assert_ok(tdm_ledger_last_position(ledger, &last, err));
    assert_int_equal(last, 20);
    tdm_ledger_close(&ledger);
}

static void expect_no_store(const place *p)
{
    tdm_err err = { 0 };
    assert_code(TDM_NOT_FOUND, open_and_close(p, TDM_KV_READ_ONLY, &err));
    assert_non_null(strstr(err.what, p->folder));
    assert_non_null(strstr(err.what, "holds no Tandem store"));
}

/* Also where a birth was cut between the file and what stands in it. */
static void readers_make_nothing(void **state)
{
    const place *p = *state;
    char path[160];
    expect_no_store(p);
    assert_int_equal(access(p->folder, F_OK), -1);
    assert_int_equal(mkdir(p->folder, 0700), 0);
    expect_no_store(p);
    assert_int_equal(mode_of(p, "ledger"), 0);
    snprintf(path, sizeof path, "%s/ledger", p->folder);
    tdm_kv *kv = open_lmdb(path, TDM_KV_READ_WRITE, MAP_BYTES, true);
    tdm_kv_close(&kv);
    expect_no_store(p);
}

static void a_folder_is_not_made_where_none_can_be(void **state)
{
    place *p = *state;
    tdm_err err = { 0 };
    snprintf(p->folder, sizeof p->folder, "%s/absent/state", p->scratch);
    assert_int_not_equal(open_and_close(p, TDM_KV_READ_WRITE, &err), TDM_OK);
    assert_non_null(strstr(err.what, "making the folder"));
    assert_non_null(strstr(err.what, p->folder));
}

static void a_path_too_long_is_refused(void **state)
{
    (void)state;
    char folder[PATH_MAX];
    tdm_ledger *ledger = NULL;
    memset(folder, 'f', sizeof folder - 1);
    folder[sizeof folder - 1] = '\0';
    assert_code(TDM_INVALID, tdm_ledger_open_folder(&ledger, folder, TDM_KV_READ_WRITE, MAP_BYTES, NULL));
    assert_null(ledger);
}

#define TEST(name, function)                                                                                 \
    {                                                                                                        \
        name, function, set_up, tear_down, NULL                                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("who writes makes the folder and its ledger, for its owner alone",
             who_writes_makes_the_folder_and_its_ledger),
        TEST("what was written is read, and has one writer", what_was_written_is_read),
        TEST("readers make nothing, and are told that there is no store", readers_make_nothing),
        TEST("a folder is not made where none can be", a_folder_is_not_made_where_none_can_be),
        TEST("a path too long is refused", a_path_too_long_is_refused),
    };
    return cmocka_run_group_tests_name("ledger of a folder", tests, NULL, NULL);
}
