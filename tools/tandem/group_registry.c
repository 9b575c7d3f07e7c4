/* SPDX-License-Identifier: MPL-2.0
 *
 * group_registry.c: what the hub says about the system: organisations, programmes, targets.
 */
#include "client.h"
#include "imports.h"

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
