/* SPDX-License-Identifier: MPL-2.0
 *
 * private_erase_test.c: after erasing and compacting, no file of the environment holds what was destroyed.
 *
 * Every byte of every file is searched. The controls show that the search would find it: the same canary put
 * in clear, the sealed key before it was destroyed, and what was deleted before the compaction.
 */
#include "private_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_CANARY "canary-person-5e1f0a"
#define PAYLOAD_CANARY "canary-payload-77b3c9"
#define CLEAR_CANARY "canary-in-clear-19d2e8"
#define DELETED_CANARY "canary-deleted-40c6b1"

static size_t files_with_text(const bed *b, const char *text)
{
    return files_with(b->path, text, strlen(text));
}

/* Somebody with rows among others, so that pages are split and used again. */
static void fill(bed *b)
{
    char name[32];
    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "person-%u", i % 40);
        must_add(b->log, new_row(name, i, "a payload of somebody else"));
        if (i % 10 == 0)
            must_add(b->log, new_row(NAME_CANARY, 1000 + i, PAYLOAD_CANARY));
    }
    must_add(b->log, amend_row(NAME_CANARY, 2000, 1000, PAYLOAD_CANARY " amended"));
}

/* What stands in the tables of the person to be erased: the sealed key, and an entry of the index of ids. */
typedef struct trace {
    uint8_t sealed[SEALED_BYTES(PERSON_PLAIN_BYTES)];
    row_key id_key;
    row_key index_key;
} trace;

static trace trace_of(bed *b)
{
    trace t;
    tdm_id person, row = id_of(1010);
    tdm_private_person_id(b->log, tdm_span_text(NAME_CANARY), &person);
    row_key key = tdm_key_of_person(&person);
    tdm_buf raw = raw_get(b->log, PRIVATE_PEOPLE, key_span(&key));
    memcpy(t.sealed, raw.data + PERSON_HEAD_BYTES, sizeof t.sealed);
    tdm_buf_free(&raw);
    t.id_key = tdm_key_of_row_id(&person, &row);
    raw = raw_get(b->log, PRIVATE_IDS, key_span(&t.id_key));
    t.index_key = tdm_key_of_index(&person, tdm_read_u64(raw.data + 4));
    tdm_buf_free(&raw);
    return t;
}

/* Any 24 bytes of the sealed key in any file. */
static size_t pieces_of_key(const bed *b, const trace *t)
{
    size_t found = 0;
    for (size_t at = 0; at + 24 <= sizeof t->sealed; at += 24)
        found += files_with(b->path, t->sealed + at, 24);
    return found;
}

static size_t index_entries(const bed *b, const trace *t)
{
    return files_with(b->path, t->id_key.bytes, t->id_key.len)
           + files_with(b->path, t->index_key.bytes, t->index_key.len);
}

static void nothing_destroyed_is_left(bed *b)
{
    fill(b);
    put_residual(b->log, "clear", CLEAR_CANARY);
    put_residual(b->log, "deleted", DELETED_CANARY);
    trace t = trace_of(b);
    assert_int_equal(files_with_text(b, CLEAR_CANARY), 1);        /* control: put in clear it is found */
    assert_int_equal(pieces_of_key(b, &t), sizeof t.sealed / 24); /* control: the key is found before */
    assert_int_equal(index_entries(b, &t), 2);
    assert_int_equal(files_with_text(b, NAME_CANARY), 0); /* encrypted all along */
    assert_int_equal(files_with_text(b, PAYLOAD_CANARY), 0);
    put_residual(b->log, "deleted", "");
    assert_int_equal(files_with_text(b, DELETED_CANARY), 1); /* control: deleting is not enough */
    must_erase(b->log, NAME_CANARY);
    assert_true(pieces_of_key(b, &t) > 0); /* control: nor is erasing without compaction */
    tdm_private_tip before = tip_of(b->log), after;
    tdm_private_close(&b->log);
    assert_ok(tdm_private_compact(b->path, err));
    assert_int_equal(pieces_of_key(b, &t), 0);
    assert_int_equal(index_entries(b, &t), 0);
    assert_int_equal(files_with_text(b, NAME_CANARY), 0);
    assert_int_equal(files_with_text(b, PAYLOAD_CANARY), 0);
    assert_int_equal(files_with_text(b, DELETED_CANARY), 0);
    assert_int_equal(files_with_text(b, CLEAR_CANARY), 1); /* and what stays is still there */
    bed_reopen(b);
    after = tip_of(b->log);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(before.rows, 331);
    assert_int_equal(before.people, 40);
    assert_int_equal(before.erased, 1);
    assert_int_equal(private_faults(b->log), 0);
    expect_in_force(b->log, NAME_CANARY, "-");
}

static void an_old_row_does_not_open_again(bed *b)
{
    must_add(b->log, new_row("ann", 1, "old"));
    must_erase(b->log, "ann");
    must_add(b->log, new_row("ann", 1, "new"));
    tdm_private_summary summary;
    assert_ok(tdm_private_verify(b->log, NULL, NULL, &summary, err));
    assert_int_equal(summary.rows, 2);
    assert_int_equal(summary.readable, 1);
    assert_int_equal(summary.erased, 1);
    expect_in_force(b->log, "ann", "1=new");
}

/* ---- compaction --------------------------------------------------------------------------------- */

static size_t file_bytes(const bed *b)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s/data.mdb", b->path);
    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

static void compaction_keeps_all_and_gets_smaller(bed *b)
{
    char name[32];
    fill(b);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "residual-%u", i);
        put_residual(b->log, name, name);
    }
    for (unsigned i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "person-%u", i);
        must_erase(b->log, name);
    }
    char *before = in_force(b->log, "person-35");
    tdm_private_close(&b->log);
    size_t bytes = file_bytes(b);
    assert_ok(tdm_private_compact(b->path, err));
    assert_true(file_bytes(b) < bytes);
    assert_ok(tdm_private_compact(b->path, err));
    bed_reopen(b);
    expect_in_force(b->log, "person-35", before);
    assert_int_equal(private_faults(b->log), 0);
    must_add(b->log, new_row("person-1", 1, "goes on"));
    free(before);
}

static void compaction_needs_a_store(bed *b)
{
    char path[160];
    snprintf(path, sizeof path, "%s/nowhere", b->folder);
    assert_code(TDM_NOT_FOUND, tdm_private_compact(path, NULL));
    assert_int_equal(access(path, F_OK), -1);
}

/* A compaction or restore cut down before its rename. */
static void make_leftover(const bed *b)
{
    char path[160];
    tdm_private *log = NULL;
    snprintf(path, sizeof path, "%s/copy.tmp", b->path);
    log = open_at(path, SECRET);
    put_residual(log, "half", CLEAR_CANARY);
    tdm_private_close(&log);
}

static void a_leftover_is_cleaned_at_open(bed *b)
{
    char path[160];
    must_add(b->log, new_row("ann", 1, "a"));
    make_leftover(b);
    assert_int_equal(files_with_text(b, CLEAR_CANARY), 1);
    bed_reopen(b);
    assert_int_equal(files_with_text(b, CLEAR_CANARY), 0);
    snprintf(path, sizeof path, "%s/copy.tmp", b->path);
    assert_int_equal(access(path, F_OK), -1);
    expect_in_force(b->log, "ann", "1=a");
    make_leftover(b);
    tdm_private_close(&b->log);
    assert_ok(tdm_private_compact(b->path, err));
    bed_reopen(b);
    assert_int_equal(files_with_text(b, CLEAR_CANARY), 0);
    expect_in_force(b->log, "ann", "1=a");
}

#define KILLS 40

static void compact_until_killed(const bed *b)
{
    while (tdm_private_compact(b->path, NULL) == TDM_OK)
        ;
    _exit(1);
}

/* A copy was begun and has not taken the old one's place. */
static bool half_is_there(const bed *b)
{
    char path[160];
    snprintf(path, sizeof path, "%s/copy.tmp/data.mdb", b->path);
    return access(path, F_OK) == 0;
}

static pid_t start_compacting(const bed *b)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        compact_until_killed(b);
    return child;
}

/* It is stopped for a look until it stands within a copy. */
static void stop_within_a_copy(const bed *b, pid_t child, uint64_t *random)
{
    int status = 0;
    do {
        kill(child, SIGCONT);
        usleep((useconds_t)random_below(random, 4000));
        kill(child, SIGSTOP);
        assert_int_equal(waitpid(child, &status, WUNTRACED), child);
        assert_true(WIFSTOPPED(status));
    } while (!half_is_there(b));
}

static void killed_at_any_time_it_is_the_old_or_the_new(bed *b)
{
    uint64_t random = 7;
    int halves = 0;
    fill(b);
    char *before = in_force(b->log, "person-35");
    tdm_private_tip tip = tip_of(b->log);
    for (int i = 0; i < KILLS; i++) {
        tdm_private_close(&b->log);
        pid_t child = start_compacting(b);
        if (i % 2 == 0)
            usleep((useconds_t)random_below(&random, 40000));
        else
            stop_within_a_copy(b, child, &random);
        int status = 0;
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        halves += half_is_there(b);
        bed_reopen(b);
        assert_false(half_is_there(b));
        tdm_private_tip now = tip_of(b->log);
        assert_memory_equal(&now, &tip, sizeof tip);
        expect_in_force(b->log, "person-35", before);
        assert_int_equal(private_faults(b->log), 0);
    }
    assert_true(halves >= KILLS / 2);
    free(before);
}

static const bed_row ROWS[] = {
    { "after erasing and compacting, nothing destroyed is left in any file", nothing_destroyed_is_left,
      true },
    { "a row from before the erasure does not open again", an_old_row_does_not_open_again, false },
    { "compaction keeps all there is and gets smaller", compaction_keeps_all_and_gets_smaller, true },
    { "compaction needs a store", compaction_needs_a_store, true },
    { "a left-over of a compaction is cleaned at open", a_leftover_is_cleaned_at_open, true },
    { "killed at any time, a compaction leaves the old or the new",
      killed_at_any_time_it_is_the_old_or_the_new, true },
};

int main(void)
{
    return bed_suite("private erasure", ROWS, TDM_COUNT(ROWS));
}
