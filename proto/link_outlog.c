/* SPDX-License-Identifier: MPL-2.0
 *
 * link_outlog.c: a log goes out: from where the other end is, within its window, until it is acknowledged.
 * The node offers its own log; the hub sends what was fetched, and goes on as that log grows.
 */
#include "link_inner.h"

#include <stdlib.h>
#include <string.h>

static uint64_t window(const tdm_link *link)
{
    return link->options.role == TDM_LINK_NODE ? link->peer_window : link->options.window_events;
}

static link_stretch *find_stretch(tdm_link *link, uint64_t incarnation)
{
    for (uint32_t i = 0; i < link->out.stretch_count; i++)
        if (link->out.stretches[i].incarnation == incarnation)
            return &link->out.stretches[i];
    return NULL;
}

uint64_t link_outlog_acked(const tdm_link *link, uint64_t incarnation)
{
    for (uint32_t i = 0; i < link->out.stretch_count; i++)
        if (link->out.stretches[i].incarnation == incarnation)
            return link->out.stretches[i].acked;
    return 0;
}

static uint32_t stretch_index(const tdm_link *link, uint64_t incarnation)
{
    uint32_t i = 0;
    while (i < link->out.stretch_count && link->out.stretches[i].incarnation != incarnation)
        i++;
    return i;
}

/* Incarnations that began since: behind those known, oldest first. */
void link_outlog_refresh(tdm_link *link)
{
    link_outlog *out = &link->out;
    if (!out->on)
        return;
    uint64_t incarnations[TDM_FRAME_INCARNATIONS_MAX];
    size_t count =
        link->ports.incarnations(link->ports.context, &out->origin, incarnations, TDM_FRAME_INCARNATIONS_MAX);
    for (size_t i = 0; i < count && out->stretch_count < TDM_FRAME_INCARNATIONS_MAX; i++)
        if (find_stretch(link, incarnations[i]) == NULL)
            out->stretches[out->stretch_count++] = (link_stretch){ incarnations[i], 0 };
}

static void begin(tdm_link *link, const tdm_id *origin)
{
    link_outlog_end(link);
    memset(&link->out, 0, sizeof link->out);
    link->out.on = true;
    link->out.origin = *origin;
    link->out.progress_ms = link->now_ms;
    link_outlog_refresh(link);
}

void link_outlog_end(tdm_link *link)
{
    link->out.on = false;
    link->out.frame_count = 0;
    link->out.events = 0;
    link->pump_at_ms = INT64_MAX;
}

void link_outlog_start(tdm_link *link, const tdm_log_tip *tips, size_t count)
{
    begin(link, &link->options.own_origin);
    for (size_t i = 0; i < count; i++) {
        link_stretch *stretch = find_stretch(link, tips[i].incarnation);
        if (stretch != NULL && tdm_id_equal(&tips[i].origin, &link->options.own_origin))
            stretch->acked = tips[i].last;
    }
    link_outlog_rewind(link);
    link_outlog_pump(link);
}

void link_outlog_rewind(tdm_link *link)
{
    link_outlog *out = &link->out;
    out->frame_count = 0;
    out->events = 0;
    out->usual = 1;
    out->at = 0;
    out->sent = out->stretch_count > 0 ? out->stretches[0].acked : 0;
    out->progress_ms = link->now_ms;
}

/* ---- sending */

static void fill_events(const tdm_log_batch *batch, tdm_frame *frame)
{
    frame->kind = TDM_FRAME_EVENTS;
    frame->events.origin = batch->origin;
    frame->events.incarnation = batch->incarnation;
    frame->events.first = batch->runs[0].first;
    frame->events.run_count = (uint32_t)batch->run_count;
    for (size_t i = 0; i < batch->run_count; i++)
        frame->events.lasts[i] = batch->runs[i].last;
    frame->events.packed = batch->events;
    frame->events.packing = TDM_PACKING_PLAIN;
    frame->events.has_seal = batch->has_seal;
    frame->events.seal = batch->seal;
    frame->events.sender_last = batch->sender_last;
}

static void send_batch(tdm_link *link, tdm_log_batch *batch)
{
    link_outlog *out = &link->out;
    uint64_t last = batch->runs[batch->run_count - 1].last;
    tdm_log_tip tip;
    if (link_tip(link, &out->origin, batch->incarnation, &tip) == TDM_OK)
        batch->sender_last = tip.last;
    if (batch->sender_last < last)
        batch->sender_last = last;
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame != NULL) {
        fill_events(batch, frame);
        link_send(link, frame);
    }
    free(frame); /* without memory it counts as sent and lost: the time-out sends again */
    if (out->frame_count == 0)
        out->progress_ms = link->now_ms;
    uint32_t events = (uint32_t)(last - batch->runs[0].first + 1);
    out->frames[out->frame_count++] = (link_sent){ batch->incarnation, last, events };
    out->events += events;
    out->sent = last;
    out->has_key = batch->has_seal;
    memcpy(out->key, batch->seal.key, sizeof out->key);
}

/* The batch at the cursor; TDM_END at the end of the last stretch. */
static tdm_code next_batch(tdm_link *link, tdm_log_batch *batch)
{
    link_outlog *out = &link->out;
    while (out->at < out->stretch_count) {
        memset(batch, 0, sizeof *batch);
        tdm_code code =
            link->ports.runs(link->ports.context, &out->origin, out->stretches[out->at].incarnation,
                             out->sent + 1, LINK_EVENTS_BYTES, TDM_FRAME_RUNS_MAX, batch);
        if (code != TDM_END)
            return code == TDM_OK && batch->run_count == 0 ? TDM_END : code;
        if (out->at + 1 == out->stretch_count)
            return TDM_END;
        out->at++;
        out->sent = out->stretches[out->at].acked;
    }
    return TDM_END;
}

/* A frame goes when nothing is in flight, or when all of it fits. */
static bool has_room(const tdm_link *link, uint64_t events)
{
    const link_outlog *out = &link->out;
    return out->frame_count < LINK_FRAMES_MAX && (out->events == 0 || out->events + events <= window(link));
}

/* What another key seals goes once all before it is acknowledged: it may be that which states the key. */
static bool may_follow(const tdm_link *link, const tdm_log_batch *batch)
{
    const link_outlog *out = &link->out;
    return out->frame_count == 0 || !out->has_key || !batch->has_seal
           || memcmp(out->key, batch->seal.key, sizeof out->key) == 0;
}

/* A batch is read once there is room for one like the last: so few are read and not sent. */
void link_outlog_pump(tdm_link *link)
{
    link_outlog *out = &link->out;
    tdm_log_batch batch;
    while (out->on && has_room(link, out->usual)) {
        tdm_code code = next_batch(link, &batch);
        if (code == TDM_END)
            return;
        if (code != TDM_OK) {
            link_note(link, "unreadable", "the log can not be read: %s", tdm_code_word(code));
            link->pump_at_ms = link->now_ms + link->options.retry_max_ms;
            return;
        }
        out->usual = batch.runs[batch.run_count - 1].last - batch.runs[0].first + 1;
        if (!may_follow(link, &batch))
            return; /* its ACK comes back here */
        if (has_room(link, out->usual))
            send_batch(link, &batch);
    }
}

/* ---- ACK */

static void free_window(tdm_link *link, uint64_t incarnation, uint64_t up_to)
{
    link_outlog *out = &link->out;
    uint32_t left = 0;
    for (uint32_t i = 0; i < out->frame_count; i++) {
        const link_sent sent = out->frames[i];
        if (sent.incarnation == incarnation && sent.last <= up_to)
            out->events -= sent.events;
        else
            out->frames[left++] = sent;
    }
    out->frame_count = left;
}

/* What the other end says is durable there must be what stands here: else one of the two has another history.
 */
bool link_take_ack(tdm_link *link, const link_event *event)
{
    const tdm_frame *ack = event->frame;
    link_outlog *out = &link->out;
    if (!out->on || !tdm_id_equal(&ack->ack.origin, &out->origin))
        return true; /* of an earlier session */
    link_stretch *stretch = find_stretch(link, ack->ack.incarnation);
    if (stretch == NULL || ack->ack.up_to <= stretch->acked)
        return true;
    if (!link_head_is(link, &out->origin, ack->ack.incarnation, ack->ack.up_to, &ack->ack.head)) {
        if (link->options.role == TDM_LINK_HUB)
            return link_refuse(link, TDM_REFUSAL_FORK, TDM_FRAME_ACK, "acknowledges another history");
        return link_stop(link, TDM_REFUSAL_FORK, "the hub acknowledges another history at %llu",
                         (unsigned long long)ack->ack.up_to);
    }
    stretch->acked = ack->ack.up_to;
    if (out->at == stretch_index(link, ack->ack.incarnation) && out->sent < stretch->acked)
        out->sent = stretch->acked;
    out->progress_ms = link->now_ms;
    free_window(link, ack->ack.incarnation, ack->ack.up_to);
    link_outlog_pump(link);
    link_feed_pump(link);
    return true;
}

/* ---- FETCH */

static void send_from(tdm_link *link, uint32_t first)
{
    const link_outlog *out = &link->out;
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL)
        return;
    frame->kind = TDM_FRAME_FROM;
    frame->from.origin = out->origin;
    frame->from.count = out->stretch_count - first;
    for (uint32_t i = first; i < out->stretch_count; i++)
        frame->from.incarnations[i - first] = out->stretches[i].incarnation;
    link_send(link, frame);
    free(frame);
}

/* An incarnation that is not held here (this hub was built anew) gives all there is. */
static bool aim(tdm_link *link, const tdm_frame *fetch, uint32_t *first)
{
    link_outlog *out = &link->out;
    *first = stretch_index(link, fetch->fetch.incarnation);
    if (!fetch->fetch.has_incarnation || *first == out->stretch_count) {
        *first = 0;
        return true;
    }
    tdm_log_tip held;
    uint64_t before = fetch->fetch.from - 1;
    if (link_tip(link, &out->origin, fetch->fetch.incarnation, &held) != TDM_OK)
        return link_refuse(link, TDM_REFUSAL_BUSY, TDM_FRAME_FETCH, "the store can not be read now");
    if (before > held.last)
        return link_refuse(link, TDM_REFUSAL_FORK, TDM_FRAME_FETCH, "from %llu, while the log ends at %llu",
                           (unsigned long long)fetch->fetch.from, (unsigned long long)held.last);
    out->stretches[*first].acked = before;
    out->at = *first;
    out->sent = before;
    return true;
}

/* Who recovers has less than those who give: what it sent they would acknowledge further than it holds. */
static bool give_nothing(tdm_link *link)
{
    link->out.stretch_count = 0;
    send_from(link, 0);
    link_outlog_end(link);
    return true;
}

/* The hub's own log, or what it holds of the peer's: nobody reads a third one's. */
bool link_take_fetch(tdm_link *link, const link_event *event)
{
    const tdm_frame *fetch = event->frame;
    if (!tdm_id_equal(&fetch->fetch.origin, &link->options.own_origin)
        && !tdm_id_equal(&fetch->fetch.origin, &link->options.peer_origin))
        return link_refuse(link, TDM_REFUSAL_WRONG_ORIGIN, TDM_FRAME_FETCH, "not yours to fetch");
    begin(link, &fetch->fetch.origin);
    if (link->options.recovers)
        return give_nothing(link);
    uint32_t first = 0;
    if (!aim(link, fetch, &first))
        return false;
    send_from(link, first);
    link_outlog_pump(link);
    link_feed_pump(link);
    return true;
}
