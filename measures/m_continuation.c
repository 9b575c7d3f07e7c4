/* SPDX-License-Identifier: MPL-2.0
 *
 * m_continuation.c: S9: whether programmes go on from one period to the next.
 */
#include "measure_inner.h"

static bool is_named(const tdm_formula *f, int64_t period, const char *programme)
{
    for (size_t i = 0; i < f->history_count; i++)
        if (f->history[i].period.number == period && f->history[i].units > 0
            && strcmp(f->history[i].group, programme) == 0)
            return true;
    return false;
}

static void continuation(tdm_formula *f)
{
    const int64_t before = tdm_period_of(f->period.kind, tdm_period_first(f->period) - 1).number;
    int64_t programmes = 0;
    int64_t continued = 0;
    for (size_t i = 0; i < f->history_count; i++) {
        const tdm_level_row *row = &f->history[i];
        if (row->period.number != before || row->units == 0 || strcmp(row->group, "(none)") == 0)
            continue;
        programmes++;
        continued += is_named(f, f->period.number, row->group);
    }
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], programmes);
    tdm_figure_count(&out[1], continued);
    tdm_figure_share(&out[2], continued, programmes);
}

static const tdm_column_row COLUMNS[] = {
    { "programmes", TDM_SHAPE_COUNT, 0, false, "delivered in the period before", 0, 0 },
    { "continued", TDM_SHAPE_COUNT, 0, false, "of them, delivered in this period, too", 0, 0 },
    { "continuation", TDM_SHAPE_SHARE, 1, false, "continued of programmes", 0, 0 },
};
static const tdm_breakdown_row BREAKDOWNS[] = { { "total", TDM_BREAK_TOTAL } };

const tdm_measure TDM_MEASURE_S9 = {
    .facts = { .id = "S9",
               .name = "continuation",
               .title = "whether programmes go on",
               .text = "programmes of the period before that are delivered in this one, too / programmes of "
                       "the period "
                       "before.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .level = true,
    .by_programme = true,
    .formula = continuation,
};
