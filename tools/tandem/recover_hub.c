/* SPDX-License-Identifier: MPL-2.0
 *
 * recover_hub.c: a hub whose disk is lost: its log from its nodes, its name and keys from the safe.
 */
#include "recover.h"

#include "hub_rotation.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

typedef struct rebuilding {
    tdm_recover_place place;
    bool has_saved;
    tdm_saved_identity saved; /* has_saved; secret */
    const char *endpoint;
} rebuilding;

static tdm_code read_identity(const tdm_invocation *invocation, tdm_session *session, rebuilding *r,
                              tdm_err *err)
{
    tdm_saved_identity *saved = &r->saved;
    const char *file = tdm_invocation_text(invocation, "identity");
    if (file == NULL && r->place.begun)
        return TDM_OK;
    if (file == NULL)
        return tdm_fail(
            err, TDM_INVALID, 0,
            "give the hub's saved identity: --identity FILE, as tandem key save made it. Without its "
            "keys no node takes this for its hub");
    tdm_code code = tdm_recover_identity(invocation, session, file, saved, err);
    r->has_saved = code == TDM_OK;
    if (code == TDM_OK && !saved->hub)
        code = tdm_fail(err, TDM_INVALID, 0,
                        "this is the identity of a node: tandem node restore brings that back");
    if (code == TDM_OK)
        code = tdm_recover_be(&r->place, &saved->self, err);
    return code;
}

static tdm_code read_who(const tdm_invocation *invocation, tdm_session *session, rebuilding *r, tdm_err *err)
{
    if (!tdm_invocation_flag(invocation, "from-nodes"))
        return tdm_fail(
            err, TDM_INVALID, 0,
            "say where the log comes from: --from-nodes (a snapshot comes back with tandem restore)");
    r->endpoint = tdm_invocation_text(invocation, "listen");
    if (r->endpoint == NULL)
        return tdm_fail(
            err, TDM_INVALID, 0,
            "say where the nodes find their hub: --listen tcp://ADDRESS:PORT, as hub.listen had it");
    tdm_code code = tdm_recover_find(invocation, &r->place, err);
    return code != TDM_OK ? code : read_identity(invocation, session, r, err);
}

static void say_plan(tdm_session *session, const rebuilding *r)
{
    char origin[2 * TDM_ID_BYTES + 1];
    tdm_hex(origin, r->place.self.origin.bytes, TDM_ID_BYTES);
    tdm_session_say(session, "%s the log of hub %.8s into %s, from every node that connects at %s.",
                    r->place.begun ? "Goes on taking" : "Takes", origin, r->place.folder, r->endpoint);
    tdm_session_say(
        session, "Nodes give what they hold of it, and send their own facts again once the hub runs. What no "
                 "node got of the hub's log is lost: join codes not used yet, and what it stated last.");
}

static json_t *node_rows(const tdm_recovered_hub *back)
{
    char origin[2 * TDM_ID_BYTES + 1];
    json_t *rows = json_array();
    for (size_t i = 0; i < back->count; i++) {
        const tdm_recovery_node *node = &back->nodes[i];
        tdm_hex(origin, node->origin.bytes, TDM_ID_BYTES);
        json_array_append_new(rows, json_pack("{s:s, s:s, s:I}", "node", origin, "state",
                                              node->whole ? "taken whole" : "not whole", "last",
                                              (json_int_t)node->last));
    }
    return rows;
}

static void say_taken(tdm_session *session, const tdm_recovered_hub *back)
{
    tdm_session_say(session,
                    "%llu events of the hub's log are here; it knows %zu nodes, %zu of them were not heard.",
                    (unsigned long long)back->events, back->expected, back->missing);
    if (back->missing > 0)
        tdm_session_say(
            session,
            "A node that was not heard may hold more of the log. Begun without it, that part is a fork "
            "when it comes: wait for it if you can (run this again).");
}

static tdm_code begin(const tdm_invocation *invocation, tdm_session *session, tdm_core *core,
                      const tdm_recovered_hub *back, int *status, tdm_err *err)
{
    *status = tdm_client_show_rows(invocation, session, "tandem.hub.rebuild/1", node_rows(back), 0);
    say_taken(session, back);
    tdm_code code = tdm_ask_yes(invocation, session, "Begin again as this hub, after this log?", err);
    if (code == TDM_OK)
        code = tdm_core_begin(core, err);
    if (code == TDM_OK)
        tdm_session_say(
            session, "The log is back. Start the hub on this folder: its nodes send the rest by themselves.");
    return code;
}

/* The log's older part is proven by keys that were: an interrupted run may not have kept them yet. */
static tdm_code remember_retired(tdm_core *core, const rebuilding *r, tdm_err *err)
{
    const tdm_saved_identity *saved = &r->saved;
    return !r->has_saved || saved->retired_count == 0
               ? TDM_OK
               : tdm_hub_rotation_remember(core, (tdm_span){ saved->retired[0], saved->retired_count * 32 },
                                           err);
}

static tdm_code take_back(const tdm_invocation *invocation, tdm_session *session, const rebuilding *r,
                          int *status, tdm_err *err)
{
    tdm_recover_progress watch;
    tdm_recovered_hub back = { 0 };
    tdm_core *core = NULL;
    tdm_core_options options = { .folder = r->place.folder, .hub = true, .recovers = &r->place.self };
    tdm_code code = tdm_core_open(&core, &options, err);
    if (code != TDM_OK)
        return code;
    tdm_recovery_options how = tdm_recover_watch(&watch, invocation, session);
    code = remember_retired(core, r, err);
    if (code == TDM_OK)
        code = tdm_recovery_of_hub(core, r->endpoint, &how, &back, err);
    tdm_recover_watched(&watch);
    if (code == TDM_OK)
        code = tdm_recovery_check_keys(core, err);
    if (code == TDM_OK)
        code = begin(invocation, session, core, &back, status, err);
    free(back.nodes);
    tdm_core_close(&core);
    return code;
}

int tdm_hub_rebuild_run(const tdm_invocation *invocation, tdm_session *session)
{
    rebuilding r = { 0 };
    tdm_err err = { 0 };
    int status = 0;
    bool dry = tdm_invocation_flag(invocation, "dry-run");
    tdm_code code = TDM_OK;
    if (!dry && !tdm_ask_can(invocation, session))
        code = tdm_fail(&err, TDM_UNCONFIRMED, 0, "nothing may be asked here: give --yes, or --dry-run");
    if (code == TDM_OK)
        code = read_who(invocation, session, &r, &err);
    if (code == TDM_OK)
        say_plan(session, &r);
    if (code == TDM_OK && dry)
        tdm_session_say(session, "dry run: nobody was listened for, nothing was written");
    if (code == TDM_OK && !dry)
        code = take_back(invocation, session, &r, &status, &err);
    sodium_memzero(&r, sizeof r);
    return code == TDM_OK ? status : tdm_session_fail(session, invocation->command->words, &err, NULL);
}
