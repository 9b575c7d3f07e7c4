/* SPDX-License-Identifier: MPL-2.0
 *
 * uplink_inner.h: what uplink.c and uplink_ports.c share. Everything here belongs to the loop's thread,
 * `rejoin_fd` excepted.
 */
#ifndef TANDEM_UPLINK_INNER_H
#define TANDEM_UPLINK_INNER_H

#include "uplink.h"

#include "hub_trust.h"
#include "link_ports.h"
#include "link_report.h"
#include "membership.h"

/* A batch of the hub's log that is durable. The machine hears of it once the figures, and with them the keys
 * it states, know it too: acknowledging the hub's log is what lets notices come that are sealed with those
 * keys (LINK.md, Feed). */
typedef struct uplink_held {
    tdm_core_done *done;
    uint64_t position;
    struct uplink_held *next;
} uplink_held;

struct tdm_uplink {
    tdm_log_ports *ports; /* first, for the link */
    tdm_daemon *daemon;
    tdm_queue *done;
    int grew_fd;
    int rejoin_fd; /* written by any thread: a join code waits */
    tdm_hub_trust trust;
    tdm_link_rows *rows;
    tdm_membership membership;
    tdm_dialer *dialer; /* NULL: no hub yet */
    tdm_link *link;
    tdm_note_gate notes;
    uintptr_t generation;     /* of the link: completions for an earlier one are dropped */
    bool denied;              /* the hub did not admit the key, at the last try */
    bool foreign;             /* who answered at the last try has none of the hub's keys */
    bool dials_other;         /* ... and another of them is to be tried */
    uint8_t server[32];       /* the hub's link key that is dialled */
    bool rotates;             /* the link asks for the keys of rotation.h */
    bool enrolled;            /* ENROLLED arrived: change over once the machine's call has returned */
    struct uplink_held *held; /* what is durable and not folded yet, oldest first */
    int64_t next_tick_ms;     /* monotonic */
    int64_t redial_at_ms;     /* 0: no */
    int64_t redial_wait_ms;
    int64_t last_seen_ms; /* wall clock */
};

extern const tdm_link_ports UPLINK_PORTS; /* context: the uplink */

/* ---- uplink_dial.c: by which of its keys the hub is dialled, as a member or by a join code */
tdm_code uplink_dial(tdm_uplink *uplink, tdm_err *err);
tdm_code uplink_redial(tdm_uplink *uplink, tdm_err *err); /* the same, or another key if that is due */
bool uplink_dials_what_is_over(const tdm_uplink *uplink); /* a key that the hub's log has revoked since */
void uplink_answered(tdm_uplink *uplink);    /* by the key that was dialled: it is the known one */
void uplink_not_the_hub(tdm_uplink *uplink); /* the handshake failed: another key may be next */
const char *uplink_strangeness(const tdm_uplink *uplink); /* for people: that, and what mends it */

#endif
