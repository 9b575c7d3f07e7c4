/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_learning.c: L1 to L10: stages, courses, teams, change, learning, support, development
 * (docs/figures.md section 11).
 */
#include "measures_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- L1: stages of which anything is counted, in order of their text */
bool oracle_by_stage(const oracle_view *view, const tdm_oracle_cell *cell, const char **text)
{
    (void)view;
    *text = cell->a;
    return cell->table == TDM_TABLE_STAGES || cell->table == TDM_TABLE_STAGE_DAYS;
}

static int64_t stage_count(const oracle_view *view, const char *stage, const char *state)
{
    return stage != NULL ? oracle_sum(view, TDM_TABLE_STAGES, stage, state, 0) : 0;
}

static bool is_taken(const oracle_view *view, const char *stage)
{
    return stage_count(view, stage, "entered") != 0 || stage_count(view, stage, "passed") != 0;
}

/* The last stage below one (NULL: below none) that anybody entered or passed, or NULL. */
static const char *stage_before(const oracle_view *view, const char *stage)
{
    const char *before = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        if (cell->table == TDM_TABLE_STAGES && (stage == NULL || strcmp(cell->a, stage) < 0)
            && (before == NULL || strcmp(cell->a, before) > 0) && is_taken(view, cell->a))
            before = cell->a;
    }
    return before;
}

static void describe_stage(const oracle_view *view, oracle_row *row)
{
    const char *before = stage_before(view->whole, row->group);
    int64_t entered = oracle_sum(view, TDM_TABLE_STAGES, NULL, "entered", 0);
    int64_t passed = oracle_sum(view, TDM_TABLE_STAGES, NULL, "passed", 0);
    if (entered == 0 && passed == 0)
        return;
    oracle_count(row, "entered", entered);
    oracle_count(row, "passed", passed);
    oracle_share_of(row, "conversion", passed,
                    before != NULL ? stage_count(view->whole, before, "passed") : entered);
    oracle_median_days(view, TDM_TABLE_STAGE_DAYS, NULL, true, row);
    oracle_count(row, "backwards", oracle_sum(view, TDM_TABLE_STAGE_DAYS, NULL, "backwards", 0));
    oracle_undefined(row, "yield", TDM_SHAPE_SHARE);
    oracle_undefined(row, "faculty", TDM_SHAPE_COUNT);
    oracle_undefined(row, "active", TDM_SHAPE_COUNT);
    oracle_undefined(row, "active_share", TDM_SHAPE_SHARE);
    oracle_undefined(row, "cascade", TDM_SHAPE_REAL);
    oracle_undefined(row, "launched", TDM_SHAPE_COUNT);
}

void oracle_l1(const oracle_view *view, oracle_row *row)
{
    if (oracle_is_by(view, "stage")) {
        describe_stage(view, row);
        return;
    }
    const char *first = stage_before(view, NULL), *last = first;
    for (const char *at = first; at != NULL; at = stage_before(view, at))
        first = at;
    while (last != NULL && stage_count(view, last, "passed") == 0)
        last = stage_before(view, last);
    int64_t entered = stage_count(view, first, "entered"), passed = stage_count(view, last, "passed");
    int64_t faculty = oracle_sum(view, TDM_TABLE_FACULTY, NULL, NULL, 0);
    int64_t active = oracle_sum(view, TDM_TABLE_FACULTY, NULL, NULL, 1);
    oracle_count(row, "entered", entered);
    oracle_count(row, "passed", passed);
    oracle_undefined(row, "conversion", TDM_SHAPE_SHARE);
    oracle_undefined(row, "median_days", TDM_SHAPE_COUNT);
    oracle_undefined(row, "backwards", TDM_SHAPE_COUNT);
    oracle_share_of(row, "yield", passed, entered);
    oracle_count(row, "faculty", faculty);
    oracle_count(row, "active", active);
    oracle_share_of(row, "active_share", active, faculty);
    oracle_ratio(row, "cascade", oracle_sum(view, TDM_TABLE_FACULTY, NULL, NULL, 2), faculty);
    oracle_count(row, "launched", oracle_sum(view, TDM_TABLE_STAGES, NULL, "launched", 0));
}

/* ---- L2 */
void oracle_l2(const oracle_view *view, oracle_row *row)
{
    int64_t n[6];
    for (int i = 0; i < 6; i++)
        n[i] = oracle_sum(view, TDM_TABLE_COURSE, NULL, NULL, i);
    oracle_share_of(row, "attendance", n[2], n[3]);
    oracle_share_of(row, "retention", n[1], n[0]);
    oracle_share_of(row, "dosage", n[4], n[5]);
}

/* ---- L3 */
static int64_t answers_of(const oracle_view *view, const char *class)
{
    return oracle_sum(view, TDM_TABLE_TEAM_ANSWERS, NULL, class, 0);
}

void oracle_l3(const oracle_view *view, oracle_row *row)
{
    int64_t answers = answers_of(view, NULL) - answers_of(view, "unanswered"),
            real = answers_of(view, "real");
    int64_t pseudo = answers_of(view, "pseudo"), incomplete = answers_of(view, "incomplete");
    int64_t in_team = real + pseudo + incomplete;
    oracle_count(row, "answers", answers);
    oracle_share_of(row, "in_team", in_team, answers);
    oracle_share_of(row, "real", real, answers);
    oracle_share_of(row, "pseudo", pseudo, answers);
    oracle_share_of(row, "none", answers_of(view, "none"), answers);
    oracle_share_of(row, "real_in_team", real, in_team);
    oracle_count(row, "incomplete", incomplete);
}

/* ---- L4: scores are in hundredths */
void oracle_l4(const oracle_view *view, oracle_row *row)
{
    int64_t n[7];
    for (int i = 0; i < 7; i++)
        n[i] = oracle_sum(view, TDM_TABLE_RESPONSES, NULL, NULL, i);
    __int128 spread = (__int128)n[3] * n[5] - (__int128)n[4] * n[4]; /* pairs^2 x the variance */
    bool paired = n[3] > 0 && n[6] >= 0 && n[6] <= n[3];
    double pairs = n[3] > 0 ? (double)n[3] : 1, change = (double)n[4] / pairs / 100;
    bool has_sd = paired && n[3] > 1 && spread >= 0;
    double sd = has_sd ? sqrt((double)spread / (pairs * (pairs - 1))) / 100 : 0;
    oracle_count(row, "responses", n[0]);
    oracle_ratio(row, "mean", n[1], 100 * n[0]);
    oracle_count(row, "pairs", n[3]);
    oracle_real(row, "change", paired, change);
    oracle_real(row, "sd", has_sd, sd);
    oracle_real(row, "standardised", sd > 0, sd > 0 ? change / sd : 0);
    oracle_share_of(row, "improved", n[6], paired ? n[3] : 0);
}

/* ---- L5, L6, L8 */
void oracle_l5(const oracle_view *view, oracle_row *row)
{
    int64_t cycles = oracle_sum(view, TDM_TABLE_CYCLES, NULL, NULL, 0);
    int64_t sets = oracle_sum(view, TDM_TABLE_SETS, NULL, NULL, 0);
    oracle_count(row, "cycles", cycles);
    oracle_share_of(row, "complete", oracle_sum(view, TDM_TABLE_CYCLES, NULL, NULL, 1), cycles);
    oracle_share_of(row, "adaptive", oracle_sum(view, TDM_TABLE_CYCLES, NULL, NULL, 2), cycles);
    oracle_count(row, "sets", sets);
    oracle_share_of(row, "regular", oracle_sum(view, TDM_TABLE_SETS, NULL, NULL, 1), sets);
    oracle_ratio(row, "organisations", oracle_sum(view, TDM_TABLE_SETS, NULL, NULL, 2), sets);
    oracle_ratio(row, "hours_per_head", oracle_sum(view, TDM_TABLE_PROTECTED, NULL, NULL, 0),
                 100 * oracle_sum(view, TDM_TABLE_PROTECTED, NULL, NULL, 1));
}

bool oracle_by_locality_pair(const oracle_view *view, const tdm_oracle_cell *cell, const char **text)
{
    static char pair[TDM_ORACLE_TEXT]; /* until the next */
    (void)view;
    (void)snprintf(pair, sizeof(pair), "%.90s - %.90s", cell->a, cell->b);
    *text = pair;
    return cell->table == TDM_TABLE_PROJECTS && cell->n[0] != 0;
}

static void describe_goals(const oracle_view *view, oracle_row *row)
{
    int64_t criteria = oracle_sum(view, TDM_TABLE_CRITERIA, NULL, NULL, 0);
    int64_t actions = oracle_sum(view, TDM_TABLE_ACTIONS, NULL, NULL, 0);
    oracle_count(row, "criteria", criteria);
    oracle_share_of(row, "met", oracle_sum(view, TDM_TABLE_CRITERIA, NULL, NULL, 1), criteria);
    oracle_share_of(row, "designed", oracle_sum(view, TDM_TABLE_CRITERIA, NULL, NULL, 5),
                    oracle_sum(view, TDM_TABLE_CRITERIA, NULL, NULL, 6));
    oracle_count(row, "actions", actions);
    oracle_share_of(row, "done", oracle_sum(view, TDM_TABLE_ACTIONS, NULL, NULL, 1), actions);
    oracle_share_of(row, "kept", oracle_sum(view, TDM_TABLE_ACTIONS, NULL, NULL, 3),
                    oracle_sum(view, TDM_TABLE_ACTIONS, NULL, NULL, 2));
    oracle_count(row, "projects", oracle_sum(view, TDM_TABLE_PROJECTS, "", "", 1));
    oracle_count(row, "across", oracle_sum(view, TDM_TABLE_PROJECTS, "", "", 2));
}

void oracle_l6(const oracle_view *view, oracle_row *row)
{
    if (!oracle_is_by(view, "locality_pair")) {
        describe_goals(view, row);
        return;
    }
    oracle_undefined(row, "criteria", TDM_SHAPE_COUNT);
    oracle_undefined(row, "met", TDM_SHAPE_SHARE);
    oracle_undefined(row, "designed", TDM_SHAPE_SHARE);
    oracle_undefined(row, "actions", TDM_SHAPE_COUNT);
    oracle_undefined(row, "done", TDM_SHAPE_SHARE);
    oracle_undefined(row, "kept", TDM_SHAPE_SHARE);
    oracle_count(row, "projects", oracle_sum(view, TDM_TABLE_PROJECTS, NULL, NULL, 0));
    oracle_undefined(row, "across", TDM_SHAPE_COUNT);
}

void oracle_l8(const oracle_view *view, oracle_row *row)
{
    int64_t uses = oracle_sum(view, TDM_TABLE_USES, NULL, NULL, 0);
    oracle_count(row, "published", oracle_sum(view, TDM_TABLE_RESOURCES, NULL, NULL, 0));
    oracle_count(row, "uses", uses);
    oracle_share_of(row, "by_others", oracle_sum(view, TDM_TABLE_USES, NULL, NULL, 1), uses);
    oracle_share_of(row, "adopted_by_others", oracle_sum(view, TDM_TABLE_USES, "adopted", NULL, 1), uses);
    oracle_count(row, "adapted", oracle_sum(view, TDM_TABLE_RESOURCES, NULL, NULL, 1));
    oracle_count(row, "reused", oracle_sum(view, TDM_TABLE_USES, NULL, NULL, 2));
}

/* ---- L7: a unit may count under several aims, so units and hours are of one aim only */
bool oracle_by_aim(const oracle_view *view, const tdm_oracle_cell *cell, const char **text)
{
    *text = cell->b;
    return cell->table == TDM_TABLE_AIMS && strcmp(cell->a, view->question->dimension) == 0;
}

bool oracle_by_need_theme(const oracle_view *view, const tdm_oracle_cell *cell, const char **text)
{
    (void)view;
    *text = cell->a;
    return cell->table == TDM_TABLE_NEEDS;
}

void oracle_l7(const oracle_view *view, oracle_row *row)
{
    int64_t needs = oracle_sum(view, TDM_TABLE_NEEDS, NULL, NULL, 0);
    bool aims = oracle_is_by(view, "aim");
    if (aims) {
        oracle_count(row, "units", oracle_sum(view, TDM_TABLE_AIMS, NULL, NULL, 0));
        oracle_hours(row, "hours", oracle_sum(view, TDM_TABLE_AIMS, NULL, NULL, 1));
        oracle_undefined(row, "needs", TDM_SHAPE_COUNT);
    } else {
        oracle_undefined(row, "units", TDM_SHAPE_COUNT);
        oracle_undefined(row, "hours", TDM_SHAPE_HOURS);
        oracle_count(row, "needs", needs);
    }
    oracle_share_of(row, "answered", oracle_sum(view, TDM_TABLE_NEEDS, NULL, NULL, 1), aims ? 0 : needs);
}

/* ---- L9, and what is like it: organisations with a cell, of those registered in the period */
static int64_t organisations_with(const oracle_view *view, int table)
{
    oracle_roots with = { NULL, 0 };
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        oracle_code root =
            oracle_root(view->o, tdm_span_text(cell->organisation), oracle_period_last(view->period), NULL);
        if (cell->table == table && cell->n[0] > 0)
            oracle_roots_add(&with, &root);
    }
    free(with.list);
    return (int64_t)with.count;
}

static void describe_organisations(const oracle_view *view, int table, oracle_row *row)
{
    oracle_roots registered = oracle_registered(view->o, view->period);
    int64_t with = organisations_with(view, table);
    oracle_count(row, "organisations", with);
    oracle_count(row, "registered", (int64_t)registered.count);
    oracle_share_of(row, "share", with, (int64_t)registered.count);
    free(registered.list);
}

void oracle_l9(const oracle_view *view, oracle_row *row)
{
    describe_organisations(view, TDM_TABLE_SUPPORT, row);
    oracle_count(row, "supports", oracle_sum(view, TDM_TABLE_SUPPORT, NULL, NULL, 0));
}

/* ---- S1 to S7 */
void oracle_s1(const oracle_view *view, oracle_row *row)
{
    int64_t posts = oracle_sum(view, TDM_TABLE_POSTS, NULL, NULL, 0);
    int64_t filled = oracle_sum(view, TDM_TABLE_POSTS, NULL, NULL, 1);
    oracle_count(row, "posts", posts);
    oracle_count(row, "filled", filled);
    oracle_share_of(row, "filled_share", filled, posts);
}

void oracle_s2(const oracle_view *view, oracle_row *row)
{
    describe_organisations(view, TDM_TABLE_POLICIES, row);
}

void oracle_s3(const oracle_view *view, oracle_row *row)
{
    int64_t teams = oracle_sum(view, TDM_TABLE_TEAMS, NULL, NULL, 0);
    int64_t across = oracle_sum(view, TDM_TABLE_TEAMS, NULL, NULL, 1);
    oracle_count(row, "teams", teams);
    oracle_count(row, "across", across);
    oracle_share_of(row, "across_share", across, teams);
    oracle_count(row, "organisations", organisations_with(view, TDM_TABLE_TEAMS));
    oracle_count(row, "members", oracle_sum(view, TDM_TABLE_TEAMS, NULL, NULL, 2));
}

void oracle_s4(const oracle_view *view, oracle_row *row)
{
    oracle_count(row, "organisations", organisations_with(view, TDM_TABLE_MEMBERS));
    oracle_count(row, "roles", oracle_sum(view, TDM_TABLE_MEMBERS, NULL, NULL, 0));
}

void oracle_s5(const oracle_view *view, oracle_row *row)
{
    oracle_count(row, "discussions", oracle_sum(view, TDM_TABLE_DISCUSSIONS, NULL, NULL, 0));
    oracle_count(row, "voices", oracle_sum(view, TDM_TABLE_DISCUSSIONS, NULL, NULL, 1));
}

void oracle_s6(const oracle_view *view, oracle_row *row)
{
    oracle_count(row, "sessions", oracle_sum(view, TDM_TABLE_SESSIONS, NULL, NULL, 0));
    oracle_hours(row, "hours", oracle_sum(view, TDM_TABLE_SESSIONS, NULL, NULL, 1));
}

void oracle_s7(const oracle_view *view, oracle_row *row)
{
    int64_t needs = oracle_sum(view, TDM_TABLE_BARRIERS, NULL, NULL, 0);
    oracle_count(row, "needs", needs);
    oracle_share_of(row, "answered", oracle_sum(view, TDM_TABLE_BARRIERS, NULL, NULL, 1), needs);
}

/* ---- L10: of the whole workforce: the reference without a dimension and a group */
static int64_t staff_of(const oracle_view *view)
{
    char key[TDM_ORACLE_TEXT];
    int64_t staff = 0;
    (void)snprintf(key, sizeof(key), "%s:", view->question->indicator);
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        if (cell->table == TDM_TABLE_REFERENCE && strcmp(cell->a, key) == 0 && cell->b[0] == '\0')
            staff += cell->n[4] > 0 ? cell->n[0] : cell->n[2];
    }
    return staff;
}

void oracle_l10(const oracle_view *view, oracle_row *row)
{
    static const struct {
        const char *kind, *people, *share;
    } KINDS[] = { { "appraisal_held", "appraised", "appraisal" },
                  { "mentor_paired", "mentored", "mentoring" },
                  { "plan_made", "planned", "plans" },
                  { "career_talk", "talked", "career_talks" },
                  { "moved_up", "moved", "moves" } };
    int64_t staff = staff_of(view);
    oracle_count(row, "staff", staff);
    for (size_t i = 0; i < TDM_COUNT(KINDS); i++) {
        int64_t people = oracle_sum(view, TDM_TABLE_DEVELOPMENT, KINDS[i].kind, NULL, 0);
        oracle_count(row, KINDS[i].people, people);
        oracle_share_of(row, KINDS[i].share, people, staff);
    }
    oracle_share_of(row, "good_appraisals",
                    oracle_sum(view, TDM_TABLE_DEVELOPMENT, "appraisal_held", NULL, 2),
                    oracle_sum(view, TDM_TABLE_DEVELOPMENT, "appraisal_held", NULL, 1));
}
