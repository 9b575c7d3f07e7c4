/* SPDX-License-Identifier: MPL-2.0
 *
 * oracle_test.c: the level by the engine against the naive oracle, over random histories (scene.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scene.h"

#define QUESTIONS (3 * 6 * 4 * 2)

static tdm_level_question question_at(const scene *s, unsigned at)
{
    tdm_level_question question = { .as_of = s->today };
    question.period_kind = (tdm_period_kind)(at % 3);
    question.by = (tdm_dimension)(at / 3 % 6);
    question.weight = (tdm_weight)(at / 18 % 4);
    question.planned = at / 72 % 2 != 0;
    question.has_year = at % 5 == 4;
    question.year = 2017;
    return question;
}

/* What is undefined may hold anything; the oracle has 0 there. */
static tdm_level_row with_undefined_as_zero(const tdm_level_row *row)
{
    tdm_level_row plain = *row;
    if (!row->level_defined) {
        memset(plain.level, 0, sizeof(plain.level));
        plain.gap = 0;
    }
    if (!row->median_days_defined)
        plain.median_days = 0;
    if (!row->published)
        plain.published_level = plain.revision = 0;
    return plain;
}

/* Says on out which field differs; true if none does. */
static bool rows_agree(const tdm_level_row *answer, const tdm_oracle_row *oracle, FILE *out)
{
    const tdm_level_row plain = with_undefined_as_zero(answer), *engine = &plain;
    bool agree = true;
    if (engine->period.number != oracle->period.number
        || !tdm_span_equal(tdm_span_text(engine->group), oracle->group)) {
        (void)fprintf(out, "  engine has period %d group \"%s\", oracle period %d group \"%.*s\"\n",
                      engine->period.number, engine->group, oracle->period.number, (int)oracle->group.len,
                      (const char *)oracle->group.data);
        return false;
    }
#define X(field)                                                                                             \
    if ((int64_t)engine->field != oracle->field) {                                                           \
        (void)fprintf(out, "  period %d group \"%s\" " #field ": engine %lld, oracle %lld\n",                \
                      engine->period.number, engine->group, (long long)engine->field,                        \
                      (long long)oracle->field);                                                             \
        agree = false;                                                                                       \
    }
    TDM_ORACLE_ROW_FIELDS(X)
#undef X
    return agree;
}

static bool answers_agree(tdm_fold *fold, const tdm_oracle *oracle, const tdm_level_question *question,
                          FILE *out)
{
    tdm_level_answer answer = { 0 };
    tdm_oracle_row *rows;
    size_t count;
    tdm_err err = { 0 };
    scene_must(tdm_fold_level(fold, question, &answer, &err), &err);
    tdm_oracle_level(oracle, question, &rows, &count);
    bool agree = answer.count == count && answer.complete;
    if (!agree)
        (void)fprintf(out, "  engine %zu rows (%s), oracle %zu\n", answer.count,
                      answer.complete ? "complete" : "incomplete", count);
    for (size_t i = 0; i < count && i < answer.count; i++)
        agree = rows_agree(&answer.rows[i], &rows[i], out) && agree;
    if (!agree)
        (void)fprintf(out, "  in the question: period kind %d by %d weight %d planned %d year %d as of %d\n",
                      question->period_kind, question->by, question->weight, question->planned,
                      question->has_year ? question->year : 0, question->as_of);
    free(rows);
    tdm_level_answer_free(&answer);
    return agree;
}

/* Every question, to the first whose answers differ. */
static bool scene_agrees(const scene *s, uint64_t seed, FILE *out)
{
    tdm_fold *fold = scene_fold(s, seed);
    tdm_oracle *oracle = scene_oracle(s);
    bool agree = true;
    for (unsigned at = 0; at < QUESTIONS && agree; at++) {
        tdm_level_question question = question_at(s, at);
        agree = answers_agree(fold, oracle, &question, out);
    }
    tdm_oracle_close(&oracle);
    tdm_fold_close(&fold);
    return agree;
}

static tdm_digest hash_of(const scene *s, uint64_t seed)
{
    tdm_digest digest;
    tdm_err err = { 0 };
    tdm_fold *fold = scene_fold(s, seed);
    scene_must(tdm_fold_state_hash(fold, &digest, &err), &err);
    tdm_fold_close(&fold);
    return digest;
}

/* The order of the scene against another. */
static bool orders_agree(const scene *s, uint64_t seed, FILE *out)
{
    scene other = *s;
    tdm_dice dice = { seed };
    other.events = calloc(s->count + 1, sizeof(*other.events));
    assert_non_null(other.events);
    memcpy(other.events, s->events, s->count * sizeof(*s->events));
    scene_shuffle(other.events, s->count, &dice);
    tdm_digest a = hash_of(s, seed + 1), b = hash_of(&other, seed + 2);
    bool agree = tdm_digest_equal(&a, &b);
    if (!agree)
        (void)fprintf(out, "  the state hash depends on the order of arrival\n");
    free(other.events);
    return agree;
}

static void check_rows(void **state)
{
    (void)state;
    scene_check_seeds(scene_agrees);
}

static void check_orders(void **state)
{
    (void)state;
    scene_check_seeds(orders_agree);
}

/* A rule broken on purpose, in the oracle, that some history must bring to light. */
typedef struct control {
    const char *name;
    tdm_oracle_faults faults;
} control;

static const control CONTROLS[] = {
    { "records that imply no link are noticed", { .no_implied_links = true } },
    { "disputes ignored are noticed", { .disputes_ignored = true } },
    { "confirmations of anything are noticed", { .any_digest_confirms = true } },
    { "matches ignored are noticed", { .matches_ignored = true } },
    { "successions ignored are noticed", { .succession_ignored = true } },
};

static void check_control(void **state)
{
    const control *row = *state;
    scene_check_control(scene_agrees, row->faults);
}

int main(void)
{
    struct CMUnitTest tests[2 + TDM_COUNT(CONTROLS)] = {
        { "engine and oracle give the same rows for every question", check_rows, NULL, NULL, NULL },
        { "any order and split of the same events gives the same state hash", check_orders, NULL, NULL,
          NULL },
    };
    for (size_t i = 0; i < TDM_COUNT(CONTROLS); i++)
        tests[2 + i] =
            (struct CMUnitTest){ CONTROLS[i].name, check_control, NULL, NULL, (void *)&CONTROLS[i] };
    return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
