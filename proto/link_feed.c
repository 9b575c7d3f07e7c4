/* SPDX-License-Identifier: MPL-2.0
 *
 * link_feed.c: notices: foreign events that concern the node, numbered densely per recipient and resumable.
 *
 * A notice is proven by a key that the hub's log states. So the hub opens a gate at a time: it looks how far
 * the feed goes, then how far its own log goes, and sends the feed up to the first only when the node has
 * acknowledged the second. The log never waits for the feed, so no two things wait for each other, and a log
 * that keeps growing delays only the next gate.
 */
#include "link_inner.h"

#include <stdlib.h>
#include <string.h>

void link_feed_start(tdm_link *link, const tdm_frame *hello)
{
    link_feed *feed = &link->feed;
    feed->open = true;
    feed->progress_ms = link->now_ms;
    feed->gate_feed = 0;
    feed->gate_log = 0;
    if (link->options.role == TDM_LINK_NODE) {
        feed->epoch = hello->hello.epoch;
        return;
    }
    feed->epoch = link->options.feed_epoch;
    bool is_same = hello->hello.has_epoch && tdm_id_equal(&hello->hello.epoch, &feed->epoch);
    feed->acked = is_same ? hello->hello.feed_number : 0;
    feed->sent = feed->acked;
    feed->frame_count = 0;
}

void link_feed_end(tdm_link *link)
{
    link->feed.open = false;
    if (link->options.role == TDM_LINK_HUB)
        link->feed.frame_count = 0;
    for (uint32_t i = 0; i < link->feed.frame_count; i++)
        link->feed.frames[i].stale = true;
}

/* ---- hub: sending */

void link_feed_rewind(tdm_link *link)
{
    link->feed.sent = link->feed.acked;
    link->feed.frame_count = 0;
    link->feed.progress_ms = link->now_ms;
}

/* Feed first, log second: what the feed needs is then in the log looked at. */
static bool is_open(tdm_link *link)
{
    link_feed *feed = &link->feed;
    const tdm_link_options *options = &link->options;
    if (feed->sent >= feed->gate_feed) {
        tdm_log_tip own;
        feed->gate_feed = link->ports.feed_last(link->ports.context, &options->peer_origin);
        if (feed->gate_feed <= feed->sent
            || link_tip(link, &options->own_origin, options->own_incarnation, &own) != TDM_OK) {
            feed->gate_feed = 0;
            return false;
        }
        feed->gate_log = own.last;
    }
    return link_outlog_acked(link, options->own_incarnation) >= feed->gate_log;
}

/* Notices gather as bytes in one buffer; spans are made when it no longer moves. */
typedef struct gathering {
    tdm_frame *frame;
    tdm_buf bytes;
    size_t ends[2 * TDM_FRAME_NOTICES_MAX]; /* of each event and each proof */
} gathering;

static tdm_code gather_one(tdm_link *link, gathering *all)
{
    uint64_t number = 0;
    tdm_span event = { 0 };
    tdm_proof proof;
    uint64_t after = link->feed.sent + all->frame->notice.count;
    tdm_code code = link->ports.feed_next(link->ports.context, &link->options.peer_origin, after, &number,
                                          &event, &proof);
    if (code != TDM_OK)
        return code;
    if (number != after + 1)
        return TDM_CORRUPT;
    uint32_t at = all->frame->notice.count++;
    all->frame->notice.notices[at].number = number;
    tdm_buf_add(&all->bytes, event.data, event.len);
    all->ends[2 * at] = all->bytes.len;
    tdm_proof_encode(&proof, &all->bytes);
    all->ends[2 * at + 1] = all->bytes.len;
    return all->bytes.failed ? TDM_INTERNAL : TDM_OK;
}

static void lay_spans(gathering *all)
{
    size_t start = 0;
    for (uint32_t i = 0; i < all->frame->notice.count; i++) {
        tdm_notice *notice = &all->frame->notice.notices[i];
        notice->event = (tdm_span){ all->bytes.data + start, all->ends[2 * i] - start };
        notice->proof =
            (tdm_span){ all->bytes.data + all->ends[2 * i], all->ends[2 * i + 1] - all->ends[2 * i] };
        start = all->ends[2 * i + 1];
    }
}

/* One frame of what may go now. True if one went. */
static bool send_notices(tdm_link *link, gathering *all)
{
    link_feed *feed = &link->feed;
    uint64_t in_flight = feed->sent - feed->acked;
    uint64_t room = link->options.window_notices - in_flight;
    if (room > feed->gate_feed - feed->sent)
        room = feed->gate_feed - feed->sent;
    tdm_code code = TDM_OK;
    while (code == TDM_OK && all->frame->notice.count < room
           && all->frame->notice.count < TDM_FRAME_NOTICES_MAX && all->bytes.len < LINK_NOTICES_BYTES)
        code = gather_one(link, all);
    if (code != TDM_OK) /* not sealed yet, or a port failed: whoever mends it calls more, or we look again */
        link->pump_at_ms = link->now_ms + link->options.retry_max_ms;
    if (all->bytes.failed || all->frame->notice.count == 0)
        return false;
    lay_spans(all);
    link_send(link, all->frame);
    if (feed->frame_count == 0)
        feed->progress_ms = link->now_ms;
    feed->sent += all->frame->notice.count;
    feed->frames[feed->frame_count++] = (link_notice_frame){ .up_to = feed->sent };
    return code == TDM_OK;
}

static bool pump_one(tdm_link *link)
{
    gathering *all = malloc(sizeof *all);
    tdm_frame *frame = malloc(sizeof *frame);
    bool went = false;
    if (all != NULL && frame != NULL) {
        frame->kind = TDM_FRAME_NOTICE;
        frame->notice.epoch = link->feed.epoch;
        frame->notice.count = 0;
        *all = (gathering){ .frame = frame };
        went = send_notices(link, all);
        tdm_buf_free(&all->bytes);
    }
    free(frame);
    free(all);
    return went;
}

void link_feed_pump(tdm_link *link)
{
    const link_feed *feed = &link->feed;
    if (link->options.role != TDM_LINK_HUB || !feed->open || !link->out.on
        || !tdm_id_equal(&link->out.origin, &link->options.own_origin))
        return;
    while (feed->frame_count < LINK_NOTICE_FRAMES_MAX
           && feed->sent - feed->acked < link->options.window_notices && is_open(link))
        if (!pump_one(link))
            return;
}

bool link_take_notice_ack(tdm_link *link, const link_event *event)
{
    link_feed *feed = &link->feed;
    const tdm_frame *frame = event->frame;
    uint64_t up_to = frame->notice_ack.up_to;
    if (!tdm_id_equal(&frame->notice_ack.epoch, &feed->epoch) || up_to <= feed->acked)
        return true; /* of another epoch, or said before */
    if (up_to > link->ports.feed_last(link->ports.context, &link->options.peer_origin))
        return link_refuse(link, TDM_REFUSAL_UNEXPECTED, TDM_FRAME_NOTICE_ACK,
                           "acknowledges notice %llu, which there is not", (unsigned long long)up_to);
    feed->acked = up_to;
    if (feed->sent < up_to)
        feed->sent = up_to;
    uint32_t left = 0;
    for (uint32_t i = 0; i < feed->frame_count; i++)
        if (feed->frames[i].up_to > up_to)
            feed->frames[left++] = feed->frames[i];
    feed->frame_count = left;
    feed->progress_ms = link->now_ms;
    link->ports.feed_acked(link->ports.context, &link->options.peer_origin, up_to);
    link_feed_pump(link);
    return true;
}

/* ---- node: taking */

/* Kept durably in this epoch. */
static uint64_t kept_up_to(tdm_link *link)
{
    bool has_epoch = false;
    tdm_id epoch;
    uint64_t number = 0;
    link->ports.feed_cursor(link->ports.context, &has_epoch, &epoch, &number);
    return has_epoch && tdm_id_equal(&epoch, &link->feed.epoch) ? number : 0;
}

/* Kept or being kept. */
static uint64_t known_up_to(tdm_link *link, uint64_t kept)
{
    uint64_t known = kept;
    for (uint32_t i = 0; i < link->feed.frame_count; i++)
        if (!link->feed.frames[i].stale && link->feed.frames[i].up_to > known)
            known = link->feed.frames[i].up_to;
    return known;
}

static void send_notice_ack(tdm_link *link, uint64_t up_to)
{
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL)
        return;
    frame->kind = TDM_FRAME_NOTICE_ACK;
    frame->notice_ack.epoch = link->feed.epoch;
    frame->notice_ack.up_to = up_to;
    link_send(link, frame);
    link->feed.acked = up_to;
    free(frame);
}

/* The scratch of one NOTICE frame. */
typedef struct taking {
    size_t count;
    uint64_t numbers[TDM_FRAME_NOTICES_MAX];
    tdm_event events[TDM_FRAME_NOTICES_MAX];
    tdm_proof proofs[TDM_FRAME_NOTICES_MAX];
} taking;

static bool read_notice(tdm_link *link, const tdm_notice *notice, tdm_event *event, tdm_proof *proof)
{
    const uint32_t kind = TDM_FRAME_NOTICE;
    const unsigned long long number = notice->number;
    tdm_err err = { 0 };
    if (tdm_event_decode(notice->event, event, &err) != TDM_OK
        || tdm_proof_decode(notice->proof, proof, &err) != TDM_OK)
        return link_refuse(link, TDM_REFUSAL_MALFORMED, kind, "notice %llu: %s", number, err.what);
    if (tdm_proof_check(proof, event, &err) != TDM_OK)
        return link_refuse(link, TDM_REFUSAL_BAD_SEAL, kind, "notice %llu: %s", number, err.what);
    if (!link->ports.may_seal(link->ports.context, &event->origin, proof->seal.key, proof->seal.last))
        return link_refuse(link, TDM_REFUSAL_BUSY, kind, "notice %llu: its key is not known here yet",
                           number);
    return true;
}

static bool keep_notices(tdm_link *link, const taking *all)
{
    link_feed *feed = &link->feed;
    tdm_notice_batch batch = { feed->epoch, all->count, all->numbers, all->events, all->proofs };
    uint64_t token = link_token(link);
    if (link->ports.keep_notices(link->ports.context, &batch, token) != TDM_OK)
        return link_refuse(link, TDM_REFUSAL_BUSY, TDM_FRAME_NOTICE, "no room now");
    feed->frames[feed->frame_count++] =
        (link_notice_frame){ .token = token, .up_to = all->numbers[all->count - 1] };
    return true;
}

static bool take_new(tdm_link *link, const tdm_frame *frame, uint64_t known)
{
    taking *all = malloc(sizeof *all);
    if (all == NULL)
        return link_refuse(link, TDM_REFUSAL_BUSY, TDM_FRAME_NOTICE, "out of memory");
    all->count = 0;
    bool is_good = true;
    for (uint32_t i = 0; i < frame->notice.count && is_good; i++) {
        const tdm_notice *notice = &frame->notice.notices[i];
        if (notice->number <= known)
            continue;
        all->numbers[all->count] = notice->number;
        is_good = read_notice(link, notice, &all->events[all->count], &all->proofs[all->count]);
        all->count++;
    }
    is_good = is_good && keep_notices(link, all);
    free(all);
    return is_good;
}

bool link_take_notice(tdm_link *link, const link_event *event)
{
    const tdm_frame *frame = event->frame;
    if (!tdm_id_equal(&frame->notice.epoch, &link->feed.epoch))
        return link_refuse(link, TDM_REFUSAL_UNEXPECTED, TDM_FRAME_NOTICE,
                           "of another epoch than WELCOME told");
    uint64_t kept = kept_up_to(link);
    uint64_t known = known_up_to(link, kept);
    uint64_t first = frame->notice.notices[0].number;
    uint64_t last = first + frame->notice.count - 1;
    if (first > known + 1)
        return link_refuse(link, TDM_REFUSAL_GAP, TDM_FRAME_NOTICE, "from notice %llu, while %llu is held",
                           (unsigned long long)first, (unsigned long long)known);
    if (last <= kept)
        send_notice_ack(link, kept);
    if (last <= known)
        return true;
    if (link->feed.frame_count == LINK_NOTICE_FRAMES_MAX)
        return link_refuse(link, TDM_REFUSAL_BUSY, TDM_FRAME_NOTICE, "over the window");
    return take_new(link, frame, known);
}

static bool find_frame(const link_feed *feed, uint64_t token, uint32_t *at)
{
    for (*at = 0; *at < feed->frame_count; ++*at)
        if (feed->frames[*at].token == token)
            return true;
    return false;
}

static void remove_frame(link_feed *feed, uint32_t at)
{
    feed->frame_count--;
    memmove(&feed->frames[at], &feed->frames[at + 1], (feed->frame_count - at) * sizeof feed->frames[0]);
}

bool link_settle_notices(tdm_link *link, const link_event *event)
{
    uint32_t at;
    if (find_frame(&link->feed, event->token, &at))
        remove_frame(&link->feed, at);
    return true;
}

/* A notice that conflicts with one held has been set aside by the driver: that is kept, too, and must not
 * hold up those behind it. */
static bool is_kept(tdm_link *link, tdm_code code)
{
    if (code == TDM_CONFLICT)
        link_note(link, "notice-conflict", "a notice was set aside: held with other content");
    return code == TDM_OK || code == TDM_EXISTS || code == TDM_CONFLICT;
}

bool link_acknowledge_notices(tdm_link *link, const link_event *event)
{
    link_feed *feed = &link->feed;
    uint32_t at;
    if (!find_frame(feed, event->token, &at))
        return true;
    if (feed->frames[at].stale)
        return link_settle_notices(link, event);
    if (!is_kept(link, event->code)) {
        remove_frame(feed, at);
        return link_refuse(link, TDM_REFUSAL_BUSY, TDM_FRAME_NOTICE, "could not be kept: %s",
                           tdm_code_word(event->code));
    }
    feed->frames[at].done = true;
    uint64_t up_to = 0;
    uint32_t i = 0;
    while (i < feed->frame_count && (feed->frames[i].done || feed->frames[i].stale)) {
        if (feed->frames[i].stale) {
            i++;
            continue;
        }
        up_to = feed->frames[i].up_to;
        remove_frame(feed, i);
    }
    if (up_to > 0)
        send_notice_ack(link, up_to);
    return true;
}
