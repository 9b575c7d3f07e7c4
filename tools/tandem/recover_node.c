/* SPDX-License-Identifier: MPL-2.0
 *
 * recover_node.c: a node whose disk is lost, and a node that was copied or put back from an old copy.
 */
#include "recover.h"
#include "shell.h"

#include "rejoin.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- node restore */

typedef struct restoring {
    tdm_recover_place place;
    bool enrols; /* new keys, by a code */
    bool known;  /* the hub is told, not read from the store */
    tdm_join_code hub;
} restoring;

static const tdm_ask CODE = { .what = "code",
                              .option = "code-file",
                              .prompt = "Code, as tandem invite --for NODE printed it at the hub: ",
                              .max = 16384 };

static tdm_code read_code(const tdm_invocation *invocation, tdm_session *session, restoring *r, tdm_err *err)
{
    tdm_buf text = { .secret = true };
    tdm_code code = tdm_ask_secret(&CODE, invocation, session, &text, err);
    if (code == TDM_OK)
        code = tdm_join_code_read(tdm_buf_span(&text), &r->hub, err);
    tdm_buf_free(&text);
    if (code != TDM_OK)
        return code;
    if (!r->hub.restores)
        return tdm_fail(
            err, TDM_INVALID, 0,
            "this code lets a new node join: to bring one back ask the hub for tandem invite --for "
            "NODE");
    tdm_identity who = { .origin = r->hub.origin };
    tdm_identity_renew(&who);
    r->enrols = r->known = true;
    code = tdm_recover_be(&r->place, &who, err);
    sodium_memzero(&who, sizeof who);
    return code;
}

static tdm_code read_identity(const tdm_invocation *invocation, tdm_session *session, const char *file,
                              restoring *r, tdm_err *err)
{
    tdm_saved_identity saved;
    tdm_code code = tdm_recover_identity(invocation, session, file, &saved, err);
    if (code == TDM_OK && (saved.hub || !saved.has_hub))
        code = tdm_fail(err, TDM_INVALID, 0, "%s",
                        saved.hub
                            ? "this is the identity of a hub: tandem hub rebuild brings that back"
                            : "this node had joined no hub when its identity was saved: nobody has its log");
    if (code == TDM_OK) {
        r->hub = saved.at;
        r->known = true;
        code = tdm_recover_be(&r->place, &saved.self, err);
    }
    tdm_saved_identity_wipe(&saved);
    return code;
}

static tdm_code read_who(const tdm_invocation *invocation, tdm_session *session, restoring *r, tdm_err *err)
{
    const char *file = tdm_invocation_text(invocation, "identity");
    if (!tdm_invocation_flag(invocation, "from-hub"))
        return tdm_fail(
            err, TDM_INVALID, 0,
            "say where the log comes from: --from-hub (a snapshot comes back with tandem restore)");
    tdm_code code = tdm_recover_find(invocation, &r->place, err);
    bool told = file != NULL || tdm_invocation_text(invocation, "code-file") != NULL;
    if (code != TDM_OK || (r->place.knows_hub && !told))
        return code;
    return file != NULL ? read_identity(invocation, session, file, r, err)
                        : read_code(invocation, session, r, err);
}

static void say_restore(tdm_session *session, const restoring *r)
{
    char origin[2 * TDM_ID_BYTES + 1];
    tdm_hex(origin, r->place.self.origin.bytes, TDM_ID_BYTES);
    if (r->place.begun)
        tdm_session_say(session, "Goes on in %s, where the log of node %.8s is being taken back.",
                        r->place.folder, origin);
    else
        tdm_session_say(session, "The log of node %.8s comes back from its hub at %s, into %s.", origin,
                        r->hub.endpoint, r->place.folder);
    if (r->enrols)
        tdm_session_say(session, "It gets new keys. Those it had are revoked: who has the old disk can not "
                                 "speak for it any more.");
    else if (!r->place.begun)
        tdm_session_say(session, "It goes on with the keys that were saved. If the old disk may be in other "
                                 "hands, use a code from the hub instead, which revokes them.");
    tdm_session_say(session,
                    "Facts that the hub never got are lost. Rows about people are not at the hub: bring "
                    "them back with tandem person restore once the node runs.");
}

static tdm_code take_back(const tdm_invocation *invocation, tdm_session *session, const restoring *r,
                          uint64_t counts[2], tdm_err *err)
{
    tdm_recover_progress watch;
    tdm_core *core = NULL;
    tdm_core_options options = { .folder = r->place.folder, .recovers = &r->place.self };
    tdm_code code = tdm_core_open(&core, &options, err);
    if (code != TDM_OK)
        return code;
    tdm_recovery_options how = tdm_recover_watch(&watch, invocation, session);
    code = tdm_recovery_of_node(core, r->known ? &r->hub : NULL, r->enrols, &how, err);
    tdm_recover_watched(&watch);
    if (code == TDM_OK) {
        counts[0] = tdm_recovery_held(core, tdm_core_origin(core));
        counts[1] = tdm_recovery_held(core, NULL) - counts[0];
        code = tdm_core_begin(core, err);
    }
    tdm_core_close(&core);
    return code;
}

static int show_restored(const tdm_invocation *invocation, tdm_session *session, const restoring *r,
                         const uint64_t counts[2])
{
    char origin[2 * TDM_ID_BYTES + 1];
    char word[TDM_SHELL_WORD_MAX];
    tdm_hex(origin, r->place.self.origin.bytes, TDM_ID_BYTES);
    json_t *rows = json_pack("[{s:s, s:s, s:I, s:I}]", "folder", r->place.folder, "origin", origin, "events",
                             (json_int_t)counts[0], "others", (json_int_t)counts[1]);
    int status = tdm_client_show_rows(invocation, session, "tandem.node.restore/1", rows, 0);
    tdm_session_say(session,
                    "The log is back. Start the node on this folder; tandem verify --store %s checks it.",
                    tdm_shell_word(word, r->place.folder));
    return status;
}

int tdm_node_restore_run(const tdm_invocation *invocation, tdm_session *session)
{
    restoring r = { 0 };
    uint64_t counts[2] = { 0 };
    tdm_err err = { 0 };
    bool dry = tdm_invocation_flag(invocation, "dry-run");
    tdm_code code = read_who(invocation, session, &r, &err);
    if (code == TDM_OK)
        say_restore(session, &r);
    if (code == TDM_OK && !dry)
        code = tdm_ask_yes(invocation, session, "Take the log back now?", &err);
    if (code == TDM_OK && !dry)
        code = take_back(invocation, session, &r, counts, &err);
    int status = code != TDM_OK ? tdm_session_fail(session, invocation->command->words, &err, NULL)
                 : dry          ? 0
                                : show_restored(invocation, session, &r, counts);
    if (code == TDM_OK && dry)
        tdm_session_say(session, "dry run: nothing was asked of the hub, nothing was written");
    sodium_memzero(&r, sizeof r);
    return status;
}

/* ---- node rejoin */

enum { SHOWN_MAX = 20 };

typedef struct shown_difference {
    json_t *rows;
} shown_difference;

static tdm_code show_event(void *context, const tdm_event *event, tdm_err *err)
{
    (void)err;
    char recorded[40];
    shown_difference *shown = context;
    const tdm_type *type = tdm_type_find(event->type);
    if (json_array_size(shown->rows) == SHOWN_MAX)
        return TDM_OK;
    tdm_time_text(event->recorded_ms, 0, recorded);
    json_array_append_new(shown->rows,
                          json_pack("{s:I, s:s, s:s%, s:s}", "sequence", (json_int_t)event->sequence, "type",
                                    type == NULL ? "unknown" : type->name, "subject",
                                    (const char *)event->subject.data, (size_t)event->subject.len, "recorded",
                                    recorded));
    return TDM_OK;
}

static void say_difference(tdm_session *session, const tdm_difference_counts *counts, const json_t *rows)
{
    tdm_session_say(
        session,
        "Both have %llu events of this node. The hub has %llu more, which are taken. Here are %llu that "
        "the hub has not.",
        (unsigned long long)counts->common, (unsigned long long)counts->theirs,
        (unsigned long long)counts->missing);
    if (counts->said_twice > 0)
        tdm_session_say(session,
                        "%llu more say here what the hub has under other numbers: they are not stated again.",
                        (unsigned long long)counts->said_twice);
    if (counts->missing > json_array_size(rows))
        tdm_session_say(session, "The first %zu of those it has not are shown.", json_array_size(rows));
}

static tdm_code take_history(const tdm_invocation *invocation, tdm_session *session, tdm_rejoin *rejoin,
                             tdm_err *err)
{
    tdm_recover_progress watch;
    char origin[2 * TDM_ID_BYTES + 1];
    tdm_hex(origin, tdm_rejoin_origin(rejoin)->bytes, TDM_ID_BYTES);
    tdm_session_say(
        session,
        "Reads from the hub at %s what it holds of node %.8s. If another copy of this node runs, it "
        "stops being heard by the hub from now on: end it.",
        tdm_rejoin_hub(rejoin)->endpoint, origin);
    tdm_recovery_options how = tdm_recover_watch(&watch, invocation, session);
    tdm_code code = tdm_rejoin_take(rejoin, &how, err);
    tdm_recover_watched(&watch);
    return code;
}

static tdm_code end_rejoin(const tdm_invocation *invocation, tdm_session *session, tdm_rejoin *rejoin,
                           bool dry, tdm_err *err)
{
    tdm_rejoined done;
    if (dry) {
        tdm_session_say(session, "dry run: what was read is dropped, nothing was changed");
        return tdm_rejoin_drop(rejoin, err);
    }
    tdm_code code =
        tdm_ask_yes(invocation, session,
                    "Take the hub's history, begin anew after it, and state again what only this copy "
                    "has?",
                    err);
    if (code == TDM_OK)
        code = tdm_rejoin_finish(rejoin, &done, err);
    if (code == TDM_OK)
        tdm_session_say(
            session,
            "Done: %llu facts were stated again. Start the node. The log as it was is in %s, until you "
            "remove it.",
            (unsigned long long)done.stated, done.kept);
    return code;
}

static tdm_code rejoin_all(const tdm_invocation *invocation, tdm_session *session, const char *folder,
                           bool dry, json_t *rows, int *status, tdm_err *err)
{
    tdm_rejoin *rejoin = NULL;
    tdm_difference_counts counts = { 0 };
    shown_difference shown = { rows };
    tdm_code code = tdm_rejoin_open(&rejoin, folder, 0, err);
    if (code == TDM_OK)
        code = take_history(invocation, session, rejoin, err);
    if (code == TDM_OK)
        code = tdm_rejoin_difference(rejoin, show_event, &shown, &counts, err);
    if (code == TDM_OK) {
        *status = tdm_client_show_rows(invocation, session, "tandem.node.rejoin/1", json_incref(rows), 0);
        say_difference(session, &counts, rows);
        code = end_rejoin(invocation, session, rejoin, dry, err);
    }
    tdm_rejoin_close(&rejoin);
    return code;
}

int tdm_node_rejoin_run(const tdm_invocation *invocation, tdm_session *session)
{
    const char *folder = tdm_invocation_text(invocation, "store");
    bool dry = tdm_invocation_flag(invocation, "dry-run");
    json_t *rows = json_array();
    tdm_err err = { 0 };
    int status = 0;
    tdm_code code = TDM_OK;
    if (folder == NULL)
        code = tdm_fail(&err, TDM_INVALID, 0, "name the folder of the stopped node: --store DIR");
    else if (!dry && !tdm_ask_can(invocation, session))
        code = tdm_fail(&err, TDM_UNCONFIRMED, 0, "nothing may be asked here: give --yes, or --dry-run");
    else
        code = rejoin_all(invocation, session, folder, dry, rows, &status, &err);
    json_decref(rows);
    return code == TDM_OK ? status : tdm_session_fail(session, invocation->command->words, &err, NULL);
}
