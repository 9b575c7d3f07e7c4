/* SPDX-License-Identifier: MPL-2.0
 *
 * page.c: documents as rows, columns and cells.
 */
#include "page.h"

#include "config_internal.h" /* tdm_nearest */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tdm_code tdm_page_read(tdm_page *out, tdm_span bytes, tdm_err *err)
{
    json_error_t fault;
    *out = (tdm_page){ 0 };
    out->root =
        json_loadb((const char *)bytes.data, bytes.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &fault);
    json_t *data = json_object_get(out->root, "data");
    if (data == NULL || !(json_is_array(data) || json_is_object(data))) {
        json_decref(out->root);
        out->root = NULL;
        return tdm_fail(err, TDM_MALFORMED, 0, "the answer is no document with data");
    }
    out->single = json_is_object(data);
    if (out->single) {
        json_t *rows = json_array();
        json_array_append(rows, data);
        json_object_set_new(out->root, "data", rows);
    }
    out->rows = json_object_get(out->root, "data");
    out->as_of = json_string_value(json_object_get(out->root, "as_of"));
    out->tells_complete = json_is_boolean(json_object_get(out->root, "complete"));
    out->complete = json_is_true(json_object_get(out->root, "complete"));
    return TDM_OK;
}

void tdm_page_free(tdm_page *page)
{
    json_decref(page->root);
    *page = (tdm_page){ 0 };
}

/* ---- columns */

static void set_title(tdm_column *column, const char *text, size_t len)
{
    const char *bar = memchr(text, '|', len);
    size_t first = bar == NULL ? len : (size_t)(bar - text);
    snprintf(column->title[0], sizeof column->title[0], "%.*s", (int)first, text);
    column->title[1][0] = '\0';
    if (bar != NULL)
        snprintf(column->title[1], sizeof column->title[1], "%.*s", (int)(len - first - 1), bar + 1);
}

const char *tdm_row_text(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text == NULL ? "" : text;
}

/* Without a title of its own a column is called as its field, with spaces. */
static void default_title(tdm_column *column)
{
    set_title(column, column->field, strlen(column->field));
    for (char *at = column->title[0]; *at != '\0'; at++)
        if (*at == '_' || *at == '.')
            *at = ' ';
}

static void add_column(tdm_columns *columns, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    size_t field = equals == NULL ? len : (size_t)(equals - text);
    if (columns->count == TDM_PAGE_COLUMNS_MAX || field == 0 || field >= sizeof columns->items[0].field)
        return;
    tdm_column *column = &columns->items[columns->count++];
    memcpy(column->field, text, field);
    column->field[field] = '\0';
    default_title(column);
    if (equals != NULL)
        set_title(column, equals + 1, len - field - 1);
}

void tdm_columns_add(tdm_columns *columns, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");
        add_column(columns, text, len);
        text += len + (text[len] == ',');
    }
}

static const tdm_column *find_column(const tdm_columns *columns, const char *field)
{
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->items[i].field, field) == 0)
            return &columns->items[i];
    return NULL;
}

static void add_members(tdm_columns *columns, const char *prefix, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        char field[64];
        int len = snprintf(field, sizeof field, "%s%s", prefix, key);
        if (len >= (int)sizeof field - 1 || json_is_array(value))
            continue;
        if (json_is_object(value) && prefix[0] == '\0') {
            strcat(field, ".");
            add_members(columns, field, value);
        } else if (find_column(columns, field) == NULL) {
            add_column(columns, field, strlen(field));
        }
    }
}

void tdm_columns_of_rows(tdm_columns *columns, const tdm_page *page)
{
    enum { ROWS_LOOKED_AT = 100 };
    for (size_t i = 0; i < json_array_size(page->rows) && i < ROWS_LOOKED_AT; i++)
        add_members(columns, "", json_array_get(page->rows, i));
}

static bool any_row_has(const tdm_page *page, const char *field)
{
    for (size_t i = 0; i < json_array_size(page->rows); i++)
        if (tdm_row_value(json_array_get(page->rows, i), field) != NULL)
            return true;
    return false;
}

static tdm_code unknown_field(const char *field, const tdm_columns *known, const tdm_page *page, tdm_err *err)
{
    tdm_columns all = *known;
    tdm_columns_of_rows(&all, page);
    const char *names[TDM_PAGE_COLUMNS_MAX];
    char list[110] = "";
    size_t used = 0;
    for (size_t i = 0; i < all.count; i++) {
        names[i] = all.items[i].field;
        if (used + strlen(names[i]) + 3 < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    const char *near = tdm_nearest(field, names, all.count);
    if (near != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "there is no field \"%.40s\"; did you mean %s?", field, near);
    return tdm_fail(err, TDM_INVALID, 0, "there is no field \"%.40s\"; there are %s", field, list);
}

tdm_code tdm_columns_asked(tdm_columns *columns, const char *fields, const tdm_columns *known,
                           const tdm_page *page, tdm_err *err)
{
    columns->count = 0;
    while (*fields != '\0') {
        char field[64];
        size_t len = strcspn(fields, ",");
        snprintf(field, sizeof field, "%.*s", (int)len, fields);
        const tdm_column *column = find_column(known, field);
        if (column == NULL && !any_row_has(page, field))
            return unknown_field(field, known, page, err);
        if (column != NULL && columns->count < TDM_PAGE_COLUMNS_MAX)
            columns->items[columns->count++] = *column;
        else
            add_column(columns, field, strlen(field));
        fields += len + (fields[len] == ',');
    }
    return columns->count > 0 ? TDM_OK : tdm_fail(err, TDM_INVALID, 0, "--fields names no field");
}

/* ---- cells */

json_t *tdm_row_value(const json_t *row, const char *field)
{
    json_t *value = json_object_get(row, field);
    const char *dot = value == NULL ? strchr(field, '.') : NULL;
    if (dot == NULL)
        return value;
    char first[64];
    snprintf(first, sizeof first, "%.*s", (int)(dot - field), field);
    return tdm_row_value(json_object_get(row, first), dot + 1);
}

/* Fifteen digits are what a double keeps of any decimal: all amounts here have fewer. */
static void number_text(char out[64], double number, int decimals)
{
    char shortest[64];
    snprintf(shortest, sizeof shortest, "%.15g", number);
    const char *point = strchr(shortest, '.');
    int have = point == NULL || strchr(shortest, 'e') != NULL ? 0 : (int)strlen(point + 1);
    if (strchr(shortest, 'e') != NULL)
        snprintf(out, 64, "%s", shortest);
    else
        snprintf(out, 64, "%.*f", have > decimals ? have : decimals, number);
}

int tdm_row_decimals(const json_t *row, const char *field)
{
    const json_t *value = tdm_row_value(row, field);
    char text[64];
    if (!json_is_real(value))
        return 0;
    number_text(text, json_real_value(value), 1);
    const char *point = strchr(text, '.');
    return point == NULL ? 0 : (int)strlen(point + 1);
}

/* The row says so of all its nulls, or lists the fields. */
static bool row_says(const json_t *row, const char *sign, const char *field)
{
    const json_t *said = json_object_get(row, sign);
    for (size_t i = 0; field != NULL && i < json_array_size(said); i++)
        if (strcmp(json_string_value(json_array_get(said, i)), field) == 0)
            return true;
    return json_is_true(said);
}

static bool null_cell(tdm_buf *out, const json_t *row, const char *field)
{
    if (row_says(row, "suppressed", field))
        tdm_buf_text(out, "*");
    else if (row_says(row, "undefined", field))
        tdm_buf_text(out, "n/a");
    return true;
}

static bool value_cell(tdm_buf *out, const json_t *row, const char *field, const json_t *value, int decimals);

static void list_cell(tdm_buf *out, const json_t *row, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        tdm_buf_text(out, i == 0 ? "" : "; ");
        value_cell(out, row, NULL, json_array_get(list, i), 0);
    }
}

static void object_cell(tdm_buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (text == NULL) {
        out->failed = true;
        return;
    }
    tdm_buf_text(out, text);
    free(text);
}

static bool value_cell(tdm_buf *out, const json_t *row, const char *field, const json_t *value, int decimals)
{
    char number[64];
    switch (json_typeof(value)) {
    case JSON_NULL:
        return null_cell(out, row, field);
    case JSON_INTEGER:
        tdm_buf_format(out, "%lld", (long long)json_integer_value(value));
        return true;
    case JSON_REAL:
        number_text(number, json_real_value(value), decimals > 1 ? decimals : 1);
        tdm_buf_text(out, number);
        return true;
    case JSON_STRING:
        tdm_buf_add(out, json_string_value(value), json_string_length(value));
        return false;
    case JSON_TRUE:
    case JSON_FALSE:
        tdm_buf_text(out, json_is_true(value) ? "yes" : "no");
        return false;
    case JSON_ARRAY:
        list_cell(out, row, value);
        return false;
    case JSON_OBJECT:
        object_cell(out, value);
        return false;
    }
    return false;
}

bool tdm_row_cell(tdm_buf *out, const json_t *row, const char *field, int decimals)
{
    const json_t *value = tdm_row_value(row, field);
    return value != NULL && value_cell(out, row, field, value, decimals);
}
