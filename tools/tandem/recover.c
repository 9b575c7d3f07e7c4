/* SPDX-License-Identifier: MPL-2.0
 *
 * recover.c: what the drills share.
 */
#include "recover.h"

#include "hub_rotation.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PASSPHRASE_BYTES = 1100, PASSPHRASE_LEAST = 12 };

const tdm_ask TDM_ASK_OLD_PASSPHRASE = { .what = "passphrase",
                                         .option = "passphrase-file",
                                         .prompt = "Passphrase of the saved identity: ",
                                         .max = PASSPHRASE_BYTES };
const tdm_ask TDM_ASK_NEW_PASSPHRASE = { .what = "passphrase",
                                         .option = "passphrase-file",
                                         .prompt = "Passphrase of the saved identity: ",
                                         .again = "The same again: ",
                                         .max = PASSPHRASE_BYTES };

static void read_place(tdm_core *core, tdm_recover_place *out)
{
    tdm_membership membership;
    out->begun = tdm_core_recovers(core);
    tdm_core_identity(core, &out->self);
    out->knows_hub = tdm_membership_read(core, &membership, NULL) == TDM_OK;
    sodium_memzero(&membership, sizeof membership);
}

tdm_code tdm_recover_find(const tdm_invocation *invocation, tdm_recover_place *out, tdm_err *err)
{
    tdm_core *core = NULL;
    *out = (tdm_recover_place){ .folder = tdm_invocation_text(invocation, "store") };
    if (out->folder == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "name a new folder for the store: --store DIR");
    tdm_core_options options = { .folder = out->folder, .read_only = true, .log_only = true };
    tdm_code code = tdm_core_open(&core, &options, err);
    if (code != TDM_OK)
        return code == TDM_NOT_FOUND ? TDM_OK : code;
    read_place(core, out);
    tdm_core_close(&core);
    return out->begun
               ? TDM_OK
               : tdm_fail(err, TDM_EXISTS, 0,
                          "%.200s holds a whole store already: name a new folder, or look at it with tandem "
                          "verify --store",
                          out->folder);
}

tdm_code tdm_recover_be(tdm_recover_place *place, const tdm_identity *who, tdm_err *err)
{
    tdm_identity renewed;
    if (place->begun)
        return tdm_id_equal(&place->self.origin, &who->origin)
                   ? TDM_OK
                   : tdm_fail(err, TDM_CONFLICT, 0, "in %.200s the log of another is being taken back",
                              place->folder);
    tdm_identity_renew(&renewed);
    place->self = *who;
    place->self.incarnation = renewed.incarnation;
    sodium_memzero(&renewed, sizeof renewed);
    return TDM_OK;
}

static void cut_line(tdm_buf *text)
{
    while (text->len > 0 && (text->data[text->len - 1] == '\n' || text->data[text->len - 1] == '\r'))
        text->len--;
}

tdm_code tdm_recover_identity(const tdm_invocation *invocation, tdm_session *session, const char *file,
                              tdm_saved_identity *out, tdm_err *err)
{
    tdm_buf passphrase = { .secret = true };
    tdm_code code = tdm_ask_secret(&TDM_ASK_OLD_PASSPHRASE, invocation, session, &passphrase, err);
    cut_line(&passphrase);
    if (code == TDM_OK)
        code = tdm_identity_load(file, tdm_buf_span(&passphrase), out, err);
    tdm_buf_free(&passphrase);
    return code;
}

/* ---- how it goes */

static void told(void *context, const char *what, uint64_t done, uint64_t total)
{
    tdm_recover_progress *watch = context;
    if (watch->what == NULL || strcmp(watch->what, what) != 0) {
        tdm_recover_watched(watch);
        watch->what = what;
        tdm_progress_open(&watch->progress, watch->invocation, watch->session, what, "events");
    }
    tdm_progress_tell(&watch->progress, done, total);
}

static bool is_stopped(void *context)
{
    (void)context;
    return tdm_progress_stopped_by() != 0;
}

tdm_recovery_options tdm_recover_watch(tdm_recover_progress *watch, const tdm_invocation *invocation,
                                       tdm_session *session)
{
    *watch = (tdm_recover_progress){ .invocation = invocation, .session = session };
    return (tdm_recovery_options){ .patience_ms = tdm_invocation_number(invocation, "timeout", 0) * 1000,
                                   .told = told,
                                   .ends = is_stopped,
                                   .context = watch };
}

void tdm_recover_watched(tdm_recover_progress *watch)
{
    if (watch->what != NULL)
        tdm_progress_close(&watch->progress);
    watch->what = NULL;
}

/* ---- key save: who a store is, for the safe */

static tdm_code read_retired(tdm_core *core, tdm_saved_identity *out, tdm_err *err)
{
    tdm_buf retired = { 0 };
    tdm_code code = tdm_hub_rotation_retired(core, &retired, err);
    if (code == TDM_OK && retired.len > sizeof out->retired)
        code = tdm_fail(err, TDM_FULL, 0, "a saved identity holds %d keys that were, this hub had more",
                        TDM_RETIRED_MAX);
    if (code == TDM_OK && retired.len > 0) {
        memcpy(out->retired, retired.data, retired.len);
        out->retired_count = retired.len / 32;
    }
    tdm_buf_free(&retired);
    return code;
}

static tdm_code read_store(const char *folder, tdm_saved_identity *out, tdm_err *err)
{
    tdm_core *core = NULL;
    tdm_membership membership;
    tdm_core_options options = { .folder = folder, .read_only = true, .log_only = true };
    memset(out, 0, sizeof *out);
    tdm_code code = tdm_offline_is_hub(folder, &out->hub, err);
    if (code == TDM_OK)
        code = tdm_core_open(&core, &options, err);
    if (code != TDM_OK)
        return code;
    tdm_core_identity(core, &out->self);
    if (tdm_id_is_zero(&out->self.origin))
        code = tdm_fail(err, TDM_NOT_FOUND, 0,
                        "%.200s was made from a log alone: it is nobody, and has no keys to save", folder);
    else if (tdm_membership_read(core, &membership, NULL) == TDM_OK && membership.joined) {
        out->has_hub = true;
        out->at.hub = membership.hub;
        memcpy(out->at.hub_key, membership.hub_key, sizeof out->at.hub_key);
        memcpy(out->at.endpoint, membership.endpoint, sizeof out->at.endpoint);
    }
    sodium_memzero(&membership, sizeof membership);
    if (code == TDM_OK)
        code = read_retired(core, out, err);
    tdm_core_close(&core);
    return code;
}

static tdm_code ask_new_passphrase(const tdm_invocation *invocation, tdm_session *session, tdm_buf *out,
                                   tdm_err *err)
{
    tdm_code code = tdm_ask_secret(&TDM_ASK_NEW_PASSPHRASE, invocation, session, out, err);
    cut_line(out);
    if (code == TDM_OK && out->len < PASSPHRASE_LEAST)
        return tdm_fail(
            err, TDM_INVALID, 0,
            "give a passphrase of %d characters at least: who opens this file speaks for the node",
            PASSPHRASE_LEAST);
    return code;
}

int tdm_key_save_run(const tdm_invocation *invocation, tdm_session *session)
{
    const char *folder = tdm_invocation_text(invocation, "store");
    const char *file = tdm_invocation_text(invocation, "FILE");
    tdm_saved_identity identity = { 0 };
    tdm_buf passphrase = { .secret = true };
    tdm_err err = { 0 };
    tdm_code code = folder == NULL ? tdm_fail(&err, TDM_INVALID, 0, "name the store's folder: --store DIR")
                                   : read_store(folder, &identity, &err);
    if (code == TDM_OK)
        code = ask_new_passphrase(invocation, session, &passphrase, &err);
    if (code == TDM_OK)
        code = tdm_identity_save(file, &identity, tdm_buf_span(&passphrase), 0, 0, &err);
    tdm_buf_free(&passphrase);
    char origin[2 * TDM_ID_BYTES + 1];
    tdm_hex(origin, identity.self.origin.bytes, TDM_ID_BYTES);
    bool hub = identity.hub;
    tdm_saved_identity_wipe(&identity);
    if (code != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    json_t *rows =
        json_pack("[{s:s, s:s, s:s}]", "file", file, "role", hub ? "hub" : "node", "origin", origin);
    int status = tdm_client_show_rows(invocation, session, "tandem.identity/1", rows, 0);
    tdm_session_say(
        session, "Keep it and its passphrase apart from this machine. After a rotation of keys, save anew.");
    return status;
}
