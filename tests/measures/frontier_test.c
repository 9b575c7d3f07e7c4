/* SPDX-License-Identifier: MPL-2.0
 *
 * frontier_test.c: frontiers gathered from what logs reached, and what they cover.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frontier.h"

static tdm_id id_of(uint8_t number)
{
    tdm_id id = { { 0 } };
    id.bytes[0] = number;
    return id;
}

static void add(tdm_frontier_builder *builder, uint8_t origin, uint64_t incarnation, uint64_t sequence,
                uint8_t mark)
{
    tdm_id id = id_of(origin);
    tdm_digest head = { { 0 } };
    head.bytes[0] = mark;
    tdm_frontier_add(builder, &id, incarnation, sequence, mark == 0 ? NULL : &head);
}

/* Logs 2/5 up to 9, 1/7 up to 30, 1/3 up to 20: each given more than once, in no order. */
static tdm_frontier gathered(bool without_first)
{
    tdm_frontier_builder builder;
    tdm_frontier out;
    tdm_id first = id_of(1);
    tdm_frontier_builder_init(&builder);
    add(&builder, 2, 5, 9, 1);
    add(&builder, 1, 7, 30, 2);
    add(&builder, 2, 5, 9, 3);
    add(&builder, 1, 3, 10, 4);
    add(&builder, 1, 3, 20, 5);
    add(&builder, 1, 7, 29, 6);
    add(&builder, 1, 7, 30, 0);
    if (without_first)
        tdm_frontier_drop_origin(&builder, &first);
    tdm_frontier_build(&builder, &out);
    return out;
}

static void farthest_statement_of_each_log_stands(void **state)
{
    (void)state;
    static const struct {
        uint8_t origin, mark;
        uint64_t incarnation, sequence;
    } WANTED[] = { { 1, 5, 3, 20 }, { 1, 2, 7, 30 }, { 2, 1, 5, 9 } };
    tdm_frontier frontier = gathered(false);
    assert_int_equal(frontier.count, TDM_COUNT(WANTED));
    for (size_t i = 0; i < TDM_COUNT(WANTED); i++) {
        assert_int_equal(frontier.entries[i].origin.bytes[0], WANTED[i].origin);
        assert_int_equal(frontier.entries[i].incarnation, WANTED[i].incarnation);
        assert_int_equal(frontier.entries[i].sequence, WANTED[i].sequence);
        assert_int_equal(frontier.entries[i].head.bytes[0], WANTED[i].mark);
    }
    tdm_frontier_free(&frontier);
    assert_int_equal(frontier.count, 0);
}

static void origin_is_dropped_with_all_its_logs(void **state)
{
    (void)state;
    tdm_frontier frontier = gathered(true);
    assert_int_equal(frontier.count, 1);
    assert_int_equal(frontier.entries[0].origin.bytes[0], 2);
    tdm_frontier_free(&frontier);
}

static const struct cover_row {
    const char *name;
    uint8_t origin;
    uint64_t incarnation, sequence;
    bool covered;
} COVERS[] = {
    { "the first event of a log", 1, 3, 1, true },
    { "the last event that was named", 1, 3, 20, true },
    { "one event after it", 1, 3, 21, false },
    { "the later log of the same origin reaches farther", 1, 7, 30, true },
    { "no further than named", 1, 7, 31, false },
    { "a log between two that are named", 1, 5, 1, false },
    { "a log before all", 1, 2, 1, false },
    { "a log after all of its origin", 1, 8, 1, false },
    { "the last log", 2, 5, 9, true },
    { "an origin that was not named", 3, 5, 1, false },
};

static void check_cover(void **state)
{
    const struct cover_row *row = *state;
    tdm_frontier frontier = gathered(false);
    tdm_id origin = id_of(row->origin);
    assert_int_equal(tdm_frontier_covers(&frontier, &origin, row->incarnation, row->sequence), row->covered);
    tdm_frontier_free(&frontier);
}

static void nothing_covers_nothing(void **state)
{
    (void)state;
    tdm_frontier_builder builder;
    tdm_frontier frontier;
    tdm_id origin = id_of(1);
    tdm_frontier_builder_init(&builder);
    tdm_frontier_build(&builder, &frontier);
    assert_int_equal(frontier.count, 0);
    assert_false(tdm_frontier_covers(&frontier, &origin, 1, 1));
    tdm_frontier_free(&frontier);
}

int main(void)
{
    struct CMUnitTest tests[3 + TDM_COUNT(COVERS)] = {
        cmocka_unit_test(farthest_statement_of_each_log_stands),
        cmocka_unit_test(origin_is_dropped_with_all_its_logs),
        cmocka_unit_test(nothing_covers_nothing),
    };
    for (size_t i = 0; i < TDM_COUNT(COVERS); i++)
        tests[3 + i] = (struct CMUnitTest){ COVERS[i].name, check_cover, NULL, NULL, (void *)&COVERS[i] };
    return cmocka_run_group_tests_name("frontier", tests, NULL, NULL);
}
