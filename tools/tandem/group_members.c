/* SPDX-License-Identifier: MPL-2.0
 *
 * group_members.c: who takes part: inviting, joining, the nodes and how they are.
 */
#include "check.h"
#include "doctor.h"
#include "client.h"

#include "ask.h"
#include "output.h"
#include "terminal.h"
#include "top.h"

#include <string.h>

/* ---- invite: the code alone on stdout, so that it can be piped; all else to stderr */

static void advise(tdm_session *session, const json_t *row)
{
    tdm_buf codes = { 0 };
    tdm_buf safe = { 0 };
    tdm_row_cell(&codes, row, "organisations", 0);
    tdm_buf_text(&codes, " until ");
    tdm_row_cell(&codes, row, "expires", 0);
    tdm_terminal_add(&safe, tdm_buf_span(&codes));
    bool restores = json_is_string(json_object_get(row, "restores"));
    tdm_session_say(session,
                    "This code is a secret. It admits one node, once, for %.*s.\n"
                    "Send it privately; at the node, tandem %s asks for it.",
                    (int)safe.len, (const char *)safe.data, restores ? "node restore --from-hub" : "join");
    tdm_buf_free(&codes);
    tdm_buf_free(&safe);
}

static int show_code(const tdm_invocation *invocation, tdm_session *session, const tdm_answer *answer)
{
    tdm_page page;
    tdm_err err = { 0 };
    tdm_code code = tdm_page_read(&page, tdm_buf_span(&answer->bytes), &err);
    const json_t *row = code == TDM_OK ? json_array_get(page.rows, 0) : NULL;
    const char *text = json_string_value(json_object_get(row, "code"));
    if (code == TDM_OK && text == NULL)
        code = tdm_fail(&err, TDM_INTERNAL, 0, "the answer holds no join code");
    if (code == TDM_OK) {
        fprintf(session->out, "%s\n", text);
        fflush(session->out);
        advise(session, row);
    }
    tdm_page_free(&page);
    return code == TDM_OK ? 0 : tdm_session_fail(session, invocation->command->words, &err, NULL);
}

static int run_invite(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer;
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    bool alone = strcmp(session->format, "table") == 0 || strcmp(session->format, "plain") == 0;
    if (status != 0 || answer.bytes.len == 0 || !alone)
        return tdm_client_show(invocation, session, &answer, status);
    status = show_code(invocation, session, &answer);
    tdm_answer_free(&answer);
    return status;
}

/* ---- join: the code from a prompt, a file or standard input */

static const tdm_ask CODE = { .what = "join code",
                              .option = "code-file",
                              .prompt = "Join code, as tandem invite printed it at the hub: ",
                              .max = 16384 };

static int run_join(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_buf code = { .secret = true };
    tdm_err err = { 0 };
    tdm_answer answer;
    int status;
    if (tdm_ask_secret(&CODE, invocation, session, &code, &err) != TDM_OK) {
        status = tdm_session_fail(session, invocation->command->words, &err, NULL);
    } else {
        status = tdm_client_ask_row(invocation, session, tdm_buf_span(&code), &answer);
        bool asked = answer.bytes.len > 0;
        status = tdm_client_show(invocation, session, &answer, status);
        if (status == 0 && asked)
            tdm_session_say(session, "tandem status tells when the hub has let this node in");
    }
    tdm_buf_free(&code);
    return status;
}

/* ---- rows */

static const tdm_positional CODES[] = {
    { "CODE", TDM_WORD_CODE, NULL, "organisations", false, true, "the organisations the node speaks for" },
};

static const tdm_option INVITE_OPTIONS[] = {
    { "hours", 0, TDM_WORD_NUMBER, NULL, "hours", "how long the code can be used; 72 if left out" },
    { "for", 0, TDM_WORD_TEXT, NULL, "for",
      "not for a newcomer, but to bring back a node: the beginning of its origin, or an organisation" },
    { "name", 0, TDM_WORD_TEXT, NULL, "name", "registers codes that nobody registered yet under this name" },
    { "sector", 0, TDM_WORD_CHOICE,
      "trust|primary_care|commissioner|local_authority|voluntary|independent|education|national_body",
      "sector", "their sector, together with --name" },
};

static const tdm_option JOIN_OPTIONS[] = {
    { "code-file", 0, TDM_WORD_FILE, NULL, NULL, "read the join code from this file; - for standard input" },
};

static const tdm_option DOCTOR_OPTIONS[] = {
    { "bundle", 0, TDM_WORD_FILE, NULL, NULL, "save what was looked at in this new file" },
    { "from", 0, TDM_WORD_FILE, NULL, NULL, "judge a bundle that was saved elsewhere; - is standard input" },
};

static const tdm_option TOP_OPTIONS[] = {
    { "interval", 0, TDM_WORD_NUMBER, NULL, NULL, "seconds from one reading to the next; 1 if left out" },
    { "once", 0, TDM_WORD_FLAG, NULL, NULL, "print one reading, with the rates of one interval, and leave" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "invite",
        .summary = "make a join code for a partner's node",
        .detail = "Prints the code alone on standard output. With --for it brings back a node that lost its "
                  "disk, by "
                  "tandem node restore there; the keys that node had are revoked when it is used.",
        .example = "tandem invite R0A R0B --hours 48",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(CODES),
        TDM_OPTIONS(INVITE_OPTIONS),
        .verb = "invite",
        .columns = "organisations,endpoint,expires",
        .more = "restores,code",
        .function = run_invite,
    },
    {
        .words = "join",
        .summary = "join a hub with the code it gave",
        .detail =
            "The code comes from a prompt, --code-file or standard input, never from the command line, where "
            "others could read it. A code of the hub that this node belongs to tells it where that answers "
            "now, "
            "and by which key.",
        .example = "tandem join --code-file code.txt",
        .roles = TDM_AT_NODE,
        .writes = true,
        TDM_OPTIONS(JOIN_OPTIONS),
        .refusal =
            "a join code is a secret and others can read command lines: run tandem join alone and give the "
            "code when asked, or with --code-file FILE, or in a pipe",
        .verb = "join",
        .columns = "hub,endpoint,organisations,state",
        .function = run_join,
    },
    {
        .words = "node list",
        .summary = "list the nodes of the system, and how far each is",
        .example = "tandem node list",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        .verb = "node.list",
        .columns = "origin,organisations,state,last_sequence=last|sequence,lag_events=lag|events,last_seen,"
                   "feed_lag=feed|lag",
        .more = "last_event,refusal",
    },
    {
        .words = "check",
        .summary = "tell a monitor whether this daemon is well",
        .detail = "One line with the worst finding and the values, then the other findings. Status 0 ok, 1 "
                  "warning, 2 critical, 3 not known. Warning and critical from: 10,000 and 1,000,000 events "
                  "not in the figures, as many not acknowledged, one of them waiting for an hour and a day, "
                  "an hour and a day without a word over a link; a refused link and a daemon that does not "
                  "answer are critical.",
        .example = "tandem check",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        .verb = "status",
        .columns = "level,about,what",
        .more = "next",
        .function = tdm_check_run,
    },
    {
        .words = "doctor",
        .summary = "look for what is wrong, and say what mends it",
        .detail =
            "Looks at the daemon, versions, the store and who may read it, room on the disk and in the "
            "map, reads that stay, clocks, keys, links, what waits, how old the last verify and snapshot "
            "are. Each finding is ok, warn or fail; status 1 if any is fail. Where no daemon runs its "
            "store is read. A bundle holds what was looked at, without keys, codes and anything about "
            "people, and is judged again elsewhere with --from.",
        .example = "tandem doctor --bundle doctor.json",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        TDM_OPTIONS(DOCTOR_OPTIONS),
        .verb = "health",
        .columns = "verdict,about,what,next",
        .function = tdm_doctor_run,
    },
    {
        .words = "top",
        .summary = "watch a daemon: level, events a second, who lags and when that clears",
        .detail = "Fills the terminal and asks the daemon each second. Rows that need somebody stand first. "
                  "Keys: q quits, p pauses, arrows and page keys scroll, ? explains what is shown. When the "
                  "daemon does not answer the old numbers stay, marked as old, until it does again. With "
                  "--once, and with --store, one reading is printed.",
        .example = "tandem top --once --format json",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        TDM_OPTIONS(TOP_OPTIONS),
        .verb = "status",
        .columns = "role,origin,events_held,held_per_s,fold_lag,folded_per_s,fold_clears_s",
        .more = "version,uptime_s",
        .function = tdm_top_run,
    },
    {
        .words = "status",
        .summary = "show how this daemon is: links, what waits, how complete the figures are",
        .example = "tandem status",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        .verb = "status",
        .record = true,
    },
};

const tdm_group tdm_group_members = { "members", COMMANDS, TDM_COUNT(COMMANDS), NULL };
