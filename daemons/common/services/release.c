/* SPDX-License-Identifier: MPL-2.0
 *
 * release.c: figures about people released: computed at a tide, suppressed, stated as facts of the hub, and
 * shown as stated to whoever may not see exact ones (docs/figures.md section 12).
 */
#include "release.h"

#include "cell.h"
#include "publish.h"
#include "release_table.h"

#include "tandem/pack.h"

#include <stdlib.h>
#include <string.h>

bool tdm_audience_sees_all(const tdm_service_context *context, const tdm_audience *audience)
{
    bool node = !tdm_core_is_hub(context->core);
    return tdm_audience_may(audience, TDM_SIGHT_EXACT | TDM_SIGHT_LIVE | TDM_SIGHT_AS_OF)
           && (strcmp(audience->word, "hub_analyst") == 0
               || (node && strcmp(audience->word, "node_lead") == 0));
}

tdm_code tdm_audience_read(const json_t *args, const tdm_audience **out, tdm_err *err)
{
    const char *word = tdm_arg_text(args, "audience");
    *out = tdm_audience_find(word == NULL ? TDM_SPAN_LITERAL("hub_analyst") : tdm_span_text(word));
    if (*out != NULL)
        return TDM_OK;
    return tdm_fail(err, TDM_INVALID, 0,
                    "\"%.30s\" is no audience; use hub_analyst, board, regional_academy, network or public",
                    word);
}

/* ---- what was released before */

typedef struct released_row {
    tdm_buf group;
    tdm_buf figures; /* packed */
    char period[16];
    char rule[16];
    uint64_t incarnation;
    uint64_t sequence;
    int64_t recorded_ms;
    bool other;    /* of another breakdown of the same people, of which only sums are compared */
    tdm_buf table; /* then: its breakdown and dimension */
} released_row;

typedef struct released {
    const tdm_measure_question *question;
    const char *period; /* NULL: any asked for */
    bool others;        /* other breakdowns of the same people, too */
    released_row *rows;
    size_t count;
    size_t capacity;
} released;

static void released_free(released *r)
{
    for (size_t i = 0; i < r->count; i++) {
        tdm_buf_free(&r->rows[i].group);
        tdm_buf_free(&r->rows[i].figures);
        tdm_buf_free(&r->rows[i].table);
    }
    free(r->rows);
}

static const char *asked_dimension(const tdm_measure_question *question)
{
    const tdm_measure_facts *facts = tdm_measure_read(question->measure);
    const char *text = question->dimension != NULL ? question->dimension : facts->dimension;
    return text == NULL ? "" : text;
}

static const char *asked_indicator(const tdm_measure_question *question)
{
    const tdm_measure_facts *facts = tdm_measure_read(question->measure);
    const char *text = question->indicator != NULL ? question->indicator : facts->indicator;
    return text == NULL ? "" : text;
}

static bool says(const tdm_value *value, const char *text)
{
    return tdm_span_equal(value->bytes, tdm_span_text(text));
}

static bool is_asked(const released *r, const tdm_value *v)
{
    const tdm_measure_question *q = r->question;
    tdm_period period;
    return says(&v[TDM_FIGURES_RELEASED_BREAKDOWN], q->by->word)
           && says(&v[TDM_FIGURES_RELEASED_DIMENSION], asked_dimension(q))
           && says(&v[TDM_FIGURES_RELEASED_INDICATOR], asked_indicator(q))
           && tdm_period_parse(v[TDM_FIGURES_RELEASED_PERIOD].bytes, &period, NULL) == TDM_OK
           && period.kind == q->period_kind && (!q->has_year || tdm_period_year(period).number == q->year)
           && (r->period == NULL || says(&v[TDM_FIGURES_RELEASED_PERIOD], r->period));
}

/* The same people by other groups, or as a whole: the groups of each add up to about as many. */
static bool is_other(const released *r, const tdm_value *v)
{
    return r->others && says(&v[TDM_FIGURES_RELEASED_INDICATOR], asked_indicator(r->question))
           && says(&v[TDM_FIGURES_RELEASED_PERIOD], r->period);
}

static void copy_text(char *out, size_t size, tdm_span text)
{
    size_t len = text.len < size ? text.len : size - 1;
    memcpy(out, text.data, len);
    out[len] = 0;
}

static tdm_code note_row(void *context, const tdm_fact *fact, tdm_err *err)
{
    released *r = context;
    tdm_record record;
    if (fact->type != TDM_TYPE_FIGURES_RELEASED || !fact->visible || fact->reason != NULL
        || tdm_record_decode(fact->type, fact->payload, &record, NULL) != TDM_OK)
        return TDM_OK;
    bool asked = is_asked(r, record.values);
    if (!asked && !is_other(r, record.values))
        return TDM_OK;
    if (r->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 32 : 2 * r->capacity;
        released_row *rows = realloc(r->rows, capacity * sizeof *rows);
        if (rows == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for the releases");
        r->rows = rows;
        r->capacity = capacity;
    }
    const tdm_value *v = record.values;
    released_row *row = &r->rows[r->count++];
    *row = (released_row){ .incarnation = tdm_value_incarnation(&v[TDM_FIGURES_RELEASED_TIDE_INCARNATION]),
                           .sequence = (uint64_t)v[TDM_FIGURES_RELEASED_TIDE_SEQUENCE].number,
                           .recorded_ms = fact->recorded_ms,
                           .other = !asked };
    copy_text(row->period, sizeof row->period, v[TDM_FIGURES_RELEASED_PERIOD].bytes);
    copy_text(row->rule, sizeof row->rule, v[TDM_FIGURES_RELEASED_RULE].bytes);
    tdm_buf_add(&row->group, v[TDM_FIGURES_RELEASED_GROUP].bytes.data,
                v[TDM_FIGURES_RELEASED_GROUP].bytes.len);
    tdm_buf_add(&row->group, "", 1);
    tdm_buf_add(&row->figures, v[TDM_FIGURES_RELEASED_FIGURES].bytes.data,
                v[TDM_FIGURES_RELEASED_FIGURES].bytes.len);
    tdm_buf_format(&row->table, "%.*s/%.*s", (int)v[TDM_FIGURES_RELEASED_BREAKDOWN].bytes.len,
                   (const char *)v[TDM_FIGURES_RELEASED_BREAKDOWN].bytes.data,
                   (int)v[TDM_FIGURES_RELEASED_DIMENSION].bytes.len,
                   (const char *)v[TDM_FIGURES_RELEASED_DIMENSION].bytes.data);
    return row->group.failed || row->figures.failed || row->table.failed
               ? tdm_fail(err, TDM_FULL, 0, "no memory for the releases")
               : TDM_OK;
}

/* Releases lie under the measure and the period. */
static tdm_code read_released(tdm_fold *fold, released *r, tdm_err *err)
{
    tdm_buf prefix = { 0 };
    tdm_buf_format(&prefix, "release/%s/", tdm_measure_read(r->question->measure)->id);
    tdm_code code = tdm_fold_facts_below(fold, tdm_buf_span(&prefix), note_row, r, err);
    tdm_buf_free(&prefix);
    return code;
}

/* By period, then the latest release of it first, then group. */
static int compare_rows(const void *a, const void *b)
{
    const released_row *x = a;
    const released_row *y = b;
    int order = strcmp(x->period, y->period);
    if (order == 0)
        order = (x->recorded_ms < y->recorded_ms) - (x->recorded_ms > y->recorded_ms);
    if (order == 0 && x->incarnation != y->incarnation)
        order = x->incarnation < y->incarnation ? 1 : -1;
    if (order == 0 && x->sequence != y->sequence)
        order = x->sequence < y->sequence ? 1 : -1;
    return order != 0 ? order : strcmp((const char *)x->group.data, (const char *)y->group.data);
}

/* ---- the figures of a row: texts "name=value" */

typedef struct figure_list {
    tdm_cursor cursor;
    uint32_t left;
    tdm_span name; /* empty: the text is none of these */
    tdm_span value;
} figure_list;

static figure_list figures_of(const released_row *row)
{
    figure_list list = { .cursor = tdm_cursor_over(tdm_buf_span(&row->figures)) };
    list.left = tdm_cursor_array(&list.cursor);
    return list;
}

static bool next_figure(figure_list *list)
{
    if (list->left == 0)
        return false;
    list->left--;
    tdm_span text = tdm_cursor_str(&list->cursor);
    if (list->cursor.failed)
        return false;
    const uint8_t *sign = text.len == 0 ? NULL : memchr(text.data, '=', text.len);
    size_t len = sign == NULL ? 0 : (size_t)(sign - text.data);
    list->name = (tdm_span){ text.data, len };
    list->value = sign == NULL ? (tdm_span){ text.data, 0 } : (tdm_span){ sign + 1, text.len - len - 1 };
    return true;
}

/* ---- show */

static void write_released(tdm_json *json, const released_row *row, bool smaller)
{
    figure_list list = figures_of(row);
    tdm_buf hidden = { 0 };
    while (next_figure(&list)) {
        tdm_span value = list.value;
        char key[64];
        if (list.name.len == 0 || list.name.len >= sizeof key)
            continue;
        copy_text(key, sizeof key, list.name);
        bool star = value.len > 0 && (value.data[0] == '*' || value.data[0] == '<');
        if (smaller || star) {
            tdm_json_null(tdm_json_key(json, key));
            tdm_buf_format(&hidden, "%s%s", hidden.len == 0 ? "" : ";", key);
        } else if (tdm_span_equal(value, TDM_SPAN_LITERAL("n/a"))) {
            tdm_json_null(tdm_json_key(json, key));
        } else if (value.len > 0
                   && (value.data[0] == '-' || (value.data[0] >= '0' && value.data[0] <= '9'))) {
            tdm_json_raw(tdm_json_key(json, key), value);
        } else {
            tdm_member_span(json, key, value);
        }
    }
    if (hidden.len > 0) {
        tdm_json_begin_array(tdm_json_key(json, "suppressed"));
        tdm_span rest = tdm_buf_span(&hidden);
        while (rest.len > 0)
            tdm_json_span(json, tdm_cell_next(&rest, ';'));
        tdm_json_end_array(json);
    }
    tdm_buf_free(&hidden);
}

/* A count of people below the audience's smallest group, though the rule shows it. */
static bool is_too_small(const released_row *row, const tdm_measure_facts *facts,
                         const tdm_audience *audience)
{
    figure_list list = figures_of(row);
    for (size_t i = 0; i < facts->column_count && next_figure(&list); i++) {
        tdm_shown shown = tdm_shown_parse(list.value);
        if (facts->columns[i].people && facts->columns[i].shape == TDM_SHAPE_COUNT
            && shown.kind == TDM_SHOWN_NUMBER && !tdm_audience_may_group(audience, shown.number))
            return true;
    }
    return false;
}

static tdm_code write_releases(const tdm_service_context *context, const released *r,
                               const tdm_audience *audience, tdm_answer *answer, tdm_err *err)
{
    const tdm_measure_facts *facts = tdm_measure_read(r->question->measure);
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.measure/1", context->now_ms, true);
    const released_row *latest = NULL;
    for (size_t i = 0; i < r->count; i++) {
        const released_row *row = &r->rows[i];
        tdm_period period;
        if (latest == NULL || strcmp(latest->period, row->period) != 0)
            latest = row;
        if (row->incarnation != latest->incarnation || row->sequence != latest->sequence
            || tdm_period_parse(tdm_span_text(row->period), &period, NULL) != TDM_OK)
            continue;
        tdm_measure_row_begin(&document.json, facts, period, (const char *)row->group.data);
        write_released(&document.json, row, is_too_small(row, facts, audience));
        tdm_member_time(&document.json, "released", true, row->recorded_ms);
        tdm_member_text(&document.json, "rule", row->rule);
        tdm_json_end_object(&document.json);
    }
    return tdm_document_close(&document, err);
}

tdm_code tdm_release_show(const tdm_service_context *context, const tdm_measure_question *question,
                          const tdm_audience *audience, bool past, tdm_answer *answer, tdm_err *err)
{
    released r = { .question = question };
    if (past)
        return tdm_fail(err, TDM_DENIED, 0,
                        "%s sees figures about people from releases only, not as of a moment",
                        audience->word);
    tdm_view view = { 0 };
    tdm_code code = tdm_view_open(context, NULL, &view, err);
    if (code == TDM_OK)
        code = read_released(view.fold, &r, err);
    tdm_view_close(context, &view);
    if (code == TDM_OK && r.count == 0)
        code =
            tdm_fail(err, TDM_NOT_FOUND, 0,
                     "nothing of %s was released by %s; the hub's operator releases it with tandem release",
                     tdm_measure_read(question->measure)->id, question->by->word);
    if (code == TDM_OK && r.count > 1)
        qsort(r.rows, r.count, sizeof *r.rows, compare_rows);
    if (code == TDM_OK)
        code = write_releases(context, &r, audience, answer, err);
    released_free(&r);
    return code;
}

/* ---- make */

typedef struct releasing {
    const tdm_service_context *context;
    tdm_measure_question question;
    const tdm_people_rule *rule;
    tdm_period period;
    char period_text[16];
    tdm_tide_name tide;
    released before;
    tdm_published *earlier;
    size_t earlier_count;
    tdm_json *json;
    tdm_err *err;
} releasing;

/* By table, then by release. */
static int compare_releases(const released_row *x, const released_row *y)
{
    int order = tdm_span_compare(tdm_buf_span(&x->table), tdm_buf_span(&y->table));
    if (order == 0)
        order = (x->incarnation > y->incarnation) - (x->incarnation < y->incarnation);
    return order != 0 ? order : (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static int compare_places(const void *a, const void *b)
{
    return compare_releases(a, b);
}

static void add_range(tdm_published *sum, const tdm_shown *shown)
{
    int64_t low = 0;
    int64_t high = INT64_MAX;
    if (sum->rule != NULL)
        tdm_shown_range(sum->rule, shown, &low, &high);
    if (__builtin_add_overflow(sum->low, low, &sum->low))
        sum->low = INT64_MAX;
    if (__builtin_add_overflow(sum->high, high, &sum->high))
        sum->high = INT64_MAX;
}

/* What the groups of one release of another breakdown add up to, column by column. */
static void add_sums(releasing *p, const released_row *rows, size_t count)
{
    const tdm_measure_facts *facts = tdm_measure_read(p->question.measure);
    tdm_published *sums = p->earlier + p->earlier_count;
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        figure_list list = figures_of(&rows[i]);
        for (size_t c = 0; c < facts->column_count && next_figure(&list); c++) {
            const tdm_shown shown = tdm_shown_parse(list.value);
            if (i == 0)
                sums[width++] = (tdm_published){ .row = TDM_SPAN_LITERAL("(all)"),
                                                 .column = list.name,
                                                 .rule = tdm_people_rule_find(tdm_span_text(rows[i].rule)),
                                                 .is_sum = true };
            if (c < width)
                add_range(&sums[c], &shown);
        }
    }
    p->earlier_count += width;
}

static void add_row(releasing *p, const released_row *row)
{
    const tdm_measure_facts *facts = tdm_measure_read(p->question.measure);
    figure_list list = figures_of(row);
    for (size_t c = 0; c < facts->column_count && next_figure(&list); c++)
        p->earlier[p->earlier_count++] =
            (tdm_published){ .row = { row->group.data, row->group.len - 1 },
                             .column = list.name,
                             .rule = tdm_people_rule_find(tdm_span_text(row->rule)),
                             .shown = tdm_shown_parse(list.value) };
}

/* Earlier figures of the same table, cell by cell, and of others what they add up to. */
static tdm_code list_earlier(releasing *p)
{
    const tdm_measure_facts *facts = tdm_measure_read(p->question.measure);
    released_row *rows = p->before.rows;
    p->earlier = calloc(p->before.count * facts->column_count + 1, sizeof *p->earlier);
    if (p->earlier == NULL)
        return tdm_fail(p->err, TDM_FULL, 0, "no memory for the release");
    if (p->before.count > 1)
        qsort(rows, p->before.count, sizeof *rows, compare_places);
    for (size_t i = 0; i < p->before.count;) {
        size_t count = 1;
        while (i + count < p->before.count && compare_releases(&rows[i], &rows[i + count]) == 0)
            count++;
        if (rows[i].other)
            add_sums(p, &rows[i], count);
        for (size_t own = 0; own < count && !rows[i].other; own++)
            add_row(p, &rows[i + own]);
        i += count;
    }
    return TDM_OK;
}

static tdm_code state_row(releasing *p, const tdm_release_row *row)
{
    const tdm_measure_facts *facts = tdm_measure_read(p->question.measure);
    uint8_t bytes[8];
    bool did = false;
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_FIGURES_RELEASED);
    tdm_record_set_text(&record, TDM_FIGURES_RELEASED_PERIOD, p->period_text);
    tdm_record_set_text(&record, TDM_FIGURES_RELEASED_MEASURE, facts->id);
    tdm_record_set_text(&record, TDM_FIGURES_RELEASED_BREAKDOWN, p->question.by->word);
    tdm_record_set_text(&record, TDM_FIGURES_RELEASED_DIMENSION, asked_dimension(&p->question));
    tdm_record_set_text(&record, TDM_FIGURES_RELEASED_INDICATOR, asked_indicator(&p->question));
    tdm_record_set_text(&record, TDM_FIGURES_RELEASED_GROUP, row->group);
    tdm_incarnation_bytes(p->tide.incarnation, bytes);
    tdm_record_set_bytes(&record, TDM_FIGURES_RELEASED_TIDE_INCARNATION, (tdm_span){ bytes, 8 });
    tdm_record_set_number(&record, TDM_FIGURES_RELEASED_TIDE_SEQUENCE, (int64_t)p->tide.sequence);
    tdm_record_set_number(&record, TDM_FIGURES_RELEASED_DEFINITION, facts->version);
    tdm_record_set_text(&record, TDM_FIGURES_RELEASED_RULE, p->rule->word);
    tdm_record_set_bytes(&record, TDM_FIGURES_RELEASED_FIGURES, tdm_buf_span(&row->figures));
    tdm_code code = tdm_state_filed(p->context, tdm_today(p->context), &record, &did, p->err);
    if (code != TDM_OK)
        return code;
    const released_row shown = { .figures = row->figures };
    tdm_measure_row_begin(p->json, facts, p->period, row->group);
    write_released(p->json, &shown, false);
    tdm_member_text(p->json, "rule", p->rule->word);
    tdm_member_bool(p->json, "stated", did);
    tdm_json_end_object(p->json);
    return TDM_OK;
}

static tdm_code release_rows(releasing *p, const tdm_measure_answer *answer)
{
    tdm_release_table table = { 0 };
    size_t first = 0;
    while (first < answer->count && answer->rows[first].period.number != p->period.number)
        first++;
    size_t count = 0;
    while (first + count < answer->count && answer->rows[first + count].period.number == p->period.number)
        count++;
    if (count == 0)
        return tdm_fail(p->err, TDM_NOT_FOUND, 0, "%s has no figures in %s, so there is nothing to release",
                        tdm_measure_read(p->question.measure)->id, p->period_text);
    tdm_code code = tdm_release_make(tdm_measure_read(p->question.measure), p->rule, answer->rows + first,
                                     count, p->earlier, p->earlier_count, &table, p->err);
    for (size_t i = 0; code == TDM_OK && i < table.count; i++)
        code = state_row(p, &table.rows[i]);
    tdm_release_table_free(&table);
    return code;
}

static tdm_code release_all(releasing *p)
{
    tdm_moment at = { 0 };
    tdm_measure_answer answer = { 0 };
    tdm_code code = tdm_tide_of_period(p->context, p->period_text, &p->tide, p->err);
    if (code == TDM_OK) {
        tdm_fold *now = tdm_core_fold(p->context->core);
        code = read_released(now, &p->before, p->err);
        tdm_core_fold_release(p->context->core, now);
    }
    if (code == TDM_OK)
        code = list_earlier(p);
    if (code == TDM_OK)
        code = tdm_moment_of_tide(p->context, &p->tide, false, NULL, &at, p->err);
    if (code == TDM_OK)
        code = tdm_fold_measure(at.fold, &p->question, &answer, p->err);
    if (code == TDM_OK)
        code = release_rows(p, &answer);
    tdm_measure_answer_free(&answer);
    tdm_moment_close(p->context, &at);
    return code;
}

static tdm_code read_rule(const json_t *args, const tdm_people_rule **out, tdm_err *err)
{
    const char *word = tdm_arg_text(args, "rule");
    *out = word == NULL ? tdm_people_rule_default() : tdm_people_rule_find(tdm_span_text(word));
    if (*out != NULL && (*out)->low > 0)
        return TDM_OK;
    return tdm_fail(err, TDM_INVALID, 0, "\"%.20s\" is no rule of suppression; use hes, lt5 or lt10", word);
}

tdm_code tdm_serve_release(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                           tdm_err *err)
{
    tdm_document document;
    releasing p = { .context = context, .json = &document.json, .err = err };
    tdm_code code = tdm_measure_question_read(request->args, &p.question, err);
    if (code == TDM_OK)
        code = tdm_arg_period(request->args, "period", &p.period, err);
    if (code == TDM_OK)
        code = read_rule(request->args, &p.rule, err);
    if (code == TDM_OK && !tdm_measure_read(p.question.measure)->people)
        code = tdm_fail(err, TDM_INVALID, 0, "%s counts no people: everybody may see it as it is",
                        tdm_measure_read(p.question.measure)->id);
    if (code != TDM_OK)
        return code;
    tdm_period_text(p.period, p.period_text);
    p.question.period_kind = p.period.kind;
    p.question.has_year = true;
    p.question.year = tdm_period_year(p.period).number;
    p.question.as_of = tdm_today(context);
    p.before = (released){ .question = &p.question, .period = p.period_text, .others = true };
    tdm_document_open(&document, answer, "tandem.releases/1", context->now_ms, true);
    code = release_all(&p);
    released_free(&p.before);
    free(p.earlier);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}
