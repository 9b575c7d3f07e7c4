/* SPDX-License-Identifier: MPL-2.0
 *
 * log_reader.c: a log for another program, from wherever it is kept.
 */
#include "log_source.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tdm_log_reader {
    tdm_log_source *source;
    tdm_buf line;
    uint64_t position;
    tdm_err ended; /* code other than TDM_OK: what every call returns from now on */
};

static tdm_code look_at(const char *path, bool *folder, tdm_err *err)
{
    struct stat found;
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    if (stat(path, &found) != 0)
        return tdm_fail(err,
                        errno == ENOENT || errno == ENOTDIR ? TDM_NOT_FOUND
                        : errno == EACCES                   ? TDM_DENIED
                                                            : TDM_IO,
                        errno, "%.120s: %s", path, strerror(errno));
    *folder = S_ISDIR(found.st_mode);
    return TDM_OK;
}

tdm_code tdm_log_reader_open(tdm_log_reader **out, const char *path, tdm_err *err)
{
    bool folder = false;
    tdm_log_reader *made = calloc(1, sizeof *made);
    *out = NULL;
    tdm_code code =
        made == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory to read a log") : look_at(path, &folder, err);
    if (code == TDM_OK)
        code = folder ? tdm_log_store_open(&made->source, path, err)
                      : tdm_log_file_open(&made->source, path, err);
    if (code == TDM_OK)
        *out = made;
    else
        free(made);
    return code;
}

static tdm_code next_line(tdm_log_reader *reader, tdm_err *err)
{
    tdm_span bytes = { 0 };
    tdm_event event;
    tdm_code code = reader->source->kind->next(reader->source, &bytes, &reader->position, err);
    if (code == TDM_OK)
        code = tdm_event_peek(bytes, &event, err);
    tdm_buf_clear(&reader->line);
    if (code == TDM_OK)
        code = tdm_event_to_json(&event, &reader->line, err);
    tdm_buf_add(&reader->line, "", 1);
    if (code == TDM_OK && reader->line.failed)
        code = tdm_fail(err, TDM_FULL, 0, "no memory for an event");
    return code;
}

tdm_code tdm_log_reader_next(tdm_log_reader *reader, const char **event, tdm_err *err)
{
    *event = NULL;
    if (reader->ended.code == TDM_OK) {
        tdm_err why = { 0 };
        tdm_code code = next_line(reader, &why);
        if (code == TDM_OK) {
            *event = (const char *)reader->line.data;
            return TDM_OK;
        }
        reader->ended = why;
        reader->ended.code = code;
    }
    if (err != NULL && reader->ended.code != TDM_END)
        *err = reader->ended;
    return reader->ended.code;
}

uint64_t tdm_log_reader_position(const tdm_log_reader *reader)
{
    return reader->position;
}

void tdm_log_reader_close(tdm_log_reader **reader)
{
    if (reader == NULL || *reader == NULL)
        return;
    (*reader)->source->kind->close((*reader)->source);
    tdm_buf_free(&(*reader)->line);
    free(*reader);
    *reader = NULL;
}

/* ---- looking for damage ---- */

static void tell(tdm_log_teller *to, const tdm_ledger_fault *fault, const tdm_ledger_summary *summary)
{
    tdm_buf row = { 0 };
    tdm_json json = tdm_json_open(&row);
    if (fault != NULL)
        tdm_ledger_fault_json(&json, fault);
    else
        tdm_ledger_summary_json(&json, summary);
    bool whole = tdm_json_close(&json, NULL) == TDM_OK;
    tdm_buf_add(&row, "", 1);
    to->failed = to->failed || !whole || row.failed;
    if (!to->failed && to->report != NULL)
        to->report(to->context, (const char *)row.data);
    tdm_buf_free(&row);
}

void tdm_log_tell_fault(void *teller, const tdm_ledger_fault *fault)
{
    tell(teller, fault, NULL);
}

void tdm_log_tell_summary(tdm_log_teller *teller, const tdm_ledger_summary *summary)
{
    tell(teller, NULL, summary);
}

tdm_code tdm_log_verify(const char *path, tdm_log_report *report, void *context, tdm_err *err)
{
    tdm_log_teller to = { .report = report, .context = context };
    bool folder = false;
    tdm_code code = look_at(path, &folder, err);
    if (code == TDM_OK)
        code = folder ? tdm_log_store_verify(path, &to, err) : tdm_log_file_verify(path, &to, err);
    return to.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a row") : code;
}
