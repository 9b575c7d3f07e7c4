/* SPDX-License-Identifier: MPL-2.0
 *
 * doctor_test.c: the specification of `tandem doctor` on stores: each condition is made, and the finding that
 * is told of it. A sound store is the control: nothing is found there. Daemons: tests/daemons/doctor_test.py.
 */
#include "core_world.h"
#include "doctor.h"
#include "filing.h"
#include "hub_rotation.h"
#include "ledger_rows.h"
#include "support.h"
#include "upkeep.h"

#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAY_MS ((int64_t)86400000)
#define NOW_TEXT "2026-08-04T10:00:00Z" /* WORLD_NOW */
#define LATER_TEXT "2026-08-04T12:00:00Z"

typedef struct store {
    tdm_world world;
    char snapshot[300];
    pid_t reader; /* of a condition; 0: none */
} store;

typedef struct row {
    const char *name;
    void (*prepare)(store *s); /* the daemon's core is open; it is closed before doctor looks */
    void (*spoil)(store *s);   /* the core is closed */
    const char *about;
    const char *verdict;
    const char *what; /* words of the finding */
    const char *next;
} row;

/* ---- a store in order */

static void look_after(store *s, int64_t now_ms)
{
    char args[400];
    int status = 0;
    s->world.context.now_ms = now_ms;
    json_decref(world_ask(&s->world, "verify", NULL, NULL, &status));
    assert_int_equal(status, 0);
    snprintf(s->snapshot, sizeof s->snapshot, "%.250s.snapshot", s->world.folder);
    world_remove(s->snapshot);
    snprintf(args, sizeof args, "{\"folder\":\"%.300s\"}", s->snapshot);
    json_decref(world_ask(&s->world, "snapshot", args, NULL, &status));
    assert_int_equal(status, 0);
    s->world.context.now_ms = WORLD_NOW;
}

/* What the hub's daemon does at its start: it states its own seal key. */
static void state_key(tdm_core *hub, tdm_core *whose, int64_t state)
{
    tdm_seal_key seal;
    tdm_record record;
    tdm_stated stated;
    tdm_buf subject = { 0 };
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_core_seal_key(whose, &seal);
    tdm_record_init(&record, TDM_TYPE_KEY);
    tdm_record_set_bytes(&record, TDM_KEY_ORIGIN, (tdm_span){ tdm_core_origin(whose)->bytes, TDM_ID_BYTES });
    tdm_record_set_number(&record, TDM_KEY_PURPOSE, TDM_PURPOSE_IS_SEAL);
    tdm_record_set_bytes(&record, TDM_KEY_PUBLIC_KEY, (tdm_span){ seal.public_key, 32 });
    tdm_record_set_number(&record, TDM_KEY_STATE, state);
    tdm_id fact = tdm_filing_place(&record, &subject);
    assert_ok(
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, 20000, &record, err));
    assert_ok(tdm_core_state_drafts(hub, drafts, &stated, err));
    tdm_drafts_free(&drafts);
    tdm_buf_free(&subject);
}

static void a_sound_hub(store *s)
{
    state_key(s->world.core, s->world.core, TDM_KEYSTATE_IS_ACTIVE);
    look_after(s, WORLD_NOW);
}

/* ---- conditions, made as they come about */

static const char *inside(const store *s, const char *name)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/%s", s->world.folder, name);
    return path;
}

static void open_the_folder(store *s)
{
    assert_int_equal(chmod(s->world.folder, 0755), 0);
}

static void open_the_file(store *s)
{
    assert_int_equal(chmod(inside(s, "ledger/data.mdb"), 0644), 0);
}

static void give_the_file_away(store *s)
{
    if (geteuid() != 0)
        skip(); /* only root may */
    assert_int_equal(chown(inside(s, "ledger/data.mdb"), 12345, 12345), 0);
}

static void cut_the_file(store *s)
{
    assert_int_equal(truncate(inside(s, "ledger/data.mdb"), 8192), 0);
}

static void take_the_file(store *s)
{
    assert_int_equal(unlink(inside(s, "ledger/data.mdb")), 0);
}

static tdm_kv *open_ledger_for_writing(const store *s)
{
    tdm_kv *kv = NULL;
    tdm_kv_options options = { .path = inside(s, "ledger"),
                               .mode = TDM_KV_READ_WRITE,
                               .map_bytes = 1 << 28,
                               .tables = TDM_LEDGER_TABLES,
                               .table_count = TDM_LEDGER_TABLE_COUNT };
    assert_ok(tdm_kv_open_lmdb(&kv, &options, err));
    return kv;
}

/* The format's number in the ledger's own description: | checksum 4 | format 8 | store id 16 | */
static void make_the_format_newer(store *s)
{
    tdm_kv *kv = open_ledger_for_writing(s);
    tdm_kv_txn *txn = NULL;
    tdm_span key = TDM_SPAN_LITERAL("ledger");
    tdm_span found;
    uint8_t description[64];
    assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, err));
    assert_ok(tdm_kv_get(txn, TABLE_META, key, &found, err));
    size_t len = found.len;
    assert_true(len <= sizeof description);
    memcpy(description, found.data, len);
    tdm_write_u64(description + CHECKSUM_BYTES, TDM_LEDGER_FORMAT + 1);
    tdm_row_seal(key, description, len);
    tdm_kv_put(txn, TABLE_META, key, (tdm_span){ description, len });
    assert_ok(tdm_kv_commit(&txn, err));
    tdm_kv_close(&kv);
}

static MDB_env *open_environment(const store *s, size_t map_bytes)
{
    MDB_env *env = NULL;
    assert_int_equal(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, 16);
    if (map_bytes > 0)
        assert_int_equal(mdb_env_set_mapsize(env, map_bytes), 0);
    assert_int_equal(mdb_env_open(env, inside(s, "ledger"), MDB_NOTLS, 0600), 0);
    return env;
}

static void commit_once(MDB_env *env, int number)
{
    MDB_txn *txn = NULL;
    MDB_dbi table;
    MDB_val key = { 3, "one" };
    MDB_val value = { sizeof number, &number };
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "local", 0, &table), 0);
    assert_int_equal(mdb_put(txn, table, &key, &value, 0), 0);
    assert_int_equal(mdb_del(txn, table, &key, NULL), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
}

static void write_much(store *s)
{
    tdm_stated stated;
    a_sound_hub(s);
    assert_int_equal(state_some(s->world.core, 1, 4000, &stated), TDM_OK);
}

/* A map is made smaller by a copy alone: one without free pages, then one of its size and a few pages more.
 */
static void narrow_the_map(store *s)
{
    char copy[2][400];
    size_t map_bytes = 0;
    for (int i = 0; i < 2; i++) {
        struct stat info;
        MDB_env *env = NULL;
        snprintf(copy[i], sizeof copy[i], "%s", inside(s, i == 0 ? "first" : "second"));
        assert_int_equal(mkdir(copy[i], 0700), 0);
        assert_int_equal(mdb_env_create(&env), 0);
        mdb_env_set_maxdbs(env, 16);
        assert_int_equal(mdb_env_set_mapsize(env, map_bytes), 0);
        assert_int_equal(mdb_env_open(env, i == 0 ? inside(s, "ledger") : copy[0], MDB_NOTLS, 0600), 0);
        assert_int_equal(mdb_env_copy2(env, copy[i], MDB_CP_COMPACT), 0);
        mdb_env_close(env);
        strcat(copy[i], "/data.mdb");
        assert_int_equal(stat(copy[i], &info), 0);
        map_bytes = (size_t)info.st_size + 8 * 4096;
        copy[0][strlen(copy[0]) - (i == 0 ? strlen("/data.mdb") : 0)] = '\0';
    }
    assert_int_equal(chmod(copy[1], 0600), 0);
    assert_int_equal(rename(copy[1], inside(s, "ledger/data.mdb")), 0);
}

/* Another process reads, and stays, while the store grows by a thousand commits. */
static void leave_a_reader(store *s)
{
    int ready[2];
    char word;
    assert_int_equal(pipe(ready), 0);
    s->reader = fork();
    assert_true(s->reader >= 0);
    if (s->reader == 0) {
        MDB_txn *txn = NULL;
        MDB_env *env = open_environment(s, 0);
        bool begun = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0 && write(ready[1], "r", 1) == 1;
        while (begun)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &word, 1), 1);
    close(ready[0]);
    MDB_env *env = open_environment(s, 0);
    for (int i = 0; i < 1001; i++)
        commit_once(env, i);
    mdb_env_close(env);
}

static void never_looked_after(store *s)
{
    state_key(s->world.core, s->world.core, TDM_KEYSTATE_IS_ACTIVE);
}

static void looked_after_long_ago(store *s)
{
    look_after(s, WORLD_NOW - 36 * DAY_MS);
}

static void looked_after_very_long_ago(store *s)
{
    look_after(s, WORLD_NOW - 101 * DAY_MS);
}

/* A row that is none among the seals: verify finds it. */
static void found_damaged(store *s)
{
    tdm_world *world = &s->world;
    uint8_t key[SEQUENCE_KEY_BYTES] = { 1 };
    tdm_kv_txn *txn = NULL;
    int status = 0;
    tdm_core_close(&world->core);
    tdm_kv *kv = open_ledger_for_writing(s);
    assert_ok(tdm_kv_begin(kv, TDM_KV_READ_WRITE, &txn, err));
    tdm_kv_put(txn, TABLE_SEALS, (tdm_span){ key, sizeof key }, TDM_SPAN_LITERAL("no seal"));
    assert_ok(tdm_kv_commit(&txn, err));
    tdm_kv_close(&kv);
    tdm_core_options options = { .folder = world->folder, .hub = true, .map_bytes = 1 << 28 };
    assert_ok(tdm_core_open(&world->core, &options, err));
    world->context.core = world->core;
    json_decref(world_ask(world, "verify", NULL, NULL, &status));
    assert_int_equal(status, 1);
}

static void set_clock(const char *text)
{
    assert_int_equal(setenv("TANDEM_NOW", text, 1), 0);
}

static void recorded_in_the_future(store *s)
{
    tdm_stated stated;
    set_clock(LATER_TEXT);
    assert_int_equal(state_some(s->world.core, 1, 3, &stated), TDM_OK);
    set_clock(NOW_TEXT);
}

static void a_node_ahead(store *s)
{
    tdm_world node;
    world_open(&node, false, "R0A");
    set_clock(LATER_TEXT);
    tdm_stated stated;
    assert_int_equal(state_some(node.core, 1, 3, &stated), TDM_OK);
    set_clock(NOW_TEXT);
    world_copy_log(&node, &s->world);
    world_close(&node);
}

/* The store becomes a node's, of a hub that says this of its key; -1: nothing. */
static void become_a_node(store *s, int64_t state)
{
    tdm_world hub;
    world_close(&s->world);
    world_open(&s->world, false, "R0A");
    world_open(&hub, true, "");
    assert_ok(tdm_core_set_authority(s->world.core, tdm_core_origin(hub.core), err));
    if (state >= 0)
        state_key(hub.core, s->world.core, state);
    world_copy_log(&hub, &s->world);
    world_close(&hub);
}

static void a_node_revoked(store *s)
{
    become_a_node(s, TDM_KEYSTATE_IS_REVOKED);
}

static void a_hub_turning(store *s)
{
    a_sound_hub(s);
    tdm_err err = { 0 };
    assert_int_equal(tdm_hub_rotation_go(s->world.core, TDM_TURN_TOLD, &err), TDM_OK);
}

static void a_node_unknown(store *s)
{
    become_a_node(s, -1);
}

static const row ROWS[] = {
    { "a folder that is open to others", a_sound_hub, open_the_folder, "permissions", "fail",
      "open to others (755)", "chmod -R go-rwx " },
    { "a file that is open, in a folder that is not", a_sound_hub, open_the_file, "permissions", "warn",
      "ledger/data.mdb is open to others (644)", "chmod -R go-rwx " },
    { "a file of another user", a_sound_hub, give_the_file_away, "permissions", "fail",
      "ledger/data.mdb belongs to another user", "chown -R " },
    { "a file that was cut", a_sound_hub, cut_the_file, "store", "fail", "was cut",
      "tandem verify --store " },
    { "no store where one was named", a_sound_hub, take_the_file, "store", "fail", "holds no Tandem store",
      "tandem doctor --store DIR" },
    { "a store of a newer format", a_sound_hub, make_the_format_newer, "store", "fail", "format 2 is newer",
      "install the version of Tandem" },
    { "a map that is nearly full", write_much, narrow_the_map, "map", "warn",
      "percent of the store's map are used", "store.map_bytes" },
    { "a reader that stays", a_sound_hub, leave_a_reader, "readers", "warn",
      "1001 commits since the oldest read", "end that process" },
    { "never verified", never_looked_after, NULL, "verify", "warn", "never verified", "tandem verify" },
    { "never copied", never_looked_after, NULL, "snapshot", "warn", "never a snapshot",
      "tandem snapshot DIR" },
    { "verified long ago", looked_after_long_ago, NULL, "verify", "warn", "36 days since", "tandem verify" },
    { "verified very long ago", looked_after_very_long_ago, NULL, "verify", "fail", "101 days since",
      "tandem verify" },
    { "copied long ago", looked_after_long_ago, NULL, "snapshot", "fail", "36 days since the last snapshot",
      "tandem snapshot DIR" },
    { "verified, and found damaged", found_damaged, NULL, "verify", "fail", "1 fault was found on 2026-08-04",
      "tandem verify" },
    { "a clock that was set back", recorded_in_the_future, NULL, "clocks", "fail", "this clock was set back",
      "timedatectl" },
    { "a node's clock that is ahead", a_node_ahead, NULL, "clocks", "fail", "2 h ahead", "timedatectl" },
    { "a key that the hub revoked", a_node_revoked, NULL, "keys", "fail", "revoked this node's seal key",
      "tandem invite --for NODE" },
    { "an old link key of a hub that still answers", a_hub_turning, NULL, "keys", "warn",
      "the old link key still answers", "tandem key retire" },
    { "a key that the hub has not stated", a_node_unknown, NULL, "keys", "warn",
      "does not state this seal key", "until the link" },
};

/* ---- looking */

static json_t *doctor(const char *words, int *status)
{
    command_line line;
    tdm_invocation invocation;
    memory_session memory;
    tdm_err err = { 0 };
    split_line(&line, words);
    if (tdm_invocation_parse(&invocation, line.argc, line.argv, &err) != TDM_OK)
        fail_msg("%s", err.what);
    memory_session_open(&memory, "json");
    *status = tdm_doctor_run(&invocation, &memory.session);
    memory_session_flush(&memory);
    json_t *document = json_loads(memory.out, 0, NULL);
    if (document == NULL)
        fail_msg("%s: %s", words, memory.err);
    memory_session_close(&memory);
    tdm_invocation_free(&invocation);
    return document;
}

static json_t *doctor_of(const store *s, int *status)
{
    char words[400];
    snprintf(words, sizeof words, "tandem doctor --json --store %s", s->world.folder);
    return doctor(words, status);
}

/* The disk is the machine's own. */
static void assert_all_well(const json_t *document)
{
    size_t index;
    const json_t *found;
    json_array_foreach(json_object_get(document, "data"), index,
                       found) if (strcmp(world_text(found, "about"), "disk") != 0
                                  && strcmp(world_text(found, "verdict"), "ok") != 0)
        fail_msg("%s: %s", world_text(found, "about"), world_text(found, "what"));
    assert_true(index > 8);
}

static const json_t *finding_of(const json_t *document, const char *about)
{
    size_t index;
    const json_t *found;
    json_array_foreach(json_object_get(document, "data"), index,
                       found) if (strcmp(world_text(found, "about"), about) == 0
                                  && strcmp(world_text(found, "verdict"), "ok") != 0) return found;
    char *all = json_dumps(document, JSON_COMPACT);
    fail_msg("nothing is told about %s in %s", about, all);
    return NULL;
}

static int open_store(void **state)
{
    store *s = calloc(1, sizeof *s);
    set_clock(NOW_TEXT);
    world_open(&s->world, true, "");
    (void)state;
    *state = s;
    return 0;
}

static void close_store(store *s)
{
    if (s->reader > 0) {
        kill(s->reader, SIGKILL);
        waitpid(s->reader, NULL, 0);
    }
    world_close(&s->world);
    if (s->snapshot[0] != '\0')
        world_remove(s->snapshot);
    free(s);
}

static void a_sound_store_is_well(void **unused)
{
    (void)unused;
    void *opened = NULL;
    int status = -1;
    open_store(&opened);
    store *s = opened;
    a_sound_hub(s);
    tdm_core_close(&s->world.core);
    json_t *document = doctor_of(s, &status);
    assert_all_well(document);
    assert_int_equal(status, 0);
    json_decref(document);
    close_store(s);
}

static void check_row(void **state)
{
    const row *r = *state;
    void *opened = NULL;
    int status = -1;
    open_store(&opened);
    store *s = opened;
    r->prepare(s);
    tdm_core_close(&s->world.core);
    if (r->spoil != NULL)
        r->spoil(s);
    json_t *document = doctor_of(s, &status);
    const json_t *found = finding_of(document, r->about);
    assert_string_equal(world_text(found, "verdict"), r->verdict);
    if (strstr(world_text(found, "what"), r->what) == NULL
        || strstr(world_text(found, "next"), r->next) == NULL)
        fail_msg("%s; next: %s", world_text(found, "what"), world_text(found, "next"));
    if (strcmp(r->verdict, "fail") == 0)
        assert_int_equal(status, 1);
    json_decref(document);
    close_store(s);
}

/* ---- bundles */

static void what_is_secret_is_removed(void **state)
{
    (void)state;
    json_t *facts =
        json_pack("{s:{s:i, s:s, s:s, s:s}, s:[s, s]}", "status", "people", 3, "origin",
                  "00112233445566778899aabbccddeeff", "refusal_text", "used: tandem1.AAECAwQFBgc.1f2e", "key",
                  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "list",
                  "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
                  "a sentence of some length about /var/lib/tandem-node/ledger/data.mdb/and/more");
    assert_non_null(facts);
    tdm_bundle_clean(facts);
    const json_t *status = json_object_get(facts, "status");
    assert_null(json_object_get(status, "people"));
    assert_string_equal(world_text(status, "origin"), "00112233445566778899aabbccddeeff");
    assert_string_equal(world_text(status, "refusal_text"), "[removed]");
    assert_string_equal(world_text(status, "key"), "[removed]");
    const json_t *list = json_object_get(facts, "list");
    assert_string_equal(json_string_value(json_array_get(list, 0)), "[removed]");
    assert_string_equal(json_string_value(json_array_get(list, 1)),
                        "a sentence of some length about /var/lib/tandem-node/ledger/data.mdb/and/more");
    json_decref(facts);
}

static const struct reading {
    const char *name;
    const char *bytes;
    tdm_code code;
} READINGS[] = {
    { "a bundle is read", "{\"schema\":\"tandem.bundle/1\"}", TDM_OK },
    { "a newer one is not", "{\"schema\":\"tandem.bundle/2\"}", TDM_UNSUPPORTED },
    { "another document is none", "{\"schema\":\"tandem.status/1\"}", TDM_MALFORMED },
    { "nor is a text", "hello", TDM_MALFORMED },
    { "nor is nothing", "", TDM_MALFORMED },
};

static void check_reading(void **state)
{
    const struct reading *r = *state;
    char folder[256];
    char path[300];
    json_t *facts = NULL;
    tdm_err err = { 0 };
    world_folder(folder);
    snprintf(path, sizeof path, "%s/bundle", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(r->bytes, file);
    fclose(file);
    assert_code(r->code, tdm_bundle_read(path, &facts, &err));
    assert_true((facts != NULL) == (r->code == TDM_OK));
    assert_code(TDM_EXISTS, tdm_bundle_save(path, facts, &err));
    json_decref(facts);
    world_remove(folder);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + TDM_COUNT(READINGS) + 2];
    size_t count = 0;
    tests[count++] = (struct CMUnitTest){ "a sound store is well", a_sound_store_is_well, NULL, NULL, NULL };
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[count++] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    tests[count++] =
        (struct CMUnitTest){ "what is secret is removed", what_is_secret_is_removed, NULL, NULL, NULL };
    for (size_t i = 0; i < TDM_COUNT(READINGS); i++)
        tests[count++] =
            (struct CMUnitTest){ READINGS[i].name, check_reading, NULL, NULL, (void *)&READINGS[i] };
    return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
