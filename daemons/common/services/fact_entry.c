/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_entry.c: from what was told to a record with a subject and a name.
 */
#include "fact_entry.h"

#include "services.h"
#include "../nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const EXTRAS[] = {
#define X(symbol, name) name,
    TDM_FACT_EXTRAS_X(X)
#undef X
};

const char *tdm_fact_extra_name(tdm_fact_extra extra)
{
    return EXTRAS[extra];
}

bool tdm_fact_extra_fits(const tdm_type *type, tdm_fact_extra extra)
{
    if (extra == TDM_EXTRA_UNIT)
        return tdm_type_takes_unit(type);
    return extra == TDM_EXTRA_ID ? tdm_type_takes_id(type) : type->duty == TDM_DUTY_AMENDMENT;
}

/* ---- one entry, again and again */

void tdm_fact_entry_begin(tdm_fact_entry *entry, const tdm_type *type)
{
    tdm_record_init(&entry->record, type->number);
    entry->type = type;
    memset(entry->told, 0, sizeof entry->told);
    for (size_t i = 0; i < TDM_FACT_EXTRAS; i++)
        tdm_buf_clear(&entry->extras[i]);
    tdm_buf_clear(&entry->session);
    tdm_buf_clear(&entry->subject);
    json_decref(entry->body);
    entry->body = NULL;
    entry->problem_count = 0;
}

void tdm_fact_entry_free(tdm_fact_entry *entry)
{
    for (size_t i = 0; i < TDM_COUNT(entry->bytes); i++)
        tdm_buf_free(&entry->bytes[i]);
    for (size_t i = 0; i < TDM_FACT_EXTRAS; i++)
        tdm_buf_free(&entry->extras[i]);
    tdm_buf_free(&entry->session);
    tdm_buf_free(&entry->subject);
    json_decref(entry->body);
    entry->body = NULL;
}

void tdm_fact_entry_refuse(tdm_fact_entry *entry, const char *name, tdm_span value, const char *format, ...)
{
    for (size_t i = 0; i < entry->problem_count; i++)
        if (strcmp(entry->problems[i].name, name) == 0)
            return;
    TDM_ASSERT(entry->problem_count < TDM_FACT_PROBLEMS_MAX);
    tdm_fact_problem *problem = &entry->problems[entry->problem_count++];
    snprintf(problem->name, sizeof problem->name, "%s", name);
    problem->value_len = value.len < sizeof problem->value ? value.len : sizeof problem->value;
    if (value.len > 0)
        memcpy(problem->value, value.data, problem->value_len);
    va_list args;
    va_start(args, format);
    vsnprintf(problem->what, sizeof problem->what, format, args);
    va_end(args);
}

/* ---- names */

static bool find_extra(const tdm_type *type, tdm_span name, tdm_fact_extra *extra)
{
    for (*extra = 0; *extra < TDM_FACT_EXTRAS; (*extra)++)
        if (tdm_span_equal(name, tdm_span_text(EXTRAS[*extra])) && tdm_fact_extra_fits(type, *extra))
            return true;
    return false;
}

bool tdm_fact_name_fits(const tdm_type *type, tdm_span name)
{
    int places;
    tdm_fact_extra extra;
    return tdm_field_asked(type, name, &places) != NULL || find_extra(type, name, &extra);
}

const char *tdm_fact_name_near(const tdm_type *type, const char *name)
{
    const char *names[TDM_FIELDS_MAX + TDM_FACT_EXTRAS];
    size_t count = 0;
    for (size_t i = 0; i < type->field_count; i++)
        names[count++] = type->fields[i].name;
    for (tdm_fact_extra extra = 0; extra < TDM_FACT_EXTRAS; extra++)
        if (tdm_fact_extra_fits(type, extra))
            names[count++] = EXTRAS[extra];
    return tdm_nearest(name, names, count);
}

/* ---- telling */

static bool is_hex_id(tdm_span text)
{
    tdm_id id;
    return tdm_unhex(id.bytes, TDM_ID_BYTES, text);
}

static void tell_extra(tdm_fact_entry *entry, tdm_fact_extra extra, tdm_span text)
{
    tdm_buf_clear(&entry->extras[extra]);
    if (text.len > 0) {
        tdm_buf_add(&entry->extras[extra], text.data, text.len);
        tdm_buf_add(&entry->extras[extra], "", 1);
    }
}

/* The body of an amendment waits for its target. */
static void tell_body(tdm_fact_entry *entry, const tdm_field *field, tdm_span text, const json_t *json)
{
    json_decref(entry->body);
    entry->body = json_is_object(json)
                      ? json_deep_copy(json)
                      : json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(entry->body))
        tdm_fact_entry_refuse(entry, field->name, text, "Enter the new content as a JSON object.");
}

/* Told as text or, where that is NULL, as JSON. */
static void tell_field(tdm_fact_entry *entry, const tdm_field *field, int places, const tdm_span *text,
                       const json_t *json)
{
    char what[TDM_FIELD_WHAT];
    tdm_value *value = &entry->record.values[field->number];
    tdm_buf *bytes = &entry->bytes[field->number];
    tdm_span shown = text != NULL ? *text : tdm_span_text("");
    bool word = text != NULL && entry->type->number == TDM_TYPE_ATTENDANCE
                && field->number == TDM_ATTENDANCE_SESSION && !is_hex_id(*text);
    entry->told[field->number] = true;
    *value = (tdm_value){ 0 };
    if (text != NULL ? text->len == 0 : json_is_null(json))
        return;
    if (word) {
        tdm_buf_clear(&entry->session);
        tdm_buf_add(&entry->session, text->data, text->len);
        tdm_buf_add(&entry->session, "", 1);
    } else if (field->kind == TDM_KIND_BODY) {
        tell_body(entry, field, shown, json);
    } else if (!(text != NULL ? tdm_field_read(field, places, *text, value, bytes, what)
                              : tdm_field_read_json(field, places, json, value, bytes, what))) {
        tdm_fact_entry_refuse(entry, field->name, shown, "%s", what);
    }
}

static void tell(tdm_fact_entry *entry, tdm_span name, const tdm_span *text, const json_t *json)
{
    int places;
    tdm_fact_extra extra;
    const tdm_field *field = tdm_field_asked(entry->type, name, &places);
    if (field != NULL)
        tell_field(entry, field, places, text, json);
    else if (find_extra(entry->type, name, &extra))
        tell_extra(entry, extra, text != NULL ? *text : tdm_span_text(""));
}

void tdm_fact_entry_tell(tdm_fact_entry *entry, tdm_span name, tdm_span text)
{
    tell(entry, name, &text, NULL);
}

void tdm_fact_entry_tell_json(tdm_fact_entry *entry, const char *name, const json_t *json)
{
    tdm_span text = { (const uint8_t *)json_string_value(json), json_string_length(json) };
    char number[32];
    if (json_is_integer(json)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json));
        text = tdm_span_text(number);
    }
    bool plain = json_is_string(json) || json_is_integer(json);
    tell(entry, tdm_span_text(name), plain ? &text : NULL, json);
}

/* ---- settling */

/* Fields that are one's own organisation where nothing else is told, beside the recorder. */
static const struct {
    uint32_t type;
    uint32_t field;
} OWN[] = {
    { TDM_TYPE_UNIT, TDM_UNIT_LEAD },
    { TDM_TYPE_RETURN_MADE, TDM_RETURN_MADE_ORGANISATION },
};

static void fill_own(tdm_fact_entry *entry, uint32_t field, tdm_span own, const char *why)
{
    tdm_value *value = &entry->record.values[field];
    if (value->present)
        return;
    if (own.len == 0) {
        tdm_fact_entry_refuse(entry, entry->type->fields[field - 1].name, own, "%s", why);
        return;
    }
    tdm_buf_clear(&entry->bytes[field]);
    tdm_buf_add(&entry->bytes[field], own.data, own.len);
    *value = (tdm_value){ .present = true, .bytes = tdm_buf_span(&entry->bytes[field]) };
}

static bool may_be_empty(const tdm_field *field)
{
    return field->needed && field->kind == TDM_KIND_TEXT && field->min == 0;
}

bool tdm_fact_field_follows(const tdm_type *type, const tdm_field *field)
{
    bool own = tdm_type_has_recorder(type) && field->number == 1;
    for (size_t i = 0; i < TDM_COUNT(OWN); i++)
        own = own || (OWN[i].type == type->number && OWN[i].field == field->number);
    return own || may_be_empty(field);
}

static void fill_in(tdm_fact_entry *entry, const char *own, const char *why_own)
{
    tdm_span code = tdm_span_text(own);
    if (tdm_type_has_recorder(entry->type)) {
        fill_own(entry, 1, code, why_own);
        code = entry->record.values[1].bytes; /* whose record it is leads, too */
    }
    for (size_t i = 0; i < TDM_COUNT(OWN); i++)
        if (OWN[i].type == entry->type->number)
            fill_own(entry, OWN[i].field, code, why_own);
    for (size_t i = 0; i < entry->type->field_count; i++) {
        const tdm_field *field = &entry->type->fields[i];
        if (may_be_empty(field) && !entry->record.values[field->number].present)
            entry->record.values[field->number] =
                (tdm_value){ .present = true, .bytes = TDM_SPAN_LITERAL("") };
    }
}

static tdm_span extra_text(const tdm_fact_entry *entry, tdm_fact_extra extra)
{
    const tdm_buf *buf = &entry->extras[extra];
    return buf->len == 0 ? TDM_SPAN_LITERAL("") : (tdm_span){ buf->data, buf->len - 1 };
}

static void find_subject(tdm_fact_entry *entry)
{
    tdm_err err = { .code = TDM_OK };
    tdm_span unit = extra_text(entry, TDM_EXTRA_UNIT);
    if (!tdm_type_takes_unit(entry->type))
        (void)tdm_record_subject(&entry->record, &entry->subject);
    else if (unit.len == 0)
        tdm_fact_entry_refuse(entry, "unit", unit, "Enter the unit as LEAD/UNIT_ID, such as R0A/17.");
    else if (tdm_arg_unit((const char *)unit.data, &entry->subject, &err) != TDM_OK)
        tdm_fact_entry_refuse(entry, "unit", unit, "Enter the unit as LEAD/UNIT_ID, such as R0A/17.");
    if (entry->subject.len > TDM_SUBJECT_MAX)
        tdm_fact_entry_refuse(entry, "", tdm_buf_span(&entry->subject),
                              "Shorten what it is filed under: it has %zu bytes of at most %d.",
                              entry->subject.len, TDM_SUBJECT_MAX);
}

/* The id that ends the name. An attendance goes by its session's, unless it is told one of its own. */
static const char *find_id(tdm_fact_entry *entry)
{
    tdm_span id = extra_text(entry, TDM_EXTRA_ID);
    const char *name = "id";
    if (!tdm_type_takes_id(entry->type))
        return NULL;
    if (id.len == 0 && entry->session.len > 0) {
        id = (tdm_span){ entry->session.data, entry->session.len - 1 };
        name = "session";
    }
    if (id.len > TDM_ID_WORD_MAX)
        tdm_fact_entry_refuse(entry, name, id, "Enter an id of at most %d bytes.", TDM_ID_WORD_MAX);
    return id.len == 0 ? "1" : (const char *)id.data;
}

/* The session an attendance is of: told by its id, or the one of the attendance's own id. */
static void find_session(tdm_fact_entry *entry, const char *id)
{
    bool of_word = entry->session.len > 0;
    tdm_value *value = &entry->record.values[TDM_ATTENDANCE_SESSION];
    if (entry->type->number != TDM_TYPE_ATTENDANCE || value->present)
        return;
    tdm_record session;
    tdm_record_init(&session, TDM_TYPE_SESSION);
    tdm_record_set_bytes(&session, TDM_SESSION_RECORDER, entry->record.values[TDM_ATTENDANCE_RECORDER].bytes);
    tdm_id fact = tdm_filing_fact(&session, tdm_buf_span(&entry->subject),
                                  of_word ? (const char *)entry->session.data : id);
    tdm_buf *bytes = &entry->bytes[TDM_ATTENDANCE_SESSION];
    tdm_buf_clear(bytes);
    tdm_buf_add(bytes, fact.bytes, sizeof fact.bytes);
    *value = (tdm_value){ .present = true, .bytes = tdm_buf_span(bytes) };
}

static void need_names(tdm_fact_entry *entry)
{
    for (size_t i = 0; i < entry->type->field_count; i++) {
        const tdm_field *field = &entry->type->fields[i];
        if (tdm_field_names(entry->type, field) && !entry->record.values[field->number].present)
            tdm_fact_entry_refuse(entry, field->name, tdm_span_text(""),
                                  "Enter it: the fact is named by it (%s).", field->help);
    }
}

static bool settle_amendment(tdm_fact_entry *entry)
{
    tdm_span subject = extra_text(entry, TDM_EXTRA_SUBJECT);
    tdm_span fact = extra_text(entry, TDM_EXTRA_FACT);
    tdm_buf_add(&entry->subject, subject.data, subject.len);
    if (subject.len == 0 || subject.len > TDM_SUBJECT_MAX)
        tdm_fact_entry_refuse(entry, "subject", subject,
                              "Enter what the fact is filed under, such as unit/R0A/17.");
    if (!tdm_unhex(entry->fact.bytes, TDM_ID_BYTES, fact))
        tdm_fact_entry_refuse(entry, "fact", fact, "Enter the fact's id, %d hex digits.", 2 * TDM_ID_BYTES);
    return entry->problem_count == 0;
}

bool tdm_fact_entry_settle(tdm_fact_entry *entry, const char *own, const char *why_own)
{
    if (entry->type->duty == TDM_DUTY_AMENDMENT)
        return settle_amendment(entry);
    fill_in(entry, own, why_own);
    need_names(entry);
    bool person = entry->type->duty == TDM_DUTY_PERSON;
    if (entry->problem_count > 0)
        return false;
    if (person) {
        entry->fact = tdm_filing_row(&entry->record);
        return true;
    }
    find_subject(entry);
    const char *id = find_id(entry);
    if (entry->problem_count > 0)
        return false;
    entry->fact = tdm_filing_fact(&entry->record, tdm_buf_span(&entry->subject), id);
    find_session(entry, id);
    return true;
}

/* ---- checking */

void tdm_fact_entry_keep(tdm_fact_entry *entry, const tdm_record *old)
{
    for (size_t i = 0; i < entry->type->field_count; i++) {
        uint32_t number = entry->type->fields[i].number;
        if (!entry->told[number] && !tdm_field_names(entry->type, &entry->type->fields[i]))
            entry->record.values[number] = old->values[number];
    }
}

/* What the kinds alone do not say. */
static void check_rules(tdm_fact_entry *entry)
{
    const tdm_value *values = entry->record.values;
    uint32_t type = entry->type->number;
    if (type == TDM_TYPE_MATCH && tdm_span_compare(values[TDM_MATCH_A].bytes, values[TDM_MATCH_B].bytes) >= 0)
        tdm_fact_entry_refuse(entry, "a", values[TDM_MATCH_A].bytes,
                              "Enter the smaller subject as a: swap the two, or use tandem match accept.");
    bool answer = type == TDM_TYPE_LINK_CONFIRM || type == TDM_TYPE_LINK_DISPUTE;
    if (answer && !values[TDM_LINK_CONFIRM_ASSERTION].present)
        tdm_fact_entry_refuse(
            entry, "assertion", tdm_span_text(""),
            "Enter the digest of the assertion, or answer with tandem link %s LEAD/UNIT_ID.",
            type == TDM_TYPE_LINK_CONFIRM ? "confirm" : "dispute");
    if (type == TDM_TYPE_UNIT && values[TDM_UNIT_END].present
        && values[TDM_UNIT_END].number < values[TDM_UNIT_START].number)
        tdm_fact_entry_refuse(entry, "end", tdm_span_text(""),
                              "It ends before it starts. Correct one of the two dates.");
}

bool tdm_fact_entry_check(tdm_fact_entry *entry)
{
    tdm_err err = { .code = TDM_OK };
    tdm_buf payload = { 0 };
    for (size_t i = 0; i < entry->type->field_count; i++) {
        const tdm_field *field = &entry->type->fields[i];
        if (field->needed && !entry->record.values[field->number].present)
            tdm_fact_entry_refuse(entry, field->name, tdm_span_text(""), "Enter it: it is needed (%s).",
                                  field->help);
    }
    if (entry->problem_count == 0)
        check_rules(entry);
    if (entry->problem_count == 0 && tdm_record_encode(&entry->record, &payload, &err) != TDM_OK)
        tdm_fact_entry_refuse(entry, "", tdm_span_text(""), "%s.", err.what);
    tdm_buf_free(&payload);
    return entry->problem_count == 0;
}

tdm_date tdm_fact_entry_date(const tdm_fact_entry *entry, tdm_date today)
{
    for (size_t i = 0; i < entry->type->field_count; i++)
        if (entry->type->fields[i].kind == TDM_KIND_DATE) {
            const tdm_value *value = &entry->record.values[entry->type->fields[i].number];
            return value->present ? (tdm_date)value->number : today;
        }
    return today;
}
