/* SPDX-License-Identifier: MPL-2.0
 *
 * imports_report.c: what became of the rows of a spreadsheet, in words.
 */
#include "imports.h"

#include "output.h"
#include "terminal.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_OF_A_CAUSE = 20, SHOWN_WARNINGS = 50 };

/* Counts in the order a person asks for them; those absent from a report are left out. */
static const struct {
    const char *member;
    const char *words;
} COUNTS[] = {
    { "new", "new" },
    { "known", "known already, nothing to do" },
    { "changed", "changed: corrected" },
    { "withdrawn", "withdrawn: not in the file any more" },
    { "returned", "returned: in the file again" },
    { "hidden", "hidden" },
    { "refused", "refused" },
};

static json_int_t count_of(const json_t *report, const char *member)
{
    return json_integer_value(json_object_get(report, member));
}

/* Of a single fact, where to find it again. */
static void print_fact(FILE *out, const json_t *report)
{
    const char *fact = json_string_value(json_object_get(report, "fact"));
    const char *subject = json_string_value(json_object_get(report, "subject"));
    if (fact == NULL)
        return;
    fprintf(out, "fact %s", fact);
    if (subject != NULL) {
        fputs(", filed under ", out);
        tdm_terminal_print(out, subject);
    }
    fputc('\n', out);
}

static void print_counts(FILE *out, const json_t *report, const char *name)
{
    tdm_terminal_print(out, name);
    if (json_object_get(report, "rows") != NULL)
        fprintf(out, ": %lld rows", (long long)count_of(report, "rows"));
    fputc('\n', out);
    for (size_t i = 0; i < TDM_COUNT(COUNTS); i++)
        if (json_object_get(report, COUNTS[i].member) != NULL)
            fprintf(out, "%8lld  %s\n", (long long)count_of(report, COUNTS[i].member), COUNTS[i].words);
    print_fact(out, report);
    if (json_is_true(json_object_get(report, "dry_run")))
        fputs("This was a dry run: nothing was saved.\n", out);
}

/* "row 14, column hours: "x"" */
static void print_place(FILE *out, const json_t *item)
{
    const char *column = json_string_value(json_object_get(item, "column"));
    const char *value = json_string_value(json_object_get(item, "value"));
    bool has_row = json_object_get(item, "row") != NULL;
    if (has_row)
        fprintf(out, "  row %lld", (long long)count_of(item, "row"));
    if (column != NULL && column[0] != '\0') {
        fputs(has_row ? ", column " : "  ", out);
        tdm_terminal_print(out, column);
    }
    if (value != NULL && value[0] != '\0') {
        fputs(": \"", out);
        tdm_terminal_print(out, value);
        fputc('"', out);
    } else if (value != NULL) {
        fputs(": empty", out);
    }
}

static void print_warnings(FILE *out, const json_t *warnings)
{
    size_t count = json_array_size(warnings);
    if (count == 0)
        return;
    fprintf(out, "\nSaved, but please look again (%zu):\n", count);
    for (size_t i = 0; i < count && i < SHOWN_WARNINGS; i++) {
        const json_t *item = json_array_get(warnings, i);
        if (json_is_string(item)) {
            fputs("  ", out);
            tdm_terminal_print(out, json_string_value(item));
        } else {
            print_place(out, item);
            fputs("\n    ", out);
            tdm_terminal_print(out, json_string_value(json_object_get(item, "what")));
        }
        fputc('\n', out);
    }
    if (count > SHOWN_WARNINGS)
        fprintf(out, "  and %zu more: --format json shows them all\n", count - SHOWN_WARNINGS);
}

/* Refusals with one cause and column stand together, in the order of their first row. */
static bool same_cause(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "what"), json_object_get(b, "what"))
           && json_equal(json_object_get(a, "column"), json_object_get(b, "column"));
}

/* Counts and prints all with the cause of the one at `first`, and marks them done. */
static void print_cause(FILE *out, const json_t *refusals, size_t first, bool *done)
{
    const json_t *cause = json_array_get(refusals, first);
    size_t count = 0;
    for (size_t i = first; i < json_array_size(refusals); i++)
        count += !done[i] && same_cause(cause, json_array_get(refusals, i));
    tdm_terminal_print(out, json_string_value(json_object_get(cause, "what")));
    if (json_object_get(cause, "row") != NULL)
        fprintf(out, " (%zu row%s)", count, count == 1 ? "" : "s");
    fputc('\n', out);
    size_t shown = 0;
    for (size_t i = first; i < json_array_size(refusals); i++) {
        if (done[i] || !same_cause(cause, json_array_get(refusals, i)))
            continue;
        done[i] = true;
        if (shown++ >= SHOWN_OF_A_CAUSE)
            continue;
        print_place(out, json_array_get(refusals, i));
        fputc('\n', out);
    }
    if (count > SHOWN_OF_A_CAUSE)
        fprintf(out, "  and %zu more: --format json shows them all\n", count - SHOWN_OF_A_CAUSE);
}

static tdm_code print_refusals(FILE *out, const json_t *report, tdm_err *err)
{
    const json_t *refusals = json_object_get(report, "refusals");
    size_t count = json_array_size(refusals);
    if (count == 0)
        return TDM_OK;
    bool *done = calloc(count, sizeof *done);
    if (done == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the report");
    fputs("\nRefused, by cause:\n", out);
    for (size_t i = 0; i < count; i++)
        if (!done[i])
            print_cause(out, refusals, i, done);
    free(done);
    fputs(
        json_object_get(json_array_get(refusals, 0), "row") == NULL
            ? "\nMend this and do the same again.\n"
            : "\nMend these rows and import the file again: rows that are recorded are not counted twice.\n",
        out);
    return TDM_OK;
}

tdm_code tdm_import_report(tdm_session *session, const char *name, tdm_span document, tdm_err *err)
{
    tdm_page page;
    tdm_code code = tdm_page_read(&page, document, err);
    if (code != TDM_OK)
        return code;
    const json_t *report = json_array_get(page.rows, 0);
    print_counts(session->out, report, name);
    print_warnings(session->out, json_object_get(report, "warnings"));
    code = print_refusals(session->out, report, err);
    tdm_page_free(&page);
    return code;
}
