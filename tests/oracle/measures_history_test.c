/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_history_test.c: the random histories come to every figure of every measure, and no figure depends
 * on order or repeats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "history.h"
#include "measures.h"
#include "parts.h"

#define SEEDS 200

static tdm_oracle *oracle_of(const tdm_history *history, const tdm_span *events, size_t count)
{
    tdm_oracle_options options = { .has_authority = history->has_authority, .authority = history->authority };
    tdm_oracle *oracle = NULL;
    assert_int_equal(tdm_oracle_open(&oracle, events, count, &options, NULL), TDM_OK);
    return oracle;
}

/* Every measure by every breakdown, for years, with lines by luck of the seed. */
static char *figures_of(const tdm_oracle *oracle, const tdm_history *history, int line)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    for (size_t i = 0; tdm_oracle_measure_id(i) != NULL; i++) {
        tdm_oracle_question question = { .measure = tdm_oracle_measure_id(i),
                                         .line = line,
                                         .as_of = history->today };
        tdm_oracle_measure_print(out, oracle, &question);
    }
    (void)fclose(out);
    return text;
}

/* ---- a figure of a measure by a breakdown, and in how many rows it is defined and not nought */
typedef struct figure {
    char key[96];
    int rows;
} figure;

typedef struct figures {
    figure *list;
    size_t count;
} figures;

static void note(figures *all, const char *measure, const char *by, const tdm_oracle_figure *seen)
{
    char key[96];
    (void)snprintf(key, sizeof(key), "%s %s %s", measure, by, seen->name);
    bool says = seen->defined && (seen->shape == TDM_SHAPE_WORD || seen->number != 0 || seen->real != 0);
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->list[i].key, key) != 0)
            continue;
        all->list[i].rows += says;
        return;
    }
    figure fresh = { .rows = says };
    (void)snprintf(fresh.key, sizeof(fresh.key), "%s", key);
    ORACLE_PUSH(all->list, all->count, fresh);
}

static void note_measure(figures *all, const tdm_oracle *oracle, tdm_oracle_question *question)
{
    /* Histories count staff above all. */
    question->indicator = strcmp(question->measure, "S10") == 0 ? "workforce" : NULL;
    for (size_t at = 0; (question->by = tdm_oracle_measure_word(question->measure, at)) != NULL; at++) {
        tdm_oracle_measure_row *rows;
        size_t count;
        assert_true(tdm_oracle_measure(oracle, question, &rows, &count));
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < rows[i].count; k++)
                note(all, question->measure, question->by, &rows[i].figures[k]);
        free(rows);
    }
}

/* Where a breakdown has nothing to say of a column. */
static bool is_silent(const char *key)
{
    static const char *const SILENT[] = {
        "C8 * published",
        "C8 * revision",
        "C8 * completeness",
        "N1 * oversize",
        "N8 organisation pairs",
        "N8 organisation both_ways",
        "N8 organisation reciprocity",
        "R1 total ratio",
        "R1 total difference",
        "R1 total low",
        "R1 total high",
        "R1 organisation ratio",
        "R1 organisation difference",
        "R1 organisation low",
        "R1 organisation high",
        "R1 sector ratio",
        "R1 sector difference",
        "R1 sector low",
        "R1 sector high",
        "R1 region ratio",
        "R1 region difference",
        "R1 region low",
        "R1 region high",
        "R7 reason places",
        "R7 reason applicants",
        "R7 reason capacity",
        "R7 reason unmet",
        "R7 reason median_days",
        "L1 * conversion",
        "L1 * median_days",
        "L1 * backwards",
        "L1 stage launched",
        "L1 stage yield",
        "L1 stage faculty",
        "L1 stage active",
        "L1 stage active_share",
        "L1 stage cascade",
        "L6 locality_pair criteria",
        "L6 locality_pair met",
        "L6 locality_pair designed",
        "L6 locality_pair actions",
        "L6 locality_pair done",
        "L6 locality_pair kept",
        "L6 locality_pair across",
        "L7 * units",
        "L7 * hours",
        "L7 aim needs",
        "L7 aim answered",
        "L8 kind adopted_by_others",
    };
    for (size_t i = 0; i < TDM_COUNT(SILENT); i++) {
        const char *star = strstr(SILENT[i], " * ");
        size_t head = star != NULL ? (size_t)(star - SILENT[i]) + 1 : strlen(SILENT[i]) + 1;
        const char *tail = star != NULL ? star + 2 : "";
        if (strncmp(SILENT[i], key, head) == 0 && strcmp(key + strlen(key) - strlen(tail), tail) == 0)
            return true;
    }
    return false;
}

static void check_reach(void **state)
{
    (void)state;
    figures all = { NULL, 0 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        tdm_history history;
        tdm_history_make(&history, seed);
        tdm_span *events = tdm_sheaf_spans(&history.sheaf);
        tdm_oracle *oracle = oracle_of(&history, events, history.sheaf.count);
        for (size_t i = 0; tdm_oracle_measure_id(i) != NULL; i++) {
            tdm_oracle_question question = { .measure = tdm_oracle_measure_id(i), .as_of = history.today };
            note_measure(&all, oracle, &question);
        }
        tdm_oracle_close(&oracle);
        free(events);
        tdm_history_free(&history);
    }
    bool reached = true;
    for (size_t i = 0; i < all.count; i++) {
        if (all.list[i].rows > 0 || is_silent(all.list[i].key))
            continue;
        print_message("no row says %s\n", all.list[i].key);
        reached = false;
    }
    free(all.list);
    assert_true(reached);
}

/* The same events backwards, and every third of them twice. */
static tdm_span *backwards_with_repeats(const tdm_span *events, size_t count, size_t *out_count)
{
    tdm_span *out = NULL;
    *out_count = 0;
    for (size_t i = count; i > 0; i--) {
        ORACLE_PUSH(out, *out_count, events[i - 1]);
        if (i % 3 == 0)
            ORACLE_PUSH(out, *out_count, events[i - 1]);
    }
    return out;
}

static void check_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS / 4; seed++) {
        tdm_history history;
        size_t count;
        tdm_history_make(&history, seed);
        tdm_span *events = tdm_sheaf_spans(&history.sheaf);
        tdm_span *others = backwards_with_repeats(events, history.sheaf.count, &count);
        tdm_oracle *a = oracle_of(&history, events, history.sheaf.count);
        tdm_oracle *b = oracle_of(&history, others, count);
        char *ours = figures_of(a, &history, (int)(seed % 3)),
             *theirs = figures_of(b, &history, (int)(seed % 3));
        assert_string_equal(ours, theirs);
        free(ours);
        free(theirs);
        tdm_oracle_close(&a);
        tdm_oracle_close(&b);
        free(events);
        free(others);
        tdm_history_free(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "every figure of every measure is said by some history", check_reach, NULL, NULL, NULL },
        { "order and repeats change no figure", check_order, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("measures of histories", tests, NULL, NULL);
}
