/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot.c: the service that makes a snapshot of the store.
 */
#include "services.h"

#include "../lock_read.h"
#include "../log.h"
#include "../snapshot.h"
#include "../upkeep.h"

/* The snapshot is there, also where that can not be written down. */
static void note_copied(const tdm_service_context *context, int64_t made_ms)
{
    tdm_err err;
    if (!tdm_core_is_read_only(context->core)
        && tdm_upkeep_set_copied(context->core, made_ms, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_WARN, "SNAPSHOT-NOT-NOTED", &err);
}

/* "lock": "passphrase" or "key", which is the body (control.c wipes it). Absent: not encrypted. */
static tdm_code make(const tdm_service_context *context, const tdm_request *request, const char *path,
                     tdm_snapshot *made, tdm_err *err)
{
    tdm_cipher_lock lock = { .from_passphrase = false };
    const char *word = tdm_arg_text(request->args, "lock");
    const tdm_snapshot_how how = { .lock = word == NULL ? NULL : &lock, .told = context->told };
    tdm_code code = tdm_snapshot_check_new(path, err); /* before a second goes into a passphrase */
    if (code == TDM_OK && word != NULL)
        code = tdm_lock_read(&lock, TDM_CIPHER_SNAPSHOT, word, request->body, NULL, err);
    if (code == TDM_OK)
        code = tdm_snapshot_make(context->core, path, context->now_ms, &how, made, err);
    tdm_cipher_lock_wipe(&lock);
    return code;
}

tdm_code tdm_serve_snapshot(const tdm_service_context *context, const tdm_request *request,
                            tdm_answer *answer, tdm_err *err)
{
    const char *path = NULL;
    char digest[2 * TDM_DIGEST_BYTES + 1];
    tdm_snapshot made;
    tdm_document document;
    tdm_code code = tdm_arg_needed(request->args, "folder", "/var/backups/tandem-2017-09-30", &path, err);
    if (code == TDM_OK && path[0] != '/')
        code = tdm_fail(err, TDM_INVALID, 0, "name the folder with its whole path, from / on");
    bool dry = tdm_arg_flag(request->args, "dry_run");
    if (code == TDM_OK)
        code = dry ? tdm_snapshot_check_new(path, err) : make(context, request, path, &made, err);
    if (code != TDM_OK)
        return code;
    if (dry) {
        tdm_document_open(&document, answer, "tandem.snapshot/1", context->now_ms, true);
        return tdm_document_close(&document, err);
    }
    note_copied(context, made.made_ms);
    tdm_hex(digest, made.digest.bytes, TDM_DIGEST_BYTES);
    tdm_document_open(&document, answer, "tandem.snapshot/1", made.made_ms, true);
    tdm_json_begin_object(&document.json);
    tdm_member_text(&document.json, "folder", path);
    tdm_member_int(&document.json, "events", (int64_t)made.events);
    tdm_member_int(&document.json, "bytes", (int64_t)made.bytes);
    tdm_json_id(tdm_json_key(&document.json, "origin"), &made.origin);
    tdm_member_int(&document.json, "sequence", (int64_t)made.sequence);
    tdm_member_text(&document.json, "blake2b_256", digest);
    tdm_member_bool(&document.json, "encrypted", made.encrypted);
    tdm_json_end_object(&document.json);
    return tdm_document_close(&document, err);
}
