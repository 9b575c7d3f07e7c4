/* SPDX-License-Identifier: MPL-2.0
 *
 * m_catalogue.c: S8: what the programmes are that people are sent to.
 */
#include "bytes.h"
#include "measure_inner.h"

#include "bytes.h"

enum { MONTHS_24 = 731 }; /* days: two years, one of them a leap year */

typedef struct offer {
    int64_t programmes;
    int64_t known;
    int64_t evidence;
    int64_t reviewed;
    int64_t targeted;
    int64_t hours;
    int64_t bespoke_hours;
    int64_t system_hours;
} offer;

static void add_programme(const tdm_formula *f, const tdm_level_row *row, offer *all)
{
    const tdm_catalogue *entry = tdm_registry_catalogue(f->registry, tdm_span_text(row->group));
    all->programmes++;
    all->hours = tdm_add_wrapping(all->hours, row->amount);
    if (entry == NULL)
        return;
    all->known++;
    all->evidence += entry->has_evidence;
    all->targeted += entry->targeted;
    all->reviewed += entry->has_reviewed && entry->reviewed <= f->day && f->day - entry->reviewed < MONTHS_24;
    all->bespoke_hours = tdm_add_wrapping(all->bespoke_hours, entry->bespoke ? row->amount : 0);
    all->system_hours =
        tdm_add_wrapping(all->system_hours, entry->aim == TDM_AIM_IS_SYSTEM ? row->amount : 0);
}

static void catalogue(tdm_formula *f)
{
    offer all = { 0 };
    for (size_t i = 0; i < f->history_count; i++)
        if (f->history[i].period.number == f->period.number && f->history[i].units > 0
            && strcmp(f->history[i].group, "(none)") != 0)
            add_programme(f, &f->history[i], &all);
    tdm_figure *out = tdm_formula_row(f, f->group);
    tdm_figure_count(&out[0], all.programmes);
    tdm_figure_count(&out[1], all.known);
    tdm_figure_share(&out[2], all.evidence, all.known);
    tdm_figure_share(&out[3], all.reviewed, all.known);
    tdm_figure_share(&out[4], all.targeted, all.known);
    tdm_figure_share(&out[5], all.bespoke_hours, all.hours);
    tdm_figure_share(&out[6], all.system_hours, all.hours);
}

static const tdm_column_row COLUMNS[] = {
    { "programmes", TDM_SHAPE_COUNT, 0, false, "named by units of the period", 0, 0 },
    { "in_catalogue", TDM_SHAPE_COUNT, 0, false, "of them", 0, 0 },
    { "evidence", TDM_SHAPE_SHARE, 1, false, "of these, with evidence linked", 0, 0 },
    { "reviewed", TDM_SHAPE_SHARE, 1, false, "of these, reviewed in the 731 days that end with the day", 0,
      0 },
    { "targeted", TDM_SHAPE_SHARE, 1, false, "of these, kept for a group", 0, 0 },
    { "bespoke_hours", TDM_SHAPE_SHARE, 1, false, "of the hours of programmes", 0, 0 },
    { "system_hours", TDM_SHAPE_SHARE, 1, false, "of the hours of programmes, aimed at the system", 0, 0 },
};
static const tdm_breakdown_row BREAKDOWNS[] = { { "total", TDM_BREAK_TOTAL } };

const tdm_measure TDM_MEASURE_S8 = {
    .facts = { .id = "S8",
               .name = "catalogue",
               .title = "what the programmes are that people are sent to",
               .text = "of the programmes that units of the period name: in the catalogue, with evidence, "
                       "reviewed in the "
                       "last 24 months, kept for a group; share of their hours that is bespoke, and aimed at "
                       "the system.",
               .class = "sum",
               .version = 1,
               TDM_COLUMNS_OF(COLUMNS),
               TDM_BREAKDOWNS_OF(BREAKDOWNS) },
    .level = true,
    .by_programme = true,
    .weight = TDM_WEIGHT_HOURS,
    .formula = catalogue,
};
