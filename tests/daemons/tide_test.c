/* SPDX-License-Identifier: MPL-2.0
 *
 * tide_test.c: the specification of tides: differences, from which the frontier comes back exactly.
 */
#include "core_world.h"
#include "tide.h"

#include "tandem/pack.h"

#include <stdlib.h>
#include <string.h>

/* The ledger's own tips, the hub's up to the tide: what a frontier must say. */
static void check_frontier(tdm_core *core, uint64_t incarnation, uint64_t sequence)
{
    tdm_frontier frontier;
    tdm_tip *tips;
    size_t count;
    assert_ok(tdm_frontier_of_tide(tdm_core_ledger(core), tdm_core_origin(core), incarnation, sequence,
                                   &frontier, err));
    assert_ok(tdm_ledger_tips(tdm_core_ledger(core), &tips, &count, err));
    assert_int_equal(frontier.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(tdm_id_equal(&frontier.entries[i].origin, &tips[i].origin));
        assert_int_equal(frontier.entries[i].incarnation, tips[i].incarnation);
        assert_int_equal(frontier.entries[i].sequence, tips[i].last);
        if (!tdm_id_equal(&tips[i].origin, tdm_core_origin(core)))
            assert_true(tdm_digest_equal(&frontier.entries[i].head, &tips[i].head));
    }
    tdm_frontier_free(&frontier);
    free(tips);
}

static uint64_t state_tide(fixture *f, bool always, tdm_code expected)
{
    uint64_t incarnation = 0;
    uint64_t sequence = 0;
    assert_code(expected,
                tdm_tide_state(f->core, WORLD_NOW, always, &incarnation, &sequence, &(tdm_err){ 0 }));
    assert_int_equal(incarnation, tdm_core_incarnation(f->core));
    check_frontier(f->core, incarnation, sequence);
    return sequence;
}

typedef struct tide_content {
    uint32_t entries;
    bool more;
} tide_content;

static tide_content read_tide(fixture *f, uint64_t sequence)
{
    uint64_t position;
    tdm_buf bytes = { 0 };
    tdm_event event;
    tdm_record record;
    assert_ok(tdm_ledger_event_find(tdm_core_ledger(f->core), tdm_core_origin(f->core),
                                    tdm_core_incarnation(f->core), sequence, &position, err));
    assert_ok(tdm_ledger_event_at(tdm_core_ledger(f->core), position, &bytes, err));
    assert_ok(tdm_event_decode(tdm_buf_span(&bytes), &event, err));
    assert_int_equal(event.type, TDM_TYPE_TIDE);
    assert_ok(tdm_record_decode(event.type, event.payload, &record, err));
    tdm_cursor cursor = tdm_cursor_over(record.values[TDM_TIDE_ENTRIES].bytes);
    tide_content content = { tdm_cursor_array(&cursor), record.values[TDM_TIDE_MORE].number != 0 };
    tdm_buf_free(&bytes);
    return content;
}

static void keep_next(fixture *f, log_maker *log)
{
    made_batch made;
    batch_make(&made, log, 1, 2, 0);
    assert_code(TDM_OK, keep_one(f, &made));
    batch_free(&made);
}

static void first_tide_names_all(fixture *f)
{
    log_maker logs[3];
    for (size_t i = 0; i < TDM_COUNT(logs); i++) {
        log_maker_init(&logs[i]);
        keep_next(f, &logs[i]);
    }
    assert_int_equal(read_tide(f, state_tide(f, false, TDM_OK)).entries, 4);
}

static void quiet_hub_states_none(fixture *f)
{
    uint64_t first = state_tide(f, false, TDM_OK);
    assert_int_equal(state_tide(f, false, TDM_EXISTS), first);
    assert_int_equal(own_last(f->core), first);
}

static void wanted_tide_is_stated(fixture *f)
{
    uint64_t first = state_tide(f, false, TDM_OK);
    uint64_t second = state_tide(f, true, TDM_OK);
    assert_int_equal(second, first + 1);
    assert_int_equal(read_tide(f, second).entries, 0);
    assert_int_equal(state_tide(f, false, TDM_EXISTS), second);
}

static void later_tide_names_what_moved(fixture *f)
{
    log_maker logs[3];
    for (size_t i = 0; i < TDM_COUNT(logs); i++) {
        log_maker_init(&logs[i]);
        keep_next(f, &logs[i]);
    }
    state_tide(f, false, TDM_OK);
    keep_next(f, &logs[1]);
    assert_int_equal(read_tide(f, state_tide(f, false, TDM_OK)).entries, 1);
}

static void own_facts_make_a_tide(fixture *f)
{
    tdm_stated stated;
    state_tide(f, false, TDM_OK);
    assert_code(TDM_OK, state_some(f->core, 1, 2, &stated));
    assert_int_equal(read_tide(f, state_tide(f, false, TDM_OK)).entries, 1);
}

static void tides_go_on_after_reopening(fixture *f)
{
    uint64_t first = state_tide(f, false, TDM_OK);
    fixture_reopen(f, true);
    assert_int_equal(state_tide(f, false, TDM_EXISTS), first);
}

/* As a crash leaves it that strikes after the tide's commit and before the note of it. */
static void forgotten_note_restates(fixture *f)
{
    log_maker log;
    log_maker_init(&log);
    keep_next(f, &log);
    uint64_t first = state_tide(f, false, TDM_OK);
    assert_ok(tdm_core_local_put(f->core, "tide/stated", (tdm_span){ 0 }, err));
    uint64_t second = state_tide(f, false, TDM_OK);
    assert_int_equal(second, first + 1);
    assert_int_equal(read_tide(f, second).entries, 2);
}

static void many_logs_take_several_events(fixture *f)
{
    enum { LOGS = 250 };
    for (size_t i = 0; i < LOGS; i++) {
        log_maker log;
        log_maker_init(&log);
        keep_next(f, &log);
    }
    uint64_t last = state_tide(f, false, TDM_OK);
    tide_content third = read_tide(f, last);
    tide_content second = read_tide(f, last - 1);
    tide_content first = read_tide(f, last - 2);
    assert_int_equal(first.entries, 120);
    assert_int_equal(second.entries, 120);
    assert_int_equal(third.entries, LOGS + 1 - 240);
    assert_true(first.more && second.more && !third.more);
}

static const core_row ROWS[] = {
    { "the first tide names every log that is held", first_tide_names_all, true },
    { "a hub where nothing came states no tide and tells the last one", quiet_hub_states_none, true },
    { "a tide that is asked for is stated, and repeats nothing", wanted_tide_is_stated, true },
    { "a later tide names only what moved", later_tide_names_what_moved, true },
    { "the hub's own facts make a tide", own_facts_make_a_tide, true },
    { "a hub that opens again goes on from its last tide", tides_go_on_after_reopening, true },
    { "a tide whose note was lost is stated again, and less is never named", forgotten_note_restates, true },
    { "more than 120 logs take several events that belong together", many_logs_take_several_events, true },
};

int main(void)
{
    return core_suite("tides", ROWS, TDM_COUNT(ROWS));
}
