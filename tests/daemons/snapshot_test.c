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
    assert_ok(tdm_snapshot_make(f->core, p->snapshot, NOW, NULL, &made, err));
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
    assert_ok(tdm_snapshot_restore(p.snapshot, p.store, NULL, &restored, err));
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
    assert_code(TDM_EXISTS, tdm_snapshot_make(f->core, p.snapshot, NOW, NULL, &made, NULL));
    assert_code(TDM_EXISTS, tdm_snapshot_restore(p.snapshot, f->folder, NULL, &made, NULL));
    assert_int_equal(mkdir(p.store, 0700), 0);
    assert_ok(
        tdm_snapshot_restore(p.snapshot, p.store, NULL, &made, err)); /* an empty folder may stand there */
    assert_code(TDM_EXISTS, tdm_snapshot_restore(p.snapshot, p.store, NULL, &made, NULL));
    assert_code(TDM_EXISTS, tdm_snapshot_check_new(p.snapshot, NULL));
    assert_code(TDM_OK, tdm_snapshot_check_new(p.part, NULL));
    assert_code(TDM_NOT_FOUND, tdm_snapshot_restore(f->folder, p.part, NULL, &made, NULL));
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
    assert_ok(tdm_snapshot_restore(p.snapshot, p.store, NULL, &restored, err));
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
    assert_ok(tdm_snapshot_restore(p.snapshot, with_slash, NULL, &made, err));
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
    assert_code(TDM_INVALID, tdm_snapshot_make(f->core, path, NOW, NULL, &made, NULL));
    assert_code(TDM_INVALID, tdm_snapshot_restore(p.snapshot, path, NULL, &made, NULL));
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
        assert_code(TDM_CORRUPT, tdm_snapshot_restore(p.snapshot, p.store, NULL, &made, NULL));
        assert_code(TDM_CORRUPT, tdm_snapshot_check(p.snapshot, NULL, &made, NULL));
        assert_false(is_there(p.store));
        change_byte(data, at, 0x10);
    }
    assert_ok(tdm_snapshot_check(p.snapshot, NULL, &made, err)); /* as it was */
    assert_ok(tdm_snapshot_restore(p.snapshot, p.store, NULL, &made, err));
    assert_int_equal(truncate(data, size - 1), 0);
    assert_int_equal(mkdir(p.part, 0700), 0);
    assert_code(TDM_CORRUPT, tdm_snapshot_restore(p.snapshot, p.part, NULL, &made, NULL));
    assert_int_equal(rmdir(p.part), 0); /* there as before, and empty */
}

/* ---- encrypted */

static tdm_cipher_lock lock_of(uint8_t first)
{
    tdm_cipher_lock lock;
    uint8_t key[32] = { first };
    tdm_cipher_lock_of_key(&lock, key);
    return lock;
}

/* Of a node's own log and of what came alone, with its proof. */
static void every_event_is_counted_once(fixture *f)
{
    enum { FIRST = 2, LAST = 5 };
    places p = places_of(f);
    tdm_world north;
    tdm_world south;
    tdm_stated stated;
    tdm_snapshot made;
    uint64_t last = 0;
    world_open(&north, false, "R0A");
    world_open(&south, false, "RXA");
    assert_code(TDM_OK, state_some(north.core, 1, FACTS, &stated));
    world_copy_notices(&north, &south, FIRST, LAST);
    assert_ok(tdm_snapshot_make(south.core, p.snapshot, NOW, NULL, &made, err));
    assert_ok(tdm_ledger_last_position(tdm_core_ledger(south.core), &last, err));
    assert_true(last > LAST - FIRST + 1);
    assert_int_equal(made.events, last);
    world_close(&south);
    world_close(&north);
}

static tdm_snapshot make_encrypted(fixture *f, const places *p, const tdm_cipher_lock *lock)
{
    const tdm_snapshot_how how = { .lock = lock };
    tdm_stated stated;
    tdm_snapshot made;
    assert_code(TDM_OK, state_some(f->core, 1, FACTS, &stated));
    assert_ok(tdm_snapshot_make(f->core, p->snapshot, NOW, &how, &made, err));
    return made;
}

static void an_encrypted_one_becomes_the_store(fixture *f)
{
    places p = places_of(f);
    tdm_cipher_lock lock = lock_of(7);
    const tdm_snapshot_how how = { .lock = &lock };
    tdm_snapshot made = make_encrypted(f, &p, &lock);
    assert_true(made.encrypted);
    assert_int_equal(made.events, FACTS + 1);
    assert_int_equal(leftovers(f, "snapshot."), 0);
    wait_folded(f->core);
    tdm_digest wanted = hash_of(f->core);
    tdm_core_close(&f->core);
    tdm_snapshot restored;
    assert_ok(tdm_snapshot_check(p.snapshot, &how, &restored, err));
    assert_ok(tdm_snapshot_restore(p.snapshot, p.store, &how, &restored, err));
    assert_memory_equal(&restored.digest, &made.digest, sizeof made.digest);
    const tdm_core_options options = { .folder = p.store, .hub = true, .map_bytes = 1 << 26 };
    assert_ok(tdm_core_open(&f->core, &options, err));
    wait_folded(f->core);
    assert_int_equal(verify_whole(f->core), FACTS + 1);
    tdm_digest got = hash_of(f->core);
    assert_memory_equal(got.bytes, wanted.bytes, sizeof got.bytes);
}

/* How often a word stands in the files of a folder. */
static size_t count_word(const char *folder, const char *word)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[700];
        struct stat found;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &found) != 0 || !S_ISREG(found.st_mode) || found.st_size == 0)
            continue;
        char *bytes = malloc((size_t)found.st_size);
        int fd = open(path, O_RDONLY);
        assert_true(bytes != NULL && fd >= 0 && read(fd, bytes, (size_t)found.st_size) == found.st_size);
        close(fd);
        count += memmem(bytes, (size_t)found.st_size, word, strlen(word)) != NULL;
        free(bytes);
    }
    closedir(dir);
    return count;
}

static void nothing_of_it_is_in_clear(fixture *f)
{
    places p = places_of(f);
    char ledger[400];
    tdm_cipher_lock lock = lock_of(7);
    tdm_snapshot made = make_encrypted(f, &p, &lock);
    assert_int_equal(count_word(p.snapshot, "programme/"), 0);
    assert_int_equal(count_word(p.snapshot, "incarnation"), 1); /* snapshot.json */
    snprintf(ledger, sizeof ledger, "%s/ledger", f->folder);
    assert_int_equal(count_word(ledger, "programme/"), 1); /* the control: there it is */
    assert_ok(tdm_snapshot_make(f->core, p.part, NOW, NULL, &made, err));
    snprintf(ledger, sizeof ledger, "%s/ledger", p.part);
    assert_int_equal(count_word(ledger, "programme/"), 1);
}

static void another_key_opens_nothing(fixture *f)
{
    places p = places_of(f);
    tdm_cipher_lock right = lock_of(7);
    tdm_cipher_lock wrong = lock_of(8);
    const tdm_snapshot_how how = { .lock = &wrong };
    tdm_snapshot made = make_encrypted(f, &p, &right);
    tdm_err err = { 0 };
    assert_code(TDM_DENIED, tdm_snapshot_restore(p.snapshot, p.store, &how, &made, NULL));
    assert_code(TDM_DENIED, tdm_snapshot_check(p.snapshot, &how, &made, NULL));
    assert_code(TDM_DENIED, tdm_snapshot_restore(p.snapshot, p.store, NULL, &made, &err));
    assert_non_null(strstr(err.what, "--key-file"));
    assert_false(is_there(p.store));
}

/* As above, and of snapshot.json each byte. */
static void refuse_damage(const places *p, const char *path, off_t step, const tdm_snapshot_how *how)
{
    tdm_snapshot made;
    off_t size = size_of(path);
    for (off_t at = 0; at < size; at += step) {
        change_byte(path, at, 0x10);
        tdm_code restored = tdm_snapshot_restore(p->snapshot, p->store, how, &made, NULL);
        tdm_code checked = tdm_snapshot_check(p->snapshot, how, &made, NULL);
        if (restored == TDM_OK || checked == TDM_OK)
            fail_msg("%s: a change at %lld was not seen", path, (long long)at);
        assert_false(is_there(p->store));
        change_byte(path, at, 0x10);
    }
}

static void damage_of_an_encrypted_one(fixture *f)
{
    places p = places_of(f);
    char data[400];
    char manifest[400];
    tdm_cipher_lock lock = lock_of(7);
    const tdm_snapshot_how how = { .lock = &lock };
    tdm_snapshot made = make_encrypted(f, &p, &lock);
    snprintf(data, sizeof data, "%s/%s", p.snapshot, TDM_SNAPSHOT_CIPHER_FILE);
    snprintf(manifest, sizeof manifest, "%s/snapshot.json", p.snapshot);
    off_t size = size_of(data);
    refuse_damage(&p, manifest, 1, &how);
    refuse_damage(&p, data, size / 97 + 1, &how);
    assert_ok(tdm_snapshot_check(p.snapshot, &how, &made, err)); /* as it was */
    for (off_t cut = size - 1; cut > 0; cut -= size / 7) {
        assert_int_equal(truncate(data, cut), 0);
        assert_int_not_equal(tdm_snapshot_restore(p.snapshot, p.store, &how, &made, NULL), TDM_OK);
        assert_false(is_there(p.store));
    }
}

static void another_snapshots_parts_do_not_fit(fixture *f)
{
    places p = places_of(f);
    char from[400];
    char to[400];
    tdm_cipher_lock lock = lock_of(7);
    const tdm_snapshot_how how = { .lock = &lock };
    tdm_snapshot made = make_encrypted(f, &p, &lock);
    tdm_stated later;
    assert_code(TDM_OK, state_some(f->core, FACTS + 1, 10, &later));
    assert_ok(tdm_snapshot_make(f->core, p.part, NOW, &how, &made, err));
    snprintf(from, sizeof from, "%s/snapshot.json", p.part);
    snprintf(to, sizeof to, "%s/snapshot.json", p.snapshot);
    assert_int_equal(rename(from, to), 0);
    assert_code(TDM_CORRUPT, tdm_snapshot_restore(p.snapshot, p.store, &how, &made, NULL));
    assert_false(is_there(p.store));
}

/* ---- told, and ended */

typedef struct hearing {
    uint64_t last;
    uint64_t times;
    uint64_t end_at; /* the time at which it is told to end; 0: never */
} hearing;

static bool hear(void *context, uint64_t done, uint64_t total)
{
    hearing *h = context;
    assert_true(done >= h->last && (total == 0 || done <= total));
    h->last = done;
    return ++h->times != h->end_at;
}

/* At whatever moment: nothing is left, and the same again is whole. */
static void an_end_leaves_nothing(fixture *f)
{
    places p = places_of(f);
    tdm_cipher_lock lock = lock_of(7);
    tdm_stated stated;
    tdm_snapshot made;
    assert_code(TDM_OK, state_some(f->core, 1, FACTS, &stated));
    for (int encrypted = 0; encrypted < 2; encrypted++) {
        uint64_t ended = 0;
        for (hearing h = { .end_at = 1 };; h = (hearing){ .end_at = h.end_at + 1 }) {
            const tdm_told told = { hear, &h };
            const tdm_snapshot_how how = { .lock = encrypted ? &lock : NULL, .told = &told };
            tdm_code code = tdm_snapshot_make(f->core, p.snapshot, NOW, &how, &made, NULL);
            h.last = 0; /* another work */
            if (code == TDM_OK)
                code = tdm_snapshot_restore(p.snapshot, p.store, &how, &made, NULL);
            if (code == TDM_OK)
                break;
            ended++;
            assert_int_equal(code, TDM_IO);
            assert_int_equal(leftovers(f, "store"), 0);
            if (is_there(p.snapshot)) /* the restore was ended */
                assert_ok(
                    tdm_snapshot_check(p.snapshot, &(tdm_snapshot_how){ .lock = how.lock }, &made, err));
            world_remove(p.snapshot);
            assert_int_equal(leftovers(f, "snapshot"), 0);
        }
        assert_true(ended >= 4); /* each stage tells */
        world_remove(p.snapshot);
        world_remove(p.store);
    }
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
    tdm_cipher_lock lock = lock_of(7);
    const tdm_snapshot_how how = { .lock = &lock };
    assert_code(TDM_CORRUPT, tdm_snapshot_make(f->core, p.snapshot, NOW, NULL, &made, NULL));
    assert_code(TDM_CORRUPT, tdm_snapshot_make(f->core, p.snapshot, NOW, &how, &made, NULL));
    assert_int_equal(leftovers(f, "snapshot"), 0);
}

static const core_row ROWS[] = {
    { "a snapshot becomes the store as it was at its moment", a_snapshot_becomes_the_store, true },
    { "it is a store that can be read where it lies", it_is_read_where_it_lies, true },
    { "every event is counted once", every_event_is_counted_once, true },
    { "nothing is ever written over", nothing_is_written_over, true },
    { "what is another's is left alone", what_is_anothers_is_left_alone, true },
    { "the folder keeps its owner and mode", the_folder_keeps_its_owner_and_mode, true },
    { "too long a path is refused", too_long_a_path_is_refused, true },
    { "damage is never brought back", damage_is_never_brought_back, true },
    { "an encrypted snapshot becomes the store as it was", an_encrypted_one_becomes_the_store, true },
    { "nothing of an encrypted one is in clear", nothing_of_it_is_in_clear, true },
    { "another key opens nothing, and none tells what to give", another_key_opens_nothing, true },
    { "damage of an encrypted one is never brought back", damage_of_an_encrypted_one, true },
    { "another snapshot's parts do not fit", another_snapshots_parts_do_not_fit, true },
    { "an end at any moment leaves nothing", an_end_leaves_nothing, true },
    { "a store that is not sound has no snapshot", a_store_that_is_not_sound_has_no_snapshot, true },
};

int main(void)
{
    return core_suite("snapshot", ROWS, TDM_COUNT(ROWS));
}
