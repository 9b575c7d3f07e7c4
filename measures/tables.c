/* SPDX-License-Identifier: MPL-2.0
 *
 * tables.c: cells of the measures beside the level.
 */
#include "tables.h"

#include <stdlib.h>

#include "bytes.h"

enum { SHELF_KEY = 6 };

static const struct table_row {
    const char *name;
    bool in_force;
} TABLES[TDM_TABLES_END] = {
#define SUM false
#define IN_FORCE true
#define X(number, SYMBOL, name, class) [number] = { name, class },
    TDM_TABLES(X)
#undef X
#undef SUM
#undef IN_FORCE
};

const char *tdm_table_name(int table)
{
    return table < 0 || table >= TDM_TABLES_END ? NULL : TABLES[table].name;
}

bool tdm_table_is_in_force(int table)
{
    return tdm_table_name(table) != NULL && TABLES[table].in_force;
}

/* ---- keys ---- */

static size_t write_shelf_key(uint8_t out[SHELF_KEY], int table, tdm_period period)
{
    out[0] = (uint8_t)table;
    out[1] = (uint8_t)period.kind;
    tdm_put_be(out + 2, (uint32_t)period.number ^ 0x80000000u, 4);
    return SHELF_KEY;
}

static tdm_period period_of_key(const uint8_t *key)
{
    return (tdm_period){ (tdm_period_kind)key[1], (int32_t)((uint32_t)tdm_get_be(key + 2, 4) ^ 0x80000000u) };
}

static size_t write_text(uint8_t *out, tdm_span text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    if (len > 0)
        memcpy(out, text.data, len);
    return len;
}

static size_t write_key(uint8_t out[TDM_TABLE_KEY_MAX], int table, tdm_period period, tdm_span organisation,
                        tdm_span a, tdm_span b)
{
    size_t len = write_shelf_key(out, table, period);
    len += write_text(out + len, organisation, 12);
    out[len++] = 0;
    len += write_text(out + len, a, TDM_TABLE_TEXT_MAX);
    out[len++] = 0;
    return len + write_text(out + len, b, TDM_TABLE_TEXT_MAX);
}

static tdm_span take_text(tdm_span *rest)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, 0, rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    tdm_span text = { rest->data, len };
    size_t taken = len + (end != NULL);
    *rest = (tdm_span){ rest->data + taken, rest->len - taken };
    return text;
}

void tdm_table_key_read(tdm_span key, tdm_table_cell *out)
{
    tdm_span rest = { key.data + SHELF_KEY, key.len - SHELF_KEY };
    out->table = key.data[0];
    out->period = period_of_key(key.data);
    out->has_day = key.data[1] == TDM_TABLE_DAY;
    out->day = out->has_day ? out->period.number : 0;
    out->organisation = take_text(&rest);
    out->a = take_text(&rest);
    out->b = rest;
}

static bool key_is_sound(tdm_span key)
{
    if (key.len < SHELF_KEY + 2 || key.len > TDM_TABLE_KEY_MAX || tdm_table_name(key.data[0]) == NULL)
        return false;
    size_t zeros = 0;
    for (size_t i = SHELF_KEY; i < key.len; i++)
        zeros += key.data[i] == 0;
    return zeros == 2;
}

/* ---- a tally ---- */

void tdm_tally_clear(tdm_tally *tally)
{
    tally->count = 0;
    tdm_buf_clear(&tally->keys);
}

void tdm_tally_free(tdm_tally *tally)
{
    free(tally->entries);
    tdm_buf_free(&tally->keys);
    *tally = (tdm_tally){ 0 };
}

int64_t *tdm_tally_at(tdm_tally *tally, int table, tdm_period period, tdm_span organisation, tdm_span a,
                      tdm_span b)
{
    uint8_t key[TDM_TABLE_KEY_MAX];
    size_t len = write_key(key, table, period, organisation, a, b);
    tally->entries =
        tdm_memory_grow(tally->entries, &tally->capacity, tally->count + 1, sizeof *tally->entries);
    tdm_tally_entry *entry = &tally->entries[tally->count++];
    *entry = (tdm_tally_entry){ .key = tally->keys.len, .key_len = len };
    tdm_buf_add(&tally->keys, key, len);
    TDM_ASSERT(!tally->keys.failed);
    return entry->n;
}

void tdm_tally_on(tdm_tally *tally, int table, tdm_date date, tdm_span organisation, tdm_span a, tdm_span b,
                  const int64_t n[TDM_TABLE_AMOUNTS])
{
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++)
        memcpy(tdm_tally_at(tally, table, tdm_period_of((tdm_period_kind)kind, date), organisation, a, b), n,
               TDM_TABLE_AMOUNTS * sizeof *n);
}

void tdm_tally_from(tdm_tally *tally, int table, tdm_date from, bool has_until, tdm_date until,
                    tdm_span organisation, tdm_span a, tdm_span b, const int64_t n[TDM_TABLE_AMOUNTS])
{
    if (has_until && until <= from)
        return;
    const tdm_period begin = { (tdm_period_kind)TDM_TABLE_DAY, from };
    memcpy(tdm_tally_at(tally, table, begin, organisation, a, b), n, TDM_TABLE_AMOUNTS * sizeof *n);
    if (!has_until)
        return;
    const tdm_period end = { (tdm_period_kind)TDM_TABLE_DAY, until };
    int64_t *out = tdm_tally_at(tally, table, end, organisation, a, b);
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        out[i] = tdm_take_wrapping(0, n[i]);
}

static int compare_entries(const void *a, const void *b, void *keys)
{
    const tdm_tally_entry *x = a;
    const tdm_tally_entry *y = b;
    const uint8_t *bytes = ((const tdm_buf *)keys)->data;
    return tdm_span_compare((tdm_span){ bytes + x->key, x->key_len },
                            (tdm_span){ bytes + y->key, y->key_len });
}

void tdm_amounts_add(int64_t to[TDM_TABLE_AMOUNTS], const int64_t n[TDM_TABLE_AMOUNTS])
{
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        to[i] = tdm_add_wrapping(to[i], n[i]);
}

static unsigned mask_of(const int64_t n[TDM_TABLE_AMOUNTS])
{
    unsigned mask = 0;
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        mask |= (unsigned)(n[i] != 0) << i;
    return mask;
}

bool tdm_amounts_are_zero(const int64_t n[TDM_TABLE_AMOUNTS])
{
    return mask_of(n) == 0;
}

static void write_amounts(tdm_buf *out, const int64_t n[TDM_TABLE_AMOUNTS])
{
    unsigned mask = mask_of(n);
    tdm_varint_put(out, mask);
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        if (mask >> i & 1)
            tdm_varint_put_signed(out, n[i]);
}

/* False if they cannot be read. */
static bool read_amounts(const uint8_t **at, const uint8_t *end, int64_t n[TDM_TABLE_AMOUNTS])
{
    uint64_t mask = tdm_varint_get(at, end);
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        n[i] = mask >> i & 1 ? tdm_varint_get_signed(at, end) : 0;
    return *at != NULL && mask != 0 && mask >> TDM_TABLE_AMOUNTS == 0;
}

void tdm_tally_encode(tdm_tally *tally, tdm_buf *out)
{
    if (tally->count > 1)
        qsort_r(tally->entries, tally->count, sizeof *tally->entries, compare_entries, &tally->keys);
    for (size_t i = 0; i < tally->count;) {
        tdm_tally_entry entry = tally->entries[i++];
        while (i < tally->count && compare_entries(&entry, &tally->entries[i], &tally->keys) == 0)
            tdm_amounts_add(entry.n, tally->entries[i++].n);
        if (tdm_amounts_are_zero(entry.n))
            continue;
        tdm_varint_put(out, entry.key_len);
        tdm_buf_add(out, tally->keys.data + entry.key, entry.key_len);
        write_amounts(out, entry.n);
    }
}

static bool next_entry(tdm_span encoded, size_t *at, tdm_span *key, int64_t n[TDM_TABLE_AMOUNTS], bool *sound)
{
    *sound = true;
    if (*at >= encoded.len)
        return false;
    const uint8_t *byte = encoded.data + *at;
    const uint8_t *end = encoded.data + encoded.len;
    uint64_t len = tdm_varint_get(&byte, end);
    *sound = byte != NULL && len <= (uint64_t)(end - byte);
    if (!*sound)
        return false;
    *key = (tdm_span){ byte, (size_t)len };
    byte += len;
    *sound = read_amounts(&byte, end, n);
    *at = *sound ? (size_t)(byte - encoded.data) : encoded.len;
    return *sound;
}

bool tdm_tally_next(tdm_span encoded, size_t *at, tdm_span *key, int64_t n[TDM_TABLE_AMOUNTS])
{
    bool sound;
    return next_entry(encoded, at, key, n, &sound);
}

bool tdm_tally_is_sound(tdm_span encoded)
{
    size_t at = 0;
    tdm_span key;
    int64_t n[TDM_TABLE_AMOUNTS];
    bool sound = true;
    while (next_entry(encoded, &at, &key, n, &sound))
        if (!key_is_sound(key))
            return false;
    return sound;
}

/* ---- cells ---- */

/* What one table holds of one period. */
typedef struct shelf {
    uint8_t key[SHELF_KEY];
    tdm_table_slot **slots; /* one that became zero stays until the next start */
    size_t count;
    size_t capacity;
    bool unsorted; /* slots were added since they were asked for */
} shelf;

static tdm_span slot_key(const void *item)
{
    const tdm_table_slot *slot = item;
    return (tdm_span){ slot->key, slot->key_len };
}

static tdm_span shelf_key(const void *item)
{
    return (tdm_span){ ((const shelf *)item)->key, SHELF_KEY };
}

static void release_shelf(void *item)
{
    free(((shelf *)item)->slots);
    free(item);
}

void tdm_tables_init(tdm_tables *tables)
{
    *tables = (tdm_tables){ 0 };
    tdm_map_init(&tables->slots, slot_key);
    tdm_map_init(&tables->shelves, shelf_key);
}

void tdm_tables_free(tdm_tables *tables)
{
    tdm_map_free(&tables->shelves, release_shelf);
    tdm_map_free(&tables->slots, free);
    free(tables->dirty);
    tdm_tables_init(tables);
}

static shelf *shelf_of(tdm_tables *tables, tdm_span key)
{
    shelf *found = tdm_map_find(&tables->shelves, (tdm_span){ key.data, SHELF_KEY });
    if (found == NULL) {
        found = tdm_memory_new(sizeof *found);
        memcpy(found->key, key.data, SHELF_KEY);
        tdm_map_add(&tables->shelves, found);
    }
    return found;
}

static tdm_table_slot *slot_of(tdm_tables *tables, tdm_span key)
{
    tdm_table_slot *slot = tdm_map_find(&tables->slots, key);
    if (slot != NULL)
        return slot;
    slot = tdm_memory_new(sizeof *slot + key.len);
    slot->key_len = (uint16_t)key.len;
    memcpy(slot->key, key.data, key.len);
    tdm_map_add(&tables->slots, slot);
    shelf *on = shelf_of(tables, key);
    on->slots = tdm_memory_grow(on->slots, &on->capacity, on->count + 1, sizeof(tdm_table_slot *));
    on->slots[on->count++] = slot;
    on->unsorted = true;
    return slot;
}

static void add_entry(tdm_tables *tables, tdm_span key, const int64_t n[TDM_TABLE_AMOUNTS])
{
    tdm_table_slot *slot = slot_of(tables, key);
    tdm_amounts_add(slot->n, n);
    if (slot->dirty)
        return;
    slot->dirty = true;
    tables->dirty = tdm_memory_grow(tables->dirty, &tables->dirty_capacity, tables->dirty_count + 1,
                                    sizeof(tdm_table_slot *));
    tables->dirty[tables->dirty_count++] = slot;
}

size_t tdm_tables_replace(tdm_tables *tables, tdm_span old, tdm_span new)
{
    tdm_span key;
    int64_t n[TDM_TABLE_AMOUNTS];
    size_t count = 0;
    for (size_t at = 0; tdm_tally_next(old, &at, &key, n); count++) {
        for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
            n[i] = tdm_take_wrapping(0, n[i]);
        add_entry(tables, key, n);
    }
    for (size_t at = 0; tdm_tally_next(new, &at, &key, n); count++)
        add_entry(tables, key, n);
    return count;
}

bool tdm_table_slot_is_zero(const tdm_table_slot *slot)
{
    return mask_of(slot->n) == 0;
}

void tdm_table_slot_encode(const tdm_table_slot *slot, tdm_buf *out)
{
    write_amounts(out, slot->n);
}

tdm_code tdm_tables_load(tdm_tables *tables, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    int64_t n[TDM_TABLE_AMOUNTS];
    const uint8_t *at = value.data;
    if (!key_is_sound(key) || !read_amounts(&at, value.data + value.len, n) || at != value.data + value.len)
        return tdm_fail(err, TDM_CORRUPT, 0, "views: a cell of a table is damaged");
    tdm_table_slot *slot = slot_of(tables, key);
    tdm_amounts_add(slot->n, n);
    slot->check = check;
    return TDM_OK;
}

void tdm_tables_saved(tdm_tables *tables)
{
    for (size_t i = 0; i < tables->dirty_count; i++)
        tables->dirty[i]->dirty = false;
    tables->dirty_count = 0;
}

static int compare_slots(const void *a, const void *b)
{
    return tdm_span_compare(slot_key(*(tdm_table_slot *const *)a), slot_key(*(tdm_table_slot *const *)b));
}

tdm_table_slot *const *tdm_tables_of(tdm_tables *tables, int table, tdm_period period, size_t *count)
{
    uint8_t key[SHELF_KEY];
    write_shelf_key(key, table, period);
    shelf *found = tdm_map_find(&tables->shelves, (tdm_span){ key, SHELF_KEY });
    *count = found == NULL ? 0 : found->count;
    if (found == NULL)
        return NULL;
    if (found->unsorted)
        qsort(found->slots, found->count, sizeof(tdm_table_slot *), compare_slots);
    found->unsorted = false;
    return found->slots;
}

static int compare_periods(const void *a, const void *b)
{
    const tdm_period *x = a;
    const tdm_period *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->number == y->number ? 0 : x->number < y->number ? -1 : 1;
}

tdm_period *tdm_tables_periods(const tdm_tables *tables, int table, size_t *count)
{
    tdm_period *out = tdm_memory_new((tables->shelves.count + 1) * sizeof *out);
    size_t at = 0;
    *count = 0;
    for (const shelf *item = tdm_map_next(&tables->shelves, &at); item != NULL;
         item = tdm_map_next(&tables->shelves, &at)) {
        bool any = false;
        for (size_t i = 0; i < item->count && item->key[0] == table && !any; i++)
            any = !tdm_table_slot_is_zero(item->slots[i]);
        if (any)
            out[(*count)++] = period_of_key(item->key);
    }
    if (*count > 1)
        qsort(out, *count, sizeof *out, compare_periods);
    return out;
}

tdm_table_slot **tdm_tables_sorted(const tdm_tables *tables, size_t *count)
{
    tdm_table_slot **sorted = tdm_memory_new((tables->slots.count + 1) * sizeof(tdm_table_slot *));
    size_t at = 0;
    *count = 0;
    for (tdm_table_slot *slot = tdm_map_next(&tables->slots, &at); slot != NULL;
         slot = tdm_map_next(&tables->slots, &at))
        if (!tdm_table_slot_is_zero(slot))
            sorted[(*count)++] = slot;
    if (*count > 1)
        qsort(sorted, *count, sizeof(tdm_table_slot *), compare_slots);
    return sorted;
}
