/* SPDX-License-Identifier: MPL-2.0
 *
 * recovery_test.c: a store that lost its log takes it back over the link: LINK.md, Recovery.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What one end was before its disk was lost. */
typedef struct lost {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t last;
    tdm_digest head;
} lost;

static void hook_like(station *s, const station *was)
{
    s->send = was->send;
    s->send_context = was->send_context;
    s->now = was->now;
}

/* An empty store in the place of this one: the same origin and keys, an incarnation that nobody knows. */
static lost lose(station *s, uint64_t seed)
{
    const station was = *s;
    lost out = { .origin = was.origin, .incarnation = was.incarnation };
    out.last = station_tip(s, &was.origin, was.incarnation, &out.head);
    station_close(s);
    station_open(s, was.name, was.role, seed);
    hook_like(s, &was);
    s->origin = was.origin;
    s->seal_key = was.seal_key;
    s->hub = was.hub;
    memcpy(s->hub_key, was.hub_key, sizeof s->hub_key);
    assert_int_not_equal(s->incarnation, was.incarnation);
    return out;
}

static void link_both(rig *r, bool hub_recovers, bool node_recovers)
{
    tdm_link_options hub = station_options(&r->hub, &r->node.origin);
    tdm_link_options node = station_options(&r->node, &r->hub.origin);
    hub.recovers = hub_recovers;
    hub.has_peer = !hub_recovers;
    node.recovers = node_recovers;
    station_link(&r->hub, 0, &hub);
    station_link(&r->node, 0, &node);
}

static void assert_back(const station *s, const lost *was)
{
    tdm_digest head;
    assert_int_equal(station_tip(s, &was->origin, was->incarnation, &head), was->last);
    assert_true(tdm_digest_equal(&head, &was->head));
}

static tdm_link_figures figures_of(tdm_link *link)
{
    tdm_link_figures figures;
    tdm_link_figures_read(link, &figures);
    return figures;
}

/* ---- a node */

static void a_node_takes_both_logs_back(rig *r)
{
    station_append(&r->node, 5, 1);
    station_append(&r->node, 300, 2);
    station_append(&r->hub, 3, 3);
    rig_open(r);
    lost was = lose(&r->node, 77);
    link_both(r, false, true);
    rig_connect(r);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_LIVE);
    tdm_link_figures figures = figures_of(rig_node(r));
    assert_true(figures.fetching);
    assert_int_equal(station_tip(&r->node, &r->hub.origin, r->hub.incarnation, NULL), figures.fetched_last);
    assert_int_equal(station_tip(&r->node, &was.origin, was.incarnation, NULL), 0);
    tdm_link_fetch(rig_node(r), &r->node.origin, r->now_ms);
    rig_settle(r);
    assert_back(&r->node, &was);
    figures = figures_of(rig_node(r));
    assert_int_equal(figures.fetched_incarnation, was.incarnation);
    assert_int_equal(figures.fetched_last, was.last);
}

static void a_node_that_recovers_offers_nothing(rig *r)
{
    rig_open(r);
    lose(&r->node, 77);
    station_append(&r->node, 3, 9);
    link_both(r, false, true);
    rig_connect(r);
    rig_settle(r);
    tdm_link_more(rig_node(r), r->now_ms);
    rig_settle(r);
    assert_int_equal(station_tip(&r->hub, &r->node.origin, r->node.incarnation, NULL), 0);
}

/* Control: the same store without the option is a fork. */
static void without_the_option_it_is_a_fork(rig *r)
{
    rig_open(r);
    lost was = lose(&r->node, 77);
    link_both(r, false, false);
    rig_connect(r);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_STOPPED);
    assert_int_equal(figures_of(rig_node(r)).refusal, TDM_REFUSAL_FORK);
    assert_int_equal(station_tip(&r->node, &was.origin, was.incarnation, NULL), 0);
}

static void what_came_before_a_cut_is_gone_on_from(rig *r)
{
    for (uint64_t i = 0; i < 20; i++)
        station_append(&r->node, 10, i + 1);
    rig_open(r);
    lost was = lose(&r->node, 77);
    link_both(r, false, true);
    rig_connect(r);
    rig_settle(r);
    tdm_link_fetch(rig_node(r), &r->node.origin, r->now_ms);
    rig_to_hub(r);
    rig_to_node(r);
    rig_disconnect(r);
    station_commit(&r->node);
    link_both(r, false, true);
    rig_connect(r);
    rig_settle(r);
    assert_true(figures_of(rig_node(r)).fetched_last > 0); /* the hub's log again, to its end */
    tdm_link_fetch(rig_node(r), &r->node.origin, r->now_ms);
    rig_settle(r);
    assert_back(&r->node, &was);
}

/* All is here already: how far it goes is told all the same. */
static void nothing_new_still_tells_the_end(rig *r)
{
    station_append(&r->node, 5, 1);
    rig_open(r);
    lost was = lose(&r->node, 77);
    for (int round = 0; round < 2; round++) {
        link_both(r, false, true);
        rig_connect(r);
        rig_settle(r);
        tdm_link_fetch(rig_node(r), &r->node.origin, r->now_ms);
        rig_settle(r);
        assert_int_equal(figures_of(rig_node(r)).fetched_last, was.last);
        rig_disconnect(r);
    }
}

/* ---- a hub */

static void a_hub_takes_its_log_back(rig *r)
{
    station_append(&r->node, 5, 1);
    station_append(&r->hub, 40, 2);
    rig_open(r);
    lost was = lose(&r->hub, 78);
    link_both(r, true, false);
    rig_connect(r);
    rig_settle(r);
    assert_back(&r->hub, &was);
    assert_int_equal(figures_of(rig_hub(r)).fetched_last, was.last);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_LIVE);
}

static void and_nothing_else(rig *r)
{
    station_append(&r->node, 5, 1);
    rig_open(r);
    lose(&r->hub, 78);
    link_both(r, true, false);
    rig_connect(r);
    rig_settle(r);
    assert_int_equal(station_tip(&r->hub, &r->node.origin, r->node.incarnation, NULL), 0);
    assert_int_equal(figures_of(rig_node(r)).events_acked, 0);
}

static void its_nodes_send_theirs_again_once_it_is_back(rig *r)
{
    station_append(&r->node, 5, 1);
    rig_open(r);
    lost was = lose(&r->hub, 78);
    link_both(r, true, false);
    rig_connect(r);
    rig_settle(r);
    rig_disconnect(r);
    link_both(r, false, false);
    rig_connect(r);
    rig_settle(r);
    assert_back(&r->hub, &was);
    assert_int_equal(station_tip(&r->hub, &r->node.origin, r->node.incarnation, NULL), 6);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_LIVE);
}

/* Another node has given it a part already when this one comes. */
static void take_part(rig *r, lost *out, uint64_t last)
{
    station part;
    station_append(&r->hub, 4, 2);
    rig_open(r);
    lost was = { .origin = r->hub.origin, .incarnation = r->hub.incarnation };
    was.last = station_tip(&r->hub, &was.origin, was.incarnation, &was.head);
    station_clone(&part, &r->hub, "part", last);
    hook_like(&part, &r->hub);
    station_close(&r->hub);
    r->hub = part;
    r->hub.incarnation = was.incarnation + 1;
    link_both(r, true, false);
    *out = was;
}

static void a_part_of_its_log_is_no_fork(rig *r)
{
    lost was;
    take_part(r, &was, 2);
    rig_connect(r);
    rig_settle(r);
    assert_back(&r->hub, &was);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_LIVE);
    assert_int_equal(figures_of(rig_node(r)).refusal, 0);
}

/* A node that asks from the beginning would acknowledge all that it has, which is more than the hub has yet.
 */
static void a_part_of_its_log_is_not_given_away(rig *r)
{
    lost was;
    take_part(r, &was, 2);
    rig_connect(r);
    while (tdm_link_state_of(rig_hub(r)) != TDM_LINK_LIVE)
        assert_true(rig_to_hub(r));
    rig_lose(&r->to_node);
    memset(&r->frame, 0, sizeof r->frame);
    r->frame.kind = TDM_FRAME_FETCH;
    r->frame.fetch.origin = was.origin;
    r->frame.fetch.from = 1;
    rig_inject(r, rig_hub(r));
    assert_int_equal(rig_peek(r, &r->to_node, 0)->kind, TDM_FRAME_FROM);
    assert_int_equal(r->frame.from.count, 0);
    assert_int_equal(rig_count(r, &r->to_node, TDM_FRAME_EVENTS), 0);
}

/* Control: a hub that does not know that it lost its log takes nothing of it. */
static void a_blank_hub_without_the_option_takes_nothing(rig *r)
{
    station_append(&r->hub, 4, 2);
    rig_open(r);
    lost was = lose(&r->hub, 78);
    link_both(r, false, false);
    rig_connect(r);
    rig_settle(r);
    assert_int_equal(station_tip(&r->hub, &was.origin, was.incarnation, NULL), 0);
}

/* A node has a log of the hub's that the hub never sealed. */
static void a_forged_log_is_refused(rig *r)
{
    rig_open(r);
    lost was = lose(&r->hub, 78);
    tdm_seal_key_new(&r->hub.seal_key);
    memcpy(r->hub.hub_key, r->hub.seal_key.public_key, sizeof r->hub.hub_key);
    link_both(r, true, false);
    rig_connect(r);
    rig_settle(r);
    assert_int_equal(station_tip(&r->hub, &was.origin, was.incarnation, NULL), 0);
    assert_int_equal(figures_of(rig_hub(r)).refusal, TDM_REFUSAL_BAD_SEAL);
}

/* ---- what a node gives to whom */

static void a_third_ones_log_is_not_given(rig *r)
{
    rig_open(r);
    r->frame.kind = TDM_FRAME_FETCH;
    memset(&r->frame.fetch, 0, sizeof r->frame.fetch);
    tdm_id_random(&r->frame.fetch.origin);
    r->frame.fetch.from = 1;
    rig_inject(r, rig_node(r));
    assert_int_equal(rig_peek(r, &r->to_hub, 0)->kind, TDM_FRAME_REFUSE);
    assert_int_equal(r->frame.refuse.reason, TDM_REFUSAL_WRONG_ORIGIN);
}

static void a_lost_fetch_of_the_hub_is_said_again(rig *r)
{
    rig_open(r);
    lost was = lose(&r->hub, 78);
    link_both(r, true, false);
    rig_connect(r);
    rig_to_hub(r);
    rig_lose(&r->to_node);
    rig_connect(r);
    rig_to_hub(r);
    rig_to_node(r);
    rig_lose(&r->to_node); /* FETCH is lost, WELCOME came */
    assert_true(rig_tick(r, rig_hub(r)));
    rig_settle(r);
    assert_back(&r->hub, &was);
}

typedef struct case_row {
    const char *name;
    void (*run)(rig *r);
} case_row;

static const case_row CASES[] = {
    { "a node takes the hub's log and its own back", a_node_takes_both_logs_back },
    { "a node that recovers offers nothing", a_node_that_recovers_offers_nothing },
    { "control: without the option it is a fork", without_the_option_it_is_a_fork },
    { "what came before a cut is gone on from", what_came_before_a_cut_is_gone_on_from },
    { "where nothing is new the end is told all the same", nothing_new_still_tells_the_end },
    { "a hub takes its log back", a_hub_takes_its_log_back },
    { "and acknowledges nothing else", and_nothing_else },
    { "its nodes send theirs again once it is back", its_nodes_send_theirs_again_once_it_is_back },
    { "a part that another node gave is no fork", a_part_of_its_log_is_no_fork },
    { "nor is it given away before all is there", a_part_of_its_log_is_not_given_away },
    { "control: a blank hub without the option takes nothing", a_blank_hub_without_the_option_takes_nothing },
    { "a log that the hub did not seal is refused", a_forged_log_is_refused },
    { "a third one's log is not given", a_third_ones_log_is_not_given },
    { "a fetch that is lost is said again", a_lost_fetch_of_the_hub_is_said_again },
};

static void check_case(void **state)
{
    const case_row *row = *state;
    rig *r = rig_new();
    row->run(r);
    rig_free(r);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(CASES)];
    for (size_t i = 0; i < TDM_COUNT(CASES); i++)
        tests[i] = (struct CMUnitTest){ CASES[i].name, check_case, NULL, NULL, (void *)(uintptr_t)&CASES[i] };
    return _cmocka_run_group_tests("recovery", tests, TDM_COUNT(CASES), NULL, NULL);
}
