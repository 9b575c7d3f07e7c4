/* SPDX-License-Identifier: MPL-2.0
 *
 * import.c: a spreadsheet becomes facts: each good row says what should stand, and what is missing for that
 * is stated. So the same file again states nothing, and an interrupted import is simply repeated.
 */
#include "import_row.h"
#include "import_table.h"
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REGISTER_MAX = 60 };

typedef struct import_run {
    const tdm_service_context *context;
    tdm_fold *fold;
    const tdm_sheet *sheet;
    tdm_row_columns columns;
    char recorder[16];
    const char *register_name; /* NULL: not a complete register */
    bool dry_run;
    tdm_drafts *drafts;
    tdm_held held;
    tdm_buf subject;
    tdm_import_table *table; /* subjects and occurrences of this file */
    bool unnamed_refused;    /* a refused row whose unit is not known */
    int64_t counts[TDM_VERDICTS];
    int64_t refused;
    int64_t withdrawn;
    int64_t events;
    tdm_json warnings;
    tdm_json refusals;
    tdm_buf warnings_text;
    tdm_buf refusals_text;
    tdm_err *err;
} import_run;

/* ---- the report */

static void report(tdm_json *list, size_t row, const char *column, tdm_span value, const char *what)
{
    tdm_json_begin_object(list);
    tdm_member_int(list, "row", (int64_t)row);
    tdm_member_text(list, "column", column);
    tdm_member_shown(list, "value", value);
    tdm_member_text(list, "what", what);
    tdm_json_end_object(list);
}

static const char *column_text(tdm_column column)
{
    return tdm_column_name(column);
}

static void refuse_row(import_run *run, const tdm_sheet_row *row, const tdm_row_problems *problems)
{
    run->refused++;
    for (size_t i = 0; i < problems->count; i++)
        report(&run->refusals, row->number, column_text(problems->cells[i].column), problems->cells[i].value,
               problems->cells[i].what);
}

static void refuse_with(import_run *run, const tdm_sheet_row *row, tdm_column column, tdm_span value,
                        const char *what)
{
    run->refused++;
    report(&run->refusals, row->number, column_text(column), value, what);
}

/* ---- columns */

static void warn_unknown_columns(import_run *run)
{
    for (size_t i = 0; i < tdm_sheet_columns(run->sheet); i++) {
        tdm_span header = tdm_sheet_header(run->sheet, i);
        bool known = header.len == 0;
        for (int c = 0; c < TDM_COLUMNS; c++)
            known |= run->columns.at[c] == (int)i;
        if (!known)
            report(&run->warnings, 1, "", header, "This column is not known and was not read.");
    }
}

static tdm_code find_columns(import_run *run)
{
    tdm_code code = TDM_OK;
    for (int c = 0; c < TDM_COLUMNS && code == TDM_OK; c++)
        code = tdm_sheet_find_once(run->sheet, tdm_column_name((tdm_column)c), &run->columns.at[c], run->err);
    if (code != TDM_OK)
        return code;
    const char *missing = NULL;
    if (run->columns.at[TDM_COLUMN_UNIT_ID] < 0 && run->columns.at[TDM_COLUMN_TITLE] < 0)
        missing = "title (or unit_id)";
    else if (run->columns.at[TDM_COLUMN_START_DATE] < 0)
        missing = "start_date";
    else if (run->columns.at[TDM_COLUMN_KIND] < 0)
        missing = "kind";
    if (missing != NULL)
        return tdm_fail(run->err, TDM_MALFORMED, 0,
                        "The header row has no column %s. Name it so in the first row, and import again.",
                        missing);
    warn_unknown_columns(run);
    return TDM_OK;
}

/* ---- rows */

static tdm_code state_group(import_run *run, bool all)
{
    return tdm_core_state_group(run->context->core, run->drafts, all, run->dry_run, &run->events, run->err);
}

/* The subject of a statement, in run->subject; false if its unit is not known. */
static bool find_subject(import_run *run, tdm_statement *s, const tdm_row_problems *problems)
{
    if (s->unit_id.len == 0) {
        bool can_make = !tdm_row_is_refused_in(problems, TDM_COLUMN_START_DATE)
                        && !tdm_row_is_refused_in(problems, TDM_COLUMN_PROGRAMME)
                        && !tdm_row_is_refused_in(problems, TDM_COLUMN_TITLE);
        if (!can_make)
            return false;
        tdm_row_make_id(s, 0);
        tdm_row_make_id(s, tdm_import_table_count(run->table, s->unit_id));
    }
    if (s->lead[0] == '\0' || tdm_row_is_refused_in(problems, TDM_COLUMN_UNIT_ID))
        return false;
    tdm_buf_clear(&run->subject);
    tdm_subject_unit(&run->subject, tdm_span_text(s->lead), s->unit_id);
    return true;
}

static void warn_about(import_run *run, const tdm_sheet_row *row, const tdm_statement *s)
{
    if (s->has_end
        && tdm_period_of(TDM_PERIOD_YEAR, s->start).number != tdm_period_of(TDM_PERIOD_YEAR, s->end).number)
        report(
            &run->warnings, row->number, "end_date",
            tdm_sheet_cell(row, run->columns.at[TDM_COLUMN_END_DATE]),
            "This unit crosses 31 March. A row is one session on its start date, so all its hours count in "
            "that financial year; split it into two rows if that is wrong.");
    if (s->has_people && !s->has_hours && tdm_statement_tells(s, TDM_COLUMN_HOURS))
        report(&run->warnings, row->number, "participants",
               tdm_sheet_cell(row, run->columns.at[TDM_COLUMN_PARTICIPANTS]),
               "Participants are kept once the row has hours.");
}

static tdm_code draft_row(import_run *run, const tdm_sheet_row *row, tdm_statement *s)
{
    tdm_span subject = tdm_buf_span(&run->subject);
    tdm_verdict verdict = TDM_VERDICT_KNOWN;
    if (run->register_name != NULL)
        s->register_name = tdm_span_text(run->register_name);
    tdm_code code =
        tdm_held_load(&run->held, run->fold, tdm_core_origin(run->context->core), subject, run->err);
    if (code == TDM_OK)
        code = tdm_statement_draft(s, subject, &run->held, run->drafts, &verdict, run->err);
    if (code != TDM_OK)
        return code;
    if (verdict == TDM_VERDICT_LACKS_HOURS) {
        refuse_with(run, row, TDM_COLUMN_HOURS, (tdm_span){ 0 },
                    "Enter how many hours: the file has no column hours, and none are known of this unit.");
        return TDM_OK;
    }
    run->counts[verdict]++;
    warn_about(run, row, s);
    return state_group(run, false);
}

/* A second row of one unit: the same is known, other content is refused. */
static bool is_second(import_run *run, const tdm_sheet_row *row, const tdm_row_problems *problems)
{
    size_t first = 0;
    bool same = false;
    if (!tdm_import_table_seen(run->table, tdm_buf_span(&run->subject), row, &first, &same))
        return false;
    if (problems->count > 0)
        return false; /* refused for its own reasons */
    char what[160];
    snprintf(what, sizeof what, "%s row %zu. %s",
             same ? "The same unit stands in" : "This unit has other content in", first,
             same ? "It was read once." : "Keep one of the two, or give one of them another unit_id.");
    tdm_span id = tdm_sheet_cell(row, run->columns.at[TDM_COLUMN_UNIT_ID]);
    if (same) {
        report(&run->warnings, row->number, "unit_id", id, what);
        run->counts[TDM_VERDICT_KNOWN]++;
    } else {
        refuse_with(run, row, TDM_COLUMN_UNIT_ID, id, what);
    }
    return true;
}

static bool is_ragged(import_run *run, const tdm_sheet_row *row)
{
    if (!tdm_sheet_is_ragged(run->sheet, row))
        return false;
    char what[160];
    snprintf(what, sizeof what,
             "This row has %zu cells, the header %zu. Put quotation marks around values that hold the "
             "separator, or add what is missing.",
             row->cell_count, tdm_sheet_columns(run->sheet));
    run->refused++;
    report(&run->refusals, row->number, "", tdm_sheet_cell(row, 0), what);
    return true;
}

static tdm_code import_row(import_run *run, size_t index)
{
    tdm_sheet_row row = tdm_sheet_row_at(run->sheet, index);
    tdm_statement statement;
    tdm_row_problems problems;
    tdm_row_read(&run->columns, &row, tdm_span_text(run->recorder), &statement, &problems);
    bool ragged = is_ragged(run, &row);
    bool named = find_subject(run, &statement, &problems);
    run->unnamed_refused |= !named;
    bool second = named && !ragged && is_second(run, &row, &problems);
    if (named && ragged)
        tdm_import_table_note(run->table, tdm_buf_span(&run->subject));
    if (ragged || second)
        return TDM_OK;
    if (problems.count > 0) {
        refuse_row(run, &row, &problems);
        return TDM_OK;
    }
    return draft_row(run, &row, &statement);
}

/* ---- a complete register: what is missing from it is withdrawn */

typedef struct register_units {
    import_run *run;
    tdm_buf subjects; /* each with a zero byte behind */
} register_units;

static tdm_code note_unit(void *context, const tdm_unit *unit, tdm_err *err)
{
    register_units *units = context;
    if (!unit->has_record)
        return TDM_OK;
    for (size_t i = 0; i < unit->subject_count; i++) {
        if (tdm_import_table_holds(units->run->table, unit->subjects[i]))
            continue;
        tdm_buf_add(&units->subjects, unit->subjects[i].data, unit->subjects[i].len);
        tdm_buf_add(&units->subjects, "", 1);
    }
    return units->subjects.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the register") : TDM_OK;
}

/* Visible, own, of this register. */
static bool is_in_register(import_run *run, tdm_span subject, tdm_date *start)
{
    tdm_id name = tdm_statement_unit_fact(tdm_span_text(run->recorder), subject);
    const tdm_held_fact *fact = tdm_held_find(&run->held, &name);
    tdm_record unit;
    if (fact == NULL || !fact->visible || fact->type != TDM_TYPE_UNIT
        || tdm_record_decode(TDM_TYPE_UNIT, tdm_held_payload(&run->held, fact), &unit, NULL) != TDM_OK)
        return false;
    *start = (tdm_date)unit.values[TDM_UNIT_START].number;
    return tdm_span_equal(unit.values[TDM_UNIT_REGISTER].bytes, tdm_span_text(run->register_name));
}

static tdm_code withdraw_unit(import_run *run, tdm_span subject)
{
    tdm_date start = 0;
    tdm_code code =
        tdm_held_load(&run->held, run->fold, tdm_core_origin(run->context->core), subject, run->err);
    if (code != TDM_OK || !is_in_register(run, subject, &start))
        return code;
    char reason[120];
    snprintf(reason, sizeof reason, "not in the register %s any more", run->register_name);
    run->withdrawn++;
    code = tdm_statement_withdraw(tdm_span_text(run->recorder), subject, &run->held, reason, start,
                                  run->drafts, run->err);
    return code == TDM_OK ? state_group(run, false) : code;
}

static tdm_code withdraw_missing(import_run *run)
{
    if (run->register_name == NULL)
        return TDM_OK;
    if (run->unnamed_refused) {
        report(&run->warnings, 1, "unit_id", (tdm_span){ 0 },
               "Nothing was withdrawn from the register: refused rows have no unit_id, so it is not known "
               "which units are missing. Mend them and import again.");
        return TDM_OK;
    }
    register_units units = { .run = run };
    tdm_code code = tdm_fold_units(run->fold, tdm_span_text(run->recorder), note_unit, &units, run->err);
    for (size_t at = 0; code == TDM_OK && at < units.subjects.len;) {
        tdm_span subject = tdm_span_text((const char *)units.subjects.data + at);
        at += subject.len + 1;
        code = withdraw_unit(run, subject);
    }
    tdm_buf_free(&units.subjects);
    return code;
}

/* ---- the whole */

static tdm_code write_report(import_run *run, tdm_answer *answer)
{
    tdm_json_end_array(&run->warnings);
    tdm_json_end_array(&run->refusals);
    tdm_code code = tdm_json_close(&run->warnings, run->err);
    if (code == TDM_OK)
        code = tdm_json_close(&run->refusals, run->err);
    if (code != TDM_OK)
        return code;
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.import/1", run->context->now_ms, true);
    tdm_json *json = &document.json;
    tdm_json_begin_object(json);
    tdm_member_text(json, "organisation", run->recorder);
    tdm_member_text(json, "register", run->register_name);
    tdm_member_bool(json, "dry_run", run->dry_run);
    tdm_member_int(json, "rows", (int64_t)tdm_sheet_rows(run->sheet));
    tdm_member_int(json, "new", run->counts[TDM_VERDICT_NEW]);
    tdm_member_int(json, "known", run->counts[TDM_VERDICT_KNOWN]);
    tdm_member_int(json, "changed", run->counts[TDM_VERDICT_CHANGED]);
    tdm_member_int(json, "withdrawn", run->withdrawn);
    tdm_member_int(json, "returned", run->counts[TDM_VERDICT_RETURNED]);
    tdm_member_int(json, "refused", run->refused);
    tdm_member_int(json, "events", run->events);
    tdm_json_raw(tdm_json_key(json, "warnings"), tdm_buf_span(&run->warnings_text));
    tdm_json_raw(tdm_json_key(json, "refusals"), tdm_buf_span(&run->refusals_text));
    tdm_json_end_object(json);
    answer->exit = run->refused > 0 ? 1 : 0;
    return tdm_document_close(&document, run->err);
}

static tdm_code import_rows(import_run *run)
{
    tdm_code code = find_columns(run);
    if (code == TDM_OK && run->register_name != NULL && tdm_sheet_rows(run->sheet) == 0)
        code = tdm_fail(run->err, TDM_INVALID, 0,
                        "The file has no rows, so the whole register would be withdrawn. Import it without "
                        "--register, or check the file.");
    if (code == TDM_OK)
        code = tdm_settle(run->context, run->err);
    if (code != TDM_OK)
        return code;
    run->fold = tdm_core_fold(run->context->core);
    for (size_t i = 0; code == TDM_OK && i < tdm_sheet_rows(run->sheet); i++)
        code = import_row(run, i);
    if (code == TDM_OK)
        code = withdraw_missing(run);
    if (code == TDM_OK)
        code = state_group(run, true);
    tdm_core_fold_release(run->context->core, run->fold);
    return code;
}

static tdm_code open_run(import_run *run, const json_t *args)
{
    run->register_name = tdm_arg_text(args, "register");
    run->dry_run = tdm_arg_flag(args, "dry_run");
    if (run->register_name != NULL && strlen(run->register_name) > REGISTER_MAX)
        return tdm_fail(run->err, TDM_INVALID, 0, "the register's name has over %d bytes", REGISTER_MAX);
    run->drafts = tdm_drafts_new();
    run->table = tdm_import_table_new();
    run->warnings = tdm_json_open(&run->warnings_text);
    run->refusals = tdm_json_open(&run->refusals_text);
    tdm_json_begin_array(&run->warnings);
    tdm_json_begin_array(&run->refusals);
    if (run->drafts == NULL || run->table == NULL)
        return tdm_fail(run->err, TDM_FULL, 0, "no memory for an import");
    return tdm_own_organisation(run->context, args, run->recorder, run->err);
}

static void close_run(import_run *run)
{
    tdm_drafts_free(&run->drafts);
    tdm_import_table_free(&run->table);
    tdm_held_free(&run->held);
    tdm_buf_free(&run->subject);
    tdm_buf_free(&run->warnings_text);
    tdm_buf_free(&run->refusals_text);
}

static tdm_code import_bytes(const tdm_service_context *context, const json_t *args, tdm_span bytes,
                             tdm_answer *answer, tdm_err *err)
{
    tdm_sheet *sheet = NULL;
    import_run run = { .context = context, .err = err };
    tdm_code code = open_run(&run, args);
    if (code == TDM_OK)
        code = tdm_sheet_read(&sheet, bytes, err);
    run.sheet = sheet;
    if (code == TDM_OK)
        code = import_rows(&run);
    if (code == TDM_OK)
        code = write_report(&run, answer);
    close_run(&run);
    tdm_sheet_free(&sheet);
    return code;
}

tdm_code tdm_serve_import(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    return import_bytes(context, request->args, request->body, answer, err);
}

/* ---- one record by hand: a file of one row */

static void quote_cell(tdm_buf *out, const char *text)
{
    tdm_buf_text(out, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '"')
            tdm_buf_text(out, "\"");
        tdm_buf_add(out, text, 1);
    }
    tdm_buf_text(out, "\"");
}

/* Only what was told becomes a column, so that the rest keeps its old value. */
static void write_row_file(const json_t *args, tdm_buf *out)
{
    tdm_buf values = { 0 };
    for (int c = 0; c < TDM_COLUMNS; c++) {
        const json_t *value = json_object_get(args, tdm_column_name((tdm_column)c));
        if (!json_is_string(value) && !json_is_number(value))
            continue;
        char number[40] = "";
        if (json_is_integer(value))
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        else if (json_is_real(value))
            snprintf(number, sizeof number, "%.2f", json_real_value(value));
        tdm_buf_format(out, "%s%s", values.len > 0 ? "," : "", tdm_column_name((tdm_column)c));
        tdm_buf_text(&values, values.len > 0 ? "," : "");
        quote_cell(&values, json_is_string(value) ? json_string_value(value) : number);
    }
    tdm_buf_text(out, "\n");
    tdm_buf_add(out, values.data, values.len);
    tdm_buf_text(out, "\n");
    tdm_buf_free(&values);
}

tdm_code tdm_serve_record(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    tdm_buf file = { 0 };
    write_row_file(request->args, &file);
    tdm_code code = file.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a record")
                                : import_bytes(context, request->args, tdm_buf_span(&file), answer, err);
    tdm_buf_free(&file);
    return code;
}
