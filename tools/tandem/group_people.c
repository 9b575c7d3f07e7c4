/* SPDX-License-Identifier: MPL-2.0
 *
 * group_people.c: the people in a node's private log: who, what, summarising, erasing, backups.
 */
#include "client.h"

#include "ask.h"
#include "terminal.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 1100 };

static bool is_dry_run(const tdm_invocation *invocation)
{
    return tdm_invocation_flag(invocation, "dry-run");
}

/* ---- erase: the name again, typed or given */

static tdm_code confirm(const tdm_invocation *invocation, tdm_session *session, tdm_err *err)
{
    char warning[LINE_BYTES];
    const char *person = tdm_invocation_text(invocation, "PERSON");
    if (is_dry_run(invocation))
        return TDM_OK;
    snprintf(warning, sizeof warning, "All rows of %.1000s are erased for good; the figures stay.", person);
    return tdm_ask_name(invocation, session, person, warning, err);
}

static int run_erase(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer;
    tdm_err err = { 0 };
    if (confirm(invocation, session, &err) != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    bool asked = answer.bytes.len > 0;
    status = tdm_client_show(invocation, session, &answer, status);
    if (status == 0 && asked)
        tdm_session_say(session, "Free pages of the file may still hold the key that was destroyed: tandem "
                                 "person compact rewrites it. Older backups hold the person, too.");
    return status;
}

/* ---- backups and their passphrases */

static const tdm_ask OLD_PASSPHRASE = { .what = "passphrase",
                                        .option = "passphrase-file",
                                        .prompt = "Passphrase of the backup: ",
                                        .max = LINE_BYTES };
static const tdm_ask NEW_PASSPHRASE = { .what = "passphrase",
                                        .option = "passphrase-file",
                                        .prompt = "Passphrase of the backup: ",
                                        .again = "The same again: ",
                                        .max = LINE_BYTES };

/* The daemon has another working folder. */
static tdm_code name_file(const tdm_invocation *invocation, tdm_err *err)
{
    char folder[PATH_MAX];
    const char *file = tdm_invocation_text(invocation, "FILE");
    if (file[0] == '/')
        return TDM_OK;
    if (getcwd(folder, sizeof folder) == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "name the file with its whole path, from / on");
    json_object_set_new(invocation->args, "file", json_sprintf("%s/%s", folder, file));
    return TDM_OK;
}

static int run_copy(const tdm_invocation *invocation, tdm_session *session, const tdm_ask *ask)
{
    tdm_buf passphrase = { .secret = true };
    tdm_err err = { 0 };
    tdm_answer answer;
    int status;
    tdm_code code = name_file(invocation, &err);
    if (code == TDM_OK && !is_dry_run(invocation))
        code = tdm_ask_secret(ask, invocation, session, &passphrase, &err);
    if (code != TDM_OK) {
        status = tdm_session_fail(session, invocation->command->words, &err, NULL);
    } else {
        status = tdm_client_ask_row(invocation, session, tdm_buf_span(&passphrase), &answer);
        status = tdm_client_show(invocation, session, &answer, status);
    }
    tdm_buf_free(&passphrase);
    return status;
}

static int run_backup(const tdm_invocation *invocation, tdm_session *session)
{
    return run_copy(invocation, session, &NEW_PASSPHRASE);
}

static int run_restore(const tdm_invocation *invocation, tdm_session *session)
{
    return run_copy(invocation, session, &OLD_PASSPHRASE);
}

/* ---- rows */

static const char PASSPHRASE_REFUSAL[] =
    "a passphrase is a secret and others can read command lines: give it when asked, with "
    "--passphrase-file FILE, or in a pipe";

static const tdm_positional PERSON[] = {
    { "PERSON", TDM_WORD_TEXT, NULL, "person", true, false, "the person's key, as in tandem person list" },
};

static const tdm_positional BACKUP_FILE[] = {
    { "FILE", TDM_WORD_FILE, NULL, "file", true, false, "the backup, on the node's machine" },
};

static const tdm_option ERASE_OPTIONS[] = {
    { "confirm", 0, TDM_WORD_TEXT, NULL, "confirm",
      "the person's key again, instead of typing it when asked" },
};

static const tdm_option SUMMARISE_OPTIONS[] = {
    { "force", 0, TDM_WORD_FLAG, NULL, "force", "also if it was done today" },
};

static const tdm_option COPY_OPTIONS[] = {
    { "passphrase-file", 0, TDM_WORD_FILE, NULL, NULL,
      "read the passphrase from this file; - for standard input" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "person list",
        .summary = "list the people in this node's private log",
        .example = "tandem person list",
        .roles = TDM_AT_NODE,
        .takes = TDM_TAKES_STORE,
        .verb = "person.list",
        .columns = "person,rows",
    },
    {
        .words = "person show",
        .summary = "show what this node keeps of one person",
        .detail = "The rows in force, in the order they came. They never leave the node.",
        .example = "tandem person show P-17",
        .roles = TDM_AT_NODE,
        .takes = TDM_TAKES_STORE,
        TDM_POSITIONALS(PERSON),
        .verb = "person.show",
        .columns = "type,recorded,fields",
        .more = "sequence",
    },
    {
        .words = "person summarise",
        .summary = "state what the people of this node amount to, as summaries of the own organisation",
        .detail = "New summaries are stated, changed ones corrected, those without people taken back, also "
                  "ones that were stated by hand. The node does it by itself once a day.",
        .example = "tandem person summarise --dry-run",
        .roles = TDM_AT_NODE,
        .takes = TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_OPTIONS(SUMMARISE_OPTIONS),
        .verb = "person.summarise",
        .columns = "state,day,people,cells,stated,corrected,voided",
        .more = "events",
        .timeout_s = 600,
    },
    {
        .words = "person erase",
        .summary = "erase a person for good",
        .detail = "The key of the person's rows is destroyed, what they amounted to stays in the figures. "
                  "Without a terminal, give the person's key again with --confirm.",
        .example = "tandem person erase P-17 --confirm P-17",
        .roles = TDM_AT_NODE,
        .writes = true,
        TDM_POSITIONALS(PERSON),
        TDM_OPTIONS(ERASE_OPTIONS),
        .verb = "person.erase",
        .columns = "person,state,summaries,stated,corrected,voided",
        .more = "people,cells,events",
        .timeout_s = 600,
        .function = run_erase,
    },
    {
        .words = "person compact",
        .summary = "rewrite the private log, so that nothing of the erased is left in its file",
        .detail = "What the disk keeps of the old file's blocks is out of reach: encrypt the disk.",
        .example = "tandem person compact",
        .roles = TDM_AT_NODE,
        .writes = true,
        .verb = "person.compact",
        .columns = "state,bytes_before,bytes",
        .timeout_s = 600,
    },
    {
        .words = "person backup",
        .summary = "write the private log into an encrypted file",
        .detail = "The passphrase, 12 characters at least, comes from a prompt, --passphrase-file or "
                  "standard input. A file that "
                  "exists is never written over. Whoever is erased later is still in it: keep backups for a "
                  "short time.",
        .example = "tandem person backup people.tdmpriv --passphrase-file secret.txt",
        .roles = TDM_AT_NODE,
        .writes = true,
        TDM_POSITIONALS(BACKUP_FILE),
        TDM_OPTIONS(COPY_OPTIONS),
        .refusal = PASSPHRASE_REFUSAL,
        .verb = "person.backup",
        .columns = "state,file,bytes,people",
        .timeout_s = 600,
        .function = run_backup,
    },
    {
        .words = "person restore",
        .summary = "bring the private log back from a backup",
        .detail = "Only into a node that has no private log. Erase again whoever was erased since the "
                  "backup.",
        .example = "tandem person restore people.tdmpriv",
        .roles = TDM_AT_NODE,
        .writes = true,
        TDM_POSITIONALS(BACKUP_FILE),
        TDM_OPTIONS(COPY_OPTIONS),
        .refusal = PASSPHRASE_REFUSAL,
        .verb = "person.restore",
        .columns = "state,file,bytes,people,summaries",
        .timeout_s = 600,
        .function = run_restore,
    },
    {
        .words = "person verify",
        .summary = "look for damage in the private log",
        .example = "tandem person verify",
        .roles = TDM_AT_NODE,
        .takes = TDM_TAKES_STORE,
        .verb = "person.verify",
        .columns = "kind,invariant,sequence,what,people,erased,rows,readable,faults",
        .more = "residuals",
        .timeout_s = 600,
    },
};

const tdm_group tdm_group_people = { "people, at the node alone", COMMANDS, TDM_COUNT(COMMANDS), NULL };
