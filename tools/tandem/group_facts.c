/* SPDX-License-Identifier: MPL-2.0
 *
 * group_facts.c: a row for each type that people record, made from the schema table: `tandem record TYPE`
 * with the type's fields as options. Made once; the texts stay as long as the program runs.
 */
#include "imports.h"

#include "filing.h"
#include "services/fact_entry.h"

#include "tandem/civil.h"

#include <inttypes.h>
#include <string.h>

enum { ROWS_MAX = 96, OPTIONS_MAX = 2 * TDM_FIELDS_MAX + TDM_FACT_EXTRAS + 3 };

static struct {
    tdm_command rows[ROWS_MAX];
    tdm_option options[ROWS_MAX][OPTIONS_MAX];
    size_t count;
    bool done;
} made;

/* A text that stays. */
static const char *keep(tdm_buf *text)
{
    tdm_buf_add(text, "", 1);
    TDM_ASSERT(!text->failed);
    return (const char *)text->data;
}

/* ---- what a field takes, in words */

static void say_number(const tdm_field *field, int places, tdm_buf *out)
{
    int64_t one = places == 0 ? 1 : places == 1 ? 10 : 100;
    tdm_buf_format(out, "%" PRId64 " to %" PRId64, field->min / one, field->max / one);
    if (places > 0)
        tdm_buf_format(out, ", at most %d decimal%s", places, places == 1 ? "" : "s");
}

static void say_text(const tdm_field *field, int places, tdm_buf *out)
{
    (void)places;
    tdm_buf_format(out, "%" PRId64 " to %" PRId64 " bytes", field->min, field->max);
}

static void say_code(const tdm_field *field, int places, tdm_buf *out)
{
    (void)places;
    tdm_buf_format(out, "%" PRId64 " to %" PRId64 " letters and digits", field->min, field->max);
}

static void say_period(const tdm_field *field, int places, tdm_buf *out)
{
    (void)field, (void)places;
    tdm_buf_text(out, "2017/18, 2017/18Q1 or 2017-04");
}

static void say_hex(const tdm_field *field, int places, tdm_buf *out)
{
    (void)places;
    tdm_buf_format(out, "%" PRId64 " hex digits", 2 * field->max);
}

static void say_date(const tdm_field *field, int places, tdm_buf *out)
{
    (void)field, (void)places;
    tdm_buf_text(out, "YYYY-MM-DD");
}

static void say_time(const tdm_field *field, int places, tdm_buf *out)
{
    (void)field, (void)places;
    tdm_buf_text(out, "2017-04-01T10:00:00Z");
}

static void say_year(const tdm_field *field, int places, tdm_buf *out)
{
    (void)places;
    char least[16];
    char most[16];
    tdm_period_text((tdm_period){ TDM_PERIOD_YEAR, (int32_t)field->min }, least);
    tdm_period_text((tdm_period){ TDM_PERIOD_YEAR, (int32_t)field->max }, most);
    tdm_buf_format(out, "%s to %s", least, most);
}

static void say_word(const tdm_field *field, int places, tdm_buf *out)
{
    (void)places;
    tdm_buf_text(out, field->kind == TDM_KIND_BOOL ? "yes or no" : "one of these words");
}

static void say_type(const tdm_field *field, int places, tdm_buf *out)
{
    (void)field, (void)places;
    tdm_buf_text(out, "a type such as session");
}

static void say_texts(const tdm_field *field, int places, tdm_buf *out)
{
    (void)places;
    tdm_buf_format(out, "%" PRId64 " to %" PRId64 " items between ';'", field->min, field->max);
}

static void say_list(const tdm_field *field, int places, tdm_buf *out)
{
    const tdm_type *part = tdm_type_find(field->part_type);
    say_texts(field, places, out);
    tdm_buf_format(out, ", each %s:%s", part->fields[0].name, part->fields[1].name);
}

static void say_body(const tdm_field *field, int places, tdm_buf *out)
{
    (void)field, (void)places;
    tdm_buf_text(out, "a JSON object");
}

static const struct {
    tdm_word word;
    void (*say)(const tdm_field *field, int places, tdm_buf *out);
    const char *example;
} KINDS[] = {
    [TDM_KIND_UINT] = { TDM_WORD_AMOUNT, say_number, "1" },
    [TDM_KIND_INT] = { TDM_WORD_AMOUNT, say_number, "1" },
    [TDM_KIND_BOOL] = { TDM_WORD_ENUM, say_word, "yes" },
    [TDM_KIND_TEXT] = { TDM_WORD_TEXT, say_text, "example" },
    [TDM_KIND_CODE] = { TDM_WORD_CODE, say_code, "R0A" },
    [TDM_KIND_SUBJECT] = { TDM_WORD_TEXT, say_text, "unit/R0A/17" },
    [TDM_KIND_PERIOD] = { TDM_WORD_PERIOD, say_period, "2017/18" },
    [TDM_KIND_ID] = { TDM_WORD_HEX, say_hex, "00112233445566778899aabbccddeeff" },
    [TDM_KIND_INCARNATION] = { TDM_WORD_HEX, say_hex, "0011223344556677" },
    [TDM_KIND_DIGEST] = { TDM_WORD_HEX, say_hex,
                          "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" },
    [TDM_KIND_KEY] = { TDM_WORD_HEX, say_hex,
                       "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" },
    [TDM_KIND_DATE] = { TDM_WORD_DATE, say_date, "2017-05-04" },
    [TDM_KIND_TIME] = { TDM_WORD_TEXT, say_time, "2017-05-04T10:00:00Z" },
    [TDM_KIND_YEAR] = { TDM_WORD_YEAR, say_year, "2017/18" },
    [TDM_KIND_ENUM] = { TDM_WORD_ENUM, say_word, "" },
    [TDM_KIND_TYPE] = { TDM_WORD_TEXT, say_type, "session" },
    [TDM_KIND_TEXTS] = { TDM_WORD_LIST, say_texts, "'one; another'" },
    [TDM_KIND_LIST] = { TDM_WORD_LIST, say_list, "" },
    [TDM_KIND_BODY] = { TDM_WORD_JSON, say_body, "'{}'" },
};

/* "plan|deliver|support"; NULL: any value. */
static const char *choices_of(const tdm_field *field)
{
    tdm_buf text = { 0 };
    if (field->kind == TDM_KIND_BOOL)
        return "yes|no";
    for (int64_t number = field->min; field->kind == TDM_KIND_ENUM && number <= field->max; number++) {
        const char *word = tdm_enum_word(field->set, number);
        if (word != NULL)
            tdm_buf_format(&text, "%s%s", text.len == 0 ? "" : "|", word);
    }
    return text.len == 0 ? NULL : keep(&text);
}

static bool is_named(const tdm_field *field, const char *name)
{
    return strcmp(field->name, name) == 0;
}

/* A field's help without the unit that its short name takes away. */
static void add_plain_help(const char *help, tdm_buf *out)
{
    static const char *const UNITS[] = { ", in hundredths", " tenths of a" };
    const char *found = NULL;
    size_t len = 0;
    for (size_t i = 0; i < TDM_COUNT(UNITS) && found == NULL; i++) {
        found = strstr(help, UNITS[i]);
        len = strlen(UNITS[i]);
    }
    if (found == NULL)
        tdm_buf_text(out, help);
    else
        tdm_buf_format(out, "%.*s%s", (int)(found - help), help, found + len);
}

static const char *help_of(const tdm_type *type, const tdm_field *field, int places)
{
    tdm_buf text = { 0 };
    bool own = tdm_fact_field_follows(type, field);
    if (places > 0)
        add_plain_help(field->help, &text);
    else
        tdm_buf_text(&text, field->help);
    tdm_buf_text(&text, ": ");
    KINDS[field->kind].say(field, places, &text);
    if (own)
        tdm_buf_text(&text, field->kind == TDM_KIND_CODE ? "; your own if left out" : "; empty if left out");
    else if (field->needed)
        tdm_buf_text(&text, "; needed");
    if (tdm_field_names(type, field))
        tdm_buf_text(&text, ", names the fact");
    if (is_named(field, "from"))
        tdm_buf_text(&text, "; or a file of facts: - or a name ending in .csv");
    if (is_named(field, "reason") && type->duty != TDM_DUTY_AMENDMENT)
        tdm_buf_text(&text, "; with --void why it is taken back");
    return keep(&text);
}

static void add_dashed(tdm_buf *out, const char *name)
{
    for (; *name != '\0'; name++)
        tdm_buf_add(out, *name == '_' ? "-" : name, 1);
}

static const char *dashed(const char *name)
{
    tdm_buf text = { 0 };
    add_dashed(&text, name);
    return keep(&text);
}

/* ---- options of a type */

static void add_option(tdm_command *row, tdm_option option)
{
    tdm_option *options = made.options[row - made.rows];
    TDM_ASSERT(row->option_count < OPTIONS_MAX);
    options[row->option_count++] = option;
    row->options = options;
}

static void add_field(tdm_command *row, const tdm_type *type, const tdm_field *field)
{
    char name[64];
    int places = tdm_field_short_name(field, name);
    tdm_option option = { .name = dashed(field->name),
                          .word = KINDS[field->kind].word,
                          .choices = choices_of(field),
                          .help = help_of(type, field, 0) };
    if (places > 0)
        add_option(row, (tdm_option){ .name = dashed(name),
                                      .word = TDM_WORD_AMOUNT,
                                      .help = help_of(type, field, places) });
    add_option(row, option);
}

static const struct {
    tdm_fact_extra extra;
    tdm_word word;
    const char *help;
} EXTRAS[] = {
    { TDM_EXTRA_UNIT, TDM_WORD_UNIT, "the unit it is about, LEAD/UNIT_ID; needed" },
    { TDM_EXTRA_ID, TDM_WORD_TEXT, "your own number of it within the unit, at most 60 bytes; 1 if left out" },
    { TDM_EXTRA_SUBJECT, TDM_WORD_TEXT, "what the fact is filed under, such as unit/R0A/17; needed" },
    { TDM_EXTRA_FACT, TDM_WORD_HEX, "the fact's id, 32 hex digits; needed" },
};

static void add_options(tdm_command *row, const tdm_type *type)
{
    for (size_t i = 0; i < TDM_COUNT(EXTRAS); i++)
        if (tdm_fact_extra_fits(type, EXTRAS[i].extra))
            add_option(row, (tdm_option){ .name = tdm_fact_extra_name(EXTRAS[i].extra),
                                          .word = EXTRAS[i].word,
                                          .help = EXTRAS[i].help });
    for (size_t i = 0; i < type->field_count; i++)
        add_field(row, type, &type->fields[i]);
    if (tdm_field_named(type, tdm_span_text("from")) == NULL)
        add_option(row,
                   (tdm_option){ .name = "from",
                                 .word = TDM_WORD_FILE,
                                 .help = "a CSV file of facts, or -: its header row names these options" });
    if (type->duty == TDM_DUTY_AMENDMENT)
        return;
    add_option(row, (tdm_option){ .name = "void", .word = TDM_WORD_FLAG, .help = "take back what is named" });
    if (tdm_field_named(type, tdm_span_text("reason")) == NULL)
        add_option(row, (tdm_option){ .name = "reason", .word = TDM_WORD_TEXT, .help = "with --void why" });
}

/* ---- the row of a type */

static void add_example_value(tdm_buf *text, const tdm_field *field)
{
    const tdm_type *part = tdm_type_find(field->part_type);
    if (field->kind == TDM_KIND_ENUM)
        tdm_buf_text(text, tdm_enum_word(field->set, 1));
    else if (field->kind == TDM_KIND_LIST)
        tdm_buf_format(text, "%s:1", part->fields[0].kind == TDM_KIND_CODE ? "R0A" : "example");
    else
        tdm_buf_text(text, KINDS[field->kind].example);
}

static const char *example_of(const tdm_command *row, const tdm_type *type)
{
    tdm_buf text = { 0 };
    tdm_buf_format(&text, "tandem %s", row->words);
    if (tdm_type_takes_unit(type))
        tdm_buf_text(&text, " --unit R0A/17");
    if (type->duty == TDM_DUTY_AMENDMENT)
        tdm_buf_format(&text, " --subject unit/R0A/17 --fact %s", KINDS[TDM_KIND_ID].example);
    for (size_t i = 0; i < type->field_count; i++) {
        const tdm_field *field = &type->fields[i];
        char name[64];
        bool wanted = field->needed && !tdm_fact_field_follows(type, field) && field->kind != TDM_KIND_ID;
        if (!wanted)
            continue;
        tdm_buf_text(&text, " --");
        add_dashed(&text, tdm_field_short_name(field, name) > 0 ? name : field->name);
        tdm_buf_text(&text, " ");
        add_example_value(&text, field);
    }
    return keep(&text);
}

static void make_row(const tdm_type *type, int places)
{
    TDM_ASSERT(made.count < ROWS_MAX);
    tdm_command *row = &made.rows[made.count];
    tdm_buf words = { 0 };
    tdm_buf_format(&words, "record %s", type->name);
    row->words = keep(&words);
    row->summary = type->help;
    row->detail =
        type->duty == TDM_DUTY_AMENDMENT
            ? "Of one of your own facts, by its subject and id. Other ways: record TYPE again with "
              "other values, or with --void."
            : "The same again changes nothing; other values under the same name correct the fact; what "
              "is not given stays as it was, an empty value takes it out; what was taken back returns. "
              "Of a file the good rows are kept when others are refused.";
    row->roles =
        (places & TDM_RECORDED_AT_HUB ? TDM_AT_HUB : 0) | (places & TDM_RECORDED_AT_NODE ? TDM_AT_NODE : 0);
    row->takes = TDM_TAKES_DRY_RUN;
    row->writes = true;
    row->blanks = true;
    row->verb = "record.fact";
    row->columns = "type,subject,fact,new,known,changed,returned,hidden,refused";
    row->timeout_s = 600;
    row->function = tdm_facts_run;
    add_options(row, type);
    row->example = example_of(row, type);
    made.count++;
}

static const tdm_command *make_rows(size_t *count)
{
    size_t type_count;
    const char *why;
    const tdm_type *types = tdm_types(&type_count);
    for (size_t i = 0; !made.done && i < type_count; i++) {
        int places = tdm_type_recorded_at(&types[i], &why);
        if (places != 0)
            make_row(&types[i], places);
    }
    made.done = true;
    *count = made.count;
    return made.rows;
}

const tdm_group tdm_group_facts = { .title = "facts of any type", .make = make_rows };
