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
    bool rotates;             /* the link asks for the keys of rotation.h */
    bool enrolled;            /* ENROLLED arrived: change over once the machine's call has returned */
    struct uplink_held *held; /* what is durable and not folded yet, oldest first */
    int64_t next_tick_ms;     /* monotonic */
    int64_t redial_at_ms;     /* 0: no */
    int64_t redial_wait_ms;
    int64_t last_seen_ms; /* wall clock */
};

extern const tdm_link_ports UPLINK_PORTS; /* context: the uplink */

#endif
