/* SPDX-License-Identifier: MPL-2.0
 *
 * replay.c: a log, from a file or a store, into another store.
 */
#include "replay.h"

#include "clock.h"
#include "log_replay.h"
#include "progress.h"
#include "replay_live.h"
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

enum { TYPES_MAX = 64 };

/* Words with commas between them. */
static tdm_code read_types(const char *text, uint32_t types[TYPES_MAX], size_t *count, tdm_err *err)
{
    *count = 0;
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ", ");
        const tdm_type *type = tdm_type_named((tdm_span){ (const uint8_t *)text, len });
        if (type == NULL)
            return tdm_fail(err, TDM_INVALID, 0, "there is no type of event \"%.*s\": see docs/events.md",
                            (int)(len < 40 ? len : 40), text);
        if (*count == TYPES_MAX)
            return tdm_fail(err, TDM_INVALID, 0, "at most %d types at once", TYPES_MAX);
        types[(*count)++] = type->number;
        text += len + strspn(text + len, ", ");
    }
    return TDM_OK;
}

static tdm_code read_options(const tdm_invocation *invocation, uint32_t types[TYPES_MAX],
                             tdm_replay_options *out, tdm_err *err)
{
    const char *until = tdm_invocation_text(invocation, "until");
    *out = (tdm_replay_options){ .folder = tdm_invocation_text(invocation, "store"),
                                 .dry_run = tdm_invocation_flag(invocation, "dry-run"),
                                 .node = tdm_invocation_text(invocation, "node"),
                                 .types = types,
                                 .has_until = until != NULL,
                                 .per_second = (uint64_t)tdm_invocation_number(invocation, "rate", 0) };
    tdm_code code = read_types(tdm_invocation_text(invocation, "type"), types, &out->type_count, err);
    if (code == TDM_OK && out->folder == NULL && out->type_count > 0)
        code = tdm_fail(err, TDM_INVALID, 0,
                        "a running daemon takes whole logs: leave out --type, or give --store");
    if (code != TDM_OK || until == NULL)
        return code;
    return tdm_when_parse(until, tdm_clock_wall_ms(), &out->until_ms, err);
}

static int show(const tdm_invocation *invocation, tdm_session *session, const tdm_replayed *done, int status)
{
    json_t *rows =
        json_pack("[{s:I, s:I, s:I, s:I, s:I, s:s}]", "new", (json_int_t)done->added, "known",
                  (json_int_t)done->known, "conflicting", (json_int_t)done->conflicting, "left_out",
                  (json_int_t)done->left_out, "logs", (json_int_t)done->logs, "conflict", done->conflict);
    return tdm_client_show_rows(invocation, session, "tandem.replay/1", rows, status);
}

/* Into a folder, or where none is named into the running daemon. Told: the failure was told already. */
static tdm_code bring(const tdm_invocation *invocation, tdm_session *session, source *from,
                      tdm_replay_options *options, tdm_replayed *done, int *told_status, tdm_err *err)
{
    tdm_progress progress;
    tdm_code code = TDM_OK;
    tdm_progress_open(&progress, invocation, session, "replaying", "events");
    tdm_told told = tdm_progress_told(&progress);
    options->told = &told;
    tdm_progress_read(&progress, from->file);
    if (options->folder != NULL)
        code = tdm_log_replay(options, from->lines, done, err);
    else
        *told_status = tdm_replay_live(invocation, session, from->lines, options, &progress, done);
    tdm_progress_close(&progress);
    if (options->folder == NULL && *told_status == 0 && done->conflicting > 0)
        code = tdm_fail(err, TDM_DIFFERS, 0, "%s", done->conflict);
    if ((code != TDM_OK || options->folder == NULL) && tdm_progress_stopped_by() != 0)
        code = tdm_fail(err, TDM_IO, EINTR,
                        "interrupted: what was read is there, and the same again goes on from it");
    return code;
}

int tdm_replay_run(const tdm_invocation *invocation, tdm_session *session)
{
    uint32_t types[TYPES_MAX];
    tdm_replay_options options;
    tdm_replayed done = { 0 };
    source from = { 0 };
    int told = 0;
    tdm_err err = { 0 };
    tdm_code code = read_options(invocation, types, &options, &err);
    if (code == TDM_OK)
        code = open_source(&from, tdm_invocation_text(invocation, "SOURCE"), session, &err);
    if (code == TDM_OK)
        code = bring(invocation, session, &from, &options, &done, &told, &err);
    bool whole = close_source(&from, session);
    if (told != 0)
        return told;
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
