/* SPDX-License-Identifier: MPL-2.0
 *
 * group_claims.c: what partners say about each other's units, and the answers.
 */
#include "client.h"

static const tdm_option PENDING_OPTIONS[] = {
    { "all", 0, TDM_WORD_FLAG, NULL, "all", "answered claims, too" },
};

/* clang-format off */
#define SELECTORS                                                                                            \
    { "phase", 0, TDM_WORD_CHOICE, "plan|deliver|support", "phase", "only claims on this phase" },           \
    { "organisation", 0, TDM_WORD_CODE, NULL, "organisation", "only claims that name this organisation" },   \
    { "reference", 0, TDM_WORD_TEXT, NULL, "reference", "only this claim, as link pending shows it" },       \
    { "all", 0, TDM_WORD_FLAG, NULL, "all", "all that wait for an answer" }

static const tdm_option ANSWER_OPTIONS[] = { SELECTORS };
static const tdm_option DISPUTE_OPTIONS[] = {
    SELECTORS,
    { "reason", 0, TDM_WORD_TEXT, NULL, "reason", "what is wrong, in a sentence; others will read it" },
};
/* clang-format on */

static const tdm_positional UNIT[] = {
    { "UNIT", TDM_WORD_UNIT, NULL, "unit", false, false, "LEAD/UNIT_ID; without it use an option to choose" },
};

#define CLAIM_COLUMNS "unit,title,lead,start,organisation,phase,stated_by,stated_on,state,reference"

static const tdm_command COMMANDS[] = {
    {
        .words = "link pending",
        .summary = "list claims that wait for an answer",
        .detail = "A claim says that an organisation took part in a unit. At a node: claims on the "
                  "organisations it represents; at the hub: all. A claim lapses when it was changed after it "
                  "was answered.",
        .example = "tandem link pending",
        .roles = TDM_AT_BOTH,
        .takes = TDM_TAKES_AS_OF | TDM_TAKES_STORE,
        TDM_OPTIONS(PENDING_OPTIONS),
        .verb = "link.pending",
        .columns = CLAIM_COLUMNS,
    },
    {
        .words = "link confirm",
        .summary = "confirm claims: yes, we took part",
        .detail = "Confirming again changes nothing. An answer can be taken back with link withdraw.",
        .example = "tandem link confirm R0A/17 --phase deliver",
        .roles = TDM_AT_NODE,
        .writes = true,
        TDM_POSITIONALS(UNIT),
        TDM_OPTIONS(ANSWER_OPTIONS),
        .verb = "link.confirm",
        .columns = "unit,title,lead,organisation,phase,result,reference",
    },
    {
        .words = "link dispute",
        .summary = "dispute claims: something is wrong, or it was not us",
        .example = "tandem link dispute R0A/17 --reason 'we left the planning group in May'",
        .roles = TDM_AT_NODE,
        .writes = true,
        TDM_POSITIONALS(UNIT),
        TDM_OPTIONS(DISPUTE_OPTIONS),
        .verb = "link.dispute",
        .columns = "unit,title,lead,organisation,phase,result,reference",
    },
    {
        .words = "link withdraw",
        .summary = "take back the own answer to claims",
        .example = "tandem link withdraw R0A/17 --phase deliver",
        .roles = TDM_AT_NODE,
        .writes = true,
        TDM_POSITIONALS(UNIT),
        TDM_OPTIONS(ANSWER_OPTIONS),
        .verb = "link.withdraw",
        .columns = "unit,title,lead,organisation,phase,result,reference",
    },
};

const tdm_group tdm_group_claims = { "claims between partners", COMMANDS, TDM_COUNT(COMMANDS), NULL };
