/* SPDX-License-Identifier: MPL-2.0
 *
 * link_test.c: what a link does, one sentence each: two machines, a pipe, a clock that the test moves.
 */
#include "rig.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define IDLE_LINK_BYTES (24 * 1024)

static uint64_t held_at_hub(const rig *r)
{
    return station_tip(&r->hub, &r->node.origin, r->node.incarnation, NULL);
}

static void assert_refused(rig *r, const rig_pipe *pipe, tdm_refusal reason)
{
    const tdm_frame *frame = rig_peek(r, pipe, 0);
    assert_int_equal(frame->kind, TDM_FRAME_REFUSE);
    if (frame->refuse.reason != reason)
        fail_msg("refused as %s: %.*s", tdm_refusal_word(frame->refuse.reason), (int)frame->refuse.text.len,
                 (const char *)frame->refuse.text.data);
}

/* ---- the good way */

static void both_logs_arrive_whole(rig *r)
{
    station_append(&r->node, 7, 1);
    station_append(&r->hub, 3, 2);
    rig_open(r);
    tdm_digest here, there;
    uint64_t last = station_tip(&r->node, &r->node.origin, r->node.incarnation, &here);
    assert_int_equal(station_tip(&r->hub, &r->node.origin, r->node.incarnation, &there), last);
    assert_true(tdm_digest_equal(&here, &there));
    last = station_tip(&r->hub, &r->hub.origin, r->hub.incarnation, &here);
    assert_int_equal(station_tip(&r->node, &r->hub.origin, r->hub.incarnation, &there), last);
    assert_true(tdm_digest_equal(&here, &there));
    tdm_link_figures figures;
    tdm_link_figures_read(rig_node(r), &figures);
    assert_int_equal(figures.events_acked, 8);
    assert_int_equal(figures.events_in_flight, 0);
    tdm_link_figures_read(rig_hub(r), &figures);
    assert_int_equal(figures.peer_last, 8);
    assert_int_equal(figures.peer_held, 8);
}

static void what_is_appended_later_follows(rig *r)
{
    rig_open(r);
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 3);
    assert_int_equal(tdm_link_deadline(rig_node(r)), INT64_MAX);
}

static void an_ack_waits_for_the_commit(rig *r)
{
    rig_open(r);
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    while (rig_to_hub(r))
        continue;
    assert_int_equal(r->to_node.count, 0);
    station_commit(&r->hub);
    assert_int_equal(r->to_node.count, 0);
    assert_true(station_tell(&r->hub));
    assert_int_equal(rig_count(r, &r->to_node, TDM_FRAME_ACK), 1);
    assert_int_equal(r->frame.ack.up_to, 3);
}

/* ---- what is held already, and what does not follow */

static void held_events_are_acknowledged_again(rig *r)
{
    station_append(&r->node, 4, 1);
    rig_open(r);
    rig_make_events(r, &r->node, 1);
    rig_inject(r, rig_hub(r));
    assert_int_equal(rig_peek(r, &r->to_node, 0)->kind, TDM_FRAME_ACK);
    assert_int_equal(r->frame.ack.up_to, 5);
    assert_int_equal(r->hub.job_count, 0);
}

static void an_overlap_is_skipped_and_the_rest_kept(rig *r)
{
    rig_open(r);
    station_append(&r->node, 4, 1);
    rig_make_events(r, &r->node, 1);
    rig_inject(r, rig_hub(r));
    assert_int_equal(r->hub.job_count, 1);
    assert_int_equal(r->hub.jobs[0].runs[0].first, 2);
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 5);
}

static void a_doubled_frame_is_kept_once(rig *r)
{
    rig_open(r);
    station_append(&r->node, 4, 1);
    rig_make_events(r, &r->node, 2);
    rig_inject(r, rig_hub(r));
    rig_inject(r, rig_hub(r));
    assert_int_equal(r->hub.job_count, 1);
    assert_int_equal(tdm_link_state_of(rig_hub(r)), TDM_LINK_LIVE);
}

static void a_gap_is_refused_and_mended(rig *r)
{
    rig_open(r);
    station_append(&r->node, 2, 1);
    station_append(&r->node, 2, 2);
    rig_make_events(r, &r->node, 4);
    rig_inject(r, rig_hub(r));
    assert_refused(r, &r->to_node, TDM_REFUSAL_GAP);
    assert_int_equal(r->hub.job_count, 0);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_WAITING);
    rig_tick(r, rig_node(r));
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 5);
}

/* ---- seals and bytes */

typedef struct spoil_row {
    const char *name;
    void (*spoil)(rig *r);
    tdm_refusal reason;
} spoil_row;

static void no_seal(rig *r)
{
    r->frame.events.has_seal = false;
}

static void seal_of_other_bytes(rig *r)
{
    r->frame.events.seal.signature[5] ^= 1;
}

static void seal_by_a_stranger(rig *r)
{
    station stranger = r->node;
    tdm_digest head;
    tdm_seal_key_new(&stranger.seal_key);
    station_tip(&r->node, &r->node.origin, r->node.incarnation, &head);
    rig_seal(r, &stranger, &head);
}

static void seal_of_an_earlier_run(rig *r)
{
    r->frame.events.seal.last--;
}

static void changed_event(rig *r)
{
    r->bytes.data[r->bytes.len - 1] ^= 1; /* the number in the payload */
}

static void other_origin(rig *r)
{
    r->bytes.data[6] ^= 1;
}

static void a_byte_more(rig *r)
{
    tdm_buf_add(&r->bytes, "\xc0", 1);
    r->frame.events.packed = tdm_buf_span(&r->bytes);
}

static void a_byte_less(rig *r)
{
    r->frame.events.packed.len--;
}

static void a_run_too_long(rig *r)
{
    r->frame.events.lasts[0]++;
    r->frame.events.sender_last++;
    r->frame.events.seal.last++;
}

static void packed_unasked(rig *r)
{
    r->frame.events.packing = TDM_PACKING_ZSTD;
}

static const spoil_row SPOILS[] = {
    { "events without a seal are refused as bad-seal", no_seal, TDM_REFUSAL_BAD_SEAL },
    { "events with a damaged seal are refused as bad-seal", seal_of_other_bytes, TDM_REFUSAL_BAD_SEAL },
    { "events sealed by a stranger are refused as bad-seal", seal_by_a_stranger, TDM_REFUSAL_BAD_SEAL },
    { "a seal that closes an earlier run is refused as bad-seal", seal_of_an_earlier_run,
      TDM_REFUSAL_BAD_SEAL },
    { "a changed event is refused as bad-seal", changed_event, TDM_REFUSAL_BAD_SEAL },
    { "an event of another origin is refused as malformed", other_origin, TDM_REFUSAL_MALFORMED },
    { "bytes behind the last event are refused as malformed", a_byte_more, TDM_REFUSAL_MALFORMED },
    { "an event cut short is refused as malformed", a_byte_less, TDM_REFUSAL_MALFORMED },
    { "a run with fewer events than it says is refused as malformed", a_run_too_long, TDM_REFUSAL_MALFORMED },
    { "packing that was not offered is refused as malformed", packed_unasked, TDM_REFUSAL_MALFORMED },
};

static void check_spoilt(void **state)
{
    const spoil_row *row = *state;
    rig *r = rig_new();
    rig_open(r);
    station_append(&r->node, 3, 1);
    rig_make_events(r, &r->node, 2);
    row->spoil(r);
    rig_inject(r, rig_hub(r));
    assert_refused(r, &r->to_node, row->reason);
    assert_int_equal(r->hub.job_count, 0);
    rig_free(r);
}

/* ---- window */

static void a_frame_above_the_window_goes_alone(rig *r)
{
    rig_open(r);
    station_append(&r->node, 100, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    station_append(&r->node, 5, 2);
    tdm_link_more(rig_node(r), r->now_ms);
    assert_int_equal(rig_count(r, &r->to_hub, TDM_FRAME_EVENTS), 1);
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 106);
}

static void the_window_bounds_what_is_under_way(rig *r)
{
    rig_open(r);
    tdm_link_figures figures;
    for (uint64_t i = 0; i < 50; i++) {
        station_append(&r->node, 5, i);
        tdm_link_more(rig_node(r), r->now_ms);
    }
    tdm_link_figures_read(rig_node(r), &figures);
    assert_in_range(figures.events_in_flight, 1, 64);
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 251);
}

static void a_sender_that_ignores_the_window_is_refused(rig *r)
{
    rig_open(r);
    for (uint64_t i = 0; i < 14; i++) {
        station_append(&r->node, 5, i);
        rig_make_events(r, &r->node, 2 + 5 * i);
        rig_inject(r, rig_hub(r));
    }
    assert_refused(r, &r->to_node, TDM_REFUSAL_BUSY);
    assert_int_equal(r->hub.queued_events, 60);
}

/* ---- keeping */

static void acks_do_not_jump_a_batch(rig *r)
{
    rig_open(r);
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    station_append(&r->node, 2, 2);
    tdm_link_more(rig_node(r), r->now_ms);
    while (rig_to_hub(r))
        continue;
    assert_int_equal(r->hub.job_count, 2);
    uint64_t first = r->hub.jobs[0].token, second = r->hub.jobs[1].token;
    tdm_link_kept(rig_hub(r), second, TDM_OK, NULL, r->now_ms);
    assert_int_equal(r->to_node.count, 0);
    tdm_link_kept(rig_hub(r), first, TDM_EXISTS, NULL, r->now_ms);
    assert_int_equal(r->to_node.count, 1);
    assert_int_equal(rig_peek(r, &r->to_node, 0)->ack.up_to, 5);
}

typedef struct unkept_row {
    const char *name;
    tdm_code code;
    tdm_refusal reason;
    tdm_link_state then; /* of the node */
} unkept_row;

static const unkept_row UNKEPT[] = {
    { "a full store gives no ack, and the node waits", TDM_FULL, TDM_REFUSAL_BUSY, TDM_LINK_WAITING },
    { "a failing disk gives no ack, and the node waits", TDM_IO, TDM_REFUSAL_BUSY, TDM_LINK_WAITING },
    { "a gap found by the store gives no ack", TDM_INVALID, TDM_REFUSAL_GAP, TDM_LINK_WAITING },
    { "a conflict found by the store is a fork", TDM_CONFLICT, TDM_REFUSAL_FORK, TDM_LINK_STOPPED },
};

static void check_unkept(void **state)
{
    const unkept_row *row = *state;
    rig *r = rig_new();
    rig_open(r);
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    while (rig_to_hub(r))
        continue;
    tdm_link_kept(rig_hub(r), r->hub.jobs[0].token, row->code, NULL, r->now_ms);
    assert_int_equal(r->to_node.count, 1);
    assert_refused(r, &r->to_node, row->reason);
    rig_to_node(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), row->then);
    rig_free(r);
}

static void a_busy_store_is_asked_again(rig *r)
{
    rig_open(r);
    r->hub.keep_code = TDM_BUSY;
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_WAITING);
    int64_t wait = tdm_link_deadline(rig_node(r)) - r->now_ms;
    assert_int_equal(wait, 250);
    rig_tick(r, rig_node(r));
    rig_settle(r);
    assert_int_equal(tdm_link_deadline(rig_node(r)) - r->now_ms, 500);
    r->hub.keep_code = TDM_OK;
    rig_tick(r, rig_node(r));
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 3);
}

static void waits_double_up_to_the_most(rig *r)
{
    rig_open(r);
    r->hub.keep_code = TDM_BUSY;
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    rig_settle(r);
    for (int i = 0; i < 8; i++) {
        rig_tick(r, rig_node(r));
        rig_settle(r);
    }
    assert_int_equal(tdm_link_deadline(rig_node(r)) - r->now_ms, 4000);
}

/* ---- loss */

static void a_lost_ack_is_asked_for(rig *r)
{
    rig_open(r);
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    while (rig_to_hub(r))
        continue;
    station_commit(&r->hub);
    station_tell(&r->hub);
    rig_lose(&r->to_node);
    rig_tick(r, rig_node(r));
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_OPENING);
    rig_settle(r);
    tdm_link_figures figures;
    tdm_link_figures_read(rig_node(r), &figures);
    assert_int_equal(figures.events_acked, 3);
    assert_int_equal(station_tip(&r->hub, &r->node.origin, r->node.incarnation, NULL), 3);
}

static void lost_events_are_sent_again(rig *r)
{
    rig_open(r);
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    rig_lose(&r->to_hub);
    rig_tick(r, rig_node(r));
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 3);
}

static void lost_hub_events_are_sent_again(rig *r)
{
    rig_open(r);
    station_append(&r->hub, 2, 1);
    tdm_link_more(rig_hub(r), r->now_ms);
    rig_lose(&r->to_node);
    rig_tick(r, rig_hub(r));
    rig_settle(r);
    assert_int_equal(station_tip(&r->node, &r->hub.origin, r->hub.incarnation, NULL), 4);
}

static void a_lost_hello_is_said_again(rig *r)
{
    rig_connect(r);
    rig_lose(&r->to_hub);
    assert_true(rig_tick(r, rig_node(r)));
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_LIVE);
}

static void a_lost_fetch_is_noticed(rig *r)
{
    rig_connect(r);
    rig_to_hub(r);
    rig_to_node(r);
    rig_lose(&r->to_hub);
    station_append(&r->hub, 1, 1);
    assert_true(rig_tick(r, rig_node(r)));
    rig_settle(r);
    assert_int_equal(station_tip(&r->node, &r->hub.origin, r->hub.incarnation, NULL), 3);
}

static void a_lost_refusal_is_said_again(rig *r)
{
    rig_open(r);
    r->frame.kind = TDM_FRAME_FROM;
    r->frame.from.count = 0;
    rig_inject(r, rig_hub(r));
    assert_refused(r, &r->to_node, TDM_REFUSAL_UNEXPECTED);
    rig_lose(&r->to_node);
    rig_tick(r, rig_hub(r));
    assert_refused(r, &r->to_node, TDM_REFUSAL_UNEXPECTED);
    rig_settle(r);
    rig_tick(r, rig_node(r));
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_hub(r)), TDM_LINK_LIVE);
}

static void a_hub_that_forgot_is_greeted_again(rig *r)
{
    rig_open(r);
    tdm_link_options options = station_options(&r->hub, &r->node.origin);
    station_link(&r->hub, 0, &options);
    tdm_link_connected(rig_hub(r), r->now_ms);
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_WAITING);
    rig_tick(r, rig_node(r));
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 3);
}

static void a_new_session_ignores_the_old_ones_commits(rig *r)
{
    rig_open(r);
    station_append(&r->node, 2, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    while (rig_to_hub(r))
        continue;
    rig_disconnect(r);
    rig_connect(r);
    rig_to_hub(r);
    rig_lose(&r->to_node);
    station_commit(&r->hub);
    station_tell(&r->hub);
    assert_int_equal(r->to_node.count, 0);
    rig_tick(r, rig_node(r));
    rig_settle(r);
    assert_int_equal(held_at_hub(r), 3);
}

/* ---- size */

/* After a session with traffic, nothing is left but the machine. (Under the sanitizer mallinfo2 tells 0; the
 * machine's own block is measured then, too.) */
static void an_idle_link_is_small(rig *r)
{
    size_t before = mallinfo2().uordblks;
    tdm_link_destroy(&r->hub.ends[0].link);
    size_t without = mallinfo2().uordblks;
    tdm_link_options options = station_options(&r->hub, &r->node.origin);
    station_link(&r->hub, 0, &options);
    rig_open(r);
    assert_in_range(malloc_usable_size(rig_hub(r)), 1, IDLE_LINK_BYTES);
    assert_in_range(malloc_usable_size(rig_node(r)), 1, IDLE_LINK_BYTES);
    assert_in_range(before - without, 0, IDLE_LINK_BYTES);
    before = mallinfo2().uordblks;
    tdm_link_frame(rig_hub(r), TDM_SPAN_LITERAL("\x91\x07"), r->now_ms);
    rig_lose(&r->to_node);
    assert_in_range(mallinfo2().uordblks, 0, before);
}

typedef struct case_row {
    const char *name;
    void (*run)(rig *r);
} case_row;

#define CASE(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }
static const case_row CASES[] = {
    CASE(both_logs_arrive_whole),
    CASE(what_is_appended_later_follows),
    CASE(an_ack_waits_for_the_commit),
    CASE(held_events_are_acknowledged_again),
    CASE(an_overlap_is_skipped_and_the_rest_kept),
    CASE(a_doubled_frame_is_kept_once),
    CASE(a_gap_is_refused_and_mended),
    CASE(a_frame_above_the_window_goes_alone),
    CASE(the_window_bounds_what_is_under_way),
    CASE(a_sender_that_ignores_the_window_is_refused),
    CASE(acks_do_not_jump_a_batch),
    CASE(a_busy_store_is_asked_again),
    CASE(waits_double_up_to_the_most),
    CASE(a_lost_ack_is_asked_for),
    CASE(lost_events_are_sent_again),
    CASE(lost_hub_events_are_sent_again),
    CASE(a_lost_hello_is_said_again),
    CASE(a_lost_fetch_is_noticed),
    CASE(a_lost_refusal_is_said_again),
    CASE(a_hub_that_forgot_is_greeted_again),
    CASE(a_new_session_ignores_the_old_ones_commits),
    CASE(an_idle_link_is_small),
};

static void check_case(void **state)
{
    const case_row *row = *state;
    rig *r = rig_new();
    row->run(r);
    rig_free(r);
}

#define ADD(rows, check)                                                                                     \
    for (size_t i = 0; i < TDM_COUNT(rows); i++)                                                             \
        tests[count++] = (struct CMUnitTest)                                                                 \
        {                                                                                                    \
            rows[i].name, check, NULL, NULL, (void *)(uintptr_t)&rows[i]                                     \
        }

int main(int argc, char **argv)
{
    struct CMUnitTest tests[TDM_COUNT(CASES) + TDM_COUNT(SPOILS) + TDM_COUNT(UNKEPT)];
    size_t count = 0;
    ADD(CASES, check_case);
    ADD(SPOILS, check_spoilt);
    ADD(UNKEPT, check_unkept);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
