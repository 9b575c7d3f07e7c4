/* SPDX-License-Identifier: MPL-2.0
 *
 * docs_events.c: writes docs/events.md from the schema table to standard output.
 */
#include "tandem/event.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const KINDS[] = {
#define X(KIND) #KIND,
    TDM_KINDS(X)
#undef X
};

static const char *const SCOPES[] = { "replicates", "stays in the node's private log", "a part of a list" };
static const char *const DUTIES[] = { "log",    "registry", "dossier", "amendment",
                                      "period", "detail",   "thing",   "person" };

static const char *const SETS[] = { "NONE",
#define X(SET) #SET,
                                    TDM_ENUM_SETS(X)
#undef X
};

static const struct kind_row {
    tdm_kind kind;
    const char *packed;
    const char *json;
} FORMS[] = {
    { TDM_KIND_UINT, "int from 0", "number" },
    { TDM_KIND_INT, "int", "number" },
    { TDM_KIND_BOOL, "bool", "`true`, `false`" },
    { TDM_KIND_TEXT, "str, UTF-8 without control characters", "string" },
    { TDM_KIND_CODE, "str of 3-12 upper-case letters and digits", "string" },
    { TDM_KIND_SUBJECT, "str, such as `unit/LEAD/ID`", "string" },
    { TDM_KIND_PERIOD, "str", "`\"2017/18\"`, `\"2017/18Q1\"`, `\"2017-04\"`" },
    { TDM_KIND_ID, "bin of 16 bytes", "hex string" },
    { TDM_KIND_INCARNATION, "bin of 8 bytes, not all zero", "hex string" },
    { TDM_KIND_DIGEST, "bin of 32 bytes", "hex string" },
    { TDM_KIND_KEY, "bin of 32 bytes", "hex string" },
    { TDM_KIND_DATE, "int, days since 1970-01-01", "`\"2017-04-01\"`" },
    { TDM_KIND_TIME, "int, milliseconds since 1970 UTC",
      "`\"2017-04-01T10:00:00.000Z\"`; a number outside the years 0000-9999" },
    { TDM_KIND_YEAR, "int, calendar year in which the financial year starts", "`\"2017/18\"`" },
    { TDM_KIND_ENUM, "int", "its word; the number if unknown" },
    { TDM_KIND_TYPE, "int, an event type's number", "its name; the number if unknown" },
    { TDM_KIND_TEXTS, "array of str of 1-200 bytes", "array of strings" },
    { TDM_KIND_LIST, "array of maps of a part", "array of objects" },
    { TDM_KIND_BODY, "map, the payload of the type in `target_type`", "object" },
};

static void print_kinds(void)
{
    printf("## Kinds\n\n| kind | MessagePack | JSON |\n|---|---|---|\n");
    for (size_t i = 0; i < TDM_COUNT(FORMS); i++)
        printf("| %s | %s | %s |\n", KINDS[FORMS[i].kind], FORMS[i].packed, FORMS[i].json);
}

/* Numbers of a set may have gaps, and none is above 99. */
static void print_sets(void)
{
    printf("\n## Enumerations\n\nUnknown numbers are kept and shown as numbers.\n\n| set | values "
           "|\n|---|---|\n");
    for (size_t set = 1; set < TDM_COUNT(SETS); set++) {
        printf("| %s |", SETS[set]);
        const char *between = "";
        for (int64_t number = 1; number <= 99; number++) {
            const char *word = tdm_enum_word((tdm_enum_set)set, number);
            if (word == NULL)
                continue;
            printf("%s %" PRId64 " `%s`", between, number, word);
            between = ",";
        }
        printf(" |\n");
    }
}

static void print_bound(int64_t bound)
{
    if (bound == INT64_MAX)
        printf("2^63-1");
    else if (bound == INT64_MIN)
        printf("-2^63");
    else
        printf("%" PRId64, bound);
}

static const char *kind_of(const tdm_field *field, char *out, size_t len)
{
    if (field->kind == TDM_KIND_ENUM)
        snprintf(out, len, "ENUM %s", SETS[field->set]);
    else if (field->kind == TDM_KIND_LIST)
        snprintf(out, len, "LIST %s", tdm_type_find(field->part_type)->name);
    else
        snprintf(out, len, "%s", KINDS[field->kind]);
    return out;
}

static void print_type(const tdm_type *type)
{
    printf("\n### %" PRIu32 " `%s`\n\n%s.\nScope: %s. Duty: %s.\n\n", type->number, type->name, type->help,
           SCOPES[type->scope], DUTIES[type->duty]);
    printf("| # | field | kind | bounds | needed | meaning |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < type->field_count; i++) {
        const tdm_field *field = &type->fields[i];
        char kind[64];
        printf("| %" PRIu32 " | `%s` | %s | ", field->number, field->name, kind_of(field, kind, sizeof kind));
        print_bound(field->min);
        printf(" .. ");
        print_bound(field->max);
        printf(" | %s | %s |\n", field->key ? "yes, in its name" : field->needed ? "yes" : "", field->help);
    }
}

static void print_types(const char *title, bool parts)
{
    size_t count;
    const tdm_type *types = tdm_types(&count);
    printf("\n## %s\n", title);
    for (size_t i = 0; i < count; i++)
        if ((types[i].scope == TDM_SCOPE_PART) == parts)
            print_type(&types[i]);
}

int main(void)
{
    printf(
        "<!-- SPDX-License-Identifier: MPL-2.0 -->\n"
        "<!-- Made by proto/tools/docs_events.c from include/tandem/schema.def: ninja docs_events -->\n"
        "# Events\n\n"
        "Every type and field that Tandem's daemons say. The envelope around a payload is described in\n"
        "`include/tandem/event.h`; the canonical MessagePack profile in `include/tandem/pack.h`; examples "
        "that\n"
        "any language can check itself against are in `proto/vectors/`.\n\n"
        "Bounds are of the value for numbers, of the bytes for texts, binaries and bodies, of the items for\n"
        "arrays. An event has at most %d bytes. Fields and types that a reader does not know are kept and\n"
        "passed on.\n\n",
        TDM_EVENT_MAX);
    print_kinds();
    print_sets();
    print_types("Event types", false);
    print_types("Parts of lists", true);
    return ferror(stdout) != 0;
}
