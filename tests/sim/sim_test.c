/* SPDX-License-Identifier: MPL-2.0
 *
 * sim_test.c: many seeded worlds in which nothing that was acknowledged may be lost or doubled, and the same
 * worlds with a fault put in, which must be caught.
 *
 *   sim_test [--only PATTERN]    the ordinary suite
 *   sim_test --seeds N [--from F] a campaign over seeds F.. (1..)
 *   sim_test --seed N [--story honest|clone|restored]   one seed, with every note
 */
#include "sim.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SUITE_SEEDS 200
#define STORY_SEEDS 40
#define CONTROL_SEEDS 200
#define STEPS 700

/* The fault "fork check off": every comparison of heads says yes. */
static bool fork_check_is_off;
bool __real_link_head_is(tdm_link *link, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                         const tdm_digest *head);
bool __wrap_link_head_is(tdm_link *link, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                         const tdm_digest *head);
bool __wrap_link_head_is(tdm_link *link, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                         const tdm_digest *head)
{
    return fork_check_is_off || __real_link_head_is(link, origin, incarnation, last, head);
}

static const char *const STORIES[] = { "honest", "clone", "restored" };

static void tell(const sim_options *options, const sim_result *result)
{
    fprintf(stderr,
            "seed %" PRIu64 " story %s: %s; frames %" PRIu64 " crashes %" PRIu64 " acked %" PRIu64
            " forks %" PRIu64 " trace %016" PRIx64 "\n",
            options->seed, STORIES[options->story], result->went_well ? "well" : result->failure,
            result->frames, result->crashes, result->acked, result->forks, result->trace);
}

/* False at the first seed that fails; it is printed to be run again. */
static bool run_seeds(sim_story story, uint64_t from, uint64_t count)
{
    uint64_t frames = 0, crashes = 0, acked = 0;
    for (uint64_t seed = from; seed < from + count; seed++) {
        sim_options options = { .seed = seed, .steps = STEPS, .story = story };
        sim_result result;
        sim_run(&options, &result);
        frames += result.frames;
        crashes += result.crashes;
        acked += result.acked;
        if (!result.went_well) {
            tell(&options, &result);
            return false;
        }
    }
    printf("%s: seeds %" PRIu64 "..%" PRIu64 ", %" PRIu64 " frames, %" PRIu64 " crashes, %" PRIu64
           " events\n",
           STORIES[story], from, from + count - 1, frames, crashes, acked);
    return true;
}

typedef struct story_row {
    const char *name;
    sim_story story;
    uint64_t seeds;
} story_row;

static const story_row STORY_ROWS[] = {
    { "nothing acknowledged is lost or doubled in 200 troubled worlds", SIM_HONEST, SUITE_SEEDS },
    { "a clone is noticed before differing content is acknowledged", SIM_CLONE, STORY_SEEDS },
    { "a restored backup is noticed before differing content is acknowledged", SIM_RESTORED, STORY_SEEDS },
};

static void check_story(void **state)
{
    const story_row *row = *state;
    assert_true(run_seeds(row->story, 1, row->seeds));
}

typedef struct control_row {
    const char *name;
    sim_story story;
    station_faults faults;
    bool fork_check_off;
} control_row;

static const control_row CONTROL_ROWS[] = {
    { "control: acknowledging before the commit is caught", SIM_HONEST, { .ack_first = true }, false },
    { "control: never sending again is caught", SIM_HONEST, { .resend_off = true }, false },
    { "control: counting what is held already is caught", SIM_HONEST, { .dedup_off = true }, false },
    { "control: a clone with the fork check off is caught", SIM_CLONE, { 0 }, true },
    { "control: a restored backup with the fork check off is caught", SIM_RESTORED, { 0 }, true },
};

static void check_control(void **state)
{
    const control_row *row = *state;
    bool caught = false;
    fork_check_is_off = row->fork_check_off;
    for (uint64_t seed = 1; seed <= CONTROL_SEEDS && !caught; seed++) {
        sim_options options = { .seed = seed, .steps = STEPS, .story = row->story, .faults = row->faults };
        sim_result result;
        sim_run(&options, &result);
        caught = !result.went_well;
        if (caught)
            printf("caught at seed %" PRIu64 ": %s\n", seed, result.failure);
    }
    fork_check_is_off = false;
    assert_true(caught);
}

static void check_same_trace(void **state)
{
    (void)state;
    sim_options options = { .seed = 11, .steps = STEPS };
    sim_result first, second;
    sim_run(&options, &first);
    sim_run(&options, &second);
    assert_true(first.trace == second.trace && first.frames == second.frames && first.frames > 100);
}

static int run_suite(void)
{
    struct CMUnitTest tests[TDM_COUNT(STORY_ROWS) + TDM_COUNT(CONTROL_ROWS) + 1];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(STORY_ROWS); i++)
        tests[count++] = (struct CMUnitTest){ STORY_ROWS[i].name, check_story, NULL, NULL,
                                              (void *)(uintptr_t)&STORY_ROWS[i] };
    for (size_t i = 0; i < TDM_COUNT(CONTROL_ROWS); i++)
        tests[count++] = (struct CMUnitTest){ CONTROL_ROWS[i].name, check_control, NULL, NULL,
                                              (void *)(uintptr_t)&CONTROL_ROWS[i] };
    tests[count++] =
        (struct CMUnitTest){ "the same seed gives the same run", check_same_trace, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}

static const char *option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

static sim_story story_named(const char *name)
{
    for (size_t i = 0; name != NULL && i < TDM_COUNT(STORIES); i++)
        if (strcmp(STORIES[i], name) == 0)
            return (sim_story)i;
    return SIM_HONEST;
}

int main(int argc, char **argv)
{
    const char *seed = option(argc, argv, "--seed");
    const char *seeds = option(argc, argv, "--seeds");
    const char *from = option(argc, argv, "--from");
    sim_story story = story_named(option(argc, argv, "--story"));
    if (seeds != NULL)
        return run_seeds(story, from == NULL ? 1 : strtoull(from, NULL, 10), strtoull(seeds, NULL, 10)) ? 0
                                                                                                        : 1;
    if (option(argc, argv, "--only") != NULL)
        cmocka_set_test_filter(option(argc, argv, "--only"));
    if (seed == NULL)
        return run_suite();
    sim_options options = { .seed = strtoull(seed, NULL, 10), .steps = STEPS, .story = story, .loud = true };
    sim_result result;
    sim_run(&options, &result);
    tell(&options, &result);
    return result.went_well ? 0 : 1;
}
