/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_rows.c: which rows a question takes, and which cells are in each (docs/figures.md section 10).
 */
#include "measures_parts.h"

#include <string.h>

/* One question under way. */
typedef struct asked {
    const tdm_oracle *o;
    const oracle_measure *measure;
    const tdm_oracle_question *question;
    const oracle_tally *tally;
    tdm_oracle_cell *level; /* rows of the level, as cells of one amount, with their groups in a */
    size_t level_count;
} asked;

static bool is_of_measure(const asked *q, int table)
{
    for (size_t i = 0; q->measure->tables[i] != 0; i++)
        if (q->measure->tables[i] == table)
            return true;
    return false;
}

static bool has_sums(const asked *q)
{
    for (size_t i = 0; q->measure->tables[i] != 0; i++)
        if (!tdm_oracle_is_in_force(q->measure->tables[i]))
            return true;
    return false;
}

tdm_date oracle_period_day(const tdm_oracle_question *question, tdm_period period)
{
    tdm_date last = oracle_period_last(period);
    return question->as_of < last ? question->as_of : last;
}

/* ---- periods */
static int by_number(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

/* Those of sum tables and of the level; where all are in force from a day on, all from the first day to the
 * as-of date's. */
static int32_t *candidates(const asked *q, size_t *count)
{
    int32_t *numbers = NULL;
    tdm_period_kind kind = q->question->period_kind;
    *count = 0;
    for (size_t i = 0; i < q->tally->cell_count; i++) {
        const tdm_oracle_cell *cell = &q->tally->cells[i];
        if (!is_of_measure(q, cell->table) || cell->has_day == has_sums(q)
            || (!cell->has_day && cell->period.kind != kind))
            continue;
        int32_t first = cell->period.number, last = first;
        if (cell->has_day) {
            first = oracle_period_of(kind, cell->day).number;
            last = oracle_period_of(kind, q->question->as_of).number;
        }
        for (int32_t number = first; number <= last; number++)
            ORACLE_PUSH(numbers, *count, number);
    }
    for (size_t i = 0; i < q->level_count; i++)
        ORACLE_PUSH(numbers, *count, q->level[i].period.number);
    if (*count > 0)
        qsort(numbers, *count, sizeof(*numbers), by_number);
    return numbers;
}

/* ---- groups */
bool oracle_unit_text(const tdm_oracle *o, const oracle_fact *unit, const char *word, tdm_span *out)
{
    *out = TDM_SPAN_LITERAL("");
    if (strcmp(word, "programme") == 0)
        *out = oracle_text(unit, TDM_UNIT_PROGRAMME);
    else if (strcmp(word, "kind") == 0)
        *out = oracle_text(unit, TDM_UNIT_KIND);
    else if (strcmp(word, "lead") == 0)
        *out = oracle_text(unit, TDM_UNIT_LEAD);
    else if (strcmp(word, "locality") == 0)
        *out = oracle_text(unit, TDM_UNIT_LOCALITY);
    else if (strcmp(word, "core_programme") == 0)
        *out = oracle_core(o, oracle_text(unit, TDM_UNIT_PROGRAMME));
    else
        return false;
    if (out->len == 0)
        *out = TDM_SPAN_LITERAL("(none)");
    return true;
}

static bool organisation_text(const oracle_view *view, const char *organisation, const char *word,
                              oracle_code *root, tdm_span *out)
{
    tdm_span code = tdm_span_text(organisation);
    tdm_date last = oracle_period_last(view->period);
    if (strcmp(word, "total") == 0)
        *out = TDM_SPAN_LITERAL("");
    else if (strcmp(word, "sector") == 0)
        *out = oracle_sector(view->o, code, last);
    else if (strcmp(word, "region") == 0)
        *out = oracle_region(view->o, code);
    else if (strcmp(word, "organisation") == 0) {
        *root = oracle_root(view->o, code, last, NULL);
        *out = oracle_code_span(root);
    } else
        return false;
    return true;
}

static bool own_text(const asked *q, const oracle_view *view, const tdm_oracle_cell *cell, tdm_span *out)
{
    const char *group;
    for (size_t i = 0; q->measure->own[i].word != NULL; i++) {
        if (strcmp(q->measure->own[i].word, q->question->by) != 0)
            continue;
        if (!q->measure->own[i].group(view, cell, &group))
            return false;
        *out = tdm_span_text(group);
        return true;
    }
    return false;
}

static void add_item(const asked *q, oracle_view *view, const oracle_entry *entry, oracle_item **items)
{
    oracle_item item = { .cell = &entry->cell };
    oracle_code root;
    tdm_span text;
    if (!organisation_text(view, entry->cell.organisation, q->question->by, &root, &text)
        && !(entry->class != NULL && oracle_unit_text(q->o, entry->class->principal, q->question->by, &text))
        && !own_text(q, view, &entry->cell, &text))
        return;
    if (text.len > 0)
        memcpy(item.group, text.data, text.len);
    ORACLE_PUSH(*items, view->count, item);
}

static int by_group(const void *left, const void *right)
{
    const oracle_item *a = left, *b = right;
    return strcmp(a->group, b->group);
}

/* ---- cells of one period. By a unit's attributes: entries, which know their unit */
static bool is_by_unit(const asked *q)
{
    static const char *const WORDS[] = { "programme", "kind", "lead", "locality", "core_programme" };
    for (size_t i = 0; i < TDM_COUNT(WORDS); i++)
        if (strcmp(WORDS[i], q->question->by) == 0)
            return true;
    return false;
}

static bool is_in(const asked *q, const tdm_oracle_cell *cell, tdm_period period)
{
    return is_of_measure(q, cell->table) && !cell->has_day && cell->period.kind == period.kind
           && cell->period.number == period.number;
}

/* Cells of in-force tables as they are on a day: all changes up to it. */
static size_t in_force_on(const asked *q, tdm_date day, tdm_oracle_cell **cells)
{
    size_t count = 0;
    *cells = NULL;
    for (size_t i = 0; i < q->tally->cell_count; i++) {
        tdm_oracle_cell cell = q->tally->cells[i];
        if (!cell.has_day || !is_of_measure(q, cell.table) || cell.day > day)
            continue;
        cell.day = 0;
        ORACLE_PUSH(*cells, count, cell);
    }
    return oracle_cells_merge(*cells, count);
}

static oracle_entry *entries_in(const asked *q, const oracle_view *view, size_t *count)
{
    oracle_entry *entries = NULL;
    *count = 0;
    for (size_t i = 0; is_by_unit(q) && i < q->tally->entry_count; i++)
        if (is_in(q, &q->tally->entries[i].cell, view->period))
            ORACLE_PUSH(entries, *count, q->tally->entries[i]);
    for (size_t i = 0; !is_by_unit(q) && i < q->tally->cell_count; i++)
        if (is_in(q, &q->tally->cells[i], view->period))
            ORACLE_PUSH(entries, *count, ((oracle_entry){ .cell = q->tally->cells[i] }));
    tdm_oracle_cell *in_force;
    size_t in_force_count = in_force_on(q, view->day, &in_force);
    for (size_t i = 0; i < in_force_count; i++)
        ORACLE_PUSH(entries, *count, ((oracle_entry){ .cell = in_force[i] }));
    free(in_force);
    return entries;
}

static void rows_in(const asked *q, tdm_period period, oracle_rows *rows)
{
    oracle_view whole = { q->o, q->question, period, oracle_period_day(q->question, period), NULL, 0, NULL };
    size_t entry_count, first_row = rows->count;
    oracle_entry *entries = entries_in(q, &whole, &entry_count);
    oracle_item *items = NULL;
    for (size_t i = 0; i < entry_count; i++)
        add_item(q, &whole, &entries[i], &items);
    for (size_t i = 0; i < q->level_count; i++) {
        oracle_item item = { .cell = &q->level[i] };
        memcpy(item.group, q->level[i].a, sizeof(item.group));
        if (q->level[i].period.number == period.number)
            ORACLE_PUSH(items, whole.count, item);
    }
    if (whole.count > 0)
        qsort(items, whole.count, sizeof(*items), by_group);
    whole.items = items;
    whole.whole = &whole;
    for (size_t first = 0, next; first < whole.count; first = next) {
        for (next = first + 1; next < whole.count && by_group(&items[first], &items[next]) == 0;)
            next++;
        oracle_view view = whole;
        oracle_row row = { .period = period };
        memcpy(row.group, items[first].group, sizeof(row.group));
        view.items = items + first;
        view.count = next - first;
        view.whole = &whole;
        q->measure->formula(&view, &row);
        if (row.count > 0)
            ORACLE_PUSH(rows->list, rows->count, row);
    }
    if (q->measure->finish != NULL && rows->count > first_row)
        q->measure->finish(&whole, rows->list + first_row, rows->count - first_row);
    free(items);
    free(entries);
}

static void load_level(asked *q)
{
    tdm_level_question question = { .period_kind = q->question->period_kind,
                                    .by = oracle_level_dimension(q->question->by),
                                    .weight = TDM_WEIGHT_HOURS,
                                    .as_of = q->question->as_of };
    tdm_oracle_row *rows;
    size_t count;
    tdm_oracle_level(q->o, &question, &rows, &count);
    for (size_t i = 0; i < count; i++) {
        tdm_oracle_cell cell = { .table = ORACLE_TABLE_LEVEL, .period = rows[i].period };
        memcpy(cell.a, rows[i].group.len > 0 ? (const char *)rows[i].group.data : "", rows[i].group.len);
        cell.n[0] = rows[i].amount;
        ORACLE_PUSH(q->level, q->level_count, cell);
    }
    free(rows);
}

void oracle_sum_rows(const tdm_oracle *o, const oracle_measure *measure, const tdm_oracle_question *question,
                     oracle_rows *rows)
{
    asked q = { o, measure, question, oracle_tally_of(o), NULL, 0 };
    size_t count;
    if (measure->with_level)
        load_level(&q);
    int32_t *numbers = candidates(&q, &count);
    for (size_t i = 0; i < count; i++) {
        tdm_period period = { question->period_kind, numbers[i] };
        if ((i == 0 || numbers[i] != numbers[i - 1])
            && (!question->has_year || oracle_period_year(period) == question->year))
            rows_in(&q, period, rows);
    }
    free(numbers);
    free(q.level);
}
