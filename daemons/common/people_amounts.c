/* SPDX-License-Identifier: MPL-2.0
 *
 * people_amounts.c: from rows of people to amounts in summary tables.
 */
#include "people_amounts.h"

#include "people_log.h"

#include <stdlib.h>
#include <string.h>

/* ---- one person's rows, gathered */

typedef struct gathering {
    tdm_id person;
    tdm_person_row *rows; /* payloads as offsets until they are all there */
    size_t *offsets;
    size_t count;
    size_t capacity;
    tdm_buf payloads;
    tdm_date today;
    tdm_summary *out;
    uint64_t people;
} gathering;

static void forget(gathering *g)
{
    tdm_buf_clear(&g->payloads);
    g->count = 0;
}

static void drop(gathering *g)
{
    forget(g);
    tdm_buf_free(&g->payloads);
    free(g->rows);
    free(g->offsets);
}

static tdm_code count_person(gathering *g, tdm_err *err)
{
    if (g->count == 0)
        return TDM_OK;
    for (size_t i = 0; i < g->count; i++)
        g->rows[i].payload.data = g->payloads.data + g->offsets[i];
    tdm_code code = tdm_person_count(g->rows, g->count, g->today, g->out, NULL, err);
    g->people++;
    forget(g);
    return code;
}

static tdm_code grow(gathering *g, tdm_err *err)
{
    size_t capacity = g->capacity == 0 ? 64 : g->capacity * 2;
    tdm_person_row *rows = realloc(g->rows, capacity * sizeof *rows);
    if (rows != NULL)
        g->rows = rows;
    size_t *offsets = realloc(g->offsets, capacity * sizeof *offsets);
    if (offsets != NULL)
        g->offsets = offsets;
    if (rows == NULL || offsets == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a person's rows");
    g->capacity = capacity;
    return TDM_OK;
}

static tdm_code gather(void *context, const tdm_private_entry *entry, tdm_err *err)
{
    gathering *g = context;
    tdm_code code = TDM_OK;
    if (!tdm_people_is_row(entry->type))
        return TDM_OK;
    if (!tdm_id_equal(&g->person, &entry->person_id))
        code = count_person(g, err);
    if (code == TDM_OK && g->count == g->capacity)
        code = grow(g, err);
    if (code != TDM_OK)
        return code;
    g->person = entry->person_id;
    g->offsets[g->count] = g->payloads.len;
    g->rows[g->count++] = (tdm_person_row){ .type = entry->type,
                                            .recorded_ms = entry->recorded_ms,
                                            .payload = { NULL, entry->payload.len } };
    tdm_buf_add(&g->payloads, entry->payload.data, entry->payload.len);
    return g->payloads.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a person's rows") : TDM_OK;
}

/* ---- the residual */

static tdm_code add_residual(void *context, tdm_span key, tdm_span value, tdm_err *err)
{
    tdm_summary_cell cell;
    if (tdm_summary_decode(key, value, &cell, err) != TDM_OK)
        return tdm_fail(err, TDM_CORRUPT, 0, "the residual of the erased holds what is no cell");
    return tdm_summary_add(context, &cell, err);
}

tdm_code tdm_people_amounts(tdm_private *log, tdm_date today, tdm_summary *out, uint64_t *people,
                            tdm_err *err)
{
    gathering g = { .payloads = { .secret = true }, .today = today, .out = out };
    tdm_code code = tdm_private_each_row_of_all(log, gather, &g, err);
    if (code == TDM_OK)
        code = count_person(&g, err);
    *people = g.people;
    drop(&g);
    return code == TDM_OK ? tdm_private_each_residual(log, add_residual, out, err) : code;
}

/* ---- erasing */

/* Keys and values of the residual behind one another. */
typedef struct residual {
    tdm_private_pair *pairs;
    tdm_buf *texts; /* two for each pair */
    size_t count;
} residual;

static void residual_free(residual *r)
{
    for (size_t i = 0; r->texts != NULL && i < 2 * r->count; i++)
        tdm_buf_free(&r->texts[i]);
    free(r->texts);
    free(r->pairs);
}

/* What is there already for this place, added to the cell. */
static tdm_code add_kept(tdm_private *log, tdm_span key, tdm_summary_cell *cell, tdm_err *err)
{
    tdm_buf kept = { 0 };
    tdm_summary_cell old;
    tdm_code code = tdm_private_residual_get(log, key, &kept, err);
    if (code == TDM_OK)
        code = tdm_summary_decode(key, tdm_buf_span(&kept), &old, err);
    for (size_t i = 0; code == TDM_OK && i < TDM_SUMMARY_AMOUNTS; i++)
        if (__builtin_add_overflow(cell->n[i], old.n[i], &cell->n[i]))
            code = tdm_fail(err, TDM_FULL, 0, "an amount of the residual is too large");
    tdm_buf_free(&kept);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

bool tdm_summary_is_zero(const tdm_summary_cell *cell)
{
    bool zero = true;
    for (size_t i = 0; i < TDM_SUMMARY_AMOUNTS; i++)
        zero = zero && cell->n[i] == 0;
    return zero;
}

static tdm_code make_pair(tdm_private *log, const tdm_summary_cell *of, residual *r, tdm_err *err)
{
    tdm_summary_cell cell = *of;
    tdm_buf *key = &r->texts[2 * r->count];
    tdm_buf *value = key + 1;
    tdm_code code = tdm_summary_encode(&cell, key, value, err);
    if (code == TDM_OK)
        code = add_kept(log, tdm_buf_span(key), &cell, err);
    tdm_buf_clear(value);
    tdm_buf_clear(key);
    if (code == TDM_OK)
        code = tdm_summary_encode(&cell, key, value, err);
    if (tdm_summary_is_zero(&cell))
        tdm_buf_clear(value); /* deletes */
    r->pairs[r->count++] = (tdm_private_pair){ tdm_buf_span(key), tdm_buf_span(value) };
    if (code == TDM_OK && (key->failed || value->failed))
        code = tdm_fail(err, TDM_FULL, 0, "no memory for the residual");
    return code;
}

static tdm_code make_residual(tdm_private *log, const tdm_summary *amounts, residual *r, tdm_err *err)
{
    size_t count;
    const tdm_summary_cell **cells = tdm_summary_sorted(amounts, &count);
    r->pairs = calloc(count + 1, sizeof *r->pairs);
    r->texts = calloc(2 * (count + 1), sizeof *r->texts);
    tdm_code code = r->pairs == NULL || r->texts == NULL
                        ? tdm_fail(err, TDM_FULL, 0, "no memory for the residual")
                        : TDM_OK;
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        code = make_pair(log, cells[i], r, err);
    free(cells);
    return code;
}

tdm_code tdm_people_erase(tdm_private *log, tdm_span person, tdm_date today, int64_t now_ms, tdm_err *err)
{
    tdm_summary amounts;
    residual left = { 0 };
    tdm_summary_init(&amounts);
    gathering g = { .payloads = { .secret = true }, .today = today, .out = &amounts };
    tdm_code code = tdm_private_each_row(log, person, gather, &g, err);
    if (code == TDM_OK)
        code = count_person(&g, err);
    drop(&g);
    if (code == TDM_OK)
        code = make_residual(log, &amounts, &left, err);
    /* Nobody by this key: the log tells whether there was somebody, and does nothing. */
    if (code == TDM_OK || code == TDM_NOT_FOUND) {
        code = tdm_private_erase(log, person, now_ms, left.pairs, left.count, err);
        if (code == TDM_FULL) /* if the map was short, it has grown */
            code = tdm_private_erase(log, person, now_ms, left.pairs, left.count, err);
    }
    residual_free(&left);
    tdm_summary_free(&amounts);
    return code;
}
