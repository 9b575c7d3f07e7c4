/* SPDX-License-Identifier: MPL-2.0
 *
 * level.c: the collaboration level as a document (tandem.level/1). Definitions: docs/figures.md section 6.
 */
#include "services.h"

#include <string.h>

static const struct {
    const char *word;
    tdm_dimension by;
    tdm_period_kind kind;
} BREAKDOWNS[] = {
    { "total", TDM_BY_TOTAL, TDM_PERIOD_YEAR },       { "programme", TDM_BY_PROGRAMME, TDM_PERIOD_YEAR },
    { "kind", TDM_BY_KIND, TDM_PERIOD_YEAR },         { "lead", TDM_BY_LEAD, TDM_PERIOD_YEAR },
    { "locality", TDM_BY_LOCALITY, TDM_PERIOD_YEAR }, { "sector", TDM_BY_SECTOR, TDM_PERIOD_YEAR },
    { "region", TDM_BY_REGION, TDM_PERIOD_YEAR },     { "core_programme", TDM_BY_CORE, TDM_PERIOD_YEAR },
    { "month", TDM_BY_TOTAL, TDM_PERIOD_MONTH },      { "quarter", TDM_BY_TOTAL, TDM_PERIOD_QUARTER },
};

/* digits: decimal places of an amount in this weight */
static const struct {
    const char *word;
    tdm_weight weight;
    unsigned digits;
} WEIGHTS[] = {
    { "count", TDM_WEIGHT_COUNT, 0 },
    { "hours", TDM_WEIGHT_HOURS, 2 },
    { "participants", TDM_WEIGHT_PARTICIPANTS, 0 },
    { "participant_hours", TDM_WEIGHT_PARTICIPANT_HOURS, 2 },
};

static tdm_code read_breakdown(const json_t *args, tdm_level_question *question, tdm_err *err)
{
    const char *by = tdm_arg_text(args, "by");
    for (size_t i = 0; i < TDM_COUNT(BREAKDOWNS); i++)
        if (strcmp(by == NULL ? "total" : by, BREAKDOWNS[i].word) == 0) {
            question->by = BREAKDOWNS[i].by;
            question->period_kind = BREAKDOWNS[i].kind;
            return TDM_OK;
        }
    return tdm_fail(
        err, TDM_INVALID, 0,
        "\"%.20s\" is no breakdown; use programme, core_programme, kind, lead, locality, sector, region, "
        "month or quarter",
        by);
}

static tdm_code read_weight(const json_t *args, tdm_level_question *question, unsigned *digits, tdm_err *err)
{
    const char *weight = tdm_arg_text(args, "weight");
    for (size_t i = 0; i < TDM_COUNT(WEIGHTS); i++) {
        if (strcmp(weight == NULL ? "count" : weight, WEIGHTS[i].word) != 0)
            continue;
        question->weight = WEIGHTS[i].weight;
        *digits = WEIGHTS[i].digits;
        return TDM_OK;
    }
    return tdm_fail(err, TDM_INVALID, 0,
                    "\"%.20s\" is no weight; use count, hours, participants or participant_hours", weight);
}

static void member_amount(tdm_json *json, const char *key, int64_t value, unsigned digits)
{
    tdm_json_decimal(tdm_json_key(json, key), value, digits);
}

static void member_tenths(tdm_json *json, const char *key, bool defined, int64_t tenths)
{
    tdm_json_key(json, key);
    if (defined)
        tdm_json_decimal(json, tenths, 1);
    else
        tdm_json_null(json);
}

static void member_share(tdm_json *json, const char *key, int64_t num, int64_t den)
{
    int64_t tenths = 0;
    bool defined = tdm_share_tenths(num, den, &tenths);
    member_tenths(json, key, defined, tenths);
}

static void write_lines(tdm_json *json, const tdm_level_row *row, unsigned digits)
{
    static const char *const JOINT[] = { "joint_asserted", "joint_standing", "joint_corroborated" };
    static const char *const LEVEL[] = { "level_asserted", "level_standing", "level_corroborated" };
    for (size_t i = 0; i < TDM_LINES; i++)
        member_amount(json, JOINT[i], row->joint[i], digits);
    for (size_t i = 0; i < TDM_LINES; i++)
        member_tenths(json, LEVEL[i], row->level_defined, row->level[i]);
    if (!row->level_defined)
        tdm_member_bool(json, "undefined", true);
    member_tenths(json, "target", true, row->target);
    member_tenths(json, "gap", row->level_defined, row->gap);
    member_amount(json, "amount", row->amount, digits);
    member_amount(json, "to_convert", row->to_convert, digits);
}

static void write_phases(tdm_json *json, const tdm_level_row *row)
{
    static const char *const PHASES[] = { "plan", "deliver", "support" };
    tdm_json_begin_object(tdm_json_key(json, "phases"));
    for (size_t i = 0; i < TDM_COUNT(PHASES); i++)
        member_share(json, PHASES[i], row->phase_units[i], row->units);
    member_share(json, "all", row->all_phases_units, row->units);
    member_share(json, "mean_depth", row->depth, 3 * row->units);
    tdm_json_end_object(json);
}

static void write_claims(tdm_json *json, const tdm_level_row *row)
{
    tdm_json_begin_object(tdm_json_key(json, "claims"));
    tdm_member_int(json, "asserted", row->claims);
    tdm_member_int(json, "corroborated", row->claims_corroborated);
    tdm_member_int(json, "disputed", row->claims_disputed);
    tdm_member_int(json, "unanswered", row->claims_unanswered);
    tdm_json_key(json, "median_days");
    if (row->median_days_defined)
        tdm_json_int(json, row->median_days);
    else
        tdm_json_null(json);
    tdm_json_end_object(json);
}

static void write_total(tdm_json *json, const tdm_level_row *row)
{
    tdm_json_begin_object(tdm_json_key(json, "returns"));
    tdm_member_int(json, "expected", row->returns_expected);
    tdm_member_int(json, "received", row->returns_received);
    tdm_json_end_object(json);
}

static void write_row(tdm_json *json, const tdm_level_row *row, bool total, unsigned digits)
{
    char period[16];
    tdm_period_text(row->period, period);
    tdm_json_begin_object(json);
    tdm_member_text(json, "period", period);
    tdm_member_text(json, "group", row->group);
    tdm_member_int(json, "units", row->units);
    write_lines(json, row, digits);
    tdm_member_int(json, "cancelled", row->cancelled);
    tdm_member_int(json, "estimated", row->estimated);
    tdm_member_int(json, "unreported", row->unreported);
    write_phases(json, row);
    write_claims(json, row);
    tdm_member_int(json, "facts", row->facts);
    tdm_member_int(json, "late", row->late);
    if (total)
        write_total(json, row);
    member_tenths(json, "published", row->published, row->published_level);
    member_tenths(json, "revision", row->published, row->revision);
    tdm_json_end_object(json);
}

static tdm_code write_answer(const tdm_view *view, const tdm_level_question *question, unsigned digits,
                             tdm_answer *answer, tdm_err *err)
{
    tdm_level_answer level = { 0 };
    tdm_code code = tdm_fold_level(view->fold, question, &level, err);
    if (code != TDM_OK)
        return code;
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.level/1", view->as_of_ms, view->complete && level.complete);
    for (size_t i = 0; i < level.count; i++)
        write_row(&document.json, &level.rows[i], question->by == TDM_BY_TOTAL, digits);
    tdm_level_answer_free(&level);
    return tdm_document_close(&document, err);
}

tdm_code tdm_serve_level(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                         tdm_err *err)
{
    tdm_level_question question = { .planned = tdm_arg_flag(request->args, "planned") };
    unsigned digits = 0;
    tdm_view view = { 0 };
    tdm_code code = tdm_arg_year(request->args, "fy", &question.has_year, &question.year, err);
    if (code == TDM_OK)
        code = read_breakdown(request->args, &question, err);
    if (code == TDM_OK)
        code = read_weight(request->args, &question, &digits, err);
    if (code == TDM_OK)
        code = tdm_view_open_level(context, request->args, &view, err);
    if (code == TDM_OK) {
        question.as_of = view.date;
        code = write_answer(&view, &question, digits, answer, err);
    }
    tdm_view_close(context, &view);
    return code;
}
