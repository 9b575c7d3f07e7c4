/* SPDX-License-Identifier: MPL-2.0
 *
 * m_staff.c: reference counts and nodes' summaries.
 */
#include "m_staff.h"

#include <stdio.h>

#include "bytes.h"

/* Amounts of the reference table. */
enum { OWN, OWN_OUT_OF, NATIONAL, NATIONAL_OUT_OF, HAS_OWN, HAS_NATIONAL };

tdm_span tdm_staff_key(const tdm_formula *f, tdm_span dimension, char out[TDM_TABLE_TEXT_MAX + 1])
{
    int len = snprintf(out, TDM_TABLE_TEXT_MAX + 1, "%s:%.*s", f->indicator, (int)dimension.len,
                       dimension.len == 0 ? "" : (const char *)dimension.data);
    return (tdm_span){ (const uint8_t *)out, len < TDM_TABLE_TEXT_MAX ? (size_t)len : TDM_TABLE_TEXT_MAX };
}

tdm_stated tdm_stated_sum(const tdm_formula *f, tdm_span key, tdm_span group)
{
    size_t count;
    const tdm_table_row *rows = tdm_formula_table(f, TDM_TABLE_REFERENCE, &count);
    tdm_stated sum = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (!tdm_span_equal(rows[i].a, key) || !tdm_span_equal(rows[i].b, group))
            continue;
        bool own = rows[i].n[HAS_OWN] > 0;
        sum.amount = tdm_add_wrapping(sum.amount, rows[i].n[own ? OWN : NATIONAL]);
        sum.out_of = tdm_add_wrapping(sum.out_of, rows[i].n[own ? OWN_OUT_OF : NATIONAL_OUT_OF]);
    }
    return sum;
}

int64_t tdm_staff(const tdm_formula *f, tdm_span dimension, tdm_span group)
{
    char text[TDM_TABLE_TEXT_MAX + 1];
    return tdm_stated_sum(f, tdm_staff_key(f, dimension, text), group).amount;
}

/* ---- reference counts ---- */

static bool is_same_series(const tdm_statement *a, const tdm_statement *b)
{
    static const uint32_t FIELDS[] = { TDM_REFERENCE_COUNT_ORGANISATION, TDM_REFERENCE_COUNT_DIMENSION,
                                       TDM_REFERENCE_COUNT_GROUP };
    bool same = b->type == TDM_TYPE_REFERENCE_COUNT && b->valid && b->reason == NULL
                && tdm_org_code_equal(&a->recorder, &b->recorder)
                && tdm_id_equal(tdm_slot_target(a->fact.base), tdm_slot_target(b->fact.base));
    for (size_t i = 0; i < TDM_COUNT(FIELDS) && same; i++)
        same = tdm_span_equal(a->record.values[FIELDS[i]].bytes, b->record.values[FIELDS[i]].bytes);
    return same;
}

/* Whether another of its date counts instead; *next: the day of the next, if there is one. */
static bool is_superseded(const tdm_unit_view *view, const tdm_statement *count, bool *has_next,
                          tdm_date *next)
{
    int64_t date = count->record.values[TDM_REFERENCE_COUNT_DATE].number;
    *has_next = false;
    for (size_t i = 0; i < view->count; i++) {
        const tdm_statement *s = &view->statements[i];
        if (s == count || !is_same_series(count, s))
            continue;
        int64_t other = s->record.values[TDM_REFERENCE_COUNT_DATE].number;
        if (other == date && tdm_slot_is_later(s->fact.base, count->fact.base, view->lineage))
            return true;
        if (other > date && (!*has_next || other < *next)) {
            *has_next = true;
            *next = (tdm_date)other;
        }
    }
    return false;
}

/* Where the amount goes; false: neither the organisation's own nor a national body's. */
static bool choose_place(const tdm_unit_view *view, const tdm_statement *count, tdm_date date,
                         const tdm_org_code *about, size_t *place)
{
    tdm_org_code recorder = tdm_registry_root(view->registry, &count->recorder, date).root;
    tdm_org_code root = tdm_registry_root(view->registry, about, date).root;
    bool own = tdm_org_code_equal(&recorder, &root);
    *place = own ? OWN : NATIONAL;
    return own || tdm_registry_sector(view->registry, &count->recorder, date) == TDM_SECTOR_IS_NATIONAL_BODY;
}

void tdm_tell_reference(tdm_unit_view *view, const tdm_statement *count, tdm_tally *tally)
{
    const tdm_value *values = count->record.values;
    tdm_date date = (tdm_date)values[TDM_REFERENCE_COUNT_DATE].number;
    tdm_org_code about = tdm_org_code_of(values[TDM_REFERENCE_COUNT_ORGANISATION].bytes);
    tdm_date next = 0;
    bool has_next;
    size_t place;
    char digits[24];
    if (!choose_place(view, count, date, &about, &place) || is_superseded(view, count, &has_next, &next))
        return;
    tdm_buf key = { 0 };
    tdm_span indicator = tdm_word(TDM_ENUM_INDICATOR, &values[TDM_REFERENCE_COUNT_INDICATOR], digits);
    tdm_buf_add(&key, indicator.data, indicator.len);
    tdm_buf_add(&key, ":", 1);
    tdm_buf_add(&key, values[TDM_REFERENCE_COUNT_DIMENSION].bytes.data,
                values[TDM_REFERENCE_COUNT_DIMENSION].bytes.len);
    int64_t n[TDM_TABLE_AMOUNTS] = { 0 };
    n[place] = values[TDM_REFERENCE_COUNT_AMOUNT].number;
    n[place + 1] = values[TDM_REFERENCE_COUNT_OUT_OF].number;
    n[place == OWN ? HAS_OWN : HAS_NATIONAL] = 1;
    tdm_tally_from(tally, TDM_TABLE_REFERENCE, date, has_next, next, tdm_org_code_span(&about),
                   tdm_buf_span(&key), values[TDM_REFERENCE_COUNT_GROUP].bytes, n);
    tdm_buf_free(&key);
}

/* ---- summaries ---- */

void tdm_tell_summary(tdm_unit_view *view, const tdm_statement *summary, tdm_tally *tally)
{
    (void)view;
    const tdm_value *values = summary->record.values;
    tdm_period period;
    int64_t table = TDM_TABLE_SUMMARIES + values[TDM_SUMMARY_TABLE].number;
    if (table >= TDM_TABLES_END || tdm_table_name((int)table) == NULL
        || tdm_period_parse(values[TDM_SUMMARY_PERIOD].bytes, &period, NULL) != TDM_OK)
        return;
    int64_t *n = tdm_tally_at(tally, (int)table, period, tdm_org_code_span(&summary->recorder),
                              values[TDM_SUMMARY_A].bytes, values[TDM_SUMMARY_B].bytes);
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++)
        n[i] = values[TDM_SUMMARY_COUNT + i].number;
}
