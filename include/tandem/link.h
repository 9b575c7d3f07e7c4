/* SPDX-License-Identifier: MPL-2.0
 *
 * link.h: the state of one link, without sockets, disks or clocks. Inputs are frames, ticks and completions;
 * outputs go through ports that the driver provides. The same code runs in daemons, in tests with a virtual
 * clock and in the simulator.
 *
 * One machine serves both ends; the role decides which rows of the state table apply. What both ends do
 * exists once: intake  receives EVENTS of an origin, checks them against what is held and the seal, hands
 * them over to be kept, and acknowledges when told that they are durable outlog  sends an origin's log from
 * where the other end is, within its window, again after a reset A node offers its own log and fetches the
 * hub's; a hub serves what is fetched and, on top, the feed of notices.
 */
#ifndef TANDEM_LINK_H
#define TANDEM_LINK_H

#include "tandem/frame.h"

typedef struct tdm_link tdm_link;

typedef enum tdm_link_role { TDM_LINK_NODE, TDM_LINK_HUB } tdm_link_role;

/* X(symbol, word). DOWN: no connection. OPENING: HELLO or ENROL is on its way. LIVE. WAITING: refused, tries
 * again later. STOPPED: refused for good (fork, revoked...), a person must act. */
#define TDM_LINK_STATES(X)                                                                                   \
    X(DOWN, "down")                                                                                          \
    X(OPENING, "opening")                                                                                    \
    X(LIVE, "live")                                                                                          \
    X(WAITING, "waiting")                                                                                    \
    X(STOPPED, "stopped")
typedef enum tdm_link_state {
#define X(symbol, word) TDM_LINK_##symbol,
    TDM_LINK_STATES(X)
#undef X
} tdm_link_state;
const char *tdm_link_state_word(tdm_link_state state);

/* Runs of one incarnation, checked or to be sent. events: run_count runs' event bytes one after another. */
typedef struct tdm_log_batch {
    tdm_id origin;
    uint64_t incarnation;
    const tdm_run *runs;
    size_t run_count;
    const tdm_span *event_spans; /* intake only: one span per event, all runs in order */
    size_t event_count;
    tdm_span events; /* all bytes in one piece */
    bool has_seal;
    tdm_seal seal;
    uint64_t sender_last; /* intake only */
} tdm_log_batch;

typedef struct tdm_notice_batch {
    tdm_id epoch;
    size_t count;
    const uint64_t *numbers;
    const tdm_event *events; /* decoded; spans borrow from the frame */
    const tdm_proof *proofs; /* checked */
} tdm_notice_batch;

/*
 * What a link asks of its driver. All calls are made from within the machine's input functions, on their
 * thread; none may call back into the machine. Spans handed to a port are borrowed for the call: a port that
 * works later copies what it needs.
 */
typedef struct tdm_link_ports {
    void *context;
    void (*send)(void *context,
                 tdm_span frame); /* what cannot be sent is lost: resending is the machine's duty */
    /* A state or a fact worth logging and counting: word such as "link-live", "fork", "malformed",
     * "bad-seal". */
    void (*note)(void *context, const char *word, const char *text);

    /* ---- the logs held here */
    tdm_code (*tip)(void *context, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out);
    /* the head after `last`: TDM_NOT_FOUND if no run ends there */
    tdm_code (*head_at)(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                        tdm_digest *out);
    /* Incarnations of an origin held whole, oldest first; returns the count (at most max). */
    size_t (*incarnations)(void *context, const tdm_id *origin, uint64_t *out, size_t max);
    /* Sealed runs from `from` on for sending; what batch points at stays valid until the next call of this
     * port. For an own log the driver seals the last run if need be. TDM_END: nothing there. */
    tdm_code (*runs)(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                     size_t max_bytes, size_t max_runs, tdm_log_batch *out);
    /* Keep a checked batch; completion by tdm_link_kept with the same token. TDM_BUSY: no room now; the
     * machine refuses BUSY. */
    tdm_code (*keep)(void *context, const tdm_log_batch *batch, uint64_t token);
    bool (*may_seal)(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last);
    /* Set refused bytes of a fork aside. */
    void (*set_aside)(void *context, const tdm_id *origin, const char *reason, tdm_span bytes);

    /* ---- hub only */
    /* The next feed entry above `after`: event bytes and proof, valid until the next call. TDM_END: none now.
     * TDM_BUSY: not sealed yet. */
    tdm_code (*feed_next)(void *context, const tdm_id *recipient, uint64_t after, uint64_t *number,
                          tdm_span *event, tdm_proof *proof);
    uint64_t (*feed_last)(void *context, const tdm_id *recipient);
    void (*feed_acked)(void *context, const tdm_id *recipient, uint64_t up_to);
    /* The signature has been checked. Completion by tdm_link_enrolled. */
    tdm_code (*enrol)(void *context, const tdm_frame *enrol, uint64_t token);

    /* ---- node only */
    /* Keep notices and the feed cursor in one transaction; completion by tdm_link_notices_kept. */
    tdm_code (*keep_notices)(void *context, const tdm_notice_batch *batch, uint64_t token);
    void (*feed_cursor)(void *context, bool *has_epoch, tdm_id *epoch, uint64_t *number);
    /* ENROLLED arrived: the driver stores hub origin and rights and connects again with its own key. */
    void (*enrolled)(void *context, const tdm_id *hub, const tdm_span *organisations, size_t count);
} tdm_link_ports;

typedef struct tdm_link_options {
    tdm_link_role role;
    tdm_id own_origin; /* node: own; hub: the hub's origin */
    uint64_t own_incarnation;
    bool has_peer; /* hub: always (the key's origin); node: the hub's origin once joined */
    tdm_id peer_origin;
    bool enrolling; /* node: this connection carries a one-time key, or asks for keys to take the place
                       of its own; hub: the key admits ENROL alone */
    bool recovers;  /* this store lost its log and takes it back (LINK.md, Recovery): it offers nothing.
                       node: fetches what the driver asks for; hub: fetches its own log from each node,
                       whoever that is, and takes nothing else */
    tdm_seal_key seal_key;   /* node, when enrolling */
    uint8_t link_key[32];    /* node, when enrolling */
    tdm_id feed_epoch;       /* hub: its store id */
    uint32_t window_events;  /* hub: what it grants per link */
    uint32_t window_notices; /* hub: notices in flight */
    uint64_t capabilities;
    int64_t hello_timeout_ms; /* no answer to HELLO/ENROL: start again */
    int64_t ack_timeout_ms; /* nothing acknowledged for so long with events in flight: reset and send again */
    int64_t retry_min_ms;   /* after a refusal: doubles up to the maximum */
    int64_t retry_max_ms;
} tdm_link_options;

/* options and ports are copied. */
tdm_code tdm_link_new(tdm_link **out, const tdm_link_options *options, const tdm_link_ports *ports,
                      tdm_err *err);
void tdm_link_destroy(tdm_link **link);

/* ---- inputs. now_ms: any monotonic clock
 * --------------------------------------------------------------------------- */
void tdm_link_connected(tdm_link *link, int64_t now_ms); /* a (new) connection: node says HELLO or ENROL */
void tdm_link_disconnected(tdm_link *link, int64_t now_ms);
/* Bytes from the peer; hostile until scanned. */
void tdm_link_frame(tdm_link *link, tdm_span bytes, int64_t now_ms);
void tdm_link_tick(tdm_link *link, int64_t now_ms); /* any time; at the latest when tdm_link_deadline says */
void tdm_link_kept(tdm_link *link, uint64_t token, tdm_code code, const tdm_digest *head, int64_t now_ms);
void tdm_link_notices_kept(tdm_link *link, uint64_t token, tdm_code code, int64_t now_ms);
void tdm_link_enrolled(tdm_link *link, uint64_t token, tdm_code code, const tdm_span *organisations,
                       size_t count, const char *text, int64_t now_ms);
/* The driver refuses the peer (revoked, replaced, not enrolled...): says so and leaves the session. */
void tdm_link_refuse(tdm_link *link, tdm_refusal reason, const char *text, int64_t now_ms);
/* There may be more to send: the own log grew, a log that is followed grew, the feed grew. */
void tdm_link_more(tdm_link *link, int64_t now_ms);
/* A node that recovers: fetch this origin's log from where it is held, instead of the one fetched so far.
 * Does nothing unless the link is live. */
void tdm_link_fetch(tdm_link *link, const tdm_id *origin, int64_t now_ms);

/* ---- questions
 * ----------------------------------------------------------------------------------------------------------
 */
tdm_link_state tdm_link_state_of(const tdm_link *link);
int64_t tdm_link_deadline(const tdm_link *link); /* when a tick is due; INT64_MAX: never */
typedef struct tdm_link_figures {
    uint64_t events_in_flight; /* sent, not acknowledged */
    uint64_t events_acked;     /* own (offered) log: acknowledged up to, of the current incarnation */
    uint64_t peer_last;        /* hub: how far the peer says its log goes */
    uint64_t peer_held;        /* hub: how far it is held here durably */
    bool fetching;             /* FROM has answered what was fetched last */
    tdm_id fetched_origin;
    uint64_t fetched_incarnation; /* the last one that FROM listed; 0: none */
    uint64_t fetched_last;        /* how far that goes at the other end; 0: nothing of it came yet */
    uint64_t feed_sent;
    uint64_t feed_acked;
    tdm_refusal refusal; /* the last one met or given; 0: none */
    char refusal_text[200];
} tdm_link_figures;
void tdm_link_figures_read(const tdm_link *link, tdm_link_figures *out);

#endif
