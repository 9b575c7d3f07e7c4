/* SPDX-License-Identifier: MPL-2.0
 *
 * group_registry.c: what the hub says about the system: organisations, programmes, targets.
 */
#include "client.h"
#include "ask.h"
#include "imports.h"

/* ---- merge: the plan first, then the question */

static int run_merge(const tdm_invocation *invocation, tdm_session *session)
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
    if (dry || status != 0)
        return tdm_client_show(invocation, session, &plan, status);
    tdm_client_show(invocation, session, &plan, status);
    if (tdm_ask_yes(invocation, session, "State this?", &err) != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    json_object_set_new(invocation->args, "dry_run", json_false());
    status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &plan);
    bool done = status == 0 && plan.bytes.len > 0;
    if (done)
        tdm_session_say(session, "Done. Figures before the day stay those of two organisations.");
    if (status == 0)
        tdm_answer_free(&plan);
    return status;
}

static const tdm_positional MERGED[] = {
    { "OLD", TDM_WORD_CODE, NULL, "from", true, false, "the organisation that becomes part of the other" },
    { "NEW", TDM_WORD_CODE, NULL, "into", true, false, "the organisation it becomes part of" },
};

static const tdm_option MERGE_OPTIONS[] = {
    { "on", 0, TDM_WORD_DATE, NULL, "on", "the day it takes effect, such as 2018-04-01" },
    { "end-node", 0, TDM_WORD_TEXT, NULL, "end_node",
      "a node that ends: its facts are taken over, its keys revoked; by its origin's beginning or an "
      "organisation" },
    { "to", 0, TDM_WORD_TEXT, NULL, "to", "the node that takes its facts over and answers for OLD" },
};

static const tdm_positional SHEET[] = {
    { "FILE", TDM_WORD_FILE, NULL, NULL, true, false, "a CSV file in UTF-8, or - for standard input" },
};

static const tdm_positional LEVEL[] = {
    { "YEAR", TDM_WORD_YEAR, NULL, "fy", true, false, "the financial year, such as 2017/18" },
    { "PERCENT", TDM_WORD_PERCENT, NULL, "percent", true, false, "from 0 to 100, at most one decimal" },
};

static const tdm_positional PROGRAMME[] = {
    { "PROGRAMME", TDM_WORD_TEXT, NULL, "programme", true, false, "the name that units use" },
    { "NAME", TDM_WORD_TEXT, NULL, "name", true, false, "the name for people" },
};

static const tdm_option CATALOGUE_OPTIONS[] = {
    { "core", 0, TDM_WORD_TEXT, NULL, "core", "the core programme it belongs to" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "organisation list",
        .summary = "list the organisations of the system",
        .example = "tandem organisation list",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        .verb = "organisation.list",
        .columns = "code,name,sector,parent,root,closed",
    },
    {
        .words = "organisation import",
        .summary = "state organisations from a CSV file",
        .detail =
            "Columns: code, name, sector; and where they apply contractor, parent, belongs_as, region, "
            "opened, closed, successor, succeeded_on, reopened, localities. Rows stated already the same "
            "change nothing.",
        .example = "tandem organisation import organisations.csv",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(SHEET),
        .verb = "organisation.import",
        .columns = "new,known,changed,refused",
        .timeout_s = 600,
        .function = tdm_import_run,
    },
    {
        .words = "organisation merge",
        .summary = "state that an organisation becomes part of another, and end its node if told to",
        .detail =
            "Two organisations before the day, one from it on. With --end-node and --to the facts of a node "
            "are taken over by another, which also answers for the organisation from then on; the keys of "
            "the one that ends are revoked. Shows the plan and asks. Run again it states only what is "
            "missing.",
        .example = "tandem organisation merge R0B R0A --on 2018-04-01 --dry-run",
        .roles = TDM_AT_HUB,
        .takes = TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_POSITIONALS(MERGED),
        TDM_OPTIONS(MERGE_OPTIONS),
        .verb = "organisation.merge",
        .columns = "what,about,state",
        .function = run_merge,
    },
    {
        .words = "catalogue add",
        .summary = "state a programme as offered",
        .example = "tandem catalogue add coaching 'Coaching conversations'",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(PROGRAMME),
        TDM_OPTIONS(CATALOGUE_OPTIONS),
        .verb = "catalogue.add",
        .columns = "fact.programme=programme,fact.name=name,fact.core_programme=core,stated",
    },
    {
        .words = "target set",
        .summary = "set the level to reach by the end of a financial year",
        .example = "tandem target set 2017/18 45",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(LEVEL),
        .verb = "target.set",
        .columns = "fact.financial_year=year,fact.level_tenths=tenths of %,stated",
    },
    {
        .words = "baseline set",
        .summary = "set the level a financial year ended with before targets apply",
        .example = "tandem baseline set 2016/17 30.5",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(LEVEL),
        .verb = "baseline.set",
        .columns = "fact.financial_year=year,fact.level_tenths=tenths of %,stated",
    },
};

const tdm_group tdm_group_registry = { "organisations, programmes, targets", COMMANDS, TDM_COUNT(COMMANDS),
                                       NULL };
