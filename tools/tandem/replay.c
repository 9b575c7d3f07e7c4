/* SPDX-License-Identifier: MPL-2.0
 *
 * replay.c: a log, from a file or a store, into another store.
 */
#include "replay.h"

#include "clock.h"
#include "log_replay.h"
#include "progress.h"
#include "services/services.h"
#include "zstd_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the lines come from. */
typedef struct source {
    FILE *lines;
    FILE *file;  /* compressed, or the same */
    pid_t child; /* writes a store's log into the pipe; 0: none */
} source;

static tdm_code open_store(source *out, const char *folder, tdm_err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return tdm_fail(err, TDM_IO, errno, "a pipe could not be made: %s", strerror(errno));
    out->child = fork();
    if (out->child == 0) {
        tdm_err why = { 0 };
        close(ends[0]);
        FILE *to = fdopen(ends[1], "w");
        tdm_code code = to == NULL ? TDM_IO : tdm_offline_export(folder, to, NULL, &why);
        bool whole = to != NULL && fclose(to) == 0;
        if (code != TDM_OK)
            fprintf(stderr, "tandem replay: %s: %s\n", folder, why.what);
        _exit(code == TDM_OK && whole ? 0 : 1);
    }
    close(ends[1]);
    out->file = out->child < 0 ? NULL : fdopen(ends[0], "r");
    out->lines = out->file;
    return out->file != NULL ? TDM_OK : tdm_fail(err, TDM_IO, errno, "no process could be started");
}

static tdm_code open_file(source *out, const char *path, tdm_session *session, tdm_err *err)
{
    out->file = strcmp(path, "-") == 0 ? session->in : fopen(path, "rbe");
    if (out->file == NULL)
        return tdm_fail(err, errno == ENOENT ? TDM_NOT_FOUND : TDM_IO, errno, "%.120s: %s", path,
                        strerror(errno));
    out->lines = tdm_zstd_begins(out->file) ? tdm_zstd_reader(out->file) : out->file;
    return out->lines != NULL ? TDM_OK : tdm_fail(err, TDM_FULL, 0, "no memory to read a compressed log");
}

static tdm_code open_source(source *out, const char *path, tdm_session *session, tdm_err *err)
{
    struct stat found;
    *out = (source){ 0 };
    bool folder = stat(path, &found) == 0 && S_ISDIR(found.st_mode);
    return folder ? open_store(out, path, err) : open_file(out, path, session, err);
}

/* The log was read whole: its stream without an error, its writer without a failure. */
static bool close_source(source *s, const tdm_session *session)
{
    int status = 0;
    bool whole = s->lines == NULL || !ferror(s->lines);
    if (s->lines != NULL && s->lines != s->file)
        fclose(s->lines);
    if (s->file != NULL && s->file != session->in)
        fclose(s->file);
    while (s->child > 0 && waitpid(s->child, &status, 0) < 0 && errno == EINTR)
        continue;
    return whole && status == 0;
}

static tdm_code read_options(const tdm_invocation *invocation, tdm_replay_options *out, tdm_err *err)
{
    const char *until = tdm_invocation_text(invocation, "until");
    *out = (tdm_replay_options){ .folder = tdm_invocation_text(invocation, "store"),
                                 .dry_run = tdm_invocation_flag(invocation, "dry-run"),
                                 .node = tdm_invocation_text(invocation, "node"),
                                 .has_until = until != NULL,
                                 .per_second = (uint64_t)tdm_invocation_number(invocation, "rate", 0) };
    if (out->folder == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "name the folder of the store that gets the log: --store DIR");
    if (until == NULL)
        return TDM_OK;
    return tdm_when_parse(until, tdm_clock_wall_ms(), &out->until_ms, err);
}

static int show(const tdm_invocation *invocation, tdm_session *session, const tdm_replayed *done, int status)
{
    json_t *document =
        json_pack("{s:s, s:[{s:I, s:I, s:I, s:I, s:I, s:s}]}", "schema", "tandem.replay/1", "data", "new",
                  (json_int_t)done->added, "known", (json_int_t)done->known, "conflicting",
                  (json_int_t)done->conflicting, "left_out", (json_int_t)done->left_out, "logs",
                  (json_int_t)done->logs, "conflict", done->conflict);
    char *text = json_dumps(document, JSON_COMPACT);
    tdm_answer answer = { 0 };
    tdm_buf_text(&answer.bytes, text);
    free(text);
    json_decref(document);
    return tdm_client_show(invocation, session, &answer, status);
}

int tdm_replay_run(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_replay_options options;
    tdm_replayed done = { 0 };
    tdm_progress progress;
    source from = { 0 };
    tdm_err err = { 0 };
    tdm_code code = read_options(invocation, &options, &err);
    if (code == TDM_OK)
        code = open_source(&from, tdm_invocation_text(invocation, "SOURCE"), session, &err);
    tdm_progress_open(&progress, invocation, session, "replaying", "events");
    tdm_told told = tdm_progress_told(&progress);
    options.told = &told;
    tdm_progress_read(&progress, from.file);
    if (code == TDM_OK)
        code = tdm_log_replay(&options, from.lines, &done, &err);
    tdm_progress_close(&progress);
    bool whole = close_source(&from, session);
    if (code != TDM_OK && tdm_progress_stopped_by() != 0)
        code = tdm_fail(&err, TDM_IO, EINTR,
                        "interrupted: what was read is there, and the same again goes on from it");
    if ((code == TDM_OK || code == TDM_DIFFERS) && !whole)
        code =
            tdm_fail(&err, TDM_MALFORMED, 0, "the log could not be read to its end; what was read is there");
    if (code != TDM_OK && code != TDM_DIFFERS)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    int status = show(invocation, session, &done, code == TDM_OK ? 0 : 1);
    if (options.dry_run)
        tdm_session_say(session, "dry run: nothing was written");
    return status;
}
