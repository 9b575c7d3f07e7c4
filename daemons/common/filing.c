/* SPDX-License-Identifier: MPL-2.0
 *
 * filing.c: subjects and names from the schema table.
 */
#include "filing.h"

#include "nearest.h"

#include "tandem/civil.h"

#include <stdio.h>
#include <string.h>

bool tdm_name_is(tdm_span told, const char *name)
{
    if (told.len != strlen(name))
        return false;
    for (size_t i = 0; i < told.len; i++)
        if ((told.data[i] == '-' ? '_' : (char)told.data[i]) != name[i])
            return false;
    return true;
}

const tdm_field *tdm_field_named(const tdm_type *type, tdm_span name)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (tdm_name_is(name, type->fields[i].name))
            return &type->fields[i];
    return NULL;
}

/* ---- what a type needs to be filed */

bool tdm_type_has_recorder(const tdm_type *type)
{
    return type->scope == TDM_SCOPE_SYSTEM
           && (type->duty == TDM_DUTY_DOSSIER || type->duty == TDM_DUTY_DETAIL
               || type->duty == TDM_DUTY_THING);
}

bool tdm_type_takes_id(const tdm_type *type)
{
    return type->number == TDM_TYPE_SESSION || type->number == TDM_TYPE_ATTENDANCE;
}

bool tdm_type_takes_unit(const tdm_type *type)
{
    const tdm_filing *filing = tdm_type_filing(type->number);
    return filing != NULL && filing->parts[0] == 0 && strcmp(filing->prefix, "unit") == 0;
}

uint32_t tdm_type_hidden_by(uint32_t type)
{
    bool link =
        type == TDM_TYPE_LINK_ASSERT || type == TDM_TYPE_LINK_CONFIRM || type == TDM_TYPE_LINK_DISPUTE;
    return link ? TDM_TYPE_LINK_WITHDRAW : TDM_TYPE_VOID;
}

bool tdm_field_names(const tdm_type *type, const tdm_field *field)
{
    const tdm_filing *filing = tdm_type_filing(type->number);
    bool first = tdm_type_has_recorder(type) || type->duty == TDM_DUTY_PERSON;
    bool names = field->key || (first && field->number == 1);
    for (size_t i = 0; filing != NULL && i < TDM_COUNT(filing->parts); i++)
        names = names || filing->parts[i] == field->number;
    return names;
}

/* ---- subjects and names */

/* Words with their terminators, one behind the other, until they are hashed. */
typedef struct naming {
    tdm_buf text;
    size_t at[TDM_FIELDS_MAX + 4];
    size_t count;
} naming;

static void add_word(naming *n, tdm_span word)
{
    n->at[n->count++] = n->text.len;
    tdm_buf_add(&n->text, word.data, word.len);
    tdm_buf_add(&n->text, "", 1);
}

static void add_field(naming *n, const tdm_record *record, const tdm_field *field)
{
    n->at[n->count++] = n->text.len;
    tdm_value_text(field, &record->values[field->number], &n->text);
    tdm_buf_add(&n->text, "", 1);
}

static void add_keys(naming *n, const tdm_record *record)
{
    for (size_t i = 0; i < record->type->field_count; i++)
        if (record->type->fields[i].key)
            add_field(n, record, &record->type->fields[i]);
}

static tdm_id finish(naming *n)
{
    const char *words[TDM_FIELDS_MAX + 4];
    TDM_ASSERT(!n->text.failed);
    for (size_t i = 0; i < n->count; i++)
        words[i] = (const char *)n->text.data + n->at[i];
    tdm_id id = tdm_fact_named(words, n->count);
    tdm_buf_free(&n->text);
    return id;
}

tdm_id tdm_filing_fact(const tdm_record *record, tdm_span subject, const char *id)
{
    naming n = { .count = 0 };
    const tdm_filing *filing = tdm_type_filing(record->type->number);
    TDM_ASSERT(filing != NULL && (id != NULL) == tdm_type_takes_id(record->type));
    add_word(&n, tdm_span_text(filing->word));
    if (tdm_type_has_recorder(record->type)) {
        add_field(&n, record, &record->type->fields[0]);
        add_word(&n, subject);
    }
    add_keys(&n, record);
    if (id != NULL)
        add_word(&n, tdm_span_text(id));
    return finish(&n);
}

tdm_id tdm_filing_place(const tdm_record *record, tdm_buf *subject)
{
    (void)tdm_record_subject(record, subject);
    return tdm_filing_fact(record, tdm_buf_span(subject), NULL);
}

tdm_id tdm_filing_row(const tdm_record *record)
{
    naming n = { .count = 0 };
    TDM_ASSERT(record->type->duty == TDM_DUTY_PERSON);
    add_word(&n, tdm_span_text(record->type->name));
    add_field(&n, record, &record->type->fields[0]);
    add_keys(&n, record);
    return finish(&n);
}

/* ---- by hand */

static const struct {
    uint32_t type;
    const char *why;
} NOT_BY_HAND[] = {
    { TDM_TYPE_REPRESENTS,
      "the hub states it when a node joins: tandem invite there, tandem join at the node" },
    { TDM_TYPE_KEY, "the hub states it when a node joins: tandem invite there, tandem join at the node" },
    { TDM_TYPE_SUCCESSION,
      "the hub states it when a node takes over from another: tandem invite for the new one" },
    { TDM_TYPE_MATCH_PROPOSED, "likeness proposes it: tandem match propose" },
    { TDM_TYPE_PERIOD_CLOSED, "it names what the hub holds at that moment: tandem period close" },
    { TDM_TYPE_FIGURE_PUBLISHED, "it keeps what was computed: tandem publish" },
    { TDM_TYPE_FIGURES_RELEASED, "it keeps what was computed and suppressed: tandem release" },
};

int tdm_type_recorded_at(const tdm_type *type, const char **why)
{
    *why = NULL;
    for (size_t i = 0; i < TDM_COUNT(NOT_BY_HAND); i++)
        if (NOT_BY_HAND[i].type == type->number)
            *why = NOT_BY_HAND[i].why;
    if (type->duty == TDM_DUTY_LOG)
        *why = "daemons state it about their own log: tandem verify looks at it";
    if (type->scope == TDM_SCOPE_PART)
        *why = "it is a part of lists: give it in a field of the fact that holds it";
    if (*why != NULL)
        return 0;
    if (type->scope == TDM_SCOPE_NODE)
        return TDM_RECORDED_AT_NODE;
    return type->duty == TDM_DUTY_REGISTRY ? TDM_RECORDED_AT_HUB : TDM_RECORDED_AT_HUB | TDM_RECORDED_AT_NODE;
}

enum { TYPES_MAX = 128 };

static const char *nearest_type(const char *name)
{
    const char *names[TYPES_MAX];
    const char *why;
    size_t count;
    size_t known = 0;
    const tdm_type *types = tdm_types(&count);
    TDM_ASSERT(count <= TYPES_MAX);
    for (size_t i = 0; i < count; i++)
        if (tdm_type_recorded_at(&types[i], &why) != 0)
            names[known++] = types[i].name;
    return tdm_nearest(name, names, known);
}

tdm_code tdm_type_to_record(const char *name, const tdm_type **out, tdm_err *err)
{
    const char *why = NULL;
    size_t count;
    const tdm_type *types = tdm_types(&count);
    *out = NULL;
    for (size_t i = 0; i < count; i++)
        if (tdm_name_is(tdm_span_text(name), types[i].name))
            *out = &types[i];
    if (*out != NULL && tdm_type_recorded_at(*out, &why) != 0)
        return TDM_OK;
    if (*out != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "%s is not recorded by hand: %s", (*out)->name, why);
    const char *near = nearest_type(name);
    return tdm_fail(err, TDM_INVALID, 0, "there is no type \"%.40s\"; %s%s%s", name,
                    near == NULL ? "tandem record --help lists them" : "did you mean ",
                    near == NULL ? "" : near, near == NULL ? "" : "?");
}
