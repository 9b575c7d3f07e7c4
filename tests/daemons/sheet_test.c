/* SPDX-License-Identifier: MPL-2.0
 *
 * sheet_test.c: the specification of daemons/common/sheet.c.
 */
#include "sheet.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A file and how it is read: cells of each row with '|' between, rows numbered and with '\n' between. */
struct read_row {
    const char *name;
    const char *file;
    size_t len; /* 0: strlen */
    const char *wanted;
};

static const struct read_row READS[] = {
    { "a plain file", "a,b\n1,2\n", 0, "1:a|b\n2:1|2\n" },
    { "a byte-order mark is left out",
      "\xEF\xBB\xBF"
      "a,b\n1,2\n",
      0, "1:a|b\n2:1|2\n" },
    { "CR LF ends a row once", "a,b\r\n1,2\r\n3,4", 0, "1:a|b\n2:1|2\n3:3|4\n" },
    { "a lone CR ends a row", "a,b\r1,2\r", 0, "1:a|b\n2:1|2\n" },
    { "blank rows are skipped and counted", "a,b\n\n1,2\n,\n  ,\n3,4\n", 0, "1:a|b\n3:1|2\n6:3|4\n" },
    { "rows before the header count", "\n\na,b\n1,2\n", 0, "3:a|b\n4:1|2\n" },
    { "semicolons are seen from the header", "a;b\n1,5;2\n", 0, "1:a|b\n2:1,5|2\n" },
    { "tabs are seen from the header", "a\tb\n1,5\t2\n", 0, "1:a|b\n2:1,5|2\n" },
    { "a quoted header does not mislead", "\"a;b;c\",d\n1,2\n", 0, "1:a;b;c|d\n2:1|2\n" },
    { "quotes keep the separator and double for one", "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", 0,
      "1:a|b\n2:x, y|say \"hi\"\n" },
    { "a line break inside quotes is a space and one row", "a,b\n\"x\ny\",2\n3,4\n", 0,
      "1:a|b\n2:x y|2\n3:3|4\n" },
    { "spaces around values are trimmed, quoted ones too", " a , b\n 1 ,\" 2 \"\n", 0, "1:a|b\n2:1|2\n" },
    { "the last row needs no line end", "a\n1", 0, "1:a\n2:1\n" },
    { "UTF-8 stays", "a\nZo\xC3\xAB\n", 0, "1:a\n2:Zo\xC3\xAB\n" },
};

static void check_read(void **state)
{
    const struct read_row *row = *state;
    tdm_sheet *sheet = NULL;
    tdm_err err = { 0 };
    tdm_buf got = { 0 };
    tdm_span file = { (const uint8_t *)row->file, row->len == 0 ? strlen(row->file) : row->len };
    if (tdm_sheet_read(&sheet, file, &err) != TDM_OK)
        fail_msg("%s", err.what);
    size_t first = 1;
    sscanf(row->wanted, "%zu", &first);
    tdm_buf_format(&got, "%zu:", first);
    for (size_t c = 0; c < tdm_sheet_columns(sheet); c++) {
        tdm_span header = tdm_sheet_header(sheet, c);
        tdm_buf_format(&got, "%s%.*s", c > 0 ? "|" : "", (int)header.len, (const char *)header.data);
    }
    for (size_t i = 0; i < tdm_sheet_rows(sheet); i++) {
        tdm_sheet_row line = tdm_sheet_row_at(sheet, i);
        tdm_buf_format(&got, "\n%zu:", line.number);
        for (size_t c = 0; c < line.cell_count; c++)
            tdm_buf_format(&got, "%s%.*s", c > 0 ? "|" : "", (int)line.cells[c].len,
                           (const char *)line.cells[c].data);
    }
    tdm_buf_text(&got, "\n");
    assert_int_equal(got.len, strlen(row->wanted));
    assert_memory_equal(got.data, row->wanted, got.len);
    tdm_buf_free(&got);
    tdm_sheet_free(&sheet);
}

struct refusal_row {
    const char *name;
    const char *file;
    size_t len;
    tdm_code code;
    const char *says; /* part of the sentence */
};

#define BYTES(text) text, sizeof(text) - 1
static const struct refusal_row REFUSALS[] = {
    { "an empty file is refused", BYTES(""), TDM_MALFORMED, "empty" },
    { "blank lines alone are refused", BYTES("\n\n"), TDM_MALFORMED, "no header row" },
    { "UTF-16 with its mark is refused",
      BYTES("\xFF\xFE"
            "a\0,\0"),
      TDM_MALFORMED, "CSV UTF-8" },
    { "UTF-16 without a mark is refused", BYTES("a\0,\0b\0\n\0"), TDM_MALFORMED, "UTF-16" },
    { "Windows-1252 is refused with its line", BYTES("a,b\n1,2\nZo\xEB,2\n"), TDM_MALFORMED, "Line 3" },
    { "a workbook is refused", BYTES("PK\x03\x04rest"), TDM_MALFORMED, "workbook" },
    { "an old workbook is refused", BYTES("\xD0\xCF\x11\xE0rest"), TDM_MALFORMED, "workbook" },
    { "an open quotation mark is refused with its row", BYTES("a,b\n1,2\n\"x,2\n3,4\n"), TDM_MALFORMED,
      "row 3" },
};

static void check_refusal(void **state)
{
    const struct refusal_row *row = *state;
    tdm_sheet *sheet = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_sheet_read(&sheet, (tdm_span){ (const uint8_t *)row->file, row->len }, &err),
                     row->code);
    assert_null(sheet);
    if (strstr(err.what, row->says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.what, row->says);
}

/* ---- limits */

static void rows_up_to_the_limit_are_read(void **state)
{
    (void)state;
    for (size_t rows = TDM_SHEET_ROWS_MAX; rows <= TDM_SHEET_ROWS_MAX + 1; rows++) {
        tdm_buf file = { 0 };
        tdm_sheet *sheet = NULL;
        tdm_err err = { 0 };
        tdm_buf_text(&file, "a\n");
        for (size_t i = 0; i < rows; i++)
            tdm_buf_text(&file, "1\n");
        tdm_code wanted = rows > TDM_SHEET_ROWS_MAX ? TDM_FULL : TDM_OK;
        assert_int_equal(tdm_sheet_read(&sheet, tdm_buf_span(&file), &err), wanted);
        if (wanted == TDM_OK)
            assert_int_equal(tdm_sheet_rows(sheet), rows);
        tdm_sheet_free(&sheet);
        tdm_buf_free(&file);
    }
}

static void a_file_over_ten_megabytes_is_refused(void **state)
{
    (void)state;
    uint8_t *bytes = malloc(TDM_SHEET_BYTES_MAX + 1);
    memset(bytes, 'x', TDM_SHEET_BYTES_MAX + 1);
    tdm_sheet *sheet = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_sheet_read(&sheet, (tdm_span){ bytes, TDM_SHEET_BYTES_MAX + 1 }, &err), TDM_FULL);
    assert_non_null(strstr(err.what, "10 MB"));
    free(bytes);
}

static void too_many_columns_are_refused(void **state)
{
    (void)state;
    tdm_buf file = { 0 };
    tdm_sheet *sheet = NULL;
    tdm_err err = { 0 };
    tdm_buf_text(&file, "a\n");
    for (int i = 0; i <= TDM_SHEET_COLUMNS_MAX; i++)
        tdm_buf_text(&file, "1,");
    assert_int_equal(tdm_sheet_read(&sheet, tdm_buf_span(&file), &err), TDM_FULL);
    assert_non_null(strstr(err.what, "Row 2"));
    tdm_buf_free(&file);
}

/* ---- columns */

static void headers_are_found_as_people_write_them(void **state)
{
    (void)state;
    static const char FILE_TEXT[] =
        " Unit ID ,START-DATE,Hours\nu,2017-05-01,2\nshort\nlong,1,2,3\nok,1,2,\n";
    tdm_sheet *sheet = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_sheet_read(&sheet, tdm_span_text(FILE_TEXT), &err), TDM_OK);
    assert_int_equal(tdm_sheet_find(sheet, "unit_id"), 0);
    assert_int_equal(tdm_sheet_find(sheet, "start_date"), 1);
    assert_int_equal(tdm_sheet_find(sheet, "hours"), 2);
    assert_int_equal(tdm_sheet_find(sheet, "title"), -1);
    static const bool RAGGED[] = { false, true, true, false };
    for (size_t i = 0; i < TDM_COUNT(RAGGED); i++) {
        tdm_sheet_row row = tdm_sheet_row_at(sheet, i);
        assert_int_equal(tdm_sheet_is_ragged(sheet, &row), RAGGED[i]);
        assert_int_equal(tdm_sheet_cell(&row, -1).len, 0);
        assert_int_equal(tdm_sheet_cell(&row, 7).len, 0);
    }
    tdm_sheet_free(&sheet);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(READS) + TDM_COUNT(REFUSALS) + 4];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(READS); i++)
        tests[count++] = (struct CMUnitTest){ READS[i].name, check_read, NULL, NULL, (void *)&READS[i] };
    for (size_t i = 0; i < TDM_COUNT(REFUSALS); i++)
        tests[count++] =
            (struct CMUnitTest){ REFUSALS[i].name, check_refusal, NULL, NULL, (void *)&REFUSALS[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(rows_up_to_the_limit_are_read);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_file_over_ten_megabytes_is_refused);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(too_many_columns_are_refused);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(headers_are_found_as_people_write_them);
    return _cmocka_run_group_tests("sheet", tests, count, NULL, NULL);
}
