/* SPDX-License-Identifier: MPL-2.0
 *
 * measures.c: the list of all measures, and what they gather from a judged class.
 */
#include "measure_inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "bytes.h"

static const tdm_measure *const LIST[] = {
#define X(ID) &TDM_MEASURE_##ID,
    TDM_MEASURE_LIST(X)
#undef X
};

const tdm_measure *tdm_measure_at(size_t index)
{
    return index < TDM_COUNT(LIST) ? LIST[index] : NULL;
}

const tdm_measure *tdm_measure_find(const char *id_or_name)
{
    for (size_t i = 0; i < TDM_COUNT(LIST); i++)
        if (strcasecmp(LIST[i]->facts.id, id_or_name) == 0
            || strcasecmp(LIST[i]->facts.name, id_or_name) == 0)
            return LIST[i];
    return NULL;
}

const tdm_measure_facts *tdm_measure_read(const tdm_measure *measure)
{
    return &measure->facts;
}

/* ---- gathering ---- */

static void tell(tdm_unit_view *view, const tdm_statement *statement, tdm_tally *tally)
{
    for (size_t m = 0; m < TDM_COUNT(LIST); m++)
        for (size_t t = 0; t < TDM_MEASURE_THINGS && LIST[m]->things[t].tell != NULL; t++)
            if (LIST[m]->things[t].type == statement->type)
                LIST[m]->things[t].tell(view, statement, tally);
}

void tdm_measures_tally(tdm_unit_view *view, tdm_tally *tally)
{
    enum { FEW = 2 };
    /* Most units have a lead and sessions, and nothing more to tell than the level. */
    if (!view->detailed && view->single && view->attended < FEW)
        return;
    if (view->principal != SIZE_MAX) {
        for (size_t m = 0; m < TDM_COUNT(LIST); m++)
            if (LIST[m]->of_unit != NULL)
                LIST[m]->of_unit(view, tally);
        return;
    }
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *statement = &view->statements[i];
        const tdm_type *type = tdm_type_find(statement->type);
        if (type != NULL && type->duty == TDM_DUTY_THING && statement->valid && statement->reason == NULL)
            tell(view, statement, tally);
    }
}

tdm_span tdm_word(tdm_enum_set set, const tdm_value *value, char digits[24])
{
    const char *word = value->present ? tdm_enum_word(set, value->number) : "";
    if (word == NULL)
        snprintf(digits, 24, "%" PRId64, value->number);
    return tdm_span_text(word == NULL ? digits : word);
}

const tdm_statement *tdm_unit_view_detail(const tdm_unit_view *view, uint32_t type)
{
    const tdm_statement *latest = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        if (s->type == type && tdm_statement_is_principals(view, s)
            && (latest == NULL || tdm_slot_is_later(s->fact.base, latest->fact.base, view->lineage)))
            latest = s;
    }
    return latest;
}

bool tdm_unit_view_is_superseded(const tdm_unit_view *view, const tdm_statement *statement,
                                 bool (*same)(const tdm_statement *a, const tdm_statement *b))
{
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        if (s != statement && s->type == statement->type && tdm_statement_is_principals(view, s)
            && same(s, statement) && tdm_slot_is_later(s->fact.base, statement->fact.base, view->lineage))
            return true;
    }
    return false;
}

tdm_texts tdm_texts_of(const tdm_value *value)
{
    tdm_texts texts = { .left = 0 };
    if (!value->present)
        return texts;
    texts.cursor = tdm_cursor_over(value->bytes);
    texts.left = tdm_cursor_array(&texts.cursor);
    return texts;
}

bool tdm_texts_next(tdm_texts *texts, tdm_span *out)
{
    if (texts->left == 0 || texts->cursor.failed)
        return false;
    texts->left--;
    *out = tdm_cursor_str(&texts->cursor);
    return !texts->cursor.failed;
}

bool tdm_parts_next(tdm_texts *parts, uint32_t part_type, tdm_record *out)
{
    if (parts->left == 0 || parts->cursor.failed)
        return false;
    parts->left--;
    tdm_span bytes = tdm_cursor_skip(&parts->cursor);
    return !parts->cursor.failed && tdm_record_decode(part_type, bytes, out, NULL) == TDM_OK;
}
