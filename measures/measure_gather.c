/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_gather.c: the cells that a question takes (docs/figures.md section 10).
 */
#include "measure_gather.h"

#include <stdlib.h>

#include "bytes.h"
#include "groups.h"

enum { WALK_STEP = 512 };

void tdm_gathered_free(tdm_gathered *gathered)
{
    free(gathered->items);
    tdm_arena_free(&gathered->arena);
    *gathered = (tdm_gathered){ 0 };
}

tdm_date tdm_question_day(const tdm_measure_question *question, tdm_period period)
{
    tdm_date last = tdm_period_last(period);
    return last < question->as_of ? last : question->as_of;
}

bool tdm_question_asks(const tdm_measure_question *question, tdm_period period)
{
    return period.kind == question->period_kind
           && (!question->has_year || tdm_period_year(period).number == question->year);
}

typedef struct gathering {
    tdm_fold *fold;
    const tdm_measure_question *question;
    tdm_gathered *out;
} gathering;

bool tdm_measure_reads(const tdm_measure *measure, int table)
{
    bool reads = false;
    for (size_t i = 0; i < TDM_MEASURE_TABLES; i++)
        reads = reads || (table != 0 && measure->tables[i] == table);
    return reads;
}

tdm_dimension tdm_breakdown_dimension(tdm_breakdown by)
{
    static const tdm_dimension JOINED[] = {
        [TDM_BREAK_PROGRAMME] = TDM_BY_PROGRAMME, [TDM_BREAK_KIND] = TDM_BY_KIND,
        [TDM_BREAK_LEAD] = TDM_BY_LEAD,           [TDM_BREAK_LOCALITY] = TDM_BY_LOCALITY,
        [TDM_BREAK_SECTOR] = TDM_BY_SECTOR,       [TDM_BREAK_REGION] = TDM_BY_REGION,
        [TDM_BREAK_CORE] = TDM_BY_CORE,
    };
    return by < TDM_COUNT(JOINED) ? JOINED[by] : TDM_BY_TOTAL;
}

/* The group that a cell of the tables goes to. */
static tdm_span group_of(gathering *at, tdm_period period, const tdm_table_cell *cell)
{
    char text[TDM_SUBJECT_MAX + 1];
    tdm_breakdown by = at->question->by->by;
    if (by == TDM_BREAK_TOTAL || by == TDM_BREAK_OWN)
        return (tdm_span){ NULL, 0 };
    if (by == TDM_BREAK_A || by == TDM_BREAK_B)
        return by == TDM_BREAK_A ? cell->a : cell->b;
    if (by == TDM_BREAK_ORGANISATION) {
        tdm_org_code code = tdm_org_code_of(cell->organisation);
        code = tdm_registry_root(at->fold->registry, &code, tdm_period_last(period)).root;
        return tdm_arena_keep(&at->out->arena, tdm_org_code_span(&code));
    }
    tdm_group_text(at->fold->registry, tdm_breakdown_dimension(by), period, cell->organisation, text);
    return tdm_arena_keep(&at->out->arena, tdm_span_text(text));
}

static void add_row(gathering *at, tdm_period period, tdm_span group, const tdm_table_cell *cell,
                    const int64_t n[TDM_TABLE_AMOUNTS])
{
    tdm_gathered *out = at->out;
    out->items = tdm_memory_grow(out->items, &out->capacity, out->count + 1, sizeof *out->items);
    tdm_grouped_row *item = &out->items[out->count++];
    *item = (tdm_grouped_row){
        .group = group,
        .period = period,
        .row = { .table = cell->table, .organisation = cell->organisation, .a = cell->a, .b = cell->b }
    };
    memcpy(item->row.n, n, sizeof item->row.n);
}

static void add_shelf(gathering *at, int table, tdm_period shelf, tdm_period period)
{
    size_t count;
    tdm_table_slot *const *slots = tdm_tables_of(&at->fold->tables, table, shelf, &count);
    for (size_t i = 0; i < count; i++) {
        tdm_table_cell cell;
        if (tdm_table_slot_is_zero(slots[i]))
            continue;
        tdm_table_key_read((tdm_span){ slots[i]->key, slots[i]->key_len }, &cell);
        add_row(at, period, group_of(at, period, &cell), &cell, slots[i]->n);
    }
}

/* ---- which periods ---- */

typedef struct period_list {
    tdm_period *items;
    size_t count;
    size_t capacity;
} period_list;

static void add_period(period_list *list, tdm_period period)
{
    for (size_t i = list->count; i > 0; i--)
        if (list->items[i - 1].number == period.number)
            return;
    list->items = tdm_memory_grow(list->items, &list->capacity, list->count + 1, sizeof *list->items);
    list->items[list->count++] = period;
}

static tdm_period next_period(tdm_period period)
{
    return tdm_period_of(period.kind, tdm_period_last(period) + 1);
}

/* Of what holds from a day on: every period from then to the as-of date; some ages at most. */
static void add_periods_since(const tdm_measure_question *question, tdm_date first, period_list *list)
{
    enum { AGES = 2400 };
    tdm_period at = tdm_period_of(question->period_kind, first);
    tdm_period last = tdm_period_of(question->period_kind, question->as_of);
    if (last.number - at.number > AGES)
        at = tdm_period_of(question->period_kind, question->as_of - AGES * 30);
    for (; at.number <= last.number; at = next_period(at))
        if (tdm_question_asks(question, at))
            add_period(list, at);
}

static void list_periods(const gathering *at, period_list *list)
{
    const tdm_measure *measure = at->question->measure;
    bool sums = measure->level;
    for (size_t t = 0; t < TDM_MEASURE_TABLES; t++)
        sums = sums || (measure->tables[t] != 0 && !tdm_table_is_in_force(measure->tables[t]));
    for (size_t t = 0; t < TDM_MEASURE_TABLES && measure->tables[t] != 0; t++) {
        size_t count;
        if (tdm_table_is_in_force(measure->tables[t]) == sums)
            continue;
        tdm_period *periods = tdm_tables_periods(&at->fold->tables, measure->tables[t], &count);
        if (!sums && count > 0)
            add_periods_since(at->question, periods[0].number, list);
        for (size_t i = 0; sums && i < count; i++)
            if (tdm_question_asks(at->question, periods[i]))
                add_period(list, periods[i]);
        free(periods);
    }
}

/* ---- from the maintained cells ---- */

static void gather_table(gathering *at, int table, const period_list *list)
{
    size_t days = 0;
    tdm_period *changes = NULL;
    if (tdm_table_is_in_force(table))
        changes = tdm_tables_periods(&at->fold->tables, table, &days);
    for (size_t i = 0; i < list->count; i++) {
        tdm_date until = tdm_question_day(at->question, list->items[i]);
        for (size_t d = 0; d < days && changes[d].number <= until; d++)
            add_shelf(at, table, changes[d], list->items[i]);
        if (changes == NULL)
            add_shelf(at, table, list->items[i], list->items[i]);
    }
    free(changes);
}

/* ---- from the dossiers of units ---- */

/* Their groups are in what they contribute to the level. */
static void take_dossier(gathering *at, const tdm_dossier *dossier)
{
    tdm_span groups[TDM_GROUPS];
    tdm_span tally = tdm_dossier_tally(dossier);
    if (tally.len == 0 || !tdm_contribution_groups(tdm_dossier_contribution(dossier), groups))
        return;
    tdm_dimension by = tdm_breakdown_dimension(at->question->by->by);
    tdm_span raw = groups[by == TDM_BY_CORE ? TDM_BY_PROGRAMME : by];
    tally = tdm_arena_keep(&at->out->arena, tally); /* rows borrow from it */
    tdm_span key;
    int64_t n[TDM_TABLE_AMOUNTS];
    for (size_t next = 0; tdm_tally_next(tally, &next, &key, n);) {
        tdm_table_cell cell;
        char text[TDM_SUBJECT_MAX + 1];
        tdm_table_key_read(key, &cell);
        if (!tdm_measure_reads(at->question->measure, cell.table) || cell.has_day
            || !tdm_question_asks(at->question, cell.period))
            continue;
        tdm_group_text(at->fold->registry, by, cell.period, raw, text);
        add_row(at, cell.period, tdm_arena_keep(&at->out->arena, tdm_span_text(text)), &cell, n);
    }
}

static tdm_code scan_units(gathering *at, tdm_err *err)
{
    tdm_subjects found = { 0 };
    tdm_arena arena = { 0 };
    tdm_buf after = { 0 };
    tdm_code code;
    do {
        code = tdm_shelf_walk(&at->fold->shelf, TDM_SPAN_LITERAL("unit/"), tdm_buf_span(&after), WALK_STEP,
                              &found, &arena, err);
        for (size_t i = 0; code == TDM_OK && i < found.count; i++) {
            tdm_dossier *dossier;
            bool owned;
            code = tdm_shelf_look(&at->fold->shelf, found.items[i], &dossier, &owned, err);
            if (code == TDM_OK && dossier != NULL)
                take_dossier(at, dossier);
            if (owned)
                tdm_dossier_free(dossier);
        }
        tdm_buf_clear(&after);
        if (found.count > 0)
            tdm_buf_add(&after, found.items[found.count - 1].data, found.items[found.count - 1].len);
        tdm_arena_free(&arena);
    } while (code == TDM_OK && found.count == WALK_STEP);
    tdm_buf_free(&after);
    tdm_subjects_free(&found);
    return code;
}

/* ---- in order ---- */

static int compare_rows(const void *a, const void *b)
{
    const tdm_grouped_row *x = a;
    const tdm_grouped_row *y = b;
    int order = (x->period.number > y->period.number) - (x->period.number < y->period.number);
    if (order == 0)
        order = tdm_span_compare(x->group, y->group);
    if (order == 0)
        order = x->row.table - y->row.table;
    if (order == 0)
        order = tdm_span_compare(x->row.organisation, y->row.organisation);
    if (order == 0)
        order = tdm_span_compare(x->row.a, y->row.a);
    return order != 0 ? order : tdm_span_compare(x->row.b, y->row.b);
}

static bool is_zero(const tdm_table_row *row)
{
    bool zero = true;
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        zero = zero && row->n[i] == 0;
    return zero;
}

static void join_rows(tdm_gathered *out)
{
    size_t kept = 0;
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_rows);
    for (size_t i = 0; i < out->count;) {
        tdm_grouped_row row = out->items[i++];
        for (; i < out->count && compare_rows(&row, &out->items[i]) == 0; i++)
            for (size_t n = 0; n < TDM_TABLE_AMOUNTS; n++)
                row.row.n[n] = (int64_t)((uint64_t)row.row.n[n] + (uint64_t)out->items[i].row.n[n]);
        if (!is_zero(&row.row))
            out->items[kept++] = row;
    }
    out->count = kept;
}

static bool needs_scan(const tdm_measure_question *question)
{
    tdm_breakdown by = question->by->by;
    return by == TDM_BREAK_PROGRAMME || by == TDM_BREAK_KIND || by == TDM_BREAK_LOCALITY
           || by == TDM_BREAK_CORE;
}

tdm_code tdm_gather(tdm_fold *fold, const tdm_measure_question *question, tdm_gathered *out, tdm_err *err)
{
    gathering at = { fold, question, out };
    tdm_code code = TDM_OK;
    *out = (tdm_gathered){ 0 };
    if (question->measure->tables[0] == 0)
        return TDM_OK;
    if (needs_scan(question)) {
        code = scan_units(&at, err);
    } else {
        period_list list = { 0 };
        list_periods(&at, &list);
        for (size_t t = 0; t < TDM_MEASURE_TABLES && question->measure->tables[t] != 0; t++)
            gather_table(&at, question->measure->tables[t], &list);
        free(list.items);
    }
    join_rows(out);
    return code;
}
