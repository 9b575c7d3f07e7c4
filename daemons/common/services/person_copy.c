/* SPDX-License-Identifier: MPL-2.0
 *
 * person_copy.c: the private log rewritten without its free pages, into a backup, and back from one. The
 * passphrase is the request's body, which control.c wipes; the key made of it is wiped here.
 */
#include "person.h"

#include "../lock_read.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

/* ---- compact */

static int64_t log_bytes(const tdm_service_context *context)
{
    tdm_private *log;
    tdm_kv_stats stats = { 0 };
    if (tdm_person_enter(context, &log, NULL) != TDM_OK)
        return 0;
    tdm_kv_stat(tdm_private_kv(log), &stats, NULL);
    tdm_people_leave(context->people);
    return (int64_t)stats.used_bytes;
}

tdm_code tdm_serve_person_compact(const tdm_service_context *context, const tdm_request *request,
                                  tdm_answer *answer, tdm_err *err)
{
    (void)request;
    if (context->people == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "this daemon keeps no private log");
    int64_t before = log_bytes(context);
    tdm_code code = tdm_people_compact(context->people, err);
    if (code != TDM_OK)
        return code;
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.person-compact/1", context->now_ms, true);
    tdm_json_begin_object(&document.json);
    tdm_member_text(&document.json, "state", "compacted");
    tdm_member_int(&document.json, "bytes_before", before);
    tdm_member_int(&document.json, "bytes", log_bytes(context));
    tdm_json_end_object(&document.json);
    return tdm_document_close(&document, err);
}

/* ---- backup and restore */

static tdm_code read_file_name(const json_t *args, const char **file, tdm_err *err)
{
    tdm_code code = tdm_arg_needed(args, "file", "/var/backups/people.tdmpriv", file, err);
    if (code == TDM_OK && (*file)[0] != '/')
        return tdm_fail(err, TDM_INVALID, 0, "name the file with its whole path, from / on");
    return code;
}

static tdm_code answer_file(const tdm_service_context *context, const char *state, const char *file,
                            const tdm_err *why, tdm_answer *answer, tdm_err *err)
{
    struct stat status;
    uint64_t people = 0;
    tdm_document document;
    tdm_people_glance(context->people, &people);
    tdm_document_open(&document, answer, "tandem.person-copy/1", context->now_ms, true);
    tdm_json_begin_object(&document.json);
    tdm_member_text(&document.json, "state", state);
    tdm_member_text(&document.json, "file", file);
    tdm_member_int(&document.json, "bytes", stat(file, &status) == 0 ? (int64_t)status.st_size : 0);
    tdm_member_int(&document.json, "people", (int64_t)people);
    if (why != NULL)
        tdm_member_text(&document.json, "summaries", why->code == TDM_OK ? "stated" : why->what);
    tdm_json_end_object(&document.json);
    return tdm_document_close(&document, err);
}

tdm_code tdm_serve_person_backup(const tdm_service_context *context, const tdm_request *request,
                                 tdm_answer *answer, tdm_err *err)
{
    const char *file = NULL;
    tdm_private *log;
    tdm_cipher_lock lock = { 0 };
    tdm_code code = read_file_name(request->args, &file, err);
    if (code == TDM_OK)
        code = tdm_lock_read(&lock, TDM_CIPHER_PRIVATE, "passphrase", request->body, NULL, err);
    if (code == TDM_OK)
        code = tdm_person_enter(context, &log, err);
    if (code == TDM_OK) {
        code = tdm_private_backup(log, file, &lock, err);
        tdm_people_leave(context->people);
    }
    tdm_cipher_lock_wipe(&lock);
    return code == TDM_OK ? answer_file(context, "written", file, NULL, answer, err) : code;
}

/* What is stated then follows from what came back. */
static void restate(const tdm_service_context *context, tdm_err *why)
{
    tdm_private *log;
    tdm_person_counts counts;
    *why = (tdm_err){ .code = TDM_OK };
    if (tdm_person_enter(context, &log, why) != TDM_OK)
        return;
    if (tdm_person_restate(context, log, false, &counts, why) == TDM_OK)
        why->code = TDM_OK;
    tdm_people_leave(context->people);
}

tdm_code tdm_serve_person_restore(const tdm_service_context *context, const tdm_request *request,
                                  tdm_answer *answer, tdm_err *err)
{
    const char *file = NULL;
    tdm_err why;
    tdm_cipher_lock lock = { 0 };
    if (context->people == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "this daemon keeps no private log");
    tdm_code code = read_file_name(request->args, &file, err);
    if (code == TDM_OK)
        code = tdm_lock_read(&lock, TDM_CIPHER_PRIVATE, "passphrase", request->body, file, err);
    if (code == TDM_OK)
        code = tdm_people_restore(context->people, file, &lock, err);
    tdm_cipher_lock_wipe(&lock);
    if (code != TDM_OK)
        return code;
    restate(context, &why);
    return answer_file(context, "restored", file, &why, answer, err);
}
