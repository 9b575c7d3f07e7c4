/* SPDX-License-Identifier: MPL-2.0
 *
 * group_figures.c: the level, and what it is made of.
 */
#include "client.h"

static const tdm_option LEVEL_OPTIONS[] = {
    { "by", 0, TDM_WORD_CHOICE, "programme|kind|lead|locality|sector|month|quarter", "by",
      "one row for each of these" },
    { "weight", 0, TDM_WORD_CHOICE, "count|hours|participants|participant_hours", "weight",
      "what a unit counts for; without it each counts once" },
    { "planned", 0, TDM_WORD_FLAG, NULL, "planned", "of what is planned instead of what was delivered" },
};

static const tdm_option UNIT_LIST_OPTIONS[] = {
    { "organisation", 0, TDM_WORD_CODE, NULL, "organisation", "only units that name this organisation" },
    { "status", 0, TDM_WORD_CHOICE, "planned|delivered|cancelled", "status", "only units of this status" },
    { "limit", 0, TDM_WORD_NUMBER, NULL, "limit", "at most so many rows" },
};

static const tdm_positional UNIT[] = {
    { "UNIT", TDM_WORD_UNIT, NULL, "unit", true, false, "LEAD/UNIT_ID, as unit list shows it" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "level",
        .summary = "show the collaboration level against its target",
        .detail = "Of all units delivered, how many were joint: as asserted by their lead, as standing after "
                  "disputes, and as corroborated by the partners named. The gap is corroborated less target.",
        .example = "tandem level --fy 2017/18 --by programme",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_YEAR | TDM_TAKES_STORE,
        TDM_OPTIONS(LEVEL_OPTIONS),
        .verb = "level",
        .columns = "period,group,units,joint_asserted=joint|assert.,joint_standing=joint|stand.,"
                   "joint_corroborated=joint|corrob.,level_asserted=level %|assert.,"
                   "level_standing=level %|stand.,level_corroborated=level %|corrob.,target=target|%,"
                   "gap=gap|points",
        .more = "amount,to_convert,cancelled,estimated,unreported,phases.plan,phases.deliver,phases.support,"
                "phases.all,phases.mean_depth,claims.asserted,claims.corroborated,claims.disputed,"
                "claims.unanswered,claims.median_days,facts,late,returns.expected,returns.received,published,"
                "revision",
    },
    {
        .words = "unit list",
        .summary = "list units",
        .example = "tandem unit list --fy 2017/18 --organisation R0A",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_YEAR | TDM_TAKES_STORE,
        TDM_OPTIONS(UNIT_LIST_OPTIONS),
        .verb = "unit.list",
        .columns = "unit,title,programme,kind,status,start,hours,people,partners,warnings",
        .more = "end,lead,locality,sessions",
    },
    {
        .words = "unit show",
        .summary = "show one unit with its claims and every fact about it",
        .example = "tandem unit show R0A/17",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        TDM_POSITIONALS(UNIT),
        .verb = "unit.show",
        .record = true,
    },
    {
        .words = "doubts",
        .summary = "list facts that are stored and not counted, with the reason",
        .example = "tandem doubts",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        .verb = "doubts",
    },
};

const tdm_group tdm_group_figures = { "figures", COMMANDS, TDM_COUNT(COMMANDS), NULL };
