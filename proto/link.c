/* SPDX-License-Identifier: MPL-2.0
 *
 * link.c: the state table of a link, and the inputs that walk it. The table is the one in LINK.md.
 */
#include "tandem/link.h"

#include "link_inner.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 200

const char *tdm_link_state_word(tdm_link_state state)
{
    static const char *const WORDS[] = {
#define X(symbol, word) word,
        TDM_LINK_STATES(X)
#undef X
    };
    return (size_t)state < TDM_COUNT(WORDS) ? WORDS[state] : "unknown";
}

/* ---- the table */

enum { NODE = 1 << TDM_LINK_NODE, HUB = 1 << TDM_LINK_HUB, BOTH = NODE | HUB };
enum {
    DOWN = 1 << TDM_LINK_DOWN,
    OPENING = 1 << TDM_LINK_OPENING,
    LIVE = 1 << TDM_LINK_LIVE,
    WAITING = 1 << TDM_LINK_WAITING,
    STOPPED = 1 << TDM_LINK_STOPPED
};
#define STAY (-1)

/* Frames come under their kind; beside them: */
typedef enum link_input {
    INPUT_CONNECTED = 32,
    INPUT_DISCONNECTED,
    INPUT_TIMEOUT,
    INPUT_MORE,
    INPUT_KEPT,
    INPUT_NOTICES_KEPT,
    INPUT_ENROL_DONE
} link_input;

typedef struct link_row {
    unsigned roles;
    unsigned states;
    int input;
    link_action *action;
    int next;
} link_row;

/* A frame that was on its way when the session ended. */
static bool drop(tdm_link *link, const link_event *event)
{
    (void)link;
    (void)event;
    return true;
}

static bool leave(tdm_link *link, const link_event *event)
{
    (void)event;
    link_session_end(link);
    return true;
}

static bool pump(tdm_link *link, const link_event *event)
{
    (void)event;
    link_outlog_refresh(link);
    link_outlog_pump(link);
    link_feed_pump(link);
    return true;
}

static bool is_overdue(const tdm_link *link, int64_t since_ms, int64_t timeout_ms)
{
    return link->now_ms - since_ms >= timeout_ms;
}

/* The node begins again, since the hub may have forgotten the session; the hub sends again. */
static bool take_timeout(tdm_link *link, const link_event *event)
{
    bool log_late = link->out.on && link->out.frame_count > 0
                    && is_overdue(link, link->out.progress_ms, link->options.ack_timeout_ms);
    bool from_late =
        link->intake.from_due && is_overdue(link, link->intake.asked_ms, link->options.hello_timeout_ms);
    if (link->options.role == TDM_LINK_NODE && (log_late || from_late)) {
        link_note(link, "link-silent", "%s", log_late ? "nothing acknowledged" : "no answer to fetch");
        link_session_end(link);
        link_say_hello(link, event);
        link_enter(link, TDM_LINK_OPENING, "timeout");
        return false;
    }
    if (log_late)
        link_outlog_rewind(link);
    if (from_late)
        link_intake_fetch(link, &link->options.own_origin);
    if (link->options.role == TDM_LINK_HUB && link->feed.frame_count > 0
        && is_overdue(link, link->feed.progress_ms, link->options.ack_timeout_ms))
        link_feed_rewind(link);
    link->pump_at_ms = INT64_MAX;
    return pump(link, event);
}

static const link_row ROWS[] = {
    { BOTH, DOWN | OPENING | LIVE | WAITING, INPUT_CONNECTED, link_begin, TDM_LINK_OPENING },
    { HUB, STOPPED, INPUT_CONNECTED, link_begin, TDM_LINK_OPENING },
    { NODE, STOPPED, INPUT_CONNECTED, drop, STAY },
    { BOTH, DOWN | OPENING | LIVE | WAITING, INPUT_DISCONNECTED, leave, TDM_LINK_DOWN },
    { HUB, STOPPED, INPUT_DISCONNECTED, leave, TDM_LINK_DOWN },
    { NODE, STOPPED, INPUT_DISCONNECTED, drop, STAY },
    { NODE, OPENING | WAITING, INPUT_TIMEOUT, link_say_hello, TDM_LINK_OPENING },
    { HUB, WAITING, INPUT_TIMEOUT, link_repeat_refusal, STAY },
    { BOTH, LIVE, INPUT_TIMEOUT, take_timeout, STAY },
    { BOTH, LIVE, INPUT_MORE, pump, STAY },
    { BOTH, DOWN | OPENING | WAITING | STOPPED, INPUT_MORE, drop, STAY },
    { BOTH, LIVE, INPUT_KEPT, link_acknowledge, STAY },
    { BOTH, DOWN | OPENING | WAITING | STOPPED, INPUT_KEPT, link_settle, STAY },
    { NODE, LIVE, INPUT_NOTICES_KEPT, link_acknowledge_notices, STAY },
    { NODE, DOWN | OPENING | WAITING | STOPPED, INPUT_NOTICES_KEPT, link_settle_notices, STAY },
    { HUB, DOWN | OPENING | WAITING | STOPPED, INPUT_ENROL_DONE, link_answer_enrol, STAY },

    { NODE, OPENING | LIVE, TDM_FRAME_WELCOME, link_take_welcome, TDM_LINK_LIVE },
    { NODE, OPENING, TDM_FRAME_ENROLLED, link_take_enrolled, TDM_LINK_DOWN },
    { NODE, OPENING | LIVE | WAITING, TDM_FRAME_REFUSE, link_take_refuse, TDM_LINK_WAITING },
    { BOTH, LIVE, TDM_FRAME_FROM, link_take_from, STAY },
    { NODE, LIVE, TDM_FRAME_NOTICE, link_take_notice, STAY },
    { NODE, OPENING | WAITING, TDM_FRAME_EVENTS, drop, STAY },
    { NODE, OPENING | WAITING, TDM_FRAME_ACK, drop, STAY },
    { NODE, OPENING | WAITING, TDM_FRAME_FROM, drop, STAY },
    { NODE, OPENING | WAITING, TDM_FRAME_NOTICE, drop, STAY },
    { NODE, WAITING, TDM_FRAME_WELCOME, drop, STAY },
    { NODE, LIVE | WAITING, TDM_FRAME_ENROLLED, drop, STAY },

    { HUB, OPENING | LIVE | WAITING | STOPPED, TDM_FRAME_HELLO, link_take_hello, TDM_LINK_LIVE },
    { HUB, OPENING | WAITING | STOPPED, TDM_FRAME_ENROL, link_take_enrol, TDM_LINK_OPENING },
    { HUB, OPENING | LIVE | WAITING, TDM_FRAME_REFUSE, link_take_refuse, TDM_LINK_WAITING },
    { HUB, STOPPED, TDM_FRAME_REFUSE, drop, STAY },
    { BOTH, LIVE, TDM_FRAME_FETCH, link_take_fetch, STAY },
    { NODE, OPENING | WAITING, TDM_FRAME_FETCH, drop, STAY },
    { HUB, LIVE, TDM_FRAME_NOTICE_ACK, link_take_notice_ack, STAY },
    { HUB, WAITING | STOPPED, TDM_FRAME_EVENTS, drop, STAY },
    { HUB, WAITING | STOPPED, TDM_FRAME_ACK, drop, STAY },
    { HUB, WAITING | STOPPED, TDM_FRAME_FETCH, drop, STAY },
    { HUB, WAITING | STOPPED, TDM_FRAME_FROM, drop, STAY },
    { HUB, WAITING | STOPPED, TDM_FRAME_NOTICE_ACK, drop, STAY },

    { BOTH, LIVE, TDM_FRAME_EVENTS, link_take_events, STAY },
    { BOTH, LIVE, TDM_FRAME_ACK, link_take_ack, STAY },
};

static const link_row *find_row(const tdm_link *link, int input)
{
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        if (ROWS[i].input == input && (ROWS[i].roles & (1u << link->options.role))
            && (ROWS[i].states & (1u << link->state)))
            return &ROWS[i];
    return NULL;
}

/* A frame without a row is a protocol error. In DOWN nobody is there to be told; a stopped node says nothing.
 */
static void take_unexpected(tdm_link *link, int input)
{
    bool is_mute = link->state == TDM_LINK_DOWN
                   || (link->state == TDM_LINK_STOPPED && link->options.role == TDM_LINK_NODE);
    if (is_mute)
        link_note(link, "unexpected", "%s while %s", tdm_frame_word((tdm_frame_kind)input),
                  tdm_link_state_word(link->state));
    else
        link_refuse(link, TDM_REFUSAL_UNEXPECTED, (uint32_t)input, "%s has no place while %s",
                    tdm_frame_word((tdm_frame_kind)input), tdm_link_state_word(link->state));
}

static void step(tdm_link *link, int input, const link_event *event)
{
    const link_row *row = find_row(link, input);
    if (row == NULL) {
        if (input < INPUT_CONNECTED)
            take_unexpected(link, input);
        return;
    }
    if (row->action(link, event) && row->next != STAY)
        link_enter(link, (tdm_link_state)row->next,
                   input < INPUT_CONNECTED ? tdm_frame_word((tdm_frame_kind)input) : "input");
}

/* ---- what the parts share */

void link_note(tdm_link *link, const char *word, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    link->ports.note(link->ports.context, word, text);
}

void link_enter(tdm_link *link, tdm_link_state next, const char *why)
{
    static const char *const NOTES[] = {
#define X(symbol, word) "link-" word,
        TDM_LINK_STATES(X)
#undef X
    };
    if (link->state == next)
        return;
    tdm_link_state before = link->state;
    link->state = next;
    link_note(link, NOTES[next], "%s -> %s on %s", tdm_link_state_word(before), tdm_link_state_word(next),
              why);
}

void link_send(tdm_link *link, const tdm_frame *frame)
{
    tdm_buf out = { 0 };
    tdm_err err = { 0 };
    if (tdm_frame_encode(frame, &out, &err) == TDM_OK)
        link->ports.send(link->ports.context, tdm_buf_span(&out));
    else
        link_note(link, "unsendable", "%s", err.what);
    tdm_buf_free(&out);
}

uint64_t link_token(tdm_link *link)
{
    return ++link->last_token;
}

tdm_code link_tip(tdm_link *link, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out)
{
    memset(out, 0, sizeof *out);
    tdm_code code = link->ports.tip(link->ports.context, origin, incarnation, out);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    if (code == TDM_NOT_FOUND)
        memset(out, 0, sizeof *out);
    out->origin = *origin;
    out->incarnation = incarnation;
    return TDM_OK;
}

bool link_head_is(tdm_link *link, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                  const tdm_digest *head)
{
    tdm_digest held = { { 0 } };
    if (last > 0 && link->ports.head_at(link->ports.context, origin, incarnation, last, &held) != TDM_OK)
        return false;
    return tdm_digest_equal(&held, head);
}

/* ---- life */

static bool has_ports(const tdm_link_options *options, const tdm_link_ports *ports)
{
    if (ports->send == NULL || ports->note == NULL || ports->tip == NULL || ports->head_at == NULL
        || ports->incarnations == NULL || ports->runs == NULL || ports->keep == NULL
        || ports->may_seal == NULL || ports->set_aside == NULL)
        return false;
    if (options->role == TDM_LINK_HUB)
        return ports->feed_next != NULL && ports->feed_last != NULL && ports->feed_acked != NULL
               && ports->enrol != NULL;
    return ports->keep_notices != NULL && ports->feed_cursor != NULL && ports->enrolled != NULL;
}

tdm_code tdm_link_new(tdm_link **out, const tdm_link_options *options, const tdm_link_ports *ports,
                      tdm_err *err)
{
    *out = NULL;
    if (!has_ports(options, ports))
        return tdm_fail(err, TDM_INVALID, 0, "link: a port is missing");
    if (options->own_incarnation == 0 || options->hello_timeout_ms <= 0 || options->ack_timeout_ms <= 0
        || options->retry_min_ms <= 0 || options->retry_max_ms < options->retry_min_ms)
        return tdm_fail(err, TDM_INVALID, 0, "link: incarnation and time-outs must be above 0");
    tdm_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return tdm_fail(err, TDM_INTERNAL, 0, "link: out of memory");
    link->options = *options;
    link->ports = *ports;
    link->pump_at_ms = INT64_MAX;
    link->refused_ms = INT64_MIN / 2;
    link->retry_at_ms = INT64_MIN / 2;
    if (link->options.window_events < LINK_WINDOW_LEAST)
        link->options.window_events = LINK_WINDOW_LEAST;
    if (link->options.window_notices < LINK_WINDOW_LEAST)
        link->options.window_notices = LINK_WINDOW_LEAST;
    *out = link;
    return TDM_OK;
}

void tdm_link_destroy(tdm_link **link)
{
    if (link == NULL || *link == NULL)
        return;
    sodium_memzero(*link, sizeof **link);
    free(*link);
    *link = NULL;
}

/* ---- inputs */

void tdm_link_connected(tdm_link *link, int64_t now_ms)
{
    link->now_ms = now_ms;
    step(link, INPUT_CONNECTED, &(link_event){ 0 });
}

void tdm_link_disconnected(tdm_link *link, int64_t now_ms)
{
    link->now_ms = now_ms;
    step(link, INPUT_DISCONNECTED, &(link_event){ 0 });
}

/* Bytes that are no frame: a stopped or absent peer is not answered. */
static void take_malformed(tdm_link *link, const tdm_err *err)
{
    if (link->state == TDM_LINK_DOWN || link->state == TDM_LINK_STOPPED)
        link_note(link, "malformed", "%s", err->what);
    else
        link_refuse(link, TDM_REFUSAL_MALFORMED, 0, "%s", err->what);
}

void tdm_link_frame(tdm_link *link, tdm_span bytes, int64_t now_ms)
{
    link->now_ms = now_ms;
    /* Bigger than a machine should be, so it lives for the call alone. */
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame == NULL) {
        link_refuse(link, TDM_REFUSAL_BUSY, 0, "out of memory");
        return;
    }
    tdm_err err = { 0 };
    if (tdm_frame_decode(bytes, frame, &err) == TDM_OK)
        step(link, (int)frame->kind, &(link_event){ .frame = frame });
    else
        take_malformed(link, &err);
    free(frame);
}

void tdm_link_tick(tdm_link *link, int64_t now_ms)
{
    link->now_ms = now_ms;
    if (now_ms >= tdm_link_deadline(link))
        step(link, INPUT_TIMEOUT, &(link_event){ 0 });
}

void tdm_link_kept(tdm_link *link, uint64_t token, tdm_code code, const tdm_digest *head, int64_t now_ms)
{
    link->now_ms = now_ms;
    step(link, INPUT_KEPT, &(link_event){ .token = token, .code = code, .head = head });
}

void tdm_link_notices_kept(tdm_link *link, uint64_t token, tdm_code code, int64_t now_ms)
{
    link->now_ms = now_ms;
    step(link, INPUT_NOTICES_KEPT, &(link_event){ .token = token, .code = code });
}

void tdm_link_enrolled(tdm_link *link, uint64_t token, tdm_code code, const tdm_span *organisations,
                       size_t count, const char *text, int64_t now_ms)
{
    link->now_ms = now_ms;
    step(link, INPUT_ENROL_DONE,
         &(link_event){
             .token = token, .code = code, .organisations = organisations, .count = count, .text = text });
}

void tdm_link_refuse(tdm_link *link, tdm_refusal reason, const char *text, int64_t now_ms)
{
    link->now_ms = now_ms;
    link_refuse(link, reason, 0, "%s", text == NULL ? "" : text);
}

void tdm_link_more(tdm_link *link, int64_t now_ms)
{
    link->now_ms = now_ms;
    step(link, INPUT_MORE, &(link_event){ 0 });
}

void tdm_link_fetch(tdm_link *link, const tdm_id *origin, int64_t now_ms)
{
    link->now_ms = now_ms;
    if (link->state != TDM_LINK_LIVE)
        return;
    link_intake_end(link);
    link_intake_fetch(link, origin);
}

/* ---- questions */

tdm_link_state tdm_link_state_of(const tdm_link *link)
{
    return link->state;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t live_deadline(const tdm_link *link)
{
    int64_t at = link->pump_at_ms;
    if (link->out.on && link->out.frame_count > 0)
        at = earlier(at, link->out.progress_ms + link->options.ack_timeout_ms);
    if (link->options.role == TDM_LINK_HUB && link->feed.frame_count > 0)
        at = earlier(at, link->feed.progress_ms + link->options.ack_timeout_ms);
    if (link->intake.from_due)
        at = earlier(at, link->intake.asked_ms + link->options.hello_timeout_ms);
    return at;
}

int64_t tdm_link_deadline(const tdm_link *link)
{
    bool is_node = link->options.role == TDM_LINK_NODE;
    if (link->state == TDM_LINK_LIVE)
        return live_deadline(link);
    if (link->state == TDM_LINK_WAITING)
        return link->retry_at_ms;
    if (link->state == TDM_LINK_OPENING && is_node)
        return link->opened_ms + link->options.hello_timeout_ms;
    return INT64_MAX;
}

void tdm_link_figures_read(const tdm_link *link, tdm_link_figures *out)
{
    memset(out, 0, sizeof *out);
    out->events_in_flight = link->out.events;
    out->events_acked = link_outlog_acked(link, link->options.own_incarnation);
    out->peer_last = link->peer_last;
    out->peer_held = link->peer_held;
    out->fetching = link->intake.asked && !link->intake.from_due;
    out->fetched_origin = link->intake.asked_origin;
    out->fetched_incarnation = link->intake.asked_incarnation;
    out->fetched_last = link->intake.asked_last;
    out->feed_sent = link->feed.sent;
    out->feed_acked = link->feed.acked;
    out->refusal = link->refusal;
    memcpy(out->refusal_text, link->refusal_text, sizeof out->refusal_text);
}
