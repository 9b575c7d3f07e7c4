/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_test.c: every measure by every breakdown and kind of period, by the engine against the naive
 * oracle, over random histories (scene.h). What else a question has (year, dimension, indicator, line,
 * planned) is rolled, twice for each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measures.h"
#include "scene.h"
#include "tandem/measure.h"

#define CLOSE 1e-9
#define NOUGHT 1e-12 /* nearer to nought than this is nought */

typedef struct comparing {
    tdm_fold *fold;
    const tdm_oracle *oracle;
    tdm_date as_of;
    tdm_dice dice;
    FILE *out;
} comparing;

/* ---- a question rolled */

typedef const char *const words[];

static const char *one_of(tdm_dice *dice, const char *const *list, size_t count)
{
    return list[tdm_dice_roll(dice, count)];
}

static const char *roll_dimension(tdm_dice *dice, const char *id)
{
    static words OF_PEOPLE = { "staff_group", "ethnicity", "locality", "total", "sex" };
    static words OF_MIXES = { "staff_group", "level" };
    static words OF_AIMS = { "objective", "framework", "method", "topic" };
    if (tdm_dice_chance(dice, 30))
        return NULL;
    if (id[0] == 'N')
        return one_of(dice, OF_MIXES, TDM_COUNT(OF_MIXES));
    if (id[0] == 'L')
        return one_of(dice, OF_AIMS, TDM_COUNT(OF_AIMS));
    return one_of(dice, OF_PEOPLE, TDM_COUNT(OF_PEOPLE));
}

static tdm_measure_question roll_question(comparing *with, const tdm_measure *measure,
                                          const tdm_breakdown_row *by, tdm_period_kind kind)
{
    static words INDICATORS = { "workforce", "workforce", "leaders", "population" };
    static words GROUPS = { "white", "bme", "unknown", "east", "north", "students", "medical_and_dental" };
    const tdm_measure_facts *facts = tdm_measure_read(measure);
    tdm_dice *dice = &with->dice;
    bool levels = facts->id[0] == 'C' && strlen(facts->id) == 2 && facts->id[1] < '9';
    tdm_measure_question question = {
        .measure = measure, .period_kind = kind, .by = by, .as_of = with->as_of
    };
    question.has_year = tdm_dice_chance(dice, 35);
    question.year = 2015 + (int32_t)tdm_dice_roll(dice, 4);
    question.line = (int)tdm_dice_roll(dice, TDM_LINES);
    question.planned =
        (levels || strcmp(facts->id, "S8") == 0 || strcmp(facts->id, "S9") == 0) && tdm_dice_chance(dice, 30);
    if (facts->dimension != NULL)
        question.dimension = roll_dimension(dice, facts->id);
    if (facts->indicator != NULL && tdm_dice_chance(dice, 40))
        question.indicator = one_of(dice, INDICATORS, TDM_COUNT(INDICATORS));
    if (strcmp(facts->id, "R5") == 0 && tdm_dice_chance(dice, 50)) {
        question.top = one_of(dice, GROUPS, TDM_COUNT(GROUPS));
        question.bottom = one_of(dice, GROUPS, TDM_COUNT(GROUPS));
    }
    return question;
}

static tdm_oracle_question same_question(const tdm_measure_question *question)
{
    return (tdm_oracle_question){ .measure = tdm_measure_read(question->measure)->id,
                                  .period_kind = question->period_kind,
                                  .has_year = question->has_year,
                                  .year = question->year,
                                  .by = question->by->word,
                                  .dimension = question->dimension,
                                  .indicator = question->indicator,
                                  .top = question->top,
                                  .bottom = question->bottom,
                                  .line = question->line,
                                  .planned = question->planned,
                                  .as_of = question->as_of };
}

/* ---- rows compared */

static bool is_close(double a, double b)
{
    return fabs(a - b) <= CLOSE * fmax(fabs(a), fabs(b)) + NOUGHT;
}

static bool same_figure(tdm_shape shape, const tdm_figure *ours, const tdm_oracle_figure *theirs)
{
    if (theirs == NULL || theirs->shape != shape || ours->defined != theirs->defined)
        return false;
    if (!ours->defined)
        return true;
    if (shape == TDM_SHAPE_REAL)
        return is_close(ours->real, theirs->real);
    if (shape == TDM_SHAPE_WORD)
        return strcmp(ours->word, theirs->word) == 0;
    return ours->number == theirs->number;
}

static void tell_question(const tdm_measure_question *q, FILE *out)
{
    (void)fprintf(out, "  %s by %s, kind %d, year %d, dimension %s, indicator %s, line %d, planned %d: ",
                  tdm_measure_read(q->measure)->id, q->by->word, (int)q->period_kind,
                  q->has_year ? (int)q->year : 0, q->dimension != NULL ? q->dimension : "-",
                  q->indicator != NULL ? q->indicator : "-", q->line, q->planned);
}

static void tell_figure(const char *who, tdm_shape shape, bool defined, int64_t number, double real,
                        FILE *out)
{
    if (!defined)
        (void)fprintf(out, " %s n/a", who);
    else if (shape == TDM_SHAPE_REAL)
        (void)fprintf(out, " %s %.12g", who, real);
    else
        (void)fprintf(out, " %s %lld", who, (long long)number);
}

static bool same_row(const tdm_measure_question *q, const tdm_measure_row *ours,
                     const tdm_oracle_measure_row *theirs, FILE *out)
{
    const tdm_measure_facts *facts = tdm_measure_read(q->measure);
    if (ours->period.number != theirs->period.number || strcmp(ours->group, theirs->group) != 0) {
        tell_question(q, out);
        (void)fprintf(out, "engine has period %d group '%s', oracle %d '%s'\n", (int)ours->period.number,
                      ours->group, (int)theirs->period.number, theirs->group);
        return false;
    }
    for (size_t i = 0; i < facts->column_count; i++) {
        const tdm_column_row *column = &facts->columns[i];
        const tdm_oracle_figure *theirs_is = tdm_oracle_figure_of(theirs, column->name);
        if (same_figure(column->shape, &ours->figures[i], theirs_is))
            continue;
        tell_question(q, out);
        (void)fprintf(out, "period %d group '%s' %s:", (int)ours->period.number, ours->group, column->name);
        tell_figure("engine", column->shape, ours->figures[i].defined, ours->figures[i].number,
                    ours->figures[i].real, out);
        if (theirs_is != NULL)
            tell_figure("oracle", theirs_is->shape, theirs_is->defined, theirs_is->number, theirs_is->real,
                        out);
        (void)fprintf(out, "%s\n", theirs_is == NULL ? " oracle has no such column" : "");
        return false;
    }
    return true;
}

static bool same_answer(comparing *with, const tdm_measure_question *question)
{
    tdm_oracle_question naive = same_question(question);
    tdm_measure_answer ours;
    tdm_oracle_measure_row *theirs;
    size_t count;
    tdm_err err = { 0 };
    scene_must(tdm_fold_measure(with->fold, question, &ours, &err), &err);
    bool same = tdm_oracle_measure(with->oracle, &naive, &theirs, &count);
    if (!same) {
        tell_question(question, with->out);
        (void)fprintf(with->out, "the oracle does not know it\n");
    }
    for (size_t i = 0; same && i < ours.count && i < count; i++)
        same = same_row(question, &ours.rows[i], &theirs[i], with->out);
    if (same && ours.count != count) {
        size_t at = ours.count < count ? ours.count : count;
        tell_question(question, with->out);
        (void)fprintf(with->out, "only %s has period %d group '%s'\n",
                      ours.count > count ? "engine" : "oracle",
                      (int)(ours.count > count ? ours.rows[at].period.number : theirs[at].period.number),
                      ours.count > count ? ours.rows[at].group : theirs[at].group);
        same = false;
    }
    tdm_measure_answer_free(&ours);
    free(theirs);
    return same;
}

/* By every breakdown, for every kind of period, twice. */
static bool measure_agrees(comparing *with, const tdm_measure *measure)
{
    enum { QUESTIONS = 2 * (TDM_PERIOD_MONTH + 1) };
    const tdm_measure_facts *facts = tdm_measure_read(measure);
    bool agree = true;
    for (size_t b = 0; b < facts->breakdown_count; b++)
        for (int i = 0; i < QUESTIONS; i++) {
            tdm_measure_question question =
                roll_question(with, measure, &facts->breakdowns[b], (tdm_period_kind)(i / 2));
            agree = same_answer(with, &question) && agree;
        }
    return agree;
}

static bool measures_agree(const scene *s, uint64_t seed, FILE *out)
{
    tdm_oracle *oracle = scene_oracle(s);
    comparing with = {
        .fold = scene_fold(s, seed), .oracle = oracle, .as_of = s->today, .dice = { seed }, .out = out
    };
    const tdm_measure *measure;
    bool agree = true;
    for (size_t m = 0; (measure = tdm_measure_at(m)) != NULL; m++)
        agree = measure_agrees(&with, measure) && agree;
    tdm_oracle_close(&oracle);
    tdm_fold_close(&with.fold);
    return agree;
}

static void check_measures(void **state)
{
    (void)state;
    scene_check_seeds(measures_agree);
}

/* A rule broken on purpose, in the oracle, that some history must bring to light. */
static void check_control(void **state)
{
    (void)state;
    scene_check_control(measures_agree, (tdm_oracle_faults){ .disputes_ignored = true });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "engine and oracle have the same figures", check_measures, NULL, NULL, NULL },
        { "disputes ignored are noticed in the figures", check_control, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("measures", tests, NULL, NULL);
}
