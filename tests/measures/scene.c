/* SPDX-License-Identifier: MPL-2.0
 *
 * scene.c: random histories in random orders and splits.
 */
#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORDERS 3

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

void scene_must(tdm_code code, const tdm_err *err)
{
    if (code != TDM_OK)
        fail_msg("%s: %s", tdm_code_word(code), err->what);
}

void scene_shuffle(tdm_span *events, size_t count, tdm_dice *dice)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)tdm_dice_roll(dice, i);
        tdm_span held = events[i - 1];
        events[i - 1] = events[other];
        events[other] = held;
    }
}

/* Applied whole, or filed in parts and judged in slices, as whoever is far behind does. */
static void apply(tdm_fold *fold, const tdm_ledger_entry *batch, size_t count, tdm_dice *dice)
{
    tdm_err err = { 0 };
    if (tdm_dice_chance(dice, 50)) {
        scene_must(tdm_fold_apply(fold, batch, count, &err), &err);
        return;
    }
    size_t first = (size_t)tdm_dice_roll(dice, count + 1);
    scene_must(tdm_fold_file(fold, batch, first, &err), &err);
    scene_must(tdm_fold_file(fold, batch + first, count - first, &err), &err);
    while (tdm_fold_judge(fold, 1 + (size_t)tdm_dice_roll(dice, 3), &err))
        assert_false(tdm_fold_is_settled(fold));
    scene_must(err.code, &err);
}

/* The events in the scene's order, in random splits, with refolding in between. */
tdm_fold *scene_fold(const scene *s, uint64_t seed)
{
    tdm_fold_options options = { .has_authority = s->has_authority, .authority = s->authority };
    tdm_dice dice = { seed };
    tdm_fold *fold = NULL;
    tdm_kv *memory = NULL;
    tdm_err err = { 0 };
    tdm_ledger_entry batch[16];
    scene_must(tdm_fold_open(&fold, &memory, &options, &err), &err);
    for (size_t at = 0; at < s->count;) {
        size_t size = 1 + (size_t)tdm_dice_roll(&dice, TDM_COUNT(batch)), taken = 0;
        for (; taken < size && at < s->count; taken++, at++)
            batch[taken] = (tdm_ledger_entry){ .position = at + 1,
                                               .received_ms = (int64_t)tdm_dice_roll(&dice, 1 << 30),
                                               .bytes = s->events[at] };
        apply(fold, batch, taken, &dice);
        if (tdm_dice_chance(&dice, 40))
            (void)tdm_fold_work(fold, 1 + (size_t)tdm_dice_roll(&dice, 5), &err);
    }
    while (tdm_fold_work(fold, 7, &err))
        scene_must(err.code, &err);
    assert_true(tdm_fold_is_settled(fold));
    return fold;
}

tdm_oracle *scene_oracle(const scene *s)
{
    tdm_oracle_options options = { s->has_authority, s->authority, s->faults };
    tdm_oracle *oracle = NULL;
    tdm_err err = { 0 };
    scene_must(tdm_oracle_open(&oracle, s->events, s->count, &options, &err), &err);
    return oracle;
}

/* Events are dropped, in ever smaller pieces, while the check still fails. */
static void shrink(scene *s, uint64_t seed, scene_check *check, FILE *nowhere)
{
    for (size_t piece = s->count / 2 + 1; piece > 0; piece /= 2) {
        for (size_t at = 0; at + piece <= s->count;) {
            scene less = *s;
            less.count -= piece;
            less.events = calloc(less.count + 1, sizeof(*less.events));
            assert_non_null(less.events);
            memcpy(less.events, s->events, at * sizeof(*s->events));
            memcpy(less.events + at, s->events + at + piece, (less.count - at) * sizeof(*s->events));
            if (check(&less, seed, nowhere)) {
                at += piece;
            } else {
                memcpy(s->events, less.events, less.count * sizeof(*s->events));
                s->count = less.count;
            }
            free(less.events);
        }
    }
}

static void print_event(tdm_span bytes)
{
    tdm_event event;
    tdm_buf line = { 0 };
    if (tdm_event_decode(bytes, &event, NULL) == TDM_OK && tdm_event_to_json(&event, &line, NULL) == TDM_OK)
        print_message("%.*s\n", (int)line.len, (const char *)line.data);
    tdm_buf_free(&line);
}

static void report(scene *s, uint64_t seed, uint64_t order, scene_check *check)
{
    char authority[2 * TDM_ID_BYTES + 1];
    FILE *nowhere = fopen("/dev/null", "w");
    assert_non_null(nowhere);
    shrink(s, order, check, nowhere);
    (void)fclose(nowhere);
    tdm_hex(authority, &s->authority, TDM_ID_BYTES);
    print_message("seed %llu, authority %s, %zu events in this order:\n", (unsigned long long)seed,
                  s->has_authority ? authority : "none", s->count);
    for (size_t i = 0; i < s->count; i++)
        print_event(s->events[i]);
    (void)check(s, order, stdout);
    (void)fflush(stdout);
}

scene scene_of(const tdm_history *history, uint64_t order)
{
    tdm_dice dice = { order };
    scene s = { .events = tdm_sheaf_spans(&history->sheaf),
                .count = history->sheaf.count,
                .has_authority = history->has_authority,
                .authority = history->authority,
                .today = history->today };
    if (order % ORDERS != 0)
        scene_shuffle(s.events, s.count, &dice);
    return s;
}

/* Checks every seed; a failing one is shrunk and told, and at most three are. */
void scene_check_seeds(scene_check *check)
{
    uint64_t first = number_from("TANDEM_FIRST_SEED", 1), seeds = number_from("TANDEM_SEEDS", 200);
    unsigned failed = 0;
    for (uint64_t seed = first; seed < first + seeds && failed < 3; seed++) {
        tdm_history history;
        tdm_history_make(&history, seed);
        scene s = scene_of(&history, seed);
        if (!check(&s, seed, stdout)) {
            report(&s, seed, seed, check);
            failed++;
        }
        free(s.events);
        tdm_history_free(&history);
    }
    assert_int_equal(failed, 0);
}

void scene_check_control(scene_check *check, tdm_oracle_faults faults)
{
    FILE *nowhere = fopen("/dev/null", "w");
    bool noticed = false;
    assert_non_null(nowhere);
    for (uint64_t seed = 1; seed <= 300 && !noticed; seed++) {
        tdm_history history;
        tdm_history_make(&history, seed);
        scene s = scene_of(&history, seed);
        s.faults = faults;
        noticed = !check(&s, seed, nowhere);
        free(s.events);
        tdm_history_free(&history);
    }
    (void)fclose(nowhere);
    assert_true(noticed);
}
