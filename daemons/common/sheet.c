/* SPDX-License-Identifier: MPL-2.0
 *
 * sheet.c: spreadsheets as text, over libcsv.
 */
#include "sheet.h"

#include "tandem/utf8.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

typedef struct row_place {
    size_t number;
    size_t first; /* index of its first cell */
    size_t count;
} row_place;

typedef struct cell_place {
    size_t offset;
    size_t len;
} cell_place;

struct tdm_sheet {
    tdm_buf text;      /* all cells' bytes */
    cell_place *cells; /* offsets while reading, since text still moves */
    tdm_span *spans;   /* the same cells once all is read */
    size_t cell_count;
    size_t cell_capacity;
    row_place *rows; /* rows[0] is the header */
    size_t row_count;
    size_t row_capacity;
};

typedef struct reader {
    tdm_sheet *sheet;
    size_t number; /* of the row being read */
    size_t first;  /* its first cell */
    bool filled;   /* some cell of it is not empty */
    tdm_code failed;
    size_t failed_at;
} reader;

/* ---- encodings */

static bool starts_with(tdm_span bytes, const char *mark, size_t len)
{
    return bytes.len >= len && memcmp(bytes.data, mark, len) == 0;
}

static size_t row_of(tdm_span bytes, size_t offset)
{
    size_t row = 1;
    for (size_t i = 0; i < offset; i++)
        row += bytes.data[i] == '\n';
    return row;
}

/* The first line that is not UTF-8. */
static size_t find_broken_row(tdm_span bytes)
{
    size_t start = 0;
    for (size_t i = 0; i <= bytes.len; i++) {
        if (i < bytes.len && bytes.data[i] != '\n')
            continue;
        if (!tdm_utf8_is_valid((tdm_span){ bytes.data + start, i - start }))
            return row_of(bytes, start);
        start = i + 1;
    }
    return 1;
}

static tdm_code check_encoding(tdm_span bytes, tdm_err *err)
{
    static const char SAVE[] = "In the spreadsheet choose Save As, then \"CSV UTF-8\", and import that file.";
    if (bytes.len == 0)
        return tdm_fail(err, TDM_MALFORMED, 0, "The file is empty. It needs a header row and rows.");
    if (bytes.len > TDM_SHEET_BYTES_MAX)
        return tdm_fail(err, TDM_FULL, 0, "The file has %zu bytes; at most %u (10 MB) are read. Split it.",
                        bytes.len, TDM_SHEET_BYTES_MAX);
    if (starts_with(bytes, "PK\x03\x04", 4) || starts_with(bytes, "\xD0\xCF\x11\xE0", 4))
        return tdm_fail(err, TDM_MALFORMED, 0, "The file is a workbook, not CSV. %s", SAVE);
    if (starts_with(bytes, "\xFF\xFE", 2) || starts_with(bytes, "\xFE\xFF", 2)
        || memchr(bytes.data, 0, bytes.len) != NULL)
        return tdm_fail(err, TDM_MALFORMED, 0, "The file is in UTF-16, not UTF-8. %s", SAVE);
    if (!tdm_utf8_is_valid(bytes))
        return tdm_fail(err, TDM_MALFORMED, 0, "Line %zu is not UTF-8 (perhaps Windows-1252). %s",
                        find_broken_row(bytes), SAVE);
    return TDM_OK;
}

/* ---- delimiter and line ends */

static unsigned char sniff_delimiter(tdm_span bytes)
{
    static const unsigned char CANDIDATES[] = { ',', ';', '\t' };
    size_t counts[TDM_COUNT(CANDIDATES)] = { 0 };
    bool quoted = false;
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = bytes.data[i];
        if (c == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (c == '\n' || c == '\r')
            break;
        for (size_t k = 0; k < TDM_COUNT(CANDIDATES); k++)
            counts[k] += c == CANDIDATES[k];
    }
    size_t best = 0;
    for (size_t k = 1; k < TDM_COUNT(CANDIDATES); k++)
        if (counts[k] > counts[best])
            best = k;
    return CANDIDATES[best];
}

/* CR LF and lone CR become LF, so that the parser's count of rows is the spreadsheet's. */
static void unify_line_ends(tdm_span bytes, tdm_buf *out)
{
    size_t start = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != '\r')
            continue;
        tdm_buf_add(out, bytes.data + start, i - start);
        if (i + 1 >= bytes.len || bytes.data[i + 1] != '\n')
            tdm_buf_text(out, "\n");
        start = i + 1;
    }
    tdm_buf_add(out, bytes.data + start, bytes.len - start);
}

/* ---- cells and rows */

static bool grow(void **items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return true;
    size_t larger = *capacity == 0 ? 256 : *capacity * 2;
    void *grown = realloc(*items, larger * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *capacity = larger;
    return true;
}

/* Leaves out what surrounds a value; what a cell cannot hold (schema: no control characters) becomes a space.
 */
static void add_cell_text(tdm_buf *text, const unsigned char *data, size_t len)
{
    while (len > 0 && data[0] <= ' ') {
        data++;
        len--;
    }
    while (len > 0 && data[len - 1] <= ' ')
        len--;
    size_t start = text->len;
    tdm_buf_add(text, data, len);
    for (size_t i = start; i < text->len; i++)
        if (text->data[i] < ' ' || text->data[i] == 0x7F)
            text->data[i] = ' ';
}

static void take_cell(void *data, size_t len, void *context)
{
    reader *r = context;
    tdm_sheet *sheet = r->sheet;
    if (r->failed != TDM_OK)
        return;
    if (!grow((void **)&sheet->cells, &sheet->cell_capacity, sheet->cell_count, sizeof *sheet->cells)) {
        r->failed = TDM_FULL;
        return;
    }
    size_t offset = sheet->text.len;
    add_cell_text(&sheet->text, data, len);
    sheet->cells[sheet->cell_count++] = (cell_place){ offset, sheet->text.len - offset };
    r->filled |= sheet->text.len > offset;
    if (sheet->cell_count - r->first > TDM_SHEET_COLUMNS_MAX) {
        r->failed = TDM_FULL;
        r->failed_at = r->number;
    }
}

static void take_row(int end, void *context)
{
    (void)end;
    reader *r = context;
    tdm_sheet *sheet = r->sheet;
    if (r->failed != TDM_OK)
        return;
    size_t count = sheet->cell_count - r->first;
    if (r->filled) {
        if (sheet->row_count > TDM_SHEET_ROWS_MAX
            || !grow((void **)&sheet->rows, &sheet->row_capacity, sheet->row_count, sizeof *sheet->rows)) {
            r->failed = TDM_FULL;
            r->failed_at = r->number;
            return;
        }
        sheet->rows[sheet->row_count++] = (row_place){ r->number, r->first, count };
    } else {
        sheet->cell_count = r->first;
    }
    r->number++;
    r->first = sheet->cell_count;
    r->filled = false;
}

enum { WITHIN_FIELD = 2 }; /* csv_parser.pstate */

static tdm_code parse(tdm_sheet *sheet, tdm_span bytes, tdm_err *err)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_REPALL_NL) != 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "the CSV reader does not start");
    csv_set_delim(&parser, sniff_delimiter(bytes));
    reader r = { .sheet = sheet, .number = 1 };
    size_t read = csv_parse(&parser, bytes.data, bytes.len, take_cell, take_row, &r);
    /* libcsv tells of a quote left open only in its strict mode, which refuses harmless quotes, too */
    size_t at = r.number;
    bool open = parser.quoted && parser.pstate == WITHIN_FIELD;
    int finished = csv_fini(&parser, take_cell, take_row, &r);
    int why = csv_error(&parser);
    csv_free(&parser);
    if (r.failed != TDM_OK && r.failed_at != 0)
        return tdm_fail(err, TDM_FULL, 0,
                        "Row %zu is beyond what one file may hold: %d rows of %d columns. "
                        "Split the file.",
                        r.failed_at, TDM_SHEET_ROWS_MAX, TDM_SHEET_COLUMNS_MAX);
    if (r.failed != TDM_OK || sheet->text.failed || why == CSV_ENOMEM)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read the file");
    if (read != bytes.len || finished != 0 || open)
        return tdm_fail(err, TDM_MALFORMED, 0,
                        "A quotation mark opened in row %zu is never closed. Close or remove it.", at);
    return TDM_OK;
}

static tdm_code settle(tdm_sheet *sheet, tdm_err *err)
{
    sheet->spans = malloc((sheet->cell_count + 1) * sizeof *sheet->spans);
    if (sheet->spans == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read the file");
    for (size_t i = 0; i < sheet->cell_count; i++)
        sheet->spans[i] = (tdm_span){ sheet->text.data + sheet->cells[i].offset, sheet->cells[i].len };
    free(sheet->cells);
    sheet->cells = NULL;
    if (sheet->row_count == 0)
        return tdm_fail(err, TDM_MALFORMED, 0,
                        "The file holds no header row. The first row names the columns.");
    return TDM_OK;
}

tdm_code tdm_sheet_read(tdm_sheet **out, tdm_span bytes, tdm_err *err)
{
    *out = NULL;
    tdm_code code = check_encoding(bytes, err);
    if (code != TDM_OK)
        return code;
    if (starts_with(bytes, "\xEF\xBB\xBF", 3))
        bytes = (tdm_span){ bytes.data + 3, bytes.len - 3 };
    tdm_sheet *sheet = calloc(1, sizeof *sheet);
    if (sheet == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read the file");
    tdm_buf unified = { 0 };
    unify_line_ends(bytes, &unified);
    code = unified.failed ? tdm_fail(err, TDM_FULL, 0, "no memory to read the file")
                          : parse(sheet, tdm_buf_span(&unified), err);
    tdm_buf_free(&unified);
    if (code == TDM_OK)
        code = settle(sheet, err);
    if (code != TDM_OK)
        tdm_sheet_free(&sheet);
    *out = sheet;
    return code;
}

void tdm_sheet_free(tdm_sheet **pointer)
{
    tdm_sheet *sheet = *pointer;
    if (sheet == NULL)
        return;
    tdm_buf_free(&sheet->text);
    free(sheet->cells);
    free(sheet->spans);
    free(sheet->rows);
    free(sheet);
    *pointer = NULL;
}

/* ---- questions */

size_t tdm_sheet_columns(const tdm_sheet *sheet)
{
    return sheet->rows[0].count;
}

tdm_span tdm_sheet_header(const tdm_sheet *sheet, size_t column)
{
    TDM_ASSERT(column < sheet->rows[0].count);
    return sheet->spans[sheet->rows[0].first + column];
}

bool tdm_sheet_word(tdm_span text, char *out, size_t size)
{
    if (text.len >= size)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        out[i] = (char)(c == ' ' || c == '-' ? '_' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out[text.len] = '\0';
    return true;
}

static bool header_is(tdm_span header, const char *name)
{
    char word[64];
    return tdm_sheet_word(header, word, sizeof word) && strcmp(word, name) == 0;
}

int tdm_sheet_find(const tdm_sheet *sheet, const char *name)
{
    for (size_t i = 0; i < sheet->rows[0].count; i++)
        if (header_is(tdm_sheet_header(sheet, i), name))
            return (int)i;
    return -1;
}

tdm_code tdm_sheet_find_once(const tdm_sheet *sheet, const char *name, int *out, tdm_err *err)
{
    *out = tdm_sheet_find(sheet, name);
    for (size_t i = (size_t)(*out + 1); *out >= 0 && i < sheet->rows[0].count; i++)
        if (header_is(tdm_sheet_header(sheet, i), name))
            return tdm_fail(err, TDM_MALFORMED, 0,
                            "The header row has the column %s twice. Keep one of the two, and import again.",
                            name);
    return TDM_OK;
}

size_t tdm_sheet_rows(const tdm_sheet *sheet)
{
    return sheet->row_count - 1;
}

tdm_sheet_row tdm_sheet_row_at(const tdm_sheet *sheet, size_t index)
{
    TDM_ASSERT(index + 1 < sheet->row_count);
    const row_place *place = &sheet->rows[index + 1];
    return (tdm_sheet_row){ place->number, place->count, sheet->spans + place->first };
}

tdm_span tdm_sheet_cell(const tdm_sheet_row *row, int column)
{
    if (column < 0 || (size_t)column >= row->cell_count)
        return (tdm_span){ (const uint8_t *)"", 0 };
    return row->cells[column];
}

bool tdm_sheet_is_ragged(const tdm_sheet *sheet, const tdm_sheet_row *row)
{
    size_t columns = tdm_sheet_columns(sheet);
    for (size_t i = columns; i < row->cell_count; i++)
        if (row->cells[i].len > 0)
            return true;
    return row->cell_count < columns;
}
