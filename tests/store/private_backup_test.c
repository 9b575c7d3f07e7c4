/* SPDX-License-Identifier: MPL-2.0
 *
 * private_backup_test.c: a backup brings everything back under another secret, and one that is not whole or
 * not ours brings nothing and leaves nothing.
 */
#include "private_support.h"
#include "cipher_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CANARY "canary-in-backup-8f21"
#define CHUNK 65553 /* of a file: 64 KiB of content and 17 bytes */

/* Three chunks and a bit. */
static void fill(tdm_private *log)
{
    char *payload = calloc(1, 3001), name[20];
    memset(payload, 'p', 3000);
    memcpy(payload, CANARY, strlen(CANARY));
    for (unsigned i = 0; i < 80; i++) {
        snprintf(name, sizeof name, "person-%u", i % 7);
        must_add(log, new_row(name, i, payload));
    }
    must_add(log, new_row("ann", 1, "a"));
    must_add(log, amend_row("ann", 2, 1, "b"));
    must_add(log, new_row("eve", 1, "e"));
    must_erase(log, "eve");
    put_residual(log, "sum", "42");
    free(payload);
}

static void back_up(const bed *b, const char *file)
{
    char path[128];
    tdm_cipher_lock lock = lock_of(KEY);
    name_in(path, b, file);
    assert_ok(tdm_private_backup(b->log, path, &lock, err));
}

static tdm_private *open_restored(const bed *b, const char *name, const uint8_t *secret)
{
    char path[128];
    name_in(path, b, name);
    return open_at(path, secret);
}

/* ---- what comes back --------------------------------------------------------------------------- */

static void everything_comes_back_under_another_secret(bed *b)
{
    char path[128];
    tdm_private *again = NULL;
    fill(b->log);
    back_up(b, "backup");
    assert_ok(restore(b, "again", "backup", KEY, err));
    name_in(path, b, "again");
    assert_code(TDM_DENIED, tdm_private_open_path(&again, path, 0, SECRET, NULL));
    again = open_restored(b, "again", OTHER_SECRET);
    tdm_private_tip before = tip_of(b->log), after = tip_of(again);
    assert_memory_equal(&before, &after, sizeof before);
    char *person = in_force(b->log, "person-3");
    expect_in_force(again, "person-3", person);
    expect_in_force(again, "ann", "1=b");
    expect_in_force(again, "eve", "-");
    assert_code(TDM_EXISTS, tdm_private_erase(again, tdm_span_text("eve"), 1, NULL, 0, NULL));
    assert_int_equal(private_faults(again), 0);
    assert_code(TDM_OK, add_one(again, amend_row("ann", 2, 1, "b"))); /* still known */
    assert_int_equal(tip_of(again).rows, before.rows);
    must_add(again, new_row("ann", 9, "goes on"));
    expect_in_force(again, "ann", "1=b 9=goes on");
    tdm_private_close(&again);
    free(person);
}

static void the_file_tells_nothing(bed *b)
{
    struct stat info;
    char path[128];
    fill(b->log);
    put_residual(b->log, "clear", CANARY);
    name_in(path, b, "backup");
    back_up(b, "backup");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    tdm_private_close(&b->log);
    assert_int_equal(files_with(b->folder, CANARY, strlen(CANARY)), b->kind == STORE_LMDB); /* the residual */
    assert_int_equal(files_with(b->folder, "person-3", 8), 0);
    bed_reopen(b);
}

static void a_passphrase_opens_it(bed *b)
{
    char path[128], file[128];
    tdm_cipher_lock lock;
    fill(b->log);
    name_in(file, b, "backup");
    name_in(path, b, "again");
    assert_code(TDM_INVALID, tdm_cipher_lock_of_passphrase(&lock, tdm_span_text(""), 1, 8192, NULL));
    assert_code(TDM_INVALID, tdm_cipher_lock_of_passphrase(&lock, tdm_span_text("x"), 11, 8192, NULL));
    assert_code(TDM_INVALID, tdm_cipher_lock_of_passphrase(&lock, tdm_span_text("x"), 1, 8191, NULL));
    assert_ok(tdm_cipher_lock_of_passphrase(&lock, tdm_span_text("four words in a row"), 1, 8192, err));
    assert_ok(tdm_private_backup(b->log, file, &lock, err));
    tdm_cipher_lock_wipe(&lock);
    assert_ok(
        tdm_cipher_lock_of_file(&lock, TDM_CIPHER_PRIVATE, file, tdm_span_text("four words in a line"), err));
    assert_code(TDM_DENIED, tdm_private_restore(path, file, &lock, SECRET, NULL));
    assert_ok(
        tdm_cipher_lock_of_file(&lock, TDM_CIPHER_PRIVATE, file, tdm_span_text("four words in a row"), err));
    assert_ok(tdm_private_restore(path, file, &lock, SECRET, err));
    tdm_cipher_lock_wipe(&lock);
    tdm_private *again = open_restored(b, "again", SECRET);
    expect_in_force(again, "ann", "1=b");
    tdm_private_close(&again);
    back_up(b, "with-key");
    name_in(file, b, "with-key");
    assert_code(TDM_INVALID,
                tdm_cipher_lock_of_file(&lock, TDM_CIPHER_PRIVATE, file, tdm_span_text("x"), NULL));
}

static void an_empty_log_comes_back(bed *b)
{
    back_up(b, "backup");
    assert_ok(restore(b, "again", "backup", KEY, err));
    tdm_private *again = open_restored(b, "again", OTHER_SECRET);
    assert_int_equal(private_faults(again), 0);
    must_add(again, new_row("ann", 1, "a"));
    tdm_private_close(&again);
}

/* Only a backup from before the erasure brings somebody back, which the header says. */
static void the_erased_do_not_come_back_by_a_later_backup(bed *b)
{
    must_add(b->log, new_row("ann", 1, "a"));
    back_up(b, "before");
    must_erase(b->log, "ann");
    back_up(b, "after");
    assert_ok(restore(b, "of-after", "after", KEY, err));
    assert_ok(restore(b, "of-before", "before", KEY, err));
    tdm_private *after = open_restored(b, "of-after", OTHER_SECRET);
    tdm_private *before = open_restored(b, "of-before", OTHER_SECRET);
    expect_in_force(after, "ann", "-");
    assert_int_equal(tip_of(after).erased, 1);
    expect_in_force(before, "ann", "1=a"); /* the control */
    tdm_private_close(&after);
    tdm_private_close(&before);
}

static void nothing_is_written_over(bed *b)
{
    char path[128];
    tdm_cipher_lock lock = lock_of(KEY);
    fill(b->log);
    back_up(b, "backup");
    name_in(path, b, "backup");
    assert_code(TDM_EXISTS, tdm_private_backup(b->log, path, &lock, NULL));
    assert_ok(restore(b, "again", "backup", KEY, err));
    assert_code(TDM_EXISTS, restore(b, "again", "backup", KEY, NULL));
    tdm_private *again = open_restored(b, "again", OTHER_SECRET);
    assert_code(TDM_BUSY, restore(b, "again", "backup", KEY, NULL));
    expect_in_force(again, "ann", "1=b");
    tdm_private_close(&again);
}

static void a_damaged_log_gets_no_backup(bed *b)
{
    char path[128];
    row_key key = tdm_key_of_position(2);
    tdm_cipher_lock lock = lock_of(KEY);
    fill(b->log);
    tdm_buf row = raw_get(b->log, PRIVATE_ROWS, key_span(&key));
    row.data[50] ^= 1;
    raw_put(b->log, PRIVATE_ROWS, key_span(&key), tdm_buf_span(&row));
    tdm_buf_free(&row);
    name_in(path, b, "backup");
    assert_code(TDM_CORRUPT, tdm_private_backup(b->log, path, &lock, NULL));
    assert_int_equal(access(path, F_OK), -1);
    name_in(path, b, "backup.tmp");
    assert_int_equal(access(path, F_OK), -1);
}

/* ---- what is refused --------------------------------------------------------------------------- */

typedef void mangle(tdm_buf *file);

static void cut(tdm_buf *file, size_t len)
{
    assert_true(len < file->len);
    file->len = len;
}

static void make_empty(tdm_buf *file)
{
    cut(file, 0);
}

static void cut_in_header(tdm_buf *file)
{
    cut(file, TDM_CIPHER_HEADER_BYTES - 1);
}

static void cut_behind_header(tdm_buf *file)
{
    cut(file, TDM_CIPHER_HEADER_BYTES);
}

static void cut_in_chunk(tdm_buf *file)
{
    cut(file, TDM_CIPHER_HEADER_BYTES + CHUNK + 1000);
}

static void cut_behind_chunk(tdm_buf *file)
{
    cut(file, TDM_CIPHER_HEADER_BYTES + 2 * CHUNK);
}

static void cut_last_byte(tdm_buf *file)
{
    cut(file, file->len - 1);
}

static void swap_chunks(tdm_buf *file)
{
    uint8_t *first = file->data + TDM_CIPHER_HEADER_BYTES, *second = first + CHUNK;
    for (size_t i = 0; i < CHUNK; i++) {
        uint8_t byte = first[i];
        first[i] = second[i];
        second[i] = byte;
    }
}

static void leave_out_chunk(tdm_buf *file)
{
    uint8_t *second = file->data + TDM_CIPHER_HEADER_BYTES + CHUNK;
    memmove(second, second + CHUNK, file->len - TDM_CIPHER_HEADER_BYTES - (size_t)2 * CHUNK);
    file->len -= CHUNK;
}

static void flip_first_chunk(tdm_buf *file)
{
    file->data[TDM_CIPHER_HEADER_BYTES + 100] ^= 1;
}

static void flip_last_byte(tdm_buf *file)
{
    file->data[file->len - 1] ^= 1;
}

static void flip_salt(tdm_buf *file)
{
    file->data[25] ^= 1;
}

static void flip_magic(tdm_buf *file)
{
    file->data[0] ^= 1;
}

static void newer_format(tdm_buf *file)
{
    file->data[8] = TDM_CIPHER_FORMAT + 1;
}

static void add_byte(tdm_buf *file)
{
    tdm_buf_add(file, "x", 1);
}

static void add_itself(tdm_buf *file)
{
    tdm_buf copy = { 0 };
    tdm_buf_add(&copy, file->data, file->len);
    tdm_buf_add(file, copy.data, copy.len);
    tdm_buf_free(&copy);
}

static void keep(tdm_buf *file)
{
    (void)file;
}

static const struct refusal {
    const char *name;
    mangle *mangle;
    const uint8_t *key;
    tdm_code code;
    const char *why; /* part of what a person is told */
} REFUSALS[] = {
    { "an empty file", make_empty, KEY, TDM_MALFORMED, "no backup" },
    { "a file of something else", flip_magic, KEY, TDM_MALFORMED, "no backup" },
    { "cut within the header", cut_in_header, KEY, TDM_MALFORMED, "no whole header" },
    { "of a newer format", newer_format, KEY, TDM_UNSUPPORTED, "newer" },
    { "another key", keep, OTHER_KEY, TDM_DENIED, "the key does not open" },
    { "a flipped bit in the header", flip_salt, KEY, TDM_DENIED, "header is damaged" },
    { "cut behind the header", cut_behind_header, KEY, TDM_CORRUPT, "chunk 1 is missing" },
    { "cut within a chunk", cut_in_chunk, KEY, TDM_CORRUPT, "chunk 2 is damaged or cut short" },
    { "cut behind a chunk", cut_behind_chunk, KEY, TDM_CORRUPT, "chunk 3 is missing" },
    { "cut by its last byte", cut_last_byte, KEY, TDM_CORRUPT, "damaged or cut short" },
    { "two chunks in each other's place", swap_chunks, KEY, TDM_CORRUPT,
      "chunk 1 is damaged or out of place" },
    { "a chunk left out", leave_out_chunk, KEY, TDM_CORRUPT, "chunk 2 is damaged or out of place" },
    { "a flipped bit in the first chunk", flip_first_chunk, KEY, TDM_CORRUPT, "chunk 1" },
    { "a flipped bit at the end", flip_last_byte, KEY, TDM_CORRUPT, "damaged" },
    { "a byte more", add_byte, KEY, TDM_CORRUPT, "damaged" },
    { "the same once more behind it", add_itself, KEY, TDM_CORRUPT, "damaged" },
};

static tdm_buf load(const char *path)
{
    tdm_buf out = { 0 };
    uint8_t bytes[4096];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t len; (len = fread(bytes, 1, sizeof bytes, file)) > 0;)
        tdm_buf_add(&out, bytes, len);
    fclose(file);
    return out;
}

static void save(const char *path, const tdm_buf *bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes->data, 1, bytes->len, file), bytes->len);
    fclose(file);
}

static void a_mangled_backup_is_refused(bed *b)
{
    char whole[128], mangled[128];
    fill(b->log);
    back_up(b, "whole");
    name_in(whole, b, "whole");
    name_in(mangled, b, "mangled");
    for (size_t i = 0; i < TDM_COUNT(REFUSALS); i++) {
        tdm_err err = { 0 };
        tdm_buf file = load(whole);
        print_message("  %s\n", REFUSALS[i].name);
        assert_true(file.len > TDM_CIPHER_HEADER_BYTES + (size_t)3 * CHUNK);
        REFUSALS[i].mangle(&file);
        save(mangled, &file);
        tdm_buf_free(&file);
        assert_code(REFUSALS[i].code, restore(b, "again", "mangled", REFUSALS[i].key, &err));
        if (strstr(err.what, REFUSALS[i].why) == NULL)
            fail_msg("told: %s", err.what);
        expect_nothing_left(b);
    }
    assert_code(TDM_NOT_FOUND, restore(b, "again", "absent", KEY, NULL));
    expect_nothing_left(b);
    assert_ok(restore(b, "again", "whole", KEY, err)); /* the control */
}

static void no_cut_and_no_flip_is_taken(bed *b)
{
    char whole[128], mangled[128];
    uint64_t random = 11;
    must_add(b->log, new_row("ann", 1, "a"));
    back_up(b, "whole");
    name_in(whole, b, "whole");
    name_in(mangled, b, "mangled");
    tdm_buf file = load(whole);
    size_t len = file.len;
    for (int i = 0; i < 150; i++) {
        size_t at = i < TDM_CIPHER_HEADER_BYTES ? (size_t)i : random_below(&random, len);
        file.data[at] ^= 1u << random_below(&random, 8);
        save(mangled, &file);
        assert_true(restore(b, "again", "mangled", KEY, NULL) != TDM_OK);
        expect_nothing_left(b);
        tdm_buf_free(&file);
        file = load(whole);
        file.len = random_below(&random, len);
        save(mangled, &file);
        assert_true(restore(b, "again", "mangled", KEY, NULL) != TDM_OK);
        expect_nothing_left(b);
        file.len = len;
    }
    tdm_buf_free(&file);
}

static const bed_row ROWS[] = {
    { "everything comes back under another secret", everything_comes_back_under_another_secret, false },
    { "the file tells nothing", the_file_tells_nothing, true },
    { "a passphrase opens it", a_passphrase_opens_it, false },
    { "an empty log comes back", an_empty_log_comes_back, false },
    { "the erased do not come back by a later backup", the_erased_do_not_come_back_by_a_later_backup, false },
    { "nothing is written over", nothing_is_written_over, false },
    { "a damaged log gets no backup", a_damaged_log_gets_no_backup, false },
    { "a mangled backup is refused, with the reason", a_mangled_backup_is_refused, true },
    { "no cut and no flipped bit is taken", no_cut_and_no_flip_is_taken, true },
};

int main(void)
{
    return bed_suite("private backup", ROWS, TDM_COUNT(ROWS));
}
