/* SPDX-License-Identifier: MPL-2.0
 *
 * field_test.c: the specification of field_read.c and filing.c: what a person may write for a field of each
 * kind, and the names that facts get.
 */
#include "filing.h"
#include "services/field_read.h"

#include "tandem/pack.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEX16 "00112233445566778899aabbccddeeff"
#define HEX32 HEX16 HEX16

/* JSON in `text` is marked by a leading '='. */
struct row {
    const char *name;
    const char *type;
    const char *field;
    const char *text;
    const char *wanted; /* text of the value, items between '|'; NULL: refused */
    const char *says;
};

static const struct row ROWS[] = {
    { "a whole number", "attendance", "people", "12", "12", NULL },
    { "a number in JSON", "attendance", "people", "=12", "12", NULL },
    { "the least number", "facilitator_stage", "stage", "1", "1", NULL },
    { "below the least number", "facilitator_stage", "stage", "0", NULL, "from 1 to 9" },
    { "above the largest number", "attendance", "people", "1000001", NULL, "from 0 to 1000000" },
    { "a number far above all bounds", "summary", "count", "99999999999999999999999", NULL,
      "1000000000000000" },
    { "a negative number", "summary", "count", "-7", "-7", NULL },
    { "a negative number where none may be", "attendance", "people", "-7", NULL, "from 0" },
    { "a number with a point", "attendance", "people", "1.5", NULL, "whole number" },
    { "a number in words", "attendance", "people", "ten", NULL, "whole number" },
    { "a lone minus", "summary", "count", "-", NULL, "whole number" },

    { "hundredths by their own name", "session", "hours_hundredths", "650", "650", NULL },
    { "hundredths by the short name", "session", "hours", "6.5", "650", NULL },
    { "hundredths by the short name in JSON", "session", "hours", "=6.25", "625", NULL },
    { "hundredths with a dash in the name", "session", "hours-hundredths", "5", "5", NULL },
    { "negative hundredths", "measure_response", "score", "-2.5", "-250", NULL },
    { "tenths by the short name", "target", "level", "45.5", "455", NULL },
    { "too many decimals", "session", "hours", "6.125", NULL, "from 0 to 10000 with at most 2 decimals" },
    { "too many hours", "session", "hours", "10000.01", NULL, "from 0 to 10000" },
    { "too low a score", "measure_response", "score", "-10000.01", NULL, "from -10000 to 10000" },

    { "yes", "team", "top", "yes", "true", NULL },
    { "No", "team", "top", "No", "false", NULL },
    { "TRUE", "team", "top", "TRUE", "true", NULL },
    { "false in JSON", "team", "top", "=false", "false", NULL },
    { "1", "team", "top", "1", "true", NULL },
    { "0", "team", "top", "0", "false", NULL },
    { "maybe", "team", "top", "maybe", NULL, "Enter yes or no." },

    { "a text", "objective", "text", "fewer falls", "fewer falls", NULL },
    { "a text too long", "need", "need_id", "0123456789012345678901234567890123456789012345678901234567891",
      NULL, "1 to 60 bytes; this has 61" },
    { "a code in small letters", "action", "owner", "r0a", "R0A", NULL },
    { "a code with a dash", "action", "owner", "R-0", NULL, "3 to 12 letters and digits" },
    { "a subject", "match", "a", "unit/R0A/1", "unit/R0A/1", NULL },
    { "a subject too short", "match", "a", "unit", NULL, "6 to 160 bytes" },
    { "a quarter", "objective", "period", "2017/18Q1", "2017/18Q1", NULL },
    { "no period", "objective", "period", "May", NULL, "2017-04" },

    { "an id", "attendance", "session", HEX16, HEX16, NULL },
    { "a short id", "attendance", "session", "0011", NULL, "32 hex digits" },
    { "a digest", "link_confirm", "assertion", HEX32, HEX32, NULL },
    { "no digest", "link_confirm", "assertion", "the one of May", NULL, "64 hex digits" },
    { "a key", "key", "public_key", HEX32, HEX32, NULL },
    { "an incarnation", "period_closed", "tide_incarnation", "0000000000000001", "0000000000000001", NULL },
    { "an incarnation of 0", "period_closed", "tide_incarnation", "0000000000000000", NULL, "not all 0" },

    { "a date", "session", "date", "2017-05-04", "2017-05-04", NULL },
    { "a date as spreadsheets write it", "session", "date", "28/2/2017", "2017-02-28", NULL },
    { "a date long ago", "organisation", "opened", "1948-07-05", "1948-07-05", NULL },
    { "a date before the bounds", "organisation", "opened", "0948-07-05", NULL,
      "Enter a day from 1422-06-03" },
    { "a date either way round", "session", "date", "04/05/2017", NULL, "either way round" },
    { "no such day", "session", "date", "2017-02-30", NULL, "no such day" },
    { "a time", "tide", "time", "2017-04-01T10:00:00Z", "2017-04-01T10:00:00.000Z", NULL },
    { "no time", "tide", "time", "noon", NULL, "Enter a time" },
    { "a financial year", "target", "financial_year", "2017/18", "2017/18", NULL },
    { "a year of one number", "target", "financial_year", "2017", NULL, "1990/91 to 2200/01" },
    { "a year before the bounds", "target", "financial_year", "1980/81", NULL, "1990/91" },

    { "a word", "unit", "kind", "top_team", "top_team", NULL },
    { "a word in capitals with a space", "unit", "kind", "Top Team", "top_team", NULL },
    { "a word of 32 bytes", "participant_profile", "staff_group", "nursing_and_midwifery_registered",
      "nursing_and_midwifery_registered", NULL },
    { "an unknown word", "unit", "kind", "course", NULL,
      "Enter one of programme, team_intervention, top_team." },
    { "a word that is nearly one", "unit", "kind", "program", NULL, "Did you mean programme?" },
    { "a type", "correction", "target_type", "session", "session", NULL },
    { "an unknown type", "correction", "target_type", "sesion", NULL, "Enter the type" },
    { "a type of private rows", "correction", "target_type", "application", NULL, "Enter the type" },

    { "texts", "discussion", "stakeholders", "carers; staff ;", "carers|staff", NULL },
    { "texts in JSON", "discussion", "stakeholders", "=[\"carers; all\",\"staff\"]", "carers; all|staff",
      NULL },
    { "too many texts", "discussion", "stakeholders", "a;b;c;d;e;f;g;h;i;j;k;l;m;n;o;p;q;r;s;t;u", NULL,
      "0 to 20 items; these are 21" },
    { "texts that are numbers in JSON", "discussion", "stakeholders", "=[1]", NULL, "is a text" },
    { "an empty text in JSON", "discussion", "stakeholders", "=[\"\"]", NULL, "1 to 200 bytes" },
    { "counts", "attendance", "categories", "nursing:3; bands: 5+:4", "nursing:3|bands: 5+:4", NULL },
    { "counts by organisation", "team", "members", "r0a:3", "R0A:3", NULL },
    { "counts in JSON", "team", "members", "=[{\"organisation\":\"R0A\",\"people\":3}]", "R0A:3", NULL },
    { "a count without a number", "team", "members", "R0A", NULL, "organisation:people" },
    { "a count that is too large", "team", "members", "R0A:1000001", NULL, "from 0 to 1000000" },
    { "a count that lacks a member in JSON", "team", "members", "=[{\"organisation\":\"R0A\"}]", NULL,
      "people is missing" },
    { "a count with a strange member in JSON", "team", "members", "=[{\"organisaton\":\"R0A\"}]", NULL,
      "no field organisaton" },
    { "a list where one value stands", "attendance", "people", "=[12]", NULL, "no list" },
    { "an object where one value stands", "attendance", "people", "={}", NULL, "not an object" },
};

static bool read_row(const struct row *row, tdm_record *record, tdm_buf *bytes, char *what)
{
    int places;
    const tdm_type *type = tdm_type_named(tdm_span_text(row->type));
    assert_non_null(type);
    const tdm_field *field = tdm_field_asked(type, tdm_span_text(row->field), &places);
    assert_non_null(field);
    tdm_record_init(record, type->number);
    tdm_value *value = &record->values[field->number];
    if (row->text[0] != '=')
        return tdm_field_read(field, places, tdm_span_text(row->text), value, bytes, what);
    json_t *json = json_loads(row->text + 1, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    bool good = tdm_field_read_json(field, places, json, value, bytes, what);
    json_decref(json);
    return good;
}

static void write_part(tdm_cursor *cursor, tdm_buf *out)
{
    tdm_cursor_map(cursor);
    tdm_cursor_uint(cursor);
    tdm_span key = tdm_cursor_str(cursor);
    tdm_cursor_uint(cursor);
    tdm_buf_format(out, "%.*s:%lld", (int)key.len, (const char *)key.data, (long long)tdm_cursor_int(cursor));
}

static void write_value(const tdm_field *field, const tdm_value *value, tdm_buf *out)
{
    if (field->kind != TDM_KIND_TEXTS && field->kind != TDM_KIND_LIST) {
        tdm_value_text(field, value, out);
        return;
    }
    tdm_cursor cursor = tdm_cursor_over(value->bytes);
    uint32_t count = tdm_cursor_array(&cursor);
    for (uint32_t i = 0; i < count; i++) {
        tdm_buf_text(out, i == 0 ? "" : "|");
        if (field->kind == TDM_KIND_LIST) {
            write_part(&cursor, out);
            continue;
        }
        tdm_span item = tdm_cursor_str(&cursor);
        tdm_buf_add(out, item.data, item.len);
    }
    assert_false(cursor.failed);
}

static void check_row(void **state)
{
    const struct row *row = *state;
    tdm_record record;
    tdm_buf bytes = { 0 };
    tdm_buf got = { 0 };
    char what[TDM_FIELD_WHAT] = "";
    int places;
    if (read_row(row, &record, &bytes, what)) {
        const tdm_field *field = tdm_field_asked(record.type, tdm_span_text(row->field), &places);
        write_value(field, &record.values[field->number], &got);
        tdm_buf_add(&got, "", 1);
        if (row->wanted == NULL)
            fail_msg("taken: %s", (const char *)got.data);
        assert_string_equal((const char *)got.data, row->wanted);
    } else if (row->wanted != NULL || strstr(what, row->says) == NULL) {
        fail_msg("it says: %s", what);
    }
    tdm_buf_free(&bytes);
    tdm_buf_free(&got);
}

/* ---- names */

struct named {
    const char *name;
    const char *type;
    const char *payload; /* naming fields */
    const char *unit;    /* subject that is given; NULL: from the fields */
    const char *subject;
    const char *id;
    const char *words[7];
};

static const struct named NAMED[] = {
    { "a unit",
      "unit",
      "{\"recorder\":\"RXA\",\"lead\":\"R0A\",\"unit_id\":\"1\"}",
      NULL,
      "unit/R0A/1",
      NULL,
      { "unit", "RXA", "unit/R0A/1" } },
    { "a session",
      "session",
      "{\"recorder\":\"R0A\"}",
      "unit/R0A/1",
      "unit/R0A/1",
      "1",
      { "session", "R0A", "unit/R0A/1", "1" } },
    { "an attendance",
      "attendance",
      "{\"recorder\":\"R0A\"}",
      "unit/R0A/1",
      "unit/R0A/1",
      "1",
      { "attendance", "R0A", "unit/R0A/1", "1" } },
    { "a link",
      "link_assert",
      "{\"recorder\":\"R0A\",\"organisation\":\"RXA\",\"phase\":\"deliver\"}",
      "unit/R0A/1",
      "unit/R0A/1",
      NULL,
      { "link", "R0A", "unit/R0A/1", "RXA", "deliver" } },
    { "an organisation",
      "organisation",
      "{\"code\":\"R0A\"}",
      NULL,
      "organisation/R0A",
      NULL,
      { "organisation", "R0A" } },
    { "a change",
      "organisation_change",
      "{\"code\":\"R0A\",\"change\":\"moved\",\"effective\":\"2017-04-01\"}",
      NULL,
      "organisation/R0A",
      NULL,
      { "change", "R0A", "moved", "2017-04-01" } },
    { "who represents",
      "represents",
      "{\"origin\":\"" HEX16 "\",\"organisation\":\"R0A\"}",
      NULL,
      "origin/" HEX16,
      NULL,
      { "represents", HEX16, "R0A" } },
    { "a key",
      "key",
      "{\"origin\":\"" HEX16 "\",\"public_key\":\"" HEX32 "\"}",
      NULL,
      "origin/" HEX16,
      NULL,
      { "key", HEX16, HEX32 } },
    { "a programme",
      "catalogue_entry",
      "{\"programme\":\"coaching\"}",
      NULL,
      "programme/coaching",
      NULL,
      { "catalogue", "coaching" } },
    { "a target",
      "target",
      "{\"financial_year\":\"2017/18\"}",
      NULL,
      "period/2017/18",
      NULL,
      { "target", "2017/18" } },
    { "a return owed",
      "return_expected",
      "{\"organisation\":\"R0A\",\"period\":\"2017-04\"}",
      NULL,
      "period/2017-04",
      NULL,
      { "return_expected", "R0A", "2017-04" } },
    { "a return made",
      "return_made",
      "{\"organisation\":\"R0A\",\"period\":\"2017-04\"}",
      NULL,
      "period/2017-04",
      NULL,
      { "return_made", "R0A", "2017-04" } },
    { "a match",
      "match",
      "{\"a\":\"unit/R0A/1\",\"b\":\"unit/RXA/9\"}",
      NULL,
      "unit/R0A/1",
      NULL,
      { "match", "unit/R0A/1", "unit/RXA/9" } },
    { "a cell of a summary",
      "summary",
      "{\"recorder\":\"R0A\",\"table\":\"stages\",\"period\":\"2017/18\",\"a\":\"1\",\"b\":\"\"}",
      NULL,
      "summary/R0A/stages/2017/18",
      NULL,
      { "summary", "R0A", "summary/R0A/stages/2017/18", "stages", "2017/18", "1", "" } },
    { "a row of a person by the person and its key fields, filed nowhere",
      "application",
      "{\"person\":\"p1\",\"unit\":\"R0A/1\",\"state\":\"applied\"}",
      NULL,
      "",
      NULL,
      { "application", "p1", "R0A/1", "applied" } },
};

static void check_named(void **state)
{
    const struct named *row = *state;
    tdm_record record;
    tdm_buf bytes[TDM_FIELDS_MAX] = { { 0 } };
    tdm_buf subject = { 0 };
    char what[TDM_FIELD_WHAT];
    const char *name;
    json_t *value;
    json_t *payload = json_loads(row->payload, 0, NULL);
    const tdm_type *type = tdm_type_named(tdm_span_text(row->type));
    tdm_record_init(&record, type->number);
    json_object_foreach(payload, name, value)
    {
        const tdm_field *field = tdm_field_named(type, tdm_span_text(name));
        assert_true(tdm_field_names(type, field));
        assert_true(tdm_field_read(field, 0, tdm_span_text(json_string_value(value)),
                                   &record.values[field->number], &bytes[field->number], what));
    }
    assert_int_equal(tdm_type_takes_unit(type), row->unit != NULL);
    if (row->unit != NULL)
        tdm_buf_text(&subject, row->unit);
    else
        (void)tdm_record_subject(&record, &subject);
    assert_true(tdm_span_equal(tdm_buf_span(&subject), tdm_span_text(row->subject)));
    size_t count = 0;
    while (count < TDM_COUNT(row->words) && row->words[count] != NULL)
        count++;
    tdm_id wanted = tdm_fact_named(row->words, count);
    tdm_id got = type->duty == TDM_DUTY_PERSON ? tdm_filing_row(&record)
                                               : tdm_filing_fact(&record, tdm_buf_span(&subject), row->id);
    assert_memory_equal(got.bytes, wanted.bytes, TDM_ID_BYTES);
    for (size_t i = 0; i < TDM_COUNT(bytes); i++)
        tdm_buf_free(&bytes[i]);
    tdm_buf_free(&subject);
    json_decref(payload);
}

/* Whatever may be recorded can be filed: a subject from its fields or a unit, and no list in its name. */
static void all_that_is_recorded_is_filed(void **state)
{
    (void)state;
    size_t count;
    size_t nowhere = 0;
    const char *why;
    const tdm_type *types = tdm_types(&count);
    for (size_t i = 0; i < count; i++) {
        const tdm_type *type = &types[i];
        bool recorded = tdm_type_recorded_at(type, &why) != 0;
        assert_int_equal(recorded, why == NULL);
        nowhere += !recorded;
        bool filed = tdm_type_filing(type->number) != NULL;
        if (recorded && type->duty != TDM_DUTY_AMENDMENT && type->duty != TDM_DUTY_PERSON && !filed)
            fail_msg("%s is recorded, and has no row TDM_FILED", type->name);
        for (size_t k = 0; filed && k < type->field_count; k++) {
            tdm_kind kind = type->fields[k].kind;
            bool list = kind == TDM_KIND_TEXTS || kind == TDM_KIND_LIST || kind == TDM_KIND_BODY;
            assert_false(list && tdm_field_names(type, &type->fields[k]));
        }
    }
    assert_int_equal(
        nowhere, 12); /* log 2, represents, key, succession, proposal, closing, figure, release, parts 3 */
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + TDM_COUNT(NAMED) + 1];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[count++] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    for (size_t i = 0; i < TDM_COUNT(NAMED); i++)
        tests[count++] = (struct CMUnitTest){ NAMED[i].name, check_named, NULL, NULL, (void *)&NAMED[i] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(all_that_is_recorded_is_filed);
    return _cmocka_run_group_tests("fields", tests, count, NULL, NULL);
}
