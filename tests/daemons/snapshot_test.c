/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot_test.c: a snapshot is the store at a moment, whole; what is damaged is never brought back.
 */
#include "core_world.h"
#include "snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FACTS = 500 };
#define NOW 1506772800000

typedef struct places {
    char snapshot[320];
    char part[340];
    char store[320];
} places;

static places places_of(const fixture *f)
{
    places p;
    snprintf(p.snapshot, sizeof p.snapshot, "%s/snapshot", f->folder);
    snprintf(p.part, sizeof p.part, "%s/snapshot.part", f->folder);
    snprintf(p.store, sizeof p.store, "%s/store", f->folder);
    return p;
}

static bool is_there(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0;
}

/* Folders that a run made for itself. */
static size_t leftovers(const fixture *f, const char *beginning)
{
    size_t count = 0;
    DIR *dir = opendir(f->folder);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
    closedir(dir);
    return count;
}

static tdm_snapshot make(fixture *f, const places *p)
{
    tdm_stated stated;
    tdm_snapshot made;
    assert_code(TDM_OK, state_some(f->core, 1, FACTS, &stated));
    assert_ok(tdm_snapshot_make(f->core, p->snapshot, NOW, &made, err));
    return made;
}

static tdm_digest hash_of(tdm_core *core)
{
    tdm_digest hash;
    tdm_fold *fold = tdm_core_fold(core);
    assert_ok(tdm_fold_state_hash(fold, &hash, err));
    tdm_core_fold_release(core, fold);
    return hash;
}

/* ---- there and back */

static void a_snapshot_becomes_the_store(fixture *f)
{
    places p = places_of(f);
    tdm_snapshot made = make(f, &p);
    assert_int_equal(made.events, FACTS + 1);
    assert_int_equal(made.sequence, FACTS + 1);
    assert_int_equal(made.made_ms, NOW);
    assert_true(made.hub && tdm_id_equal(&made.origin, tdm_core_origin(f->core)));
    assert_int_equal(leftovers(f, "snapshot."), 0);
    wait_folded(f->core);
    tdm_digest wanted = hash_of(f->core);
    tdm_stated later;
    assert_code(TDM_OK, state_some(f->core, FACTS + 1, 10, &later)); /* not in it any more */
    tdm_core_close(&f->core);
    tdm_snapshot restored;
    assert_ok(tdm_snapshot_restore(p.snapshot, p.store, &restored, err));
    assert_memory_equal(&restored.digest, &made.digest, sizeof made.digest);
    const tdm_core_options options = { .folder = p.store, .hub = true, .map_bytes = 1 << 26 };
    assert_ok(tdm_core_open(&f->core, &options, err));
    wait_folded(f->core);
    assert_int_equal(own_last(f->core), FACTS + 1);
    assert_int_equal(verify_whole(f->core), FACTS + 1);
    tdm_digest got = hash_of(f->core);
    assert_memory_equal(got.bytes, wanted.bytes, sizeof got.bytes);
}

static void it_is_read_where_it_lies(fixture *f)
{
    places p = places_of(f);
    make(f, &p);
    tdm_core_close(&f->core);
    const tdm_core_options options = { .folder = p.snapshot, .hub = true, .read_only = true };
    assert_ok(tdm_core_open(&f->core, &options, err));
    assert_int_equal(verify_whole(f->core), FACTS + 1);
}

static void nothing_is_written_over(fixture *f)
{
    places p = places_of(f);
    tdm_snapshot made = make(f, &p);
    assert_code(TDM_EXISTS, tdm_snapshot_make(f->core, p.snapshot, NOW, &made, NULL));
    assert_code(TDM_EXISTS, tdm_snapshot_restore(p.snapshot, f->folder, &made, NULL));
    assert_int_equal(mkdir(p.store, 0700), 0);
    assert_ok(tdm_snapshot_restore(p.snapshot, p.store, &made, err)); /* an empty folder may stand there */
    assert_code(TDM_EXISTS, tdm_snapshot_restore(p.snapshot, p.store, &made, NULL));
    assert_code(TDM_EXISTS, tdm_snapshot_check_new(p.snapshot, NULL));
    assert_code(TDM_OK, tdm_snapshot_check_new(p.part, NULL));
    assert_code(TDM_NOT_FOUND, tdm_snapshot_restore(f->folder, p.part, &made, NULL));
}

/* Whatever stands beside it stays as it is, whoever put it there. */
static void what_is_anothers_is_left_alone(fixture *f)
{
    places p = places_of(f);
    char ledger[400];
    char link[400];
    snprintf(ledger, sizeof ledger, "%s/ledger/data.mdb", f->folder);
    assert_int_equal(symlink(f->folder, p.part), 0);
    snprintf(link, sizeof link, "%s.restore.XXXXXX", p.store);
    assert_int_equal(symlink(f->folder, link), 0);
    make(f, &p);
    tdm_snapshot restored;
    assert_ok(tdm_snapshot_restore(p.snapshot, p.store, &restored, err));
    assert_true(is_there(ledger) && is_there(p.part));
}

static void the_folder_keeps_its_owner_and_mode(fixture *f)
{
    places p = places_of(f);
    char with_slash[400];
    struct stat found;
    tdm_snapshot made = make(f, &p);
    snprintf(with_slash, sizeof with_slash, "%s//", p.store);
    assert_int_equal(mkdir(p.store, 0750), 0);
    assert_int_equal(chmod(p.store, 0750), 0);
    assert_ok(tdm_snapshot_restore(p.snapshot, with_slash, &made, err));
    assert_int_equal(stat(p.store, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0750);
    snprintf(with_slash, sizeof with_slash, "%s/ledger", p.store);
    assert_int_equal(stat(with_slash, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    snprintf(with_slash, sizeof with_slash, "%s/ledger/data.mdb", p.store);
    assert_int_equal(stat(with_slash, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    snprintf(with_slash, sizeof with_slash, "%s/snapshot.json", p.snapshot);
    assert_int_equal(stat(with_slash, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void too_long_a_path_is_refused(fixture *f)
{
    places p = places_of(f);
    char path[5000];
    tdm_snapshot made = make(f, &p);
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_code(TDM_INVALID, tdm_snapshot_make(f->core, path, NOW, &made, NULL));
    assert_code(TDM_INVALID, tdm_snapshot_restore(p.snapshot, path, &made, NULL));
}

/* ---- damage */

static void change_byte(const char *path, off_t at, uint8_t by)
{
    uint8_t byte = 0;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= by;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static off_t size_of(const char *path)
{
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    return found.st_size;
}

/* Wherever a byte is changed, or the file ends; and as it was, it comes back. */
static void damage_is_never_brought_back(fixture *f)
{
    places p = places_of(f);
    char data[400];
    tdm_snapshot made = make(f, &p);
    snprintf(data, sizeof data, "%s/ledger/data.mdb", p.snapshot);
    off_t size = size_of(data);
    for (off_t at = 0; at < size; at += size / 97 + 1) {
        change_byte(data, at, 0x10);
        assert_code(TDM_CORRUPT, tdm_snapshot_restore(p.snapshot, p.store, &made, NULL));
        assert_code(TDM_CORRUPT, tdm_snapshot_check(p.snapshot, &made, NULL));
        assert_false(is_there(p.store));
        change_byte(data, at, 0x10);
    }
    assert_ok(tdm_snapshot_check(p.snapshot, &made, err)); /* as it was */
    assert_ok(tdm_snapshot_restore(p.snapshot, p.store, &made, err));
    assert_int_equal(truncate(data, size - 1), 0);
    assert_int_equal(mkdir(p.part, 0700), 0);
    assert_code(TDM_CORRUPT, tdm_snapshot_restore(p.snapshot, p.part, &made, NULL));
    assert_int_equal(rmdir(p.part), 0); /* there as before, and empty */
}

static void a_store_that_is_not_sound_has_no_snapshot(fixture *f)
{
    places p = places_of(f);
    char data[400];
    tdm_stated stated;
    tdm_snapshot made;
    assert_code(TDM_OK, state_some(f->core, 1, FACTS, &stated));
    tdm_core_close(&f->core);
    snprintf(data, sizeof data, "%s/ledger/data.mdb", f->folder);
    /* The text of a fact, wherever it lies. */
    int fd = open(data, O_RDONLY);
    off_t size = size_of(data);
    char *bytes = malloc((size_t)size);
    assert_true(fd >= 0 && bytes != NULL && read(fd, bytes, (size_t)size) == size);
    close(fd);
    const char *word = memmem(bytes, (size_t)size, "programme/", 10);
    assert_non_null(word);
    for (const char *at = word; at != NULL;
         at = memmem(at + 1, (size_t)(bytes + size - at - 1), "programme/", 10))
        change_byte(data, at - bytes, 0x01);
    free(bytes);
    const tdm_core_options options = {
        .folder = f->folder, .hub = true, .read_only = true, .log_only = true
    };
    assert_ok(tdm_core_open(&f->core, &options, err));
    assert_code(TDM_CORRUPT, tdm_snapshot_make(f->core, p.snapshot, NOW, &made, NULL));
    assert_int_equal(leftovers(f, "snapshot"), 0);
}

static const struct row {
    const char *name;
    void (*run)(fixture *f);
} ROWS[] = {
    { "a snapshot becomes the store as it was at its moment", a_snapshot_becomes_the_store },
    { "it is a store that can be read where it lies", it_is_read_where_it_lies },
    { "nothing is ever written over", nothing_is_written_over },
    { "what is another's is left alone", what_is_anothers_is_left_alone },
    { "the folder keeps its owner and mode", the_folder_keeps_its_owner_and_mode },
    { "too long a path is refused", too_long_a_path_is_refused },
    { "damage is never brought back", damage_is_never_brought_back },
    { "a store that is not sound has no snapshot", a_store_that_is_not_sound_has_no_snapshot },
};

static void run_row(void **state)
{
    const struct row *row = *state;
    fixture f;
    fixture_open(&f, true, false);
    row->run(&f);
    fixture_close(&f);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, run_row, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
