/* SPDX-License-Identifier: MPL-2.0
 *
 * doctor_judge.c: one examination a row, over the facts alone.
 */
#include "doctor.h"
#include "page.h"
#include "shell.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const TDM_DOCTOR_WORDS[4] = { "ok", "warn", "fail", "unknown" };

#define LEAST_FREE_BYTES ((int64_t)64 << 20)   /* less, and the daemon soon stops taking events */
#define COPY_MARGIN_BYTES ((int64_t)256 << 20) /* beside a copy of the store: a snapshot, a rebuild */

typedef struct exam {
    const char *about;
    const json_t *facts;
    const json_t *status;
    const json_t *health;
    const json_t *folder;
    const char *path; /* of the folder */
    int64_t now_ms;
    tdm_findings *findings;
    char well[160]; /* said if nothing was found, instead of the row's words */
} exam;

static int64_t number_of(const json_t *row, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(row, key));
}

static bool text_is(const json_t *row, const char *key, const char *wanted)
{
    return strcmp(tdm_row_text(row, key), wanted) == 0;
}

/* 1.5 GB: powers of 1000, as disks are sold. */
static void bytes_text(int64_t bytes, char out[32])
{
    static const char *const UNITS[] = { "B", "kB", "MB", "GB", "TB", "PB" };
    double amount = (double)bytes;
    size_t unit = 0;
    while (amount >= 1000 && unit + 1 < TDM_COUNT(UNITS)) {
        amount /= 1000;
        unit++;
    }
    snprintf(out, 32, unit == 0 ? "%.0f %s" : "%.1f %s", amount, UNITS[unit]);
}

/* ---- daemon, store */

static void look_daemon(exam *e)
{
    static const struct {
        const char *state;
        const char *next;
    } STATES[] = {
        { "stopped", "start it again: tandem-hub or tandem-node --config FILE" },
        { "denied", "run tandem doctor as the daemon's user" },
        { "silent", "see its log; if nothing works there, stop it and start it again" },
    };
    const json_t *daemon = json_object_get(e->facts, "daemon");
    char up[32];
    for (size_t i = 0; i < TDM_COUNT(STATES); i++)
        if (text_is(daemon, "state", STATES[i].state))
            tdm_finding_add(e->findings, TDM_CRITICAL, e->about, STATES[i].next, "%s",
                            tdm_row_text(daemon, "what"));
    tdm_duration_text(number_of(e->status, "uptime_s"), up);
    if (json_is_integer(json_object_get(e->status, "uptime_s")))
        snprintf(e->well, sizeof e->well, "the %s answers; it has run for %s",
                 tdm_row_text(e->status, "role"), up);
}

static void look_version(exam *e)
{
    const char *own = tdm_row_text(json_object_get(e->facts, "program"), "version");
    const char *its = tdm_row_text(e->status, "version");
    snprintf(e->well, sizeof e->well, "the daemon and this command are %.40s", own);
    if (strcmp(own, its) != 0)
        tdm_finding_add(e->findings, TDM_WARNING, e->about,
                        "restart the daemon after an upgrade, or use the command that came with it",
                        "the daemon is %s, this command %s", its[0] == '\0' ? "older than 0.1.0" : its, own);
}

static void look_store(exam *e)
{
    const json_t *store = json_object_get(e->facts, "store");
    const char *state = tdm_row_text(store, "state");
    char word[TDM_SHELL_WORD_MAX];
    char next[sizeof word + 100];
    if (strcmp(state, "ok") == 0)
        return;
    if (strcmp(state, "unsupported") == 0)
        snprintf(next, sizeof next, "install the version of Tandem that wrote it, or a newer one");
    else if (strcmp(state, "not-found") == 0)
        snprintf(next, sizeof next, "name the daemon's state folder: tandem doctor --store DIR");
    else if (strcmp(state, "denied") == 0)
        snprintf(next, sizeof next, "run tandem doctor as the daemon's user");
    else
        snprintf(next, sizeof next, "keep a copy of the folder as it is, then: tandem verify --store %s",
                 tdm_shell_word(word, e->path));
    tdm_finding_add(e->findings, TDM_CRITICAL, e->about, next, "%s", tdm_row_text(store, "what"));
}

/* ---- permissions */

static const char *kind_of(const json_t *file)
{
    return text_is(file, "name", ".") ? "the state folder" : tdm_row_text(file, "name");
}

static bool is_open(const json_t *file)
{
    const char *mode = tdm_row_text(file, "mode");
    return strlen(mode) == 3 && strcmp(mode + 1, "00") != 0;
}

/* Behind a closed folder an open file is closed to others, too; a copy of it is not. */
static void look_permissions(exam *e)
{
    size_t index;
    const json_t *file;
    const json_t *open = NULL;
    const json_t *strange = NULL;
    size_t opens = 0;
    char word[TDM_SHELL_WORD_MAX];
    char next[2 * sizeof word + 100];
    tdm_shell_word(word, e->path);
    json_array_foreach(json_object_get(e->folder, "files"), index, file)
    {
        opens += is_open(file);
        open = open == NULL && is_open(file) ? file : open;
        strange = strange == NULL && json_is_false(json_object_get(file, "owners")) ? file : strange;
    }
    if (open != NULL) {
        snprintf(next, sizeof next, "chmod -R go-rwx %s", word);
        tdm_finding_add(e->findings, text_is(open, "name", ".") ? TDM_CRITICAL : TDM_WARNING, e->about, next,
                        "%s is open to others (%s)%s: the store holds secret keys", kind_of(open),
                        tdm_row_text(open, "mode"), opens > 1 ? ", and more in it" : "");
    }
    if (strange != NULL) {
        snprintf(next, sizeof next, "chown -R --reference=%s %s", word, word);
        tdm_finding_add(e->findings, TDM_CRITICAL, e->about, next,
                        "%s belongs to another user than the folder: the daemon can not write it",
                        kind_of(strange));
    }
}

static void look_folder(exam *e)
{
    if (json_object_get(e->folder, "files") == NULL)
        tdm_finding_add(e->findings, TDM_CRITICAL, e->about, "run tandem doctor as the daemon's user", "%s",
                        tdm_row_text(e->folder, "what"));
    else
        look_permissions(e);
}

/* ---- room */

static int64_t bytes_of_files(const exam *e)
{
    size_t index;
    const json_t *file;
    int64_t bytes = 0;
    json_array_foreach(json_object_get(e->folder, "files"), index, file) bytes += number_of(file, "bytes");
    return bytes;
}

static void look_disk(exam *e)
{
    int64_t free_bytes = number_of(e->folder, "bytes_free");
    int64_t held = bytes_of_files(e);
    char has[32], needs[32];
    bytes_text(free_bytes, has);
    bytes_text(held, needs);
    snprintf(e->well, sizeof e->well, "%s free; the store has %s", has, needs);
    if (free_bytes < LEAST_FREE_BYTES)
        tdm_finding_add(e->findings, TDM_CRITICAL, e->about, "free space on the disk, or move the store",
                        "%s free: the daemon soon takes no more events", has);
    else if (free_bytes < held + COPY_MARGIN_BYTES)
        tdm_finding_add(e->findings, TDM_WARNING, e->about, "free space on the disk, or move the store",
                        "%s free: too little for a copy of the store, which has %s", has, needs);
}

static void look_map(exam *e)
{
    int64_t map = number_of(e->status, "map_bytes");
    int64_t used = number_of(e->status, "store_bytes");
    int64_t percent = map <= 0 ? 0 : used / (map / 100 > 0 ? map / 100 : 1);
    snprintf(e->well, sizeof e->well, "%" PRId64 " percent of the map are used", percent);
    tdm_finding_measure(e->findings, TDM_LIMIT_MAP, percent, e->about, NULL);
}

static void look_readers(exam *e)
{
    char who[48];
    snprintf(who, sizeof who, "process %" PRId64, number_of(e->health, "reader_pid"));
    tdm_finding_measure(e->findings, TDM_LIMIT_READER, number_of(e->health, "reader_behind"), e->about, who);
}

/* ---- clocks, keys */

static void look_clocks(exam *e)
{
    size_t index;
    const json_t *clock;
    json_array_foreach(json_object_get(e->health, "clocks_ahead"), index, clock)
    {
        char name[64];
        char who[100];
        tdm_node_name(json_object_get(e->facts, "nodes"), tdm_row_text(clock, "origin"), name);
        if (json_is_true(json_object_get(clock, "own")))
            snprintf(who, sizeof who, "this clock was set back; what was recorded last");
        else
            snprintf(who, sizeof who, "the clock of %s", name);
        tdm_finding_measure(e->findings, TDM_LIMIT_CLOCK, number_of(clock, "ahead_s"), e->about, who);
    }
}

/* By the state of a key, but for those in force. */
static void look_key(exam *e, const json_t *key)
{
    if (text_is(key, "state", "revoked"))
        tdm_finding_add(e->findings, TDM_CRITICAL, e->about,
                        "at the hub: tandem invite --for NODE; with that code here: tandem node restore",
                        "the hub has revoked this %s's %s key: nothing it states is taken any more",
                        tdm_row_text(e->status, "role"), tdm_row_text(key, "purpose"));
    else if (text_is(key, "state", "being turned over"))
        tdm_finding_add(
            e->findings, TDM_WARNING, e->about,
            "tandem key retire --dry-run tells which nodes have not heard of the new one; then: tandem "
            "key retire",
            "the old %s key still answers beside keys that were turned over", tdm_row_text(key, "purpose"));
    else
        tdm_finding_add(
            e->findings, TDM_WARNING, e->about, "wait until the link to the hub is live, then look again",
            "the hub's log, as far as it is here, does not state this %s key", tdm_row_text(key, "purpose"));
}

static void look_keys(exam *e)
{
    size_t index;
    const json_t *key;
    json_array_foreach(json_object_get(e->health, "keys"), index, key)
    {
        if (!text_is(key, "state", "active"))
            look_key(e, key);
    }
}

/* ---- links */

static void look_links(exam *e)
{
    const json_t *nodes = json_object_get(e->facts, "nodes");
    tdm_judge_links(e->findings, e->status, nodes, e->now_ms);
    tdm_judge_absent(e->findings, e->status, nodes, e->now_ms);
    snprintf(e->well, sizeof e->well, "%zu of %zu live", e->findings->live, e->findings->links);
}

static void look_sharing(exam *e)
{
    tdm_judge_sharing(e->findings, e->status, e->now_ms);
}

static void look_figures(exam *e)
{
    tdm_judge_figures(e->findings, e->status);
}

/* ---- upkeep */

static void look_verify(exam *e)
{
    int64_t ms;
    int64_t faults = number_of(e->status, "last_verify_faults");
    if (!tdm_member_ms(e->status, "last_verify", &ms)) {
        tdm_finding_add(e->findings, TDM_WARNING, e->about, "tandem verify",
                        "the store was never verified by its daemon");
        return;
    }
    snprintf(e->well, sizeof e->well, "no fault was found on %.10s", tdm_row_text(e->status, "last_verify"));
    if (faults > 0)
        tdm_finding_add(e->findings, TDM_CRITICAL, e->about,
                        "keep a copy of the folder as it is; see each fault: tandem verify",
                        "%" PRId64 " fault%s found on %.10s", faults, faults == 1 ? " was" : "s were",
                        tdm_row_text(e->status, "last_verify"));
    tdm_finding_measure(e->findings, TDM_LIMIT_VERIFY, (e->now_ms - ms) / 1000, e->about, NULL);
}

static void look_snapshot(exam *e)
{
    int64_t ms;
    if (!tdm_member_ms(e->status, "last_snapshot", &ms)) {
        tdm_finding_add(e->findings, TDM_WARNING, e->about, tdm_limit_at(TDM_LIMIT_SNAPSHOT)->next,
                        "there was never a snapshot of this store");
        return;
    }
    snprintf(e->well, sizeof e->well, "made on %.10s", tdm_row_text(e->status, "last_snapshot"));
    tdm_finding_measure(e->findings, TDM_LIMIT_SNAPSHOT, (e->now_ms - ms) / 1000, e->about, NULL);
}

/* ---- the table */

enum { STATUS = 1, HEALTH = 2, FOLDER = 4, ASKED = 8, DAEMON = 16 };

static const struct {
    const char *about;
    int needs; /* left out where these facts are missing: another row says why they are */
    void (*look)(exam *e);
    const char *well;
} EXAMS[] = {
    { "daemon", ASKED, look_daemon, "it answers" },
    { "version", DAEMON | STATUS, look_version, "" },
    { "store", 0, look_store, "it can be read, in the format this program knows" },
    { "permissions", FOLDER, look_folder, "the store is its owner's alone" },
    { "disk", FOLDER, look_disk, "" },
    { "map", STATUS, look_map, "" },
    { "readers", HEALTH, look_readers, "no read of the store stays" },
    { "clocks", HEALTH, look_clocks, "no clock is ahead" },
    { "keys", HEALTH, look_keys, "own keys are in force" },
    { "links", DAEMON | STATUS, look_links, "" },
    { "sharing", DAEMON | STATUS, look_sharing, "nothing waits long to be acknowledged" },
    { "figures", STATUS, look_figures, "they follow the log" },
    { "verify", STATUS, look_verify, "" },
    { "snapshot", STATUS, look_snapshot, "" },
};

static int facts_there(const exam *e)
{
    const json_t *daemon = json_object_get(e->facts, "daemon");
    return (json_is_object(e->status) ? STATUS : 0) | (json_is_object(e->health) ? HEALTH : 0)
           | (json_is_object(e->folder) ? FOLDER : 0) | (text_is(daemon, "state", "not asked") ? 0 : ASKED)
           | (text_is(daemon, "state", "answers") ? DAEMON : 0);
}

void tdm_doctor_judge(const json_t *facts, tdm_findings *findings)
{
    exam e = { .facts = facts,
               .status = json_object_get(facts, "status"),
               .health = json_object_get(facts, "health"),
               .folder = json_object_get(facts, "folder"),
               .findings = findings };
    int there = facts_there(&e);
    e.path = tdm_row_text(e.folder, "path");
    if (!tdm_member_ms(facts, "as_of", &e.now_ms))
        e.now_ms = tdm_clock_wall_ms();
    for (size_t i = 0; i < TDM_COUNT(EXAMS); i++) {
        size_t before = json_array_size(findings->rows);
        if ((EXAMS[i].needs & ~there) != 0)
            continue;
        e.about = EXAMS[i].about;
        e.well[0] = '\0';
        EXAMS[i].look(&e);
        if (json_array_size(findings->rows) == before)
            tdm_finding_add(findings, TDM_WELL, e.about, "", "%s",
                            e.well[0] == '\0' ? EXAMS[i].well : e.well);
    }
}
