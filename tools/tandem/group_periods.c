/* SPDX-License-Identifier: MPL-2.0
 *
 * group_periods.c: returns, closing a period, publishing its figures.
 */
#include "client.h"

static const tdm_positional PERIOD[] = {
    { "PERIOD", TDM_WORD_PERIOD, NULL, "period", true, false, "2017/18, 2017/18Q1 or 2017-04" },
};

static const tdm_option EXPECT_OPTIONS[] = {
    { "organisation", 0, TDM_WORD_CODE, NULL, "organisation",
      "of this one only; without it of all that take part" },
};

static const tdm_option MAKE_OPTIONS[] = {
    { "organisation", 0, TDM_WORD_CODE, NULL, "organisation", "for this one; without it the own" },
    { "nil", 0, TDM_WORD_FLAG, NULL, "nil", "nothing was delivered in the period" },
};

static const tdm_option PUBLISH_OPTIONS[] = {
    { "by", 0, TDM_WORD_CHOICE, "programme|kind|lead|locality|sector", "by", "this breakdown, too" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "return expect",
        .summary = "expect a return for a period",
        .example = "tandem return expect 2017/18Q1",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(PERIOD),
        TDM_OPTIONS(EXPECT_OPTIONS),
        .verb = "return.expect",
        .columns = "fact.organisation=organisation,fact.period=period,stated",
    },
    {
        .words = "return make",
        .summary = "say that the records of a period are whole",
        .example = "tandem return make 2017/18Q1",
        .roles = TDM_AT_NODE,
        .writes = true,
        TDM_POSITIONALS(PERIOD),
        TDM_OPTIONS(MAKE_OPTIONS),
        .verb = "return.make",
        .columns = "fact.organisation=organisation,fact.period=period,fact.nil=nil,stated",
    },
    {
        .words = "period close",
        .summary = "close a period: what comes later counts as late",
        .example = "tandem period close 2017/18Q1",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(PERIOD),
        .verb = "period.close",
        .columns = "period,stated,tide_sequence=tide",
        .more = "tide_incarnation",
    },
    {
        .words = "publish",
        .summary = "publish the figures of a period as they stood when it was closed",
        .example = "tandem publish 2017/18 --by programme",
        .roles = TDM_AT_HUB,
        .writes = true,
        TDM_POSITIONALS(PERIOD),
        TDM_OPTIONS(PUBLISH_OPTIONS),
        .verb = "publish",
        .columns = "period,dimension,group,units,joint_asserted=joint|assert.,joint_standing=joint|stand.,"
                   "joint_corroborated=joint|corrob.,level_corroborated=level %|corrob.,stated",
        .more = "measure",
    },
};

const tdm_group tdm_group_periods = { "returns and publications", COMMANDS, TDM_COUNT(COMMANDS), NULL };
