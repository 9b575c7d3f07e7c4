/* SPDX-License-Identifier: MPL-2.0
 *
 * level.c: rows of the level, read from cells and the registry alone (docs/figures.md section 6).
 */
#include "at_rest.h"
#include "bytes.h"
#include "groups.h"
#include "target.h"

#include <stdio.h>
#include <stdlib.h>

/* A row being gathered: cells of one period and group added up. */
typedef struct gathered_row {
    tdm_period period;
    tdm_span group; /* raw: as in the cell, or the sector */
    char text[TDM_SUBJECT_MAX + 1];
    tdm_amounts amounts;
    bool is_days; /* not amounts but a number of claims by days to their answer */
    int32_t days;
    int64_t claims;
    bool has_median;
    int64_t median;
} gathered_row;

typedef struct gathering {
    tdm_fold *fold;
    const tdm_level_question *question;
    gathered_row *rows;
    size_t count;
    size_t capacity;
} gathering;

static bool is_asked(const tdm_level_question *question, tdm_period period)
{
    return period.kind == question->period_kind
           && (!question->has_year || tdm_period_year(period).number == question->year);
}

static gathered_row *add_row(gathering *at, tdm_period period, const char *text)
{
    at->rows = tdm_memory_grow(at->rows, &at->capacity, at->count + 1, sizeof *at->rows);
    gathered_row *row = &at->rows[at->count++];
    memset(row, 0, sizeof *row);
    row->period = period;
    memcpy(row->text, text, strlen(text) + 1);
    return row;
}

static int compare_groups(const gathered_row *a, const gathered_row *b)
{
    if (a->period.number != b->period.number)
        return a->period.number < b->period.number ? -1 : 1;
    return strcmp(a->text, b->text);
}

/* Within a group amounts come first, then the days in order. */
static int compare_rows(const void *a, const void *b)
{
    const gathered_row *x = a;
    const gathered_row *y = b;
    int order = compare_groups(x, y);
    if (order == 0)
        order = (int)x->is_days - (int)y->is_days;
    return order != 0 ? order : (x->days > y->days) - (x->days < y->days);
}

/* The lower middle of an even list. */
static void find_median(gathered_row *row, const gathered_row *days, size_t count)
{
    int64_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += days[i].claims;
    int64_t below = 0;
    for (size_t i = 0; i < count && !row->has_median; i++) {
        below += days[i].claims;
        row->has_median = all > 0 && below >= (all + 1) / 2;
        row->median = days[i].days;
    }
}

/* Sort, and make one row of each period and text (several leads make a sector). */
static void join_rows(gathering *at)
{
    if (at->count > 1)
        qsort(at->rows, at->count, sizeof *at->rows, compare_rows);
    size_t kept = 0;
    for (size_t i = 0; i < at->count;) {
        gathered_row row = at->rows[i];
        memset(&row.amounts, 0, sizeof row.amounts);
        for (; i < at->count && !at->rows[i].is_days && compare_groups(&row, &at->rows[i]) == 0; i++) {
            for (size_t a = 0; a < TDM_AMOUNTS; a++)
                row.amounts.v[a] = tdm_add_wrapping(row.amounts.v[a], at->rows[i].amounts.v[a]);
        }
        size_t first = i;
        while (i < at->count && at->rows[i].is_days && compare_groups(&row, &at->rows[i]) == 0)
            i++;
        find_median(&row, at->rows + first, i - first);
        at->rows[kept++] = row; /* never beyond i: what lies there has been read */
    }
    at->count = kept;
}

static tdm_code read_cells(tdm_fold *fold, const tdm_level_question *question, tdm_err *err)
{
    tdm_family family = question->planned ? TDM_FAMILY_PLANNED : TDM_FAMILY_DELIVERED;
    tdm_code code = tdm_rest_need_cells(fold, family, question->period_kind, err);
    return code == TDM_OK
               ? tdm_rest_need_cells(fold, TDM_FAMILY_DAYS_DELIVERED + family, question->period_kind, err)
               : code;
}

/* Every cell of the asked family and dimension makes a row; those of one group are joined afterwards. */
static void gather_cells(gathering *at)
{
    tdm_family family = at->question->planned ? TDM_FAMILY_PLANNED : TDM_FAMILY_DELIVERED;
    tdm_dimension dimension = tdm_group_stored(at->question->by);
    for (size_t i = 0; i < at->fold->cells.count; i++) {
        const tdm_cell *cell = at->fold->cells.all[i];
        tdm_cell_place place;
        char text[TDM_SUBJECT_MAX + 1];
        tdm_cell_place_read(cell, &place);
        bool days = place.family == TDM_FAMILY_DAYS_DELIVERED + family;
        if ((place.family != family && !days) || place.dimension != dimension
            || !is_asked(at->question, place.period) || tdm_cell_is_zero(cell))
            continue;
        tdm_group_text(at->fold->registry, at->question->by, place.period, place.group, text);
        gathered_row *row = add_row(at, place.period, text);
        row->is_days = days;
        row->days = place.days;
        if (days) {
            row->claims = cell->v[0];
        } else {
            memcpy(row->amounts.v, cell->v, sizeof row->amounts.v);
        }
    }
}

/* Total rows also where a return is expected. */
static void gather_expected(gathering *at)
{
    const tdm_registry *registry = at->fold->registry;
    for (size_t i = 0; at->question->by == TDM_BY_TOTAL && i < registry->expected_count; i++) {
        if (is_asked(at->question, registry->expected[i].period))
            add_row(at, registry->expected[i].period, "");
    }
}

/* ---- one row ---- */

static const char *const DIMENSION_WORDS[] = { "total",    "programme", "kind",   "lead",
                                               "locality", "sector",    "region", "core_programme" };
static const char *const MEASURES[] = { "C1", "C2", "C3", "C4" };

static bool is_text(tdm_span span, const char *text)
{
    return tdm_span_equal(span, tdm_span_text(text));
}

static const tdm_publication *find_publication(const tdm_fold *fold, const tdm_level_question *question,
                                               const tdm_level_row *row)
{
    const tdm_publication *found = NULL;
    for (size_t i = 0; i < fold->registry->publication_count && !question->planned; i++) {
        const tdm_publication *at = &fold->registry->publications[i];
        if (at->period.kind == row->period.kind && at->period.number == row->period.number
            && at->definition == TDM_DEFINITION_VERSION && is_text(at->measure, MEASURES[question->weight])
            && is_text(at->dimension, DIMENSION_WORDS[question->by]) && is_text(at->group, row->group)
            && (found == NULL || tdm_order_compare(&at->order, &found->order) > 0))
            found = at;
    }
    return found;
}

/* floor((2000 (a b' - a' b) + b b') / (2 b b')): the two shares are floored on their own first where the
 * products would not fit 128 bits, which no real figure reaches. */
static int64_t revise(int64_t a, int64_t b, int64_t a_published, int64_t b_published)
{
    const int64_t exact = (int64_t)1 << 57;
    if (a < exact && b < exact && a_published < exact && b_published < exact) {
        __int128 product = (__int128)b * b_published;
        return tdm_floor_divide(2000 * ((__int128)a * b_published - (__int128)a_published * b) + product,
                                2 * product);
    }
    int64_t now = 0;
    int64_t then = 0;
    tdm_share_tenths(a, b, &now);
    tdm_share_tenths(a_published, b_published, &then);
    return now - then;
}

static void fill_published(const tdm_fold *fold, const tdm_level_question *question, tdm_level_row *row)
{
    const tdm_publication *published = find_publication(fold, question, row);
    row->published = published != NULL;
    if (published == NULL || published->units == 0)
        return;
    int64_t joint = published->joint[TDM_LINE_CORROBORATED];
    tdm_share_tenths(joint, published->units, &row->published_level);
    if (row->amount != 0)
        row->revision = revise(row->joint[TDM_LINE_CORROBORATED], row->amount, joint, published->units);
}

static void fill_returns(const tdm_registry *registry, tdm_level_row *row)
{
    for (size_t i = 0; i < registry->expected_count; i++) {
        const tdm_return *expected = &registry->expected[i];
        if (expected->period.kind != row->period.kind || expected->period.number != row->period.number)
            continue;
        row->returns_expected++;
        for (size_t m = 0; m < registry->made_count; m++) {
            const tdm_return *made = &registry->made[m];
            if (made->period.kind == row->period.kind && made->period.number == row->period.number
                && tdm_org_code_equal(&made->code, &expected->code)) {
                row->returns_received++;
                break;
            }
        }
    }
}

static void fill_level(const tdm_fold *fold, const tdm_level_question *question, tdm_level_row *row)
{
    for (size_t line = 0; line < TDM_LINES; line++)
        row->level_defined = tdm_share_tenths(row->joint[line], row->amount, &row->level[line]);
    tdm_date last = tdm_period_last(row->period);
    row->target = tdm_target_on(fold->registry, last < question->as_of ? last : question->as_of);
    row->gap = row->level_defined ? row->level[TDM_LINE_CORROBORATED] - row->target : 0;
    row->to_convert =
        tdm_target_to_convert(tdm_target_at_end(fold->registry, tdm_period_year(row->period).number),
                              row->amount, row->joint[TDM_LINE_CORROBORATED]);
}

static void fill_row(const tdm_fold *fold, const tdm_level_question *question, const gathered_row *from,
                     tdm_level_row *row)
{
    const int64_t *v = from->amounts.v;
    row->period = from->period;
    row->units = v[TDM_AMOUNT_WEIGHT];
    row->amount = v[TDM_AMOUNT_WEIGHT + question->weight];
    row->people = v[TDM_AMOUNT_WEIGHT + TDM_WEIGHT_PARTICIPANTS];
    for (size_t line = 0; line < TDM_LINES; line++)
        row->people_joint[line] = v[TDM_AMOUNT_JOINT + line * 4 + TDM_WEIGHT_PARTICIPANTS];
    for (size_t line = 0; line < TDM_LINES; line++)
        row->joint[line] = v[TDM_AMOUNT_JOINT + line * 4 + question->weight];
    row->cancelled = v[TDM_AMOUNT_CANCELLED];
    row->estimated = v[TDM_AMOUNT_ESTIMATED];
    row->unreported = v[TDM_AMOUNT_UNREPORTED];
    for (size_t p = 0; p < 3; p++)
        row->phase_units[p] = v[TDM_AMOUNT_PHASE + p];
    row->all_phases_units = v[TDM_AMOUNT_ALL_PHASES];
    row->depth = v[TDM_AMOUNT_DEPTH];
    row->claims = v[TDM_AMOUNT_CLAIMS];
    row->claims_disputed = v[TDM_AMOUNT_CLAIMS + 1];
    row->claims_unanswered = v[TDM_AMOUNT_CLAIMS + 2];
    row->claims_corroborated = v[TDM_AMOUNT_CLAIMS + 3];
    row->facts = v[TDM_AMOUNT_FACTS];
    row->late = v[TDM_AMOUNT_LATE];
    row->median_days_defined = from->has_median;
    row->median_days = from->has_median ? from->median : 0;
    fill_level(fold, question, row);
    fill_published(fold, question, row);
    if (question->by == TDM_BY_TOTAL)
        fill_returns(fold->registry, row);
}

static void write_answer(const gathering *at, tdm_level_answer *out)
{
    size_t bytes = 0;
    for (size_t i = 0; i < at->count; i++)
        bytes += strlen(at->rows[i].text) + 1;
    out->texts = tdm_memory_new(bytes);
    out->rows = tdm_memory_new(at->count * sizeof *out->rows);
    out->count = at->count;
    char *text = out->texts;
    for (size_t i = 0; i < at->count; i++) {
        size_t len = strlen(at->rows[i].text) + 1;
        memcpy(text, at->rows[i].text, len);
        out->rows[i].group = text;
        fill_row(at->fold, at->question, &at->rows[i], &out->rows[i]);
        text += len;
    }
}

tdm_code tdm_fold_level(tdm_fold *fold, const tdm_level_question *question, tdm_level_answer *out,
                        tdm_err *err)
{
    *out = (tdm_level_answer){ 0 };
    gathering at = { .fold = fold, .question = question };
    tdm_fold_lock(fold);
    tdm_code code = read_cells(fold, question, err);
    if (code != TDM_OK) {
        tdm_fold_unlock(fold);
        return code;
    }
    gather_cells(&at);
    gather_expected(&at);
    join_rows(&at);
    write_answer(&at, out);
    out->complete = fold->work_done == fold->work.count && !fold->everything;
    tdm_fold_unlock(fold);
    free(at.rows);
    return TDM_OK;
}

void tdm_level_answer_free(tdm_level_answer *answer)
{
    free(answer->rows);
    free(answer->texts);
    *answer = (tdm_level_answer){ 0 };
}
