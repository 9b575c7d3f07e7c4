/* SPDX-License-Identifier: MPL-2.0
 *
 * link_intake.c: an origin's events come in: checked whole against what is held and against their seal, then
 * handed over to be kept, and acknowledged when they are durable. Whoever carried them, the seal decides.
 */
#include "link_inner.h"

#include <stdlib.h>
#include <string.h>

/* One EVENTS frame on its way through the checks. */
typedef struct arrival {
    tdm_link *link;
    const tdm_frame *frame;
    uint64_t last;      /* of the frame */
    size_t event_count; /* of the frame */
    tdm_log_tip held;   /* durable here */
    uint64_t expected;  /* held, or the last that is being kept on this link */
    tdm_digest base;    /* head before the frame's first event */
    tdm_run *runs;      /* scratch, in one allocation: runs, spans, digests */
    tdm_span *spans;
    tdm_digest *digests;
} arrival;

static bool refuse(const arrival *in, tdm_refusal reason, const char *text)
{
    return link_refuse(in->link, reason, TDM_FRAME_EVENTS, "%s (events from %llu)", text,
                       (unsigned long long)in->frame->events.first);
}

static bool refuse_fork(const arrival *in)
{
    tdm_link *link = in->link;
    link->ports.set_aside(link->ports.context, &in->frame->events.origin, "fork", in->frame->events.packed);
    return refuse(in, TDM_REFUSAL_FORK, "the same sequence is held with other content");
}

/* ---- batches being kept */

static bool is_of(const link_pending *pending, const tdm_id *origin, uint64_t incarnation)
{
    return !pending->stale && pending->incarnation == incarnation && tdm_id_equal(&pending->origin, origin);
}

/* The batch that ends at `last`, or (last 0) the newest one; NULL if there is none. */
static const link_pending *find_pending(const arrival *in, uint64_t last)
{
    const link_pending *found = NULL;
    const link_intake *intake = &in->link->intake;
    for (uint32_t i = 0; i < intake->count; i++)
        if (is_of(&intake->pending[i], &in->frame->events.origin, in->frame->events.incarnation)
            && (last == 0 || intake->pending[i].last == last))
            found = &intake->pending[i];
    return found;
}

static void remove_pending(link_intake *intake, uint32_t at)
{
    intake->events -= intake->pending[at].events;
    intake->count--;
    memmove(&intake->pending[at], &intake->pending[at + 1], (intake->count - at) * sizeof intake->pending[0]);
}

void link_intake_end(tdm_link *link)
{
    for (uint32_t i = 0; i < link->intake.count; i++)
        link->intake.pending[i].stale = true;
    link->intake.from_due = false;
    link->intake.asked = false;
}

/* ---- the node asks for the hub's log, from where it is */

void link_intake_fetch(tdm_link *link, const tdm_id *origin)
{
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL)
        return;
    uint64_t incarnations[TDM_FRAME_INCARNATIONS_MAX];
    size_t count =
        link->ports.incarnations(link->ports.context, origin, incarnations, TDM_FRAME_INCARNATIONS_MAX);
    frame->kind = TDM_FRAME_FETCH;
    frame->fetch.origin = *origin;
    frame->fetch.has_incarnation = count > 0;
    frame->fetch.incarnation = count > 0 ? incarnations[count - 1] : 0;
    frame->fetch.from = 1;
    tdm_log_tip held;
    if (count > 0 && link_tip(link, origin, frame->fetch.incarnation, &held) == TDM_OK)
        frame->fetch.from = held.last + 1;
    /* The last run again: with it comes how far the other end has the log, also if nothing is new. */
    if (link->options.recovers && frame->fetch.from > 1)
        frame->fetch.from--;
    link->intake.asked = true;
    link->intake.asked_origin = *origin;
    link->intake.from_due = true;
    link->intake.asked_ms = link->now_ms;
    link->intake.asked_incarnation = 0;
    link->intake.asked_last = 0;
    link_send(link, frame);
    free(frame);
}

/* What is held to its end comes no more: then there is nothing to wait for. */
bool link_take_from(tdm_link *link, const link_event *event)
{
    const tdm_frame *frame = event->frame;
    if (link->options.role == TDM_LINK_HUB && !link->options.recovers)
        return link_refuse(link, TDM_REFUSAL_UNEXPECTED, TDM_FRAME_FROM, "from has no place here");
    if (!tdm_id_equal(&frame->from.origin, &link->intake.asked_origin))
        return true;
    link->intake.from_due = false;
    if (frame->from.count > 0)
        link->intake.asked_incarnation = frame->from.incarnations[frame->from.count - 1];
    return true;
}

/* ---- checks, cheapest first; each returns true to go on */

static bool was_asked(const arrival *in)
{
    const link_intake *intake = &in->link->intake;
    return intake->asked && tdm_id_equal(&in->frame->events.origin, &intake->asked_origin);
}

static bool check_asked(const arrival *in)
{
    if (in->link->options.role == TDM_LINK_NODE && !was_asked(in))
        return refuse(in, TDM_REFUSAL_UNEXPECTED, "events of an origin that was not asked for");
    return true;
}

static bool check_form(const arrival *in)
{
    if (!in->frame->events.has_seal)
        return refuse(in, TDM_REFUSAL_BAD_SEAL, "no seal");
    if (in->frame->events.seal.last != in->last)
        return refuse(in, TDM_REFUSAL_BAD_SEAL, "the seal does not close the last run");
    if (in->frame->events.packing != TDM_PACKING_PLAIN)
        return refuse(in, TDM_REFUSAL_MALFORMED, "packed in a way that was not offered");
    return true;
}

/* Nobody else writes under our own incarnation. */
static bool check_own(const arrival *in)
{
    const tdm_link *link = in->link;
    bool is_own = tdm_id_equal(&in->frame->events.origin, &link->options.own_origin)
                  && in->frame->events.incarnation == link->options.own_incarnation;
    return !is_own || in->last <= in->held.last || refuse_fork(in);
}

static bool find_base_held(arrival *in)
{
    uint64_t before = in->frame->events.first - 1;
    memset(&in->base, 0, sizeof in->base);
    if (before == 0)
        return true;
    const tdm_link *link = in->link;
    return link->ports.head_at(link->ports.context, &in->frame->events.origin, in->frame->events.incarnation,
                               before, &in->base)
               == TDM_OK
           || refuse_fork(in); /* no run ends there here: the runs were cut otherwise, so the heads differ */
}

/* The head that the frame's first run must follow. */
static bool find_base(arrival *in)
{
    uint64_t first = in->frame->events.first;
    if (link_tip(in->link, &in->frame->events.origin, in->frame->events.incarnation, &in->held) != TDM_OK)
        return refuse(in, TDM_REFUSAL_BUSY, "the store can not be read now");
    const link_pending *newest = find_pending(in, 0);
    in->expected = newest != NULL && newest->last > in->held.last ? newest->last : in->held.last;
    if (first > in->expected + 1)
        return link_refuse(in->link, TDM_REFUSAL_GAP, TDM_FRAME_EVENTS, "from %llu, while %llu is held",
                           (unsigned long long)first, (unsigned long long)in->held.last);
    if (first <= in->held.last)
        return find_base_held(in);
    if (first == in->held.last + 1) {
        in->base = in->held.head;
        return true;
    }
    const link_pending *before = find_pending(in, first - 1);
    if (before == NULL)
        return refuse(in, TDM_REFUSAL_BUSY, "these are being kept");
    in->base = before->head;
    return true;
}

static bool check_room(const arrival *in)
{
    const link_intake *intake = &in->link->intake;
    if (in->last <= in->expected)
        return true; /* nothing new: only compared */
    bool is_over = intake->count == LINK_FRAMES_MAX
                   || (in->link->options.role == TDM_LINK_HUB && intake->events > 0
                       && intake->events + in->event_count > in->link->options.window_events);
    return !is_over || refuse(in, TDM_REFUSAL_BUSY, "over the window");
}

static bool check_key(const arrival *in)
{
    const tdm_link *link = in->link;
    const tdm_seal *seal = &in->frame->events.seal;
    return link->ports.may_seal(link->ports.context, &in->frame->events.origin, seal->key, seal->last)
           || refuse(in, TDM_REFUSAL_BAD_SEAL, "the key may not seal for this origin");
}

/* ---- one pass over the bytes */

static bool make_scratch(arrival *in)
{
    size_t runs = in->frame->events.run_count * sizeof *in->runs;
    size_t spans = in->event_count * sizeof *in->spans;
    size_t digests = TDM_RUN_EVENTS_MAX * sizeof *in->digests;
    if (in->event_count < TDM_RUN_EVENTS_MAX)
        digests = in->event_count * sizeof *in->digests;
    uint8_t *scratch = malloc(runs + spans + digests);
    if (scratch == NULL)
        return refuse(in, TDM_REFUSAL_BUSY, "out of memory");
    in->runs = (tdm_run *)(void *)scratch;
    in->spans = (tdm_span *)(void *)(scratch + runs);
    in->digests = (tdm_digest *)(void *)(scratch + runs + spans);
    return true;
}

static bool read_event(arrival *in, tdm_span *bytes, uint64_t sequence, size_t index)
{
    tdm_err err = { 0 };
    tdm_event event;
    if (tdm_event_decode_first(*bytes, &event, &err) != TDM_OK)
        return link_refuse(in->link, TDM_REFUSAL_MALFORMED, TDM_FRAME_EVENTS, "event %llu: %s",
                           (unsigned long long)sequence, err.what);
    if (event.sequence != sequence || event.incarnation != in->frame->events.incarnation
        || !tdm_id_equal(&event.origin, &in->frame->events.origin))
        return link_refuse(in->link, TDM_REFUSAL_MALFORMED, TDM_FRAME_EVENTS,
                           "event %llu names another origin, incarnation or sequence",
                           (unsigned long long)sequence);
    in->spans[index] = event.bytes;
    *bytes = (tdm_span){ bytes->data + event.bytes.len, bytes->len - event.bytes.len };
    return true;
}

static bool read_runs(arrival *in)
{
    tdm_span bytes = in->frame->events.packed;
    uint64_t sequence = in->frame->events.first;
    tdm_digest head = in->base;
    size_t index = 0;
    for (uint32_t r = 0; r < in->frame->events.run_count; r++) {
        tdm_run *run = &in->runs[r];
        run->first = sequence;
        run->last = in->frame->events.lasts[r];
        size_t count = run->last - run->first + 1;
        for (; sequence <= run->last; sequence++, index++)
            if (!read_event(in, &bytes, sequence, index))
                return false;
        tdm_event_digests(in->spans + index - count, count, in->digests);
        tdm_run_root(in->digests, count, &run->root);
        tdm_run_head(&head, &run->root, &run->head);
        head = run->head;
    }
    return bytes.len == 0 || refuse(in, TDM_REFUSAL_MALFORMED, "bytes behind the last event");
}

static bool check_seal(const arrival *in)
{
    const tdm_digest *head = &in->runs[in->frame->events.run_count - 1].head;
    return tdm_seal_check(&in->frame->events.seal, &in->frame->events.origin, in->frame->events.incarnation,
                          head, NULL)
               == TDM_OK
           || refuse(in, TDM_REFUSAL_BAD_SEAL,
                     "the seal does not fit what is held and sent: changed bytes, or another history");
}

/* ---- what is held already */

static void send_ack(tdm_link *link, const tdm_id *origin, uint64_t incarnation, uint64_t up_to,
                     const tdm_digest *head)
{
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL)
        return; /* sent again, acknowledged again */
    frame->kind = TDM_FRAME_ACK;
    frame->ack.origin = *origin;
    frame->ack.incarnation = incarnation;
    frame->ack.up_to = up_to;
    frame->ack.head = *head;
    link_send(link, frame);
    free(frame);
}

static const tdm_run *run_ending(const arrival *in, uint64_t last)
{
    for (uint32_t r = 0; r < in->frame->events.run_count; r++)
        if (in->runs[r].last == last)
            return &in->runs[r];
    return NULL;
}

/* Nothing new in the frame: held already (acknowledged again) or being kept (its turn comes). */
static bool compare_known(const arrival *in)
{
    tdm_link *link = in->link;
    const tdm_id *origin = &in->frame->events.origin;
    uint64_t incarnation = in->frame->events.incarnation;
    const tdm_digest *head = &in->runs[in->frame->events.run_count - 1].head;
    if (in->last <= in->held.last) {
        if (!link_head_is(link, origin, incarnation, in->last, head))
            return refuse_fork(in);
        send_ack(link, origin, incarnation, in->held.last, &in->held.head);
        return true;
    }
    const link_pending *same = find_pending(in, in->last);
    if (same == NULL)
        return refuse(in, TDM_REFUSAL_BUSY, "these are being kept");
    return tdm_digest_equal(&same->head, head) || refuse_fork(in);
}

/* ---- what is new */

static bool keep(const arrival *in, uint32_t skipped)
{
    tdm_link *link = in->link;
    const tdm_frame *frame = in->frame;
    const tdm_run *runs = &in->runs[skipped];
    size_t before = (size_t)(runs->first - frame->events.first);
    const uint8_t *start = in->spans[before].data;
    const uint8_t *end = frame->events.packed.data + frame->events.packed.len;
    tdm_log_batch batch = { frame->events.origin,
                            frame->events.incarnation,
                            runs,
                            frame->events.run_count - skipped,
                            &in->spans[before],
                            in->event_count - before,
                            { start, (size_t)(end - start) },
                            true,
                            frame->events.seal,
                            frame->events.sender_last };
    uint64_t token = link_token(link);
    if (link->ports.keep(link->ports.context, &batch, token) != TDM_OK)
        return refuse(in, TDM_REFUSAL_BUSY, "no room now");
    link->intake.pending[link->intake.count++] =
        (link_pending){ batch.origin, batch.incarnation,           in->last, runs[batch.run_count - 1].head,
                        token,        (uint32_t)batch.event_count, false,    false };
    link->intake.events += batch.event_count;
    return true;
}

/* Runs that are held are skipped by sequence and checked by head: the run that ends where the held log ends
 * stands for all before it. */
static bool keep_new(const arrival *in)
{
    uint64_t first = in->frame->events.first;
    if (first > in->held.last)
        return first == in->expected + 1 ? keep(in, 0) : refuse(in, TDM_REFUSAL_BUSY, "these are being kept");
    const tdm_run *meets = run_ending(in, in->held.last);
    if (meets == NULL || !tdm_digest_equal(&meets->head, &in->held.head))
        return refuse_fork(in);
    if (in->expected > in->held.last)
        return refuse(in, TDM_REFUSAL_BUSY, "these are being kept");
    return keep(in, (uint32_t)(meets - in->runs) + 1);
}

static void note_peer(const arrival *in)
{
    tdm_link *link = in->link;
    const tdm_frame *frame = in->frame;
    if (was_asked(in) && frame->events.incarnation == link->intake.asked_incarnation
        && frame->events.sender_last > link->intake.asked_last)
        link->intake.asked_last = frame->events.sender_last;
    if (link->options.role == TDM_LINK_HUB && frame->events.incarnation == link->peer_incarnation
        && tdm_id_equal(&frame->events.origin, &link->options.peer_origin)
        && frame->events.sender_last > link->peer_last)
        link->peer_last = frame->events.sender_last;
}

static bool take(arrival *in)
{
    if (!(check_asked(in) && check_form(in) && find_base(in) && check_own(in) && check_room(in)
          && check_key(in) && make_scratch(in) && read_runs(in) && check_seal(in)))
        return false;
    note_peer(in);
    return in->last <= in->expected ? compare_known(in) : keep_new(in);
}

bool link_take_events(tdm_link *link, const link_event *event)
{
    const tdm_frame *frame = event->frame;
    arrival in = { .link = link, .frame = frame, .last = frame->events.lasts[frame->events.run_count - 1] };
    /* Its node offers its own log as it always does. There is no key yet to check that with: it comes again
     * once the hub is back. */
    if (link->options.role == TDM_LINK_HUB && link->options.recovers && !was_asked(&in))
        return true;
    in.event_count = (size_t)(in.last - frame->events.first + 1);
    bool went_well = take(&in);
    free(in.runs);
    return went_well;
}

/* ---- completions */

static bool find_token(const tdm_link *link, uint64_t token, uint32_t *at)
{
    for (*at = 0; *at < link->intake.count; ++*at)
        if (link->intake.pending[*at].token == token)
            return true;
    return false;
}

/* Outside a session only the window is freed: WELCOME will tell the peer what is held. */
bool link_settle(tdm_link *link, const link_event *event)
{
    uint32_t at;
    if (find_token(link, event->token, &at))
        remove_pending(&link->intake, at);
    return true;
}

/* Acknowledge the longest stretch of this log's batches that is durable without a hole before it. */
static void acknowledge_ready(tdm_link *link, const link_pending *done)
{
    link_pending last = *done;
    bool any = false;
    uint32_t i = 0;
    while (i < link->intake.count) {
        const link_pending *pending = &link->intake.pending[i];
        if (!is_of(pending, &done->origin, done->incarnation)) {
            i++;
            continue;
        }
        if (!pending->done)
            break;
        last = *pending;
        any = true;
        remove_pending(&link->intake, i);
    }
    if (!any)
        return;
    if (link->options.role == TDM_LINK_HUB && last.incarnation == link->peer_incarnation
        && tdm_id_equal(&last.origin, &link->options.peer_origin))
        link->peer_held = last.last;
    send_ack(link, &last.origin, last.incarnation, last.last, &last.head);
}

static bool refuse_unkept(tdm_link *link, tdm_code code)
{
    const uint32_t kind = TDM_FRAME_EVENTS;
    if (code == TDM_CONFLICT)
        return link_refuse(link, TDM_REFUSAL_FORK, kind, "the same sequence is held with other content");
    if (code == TDM_INVALID)
        return link_refuse(link, TDM_REFUSAL_GAP, kind, "does not follow what is held");
    return link_refuse(link, TDM_REFUSAL_BUSY, kind, "could not be kept: %s", tdm_code_word(code));
}

bool link_acknowledge(tdm_link *link, const link_event *event)
{
    uint32_t at;
    if (!find_token(link, event->token, &at))
        return true;
    link_pending *pending = &link->intake.pending[at];
    if (pending->stale)
        return link_settle(link, event);
    bool is_kept = event->code == TDM_OK || event->code == TDM_EXISTS;
    bool is_same = event->head == NULL || tdm_digest_equal(event->head, &pending->head);
    if (!is_kept || !is_same) {
        remove_pending(&link->intake, at);
        return refuse_unkept(link, is_kept ? TDM_CONFLICT : event->code);
    }
    pending->done = true;
    link_pending done = *pending;
    acknowledge_ready(link, &done);
    return true;
}
