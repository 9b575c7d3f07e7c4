/* SPDX-License-Identifier: MPL-2.0
 *
 * link_inner.h: the parts of a link machine. link.c has the state table; link_session.c opens and refuses;
 * link_intake.c takes an origin's events in; link_outlog.c sends a log; link_feed.c moves notices.
 *
 * Nothing that grows with a message lives in the machine: an idle link costs sizeof(tdm_link).
 */
#ifndef TANDEM_PROTO_LINK_INNER_H
#define TANDEM_PROTO_LINK_INNER_H

#include "tandem/link.h"

#define LINK_FRAMES_MAX 64        /* EVENTS frames in flight, in each direction */
#define LINK_NOTICE_FRAMES_MAX 16 /* NOTICE frames in flight */
/* Bytes of events in one EVENTS frame: leaves room for the rest. */
#define LINK_EVENTS_BYTES (TDM_FRAME_MAX - 4096)
/* Of notices: leaves room for one more. */
#define LINK_NOTICES_BYTES (TDM_FRAME_MAX - 32768)
#define LINK_WINDOW_LEAST 1

/* A batch handed over to be kept. */
typedef struct link_pending {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t last;
    tdm_digest head;
    uint64_t token;
    uint32_t events;
    bool done;  /* durable, waits for those before it */
    bool stale; /* of a session that ended: it counts in the window and is never acknowledged */
} link_pending;

typedef struct link_intake {
    uint32_t count;
    uint64_t events; /* in all of pending */
    link_pending pending[LINK_FRAMES_MAX];
    bool asked; /* node, and a hub that recovers: which origin it fetches; others are refused, or dropped */
    bool from_due;
    int64_t asked_ms;
    tdm_id asked_origin;
    uint64_t asked_incarnation; /* the last that comes, as FROM told; 0: none */
    uint64_t asked_last;        /* how far that goes there, as EVENTS told */
} link_intake;

typedef struct link_sent {
    uint64_t incarnation;
    uint64_t last;
    uint32_t events;
} link_sent;

typedef struct link_stretch {
    uint64_t incarnation;
    uint64_t acked; /* the other end holds up to here */
} link_stretch;

typedef struct link_outlog {
    bool on;
    tdm_id origin;
    uint32_t stretch_count;
    uint32_t at;     /* the stretch being sent */
    uint64_t sent;   /* in it */
    uint64_t usual;  /* events of the batch read last: as many as the next one has, most likely */
    uint64_t events; /* in flight */
    uint32_t frame_count;
    int64_t progress_ms; /* when something was last acknowledged, or first sent after quiet */
    bool has_key;
    uint8_t key[32]; /* that sealed the frame sent last */
    link_stretch stretches[TDM_FRAME_INCARNATIONS_MAX];
    link_sent frames[LINK_FRAMES_MAX]; /* in flight, oldest first */
} link_outlog;

typedef struct link_notice_frame {
    uint64_t token; /* node */
    uint64_t up_to;
    bool done;
    bool stale;
} link_notice_frame;

typedef struct link_feed {
    tdm_id epoch;
    bool open;          /* a session is on */
    uint64_t sent;      /* hub */
    uint64_t acked;     /* hub; node: acknowledged to the hub */
    uint64_t gate_feed; /* hub: entries up to here may go once gate_log of the own log is acknowledged */
    uint64_t gate_log;
    int64_t progress_ms;
    uint32_t frame_count;
    link_notice_frame frames[LINK_NOTICE_FRAMES_MAX]; /* hub: in flight; node: being kept */
} link_feed;

struct tdm_link {
    tdm_link_options options;
    tdm_link_ports ports;
    tdm_link_state state;
    int64_t now_ms;
    uint64_t last_token;
    uint64_t enrol_token; /* hub: 0: none pending */
    int64_t opened_ms;    /* HELLO or ENROL went out */
    int64_t retry_at_ms;  /* WAITING */
    int64_t backoff_ms;
    int64_t refused_ms;
    int64_t pump_at_ms; /* a port failed: try to send again */
    uint32_t refused_kind;
    uint32_t peer_window; /* node: granted by WELCOME */
    uint64_t peer_incarnation;
    uint64_t peer_last;
    uint64_t peer_held;
    tdm_refusal refusal;
    char refusal_text[200];
    link_intake intake;
    link_outlog out;
    link_feed feed;
};

/* What a row's action is given: the parts its input has. */
typedef struct link_event {
    const tdm_frame *frame;
    uint64_t token;
    tdm_code code;
    const tdm_digest *head;
    const tdm_span *organisations;
    size_t count;
    const char *text;
} link_event;

/* ---- link.c */
void link_note(tdm_link *link, const char *word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void link_enter(tdm_link *link, tdm_link_state next, const char *why);
void link_send(tdm_link *link, const tdm_frame *frame);
uint64_t link_token(tdm_link *link);
/* TDM_OK with last 0 where nothing is held. */
tdm_code link_tip(tdm_link *link, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out);
/* Does a run that is held end at `last` with this head? Sequence 0 has the head of zero bytes. */
bool link_head_is(tdm_link *link, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                  const tdm_digest *head);

/* Actions: true: go to the row's next state; false: the action went where it had to. */
typedef bool link_action(tdm_link *link, const link_event *event);

/* ---- link_session.c */
void link_session_end(tdm_link *link);
/* Say REFUSE, note it, leave the session. Always false, for actions to return. */
bool link_refuse(tdm_link *link, tdm_refusal reason, uint32_t kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Stop without a word to the peer. Always false. */
bool link_stop(tdm_link *link, tdm_refusal reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
link_action link_say_hello, link_begin, link_take_hello, link_take_welcome, link_take_refuse;
link_action link_take_enrol, link_take_enrolled, link_answer_enrol, link_repeat_refusal;

/* ---- link_intake.c */
link_action link_take_events, link_take_from, link_settle, link_acknowledge;
void link_intake_end(tdm_link *link);
void link_intake_fetch(tdm_link *link, const tdm_id *origin);

/* ---- link_outlog.c */
link_action link_take_ack, link_take_fetch;
/* Own log to where the peer is (tips: what it holds of it). */
void link_outlog_start(tdm_link *link, const tdm_log_tip *tips, size_t count);
void link_outlog_end(tdm_link *link);
void link_outlog_rewind(tdm_link *link); /* send again what is not acknowledged */
void link_outlog_refresh(tdm_link *link);
void link_outlog_pump(tdm_link *link);
/* How far the other end holds this incarnation. */
uint64_t link_outlog_acked(const tdm_link *link, uint64_t incarnation);

/* ---- link_feed.c */
link_action link_take_notice, link_take_notice_ack, link_settle_notices, link_acknowledge_notices;
void link_feed_start(tdm_link *link, const tdm_frame *hello); /* HELLO at the hub, WELCOME at the node */
void link_feed_end(tdm_link *link);
void link_feed_rewind(tdm_link *link);
void link_feed_pump(tdm_link *link);

#endif
