/* SPDX-License-Identifier: MPL-2.0
 *
 * people_set.c: sets of summary cells, and a cell as bytes.
 *
 * Key: table 1, period kind 1, period number 4 (big-endian), a, 0, b. No text has a 0, so that keys sort as
 * cells do. Value: the amounts, 8 bytes each, big-endian.
 */
#include "people.h"

#include <stdlib.h>

#include "bytes.h"
#include "tandem/utf8.h"

enum {
    HEAD_BYTES = 6,
    KEY_MAX = HEAD_BYTES + 2 * TDM_SUMMARY_TEXT_MAX + 1,
    VALUE_BYTES = 8 * TDM_SUMMARY_AMOUNTS,
    TABLE_MAX = 99
};

/* Numbers of the periods that have a text: years 0 to 9999. */
static const int32_t PERIODS_END[] = {
    [TDM_PERIOD_YEAR] = 10000,
    [TDM_PERIOD_QUARTER] = 4 * 10000,
    [TDM_PERIOD_MONTH] = 12 * 10000,
};

typedef struct place {
    size_t len;
    uint8_t key[KEY_MAX];
} place;

typedef struct kept_cell {
    tdm_summary_cell cell; /* texts in at.key */
    place at;
} kept_cell;

/* ---- places ---- */

static bool is_place(int64_t table, uint32_t kind, int64_t number)
{
    return table >= 1 && table <= TABLE_MAX && kind < TDM_COUNT(PERIODS_END) && number >= 0
           && number < PERIODS_END[kind];
}

static bool is_text(tdm_span text)
{
    return text.len <= TDM_SUMMARY_TEXT_MAX && (text.len == 0 || memchr(text.data, 0, text.len) == NULL);
}

static size_t put_text(uint8_t *out, tdm_span text)
{
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    return text.len;
}

static bool write_place(const tdm_summary_cell *cell, place *out)
{
    if (!is_place(cell->table, (uint32_t)cell->period.kind, cell->period.number) || !is_text(cell->a)
        || !is_text(cell->b))
        return false;
    out->key[0] = (uint8_t)cell->table;
    out->key[1] = (uint8_t)cell->period.kind;
    tdm_put_be(out->key + 2, (uint32_t)cell->period.number, 4);
    out->len = HEAD_BYTES;
    out->len += put_text(out->key + out->len, cell->a);
    out->key[out->len++] = 0;
    out->len += put_text(out->key + out->len, cell->b);
    return true;
}

static tdm_code refuse_place(tdm_err *err)
{
    return tdm_fail(err, TDM_INVALID, 0, "no cell of a summary: table, period or text out of bounds");
}

static bool is_zero(const tdm_summary_cell *cell)
{
    for (size_t i = 0; i < TDM_SUMMARY_AMOUNTS; i++) {
        if (cell->n[i] != 0)
            return false;
    }
    return true;
}

static bool same_amounts(const tdm_summary_cell *a, const tdm_summary_cell *b)
{
    return memcmp(a->n, b->n, sizeof a->n) == 0;
}

/* ---- the set ---- */

static tdm_span kept_key(const void *item)
{
    const kept_cell *kept = item;
    return (tdm_span){ kept->at.key, kept->at.len };
}

void tdm_summary_init(tdm_summary *set)
{
    tdm_map_init(&set->cells, kept_key);
}

void tdm_summary_free(tdm_summary *set)
{
    tdm_map_free(&set->cells, free);
}

static kept_cell *find_kept(const tdm_summary *set, const place *at)
{
    return tdm_map_find(&set->cells, (tdm_span){ at->key, at->len });
}

static kept_cell *make_kept(tdm_summary *set, const tdm_summary_cell *cell, const place *at)
{
    kept_cell *kept = tdm_memory_new(sizeof *kept);
    kept->at = *at;
    kept->cell.table = cell->table;
    kept->cell.period = cell->period;
    kept->cell.a = (tdm_span){ kept->at.key + HEAD_BYTES, cell->a.len };
    kept->cell.b = (tdm_span){ kept->at.key + HEAD_BYTES + cell->a.len + 1, cell->b.len };
    tdm_map_add(&set->cells, kept);
    return kept;
}

/* to and by with no amount beyond int64, else false. */
static bool combine(int64_t to[TDM_SUMMARY_AMOUNTS], const int64_t by[TDM_SUMMARY_AMOUNTS], bool takes)
{
    int64_t made[TDM_SUMMARY_AMOUNTS];
    for (size_t i = 0; i < TDM_SUMMARY_AMOUNTS; i++) {
        if (takes ? __builtin_sub_overflow(to[i], by[i], &made[i])
                  : __builtin_add_overflow(to[i], by[i], &made[i]))
            return false;
    }
    memcpy(to, made, sizeof made);
    return true;
}

static tdm_code refuse_sum(tdm_err *err)
{
    return tdm_fail(err, TDM_FULL, 0, "an amount of a summary is too large");
}

tdm_code tdm_summary_add(tdm_summary *set, const tdm_summary_cell *cell, tdm_err *err)
{
    place at;
    if (!write_place(cell, &at))
        return refuse_place(err);
    kept_cell *kept = find_kept(set, &at);
    if (kept == NULL)
        kept = make_kept(set, cell, &at);
    return combine(kept->cell.n, cell->n, false) ? TDM_OK : refuse_sum(err);
}

/* Whether it can be done is asked of all cells before the first is changed. */
static tdm_code change_all(tdm_summary *set, const tdm_summary *by, bool takes, tdm_err *err)
{
    size_t at = 0;
    for (kept_cell *item; (item = tdm_map_next(&by->cells, &at)) != NULL;) {
        const kept_cell *kept = find_kept(set, &item->at);
        tdm_summary_cell trial = { 0 };
        if (kept != NULL)
            trial = kept->cell;
        if (!combine(trial.n, item->cell.n, takes))
            return refuse_sum(err);
    }
    at = 0;
    for (kept_cell *item; (item = tdm_map_next(&by->cells, &at)) != NULL;) {
        kept_cell *kept = find_kept(set, &item->at);
        if (kept == NULL)
            kept = make_kept(set, &item->cell, &item->at);
        (void)combine(kept->cell.n, item->cell.n, takes);
    }
    return TDM_OK;
}

tdm_code tdm_summary_merge(tdm_summary *set, const tdm_summary *more, tdm_err *err)
{
    return change_all(set, more, false, err);
}

tdm_code tdm_summary_subtract(tdm_summary *set, const tdm_summary *less, tdm_err *err)
{
    return change_all(set, less, true, err);
}

const tdm_summary_cell *tdm_summary_find(const tdm_summary *set, const tdm_summary_cell *place_of)
{
    place at;
    const kept_cell *kept = write_place(place_of, &at) ? find_kept(set, &at) : NULL;
    return kept == NULL || is_zero(&kept->cell) ? NULL : &kept->cell;
}

/* The cell is a kept one's first member. */
static int compare_cells(const void *a, const void *b)
{
    return tdm_span_compare(kept_key(*(const kept_cell *const *)a), kept_key(*(const kept_cell *const *)b));
}

const tdm_summary_cell **tdm_summary_sorted(const tdm_summary *set, size_t *count)
{
    const tdm_summary_cell **cells = tdm_memory_new((set->cells.count + 1) * sizeof(tdm_summary_cell *));
    size_t at = 0;
    *count = 0;
    for (const kept_cell *kept; (kept = tdm_map_next(&set->cells, &at)) != NULL;) {
        if (!is_zero(&kept->cell))
            cells[(*count)++] = &kept->cell;
    }
    if (*count > 0)
        qsort(cells, *count, sizeof *cells, compare_cells);
    return cells;
}

/* ---- differences ---- */

tdm_code tdm_summary_differences(const tdm_summary *wanted, const tdm_summary *stated,
                                 tdm_difference_visit *visit, void *context, tdm_err *err)
{
    size_t counts[2];
    const tdm_summary_cell **want = tdm_summary_sorted(wanted, &counts[0]);
    const tdm_summary_cell **have = tdm_summary_sorted(stated, &counts[1]);
    tdm_code code = TDM_OK;
    for (size_t w = 0, h = 0; code == TDM_OK && (w < counts[0] || h < counts[1]);) {
        int order = w == counts[0] ? 1 : h == counts[1] ? -1 : compare_cells(&want[w], &have[h]);
        if (order < 0)
            code = visit(context, TDM_DIFFERENCE_STATE, want[w], err);
        else if (order > 0)
            code = visit(context, TDM_DIFFERENCE_VOID, have[h], err);
        else if (!same_amounts(want[w], have[h]))
            code = visit(context, TDM_DIFFERENCE_CORRECT, want[w], err);
        w += order <= 0;
        h += order >= 0;
    }
    free(want);
    free(have);
    return code;
}

static tdm_code say_differs(void *context, tdm_difference difference, const tdm_summary_cell *cell,
                            tdm_err *err)
{
    (void)context;
    (void)difference;
    (void)cell;
    (void)err;
    return TDM_DIFFERS;
}

bool tdm_summary_equal(const tdm_summary *a, const tdm_summary *b)
{
    return tdm_summary_differences(a, b, say_differs, NULL, NULL) == TDM_OK;
}

/* ---- bytes ---- */

tdm_code tdm_summary_encode(const tdm_summary_cell *cell, tdm_buf *key, tdm_buf *value, tdm_err *err)
{
    place at;
    uint8_t amounts[VALUE_BYTES];
    if (!write_place(cell, &at))
        return refuse_place(err);
    for (size_t i = 0; i < TDM_SUMMARY_AMOUNTS; i++)
        tdm_put_be(amounts + 8 * i, (uint64_t)cell->n[i], 8);
    tdm_buf_add(key, at.key, at.len);
    tdm_buf_add(value, amounts, sizeof amounts);
    return TDM_OK;
}

/* As the schema lets texts in. */
static bool is_plain(tdm_span text)
{
    return tdm_text_is_plain(text) && tdm_utf8_is_valid(text);
}

static bool read_key(tdm_span key, tdm_summary_cell *out)
{
    if (key.len <= HEAD_BYTES || key.len > KEY_MAX)
        return false;
    uint64_t number = tdm_get_be(key.data + 2, 4);
    if (!is_place(key.data[0], key.data[1], (int64_t)number))
        return false;
    const uint8_t *text = key.data + HEAD_BYTES;
    const uint8_t *end = key.data + key.len;
    const uint8_t *zero = memchr(text, 0, (size_t)(end - text));
    if (zero == NULL)
        return false;
    out->table = key.data[0];
    out->period = (tdm_period){ (tdm_period_kind)key.data[1], (int32_t)number };
    out->a = (tdm_span){ text, (size_t)(zero - text) };
    out->b = (tdm_span){ zero + 1, (size_t)(end - zero - 1) };
    return is_text(out->a) && is_text(out->b) && is_plain(out->a) && is_plain(out->b);
}

tdm_code tdm_summary_decode(tdm_span key, tdm_span value, tdm_summary_cell *out, tdm_err *err)
{
    *out = (tdm_summary_cell){ 0 };
    if (!read_key(key, out))
        return tdm_fail(err, TDM_MALFORMED, 0, "the key is of no cell of a summary");
    if (value.len != VALUE_BYTES)
        return tdm_fail(err, TDM_MALFORMED, 0, "%zu bytes instead of a cell's %d", value.len, VALUE_BYTES);
    for (size_t i = 0; i < TDM_SUMMARY_AMOUNTS; i++)
        out->n[i] = (int64_t)tdm_get_be(value.data + 8 * i, 8);
    return TDM_OK;
}
