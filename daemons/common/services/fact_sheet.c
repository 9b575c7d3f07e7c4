/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_sheet.c: a file of facts of one type: the header row names the fields.
 */
#include "fact_run.h"

#include "import_table.h"
#include "../sheet.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 63 };

typedef struct sheet_run {
    tdm_fact_run *run;
    const tdm_sheet *sheet;
    tdm_import_table *table;
    char names[TDM_SHEET_COLUMNS_MAX][NAME_MAX_BYTES + 1]; /* of fields and extras; empty: not read */
    tdm_buf place;                                         /* subject and fact of a row */
} sheet_run;

/* ---- columns */

/* The same field under a long and a short name is one column too many. */
static bool same_column(const tdm_type *type, const char *a, const char *b)
{
    int places;
    const tdm_field *of_a = tdm_field_asked(type, tdm_span_text(a), &places);
    const tdm_field *of_b = tdm_field_asked(type, tdm_span_text(b), &places);
    return strcmp(a, b) == 0 || (of_a != NULL && of_a == of_b);
}

static tdm_code check_once(const sheet_run *s, size_t column)
{
    const char *name;
    json_t *value;
    for (size_t i = 0; i < column; i++)
        if (s->names[i][0] != '\0' && same_column(s->run->type, s->names[i], s->names[column]))
            return tdm_fail(s->run->err, TDM_MALFORMED, 0,
                            "The header row has the column %s twice. Keep one of the two, and record again.",
                            s->names[column]);
    json_object_foreach((json_t *)s->run->fields, name, value)
    {
        if (same_column(s->run->type, name, s->names[column]))
            return tdm_fail(s->run->err, TDM_INVALID, 0,
                            "%s is told for all rows and is a column of the file, too; give it once", name);
    }
    return TDM_OK;
}

static tdm_code find_columns(sheet_run *s)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < tdm_sheet_columns(s->sheet) && code == TDM_OK; i++) {
        tdm_span header = tdm_sheet_header(s->sheet, i);
        char name[NAME_MAX_BYTES + 1] = "";
        if (header.len == 0)
            continue;
        if (!tdm_sheet_word(header, name, sizeof name)
            || !tdm_fact_name_fits(s->run->type, tdm_span_text(name))) {
            tdm_fact_report(&s->run->warnings, 1, "", header, "This column is not known and was not read.");
            continue;
        }
        memcpy(s->names[i], name, sizeof name);
        code = check_once(s, i);
    }
    return code;
}

static bool is_told(const sheet_run *s, const char *name)
{
    for (size_t i = 0; i < tdm_sheet_columns(s->sheet); i++)
        if (s->names[i][0] != '\0' && same_column(s->run->type, s->names[i], name))
            return true;
    return json_object_get(s->run->fields, name) != NULL;
}

/* A file that cannot name any fact is refused as a whole. What is one's own follows by itself. */
static tdm_code check_header(const sheet_run *s)
{
    const tdm_type *type = s->run->type;
    const char *missing = NULL;
    for (size_t i = 0; i < type->field_count && missing == NULL; i++) {
        const tdm_field *field = &type->fields[i];
        if (tdm_field_names(type, field) && !tdm_fact_field_follows(type, field) && !is_told(s, field->name))
            missing = field->name;
    }
    for (tdm_fact_extra extra = 0; extra < TDM_FACT_EXTRAS; extra++)
        if (missing == NULL && extra != TDM_EXTRA_ID && tdm_fact_extra_fits(type, extra)
            && !is_told(s, tdm_fact_extra_name(extra)))
            missing = tdm_fact_extra_name(extra);
    if (missing == NULL)
        return TDM_OK;
    return tdm_fail(s->run->err, TDM_MALFORMED, 0,
                    "The header row has no column %s. Name it so in the first row, and record again.",
                    missing);
}

/* ---- rows */

static void tell_row(sheet_run *s, const tdm_sheet_row *row)
{
    tdm_fact_entry *entry = &s->run->entry;
    const char *name;
    json_t *value;
    tdm_fact_entry_begin(entry, s->run->type);
    json_object_foreach((json_t *)s->run->fields, name, value)
    {
        tdm_fact_entry_tell_json(entry, name, value);
    }
    for (size_t i = 0; i < tdm_sheet_columns(s->sheet); i++)
        if (s->names[i][0] != '\0')
            tdm_fact_entry_tell(entry, tdm_span_text(s->names[i]), tdm_sheet_cell(row, (int)i));
}

static bool is_ragged(sheet_run *s, const tdm_sheet_row *row)
{
    if (!tdm_sheet_is_ragged(s->sheet, row))
        return false;
    tdm_fact_entry_begin(&s->run->entry, s->run->type);
    tdm_fact_entry_refuse(
        &s->run->entry, "", tdm_sheet_cell(row, 0),
        "This row has %zu cells, the header %zu. Put quotation marks around values that hold "
        "the separator, or add what is missing.",
        row->cell_count, tdm_sheet_columns(s->sheet));
    return true;
}

/* A second row of one fact: the same is known, other content is refused. */
static bool is_second(sheet_run *s, const tdm_sheet_row *row)
{
    tdm_fact_run *run = s->run;
    size_t first = 0;
    bool same = false;
    char what[160];
    tdm_buf_clear(&s->place);
    tdm_buf_add(&s->place, run->entry.fact.bytes, TDM_ID_BYTES);
    tdm_buf_add(&s->place, run->entry.subject.data, run->entry.subject.len);
    if (!tdm_import_table_seen(s->table, tdm_buf_span(&s->place), row, &first, &same))
        return false;
    snprintf(what, sizeof what, "%s row %zu. %s",
             same ? "The same fact stands in" : "This fact has other content in", first,
             same ? "It was read once." : "Keep one of the two, or name one of them otherwise.");
    tdm_span shown = tdm_buf_span(&run->entry.subject);
    if (same) {
        tdm_fact_report(&run->warnings, row->number, "", shown, what);
        run->fates[TDM_FATE_KNOWN]++;
    } else {
        tdm_fact_entry_refuse(&run->entry, "", shown, "%s", what);
        tdm_fact_refuse(run, row->number);
    }
    return true;
}

static tdm_code take_row(sheet_run *s, size_t index)
{
    tdm_fact_run *run = s->run;
    tdm_sheet_row row = tdm_sheet_row_at(s->sheet, index);
    if (is_ragged(s, &row)) {
        tdm_fact_refuse(run, row.number);
        return TDM_OK;
    }
    tell_row(s, &row);
    bool settled =
        run->entry.problem_count == 0 && tdm_fact_entry_settle(&run->entry, run->own, run->why_own.what);
    return settled && is_second(s, &row) ? TDM_OK : tdm_fact_take(run, row.number);
}

tdm_code tdm_fact_sheet(tdm_fact_run *run, tdm_span bytes)
{
    tdm_sheet *sheet = NULL;
    sheet_run s = { .run = run, .table = tdm_import_table_new() };
    tdm_code code = s.table == NULL ? tdm_fail(run->err, TDM_FULL, 0, "no memory for the rows")
                                    : tdm_sheet_read(&sheet, bytes, run->err);
    s.sheet = sheet;
    if (code == TDM_OK)
        code = find_columns(&s);
    if (code == TDM_OK)
        code = check_header(&s);
    run->rows = code == TDM_OK ? tdm_sheet_rows(sheet) : 0;
    for (size_t i = 0; i < run->rows && code == TDM_OK; i++)
        code = take_row(&s, i);
    if (code == TDM_OK)
        code = tdm_fact_state(run, true);
    tdm_import_table_free(&s.table);
    tdm_sheet_free(&sheet);
    tdm_buf_free(&s.place);
    return code;
}
