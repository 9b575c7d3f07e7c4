/* SPDX-License-Identifier: MPL-2.0
 *
 * offline_test.c: a store read without its daemon: figures come from the views where these are sound, and are
 * the same as from the log whatever happened to the views' file; nothing is written.
 */
#include "client.h"
#include "core_world.h"

#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNITS = 60, FLIPS = 250, BATCH = 40 };

/* ---- a hub's store */

static void add(tdm_drafts *drafts, const char *subject, const char *fact, const tdm_record *record)
{
    const char *const words[] = { subject, fact };
    tdm_id id = tdm_fact_named(words, TDM_COUNT(words));
    assert_ok(tdm_drafts_add(drafts, TDM_AUTHOR_IS_DAEMON, tdm_span_text(subject), &id, 17257, record, err));
}

static void add_partner(tdm_drafts *drafts, const tdm_id *origin, const char *code)
{
    char subject[64];
    tdm_record record;
    snprintf(subject, sizeof subject, "organisation/%s", code);
    tdm_record_init(&record, TDM_TYPE_ORGANISATION);
    tdm_record_set_text(&record, TDM_ORGANISATION_CODE, code);
    tdm_record_set_text(&record, TDM_ORGANISATION_NAME, code);
    tdm_record_set_number(&record, TDM_ORGANISATION_SECTOR, TDM_SECTOR_IS_TRUST);
    add(drafts, subject, "organisation", &record);
    tdm_record_init(&record, TDM_TYPE_REPRESENTS);
    tdm_record_set_bytes(&record, TDM_REPRESENTS_ORIGIN, (tdm_span){ origin->bytes, TDM_ID_BYTES });
    tdm_record_set_text(&record, TDM_REPRESENTS_ORGANISATION, code);
    tdm_record_set_number(&record, TDM_REPRESENTS_MODE, TDM_MODE_IS_REPRESENTS);
    add(drafts, subject, "represents", &record);
}

static void add_unit(tdm_drafts *drafts, unsigned unit)
{
    char subject[64];
    char id[16];
    const char *lead = unit % 3 == 0 ? "R0A" : "R0B";
    tdm_record record;
    snprintf(id, sizeof id, "u%03u", unit);
    snprintf(subject, sizeof subject, "unit/%s/%s", lead, id);
    tdm_record_init(&record, TDM_TYPE_UNIT);
    tdm_record_set_text(&record, TDM_UNIT_RECORDER, lead);
    tdm_record_set_text(&record, TDM_UNIT_LEAD, lead);
    tdm_record_set_text(&record, TDM_UNIT_UNIT_ID, id);
    tdm_record_set_number(&record, TDM_UNIT_KIND, TDM_UNITKIND_IS_PROGRAMME);
    tdm_record_set_number(&record, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&record, TDM_UNIT_PROGRAMME, unit % 2 == 0 ? "coaching" : "wellbeing");
    tdm_record_set_number(&record, TDM_UNIT_START, 17257);
    add(drafts, subject, "unit", &record);
    tdm_record_init(&record, TDM_TYPE_SESSION);
    tdm_record_set_text(&record, TDM_SESSION_RECORDER, lead);
    tdm_record_set_number(&record, TDM_SESSION_DATE, 17300 + unit);
    tdm_record_set_number(&record, TDM_SESSION_HOURS, 100 + unit);
    add(drafts, subject, "session", &record);
    tdm_record_init(&record, TDM_TYPE_LINK_ASSERT);
    tdm_record_set_text(&record, TDM_LINK_ASSERT_RECORDER, lead);
    tdm_record_set_text(&record, TDM_LINK_ASSERT_ORGANISATION, unit % 3 == 0 ? "R0B" : "R0A");
    tdm_record_set_number(&record, TDM_LINK_ASSERT_PHASE, 2);
    if (unit % 5 != 0)
        add(drafts, subject, "link", &record);
}

static void state_units(tdm_core *core, unsigned from, unsigned until)
{
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_stated stated;
    for (unsigned unit = from; unit < until; unit++)
        add_unit(drafts, unit);
    assert_ok(tdm_core_state_drafts(core, drafts, &stated, err));
    tdm_drafts_free(&drafts);
}

/* Folded, checkpointed and closed. */
static void make_store(fixture *f)
{
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_stated stated;
    add_partner(drafts, tdm_core_origin(f->core), "R0A");
    add_partner(drafts, tdm_core_origin(f->core), "R0B");
    assert_ok(tdm_core_state_drafts(f->core, drafts, &stated, err));
    tdm_drafts_free(&drafts);
    for (unsigned unit = 0; unit < UNITS; unit += BATCH)
        state_units(f->core, unit, unit + BATCH);
    wait_folded(f->core);
    tdm_core_close(&f->core);
}

/* ---- asking */

typedef struct asked {
    char *text; /* the document without its moment */
    char way[TDM_WAY_MAX];
} asked;

static const struct question {
    const char *verb;
    const char *key;
    const char *value;
} QUESTIONS[] = {
    { "level", "by", "lead" },              /* cells alone */
    { "measure.show", "by", "programme" },  /* dossiers of units, one after another */
    { "unit.list", "organisation", "R0A" }, /* the index of names, and dossiers by name */
};

static asked ask(const fixture *f, const struct question *q)
{
    asked out;
    tdm_answer answer;
    json_t *args = json_pack("{s:s}", q->key, q->value);
    if (strcmp(q->verb, "measure.show") == 0)
        json_object_set_new(args, "measure", json_string("density"));
    const tdm_offline_task work = { .folder = f->folder, .verb = q->verb, .args = args, .way = out.way };
    assert_ok(tdm_offline_work(&work, &answer, err));
    json_t *document = json_loadb((const char *)answer.bytes.data, answer.bytes.len, 0, NULL);
    assert_non_null(document);
    json_object_del(document, "as_of");
    out.text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(document);
    json_decref(args);
    tdm_answer_free(&answer);
    return out;
}

static bool is_from_views(const asked *a)
{
    return strncmp(a->way, "from those kept beside it", 25) == 0;
}

static void path_of(const fixture *f, const char *name, char out[320])
{
    snprintf(out, 320, "%s/%s", f->folder, name);
}

static void expect(const fixture *f, const asked wanted[], bool views)
{
    for (size_t q = 0; q < TDM_COUNT(QUESTIONS); q++) {
        asked got = ask(f, &QUESTIONS[q]);
        assert_string_equal(got.text, wanted[q].text);
        if (is_from_views(&got) != views)
            fail_msg("%s: %s", QUESTIONS[q].verb, got.way);
        free(got.text);
    }
}

static void ask_all(const fixture *f, asked out[])
{
    for (size_t q = 0; q < TDM_COUNT(QUESTIONS); q++)
        out[q] = ask(f, &QUESTIONS[q]);
}

static void free_all(asked all[])
{
    for (size_t q = 0; q < TDM_COUNT(QUESTIONS); q++)
        free(all[q].text);
}

/* ---- which way */

static void move(const fixture *f, const char *from, const char *to)
{
    char a[320];
    char b[320];
    path_of(f, from, a);
    path_of(f, to, b);
    assert_int_equal(rename(a, b), 0);
}

static void views_are_read(fixture *f)
{
    asked wanted[TDM_COUNT(QUESTIONS)];
    make_store(f);
    ask_all(f, wanted);
    assert_non_null(strstr(wanted[0].text, "R0A"));
    expect(f, wanted, true);
    assert_non_null(strstr(wanted[0].way, "; 0 more are in the log"));
    move(f, "views", "aside");
    expect(f, wanted, false); /* the log alone says the same */
    asked got = ask(f, &QUESTIONS[0]);
    assert_string_equal(got.way, "from the whole log: no figures are kept beside it");
    free(got.text);
    move(f, "aside", "views");
    free_all(wanted);
}

/* Views of an earlier moment of this log: what they lack is added. */
static void views_behind(fixture *f)
{
    asked wanted[TDM_COUNT(QUESTIONS)];
    char command[720];
    make_store(f);
    snprintf(command, sizeof command, "cp -r %s/views %s/earlier", f->folder, f->folder);
    assert_int_equal(system(command), 0);
    core_reopen_with(f, &(tdm_core_options){ .hub = true });
    state_units(f->core, UNITS + BATCH, UNITS + BATCH + 7);
    wait_folded(f->core);
    tdm_core_close(&f->core);
    ask_all(f, wanted);
    move(f, "views", "later");
    move(f, "earlier", "views");
    expect(f, wanted, true);
    asked got = ask(f, &QUESTIONS[0]);
    assert_null(strstr(got.way, "; 0 more are in the log"));
    free(got.text);
    free_all(wanted);
    snprintf(command, sizeof command, "rm -r %s/later", f->folder);
    assert_int_equal(system(command), 0);
}

/* Another process: LMDB's locks are a process's own. It states units until it is ended. */
static pid_t start_writer(const fixture *f)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    fixture own = *f;
    core_reopen_with(&own, &(tdm_core_options){ .hub = true, .views_cache_bytes = 4096 });
    for (unsigned unit = 500;; unit += 3)
        state_units(own.core, unit, unit + 3);
}

static int64_t units_of(const asked *a)
{
    int64_t sum = 0;
    for (const char *at = strstr(a->text, "\"units\":"); at != NULL; at = strstr(at + 1, "\"units\":"))
        sum += strtoll(at + 8, NULL, 10);
    return sum;
}

static void beside_a_daemon(fixture *f)
{
    enum { ASKED = 30 };
    int64_t before = 0;
    int64_t first = 0;
    make_store(f);
    pid_t writer = start_writer(f);
    for (unsigned i = 0; i < ASKED || before == first; i++) {
        asked got = ask(f, &QUESTIONS[0]);
        int64_t units = units_of(&got);
        assert_true(is_from_views(&got));
        assert_true(units >= before); /* nothing that was there is left out */
        before = units;
        first = i == 0 ? units : first;
        free(got.text);
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    asked wanted[TDM_COUNT(QUESTIONS)];
    move(f, "views", "aside");
    ask_all(f, wanted);
    move(f, "aside", "views");
    expect(f, wanted, true);
    free_all(wanted);
}

/* ---- damage */

static off_t size_of(const char *path)
{
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    return found.st_size;
}

static void flip(const char *path, off_t at, unsigned bit)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= (uint8_t)(1u << bit);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* What LMDB says of one table: a sum over the values, one after another. False if it says that something is
 * wrong. */
static bool raw_rows(const fixture *f, const char *table, uint64_t *sum)
{
    char path[320];
    MDB_env *env;
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_dbi dbi;
    MDB_val key;
    MDB_val value;
    *sum = 0;
    path_of(f, "views", path);
    assert_int_equal(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, 16);
    int rc = mdb_env_open(env, path, MDB_RDONLY | MDB_NOTLS, 0600);
    rc = rc != 0 ? rc : mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    rc = rc != 0 ? rc : mdb_dbi_open(txn, table, 0, &dbi);
    rc = rc != 0 ? rc : mdb_cursor_open(txn, dbi, &cursor);
    while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        for (size_t i = 0; i < value.mv_size; i++)
            *sum = *sum * 31 + ((const uint8_t *)value.mv_data)[i];
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return rc == MDB_NOTFOUND && cursor != NULL;
}

static uint32_t roll(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static void flipped_bits(fixture *f)
{
    asked wanted[TDM_COUNT(QUESTIONS)];
    char path[320];
    size_t fell_back = 0;
    uint64_t seed = 11;
    make_store(f);
    ask_all(f, wanted);
    path_of(f, "views/data.mdb", path);
    off_t size = size_of(path);
    for (size_t i = 0; i < FLIPS; i++) {
        off_t at = (off_t)(roll(&seed) % (uint64_t)size);
        unsigned bit = roll(&seed) % 8;
        size_t q = i % TDM_COUNT(QUESTIONS);
        flip(path, at, bit);
        asked got = ask(f, &QUESTIONS[q]);
        if (strcmp(got.text, wanted[q].text) != 0)
            fail_msg("%s differs after a flip at %lld: %s", QUESTIONS[q].verb, (long long)at, got.way);
        fell_back += !is_from_views(&got);
        free(got.text);
        flip(path, at, bit);
    }
    assert_true(fell_back > FLIPS / 20); /* used pages were hit, and that was seen */
    expect(f, wanted, true);
    free_all(wanted);
}

/* Other bytes without a word? In a process of its own, since it may end by a signal, which is one. */
static bool differs_unseen(const fixture *f, uint64_t sound)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        uint64_t sum;
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        _exit(raw_rows(f, "cells", &sum) && sum != sound ? 7 : 0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

/* Control: LMDB hands such damage out without a word, and figures come to stand on it. */
static void unchecked_bits(fixture *f)
{
    char path[320];
    size_t unseen = 0;
    uint64_t seed = 13;
    make_store(f);
    path_of(f, "views/data.mdb", path);
    off_t size = size_of(path);
    uint64_t sound;
    assert_true(raw_rows(f, "cells", &sound));
    for (size_t i = 0; i < 1000; i++) {
        off_t at = (off_t)(roll(&seed) % (uint64_t)size);
        if (at % 4096 < 2048) /* where values are: a page's head is a signal to whoever reads it */
            continue;
        flip(path, at, 0);
        unseen += differs_unseen(f, sound);
        flip(path, at, 0);
    }
    assert_true(unseen > 5);
}

static void cut_short(fixture *f)
{
    asked wanted[TDM_COUNT(QUESTIONS)];
    char path[320];
    make_store(f);
    ask_all(f, wanted);
    path_of(f, "views/data.mdb", path);
    for (off_t size = size_of(path) - 4096; size > 0; size -= size / 3 + 4096) {
        assert_int_equal(truncate(path, size), 0);
        expect(f, wanted, false);
    }
    assert_int_equal(truncate(path, 0), 0);
    expect(f, wanted, false);
    free_all(wanted);
}

/* ---- nothing is written */

static void nothing_is_written(fixture *f)
{
    static const char *const FILES[] = { "views/data.mdb", "ledger/data.mdb" };
    asked wanted[TDM_COUNT(QUESTIONS)];
    char path[320];
    struct stat before[TDM_COUNT(FILES)];
    make_store(f);
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        path_of(f, FILES[i], path);
        assert_int_equal(stat(path, &before[i]), 0);
    }
    ask_all(f, wanted);
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        struct stat after;
        path_of(f, FILES[i], path);
        assert_int_equal(stat(path, &after), 0);
        assert_memory_equal(&after.st_mtim, &before[i].st_mtim, sizeof after.st_mtim);
        assert_int_equal(after.st_size, before[i].st_size);
    }
    free_all(wanted);
}

static const core_row ROWS[] = {
    { "figures are read where they are kept, else made of the log", views_are_read, true },
    { "views that are behind are caught up in memory", views_behind, true },
    { "beside a daemon that writes, what was recorded is in", beside_a_daemon, true },
    { "bits flipped anywhere in the views change no figure", flipped_bits, true },
    { "control: LMDB hands out flipped bits as they are", unchecked_bits, true },
    { "views cut short anywhere change no figure", cut_short, true },
    { "nothing is written", nothing_is_written, true },
};

int main(void)
{
    return core_suite("offline", ROWS, TDM_COUNT(ROWS));
}
