/* SPDX-License-Identifier: MPL-2.0
 *
 * compare.c: what two stores are compared by: how far each log goes, and every figure by every breakdown
 * (tandem.logs/1, tandem.figures/1).
 */
#include "measures.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- logs ---- */

static void write_log(tdm_json *json, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                      const tdm_digest *head)
{
    uint8_t bytes[8];
    char hex[2 * TDM_DIGEST_BYTES + 1];
    tdm_json_begin_object(json);
    tdm_json_id(tdm_json_key(json, "origin"), origin);
    tdm_incarnation_bytes(incarnation, bytes);
    tdm_hex(hex, bytes, sizeof bytes);
    tdm_member_text(json, "incarnation", hex);
    tdm_member_int(json, "last", (int64_t)last);
    if (head != NULL)
        tdm_hex(hex, head->bytes, TDM_DIGEST_BYTES);
    tdm_member_text(json, "head", head == NULL ? NULL : hex);
    tdm_json_end_object(json);
}

/* Logs held whole, as they are now. */
static tdm_code write_tips(tdm_ledger *ledger, tdm_json *json, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    tdm_code code = tdm_ledger_tips(ledger, &tips, &count, err);
    for (size_t i = 0; code == TDM_OK && i < count; i++)
        write_log(json, &tips[i].origin, tips[i].incarnation, tips[i].last, &tips[i].head);
    free(tips);
    return code;
}

static void write_frontier(const tdm_frontier *frontier, tdm_json *json)
{
    for (size_t i = 0; i < frontier->count; i++)
        write_log(json, &frontier->entries[i].origin, frontier->entries[i].incarnation,
                  frontier->entries[i].sequence, NULL);
}

/* One log where a run of it ends: its head there. */
static tdm_code write_head(tdm_ledger *ledger, const json_t *args, tdm_json *json, tdm_err *err)
{
    const char *origin = NULL;
    const char *incarnation = NULL;
    uint8_t bytes[8];
    tdm_id id;
    uint64_t number = 0;
    int64_t last = 0;
    tdm_digest head;
    tdm_code code = tdm_arg_needed(args, "origin", "32 hex digits", &origin, err);
    if (code == TDM_OK)
        code = tdm_arg_needed(args, "incarnation", "16 hex digits", &incarnation, err);
    if (code == TDM_OK)
        code = tdm_arg_number(args, "last", 0, 1, INT64_MAX, &last, err);
    if (code == TDM_OK
        && (!tdm_unhex(id.bytes, TDM_ID_BYTES, tdm_span_text(origin))
            || !tdm_unhex(bytes, sizeof bytes, tdm_span_text(incarnation))))
        code = tdm_fail(err, TDM_INVALID, 0, "a node takes 32 hex digits, an incarnation 16");
    for (size_t i = 0; code == TDM_OK && i < sizeof bytes; i++)
        number = number << 8 | bytes[i];
    if (code == TDM_OK)
        code = tdm_ledger_head_at(ledger, &id, number, (uint64_t)last, &head, err);
    if (code == TDM_OK)
        write_log(json, &id, number, (uint64_t)last, &head);
    return code == TDM_NOT_FOUND ? TDM_OK : code; /* no run ends there: no row */
}

tdm_code tdm_serve_log_list(const tdm_service_context *context, const tdm_request *request,
                            tdm_answer *answer, tdm_err *err)
{
    const char *when = tdm_arg_text(request->args, "as_of");
    tdm_ledger *ledger = tdm_core_ledger(context->core);
    tdm_frontier frontier = { 0 };
    int64_t ms = context->now_ms;
    tdm_document document;
    tdm_code code = when == NULL ? TDM_OK : tdm_when_frontier(context, when, &frontier, &ms, err);
    if (code != TDM_OK)
        return code;
    tdm_document_open(&document, answer, "tandem.logs/1", ms, true);
    if (when != NULL)
        write_frontier(&frontier, &document.json);
    else if (json_object_get(request->args, "last") != NULL)
        code = write_head(ledger, request->args, &document.json, err);
    else
        code = write_tips(ledger, &document.json, err);
    tdm_frontier_free(&frontier);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}

/* ---- figures ---- */

/* Every figure of a measure, written or, for who only wants to know whether they are the same, hashed. */
typedef struct figure_list {
    const tdm_view *view;
    const tdm_measure_facts *facts;
    tdm_json *json; /* NULL: hashed */
    crypto_generichash_state hash;
    int64_t count;
} figure_list;

static void add_text(figure_list *list, const char *text, size_t len)
{
    crypto_generichash_update(&list->hash, (const uint8_t *)text, len);
    crypto_generichash_update(&list->hash, (const uint8_t *)"", 1);
}

static void add_figure(figure_list *list, const char *by, const char *period, const char *group,
                       const char *figure, tdm_span value)
{
    tdm_json *json = list->json;
    list->count++;
    if (json == NULL) {
        const char *words[] = { by, period, group, figure };
        for (size_t i = 0; i < TDM_COUNT(words); i++)
            add_text(list, words[i], strlen(words[i]));
        add_text(list, (const char *)value.data, value.len);
        return;
    }
    tdm_json_begin_object(json);
    tdm_member_text(json, "measure", list->facts->id);
    tdm_member_text(json, "by", by);
    tdm_member_text(json, "period", period);
    tdm_member_text(json, "group", group);
    tdm_member_text(json, "figure", figure);
    tdm_member_span(json, "value", value);
    tdm_json_end_object(json);
}

static void add_figures(figure_list *list, const char *by, const tdm_measure_row *row)
{
    char period[16];
    tdm_buf text = { 0 };
    tdm_period_text(row->period, period);
    for (size_t c = 0; c < list->facts->column_count; c++) {
        tdm_buf_clear(&text);
        tdm_figure_text(&list->facts->columns[c], &row->figures[c], &text);
        add_figure(list, by, period, row->group == NULL ? "" : row->group, list->facts->columns[c].name,
                   tdm_buf_span(&text));
    }
    tdm_buf_free(&text);
}

static tdm_code add_breakdown(figure_list *list, tdm_measure_question *question, tdm_err *err)
{
    tdm_measure_answer rows = { 0 };
    tdm_code code = tdm_fold_measure(list->view->fold, question, &rows, err);
    for (size_t i = 0; code == TDM_OK && i < rows.count; i++)
        add_figures(list, question->by->word, &rows.rows[i]);
    tdm_measure_answer_free(&rows);
    return code;
}

static tdm_code add_measure(figure_list *list, tdm_measure_question *question, tdm_err *err)
{
    tdm_code code = TDM_OK;
    list->facts = tdm_measure_read(question->measure);
    list->count = 0;
    crypto_generichash_init(&list->hash, NULL, 0, TDM_DIGEST_BYTES);
    for (size_t b = 0; code == TDM_OK && b < list->facts->breakdown_count; b++) {
        question->by = &list->facts->breakdowns[b];
        code = add_breakdown(list, question, err);
    }
    return code;
}

static void write_digest(figure_list *list, tdm_json *json)
{
    uint8_t digest[TDM_DIGEST_BYTES];
    char hex[2 * TDM_DIGEST_BYTES + 1];
    crypto_generichash_final(&list->hash, digest, sizeof digest);
    tdm_hex(hex, digest, sizeof digest);
    tdm_json_begin_object(json);
    tdm_member_text(json, "measure", list->facts->id);
    tdm_member_int(json, "figures", list->count);
    tdm_member_text(json, "digest", hex);
    tdm_json_end_object(json);
}

/* Absent: all. */
static bool is_asked(const json_t *args, const char *id)
{
    const json_t *list = json_object_get(args, "measures");
    bool asked = !json_is_array(list);
    for (size_t i = 0; i < json_array_size(list) && !asked; i++) {
        const char *one = json_string_value(json_array_get(list, i));
        asked = one != NULL && strcmp(one, id) == 0;
    }
    return asked;
}

/* By financial year, exact: for those who administer the store. "measures": of these alone; "digest": a row a
 * measure with the number and a hash of its figures, in place of them. */
tdm_code tdm_serve_figure_list(const tdm_service_context *context, const tdm_request *request,
                               tdm_answer *answer, tdm_err *err)
{
    tdm_view view = { 0 };
    tdm_measure_question question = { .period_kind = TDM_PERIOD_YEAR };
    tdm_document document;
    bool hashed = tdm_arg_flag(request->args, "digest");
    tdm_code code = tdm_arg_year(request->args, "fy", &question.has_year, &question.year, err);
    if (code == TDM_OK)
        code = tdm_view_open(context, request->args, &view, err);
    if (code != TDM_OK)
        return code;
    figure_list list = { .view = &view, .json = hashed ? NULL : &document.json };
    question.as_of = view.date;
    tdm_document_open(&document, answer, hashed ? "tandem.figures.digest/1" : "tandem.figures/1",
                      view.as_of_ms, view.complete);
    for (size_t i = 0; code == TDM_OK && (question.measure = tdm_measure_at(i)) != NULL; i++) {
        if (!is_asked(request->args, tdm_measure_read(question.measure)->id))
            continue;
        code = add_measure(&list, &question, err);
        if (code == TDM_OK && hashed)
            write_digest(&list, &document.json);
    }
    tdm_view_close(context, &view);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}
