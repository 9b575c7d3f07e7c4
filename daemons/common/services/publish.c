/* SPDX-License-Identifier: MPL-2.0
 *
 * publish.c: a period is closed at a tide, and figures are published at a tide: the closing's, or one made
 * now. Published figures are facts and stay; a later publication adds facts of its own.
 */
#include "publish.h"
#include "../tide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- closing */

static tdm_code note_closing(void *context, const tdm_fact *fact, tdm_err *err)
{
    (void)err;
    tdm_tide_name *closing = context;
    tdm_record record;
    if (fact->type != TDM_TYPE_PERIOD_CLOSED || !fact->visible || closing->found
        || tdm_record_decode(fact->type, fact->payload, &record, NULL) != TDM_OK)
        return TDM_OK;
    closing->found = true;
    closing->incarnation = tdm_value_incarnation(&record.values[TDM_PERIOD_CLOSED_TIDE_INCARNATION]);
    closing->sequence = (uint64_t)record.values[TDM_PERIOD_CLOSED_TIDE_SEQUENCE].number;
    return TDM_OK;
}

tdm_code tdm_tide_of_closing(tdm_fold *fold, const char *period, tdm_tide_name *closing, tdm_err *err)
{
    tdm_buf subject = { 0 };
    tdm_subject_word(&subject, "period", period);
    tdm_code code = tdm_fold_facts(fold, tdm_buf_span(&subject), note_closing, closing, err);
    tdm_buf_free(&subject);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

static tdm_code find_closing(const tdm_service_context *context, const char *period, tdm_tide_name *closing,
                             tdm_err *err)
{
    tdm_code code = tdm_settle(context, err);
    if (code != TDM_OK)
        return code;
    tdm_fold *fold = tdm_core_fold(context->core);
    code = tdm_tide_of_closing(fold, period, closing, err);
    tdm_core_fold_release(context->core, fold);
    return code;
}

/* A tide of this moment: stated if anything changed since the last. */
static tdm_code make_tide(const tdm_service_context *context, tdm_tide_name *tide, tdm_err *err)
{
    tdm_code code =
        tdm_tide_state(context->core, context->now_ms, true, &tide->incarnation, &tide->sequence, err);
    tide->found = code == TDM_OK || code == TDM_EXISTS;
    return tide->found ? TDM_OK : code;
}

tdm_code tdm_tide_of_period(const tdm_service_context *context, const char *period, tdm_tide_name *tide,
                            tdm_err *err)
{
    tdm_code code = find_closing(context, period, tide, err);
    return code == TDM_OK && !tide->found ? make_tide(context, tide, err) : code;
}

static void set_tide(tdm_record *record, uint32_t field, const tdm_tide_name *tide, uint8_t bytes[8])
{
    tdm_incarnation_bytes(tide->incarnation, bytes);
    tdm_record_set_bytes(record, field, (tdm_span){ bytes, 8 });
    tdm_record_set_number(record, field + 1, (int64_t)tide->sequence);
}

static tdm_code state_closing(const tdm_service_context *context, tdm_span subject, const char *period,
                              tdm_tide_name *tide, tdm_err *err)
{
    uint8_t bytes[8];
    bool did = false;
    tdm_code code = make_tide(context, tide, err);
    if (code != TDM_OK)
        return code;
    const char *words[] = { "period_closed", period };
    tdm_id fact = tdm_fact_named(words, TDM_COUNT(words));
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_PERIOD_CLOSED);
    tdm_record_set_text(&record, TDM_PERIOD_CLOSED_PERIOD, period);
    set_tide(&record, TDM_PERIOD_CLOSED_TIDE_INCARNATION, tide, bytes);
    return tdm_state_fact(context, subject, &fact, tdm_today(context), &record, &did, err);
}

static void write_tide(tdm_json *json, const tdm_tide_name *tide)
{
    char hex[17];
    uint8_t bytes[8];
    tdm_incarnation_bytes(tide->incarnation, bytes);
    tdm_hex(hex, bytes, sizeof bytes);
    tdm_member_text(json, "tide_incarnation", hex);
    tdm_member_int(json, "tide_sequence", (int64_t)tide->sequence);
}

tdm_code tdm_serve_period_close(const tdm_service_context *context, const tdm_request *request,
                                tdm_answer *answer, tdm_err *err)
{
    tdm_period period;
    char text[16];
    tdm_tide_name tide = { 0 };
    tdm_code code = tdm_arg_period(request->args, "period", &period, err);
    if (code != TDM_OK)
        return code;
    tdm_period_text(period, text);
    tdm_buf subject = { 0 };
    tdm_subject_word(&subject, "period", text);
    code = find_closing(context, text, &tide, err);
    bool known = tide.found;
    if (code == TDM_OK && !known)
        code = state_closing(context, tdm_buf_span(&subject), text, &tide, err);
    tdm_buf_free(&subject);
    if (code != TDM_OK)
        return code;
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.closings/1", context->now_ms, true);
    tdm_json_begin_object(&document.json);
    tdm_member_text(&document.json, "period", text);
    tdm_member_bool(&document.json, "stated", !known);
    write_tide(&document.json, &tide);
    tdm_json_end_object(&document.json);
    return tdm_document_close(&document, err);
}

/* ---- publishing */

static const struct {
    const char *word;
    tdm_dimension by;
} DIMENSIONS[] = {
    { "total", TDM_BY_TOTAL }, { "programme", TDM_BY_PROGRAMME }, { "kind", TDM_BY_KIND },
    { "lead", TDM_BY_LEAD },   { "locality", TDM_BY_LOCALITY },   { "sector", TDM_BY_SECTOR },
};

typedef struct publishing {
    const tdm_service_context *context;
    tdm_moment at; /* at the tide */
    tdm_period period;
    char period_text[16];
    tdm_tide_name tide;
    tdm_span subject;
    tdm_json *json;
    int64_t count;
    tdm_err *err;
} publishing;

static tdm_id name_figure(const publishing *p, const char *dimension, const char *group)
{
    char tide[48];
    snprintf(tide, sizeof tide, "%llu/%llu", (unsigned long long)p->tide.incarnation,
             (unsigned long long)p->tide.sequence);
    const char *words[] = { "figure_published", p->period_text, "C1", dimension, group, tide };
    return tdm_fact_named(words, TDM_COUNT(words));
}

static void write_figure(const publishing *p, const char *dimension, const tdm_level_row *row, bool did)
{
    tdm_json *json = p->json;
    tdm_json_begin_object(json);
    tdm_member_text(json, "period", p->period_text);
    tdm_member_text(json, "measure", "C1");
    tdm_member_text(json, "dimension", dimension);
    tdm_member_text(json, "group", row->group);
    tdm_member_int(json, "units", row->amount);
    tdm_member_int(json, "joint_asserted", row->joint[TDM_LINE_ASSERTED]);
    tdm_member_int(json, "joint_standing", row->joint[TDM_LINE_STANDING]);
    tdm_member_int(json, "joint_corroborated", row->joint[TDM_LINE_CORROBORATED]);
    tdm_json_key(json, "level_corroborated");
    if (row->level_defined)
        tdm_json_decimal(json, row->level[TDM_LINE_CORROBORATED], 1);
    else
        tdm_json_null(json);
    tdm_member_bool(json, "stated", did);
    write_tide(json, &p->tide);
    tdm_json_end_object(json);
}

static tdm_code publish_row(publishing *p, const char *dimension, const tdm_level_row *row)
{
    uint8_t bytes[8];
    bool did = false;
    tdm_id fact = name_figure(p, dimension, row->group);
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_FIGURE_PUBLISHED);
    tdm_record_set_text(&record, TDM_FIGURE_PUBLISHED_PERIOD, p->period_text);
    tdm_record_set_text(&record, TDM_FIGURE_PUBLISHED_MEASURE, "C1");
    tdm_record_set_number(&record, TDM_FIGURE_PUBLISHED_DEFINITION, TDM_DEFINITION_VERSION);
    tdm_record_set_text(&record, TDM_FIGURE_PUBLISHED_DIMENSION, dimension);
    tdm_record_set_text(&record, TDM_FIGURE_PUBLISHED_GROUP, row->group);
    tdm_record_set_number(&record, TDM_FIGURE_PUBLISHED_UNITS, row->amount);
    tdm_record_set_number(&record, TDM_FIGURE_PUBLISHED_ASSERTED, row->joint[TDM_LINE_ASSERTED]);
    tdm_record_set_number(&record, TDM_FIGURE_PUBLISHED_STANDING, row->joint[TDM_LINE_STANDING]);
    tdm_record_set_number(&record, TDM_FIGURE_PUBLISHED_CORROBORATED, row->joint[TDM_LINE_CORROBORATED]);
    set_tide(&record, TDM_FIGURE_PUBLISHED_TIDE_INCARNATION, &p->tide, bytes);
    tdm_code code =
        tdm_state_fact(p->context, p->subject, &fact, tdm_today(p->context), &record, &did, p->err);
    if (code == TDM_OK) {
        write_figure(p, dimension, row, did);
        p->count++;
    }
    return code;
}

static tdm_code publish_dimension(publishing *p, size_t dimension)
{
    tdm_level_answer level = { 0 };
    tdm_level_question question = { .has_year = true,
                                    .year = tdm_period_year(p->period).number,
                                    .period_kind = p->period.kind,
                                    .by = DIMENSIONS[dimension].by,
                                    .as_of = tdm_today(p->context) };
    tdm_code code = tdm_fold_level(p->at.fold, &question, &level, p->err);
    for (size_t i = 0; i < level.count && code == TDM_OK; i++)
        if (level.rows[i].period.number == p->period.number)
            code = publish_row(p, DIMENSIONS[dimension].word, &level.rows[i]);
    tdm_level_answer_free(&level);
    return code;
}

tdm_code tdm_moment_of_tide(const tdm_service_context *context, const tdm_tide_name *tide, bool level_only,
                            tdm_frontier *frontier, tdm_moment *out, tdm_err *err)
{
    tdm_frontier own = { 0 };
    tdm_frontier *at = frontier == NULL ? &own : frontier;
    tdm_ledger *ledger = tdm_core_ledger(context->core);
    tdm_code code = tdm_frontier_of_tide(ledger, tdm_core_origin(context->core), tide->incarnation,
                                         tide->sequence, at, err);
    if (code == TDM_OK)
        code = tdm_moment_open(context, at, level_only, out, err);
    tdm_frontier_free(&own);
    return code;
}

static tdm_code read_dimension(const json_t *args, size_t *dimension, tdm_err *err)
{
    const char *by = tdm_arg_text(args, "by");
    for (*dimension = 0; *dimension < TDM_COUNT(DIMENSIONS); (*dimension)++)
        if (strcmp(by == NULL ? "total" : by, DIMENSIONS[*dimension].word) == 0)
            return TDM_OK;
    return tdm_fail(err, TDM_INVALID, 0,
                    "\"%.20s\" is no breakdown; use programme, kind, lead, locality or sector", by);
}

static tdm_code publish_all(publishing *p, size_t dimension)
{
    tdm_code code = tdm_tide_of_period(p->context, p->period_text, &p->tide, p->err);
    if (code == TDM_OK)
        code = tdm_moment_of_tide(p->context, &p->tide, true, NULL, &p->at, p->err);
    if (code == TDM_OK)
        code = publish_dimension(p, 0);
    if (code == TDM_OK && dimension > 0)
        code = publish_dimension(p, dimension);
    if (code == TDM_OK && p->count == 0)
        code = tdm_fail(p->err, TDM_NOT_FOUND, 0, "there is no unit in %s, so there is nothing to publish",
                        p->period_text);
    tdm_moment_close(p->context, &p->at);
    return code;
}

tdm_code tdm_serve_publish(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                           tdm_err *err)
{
    tdm_document document;
    publishing p = { .context = context, .json = &document.json, .err = err };
    size_t dimension = 0;
    tdm_code code = tdm_arg_period(request->args, "period", &p.period, err);
    if (code == TDM_OK)
        code = read_dimension(request->args, &dimension, err);
    if (code != TDM_OK)
        return code;
    tdm_buf subject = { 0 };
    tdm_period_text(p.period, p.period_text);
    tdm_subject_word(&subject, "period", p.period_text);
    p.subject = tdm_buf_span(&subject);
    tdm_document_open(&document, answer, "tandem.published/1", context->now_ms, true);
    code = publish_all(&p, dimension);
    tdm_buf_free(&subject);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}
