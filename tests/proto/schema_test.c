/* SPDX-License-Identifier: MPL-2.0
 *
 * schema_test.c: what the rows of the schema table promise to the code that walks them, and that the
 * reference page shows the table as it is.
 */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void check_field(const tdm_type *type, size_t i)
{
    const tdm_field *field = &type->fields[i];
    if (field->number != i + 1)
        fail_msg("%s.%s is not field %zu", type->name, field->name, i + 1);
    if ((field->kind == TDM_KIND_ENUM) != (field->set != TDM_ENUM_NONE))
        fail_msg("%s.%s: a set is for an enumeration", type->name, field->name);
    if (field->kind == TDM_KIND_LIST && tdm_type_find(field->part_type)->scope != TDM_SCOPE_PART)
        fail_msg("%s.%s is not a list of parts", type->name, field->name);
    assert_true(field->min <= field->max);
    for (size_t k = 0; k < i; k++)
        assert_string_not_equal(field->name, type->fields[k].name);
}

static void fields_are_dense_and_named_once(void **state)
{
    (void)state;
    size_t count;
    const tdm_type *types = tdm_types(&count);
    for (size_t t = 0; t < count; t++) {
        assert_true(types[t].field_count >= 1 && types[t].field_count < TDM_FIELDS_MAX);
        for (size_t i = 0; i < types[t].field_count; i++)
            check_field(&types[t], i);
    }
}

static void types_are_found_by_number_and_name(void **state)
{
    (void)state;
    size_t count;
    const tdm_type *types = tdm_types(&count);
    size_t found = 0;
    for (size_t t = 0; t < count; t++) {
        assert_ptr_equal(tdm_type_find(types[t].number), &types[t]);
        assert_ptr_equal(tdm_type_named(tdm_span_text(types[t].name)), &types[t]);
        assert_int_equal(types[t].scope == TDM_SCOPE_PART, types[t].number >= 1000);
    }
    for (uint32_t number = 0; number < 70000; number++)
        found += tdm_type_find(number) != NULL;
    assert_int_equal(found, count);
    assert_null(tdm_type_find(UINT32_MAX));
    assert_null(tdm_type_named(TDM_SPAN_LITERAL("unit ")));
}

/* The decoder looks one level into a body and one into a list; deeper nesting would go unchecked. */
static void no_body_or_list_holds_another_of_its_kind(void **state)
{
    (void)state;
    size_t count;
    const tdm_type *types = tdm_types(&count);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < types[t].field_count; i++) {
            tdm_kind kind = types[t].fields[i].kind;
            if (kind == TDM_KIND_BODY)
                assert_int_equal(types[t].duty, TDM_DUTY_AMENDMENT);
            if (kind == TDM_KIND_LIST)
                assert_int_not_equal(types[t].scope, TDM_SCOPE_PART);
        }
    }
}

static void words_go_both_ways(void **state)
{
    (void)state;
    int64_t number;
    assert_string_equal(tdm_enum_word(TDM_ENUM_PHASE, TDM_PHASE_IS_SUPPORT), "support");
    assert_null(tdm_enum_word(TDM_ENUM_PHASE, 4));
    assert_null(tdm_enum_word(TDM_ENUM_NONE, 1));
    assert_true(tdm_enum_number(TDM_ENUM_SECTOR, TDM_SPAN_LITERAL("voluntary"), &number));
    assert_int_equal(number, TDM_SECTOR_IS_VOLUNTARY);
    assert_false(tdm_enum_number(TDM_ENUM_PHASE, TDM_SPAN_LITERAL("voluntary"), &number));
}

static const struct code_row {
    const char *name;
    const char *code;
    bool valid;
} CODES[] = {
    { "three letters are a code", "ABC", true },
    { "digits are a code", "0123", true },
    { "twelve are a code", "ABCDEFGHIJKL", true },
    { "two are too short", "AB", false },
    { "thirteen are too long", "ABCDEFGHIJKLM", false },
    { "small letters are no code", "abc", false },
    { "a blank is no code", "AB 1", false },
    { "nothing is no code", "", false },
};

static void check_code(void **state)
{
    const struct code_row *row = *state;
    assert_int_equal(tdm_code_is_valid(tdm_span_text(row->code)), row->valid);
}

static const struct subject_row {
    const char *name;
    const char *subject;
    const char *lead; /* NULL: not a unit */
    const char *unit_id;
} SUBJECTS[] = {
    { "a unit has lead and id", "unit/AB1/x", "AB1", "x" },
    { "an id may have slashes", "unit/AB1/x/y", "AB1", "x/y" },
    { "an id may have blanks", "unit/AB1/ x", "AB1", " x" },
    { "an empty id is no unit", "unit/AB1/", NULL, NULL },
    { "no id is no unit", "unit/AB1", NULL, NULL },
    { "a lead in small letters is no unit", "unit/ab1/x", NULL, NULL },
    { "another subject is no unit", "organisation/AB1", NULL, NULL },
    { "the bare word is no unit", "unit", NULL, NULL },
    { "nothing is no unit", "", NULL, NULL },
};

static void check_subject(void **state)
{
    const struct subject_row *row = *state;
    tdm_span lead;
    tdm_span unit_id;
    bool is_unit = tdm_subject_is_unit(tdm_span_text(row->subject), &lead, &unit_id);
    assert_int_equal(is_unit, row->lead != NULL);
    if (!is_unit)
        return;
    assert_true(tdm_span_equal(lead, tdm_span_text(row->lead)));
    assert_true(tdm_span_equal(unit_id, tdm_span_text(row->unit_id)));
    tdm_buf out = { 0 };
    tdm_subject_unit(&out, lead, unit_id);
    assert_true(tdm_span_equal(tdm_buf_span(&out), tdm_span_text(row->subject)));
    tdm_buf_free(&out);
}

static void subjects_of_organisations_and_origins_are_as_documented(void **state)
{
    (void)state;
    tdm_buf out = { 0 };
    tdm_id origin = { { 0xab } };
    tdm_subject_organisation(&out, TDM_SPAN_LITERAL("AB1"));
    tdm_buf_text(&out, " ");
    tdm_subject_origin(&out, &origin);
    assert_true(tdm_span_equal(tdm_buf_span(&out),
                               TDM_SPAN_LITERAL("organisation/AB1 origin/ab000000000000000000000000000000")));
    assert_true(tdm_subject_is_origin(TDM_SPAN_LITERAL("origin/ab000000000000000000000000000000")));
    assert_false(tdm_subject_is_origin(TDM_SPAN_LITERAL("origin")));
    assert_false(tdm_subject_is_origin(TDM_SPAN_LITERAL("organisation/AB1")));
    tdm_buf_free(&out);
}

/* Run `ninja docs_events` when this fails. */
static void the_reference_page_shows_the_table(void **state)
{
    (void)state;
    char command[4096];
    const char *bin = getenv("TANDEM_BIN");
    snprintf(command, sizeof command, "%s/docs_events_writer", bin == NULL ? "." : bin);
    FILE *writer = popen(command, "r");
    assert_non_null(writer);
    tdm_buf made = { 0 };
    char part[4096];
    for (size_t got; (got = fread(part, 1, sizeof part, writer)) > 0;)
        tdm_buf_add(&made, part, got);
    assert_int_equal(pclose(writer), 0);
    tdm_buf page = tree_file("docs/events.md");
    assert_true(made.len > 1000 && tdm_span_equal(tdm_buf_span(&made), tdm_buf_span(&page)));
    tdm_buf_free(&made);
    tdm_buf_free(&page);
}

int main(void)
{
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(fields_are_dense_and_named_once),
        cmocka_unit_test(types_are_found_by_number_and_name),
        cmocka_unit_test(no_body_or_list_holds_another_of_its_kind),
        cmocka_unit_test(words_go_both_ways),
        cmocka_unit_test(subjects_of_organisations_and_origins_are_as_documented),
        cmocka_unit_test(the_reference_page_shows_the_table),
    };
    struct CMUnitTest tests[TDM_COUNT(plain) + TDM_COUNT(CODES) + TDM_COUNT(SUBJECTS)];
    size_t count = TDM_COUNT(plain);
    memcpy(tests, plain, sizeof plain);
    for (size_t i = 0; i < TDM_COUNT(CODES); i++)
        tests[count++] = (struct CMUnitTest){ CODES[i].name, check_code, NULL, NULL, (void *)&CODES[i] };
    for (size_t i = 0; i < TDM_COUNT(SUBJECTS); i++)
        tests[count++] =
            (struct CMUnitTest){ SUBJECTS[i].name, check_subject, NULL, NULL, (void *)&SUBJECTS[i] };
    return _cmocka_run_group_tests("schema", tests, count, NULL, NULL);
}
