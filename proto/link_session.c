/* SPDX-License-Identifier: MPL-2.0
 *
 * link_session.c: how a link opens (HELLO and WELCOME, with the comparison of histories; ENROL), and how it
 * is left (REFUSE). The node always opens: whatever went wrong, its next HELLO puts both ends right again.
 */
#include "link_inner.h"

#include "tandem/pack.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void link_session_end(tdm_link *link)
{
    link_outlog_end(link);
    link_intake_end(link);
    link_feed_end(link);
}

/* ---- REFUSE */

static void remember(tdm_link *link, tdm_refusal reason, uint32_t kind, const char *text)
{
    link->refusal = reason;
    link->refused_kind = kind;
    snprintf(link->refusal_text, sizeof link->refusal_text, "%s", text);
}

/* Waits double while refusals follow each other, and start anew after a quiet stretch. */
static void schedule_retry(tdm_link *link)
{
    const tdm_link_options *options = &link->options;
    bool is_new = link->now_ms - link->refused_ms > 2 * options->retry_max_ms;
    link->backoff_ms = is_new ? options->retry_min_ms : 2 * link->backoff_ms;
    if (link->backoff_ms > options->retry_max_ms)
        link->backoff_ms = options->retry_max_ms;
    link->refused_ms = link->now_ms;
    link->retry_at_ms =
        link->now_ms + (options->role == TDM_LINK_HUB ? options->retry_max_ms : link->backoff_ms);
}

/* The node stops only where it knows that trying again can not help; what it finds wrong with a hub's frame
 * may be mended at the hub. */
static bool is_for_good(const tdm_link *link, tdm_refusal reason)
{
    if (link->options.role == TDM_LINK_HUB)
        return !tdm_refusal_again(reason);
    return reason == TDM_REFUSAL_FORK || reason == TDM_REFUSAL_VERSION || reason == TDM_REFUSAL_WRONG_ORIGIN;
}

static void send_refusal(tdm_link *link)
{
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL)
        return;
    frame->kind = TDM_FRAME_REFUSE;
    frame->refuse.reason = link->refusal;
    frame->refuse.kind = link->refused_kind;
    frame->refuse.text = tdm_span_text(link->refusal_text);
    link_send(link, frame);
    free(frame);
}

/* What a peer's bytes put into a text must not break the frame that carries it. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

bool link_refuse(tdm_link *link, tdm_refusal reason, uint32_t kind, const char *format, ...)
{
    char text[sizeof link->refusal_text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    make_printable(text);
    remember(link, reason, kind, text);
    link_note(link, tdm_refusal_word(reason), "refused %s: %s",
              kind == 0 ? "a peer" : tdm_frame_word((tdm_frame_kind)kind), text);
    send_refusal(link);
    link_session_end(link);
    schedule_retry(link);
    if (link->state != TDM_LINK_DOWN)
        link_enter(link, is_for_good(link, reason) ? TDM_LINK_STOPPED : TDM_LINK_WAITING, "refusal given");
    return false;
}

bool link_stop(tdm_link *link, tdm_refusal reason, const char *format, ...)
{
    char text[sizeof link->refusal_text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    remember(link, reason, 0, text);
    link_note(link, tdm_refusal_word(reason), "%s", text);
    link_session_end(link);
    link_enter(link, TDM_LINK_STOPPED, "own check");
    return false;
}

/* In OPENING, refusals of frames of an earlier session say nothing about the HELLO on its way. */
static bool is_old_refusal(const tdm_link *link, const tdm_frame *frame)
{
    uint32_t kind = frame->refuse.kind;
    return link->state == TDM_LINK_OPENING && tdm_refusal_again(frame->refuse.reason) && kind != 0
           && kind != TDM_FRAME_HELLO && kind != TDM_FRAME_ENROL;
}

bool link_take_refuse(tdm_link *link, const link_event *event)
{
    const tdm_frame *frame = event->frame;
    bool is_node = link->options.role == TDM_LINK_NODE;
    /* While waiting, only news that ends the waiting counts; the rest are echoes of what was on its way. */
    if (is_old_refusal(link, frame)
        || (link->state == TDM_LINK_WAITING && tdm_refusal_again(frame->refuse.reason)))
        return false;
    char text[sizeof link->refusal_text];
    snprintf(text, sizeof text, "%.*s", (int)frame->refuse.text.len, (const char *)frame->refuse.text.data);
    make_printable(text);
    remember(link, frame->refuse.reason, frame->refuse.kind, text);
    link_note(link, tdm_refusal_word(frame->refuse.reason), "the peer refused %s: %s",
              frame->refuse.kind == 0 ? "this link" : tdm_frame_word((tdm_frame_kind)frame->refuse.kind),
              text);
    link_session_end(link);
    schedule_retry(link);
    if (is_node && !tdm_refusal_again(frame->refuse.reason)) {
        link_enter(link, TDM_LINK_STOPPED, "refuse");
        return false;
    }
    /* The peer said it; the hub has nothing to repeat. */
    if (!is_node)
        link->retry_at_ms = INT64_MAX;
    return true;
}

/* A refusal that was lost would leave an idle node believing in its session. */
bool link_repeat_refusal(tdm_link *link, const link_event *event)
{
    (void)event;
    send_refusal(link);
    link->retry_at_ms = link->now_ms + link->options.retry_max_ms;
    return true;
}

/* ---- node: HELLO, ENROL */

/* The tips held of one origin, oldest incarnation first. */
static uint32_t add_tips(tdm_link *link, const tdm_id *origin, tdm_log_tip *tips, uint32_t count)
{
    uint64_t incarnations[TDM_FRAME_INCARNATIONS_MAX];
    size_t found =
        link->ports.incarnations(link->ports.context, origin, incarnations, TDM_FRAME_INCARNATIONS_MAX);
    for (size_t i = 0; i < found && count < TDM_FRAME_TIPS_MAX; i++)
        if (link_tip(link, origin, incarnations[i], &tips[count]) == TDM_OK && tips[count].last > 0)
            count++;
    return count;
}

static void fill_hello(tdm_link *link, tdm_frame *frame)
{
    frame->kind = TDM_FRAME_HELLO;
    frame->hello.version = TDM_LINK_VERSION;
    frame->hello.origin = link->options.own_origin;
    frame->hello.incarnation = link->options.own_incarnation;
    frame->hello.capabilities = link->options.capabilities;
    frame->hello.tip_count = add_tips(link, &link->options.own_origin, frame->hello.tips, 0);
    if (link->options.has_peer)
        frame->hello.tip_count =
            add_tips(link, &link->options.peer_origin, frame->hello.tips, frame->hello.tip_count);
    link->ports.feed_cursor(link->ports.context, &frame->hello.has_epoch, &frame->hello.epoch,
                            &frame->hello.feed_number);
    if (!frame->hello.has_epoch)
        frame->hello.feed_number = 0;
}

/* ["tandem.enrol/1", origin, incarnation, seal key, link key] */
static void pack_enrolment(const tdm_frame *frame, tdm_buf *out)
{
    uint8_t incarnation[8];
    tdm_incarnation_bytes(frame->enrol.incarnation, incarnation);
    tdm_pack_array(out, 5);
    tdm_pack_str(out, TDM_SPAN_LITERAL("tandem.enrol/1"));
    tdm_pack_bin(out, frame->enrol.origin.bytes, TDM_ID_BYTES);
    tdm_pack_bin(out, incarnation, sizeof incarnation);
    tdm_pack_bin(out, frame->enrol.seal_key, sizeof frame->enrol.seal_key);
    tdm_pack_bin(out, frame->enrol.link_key, sizeof frame->enrol.link_key);
}

static void fill_enrol(tdm_link *link, tdm_frame *frame)
{
    frame->kind = TDM_FRAME_ENROL;
    frame->enrol.version = TDM_LINK_VERSION;
    frame->enrol.origin = link->options.own_origin;
    frame->enrol.incarnation = link->options.own_incarnation;
    memcpy(frame->enrol.seal_key, link->options.seal_key.public_key, sizeof frame->enrol.seal_key);
    memcpy(frame->enrol.link_key, link->options.link_key, sizeof frame->enrol.link_key);
    tdm_buf signed_bytes = { 0 };
    pack_enrolment(frame, &signed_bytes);
    crypto_sign_detached(frame->enrol.signature, NULL, signed_bytes.data, signed_bytes.len,
                         link->options.seal_key.secret_key);
    tdm_buf_free(&signed_bytes);
}

bool link_say_hello(tdm_link *link, const link_event *event)
{
    (void)event;
    link->opened_ms = link->now_ms;
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL)
        return true; /* the time-out says it again */
    if (link->options.enrolling)
        fill_enrol(link, frame);
    else
        fill_hello(link, frame);
    link_send(link, frame);
    free(frame);
    return true;
}

bool link_begin(tdm_link *link, const link_event *event)
{
    link_session_end(link);
    if (link->options.role == TDM_LINK_HUB)
        return true;
    if (link->now_ms < link->retry_at_ms) {
        link_enter(link, TDM_LINK_WAITING, "connected");
        return false;
    }
    return link_say_hello(link, event);
}

/* ---- hub: HELLO */

/* NULL if what the peer says it holds agrees with what is held here. */
static const char *find_fork(tdm_link *link, const tdm_frame *hello)
{
    for (uint32_t i = 0; i < hello->hello.tip_count; i++) {
        const tdm_log_tip *peer = &hello->hello.tips[i];
        tdm_log_tip held;
        if (link_tip(link, &peer->origin, peer->incarnation, &held) != TDM_OK || held.last == 0)
            continue;
        if (peer->last <= held.last
            && !link_head_is(link, &peer->origin, peer->incarnation, peer->last, &peer->head))
            return "the same sequence has other content there: a cloned or restored store";
        if (peer->last > held.last && tdm_id_equal(&peer->origin, &link->options.own_origin)
            && !link->options.recovers)
            return "more of this hub's own log is held there than here: this hub was restored";
    }
    return NULL;
}

static void read_peer_last(tdm_link *link, const tdm_frame *hello)
{
    link->peer_incarnation = hello->hello.incarnation;
    link->peer_last = 0;
    for (uint32_t i = 0; i < hello->hello.tip_count; i++)
        if (tdm_id_equal(&hello->hello.tips[i].origin, &hello->hello.origin)
            && hello->hello.tips[i].incarnation == hello->hello.incarnation)
            link->peer_last = hello->hello.tips[i].last;
    tdm_log_tip held;
    link->peer_held =
        link_tip(link, &hello->hello.origin, hello->hello.incarnation, &held) == TDM_OK ? held.last : 0;
}

static bool refuse_hello(tdm_link *link, const tdm_frame *hello)
{
    const uint32_t kind = TDM_FRAME_HELLO;
    if (hello->hello.version != TDM_LINK_VERSION)
        return link_refuse(link, TDM_REFUSAL_VERSION, kind, "this hub speaks version %d, not %u",
                           TDM_LINK_VERSION, hello->hello.version);
    if (link->options.recovers) { /* who knows the keys of its nodes from a log that it has not got */
        link->options.has_peer = true;
        link->options.peer_origin = hello->hello.origin;
    }
    if (link->options.enrolling || !link->options.has_peer)
        return link_refuse(link, TDM_REFUSAL_NOT_ENROLLED, kind, "this key speaks for no origin");
    if (!tdm_id_equal(&hello->hello.origin, &link->options.peer_origin))
        return link_refuse(link, TDM_REFUSAL_WRONG_ORIGIN, kind, "this key is another origin's");
    const char *fork = find_fork(link, hello);
    if (fork != NULL)
        return link_refuse(link, TDM_REFUSAL_FORK, kind, "%s", fork);
    return true;
}

static void send_welcome(tdm_link *link)
{
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL)
        return; /* the node says HELLO again */
    frame->kind = TDM_FRAME_WELCOME;
    frame->hello.version = TDM_LINK_VERSION;
    frame->hello.origin = link->options.own_origin;
    frame->hello.capabilities = link->options.capabilities;
    frame->hello.window_events = link->options.window_events;
    frame->hello.tip_count = add_tips(link, &link->options.peer_origin, frame->hello.tips, 0);
    frame->hello.has_epoch = true;
    frame->hello.epoch = link->options.feed_epoch;
    frame->hello.feed_number = link->ports.feed_last(link->ports.context, &link->options.peer_origin);
    link_send(link, frame);
    free(frame);
}

bool link_take_hello(tdm_link *link, const link_event *event)
{
    link_session_end(link);
    if (!refuse_hello(link, event->frame))
        return false;
    read_peer_last(link, event->frame);
    link_feed_start(link, event->frame);
    send_welcome(link);
    if (link->options.recovers)
        link_intake_fetch(link, &link->options.own_origin);
    return true;
}

/* ---- node: WELCOME */

static bool holds_own(tdm_link *link, const tdm_log_tip *hub)
{
    return link_head_is(link, &hub->origin, hub->incarnation, hub->last, &hub->head);
}

/* What the hub holds of this origin must be a prefix of what is held here; else this store is a clone, or was
 * restored from a backup. */
static bool check_welcome(tdm_link *link, const tdm_frame *welcome)
{
    if (welcome->hello.version != TDM_LINK_VERSION)
        return link_stop(link, TDM_REFUSAL_VERSION, "the hub speaks version %u", welcome->hello.version);
    if (link->options.has_peer && !tdm_id_equal(&welcome->hello.origin, &link->options.peer_origin))
        return link_stop(link, TDM_REFUSAL_WRONG_ORIGIN, "this is another hub than the one joined");
    for (uint32_t i = 0; i < welcome->hello.tip_count && !link->options.recovers; i++) {
        const tdm_log_tip *hub = &welcome->hello.tips[i];
        if (tdm_id_equal(&hub->origin, &link->options.own_origin) && !holds_own(link, hub))
            return link_stop(link, TDM_REFUSAL_FORK,
                             "the hub holds another history of this node at %llu: this store is a clone or "
                             "was restored",
                             (unsigned long long)hub->last);
    }
    return true;
}

bool link_take_welcome(tdm_link *link, const link_event *event)
{
    const tdm_frame *welcome = event->frame;
    link_session_end(link);
    if (link->options.enrolling)
        return link_refuse(link, TDM_REFUSAL_UNEXPECTED, TDM_FRAME_WELCOME, "welcomed while enrolling");
    if (!check_welcome(link, welcome))
        return false;
    link->options.has_peer = true;
    link->options.peer_origin = welcome->hello.origin;
    link->peer_window = welcome->hello.window_events == 0 ? 1 : welcome->hello.window_events;
    link_feed_start(link, welcome);
    link_enter(link, TDM_LINK_LIVE, "welcome");
    link_intake_fetch(link, &link->options.peer_origin);
    if (!link->options.recovers)
        link_outlog_start(link, welcome->hello.tips, welcome->hello.tip_count);
    return false;
}

/* ---- enrolment */

bool link_take_enrol(tdm_link *link, const link_event *event)
{
    const tdm_frame *enrol = event->frame;
    const uint32_t kind = TDM_FRAME_ENROL;
    if (enrol->enrol.version != TDM_LINK_VERSION)
        return link_refuse(link, TDM_REFUSAL_VERSION, kind, "this hub speaks version %d", TDM_LINK_VERSION);
    if (!link->options.enrolling && !tdm_id_equal(&enrol->enrol.origin, &link->options.peer_origin))
        return link_refuse(link, TDM_REFUSAL_ENROL_DENIED, kind, "this key is not a join code's");
    if (link->enrol_token != 0)
        return true; /* said again while the answer is being made */
    tdm_buf signed_bytes = { 0 };
    pack_enrolment(enrol, &signed_bytes);
    bool is_signed = !signed_bytes.failed
                     && crypto_sign_verify_detached(enrol->enrol.signature, signed_bytes.data,
                                                    signed_bytes.len, enrol->enrol.seal_key)
                            == 0;
    tdm_buf_free(&signed_bytes);
    if (!is_signed)
        return link_refuse(link, TDM_REFUSAL_ENROL_DENIED, kind, "not signed by the seal key it names");
    link->enrol_token = link_token(link);
    tdm_code code = link->ports.enrol(link->ports.context, enrol, link->enrol_token);
    if (code == TDM_OK)
        return true;
    link->enrol_token = 0;
    return link_refuse(link, code == TDM_BUSY ? TDM_REFUSAL_BUSY : TDM_REFUSAL_ENROL_DENIED, kind, "%s",
                       tdm_code_word(code));
}

static bool is_passing(tdm_code code)
{
    return code == TDM_BUSY || code == TDM_FULL || code == TDM_IO;
}

static void send_enrolled(tdm_link *link, const link_event *event)
{
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL)
        return;
    frame->kind = TDM_FRAME_ENROLLED;
    frame->enrolled.origin = link->options.own_origin;
    frame->enrolled.count =
        (uint32_t)(event->count < TDM_FRAME_CODES_MAX ? event->count : TDM_FRAME_CODES_MAX);
    for (uint32_t i = 0; i < frame->enrolled.count; i++)
        frame->enrolled.organisations[i] = event->organisations[i];
    link_send(link, frame);
    free(frame);
}

bool link_answer_enrol(tdm_link *link, const link_event *event)
{
    if (event->token == 0 || event->token != link->enrol_token)
        return true;
    link->enrol_token = 0;
    if (link->state == TDM_LINK_DOWN)
        return true; /* the node asks again, and the driver knows it */
    if (event->code == TDM_OK || event->code == TDM_EXISTS) {
        link_note(link, "enrolled", "%zu organisations", event->count);
        send_enrolled(link, event);
        return true;
    }
    const char *text = event->text != NULL ? event->text : tdm_code_word(event->code);
    return link_refuse(link, is_passing(event->code) ? TDM_REFUSAL_BUSY : TDM_REFUSAL_ENROL_DENIED,
                       TDM_FRAME_ENROL, "%s", text);
}

bool link_take_enrolled(tdm_link *link, const link_event *event)
{
    const tdm_frame *frame = event->frame;
    if (!link->options.enrolling)
        return link_refuse(link, TDM_REFUSAL_UNEXPECTED, TDM_FRAME_ENROLLED, "nothing was asked");
    if (link->options.has_peer && !tdm_id_equal(&frame->enrolled.origin, &link->options.peer_origin))
        return link_stop(link, TDM_REFUSAL_WRONG_ORIGIN, "another hub than the join code's answered");
    link->ports.enrolled(link->ports.context, &frame->enrolled.origin, frame->enrolled.organisations,
                         frame->enrolled.count);
    return true;
}
