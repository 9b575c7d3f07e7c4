/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_things.c: the tables of things (docs/figures.md section 8, "of things"), a function for each type.
 */
#include "tables_parts.h"

#include <string.h>

#include "tandem/pack.h"

/* A thing while it is put. */
typedef struct thing {
    const tdm_oracle *o;
    oracle_tally *tally;
    const oracle_fact *fact;
} thing;

static int64_t number(const thing *t, uint32_t field)
{
    return oracle_value(t->fact, field)->number;
}

static bool has(const thing *t, uint32_t field)
{
    return oracle_value(t->fact, field)->present;
}

/* Two stated dates, the first no later than the second. */
static bool in_order(const thing *t, uint32_t first, uint32_t second)
{
    return has(t, first) && has(t, second) && number(t, first) <= number(t, second);
}

/* Under the recorder; field 0: no second dimension. */
static oracle_place under(const thing *t, int table, uint32_t a, uint32_t b)
{
    return (oracle_place){ .table = table,
                           .organisation = oracle_recorder(t->fact),
                           .a = oracle_text(t->fact, a),
                           .b = b != 0 ? oracle_text(t->fact, b) : TDM_SPAN_LITERAL("") };
}

static void put_on(const thing *t, const oracle_place *place, uint32_t date, const int64_t *n)
{
    oracle_put_on(t->tally, place, (tdm_date)number(t, date), n);
}

static void put_from(const thing *t, const oracle_place *place, uint32_t from, uint32_t until,
                     const int64_t *n)
{
    oracle_put_from(t->tally, place, (tdm_date)number(t, from), oracle_value(t->fact, until), n);
}

static void put_role_holder(const thing *t)
{
    oracle_place place = under(t, TDM_TABLE_POSTS, TDM_ROLE_HOLDER_ROLE, TDM_ROLE_HOLDER_LOCALITY);
    put_from(t, &place, TDM_ROLE_HOLDER_FROM, TDM_ROLE_HOLDER_UNTIL,
             AMOUNTS(1, !number(t, TDM_ROLE_HOLDER_VACANT)));
}

static void put_need(const thing *t)
{
    bool answered = has(t, TDM_NEED_ANSWERED);
    oracle_place need = under(t, TDM_TABLE_NEEDS, TDM_NEED_THEME, TDM_NEED_LOCALITY);
    put_on(t, &need, TDM_NEED_STATED,
           AMOUNTS(1, answered, number(t, TDM_NEED_SEVERITY), has(t, TDM_NEED_SEVERITY)));
    oracle_place barrier = under(t, TDM_TABLE_BARRIERS, TDM_NEED_LEVEL, TDM_NEED_THEME);
    if (has(t, TDM_NEED_LEVEL))
        put_on(t, &barrier, TDM_NEED_STATED, AMOUNTS(1, answered));
}

/* Roots, on the day formed, of members with people; people of all. */
static oracle_roots members_of(const thing *t, int64_t *people)
{
    oracle_roots roots = { NULL, 0 };
    *people = 0;
    if (!has(t, TDM_TEAM_MEMBERS))
        return roots;
    tdm_cursor list = tdm_cursor_over(oracle_value(t->fact, TDM_TEAM_MEMBERS)->bytes);
    for (uint32_t left = tdm_cursor_array(&list); left > 0; left--) {
        tdm_record part;
        TDM_ASSERT(tdm_record_decode(TDM_TYPE_MEMBER_COUNT, tdm_cursor_skip(&list), &part, NULL) == TDM_OK);
        int64_t its = part.values[TDM_MEMBER_COUNT_PEOPLE].number;
        oracle_code root = oracle_root(t->o, part.values[TDM_MEMBER_COUNT_ORGANISATION].bytes,
                                       (tdm_date)number(t, TDM_TEAM_FORMED), NULL);
        *people += its;
        if (its > 0)
            oracle_roots_add(&roots, &root);
    }
    return roots;
}

static void put_team(const thing *t)
{
    int64_t people;
    oracle_roots roots = members_of(t, &people);
    oracle_place place = under(t, TDM_TABLE_TEAMS, TDM_TEAM_TOP, TDM_TEAM_LOCALITY);
    place.a = tdm_span_text(number(t, TDM_TEAM_TOP) ? "top" : "team");
    put_from(t, &place, TDM_TEAM_FORMED, TDM_TEAM_ENDED, AMOUNTS(1, roots.count >= 2, people));
    free(roots.list);
}

static void put_cycle(const thing *t)
{
    bool complete = in_order(t, TDM_PDSA_CYCLE_PLAN, TDM_PDSA_CYCLE_DO)
                    && in_order(t, TDM_PDSA_CYCLE_DO, TDM_PDSA_CYCLE_STUDY)
                    && in_order(t, TDM_PDSA_CYCLE_STUDY, TDM_PDSA_CYCLE_ACT)
                    && in_order(t, TDM_PDSA_CYCLE_PREDICTION, TDM_PDSA_CYCLE_DO)
                    && number(t, TDM_PDSA_CYCLE_PREDICTION) != number(t, TDM_PDSA_CYCLE_DO);
    oracle_place place = under(t, TDM_TABLE_CYCLES, TDM_PDSA_CYCLE_GROUP, TDM_PDSA_CYCLE_CHALLENGE);
    put_on(t, &place, TDM_PDSA_CYCLE_PLAN,
           AMOUNTS(1, complete, number(t, TDM_PDSA_CYCLE_CHALLENGE) == TDM_CHALLENGE_IS_ADAPTIVE));
}

static void put_protected_time(const thing *t)
{
    oracle_place hours = { .table = TDM_TABLE_PROTECTED, .organisation = oracle_recorder(t->fact) };
    if (has(t, TDM_PROTECTED_TIME_HOURS))
        put_on(t, &hours, TDM_PROTECTED_TIME_FROM,
               AMOUNTS(number(t, TDM_PROTECTED_TIME_HOURS), number(t, TDM_PROTECTED_TIME_PEOPLE)));
    oracle_place policy = { .table = TDM_TABLE_POLICIES, .organisation = oracle_recorder(t->fact) };
    if (number(t, TDM_PROTECTED_TIME_POLICY))
        put_from(t, &policy, TDM_PROTECTED_TIME_FROM, TDM_PROTECTED_TIME_UNTIL, AMOUNTS(1));
}

static void put_action(const thing *t)
{
    oracle_place place = under(t, TDM_TABLE_ACTIONS, TDM_ACTION_KIND, 0);
    put_on(t, &place, TDM_ACTION_OPENED,
           AMOUNTS(1, has(t, TDM_ACTION_DONE), has(t, TDM_ACTION_DUE),
                   in_order(t, TDM_ACTION_DONE, TDM_ACTION_DUE)));
}

static bool is_across(const thing *t)
{
    oracle_texts codes = oracle_texts_of(oracle_value(t->fact, TDM_JOINT_PROJECT_ORGANISATIONS));
    oracle_roots roots = { NULL, 0 };
    for (size_t i = 0; i < codes.count; i++) {
        if (!tdm_code_is_valid(codes.list[i]) || !oracle_is_registered(t->o, codes.list[i]))
            continue;
        oracle_code root =
            oracle_root(t->o, codes.list[i], (tdm_date)number(t, TDM_JOINT_PROJECT_STARTED), NULL);
        oracle_roots_add(&roots, &root);
    }
    free(codes.list);
    free(roots.list);
    return roots.count >= 2;
}

static void put_project(const thing *t)
{
    if (number(t, TDM_JOINT_PROJECT_STATUS) == TDM_STATUS_IS_CANCELLED)
        return;
    oracle_texts places = oracle_texts_of(oracle_value(t->fact, TDM_JOINT_PROJECT_LOCALITIES));
    oracle_place place = { .table = TDM_TABLE_PROJECTS, .organisation = oracle_recorder(t->fact) };
    put_on(t, &place, TDM_JOINT_PROJECT_STARTED,
           AMOUNTS(0, 1, is_across(t), oracle_is_stated(t->fact, TDM_JOINT_PROJECT_OBJECTIVE)));
    for (size_t i = 0; i < places.count; i++)
        for (size_t k = i + 1; k < places.count; k++) {
            place.a = places.list[i];
            place.b = places.list[k];
            put_on(t, &place, TDM_JOINT_PROJECT_STARTED, AMOUNTS(1));
        }
    free(places.list);
}

static void put_resource(const thing *t)
{
    oracle_place place = under(t, TDM_TABLE_RESOURCES, TDM_RESOURCE_KIND, 0);
    put_on(t, &place, TDM_RESOURCE_PUBLISHED,
           AMOUNTS(1, oracle_is_stated(t->fact, TDM_RESOURCE_ADAPTED_FROM)));
}

static void put_use(const thing *t)
{
    oracle_table_use(t->o, t->tally, t->fact);
}

static void put_support(const thing *t)
{
    oracle_place place = under(t, TDM_TABLE_SUPPORT, TDM_SUPPORT_THEME, TDM_SUPPORT_AUDIENCE);
    if (number(t, TDM_SUPPORT_KIND) != TDM_SUPPORTKIND_IS_REQUEST)
        put_from(t, &place, TDM_SUPPORT_FROM, TDM_SUPPORT_UNTIL, AMOUNTS(1));
}

static void put_support_match(const thing *t)
{
    oracle_table_exchange(t->o, t->tally, t->fact);
}

static void put_member(const thing *t)
{
    oracle_place place = under(t, TDM_TABLE_MEMBERS, TDM_NETWORK_MEMBER_NETWORK, TDM_NETWORK_MEMBER_ROLE);
    put_from(t, &place, TDM_NETWORK_MEMBER_FROM, TDM_NETWORK_MEMBER_UNTIL, AMOUNTS(1));
}

static void put_discussion(const thing *t)
{
    oracle_texts types = oracle_texts_of(oracle_value(t->fact, TDM_DISCUSSION_STAKEHOLDERS));
    oracle_place place = under(t, TDM_TABLE_DISCUSSIONS, TDM_DISCUSSION_NETWORK, 0);
    put_on(t, &place, TDM_DISCUSSION_DATE, AMOUNTS(1));
    for (size_t i = 0; i < types.count; i++) {
        place.b = types.list[i];
        put_on(t, &place, TDM_DISCUSSION_DATE, AMOUNTS(0, 1));
    }
    free(types.list);
}

static void put_reference(const thing *t)
{
    oracle_table_reference(t->o, t->tally, t->fact);
}

static void put_summary(const thing *t)
{
    tdm_period period;
    int table = TDM_TABLE_SUMMARIES + (int)number(t, TDM_SUMMARY_TABLE);
    if (tdm_oracle_table_name(table) == NULL
        || !oracle_period_parse(oracle_value(t->fact, TDM_SUMMARY_PERIOD)->bytes, &period))
        return;
    oracle_place place = under(t, table, TDM_SUMMARY_A, TDM_SUMMARY_B);
    oracle_put_in(t->tally, &place, period,
                  AMOUNTS(number(t, TDM_SUMMARY_COUNT), number(t, TDM_SUMMARY_SUM),
                          number(t, TDM_SUMMARY_SQUARES), number(t, TDM_SUMMARY_PAIRS),
                          number(t, TDM_SUMMARY_PAIR_SUM), number(t, TDM_SUMMARY_PAIR_SQUARES),
                          number(t, TDM_SUMMARY_IMPROVED)));
}

static const struct {
    uint32_t type;
    void (*put)(const thing *);
} THINGS[] = {
    { TDM_TYPE_ROLE_HOLDER, put_role_holder },
    { TDM_TYPE_NEED, put_need },
    { TDM_TYPE_TEAM, put_team },
    { TDM_TYPE_PDSA_CYCLE, put_cycle },
    { TDM_TYPE_PROTECTED_TIME, put_protected_time },
    { TDM_TYPE_ACTION, put_action },
    { TDM_TYPE_JOINT_PROJECT, put_project },
    { TDM_TYPE_RESOURCE, put_resource },
    { TDM_TYPE_RESOURCE_USE, put_use },
    { TDM_TYPE_SUPPORT, put_support },
    { TDM_TYPE_SUPPORT_MATCH, put_support_match },
    { TDM_TYPE_NETWORK_MEMBER, put_member },
    { TDM_TYPE_DISCUSSION, put_discussion },
    { TDM_TYPE_REFERENCE_COUNT, put_reference },
    { TDM_TYPE_SUMMARY, put_summary },
};

void oracle_tables_of_things(const tdm_oracle *o, oracle_tally *tally)
{
    for (size_t i = 0; i < tally->thing_count; i++) {
        thing t = { o, tally, tally->things[i] };
        for (size_t k = 0; k < TDM_COUNT(THINGS); k++)
            if (THINGS[k].type == t.fact->base->e.type)
                THINGS[k].put(&t);
    }
}
