/* SPDX-License-Identifier: MPL-2.0
 *
 * table_test.c: every role, state and frame, against the tables of proto/LINK.md.
 */
#include "../proto/support.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STATES 5
#define KINDS 11

typedef struct pair {
    char name[80];
    tdm_link_role role;
    tdm_link_state state;
    tdm_frame_kind kind;
    char expected[16]; /* act, drop, note, refuse */
} pair;

/* ---- a machine in a state */

static void to_waiting(rig *r, tdm_link_role role)
{
    if (role == TDM_LINK_HUB) {
        tdm_link_refuse(rig_hub(r), TDM_REFUSAL_BUSY, "", r->now_ms);
    } else {
        tdm_link_refuse(rig_node(r), TDM_REFUSAL_BUSY, "", r->now_ms);
    }
}

static void to_state(rig *r, tdm_link_role role, tdm_link_state state)
{
    tdm_link *link = role == TDM_LINK_HUB ? rig_hub(r) : rig_node(r);
    if (state == TDM_LINK_DOWN)
        return;
    rig_connect(r);
    if (state == TDM_LINK_LIVE) {
        rig_to_hub(r);
        if (role == TDM_LINK_NODE)
            rig_to_node(r);
    }
    if (state == TDM_LINK_WAITING)
        to_waiting(r, role);
    if (state == TDM_LINK_STOPPED)
        tdm_link_refuse(link, TDM_REFUSAL_FORK, "", r->now_ms);
    rig_lose(&r->to_hub);
    rig_lose(&r->to_node);
    assert_int_equal(tdm_link_state_of(link), state);
}

/* ---- a frame that does something where it has a place */

static void make_hello(rig *r, tdm_link_role role)
{
    const station *s = role == TDM_LINK_HUB ? &r->node : &r->hub;
    r->frame.hello.version = TDM_LINK_VERSION;
    r->frame.hello.origin = s->origin;
    r->frame.hello.incarnation = s->incarnation;
    r->frame.hello.has_epoch = true;
    r->frame.hello.window_events = 1;
}

static void make_refuse(rig *r, tdm_link_role role)
{
    (void)role;
    r->frame.refuse.reason = TDM_REFUSAL_REVOKED;
}

static void make_events(rig *r, tdm_link_role role)
{
    rig_make_events(r, role == TDM_LINK_HUB ? &r->node : &r->hub, 1);
}

/* Of a head that is not here: a fork where it is looked at. At the hub that is after FETCH. */
static void make_ack(rig *r, tdm_link_role role)
{
    const station *s = role == TDM_LINK_HUB ? &r->hub : &r->node;
    if (role == TDM_LINK_HUB && tdm_link_state_of(rig_hub(r)) == TDM_LINK_LIVE) {
        r->frame.kind = TDM_FRAME_FETCH;
        r->frame.fetch.origin = r->hub.origin;
        r->frame.fetch.from = 1;
        rig_inject(r, rig_hub(r));
        rig_lose(&r->to_node);
        memset(&r->frame, 0, sizeof r->frame);
        r->frame.kind = TDM_FRAME_ACK;
    }
    r->frame.ack.origin = s->origin;
    r->frame.ack.incarnation = s->incarnation;
    r->frame.ack.up_to = 1;
}

static void make_notice(rig *r, tdm_link_role role)
{
    (void)role;
    r->frame.notice.epoch = *tdm_ledger_store_id(r->hub.ledger);
    r->frame.notice.count = 1;
    r->frame.notice.notices[0].number = 5;
}

static void make_notice_ack(rig *r, tdm_link_role role)
{
    (void)role;
    r->frame.notice_ack.epoch = *tdm_ledger_store_id(r->hub.ledger);
    r->frame.notice_ack.up_to = 7;
}

static void make_fetch(rig *r, tdm_link_role role)
{
    (void)role;
    r->frame.fetch.origin = r->hub.origin;
    r->frame.fetch.from = 1;
}

static void make_enrol(rig *r, tdm_link_role role)
{
    (void)role;
    r->frame.enrol.version = TDM_LINK_VERSION;
    r->frame.enrol.incarnation = 1;
}

static void make_enrolled(rig *r, tdm_link_role role)
{
    (void)role;
    r->frame.enrolled.origin = r->hub.origin;
}

static void make_from(rig *r, tdm_link_role role)
{
    (void)role;
    r->frame.from.origin = r->hub.origin;
}

static void (*const MAKERS[])(rig *r, tdm_link_role role) = {
    [TDM_FRAME_HELLO] = make_hello,   [TDM_FRAME_WELCOME] = make_hello,
    [TDM_FRAME_REFUSE] = make_refuse, [TDM_FRAME_EVENTS] = make_events,
    [TDM_FRAME_ACK] = make_ack,       [TDM_FRAME_NOTICE] = make_notice,
    [TDM_FRAME_FETCH] = make_fetch,   [TDM_FRAME_NOTICE_ACK] = make_notice_ack,
    [TDM_FRAME_ENROL] = make_enrol,   [TDM_FRAME_ENROLLED] = make_enrolled,
    [TDM_FRAME_FROM] = make_from,
};

/* ---- what it did */

static bool was_refused_as_misplaced(rig *r, const rig_pipe *sent)
{
    if (sent->count != 1 || rig_peek(r, sent, 0)->kind != TDM_FRAME_REFUSE)
        return false;
    return r->frame.refuse.reason == TDM_REFUSAL_UNEXPECTED
           && memmem(r->frame.refuse.text.data, r->frame.refuse.text.len, "has no place", 12) != NULL;
}

static void check_pair(void **state)
{
    const pair *p = *state;
    rig *r = rig_new();
    to_state(r, p->role, p->state);
    memset(&r->frame, 0, sizeof r->frame);
    r->frame.kind = p->kind;
    MAKERS[p->kind](r, p->role);
    station *s = p->role == TDM_LINK_HUB ? &r->hub : &r->node;
    const rig_pipe *sent = p->role == TDM_LINK_HUB ? &r->to_node : &r->to_hub;
    tdm_link *link = s->ends[0].link;
    uint64_t notes = s->notes;
    int64_t deadline = tdm_link_deadline(link);
    rig_inject(r, link);
    bool is_quiet = sent->count == 0 && tdm_link_state_of(link) == p->state && s->job_count == 0
                    && tdm_link_deadline(link) == deadline;
    const char *did = "act";
    if (is_quiet && s->notes == notes)
        did = "drop";
    else if (is_quiet && strcmp(s->last_note, "unexpected") == 0)
        did = "note";
    else if (was_refused_as_misplaced(r, sent))
        did = "refuse";
    assert_string_equal(did, p->expected);
    rig_free(r);
}

/* ---- the tables of the specification */

static void read_row(const char *line, tdm_link_role role, pair *pairs, size_t *count)
{
    char kind[16];
    char cells[STATES][16];
    if (sscanf(line, "| %15[a-z-] | %15[a-z] | %15[a-z] | %15[a-z] | %15[a-z] | %15[a-z] |", kind, cells[0],
               cells[1], cells[2], cells[3], cells[4])
        != 6)
        return;
    for (int k = 1; k <= KINDS; k++)
        for (int s = 0; s < STATES && strcmp(kind, tdm_frame_word((tdm_frame_kind)k)) == 0; s++) {
            pair *p = &pairs[(*count)++];
            p->role = role;
            p->state = (tdm_link_state)s;
            p->kind = (tdm_frame_kind)k;
            snprintf(p->expected, sizeof p->expected, "%.15s", cells[s]);
            snprintf(p->name, sizeof p->name, "%s: %.15s while %s: %.15s",
                     role == TDM_LINK_HUB ? "hub" : "node", kind, tdm_link_state_word(p->state), cells[s]);
        }
}

static size_t read_tables(char *text, pair *pairs)
{
    size_t count = 0;
    tdm_link_role role = TDM_LINK_NODE;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strcmp(line, "Hub:") == 0)
            role = TDM_LINK_HUB;
        if (count < 2 * STATES * KINDS)
            read_row(line, role, pairs, &count);
    }
    return count;
}

int main(void)
{
    static pair pairs[2 * STATES * KINDS];
    static struct CMUnitTest tests[2 * STATES * KINDS];
    tdm_buf text = tree_file("proto/LINK.md");
    tdm_buf_add(&text, "", 1);
    size_t count = read_tables((char *)text.data, pairs);
    tdm_buf_free(&text);
    if (count != TDM_COUNT(pairs)) {
        fprintf(stderr, "proto/LINK.md tells of %zu pairs in place of %zu\n", count, TDM_COUNT(pairs));
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){ pairs[i].name, check_pair, NULL, NULL, &pairs[i] };
    return _cmocka_run_group_tests("pairs", tests, count, NULL, NULL);
}
