/* SPDX-License-Identifier: MPL-2.0
 *
 * measure.c: the measures as a list, and the figures of one (tandem.measures/1, tandem.measure/1).
 * Definitions: docs/figures.md section 11.
 */
#include "measures.h"

#include "release.h"
#include "../nearest.h"

#include <inttypes.h>
#include <string.h>

/* ---- the question */

static tdm_code unknown_measure(const char *name, tdm_err *err)
{
    enum { MEASURES_MAX = 64 };
    const char *names[MEASURES_MAX];
    size_t count = 0;
    for (const tdm_measure *m = tdm_measure_at(0); m != NULL && count < MEASURES_MAX;
         m = tdm_measure_at(count))
        names[count++] = tdm_measure_read(m)->name;
    const char *near = tdm_nearest(name, names, count);
    if (near != NULL)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "there is no measure \"%.40s\"; did you mean %s?", name, near);
    return tdm_fail(err, TDM_NOT_FOUND, 0, "there is no measure \"%.40s\"; see tandem measure list", name);
}

static void list_breakdowns(const tdm_measure_facts *facts, const char *between, tdm_buf *out)
{
    for (size_t i = 0; i < facts->breakdown_count; i++)
        tdm_buf_format(out, "%s%s", i == 0 ? "" : between, facts->breakdowns[i].word);
}

static tdm_code read_breakdown(const json_t *args, tdm_measure_question *out, tdm_err *err)
{
    const char *by = tdm_arg_text(args, "by");
    const tdm_measure_facts *facts = tdm_measure_read(out->measure);
    out->by = &facts->breakdowns[0];
    for (size_t i = 0; i < facts->breakdown_count; i++)
        if (by != NULL && strcmp(by, facts->breakdowns[i].word) == 0)
            out->by = &facts->breakdowns[i];
    if (by == NULL || strcmp(by, out->by->word) == 0)
        return TDM_OK;
    tdm_buf words = { 0 };
    list_breakdowns(facts, ", ", &words);
    tdm_code code = tdm_fail(err, TDM_INVALID, 0, "%s has no breakdown \"%.20s\"; use %.*s", facts->id, by,
                             (int)words.len, words.len == 0 ? "" : (const char *)words.data);
    tdm_buf_free(&words);
    return code;
}

/* One of a few words; the first is what is meant if none is given. */
static tdm_code read_word(const json_t *args, const char *name, const char *const *words, size_t count,
                          int *out, tdm_err *err)
{
    const char *text = tdm_arg_text(args, name);
    for (size_t i = 0; i < count; i++)
        if (strcmp(text == NULL ? words[0] : text, words[i]) == 0) {
            *out = (int)i;
            return TDM_OK;
        }
    return tdm_fail(err, TDM_INVALID, 0, "\"%.20s\" is no %s; use %s, %s or %s", text, name, words[0],
                    words[1], words[2]);
}

static tdm_code read_indicator(const json_t *args, tdm_measure_question *out, tdm_err *err)
{
    int64_t number;
    out->indicator = tdm_arg_text(args, "indicator");
    if (out->indicator != NULL
        && !tdm_enum_number(TDM_ENUM_INDICATOR, tdm_span_text(out->indicator), &number))
        return tdm_fail(err, TDM_INVALID, 0,
                        "\"%.20s\" is no indicator; use workforce, population or leaders", out->indicator);
    return TDM_OK;
}

tdm_code tdm_measure_question_read(const json_t *args, tdm_measure_question *out, tdm_err *err)
{
    static const char *const PER[] = { "year", "quarter", "month" };
    static const char *const LINES[] = { "corroborated", "standing", "asserted" };
    const char *name = NULL;
    int per = 0;
    int line = 0;
    *out = (tdm_measure_question){ .planned = tdm_arg_flag(args, "planned") };
    tdm_code code = tdm_arg_needed(args, "measure", "N1", &name, err);
    if (code == TDM_OK && (out->measure = tdm_measure_find(name)) == NULL)
        code = unknown_measure(name, err);
    if (code == TDM_OK)
        code = read_breakdown(args, out, err);
    if (code == TDM_OK)
        code = read_word(args, "per", PER, TDM_COUNT(PER), &per, err);
    if (code == TDM_OK)
        code = read_word(args, "line", LINES, TDM_COUNT(LINES), &line, err);
    if (code == TDM_OK)
        code = read_indicator(args, out, err);
    if (code == TDM_OK)
        code = tdm_arg_year(args, "fy", &out->has_year, &out->year, err);
    out->period_kind = (tdm_period_kind)(TDM_PERIOD_YEAR + per);
    out->line = TDM_LINE_CORROBORATED - line;
    out->dimension = tdm_arg_text(args, "dimension");
    out->top = tdm_arg_text(args, "top");
    out->bottom = tdm_arg_text(args, "bottom");
    return code;
}

/* ---- figures */

void tdm_figure_write(tdm_json *json, const tdm_column_row *column, const tdm_figure *figure)
{
    tdm_json_key(json, column->name);
    if (!figure->defined)
        tdm_json_null(json);
    else if (column->shape == TDM_SHAPE_WORD)
        tdm_json_text(json, figure->word);
    else if (column->shape == TDM_SHAPE_COUNT)
        tdm_json_int(json, figure->number);
    else
        tdm_json_decimal(json, tdm_figure_scaled(column, figure), (unsigned)tdm_column_digits(column));
}

void tdm_figure_text(const tdm_column_row *column, const tdm_figure *figure, tdm_buf *out)
{
    if (!figure->defined)
        tdm_buf_text(out, "n/a");
    else if (column->shape == TDM_SHAPE_WORD)
        tdm_buf_text(out, figure->word);
    else
        tdm_decimal_text(tdm_figure_scaled(column, figure), tdm_column_digits(column), out);
}

int tdm_amount_digits(const char *name)
{
    return strcmp(name, "hours") == 0 ? 2 : 0;
}

void tdm_decimal_text(int64_t scaled, int digits, tdm_buf *out)
{
    uint64_t scale = 1;
    for (int i = 0; i < digits; i++)
        scale *= 10;
    uint64_t size = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
    tdm_buf_format(out, "%s%" PRIu64, scaled < 0 ? "-" : "", size / scale);
    if (digits > 0)
        tdm_buf_format(out, ".%0*" PRIu64, digits, size % scale);
}

void tdm_measure_row_begin(tdm_json *json, const tdm_measure_facts *facts, tdm_period period,
                           const char *group)
{
    char text[16];
    tdm_period_text(period, text);
    tdm_json_begin_object(json);
    tdm_member_text(json, "measure", facts->id);
    tdm_member_text(json, "period", text);
    tdm_member_text(json, "group", group);
}

void tdm_measure_row_end(tdm_json *json, const tdm_measure_facts *facts, const tdm_figure *figures)
{
    bool any = false;
    for (size_t i = 0; i < facts->column_count; i++) {
        if (figures[i].defined)
            continue;
        if (!any)
            tdm_json_begin_array(tdm_json_key(json, "undefined"));
        any = true;
        tdm_json_text(json, facts->columns[i].name);
    }
    if (any)
        tdm_json_end_array(json);
    tdm_json_end_object(json);
}

/* ---- show */

static tdm_code show_live(const tdm_service_context *context, const tdm_request *request,
                          tdm_measure_question *question, tdm_answer *answer, tdm_err *err)
{
    tdm_view view = { 0 };
    tdm_measure_answer rows = { 0 };
    tdm_code code = tdm_view_open(context, request->args, &view, err);
    question->as_of = view.date;
    if (code == TDM_OK)
        code = tdm_fold_measure(view.fold, question, &rows, err);
    if (code == TDM_OK) {
        const tdm_measure_facts *facts = tdm_measure_read(question->measure);
        tdm_document document;
        tdm_document_open(&document, answer, "tandem.measure/1", view.as_of_ms,
                          view.complete && rows.complete);
        for (size_t i = 0; i < rows.count; i++) {
            tdm_measure_row_begin(&document.json, facts, rows.rows[i].period, rows.rows[i].group);
            for (size_t c = 0; c < facts->column_count; c++)
                tdm_figure_write(&document.json, &facts->columns[c], &rows.rows[i].figures[c]);
            tdm_measure_row_end(&document.json, facts, rows.rows[i].figures);
        }
        code = tdm_document_close(&document, err);
    }
    tdm_measure_answer_free(&rows);
    tdm_view_close(context, &view);
    return code;
}

/* Who may not see exact figures of people live sees those of releases. */
tdm_code tdm_serve_measure_show(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    tdm_measure_question question;
    const tdm_audience *audience = NULL;
    tdm_code code = tdm_measure_question_read(request->args, &question, err);
    if (code == TDM_OK)
        code = tdm_audience_read(request->args, &audience, err);
    if (code != TDM_OK)
        return code;
    bool past = tdm_arg_text(request->args, "as_of") != NULL;
    if (!tdm_measure_read(question.measure)->people || tdm_audience_sees_all(context, audience))
        return show_live(context, request, &question, answer, err);
    return tdm_release_show(context, &question, audience, past, answer, err);
}

/* ---- list */

static void write_columns(tdm_json *json, const tdm_measure_facts *facts)
{
    tdm_buf names = { 0 };
    for (size_t i = 0; i < facts->column_count; i++)
        tdm_buf_format(&names, "%s%s", i == 0 ? "" : ";", facts->columns[i].name);
    tdm_member_span(json, "figures", tdm_buf_span(&names));
    tdm_buf_clear(&names);
    list_breakdowns(facts, ";", &names);
    tdm_member_span(json, "breakdowns", tdm_buf_span(&names));
    tdm_buf_free(&names);
    tdm_json_begin_array(tdm_json_key(json, "columns"));
    for (size_t i = 0; i < facts->column_count; i++) {
        tdm_json_begin_object(json);
        tdm_member_text(json, "name", facts->columns[i].name);
        tdm_member_text(json, "help", facts->columns[i].help);
        tdm_member_int(json, "digits", tdm_column_digits(&facts->columns[i]));
        tdm_member_bool(json, "people", facts->columns[i].people);
        tdm_json_end_object(json);
    }
    tdm_json_end_array(json);
}

tdm_code tdm_serve_measure_list(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    (void)request;
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.measures/1", context->now_ms, true);
    tdm_json *json = &document.json;
    const tdm_measure *measure;
    for (size_t i = 0; (measure = tdm_measure_at(i)) != NULL; i++) {
        const tdm_measure_facts *facts = tdm_measure_read(measure);
        tdm_json_begin_object(json);
        tdm_member_text(json, "measure", facts->id);
        tdm_member_text(json, "name", facts->name);
        tdm_member_text(json, "title", facts->title);
        tdm_member_text(json, "definition", facts->text);
        tdm_member_text(json, "class", facts->class);
        tdm_member_int(json, "version", facts->version);
        tdm_member_bool(json, "people", facts->people);
        tdm_member_text(json, "dimension", facts->dimension);
        tdm_member_text(json, "indicator", facts->indicator);
        write_columns(json, facts);
        tdm_json_end_object(json);
    }
    return tdm_document_close(&document, err);
}
