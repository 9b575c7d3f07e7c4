/* SPDX-License-Identifier: MPL-2.0
 *
 * measures.c: the list of the measures, how one is asked for, and how its rows are written down
 * (docs/figures.md section 11).
 */
#include "measures_parts.h"

#include <stdio.h>
#include <string.h>

static const char *const OF_LEVEL[] = { "total",  "programme", "kind",           "lead", "locality",
                                        "sector", "region",    "core_programme", NULL };
static const char *const TOTAL[] = { "total", NULL };
static const char *const OF_UNITS[] = { "total",    "programme",      "kind", "lead",
                                        "locality", "core_programme", NULL };
static const char *const OF_NODES[] = { "total", "organisation", NULL };
static const char *const OF_SECTORS[] = { "total", "sector_pair", NULL };

#define T(NAME) TDM_TABLE_##NAME
const oracle_measure ORACLE_MEASURES[] = {
    { .id = "C1", .rows = oracle_c1, .words = OF_LEVEL },
    { .id = "C2", .rows = oracle_c2, .words = OF_LEVEL },
    { .id = "C3", .rows = oracle_c3, .words = OF_LEVEL },
    { .id = "C4", .rows = oracle_c4, .words = OF_LEVEL },
    { .id = "C5", .rows = oracle_c5, .words = OF_LEVEL },
    { .id = "C6", .rows = oracle_c6, .words = OF_LEVEL },
    { .id = "C7", .rows = oracle_c7, .words = OF_LEVEL },
    { .id = "C8", .rows = oracle_c8, .words = OF_LEVEL },
    { .id = "C9", .tables = { T(CONTRIBUTED) }, .with_level = true, .words = OF_LEVEL, .formula = oracle_c9 },
    { .id = "C10", .tables = { T(TEAM_ANSWERS) }, .own = { { "team", oracle_by_a } }, .formula = oracle_c10 },
    { .id = "N1", .rows = oracle_n1, .words = OF_UNITS },
    { .id = "N2", .rows = oracle_n2, .words = OF_NODES },
    { .id = "N3", .rows = oracle_n3, .words = TOTAL },
    { .id = "N4", .rows = oracle_n4, .words = TOTAL },
    { .id = "N5", .tables = { T(CONTRIBUTED) }, .of_units = true, .formula = oracle_n5 },
    { .id = "N6", .dimension = "staff_group", .tables = { T(MIX) }, .of_units = true, .formula = oracle_n6 },
    { .id = "N7", .rows = oracle_n7, .words = OF_SECTORS },
    { .id = "N8", .rows = oracle_n8, .words = OF_NODES },
    { .id = "R1",
      .dimension = "staff_group",
      .tables = { T(REACHED), T(REFERENCE) },
      .own = { { "group", oracle_by_dimension_group } },
      .formula = oracle_r1,
      .finish = oracle_r1_finish },
    { .id = "R2", .dimension = "locality", .tables = { T(REACHED), T(REFERENCE) }, .formula = oracle_r2 },
    { .id = "R3", .dimension = "locality", .tables = { T(REACHED), T(REFERENCE) }, .formula = oracle_r3 },
    { .id = "R4", .dimension = "locality", .tables = { T(REACHED), T(REFERENCE) }, .formula = oracle_r4 },
    { .id = "R5", .dimension = "ethnicity", .tables = { T(REACHED), T(REFERENCE) }, .formula = oracle_r5 },
    { .id = "R6",
      .dimension = "ethnicity",
      .tables = { T(REACHED), T(REFERENCE) },
      .own = { { "group", oracle_by_dimension_group } },
      .formula = oracle_r6 },
    { .id = "R7",
      .tables = { T(PLACES), T(APPLICATIONS), T(WAITING) },
      .own = { { "reason", oracle_by_reason } },
      .formula = oracle_r7 },
    { .id = "L1",
      .tables = { T(STAGES), T(STAGE_DAYS), T(FACULTY) },
      .own = { { "stage", oracle_by_stage } },
      .formula = oracle_l1 },
    { .id = "L2", .tables = { T(COURSE) }, .of_units = true, .formula = oracle_l2 },
    { .id = "L3", .tables = { T(TEAM_ANSWERS) }, .own = { { "team", oracle_by_a } }, .formula = oracle_l3 },
    { .id = "L4",
      .tables = { T(RESPONSES) },
      .own = { { "instrument", oracle_by_a }, { "scale", oracle_by_b } },
      .formula = oracle_l4 },
    { .id = "L5", .tables = { T(CYCLES), T(SETS), T(PROTECTED) }, .formula = oracle_l5 },
    { .id = "L6",
      .tables = { T(CRITERIA), T(ACTIONS), T(PROJECTS) },
      .own = { { "locality_pair", oracle_by_locality_pair } },
      .formula = oracle_l6 },
    { .id = "L7",
      .dimension = "objective",
      .tables = { T(AIMS), T(NEEDS) },
      .own = { { "aim", oracle_by_aim }, { "theme", oracle_by_need_theme } },
      .formula = oracle_l7 },
    { .id = "L8",
      .tables = { T(RESOURCES), T(USES) },
      .own = { { "kind", oracle_by_a } },
      .formula = oracle_l8 },
    { .id = "L9",
      .tables = { T(SUPPORT) },
      .own = { { "theme", oracle_by_a }, { "audience", oracle_by_b } },
      .formula = oracle_l9 },
    { .id = "L10", .tables = { T(DEVELOPMENT), T(REFERENCE) }, .formula = oracle_l10 },
    { .id = "S1",
      .tables = { T(POSTS) },
      .own = { { "role", oracle_by_a }, { "locality", oracle_by_b } },
      .formula = oracle_s1 },
    { .id = "S2", .tables = { T(POLICIES) }, .formula = oracle_s2 },
    { .id = "S3",
      .tables = { T(TEAMS) },
      .own = { { "team", oracle_by_a }, { "locality", oracle_by_b } },
      .formula = oracle_s3 },
    { .id = "S4",
      .tables = { T(MEMBERS) },
      .own = { { "network", oracle_by_a }, { "role", oracle_by_b } },
      .formula = oracle_s4 },
    { .id = "S5",
      .tables = { T(DISCUSSIONS) },
      .own = { { "network", oracle_by_a }, { "stakeholder", oracle_by_b } },
      .formula = oracle_s5 },
    { .id = "S6",
      .tables = { T(SESSIONS) },
      .of_units = true,
      .own = { { "type", oracle_by_a }, { "mode", oracle_by_b } },
      .formula = oracle_s6 },
    { .id = "S7",
      .tables = { T(BARRIERS) },
      .own = { { "level", oracle_by_a }, { "theme", oracle_by_b } },
      .formula = oracle_s7 },
    { .id = "S8", .rows = oracle_s8, .words = TOTAL },
    { .id = "S9", .rows = oracle_s9, .words = TOTAL },
    { .id = "S10",
      .tables = { T(REFERENCE) },
      .own = { { "indicator", oracle_by_indicator } },
      .formula = oracle_s10 },
};
#undef T
const size_t ORACLE_MEASURE_COUNT = TDM_COUNT(ORACLE_MEASURES);

/* ---- asking */
static const oracle_measure *find_measure(const char *id)
{
    for (size_t i = 0; i < ORACLE_MEASURE_COUNT; i++)
        if (strcmp(ORACLE_MEASURES[i].id, id) == 0)
            return &ORACLE_MEASURES[i];
    return NULL;
}

const char *tdm_oracle_measure_id(size_t index)
{
    return index < ORACLE_MEASURE_COUNT ? ORACLE_MEASURES[index].id : NULL;
}

/* Tables take the organisations' words, those of units the units' words, then the measure's own. */
const char *tdm_oracle_measure_word(const char *id, size_t at)
{
    static const char *const SUMS[] = { "total", "organisation", "sector", "region" };
    static const char *const UNITS[] = { "programme", "kind", "lead", "locality", "core_programme" };
    const oracle_measure *measure = find_measure(id);
    if (measure == NULL)
        return NULL;
    if (measure->words != NULL) {
        for (size_t i = 0; i < at; i++)
            if (measure->words[i] == NULL)
                return NULL;
        return measure->words[at];
    }
    if (at < TDM_COUNT(SUMS))
        return SUMS[at];
    at -= TDM_COUNT(SUMS);
    if (measure->of_units && at < TDM_COUNT(UNITS))
        return UNITS[at];
    at -= measure->of_units ? TDM_COUNT(UNITS) : 0;
    return at < TDM_COUNT(measure->own) ? measure->own[at].word : NULL;
}

static bool knows_word(const char *id, const char *by)
{
    const char *word;
    for (size_t at = 0; (word = tdm_oracle_measure_word(id, at)) != NULL; at++)
        if (strcmp(word, by) == 0)
            return true;
    return false;
}

static int by_row(const void *left, const void *right)
{
    const oracle_row *a = left, *b = right;
    int by = (a->period.number > b->period.number) - (a->period.number < b->period.number);
    return by ? by : strcmp(a->group, b->group);
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

bool tdm_oracle_measure(const tdm_oracle *o, const tdm_oracle_question *question,
                        tdm_oracle_measure_row **rows, size_t *count)
{
    tdm_oracle_question whole = *question;
    const oracle_measure *measure = find_measure(question->measure);
    oracle_rows made = { NULL, 0 };
    int64_t number;
    *rows = NULL;
    *count = 0;
    whole.by = or_else(question->by, "total");
    whole.indicator =
        or_else(question->indicator, strcmp(question->measure, "S10") == 0 ? "retention" : "workforce");
    whole.top = or_else(question->top, "white");
    whole.bottom = or_else(question->bottom, "bme");
    if (measure == NULL || !knows_word(measure->id, whole.by)
        || !tdm_enum_number(TDM_ENUM_INDICATOR, tdm_span_text(whole.indicator), &number))
        return false;
    whole.dimension = or_else(question->dimension, or_else(measure->dimension, ""));
    if (measure->rows != NULL)
        measure->rows(o, &whole, &made);
    else
        oracle_sum_rows(o, measure, &whole, &made);
    if (made.count > 0)
        qsort(made.list, made.count, sizeof(*made.list), by_row);
    *rows = made.list;
    *count = made.count;
    return true;
}

const tdm_oracle_figure *tdm_oracle_figure_of(const tdm_oracle_measure_row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->figures[i].name, name) == 0)
            return &row->figures[i];
    return NULL;
}

/* ---- writing down */
static int print_figure(const tdm_oracle_figure *figure, char *out, size_t size)
{
    if (!figure->defined)
        return snprintf(out, size, "%s=n/a;", figure->name);
    if (figure->shape == TDM_SHAPE_REAL)
        return snprintf(out, size, "%s=%.9g;", figure->name, figure->real);
    if (figure->shape == TDM_SHAPE_WORD)
        return snprintf(out, size, "%s=%s;", figure->name, figure->word);
    return snprintf(out, size, "%s=%lld;", figure->name, (long long)figure->number);
}

void tdm_oracle_measure_text(const tdm_oracle_question *question, const tdm_oracle_measure_row *row,
                             char out[TDM_ORACLE_LINE])
{
    char period[16];
    oracle_period_text(row->period, period);
    int used = snprintf(out, TDM_ORACLE_LINE, "%s\t%s\t%s\t%s\t", question->measure, period,
                        or_else(question->by, "total"), row->group);
    for (size_t i = 0; i < row->count; i++)
        used += print_figure(&row->figures[i], out + used, TDM_ORACLE_LINE - (size_t)used);
}

static void print_rows(FILE *out, const tdm_oracle *o, const tdm_oracle_question *question)
{
    tdm_oracle_measure_row *rows;
    size_t count;
    (void)tdm_oracle_measure(o, question, &rows, &count);
    for (size_t i = 0; i < count; i++) {
        char line[TDM_ORACLE_LINE];
        tdm_oracle_measure_text(question, &rows[i], line);
        (void)fprintf(out, "%s\n", line);
    }
    free(rows);
}

void tdm_oracle_measure_print(FILE *out, const tdm_oracle *o, const tdm_oracle_question *question)
{
    tdm_oracle_question one = *question;
    for (size_t at = 0; question->by == NULL; at++) {
        one.by = tdm_oracle_measure_word(question->measure, at);
        if (one.by == NULL)
            return;
        print_rows(out, o, &one);
    }
    print_rows(out, o, question);
}
