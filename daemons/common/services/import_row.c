/* SPDX-License-Identifier: MPL-2.0
 *
 * import_row.c: cells to values: a table of readers, one per column. Each accepts what people type and says
 * what to do about the rest.
 */
#include "import_row.h"
#include "cell.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

typedef struct cell_reading {
    tdm_statement *statement;
    tdm_span cell;
    char *what; /* 180 bytes: the sentence if it is refused */
} cell_reading;

typedef bool read_cell(cell_reading *reading);

enum {
    WHAT_BYTES = TDM_CELL_WHAT,
    UNIT_ID_MAX = 100,
    PROGRAMME_MAX = 100,
    TITLE_MAX = 200,
    LOCALITY_MAX = 60
};
enum { HOURS_MAX = 10000, PEOPLE_MAX = 1000000 };

static bool refuse(cell_reading *reading, const char *what)
{
    snprintf(reading->what, WHAT_BYTES, "%s", what);
    return false;
}

/* ---- texts */

static bool fits(cell_reading *reading, size_t max, const char *what)
{
    if (reading->cell.len <= max)
        return true;
    snprintf(reading->what, WHAT_BYTES, "Shorten the %s to at most %zu bytes; this has %zu.", what, max,
             reading->cell.len);
    return false;
}

static bool read_unit_id(cell_reading *r)
{
    r->statement->unit_id = r->cell;
    return fits(r, UNIT_ID_MAX, "unit id");
}

static bool read_programme(cell_reading *r)
{
    r->statement->programme = r->cell;
    return fits(r, PROGRAMME_MAX, "programme");
}

static bool read_title(cell_reading *r)
{
    r->statement->title = r->cell;
    return fits(r, TITLE_MAX, "title");
}

static bool read_locality(cell_reading *r)
{
    r->statement->locality = r->cell;
    return fits(r, LOCALITY_MAX, "locality");
}

/* ---- words of an enumeration */

static bool read_kind(cell_reading *r)
{
    return tdm_cell_word(TDM_ENUM_UNITKIND, r->cell, &r->statement->kind)
           || refuse(r, "Enter programme, team_intervention or top_team.");
}

static bool read_status(cell_reading *r)
{
    int64_t status = TDM_STATUS_IS_DELIVERED;
    bool known = r->cell.len == 0 || tdm_cell_word(TDM_ENUM_STATUS, r->cell, &status);
    r->statement->status = status;
    return (known && status != TDM_STATUS_IS_STARTED)
           || refuse(r, "Enter planned, delivered or cancelled, or leave it blank for delivered.");
}

/* ---- codes */

static bool read_lead(cell_reading *r)
{
    tdm_span code = r->cell.len == 0 ? r->statement->recorder : r->cell;
    if (tdm_cell_code(code, r->statement->lead))
        return true;
    r->statement->lead[0] = '\0';
    return refuse(r,
                  "Enter the lead's organisation code, 3 to 12 letters and digits such as R0A, or leave it "
                  "blank for your own.");
}

/* ---- dates */

static bool read_date(cell_reading *r, tdm_date *out)
{
    return tdm_cell_date(r->cell, out, r->what);
}

static bool read_start(cell_reading *r)
{
    return read_date(r, &r->statement->start);
}

static bool read_end(cell_reading *r)
{
    if (r->cell.len == 0)
        return true;
    if (!read_date(r, &r->statement->end))
        return false;
    r->statement->has_end = true;
    return true;
}

/* ---- numbers */

static bool read_hours(cell_reading *r)
{
    if (r->cell.len == 0)
        return true; /* whether it may be blank depends on the status */
    r->statement->has_hours = tdm_cell_decimal(r->cell, 2, (int64_t)HOURS_MAX * 100, &r->statement->hours);
    return r->statement->has_hours
           || refuse(r, "Enter the hours as a number from 0 to 10000 with at most two decimals, such as 2 or "
                        "1.5.");
}

static bool read_participants(cell_reading *r)
{
    if (r->cell.len == 0)
        return true;
    r->statement->has_people = tdm_cell_decimal(r->cell, 0, PEOPLE_MAX, &r->statement->people);
    return r->statement->has_people
           || refuse(r, "Enter how many people took part as a whole number from 0 to 1000000, or leave it "
                        "blank if that is not known.");
}

/* ---- partners: CODE or CODE:plan+deliver, several with ';' */

static bool read_phases(tdm_span text, uint8_t *phases)
{
    if (text.len == 0)
        return false;
    while (text.len > 0) {
        int64_t number = 0;
        tdm_span word = tdm_cell_next(&text, '+');
        if (!tdm_cell_word(TDM_ENUM_PHASE, word, &number) || number < 1 || number > TDM_PARTNER_PHASES)
            return false;
        *phases |= (uint8_t)(1u << (number - 1));
    }
    return true;
}

static tdm_partner *find_partner(tdm_statement *s, const char *code)
{
    for (size_t i = 0; i < s->partner_count; i++)
        if (strcmp(s->partners[i].code, code) == 0)
            return &s->partners[i];
    if (s->partner_count == TDM_PARTNERS_MAX)
        return NULL;
    tdm_partner *partner = &s->partners[s->partner_count++];
    *partner = (tdm_partner){ .phases = 0 };
    snprintf(partner->code, sizeof partner->code, "%s", code);
    return partner;
}

static bool read_partner(cell_reading *r, tdm_span item)
{
    bool has_phases = memchr(item.data, ':', item.len) != NULL;
    tdm_span code = tdm_cell_next(&item, ':');
    char text[16];
    uint8_t phases = 1u << (TDM_PHASE_IS_DELIVER - 1);
    if (has_phases) {
        phases = 0;
        if (!read_phases(tdm_cell_trim(item), &phases))
            return refuse(r, "After the colon write plan, deliver, support, or several as plan+deliver.");
    }
    if (!tdm_cell_code(code, text)) {
        snprintf(r->what, WHAT_BYTES,
                 "\"%.*s\" is no organisation code (3 to 12 letters and digits). Write CODE or "
                 "CODE:plan+deliver, several with ';'.",
                 code.len > 24 ? 24 : (int)code.len, (const char *)code.data);
        return false;
    }
    if (strcmp(text, r->statement->lead) == 0
        || tdm_span_equal(tdm_span_text(text), r->statement->recorder)) {
        snprintf(r->what, WHAT_BYTES, "%s is %s itself; a partner is another organisation. Remove it here.",
                 text, strcmp(text, r->statement->lead) == 0 ? "the lead" : "your own organisation");
        return false;
    }
    tdm_partner *partner = find_partner(r->statement, text);
    if (partner == NULL)
        return refuse(r, "Name at most 60 partners.");
    partner->phases |= phases;
    return true;
}

static bool read_partners(cell_reading *r)
{
    tdm_span rest = r->cell;
    while (rest.len > 0) {
        tdm_span item = tdm_cell_next(&rest, ';');
        if (item.len > 0 && !read_partner(r, item))
            return false;
    }
    return true;
}

/* ---- a row */

/* In this order: partners are compared with the lead. */
static const struct {
    tdm_column column;
    read_cell *read;
} READERS[] = {
    { TDM_COLUMN_UNIT_ID, read_unit_id },
    { TDM_COLUMN_KIND, read_kind },
    { TDM_COLUMN_PROGRAMME, read_programme },
    { TDM_COLUMN_TITLE, read_title },
    { TDM_COLUMN_LEAD, read_lead },
    { TDM_COLUMN_START_DATE, read_start },
    { TDM_COLUMN_END_DATE, read_end },
    { TDM_COLUMN_HOURS, read_hours },
    { TDM_COLUMN_PARTICIPANTS, read_participants },
    { TDM_COLUMN_LOCALITY, read_locality },
    { TDM_COLUMN_STATUS, read_status },
    { TDM_COLUMN_PARTNERS, read_partners },
};

static tdm_cell_refusal *add_problem(tdm_row_problems *problems, tdm_column column, tdm_span value)
{
    TDM_ASSERT(problems->count < TDM_REFUSALS_MAX);
    tdm_cell_refusal *refusal = &problems->cells[problems->count++];
    *refusal = (tdm_cell_refusal){ .column = column, .value = value };
    return refusal;
}

bool tdm_row_is_refused_in(const tdm_row_problems *problems, tdm_column column)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->cells[i].column == column)
            return true;
    return false;
}

/* What depends on two cells. */
static void check_together(const tdm_row_columns *columns, const tdm_sheet_row *row, const tdm_statement *s,
                           tdm_row_problems *problems)
{
    bool may_lack = s->status == TDM_STATUS_IS_PLANNED || s->status == TDM_STATUS_IS_CANCELLED;
    if (columns->at[TDM_COLUMN_HOURS] >= 0 && !s->has_hours && !may_lack
        && !tdm_row_is_refused_in(problems, TDM_COLUMN_HOURS)
        && !tdm_row_is_refused_in(problems, TDM_COLUMN_STATUS))
        snprintf(add_problem(problems, TDM_COLUMN_HOURS, (tdm_span){ 0 })->what, WHAT_BYTES,
                 "Enter how many hours. Only what is planned or cancelled may leave them blank.");
    if (s->has_end && s->end < s->start && !tdm_row_is_refused_in(problems, TDM_COLUMN_START_DATE)
        && !tdm_row_is_refused_in(problems, TDM_COLUMN_END_DATE))
        snprintf(
            add_problem(problems, TDM_COLUMN_END_DATE, tdm_sheet_cell(row, columns->at[TDM_COLUMN_END_DATE]))
                ->what,
            WHAT_BYTES, "It ends before it starts. Correct one of the two dates.");
}

void tdm_row_read(const tdm_row_columns *columns, const tdm_sheet_row *row, tdm_span recorder,
                  tdm_statement *statement, tdm_row_problems *problems)
{
    memset(statement, 0, offsetof(tdm_statement, partners));
    statement->partner_count = 0;
    statement->recorder = recorder;
    statement->status = TDM_STATUS_IS_DELIVERED;
    problems->count = 0;
    for (size_t i = 0; i < TDM_COUNT(READERS); i++) {
        tdm_column column = READERS[i].column;
        char what[WHAT_BYTES];
        cell_reading reading = { statement, tdm_sheet_cell(row, columns->at[column]), what };
        if (columns->at[column] >= 0)
            statement->given |= 1u << column;
        else if (column != TDM_COLUMN_LEAD)
            continue;
        if (!READERS[i].read(&reading))
            memcpy(add_problem(problems, column, reading.cell)->what, what, sizeof what);
    }
    check_together(columns, row, statement, problems);
}

void tdm_row_make_id(tdm_statement *statement, unsigned occurrence)
{
    char date[16];
    char number[16];
    tdm_date_text(statement->start, date);
    snprintf(number, sizeof number, "%u", occurrence);
    tdm_span words[] = { statement->recorder, statement->programme, statement->title, tdm_span_text(date),
                         tdm_span_text(number) };
    crypto_generichash_state state;
    uint8_t digest[TDM_DIGEST_BYTES];
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    for (size_t i = 0; i < TDM_COUNT(words); i++) {
        crypto_generichash_update(&state, words[i].data, words[i].len);
        crypto_generichash_update(&state, (const uint8_t *)"", 1);
    }
    crypto_generichash_final(&state, digest, sizeof digest);
    memcpy(statement->made_id, "auto-", 5);
    tdm_hex(statement->made_id + 5, digest, 8);
    statement->unit_id = tdm_span_text(statement->made_id);
}
