/* SPDX-License-Identifier: MPL-2.0
 *
 * rig.c: two machines and the pipe between them.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void put(void *context, station *from, size_t slot, tdm_span frame)
{
    rig *r = context;
    rig_pipe *pipe = from->role == TDM_LINK_NODE ? &r->to_hub : &r->to_node;
    (void)slot;
    assert_in_range(pipe->count, 0, RIG_FRAMES_MAX - 1);
    pipe->frames[pipe->count] = (tdm_buf){ 0 };
    tdm_buf_add(&pipe->frames[pipe->count++], frame.data, frame.len);
}

static int64_t now(void *context)
{
    return ((rig *)context)->now_ms;
}

static void hook(rig *r, station *s)
{
    s->send = put;
    s->send_context = r;
    s->now = now;
}

rig *rig_new(void)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->now_ms = 1000;
    station_open(&r->hub, "hub", TDM_LINK_HUB, 1);
    station_open(&r->node, "node", TDM_LINK_NODE, 2);
    r->node.hub = r->hub.origin;
    memcpy(r->node.hub_key, r->hub.hub_key, sizeof r->node.hub_key);
    hook(r, &r->hub);
    hook(r, &r->node);
    station_admit(&r->hub, &r->node);
    rig_link(r);
    return r;
}

void rig_link(rig *r)
{
    tdm_link_options hub = station_options(&r->hub, &r->node.origin);
    tdm_link_options node = station_options(&r->node, &r->hub.origin);
    station_link(&r->hub, 0, &hub);
    station_link(&r->node, 0, &node);
}

void rig_free(rig *r)
{
    rig_lose(&r->to_hub);
    rig_lose(&r->to_node);
    tdm_buf_free(&r->bytes);
    station_close(&r->hub);
    station_close(&r->node);
    free(r);
}

tdm_link *rig_hub(rig *r)
{
    return r->hub.ends[0].link;
}

tdm_link *rig_node(rig *r)
{
    return r->node.ends[0].link;
}

void rig_connect(rig *r)
{
    tdm_link_connected(rig_hub(r), r->now_ms);
    tdm_link_connected(rig_node(r), r->now_ms);
}

void rig_disconnect(rig *r)
{
    rig_lose(&r->to_hub);
    rig_lose(&r->to_node);
    tdm_link_disconnected(rig_hub(r), r->now_ms);
    tdm_link_disconnected(rig_node(r), r->now_ms);
}

static bool pass(rig *r, rig_pipe *pipe, tdm_link *link)
{
    if (pipe->count == 0)
        return false;
    tdm_buf frame = pipe->frames[0];
    memmove(&pipe->frames[0], &pipe->frames[1], --pipe->count * sizeof frame);
    tdm_link_frame(link, tdm_buf_span(&frame), r->now_ms);
    tdm_buf_free(&frame);
    return true;
}

bool rig_to_hub(rig *r)
{
    return pass(r, &r->to_hub, rig_hub(r));
}

bool rig_to_node(rig *r)
{
    return pass(r, &r->to_node, rig_node(r));
}

void rig_lose(rig_pipe *pipe)
{
    for (size_t i = 0; i < pipe->count; i++)
        tdm_buf_free(&pipe->frames[i]);
    pipe->count = 0;
}

void rig_settle(rig *r)
{
    for (bool moved = true; moved;) {
        moved = rig_to_hub(r);
        moved = rig_to_node(r) || moved;
        station_commit(&r->hub);
        station_commit(&r->node);
        moved = station_tell(&r->hub) || moved;
        moved = station_tell(&r->node) || moved;
    }
}

bool rig_tick(rig *r, tdm_link *link)
{
    int64_t at = tdm_link_deadline(link);
    if (at == INT64_MAX)
        return false;
    if (at > r->now_ms)
        r->now_ms = at;
    tdm_link_tick(link, r->now_ms);
    return true;
}

void rig_open(rig *r)
{
    rig_connect(r);
    rig_settle(r);
    assert_int_equal(tdm_link_state_of(rig_node(r)), TDM_LINK_LIVE);
    assert_int_equal(tdm_link_state_of(rig_hub(r)), TDM_LINK_LIVE);
}

static void decode_into(rig *r, const tdm_buf *frame)
{
    tdm_buf_clear(&r->bytes);
    tdm_buf_add(&r->bytes, frame->data, frame->len);
    assert_int_equal(tdm_frame_decode(tdm_buf_span(&r->bytes), &r->frame, NULL), TDM_OK);
}

const tdm_frame *rig_peek(rig *r, const rig_pipe *pipe, size_t from_end)
{
    assert_in_range(from_end, 0, pipe->count - 1);
    decode_into(r, &pipe->frames[pipe->count - 1 - from_end]);
    return &r->frame;
}

size_t rig_count(rig *r, const rig_pipe *pipe, tdm_frame_kind kind)
{
    size_t found = 0;
    for (size_t i = 0; i < pipe->count; i++) {
        decode_into(r, &pipe->frames[i]);
        found += r->frame.kind == kind;
    }
    return found;
}

void rig_inject(rig *r, tdm_link *link)
{
    tdm_buf out = { 0 };
    tdm_err err = { 0 };
    if (tdm_frame_encode(&r->frame, &out, &err) != TDM_OK)
        fail_msg("%s", err.what);
    tdm_link_frame(link, tdm_buf_span(&out), r->now_ms);
    tdm_buf_free(&out);
}

void rig_seal(rig *r, const station *by, const tdm_digest *head)
{
    uint64_t last = r->frame.events.lasts[r->frame.events.run_count - 1];
    r->frame.events.has_seal = true;
    tdm_seal_sign(&by->seal_key, &r->frame.events.origin, r->frame.events.incarnation, last, head,
                  &r->frame.events.seal);
}

void rig_make_events(rig *r, const station *s, uint64_t from)
{
    tdm_run_batch batch;
    assert_int_equal(tdm_ledger_runs(s->ledger, &s->origin, s->incarnation, from, TDM_FRAME_MAX / 2,
                                     TDM_FRAME_RUNS_MAX, false, &batch, NULL),
                     TDM_OK);
    assert_true(batch.run_count > 0);
    tdm_buf_clear(&r->bytes);
    tdm_buf_add(&r->bytes, batch.events.data, batch.events.len);
    memset(&r->frame, 0, sizeof r->frame);
    r->frame.kind = TDM_FRAME_EVENTS;
    r->frame.events.origin = s->origin;
    r->frame.events.incarnation = s->incarnation;
    r->frame.events.first = batch.runs[0].first;
    r->frame.events.run_count = (uint32_t)batch.run_count;
    for (size_t i = 0; i < batch.run_count; i++)
        r->frame.events.lasts[i] = batch.runs[i].last;
    r->frame.events.packed = tdm_buf_span(&r->bytes);
    r->frame.events.sender_last = batch.runs[batch.run_count - 1].last;
    rig_seal(r, s, &batch.runs[batch.run_count - 1].head);
    tdm_run_batch_free(&batch);
}
