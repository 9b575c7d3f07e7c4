/* SPDX-License-Identifier: MPL-2.0
 *
 * output.c: choosing the form and the columns; the forms for programs.
 */
#include "output.h"

#include "terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct shown {
    tdm_session *session;
    const tdm_page *page;
    const tdm_columns *columns; /* of the form */
    bool asked;                 /* by --fields */
    bool record;                /* a single row as lines of name and value */
    tdm_span bytes;
} shown;

static void write_buf(tdm_session *session, tdm_buf *text)
{
    fwrite(text->data, 1, text->len, session->out);
    tdm_buf_free(text);
}

/* ---- plain */

static void plain_line(const shown *what, const json_t *row)
{
    tdm_buf line = { 0 };
    tdm_buf cell = { 0 };
    for (size_t i = 0; i < what->columns->count; i++) {
        const char *field = what->columns->items[i].field;
        tdm_buf_clear(&cell);
        if (row == NULL)
            tdm_buf_text(&cell, field);
        else
            tdm_row_cell(&cell, row, field, 1);
        tdm_buf_text(&line, i == 0 ? "" : "\t");
        tdm_terminal_add(&line, tdm_buf_span(&cell));
    }
    tdm_buf_text(&line, "\n");
    tdm_buf_free(&cell);
    write_buf(what->session, &line);
}

static void show_plain(const shown *what)
{
    plain_line(what, NULL);
    for (size_t i = 0; i < json_array_size(what->page->rows); i++)
        plain_line(what, json_array_get(what->page->rows, i));
}

/* ---- CSV */

/* A cell that a spreadsheet would take for a formula begins with an apostrophe. */
static void csv_cell(tdm_buf *line, tdm_span cell, bool number)
{
    bool formula = !number && cell.len > 0 && memchr("=+-@\t\r", cell.data[0], 6) != NULL;
    bool quoted = formula;
    for (size_t i = 0; i < cell.len && !quoted; i++)
        quoted = cell.data[i] < 0x20 || cell.data[i] == ',' || cell.data[i] == '"';
    if (!quoted) {
        tdm_buf_add(line, cell.data, cell.len);
        return;
    }
    tdm_buf_text(line, formula ? "\"'" : "\"");
    for (size_t i = 0; i < cell.len; i++) {
        tdm_buf_add(line, &cell.data[i], 1);
        if (cell.data[i] == '"')
            tdm_buf_text(line, "\"");
    }
    tdm_buf_text(line, "\"");
}

static void csv_line(const shown *what, const json_t *row)
{
    tdm_buf line = { 0 };
    tdm_buf cell = { 0 };
    for (size_t i = 0; i < what->columns->count; i++) {
        const char *field = what->columns->items[i].field;
        bool number = false;
        tdm_buf_clear(&cell);
        if (row == NULL)
            tdm_buf_text(&cell, field);
        else
            number = tdm_row_cell(&cell, row, field, 1);
        tdm_buf_text(&line, i == 0 ? "" : ",");
        csv_cell(&line, tdm_buf_span(&cell), number);
    }
    tdm_buf_text(&line, "\r\n");
    tdm_buf_free(&cell);
    write_buf(what->session, &line);
}

static void show_csv(const shown *what)
{
    csv_line(what, NULL);
    for (size_t i = 0; i < json_array_size(what->page->rows); i++)
        csv_line(what, json_array_get(what->page->rows, i));
}

/* ---- JSON */

static json_t *chosen_members(const shown *what, json_t *row)
{
    if (!what->asked)
        return json_incref(row);
    json_t *chosen = json_object();
    for (size_t i = 0; i < what->columns->count; i++) {
        const char *field = what->columns->items[i].field;
        json_t *value = tdm_row_value(row, field);
        if (value != NULL)
            json_object_set(chosen, field, value);
    }
    static const char *const SIGNS[] = { "suppressed", "undefined" }; /* a null must tell why */
    for (size_t i = 0; i < TDM_COUNT(SIGNS); i++)
        if (json_object_get(row, SIGNS[i]) != NULL)
            json_object_set(chosen, SIGNS[i], json_object_get(row, SIGNS[i]));
    return chosen;
}

enum { JSON_FORM = JSON_COMPACT | JSON_REAL_PRECISION(15) };

static void show_jsonl(const shown *what)
{
    for (size_t i = 0; i < json_array_size(what->page->rows); i++) {
        json_t *row = chosen_members(what, json_array_get(what->page->rows, i));
        json_dumpf(row, what->session->out, JSON_FORM);
        fputc('\n', what->session->out);
        json_decref(row);
    }
}

static void show_json(const shown *what)
{
    if (!what->asked) {
        fwrite(what->bytes.data, 1, what->bytes.len, what->session->out);
    } else {
        json_t *document = json_copy(what->page->root);
        json_t *rows = json_array();
        for (size_t i = 0; i < json_array_size(what->page->rows); i++)
            json_array_append_new(rows, chosen_members(what, json_array_get(what->page->rows, i)));
        json_object_set(document, "data", what->page->single ? json_array_get(rows, 0) : rows);
        json_decref(rows);
        json_dumpf(document, what->session->out, JSON_FORM);
        json_decref(document);
    }
    fputc('\n', what->session->out);
}

/* ---- tables */

static void show_table(const shown *what)
{
    if (what->page->single || (what->record && json_array_size(what->page->rows) == 1))
        tdm_output_record(what->session, what->page, what->asked ? what->columns : NULL);
    else if (json_array_size(what->page->rows) == 0)
        tdm_session_say(what->session, "nothing to show");
    else
        tdm_output_table(what->session, what->page, what->columns);
}

void tdm_output_note(tdm_session *session, const tdm_page *page)
{
    tdm_buf note = { 0 };
    if (page->as_of == NULL)
        return;
    tdm_buf_text(&note, "as of ");
    tdm_terminal_add(&note, tdm_span_text(page->as_of));
    if (page->tells_complete)
        tdm_buf_text(&note, page->complete ? ", complete"
                                           : ", not complete: facts that are stored are still being counted; "
                                             "tandem status tells how many");
    tdm_session_say(session, "%.*s", (int)note.len, (const char *)note.data);
    tdm_buf_free(&note);
}

/* ---- the way out */

static const struct form {
    const char *name;
    void (*show)(const shown *what);
    bool all_columns; /* the row's further columns, too */
    bool note;
} FORMS[] = {
    { "table", show_table, false, true },  { "plain", show_plain, false, true },
    { "csv", show_csv, true, false },      { "json", show_json, false, false },
    { "jsonl", show_jsonl, false, false },
};

static const struct form *find_form(const char *name)
{
    for (size_t i = 0; i < TDM_COUNT(FORMS); i++)
        if (strcmp(FORMS[i].name, name) == 0)
            return &FORMS[i];
    return &FORMS[0];
}

static tdm_code choose_columns(tdm_columns *columns, const tdm_invocation *invocation, const tdm_page *page,
                               bool all, tdm_err *err)
{
    const char *fields = tdm_invocation_text(invocation, "fields");
    const tdm_command *command = invocation->command;
    columns->count = 0;
    tdm_columns_add(columns, command->columns);
    if (all || fields != NULL)
        tdm_columns_add(columns, command->more);
    if (columns->count == 0)
        tdm_columns_of_rows(columns, page);
    if (fields == NULL)
        return TDM_OK;
    tdm_columns *known = malloc(sizeof *known);
    if (known == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a table");
    *known = *columns;
    tdm_code code = tdm_columns_asked(columns, fields, known, page, err);
    free(known);
    return code;
}

static tdm_code check_written(tdm_session *session, tdm_err *err)
{
    if (fflush(session->out) == 0 && !ferror(session->out))
        return TDM_OK;
    return tdm_fail(err, TDM_IO, errno, "the result could not be written: %s", strerror(errno));
}

tdm_code tdm_output_document(tdm_session *session, const tdm_invocation *invocation, tdm_span bytes,
                             tdm_err *err)
{
    const struct form *form = find_form(session->format);
    tdm_page page;
    tdm_code code = tdm_page_read(&page, bytes, err);
    if (code != TDM_OK)
        return code;
    tdm_columns *columns = malloc(sizeof *columns);
    if (columns == NULL)
        code = tdm_fail(err, TDM_FULL, 0, "no memory for a table");
    else
        code = choose_columns(columns, invocation, &page, form->all_columns, err);
    if (code == TDM_OK) {
        shown what = { session,
                       &page,
                       columns,
                       tdm_invocation_text(invocation, "fields") != NULL,
                       invocation->command->record,
                       bytes };
        form->show(&what);
        code = check_written(session, err);
    }
    if (code == TDM_OK && form->note)
        tdm_output_note(session, &page);
    free(columns);
    tdm_page_free(&page);
    return code;
}

tdm_code tdm_output_raw(tdm_session *session, tdm_span bytes, tdm_err *err)
{
    fwrite(bytes.data, 1, bytes.len, session->out);
    return check_written(session, err);
}
