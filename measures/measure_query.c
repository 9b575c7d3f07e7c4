/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_query.c: a question about a measure answered: rows gathered, the formula called for each group.
 */
#include "measure_answer.h"
#include "measure_gather.h"

#include <stdlib.h>

#include "at_rest.h"
#include "bytes.h"

typedef struct asking {
    tdm_fold *fold;
    const tdm_measure_question *question;
    tdm_gathered rows;
    tdm_level_answer level;
    tdm_answering answer;
    tdm_org_code *registered;
    size_t registered_count;
} asking;

/* ---- who is registered in a period ---- */

static int compare_codes(const void *a, const void *b)
{
    return tdm_org_code_compare(a, b);
}

typedef struct codes {
    tdm_org_code *items;
    size_t count;
    size_t capacity;
} codes;

static void add_code(codes *to, const tdm_org_code *code)
{
    to->items = tdm_memory_grow(to->items, &to->capacity, to->count + 1, sizeof *to->items);
    to->items[to->count++] = *code;
}

static void sort_codes(codes *to)
{
    size_t kept = 0;
    if (to->count > 1)
        qsort(to->items, to->count, sizeof *to->items, compare_codes);
    for (size_t i = 0; i < to->count; i++)
        if (kept == 0 || !tdm_org_code_equal(&to->items[kept - 1], &to->items[i]))
            to->items[kept++] = to->items[i];
    to->count = kept;
}

/* Nearly every lead and partner is countable, and so there already. */
static void add_other(const tdm_fold *fold, codes *to, const tdm_org_code *code)
{
    if (fold->countable.count == 0
        || bsearch(code, fold->countable.codes, fold->countable.count, sizeof *code, compare_codes) == NULL)
        add_code(to, code);
}

/* Leads of the period's units, by the level's cells. */
static void add_leads(const tdm_fold *fold, tdm_period period, codes *to)
{
    const tdm_cells *cells = &fold->cells;
    for (size_t i = 0; i < cells->count; i++) {
        tdm_cell_place place;
        tdm_cell_place_read(cells->all[i], &place);
        if (place.family != TDM_FAMILY_DELIVERED || place.dimension != TDM_BY_LEAD
            || place.period.kind != period.kind || place.period.number != period.number
            || cells->all[i]->v[TDM_AMOUNT_WEIGHT] == 0)
            continue;
        tdm_org_code lead = tdm_org_code_of(place.group);
        lead = tdm_registry_root(fold->registry, &lead, tdm_period_last(period)).root;
        add_other(fold, to, &lead);
    }
}

static void add_tied(tdm_fold *fold, tdm_period period, codes *to)
{
    size_t count;
    tdm_table_slot *const *slots = tdm_tables_of(&fold->tables, TDM_TABLE_TIES, period, &count);
    for (size_t i = 0; i < count; i++) {
        tdm_table_cell cell;
        tdm_table_key_read((tdm_span){ slots[i]->key, slots[i]->key_len }, &cell);
        if (tdm_table_slot_is_zero(slots[i]) || cell.a.len == 0)
            continue;
        tdm_org_code a = tdm_org_code_of(cell.a);
        tdm_org_code b = tdm_org_code_of(cell.b);
        add_other(fold, to, &a);
        add_other(fold, to, &b);
    }
}

static void list_countable(const tdm_registry *registry, tdm_period period, codes *to)
{
    const tdm_date days[] = { tdm_period_first(period), tdm_period_last(period) };
    size_t next = 0;
    for (const tdm_organisation *o = tdm_map_next(&registry->organisations, &next);
         o != NULL && !registry->open; o = tdm_map_next(&registry->organisations, &next))
        for (size_t d = 0; d < TDM_COUNT(days); d++) {
            tdm_rooted rooted = tdm_registry_root(registry, &o->code, days[d]);
            if (rooted.countable)
                add_code(to, &rooted.root);
        }
    sort_codes(to);
}

/* They stay until the registry is another one: thousands of sites lead to some hundred roots. */
static void renew_countable(tdm_fold *fold, tdm_period period)
{
    if (fold->countable.registry == fold->registry && fold->countable.period.kind == period.kind
        && fold->countable.period.number == period.number)
        return;
    codes all = { 0 };
    list_countable(fold->registry, period, &all);
    free(fold->countable.codes);
    fold->countable.registry = fold->registry;
    fold->countable.period = period;
    fold->countable.codes = all.items;
    fold->countable.count = all.count;
}

static void list_registered(asking *at, tdm_period period)
{
    codes all = { 0 };
    renew_countable(at->fold, period);
    for (size_t i = 0; i < at->fold->countable.count; i++)
        add_code(&all, &at->fold->countable.codes[i]);
    add_leads(at->fold, period, &all);
    add_tied(at->fold, period, &all);
    sort_codes(&all);
    free(at->registered);
    at->registered = all.items;
    at->registered_count = all.count;
}

/* ---- one group of one period ---- */

static void answer_group(asking *at, tdm_period period, tdm_span group, const tdm_grouped_row *rows,
                         size_t count, const tdm_level_row *level)
{
    const tdm_measure_question *question = at->question;
    const tdm_measure *measure = question->measure;
    tdm_table_row *plain = tdm_memory_new((count + 1) * sizeof *plain);
    for (size_t i = 0; i < count; i++)
        plain[i] = rows[i].row;
    tdm_formula formula = {
        .question = question,
        .dimension = question->dimension,
        .indicator = question->indicator,
        .registry = at->fold->registry,
        .period = period,
        .day = tdm_question_day(question, period),
        .group = group,
        .rows = plain,
        .count = count,
        .level = level,
        .history = at->level.rows,
        .history_count = at->level.count,
        .registered = at->registered,
        .registered_count = at->registered_count,
        .out = &at->answer,
    };
    measure->formula(&formula);
    free(plain);
}

static int compare_places(tdm_period period, tdm_span group, const tdm_level_row *row)
{
    if (period.number != row->period.number)
        return period.number < row->period.number ? -1 : 1;
    return tdm_span_compare(group, tdm_span_text(row->group));
}

/* Both lists are in order of (period, group): each place that either has is answered once. */
static void answer_all(asking *at)
{
    const tdm_gathered *rows = &at->rows;
    bool has_period = false;
    tdm_period period = { 0 };
    size_t level = 0;
    for (size_t i = 0; i < rows->count || level < at->level.count;) {
        if (level < at->level.count && !tdm_question_asks(at->question, at->level.rows[level].period)) {
            level++; /* history */
            continue;
        }
        int order = i == rows->count ? 1
                    : level == at->level.count
                        ? -1
                        : compare_places(rows->items[i].period, rows->items[i].group, &at->level.rows[level]);
        const tdm_level_row *with = order >= 0 ? &at->level.rows[level++] : NULL;
        size_t first = i;
        tdm_period here = order <= 0 ? rows->items[i].period : with->period;
        tdm_span group = order <= 0 ? rows->items[i].group : tdm_span_text(with->group);
        while (order <= 0 && i < rows->count && rows->items[i].period.number == here.number
               && tdm_span_equal(rows->items[i].group, group))
            i++;
        if (at->question->measure->registered && (!has_period || period.number != here.number))
            list_registered(at, here);
        has_period = true;
        period = here;
        answer_group(at, here, group, first == i ? NULL : &rows->items[first], i - first, with);
    }
}

/* Each period with a row of the level, once. */
static void answer_periods(asking *at)
{
    bool has_period = false;
    tdm_period period = { 0 };
    for (size_t i = 0; i < at->level.count; i++) {
        tdm_period here = at->level.rows[i].period;
        if (tdm_question_asks(at->question, here) && (!has_period || here.number != period.number))
            answer_group(at, here, TDM_ANY, NULL, 0, NULL);
        has_period = true;
        period = here;
    }
}

/* ---- the level's rows, where a measure reads them ---- */

static tdm_code ask_level(asking *at, tdm_err *err)
{
    const tdm_measure_question *question = at->question;
    if (!question->measure->level)
        return TDM_OK;
    const tdm_level_question level = {
        .has_year = question->has_year && !question->measure->history && !question->measure->by_programme,
        .year = question->year,
        .period_kind = question->period_kind,
        .by = question->measure->by_programme ? TDM_BY_PROGRAMME : tdm_breakdown_dimension(question->by->by),
        .weight = question->measure->weight,
        .planned = question->planned,
        .as_of = question->as_of
    };
    return tdm_fold_level(at->fold, &level, &at->level, err);
}

tdm_measure_question tdm_question_settled(const tdm_measure_question *asked)
{
    tdm_measure_question out = *asked;
    const tdm_measure_facts *facts = &asked->measure->facts;
    if (out.by == NULL)
        out.by = &facts->breakdowns[0];
    if (out.dimension == NULL)
        out.dimension = facts->dimension;
    if (out.indicator == NULL)
        out.indicator = facts->indicator;
    out.planned = out.planned && asked->measure->tables[0] == 0; /* tables are of the delivered */
    return out;
}

static tdm_code read_tables(tdm_fold *fold, const tdm_measure_question *question, tdm_err *err)
{
    const tdm_measure *measure = question->measure;
    tdm_code code = TDM_OK;
    for (size_t t = 0; t < TDM_MEASURE_TABLES && measure->tables[t] != 0 && code == TDM_OK; t++)
        code = tdm_rest_need_table(fold, measure->tables[t], err);
    if (code == TDM_OK && measure->registered)
        code = tdm_rest_need_table(fold, TDM_TABLE_TIES, err);
    if (code == TDM_OK && measure->registered)
        code = tdm_rest_need_cells(fold, TDM_FAMILY_DELIVERED, question->period_kind, err);
    return code;
}

tdm_code tdm_fold_measure(tdm_fold *fold, const tdm_measure_question *asked, tdm_measure_answer *out,
                          tdm_err *err)
{
    const tdm_measure_question question = tdm_question_settled(asked);
    asking at = { .fold = fold, .question = &question };
    at.answer.width = question.measure->facts.column_count;
    *out = (tdm_measure_answer){ 0 };
    tdm_fold_lock(fold);
    tdm_code code = ask_level(&at, err);
    if (code == TDM_OK)
        code = read_tables(fold, &question, err);
    if (code == TDM_OK)
        code = tdm_gather(fold, &question, &at.rows, err);
    if (code == TDM_OK && question.measure->by_programme)
        answer_periods(&at);
    else if (code == TDM_OK)
        answer_all(&at);
    out->complete = fold->work_done == fold->work.count && !fold->everything;
    tdm_shelf_end(&fold->shelf);
    tdm_fold_unlock(fold);
    tdm_gathered_free(&at.rows);
    tdm_level_answer_free(&at.level);
    free(at.registered);
    tdm_answering_finish(&at.answer, out);
    return code;
}

tdm_code tdm_fold_tables(tdm_fold *fold, tdm_table_visit *visit, void *context, tdm_err *err)
{
    size_t count;
    tdm_code code = TDM_OK;
    tdm_fold_lock(fold);
    code = tdm_rest_need_all(fold, err);
    tdm_table_slot **slots = tdm_tables_sorted(&fold->tables, &count);
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        tdm_table_cell cell = { 0 };
        tdm_table_key_read((tdm_span){ slots[i]->key, slots[i]->key_len }, &cell);
        cell.n = slots[i]->n;
        code = visit(context, &cell, err);
    }
    tdm_fold_unlock(fold);
    free(slots);
    return code == TDM_END ? TDM_OK : code;
}
