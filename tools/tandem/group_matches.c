/* SPDX-License-Identifier: MPL-2.0
 *
 * group_matches.c: two records of what may be one unit.
 */
#include "client.h"

static const tdm_option PROPOSE_OPTIONS[] = {
    { "limit", 0, TDM_WORD_NUMBER, NULL, "limit", "at most so many rows" },
};

static const tdm_option REASON_OPTIONS[] = {
    { "reason", 0, TDM_WORD_TEXT, NULL, "reason", "why, in a sentence" },
};

static const tdm_positional PAIR[] = {
    { "A", TDM_WORD_UNIT, NULL, "a", true, false, "one unit, as LEAD/UNIT_ID" },
    { "B", TDM_WORD_UNIT, NULL, "b", true, false, "the other unit, as LEAD/UNIT_ID" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "match propose",
        .summary = "look for records of the same unit, and propose them as matches",
        .example = "tandem match propose --limit 20",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_OPTIONS(PROPOSE_OPTIONS),
        .verb = "match.propose",
        .columns = "a,b,likeness=likeness %",
    },
    {
        .words = "match list",
        .summary = "list matches and proposals",
        .example = "tandem match list",
        .roles = TDM_AT_HUB,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        .verb = "match.list",
        .columns = "a,b,likeness=likeness %,state",
    },
    {
        .words = "match accept",
        .summary = "count two records as one unit",
        .example = "tandem match accept R0A/17 RXA/4 --reason 'same day, same room'",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(PAIR),
        TDM_OPTIONS(REASON_OPTIONS),
        .verb = "match.accept",
        .columns = "a,b,state,stated",
    },
    {
        .words = "match void",
        .summary = "take a match back: the records are two units again",
        .example = "tandem match void R0A/17 RXA/4",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(PAIR),
        TDM_OPTIONS(REASON_OPTIONS),
        .verb = "match.void",
        .columns = "a,b,state,stated",
    },
};

const tdm_group tdm_group_matches = { "matches", COMMANDS, TDM_COUNT(COMMANDS), NULL };
