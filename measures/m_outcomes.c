/* SPDX-License-Identifier: MPL-2.0
 *
 * m_outcomes.c: S10: outcome indicators beside the figures, without a claim that one causes the other.
 */
#include "m_staff.h"

#include <stdlib.h>

#include "bytes.h"

/* "sickness:" is the whole of an indicator: no dimension follows. */
static bool is_whole(tdm_span a)
{
    return a.len > 0 && a.data[a.len - 1] == ':';
}

static void write_outcome(tdm_formula *f, tdm_span group, tdm_span key)
{
    tdm_stated sum = tdm_stated_sum(f, key, TDM_SPAN_LITERAL(""));
    if (sum.amount == 0 && sum.out_of == 0)
        return; /* nobody states it */
    tdm_figure *out = tdm_formula_row(f, group);
    tdm_figure_count(&out[0], sum.amount);
    tdm_figure_count(&out[1], sum.out_of);
    tdm_figure_share(&out[2], sum.amount, sum.out_of);
    tdm_formula_base(f, sum.out_of);
}

static void outcomes(tdm_formula *f)
{
    char text[TDM_TABLE_TEXT_MAX + 1];
    if (f->question->by->by != TDM_BREAK_OWN) {
        write_outcome(f, f->group, tdm_staff_key(f, TDM_SPAN_LITERAL(""), text));
        return;
    }
    size_t count;
    tdm_span *keys = tdm_formula_values(f, TDM_TABLE_REFERENCE, 0, &count);
    for (size_t i = 0; i < count; i++)
        if (is_whole(keys[i]))
            write_outcome(f, (tdm_span){ keys[i].data, keys[i].len - 1 }, keys[i]);
    free(keys);
}

static const tdm_column_row COLUMNS[] = {
    { "amount", TDM_SHAPE_COUNT, 0, true, "as the organisations count it, on the day", 0, 0 },
    { "out_of", TDM_SHAPE_COUNT, 0, true, "out of how many, where that is stated", 0, 0 },
    { "rate", TDM_SHAPE_SHARE, 1, true, "amount / out of", 1, 2 },
};
static const tdm_breakdown_row BREAKDOWNS[] = {
    { "indicator", TDM_BREAK_OWN },
    { "organisation", TDM_BREAK_ORGANISATION },
    { "sector", TDM_BREAK_SECTOR },
    { "region", TDM_BREAK_REGION },
};

const tdm_measure TDM_MEASURE_S10 = {
    .facts = { .id = "S10",
               .name = "outcomes",
               .title = "retention, sickness, vacancies, morale, safety and experience beside the figures",
               .text = "amount / out of, of the reference counts in force on the day that have no dimension: "
                       "each "
                       "organisation's own, else a national body's. To be looked at side by side with other "
                       "figures; no cause is claimed.",
               .class = "in force on a day",
               .version = 1,
               .people = true,
               .indicator = "retention",
               TDM_COLUMNS_OF(COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .tables = { TDM_TABLE_REFERENCE },
    .formula = outcomes,
};
