/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_audience.c: who sees what of counts of people.
 *
 * Exact figures go only to those who hold the rows anyway (participant, facilitator, node lead) and to the
 * analyst of the hub. Whoever sees suppressed figures sees fixed releases only: two live figures a day apart
 * would give each arrival away.
 */
#include "tandem/suppress.h"

#define EVERYTHING (TDM_SIGHT_EXACT | TDM_SIGHT_LIVE | TDM_SIGHT_AS_OF | TDM_SIGHT_RELEASE)

static const tdm_audience AUDIENCES[] = {
    { "participant", "own-rows", EVERYTHING, 1 },
    { "facilitator", "own-sessions", EVERYTHING, 1 },
    { "team_lead", "own-team", TDM_SIGHT_RELEASE, 8 },
    { "node_lead", "own-organisation", EVERYTHING, 1 },
    { "locality_manager", "own-locality", TDM_SIGHT_RELEASE, 8 },
    { "partner_organisation", "links-naming-it", TDM_SIGHT_RELEASE, 8 },
    { "hub_analyst", "counts-from-all-nodes", EVERYTHING, 1 },
    { "board", "aggregates", TDM_SIGHT_RELEASE, 8 },
    { "regional_academy", "aggregates", TDM_SIGHT_RELEASE, 8 },
    { "network", "suppressed-tables-and-levels", TDM_SIGHT_RELEASE, 8 },
    { "public", "suppressed-tables-and-levels", TDM_SIGHT_RELEASE, 8 },
};

const tdm_audience *tdm_audiences(size_t *count)
{
    *count = TDM_COUNT(AUDIENCES);
    return AUDIENCES;
}

const tdm_audience *tdm_audience_find(tdm_span word)
{
    for (size_t i = 0; i < TDM_COUNT(AUDIENCES); i++)
        if (tdm_span_equal(word, tdm_span_text(AUDIENCES[i].word)))
            return &AUDIENCES[i];
    return NULL;
}

bool tdm_audience_may(const tdm_audience *audience, unsigned sights)
{
    return (audience->sights & sights) == sights;
}

bool tdm_audience_may_group(const tdm_audience *audience, int64_t people)
{
    return people == 0 || people >= audience->smallest;
}

const tdm_people_rule *tdm_audience_rule(const tdm_audience *audience, const tdm_people_rule *wanted)
{
    bool exact = tdm_audience_may(audience, TDM_SIGHT_EXACT);
    if (wanted != NULL && (wanted->low > 0 || exact))
        return wanted;
    return exact ? tdm_people_rule_find(TDM_SPAN_LITERAL("exact")) : tdm_people_rule_default();
}
