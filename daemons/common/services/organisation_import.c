/* SPDX-License-Identifier: MPL-2.0
 *
 * organisation_import.c: a spreadsheet of organisations becomes registry facts.
 *
 * A new code becomes an organisation fact. Of a known one, another name, sector or parent than holds today
 * becomes a change dated today; anything else that differs corrects the organisation fact. The columns
 * closed, successor with succeeded_on, and reopened give dated changes of their own.
 */
#include "import_table.h"
#include "organisation_row.h"
#include "services.h"
#include "../filing.h"
#include "../statement.h"

#include <stdio.h>
#include <string.h>

typedef struct organisation_run {
    const tdm_service_context *context;
    tdm_sheet *sheet;
    tdm_organisation_columns columns;
    tdm_fold *fold;
    tdm_held held;
    tdm_drafts *drafts;
    tdm_import_table *table; /* codes of this file */
    tdm_json refusals;
    tdm_buf refusals_text;
    int64_t new_count;
    int64_t known;
    int64_t changed;
    int64_t refused;
    tdm_err *err;
} organisation_run;

/* ---- stating */

typedef struct stating {
    organisation_run *run;
    tdm_organisation_entry *row;
    tdm_span subject;
    tdm_record base; /* the organisation fact as it is held */
    bool did;
} stating;

static tdm_code want(stating *s, const tdm_id *fact, tdm_date date, const tdm_record *record)
{
    return tdm_fact_want(&s->run->held, s->subject, fact, date, TDM_AUTHOR_IS_OPERATOR, record,
                         s->run->drafts, &s->did, s->run->err);
}

/* The latest visible change of a kind that holds today. */
static bool find_change(const stating *s, int64_t kind, tdm_record *out)
{
    bool found = false;
    tdm_date best = 0;
    for (size_t i = 0; i < s->run->held.count; i++) {
        const tdm_held_fact *fact = &s->run->held.facts[i];
        tdm_record record;
        if (fact->type != TDM_TYPE_ORGANISATION_CHANGE || !fact->visible
            || tdm_record_decode(fact->type, tdm_held_payload(&s->run->held, fact), &record, NULL) != TDM_OK
            || record.values[TDM_ORGANISATION_CHANGE_CHANGE].number != kind)
            continue;
        tdm_date effective = (tdm_date)record.values[TDM_ORGANISATION_CHANGE_EFFECTIVE].number;
        if (effective > tdm_today(s->run->context) || (found && effective < best))
            continue;
        found = true;
        best = effective;
        *out = record;
    }
    return found;
}

static tdm_code state_change(stating *s, int64_t kind, tdm_date effective, uint32_t field, tdm_span text,
                             int64_t number)
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_ORGANISATION_CHANGE);
    tdm_record_set_text(&record, TDM_ORGANISATION_CHANGE_CODE, s->row->code);
    tdm_record_set_number(&record, TDM_ORGANISATION_CHANGE_CHANGE, kind);
    tdm_record_set_number(&record, TDM_ORGANISATION_CHANGE_EFFECTIVE, effective);
    if (text.len > 0)
        tdm_record_set_bytes(&record, field, text);
    if (kind == TDM_CHANGE_IS_MOVED && s->row->belongs != 0)
        tdm_record_set_number(&record, TDM_ORGANISATION_CHANGE_BELONGS, s->row->belongs);
    if (kind == TDM_CHANGE_IS_RECLASSIFIED)
        tdm_record_set_number(&record, TDM_ORGANISATION_CHANGE_SECTOR, number);
    tdm_id fact = tdm_filing_fact(&record, s->subject, NULL);
    return want(s, &fact, effective, &record);
}

/* What a dated change may replace: today's value, and the change that says another. */
static tdm_code change_name(stating *s)
{
    tdm_record change;
    tdm_span now = s->base.values[TDM_ORGANISATION_NAME].bytes;
    if (find_change(s, TDM_CHANGE_IS_RENAMED, &change))
        now = change.values[TDM_ORGANISATION_CHANGE_NAME].bytes;
    if (tdm_span_equal(now, s->row->name))
        return TDM_OK;
    return state_change(s, TDM_CHANGE_IS_RENAMED, tdm_today(s->run->context), TDM_ORGANISATION_CHANGE_NAME,
                        s->row->name, 0);
}

static tdm_code change_sector(stating *s)
{
    tdm_record change;
    int64_t now = s->base.values[TDM_ORGANISATION_SECTOR].number;
    if (find_change(s, TDM_CHANGE_IS_RECLASSIFIED, &change))
        now = change.values[TDM_ORGANISATION_CHANGE_SECTOR].number;
    if (now == s->row->sector)
        return TDM_OK;
    return state_change(s, TDM_CHANGE_IS_RECLASSIFIED, tdm_today(s->run->context), 0, (tdm_span){ 0 },
                        s->row->sector);
}

static tdm_code change_parent(stating *s)
{
    tdm_record change;
    tdm_span now = s->base.values[TDM_ORGANISATION_PARENT].bytes;
    int64_t belongs = s->base.values[TDM_ORGANISATION_BELONGS].number;
    if (find_change(s, TDM_CHANGE_IS_MOVED, &change)) {
        now = change.values[TDM_ORGANISATION_CHANGE_PARENT].bytes;
        belongs = change.values[TDM_ORGANISATION_CHANGE_BELONGS].number;
    }
    if (s->run->columns.at[TDM_ORGCOL_PARENT] < 0
        || (tdm_span_equal(now, tdm_span_text(s->row->parent)) && belongs == s->row->belongs))
        return TDM_OK;
    return state_change(s, TDM_CHANGE_IS_MOVED, tdm_today(s->run->context), TDM_ORGANISATION_CHANGE_PARENT,
                        tdm_span_text(s->row->parent), 0);
}

/* Fields without dated changes: from the row if its column is there, else as they are. */
static void fill_undated(const stating *s, tdm_record *record)
{
    tdm_organisation_entry *r = s->row;
    const int *at = s->run->columns.at;
    if (at[TDM_ORGCOL_CONTRACTOR] >= 0) {
        record->values[TDM_ORGANISATION_CONTRACTOR] = (tdm_value){ 0 };
        if (r->contractor)
            tdm_record_set_number(record, TDM_ORGANISATION_CONTRACTOR, 1);
    }
    if (at[TDM_ORGCOL_REGION] >= 0) {
        record->values[TDM_ORGANISATION_REGION] = (tdm_value){ 0 };
        if (r->region.len > 0)
            tdm_record_set_bytes(record, TDM_ORGANISATION_REGION, r->region);
    }
    if (r->has[TDM_ORGCOL_OPENED])
        tdm_record_set_number(record, TDM_ORGANISATION_OPENED, r->dates[TDM_ORGCOL_OPENED]);
    if (r->localities.len > 0)
        tdm_record_set_bytes(record, TDM_ORGANISATION_LOCALITIES, tdm_buf_span(&r->localities));
}

static void fill_new(const tdm_organisation_entry *r, tdm_record *record)
{
    tdm_record_init(record, TDM_TYPE_ORGANISATION);
    tdm_record_set_text(record, TDM_ORGANISATION_CODE, r->code);
    tdm_record_set_bytes(record, TDM_ORGANISATION_NAME, r->name);
    tdm_record_set_number(record, TDM_ORGANISATION_SECTOR, r->sector);
    if (r->parent[0] != '\0')
        tdm_record_set_text(record, TDM_ORGANISATION_PARENT, r->parent);
    if (r->belongs != 0)
        tdm_record_set_number(record, TDM_ORGANISATION_BELONGS, r->belongs);
}

static tdm_code state_dated(stating *s)
{
    tdm_organisation_entry *r = s->row;
    tdm_code code = TDM_OK;
    if (r->has[TDM_ORGCOL_CLOSED] && r->successor[0] == '\0')
        code = state_change(s, TDM_CHANGE_IS_CLOSED, r->dates[TDM_ORGCOL_CLOSED], 0, (tdm_span){ 0 }, 0);
    if (code == TDM_OK && r->successor[0] != '\0')
        code = state_change(s, TDM_CHANGE_IS_MERGED, r->dates[TDM_ORGCOL_SUCCEEDED],
                            TDM_ORGANISATION_CHANGE_SUCCESSOR, tdm_span_text(r->successor), 0);
    if (code == TDM_OK && r->has[TDM_ORGCOL_REOPENED])
        code = state_change(s, TDM_CHANGE_IS_REOPENED, r->dates[TDM_ORGCOL_REOPENED], 0, (tdm_span){ 0 }, 0);
    return code;
}

static tdm_code state_row(stating *s)
{
    organisation_run *run = s->run;
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_ORGANISATION);
    tdm_record_set_text(&record, TDM_ORGANISATION_CODE, s->row->code);
    tdm_id fact = tdm_filing_fact(&record, s->subject, NULL);
    tdm_code code =
        tdm_held_load(&run->held, run->fold, tdm_core_origin(run->context->core), s->subject, run->err);
    const tdm_held_fact *old = tdm_held_find(&run->held, &fact);
    bool known =
        old != NULL && code == TDM_OK
        && tdm_record_decode(TDM_TYPE_ORGANISATION, tdm_held_payload(&run->held, old), &s->base, NULL)
               == TDM_OK;
    if (known)
        record = s->base;
    else
        fill_new(s->row, &record);
    fill_undated(s, &record);
    if (code == TDM_OK)
        code = want(s, &fact, tdm_today(run->context), &record);
    if (code == TDM_OK && known)
        code = change_name(s);
    if (code == TDM_OK && known)
        code = change_sector(s);
    if (code == TDM_OK && known)
        code = change_parent(s);
    if (code == TDM_OK)
        code = state_dated(s);
    run->new_count += !known;
    run->known += known && !s->did;
    run->changed += known && s->did;
    return code;
}

static void report(organisation_run *run, const tdm_organisation_entry *r)
{
    run->refused++;
    tdm_json_begin_object(&run->refusals);
    tdm_member_int(&run->refusals, "row", (int64_t)r->row.number);
    tdm_member_text(&run->refusals, "column", tdm_organisation_column_name(r->bad));
    tdm_member_shown(&run->refusals, "value", tdm_sheet_cell(&r->row, run->columns.at[r->bad]));
    tdm_member_text(&run->refusals, "what", r->what);
    tdm_json_end_object(&run->refusals);
}

static bool refuse(tdm_organisation_entry *r, const char *what)
{
    r->bad = TDM_ORGCOL_CODE;
    snprintf(r->what, sizeof r->what, "%s", what);
    return false;
}

static bool is_first(organisation_run *run, tdm_organisation_entry *r)
{
    size_t first = 0;
    bool same = false;
    char what[120];
    if (!tdm_import_table_seen(run->table, tdm_span_text(r->code), &r->row, &first, &same))
        return true;
    snprintf(what, sizeof what, "This code stands in row %zu already. Keep one of the two.", first);
    return refuse(r, what);
}

static bool is_whole(organisation_run *run, const tdm_sheet_row *row, tdm_organisation_entry *r)
{
    if (!tdm_sheet_is_ragged(run->sheet, row))
        return true;
    r->row = *row;
    return refuse(r, "This row has another number of cells than the header. Put quotation marks around "
                     "values that hold the separator.");
}

static tdm_code import_row(organisation_run *run, size_t index)
{
    tdm_organisation_entry r = { .bad = TDM_ORGCOL_CODE };
    tdm_sheet_row row = tdm_sheet_row_at(run->sheet, index);
    tdm_buf subject = { 0 };
    tdm_code code = TDM_OK;
    if (is_whole(run, &row, &r) && tdm_organisation_entry_read(&r, &run->columns, &row)
        && is_first(run, &r)) {
        tdm_subject_organisation(&subject, tdm_span_text(r.code));
        stating s = { .run = run, .row = &r, .subject = tdm_buf_span(&subject) };
        code = state_row(&s);
        if (code == TDM_OK)
            code = tdm_core_state_group(run->context->core, run->drafts, false, false, NULL, run->err);
    } else {
        report(run, &r);
    }
    tdm_buf_free(&subject);
    tdm_organisation_entry_free(&r);
    return code;
}

/* ---- the whole */

static tdm_code find_columns(organisation_run *run)
{
    tdm_code code = TDM_OK;
    for (int c = 0; c < TDM_ORGCOLS && code == TDM_OK; c++)
        code = tdm_sheet_find_once(run->sheet, tdm_organisation_column_name((tdm_organisation_column)c),
                                   &run->columns.at[c], run->err);
    if (code != TDM_OK)
        return code;
    for (int c = TDM_ORGCOL_CODE; c <= TDM_ORGCOL_SECTOR; c++)
        if (run->columns.at[c] < 0)
            return tdm_fail(run->err, TDM_MALFORMED, 0,
                            "The header row has no column %s. Name it so in the first row, and import again.",
                            tdm_organisation_column_name((tdm_organisation_column)c));
    return TDM_OK;
}

static tdm_code write_report(organisation_run *run, tdm_answer *answer)
{
    tdm_document document;
    tdm_json_end_array(&run->refusals);
    tdm_code code = tdm_json_close(&run->refusals, run->err);
    if (code != TDM_OK)
        return code;
    tdm_document_open(&document, answer, "tandem.import/1", run->context->now_ms, true);
    tdm_json *json = &document.json;
    tdm_json_begin_object(json);
    tdm_member_int(json, "new", run->new_count);
    tdm_member_int(json, "known", run->known);
    tdm_member_int(json, "changed", run->changed);
    tdm_member_int(json, "refused", run->refused);
    tdm_json_raw(tdm_json_key(json, "refusals"), tdm_buf_span(&run->refusals_text));
    tdm_json_end_object(json);
    answer->exit = run->refused > 0 ? 1 : 0;
    return tdm_document_close(&document, run->err);
}

static tdm_code import_rows(organisation_run *run)
{
    tdm_code code = find_columns(run);
    if (code == TDM_OK)
        code = tdm_settle(run->context, run->err);
    if (code != TDM_OK)
        return code;
    run->fold = tdm_core_fold(run->context->core);
    for (size_t i = 0; i < tdm_sheet_rows(run->sheet) && code == TDM_OK; i++)
        code = import_row(run, i);
    if (code == TDM_OK)
        code = tdm_core_state_group(run->context->core, run->drafts, true, false, NULL, run->err);
    tdm_core_fold_release(run->context->core, run->fold);
    return code;
}

tdm_code tdm_serve_organisation_import(const tdm_service_context *context, const tdm_request *request,
                                       tdm_answer *answer, tdm_err *err)
{
    organisation_run run = {
        .context = context, .drafts = tdm_drafts_new(), .table = tdm_import_table_new(), .err = err
    };
    run.refusals = tdm_json_open(&run.refusals_text);
    tdm_json_begin_array(&run.refusals);
    tdm_code code = run.drafts == NULL || run.table == NULL
                        ? tdm_fail(err, TDM_FULL, 0, "no memory for an import")
                        : TDM_OK;
    if (code == TDM_OK)
        code = tdm_sheet_read(&run.sheet, request->body, err);
    if (code == TDM_OK)
        code = import_rows(&run);
    if (code == TDM_OK)
        code = write_report(&run, answer);
    tdm_sheet_free(&run.sheet);
    tdm_import_table_free(&run.table);
    tdm_held_free(&run.held);
    tdm_drafts_free(&run.drafts);
    tdm_buf_free(&run.refusals_text);
    return code;
}
