/* SPDX-License-Identifier: MPL-2.0
 *
 * group_history.c: the log: its last events, out as text, back in, and looking for damage.
 */
#include "client.h"

#include "log_text.h"
#include "output.h"
#include "progress.h"
#include "terminal.h"
#include "zstd_file.h"

#include "tandem/path.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- export */

/* The log to a stream, and all of it really there. */
static int write_log(const tdm_invocation *invocation, tdm_session *session, FILE *out)
{
    const char *folder = tdm_invocation_text(invocation, "store");
    tdm_answer answer = { 0 };
    tdm_err err = { 0 };
    tdm_code code = TDM_OK;
    if (folder != NULL) {
        tdm_progress progress;
        tdm_progress_open(&progress, invocation, session, "exporting", "events");
        tdm_told told = tdm_progress_told(&progress);
        code = tdm_offline_export(folder, out, &told, &err);
        tdm_progress_close(&progress);
    } else {
        int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
        if (status != 0)
            return status;
        fwrite(answer.bytes.data, 1, answer.bytes.len, out);
    }
    if (code == TDM_OK && (fflush(out) != 0 || ferror(out)))
        code = tdm_fail(&err, TDM_IO, errno, "the log could not be written: %s", strerror(errno));
    tdm_answer_free(&answer);
    return code == TDM_OK ? 0 : tdm_session_fail(session, invocation->command->words, &err, NULL);
}

/* Written beside the file asked for and renamed when whole: an interrupted export never looks finished. */
static bool sync_parent_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (len >= sizeof folder)
        return false;
    memcpy(folder, path, len);
    strcpy(folder + len, ".");
    return tdm_path_sync(folder, NULL) == TDM_OK;
}

static int write_packed(const tdm_invocation *invocation, tdm_session *session, const char *path, FILE *file)
{
    size_t len = strlen(path);
    tdm_err err = { 0 };
    if (len < 4 || strcmp(path + len - 4, ".zst") != 0)
        return write_log(invocation, session, file);
    FILE *packed = tdm_zstd_writer(file);
    if (packed == NULL) {
        tdm_fail(&err, TDM_FULL, 0, "no memory to compress the log");
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    }
    int status = write_log(invocation, session, packed);
    if (fclose(packed) != 0 && status == 0) {
        tdm_fail(&err, TDM_IO, errno, "the log could not be written: %s", strerror(errno));
        status = tdm_session_fail(session, invocation->command->words, &err, NULL);
    }
    return status;
}

static int export_to_file(const tdm_invocation *invocation, tdm_session *session, const char *path)
{
    char part[4096];
    tdm_err err = { 0 };
    int len = snprintf(part, sizeof part, "%s.part", path);
    FILE *file = len < (int)sizeof part ? fopen(part, "wbe") : NULL;
    if (file == NULL) {
        tdm_fail(&err, TDM_IO, errno, "%.120s can not be written: %s", path, strerror(errno));
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    }
    int status = write_packed(invocation, session, path, file);
    bool kept = status != 0 || fsync(fileno(file)) == 0;
    kept = fclose(file) == 0 && kept;
    if (status == 0 && (!kept || rename(part, path) != 0 || !sync_parent_of(path))) {
        tdm_fail(&err, TDM_IO, errno, "%.120s could not be written: %s", path, strerror(errno));
        status = tdm_session_fail(session, invocation->command->words, &err, NULL);
    }
    if (status != 0)
        unlink(part);
    return status;
}

static int run_export(const tdm_invocation *invocation, tdm_session *session)
{
    const char *format = tdm_invocation_format(invocation);
    const char *path = tdm_invocation_text(invocation, "output");
    tdm_err err = { 0 };
    if (format != NULL && strcmp(format, "jsonl") != 0) {
        tdm_fail(&err, TDM_INVALID, 0, "a log is written as jsonl only; leave --format away");
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    }
    return path == NULL ? write_log(invocation, session, session->out)
                        : export_to_file(invocation, session, path);
}

/* ---- import-log */

/* Compressed or not. */
static tdm_code import_log(const char *folder, FILE *in, const tdm_told *told, tdm_log_imported *done,
                           tdm_err *err)
{
    if (!tdm_zstd_begins(in))
        return tdm_log_import(folder, 0, in, told, done, err);
    FILE *plain = tdm_zstd_reader(in);
    if (plain == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read a compressed log");
    tdm_code code = tdm_log_import(folder, 0, plain, told, done, err);
    fclose(plain);
    return code;
}

/* Read into a store beside the one that was named, which goes again. */
static tdm_code try_import(const char *folder, FILE *in, const tdm_told *told, tdm_log_imported *done,
                           tdm_err *err)
{
    static const char *const MADE[] = { "ledger/data.mdb", "ledger/lock.mdb", "ledger/writer.lock", "ledger",
                                        "." };
    char scratch[PATH_MAX];
    char path[PATH_MAX];
    int len = snprintf(scratch, sizeof scratch, "%s.XXXXXX", folder);
    if (len < 0 || len >= (int)sizeof scratch)
        return tdm_fail(err, TDM_INVALID, 0, "the folder's path is too long");
    if (mkdtemp(scratch) == NULL)
        return tdm_path_fail(err, "making the folder", scratch);
    tdm_code code = import_log(scratch, in, told, done, err);
    for (size_t i = 0; i < TDM_COUNT(MADE); i++)
        if (tdm_path_join(path, scratch, MADE[i], NULL) == TDM_OK && unlink(path) != 0)
            rmdir(strcmp(MADE[i], ".") == 0 ? scratch : path);
    return code;
}

static int run_import_log(const tdm_invocation *invocation, tdm_session *session)
{
    const char *path = tdm_invocation_text(invocation, "FILE");
    const char *folder = tdm_invocation_text(invocation, "store");
    tdm_log_imported done = { 0 };
    tdm_err err = { 0 };
    tdm_code code = TDM_OK;
    bool piped = strcmp(path, "-") == 0;
    FILE *in = session->in;
    if (folder == NULL)
        code = tdm_fail(&err, TDM_INVALID, 0, "name an empty folder for the store: --store DIR");
    else if (!piped && (in = fopen(path, "rbe")) == NULL)
        code = tdm_fail(&err, errno == ENOENT ? TDM_NOT_FOUND : TDM_IO, errno, "%.120s: %s", path,
                        strerror(errno));
    tdm_progress progress;
    tdm_progress_open(&progress, invocation, session, "importing", "events");
    tdm_progress_read(&progress, in);
    tdm_told told = tdm_progress_told(&progress);
    if (code == TDM_OK)
        code = tdm_invocation_flag(invocation, "dry-run") ? try_import(folder, in, &told, &done, &err)
                                                          : import_log(folder, in, &told, &done, &err);
    tdm_progress_close(&progress);
    if (code != TDM_OK && tdm_progress_stopped_by() != 0)
        code = tdm_fail(&err, TDM_IO, EINTR, "interrupted: nothing of it is left");
    if (in != NULL && in != session->in)
        fclose(in);
    if (code != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    json_t *rows = json_pack("[{s:I, s:I, s:I, s:I, s:I}]", "lines", (json_int_t)done.lines, "events",
                             (json_int_t)done.events, "runs", (json_int_t)done.runs, "seals",
                             (json_int_t)done.seals, "notices", (json_int_t)done.notices);
    return tdm_client_show_rows(invocation, session, "tandem.import-log/1", rows, 0);
}

/* ---- verify */

/* What a reader that crashed, or could not begin, tells of the store. */
static void write_crash(tdm_answer *answer, const tdm_err *fault)
{
    json_t *rows = json_pack("[{s:s, s:s, s:s}, {s:s, s:i}]", "kind", "fault", "invariant", "readable",
                             "what", fault->what, "kind", "summary", "faults", 1);
    tdm_client_answer_rows("tandem.verify/1", rows, answer);
    answer->exit = 1;
}

static int ask_verify(const tdm_invocation *invocation, tdm_session *session, tdm_answer *answer)
{
    const char *folder = tdm_invocation_text(invocation, "store");
    tdm_err err = { 0 };
    if (folder == NULL)
        return tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, answer);
    tdm_progress progress;
    tdm_progress_open(&progress, invocation, session, "verifying", "events");
    tdm_told told = tdm_progress_told(&progress);
    const tdm_offline_task work = {
        .folder = folder, .verb = "verify", .args = invocation->args, .told = &told
    };
    tdm_code code = tdm_offline_work(&work, answer, &err);
    tdm_progress_close(&progress);
    if (code == TDM_OK)
        return answer->exit;
    tdm_answer_free(answer);
    *answer = (tdm_answer){ 0 };
    if (code != TDM_CORRUPT)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    write_crash(answer, &err);
    return answer->exit;
}

static void say_summary(tdm_session *session, const json_t *summary)
{
    json_int_t faults = json_integer_value(json_object_get(summary, "faults"));
    if (faults == 0)
        fputs("sound: ", session->out);
    else
        fprintf(session->out, "%lld fault%s", (long long)faults, faults == 1 ? "" : "s");
    if (json_object_get(summary, "events") != NULL)
        fprintf(session->out, "%s%lld events, %lld runs, %lld seals, %lld notices", faults == 0 ? "" : " in ",
                (long long)json_integer_value(json_object_get(summary, "events")),
                (long long)json_integer_value(json_object_get(summary, "runs")),
                (long long)json_integer_value(json_object_get(summary, "seals")),
                (long long)json_integer_value(json_object_get(summary, "notices")));
    fputc('\n', session->out);
}

/* Faults as a table, then the summary as a sentence. */
static int show_verdict(const tdm_invocation *invocation, tdm_session *session, const tdm_answer *answer,
                        int status)
{
    tdm_page page;
    tdm_err err = { 0 };
    tdm_code code = tdm_page_read(&page, tdm_buf_span(&answer->bytes), &err);
    size_t count = code == TDM_OK ? json_array_size(page.rows) : 0;
    if (count > 0) {
        json_t *summary = json_incref(json_array_get(page.rows, count - 1));
        json_array_remove(page.rows, count - 1);
        tdm_columns *columns = calloc(1, sizeof *columns);
        tdm_columns_add(columns, invocation->command->columns);
        if (count > 1)
            tdm_output_table(session, &page, columns);
        free(columns);
        say_summary(session, summary);
        json_decref(summary);
    }
    tdm_page_free(&page);
    return code == TDM_OK ? status : tdm_session_fail(session, invocation->command->words, &err, NULL);
}

static int run_verify(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer = { 0 };
    int status = ask_verify(invocation, session, &answer);
    bool people = strcmp(session->format, "table") == 0 || strcmp(session->format, "plain") == 0;
    if (answer.bytes.len == 0 || !people || tdm_invocation_text(invocation, "fields") != NULL)
        return tdm_client_show(invocation, session, &answer, status);
    status = show_verdict(invocation, session, &answer, status);
    tdm_answer_free(&answer);
    return status;
}

/* ---- tail */

/* One line an event, as it comes: an object, or fields with tabs between. */
static void write_event(tdm_session *session, const json_t *row)
{
    static const char *const FIELDS[] = { "position", "recorded", "type",   "subject",
                                          "origin",   "sequence", "payload" };
    tdm_buf line = { 0 };
    if (tdm_session_is_json(session)) {
        json_dumpf(row, session->out, JSON_COMPACT);
    } else {
        for (size_t i = 0; i < TDM_COUNT(FIELDS); i++) {
            tdm_buf cell = { 0 };
            const json_t *value = json_object_get(row, FIELDS[i]);
            char *text = json_is_object(value) ? json_dumps(value, JSON_COMPACT) : NULL;
            if (text != NULL)
                tdm_buf_text(&cell, text);
            else
                tdm_row_cell(&cell, row, FIELDS[i], 0);
            tdm_buf_text(&line, i > 0 ? "\t" : "");
            tdm_terminal_add(&line, tdm_buf_span(&cell));
            tdm_buf_free(&cell);
            free(text);
        }
        fwrite(line.data, 1, line.len, session->out);
    }
    fputc('\n', session->out);
    tdm_buf_free(&line);
}

/* One after the other; written out where the next one has to be waited for. */
static tdm_code write_events(tdm_session *session, tdm_follow *follow, tdm_err *err)
{
    const json_t *row = NULL;
    tdm_code code = TDM_OK;
    while (code == TDM_OK || code == TDM_END) {
        if (tdm_follow_is_drained(follow) && fflush(session->out) != 0)
            return tdm_fail(err, TDM_IO, errno, "nobody reads the events any more");
        code = tdm_follow_row(follow, -1, &row, err);
        if (code == TDM_OK)
            write_event(session, row);
    }
    return code;
}

/* Until somebody interrupts it, or the daemon goes away. */
static int follow(const tdm_invocation *invocation, tdm_session *session)
{
    const char *words = invocation->command->words;
    tdm_connection *connection = NULL;
    tdm_follow *events = NULL;
    tdm_err err = { 0 };
    char *args = json_dumps(invocation->args, JSON_COMPACT);
    tdm_code code = args == NULL ? tdm_fail(&err, TDM_FULL, 0, "no memory for the arguments")
                                 : tdm_client_connect(invocation, session, invocation->command->verb, args,
                                                      &connection, &err);
    free(args);
    if (code == TDM_OK)
        code = tdm_follow_open(connection, json_deep_copy(invocation->args), &events, &err);
    if (code == TDM_OK)
        code = write_events(session, events, &err);
    const char *hint = connection == NULL ? "" : tdm_connection_hint(connection);
    int status = tdm_session_fail(session, words, &err, hint[0] == '\0' ? NULL : hint);
    tdm_follow_close(&events);
    tdm_connection_close(&connection);
    return status;
}

static int run_tail(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_err err = { 0 };
    if (!tdm_invocation_flag(invocation, "follow"))
        return tdm_client_run(invocation, session);
    const char *format = tdm_invocation_format(invocation);
    bool lines = format == NULL || strcmp(format, "jsonl") == 0 || strcmp(format, "plain") == 0;
    if (tdm_invocation_text(invocation, "store") == NULL && lines
        && tdm_invocation_text(invocation, "fields") == NULL)
        return follow(invocation, session);
    if (tdm_invocation_text(invocation, "store") == NULL)
        tdm_fail(&err, TDM_INVALID, 0,
                 "events that come are written as plain lines or jsonl, with all their fields");
    else
        tdm_fail(&err, TDM_INVALID, 0,
                 "a store without its daemon gets no events: leave --follow or --store away");
    return tdm_session_fail(session, invocation->command->words, &err, NULL);
}

/* ---- rows */

static const tdm_option TAIL_OPTIONS[] = {
    { "follow", 'f', TDM_WORD_FLAG, NULL, "follow", "go on: write each event as it comes" },
    { "limit", 0, TDM_WORD_NUMBER, NULL, "limit", "so many of the last events (10)" },
    { "after", 0, TDM_WORD_NUMBER, NULL, "after", "those after this position of the log instead" },
    { "type", 0, TDM_WORD_TEXT, NULL, "type", "of this type only, such as session" },
    { "node", 0, TDM_WORD_HEX, NULL, "origin", "of the node whose origin begins with these digits" },
    { "subject", 0, TDM_WORD_TEXT, NULL, "subject", "whose subject begins so, such as unit/R0A/" },
};

static const tdm_option LOG_OPTIONS[] = {
    { "node", 0, TDM_WORD_HEX, NULL, "origin", "with --incarnation and --last: the head of this log there" },
    { "incarnation", 0, TDM_WORD_HEX, NULL, "incarnation", "of the log" },
    { "last", 0, TDM_WORD_NUMBER, NULL, "last", "a sequence at which a run ends" },
};

static const tdm_option EXPORT_OPTIONS[] = {
    { "output", 0, TDM_WORD_FILE, NULL, NULL,
      "write to this file instead, compressed if its name ends in .zst; it appears when it is whole" },
};

static const tdm_positional LOG[] = {
    { "FILE", TDM_WORD_FILE, NULL, NULL, true, false,
      "an exported log, compressed or not, or - for standard input" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "tail",
        .summary = "show the last events of the log, and go on with those that come",
        .detail =
            "Positions count the events as this store took them; sequences, those of one origin. With "
            "--follow one line "
            "an event: position, recorded time, type, subject, origin, sequence and what it says, or with "
            "--format jsonl an object.",
        .example = "tandem tail --follow --type session",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        TDM_OPTIONS(TAIL_OPTIONS),
        .verb = "event.list",
        .columns = "position,recorded,type,subject,origin,sequence",
        .more = "received,incarnation,fact,notice",
        .function = run_tail,
    },
    {
        .words = "log list",
        .summary = "list the logs held here, and how far each goes",
        .detail = "The head follows from every event of a log up to there: where two stores tell the same "
                  "head, they hold the "
                  "same events.",
        .example = "tandem log list",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        TDM_OPTIONS(LOG_OPTIONS),
        .verb = "log.list",
        .columns = "origin,incarnation,last,head",
    },
    {
        .words = "export",
        .summary = "write the whole log as JSON Lines",
        .detail =
            "Lossless: import-log of it into an empty folder, exported again, gives the same bytes. Roots, "
            "heads and seals can be checked from the lines alone.",
        .example = "tandem export --output log.jsonl",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        TDM_OPTIONS(EXPORT_OPTIONS),
        .verb = "export",
        .timeout_s = 600,
        .function = run_export,
    },
    {
        .words = "import-log",
        .summary = "read an exported log into a new store",
        .detail = "Every root, head, seal and proof is checked. The store can be read with --store.",
        .example = "tandem import-log log.jsonl --store /tmp/copy",
        .roles = TDM_ALONE,
        .takes = TDM_TAKES_STORE | TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_POSITIONALS(LOG),
        .columns = "lines,events,runs,seals,notices",
        .function = run_import_log,
    },
    {
        .words = "verify",
        .summary = "look for damage: chains, seals, proofs, sequences, checksums",
        .detail =
            "Names every fault and where it is. Status 1 if there is any. Seals are held against what the "
            "hub's log states of keys, too: a log that goes on under a key that might not seal it is told.",
        .example = "tandem verify --store /var/lib/tandem-hub",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        .verb = "verify",
        .columns = "invariant,what,position,origin,incarnation,sequence",
        .timeout_s = 600,
        .function = run_verify,
    },
};

const tdm_group tdm_group_history = { "the log", COMMANDS, TDM_COUNT(COMMANDS), NULL };
