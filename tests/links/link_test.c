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

static tdm_refusal node_refusal(rig *r)
{
    tdm_link_figures figures;
    tdm_link_figures_read(rig_node(r), &figures);
    return figures.refusal;
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

/* ---- forks */

static void a_fork_is_set_aside_and_never_acknowledged(rig *r)
{
    rig_open(r);
    station other;
    station_clone(&other, &r->node, "copy", 1);
    station_append(&r->node, 3, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    rig_settle(r);
    station_append(&other, 3, 99);
    rig_make_events(r, &other, 2);
    rig_inject(r, rig_hub(r));
    assert_refused(r, &r->to_node, TDM_REFUSAL_FORK);
    assert_int_equal(rig_count(r, &r->to_node, TDM_FRAME_ACK), 0);
    assert_int_equal(r->hub.aside, 1);
    assert_int_equal(held_at_hub(r), 4);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
    station_close(&other);
}

static void other_run_boundaries_are_a_fork(rig *r)
{
    rig_open(r);
    station other;
    station_clone(&other, &r->node, "copy", 1);
    station_append(&r->node, 3, 1);
    tdm_link_more(rig_node(r), r->now_ms);
    rig_settle(r);
    station_append(&other, 2, 1);
    station_append(&other, 3, 1);
    rig_make_events(r, &other, 4);
    rig_inject(r, rig_hub(r));
    assert_refused(r, &r->to_node, TDM_REFUSAL_FORK);
    station_close(&other);
}

/* The node's machine now works for a store that was copied and went on differently. */
static void swap_store(rig *r, uint64_t keep, size_t more)
{
    station other;
    station_clone(&other, &r->node, "copy", keep);
    if (more > 0)
        station_append(&other, more, 99);
    tdm_ledger *was = r->node.ledger;
    r->node.ledger = other.ledger;
    other.ledger = was;
    station_close(&other);
}

static void a_clone_is_refused_at_hello(rig *r)
{
    station_append(&r->node, 3, 1);
    rig_open(r);
    rig_disconnect(r);
    swap_store(r, 1, 3);
    rig_connect(r);
    rig_to_hub(r);
    assert_refused(r, &r->to_node, TDM_REFUSAL_FORK);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
    assert_int_equal(node_refusal(r), TDM_REFUSAL_FORK);
    assert_int_equal(r->hub.job_count, 0);
}

static void a_clone_that_went_further_stops_itself(rig *r)
{
    station_append(&r->node, 3, 1);
    rig_open(r);
    rig_disconnect(r);
    swap_store(r, 1, 9);
    rig_connect(r);
    rig_to_hub(r);
    rig_to_node(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
    assert_int_equal(r->to_hub.count, 0);
    assert_true(r->node.forks > 0);
}

static void a_restored_store_stops_itself_and_says_nothing(rig *r)
{
    station_append(&r->node, 3, 1);
    rig_open(r);
    rig_disconnect(r);
    swap_store(r, 1, 0);
    rig_connect(r);
    rig_to_hub(r);
    rig_to_node(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
    assert_int_equal(r->to_hub.count, 0);
    rig_disconnect(r);
    rig_connect(r);
    assert_int_equal(r->to_hub.count, 0);
}

static void a_restored_hub_is_noticed(rig *r)
{
    rig_open(r);
    station_append(&r->hub, 4, 1);
    station old;
    station_clone(&old, &r->hub, "backup", 2);
    tdm_link_more(rig_hub(r), r->now_ms);
    rig_settle(r);
    rig_disconnect(r);
    tdm_ledger *was = r->hub.ledger;
    r->hub.ledger = old.ledger;
    rig_connect(r);
    rig_to_hub(r);
    assert_refused(r, &r->to_node, TDM_REFUSAL_FORK);
    r->hub.ledger = was;
    station_close(&old);
}

static void an_ack_of_another_history_stops_the_node(rig *r)
{
    rig_open(r);
    station_append(&r->node, 3, 1);
    r->frame.kind = TDM_FRAME_ACK;
    r->frame.ack.origin = r->node.origin;
    r->frame.ack.incarnation = r->node.incarnation;
    r->frame.ack.up_to = 4;
    memset(&r->frame.ack.head, 7, sizeof r->frame.ack.head);
    rig_inject(r, rig_node(r));
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
    assert_int_equal(node_refusal(r), TDM_REFUSAL_FORK);
}

static void nobody_else_writes_under_our_incarnation(rig *r)
{
    rig_open(r);
    station other;
    station_clone(&other, &r->hub, "copy", 2);
    station_append(&other, 3, 99);
    rig_make_events(r, &other, 3);
    rig_inject(r, rig_hub(r));
    assert_refused(r, &r->to_node, TDM_REFUSAL_FORK);
    assert_int_equal(station_tip(&r->hub, &r->hub.origin, r->hub.incarnation, NULL), 2);
    station_close(&other);
}

/* ---- who may speak */

static void another_origin_is_refused(rig *r)
{
    tdm_link_options options = station_options(&r->hub, &r->hub.origin);
    station_link(&r->hub, 0, &options);
    rig_connect(r);
    rig_to_hub(r);
    assert_refused(r, &r->to_node, TDM_REFUSAL_WRONG_ORIGIN);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
}

static void a_key_without_origin_is_not_enrolled(rig *r)
{
    tdm_link_options options = station_options(&r->hub, &r->node.origin);
    options.has_peer = false;
    station_link(&r->hub, 0, &options);
    rig_connect(r);
    rig_to_hub(r);
    assert_refused(r, &r->to_node, TDM_REFUSAL_NOT_ENROLLED);
}

static void another_version_is_refused(rig *r)
{
    tdm_link_connected(rig_hub(r), r->now_ms);
    static const uint8_t HELLO[] = { 0x93, 0x01, 0x02, 0xc0 };
    tdm_link_frame(rig_hub(r), (tdm_span){ HELLO, sizeof HELLO }, r->now_ms);
    assert_refused(r, &r->to_node, TDM_REFUSAL_VERSION);
}

static void another_hub_stops_the_node(rig *r)
{
    tdm_link_options options = station_options(&r->node, &r->node.origin);
    station_link(&r->node, 0, &options);
    rig_connect(r);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
    assert_int_equal(node_refusal(r), TDM_REFUSAL_WRONG_ORIGIN);
}

static void a_revoked_node_stops(rig *r)
{
    rig_open(r);
    tdm_link_refuse(rig_hub(r), TDM_REFUSAL_REVOKED, "the key was revoked", r->now_ms);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
    assert_int_equal(node_refusal(r), TDM_REFUSAL_REVOKED);
}

static void a_replaced_node_waits(rig *r)
{
    rig_open(r);
    tdm_link_refuse(rig_hub(r), TDM_REFUSAL_REPLACED, "connected again", r->now_ms);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_WAITING);
}

static void a_third_ones_log_is_not_served(rig *r)
{
    rig_open(r);
    r->frame.kind = TDM_FRAME_FETCH;
    r->frame.fetch.has_incarnation = false;
    r->frame.fetch.from = 1;
    memset(&r->frame.fetch.origin, 9, sizeof r->frame.fetch.origin);
    rig_inject(r, rig_hub(r));
    assert_refused(r, &r->to_node, TDM_REFUSAL_WRONG_ORIGIN);
}

static void a_node_gets_its_own_log_back(rig *r)
{
    station_append(&r->node, 3, 1);
    rig_open(r);
    r->frame.kind = TDM_FRAME_FETCH;
    r->frame.fetch.origin = r->node.origin;
    r->frame.fetch.has_incarnation = false;
    r->frame.fetch.from = 1;
    rig_inject(r, rig_hub(r));
    assert_int_equal(rig_count(r, &r->to_node, TDM_FRAME_FROM), 1);
    assert_int_equal(rig_count(r, &r->to_node, TDM_FRAME_EVENTS), 1);
    assert_int_equal(rig_peek(r, &r->to_node, 0)->events.lasts[r->frame.events.run_count - 1], 4);
}

static void unasked_events_are_refused_by_the_node(rig *r)
{
    rig_open(r);
    station_append(&r->node, 3, 1);
    rig_make_events(r, &r->node, 2);
    rig_inject(r, rig_node(r));
    assert_refused(r, &r->to_hub, TDM_REFUSAL_UNEXPECTED);
}

/* ---- enrolment */

static void link_enrolling(rig *r)
{
    tdm_link_options hub = station_options(&r->hub, &r->node.origin);
    tdm_link_options node = station_options(&r->node, &r->hub.origin);
    hub.enrolling = true;
    node.enrolling = true;
    node.seal_key = r->node.seal_key;
    memset(node.link_key, 5, sizeof node.link_key);
    station_link(&r->hub, 0, &hub);
    station_link(&r->node, 0, &node);
    rig_connect(r);
}

static void a_join_code_enrols(rig *r)
{
    link_enrolling(r);
    rig_to_hub(r);
    assert_true(r->hub.enrol_token != 0);
    const tdm_span codes[] = { TDM_SPAN_LITERAL("NHSX"), TDM_SPAN_LITERAL("ABC") };
    tdm_link_enrolled(rig_hub(r), r->hub.enrol_token, TDM_OK, codes, 2, NULL, r->now_ms);
    rig_to_node(r);
    assert_true(tdm_id_equal(&r->node.joined, &r->hub.origin));
    assert_int_equal(r->node.organisations, 2);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_DOWN);
}

static void a_used_join_code_stops_the_node(rig *r)
{
    link_enrolling(r);
    rig_to_hub(r);
    tdm_link_enrolled(rig_hub(r), r->hub.enrol_token, TDM_DENIED, NULL, 0, "the code was used", r->now_ms);
    assert_refused(r, &r->to_node, TDM_REFUSAL_ENROL_DENIED);
    rig_to_node(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
}

static void an_expired_join_code_is_denied_at_once(rig *r)
{
    link_enrolling(r);
    r->hub.enrol_code = TDM_DENIED;
    rig_to_hub(r);
    assert_refused(r, &r->to_node, TDM_REFUSAL_ENROL_DENIED);
}

static void a_busy_hub_is_asked_to_enrol_again(rig *r)
{
    link_enrolling(r);
    rig_to_hub(r);
    tdm_link_enrolled(rig_hub(r), r->hub.enrol_token, TDM_FULL, NULL, 0, NULL, r->now_ms);
    assert_refused(r, &r->to_node, TDM_REFUSAL_BUSY);
    rig_to_node(r);
    rig_tick(r, rig_node(r));
    assert_int_equal(rig_count(r, &r->to_hub, TDM_FRAME_ENROL), 1);
}

static void an_enrolment_by_another_key_is_denied(rig *r)
{
    link_enrolling(r);
    rig_peek(r, &r->to_hub, 0);
    r->frame.enrol.link_key[0] ^= 1;
    rig_inject(r, rig_hub(r));
    assert_refused(r, &r->to_node, TDM_REFUSAL_ENROL_DENIED);
    assert_int_equal(r->hub.enrol_token, 0);
}

static void a_join_code_serves_for_nothing_else(rig *r)
{
    link_enrolling(r);
    rig_lose(&r->to_hub);
    tdm_link_options options = station_options(&r->node, &r->hub.origin);
    station_link(&r->node, 0, &options);
    tdm_link_connected(rig_node(r), r->now_ms);
    rig_to_hub(r);
    assert_refused(r, &r->to_node, TDM_REFUSAL_NOT_ENROLLED);
}

/* ---- the feed */

/* Another node's log at the hub, with `count` events; every third is a notice. */
static void give_neighbour(rig *r, station *other, size_t count)
{
    station_open(other, "other", TDM_LINK_NODE, 3);
    station_admit(&r->hub, other);
    station_append(other, count, 5);
    tdm_link_options options = station_options(&r->hub, &other->origin);
    station_link(&r->hub, 1, &options);
    tdm_link_connected(r->hub.ends[1].link, r->now_ms);
    memset(&r->frame, 0, sizeof r->frame);
    r->frame.kind = TDM_FRAME_HELLO;
    r->frame.hello.version = TDM_LINK_VERSION;
    r->frame.hello.origin = other->origin;
    r->frame.hello.incarnation = other->incarnation;
    rig_inject(r, r->hub.ends[1].link);
    rig_make_events(r, other, 1);
    rig_inject(r, r->hub.ends[1].link);
    station_commit(&r->hub);
    while (station_tell(&r->hub))
        continue;
    rig_lose(&r->to_node);
}

static uint64_t cursor_of(rig *r)
{
    bool has_epoch;
    tdm_id epoch;
    uint64_t number;
    station_cursor(&r->node, &has_epoch, &epoch, &number);
    return number;
}

static void notices_reach_the_node(rig *r)
{
    station other;
    give_neighbour(r, &other, 29);
    rig_open(r);
    assert_int_equal(cursor_of(r), 10);
    station_close(&other);
}

static void the_feed_waits_for_the_hubs_log(rig *r)
{
    station other;
    give_neighbour(r, &other, 29);
    rig_connect(r);
    while (rig_to_hub(r) || rig_to_node(r))
        continue;
    assert_int_equal(r->node.job_count, 1); /* the hub's log is being kept: no notice yet */
    assert_int_equal(r->node.jobs[0].kind, JOB_BATCH);
    station_commit(&r->node);
    station_tell(&r->node);
    assert_true(rig_to_hub(r));
    assert_int_equal(rig_count(r, &r->to_node, TDM_FRAME_NOTICE), 1);
    rig_settle(r);
    assert_int_equal(cursor_of(r), 10);
    station_close(&other);
}

static void lost_notices_are_sent_again(rig *r)
{
    station other;
    give_neighbour(r, &other, 29);
    rig_connect(r);
    while (r->to_node.count == 0 || rig_peek(r, &r->to_node, 0)->kind != TDM_FRAME_NOTICE) {
        bool moved = rig_to_hub(r) || rig_to_node(r);
        station_commit(&r->node);
        assert_true(station_tell(&r->node) || moved);
    }
    rig_lose(&r->to_node);
    rig_settle(r);
    assert_int_equal(cursor_of(r), 0);
    assert_true(rig_tick(r, rig_hub(r)));
    rig_settle(r);
    assert_int_equal(cursor_of(r), 10);
    station_close(&other);
}

static void a_new_epoch_sends_all_again(rig *r)
{
    station other;
    give_neighbour(r, &other, 29);
    rig_open(r);
    rig_disconnect(r);
    tdm_link_options options = station_options(&r->hub, &r->node.origin);
    memset(&options.feed_epoch, 3, sizeof options.feed_epoch);
    station_link(&r->hub, 0, &options);
    rig_open(r);
    tdm_link_figures figures;
    tdm_link_figures_read(rig_hub(r), &figures);
    assert_int_equal(figures.feed_acked, 10);
    assert_int_equal(r->node.counted, 1 + 3 + 10); /* own, the hub's, notices: nothing twice */
    station_close(&other);
}

static void notices_that_skip_a_number_are_refused(rig *r)
{
    rig_open(r);
    memset(&r->frame, 0, sizeof r->frame);
    r->frame.kind = TDM_FRAME_NOTICE;
    r->frame.notice.epoch = *tdm_ledger_store_id(r->hub.ledger);
    r->frame.notice.count = 1;
    r->frame.notice.notices[0].number = 2;
    rig_inject(r, rig_node(r));
    assert_refused(r, &r->to_hub, TDM_REFUSAL_GAP);
}

static void a_notice_without_proof_is_refused(rig *r)
{
    rig_open(r);
    memset(&r->frame, 0, sizeof r->frame);
    r->frame.kind = TDM_FRAME_NOTICE;
    r->frame.notice.epoch = *tdm_ledger_store_id(r->hub.ledger);
    r->frame.notice.count = 1;
    r->frame.notice.notices[0].number = 1;
    rig_inject(r, rig_node(r));
    assert_refused(r, &r->to_hub, TDM_REFUSAL_MALFORMED);
    assert_int_equal(r->node.job_count, 0);
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
    CASE(a_fork_is_set_aside_and_never_acknowledged),
    CASE(other_run_boundaries_are_a_fork),
    CASE(a_clone_is_refused_at_hello),
    CASE(a_clone_that_went_further_stops_itself),
    CASE(a_restored_store_stops_itself_and_says_nothing),
    CASE(a_restored_hub_is_noticed),
    CASE(an_ack_of_another_history_stops_the_node),
    CASE(nobody_else_writes_under_our_incarnation),
    CASE(another_origin_is_refused),
    CASE(a_key_without_origin_is_not_enrolled),
    CASE(another_version_is_refused),
    CASE(another_hub_stops_the_node),
    CASE(a_revoked_node_stops),
    CASE(a_replaced_node_waits),
    CASE(a_third_ones_log_is_not_served),
    CASE(a_node_gets_its_own_log_back),
    CASE(unasked_events_are_refused_by_the_node),
    CASE(a_join_code_enrols),
    CASE(a_used_join_code_stops_the_node),
    CASE(an_expired_join_code_is_denied_at_once),
    CASE(a_busy_hub_is_asked_to_enrol_again),
    CASE(an_enrolment_by_another_key_is_denied),
    CASE(a_join_code_serves_for_nothing_else),
    CASE(notices_reach_the_node),
    CASE(the_feed_waits_for_the_hubs_log),
    CASE(lost_notices_are_sent_again),
    CASE(a_new_epoch_sends_all_again),
    CASE(notices_that_skip_a_number_are_refused),
    CASE(a_notice_without_proof_is_refused),
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
