/* SPDX-License-Identifier: MPL-2.0
 *
 * organisation_row.c: cells of a spreadsheet of organisations to values.
 */
#include "organisation_row.h"

#include "cell.h"

#include "tandem/pack.h"

#include <stdio.h>
#include <string.h>

enum { LOCALITIES_MAX = 60 };

static const char *const COLUMN_NAMES[] = {
#define X(symbol, name) name,
    TDM_ORGANISATION_COLUMNS_X(X)
#undef X
};

const char *tdm_organisation_column_name(tdm_organisation_column column)
{
    return COLUMN_NAMES[column];
}

static tdm_span cell(const tdm_organisation_columns *columns, const tdm_organisation_entry *r,
                     tdm_organisation_column column)
{
    return tdm_sheet_cell(&r->row, columns->at[column]);
}

static bool refuse(tdm_organisation_entry *r, tdm_organisation_column column, const char *what)
{
    r->bad = column;
    snprintf(r->what, sizeof r->what, "%s", what);
    return false;
}

static bool read_code(const tdm_organisation_columns *columns, tdm_organisation_entry *r,
                      tdm_organisation_column column, char out[16])
{
    tdm_span value = cell(columns, r, column);
    out[0] = '\0';
    if (value.len == 0 && column != TDM_ORGCOL_CODE)
        return true;
    return tdm_cell_code(value, out)
           || refuse(r, column, "Enter an organisation code, 3 to 12 letters and digits such as R0A.");
}

static bool read_word(const tdm_organisation_columns *columns, tdm_organisation_entry *r,
                      tdm_organisation_column column, tdm_enum_set set, int64_t *out, const char *what)
{
    tdm_span value = cell(columns, r, column);
    if (value.len == 0 && column != TDM_ORGCOL_SECTOR)
        return true;
    return tdm_cell_word(set, value, out) || refuse(r, column, what);
}

/* yyyy-mm-dd, or yyyymmdd as national lists write it */
static bool read_date(const tdm_organisation_columns *columns, tdm_organisation_entry *r,
                      tdm_organisation_column column)
{
    tdm_span value = cell(columns, r, column);
    char text[16] = "";
    if (value.len == 0)
        return true;
    if (value.len == 8)
        snprintf(text, sizeof text, "%.4s-%.2s-%.2s", (const char *)value.data, (const char *)value.data + 4,
                 (const char *)value.data + 6);
    else if (value.len == 10)
        snprintf(text, sizeof text, "%.10s", (const char *)value.data);
    r->has[column] = tdm_date_parse(tdm_span_text(text), &r->dates[column], NULL) == TDM_OK
                     && r->dates[column] >= -200000 && r->dates[column] <= 200000;
    return r->has[column] || refuse(r, column, "Enter the date as YYYY-MM-DD, such as 2017-09-30.");
}

static bool read_localities(const tdm_organisation_columns *columns, tdm_organisation_entry *r)
{
    tdm_span value = cell(columns, r, TDM_ORGCOL_LOCALITIES);
    tdm_buf items = { 0 };
    uint32_t count = 0;
    bool fits = true;
    for (size_t at = 0; at < value.len;) {
        const uint8_t *end = memchr(value.data + at, ';', value.len - at);
        size_t len = end == NULL ? value.len - at : (size_t)(end - value.data) - at;
        tdm_span item = { value.data + at, len };
        at += len + 1;
        while (item.len > 0 && item.data[0] == ' ')
            item = (tdm_span){ item.data + 1, item.len - 1 };
        if (item.len == 0)
            continue;
        fits &= item.len <= 200 && ++count <= LOCALITIES_MAX;
        tdm_pack_str(&items, item);
    }
    if (count > 0) {
        tdm_pack_array(&r->localities, count);
        tdm_buf_add(&r->localities, items.data, items.len);
    }
    tdm_buf_free(&items);
    return fits
           || refuse(r, TDM_ORGCOL_LOCALITIES, "Name at most 60 localities of at most 200 bytes, with ';'.");
}

static bool read_contractor(const tdm_organisation_columns *columns, tdm_organisation_entry *r)
{
    static const char *const YES[] = { "true", "yes", "y", "1" };
    static const char *const NO[] = { "", "false", "no", "n", "0" };
    char word[16];
    bool fits = tdm_sheet_word(cell(columns, r, TDM_ORGCOL_CONTRACTOR), word, sizeof word);
    for (size_t i = 0; fits && i < TDM_COUNT(YES); i++)
        r->contractor |= strcmp(word, YES[i]) == 0;
    bool known = r->contractor;
    for (size_t i = 0; fits && i < TDM_COUNT(NO); i++)
        known |= strcmp(word, NO[i]) == 0;
    return known || refuse(r, TDM_ORGCOL_CONTRACTOR, "Enter yes or no.");
}

static bool read_texts(const tdm_organisation_columns *columns, tdm_organisation_entry *r)
{
    r->name = cell(columns, r, TDM_ORGCOL_NAME);
    r->region = cell(columns, r, TDM_ORGCOL_REGION);
    if (r->name.len == 0 || r->name.len > 200)
        return refuse(r, TDM_ORGCOL_NAME, "Enter a name of at most 200 bytes.");
    return r->region.len <= 60 || refuse(r, TDM_ORGCOL_REGION, "Shorten the region to at most 60 bytes.");
}

static bool check_successor(tdm_organisation_entry *r)
{
    bool named = r->successor[0] != '\0';
    if (named != r->has[TDM_ORGCOL_SUCCEEDED])
        return refuse(r, named ? TDM_ORGCOL_SUCCEEDED : TDM_ORGCOL_SUCCESSOR,
                      "A successor needs succeeded_on, and the other way round.");
    return !named || strcmp(r->successor, r->code) != 0
           || refuse(r, TDM_ORGCOL_SUCCESSOR, "An organisation does not succeed itself. Name another code.");
}

static bool read_row(const tdm_organisation_columns *columns, tdm_organisation_entry *r)
{
    return read_code(columns, r, TDM_ORGCOL_CODE, r->code) && read_texts(columns, r)
           && read_word(columns, r, TDM_ORGCOL_SECTOR, TDM_ENUM_SECTOR, &r->sector,
                        "Enter a sector: trust, primary_care, commissioner, local_authority, voluntary, "
                        "independent, education or national_body.")
           && read_contractor(columns, r) && read_code(columns, r, TDM_ORGCOL_PARENT, r->parent)
           && read_word(columns, r, TDM_ORGCOL_BELONGS, TDM_ENUM_BELONGS, &r->belongs,
                        "Enter site, department, network, commissioner, system, region or locality.")
           && read_date(columns, r, TDM_ORGCOL_OPENED) && read_date(columns, r, TDM_ORGCOL_CLOSED)
           && read_code(columns, r, TDM_ORGCOL_SUCCESSOR, r->successor)
           && read_date(columns, r, TDM_ORGCOL_SUCCEEDED) && read_date(columns, r, TDM_ORGCOL_REOPENED)
           && read_localities(columns, r) && check_successor(r);
}

bool tdm_organisation_entry_read(tdm_organisation_entry *out, const tdm_organisation_columns *columns,
                                 const tdm_sheet_row *row)
{
    *out = (tdm_organisation_entry){ .row = *row };
    return read_row(columns, out);
}

void tdm_organisation_entry_free(tdm_organisation_entry *entry)
{
    tdm_buf_free(&entry->localities);
}
