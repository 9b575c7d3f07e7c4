/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_gather.c: the cells that a question takes (docs/figures.md section 10).
 */
#include "measure_gather.h"

#include <stdlib.h>

#include "at_rest.h"
#include "bytes.h"
#include "groups.h"

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

/* The days on which a table in force changes. */
typedef struct changes {
    tdm_period *days;
    size_t count;
} changes;

static void gather_period(gathering *at, tdm_period period, const changes *days)
{
    tdm_date until = tdm_question_day(at->question, period);
    for (size_t t = 0; t < TDM_MEASURE_TABLES && at->question->measure->tables[t] != 0; t++) {
        int table = at->question->measure->tables[t];
        for (size_t d = 0; d < days[t].count && days[t].days[d].number <= until; d++)
            add_shelf(at, table, days[t].days[d], period);
        if (!tdm_table_is_in_force(table))
            add_shelf(at, table, period, period);
    }
}

static void gather_tables(gathering *at)
{
    period_list list = { 0 };
    changes days[TDM_MEASURE_TABLES] = { 0 };
    list_periods(at, &list);
    for (size_t t = 0; t < TDM_MEASURE_TABLES && at->question->measure->tables[t] != 0; t++)
        if (tdm_table_is_in_force(at->question->measure->tables[t]))
            days[t].days =
                tdm_tables_periods(&at->fold->tables, at->question->measure->tables[t], &days[t].count);
    for (size_t i = 0; i < list.count; i++)
        gather_period(at, list.items[i], days);
    for (size_t t = 0; t < TDM_MEASURE_TABLES; t++)
        free(days[t].days);
    free(list.items);
}

/* ---- from the dossiers of units ---- */

/* One cell of one group, added up over dossiers. */
typedef struct scanned {
    int64_t n[TDM_TABLE_AMOUNTS];
    size_t group_len;
    size_t key_len; /* group and cell key together */
    uint8_t key[];
} scanned;

static tdm_span scanned_key(const void *item)
{
    const scanned *cell = item;
    return (tdm_span){ cell->key, cell->key_len };
}

static void add_scanned(tdm_map *cells, tdm_span group, tdm_span key, const int64_t n[TDM_TABLE_AMOUNTS])
{
    uint8_t bytes[TDM_SUBJECT_MAX + TDM_TABLE_KEY_MAX];
    memcpy(bytes, group.data, group.len);
    memcpy(bytes + group.len, key.data, key.len);
    tdm_span whole = { bytes, group.len + key.len };
    scanned *cell = tdm_map_find(cells, whole);
    if (cell == NULL) {
        cell = tdm_memory_new(sizeof *cell + whole.len);
        cell->group_len = group.len;
        cell->key_len = whole.len;
        memcpy(cell->key, bytes, whole.len);
        tdm_map_add(cells, cell);
    }
    tdm_amounts_add(cell->n, n);
}

/* Its groups are in what it contributes to the level. */
static void take_dossier(gathering *at, const tdm_dossier *dossier, tdm_map *cells)
{
    tdm_span groups[TDM_GROUPS];
    tdm_span tally = tdm_dossier_tally(dossier);
    if (tally.len == 0 || !tdm_contribution_groups(tdm_dossier_contribution(dossier), groups))
        return;
    tdm_dimension by = tdm_breakdown_dimension(at->question->by->by);
    char text[TDM_SUBJECT_MAX + 1];
    tdm_span key;
    int64_t n[TDM_TABLE_AMOUNTS];
    tdm_group_text(at->fold->registry, by, (tdm_period){ 0 }, groups[tdm_group_stored(by)], text);
    for (size_t next = 0; tdm_tally_next(tally, &next, &key, n);) {
        tdm_table_cell cell;
        if (key.data[1] != at->question->period_kind
            || !tdm_measure_reads(at->question->measure, key.data[0]))
            continue;
        tdm_table_key_read(key, &cell);
        if (tdm_question_asks(at->question, cell.period))
            add_scanned(cells, tdm_span_text(text), key, n);
    }
}

static void take_scanned(gathering *at, const tdm_map *cells)
{
    size_t next = 0;
    for (const scanned *cell = tdm_map_next(cells, &next); cell != NULL; cell = tdm_map_next(cells, &next)) {
        tdm_table_cell read;
        tdm_span whole = tdm_arena_keep(&at->out->arena, (tdm_span){ cell->key, cell->key_len });
        tdm_table_key_read((tdm_span){ whole.data + cell->group_len, whole.len - cell->group_len }, &read);
        add_row(at, read.period, (tdm_span){ whole.data, cell->group_len }, &read, cell->n);
    }
}

static tdm_code scan_units(gathering *at, tdm_err *err)
{
    tdm_walk walk = tdm_walk_begin(TDM_SPAN_LITERAL("unit/"));
    tdm_map cells;
    tdm_code code = TDM_OK;
    tdm_map_init(&cells, scanned_key);
    while (code == TDM_OK && walk.more) {
        code = tdm_walk_step(&at->fold->shelf, &walk, err);
        for (size_t i = 0; code == TDM_OK && i < walk.found.count; i++) {
            tdm_dossier *dossier;
            bool owned;
            code = tdm_rest_look(at->fold, walk.found.items[i], &dossier, &owned, err);
            if (code == TDM_OK && dossier != NULL)
                take_dossier(at, dossier, &cells);
            if (owned)
                tdm_dossier_free(dossier);
        }
    }
    take_scanned(at, &cells);
    tdm_map_free(&cells, free);
    tdm_walk_end(&walk);
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

static void join_rows(tdm_gathered *out)
{
    size_t kept = 0;
    /* Shelves are in order: so are their rows, where there are no groups. */
    bool sorted = true;
    for (size_t i = 1; i < out->count && sorted; i++)
        sorted = compare_rows(&out->items[i - 1], &out->items[i]) <= 0;
    if (!sorted)
        qsort(out->items, out->count, sizeof *out->items, compare_rows);
    for (size_t i = 0; i < out->count;) {
        tdm_grouped_row row = out->items[i++];
        for (; i < out->count && compare_rows(&row, &out->items[i]) == 0; i++)
            tdm_amounts_add(row.row.n, out->items[i].row.n);
        if (!tdm_amounts_are_zero(row.row.n))
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
    if (needs_scan(question))
        code = scan_units(&at, err);
    else
        gather_tables(&at);
    join_rows(out);
    return code;
}
