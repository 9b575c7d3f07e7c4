/* SPDX-License-Identifier: MPL-2.0
 *
 * tables.c: tables gathered, added up and printed (docs/figures.md section 8).
 */
#include "tables_parts.h"

#include <string.h>

#include "tandem/pack.h"

static const struct {
    int number;
    const char *name;
} TABLES[] = {
#define X(number, SYMBOL, name, class) { number, name },
    TDM_TABLES(X)
#undef X
};

/* What holds from a day to a day; all others happen on a day. The oracle's own word, not the engine's. */
static const int IN_FORCE[] = { TDM_TABLE_POSTS,   TDM_TABLE_TEAMS,   TDM_TABLE_POLICIES,
                                TDM_TABLE_SUPPORT, TDM_TABLE_MEMBERS, TDM_TABLE_REFERENCE };

const char *tdm_oracle_table_name(int table)
{
    for (size_t i = 0; i < TDM_COUNT(TABLES); i++)
        if (TABLES[i].number == table)
            return TABLES[i].name;
    return NULL;
}

bool tdm_oracle_is_in_force(int table)
{
    for (size_t i = 0; i < TDM_COUNT(IN_FORCE); i++)
        if (IN_FORCE[i] == table)
            return true;
    return false;
}

/* ---- putting */
static void copy_text(char *out, size_t size, tdm_span text)
{
    TDM_ASSERT(text.len < size);
    memset(out, 0, size);
    if (text.len > 0)
        memcpy(out, text.data, text.len);
}

static oracle_entry entry_at(const oracle_place *place)
{
    oracle_entry entry = { .cell = { .table = place->table }, .class = place->class };
    copy_text(entry.cell.organisation, sizeof(entry.cell.organisation), place->organisation);
    copy_text(entry.cell.a, sizeof(entry.cell.a), place->a);
    copy_text(entry.cell.b, sizeof(entry.cell.b), place->b);
    return entry;
}

static bool is_zero(const int64_t *n)
{
    for (int i = 0; i < TDM_TABLE_AMOUNTS; i++)
        if (n[i] != 0)
            return false;
    return true;
}

static void put(oracle_tally *tally, oracle_entry *entry, const int64_t *n, int64_t sign)
{
    if (is_zero(n))
        return;
    for (int i = 0; i < TDM_TABLE_AMOUNTS; i++)
        entry->cell.n[i] = sign * n[i];
    ORACLE_PUSH(tally->entries, tally->entry_count, *entry);
}

void oracle_put_in(oracle_tally *tally, const oracle_place *place, tdm_period period, const int64_t *n)
{
    oracle_entry entry = entry_at(place);
    entry.cell.period = period;
    put(tally, &entry, n, 1);
}

void oracle_put_on(oracle_tally *tally, const oracle_place *place, tdm_date day, const int64_t *n)
{
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++)
        oracle_put_in(tally, place, oracle_period_of((tdm_period_kind)kind, day), n);
}

void oracle_put_from(oracle_tally *tally, const oracle_place *place, tdm_date from, const tdm_value *until,
                     const int64_t *n)
{
    oracle_entry entry = entry_at(place);
    if (until->present && until->number <= from)
        return;
    entry.cell.has_day = true;
    entry.cell.day = from;
    put(tally, &entry, n, 1);
    if (!until->present)
        return;
    entry.cell.day = (tdm_date)until->number;
    put(tally, &entry, n, -1);
}

/* ---- adding up */
static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_key(const void *left, const void *right)
{
    const tdm_oracle_cell *a = left, *b = right;
    int by = compare(a->table, b->table);
    if (by == 0)
        by = compare(a->period.kind, b->period.kind);
    if (by == 0)
        by = compare(a->period.number, b->period.number);
    if (by == 0)
        by = compare(a->day, b->day);
    if (by == 0)
        by = strcmp(a->organisation, b->organisation);
    if (by == 0)
        by = strcmp(a->a, b->a);
    return by ? by : strcmp(a->b, b->b);
}

size_t oracle_cells_merge(tdm_oracle_cell *cells, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(cells, count, sizeof(*cells), by_key);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_key(&cells[kept - 1], &cells[i]) == 0) {
            for (int k = 0; k < TDM_TABLE_AMOUNTS; k++)
                cells[kept - 1].n[k] += cells[i].n[k];
            continue;
        }
        kept -= kept > 0 && is_zero(cells[kept - 1].n);
        cells[kept++] = cells[i];
    }
    return kept - (kept > 0 && is_zero(cells[kept - 1].n));
}

/* ---- gathering */
static tdm_span part_of_subject(const oracle_fact *fact, uint32_t field)
{
    const tdm_field *row = &fact->base->type->fields[field - 1];
    const tdm_value *value = oracle_value(fact, field);
    return row->kind == TDM_KIND_ENUM ? oracle_word(row->set, value->number) : value->bytes;
}

/* Is it filed under prefix/OWNER/ID/ID2 of its own fields? */
static bool is_filed_rightly(const oracle_fact *fact)
{
    const tdm_filing *filing = tdm_type_filing(fact->base->e.type);
    tdm_buf subject = { 0 };
    tdm_buf_text(&subject, filing->prefix);
    for (size_t i = 0; i < TDM_COUNT(filing->parts) && filing->parts[i] != 0; i++) {
        tdm_span part = part_of_subject(fact, filing->parts[i]);
        tdm_buf_text(&subject, "/");
        tdm_buf_add(&subject, part.data, part.len);
    }
    bool same = tdm_span_equal(tdm_buf_span(&subject), fact->base->e.subject);
    tdm_buf_free(&subject);
    return same;
}

static bool is_valid_thing(const tdm_oracle *o, const oracle_fact *fact)
{
    return fact->visible && fact->base->type->duty == TDM_DUTY_THING
           && oracle_represents(o, &fact->base->e.origin, oracle_recorder(fact),
                                oracle_london(fact->base->e.recorded_ms))
           && is_filed_rightly(fact) && oracle_is_registered(o, oracle_recorder(fact));
}

static void list_things(const tdm_oracle *o, oracle_tally *tally)
{
    for (size_t i = 0; i < o->fact_count; i++)
        if (is_valid_thing(o, &o->facts[i]))
            ORACLE_PUSH(tally->things, tally->thing_count, &o->facts[i]);
}

static void gather(const tdm_oracle *o, oracle_tally *tally)
{
    list_things(o, tally);
    oracle_tables_of_units(o, tally);
    oracle_tables_of_things(o, tally);
    tally->cells = oracle_zeroed(tally->entry_count, sizeof(*tally->cells));
    for (size_t i = 0; i < tally->entry_count; i++)
        tally->cells[i] = tally->entries[i].cell;
    tally->cell_count = oracle_cells_merge(tally->cells, tally->entry_count);
}

const oracle_tally *oracle_tally_of(const tdm_oracle *o)
{
    if (o->tally->cells == NULL)
        gather(o, o->tally);
    return o->tally;
}

void oracle_tally_free(oracle_tally *tally)
{
    free(tally->things);
    free(tally->cells);
    free(tally->entries);
    free(tally);
}

void tdm_oracle_tables(const tdm_oracle *o, tdm_oracle_cell **cells, size_t *count)
{
    const oracle_tally *tally = oracle_tally_of(o);
    *cells = NULL;
    *count = 0;
    for (size_t i = 0; i < tally->cell_count; i++)
        if (tally->cells[i].table != ORACLE_TABLE_LEVEL)
            ORACLE_PUSH(*cells, *count, tally->cells[i]);
}

/* ---- printing */
void tdm_oracle_cell_text(const tdm_oracle_cell *cell, char out[TDM_ORACLE_LINE])
{
    char when[64];
    int year, month, day;
    oracle_date_split(cell->day, &year, &month, &day);
    (void)snprintf(when, sizeof(when), "%04d-%02d-%02d", year, month, day);
    if (!cell->has_day)
        oracle_period_text(cell->period, when);
    int used = snprintf(out, TDM_ORACLE_LINE, "%s\t%s\t%s\t%s\t%s", tdm_oracle_table_name(cell->table), when,
                        cell->organisation, cell->a, cell->b);
    for (int i = 0; i < TDM_TABLE_AMOUNTS; i++)
        used += snprintf(out + used, TDM_ORACLE_LINE - (size_t)used, "\t%lld", (long long)cell->n[i]);
}

static int by_bytes(const void *left, const void *right)
{
    return strcmp(left, right);
}

void tdm_oracle_tables_print(FILE *out, const tdm_oracle_cell *cells, size_t count)
{
    char(*lines)[TDM_ORACLE_LINE] = oracle_zeroed(count, sizeof(*lines));
    for (size_t i = 0; i < count; i++)
        tdm_oracle_cell_text(&cells[i], lines[i]);
    if (count > 0)
        qsort(lines, count, sizeof(*lines), by_bytes);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s\n", lines[i]);
    free(lines);
}

/* ---- lists */
static int by_text(const void *left, const void *right)
{
    return tdm_span_compare(*(const tdm_span *)left, *(const tdm_span *)right);
}

oracle_texts oracle_texts_of(const tdm_value *value)
{
    oracle_texts all = { NULL, 0 };
    if (!value->present)
        return all;
    tdm_cursor cursor = tdm_cursor_over(value->bytes);
    for (uint32_t left = tdm_cursor_array(&cursor); left > 0; left--)
        ORACLE_PUSH(all.list, all.count, tdm_cursor_str(&cursor));
    if (all.count == 0)
        return all;
    qsort(all.list, all.count, sizeof(*all.list), by_text);
    size_t kept = 1;
    for (size_t i = 1; i < all.count; i++)
        if (!tdm_span_equal(all.list[kept - 1], all.list[i]))
            all.list[kept++] = all.list[i];
    all.count = kept;
    return all;
}

void oracle_roots_add(oracle_roots *roots, const oracle_code *root)
{
    size_t at = 0;
    while (at < roots->count && strcmp(roots->list[at].text, root->text) < 0)
        at++;
    if (at < roots->count && strcmp(roots->list[at].text, root->text) == 0)
        return;
    ORACLE_PUSH(roots->list, roots->count, *root);
    for (size_t i = roots->count - 1; i > at; i--)
        roots->list[i] = roots->list[i - 1];
    roots->list[at] = *root;
}

tdm_span oracle_text(const oracle_fact *fact, uint32_t field)
{
    const tdm_value *value = oracle_value(fact, field);
    return value->present ? part_of_subject(fact, field) : TDM_SPAN_LITERAL("");
}

bool oracle_is_stated(const oracle_fact *fact, uint32_t field)
{
    return oracle_text(fact, field).len > 0;
}
