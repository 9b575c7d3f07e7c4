/* SPDX-License-Identifier: MPL-2.0
 *
 * group_figures.c: the level, and what it is made of.
 */
#include "client.h"

static const tdm_option LEVEL_OPTIONS[] = {
    { "by", 0, TDM_WORD_CHOICE, "programme|core_programme|kind|lead|locality|sector|region|month|quarter",
      "by", "one row for each of these" },
    { "weight", 0, TDM_WORD_CHOICE, "count|hours|participants|participant_hours", "weight",
      "what a unit counts for; without it each counts once" },
    { "planned", 0, TDM_WORD_FLAG, NULL, "planned", "of what is planned instead of what was delivered" },
};

#define MEASURE_OPTIONS                                                                                      \
    { "by", 0, TDM_WORD_TEXT, NULL, "by", "a row for each of these; measure list shows which there are" },   \
        { "dimension", 0,           TDM_WORD_TEXT,                                                           \
          NULL,        "dimension", "of people or aims, such as staff_group, locality or framework" },       \
        { "indicator", 0,           TDM_WORD_TEXT,                                                           \
          NULL,        "indicator", "what people are set against: workforce, population, leaders" },         \
        { "line",          0,                                                                                \
          TDM_WORD_CHOICE, "corroborated|standing|asserted",                                                 \
          "line",          "which ties count; corroborated if left out" },                                   \
        { "top", 0, TDM_WORD_TEXT, NULL, "top", "of two groups set against each other, the one on top" },    \
    {                                                                                                        \
        "bottom", 0, TDM_WORD_TEXT, NULL, "bottom", "of two groups set against each other, the one below"    \
    }

static const tdm_option MEASURE_SHOW_OPTIONS[] = {
    MEASURE_OPTIONS,
    { "per", 0, TDM_WORD_CHOICE, "year|quarter|month", "per", "a row for each of these; year if left out" },
    { "planned", 0, TDM_WORD_FLAG, NULL, "planned", "of what is planned instead of what was delivered" },
    { "audience", 0, TDM_WORD_ENUM, "hub_analyst|board|regional_academy|network|public", "audience",
      "as this audience sees it" },
};

static const tdm_option EXPLAIN_OPTIONS[] = {
    MEASURE_OPTIONS,
    { "group", 0, TDM_WORD_TEXT, NULL, "group", "only what adds to this group" },
    { "planned", 0, TDM_WORD_FLAG, NULL, "planned", "of what is planned instead of what was delivered" },
    { "limit", 0, TDM_WORD_NUMBER, NULL, "limit", "at most so many rows" },
};

static const tdm_option RELEASE_OPTIONS[] = {
    MEASURE_OPTIONS,
    { "rule", 0, TDM_WORD_CHOICE, "hes|lt5|lt10", "rule", "how small counts are hidden; hes if left out" },
};

static const tdm_positional MEASURE[] = {
    { "MEASURE", TDM_WORD_TEXT, NULL, "measure", true, false, "id or name, such as N1 or density" },
};

static const tdm_positional FIGURE[] = {
    { "MEASURE", TDM_WORD_TEXT, NULL, "measure", true, false, "id or name, such as C1 or level" },
    { "PERIOD", TDM_WORD_PERIOD, NULL, "period", true, false, "2017/18, 2017/18Q1 or 2017-04" },
};

static const tdm_positional CLOSED_PERIOD[] = {
    { "PERIOD", TDM_WORD_PERIOD, NULL, "period", true, false,
      "2017/18, 2017/18Q1 or 2017-04, closed before" },
};

static const tdm_option UNIT_LIST_OPTIONS[] = {
    { "organisation", 0, TDM_WORD_CODE, NULL, "organisation", "only units that name this organisation" },
    { "status", 0, TDM_WORD_CHOICE, "planned|delivered|cancelled", "status", "only units of this status" },
    { "limit", 0, TDM_WORD_NUMBER, NULL, "limit", "at most so many rows" },
};

static const tdm_positional UNIT[] = {
    { "UNIT", TDM_WORD_UNIT, NULL, "unit", true, false, "LEAD/UNIT_ID, as unit list shows it" },
};

static const tdm_positional EVENT[] = {
    { "EVENT", TDM_WORD_TEXT, NULL, "event", true, false,
      "NODE/SEQUENCE, such as 4be1c0/37, or a position of the log" },
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
        .words = "measure list",
        .summary = "list the measures, with what each says",
        .example = "tandem measure list",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        .verb = "measure.list",
        .columns = "measure,name,title,breakdowns",
        .more = "definition,class,version,people,dimension,indicator,figures",
    },
    {
        .words = "measure show",
        .summary = "show the figures of one measure",
        .detail = "Definitions are in measure list --fields measure,definition and in docs/figures.md. "
                  "Figures that cannot be told are n/a; what an audience may not see is *.",
        .example = "tandem measure show N1 --fy 2017/18",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_YEAR | TDM_TAKES_STORE,
        TDM_POSITIONALS(MEASURE),
        TDM_OPTIONS(MEASURE_SHOW_OPTIONS),
        .verb = "measure.show",
    },
    {
        .words = "explain",
        .summary = "show the units, things and facts behind a figure",
        .detail =
            "One row for each unit or thing that adds to the figure of the period and group, with what "
            "it adds and the number of facts it rests on; --json lists the facts. Of a single event: tandem "
            "event show.",
        .example = "tandem explain C1 2017/18 --by programme --group coaching",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        TDM_POSITIONALS(FIGURE),
        TDM_OPTIONS(EXPLAIN_OPTIONS),
        .verb = "explain",
        .columns = "subject,table,when,organisation,a,b,adds,fact_count=facts",
        .timeout_s = 120,
    },
    {
        .words = "event show",
        .summary = "show one event: where it came from, what became of it, what it moves",
        .detail = "Parts: the event itself; the events that make up its fact as it stands; and what its unit "
                  "or thing adds to "
                  "each cell of the figures without the event and with it. What the hub states is about "
                  "everything: of that "
                  "the level alone.",
        .example = "tandem event show 4be1c0/37",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_STORE,
        TDM_POSITIONALS(EVENT),
        .verb = "event.show",
        .columns = "part,what,before,now",
        .timeout_s = 120,
    },
    {
        .words = "release",
        .summary = "release figures about people, small counts hidden",
        .detail = "Figures are taken at the closing of the period, or now if it is open; counts are "
                  "suppressed so that nothing hidden can be worked out, also from releases made before. What "
                  "is released stays.",
        .example = "tandem release R1 2017/18 --by group --rule hes",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(FIGURE),
        TDM_OPTIONS(RELEASE_OPTIONS),
        .verb = "release",
        .timeout_s = 120,
    },
    {
        .words = "revision",
        .summary = "show why the level of a closed period is another now",
        .detail =
            "Each unit that adds something else than at the closing, with what it added then and adds "
            "now, and how many facts came after the closing; --json lists them. How much it makes is in "
            "measure show C8.",
        .example = "tandem revision 2017/18",
        .roles = TDM_AT_HUB,
        .takes = TDM_TAKES_STORE,
        TDM_POSITIONALS(CLOSED_PERIOD),
        .verb = "revision",
        .columns =
            "subject,units_then=units|then,units_now=units|now,joint_corroborated_then=joint corrob.|then,"
            "joint_corroborated_now=joint corrob.|now,cause_count=late|facts",
        .more =
            "hours_then,hours_now,participants_then,participants_now,joint_asserted_then,joint_asserted_now,"
            "joint_standing_then,joint_standing_now,cancelled_then,cancelled_now",
        .timeout_s = 120,
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
