/* SPDX-License-Identifier: MPL-2.0
 *
 * explain.c: what is behind a figure: the units and things that add to it, with what each adds.
 */
#include "measure_gather.h"

#include <stdlib.h>

#include "at_rest.h"
#include "groups.h"

/* Amounts by name, in the order of the tables' rows in docs/figures.md section 8. */
static const struct {
    int table;
    const char *names[TDM_TABLE_AMOUNTS];
} AMOUNTS[] = {
    { 0,
      { "units", "hours", "participants", "joint_asserted", "joint_standing", "joint_corroborated",
        "cancelled" } },
    { TDM_TABLE_TIES, { "asserted", "standing", "corroborated", "oversize" } },
    { TDM_TABLE_CONTRIBUTED, { "hours" } },
    { TDM_TABLE_MIX, { "people", "units", "mixed" } },
    { TDM_TABLE_COURSE, { "first", "last", "attended", "enrolled", "held", "planned" } },
    { TDM_TABLE_SETS, { "sets", "regular", "organisations" } },
    { TDM_TABLE_AIMS, { "units", "hours" } },
    { TDM_TABLE_PLACES, { "places", "units" } },
    { TDM_TABLE_CRITERIA, { "stated", "met", "not_met", "co_designed", "units_with", "designed", "units" } },
    { TDM_TABLE_SESSIONS, { "sessions", "hours" } },
    { TDM_TABLE_POSTS, { "posts", "filled" } },
    { TDM_TABLE_NEEDS, { "needs", "answered", "severity", "rated" } },
    { TDM_TABLE_BARRIERS, { "needs", "answered" } },
    { TDM_TABLE_TEAMS, { "teams", "across", "people" } },
    { TDM_TABLE_CYCLES, { "cycles", "complete", "adaptive" } },
    { TDM_TABLE_PROTECTED, { "hours", "people" } },
    { TDM_TABLE_POLICIES, { "policies" } },
    { TDM_TABLE_ACTIONS, { "opened", "done", "due", "kept" } },
    { TDM_TABLE_PROJECTS, { "pairs", "projects", "across", "with_objective" } },
    { TDM_TABLE_RESOURCES, { "published", "adapted" } },
    { TDM_TABLE_USES, { "uses", "by_others", "reused" } },
    { TDM_TABLE_EXCHANGE, { "matches", "taken_up", "met" } },
    { TDM_TABLE_SUPPORT, { "supports" } },
    { TDM_TABLE_MEMBERS, { "members" } },
    { TDM_TABLE_DISCUSSIONS, { "discussions", "voices" } },
    { TDM_TABLE_REFERENCE,
      { "own", "own_out_of", "national", "national_out_of", "has_own", "has_national" } },
    { TDM_TABLE_FACULTY, { "members", "active", "people" } },
    { TDM_TABLE_DEVELOPMENT, { "people", "steps", "good" } },
    { TDM_TABLE_RESPONSES, { "count", "sum", "squares", "pairs", "pair_sum", "pair_squares", "improved" } },
};

const char *tdm_table_amount(int table, size_t n)
{
    for (size_t i = 0; i < TDM_COUNT(AMOUNTS); i++)
        if (AMOUNTS[i].table == table)
            return AMOUNTS[i].names[n];
    return n == 0 ? "count" : NULL;
}

typedef struct explaining {
    tdm_fold *fold;
    const tdm_measure_question *question;
    tdm_period period;
    const char *group;
    tdm_explain_visit *visit;
    void *context;
    tdm_err *err;
} explaining;

static tdm_breakdown breakdown(const explaining *e)
{
    return e->question->by->by;
}

static bool is_group(const explaining *e, tdm_span text)
{
    return e->group == NULL || tdm_span_equal(text, tdm_span_text(e->group));
}

/* raw: of the level's stored dimensions. */
static bool joins_group(const explaining *e, tdm_dimension by, tdm_span raw)
{
    char text[TDM_SUBJECT_MAX + 1];
    tdm_group_text(e->fold->registry, by, e->period, raw, text);
    return is_group(e, tdm_span_text(text));
}

/* ---- the level ---- */

static tdm_code explain_level(const explaining *e, const tdm_dossier *dossier)
{
    int64_t v[TDM_AMOUNTS];
    tdm_span groups[TDM_GROUPS];
    tdm_span encoded = tdm_dossier_contribution(dossier);
    tdm_family family = e->question->planned ? TDM_FAMILY_PLANNED : TDM_FAMILY_DELIVERED;
    tdm_dimension by = tdm_breakdown_dimension(breakdown(e));
    if (!e->question->measure->level || !tdm_contribution_find(encoded, family, e->period, v)
        || !tdm_contribution_groups(encoded, groups)
        || (by != TDM_BY_TOTAL && !joins_group(e, by, groups[tdm_group_stored(by)])))
        return TDM_OK;
    int64_t n[TDM_TABLE_AMOUNTS];
    tdm_level_amounts(v, e->question->measure->weight, n);
    const tdm_explained part = { .subject = tdm_dossier_subject(dossier),
                                 .period = e->period,
                                 .organisation = groups[TDM_BY_LEAD],
                                 .a = groups[TDM_BY_PROGRAMME],
                                 .b = groups[TDM_BY_LOCALITY],
                                 .n = n };
    return e->visit(e->context, &part, e->err);
}

/* ---- tables ---- */

static tdm_span sector_of(const explaining *e, tdm_span root, char out[TDM_SUBJECT_MAX + 1])
{
    tdm_group_text(e->fold->registry, TDM_BY_SECTOR, e->period, root, out);
    return tdm_span_text(out);
}

static bool is_pair(tdm_span low, tdm_span high, tdm_span x, tdm_span y)
{
    return (tdm_span_equal(low, x) && tdm_span_equal(high, y))
           || (tdm_span_equal(low, y) && tdm_span_equal(high, x));
}

/* "low - high": two names of the cell, or the sectors of its two organisations. */
static bool is_own_pair(const explaining *e, const tdm_table_cell *cell)
{
    char a[TDM_SUBJECT_MAX + 1];
    char b[TDM_SUBJECT_MAX + 1];
    const char *between = e->group == NULL ? NULL : strstr(e->group, TDM_PAIR_SIGN);
    if (between == NULL)
        return false;
    const tdm_span low = { (const uint8_t *)e->group, (size_t)(between - e->group) };
    const tdm_span high = tdm_span_text(between + sizeof TDM_PAIR_SIGN - 1);
    return is_pair(low, high, cell->a, cell->b)
           || (cell->table == TDM_TABLE_TIES
               && is_pair(low, high, sector_of(e, cell->a, a), sector_of(e, cell->b, b)));
}

static bool by_indicator(const explaining *e)
{
    return breakdown(e) == TDM_BREAK_OWN && strcmp(e->question->by->word, "indicator") == 0;
}

/* Of tables by a dimension only what the question's dimension and indicator name; without one, of all people.
 */
static bool is_of_dimension(const explaining *e, const tdm_table_cell *cell)
{
    const char *indicator = e->question->indicator;
    const bool whole =
        e->question->dimension == NULL || (e->question->measure->whole && breakdown(e) != TDM_BREAK_OWN);
    const tdm_span wanted = tdm_span_text(whole ? "" : e->question->dimension);
    const uint8_t *colon = cell->a.len == 0 ? NULL : memchr(cell->a.data, ':', cell->a.len);
    if (cell->table == TDM_TABLE_REACHED || cell->table == TDM_TABLE_MIX)
        return tdm_span_equal(cell->a, whole ? TDM_SPAN_LITERAL("total") : wanted);
    if (cell->table != TDM_TABLE_REFERENCE || colon == NULL)
        return true;
    const tdm_span measured = { cell->a.data, (size_t)(colon - cell->a.data) };
    const tdm_span by = { colon + 1, cell->a.len - measured.len - 1 };
    if (!tdm_span_equal(by, wanted))
        return false;
    return by_indicator(e) ? is_group(e, measured)
                           : indicator == NULL || tdm_span_equal(measured, tdm_span_text(indicator));
}

static bool is_of_group(const explaining *e, const tdm_dossier *dossier, const tdm_table_cell *cell)
{
    tdm_span groups[TDM_GROUPS];
    tdm_dimension by = tdm_breakdown_dimension(breakdown(e));
    tdm_org_code code = tdm_org_code_of(cell->organisation);
    switch (breakdown(e)) {
    case TDM_BREAK_TOTAL:
        return true;
    case TDM_BREAK_A:
        return is_group(e, cell->a);
    case TDM_BREAK_B:
        return is_group(e, cell->b);
    case TDM_BREAK_OWN:
        return is_group(e, cell->a) || is_group(e, cell->b) || is_own_pair(e, cell) || by_indicator(e);
    case TDM_BREAK_ORGANISATION:
        code = tdm_registry_root(e->fold->registry, &code, tdm_period_last(e->period)).root;
        return is_group(e, tdm_org_code_span(&code));
    case TDM_BREAK_SECTOR:
    case TDM_BREAK_REGION:
    case TDM_BREAK_LEAD:
        return joins_group(e, by, cell->organisation);
    default:
        return tdm_contribution_groups(tdm_dossier_contribution(dossier), groups)
               && joins_group(e, by, groups[tdm_group_stored(by)]);
    }
}

static bool is_of_period(const explaining *e, const tdm_table_cell *cell)
{
    return cell->has_day ? cell->day <= tdm_question_day(e->question, e->period)
                         : cell->period.kind == e->period.kind && cell->period.number == e->period.number;
}

static tdm_code explain_tables(const explaining *e, const tdm_dossier *dossier)
{
    tdm_code code = TDM_OK;
    tdm_span tally = tdm_dossier_tally(dossier);
    tdm_span key;
    int64_t n[TDM_TABLE_AMOUNTS];
    for (size_t at = 0; code == TDM_OK && tdm_tally_next(tally, &at, &key, n);) {
        tdm_table_cell cell;
        tdm_table_key_read(key, &cell);
        if (!tdm_measure_reads(e->question->measure, cell.table) || !is_of_period(e, &cell)
            || !is_of_dimension(e, &cell) || !is_of_group(e, dossier, &cell))
            continue;
        const tdm_explained part = { .subject = tdm_dossier_subject(dossier),
                                     .table = cell.table,
                                     .period = cell.period,
                                     .has_day = cell.has_day,
                                     .day = cell.day,
                                     .organisation = cell.organisation,
                                     .a = cell.a,
                                     .b = cell.b,
                                     .n = n };
        code = e->visit(e->context, &part, e->err);
    }
    return code;
}

static tdm_code explain_subject(const explaining *e, tdm_span subject)
{
    tdm_dossier *dossier;
    bool owned;
    tdm_code code = tdm_rest_look(e->fold, subject, &dossier, &owned, e->err);
    if (code == TDM_OK && dossier != NULL)
        code = explain_level(e, dossier);
    if (code == TDM_OK && dossier != NULL)
        code = explain_tables(e, dossier);
    if (owned)
        tdm_dossier_free(dossier);
    return code;
}

/* Some subjects under one hold of the lock. */
static tdm_code explain_step(const explaining *e, tdm_walk *walk)
{
    tdm_fold_lock(e->fold);
    tdm_code code = tdm_walk_step(&e->fold->shelf, walk, e->err);
    for (size_t i = 0; i < walk->found.count && code == TDM_OK; i++)
        code = explain_subject(e, walk->found.items[i]);
    tdm_shelf_end(&e->fold->shelf);
    tdm_fold_unlock(e->fold);
    return code;
}

tdm_code tdm_fold_explain(tdm_fold *fold, const tdm_measure_question *question, tdm_period period,
                          const char *group, tdm_explain_visit *visit, void *context, tdm_err *err)
{
    const tdm_measure_question asked = tdm_question_settled(question);
    const explaining e = { fold, &asked, period, group, visit, context, err };
    tdm_walk walk = tdm_walk_begin((tdm_span){ NULL, 0 });
    tdm_code code = TDM_OK;
    while (code == TDM_OK && walk.more)
        code = explain_step(&e, &walk);
    tdm_walk_end(&walk);
    return code == TDM_END ? TDM_OK : code;
}
