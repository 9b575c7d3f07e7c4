/* SPDX-License-Identifier: MPL-2.0
 *
 * group_stores.c: whole stores: snapshots, bringing one back, figures made again from the log.
 */
#include "client.h"

#include "ask.h"
#include "diff.h"
#include "progress.h"
#include "rebuild.h"
#include "replay.h"
#include "snapshots.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- rebuild */

static void add_state(json_t *rows, const char *which, const tdm_figures_state *state)
{
    char hash[2 * TDM_DIGEST_BYTES + 1];
    tdm_hex(hash, state->hash.bytes, TDM_DIGEST_BYTES);
    const tdm_fold_counts *counts = &state->counts;
    json_t *row = json_pack("{s:s, s:s}", "figures", which, "state",
                            state->code == TDM_OK          ? "sound"
                            : state->code == TDM_NOT_FOUND ? "none"
                                                           : "unreadable");
    if (state->code == TDM_OK)
        json_object_update_new(row, json_pack("{s:I, s:I, s:I, s:I, s:s}", "events",
                                              (json_int_t)counts->events, "units", (json_int_t)counts->units,
                                              "doubts", (json_int_t)counts->doubts, "position",
                                              (json_int_t)state->position, "hash", hash));
    else
        json_object_set_new(row, "what", json_string(state->what));
    json_array_append_new(rows, row);
}

static int show_rebuilt(const tdm_invocation *invocation, tdm_session *session, const tdm_rebuilt *made)
{
    json_t *rows = json_array();
    add_state(rows, "in use", &made->before);
    add_state(rows, "made again", &made->after);
    return tdm_client_show_rows(
        invocation, session, "tandem.rebuild/1", rows,
        made->before.code == TDM_NOT_FOUND || tdm_figures_same(&made->before, &made->after) ? 0 : 1);
}

static const char *verdict(const tdm_rebuilt *made)
{
    if (tdm_figures_same(&made->before, &made->after))
        return "The figures in use are those of the log.";
    if (made->before.code == TDM_NOT_FOUND)
        return "There were no figures.";
    return made->before.code == TDM_OK ? "The figures in use are NOT those of the log."
                                       : "The figures in use can not be read.";
}

static tdm_code make(const tdm_invocation *invocation, tdm_session *session, const char *folder,
                     tdm_rebuild **rebuild, tdm_rebuilt *made, tdm_err *err)
{
    tdm_progress progress;
    tdm_told told = tdm_progress_told(&progress);
    tdm_rebuild_options options = { .folder = folder, .told = &told };
    tdm_code code = tdm_offline_is_hub(folder, &options.hub, err);
    if (code == TDM_OK)
        code = tdm_rebuild_open(rebuild, &options, err);
    if (code != TDM_OK)
        return code;
    tdm_session_say(session,
                    "Making the figures of %s again from its log, beside those in use; the log is only read.",
                    folder);
    tdm_progress_open(&progress, invocation, session, "folding", "events");
    code = tdm_rebuild_make(*rebuild, made, err);
    tdm_progress_close(&progress);
    return code;
}

static tdm_code put_in_place(const tdm_invocation *invocation, tdm_session *session, tdm_rebuild *rebuild,
                             tdm_err *err)
{
    if (tdm_invocation_flag(invocation, "dry-run")) {
        tdm_session_say(session, "dry run: nothing was put in place");
        return tdm_rebuild_drop_new(rebuild, err);
    }
    tdm_code code = tdm_ask_yes(invocation, session, "Put the new figures in place of those in use?", err);
    if (code == TDM_OK)
        code = tdm_rebuild_swap(rebuild, err);
    bool drops = tdm_invocation_flag(invocation, "drop-old");
    if (code == TDM_OK && drops)
        code = tdm_rebuild_drop_old(rebuild, err);
    if (code == TDM_OK)
        tdm_session_say(session, drops
                                     ? "In place. Those they replaced are gone."
                                     : "In place. Those they replaced are in views.old until the next time.");
    return code;
}

static int run_rebuild(const tdm_invocation *invocation, tdm_session *session)
{
    const char *folder = tdm_invocation_text(invocation, "store");
    tdm_rebuild *rebuild = NULL;
    tdm_rebuilt made;
    tdm_err err = { 0 };
    int status = 0;
    bool dry = tdm_invocation_flag(invocation, "dry-run");
    tdm_code code = TDM_OK;
    if (folder == NULL)
        code = tdm_fail(&err, TDM_INVALID, 0, "name the folder of a stopped daemon: --store DIR");
    else if (!dry && !tdm_ask_can(invocation, session))
        code = tdm_fail(&err, TDM_UNCONFIRMED, 0, "nothing may be asked here: give --yes, or --dry-run");
    else
        code = make(invocation, session, folder, &rebuild, &made, &err);
    if (code == TDM_OK) {
        status = show_rebuilt(invocation, session, &made);
        tdm_session_say(session, "%s", verdict(&made));
        code = put_in_place(invocation, session, rebuild, &err);
    }
    tdm_rebuild_close(&rebuild);
    return code == TDM_OK ? status : tdm_session_fail(session, invocation->command->words, &err, NULL);
}

/* ---- rows */

static const tdm_positional NEW_FOLDER[] = {
    { "DIR", TDM_WORD_FOLDER, NULL, "folder", true, false, "a folder that is not there yet" },
};

static const tdm_positional OLD_FOLDER[] = {
    { "SNAPSHOT", TDM_WORD_FOLDER, NULL, NULL, true, false, "the folder that tandem snapshot made" },
};

static const char SECRET_REFUSAL[] =
    "a passphrase or a key is a secret and others can read command lines: give it when asked, with "
    "--passphrase-file FILE or --key-file FILE, or in a pipe";

#define READ_SECRETS                                                                                         \
    { "passphrase-file",                                                                                     \
      0,                                                                                                     \
      TDM_WORD_FILE,                                                                                         \
      NULL,                                                                                                  \
      NULL,                                                                                                  \
      "read the passphrase from this file; - for standard input" },                                          \
    {                                                                                                        \
        "key-file", 0, TDM_WORD_FILE, NULL, NULL,                                                            \
            "read a key of 64 hexadecimal digits from this file; - for standard input"                       \
    }

static const tdm_option SNAPSHOT_OPTIONS[] = {
    { "encrypt", 0, TDM_WORD_FLAG, NULL, NULL, "encrypt with a passphrase, which is asked for" },
    READ_SECRETS,
};

static const tdm_option RESTORE_OPTIONS[] = { READ_SECRETS };

static const tdm_positional TWO[] = {
    { "A", TDM_WORD_TEXT, NULL, NULL, true, false,
      "a store's or snapshot's folder, DIR@WHEN of it, or @WHEN of the daemon" },
    { "B", TDM_WORD_TEXT, NULL, NULL, true, false, "the other; @ is the daemon as it is now" },
};

static const tdm_option DIFF_OPTIONS[] = {
    { "events", 0, TDM_WORD_FLAG, NULL, NULL, "compare the logs alone" },
    { "figures", 0, TDM_WORD_FLAG, NULL, NULL, "compare the figures alone" },
};

static const tdm_option REBUILD_OPTIONS[] = {
    { "drop-old", 0, TDM_WORD_FLAG, NULL, NULL, "keep nothing of the figures that were replaced" },
};

static const tdm_positional SOURCE[] = {
    { "SOURCE", TDM_WORD_TEXT, NULL, NULL, true, false,
      "an exported log, compressed or not, - for standard input, or a store's folder" },
};

static const tdm_option REPLAY_OPTIONS[] = {
    { "node", 0, TDM_WORD_HEX, NULL, NULL, "logs of the node whose origin begins with these digits alone" },
    { "until", 0, TDM_WORD_WHEN, NULL, NULL,
      "of each log only what was recorded up to then: a time, a date, -2d" },
    { "type", 0, TDM_WORD_TEXT, NULL, NULL,
      "only events of these types, with commas between them, each with its proof; with --store" },
    { "rate", 0, TDM_WORD_NUMBER, NULL, NULL, "so many events a second at most" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "replay",
        .summary = "bring a log into a store: what is new is added, what is known stays",
        .detail =
            "From an export or a store into a new folder or a store whose daemon is stopped (--store), or "
            "into "
            "the running hub. Every root, head, seal and proof is checked, names and sequences stay; the "
            "running "
            "hub takes what is sealed by keys that it knows. Counts events that are new, known, or "
            "conflicting "
            "(another event of that sequence is there); status 1 if any conflict. Interrupted, it goes on "
            "where "
            "it was when it is given the same again. With --type the events chosen come alone, each with the "
            "proof that it is in its log.",
        .example = "tandem replay log.jsonl.zst --store /tmp/copy --until 2017-09-30",
        .roles = TDM_AT_HUB,
        .takes = TDM_TAKES_STORE | TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_POSITIONALS(SOURCE),
        TDM_OPTIONS(REPLAY_OPTIONS),
        .verb = "replay",
        .columns = "new,known,conflicting,left_out,logs,conflict",
        .function = tdm_replay_run,
    },
    {
        .words = "diff",
        .summary = "compare two stores, snapshots or moments, by event and by figure",
        .detail = "Lists each log that goes farther in one of the two, is missing, or forked, and each "
                  "figure of any measure by "
                  "any breakdown that differs: by financial year, of its usual dimension and indicator. Logs "
                  "of moments "
                  "are compared by their length. Status 1 if anything differs.",
        .example = "tandem diff /var/backups/tandem-2017-09-30 @ --figures",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        TDM_POSITIONALS(TWO),
        TDM_OPTIONS(DIFF_OPTIONS),
        .verb = "figure.list",
        .columns = "kind,what,a=A,b=B,note",
        .timeout_s = 600,
        .function = tdm_diff_run,
    },
    {
        .words = "snapshot",
        .summary = "copy the store's log as it is at this moment, verified",
        .detail =
            "Made while the daemon goes on, which writes it as its own user and answers others meanwhile. "
            "The copy is verified before it appears, and can be read with --store like a store. Figures "
            "are not in it: they are made again from the log. With --encrypt (a passphrase of 12 "
            "characters at least, from a prompt or standard input), --passphrase-file or --key-file it is "
            "encrypted: nothing of it is in clear on the disk, and it must be restored before it can be "
            "read.",
        .example = "tandem snapshot /var/backups/tandem-2017-09-30 --key-file /etc/tandem/snapshot.key",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE | TDM_TAKES_DRY_RUN,
        TDM_POSITIONALS(NEW_FOLDER),
        TDM_OPTIONS(SNAPSHOT_OPTIONS),
        .refusal = SECRET_REFUSAL,
        .verb = "snapshot",
        .columns = "folder,events,bytes,origin,sequence,blake2b_256",
        .more = "encrypted",
        .timeout_s = 3600,
        .function = tdm_snapshot_run,
    },
    {
        .words = "restore",
        .summary = "bring a store back from a snapshot",
        .detail =
            "Compared with the digest that was written with it, and verified, before it appears. What an "
            "encrypted one was encrypted with is asked for, or read with --passphrase-file or --key-file.",
        .example = "tandem restore /var/backups/tandem-2017-09-30 --store /tmp/copy",
        .roles = TDM_ALONE,
        .takes = TDM_TAKES_STORE | TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_POSITIONALS(OLD_FOLDER),
        TDM_OPTIONS(RESTORE_OPTIONS),
        .refusal = SECRET_REFUSAL,
        .columns = "folder,role,made,sequence,events,bytes",
        .function = tdm_restore_run,
    },
    {
        .words = "rebuild",
        .summary = "make the figures of a stopped daemon's store again from its log",
        .detail =
            "The new figures are made beside those in use and compared with them: their state hash follows "
            "from the set of facts alone. They take the others' place in one rename, once you say yes. "
            "Status 1 if there were others that differ. A run that was interrupted begins again.",
        .example = "tandem rebuild --store /var/lib/tandem-hub --dry-run",
        .roles = TDM_ALONE,
        .takes = TDM_TAKES_STORE | TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_OPTIONS(REBUILD_OPTIONS),
        .columns = "figures,state,events,units,doubts,hash,what",
        .more = "position",
        .function = run_rebuild,
    },
};

const tdm_group tdm_group_stores = { "whole stores", COMMANDS, TDM_COUNT(COMMANDS), NULL };
