/* SPDX-License-Identifier: MPL-2.0
 *
 * trust_test.c: what a link does not let happen: second histories, strangers, join codes used twice, notices
 * that come too early or without proof.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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

/* ---- the hub's seal key is turned over */

/* The hub's log states the new key under the old one's seal, and goes on under the new one. */
static void turn_over(rig *r)
{
    station next = { .origin = r->hub.origin };
    tdm_seal_key_new(&next.seal_key);
    station_admit(&r->hub, &next);
    r->hub.old_key = r->hub.seal_key;
    r->hub.old_last = station_tip(&r->hub, &r->hub.origin, r->hub.incarnation, NULL);
    r->hub.seal_key = next.seal_key;
    station_append(&r->hub, 3, 7);
}

static void what_another_key_seals_waits_for_the_ack(rig *r)
{
    rig_open(r);
    turn_over(r);
    tdm_link_more(rig_hub(r), r->now_ms);
    assert_int_equal(rig_count(r, &r->to_node, TDM_FRAME_EVENTS), 1);
    assert_memory_equal(rig_peek(r, &r->to_node, 0)->events.seal.key, r->hub.old_key.public_key, 32);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_LIVE);
    assert_int_equal(node_refusal(r), 0);
    assert_int_equal(station_tip(&r->node, &r->hub.origin, r->hub.incarnation, NULL),
                     station_tip(&r->hub, &r->hub.origin, r->hub.incarnation, NULL));
}

/* Control: the key that is not known yet is believed by nobody. */
static void a_seal_before_its_key_is_refused(rig *r)
{
    rig_open(r);
    uint64_t held = station_tip(&r->node, &r->hub.origin, r->hub.incarnation, NULL);
    turn_over(r);
    rig_make_events(r, &r->hub, held + 1);
    rig_inject(r, rig_node(r));
    assert_refused(r, &r->to_hub, TDM_REFUSAL_BAD_SEAL);
    assert_int_equal(station_tip(&r->node, &r->hub.origin, r->hub.incarnation, NULL), held);
}

static void what_is_lost_at_the_turn_is_sent_again(rig *r)
{
    rig_open(r);
    turn_over(r);
    tdm_link_more(rig_hub(r), r->now_ms);
    rig_disconnect(r);
    rig_connect(r);
    rig_settle(r);
    assert_int_equal(node_refusal(r), 0);
    assert_int_equal(station_tip(&r->node, &r->hub.origin, r->hub.incarnation, NULL),
                     station_tip(&r->hub, &r->hub.origin, r->hub.incarnation, NULL));
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
    CASE(what_another_key_seals_waits_for_the_ack),
    CASE(a_seal_before_its_key_is_refused),
    CASE(what_is_lost_at_the_turn_is_sent_again),
    CASE(notices_reach_the_node),
    CASE(the_feed_waits_for_the_hubs_log),
    CASE(lost_notices_are_sent_again),
    CASE(a_new_epoch_sends_all_again),
    CASE(notices_that_skip_a_number_are_refused),
    CASE(a_notice_without_proof_is_refused),
};

static void check_case(void **state)
{
    const case_row *row = *state;
    rig *r = rig_new();
    row->run(r);
    rig_free(r);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[TDM_COUNT(CASES)];
    for (size_t i = 0; i < TDM_COUNT(CASES); i++)
        tests[i] = (struct CMUnitTest){ CASES[i].name, check_case, NULL, NULL, (void *)(uintptr_t)&CASES[i] };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
