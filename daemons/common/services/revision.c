/* SPDX-License-Identifier: MPL-2.0
 *
 * revision.c: why the level of a closed period is another now than at its closing (tandem.revision/1): each
 * unit that adds something else, with what it added then and adds now, and the facts that came after the
 * closing.
 */
#include "measures.h"
#include "publish.h"

#include <string.h>

typedef struct revision {
    tdm_moment then;
    tdm_fold *now;
    tdm_frontier frontier;
    tdm_buf subjects; /* of the units revised, with a zero byte behind each */
    tdm_buf rows;     /* their amounts: 14 numbers each */
    size_t count;
    tdm_json *json;
} revision;

static tdm_code note_unit(void *context, const tdm_revised *revised, tdm_err *err)
{
    revision *r = context;
    tdm_buf_add(&r->subjects, revised->subject.data, revised->subject.len);
    tdm_buf_add(&r->subjects, "", 1);
    tdm_buf_add(&r->rows, revised->before, TDM_TABLE_AMOUNTS * sizeof *revised->before);
    tdm_buf_add(&r->rows, revised->now, TDM_TABLE_AMOUNTS * sizeof *revised->now);
    r->count++;
    return r->subjects.failed || r->rows.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the revision")
                                                : TDM_OK;
}

typedef struct cause_list {
    tdm_json *json;
    int64_t count;
} cause_list;

/* What the hub says of its own running is no cause. */
static bool is_cause(uint32_t type)
{
    static const uint32_t NONE[] = { TDM_TYPE_PERIOD_CLOSED,    TDM_TYPE_FIGURE_PUBLISHED,
                                     TDM_TYPE_FIGURES_RELEASED, TDM_TYPE_KEY,
                                     TDM_TYPE_RETURN_EXPECTED,  TDM_TYPE_RETURN_MADE,
                                     TDM_TYPE_MATCH_PROPOSED };
    bool cause = true;
    for (size_t i = 0; i < TDM_COUNT(NONE); i++)
        cause = cause && type != NONE[i];
    return cause;
}

static tdm_code write_cause(void *context, const tdm_late *late, tdm_err *err)
{
    (void)err;
    cause_list *list = context;
    const tdm_type *fact = tdm_type_find(late->fact.type);
    const tdm_type *event = tdm_type_find(late->type);
    if (!is_cause(late->fact.type))
        return TDM_OK;
    list->count++;
    tdm_json_begin_object(list->json);
    tdm_member_text(list->json, "event", event == NULL ? "unknown" : event->name);
    tdm_member_text(list->json, "of", fact == NULL ? "unknown" : fact->name);
    tdm_member_span(list->json, "subject", late->fact.subject);
    tdm_json_id(tdm_json_key(list->json, "author"), &late->author);
    tdm_json_id(tdm_json_key(list->json, "fact"), &late->fact.fact);
    tdm_member_int(list->json, "sequence", (int64_t)late->sequence);
    tdm_member_time(list->json, "recorded", true, late->recorded_ms);
    tdm_json_end_object(list->json);
    return TDM_OK;
}

static tdm_code write_causes(revision *r, tdm_span subject, tdm_err *err)
{
    cause_list list = { .json = r->json };
    tdm_json_begin_array(tdm_json_key(r->json, "causes"));
    tdm_code code = tdm_fold_late(r->now, subject, &r->frontier, write_cause, &list, err);
    tdm_json_end_array(r->json);
    tdm_member_int(r->json, "cause_count", list.count);
    return code;
}

static tdm_code write_units(revision *r, tdm_err *err)
{
    tdm_code code = TDM_OK;
    const char *subject = (const char *)r->subjects.data;
    for (size_t i = 0; i < r->count && code == TDM_OK; i++) {
        int64_t n[2 * TDM_TABLE_AMOUNTS];
        memcpy(n, r->rows.data + i * sizeof n, sizeof n);
        tdm_json_begin_object(r->json);
        tdm_member_text(r->json, "subject", subject);
        for (size_t a = 0; a < TDM_TABLE_AMOUNTS; a++) {
            const char *name = tdm_table_amount(0, a);
            unsigned digits = (unsigned)tdm_amount_digits(name);
            char key[48] = "";
            strncat(key, name, sizeof key - 8);
            tdm_json_decimal(tdm_json_key(r->json, strcat(key, "_then")), n[a], digits);
            key[strlen(key) - 5] = '\0';
            tdm_json_decimal(tdm_json_key(r->json, strcat(key, "_now")), n[TDM_TABLE_AMOUNTS + a], digits);
        }
        code = write_causes(r, tdm_span_text(subject), err);
        tdm_json_end_object(r->json);
        subject += strlen(subject) + 1;
    }
    return code;
}

/* Facts of the registry that came later may be behind any of them. */
static tdm_code write_registry(revision *r, tdm_err *err)
{
    tdm_json_begin_object(r->json);
    tdm_member_text(r->json, "subject", "(registry)");
    tdm_code code = write_causes(r, (tdm_span){ NULL, 0 }, err);
    tdm_json_end_object(r->json);
    return code;
}

static tdm_code find_closing(tdm_fold *fold, const char *period, tdm_tide_name *closing, tdm_err *err)
{
    tdm_code code = tdm_tide_of_closing(fold, period, closing, err);
    if (code == TDM_OK && !closing->found)
        code = tdm_fail(err, TDM_NOT_FOUND, 0, "%s is not closed, so nothing of it is revised", period);
    return code;
}

tdm_code tdm_serve_revision(const tdm_service_context *context, const tdm_request *request,
                            tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    revision r = { .json = &document.json };
    tdm_tide_name closing = { 0 };
    tdm_period period;
    tdm_view view = { 0 };
    char text[16];
    tdm_code code = tdm_arg_period(request->args, "period", &period, err);
    if (code != TDM_OK)
        return code;
    tdm_period_text(period, text);
    code = tdm_view_open(context, request->args, &view, err);
    r.now = view.fold;
    if (code == TDM_OK)
        code = find_closing(r.now, text, &closing, err);
    if (code == TDM_OK)
        code = tdm_moment_of_tide(context, &closing, false, &r.frontier, &r.then, err);
    if (code == TDM_OK)
        code = tdm_folds_compare(r.then.fold, r.now, period, note_unit, &r, err);
    tdm_document_open(&document, answer, "tandem.revision/1", context->now_ms, true);
    if (code == TDM_OK)
        code = write_units(&r, err);
    if (code == TDM_OK && r.count > 0)
        code = write_registry(&r, err);
    tdm_moment_close(context, &r.then);
    tdm_view_close(context, &view);
    tdm_frontier_free(&r.frontier);
    tdm_buf_free(&r.subjects);
    tdm_buf_free(&r.rows);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}
