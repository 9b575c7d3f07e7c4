/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshots.c: a copy of a store, encrypted or not, and back.
 */
#include "snapshots.h"

#include "ask.h"
#include "client.h"
#include "lock_read.h"
#include "progress.h"
#include "snapshot.h"

#include "tandem/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what encrypts a snapshot and opens it */

enum { SECRET_BYTES = 1100 };

static const tdm_ask NEW_PASSPHRASE = { .what = "passphrase",
                                        .option = "passphrase-file",
                                        .prompt = "Passphrase of the snapshot: ",
                                        .again = "The same again: ",
                                        .max = SECRET_BYTES };
static const tdm_ask OLD_PASSPHRASE = { .what = "passphrase",
                                        .option = "passphrase-file",
                                        .prompt = "Passphrase of the snapshot: ",
                                        .max = SECRET_BYTES };
static const tdm_ask KEY = {
    .what = "key", .option = "key-file", .prompt = "Key of the snapshot (64 digits): ", .max = SECRET_BYTES
};

static bool has(const tdm_invocation *invocation, const char *option)
{
    return tdm_invocation_text(invocation, option) != NULL;
}

/* ---- snapshot */

/* How it shall be encrypted; NULL: not at all. */
static tdm_code choose_lock(const tdm_invocation *invocation, const char **word, tdm_err *err)
{
    bool passphrase = has(invocation, "passphrase-file") || tdm_invocation_flag(invocation, "encrypt");
    bool key = has(invocation, "key-file");
    *word = key ? "key" : passphrase ? "passphrase" : NULL;
    return key && passphrase ? tdm_fail(err, TDM_INVALID, 0, "give a passphrase or a key, not both") : TDM_OK;
}

/* Where the daemon, which has another working folder, is to write. */
static tdm_code name_folder(const tdm_invocation *invocation, tdm_err *err)
{
    char here[PATH_MAX];
    const char *folder = tdm_invocation_text(invocation, "DIR");
    if (folder[0] == '/')
        return TDM_OK;
    if (getcwd(here, sizeof here) == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "name the folder with its whole path, from / on");
    json_object_set_new(invocation->args, "folder", json_sprintf("%s/%s", here, folder));
    return TDM_OK;
}

static tdm_code prepare(const tdm_invocation *invocation, tdm_session *session, tdm_buf *secret, tdm_err *err)
{
    const char *word = NULL;
    tdm_code code = name_folder(invocation, err);
    if (code == TDM_OK)
        code = choose_lock(invocation, &word, err);
    if (code != TDM_OK || word == NULL || tdm_invocation_flag(invocation, "dry-run"))
        return code;
    json_object_set_new(invocation->args, "lock", json_string(word));
    return tdm_ask_secret(strcmp(word, "key") == 0 ? &KEY : &NEW_PASSPHRASE, invocation, session, secret,
                          err);
}

/* Of a store without its daemon. */
static int copy_offline(const tdm_invocation *invocation, tdm_session *session, tdm_span secret,
                        tdm_answer *answer)
{
    tdm_err err = { 0 };
    tdm_progress progress;
    tdm_progress_open(&progress, invocation, session, "copying", "bytes");
    tdm_told told = tdm_progress_told(&progress);
    const tdm_offline_task work = { .folder = tdm_invocation_text(invocation, "store"),
                                    .verb = invocation->command->verb,
                                    .args = invocation->args,
                                    .body = secret,
                                    .told = &told };
    tdm_code code = tdm_offline_work(&work, answer, &err);
    tdm_progress_close(&progress);
    if (code == TDM_OK)
        return answer->exit;
    tdm_answer_free(answer);
    *answer = (tdm_answer){ 0 };
    return tdm_session_fail(session, invocation->command->words, &err, NULL);
}

static void say_copied(const tdm_invocation *invocation, tdm_session *session)
{
    const char *word = NULL;
    choose_lock(invocation, &word, NULL);
    if (tdm_invocation_flag(invocation, "dry-run"))
        tdm_session_say(session,
                        "dry run: the log would be copied, verified, and put there; nothing was written");
    else if (word == NULL)
        tdm_session_say(session,
                        "It holds the keys of the store: keep it as the store itself. Rows about people "
                        "are not in it: tandem person backup.");
    else
        tdm_session_say(session,
                        "It can only be brought back with the %s: keep that elsewhere. Rows about people "
                        "are not in it: tandem person backup.",
                        word);
}

int tdm_snapshot_run(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_buf secret = { .secret = true };
    tdm_err err = { 0 };
    tdm_answer answer = { 0 };
    tdm_code code = prepare(invocation, session, &secret, &err);
    int status;
    if (code != TDM_OK)
        status = tdm_session_fail(session, invocation->command->words, &err, NULL);
    else if (has(invocation, "store"))
        status = copy_offline(invocation, session, tdm_buf_span(&secret), &answer);
    else
        status = tdm_client_ask_row(invocation, session, tdm_buf_span(&secret), &answer);
    tdm_buf_free(&secret);
    bool made = status == 0 && answer.bytes.len > 0;
    status = tdm_client_show(invocation, session, &answer, status);
    if (made)
        say_copied(invocation, session);
    return status;
}

/* ---- restore */

static void say_plan(tdm_session *session, const tdm_snapshot *snapshot, const char *folder)
{
    char made[40];
    char origin[2 * TDM_ID_BYTES + 1];
    tdm_time_text(snapshot->made_ms, 0, made);
    tdm_hex(origin, snapshot->origin.bytes, TDM_ID_BYTES);
    tdm_session_say(session,
                    "The store of %s %.8s of %s, up to its event %llu, %llu events in all, goes to %s.",
                    snapshot->hub ? "hub" : "node", origin, made, (unsigned long long)snapshot->sequence,
                    (unsigned long long)snapshot->events, folder);
    tdm_session_say(session,
                    "If it stated anything after that, start no daemon on it while others hold what it "
                    "stated: two logs would go on from one place.");
}

static int show_restored(const tdm_invocation *invocation, tdm_session *session, const char *folder,
                         const tdm_snapshot *snapshot)
{
    char made[40];
    tdm_time_text(snapshot->made_ms, 0, made);
    json_t *rows =
        json_pack("[{s:s, s:s, s:s, s:I, s:I, s:I}]", "folder", folder, "role",
                  snapshot->hub ? "hub" : "node", "made", made, "sequence", (json_int_t)snapshot->sequence,
                  "events", (json_int_t)snapshot->events, "bytes", (json_int_t)snapshot->bytes);
    return tdm_client_show_rows(invocation, session, "tandem.restore/1", rows, 0);
}

/* Asked for in the way the snapshot was encrypted. */
static tdm_code open_lock(const tdm_invocation *invocation, tdm_session *session, const char *path,
                          tdm_cipher_lock *out, tdm_err *err)
{
    char file[PATH_MAX];
    bool by_passphrase = false;
    tdm_buf secret = { .secret = true };
    tdm_code code = tdm_path_join(file, path, TDM_SNAPSHOT_CIPHER_FILE, err);
    if (code == TDM_OK)
        code = tdm_cipher_asks_passphrase(TDM_CIPHER_SNAPSHOT, file, &by_passphrase, err);
    if (code == TDM_OK && has(invocation, by_passphrase ? "key-file" : "passphrase-file"))
        code = tdm_fail(err, TDM_INVALID, 0, "it was encrypted with a %s: give that",
                        by_passphrase ? "passphrase" : "key");
    if (code == TDM_OK)
        code = tdm_ask_secret(by_passphrase ? &OLD_PASSPHRASE : &KEY, invocation, session, &secret, err);
    if (code == TDM_OK)
        code = tdm_lock_read(out, TDM_CIPHER_SNAPSHOT, by_passphrase ? "passphrase" : "key",
                             tdm_buf_span(&secret), file, err);
    tdm_buf_free(&secret);
    return code;
}

static tdm_code bring_back(const tdm_invocation *invocation, tdm_session *session, const char *path,
                           const char *folder, tdm_snapshot *snapshot, tdm_err *err)
{
    tdm_cipher_lock lock = { .from_passphrase = false };
    tdm_progress progress;
    tdm_code code = snapshot->encrypted ? open_lock(invocation, session, path, &lock, err) : TDM_OK;
    if (code != TDM_OK)
        return code;
    tdm_progress_open(&progress, invocation, session, "restoring", "bytes");
    tdm_told told = tdm_progress_told(&progress);
    const tdm_snapshot_how how = { .lock = snapshot->encrypted ? &lock : NULL, .told = &told };
    code = tdm_invocation_flag(invocation, "dry-run")
               ? tdm_snapshot_check(path, &how, snapshot, err)
               : tdm_snapshot_restore(path, folder, &how, snapshot, err);
    tdm_progress_close(&progress);
    tdm_cipher_lock_wipe(&lock);
    if (code != TDM_OK && tdm_progress_stopped_by() != 0)
        code = tdm_fail(err, TDM_IO, EINTR, "interrupted: nothing of it is left");
    return code;
}

int tdm_restore_run(const tdm_invocation *invocation, tdm_session *session)
{
    const char *path = tdm_invocation_text(invocation, "SNAPSHOT");
    const char *folder = tdm_invocation_text(invocation, "store");
    tdm_snapshot snapshot;
    tdm_err err = { 0 };
    tdm_code code = folder == NULL
                        ? tdm_fail(&err, TDM_INVALID, 0, "name a new folder for the store: --store DIR")
                        : tdm_snapshot_read(path, &snapshot, &err);
    if (code == TDM_OK)
        say_plan(session, &snapshot, folder);
    if (code == TDM_OK)
        code = bring_back(invocation, session, path, folder, &snapshot, &err);
    if (code != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    int status = show_restored(invocation, session, folder, &snapshot);
    if (tdm_invocation_flag(invocation, "dry-run"))
        tdm_session_say(session, "dry run: the snapshot is as it was written; nothing was brought back");
    return status;
}
