/* SPDX-License-Identifier: MPL-2.0
 *
 * group_recovery.c: when a disk is lost, a machine stolen, a copy started twice: one command for each, and
 * the keys that they are about.
 */
#include "recover.h"

#include <stdio.h>
#include <string.h>

/* ---- keys */

static int run_rotate(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_err err = { 0 };
    tdm_answer answer;
    tdm_code code = TDM_OK;
    tdm_session_say(session,
                    "A node makes new keys and asks its hub for them; links break for a moment. A hub states "
                    "new keys itself: the seal key changes at once, and the old link key goes on answering "
                    "nodes until tandem key retire. Nothing is lost.");
    if (!tdm_invocation_flag(invocation, "dry-run"))
        code = tdm_ask_yes(invocation, session, "Turn the keys over now?", &err);
    if (code != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    bool asked = answer.bytes.len > 0 && !tdm_invocation_flag(invocation, "dry-run");
    status = tdm_client_show(invocation, session, &answer, status);
    if (status == 0 && asked)
        tdm_session_say(session,
                        "tandem key list tells when the new keys stand. An identity saved before holds the "
                        "old ones: tandem key save. At a hub, tandem key retire --dry-run tells which nodes "
                        "have not heard of the new link key yet.");
    return status;
}

static int run_retire(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_err err = { 0 };
    tdm_answer plan;
    bool dry = tdm_invocation_flag(invocation, "dry-run");
    if (!dry && !tdm_ask_can(invocation, session)) {
        tdm_fail(&err, TDM_UNCONFIRMED, 0, "nothing may be asked here: give --yes, or --dry-run");
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    }
    json_object_set_new(invocation->args, "dry_run", json_true());
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &plan);
    bool planned = status == 0;
    status = tdm_client_show(invocation, session, &plan, status);
    if (!planned || status != 0)
        return status;
    tdm_session_say(
        session,
        "The old link key of this hub ends: every link is cut, and comes back by the new key. A node "
        "that needs a new code is refused until it has one: tandem invite here, tandem join there. "
        "Join codes that were not used yet end, too.");
    if (dry)
        return status;
    if (tdm_ask_yes(invocation, session, "End the old link key now?", &err) != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    json_object_set_new(invocation->args, "dry_run", json_false());
    status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &plan);
    if (status != 0)
        return status;
    tdm_answer_free(&plan);
    tdm_session_say(session,
                    "Done: the hub answers by its new link key alone. An identity saved before holds the old "
                    "one: tandem key save.");
    return 0;
}

static int run_revoke(const tdm_invocation *invocation, tdm_session *session)
{
    char warning[400];
    tdm_err err = { 0 };
    const char *node = tdm_invocation_text(invocation, "NODE");
    snprintf(warning, sizeof warning,
             "All keys of %.100s end now: its link is cut, and what it seals from here on counts nowhere. "
             "What the hub "
             "holds of it stays. It comes back only by a code: tandem invite --for %.100s.",
             node, node);
    tdm_code code = tdm_invocation_flag(invocation, "dry-run")
                        ? TDM_OK
                        : tdm_ask_name(invocation, session, node, warning, &err);
    if (code != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    return tdm_client_run(invocation, session);
}

/* ---- rows */

static const char PASSPHRASE_REFUSAL[] =
    "a passphrase is a secret and others can read command lines: give it when asked, with "
    "--passphrase-file FILE, or in a pipe";

static const tdm_positional NEW_FILE[] = {
    { "FILE", TDM_WORD_FILE, NULL, NULL, true, false, "a file that is not there yet" },
};

static const tdm_positional NODE[] = {
    { "NODE", TDM_WORD_TEXT, NULL, "node", true, false,
      "the beginning of its origin, as in tandem node list, or an organisation it speaks for" },
};

static const tdm_option PASSPHRASE[] = {
    { "passphrase-file", 0, TDM_WORD_FILE, NULL, NULL,
      "read the passphrase from this file; - for standard input" },
};

static const tdm_option ROTATE_OPTIONS[] = {
    { "again", 0, TDM_WORD_FLAG, NULL, "again", "turn over also keys that are less than an hour old" },
};

static const tdm_option CONFIRM[] = {
    { "confirm", 0, TDM_WORD_TEXT, NULL, "confirm", "NODE again, instead of typing it when asked" },
};

#define IDENTITY_OPTIONS                                                                                     \
    { "identity", 0, TDM_WORD_FILE, NULL, NULL, "the identity that tandem key save wrote" },                 \
    {                                                                                                        \
        "passphrase-file", 0, TDM_WORD_FILE, NULL, NULL,                                                     \
            "read its passphrase from this file; - for standard input"                                       \
    }

static const tdm_option RESTORE_OPTIONS[] = {
    { "from-hub", 0, TDM_WORD_FLAG, NULL, NULL, "take the log from the hub" },
    { "code-file", 0, TDM_WORD_FILE, NULL, NULL, "read the code from this file; - for standard input" },
    IDENTITY_OPTIONS,
};

static const tdm_option REBUILD_OPTIONS[] = {
    { "from-nodes", 0, TDM_WORD_FLAG, NULL, NULL, "take the log from the nodes" },
    { "listen", 0, TDM_WORD_ENDPOINT, NULL, NULL, "where nodes find their hub, as hub.listen had it" },
    IDENTITY_OPTIONS,
};

static const tdm_command COMMANDS[] = {
    {
        .words = "node restore",
        .summary = "bring a node back whose disk is lost: its log from the hub",
        .detail =
            "Into a new folder. With a code from tandem invite --for NODE at the hub it gets new keys, and "
            "those on the lost disk are revoked; with --identity it goes on with those that tandem key save "
            "wrote. Interrupted, the same command goes on where it was. Rows about people come from their "
            "own "
            "backup: tandem person restore.",
        .example = "tandem node restore --from-hub --store /var/lib/tandem-node --code-file code.txt",
        .roles = TDM_ALONE,
        .takes = TDM_TAKES_STORE | TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_OPTIONS(RESTORE_OPTIONS),
        .refusal =
            "a code is a secret and others can read command lines: give it when asked, with --code-file "
            "FILE, or in a pipe",
        .columns = "folder,origin,events=own|events,others=other|events",
        .function = tdm_node_restore_run,
    },
    {
        .words = "node rejoin",
        .summary = "mend a node that was copied, or put back from an old copy",
        .detail =
            "The hub refuses such a node as a fork. Its history is taken from the hub, what only this copy "
            "has "
            "is shown, and stated again after it under a new incarnation once you say yes. The log as it was "
            "is kept beside. For a node whose daemon is stopped.",
        .example = "tandem node rejoin --store /var/lib/tandem-node --dry-run",
        .roles = TDM_ALONE,
        .takes = TDM_TAKES_STORE | TDM_TAKES_DRY_RUN,
        .writes = true,
        .columns = "sequence,type,subject,recorded",
        .function = tdm_node_rejoin_run,
    },
    {
        .words = "hub rebuild",
        .summary = "bring a hub back whose disk is lost: its log from its nodes",
        .detail =
            "Into a new folder, under the name and keys that tandem key save wrote. It listens where the hub "
            "did and takes the hub's log from every node that connects, until all nodes that the log knows "
            "have given what they have, or nothing came for a minute, or --timeout. Then it asks, and the "
            "hub "
            "can "
            "be started.",
        .example =
            "tandem hub rebuild --from-nodes --store /var/lib/tandem-hub --identity hub.identity --listen "
            "tcp://127.0.0.1:7411",
        .roles = TDM_ALONE,
        .takes = TDM_TAKES_STORE | TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_OPTIONS(REBUILD_OPTIONS),
        .refusal = PASSPHRASE_REFUSAL,
        .columns = "node,state,last=last|sequence",
        .function = tdm_hub_rebuild_run,
    },
    {
        .words = "key list",
        .summary = "list the keys of the system: whose, for what, since revoked or not",
        .detail = "What a revoked seal key sealed up to the sequence shown stays valid.",
        .example = "tandem key list",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        .verb = "key.list",
        .columns = "origin,organisations,purpose,state,valid_to=valid to|sequence,here",
        .more = "key",
    },
    {
        .words = "key save",
        .summary = "write the name and keys of a store into an encrypted file, for the safe",
        .detail =
            "Needed to bring a hub back whose disk is lost, and enough to bring a node back. Also while the "
            "daemon runs. The passphrase, 12 characters at least, comes from a prompt, --passphrase-file or "
            "standard input. A file that exists is never written over.",
        .example = "tandem key save hub.identity --store /var/lib/tandem-hub --passphrase-file secret.txt",
        .roles = TDM_ALONE,
        .takes = TDM_TAKES_STORE,
        .writes = true,
        TDM_POSITIONALS(NEW_FILE),
        TDM_OPTIONS(PASSPHRASE),
        .refusal = PASSPHRASE_REFUSAL,
        .columns = "file,role,origin",
        .function = tdm_key_save_run,
    },
    {
        .words = "key rotate",
        .summary = "give this node, or this hub, new keys",
        .detail =
            "At a node: made here, stated by the hub, in use from its answer on. Old and new are valid until "
            "the node has come with the new ones; then the old ones are revoked. At a hub: made and stated "
            "by itself, under the seal of the old key. The new seal key is in use at once and the old one is "
            "revoked; the old link key answers until tandem key retire ends it, so that a node which "
            "was away meanwhile still gets in. Interrupted, the same command goes on where it was: a node's "
            "keys that were turned over within the hour stay, unless --again.",
        .example = "tandem key rotate --yes",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_OPTIONS(ROTATE_OPTIONS),
        .verb = "key.rotate",
        .columns = "origin,state",
        .function = run_rotate,
    },
    {
        .words = "key retire",
        .summary = "end the old link key of this hub, after key rotate",
        .detail =
            "Shows which nodes know the new link key, and asks. From then on the hub answers by the new one "
            "alone. A node that does not know it is refused and says so: a code from tandem invite, given to "
            "tandem join at that node, tells it. Interrupted, the hub finishes it at its next start.",
        .example = "tandem key retire --dry-run",
        .roles = TDM_AT_HUB,
        .takes = TDM_TAKES_DRY_RUN,
        .writes = true,
        .verb = "key.retire",
        .columns = "node,organisations,state",
        .function = run_retire,
    },
    {
        .words = "key revoke",
        .summary = "end all keys of a node, such as one whose machine was stolen",
        .detail = "Its live link is cut at once. What the hub holds of it stays valid.",
        .example = "tandem key revoke R0A --confirm R0A",
        .roles = TDM_AT_HUB,
        .takes = TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_POSITIONALS(NODE),
        TDM_OPTIONS(CONFIRM),
        .verb = "key.revoke",
        .columns = "origin,state,keys,valid_to=valid to|sequence",
        .function = run_revoke,
    },
};

const tdm_group tdm_group_recovery = { "recovery", COMMANDS, TDM_COUNT(COMMANDS), NULL };
